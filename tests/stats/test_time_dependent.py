"""A status during follow-up: against coxph with (start, stop], lifelines, everything written out, and the bias of forgetting it."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from lifelines import CoxTimeVaryingFitter
from scipy.optimize import brentq

from benchmarks.immortal_time import ANALYSES, analyses, cohort
from cartograph.stats.compare import log_rank
from cartograph.stats.hazard import hazard_ratio
from cartograph.stats.landmark import landmark
from cartograph.stats.survival import kaplan_meier
from cartograph.stats.time_dependent import (
    hazard_ratio_by_landmark,
    mantel_byar,
    naive_hazard_ratio,
    simon_makuch,
    start_stop,
    time_dependent_hazard_ratio,
)
from tests.stats.reference import close, values

COHORTS = ("tmerge", "heart")


def stanford(name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row per patient (time, event, status), and R's rows."""
    rows = pd.DataFrame(values("time_dependent_cox")[name]["rows"])
    each = rows.groupby("id").agg(time=("stop", "max"), event=("event", "max"))
    return each.assign(status=rows[rows["transplant"] == 1].groupby("id")["start"].min()), rows


@st.composite
def patients(draw: st.DrawFn) -> pd.DataFrame:
    """Ties of events, ends and status times; a status that comes before, at or after the end, from the start, or never."""
    n = draw(st.integers(2, 40))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    steps = draw(st.sampled_from([4, 12, 400]))
    status = rng.integers(-1, steps, n) / 4
    return pd.DataFrame(
        {
            "time": rng.integers(0, steps, n) / 4,
            "event": rng.random(n) < draw(st.sampled_from([0.05, 0.5, 1.0])),
            "status": np.where(rng.random(n) < draw(st.sampled_from([0.1, 0.5, 1.0])), np.nan, status),
            "by": rng.integers(0, 2, n),
        }
    )


def columns(data: pd.DataFrame) -> tuple[pd.Series, pd.Series, pd.Series]:
    return data["time"], data["event"], data["status"]


@pytest.mark.parametrize("name", COHORTS)
def test_the_stretches_are_tmerges(name: str) -> None:
    data, rows = stanford(name)
    found = start_stop(*columns(data)).to_frame()
    np.testing.assert_array_equal(found[["start", "stop", "event", "exposed"]], rows[["start", "stop", "event", "transplant"]])
    assert data.index[found["patient"]].tolist() == rows["id"].tolist()


@pytest.mark.parametrize("name", COHORTS)
@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_the_hazard_ratio_is_coxphs(name: str, ties: str) -> None:
    data, _ = stanford(name)
    theirs = values("time_dependent_cox")[name][ties]
    found = time_dependent_hazard_ratio(*columns(data), ties=ties)  # type: ignore[arg-type]
    close([found.value, found.ci_low, found.ci_high, found.p_value], [theirs[k] for k in ("hr", "lower", "upper", "p")], atol=0)
    close(math.log(found.value), theirs["coef"], atol=0)
    assert (found.n, found.events) == (103, 75)
    assert "time-dependent" in found.method


def test_mantel_byar_is_the_score_test_of_coxph_with_exact_ties() -> None:
    for name in COHORTS:
        data, _ = stanford(name)
        close(mantel_byar(*columns(data)).statistic, values("time_dependent_cox")[name]["exact_score"])


def test_the_naive_ratio_is_coxphs_and_its_bias_is_named() -> None:
    data, _ = stanford("tmerge")
    reference = values("time_dependent_cox")
    found = naive_hazard_ratio(*columns(data))
    close(found.biased.value, reference["naive"]["efron"]["hr"])
    close(found.log_difference, reference["naive"]["efron"]["coef"] - reference["tmerge"]["efron"]["coef"])
    close(found.factor, found.biased.value / found.time_dependent.value)
    assert not hasattr(found, "value")
    assert "biased" in found.method
    assert "biased" in found.biased.method
    assert found.n_reached == 69
    close(found.immortal_months, data["status"].sum())
    close(found.immortal_share, data["status"].sum() / data["time"].sum())
    assert found.to_frame()["analysis"].tolist() == ["biased", "time-dependent"]


@given(patients())
def test_each_stretch_patient_by_patient(data: pd.DataFrame) -> None:
    rows = []
    for i, row in enumerate(data.itertuples()):
        if row.time > 0 and (math.isnan(row.status) or row.status >= row.time):
            rows.append((i, 0.0, row.time, row.event, False))
        elif row.time > 0 and row.status <= 0:
            rows.append((i, 0.0, row.time, row.event, True))
        elif row.time > 0:
            rows += [(i, 0.0, row.status, False, False), (i, row.status, row.time, row.event, True)]
    found = start_stop(*columns(data))
    assert [tuple(r) for r in found.to_frame().itertuples(index=False)] == rows
    assert found.left_out == (data["time"] == 0).sum()
    assert bool(found.notes) == bool(found.left_out)


def efron_slope(rows: pd.DataFrame, beta: float) -> float:
    """Slope of Efron's partial log-likelihood, event time by event time, from the stretches."""
    total = 0.0
    for t in rows["stop"][rows["event"]].unique():
        at_risk = rows[(rows["start"] < t) & (t <= rows["stop"])]
        dead = at_risk[at_risk["event"] & (at_risk["stop"] == t)]
        weight, tied = np.exp(beta * at_risk["exposed"]), np.exp(beta * dead["exposed"])
        for part in np.arange(len(dead)) / len(dead):
            below = weight.sum() - part * tied.sum()
            total -= ((weight * at_risk["exposed"]).sum() - part * (tied * dead["exposed"]).sum()) / below
        total += dead["exposed"].sum()
    return total


@given(patients())
def test_the_ratio_solves_the_equation_written_out(data: pd.DataFrame) -> None:
    found = time_dependent_hazard_ratio(*columns(data))
    rows = start_stop(*columns(data)).to_frame()
    if math.isnan(found.value):
        assert found.notes
        slopes = [efron_slope(rows, b) for b in (-30.0, 30.0)]
        assert slopes[0] * slopes[1] >= 0 or min(map(abs, slopes)) < 1e-9
    else:
        close(math.log(found.value), brentq(lambda b: efron_slope(rows, b), -30, 30, xtol=1e-12), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("seed", range(4))
def test_the_ratio_is_that_of_lifelines(seed: int) -> None:
    data = cohort(np.random.default_rng(seed), 80)
    time = np.ceil(data.time)  # ties
    found = time_dependent_hazard_ratio(time, data.event, data.status_time)
    rows = start_stop(time, data.event, data.status_time).to_frame().astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = CoxTimeVaryingFitter().fit(rows, id_col="patient", event_col="event", start_col="start", stop_col="stop")
    close(math.log(found.value), fit.params_["exposed"], rtol=1e-4, atol=1e-5)
    close(math.log(found.ci_high / found.ci_low) / (2 * 1.959964), fit.standard_errors_["exposed"], rtol=1e-4)


@given(patients(), st.sampled_from(["cox", "firth", "mantel-haenszel"]))
def test_a_status_known_at_the_start_is_a_group(data: pd.DataFrame, method: str) -> None:
    data = data[data["time"] > 0]
    assume(len(data) > 0)
    status = np.where(data["by"] == 1, 0.0, np.nan)
    found = time_dependent_hazard_ratio(data["time"], data["event"], status, method=method)  # type: ignore[arg-type]
    group = hazard_ratio(data["time"], data["event"], data["by"], method=method)  # type: ignore[arg-type]
    close([found.value, found.ci_low, found.ci_high, found.p_value], [group.value, group.ci_low, group.ci_high, group.p_value])
    if 0 < data["by"].sum() < len(data):
        close(mantel_byar(data["time"], data["event"], status).statistic, log_rank(data["time"], data["event"], data["by"]).statistic)


@given(patients(), st.integers(0, 99))
def test_order_unit_and_strata(data: pd.DataFrame, seed: int) -> None:
    one = time_dependent_hazard_ratio(*columns(data))
    shuffled = data.sample(frac=1, random_state=seed)
    other = time_dependent_hazard_ratio(shuffled["time"] * 30.4375, shuffled["event"], shuffled["status"] * 30.4375)
    close([one.value, one.ci_low, one.p_value], [other.value, other.ci_low, other.p_value], rtol=1e-6)
    single = time_dependent_hazard_ratio(*columns(data), strata=["all"] * len(data))
    close([single.value, single.ci_high], [one.value, one.ci_high])
    twice = pd.concat([data, data], ignore_index=True)
    apart = time_dependent_hazard_ratio(*columns(twice), strata=np.repeat(["a", "b"], len(data)))
    close(apart.value, one.value, rtol=1e-6)


@given(patients(), st.sampled_from([0.0, 0.5, 2.0]))
def test_simon_makuch_is_the_product_written_out(data: pd.DataFrame, start: float) -> None:
    found = simon_makuch(*columns(data), start=start)
    rows = start_stop(*columns(data)).to_frame()
    followed = data["time"] > start
    rows = rows[followed.to_numpy()[rows["patient"]] & (rows["stop"] > start)]
    for curve, exposed in ((found.unexposed, False), (found.exposed, True)):
        state = rows[rows["exposed"] == exposed]
        alive = 1.0
        for row in curve.to_frame().itertuples():
            at_risk = int(((state["start"] < row.time) & (row.time <= state["stop"])).sum())
            events = int((state["event"] & (state["stop"] == row.time)).sum())
            alive *= 1 - events / at_risk if events else 1.0
            entered = int(((state["start"] == row.time) & (state["start"] > start)).sum())
            assert (row.at_risk, row.events, row.entered) == (at_risk, events, entered)
            assert row.left == ((state["stop"] == row.time) & ~state["event"]).sum()
            close(row.survival, alive)
        asked = np.array([start, start + 0.3, 1.0, 3.0])
        expected = [int((t > start) and ((state["start"] < t) & (t <= state["stop"])).sum()) for t in asked]
        assert curve.at(asked)["at_risk"].tolist() == expected
        assert curve.events.sum() == state["event"].sum()
    assert set(found.to_frame()["state"]) <= {"status not reached", "status reached"}


@given(patients())
def test_simon_makuch_without_a_change_is_kaplan_meier(data: pd.DataFrame) -> None:
    data = data[data["time"] > 0]
    assume(len(data) > 0)
    expected = kaplan_meier(data["time"], data["event"]).to_frame()
    for status in (np.inf, 0.0):
        found = simon_makuch(data["time"], data["event"], np.full(len(data), status))
        curve = found.exposed if status == 0 else found.unexposed
        for name in ("time", "at_risk", "events", "survival", "std_error", "ci_low", "ci_high"):
            close(getattr(curve, name), expected[name])
        close(curve.at([0.5, 1.0])["survival"], kaplan_meier(data["time"], data["event"]).at([0.5, 1.0])["survival"])


def test_simon_makuch_from_a_landmark_without_later_changes_is_the_landmark_analysis() -> None:
    rng = np.random.default_rng(3)
    time, event, status = np.ceil(rng.exponential(10, 60)), rng.random(60) < 0.7, np.ceil(rng.exponential(6, 60))
    status[status > 4] = np.inf
    at = landmark(time, event, status, 4)
    found = simon_makuch(time, event, status, start=4)
    for curve, exposed in ((found.unexposed, False), (found.exposed, True)):
        km = kaplan_meier(at.time[at.exposed == exposed], at.event[at.exposed == exposed])
        close(curve.survival, km.survival)
        close(curve.time - 4, km.time)
    close(found.test.statistic, log_rank(at.time, at.event, at.exposed).statistic)
    assert found.test.n.tolist() == [at.n_analysed - at.n_exposed, at.n_exposed]


def test_a_curve_that_falls_to_zero_too_early_says_so() -> None:
    found = simon_makuch([3.0, 9.0, 9.0, 10.0], [1, 1, 0, 0], [2.0, 5.0, 6.0, np.nan])
    assert found.exposed.survival[1] == 0
    assert any("falls to 0 at month 3" in note for note in found.notes)
    later = simon_makuch([3.0, 9.0, 9.0, 10.0], [1, 1, 0, 0], [2.0, 5.0, 6.0, np.nan], start=6)
    assert later.notes == ()
    close(later.exposed.survival, [0.5])


@given(patients())
def test_the_strip_is_one_landmark_after_another(data: pd.DataFrame) -> None:
    strip = hazard_ratio_by_landmark(*columns(data)).to_frame()
    reached = np.maximum(data["status"][data["status"] < data["time"]], 0)
    assert strip["landmark"].tolist() == sorted(reached.unique())
    for row in strip.itertuples():
        at = landmark(*columns(data), row.landmark)
        ratio = hazard_ratio(at.time, at.event, at.exposed)
        assert (row.n, row.n_exposed, row.events_unexposed, row.events_exposed) == (
            at.n_analysed,
            at.n_exposed,
            at.events_unexposed,
            at.events_exposed,
        )
        close([row.hazard_ratio, row.ci_low, row.ci_high, row.p_value], [ratio.value, ratio.ci_low, ratio.ci_high, ratio.p_value])
        assert math.isfinite(row.hazard_ratio) or row.note


def test_the_strip_reports_progress_and_can_be_cancelled() -> None:
    data, _ = stanford("tmerge")
    seen: list[float] = []
    found = hazard_ratio_by_landmark(*columns(data), landmarks=[30, 10, 60, 30], progress=seen.append)
    assert found.landmark.tolist() == [10, 30, 60]
    close(seen, [1 / 3, 2 / 3, 1])

    def stop(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hazard_ratio_by_landmark(*columns(data), progress=stop)


def test_a_status_without_effect_looks_good_only_to_the_naive_analysis() -> None:
    p = np.array([[r.p_value for r in analyses(cohort(np.random.default_rng([60, i]), 60))] for i in range(200)])
    false = dict(zip(ANALYSES, (p < 0.05).mean(axis=0), strict=True))
    assert false[ANALYSES[0]] > 0.5
    assert max(false[name] for name in ANALYSES[1:]) < 0.08


def test_nobody_or_everybody_reaches_the_status() -> None:
    time, event = [2.0, 5.0, 8.0, 9.0], [True, True, False, True]
    never = time_dependent_hazard_ratio(time, event, [np.nan] * 4)
    assert math.isnan(never.value)
    assert never.notes == ("the groups are never at risk together",) or "status" in never.notes[0]
    assert simon_makuch(time, event, [np.nan] * 4).notes[0].startswith("status reached: nobody is ever at risk")
    assert hazard_ratio_by_landmark(time, event, [np.nan] * 4).notes[0].startswith("nobody reaches the status")
    at_the_end = time_dependent_hazard_ratio(time, event, time)
    assert math.isnan(at_the_end.value)
    naive = naive_hazard_ratio(time, event, time)
    assert (naive.n_reached, naive.immortal_share) == (4, 1.0)
    assert math.isnan(naive.log_difference)
    assert naive.notes
    always = start_stop(time, event, [0.0] * 4)
    assert always.exposed.all()


def test_no_events_no_patients_and_time_zero() -> None:
    none = time_dependent_hazard_ratio([2.0, 3.0], [0, 0], [1.0, np.nan])
    assert none.notes == ("no events",)
    nobody = time_dependent_hazard_ratio([], [], [])
    assert (nobody.n, nobody.notes) == (0, ("no events",))
    assert len(start_stop([], [], []).to_frame()) == 0
    assert simon_makuch([], [], []).to_frame().empty
    assert math.isnan(naive_hazard_ratio([], [], []).immortal_share)
    zero = start_stop([0.0, 2.0], [1, 1], [0.0, 1.0])
    assert (zero.left_out, zero.patient.tolist()) == (1, [1, 1])
    assert zero.notes == ("1 patient with time 0 left out: never at risk",)
    assert zero.to_frame()["event"].tolist() == [False, True]


def test_one_group_without_events_is_named_by_its_status() -> None:
    found = time_dependent_hazard_ratio([2.0, 5.0, 8.0], [1, 1, 0], [np.nan, np.nan, 1.0])
    assert found.notes == ("no events in those with the status",)
    alone = time_dependent_hazard_ratio([1.0, 3.0, 4.0], [1, 1, 1], [np.nan, 0.5, 0.5])
    assert alone.notes == ("no events in those with the status while those without the status are at risk",)


def test_rounding_noise_between_status_and_end_is_no_stretch() -> None:
    found = start_stop([0.3, 1.0], [1, 1], [0.1 + 0.2, 0.5])
    assert found.to_frame()["patient"].tolist() == [0, 1, 1]


def test_wrong_calls_are_refused() -> None:
    with pytest.raises(ValueError, match="one time for each of the 2 patients"):
        start_stop([1.0, 2.0], [1, 0], [1.0])
    with pytest.raises(ValueError, match="strata must have one label"):
        time_dependent_hazard_ratio([1.0, 2.0], [1, 0], [1.0, 1.0], strata=["a"])
    with pytest.raises(ValueError, match="start must be a month"):
        simon_makuch([1.0, 2.0], [1, 0], [1.0, 1.0], start=-1)
    with pytest.raises(ValueError, match="at must be a landmark"):
        hazard_ratio_by_landmark([1.0, 2.0], [1, 0], [1.0, 1.0], landmarks=[-1.0])
