"""The Competing risks page from top to bottom: cause, curves of every cause, groups compared, the warning about 1 - Kaplan-Meier."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cartograph import format as fmt
from cartograph.charts.incidence import free_chart, incidence_chart
from cartograph.cohort import Cohort
from cartograph.views.board import axis_end
from cartograph.views.competing import CauseGroup, CausePanel, Causes, Groups, cause_panel, causes_of, warning_words
from cartograph.views.explore import ExploreView
from cartograph.views.grouping import grouping
from components import state
from components.competing_page.words import comparison_markup, rates_table
from components.kept import kept
from components.landmark_page.subject import Course, course, in_rows, show_table
from components.sentences import UNADJUSTED, say, say_markup
from components.text import plain

CAUSE = "competing-cause"


def show(cohort: Cohort) -> None:
    """The page of the active cohort."""
    if not cohort.endpoints:
        st.info("Causes belong to a time and an event. Name them for this cohort under Data.", icon=":material/timer_off:")
        return
    _page(cohort)


@st.fragment
def _page(cohort: Cohort) -> None:
    about = course(cohort, page="competing", marker_groups=False)
    if about is None:
        return
    found = causes_of(about.cohort, about.endpoint)
    if isinstance(found, str):
        st.info(plain(found), icon=":material/info:")
        return
    of = _cause(found)
    _answer(about, found, of, f"Months from {about.cohort.endpoints[about.endpoint].origin}")


def _cause(found: Causes) -> int:
    """Which cause is compared between groups."""
    if state.get(CAUSE) not in found.names:
        state.put(CAUSE, min(found.names))
    chosen = st.segmented_control(
        "Cause that is compared", list(found.names), format_func=lambda c: plain(found.names[c]), key=CAUSE, required=True
    )
    return int(chosen or min(found.names))


def marker_groups(about: Course) -> Groups | None:
    """The marker groups on screen; None without a marker."""
    board, view = about.board, about.view
    if not view.markers:
        return None
    made = grouping(board.values, view.markers, board.columns, view.combine)
    return Groups(made.codes, tuple(CauseGroup(r.role, r.label, r.short) for r in made.rules))


@kept(30)
def panels_of(cohort: Cohort, view: ExploreView, of: int, by_marker: bool, _about: Course, _found: Causes) -> list[CausePanel]:
    """Every cause in all patients and in each product, computed once for the patients, view and cause of this session.

    ``by_marker``: in the marker groups of the view, where there are some.
    """
    label, groups = cohort.endpoints[_about.endpoint].label, marker_groups(_about) if by_marker else None
    return [cause_panel(_found, member, groups, of=of, title=title, endpoint=label) for _, title, member in _about.members]


def _answer(about: Course, found: Causes, of: int, x_title: str) -> None:
    x_max = axis_end(found.time)
    whole = panels_of(about.cohort, about.view, of, False, about, found)
    say([_finding(whole[0])], kind="lead")
    say([found.told], kind="quiet")
    st.subheader("Every cause")
    _row(about, whole, x_max, x_title, "whole")
    say([w for w in (warning_words(whole[0]),) if w])
    groups = marker_groups(about)
    if groups is None:
        say(["This cohort has no biomarker to compare groups by."], kind="quiet")
        show_table(rates_table(whole))
        return
    st.subheader(f"By biomarker: {found.names[of]}")
    named = " against ".join(f"\u201c{rule.label}\u201d" for rule in groups.rules)
    say([f"{named}; not measured in {fmt.patients(int((groups.codes < 0).sum()))}"], kind="quiet")
    split = panels_of(about.cohort, about.view, of, True, about, found)
    _row(about, split, x_max, x_title, "groups")
    say(
        [
            "The subdistribution ratio tells who has had the event by a given time, the cause-specific ratio who has it next among those "
            "still free of any. Both are shown: a marker that hastens death lowers the first without touching the second."
        ],
        kind="quiet",
    )
    show_table(rates_table([*whole, *split]))


def _finding(panel: CausePanel) -> str:
    """The page in one sentence."""
    counts = {c: int(np.sum([k.n_events for k in panel.incidence.curves if k.cause == c])) for c in panel.names}
    said = ", ".join(f"{n} with {panel.names[c]}" for c, n in counts.items())
    censored = panel.n - sum(counts.values())
    return f"{panel.endpoint} of {fmt.patients(panel.n)}: {said}, {censored} censored"


def _row(about: Course, panels: list[CausePanel], x_max: float, x_title: str, key: str) -> None:
    """The panels side by side, with what compares their groups."""
    several = len(panels[0].groups) > 1
    if len(panels) == 1 and several:
        left, right = st.columns(2)
        with left:
            about.draw(incidence_chart(panels[0], dark=about.dark, x_max=x_max, x_title=x_title), key=f"cif-{key}-0", said=_said(about))
        with right:
            about.draw(free_chart(panels[0], dark=about.dark, x_max=x_max, x_title=x_title), key=f"free-{key}-0", said=_said(about))
        say_markup(comparison_markup(panels[0]))
        return
    wide = in_rows(len(panels))
    for start in range(0, len(panels), wide):
        row = list(enumerate(panels))[start : start + wide]
        for place, (k, panel) in zip(st.columns(wide), row, strict=False):
            with place:
                words = _said(about) if several else ""
                about.draw(incidence_chart(panel, dark=about.dark, x_max=x_max, x_title=x_title), key=f"cif-{key}-{k}", said=words)
                say_markup(comparison_markup(panel))
                say([note for note in panel.notes if note != panel.notes[0]] if panel.notes else [], kind="quiet")
    if len(panels) > 1:
        say([UNADJUSTED], kind="quiet")


def _said(about: Course) -> str:
    """The marker groups' origin for the foot of a figure."""
    return about.origin
