"""Explore's standing choices: endpoint, what stands side by side, who is in."""

from __future__ import annotations

import streamlit as st

from cartograph.cohort import Cohort
from cartograph.views.defaults import split_columns
from components import state
from components.filter_panel import filter_panel
from components.text import plain


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
    widget = st.segmented_control if len(keys) <= 4 else st.selectbox
    widget(
        "Endpoint",
        keys,
        format_func=lambda k: plain(cohort.endpoints[k].label),
        key="endpoint",
        required=True,
        on_change=_take,
        args=("endpoint",),
    )
    st.caption(
        f"{plain(cohort.endpoints[state.view().endpoint].name)}: time to {plain(cohort.endpoints[state.view().endpoint].event_words)}"
    )


def _split(cohort: Cohort) -> None:
    columns = {c.key: c for c in split_columns(cohort)}
    state.put("split", state.view().split if state.view().split in columns else "")
    words = {"": "not split", **{k: c.label for k, c in columns.items()}}
    st.selectbox("Side by side", list(words), format_func=words.__getitem__, key="split", on_change=_take, args=("split",))


def _take(name: str) -> None:
    state.change_view(**{name: state.get(name)})
