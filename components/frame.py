"""What stands around every page: page set-up, our style, the line that names the cohort."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from cartograph import format as fmt
from cartograph.cohort import Cohort
from components import state
from components.text import plain

STYLE = Path(__file__).parent / "style.css"


def set_up() -> None:
    """Page configuration and style, once a run."""
    st.set_page_config(
        page_title="CARTograph", page_icon=str(Path(__file__).parent / "icon.png"), layout="wide", initial_sidebar_state="auto"
    )
    st.html(STYLE)


def page_head(cohort: Cohort) -> None:
    """Sentences that wait for the user, and the name of the active cohort in the sidebar."""
    for words in state.said():
        st.info(plain(words), icon=":material/info:")
    with st.sidebar:
        st.markdown(f"**{plain(cohort.name)}**  \n{fmt.patients(cohort.n)}")
        if cohort.synthetic:
            st.badge("SYNTHETIC data: no real patient", icon=":material/science:", color="orange")
