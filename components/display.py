"""How Explore's figures are drawn: choices of this session that change no number."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from cartograph.views.swimmer import LanesBy, Order
from components import state

ORDERS: dict[Order, str] = {"follow-up": "longest follow-up", "endpoint": "longest endpoint time", "response": "best response"}
GROUPS: dict[LanesBy, str] = {"marker": "biomarker group", "split": "what stands side by side", "none": "not grouped"}
KEYS = ("show limits", "order of lanes", "lanes by")


@dataclass(frozen=True, slots=True)
class Display:
    """Confidence limits on curves; order and grouping of the swimmer lanes."""

    limits: bool = True
    order: Order = "follow-up"
    lanes_by: LanesBy = "marker"


def display() -> Display:
    """The current choices."""
    limits, order, lanes_by = (state.get(key, default) for key, default in zip(KEYS, (True, "follow-up", "marker"), strict=True))
    return Display(bool(limits), order or "follow-up", lanes_by or "marker")


def display_options() -> None:
    """The popover that changes them; what is in it is sent when it is opened."""
    popover = st.popover("Display", icon=":material/tune:", type="tertiary", key="display", on_change="rerun")
    if not popover.open:
        return
    with popover:
        st.toggle("Confidence limits on curves (log-log, 95 %)", value=True, key=KEYS[0], persist_state="session")
        st.selectbox("Courses sorted by", list(ORDERS), format_func=ORDERS.__getitem__, key=KEYS[1], persist_state="session")
        st.selectbox("Courses grouped by", list(GROUPS), format_func=GROUPS.__getitem__, key=KEYS[2], persist_state="session")
