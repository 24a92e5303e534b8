"""A marker kept continuous: Cox model with a straight line and with a natural cubic spline, and what a split loses against it.

The Cox fit for a few covariates is a Newton solver of its own because lifelines stops early (p values off near 1e-6).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import chdtrc, ndtr

from cartograph.stats.compare import by_stratum
from cartograph.stats.concordance import Concordance, ConcordanceDifference, concordance_difference, concordance_index
from cartograph.stats.hazard import HazardRatio
from cartograph.stats.results import Floats
from cartograph.stats.survival import normal_quantile
from cartograph.stats.times import Indices, SurvivalInput, survival_input

Scale = Literal["doubling", "sd", "unit"]
KNOTS = {3: (0.1, 0.5, 0.9), 4: (0.05, 0.35, 0.65, 0.95), 5: (0.05, 0.275, 0.5, 0.725, 0.95)}  # Harrell's usual quantiles
GRID = 101  # values at which the curve is given
FEW_EVENTS = 10  # per parameter: below it estimates are said to be unstable
TOO_FEW_EVENTS = 5  # per parameter of the spline: below it no spline
TOLERANCE = 1e-10  # of a step, in standard deviations of the covariates
MAX_STEPS = 60
FLAT = 1e-9  # share of the information at zero below which the likelihood has no top in sight
NAN = float("nan")
CONSTANT = "the marker has the same value in all patients"
DEPENDENT = "too few different values to tell the covariates apart"
NOT_TOGETHER = "the marker does not differ between patients who are at risk at the same time"
NO_MAXIMUM = "the marker puts the events in order without exception, so the hazard ratio has no finite value"


@dataclass(frozen=True, slots=True, eq=False)
class CoxFit:
    """Maximum of the Cox partial likelihood (Efron's ties) for k covariates. NaN and a note when there is none.

    ``coefficients``: k log hazard ratios per unit; ``covariance``: k x k, inverse information; ``score``: k slopes of the log-likelihood
    where all coefficients are 0 (their sign is the direction of the effect, even without a finite maximum).
    """

    coefficients: Floats
    covariance: Floats
    score: Floats
    log_likelihood: float
    log_likelihood_null: float
    n: int
    events: int
    method: str = "Cox, Efron ties"
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per covariate: coefficient, std_error, hazard_ratio."""
        return pd.DataFrame(
            {
                "coefficient": self.coefficients,
                "std_error": np.sqrt(np.diag(self.covariance)),
                "hazard_ratio": np.exp(self.coefficients),
            }
        )


@dataclass(frozen=True, slots=True, eq=False)
class LikelihoodRatio:
    """Likelihood-ratio test of one Cox model inside another. NaN and a note when one of the two has no estimate."""

    statistic: float
    df: int
    p_value: float
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row: statistic, df, p_value, method."""
        return pd.DataFrame([{name: getattr(self, name) for name in ("statistic", "df", "p_value", "method")}])


@dataclass(frozen=True, slots=True, eq=False)
class EffectCurve:
    """Hazard over a grid of marker values, against ``reference`` (the curve is 1 there). NaN = not estimable.

    ``value``: marker values, ascending; all others are hazard ratios with pointwise limits: of the straight line and of the spline.
    """

    reference: float
    value: Floats
    line: Floats
    line_low: Floats
    line_high: Floats
    spline: Floats
    spline_low: Floats
    spline_high: Floats
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per value: value, reference, hazard ratio and limits of the line and of the spline."""
        names = ["line", "line_low", "line_high", "spline", "spline_low", "spline_high"]
        return pd.DataFrame({"value": self.value, "reference": self.reference, **{name: getattr(self, name) for name in names}})


@dataclass(frozen=True, slots=True, eq=False)
class ContinuousEffect:
    """What a marker that is not cut says about an endpoint.

    ``scale``: what the hazard ratio of ``line`` is per: "doubling" of the marker, one standard deviation ("sd") or one unit; ``step`` is
    that distance on the marker (NaN for a doubling). ``line_test``: line against no marker; ``nonlinearity``: spline against line.
    ``knots``: marker values where the spline's pieces meet, empty = no spline and ``nonlinearity`` says why. ``c_line``, ``c_spline``:
    concordance of the two scores in the patients they were fitted to.
    """

    line: HazardRatio
    scale: Scale
    step: float
    line_test: LikelihoodRatio
    nonlinearity: LikelihoodRatio
    knots: Floats
    curve: EffectCurve
    c_line: Concordance
    c_spline: Concordance
    n: int
    events: int
    level: float
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """The curve: one row per marker value, see ``EffectCurve.to_frame``."""
        return self.curve.to_frame()


@dataclass(frozen=True, slots=True, eq=False)
class SplitCost:
    """The same marker cut at ``cutoff`` against the straight line.

    ``c_split``: concordance of high against low; ``difference``: C of the line minus C of the split (positive = the split loses);
    ``split_test``: likelihood-ratio test of the split; ``n_high``, ``n_low``: patients above, and at or below.
    """

    cutoff: float
    n_low: int
    n_high: int
    c_line: Concordance
    c_split: Concordance
    difference: ConcordanceDifference
    split_test: LikelihoodRatio
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Three rows: C of the marker kept continuous, C of the split, their difference; with value, std_error, ci_low, ci_high."""
        rows = [("continuous", self.c_line), ("split", self.c_split), ("difference", self.difference)]
        names = ["value", "std_error", "ci_low", "ci_high"]
        return pd.DataFrame([{"score": words, **{name: getattr(found, name) for name in names}} for words, found in rows])


def continuous_effect(
    value: npt.ArrayLike,
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    *,
    log2: bool = True,
    knots: int = 4,
    strata: npt.ArrayLike | None = None,
    per: Literal["sd", "unit"] = "sd",
    reference: float | None = None,
) -> ContinuousEffect:
    """Effect of a marker without cutting it: hazard ratio per doubling (line), natural cubic spline, tests, concordance.

    ``value``: one number per patient; ``time``: months; ``event``: True = event; ``strata``: a baseline hazard for each label.
    ``log2``: line and spline of log2(value); where a value is 0 or less no logarithm exists and ``per`` counts, which is said.
    ``per``: without logarithm, HR per standard deviation or per unit. ``knots``: 3, 4 or 5, at Harrell's quantiles (10/50/90 %,
    5/35/65/95 %, 5/27.5/50/72.5/95 %), so 2 to 4 degrees of freedom. ``reference``: marker value with hazard ratio 1, default the median.
    ValueError for missing values, unequal lengths and other ``knots``. Limits are 95 %.

    Therneau & Grambsch, Modeling Survival Data, 2000; Harrell, Regression Modeling Strategies, 2015, section 2.4.
    """
    data = survival_input(time, event)
    values = _checked(value, len(data.time))
    if knots not in KNOTS:
        raise ValueError(f"knots must be 3, 4 or 5; got {knots}")
    axis = _axis(values, log2=log2, per=per)
    x = axis.of(values)
    line = cox_fit(x[:, None], data.time, data.event, strata=strata)
    places, reason = _knots(x, knots, int(data.event.sum()))
    basis = natural_spline(x, places) if len(places) else np.empty((len(x), 0))
    spline = cox_fit(basis, data.time, data.event, strata=strata) if len(places) else _no_fit(np.zeros(0), NAN, data, reason)
    fits = _Fits(axis, places, line, spline)
    at = float(np.median(values)) if reference is None and len(values) else NAN if reference is None else float(reference)
    return ContinuousEffect(
        line=_line_ratio(line, axis.scale),
        scale=axis.scale,
        step=axis.step,
        line_test=_likelihood_ratio(line, None, "likelihood ratio, line against no marker"),
        nonlinearity=_likelihood_ratio(spline, line, "likelihood ratio, spline against line"),
        knots=axis.back(places) if not spline.notes else np.empty(0),
        curve=_curve(fits, values, at),
        c_line=concordance_index(np.sign(line.score[0]) * values, data.time, data.event, strata=strata),
        c_spline=_spline_concordance(spline, basis, data, strata),
        n=len(values),
        events=line.events,
        level=0.95,
        method=f"{line.method}, Wald limits; natural cubic spline",
        notes=_notes(line.events, axis, log2=log2, df=0 if spline.notes else len(spline.coefficients)),
    )


def split_cost(
    effect: ContinuousEffect,
    value: npt.ArrayLike,
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    cutoff: float,
    *,
    strata: npt.ArrayLike | None = None,
) -> SplitCost:
    """What is lost when the marker of ``effect`` is cut: high is ``value > cutoff``. The same patients in the same order as in ``effect``.

    C of a split counts every pair inside a group as a tie. C values are apparent (same patients): a cutoff that was searched in these
    patients flatters the split, so the cost is then understated.
    """
    data = survival_input(time, event)
    values = _checked(value, len(data.time))
    high = (values > cutoff).astype(np.float64)
    fit = cox_fit(high[:, None], data.time, data.event, strata=strata)
    c_split = concordance_index(np.sign(fit.score[0]) * high, data.time, data.event, strata=strata)
    n_high = int(high.sum())
    empty = () if 0 < n_high < len(high) else ("nobody is on one side of the cutoff: it splits nothing",)
    return SplitCost(
        cutoff=float(cutoff),
        n_low=len(high) - n_high,
        n_high=n_high,
        c_line=effect.c_line,
        c_split=c_split,
        difference=concordance_difference(effect.c_line, c_split),
        split_test=_likelihood_ratio(fit, None, "likelihood ratio, split against no marker"),
        method="Harrell's C, jackknife limits; difference within the same patients",
        notes=empty,
    )


def cox_fit(design: npt.ArrayLike, time: npt.ArrayLike, event: npt.ArrayLike, *, strata: npt.ArrayLike | None = None) -> CoxFit:
    """Cox model by Newton's method with Efron's ties (R: coxph). For a few covariates: time and memory grow with their square.

    ``design``: n x k numbers; ``time``, ``event``: as in ``continuous_effect``. Covariates are centred and made orthogonal for the
    fit, so it does not depend on their units. Cox, J R Stat Soc B 1972; Efron, J Am Stat Assoc 1977.
    """
    data = survival_input(time, event)
    x = np.asarray(design, dtype=np.float64)
    if x.ndim != 2 or len(x) != len(data.time) or not np.isfinite(x).all():
        raise ValueError(f"design must be one row of finite numbers for each of the {len(data.time)} patients; got shape {x.shape}")
    codes = by_stratum(np.zeros(len(x), dtype=np.int64), strata)
    if not data.event.any():
        return _no_fit(np.zeros(x.shape[1]), 0.0, data, "no events" if len(x) else "no patients", strata=len(codes))
    q, r = np.linalg.qr(x - x.mean(axis=0))
    spread = np.abs(np.diag(r))
    if len(x) < x.shape[1] or (spread <= 1e-10 * np.maximum(np.abs(x).max(axis=0), 1e-300) * math.sqrt(len(x))).any():
        return _no_fit(np.zeros(x.shape[1]), NAN, data, CONSTANT if x.shape[1] == 1 else DEPENDENT, strata=len(codes))
    sets = [_ordered(q[inside] * math.sqrt(len(x)), data, inside) for inside in (c >= 0 for c in codes)]
    top = _maximum(sets, x.shape[1])
    turn = r / math.sqrt(len(x))  # from orthogonal covariates back to those asked for
    score = turn.T @ top.start.score
    if top.reason:
        return _no_fit(score, top.start.value, data, top.reason, strata=len(codes))
    back = np.linalg.inv(turn)
    covariance = back @ np.linalg.inv(top.end.information) @ back.T
    method = "Cox, Efron ties" + (", stratified" if len(codes) > 1 else "")
    return CoxFit(back @ top.beta, covariance, score, top.end.value, top.start.value, len(x), int(data.event.sum()), method)


def natural_spline(x: npt.ArrayLike, knots: npt.ArrayLike) -> Floats:
    """Restricted cubic spline basis: n x (k - 1), first ``x`` itself, then k - 2 columns; straight outside the outer knots.

    Truncated powers divided by the squared distance of the outer knots (Harrell, Regression Modeling Strategies, 2015, equation 2.25;
    Hmisc's rcspline.eval with norm = 2). ValueError for fewer than 3 knots or knots that do not ascend.
    """
    values, t = np.asarray(x, dtype=np.float64), np.asarray(knots, dtype=np.float64)
    if t.ndim != 1 or len(t) < 3 or (np.diff(t) <= 0).any():
        raise ValueError(f"knots must be at least 3 ascending numbers; got {t}")
    cube = np.maximum(values[:, None] - t, 0.0) ** 3
    last, before = t[-1], t[-2]
    inner = cube[:, :-2] - (cube[:, [-2]] * (last - t[:-2]) - cube[:, [-1]] * (before - t[:-2])) / (last - before)
    return np.column_stack([values, inner / (last - t[0]) ** 2])


# ---------------------------------------------------------------- the Cox fit


class _Ordered(NamedTuple):
    """One stratum, latest time first. One entry per single event: its row, the last row of its risk set, its tie, the share taken out."""

    x: Floats  # covariates x patients
    rows: Indices
    last: Indices
    tie: Indices
    first_of_tie: Indices
    out: Floats


class _Likelihood(NamedTuple):
    value: float
    score: Floats
    information: Floats


class _Maximum(NamedTuple):
    beta: Floats
    start: _Likelihood  # where all coefficients are 0
    end: _Likelihood
    reason: str


def _ordered(x: Floats, data: SurvivalInput, inside: npt.NDArray[np.bool_]) -> _Ordered:
    time, event = data.time[inside], data.event[inside]
    order = np.argsort(-time, kind="stable")
    descending = -time[order]
    rows = np.flatnonzero(event[order] == 1)
    _, first, tie, tied = np.unique(descending[rows], return_index=True, return_inverse=True, return_counts=True)
    last = np.searchsorted(descending, descending[rows], side="right") - 1
    out = (np.arange(len(rows)) - first[tie]) / tied[tie]
    return _Ordered(np.ascontiguousarray(x[order].T), rows, last, tie, first, out)


def _likelihood(sets: list[_Ordered], beta: Floats) -> _Likelihood:
    """Partial log-likelihood, its slope and curvature, summed over strata; Efron takes l/d of d tied events out of the l-th risk set."""
    k = len(beta)
    upper = np.triu_indices(k)
    value, score, information = 0.0, np.zeros(k), np.zeros((k, k))
    for s in sets:
        if not len(s.rows):
            continue
        linear = beta @ s.x
        linear = linear - linear.max()
        weight = np.exp(linear)
        moments = np.concatenate([np.ones((1, s.x.shape[1])), s.x, s.x[upper[0]] * s.x[upper[1]]]) * weight
        tied = np.add.reduceat(moments[:, s.rows], s.first_of_tie, axis=1)
        total = np.cumsum(moments, axis=1)[:, s.last] - s.out * tied[:, s.tie]
        if not (total[0] > 0).all():  # a step so long that a whole risk set weighs nothing beside somebody else
            return _Likelihood(-math.inf, score, information)
        mean = total[1:] / total[0]
        value += float(linear[s.rows].sum() - np.log(total[0]).sum())
        score += s.x[:, s.rows].sum(axis=1) - mean[:k].sum(axis=1)
        square = np.zeros((k, k))
        square[upper] = mean[k:].sum(axis=1)
        information += square + np.triu(square, 1).T - mean[:k] @ mean[:k].T
    return _Likelihood(value, score, information)


def _maximum(sets: list[_Ordered], k: int) -> _Maximum:
    """Newton's method with halved steps; gives up, with the reason, where the likelihood is flat or keeps rising."""
    beta = np.zeros(k)
    start = here = _likelihood(sets, beta)
    floor = float(np.linalg.eigvalsh(start.information)[0])
    if floor <= 1e-10:
        return _Maximum(beta, start, here, NOT_TOGETHER)
    for _ in range(MAX_STEPS):
        if float(np.linalg.eigvalsh(here.information)[0]) <= FLAT * floor:
            break
        step = np.linalg.solve(here.information, here.score)
        length = float(np.abs(step).max())
        there = _likelihood(sets, beta + step)
        while there.value < here.value - 1e-9 * abs(here.value) and np.abs(step).max() > TOLERANCE:
            step = step / 2
            there = _likelihood(sets, beta + step)
        beta, here = beta + step, there
        if length <= TOLERANCE * max(1.0, float(np.abs(beta).max())):
            return _Maximum(beta, start, here, "")
    return _Maximum(beta, start, here, NO_MAXIMUM)


def _no_fit(score: Floats, null: float, data: SurvivalInput, reason: str, *, strata: int = 1) -> CoxFit:
    k = len(score)
    method = "Cox, Efron ties" + (", stratified" if strata > 1 else "")
    nothing = np.full(k, np.nan), np.full((k, k), np.nan)
    return CoxFit(*nothing, score, NAN, null, len(data.time), int(data.event.sum()), method, (reason,))


# ---------------------------------------------------------------- line and spline


class _Axis(NamedTuple):
    """The scale on which the line is straight."""

    scale: Scale
    step: float

    def of(self, values: Floats) -> Floats:
        """Marker values on that scale, one unit = one ``step``."""
        return np.log2(values) if self.scale == "doubling" else values / self.step

    def back(self, x: Floats) -> Floats:
        """Marker values again."""
        return np.exp2(x) if self.scale == "doubling" else x * self.step


class _Fits(NamedTuple):
    axis: _Axis
    knots: Floats
    line: CoxFit
    spline: CoxFit


def _checked(value: npt.ArrayLike, n: int) -> Floats:
    values = np.asarray(value, dtype=np.float64)
    if values.shape != (n,) or not np.isfinite(values).all():
        raise ValueError(f"value must be one finite number for each of the {n} patients: leave out patients that were not measured first")
    return values


def _axis(values: Floats, *, log2: bool, per: Literal["sd", "unit"]) -> _Axis:
    if log2 and (values > 0).all():
        return _Axis("doubling", NAN)
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return _Axis("sd", spread) if per == "sd" and spread > 0 else _Axis("unit", 1.0)


def _knots(x: Floats, count: int, events: int) -> tuple[Floats, str]:
    """Knots on the scale of ``x``, or none and why. Ties can make quantiles equal; then fewer knots."""
    if events < TOO_FEW_EVENTS * (count - 1):
        return np.empty(0), f"fewer than {TOO_FEW_EVENTS} events per degree of freedom ({events} events, {count - 1} degrees): no spline"
    for k in range(min(count, len(np.unique(x))), 2, -1):
        places = np.quantile(x, KNOTS[k])
        if (np.diff(places) > 1e-10 * max(1.0, float(np.abs(places).max()))).all():
            return places, ""
    return np.empty(0), "too few different values of the marker for a spline"


def _line_ratio(fit: CoxFit, scale: Scale) -> HazardRatio:
    b, z = float(fit.coefficients[0]), normal_quantile(0.95)
    error = math.sqrt(fit.covariance[0, 0]) if not fit.notes else NAN
    p = 2 * float(ndtr(-abs(b) / error)) if not fit.notes else NAN
    words = {"doubling": "per doubling", "sd": "per standard deviation", "unit": "per unit"}[scale]
    with np.errstate(over="ignore"):
        ratio, low, high = np.exp([b, b - z * error, b + z * error]).tolist()
    return HazardRatio(ratio, low, high, p, "Wald", f"{fit.method}, {words}", fit.n, fit.events, fit.notes)


def _likelihood_ratio(larger: CoxFit, smaller: CoxFit | None, words: str) -> LikelihoodRatio:
    """``smaller`` None = the model without covariates."""
    df = len(larger.coefficients) - (len(smaller.coefficients) if smaller else 0)
    notes = larger.notes or (smaller.notes if smaller else ())
    if notes:
        return LikelihoodRatio(NAN, max(df, 0), NAN, words, notes)
    statistic = max(2 * (larger.log_likelihood - (smaller.log_likelihood if smaller else larger.log_likelihood_null)), 0.0)
    return LikelihoodRatio(statistic, df, float(chdtrc(df, statistic)), words)


def _curve(fits: _Fits, values: Floats, reference: float) -> EffectCurve:
    """Line and spline over the whole range of the marker, evenly on the scale of the fit; the reference is one of the values."""
    method = "hazard ratio against the reference, pointwise 95 % limits (normal, of the log)"
    if not len(values) or (fits.axis.scale == "doubling" and not reference > 0):
        none = np.empty(0)
        reason = "the reference must be above 0" if len(values) else "no patients"
        return EffectCurve(reference, none, none, none, none, none, none, none, method, (reason,))
    x, at = fits.axis.of(values), float(fits.axis.of(np.array([reference]))[0])
    grid = np.unique(np.r_[np.linspace(x.min(), x.max(), GRID), at])
    shown = fits.axis.back(grid)
    shown[grid == at] = reference
    line = _ratios(fits.line, (grid - at)[:, None])
    if fits.spline.notes:
        nothing = np.full(len(grid), np.nan)
        spline = nothing, nothing, nothing
    else:
        spline = _ratios(fits.spline, natural_spline(grid, fits.knots) - natural_spline(np.array([at]), fits.knots))
    return EffectCurve(reference, shown, *line, *spline, method=method)


def _ratios(fit: CoxFit, contrast: Floats) -> tuple[Floats, Floats, Floats]:
    """Hazard ratio and limits of each row of ``contrast``."""
    log_ratio = contrast @ fit.coefficients
    half = normal_quantile(0.95) * np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", contrast, fit.covariance, contrast), 0.0))
    with np.errstate(over="ignore"):
        return np.exp(log_ratio), np.exp(log_ratio - half), np.exp(log_ratio + half)


def _spline_concordance(fit: CoxFit, basis: Floats, data: SurvivalInput, strata: npt.ArrayLike | None) -> Concordance:
    if fit.notes:
        nobody = np.full(len(data.time), np.nan)
        return Concordance(NAN, NAN, NAN, NAN, 0, 0, 0, fit.n, fit.events, 0.95, nobody, notes=fit.notes)
    # equal values must give equal scores, which a matrix product does not promise
    _, first, same = np.unique(basis[:, 0], return_index=True, return_inverse=True)
    return concordance_index((basis[first] @ fit.coefficients)[same], data.time, data.event, strata=strata)


def _notes(events: int, axis: _Axis, *, log2: bool, df: int) -> tuple[str, ...]:
    found = []
    if log2 and axis.scale != "doubling":
        found.append("some values are 0 or less, so no logarithm is taken")
    if events < FEW_EVENTS:
        found.append(f"fewer than {FEW_EVENTS} events: even one hazard ratio is unstable")
    elif events < df * FEW_EVENTS:
        found.append(f"fewer than {FEW_EVENTS} events per degree of freedom of the spline: its shape is unstable")
    return tuple(found)
