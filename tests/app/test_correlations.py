"""The Correlations page run by Streamlit's own harness, on samples and on cohorts that are made to break it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from cartograph.cohort import Cohort, read_cohort
from cartograph.cohort.model import Column
from cartograph.views.correlations import MOST, default_columns, matrix, offered_columns, timed
from cartograph.views.defaults import default_view
from cartograph.views.explore import ExploreView, Marker
from components import state
from sample_data import sample_files
from tests.views.conftest import make_cohort
from tests.views.odd_cohort import LONG, odd_cohort
from tests.views.test_correlations import two_times, with_columns

PAGE = Path(__file__).parents[2] / "pages" / "correlations.py"
TIMES = "Two time points"
MAYO = read_cohort(sample_files("mayo-like"))
Open = Callable[..., AppTest]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Runs the page alone, on a cohort of the test or on a sample, with one of its tabs open."""
    monkeypatch.delenv("CARTOGRAPH_COHORT", raising=False)

    def open_it(made: Cohort | None = None, tab: str = "Matrix", **query: str) -> AppTest:
        if made is not None:
            monkeypatch.setattr(state, "sample_cohort", lambda _: made)
        app = AppTest.from_file(str(PAGE), default_timeout=60)
        for name, value in query.items():
            app.query_params[name] = value
        app.session_state["correlations-tabs"] = tab
        app.run()
        assert not app.exception, app.exception
        return app

    return open_it


def words_of(app: AppTest) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", block.proto.body)) for block in app.get("html"))


def again(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception, app.exception
    return app


def many_columns(k: int = 30, n: int = 40) -> Cohort:
    """A cohort with ``k`` measurements whose names read the same for two hundred letters."""
    rng = np.random.default_rng(11)
    return with_columns(make_cohort(n), **{f"m{i:02d}": (Column(f"m{i:02d}", LONG, "number"), rng.normal(size=n)) for i in range(k)})


@pytest.mark.parametrize("key", ["mayo-like", "eque-like", "ratios", "registry"])
def test_the_sentence_is_that_of_the_library(opened: Open, key: str) -> None:
    cohort = read_cohort(sample_files(key))
    found = matrix(cohort, default_view(cohort), default_columns(cohort), "spearman")
    assert found.sentence in words_of(opened(cohort=key))


def test_method_and_patients_are_obeyed(opened: Open) -> None:
    app = opened(cohort="mayo-like")
    assert "unadjusted, not randomised" in words_of(app)
    app.session_state["correlation-method"] = "kendall"
    next(b for b in app.segmented_control if b.label == "Patients").set_value("1")
    found = matrix(MAYO, default_view(MAYO), default_columns(MAYO), "kendall", "1")
    assert found.sentence in words_of(again(app))


def test_the_words_of_a_pair_do_not_depend_on_coefficient_or_choice(opened: Open) -> None:
    """The browser keeps the words of what is chosen: a coefficient in them would stay when another one is asked for."""

    def words(app: AppTest) -> set[str]:
        return set(next(s for s in app.selectbox if s.label.startswith("Pair")).options)

    app = opened(cohort="mayo-like")
    first = words(app)
    assert not any(re.search(r": .?\d", option) for option in first)
    app.session_state["correlation-method"] = "kendall"
    assert words(again(app)) == first
    app.multiselect[0].set_value(list(default_columns(MAYO))[:4])
    assert words(again(app)) <= first


def test_filters_of_the_view_are_obeyed(opened: Open) -> None:
    app = opened(cohort="mayo-like", marker="ferritin_d0:500.0:hand", filter="product|=ide-cel")
    assert "17 after filters" in words_of(app)
    assert "unadjusted" not in words_of(app)


def test_the_cutoffs_stand_above_a_pair_that_holds_the_biomarker(opened: Open) -> None:
    app = opened(cohort="mayo-like")
    assert "Marker groups: Ferritin, day 0 \u2264 337" in words_of(app)
    app.session_state["correlation-pair-chosen"] = "crp_d0|age"
    assert "Marker groups" not in words_of(again(app))


def test_measurements_known_later_can_be_chosen_and_say_so(opened: Open) -> None:
    app = opened(cohort="eque-like")
    choice = app.multiselect[0]
    assert "Cmax (after infusion)" in choice.options
    choice.set_value(["ferritin_pre", "cmax", "auc_0_28"])
    said = words_of(again(app))
    assert "Known only after infusion: Cmax, AUC, day 0 to 28." in said
    assert "Linked by construction" in said


def test_thirty_measurements_of_one_long_name_are_told_apart(opened: Open) -> None:
    cohort = many_columns()
    app = opened(cohort)
    options = app.multiselect[0].options
    assert len(options) == len(set(options)) == len(offered_columns(cohort))
    assert app.multiselect[0].proto.max_selections == MOST
    app.multiselect[0].set_value([f"m{i:02d}" for i in range(MOST)])
    again(app)
    assert len(app.multiselect[0].value) == MOST
    pairs = next(s for s in app.selectbox if s.label.startswith("Pair"))
    assert len(set(pairs.options)) == 66


@pytest.mark.parametrize("chosen", [[], ["age"], ["age", "wordy"]])
def test_few_measurements_are_enough_or_asked_for(opened: Open, chosen: list[str]) -> None:
    app = opened(odd_cohort())
    app.multiselect[0].set_value(chosen)
    said = words_of(again(app))
    assert ("Choose two measurements or more." in said) == (len(chosen) < 2)


@pytest.mark.parametrize(
    ("n", "tab", "expected"),
    [
        (1, "Matrix", "nothing to correlate"),
        (3, "Matrix", "No pair of measurements has enough patients with both."),
        (9, "Matrix", "q not given"),
        (1, TIMES, "Nobody has both time points."),
        (3, TIMES, "change not estimable (fewer than 4 pairs)"),
        (9, TIMES, "p not given: fewer than 10 pairs"),
    ],
)
def test_few_patients_are_told_so(opened: Open, n: int, tab: str, expected: str) -> None:
    app = opened(two_times(n), tab)
    assert expected in words_of(app) + " ".join(i.value for i in app.info)


def test_a_cohort_without_measurements_or_time_points_is_told_what_to_do(opened: Open) -> None:
    cohort = make_cohort()
    bare = replace(cohort, columns={"product": cohort.columns["product"]}, fingerprint="bare")
    assert "nothing to correlate" in opened(bare).info[0].value
    assert "under Data" in opened(cohort, TIMES).info[0].value


def test_nobody_left_is_said(opened: Open) -> None:
    app = opened(cohort="mayo-like", filter="age|>200")
    assert "No patient passes the filters" in app.info[0].value


@pytest.mark.parametrize("drawn", ["lines", "against"])
def test_two_time_points_say_change_and_who_crosses(opened: Open, drawn: str) -> None:
    app = opened(tab=TIMES, cohort="mayo-like", marker="ferritin_d0:500.0:hand")
    app.session_state["correlation-timed-as-mayo-like"] = drawn
    said = words_of(again(app))
    view = replace(default_view(MAYO), markers=(Marker("ferritin_d0", 500.0),))
    assert timed(MAYO, view, "ferritin_pre", "ferritin_d0").sentence in said
    assert "McNemar" in said
    assert "unadjusted, not randomised" in said
    assert any("Who crosses 500" in s.value for s in app.subheader)


def test_a_measurement_that_is_no_biomarker_of_the_view_has_its_published_cutoff(opened: Open) -> None:
    app = opened(tab=TIMES, cohort="mayo-like")
    app.session_state["correlation-timed"] = "crp_pre|crp_d0"
    assert timed(MAYO, default_view(MAYO), "crp_pre", "crp_d0").sentence in words_of(again(app))


def test_a_cohort_without_endpoints_and_one_product_stands(opened: Open) -> None:
    cohort = two_times()
    product = pd.Categorical(["ide-cel"] * cohort.n, categories=["ide-cel", "cilta-cel"], ordered=True)
    one = replace(cohort, endpoints={}, patients=cohort.patients.assign(product=product), fingerprint="one")
    assert "unadjusted" not in words_of(opened(one))
    assert timed(one, ExploreView(split=""), "hb_pre", "hb_d0").sentence in words_of(opened(one, TIMES))
