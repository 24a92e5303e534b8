"""The landscape of a marker: hazard ratio, log-rank statistic and events at every cutoff, for all patients and for each product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph import format as fmt
from cartograph.cohort.model import Cutoff
from cartograph.stats.cutoff import CutoffScan, cutoff_scan, search_window
from cartograph.stats.results import Floats
from cartograph.stats.selected import SelectedCutoff
from cartograph.views.board import Board
from cartograph.views.explore import Distribution, ExploreView
from cartograph.views.panels import PanelTable

MOST_SCANNED = 2000  # distinct cutoffs that are all compared; above, only those that are drawn
MOST_DRAWN = 400  # a figure of 600 pixels cannot tell more apart
LONGEST_NAME = 12  # letters of a tick's name


@dataclass(frozen=True, slots=True)
class NamedTick:
    """A cutoff that somebody else chose. ``name``: short, for a tick; ``label`` and ``source`` say who chose it."""

    value: float
    name: str
    label: str
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class LandscapePanel:
    """Every cutoff of one product, or of all patients.

    ``scan``: at most 400 cutoffs of the searched ``window`` (lowest and highest; NaN when there is none). ``here``: one row, the current
    cutoff itself, inside the window or not; no row before ``moved_to``. ``nearest`` and ``best``: rows of ``scan`` next to the current
    cutoff and with the largest log-rank chi-squared (the lowest such cutoff); -1 = none. ``n_missing``: patients of the panel without
    endpoint or marker.
    """

    key: str
    title: str
    n: int
    n_missing: int
    scan: CutoffScan
    window: tuple[float, float]
    here: CutoffScan
    nearest: int
    best: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Landscape:
    """The landscape of one marker for all panels, on one cutoff axis (``distribution``: its ends, unit and whether it is logarithmic)."""

    endpoint: str  # "PFS"
    distribution: Distribution
    cutoff: float
    ticks: tuple[NamedTick, ...]
    panels: tuple[LandscapePanel, ...]
    min_fraction: float
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """The scans of all panels below each other: panel and the columns of ``CutoffScan``."""
        return pd.concat([p.scan.to_frame().assign(panel=p.title) for p in self.panels], ignore_index=True)


def landscape(board: Board, view: ExploreView, *, marker: int = 0, min_fraction: float = 0.1) -> Landscape:
    """Every cutoff of the marker at position ``marker`` of the view, with at least ``min_fraction`` of the panel's patients low and high.

    Another marker of the view is ignored, its missing values too. ValueError when there is no such marker.
    """
    return moved_to(scanned(board, view, marker=marker, min_fraction=min_fraction), board, view, marker=marker)


def scanned(board: Board, view: ExploreView, *, marker: int = 0, min_fraction: float = 0.1) -> Landscape:
    """The part of the landscape that does not depend on the current cutoff: to be kept while it moves (``moved_to``)."""
    if not 0 <= marker < len(view.markers):
        raise ValueError(f"marker must be a position among the {len(view.markers)} markers of the view; got {marker}")
    panels = tuple(_panel(board, table, marker, min_fraction) for table in board.tables)
    notes = []
    if len(view.markers) > 1:
        others = ", ".join(c.label for i, c in enumerate(board.columns) if i != marker)
        notes.append(f"{board.columns[marker].label} alone: {others} is not used here.")
    ends = board.distributions[marker].edges[[0, -1]]
    ticks = tuple(_tick(c) for c in board.columns[marker].cutoffs if ends[0] <= c.value <= ends[1])
    return Landscape(
        endpoint=board.cohort.endpoints[board.endpoint].label,
        distribution=board.distributions[marker],
        cutoff=np.nan,
        ticks=ticks,
        panels=panels,
        min_fraction=min_fraction,
        method=panels[0].scan.method,
        notes=tuple(notes),
    )


def moved_to(found: Landscape, board: Board, view: ExploreView, *, marker: int = 0) -> Landscape:
    """The same landscape with the marker's current cutoff in it."""
    cutoff = view.markers[marker].cutoff
    here = scans_at(board, [cutoff], marker=marker)
    panels = tuple(_moved(p, at, cutoff, found.min_fraction) for p, at in zip(found.panels, here, strict=True))
    return replace(found, cutoff=cutoff, panels=panels)


def scans_at(board: Board, cutoffs: Sequence[float], *, marker: int = 0) -> tuple[CutoffScan, ...]:
    """Comparison of high with low at some cutoffs of one marker, for each panel."""
    found = []
    for table in board.tables:
        known = known_patients(board, table, marker)
        found.append(cutoff_scan(board.values[marker][known], board.time[known], board.event[known], cutoffs=cutoffs))
    return tuple(found)


def _moved(panel: LandscapePanel, here: CutoffScan, cutoff: float, min_fraction: float) -> LandscapePanel:
    notes = list(panel.notes)
    searched, at = panel.scan.n_low, here.n_low
    # By patients, not by value: between two measured values every cutoff makes the same groups.
    if len(searched) and not searched[0] <= at[0] <= searched[-1]:
        notes.append(f"The current cutoff lies outside the searched window: a group holds less than {fmt.percent(min_fraction)}.")
    nearest = int(np.argmin(np.abs(panel.scan.cutoff - cutoff))) if len(panel.scan.cutoff) else -1
    return replace(panel, here=here, nearest=nearest, notes=tuple(notes))


def two_bests(found: Landscape, searched: SelectedCutoff) -> str:
    """Why the diamond of all patients and the best-separating cutoff differ, where they do; "" where they agree or one is missing."""
    everybody = found.panels[0]
    if everybody.best < 0 or not np.isfinite(searched.cutoff):
        return ""
    largest = float(everybody.scan.cutoff[everybody.best])
    if largest == searched.cutoff:
        return ""
    return (
        f"{everybody.title}: two statistics, two best cutoffs. The log-rank chi-squared is largest at {fmt.number(largest)} (diamond), "
        f"the standardised log-rank statistic of the search at {fmt.number(searched.cutoff)}."
    )


def _tick(cutoff: Cutoff) -> NamedTick:
    """'337 ULN', '400 Cheng'; the value alone where the first word of its label is long."""
    normal = cutoff.kind == "normal" or cutoff.label.lower().startswith("upper limit of normal")
    word = "ULN" if normal else cutoff.label.replace(",", " ").split()[0] if cutoff.label.split() else ""
    name = fmt.number(cutoff.value)
    return NamedTick(cutoff.value, f"{name} {word}" if 0 < len(word) <= LONGEST_NAME else name, cutoff.label, cutoff.source)


def known_patients(board: Board, table: PanelTable, marker: int) -> npt.NDArray[np.bool_]:
    """Patients of a panel with the endpoint and one marker, whatever the other marker."""
    known: npt.NDArray[np.bool_] = table.member & np.isfinite(board.time) & np.isfinite(board.values[marker])
    return known


def _panel(board: Board, table: PanelTable, marker: int, min_fraction: float) -> LandscapePanel:
    known = known_patients(board, table, marker)
    value, time, event = board.values[marker][known], board.time[known], board.event[known]
    inside = search_window(value, min_fraction)
    scan, words = _scan(value, time, event, inside)
    best = int(np.nanargmax(scan.chi2)) if np.isfinite(scan.chi2).any() else -1
    notes = words if len(inside) else (*words, f"No cutoff leaves {fmt.percent(min_fraction)} of the patients low and high.")
    return LandscapePanel(
        key=table.key,
        title=table.title,
        n=int(known.sum()),
        n_missing=int(table.member.sum() - known.sum()),
        scan=scan,
        window=(float(inside[0]), float(inside[-1])) if len(inside) else (np.nan, np.nan),
        here=scan.rows(np.empty(0, dtype=np.int64)),
        nearest=-1,
        best=best,
        notes=notes,
    )


def _scan(value: Floats, time: Floats, event: Floats, inside: Floats) -> tuple[CutoffScan, tuple[str, ...]]:
    """The scan of a window, thinned evenly by rank to what is drawn, and the words that say so.

    The cutoff with the largest log-rank chi-squared stays wherever all cutoffs are compared.
    """
    if len(inside) <= MOST_DRAWN:
        return cutoff_scan(value, time, event, cutoffs=inside), ()
    if len(inside) > MOST_SCANNED:
        some = inside[_evenly(len(inside), MOST_DRAWN)]
        words = f"{len(some):,} of {len(inside):,} cutoffs, evenly by rank: the largest log-rank statistic may lie between two of them."
        return cutoff_scan(value, time, event, cutoffs=some), (words,)
    scan = cutoff_scan(value, time, event, cutoffs=inside)
    best = [int(np.nanargmax(scan.chi2))] if np.isfinite(scan.chi2).any() else []
    rows = np.union1d(_evenly(len(inside), MOST_DRAWN - 1), best).astype(np.int64)
    return scan.rows(rows), (f"{len(rows):,} of {len(inside):,} cutoffs are drawn, evenly by rank; all were compared.",)


def _evenly(n: int, most: int) -> npt.NDArray[np.int64]:
    return np.unique(np.linspace(0, n - 1, most).round()).astype(np.int64)
