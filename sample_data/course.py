"""The course of a disease after infusion: progression, death, end of follow-up, and the responses that fit them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_data.drawing import Flags, Floats

LADDER: tuple[str, ...] = ("PD", "SD", "MR", "PR", "VGPR", "CR", "sCR")  # worst to best
RESPONDER = LADDER.index("PR")
COMPLETE = LADDER.index("CR")
DAYS_PER_MONTH = 30.4375


@dataclass(frozen=True, slots=True)
class Course:
    """What would happen to each patient, in months from infusion; what is seen of it ends at ``follow_up``.

    ``progression`` is infinite for a patient who dies without; ``death`` is never before ``progression``.
    """

    progression: Floats
    death: Floats
    follow_up: Floats

    @property
    def pfs_time(self) -> Floats:
        return np.minimum(np.minimum(self.progression, self.death), self.follow_up)

    @property
    def pfs_event(self) -> Flags:
        return np.minimum(self.progression, self.death) <= self.follow_up

    @property
    def os_time(self) -> Floats:
        return np.minimum(self.death, self.follow_up)

    @property
    def os_event(self) -> Flags:
        return self.death <= self.follow_up

    @property
    def progressed(self) -> Flags:
        """True when the progression is seen."""
        return self.progression <= self.follow_up


def months(values: Floats) -> Floats:
    """Rounded to 0.1 month, at least 0.1: nobody has an event on the day of infusion."""
    return np.maximum(np.round(values, 1), 0.1)


def weibull(rng: np.random.Generator, hazard: Floats, *, median: float, shape: float) -> Floats:
    """Times with the given median at ``hazard`` 1; ``hazard`` multiplies the hazard rate (proportional hazards)."""
    drawn = rng.standard_exponential(len(hazard)) / np.log(2) / hazard
    return np.asarray(median * drawn ** (1 / shape), dtype=np.float64)


def simulate(
    rng: np.random.Generator, hazard: Floats, follow_up: Floats, *, median: float, shape: float, after: float, other_death: float
) -> Course:
    """One course per patient.

    ``median`` and ``shape``: Weibull time to progression at hazard 1. ``after``: median months from progression to death.
    ``other_death``: deaths without progression per patient-month.
    """
    to_progression = weibull(rng, hazard, median=median, shape=shape)
    to_other_death = rng.standard_exponential(len(hazard)) / other_death
    from_progression = weibull(rng, np.sqrt(hazard), median=after, shape=1.0)
    first = to_progression < to_other_death
    progression = np.where(first, months(to_progression), np.inf)
    death = np.where(first, progression + months(from_progression), months(to_other_death))
    return Course(progression, np.asarray(np.round(death, 1), dtype=np.float64), months(follow_up))


def depth(rng: np.random.Generator, course: Course, noise: float = 0.6) -> Floats:
    """A score that is higher where the response is deeper: those who stay well longer respond better, with noise."""
    well = np.minimum(np.minimum(course.progression, course.death), 60.0)
    return np.asarray(np.log(well) + noise * rng.standard_normal(len(well)), dtype=np.float64)


def reached(course: Course, patient: int, visits: tuple[float, ...]) -> list[float]:
    """Visits that the patient reaches alive, in follow-up and free of progression."""
    return [m for m in visits if m < course.pfs_time[patient]]


def climb(rng: np.random.Generator, best: int, count: int, *, full_at: int) -> list[int]:
    """``count`` responses that never fall, at ``best`` from number ``full_at`` on; a responder is in PR or better from the start."""
    floor = min(best, RESPONDER)
    levels = [best] * count
    for i in range(min(full_at, count) - 1, -1, -1):
        levels[i] = max(floor, levels[i + 1] - int(rng.integers(0, 3)))
    return levels


def responses(
    rng: np.random.Generator, course: Course, best: list[int], visits: tuple[float, ...], *, by: float, since: float = 0.0
) -> list[dict[float, str]]:
    """Response at each visit, per patient: climbs to ``best`` between months ``since`` and ``by``, then PD from progression on.

    ``best`` indexes LADDER. Nothing after the end of follow-up. A patient who progresses before the first visit has PD only.
    """
    rows: list[dict[float, str]] = []
    for i, level in enumerate(best):
        free = reached(course, i, visits)
        early = [k for k, m in enumerate(free) if since <= m <= by]
        levels = climb(rng, level, len(free), full_at=early[int(rng.integers(0, len(early)))] if early else 0)
        row = {m: LADDER[x] for m, x in zip(free, levels, strict=True)}
        row |= {m: "PD" for m in visits if course.progression[i] <= m < course.os_time[i]}
        rows.append(row)
    return rows


def best_of(row: dict[float, str], up_to: float = np.inf) -> str:
    """Best response over the visits up to a month; NE when there is none."""
    seen = [LADDER.index(r) for m, r in row.items() if r in LADDER and m <= up_to]
    return LADDER[max(seen)] if seen else "NE"


def first_response(row: dict[float, str]) -> float:
    """Month of the first PR or better; missing when there is none."""
    hits = [m for m, r in row.items() if r in LADDER and LADDER.index(r) >= RESPONDER]
    return min(hits) if hits else float("nan")


def survival_columns(course: Course) -> dict[str, list[str]]:
    """PFS and OS as times and events, as they stand in a file."""
    return {
        "PFS (months)": [f"{t:.1f}" for t in course.pfs_time],
        "PFS event": [str(int(e)) for e in course.pfs_event],
        "OS (months)": [f"{t:.1f}" for t in course.os_time],
        "OS event": [str(int(e)) for e in course.os_event],
    }


def duration_columns(course: Course, rows: list[dict[float, str]]) -> dict[str, list[str]]:
    """Duration of response: from the first PR or better to progression or death; empty for who never responded."""
    start = np.array([first_response(row) for row in rows])
    length = course.pfs_time - start
    return {
        "DOR (months)": ["" if np.isnan(t) else f"{t:.1f}" for t in length],
        "DOR event": ["" if np.isnan(t) else str(int(e)) for t, e in zip(length, course.pfs_event, strict=True)],
    }
