"""The same cutoff on every endpoint of the cohort."""

from __future__ import annotations

import streamlit as st

from cartograph.charts.all_endpoints import all_endpoints_chart
from cartograph.cohort import Cohort
from cartograph.views.all_endpoints import AllEndpoints, all_endpoints
from cartograph.views.explore import ExploreView
from components.cutoff_page.subject import Subject
from components.kept import kept
from components.sentences import say


@kept(30)
def on_every_endpoint(cohort: Cohort, view: ExploreView) -> AllEndpoints:
    """High against low on every endpoint, computed once for a cohort and a view of this session."""
    return all_endpoints(cohort, view)


@st.fragment
def endpoints_section(about: Subject) -> None:
    """The strip of all products on a wide screen, of the chosen patients on a narrow one."""
    found = on_every_endpoint(about.cohort, about.view)
    with st.container(key="wide-strip"):
        about.draw(all_endpoints_chart(found, dark=about.dark), key="all-endpoints")
    with st.container(key="narrow-strip"):
        about.draw(all_endpoints_chart(found, dark=about.dark, columns=[about.panel], name="all-endpoints-one"), key="all-endpoints-one")
    say(found.notes, kind="quiet")
