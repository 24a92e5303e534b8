"""The Regression page from top to bottom: sentence, choices, both forests, the table, and whether the model may be believed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from cartograph.charts.forest import forest_chart, forest_height
from cartograph.cohort import Cohort
from cartograph.cohort.filters import apply_filters
from cartograph.views.explore import ExploreView
from cartograph.views.forest import Forest
from cartograph.views.provenance import provenance
from cartograph.views.regression import (
    NO_PENALTY_YET,
    NOTHING_CHOSEN,
    RegressionChoice,
    RegressionResult,
    offered_columns,
    printed_table,
    regression,
)
from components import state
from components.figure import show_figure
from components.kept import kept
from components.long_work import Job, result_of
from components.regression_page.choices import choices
from components.regression_page.diagnostics import SECTIONS, About
from components.regression_page.download import downloads
from components.sentences import NOBODY, say
from components.text import html_table, plain


@kept(30)
def fitted(cohort: Cohort, view: ExploreView, choice: RegressionChoice) -> RegressionResult:
    """Screen and model, computed once for a cohort, a view and a choice of this session."""
    return regression(cohort, view, choice)


@kept(12)
def penalising(cohort: Cohort, view: ExploreView, choice: RegressionChoice) -> Job[RegressionResult]:
    """The cross-validation of a penalised model, run once for a question of this session."""
    return Job()


def show(cohort: Cohort) -> None:
    """The page of the active cohort."""
    if not cohort.endpoints:
        st.info("A regression needs an outcome. Name a time and an event for this cohort under Data.", icon=":material/timer_off:")
        return
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
        st.info(_nothing_chosen(cohort, view), icon=":material/checklist:")
        return
    result = _result(cohort, view, choice)
    with head:
        say([result.sentence], kind="lead")
        say([*([result.group_rule] if result.group_rule else []), *result.cautions], kind="quiet")
    _forests(cohort, view, result)
    with st.expander("The table, and as a file", icon=":material/table:", key="regression-table", on_change="rerun") as table:
        if table.open:
            frame = printed_table(result)
            st.html(html_table(frame, numeric=list(frame.columns[2:]), name="Regression table"))
            downloads(cohort, view, result)
    _sections(About(cohort, view, result, state.is_dark()))


def _nothing_chosen(cohort: Cohort, view: ExploreView) -> str:
    if offered_columns(apply_filters(cohort, view.filters)):
        return "Choose at least one variable."
    return "No variable that is known before infusion differs between these patients, so there is nothing to explain their outcome by."


def _result(cohort: Cohort, view: ExploreView, choice: RegressionChoice) -> RegressionResult:
    """The answer; a penalised one is made when asked for, until then the screen stands alone."""
    if choice.selection in ("hand", "screen"):
        return fitted(cohort, view, choice)
    job = penalising(cohort, view, choice)

    def work(progress: Callable[[float], None]) -> RegressionResult:
        return regression(cohort, view, choice, progress=progress)

    done = result_of(job, work, label="Choose the penalty by cross-validation", words="Cross-validating", key="regression-penalty")
    if done is not None:
        return done
    alone = fitted(cohort, view, replace(choice, selection="hand", chosen=()))
    return replace(alone, sentence=alone.sentence.replace(NOTHING_CHOSEN, NO_PENALTY_YET))


def _forests(cohort: Cohort, view: ExploreView, result: RegressionResult) -> None:
    """Alone on the left, together on the right; one below the other on a phone."""
    left, right = st.columns(2)
    for place, forest in ((left, result.screen), (right, result.multivariable)):
        with place:
            _forest(cohort, view, forest)


def _forest(cohort: Cohort, view: ExploreView, forest: Forest) -> None:
    chart = forest_chart(forest, dark=state.is_dark(), height=forest_height(forest))
    show_figure(chart, key=chart.name, synthetic=cohort.synthetic, provenance=provenance(cohort, view))


def _sections(about: About) -> None:
    """Only the tab that is open is computed."""
    tabs = st.tabs(list(SECTIONS), on_change="rerun", key="regression-sections")
    for tab, section in zip(tabs, SECTIONS.values(), strict=True):
        if tab.open:
            with tab:
                why_not = section.why_not(about)
                if why_not:
                    st.info(plain(why_not), icon=":material/info:")
                else:
                    section.show(about)
