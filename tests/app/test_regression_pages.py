"""The Regression and the Subgroups page run by Streamlit's own harness, on cohorts that are made to break them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cartograph.cohort import read_cohort
from cartograph.views.defaults import default_view
from cartograph.views.explore import Marker
from cartograph.views.regression import default_choice, regression
from cartograph.views.subgroups import default_subgroups, subgroups
from sample_data import sample_files
from tests.app.opened import Open, run, words_of
from tests.views.odd_cohort import odd_cohort


@pytest.mark.parametrize("key", ["mayo-like", "ratios"])
def test_the_sentence_of_the_page_is_that_of_the_library(opened: Open, key: str) -> None:
    cohort = read_cohort(sample_files(key))
    view = default_view(cohort)
    assert regression(cohort, view, default_choice(cohort, view)).sentence in words_of(opened("regression", cohort=key))
    found = subgroups(cohort, view, default_subgroups(cohort, view))
    said = words_of(opened("subgroups", cohort=key))
    assert found.sentence in said
    assert "Exploratory" in said


@pytest.mark.parametrize("page", ["regression", "subgroups"])
@pytest.mark.parametrize("n", [1, 12, 120])
def test_odd_cohorts_break_neither_page(opened: Open, page: str, n: int) -> None:
    opened(page, odd_cohort(n))


def test_without_endpoints_each_page_says_what_to_do(opened: Open) -> None:
    bare = replace(odd_cohort(), endpoints={})
    for page in ("regression", "subgroups"):
        assert "under Data" in opened(page, bare).info[0].value


def test_choices_change_the_model(opened: Open) -> None:
    cohort = read_cohort(sample_files("ratios"))
    view = default_view(cohort)
    app = opened("regression", cohort="ratios")
    next(group for group in app.get("button_group") if group.key == "regression-selection").set_value("screen")
    run(app)
    choice = replace(default_choice(cohort, view), selection="screen", chosen=())
    assert regression(cohort, view, choice).sentence in words_of(app)
    app.selectbox(key="regression-outcome").set_value("crs2")
    assert "odds ratios" in app.selectbox(key="regression-outcome").options[-1]
    assert "Logistic model of CRS" in words_of(run(app))


def test_the_cutoff_of_the_view_is_obeyed(opened: Open) -> None:
    cohort = read_cohort(sample_files("mayo-like"))
    view = replace(default_view(cohort), markers=(Marker("ferritin_d0", 500.0, "hand"),))
    app = opened("subgroups", cohort="mayo-like", marker="ferritin_d0:500.0:hand")
    assert subgroups(cohort, view, default_subgroups(cohort, view)).sentence in words_of(app)


def test_a_penalty_that_nobody_chose_yet_is_asked_for(opened: Open) -> None:
    app = opened("regression", cohort="mayo-like")
    next(choice for choice in app.button_group if choice.label == "Variables of the model").set_value("lasso")
    said = words_of(run(app))
    assert "no penalty is chosen yet" in said
    assert "no variable is in the model" not in said
