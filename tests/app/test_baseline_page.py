"""The Baseline page run by Streamlit's own harness, on the samples and on cohorts that are made to break it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Selectbox

from cartograph.cohort import read_cohort
from cartograph.views.baseline import BY_MARKER, DISCOURAGED, baseline, default_baseline, printed_baseline
from cartograph.views.defaults import default_view
from components.baseline_page.table import baseline_table
from sample_data import sample_files
from tests.app.opened import Open, run, words_of
from tests.views.odd_cohort import LONG, odd_cohort


def blocks(app: AppTest) -> list[str]:
    return [block.proto.body for block in app.get("html")]


def by(app: AppTest) -> Selectbox:
    return next(box for box in app.selectbox if box.label == "Grouped by")


@pytest.mark.parametrize("key", ["mayo-like", "eque-like"])
def test_the_page_shows_the_table_of_the_library(opened: Open, key: str) -> None:
    cohort = read_cohort(sample_files(key))
    view = default_view(cohort)
    result = baseline(cohort, view, default_baseline(cohort, view))
    app = opened("baseline", cohort=key)
    assert baseline_table(printed_baseline(result), dark=False) in blocks(app)
    assert result.sentence in words_of(app)
    assert DISCOURAGED not in words_of(app)


@pytest.mark.parametrize("n", [1, 12, 120])
def test_odd_cohorts_do_not_break_it(opened: Open, n: int) -> None:
    opened("baseline", odd_cohort(n))


def test_without_endpoints_there_is_still_a_table(opened: Open) -> None:
    assert "Not known" in words_of(opened("baseline", replace(odd_cohort(), endpoints={})))


def test_choices_change_the_table(opened: Open) -> None:
    app = opened("baseline", odd_cohort())
    app.multiselect[0].set_value(["wordy", "cmax", "site"])
    app.selectbox(key="baseline-tests").set_value("fisher")
    run(app)
    said = words_of(app)
    assert DISCOURAGED in said
    assert LONG.strip() in said
    assert "other (49 levels)" in said
    assert "Known only after infusion" in said
    by(app).set_value(BY_MARKER)
    run(app)
    assert "Ferritin, day 0 > 337 µg/L" in words_of(app)
    by(app).set_value("")
    run(app)
    assert "SMD" not in words_of(app)
    app.multiselect[0].set_value([])
    assert "at least one column" in run(app).info[0].value


def test_tests_of_many_groups_wait_until_they_are_asked_for(opened: Open) -> None:
    app = opened("baseline", cohort="ratios")
    app.selectbox(key="baseline-tests").set_value("fisher")
    run(app)
    assert [b.label for b in app.button if b.key == "baseline-tests-made-start"] == ["Make the tests of so many groups"]
    assert "SMD" in words_of(app)
    assert "Kruskal" not in words_of(app)
