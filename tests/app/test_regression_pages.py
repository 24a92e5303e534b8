"""The Regression and the Subgroups page run by Streamlit's own harness, on cohorts that are made to break them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from cartograph.cohort import Cohort, read_cohort
from cartograph.views.defaults import default_view
from cartograph.views.explore import Marker
from cartograph.views.regression import default_choice, regression
from cartograph.views.subgroups import default_subgroups, subgroups
from components import state
from sample_data import sample_files
from tests.views.odd_cohort import odd_cohort

PAGES = Path(__file__).parents[2] / "pages"
Open = Callable[..., AppTest]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Runs a page alone, on a cohort of the test or on a sample."""
    monkeypatch.delenv("CARTOGRAPH_COHORT", raising=False)

    def open_it(page: str, made: Cohort | None = None, **query: str) -> AppTest:
        if made is not None:
            monkeypatch.setattr(state, "sample_cohort", lambda _: made)
        app = AppTest.from_file(str(PAGES / f"{page}.py"), default_timeout=60)
        for name, value in query.items():
            app.query_params[name] = value
        return run(app)

    return open_it


def run(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception, app.exception
    return app


def words_of(app: AppTest) -> str:
    """Everything in our own HTML blocks, as text."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", block.proto.body)) for block in app.get("html"))


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
