"""What the figure and the slider send to the browser."""

import json

import pandas as pd
import pytest

from cartograph.charts.km import km_chart
from cartograph.charts.spec import Chart
from cartograph.cohort.model import Cutoff
from components.figure import SYNTHETIC_LINE, csv_text, figure_data, to_bytes
from components.live_cutoff.track import mark_name, slider_data
from tests.charts.conftest import make_distribution, texts


@pytest.mark.parametrize("synthetic", [False, True])
def test_a_figure_of_synthetic_data_says_so_everywhere(panel, synthetic):
    chart = km_chart(panel, x_max=24.0, dark=False)
    sent = json.loads(to_bytes(figure_data(chart, height=430, synthetic=synthetic)))
    assert ("SYNTHETIC data" in texts(sent["figure"]["layout"])) == synthetic
    assert ("SYNTHETIC" in sent["name"]) == synthetic
    assert ("SYNTHETIC" in sent["alt"]) == synthetic
    assert csv_text(chart, synthetic=synthetic).startswith(SYNTHETIC_LINE) == synthetic
    assert "SYNTHETIC data" not in texts(chart.layout)  # the chart itself stays as it was


def test_where_the_cutoff_came_from_stands_on_the_figure_and_in_its_numbers(panel):
    chart = km_chart(panel, x_max=24.0, dark=False)
    words = "Cutoff 337: moved by hand <b>"
    sent = figure_data(chart, height=430, synthetic=False, provenance=words)
    assert "Cutoff 337: moved by hand &lt;b&gt;" in texts(sent["figure"]["layout"])
    assert words in sent["alt"]
    assert csv_text(chart, synthetic=True, provenance=words).splitlines()[:2] == [SYNTHETIC_LINE, f"# {words}"]


def test_the_numbers_travel_only_when_asked_for(panel):
    chart = km_chart(panel, x_max=24.0, dark=False)
    assert "csv" not in figure_data(chart, height=430, synthetic=False)
    sent = figure_data(chart, height=430, synthetic=False, nonce="1")
    assert sent["csv"]["nonce"] == "1"
    assert len(sent["csv"]["text"].splitlines()) == 1 + len(chart.table())


@pytest.mark.parametrize("cell", ["=cmd()", "+1", "-2", "@x"])
def test_a_spreadsheet_runs_nothing_from_a_csv(panel, cell):
    chart = km_chart(panel, x_max=24.0, dark=False)
    bad = Chart("x", chart.data, chart.layout, "", lambda: pd.DataFrame({"group": [cell], "value": [-1.5]}))
    assert csv_text(bad, synthetic=False).splitlines()[1] == f"'{cell},-1.5"


def test_the_slider_gets_real_values_marks_inside_its_range_and_the_words():
    shape = make_distribution()
    ticks = (Cutoff(337, "upper limit of normal (Mayo)", "Mayo 2025", "normal"), Cutoff(1e9, "far away", "nobody"))
    sent = slider_data(shape, 337.0, ticks, dark=False, acknowledged=4)
    assert sent["values"] == shape.values.tolist()
    assert [m["name"] for m in sent["marks"]] == ["337 ULN"]
    assert sent["label"] == "Cutoff of Ferritin, day 0"
    assert sent["acknowledged"] == 4
    json.dumps(sent, allow_nan=False)


@pytest.mark.parametrize(
    ("tick", "name"),
    [(Cutoff(400, "Cheng & Song, most used", "x"), "400 Cheng"), (Cutoff(5, "", "x"), "5"), (Cutoff(5, "averyveryverylongword", "x"), "5")],
)
def test_marks_have_short_names(tick, name):
    assert mark_name(tick) == name
