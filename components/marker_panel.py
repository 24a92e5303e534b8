"""Choose up to two biomarkers and move their cutoffs: histogram with handle, number box, published and quantile cutoffs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from cartograph import format as fmt
from cartograph.cohort import Cohort, Column
from cartograph.views.defaults import default_marker, marker_columns, origin_of, quantile_cutoff
from cartograph.views.explore import Distribution, ExploreView, Marker, Origin
from cartograph.views.looks import looks_words
from cartograph.views.provenance import sources
from components import state
from components.live_cutoff.track import Live, cutoff_slider
from components.text import plain

QUANTILES: tuple[tuple[str, float, Origin], ...] = (("Q1", 0.25, "quartile"), ("median", 0.5, "median"), ("Q3", 0.75, "quartile"))


@dataclass(frozen=True, slots=True)
class Choice:
    """A cutoff that one click sets."""

    label: str
    value: float
    origin: Origin
    source: str


def choices(cohort: Cohort, column: Column) -> tuple[Choice, ...]:
    """Published cutoffs and the upper limit of normal first, then quartiles and median; each value once."""
    found = [Choice(f"{fmt.number(c.value)} {c.label.split(' (')[0]}", c.value, origin_of(c), c.source) for c in column.cutoffs]
    for name, fraction, origin in QUANTILES:
        value = quantile_cutoff(cohort, column.key, fraction)
        found.append(Choice(f"{name} {fmt.number(value)}", value, origin, f"{name} of the patients on screen"))
    return tuple({(c.label, c.value): c for c in found}.values())


def marker_panel(
    cohort: Cohort, view: ExploreView, distributions: Sequence[Distribution], *, tables: Sequence[str] = (), beside: Callable[[], None]
) -> None:
    """One row for each marker of the view; changes go to the view before the page is drawn again.

    ``tables``: names of the live tables, one per marker.
    ``beside``: what stands in the line below the markers, after the choice of a second one.
    """
    offered = {c.key: c for c in marker_columns(cohort)}
    for position, marker in enumerate(view.markers):
        with st.container(key=f"marker-{position}", gap="xxsmall"):
            _marker_row(cohort, offered, position, marker, distributions[position], tables[position] if tables else "")
            with st.container(horizontal=True, vertical_alignment="center", key=f"below-marker-{position}"):
                _cutoff_buttons(choices(cohort, offered[marker.column]), position, marker, offered[marker.column])
                if position == 0 and len(view.markers) == 1:
                    _actions(cohort, offered, view, beside)
    if len(view.markers) != 1:
        with st.container(horizontal=True, vertical_alignment="center", key="below-markers"):
            _actions(cohort, offered, view, beside)
    if view.markers:
        st.caption(plain(f"{sources(cohort, view)}. {looks_words(state.looks())}"))


def _actions(cohort: Cohort, offered: dict[str, Column], view: ExploreView, beside: Callable[[], None]) -> None:
    _second_marker(offered, view, cohort)
    beside()
    _lock(view)


def track_key(position: int, marker: Marker) -> str:
    """Key of the handle of a marker."""
    return f"slider-{position}-{marker.column}"


def _marker_row(cohort: Cohort, offered: dict[str, Column], position: int, marker: Marker, shape: Distribution, table: str) -> None:
    column = offered[marker.column]
    name, track, box = st.columns([2.2, 6, 1.4], vertical_alignment="center")
    with name:
        _choose_marker(cohort, offered, position, marker)
    with track:
        cutoff_slider(
            shape,
            marker.cutoff,
            key=track_key(position, marker),
            live=Live(table, lazy=len(state.view().markers) > 1, locked=state.locked()),
            ticks=column.cutoffs,
            on_change=_slid,
            args=(position, marker.column),
        )
    with box:
        _number_box(position, marker, column, step=_box_step(shape))


def _choose_marker(cohort: Cohort, offered: dict[str, Column], position: int, marker: Marker) -> None:
    taken = {m.column for i, m in enumerate(state.view().markers) if i != position}
    options = [key for key in offered if key not in taken]
    key = f"marker-choice-{position}"
    state.put(key, marker.column)

    def changed() -> None:
        state.change_marker(position, default_marker(cohort, offered[state.get(key)]))

    st.selectbox(
        "Biomarker" if position == 0 else "Second biomarker",
        options,
        format_func=lambda k: offered[k].label_with_unit,
        key=key,
        on_change=changed,
    )


def _slid(position: int, column: str, value: float, seen: Sequence[float]) -> None:
    state.look(state.view(), position, seen)
    state.change_marker(position, Marker(column, value, "hand"))


def _box_step(shape: Distribution) -> float:
    """One click of + or -: about a twentieth of the middle value, round."""
    middle = abs(float(np.median(shape.values))) if len(shape.values) else 1.0
    return float(10.0 ** np.floor(np.log10(max(middle, 1e-6) / 10)))


def _number_box(position: int, marker: Marker, column: Column, *, step: float) -> None:
    key = f"cutoff-box-{position}"
    state.put(key, marker.cutoff)

    def changed() -> None:
        value = state.get(key)
        if value is not None:
            state.change_marker(position, Marker(marker.column, float(value), "hand"))

    unit = f" ({plain(column.unit)})" if column.unit else ""
    st.number_input(
        f"Cutoff{unit}",
        value=None,  # else an emptied box would mean 0
        key=key,
        on_change=changed,
        format="%.6g",
        step=step,
        disabled=state.locked(),
        help="High is above the cutoff, low is at or below it.",
    )


def _cutoff_buttons(offered: Sequence[Choice], position: int, marker: Marker, column: Column) -> None:
    key = f"cutoff-choice-{position}"
    current = next((i for i, c in enumerate(offered) if c.value == marker.cutoff and c.origin == marker.origin), None)
    state.put(key, current)

    def changed() -> None:
        picked = state.get(key)
        if picked is not None:
            state.change_marker(position, Marker(marker.column, offered[picked].value, offered[picked].origin))

    st.pills(
        "Cutoffs",
        range(len(offered)),
        format_func=lambda i: plain(offered[i].label),
        key=key,
        on_change=changed,
        label_visibility="collapsed",
        disabled=state.locked(),
    )


def _lock(view: ExploreView) -> None:
    """A cutoff that was fixed before anybody looked is said to be so, and cannot be moved by accident."""
    if view.markers:
        state.put("locked", state.locked())
        words = "A locked cutoff cannot be moved, and figures say that it was pre-specified. Lock it before you look at the outcome."
        st.toggle("Lock cutoff", key="locked", on_change=_locked, help=words)


def _locked() -> None:
    state.lock(bool(state.get("locked")))


def _second_marker(offered: dict[str, Column], view: ExploreView, cohort: Cohort) -> None:
    if len(view.markers) == 1 and len(offered) > 1:
        spare = [c for c in offered.values() if c.key != view.markers[0].column]
        same_day = f"crp_{view.markers[0].column.rpartition('_')[2]}"
        best = min(spare, key=lambda c: (c.key != same_day, not c.key.startswith("crp")))
        both = (*view.markers, default_marker(cohort, best))
        st.button("Second biomarker", icon=":material/add:", type="tertiary", key="add-marker", on_click=_take_markers, args=(both,))
    elif len(view.markers) > 1:
        _combine(view)


def _take_markers(markers: tuple[Marker, ...]) -> None:
    state.change_view(markers=markers)


def _combined() -> None:
    state.change_view(combine=state.get("combine"))


def _combine(view: ExploreView) -> None:
    words = {"three": "both low / mixed / both high", "both-low": "both low against the rest"}
    state.put("combine", view.combine)
    st.segmented_control(
        "Groups",
        list(words),
        format_func=words.__getitem__,
        key="combine",
        required=True,
        label_visibility="collapsed",
        on_change=_combined,
    )
    st.button(
        "Remove second biomarker",
        icon=":material/close:",
        type="tertiary",
        key="remove-marker",
        on_click=_take_markers,
        args=(view.markers[:1],),
    )
