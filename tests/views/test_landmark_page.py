"""The landmark comparison: who is in it, and that it says what it costs."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import CoxPHFitter, CoxTimeVaryingFitter
from lifelines.utils import add_covariate_to_timeline, to_long_format

from cartograph.stats.hazard import hazard_ratio
from cartograph.views.landmark import beside, bias_words, first_choice, landmark_panel, landmark_strip, last_landmark, refusal
from cartograph.views.panels import TOO_FEW
from cartograph.views.status import statuses
from tests.views.over_time import AFTER, Patient, cohort_of, random_people

ALIVE = ((30.0, 0), (30.0, 0))


def cr_of(cohort):
    return next(s for s in statuses(cohort) if s.key == "cr")


@given(n=st.integers(1, 40), seed=st.integers(0, 10**6), at=st.sampled_from([1.0, 3.0, 6.0, 12.0, 24.0, 90.0]))
@settings(max_examples=30)
def test_every_patient_is_in_the_flow_once_and_the_groups_are_as_counted_by_hand(n, seed, at):
    people = random_people(n, seed)
    cohort = cohort_of(people, AFTER)
    for status in statuses(cohort):
        found = landmark_panel(cohort, "pfs", status, at)
        steps = {s.label: s.n for s in found.flow}
        gone = [s.n for s in found.flow[1:-3]]
        assert steps["infused"] - sum(gone) == steps["analysed"] == found.flow[-2].n + found.flow[-1].n
        inside = [i for i, p in enumerate(people) if p.pfs[0] > at and status.assessed[i] <= at]
        assert found.panel.n == len(inside)
        assert found.flow[-2].n == sum(status.as_of(at)[i] <= at for i in inside)
        assert found.panel.n + found.panel.n_missing + sum(s.n for s in found.flow if " by month" in s.label and "with" in s.label) <= n


def test_the_flow_reads_as_papers_write_it():
    people = [Patient((2.0, 1), (2.0, 1), responses=[(1.0, "CR")])] * 4 + [Patient((5.0, 0), (5.0, 0), responses=[(1.0, "PR")])] * 2
    people += [Patient(*ALIVE, responses=[(1.0, "PR"), (3.0, "CR")])] * 30 + [Patient(*ALIVE, responses=[(1.0, "PR"), (9.0, "CR")])] * 19
    cohort = cohort_of([*people, Patient(*ALIVE)])
    found = landmark_panel(cohort, "pfs", cr_of(cohort), 6.0)
    said = [(s.n, s.label) for s in found.flow]
    assert said == [
        (56, "infused"),
        (4, "with an event by month 6"),
        (2, "censored by month 6"),
        (1, "response not assessed by month 6"),
        (49, "analysed"),
        (30, "CR or better"),
        (19, "no CR or better"),
    ]
    assert found.panel.n_missing == 1
    assert any("19 patients reached it only after month 6" in note for note in found.notes)
    assert any("4 patients had reached it" in note for note in found.notes)


def test_the_ratio_is_that_of_the_patients_left_with_the_clock_restarted():
    cohort = cohort_of(random_people(120, 4))
    time, event = cohort.survival("pfs")
    status = cr_of(cohort)
    found = landmark_panel(cohort, "pfs", status, 6.0)
    used = (time > 6.0) & (status.assessed <= 6.0)
    expected = hazard_ratio(time[used] - 6.0, event[used], status.reached[used] <= 6.0)
    ratio = found.panel.hazard_ratios[0]
    assert (ratio.estimate.value, ratio.p_value) == pytest.approx((expected.value, expected.p_value), rel=1e-12)
    assert ratio.label == "HR CR vs no CR, Cox (Efron)"
    low, high = found.panel.groups
    assert (low.role, high.role) == ("low", "high")
    assert high.curve.n == int((status.reached[used] <= 6.0).sum())
    fitted = CoxPHFitter().fit(
        frame_with(time[used] - 6.0, event[used], status.reached[used] <= 6.0), duration_col="time", event_col="event"
    )
    assert ratio.estimate.value == pytest.approx(float(np.exp(fitted.params_.iloc[0])), rel=1e-5)


def frame_with(time, event, exposed):
    return pd.DataFrame({"time": time, "event": event, "exposed": exposed.astype(float)})


@pytest.mark.parametrize(
    ("responses", "note"),
    [([(1.0, "PR")], "nobody has reached"), ([(1.0, "CR")], "everybody has reached")],
)
def test_nobody_or_everybody_reaches_the_status(responses, note):
    cohort = cohort_of([Patient((10.0 + k, k % 2), (40.0, 0), responses=responses) for k in range(24)])
    found = landmark_panel(cohort, "pfs", cr_of(cohort), 3.0)
    assert note in found.notes[0]
    assert "\u201cCR\u201d by month 3" in found.notes[0]
    assert np.isnan(found.panel.log_rank.p_value)
    assert np.isnan(found.panel.hazard_ratios[0].estimate.value)
    assert found.panel.hazard_ratios[0].reason == "a group is empty"
    around = beside(cohort, "pfs", cr_of(cohort), 3.0)
    assert around.strip.notes
    assert np.isnan(around.time_dependent.p_value)


def test_a_landmark_after_the_last_event_and_after_the_last_patient():
    cohort = cohort_of([Patient((6.0, 1), (40.0, 0), responses=[(1.0, "CR" if k % 2 else "PR")]) for k in range(20)])
    late = landmark_panel(cohort, "os", cr_of(cohort), 12.0)
    assert late.panel.n == 20
    assert any("no events after the landmark" in note for note in late.notes)
    beyond = landmark_panel(cohort, "pfs", cr_of(cohort), 12.0)
    assert beyond.panel.groups == ()
    assert beyond.panel.n == 0
    assert beyond.notes == (
        "nobody is followed beyond the landmark",
        "10 patients had reached it but had the event or were censored by then",
    )
    assert len(beyond.rates) == 0


def test_p_is_withheld_below_ten_in_a_group():
    people = [Patient((5.0 + k % 17, k % 2), (60.0, 0), responses=[(1.0, "CR" if k < 9 else "PR")]) for k in range(40)]
    cohort = cohort_of(people)
    found = landmark_panel(cohort, "pfs", cr_of(cohort), 3.0)
    assert found.flow[-2].n == 9
    assert np.isnan(found.panel.log_rank.p_value)
    assert np.isnan(found.panel.hazard_ratios[0].p_value)
    assert found.panel.hazard_ratios[0].reason == TOO_FEW
    assert np.isfinite(found.panel.hazard_ratios[0].estimate.value)


def test_an_endpoint_that_starts_later_and_a_cohort_without_a_status_are_refused_with_the_reason():
    people = [Patient(*ALIVE, dor=(5.0, 1), responses=[(1.0, "CR")])]
    cohort = cohort_of(people)
    assert "DOR starts at first response" in refusal(cohort, "dor", cr_of(cohort))
    assert refusal(cohort, "pfs", cr_of(cohort)) == ""
    assert "dates no status" in refusal(cohort_of([Patient(*ALIVE)]), "pfs", None)


def test_missing_endpoints_are_counted():
    cohort = cohort_of([Patient(*ALIVE, responses=[(1.0, "CR")]), Patient((np.nan, 1), (9.0, 1), responses=[(1.0, "PR")])])
    found = landmark_panel(cohort, "pfs", cr_of(cohort), 3.0)
    assert ("without PFS", 1) in [(s.label, s.n) for s in found.flow]
    assert found.panel.n_missing == 1


def test_the_strip_shows_what_each_landmark_alone_would():
    cohort = cohort_of(random_people(80, 5))
    status = cr_of(cohort)
    strip = landmark_strip(cohort, "pfs", status, 6.0)
    assert strip.table["landmark"].tolist() == [float(m) for m in range(1, last_landmark(cohort.survival("pfs")[0]) + 1)]
    for month in (1.0, 6.0, 12.0):
        row = strip.table[strip.table["landmark"] == month].iloc[0]
        alone = landmark_panel(cohort, "pfs", status, month)
        assert row["hazard_ratio"] == pytest.approx(alone.panel.hazard_ratios[0].estimate.value, rel=1e-12)
        assert row["n"] == alone.panel.n


def test_the_time_dependent_ratio_equals_that_of_start_stop_data():
    cohort = cohort_of(random_people(90, 6))
    status = cr_of(cohort)
    found = beside(cohort, "pfs", status, 3.0)
    base = cohort.patients[["patient_id", "pfs_time", "pfs_event"]]
    long = to_long_format(base, duration_col="pfs_time")
    dated = cohort.patients[["patient_id"]].assign(month=status.reached, cr=1.0)
    dated = dated[np.isfinite(dated["month"]) & (dated["month"] < cohort.patients["pfs_time"])]
    start = base[["patient_id"]].assign(month=0.0, cr=0.0)
    frame = add_covariate_to_timeline(long, pd.concat([start, dated]), "patient_id", "month", "pfs_event")
    fitted = CoxTimeVaryingFitter().fit(frame, id_col="patient_id", event_col="pfs_event", start_col="start", stop_col="stop")
    assert found.n == 90
    assert found.time_dependent.estimate.value == pytest.approx(float(np.exp(fitted.params_["cr"])), rel=1e-4)


def test_who_was_never_looked_at_counts_as_without_the_status_and_is_said():
    people = random_people(60, 7)
    people[0] = replace(people[0], responses=())
    found = beside(cohort_of(people), "pfs", cr_of(cohort_of(people)), 3.0)
    assert found.n == 60
    assert any("was never looked at" in note for note in found.notes)


def test_the_bias_is_said_with_its_size():
    cohort = cohort_of(random_people(120, 8))
    found = beside(cohort, "pfs", cr_of(cohort), 3.0)
    assert found.naive.factor < 1  # to count the wait for the status as time with it flatters the status
    assert "times too favourable" in found.bias
    assert "patient-months lived before the status" in found.bias
    assert "too unfavourable" in bias_words(replace(found.naive, factor=2.0), found.status)
    assert "comes out as" in bias_words(replace(found.naive, factor=1.001), found.status)
    assert "cannot be told" in bias_words(replace(found.naive, factor=np.nan), found.status)
    assert "Nobody reached" in bias_words(replace(found.naive, n_reached=0), found.status)


def test_the_first_landmark_is_the_status_own_inside_what_is_offered():
    cohort = cohort_of(random_people(60, 9), AFTER)
    time = cohort.survival("pfs")[0]
    usual = {s.key: first_choice(s, time) for s in statuses(cohort)}
    assert usual["cr"] == 3
    assert usual["crs-grade"] == 1
    assert all(1 <= month <= last_landmark(time) for month in usual.values())
    assert last_landmark(np.array([np.nan])) == 2
