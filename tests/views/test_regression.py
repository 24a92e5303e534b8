"""The Regression page's answer: what it computes, what it says, what it refuses."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from cartograph.stats.design import Covariate
from cartograph.stats.hazard import hazard_ratio
from cartograph.stats.regression import cox
from cartograph.stats.validation import optimism
from cartograph.views.defaults import default_view
from cartograph.views.diagnostics import collinearity_view, enough_for_calibration, influence_view, optimism_words, proportional_view
from cartograph.views.explore import ExploreView, Marker
from cartograph.views.regression import (
    NOT_RANDOMISED,
    SCREEN_WORDS,
    RegressionChoice,
    default_choice,
    level_names,
    offered_columns,
    outcomes,
    printed_table,
    quantity_of,
    refused_columns,
    regression,
    regression_table,
    screens,
    screens_table,
)
from tests.stats.reference import close
from tests.views.conftest import make_cohort
from tests.views.odd_cohort import LONG, odd_cohort

VIEW = ExploreView(markers=(Marker("ferritin_d0", 337.0, "normal"),))
COLUMNS = ("ferritin_d0", "product", "stage", "age", "site", "spared", "wordy", "same")


def choice(**changes) -> RegressionChoice:
    return replace(RegressionChoice("pfs", COLUMNS, chosen=("ferritin_d0", "product")), **changes)


def test_a_biomarker_enters_as_explore_splits_it():
    cohort = odd_cohort()
    result = regression(cohort, VIEW, choice())
    first = result.screen.rows[0]
    time, event = cohort.survival("pfs")
    alone = hazard_ratio(time, event, cohort.patients["ferritin_d0"] > 337)
    close([first.value, first.ci_low, first.ci_high, first.p_value], [alone.value, alone.ci_low, alone.ci_high, alone.p_value], rtol=1e-7)
    assert first.compared == "> 337 \u00b5g/L against \u2264 337"
    assert first.n == int((cohort.patients["ferritin_d0"] > 337).sum())
    assert result.group_rule == "High: Ferritin, day 0 > 337 \u00b5g/L."


def test_uncut_it_enters_per_doubling():
    result = regression(odd_cohort(), VIEW, choice(cut=False))
    assert result.screen.rows[0].compared == "per doubling"
    assert "uncut" in result.group_rule


def test_the_model_is_that_of_the_statistics():
    cohort = odd_cohort()
    result = regression(cohort, VIEW, choice())
    time, event = cohort.survival("pfs")
    frame = cohort.patients.assign(time=time, event=event, high=(cohort.patients["ferritin_d0"] > 337).astype(float))
    direct = cox(frame, time="time", event="event", covariates=[Covariate("high"), Covariate("product", "levels")])
    rows = [row for row in result.multivariable.rows if row.inside]
    close([row.value for row in rows], np.exp(direct.coefficients), rtol=1e-8)
    assert result.cox is not None
    assert NOT_RANDOMISED in result.cautions
    assert f"{direct.n} patients of 120" in result.sentence
    assert "C 0." in result.sentence


def test_both_forests_read_across():
    result = regression(odd_cohort(), VIEW, choice())
    assert [row.column for row in result.screen.rows] == [row.column for row in result.multivariable.rows]
    blank = [row for row in result.multivariable.rows if row.column == "age"]
    assert [row.reason for row in blank] == ["not in the model"]


def test_what_makes_a_regression_difficult_is_said():
    result = regression(odd_cohort(), VIEW, choice())
    rows = {row.column: row for row in result.screen.rows}
    assert "59 parameters" in rows["site"].reason
    assert len([row for row in result.screen.rows if row.column == "site"]) == 1
    assert rows["same"].reason == "the same in all patients"
    assert rows["spared"].firth
    assert rows["spared"].ci_low < rows["spared"].value < rows["spared"].ci_high
    assert rows["wordy"].label == LONG
    stage = [row for row in result.screen.rows if row.column == "stage"]
    assert [row.reason for row in stage] == ["", "fewer than 10 patients"]
    assert math.isnan(stage[1].p_value)
    assert rows["age"].n == 72


def test_complete_cases_are_said_for_each_variable():
    result = regression(odd_cohort(), VIEW, choice(chosen=("ferritin_d0", "age")))
    assert dict(result.missing) == {"Ferritin, day 0": 0, "Age": 48}
    assert "48 patients left out because a variable is not known (Age 48)." in result.cautions


def test_chosen_by_the_screen_says_what_that_does():
    result = regression(odd_cohort(), VIEW, choice(selection="screen"))
    assert SCREEN_WORDS in result.cautions
    below = {test.covariate for model in result.singles for test in model.tests if test.p_value < 0.2}
    assert set(result.chosen) == below


@pytest.mark.parametrize("selection", ["lasso", "ridge"])
def test_a_penalised_model_has_no_limits_and_no_p(selection):
    seen: list[float] = []
    columns = ("ferritin_d0", "product", "wordy")
    result = regression(odd_cohort(), VIEW, choice(columns=columns, selection=selection), progress=seen.append)
    assert result.penalised is not None
    assert result.cox is None
    assert seen
    rows = result.multivariable.rows
    assert all(math.isnan(row.p_value) and math.isnan(row.ci_low) for row in rows)
    assert not result.multivariable.limits
    assert "Penalised Cox model" in result.sentence

    def stop(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        regression(odd_cohort(), VIEW, choice(columns=columns, selection=selection), progress=stop)


def test_yes_or_no_outcomes_have_odds_ratios():
    cohort = odd_cohort()
    assert {o.key for o in outcomes(cohort)} >= {"pfs", "os", "orr", "cr"}
    result = regression(cohort, VIEW, choice(outcome="cr"))
    assert result.screen.measure == "OR"
    table = np.array(
        [[((cohort.patients["ferritin_d0"] > 337) == h)[cohort.patients["best_response"] == "CR"].sum() for h in (True, False)]]
    )
    high, low = int((cohort.patients["ferritin_d0"] > 337).sum()), int((cohort.patients["ferritin_d0"] <= 337).sum())
    a, c = table[0]
    close(result.screen.rows[0].value, a * (low - c) / (c * (high - a)), rtol=1e-8)
    assert regression(cohort, VIEW, choice(outcome="cr", selection="lasso")).penalised is None


def test_what_is_known_only_after_infusion_is_refused():
    cohort = odd_cohort()
    assert {c.key for c in refused_columns(cohort)} == {"cmax", "best_response"}
    assert "cmax" not in {c.key for c in offered_columns(cohort)}
    with pytest.raises(ValueError, match="Cmax: known only after infusion"):
        regression(cohort, VIEW, choice(columns=("cmax",)))
    with pytest.raises(ValueError, match="no outcome called"):
        regression(cohort, VIEW, choice(outcome="nothing"))


def test_reference_levels_and_strata():
    cohort = odd_cohort()
    result = regression(cohort, VIEW, choice(references=(("product", "cilta-cel"),)))
    row = next(row for row in result.screen.rows if row.column == "product")
    assert row.compared == "ide-cel against cilta-cel"
    stratified = regression(cohort, VIEW, choice(strata=("product",)))
    assert stratified.model is not None
    assert "stratified" in stratified.model.method
    assert {row.column for row in stratified.multivariable.rows if row.inside} == {"ferritin_d0"}
    assert level_names(cohort, VIEW, "stage") == ("I", "II", "III")


def test_the_first_choice_is_one_that_the_events_allow():
    cohort = odd_cohort()
    first = default_choice(cohort, default_view(cohort))
    assert first.columns[0] == "ferritin_d0"
    result = regression(cohort, default_view(cohort), first)
    assert result.model is not None
    assert result.model.events_per_parameter >= 5
    assert len({quantity_of(key) for key in first.chosen}) == len(first.chosen)


@pytest.mark.parametrize("n", [1, 2, 5, 12])
def test_few_patients_break_nothing(n):
    cohort = odd_cohort(n)
    view = default_view(cohort)
    first = default_choice(cohort, view)
    result = regression(cohort, view, replace(first, columns=tuple(c.key for c in offered_columns(cohort)), selection="screen"))
    assert result.sentence
    printed_table(result)


def test_nothing_chosen_is_said():
    result = regression(odd_cohort(), VIEW, choice(chosen=()))
    assert result.model is None
    assert "no variable is in the model" in result.sentence
    assert not any(row.inside for row in result.multivariable.rows)


def test_the_tables_hold_what_the_forests_show():
    result = regression(odd_cohort(), VIEW, choice())
    numbers = regression_table(result)
    assert numbers["value"].tolist()[0] == result.screen.rows[0].value
    assert numbers["adjusted_value"].tolist()[0] == result.multivariable.rows[0].value
    texts = printed_table(result)
    assert len(texts) == len(numbers) == len(result.screen.rows)
    assert not texts.isin(["nan", "NaN", "None"]).any(axis=None)
    every = screens_table(screens(odd_cohort(), VIEW, choice()))
    assert [c for c in every.columns if c.startswith("HR")] == ["HR PFS", "HR OS"]
    assert len(every) == len(result.screen.rows)


def test_diagnostics_speak():
    cohort = make_cohort(150, 2)
    result = regression(cohort, VIEW, RegressionChoice("pfs", ("ferritin_d0", "crp_d0"), chosen=("ferritin_d0", "crp_d0")))
    model = result.cox
    assert model is not None
    tests = proportional_view(model, result.labels)
    assert tests.labels == ("Ferritin, day 0", "CRP, day 0")
    assert len(tests.figures) == 2
    assert "time" in tests.sentence
    moved = influence_view(model, cohort.patients["patient_id"])
    assert len(moved.patients) == model.n
    assert moved.patients[int(moved.found.largest.argmax())] in moved.sentence
    assert "No variable is told by the others" in collinearity_view(model, result.labels).sentence
    assert enough_for_calibration(model)
    said = optimism_words(optimism(model, resamples=10, seed=1), "screen")
    assert "is optimism" in said
    assert "still too good" in said
