"""How much the hazard ratio of the current cutoff hangs on its exact place, on single patients and on single centers, panel by panel."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from cartograph import format as fmt
from cartograph.stats.sensitivity import Sensitivity, Variant, sensitivity
from cartograph.views.board import Board
from cartograph.views.explore import ExploreView
from cartograph.views.landscape import known_patients
from cartograph.views.panels import PanelTable

CENTER = "center"  # key of the column that says where a patient was treated
NOT_RECORDED = "not recorded"


@dataclass(frozen=True, slots=True, eq=False)
class SensitivityPanel:
    """One product, or all patients. ``rows``: words of each variant of ``result``, in the same order: "Cutoff 303 (-10 %)"."""

    key: str
    title: str
    n: int
    result: Sensitivity
    rows: tuple[str, ...]
    sentence: str


@dataclass(frozen=True, slots=True, eq=False)
class SensitivityView:
    """The panels, the marker, its unit and the column whose levels were left out ("" = none)."""

    endpoint: str
    label: str
    unit: str
    cutoff: float
    left_out: str
    panels: tuple[SensitivityPanel, ...]
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """All panels below each other: panel, variant in words, and the columns of ``Sensitivity``."""
        frames = [p.result.to_frame().assign(panel=p.title, variant=p.rows) for p in self.panels]
        return pd.concat(frames, ignore_index=True)


def compute_sensitivity(board: Board, view: ExploreView, *, marker: int = 0, leave_out: str | None = None) -> SensitivityView:
    """Sensitivity of the current cutoff of the marker at position ``marker``; another marker of the view is ignored.

    ``leave_out``: key of a column whose levels are left out one after another; by default the center, where the cohort has one;
    "" = none. Patients without a level are a level of their own. ValueError for a marker or a column that is not there.
    """
    if not 0 <= marker < len(view.markers):
        raise ValueError(f"marker must be a position among the {len(view.markers)} markers of the view; got {marker}")
    by = leave_out if leave_out is not None else CENTER if CENTER in board.cohort.columns else ""
    if by and by not in board.cohort.columns:
        raise ValueError(f"leave_out must be a column of the cohort; got {by!r}")
    column, cutoff = board.columns[marker], view.markers[marker].cutoff
    panels = tuple(_panel(board, table, marker, cutoff, by) for table in board.tables)
    others = ", ".join(c.label for i, c in enumerate(board.columns) if i != marker)
    return SensitivityView(
        endpoint=board.cohort.endpoints[board.endpoint].label,
        label=column.label,
        unit=column.unit,
        cutoff=cutoff,
        left_out=board.cohort.columns[by].label if by else "",
        panels=panels,
        notes=(f"{column.label} alone: {others} is not used here.",) if others else (),
    )


def _panel(board: Board, table: PanelTable, marker: int, cutoff: float, by: str) -> SensitivityPanel:
    known = known_patients(board, table, marker)
    labels = board.cohort.patients[by].astype(object).fillna(NOT_RECORDED).astype(str).to_numpy()[known] if by else None
    if labels is not None and len(set(labels)) < 2:
        labels = None  # without its only level nobody is left
    value, time, event = board.values[marker][known], board.time[known], board.event[known]
    result = sensitivity(value, time, event, cutoff, leave_out=labels)
    rows = tuple(_words(v, cutoff, result.variants) for v in result.variants)
    return SensitivityPanel(table.key, table.title, int(known.sum()), result, rows, _sentence(result))


def _words(variant: Variant, cutoff: float, all_variants: tuple[Variant, ...]) -> str:
    """The row's name: what was changed."""
    at = fmt.number(variant.cutoff)
    if variant.change == "none":
        return f"As shown, > {at}"
    if variant.change == "moved":
        return f"> {at} ({'+' if variant.cutoff > cutoff else fmt.MINUS}10{fmt.THIN_SPACE}%)"
    if variant.change == "neighbour":
        return f"> {at} (next {'up' if variant.cutoff > cutoff else 'down'})"
    if variant.change == "level":
        return f"Without {variant.level}"
    first = next(v for v in all_variants if v.change == "patient")
    return f"1 patient less, {'lowest' if variant is first else 'highest'}"


def _sentence(result: Sensitivity) -> str:
    """'HR 1.9; 1.8 to 2.1 with the cutoff 10 % lower or higher, 1.6 to 2.3 without any one patient.' and so on; Firth's method is named."""
    base = result.variants[0]
    if not math.isfinite(base.hazard_ratio):
        return f"HR {fmt.NOT_ESTIMABLE}: there is nothing to vary."
    parts = []
    for change, words in (
        ("moved", "with the cutoff 10 % lower or higher"),
        ("patient", "without any one patient"),
        ("level", "without any one group"),
    ):
        found = [v.hazard_ratio for v in result.variants if v.change == change and math.isfinite(v.hazard_ratio)]
        if found:
            ends = dict.fromkeys(fmt.ratio(end) for end in (min(found), max(found)))
            parts.append(f"{' to '.join(ends)} {words}")
    by = " (Firth's method: Cox has no estimate)" if base.firth else ""
    return f"HR {fmt.ratio(base.hazard_ratio)}{by}" + (f"; {', '.join(parts)}." if parts else ".")
