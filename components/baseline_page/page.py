"""The Baseline page from top to bottom: sentence, choices, Table 1, files, Love plot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import streamlit as st

from cartograph.charts.love import love_chart
from cartograph.cohort import Cohort
from cartograph.cohort.filters import apply_filters
from cartograph.views.baseline import BY_MARKER, BaselineChoice, BaselineResult, baseline, printed_baseline, takes_seconds
from cartograph.views.explore import ExploreView
from cartograph.views.provenance import provenance
from components import state
from components.baseline_page.choices import choices
from components.baseline_page.download import downloads
from components.baseline_page.table import baseline_table
from components.cutoff_page.long_work import Job, result_of
from components.cutoff_page.page import STYLE
from components.cutoff_page.subject import HASHES, say, with_room
from components.figure import show_figure

TABLE_STYLE = Path(__file__).parent / "page.css"


@st.cache_resource(scope="session", max_entries=30, show_spinner=False, hash_funcs=dict(HASHES))
def described(cohort: Cohort, view: ExploreView, choice: BaselineChoice) -> BaselineResult:
    """Computed once for a cohort, a view and a choice of this session."""
    return baseline(cohort, view, choice)


@st.cache_resource(scope="session", max_entries=12, show_spinner=False, hash_funcs=dict(HASHES))
def testing(cohort: Cohort, view: ExploreView, choice: BaselineChoice) -> Job[BaselineResult]:
    """Tests that take seconds, run once for a question of this session."""
    return Job()


def show(cohort: Cohort) -> None:
    """The page of the active cohort. It needs no endpoint."""
    st.html(STYLE)
    st.html(TABLE_STYLE)
    _page(cohort)


@st.fragment
def _page(cohort: Cohort) -> None:
    view = state.view()
    state.write_link()
    if not apply_filters(cohort, view.filters).n:
        st.info("No patient passes the filters. Remove one in the sidebar.", icon=":material/filter_alt_off:")
        return
    head = st.container()
    choice = choices(cohort, view)
    if not choice.columns:
        st.info("Choose at least one column.", icon=":material/checklist:")
        return
    result = _result(cohort, view, choice)
    table = printed_baseline(result)
    with head:
        say([result.sentence])
        say(result.cautions, quiet=True)
    st.html(baseline_table(table, dark=state.is_dark()))
    say(result.notes, quiet=True)
    downloads(table, synthetic=cohort.synthetic)
    _love(cohort, view, result)


def _result(cohort: Cohort, view: ExploreView, choice: BaselineChoice) -> BaselineResult:
    """The table; tests that take seconds are made when asked for, until then it stands without them."""
    if not takes_seconds(cohort, view, choice):
        return described(cohort, view, choice)

    def work(progress: Callable[[float], None]) -> BaselineResult:
        return baseline(cohort, view, choice, progress=progress)

    job = testing(cohort, view, choice)
    done = result_of(job, work, label="Make the tests of so many groups", words="Testing", key="baseline-tests-made")
    return done or described(cohort, view, replace(choice, tests="none"))


def _love(cohort: Cohort, view: ExploreView, result: BaselineResult) -> None:
    if result.love is None:
        return
    chart = with_room(love_chart(result.love, dark=state.is_dark()))
    said = provenance(cohort, view) if result.choice.by == BY_MARKER else ""
    show_figure(chart, key="baseline-love", height=chart.layout["height"], synthetic=cohort.synthetic, provenance=said)
