"""Counts at distinct times, group by group: all that curves, log-rank tests and hazard ratios of groups need."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cartograph.stats.results import Floats
from cartograph.stats.survival import Limits, SurvivalCurve, curve_from_counts
from cartograph.stats.times import Counts, at_risk_of

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class GroupCounts:
    """``leaving`` and ``events``: groups x times; who leaves (event or censored) and who has the event at each distinct time.

    Counts add up: tables of two sites on the same times are merged by addition, without a patient row.
    """

    time: Floats
    leaving: Counts
    events: Counts

    @property
    def n_groups(self) -> int:
        """Number of groups, empty ones included."""
        return len(self.leaving)

    @property
    def n(self) -> Codes:
        """Patients of each group."""
        return np.asarray(np.rint(self.leaving.sum(axis=1)), dtype=np.int64)

    @property
    def n_events(self) -> Codes:
        """Events of each group."""
        return np.asarray(np.rint(self.events.sum(axis=1)), dtype=np.int64)

    def curve(self, group: int, *, level: float = 0.95, ci: Limits = "log-log") -> SurvivalCurve:
        """The Kaplan-Meier curve of one group."""
        leaving, events = self.leaving[group], self.events[group]
        return curve_from_counts(self.time, at_risk_of(leaving), events, leaving - events, level=level, ci=ci)

    def follow_up_curve(self, group: int, *, level: float = 0.95) -> SurvivalCurve:
        """The reverse Kaplan-Meier curve of one group: censoring is the event."""
        leaving, events = self.leaving[group], self.events[group]
        return curve_from_counts(self.time, at_risk_of(leaving), leaving - events, events, level=level)

    def only(self, *groups: int) -> GroupCounts:
        """The counts of some groups, in the order given."""
        chosen = list(groups)
        return GroupCounts(self.time, self.leaving[chosen], self.events[chosen])


def group_counts(time: Floats, event: Floats, codes: Codes, n_groups: int) -> GroupCounts:
    """Count patients into (group, time) cells. ``codes``: 0 .. n_groups - 1 for each patient, -1 = left out."""
    inside = codes >= 0
    distinct, place = np.unique(time[inside], return_inverse=True)
    return count_cells(distinct, place, event[inside], codes[inside], n_groups)


def count_cells(distinct: Floats, place: Codes, event: Floats, codes: Codes, n_groups: int) -> GroupCounts:
    """One GROUP BY over (group, time): ``place`` is each patient's position in ``distinct``."""
    shape = (n_groups, len(distinct))
    cell = codes * len(distinct) + place
    leaving = np.bincount(cell, minlength=shape[0] * shape[1]).astype(np.float64).reshape(shape)
    events = np.bincount(cell, weights=event, minlength=shape[0] * shape[1]).astype(np.float64).reshape(shape)
    return GroupCounts(distinct, leaving, events)


@dataclass(frozen=True, slots=True, eq=False)
class RiskSets:
    """Every single event with the patients at risk of it: groups x events.

    Tied events are taken one after another. ``at_risk``: Breslow keeps the whole risk set for each of d tied events, Efron takes
    l/d of the tied patients out before the l-th. ``of_event``: events of each group, in total.
    """

    at_risk: Floats
    of_event: Floats


def risk_sets(counts: GroupCounts, *, ties: str = "efron") -> RiskSets:
    """Risk sets of all events of a table, for the partial likelihood."""
    if ties not in ("efron", "breslow"):
        raise ValueError(f"ties must be 'efron' or 'breslow'; got {ties!r}")
    total = counts.events.sum(axis=0)
    used = np.flatnonzero(total > 0)
    tied = total[used].astype(np.int64)
    column = np.repeat(used, tied)
    at_risk = at_risk_of(counts.leaving)[:, column]
    if ties == "efron" and len(tied) and tied.max() > 1:
        order = np.arange(len(column)) - np.repeat(np.cumsum(tied) - tied, tied)
        at_risk = at_risk - counts.events[:, column] * (order / np.repeat(tied, tied))
    return RiskSets(at_risk, counts.events.sum(axis=1))


def joined(sets: list[RiskSets]) -> RiskSets:
    """Risk sets of several strata as one: each stratum keeps its own baseline."""
    return RiskSets(np.concatenate([s.at_risk for s in sets], axis=1), np.sum([s.of_event for s in sets], axis=0))
