"""The filter panel: little histograms, counts before and after, removable chips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import streamlit as st

from cartograph.charts.mini import mini_histogram
from cartograph.cohort import Cohort, Column
from cartograph.cohort.filters import Filter, as_numbers, combined_mask
from components import state
from components.text import plain

MAX_LEVELS = 60
MAX_PILLS = 8  # more are a wall


def filter_panel(cohort: Cohort) -> None:
    """Chips of the active filters and a panel to add more; changes the view in place."""
    filters = state.view().filters
    _chips(cohort, filters)
    with st.popover("Filter patients", icon=":material/filter_alt:", width="stretch", key="filter-popover"):
        offered = [c for c in cohort.columns_of("number", "category", "flag", "date", "text") if _usable(cohort, c)]
        key = "filter-columns"
        state.put(key, [f.column for f in filters])
        st.multiselect(
            "Filter by",
            [c.key for c in offered],
            format_func=lambda k: cohort.columns[k].label,
            key=key,
            on_change=_columns_changed,
            args=(key, cohort),
            placeholder="Choose columns",
        )
        after = combined_mask(cohort, filters)
        for position, chosen in enumerate(filters):
            _one_filter(cohort, position, chosen, after)


def _usable(cohort: Cohort, column: Column) -> bool:
    present = cohort.patients[column.key].dropna()
    return bool(len(present)) and (column.kind != "text" or present.nunique() <= MAX_LEVELS)


def _chips(cohort: Cohort, filters: Sequence[Filter]) -> None:
    if not filters:
        return
    with st.container(horizontal=True, gap="xsmall", key="chips"):
        for position, chosen in enumerate(filters):
            words = chosen.words(cohort.columns[chosen.column])
            label = plain(words if len(words) <= 48 else words[:47] + "…")
            st.button(label, icon=":material/close:", key=f"chip-{position}", help="Remove this filter", on_click=_remove, args=(position,))


def _remove(position: int) -> None:
    filters = list(state.view().filters)
    del filters[position]
    state.change_view(filters=tuple(filters))


def _columns_changed(key: str, cohort: Cohort) -> None:
    current = {f.column: f for f in state.view().filters}
    state.change_view(filters=tuple(current.get(k) or _open_filter(cohort, cohort.columns[k]) for k in state.get(key)))


def _open_filter(cohort: Cohort, column: Column) -> Filter:
    """A filter that keeps everybody who has a value, and those who have none."""
    if column.kind in ("number", "date"):
        low, high = _limits(cohort, column)
        return Filter(column.key, low=low, high=high, missing=True)
    return Filter(column.key, levels=_levels(cohort, column), missing=True)


def _limits(cohort: Cohort, column: Column) -> tuple[float, float]:
    values = as_numbers(cohort.patients[column.key])
    return float(np.nanmin(values)), float(np.nanmax(values))


def _levels(cohort: Cohort, column: Column) -> tuple[str, ...]:
    present = set(cohort.patients[column.key].dropna().astype(str))
    return tuple(level for level in column.levels if level in present) or tuple(sorted(present))


def _one_filter(cohort: Cohort, position: int, chosen: Filter, after: np.ndarray) -> None:
    column = cohort.columns[chosen.column]
    stays = int(chosen.mask(cohort).sum())
    st.markdown(f"**{plain(column.label_with_unit)}** · {stays:,} of {cohort.n:,} stay")
    if column.timing in ("post-infusion", "outcome"):
        st.caption(":material/warning: Known only after infusion: patients chosen by it had to live to reach it.")
    if column.kind in ("number", "date"):
        _range(cohort, column, position, chosen, after)
    else:
        _level_choice(cohort, column, position, chosen)
    if cohort.patients[column.key].isna().any():
        key = f"filter-missing-{position}-{column.key}"
        state.put(key, chosen.missing)
        missing = int(cohort.patients[column.key].isna().sum())
        st.checkbox(f"keep {missing:,} without a value", key=key, on_change=lambda: _change(position, missing=bool(state.get(key))))


def _range(cohort: Cohort, column: Column, position: int, chosen: Filter, after: np.ndarray) -> None:
    values = as_numbers(cohort.patients[column.key])
    low, high = _limits(cohort, column)
    st.html(mini_histogram(values[np.isfinite(values)], values[after & np.isfinite(values)], dark=state.is_dark()))
    if low == high:
        st.caption("Every patient has the same value.")
        return
    if column.kind == "date":
        _date_range(position, chosen, low, high)
        return
    key = f"filter-range-{position}-{column.key}"
    start = low if chosen.low is None else min(max(chosen.low, low), high)
    stop = high if chosen.high is None else max(min(chosen.high, high), start)
    state.put(key, (start, stop))

    def changed() -> None:
        picked = state.get(key)
        _change(position, low=float(picked[0]), high=float(picked[1]))

    st.slider(plain(column.label), low, high, key=key, on_change=changed, step=_step(low, high), label_visibility="collapsed")


def _step(low: float, high: float) -> float:
    """About 200 stops, at a round distance."""
    return float(10 ** np.floor(np.log10((high - low) / 100)))


def _date_range(position: int, chosen: Filter, low: float, high: float) -> None:
    first, last = np.array([low, high]).astype("datetime64[D]").tolist()
    start, stop = (
        np.array([chosen.low if chosen.low is not None else low, chosen.high if chosen.high is not None else high])
        .astype("datetime64[D]")
        .tolist()
    )
    key = f"filter-dates-{position}"
    state.put(key, (max(first, min(start, last)), min(last, max(stop, first))))

    def changed() -> None:
        picked = state.get(key)
        if len(picked) == 2:
            days = np.array(picked, dtype="datetime64[D]").astype(float)
            _change(position, low=float(days[0]), high=float(days[1]))

    st.date_input("between", key=key, min_value=first, max_value=last, on_change=changed)


def _level_choice(cohort: Cohort, column: Column, position: int, chosen: Filter) -> None:
    levels = _levels(cohort, column)
    counts = cohort.patients[column.key].astype(str).value_counts()
    key = f"filter-levels-{position}-{column.key}"
    state.put(key, [level for level in chosen.levels if level in levels])

    def changed() -> None:
        _change(position, levels=tuple(state.get(key)) or levels)

    def words(level: str) -> str:
        return f"{plain(level)} ({counts.get(level, 0):,})"

    if len(levels) <= MAX_PILLS:
        st.pills(
            plain(column.label), levels, selection_mode="multi", format_func=words, key=key, on_change=changed, label_visibility="collapsed"
        )
    else:
        st.multiselect(plain(column.label), levels, format_func=words, key=key, on_change=changed, label_visibility="collapsed")


def _change(position: int, **changes: object) -> None:
    filters = list(state.view().filters)
    filters[position] = replace(filters[position], **changes)  # type: ignore[arg-type]
    state.change_view(filters=tuple(filters))
