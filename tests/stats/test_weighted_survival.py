"""Weighted survival against R, duplicated patients, the unweighted statistics, lifelines and versions written out."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import CoxPHFitter
from scipy.optimize import brentq

from cartograph.stats.compare import log_rank
from cartograph.stats.design import Covariate
from cartograph.stats.hazard import hazard_ratio
from cartograph.stats.survival import kaplan_meier
from cartograph.stats.weighted_bootstrap import Plan, bootstrap_effects
from cartograph.stats.weighted_survival import (
    restricted_mean_difference,
    survival_difference,
    weighted_hazard_ratio,
    weighted_kaplan_meier,
    weighted_log_rank,
)
from cartograph.stats.weights import propensity, weights
from tests.stats.reference import close, numbers, values

PATIENT = st.tuples(st.integers(1, 12), st.booleans(), st.booleans(), st.integers(1, 4))
PATIENTS = st.lists(PATIENT, min_size=4, max_size=40)


def columns(rows):
    time, event, exposed, weight = (np.array([r[k] for r in rows]) for k in range(4))
    return time.astype(float), event, exposed, weight.astype(float)


def made_up(n: int, seed: int, *, ties: bool = False) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    time = rng.exponential(12, n)
    return (np.ceil(time) if ties else time), rng.random(n) < 0.6, rng.random(n) < 0.4, rng.uniform(0.2, 3, n)


@settings(max_examples=60)
@given(PATIENTS)
def test_whole_weights_are_duplicated_patients(rows):
    time, event, exposed, weight = columns(rows)
    again = np.repeat(np.arange(len(time)), weight.astype(int))
    one, many = weighted_kaplan_meier(time, event, weight), kaplan_meier(time[again], event[again])
    np.testing.assert_allclose(one.curve.survival, many.survival, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(one.weight_at_risk, many.at_risk)
    np.testing.assert_allclose(one.weight_events, many.events)
    tau = float(time.max())
    assert one.restricted_mean(tau).value == pytest.approx(many.restricted_mean(tau).value, rel=1e-10)
    test = log_rank(time[again], event[again], exposed[again]) if exposed.any() and not exposed.all() else None
    if test is not None:
        difference = weighted_log_rank(time, event, exposed, weight).difference
        assert difference == pytest.approx(test.observed[1] - test.expected[1], abs=1e-9)
    ratio = weighted_hazard_ratio(time, event, exposed, weight, ties="breslow")
    same = hazard_ratio(time[again], event[again], exposed[again], ties="breslow")
    assert ratio.value == pytest.approx(same.value, rel=1e-6, nan_ok=True)


@settings(max_examples=60)
@given(PATIENTS, st.floats(0.1, 9))
def test_equal_weights_are_the_unweighted_statistics(rows, weight):
    time, event, exposed, _ = columns(rows)
    equal = np.full(len(time), weight)
    one, plain = weighted_kaplan_meier(time, event, equal), kaplan_meier(time, event)
    for name in ("time", "at_risk", "events", "censored", "survival", "std_error", "ci_low", "ci_high"):
        np.testing.assert_allclose(getattr(one.curve, name), getattr(plain, name), rtol=1e-8, atol=1e-12, err_msg=name)
    assert one.effective == pytest.approx(len(time))
    tau = float(time.max())
    found, expected = one.restricted_mean(tau), plain.restricted_mean(tau)
    np.testing.assert_allclose([found.value, found.std_error], [expected.value, expected.std_error], rtol=1e-8, atol=1e-10)
    ratio, usual = weighted_hazard_ratio(time, event, exposed, equal), hazard_ratio(time, event, exposed)
    assert ratio.value == pytest.approx(usual.value, rel=1e-6, nan_ok=True)
    if math.isfinite(ratio.value):
        width = math.log(usual.ci_high / usual.value) / 1.959963984540054
        assert ratio.naive_error * math.sqrt(weight) == pytest.approx(width, rel=1e-5)
    test, same = weighted_log_rank(time, event, exposed, equal), log_rank(time, event, exposed)
    assert test.statistic == pytest.approx(same.statistic, rel=1e-8, nan_ok=True)


@pytest.mark.parametrize("ties", [False, True])
def test_errors_of_the_curve_are_the_influences_of_single_patients(ties):
    """Each patient's weight is moved a little; the squared moves of log S, times the squared weights, sum to the variance."""
    time, event, _, weight = made_up(40, 3, ties=ties)
    of = weighted_kaplan_meier(time, event, weight)
    step, tau = 1e-6, 9.0
    moved_log = np.zeros((40, len(of.curve.time)))
    moved_area = np.zeros(40)
    for i in range(40):
        nudge = np.where(np.arange(40) == i, step, 0.0)
        up, down = (weighted_kaplan_meier(time, event, weight + sign * nudge) for sign in (1, -1))
        with np.errstate(divide="ignore", invalid="ignore"):
            moved_log[i] = weight[i] * (np.log(up.curve.survival) - np.log(down.curve.survival)) / (2 * step)
        moved_area[i] = weight[i] * (up.restricted_mean(tau).value - down.restricted_mean(tau).value) / (2 * step)
    inside = of.curve.survival > 0
    expected = of.curve.survival * np.sqrt((moved_log**2).sum(axis=0))
    np.testing.assert_allclose(of.curve.std_error[inside], expected[inside], rtol=1e-5, atol=1e-9)
    assert of.restricted_mean(tau).std_error == pytest.approx(math.sqrt((moved_area**2).sum()), rel=1e-5)


def naive_cox(time, event, x, weight, ties):
    """The weighted partial likelihood (Efron's ties as R weighs them) and its score residuals, patient by patient."""

    def terms(beta):
        for t in np.unique(time[event]):
            at, dead = time >= t, (time == t) & event
            d, mass = int(dead.sum()), weight[dead].mean()
            risk = weight * np.exp(beta * x)
            for k in range(d):
                out = k / d if ties == "efron" else 0.0
                part = np.where(dead, 1 - out, 1.0) * at
                total = (risk * part).sum()
                yield t, dead, d, mass, part, (risk * part * x).sum() / total, total

    def score(beta):
        return float((weight * x)[event].sum() - sum(mass * mean for _, _, _, mass, _, mean, _ in terms(beta)))

    beta = brentq(score, -8, 8, xtol=1e-13)
    information = sum(mass * mean * (1 - mean) for _, _, _, mass, _, mean, _ in terms(beta))
    residual = np.zeros(len(time))
    for _, dead, d, mass, part, mean, total in terms(beta):
        residual += dead * (x - mean) / d - np.exp(beta * x) * part * (x - mean) * mass / total
    return beta, math.sqrt(((weight * residual) ** 2).sum()) / information


@pytest.mark.parametrize("name", ["lung", "veteran"])
def test_weighted_curve_and_ratio_are_those_of_r(name):
    reference = values("weighted")[name]
    data = {key: np.asarray(column, dtype=float) for key, column in reference["data"].items()}
    time, event, exposed, weight = data["time"], data["event"] == 1, data["exposed"] == 1, data["weight"]
    for ties, expected in reference["cox"].items():
        found = weighted_hazard_ratio(time, event, exposed, weight, ties=ties)
        close(
            [found.log_value, found.std_error, found.naive_error],
            [expected["coefficient"], expected["robust_error"], expected["naive_error"]],
        )
    curve = weighted_kaplan_meier(time, event, weight).curve.to_frame()
    steps, expected = curve[curve["events"] > 0], reference["curve"]
    close(steps["time"], expected["time"])
    close(steps["survival"], expected["survival"])
    known = numbers(expected["survival"]) > 0
    close(steps["std_error"][known], numbers(expected["std_error"])[known])


@pytest.mark.parametrize("method", ["efron", "breslow"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_sandwich_written_out(method, seed):
    time, event, exposed, weight = made_up(50, seed, ties=True)
    found = weighted_hazard_ratio(time, event, exposed, weight, ties=method)
    beta, error = naive_cox(time, event, exposed.astype(float), weight, method)
    np.testing.assert_allclose([found.log_value, found.std_error], [beta, error], rtol=1e-8)


def test_the_sandwich_of_lifelines_without_ties():
    time, event, exposed, weight = made_up(120, 7)
    frame = pd.DataFrame({"t": time, "e": event, "x": exposed.astype(float), "w": weight})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = CoxPHFitter().fit(frame, "t", "e", weights_col="w", robust=True, fit_options={"precision": 1e-12})
    found = weighted_hazard_ratio(time, event, exposed, weight)
    np.testing.assert_allclose([found.log_value, found.std_error], [fit.params_["x"], fit.standard_errors_["x"]], rtol=1e-6)


def test_the_weighted_log_rank_of_xie_and_liu_written_out():
    time, event, x, w = made_up(60, 4, ties=True)
    difference = variance = 0.0
    for t in np.unique(time[event]):
        at, dead = time >= t, (time == t) & event
        n, d, whole = at.sum(), dead.sum(), w[at].sum()
        first, second = w[at & x].sum(), w[at & ~x].sum()
        difference += w[dead & x].sum() - w[dead].sum() * first / whole
        spread = sum(w[i] ** 2 * ((second / whole) ** 2 if x[i] else (first / whole) ** 2) for i in np.flatnonzero(at))
        variance += d * (n - d) / (n * (n - 1)) * spread if n > 1 else 0.0
    found = weighted_log_rank(time, event, x, w)
    np.testing.assert_allclose([found.difference, found.variance], [difference, variance], rtol=1e-9)
    assert found.statistic == pytest.approx(difference**2 / variance, rel=1e-9)
    assert weighted_log_rank(time, event, x, 5 * w).statistic == pytest.approx(found.statistic, rel=1e-9)


def test_differences_are_those_of_independent_groups():
    time, event, x, w = made_up(120, 9)
    one, two = (weighted_kaplan_meier(time[p], event[p], w[p]) for p in (x, ~x))
    found = survival_difference(one, two, 6.0)
    assert found.value == pytest.approx(one.at(6).value - two.at(6).value)
    assert found.std_error == pytest.approx(math.hypot(one.at(6).std_error, two.at(6).std_error))
    mean = restricted_mean_difference(one, two, 8.0)
    assert mean.std_error == pytest.approx(math.hypot(one.restricted_mean(8).std_error, two.restricted_mean(8).std_error))
    assert mean.ci_high - mean.value == pytest.approx(1.959963984540054 * mean.std_error)


def test_a_weight_of_nought_leaves_a_patient_out():
    time, event, x, w = made_up(50, 5, ties=True)
    w[:10] = 0
    one, two = weighted_kaplan_meier(time, event, w), weighted_kaplan_meier(time[10:], event[10:], w[10:])
    pd.testing.assert_frame_equal(one.to_frame(), two.to_frame())
    pair = [weighted_hazard_ratio(time[s], event[s], x[s], w[s]).to_frame() for s in (slice(None), slice(10, None))]
    pd.testing.assert_frame_equal(*pair)


def test_what_cannot_be_estimated_says_why():
    time, event = np.array([1.0, 2, 3, 4]), np.array([True, True, False, False])
    x, one = np.array([True, True, False, False]), np.ones(4)
    assert weighted_hazard_ratio(time, event, x, one).notes
    assert weighted_hazard_ratio(time, event, np.ones(4, bool), one).notes == ("a group is empty",)
    assert weighted_hazard_ratio(time, np.zeros(4, bool), x, one).notes == ("no events",)
    assert weighted_log_rank(time, np.zeros(4, bool), x, one).notes
    curve = weighted_kaplan_meier(time, event, one)
    assert np.isnan(curve.restricted_mean(9.0).value)
    assert np.isnan(curve.at(9.0).value)
    nobody = weighted_kaplan_meier([], [], [])
    assert nobody.notes == ("no patients",)
    assert np.isnan(survival_difference(curve, nobody, 1.0).value)
    assert np.isnan(restricted_mean_difference(nobody, curve, 1.0).value)


def test_all_have_the_event_and_the_mean_goes_on():
    of = weighted_kaplan_meier([1.0, 2.0, 3.0], [True] * 3, [0.1, 0.2, 0.7])
    assert of.curve.survival[-1] == 0
    assert of.restricted_mean(12.0).value == pytest.approx(0.1 * 1 + 0.2 * 2 + 0.7 * 3)


def test_wrong_calls():
    with pytest.raises(ValueError, match="one weight of 0 or more"):
        weighted_kaplan_meier([1.0], [True], [-1.0])
    with pytest.raises(ValueError, match="one weight of 0 or more"):
        weighted_kaplan_meier([1.0], [True], [np.nan])
    with pytest.raises(ValueError, match="True or False"):
        weighted_log_rank([1.0], [True], [2], [1.0])
    with pytest.raises(ValueError, match="tau must be positive"):
        weighted_kaplan_meier([1.0], [True], [1.0]).restricted_mean(0)


# ---------------------------------------------------------------- bootstrap


def trial(n: int = 150):
    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"age": rng.normal(60, 9, n), "sex": rng.choice(["f", "m"], n)})
    exposed = rng.random(n) < 1 / (1 + np.exp(-0.05 * (frame["age"].to_numpy() - 60)))
    time, event = rng.exponential(14, n), rng.random(n) < 0.7
    return time, event, propensity(frame, exposed, [Covariate("age"), Covariate("sex", "levels")])


@pytest.mark.parametrize("trim", ["none", "scores", "truncate"])
def test_bootstrap_limits_hold_the_estimate_and_can_be_repeated(trim):
    time, event, model = trial()
    plan = Plan("ate", tau=12.0, months=(6.0, 12.0), trim=trim)
    seen: list[float] = []
    one = bootstrap_effects(time, event, model, plan, resamples=60, seed=1, progress=seen.append)
    two = bootstrap_effects(time, event, model, plan, resamples=60, seed=1)
    pd.testing.assert_frame_equal(one.to_frame(), two.to_frame())
    assert seen[-1] == 1
    weight = weights(model, target="ate", trim=trim).weight
    ratio = weighted_hazard_ratio(time, event, model.exposed, weight)
    assert one.hazard_ratio.value == pytest.approx(ratio.value)
    assert one.hazard_ratio.ci_low < ratio.value < one.hazard_ratio.ci_high
    assert one.hazard_ratio.std_error == pytest.approx(ratio.std_error, rel=0.5)
    assert [e.ci_low < e.value < e.ci_high for e in (one.restricted_mean, *one.survival)] == [True] * 3


def test_bootstrap_is_stopped_by_its_progress_and_refuses_wrong_calls():
    time, event, model = trial()
    plan = Plan("overlap", tau=12.0)

    class StopError(Exception): ...

    def stop(_: float) -> None:
        raise StopError

    with pytest.raises(StopError):
        bootstrap_effects(time, event, model, plan, resamples=40, seed=1, progress=stop)
    with pytest.raises(ValueError, match="at least 20"):
        bootstrap_effects(time, event, model, plan, resamples=5, seed=1)
    with pytest.raises(ValueError, match="150 patients"):
        bootstrap_effects(time[:9], event[:9], model, plan, resamples=40, seed=1)


def test_a_milestone_that_nobody_reaches_has_no_limits():
    time, event, model = trial()
    found = bootstrap_effects(time, event, model, Plan("overlap", tau=6.0, months=(900.0,)), resamples=20, seed=2)
    assert np.isnan(found.survival[0].ci_low)
    assert found.survival[0].notes == ("not estimable",)
