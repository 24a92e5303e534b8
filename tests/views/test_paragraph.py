"""What the paragraph says of a cutoff, for every origin, and the p value of a cutoff that was chosen with the outcome in sight."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cartograph import format as fmt
from cartograph.cohort.model import Cohort
from cartograph.stats.compare import log_rank
from cartograph.stats.plane import PlaneTest
from cartograph.stats.selected import SelectedCutoff, maximally_selected_log_rank
from cartograph.views.board import compute, prepare
from cartograph.views.continuous import CHOSEN_BY_SEEING, continuous
from cartograph.views.defaults import default_view
from cartograph.views.explore import ExploreView, Marker, Origin
from cartograph.views.looks import Looks
from cartograph.views.paragraph import Corrected, Evidence, Paragraph, chosen_by_seeing, corrected, paragraph
from cartograph.views.sensitivity import compute_sensitivity
from tests.views.conftest import make_cohort

FOUND = Corrected(0.0432, 48, 40.0, 900.0, 337.0, "permutation, 1,000 times")


def asked(cohort: Cohort, origin: Origin = "normal", cutoff: float = 337.0, **changes: object) -> ExploreView:
    return replace(default_view(cohort), **{"markers": (Marker("ferritin_d0", cutoff, origin),), **changes})


def told(cohort: Cohort, view: ExploreView, evidence: Evidence | None = None) -> Paragraph:
    return paragraph(cohort, compute(cohort, view), evidence or Evidence(Looks().of(view)))


# ---------------------------------------------------------------- the sentences
def test_it_says_what_was_cut_where_and_how_many_fell_on_each_side(cohort: Cohort) -> None:
    high = int((cohort.patients["ferritin_d0"] > 337).sum())
    said = told(cohort, asked(cohort)).about("cut")[0].text
    assert said == (
        f"Ferritin, day 0 was cut at 337 µg/L: of 60 patients with PFS and this biomarker, {high} lie above it (high), "
        f"{60 - high} at or below it (low)."
    )


def test_patients_without_the_marker_are_counted(cohort: Cohort) -> None:
    missing = int(cohort.patients["crp_d0"].isna().sum())
    said = told(cohort, asked(cohort, markers=(Marker("crp_d0", 6.0, "hand"),))).about("cut")[0].text
    assert said.endswith(f"; {missing} more could not be used.")


@pytest.mark.parametrize("origin", get_args(Origin))
def test_every_origin_is_named_and_only_a_fixed_cutoff_keeps_its_p(cohort: Cohort, origin: Origin) -> None:
    said = told(cohort, asked(cohort, origin))
    p = said.about("p")[0]
    data = cohort.patients
    naive = log_rank(data["pfs_time"], data["pfs_event"], data["ferritin_d0"] > 337).p_value
    assert said.about("origin")
    assert f"log-rank {fmt.p_equals(naive)}" in p.plain.lower()
    assert bool(p.struck) == (origin in CHOSEN_BY_SEEING) == chosen_by_seeing([Marker("ferritin_d0", 1, origin)])
    assert ("the limits do not allow for the search" in said.text) == (origin in CHOSEN_BY_SEEING)
    if p.struck:
        assert fmt.p_equals(naive) not in p.text + p.after
        assert "(not valid)" in said.text


def test_a_published_cutoff_comes_with_its_source(cohort: Cohort) -> None:
    assert "upper limit of normal (Mayo)" in told(cohort, asked(cohort, "normal", 337)).text
    assert "published (Cheng)" in told(cohort, asked(cohort, "published", 400)).text


def test_the_corrected_p_stands_in_front_of_the_naive_one(cohort: Cohort) -> None:
    view = asked(cohort, "searched")
    p = told(cohort, view, Evidence(Looks().of(view), corrected=FOUND)).about("p")[0]
    assert p.text.startswith("Log-rank p = 0.043, corrected for a search of 48 cutoffs between 40 and 900 µg/L (permutation, 1,000 times)")
    assert p.struck.startswith("log-rank p")
    assert p.after == " takes no account of the search."


def test_a_p_that_cannot_be_corrected_is_said_to_be_missing(cohort: Cohort) -> None:
    view = asked(cohort, "hand")
    outside = replace(FOUND, p_value=math.nan, reason="it lies outside the searched window, 40 to 900")
    assert "not given: it lies outside" in told(cohort, view, Evidence(Looks(), corrected=outside)).text
    assert "is not computed yet" in told(cohort, view).about("p")[0].text


def test_p_is_withheld_in_small_groups() -> None:
    cohort = make_cohort(15)
    p = told(cohort, asked(cohort, "searched")).about("p")[0]
    assert p.plain == "No p value is given: fewer than 10 patients in a group."


def test_products_stand_with_their_ratios_and_the_interaction(cohort: Cohort) -> None:
    view = asked(cohort)
    result = compute(cohort, view)
    said = told(cohort, view).about("products")[0].text
    assert said.startswith("HR by product: ide-cel ")
    for panel in result.panels[1:]:
        e = panel.hazard_ratios[0].estimate
        assert e is not None
        assert f"{panel.title} {fmt.ratio_with_limits(e.value, e.ci_low, e.ci_high)}" in said
    assert not told(cohort, asked(cohort, split="")).about("products")


def test_stability_bootstrap_and_continuous_are_taken_over(cohort: Cohort) -> None:
    view = asked(cohort)
    board = prepare(cohort, view)
    strip, line = compute_sensitivity(board, view).panels[0], continuous(board, view)
    said = told(cohort, view, Evidence(Looks(), resampled="The best cutoff moved.", sensitivity=strip, continuous=line))
    assert [s.text for s in said.about("stability")] == [strip.sentence, "The best cutoff moved."]
    assert said.about("continuous")[0].text == line.finding


def test_looks_make_a_fixed_cutoff_suspect(cohort: Cohort) -> None:
    looks = Looks().of(asked(cohort, cutoff=337)).of(asked(cohort, cutoff=400))
    assert "whatever it is called" in told(cohort, asked(cohort), Evidence(looks)).text
    assert "whatever it is called" not in told(cohort, asked(cohort, "hand"), Evidence(looks)).text
    assert "0.1 of them would have p < 0.05" in told(cohort, asked(cohort), Evidence(looks)).text


def test_what_may_not_be_concluded_ends_it(cohort: Cohort) -> None:
    limits = [s.text for s in told(cohort, asked(cohort)).about("limits")]
    assert any("Nothing is adjusted for" in words for words in limits)
    assert any("one cohort" in words for words in limits)
    assert any("not randomised" in words for words in limits)
    assert limits[-1].startswith("The patients are synthetic")
    few = told(make_cohort(12), asked(make_cohort(12))).about("limits")[0].text
    assert few.startswith("With ")
    real = told(replace(cohort, synthetic=False), asked(cohort, split=""))
    assert "synthetic" not in real.text
    assert "randomised" not in real.text


def test_two_markers_share_a_paragraph(cohort: Cohort) -> None:
    markers = (Marker("ferritin_d0", 250.0, "hand"), Marker("crp_d0", 6.0, "median"))
    view = asked(cohort, markers=markers)
    test = PlaneTest(2.5, 0.21, 300.0, 5.0, 731, 1000, 1, "extremes", "")
    said = told(cohort, view, Evidence(Looks(), pairs=test))
    assert said.about("cut")[0].text.startswith("Ferritin, day 0 was cut at 250 µg/L and CRP, day 0 at 6 mg/L: of ")
    assert "both low" in said.about("cut")[0].text
    assert len(said.about("origin")) == 2
    assert "731 pairs of cutoffs has p = 0.210" in said.about("p")[0].text
    assert "two cutoffs is not given" in told(cohort, view).text


def test_nobody_and_no_marker() -> None:
    cohort = make_cohort()
    gone = replace(cohort, patients=cohort.patients.assign(ferritin_d0=np.nan))
    assert told(gone, asked(gone)).text == "No patient has both PFS and Ferritin, day 0: nothing was cut."
    with pytest.raises(ValueError, match="no marker"):
        told(cohort, replace(asked(cohort), markers=()))


@pytest.mark.parametrize("cutoff", [0.0, 1e9])
def test_a_cutoff_beyond_all_patients_leaves_an_honest_paragraph(cohort: Cohort, cutoff: float) -> None:
    said = told(cohort, asked(cohort, "hand", cutoff))
    assert "a hazard ratio is not given: a group is empty" in said.text
    assert "nan" not in said.text.lower().split()


# ---------------------------------------------------------------- the p of a cutoff chosen by looking
def search(n: int, seed: int, levels: int = 40) -> tuple[SelectedCutoff, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    value = rng.integers(0, levels, n).astype(float)
    time, event = rng.exponential(10, n).round(1) + 0.1, rng.random(n) < 0.7
    return maximally_selected_log_rank(value, time, event, permutations=200, seed=seed), value, time, event


@settings(max_examples=25, deadline=None)
@given(n=st.integers(12, 60), seed=st.integers(0, 10_000))
def test_the_p_of_a_cutoff_is_the_share_of_searches_that_beat_it(n: int, seed: int) -> None:
    found, value, _, _ = search(n, seed)
    if math.isnan(found.p_value):
        return
    ps = []
    for cutoff, statistic in zip(found.cutoffs, found.statistics, strict=True):
        n_low = sum(v <= cutoff for v in value)
        beaten = sum(1 for best in found.null_maxima if best >= statistic - 1e-9)
        p = corrected(found, n_low).p_value
        assert p == pytest.approx((1 + beaten) / 201, abs=1e-12)
        ps.append(p)
    assert min(ps) == corrected(found, int(found.n_low[found.cutoffs == found.cutoff][0])).p_value == found.p_value
    order = np.argsort(-found.statistics)
    assert np.all(np.diff(np.array(ps)[order]) >= 0)  # a weaker cutoff never has a smaller p


def test_a_cutoff_between_two_values_is_the_one_below_it() -> None:
    found, value, _, _ = search(50, 3)
    inside = float(found.cutoffs[2])
    assert corrected(found, int((value <= inside + 1e-6).sum())).p_value == corrected(found, int((value <= inside).sum())).p_value


def test_a_cutoff_outside_the_window_or_a_search_without_result_has_no_p() -> None:
    found, _, _, _ = search(50, 3)
    assert "outside the searched window" in corrected(found, 1).reason
    nothing = maximally_selected_log_rank([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [0, 0, 0], permutations=10)
    assert math.isnan(corrected(nothing, 1).p_value)
    assert corrected(nothing, 1).reason
