"""The MRD page from top to bottom: groups, states over time, patients, how long negativity lasts, and the endpoints by CR."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from cartograph import format as fmt
from cartograph.charts.incidence import free_chart, incidence_chart
from cartograph.charts.km import km_chart
from cartograph.charts.mrd import mrd_swimmer, occupancy_chart, swimmer_height
from cartograph.charts.spec import Chart
from cartograph.cohort import Cohort
from cartograph.views.board import axis_end
from cartograph.views.grouping import grouping
from cartograph.views.mrd import (
    DEFINITIONS,
    GAP,
    MrdCourse,
    Predictor,
    duration,
    duration_origin,
    finding,
    mrd_course,
    mrd_groups,
    mrd_lanes,
    mrd_refusal,
    negativity,
    occupancy,
    predictors,
    time_to_negative,
)
from cartograph.views.outlook import Outlook, outlooks
from components import state
from components.competing_page.words import comparison_markup, rates_table
from components.explore_words import comparison_lines
from components.kept import kept
from components.landmark_page.subject import Course, Mask, course, show_table
from components.sentences import say, say_markup
from components.text import html_table, plain

PREDICTOR, PANEL, OUTLOOK = "mrd-predictor", "mrd-panel", "mrd-endpoint"
NONE = ""


def show(cohort: Cohort) -> None:
    """The page of the active cohort."""
    if not cohort.endpoints:
        st.info("What follows MRD needs a time and an event. Name them for this cohort under Data.", icon=":material/timer_off:")
        return
    _page(cohort)


@st.fragment
def _page(cohort: Cohort) -> None:
    about = course(cohort, page="mrd")
    if about is None:
        return
    _, title, member = _panel(about)
    why_not = mrd_refusal(about.cohort)
    if why_not:
        st.info(plain(why_not), icon=":material/info:")
    else:
        made = mrd_course(about.cohort)
        _states(about, made, member, title)
        _lasting(about, made, member, title)
    _outlook(about, member, title)


def _panel(about: Course) -> tuple[str, str, Mask]:
    """Whose MRD: all patients, or one product."""
    if len(about.members) < 2:
        return about.members[0]
    titles = {key: title for key, title, _ in about.members}
    if state.get(PANEL) not in titles:
        state.put(PANEL, "all")
    chosen = st.segmented_control("Panel", list(titles), format_func=lambda k: plain(titles[k]), key=PANEL, required=True)
    return next(m for m in about.members if m[0] == chosen)


def _states(about: Course, made: MrdCourse, member: Mask, title: str) -> None:
    """The sentence, the groups, states over time and the patients one by one."""
    say([finding(made, member)], kind="lead")
    if about.n_unmeasured:
        say([f"{fmt.patients(about.n_unmeasured)} without the biomarker of \u201c{about.within}\u201d are left out"], kind="quiet")
    whose = about.whose(title)
    left, right = st.columns([3, 2])
    with left:
        about.draw(occupancy_chart(occupancy(made, member=member, title=title), dark=about.dark), key="mrd-states")
    with right:
        groups = mrd_groups(made, member=member, title=whose)
        st.html(_groups_table(groups.table))
        with st.expander("How the groups are defined"):
            say(list(DEFINITIONS), kind="quiet")
    lanes = mrd_lanes(made, member=member)
    about.draw(mrd_swimmer(lanes, dark=about.dark, height=swimmer_height(lanes)), key="mrd-courses")
    say(list(lanes.notes), kind="quiet")


def _groups_table(table: pd.DataFrame) -> str:
    shares = [fmt.percent(v) if np.isfinite(v) else "\u2013" for v in table["share"]]
    shown = pd.DataFrame({"MRD group": table["group"], "n": [f"{n:,}" for n in table["n"]], "Of those tested": shares})
    return html_table(shown, numeric=["n", "Of those tested"], name="MRD groups")


@st.fragment
def _lasting(about: Course, made: MrdCourse, member: Mask, title: str) -> None:
    """How soon negativity comes, how long it lasts, and by what."""
    st.subheader("How long negativity lasts")
    chosen = _predictor(about)
    soon = time_to_negative(made, member=member, title=title)
    found = duration(made, member=member, title=title, predictor=chosen)
    x_title, x_max = duration_origin(chosen), axis_end(negativity(made).time[member])
    columns = st.columns(3)
    soon_axis = min(max(axis_end(soon.time), 12.0), 24.0)
    charts: list[Chart] = [
        incidence_chart(soon, dark=about.dark, x_max=soon_axis, warn=False, name="mrd-first-negative"),
        incidence_chart(found, dark=about.dark, x_max=x_max, x_title=x_title, name="mrd-loss"),
        free_chart(found, dark=about.dark, x_max=x_max, x_title=x_title, name="mrd-kept"),
    ]
    for place, chart in zip(columns, charts, strict=True):
        with place:
            about.draw(chart, key=chart.name, said=_rule(about, chosen) if chart is not charts[0] else "")
    say_markup(comparison_markup(found))
    say([*soon.notes, *found.notes, *_clock(chosen, found.n_missing)], kind="quiet")
    show_table(rates_table([soon], origin="infusion"))
    show_table(rates_table([found], origin="first negative"))


def _rule(about: Course, chosen: Predictor | None) -> str:
    """What the groups on the figure are."""
    if chosen is None:
        return ""
    return f"{chosen.label} \u00b7 {about.origin}" if chosen.key == "marker" else chosen.label


def _clock(chosen: Predictor | None, left_out: int) -> list[str]:
    """What a predictor that is known late does to the clock."""
    said = [
        "The clock starts at the first negative test; it ends with loss, with death without loss, or, censored, with progression-free "
        f"follow-up, at most {GAP:g} months after the last test: nobody looked later, so what came later is not counted. A loss is dated "
        "at the test that shows it and happened somewhat earlier"
    ]
    if chosen is not None and chosen.known_at:
        said.append(
            f"{chosen.label} is known at month {chosen.known_at:g}: only those still negative then are compared, from then on. "
            "Counted from the first negative test, patients would have had to live and stay negative to be in the better group"
        )
    if left_out:
        said.append(f"{fmt.patients(left_out)} who became negative are not used: group not known, or negativity over before it was known")
    return said


def _predictor(about: Course) -> Predictor | None:
    """What the duration is split by; the biomarker on screen first."""
    offered = {p.key: p for p in predictors(about.cohort, _marker(about))}
    words = {NONE: "all patients", **{k: p.label for k, p in offered.items()}}
    if state.get(PREDICTOR) not in words:
        state.put(PREDICTOR, NONE)
    chosen = st.selectbox("Split by", list(words), format_func=words.__getitem__, key=PREDICTOR, persist_state="session")
    return offered.get(chosen)


def _marker(about: Course) -> Predictor | None:
    """The groups of the biomarker on screen, when they are two."""
    board, view = about.board, about.view
    if not view.markers or about.within:
        return None
    made = grouping(board.values, view.markers, board.columns, view.combine)
    if len(made.rules) != 2:
        return None
    low, high = made.rules
    return Predictor("marker", high.label, (low.label, high.label), (low.short, high.short), made.codes)


@kept(12)
def outlooks_of(cohort: Cohort, member: Mask, title: str) -> tuple[Outlook, ...]:
    """Computed once for the patients of this session."""
    return tuple(outlooks(cohort, member=member, title=title))


@st.fragment
def _outlook(about: Course, member: Mask, title: str) -> None:
    """DOR, PFS and OS of all patients and by CR from the landmark, with rates at 1, 2 and 3 years."""
    found = {o.endpoint: o for o in outlooks_of(about.cohort, member, title)}
    if not found:
        return
    st.subheader("Response, progression, survival")
    if state.get(OUTLOOK) not in found:
        state.put(OUTLOOK, next(iter(found)))
    chosen = st.segmented_control("Shown", list(found), format_func=lambda k: plain(found[k].label), key=OUTLOOK, required=True)
    _two_curves(about, found[str(chosen)])
    show_table(_outlook_table(list(found.values())))


def _two_curves(about: Course, shown: Outlook) -> None:
    left, right = st.columns(2)
    with left:
        everybody = km_chart(shown.everybody, x_max=shown.x_max, dark=about.dark, endpoint=shown.label, name=f"{shown.endpoint}-all")
        about.draw(from_(everybody, f"Months from {shown.origin}"), key="outlook-all")
    if shown.by_cr is None:
        say(["CR is not dated in this cohort: a comparison by CR from infusion would be biased, so none is shown."])
        return
    with right:
        words = f"{shown.label} by CR, from {shown.landmark_words}"
        by_cr = km_chart(shown.by_cr, x_max=shown.x_max, dark=about.dark, endpoint=words, name=f"{shown.endpoint}-by-cr")
        about.draw(from_(by_cr, f"Months from the landmark ({shown.landmark_words})"), key="outlook-cr")
        say_markup(comparison_lines(replace(shown.by_cr, n_missing=0)))
        say(["By CR the clock starts at the landmark, never at infusion; other landmarks are on the Landmark page"], kind="quiet")


def from_(chart: Chart, words: str) -> Chart:
    """The chart with another title of its time axis."""
    axis = chart.layout["xaxis"]
    said = [{**a, "text": str(a["text"]).replace("not measured", "not known")} for a in chart.layout["annotations"]]
    return replace(chart, layout={**chart.layout, "xaxis": {**axis, "title": {**axis["title"], "text": words}}, "annotations": said})


def _outlook_table(found: list[Outlook]) -> str:
    rows = []
    for shown in found:
        for row in shown.rates.to_dict("records"):
            first = {"Endpoint": shown.label, "Group": str(row["group"]), "n": f"{row['n']:,}", "Events": f"{row['events']:,}"}
            first["Median (95 % CI)"] = (
                fmt.median_with_limits(row["median"], row["ci_low"], row["ci_high"]) if row["n"] else fmt.NOT_ESTIMABLE
            )
            rates = {f"{m // 12} y": _rate(row[f"rate_{m}"], row[f"rate_low_{m}"], row[f"rate_high_{m}"]) for m in (12, 24, 36)}
            rows.append({**first, **rates})
    return html_table(pd.DataFrame(rows), numeric=["n", "Events"], name="Rates at 1, 2 and 3 years")


def _rate(value: float, low: float, high: float) -> str:
    return fmt.percent_with_limits(value, low, high) if np.isfinite(value) else "beyond follow-up"
