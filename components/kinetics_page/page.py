"""The Kinetics page from top to bottom: what was measured, its curves, the measures by group, what goes with survival, every patient."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from cartograph.charts.kinetics import course_chart
from cartograph.cohort import Cohort
from cartograph.views.kinetics import NEEDED, unit_warnings
from cartograph.views.kinetics_curves import CurvePanel, curve_panels
from cartograph.views.kinetics_measures import kinetics_sentence
from components.kinetics_page.choices import Asked, Drawn, ask, how_drawn, measures_of
from components.kinetics_page.measures import by_group, every_patient
from components.kinetics_page.survival import with_survival
from components.response_page.subject import head, subject
from components.sentences import UNADJUSTED, say
from components.text import plain

PER_ROW = 3


@st.fragment
def show(cohort: Cohort) -> None:
    """The page of the active cohort; all of it is drawn again when a cutoff moves."""
    if not len(cohort.series):
        st.info(plain(NEEDED), icon=":material/timeline:")
        return
    about = subject(cohort)
    if about is None:
        return
    words = st.container()
    asked = ask(about)
    if asked is None:
        return
    for said in unit_warnings(cohort):
        st.warning(plain(said), icon=":material/straighten:")
    with words:
        head(about, kinetics_sentence(measures_of(asked), asked.samples))
    tabs: dict[str, Callable[[Asked], None]] = {
        "Curves": _curves,
        "Measures by group": by_group,
        "With survival": with_survival,
        "Every patient": every_patient,
    }
    for tab, section in zip(st.tabs(list(tabs), on_change="rerun", key="kinetics-tabs"), tabs.values(), strict=True):
        if tab.open:
            with tab:
                section(asked)


def _curves(asked: Asked) -> None:
    drawn = how_drawn(asked)
    panels = curve_panels(asked.samples, asked.groups, asked.panels, log_scale=drawn.log_scale, until=drawn.until)
    _draw(asked, panels, drawn)
    if (len(asked.panels) > 1 and asked.groups.overlaid) or asked.groups.key == "product":
        say([UNADJUSTED], kind="quiet")
    if not asked.groups.overlaid:
        say([f"{asked.groups.label} has {len(asked.groups.names)} groups: each has a figure of its own, of all patients."], kind="quiet")
    say(list(panels[0].notes), kind="quiet")
    say([panels[0].method], kind="quiet")


def _draw(asked: Asked, panels: Sequence[CurvePanel], drawn: Drawn) -> None:
    """Panels three in a row; a single one takes most of the width."""
    wide = 1 if len(panels) == 1 else 2 if len(panels) in (2, 4) else PER_ROW
    for start in range(0, len(panels), wide):
        for place, panel in zip(st.columns(wide), panels[start : start + wide], strict=False):
            with place:
                chart = course_chart(panel, dark=asked.about.dark, singles=drawn.singles, height=460 if wide == 1 else 400)
                asked.draw(chart, key=f"course-{panel.key}")
