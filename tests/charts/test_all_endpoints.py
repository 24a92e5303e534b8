"""The strip: dots and limits are the result's, hazard and odds ratios are apart and named, words say what is withheld."""

import math
from dataclasses import replace

import pytest

from cartograph import format as fmt
from cartograph.charts.all_endpoints import all_endpoints_chart, all_endpoints_height, all_endpoints_table
from cartograph.stats.results import Estimate
from cartograph.views.all_endpoints import AllEndpoints, EndpointCell, EndpointColumn, EndpointRow
from cartograph.views.explore import Comparison, ExploreView
from tests.charts.conftest import texts

NAN, INF = float("nan"), float("inf")


def cell(column: str, value: float, low: float, high: float, *, p: float = 0.012, q: float = 0.031, reason: str = "") -> EndpointCell:
    return EndpointCell(column, 29, 23, 9, 12, 0, 3, Estimate(value, low, high, "Cox, Efron ties"), p, q, "Wald", reason)


def row(key: str, measure: str, *cells: EndpointCell, interaction: float | None = 0.2) -> EndpointRow:
    test = None if interaction is None else Comparison("interaction", None, interaction, "likelihood ratio", "")
    section = "time to event" if measure == "HR" else "response"
    return EndpointRow(key, key.upper(), "progression or death", section, measure, cells, test, 0.4)  # type: ignore[arg-type]


@pytest.fixture
def result() -> AllEndpoints:
    few = "fewer than 10 patients in a group"
    rows = (
        row("pfs", "HR", cell("all", 3.1, 1.4, 6.9), cell("0", 1.2, 0.02, 70.0, p=NAN, q=NAN, reason=few)),
        row("os", "HR", cell("all", NAN, NAN, NAN, p=NAN, q=NAN, reason="no events"), cell("0", 0.5, 0.2, 0.9), interaction=None),
        row("orr", "OR", cell("all", 0.0, 0.0, 0.42), cell("0", INF, 2.1, INF)),
        row("cr", "OR", cell("all", 500.0, 2.0, 9000.0), cell("0", 1.0, 0.5, 2.0), interaction=NAN),
    )
    columns = (EndpointColumn("all", "All", 55), EndpointColumn("0", "cilta-cel <b>", 35))
    return AllEndpoints(ExploreView(), "Ferritin \u2264 337 µg/L", "Ferritin > 337 µg/L", columns, rows, 11, ())


def drawn(chart, symbol: str) -> list[tuple[str, list]]:
    """(horizontal axis, x) of the traces with a symbol."""
    return [(t["xaxis"], t["x"]) for t in chart.data if t.get("marker", {}).get("symbol") == symbol]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("columns", [None, ["all"], ["0"]])
def test_plotly_accepts_the_strip(result, columns, dark):
    figure = all_endpoints_chart(result, dark=dark, columns=columns).figure()
    assert {t.type for t in figure.data} == {"scatter"}


def test_hazard_and_odds_ratios_are_apart_and_named(result):
    chart = all_endpoints_chart(result, dark=False)
    assert drawn(chart, "circle") == [("x", [3.1, None]), ("x3", [1.2, 0.5])]
    assert drawn(chart, "diamond") == [("x2", [None, None]), ("x4", [None, 1.0])]  # 0, infinity and 500 lie beyond the axis
    titles = {name: chart.layout[name]["title"]["text"] for name in ("xaxis", "xaxis2", "xaxis3", "xaxis4")}
    assert titles["xaxis"] == titles["xaxis3"] == "hazard ratio, log scale"
    assert titles["xaxis2"] == titles["xaxis4"] == "odds ratio, log scale"
    assert chart.layout["yaxis"]["domain"][0] > chart.layout["yaxis2"]["domain"][1]
    words = texts(chart.layout)
    assert "Hazard ratio (HR): above 1, events come earlier with high" in words
    assert "Odds ratio (OR): above 1, more often with high" in words


def test_limits_end_in_a_mark_unless_they_go_on_beyond_the_axis(result):
    chart = all_endpoints_chart(result, dark=False)
    lines = {t["xaxis"]: t["x"] for t in chart.data if t["mode"] == "lines"}
    assert lines["x"] == [1.4, 6.9, None, None, None, None]
    assert lines["x3"] == [0.1, 10.0, None, 0.2, 0.9, None]
    assert lines["x2"] == [0.03, 0.42, None, 2.0, 30.0, None]
    assert lines["x4"] == [2.1, 30.0, None, 0.5, 2.0, None]
    ends = dict(drawn(chart, "line-ns"))
    assert ends["x3"] == [None, 0.2, None, 0.9]
    assert ends["x2"] == [None, 2.0, 0.42, None]


def test_ratio_p_q_counts_and_reasons_are_in_words(result):
    words = texts(all_endpoints_chart(result, dark=False).layout)
    for expected in ("HR 3.1 (1.4\u20136.9)", "OR 0 (0\u20130.42)", "OR \u221e (2.1\u2013\u221e)", "HR not estimable"):
        assert expected in words
    assert words.count("p = 0.012, q = 0.031") == 6
    assert words.count("12/23 vs 9/29, 3 missing") == 8
    assert "no p: under 10 in a group" in words
    assert "no p: no events" in words
    assert "<b>PFS</b>\u2003interaction p = 0.200, q = 0.400" in words
    assert "<b>OS</b>" in words
    assert "q: p adjusted over all 11 tests here (Benjamini-Hochberg)." in words
    assert "p: Wald or, for Firth, likelihood ratio with HR; Fisher with OR." in words
    assert "Products side by side: unadjusted, not randomised." in words
    assert "Unadjusted." in texts(all_endpoints_chart(result, dark=False, columns=["all"]).layout)
    assert "High: Ferritin &gt; 337 µg/L" in words


def test_every_row_can_be_hovered_and_gives_its_counts(result):
    chart = all_endpoints_chart(result, dark=False)
    points = [t for t in chart.data if "hovertext" in t]
    assert all(v is not None for t in points for v in t["x"])
    said = points[1]["hovertext"][0]
    assert "cilta-cel &lt;b&gt;" in said
    assert "high: 12 of 23 patients" in said
    assert "no p: fewer than 10 patients in a group" in said
    assert "3 patients without the endpoint or a marker" in said


def test_one_column_for_a_phone_has_all_rows_and_the_whole_width(result):
    chart = all_endpoints_chart(result, dark=False, columns=["0"])
    assert {t["xaxis"] for t in chart.data} == {"x", "x2"}
    assert drawn(chart, "circle") == [("x", [1.2, 0.5])]
    assert chart.layout["xaxis"]["domain"] == [0, 0.47]
    assert not any(w.startswith("<b>All") for w in texts(chart.layout))


def test_an_unknown_or_no_column_is_refused(result):
    for wrong in (["7"], []):
        with pytest.raises(ValueError, match="some of 'all', '0'"):
            all_endpoints_chart(result, dark=False, columns=wrong)


def test_a_cohort_with_one_kind_of_endpoint_has_one_block(result):
    only = replace(result, rows=result.rows[2:])
    chart = all_endpoints_chart(only, dark=False)
    assert drawn(chart, "circle") == []
    assert chart.layout["yaxis"]["domain"][0] == pytest.approx(0, abs=1e-4)
    assert all_endpoints_height(only) < all_endpoints_height(result)
    nothing = all_endpoints_chart(replace(result, rows=()), dark=True)
    assert "No endpoint in this cohort" in texts(nothing.layout)
    nothing.figure()


def test_rows_are_as_high_as_the_height_allows(result):
    chart = all_endpoints_chart(result, dark=False)
    assert chart.layout["height"] == all_endpoints_height(result)
    domains = [chart.layout[name]["domain"] for name in ("yaxis", "yaxis2")]
    assert domains[0][1] == 1
    assert domains[1][0] == pytest.approx(0, abs=1e-4)


def test_firth_is_named_and_patients_between_are_counted(result):
    first = result.rows[0].cells[0]
    firth = replace(first, estimate=Estimate(3.1, 1.4, 6.9, "Firth, Efron ties, profile limits"), n_mixed=7)
    changed = replace(result, rows=(replace(result.rows[0], cells=(firth, result.rows[0].cells[1])),))
    chart = all_endpoints_chart(changed, dark=False)
    assert "HR 3.1 (1.4\u20136.9) Firth" in texts(chart.layout)
    assert any("7 patients with one marker high left out" in t["hovertext"][0] for t in chart.data if "hovertext" in t)


def test_the_table_holds_everything(result):
    table = all_endpoints_table(result)
    assert len(table) == 8
    assert table.loc[0, ["endpoint", "column", "measure", "n_high", "events_high", "p_value"]].tolist() == [
        "PFS",
        "All",
        "HR high vs low",
        23,
        12,
        0.012,
    ]
    assert table.loc[1, "reason"] == "fewer than 10 patients in a group"
    assert math.isnan(table.loc[2, "interaction_p"])
    assert "OR high vs low" in set(table["measure"])


def test_the_words_for_those_who_cannot_see_it(result):
    alt = all_endpoints_chart(result, dark=False, columns=["all"]).alt
    assert "PFS, All: HR 3.1 (1.4\u20136.9), p = 0.012, q = 0.031" in alt
    assert "cilta-cel" not in alt


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ((2.0, 1.1, 3.9), "2.0 (1.1\u20133.9)"),
        ((0.0, 0.0, 0.42), "0 (0\u20130.42)"),
        ((INF, 2.1, INF), "\u221e (2.1\u2013\u221e)"),
        ((NAN, 0.0, INF), "not estimable"),
    ],
)
def test_an_odds_ratio_with_an_empty_cell_keeps_its_one_limit(limits, words):
    assert fmt.odds_with_limits(*limits) == words
