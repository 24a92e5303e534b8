"""The cohort: patients, their visits and time courses, and what each column means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph.cohort.problems import DataReport

DAYS_PER_MONTH = 30.4375

Kind = Literal["identity", "number", "category", "flag", "date", "text"]
Timing = Literal["identity", "baseline", "post-infusion", "outcome"]


@dataclass(frozen=True, slots=True)
class Cutoff:
    """A cutoff somebody else chose: a laboratory's upper limit of normal or a published value."""

    value: float  # in the column's unit
    label: str  # "upper limit of normal (Mayo)", "Cheng & Song, most used"
    source: str  # citation as printed on screen and exports
    kind: Literal["normal", "published"] = "published"


@dataclass(frozen=True, slots=True)
class Column:
    """What a column of ``Cohort.patients`` is.

    ``key`` is the name in the frame; ``label`` what people read; ``source`` the header in the uploaded file.
    ``timing`` "post-infusion" marks what is known only after infusion (response, MRD, CRS, Cmax ...): never a split from time zero.
    """

    key: str
    label: str
    kind: Kind
    unit: str = ""
    timing: Timing = "baseline"
    levels: tuple[str, ...] = ()  # category: in order, best or lowest first; flag: ("no", "yes")
    log_scale: bool = False
    cutoffs: tuple[Cutoff, ...] = ()
    source: str = ""
    description: str = ""

    @property
    def label_with_unit(self) -> str:
        """'Ferritin, day 0 (µg/L)'."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A time-to-event pair. Times are in months from ``origin``; event True = event, False = censored."""

    key: str  # "pfs"
    label: str  # "PFS"
    name: str  # "Progression-free survival"
    time_column: str  # key in Cohort.patients, float months
    event_column: str  # key in Cohort.patients, 1.0 = event, 0.0 = censored, NaN = unknown
    event_words: str  # "progression or death"
    origin: str = "infusion"


def _empty(columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame({c: pd.Series(dtype="object") for c in columns})


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """One cohort, ready to analyse. Never changed in place: ``keep`` returns a smaller one.

    patients   one row per patient, RangeIndex; "patient_id" (str) and the keys of ``columns`` and of the endpoints.
               number: float64; category and flag: pandas ordered Categorical of ``levels``; date: datetime64[ns]; text: object.
    responses  patient_id, month (float), visit (str, "Month 1"), response (IMWG code, see schema.RESPONSE_LEVELS); one row per visit.
    mrd        patient_id, month, visit, status ("negative" | "positive" | "not done").
    series     patient_id, day (float), quantity ("car_transgene", "crp", "temperature", else the file's own name), value (float),
               sign ("" | "<" | ">").
    limits     patient_id, column (key), sign, limit: values given as "<3" or ">1500" and how they entered (parse.LIMIT_RULE).
    """

    name: str
    patients: pd.DataFrame
    columns: Mapping[str, Column]
    endpoints: Mapping[str, Endpoint]
    report: DataReport
    responses: pd.DataFrame = field(default_factory=lambda: _empty(["patient_id", "month", "visit", "response"]))
    mrd: pd.DataFrame = field(default_factory=lambda: _empty(["patient_id", "month", "visit", "status"]))
    series: pd.DataFrame = field(default_factory=lambda: _empty(["patient_id", "day", "quantity", "value", "sign"]))
    limits: pd.DataFrame = field(default_factory=lambda: _empty(["patient_id", "column", "sign", "limit"]))
    synthetic: bool = False
    fingerprint: str = ""  # hash of the content; the key of every cache

    @property
    def n(self) -> int:
        """Number of patients."""
        return len(self.patients)

    def survival(self, endpoint: str) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Time (months) and event (1, 0) of an endpoint, one entry per patient; NaN in both where either is missing."""
        spec = self.endpoints[endpoint]
        time = self.patients[spec.time_column].to_numpy(dtype=np.float64, copy=True)
        event = self.patients[spec.event_column].to_numpy(dtype=np.float64, copy=True)
        missing = np.isnan(time) | np.isnan(event)
        time[missing] = np.nan
        event[missing] = np.nan
        return time, event

    def columns_of(self, *kinds: Kind, timing: Timing | None = None) -> tuple[Column, ...]:
        """Columns of the given kinds (all when none is given), in the cohort's order."""
        return tuple(c for c in self.columns.values() if (not kinds or c.kind in kinds) and (timing is None or c.timing == timing))
