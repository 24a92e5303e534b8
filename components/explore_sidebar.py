"""Explore's standing choices: endpoint, what stands side by side, who is in."""

from __future__ import annotations

import streamlit as st

from cartograph.cohort import Cohort
from cartograph.views.defaults import split_columns
from components import state
from components.filter_panel import filter_panel
from components.text import plain

MAX_SEGMENTS = 4  # more do not fit the sidebar


def explore_sidebar(cohort: Cohort) -> None:
    """Endpoint, split and filters in the sidebar; each change is in the view before the page is drawn."""
    with st.sidebar:
        _endpoint(cohort)
        _split(cohort)
        filter_panel(cohort)


def _endpoint(cohort: Cohort) -> None:
    keys = list(cohort.endpoints)
    if not keys:
        st.warning("This cohort has no endpoint: name a time and an event column under Data.", icon=":material/timer_off:")
        return
    state.put("endpoint", state.view().endpoint)

    def words(key: str) -> str:
        return plain(cohort.endpoints[key].label)

    if len(keys) <= MAX_SEGMENTS:
        st.segmented_control("Endpoint", keys, format_func=words, key="endpoint", required=True, on_change=_take, args=("endpoint",))
    else:
        st.selectbox("Endpoint", keys, format_func=words, key="endpoint", on_change=_take, args=("endpoint",))
    chosen = cohort.endpoints[state.view().endpoint]
    st.caption(f"{plain(chosen.name)}: time from {plain(chosen.origin)} to {plain(chosen.event_words)}")


def _split(cohort: Cohort) -> None:
    columns = {c.key: c for c in split_columns(cohort)}
    state.put("split", state.view().split if state.view().split in columns else "")
    words = {"": "not split", **{k: c.label for k, c in columns.items()}}
    st.selectbox("Side by side", list(words), format_func=words.__getitem__, key="split", on_change=_take, args=("split",))


def _take(name: str) -> None:
    state.change_view(**{name: state.get(name)})
