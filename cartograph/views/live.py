"""What the page shows at every stop of one cutoff, computed before the cutoff is dragged.

The numbers are those that ``compute_on`` gives for each stop: same definitions, same reasons for withholding. The other marker, when
there is one, keeps its cutoff.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cartograph.stats import sweep as sweeping
from cartograph.stats.hazard import HazardRatio
from cartograph.stats.results import Estimate, Floats
from cartograph.stats.sweep import Arrangement, CurveSweep, GroupSweep, RatioSweep
from cartograph.stats.times import Counts
from cartograph.views.board import Board
from cartograph.views.explore import Comparison, ExploreView, GroupAt, Marker, PanelAt
from cartograph.views.grouping import GroupRule, group_rules, versus
from cartograph.views.panels import (
    COX,
    MIN_FOR_P,
    NAN,
    PRISM,
    PanelTable,
    hazard_ratio_words,
    log_rank_words,
    low_and_high,
    panel_notes,
    ratio_words,
    withheld,
)

Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]
MOST_STEPS = 300  # of a curve; above, even columns: a step is drawn at most x_max / 300 months late, about a pixel
FEW = 0.1  # share of the group at risk below which a curve is drawn faint


@dataclass(frozen=True, slots=True, eq=False)
class LivePanel:
    """Curves, numbers and words of one panel at every stop (first axis).

    ``months``: where curves may step; ``survival``, ``ci_low``, ``ci_high``: stops x groups x months. ``end``: last month of each group
    on the axis, ``faint_from``: month from which fewer than a tenth is at risk, ``last``: the curve's height at its end (stops x groups).
    ``censor_months``; ``censored``: stops x groups x censor months, True = somebody is censored then. ``cells``: stops x groups x (at risk,
    events, censored) x ticks. ``exact``: every step is where it belongs.
    """

    key: str
    title: str
    months: Floats
    survival: Floats
    ci_low: Floats
    ci_high: Floats
    end: Floats
    faint_from: Floats
    last: Floats
    censor_months: Floats
    censored: Bools
    cells: Codes
    heads: tuple[PanelAt, ...]
    exact: bool


@dataclass(frozen=True, slots=True, eq=False)
class LiveBoard:
    """The board at every stop of the cutoff of marker ``handle``. ``rules``: groups at each stop, with their words."""

    handle: int
    stops: Floats
    rules: tuple[tuple[GroupRule, ...], ...]
    panels: tuple[LivePanel, ...]


def live_board(board: Board, view: ExploreView, handle: int, ticks: Mapping[str, Sequence[float]]) -> LiveBoard:
    """Everything for the stops of ``board.distributions[handle]``. ``ticks``: months under each panel (by key) at which numbers stand."""
    stops = board.distributions[handle].values
    rules = tuple(group_rules(_moved(view.markers, handle, float(stop)), board.columns, view.combine) for stop in stops)
    panels = tuple(
        _panel(board, table, view, handle, stops, rules, np.asarray(ticks[table.key], dtype=np.float64)) for table in board.tables
    )
    return LiveBoard(handle, stops, rules, panels)


def arrangement_of(view: ExploreView) -> Arrangement:
    """How the markers of a view make groups."""
    if len(view.markers) == 1:
        return "low-high"
    return "three" if view.combine == "three" else "both-low"


def _moved(markers: Sequence[Marker], handle: int, stop: float) -> tuple[Marker, ...]:
    return tuple(replace(m, cutoff=stop) if i == handle else m for i, m in enumerate(markers))


def _panel(
    board: Board,
    table: PanelTable,
    view: ExploreView,
    handle: int,
    stops: Floats,
    rules: Sequence[tuple[GroupRule, ...]],
    ticks: Floats,
) -> LivePanel:
    drawing = _Drawing.of(table, board.x_max, ticks)
    value = board.values[handle][table.known]
    other = board.values[1 - handle][table.known] > view.markers[1 - handle].cutoff if len(view.markers) == 2 else None
    parts: list[_Part] = []
    heads: list[PanelAt] = []
    for block in sweeping.sweep(table.events, value, stops, other_high=other, arrangement=arrangement_of(view)):
        made = sweeping.curves(block)
        parts.append(drawing.part(block, made))
        heads += _heads(table, block, made, rules[block.where])
    joined = _Part.joined(parts)
    return LivePanel(
        table.key,
        table.title,
        drawing.months,
        joined.survival,
        joined.ci_low,
        joined.ci_high,
        joined.end,
        joined.faint_from,
        joined.last,
        drawing.censor_months,
        joined.censored,
        joined.cells,
        tuple(heads),
        drawing.exact,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """The arrays of ``LivePanel`` for a block of stops."""

    survival: Floats
    ci_low: Floats
    ci_high: Floats
    end: Floats
    faint_from: Floats
    last: Floats
    censored: Bools
    cells: Codes

    @classmethod
    def joined(cls, parts: Sequence[_Part]) -> _Part:
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in cls.__dataclass_fields__))


@dataclass(frozen=True, slots=True, eq=False)
class _Drawing:
    """Where a panel's curves are read: months of steps, of censoring marks and of the table, with their places in the event table."""

    x_max: float
    months: Floats
    column: Codes
    exact: bool
    censor_months: Floats
    censor_column: Codes
    before: Codes  # times before each tick
    upto: Codes  # times up to each tick
    within: int  # times on the axis

    @classmethod
    def of(cls, table: PanelTable, x_max: float, ticks: Floats) -> _Drawing:
        events = table.events
        time = events.time
        d = np.bincount(events.place, weights=events.event, minlength=len(time))
        leaving = np.bincount(events.place, minlength=len(time))
        months, column = sweeping.thinned_times(time, d > 0, x_max, MOST_STEPS)
        censor_months, censor_column = sweeping.thinned_times(time, leaving > d, x_max, MOST_STEPS)
        exact = int(((d > 0) & (time <= x_max)).sum()) <= MOST_STEPS
        before, upto = np.searchsorted(time, ticks, side="left"), np.searchsorted(time, ticks, side="right")
        within = int(np.searchsorted(time, x_max, side="right"))
        return cls(x_max, months, column, exact, censor_months, censor_column, before, upto, within)

    def part(self, counts: GroupSweep, made: CurveSweep) -> _Part:
        """What is drawn of a block."""
        there = made.at_risk > 0
        n = made.at_risk[..., :1] if made.at_risk.shape[2] else np.zeros((*made.at_risk.shape[:2], 1))
        few = (made.at_risk < FEW * n) & (counts.leaving > 0)
        final = made.survival[..., max(self.within - 1, 0)] if self.within else np.ones(n.shape[:2])
        return _Part(
            sweeping.at_columns(made.survival, self.column, 1.0),
            sweeping.at_columns(made.ci_low, self.column, 1.0),
            sweeping.at_columns(made.ci_high, self.column, 1.0),
            self._last_true(made.time, there),
            self._first_true(made.time, few),
            np.where(n[..., 0] > 0, final, 0.5),
            self._marks(counts.leaving - counts.events),
            self._cells(counts, n[..., 0]),
        )

    def _last_true(self, time: Floats, flags: Bools) -> Floats:
        """Month of the last flag of each group, not beyond the axis; 0 without one."""
        if not flags.shape[2]:
            return np.zeros(flags.shape[:2])
        at = flags.shape[2] - 1 - np.argmax(flags[..., ::-1], axis=2)
        return np.where(flags.any(axis=2), np.minimum(time[at], self.x_max), 0.0)

    def _first_true(self, time: Floats, flags: Bools) -> Floats:
        """Month of the first flag of each group; the end of the axis without one."""
        if not flags.shape[2]:
            return np.full(flags.shape[:2], self.x_max)
        return np.where(flags.any(axis=2), np.minimum(time[np.argmax(flags, axis=2)], self.x_max), self.x_max)

    def _marks(self, censored: Counts) -> Bools:
        """Whether somebody of the group is censored after the column before and up to each column."""
        so_far = sweeping.at_columns(np.cumsum(censored, axis=2), self.censor_column, 0.0)
        return np.asarray(np.diff(so_far, axis=2, prepend=0.0) > 0.5)

    def _cells(self, counts: GroupSweep, n: Floats) -> Codes:
        """At risk (T >= t), events and censored up to each tick: stops x groups x 3 x ticks."""
        zero = np.zeros((*n.shape, 1))
        gone = np.concatenate([zero, np.cumsum(counts.leaving, axis=2)], axis=2)
        events = np.concatenate([zero, np.cumsum(counts.events, axis=2)], axis=2)
        rows = [n[..., None] - gone[..., self.before], events[..., self.upto], (gone - events)[..., self.upto]]
        return np.asarray(np.rint(np.stack(rows, axis=2)), dtype=np.int64)


def _heads(table: PanelTable, block: GroupSweep, made: CurveSweep, rules: Sequence[tuple[GroupRule, ...]]) -> list[PanelAt]:
    """Words of the panel at each stop of a block."""
    n, events = block.n.tolist(), block.n_events.tolist()
    value, low, high = (a.tolist() for a in made.median())
    tests = _log_ranks(block, n, events)
    ratios = _ratios(block, rules, n, events)
    known, missing = int(table.known.sum()), int(table.member.sum() - table.known.sum())
    found = []
    for k, of_stop in enumerate(rules):
        groups = tuple(
            GroupAt(r.role, r.label, r.short, n[k][g], events[k][g], Estimate(value[k][g], low[k][g], high[k][g], "Kaplan-Meier"))
            for g, r in enumerate(of_stop)
        )
        notes = panel_notes(of_stop, n[k], sum(events[k]))
        found.append(PanelAt(table.title, known, missing, groups if known else (), tests[k], ratios[k], notes))
    return found


def _log_ranks(block: GroupSweep, n: Sequence[Sequence[int]], events: Sequence[Sequence[int]]) -> list[Comparison]:
    p = sweeping.log_rank_p(sweeping.log_rank_moments(block)).tolist()
    found = []
    for k, value in enumerate(p):
        reason = withheld(n[k], sum(events[k]))
        if not reason and math.isnan(value):
            found.append(log_rank_words(block.at(k)))
        else:
            found.append(Comparison("log-rank", None, NAN if reason else value, "log-rank", reason))
    return found


def _ratios(
    block: GroupSweep, rules: Sequence[tuple[GroupRule, ...]], n: Sequence[Sequence[int]], events: Sequence[Sequence[int]]
) -> list[tuple[Comparison, ...]]:
    """HR high against low at each stop; a stop with a group without events goes the way of a single cutoff (Firth, reasons)."""
    low, high = low_and_high(rules[0])
    pair = block.pair(low, high)
    cox, prism = sweeping.cox_ratios(pair), sweeping.mantel_haenszel_ratios(pair)
    found = []
    for k, of_stop in enumerate(rules):
        if math.isnan(cox.value[k]) or not min(events[k][low], events[k][high]):
            found.append(hazard_ratio_words(block.at(k), of_stop))
            continue
        size, total = n[k][low] + n[k][high], events[k][low] + events[k][high]
        few = min(n[k][low], n[k][high]) < MIN_FOR_P
        pairs = ((COX, cox, "Wald"), (PRISM, prism, "log-rank"))
        whom = f"HR {versus(of_stop)}"
        found.append(tuple(ratio_words(f"{whom}, {name}", _at(ratio, k, test, size, total), few=few) for name, ratio, test in pairs))
    return found


def _at(ratio: RatioSweep, k: int, test: str, n: int, events: int) -> HazardRatio:
    value, low, high, p = (float(a[k]) for a in (ratio.value, ratio.ci_low, ratio.ci_high, ratio.p_value))
    return HazardRatio(value, low, high, p, test, "", n, events)
