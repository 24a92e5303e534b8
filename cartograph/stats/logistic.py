"""Logistic regression of a yes-or-no outcome: odds ratios with limits, Firth's method where a covariate separates the outcome."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import chdtrc, expit, log_expit

from cartograph.stats.continuous import LikelihoodRatio
from cartograph.stats.design import Covariate, Design, design
from cartograph.stats.firth import FirthFit, Point, firth_fit
from cartograph.stats.regression import (
    TOO_FEW_EVENTS,
    Effect,
    Estimates,
    TermTest,
    complete_cases,
    effects_frame,
    effects_of,
    model_notes,
    refusal,
    term_test,
    unscaled,
)
from cartograph.stats.results import Floats
from cartograph.stats.times import Indices

MAX_STEPS = 60
TOLERANCE = 1e-11
FURTHEST = 30.0  # of a log odds: a fit that gets there separates the outcome
NAN = float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class LogisticModel:
    """A logistic model. ``refused`` = why there is none; effects then hold numbers of patients only.

    ``events``: patients with the outcome; ``events_per_parameter`` counts the rarer of with and without. ``coefficients``: log odds ratios
    in the order of the design's columns, without the intercept. ``rows``: places of the patients in the frame. Else as ``CoxModel``.
    """

    effects: tuple[Effect, ...]
    tests: tuple[TermTest, ...]
    coefficients: Floats
    covariance: Floats
    global_test: LikelihoodRatio
    n: int
    events: int
    n_missing: int
    missing: tuple[tuple[str, int], ...]
    parameters: int
    events_per_parameter: float
    separated: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    design: Design
    rows: Indices
    method: str
    refused: str = ""
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per effect."""
        return effects_frame(self.effects)


class _Head(NamedTuple):
    made: Design
    y: Floats
    rows: Indices
    missing: tuple[tuple[str, int], ...]
    n_missing: int

    @property
    def events(self) -> int:
        return int(self.y.sum())

    @property
    def rarer(self) -> int:
        return min(self.events, len(self.y) - self.events)


def logistic(
    frame: pd.DataFrame, *, outcome: str, covariates: Sequence[Covariate], least_events: float = TOO_FEW_EVENTS, level: float = 0.95
) -> LogisticModel:
    """Odds ratios (maximum likelihood, Wald limits; R: ``glm(outcome ~ ., binomial)``) in the patients who have everything.

    ``outcome``: column of 1 or True = yes, 0 = no. ``least_events``: of the rarer answer per parameter, or no model and the reason.
    Where a covariate separates yes from no the whole model is fitted by Firth's method with profile limits. ValueError for another code
    and for unknown columns.

    Heinze & Schemper, Stat Med 2002.
    """
    complete, missing, n_missing = complete_cases(frame, [outcome], [c.name for c in covariates])
    y = complete[outcome].to_numpy(dtype=np.float64)
    if not np.isin(y, (0.0, 1.0)).all():
        raise ValueError(f"{outcome} must be 1 (yes) or 0 (no) for every patient")
    made = design(complete, covariates)
    head = _Head(made, y, np.asarray(complete.index, dtype=np.int64), missing, n_missing)
    reason = refusal(made.parameters, len(y), head.events, 0.0) or _few(head, least_events)
    if reason:
        return _refused(head, reason)
    spread = made.x.std(axis=0)
    x = np.column_stack([(made.x - made.x.mean(axis=0)) / spread, np.ones(len(y))])
    if np.linalg.matrix_rank(x, tol=1e-8 * math.sqrt(len(y))) < x.shape[1]:
        return _refused(head, "a variable is determined by the others: leave one of them out")
    fit = _maximum(x, y)
    if fit is None:
        return _penalised(head, x, spread, level)
    k = made.parameters
    covariance = np.linalg.inv(_information(x, fit))[:k, :k] / np.outer(spread, spread)
    statistic = max(2 * (_log_likelihood(x, y, fit) - _null(y)), 0.0)
    test = LikelihoodRatio(statistic, k, float(chdtrc(k, statistic)), "likelihood ratio, all variables against none")
    return _fitted(head, Estimates(fit[:k] / spread, covariance), test, ("logistic, maximum likelihood", level))


def univariable_logistic(frame: pd.DataFrame, *, outcome: str, covariates: Sequence[Covariate]) -> tuple[LogisticModel, ...]:
    """One model per covariate, each in the patients who have it; with one parameter few events are warned about, not refused."""
    found = []
    for covariate in covariates:
        single = covariate.coding in ("doubling", "sd", "unit") or frame[covariate.name].nunique() <= 2
        found.append(logistic(frame, outcome=outcome, covariates=[covariate], least_events=0.0 if single else TOO_FEW_EVENTS))
    return tuple(found)


def _few(head: _Head, least: float) -> str:
    if head.rarer < least * head.made.parameters:
        return f"{head.rarer} patients with the rarer answer for {head.made.parameters} parameters: fewer than {least:g} per parameter"
    return "" if head.rarer else "every patient has the same outcome"


# ---------------------------------------------------------------- maximum likelihood


def _log_likelihood(x: Floats, y: Floats, beta: Floats) -> float:
    linear = x @ beta
    return float((y * log_expit(linear) + (1 - y) * log_expit(-linear)).sum())


def _null(y: Floats) -> float:
    share = float(y.mean())
    return len(y) * (share * math.log(share) + (1 - share) * math.log(1 - share))


def _information(x: Floats, beta: Floats) -> Floats:
    p = expit(x @ beta)
    found: Floats = (x * (p * (1 - p))[:, None]).T @ x
    return found


def _maximum(x: Floats, y: Floats) -> Floats | None:
    """Newton's method with halved steps; None where the likelihood keeps rising."""
    beta = np.zeros(x.shape[1])
    here = _log_likelihood(x, y, beta)
    for _ in range(MAX_STEPS):
        information = _information(x, beta)
        if np.abs(x @ beta).max() > FURTHEST or np.linalg.eigvalsh(information)[0] < 1e-9 * len(y):
            return None
        step = np.linalg.solve(information, x.T @ (y - expit(x @ beta)))
        there = _log_likelihood(x, y, beta + step)
        while there < here - 1e-12 * abs(here) and np.abs(step).max() > TOLERANCE:
            step = step / 2
            there = _log_likelihood(x, y, beta + step)
        beta, here = beta + step, there
        if np.abs(step).max() <= TOLERANCE * max(1.0, float(np.abs(beta).max())):
            return beta
    return None


# ---------------------------------------------------------------- Firth's penalty


def logistic_point(x: Floats, y: Floats, beta: Floats) -> Point:
    """Penalised log-likelihood at ``beta`` (the intercept is one of the columns of ``x``)."""
    p = expit(x @ beta)
    weight = p * (1 - p)
    information = (x * weight[:, None]).T @ x
    sign, log_det = np.linalg.slogdet(information)
    if sign <= 0:
        return Point(-math.inf, np.zeros(len(beta)), information)
    hat = weight * np.einsum("ij,jk,ik->i", x, np.linalg.inv(information), x)
    return Point(_log_likelihood(x, y, beta) + log_det / 2, x.T @ (y - p + hat * (0.5 - p)), information)


def _penalised(head: _Head, x: Floats, spread: Floats, level: float) -> LogisticModel:
    k = head.made.parameters
    fit = firth_fit(partial(logistic_point, x, head.y), k + 1, wanted=k, level=level, method="logistic, Firth's penalty")
    if fit.notes:
        return _refused(head, "; ".join(fit.notes))
    only = firth_fit(partial(logistic_point, x[:, k:], head.y), 1, wanted=0)
    penalty_gap = _penalty_of_none(x, head.y, only)
    statistic = max(2 * (fit.log_likelihood - penalty_gap), 0.0)
    test = LikelihoodRatio(statistic, k, float(chdtrc(k, statistic)), "penalised likelihood ratio, all variables against none")
    part = FirthFit(fit.coefficients[:k], fit.covariance[:k, :k], fit.ci_low, fit.ci_high, fit.p_values, fit.log_likelihood, fit.method)
    part = unscaled(part, spread)
    return _fitted(head, Estimates(part.coefficients, part.covariance, part), test, (fit.method, level), _separating(head))


def _penalty_of_none(x: Floats, y: Floats, only: FirthFit) -> float:
    """The penalised likelihood of the whole model where all coefficients but the intercept are 0."""
    beta = np.zeros(x.shape[1])
    beta[-1] = only.coefficients[0]
    return logistic_point(x, y, beta).value


def _separating(head: _Head) -> tuple[str, ...]:
    """Covariates without which the maximum is finite; all when it takes several."""
    names, found = [term.covariate.name for term in head.made.terms], []
    for term in head.made.terms:
        others = [j for j in range(head.made.parameters) if j not in term.columns]
        rest = np.column_stack([head.made.x[:, others], np.ones(len(head.y))])
        rest[:, :-1] = (rest[:, :-1] - rest[:, :-1].mean(axis=0)) / rest[:, :-1].std(axis=0)
        if _maximum(rest, head.y) is not None:
            found.append(term.covariate.name)
    return tuple(found or names)


# ---------------------------------------------------------------- results


def _fitted(
    head: _Head, estimates: Estimates, test: LikelihoodRatio, how: tuple[str, float], separated: tuple[str, ...] = ()
) -> LogisticModel:
    method, level = how
    effects = [e for term in head.made.terms for e in effects_of(term, estimates, head.y, level=level)]
    return LogisticModel(
        effects=tuple(effects),
        tests=tuple(term_test(term, estimates) for term in head.made.terms),
        coefficients=estimates.coefficients,
        covariance=estimates.covariance,
        global_test=test,
        n=len(head.y),
        events=head.events,
        n_missing=head.n_missing,
        missing=head.missing,
        parameters=head.made.parameters,
        events_per_parameter=head.rarer / head.made.parameters,
        separated=separated,
        left_out=head.made.left_out,
        design=head.made,
        rows=head.rows,
        method=method,
        notes=model_notes(head.rarer, head.made.parameters, separated),
    )


def _refused(head: _Head, reason: str) -> LogisticModel:
    k = head.made.parameters
    nothing = Estimates(np.empty(0), np.empty((0, 0)))
    return LogisticModel(
        effects=tuple(e for term in head.made.terms for e in effects_of(term, nothing, head.y)),
        tests=(),
        coefficients=np.full(k, NAN),
        covariance=np.full((k, k), NAN),
        global_test=LikelihoodRatio(NAN, k, NAN, "likelihood ratio", (reason,)),
        n=len(head.y),
        events=head.events,
        n_missing=head.n_missing,
        missing=head.missing,
        parameters=k,
        events_per_parameter=head.rarer / k if k else NAN,
        separated=(),
        left_out=head.made.left_out,
        design=head.made,
        rows=head.rows,
        method="no model",
        refused=reason,
        notes=(reason,),
    )
