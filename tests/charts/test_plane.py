"""The map of two cutoffs: every pair is in one colour, the words say what the colours mean."""

import math

import numpy as np
import pytest

from cartograph.charts.plane import BOUNDS, plane_chart, plane_table, words_of_pairs
from cartograph.charts.spec import Chart
from cartograph.charts.theme import DARK, LIGHT
from cartograph.stats.plane import PlaneTest
from cartograph.views.board import prepare
from cartograph.views.explore import Combine, ExploreView, Marker
from cartograph.views.plane import PlaneView, plane
from tests.charts.conftest import texts
from tests.views.conftest import make_cohort

NAN = float("nan")


def result_of(n: int = 120, *, ferritin: float = 337, crp: float = 6, combine: Combine = "both-low") -> PlaneView:
    view = ExploreView(markers=(Marker("ferritin_d0", ferritin), Marker("crp_d0", crp)), combine=combine)
    return plane(prepare(make_cohort(n), view), view, most=12)


def pieces(trace: dict) -> list[tuple[float, float, float, float]]:
    """Rectangles of a filled trace: left, right, low, high."""
    assert all(v is None for v in trace["x"][4::5] + trace["y"][4::5])
    return [(*trace["x"][i : i + 2], trace["y"][i], trace["y"][i + 2]) for i in range(0, len(trace["x"]), 5)]


def classes_at(chart: Chart, x: float, y: float) -> list[int]:
    """The traces whose rectangles hold a point: class of the hazard ratio, -1 = not given."""
    inside = [[left <= x <= right and low <= y <= high for left, right, low, high in pieces(t)] for t in chart.data[:8]]
    return [k - 1 for k, found in enumerate(inside) if any(found)]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("n", [20, 120])
def test_plotly_accepts_the_map(n, dark):
    figure = plane_chart(result_of(n), dark=dark).figure()
    assert {t.type for t in figure.data} == {"scatter"}


@pytest.mark.parametrize("combine", ["three", "both-low"])
def test_every_pair_lies_in_one_colour_that_is_its_hazard_ratios(combine):
    result = result_of(combine=combine)
    chart = plane_chart(result, dark=False)
    found = result.plane.to_frame()
    assert found["hazard_ratio"].isna().any()
    assert found["hazard_ratio"].notna().any()
    for row in found.itertuples():
        expected = -1 if math.isnan(row.hazard_ratio) else sum(row.hazard_ratio >= b for b in BOUNDS)
        assert classes_at(chart, row.cutoff_a, row.cutoff_b) == [expected]


def test_the_rectangles_cover_the_map_once():
    result = result_of()
    area = sum(
        (np.log(right / left)) * np.log(high / low)
        for t in plane_chart(result, dark=False).data[:8]
        for left, right, low, high in pieces(t)
    )
    (a, b) = (axis.edges for axis in result.axes)
    assert area == pytest.approx(np.log(a[-1] / a[0]) * np.log(b[-1] / b[0]), rel=1e-4)


def test_not_given_is_told_apart_without_colour_and_said():
    result = result_of(combine="three")
    chart = plane_chart(result, dark=False)
    assert chart.data[8]["x"].count(None) == int(np.isnan(result.plane.hazard_ratio).sum())
    assert "hatched: not given, a group under 10 patients or without events" in texts(chart.layout)


@pytest.mark.parametrize(("dark", "ink"), [(False, LIGHT), (True, DARK)])
def test_blue_is_better_and_orange_worse_and_the_words_say_so(dark, ink):
    chart = plane_chart(result_of(), dark=dark)
    colours = [t["fillcolor"] for t in chart.data[:8]]
    assert len(set(colours)) == 8
    assert colours[1] == f"rgba({','.join(str(int(ink.low[i : i + 2], 16)) for i in (1, 3, 5))},1)"
    assert [s["fillcolor"] for s in chart.layout["shapes"][:7]] == colours[1:]
    words = {a["text"]: a["x"] for a in chart.layout["annotations"]}
    assert words["high fares better"] < words["0.50"] < words["0.83"] < words["1.2"] < words["2.0"] < words["high fares worse"]


def test_the_cross_hair_stands_at_the_chosen_pair_with_its_hazard_ratio():
    result = result_of()
    chart = plane_chart(result, dark=False)
    across = [s for s in chart.layout["shapes"] if s["line"].get("dash") == "dot"]
    assert [(s.get("x0"), s.get("y0")) for s in across] == [(337, 0), (0, 6)]
    ring = chart.data[-2]
    assert (ring["x"], ring["y"]) == ([337], [6])
    now = next(w for w in texts(chart.layout) if w.startswith("\u25cb"))
    assert "Now 337 and 6: HR " in now
    assert now.endswith(f"smaller group {result.current.smallest}")


def test_a_pair_outside_the_window_or_with_a_small_group_has_no_cross_or_no_number():
    far = plane_chart(result_of(ferritin=1e6, combine="three"), dark=False)
    assert far.data[-2]["x"] == []
    assert [s["opacity"] for s in far.layout["shapes"] if s["line"].get("dash") == "dot"] == [0.0, 1.0]
    assert any("no HR, a group has fewer than 10 patients" in w for w in texts(far.layout))


def test_the_words_of_every_pair_are_those_it_has_when_it_is_chosen():
    shown = result_of()
    words = words_of_pairs(shown)
    for i, j in ((0, 0), (3, 5), (6, 6)):
        a, b = float(shown.plane.cutoffs_a[i]), float(shown.plane.cutoffs_b[j])
        chosen = plane_chart(result_of(ferritin=a, crp=b), dark=False)
        now = next(w["text"] for w in chosen.layout["annotations"] if w.get("name") == "now")
        assert words[i][j] == now


def test_published_cutoffs_are_ticks_and_those_with_room_have_names():
    chart = plane_chart(result_of(), dark=False)
    ticks = [s for s in chart.layout["shapes"] if s["type"] == "line" and s["yref"] == "paper" and s["y0"] == 1]
    assert [s["x0"] for s in ticks] == [337, 400]
    assert "337" in texts(chart.layout)
    assert "400" not in texts(chart.layout)  # too close to 337 on this axis


def test_hovering_gives_both_cutoffs_the_ratio_and_every_group():
    result = result_of(combine="three")
    points = plane_chart(result, dark=False).data[9]
    assert points["marker"]["opacity"] == 0
    assert len(points["customdata"]) == result.plane.hazard_ratio.size
    for shown, row in zip(points["customdata"], result.plane.to_frame().itertuples(), strict=True):
        assert shown[3:] == [row.n_high, row.events_high, row.n_mixed, row.events_mixed, row.n_low, row.events_low]
        assert shown[2].startswith("HR ") == (row.status == 0)


def test_the_best_pair_is_marked_with_its_corrected_p():
    test = PlaneTest(3.1, 0.034, 150.0, 5.0, 99, 1000, 1, "rest", "x")
    chart = plane_chart(result_of(), dark=False, test=test)
    assert (chart.data[-1]["x"], chart.data[-1]["y"]) == ([150], [5])
    assert "\u00d7 Best of 99 pairs: 150 and 5, corrected p = 0.034" in texts(chart.layout)
    assert "corrected p = 0.034" in chart.alt
    nothing = plane_chart(result_of(), dark=False, test=PlaneTest(NAN, NAN, NAN, NAN, 0, 0, 1, "rest", "x", ("no events",)))
    assert nothing.data[-1]["x"] == []
    assert "No best pair: no events" in texts(nothing.layout)


def test_an_empty_plane_says_why():
    cohort = make_cohort(60)
    cohort.patients["crp_d0"] = 5.0
    view = ExploreView(markers=(Marker("ferritin_d0", 337), Marker("crp_d0", 5)))
    chart = plane_chart(plane(prepare(cohort, view), view), dark=True)
    assert any("No cutoff leaves a tenth" in w for w in texts(chart.layout))
    assert chart.table().empty
    chart.figure()


def test_names_from_a_file_are_text():
    view = ExploreView(markers=(Marker("ferritin_d0", 337), Marker("crp_d0", 6)), split="")
    cohort = make_cohort(60)
    columns = dict(cohort.columns)
    columns["crp_d0"] = type(columns["crp_d0"])("crp_d0", "<b>CRP", "number", "<i>")
    object.__setattr__(cohort, "columns", columns)
    chart = plane_chart(plane(prepare(cohort, view), view), dark=False)
    assert chart.layout["yaxis"]["title"]["text"] == "&lt;b&gt;CRP (&lt;i&gt;)"
    assert "&lt;b&gt;CRP" in chart.data[9]["hovertemplate"]


def test_the_table_holds_every_pair():
    result = result_of()
    table = plane_table(result)
    assert len(table) == result.plane.hazard_ratio.size
    assert table.columns[:6].tolist() == ["panel", "marker_a", "marker_b", "compared", "cutoff_a", "cutoff_b"]
    assert set(table["compared"]) == {"one or both high vs both low"}
