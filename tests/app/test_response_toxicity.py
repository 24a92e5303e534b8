"""The Response and the Toxicity page run by Streamlit's own harness, on samples and on cohorts that are made to break them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cartograph.cohort import read_cohort
from cartograph.views.defaults import default_view
from cartograph.views.response_page import response_data, response_sentence
from cartograph.views.toxicity import toxicities, toxicity_sentence
from sample_data import sample_files
from tests.app.opened import Open, words_of
from tests.views.after_infusion import groups, sides, treated
from tests.views.odd_cohort import odd_cohort

TABS = {
    "response": ("Rates", "Over time", "Who deepens, who loses", "Depth"),
    "toxicity": ("Grades", "Onset and duration", "Treatment", "Marker by grade"),
}


@pytest.mark.parametrize("key", ["mayo-like", "eque-like", "ratios"])
def test_the_sentence_of_each_page_is_that_of_the_library(opened: Open, key: str) -> None:
    cohort = read_cohort(sample_files(key))
    marker = default_view(cohort).markers[0]
    made = groups(cohort, marker.cutoff, marker.column)
    assert response_sentence(response_data(cohort, sides(cohort)), made) in words_of(opened("response", cohort=key))
    assert toxicity_sentence(toxicities(cohort), made) in words_of(opened("toxicity", cohort=key))


@pytest.mark.parametrize(("page", "tab"), [(page, tab) for page, tabs in TABS.items() for tab in tabs])
@pytest.mark.parametrize("n", [1, 12, 90])
def test_every_tab_stands_on_few_and_many_patients(opened: Open, page: str, tab: str, n: int) -> None:
    app = opened(page, treated(n), tab)
    assert "adjusted" in words_of(app) or n == 1


@pytest.mark.parametrize("page", list(TABS))
def test_cohorts_without_columns_or_endpoints_are_told_what_to_do(opened: Open, page: str) -> None:
    assert "unadjusted" in words_of(opened(page, replace(treated(), endpoints={}, fingerprint="endless")))
    odd = odd_cohort()
    bare = replace(
        odd,
        columns={k: c for k, c in odd.columns.items() if k != "best_response"},
        patients=odd.patients.drop(columns="best_response"),
        responses=odd.responses.iloc[:0],
        mrd=odd.mrd.iloc[:0],
        fingerprint="bare",
    )
    assert "under Data" in opened(page, bare).info[0].value


def test_products_side_by_side_are_said_to_be_unadjusted(opened: Open) -> None:
    for page in TABS:
        assert "Side by side, unadjusted, not randomised" in " ".join(s.value for s in opened(page, cohort="mayo-like").subheader)


def test_days_are_said_to_be_conditional(opened: Open) -> None:
    said = words_of(opened("toxicity", tab="Onset and duration", cohort="mayo-like"))
    assert "Conditional on having had CRS" in said


def test_cutoff_and_filter_of_the_view_are_obeyed(opened: Open) -> None:
    cohort = read_cohort(sample_files("mayo-like"))
    app = opened("toxicity", marker="ferritin_d0:500.0:hand", cohort="mayo-like")
    assert toxicity_sentence(toxicities(cohort), groups(cohort, 500.0)) in words_of(app)
    filtered = opened("response", marker="ferritin_d0:500.0:hand", cohort="mayo-like", filter="product|=ide-cel")
    assert "17 after filters" in words_of(filtered)


def test_a_depth_is_drawn_or_asked_for(opened: Open) -> None:
    assert "M-protein change" in opened("response", tab="Depth", cohort="mayo-like").info[0].value.replace("\\", "")
    assert "Each bar is a patient" in words_of(opened("response", treated(), "Depth"))
