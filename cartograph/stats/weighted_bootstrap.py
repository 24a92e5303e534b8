"""Bootstrap limits of weighted comparisons: in every resample the propensity is fitted anew, so its uncertainty counts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph.stats.results import Estimate, Floats
from cartograph.stats.times import SurvivalInput, survival_input
from cartograph.stats.weighted_survival import restricted_mean_difference, survival_difference, weighted_hazard_ratio, weighted_kaplan_meier
from cartograph.stats.weights import Mask, Propensity, Target, Trim, Weights, newton_scores, raw_weights, weights

Progress = Callable[[float], None]
NAN = float("nan")
LEAST = 0.8  # share of resamples that must give a number, or there are no limits
METHOD = "percentile bootstrap, propensity fitted anew in each resample"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is estimated: the weights, the end of the restricted mean (``tau``) and the months of the survival differences."""

    target: Target
    tau: float
    months: tuple[float, ...] = (6.0, 12.0, 24.0)
    trim: Trim = "none"


@dataclass(frozen=True, slots=True, eq=False)
class BootstrapEffects:
    """Percentile limits of the hazard ratio, of the restricted mean difference and of the survival differences at ``months``.

    ``hazard_ratio.std_error`` is of the log. ``resamples``: drawn; each estimate's ``n`` counts those that gave a number.
    """

    hazard_ratio: Estimate
    restricted_mean: Estimate
    survival: tuple[Estimate, ...]
    months: tuple[float, ...]
    resamples: int
    seed: int
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per quantity: quantity, ci_low, ci_high, std_error, used."""
        named = [("hazard ratio", self.hazard_ratio), ("restricted mean difference", self.restricted_mean)]
        named += [(f"survival difference at {m:g} months", e) for m, e in zip(self.months, self.survival, strict=True)]
        return pd.DataFrame(
            [{"quantity": q, "ci_low": e.ci_low, "ci_high": e.ci_high, "std_error": e.std_error, "used": e.n} for q, e in named]
        )


def bootstrap_effects(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    model: Propensity,
    plan: Plan,
    *,
    resamples: int = 500,
    seed: int,
    level: float = 0.95,
    progress: Progress | None = None,
) -> BootstrapEffects:
    """Patients of each group are drawn with replacement, propensity and weights made anew (Austin, Stat Med 2016), effects estimated.

    ``time``, ``event``: of the patients of ``model``, in its order. Filled-in values and joined levels stay
    those of the cohort. ``progress`` is called with 0 to 1; it may raise to cancel. ValueError for a model without scores, other patients
    or fewer than 20 resamples.
    """
    if resamples < 20:
        raise ValueError(f"at least 20 resamples are needed; got {resamples}")
    whole = weights(model, target=plan.target, trim=plan.trim)
    data = survival_input(time, event)
    if len(data.time) != len(model.exposed):
        raise ValueError(f"time and event must have one entry for each of the {len(model.exposed)} patients of the propensity model")
    rng = np.random.default_rng(seed)
    first, second = np.flatnonzero(model.exposed), np.flatnonzero(~model.exposed)
    drawn = np.full((resamples, 2 + len(plan.months)), NAN)
    for k in range(resamples):
        rows = np.concatenate([rng.choice(first, len(first)), rng.choice(second, len(second))])
        weight = _weights_of(model, rows, plan)
        if weight is not None:
            drawn[k] = effects(SurvivalInput(data.time[rows], data.event[rows]), model.exposed[rows], weight, plan.tau, plan.months)
        if progress is not None and (k % 10 == 9 or k == resamples - 1):
            progress((k + 1) / resamples)
    centre = effects(data, model.exposed, whole.weight, plan.tau, plan.months)
    found = [_limits(centre[j], drawn[:, j], level) for j in range(drawn.shape[1])]
    log_ratio = found[0]
    value, low, high = (math.exp(v) for v in (log_ratio.value, log_ratio.ci_low, log_ratio.ci_high))
    ratio = Estimate(value, low, high, METHOD, log_ratio.std_error, log_ratio.n, notes=log_ratio.notes)
    lost = int(np.isnan(drawn).all(axis=1).sum())
    notes = (f"{lost} of {resamples} resamples gave no propensity score or no effect and were left out",) if lost else ()
    return BootstrapEffects(ratio, found[1], tuple(found[2:]), plan.months, resamples, seed, METHOD, notes)


def effects(data: SurvivalInput, exposed: Mask, weight: Floats, tau: float, months: Sequence[float]) -> Floats:
    """Log hazard ratio, restricted mean difference and survival differences (first minus second group)."""
    used = weight > 0
    t, e, x, w = data.time[used], data.event[used], exposed[used], weight[used]
    ratio = weighted_hazard_ratio(t, e, x, w)
    one, two = (weighted_kaplan_meier(t[part], e[part], w[part]) for part in (x, ~x))
    mean = restricted_mean_difference(one, two, tau).value
    return np.array([ratio.log_value, mean, *(survival_difference(one, two, m).value for m in months)])


def _weights_of(model: Propensity, rows: npt.NDArray[np.int64], plan: Plan) -> Floats | None:
    """Weights of a resample; None where it gives no score."""
    x, exposed = model.x[rows], model.exposed[rows]
    fit = newton_scores(x, exposed)
    if not fit.converged:
        return None
    if plan.trim == "none":
        return raw_weights(fit.score, exposed, plan.target)
    made: Weights = weights(_resampled(model, fit.score, x, exposed), target=plan.target, trim=plan.trim)
    return made.weight


def _resampled(model: Propensity, score: Floats, x: Floats, exposed: Mask) -> Propensity:
    return Propensity(score, exposed, x, model.terms, NAN, model.coefficients, (), (), (), model.method)


def _limits(centre: float, drawn: Floats, level: float) -> Estimate:
    """The estimate with the percentiles of what the resamples gave."""
    known = drawn[np.isfinite(drawn)]
    if not math.isfinite(centre) or len(known) < LEAST * len(drawn):
        why = "not estimable" if not math.isfinite(centre) else f"only {len(known)} of {len(drawn)} resamples gave a number"
        return Estimate(centre, NAN, NAN, METHOD, NAN, len(known), notes=(why,))
    low, high = np.quantile(known, ((1 - level) / 2, (1 + level) / 2))
    return Estimate(centre, float(low), float(high), METHOD, float(known.std(ddof=1)), len(known))
