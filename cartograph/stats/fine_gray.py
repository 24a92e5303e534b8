"""Fine and Gray's regression of the subdistribution hazard, with the cause-specific Cox model beside it.

The first asks who has the event of interest by a given time, the second who has it next among those still at risk. Both are shown, because
a factor that hastens death lowers the first without touching the second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr

from cartograph.stats.competing import CompetingInput, competing_input
from cartograph.stats.continuous import cox_fit
from cartograph.stats.hazard import HazardRatio
from cartograph.stats.results import Floats
from cartograph.stats.survival import normal_quantile
from cartograph.stats.times import Indices

NAN = float("nan")
TOLERANCE = 1e-11  # of a step, in standard deviations of the covariates
MAX_STEPS = 60
LONGEST_STEP = 3.0
FLAT = 1e-9  # share of the information at zero below which the likelihood has no top in sight
METHOD = "Fine-Gray, Breslow ties, inverse probability of censoring weights, robust variance (as cmprsk::crr)"
NO_EVENTS = "no events of this cause"
SAME_VALUE = "a covariate is the same in all patients or follows from the others"
NOT_TOGETHER = "the covariates do not differ between patients who are at risk at the same time"
NO_MAXIMUM = "the covariates put the events in order without exception, so the hazard ratio has no finite value"


@dataclass(frozen=True, slots=True, eq=False)
class FineGray:
    """Hazard ratios of one cause per unit of each of k covariates (True against False for a binary one).

    ``subdistribution``: effect on the cumulative incidence; ``cause_specific``: effect on the hazard among those still free of any event
    (Cox, Efron ties, other causes censored); one entry per covariate each. ``coefficients``, ``covariance``: log subdistribution hazard
    ratios (k) and their robust covariance (k x k). ``events``: of the cause; ``competing_events``: of all others. NaN and a note when a
    model has no estimate.
    """

    cause: int
    covariates: tuple[str, ...]
    subdistribution: tuple[HazardRatio, ...]
    cause_specific: tuple[HazardRatio, ...]
    coefficients: Floats
    covariance: Floats
    log_likelihood: float
    log_likelihood_null: float
    n: int
    events: int
    competing_events: int
    level: float
    method: str = METHOD
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per covariate and model: covariate, model, hazard_ratio, ci_low, ci_high, p_value, method."""
        models = [("subdistribution", self.subdistribution), ("cause-specific", self.cause_specific)]
        rows = [(name, words, r) for i, name in enumerate(self.covariates) for words, r in ((w, found[i]) for w, found in models)]
        columns = ["covariate", "model", "hazard_ratio", "ci_low", "ci_high", "p_value", "method"]
        return pd.DataFrame([(name, words, r.value, r.ci_low, r.ci_high, r.p_value, r.method) for name, words, r in rows], columns=columns)


def fine_gray(
    time: npt.ArrayLike, cause: npt.ArrayLike, covariates: npt.ArrayLike | pd.DataFrame, *, of: int = 1, level: float = 0.95
) -> FineGray:
    """Proportional subdistribution hazards (Fine & Gray, J Am Stat Assoc 1999).

    ``time``: months to the first event or to censoring; ``cause``: 0 = censored, 1, 2 ... = what happened; ``of``: the cause of interest;
    ``covariates``: one number per patient (a binary one: True or False), or a table with one column per covariate. ValueError for missing
    values, unequal lengths and codes that are no causes.

    Patients with another event stay at risk with weight G(t-) / G(T-), G the Kaplan-Meier curve of censoring. Follows R's ``cmprsk::crr``
    at ties: somebody with an event is still at risk of being censored at that time. (``survival::finegray`` takes them out first, so its
    coefficients differ in the fourth decimal when events and censorings share times.)
    """
    data = competing_input(time, cause)
    x, names = _design(covariates, len(data.time))
    if of < 1:
        raise ValueError(f"of must be a cause, 1 or more; got {of}")
    own = data.cause == of
    fit = _fit(data, x, own)
    n, events, others = len(own), int(own.sum()), int(((data.cause > 0) & ~own).sum())
    z = normal_quantile(level)
    specific = cox_fit(x, data.time, own)
    reasons = specific.notes
    return FineGray(
        cause=of,
        covariates=names,
        subdistribution=_ratios(fit.beta, fit.covariance, z, (METHOD, n, events, fit.notes)),
        cause_specific=_ratios(specific.coefficients, specific.covariance, z, (f"cause-specific {specific.method}", n, events, reasons)),
        coefficients=fit.beta,
        covariance=fit.covariance,
        log_likelihood=fit.value,
        log_likelihood_null=fit.null,
        n=n,
        events=events,
        competing_events=others,
        level=level,
        notes=fit.notes,
    )


def _design(covariates: npt.ArrayLike | pd.DataFrame, n: int) -> tuple[Floats, tuple[str, ...]]:
    x = np.asarray(covariates, dtype=np.float64)
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim != 2 or len(x) != n or not x.shape[1] or not np.isfinite(x).all():
        raise ValueError(f"covariates must be finite numbers, one row for each of the {n} patients; got shape {x.shape}")
    if isinstance(covariates, pd.DataFrame):
        return x, tuple(str(name) for name in covariates.columns)
    return x, tuple(f"covariate {i + 1}" for i in range(x.shape[1]))


def _ratios(beta: Floats, covariance: Floats, z: float, about: tuple[str, int, int, tuple[str, ...]]) -> tuple[HazardRatio, ...]:
    """``about``: method, patients, events and notes of the model."""
    method, n, events, notes = about
    found = []
    for b, variance in zip(beta.tolist(), np.diag(covariance).tolist(), strict=True):
        error = math.sqrt(variance) if variance > 0 else NAN
        with np.errstate(over="ignore"):
            ratio, low, high = np.exp([b, b - z * error, b + z * error]).tolist()
        p = 2 * float(ndtr(-abs(b) / error)) if error > 0 else NAN
        found.append(HazardRatio(ratio, low, high, p, "Wald", method, n, events, notes))
    return tuple(found)


class _Fit(NamedTuple):
    beta: Floats
    covariance: Floats
    value: float
    null: float
    notes: tuple[str, ...] = ()


class _Sorted(NamedTuple):
    """Patients in order of time, and the distinct event times of the cause.

    ``free``: G just before each patient's time; ``first``: position of each event time in the patients' order; ``passed``: number of event
    times up to each patient's time (included).
    """

    x: Floats
    time: Floats
    own: npt.NDArray[np.bool_]
    other: npt.NDArray[np.bool_]
    censored: npt.NDArray[np.bool_]
    free: Floats
    first: Indices
    tied: Floats
    free_at: Floats
    passed: Indices


def _sort(data: CompetingInput, x: Floats, own: npt.NDArray[np.bool_]) -> _Sorted:
    order = np.argsort(data.time, kind="stable")
    time, own, cause = data.time[order], own[order], data.cause[order]
    distinct, start, place = np.unique(time, return_index=True, return_inverse=True)
    at_risk = len(time) - start
    leaving = np.bincount(place, weights=cause == 0, minlength=len(distinct))
    free = np.r_[1.0, np.cumprod(1.0 - leaving / at_risk)[:-1]]
    events = np.bincount(place, weights=own, minlength=len(distinct)).astype(np.float64)
    used = events > 0
    passed = np.cumsum(used).astype(np.int64)[place]
    other = (cause > 0) & ~own
    return _Sorted(x[order], time, own, other, cause == 0, free[place], start[used], events[used], free[used], passed)


class _Risk(NamedTuple):
    """Partial likelihood at ``beta``: each patient's weight, and at each event time the weighted sum of weights and the mean covariates."""

    value: float
    score: Floats
    information: Floats
    weight: Floats
    total: Floats
    mean: Floats


def _risk(s: _Sorted, beta: Floats) -> _Risk:
    """Score and information; at each event time those still at risk count fully, those with another event before it by ``free``."""
    k = s.x.shape[1]
    upper = np.triu_indices(k)
    linear = s.x @ beta
    top = float(linear.max())
    weight = np.exp(linear - top)
    moments = np.column_stack([np.ones(len(s.x)), s.x, s.x[:, upper[0]] * s.x[:, upper[1]]]) * weight[:, None]
    still = np.cumsum(moments[::-1], axis=0)[::-1][s.first]
    gone = np.cumsum(moments * (s.other / s.free)[:, None], axis=0)
    gone = np.vstack([np.zeros(moments.shape[1]), gone])[s.first]  # those before the event time
    total = still + s.free_at[:, None] * gone
    mean = total[:, 1:] / total[:, :1]
    value = float(linear[s.own].sum() - s.tied @ (np.log(total[:, 0]) + top))
    score = s.x[s.own].sum(axis=0) - s.tied @ mean[:, :k]
    square = np.zeros((k, k))
    square[upper] = s.tied @ mean[:, k:]
    information = square + np.triu(square, 1).T - (mean[:, :k].T * s.tied) @ mean[:, :k]
    return _Risk(value, score, information, weight, total[:, 0], mean[:, :k])


def _fit(data: CompetingInput, x: Floats, own: npt.NDArray[np.bool_]) -> _Fit:
    """Newton's method on centred, orthogonal covariates, so that the fit does not depend on their units."""
    n, k = x.shape
    if not own.any():
        return _none(k, 0.0 if n else NAN, NO_EVENTS if n else "no patients")
    q, r = np.linalg.qr(x - x.mean(axis=0))
    if n < k or (np.abs(np.diag(r)) <= 1e-10 * np.maximum(np.abs(x).max(axis=0), 1e-300) * math.sqrt(n)).any():
        return _none(k, NAN, SAME_VALUE)
    s = _sort(data, q * math.sqrt(n), own)
    start = _risk(s, np.zeros(k))
    beta, here, reason = _newton(s, start)
    if reason:
        return _none(k, start.value, reason)
    back = np.linalg.inv(r / math.sqrt(n))
    bread = np.linalg.inv(here.information)
    influence = _influence(s, here) @ bread @ back.T
    return _Fit(back @ beta, influence.T @ influence, here.value, start.value)


def _none(k: int, null: float, reason: str) -> _Fit:
    return _Fit(np.full(k, np.nan), np.full((k, k), np.nan), NAN, null, (reason,))


def _newton(s: _Sorted, start: _Risk) -> tuple[Floats, _Risk, str]:
    """The maximum, or the reason why there is none. Steps are halved until the likelihood rises."""
    beta, here = np.zeros(len(start.score)), start
    floor = float(np.linalg.eigvalsh(start.information)[0])
    if floor <= 1e-10:
        return beta, here, NOT_TOGETHER
    for _ in range(MAX_STEPS):
        if float(np.linalg.eigvalsh(here.information)[0]) <= FLAT * floor:
            break
        step = np.linalg.solve(here.information, here.score)
        length = float(np.abs(step).max())
        step = step * min(1.0, LONGEST_STEP / length) if length else step
        there = _risk(s, beta + step)
        while there.value < here.value - 1e-9 * abs(here.value) and np.abs(step).max() > TOLERANCE:
            step = step / 2
            there = _risk(s, beta + step)
        beta, here = beta + step, there
        if length <= TOLERANCE * max(1.0, float(np.abs(beta).max())):
            return beta, here, ""
    return beta, here, NO_MAXIMUM


def _influence(s: _Sorted, fit: _Risk) -> Floats:
    """What each patient adds to the score (n x k), the estimation of the censoring curve included: eta + psi of Fine & Gray, section 5.

    Sums over event times up to a patient's own (``early``) and from there on, weighted by G (``late``), serve all patients at once.
    """
    top = float(np.log(np.maximum(fit.total, 1e-300)).max())  # keeps the quotients in range
    jump = s.tied / (fit.total * math.exp(-top))
    hazard = np.column_stack([jump, jump[:, None] * fit.mean])
    nothing = np.zeros(hazard.shape[1])
    early = np.vstack([nothing, np.cumsum(hazard, axis=0)])[s.passed]
    weighted = hazard * s.free_at[:, None]
    late = np.vstack([np.cumsum(weighted[::-1], axis=0)[::-1], nothing])
    after = late[s.passed] * (s.other / s.free)[:, None]
    own = early + after
    relative = fit.weight * math.exp(-top)
    eta = -relative[:, None] * (s.x * own[:, :1] - own[:, 1:])
    eta[s.own] += s.x[s.own] - fit.mean[s.passed[s.own] - 1]
    return eta + _censoring(s, relative, late)


def _censoring(s: _Sorted, relative: Floats, late: Floats) -> Floats:
    """psi: how the score moves because the weights use an estimated censoring curve (n x k).

    ``pull`` at a censoring time u: patients with another event before u, with the event times from u on.
    """
    _, start, place = np.unique(s.time, return_index=True, return_inverse=True)
    kept = relative * s.other / s.free
    before = np.vstack([np.zeros(1 + s.x.shape[1]), np.cumsum(np.column_stack([kept, kept[:, None] * s.x]), axis=0)])[start]
    ahead = late[np.searchsorted(s.first, start)]
    pull = before[:, 1:] * ahead[:, :1] - before[:, :1] * ahead[:, 1:]
    at_risk = len(s.time) - start
    leaving = np.bincount(place, weights=s.censored, minlength=len(start))
    spent = np.cumsum(pull * (leaving / at_risk**2)[:, None], axis=0)
    return s.censored[:, None] * (pull / at_risk[:, None])[place] - spent[place]
