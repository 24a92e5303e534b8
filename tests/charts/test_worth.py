"""What a searched cutoff is worth, drawn."""

import dataclasses
import json

import numpy as np
import pytest

from cartograph.charts import theme
from cartograph.charts.worth import NAIVE, null_chart, tenths_chart
from cartograph.views.board import prepare
from cartograph.views.explore import ExploreView, Marker, Origin
from cartograph.views.worth import CorrectedWorth, Stability, corrected_worth, resample, search, stability, worth
from tests.charts.conftest import texts
from tests.views.conftest import make_cohort


def told(cutoff: float = 300.0, origin: Origin = "searched", n: int = 200) -> tuple[Stability, CorrectedWorth]:
    view = ExploreView("pfs", (Marker("ferritin_d0", cutoff, origin),))
    board = prepare(make_cohort(n), view)
    of = worth(board, view)
    return stability(of, resample(board, replicates=100)), corrected_worth(of, search(board, permutations=300))


@pytest.fixture(scope="module")
def both() -> tuple[Stability, CorrectedWorth]:
    return told()


@pytest.mark.parametrize("dark", [False, True])
def test_plotly_accepts_both_figures_and_they_travel_as_json(both, dark):
    for chart in (tenths_chart(both[0], dark=dark), null_chart(both[1], dark=dark)):
        assert chart.figure().layout.paper_bgcolor == theme.ink(dark=dark).ground
        assert len(json.dumps([chart.data, chart.layout], allow_nan=False)) < 20_000
        assert {t["type"] for t in chart.data} == {"scatter"}
        assert {s["type"] for s in chart.layout["shapes"]} <= {"line", "rect"}


def test_every_tenth_has_its_bar_and_its_per_cent(both):
    found = both[0].found
    chart = tenths_chart(both[0], dark=False)
    bars, labels = [t for t in chart.data if t["mode"] == "lines"], chart.data[-1]
    np.testing.assert_allclose([max(b["y"]) for b in bars], found.tenth_share, atol=1e-4)
    assert labels["text"] == [f"{100 * s:.0f}" for s in found.tenth_share]
    assert chart.layout["yaxis"]["range"][1] > max(labels["y"])
    for i, bar in enumerate(bars):
        assert i < min(bar["x"]) < max(bar["x"]) < i + 1
    assert chart.layout["xaxis"]["tickvals"] == [0, 2, 4, 6, 8, 10]
    assert chart.table()["share"].tolist() == found.tenth_share.tolist()


def test_range_best_and_current_cutoff_stand_at_their_ranks(both):
    found = both[0].found
    layout = tenths_chart(both[0], dark=False).layout
    rect, best, here = layout["shapes"]
    assert (rect["x0"], rect["x1"]) == pytest.approx((found.place(found.range_low), found.place(found.range_high)), abs=1e-3)
    assert best["x0"] == pytest.approx(found.place(found.cutoff), abs=1e-3)
    assert here["x0"] == pytest.approx(found.place(300.0), abs=1e-3)
    assert here["line"]["dash"] == "dash"
    assert f"<b>best {found.cutoff:g}</b>" in texts(layout)
    assert "on screen 300" in texts(layout)
    assert any("shaded: 95" in words for words in texts(layout))


def test_a_label_does_not_stand_on_the_line_of_the_best_cutoff(both):
    found = both[0].found
    labels = tenths_chart(both[0], dark=False).data[-1]
    at = found.place(found.cutoff)
    assert min(abs(x - at) for x in labels["x"]) > 0.15


def test_the_null_distribution_is_split_at_the_statistic_on_screen(both):
    of = both[1]
    chart = null_chart(of, dark=False)
    below, above = chart.data
    assert max(below["x"]) == pytest.approx(of.statistic, abs=1e-3)
    assert min(above["x"]) == pytest.approx(of.statistic, abs=1e-3)
    assert max([*below["y"], *above["y"]]) == of.counts.max()
    at = [s["x0"] for s in chart.layout["shapes"]]
    assert at == pytest.approx([NAIVE, of.found.statistic, of.statistic], abs=1e-3)
    assert any(f"corrected p = {of.here.p_value:.3f}" in words for words in texts(chart.layout))
    assert "naive p 0.05" in texts(chart.layout)
    low, high = chart.layout["xaxis"]["range"]
    assert low <= of.edges[0]
    assert high > max(of.edges[-1], of.found.statistic)
    table = chart.table()
    assert table["permutations"].sum() == 300
    assert table["statistic_of_best"].eq(of.found.statistic).all()


def test_a_cutoff_fixed_beforehand_shows_no_corrected_p():
    chart = null_chart(told(337.0, "normal")[1], dark=False)
    assert not any("corrected" in words for words in texts(chart.layout))


def test_the_best_cutoff_on_screen_has_one_line_and_one_outside_the_window_none():
    _, first = told()
    _, best = told(first.found.cutoff)
    assert len(null_chart(best, dark=False).layout["shapes"]) == 2
    out, outside = told(1e6)
    shapes = null_chart(outside, dark=False).layout["shapes"]
    assert [s["line"]["dash"] for s in shapes] == ["dot", "dash"]
    assert len(tenths_chart(out, dark=False).layout["shapes"]) == 2


def test_a_huge_statistic_keeps_the_ticks_few(both):
    found = dataclasses.replace(both[1].found, statistic=31.0)
    axis = null_chart(dataclasses.replace(both[1], found=found, statistic=31.0), dark=False).layout["xaxis"]
    assert axis["range"][1] > 31
    assert len(axis["tickvals"]) <= 10


def test_nothing_to_search_gives_empty_panels_with_the_reason():
    view = ExploreView("pfs", (Marker("ferritin_d0", 300.0),))
    cohort = make_cohort(40)
    board = prepare(dataclasses.replace(cohort, patients=cohort.patients.assign(pfs_event=0.0)), view)
    of = worth(board, view)
    for chart in (tenths_chart(stability(of, resample(board)), dark=False), null_chart(corrected_worth(of, search(board)), dark=False)):
        assert chart.data == []
        assert any("no events" in words for words in texts(chart.layout))
        chart.figure()
        assert chart.table().empty or chart.table()["share"].isna().all()
