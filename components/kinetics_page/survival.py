"""Kinetics and survival: from the end of the sampling window on, with loss as a status of the moment, and two censored times together."""

from __future__ import annotations

import html
import math

import pandas as pd
import streamlit as st

from cartograph import format as fmt
from cartograph.charts.landmark import flow_chart, landmark_curves
from cartograph.views.explore import Comparison
from cartograph.views.kinetics_measures import BY_WINDOW, MEASURES, WINDOW
from cartograph.views.kinetics_outlook import LATE, NOT_FROM_INFUSION, Outlook, outlook, outlook_refusal
from cartograph.views.kinetics_persistence import Persistence, persistence_with
from components.kinetics_page.choices import Asked, measures_of
from components.response_page.subject import choice, short
from components.sentences import UNADJUSTED, say, say_markup
from components.text import html_table, plain

MEASURE = "kinetics-measure"


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
    for start in range(0, len(shown), 2):
        for place, one in zip(st.columns(2), shown[start : start + 2], strict=False):
            with place:
                _one(asked, one)
    if len(shown) > 1:
        say([UNADJUSTED], kind="quiet")
    say([shown[0].method, *shown[0].notes, LATE], kind="quiet")
    if asked.quantity.engineered:
        _persistence(asked, endpoint)


def _one(asked: Asked, shown: Outlook) -> None:
    """Curves of above and below the median, the effect without a cut, the flow."""
    about, panel = asked.about, shown.split.panel
    said = f"{asked.quantity.label}, landmark day 28"
    asked.draw(landmark_curves(shown.split, dark=about.dark), key=f"kinetics-landmark-{panel.key}", said=said, grouped=False)
    say_markup([_effect(shown.effect), *([_effect(panel.hazard_ratios[0])] if panel.hazard_ratios else [])])
    asked.draw(flow_chart(shown.split, dark=about.dark), key=f"kinetics-flow-{panel.key}", said=said, grouped=False)


def _effect(found: Comparison) -> str:
    """A hazard ratio with its p, as safe markup."""
    if found.estimate is None or not math.isfinite(found.estimate.value):
        return html.escape(f"{found.label}: {fmt.NOT_ESTIMABLE} ({found.reason}).")
    ratio = fmt.ratio_with_limits(found.estimate.value, found.estimate.ci_low, found.estimate.ci_high)
    p = fmt.p_equals(found.p_value) if math.isfinite(found.p_value) else f"p not given: {found.reason}"
    return f"{html.escape(found.label)} <strong>{html.escape(ratio)}</strong> ({html.escape(found.test)}, {html.escape(p)})."


# ---------------------------------------------------------------- persistence
def _persistence(asked: Asked, endpoint: str) -> None:
    """Loss of the transgene as it happens."""
    st.subheader("Persistence")
    cohort, found = asked.about.cohort, measures_of(asked)
    shown = [persistence_with(cohort, endpoint, found, title=p.title, member=p.member) for p in asked.about.panels]
    st.html(html_table(pd.DataFrame([_row(one) for one in shown]), numeric=["n", "Lost it", "Not used"], name="Persistence and survival"))
    say([shown[0].method, *shown[0].notes], kind="quiet")


def _row(one: Persistence) -> dict[str, str]:
    return {
        "Patients": short(one.title),
        "n": f"{one.n:,}",
        "Lost it": f"{one.n_lost:,}",
        "Not used": f"{one.n_missing:,}",
        f"{one.endpoint}, HR lost vs still detectable": _ratio(one.lost),
    }


def _ratio(found: Comparison) -> str:
    if found.estimate is None or not math.isfinite(found.estimate.value):
        return f"{fmt.NOT_ESTIMABLE}: {found.reason}"
    p = fmt.p_equals(found.p_value) if math.isfinite(found.p_value) else f"p not given: {found.reason}"
    return f"{fmt.ratio_with_limits(found.estimate.value, found.estimate.ci_low, found.estimate.ci_high)}, {p}"
