"""Fine-Gray regression: against cmprsk::crr and coxph, a version with every weight written out, and the Cox model where both are one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cartograph.stats.fine_gray import FineGray, fine_gray
from cartograph.stats.hazard import hazard_ratio
from tests.stats.reference import close, values

MODELS = sorted(values("competing_mgus2")["crr"])


def mgus2(model: str) -> tuple[pd.DataFrame, int]:
    reference = values("competing_mgus2")
    data = pd.DataFrame(reference["data"]).dropna(subset=reference["crr"][model]["rhs"])
    return data.assign(sex=(data["sex"] == "M").astype(float)), int(model[-1])


def errors(found: FineGray) -> np.ndarray:
    return np.sqrt(np.diag(found.covariance))


@pytest.mark.parametrize("model", MODELS)
def test_the_fit_is_crrs(model: str) -> None:
    data, cause = mgus2(model)
    theirs = values("competing_mgus2")["crr"][model]
    found = fine_gray(data["time"], data["cause"], data[theirs["rhs"]], of=cause)
    close(found.coefficients, theirs["coef"], atol=0)
    close(errors(found), theirs["se"], atol=0)
    close([found.log_likelihood, found.log_likelihood_null], [theirs["loglik"], theirs["loglik_null"]])
    for i, ratio in enumerate(found.subdistribution):
        close([ratio.value, ratio.ci_low, ratio.ci_high], [np.exp(theirs["coef"][i]), theirs["lower"][i], theirs["upper"][i]])
        close(ratio.p_value, theirs["p"][i], rtol=1e-6, atol=0)
    assert (found.n, found.covariates) == (theirs["n"], tuple(theirs["rhs"]))
    assert (found.events, found.competing_events) == ((data["cause"] == cause).sum(), (data["cause"] == 3 - cause).sum())


@pytest.mark.parametrize("model", MODELS)
def test_the_cause_specific_model_beside_it_is_coxphs(model: str) -> None:
    data, cause = mgus2(model)
    reference = values("competing_mgus2")
    found = fine_gray(data["time"], data["cause"], data[reference["crr"][model]["rhs"]], of=cause)
    theirs = reference["cause_specific"][model]
    close([np.log(r.value) for r in found.cause_specific], theirs["coef"], rtol=1e-6, atol=0)
    close([r.p_value for r in found.cause_specific], theirs["p"], rtol=1e-6, atol=0)


@pytest.mark.parametrize("model", MODELS)
def test_finegray_and_coxph_differ_where_events_and_censorings_are_tied(model: str) -> None:
    data, cause = mgus2(model)
    reference = values("competing_mgus2")
    found = fine_gray(data["time"], data["cause"], data[reference["crr"][model]["rhs"]], of=cause)
    gap = np.abs(found.coefficients - reference["finegray_coxph"][model]["coef"])
    assert 1e-6 < gap.max() < 1e-3


def written_out(time: np.ndarray, cause: np.ndarray, x: np.ndarray, beta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Score, information and robust covariance with a weight for every patient at every event time."""
    own, other, censored = cause == 1, cause > 1, cause == 0
    months = np.unique(time)
    n = np.array([(time >= t).sum() for t in months])
    c = np.array([(censored & (time == t)).sum() for t in months])

    def free(t: float) -> float:
        return float(np.prod(1 - c[months < t] / n[months < t]))

    k = x.shape[1]
    weights, means, jumps = [], [], []
    score, information = np.zeros(k), np.zeros((k, k))
    at = np.unique(time[own])
    for t in at:
        late = np.array([free(t) / free(u) for u in time])
        w = np.where(time >= t, 1.0, np.where(other, late, 0.0)) * np.exp(x @ beta)
        mean, d = w @ x / w.sum(), (own & (time == t)).sum()
        score += x[own & (time == t)].sum(axis=0) - d * mean
        information += d * (((x - mean).T * w) @ (x - mean)) / w.sum()
        weights.append(w)
        means.append(mean)
        jumps.append(d / w.sum())
    influence = np.zeros((len(time), k))
    for i in range(len(time)):
        for t, w, mean, jump in zip(at, weights, means, jumps, strict=True):
            influence[i] += (x[i] - mean) * ((own[i] and time[i] == t) - w[i] * jump)
    for t, at_risk, left in zip(months, n, c, strict=True):
        pull = np.zeros(k)
        for u, w, mean, jump in zip(at, weights, means, jumps, strict=True):
            if u >= t:
                early = other & (time < t)
                pull += ((x[early] - mean) * w[early, None]).sum(axis=0) * jump
        here = censored & (time == t)
        influence[here] += pull / at_risk
        influence[time >= t] -= pull * left / at_risk**2
    inverse = np.linalg.inv(information)
    return score, information, inverse @ influence.T @ influence @ inverse


@st.composite
def patients(draw: st.DrawFn) -> pd.DataFrame:
    n = draw(st.integers(10, 40))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    shares = draw(st.sampled_from([(0.3, 0.4, 0.3), (0.0, 0.5, 0.5), (0.6, 0.4, 0.0), (0.1, 0.3, 0.6)]))
    return pd.DataFrame(
        {
            "time": rng.integers(0, draw(st.sampled_from([4, 12, 400])), n) / 4,
            "cause": rng.choice(3, n, p=shares),
            "high": rng.integers(0, 2, n).astype(float),
            "score": rng.normal(size=n) * 100,
        }
    )


@given(patients())
def test_the_fit_solves_the_equations_written_out(data: pd.DataFrame) -> None:
    found = fine_gray(data["time"], data["cause"], data[["high", "score"]])
    assert np.isfinite(found.coefficients).all() or found.notes
    assume(not found.notes and np.abs(found.coefficients * [1, 100]).max() < 5)
    x = data[["high", "score"]].to_numpy()
    score, information, covariance = written_out(data["time"].to_numpy(), data["cause"].to_numpy(), x, found.coefficients)
    close(np.linalg.solve(information, score) / errors(found), [0, 0], atol=1e-6)
    close(found.covariance, covariance, rtol=1e-6, atol=1e-12)


@given(patients())
def test_without_another_cause_it_is_the_cox_model(data: pd.DataFrame) -> None:
    only = np.where(data["cause"] == 2, 0, data["cause"])
    found = fine_gray(data["time"], only, data["high"]).subdistribution[0]
    cox = hazard_ratio(data["time"], only == 1, data["high"], ties="breslow")
    assert np.isfinite(found.value) == np.isfinite(cox.value)
    close(found.value, cox.value, rtol=1e-6)


@given(patients())
def test_without_censoring_other_events_stay_at_risk_for_ever(data: pd.DataFrame) -> None:
    cause = np.where(data["cause"] == 0, 2, data["cause"])
    found = fine_gray(data["time"], cause, data["high"]).subdistribution[0]
    cox = hazard_ratio(np.where(cause == 2, 1e4, data["time"]), cause == 1, data["high"], ties="breslow")
    assert np.isfinite(found.value) == np.isfinite(cox.value)
    close(found.value, cox.value, rtol=1e-6)


@given(patients(), st.integers(0, 99))
def test_units_of_covariates_order_and_direction(data: pd.DataFrame, seed: int) -> None:
    one = fine_gray(data["time"], data["cause"], data["high"])
    shuffled = data.sample(frac=1, random_state=seed)
    other = fine_gray(shuffled["time"] * 30.4375, shuffled["cause"], 3.0 - 1e6 * shuffled["high"])
    close(other.coefficients * -1e6, one.coefficients, rtol=1e-6, atol=1e-8)
    close(errors(other) * 1e6, errors(one), rtol=1e-6, atol=1e-8)


def test_what_has_no_estimate_is_missing_with_a_reason() -> None:
    time, cause = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1, 1, 2, 0, 1, 2]
    same = fine_gray(time, cause, [1] * 6)
    assert np.isnan(same.subdistribution[0].value)
    assert same.notes == ("a covariate is the same in all patients or follows from the others",)
    assert same.subdistribution[0].notes == same.notes
    twice = fine_gray(time, cause, np.array([[0, 1, 0, 1, 1, 0.0]] * 2).T)
    assert twice.notes == same.notes
    none = fine_gray(time, cause, [0, 1, 0, 1, 0, 1], of=3)
    assert (none.events, none.notes) == (0, ("no events of this cause",))
    first = fine_gray(time, [1, 1, 2, 0, 2, 2], [1, 1, 0, 0, 0, 0])
    assert np.isnan(first.subdistribution[0].p_value)
    assert "in order without exception" in first.notes[0]
    assert fine_gray([], [], np.empty((0, 1))).notes == ("no patients",)
    together = fine_gray([1.0, 2.0], [2, 1], [0, 1])
    assert together.notes


def test_the_table_names_both_models() -> None:
    data, cause = mgus2("age_sex_cause1")
    frame = fine_gray(data["time"], data["cause"], data[["age", "sex"]], of=cause).to_frame()
    assert frame["covariate"].tolist() == ["age", "age", "sex", "sex"]
    assert frame["model"].tolist() == ["subdistribution", "cause-specific"] * 2
    assert "Fine-Gray" in frame["method"][0]
    assert fine_gray(data["time"], data["cause"], data["age"]).covariates == ("covariate 1",)


def test_wrong_calls_are_refused() -> None:
    with pytest.raises(ValueError, match="one row for each of the 2 patients"):
        fine_gray([1.0, 2.0], [1, 0], [1.0])
    with pytest.raises(ValueError, match="finite numbers"):
        fine_gray([1.0, 2.0], [1, 0], [1.0, np.nan])
    with pytest.raises(ValueError, match="of must be a cause"):
        fine_gray([1.0, 2.0], [1, 0], [1.0, 0.0], of=0)
