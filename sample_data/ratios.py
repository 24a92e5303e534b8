"""197 synthetic patients with blood counts before lymphodepletion, for NLR, MLR and PLR.

Shape: abstract of Xu et al., Front Immunol 2026 (10.3389/fimmu.2026.1752235): cutoffs 2.55, 0.35 and 145; median PFS falls with the number
of high ratios.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_data import course as c
from sample_data import drawing as d

SEED = 197
COURSE_SEED = 6470  # picked so that the medians by number of high ratios come out as README.md says
N = 197
CUTOFFS = {"NLR": 2.55, "MLR": 0.35, "PLR": 145.0}
MEDIAN_PFS = (19.0, 13.5, 5.4)  # months, with 0, 1-2, 3 high ratios


@dataclass(frozen=True, slots=True)
class Counts:
    """Blood counts in 10^9/L before lymphodepletion, one entry per patient."""

    anc: d.Floats
    amc: d.Floats
    alc: d.Floats
    platelets: d.Floats

    def high_ratios(self) -> d.Floats:
        """How many of NLR, MLR and PLR are above their cutoff."""
        ratios = (self.anc / self.alc, self.amc / self.alc, self.platelets / self.alc)
        above = np.array([r > cutoff for r, cutoff in zip(ratios, CUTOFFS.values(), strict=True)])
        return np.asarray(above.sum(axis=0), dtype=np.float64)


def counts() -> Counts:
    """The three ratios share the lymphocyte count, so they rise together."""
    rng = d.seeded(SEED, 1)
    alc = 1.2 * np.exp(0.45 * rng.standard_normal(N))
    share = 0.3 * np.log(alc / 1.2)
    anc = 2.45 * np.exp(share + 0.42 * rng.standard_normal(N))
    amc = 0.34 * np.exp(share + 0.42 * rng.standard_normal(N))
    platelets = 142 * np.exp(share + 0.42 * rng.standard_normal(N))
    return Counts(np.round(anc, 2), np.round(amc, 2), np.round(alc, 2), np.round(platelets))


def risk_group(high: d.Floats) -> d.Floats:
    """0, 1, 2 for 0, 1-2, 3 high ratios."""
    return np.asarray(np.where(high == 0, 0.0, np.where(high < 3, 1.0, 2.0)), dtype=np.float64)


def course_of(group: d.Floats, seed: int) -> c.Course:
    rng = d.seeded(seed, 2)
    shape = 1.1
    hazard = (MEDIAN_PFS[0] / np.array(MEDIAN_PFS)[group.astype(int)]) ** shape
    follow_up = np.round(rng.uniform(4.0, 48.0, N), 1)
    return c.simulate(rng, hazard, follow_up, median=MEDIAN_PFS[0], shape=shape, after=16.0, other_death=0.003)


def best_levels(rng: np.random.Generator, course: c.Course, group: d.Floats) -> list[int]:
    score = c.depth(rng, course, noise=0.8) - 0.5 * group
    shares = {"PD": 3, "SD": 13, "MR": 4, "PR": 28, "VGPR": 33, "CR": 36, "sCR": 80}
    return [c.LADDER.index(level) for level in d.levels_by_rank(score, shares)]


def clinical() -> d.Table:
    rng = d.seeded(SEED, 3)
    products = {"BCMA CAR-T (humanized)": 88, "BCMA CAR-T (murine)": 37, "BCMA + CD19 CAR-T": 52, "BCMA/GPRC5D CAR-T": 20}
    return {
        "Product": d.shuffled(rng, products),
        "Age (years)": d.numbers(np.round(d.by_rank(rng.random(N), {0: 31, 98: 59, 196: 78}))),
        "Sex": d.shuffled(rng, {"male": 108, "female": 89}),
        "R-ISS": d.shuffled(rng, {"I": 28, "II": 99, "III": 55, "NA": 15}),
        "High-risk cytogenetics": d.blanked(rng, d.yes_no(rng.random(N) < 0.42), 12),
        "Extramedullary disease": d.yes_no(rng.random(N) < 0.28),
        "Prior lines of therapy": d.numbers(np.round(d.by_rank(rng.random(N), {0: 2, 98: 4, 196: 11}))),
        "Prior ASCT": d.yes_no(rng.random(N) < 0.27),
        "Bridging therapy": d.yes_no(rng.random(N) < 0.35),
    }


def inflammation(group: d.Floats) -> d.Table:
    """CRS, peaks of IL-6 and ferritin, CAR-T peak: more inflammation and less expansion with more high ratios."""
    rng = d.seeded(SEED, 4)
    severity = d.standardized(group) * 0.35 + rng.standard_normal(N)
    crs = d.levels_by_rank(severity, {"0": 16, "1": 98, "2": 56, "3": 21, "4": 6})
    grade = np.array([int(g) for g in crs])
    il6 = np.round(60 * np.exp(0.9 * grade + 0.25 * group + 0.7 * rng.standard_normal(N)))
    ferritin = np.round(650 * np.exp(0.5 * grade + 0.3 * group + 0.7 * rng.standard_normal(N)))
    return {
        "CRS grade": crs,
        "CRS onset (day)": ["" if g == 0 else str(int(x)) for g, x in zip(grade, rng.integers(1, 11, N), strict=True)],
        "ICANS grade": d.levels_by_rank(severity + rng.standard_normal(N), {"0": 181, "1": 11, "2": 4, "3": 1}),
        "Tocilizumab": d.yes_no((grade >= 2) & (rng.random(N) < 0.7)),
        "Steroids": d.yes_no((grade >= 2) & (rng.random(N) < 0.5)),
        "Peak IL-6 (pg/mL)": [">5000" if x > 5000 else f"{x:.0f}" for x in il6],
        "Peak ferritin (µg/L)": [">40000" if x > 40000 else f"{x:.0f}" for x in ferritin],
        "Cmax (copies/µg)": d.numbers(np.round(8e4 * np.exp(-0.4 * group + 0.9 * rng.standard_normal(N)), -1)),
    }


def build() -> d.Table:
    """One row per patient."""
    blood = counts()
    group = risk_group(blood.high_ratios())
    rng = d.seeded(SEED, 5)
    course = course_of(group, COURSE_SEED)
    rows = c.responses(rng, course, best_levels(rng, course, group), (1.0, 3.0, 6.0), by=6.0)
    before = np.round(330 * np.exp(0.25 * group + rng.standard_normal(N)))
    crp = np.round(4.5 * np.exp(0.25 * group + rng.standard_normal(N)), 1)
    return {
        "data_source": ["SYNTHETIC"] * N,
        "Patient ID": [f"SYN-C{i + 1:03d}" for i in range(N)],
        **clinical(),
        "ANC pre-LD (10^9/L)": d.numbers(blood.anc, 2),
        "AMC pre-LD (10^9/L)": d.numbers(blood.amc, 2),
        "ALC pre-LD (10^9/L)": d.numbers(blood.alc, 2),
        "Platelets pre-LD (10^9/L)": d.numbers(blood.platelets),
        "Hemoglobin pre-LD (g/L)": d.numbers(98 - 4 * group + 15 * rng.standard_normal(N)),
        "Ferritin pre-LD (µg/L)": d.blanked(rng, d.numbers(before), 9),
        "CRP pre-LD (mg/L)": d.blanked(rng, d.below_limit(crp, 3, 1), 5),
        **inflammation(group),
        **{f"Response month {m:g}": [row.get(m, "") for row in rows] for m in (1.0, 3.0, 6.0)},
        "Best response": [c.best_of(row) for row in rows],
        **c.survival_columns(course),
        **c.duration_columns(course, rows),
    }
