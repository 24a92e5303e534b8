"""Whether a Cox model may be believed: proportional hazards, influence of single patients, collinearity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from cartograph.stats.continuous import LikelihoodRatio, natural_spline
from cartograph.stats.design import Design
from cartograph.stats.partial import EventMoments, RiskOrder, event_moments, risk_orders
from cartograph.stats.regression import CoxModel, ModelData
from cartograph.stats.results import Floats, frame_of
from cartograph.stats.survival import normal_quantile
from cartograph.stats.times import Indices, survival_input

Transform = Literal["km", "identity", "rank"]
HIGH_VIF = 5.0  # generalised to one parameter: its limits are more than twice as wide as they would be
SMOOTH_KNOTS = (0.05, 0.35, 0.65, 0.95)
LEAST_FOR_SMOOTH = 10  # events
NAN = float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Proportionality:
    """Score test of proportional hazards, one per covariate and ``global_test``; scaled Schoenfeld residuals for the plot.

    ``transform``: how time enters. ``time``: months of each event, ascending; ``position``: the same after the transform; ``residuals``:
    events x parameters, each the coefficient plus the scaled residual, so that a straight line at the coefficient means proportional.
    """

    covariates: tuple[str, ...]
    tests: tuple[LikelihoodRatio, ...]
    global_test: LikelihoodRatio
    transform: Transform
    time: Floats
    position: Floats
    residuals: Floats
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per covariate and one for all: covariate, statistic, df, p_value."""
        rows = [*zip(self.covariates, self.tests, strict=True), ("all variables", self.global_test)]
        return pd.DataFrame([{"covariate": name, "statistic": t.statistic, "df": t.df, "p_value": t.p_value} for name, t in rows])


@dataclass(frozen=True, slots=True, eq=False)
class Influence:
    """About how much each coefficient moves when one patient is left out.

    ``dfbeta``: patients x parameters, coefficient with all minus coefficient without the patient (one step of Newton's method);
    ``largest``: per patient, the largest move in standard errors; ``rows``: places of the patients in the frame of the model.
    """

    dfbeta: Floats
    largest: Floats
    rows: Indices
    method: str = "dfbeta from score residuals, Efron ties"
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per patient: rows, largest."""
        return frame_of(self, ["rows", "largest"])


@dataclass(frozen=True, slots=True, eq=False)
class Collinearity:
    """Generalised variance inflation of each covariate: ``gvif`` with ``df``; ``per_parameter`` = gvif^(1/df), a usual VIF when df is 1."""

    covariates: tuple[str, ...]
    gvif: Floats
    df: Indices
    per_parameter: Floats
    method: str = "generalised variance inflation factor from the correlation of the coefficients"
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per covariate."""
        return pd.DataFrame({"covariate": self.covariates, "gvif": self.gvif, "df": self.df, "per_parameter": self.per_parameter})


def proportionality(model: CoxModel, *, transform: Transform = "km") -> Proportionality:
    """Test of proportional hazards at the fitted coefficients (R: survival 3's ``cox.zph``) with scaled Schoenfeld residuals.

    ``transform`` "km": 1 - Kaplan-Meier just before the time, of all patients; "identity": months; "rank": rank of the time. Each
    covariate's test holds all its columns. NaN and the reason where the model has no estimate or was fitted by Firth's method.

    Grambsch & Therneau, Biometrika 1994; the score test: Therneau, vignette "Approximating a Cox model", survival 3.
    """
    names = tuple(term.covariate.name for term in model.data.design.terms)
    reason = model.refused or ("the model was fitted by Firth's method, for which this test is not made" if model.separated else "")
    if reason:
        none = LikelihoodRatio(NAN, 0, NAN, "score test", (reason,))
        empty = np.empty(0)
        return Proportionality(
            names, (none,) * len(names), none, transform, empty, empty, np.empty((0, model.parameters)), "none", (reason,)
        )
    data = model.data
    checked = survival_input(data.time, data.event)
    orders = risk_orders(data.design.x - data.design.x.mean(axis=0), checked, data.strata)
    moments = [event_moments(order, model.coefficients) for order in orders]
    place = _positions(checked.time, checked.event, transform)
    score, blocks = _score_of_slopes(orders, moments, place)
    tests = [_score_test(score, blocks, np.array(term.columns)) for term in data.design.terms]
    everything = _score_test(score, blocks, np.arange(model.parameters))
    time, residuals = _schoenfeld(orders, moments)
    scaled = model.coefficients + residuals @ model.covariance * len(time)
    method = f"score test of a coefficient that changes with time ({transform})"
    return Proportionality(names, tuple(tests), everything, transform, time, place(time), scaled, method)


class _Positions:
    """Time after the transform."""

    def __init__(self, known: Floats, value: Floats) -> None:
        self.known, self.value = known, value

    def __call__(self, time: Floats) -> Floats:
        """The transformed time of times that occur in the data."""
        return self.value[np.searchsorted(self.known, time)]


def _positions(time: Floats, event: Floats, transform: Transform) -> _Positions:
    known, place, leaving = np.unique(time, return_inverse=True, return_counts=True)
    if transform == "identity":
        return _Positions(known, known)
    if transform == "rank":
        before = np.cumsum(leaving) - leaving
        return _Positions(known, before + (leaving + 1) / 2)
    if transform != "km":
        raise ValueError(f"transform must be 'km', 'identity' or 'rank'; got {transform!r}")
    at_risk = len(time) - (np.cumsum(leaving) - leaving)
    survival = np.cumprod(1 - np.bincount(place, weights=event) / at_risk)
    return _Positions(known, 1 - np.r_[1.0, survival[:-1]])


def _score_of_slopes(orders: Sequence[RiskOrder], moments: Sequence[EventMoments], place: _Positions) -> tuple[Floats, Floats]:
    """Score of x times transformed time (k), and the information of x and of that (2k x 2k)."""
    k = orders[0].x.shape[0]
    centre = float(np.mean(np.concatenate([place(order.time) for order in orders])))
    score, information = np.zeros(k), np.zeros((2 * k, 2 * k))
    for order, at in zip(orders, moments, strict=True):
        g = place(order.time) - centre
        score += ((order.x[:, order.rows] - at.mean) * g).sum(axis=1)
        parts = [(at.covariance * g**power).sum(axis=2) for power in range(3)]
        information += np.block([[parts[0], parts[1]], [parts[1], parts[2]]])
    return score, information


def _score_test(score: Floats, information: Floats, columns: Indices) -> LikelihoodRatio:
    """Test that the slopes of ``columns`` are 0, the coefficients of all covariates being estimated."""
    k = len(score)
    kept = np.r_[np.arange(k), k + columns]
    u = np.r_[np.zeros(k), score[columns]]
    block = information[np.ix_(kept, kept)]
    if np.linalg.matrix_rank(block) < len(kept):
        return LikelihoodRatio(NAN, len(columns), NAN, "score test", ("too few events at different times",))
    statistic = float(u @ np.linalg.solve(block, u))
    return LikelihoodRatio(statistic, len(columns), float(chdtrc(len(columns), statistic)), "score test")


def _schoenfeld(orders: Sequence[RiskOrder], moments: Sequence[EventMoments]) -> tuple[Floats, Floats]:
    """Times of the events, ascending, and covariates of the patient minus their mean in the risk set (tied events: mean of their means)."""
    times, found = [], []
    for order, at in zip(orders, moments, strict=True):
        times.append(order.time)
        found.append((order.x[:, order.rows] - _over_ties(order, at.mean)).T)
    time = np.concatenate(times)
    sorted_ = np.argsort(time, kind="stable")
    return time[sorted_], np.concatenate(found)[sorted_]


def _over_ties(order: RiskOrder, values: Floats) -> Floats:
    """Each entry's value replaced by the mean over its tie."""
    size = np.bincount(order.tie)
    found: Floats = (np.add.reduceat(values, order.first_of_tie, axis=-1) / size)[..., order.tie]
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Smooth:
    """A coefficient over time: fitted value with 95 % limits at ``time`` (months, ascending). Empty and a note with few events."""

    time: Floats
    value: Floats
    ci_low: Floats
    ci_high: Floats
    method: str = "natural cubic spline through the scaled Schoenfeld residuals"
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per time: time, value, ci_low, ci_high."""
        return frame_of(self, ["time", "value", "ci_low", "ci_high"])


def smooth(found: Proportionality, model: CoxModel, column: int) -> Smooth:
    """How a coefficient seems to change with time: least squares through its residuals (R: ``plot(cox.zph(fit))``)."""
    knots = np.quantile(found.position, SMOOTH_KNOTS) if len(found.time) else np.empty(0)
    if len(found.time) < LEAST_FOR_SMOOTH or (np.diff(knots) <= 1e-9).any():
        empty = np.empty(0)
        return Smooth(empty, empty, empty, empty, notes=("too few events at different times for a smooth line",))
    basis = np.column_stack([np.ones(len(found.time)), natural_spline(found.position, knots)])
    q, _ = np.linalg.qr(basis)
    _, first = np.unique(found.time, return_index=True)
    fitted = (q @ (q.T @ found.residuals[:, column]))[first]
    spread = (q**2).sum(axis=1)[first] * model.covariance[column, column] * len(found.time)
    half = normal_quantile(0.95) * np.sqrt(spread)
    return Smooth(found.time[first], fitted, fitted - half, fitted + half)


def influence(model: CoxModel) -> Influence:
    """The dfbeta of every patient in every coefficient (R: ``residuals(fit, type = "dfbeta")``). ValueError without a model.

    Therneau & Grambsch, Modeling Survival Data, 2000, section 7.1.
    """
    if model.refused:
        raise ValueError(f"there is no model: {model.refused}")
    dfbeta: Floats = score_residuals(model.data, model.coefficients) @ model.covariance
    errors = np.sqrt(np.diag(model.covariance))
    return Influence(dfbeta, np.abs(dfbeta / errors).max(axis=1), model.data.rows)


def score_residuals(data: ModelData, beta: Floats) -> Floats:
    """Patients x parameters: each patient's part of the slope of the partial likelihood (Efron); they add up to that slope."""
    checked = survival_input(data.time, data.event)
    found = np.zeros_like(data.design.x)
    for order in risk_orders(data.design.x, checked, data.strata):
        at = event_moments(order, beta)
        found[order.patients] = _residuals_of(order, at).T
    return found


def _residuals_of(order: RiskOrder, at: EventMoments) -> Floats:
    """Covariates x patients of one stratum."""
    each = 1 / at.total
    hazard = np.concatenate([each[None, :], at.mean * each])  # what a patient of weight 1 at risk is exposed to at each entry
    later = np.concatenate([np.cumsum(hazard[:, ::-1], axis=1)[:, ::-1], np.zeros((len(hazard), 1))], axis=1)
    exposed = later[:, np.searchsorted(order.last, np.arange(order.x.shape[1]), side="left")]
    taken_out = np.add.reduceat(hazard * order.out, order.first_of_tie, axis=1)[:, order.tie]
    exposed[:, order.rows] -= taken_out
    residual: Floats = -at.weight * (order.x * exposed[0] - exposed[1:])
    residual[:, order.rows] += order.x[:, order.rows] - _over_ties(order, at.mean)
    return residual


def collinearity(model: CoxModel) -> Collinearity:
    """Generalised variance inflation factors (R: ``car::vif`` of a coxph fit). NaN with fewer than two covariates or without a model.

    Fox & Monette, J Am Stat Assoc 1992.
    """
    return collinearity_of(model.data.design, model.covariance, model.refused)


def collinearity_of(made: Design, covariance: Floats, refused: str = "") -> Collinearity:
    """The same from a design and the covariance of its coefficients."""
    names = tuple(term.covariate.name for term in made.terms)
    df = np.array([len(term.columns) for term in made.terms], dtype=np.int64)
    if refused or len(names) < 2:
        nothing = np.full(len(names), NAN)
        return Collinearity(names, nothing, df, nothing, notes=(refused or "one variable alone cannot be collinear",))
    errors = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(errors, errors)
    whole = float(np.linalg.slogdet(correlation)[1])
    found = []
    for term in made.terms:
        inside = np.array(term.columns)
        outside = np.setdiff1d(np.arange(len(errors)), inside)
        parts = [float(np.linalg.slogdet(correlation[np.ix_(c, c)])[1]) for c in (inside, outside)]
        found.append(math.exp(sum(parts) - whole))
    gvif = np.array(found)
    return Collinearity(names, gvif, df, gvif ** (1 / df))
