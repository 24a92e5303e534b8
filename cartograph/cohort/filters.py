"""A filter is a mask and its words, so that no caption can drift from the data."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph import format as fmt
from cartograph.cohort.model import Cohort, Column

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which patients stay, by one column.

    ``levels``: the levels that stay (category, flag, text). ``low``/``high``: inclusive limits (number: in the column's unit;
    date: days since 1970-01-01); None = open. ``missing``: patients without a value stay as well.
    """

    column: str
    levels: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    missing: bool = False

    def mask(self, cohort: Cohort) -> Mask:
        """True for the patients that stay, one entry per patient. ValueError when the cohort lacks the column."""
        if self.column not in cohort.columns:
            raise ValueError(f"this cohort has no column '{self.column}'")
        series = cohort.patients[self.column]
        absent = series.isna().to_numpy(dtype=bool)
        if self.levels:
            inside = series.astype(str).isin(self.levels).to_numpy(dtype=bool)
        else:
            values = as_numbers(series)
            low = -np.inf if self.low is None else self.low
            high = np.inf if self.high is None else self.high
            with np.errstate(invalid="ignore"):
                inside = (values >= low) & (values <= high)
        return np.asarray((inside & ~absent) | (absent & self.missing), dtype=bool)

    def words(self, column: Column) -> str:
        """What the filter says, for chips and captions: 'Age 50–70 years', 'R-ISS I, II or not known'."""
        extra = " or not known" if self.missing else ""
        if self.levels:
            return f"{column.label} {', '.join(self.levels)}{extra}"
        return f"{column.label} {self._range_words(column)}{extra}"

    def _range_words(self, column: Column) -> str:
        def show(value: float) -> str:
            return _date_words(value) if column.kind == "date" else fmt.number(value, 5)

        unit = f" {column.unit}" if column.unit else ""
        if self.low is not None and self.high is not None:
            return f"{show(self.low)}{fmt.EN_DASH}{show(self.high)}{unit}"
        if self.low is not None:
            return f"\u2265 {show(self.low)}{unit}"
        return f"\u2264 {show(self.high)}{unit}" if self.high is not None else "any value"

    def to_text(self) -> str:
        """A short text for a link; ``from_text`` reads it back."""
        parts = [self.column, *(f"={quote(level, safe='')}" for level in self.levels)]
        if self.low is not None:
            parts.append(f">{self.low!r}")
        if self.high is not None:
            parts.append(f"<{self.high!r}")
        if self.missing:
            parts.append("?")
        return "|".join(parts)

    @classmethod
    def from_text(cls, text: str) -> Filter:
        """The filter written by ``to_text``. ValueError when the text is not one."""
        column, *parts = text.split("|")
        found = cls(column)
        for part in parts:
            if part.startswith("="):
                found = replace(found, levels=(*found.levels, unquote(part[1:])))
            elif part.startswith((">", "<")):
                value = float(part[1:])
                if not np.isfinite(value):
                    raise ValueError(f"'{part}' is not a limit")
                found = replace(found, low=value) if part[0] == ">" else replace(found, high=value)
            elif part == "?":
                found = replace(found, missing=True)
            else:
                raise ValueError(f"'{part}' is not a part of a filter")
        if not found.column or not (found.levels or found.low is not None or found.high is not None):
            raise ValueError(f"'{text}' is not a filter")
        return found


def as_numbers(series: pd.Series) -> npt.NDArray[np.float64]:
    """Values as floats; dates as days since 1970-01-01; missing as NaN."""
    if pd.api.types.is_datetime64_any_dtype(series):
        days = (series - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)
        return np.asarray(days, dtype=np.float64)
    return np.asarray(pd.to_numeric(series, errors="coerce"), dtype=np.float64)


def _date_words(days: float) -> str:
    return (pd.Timestamp("1970-01-01") + pd.Timedelta(days=days)).strftime("%Y-%m-%d")


def combined_mask(cohort: Cohort, filters: Sequence[Filter]) -> Mask:
    """True for the patients that pass every filter."""
    keep = np.ones(cohort.n, dtype=bool)
    for chosen in filters:
        keep &= chosen.mask(cohort)
    return keep


def keep(cohort: Cohort, mask: Mask, *, reason: str = "") -> Cohort:
    """The cohort with the patients of ``mask`` only (one entry per patient); visits and time courses follow."""
    if len(mask) != cohort.n:
        raise ValueError(f"the mask has {len(mask)} entries, the cohort {cohort.n} patients")
    if mask.all():
        return cohort
    patients = cohort.patients.loc[mask].reset_index(drop=True)
    ids = set(patients["patient_id"])
    digest = hashlib.sha256(cohort.fingerprint.encode() + np.packbits(mask).tobytes() + reason.encode()).hexdigest()
    return replace(
        cohort,
        patients=patients,
        responses=_of(cohort.responses, ids),
        mrd=_of(cohort.mrd, ids),
        series=_of(cohort.series, ids),
        limits=_of(cohort.limits, ids),
        fingerprint=digest,
    )


def _of(frame: pd.DataFrame, ids: set[str]) -> pd.DataFrame:
    return frame.loc[frame["patient_id"].isin(ids)].reset_index(drop=True)


def apply_filters(cohort: Cohort, filters: Sequence[Filter]) -> Cohort:
    """The cohort after every filter."""
    return keep(cohort, combined_mask(cohort, filters))
