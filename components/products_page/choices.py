"""The page's own choices: which two products, among whom, which weights, which covariates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from cartograph import format as fmt
from cartograph.cohort import Cohort
from cartograph.cohort.filters import apply_filters
from cartograph.stats.weights import Target, Trim
from cartograph.views.explore import ExploreView
from cartograph.views.products import EVERYBODY, TAUS, ProductsChoice, default_choice, group_rules_of, levels, offered_covariates
from components import state
from components.kept import kept
from components.text import plain

TARGETS: dict[Target, str] = {"overlap": "Overlap", "ate": "All patients (ATE)", "att": "As the first (ATT)", "matching": "Matching"}
TRIMS: dict[Trim, str] = {
    "none": "none",
    "scores": "leave out scores below 0.1 or above 0.9",
    "truncate": "cut weights at their 1st and 99th percentile",
}
WIDEST_NAME = 60


@kept(30)
def proposed(cohort: Cohort, view: ExploreView, first: str, second: str, among: str) -> ProductsChoice:
    """The choice that the page begins with; two empty levels = the two largest products."""
    return default_choice(cohort, view, first=first, second=second, among=among)


@kept(30)
def offered_labels(cohort: Cohort, view: ExploreView) -> dict[str, str]:
    """Labels of the covariates that can be adjusted for, by column key."""
    return {c.key: c.label for c in offered_covariates(cohort, view)}


def choices(cohort: Cohort, view: ExploreView) -> ProductsChoice:
    """The controls; what they say is returned."""
    kept = apply_filters(cohort, view.filters)
    one, two, three, four = st.columns([3, 3, 5, 2], vertical_alignment="bottom")
    start = proposed(cohort, view, "", "", EVERYBODY)
    present = levels(cohort, view)
    with one:
        first = _one_of(f"first-{view.split}", "Product", present, start.first)
    with two:
        others = tuple(v for v in present if v != first)
        second = _one_of(f"second-{view.split}", "against", others, start.second if start.second in others else others[0])
    with three:
        target = _target()
    with four:
        trim, tau = _options()
    among = _among(kept, view)
    usual = proposed(cohort, view, first, second, among)
    covariates = _covariates(cohort, view, usual)
    return replace(usual, covariates=covariates, target=target, trim=trim, tau=tau)


def _named(name: str) -> str:
    """The key of a control: each cohort begins anew."""
    return f"products-{name}-{state.cohort_id()}"


def _one_of(name: str, label: str, offered: Sequence[str], start: str) -> str:
    key = _named(name)
    if state.get(key) not in offered:
        state.put(key, start)
    return str(st.selectbox(label, offered, format_func=_short, key=key, persist_state="session"))


def _short(text: str) -> str:
    return text if len(text) <= WIDEST_NAME else text[: WIDEST_NAME - 1] + "\u2026"


def _target() -> Target:
    key = "products-target"
    if state.get(key) not in TARGETS:
        state.put(key, "overlap")
    found = st.segmented_control("Weights", list(TARGETS), format_func=TARGETS.__getitem__, key=key, required=True, persist_state="session")
    return found or "overlap"


def _options() -> tuple[Trim, float]:
    """Trimming, and the end of the restricted mean (0 = the longest that both products are followed to)."""
    with st.popover("Options", icon=":material/tune:", key="products-options"):
        trim = st.selectbox("Trimming", list(TRIMS), format_func=TRIMS.__getitem__, key="products-trim", persist_state="session")
        ends = [0.0, *sorted(TAUS)]
        tau = st.selectbox("Mean time up to", ends, format_func=_tau_words, key="products-tau", persist_state="session")
    return trim or "none", float(tau or 0.0)


def _tau_words(tau: float) -> str:
    return f"{fmt.number(tau)} months" if tau else "the longest that both are followed to"


def _among(kept: Cohort, view: ExploreView) -> str:
    """Everybody, or one marker group."""
    rules: dict[str, str] = {EVERYBODY: "Everybody", **{rule.role: rule.label for rule in group_rules_of(kept, view)}}
    key = _named("among")
    if state.get(key) not in rules:
        state.put(key, EVERYBODY)
    if len(rules) == 1:
        return EVERYBODY
    found = st.segmented_control(
        "Among", list(rules), format_func=lambda role: plain(rules[role]), key=key, required=True, persist_state="session"
    )
    return str(found or EVERYBODY)


def _covariates(cohort: Cohort, view: ExploreView, usual: ProductsChoice) -> tuple[str, ...]:
    offered = offered_labels(cohort, view)
    key = _named(f"covariates-{usual.first}-{usual.second}-{usual.among}")
    if not isinstance(state.get(key), list) or not set(state.get(key)) <= set(offered):
        state.put(key, list(usual.covariates))
    chosen = len(state.get(key))
    with st.expander(f"Adjusted for {chosen} of {len(offered)} covariates", icon=":material/checklist:", key="products-covariates"):
        found = st.multiselect(
            "Covariates, all known before infusion",
            list(offered),
            format_func=lambda k: _short(offered[k]),
            key=key,
            persist_state="session",
        )
        late = [c.label for c in cohort.columns_of("number", "category", "flag") if c.timing in ("post-infusion", "outcome")]
        proposed_words = (
            "Proposed: what fewer than 20 % of the patients lack, as many as the smaller product bears (5 patients for each parameter), "
            "without what occurs in one product only."
        )
        st.caption(proposed_words + (f" Not offered, because known only after infusion: {plain(', '.join(late))}." if late else ""))
    return tuple(found)
