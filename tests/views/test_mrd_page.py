"""The course of MRD: states, groups, how long negativity lasts and for whom that is asked."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cartograph.cohort.model import Column
from cartograph.views.mrd import (
    GAP,
    GROUPS,
    STATES,
    duration,
    finding,
    mrd_course,
    mrd_groups,
    mrd_lanes,
    mrd_refusal,
    negativity,
    occupancy,
    predictors,
    states_at,
    time_to_negative,
)
from tests.views.over_time import AFTER, Patient, cohort_of, random_people

ALIVE = ((60.0, 0), (60.0, 0))


def course_of(*people, columns=None):
    return mrd_course(cohort_of(people, columns))


def everybody(made):
    return np.ones(made.cohort.n, dtype=bool)


@pytest.mark.parametrize(
    ("patient", "group"),
    [
        (Patient(*ALIVE, mrd=[(1.0, "negative"), (13.0, "negative")]), "sustained"),
        (Patient(*ALIVE, mrd=[(13.0, "negative"), (1.0, "negative")]), "sustained"),  # out of order
        (Patient(*ALIVE, mrd=[(1.0, "negative"), (12.0, "negative")]), "negative"),
        (Patient(*ALIVE, mrd=[(3.0, "negative")]), "negative"),  # one test
        (Patient(*ALIVE, mrd=[(1.0, "negative"), (13.0, "negative"), (18.0, "positive")]), "lost"),
        (Patient((9.0, 1), (60.0, 0), mrd=[(1.0, "negative")]), "lost"),  # progressed
        (Patient((9.0, 1), (9.0, 1), mrd=[(1.0, "negative")]), "negative"),  # died without loss
        (Patient((30.0, 1), (60.0, 0), mrd=[(1.0, "negative")]), "lost"),  # progressed long after the last test
        (Patient(*ALIVE, mrd=[(1.0, "positive"), (6.0, "not done")]), "never"),
        (Patient(*ALIVE, mrd=[(1.0, "not done")]), "not done"),
        (Patient(*ALIVE), "not done"),
    ],
)
def test_groups_follow_their_definitions(patient, group):
    assert GROUPS[int(course_of(patient).group[0])] == group


def test_states_over_time_as_known_by_the_last_test():
    made = course_of(Patient((20.0, 1), (25.0, 1), mrd=[(1.0, "positive"), (3.0, "negative"), (15.0, "negative"), (18.0, "positive")]))
    expected = {
        0.5: "not done",
        1.0: "positive",
        3.0: "negative",
        14.9: "negative",
        15.0: "sustained",
        18.0: "lost",
        24.0: "lost",
        25.0: "died",
    }
    assert {m: states_at(made, m)[0] for m in expected} == expected
    left = course_of(Patient((9.0, 0), (10.0, 0), mrd=[(1.0, "negative")]))
    assert [states_at(left, m)[0] for m in (10.0, 10.1)] == ["negative", "follow-up ended"]


@given(n=st.integers(1, 30), seed=st.integers(0, 10**6))
@settings(max_examples=25)
def test_every_patient_is_in_one_state_at_every_month_and_in_one_group(n, seed):
    people = random_people(n, seed)
    made = mrd_course(cohort_of(people))
    table = occupancy(made).table
    assert (table.groupby("month")["n"].sum() == n).all()
    assert set(table["state"]) == set(STATES)
    assert mrd_groups(made).table["n"].sum() == n
    for i, p in enumerate(people):
        negative = [m for m, s in p.mrd if s == "negative"]
        first = min(negative, default=np.inf)
        assert made.first[i] == first
        positive = min((m for m, s in p.mrd if s == "positive" and m > first), default=np.inf)
        relapsed = p.pfs[0] if p.pfs[1] and abs(p.pfs[0] - p.os[0]) >= 0.01 else np.inf
        seen = relapsed if first < relapsed else np.inf
        assert made.lost[i] == (min(positive, seen) if negative else np.inf)


@given(seed=st.integers(0, 10**6), known_at=st.sampled_from([0.0, 3.0, 6.0]))
@settings(max_examples=25)
def test_negativity_is_counted_as_by_hand(seed, known_at):
    made = mrd_course(cohort_of(random_people(25, seed)))
    found = negativity(made, known_at)
    for i in range(25):
        last = made.tests.loc[made.tests["patient"] == i, "month"].max()
        pfs = made.cohort.survival("pfs")[0][i]
        assert np.isnan(last) or made.known_to[i] == min(max(pfs, last), last + GAP)
        lost = made.lost[i] <= made.known_to[i]
        died = made.death[i] <= made.known_to[i] and not lost
        stop = made.lost[i] if lost else made.death[i] if died else made.known_to[i]
        start = max(made.first[i], known_at)
        if not np.isfinite(made.first[i]) or (known_at and stop <= start + 1e-6):
            assert np.isnan(found.time[i])
            continue
        assert found.time[i] == pytest.approx(stop - start)
        assert found.cause[i] == (1 if lost else 2 if died else 0)
        assert stop <= made.known_to[i] + 1e-9  # events and censoring are seen equally long


def test_a_predictor_known_late_moves_the_clock_and_counts_who_is_left_out():
    people = [Patient(*ALIVE, mrd=[(1.0, "negative"), (m, "positive")], responses=[(1.0, "CR")]) for m in (2.0, 9.0, 24.0)]
    people += [Patient(*ALIVE, mrd=[(1.0, "negative"), (15.0, "negative")], responses=[(1.0, "PR")])] * 2
    made = course_of(*people)
    cr = next(p for p in predictors(made.cohort) if p.key == "cr")
    assert cr.known_at == 3.0
    found = duration(made, member=everybody(made), title="All", predictor=cr)
    assert (found.n, found.n_missing) == (4, 1)  # who lost it at month 2 never was "CR by month 3 and still negative"
    assert sorted(found.time.tolist()) == [6.0, 21.0, 24.0, 24.0]
    assert found.sizes == (2, 2)
    assert found.gray.reason == "fewer than 10 patients in a group"


def test_marrow_burden_of_fifty_is_high_and_a_missing_one_is_not_used():
    columns = {"marrow_plasma_cells": Column("marrow_plasma_cells", "Marrow plasma cells", "number", "%")}
    people = [Patient(*ALIVE, mrd=[(1.0, "negative")], other={"marrow_plasma_cells": v}) for v in (49.0, 50.0, None)]
    made = course_of(*people, columns=columns)
    marrow = predictors(made.cohort)[0]
    assert marrow.code.tolist() == [0, 1, -1]
    found = duration(made, member=everybody(made), title="All", predictor=marrow)
    assert (found.n, found.n_missing) == (2, 1)


def test_becoming_negative_competes_with_progression_and_death_and_keeps_who_was_never_tested():
    made = course_of(
        Patient(*ALIVE, mrd=[(3.0, "negative")]),
        Patient((2.0, 1), (60.0, 0), mrd=[(3.0, "positive")]),
        Patient((1.0, 1), (1.0, 1)),
        Patient((5.0, 0), (5.0, 0)),
    )
    found = time_to_negative(made, member=everybody(made), title="All")
    assert found.time.tolist() == [3.0, 2.0, 1.0, 5.0]
    assert [c.n_events for c in found.incidence.curves] == [1, 2]
    assert "2 patients never tested" in found.notes[0]


def test_nobody_and_everybody_becomes_negative():
    never = course_of(*[Patient(*ALIVE, mrd=[(1.0, "positive")])] * 3)
    found = duration(never, member=everybody(never), title="All")
    assert (found.n, found.incidence.curves, found.misleading) == (0, (), None)
    assert "nobody had" in found.notes[-1]
    assert finding(never, everybody(never)).startswith("0 of 3 patients tested became MRD negative")
    always = course_of(*[Patient(*ALIVE, mrd=[(1.0, "negative"), (24.0, "negative")])] * 3)
    assert duration(always, member=everybody(always), title="All").n == 3


def test_no_tests_is_refused_with_the_reason():
    assert "no MRD results by visit" in mrd_refusal(cohort_of([Patient(*ALIVE)]))
    assert "No MRD test after infusion" in mrd_refusal(cohort_of([Patient(*ALIVE, mrd=[(-1.0, "negative")])]))
    assert mrd_refusal(cohort_of([Patient(*ALIVE, mrd=[(1.0, "negative")])])) == ""


def test_lanes_cover_each_follow_up_without_gaps():
    made = mrd_course(cohort_of(random_people(40, 11), AFTER))
    lanes = mrd_lanes(made, member=everybody(made))
    for lane, rows in lanes.segments.groupby("lane"):
        assert rows["start"].iloc[0] == 0
        assert np.allclose(rows["stop"].to_numpy()[:-1], rows["start"].to_numpy()[1:])
        assert lanes.hover[lane].startswith(rows["patient"].iloc[0])
    assert lanes.n == lanes.n_drawn == len(lanes.hover)
    many = mrd_course(cohort_of(random_people(400, 12)))
    drawn = mrd_lanes(many, member=everybody(many))
    assert drawn.n_drawn == 160
    assert "lanes are drawn" in drawn.notes[0]
