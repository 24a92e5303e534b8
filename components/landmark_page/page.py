"""The Landmark page from top to bottom: status, landmark, who is left; once the landmark is set, the curves and what tempers them."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import streamlit as st

from cartograph import format as fmt
from cartograph.charts.landmark import flow_chart, landmark_curves, simon_makuch_chart, strip_chart
from cartograph.cohort import Cohort
from cartograph.views.explore import Comparison, ExploreView, Group
from cartograph.views.landmark import Beside, LandmarkPanel, beside, first_choice, landmark_panel, last_landmark, refusal
from cartograph.views.status import Status, statuses
from components import state
from components.explore_words import comparison_lines
from components.kept import kept
from components.landmark_page.subject import Course, Mask, course, in_rows, show_table
from components.sentences import UNADJUSTED, say, say_markup, sentence
from components.text import html_table, plain

STATUS, AT, SHOWN, TRIED = "landmark-status", "landmark-at", "landmark shown", "landmarks tried"
WHY = (
    "Set the landmark before you see a curve. A landmark picked because its curves look best is a search, and its p value does not hold. "
    "Good choices follow the treatment plan: the visit at which the status is looked for."
)


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One landmark analysis. ``tried``: landmarks of the same status and endpoint whose curves were shown, this one included."""

    about: Course
    status: Status
    at: float
    tried: tuple[float, ...] = ()

    @property
    def said(self) -> str:
        """The landmark in words, for every figure."""
        looked = f", landmark {len(self.tried)} that was looked at" if len(self.tried) > 1 else ""
        return f"{self.status.label}, landmark month {fmt.number(self.at)}{looked}"

    @property
    def name(self) -> tuple[object, ...]:
        """What is remembered of it: everything but the landmark."""
        a = self.about
        return (state.cohort_id(), a.endpoint, self.status.key, a.within, a.view.filters)


def show(cohort: Cohort) -> None:
    """The page of the active cohort."""
    if not cohort.endpoints:
        st.info("Curves need a time and an event. Name them for this cohort under Data.", icon=":material/timer_off:")
        return
    _page(cohort)


@kept(12)
def statuses_of(cohort: Cohort) -> tuple[Status, ...]:
    """What can be reached after infusion, read once from the patients of this session."""
    return statuses(cohort)


@kept(60)
def panels_of(
    cohort: Cohort, view: ExploreView, within: str, status: str, at: float, _about: Course, _status: Status
) -> list[LandmarkPanel]:
    """All patients and each product from one landmark on, computed once for the patients, status and landmark of this session."""
    members = _about.members
    return [landmark_panel(cohort, _about.endpoint, _status, at, key=key, title=title, member=member) for key, title, member in members]


@kept(60)
def beside_of(cohort: Cohort, endpoint: str, status: str, at: float, title: str, member: Mask, _status: Status) -> Beside:
    """What tempers one panel, computed once."""
    return beside(cohort, endpoint, _status, at, title=title, member=member)


@st.fragment
def _page(cohort: Cohort) -> None:
    left, middle, right = st.columns([5, 4, 5])
    with middle:
        about = course(cohort, page="landmark")
    if about is None:
        return
    offered = {s.key: s for s in statuses_of(about.cohort)}
    why_not = refusal(about.cohort, about.endpoint, next(iter(offered.values()), None))
    if why_not:
        st.info(plain(why_not), icon=":material/info:")
        return
    with left:
        status = _status(about, offered)
    with right:
        at = _landmark(about, status)
    _answer(Question(about, status, at))


def _status(about: Course, offered: dict[str, Status]) -> Status:
    if state.get(STATUS) not in offered:
        state.put(STATUS, next(iter(offered)))
    chosen = st.selectbox(
        "Status reached after infusion", list(offered), format_func=lambda k: offered[k].label, key=STATUS, persist_state="session"
    )
    return offered[chosen]


def _landmark(about: Course, status: Status) -> float:
    """The slider; a status starts at the landmark that fits it."""
    time = about.board.time
    key = f"{AT}-{status.key}"
    last = last_landmark(time)
    kept = state.get(key)
    state.put(key, min(int(kept), last) if kept else first_choice(status, time))
    return float(st.slider("Landmark, months from infusion", 1, last, key=key, persist_state="session"))


def _answer(asked: Question) -> None:
    """The flow at once, as it tells no outcome of the groups; the curves once the landmark is set."""
    about, status = asked.about, asked.status
    panels = panels_of(about.cohort, about.view, about.within, status.key, asked.at, about, status)
    say(
        [f"{status.words}. Patients followed beyond month {fmt.number(asked.at)} without an event are compared from there on."],
        kind="quiet",
    )
    if about.n_unmeasured:
        say([f"{fmt.patients(about.n_unmeasured)} without the biomarker of \u201c{about.within}\u201d are left out"], kind="quiet")
    if not _set(asked):
        _flows(asked, panels)
        return
    asked = replace(asked, tried=_tried(asked))
    say_markup([_finding(asked, panels[0])], kind="lead")
    _several_tries(asked)
    _curves(asked, panels)
    show_table(_rates_table(panels))
    _besides(asked)


def _set(asked: Question) -> bool:
    """True once this landmark was set; another one folds the curves again."""
    if state.get(SHOWN) == (asked.name, asked.at):
        return True
    say([WHY])
    words = f"Set the landmark at month {fmt.number(asked.at)} and show the curves"
    st.button(words, type="primary", key="landmark-show", on_click=state.put, args=(SHOWN, (asked.name, asked.at)))
    return False


def _tried(asked: Question) -> tuple[float, ...]:
    """Landmarks of this question whose curves this session has seen, this one last."""
    all_tried = state.get(TRIED, {})
    before = tuple(at for at in all_tried.get(asked.name, ()) if at != asked.at)
    state.put(TRIED, {**all_tried, asked.name: (*before, asked.at)})
    return (*before, asked.at)


def _several_tries(asked: Question) -> None:
    if len(asked.tried) > 1:
        months = ", ".join(fmt.number(at) for at in asked.tried)
        words = f"{len(asked.tried)} landmarks of this question were looked at (months {months}): the p values do not account for that."
        st.warning(words, icon=":material/search:")


def _finding(asked: Question, first: LandmarkPanel) -> str:
    """The sentence that opens the answer, as safe markup."""
    month, label = fmt.number(asked.at), first.endpoint
    if not first.panel.groups:
        return html.escape(f"Nobody is followed beyond month {month} without an event: there is nothing to compare.")
    without, with_it = first.panel.groups
    counts = (
        f"{first.panel.n} patients followed beyond month {month}: {with_it.n} {asked.status.short_yes}, {without.n} {asked.status.short_no}"
    )
    ratio = first.panel.hazard_ratios[0]
    return f"<strong>{html.escape(counts)}.</strong> {html.escape(label)} from there on: {html.escape(ratio_words(ratio))}, unadjusted."


def ratio_words(found: Comparison) -> str:
    """'HR CR vs no CR 0.47 (0.22–0.99)', or why there is none."""
    name = found.label.partition(",")[0]
    if found.estimate is None or found.estimate.notes:
        return f"{name} {fmt.NOT_ESTIMABLE} ({found.reason})"
    return f"{name} {fmt.ratio_with_limits(found.estimate.value, found.estimate.ci_low, found.estimate.ci_high)}"


def _flows(asked: Question, panels: list[LandmarkPanel]) -> None:
    """Who would be compared."""
    wide = max(in_rows(len(panels)), 2)
    for start in range(0, len(panels), wide):
        for place, result in zip(st.columns(wide), panels[start : start + wide], strict=False):
            with place:
                st.markdown(f"**{plain(asked.about.whose(result.panel.title))}**")
                asked.about.draw(flow_chart(result, dark=asked.about.dark), key=f"flow-{result.panel.key}", said=asked.said)
                say(list(result.notes), kind="quiet")


def _curves(asked: Question, panels: list[LandmarkPanel]) -> None:
    """Each panel: curves, what compares them, and its flow; the flow beside the curves where there is one panel."""
    if len(panels) == 1:
        curves, flow = st.columns([3, 2])
        with curves:
            _one_panel(asked, panels[0])
        with flow:
            _one_flow(asked, panels[0])
        return
    wide = in_rows(len(panels))
    for start in range(0, len(panels), wide):
        for place, result in zip(st.columns(wide), panels[start : start + wide], strict=False):
            with place:
                _one_panel(asked, result)
                _one_flow(asked, result)
    say([UNADJUSTED], kind="quiet")


def _one_panel(asked: Question, result: LandmarkPanel) -> None:
    asked.about.draw(landmark_curves(result, dark=asked.about.dark), key=f"landmark-{result.panel.key}", said=asked.said)
    if result.panel.groups:
        say_markup(comparison_lines(replace(result.panel, n_missing=0)))


def _one_flow(asked: Question, result: LandmarkPanel) -> None:
    asked.about.draw(flow_chart(result, dark=asked.about.dark), key=f"flow-shown-{result.panel.key}", said=asked.said)
    say(list(result.notes), kind="quiet")


def _rates_table(panels: list[LandmarkPanel]) -> str:
    """Rates at 1, 2 and 3 years after the landmark."""
    rows = []
    for result in panels:
        for group in result.panel.groups:
            median = fmt.median_with_limits(group.median.value, group.median.ci_low, group.median.ci_high)
            first = {"Panel": result.panel.title, "Group": group.label, "n": f"{group.n:,}", "Events": f"{group.events:,}"}
            rows.append(
                {**first, f"Median {result.endpoint} from the landmark": median if group.n else fmt.NOT_ESTIMABLE, **_rates(result, group)}
            )
    return html_table(pd.DataFrame(rows), numeric=["n", "Events"], name="Rates after the landmark") if rows else ""


def _rates(result: LandmarkPanel, group: Group) -> dict[str, str]:
    found = result.rates[result.rates["group"] == group.label]
    texts = {}
    columns = ["months", "survival", "ci_low", "ci_high"]
    for months, *limits in found[columns].to_numpy(dtype=np.float64).tolist():
        texts[f"{months / 12:g} y after"] = fmt.percent_with_limits(*limits) if math.isfinite(limits[0]) else "beyond follow-up"
    return texts


@st.fragment
def _besides(asked: Question) -> None:
    """What tempers the landmark analysis, for one panel."""
    st.subheader("Does it hang on the landmark?")
    about = asked.about
    key, title, member = about.members[0]
    if len(about.members) > 1:
        titles = {key: title for key, title, _ in about.members}
        chosen = st.segmented_control(
            "Patients here", list(titles), format_func=lambda k: plain(titles[k]), key="landmark-panel", required=True, default=key
        )
        key, title, member = next(m for m in about.members if m[0] == chosen)
    found = beside_of(about.cohort, about.endpoint, asked.status.key, asked.at, title, member, asked.status)
    strip, moving = st.columns(2)
    with strip:
        about.draw(strip_chart(found.strip, dark=about.dark), key="landmark-strip", said=asked.said)
        say([found.strip.method, *found.strip.notes], kind="quiet")
    with moving:
        about.draw(simon_makuch_chart(found, dark=about.dark), key="simon-makuch", said=asked.said)
        say_markup([_time_dependent(found)])
        say(list(dict.fromkeys((*found.curves.notes, *found.notes))), kind="quiet")
    st.html(naive_markup(found))


def _time_dependent(found: Beside) -> str:
    """The time-dependent ratio with its p, as safe markup."""
    ratio = found.time_dependent
    p = fmt.p_equals(ratio.p_value) if math.isfinite(ratio.p_value) else f"p not given: {ratio.reason}"
    words = f"{ratio_words(ratio)}, each patient counted with the status from when it is reached ({ratio.label.partition(', ')[2]}; {p})."
    return html.escape(words)


def naive_markup(found: Beside) -> str:
    """The naive analysis, struck through, with the size of its bias: to warn, never to report."""
    ratio = html.escape(found.naive_ratio)
    struck = f"<s aria-label='naive hazard ratio, biased: {ratio}'>{ratio}</s>"
    first = f"<strong>Not to be reported:</strong> HR from infusion, status at any time against never, {struck}."
    return (
        f"<section class='carto-naive' aria-label='The naive analysis'><p>{first}</p><p>{html.escape(sentence(found.bias))}</p></section>"
    )
