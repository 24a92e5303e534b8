"""The landscape and the sensitivity strip, drawn."""

import dataclasses
import json

import numpy as np
import pytest

from cartograph.charts import theme
from cartograph.charts.landscape import NAIVE, RATIO_ENDS, landscape_chart
from cartograph.charts.sensitivity import sensitivity_chart, sensitivity_height
from cartograph.cohort.model import Cutoff
from cartograph.stats.cutoff import cutoff_scan
from cartograph.views.board import prepare
from cartograph.views.explore import ExploreView, Marker
from cartograph.views.landscape import Landscape, landscape
from cartograph.views.sensitivity import SensitivityView, compute_sensitivity
from tests.charts.conftest import texts
from tests.views.conftest import make_cohort


def view(cutoff: float = 337.0, column: str = "ferritin_d0") -> ExploreView:
    return ExploreView("pfs", (Marker(column, cutoff),))


@pytest.fixture(scope="module")
def found() -> Landscape:
    return landscape(prepare(make_cohort(90), view()), view())


@pytest.fixture(scope="module")
def varied() -> SensitivityView:
    return compute_sensitivity(prepare(make_cohort(90), view()), view(), leave_out="product")


def lines(chart, axis):
    return [t for t in chart.data if t["mode"] == "lines" and t.get("yaxis", "y") == axis and t["hoverinfo"] == "text"]


@pytest.mark.parametrize("dark", [False, True])
def test_plotly_accepts_both_figures_and_they_travel_as_json(found, varied, dark):
    charts = [landscape_chart(found, p, dark=dark) for p in found.panels] + [sensitivity_chart(varied, p, dark=dark) for p in varied.panels]
    for chart in charts:
        assert chart.figure().layout.paper_bgcolor == theme.ink(dark=dark).ground
        assert len(json.dumps([chart.data, chart.layout], allow_nan=False)) < 150_000


def test_the_lines_are_the_scan(found):
    for panel in found.panels:
        chart = landscape_chart(found, panel, dark=False)
        scan = panel.scan
        expected = {"y": [np.clip(scan.hazard_ratio, *RATIO_ENDS)], "y2": [scan.chi2], "y3": [scan.events_low, scan.events_high]}
        for axis, wanted in expected.items():
            for trace, values in zip(lines(chart, axis), wanted, strict=True):
                assert trace["line"]["shape"] == "hv"
                np.testing.assert_allclose(trace["x"][:-1], scan.cutoff)
                np.testing.assert_allclose(trace["y"][:-1], values, atol=5.1e-5)
                assert trace["y"][-1] == trace["y"][-2]  # the last step ends at the next measured value
                assert trace["x"][-1] > trace["x"][-2]
                assert len(trace["hovertext"]) == len(trace["x"])
        best = next(t for t in chart.data if t["mode"] == "markers")
        assert best["x"] == [scan.cutoff[panel.best]]


def test_window_cutoff_published_and_naive_line_are_drawn(found):
    panel = found.panels[0]
    layout = landscape_chart(found, panel, dark=False).layout
    rect = next(s for s in layout["shapes"] if s["type"] == "rect")
    assert rect["x0"] == panel.window[0]
    at = [s["x0"] for s in layout["shapes"] if s["type"] == "line" and s["xref"] == "x"]
    assert at == [337, 400, 337.0]
    assert any(s["yref"] == "y2" and s["y0"] == NAIVE for s in layout["shapes"])
    assert {"naive 0.05", "337 ULN", "400 ULN", "low", "high"} <= set(texts(layout))


def test_the_words_give_the_ratio_of_the_current_cutoff(found):
    panel = found.panels[0]
    chart = landscape_chart(found, panel, dark=False)
    here = next(w for w in texts(chart.layout) if w.startswith("<b>&gt; 337"))
    assert f"HR {panel.here.hazard_ratio[0]:.1f}" in here
    assert "HR" in chart.alt
    assert "Largest log-rank statistic at" in chart.alt


def test_limits_beyond_the_axis_are_cut_and_that_is_said(found):
    wide = dataclasses.replace(found.panels[0].scan, ci_high=np.full(len(found.panels[0].scan.cutoff), 300.0))
    panel = dataclasses.replace(found.panels[0], scan=wide)
    chart = landscape_chart(found, panel, dark=False)
    assert "\u2191 HR high vs low, drawn from 0.1 to 10" in texts(chart.layout)
    assert max(chart.data[1]["y"]) == 10
    assert chart.table()["ci_high"].eq(300).all()  # the table is not cut


def test_names_of_close_cutoffs_do_not_touch():
    cohort = make_cohort(90)
    near = tuple(Cutoff(v, "Somebody et al", "x") for v in (300, 310, 320, 330, 340, 2000))
    column = dataclasses.replace(cohort.columns["ferritin_d0"], cutoffs=near)
    changed = dataclasses.replace(cohort, columns={**cohort.columns, "ferritin_d0": column})
    of = landscape(prepare(changed, view()), view())
    layout = landscape_chart(of, of.panels[0], dark=False).layout
    names = [a for a in layout["annotations"] if a["text"].endswith("Somebody")]
    assert 3 <= len(names) <= 6
    for one in names:
        for other in names:
            if one is not other and one["yshift"] == other["yshift"]:
                assert abs(one["x"] - other["x"]) * 232 >= 6.2 * 12 - 0.1
    assert sum(s["type"] == "line" and s["line"].get("dash") == "dot" for s in layout["shapes"]) == 6


def test_a_linear_axis_and_a_panel_without_cutoffs():
    cohort = make_cohort(60)
    column = dataclasses.replace(cohort.columns["ferritin_d0"], log_scale=False)
    patients = cohort.patients.assign(ferritin_d0=np.r_[np.full(59, 5.0), 5.0])
    changed = dataclasses.replace(cohort, patients=patients, columns={**cohort.columns, "ferritin_d0": column})
    of = landscape(prepare(changed, view(5.0)), view(5.0))
    chart = landscape_chart(of, of.panels[0], dark=False)
    assert chart.layout["xaxis"]["type"] == "linear"
    assert "No cutoff to compare" in texts(chart.layout)
    assert "No cutoff" in chart.alt
    chart.figure()
    assert chart.table().empty


def test_a_marker_with_two_values_has_a_visible_step():
    cohort = make_cohort(60)
    changed = dataclasses.replace(cohort, patients=cohort.patients.assign(crp_d0=np.where(np.arange(60) % 2, 1.0, 2.0)))
    of = landscape(prepare(changed, view(1.0, "crp_d0")), view(1.0, "crp_d0"))
    chart = landscape_chart(of, of.panels[0], dark=False)
    assert lines(chart, "y2")[0]["x"] == [1.0, 2.0]


def test_firth_is_named_where_it_stands(found):
    value, time = np.arange(40.0), np.random.default_rng(1).permutation(np.linspace(1, 20, 40))
    here = cutoff_scan(value, time, value >= 30, cutoffs=[20.0])
    panel = dataclasses.replace(found.panels[0], here=here)
    assert any("Firth" in w for w in texts(landscape_chart(found, panel, dark=False).layout))


# ---------------------------------------------------------------- the strip


def test_dots_and_limits_are_the_variants(varied):
    panel = varied.panels[0]
    chart = sensitivity_chart(varied, panel, dark=False)
    limits, dots, arrows = chart.data
    np.testing.assert_allclose(dots["x"], [v.hazard_ratio for v in panel.result.variants], atol=5.1e-5)
    assert len(set(dots["y"])) == len(panel.rows)
    assert limits["x"][2::3] == [None] * len(panel.rows)
    assert arrows["text"] == []
    assert chart.layout["height"] == sensitivity_height(panel)
    assert set(panel.rows) <= {t.replace("&gt;", ">") for t in texts(chart.layout)}
    assert "patient" not in chart.table().columns
    assert panel.sentence in chart.alt


def test_limits_beyond_the_strip_end_in_arrows_and_words(varied):
    panel = varied.panels[0]
    first = dataclasses.replace(panel.result.variants[0], ci_low=0.01, ci_high=99.0)
    gone = dataclasses.replace(panel.result.variants[1], hazard_ratio=np.nan, ci_low=np.nan, ci_high=np.nan)
    result = dataclasses.replace(panel.result, variants=(first, gone, *panel.result.variants[2:]))
    chart = sensitivity_chart(varied, dataclasses.replace(panel, result=result), dark=True)
    assert chart.data[0]["x"][:2] == [0.1, 10.0]
    assert len(chart.data[2]["text"]) == 2
    assert len(chart.data[1]["x"]) == len(panel.rows) - 1
    assert "end in an arrow" in chart.alt
    assert "not estimable" in texts(chart.layout)
    chart.figure()


def test_words_from_a_file_are_not_read_as_marks(varied):
    panel = dataclasses.replace(varied.panels[0], title="<b>x", rows=tuple(f"<br>{i}" for i in range(len(varied.panels[0].rows))))
    words = texts(sensitivity_chart(varied, panel, dark=False).layout)
    assert "&lt;br&gt;0" in words
    assert any("&lt;b&gt;x" in w for w in words)
