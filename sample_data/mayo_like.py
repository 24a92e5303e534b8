"""52 synthetic patients, 17 ide-cel and 35 cilta-cel, with the published margins of a single-center ferritin and CRP study.

Margins: Table 1 of the Mayo Clinic Arizona cohort (2025). Where that table contradicts itself, the reading taken is said in README.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sample_data import course as c
from sample_data import drawing as d

SEED = 52
COURSE_SEED = {"ide-cel": 87316, "cilta-cel": 2091}  # picked so that medians, follow-up and hazard ratio come out as README.md says
VISITS = (1.0, 3.0, 6.0, 12.0)
N = 52
SIZES = {"ide-cel": 17, "cilta-cel": 35}


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is known before infusion and drives the outcome; one entry per patient."""

    product: npt.NDArray[np.str_]
    inflammation: d.Floats  # standard normal score shared by ferritin, CRP, LDH, marrow, platelets
    ferritin: d.Floats  # µg/L, day 0
    crp: d.Floats  # mg/L, day 0


def baseline() -> Baseline:
    rng = d.seeded(SEED, 1)
    inflammation = d.standardized(rng.standard_normal(N))
    ferritin = d.by_rank(
        d.related(rng, inflammation, 0.85),
        {0: 20, 12: 104, 24: 221, 25: 231, 26: 245, 27: 288, 28: 337, 29: 352, 38: 640, 46: 1630, 51: 5561},
        log=True,
    )
    crp = d.by_rank(d.related(rng, inflammation, 0.6), {0: 0.8, 11: 2.7, 12: 3.1, 29: 7.4, 30: 8.0, 31: 8.6, 44: 24, 51: 90}, log=True)
    return Baseline(np.array(d.shuffled(rng, SIZES)), inflammation, np.round(ferritin), np.round(crp, 1))


def hazard(base: Baseline) -> d.Floats:
    """Relative hazard of progression: 1.3 per doubling of ferritin, about 2.1 above against below 337 µg/L."""
    return np.asarray(1.3 ** np.log2(base.ferritin / 238) * 1.1 ** np.log2(base.crp / 6), dtype=np.float64)


def course_of(product: str, relative: d.Floats, seed: int) -> c.Course:
    """Courses of the patients of one product, given their relative hazards."""
    rng = d.seeded(seed, 2 if product == "ide-cel" else 3)
    n = len(relative)
    if product == "ide-cel":
        follow_up = d.by_rank(rng.random(n), {0: 3.2, 8: 12.1, n - 1: 29.6})
        return c.simulate(rng, relative, follow_up, median=15.5, shape=1.1, after=22.0, other_death=0.004)
    follow_up = d.by_rank(rng.random(n), {0: 4.4, 1: 6.3, 17: 14.7, n - 1: 31.8})
    return c.simulate(rng, relative, follow_up, median=34.0, shape=1.3, after=9.0, other_death=0.003)


def whole_course(base: Baseline) -> c.Course:
    relative = hazard(base)
    progression, death, follow_up = np.empty(N), np.empty(N), np.empty(N)
    for product, seed in COURSE_SEED.items():
        of = base.product == product
        part = course_of(product, relative[of], seed)
        progression[of], death[of], follow_up[of] = part.progression, part.death, part.follow_up
    return c.Course(progression, death, follow_up)


def best_levels(rng: np.random.Generator, base: Baseline, course: c.Course) -> list[int]:
    """Best response by month 6: CR or better in 7 of 17 and 28 of 35; a progression before month 1 leaves PD."""
    score = c.depth(rng, course)
    unseen = np.array([not c.reached(course, i, VISITS) for i in range(N)])
    score[unseen] -= 100
    wanted = {"ide-cel": {"MR": 1, "PR": 2, "VGPR": 2, "CR": 4, "sCR": 3}, "cilta-cel": {"PR": 2, "VGPR": 4, "CR": 9, "sCR": 19}}
    best = [0] * N
    for product, levels in wanted.items():
        of = np.flatnonzero(base.product == product)
        gone = int(unseen[of].sum())
        counts = {"PD": gone, "SD": len(of) - sum(levels.values()) - gone, **levels}
        for i, level in zip(of, d.levels_by_rank(score[of], counts), strict=True):
            best[i] = c.LADDER.index(level)
    return best


def not_evaluable(base: Baseline, rows: list[dict[float, str]]) -> None:
    """Marks month 6 as NE until 6 of 13 ide-cel and 32 of 33 cilta-cel patients respond there, the rates of the paper."""
    for product, responders in (("ide-cel", 6), ("cilta-cel", 32)):
        of = [i for i in np.flatnonzero(base.product == product) if c.LADDER.index(rows[i].get(6.0, "PD")) >= c.RESPONDER]
        for i in of[: len(of) - responders]:
            rows[i][3.0] = rows[i][6.0]  # the best response by month 6 stands
            rows[i][6.0] = "NE"


def mrd_columns(rng: np.random.Generator, base: Baseline, rows: list[dict[float, str]]) -> d.Table:
    """MRD at months 1, 3, 6 in 11 ide-cel and 32 cilta-cel responders: 10 and 32 are negative at least once."""
    table: d.Table = {f"MRD month {m}": [""] * N for m in (1, 3, 6)}
    for product, count in (("ide-cel", 11), ("cilta-cel", 32)):
        depth = np.array([c.LADDER.index(c.best_of(row)) if c.best_of(row) != "NE" else 0 for row in rows]) + 0.1 * rng.random(N)
        tested = d.highest(depth, count, base.product == product)
        never = min(np.flatnonzero(tested), key=lambda i: depth[i]) if product == "ide-cel" else -1
        for i in np.flatnonzero(tested):
            visits = [m for m in (1, 3, 6) if float(m) in rows[i]]
            first = int(rng.integers(0, len(visits)))
            for k, m in enumerate(visits):
                status = "negative" if k >= first and i != never and rows[i][float(m)] != "PD" else "positive"
                table[f"MRD month {m}"][i] = status
            if i != never:
                free = [m for m in visits if rows[i][float(m)] != "PD"]
                table[f"MRD month {free[-1]}"][i] = "negative"
    return table


def toxicity(base: Baseline) -> d.Table:
    """CRS 40 (grade 2 or more: 9), ICANS 7 (3), tocilizumab 34, steroids 15."""
    rng = d.seeded(SEED, 4)
    crs = d.levels_by_rank(d.related(rng, base.inflammation, 0.5), {"0": 12, "1": 31, "2": 8, "3": 1})
    grade = np.array([int(g) for g in crs])
    icans = d.levels_by_rank(grade + rng.standard_normal(N), {"0": 45, "1": 4, "2": 2, "3": 1})
    treated = d.highest(grade + rng.random(N), 34, grade > 0)
    any_toxicity = (grade > 0) | (np.array(icans) != "0")
    steroids = d.highest(grade + np.array([int(g) for g in icans]) + rng.random(N), 15, any_toxicity)
    onset, icans_onset = np.full(N, np.nan), np.full(N, np.nan)
    onset[grade > 0] = np.round(d.by_rank(rng.random(40) - 0.2 * (base.product[grade > 0] == "ide-cel"), {0: 1, 19: 6, 20: 6, 39: 10}))
    icans_onset[np.array(icans) != "0"] = np.round(d.by_rank(rng.random(7), {0: 1, 3: 7, 6: 25}))
    return {
        "CRS grade": crs,
        "CRS onset (day)": d.numbers(onset),
        "ICANS grade": icans,
        "ICANS onset (day)": d.numbers(icans_onset),
        "Tocilizumab": d.yes_no(treated),
        "Steroids": d.yes_no(steroids),
    }


def cytogenetics(rng: np.random.Generator) -> d.Table:
    """33 patients with at least one lesion, the other 19 with none; the flag follows from the lesions."""
    high = d.highest(rng.random(N), 33)
    share = {"del(17p)": 0.33, "t(4;14)": 0.27, "t(14;16)": 0.09, "Gain/amp 1q": 0.6, "del(1p)": 0.12}
    lesions = {name: high & (rng.random(N) < p) for name, p in share.items()}
    lesions["Gain/amp 1q"] |= high & ~np.any(list(lesions.values()), axis=0)
    return {"High-risk cytogenetics": d.yes_no(high), **{name: d.yes_no(has) for name, has in lesions.items()}}


def history(base: Baseline) -> d.Table:
    """Who the patients are and what they had before."""
    rng = d.seeded(SEED, 5)
    isotypes = {"IgG kappa": 21, "IgG lambda": 7, "IgA kappa": 7, "IgA lambda": 7, "Lambda light chain": 5, "Other": 5}
    ill = d.related(rng, base.inflammation, 0.4)
    r_iss = d.levels_by_rank(np.where(d.highest(rng.random(N), 19), 99, ill), {"I": 7, "II": 19, "III": 7, "NA": 19})
    ecog = d.levels_by_rank(np.where(d.highest(rng.random(N), 12), 99, ill), {"0": 13, "1": 21, "2": 5, "3": 1, "NA": 12})
    asct = d.highest(rng.random(N), 41)
    lines = np.round(d.by_rank(rng.random(N), {0: 3, 9: 4, 25: 5, 26: 5, 40: 7, 51: 12}))
    triple = d.highest(lines + 2 * rng.random(N), 42)
    penta = d.highest(lines + 2 * rng.random(N), 18, triple)
    return {
        "Age (years)": d.numbers(np.round(d.by_rank(rng.random(N), {0: 33, 12: 50, 25: 56, 26: 56, 39: 64, 51: 76}))),
        "Sex": d.shuffled(rng, {"male": 34, "female": 18}),
        "Myeloma type": d.shuffled(rng, isotypes),
        "R-ISS": r_iss,
        "ECOG": ecog,
        **cytogenetics(rng),
        "Extramedullary disease": d.yes_no(d.highest(ill + rng.standard_normal(N), 10)),
        "Prior lines of therapy": d.numbers(lines),
        "Prior ASCT": d.yes_no(asct),
        "Prior double ASCT": d.yes_no(d.highest(rng.random(N), 8, asct)),
        "Prior BCMA therapy": d.yes_no(d.highest(rng.random(N), 4)),
        "Triple-class refractory": d.yes_no(triple),
        "Penta-class refractory": d.yes_no(penta),
        "Bridging therapy": d.yes_no(d.highest(rng.random(N), 28)),
        "Diagnosis to infusion (months)": d.numbers(np.round(d.by_rank(rng.random(N), {0: 14, 25: 74, 26: 74, 51: 213}, log=True))),
        "Apheresis to infusion (days)": d.numbers(np.round(d.by_rank(rng.random(N), {0: 39, 25: 54, 26: 54, 51: 239}, log=True))),
    }


def laboratory(base: Baseline) -> d.Table:
    """Marrow and laboratory values before lymphodepletion and on day 0, with the gaps that charts have."""
    rng = d.seeded(SEED, 6)
    z = base.inflammation
    marrow = np.full(N, np.nan)
    known = d.highest(rng.random(N), 35)
    marrow[known] = np.round(d.by_rank(d.related(rng, z[known], 0.4), {0: 0, 8: 10, 9: 11, 17: 15, 26: 40, 34: 87}))
    before = np.round(base.ferritin * np.exp(0.3 * rng.standard_normal(N) - 0.1))
    crp_before = np.round(base.crp * np.exp(0.7 * rng.standard_normal(N) - 0.1), 1)
    return {
        "Bone marrow plasma cells (%)": d.numbers(marrow),
        "Ferritin pre-LD (µg/L)": d.blanked(rng, d.numbers(before), 6),
        "Ferritin day 0 (µg/L)": d.numbers(base.ferritin),
        "CRP pre-LD (mg/L)": d.blanked(rng, d.below_limit(crp_before, 3, 1), 7),
        "CRP day 0 (mg/L)": d.below_limit(base.crp, 3, 1),
        "ALC pre-LD (10^9/L)": d.numbers(0.75 * np.exp(0.55 * rng.standard_normal(N)), 2),
        "ANC pre-LD (10^9/L)": d.numbers(2.7 * np.exp(0.45 * rng.standard_normal(N)), 2),
        "AMC pre-LD (10^9/L)": d.numbers(0.42 * np.exp(0.45 * rng.standard_normal(N)), 2),
        "Platelets pre-LD (10^9/L)": d.numbers(140 * np.exp(0.5 * d.related(rng, -z, 0.4))),
        "Hemoglobin pre-LD (g/dL)": d.numbers(10.3 + 1.5 * d.related(rng, -z, 0.4), 1),
        "LDH pre-LD (U/L)": d.blanked(rng, d.numbers(205 * np.exp(0.35 * d.related(rng, z, 0.4))), 3),
        "Creatinine pre-LD (mg/dL)": d.numbers(0.95 * np.exp(0.3 * rng.standard_normal(N)), 2),
        "Albumin pre-LD (g/dL)": d.numbers(3.8 + 0.4 * d.related(rng, -z, 0.4), 1),
        "Beta-2 microglobulin (mg/L)": d.blanked(rng, d.numbers(3.1 * np.exp(0.4 * d.related(rng, z, 0.4)), 1), 11),
    }


def outcome(base: Baseline) -> d.Table:
    rng = d.seeded(SEED, 7)
    course = whole_course(base)
    rows = c.responses(rng, course, best_levels(rng, base, course), VISITS, by=6.0)
    not_evaluable(base, rows)
    return {
        **{f"Response month {m:g}": [row.get(m, "") for row in rows] for m in VISITS},
        "Best response": [c.best_of(row) for row in rows],
        **mrd_columns(rng, base, rows),
        **c.survival_columns(course),
        **c.duration_columns(course, rows),
    }


def build() -> d.Table:
    """One row per patient."""
    base = baseline()
    return {
        "data_source": ["SYNTHETIC"] * N,
        "Patient ID": [f"SYN-A{i + 1:03d}" for i in range(N)],
        "Product": base.product.tolist(),
        **history(base),
        **laboratory(base),
        **toxicity(base),
        **outcome(base),
    }
