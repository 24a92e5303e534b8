"""Cox regression with several covariates: hazard ratios with limits, events per parameter, separation; many models with one covariate.

The fit is our own Newton solver (``cartograph.stats.continuous.cox_fit``) because lifelines stops early (p values off near 1e-6).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import chdtrc, ndtr

from cartograph.stats.concordance import Concordance, concordance_index
from cartograph.stats.continuous import NO_MAXIMUM, CoxFit, LikelihoodRatio, cox_fit
from cartograph.stats.design import Coding, Contrast, Covariate, Design, Term, design
from cartograph.stats.firth import FirthFit, cox_point, firth_fit
from cartograph.stats.partial import risk_orders
from cartograph.stats.results import Floats
from cartograph.stats.survival import normal_quantile
from cartograph.stats.times import survival_input

FEW_EVENTS = 10  # per parameter: below it a model is said to be unstable (Peduzzi et al., J Clin Epidemiol 1995)
TOO_FEW_EVENTS = 5  # per parameter: below it no unpenalised model (Vittinghoff & McCulloch, Am J Epidemiol 2007)
NAN = float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """One row of a regression table: a ratio (hazard or odds) with limits. NaN = not estimable, ``note`` says why.

    ``level`` is compared with ``reference`` (levels), ``high`` with ``low`` (spline), or the ratio is per doubling or per ``step``.
    ``n``, ``events``: patients of the level, or all. The reference level has the value 1 and no limits.
    """

    covariate: str
    coding: Coding
    level: str
    reference: str
    low: float
    high: float
    step: float
    n: int
    events: int
    value: float
    ci_low: float
    ci_high: float
    p_value: float
    is_reference: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class TermTest:
    """Joint test of all coefficients of a covariate; ``nonlinearity``: p of a spline's bends (NaN without a spline)."""

    covariate: str
    statistic: float
    df: int
    p_value: float
    nonlinearity: float
    test: str


@dataclass(frozen=True, slots=True, eq=False)
class ModelData:
    """What a model was fitted to: complete patients only. ``rows``: their places in the frame that was given."""

    design: Design
    time: Floats
    event: Floats
    strata: npt.NDArray[np.object_] | None
    rows: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class CoxModel:
    """A Cox model. ``refused`` = why there is none ("" = there is one); the effects then hold numbers of patients only.

    ``missing``: patients without each variable, among those with the endpoint; ``n_missing``: left out for any. ``global_test``: all
    coefficients against none. ``separated``: covariates without a finite unpenalised estimate, fitted by Firth's method instead.
    ``coefficients``, ``covariance``: in the order of the design's columns.
    """

    effects: tuple[Effect, ...]
    tests: tuple[TermTest, ...]
    coefficients: Floats
    covariance: Floats
    global_test: LikelihoodRatio
    concordance: Concordance
    n: int
    events: int
    n_missing: int
    missing: tuple[tuple[str, int], ...]
    parameters: int
    events_per_parameter: float
    separated: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    data: ModelData
    method: str
    refused: str = ""
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per effect."""
        return effects_frame(self.effects)

    @property
    def linear_predictor(self) -> Floats:
        """One number per patient of ``data``: higher = earlier event."""
        found: Floats = self.data.design.x @ self.coefficients
        return found


def effects_frame(effects: Sequence[Effect]) -> pd.DataFrame:
    """One row per effect, with all its numbers."""
    names = [f for f in Effect.__dataclass_fields__ if f != "is_reference"]
    return pd.DataFrame([{name: getattr(effect, name) for name in names} for effect in effects], columns=names)


class Estimates(NamedTuple):
    """What effects are read from: the coefficients, their covariance, and profile limits (NaN: Wald's are used)."""

    coefficients: Floats
    covariance: Floats
    profile: FirthFit | None = None


def cox(
    frame: pd.DataFrame,
    *,
    time: str,
    event: str,
    covariates: Sequence[Covariate],
    strata: Sequence[str] = (),
    least_events: float = TOO_FEW_EVENTS,
    level: float = 0.95,
) -> CoxModel:
    """Cox model (Efron's ties, Wald limits) of ``covariates`` in the patients of ``frame`` that have all of them.

    ``time``: column with months; ``event``: 1 or True = event. ``strata``: columns of which every combination has its own baseline hazard.
    ``least_events`` per parameter, or no model and the reason. Where a covariate has no finite estimate because it separates the events,
    the whole model is fitted by Firth's method with profile limits and penalised likelihood-ratio tests, and says so. ValueError for an
    unknown column or a time that is negative.

    Cox, J R Stat Soc B 1972; Heinze & Schemper, Biometrics 2001.
    """
    complete, missing, n_missing = complete_cases(frame, [time, event], [*(c.name for c in covariates), *strata])
    made = design(complete, covariates)
    labels = _strata_labels(complete, strata)
    times, events = complete[time].to_numpy(dtype=np.float64), complete[event].to_numpy(dtype=np.float64)
    rows = np.asarray(complete.index, dtype=np.int64)
    data = ModelData(made, times, events, labels, rows)
    head = _Head(data, missing, n_missing, int(events.sum()))
    reason = refusal(made.parameters, len(times), head.events, least_events)
    if reason:
        return _refused(head, reason)
    fit = cox_fit(made.x, times, events, strata=labels)
    if not fit.notes:
        return _fitted(head, Estimates(fit.coefficients, fit.covariance), _ratio_test(fit), fit.method, level)
    if NO_MAXIMUM not in fit.notes:
        return _refused(head, _aliased(head.data) or "; ".join(fit.notes))
    return _penalised(head, level)


class _Head(NamedTuple):
    data: ModelData
    missing: tuple[tuple[str, int], ...]
    n_missing: int
    events: int


def complete_cases(
    frame: pd.DataFrame, outcome: Sequence[str], columns: Sequence[str]
) -> tuple[pd.DataFrame, tuple[tuple[str, int], ...], int]:
    """Patients with the outcome and every column; patients without each column (of those with the outcome); patients left out for any.

    The index of the result is the place in ``frame``. ValueError names columns that do not exist.
    """
    unknown = [name for name in [*outcome, *columns] if name not in frame]
    if unknown:
        raise ValueError(f"no such column: {', '.join(unknown)}")
    wanted = list(dict.fromkeys(columns))
    part = frame[[*dict.fromkeys(outcome), *(c for c in wanted if c not in outcome)]].reset_index(drop=True)
    part = part[part[list(outcome)].notna().all(axis=1)]
    absent = part[wanted].isna()
    return part[~absent.any(axis=1)], tuple((name, int(absent[name].sum())) for name in wanted), int(absent.any(axis=1).sum())


def refusal(parameters: int, n: int, events: int, least: float) -> str:
    """Why no unpenalised model is fitted, or ""."""
    if not n:
        return "no patient has all variables"
    if not parameters:
        return "no variable that differs between patients"
    if not events:
        return "no events"
    if events < least * parameters:
        return f"{events} events for {parameters} parameters: fewer than {least:g} per parameter, so estimates would be noise"
    return ""


def univariable(
    frame: pd.DataFrame,
    *,
    time: str,
    event: str,
    covariates: Sequence[Covariate],
    strata: Sequence[str] = (),
    progress: Callable[[float], None] | None = None,
) -> tuple[CoxModel, ...]:
    """One Cox model per covariate, each in the patients who have it. With one parameter few events are warned about, not refused."""
    found = []
    for k, covariate in enumerate(covariates):
        single = covariate.coding in ("doubling", "sd", "unit") or frame[covariate.name].nunique() <= 2
        least = 0.0 if single else TOO_FEW_EVENTS
        found.append(cox(frame, time=time, event=event, covariates=[covariate], strata=strata, least_events=least))
        if progress is not None:
            progress((k + 1) / len(covariates))
    return tuple(found)


def screened(models: Sequence[CoxModel], *, below: float = 0.2) -> tuple[str, ...]:
    """Covariates whose joint p in a model of their own is below a limit."""
    return tuple(test.covariate for model in models for test in model.tests if test.p_value < below)


# ---------------------------------------------------------------- effects


def effects_of(term: Term, estimates: Estimates, event: Floats, *, level: float = 0.95) -> tuple[Effect, ...]:
    """The rows of a covariate. A profile limit is used where a row stands on one coefficient only."""
    return tuple(_effect(term, row, estimates, event, level) for row in term.contrasts)


def _effect(term: Term, row: Contrast, estimates: Estimates, event: Floats, level: float) -> Effect:
    value = 1.0 if row.is_reference else NAN
    low = high = p = NAN
    columns = np.array(term.columns, dtype=np.int64)
    if not row.is_reference and len(estimates.coefficients):
        b = float(row.weights @ estimates.coefficients[columns])
        low_b, high_b, p = _limits(row, columns, estimates, b, level)
        value, low, high = _exp(b), _exp(low_b), _exp(high_b)
    counted = (int(row.member.sum()), int(event[row.member].sum()))
    names = (term.covariate.name, term.coding, row.level, term.reference)
    return Effect(*names, row.low, row.high, row.step, *counted, value, low, high, p, row.is_reference, "; ".join(term.notes))


def _limits(row: Contrast, columns: npt.NDArray[np.int64], estimates: Estimates, b: float, level: float) -> tuple[float, float, float]:
    """Limits of the log ratio and its p."""
    at = np.flatnonzero(row.weights)
    if estimates.profile is not None and len(at) == 1 and row.weights[at[0]] == 1.0:
        j, fit = int(columns[at[0]]), estimates.profile
        return float(fit.ci_low[j]), float(fit.ci_high[j]), float(fit.p_values[j])
    error = math.sqrt(float(row.weights @ estimates.covariance[np.ix_(columns, columns)] @ row.weights))
    z = normal_quantile(level)
    return b - z * error, b + z * error, 2 * float(ndtr(-abs(b) / error))


def _exp(value: float) -> float:
    with np.errstate(over="ignore"):
        return float(np.exp(value))


def term_test(term: Term, estimates: Estimates) -> TermTest:
    """Wald test of all coefficients of a covariate; of a single one by Firth's method its penalised likelihood-ratio test."""
    columns = np.array(term.columns, dtype=np.int64)
    name = term.covariate.name
    bends = _wald(estimates, columns[1:])[1] if term.coding == "spline" else NAN
    if estimates.profile is not None and len(columns) == 1:
        p = float(estimates.profile.p_values[columns[0]])
        return TermTest(name, NAN, 1, p, bends, "penalised likelihood ratio")
    statistic, p = _wald(estimates, columns)
    return TermTest(name, statistic, len(columns), p, bends, "Wald")


def _wald(estimates: Estimates, columns: npt.NDArray[np.int64]) -> tuple[float, float]:
    if not len(columns):
        return NAN, NAN
    b = estimates.coefficients[columns]
    statistic = float(b @ np.linalg.solve(estimates.covariance[np.ix_(columns, columns)], b))
    return statistic, float(chdtrc(len(columns), statistic))


# ---------------------------------------------------------------- the model


def _strata_labels(frame: pd.DataFrame, strata: Sequence[str]) -> npt.NDArray[np.object_] | None:
    if not strata:
        return None
    labels = frame[list(strata)].astype(str).agg("\u2009/\u2009".join, axis=1)
    return labels.to_numpy(dtype=object)


def _ratio_test(fit: CoxFit) -> LikelihoodRatio:
    df = len(fit.coefficients)
    statistic = max(2 * (fit.log_likelihood - fit.log_likelihood_null), 0.0)
    return LikelihoodRatio(statistic, df, float(chdtrc(df, statistic)), "likelihood ratio, all variables against none")


def _fitted(
    head: _Head, estimates: Estimates, test: LikelihoodRatio, method: str, level: float, separated: tuple[str, ...] = ()
) -> CoxModel:
    data = head.data
    effects = [e for term in data.design.terms for e in effects_of(term, estimates, data.event, level=level)]
    return CoxModel(
        effects=tuple(effects),
        tests=tuple(term_test(term, estimates) for term in data.design.terms),
        coefficients=estimates.coefficients,
        covariance=estimates.covariance,
        global_test=test,
        concordance=concordance_index(np.round(data.design.x @ estimates.coefficients, 10), data.time, data.event, strata=data.strata),
        n=len(data.time),
        events=head.events,
        n_missing=head.n_missing,
        missing=head.missing,
        parameters=data.design.parameters,
        events_per_parameter=head.events / data.design.parameters,
        separated=separated,
        left_out=data.design.left_out,
        data=data,
        method=method,
        notes=model_notes(head.events, data.design.parameters, separated),
    )


def model_notes(events: int, parameters: int, separated: Sequence[str]) -> tuple[str, ...]:
    """What a reader must know before believing a model."""
    found = []
    if events < FEW_EVENTS * parameters:
        found.append(f"{events / parameters:.1f} events per parameter: under {FEW_EVENTS}, estimates are unstable and too far from 1")
    if separated:
        found.append(f"{', '.join(separated)}: no finite estimate exists, so the model is fitted by Firth's method")
    return tuple(found)


def _refused(head: _Head, reason: str) -> CoxModel:
    data, k = head.data, head.data.design.parameters
    nothing = Estimates(np.empty(0), np.empty((0, 0)))
    effects = [e for term in data.design.terms for e in effects_of(term, nothing, data.event)]
    no_c = Concordance(NAN, NAN, NAN, NAN, 0, 0, 0, len(data.time), head.events, 0.95, np.full(len(data.time), NAN), notes=(reason,))
    return CoxModel(
        effects=tuple(effects),
        tests=(),
        coefficients=np.full(k, NAN),
        covariance=np.full((k, k), NAN),
        global_test=LikelihoodRatio(NAN, k, NAN, "likelihood ratio", (reason,)),
        concordance=no_c,
        n=len(data.time),
        events=head.events,
        n_missing=head.n_missing,
        missing=head.missing,
        parameters=k,
        events_per_parameter=head.events / k if k else NAN,
        separated=(),
        left_out=data.design.left_out,
        data=data,
        method="no model",
        refused=reason,
        notes=(reason,),
    )


def _penalised(head: _Head, level: float) -> CoxModel:
    """The model by Firth's method, columns scaled to standard deviation 1 for the search."""
    data = head.data
    x = data.design.x
    scale = x.std(axis=0)
    checked = survival_input(data.time, data.event)
    orders = risk_orders((x - x.mean(axis=0)) / scale, checked, data.strata)
    fit = firth_fit(partial(cox_point, orders), x.shape[1], level=level, method="Cox, Efron ties, Firth's penalty")
    if fit.notes:
        return _refused(head, "; ".join(fit.notes))
    null = cox_point(orders, np.zeros(x.shape[1])).value
    statistic = max(2 * (fit.log_likelihood - null), 0.0)
    test = LikelihoodRatio(
        statistic, x.shape[1], float(chdtrc(x.shape[1], statistic)), "penalised likelihood ratio, all variables against none"
    )
    fit = unscaled(fit, scale)
    return _fitted(head, Estimates(fit.coefficients, fit.covariance, fit), test, fit.method, level, _separating(data))


def unscaled(fit: FirthFit, scale: Floats) -> FirthFit:
    """The fit per unit of the covariates instead of per ``scale``."""
    k = len(fit.ci_low)
    covariance = fit.covariance / np.outer(scale, scale)
    limits = fit.ci_low / scale[:k], fit.ci_high / scale[:k]
    return FirthFit(fit.coefficients / scale, covariance, *limits, fit.p_values, fit.log_likelihood, fit.method, fit.notes)


def _separating(data: ModelData) -> tuple[str, ...]:
    """Covariates without which the model has a finite maximum; all when it takes several."""
    found = []
    for term in data.design.terms:
        others = [j for j in range(data.design.parameters) if j not in term.columns]
        if not others or not cox_fit(data.design.x[:, others], data.time, data.event, strata=data.strata).notes:
            found.append(term.covariate.name)
    return tuple(found) or tuple(term.covariate.name for term in data.design.terms)


def _aliased(data: ModelData) -> str:
    """The first covariate that the ones before it determine, in words; "" when there is none."""
    x = data.design.x - data.design.x.mean(axis=0)
    x = x / np.maximum(x.std(axis=0), 1e-300)
    for term in data.design.terms:
        upto = x[:, : max(term.columns) + 1]
        if np.linalg.matrix_rank(upto, tol=1e-8 * math.sqrt(len(x))) < upto.shape[1]:
            return f"{term.covariate.name} is determined by the other variables: leave one of them out"
    return ""
