"""Causes of an endpoint told apart, and what is made of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cartograph.cohort.model import Column, Endpoint
from cartograph.stats.competing import cumulative_incidence, gray_test
from cartograph.stats.fine_gray import fine_gray
from cartograph.views.competing import CauseGroup, Causes, Groups, cause_panel, causes_of, warning_words
from cartograph.views.panels import TOO_FEW
from tests.views.over_time import ENDPOINTS, Patient, cohort_of, random_people

CAUSE = {"cause_of_death": Column("cause_of_death", "Cause of death", "category", timing="outcome", levels=("myeloma", "infection"))}
TWO = (CauseGroup("low", "Ferritin \u2264 337", "\u2264 337"), CauseGroup("high", "Ferritin > 337", "> 337"))


def panel_of(n, seed, of=1):
    rng = np.random.default_rng(seed)
    found = Causes(rng.integers(1, 30, n).astype(float), rng.integers(0, 3, n), {1: "progression", 2: "death without progression"}, "")
    codes = rng.integers(-1, 2, n)
    return found, codes, cause_panel(found, np.ones(n, dtype=bool), Groups(codes, TWO), of=of)


def test_an_event_on_the_day_of_death_is_the_death():
    people = [Patient((5.0, 1), (5.0, 1)), Patient((5.0, 1), (9.0, 1)), Patient((5.0, 0), (9.0, 1)), Patient((np.nan, 1), (9.0, 0))]
    found = causes_of(cohort_of(people), "pfs")
    assert found.cause.tolist() == [2, 1, 0, 0]
    assert found.names == {1: "progression", 2: "death without progression"}
    assert cause_panel(found, np.ones(4, dtype=bool)).n_missing == 1


def test_duration_of_response_is_told_apart_by_pfs():
    people = [
        Patient((5.0, 1), (5.0, 1), dor=(4.0, 1)),
        Patient((5.0, 1), (9.0, 1), dor=(4.0, 1)),
        Patient((8.0, 0), (9.0, 0), dor=(7.0, 0)),
    ]
    assert causes_of(cohort_of(people), "dor").cause.tolist() == [2, 1, 0]


def test_an_endpoint_that_death_does_not_end_has_death_as_the_other_cause():
    cohort = cohort_of([Patient((5.0, 1), (5.0, 1)), Patient((5.0, 0), (5.0, 1)), Patient((5.0, 0), (9.0, 1))])
    spec = Endpoint("ttnt", "TTNT", "Time to next treatment", "pfs_time", "pfs_event", "next treatment")
    cohort.endpoints["ttnt"] = spec
    found = causes_of(cohort, "ttnt")
    assert found.cause.tolist() == [1, 2, 0]
    assert found.names[2] == "death before next treatment"


def test_survival_has_causes_where_the_file_gives_them():
    people = [
        Patient((5.0, 1), (5.0 + k, d), other={"cause_of_death": c})
        for k, (d, c) in enumerate([(1, "infection"), (1, "myeloma"), (1, "myeloma"), (1, None), (0, None)])
    ]
    found = causes_of(cohort_of(people, CAUSE), "os")
    assert found.names == {1: "myeloma", 2: "infection", 3: "cause not given"}
    assert found.cause.tolist() == [2, 1, 1, 3, 0]
    assert "one cause" in causes_of(cohort_of(people), "os")
    same = [Patient((5.0, 1), (5.0, 1), other={"cause_of_death": "myeloma"})]
    assert "nothing competes" in causes_of(cohort_of(same, CAUSE), "os")


def test_progression_needs_survival_beside_it():
    cohort = cohort_of([Patient((5.0, 1), (5.0, 1))])
    del cohort.endpoints["os"]
    assert "needs overall survival" in causes_of(cohort, "pfs")
    assert set(ENDPOINTS) >= set(cohort.endpoints)


@given(n=st.integers(40, 90), seed=st.integers(0, 10**6), of=st.sampled_from([1, 2]))
@settings(max_examples=20)
def test_the_panel_holds_the_statistics_of_the_patients_with_a_group(n, seed, of):
    found, codes, panel = panel_of(n, seed, of)
    used = codes >= 0
    time, cause, code = found.time[used], found.cause[used], codes[used]
    assert (panel.n, panel.n_missing) == (int(used.sum()), int((~used).sum()))
    if min(panel.sizes) >= 10 and (cause == of).any():
        assert panel.gray.p_value == pytest.approx(gray_test(time, cause, code, of=of).p_value, nan_ok=True)
    model = fine_gray(time, cause, (code == 1).astype(float), of=of)
    assert panel.ratios[0].estimate.value == pytest.approx(model.subdistribution[0].value, nan_ok=True)
    assert panel.ratios[1].estimate.value == pytest.approx(model.cause_specific[0].value, nan_ok=True)
    assert [r.label.split(",")[1].strip() for r in panel.ratios] == ["Fine-Gray", "Cox (Efron)", "Cox (Efron)"]
    whole = cumulative_incidence(time, cause, code)
    for mine, theirs in zip(panel.incidence.curves, whole.curves, strict=True):
        assert np.array_equal(mine.incidence, theirs.incidence)
    for group, curve in enumerate(panel.curves):
        free = sum(c.at([12.0])["incidence"].iloc[0] for c in panel.incidence.curves if c.group == group)
        assert curve.at([12.0])["survival"].iloc[0] == pytest.approx(1 - free, nan_ok=True)


def test_the_rates_and_the_table_speak_in_words():
    _, _, panel = panel_of(60, 1)
    assert set(panel.rates["group"]) == {rule.label for rule in TWO}
    assert set(panel.to_frame()["cause"]) == {"progression", "death without progression"}


def test_p_is_withheld_and_an_empty_group_is_said():
    found = Causes(np.arange(1.0, 25.0), np.tile([1, 2, 0], 8), {1: "progression", 2: "death"}, "")
    few = cause_panel(found, np.ones(24, dtype=bool), Groups(np.array([1] * 9 + [0] * 15), TWO))
    assert few.gray.reason == TOO_FEW
    assert all(np.isnan(r.p_value) for r in few.ratios)
    empty = cause_panel(found, np.ones(24, dtype=bool), Groups(np.zeros(24, dtype=np.int64), TWO))
    assert empty.ratios == ()
    assert empty.gray.reason == "a group is empty"
    assert any("nobody in the group" in note for note in empty.notes)


def test_the_warning_says_how_far_one_minus_kaplan_meier_is_off():
    found = Causes(np.repeat([6.0, 12.0, 18.0, 30.0], 10), np.repeat([2, 1, 2, 0], 10), {1: "progression", 2: "death"}, "")
    panel = cause_panel(found, np.ones(40, dtype=bool))
    said = warning_words(panel)
    assert "33.3\u2009%" in said
    assert "25.0\u2009%" in said
    assert "to warn" in said
    alone = cause_panel(Causes(found.time, (found.cause == 1).astype(np.int64), found.names, ""), np.ones(40, dtype=bool))
    assert "no difference here" in warning_words(alone)
    assert warning_words(cause_panel(found, np.zeros(40, dtype=bool))) == ""


def test_random_cohorts_have_no_cause_without_an_event():
    cohort = cohort_of(random_people(80, 2))
    found = causes_of(cohort, "pfs")
    assert ((found.cause > 0) == (cohort.survival("pfs")[1] == 1)).all()
