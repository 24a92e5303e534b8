"""How well the marker tells apart who will have an outcome: ROC for response, MRD, toxicity, and for endpoints within a horizon."""

from __future__ import annotations

import math

import streamlit as st

from cartograph.charts.roc import roc_chart
from cartograph.cohort import Cohort
from cartograph.views.board import Board
from cartograph.views.discrimination import (
    ChosenCutoffs,
    Discrimination,
    Outcome,
    binary_outcomes,
    chosen_cutoffs,
    discrimination,
    horizon_outcomes,
    point_words,
)
from cartograph.views.explore import ExploreView
from components import state
from components.cutoff_page.subject import Subject
from components.kept import kept
from components.long_work import Job, result_of
from components.sentences import say

KEY = "roc-outcome"


@kept(30)
def told_apart(cohort: Cohort, board: Board, view: ExploreView, marker: int, panel: str, outcome: str) -> Discrimination:
    """The ROC curve, computed once for a cohort, a view, a marker, a panel and an outcome of this session."""
    table = next(t for t in board.tables if t.key == panel)
    cutoff = view.markers[marker].cutoff
    column = board.columns[marker].key
    return discrimination(board.cohort, column, outcome, cutoff=cutoff, member=table.member, panel=table.title)


@kept(12)
def resampling(cohort: Cohort, question: ExploreView, panel: str, outcome: str) -> Job[ChosenCutoffs | None]:
    """The bootstrap of the best cutoffs, run once for a question of this session. The cutoff on screen plays no part in it."""
    return Job()


@st.fragment
def discrimination_section(about: Subject) -> None:
    """The curve of a chosen outcome beside its words."""
    outcome = _outcome(about)
    if outcome is None:
        say(["This cohort has no response, MRD, toxicity or endpoint that reaches 6 months: there is nothing to tell apart."])
        return
    found = told_apart(about.cohort, about.board, about.view, about.marker, about.panel, outcome.key)
    if found.reason:
        say([found.reason])
        return
    figure, words = st.columns([3, 2])
    with figure:
        about.draw(roc_chart(found, dark=about.dark), key="roc")
    with words:
        say([found.finding, *_points(found)])
        say(found.cautions, kind="quiet")
        if not outcome.endpoint:
            _resampled(about, found)


def _points(found: Discrimination) -> list[str]:
    """The current cutoff and the one of Youden in words."""
    words = [f"Current cutoff {point_words(found, found.current)}."] if found.current is not None else []
    best = [p for p in found.youden if math.isfinite(p.cutoff)]
    return words + [f"Best by Youden {point_words(found, p)}." for p in best[:2]]


def _outcome(about: Subject) -> Outcome | None:
    offered = {o.key: o for o in (*binary_outcomes(about.board.cohort), *horizon_outcomes(about.board.cohort))}
    if not offered:
        return None
    if state.get(KEY) not in offered:
        state.put(KEY, next(iter(offered)))

    def words(key: str) -> str:
        return f"{offered[key].label}: {offered[key].words}"  # a list of choices reads no Markdown

    return offered[st.selectbox("Outcome", list(offered), format_func=words, key=KEY)]


def _resampled(about: Subject, found: Discrimination) -> None:
    job = resampling(about.cohort, about.alone, about.panel, found.outcome.key)
    done = result_of(
        job,
        lambda progress: chosen_cutoffs(found, progress=progress),
        label="Resample 500 times",
        words="Resampling the best cutoff",
        key="roc-resample",
    )
    if done is not None:
        say([done.range_words, done.worth_words])
        say(done.notes, kind="quiet")
