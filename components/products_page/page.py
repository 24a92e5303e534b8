"""The Products page from top to bottom: sentence, caption, choices, curves and numbers beside each other, and whether to believe them."""

from __future__ import annotations

import streamlit as st

from cartograph import format as fmt
from cartograph.charts.km import km_chart
from cartograph.charts.spec import Chart
from cartograph.cohort import Cohort
from cartograph.views.explore import ExploreView
from cartograph.views.products import EVERYBODY, Effects, ProductsChoice, ProductsResult, compare_products, refusal
from cartograph.views.products_shown import balance_words, caption, effects_table
from components import state
from components.kept import kept
from components.products_page.choices import choices
from components.products_page.download import downloads
from components.products_page.sections import SECTIONS, About
from components.sentences import say
from components.text import html_table, plain

KM_HEIGHT = 430


@kept(30)
def compared(cohort: Cohort, view: ExploreView, choice: ProductsChoice) -> ProductsResult:
    """Both products, computed once for a cohort, a view and a choice of this session."""
    return compare_products(cohort, view, choice)


def show(cohort: Cohort) -> None:
    """The page of the active cohort."""
    reason = refusal(cohort, state.view())
    if reason:
        st.info(plain(reason), icon=":material/info:")
        return
    _page(cohort)


@st.fragment
def _page(cohort: Cohort) -> None:
    view = state.view()
    state.write_link()
    head = st.container()
    choice = choices(cohort, view)
    result = compared(cohort, view, choice)
    about = About(cohort, view, result, state.is_dark())
    with head:
        say([result.sentence], kind="lead")
        st.caption(plain(caption(result)))
        if result.why_not:
            st.warning(plain(result.why_not), icon=":material/warning:")
        say(_counts(result), kind="quiet")
        for words in result.cautions:
            st.warning(plain(words), icon=":material/warning:")
    _curves(about)
    frame = effects_table(result)
    st.html(html_table(frame, numeric=list(frame.columns[1:]), name="Both products compared"))
    say(_footnotes(result), kind="quiet")
    downloads(cohort, view, result)
    _sections(about)


def _counts(result: ProductsResult) -> list[str]:
    """Who is in, who is not."""
    (one, two), (first, second) = result.n, result.names
    marker = " or biomarker" if result.choice.among != EVERYBODY else ""
    who = f"Compared: {first} {fmt.patients(one)} with {fmt.events(result.events[0])}, {second} {two:,} with {result.events[1]:,}"
    rule = f", among {result.group_rule}" if result.group_rule else ""
    return [f"{who}{rule}; {result.n_missing:,} without {result.endpoint}{marker}", balance_words(result), result.infusion]


def _footnotes(result: ProductsResult) -> list[str]:
    said = [f"Differences are {result.names[0]} minus {result.names[1]}. Unadjusted: Cox (Efron) with Wald limits, log-rank test"]
    if result.weighted is not None:
        said.append(
            f"Weighted with {result.weighting}. Weighted Cox with robust limits, weighted log-rank test (Xie & Liu 2005), "
            "weights taken as known. Numbers below the curves count patients"
        )
    common = "read as a common outcome" if result.unadjusted.e_value.common else "read as a rare outcome"
    said.append(f"E-value: how strongly, as a risk ratio, an unmeasured confounder would have to go with product and outcome; {common}")
    return said


def _curves(about: About) -> None:
    """Unadjusted on the left, weighted on the right; one below the other on a phone."""
    shown: list[Effects] = [e for e in (about.result.unadjusted, about.result.weighted) if e is not None]
    for place, effects in zip(st.columns(2), shown, strict=False):
        with place:
            about.draw(_curve(about, effects))


def _curve(about: About, effects: Effects) -> Chart:
    said = f"{about.result.group_rule}, not randomised" if about.result.group_rule else effects.caption[:1].lower() + effects.caption[1:]
    words = f"{about.result.endpoint}, {said}"
    x_max = about.result.x_max
    return km_chart(effects.panel, x_max=x_max, dark=about.dark, endpoint=words, height=KM_HEIGHT, name=f"products-{effects.panel.key}")


def _sections(about: About) -> None:
    """Only the tab that is open is computed."""
    tabs = st.tabs(list(SECTIONS), on_change="rerun", key="products-sections")
    for tab, section in zip(tabs, SECTIONS.values(), strict=True):
        if tab.open:
            with tab:
                section(about)
