import itertools
import json

import numpy as np
import pytest

from cartograph.charts import theme
from cartograph.charts.km import LABEL, LABEL_LINES, km_chart
from tests.charts.conftest import make_group, make_panel, texts


def lines(chart):
    """(strong, faint) trace of each group."""
    found = [t for t in chart.data if t["type"] == "scatter" and t["mode"] == "lines" and "customdata" in t]
    return list(zip(found[::2], found[1::2], strict=True))


@pytest.mark.parametrize("dark", [False, True])
def test_plotly_accepts_the_figure(panel, dark):
    figure = km_chart(panel, x_max=24.0, dark=dark, endpoint="PFS").figure()
    assert figure.layout.yaxis.range == (0, 1.015)
    assert figure.layout.paper_bgcolor == theme.ink(dark=dark).ground


def test_the_drawn_steps_are_the_curve(panel):
    chart = km_chart(panel, x_max=24.0, dark=False)
    for group, (strong, faint) in zip(panel.groups, lines(chart), strict=True):
        x, y = np.array(strong["x"] + faint["x"]), np.array(strong["y"] + faint["y"])
        asked = np.linspace(0.05, min(24.0, float(group.curve.time[-1])) - 0.05, 200)
        drawn = y[np.searchsorted(x, asked, side="right") - 1]
        near_a_step = np.abs(asked[:, None] - group.curve.time).min(axis=1) < 0.001  # coordinates are rounded to 0.001 months
        np.testing.assert_allclose(drawn[~near_a_step], group.curve.at(asked)["survival"].to_numpy()[~near_a_step], atol=5.1e-5)


def test_curves_start_at_one_and_end_with_the_axis(panel):
    for strong, faint in lines(km_chart(panel, x_max=12.0, dark=False)):
        assert (strong["x"][0], strong["y"][0]) == (0.0, 1.0)
        assert max(strong["x"] + faint["x"]) <= 12.0


def test_a_curve_is_faint_where_fewer_than_a_tenth_remain():
    group = make_group("low", "\u2264 337", 60)
    strong, faint = lines(km_chart(make_panel(group), x_max=36.0, dark=False))[0]
    first = group.curve.time[np.flatnonzero(group.curve.at_risk < 6)[0]]
    assert strong["x"][-1] == pytest.approx(first, abs=0.001)
    assert faint["x"][0] == pytest.approx(first, abs=0.001)
    assert faint["opacity"] == theme.FAINT < strong["opacity"]


def test_the_table_under_the_curves_stands_on_the_ticks(panel):
    chart = km_chart(panel, x_max=24.0, dark=False)
    ticks = chart.layout["xaxis"]["tickvals"]
    tables = [t for t in chart.data if t["mode"] == "text"]
    for group, table in zip(panel.groups, tables, strict=True):
        expected = group.curve.at(ticks)
        cells = [int(v.replace(",", "")) for v in table["text"]]
        k = len(ticks)
        assert table["x"] == ticks * 3
        assert cells[:k] == expected["at_risk"].astype(int).tolist()
        assert cells[k : 2 * k] == expected["cum_events"].astype(int).tolist()
        assert cells[2 * k :] == expected["cum_censored"].astype(int).tolist()


def test_the_words_say_n_rule_median_and_what_is_missing(panel):
    words = texts(km_chart(panel, x_max=24.0, dark=False, endpoint="PFS").layout)
    assert "<b>cilta-cel</b>\u2003n = 52" in words
    assert "PFS \u00b7 3 not measured" in words
    high = next(w for w in words if w.startswith("<b>&gt; 337</b><br>"))
    assert "n = 22" in high
    assert f"median {panel.groups[1].median.value:.1f} mo" in high


@pytest.mark.parametrize("scale", [5.0, 20.0, 400.0])
def test_direct_labels_keep_apart(scale):
    roles = (("low", "both low"), ("mixed", "mixed"), ("high", "both high"))
    panel = make_panel(*(make_group(role, short, 40, seed=i, scale=scale) for i, (role, short) in enumerate(roles)))
    layout = km_chart(panel, x_max=24.0, dark=False).layout
    centres = sorted(-a["yshift"] for a in layout["annotations"] if a["text"].count("<br>") == LABEL_LINES - 1)
    assert len(centres) == 3
    assert all(b - a >= LABEL - 0.11 for a, b in itertools.pairwise(centres))
    plot = (1 - layout["yaxis"]["domain"][0]) * (layout["height"] - layout["margin"]["t"] - layout["margin"]["b"])
    assert centres[0] >= LABEL / 4 - 0.1
    assert centres[-1] <= plot - LABEL / 4 + 0.2


def test_a_median_not_reached_and_a_group_of_nobody_are_said():
    panel = make_panel(make_group("low", "\u2264 9", 12, scale=5000.0), make_group("high", "> 9", 0))
    chart = km_chart(panel, x_max=24.0, dark=False)
    words = " ".join(texts(chart.layout))
    assert "median NR" in words
    assert "no patients" in words
    assert "not estimable" in chart.alt
    chart.figure()


def test_a_panel_of_nobody_says_so():
    chart = km_chart(make_panel(make_group("all", "all", 0)), x_max=24.0, dark=False)
    assert "No patients with this endpoint and biomarker" in texts(chart.layout)
    chart.figure()


def test_the_structure_stays_when_the_cutoff_moves(panel):
    other = make_panel(make_group("low", "\u2264 5", 3), make_group("high", "> 5", 900, seed=4))
    one, two = (km_chart(p, x_max=24.0, dark=False) for p in (panel, other))
    assert [(t["type"], t["mode"]) for t in one.data] == [(t["type"], t["mode"]) for t in two.data]
    assert len(one.layout["annotations"]) == len(two.layout["annotations"]) + 1  # "3 not measured"


def test_limits_can_be_left_out(panel):
    bands = [t for t in km_chart(panel, x_max=24.0, dark=False, limits=False).data if t.get("fill") == "tonexty"]
    assert all(t["x"] == [] for t in bands)


def test_ten_thousand_patients_travel_light_and_the_table_is_whole():
    group = make_group("low", "\u2264 337", 10_000)
    chart = km_chart(make_panel(group), x_max=30.0, dark=False)
    assert len(json.dumps(chart.data, allow_nan=False)) < 120_000
    assert len(chart.table()) == len(group.curve.time)


def test_a_name_from_a_file_is_not_read_as_marks(panel):
    chart = km_chart(make_panel(*panel.groups, title="<b>x<br>"), x_max=24.0, dark=False)
    assert "<b>&lt;b&gt;x&lt;br&gt;</b>\u2003n = 52" in texts(chart.layout)


def test_an_impossible_axis_is_a_wrong_call(panel):
    with pytest.raises(ValueError, match="positive number of months"):
        km_chart(panel, x_max=0.0, dark=False)
