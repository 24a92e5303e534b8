"""Two markers at once: the hazard ratio over the plane of both cutoffs, the pair that is chosen now, and what the best pair is worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cartograph.cohort.model import Column, Cutoff
from cartograph.stats.hazard import hazard_ratio_of
from cartograph.stats.plane import MIN_GROUP, Contrast, CutoffPlane, PlaneTest, cutoff_plane, plane_cutoffs, plane_permutation_p
from cartograph.stats.results import Estimate, Floats
from cartograph.views.board import Board
from cartograph.views.explore import ExploreView, Marker
from cartograph.views.grouping import grouping
from cartograph.views.panels import PanelTable

MOST_SHOWN = 30  # cutoffs of each marker: cells of 8 pixels on a phone
CONTRAST_WORDS: dict[Contrast, str] = {"extremes": "both high vs both low", "rest": "one or both high vs both low"}
TOO_FEW = f"a group has fewer than {MIN_GROUP} patients"


@dataclass(frozen=True, slots=True, eq=False)
class PlaneAxis:
    """One marker of the plane. ``edges``: where its cells begin and end (cutoffs + 1), halfway between neighbouring cutoffs on the axis."""

    column: str
    label: str
    unit: str
    log_scale: bool
    edges: Floats
    cutoff: float  # the one that is chosen now
    published: tuple[Cutoff, ...]  # inside the window


@dataclass(frozen=True, slots=True, eq=False)
class PairNow:
    """The pair of cutoffs that is chosen now: patients and events of (both low, one high, both high), hazard ratio, or why it is not given.

    ``smallest``: patients of the smaller group that is compared.
    """

    n: tuple[int, int, int]
    events: tuple[int, int, int]
    smallest: int
    hazard_ratio: Estimate
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class PlaneView:
    """The plane of one panel. ``contrast_words`` says who is compared with whom, ``n_missing`` who lacks endpoint or a marker."""

    panel: str  # key
    title: str
    endpoint: str  # label
    axes: tuple[PlaneAxis, PlaneAxis]
    plane: CutoffPlane
    current: PairNow
    contrast_words: str
    n: int
    n_missing: int
    notes: tuple[str, ...]


def plane(board: Board, view: ExploreView, panel: str = "all", *, most: int = MOST_SHOWN) -> PlaneView:
    """The hazard ratio at up to ``most`` x ``most`` pairs of cutoffs of the view's two markers, in one panel.

    ``board``: prepared for the same question; ``panel``: key of one of its panels. The view's ``combine`` decides who is compared: "three"
    both high with both low, "both-low" one or both high with both low. ValueError without two markers or for an unknown panel.
    """
    table = _table(board, view, panel)
    contrast: Contrast = "extremes" if view.combine == "three" else "rest"
    first, second = (values[table.known] for values in board.values)
    cutoffs = [plane_cutoffs(values, most=most) for values in (first, second)]
    time, event = board.time[table.known], board.event[table.known]
    found = cutoff_plane(first, second, time, event, cutoffs_a=cutoffs[0], cutoffs_b=cutoffs[1], contrast=contrast)
    axes = [_axis(board, k, view.markers[k], cutoffs[k]) for k in range(2)]
    outside = [a.label for a in axes if not a.edges[0] <= a.cutoff <= a.edges[-1]]
    return PlaneView(
        panel=panel,
        title=table.title,
        endpoint=board.cohort.endpoints[board.endpoint].label,
        axes=(axes[0], axes[1]),
        plane=found,
        current=_current(board, view, table, contrast),
        contrast_words=CONTRAST_WORDS[contrast],
        n=found.n,
        n_missing=int(table.member.sum()) - found.n,
        notes=(*found.notes, *(f"The cutoff of {label} lies outside the window that is drawn." for label in outside)),
    )


def plane_p(
    board: Board,
    view: ExploreView,
    shown: PlaneView,
    *,
    permutations: int = 1000,
    seed: int = 1,
    progress: Callable[[float], None] | None = None,
) -> PlaneTest:
    """The p value of the best pair of the plane that is shown, corrected for having searched all of them."""
    known = _table(board, view, shown.panel).known
    first, second = (values[known] for values in board.values)
    time, event = board.time[known], board.event[known]
    return plane_permutation_p(first, second, time, event, shown.plane, permutations=permutations, seed=seed, progress=progress)


def _table(board: Board, view: ExploreView, panel: str) -> PanelTable:
    if len(view.markers) != 2 or len(board.values) != 2:
        raise ValueError(f"a plane needs two markers; the view has {len(view.markers)}, the board {len(board.values)}")
    tables = {table.key: table for table in board.tables}
    if panel not in tables:
        raise ValueError(f"panel must be one of {', '.join(map(repr, tables))}; got {panel!r}")
    return tables[panel]


def _axis(board: Board, position: int, marker: Marker, cutoffs: Floats) -> PlaneAxis:
    column: Column = board.columns[position]
    log_scale = board.distributions[position].log_scale
    edges = _edges(cutoffs if len(cutoffs) else np.array([marker.cutoff]), log_scale=log_scale)
    published = tuple(c for c in column.cutoffs if edges[0] <= c.value <= edges[-1])
    return PlaneAxis(column.key, column.label, column.unit, log_scale, edges, marker.cutoff, published)


def _edges(cutoffs: Floats, *, log_scale: bool) -> Floats:
    """Halfway between neighbours on the axis that is shown; the outermost cells are as wide to both sides of their cutoff."""
    log = log_scale and cutoffs[0] > 0
    shown = np.log10(cutoffs) if log else cutoffs
    if len(shown) == 1:
        edges = shown[0] + np.array([-0.5, 0.5])
    else:
        middle = (shown[1:] + shown[:-1]) / 2
        edges = np.r_[2 * shown[0] - middle[0], middle, 2 * shown[-1] - middle[-1]]
    return np.asarray(10**edges if log else edges, dtype=np.float64)


def _current(board: Board, view: ExploreView, table: PanelTable, contrast: Contrast) -> PairNow:
    codes = grouping(board.values, view.markers, board.columns, "three").codes[table.known]
    groups = table.events.split(codes, 3)
    pair = groups.only(0, 2) if contrast == "extremes" else table.events.split(np.minimum(codes, 1), 2)
    found = hazard_ratio_of([pair])
    smallest = int(pair.n.min())
    reason = TOO_FEW if smallest < MIN_GROUP else "; ".join(found.notes)
    value, low, high = (np.nan,) * 3 if reason else (found.value, found.ci_low, found.ci_high)
    estimate = Estimate(value, low, high, found.method, n=found.n, events=found.events, notes=(reason,) if reason else ())
    n, events = (tuple(int(k) for k in counts) for counts in (groups.n, groups.n_events))
    return PairNow((n[0], n[1], n[2]), (events[0], events[1], events[2]), smallest, estimate, reason)
