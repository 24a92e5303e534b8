"""Cox models of several covariates: against R, against everything written out, and at the edges."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import CoxPHFitter

from cartograph.stats.design import SAME, Covariate, design
from cartograph.stats.diagnostics import collinearity, influence, proportionality, score_residuals
from cartograph.stats.firth import cox_point
from cartograph.stats.partial import risk_orders
from cartograph.stats.penalised import penalised_cox
from cartograph.stats.regression import CoxModel, complete_cases, cox, screened, univariable
from cartograph.stats.times import survival_input
from cartograph.stats.validation import calibration, optimism, predicted_survival
from tests.stats.reference import close, values

R = values("regression")


def data_of(name: str) -> pd.DataFrame:
    return pd.DataFrame(R["data"][name])


def covariates_of(model: dict[str, Any], frame: pd.DataFrame) -> tuple[list[Covariate], list[str]]:
    parts = [part.strip() for part in model["formula"].split("~")[1].split("+")]
    strata = [part[7:-1] for part in parts if part.startswith("strata(")]
    found = []
    for name in (part for part in parts if not part.startswith("strata(")):
        coding = model["coding"][name]
        if coding["type"] == "factor":
            levels = [str(level) for level in coding["levels"]]
            text = frame[name].map(lambda v: v if v is None or isinstance(v, str) else f"{v:g}")
            frame[name] = pd.Categorical(text, categories=levels, ordered=True)
            found.append(Covariate(name, "levels", str(coding["reference"])))
        else:
            found.append(Covariate(name))
    return found, strata


def fitted(name: str) -> tuple[CoxModel, dict[str, Any]]:
    model = R["models"][name]
    frame = data_of(model["data"])
    covariates, strata = covariates_of(model, frame)
    return cox(frame, time="time", event="event", covariates=covariates, strata=strata), model


@pytest.mark.parametrize("name", list(R["models"]))
def test_a_model_equals_coxph(name: str) -> None:
    found, model = fitted(name)
    expected = model["coefficients"]
    rows = [e for e in found.effects if not e.is_reference]
    assert (found.n, found.events, found.n_missing) == (model["n"], model["nevent"], model["n_dropped"])
    close(found.coefficients, expected["coef"], rtol=1e-6)
    close(np.sqrt(np.diag(found.covariance)), expected["se"])
    for attribute, column in (("value", "hr"), ("ci_low", "lower"), ("ci_high", "upper")):
        close([getattr(e, attribute) for e in rows], expected[column], rtol=1e-8)
    close([e.p_value for e in rows], expected["wald_p"], rtol=1e-6, atol=0)
    close([found.global_test.statistic, found.global_test.p_value], [model["lrt"]["chisq"], model["lrt"]["p"]], rtol=1e-8, atol=0)
    close([found.concordance.value, found.concordance.std_error], [model["concordance"]["c"], model["concordance"]["se"]])


@pytest.mark.parametrize("transform", ["km", "identity", "rank"])
@pytest.mark.parametrize("name", list(R["models"]))
def test_proportional_hazards_as_cox_zph(name: str, transform: Any) -> None:
    found, model = fitted(name)
    test, expected = proportionality(found, transform=transform), model["zph"][transform]
    frame = test.to_frame()
    assert frame["covariate"].tolist()[:-1] == expected["term"][:-1]
    close(frame["statistic"], expected["chisq"], rtol=1e-7)
    close(frame["p_value"], expected["p"], rtol=1e-7)
    assert frame["df"].tolist() == expected["df"]


@pytest.mark.parametrize("name", list(R["firth"]))
def test_a_separated_model_equals_coxphf(name: str) -> None:
    case = R["firth"][name]
    expected = case["coxphf"]
    covariates = [Covariate(term) for term in expected["term"]]
    found = cox(data_of(name), time=case["time"], event=case["event"], covariates=covariates, least_events=0)
    assert len(found.separated) == 1
    assert "Firth" in found.method
    close(found.coefficients, expected["coef"], rtol=1e-6)
    close(np.sqrt(np.diag(found.covariance)), expected["se"], rtol=1e-6)
    close([e.ci_low for e in found.effects], expected["pl_lower"], rtol=1e-6)
    close([e.ci_high for e in found.effects], expected["pl_upper"], rtol=1e-6)
    close([e.p_value for e in found.effects], expected["pl_p"], rtol=1e-6)
    assert proportionality(found).notes
    assert math.isnan(proportionality(found).global_test.p_value)


def made_up(n: int, seed: int, *, strata: bool = False) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.normal(0, 2, n), "b": np.exp(rng.normal(5, 1, n)), "c": rng.integers(0, 2, n).astype(float)})
    time = rng.exponential(10 * np.exp(-0.2 * frame["a"] - 0.4 * frame["c"]))
    frame["time"] = np.ceil(time)  # ties
    frame["event"] = (rng.random(n) < 0.75).astype(float)
    frame["s"] = rng.choice(["x", "y"], n) if strata else "x"
    return frame


NUMBERS = [Covariate("a"), Covariate("b", "doubling"), Covariate("c")]


def written_out(x: np.ndarray, time: np.ndarray, event: np.ndarray, beta: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Score residuals, Efron's baseline increments by patient sums, and log det of the information, one event at a time."""
    w = np.exp(x @ beta)
    residual, information = np.zeros_like(x), np.zeros((x.shape[1], x.shape[1]))
    for t in np.unique(time[event == 1]):
        tied, at_risk = (time == t) & (event == 1), time >= t
        d = tied.sum()
        for step in range(d):
            share = np.where(tied, 1 - step / d, 1.0) * at_risk * w
            p = share / share.sum()
            mean = p @ x
            information += (x - mean).T @ ((x - mean) * p[:, None])
            residual += tied[:, None] * (x - mean) / d - p[:, None] * (x - mean)
    return residual, information, float(np.linalg.slogdet(information)[1])


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_residuals_information_and_firth_slope_written_out(seed: int) -> None:
    frame = made_up(40, seed)
    made = design(frame, NUMBERS)
    time, event = frame["time"].to_numpy(), frame["event"].to_numpy()
    beta = np.array([0.1, -0.2, 0.3])
    residual, information, log_det = written_out(made.x, time, event, beta)
    model = cox(frame, time="time", event="event", covariates=NUMBERS, least_events=0)
    close(score_residuals(model.data, beta), residual, atol=1e-9)
    orders = risk_orders(made.x, survival_input(time, event))
    here = cox_point(orders, beta)
    close(here.information, information, atol=1e-8)
    slope = []
    for j in range(3):
        step = np.zeros(3)
        step[j] = 1e-5
        slope.append((cox_point(orders, beta + step).value - cox_point(orders, beta - step).value) / 2e-5)
    close(here.score, slope, rtol=1e-5, atol=1e-5)
    close(here.value - log_det / 2, sum_of_log_shares(made.x, time, event, beta), rtol=1e-9)


def sum_of_log_shares(x: np.ndarray, time: np.ndarray, event: np.ndarray, beta: np.ndarray) -> float:
    w, found = np.exp(x @ beta), 0.0
    for t in np.unique(time[event == 1]):
        tied, at_risk = (time == t) & (event == 1), time >= t
        for step in range(tied.sum()):
            found -= math.log(w[at_risk].sum() - step / tied.sum() * w[tied].sum())
        found += float((x[tied] @ beta).sum())
    return found


def test_influence_is_close_to_leaving_a_patient_out() -> None:
    frame = made_up(120, 3)
    model = cox(frame, time="time", event="event", covariates=NUMBERS)
    moved = influence(model)
    for i in range(0, 120, 12):
        without = cox(frame.drop(index=i), time="time", event="event", covariates=NUMBERS)
        assert np.abs(moved.dfbeta[i] - (model.coefficients - without.coefficients)).max() < 0.05 * np.sqrt(np.diag(model.covariance)).max()
    assert abs(score_residuals(model.data, model.coefficients).sum()) < 1e-8
    close(moved.largest.max(), np.abs(moved.dfbeta / np.sqrt(np.diag(model.covariance))).max())


def test_scaled_schoenfeld_residuals_average_to_the_coefficient() -> None:
    model = cox(made_up(80, 5, strata=True), time="time", event="event", covariates=NUMBERS, strata=["s"])
    found = proportionality(model)
    close(found.residuals.mean(axis=0), model.coefficients, rtol=1e-6)
    assert (np.diff(found.time) >= 0).all()
    assert (np.diff(found.position) >= 0).all()


def test_collinearity_of_unrelated_and_related_covariates() -> None:
    frame = made_up(200, 8)
    frame["twin"] = frame["a"] + np.random.default_rng(1).normal(0, 0.3, 200)
    found = collinearity(cox(frame, time="time", event="event", covariates=[*NUMBERS, Covariate("twin")]))
    inflation = dict(zip(found.covariates, found.per_parameter, strict=True))
    assert inflation["b"] < 1.5 < inflation["a"] / 2
    alone = collinearity(cox(frame, time="time", event="event", covariates=[Covariate("a")]))
    assert np.isnan(alone.gvif).all()
    assert alone.notes


def test_predictions_written_out_and_calibration() -> None:
    frame = made_up(150, 2)
    model = cox(frame, time="time", event="event", covariates=NUMBERS)
    w = np.exp(model.linear_predictor)
    time, event = frame["time"].to_numpy(), frame["event"].to_numpy()
    hazard = 0.0
    for t in np.unique(time[(event == 1) & (time <= 6)]):
        tied = (time == t) & (event == 1)
        hazard += sum(1 / (w[time >= t].sum() - k / tied.sum() * w[tied].sum()) for k in range(tied.sum()))
    close(predicted_survival(model, 6.0), np.exp(-hazard * w))
    found = calibration(model, horizon=6.0)
    assert found.n.sum() == 150
    assert (np.diff(found.predicted) < 0).all()
    assert calibration(model, horizon=1e6).notes == ("nobody is followed that long",)
    with pytest.raises(ValueError, match="above 0"):
        calibration(model, horizon=0)


def test_optimism_is_reproducible_shows_progress_and_can_be_cancelled() -> None:
    model = cox(made_up(80, 4), time="time", event="event", covariates=NUMBERS)
    seen: list[float] = []
    first = optimism(model, resamples=20, seed=7, progress=seen.append)
    assert first.optimism == optimism(model, resamples=20, seed=7).optimism
    assert first.corrected == pytest.approx(first.apparent.value - first.optimism)
    assert seen[-1] == 1.0

    def stop(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        optimism(model, resamples=20, seed=7, progress=stop)


def test_noise_looks_better_than_it_is() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(60, 5)), columns=list("abcde")).assign(time=rng.exponential(10, 60), event=1.0)
    found = optimism(cox(frame, time="time", event="event", covariates=[Covariate(c) for c in "abcde"]), resamples=50, seed=1)
    assert found.optimism > 0.03
    assert abs(found.corrected - 0.5) < 0.08


def test_ridge_equals_lifelines() -> None:
    model = cox(made_up(100, 6), time="time", event="event", covariates=NUMBERS)
    found = penalised_cox(model.data, l1_ratio=0.0, seed=1)
    x = (model.data.design.x - model.data.design.x.mean(axis=0)) / model.data.design.x.std(axis=0)
    frame = pd.DataFrame(x, columns=list("abc")).assign(time=model.data.time, event=model.data.event)
    spread = frame[["a", "b", "c"]].std().to_numpy()  # lifelines divides by the sample's standard deviation before it penalises
    theirs = CoxPHFitter(penalizer=found.penalty / spread[0] ** 2, l1_ratio=0.0).fit(
        frame, "time", "event", fit_options={"precision": 1e-12}
    )
    close(found.coefficients * model.data.design.x.std(axis=0), theirs.params_.to_numpy(), rtol=1e-5)


def test_the_lasso_satisfies_its_conditions() -> None:
    """At the minimum the slope of the likelihood is the penalty where a coefficient is not 0, and smaller where it is."""
    frame = made_up(100, 9)
    frame["noise"] = np.random.default_rng(2).normal(size=100)
    covariates = [*NUMBERS, Covariate("noise")]
    model = cox(frame, time="time", event="event", covariates=covariates)
    found = penalised_cox(model.data, l1_ratio=1.0, seed=3)
    spread = model.data.design.x.std(axis=0)
    slope = score_residuals(model.data, found.coefficients).sum(axis=0) / spread / found.n
    chosen = found.coefficients != 0
    close(slope[chosen], found.penalty * np.sign(found.coefficients[chosen]), rtol=1e-5)
    assert (np.abs(slope[~chosen]) <= found.penalty * (1 + 1e-6)).all()
    assert found.deviance[found.chosen] == found.deviance.min()
    assert found.to_frame()["chosen"].sum() == 1
    with pytest.raises(ValueError, match="between 0 and 1"):
        penalised_cox(model.data, l1_ratio=2.0, seed=1)


def test_few_events_per_parameter_are_refused_or_warned_about() -> None:
    frame = made_up(40, 1)
    frame["event"] = (np.arange(40) < 12).astype(float)
    found = cox(frame, time="time", event="event", covariates=NUMBERS)
    assert "12 events for 3 parameters" in found.refused
    assert not found.tests
    assert [math.isnan(e.value) for e in found.effects] == [True] * 3
    assert found.effects[0].n == 40
    with pytest.raises(ValueError, match="no model"):
        influence(found)
    assert "unstable" in cox(frame, time="time", event="event", covariates=NUMBERS[:2]).notes[0]


def test_univariable_screen() -> None:
    frame = made_up(150, 11)
    frame["noise"] = np.random.default_rng(5).normal(size=150)
    frame["many"] = [f"site {i % 60}" for i in range(150)]
    frame["same"] = 1.0
    covariates = [*NUMBERS, Covariate("noise"), Covariate("many", "levels"), Covariate("same")]
    seen: list[float] = []
    found = univariable(frame, time="time", event="event", covariates=covariates, progress=seen.append)
    assert seen[-1] == 1.0
    assert "59 parameters" in found[4].refused
    assert found[5].left_out == (("same", SAME),)
    assert found[5].refused
    together = cox(frame, time="time", event="event", covariates=[Covariate("a")])
    assert found[0].effects[0].value == together.effects[0].value
    assert "a" in screened(found)
    assert "many" not in screened(found)


def test_complete_cases_are_counted_per_variable() -> None:
    frame = made_up(30, 2)
    frame.loc[:4, "a"] = np.nan
    frame.loc[3:6, "b"] = np.nan
    frame.loc[29, "time"] = np.nan
    found = cox(frame, time="time", event="event", covariates=NUMBERS, least_events=0)
    assert dict(found.missing) == {"a": 5, "b": 4, "c": 0}
    assert found.n_missing == 7
    assert found.n == 22
    assert found.data.rows.tolist() == list(range(7, 29))
    with pytest.raises(ValueError, match="no such column: z"):
        complete_cases(frame, ["time"], ["z"])


def test_a_variable_that_others_determine_is_named() -> None:
    frame = made_up(80, 3)
    frame["copy"] = 2 * frame["a"] + 1
    found = cox(frame, time="time", event="event", covariates=[Covariate("a"), Covariate("c"), Covariate("copy")])
    assert found.refused == "copy is determined by the other variables: leave one of them out"


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_the_reference_level_changes_rows_not_the_model(seed: int) -> None:
    rng = np.random.default_rng(seed)
    frame = made_up(90, seed).assign(g=rng.choice(["I", "II", "III"], 90))
    models = [cox(frame, time="time", event="event", covariates=[Covariate("g", "levels", ref), Covariate("a")]) for ref in ("I", "III")]
    if any(m.separated or m.refused for m in models):
        return
    close(models[0].tests[0].statistic, models[1].tests[0].statistic, rtol=1e-6)
    first, second = ({e.level: e.value for e in m.effects if e.level} for m in models)
    close(first["III"], 1 / second["I"], rtol=1e-6)
    close(first["II"] / first["III"], second["II"], rtol=1e-6)
    assert sum(e.n for e in models[0].effects if e.level) == 90


def test_spline_compares_the_quartiles_and_a_zero_forbids_logarithms() -> None:
    frame = made_up(150, 12)
    found = cox(frame, time="time", event="event", covariates=[Covariate("b", "spline")])
    (row,) = found.effects
    assert (row.low, row.high) == tuple(np.quantile(frame["b"], (0.25, 0.75)))
    assert found.parameters == 3
    assert 0 <= found.tests[0].nonlinearity <= 1
    frame["b"] = frame["b"].where(frame.index > 0, 0.0)
    (row,) = cox(frame, time="time", event="event", covariates=[Covariate("b", "doubling")]).effects
    assert row.coding == "sd"
    assert "no logarithm" in row.note


def test_nobody_and_no_events() -> None:
    frame = made_up(30, 1)
    assert cox(frame.iloc[:0], time="time", event="event", covariates=NUMBERS).refused == "no patient has all variables"
    assert cox(frame.assign(event=0.0), time="time", event="event", covariates=NUMBERS).refused == "no events"
    assert cox(frame, time="time", event="event", covariates=[]).refused == "no variable that differs between patients"
