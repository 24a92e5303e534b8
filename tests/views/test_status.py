"""When a status was reached, and whether it is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartograph.views.status import DAY_30, mrd_tests, statuses, sustained_from
from tests.views.over_time import AFTER, Patient, cohort_of, random_people

ALIVE = ((30.0, 0), (30.0, 0))


def status_of(people, key, columns=None):
    return next(s for s in statuses(cohort_of(people, columns)) if s.key == key)


def test_a_response_is_dated_at_its_first_visit_whatever_the_order_in_the_file():
    people = [
        Patient(*ALIVE, responses=[(6.0, "CR"), (1.0, "PR"), (3.0, "sCR")]),
        Patient(*ALIVE, responses=[(1.0, "NE"), (3.0, "VGPR")]),
        Patient(*ALIVE),
    ]
    cr = status_of(people, "cr")
    assert cr.reached.tolist() == [3.0, np.inf, np.inf]
    assert cr.assessed.tolist() == [1.0, 3.0, np.inf]  # "NE" tells nothing
    assert status_of(people, "vgpr").reached.tolist() == [3.0, 3.0, np.inf]


def test_mrd_at_the_last_test_can_be_lost_and_come_back():
    people = [Patient(*ALIVE, mrd=[(12.0, "negative"), (1.0, "negative"), (6.0, "positive"), (3.0, "not done")]), Patient(*ALIVE)]
    held = status_of(people, "mrd-held")
    assert [held.as_of(m)[0] for m in (0.5, 1.0, 3.0, 6.0, 11.9, 12.0)] == [np.inf, 1.0, 1.0, np.inf, np.inf, 12.0]
    assert status_of(people, "mrd").as_of(6.0)[0] == 1.0  # "ever" is kept


def test_a_test_at_or_before_infusion_is_no_status():
    people = [Patient(*ALIVE, mrd=[(0.0, "negative"), (-1.0, "negative"), (3.0, "positive")], responses=[(0.0, "CR"), (3.0, "PR")])]
    assert status_of(people, "mrd").reached.tolist() == [np.inf]
    assert status_of(people, "cr").reached.tolist() == [np.inf]


@pytest.mark.parametrize(
    ("tests", "expected"),
    [
        ([(1.0, "negative"), (13.0, "negative")], 13.0),
        ([(1.0, "negative"), (12.9, "negative")], np.inf),
        ([(1.0, "negative"), (6.0, "positive"), (13.0, "negative"), (25.0, "negative")], 25.0),
        ([(25.0, "negative"), (13.0, "negative"), (1.0, "positive")], 25.0),
        ([(13.0, "negative")], np.inf),
    ],
)
def test_sustained_needs_twelve_months_without_a_positive_test(tests, expected):
    cohort = cohort_of([Patient(*ALIVE, mrd=tests)])
    assert sustained_from(mrd_tests(cohort), 1).tolist() == [expected]


@given(st.lists(st.tuples(st.integers(1, 60), st.sampled_from(["negative", "positive"])), max_size=9, unique_by=lambda t: t[0]))
def test_sustained_equals_looking_at_every_pair(tests):
    cohort = cohort_of([Patient(*ALIVE, mrd=[(float(m), s) for m, s in tests])])
    pairs = [
        late
        for early, s in tests
        for late, t in tests
        if s == t == "negative" and late - early >= 12 and not any(p == "positive" and early < m < late for m, p in tests)
    ]
    assert sustained_from(mrd_tests(cohort), 1)[0] == min(pairs, default=np.inf)


def test_persistence_and_grades_are_known_when_they_can_be():
    people = [Patient(*ALIVE, other={"persistence": p, "crs_grade": g}) for p, g in ((6.0, "2"), (5.9, "1"), (None, None))]
    lasting = status_of(people, "persistence-6", AFTER)
    assert lasting.reached.tolist() == [6.0, np.inf, np.inf]
    assert lasting.assessed.tolist() == [0.0, 0.0, np.inf]
    crs = status_of(people, "crs-grade", AFTER)
    assert crs.reached.tolist() == [DAY_30, np.inf, np.inf]
    assert not crs.by_visit


def test_what_nobody_reached_or_nobody_was_looked_at_for_is_not_offered():
    people = [Patient(*ALIVE, other={"persistence": 2.0, "crs_grade": "1"})]
    assert statuses(cohort_of(people, AFTER)) == ()


def test_every_status_speaks_of_itself():
    for status in statuses(cohort_of(random_people(40, 3), AFTER)):
        assert max(len(status.short_yes), len(status.short_no)) <= 14, status.key  # beside a curve
        assert status.label in status.words or status.key in ("mrd", "crs-grade")
        assert len(status.reached) == len(status.assessed) == 40
