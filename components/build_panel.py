"""From the files that wait to the open cohort: the mapping screen, the name, the one button."""

from __future__ import annotations

from pathlib import PurePath

import streamlit as st

from components import state, upload, waiting
from components.mapping_screen import mapping_screen, summary
from components.text import plain


def build_panel() -> None:
    """The mapping screen and the button that builds the cohort; nothing when no file waits."""
    incoming = waiting.current()
    if incoming is None:
        return
    mapping_screen(incoming)
    with st.container(horizontal=True, vertical_alignment="bottom", key="build"):
        name = st.text_input("Name of the cohort", value=PurePath(incoming.sources[0].name).stem, key=f"name-{incoming.key}", width=320)
        built = st.button("Build cohort", type="primary", icon=":material/check:", key="build-cohort")
        st.button(
            "Cancel", key="cancel", on_click=upload.start_anew, icon=":material/close:", help="Forget these files; the open cohort stays"
        )
    st.caption(plain(summary(incoming)))
    if built:
        _build(name)


def _build(name: str) -> None:
    place = st.empty()

    def show(fraction: float, words: str) -> None:
        place.progress(min(1.0, max(0.0, fraction)), text=plain(words))

    cohort = waiting.build(name, show)
    place.empty()
    if cohort is not None:
        upload.start_anew()
        state.put("just built", cohort.fingerprint)
    st.rerun()


def explore_button(fingerprint: str) -> None:
    """The way on, right after a cohort was built."""
    if state.get("just built") == fingerprint:
        st.success("The cohort is built and open.", icon=":material/check_circle:")
        if st.button("Explore this cohort", type="primary", icon=":material/show_chart:", key="explore"):
            st.switch_page("pages/explore.py")
