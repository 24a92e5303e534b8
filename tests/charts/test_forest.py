"""The forest and the figures of the diagnostics."""

import json
import math

import numpy as np
import pytest

from cartograph.charts.forest import ENDS, forest_chart, forest_height
from cartograph.charts.regression import calibration_chart, influence_chart, over_time_chart
from cartograph.stats.validation import calibration
from cartograph.views.diagnostics import influence_view, proportional_view
from cartograph.views.explore import ExploreView, Marker
from cartograph.views.forest import Forest, Row
from cartograph.views.regression import RegressionChoice, regression
from cartograph.views.subgroups import SubgroupChoice, subgroups
from tests.charts.conftest import texts as texts_of
from tests.views.conftest import make_cohort
from tests.views.odd_cohort import LONG, odd_cohort

VIEW = ExploreView(markers=(Marker("ferritin_d0", 337.0, "normal"),))
RESULT = regression(
    odd_cohort(), VIEW, RegressionChoice("pfs", ("ferritin_d0", "stage", "site", "spared", "wordy"), chosen=("ferritin_d0",))
)
SUBGROUPS = subgroups(odd_cohort(200), VIEW, SubgroupChoice(("product", "stage", "age")))
NAN = math.nan


def texts(chart) -> list[str]:
    return texts_of(chart.layout)


def one_row(value, low, high, **more) -> Forest:
    row = Row("x", "X", "yes against no", 20, 9, value, low, high, 0.03, **more)
    return Forest("one", "One", "below", "HR", "hazard ratio", (row,))


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("of", [RESULT.screen, RESULT.multivariable, SUBGROUPS.forest], ids=["screen", "model", "subgroups"])
def test_plotly_accepts_the_figure_and_json_carries_it(of, dark):
    chart = forest_chart(of, dark=dark)
    chart.figure()
    json.dumps({"data": chart.data, "layout": chart.layout}, allow_nan=False)
    assert chart.layout["height"] == forest_height(of)
    assert of.title in chart.alt


def test_dots_stand_at_the_ratios():
    chart = forest_chart(RESULT.screen, dark=False)
    low, high = ENDS["HR"]
    inside = [r.value for r in RESULT.screen.rows if math.isfinite(r.value) and low <= r.value <= high]
    assert chart.data[1]["x"] == pytest.approx(inside, abs=1e-4)
    assert len(chart.data[1]["hovertext"]) == len(inside)


def test_limits_beyond_the_axis_end_in_an_arrow_and_this_is_said():
    chart = forest_chart(one_row(3.0, 0.5, 40.0), dark=False)
    assert chart.data[0]["x"] == [0.5, 10.0, None]
    assert chart.data[2]["text"] == ["\u25b8"]
    assert any("beyond the axis" in t for t in texts(chart))
    calm = forest_chart(one_row(3.0, 0.5, 9.0), dark=False)
    assert calm.data[2]["text"] == []
    assert not any("beyond" in t for t in texts(calm))


def test_a_ratio_beyond_the_axis_has_an_arrow_instead_of_a_dot():
    chart = forest_chart(one_row(0.01, 0.001, 0.05), dark=False)
    assert chart.data[1]["x"] == []
    assert chart.data[2]["text"] == ["\u25c2"]
    assert any("0.010 (0.001" in t for t in texts(chart))


def test_all_patients_are_a_diamond_as_wide_as_the_limits():
    chart = forest_chart(SUBGROUPS.forest, dark=False)
    overall = SUBGROUPS.forest.rows[0]
    diamond = next(t for t in chart.data if t.get("fill") == "toself")
    assert (diamond["x"][0], diamond["x"][2]) == (pytest.approx(overall.ci_low, abs=1e-4), pytest.approx(overall.ci_high, abs=1e-4))
    dotted = [s for s in chart.layout["shapes"] if s["line"].get("dash") == "dot"]
    assert {s["x0"] for s in dotted} == {overall.value}


def test_words_fit_a_phone_whatever_the_names():
    words = texts(forest_chart(RESULT.screen, dark=False))
    plain = [t.replace("<b>", "").replace("</b>", "") for t in words]
    assert max(map(len, plain)) < 62
    assert LONG not in plain


def test_reasons_stand_where_a_number_is_missing():
    words = texts(forest_chart(RESULT.screen, dark=False))
    assert any("under 10 patients" in t for t in words)
    assert any(" F" in t for t in words)
    assert "not in the model" in texts(forest_chart(RESULT.multivariable, dark=False))
    assert not any("nan" in t.lower() for t in words)


def test_an_empty_forest_is_a_figure():
    forest_chart(Forest("none", "None", "", "OR", "odds ratio", ()), dark=True).figure()


COHORT = make_cohort(150, 2)
MODEL = regression(COHORT, VIEW, RegressionChoice("pfs", ("ferritin_d0", "crp_d0"), chosen=("ferritin_d0", "crp_d0"), cut=False))


@pytest.mark.parametrize("dark", [False, True])
def test_diagnostic_figures_are_accepted(dark):
    model = MODEL.cox
    found = proportional_view(model, MODEL.labels)
    moved = influence_view(model, COHORT.patients["patient_id"])
    charts = [over_time_chart(f, dark=dark) for f in found.figures]
    charts += [
        influence_chart(moved.found, moved.patients, dark=dark),
        calibration_chart(calibration(model, horizon=12.0), "PFS", dark=dark),
    ]
    for chart in charts:
        chart.figure()
        json.dumps({"data": chart.data, "layout": chart.layout}, allow_nan=False)
        assert len(chart.table())


def test_the_dashed_line_is_the_models_ratio_and_points_are_the_residuals():
    figure = proportional_view(MODEL.cox, MODEL.labels).figures[0]
    chart = over_time_chart(figure, dark=False)
    assert chart.layout["shapes"][0]["y0"] == pytest.approx(math.exp(figure.coefficient))
    points = chart.data[-1]
    low, high = (10**end for end in chart.layout["yaxis"]["range"])
    assert points["y"] == pytest.approx(np.clip(np.exp(figure.residuals), low, high), rel=1e-4, abs=1e-5)


def test_influence_names_every_patient_in_hover_only():
    moved = influence_view(MODEL.cox, COHORT.patients["patient_id"])
    chart = influence_chart(moved.found, moved.patients, dark=False)
    assert len(chart.data[1]["hovertext"]) == MODEL.cox.n
    assert not any("P0" in t for t in texts(chart))


def test_calibration_shows_predicted_against_observed():
    found = calibration(MODEL.cox, horizon=12.0)
    chart = calibration_chart(found, "PFS", dark=False)
    assert chart.data[1]["x"] == pytest.approx(found.predicted, abs=1e-4)
    assert "predicted" in chart.alt


def test_the_test_behind_p_is_named_and_no_test_where_no_line_has_a_p():
    def said(*firth: bool, p: float = 0.03) -> str:
        rows = tuple(Row("x", "X", "yes against no", 20, 9, 2.0, 1.1, 4.0, p, firth=f) for f in firth)
        return " | ".join(texts(forest_chart(Forest("one", "One", "below", "HR", "hazard ratio", rows, test="Wald"), dark=False)))

    assert "p: Wald" in said(False)
    assert "likelihood" not in said(False)
    assert "p: Wald, F likelihood ratio" in said(False, True)
    assert "p: likelihood ratio" in said(True)
    assert "p: " not in said(False, True, p=NAN)


def test_a_reason_instead_of_a_ratio_is_not_cut():
    row = Row("x", "X", "", 10, 3, NAN, NAN, NAN, NAN, "no events in the low group while the high group is at risk")
    chart = forest_chart(Forest("one", "One", "", "HR", "hazard ratio", (row,)), dark=False)
    assert "no events in low while high is at risk" in texts(chart)
