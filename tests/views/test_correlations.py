"""The Correlations page without Streamlit: what is offered, matrix, pairs and time points against slow counting, and at the edges."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata, spearmanr

from cartograph.cohort import Cohort, read_cohort
from cartograph.cohort.filters import Filter
from cartograph.cohort.model import Column, Cutoff
from cartograph.stats.adjust import benjamini_hochberg
from cartograph.views.correlations import (
    AT_FIRST,
    MOST,
    WITHHELD,
    by_strength,
    coefficient_words,
    cutoff_number,
    default_columns,
    matrix,
    offered_columns,
    p_words,
    pair,
    pair_by_panel,
    panel_titles,
    q_words,
    strongest,
    time_pairs,
    timed,
    timed_by_panel,
    unique_names,
)
from cartograph.views.defaults import default_view
from cartograph.views.explore import ExploreView, Marker
from sample_data import sample_files
from tests.views.conftest import make_cohort
from tests.views.odd_cohort import odd_cohort

MAYO = read_cohort(sample_files("mayo-like"))
VIEW = default_view(MAYO)
FERRITIN = ("ferritin_pre", "ferritin_d0")


def with_columns(cohort: Cohort, **values: tuple[Column, np.ndarray]) -> Cohort:
    patients = cohort.patients.assign(**{key: found[1] for key, found in values.items()})
    columns = {**cohort.columns, **{key: found[0] for key, found in values.items()}}
    return replace(cohort, patients=patients, columns=columns, fingerprint="+".join([cohort.fingerprint, *values]))


def two_times(n: int = 60, *, log: bool = False, cutoffs: tuple[Cutoff, ...] = ()) -> Cohort:
    """A cohort with hemoglobin-like values before and on day 0, every tenth without the second."""
    rng = np.random.default_rng(4)
    before = rng.normal(10, 1.5, n)
    after = before + rng.normal(0.5, 1, n)
    after[::10] = np.nan
    first = Column("hb_pre", "Hb, pre-LD", "number", "g/dL", log_scale=log, cutoffs=cutoffs)
    return with_columns(make_cohort(n), hb_pre=(first, before), hb_d0=(replace(first, key="hb_d0", label="Hb, day 0"), after))


# ---------------------------------------------------------------- what is offered
def test_numbers_are_offered_once_those_known_later_last_and_no_times_until_an_event() -> None:
    keys = [c.key for c in offered_columns(odd_cohort())]
    assert keys == ["ferritin_d0", "crp_d0", "age", "wordy", "cmax"]  # neither the constant nor pfs_time
    late = with_columns(make_cohort(), pfs_time=(Column("pfs_time", "PFS time", "number", timing="outcome"), np.arange(60.0)))
    assert "pfs_time" not in [c.key for c in offered_columns(late)]


def test_the_usual_markers_come_first() -> None:
    assert default_columns(MAYO)[:4] == ("ferritin_d0", "ferritin_pre", "crp_d0", "crp_pre")
    assert len(default_columns(MAYO)) == AT_FIRST
    only_late = replace(make_cohort(), columns={"cmax": make_cohort().columns["cmax"]})
    assert default_columns(only_late) == ("cmax",)


def test_time_points_are_found_by_their_names_and_need_one_unit() -> None:
    assert time_pairs(MAYO) == (FERRITIN, ("crp_pre", "crp_d0"))
    cohort = two_times()
    assert time_pairs(cohort) == (("hb_pre", "hb_d0"),)
    other = replace(cohort, columns={**cohort.columns, "hb_d0": replace(cohort.columns["hb_d0"], unit="mmol/L")})
    assert time_pairs(other) == ()


def test_names_that_read_the_same_are_numbered() -> None:
    long = "A name of two hundred letters " * 7
    assert unique_names([long, long, "CRP"], 10) == ("A name of\u2026", "A name of\u2026 (2)", "CRP")
    assert unique_names(["CRP", "CRP"]) == ("CRP", "CRP (2)")


# ---------------------------------------------------------------- matrix
def test_every_cell_is_the_correlation_of_its_complete_pairs() -> None:
    keys = default_columns(MAYO)
    found = matrix(MAYO, VIEW, keys, "spearman")
    for i in range(len(keys)):
        for j in range(i):
            both = MAYO.patients[[keys[i], keys[j]]].dropna()
            cell, _ = found.pair(i, j)
            assert cell.n == len(both)
            assert cell.n + cell.n_missing == MAYO.n
            assert cell.value == pytest.approx(spearmanr(both[keys[i]], both[keys[j]]).statistic, rel=1e-10)
    q = benjamini_hochberg([p.p_value for p in found.found.pairs])
    assert found.found.q_values == pytest.approx(q)
    table = found.to_frame()
    assert len(table) == 45
    assert set(table["patients"]) == {"All"}
    assert table.loc[0, "by_construction"] == "yes"  # ferritin before and on day 0


def test_filters_and_products_choose_the_patients() -> None:
    keys = ("ferritin_d0", "crp_d0", "age")
    titles = panel_titles(MAYO, VIEW)
    of = next(key for key, title in titles.items() if title == "ide-cel")
    filtered = replace(VIEW, filters=(Filter("product", levels=("ide-cel",)),))
    within, alone = matrix(MAYO, VIEW, keys, "kendall", of), matrix(MAYO, filtered, keys, "kendall")
    assert (within.whom, within.n, alone.n) == ("ide-cel", 17, 17)
    assert [p.value for p in within.found.pairs] == [p.value for p in alone.found.pairs]
    assert not any("difference between products" in c for c in (*within.cautions, *alone.cautions))
    assert any("difference between products" in c for c in matrix(MAYO, VIEW, keys, "kendall").cautions)
    assert matrix(MAYO, VIEW, keys, "kendall", "gone").whom == "All"


def test_pairs_linked_by_construction_do_not_lead() -> None:
    ratios = read_cohort(sample_files("ratios"))
    found = matrix(ratios, default_view(ratios), ("nlr", "anc_pre", "plr", "crp_pre"), "spearman")
    assert found.related == {(0, 1), (0, 2)}
    assert strongest(found) not in found.related
    assert "by construction aside" in found.sentence
    assert any("NLR and PLR" in c for c in found.cautions)
    only = matrix(ratios, default_view(ratios), ("nlr", "anc_pre"), "spearman")
    assert strongest(only) == (0, 1)
    assert "aside" not in only.sentence


def test_the_strongest_pair_leads_the_list() -> None:
    found = matrix(MAYO, VIEW, default_columns(MAYO), "spearman")
    order = by_strength(found)
    assert sorted(order) == sorted(found.found.places)
    assert order[0] == strongest(found)
    sizes = [abs(found.pair(*place)[0].value) for place in order[1:]]
    assert sizes == sorted(sizes, reverse=True)
    first, q = found.pair(*order[0])
    assert coefficient_words(first) in found.sentence
    assert q_words(q) in found.sentence


def test_what_is_known_later_is_said() -> None:
    found = matrix(make_cohort(), ExploreView(split=""), ("ferritin_d0", "cmax"), "spearman")
    assert found.cautions[0].startswith("Known only after infusion: Cmax.")


def test_few_patients_constants_and_missing_values() -> None:
    odd = odd_cohort()
    view = ExploreView(split="")
    found = matrix(odd, view, ("same", "age", "wordy"), "spearman")
    constant, _ = found.pair(0, 1)
    assert math.isnan(constant.value)
    assert constant.notes == ("every patient has the same value of one of them",)
    assert found.pair(1, 2)[0].n == 72
    few = matrix(make_cohort(9), view, ("ferritin_d0", "crp_d0"), "spearman")
    cell, q = few.pair(0, 1)
    assert math.isfinite(cell.value)
    assert math.isnan(cell.p_value)
    assert math.isnan(q)
    assert "q not given" in few.sentence
    assert p_words(cell.p_value, cell.notes) == f"p not given: {WITHHELD}"
    nobody = matrix(make_cohort(3), view, ("ferritin_d0", "crp_d0"), "spearman")
    assert nobody.sentence == "No pair of measurements has enough patients with both."
    assert matrix(odd, view, ("age",), "spearman").sentence == "Choose two measurements or more."
    assert matrix(odd, view, (), "kendall").to_frame().empty


def test_thirteen_measurements_are_refused() -> None:
    keys = [c.key for c in offered_columns(MAYO)][: MOST + 1]
    with pytest.raises(ValueError, match="at most 12"):
        matrix(MAYO, VIEW, keys, "spearman")
    assert len(matrix(MAYO, VIEW, keys[:MOST], "spearman").found.pairs) == 66


def test_two_columns_of_one_name_are_told_apart() -> None:
    twice = with_columns(make_cohort(), other=(Column("other", "CRP, day 0", "number"), np.arange(60.0)))
    assert matrix(twice, ExploreView(), ("crp_d0", "other"), "spearman").names == ("CRP, day 0", "CRP, day 0 (2)")


# ---------------------------------------------------------------- one pair
def test_a_pair_has_its_points_ranks_groups_and_cutoffs() -> None:
    view = replace(VIEW, markers=(Marker("ferritin_d0", 337.0),))
    found = pair(MAYO, view, ("ferritin_d0", "crp_d0"), "spearman", 0.04)
    both = MAYO.patients[["ferritin_d0", "crp_d0"]].dropna()
    assert found.values[0].tolist() == both["ferritin_d0"].tolist()
    assert found.ranks[1].tolist() == rankdata(both["crp_d0"]).tolist()
    assert found.cutoffs == (337.0, None)
    assert [r == "high" for r in found.roles] == (both["ferritin_d0"] > 337).tolist()
    assert found.rank_cutoffs[0] == (both["ferritin_d0"] <= 337).sum() + 0.5
    high = np.array(found.roles) == "high"
    assert found.ranks[0][high].min() > found.rank_cutoffs[0] > found.ranks[0][~high].max()
    assert (found.q_value, found.whom, len(found.to_frame())) == (0.04, "All", len(both))


def test_groups_are_not_shown_where_a_marker_is_not_in_the_pair() -> None:
    found = pair(MAYO, VIEW, ("age", "crp_d0"), "kendall", 0.5)
    assert (set(found.roles), found.rules, found.cutoffs) == ({"all"}, (), (None, None))
    two = replace(VIEW, markers=(Marker("ferritin_d0", 337.0), Marker("crp_d0", 8.0)))
    assert set(pair(MAYO, two, ("crp_d0", "ferritin_d0"), "kendall", 0.5).roles) == {"low", "mixed", "high"}
    assert pair(MAYO, two, ("age", "ferritin_d0"), "kendall", 0.5).cutoffs == (None, 337.0)


def test_every_product_has_its_own_coefficient() -> None:
    found = dict(pair_by_panel(MAYO, VIEW, ("ferritin_d0", "crp_d0"), "spearman"))
    assert list(found) == ["All", "ide-cel", "cilta-cel"]
    assert found["ide-cel"].n + found["cilta-cel"].n == found["All"].n
    assert found["All"].value == matrix(MAYO, VIEW, ("ferritin_d0", "crp_d0"), "spearman").found.pairs[0].value
    assert len(pair_by_panel(MAYO, replace(VIEW, split=""), ("ferritin_d0", "crp_d0"), "spearman")) == 1


# ---------------------------------------------------------------- two time points
def test_the_change_and_who_crosses_equal_counting() -> None:
    found = timed(MAYO, VIEW, *FERRITIN)
    both = MAYO.patients[list(FERRITIN)].dropna()
    before, after = (both[key].to_numpy() for key in FERRITIN)
    assert (found.change.n, found.change.n_missing) == (len(both), MAYO.n - len(both))
    assert found.crossed.low_high == ((before <= 337) & (after > 337)).sum()
    assert found.crossed.high_high == ((before > 337) & (after > 337)).sum()
    assert pd.Series(found.moves).value_counts().to_dict().get("low-high", 0) == found.crossed.low_high
    logs = np.log(after / before)
    walsh = [(a + b) / 2 for i, a in enumerate(logs) for b in logs[i:]]
    assert found.ratio is not None
    assert found.shown.change.value == pytest.approx(math.exp(float(np.median(walsh))))
    assert (found.of_view, found.cutoff_words, found.logarithmic) == (True, "the cutoff on screen", True)
    assert found.sentence.startswith("Ferritin of 46 patients with both time points: median 245.5 before lymphodepletion, 266.5")
    assert len(found.to_frame()) == len(both)


def test_the_cutoff_is_the_views_then_a_published_one_then_the_median() -> None:
    assert timed(MAYO, VIEW, "crp_pre", "crp_d0").cutoff_words == "Mayo Arizona"
    two = replace(VIEW, markers=(Marker("ferritin_pre", 300.0), Marker("ferritin_d0", 400.0)))
    found = timed(MAYO, two, *FERRITIN)
    assert found.cutoffs == (300.0, 400.0)
    assert cutoff_number(found) == "300 before and 400 on day 0"
    plain = timed(two_times(), ExploreView(), "hb_pre", "hb_d0")
    assert plain.cutoff_words == "the median before lymphodepletion"
    assert not plain.of_view
    published = two_times(cutoffs=(Cutoff(10.0, "WHO", "World Health Organization"),))
    assert timed(published, ExploreView(), "hb_pre", "hb_d0").cutoffs == (10.0, 10.0)


def test_a_linear_measurement_is_told_as_a_difference() -> None:
    found = timed(two_times(), ExploreView(), "hb_pre", "hb_d0")
    assert found.ratio is None
    assert "change 0." in found.sentence
    assert "g/dL" in found.sentence
    assert timed(two_times(log=True), ExploreView(), "hb_pre", "hb_d0").ratio is not None
    zero = two_times(log=True)
    zero.patients.loc[1, "hb_d0"] = 0.0
    assert timed(zero, ExploreView(), "hb_pre", "hb_d0").ratio is None


def test_each_product_is_followed_alone() -> None:
    every, *products = timed_by_panel(MAYO, VIEW, *FERRITIN)
    assert [p.whom for p in products] == ["ide-cel", "cilta-cel"]
    assert sum(p.crossed.n for p in products) == every.crossed.n
    assert sum(p.crossed.low_high for p in products) == every.crossed.low_high


def test_p_values_need_ten_patients() -> None:
    few = timed(two_times(10), ExploreView(), "hb_pre", "hb_d0")
    assert few.change.n == 9
    assert math.isnan(few.change.test.p_value)
    assert few.change.test.notes == few.crossed.test.notes == (WITHHELD,)
    assert "signed rank" not in few.sentence
    alone = timed(two_times(3), ExploreView(), "hb_pre", "hb_d0")
    assert "not estimable" in alone.sentence
    cohort = two_times()
    nobody = replace(cohort, patients=cohort.patients.assign(hb_d0=np.nan))
    assert timed(nobody, ExploreView(), "hb_pre", "hb_d0").sentence == "Nobody has both time points."
