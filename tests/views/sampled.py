"""A made-up cohort with time courses: transgene, CRP and a count; no patient."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from cartograph.cohort.model import Cohort, Column
from tests.views.conftest import make_cohort

DAYS = (0.0, 3.0, 7.0, 10.0, 14.0, 21.0, 28.0, 60.0, 90.0, 180.0)
LIMIT = 50.0
FLAG = ("no", "yes")


def sampled(n: int = 60, seed: int = 5, *, shuffled: bool = True) -> Cohort:
    """``make_cohort`` with transgene samples (below 50 given as half of it), CRP before and after infusion, antibodies in every third."""
    cohort = make_cohort(n, seed)
    rng = np.random.default_rng(seed + 100)
    ids = cohort.patients["patient_id"].to_numpy()
    antibodies = np.where(np.arange(n) % 3 == 0, "yes", "no")
    peak = np.exp(rng.normal(10, 1, n)) * np.where(antibodies == "yes", 0.5, 1.0)
    half = np.where(antibodies == "yes", 6.0, 18.0) * rng.uniform(0.7, 1.4, n)
    rows = []
    for i, patient in enumerate(ids):
        for day in DAYS:
            value = peak[i] * (np.exp(-np.log(2) * (day - 10) / half[i]) if day >= 10 else np.exp(1.1 * (day - 10)))
            low = value < LIMIT
            rows.append((patient, day, "car_transgene", LIMIT / 2 if low else round(float(value), 1), "<" if low else ""))
        crp = np.exp(rng.normal(2, 0.6, 5) + np.array([0, 0, 1, 0, 0])).round(2)
        rows += [(patient, day, "crp", float(value), "") for day, value in zip((-5.0, 0.0, 4.0, 8.0, 14.0), crp, strict=True)]
        rows += [(patient, day, "WBC (G/L)", round(float(max(rng.normal(abs(day - 7) / 2, 0.5), 0.0)), 2), "") for day in (0.0, 7.0, 14.0)]
    series = pd.DataFrame(rows, columns=["patient_id", "day", "quantity", "value", "sign"])
    if shuffled:
        series = series.sample(frac=1.0, random_state=seed).reset_index(drop=True)
    patients = cohort.patients.assign(ada=pd.Categorical(antibodies, categories=list(FLAG), ordered=True))
    columns = {**cohort.columns, "ada": Column("ada", "Anti-drug antibodies", "flag", timing="post-infusion", levels=FLAG)}
    return replace(cohort, patients=patients, columns=columns, series=series, fingerprint=f"sampled-{n}-{seed}-{shuffled}")


def with_series(cohort: Cohort, rows: list[tuple[str, float, float, str]], quantity: str = "car_transgene") -> Cohort:
    """The cohort with these samples only: patient, day, value, sign."""
    series = pd.DataFrame([(p, d, quantity, v, s) for p, d, v, s in rows], columns=["patient_id", "day", "quantity", "value", "sign"])
    return replace(cohort, series=series, fingerprint=f"{cohort.fingerprint}-{hash(tuple(rows))}")


def without_endpoints(cohort: Cohort) -> Cohort:
    """The same patients, of whom no time to an event is known."""
    return replace(cohort, endpoints={}, fingerprint=f"{cohort.fingerprint}-alone")
