"""The Love plot."""

import json
import math

import pytest

from cartograph.charts.love import LOWER, PITCH, love_chart, love_height
from cartograph.views.baseline import BaselineChoice, Love, LoveRow, baseline, table_columns
from cartograph.views.explore import ExploreView
from tests.charts.conftest import texts
from tests.views.odd_cohort import odd_cohort

COHORT = odd_cohort()
LOVE = baseline(COHORT, ExploreView(), BaselineChoice(tuple(c.key for c in table_columns(COHORT)), "product")).love
NAN = math.nan


def love(*rows, **more) -> Love:
    return Love("one", "How far apart: Product", "a against b", tuple(rows), **more)


@pytest.mark.parametrize("dark", [False, True])
def test_plotly_accepts_the_figure_and_json_carries_it(dark):
    chart = love_chart(LOVE, dark=dark)
    chart.figure()
    json.dumps({"data": chart.data, "layout": chart.layout}, allow_nan=False)
    assert chart.layout["height"] == love_height(LOVE)
    assert "Site 0.96" in chart.alt
    age = next(row for row in LOVE.rows if row.label == "Age")
    assert (age.n, age.n_missing) == (72, 48)
    assert any("72 patients, 48 not known" in words for words in chart.data[0]["hovertext"])
    assert len(chart.table()) == len(LOVE.rows)


def test_dots_stand_at_the_sizes_whatever_the_sign():
    chart = love_chart(love(LoveRow("Age", -0.31), LoveRow("Sex", 0.02)), dark=False)
    assert chart.data[0]["x"] == [0.31, 0.02]
    assert chart.data[0]["y"] == [LOWER, PITCH + LOWER]
    assert {"0.31", "0.02"} <= set(texts(chart.layout))


def test_before_is_open_and_after_is_filled():
    chart = love_chart(love(LoveRow("Age", -0.31, 0.04), LoveRow("Sex", 0.2), names=("as they are", "weighted")), dark=False)
    assert [trace["marker"]["symbol"] for trace in chart.data[:2]] == ["circle-open", "circle"]
    assert chart.data[1]["x"] == [0.04]
    assert "0.31 \u2192 0.04" in texts(chart.layout)
    assert "weighted_difference" in chart.table().columns


def test_what_lies_beyond_the_axis_ends_in_an_arrow():
    chart = love_chart(love(LoveRow("Apart", math.inf), LoveRow("Far", 2.7), LoveRow("Near", 0.4)), dark=False)
    assert chart.data[0]["x"] == [0.4]
    assert len(chart.data[1]["text"]) == 2
    assert "\u221e" in texts(chart.layout)


def test_the_limit_of_chance_is_drawn_where_it_is_on_the_axis():
    row = LoveRow("Age", 0.3)
    drawn = [s for s in love_chart(love(row, chance=0.45), dark=False).layout["shapes"] if s["line"].get("dash") == "dot"]
    assert [s["x0"] for s in drawn] == [0.45]
    assert not [s for s in love_chart(love(row, chance=0.9), dark=False).layout["shapes"] if s["line"].get("dash") == "dot"]


def test_a_name_from_a_file_is_data():
    chart = love_chart(love(LoveRow("<b>x</b>" * 40, 0.3, pair="<i>")), dark=False)
    assert not any("<b>x" in t for t in texts(chart.layout))
    assert "&lt;i&gt;" in chart.data[0]["hovertext"][0]
