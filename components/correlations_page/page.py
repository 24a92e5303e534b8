"""The Correlations page: in one tab every pair of the chosen measurements and the points of one pair, in the other two time points."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from cartograph import format as fmt
from cartograph.charts.correlation import matrix_chart, pair_chart
from cartograph.charts.paired import paired_lines_chart, paired_scatter_chart
from cartograph.cohort import Cohort
from cartograph.stats.correlation import Method
from cartograph.views.correlations import (
    NOT_OFFERED,
    MatrixResult,
    TimedResult,
    change_number,
    coefficient_words,
    cutoff_number,
    matrix,
    p_words,
    pair,
    pair_by_panel,
    symbol_of,
    time_name,
    time_pairs,
    timed_by_panel,
    timed_frame,
    unique_names,
)
from cartograph.views.explore import ExploreView
from components import state
from components.correlations_page.choices import MatrixChoice, matrix_choice, pair_choice
from components.kept import kept
from components.marker_panel import marker_panel
from components.response_page.subject import Subject, choice, download_table, question_of, short, subject
from components.sentences import UNADJUSTED, say
from components.text import html_table, plain

METHODS: dict[Method, str] = {
    "spearman": "Spearman's rho: limits by Fisher's z (Bonett and Wright), p from t, as R's cor.test with exact = FALSE",
    "kendall": "Kendall's tau-b: limits by Fisher's z (Fieller), p exact below 50 pairs without ties, else normal, as R's cor.test",
}
PAIRED = (
    "Signed rank: Wilcoxon's test of the change; limits of the change: Hodges and Lehmann; McNemar: exact test of those who rise above "
    "the cutoff against those who fall to it or below. A value that was extreme before tends to be less so on day 0 by chance alone."
)
NO_TIMES = (
    "No measurement of this cohort has two time points in one unit. A laboratory value before lymphodepletion and the same on day 0 would "
    "be followed here: name both under Data."
)
MANY_LINES = 120  # patients beyond whom lines hide each other


@kept(12)
def _matrix(cohort: Cohort, question: ExploreView, asked: MatrixChoice) -> MatrixResult:
    return matrix(cohort, question, asked.columns, asked.method, asked.of)


@st.fragment
def show(cohort: Cohort) -> None:
    """The page of the active cohort; all of it is drawn again when a cutoff moves."""
    about = subject(cohort)
    if about is None:
        return
    tabs = st.tabs(["Matrix", "Two time points"], on_change="rerun", key="correlations-tabs")
    for tab, section in zip(tabs, (_every_pair, _two_times), strict=True):
        if tab.open:
            with tab:
                section(about)


# ---------------------------------------------------------------- every pair
def _every_pair(about: Subject) -> None:
    opening = st.container()  # the finding stands above the controls that it comes from
    asked = matrix_choice(about)
    if asked is None:
        return
    result = _matrix(about.cohort, question_of(about.view), asked)
    with opening:
        say([result.sentence], kind="lead")
        say([about.flow_words()], kind="quiet")
    if len(result.columns) < 2:
        return
    left, right = st.columns([1, 1])
    with left:
        about.draw(matrix_chart(result, dark=about.dark), key="correlation-matrix", grouped=False)
        say([*result.cautions, METHODS[asked.method], _tests_words(result), NOT_OFFERED], kind="quiet")
    with right:
        _one_pair(about, asked, result)
    title = "Every pair with limits, p and q"
    with st.expander(title, icon=":material/table:", key="correlation-pairs", on_change="rerun") as table:
        if table.open:
            _pair_table(result)
    download_table(about, result.to_frame, label="All pairs (CSV)", name="correlations", key="correlations-csv")


def _tests_words(result: MatrixResult) -> str:
    tested = sum(math.isfinite(p.p_value) for p in result.found.pairs)
    return f"The q values are Benjamini and Hochberg's over the {tested:,} pairs on screen that have a p: other measurements change them"


def _pair_table(result: MatrixResult) -> None:
    rows = []
    for first, second in result.found.places:
        found, q = result.pair(first, second)
        rows.append(
            {
                "First": short(result.names[first]),
                "Second": short(result.names[second]),
                "With both": f"{found.n:,}",
                "Without": f"{found.n_missing:,}",
                f"{result.symbol} (95 % limits)": coefficient_words(found) if math.isfinite(found.value) else "; ".join(found.notes),
                "p": fmt.p_value(found.p_value) if math.isfinite(found.p_value) else "not given",
                "q": fmt.p_value(q) if math.isfinite(q) else "not given",
            }
        )
    frame = pd.DataFrame(rows)
    st.html(html_table(frame, numeric=list(frame.columns[2:]), name=f"Every pair, {result.whom}"))


def _one_pair(about: Subject, asked: MatrixChoice, result: MatrixResult) -> None:
    """The points behind one cell; the cutoffs stand above where they are in the pair."""
    place = pair_choice(about, result)
    columns = (asked.columns[place[0]], asked.columns[place[1]])
    drawn = choice("Drawn as", {"values": "values", "ranks": "ranks"}, "correlation-drawn")
    found = pair(about.cohort, about.view, columns, asked.method, result.pair(*place)[1], asked.of)
    if any(m.column in columns for m in about.view.markers):
        marker_panel(about.cohort, about.view, about.ground.distributions, beside=lambda: None)
    chart = pair_chart(found, dark=about.dark, ranks=drawn == "ranks")
    about.draw(chart, key="correlation-pair", grouped=any(c is not None for c in found.cutoffs))
    if found.rules:
        say([f"Marker groups: {'; '.join(rule.label for rule in found.rules)}"], kind="quiet")
    _panel_table(about, asked, columns, f"{result.names[place[0]]} and {result.names[place[1]]}")


def _panel_table(about: Subject, asked: MatrixChoice, columns: tuple[str, str], name: str) -> None:
    """The pair in all patients and in each product."""
    if len(about.panels) < 2:
        return
    rows = [
        {
            "Patients": short(title),
            "With both": f"{found.n:,}",
            "Without": f"{found.n_missing:,}",
            f"{symbol_of(asked.method)} (95 % limits)": coefficient_words(found)
            if math.isfinite(found.value)
            else f"{fmt.NOT_ESTIMABLE}: {'; '.join(found.notes)}",
            "p": p_words(found.p_value, found.notes).removeprefix("p = ").removeprefix("p "),
        }
        for title, found in pair_by_panel(about.cohort, about.view, columns, asked.method)
    ]
    frame = pd.DataFrame(rows)
    st.html(html_table(frame, numeric=list(frame.columns[1:]), name=f"{name} by product"))
    say([UNADJUSTED], kind="quiet")


# ---------------------------------------------------------------- two time points
def _two_times(about: Subject) -> None:
    pairs = {"|".join(found): found for found in time_pairs(about.cohort)}
    if not pairs:
        st.info(plain(NO_TIMES), icon=":material/event_repeat:")
        return
    opening = st.container()
    names = unique_names([time_name(about.cohort.columns[before]) for before, _ in pairs.values()], 60)
    first, second = st.columns([1, 1])
    with first:
        chosen = choice("Measurement", dict(zip(pairs, names, strict=True)), "correlation-timed", default=_of_view(about, pairs))
    found = timed_by_panel(about.cohort, about.view, *pairs[chosen])
    with second:
        start = "lines" if found[0].change.n <= MANY_LINES else "against"
        kinds = {"lines": "a line per patient", "against": "day 0 against before"}
        drawn = choice("Drawn as", kinds, f"correlation-timed-as-{state.cohort_id()}", default=start)
    with opening:
        say([found[0].sentence], kind="lead")
        say([about.flow_words()], kind="quiet")
    marker_panel(about.cohort, about.view, about.ground.distributions, beside=lambda: None)
    make = paired_lines_chart if drawn == "lines" else paired_scatter_chart
    for start_at in range(0, len(found), 3):
        places = st.columns(max(min(len(found), 3), 2))
        for number, place in enumerate(places[: len(found) - start_at], start_at):
            with place:
                about.draw(make(found[number], dark=about.dark), key=f"timed-{number}", grouped=found[number].of_view)
    if len(found) > 1:
        say([UNADJUSTED], kind="quiet")
    _change_table(found)
    _crossing_table(found)
    say([PAIRED], kind="quiet")
    download_table(about, lambda: timed_frame(found), label="Change and crossing (CSV)", name="two_time_points", key="timed-csv")


def _of_view(about: Subject, pairs: dict[str, tuple[str, str]]) -> str | None:
    """The measurement of the view's marker, where it has both time points."""
    markers = {m.column for m in about.view.markers}
    return next((key for key, found in pairs.items() if markers & set(found)), None)


def _change_table(found: tuple[TimedResult, ...]) -> None:
    unit = f", {found[0].unit}" if found[0].unit else ""
    change = f"Change{unit} (95 % limits)" if found[0].ratio is None else "Day 0 to before, ratio (95 % limits)"
    rows = [
        {
            "Patients": short(r.whom),
            "With both": f"{r.change.n:,}",
            "Without": f"{r.change.n_missing:,}",
            f"Median before{unit}": fmt.number(r.change.median_before),
            f"Median day 0{unit}": fmt.number(r.change.median_after),
            change: change_number(r),
            "Rose / same / fell": f"{r.change.n_up:,} / {r.change.n_same:,} / {r.change.n_down:,}",
            "Signed rank": p_words(r.shown.test.p_value, r.shown.test.notes),
        }
        for r in found
    ]
    frame = pd.DataFrame(rows)
    st.subheader("How much it changes")
    st.html(html_table(frame, numeric=list(frame.columns[1:]), name=f"Change of {found[0].name}"))


def _crossing_table(found: tuple[TimedResult, ...]) -> None:
    rows = [
        {
            "Patients": short(r.whom),
            "Stay low": f"{r.crossed.low_low:,}",
            "Low \u2192 high": f"{r.crossed.low_high:,}",
            "High \u2192 low": f"{r.crossed.high_low:,}",
            "Stay high": f"{r.crossed.high_high:,}",
            "Without": f"{r.crossed.n_missing:,}",
            "McNemar, exact": p_words(r.crossed.test.p_value, r.crossed.test.notes),
        }
        for r in found
    ]
    frame = pd.DataFrame(rows)
    unit = f" {found[0].unit}" if found[0].unit else ""
    st.subheader(plain(f"Who crosses {cutoff_number(found[0])}{unit} ({found[0].cutoff_words})"))
    st.html(html_table(frame, numeric=list(frame.columns[1:]), name=f"Who crosses the cutoff of {found[0].name}"))
