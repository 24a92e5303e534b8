"""The search over every cutoff, done once for a question of this session, whatever cutoff is on screen."""

from __future__ import annotations

import math

import streamlit as st

from cartograph import format as fmt
from cartograph.cohort import Cohort
from cartograph.stats.selected import SelectedCutoff, maximally_selected_log_rank
from cartograph.views.explore import ExploreView, Marker
from cartograph.views.landscape import known_patients
from components import state
from components.cutoff_page.long_work import QUICK, Job, Progress
from components.cutoff_page.subject import HASHES, Subject
from components.text import plain


@st.cache_resource(scope="session", max_entries=20, show_spinner=False, hash_funcs=dict(HASHES))
def search_job(cohort: Cohort, question: ExploreView, panel: str) -> Job[SelectedCutoff]:
    """The search of a question (``Subject.alone``) in a panel, with its permutations."""
    return Job()


def search(about: Subject, progress: Progress | None = None) -> SelectedCutoff:
    """Compare every cutoff of the panel's patients, and deal out their outcomes anew 1,000 times."""
    table = next(t for t in about.board.tables if t.key == about.panel)
    known = known_patients(about.board, table, about.marker)
    value, time, event = about.board.values[about.marker][known], about.board.time[known], about.board.event[known]
    return maximally_selected_log_rank(value, time, event, progress=progress)


def searched(about: Subject) -> SelectedCutoff | None:
    """What the search found: at once for cohorts of usual size; None for a large one until somebody asks for it."""
    job = search_job(about.cohort, about.alone, about.panel)
    if about.cohort.n <= QUICK:
        job.finish(lambda progress: search(about, progress))
    return job.result


def take_best(about: Subject) -> None:
    """The button that sets the marker to the cutoff that separates all patients best. It counts as a look at every cutoff."""
    found = searched(about)
    if found is None or not len(found.cutoffs) or math.isnan(found.cutoff):
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
