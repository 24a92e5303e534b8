"""The Subgroups page from top to bottom: sentence, what is compared, in which subgroups, the forest, the table."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import streamlit as st

from cartograph import format as fmt
from cartograph.charts.forest import forest_chart
from cartograph.cohort import Cohort
from cartograph.cohort.filters import apply_filters
from cartograph.views.explore import ExploreView
from cartograph.views.provenance import provenance
from cartograph.views.subgroups import (
    Compared,
    SubgroupChoice,
    SubgroupResult,
    default_subgroups,
    products,
    subgroup_columns,
    subgroups,
)
from components import state
from components.figure import show_figure
from components.kept import kept
from components.sentences import NOBODY, say
from components.text import html_table

WIDEST_NAME = 60
METHOD = "Likelihood-ratio test of comparison x variable in one Cox model, over the levels with 10 patients in each group"


@kept(30)
def found_subgroups(cohort: Cohort, view: ExploreView, choice: SubgroupChoice) -> SubgroupResult:
    """Computed once for a cohort, a view and a choice of this session."""
    return subgroups(cohort, view, choice)


@kept(12)
def labels_of(chosen: Cohort) -> dict[str, str]:
    """Labels of the columns whose levels can be subgroups, by key; ``chosen``: filters applied."""
    return {c.key: c.label for c in subgroup_columns(chosen)}


@kept(30)
def proposed(cohort: Cohort, view: ExploreView) -> SubgroupChoice:
    """The choice that the page begins with."""
    return default_subgroups(cohort, view)


def show(cohort: Cohort) -> None:
    """The page of the active cohort."""
    if not cohort.endpoints:
        st.info("Subgroups need an outcome. Name a time and an event for this cohort under Data.", icon=":material/timer_off:")
        return
    _page(cohort)


@st.fragment
def _page(cohort: Cohort) -> None:
    view = state.view()
    state.write_link()
    chosen = apply_filters(cohort, view.filters)
    why_not = _nothing_to_compare(chosen, view)
    if why_not:
        st.info(why_not, icon=":material/info:")
        return
    head = st.container()
    result = found_subgroups(cohort, view, _choice(chosen, view, proposed(cohort, view)))
    with head:
        say([result.sentence], kind="lead")
        say(result.cautions, kind="quiet")
    chart = forest_chart(result.forest, dark=state.is_dark())
    said = provenance(cohort, view) if result.choice.compared == "marker" else ""
    show_figure(chart, key="subgroups", synthetic=cohort.synthetic, provenance=said)
    if not result.tests:
        return
    with st.expander("The interaction tests", icon=":material/table:", key="subgroup-tests", on_change="rerun") as table:
        if table.open:
            st.html(html_table(_tests(result), numeric=["p of interaction"], name="Interaction tests"))
            say([METHOD], kind="quiet")


def _nothing_to_compare(chosen: Cohort, view: ExploreView) -> str:
    """Why the page ends here, or ""."""
    if not chosen.n:
        return NOBODY
    if not view.markers and len(products(chosen)) < 2:
        return "Neither a biomarker nor two products: there is nothing to compare within subgroups."
    return ""


def _choice(chosen: Cohort, view: ExploreView, start: SubgroupChoice) -> SubgroupChoice:
    """The controls; what they say is returned."""
    names = products(chosen)
    options: dict[Compared, str] = {}
    if view.markers:
        options["marker"] = "High against low"
    if len(names) > 1:
        options["product"] = "Products"
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    with left:
        compared = _compared(options, start.compared)
    with right:
        first, second = _pair(names, start) if compared == "product" else ("", "")
    with st.expander("Subgroups by", icon=":material/checklist:", key="subgroups-variables"):
        columns = _columns(chosen, start)
    return replace(start, columns=columns, compared=compared, first=first, second=second)


def _compared(options: dict[Compared, str], start: Compared) -> Compared:
    key = "subgroups-compared"
    if state.get(key) not in options:
        state.put(key, start if start in options else next(iter(options)))
    found = st.segmented_control("Compare", list(options), format_func=options.__getitem__, key=key, required=True, persist_state="session")
    return found if found is not None else start


def _pair(names: tuple[str, ...], start: SubgroupChoice) -> tuple[str, str]:
    """Two different products."""
    key = f"subgroups-products-{state.cohort_id()}"
    if not isinstance(state.get(key), list) or not set(state.get(key)) <= set(names):
        state.put(key, [start.first, start.second])
    chosen = st.multiselect("Hazard of the first against the second", names, key=key, max_selections=2, persist_state="session")
    return (chosen[0], chosen[1]) if len(chosen) == 2 else (start.first, start.second)


def _columns(chosen: Cohort, start: SubgroupChoice) -> tuple[str, ...]:
    offered = labels_of(chosen)
    key = f"subgroups-columns-{state.cohort_id()}"
    if not isinstance(state.get(key), list) or not set(state.get(key)) <= set(offered):
        state.put(key, list(start.columns))

    def words(column: str) -> str:
        label = offered[column]
        return label if len(label) <= WIDEST_NAME else label[: WIDEST_NAME - 1] + "\u2026"

    found = st.multiselect("Variables", list(offered), format_func=words, key=key, persist_state="session", label_visibility="collapsed")
    st.caption("Numbers are cut at their median. Variables known only after infusion make no subgroups from infusion on.")
    return tuple(found)


def _tests(result: SubgroupResult) -> pd.DataFrame:
    p = [fmt.p_value(t.p_value) if math.isfinite(t.p_value) else "not tested" for t in result.tests]
    return pd.DataFrame({"Variable": [t.label for t in result.tests], "p of interaction": p, "": [t.reason for t in result.tests]})
