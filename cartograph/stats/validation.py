"""What a Cox model would be worth in other patients: optimism of its concordance, calibration of its predictions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph.stats.concordance import Concordance, concordance_index
from cartograph.stats.continuous import cox_fit
from cartograph.stats.partial import event_moments, risk_orders
from cartograph.stats.regression import CoxModel, ModelData
from cartograph.stats.results import Floats
from cartograph.stats.survival import kaplan_meier
from cartograph.stats.times import survival_input

GROUPS = 5
LEAST_IN_GROUP = 10  # patients of a group of the calibration plot
LEAST_FITS = 0.5  # share of resamples that must have an estimate
NAN = float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Optimism:
    """Harrell's C as fitted (``apparent``), how much of it is optimism, and what is left. NaN and a note when too few resamples fit.

    ``resamples``: with an estimate, of ``asked``.
    """

    apparent: Concordance
    optimism: float
    corrected: float
    resamples: int
    asked: int
    seed: int
    method: str = "C, optimism by bootstrap (Harrell)"
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row: apparent, optimism, corrected, resamples, asked, seed, method."""
        names = ["optimism", "corrected", "resamples", "asked", "seed", "method"]
        return pd.DataFrame([{"apparent": self.apparent.value, **{name: getattr(self, name) for name in names}}])


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Predicted against observed survival at ``horizon`` months, in groups of predicted risk, lowest risk first.

    ``predicted``: mean of the model's predictions; ``observed`` with ``ci_low``, ``ci_high``: Kaplan-Meier of the group; ``n``, ``events``.
    In the patients of the fit: it flatters the model.
    """

    horizon: float
    predicted: Floats
    observed: Floats
    ci_low: Floats
    ci_high: Floats
    n: npt.NDArray[np.int64]
    events: npt.NDArray[np.int64]
    method: str = "mean prediction against Kaplan-Meier, log-log limits, in groups of predicted risk"
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per group: predicted, observed, ci_low, ci_high, n, events."""
        return pd.DataFrame({name: getattr(self, name) for name in ("predicted", "observed", "ci_low", "ci_high", "n", "events")})


def optimism(model: CoxModel, *, resamples: int = 200, seed: int, progress: Callable[[float], None] | None = None) -> Optimism:
    """How much the C of a model flatters it: in resamples, C of the refitted model there minus its C in the real patients.

    The model's covariates are taken as given, so a choice of variables by p is not corrected for. A resample without a finite estimate
    is left out and counted. ``progress`` may raise to cancel. ValueError without a model.

    Harrell, Lee & Mark, Stat Med 1996.
    """
    if model.refused:
        raise ValueError(f"there is no model: {model.refused}")
    rng = np.random.default_rng(seed)
    data, found = model.data, []
    for k in range(resamples):
        drawn = rng.integers(0, model.n, model.n)
        found.append(_flattery(data, drawn))
        if progress is not None:
            progress((k + 1) / resamples)
    known = np.array(found)[np.isfinite(found)]
    apparent = model.concordance
    if len(known) < LEAST_FITS * resamples:
        note = f"only {len(known)} of {resamples} resamples have an estimate: too few"
        return Optimism(apparent, NAN, NAN, len(known), resamples, seed, notes=(note,))
    mean = float(known.mean())
    lost = resamples - len(known)
    notes = (f"{lost} of {resamples} resamples had no finite estimate and are left out",) if lost else ()
    return Optimism(apparent, mean, apparent.value - mean, len(known), resamples, seed, notes=notes)


def _flattery(data: ModelData, drawn: npt.NDArray[np.int64]) -> float:
    """C in the resample minus C in everybody, of the model fitted to the resample; NaN without an estimate."""
    strata = None if data.strata is None else data.strata[drawn]
    x = data.design.x
    fit = cox_fit(x[drawn], data.time[drawn], data.event[drawn], strata=strata)
    if fit.notes:
        return NAN
    score = np.round(x @ fit.coefficients, 10)
    there = concordance_index(score[drawn], data.time[drawn], data.event[drawn], strata=strata)
    here = concordance_index(score, data.time, data.event, strata=data.strata)
    return there.value - here.value


def predicted_survival(model: CoxModel, horizon: float) -> Floats:
    """Survival at ``horizon`` months of every patient of the model, from Efron's estimate of the baseline hazard (R: ``survfit(fit)``)."""
    data = model.data
    checked = survival_input(data.time, data.event)
    centred = data.design.x - data.design.x.mean(axis=0)
    risk = np.exp(centred @ model.coefficients)
    cumulative = np.zeros(model.n)
    for order in risk_orders(centred, checked, data.strata):
        at = event_moments(order, model.coefficients)
        cumulative[order.patients] = float(np.sum(1 / at.total[order.time <= horizon])) * math.exp(-at.log_scale)
    found: Floats = np.exp(-cumulative * risk)
    return found


def calibration(model: CoxModel, *, horizon: float, groups: int = GROUPS) -> Calibration:
    """Predicted against observed survival at ``horizon``. Fewer groups where fewer than 10 patients would be in one.

    ``horizon`` beyond the follow-up gives a note and no numbers; ValueError without a model or for a horizon that is not positive.
    """
    if model.refused:
        raise ValueError(f"there is no model: {model.refused}")
    if not horizon > 0:
        raise ValueError(f"horizon must be above 0 months; got {horizon}")
    data = model.data
    empty = np.empty(0)
    none = np.empty(0, dtype=np.int64)
    count = min(groups, model.n // LEAST_IN_GROUP)
    if horizon > data.time.max() or count < 2:
        reason = "nobody is followed that long" if horizon > data.time.max() else f"fewer than {2 * LEAST_IN_GROUP} patients"
        return Calibration(horizon, empty, empty, empty, empty, none, none, notes=(reason,))
    predicted = predicted_survival(model, horizon)
    rank = np.argsort(np.argsort(-predicted, kind="stable"), kind="stable")
    group = rank * count // model.n
    rows = []
    for k in range(count):
        inside = group == k
        events = int(data.event[inside & (data.time <= horizon)].sum())
        rows.append((float(predicted[inside].mean()), *_observed(data, inside, horizon), int(inside.sum()), events))
    table = np.array(rows)
    n, counted = table[:, 4].astype(np.int64), table[:, 5].astype(np.int64)
    return Calibration(horizon, table[:, 0], table[:, 1], table[:, 2], table[:, 3], n, counted)


def _observed(data: ModelData, inside: npt.NDArray[np.bool_], horizon: float) -> tuple[float, float, float]:
    """Kaplan-Meier of a group at ``horizon`` with limits; 0 without limits once everybody has had the event."""
    curve = kaplan_meier(data.time[inside], data.event[inside])
    if horizon > data.time[inside].max() and curve.survival[-1] == 0:
        return 0.0, NAN, NAN
    at = curve.values_at([horizon])
    return float(at["survival"][0]), float(at["ci_low"][0]), float(at["ci_high"][0])
