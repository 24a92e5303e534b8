"""Kinetics and survival: from the end of the sampling window on, with loss as a status of the moment, and two censored times together."""

from __future__ import annotations

import html
import math
from typing import Any

import pandas as pd
import streamlit as st

from cartograph import format as fmt
from cartograph.charts.landmark import flow_chart, landmark_curves
from cartograph.views.explore import Comparison
from cartograph.views.kinetics_measures import BY_WINDOW, MEASURES, WINDOW
from cartograph.views.kinetics_outlook import LATE, LOST_LATER, NOT_FROM_INFUSION, Outlook, outlook, outlook_refusal
from cartograph.views.kinetics_persistence import Persistence, persistence_with
from cartograph.views.panels import MIN_FOR_P
from components.kinetics_page.choices import Asked, measures_of
from components.response_page.subject import choice, download_table, short
from components.sentences import UNADJUSTED, say, say_markup
from components.text import html_table, plain

MEASURE, NAIVE = "kinetics-measure", "kinetics-naive"
FEW = f"fewer than {2 * MIN_FOR_P} patients"


def with_survival(asked: Asked) -> None:
    """The landmark analysis of one measure in every panel, then persistence."""
    cohort, endpoint = asked.about.cohort, asked.about.view.endpoint
    why_not = outlook_refusal(cohort, endpoint)
    if why_not:
        st.info(plain(why_not), icon=":material/timer_off:")
        return
    say([NOT_FROM_INFUSION])
    offered = {m.key: m for m in MEASURES if m.key in BY_WINDOW}
    measure = offered[choice("Measure of the first 28 days", {k: m.label for k, m in offered.items()}, MEASURE)]
    found = measures_of(asked, WINDOW)
    shown = [outlook(cohort, endpoint, found, measure, key=p.key, title=p.title, member=p.member) for p in asked.about.panels]
    _panels(asked, shown)
    lasting = asked.quantity.engineered
    say([shown[0].method, *shown[0].notes, LATE, *([LOST_LATER] if lasting else [])], kind="quiet")
    if lasting:
        _persistence(asked, endpoint)


def _panels(asked: Asked, shown: list[Outlook]) -> None:
    """Two panels in a row, each above its flow; the flow of a single one stands beside its curves."""
    if len(shown) == 1:
        curves, flow = st.columns(2)
        with curves:
            _one(asked, shown[0])
        with flow:
            _flow(asked, shown[0])
        return
    for start in range(0, len(shown), 2):
        for place, one in zip(st.columns(2), shown[start : start + 2], strict=False):
            with place:
                _one(asked, one)
                _flow(asked, one)
    say([UNADJUSTED], kind="quiet")


def _one(asked: Asked, shown: Outlook) -> None:
    """Curves of above and below the median, and the effect without a cut."""
    about, panel = asked.about, shown.split.panel
    asked.draw(landmark_curves(shown.split, dark=about.dark), key=f"kinetics-landmark-{panel.key}", said=_landmark(asked), grouped=False)
    say_markup([_effect(shown.effect), *([_effect(panel.hazard_ratios[0])] if panel.hazard_ratios else [])])


def _flow(asked: Asked, shown: Outlook) -> None:
    """Who is left on the way to the comparison."""
    chart = flow_chart(shown.split, dark=asked.about.dark)
    asked.draw(chart, key=f"kinetics-flow-{shown.split.panel.key}", said=_landmark(asked), grouped=False)
    say(list(shown.split.notes), kind="quiet")


def _landmark(asked: Asked) -> str:
    return f"{asked.quantity.label}, landmark day {WINDOW:g}"


def _effect(found: Comparison) -> str:
    """A hazard ratio with its p, as safe markup."""
    if found.estimate is None or not math.isfinite(found.estimate.value):
        return html.escape(f"{found.label}: {fmt.NOT_ESTIMABLE} ({found.reason}).")
    ratio = fmt.ratio_with_limits(found.estimate.value, found.estimate.ci_low, found.estimate.ci_high)
    p = fmt.p_equals(found.p_value) if math.isfinite(found.p_value) else f"p not given: {found.reason}"
    return f"{html.escape(found.label)} <strong>{html.escape(ratio)}</strong> ({html.escape(found.test)}, {html.escape(p)})."


# ---------------------------------------------------------------- persistence
def _persistence(asked: Asked, endpoint: str) -> None:
    """Loss of the transgene as it happens, and measures that know of censoring; the naive one on request, the reason beside it."""
    st.subheader("Persistence, two times that both end with follow-up")
    cohort, found = asked.about.cohort, measures_of(asked)
    shown = [persistence_with(cohort, endpoint, found, title=p.title, member=p.member) for p in asked.about.panels]
    naive = st.toggle("Show the naive measures as well", key=NAIVE, persist_state="session")
    rows = [row for one in shown for row in _rows(one, naive=naive, several=len(shown) > 1)]
    st.html(html_table(pd.DataFrame(rows), numeric=["n", "Lost it", "Value (95 % limits)", "p"], name="Persistence and survival"))
    if naive:
        st.warning(plain(shown[0].together.misleading), icon=":material/warning:")
    said = dict.fromkeys(note for one in shown for note in (one.method, *one.notes, *one.together.notes, *_missing(one)))
    say(list(said), kind="quiet")
    with st.container(horizontal=True):
        download_table(asked.about, lambda: pd.concat([one.to_frame() for one in shown]), label="Persistence and survival (CSV)",
                       name="persistence_survival", key="kinetics-persistence-csv")  # fmt: skip


def _missing(one: Persistence) -> list[str]:
    return [f"{one.title}: {fmt.patients(one.n_missing)} without persistence or {one.endpoint} not used"] if one.n_missing else []


def _rows(one: Persistence, *, naive: bool, several: bool) -> list[dict[str, str]]:
    table = one.to_frame()
    kept = table if naive else table[~table["measure"].str.contains("naive")]
    return [
        {
            **({"Patients": short(one.title)} if several else {}),
            f"Persistence and {one.endpoint}": str(row.measure),
            "Value (95 % limits)": _value(row),
            "p": fmt.p_value(row.p_value) if math.isfinite(row.p_value) else _why(one, row),
            "n": f"{row.n:,}",
            "Lost it": f"{one.n_lost:,}",
        }
        for row in (pd.Series(record) for record in kept.to_dict("records"))
    ]


def _value(row: Any) -> str:
    """Ratios as ratios, coefficients with two decimals."""
    if not math.isfinite(row.value):
        return fmt.NOT_ESTIMABLE
    if "HR" in row.measure or "hazard ratio" in row.measure:
        return fmt.ratio_with_limits(row.value, row.ci_low, row.ci_high)
    return fmt.concordance_with_limits(row.value, row.ci_low, row.ci_high)


def _why(one: Persistence, row: Any) -> str:
    """Why there is no p."""
    if row.measure.startswith("Harrell"):
        return ""
    if row.measure.startswith("Cox"):
        return "not given: duration not known at the start"
    return f"not given: {row.note or (FEW if one.few else fmt.NOT_ESTIMABLE)}"
