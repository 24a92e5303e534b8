import itertools
import math

import pytest

from cartograph.charts.response import response_chart, response_height
from tests.charts.conftest import make_response, texts


@pytest.mark.parametrize("dark", [False, True])
def test_plotly_accepts_the_figure(responses, dark):
    figure = response_chart(*responses, dark=dark).figure()
    assert {t.type for t in figure.data} == {"bar"}


def test_each_bar_is_one_hundred_per_cent_of_the_evaluable(responses):
    chart = response_chart(*responses, dark=False)
    for row in range(len(responses[0])):
        assert sum(t["x"][row] for t in chart.data) == pytest.approx(1, abs=1e-4)
    assert "NE" not in {t["name"] for t in chart.data}


def test_shares_and_counts_are_those_of_the_result(responses):
    groups, tests = responses
    chart = response_chart(groups, tests, dark=False)
    for trace in chart.data:
        for row, group in enumerate(groups):
            count = dict(group.counts)[trace["name"]]
            assert trace["x"][row] == pytest.approx(count / group.evaluable, abs=1e-5)
            assert trace["text"][row] == (str(count) if count else "")


def test_rates_denominators_and_p_are_printed(responses):
    words = texts(response_chart(*responses, dark=False).layout)
    assert "88\u2009%" in words  # 7 of 8
    assert "50\u2009%" in words
    assert words.count("8/11") == 4
    assert "Month 1 \u00b7 Fisher: ORR p = 0.032, CR p = 0.400" in words
    assert any(w.startswith("<b>ide-cel</b>") and "no p: fewer than 10 evaluable" in w for w in words)


def test_rows_do_not_share_their_place(responses):
    chart = response_chart(*responses, dark=False)
    rows = chart.data[0]["y"]
    assert all(b - a >= 1 for a, b in itertools.pairwise(rows))
    assert rows[-1] < chart.layout["yaxis"]["range"][0]


def test_a_group_without_evaluable_patients_says_so_and_has_no_bar():
    groups = [make_response("All", "low", "\u2264 9", "Month 1", {"NE": 2}), make_response("All", "high", "> 9", "Month 1", {"CR": 3})]
    chart = response_chart(groups, [], dark=False)
    assert all(t["x"][0] == 0 for t in chart.data)
    assert "0/3" in texts(chart.layout)
    assert math.isnan(chart.table()["ORR"][0])
    chart.figure()


def test_more_rows_ask_for_more_height(responses):
    groups, _ = responses
    assert response_height(groups) > response_height(groups[:4]) > 100


def test_the_table_holds_counts_rates_and_tests(responses):
    table = response_chart(*responses, dark=False).table()
    assert len(table) == 8
    assert table.loc[0, ["panel", "visit", "group", "n", "evaluable", "sCR", "NE"]].tolist() == [
        "All",
        "Month 1",
        "\u2264 337",
        11,
        8,
        4,
        2,
    ]
    assert table.loc[0, "ORR_p_fisher"] == 0.0321
    assert table.loc[7, "ORR_p_reason"] == "fewer than 10 evaluable patients in a group"


def test_no_response_at_all_is_an_empty_figure_that_plotly_accepts():
    response_chart([], [], dark=False).figure()
