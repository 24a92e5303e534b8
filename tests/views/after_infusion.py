"""A made-up cohort with toxicity, responses at several visits and a change of the M-protein; no patient."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from cartograph.cohort.model import Cohort, Column
from cartograph.views.board import panel_members
from cartograph.views.explore import Marker
from cartograph.views.grouping import Grouping, grouping
from cartograph.views.rates import Panelled
from tests.views.conftest import make_cohort

GRADES = ("0", "1", "2", "3", "4", "5")


def treated(n: int = 90, seed: int = 3) -> Cohort:
    """``make_cohort`` with CRS (grade, onset, duration, day of the maximum), ICANS, infection, ICAHT, tocilizumab and M-protein change."""
    cohort = make_cohort(n, seed)
    rng = np.random.default_rng(seed + 11)
    patients = cohort.patients.copy()
    high = patients["ferritin_d0"].to_numpy() > 337
    crs = np.minimum(rng.poisson(0.9 + 0.7 * high, n), 5)
    icans = np.minimum(rng.poisson(0.2, n), 5)
    patients["crs_grade"] = _levels([str(g) for g in crs], GRADES)
    patients.loc[patients.index[::17], "crs_grade"] = None
    known = patients["crs_grade"].notna().to_numpy()
    had = known & (crs > 0)
    patients["crs_onset_day"] = np.where(had, rng.integers(0, 12, n), np.nan).astype(np.float64)
    patients["crs_duration"] = np.where(had, rng.integers(1, 9, n), np.nan).astype(np.float64)
    patients["crs_peak"] = np.where(had, rng.integers(2, 14, n), np.nan).astype(np.float64)
    patients["icans_grade"] = _levels([str(g) for g in icans], GRADES)
    patients["infection"] = _levels(np.where(rng.random(n) < 0.4, "yes", "no").tolist(), ("no", "yes"))
    patients["icaht"] = _levels([f"Grade {g}" for g in rng.integers(0, 4, n)], tuple(f"Grade {g}" for g in range(4)))
    patients["tocilizumab"] = _levels(np.where(crs > 1, "yes", "no").tolist(), ("no", "yes"))
    patients["m_protein"] = np.round(rng.uniform(-100, 60, n), 1)
    patients["prior_infection"] = _levels(np.where(rng.random(n) < 0.2, "yes", "no").tolist(), ("no", "yes"))
    flag = ("no", "yes")
    columns = {
        **cohort.columns,
        "crs_grade": Column("crs_grade", "CRS grade", "category", timing="post-infusion", levels=GRADES),
        "crs_onset_day": Column("crs_onset_day", "CRS onset", "number", "day", timing="post-infusion"),
        "crs_duration": Column("crs_duration", "CRS duration", "number", "days", timing="post-infusion"),
        "crs_peak": Column("crs_peak", "Day of max CRS", "number", "day", timing="post-infusion"),
        "icans_grade": Column("icans_grade", "ICANS grade", "category", timing="post-infusion", levels=GRADES),
        "infection": Column("infection", "Infection", "flag", timing="post-infusion", levels=flag),
        "icaht": Column("icaht", "ICAHT grade", "category", levels=tuple(f"Grade {g}" for g in range(4))),
        "tocilizumab": Column("tocilizumab", "Tocilizumab", "flag", timing="post-infusion", levels=flag),
        "m_protein": Column("m_protein", "M-protein change", "number", "%"),
        "prior_infection": Column("prior_infection", "Prior infection", "flag", levels=flag),
    }
    return replace(cohort, patients=patients, columns=columns, fingerprint=f"treated-{n}-{seed}")


def _levels(values: list[str], levels: tuple[str, ...]) -> pd.Categorical:
    return pd.Categorical(values, categories=list(levels), ordered=True)


def sides(cohort: Cohort, split: str = "product") -> tuple[Panelled, ...]:
    """The panels of a split, all patients first."""
    return tuple(Panelled(*found) for found in panel_members(cohort, split))


def groups(cohort: Cohort, cutoff: float | None = 337.0, column: str = "ferritin_d0") -> Grouping:
    """High and low of one marker, or (without a cutoff) everybody."""
    if cutoff is None:
        return grouping([np.zeros(cohort.n)], (), (), "three")
    values = [cohort.patients[column].to_numpy(dtype=np.float64)]
    return grouping(values, (Marker(column, cutoff),), (cohort.columns[column],), "three")
