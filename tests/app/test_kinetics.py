"""The Kinetics page run by Streamlit's own harness, on samples and on cohorts that are made to break it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from cartograph.cohort import Cohort, read_cohort
from cartograph.cohort.model import Column
from cartograph.views.kinetics import quantities, samples_of
from cartograph.views.kinetics_measures import AS_THEY_ARE, kinetics_sentence, measured
from components import state
from sample_data import sample_files
from tests.views.sampled import sampled, with_series, without_endpoints

PAGE = Path(__file__).parents[2] / "pages" / "kinetics.py"
TABS = ("Curves", "Measures by group", "With survival", "Every patient")
Open = Callable[..., AppTest]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Runs the page alone, on a cohort of the test or on a sample, with one of its tabs open."""
    monkeypatch.delenv("CARTOGRAPH_COHORT", raising=False)

    def open_it(made: Cohort | None = None, tab: str = "", *, cohort: str = "", **chosen: object) -> AppTest:
        if made is not None:
            monkeypatch.setattr(state, "sample_cohort", lambda _: made)
        app = AppTest.from_file(str(PAGE), default_timeout=60)
        if cohort:
            app.query_params["cohort"] = cohort
        for name, value in {"tabs": tab, **chosen}.items():
            if value != "":
                app.session_state[f"kinetics-{name}"] = value
        app.run()
        assert not app.exception, app.exception
        return app

    return open_it


def words_of(app: AppTest) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", block.proto.body)) for block in app.get("html"))


@pytest.mark.parametrize("rule", ["half the limit", "zero", "last above"])
def test_the_sentence_is_that_of_the_library(opened: Open, rule: str) -> None:
    cohort = read_cohort(sample_files("eque-like"))
    quantity = quantities(cohort)[0]
    samples = samples_of(cohort, quantity)
    said = words_of(opened(cohort="eque-like", rule=rule))
    assert kinetics_sentence(measured(cohort, samples, rule=rule), samples) in said  # type: ignore[arg-type]


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize(("n", "by"), [(1, "ada"), (12, "marker"), (60, "all"), (60, "product")])
def test_every_tab_stands_on_few_and_many_patients(opened: Open, tab: str, n: int, by: str) -> None:
    assert words_of(opened(sampled(n), tab, by=by))


@pytest.mark.parametrize("key", ["mayo-like", "ratios", "registry"])
def test_a_cohort_without_time_courses_says_which_columns_it_needs(opened: Open, key: str) -> None:
    (said,) = opened(cohort=key).info
    assert "sample\\_day" in said.value
    assert "car\\_transgene\\_d7" in said.value


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("quantity", ["crp", "WBC (G/L)"])
def test_a_laboratory_course_without_any_endpoint(opened: Open, tab: str, quantity: str) -> None:
    app = opened(without_endpoints(sampled()), tab, quantity=quantity)
    if tab == "With survival":
        assert "no time and event" in app.info[0].value


def test_comparisons_say_that_they_are_not_adjusted(opened: Open) -> None:
    said = words_of(opened(sampled(), "Measures by group", by="ada"))
    assert AS_THEY_ARE in said
    assert "q = " in said
    assert "Products side by side are unadjusted" in words_of(opened(sampled(), "Measures by group", by="product"))


def test_the_naive_correlation_comes_only_when_asked_for_and_with_the_reason(opened: Open) -> None:
    app = opened(sampled(), "With survival")
    assert "Harrell's C" in words_of(app)
    assert "Spearman" not in words_of(app)
    assert "Cox hazard ratio per doubling" not in words_of(app)
    app = opened(sampled(), "With survival", naive=True)
    assert "Spearman's r, naive" in words_of(app)
    assert "Cox hazard ratio per doubling, naive" in words_of(app)
    assert any("Spearman" in w.value for w in app.warning)


def test_survival_is_compared_from_day_28_only(opened: Open) -> None:
    said = words_of(opened(sampled(), "With survival"))
    assert "Nothing here counts from infusion" in said
    assert "HR per doubling of Cmax" in said


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize(
    "rows",
    [
        [("P000", 5.0, 100.0, "")],
        [("P000", 5.0, 25.0, "<"), ("P001", 7.0, 25.0, "<")],
        [("P000", -5.0, 100.0, ""), ("P001", -4.0, 90.0, "")],
        [("P000", 14.0, 50.0, ""), ("P000", 3.0, 500.0, ""), ("P000", 3.0, 300.0, ""), ("P001", 9.0, 1e9, ">")],
    ],
)
def test_odd_samples(opened: Open, tab: str, rows: list[tuple[str, float, float, str]]) -> None:
    opened(with_series(sampled(24), rows), tab, by="ada")


@pytest.mark.parametrize("tab", TABS)
def test_a_category_of_sixty_levels_with_long_names(opened: Open, tab: str) -> None:
    cohort = sampled(180)
    levels = tuple(f"<b>{'long name ' * 20}</b> {i}" for i in range(60))
    patients = cohort.patients.assign(center=pd.Categorical([levels[i % 60] for i in range(cohort.n)], categories=levels, ordered=True))
    columns = {**cohort.columns, "center": Column("center", "x" * 200, "category", levels=levels)}
    opened(replace(cohort, patients=patients, columns=columns, fingerprint="sixty"), tab, by="center")


def test_a_thousand_patients(opened: Open) -> None:
    assert "150 of 1,000 patients are drawn" in words_of(opened(sampled(1000), "Curves"))
    assert "The first 200 of 1,000 patients" in words_of(opened(sampled(1000), "Every patient"))
