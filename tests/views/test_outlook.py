"""Duration of response, PFS and OS by CR: never from infusion."""

import numpy as np
import pytest

from cartograph.stats.survival import kaplan_meier
from cartograph.views.outlook import outlooks
from tests.views.over_time import Patient, cohort_of, random_people


def outlook_of(people, endpoint):
    cohort = cohort_of(people)
    return next(o for o in outlooks(cohort, member=np.ones(cohort.n, dtype=bool)) if o.endpoint == endpoint)


def test_everybody_from_the_start_and_by_cr_from_month_three():
    people = random_people(80, 21)
    shown = outlook_of(people, "pfs")
    time, event = (np.array([p.pfs[k] for p in people]) for k in (0, 1))
    whole = kaplan_meier(time, event)
    assert shown.everybody.groups[0].curve.survival.tolist() == whole.survival.tolist()
    assert shown.rates["rate_24"].iloc[0] == pytest.approx(whole.at([24.0])["survival"].iloc[0])
    assert shown.by_cr.n <= (time > 3.0).sum()
    assert shown.landmark_words == "month 3 from infusion"
    assert shown.rates["group"].tolist()[1:] == ["no CR or better at month 3 from infusion", "CR or better at month 3 from infusion"]


def test_duration_of_response_counts_from_the_first_response_in_both():
    people = [
        Patient((20.0, 1), (40.0, 0), responses=[(1.0, "PR"), (3.0, "CR")], dor=(19.0, 1)),
        Patient((20.0, 1), (40.0, 0), responses=[(1.0, "PR"), (6.0, "CR")], dor=(19.0, 1)),
        Patient((3.0, 1), (40.0, 0), responses=[(1.0, "CR")], dor=(2.0, 1)),
        Patient((20.0, 0), (40.0, 0), responses=[(1.0, "SD")]),
    ]
    shown = outlook_of(people, "dor")
    assert shown.by_cr.n == 2  # the third lost the response within 3 months, the fourth had none
    assert [g.n for g in shown.by_cr.groups] == [1, 1]
    assert shown.by_cr.n_missing == 1
    assert shown.landmark_words == "3 months after the first response"
    assert "1 with an event or censored" in shown.by_cr.notes[0]


def test_without_dated_responses_nothing_is_split():
    shown = outlook_of([Patient((5.0, 1), (9.0, 1))] * 3, "os")
    assert shown.by_cr is None
    assert len(shown.rates) == 1
