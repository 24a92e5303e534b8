"""Logistic regression: against closed forms, a general optimiser, and at the edges."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import log_expit
from scipy.stats import norm

from cartograph.stats.design import Covariate
from cartograph.stats.logistic import logistic, logistic_point, univariable_logistic
from tests.stats.reference import close


def of_table(a: int, b: int, c: int, d: int) -> pd.DataFrame:
    """``a`` exposed with, ``b`` exposed without, ``c`` unexposed with, ``d`` unexposed without the outcome."""
    return pd.DataFrame({"y": [1.0] * a + [0.0] * b + [1.0] * c + [0.0] * d, "x": [1.0] * (a + b) + [0.0] * (c + d)})


@settings(max_examples=30, deadline=None)
@given(*[st.integers(1, 40)] * 4)
def test_a_two_by_two_table_has_a_closed_form(a: int, b: int, c: int, d: int) -> None:
    (effect,) = logistic(of_table(a, b, c, d), outcome="y", covariates=[Covariate("x")], least_events=0).effects
    ratio, error = a * d / (b * c), math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    close(effect.value, ratio, rtol=1e-8)
    close([effect.ci_low, effect.ci_high], np.exp(math.log(ratio) + np.array([-1, 1]) * norm.ppf(0.975) * error), rtol=1e-8)
    close(effect.p_value, 2 * norm.sf(abs(math.log(ratio)) / error), rtol=1e-7)
    assert (effect.n, effect.events) == (a + b + c + d, a + c)


@settings(max_examples=10, deadline=None)
@given(*[st.integers(1, 20)] * 3)
def test_firth_of_a_table_adds_a_half_to_every_cell(a: int, c: int, d: int) -> None:
    """Where the model is saturated Firth's penalty is Jeffreys' prior: half a patient in each cell."""
    model = logistic(of_table(a, 0, c, d), outcome="y", covariates=[Covariate("x")], least_events=0)
    assert model.separated == ("x",)
    assert "Firth" in model.method
    (effect,) = model.effects
    close(effect.value, (a + 0.5) * (d + 0.5) / (0.5 * (c + 0.5)), rtol=1e-6)
    assert 0 <= effect.ci_low < effect.value < effect.ci_high


def made_up(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.normal(3, 2, n), "b": np.exp(rng.normal(4, 1, n)), "g": rng.choice(["I", "II", "III"], n)})
    chance = 1 / (1 + np.exp(-(0.4 * (frame["a"] - 3) + 0.5 * (frame["g"] == "III"))))
    frame["y"] = (rng.random(n) < chance).astype(float)
    return frame


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000))
def test_a_general_optimiser_finds_the_same(seed: int) -> None:
    frame = made_up(120, seed)
    model = logistic(frame, outcome="y", covariates=[Covariate("a"), Covariate("b", "doubling"), Covariate("g", "levels")])
    assert not model.refused
    x = np.column_stack([model.design.x, np.ones(120)])
    y = frame["y"].to_numpy()

    def loss(beta: np.ndarray) -> float:
        return -float((y * log_expit(x @ beta) + (1 - y) * log_expit(-(x @ beta))).sum())

    best = minimize(loss, np.zeros(5), jac=lambda b: -x.T @ (y - 1 / (1 + np.exp(-x @ b))), method="BFGS", options={"gtol": 1e-9})
    close(model.coefficients, best.x[:4], rtol=1e-4, atol=1e-5)
    close(model.global_test.statistic, 2 * (loss(np.r_[np.zeros(4), np.log(y.mean() / (1 - y.mean()))]) - best.fun), rtol=1e-6)


def test_the_slope_of_the_penalised_likelihood() -> None:
    frame = made_up(60, 4)
    x = np.column_stack([frame[["a"]].to_numpy(), np.ones(60)])
    beta = np.array([0.2, -0.3])
    here = logistic_point(x, frame["y"].to_numpy(), beta)
    for j in range(2):
        step = np.eye(2)[j] * 1e-6
        up, down = (logistic_point(x, frame["y"].to_numpy(), beta + s).value for s in (step, -step))
        close(here.score[j], (up - down) / 2e-6, rtol=1e-5, atol=1e-6)


def test_profile_limits_are_where_the_profile_has_fallen() -> None:
    frame = made_up(40, 2)
    frame["y"] = (frame["a"] > 3).astype(float)
    model = logistic(frame, outcome="y", covariates=[Covariate("a")], least_events=0)
    (effect,) = model.effects
    x = np.column_stack([frame["a"].to_numpy(), np.ones(40)])
    y = frame["y"].to_numpy()

    def profile(b: float) -> float:
        return max(logistic_point(x, y, np.array([b, m])).value for m in np.linspace(-3 * b - 2, -3 * b + 2, 4001))

    top = profile(math.log(effect.value))
    for limit in (effect.ci_low, effect.ci_high):
        assert 2 * (top - profile(math.log(limit))) == pytest.approx(norm.ppf(0.975) ** 2, abs=2e-3)


def test_refusals_and_missing_values() -> None:
    frame = made_up(60, 1)
    frame.loc[:9, "a"] = np.nan
    model = logistic(frame, outcome="y", covariates=[Covariate("a"), Covariate("b")])
    assert dict(model.missing) == {"a": 10, "b": 0}
    assert (model.n, model.n_missing) == (50, 10)
    few = frame.assign(y=(np.arange(60) > 55).astype(float))
    assert "rarer answer" in logistic(few, outcome="y", covariates=[Covariate("b")]).refused
    assert (
        logistic(frame.assign(y=1.0), outcome="y", covariates=[Covariate("b")], least_events=0).refused
        == "every patient has the same outcome"
    )
    twin = logistic(frame.assign(c=frame["b"] * 2), outcome="y", covariates=[Covariate("b"), Covariate("c")])
    assert "determined" in twin.refused
    with pytest.raises(ValueError, match="1 \\(yes\\) or 0"):
        logistic(frame.assign(y=2.0), outcome="y", covariates=[Covariate("b")])
    several = univariable_logistic(frame, outcome="y", covariates=[Covariate("b"), Covariate("g", "levels")])
    assert [len(m.effects) for m in several] == [1, 3]
