"""Landmark analysis: the flow and what follows from it against R, the rules written out, and the edges."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartograph.stats.compare import log_rank
from cartograph.stats.hazard import hazard_ratio
from cartograph.stats.landmark import Landmark, landmark
from cartograph.stats.survival import kaplan_meier
from tests.stats.reference import close, numbers, values

DAYS = sorted(values("landmark")["landmarks"], key=int)


def stanford(at: float) -> Landmark:
    data = values("landmark")["data"]
    return landmark(data["time"], data["event"], numbers(data["status_time"]), at)


@pytest.mark.parametrize("day", DAYS)
def test_the_flow_is_rs(day: str) -> None:
    found, theirs = stanford(float(day)), values("landmark")["landmarks"][day]
    assert (found.n, found.n_analysed) == (theirs["n_total"], theirs["n_included"])
    assert (found.events_before, found.censored_before) == (theirs["n_excluded_event"], theirs["n_excluded_censored"])
    assert found.reached_and_left_out == theirs["n_excluded_exposed_before_exclusion"]
    assert found.reached_later == theirs["n_later_exposed_counted_unexposed"]
    assert (found.n_analysed - found.n_exposed, found.n_exposed) == (theirs["n_group"]["no"], theirs["n_group"]["yes"])
    assert (found.events_unexposed, found.events_exposed) == (theirs["events_group"]["no"], theirs["events_group"]["yes"])


@pytest.mark.parametrize("day", DAYS)
def test_hazard_ratios_tests_and_curves_from_the_landmark_are_rs(day: str) -> None:
    found, theirs = stanford(float(day)), values("landmark")["landmarks"][day]
    for ties, cox in theirs["cox"].items():
        ratio = hazard_ratio(found.time, found.event, found.exposed, ties=ties)
        close([ratio.value, ratio.ci_low, ratio.ci_high, ratio.p_value], [cox["hr"], cox["lower"], cox["upper"], cox["p"]], rtol=1e-7)
    close(hazard_ratio(found.time, found.event, found.exposed, method="mantel-haenszel").value, theirs["mh_hr"])
    test = log_rank(found.time, found.event, found.exposed)
    close(test.statistic, theirs["log_rank"]["chisq"])
    close(test.expected, [theirs["log_rank"]["expected"][group] for group in ("no", "yes")])
    for exposed, group in ((False, "no"), (True, "yes")):
        inside = found.exposed == exposed
        curve, km = kaplan_meier(found.time[inside], found.event[inside]), theirs["km"][group]
        median = curve.quantile()
        close([median.value, median.ci_low, median.ci_high], numbers([km["median"][k] for k in ("estimate", "lower", "upper")]))
        at = curve.at(km["fixed_times"]["time"])
        close(at["survival"], km["fixed_times"]["surv"])
        close(at["at_risk"], km["fixed_times"]["n_risk"])


@st.composite
def patients(draw: st.DrawFn) -> pd.DataFrame:
    """Few distinct times (ties, also with the landmark), a status that comes before, at, after the end, or never."""
    n = draw(st.integers(1, 30))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    status = rng.integers(0, 20, n) / 2.0
    return pd.DataFrame(
        {
            "time": rng.integers(0, 20, n) / 2.0,
            "event": rng.random(n) < draw(st.sampled_from([0.1, 0.5, 1.0])),
            "status": np.where(rng.random(n) < draw(st.sampled_from([0.0, 0.3, 1.0])), np.nan, status),
        }
    )


@given(patients(), st.integers(0, 22))
def test_the_rules_patient_by_patient(data: pd.DataFrame, step: int) -> None:
    at = step / 2.0
    found = landmark(data["time"], data["event"], data["status"], at)
    left = [row for row in data.itertuples() if row.time > at]
    rows = [(row.time - at, row.event, not math.isnan(row.status) and row.status <= at) for row in left]
    assert [(t, bool(e), bool(x)) for t, e, x in zip(found.time, found.event, found.exposed, strict=True)] == rows
    assert found.events_before + found.censored_before + found.n_analysed == found.n == len(data)
    assert found.events_before == ((data["time"] <= at) & data["event"]).sum()
    assert found.reached_and_left_out == ((data["time"] <= at) & (data["status"] <= at)).sum()
    assert found.reached_later == ((data["time"] > at) & (data["status"] > at) & (data["status"] <= data["time"])).sum()
    assert found.events_exposed + found.events_unexposed + found.events_before == data["event"].sum()
    assert (found.time > 0).all()
    frame = found.to_frame()
    assert frame["n"].tolist()[0] == len(data)
    assert frame["n"][1:4].sum() == len(data)


def test_nobody_and_everybody_reach_the_status() -> None:
    time, event = [2.0, 8.0, 9.0], [True, True, False]
    nobody = landmark(time, event, [math.nan, math.inf, 7.0], 6)
    assert (nobody.n_exposed, nobody.reached_later) == (0, 1)
    assert nobody.notes == ("nobody has reached the status by the landmark: there is nothing to compare",)
    everybody = landmark(time, event, [1, 6.0, -1.0], 6)
    assert everybody.n_exposed == everybody.n_analysed == 2
    assert everybody.notes[0].startswith("everybody has reached")
    for found in (nobody, everybody):
        ratio = hazard_ratio(found.time, found.event, found.exposed)
        assert math.isnan(ratio.value)
        assert ratio.notes


def test_a_landmark_after_the_last_event_or_the_last_patient() -> None:
    late = landmark([2.0, 8.0, 9.0], [True, False, False], [1.0, 1.0, 9.0], 5)
    assert (late.n_analysed, late.events_before, late.notes) == (2, 1, ("no events after the landmark",))
    assert math.isnan(hazard_ratio(late.time, late.event, late.exposed).value)
    gone = landmark([2.0, 8.0, 9.0], [True, False, False], [1.0, 1.0, 9.0], 9)
    assert (gone.n_analysed, gone.events_before, gone.censored_before) == (0, 1, 2)
    assert gone.notes == ("nobody is followed beyond the landmark",)
    assert math.isnan(hazard_ratio(gone.time, gone.event, gone.exposed).value)
    assert kaplan_meier(gone.time, gone.event).notes == ("no patients",)
    assert landmark([], [], [], 0).notes == gone.notes


def test_events_at_the_landmark_are_before_it_and_a_status_at_the_landmark_counts() -> None:
    found = landmark([6.0, 6.0, 7.0, 7.0], [True, False, True, False], [6.0, 1.0, 6.0, 6.5], 6)
    assert found.included.tolist() == [False, False, True, True]
    assert found.exposed.tolist() == [True, False]
    assert (found.events_before, found.censored_before, found.reached_and_left_out) == (1, 1, 2)


def test_rounding_noise_does_not_carry_a_patient_beyond_the_landmark() -> None:
    found = landmark([0.1 + 0.2, 0.5, 0.5], [True, True, False], [np.nan, 0.1 + 0.2, 0.4], 0.3)
    assert found.included.tolist() == [False, True, True]
    assert found.exposed.tolist() == [True, False]


@pytest.mark.parametrize("at", [-1.0, math.nan, math.inf])
def test_a_landmark_is_a_month(at: float) -> None:
    with pytest.raises(ValueError, match="at must be a landmark in months"):
        landmark([1.0], [True], [1.0], at)


def test_one_status_time_for_each_patient() -> None:
    with pytest.raises(ValueError, match="one time for each of the 2 patients"):
        landmark([1.0, 2.0], [True, False], [1.0], 1)
    with pytest.raises(ValueError, match="must not be missing"):
        landmark([1.0, math.nan], [True, False], [1.0, 1.0], 1)
