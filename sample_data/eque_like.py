"""56 synthetic patients after eque-cel with long follow-up: MRD over time, CAR transgene kinetics, persistence.

Counts follow the long-term eque-cel cohort of An et al., J Transl Med 2025 (10.1186/s12967-025-06543-x).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_data import course as c
from sample_data import drawing as d

SEED = 56
COURSE_SEED = 29970  # picked so that events, medians, follow-up and hazard ratios come out as README.md says
N = 56
VISITS = (0.5, 1.0, 2.0, 3.0, 6.0, 9.0, 12.0, 18.0, 24.0, 30.0, 36.0, 42.0, 48.0, 54.0, 60.0, 66.0)
SAMPLE_DAYS = (
    0,
    3,
    5,
    7,
    10,
    12,
    14,
    17,
    21,
    28,
    45,
    60,
    90,
    120,
    180,
    270,
    365,
    455,
    545,
    635,
    730,
    910,
    1095,
    1280,
    1460,
    1640,
    1825,
    2010,
)
LLOQ = 50.0  # CAR transgene copies per µg DNA


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is known before infusion and drives the outcome; one entry per patient."""

    burden: d.Floats  # standard normal score of tumor burden
    triple: d.Flags  # triple-class exposed
    high_risk: d.Flags


@dataclass(frozen=True, slots=True)
class Mrd:
    """State of MRD: "sustained", "lost" or "never" negative; months from the first negative result to loss or last test."""

    state: list[str]
    loss: d.Floats  # month from infusion, infinite when not lost


def baseline() -> Baseline:
    rng = d.seeded(SEED, 1)
    burden = d.standardized(rng.standard_normal(N))
    return Baseline(burden, d.highest(rng.random(N), 10), d.highest(rng.random(N) + 0.1 * burden, 21))


def course_of(base: Baseline, seed: int) -> c.Course:
    rng = d.seeded(seed, 2)
    hazard = 2.6**base.triple * 2.0**base.high_risk * 1.1**base.burden
    follow_up = d.by_rank(rng.random(N), {0: 12.2, 14: 27, 27: 39.4, 28: 39.8, 42: 52, 55: 68.7})
    return c.simulate(rng, hazard, follow_up, median=52.0, shape=1.15, after=17.0, other_death=0.0025)


def mrd_of(rng: np.random.Generator, course: c.Course) -> Mrd:
    """29 lose MRD negativity, most before progression; the two earliest progressions were never negative; the rest keep it."""
    state = ["sustained"] * N
    loss = np.full(N, np.inf)
    in_order = np.argsort(np.where(course.progressed, course.progression, np.inf), kind="stable")
    for i in in_order[:2]:
        state[i] = "never"
    losers = [i for i in np.flatnonzero(course.progressed) if state[i] != "never"]
    well = np.flatnonzero(~course.pfs_event & (course.pfs_time > 24))
    losers += rng.choice(well, size=29 - len(losers), replace=False).tolist()
    for i in losers:
        state[i] = "lost"
        visits = [m for m in VISITS if m < course.pfs_time[i]]
        share = float(rng.uniform(0.55, 1.0))
        loss[i] = max(course.pfs_time[i] * share, 0.6) if course.progressed[i] else visits[-2]
    return Mrd(state, loss)


def best_levels(rng: np.random.Generator, course: c.Course, mrd: Mrd) -> list[int]:
    """CR or sCR in 45, PR or better in 54; the two who never became MRD negative did not respond."""
    score = c.depth(rng, course, noise=0.7)
    score[np.array(mrd.state) == "never"] = -99
    counts = {"SD": 2, "PR": 4, "VGPR": 5, "CR": 8, "sCR": 37}
    return [c.LADDER.index(level) for level in d.levels_by_rank(score, counts)]


def visit_rows(rng: np.random.Generator, course: c.Course, mrd: Mrd, rows: list[dict[float, str]]) -> list[dict[float, tuple[str, str]]]:
    """Response and MRD per visit and patient, with one extra visit where a progression is found; MRD is not always repeated after it."""
    out: list[dict[float, tuple[str, str]]] = []
    for i, row in enumerate(rows):
        visits: dict[float, tuple[str, str]] = {}
        progression = float(course.progression[i])
        first = float(rng.choice([0.5, 0.5, 0.5, 1.0])) if course.pfs_time[i] > 1.0 else 0.5
        until = max(float(mrd.loss[i]), first + 0.01)
        seen = {m: r for m, r in row.items() if m < min(progression + 7, course.os_time[i])}
        if course.progressed[i]:
            seen[progression] = "PD"
        for m in sorted(seen):
            negative = mrd.state[i] != "never" and first <= m < until and m < progression
            tested = m <= progression or rng.random() < 0.3
            visits[m] = (seen[m], ("negative" if negative else "positive") if tested else "not done")
        out.append(visits)
    return out


def mrd_months(visits: list[dict[float, tuple[str, str]]]) -> d.Floats:
    """From the first negative result to the first positive one after it, or to the last negative one; 0 when never negative."""
    months = np.zeros(N)
    for i, row in enumerate(visits):
        negative = [m for m in sorted(row) if row[m][1] == "negative"]
        if negative:
            lost = [m for m in sorted(row) if m > negative[0] and row[m][1] == "positive"]
            months[i] = (lost[0] if lost else negative[-1]) - negative[0]
    return months


def persistence(rng: np.random.Generator, course: c.Course, ada: d.Flags) -> d.Floats:
    """Months with detectable CAR transgene: 43, 22, 14 and 4 patients for 6, 12, 24 and 36 months or more; longer in who stays well.

    The longest goes first, to the best score among those who lived and were followed that long.
    """
    values = d.by_rank(
        np.arange(N, dtype=np.float64),
        {0: 1.0, 12: 5.7, 13: 6.0, 27: 8.8, 28: 9.2, 33: 11.6, 34: 12.3, 41: 21.5, 42: 24.1, 51: 34.8, 52: 36.2, 55: 60.0},
        log=True,
    )
    score = np.log(np.minimum(course.pfs_time, 60)) + 0.55 * rng.standard_normal(N) - 0.9 * ada
    out = np.full(N, np.nan)
    for value in values[::-1]:
        open_for = np.isnan(out) & (course.os_time >= value)
        if not open_for.any():
            raise ValueError(f"nobody was followed for the {value:.1f} months of persistence that one patient must have")
        out[int(np.argmax(np.where(open_for, score, -np.inf)))] = value
    return np.round(out, 1)


def transgene(rng: np.random.Generator, peak: float, peak_day: int, last_day: int, end_day: float) -> dict[int, float]:
    """CAR transgene copies/µg by sample day: a rise to the peak, a steep, then slow fall until ``last_day``, below the limit after."""
    days = sorted({x for x in SAMPLE_DAYS if x <= min(end_day, last_day + 400)} | {peak_day, last_day})
    out: dict[int, float] = {}
    for day in days:
        noise = float(rng.normal(0, 0.06))
        if day == peak_day:
            value = np.log10(peak)
        elif day < peak_day:
            value = 1.3 + (np.log10(peak) - 1.3) * (day / peak_day) ** 1.2 - abs(noise) - 0.02
        else:
            value = (
                np.log10(peak)
                - (np.log10(peak) - np.log10(60)) * ((day - peak_day) / (last_day - peak_day)) ** 0.45
                - abs(noise) * (day < last_day)
            )
        level = 0.0 if day == 0 or day > last_day else float(np.round(10**value))
        out[day] = max(level, 52.0) if peak_day < day <= last_day else level
    return out


def inflammation(rng: np.random.Generator, grade: int, onset: float, ferritin: float, day: int) -> tuple[float, float, float]:
    """Ferritin (µg/L), CRP (mg/L) and IL-6 (pg/mL) on one day: a wave after CRS onset whose height follows the CRS grade."""
    centre = onset + 2.5
    wave = grade * np.exp(-0.5 * ((day - centre) / 3.0) ** 2)
    slow = grade * np.exp(-0.5 * ((day - centre - 2) / 5.0) ** 2)
    noise = np.exp(0.25 * rng.standard_normal(3))
    return (
        float(np.round(ferritin * np.exp(0.75 * slow) * noise[0])),
        float(np.round(3.0 * np.exp(1.2 * wave) * noise[1], 1)),
        float(np.round(4.0 * np.exp(2.0 * wave) * noise[2], 1)),
    )


def area(samples: dict[int, float], until: int) -> float:
    """Trapezoids over the samples up to a day; below the limit counts as 0."""
    days = np.array([x for x in sorted(samples) if x <= until], dtype=np.float64)
    levels = np.array([samples[int(x)] if samples[int(x)] >= LLOQ else 0.0 for x in days])
    return float(np.round(np.trapezoid(levels, days)))


def demography(base: Baseline) -> d.Table:
    """Who the patients are and what they had before."""
    rng = d.seeded(SEED, 3)
    penta = d.highest(rng.random(N), 4, base.triple)
    r_iss = d.levels_by_rank(
        np.where(d.highest(rng.random(N), 2), 99, base.burden + rng.standard_normal(N)), {"I": 14, "II": 31, "III": 9, "NA": 2}
    )
    lesions = {name: base.high_risk & (rng.random(N) < p) for name, p in (("del(17p)", 0.45), ("t(4;14)", 0.4), ("t(14;16)", 0.1))}
    lesions["del(17p)"] |= base.high_risk & ~np.any(list(lesions.values()), axis=0)
    unknown = np.flatnonzero(~base.high_risk)[0]
    fish = {
        "High-risk cytogenetics": d.yes_no(base.high_risk),
        **{k: d.yes_no(v) for k, v in lesions.items()},
        "Gain/amp 1q": d.yes_no(rng.random(N) < 0.45),
    }
    for cells in fish.values():
        cells[unknown] = ""
    return {
        "Age (years)": d.numbers(np.round(d.by_rank(rng.random(N), {0: 34, 14: 51, 27: 56, 28: 56, 41: 61, 55: 72}))),
        "Sex": d.shuffled(rng, {"male": 28, "female": 28}),
        "Myeloma type": d.shuffled(rng, {"IgG": 28, "IgA": 8, "IgD": 2, "Light chain": 17, "Non-secretory": 1}),
        "R-ISS": r_iss,
        "ECOG": d.shuffled(rng, {"0": 1, "1": 53, "2": 2}),
        **fish,
        "Extramedullary disease": d.yes_no(d.highest(base.burden + 2 * rng.standard_normal(N), 10)),
        "Prior lines of therapy": d.numbers(np.round(d.by_rank(rng.random(N) + base.triple, {0: 3, 13: 4, 27: 5, 28: 5, 41: 6, 55: 13}))),
        "Prior ASCT": d.yes_no(d.highest(rng.random(N), 16)),
        "Prior BCMA therapy": d.yes_no(d.highest(rng.random(N), 6)),
        "Triple-class exposed": d.yes_no(base.triple),
        "Penta-class exposed": d.yes_no(penta),
        "Bridging therapy": d.yes_no(d.highest(base.burden + rng.standard_normal(N), 18)),
        "CAR-T dose (10^6/kg)": d.shuffled(rng, {"1": 48, "3": 6, "6": 2}),
    }


def laboratory(base: Baseline, ferritin: d.Floats) -> d.Table:
    rng = d.seeded(SEED, 4)
    marrow = d.by_rank(base.burden, {0: 0, 13: 16, 14: 17, 24: 49, 25: 50, 27: 60, 28: 60, 41: 80, 42: 80, 55: 97})
    crp = np.round(5.0 * np.exp(1.0 * d.related(rng, base.burden, 0.3)), 1)
    return {
        "Bone marrow plasma cells (%)": d.numbers(np.round(marrow)),
        "Soluble BCMA (ng/mL)": d.blanked(rng, d.numbers(260 * np.exp(0.8 * d.related(rng, base.burden, 0.7))), 5),
        "Ferritin pre-LD (µg/L)": d.numbers(ferritin),
        "CRP pre-LD (mg/L)": d.below_limit(crp, 3, 1),
        "ALC pre-LD (10^9/L)": d.numbers(0.9 * np.exp(0.5 * rng.standard_normal(N)), 2),
        "Platelets pre-LD (10^9/L)": d.numbers(130 * np.exp(0.5 * d.related(rng, -base.burden, 0.4))),
        "Hemoglobin pre-LD (g/L)": d.numbers(98 + 17 * d.related(rng, -base.burden, 0.4)),
        "LDH pre-LD (U/L)": d.numbers(200 * np.exp(0.35 * d.related(rng, base.burden, 0.4))),
        "Albumin pre-LD (g/L)": d.numbers(37 + 5 * d.related(rng, -base.burden, 0.4)),
        "Beta-2 microglobulin (mg/L)": d.blanked(rng, d.numbers(3.6 * np.exp(0.45 * d.related(rng, base.burden, 0.5)), 1), 4),
    }


def kinetics(
    rng: np.random.Generator, course: c.Course, months: d.Floats, mrd: Mrd, grade: list[int], ferritin: d.Floats
) -> tuple[d.Table, d.Table]:
    """The long table of samples, and Cmax, Tmax, AUC per patient read from those samples."""
    never = np.array(mrd.state) == "never"
    peak_day = np.round(d.by_rank(rng.random(N), {0: 7, 27: 12, 28: 12, 55: 22})).astype(int)
    last_day = np.floor(months * c.DAYS_PER_MONTH).astype(int)
    peak_day = np.where(last_day <= peak_day, 10, peak_day)
    peak = np.round(9e4 * np.exp(0.7 * d.related(rng, d.standardized(np.log(months)), 0.4) - 2.0 * never), -1)
    onset = d.by_rank(rng.random(N), {0: 1, 27: 6, 28: 6, 55: 12})
    long: d.Table = {h: [] for h in ("Patient ID", "Day", "CAR transgene (copies/µg)", "Ferritin (µg/L)", "CRP (mg/L)", "IL-6 (pg/mL)")}
    wide: d.Table = {
        h: [] for h in ("Cmax (copies/µg)", "Tmax (day)", "AUC 0-28 d (copies/µg*day)", "AUC 0-last (copies/µg*day)", "CRS onset (day)")
    }
    for i in range(N):
        samples = transgene(rng, float(peak[i]), int(peak_day[i]), int(last_day[i]), float(course.os_time[i]) * c.DAYS_PER_MONTH)
        for day, level in samples.items():
            blood = [""] * 3
            if day <= 60:
                f, crp, il6 = inflammation(rng, grade[i], float(onset[i]), float(ferritin[i]), day)
                blood = [f"{f:.0f}", *d.below_limit([crp], 3, 1), f">{5000}" if il6 > 5000 else d.below_limit([il6], 1.5, 1)[0]]
            cells = (patient(i), str(day), *d.below_limit([level], LLOQ), *blood)
            for header, cell in zip(long, cells, strict=True):
                long[header].append(cell)
        values = (max(samples.values()), peak_day[i], area(samples, 28), area(samples, 10_000))
        for header, value in zip(wide, values, strict=False):
            wide[header].append(f"{value:.0f}")
        wide["CRS onset (day)"].append(f"{onset[i]:.0f}" if grade[i] else "")
    return long, wide


def patient(i: int) -> str:
    return f"SYN-B{i + 1:03d}"


def visits_table(visits: list[dict[float, tuple[str, str]]]) -> d.Table:
    cells = [(patient(i), f"{m:g}", response, status) for i, row in enumerate(visits) for m, (response, status) in sorted(row.items())]
    return {header: [row[k] for row in cells] for k, header in enumerate(("Patient ID", "Month", "Response", "MRD"))}


def build() -> dict[str, d.Table]:
    """The three files: one row per patient, per visit, per blood sample."""
    base = baseline()
    rng = d.seeded(SEED, 5)
    course = course_of(base, COURSE_SEED)
    mrd = mrd_of(rng, course)
    rows = c.responses(rng, course, best_levels(rng, course, mrd), VISITS, by=9.0, since=1.0)
    visits = visit_rows(rng, course, mrd, rows)
    ada = d.highest(rng.random(N), 9)
    months = persistence(rng, course, ada)
    crs = d.levels_by_rank(base.burden + 2 * rng.standard_normal(N), {"0": 4, "1": 29, "2": 19, "3": 4})
    grade = [int(g) for g in crs]
    ferritin = np.round(420 * np.exp(1.0 * d.related(rng, base.burden, 0.4)))
    long, wide = kinetics(rng, course, months, mrd, grade, ferritin)
    patients = {
        "data_source": ["SYNTHETIC"] * N,
        "Patient ID": [patient(i) for i in range(N)],
        "Product": ["eque-cel"] * N,
        **demography(base),
        **laboratory(base, ferritin),
        "CRS grade": crs,
        "ICANS grade": d.levels_by_rank(np.array(grade) + rng.standard_normal(N), {"0": 54, "1": 1, "2": 1}),
        "Tocilizumab": d.yes_no(d.highest(np.array(grade) + rng.random(N), 14)),
        "Steroids": d.yes_no(d.highest(np.array(grade) + rng.random(N), 24)),
        **wide,
        "CAR-T persistence (months)": d.numbers(months, 1),
        "Anti-drug antibodies": ["positive" if x else "negative" for x in ada],
        "Best response": [c.best_of(row) for row in rows],
        "MRD course": mrd.state,
        "MRD negativity duration (months)": d.numbers(mrd_months(visits), 1),
        **c.survival_columns(course),
        **c.duration_columns(course, rows),
    }
    return {
        "synthetic_eque_like.csv": patients,
        "synthetic_eque_like_visits.csv": {"data_source": ["SYNTHETIC"] * sum(map(len, visits)), **visits_table(visits)},
        "synthetic_eque_like_kinetics.csv": {"data_source": ["SYNTHETIC"] * len(long["Day"]), **long},
    }
