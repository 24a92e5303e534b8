"""What the matrix is asked for: which measurements, which coefficient, in whom; and which pair is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import streamlit as st

from cartograph.stats.correlation import Method
from cartograph.views.correlations import (
    EVERYBODY,
    MOST,
    MatrixResult,
    by_strength,
    default_columns,
    offered_columns,
    unique_names,
)
from components import state
from components.response_page.subject import Subject, choice

WIDEST_NAME = 60
METHOD_NAMES: dict[str, str] = {"spearman": "Spearman", "kendall": "Kendall"}
TOO_FEW = "This cohort has fewer than two measured columns in which patients differ: there is nothing to correlate."


@dataclass(frozen=True, slots=True)
class MatrixChoice:
    """``of``: key of the panel whose patients are meant."""

    columns: tuple[str, ...]
    method: Method
    of: str


def matrix_choice(about: Subject) -> MatrixChoice | None:
    """The controls above the matrix; None, with a word about it, where nothing can be correlated."""
    offered = offered_columns(about.uploaded)
    if len(offered) < 2:
        st.info(TOO_FEW, icon=":material/grid_off:")
        return None
    words = unique_names([c.label for c in offered], WIDEST_NAME)
    late = {c.key: " (after infusion)" if c.timing == "post-infusion" else "" for c in offered}
    names = {c.key: f"{name}{late[c.key]}" for c, name in zip(offered, words, strict=True)}
    columns = _columns(about, names)
    first, second = st.columns([1, 2])
    with first:
        chosen = choice("Coefficient", METHOD_NAMES, "correlation-method")
    with second:
        panels = {panel.key: panel.title for panel in about.panels}
        of = choice("Patients", panels, patients_key(about)) if len(panels) > 1 else EVERYBODY
    method = next(m for m in get_args(Method) if m == chosen)
    return MatrixChoice(columns, method, of)


def _columns(about: Subject, names: dict[str, str]) -> tuple[str, ...]:
    """Begins anew with another cohort."""
    key = f"correlation-columns-{state.cohort_id()}"
    kept = state.get(key)
    if not isinstance(kept, list) or not set(kept) <= set(names):
        state.put(key, list(default_columns(about.uploaded)))
    found = st.multiselect(
        f"Measurements, at most {MOST}",
        list(names),
        format_func=names.__getitem__,
        key=key,
        max_selections=MOST,
        persist_state="session",
    )
    return tuple(found)


def patients_key(about: Subject) -> str:
    """Begins anew where other products stand side by side: their places would mean other patients."""
    return "-".join(["correlation-patients", state.cohort_id(), about.view.split, *(panel.title for panel in about.panels)])


def pair_choice(about: Subject, result: MatrixResult) -> tuple[int, int]:
    """A pair of the matrix, the strongest first.

    Its words hold no coefficient and name every column as long as the cohort is open: the browser keeps the words of what is chosen.
    """
    offered = offered_columns(about.uploaded)
    names = dict(zip((c.key for c in offered), unique_names([c.label for c in offered], WIDEST_NAME // 2), strict=True))
    order = by_strength(result)
    pairs = [(result.columns[i].key, result.columns[j].key) for i, j in order]
    options = {f"{one}|{other}": f"{names[one]} and {names[other]}" for one, other in pairs}
    places = dict(zip(options, order, strict=True))
    key = "correlation-pair-chosen"
    if state.get(key) not in options:
        state.put(key, next(iter(options)))
    chosen = st.selectbox("Pair, strongest first", list(options), format_func=options.__getitem__, key=key, persist_state="session")
    return places[chosen]
