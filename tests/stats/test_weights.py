"""Propensity scores and weights against their equations, written out; separation named; trimming counted."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cartograph.stats.design import Covariate
from cartograph.stats.weights import FEW, NOTHING_LEFT, effective_size, fit_scores, newton_scores, propensity, raw_weights, weights

COVARIATES = [Covariate("age"), Covariate("stage", "levels")]


def patients(n: int = 200, seed: int = 1) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"age": rng.normal(62, 9, n), "stage": rng.choice(["I", "II", "III"], n)})
    exposed = rng.random(n) < 1 / (1 + np.exp(-0.05 * (frame["age"] - 62) - (frame["stage"] == "III")))
    return frame, exposed.to_numpy()


def test_scores_solve_the_likelihood_equations():
    frame, exposed = patients()
    model = propensity(frame, exposed, COVARIATES)
    x = np.column_stack([np.ones(len(frame)), model.x])
    np.testing.assert_allclose(x.T @ (exposed - model.score), 0, atol=1e-6 * len(frame))
    linear = model.intercept + model.x @ model.coefficients
    np.testing.assert_allclose(model.score, 1 / (1 + np.exp(-linear)), rtol=1e-8)


def test_scores_are_those_of_newton_s_method():
    frame, exposed = patients(seed=3)
    model = propensity(frame, exposed, COVARIATES)
    other = newton_scores(model.x, exposed)
    assert other.converged
    np.testing.assert_allclose(np.r_[model.intercept, model.coefficients], np.r_[other.intercept, other.coefficients], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(model.score, other.score, rtol=1e-7)


def test_newton_s_method_says_where_there_is_no_maximum():
    x = np.linspace(-1, 1, 20)[:, None]
    assert not newton_scores(x, x[:, 0] > 0).converged
    assert not newton_scores(np.column_stack([x, x]), np.arange(20) % 3 == 0).converged
    constant = newton_scores(np.ones((20, 1)), np.arange(20) % 4 == 0)
    np.testing.assert_allclose(constant.score, 0.25)


def test_overlap_weights_balance_every_mean_exactly():
    frame, exposed = patients()
    model = propensity(frame, exposed, COVARIATES)
    weight = weights(model, target="overlap").weight
    means = [np.average(model.x[part], axis=0, weights=weight[part]) for part in (exposed, ~exposed)]
    np.testing.assert_allclose(means[0], means[1], atol=1e-7)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.floats(0.02, 0.98), st.booleans()), min_size=2, max_size=30))
def test_weights_are_target_times_one_over_the_own_probability(rows):
    score, exposed = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    share = exposed.mean()
    for target, tilt in {"att": lambda e: e, "overlap": lambda e: e * (1 - e), "matching": lambda e: min(e, 1 - e)}.items():
        expected = [tilt(e) / (e if x else 1 - e) for e, x in zip(score, exposed, strict=True)]
        np.testing.assert_allclose(raw_weights(score, exposed, target), expected, rtol=1e-12)
    expected = [(share / e) if x else (1 - share) / (1 - e) for e, x in zip(score, exposed, strict=True)]
    np.testing.assert_allclose(raw_weights(score, exposed, "ate"), expected, rtol=1e-12)


def test_effective_size_is_the_number_of_patients_when_all_weigh_the_same():
    assert effective_size(np.full(17, 0.3)) == pytest.approx(17)
    assert effective_size([1, 0, 0]) == 1
    assert effective_size([]) == 0


def test_missing_numbers_take_the_median_and_an_indicator():
    frame, exposed = patients()
    frame.loc[:19, "age"] = np.nan
    model = propensity(frame, exposed, COVARIATES)
    assert model.missing == (("age", 20),)
    filled = frame.assign(age=frame["age"].fillna(frame["age"].median()), gone=frame["age"].isna().astype(float))
    same = propensity(filled, exposed, [Covariate("age"), Covariate("gone"), Covariate("stage", "levels")])
    np.testing.assert_allclose(model.score, same.score, rtol=1e-8)


def test_few_missing_values_have_no_indicator():
    frame, exposed = patients()
    frame.loc[: FEW - 2, "age"] = np.nan
    assert propensity(frame, exposed, [Covariate("age")]).parameters == 1


def test_a_missing_category_is_a_level_and_rare_levels_are_joined():
    frame, exposed = patients()
    frame.loc[:29, "stage"] = None
    frame.loc[30:32, "stage"] = "IV"
    frame.loc[33:35, "stage"] = "V"
    model = propensity(frame, exposed, [Covariate("stage", "levels")])
    assert model.parameters == 4  # five levels: I, II, III, not recorded, other
    assert any("IV" in note and "joined" in note for note in model.notes)


def test_a_covariate_that_separates_is_named():
    frame, exposed = patients()
    frame["center"] = np.where(exposed & (np.arange(len(frame)) % 3 == 0), "north", "south")
    model = propensity(frame, exposed, [*COVARIATES, Covariate("center", "levels")])
    assert model.separated == ("center",)
    assert np.isnan(model.score).all()
    with pytest.raises(ValueError, match="center"):
        weights(model)


def test_two_covariates_that_separate_together_are_named():
    rng = np.random.default_rng(5)
    a = rng.normal(0, 1, 120)
    b = rng.normal(0, 1, 120)
    model = propensity(pd.DataFrame({"a": a, "b": b, "c": rng.normal(0, 1, 120)}), a + b > 0, [Covariate(k) for k in "abc"])
    assert {"a", "b"} <= set(model.separated)


def test_a_covariate_known_in_one_group_only_is_named():
    frame, exposed = patients()
    frame.loc[exposed, "age"] = np.nan
    assert propensity(frame, exposed, COVARIATES).separated == ("age",)


def test_an_indicator_that_separates_is_taken_out_and_said():
    frame, exposed = patients()
    frame.loc[np.flatnonzero(exposed)[:12], "age"] = np.nan
    model = propensity(frame, exposed, COVARIATES)
    assert not model.refused
    assert [name for name, _ in model.left_out] == ["age, not recorded"]


def test_what_says_the_same_twice_is_left_out():
    frame, exposed = patients()
    frame["age again"] = 2 * frame["age"] + 1
    frame["constant"] = 1.0
    model = propensity(frame, exposed, [*COVARIATES, Covariate("age again"), Covariate("constant")])
    assert {name for name, _ in model.left_out} == {"age again", "constant"}
    np.testing.assert_allclose(model.score, propensity(frame, exposed, COVARIATES).score, rtol=1e-8)


def test_trimming_by_scores_leaves_out_and_fits_once_more():
    frame, exposed = patients(400)
    frame["age"] = (frame["age"] - 62) * 4
    exposed = np.random.default_rng(2).random(400) < 1 / (1 + np.exp(-0.08 * frame["age"]))
    model = propensity(frame, exposed, [Covariate("age")])
    made = weights(model, target="ate", trim="scores")
    kept = (model.score >= 0.1) & (model.score <= 0.9)
    assert made.n_left_out == int((~kept).sum()) > 0
    assert (made.weight[~kept] == 0).all()
    again = fit_scores(model.x[kept], model.exposed[kept])
    np.testing.assert_allclose(made.weight[kept], raw_weights(again.score, model.exposed[kept], "ate"))


def test_truncated_weights_stay_within_their_percentiles():
    frame, exposed = patients(400)
    model = propensity(frame, exposed, COVARIATES)
    whole, cut = weights(model, target="ate").weight, weights(model, target="ate", trim="truncate")
    low, high = np.percentile(whole, (1, 99))
    np.testing.assert_allclose(cut.weight, np.clip(whole, low, high))
    assert cut.n_changed == int(((whole < low) | (whole > high)).sum())


def test_common_support_written_out():
    frame, exposed = patients()
    model = propensity(frame, exposed, COVARIATES)
    low = max(min(model.score[exposed]), min(model.score[~exposed]))
    high = min(max(model.score[exposed]), max(model.score[~exposed]))
    outside = [s < low or s > high for s in model.score]
    assert (model.support.low, model.support.high) == (low, high)
    assert model.support.outside == pytest.approx(np.mean(outside))


def test_wrong_calls_and_nothing_to_do():
    frame, exposed = patients()
    with pytest.raises(ValueError, match="no column called"):
        propensity(frame, exposed, [Covariate("weight")])
    with pytest.raises(ValueError, match="for each of the 200 patients"):
        propensity(frame, exposed[:10], COVARIATES)
    with pytest.raises(ValueError, match="target must be"):
        raw_weights(np.array([0.5]), np.array([True]), "everybody")
    assert propensity(frame.assign(one=1.0), exposed, [Covariate("one")]).refused == NOTHING_LEFT
    assert propensity(frame, np.ones(200, dtype=bool), COVARIATES).refused
    assert list(propensity(frame, exposed, COVARIATES).to_frame()) == ["exposed", "score"]
    assert list(weights(propensity(frame, exposed, COVARIATES)).to_frame()) == ["exposed", "score", "weight"]
