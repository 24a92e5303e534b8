"""Explore's answer equals the statistics of the split it shows, at every cutoff; and it withholds what it must."""

import numpy as np
import pytest

from cartograph.cohort.filters import Filter
from cartograph.cohort.model import Cohort
from cartograph.stats.compare import log_rank
from cartograph.stats.hazard import hazard_ratio, interaction
from cartograph.stats.survival import kaplan_meier, median_follow_up
from cartograph.views.board import compute, compute_on, prepare
from cartograph.views.explore import ExploreView, Marker
from tests.views.conftest import make_cohort


def one(cutoff: float, **changes: object) -> ExploreView:
    return ExploreView(endpoint="pfs", markers=(Marker("ferritin_d0", cutoff),), split="product", **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("cutoff", [100.0, 200.0, 337.0, 512.5, 900.0])
def test_every_number_of_a_panel_is_that_of_its_patients(cutoff: float) -> None:
    cohort = make_cohort(200)
    result = compute(cohort, one(cutoff))
    for panel, level in zip(result.panels, [None, "ide-cel", "cilta-cel"], strict=True):
        frame = cohort.patients if level is None else cohort.patients[cohort.patients["product"] == level]
        high = frame["ferritin_d0"].to_numpy() > cutoff
        time, event = frame["pfs_time"].to_numpy(), frame["pfs_event"].to_numpy()
        assert panel.n == len(frame)
        for group, inside in zip(panel.groups, (~high, high), strict=True):
            direct = kaplan_meier(time[inside], event[inside])
            assert np.array_equal(group.curve.time, direct.time)
            assert np.allclose(group.curve.survival, direct.survival, rtol=1e-12)
            assert np.array_equal(group.curve.at_risk, direct.at_risk)
            follow_up = median_follow_up(time[inside], event[inside]).value
            assert group.follow_up.value == pytest.approx(follow_up, nan_ok=True)
        expected = log_rank(time, event, high).p_value if min(high.sum(), (~high).sum()) >= 10 else np.nan
        assert panel.log_rank.p_value == pytest.approx(expected, rel=1e-10, nan_ok=True)
        for comparison, method in zip(panel.hazard_ratios, ("cox", "mantel-haenszel"), strict=True):
            assert comparison.estimate is not None
            assert comparison.estimate.value == pytest.approx(hazard_ratio(time, event, high, method=method).value, rel=1e-8)  # type: ignore[arg-type]


def test_interaction_is_the_likelihood_ratio_test_of_the_products() -> None:
    cohort = make_cohort(200)
    frame = cohort.patients
    direct = interaction(frame["pfs_time"], frame["pfs_event"], frame["ferritin_d0"] > 300, frame["product"].astype(str))
    found = compute(cohort, one(300.0)).interaction
    assert found is not None
    assert found.p_value == pytest.approx(direct.p_value, rel=1e-8)


def test_a_board_answers_every_cutoff_without_being_built_again() -> None:
    cohort = make_cohort(120)
    board = prepare(cohort, one(0.0))
    for cutoff in (150.0, 400.0):
        assert compute_on(board, one(cutoff)).panels[0].log_rank.p_value == compute(cohort, one(cutoff)).panels[0].log_rank.p_value


def test_p_is_withheld_with_the_reason_below_ten_patients() -> None:
    cohort = make_cohort(60)
    cutoff = float(np.sort(cohort.patients["ferritin_d0"])[-4])
    result = compute(cohort, one(cutoff))
    panel = result.panels[0]
    assert panel.groups[1].n == 3
    assert np.isnan(panel.log_rank.p_value)
    assert "fewer than 10" in panel.log_rank.reason
    assert all(np.isnan(c.p_value) for c in panel.hazard_ratios)
    assert result.interaction is not None
    assert "fewer than 10" in result.interaction.reason


def test_firth_stands_in_when_a_group_has_no_events(cohort: Cohort) -> None:
    low = cohort.patients["ferritin_d0"] <= 337
    cohort.patients.loc[low, "pfs_event"] = 0.0
    names = [c.label for c in compute(cohort, one(337.0)).panels[0].hazard_ratios]
    assert names == ["HR high vs low, Cox (Efron)", "HR high vs low, Firth", "HR high vs low, Mantel-Haenszel (Prism)"]
    cox, firth, _ = compute(cohort, one(337.0)).panels[0].hazard_ratios
    assert cox.estimate is not None
    assert firth.estimate is not None
    assert np.isnan(cox.estimate.value)
    assert firth.estimate.value > 1


def test_a_cutoff_beyond_all_values_leaves_one_group_empty_and_says_so(cohort: Cohort) -> None:
    panel = compute(cohort, one(1e6)).panels[0]
    assert [(g.role, g.n) for g in panel.groups] == [("low", panel.n), ("high", 0)]
    assert any("Nobody" in note for note in panel.notes)


def test_flow_counts_every_loss(cohort: Cohort) -> None:
    view = ExploreView("pfs", (Marker("ferritin_d0", 337.0), Marker("crp_d0", 8.0)), filters=(Filter("ferritin_d0", low=50.0),))
    flow = [(s.label, s.n) for s in compute(cohort, view).flow]
    kept = cohort.patients[cohort.patients["ferritin_d0"] >= 50]
    assert flow[0] == ("uploaded", 60)
    assert flow[1] == ("after filters", len(kept))
    assert flow[-1] == ("with CRP, day 0", int(kept["crp_d0"].notna().sum()))


def test_two_markers_make_three_groups_or_both_low_against_the_rest(cohort: Cohort) -> None:
    markers = (Marker("ferritin_d0", 337.0), Marker("crp_d0", 6.0))
    three = compute(cohort, ExploreView("pfs", markers, "three", ""))
    assert [g.role for g in three.panels[0].groups] == ["low", "mixed", "high"]
    two = compute(cohort, ExploreView("pfs", markers, "both-low", ""))
    assert [g.role for g in two.panels[0].groups] == ["low", "high"]
    assert sum(g.n for g in three.panels[0].groups) == sum(g.n for g in two.panels[0].groups) == three.panels[0].n
    assert three.panels[0].n_missing == int(cohort.patients["crp_d0"].isna().sum())


def test_response_bars_count_every_patient_once(cohort: Cohort) -> None:
    result = compute(cohort, one(337.0))
    assert {r.visit for r in result.responses} == {"Month 1", "Month 3", "Month 6", "Best"}
    for visit in ("Month 1", "Best"):
        of_all = [r for r in result.responses if r.panel == "All" and r.visit == visit]
        assert sum(r.n for r in of_all) == cohort.n
        assert all(sum(count for _, count in r.counts) <= r.n for r in of_all)


def test_without_a_marker_there_is_one_curve_and_no_comparison(cohort: Cohort) -> None:
    result = compute(cohort, ExploreView("os", (), split=""))
    assert len(result.panels) == 1
    assert result.panels[0].groups[0].role == "all"
    assert result.panels[0].hazard_ratios == ()
    assert result.interaction is None


@pytest.mark.parametrize(("event", "words"), [(0.0, "No event"), (1.0, "Every patient")])
def test_doubtful_event_coding_is_said(cohort: Cohort, event: float, words: str) -> None:
    cohort.patients["pfs_event"] = event
    assert any(words in warning for warning in compute(cohort, one(337.0)).warnings)


def test_a_filter_on_what_is_known_later_is_said(cohort: Cohort) -> None:
    view = one(337.0, filters=(Filter("best_response", levels=("CR",)),))
    assert any("only after infusion" in words for words in compute(cohort, view).warnings)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_handful_of_patients_is_no_reason_to_fail(n: int) -> None:
    assert compute(make_cohort(n), one(337.0)).panels[0].n == n
