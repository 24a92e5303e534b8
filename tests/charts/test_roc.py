"""The figure of the ROC curve."""

import json
from dataclasses import replace

import numpy as np
import pytest

from cartograph.charts.roc import LETTERS, roc_chart
from cartograph.views.discrimination import Discrimination, discrimination
from tests.charts.conftest import texts
from tests.views.conftest import make_cohort


def said_by(layout: dict) -> str:
    return " ".join(texts(layout)).replace("<br>", " ")


def make_result(
    outcome: str = "cr", column: str = "ferritin_d0", *, n: int = 60, cutoff: float = 337.0, same: bool = False
) -> Discrimination:
    cohort = make_cohort(n)
    if same:
        cohort.patients[column] = 300.0
    return discrimination(cohort, column, outcome, cutoff=cutoff)


RESULTS = {
    "binary": make_result(),
    "few": make_result("orr"),
    "horizon": make_result("pfs@12"),
    "beyond": make_result("pfs@99"),
    "refused": make_result(column="cmax"),
    "no cutoff": make_result(cutoff=float("nan")),
    "no split": make_result(cutoff=1e9),
    "equal": make_result(same=True),
    "many": make_result(n=3000),
}


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)
def test_plotly_accepts_the_figure_and_json_carries_it(result, dark):
    chart = roc_chart(result, dark=dark)
    chart.figure()
    json.dumps({"data": chart.data, "layout": chart.layout}, allow_nan=False)
    assert len(chart.data) == 3  # always the same structure, so that a drawn figure stays
    assert len(chart.data[0]["x"]) == len(chart.data[0]["customdata"])
    assert chart.alt.startswith(f"ROC curve. {result.finding}")
    caption = chart.layout["annotations"][-1]["text"].split("<br>")
    assert max(len(line.replace("&gt;", ">").replace("&lt;", "<")) for line in caption) <= LETTERS


def test_the_curve_and_its_points_are_those_of_the_result():
    result = RESULTS["binary"]
    curve, youden, current = roc_chart(result, dark=False).data
    assert curve["x"] == pytest.approx((1 - result.roc.specificity).tolist(), abs=1e-5)
    assert curve["y"] == pytest.approx(result.roc.sensitivity.tolist(), abs=1e-5)
    assert (current["x"][0], current["y"][0]) == pytest.approx((1 - result.current.specificity, result.current.sensitivity), abs=1e-5)
    assert youden["y"][0] - youden["x"][0] == pytest.approx(result.youden[0].youden, abs=1e-4)
    assert (youden["marker"]["symbol"], current["marker"]["symbol"]) == ("circle-open", "circle")


def test_words_around_the_curve():
    result = RESULTS["binary"]
    said = said_by(roc_chart(result, dark=False).layout)
    assert "95\u2009% limits" in said
    assert f"{result.roc.n_positive} with, {result.roc.n_negative} without" in said
    assert "Dot: current cutoff, positive is \u2264 337 \u00b5g/L" in said
    assert f"({result.current.true_positive:.0f} of {result.roc.n_positive})" in said
    assert "Ring: Youden cutoff" in said
    assert "searched here" in said
    assert "chosen from these patients" in said
    assert "p is not given: fewer than 10" in said_by(roc_chart(RESULTS["few"], dark=False).layout)


def test_the_weights_are_said():
    result = RESULTS["horizon"]
    said = said_by(roc_chart(result, dark=False).layout)
    assert f"{result.roc.n_censored} censored before 12 months: their weight is given to those followed longer" in said
    cohort = make_cohort()
    cohort.patients["pfs_event"] = 1.0
    whole = discrimination(cohort, "ferritin_d0", "pfs@12")
    assert "Nobody is censored before the horizon" in said_by(roc_chart(whole, dark=False).layout)


@pytest.mark.parametrize(
    ("name", "words"), [("refused", "known only after"), ("beyond", "nobody is followed beyond"), ("equal", "same value")]
)
def test_an_empty_panel_says_why(name, words):
    chart = roc_chart(RESULTS[name], dark=False)
    assert words in said_by(chart.layout)
    if name != "equal":
        assert chart.data[0]["x"] == []
        assert "No curve can be drawn" in said_by(chart.layout)


def test_many_thresholds_are_thinned_to_half_a_pixel_and_all_stand_in_the_table():
    result = RESULTS["many"]
    chart = roc_chart(result, dark=False)
    drawn, table = chart.data[0], chart.table()
    assert len(drawn["x"]) <= 2400
    assert len(table) == len(result.roc.threshold)
    all_x, all_y = (1 - table["specificity"]).to_numpy()[:, None], table["sensitivity"].to_numpy()[:, None]
    off = np.maximum(np.abs(all_x - drawn["x"]), np.abs(all_y - drawn["y"])).min(axis=1)
    assert off.max() <= 1 / 1200 + 1e-5
    assert (drawn["x"][0], drawn["y"][-1]) == (1.0, 0.0)


def test_the_table_names_what_it_holds():
    table = roc_chart(RESULTS["binary"], dark=False).table()
    assert table.columns.tolist() == ["panel", "marker", "unit", "outcome", "positive_side", "threshold", "sensitivity", "specificity"]
    assert set(table["positive_side"]) == {"low"}
    assert roc_chart(RESULTS["refused"], dark=False).table().empty


def test_text_from_the_file_is_safe():
    result = make_result()
    bad = replace(result, panel="<b>x", column=replace(result.column, unit="<i>"))
    said = said_by(roc_chart(bad, dark=False).layout)
    assert "<b>x" not in said.replace("<b>&lt;b&gt;x", "")
    assert "<i>" not in said
