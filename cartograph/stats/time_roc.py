"""ROC curve for an event within a horizon: cumulative cases, dynamic controls, inverse-probability-of-censoring weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from cartograph.stats.results import Floats
from cartograph.stats.roc import (
    ALL_EQUAL,
    CHOSEN,
    ONE_OF_A_CLASS,
    PERFECT,
    AskedDirection,
    Curve,
    asked,
    choose,
    class_counts,
    limited,
    points,
)
from cartograph.stats.times import SAME_TIME, count_table, survival_input

Mask = npt.NDArray[np.bool_]
NAN = float("nan")
NO_CASE = "nobody had the event within the horizon"
NO_CONTROL = "nobody is followed beyond the horizon"
INFLUENCE = "normal limits from the influence function, cut to 0 and 1"
METHOD = "cumulative cases, dynamic controls, weighted by the inverse probability of being uncensored (Kaplan-Meier); " + INFLUENCE


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TimeRoc(Curve):
    """The ROC curve of an event within ``horizon`` (months); see ``Curve``.

    ``n_positive``: cases, event at or before the horizon. ``n_negative``: controls, followed beyond it. ``n_censored``: censored at or
    before the horizon: neither; they stay at risk until then and their weight goes to those followed longer. ``n`` = all three.
    ``largest_weight``: of a case or control, 1 = counts for itself alone. ``positive`` and ``negative`` sum to ``n``.
    """

    horizon: float
    n: int
    n_censored: int
    largest_weight: float


def time_roc(
    value: npt.ArrayLike,
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    horizon: float,
    *,
    direction: AskedDirection = "high",
    level: float = 0.95,
) -> TimeRoc:
    """Sensitivity and specificity of a marker for an event within ``horizon`` (unit of ``time``).

    Arguments as ``roc_curve`` and ``kaplan_meier``, no patient missing. A case counts 1 / G(T-), a control 1 / G(horizon), G the
    Kaplan-Meier curve of censoring of all patients (Uno, Cai, Tian & Wei, J Am Stat Assoc 2007; Blanche, Dartigues & Jacqmin-Gadda,
    Stat Med 2013). Censoring must not depend on the marker. AUC with limits from its influence function, the estimated G included.
    NaN and a note without cases or without controls (horizon beyond follow-up). ValueError for a wrong call.
    """
    values, times, events = _checked(value, time, event, horizon)
    asked(direction)
    control = times > horizon * (1 + SAME_TIME)
    case = ~control & (events == 1)
    weights = _weights(times, events, case, control)
    counts = class_counts(values, weights * case, weights * control)
    areas = _areas(values, times, events, case, control, weights)
    chosen = choose(areas.auc, direction)
    n_censored = int((~case & ~control).sum())
    heaviest = float(weights.max(initial=0.0))
    area = areas.auc if chosen == "high" else 1 - areas.auc
    auc = limited(area, areas.std_error, level, len(values), int(case.sum()), INFLUENCE, areas.notes)
    z = (auc.value - 0.5) / auc.std_error if auc.std_error > 0 else NAN
    return TimeRoc(
        **points(counts, chosen),
        direction_chosen=direction == "data",
        auc=auc,
        p_value=float(2 * ndtr(-abs(z))),
        test="Wald test",
        n_positive=int(case.sum()),
        n_negative=int(control.sum()),
        level=level,
        method=METHOD,
        notes=(*_words(areas, n_censored, heaviest), *((CHOSEN,) if direction == "data" and np.isfinite(area) else ())),
        horizon=horizon,
        n=len(values),
        n_censored=n_censored,
        largest_weight=heaviest,
    )


def _checked(value: npt.ArrayLike, time: npt.ArrayLike, event: npt.ArrayLike, horizon: float) -> tuple[Floats, Floats, Floats]:
    times, events = survival_input(time, event)
    values = np.asarray(value, dtype=np.float64)
    if values.shape != times.shape:
        raise ValueError(f"value must be as long as time; got shapes {values.shape} and {times.shape}")
    if not np.isfinite(values).all():
        raise ValueError("value must not be missing: leave out incomplete patients first")
    if not 0 < horizon < np.inf:
        raise ValueError(f"horizon must be a positive time; got {horizon}")
    return values, times, events


class _Censoring(NamedTuple):
    """The Kaplan-Meier curve of censoring at the distinct times; patients with an event at a time are not at risk of censoring then."""

    time: Floats
    at_risk: Floats
    censored: Floats
    before: Floats  # probability of being uncensored just before each time


def _censoring(times: Floats, events: Floats) -> _Censoring:
    table = count_table(times, events)
    at_risk = table.at_risk - table.events
    step = np.where(table.censored > 0, 1 - table.censored / np.maximum(at_risk, 1.0), 1.0)
    return _Censoring(table.time, at_risk, table.censored, np.r_[1.0, np.cumprod(step)[:-1]])


def _weights(times: Floats, events: Floats, case: Mask, control: Mask) -> Floats:
    """1 / G(T-) of a case, 1 / G(horizon) of a control, 0 of a patient censored before the horizon."""
    curve = _censoring(times, events)
    weights = np.zeros(len(times))
    weights[case] = 1 / curve.before[np.searchsorted(curve.time, times[case])]
    if control.any():  # just before the first time beyond the horizon the curve is where it was at the horizon
        weights[control] = 1 / curve.before[np.searchsorted(curve.time, times[control].min())]
    return weights


class _Area(NamedTuple):
    """Area of "high" with its standard error; ``notes`` say what is missing."""

    auc: float
    std_error: float
    notes: tuple[str, ...]


def _areas(values: Floats, times: Floats, events: Floats, case: Mask, control: Mask, weights: Floats) -> _Area:
    """The area and the root of the summed squares of its influences, times n / (n - 1)."""
    n = len(values)
    if not case.any() or not control.any():
        return _Area(NAN, NAN, tuple(words for kind, words in ((case, NO_CASE), (control, NO_CONTROL)) if not kind.any()))
    below = _share_below(values, values[control], np.ones(int(control.sum())))
    above = 1 - _share_below(values, values[case], weights[case])
    of_cases = weights * case / weights[case].sum()
    auc = float(of_cases @ below)
    moved = of_cases * (below - auc)
    influence = moved + np.where(control, (above - auc) / control.sum(), 0.0) + _through_censoring(times, events, moved)
    if values.min() == values.max():
        return _Area(auc, NAN, (ALL_EQUAL,))
    if min(case.sum(), control.sum()) < 2:
        return _Area(auc, NAN, (ONE_OF_A_CLASS,))
    return _Area(auc, float(np.sqrt(n / (n - 1) * (influence @ influence))), (PERFECT,) if auc in (0.0, 1.0) else ())


def _share_below(values: Floats, others: Floats, weights: Floats) -> Floats:
    """For each of ``values`` the weighted share of ``others`` that is smaller, equal ones half."""
    order = np.argsort(others, kind="stable")
    total = np.r_[0.0, np.cumsum(weights[order])]
    below, upto = (total[np.searchsorted(others[order], values, side=side)] for side in ("left", "right"))
    share: Floats = (below + upto) / 2 / total[-1]
    return share


def _through_censoring(times: Floats, events: Floats, moved: Floats) -> Floats:
    """What a patient's own censoring, or its staying at risk, changes in the weights of the cases that come later.

    The slope of -log G at a censoring time over the patient's weight is (1 for who is censored then - censored / at risk) / (at risk -
    censored); it acts on every case with a later time. Each patient gets the sum over the censoring times it was at risk at.
    """
    curve = _censoring(times, events)
    place = np.searchsorted(curve.time, times)
    later = np.r_[np.cumsum(np.bincount(place, weights=moved, minlength=len(curve.time))[::-1])[::-1][1:], 0.0]
    left = curve.at_risk - curve.censored
    own = np.divide(later, left, out=np.zeros_like(later), where=(curve.censored > 0) & (left > 0))
    drift = np.cumsum(own * curve.censored / np.maximum(curve.at_risk, 1.0))
    # somebody with an event at a time left the risk set of censoring before that time's censorings
    stayed = np.where(events == 1, np.r_[0.0, drift][place], drift[place])
    influence: Floats = np.where(events == 0, own[place], 0.0) - stayed
    return influence


def _words(areas: _Area, n_censored: int, heaviest: float) -> tuple[str, ...]:
    notes = list(areas.notes)
    if n_censored:
        notes.append(
            f"{n_censored:,} censored before the horizon: neither case nor control, their weight is given to those followed longer"
            f" (largest weight {heaviest:.2f})"
        )
    return tuple(notes)
