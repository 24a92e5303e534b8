"""Responses of every panel, visit and marker group at every stop of one cutoff."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cartograph.cohort.schema import RESPONSE_LEVELS
from cartograph.stats.results import Estimate, Floats
from cartograph.stats.sweep import arranged
from cartograph.views.board import Board
from cartograph.views.explore import ExploreView, ResponseGroup, ResponseTest
from cartograph.views.grouping import GroupRule
from cartograph.views.live import arrangement_of
from cartograph.views.responses import IS_COMPLETE, IS_RESPONDER, NOT_EVALUABLE, NOT_KNOWN, response_test

Codes = npt.NDArray[np.int64]
LEVELS = len(RESPONSE_LEVELS)
NAN = float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class LiveResponses:
    """``counts``: stops x panels x visits x groups x (responses, and last those without one). ``rules``: the groups at each stop."""

    panels: tuple[str, ...]
    visits: tuple[str, ...]
    counts: Codes
    rules: tuple[tuple[GroupRule, ...], ...]
    totals: tuple[Codes, Codes, Codes, Codes]  # patients, evaluable, PR or better, CR + sCR; each stops x panels x visits x groups

    def groups(self, stop: int) -> tuple[ResponseGroup, ...]:
        """The bars at a stop in the order of ``ExploreResult.responses``; rates without limits, which only the page at rest shows."""
        n, evaluable, responders, complete = (a[stop].tolist() for a in self.totals)
        levels = self.counts[stop, ..., :LEVELS].tolist()
        return tuple(
            ResponseGroup(
                panel=panel,
                role=rule.role,
                group=rule.short,
                visit=visit,
                n=n[p][v][g],
                evaluable=evaluable[p][v][g],
                counts=tuple(zip(RESPONSE_LEVELS, levels[p][v][g], strict=True)),
                orr=_rate(responders[p][v][g], evaluable[p][v][g]),
                cr_rate=_rate(complete[p][v][g], evaluable[p][v][g]),
            )
            for p, panel in enumerate(self.panels)
            for v, visit in enumerate(self.visits)
            for g, rule in enumerate(self.rules[stop])
        )

    def tests(self, stop: int) -> tuple[ResponseTest, ...]:
        """Fisher's tests of a stop; none for three groups, whose tables are too many to list while a cutoff moves."""
        if len(self.rules[0]) > 2:
            return ()
        _, evaluable, responders, complete = (a[stop].tolist() for a in self.totals)
        return tuple(
            test
            for p, panel in enumerate(self.panels)
            for v, visit in enumerate(self.visits)
            for test in (
                response_test(panel, visit, "ORR", responders[p][v], evaluable[p][v]),
                response_test(panel, visit, "CR", complete[p][v], evaluable[p][v]),
            )
        )


def _rate(successes: int, n: int) -> Estimate:
    return Estimate(successes / n if n else NAN, NAN, NAN, "")


def live_responses(board: Board, view: ExploreView, handle: int, rules: tuple[tuple[GroupRule, ...], ...]) -> LiveResponses | None:
    """Counts for the stops of ``board.distributions[handle]``; None where the cohort has no responses."""
    if not board.responses.visits:
        return None
    stops = board.distributions[handle].values
    values = board.values[handle]
    measured = np.logical_and.reduce([np.isfinite(v) for v in board.values])
    side = np.zeros(len(values), dtype=np.int64)
    if len(view.markers) == 2:
        side = np.where(measured, board.values[1 - handle] > view.markers[1 - handle].cutoff, 0).astype(np.int64)
    found = [
        np.stack(
            [_counted(board, table.member & measured, v, values, side, stops, view) for v in range(len(board.responses.visits))], axis=1
        )
        for table in board.tables
    ]
    counts = np.stack(found, axis=1)
    return LiveResponses(tuple(t.title for t in board.tables), board.responses.visits, counts, rules, _totals(counts))


def _totals(counts: Codes) -> tuple[Codes, Codes, Codes, Codes]:
    known = counts[..., :LEVELS]
    evaluable = known.sum(axis=-1) - known[..., NOT_EVALUABLE]
    return counts.sum(axis=-1), evaluable, known[..., IS_RESPONDER].sum(axis=-1), known[..., IS_COMPLETE].sum(axis=-1)


def _counted(
    board: Board, inside: npt.NDArray[np.bool_], visit: int, values: Floats, side: Codes, stops: Floats, view: ExploreView
) -> Codes:
    """One panel and visit: stops x groups x (responses and no response)."""
    codes = board.responses.codes[inside, visit]
    width, sides = LEVELS + 1, len(view.markers)
    first = np.searchsorted(stops, values[inside])
    row = (first * sides + side[inside]) * width + np.where(codes == NOT_KNOWN, LEVELS, codes)
    cells = np.bincount(row, minlength=(len(stops) + 1) * sides * width).astype(np.float64).reshape(len(stops) + 1, sides, width)
    below = np.cumsum(cells[: len(stops)], axis=0)
    return np.asarray(arranged(below, cells.sum(axis=0), arrangement_of(view)), dtype=np.int64)
