"""Figures of two products: mirrored histograms and differences of survival."""

from dataclasses import replace

import numpy as np
import pytest

from cartograph.charts.km import km_chart
from cartograph.charts.products import differences_chart, mirrored_chart
from cartograph.views.panels import MILESTONES
from cartograph.views.products import ProductsChoice, compare_products, default_choice
from cartograph.views.products_shown import score_histogram, weight_histogram
from tests.charts.conftest import texts
from tests.views.test_products import VIEW, grown


@pytest.fixture(scope="module")
def result():
    cohort = grown()
    return compare_products(cohort, VIEW, default_choice(cohort, VIEW))


@pytest.mark.parametrize("dark", [False, True])
def test_the_first_product_goes_up_and_the_second_down(result, dark):
    for of in (score_histogram(result), weight_histogram(result)):
        chart = mirrored_chart(of, dark=dark)
        chart.figure()
        up, down = (np.array(trace["y"]) for trace in chart.data)
        np.testing.assert_allclose(up, of.first, atol=1e-5)
        np.testing.assert_allclose(-down, of.second, atol=1e-5)
        assert max(up.max(), -down.min()) <= chart.layout["yaxis"]["range"][1]
        assert "-" not in "".join(chart.layout["yaxis"]["ticktext"])
        assert {"cilta-cel", "ide-cel"} <= set(chart.table().columns)
        assert "cilta-cel" in chart.alt


def test_lines_stand_at_the_common_support(result):
    chart = mirrored_chart(score_histogram(result), dark=False)
    dashed = [s["x0"] for s in chart.layout["shapes"] if s["line"].get("dash") == "dash"]
    assert dashed == [result.model.support.low, result.model.support.high]


@pytest.mark.parametrize("dark", [False, True])
def test_differences_are_drawn_where_they_are(result, dark):
    chart = differences_chart(result, dark=dark)
    chart.figure()
    plain, weighted = chart.data[1], chart.data[3]
    known = [e.value for e in result.unadjusted.milestones if np.isfinite(e.value)]
    np.testing.assert_allclose(plain["x"], known, atol=1e-4)
    assert plain["marker"]["symbol"] == "circle-open"
    assert weighted["marker"]["symbol"] == "circle"
    assert len(chart.table()) == 2 * len(MILESTONES)
    assert "cilta-cel minus ide-cel" in texts(chart.layout)


def test_without_weights_only_the_unadjusted_differences_stand(result):
    cohort = grown()
    chart = differences_chart(compare_products(cohort, VIEW, ProductsChoice("cilta-cel", "ide-cel", ())), dark=False)
    assert len(chart.data) == 2
    assert not any("weighted" in text for text in texts(chart.layout) if "un" not in text)


def test_names_from_a_file_are_shown_as_they_stand(result):
    of = replace(score_histogram(result), names=("<b>x</b>", "y" * 200), axis="<i>")
    chart = mirrored_chart(of, dark=False)
    said = " ".join(texts(chart.layout)) + chart.layout["xaxis"]["title"]["text"]
    assert "&lt;b&gt;x" in said
    assert "<i>" not in said
    assert "y" * 60 not in said


def test_numbers_below_weighted_curves_count_patients(result):
    chart = km_chart(result.weighted.panel, x_max=result.x_max, dark=False)
    cells = next(t["text"] for t in chart.data if t.get("meta") == "cells:0")
    assert cells[0] == str(result.n[1])
