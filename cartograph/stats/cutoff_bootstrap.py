"""How far a searched cutoff can be trusted: where else it could have been, and what it is worth in patients who did not choose it.

A bootstrap sample, like a training fold, is a weight for each of the same patients. Weighted counts give the best cutoff, the hazard ratio
and the concordance of all samples of a block at once; nothing is fitted patient by patient.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph.stats.cutoff import search_window
from cartograph.stats.results import Floats
from cartograph.stats.selected import SAME_STATISTIC, Progress, Whole
from cartograph.stats.splits import Splits, firth, maximise
from cartograph.stats.survival import normal_quantile
from cartograph.stats.times import Counts, at_risk_of, survival_input

Mask = npt.NDArray[np.bool_]

NAN = float("nan")
TENTHS = 10
CELLS_PER_BLOCK = 300_000  # samples x patients held at once
BLOCKS = 20  # at least: progress is told and cancelling is heard that often
NOBODY = 1e-9  # at risk, after tied events were taken out
RANGE = (0.025, 0.975)


@dataclass(frozen=True, slots=True, eq=False)
class CutoffBootstrap:
    """The search repeated in bootstrap samples of the same patients.

    ``cutoff``: the best one of all patients (largest standardised log-rank statistic); ``range_low``, ``range_high``: percentile range that
    holds the best cutoff of 95 % of the samples. ``draws``: the best cutoff of each of ``replicates`` samples (``failed`` more had none).
    ``searched``: the cutoffs of all patients' window, ascending. They are divided by rank into ``tenths`` equal parts (fewer when there are
    fewer cutoffs) that begin and end with ``tenth_from`` and ``tenth_to``; ``tenth_share``: samples whose best cutoff lies there (0-1).
    ``hazard_ratio`` (high against low) and ``concordance`` of the split at ``cutoff`` as they appear; ``corrected_...``: after Harrell's
    optimism, the mean of what each sample's cutoff shows in that sample minus what it shows in all patients. Who is worse is
    learned too: ``concordance`` is 0.5 or more unless the search found nothing; a corrected ratio on the other side of 1 means that nothing
    is left. ``high_is_worse``: of ``cutoff``. NaN and a note when not estimable.
    """

    cutoff: float
    range_low: float
    range_high: float
    hazard_ratio: float
    corrected_hazard_ratio: float
    optimism_log_ratio: float
    concordance: float
    corrected_concordance: float
    optimism_concordance: float
    high_is_worse: bool
    n: int
    events: int
    replicates: int
    failed: int
    draws: Floats
    searched: Floats
    tenth_from: Floats
    tenth_to: Floats
    tenth_share: Floats
    seed: int
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row: cutoff, range, ratios, concordances, optimism, n, events, replicates, failed, seed, method."""
        return _row(self, ["cutoff", "range_low", "range_high", *_WORTH, "optimism_log_ratio", "optimism_concordance", *_COUNTED])

    def tenths_frame(self) -> pd.DataFrame:
        """One row per tenth of the searched range: from, to, share."""
        return pd.DataFrame({"from": self.tenth_from, "to": self.tenth_to, "share": self.tenth_share})

    def place(self, cutoff: float) -> float:
        """Where a cutoff lies on an axis on which every tenth is one wide: 0 to the number of tenths. NaN without a range."""
        if not len(self.searched) or not np.isfinite(cutoff):
            return NAN
        starts = _starts(len(self.searched))
        row = int(np.clip(np.searchsorted(self.searched, cutoff, side="right") - 1, 0, len(self.searched) - 1))
        tenth = int(np.searchsorted(starts, row, side="right")) - 1
        return tenth + float(row - starts[tenth] + 0.5) / float(starts[tenth + 1] - starts[tenth])


_WORTH = ["hazard_ratio", "corrected_hazard_ratio", "concordance", "corrected_concordance"]
_COUNTED = ["n", "events", "replicates", "failed", "seed", "method"]


@dataclass(frozen=True, slots=True, eq=False)
class CrossValidatedCutoff:
    """The search repeated without each fold, and the fold's patients grouped by the cutoff and the direction that the others chose.

    ``hazard_ratio``: of the pooled groups, turned to high against low by the direction of all patients; mean of the log ratios over
    ``repeats`` ways to form the folds, ``ratio_low`` to ``ratio_high`` their smallest and largest (not confidence limits).
    ``concordance``: mean over the repeats. ``draws``: repeats x folds, the cutoff chosen without each fold. NaN and a note otherwise.
    """

    hazard_ratio: float
    ratio_low: float
    ratio_high: float
    concordance: float
    apparent_hazard_ratio: float
    apparent_concordance: float
    cutoff: float
    n: int
    events: int
    folds: int
    repeats: int
    draws: Floats
    seed: int
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row: ratio with its range over repeats, concordance, both as they appear, cutoff, n, events, folds, repeats, seed, method."""
        names = ["hazard_ratio", "ratio_low", "ratio_high", "concordance", "apparent_hazard_ratio", "apparent_concordance", "cutoff"]
        return _row(self, [*names, "n", "events", "folds", "repeats", "seed", "method"])


def _row(result: CutoffBootstrap | CrossValidatedCutoff, names: list[str]) -> pd.DataFrame:
    return pd.DataFrame([{name: getattr(result, name) for name in names}])


class Chosen(NamedTuple):
    """The best cutoff of each sample: ``cutoff`` (NaN = none), ``statistic``, ``direction`` (1 = high is worse, -1 = low is worse)."""

    cutoff: Floats
    statistic: Floats
    direction: Floats


class Fitted(NamedTuple):
    """High against low in each sample: ``log_ratio`` (Cox, Efron; Firth where that has none) and ``lead`` = C - 0.5 of high as the risk."""

    log_ratio: Floats
    lead: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Patients:
    """Patients sorted once: ``by_value`` with ``last`` patient of each distinct value, ``by_time`` with the first of each distinct time.

    ``column``: event time at or before each patient's time, -1 = before the first; ``exits``: patients who leave at one, by event time,
    ``first_exit`` of each event time among them.
    """

    value: Floats
    event: Floats
    distinct: Floats
    by_value: Whole
    last: Whole
    by_time: Whole
    first: Whole
    place: Whole
    exits: Whole
    first_exit: Whole

    @classmethod
    def build(cls, value: npt.ArrayLike, time: npt.ArrayLike, event: npt.ArrayLike) -> _Patients:
        data = survival_input(time, event)
        values = np.asarray(value, dtype=np.float64)
        if values.shape != data.time.shape or not np.isfinite(values).all():
            raise ValueError("value must be one finite number per patient: leave out patients that were not measured first")
        distinct, counts = np.unique(values, return_counts=True)
        by_time = np.argsort(data.time, kind="stable")
        times, first, place = np.unique(data.time[by_time], return_index=True, return_inverse=True)
        where = np.empty(len(values), dtype=np.int64)
        where[by_time] = place
        is_event = np.bincount(where, weights=data.event, minlength=len(times)) > 0
        column = (np.cumsum(is_event) - 1)[place]
        exits = by_time[column >= 0]
        first_exit = np.flatnonzero(np.diff(column[column >= 0], prepend=-1))
        by_value = np.argsort(values, kind="stable")
        return cls(values, data.event, distinct, by_value, np.cumsum(counts) - 1, by_time, first, where, exits, first_exit)

    @property
    def n(self) -> int:
        return len(self.value)

    @property
    def eventful(self) -> bool:
        return len(self.first_exit) > 0

    def choose(self, weight: Counts, min_fraction: float) -> Chosen:
        """The best cutoff of each sample (samples x patients) as ``maximally_selected_log_rank`` of the patients so often repeated."""
        total = weight.sum(axis=1, keepdims=True)
        leaving = np.add.reduceat(weight[:, self.by_time], self.first, axis=1)
        events = np.add.reduceat((weight * self.event)[:, self.by_time], self.first, axis=1)
        hazard = np.cumsum(events / (total - np.cumsum(leaving, axis=1) + 1), axis=1)
        scores = self.event - hazard[:, self.place]
        scores -= (weight * scores).sum(axis=1, keepdims=True) / total
        weighted = weight * scores
        spread = (weighted * scores).sum(axis=1, keepdims=True) / np.maximum(total * (total - 1), 1)
        low = np.cumsum(weight[:, self.by_value], axis=1)[:, self.last]
        sums = np.cumsum(weighted[:, self.by_value], axis=1)[:, self.last]
        ends = np.maximum(1, np.floor(total * min_fraction)), np.floor(total * (1 - min_fraction))
        inside = (low >= ends[0]) & (low <= ends[1]) & (low < total) & (spread > 1e-12)
        variance = np.where(inside, low * (total - low) * spread, 1.0)
        statistic = np.where(inside, np.abs(sums) / np.sqrt(variance), -1.0)
        best = np.argmax(statistic >= statistic.max(axis=1, keepdims=True) * (1 - SAME_STATISTIC), axis=1)
        rows = np.arange(len(best))
        found = inside[rows, best]
        top, side = statistic[rows, best], np.where(sums[rows, best] <= 0, 1.0, -1.0)
        return Chosen(*(np.where(found, v, np.nan) for v in (self.distinct[best], top, side)))

    def fit(self, weight: Counts, high: Mask) -> Fitted:
        """Compare high with low (samples x patients, True = high) in each sample."""
        if not self.eventful:
            return Fitted(np.full(len(high), np.nan), np.full(len(high), np.nan))
        exits = self.exits
        of_high = weight[:, exits] * high[:, exits]
        parts = weight[:, exits], of_high, weight[:, exits] * self.event[exits], of_high * self.event[exits]
        leaving, leaving_high, events, events_high = (np.add.reduceat(p, self.first_exit, axis=1) for p in parts)
        at_risk, high_risk = at_risk_of(leaving), at_risk_of(leaving_high)
        after, after_high = at_risk - events, high_risk - events_high
        pairs = (events * after).sum(axis=1)
        lead = (events_high * (after - after_high)).sum(axis=1) - ((events - events_high) * after_high).sum(axis=1)
        lead = np.divide(lead, 2 * pairs, out=np.full(len(pairs), np.nan), where=pairs > 0)
        return Fitted(_log_ratios(at_risk, high_risk, events, events_high), lead)


def _log_ratios(at_risk: Counts, high_risk: Counts, events: Counts, events_high: Counts) -> Floats:
    """Log hazard ratio of each sample from its counts (samples x event times)."""
    sets = _risk_sets(at_risk, high_risk, events, events_high)
    total_high = events_high.sum(axis=1)
    low = sets.total - sets.high
    only_high, any_high = ((low <= NOBODY) & (sets.high > NOBODY)).sum(axis=1), (sets.high > NOBODY).sum(axis=1)
    cox = (total_high > only_high) & (total_high < any_high)
    found = np.full(len(total_high), np.nan)
    for rows, fitted in ((np.flatnonzero(cox), maximise), (np.flatnonzero(~cox & (any_high > only_high)), _penalised)):
        if len(rows):
            found[rows] = fitted([sets.rows(rows)], total_high[rows], np.zeros(len(rows)))[0]
    return found


def _penalised(sets: list[Splits], events_high: Floats, start: Floats) -> tuple[Floats, Floats, Floats]:
    return firth(sets, events_high + start, normal_quantile(0.95))


def _risk_sets(at_risk: Counts, high_risk: Counts, events: Counts, events_high: Counts) -> Splits:
    """Samples x events: Efron takes l / d of d tied out before the l-th. Where a sample has fewer events, its last sets add nothing."""
    tied = np.rint(events).astype(np.int64)
    cell = np.repeat(np.arange(tied.size), tied.ravel())
    before = np.arange(len(cell)) - np.repeat(np.cumsum(tied.ravel()) - tied.ravel(), tied.ravel())
    row, per_row = cell // tied.shape[1], tied.sum(axis=1)
    at = np.arange(len(cell)) - (np.cumsum(per_row) - per_row)[row]
    total, high = np.ones((len(tied), int(per_row.max(initial=0)))), np.zeros((len(tied), int(per_row.max(initial=0))))
    total[row, at] = at_risk.ravel()[cell] - before
    high[row, at] = high_risk.ravel()[cell] - events_high.ravel()[cell] * before / tied.ravel()[cell]
    return Splits(total, high, np.ones(total.shape[1]))


def bootstrap_cutoff(
    value: npt.ArrayLike,
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    *,
    replicates: int = 500,
    seed: int = 1,
    min_fraction: float = 0.1,
    progress: Progress | None = None,
) -> CutoffBootstrap:
    """Repeat the search in bootstrap samples: where the best cutoff falls, and how much of its effect is search.

    ``value``: biomarker of each patient (nothing missing); ``time`` (months) and ``event`` as in ``kaplan_meier``; ``min_fraction``: of a
    sample's patients that must be low and high. ``progress`` is told 0 to 1; what it raises ends the work. ValueError for missing values,
    unequal lengths and fewer than one replicate. Optimism: Harrell, Lee & Mark, Stat Med 1996.
    """
    if replicates < 1:
        raise ValueError(f"replicates must be at least 1; got {replicates}")
    patients = _Patients.build(value, time, event)
    searched = search_window(patients.value, min_fraction)
    first = _all_patients(patients, min_fraction)
    if first is None:
        return _no_bootstrap(patients, searched, seed)
    rng = np.random.default_rng(seed)
    found = [_sampled(patients, count, rng, min_fraction) for count in _blocks(replicates, patients.n, progress)]
    cutoff, log_ratio, lead = (np.concatenate(part) for part in zip(*found, strict=True))
    draws, used = cutoff[np.isfinite(cutoff)], np.isfinite(log_ratio) & np.isfinite(lead)
    optimism, too_good = (float(v[used].mean()) if used.any() else NAN for v in (log_ratio, lead))
    ends = np.quantile(draws, RANGE, method="inverted_cdf") if len(draws) else (NAN, NAN)
    direction, concordance = first.direction, 0.5 + first.direction * first.lead
    starts = _starts(len(searched))
    return CutoffBootstrap(
        cutoff=first.cutoff,
        range_low=float(ends[0]),
        range_high=float(ends[1]),
        hazard_ratio=float(np.exp(first.log_ratio)),
        corrected_hazard_ratio=float(np.exp(first.log_ratio - direction * optimism)),
        optimism_log_ratio=optimism,
        concordance=concordance,
        corrected_concordance=concordance - too_good,
        optimism_concordance=too_good,
        high_is_worse=direction > 0,
        n=patients.n,
        events=round(patients.event.sum()),
        replicates=len(draws),
        failed=replicates - len(draws),
        draws=draws,
        searched=searched,
        tenth_from=searched[starts[:-1]],
        tenth_to=searched[starts[1:] - 1],
        tenth_share=_shares(draws, searched, starts),
        seed=seed,
        method=f"{replicates:,} bootstrap samples, each searched anew; Cox, Efron ties; Harrell's C",
        notes=_failures(replicates - len(draws), replicates),
    )


class _First(NamedTuple):
    """The search in all patients."""

    cutoff: float
    direction: float
    log_ratio: float
    lead: float


def _all_patients(patients: _Patients, min_fraction: float) -> _First | None:
    if not patients.n or not patients.eventful:
        return None
    everybody = np.ones((1, patients.n))
    chosen = patients.choose(everybody, min_fraction)
    if not np.isfinite(chosen.cutoff[0]):
        return None
    fitted = patients.fit(everybody, patients.value[None, :] > chosen.cutoff[:, None])
    return _First(float(chosen.cutoff[0]), float(chosen.direction[0]), float(fitted.log_ratio[0]), float(fitted.lead[0]))


def _sampled(patients: _Patients, count: int, rng: np.random.Generator, min_fraction: float) -> tuple[Floats, Floats, Floats]:
    """Best cutoff of each of ``count`` samples, and how much better it looks there than in all patients: log ratio and C, NaN = unknown."""
    drawn = rng.integers(0, patients.n, (count, patients.n)) + patients.n * np.arange(count)[:, None]
    weight = np.bincount(drawn.ravel(), minlength=count * patients.n).reshape(count, patients.n).astype(np.float64)
    chosen = patients.choose(weight, min_fraction)
    high = patients.value > chosen.cutoff[:, None]
    inside = patients.fit(weight, high)
    _, where, back = np.unique(chosen.cutoff, return_index=True, return_inverse=True)
    outside = patients.fit(np.ones((len(where), patients.n)), high[where])
    log_ratio, lead = (chosen.direction * (a - b[back]) for a, b in zip(inside, outside, strict=True))
    return chosen.cutoff, log_ratio, lead


def _blocks(count: int, n: int, progress: Progress | None) -> Iterator[int]:
    """How many samples to do next, and word of what is done."""
    size = max(1, min(CELLS_PER_BLOCK // max(n, 1), -(-count // BLOCKS)))
    for start in range(0, count, size):
        yield min(size, count - start)
        if progress:
            progress(min(start + size, count) / count)


def _starts(n: int) -> Whole:
    """Where each tenth of ``n`` cutoffs begins, and where the last ends."""
    parts = min(TENTHS, n)
    return np.asarray(np.round(np.linspace(0, n, parts + 1)), dtype=np.int64)


def _shares(draws: Floats, searched: Floats, starts: Whole) -> Floats:
    """Share of the draws in each tenth; those beyond the range count for its ends."""
    if not len(draws):
        return np.full(len(starts) - 1, NAN)
    row = np.clip(np.searchsorted(searched, draws, side="right") - 1, 0, len(searched) - 1)
    tenth = np.searchsorted(starts, row, side="right") - 1
    return np.asarray(np.bincount(tenth, minlength=len(starts) - 1) / len(draws), dtype=np.float64)


def _failures(failed: int, asked: int) -> tuple[str, ...]:
    return (f"{failed:,} of {asked:,} samples had no cutoff to choose: no events, or too few different values.",) if failed else ()


def _no_bootstrap(patients: _Patients, searched: Floats, seed: int) -> CutoffBootstrap:
    reason = "no events" if patients.n and not patients.eventful else "no cutoff leaves enough patients low and high"
    nothing, none = (NAN,) * 9, np.empty(0)
    starts = _starts(len(searched))
    ends = searched[starts[:-1]], searched[starts[1:] - 1]
    counts = patients.n, round(patients.event.sum()), 0, 0
    shares = np.full(len(ends[0]), NAN)
    return CutoffBootstrap(*nothing, False, *counts, none, searched, *ends, shares, seed, "bootstrap", (reason,))


def cross_validated_cutoff(
    value: npt.ArrayLike,
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    *,
    folds: int = 10,
    repeats: int = 20,
    seed: int = 1,
    min_fraction: float = 0.1,
    progress: Progress | None = None,
) -> CrossValidatedCutoff:
    """Group every patient by a cutoff that was searched without him, and compare the groups.

    The best cutoff and who is worse are chosen in all folds but one and applied to that one (Faraggi & Simon, Stat Med 1996, with two
    folds); the groups of all folds are compared together, so the ratio is not that of any one cutoff. Events are spread evenly over the
    folds. Arguments as in ``bootstrap_cutoff``; ValueError for fewer than two folds, more folds than patients, or no repeat.
    """
    patients = _Patients.build(value, time, event)
    if not 2 <= folds <= max(patients.n, 2) or repeats < 1:
        raise ValueError(f"folds must be 2 to the number of patients ({patients.n}) and repeats at least 1; got {folds} and {repeats}")
    first = _all_patients(patients, min_fraction)
    method = f"{folds}-fold cross-validated cutoff, {repeats} repeats; Cox, Efron ties; Harrell's C"
    counts = patients.n, round(patients.event.sum()), folds, repeats
    if first is None:
        reason = "no events" if patients.n and not patients.eventful else "no cutoff leaves enough patients low and high"
        return CrossValidatedCutoff(*(NAN,) * 7, *counts, np.empty((0, folds)), seed, method, (reason,))
    rng = np.random.default_rng(seed)
    found = [_held_out(patients, count, folds, rng, min_fraction) for count in _blocks(repeats, patients.n * folds, progress)]
    draws, log_ratio, lead = (np.concatenate(part) for part in zip(*found, strict=True))
    ratios = first.direction * log_ratio[np.isfinite(log_ratio)]
    middle, least, most = (float(np.exp(v)) for v in (ratios.mean(), ratios.min(), ratios.max())) if len(ratios) else (NAN,) * 3
    concordance = 0.5 + float(lead[np.isfinite(lead)].mean()) if np.isfinite(lead).any() else NAN
    apparent = float(np.exp(first.log_ratio)), 0.5 + first.direction * first.lead
    notes = _failures(int(np.isnan(draws).sum()), draws.size)
    return CrossValidatedCutoff(middle, least, most, concordance, *apparent, first.cutoff, *counts, draws, seed, method, notes)


def _held_out(patients: _Patients, count: int, folds: int, rng: np.random.Generator, min_fraction: float) -> tuple[Floats, Floats, Floats]:
    """Of ``count`` ways to form folds: cutoffs (count x folds), and log ratio and C - 0.5 of the pooled worse against the better group."""
    fold = np.stack([_folds(patients.event, folds, rng) for _ in range(count)])
    training = fold[:, None, :] != np.arange(folds)[:, None]
    chosen = patients.choose(training.reshape(-1, patients.n).astype(np.float64), min_fraction)
    cutoff, direction = (np.take_along_axis(v.reshape(count, folds), fold, axis=1) for v in (chosen.cutoff, chosen.direction))
    worse = (patients.value > cutoff) == (direction > 0)
    fitted = patients.fit(np.isfinite(cutoff).astype(np.float64), worse)
    return chosen.cutoff.reshape(count, folds), fitted.log_ratio, fitted.lead


def _folds(event: Floats, folds: int, rng: np.random.Generator) -> Whole:
    """The fold of each patient, events and censored dealt out in turn."""
    order = np.lexsort((rng.random(len(event)), event))
    found = np.empty(len(event), dtype=np.int64)
    found[order] = np.arange(len(event)) % folds
    return found
