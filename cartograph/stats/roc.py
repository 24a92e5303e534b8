"""Sensitivity and specificity of a marker for a yes-or-no outcome at every cutoff, the area, and what a chosen cutoff is worth."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, TypedDict

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr
from scipy.stats import rankdata

from cartograph.stats.results import Estimate, Floats, frame_of
from cartograph.stats.survival import normal_quantile

Direction = Literal["high", "low"]
AskedDirection = Literal["high", "low", "data"]
Indices = npt.NDArray[np.int64]
NAN = float("nan")
TIED = 1e-12  # two sums of sensitivity and specificity closer than this are equal
CELLS = 500_000  # replicates x distinct values drawn at once
CHOSEN = "the direction was chosen from these patients, so the area is never below 0.5 and too high where the marker says little"
NO_CASE = "nobody has the outcome"
NO_CONTROL = "everybody has the outcome"
ALL_EQUAL = "the marker has the same value in all patients"
ONE_OF_A_CLASS = "one patient with or without the outcome: no limits"
PERFECT = "the marker separates the patients without exception: the limits have no width and say too little"
INCOMPLETE = (
    "the bootstrap removes most of the optimism of a searched cutoff, not all: about two thirds of it where the marker says nothing"
)
RANK_SUM = "rank-sum test, normal approximation, ties corrected"
DELONG = "area under the curve, ties count half; DeLong limits, cut to 0 and 1"


@dataclass(frozen=True, slots=True, eq=False)
class OperatingPoint:
    """One point of a ROC curve.

    ``threshold`` is the middle between two neighbouring values (pROC's; -inf and inf do not split anybody), ``cutoff`` the measured value
    that splits the same patients by ``value > cutoff`` (NaN where nobody is below or nobody above). The four counts are patients; on a
    curve at a horizon each patient counts with its weight, so they need not be whole. ``called``, ``not_called``: patients (unweighted)
    on the side that is called positive and on the other.
    """

    threshold: float
    cutoff: float
    sensitivity: float
    specificity: float
    true_positive: float
    false_positive: float
    true_negative: float
    false_negative: float
    called: int
    not_called: int
    method: str
    notes: tuple[str, ...] = ()

    @property
    def youden(self) -> float:
        """Sensitivity + specificity - 1: 0 = no better than a coin, 1 = perfect (Youden, Cancer 1950)."""
        return self.sensitivity + self.specificity - 1

    def to_frame(self) -> pd.DataFrame:
        """One row: threshold, cutoff, sensitivity, specificity, the four counts, called, not_called, method."""
        names = ["threshold", "cutoff", "sensitivity", "specificity", "true_positive", "false_positive"]
        names += ["true_negative", "false_negative", "called", "not_called", "method"]
        return pd.DataFrame([{name: getattr(self, name) for name in names}])


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Curve:
    """A ROC curve: what both kinds share.

    ``value``: the k distinct marker values, ascending. ``threshold``, ``sensitivity``, ``specificity``: k + 1 entries, thresholds
    ascending from -inf over the middles between neighbours to inf. ``positive``, ``negative``: patients with and without the outcome
    at each distinct value (weighted on a curve at a horizon); ``patients``: all patients there. ``direction`` "high": positive is
    ``value > threshold``; "low": positive is ``value <= threshold``. ``direction_chosen`` True = the data chose it.
    ``auc``: area with its limits; ``p_value``: of area 0.5, two-sided, by ``test``. ``n_positive``, ``n_negative``: patients.
    """

    value: Floats
    threshold: Floats
    sensitivity: Floats
    specificity: Floats
    positive: Floats
    negative: Floats
    patients: Floats
    direction: Direction
    direction_chosen: bool
    auc: Estimate
    p_value: float
    test: str
    n_positive: int
    n_negative: int
    level: float
    method: str
    notes: tuple[str, ...] = ()

    def at(self, cutoff: float) -> OperatingPoint:
        """The point of ``value > cutoff``; its ``cutoff`` is the one given. ValueError when ``cutoff`` is missing."""
        if math.isnan(cutoff):
            raise ValueError("cutoff must be a number; got a missing value")
        return replace(self._point(int(np.searchsorted(self.value, cutoff, side="right"))), cutoff=cutoff)

    def youden(self) -> tuple[OperatingPoint, ...]:
        """Every point with the largest sensitivity + specificity, ascending (Youden, Cancer 1950); empty without both classes."""
        return self._best(self.sensitivity + self.specificity)

    def closest_to_corner(self) -> tuple[OperatingPoint, ...]:
        """Every point next to sensitivity 1, specificity 1 (smallest sum of squared distances); empty without both classes."""
        return self._best(-((1 - self.sensitivity) ** 2 + (1 - self.specificity) ** 2))

    def to_frame(self) -> pd.DataFrame:
        """One row per threshold: threshold, sensitivity, specificity."""
        return frame_of(self, ["threshold", "sensitivity", "specificity"])

    def _best(self, score: Floats) -> tuple[OperatingPoint, ...]:
        if not np.isfinite(score).any():
            return ()
        return tuple(self._point(int(row)) for row in np.flatnonzero(score >= score.max() - TIED))

    def _point(self, row: int) -> OperatingPoint:
        """The split of which the first ``row`` distinct values are low."""
        low = [float(v[:row].sum()) for v in (self.positive, self.negative, self.patients)]
        high = [float(v[row:].sum()) for v in (self.positive, self.negative, self.patients)]
        called, other = (high, low) if self.direction == "high" else (low, high)
        splits = 0 < row < len(self.value)
        sign = ">" if self.direction == "high" else "\u2264"
        return OperatingPoint(
            threshold=float(self.threshold[row]),
            cutoff=float(self.value[row - 1]) if splits else NAN,
            sensitivity=float(self.sensitivity[row]),
            specificity=float(self.specificity[row]),
            true_positive=called[0],
            false_positive=called[1],
            true_negative=other[1],
            false_negative=other[0],
            called=round(called[2]),
            not_called=round(other[2]),
            method=f"positive is value {sign} threshold",
            notes=() if splits else ("this threshold leaves everybody on one side",),
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RocCurve(Curve):
    """The ROC curve of a yes-or-no outcome; see ``Curve``. ``auc`` has DeLong limits, ``p_value`` is the rank-sum test's."""


@dataclass(frozen=True, slots=True, eq=False)
class AucComparison:
    """Two areas of the same patients. ``difference`` is first minus second, with normal limits; ``statistic`` is z, p is two-sided."""

    auc_1: Estimate
    auc_2: Estimate
    difference: Estimate
    covariance: float
    statistic: float
    p_value: float
    n_positive: int
    n_negative: int
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row: auc_1, auc_2, difference, ci_low, ci_high, covariance, statistic, p_value, method."""
        row = {"auc_1": self.auc_1.value, "auc_2": self.auc_2.value, "difference": self.difference.value}
        row |= {"ci_low": self.difference.ci_low, "ci_high": self.difference.ci_high, "covariance": self.covariance}
        return pd.DataFrame([{**row, "statistic": self.statistic, "p_value": self.p_value, "method": self.method}])


@dataclass(frozen=True, slots=True, eq=False)
class Corrected:
    """A number as these patients show it (``apparent``) and what new ones would leave of it (``corrected`` = apparent - optimism)."""

    apparent: float
    optimism: float
    corrected: float


@dataclass(frozen=True, slots=True, eq=False)
class BootstrapThresholds:
    """How far the best cutoffs wander, and what they are worth in new patients.

    ``youden``, ``corner``: the best cutoff (a measured value; high is ``value > cutoff``) with the range of the middle 95 % of the
    replicates. ``youden_cutoffs``, ``corner_cutoffs``, ``directions`` (True = "high"): one entry per replicate, cutoff NaN where no
    cutoff was better than calling everybody the same. ``auc``: area; ``youden_sum``: sensitivity + specificity at the chosen Youden
    cutoff, the number that looks best and shrinks most. ``same_direction``: share of replicates that chose the direction of the data.
    """

    youden: Estimate
    corner: Estimate
    youden_cutoffs: Floats
    corner_cutoffs: Floats
    directions: npt.NDArray[np.bool_]
    auc: Corrected
    youden_sum: Corrected
    same_direction: float
    replicates: int
    seed: int
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per replicate: youden_cutoff, corner_cutoff, direction."""
        words = np.where(self.directions, "high", "low")
        return pd.DataFrame({"youden_cutoff": self.youden_cutoffs, "corner_cutoff": self.corner_cutoffs, "direction": words})


def roc_curve(value: npt.ArrayLike, outcome: npt.ArrayLike, *, direction: AskedDirection = "high", level: float = 0.95) -> RocCurve:
    """The ROC curve of a marker for a yes-or-no outcome.

    ``value``: one number per patient, none missing. ``outcome``: True or 1 = has the outcome. ``direction`` "high": high values go with
    the outcome (positive is ``value > threshold``), "low": low values do (``value <= threshold``), "data": whichever gives the larger
    area, which the notes say. The area is the Mann-Whitney statistic, ties count half; limits by DeLong, DeLong & Clarke-Pearson
    (Biometrics 1988), cut to 0 and 1; p by the rank-sum test (normal approximation, ties corrected). With one class only the area is NaN
    and a note says why. ValueError for missing values, unequal lengths, another outcome code or another direction.
    """
    values, outcomes = checked(value, outcome)
    asked(direction)
    counts = class_counts(values, outcomes)
    areas = _placements(values, outcomes)
    chosen = choose(areas.auc, direction)
    return RocCurve(
        **points(counts, chosen),
        direction_chosen=direction == "data",
        auc=_area(areas, chosen, len(counts.value), level),
        p_value=_rank_sum_p(values, outcomes),
        test=RANK_SUM,
        n_positive=int(outcomes.sum()),
        n_negative=int((1 - outcomes).sum()),
        level=level,
        method=DELONG,
        notes=(*_one_class(outcomes), *((CHOSEN,) if direction == "data" and math.isfinite(areas.auc) else ())),
    )


def compare_auc(
    value_1: npt.ArrayLike,
    value_2: npt.ArrayLike,
    outcome: npt.ArrayLike,
    *,
    direction_1: Direction = "high",
    direction_2: Direction = "high",
    level: float = 0.95,
) -> AucComparison:
    """Two markers of the same patients for the same outcome: difference of the areas, correlated (DeLong et al., Biometrics 1988).

    Arguments as ``roc_curve``; the directions are fixed beforehand. NaN and a note where the difference has no standard error.
    """
    first, outcomes = checked(value_1, outcome)
    second, _ = checked(value_2, outcome)
    one, two = (_turned(_placements(v, outcomes), d) for v, d in ((first, direction_1), (second, direction_2)))
    covariance = _covariance(one, two)
    gap = one.auc - two.auc
    spread = math.sqrt(max(_covariance(one, one) + _covariance(two, two) - 2 * covariance, 0.0)) if math.isfinite(covariance) else NAN
    known = spread > 1e-12
    half = normal_quantile(level) * spread if known else NAN
    statistic = gap / spread if known else NAN
    return AucComparison(
        auc_1=_area(one, "high", len(np.unique(first)), level),
        auc_2=_area(two, "high", len(np.unique(second)), level),
        difference=Estimate(gap, gap - half, gap + half, "DeLong, correlated areas", spread, len(outcomes), int(outcomes.sum())),
        covariance=covariance,
        statistic=statistic,
        p_value=float(2 * ndtr(-abs(statistic))),
        n_positive=int(outcomes.sum()),
        n_negative=int((1 - outcomes).sum()),
        method="DeLong's test of two correlated areas",
        notes=() if known else ("the difference of the areas has no standard error",),
    )


def bootstrap_thresholds(
    value: npt.ArrayLike,
    outcome: npt.ArrayLike,
    *,
    direction: AskedDirection = "high",
    replicates: int = 500,
    seed: int = 1,
    progress: Callable[[float], None] | None = None,
) -> BootstrapThresholds:
    """Range of the best cutoffs and the optimism of area and of sensitivity + specificity (Harrell, Lee & Mark, Stat Med 1996).

    Patients with and without the outcome are drawn with replacement separately. In each replicate the Youden cutoff (and, with
    ``direction`` "data", the direction) is chosen anew; optimism is its mean result there minus its result in the original patients.
    An area of a marker whose direction was fixed beforehand has no optimism: nothing was chosen. Of tied best cutoffs the lowest counts.
    ``progress`` gets 0..1. ValueError for a wrong call, fewer than 2 replicates, or one class only.
    """
    values, outcomes = checked(value, outcome)
    asked(direction)
    if replicates < 2:
        raise ValueError(f"replicates must be 2 or more; got {replicates}")
    if not 0 < outcomes.sum() < len(outcomes):
        raise ValueError(f"the bootstrap needs patients with and without the outcome; {outcomes.sum():.0f} of {len(outcomes)} have it")
    counts = class_counts(values, outcomes)
    original = _best_rows(counts.positive[None], counts.negative[None], direction)
    drawn = _draw(counts, direction, replicates, seed, progress)
    youden_here = _sums(counts)  # of each split, positive above it
    sign = np.where(drawn.high, 1.0, -1.0)
    cutoffs = [np.r_[NAN, counts.value[:-1], NAN][rows] for rows in (drawn.youden, drawn.corner)]
    best = [np.r_[NAN, counts.value[:-1], NAN][rows][0] for rows in (original.youden, original.corner)]
    lucky = float(np.mean(drawn.best_sum - sign * youden_here[drawn.youden]))
    area = float(original.auc[0]) if original.high[0] else 1 - float(original.auc[0])
    auc_here = np.where(drawn.high, original.auc[0], 1 - original.auc[0])
    gain = float(np.mean(np.where(drawn.high, drawn.auc, 1 - drawn.auc) - auc_here)) if direction == "data" else 0.0
    top = 1 + float(original.best_sum[0])
    return BootstrapThresholds(
        youden=_range(best[0], cutoffs[0], len(outcomes)),
        corner=_range(best[1], cutoffs[1], len(outcomes)),
        youden_cutoffs=cutoffs[0],
        corner_cutoffs=cutoffs[1],
        directions=drawn.high,
        auc=Corrected(area, gain, area - gain),
        youden_sum=Corrected(top, lucky, top - lucky),
        same_direction=float(np.mean(drawn.high == original.high[0])),
        replicates=replicates,
        seed=seed,
        method=f"bootstrap, {replicates:,} replicates within each class, seed {seed}; optimism as Harrell, Lee & Mark",
        notes=_bootstrap_notes(direction, cutoffs[0]),
    )


class ClassCounts(NamedTuple):
    """Per distinct marker value, ascending: the value, patients with and without the outcome (or their weights), all patients."""

    value: Floats
    positive: Floats
    negative: Floats
    patients: Floats


def checked(value: npt.ArrayLike, outcome: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Marker and outcome (1, 0) as arrays. ValueError for missing values, unequal lengths or another outcome code."""
    values = np.asarray(value, dtype=np.float64)
    outcomes = np.asarray(outcome, dtype=np.float64)
    if values.ndim != 1 or values.shape != outcomes.shape:
        raise ValueError(f"value and outcome must be two equally long lists; got shapes {values.shape} and {outcomes.shape}")
    if not np.isfinite(values).all() or np.isnan(outcomes).any():
        raise ValueError("value and outcome must not be missing: leave out incomplete patients first")
    if not np.isin(outcomes, (0.0, 1.0)).all():
        raise ValueError("outcome must be True (has it) or False (has it not) for every patient")
    return values, outcomes


def asked(direction: str) -> None:
    """ValueError unless ``direction`` is one that can be asked for."""
    if direction not in ("high", "low", "data"):
        raise ValueError(f"direction must be 'high', 'low' or 'data'; got {direction!r}")


def choose(auc: float, direction: AskedDirection) -> Direction:
    """The direction asked for; for "data" the one with the larger area (``auc`` is that of "high"), high where they are equal."""
    if direction == "data":
        return "low" if auc < 0.5 else "high"
    return direction


def class_counts(values: Floats, positive: Floats, negative: Floats | None = None) -> ClassCounts:
    """Counts per distinct value; ``positive`` and ``negative`` are weights of patients, 1 - positive when not given."""
    distinct, place = np.unique(values, return_inverse=True)
    found = [np.bincount(place, weights=w, minlength=len(distinct)) for w in (positive, 1 - positive if negative is None else negative)]
    patients = np.bincount(place, minlength=len(distinct)).astype(np.float64)
    return ClassCounts(distinct, found[0].astype(np.float64), found[1].astype(np.float64), patients)


class Points(TypedDict):
    """The arrays of a ``Curve``."""

    value: Floats
    threshold: Floats
    sensitivity: Floats
    specificity: Floats
    positive: Floats
    negative: Floats
    patients: Floats
    direction: Direction


def points(counts: ClassCounts, direction: Direction) -> Points:
    """Thresholds with sensitivity and specificity; NaN without both classes."""
    middles = counts.value[:-1] / 2 + counts.value[1:] / 2
    below = [np.r_[0.0, np.cumsum(c)] for c in (counts.positive, counts.negative)]
    with np.errstate(invalid="ignore"):
        cases, controls = (np.clip(b / b[-1], 0.0, 1.0) for b in below)  # share at or below the threshold
    return {
        "value": counts.value,
        "threshold": np.r_[-np.inf, middles, np.inf][: len(counts.value) + 1],
        "sensitivity": 1 - cases if direction == "high" else cases,
        "specificity": controls if direction == "high" else 1 - controls,
        "positive": counts.positive,
        "negative": counts.negative,
        "patients": counts.patients,
        "direction": direction,
    }


class _Areas(NamedTuple):
    """Area of "high" and DeLong's components: share of controls below each case, share of cases above each control (ties half)."""

    auc: float
    of_cases: Floats
    of_controls: Floats


def _placements(values: Floats, outcomes: Floats) -> _Areas:
    cases, controls = values[outcomes == 1], values[outcomes == 0]
    if not len(cases) or not len(controls):
        return _Areas(NAN, np.empty(0), np.empty(0))
    ranks = rankdata(values)
    of_cases = (ranks[outcomes == 1] - rankdata(cases)) / len(controls)
    of_controls = 1 - (ranks[outcomes == 0] - rankdata(controls)) / len(cases)
    return _Areas(float(of_cases.mean()), of_cases, of_controls)


def _turned(areas: _Areas, direction: Direction) -> _Areas:
    return areas if direction == "high" else _Areas(1 - areas.auc, 1 - areas.of_cases, 1 - areas.of_controls)


def _covariance(one: _Areas, two: _Areas) -> float:
    """DeLong's covariance of two areas of the same patients; NaN with fewer than two patients in a class."""
    if min(len(one.of_cases), len(one.of_controls)) < 2:
        return NAN
    pairs = ((one.of_cases, two.of_cases), (one.of_controls, two.of_controls))
    return float(sum(((a - a.mean()) @ (b - b.mean())) / (len(a) - 1) / len(a) for a, b in pairs))


def _area(areas: _Areas, direction: Direction, distinct: int, level: float) -> Estimate:
    """The area with DeLong's limits, and why they are missing or say too little."""
    value = _turned(areas, direction).auc
    variance = _covariance(areas, areas)
    notes: tuple[str, ...] = ()
    if distinct == 1:
        variance, notes = NAN, (ALL_EQUAL,)
    elif math.isfinite(value) and math.isnan(variance):
        notes = (ONE_OF_A_CLASS,)
    elif variance == 0:
        notes = (PERFECT,)
    return limited(value, math.sqrt(variance), level, len(areas.of_cases) + len(areas.of_controls), len(areas.of_cases), DELONG, notes)


def limited(value: float, error: float, level: float, n: int, events: int, method: str, notes: tuple[str, ...]) -> Estimate:
    """An area with normal limits that are cut to 0 and 1."""
    half = normal_quantile(level) * error
    return Estimate(value, float(np.maximum(value - half, 0.0)), float(np.minimum(value + half, 1.0)), method, error, n, events, notes)


def _one_class(outcomes: Floats) -> tuple[str, ...]:
    if not outcomes.sum():
        return (NO_CASE,)
    return () if outcomes.sum() < len(outcomes) else (NO_CONTROL,)


def _rank_sum_p(values: Floats, outcomes: Floats) -> float:
    """Two-sided p of the Wilcoxon rank-sum test, normal approximation without continuity correction, ties corrected."""
    n, cases = len(values), float(outcomes.sum())
    if n < 2 or not 0 < cases < n:
        return NAN
    ranks = rankdata(values)
    variance = cases * (n - cases) / (n * (n - 1)) * float(((ranks - (n + 1) / 2) ** 2).sum())
    if variance == 0:
        return NAN
    return float(2 * ndtr(-abs(float(ranks @ outcomes) - cases * (n + 1) / 2) / math.sqrt(variance)))


class _Drawn(NamedTuple):
    """Per replicate: area of "high", direction (True = high), rows of the best splits, sensitivity + specificity - 1 at the first."""

    auc: Floats
    high: npt.NDArray[np.bool_]
    youden: Indices
    corner: Indices
    best_sum: Floats


def _best_rows(positive: Floats, negative: Floats, direction: AskedDirection) -> _Drawn:
    """The best splits of every row of counts (replicates x distinct values); of tied ones the lowest."""
    below_cases, below = (np.cumsum(c, axis=1) / c.sum(axis=1, keepdims=True) for c in (positive, negative))
    share = positive / positive.sum(axis=1, keepdims=True)
    before = below - negative / negative.sum(axis=1, keepdims=True) / 2
    auc = (share * before).sum(axis=1)
    high = auc >= 0.5 - TIED if direction == "data" else np.full(len(auc), direction == "high")
    nothing = np.zeros((len(auc), 1))
    cases, controls = (np.where(high[:, None], b, 1 - b) for b in (np.hstack([nothing, below_cases]), np.hstack([nothing, below])))
    gained = controls - cases  # sensitivity is 1 - cases, specificity is controls
    away = cases**2 + (1 - controls) ** 2
    youden = (gained >= gained.max(axis=1, keepdims=True) - TIED).argmax(axis=1)
    corner = (away <= away.min(axis=1, keepdims=True) + TIED).argmax(axis=1)
    return _Drawn(auc, high, youden, corner, gained[np.arange(len(auc)), youden])


def _draw(counts: ClassCounts, direction: AskedDirection, replicates: int, seed: int, progress: Callable[[float], None] | None) -> _Drawn:
    """The replicates, a batch at a time: drawing patients of a class with replacement is drawing counts of its values."""
    rng = np.random.default_rng(seed)
    batch = max(1, CELLS // (len(counts.value) + 1))
    found: list[_Drawn] = []
    for start in range(0, replicates, batch):
        size = min(batch, replicates - start)
        both = [rng.multinomial(int(c.sum()), c / c.sum(), size=size).astype(np.float64) for c in (counts.positive, counts.negative)]
        found.append(_best_rows(both[0], both[1], direction))
        if progress:
            progress((start + size) / replicates)
    return _Drawn(*(np.concatenate(column) for column in zip(*found, strict=True)))


def _sums(counts: ClassCounts) -> Floats:
    """Sensitivity + specificity - 1 of every split, with the high side called positive."""
    cases, controls = (np.r_[0.0, np.cumsum(c) / c.sum()] for c in (counts.positive, counts.negative))
    gained: Floats = controls - cases
    return gained


def _range(value: float, cutoffs: Floats, n: int) -> Estimate:
    known = cutoffs[np.isfinite(cutoffs)]
    low, high = np.quantile(known, (0.025, 0.975), method="inverted_cdf") if len(known) else (NAN, NAN)
    return Estimate(float(value), float(low), float(high), "middle 95 % of the bootstrap replicates", n=n)


def _bootstrap_notes(direction: AskedDirection, cutoffs: Floats) -> tuple[str, ...]:
    fixed = "the direction was fixed beforehand, so the area has no optimism: nothing was chosen"
    notes = [INCOMPLETE, "the optimism of the area comes from choosing the direction" if direction == "data" else fixed]
    none = int(np.isnan(cutoffs).sum())
    if none:
        notes.append(f"in {none:,} replicates no cutoff was better than calling everybody the same; the ranges leave them out")
    return tuple(notes)
