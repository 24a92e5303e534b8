"""What stands around every page: page set-up, our style, the line that names the cohort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitPageNotFoundError

from cartograph import format as fmt
from cartograph.cohort import Cohort
from components import state
from components.live_cutoff.engine import bring_engine
from components.text import plain
from sample_data import SAMPLES

STYLE = Path(__file__).parent / "style.css"
ICON = Path(__file__).parent / "icon.png"
_FRAMED = "frame stands"
_WANTED = "page to go to"


def set_up() -> None:
    """Page configuration, style and the figure renderer, once a run."""
    st.set_page_config(page_title="CARTograph", page_icon=str(ICON), layout="wide", initial_sidebar_state="auto")
    st.html(STYLE)
    bring_engine()
    state.put(_FRAMED, True)


def run(rooms: Mapping[str, Sequence[Any]]) -> None:
    """Navigation at the top, one menu for each room ("" = no menu), and the page of the address."""
    page = st.navigation({room: list(pages) for room, pages in rooms.items()}, position="top")
    wanted = state.take(_WANTED)
    for other in (page for pages in rooms.values() for page in pages):
        if wanted and other.url_path == wanted and other.url_path != page.url_path:
            st.switch_page(other)
    page.run()


def page_head(cohort: Cohort) -> None:
    """Sentences that wait for the user, and the name of the active cohort in the sidebar."""
    _inside_frame()
    for words in state.said():
        st.info(plain(words), icon=":material/info:")
    with st.sidebar:
        _cohort_choice()
        st.caption(fmt.patients(cohort.n))
        if cohort.synthetic:
            st.badge("SYNTHETIC data: no real patient", icon=":material/science:", color="orange")


def _cohort_choice() -> None:
    """The cohorts of this session and the samples; another one is one click away and nothing is lost."""
    names = {**{key: c.name for key, c in state.opened().items()}, **{sample.key: sample.title for sample in SAMPLES}}
    state.put("cohort-choice", state.cohort_id())
    st.selectbox("Cohort", list(names), format_func=names.__getitem__, key="cohort-choice", on_change=_cohort_chosen)


def _cohort_chosen() -> None:
    state.switch_cohort(state.get("cohort-choice"))


def _inside_frame() -> None:
    """Go through app.py first: the very first address that a fresh server answers may be a page's own, which Streamlit runs alone."""
    if not state.get(_FRAMED):
        state.put(_WANTED, str(st.context.url or "").rstrip("/").rsplit("/", 1)[-1])
        try:
            st.switch_page("app.py")
        except StreamlitPageNotFoundError:  # the page is run by itself on purpose
            state.forget(_WANTED)
