"""Survival input: checked once, in one way, before any statistic sees it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph.stats.results import Floats

Counts = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
SAME_TIME = float(np.sqrt(np.finfo(np.float64).eps))  # R's timefix: times closer than this, absolutely or relative to their mean, are one


class SurvivalInput(NamedTuple):
    """Times (merged as R's timefix does) and events as 0/1 floats, one entry per patient."""

    time: Floats
    event: Floats


def survival_input(time: npt.ArrayLike, event: npt.ArrayLike) -> SurvivalInput:
    """Times and events as arrays.

    ``time``: non-negative numbers. ``event``: True or 1 = event, False or 0 = censored. ValueError for missing or negative
    times, for another event code and for unequal lengths: the caller drops and counts incomplete patients.
    """
    times = np.asarray(time, dtype=np.float64)
    events = np.asarray(event, dtype=np.float64)
    if times.ndim != 1 or times.shape != events.shape:
        raise ValueError(f"time and event must be two equally long lists; got shapes {times.shape} and {events.shape}")
    if not np.isfinite(times).all() or np.isnan(events).any():
        raise ValueError("time and event must not be missing: leave out incomplete patients first")
    if (times < 0).any():
        raise ValueError(f"times must not be negative; the smallest is {times.min():g}")
    if not np.isin(events, (0.0, 1.0)).all():
        raise ValueError("event must be True (event) or False (censored) for every patient")
    return SurvivalInput(_merge_close(times), events)


def _merge_close(times: Floats) -> Floats:
    """Times that differ by rounding noise only become the smallest of them."""
    distinct, inverse = np.unique(times, return_inverse=True)
    if len(distinct) < 2:
        return times
    gap = np.diff(distinct)
    new = np.r_[True, gap > SAME_TIME * max(1.0, float(distinct.mean()))]
    if new.all():
        return times
    return np.asarray(distinct[new][np.cumsum(new) - 1][inverse], dtype=np.float64)


class CountTable(NamedTuple):
    """Distinct times, ascending, with at risk (T >= t), events and censored at each."""

    time: Floats
    at_risk: Counts
    events: Counts
    censored: Counts


def count_table(time: Floats, event: Floats) -> CountTable:
    """Counts at every distinct time. At risk at t counts T >= t."""
    distinct, place = np.unique(time, return_inverse=True)
    leaving = np.bincount(place, minlength=len(distinct)).astype(np.float64)
    events = np.bincount(place, weights=event, minlength=len(distinct)).astype(np.float64)
    return CountTable(distinct, at_risk_of(leaving), events, leaving - events)


def label_codes(labels: npt.ArrayLike, n: int, name: str) -> tuple[Indices, tuple[Any, ...]]:
    """Whole-number codes 0..k-1 of labels (sorted), and the labels. ValueError for missing labels or the wrong length."""
    values = pd.Series(np.asarray(labels))
    if len(values) != n:
        raise ValueError(f"{name} must have one label per patient: {n} expected, {len(values)} given")
    if values.isna().any():
        raise ValueError(f"{name} must not be missing: leave out incomplete patients first")
    codes, found = pd.factorize(values, sort=True)
    return codes.astype(np.int64), tuple(found)


def at_risk_of(leaving: Counts) -> Counts:
    """At risk from the numbers that leave at each time (last axis): everybody who leaves then or later."""
    return np.cumsum(leaving[..., ::-1], axis=-1)[..., ::-1]
