"""The figure of the marker kept continuous."""

import json
import math

import numpy as np
import pytest

from cartograph.charts.continuous import continuous_chart
from cartograph.views.board import prepare
from cartograph.views.continuous import ContinuousView, continuous
from cartograph.views.explore import ExploreView, Marker
from tests.charts.conftest import texts
from tests.views.conftest import make_cohort


def make_result(column: str = "ferritin_d0", cutoff: float = 337.0, *, n: int = 60, seed: int = 1, missing: bool = False) -> ContinuousView:
    cohort = make_cohort(n, seed)
    if missing:
        cohort.patients[column] = np.nan
    view = ExploreView(markers=(Marker(column, cutoff),))
    return continuous(prepare(cohort, view), view)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(
    "result",
    [make_result(), make_result("cmax", 1e4), make_result(n=8), make_result(n=2), make_result("crp_d0", 10.0, missing=True)],
    ids=["log", "plain", "few", "two", "nobody"],
)
def test_plotly_accepts_the_figure_and_json_carries_it(result, dark):
    chart = continuous_chart(result, dark=dark)
    chart.figure()
    json.dumps({"data": chart.data, "layout": chart.layout}, allow_nan=False)
    assert len(chart.data) == 7  # always the same structure, so that a drawn figure stays
    assert chart.alt.startswith(result.finding)


def test_the_curve_is_that_of_the_result():
    result = make_result()
    _, _, spline, line, ring, censored, events = continuous_chart(result, dark=False).data
    curve = result.to_frame()
    assert spline["y"] == pytest.approx(curve["spline"].tolist(), abs=1e-5)
    assert line["y"] == pytest.approx(curve["line"].tolist(), abs=1e-5)
    assert (spline["line"]["dash"], line["line"]["dash"]) == ("solid", "dash")
    assert (ring["x"], ring["y"]) == ([curve["reference"][0]], [1.0])
    assert set(events["x"]) == set(result.value[result.had_event])
    assert set(censored["x"]) == set(result.value[~result.had_event])
    assert "HR " in spline["customdata"][0][1]


def test_the_cutoff_the_knots_and_the_test_are_on_the_figure():
    chart = continuous_chart(make_result(), dark=False)
    cutoff = next(s for s in chart.layout["shapes"] if s["yref"] == "paper")
    assert cutoff["x0"] == cutoff["x1"] == 337.0
    words = next(a for a in chart.layout["annotations"] if a["text"] == "cutoff 337 \u00b5g/L")
    assert words["x"] == pytest.approx(math.log10(337))  # annotations stand at the logarithm
    caption = chart.layout["annotations"][-1]["text"].split("<br>")
    assert caption[:3] == [
        "Solid: natural spline, knots 56.9, 176, 341, 753",
        "No sign of a bend: spline against line, likelihood ratio p = 0.367",
        "Dashed: straight line, HR 1.2 (0.92\u20131.5) per doubling",
    ]
    assert "Cut at the frame: what lies above 10" in caption
    assert chart.layout["yaxis"]["title"]["text"] == "HR against 250 \u00b5g/L"
    assert all(len(line) < 72 for line in caption)  # a phone's width


def test_the_axis_is_readable_whatever_the_limits():
    chart = continuous_chart(make_result(n=8), dark=False)
    low, high = chart.layout["yaxis"]["range"]
    assert -2.1 < low < 0 < high < 2.1
    assert max(chart.data[1]["y"]) <= 10 ** (high + 1)
    assert 1.0 in chart.layout["yaxis"]["tickvals"]
    assert len(chart.layout["yaxis"]["tickvals"]) >= 3
    assert (chart.table()[["line_high"]].to_numpy() > max(chart.data[1]["y"]) - 1e-5).any()  # uncut in the table


def test_a_large_cohort_has_a_rug_that_a_screen_can_show():
    chart = continuous_chart(make_result(n=5000, seed=4), dark=False)
    assert all(len(trace["x"]) <= 602 for trace in chart.data[-2:])
    assert len(json.dumps(chart.data)) < 80_000


def test_without_a_curve_the_line_has_the_band():
    few = make_result(n=12)
    assert not len(few.effect.knots)
    chart = continuous_chart(few, dark=False)
    assert chart.data[2]["x"] == []
    assert chart.data[0]["x"] == chart.data[3]["x"]
    assert "No curve: too few events or different values" in chart.layout["annotations"][-1]["text"]


def test_what_is_not_there_is_not_drawn():
    chart = continuous_chart(make_result("crp_d0", 10.0, missing=True), dark=False)
    assert "No hazard ratio can be estimated" in texts(chart.layout)
    assert all(not trace["x"] for trace in chart.data)
    beyond = continuous_chart(make_result(cutoff=1e6), dark=False)
    assert len(beyond.layout["shapes"]) == 1
    assert "The cutoff lies outside the values of these patients" in beyond.layout["annotations"][-1]["text"]


def test_the_table_names_panel_marker_and_reference():
    table = continuous_chart(make_result(), dark=False).table()
    assert table.columns[:4].tolist() == ["panel", "marker", "unit", "endpoint"]
    assert {"value", "reference", "line", "spline", "spline_low", "spline_high"} <= set(table.columns)
