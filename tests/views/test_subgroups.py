"""The Subgroups page's answer against the same numbers computed directly."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from cartograph.cohort.filters import Filter
from cartograph.stats.hazard import hazard_ratio, interaction
from cartograph.views.defaults import default_view
from cartograph.views.explore import ExploreView, Marker
from cartograph.views.subgroups import EXPLORATORY, UNADJUSTED, SubgroupChoice, default_subgroups, products, subgroups
from tests.stats.reference import close
from tests.views.conftest import make_cohort
from tests.views.odd_cohort import odd_cohort

VIEW = ExploreView(markers=(Marker("ferritin_d0", 337.0, "normal"),))


def test_each_level_and_all_patients_are_the_hazard_ratio_computed_directly():
    cohort = odd_cohort(200)
    result = subgroups(cohort, VIEW, SubgroupChoice(("product", "stage")))
    time, event = cohort.survival("pfs")
    high = (cohort.patients["ferritin_d0"] > 337).to_numpy()
    overall, rows = result.forest.rows[0], result.forest.rows[1:]
    assert overall.kind == "overall"
    direct = hazard_ratio(time, event, high)
    close([overall.value, overall.ci_low, overall.ci_high, overall.p_value], [direct.value, direct.ci_low, direct.ci_high, direct.p_value])
    for name in ("ide-cel", "cilta-cel"):
        inside = (cohort.patients["product"] == name).to_numpy()
        row = next(r for r in rows if r.compared == name)
        direct = hazard_ratio(time[inside], event[inside], high[inside])
        close([row.value, row.ci_low, row.ci_high, row.p_value], [direct.value, direct.ci_low, direct.ci_high, direct.p_value])
        assert (row.n, row.events) == (int(inside.sum()), int(event[inside].sum()))
    expected = interaction(time, event, high, cohort.patients["product"].astype(str))
    close(result.tests[0].p_value, expected.p_value)
    assert rows[0].note.startswith("interaction p ")


def test_a_level_under_ten_shows_its_patients_and_no_p():
    result = subgroups(odd_cohort(200), VIEW, SubgroupChoice(("stage",)))
    row = next(r for r in result.forest.rows if r.compared == "III")
    assert row.n == 1
    assert math.isnan(row.value)
    assert row.reason == "fewer than 10 patients"
    assert "without 1 small level" in result.tests[0].reason
    assert math.isfinite(result.tests[0].p_value)


def test_what_chance_would_find_is_said():
    result = subgroups(odd_cohort(200), VIEW, SubgroupChoice(("product", "stage", "wordy", "spared", "site")))
    assert result.n_tests == len([t for t in result.tests if math.isfinite(t.p_value)])
    assert result.expected == pytest.approx(0.05 * result.n_tests)
    assert EXPLORATORY in result.cautions
    assert any(f"{result.n_tests} interactions tested" in words for words in result.cautions)


def test_numbers_are_cut_at_their_median_and_the_unknown_are_counted():
    cohort = odd_cohort(200)
    result = subgroups(cohort, VIEW, SubgroupChoice(("age",)))
    rows = [r for r in result.forest.rows if r.column == "age" and r.kind == "row"]
    assert sum(r.n for r in rows) == 200
    assert rows[0].compared.endswith("(median)")
    assert (rows[2].compared, rows[2].n) == ("not known", 80)
    age = cohort.patients["age"].dropna()
    assert rows[1].n == int((age > np.quantile(age, 0.5, method="lower")).sum())


def test_products_are_compared_unadjusted():
    cohort = make_cohort(200)
    start = default_subgroups(cohort, replace(default_view(cohort), markers=()))
    assert start.compared == "product"
    result = subgroups(cohort, VIEW, replace(start, columns=("ferritin_d0", "product")))
    time, event = cohort.survival("pfs")
    direct = hazard_ratio(time, event, cohort.patients["product"] == start.first)
    close(result.forest.rows[0].value, direct.value)
    assert UNADJUSTED in result.cautions
    assert "product" not in {r.column for r in result.forest.rows}  # what is compared makes no subgroups
    with pytest.raises(ValueError, match="two different products"):
        subgroups(cohort, VIEW, SubgroupChoice((), "product", "ide-cel", "ide-cel"))


def test_one_product_no_events_nobody_and_late_variables():
    cohort = odd_cohort(200)
    one = replace(VIEW, filters=(Filter("product", levels=("cilta-cel",)),))
    assert products(cohort) == ("ide-cel", "cilta-cel")
    result = subgroups(cohort, one, SubgroupChoice(("product", "stage")))
    assert result.tests[0].reason == "one level"
    still = replace(cohort, patients=cohort.patients.assign(pfs_event=0.0))
    assert "no hazard ratio (no events)" in subgroups(still, VIEW, SubgroupChoice(("stage",))).sentence
    with pytest.raises(ValueError, match="Cmax: known only after infusion"):
        subgroups(cohort, VIEW, SubgroupChoice(("cmax",)))
    with pytest.raises(ValueError, match="no biomarker"):
        subgroups(cohort, ExploreView(), SubgroupChoice(()))


@pytest.mark.parametrize("n", [1, 3, 12])
def test_few_patients_break_nothing(n):
    cohort = odd_cohort(n)
    view = default_view(cohort)
    if view.markers:
        assert subgroups(cohort, view, default_subgroups(cohort, view)).sentence


def test_two_markers_compare_both_high_with_both_low():
    cohort = make_cohort(200)
    view = replace(VIEW, markers=(*VIEW.markers, Marker("crp_d0", 8.0)))
    result = subgroups(cohort, view, SubgroupChoice(("product",)))
    high = (cohort.patients["ferritin_d0"] > 337) & (cohort.patients["crp_d0"] > 8)
    low = (cohort.patients["ferritin_d0"] <= 337) & (cohort.patients["crp_d0"] <= 8)
    assert result.n == int(high.sum() + low.sum())
    assert "Both high" in result.sentence
