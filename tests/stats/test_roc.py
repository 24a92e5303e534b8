"""ROC curves, their cutoffs and their areas: against R, against naive versions, and at the edges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cartograph.stats.roc import (
    ALL_EQUAL,
    CHOSEN,
    NO_CASE,
    NO_CONTROL,
    ONE_OF_A_CLASS,
    PERFECT,
    bootstrap_thresholds,
    compare_auc,
    roc_curve,
)
from cartograph.stats.time_roc import NO_CONTROL as NOBODY_BEYOND
from cartograph.stats.time_roc import time_roc
from tests.stats.reference import close, cohort, numbers, values

REFERENCE = values("roc")
MARKERS = list(REFERENCE["binary"])
DATA = {name: np.array(column) for name, column in REFERENCE["data"].items()}
AT_HORIZONS = REFERENCE["time_dependent"]


@pytest.mark.parametrize("marker", MARKERS)
def test_curve_and_area_are_those_of_proc(marker: str) -> None:
    theirs = REFERENCE["binary"][marker]
    ours = roc_curve(DATA[marker], DATA["outcome"])
    for name in ("threshold", "sensitivity", "specificity"):
        close(getattr(ours, name), numbers(theirs["coords"][name]))
    close([ours.auc.value, ours.auc.std_error], [theirs["auc"], theirs["delong_se"]])
    close([ours.auc.ci_low, ours.auc.ci_high], [theirs["delong_ci"]["lower"], theirs["delong_ci"]["upper"]])
    close(ours.p_value, theirs["wilcoxon_p_asymptotic_no_cc"], rtol=1e-8, atol=0)
    assert (ours.n_positive, ours.n_negative) == (theirs["n_positive"], theirs["n_negative"])


@pytest.mark.parametrize("marker", MARKERS)
@pytest.mark.parametrize("best", ["youden", "closest_topleft"])
def test_best_cutoffs_are_those_of_proc(marker: str, best: str) -> None:
    theirs = REFERENCE["binary"][marker][f"{best}_best"]
    curve = roc_curve(DATA[marker], DATA["outcome"])
    ours = curve.youden() if best == "youden" else curve.closest_to_corner()
    fields = {"threshold": "threshold", "sensitivity": "sensitivity", "specificity": "specificity"}
    fields |= {"true_positive": "tp", "false_positive": "fp", "true_negative": "tn", "false_negative": "fn"}
    for mine, name in fields.items():
        close([getattr(p, mine) for p in ours], numbers(theirs[name]))
    for point in ours:
        assert point.called == (DATA[marker] > point.cutoff).sum() == (DATA[marker] > point.threshold).sum()
        assert point.cutoff in DATA[marker]


@pytest.mark.parametrize("pair", list(REFERENCE["pairs"]))
def test_two_areas_are_compared_as_proc_does(pair: str) -> None:
    theirs = REFERENCE["pairs"][pair]
    ours = compare_auc(DATA[theirs["marker_1"]], DATA[theirs["marker_2"]], DATA["outcome"])
    close([ours.statistic, ours.p_value, ours.covariance], [theirs["delong_z"], theirs["delong_p"], theirs["delong_cov"]])
    back = compare_auc(-DATA[theirs["marker_1"]], DATA[theirs["marker_2"]], DATA["outcome"], direction_1="low")
    close([back.difference.value, back.p_value], [ours.difference.value, ours.p_value])
    assert list(ours.to_frame()["p_value"]) == [ours.p_value]


def at_horizon(row: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    data = cohort(values(f"survival_{row['data']}"), row["marker"])
    return row["sign"] * data[row["marker"]].to_numpy(dtype=float), data["time"].to_numpy(dtype=float), data["event"].to_numpy(dtype=float)


def naive_time_auc(value: np.ndarray, time: np.ndarray, event: np.ndarray, horizon: float, *, strict: bool) -> float:
    """Pairs of case and control one by one; censoring curve step by step. ``strict``: cases have T < horizon, as timeROC counts."""

    def uncensored(before: float) -> float:
        found = 1.0
        for u in np.unique(time[(event == 0) & (time < before)]):
            at_risk = ((time > u) | ((time == u) & (event == 0))).sum()
            found *= 1 - ((time == u) & (event == 0)).sum() / at_risk
        return found

    cases = np.flatnonzero((event == 1) & ((time < horizon) if strict else (time <= horizon)))
    total = won = 0.0
    for i in cases:
        for j in np.flatnonzero(time > horizon):
            weight = 1 / uncensored(time[i])
            total += weight
            won += weight * (1.0 if value[i] > value[j] else 0.5 if value[i] == value[j] else 0.0)
    return won / total


@pytest.mark.parametrize("row", AT_HORIZONS, ids=lambda r: f"{r['data']}-{r['marker']}-{r['time']}")
def test_the_curve_at_a_horizon_is_that_of_timeroc(row: dict[str, Any]) -> None:
    value, time, event = at_horizon(row)
    ours = time_roc(value, time, event, row["time"])
    tied = int(((time == row["time"]) & (event == 1)).sum())
    assert (ours.n_positive - tied, ours.n_negative) == (row["cases"], row["survivors_at_t"])
    assert ours.n_censored + tied == row["censored_before_t"]  # timeROC counts an event on the very day as neither
    assert ours.n_positive + ours.n_negative + ours.n_censored == ours.n == len(value)
    if tied:
        assert abs(ours.auc.value - row["auc"]) < 0.02
    else:
        close(ours.auc.value, row["auc"])
        close(ours.auc.std_error, row["se"], rtol=6e-5)  # timeROC writes its sums over the censoring times another way


@pytest.mark.parametrize("row", [r for r in AT_HORIZONS if r["data"] == "veteran"], ids=lambda r: str(r["time"]))
def test_with_an_event_on_the_very_day_the_definition_is_the_only_difference(row: dict[str, Any]) -> None:
    value, time, event = at_horizon(row)
    close(naive_time_auc(value, time, event, row["time"], strict=True), row["auc"])
    close(time_roc(value, time, event, row["time"]).auc.value, naive_time_auc(value, time, event, row["time"], strict=False))


@st.composite
def marked(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """A marker with ties and an outcome, at least two of each class."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    n = draw(st.integers(4, 40))
    outcome = np.r_[1.0, 1.0, 0.0, 0.0, (rng.random(n - 4) < draw(st.sampled_from([0.1, 0.5, 0.9]))).astype(float)]
    return rng.integers(0, draw(st.sampled_from([2, 6, 500])), n).astype(float), outcome


@given(marked())
@settings(deadline=None, max_examples=60)
def test_the_area_counts_pairs_and_its_limits_are_delongs(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    value, outcome = drawn
    cases, controls = value[outcome == 1], value[outcome == 0]
    wins = (cases[:, None] > controls) + 0.5 * (cases[:, None] == controls)
    ours = roc_curve(value, outcome)
    close(ours.auc.value, wins.mean())
    close(ours.auc.value, np.trapezoid(ours.sensitivity[::-1], 1 - ours.specificity[::-1]))
    variance = wins.mean(axis=1).var(ddof=1) / len(cases) + wins.mean(axis=0).var(ddof=1) / len(controls)
    if len(np.unique(value)) > 1:
        close(ours.auc.std_error, np.sqrt(variance))
    for row, threshold in enumerate(ours.threshold):
        close([ours.sensitivity[row], ours.specificity[row]], [(cases > threshold).mean(), (controls <= threshold).mean()])


@given(marked())
@settings(deadline=None, max_examples=60)
def test_what_must_not_change(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    value, outcome = drawn
    ours, order = roc_curve(value, outcome), np.random.default_rng(1).permutation(len(value))
    for other in (roc_curve(value[order], outcome[order]), roc_curve(np.exp(value / 100), outcome)):
        close([other.auc.value, other.auc.ci_low], [ours.auc.value, ours.auc.ci_low])
    low = roc_curve(value, outcome, direction="low")
    close([low.auc.value, low.auc.std_error, low.p_value], [1 - ours.auc.value, ours.auc.std_error, ours.p_value])
    close(low.sensitivity + ours.sensitivity, np.ones(len(ours.threshold)))
    chosen = roc_curve(value, outcome, direction="data")
    close(chosen.auc.value, max(ours.auc.value, low.auc.value))
    assert CHOSEN in chosen.notes
    point = ours.at(float(value[0]))
    assert point.called == (value > value[0]).sum()
    assert max(p.youden for p in ours.youden()) == pytest.approx((ours.sensitivity + ours.specificity).max() - 1)


@st.composite
def followed(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    n = draw(st.integers(6, 40))
    time = rng.integers(1, draw(st.sampled_from([5, 300])), n) / 2
    time[:4] = [0.5, 1.0, 200.0, 201.0]
    event = (rng.random(n) < draw(st.sampled_from([0.3, 0.8, 1.0]))).astype(float)
    event[:4] = [1, 1, 1, 0]
    return rng.integers(0, draw(st.sampled_from([3, 500])), n).astype(float), time, event


@given(followed(), st.sampled_from([1.0, 1.75, 60.0]))
@settings(deadline=None, max_examples=60)
def test_at_a_horizon_nobody_is_lost(drawn: tuple[np.ndarray, np.ndarray, np.ndarray], horizon: float) -> None:
    value, time, event = drawn
    ours = time_roc(value, time, event, horizon)
    close(ours.auc.value, naive_time_auc(value, time, event, horizon, strict=False))
    close(ours.auc.value, np.trapezoid(ours.sensitivity[::-1], 1 - ours.specificity[::-1]))
    close([ours.positive.sum() + ours.negative.sum()], [len(value)])  # the weight of the censored is given away, not lost
    assert ours.n_positive + ours.n_negative + ours.n_censored == len(value)
    assert any(f"{ours.n_censored} censored" in note for note in ours.notes) == (ours.n_censored > 0)
    months = time_roc(value, time * 30.4375, event, horizon * 30.4375)
    close([months.auc.value, months.auc.std_error], [ours.auc.value, ours.auc.std_error])


@given(followed())
@settings(deadline=None, max_examples=25)
def test_without_censoring_the_curve_at_a_horizon_is_the_plain_one(drawn: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    value, time, _ = drawn
    ours, plain = time_roc(value, time, np.ones(len(time)), 60.0), roc_curve(value, time <= 60.0)
    close(ours.sensitivity, plain.sensitivity)
    close(ours.specificity, plain.specificity)
    close(ours.auc.value, plain.auc.value)
    assert (ours.n_censored, ours.largest_weight) == (0, 1.0)
    assert not ours.auc.notes or ours.auc.notes == plain.auc.notes


@pytest.mark.parametrize("seed", range(4))
def test_the_error_at_a_horizon_is_the_root_of_the_summed_squares_of_what_one_patient_more_changes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, many = 25, 400
    value, time, event = rng.normal(size=n), rng.integers(1, 12, n) / 1.0, (rng.random(n) < 0.6).astype(float)
    time[:2], event[:2] = (1.0, 20.0), (1.0, 0.0)
    area = time_roc(value, time, event, 6.0).auc

    def with_one_more(i: int) -> float:
        rows = np.r_[np.repeat(np.arange(n), many), i]
        return time_roc(value[rows], time[rows], event[rows], 6.0).auc.value

    slopes = np.array([(with_one_more(i) - area.value) * many for i in range(n)])
    close(area.std_error, np.sqrt(n / (n - 1) * (slopes**2).sum()), rtol=0.01)


def test_the_bootstrap_is_that_of_patients_drawn_one_by_one() -> None:
    value, outcome = DATA["ndka"], DATA["outcome"]
    ours = bootstrap_thresholds(value, outcome, direction="data", replicates=1000, seed=3)
    rng = np.random.default_rng(5)
    cases, controls = np.flatnonzero(outcome == 1), np.flatnonzero(outcome == 0)
    gained, moved, sums = [], [], []
    for _ in range(400):
        rows = np.r_[rng.choice(cases, len(cases)), rng.choice(controls, len(controls))]
        drawn = roc_curve(value[rows], outcome[rows], direction="data")
        cutoff = drawn.youden()[0].cutoff
        here = roc_curve(value, outcome, direction=drawn.direction)
        gained.append(drawn.auc.value - here.auc.value)
        sums.append(drawn.youden()[0].youden - here.at(cutoff).youden)
        moved.append(cutoff)
    assert ours.auc.optimism == pytest.approx(np.mean(gained), abs=4 * np.std(gained) / 20)
    assert ours.youden_sum.optimism == pytest.approx(np.mean(sums), abs=4 * np.std(sums) / 20)
    assert ours.youden_sum.optimism > 0.04
    assert np.nanmedian(ours.youden_cutoffs) == pytest.approx(np.median(moved), abs=2.0)
    assert ours.youden.ci_low <= ours.youden.value <= ours.youden.ci_high
    best = roc_curve(value, outcome).youden()[0]
    assert (ours.youden.value, ours.youden_sum.apparent) == (best.cutoff, pytest.approx(1 + best.youden))
    assert set(ours.youden_cutoffs) <= set(value)
    assert len(ours.to_frame()) == 1000


def test_a_marker_that_says_nothing_looks_good_and_is_brought_back_by_more_than_half() -> None:
    rng, outcome = np.random.default_rng(8), np.r_[np.ones(40), np.zeros(60)]
    found = [bootstrap_thresholds(rng.normal(size=100), outcome, direction="data", replicates=60, seed=i) for i in range(120)]
    apparent, corrected = (np.mean([getattr(f.youden_sum, name) for f in found]) for name in ("apparent", "corrected"))
    assert apparent > 1.13
    assert 1.0 < corrected < 1 + (apparent - 1) / 2
    assert abs(np.mean([f.auc.corrected for f in found]) - 0.5) < 0.03


def test_the_bootstrap_is_seeded_reports_and_can_be_stopped() -> None:
    rng = np.random.default_rng(1)
    value, outcome = rng.normal(size=3000), rng.random(3000) < 0.4
    said: list[float] = []
    first, second = (bootstrap_thresholds(value, outcome, replicates=400, seed=7, progress=said.append) for _ in range(2))
    assert np.array_equal(first.youden_cutoffs, second.youden_cutoffs, equal_nan=True)
    assert len(said) > 2
    assert said[-1] == 1.0
    assert first.auc.optimism == 0.0
    assert any("nothing was chosen" in note for note in first.notes)

    def stop(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bootstrap_thresholds(value, outcome, replicates=400, progress=stop)


def test_a_marker_without_any_cutoff_worth_having_says_so() -> None:
    found = bootstrap_thresholds([1.0, 2.0, 3.0, 4.0], [1, 1, 0, 0], replicates=20)
    assert np.isnan(found.youden.value)
    assert np.isnan(found.youden_cutoffs).all()
    assert any("20 replicates" in note for note in found.notes)
    assert [p.threshold for p in roc_curve([1.0, 2.0, 3.0, 4.0], [1, 1, 0, 0]).youden()] == [-np.inf, np.inf]


@pytest.mark.parametrize(
    ("value", "outcome", "note"),
    [([1, 2, 3], [0, 0, 0], NO_CASE), ([1, 2, 3], [1, 1, 1], NO_CONTROL), ([], [], NO_CASE)],
)
def test_one_class_only(value: list[float], outcome: list[int], note: str) -> None:
    ours = roc_curve(value, outcome, direction="data")
    assert np.isnan([ours.auc.value, ours.auc.ci_low, ours.p_value]).all()
    assert ours.notes == (note,)
    assert ours.youden() == ours.closest_to_corner() == ()
    with pytest.raises(ValueError, match="with and without"):
        bootstrap_thresholds(value, outcome)


@pytest.mark.parametrize(
    ("value", "outcome", "area", "note"),
    [([5, 5, 5, 5], [0, 1, 0, 1], 0.5, ALL_EQUAL), ([1, 2, 3], [0, 0, 1], 1.0, ONE_OF_A_CLASS), ([1, 2, 3, 4], [0, 0, 1, 1], 1.0, PERFECT)],
)
def test_an_area_without_limits_says_why(value: list[float], outcome: list[int], area: float, note: str) -> None:
    ours = roc_curve(value, outcome)
    assert ours.auc.value == area
    assert note in ours.auc.notes
    assert np.isnan(ours.auc.ci_low) == (note != PERFECT)
    late = time_roc(value, np.where(np.array(outcome) == 1, 1.0, 9.0), np.ones(len(value)), 5.0)
    assert (late.auc.value, late.auc.notes) == (area, (note,))


def test_a_horizon_beyond_follow_up_or_before_any_event() -> None:
    beyond = time_roc([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [1, 0, 1], 12.0, direction="data")
    assert np.isnan(beyond.auc.value)
    assert beyond.notes[0] == NOBODY_BEYOND
    early = time_roc([1.0, 2.0, 3.0], [5.0, 6.0, 7.0], [1, 0, 1], 2.0)
    assert np.isnan(early.auc.value)
    assert (early.n_positive, early.n_negative, early.n_censored) == (0, 3, 0)


def test_the_frames_hold_what_they_promise() -> None:
    curve = roc_curve([1.0, 2.0, 3.0], [0, 1, 1])
    assert list(curve.to_frame()) == ["threshold", "sensitivity", "specificity"]
    assert curve.at(2.0).to_frame()["true_positive"].tolist() == [1.0]
    assert curve.at(99.0).notes
    same = compare_auc([1.0, 2.0, 3.0, 0.0], [1.0, 2.0, 3.0, 0.0], [0, 1, 0, 1])
    assert np.isnan(same.p_value)
    assert same.notes


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: roc_curve([1.0, 2.0], [0, 1, 1]), "equally long"),
        (lambda: roc_curve([1.0, np.nan], [0, 1]), "missing"),
        (lambda: roc_curve([1.0, 2.0], [0, 2]), "True"),
        (lambda: roc_curve([1.0, 2.0], [0, 1], direction="up"), "direction"),  # type: ignore[arg-type]
        (lambda: roc_curve([1.0, 2.0], [0, 1]).at(float("nan")), "cutoff"),
        (lambda: bootstrap_thresholds([1.0, 2.0], [0, 1], replicates=1), "replicates"),
        (lambda: time_roc([1.0], [1.0, 2.0], [0, 1], 1.0), "as long"),
        (lambda: time_roc([1.0, np.nan], [1.0, 2.0], [0, 1], 1.0), "missing"),
        (lambda: time_roc([1.0, 2.0], [1.0, 2.0], [0, 1], 0.0), "horizon"),
    ],
)
def test_a_wrong_call_is_refused(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
