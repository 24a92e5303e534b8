"""Cells, points and lines of the Correlations page."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from cartograph.charts import theme
from cartograph.charts.correlation import CONSTRUCTED, EDGE, matrix_chart, matrix_height, pair_chart
from cartograph.charts.paired import KIND_OF, paired_lines_chart, paired_scatter_chart
from cartograph.charts.spec import Chart
from cartograph.cohort import Cohort, read_cohort
from cartograph.views.correlations import default_columns, matrix, offered_columns, pair, timed
from cartograph.views.defaults import default_view
from cartograph.views.explore import ExploreView, Marker
from sample_data import sample_files
from tests.charts.conftest import texts
from tests.views.odd_cohort import LONG, odd_cohort
from tests.views.test_correlations import two_times

MAYO = read_cohort(sample_files("mayo-like"))
VIEW = default_view(MAYO)
KEYS = default_columns(MAYO)
PHONE = 330


def drawable(chart: Chart) -> None:
    """Plotly accepts it, JSON carries it, and no word is a file's mark or a number that is none."""
    chart.figure()
    text = json.dumps({"data": chart.data, "layout": chart.layout}, allow_nan=False)
    assert "nan" not in text.lower()
    assert len(chart.table().columns) > 2


def cell_texts(chart: Chart) -> list[str]:
    return [t for trace in chart.data if trace.get("mode") == "text" for t in trace["text"]]


def odd_matrix(cohort: Cohort | None = None):
    cohort = cohort or odd_cohort()
    return matrix(cohort, ExploreView(split=""), ("same", "age", "wordy", "ferritin_d0", "cmax"), "kendall")


# ---------------------------------------------------------------- the matrix
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("keys", [(), KEYS[:1], KEYS[:2], KEYS, tuple(c.key for c in offered_columns(MAYO))[:12]])
def test_a_matrix_of_any_size_can_be_drawn(keys, dark):
    result = matrix(MAYO, VIEW, keys, "spearman")
    chart = matrix_chart(result, dark=dark)
    drawable(chart)
    assert chart.layout["height"] == matrix_height(result)
    assert sum(len(t["x"]) for t in chart.data if t["type"] == "bar") == len(result.found.places)


def test_every_cell_has_its_coefficient_its_patients_and_its_colour():
    result = matrix(MAYO, VIEW, ("ferritin_d0", "ferritin_pre", "age"), "spearman")
    chart = matrix_chart(result, dark=False)
    built, _ = result.pair(0, 1)
    assert f"<b>{built.value:.2f}{CONSTRUCTED}</b>".replace("0.", ".") in cell_texts(chart)
    assert str(built.n) in cell_texts(chart)
    bars = {(base, y): t["marker"]["color"] for t in chart.data if t["type"] == "bar" for base, y in zip(t["base"], t["y"], strict=True)}
    assert len(bars) == 3
    assert theme.strength_colour(built.value, dark=False) in bars.values()
    hover = next(h for t in chart.data if t["type"] == "bar" for h in t["hovertext"] if "linked by construction" in h)
    assert f"{built.n} patients with both, {built.n_missing} without" in hover
    assert "q < 0.001" in hover
    assert "6 missing" in texts(chart.layout)


def test_only_a_small_q_is_bold():
    result = matrix(MAYO, VIEW, KEYS, "spearman")
    bold = [t for t in cell_texts(matrix_chart(result, dark=False)) if t.startswith("<b>") and "." in t]
    assert len(bold) == int((result.found.q_values < 0.05).sum())


def test_what_cannot_be_estimated_is_a_dash_with_its_reason():
    chart = matrix_chart(odd_matrix(), dark=True)
    drawable(chart)
    assert cell_texts(chart).count("\u2013") == 4
    hover = [h for t in chart.data if t["type"] == "bar" for h in t["hovertext"]]
    assert sum("not estimable: every patient has the same value" in h for h in hover) == 4


def test_long_names_and_marks_of_a_file_stay_inside():
    cohort = odd_cohort()
    columns = {**cohort.columns, "age": replace(cohort.columns["age"], label="<b>Age</b><br>")}
    chart = matrix_chart(odd_matrix(replace(cohort, columns=columns)), dark=False)
    assert not any("<br>Age" in t or "<b>Age" in t for t in texts(chart.layout))
    assert LONG not in " ".join(texts(chart.layout))
    assert max(len(t) for t in texts(chart.layout)) * 5.6 < PHONE


def test_the_narrowest_cell_holds_its_words():
    keys = tuple(c.key for c in offered_columns(MAYO))[:12]
    chart = matrix_chart(matrix(MAYO, VIEW, keys, "spearman"), dark=False)
    width = (PHONE - 2 * EDGE) / chart.layout["xaxis"]["range"][1]
    longest = max(len(t.replace("<b>", "").replace("</b>", "")) for t in cell_texts(chart))
    assert longest <= 5  # '−.62°'
    assert width > 25


@pytest.mark.parametrize("dark", [False, True])
def test_colours_of_strength_grow_and_can_be_read(dark):
    steps = [theme.strength_colour(v, dark=dark) for v in (-1, -0.6, -0.4, -0.2, 0, 0.2, 0.4, 0.6, 1)]
    assert len(set(steps)) == 9
    assert all(theme.contrast(theme.text_on(c), c) >= 4.5 for c in steps)
    ground = [theme.contrast(c, theme.ink(dark=dark).ground) for c in steps]
    assert ground[4:] == sorted(ground[4:])
    assert ground[:5] == sorted(ground[:5], reverse=True)


# ---------------------------------------------------------------- one pair
@pytest.mark.parametrize("ranks", [False, True])
@pytest.mark.parametrize("dark", [False, True])
def test_points_groups_and_cutoffs(ranks, dark):
    view = replace(VIEW, markers=(Marker("ferritin_d0", 337.0), Marker("crp_d0", 8.0)))
    result = pair(MAYO, view, ("ferritin_d0", "crp_d0"), "spearman", 0.02)
    chart = pair_chart(result, dark=dark, ranks=ranks)
    drawable(chart)
    assert sum(len(t["x"]) for t in chart.data) == result.found.n
    assert [t["marker"]["symbol"] for t in chart.data] == ["circle", "diamond", "triangle-up"]
    assert len(chart.layout["shapes"]) == 2
    assert {"337", "8"} <= set(texts(chart.layout))
    assert "q = 0.020" in chart.alt
    assert any("52 patients with both" in t for t in texts(chart.layout))
    wanted = result.rank_cutoffs if ranks else result.cutoffs
    assert [chart.layout["shapes"][0]["x0"], chart.layout["shapes"][1]["y0"]] == list(wanted)


def test_a_skewed_measurement_has_a_logarithmic_axis():
    chart = pair_chart(pair(MAYO, VIEW, ("ferritin_d0", "age"), "kendall", math.nan), dark=False)
    assert (chart.layout["xaxis"]["type"], chart.layout["yaxis"]["type"]) == ("log", "linear")
    low, high = chart.layout["xaxis"]["range"]
    values = MAYO.patients["ferritin_d0"].dropna()
    assert low < math.log10(values.min())
    assert high > math.log10(values.max())
    assert "q not given" in chart.alt


def test_a_cutoff_beyond_the_axis_and_empty_pairs_draw_no_line():
    view = replace(VIEW, markers=(Marker("ferritin_d0", 1e9),))
    assert pair_chart(pair(MAYO, view, ("ferritin_d0", "age"), "spearman", 0.5), dark=False).layout["shapes"] == []
    cohort = odd_cohort()
    nobody = replace(cohort, patients=cohort.patients.assign(age=np.nan))
    chart = pair_chart(pair(nobody, ExploreView(split=""), ("age", "wordy"), "spearman", math.nan), dark=False, ranks=True)
    drawable(chart)
    assert "not estimable: fewer than 4 pairs" in chart.alt
    assert max(len(t.replace("<b>", "").replace("</b>", "")) for t in texts(chart.layout)) * 5.6 < PHONE


# ---------------------------------------------------------------- two time points
@pytest.mark.parametrize("make", [paired_lines_chart, paired_scatter_chart])
@pytest.mark.parametrize("dark", [False, True])
def test_both_time_points_are_drawn_for_everybody_who_has_them(make, dark):
    result = timed(MAYO, VIEW, "crp_pre", "crp_d0")
    chart = make(result, dark=dark)
    drawable(chart)
    assert any("stays" in t for t in texts(chart.layout))
    assert result.sentence in chart.alt
    assert "cutoff 8: Mayo Arizona" in texts(chart.layout)


def test_each_patient_is_a_line_and_the_medians_are_bold():
    result = timed(MAYO, VIEW, "ferritin_pre", "ferritin_d0")
    *lines, medians = paired_lines_chart(result, dark=False).data
    drawn = [y for trace in lines for y in trace["y"] if y is not None]
    assert sorted(drawn) == sorted([*result.values[0].tolist(), *result.values[1].tolist()])
    assert medians["y"] == [245.5, 266.5]
    assert sum(trace["x"].count(None) for trace in lines) == result.change.n


def test_who_crosses_stands_beyond_the_cutoffs():
    view = ExploreView(markers=(Marker("hb_pre", 10.0), Marker("hb_d0", 10.5)))
    result = timed(two_times(), view, "hb_pre", "hb_d0")
    chart = paired_scatter_chart(result, dark=False)
    by_symbol = {t["marker"]["symbol"]: t for t in chart.data if "marker" in t}
    rises, falls = by_symbol["triangle-up"], by_symbol["square"]
    assert all(x <= 10.0 for x in rises["x"])
    assert all(y > 10.5 for y in rises["y"])
    assert all(x > 10.0 for x in falls["x"])
    assert all(y <= 10.5 for y in falls["y"])
    assert len(rises["x"]) == result.crossed.low_high == sum(KIND_OF[m] == "rises" for m in result.moves)
    assert f"low \u2192 high {result.crossed.low_high}" in texts(chart.layout)
    assert [s["y0"] for s in paired_lines_chart(result, dark=False).layout["shapes"]] == [10.0, 10.5]
    assert chart.layout["xaxis"]["range"] == chart.layout["yaxis"]["range"]


@pytest.mark.parametrize("make", [paired_lines_chart, paired_scatter_chart])
@pytest.mark.parametrize("n", [1, 2, 9])
def test_few_patients_can_be_drawn(make, n):
    drawable(make(timed(two_times(n), ExploreView(), "hb_pre", "hb_d0"), dark=False))


def test_a_cutoff_beyond_the_axis_is_not_drawn():
    view = ExploreView(markers=(Marker("hb_pre", 500.0),))
    result = timed(two_times(), view, "hb_pre", "hb_d0")
    assert paired_lines_chart(result, dark=False).layout["shapes"] == []
    assert paired_scatter_chart(result, dark=False).layout["shapes"] == []
