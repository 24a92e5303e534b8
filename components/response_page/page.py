"""The Response page from top to bottom: sentence, cutoff, and in tabs the rates, the course over time, who deepens, and the depth."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from cartograph import format as fmt
from cartograph.charts.flow import response_flow_chart
from cartograph.charts.rates import rates_chart
from cartograph.charts.response import response_chart, response_height
from cartograph.charts.response_time import reach_chart, share_chart
from cartograph.charts.waterfall import waterfall_chart
from cartograph.cohort import Cohort
from cartograph.views.explore import ExploreView
from cartograph.views.rates import Contrast, Outcome, Panelled, Rate, contrasts_frame, contrasts_of, counted, rates_frame, rates_of
from cartograph.views.response_page import (
    BEST,
    DEPTH_WANTED,
    LEVELS,
    ResponseData,
    bars_of,
    depth,
    depth_column,
    flow,
    response_data,
    response_sentence,
    share_curves,
    timings,
)
from components.kept import kept
from components.response_page.subject import (
    Subject,
    choice,
    contrast_table,
    download_table,
    each_panel,
    head,
    question_of,
    share_words,
    short,
    subject,
)
from components.sentences import say
from components.text import html_table, plain

SHORTEST_AXIS = 12.0
LATEST = 24.0  # months: responses come early, a longer axis would hide them


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """The page's question: whom it is about, and their responses."""

    about: Subject
    data: ResponseData


@kept(12)
def _data(cohort: Cohort, question: ExploreView, _panels: tuple[Panelled, ...]) -> ResponseData:
    """``cohort``: filtered already; ``question`` names the panels."""
    return response_data(cohort, _panels)


@st.fragment
def show(cohort: Cohort) -> None:
    """The page of the active cohort; all of it is drawn again when a cutoff moves."""
    about = subject(cohort)
    if about is None:
        return
    data = _data(about.cohort, question_of(about.view), about.panels)
    if not data.outcomes:
        st.info("This cohort has no response and no MRD result. Name response columns (one per visit, or the best) under Data.")
        return
    head(about, response_sentence(data, about.made))
    asked = Asked(about, data)
    tabs: dict[str, Callable[[Asked], None]] = {
        "Rates": _rates,
        "Over time": _over_time,
        "Who deepens, who loses": _flow,
        "Depth": _depth,
    }
    for tab, section in zip(st.tabs(list(tabs), on_change="rerun", key="response-tabs"), tabs.values(), strict=True):
        if tab.open:
            with tab:
                section(asked)


# ---------------------------------------------------------------- rates
def _rates(asked: Asked) -> None:
    about, data = asked.about, asked.data
    groups, tests = bars_of(data, about.made)
    left, right = st.columns([1, 1])
    with right:
        visit = choice("Visit", {name: name for name in data.outcomes}, "response-visit", default=BEST)
        of = choice("Share of the", {"evaluable": "evaluable", "infused": "infused"}, "response-of")
        outcomes = [o for o in data.outcomes[visit] if o.of == of]
        rates = rates_of(outcomes, about.panels, about.made)
        below = f"{visit} \u00b7 share of the {of} with exact limits"
        about.draw(rates_chart(rates, title="Response rates", below=below, dark=about.dark, name=f"response-rates-{visit}"), key="rates")
        say(_definitions(outcomes, of), kind="quiet")
    with left:
        if groups:
            chart = response_chart(groups, tests, dark=about.dark, height=max(420, response_height(groups)))
            about.draw(chart, key="response-bars")
        else:
            say(["No response at a visit and no best response: only MRD is shown."], kind="quiet")
    _both_denominators(asked, visit)
    contrasts = contrasts_of(outcomes, about.panels, about.made)
    _contrasts(contrasts, of)
    _downloads(asked)


def _definitions(outcomes: list[Outcome], of: str) -> list[str]:
    said = [f"{o.label}: {o.words}" for o in outcomes]
    rest = "Not assessed counts as not reached" if of == "infused" else "Not assessed and not evaluable are left out"
    return [". ".join([*said, rest]) + "."]


def _both_denominators(asked: Asked, visit: str) -> None:
    """Of everybody on screen in a sentence, of each group in a table that opens."""
    about, outcomes = asked.about, asked.data.outcomes[visit]
    half = len(outcomes) // 2
    said = []
    for one, other in zip(outcomes[:half], outcomes[half:], strict=True):
        (yes, evaluable), infused = counted(one.values), len(other.values)
        said.append(f"{one.label} {yes:,} of {evaluable:,} evaluable, {yes:,} of {infused:,} infused")
    say([f"All patients on screen, {visit[:1].lower()}{visit[1:]}: {'; '.join(said)}."])
    if about.unmeasured:
        say([f"{fmt.patients(about.unmeasured)} without the biomarker in no marker group"], kind="quiet")
    title = "Both denominators, exact and Wilson's limits"
    with st.expander(title, icon=":material/table:", key="response-denominators", on_change="rerun") as table:
        if table.open:
            _rate_table(asked, visit)


def _rate_table(asked: Asked, visit: str) -> None:
    """Both denominators side by side."""
    about, outcomes = asked.about, asked.data.outcomes[visit]
    evaluable = rates_of([o for o in outcomes if o.of == "evaluable"], about.panels, about.made)
    infused = rates_of([o for o in outcomes if o.of == "infused"], about.panels, about.made)
    rows = [
        {
            "Outcome": one.label,
            "Patients": short(one.panel),
            "Group": short(one.group),
            "Of evaluable (exact limits)": share_words(one),
            "Wilson's limits": _wilson(one),
            "Of infused (exact limits)": share_words(other),
        }
        for one, other in zip(evaluable, infused, strict=True)
    ]
    numeric = ["Of evaluable (exact limits)", "Wilson's limits", "Of infused (exact limits)"]
    st.html(html_table(pd.DataFrame(rows), numeric=numeric, name=f"Response rates, {visit}"))


def _wilson(rate: Rate) -> str:
    return f"{100 * rate.wilson.ci_low:.0f}{fmt.EN_DASH}{100 * rate.wilson.ci_high:.0f}" if rate.evaluable else ""


def _contrasts(contrasts: tuple[Contrast, ...], of: str) -> None:
    marker, panel = ([c for c in contrasts if c.kind == kind] for kind in ("marker", "panel"))
    if marker:
        st.subheader(f"High against low, of the {of}")
        contrast_table(marker, name="High against low")
    if panel:
        st.subheader("Side by side, unadjusted, not randomised")
        contrast_table(panel, name="Side by side, unadjusted, not randomised")


def _downloads(asked: Asked) -> None:
    about, data = asked.about, asked.data

    def every_rate() -> pd.DataFrame:
        found = rates_of
        frames = [rates_frame(found([o], about.panels, about.made)).assign(visit=visit, of=o.of) for visit, o in _every(data)]
        return pd.concat(frames, ignore_index=True)

    def every_contrast() -> pd.DataFrame:
        frames = [contrasts_frame(contrasts_of([o], about.panels, about.made)).assign(visit=visit, of=o.of) for visit, o in _every(data)]
        return pd.concat(frames, ignore_index=True)

    with st.container(horizontal=True):
        download_table(about, every_rate, label="All rates (CSV)", name="response_rates", key="response-rates-csv")
        download_table(about, every_contrast, label="All comparisons (CSV)", name="response_comparisons", key="response-contrasts-csv")


def _every(data: ResponseData) -> list[tuple[str, Outcome]]:
    return [(visit, outcome) for visit, outcomes in data.outcomes.items() for outcome in outcomes]


# ---------------------------------------------------------------- over time
def _over_time(asked: Asked) -> None:
    about, data = asked.about, asked.data
    if not data.months:
        say(["No response is dated: this cohort has a best response but none by visit."])
        return
    options = {key: label for key, label, _, _ in LEVELS} | {"": "all three, patients together"}
    level = choice("Response", options, "response-level", default="cr")
    curves = share_curves(data, about.made, level)
    dated = [float(m) for reached in data.reached for m in reached.month if math.isfinite(m)]
    x_max = min(LATEST, max(SHORTEST_AXIS, math.ceil(max(dated, default=0.0) / 6) * 6))
    st.subheader("Best response so far")
    each_panel(
        about, lambda k, p: about.draw(share_chart(curves[k], dark=about.dark, x_max=x_max), key=f"share-{p.key}", grouped=bool(level))
    )
    say(
        [
            "Best response so far: every infused patient counts from the start, responses are kept once reached, and patients whose "
            "follow-up ended count as not reached. Visits carry round months. At risk: still followed without progression or death."
        ],
        kind="quiet",
    )
    st.subheader("Time to response, not conditional on responding")
    if data.end_words:
        each_panel(
            about,
            lambda k, p: about.draw(
                reach_chart(curves[k], dark=about.dark, x_max=x_max, ends=data.end_words), key=f"reach-{p.key}", grouped=bool(level)
            ),
        )
        say(
            [
                f"Cumulative incidence (Aalen-Johansen) with {data.end_words} competing; "
                "patients still followed without it are censored. 1 \u2212 Kaplan-Meier would count those who progressed or died as if "
                "they could still respond."
            ],
            kind="quiet",
        )
    else:
        say(["Neither PFS nor OS: who could no longer respond is not known, so no cumulative incidence is drawn."], kind="quiet")
    _undated(asked)
    _timing_table(asked)


def _undated(asked: Asked) -> None:
    said = [
        f"{fmt.patients(int(r.undated.sum()))} with {r.label} as best response but at no visit: not in these curves"
        for r in asked.data.reached
        if r.undated.any()
    ]
    say(said, kind="quiet")


def _timing_table(asked: Asked) -> None:
    rows = [
        {
            "Patients": short(t.panel),
            "Group": short(t.group),
            "Infused": f"{t.n:,}",
            "Responders, dated": f"{t.responders:,}",
            "First response: median (range)": _spread(t.first),
            "Best response: median (range)": _spread(t.best),
            "Half of the infused by": _half(t.half),
        }
        for t in timings(asked.data, asked.about.made)
    ]
    frame = pd.DataFrame(rows)
    st.subheader("Time to first and to best response")
    st.html(html_table(frame, numeric=list(frame.columns[2:]), name="Time to response"))
    said = (
        "Medians and ranges are those of responders (PR or better) and leave out everybody who never responded: they say how fast "
        "responders responded. The last column counts everybody: the month by which half of the infused have responded."
    )
    say([said], kind="quiet")


def _spread(found: tuple[float, float, float]) -> str:
    middle, low, high = found
    return f"{fmt.months(middle)} mo ({fmt.months(low)}{fmt.EN_DASH}{fmt.months(high)})" if math.isfinite(middle) else "nobody"


def _half(month: float) -> str:
    if math.isnan(month):
        return "not known"
    return f"{fmt.months(month)} mo" if math.isfinite(month) else "not reached by half"


# ---------------------------------------------------------------- flow
def _flow(asked: Asked) -> None:
    about, data = asked.about, asked.data
    if len(data.months) < 2:
        say(["A flow needs responses at two visits or more."])
        return
    rules: dict[str, str] = {
        "": "all patients",
        **({rule.role: rule.label for rule in about.made.rules} if len(about.made.rules) > 1 else {}),
    }
    chosen = choice("Patients", rules, "response-flow-group")
    rule = next((r for r in about.made.rules if r.role == chosen), None)
    flows = [flow(data, panel, rule, about.made) for panel in about.panels]
    each_panel(
        about,
        lambda k, p: about.draw(response_flow_chart(flows[k], dark=about.dark), key=f"flow-{p.key}", grouped=rule is not None),
        per_row=2,
    )
    say(
        [
            "Heights are patients. Progressed or died: PD at the visit, or no result there and PFS has ended by then. No result: not "
            "evaluable, not assessed, or follow-up ended."
        ],
        kind="quiet",
    )
    every = [flow(data, panel, r, about.made) for panel in about.panels for r in (about.made.rules if len(rules) > 1 else (None,))]
    moves = pd.concat([f.moves.assign(Patients=short(f.panel), Group=short(f.group)) for f in every], ignore_index=True)
    st.html(html_table(_move_words(moves), numeric=["Deepened", "Same", "Less deep", "Progressed or died", "No result"], name="Moves"))


def _move_words(moves: pd.DataFrame) -> pd.DataFrame:
    """Shares of those with MR, SD or a response at the earlier visit."""
    start = moves[["both_known", "progressed_or_died", "no_result"]].sum(axis=1)
    found = pd.DataFrame({"Patients": moves["Patients"], "Group": moves["Group"], "Between": moves["from"] + " and " + moves["to"]})
    found["From"] = [f"{n:,}" for n in start]
    names = {
        "Deepened": "deepened",
        "Same": "same",
        "Less deep": "less",
        "Progressed or died": "progressed_or_died",
        "No result": "no_result",
    }
    for label, column in names.items():
        found[label] = [f"{k:,} ({fmt.percent(k / n)})" if n else "0" for k, n in zip(moves[column], start, strict=True)]
    return found


# ---------------------------------------------------------------- depth
def _depth(asked: Asked) -> None:
    about = asked.about
    column = depth_column(about.cohort)
    if column is None:
        st.info(plain(DEPTH_WANTED), icon=":material/waterfall_chart:")
        return
    found = [depth(asked.data, column, panel, about.made) for panel in about.panels]
    each_panel(
        about, lambda k, p: about.draw(waterfall_chart(found[k], dark=about.dark, like=found[0]), key=f"waterfall-{p.key}"), per_row=2
    )
    say(
        [
            "Each bar is a patient, coloured by best response; the dot below tells the marker group.",
            "Bars longer than 100 % are cut at the axis.",
            *found[0].notes,
        ],
        kind="quiet",
    )
