"""1,000 synthetic patients of 8 centers with dates: infusion, progression, death, last contact.

Effects are moderate and of the size that registries report: cilta-cel against ide-cel HR 0.5 for PFS, extramedullary disease 1.6,
high-risk cytogenetics 1.3, penta-class refractory 1.25, ferritin 1.3 per doubling (about 2.1 above against below 400 µg/L).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from sample_data import course as c
from sample_data import drawing as d

SEED = 1000
N = 1000
CENTERS = {
    "Center 1": 214,
    "Center 2": 176,
    "Center 3": 148,
    "Center 4": 127,
    "Center 5": 111,
    "Center 6": 96,
    "Center 7": 74,
    "Center 8": 54,
}
FERRITIN_SHIFT = (0.0, -0.2, 0.1, 0.25, -0.1, 0.0, 0.35, 0.8)  # log ferritin, center 1 to 8: other referral, other assay
START = {"ide-cel": date(2021, 4, 12), "cilta-cel": date(2022, 4, 4), "eque-cel": date(2023, 7, 3)}
LOCK = date(2025, 6, 30)  # nobody is followed beyond
VISITS = (1.0, 3.0, 6.0, 12.0)
MEDIAN_PFS = {"ide-cel": 14.5, "cilta-cel": 36.0, "eque-cel": 33.0}
BEST = {  # share of best responses, worst to best
    "ide-cel": {"SD": 0.20, "MR": 0.03, "PR": 0.15, "VGPR": 0.22, "CR": 0.14, "sCR": 0.26},
    "cilta-cel": {"SD": 0.07, "MR": 0.02, "PR": 0.08, "VGPR": 0.13, "CR": 0.16, "sCR": 0.54},
    "eque-cel": {"SD": 0.05, "MR": 0.01, "PR": 0.08, "VGPR": 0.13, "CR": 0.15, "sCR": 0.58},
}


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is known before infusion and drives the outcome; one entry per patient."""

    center: list[str]
    product: npt.NDArray[np.str_]
    burden: d.Floats  # standard normal score
    ferritin: d.Floats  # µg/L before lymphodepletion
    emd: d.Flags
    high_risk: d.Flags
    refractory: npt.NDArray[np.str_]  # "none", "triple", "penta"
    infusion: list[date]


def baseline() -> Baseline:
    rng = d.seeded(SEED, 1)
    center = d.shuffled(rng, CENTERS)
    number = np.array([list(CENTERS).index(x) for x in center])
    product = np.where(number == 7, d.shuffled(rng, {"ide-cel": 0, "eque-cel": N}), d.shuffled(rng, {"ide-cel": 560, "cilta-cel": 440}))
    product = np.where((number == 6) & (rng.random(N) < 0.6), "eque-cel", product)
    burden = d.standardized(rng.standard_normal(N))
    emd = d.highest(d.related(rng, burden, 0.4), 210)
    high_risk = d.highest(d.related(rng, burden, 0.15), 360)
    refractory = np.array(d.levels_by_rank(d.related(rng, burden, 0.3), {"none": 300, "triple": 420, "penta": 280}))
    ferritin = 235 * np.exp(1.2 * d.related(rng, burden, 0.45) + 0.25 * emd + np.array(FERRITIN_SHIFT)[number])
    days = [int(rng.integers(0, (LOCK - START[p]).days - 45)) for p in product]
    infusion = [START[p] + timedelta(days=x) for p, x in zip(product, days, strict=True)]
    return Baseline(center, product, burden, np.round(np.clip(ferritin, 8, 25_000)), emd, high_risk, refractory, infusion)


def hazard(base: Baseline) -> d.Floats:
    """Relative hazard of progression within a product."""
    ferritin = 1.3 ** np.log2(base.ferritin / 235)
    return np.asarray(ferritin * 1.6**base.emd * 1.3**base.high_risk * 1.25 ** (base.refractory == "penta"), dtype=np.float64)


def whole_course(base: Baseline) -> c.Course:
    rng = d.seeded(SEED, 2)
    relative = hazard(base)
    possible = np.array([(LOCK - x).days / c.DAYS_PER_MONTH for x in base.infusion])
    follow_up = np.maximum(possible - rng.exponential(1.5, N), np.minimum(possible, 0.5))
    follow_up = np.where(rng.random(N) < 0.08, np.maximum(follow_up * rng.random(N), 0.5), follow_up)  # lost to follow-up
    progression, death = np.empty(N), np.empty(N)
    for product, median in MEDIAN_PFS.items():
        of = base.product == product
        part = c.simulate(rng, relative[of], follow_up[of], median=median * 1.2, shape=1.05, after=15.0, other_death=0.0045)
        progression[of], death[of] = part.progression, part.death
    return c.Course(progression, death, np.floor(follow_up * 10) / 10)


def best_levels(rng: np.random.Generator, base: Baseline, course: c.Course) -> list[int]:
    score = c.depth(rng, course, noise=0.8)
    best = [0] * N
    for product, shares in BEST.items():
        of = np.flatnonzero(base.product == product)
        counts = {level: round(share * len(of)) for level, share in shares.items()}
        counts["sCR"] += len(of) - sum(counts.values())
        for i, level in zip(of, d.levels_by_rank(score[of], counts), strict=True):
            best[i] = c.LADDER.index(level)
    return best


def dates(base: Baseline, course: c.Course) -> d.Table:
    """The four dates. Last contact is the day of death in who died; a progression before the last contact has its own date."""

    def on(i: int, month: float) -> str:
        return (base.infusion[i] + timedelta(days=round(month * c.DAYS_PER_MONTH))).isoformat()

    return {
        "Infusion date": [x.isoformat() for x in base.infusion],
        "Progression date": [on(i, course.progression[i]) if seen else "" for i, seen in enumerate(course.progressed)],
        "Death date": [on(i, course.death[i]) if died else "" for i, died in enumerate(course.os_event)],
        "Last contact date": [on(i, t) for i, t in enumerate(course.os_time)],
    }


def disease(base: Baseline) -> d.Table:
    """Who the patients are, their disease and what they had before. Refractory implies exposed; exposed does not imply refractory."""
    rng = d.seeded(SEED, 3)
    triple = base.refractory != "none"
    penta = base.refractory == "penta"
    triple_exposed = triple | (rng.random(N) < 0.6)
    penta_exposed = penta | (triple_exposed & (rng.random(N) < 0.35))
    lesions = {name: base.high_risk & (rng.random(N) < p) for name, p in (("del(17p)", 0.55), ("t(4;14)", 0.35), ("t(14;16)", 0.1))}
    lesions["del(17p)"] |= base.high_risk & ~np.any(list(lesions.values()), axis=0)
    no_fish = rng.random(N) < 0.07
    fish = {"High-risk cytogenetics": base.high_risk, **lesions, "Gain/amp 1q": rng.random(N) < 0.38}
    return {
        "Age (years)": d.numbers(np.clip(np.round(64 + 9 * rng.standard_normal(N)), 30, 86)),
        "Sex": d.shuffled(rng, {"male": 568, "female": 432}),
        "R-ISS": d.levels_by_rank(
            np.where(d.highest(rng.random(N), 190), 99, d.related(rng, base.burden, 0.5)), {"I": 190, "II": 480, "III": 140, "NA": 190}
        ),
        "ECOG": d.blanked(rng, d.levels_by_rank(d.related(rng, base.burden, 0.3), {"0": 360, "1": 500, "2": 120, "3": 20}), 60),
        **{name: ["" if gone else cell for gone, cell in zip(no_fish, d.yes_no(has), strict=True)] for name, has in fish.items()},
        "Extramedullary disease": d.yes_no(base.emd),
        "Triple-class exposed": d.yes_no(triple_exposed),
        "Penta-class exposed": d.yes_no(penta_exposed),
        "Triple-class refractory": d.yes_no(triple),
        "Penta-class refractory": d.yes_no(penta),
        "Prior lines of therapy": d.numbers(np.clip(np.round(5.2 + 1.2 * triple + 2.0 * rng.standard_normal(N)), 2, 17)),
        "Prior ASCT": d.yes_no(rng.random(N) < 0.8),
        "Prior BCMA therapy": d.yes_no(rng.random(N) < 0.11),
        "Bridging therapy": d.yes_no(d.related(rng, base.burden, 0.4) > -0.6),
    }


def laboratory(base: Baseline) -> d.Table:
    """Laboratory values with the gaps of a registry: 5 to 25 in 100 are missing."""
    rng = d.seeded(SEED, 4)
    z = base.burden
    crp = 6.3 * np.exp(d.related(rng, z, 0.4))
    day0 = base.ferritin * np.exp(0.35 * rng.standard_normal(N) - 0.05)
    marrow = np.clip(np.round(100 / (1 + np.exp(1.3 - 1.5 * d.related(rng, z, 0.7)))), 0, 98)
    values = {
        "Bone marrow plasma cells (%)": (d.numbers(marrow), 250),
        "Ferritin pre-LD (ng/mL)": (d.numbers(base.ferritin), 60),
        "Ferritin day 0 (ng/mL)": (d.numbers(np.round(day0)), 110),
        "CRP pre-LD (mg/L)": (d.below_limit(np.round(crp, 1), 3, 1), 80),
        "ALC pre-LD (10^9/L)": (d.numbers(0.8 * np.exp(0.55 * rng.standard_normal(N)), 2), 50),
        "ANC pre-LD (10^9/L)": (d.numbers(2.6 * np.exp(0.5 * rng.standard_normal(N)), 2), 50),
        "AMC pre-LD (10^9/L)": (d.numbers(0.42 * np.exp(0.5 * rng.standard_normal(N)), 2), 70),
        "Platelets pre-LD (10^9/L)": (d.numbers(135 * np.exp(0.5 * d.related(rng, -z, 0.4))), 50),
        "Hemoglobin pre-LD (g/dL)": (d.numbers(10.2 + 1.6 * d.related(rng, -z, 0.4), 1), 50),
        "LDH pre-LD (U/L)": (d.numbers(210 * np.exp(0.35 * d.related(rng, z, 0.45))), 90),
        "Creatinine pre-LD (mg/dL)": (d.numbers(0.98 * np.exp(0.35 * rng.standard_normal(N)), 2), 50),
        "Beta-2 microglobulin (mg/L)": (d.numbers(3.2 * np.exp(0.45 * d.related(rng, z, 0.5)), 1), 240),
    }
    return {header: d.blanked(rng, cells, missing) for header, (cells, missing) in values.items()}


def toxicity(base: Baseline) -> d.Table:
    rng = d.seeded(SEED, 5)
    severity = d.standardized(np.log(base.ferritin)) * 0.35 + rng.standard_normal(N)
    crs = d.levels_by_rank(severity, {"0": 190, "1": 540, "2": 225, "3": 33, "4": 12})
    grade = np.array([int(g) for g in crs])
    icans = d.levels_by_rank(severity + 1.2 * rng.standard_normal(N), {"0": 800, "1": 110, "2": 50, "3": 30, "4": 10})
    sooner = (base.product != "cilta-cel").astype(int)
    onset = np.maximum(rng.poisson(6, N) - 5 * sooner, 0) + 1
    return {
        "CRS grade": crs,
        "CRS onset (day)": ["" if g == 0 else str(int(x)) for g, x in zip(grade, onset, strict=True)],
        "ICANS grade": icans,
        "Tocilizumab": d.yes_no((grade >= 1) & (rng.random(N) < np.where(grade >= 2, 0.92, 0.55))),
        "Steroids": d.yes_no(((grade >= 2) | (np.array(icans) != "0")) & (rng.random(N) < 0.7)),
    }


def mrd(rng: np.random.Generator, rows: list[dict[float, str]]) -> d.Table:
    """MRD at months 3 and 12 in part of the responders; deeper responses are negative more often."""
    table: d.Table = {}
    chance = {"PR": 0.35, "VGPR": 0.7, "CR": 0.88, "sCR": 0.93}
    for m in (3.0, 12.0):
        tested = rng.random(N) < 0.55
        negative = rng.random(N)
        table[f"MRD month {m:g}"] = [
            "" if row.get(m) not in chance else "not done" if not t else "negative" if x < chance[row[m]] else "positive"
            for row, t, x in zip(rows, tested, negative, strict=True)
        ]
    return table


def build() -> d.Table:
    """One row per patient."""
    base = baseline()
    course = whole_course(base)
    rng = d.seeded(SEED, 6)
    rows = c.responses(rng, course, best_levels(rng, base, course), VISITS, by=6.0)
    return {
        "data_source": ["SYNTHETIC"] * N,
        "Patient ID": [f"SYN-D{i + 1:04d}" for i in range(N)],
        "Center": base.center,
        "Product": base.product.tolist(),
        **disease(base),
        **laboratory(base),
        **toxicity(base),
        **{f"Response month {m:g}": [row.get(m, "") for row in rows] for m in VISITS},
        "Best response": [c.best_of(row) for row in rows],
        **mrd(rng, rows),
        **dates(base, course),
    }
