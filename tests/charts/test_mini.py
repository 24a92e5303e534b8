"""The little histograms: before behind after, the same bins, no text of a file."""

import base64
import re

import numpy as np
import pytest

from cartograph.charts.mini import BINS, mini_histogram


def svg_of(html: str) -> str:
    found = re.search(r"base64,([^']+)'", html)
    assert found is not None
    return base64.b64decode(found[1]).decode()


@pytest.mark.parametrize("scale", ["even", "skewed"])
def test_two_histograms_on_the_same_bins(scale: str) -> None:
    values = np.linspace(1, 100, 200) if scale == "even" else np.geomspace(1, 1e5, 200)
    svg = svg_of(mini_histogram(values, values[:50], dark=False))
    before, after = re.findall(r"<path d='([^']*)'", svg)
    assert before.count("M") == BINS
    assert 0 < after.count("M") < BINS


def test_the_words_say_how_many_stay() -> None:
    assert "alt='Histogram: 2 of 4 patients stay'" in mini_histogram(np.array([1.0, 2, 3, 4]), np.array([1.0, 2]), dark=True)


@pytest.mark.parametrize("values", [np.array([]), np.array([3.0]), np.array([2.0, 2.0])])
def test_few_or_equal_values_are_no_reason_to_fail(values: np.ndarray) -> None:
    made = mini_histogram(values, values, dark=False)
    assert (made == "") == (len(values) == 0)
