"""Explore's answer: what is built once for a question, and what is read from it for each cutoff."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cartograph.cohort.filters import apply_filters
from cartograph.cohort.model import Cohort, Column
from cartograph.stats.results import Floats
from cartograph.views.distribution import distribution
from cartograph.views.explore import Distribution, ExploreResult, ExploreView, FlowStep, ResponseGroup, ResponseTest, SwimmerLanes
from cartograph.views.grouping import Grouping, grouping
from cartograph.views.names import short_names
from cartograph.views.panels import PanelTable, build_panel_table, counts_of, interaction_words, panel_of
from cartograph.views.responses import VisitResponses, response_groups, response_tests, visit_responses
from cartograph.views.swimmer import Courses, LanesBy, Order, arrange, courses

Mask = npt.NDArray[np.bool_]
AXIS_SHARE = 95  # per cent of follow-up that the time axis covers
AXIS_STEP = 6.0  # months


@dataclass(frozen=True, slots=True, eq=False)
class Board:
    """Everything that does not move with a cutoff: the filtered cohort, event tables of each panel, responses, courses."""

    cohort: Cohort
    n_uploaded: int
    endpoint: str
    columns: tuple[Column, ...]  # of the markers
    time: Floats  # months, NaN = not known; one entry per patient of ``cohort``
    event: Floats
    values: tuple[Floats, ...]
    tables: tuple[PanelTable, ...]
    responses: VisitResponses
    courses: Courses
    distributions: tuple[Distribution, ...]
    x_max: float
    warnings: tuple[str, ...]


def prepare(cohort: Cohort, view: ExploreView) -> Board:
    """Build the tables for a question. Cutoffs of the view are not read."""
    kept = apply_filters(cohort, view.filters)
    time, event = kept.survival(view.endpoint)
    columns = tuple(cohort.columns[m.column] for m in view.markers)
    values = tuple(kept.patients[c.key].to_numpy(dtype=np.float64) for c in columns)
    members = panel_members(kept, view.split)
    tables = tuple(build_panel_table(key, title, member, time, event, values) for key, title, member in members)
    return Board(
        cohort=kept,
        n_uploaded=cohort.n,
        endpoint=view.endpoint,
        columns=columns,
        time=time,
        event=event,
        values=values,
        tables=tables,
        responses=visit_responses(kept),
        courses=courses(kept, view.endpoint, [view.split, *(c.key for c in columns)] if view.split else [c.key for c in columns]),
        distributions=tuple(distribution(kept, c.key) for c in columns),
        x_max=axis_end(time),
        warnings=_warnings(kept, view, event),
    )


def panel_members(cohort: Cohort, split: str) -> list[tuple[str, str, Mask]]:
    """(key, title, patients) of every panel: all patients first, then each level that occurs, in the column's order; long names are cut."""
    panels: list[tuple[str, str, Mask]] = [("all", "All", np.ones(cohort.n, dtype=bool))]
    if split:
        present = cohort.patients[split].astype(object)
        found = set(present.dropna())
        levels = [v for v in cohort.columns[split].levels if v in found] or sorted(found)
        if len(levels) == 1 and len(present.dropna()) == cohort.n:
            return panels  # one product for all: a second panel would only repeat the first
        titles = short_names([str(level) for level in levels])
        places = enumerate(zip(levels, titles, strict=True))
        panels += [(str(i), title, np.asarray(present == level, dtype=bool)) for i, (level, title) in places]
    return panels


def axis_end(time: Floats) -> float:
    """End of the time axis: the 95th percentile of the times, up to the next half year; the same at every cutoff."""
    known = time[np.isfinite(time)]
    if not len(known):
        return AXIS_STEP
    return float(max(AXIS_STEP, AXIS_STEP * math.ceil(np.percentile(known, AXIS_SHARE) / AXIS_STEP)))


def _warnings(cohort: Cohort, view: ExploreView, event: Floats) -> tuple[str, ...]:
    words = []
    late = [cohort.columns[f.column].label for f in view.filters if cohort.columns[f.column].timing in ("post-infusion", "outcome")]
    if late:
        words.append(
            f"Filtered by {', '.join(late)}, known only after infusion: patients had to live to reach it, "
            "so curves from infusion look better than they are."
        )
    known = event[np.isfinite(event)]
    if len(known) and not known.any():
        words.append("No event among the patients on screen: nothing can be compared. Check the event coding under Data.")
    elif len(known) and known.all():
        words.append("Every patient on screen had the event and nobody is censored: check the event coding under Data.")
    return tuple(words)


def compute(cohort: Cohort, view: ExploreView) -> ExploreResult:
    """The page's answer without Streamlit: for notebooks, scripts and tests."""
    return compute_on(prepare(cohort, view), view)


def compute_on(board: Board, view: ExploreView, *, order: Order = "follow-up", lanes_by: LanesBy = "marker") -> ExploreResult:
    """The answer for the cutoffs of ``view``, read from a board that was prepared for the same question.

    ``order`` and ``lanes_by``: how the swimmer lanes are sorted and grouped.
    """
    made = grouping(board.values, view.markers, board.columns, view.combine) if view.markers else everybody(board)
    counts = [counts_of(table, made, view.markers) for table in board.tables]
    panels = tuple(panel_of(table, counted, made) for table, counted in zip(board.tables, counts, strict=True))
    responses, tests = _responses(board, made)
    return ExploreResult(
        view=view,
        endpoint_label=board.cohort.endpoints[board.endpoint].label,
        panels=panels,
        interaction=interaction_words(board.tables, made, board.time, board.event),
        distributions=board.distributions,
        responses=responses,
        response_tests=tests,
        lanes=_striped(_lanes(board, made, order, lanes_by), board, made),
        flow=_flow(board, view),
        x_max=board.x_max,
        warnings=board.warnings,
    )


def everybody(board: Board) -> Grouping:
    """One group of all patients, when no marker is chosen."""
    return grouping([board.time], (), (), "three")


def _responses(board: Board, made: Grouping) -> tuple[tuple[ResponseGroup, ...], tuple[ResponseTest, ...]]:
    groups: list[ResponseGroup] = []
    tests: list[ResponseTest] = []
    for table in board.tables:
        of_panel = response_groups(board.responses, table.member, made.codes, made.rules, table.title)
        groups += of_panel
        tests += response_tests(of_panel)
    return tuple(groups), tuple(tests)


def _lanes(board: Board, made: Grouping, order: Order, lanes_by: LanesBy) -> SwimmerLanes:
    """Lanes under the marker groups, under the levels side by side, or all together."""
    levels = board.tables[1:]
    if lanes_by == "split" and levels:
        codes = np.full(len(board.time), -1, dtype=np.int64)
        for level, table in enumerate(levels):
            codes[table.member] = level
        return arrange(board.courses, codes, [t.title for t in levels], order=order)
    if lanes_by == "marker" and len(made.rules) > 1:
        return arrange(board.courses, made.codes, [r.label for r in made.rules], order=order)
    return arrange(board.courses, np.zeros(len(board.time), dtype=np.int64), [""], order=order)


def _striped(lanes: SwimmerLanes, board: Board, made: Grouping) -> SwimmerLanes:
    """The lanes with each patient's marker group, which a stripe beside the lane shows."""
    if len(made.rules) < 2:
        return lanes
    roles = tuple("" if code < 0 else made.rules[code].role for code in made.codes[lanes.patients].tolist())
    values = [v[lanes.patients] for v in board.values]
    stops = tuple(np.searchsorted(d.values, v).astype(np.int64) for d, v in zip(board.distributions, values, strict=True))
    return replace(lanes, roles=roles, stops=stops)


def _flow(board: Board, view: ExploreView) -> tuple[FlowStep, ...]:
    """Uploaded, after filters, with the endpoint, with each marker: every step that can lose patients."""
    steps = [FlowStep("uploaded", board.n_uploaded)]
    if view.filters:
        steps.append(FlowStep("after filters", board.cohort.n))
    left = np.isfinite(board.time)
    steps.append(FlowStep(f"with {board.cohort.endpoints[board.endpoint].label}", int(left.sum())))
    for column, values in zip(board.columns, board.values, strict=True):
        left = left & np.isfinite(values)
        steps.append(FlowStep(f"with {column.label}", int(left.sum())))
    return tuple(steps)
