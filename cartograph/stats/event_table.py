"""The event table: one endpoint, one stratum, one biomarker, counted once; every cutoff is read from it.

Sort the distinct cutoffs and the distinct times, count leaving patients and events in each (cutoff interval, time) cell in one pass, and
cumulate over the cutoff axis: that gives, for every cutoff at once, who leaves and who has the event in the low group at every time, and by
subtraction in the high group. Curves, at-risk tables, log-rank tests and hazard ratios follow from these counts alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph.stats.counts import Codes, GroupCounts, count_cells
from cartograph.stats.results import Floats
from cartograph.stats.times import Counts, at_risk_of, survival_input

MAX_KEPT_CELLS = 2_000_000  # cutoffs x times kept cumulated; above, a selected cutoff is counted again in one pass over the patients
CELLS_PER_BLOCK = 150_000  # of a scan: memory stays bounded whatever the number of cutoffs, and the arrays fit the processor cache
NOBODY = -np.inf  # longest time of a group without patients

Block = tuple[Counts, Counts, Counts, Counts]  # at risk low, events low, at risk high, events high; cutoffs x event times


@dataclass(frozen=True, slots=True, eq=False)
class EventTable:
    """Patients of one stratum, counted by time and, where a biomarker is given, by cutoff.

    ``time``: distinct times (months), ascending. ``place``: each patient's position in ``time``; ``event``: 1 or 0.
    ``cutoffs``: distinct biomarker values, ascending; ``interval``: each patient's position in ``cutoffs``.
    ``low_leaving`` and ``low_events``: cutoffs x times, counts of the low group (value <= cutoff), kept when small enough.
    """

    time: Floats
    place: Codes
    event: Floats
    cutoffs: Floats
    interval: Codes
    low_leaving: Counts | None
    low_events: Counts | None

    @classmethod
    def build(cls, value: npt.ArrayLike | None, time: npt.ArrayLike, event: npt.ArrayLike) -> EventTable:
        """Count the patients. ``value``: biomarker of each patient without missing ones, or None; time and event as in ``kaplan_meier``."""
        data = survival_input(time, event)
        distinct, place = np.unique(data.time, return_inverse=True)
        values = np.zeros(len(data.time)) if value is None else np.asarray(value, dtype=np.float64)
        if values.shape != data.time.shape or not np.isfinite(values).all():
            raise ValueError("value must be one finite number per patient: leave out patients that were not measured first")
        cutoffs, interval = np.unique(values, return_inverse=True)
        leaving = events = None
        if value is not None and len(cutoffs) * len(distinct) <= MAX_KEPT_CELLS:
            leaving, events = _cumulated(interval, place, data.event, (len(cutoffs), len(distinct)))
        return cls(distinct, place, data.event, cutoffs, interval, leaving, events)

    @property
    def n(self) -> int:
        """Number of patients."""
        return len(self.place)

    def event_times(self) -> Floats:
        """The distinct times with an event."""
        return self.time[np.bincount(self.place, weights=self.event, minlength=len(self.time)) > 0]

    def select(self, cutoff: float) -> GroupCounts:
        """Counts of the low group (0, value <= cutoff) and the high group (1, value > cutoff) at any cutoff."""
        row = int(np.searchsorted(self.cutoffs, cutoff, side="right")) - 1
        if self.low_leaving is None or self.low_events is None:
            return self.split((self.interval > row).astype(np.int64), 2)
        nobody = np.zeros(len(self.time))
        leaving = self.low_leaving[row] if row >= 0 else nobody
        events = self.low_events[row] if row >= 0 else nobody
        total_leaving = self.low_leaving[-1] if len(self.cutoffs) else nobody
        total_events = self.low_events[-1] if len(self.cutoffs) else nobody
        return GroupCounts(self.time, np.stack([leaving, total_leaving - leaving]), np.stack([events, total_events - events]))

    def split(self, codes: Codes, n_groups: int) -> GroupCounts:
        """Counts of any groups: ``codes`` 0 .. n_groups - 1 for each patient of the table."""
        return count_cells(self.time, self.place, self.event, codes, n_groups)


def _cumulated(interval: Codes, place: Codes, event: Floats, shape: tuple[int, int]) -> tuple[Counts, Counts]:
    """Cumulative counts over the cutoff axis of the (cutoff interval, time) cells: one GROUP BY, one running sum."""
    cell = interval * shape[1] + place
    size = shape[0] * shape[1]
    leaving = np.bincount(cell, minlength=size).astype(np.float64).reshape(shape)
    events = np.bincount(cell, weights=event, minlength=size).reshape(shape)
    return np.cumsum(leaving, axis=0), np.cumsum(events, axis=0)


@dataclass(frozen=True, slots=True, eq=False)
class CutoffCounts:
    """Patients of one stratum, counted against given cutoffs only: what a scan reads.

    ``time``: distinct event times (months), ascending; ``tied``: events at each; ``at_risk``: patients with T >= t at each. One entry per
    cutoff: ``n_low`` and ``events_low`` of the patients with value <= cutoff; ``last_low``, ``last_high``: longest time of each group,
    -inf = nobody. The other three have one entry per patient at risk at an event, sorted by the first cutoff that makes them low.
    """

    n: int
    time: Floats
    tied: Counts
    at_risk: Counts
    n_low: Codes
    events_low: Codes
    last_low: Floats
    last_high: Floats
    interval: Codes
    column: Codes
    event: npt.NDArray[np.bool_]

    @classmethod
    def build(cls, interval: Codes, n_cutoffs: int, times: Floats, place: Codes, event: Floats) -> CutoffCounts:
        """Count patients. ``interval``: first cutoff that is not below the value, ``n_cutoffs`` = none; ``place``: position in ``times``.

        Times without an event are folded into the last event time before them, which changes no risk set.
        """
        events_at = np.bincount(place, weights=event, minlength=len(times))
        is_event = events_at > 0
        n_in = np.bincount(interval, minlength=n_cutoffs + 1)
        events_in = np.bincount(interval, weights=event, minlength=n_cutoffs + 1)
        longest = np.full(n_cutoffs + 1, NOBODY)
        np.maximum.at(longest, interval, times[place])
        column = (np.cumsum(is_event) - 1)[place]
        small = interval.astype(np.uint16) if n_cutoffs < np.iinfo(np.uint16).max else interval  # few distinct: sorted without comparing
        order = np.argsort(small, kind="stable")
        order = order[column[order] >= 0]
        left = np.bincount(column[order], minlength=int(is_event.sum())).astype(np.float64)
        return cls(
            n=len(place),
            time=times[is_event],
            tied=events_at[is_event].astype(np.float64),
            at_risk=at_risk_of(left),
            n_low=np.cumsum(n_in)[:-1],
            events_low=np.rint(np.cumsum(events_in)[:-1]).astype(np.int64),
            last_low=np.maximum.accumulate(longest)[:-1],
            last_high=np.maximum.accumulate(longest[::-1])[::-1][1:],
            interval=interval[order],
            column=column[order],
            event=event[order] > 0,
        )

    @property
    def n_events(self) -> int:
        """Number of events."""
        return round(float(self.tied.sum()))

    def events_until(self, times: Floats) -> Counts:
        """Events at or before given times."""
        found: Counts = np.r_[0.0, np.cumsum(self.tied)][np.searchsorted(self.time, times, side="right")]
        return found

    def blocks(self, size: int) -> Iterator[tuple[slice, Block]]:
        """For ``size`` cutoffs after another: (which cutoffs, their counts). Nothing comes without events."""
        width = len(self.time)
        carry = [np.zeros(width, dtype=np.int64) for _ in range(2)]
        for start in range(0, len(self.n_low) if width else 0, size):
            shape = (min(start + size, len(self.n_low)) - start, width)
            first, last = np.searchsorted(self.interval, [start, start + shape[0]])
            cell = (self.interval[first:last] - start) * width + self.column[first:last]
            counted = []
            for i, cells in enumerate((cell, cell[self.event[first:last]])):
                table = np.bincount(cells, minlength=shape[0] * width).reshape(shape)
                table[0] += carry[i]
                for row in range(1, shape[0]):  # adds whole rows: twice as fast as a running sum down the columns
                    table[row] += table[row - 1]
                carry[i] = table[-1].copy()
                counted.append(table)
            low_risk = np.cumsum(counted[0][:, ::-1], axis=1)[:, ::-1].astype(np.float64)
            low_events = counted[1].astype(np.float64)
            yield slice(start, start + shape[0]), (low_risk, low_events, self.at_risk - low_risk, self.tied - low_events)


def distinct_times(time: npt.ArrayLike, event: npt.ArrayLike) -> tuple[Floats, Codes, Floats]:
    """(distinct times ascending, position of each patient among them, events as 0 and 1), checked as ``survival_input`` does.

    The same merging of times that differ by rounding noise, but only the distinct times are sorted: fast for a million patients.
    """
    times, events = np.asarray(time, dtype=np.float64), np.asarray(event, dtype=np.float64)
    if times.ndim != 1 or times.shape != events.shape or not ((events == 0) | (events == 1)).all():
        survival_input(time, event)  # says what is wrong
    code, found = pd.factorize(times, use_na_sentinel=False)
    order = np.argsort(found)
    distinct, column = np.unique(survival_input(found[order], np.zeros(len(found))).time, return_inverse=True)
    position = np.empty(len(found), dtype=np.int64)
    position[order] = column
    return distinct, position[code], events
