"""The best of all cutoffs and its corrected p: R's maxstat, a plain loop, and what must not change."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from cartograph.stats import selected as module
from cartograph.stats.compare import log_rank
from cartograph.stats.selected import SelectedCutoff, maximally_selected_log_rank
from tests.stats.reference import close, cohort, values

MARKERS = values("maxstat")["markers"]


def of_reference(name: str, **options: Any) -> SelectedCutoff:
    dataset, _, marker = name.partition("_")
    data = cohort(values(f"survival_{dataset}"), marker)
    return maximally_selected_log_rank(data[marker], data["time"], data["event"], **options)


def made(n: int, seed: int = 1, *, effect: float = 0.0, distinct: int = 1000, digits: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    value = rng.integers(0, distinct, n).astype(float)
    time = np.round(rng.exponential(12 / np.where(value > distinct / 2, 1 + effect, 1.0)), digits)
    return pd.DataFrame({"value": value, "time": time, "event": rng.random(n) < 0.6, "by": rng.integers(0, 3, n)})


def best_of(data: pd.DataFrame, **options: Any) -> SelectedCutoff:
    return maximally_selected_log_rank(data["value"], data["time"], data["event"], **options)


# ---------------------------------------------------------------- R


@pytest.mark.parametrize("name", MARKERS)
def test_cutoff_and_every_statistic_are_maxstats(name: str) -> None:
    theirs, found = MARKERS[name], of_reference(name, method="lausen92")
    assert found.cutoff == theirs["cutoff"]
    assert found.cutoffs.tolist() == theirs["cutoffs"]
    assert found.window == (theirs["cutoffs"][0], theirs["cutoffs"][-1])
    assert found.n_cutoffs == len(theirs["cutoffs"])
    close(found.statistics, theirs["statistics"])
    close([found.statistic, found.p_value], [theirs["statistic"], theirs["lausen92"]])
    close(of_reference(name, method="lausen94").p_value, np.clip(theirs["lausen94"], 0, 1))


@pytest.mark.parametrize("name", MARKERS)
def test_the_naive_p_and_the_largest_chi_squared_are_survdiffs(name: str) -> None:
    theirs, found = MARKERS[name], of_reference(name, method="lausen94")
    close(found.naive_p, theirs["naive_p"], atol=0)
    close(found.largest_chi2, theirs["largest_chi2"])
    assert found.largest_chi2_cutoff == theirs["largest_chi2_cutoff"]
    said = any("latter is shown" in note for note in found.notes)
    assert said == (found.largest_chi2_cutoff != found.cutoff)


@pytest.mark.parametrize("name", MARKERS)
def test_a_narrower_window_is_maxstats_too(name: str) -> None:
    theirs = MARKERS[name]["minprop_0.25"]
    window: Any = {"min_fraction": 0.25, "max_fraction": 0.75}
    found = of_reference(name, method="lausen94", **window)
    assert found.cutoff == theirs["cutpoint"]
    close(
        [found.statistic, found.p_value, of_reference(name, method="lausen92", **window).p_value],
        [theirs["statistic"], np.clip(theirs["p_Lau94"], 0, 1), theirs["p_Lau92"]],
    )


@pytest.mark.parametrize("name", MARKERS)
def test_the_permutation_p_is_within_chance_of_maxstats(name: str) -> None:
    theirs = MARKERS[name]
    found = of_reference(name, permutations=3000, seed=4)
    own = np.sqrt(max(found.p_value * (1 - found.p_value), 1 / 3000) / 3000)
    assert abs(found.p_value - theirs["permutation"]) < 3.5 * np.hypot(own, theirs["permutation_error"])
    if name != "ovarian_age":  # 26 patients: the normal approximation of exactGauss is far off
        assert abs(found.p_value - theirs["exact"]) < 3.5 * own + 2 * theirs["exact_error"]


# ---------------------------------------------------------------- written out


def scores_of(data: pd.DataFrame) -> list[float]:
    """Hothorn & Lausen's scores one by one: event - sum over events so far of 1 / (N - their rank + 1), tied ranks at their maximum."""
    time, event = data["time"].tolist(), data["event"].tolist()
    rank = [sum(t <= own for t in time) for own in time]
    weight = [e / (len(time) - r + 1) for e, r in zip(event, rank, strict=True)]
    return [e - sum(w for w, t in zip(weight, time, strict=True) if t <= own) for e, own in zip(event, time, strict=True)]


def standardised(scores: list[float], low: Any) -> float:
    """Sum of the low scores over its standard deviation when scores are dealt out at random (sampling without replacement)."""
    a, m, n = np.array(scores), int(np.sum(low)), len(scores)
    return float(abs(a[low].sum() - m * a.mean()) / np.sqrt(m * (n - m) / (n * (n - 1)) * np.sum((a - a.mean()) ** 2)))


@settings(max_examples=40)
@given(st.integers(4, 40), st.integers(0, 10_000), st.sampled_from([3, 8, 1000]), st.sampled_from([0, 2]), st.sampled_from([0.1, 0.3]))
def test_the_statistics_are_those_of_a_plain_loop(n: int, seed: int, distinct: int, digits: int, fraction: float) -> None:
    data = made(n, seed, distinct=distinct, digits=digits)
    found = best_of(data, min_fraction=fraction, max_fraction=1 - fraction, permutations=20)
    if np.isnan(found.statistic):
        assert found.notes
        return
    scores = scores_of(data)
    for cutoff, n_low, statistic in zip(found.cutoffs, found.n_low, found.statistics, strict=True):
        low = (data["value"] <= cutoff).to_numpy()
        assert low.sum() == n_low
        close(statistic, standardised(scores, low))
    close(found.statistic, found.statistics.max())
    assert found.cutoff == found.cutoffs[np.isclose(found.statistics, found.statistic, rtol=1e-12)][0]
    plain = log_rank(data["time"], data["event"], data["value"] > found.cutoff)
    close(found.naive_p, plain.p_value)
    all_chi2 = np.array([log_rank(data["time"], data["event"], data["value"] > c).statistic for c in found.cutoffs])
    close(found.largest_chi2, all_chi2[np.isfinite(all_chi2)].max() if np.isfinite(all_chi2).any() else np.nan)
    assert 1 / 21 <= found.p_value <= 1


def test_the_permutation_p_comes_near_that_of_every_permutation() -> None:
    data = made(6, 5, digits=5)
    found = best_of(data, permutations=6000)
    scores = scores_of(data)
    order = np.argsort(data["value"], kind="stable")
    best = [
        max(standardised(list(dealt), np.isin(np.arange(6), order[:m])) for m in found.n_low.tolist()) for dealt in permutations(scores)
    ]
    whole = np.mean(np.array(best) >= found.statistic * (1 - 1e-10))
    assert found.p_value == pytest.approx(whole, abs=4 * np.sqrt(whole * (1 - whole) / 6000))


def test_without_effect_one_in_twenty_is_significant() -> None:
    p = np.array([best_of(made(40, seed), permutations=99, seed=seed).p_value for seed in range(100)])
    assert 0.01 <= np.mean(p <= 0.05) <= 0.10
    assert np.mean(p) == pytest.approx(0.5, abs=0.08)


# ---------------------------------------------------------------- what must not change


@settings(max_examples=25)
@given(st.integers(1, 6), st.integers(0, 10_000), st.sampled_from([9, 1000]))
def test_only_the_order_of_marker_and_time_counts(tens: int, seed: int, distinct: int) -> None:
    data = made(10 * tens, seed, distinct=distinct)
    found = best_of(data, permutations=30)
    bent = best_of(data.assign(value=np.exp(data["value"] / 100), time=data["time"] * 3.7), permutations=30)
    close([found.statistic, found.p_value], [bent.statistic, bent.p_value])
    turned = best_of(data.assign(value=-data["value"]), permutations=30)
    close(turned.statistic, found.statistic)  # a tenth of the patients is a whole number: the window is symmetric
    shuffled = best_of(data.sample(frac=1, random_state=seed), permutations=30)
    close([shuffled.cutoff, shuffled.statistic, shuffled.naive_p], [found.cutoff, found.statistic, found.naive_p])


def test_score_says_who_is_worse() -> None:
    data = made(200, 2, effect=2.0)
    found = best_of(data, method="lausen94")
    assert found.score > 0
    assert best_of(data.assign(value=-data["value"]), method="lausen94").score < 0


# ---------------------------------------------------------------- strata


def test_one_stratum_is_no_stratum() -> None:
    data = made(60, 3)
    one, none = best_of(data, strata=np.zeros(60)), best_of(data)
    close(one.statistics, none.statistics)
    close(one.null_maxima, none.null_maxima)
    assert (one.cutoff, one.naive_p) == (none.cutoff, pytest.approx(none.naive_p))


def test_stratified_sums_are_those_of_a_plain_loop() -> None:
    data = made(90, 4)
    found = best_of(data, strata=data["by"], permutations=10)
    assert "stratified" in found.method
    parts = [(np.array(scores_of(part)), part["value"].to_numpy()) for _, part in data.groupby("by")]
    for cutoff, statistic in zip(found.cutoffs, found.statistics, strict=True):
        total, variance = 0.0, 0.0
        for a, value in parts:
            low, n = value <= cutoff, len(a)
            total += a[low].sum() - low.sum() * a.mean()
            variance += low.sum() * (n - low.sum()) / (n * (n - 1)) * np.sum((a - a.mean()) ** 2)
        close(statistic, abs(total) / np.sqrt(variance))
    close(found.naive_p, log_rank(data["time"], data["event"], data["value"] > found.cutoff, strata=data["by"]).p_value)


def test_a_marker_that_only_tells_the_stratum_is_worth_nothing_within_it() -> None:
    rng = np.random.default_rng(6)
    by = np.repeat([0, 1], 60)
    value, time = by * 100 + rng.random(120), rng.exponential(np.where(by == 1, 3, 30))
    assert maximally_selected_log_rank(value, time, np.ones(120)).p_value < 0.01
    assert maximally_selected_log_rank(value, time, np.ones(120), strata=by).p_value > 0.05


# ---------------------------------------------------------------- seeds, progress, edges


def test_a_seed_gives_the_same_p_again_and_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    data = made(50, 7)
    first = best_of(data, permutations=200, seed=3)
    assert np.array_equal(first.null_maxima, best_of(data, permutations=200, seed=3).null_maxima)
    assert not np.array_equal(first.null_maxima, best_of(data, permutations=200, seed=4).null_maxima)
    monkeypatch.setattr(module, "SCORES_PER_BATCH", 50 * 30)
    told: list[float] = []
    again = best_of(data, permutations=200, seed=3, progress=told.append)
    np.testing.assert_allclose(again.null_maxima, first.null_maxima)
    assert told == sorted(told)
    assert (len(told), told[-1]) == (7, 1.0)


def test_what_progress_raises_ends_the_work() -> None:
    def stop(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        best_of(made(50, 7), progress=stop)


@pytest.mark.parametrize(
    ("value", "event", "reason"),
    [
        ([], [], "no patients"),
        ([5.0] * 12, [1] * 12, "no cutoff leaves"),
        (np.arange(12.0), [0] * 12, "no events"),
        (np.r_[np.zeros(95), np.arange(1.0, 6.0)], [1] * 100, "no cutoff leaves"),
    ],
)
def test_nothing_to_search_says_why(value: Any, event: Any, reason: str) -> None:
    found = maximally_selected_log_rank(value, np.arange(1.0, len(event) + 1), event)
    assert np.isnan([found.cutoff, found.statistic, found.p_value, found.naive_p]).all()
    assert reason in found.notes[0]
    assert found.to_frame()["permutations"].tolist() == [0]


def test_everybody_at_the_same_time_tells_nothing() -> None:
    found = maximally_selected_log_rank(np.arange(12.0), np.ones(12), np.ones(12))
    assert "does not differ" in found.notes[0]


def test_two_values_have_one_cutoff_and_its_p_needs_no_correction() -> None:
    data = made(80, 8, effect=1.0).assign(value=lambda d: (d["value"] > 500).astype(float))
    found = best_of(data, permutations=2000)
    assert (found.n_cutoffs, found.cutoff) == (1, 0.0)
    alone = 2 * norm.sf(found.statistic)
    assert found.p_value == pytest.approx(alone, abs=0.03)
    assert best_of(data, method="lausen94").p_value == pytest.approx(alone)


def test_one_event_and_most_below_the_detection_limit() -> None:
    one = maximally_selected_log_rank(np.arange(20.0), np.arange(1.0, 21.0), np.arange(20) == 3)
    assert np.isfinite(one.statistic)
    assert 0 < one.p_value <= 1
    rng = np.random.default_rng(1)
    limit = np.r_[np.full(90, 3.0), np.arange(4.0, 14.0)]
    assert maximally_selected_log_rank(limit, rng.exponential(5, 100), np.ones(100)).cutoffs.tolist() == [3.0]


def test_very_many_cutoffs_are_not_all_scanned_for_the_chi_squared(monkeypatch: pytest.MonkeyPatch) -> None:
    data = made(120, 9, distinct=100_000)
    monkeypatch.setattr(module, "MOST_CELLS", 1)
    monkeypatch.setattr(module, "FEWEST_SCANNED", 20)
    found = best_of(data, method="lausen94")
    assert "that of 20 of the 97 cutoffs" in found.notes[0]
    assert found.largest_chi2 <= best_of(data, method="lausen94").largest_chi2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"method": "bonferroni"}, "method must be"),
        ({"permutations": 0}, "permutations must be"),
        ({"min_fraction": 0.9}, "min_fraction must lie below"),
        ({"strata": [0] * 20, "method": "lausen92"}, "strata need"),
        ({"strata": [0] * 3}, "one label per patient"),
    ],
)
def test_wrong_calls_say_what_is_expected(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        best_of(made(20), **options)
    with pytest.raises(ValueError, match="one finite number per patient"):
        maximally_selected_log_rank([1.0, np.nan], [1.0, 2.0], [1, 1])


def test_the_approximations_stay_probabilities() -> None:
    assert module.lausen92(0.9, 0.1, 0.9) == 1.0
    assert module.lausen92(1.2, 0.1, 0.9) <= 1.0
    assert module.lausen92(40.0, 0.0, 1.0) <= 1.0
    assert module.lausen94(9.0, 100, np.arange(10, 91)) >= 0.0


def test_the_frame_has_one_row() -> None:
    found = best_of(made(50))
    frame = found.to_frame()
    assert frame.loc[0, "cutoff"] == found.cutoff
    assert frame.loc[0, "permutations"] == 1000
    assert len(frame) == 1
