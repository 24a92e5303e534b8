"""The Toxicity page from top to bottom: sentence, cutoff, and in tabs the grades, when they come, what was given, the marker by grade."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from cartograph import format as fmt
from cartograph.charts.grades import grades_chart
from cartograph.charts.marker_by_grade import marker_by_grade_chart
from cartograph.charts.onset import last_day, onset_chart
from cartograph.charts.rates import rates_chart
from cartograph.cohort import Cohort
from cartograph.views.explore import ExploreView
from cartograph.views.rates import Outcome, contrasts_frame, contrasts_of, rates_frame, rates_of
from cartograph.views.toxicity import (
    WHEN_WORDS,
    RankContrast,
    Toxicity,
    day_curves,
    grade_bars,
    grade_contrasts,
    marker_by_grade,
    moment_contrasts,
    moments,
    outcomes_of,
    toxicities,
    toxicity_sentence,
)
from components.kept import kept
from components.response_page.subject import Subject, choice, contrast_table, download_table, each_panel, head, question_of, short, subject
from components.sentences import say
from components.text import html_table

WHICH = "toxicity-which"
PAIR = "Side by side, unadjusted"  # whom a line compares where two products stand against each other


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """The page's question: whom it is about, and every toxicity and treatment that the file has."""

    about: Subject
    found: tuple[Toxicity, ...]

    @property
    def toxic(self) -> tuple[Toxicity, ...]:
        """The toxicities, without what was given for them."""
        return tuple(t for t in self.found if t.kind == "toxicity")


@kept(12)
def _toxicities(cohort: Cohort, question: ExploreView) -> tuple[Toxicity, ...]:
    """``cohort``: filtered already, by ``question``."""
    return toxicities(cohort)


@st.fragment
def show(cohort: Cohort) -> None:
    """The page of the active cohort; all of it is drawn again when a cutoff moves."""
    about = subject(cohort)
    if about is None:
        return
    asked = Asked(about, _toxicities(about.cohort, question_of(about.view)))
    if not asked.found:
        st.info("This cohort has no toxicity column. Name CRS grade, ICANS grade, tocilizumab or others under Data.")
        return
    head(about, toxicity_sentence(asked.found, about.made))
    tabs: dict[str, Callable[[Asked], None]] = {
        "Grades": _grades,
        "Onset and duration": _moments,
        "Treatment": _treatment,
        "Marker by grade": _marker,
    }
    for tab, section in zip(st.tabs(list(tabs), on_change="rerun", key="toxicity-tabs"), tabs.values(), strict=True):
        if tab.open:
            with tab:
                section(asked)


def _which(asked: Asked, key: str) -> Toxicity | None:
    """The toxicity that a tab speaks of."""
    options = {t.key: t.label for t in asked.toxic}
    if not options:
        say(["This cohort has no graded toxicity."])
        return None
    chosen = choice("Toxicity", options, f"{WHICH}-{key}")
    return next(t for t in asked.toxic if t.key == chosen)


# ---------------------------------------------------------------- grades
def _grades(asked: Asked) -> None:
    about = asked.about
    bars = grade_bars(asked.toxic, about.panels, about.made)
    left, right = st.columns([1, 1])
    with right:
        toxicity = _which(asked, "grades")
        if toxicity is None:
            return
        outcomes = outcomes_of(toxicity)
        rates = rates_of(outcomes, about.panels, about.made)
        below = "share of patients with a grade, exact limits" if toxicity.grade is not None else "share of those recorded, exact limits"
        about.draw(rates_chart(rates, title=toxicity.label, below=below, dark=about.dark, name=f"toxicity-{toxicity.key}"), key="rates")
    with left:
        if bars:
            about.draw(grades_chart(bars, dark=about.dark), key="grade-bars")
        else:
            say(["No toxicity of this cohort is graded."], kind="quiet")
    _left_out(about)
    _compare(about, outcomes)
    ranks = grade_contrasts(toxicity, about.panels, about.made)
    if ranks:
        st.subheader(f"{toxicity.label}: the whole range of grades")
        _rank_table(ranks, name="Tests of grades")
        say(
            [
                "Wilcoxon compares the ranks of the grades; Cochran-Armitage asks whether the share of the first group rises or falls from "
                "grade to grade (scores are the grades)."
            ],
            kind="quiet",
        )
    _downloads(asked)


def _left_out(about: Subject) -> None:
    if about.unmeasured:
        say([f"{fmt.patients(about.unmeasured)} without the biomarker in no marker group"], kind="quiet")


def _compare(about: Subject, outcomes: Sequence[Outcome]) -> None:
    contrasts = contrasts_of(outcomes, about.panels, about.made)
    marker, panel = ([c for c in contrasts if c.kind == kind] for kind in ("marker", "panel"))
    if marker:
        st.subheader("High against low")
        contrast_table(marker, name="High against low")
    if panel:
        st.subheader("Side by side, unadjusted, not randomised")
        contrast_table(panel, name="Side by side, unadjusted, not randomised")


def _rank_table(rows: Sequence[RankContrast], *, name: str) -> None:
    if not rows:
        return
    several = len({r.what for r in rows}) > 1
    frame = pd.DataFrame(
        [
            {
                "Patients": PAIR if r.panel == f"{r.first} vs {r.second}" else short(r.panel),
                **({"Of": r.what} if several else {}),
                "First": f"{short(r.first)}: {r.summary[0]}" if r.summary[0] else short(r.first),
                "Second": f"{short(r.second)}: {r.summary[1]}" if r.second else "",
                "p": fmt.p_value(r.p_value) if math.isfinite(r.p_value) else f"not given: {r.reason}",
                "Test": r.method,
            }
            for r in rows
        ]
    )
    st.html(html_table(frame, numeric=["p"], name=name))
    given = sum(math.isfinite(r.p_value) for r in rows)
    if given > 1:
        say([f"{given} tests in this table, none corrected for the others."], kind="quiet")


def _downloads(asked: Asked) -> None:
    about = asked.about
    every = [outcome for toxicity in asked.found for outcome in outcomes_of(toxicity)]

    def rates() -> pd.DataFrame:
        return rates_frame(rates_of(every, about.panels, about.made))

    def contrasts() -> pd.DataFrame:
        return contrasts_frame(contrasts_of(every, about.panels, about.made))

    with st.container(horizontal=True):
        download_table(about, rates, label="All rates (CSV)", name="toxicity_rates", key="toxicity-rates-csv")
        download_table(about, contrasts, label="All comparisons (CSV)", name="toxicity_comparisons", key="toxicity-contrasts-csv")


# ---------------------------------------------------------------- onset and duration
def _moments(asked: Asked) -> None:
    about = asked.about
    toxicity = _which(asked, "moments")
    if toxicity is None:
        return
    _by_day(about, toxicity)
    rows = moments(toxicity, about.panels, about.made)
    if not rows:
        say([f"Neither onset nor duration nor day of the maximum of {toxicity.label} is in this cohort."], kind="quiet")
        return
    st.subheader(f"Among those who had {toxicity.label}, conditional on having had it")
    frame = pd.DataFrame(
        [
            {
                "": WHEN_WORDS[r.when],
                "Patients": short(r.panel),
                "Group": short(r.group),
                f"With {toxicity.label}": f"{r.n_happened:,}",
                "Day known": f"{r.n_known:,}",
                "Median (quartiles)": _quartiles(r.quartiles),
                "Range": _range(r.range),
            }
            for r in rows
        ]
    )
    st.html(html_table(frame, numeric=list(frame.columns[3:]), name=f"Days of {toxicity.label}"))
    _rank_table(moment_contrasts(toxicity, about.panels, about.made), name="Tests of days")
    said = (
        f"Conditional on having had {toxicity.label}: groups that differ in how many had it are not all who were infused, so a difference "
        "here need not come from the marker or the product."
    )
    say([said], kind="quiet")


def _by_day(about: Subject, toxicity: Toxicity) -> None:
    """Cumulative incidence of every panel, or the column that it needs."""
    panels = day_curves(about.cohort, toxicity, about.panels, about.made)
    if not panels:
        wanted = f"\u201c{toxicity.label} onset (day)\u201d"
        say([f"No day of onset of {toxicity.label}: the column {wanted} would draw its cumulative incidence."])
        return
    x_max = last_day(panels)
    each_panel(about, lambda k, p: about.draw(onset_chart(toxicity.label, panels[k], dark=about.dark, x_max=x_max), key=f"onset-{p.key}"))
    end = "death without it competing" if "os" in about.cohort.endpoints else "as OS is not known, nobody counts as dying first"
    say([f"Cumulative incidence by day of onset (Aalen-Johansen), {end}. Not used: day or occurrence not known."], kind="quiet")


def _quartiles(found: tuple[float, float, float]) -> str:
    low, middle, high = (fmt.number(v) for v in found)
    return f"{middle} ({low}{fmt.EN_DASH}{high})" if math.isfinite(found[1]) else "nobody"


def _range(found: tuple[float, float]) -> str:
    return f"{fmt.number(found[0])}{fmt.EN_DASH}{fmt.number(found[1])}" if math.isfinite(found[0]) else ""


# ---------------------------------------------------------------- treatment
def _treatment(asked: Asked) -> None:
    about = asked.about
    given = [t for t in asked.found if t.kind == "treatment"]
    if not given:
        say(["No column says who was given tocilizumab, steroids or other treatment of toxicity."])
        return
    outcomes = [outcome for t in given for outcome in outcomes_of(t)]
    rates = rates_of(outcomes, about.panels, about.made)
    left, _ = st.columns([1, 1])
    with left:
        chart = rates_chart(rates, title="Given for toxicity", below="share of those recorded, exact limits", dark=about.dark, name="given")
        about.draw(chart, key="treatment")
    _left_out(about)
    say(
        ["What is given follows the grade and the habits of the center: a difference is not an effect of marker or product alone."],
        kind="quiet",
    )
    _compare(about, outcomes)


# ---------------------------------------------------------------- marker by grade
def _marker(asked: Asked) -> None:
    about = asked.about
    if not about.view.markers:
        say(["No biomarker is chosen."])
        return
    toxicity = _which(asked, "marker")
    if toxicity is None:
        return
    markers = {m.column: m for m in about.view.markers}
    names = {key: about.cohort.columns[key].label for key in markers}
    key = choice("Biomarker", names, "toxicity-biomarker") if len(names) > 1 else next(iter(names))
    column = about.cohort.columns[key]
    found = [marker_by_grade(about.cohort, toxicity, column, markers[key].cutoff, panel) for panel in about.panels]
    each_panel(about, lambda k, p: about.draw(marker_by_grade_chart(found[k], like=found[0], dark=about.dark), key=f"by-grade-{p.key}"))
    say(["Boxes: quartiles; whiskers: last values within 1.5 box lengths; dashed: the cutoff; below: patients and median."], kind="quiet")
    _rank_table([test for f in found for test in f.tests], name="Tests of the marker by grade")
