"""Cumulative incidence, Gray's test and the misleading 1 - KM: against cmprsk and survfit, naive versions, lifelines, and at the edges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifelines import AalenJohansenFitter

from cartograph.stats.competing import cumulative_incidence, gray_test, misleading_one_minus_kaplan_meier
from cartograph.stats.survival import kaplan_meier
from tests.stats.reference import close, numbers, values

GROUPINGS = ("overall", "sex", "age_grp")


def mgus2() -> pd.DataFrame:
    data = pd.DataFrame(values("competing_mgus2")["data"])
    return data.assign(overall="all", age_grp=np.where(data["age"] >= 70, ">=70", "<70"))


@st.composite
def patients(draw: st.DrawFn) -> pd.DataFrame:
    """Few distinct times (ties), two causes and censoring in any proportion, three groups, two strata."""
    n = draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    shares = draw(st.sampled_from([(0.3, 0.4, 0.3), (0.0, 0.5, 0.5), (0.6, 0.4, 0.0), (0.05, 0.05, 0.9)]))
    return pd.DataFrame(
        {
            "time": rng.integers(0, draw(st.sampled_from([3, 12, 400])), n) / 4,
            "cause": rng.choice(3, n, p=shares),
            "group": rng.integers(0, draw(st.sampled_from([2, 3])), n),
            "by": rng.integers(0, 2, n),
        }
    )


@pytest.mark.parametrize("grouping", GROUPINGS)
def test_curves_and_variances_are_those_of_cuminc(grouping: str) -> None:
    data, reference = mgus2(), values("competing_mgus2")
    for ci in ("log-log", "plain"):
        found = cumulative_incidence(data["time"], data["cause"], data[grouping], ci=ci)
        for key, table in reference["steps"][grouping].items():
            group, cause = key.split("|")
            at = found.curve(int(cause), group).at(table["time"])
            close(at["incidence"], table["est"])
            close(at["std_error"] ** 2, table["var"], atol=1e-14)
            fixed = reference["fixed"][grouping][key]
            limits = found.curve(int(cause), group).at(fixed["time"])
            close(limits["ci_low"], fixed[f"lower_{ci.replace('-', '')}"])
            close(limits["ci_high"], fixed[f"upper_{ci.replace('-', '')}"])


def test_the_estimate_at_fixed_times_is_survfits() -> None:
    data, reference = mgus2(), values("competing_mgus2")
    found = cumulative_incidence(data["time"], data["cause"])
    for name, theirs in reference["survfit"].items():
        at = found.curve(int(name[-1])).at(theirs["time"])
        close(at["incidence"], theirs["est"])
        close(at["at_risk"], theirs["n_risk"])


@pytest.mark.parametrize("grouping", GROUPINGS[1:])
def test_gray_is_cmprsks(grouping: str) -> None:
    data, theirs = mgus2(), values("competing_mgus2")["gray"][grouping]
    for i, cause in enumerate((1, 2)):
        found = gray_test(data["time"], data["cause"], data[grouping], of=cause)
        close([found.statistic, found.p_value, found.df], [theirs["stat"][i], theirs["p"][i], theirs["df"][i]], atol=0)


def test_one_minus_kaplan_meier_is_survfits_and_says_that_it_misleads() -> None:
    data, reference = mgus2(), values("competing_mgus2")["one_minus_km"]
    for cause in (1, 2):
        found = misleading_one_minus_kaplan_meier(data["time"], data["cause"], of=cause)
        theirs = reference[f"cause{cause}"]
        place = np.searchsorted(found.time, theirs["time"], side="right") - 1
        close(found.one_minus_kaplan_meier[place], numbers(theirs["one_minus_km"]))
        assert "overstates" in found.notes[0]
        assert found.to_frame().columns.tolist() == ["time", "one_minus_kaplan_meier", "incidence", "difference"]


@given(patients())
def test_the_curves_are_the_sum_written_out(data: pd.DataFrame) -> None:
    for group, part in data.groupby("group"):
        found = cumulative_incidence(data["time"], data["cause"], data["group"])
        for cause in found.causes:
            curve, alive, total = found.curve(cause, group), 1.0, 0.0
            for row in curve.to_frame().itertuples():
                now = part["cause"][part["time"] == row.time]
                n = int((part["time"] >= row.time).sum())
                total += alive * (now == cause).sum() / n
                alive *= 1 - (now > 0).sum() / n
                assert (row.at_risk, row.events, row.other_events) == (n, (now == cause).sum(), ((now > 0) & (now != cause)).sum())
                close(row.incidence, total)
            assert (curve.n, curve.n_events) == (len(part), (part["cause"] == cause).sum())


@given(patients())
def test_the_variance_is_the_sum_of_squared_moves(data: pd.DataFrame) -> None:
    found = cumulative_incidence(data["time"], data["cause"])
    for cause in found.causes:
        c = found.curve(cause)
        free = np.cumprod(1 - (c.events + c.other_events) / c.at_risk)
        before = np.r_[1.0, free[:-1]]
        for t in range(len(c.time)):
            expected = 0.0
            for s in range(t + 1):
                lost = (c.incidence[t] - c.incidence[s]) / free[s] if free[s] > 0 else 0.0
                for d, move in ((c.events[s], 1 - lost), (c.other_events[s], lost)):
                    tied = 1 - (d - 1) / (c.at_risk[s] - 1) if d > 1 else 1.0
                    expected += tied * d * (before[s] / c.at_risk[s]) ** 2 * move**2
            close(c.std_error[t] ** 2, expected, rtol=1e-7, atol=1e-12)


@given(patients())
def test_incidences_and_event_free_probability_sum_to_one(data: pd.DataFrame) -> None:
    found = cumulative_incidence(data["time"], data["cause"])
    free = kaplan_meier(data["time"], data["cause"] > 0).survival
    close(free + sum((c.incidence for c in found.curves), np.zeros(len(free))), np.ones(len(free)))
    for curve in found.curves:
        assert (np.diff(curve.incidence) >= 0).all()
        known = np.isfinite(curve.ci_low)
        assert (curve.ci_low[known] <= curve.incidence[known]).all()
        assert (curve.ci_high[known] >= curve.incidence[known]).all()
        assert (misleading_one_minus_kaplan_meier(data["time"], data["cause"], of=curve.cause).difference > -1e-12).all()


@pytest.mark.parametrize("seed", range(3))
def test_without_ties_the_curve_is_that_of_lifelines(seed: int) -> None:
    rng = np.random.default_rng(seed)
    time, cause = rng.exponential(10, 80), rng.choice(3, 80)
    theirs = AalenJohansenFitter(calculate_variance=False).fit(time, cause, event_of_interest=1).cumulative_density_
    curve = cumulative_incidence(time, cause).curve(1)
    close(curve.incidence, theirs.iloc[:, 0].loc[curve.time])


def naive_gray(data: pd.DataFrame, rho: float) -> tuple[np.ndarray, np.ndarray]:
    """Score and variance of Gray's test of cause 1, time by time and group by group."""
    groups = sorted(data["group"].unique())
    k = len(groups)
    alive, incidence, pooled = np.ones(k), np.zeros(k), 0.0
    score, drift, steps = np.zeros(k), np.zeros((k, k)), []
    for t in sorted(data["time"][data["cause"] > 0].unique()):
        now = data[data["time"] == t]
        n = np.array([((data["time"] >= t) & (data["group"] == g)).sum() for g in groups], dtype=float)
        d = np.array([[((now["cause"] == c) & (now["group"] == g)).sum() for g in groups] for c in (1, 2)], dtype=float)
        weight = np.array([n[g] / alive[g] if n[g] else 0.0 for g in range(k)])
        size, own = weight * (1 - incidence), d[0].sum()
        scale = (1 - pooled) ** rho
        score += scale * (d[0] - own * size / size.sum())
        pull = scale * (np.diag(weight) - np.outer(weight, weight) / weight.sum())
        drift = drift + pull * own / (weight.sum() * (1 - pooled))
        after = np.array([alive[g] * (1 - d[:, g].sum() / n[g]) if n[g] else alive[g] for g in range(k)])
        steps.append((n, d, weight, pull, drift, alive, after, pooled + own / weight.sum()))
        incidence = incidence + np.array([alive[g] * d[0, g] / n[g] if n[g] else 0.0 for g in range(k)])
        alive, pooled = after, pooled + own / weight.sum()
    variance = np.zeros((k, k))
    for n, d, weight, pull, here, before, after, total in steps:
        own = d[0].sum()
        for g in range(k):
            if not n[g]:
                continue
            rest, lost = drift[:, g] - here[:, g], (1 - total) / after[g] if after[g] > 0 else 0.0
            size = weight.sum() * before[g]
            tied = 1 - (own - 1) / (size - 1) if own > 1 and size > 1 else 1.0
            move = pull[:, g] + (1 - lost if after[g] > 0 else 1.0) * rest
            variance += np.outer(move, move) * tied * before[g] * own / (weight.sum() * n[g])
            if after[g] > 0 and d[1, g]:
                tied = 1 - (d[1, g] - 1) / max(n[g] - 1, 1)
                variance += np.outer(lost * rest, lost * rest) * tied * d[1, g] * (before[g] / n[g]) ** 2
    return score, variance


@given(patients(), st.sampled_from([0.0, 1.0]))
def test_gray_is_the_sum_written_out(data: pd.DataFrame, rho: float) -> None:
    found = gray_test(data["time"], data["cause"], data["group"], rho=rho)
    score, variance = naive_gray(data, rho)
    close(found.observed - found.expected, score, atol=1e-9)
    close(found.variance, variance, rtol=1e-7, atol=1e-9)
    assert np.isfinite(found.statistic) or found.notes
    close(found.to_frame()["events"].sum(), (data["cause"] == 1).sum())


@given(patients(), st.integers(0, 99))
def test_gray_does_not_care_about_order_unit_and_names(data: pd.DataFrame, seed: int) -> None:
    one = gray_test(data["time"], data["cause"], data["group"])
    shuffled = data.sample(frac=1, random_state=seed)
    other = gray_test(shuffled["time"] * 30.4375, shuffled["cause"], shuffled["group"].map({0: "c", 1: "a", 2: "b"}))
    close([one.statistic, one.p_value], [other.statistic, other.p_value], rtol=1e-6, atol=1e-9)
    relabelled = gray_test(data["time"], data["cause"].map({0: 0, 1: 7, 2: 3}), data["group"], of=7)
    close(relabelled.statistic, one.statistic)


@given(patients())
def test_strata_are_added_up(data: pd.DataFrame) -> None:
    both = gray_test(data["time"], data["cause"], data["group"], strata=data["by"])
    score = np.zeros(len(both.groups))
    variance = np.zeros((len(both.groups), len(both.groups)))
    for _, part in data.groupby("by"):
        found = gray_test(part["time"], part["cause"], part["group"])
        place = [both.groups.index(g) for g in found.groups]
        score[place] += found.observed - found.expected
        variance[np.ix_(place, place)] += found.variance
    close(both.observed - both.expected, score)
    close(both.variance, variance)
    one = gray_test(data["time"], data["cause"], data["group"], strata=np.zeros(len(data)))
    close(one.statistic, gray_test(data["time"], data["cause"], data["group"]).statistic)


def test_equal_groups_differ_by_chance_only() -> None:
    rng = np.random.default_rng(5)
    p = []
    for _ in range(300):
        time, cause, group = np.ceil(rng.exponential(12, 80)), rng.choice(3, 80, p=[0.3, 0.4, 0.3]), rng.integers(0, 3, 80)
        p.append(gray_test(time, cause, group).p_value)
    assert 0.02 < float((np.array(p) < 0.05).mean()) < 0.09


def test_times_between_and_beyond() -> None:
    found = cumulative_incidence([1, 2, 2, 3, 4], [1, 2, 1, 0, 0])
    frame = found.at([0.0, 0.5, 1.0, 2.5, 4.0, 4.1])
    one = frame[frame["cause"] == 1].reset_index(drop=True)
    close(one["incidence"], [0, 0, 0.2, 0.4, 0.4, np.nan])
    close(one["at_risk"], [5, 5, 5, 2, 1, 0])
    close(one["cum_events"], [0, 0, 1, 2, 2, 2])
    assert frame.columns.tolist()[:2] == ["group", "cause"]
    assert len(found.to_frame()) == 8


def test_no_events_one_patient_everybody_tied() -> None:
    spent = cumulative_incidence(np.arange(1.0, 50.0), [2] * 48 + [1]).curve(2)  # sums of jumps are not exact
    assert spent.incidence[-1] < 1
    used_up = cumulative_incidence(np.arange(1.0, 50.0), [1] * 49).curve(1)
    close([used_up.incidence[-1], used_up.ci_low[-1]], [1.0, np.nan])
    none = cumulative_incidence([1, 2], [0, 0])
    assert (none.curves, none.notes) == ((), ("no events",))
    assert none.to_frame().empty
    assert none.at([1.0]).empty
    one = cumulative_incidence([3.0], [2]).curve(2)
    close([one.incidence[0], one.ci_low[0], one.max_time], [1.0, np.nan, 3.0])
    tied = cumulative_incidence([5, 5, 5, 5], [1, 1, 2, 0], ["a", "a", "b", "b"])
    close(tied.curve(1, "a").incidence, [1.0])
    assert tied.curve(1, "b").notes == ("no events of this cause in this group",)
    empty = gray_test([5.0, 6.0], [2, 0], ["a", "b"])
    assert np.isnan(empty.statistic)
    assert empty.notes == ("no events of this cause",)
    assert gray_test([5.0, 6.0], [1, 0], ["a", "a"]).notes[0].startswith("fewer than two groups")


@pytest.mark.parametrize(
    ("cause", "words"),
    [([0, 1.5], "whole number"), ([0, -1], "whole number"), ([0, np.nan], "whole number"), ([1], "equally long")],
)
def test_other_codes_are_refused(cause: list[float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        cumulative_incidence([1.0, 2.0], cause)


def test_a_wrong_question_is_refused() -> None:
    found: Any = cumulative_incidence([1.0, 2.0], [1, 0])
    with pytest.raises(ValueError, match="no cause 2"):
        found.curve(2)
    with pytest.raises(ValueError, match="ci must be"):
        cumulative_incidence([1.0], [1], ci="log")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="of must be a cause"):
        gray_test([1.0], [1], ["a"], of=0)
    with pytest.raises(ValueError, match="no cause 3"):
        misleading_one_minus_kaplan_meier([1.0, 2.0], [1, 0], of=3)
