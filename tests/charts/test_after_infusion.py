"""The figures of the Response and the Toxicity page."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cartograph.charts.flow import response_flow_chart
from cartograph.charts.grades import grades_chart, grades_table
from cartograph.charts.marker_by_grade import marker_by_grade_chart
from cartograph.charts.onset import last_day, onset_chart
from cartograph.charts.rates import rates_chart
from cartograph.charts.response_time import reach_chart, share_chart
from cartograph.charts.spec import Chart
from cartograph.charts.waterfall import waterfall_chart
from cartograph.views.rates import rates_of
from cartograph.views.response_page import depth, flow, response_data, share_curves
from cartograph.views.toxicity import day_curves, grade_bars, marker_by_grade, outcomes_of, toxicities
from tests.charts.conftest import texts
from tests.views.after_infusion import groups, sides, treated

COHORT = treated()
PANELS, MADE = sides(COHORT), groups(COHORT)
NOBODY = groups(COHORT, 1e9)
DATA = response_data(COHORT, PANELS)
TOXIC = {t.key: t for t in toxicities(COHORT)}
CRS = TOXIC["crs"]


def charts(*, dark: bool) -> dict[str, Chart]:
    by_day = day_curves(COHORT, CRS, PANELS, MADE)
    crp = COHORT.columns["crp_d0"]
    return {
        "rates": rates_chart(rates_of(DATA.outcomes["Best"], PANELS, MADE), title="T", below="b", dark=dark, name="rates"),
        "empty group": rates_chart(rates_of(outcomes_of(CRS), PANELS, NOBODY), title="T", below="b", dark=dark, name="rates"),
        "share": share_chart(share_curves(DATA, MADE, "cr")[0], dark=dark, x_max=12.0),
        "levels": share_chart(share_curves(DATA, MADE, "")[0], dark=dark, x_max=12.0),
        "share of nobody": share_chart(share_curves(DATA, NOBODY, "cr")[0], dark=dark, x_max=12.0),
        "reach": reach_chart(share_curves(DATA, MADE, "cr")[0], dark=dark, x_max=12.0, ends="progression or death"),
        "reach of nobody": reach_chart(share_curves(DATA, NOBODY, "cr")[0], dark=dark, x_max=12.0, ends="death"),
        "flow": response_flow_chart(flow(DATA, PANELS[0], None, MADE), dark=dark),
        "flow of nobody": response_flow_chart(flow(DATA, PANELS[0], NOBODY.rules[1], NOBODY), dark=dark),
        "waterfall": waterfall_chart(depth(DATA, COHORT.columns["m_protein"], PANELS[0], MADE), dark=dark),
        "grades": grades_chart(grade_bars(tuple(TOXIC.values()), PANELS, MADE), dark=dark),
        "onset": onset_chart("CRS", by_day[0], dark=dark, x_max=last_day(by_day)),
        "onset of nobody": onset_chart("CRS", day_curves(COHORT, CRS, PANELS, NOBODY)[0], dark=dark, x_max=14.0),
        "marker": marker_by_grade_chart(marker_by_grade(COHORT, CRS, crp, 6.0, PANELS[0]), dark=dark),
        "marker by infection": marker_by_grade_chart(marker_by_grade(COHORT, TOXIC["infection"], crp, 6.0, PANELS[1]), dark=dark),
    }


@pytest.mark.parametrize("dark", [False, True])
def test_plotly_accepts_every_figure_and_json_carries_it(dark: bool) -> None:
    for name, chart in charts(dark=dark).items():
        chart.figure()
        json.dumps({"data": chart.data, "layout": chart.layout}, allow_nan=False)
        assert chart.alt.endswith("."), name
        chart.table().to_csv()


@pytest.mark.parametrize("name", list(charts(dark=False)))
def test_figures_stay_inside_what_the_browser_draws(name: str) -> None:
    chart = charts(dark=False)[name]
    known = {
        "x",
        "y",
        "type",
        "mode",
        "line",
        "marker",
        "fill",
        "fillcolor",
        "hovertext",
        "hoverinfo",
        "hovertemplate",
        "customdata",
        "text",
    }
    known |= {"textfont", "textposition", "yaxis", "cliponaxis", "opacity", "orientation", "name", "width", "insidetextanchor", "textangle"}
    for trace in chart.data:
        assert trace["type"] in ("scatter", "bar")
        assert set(trace) <= known | {"constraintext"}
        assert len(trace["x"]) == len(trace["y"])
        assert trace.get("fill") in (None, "tonexty", "toself")
    assert {s["type"] for s in chart.layout["shapes"]} <= {"rect", "line"}
    for axis in (value for key, value in chart.layout.items() if key[1:].startswith("axis")):
        assert "range" in axis


def test_dots_of_rates_stand_at_the_shares() -> None:
    rates = rates_of(DATA.outcomes["Best"][:1], PANELS, MADE)
    chart = rates_chart(rates, title="T", below="b", dark=False, name="rates")
    drawn = [x for trace in chart.data if trace["mode"] == "markers" for x in trace["x"]]
    assert sorted(drawn) == pytest.approx(sorted(r.exact.value for r in rates), abs=1e-4)
    assert any(f"{rates[0].yes}/{rates[0].evaluable}" in t for t in texts(chart.layout))
    assert "nobody" in texts(rates_chart(rates_of(outcomes_of(CRS), PANELS, NOBODY), title="", below="", dark=False, name="r").layout)


def test_bands_of_the_flow_are_as_high_as_their_columns() -> None:
    found = flow(DATA, PANELS[0], None, MADE)
    chart = response_flow_chart(found, dark=False)
    boxes = [s for s in chart.layout["shapes"] if s["type"] == "rect"]
    height = sum(s["y1"] - s["y0"] for s in boxes if s["x0"] < 0)
    bands = [t for t in chart.data if t["x"][0] < 1]
    assert sum(t["y"][-1] - t["y"][0] for t in bands) == pytest.approx(height, abs=1e-3)
    assert len(chart.data) == len(found.to_frame())
    assert sum(s["y1"] - s["y0"] for s in boxes) * found.n / height == pytest.approx(found.n * len(found.visits), rel=1e-3)


def test_bars_of_grades_are_shares() -> None:
    bars = grade_bars((CRS,), PANELS, MADE)
    chart = grades_chart(bars, dark=False)
    total = np.sum([trace["x"] for trace in chart.data], axis=0)
    np.testing.assert_allclose(total, 1.0, atol=1e-4)
    assert len(grades_table(bars)) == len(bars) == len(chart.data[0]["x"])


def test_days_are_said_as_days() -> None:
    curves = day_curves(COHORT, CRS, PANELS, MADE)
    chart = onset_chart("CRS", curves[0], dark=False, x_max=last_day(curves))
    assert chart.layout["xaxis"]["tickvals"] == [0.0, 7.0, 14.0]
    assert "month" not in json.dumps(chart.data)
    at_risk = [trace for trace in chart.data if trace.get("yaxis") == "y2"]
    assert [int(t["text"][0]) for t in at_risk] == [c.n for c in curves[0]]


def test_panels_side_by_side_share_the_axis_of_the_marker() -> None:
    found = [marker_by_grade(COHORT, CRS, COHORT.columns["crp_d0"], 6.0, panel) for panel in PANELS]
    drawn = [marker_by_grade_chart(f, like=found[0], dark=False) for f in found]
    assert len({tuple(chart.layout["yaxis"]["range"]) for chart in drawn}) == 1
    points = sum(len(trace["x"]) for trace in drawn[0].data)
    assert points == found[0].n


def test_a_waterfall_falls() -> None:
    chart = waterfall_chart(depth(DATA, COHORT.columns["m_protein"], PANELS[0], MADE), dark=False)
    heights = dict(sorted((x, y) for trace in chart.data if trace["type"] == "bar" for x, y in zip(trace["x"], trace["y"], strict=True)))
    assert len(heights) == COHORT.n
    assert list(heights.values()) == sorted(heights.values(), reverse=True)
    dots = {tuple(trace["x"]) for trace in chart.data if trace["type"] == "scatter"}
    assert sum(map(len, dots)) == COHORT.n


def test_names_from_a_file_are_escaped() -> None:
    rates = rates_of(DATA.outcomes["Best"], [type(PANELS[0])("1", "<b>x</b>", PANELS[1].member)], MADE)
    chart = rates_chart(rates, title="<i>", below="<u>", dark=False, name="r")
    assert not any("<b>x" in t or "<i>" in t or "<u>" in t for t in texts(chart.layout))
