"""What must hold for any marker: naive versions written out, invariants, and the edges."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline
from scipy.optimize import linprog

from cartograph.stats.adjust import benjamini_hochberg, bonferroni, holm
from cartograph.stats.concordance import concordance_difference, concordance_index
from cartograph.stats.continuous import KNOTS, NO_MAXIMUM, NOT_TOGETHER, continuous_effect, cox_fit, natural_spline, split_cost
from cartograph.stats.hazard import hazard_ratio
from tests.stats.reference import close

NAN = float("nan")


@st.composite
def patients(draw: st.DrawFn, most: int = 30) -> pd.DataFrame:
    """Few distinct times and values (ties), any censoring, a second factor."""
    n = draw(st.integers(2, most))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    return pd.DataFrame(
        {
            "time": rng.integers(0, draw(st.sampled_from([3, 12, 400])), n) / 4,
            "event": (rng.random(n) < draw(st.sampled_from([0.05, 0.4, 0.9, 1.0]))).astype(float),
            "value": rng.integers(1, draw(st.sampled_from([3, 9, 100])), n).astype(float),
            "by": rng.integers(0, 3, n),
        }
    )


def cohort(n: int = 120, seed: int = 1, *, effect: float = 0.3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    value = np.exp(rng.normal(5, 1, n))
    time = np.round(rng.exponential(20 / np.exp(effect * (np.log2(value) - 7))), 1)
    censored = rng.uniform(5, 40, n)
    return pd.DataFrame({"value": value, "time": np.minimum(time, censored), "event": (time <= censored).astype(float)})


# ---------------------------------------------------------------- concordance


def weighted_concordance(data: pd.DataFrame, weight: np.ndarray, *, stratified: bool) -> tuple[float, list[float]]:
    """Every pair looked at, one by one."""
    counts = [0.0, 0.0, 0.0]
    rows = list(data.itertuples(index=False))
    for i, j in itertools.permutations(range(len(rows)), 2):
        a, b = rows[i], rows[j]
        if (stratified and a.by != b.by) or not a.event:
            continue
        if a.time < b.time or (a.time == b.time and not b.event):
            kind = 0 if a.value > b.value else 1 if a.value < b.value else 2
            counts[kind] += weight[i] * weight[j]
    usable = sum(counts)
    return ((counts[0] + counts[2] / 2) / usable if usable else NAN), counts


@given(patients(14), st.booleans())
@settings(max_examples=40)
def test_concordance_is_every_pair_looked_at(data: pd.DataFrame, stratified: bool) -> None:
    found = concordance_index(data["value"], data["time"], data["event"], strata=data["by"] if stratified else None)
    value, counts = weighted_concordance(data, np.ones(len(data)), stratified=stratified)
    assert [found.concordant, found.discordant, found.tied_risk] == counts
    close(found.value, value)
    if not sum(counts):
        assert found.notes
        return
    close(found.std_error, np.sqrt((found.influence**2).sum()))
    for i in range(min(len(data), 4)):  # influence is the slope over the patient's weight
        step = 1e-5
        up, down = (
            weighted_concordance(data, np.ones(len(data)) + d * (np.arange(len(data)) == i), stratified=stratified)[0]
            for d in (step, -step)
        )
        close(found.influence[i], (up - down) / (2 * step), rtol=1e-5, atol=1e-7)


@given(patients(), st.integers(0, 99))
def test_concordance_depends_on_ranks_only(data: pd.DataFrame, seed: int) -> None:
    one = concordance_index(data["value"], data["time"], data["event"])
    shuffled = data.sample(frac=1, random_state=seed)
    same = concordance_index(np.log(shuffled["value"]), 3 * shuffled["time"], shuffled["event"])
    turned = concordance_index(-data["value"], data["time"], data["event"])
    close([one.value, one.std_error], [same.value, same.std_error])
    close([1 - one.value, one.std_error], [turned.value, turned.std_error])
    assert (one.concordant, one.discordant) == (turned.discordant, turned.concordant)


@given(patients())
def test_the_difference_of_two_scores_is_that_of_their_jackknife(data: pd.DataFrame) -> None:
    first = concordance_index(data["value"], data["time"], data["event"])
    second = concordance_index(data["value"] > data["value"].median(), data["time"], data["event"])
    found, turned = concordance_difference(first, second), concordance_difference(second, first)
    close(found.value, first.value - second.value)
    close([found.value, found.std_error, found.p_value], [-turned.value, turned.std_error, turned.p_value])
    if not found.notes:
        covariance = float(first.influence @ second.influence)
        close(found.std_error**2, first.std_error**2 + second.std_error**2 - 2 * covariance, atol=1e-12)
        close((found.ci_low + found.ci_high) / 2, found.value)


def test_a_score_against_itself_differs_by_nothing() -> None:
    data = cohort()
    one = concordance_index(data["value"], data["time"], data["event"])
    found = concordance_difference(one, concordance_index(np.log(data["value"]), data["time"], data["event"]))
    assert (found.value, found.std_error) == (0.0, 0.0)
    assert found.notes == ("both scores put the patients in the same order",)
    with pytest.raises(ValueError, match="same patients"):
        concordance_difference(one, concordance_index([1, 2], [1, 2], [1, 1]))


@pytest.mark.parametrize(
    ("time", "event", "note"),
    [([], [], "no events"), ([1.0, 2.0], [0, 0], "no events"), ([2.0, 2.0], [1, 1], "no two patients"), ([3.0], [1], "no two patients")],
)
def test_concordance_without_a_pair_says_so(time: list[float], event: list[int], note: str) -> None:
    found = concordance_index(np.arange(len(time)), time, event)
    assert math.isnan(found.value)
    assert note in found.notes[0]
    assert found.to_frame().shape == (1, 10)
    assert math.isnan(concordance_difference(found, found).value)


def test_limits_stay_inside_nought_and_one() -> None:
    found = concordance_index([3, 2, 2, 1], [1, 2, 3, 4], [1, 1, 1, 1])
    assert found.ci_high == 1.0
    assert found.value < 1
    with pytest.raises(ValueError, match="risk must be one finite number"):
        concordance_index([1, NAN], [1, 2], [1, 1])


# ---------------------------------------------------------------- the Cox fit


def naive_log_likelihood(data: pd.DataFrame, design: np.ndarray, beta: np.ndarray, *, stratified: bool) -> float:
    """Efron's partial likelihood, one event after another."""
    total = 0.0
    weight = np.exp(design @ beta)
    for _, part in data.groupby("by" if stratified else (lambda _: 0)):
        for time in sorted(set(part["time"][part["event"] == 1])):
            tied = part.index[(part["time"] == time) & (part["event"] == 1)]
            at_risk = weight[part.index[part["time"] >= time]].sum()
            for position, row in enumerate(tied):
                total += math.log(weight[row]) - math.log(at_risk - position / len(tied) * weight[tied].sum())
    return total


@given(patients(), st.booleans(), st.integers(1, 3))
@settings(max_examples=60)
def test_the_fit_is_the_top_of_the_likelihood_written_out(data: pd.DataFrame, stratified: bool, k: int) -> None:
    rng = np.random.default_rng(len(data))
    design = np.column_stack([data["value"], *(rng.normal(size=len(data)) for _ in range(k - 1))])
    found = cox_fit(design, data["time"], data["event"], strata=data["by"] if stratified else None)
    assert math.isnan(found.log_likelihood) == bool(found.notes)
    if found.notes:
        assert np.isnan(found.coefficients).all()
        return
    close(found.log_likelihood_null, naive_log_likelihood(data, design, np.zeros(k), stratified=stratified))
    close(found.log_likelihood, naive_log_likelihood(data, design, found.coefficients, stratified=stratified))
    step = 1e-3 * np.sqrt(np.diag(found.covariance))
    for i, direction in enumerate(np.eye(k)):
        up, down = (
            naive_log_likelihood(data, design, found.coefficients + s * step[i] * direction, stratified=stratified) for s in (1, -1)
        )
        assert abs(up - down) / 2 <= 1e-3 * abs(up + down - 2 * found.log_likelihood) + 1e-9  # flat at the top
        close((2 * found.log_likelihood - up - down) / step[i] ** 2, np.linalg.inv(found.covariance)[i, i], rtol=2e-2, atol=1e-4)


@given(patients(), st.floats(0.01, 100), st.floats(-50, 50), st.integers(0, 99))
def test_units_and_the_order_of_patients_do_not_matter(data: pd.DataFrame, factor: float, shift: float, seed: int) -> None:
    one = cox_fit(data[["value"]], data["time"], data["event"])
    shuffled = data.sample(frac=1, random_state=seed)
    other = cox_fit(shuffled[["value"]] * factor + shift, shuffled["time"] * 2, shuffled["event"])
    close(one.coefficients, other.coefficients * factor, rtol=1e-6)
    close(one.log_likelihood, other.log_likelihood)


@given(patients())
def test_a_split_is_the_hazard_ratio_of_two_groups(data: pd.DataFrame) -> None:
    high = (data["value"] > data["value"].median()).to_numpy(dtype=float)
    found, expected = cox_fit(high[:, None], data["time"], data["event"]), hazard_ratio(data["time"], data["event"], high)
    close(np.exp(found.coefficients[0]), expected.value, rtol=1e-8)


def test_a_marker_that_orders_all_events_has_no_hazard_ratio() -> None:
    for sign in (1.0, -1.0):
        found = continuous_effect([8.0, 6.0, 5.0, 3.0, 2.0], np.array([1.0, 2, 3, 4, 5])[:: int(sign)], [1, 1, 1, 1, 1])
        assert found.line.notes == (NO_MAXIMUM,)
        assert math.isnan(found.line.value)
        assert math.isnan(found.line_test.p_value)
        assert found.c_line.value == 1.0
        assert np.isnan(found.curve.line).all()


def is_monotone(design: np.ndarray, time: np.ndarray, event: np.ndarray) -> bool:
    """Some direction never puts an event below anybody at risk, and once above: the likelihood rises for ever (linear programme)."""
    x = (design - design.mean(axis=0)) / np.maximum(design.std(axis=0), 1e-12)
    above = np.array([x[i] - x[j] for i in np.flatnonzero(event) for j in np.flatnonzero(time >= time[i]) if i != j])
    best = linprog(-above.sum(axis=0), A_ub=-above, b_ub=np.zeros(len(above)), bounds=[(-1, 1)] * x.shape[1], method="highs")
    return -best.fun > 1e-7


@given(patients(18), st.booleans())
def test_there_is_a_maximum_exactly_where_no_direction_orders_all_events(data: pd.DataFrame, curved: bool) -> None:
    value, time, event = (data[name].to_numpy() for name in ("value", "time", "event"))
    design = natural_spline(value, [1.5, 4.0, 60.0]) if curved else value[:, None]
    found = cox_fit(design, time, event)
    if not found.notes or found.notes == (NO_MAXIMUM,):
        assert bool(found.notes) == is_monotone(design, time, event)


def test_a_covariate_that_outweighs_everybody_does_not_break_the_fit() -> None:
    value = np.r_[np.arange(30.0), 1e6]
    time = np.r_[np.tile([3.0, 1.0, 2.0], 10), 5.0]
    found = cox_fit(np.column_stack([value, value**2]), time, np.r_[np.ones(30), 0.0])
    assert found.notes == (NO_MAXIMUM,) or np.isfinite(found.coefficients).all()


# ---------------------------------------------------------------- spline


@given(st.integers(3, 5), st.integers(0, 1000))
def test_the_basis_spans_the_natural_splines(k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    knots = np.sort(rng.uniform(0, 10, k)) + np.arange(k) * 0.2
    weights = np.r_[0.0, rng.normal(size=k - 1)]

    def ours(x: np.ndarray) -> np.ndarray:
        return weights[0] + natural_spline(x, knots) @ weights[1:]

    theirs = CubicSpline(knots, ours(knots), bc_type="natural")
    inside = np.linspace(knots[0], knots[-1], 50)
    close(ours(inside), theirs(inside), rtol=1e-8, atol=1e-8)
    for edge, beyond in ((knots[0], knots[0] - np.array([1.0, 2, 3])), (knots[-1], knots[-1] + np.array([1.0, 2, 3]))):
        close(ours(beyond), theirs(edge) + theirs(edge, 1) * (beyond - edge), rtol=1e-7, atol=1e-7)


def test_knots_must_ascend() -> None:
    with pytest.raises(ValueError, match="at least 3 ascending"):
        natural_spline([1.0, 2.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="at least 3 ascending"):
        natural_spline([1.0, 2.0], [1.0, 1.0, 2.0])


@pytest.mark.parametrize("knots", [3, 4, 5])
@pytest.mark.parametrize("log2", [True, False])
def test_the_curve_starts_from_its_reference_and_holds_the_line(knots: int, log2: bool) -> None:
    data = cohort()
    found = continuous_effect(data["value"], data["time"], data["event"], knots=knots, log2=log2)
    curve = found.to_frame()
    assert found.scale == ("doubling" if log2 else "sd")
    assert found.nonlinearity.df == knots - 2
    close(found.knots, np.quantile(data["value"], KNOTS[knots]), rtol=1e-2)
    at = curve[curve["value"] == data["value"].median()]
    close(at[["line", "line_low", "line_high", "spline", "spline_low", "spline_high"]].to_numpy(), np.ones((1, 6)))
    x = np.log2(curve["value"] / data["value"].median()) if log2 else (curve["value"] - data["value"].median()) / found.step
    close(np.log(curve["line"]), x * math.log(found.line.value), atol=1e-12)
    assert ((curve["spline_low"] <= curve["spline"]) & (curve["spline"] <= curve["spline_high"])).all()
    close(curve["value"].iloc[[0, -1]], [data["value"].min(), data["value"].max()])


def test_another_reference_moves_the_curve_only() -> None:
    data = cohort()
    one = continuous_effect(data["value"], data["time"], data["event"])
    other = continuous_effect(data["value"], data["time"], data["event"], reference=337.0)
    assert other.curve.reference == 337.0
    assert other.curve.spline[other.curve.value == 337.0] == [1.0]
    assert (one.nonlinearity.p_value, one.line.value) == (other.nonlinearity.p_value, other.line.value)
    ends = [c.curve.spline[-1] / c.curve.spline[0] for c in (one, other)]
    close(ends[0], ends[1])
    assert continuous_effect(data["value"], data["time"], data["event"], reference=0.0).curve.notes == ("the reference must be above 0",)


def test_a_bend_is_found_where_there_is_one() -> None:
    rng = np.random.default_rng(5)
    value = np.exp(rng.normal(5, 1, 400))
    time = rng.exponential(20 / np.exp((np.log(value) - 5) ** 2))
    bent = continuous_effect(value, time, np.ones(400))
    assert bent.nonlinearity.p_value < 1e-6
    assert bent.c_spline.value > bent.c_line.value + 0.05
    straight = cohort(400, 6)
    assert continuous_effect(straight["value"], straight["time"], straight["event"]).nonlinearity.p_value > 0.05


@given(patients(40))
@settings(max_examples=40)
def test_nothing_breaks_whatever_the_patients(data: pd.DataFrame) -> None:
    found = continuous_effect(data["value"], data["time"], data["event"], strata=data["by"])
    assert math.isnan(found.line.value) == bool(found.line.notes)
    assert math.isnan(found.nonlinearity.p_value) == bool(found.nonlinearity.notes)
    if not found.nonlinearity.notes:
        assert found.nonlinearity.statistic >= 0
        assert found.c_spline.tied_risk >= found.c_line.tied_risk  # patients with the same value have the same score


def test_per_unit_per_deviation_and_per_doubling_are_the_same_line() -> None:
    data = cohort()
    unit, deviation = (continuous_effect(data["value"], data["time"], data["event"], log2=False, per=p) for p in ("unit", "sd"))  # type: ignore[arg-type]
    assert (unit.scale, unit.step, deviation.scale) == ("unit", 1.0, "sd")
    close(math.log(deviation.line.value), math.log(unit.line.value) * np.std(data["value"], ddof=1))
    close([deviation.line.p_value, deviation.nonlinearity.statistic], [unit.line.p_value, unit.nonlinearity.statistic], rtol=1e-7)


def test_a_marker_with_zeros_takes_no_logarithm() -> None:
    data = cohort()
    data.loc[3, "value"] = 0.0
    found = continuous_effect(data["value"], data["time"], data["event"])
    assert found.scale == "sd"
    assert "some values are 0 or less, so no logarithm is taken" in found.notes


@pytest.mark.parametrize(
    ("value", "time", "event", "reason"),
    [
        ([], [], [], "no patients"),
        ([5.0, 6.0], [1.0, 2.0], [0, 0], "no events"),
        ([5.0, 5.0, 5.0], [1.0, 2.0, 3.0], [1, 1, 0], "the marker has the same value in all patients"),
        ([0.1 + 0.2, 0.3, 0.3], [1.0, 2.0, 3.0], [1, 1, 0], "the marker has the same value in all patients"),
        ([5.0, 5.0, 6.0], [2.0, 2.0, 1.0], [1, 1, 0], NOT_TOGETHER),
        ([5.0], [1.0], [1], "the marker has the same value in all patients"),
    ],
)
def test_what_cannot_be_estimated_says_why(value: list[float], time: list[float], event: list[int], reason: str) -> None:
    found = continuous_effect(value, time, event)
    assert found.line.notes == (reason,)
    assert math.isnan(found.line.value)
    assert found.nonlinearity.notes
    assert not len(found.knots)
    cost = split_cost(found, value, time, event, 5.5)
    assert cost.to_frame()["score"].tolist() == ["continuous", "split", "difference"]


@pytest.mark.parametrize(
    ("events", "spline", "note"), [(9, False, "fewer than 10 events:"), (14, False, ""), (15, True, "shape is unstable")]
)
def test_few_events_are_said(events: int, spline: bool, note: str) -> None:
    data = cohort(60, 3)
    event = np.zeros(60)
    event[:events] = 1
    found = continuous_effect(data["value"], data["time"], event)
    assert bool(len(found.knots)) == spline
    assert (note in " ".join(found.notes)) if note else not found.notes
    if not spline:
        assert found.nonlinearity.notes[0].startswith("fewer than 5 events per degree of freedom")
    assert math.isfinite(found.line.value)


def test_ties_cost_knots() -> None:
    rng = np.random.default_rng(2)
    time = rng.exponential(10, 100)
    found = continuous_effect(np.repeat([1.0, 2.0, 4.0], [30, 40, 30]), time, np.ones(100))
    assert found.knots.tolist() == [1.0, 2.0, 4.0]
    assert found.nonlinearity.df == 1
    none = continuous_effect(np.repeat([1.0, 2.0], 50), time, np.ones(100))
    assert none.nonlinearity.notes == ("too few different values of the marker for a spline",)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"knots": 7}, "knots must be 3, 4 or 5"),
        ({"value": [1.0]}, "value must be one finite"),
        ({"value": [1.0, NAN]}, "value must be one"),
    ],
)
def test_wrong_calls_are_refused(change: dict, words: str) -> None:
    call = {"value": [1.0, 2.0], "time": [1.0, 2.0], "event": [1, 1], **change}
    with pytest.raises(ValueError, match=words):
        continuous_effect(**call)
    with pytest.raises(ValueError, match="design must be one row"):
        cox_fit([1.0, 2.0], [1.0, 2.0], [1, 1])


# ---------------------------------------------------------------- the split


@pytest.mark.parametrize("effect", [0.3, -0.3])
def test_the_split_is_compared_with_the_line_in_the_same_patients(effect: float) -> None:
    data = cohort(300, effect=effect)
    found = continuous_effect(data["value"], data["time"], data["event"])
    cost = split_cost(found, data["value"], data["time"], data["event"], 148.0)
    high = data["value"] > 148.0
    expected = concordance_index(np.sign(effect) * high, data["time"], data["event"])
    assert (cost.n_low, cost.n_high) == (int((~high).sum()), int(high.sum()))
    close([cost.c_split.value, cost.difference.value], [expected.value, found.c_line.value - expected.value])
    assert cost.c_split.value > 0.5
    assert cost.difference.ci_low > 0  # here the line is the truth
    assert cost.split_test.df == 1
    assert cost.split_test.statistic < found.line_test.statistic


def test_a_cutoff_beyond_all_patients_splits_nothing() -> None:
    data = cohort()
    found = continuous_effect(data["value"], data["time"], data["event"])
    for cutoff in (0.0, 1e9):
        cost = split_cost(found, data["value"], data["time"], data["event"], cutoff)
        assert cost.notes
        assert cost.c_split.value == 0.5
        assert math.isnan(cost.split_test.p_value)


# ---------------------------------------------------------------- adjusted p values


@given(st.lists(st.one_of(st.floats(0, 1), st.just(NAN)), max_size=12))
def test_adjusted_p_values_written_out(p: list[float]) -> None:
    known = [v for v in p if not math.isnan(v)]
    m, rank = len(known), {v: sorted(known).index(v) for v in known}

    def q(v: float) -> float:
        return min(*(w * m / sum(u <= w for u in known) for w in known if w >= v), 1.0)

    def stepped(v: float) -> float:
        return min(max(w * (m - rank[w]) for w in known if w <= v), 1.0)

    close(benjamini_hochberg(p), [v if math.isnan(v) else q(v) for v in p])
    close(holm(p), [v if math.isnan(v) else stepped(v) for v in p])
    close(bonferroni(p), [v if math.isnan(v) else min(v * m, 1.0) for v in p])


@pytest.mark.parametrize("p", [[1.2], [-0.1], [[0.5]]])
def test_what_is_no_p_value_is_refused(p: list) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm(p)
