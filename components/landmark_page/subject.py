"""Whose course a page speaks of: the filtered cohort of the view, within a marker group if one is chosen, product by product."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import streamlit as st

from cartograph.charts.spec import Chart
from cartograph.cohort import Cohort
from cartograph.views.board import Board
from cartograph.views.explore import ExploreView
from cartograph.views.grouping import grouping
from cartograph.views.provenance import provenance
from components import explore_board, state
from components.figure import show_figure
from components.sentences import NOBODY
from components.text import plain

Mask = npt.NDArray[np.bool_]
EVERYBODY = ""


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """The patients of a page.

    ``cohort``: filters applied; ``within``: the marker group's rule, "" = everybody; ``members``: key, title and patients (True) of each
    panel, all patients first; ``n_unmeasured``: patients left out of a marker group because the marker is not measured.
    """

    cohort: Cohort
    board: Board
    view: ExploreView
    within: str
    members: tuple[tuple[str, str, Mask], ...]
    n_unmeasured: int
    dark: bool

    @property
    def endpoint(self) -> str:
        """Key of the endpoint in the view."""
        return self.view.endpoint

    def whose(self, title: str) -> str:
        """The panel's name with the marker group's rule."""
        return f"{title}, {self.within}" if self.within else title

    @property
    def origin(self) -> str:
        """Where the cutoffs of the view came from, as figures say it."""
        return provenance(self.cohort, self.view)

    def draw(self, chart: Chart, *, key: str, said: str = "") -> None:
        """A figure with its badges: ``said``, the marker group and where its cutoff came from."""
        origin = self.origin if self.within else ""
        words = " \u00b7 ".join(w for w in (said, self.within, origin) if w)
        show_figure(chart, key=key, synthetic=self.cohort.synthetic, provenance=words)


def course(cohort: Cohort, *, page: str, marker_groups: bool = True) -> Course | None:
    """The patients of the view, asked to be narrowed to a marker group; None, with a word about it, when nobody is left."""
    view = state.view()
    state.write_link()
    board = explore_board.board(cohort, explore_board.without_cutoffs(view))
    for words in board.warnings:
        st.warning(plain(words), icon=":material/warning:")
    if not board.cohort.n:
        st.info(NOBODY, icon=":material/filter_alt_off:")
        return None
    rule, inside, unmeasured = _within(board, view, page) if marker_groups else (EVERYBODY, np.ones(board.cohort.n, dtype=bool), 0)
    members = tuple((t.key, t.title, t.member & inside) for t in board.tables)
    return Course(board.cohort, board, view, rule, members, unmeasured, state.is_dark())


def _within(board: Board, view: ExploreView, page: str) -> tuple[str, Mask, int]:
    """The marker group that is chosen: its rule, its patients, how many are left out because the marker is not measured."""
    everybody = np.ones(board.cohort.n, dtype=bool)
    if not view.markers:
        return EVERYBODY, everybody, 0
    made = grouping(board.values, view.markers, board.columns, view.combine)
    rules = {EVERYBODY: "all patients", **{rule.label: rule.label for rule in made.rules}}
    key = f"{page}-within"
    if state.get(key) not in rules:
        state.put(key, EVERYBODY)
    chosen = str(st.selectbox("Patients", list(rules), format_func=rules.__getitem__, key=key, persist_state="session"))
    if chosen == EVERYBODY:
        return EVERYBODY, everybody, 0
    code = next(rule.code for rule in made.rules if rule.label == chosen)
    return chosen, np.asarray(made.codes == code, dtype=bool), int((made.codes < 0).sum())


def in_rows(n: int) -> int:
    """Panels in a row: three, but four stand two by two."""
    return 2 if n == 4 else min(n, 3)


def show_table(markup: str) -> None:
    """A table of ``html_table``; nothing where there is none."""
    if markup:
        st.html(markup)
