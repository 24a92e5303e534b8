"""The page's own choices: which columns in which order, by what, how numbers are given, tests or none."""

from __future__ import annotations

import streamlit as st

from cartograph.cohort import Cohort
from cartograph.views.baseline import (
    DISCOURAGED,
    STATISTICS,
    BaselineChoice,
    Statistic,
    Tests,
    default_baseline,
    group_choices,
    is_outcome,
    table_columns,
)
from cartograph.views.explore import ExploreView
from components import state
from components.kept import kept

TESTS: dict[Tests, str] = {
    "none": "None",
    "fisher": "Fisher; Wilcoxon or Kruskal-Wallis",
    "chi-squared": "Chi-squared; Wilcoxon or Kruskal-Wallis",
    "chi-squared, Yates": "Chi-squared with Yates' correction; Wilcoxon or Kruskal-Wallis",
}
WIDEST_NAME = 60


@kept(30)
def proposed(cohort: Cohort, view: ExploreView) -> BaselineChoice:
    """The choice that the page begins with."""
    return default_baseline(cohort, view)


@kept(30)
def groups_of(cohort: Cohort, view: ExploreView) -> dict[str, str]:
    """What the table can be grouped by: words by key."""
    return dict(group_choices(cohort, view))


def choices(cohort: Cohort, view: ExploreView) -> BaselineChoice:
    """The controls; what they say is returned."""
    start = proposed(cohort, view)
    first, second, third = st.columns([3, 4, 3], vertical_alignment="bottom")
    with first:
        by = _by(cohort, view, start.by)
    with second:
        statistic = _statistic()
    with third:
        tests = _tests()
    with st.expander("Columns of the table", icon=":material/checklist:", key="baseline-columns-box"):
        columns = _columns(cohort, start.columns)
    return BaselineChoice(columns, by, statistic, tests)


def _by(cohort: Cohort, view: ExploreView, start: str) -> str:
    """Begins anew with another cohort and with what the sidebar sets side by side."""
    offered = groups_of(cohort, view)
    key = f"baseline-by-{state.cohort_id()}-{view.split}"
    if state.get(key) not in offered:
        state.put(key, start)

    def words(name: str) -> str:
        return _short(f"Groups of {offered[name]}" if name.startswith(":") else offered[name])

    return str(st.selectbox("Grouped by", list(offered), format_func=words, key=key, persist_state="session"))


def _statistic() -> Statistic:
    key = "baseline-statistic"
    if state.get(key) not in STATISTICS:
        state.put(key, STATISTICS[0])
    found = st.segmented_control("Numbers as", STATISTICS, key=key, required=True, persist_state="session")
    return found or STATISTICS[0]


def _tests() -> Tests:
    key = "baseline-tests"
    if state.get(key) not in TESTS:
        state.put(key, "none")
    found: Tests = st.selectbox("Tests", list(TESTS), format_func=TESTS.__getitem__, key=key, help=DISCOURAGED, persist_state="session")
    return found


def _columns(cohort: Cohort, start: tuple[str, ...]) -> tuple[str, ...]:
    offered = {c.key: c for c in table_columns(cohort)}
    key = f"baseline-columns-{state.cohort_id()}"
    if not isinstance(state.get(key), list) or not set(state.get(key)) <= set(offered):
        state.put(key, list(start))

    def words(name: str) -> str:
        return _short(offered[name].label) + (" (after infusion)" if is_outcome(offered[name]) else "")

    found = st.multiselect("Columns", list(offered), format_func=words, key=key, persist_state="session", label_visibility="collapsed")
    st.caption("In the order in which you choose them. What is known only after infusion stands in a part of its own.")
    return tuple(found)


def _short(label: str) -> str:
    return label if len(label) <= WIDEST_NAME else label[: WIDEST_NAME - 1] + "\u2026"
