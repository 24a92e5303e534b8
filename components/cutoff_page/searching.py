"""The search over every cutoff, done once for a question of this session, whatever cutoff is on screen."""

from __future__ import annotations

import math

import streamlit as st

from cartograph import format as fmt
from cartograph.cohort import Cohort
from cartograph.stats.cutoff_bootstrap import CrossValidatedCutoff, CutoffBootstrap
from cartograph.stats.selected import SelectedCutoff
from cartograph.views.board import Board
from cartograph.views.explore import ExploreView, Marker
from cartograph.views.worth import Worth, cross_validate, resample, search, stability, worth
from components import state
from components.cutoff_page.subject import Subject
from components.kept import kept
from components.long_work import QUICK, Job, Progress
from components.text import plain

RESAMPLING = 0.6  # share of the time that the bootstrap takes, before the cross-validation
Repeated = tuple[CutoffBootstrap, CrossValidatedCutoff]


@kept(30)
def judged(cohort: Cohort, board: Board, view: ExploreView, marker: int, panel: str) -> Worth:
    """What is known of the cutoff at once, computed once for a cohort, a view, a marker and a panel of this session."""
    return worth(board, view, panel=panel, marker=marker)


@kept(20)
def search_job(cohort: Cohort, question: ExploreView, panel: str) -> Job[SelectedCutoff]:
    """The search of a question (``Subject.alone``) in a panel, with its permutations."""
    return Job()


@kept(12)
def repeat_job(cohort: Cohort, question: ExploreView, panel: str) -> Job[Repeated]:
    """The search repeated in bootstrap samples and held-out folds, for a question (``Subject.alone``) in a panel."""
    return Job()


def search_of(about: Subject) -> Job[SelectedCutoff]:
    """The search that ``about`` asks for: done at once for cohorts of usual size, for a large one when somebody asks for it."""
    job = search_job(about.cohort, about.alone, about.panel)
    if about.cohort.n <= QUICK:
        job.finish(lambda progress: searching(about, progress))
    return job


def searching(about: Subject, progress: Progress) -> SelectedCutoff:
    """The work of ``search_of``."""
    return search(about.board, panel=about.panel, marker=about.marker, progress=progress)


def repeating(about: Subject, progress: Progress) -> Repeated:
    """The work of ``repeat_job``."""
    first = resample(about.board, panel=about.panel, marker=about.marker, progress=lambda done: progress(RESAMPLING * done))
    rest = 1 - RESAMPLING
    return first, cross_validate(
        about.board, panel=about.panel, marker=about.marker, progress=lambda done: progress(RESAMPLING + rest * done)
    )


def resampled_words(about: Subject) -> str:
    """The bootstrap in one sentence; "" where nobody has asked for it."""
    done = repeat_job(about.cohort, about.alone, about.panel).result
    if done is None:
        return ""
    return stability(judged(about.cohort, about.board, about.view, about.marker, about.panel), done[0]).moved


def take_best(about: Subject) -> None:
    """The button that sets the marker to the cutoff that separates all patients best. It counts as a look at every cutoff."""
    found = search_of(about).result
    if found is None or math.isnan(found.cutoff):
        return
    best = Marker(about.chosen.column, found.cutoff, "searched")
    unit = f" {about.column.unit}" if about.column.unit else ""
    st.button(
        f"Take the best-separating cutoff, {plain(fmt.number(found.cutoff) + unit)}",
        icon=":material/search:",
        key="take-best",
        disabled=state.locked() or about.chosen == best,
        help="Sets the cutoff with the largest standardised log-rank statistic of all patients, and says everywhere that it was searched.",
        on_click=_take,
        args=(about, found, best),
    )


def _take(about: Subject, found: SelectedCutoff, best: Marker) -> None:
    state.look(about.view, about.marker, found.cutoffs.tolist())
    state.change_marker(about.marker, best)
