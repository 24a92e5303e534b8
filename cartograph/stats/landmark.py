"""Landmark analysis: a status reached after infusion compared only among patients who were still followed when it was looked at.

A patient who reaches a status late had to live until then. Counting that time for the status makes every status look good; from a landmark
on, it counts for nobody.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph.stats.results import Floats
from cartograph.stats.times import SAME_TIME, survival_input

Flags = npt.NDArray[np.bool_]
METHOD = "landmark: followed beyond the landmark without event, status as known at the landmark, time from the landmark"


@dataclass(frozen=True, slots=True, eq=False)
class Landmark:
    """Who is compared from a landmark on, and who is not.

    ``included``: one entry per patient asked about, True = followed beyond the landmark (time > at) without event. ``time`` (months from
    the landmark, positive), ``event`` (True = event) and ``exposed`` (True = status reached by the landmark) have one entry per included
    patient, in the order given: they go to ``kaplan_meier``, ``log_rank`` and ``hazard_ratio`` as they are.

    Of ``n`` patients ``events_before`` had the event and ``censored_before`` were censored before or at the landmark; of those left out
    ``reached_and_left_out`` had reached the status. ``reached_later``: included, status reached after the landmark, so they count as not
    exposed. ``events_exposed``, ``events_unexposed``: events after the landmark.
    """

    at: float
    included: Flags
    time: Floats
    event: Flags
    exposed: Flags
    n: int
    events_before: int
    censored_before: int
    reached_and_left_out: int
    reached_later: int
    method: str = METHOD
    notes: tuple[str, ...] = ()

    @property
    def n_analysed(self) -> int:
        """Patients compared."""
        return len(self.time)

    @property
    def n_exposed(self) -> int:
        """Of them, those who had reached the status by the landmark."""
        return int(self.exposed.sum())

    @property
    def events_exposed(self) -> int:
        """Events after the landmark in patients who had reached the status."""
        return int((self.event & self.exposed).sum())

    @property
    def events_unexposed(self) -> int:
        """Events after the landmark in the others."""
        return int((self.event & ~self.exposed).sum())

    def to_frame(self) -> pd.DataFrame:
        """The flow, one row per step in order: step (words), n (patients)."""
        steps = [
            ("patients", self.n),
            ("event before or at the landmark", self.events_before),
            ("censored before or at the landmark", self.censored_before),
            ("analysed", self.n_analysed),
            ("status reached by the landmark", self.n_exposed),
            ("status not reached by the landmark", self.n_analysed - self.n_exposed),
        ]
        return pd.DataFrame(steps, columns=["step", "n"])


def landmark(time: npt.ArrayLike, event: npt.ArrayLike, status_time: npt.ArrayLike, at: float) -> Landmark:
    """Split patients by a status as it was known at a landmark (Anderson, Cain & Gelber, J Clin Oncol 1983).

    ``time``: months from infusion, not negative; ``event``: True = event, False = censored; ``status_time``: months from infusion to the
    status, missing or infinite = not reached in follow-up; ``at``: the landmark in months, 0 or later, chosen before the curves are seen.

    Included: time > at. Exposed: status_time <= at. Times that differ from the landmark by rounding noise only are at it. The clock
    restarts at the landmark. ValueError for missing times or events, unequal lengths, and a landmark that is negative or missing. When
    nobody or everybody is exposed, or nobody is left, a note says so.
    """
    data = survival_input(time, event)
    reached = reached_times(status_time, len(data.time))
    if not (math.isfinite(at) and at >= 0):
        raise ValueError(f"at must be a landmark in months, 0 or later; got {at}")
    events = data.event == 1
    end = at + SAME_TIME * max(1.0, at)
    included = data.time > end
    exposed = reached <= end
    return Landmark(
        at=float(at),
        included=included,
        time=data.time[included] - at,
        event=events[included],
        exposed=exposed[included],
        n=len(included),
        events_before=int((events & ~included).sum()),
        censored_before=int((~events & ~included).sum()),
        reached_and_left_out=int((exposed & ~included).sum()),
        reached_later=int((included & ~exposed & (reached <= data.time)).sum()),
        notes=_notes(events[included], exposed[included]),
    )


def reached_times(status_time: npt.ArrayLike, n: int) -> Floats:
    """Months to a status for each of ``n`` patients, infinite = not reached (missing values become that). ValueError for another length."""
    times = np.asarray(status_time, dtype=np.float64)
    if times.shape != (n,):
        raise ValueError(f"status_time must be one time for each of the {n} patients (missing = not reached); got shape {times.shape}")
    return np.where(np.isnan(times), np.inf, times)


def _notes(event: Flags, exposed: Flags) -> tuple[str, ...]:
    if not len(event):
        return ("nobody is followed beyond the landmark",)
    found = []
    if not exposed.any():
        found.append("nobody has reached the status by the landmark: there is nothing to compare")
    if exposed.all():
        found.append("everybody has reached the status by the landmark: there is nothing to compare")
    if not event.any():
        found.append("no events after the landmark")
    return tuple(found)
