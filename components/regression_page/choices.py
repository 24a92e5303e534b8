"""The page's own choices: outcome, variables alone and together, how they enter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import streamlit as st

from cartograph.cohort import Cohort
from cartograph.views.explore import ExploreView
from cartograph.views.regression import (
    Outcome,
    RegressionChoice,
    Scale,
    Selection,
    constant_columns,
    default_choice,
    level_names,
    offered_columns,
    outcomes,
    refused_columns,
)
from components import state
from components.kept import kept
from components.text import plain

SELECTIONS: dict[Selection, str] = {"hand": "By hand", "screen": "p < 0.2 alone", "lasso": "Lasso", "ridge": "Ridge"}
SCALES: dict[Scale, str] = {"doubling": "per doubling, else per SD", "sd": "per SD", "unit": "per unit", "spline": "spline (quartiles)"}
MOST_STRATA_LEVELS = 30
WIDEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be chosen. ``labels``: by column key; ``few_levels``: keys that can be strata; ``late``, ``same``: labels of the others."""

    start: RegressionChoice
    labels: dict[str, str]
    few_levels: tuple[str, ...]
    late: tuple[str, ...]
    same: tuple[str, ...]


@kept(30)
def offer(cohort: Cohort, view: ExploreView) -> Offer:
    """Looked up once for a cohort and a view of this session."""
    labels = {c.key: c.label for c in offered_columns(cohort)}
    grouped = [c.key for c in cohort.columns_of("category", "flag") if c.key in labels]
    return Offer(
        default_choice(cohort, view),
        labels,
        tuple(key for key in grouped if len(level_names(cohort, view, key)) <= MOST_STRATA_LEVELS),
        tuple(c.label for c in refused_columns(cohort)),
        tuple(c.label for c in constant_columns(cohort)),
    )


def choices(cohort: Cohort, view: ExploreView) -> RegressionChoice:
    """The controls; what they say is returned. Without patients nothing can be chosen."""
    given = offer(cohort, view)
    start, offered = given.start, given.labels

    def words(key: str) -> str:
        label = offered[key]
        return label if len(label) <= WIDEST_NAME else label[: WIDEST_NAME - 1] + "\u2026"

    first, second, third = st.columns([3, 5, 2], vertical_alignment="bottom")
    with first:
        outcome = _outcome(cohort, view)
    with second:
        selection = _selection()
    with third:
        choice = _options(cohort, view, given, words)
    with st.expander("Variables", icon=":material/checklist:", key="regression-variables"):
        columns = _several(
            "Each alone" if selection == "hand" else "Each alone, and offered to the model", "columns", list(offered), start.columns, words
        )
        chosen = _several("Together in the model", "chosen", list(offered), start.chosen, words) if selection == "hand" else ()
        if given.late:
            st.caption(f"Not offered, because known only after infusion: {plain(', '.join(given.late))}.")
        if given.same:
            st.caption(f"Not offered, because the same in all patients: {plain(', '.join(given.same))}.")
    return replace(choice, outcome=outcome, columns=columns, selection=selection, chosen=chosen)


def _named(name: str) -> str:
    """The key of a control: each cohort and each pair of biomarkers begins anew."""
    markers = "+".join(m.column for m in state.view().markers)
    return f"regression-{name}-{state.cohort_id()}-{markers}"


def _outcome(cohort: Cohort, view: ExploreView) -> str:
    """The sidebar's endpoint, or a yes-or-no outcome."""
    offered: dict[str, Outcome] = {o.key: o for o in outcomes(cohort) if o.measure == "OR" or o.key == view.endpoint}
    key = "regression-outcome"
    if state.get(key) not in offered:
        state.put(key, view.endpoint)

    def words(name: str) -> str:
        found = offered[name]
        return f"{found.label}: {found.words}" + (", odds ratios" if found.measure == "OR" else ", hazard ratios")

    return str(st.selectbox("Outcome", list(offered), format_func=words, key=key, persist_state="session"))


def _selection() -> Selection:
    key = "regression-selection"
    if state.get(key) not in SELECTIONS:
        state.put(key, "hand")
    found = st.segmented_control(
        "Variables of the model", list(SELECTIONS), format_func=SELECTIONS.__getitem__, key=key, required=True, persist_state="session"
    )
    return found or "hand"


def _several(label: str, name: str, offered: list[str], start: tuple[str, ...], words: Callable[[str], str]) -> tuple[str, ...]:
    key = _named(name)
    if not isinstance(state.get(key), list) or not set(state.get(key)) <= set(offered):
        state.put(key, list(start))
    return tuple(st.multiselect(label, offered, format_func=words, key=key, persist_state="session"))


def _options(cohort: Cohort, view: ExploreView, given: Offer, words: Callable[[str], str]) -> RegressionChoice:
    """How variables enter, strata and reference levels; the choice without outcome and variables."""
    few = list(given.few_levels)
    with st.popover("How they enter", icon=":material/tune:", key="regression-options"):
        scale = st.selectbox(
            "Measured values", list(SCALES), format_func=SCALES.__getitem__, key="regression-scale", persist_state="session"
        )
        cut = True
        if view.markers:
            cut = st.toggle("Biomarkers of the sidebar cut: high against low", value=True, key="regression-cut", persist_state="session")
        strata = _several("Strata: each has its own baseline", "strata", few, (), words)
        references = []
        asked = _several("Change the reference of", "references", few, (), words)
        for column in asked:
            levels = level_names(cohort, view, column)
            level = st.selectbox(plain(given.labels[column]), levels, key=_named(f"reference-{column}"), persist_state="session")
            references.append((column, str(level)))
    return RegressionChoice("", (), scale=scale, cut=bool(cut), references=tuple(references), strata=strata)
