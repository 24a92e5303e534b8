"""The Baseline page from top to bottom: sentence, choices, Table 1, files, Love plot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import streamlit as st

from cartograph.charts.love import love_chart
from cartograph.cohort import Cohort
from cartograph.cohort.filters import apply_filters
from cartograph.views.baseline import BY_MARKER, BaselineChoice, BaselineResult, baseline, printed_baseline, table_columns, takes_seconds
from cartograph.views.explore import ExploreView
from cartograph.views.provenance import provenance
from components import state
from components.baseline_page.choices import choices
from components.baseline_page.download import downloads
from components.baseline_page.table import baseline_table
from components.figure import show_figure
from components.kept import kept
from components.long_work import Job, result_of
from components.sentences import NOBODY, say

TABLE_STYLE = Path(__file__).parent / "page.css"


@kept(30)
def described(cohort: Cohort, view: ExploreView, choice: BaselineChoice) -> BaselineResult:
    """Computed once for a cohort, a view and a choice of this session."""
    return baseline(cohort, view, choice)


@kept(12)
def testing(cohort: Cohort, view: ExploreView, choice: BaselineChoice) -> Job[BaselineResult]:
    """Tests that take seconds, run once for a question of this session."""
    return Job()


def show(cohort: Cohort) -> None:
    """The page of the active cohort. It needs no endpoint."""
    st.html(TABLE_STYLE)
    _page(cohort)


@st.fragment
def _page(cohort: Cohort) -> None:
    view = state.view()
    state.write_link()
    if not apply_filters(cohort, view.filters).n:
        st.info(NOBODY, icon=":material/filter_alt_off:")
        return
    head = st.container()
    choice = choices(cohort, view)
    if not choice.columns:
        nothing = "This cohort has no column that describes patients. Name some under Data."
        st.info("Choose at least one column." if table_columns(cohort) else nothing, icon=":material/checklist:")
        return
    result = _result(cohort, view, choice)
    table = printed_baseline(result)
    with head:
        say([result.sentence], kind="lead")
        say(result.cautions, kind="quiet")
    st.html(baseline_table(table, dark=state.is_dark()))
    say(result.notes, kind="quiet")
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
    chart = love_chart(result.love, dark=state.is_dark())
    said = provenance(cohort, view) if result.choice.by == BY_MARKER else ""
    show_figure(chart, key="baseline-love", synthetic=cohort.synthetic, provenance=said)
