"""The marker kept continuous beside its split, and the words for it."""

import math

import numpy as np
import pytest

from cartograph.stats.concordance import concordance_index
from cartograph.stats.continuous import continuous_effect
from cartograph.views.board import prepare
from cartograph.views.continuous import ContinuousView, continuous
from cartograph.views.explore import ExploreView, Marker
from tests.views.conftest import make_cohort

FERRITIN, CRP, CMAX = Marker("ferritin_d0", 337.0, "normal"), Marker("crp_d0", 10.0), Marker("cmax", 1e4)


def answer(*markers: Marker, n: int = 60, seed: int = 1, endpoint: str = "pfs", **choices: object) -> ContinuousView:
    view = ExploreView(endpoint=endpoint, markers=markers)
    return continuous(prepare(make_cohort(n, seed), view), view, **choices)  # type: ignore[arg-type]


def test_the_numbers_are_those_of_the_statistics():
    found = answer(FERRITIN)
    data = make_cohort().patients
    value, time, event = data["ferritin_d0"], data["pfs_time"], data["pfs_event"]
    effect = continuous_effect(value, time, event)
    assert found.effect.line.value == pytest.approx(effect.line.value, rel=1e-9)
    assert found.effect.nonlinearity.p_value == pytest.approx(effect.nonlinearity.p_value, rel=1e-7)
    split = concordance_index(value > 337, time, event).value
    assert found.split.c_split.value == pytest.approx(split)
    assert found.split.difference.value == pytest.approx(effect.c_line.value - split)
    assert (found.n, found.n_missing) == (60, 0)
    assert np.array_equal(found.value, np.sort(value))
    assert found.had_event.sum() == event.sum()
    assert "spline" in found.to_frame()
    assert "Efron" in found.method
    assert found.notes == found.cautions


def test_a_panel_and_a_second_marker_have_their_own_patients():
    found = answer(FERRITIN, CRP, panel="1", marker=1, endpoint="os")
    data = make_cohort().patients
    of_product = data[data["product"] == "cilta-cel"]
    assert found.panel == "cilta-cel"
    assert (found.n, found.n_missing) == (int(of_product["crp_d0"].notna().sum()), int(of_product["crp_d0"].isna().sum()))
    assert found.finding.startswith("CRP, day 0 without a cutoff: OS, HR ")
    assert answer(FERRITIN, CRP, marker=0).n == 60  # a missing CRP does not cost a patient here


def test_what_is_asked_must_be_there():
    with pytest.raises(ValueError, match="panel must be one of all, 0, 1"):
        answer(FERRITIN, panel="7")
    with pytest.raises(ValueError, match="1 markers of the view"):
        answer(FERRITIN, marker=1)


def test_one_sentence_each_for_ratio_bend_and_cost():
    found = answer(FERRITIN, n=565, seed=2)
    assert (
        found.finding
        == "Ferritin, day 0 without a cutoff: PFS, HR 1.2 (1.2\u20131.3) per doubling, Wald p < 0.001; 565 patients, 462 events."
    )
    assert found.shape.startswith(
        "The effect bends (likelihood ratio p = 0.009, natural spline with knots at 38, 142, 344, 1,321 \u00b5g/L)"
    )
    assert found.cost.startswith(
        "Dichotomising changes little here: C-index 0.59 continuous, 0.59 split at 337 \u00b5g/L; difference 0.00 ("
    )
    assert found.cautions == ()


def test_a_cost_and_a_straight_effect_are_said():
    found = answer(FERRITIN)
    assert found.cost == (
        "Dichotomising costs this much: C-index 0.55 continuous, 0.53 split at 337 \u00b5g/L; "
        "difference 0.02 (\u22120.03 to 0.07), which may be chance."
    )
    assert found.shape.startswith("No sign of a bend (likelihood ratio p = 0.367")
    assert found.shape.endswith("with 51 events a slight one would be missed.")


def test_a_marker_shown_on_a_plain_axis_counts_per_standard_deviation():
    found = answer(CMAX)
    assert found.effect.scale == "sd"
    assert "copies/\u00b5g (one standard deviation)" in found.finding
    assert any(c.startswith("Cmax is known only after infusion") for c in found.cautions)


def test_the_reference_is_the_median_or_the_cutoff():
    assert answer(FERRITIN).effect.curve.reference == make_cohort().patients["ferritin_d0"].median()
    assert answer(FERRITIN, reference="cutoff").effect.curve.reference == 337.0


def test_a_cutoff_moved_by_hand_is_flattered():
    words = "The cutoff may have been chosen after seeing the outcome"
    assert any(c.startswith(words) for c in answer(Marker("ferritin_d0", 337.0)).cautions)
    assert not any(c.startswith(words) for c in answer(FERRITIN).cautions)


def test_few_events_forbid_a_verdict():
    found = answer(CRP, n=20, seed=3, endpoint="os")
    assert found.cost.startswith("Too few events to judge what dichotomising costs: ")
    assert found.shape == (
        "Whether the effect bends cannot be said: fewer than 5 events per degree of freedom (7 events, 3 degrees): no spline."
    )
    assert "With 7 events neither the shape of the effect nor the cost of a cutoff can be judged." in found.cautions
    assert "p not given: fewer than 10 patients" in answer(FERRITIN, n=8).finding


def test_a_cutoff_beyond_the_values_and_patients_without_events_are_said():
    assert answer(Marker("ferritin_d0", 1e6)).cost.endswith("nobody is on one side of the cutoff: it splits nothing.")
    cohort = make_cohort()
    cohort.patients["pfs_event"] = 0.0
    view = ExploreView(markers=(FERRITIN,))
    found = continuous(prepare(cohort, view), view)
    assert found.finding == "Ferritin, day 0 without a cutoff: PFS, no hazard ratio: no events (60 patients, 0 events)."
    assert found.cost == "What cutting costs cannot be said: no events."


def test_a_marker_that_nobody_has_is_said():
    cohort = make_cohort()
    cohort.patients["crp_d0"] = np.nan
    view = ExploreView(markers=(CRP,))
    found = continuous(prepare(cohort, view), view)
    assert (found.n, found.n_missing) == (0, 60)
    assert math.isnan(found.effect.line.value)
    assert "no hazard ratio: no patients" in found.finding
