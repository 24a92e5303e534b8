"""Small made-up cohorts with visits, for what happens after infusion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from cartograph.cohort.model import Cohort, Column, Endpoint
from cartograph.cohort.problems import DataReport

ENDPOINTS = {
    "pfs": Endpoint("pfs", "PFS", "Progression-free survival", "pfs_time", "pfs_event", "progression or death"),
    "os": Endpoint("os", "OS", "Overall survival", "os_time", "os_event", "death"),
    "dor": Endpoint("dor", "DOR", "Duration of response", "dor_time", "dor_event", "progression or death", "first response"),
}


@dataclass(frozen=True)
class Patient:
    """One patient: (time, event) of PFS and OS, visits as (month, result)."""

    pfs: tuple[float, int]
    os: tuple[float, int]
    responses: Sequence[tuple[float, str]] = ()
    mrd: Sequence[tuple[float, str]] = ()
    other: Mapping[str, Any] = field(default_factory=dict)
    dor: tuple[float, int] | None = None


def cohort_of(people: Sequence[Patient], columns: Mapping[str, Column] | None = None) -> Cohort:
    """The cohort; visits stand in it in the order in which they are given."""
    names = [f"P{i:03d}" for i in range(len(people))]
    frame = pd.DataFrame({"patient_id": names})
    endpoints = {k: e for k, e in ENDPOINTS.items() if k != "dor" or any(p.dor for p in people)}
    for key in endpoints:
        pairs = [getattr(p, key) or (np.nan, np.nan) for p in people]
        frame[f"{key}_time"], frame[f"{key}_event"] = ([float(pair[k]) for pair in pairs] for k in (0, 1))
    for key in columns or {}:
        frame[key] = [p.other.get(key) for p in people]
        if columns and columns[key].kind == "number":
            frame[key] = frame[key].astype(float)
    responses = [(name, m, f"Month {m:g}", r) for name, p in zip(names, people, strict=True) for m, r in p.responses]
    mrd = [(name, m, f"Month {m:g}", r) for name, p in zip(names, people, strict=True) for m, r in p.mrd]
    return Cohort(
        "made up",
        frame,
        dict(columns or {}),
        endpoints,
        DataReport(len(people), len(people)),
        responses=pd.DataFrame(responses, columns=["patient_id", "month", "visit", "response"]),
        mrd=pd.DataFrame(mrd, columns=["patient_id", "month", "visit", "status"]),
        synthetic=True,
        fingerprint=str(len(people)),
    )


def random_people(n: int, seed: int) -> list[Patient]:
    """Patients with random courses and visits out of order."""
    rng = np.random.default_rng(seed)
    people = []
    for _ in range(n):
        death, relapse, follow = rng.exponential(40), rng.exponential(25), rng.uniform(2, 60)
        pfs, os = min(relapse, death, follow), min(death, follow)
        visits = rng.permutation([m for m in (1.0, 3.0, 6.0, 12.0, 18.0, 24.0, 36.0) if m <= os])
        mrd = [(float(m), str(rng.choice(["negative", "positive", "not done"], p=[0.6, 0.25, 0.15]))) for m in visits]
        responses = [(float(m), str(rng.choice(["CR", "VGPR", "PR", "SD", "NE"]))) for m in visits]
        event = (int(min(relapse, death) <= follow), int(death <= follow))
        grade = str(rng.integers(0, 4)) if rng.random() < 0.9 else None
        other = {"persistence": float(rng.uniform(1, 30)), "crs_grade": grade}
        people.append(Patient((pfs, event[0]), (os, event[1]), responses, mrd, other))
    return people


AFTER = {
    "persistence": Column("persistence", "CAR-T persistence", "number", "months", timing="post-infusion"),
    "crs_grade": Column("crs_grade", "CRS grade", "category", timing="post-infusion", levels=tuple("012345")),
}
