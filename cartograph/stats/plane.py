"""Two markers at once: the hazard ratio at every pair of their cutoffs, and what the best of all pairs is worth.

Patients are counted once by (interval of the first marker, interval of the second, time). Sums over both marker axes give, for every pair
of cutoffs, who is at risk and who has the event in the group with both low and in the one with both high; no pair is fitted from patients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph.stats.results import Floats
from cartograph.stats.sweep import GroupSweep, cox_ratios, log_rank_moments
from cartograph.stats.times import Counts, SurvivalInput, survival_input

Contrast = Literal["extremes", "rest"]
Whole = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

MOST_CUTOFFS = 40  # per marker: more cells than a screen can tell apart
MIN_GROUP = 10  # patients in the smaller group of a pair of cutoffs
CELLS_PER_BLOCK = 2_000_000  # pairs of cutoffs x events held at once
SCORES_PER_BATCH = 400_000  # permutations x patients held at once
SAME_STATISTIC = 1e-10  # relative: permuted sums differ from the observed one by rounding

GIVEN, TOO_FEW, NO_EVENTS, NOT_COMPARABLE = 0, 1, 2, 3
CONTRASTS: dict[Contrast, str] = {
    "extremes": "both high against both low, patients with one high and one low left out",
    "rest": "one or both high against both low",
}


@dataclass(frozen=True, slots=True, eq=False)
class CutoffPlane:
    """Every pair of cutoffs of two markers. Arrays are cutoffs of the first marker x cutoffs of the second.

    low = both markers at or below their cutoff, high = both above, mixed = one of each. ``hazard_ratio`` compares high (contrast
    "extremes") or mixed and high together (contrast "rest") with low; ``chi2`` is the log-rank chi-squared of that pair of groups,
    ``smallest`` the size of its smaller group. ``status``: 0 = given, 1 = a group of fewer than ``min_group`` patients, 2 = a group
    without events, 3 = the groups are never at risk together or one of them ends before the other has an event; hazard ratio,
    limits and chi2 are NaN where status is not 0.
    """

    cutoffs_a: Floats
    cutoffs_b: Floats
    n_low: Whole
    n_mixed: Whole
    n_high: Whole
    events_low: Whole
    events_mixed: Whole
    events_high: Whole
    smallest: Whole
    hazard_ratio: Floats
    ci_low: Floats
    ci_high: Floats
    chi2: Floats
    status: Whole
    contrast: Contrast
    n: int
    min_group: int
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per pair: cutoff_a, cutoff_b, n and events of each group, smallest, hazard_ratio, limits, chi2, status."""
        a, b = np.meshgrid(self.cutoffs_a, self.cutoffs_b, indexing="ij")
        names = ["n_low", "n_mixed", "n_high", "events_low", "events_mixed", "events_high", "smallest"]
        names += ["hazard_ratio", "ci_low", "ci_high", "chi2", "status"]
        columns = {"cutoff_a": a.ravel(), "cutoff_b": b.ravel()}
        return pd.DataFrame(columns | {name: getattr(self, name).ravel() for name in names})


@dataclass(frozen=True, slots=True, eq=False)
class PlaneTest:
    """The best of all pairs of cutoffs, and its p value corrected for having searched them all.

    ``statistic``: largest standardised log-rank score statistic over the plane (absolute value), reached at ``cutoff_a``, ``cutoff_b``;
    ``pairs``: pairs of cutoffs that were searched. NaN and a note where no pair leaves enough patients in both groups.
    """

    statistic: float
    p_value: float
    cutoff_a: float
    cutoff_b: float
    pairs: int
    permutations: int
    seed: int
    contrast: Contrast
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row: statistic, p_value, cutoff_a, cutoff_b, pairs, permutations, seed, contrast, method."""
        names = ["statistic", "p_value", "cutoff_a", "cutoff_b", "pairs", "permutations", "seed", "contrast", "method"]
        return pd.DataFrame([{name: getattr(self, name) for name in names}])


def plane_cutoffs(value: npt.ArrayLike, *, most: int = MOST_CUTOFFS, min_fraction: float = 0.1) -> Floats:
    """At most ``most`` real values of a marker, evenly by rank, that leave ``min_fraction`` of the patients low and high.

    The window is maxstat's: max(1, floor(N f)) <= patients low <= floor(N (1 - f)). Ascending; empty where no value lies in it.
    """
    values = np.asarray(value, dtype=np.float64)
    distinct, counts = np.unique(values, return_counts=True)
    n, n_low = len(values), np.cumsum(counts)
    inside = (n_low >= max(1, int(np.floor(n * min_fraction)))) & (n_low <= int(np.floor(n * (1 - min_fraction)))) & (n_low < n)
    distinct, n_low = distinct[inside], n_low[inside]
    if len(distinct) <= most:
        return distinct
    wanted = np.linspace(n_low[0], n_low[-1], most)
    return np.asarray(distinct[np.unique(np.searchsorted(n_low, wanted - 1e-9))], dtype=np.float64)


class _Pairs(NamedTuple):
    """The patients of a plane: their intervals on both axes (position of the first cutoff that makes them low), and sizes of all groups."""

    interval_a: Whole
    interval_b: Whole
    cutoffs_a: Floats
    cutoffs_b: Floats
    n_low: Whole
    n_high: Whole

    @property
    def n(self) -> int:
        return len(self.interval_a)

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.cutoffs_a), len(self.cutoffs_b)

    def cell(self) -> Whole:
        """Position of each patient in the flattened grid of intervals, which has one interval more than cutoffs on each axis."""
        return self.interval_a * (self.shape[1] + 1) + self.interval_b

    def compared(self, contrast: Contrast) -> tuple[Whole, Whole]:
        """Patients of the two groups that a contrast compares: low, and the other."""
        return self.n_low, self.n_high if contrast == "extremes" else self.n - self.n_low


def _pairs(a: npt.ArrayLike, b: npt.ArrayLike, n: int, cutoffs_a: npt.ArrayLike | None, cutoffs_b: npt.ArrayLike | None) -> _Pairs:
    first, at_a = _axis(a, n, cutoffs_a, "a")
    second, at_b = _axis(b, n, cutoffs_b, "b")
    low, high = _corners(_cumulated(first * (len(at_b) + 1) + second, (len(at_a) + 1, len(at_b) + 1)))
    return _Pairs(first, second, at_a, at_b, _whole(low), _whole(high))


def _axis(value: npt.ArrayLike, n: int, cutoffs: npt.ArrayLike | None, name: str) -> tuple[Whole, Floats]:
    values = np.asarray(value, dtype=np.float64)
    if values.shape != (n,) or not np.isfinite(values).all():
        raise ValueError(f"{name} must be one finite number for each of the {n} patients: leave out patients that were not measured first")
    asked = plane_cutoffs(values) if cutoffs is None else np.unique(np.asarray(cutoffs, dtype=np.float64))
    return np.searchsorted(asked, values, side="left").astype(np.int64), asked


def _cumulated(cell: Whole, shape: tuple[int, int], weight: Floats | None = None) -> Floats:
    """Patients (or the sum of ``weight``) at or below each interval of both axes."""
    counts = np.bincount(cell, weights=weight, minlength=shape[0] * shape[1]).astype(np.float64).reshape(shape)
    return counts.cumsum(axis=0).cumsum(axis=1)


def _corners(cumulated: Floats) -> tuple[Floats, Floats]:
    """Both low and both high at every pair, from sums cumulated over the last two axes."""
    low = cumulated[..., :-1, :-1]
    return low, cumulated[..., -1:, -1:] - cumulated[..., :-1, -1:] - cumulated[..., -1:, :-1] + low


def _whole(counts: Floats) -> Whole:
    return np.rint(counts).astype(np.int64)


def cutoff_plane(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    *,
    cutoffs_a: npt.ArrayLike | None = None,
    cutoffs_b: npt.ArrayLike | None = None,
    contrast: Contrast = "extremes",
    min_group: int = MIN_GROUP,
) -> CutoffPlane:
    """Compare the groups that two markers make, at every pair of their cutoffs.

    ``a``, ``b``: both biomarkers of each patient, nothing missing (ValueError); ``time`` (months) and ``event`` as in ``kaplan_meier``.
    ``cutoffs_a``, ``cutoffs_b``: by default ``plane_cutoffs``. ``contrast`` "extremes": both high against both low, the others left out;
    "rest": one or both high against both low. Hazard ratio: Cox with Efron's ties and Wald limits; chi2: log-rank. The best pair of
    many is not a test: see ``plane_permutation_p``.
    """
    data = survival_input(time, event)
    pairs = _pairs(a, b, len(data.time), cutoffs_a, cutoffs_b)
    n_low, n_other = pairs.compared(_known(contrast))
    happened = _corners(_cumulated(pairs.cell(), (pairs.shape[0] + 1, pairs.shape[1] + 1), data.event))
    events_low, events_high = (_whole(counts) for counts in happened)
    events = int(data.event.sum())
    smallest = np.minimum(n_low, n_other)
    events_other = events_high if contrast == "extremes" else events - events_low
    status = np.select([smallest < min_group, np.minimum(events_low, events_other) == 0], [TOO_FEW, NO_EVENTS], GIVEN)
    found = _compared(data, pairs, contrast, status == GIVEN)
    status = np.where((status == GIVEN) & np.isnan(found[0]), NOT_COMPARABLE, status).astype(np.int64)
    counts = n_low, pairs.n - n_low - pairs.n_high, pairs.n_high, events_low, events - events_low - events_high, events_high
    axes = pairs.cutoffs_a, pairs.cutoffs_b
    method = f"Cox, Efron ties, Wald limits; log-rank; {CONTRASTS[contrast]}"
    return CutoffPlane(*axes, *counts, smallest, *found, status, contrast, pairs.n, min_group, method, _notes(status, min_group))


def _known(contrast: Contrast) -> Contrast:
    if contrast not in CONTRASTS:
        raise ValueError(f"contrast must be 'extremes' or 'rest'; got {contrast!r}")
    return contrast


def _notes(status: Whole, min_group: int) -> tuple[str, ...]:
    """How many pairs are not given, and why."""
    if not status.size:
        return ("no cutoff leaves a tenth of the patients on either side",)
    reasons = {
        TOO_FEW: f"a group has fewer than {min_group} patients",
        NO_EVENTS: "a group has no events",
        NOT_COMPARABLE: "the groups cannot be compared while both are at risk",
    }
    counts = {words: int((status == code).sum()) for code, words in reasons.items()}
    return tuple(f"{k:,} of {status.size:,} pairs of cutoffs not given: {words}" for words, k in counts.items() if k)


def _compared(data: SurvivalInput, pairs: _Pairs, contrast: Contrast, wanted: Mask) -> tuple[Floats, Floats, Floats, Floats]:
    """Hazard ratio, its limits and log-rank chi-squared of the ``wanted`` pairs; NaN elsewhere."""
    found = np.full((4, *pairs.shape), np.nan)
    for rows, leaving, events in _blocks(data, pairs, contrast):
        chosen = wanted[rows]
        if not chosen.any():
            continue
        counts = GroupSweep(slice(0, int(chosen.sum())), np.arange(leaving.shape[-1]).astype(float), leaving[chosen], events[chosen])
        ratio, moments = cox_ratios(counts), log_rank_moments(counts)
        score, variance = moments.score[:, 1], moments.variance[:, 1, 1]
        chi2 = np.divide(score**2, variance, out=np.full(len(score), np.nan), where=~np.isnan(ratio.value))
        for k, values in enumerate((ratio.value, ratio.ci_low, ratio.ci_high, chi2)):
            found[k, rows][chosen] = values
    return found[0], found[1], found[2], found[3]


def _blocks(data: SurvivalInput, pairs: _Pairs, contrast: Contrast) -> Iterator[tuple[slice, Counts, Counts]]:
    """Cutoffs of the first marker in blocks that fit memory: (slice of them, leaving, events).

    Arrays are cutoffs x cutoffs x (low, other) x event times. A time without an event is folded into the last event time before it,
    which changes no risk set; who leaves before the first event is never at risk at one.
    """
    distinct, place = np.unique(data.time, return_inverse=True)
    is_event = np.bincount(place, weights=data.event, minlength=len(distinct)) > 0
    column, width = (np.cumsum(is_event) - 1)[place], int(is_event.sum())
    kept = column >= 0
    ia, ib, at, event = pairs.interval_a[kept], pairs.interval_b[kept], column[kept], data.event[kept]
    columns = pairs.shape[1] + 1
    everybody = [_grid(np.zeros_like(ia), ib, at, (1, columns, width), w).cumsum(axis=1) for w in (None, event)]
    carried = [np.zeros((1, columns, width)) for _ in everybody]
    size = max(1, CELLS_PER_BLOCK // max(columns * int(data.event.sum()), 1))  # Efron's ties take one term per event
    for start in range(0, pairs.shape[0] if width else 0, size):
        stop = min(start + size, pairs.shape[0])
        inside = (ia >= start) & (ia < stop)
        groups = []
        for k, weight in enumerate((None, event[inside])):
            counts = _grid(ia[inside] - start, ib[inside], at[inside], (stop - start, columns, width), weight)
            below = counts.cumsum(axis=0).cumsum(axis=1) + carried[k]
            carried[k] = below[-1:]
            groups.append(_groups(below, everybody[k], contrast))
        yield slice(start, stop), groups[0], groups[1]


def _grid(row: Whole, column: Whole, at: Whole, shape: tuple[int, int, int], weight: Floats | None) -> Counts:
    """One GROUP BY over (interval of the first marker, interval of the second, event time)."""
    cell = (row * shape[1] + column) * shape[2] + at
    return np.bincount(cell, weights=weight, minlength=shape[0] * shape[1] * shape[2]).astype(np.float64).reshape(shape)


def _groups(below: Counts, everybody: Counts, contrast: Contrast) -> Counts:
    """Low and the other group, from sums at or below each pair (``below``) and over all of the first marker (``everybody``)."""
    low = below[:, :-1]
    other = everybody[:, -1:] - low
    if contrast == "extremes":
        other = everybody[:, -1:] - below[:, -1:] - everybody[:, :-1] + low
    return np.stack([low, np.broadcast_to(other, low.shape)], axis=2)


def plane_permutation_p(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    plane: CutoffPlane,
    *,
    permutations: int = 1000,
    seed: int = 1,
    progress: Callable[[float], None] | None = None,
) -> PlaneTest:
    """How often chance alone gives a pair of cutoffs as good as the best one of the plane.

    The statistic of a pair is the difference of the mean log-rank score between the two groups over its standard deviation under
    permutation (Hothorn & Lausen, Comput Stat Data Anal 2003, for one marker; a linear rank statistic after Strasser & Weber 1999).
    Scores are of all patients together, also where the contrast "extremes" leaves some out. Outcomes (time with event) are shuffled
    against the marker pairs, so that the markers keep their relation; the largest statistic of the plane is compared with that of each
    shuffle: p = (1 + shuffles at least as large) / (1 + shuffles) (Phipson & Smyth, Stat Appl Genet Mol Biol 2010).
    ``a``, ``b``, ``time``, ``event``: the patients of ``plane`` (else ValueError), which brings cutoffs, contrast and ``min_group``; pairs
    with a smaller group are not searched. ``progress`` is told 0 to 1; what it raises ends the work.
    """
    if permutations < 1:
        raise ValueError(f"permutations must be at least 1; got {permutations}")
    data = survival_input(time, event)
    contrast, min_group = plane.contrast, plane.min_group
    pairs = _pairs(a, b, len(data.time), plane.cutoffs_a, plane.cutoffs_b)
    n_low, n_other = pairs.compared(contrast)
    if not (np.array_equal(n_low, plane.n_low) and np.array_equal(pairs.n_high, plane.n_high)):
        raise ValueError("plane must come from the same patients: its groups have other sizes")
    searched = plane.smallest >= min_group
    scores = log_rank_scores(data)
    method = f"maximally selected log-rank over both cutoffs, permutation; {CONTRASTS[contrast]}"
    if not searched.any() or not data.event.any():
        reason = "no events" if searched.any() else f"no pair of cutoffs leaves {min_group} patients in both groups"
        return PlaneTest(np.nan, np.nan, np.nan, np.nan, int(searched.sum()), 0, seed, contrast, method, (reason,))
    measure = _Measure(pairs.cell(), pairs.shape, contrast, searched, n_low, n_other, float(scores @ scores) / (pairs.n - 1))
    observed = measure.of(scores[None, :])[0]
    best = int(np.argmax(observed >= observed.max() * (1 - SAME_STATISTIC)))
    top = float(observed.max())
    larger = _larger(measure, scores, top, permutations, np.random.default_rng(seed), progress)
    i, j = np.argwhere(searched)[best]
    p = (1 + larger) / (1 + permutations)
    place = float(pairs.cutoffs_a[i]), float(pairs.cutoffs_b[j])
    return PlaneTest(top, p, *place, int(searched.sum()), permutations, seed, contrast, method)


def log_rank_scores(data: SurvivalInput) -> Floats:
    """Event minus the cumulated hazard at each patient's time, ties as R's maxstat (maximum rank); centred, so that they sum to 0."""
    n = len(data.time)
    order = np.argsort(data.time, kind="stable")
    rank = np.searchsorted(data.time[order], data.time, side="right")
    hazard = np.cumsum((data.event / (n - rank + 1))[order])
    scores = data.event - hazard[rank - 1]
    return np.asarray(scores - scores.mean(), dtype=np.float64)


class _Measure(NamedTuple):
    """What turns scores into the standardised statistic of every searched pair. ``spread``: variance of one score."""

    cell: Whole
    shape: tuple[int, int]
    contrast: Contrast
    searched: Mask
    n_low: Whole
    n_other: Whole
    spread: float

    def of(self, scores: Floats) -> Floats:
        """``scores``: shuffles x patients. Returns shuffles x searched pairs, absolute values."""
        intervals = self.shape[0] + 1, self.shape[1] + 1
        size = intervals[0] * intervals[1]
        place = self.cell + size * np.arange(len(scores))[:, None]
        sums = np.bincount(place.ravel(), weights=scores.ravel(), minlength=size * len(scores)).reshape(len(scores), *intervals)
        low, high = _corners(sums.cumsum(axis=1).cumsum(axis=2))
        low = low[:, self.searched]
        other = high[:, self.searched] if self.contrast == "extremes" else -low  # all scores sum to 0
        n_low, n_other = self.n_low[self.searched], self.n_other[self.searched]
        return np.asarray(np.abs(other / n_other - low / n_low) / np.sqrt(self.spread * (1 / n_low + 1 / n_other)), dtype=np.float64)


def _larger(
    measure: _Measure, scores: Floats, top: float, permutations: int, rng: np.random.Generator, progress: Callable[[float], None] | None
) -> int:
    """Shuffles whose best pair is at least as good as ``top``."""
    found, done = 0, 0
    size = max(1, SCORES_PER_BATCH // (len(scores) + measure.n_low.size))
    while done < permutations:
        count = min(size, permutations - done)
        shuffled = rng.permuted(np.broadcast_to(scores, (count, len(scores))), axis=1)
        found += int((measure.of(shuffled).max(axis=1) >= top * (1 - SAME_STATISTIC)).sum())
        done += count
        if progress:
            progress(done / permutations)
    return found
