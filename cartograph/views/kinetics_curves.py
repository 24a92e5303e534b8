"""Curves of a time course: single patients, and median with quartiles of each group at each nominal day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from cartograph import format as fmt
from cartograph.stats.kinetics import common_days, day_profile
from cartograph.stats.results import Floats
from cartograph.views.explore import Role
from cartograph.views.kinetics import Groups, Mask, Quantity, Samples, group_notes

MOST_LINES: Final = 150  # single patients of a figure; of more an even choice is drawn
BEFORE: Final = 14.0  # days before infusion that are drawn
FEW: Final = 3  # patients at a nominal day below which there is no median line
SHORT, LONGER = 28.0, 90.0  # days
ROOM: Final = 1.02
METHOD: Final = (
    "Median and quartiles at the planned days that the sampling shows; values below the limit count as the lowest, so a median above the "
    "limit does not depend on what they are taken for"
)


@dataclass(frozen=True, slots=True, eq=False)
class CurveGroup:
    """One group of a panel.

    ``n``: patients with a sample in the window, ``n_without``: the others of the group. ``samples``: those of the single patients that are
    drawn, with ``shown`` (the height at which each is drawn) and ``open`` (True = below the limit, or not above zero on a log scale: drawn
    as an open symbol). ``profile``: one row per nominal day, see ``day_profile``.
    """

    name: str
    short: str
    role: Role
    n: int
    n_without: int
    n_drawn: int
    samples: Samples
    shown: Floats
    open: Mask
    profile: pd.DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class CurvePanel:
    """The curves of one panel. ``days``: first and last day of the axis; ``values``: lowest and highest height of it.

    ``n``: patients with a sample in the window; ``n_missing``: patients of the panel without one or in no group.
    """

    key: str
    title: str
    quantity: Quantity
    grouped_by: str
    groups: tuple[CurveGroup, ...]
    log_scale: bool
    days: tuple[float, float]
    values: tuple[float, float]
    n: int
    n_missing: int
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per group and nominal day: panel, group, and the columns of the profile."""
        parts = [g.profile.assign(panel=self.title, group=g.name) for g in self.groups]
        table = pd.concat(parts, ignore_index=True)
        return table[["panel", "group", *(c for c in table.columns if c not in ("panel", "group"))]]


def windows(samples: Samples) -> dict[str, str]:
    """Parts of the course that can be shown: key (last day, "" = all) and words."""
    last = float(samples.day.max()) if len(samples.day) else 0.0
    found = {f"{end:g}": f"to day {end:g}" for end in (SHORT, LONGER) if last > end * ROOM}
    return {**found, "": "whole course"}


def curve_panels(
    samples: Samples,
    groups: Groups,
    panels: Sequence[tuple[str, str, Mask]],
    *,
    log_scale: bool,
    until: float = float("inf"),
) -> tuple[CurvePanel, ...]:
    """A panel for every (key, title, patients); groups that do not share a figure each get one instead, of all patients.

    ``until``: last day that is shown. All panels have the same axes and the same nominal days.
    """
    inside = samples.up_to(until)
    inside = inside.kept(inside.day >= -BEFORE)
    values = _heights(inside, log_scale)
    frame = _Frame(samples, inside, common_days(inside.day, inside.patient), _axis(inside, until), values, values[0] if log_scale else None)
    return tuple(_panel(frame, groups, *which) for which in _split_up(groups, panels))


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """What all panels share. ``inside``: the samples of the window; ``floor``: lowest height of a log axis, None on a linear one."""

    everything: Samples
    inside: Samples
    nominal: Floats
    days: tuple[float, float]
    values: tuple[float, float]
    floor: float | None


def _panel(frame: _Frame, groups: Groups, key: str, title: str, member: Mask) -> CurvePanel:
    drawn = _drawn(frame.inside.of(member & (groups.codes >= 0)))
    sides = [(code, member & (groups.codes == code)) for code in range(len(groups.names))]
    parts = tuple(_group(frame, groups, code, side, drawn) for code, side in sides if side.any())
    n = sum(p.n for p in parts)
    return CurvePanel(
        key=key,
        title=title,
        quantity=frame.everything.quantity,
        grouped_by=groups.words,
        groups=parts,
        log_scale=frame.floor is not None,
        days=frame.days,
        values=frame.values,
        n=n,
        n_missing=int(member.sum()) - n,
        method=METHOD,
        notes=(*group_notes(groups, member), *_notes(frame, member)),
    )


def _split_up(groups: Groups, panels: Sequence[tuple[str, str, Mask]]) -> list[tuple[str, str, Mask]]:
    if groups.overlaid:
        return list(panels)
    everybody = panels[0][2]
    return [(f"group-{code}", name, everybody & (groups.codes == code)) for code, name in enumerate(groups.names)]


def _axis(inside: Samples, until: float) -> tuple[float, float]:
    """First and last day of the axis: infusion and the end of the window at least."""
    last = until if np.isfinite(until) else float(inside.day.max(initial=1.0))
    return min(0.0, float(inside.day.min(initial=0.0))), max(last, 1.0)


def _heights(inside: Samples, log_scale: bool) -> tuple[float, float]:
    """Lowest and highest height: of limits and values; on a log scale of those above zero."""
    heights = np.where(inside.below, inside.limit, inside.value)
    if log_scale:
        heights = heights[heights > 0]
    if not len(heights):
        return 1.0, 10.0
    low, high = float(heights.min()), float(heights.max())
    return (low, high) if high > low else (low, low * 10.0 if log_scale else low + 1.0)


def _drawn(samples: Samples) -> Mask:
    """The patients whose single courses are drawn: all, or an even choice from the lowest to the highest peak."""
    patients = np.unique(samples.patient)
    chosen = np.zeros(samples.n, dtype=bool)
    if len(patients) > MOST_LINES:
        peak = np.full(samples.n, -np.inf)
        np.maximum.at(peak, samples.patient, samples.value)
        order = patients[np.argsort(peak[patients], kind="stable")]
        patients = order[np.unique(np.linspace(0, len(order) - 1, MOST_LINES).round().astype(np.int64))]
    chosen[patients] = True
    return chosen


def _group(frame: _Frame, groups: Groups, code: int, member: Mask, drawn: Mask) -> CurveGroup:
    samples = frame.inside.of(member)
    n = int(samples.sampled.sum())
    single = samples.of(drawn)
    heights = np.where(single.below, single.limit, single.value)
    nought = np.zeros(len(heights), dtype=bool) if frame.floor is None else heights <= 0
    return CurveGroup(
        name=groups.names[code],
        short=groups.shorts[code],
        role=groups.roles[code],
        n=n,
        n_without=int(member.sum()) - n,
        n_drawn=int(single.sampled.sum()),
        samples=single,
        shown=np.where(nought, frame.floor or 0.0, heights),
        open=single.below | nought,
        profile=_profile(samples, frame.nominal),
    )


def _notes(frame: _Frame, member: Mask) -> tuple[str, ...]:
    """What a reader of the curves must know of the patients of a panel."""
    mine = frame.inside.of(member)
    people, below = int(mine.sampled.sum()), int(mine.below.sum())
    early = int((frame.everything.of(member).day < -BEFORE).sum())
    nought = int((mine.value <= 0).sum()) if frame.floor is not None else 0
    once = int((np.bincount(mine.patient, minlength=mine.n) == 1).sum())
    said = {
        f"single courses of {MOST_LINES} of {people:,} patients are drawn, evenly from the lowest to the highest peak; medians use all": (
            people > MOST_LINES
        ),
        f"{_counted(early)} more than {BEFORE:g} days before infusion not drawn": early,
        f"{below:,} of {_counted(len(mine.day))} below the limit of detection, drawn open at the limit": below,
        f"{_counted(nought)} of zero drawn open at the foot of the log scale": nought,
        f"{fmt.patients(once)} with a single sample": once,
    }
    return tuple(words for words, true in said.items() if true)


def _counted(n: int) -> str:
    return f"{n:,} sample{'' if n == 1 else 's'}"


def _profile(samples: Samples, nominal: Floats) -> pd.DataFrame:
    """Median and quartiles at the nominal days at which somebody was sampled, in numbers and in words ("< 50" below the limit)."""
    found = day_profile(samples.day, samples.value, samples.sign, nominal=nominal, patient=samples.patient).to_frame()
    found = found[found["n"] > 0].reset_index(drop=True)
    for name in ("q1", "median", "q3"):
        found[f"{name}_text"] = [
            f"{'< ' if less else '> ' if more else ''}{fmt.number(value)}"
            for value, less, more in found[[name, f"{name}_below", f"{name}_above"]].itertuples(index=False)
        ]
    return found
