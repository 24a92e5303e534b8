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

from cartograph.stats.counts import Codes, GroupCounts, count_cells
from cartograph.stats.results import Floats
from cartograph.stats.times import Counts, at_risk_of, survival_input

MAX_KEPT_CELLS = 2_000_000  # cutoffs x times kept cumulated; above, a selected cutoff is counted again in one pass over the patients
CELLS_PER_BLOCK = 100_000  # of a scan: memory stays bounded whatever the number of cutoffs, and the arrays fit the processor cache


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

    def blocks(self, rows: Codes, size: int = 0) -> Iterator[tuple[slice, Counts, Counts, Counts, Counts]]:
        """For ascending positions in ``cutoffs``, in blocks that fit memory: (slice of ``rows``, at risk and events of low and high).

        Arrays are cutoffs x event times; at risk at an event time counts T >= t. Times without an event are folded into the last event
        time before them, which changes no risk set. ``size``: cutoffs per block, 0 = as many as fit; nothing comes without events.
        """
        is_event = np.bincount(self.place, weights=self.event, minlength=len(self.time)) > 0
        column = np.cumsum(is_event) - 1  # last event time at or before each time, -1 = before the first
        width = int(is_event.sum())
        here = column[self.place]
        block = np.searchsorted(rows, self.interval)  # first asked cutoff that puts the patient into the low group
        kept = here >= 0
        if not width:
            return
        all_leaving = np.bincount(here[kept], minlength=width).astype(np.float64)
        all_events = np.bincount(here[kept], weights=self.event[kept], minlength=width).astype(np.float64)
        total_risk = at_risk_of(all_leaving)
        order = np.argsort(block[kept], kind="stable")
        block, here, event = block[kept][order], here[kept][order], self.event[kept][order]
        carry_leaving, carry_events = np.zeros(width), np.zeros(width)
        size = size or max(1, CELLS_PER_BLOCK // width)
        for start in range(0, len(rows), size):
            stop = min(start + size, len(rows))
            first, last = np.searchsorted(block, [start, stop])
            cell = (block[first:last] - start) * width + here[first:last]
            shape = (stop - start, width)
            leaving = np.bincount(cell, minlength=shape[0] * width).astype(np.float64).reshape(shape)
            events = np.bincount(cell, weights=event[first:last], minlength=shape[0] * width).astype(np.float64).reshape(shape)
            leaving[0] += carry_leaving
            events[0] += carry_events
            np.cumsum(leaving, axis=0, out=leaving)
            np.cumsum(events, axis=0, out=events)
            carry_leaving, carry_events = leaving[-1].copy(), events[-1].copy()
            low_risk = at_risk_of(leaving)
            yield slice(start, stop), low_risk, events, total_risk - low_risk, all_events - events


def _cumulated(interval: Codes, place: Codes, event: Floats, shape: tuple[int, int]) -> tuple[Counts, Counts]:
    """Cumulative counts over the cutoff axis of the (cutoff interval, time) cells: one GROUP BY, one running sum."""
    cell = interval * shape[1] + place
    size = shape[0] * shape[1]
    leaving = np.bincount(cell, minlength=size).astype(np.float64).reshape(shape)
    events = np.bincount(cell, weights=event, minlength=size).reshape(shape)
    return np.cumsum(leaving, axis=0), np.cumsum(events, axis=0)
