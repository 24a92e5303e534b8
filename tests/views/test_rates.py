"""Shares and what compares them."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from cartograph.stats.response import fisher_exact
from cartograph.views.rates import Outcome, Panelled, contrasts_frame, contrasts_of, pairs, rates_frame, rates_of
from tests.views.after_infusion import groups, sides, treated

COHORT = treated()
RESPONSE = Outcome("r", "Response", "yes", np.where(np.arange(90) % 7 == 0, np.nan, (np.arange(90) % 3 == 0).astype(float)))


def test_rates_are_counts_of_rows() -> None:
    made = groups(COHORT)
    rates = rates_of([RESPONSE], sides(COHORT), made)
    rows = COHORT.patients.assign(value=RESPONSE.values, high=COHORT.patients["ferritin_d0"] > 337)
    for found in rates:
        inside = rows[rows["high"] == (found.role == "high")]
        inside = inside if found.panel == "All" else inside[inside["product"] == found.panel]
        assert (found.n, found.evaluable, found.yes) == (len(inside), inside["value"].notna().sum(), int((inside["value"] == 1).sum()))
        assert found.exact.value == found.wilson.value == pytest.approx(found.yes / found.evaluable)
        assert found.exact.ci_low <= found.exact.value <= found.exact.ci_high
    assert len(rates) == len(rates_frame(rates)) == 6


def test_contrasts_are_high_against_low_then_product_against_product() -> None:
    contrasts = contrasts_of([RESPONSE], sides(COHORT), groups(COHORT))
    assert [(c.kind, c.panel) for c in contrasts] == [
        ("marker", "All"),
        ("marker", "ide-cel"),
        ("marker", "cilta-cel"),
        ("panel", "ide-cel vs cilta-cel"),
    ]
    for c in contrasts:
        a, n, b, m = c.counts
        assert c.difference.value == pytest.approx(a / n - b / m)
        expected = fisher_exact([[a, n - a], [b, m - b]]).p_value if min(n, m) >= 10 else math.nan
        assert c.p_value == pytest.approx(expected, nan_ok=True)
    assert list(contrasts_frame(contrasts)["first"])[:1] == ["> 337"]


def test_p_is_withheld_where_a_group_is_small_or_empty() -> None:
    few = Outcome("r", "Response", "yes", np.where(np.arange(90) < 12, 1.0, np.nan))
    found = contrasts_of([few], sides(COHORT)[:1], groups(COHORT))[0]
    assert math.isnan(found.p_value)
    assert "fewer than 10" in found.reason
    empty = contrasts_of([few], sides(COHORT)[:1], groups(COHORT, cutoff=1e9))[0]
    assert math.isnan(empty.difference.value)
    assert empty.reason == "a group is empty"


@pytest.mark.parametrize(("levels", "expected"), [(2, 1), (3, 3), (4, 6), (5, 4), (12, 11)])
def test_many_products_are_compared_with_the_first_only(levels: int, expected: int) -> None:
    everybody = np.ones(3, dtype=bool)
    panels = [Panelled("all", "All", everybody), *(Panelled(str(k), f"p{k}", everybody) for k in range(levels))]
    assert len(pairs(panels)) == expected


def test_frames_of_nothing_stand() -> None:
    assert isinstance(contrasts_frame([]), pd.DataFrame)
    assert "outcome" in rates_frame([])
