"""What the Kinetics page is asked: which course, by which groups, under which rule for values below the limit, how drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, get_args

import numpy as np
import streamlit as st

from cartograph.charts.spec import Chart
from cartograph.cohort import Cohort
from cartograph.stats.kinetics import BelowRule
from cartograph.views.explore import ExploreView
from cartograph.views.kinetics import MARKER, NOBODY, Groups, Mask, Quantity, Samples, grouping_choices, groups_of, quantities, samples_of
from cartograph.views.kinetics_curves import windows
from cartograph.views.kinetics_measures import Measured, measured
from cartograph.views.provenance import provenance
from components import state
from components.figure import show_figure
from components.kept import kept
from components.response_page.subject import Subject, choice, question_of

QUANTITY, BY, RULE, WINDOW, LOG, SINGLES = (f"kinetics-{name}" for name in ("quantity", "by", "rule", "window", "log", "singles"))
RULE_WORDS: Final[dict[str, str]] = {
    "half the limit": "half the limit",
    "zero": "zero",
    "last above": "left out at the end",
}


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """The page's question. ``panels``: key, title and patients; one for all where the groups are those of the split."""

    about: Subject
    quantity: Quantity
    samples: Samples
    groups: Groups
    rule: BelowRule
    panels: tuple[tuple[str, str, Mask], ...]

    def draw(self, chart: Chart, *, key: str, said: str = "", grouped: bool = True) -> None:
        """A figure. ``grouped``: its badge says by what it is grouped, and where a cutoff came from."""
        about = self.about
        if not grouped:
            show_figure(chart, key=key, synthetic=about.cohort.synthetic, provenance=said)
            return
        origin = provenance(about.cohort, about.view) if self.groups.key == MARKER else ""
        words = " \u00b7 ".join(w for w in (said, origin or self.groups.words) if w)
        show_figure(chart, key=key, synthetic=about.cohort.synthetic, provenance=words)


@dataclass(frozen=True, slots=True)
class Drawn:
    """How curves are drawn. ``until``: last day, infinite = all."""

    until: float
    log_scale: bool
    singles: bool


@kept(12)
def _quantities(cohort: Cohort) -> tuple[Quantity, ...]:
    return quantities(cohort)


@kept(12)
def _samples(cohort: Cohort, question: ExploreView, quantity: Quantity) -> Samples:
    """``cohort``: filtered already, by ``question``."""
    return samples_of(cohort, quantity)


@kept(12)
def _measured(cohort: Cohort, question: ExploreView, quantity: Quantity, rule: BelowRule, until: float) -> Measured:
    return measured(cohort, _samples(cohort, question, quantity), rule=rule, until=until)


def measures_of(asked: Asked, until: float = float("inf")) -> Measured:
    """The measures of every patient on screen, of samples up to a day."""
    return _measured(asked.about.cohort, question_of(asked.about.view), asked.quantity, asked.rule, until)


def ask(about: Subject) -> Asked | None:
    """The choices at the top of the page; None where the cohort has no course."""
    offered = {q.key: q for q in _quantities(about.uploaded)}
    if not offered:
        return None
    which, by, below = st.columns([4, 4, 5])
    with which:
        quantity = offered[_select("Time course", {k: q.label_with_unit for k, q in offered.items()}, QUANTITY)]
    with by:
        options = grouping_choices(about.cohort, about.made)
        groups = groups_of(about.cohort, _select("Shown by", options, BY, default=_usual(about, options)), about.made)
    with below:
        rule = choice("Below the limit counts as", RULE_WORDS, RULE)
    samples = _samples(about.cohort, question_of(about.view), quantity)
    panels = tuple((p.key, p.title, p.member) for p in about.panels)
    if groups.key == about.view.split:
        panels = panels[:1]
    return Asked(about, quantity, samples, groups, next(r for r in get_args(BelowRule) if r == rule), panels)


def _usual(about: Subject, options: dict[str, str]) -> str:
    """The marker groups where there is a marker, as on the other pages."""
    return MARKER if MARKER in options else NOBODY


def _select(label: str, options: dict[str, str], key: str, *, default: str | None = None) -> str:
    """One of many; put right when the cohort no longer has it."""
    if state.get(key) not in options:
        state.put(key, default if default in options else next(iter(options)))
    return str(st.selectbox(label, list(options), format_func=options.__getitem__, key=key, persist_state="session"))


def how_drawn(asked: Asked) -> Drawn:
    """Window, scale and single patients."""
    parts = windows(asked.samples)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        end = choice("Days", parts, WINDOW)
        log_key = f"{LOG}-{asked.quantity.key}"
        if state.get(log_key) is None:
            state.put(log_key, asked.quantity.log_scale)
        log_scale = st.toggle("Log scale", key=log_key, persist_state="session")
        if state.get(SINGLES) is None:
            state.put(SINGLES, True)
        singles = st.toggle("Single patients", key=SINGLES, persist_state="session")
    return Drawn(float(end) if end else np.inf, log_scale, singles)
