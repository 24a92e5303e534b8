"""Pairs of cutoffs: each cell is the ordinary comparison of that split; the best of all pairs has a p value that chance cannot fool."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cartograph.stats.compare import log_rank
from cartograph.stats.hazard import hazard_ratio
from cartograph.stats.plane import Contrast, CutoffPlane, cutoff_plane, log_rank_scores, plane_cutoffs, plane_permutation_p
from cartograph.stats.times import survival_input
from tests.stats.reference import FOLDER, close, cohort, values

CONTRASTS: tuple[Contrast, ...] = get_args(Contrast)


@st.composite
def patients(draw: st.DrawFn) -> pd.DataFrame:
    """Two markers and times with many ties, any censoring."""
    n = draw(st.integers(2, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    levels, times = draw(st.integers(1, 6)), draw(st.sampled_from([3, 12, 1000]))
    event = rng.random(n) < draw(st.sampled_from([0.0, 0.1, 0.6, 1.0]))
    columns = {"a": rng.integers(0, levels, n), "b": rng.integers(0, 4, n), "time": rng.integers(0, times, n)}
    return pd.DataFrame({k: v.astype(float) for k, v in columns.items()} | {"event": event})


def plane_of(data: pd.DataFrame, contrast: Contrast, **options: Any) -> CutoffPlane:
    return cutoff_plane(data["a"], data["b"], data["time"], data["event"], contrast=contrast, **options)


def split(data: pd.DataFrame, row: Any, contrast: Contrast) -> tuple[pd.DataFrame, np.ndarray]:
    """The patients that a pair of cutoffs compares, and who of them is not low."""
    high = (data["a"] > row.cutoff_a).astype(int) + (data["b"] > row.cutoff_b).astype(int)
    used = high != 1 if contrast == "extremes" else np.ones(len(data), dtype=bool)
    return data[used], (high[used] > 0).to_numpy()


def made(n: int = 300, seed: int = 2, *, effect: float = 1.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    a, b = np.round(np.exp(rng.normal(5, 1, n))), np.round(rng.normal(0, 1, n), 2)
    time = rng.exponential(np.where((a > 150) & (b > 0), 10 / (1 + effect), 10))
    censored = rng.uniform(1, 30, n)
    return pd.DataFrame({"a": a, "b": b, "time": np.round(np.minimum(time, censored), 1), "event": time <= censored})


@pytest.mark.parametrize("contrast", CONTRASTS)
@given(data=patients())
@settings(max_examples=40, deadline=None)
def test_each_pair_is_the_comparison_of_that_split(contrast: Contrast, data: pd.DataFrame) -> None:
    plane = plane_of(data, contrast, cutoffs_a=[-1, 0, 1, 3, 9], cutoffs_b=[0, 1.5, 2], min_group=2)
    assert plane.hazard_ratio.shape == (5, 3)
    for row in plane.to_frame().itertuples():
        kept, other = split(data, row, contrast)
        high = (data["a"] > row.cutoff_a) & (data["b"] > row.cutoff_b)
        low = (data["a"] <= row.cutoff_a) & (data["b"] <= row.cutoff_b)
        assert (row.n_low, row.n_high, row.n_mixed) == (low.sum(), high.sum(), len(data) - low.sum() - high.sum())
        assert (row.events_low, row.events_high) == (data["event"][low].sum(), data["event"][high].sum())
        assert row.events_low + row.events_mixed + row.events_high == data["event"].sum()
        assert row.smallest == min(other.sum(), (~other).sum())
        if row.status:
            assert np.isnan([row.hazard_ratio, row.ci_low, row.ci_high, row.chi2]).all()
        if row.status == 1:
            assert row.smallest < 2
            continue
        expected = hazard_ratio(kept["time"], kept["event"], other)
        assert np.isnan(expected.value) == (row.status != 0)
        if row.status == 0:
            close([row.hazard_ratio, row.ci_low, row.ci_high], [expected.value, expected.ci_low, expected.ci_high])
            close(row.chi2, log_rank(kept["time"], kept["event"], other).statistic)


@pytest.mark.parametrize("contrast", CONTRASTS)
def test_a_plane_in_blocks_is_the_same_plane(contrast: Contrast, monkeypatch: pytest.MonkeyPatch) -> None:
    data = made()
    whole = plane_of(data, contrast)
    monkeypatch.setattr("cartograph.stats.plane.CELLS_PER_BLOCK", 7 * 41 * 100)
    pd.testing.assert_frame_equal(plane_of(data, contrast).to_frame(), whole.to_frame())


def test_exchanging_the_markers_turns_the_plane() -> None:
    data = made()
    plane = plane_of(data, "extremes")
    turned = plane_of(data.rename(columns={"a": "b", "b": "a"}), "extremes")
    close(turned.hazard_ratio, plane.hazard_ratio.T)
    close(turned.chi2, plane.chi2.T)


@pytest.mark.parametrize("scan", ["myeloma_DEPDC1", "mgus2_hgb", "lung_age"])
def test_with_a_second_marker_that_nobody_has_high_it_is_the_scan_of_the_first(scan: str) -> None:
    name, marker = scan.split("_")
    theirs = pd.read_csv(FOLDER / f"cutscan_{scan}.csv").query("in_minprop_window == 1 and monotone_zero_event_group == 0")
    data = cohort(values(f"survival_{name}"), marker)
    nothing = np.zeros(len(data))
    plane = cutoff_plane(
        data[marker], nothing, data["time"], data["event"], cutoffs_a=theirs["cutoff"], cutoffs_b=[0], contrast="rest", min_group=1
    )
    close(plane.chi2[:, 0], theirs["logrank_chisq"])
    close(np.log(plane.hazard_ratio[:, 0]), theirs["cox_coef"], rtol=1e-6, atol=2e-6)


@pytest.mark.parametrize("name", values("best_cutoff")["best"])
def test_the_statistic_of_one_marker_is_surv_cutpoints(name: str) -> None:
    theirs = values("best_cutoff")["best"][name]
    dataset, marker = name.split("_")
    data = cohort(values(f"survival_{dataset}"), marker)
    nothing = np.zeros(len(data))
    cutoffs = plane_cutoffs(data[marker], most=len(data))
    plane = cutoff_plane(data[marker], nothing, data["time"], data["event"], cutoffs_a=cutoffs, cutoffs_b=[0], contrast="rest")
    found = plane_permutation_p(data[marker], nothing, data["time"], data["event"], plane, permutations=1)
    close([found.cutoff_a, found.statistic], [theirs["cutoff"], theirs["statistic"]])


@pytest.mark.parametrize("contrast", CONTRASTS)
def test_the_statistic_is_the_one_of_a_plain_loop(contrast: Contrast) -> None:
    data = made(120)
    plane = plane_of(data, contrast)
    scores = log_rank_scores(survival_input(data["time"], data["event"]))
    best = 0.0
    for row in plane.to_frame().query("smallest >= 10").itertuples():
        high = (data["a"] > row.cutoff_a).to_numpy().astype(int) + (data["b"] > row.cutoff_b).to_numpy()
        other = high == 2 if contrast == "extremes" else high > 0
        weight = other / other.sum() - (high == 0) / (high == 0).sum()
        spread = np.sqrt(scores.var(ddof=1) * (weight**2).sum())
        best = max(best, abs(float(weight @ scores)) / spread)
    found = plane_permutation_p(data["a"], data["b"], data["time"], data["event"], plane, permutations=1)
    close(found.statistic, best)


@pytest.mark.parametrize("contrast", CONTRASTS)
def test_a_corrected_p_finds_an_effect_and_not_chance(contrast: Contrast) -> None:
    real, chance = made(effect=6.0), made(effect=0.0, seed=11)
    for data, low, high in ((real, 0, 0.01), (chance, 0.05, 1)):
        found = plane_permutation_p(data["a"], data["b"], data["time"], data["event"], plane_of(data, contrast), permutations=200)
        assert low < found.p_value <= high


def test_under_chance_the_corrected_p_is_below_5_per_cent_no_more_often_than_that() -> None:
    small = []
    for seed in range(150):
        data = made(60, seed, effect=0.0)
        plane = plane_of(data, "rest", cutoffs_a=plane_cutoffs(data["a"], most=8), cutoffs_b=plane_cutoffs(data["b"], most=8))
        found = plane_permutation_p(data["a"], data["b"], data["time"], data["event"], plane, permutations=99, seed=seed)
        small.append(found.p_value <= 0.05)
    assert np.mean(small) < 0.10  # 5 % expected, with a standard error of 1.8 %


def test_the_same_seed_gives_the_same_p_in_batches_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    data = made(effect=0.3)
    plane, told = plane_of(data, "rest"), []
    once = plane_permutation_p(data["a"], data["b"], data["time"], data["event"], plane, permutations=100, seed=4, progress=told.append)
    assert told[-1] == 1
    monkeypatch.setattr("cartograph.stats.plane.SCORES_PER_BATCH", 20_000)
    told.clear()
    again = plane_permutation_p(data["a"], data["b"], data["time"], data["event"], plane, permutations=100, seed=4, progress=told.append)
    assert again.to_frame().equals(once.to_frame())
    assert len(told) > 3
    assert told == sorted(told)


def test_what_progress_raises_ends_the_work() -> None:
    data = made()

    def stop(share: float) -> None:
        raise InterruptedError(share)

    with pytest.raises(InterruptedError):
        plane_permutation_p(data["a"], data["b"], data["time"], data["event"], plane_of(data, "rest"), progress=stop)


def test_too_few_patients_no_events_and_one_value_are_said() -> None:
    data = made(15)
    few = plane_of(data, "extremes")
    assert np.isnan(few.hazard_ratio).all()
    assert few.notes == (f"{few.status.size} of {few.status.size} pairs of cutoffs not given: a group has fewer than 10 patients",)
    found = plane_permutation_p(data["a"], data["b"], data["time"], data["event"], few)
    assert np.isnan(found.p_value)
    assert found.notes == ("no pair of cutoffs leaves 10 patients in both groups",)
    quiet = made().assign(event=False)
    plane = plane_of(quiet, "rest")
    assert set(np.unique(plane.status)) <= {1, 2}
    assert plane_permutation_p(quiet["a"], quiet["b"], quiet["time"], quiet["event"], plane).notes == ("no events",)
    empty = plane_of(made().assign(b=1.0), "rest")
    assert empty.hazard_ratio.shape == (len(empty.cutoffs_a), 0)
    assert empty.notes == ("no cutoff leaves a tenth of the patients on either side",)
    assert empty.to_frame().empty


def test_cutoffs_are_real_values_evenly_by_rank() -> None:
    value = np.random.default_rng(0).lognormal(size=565)
    cutoffs = plane_cutoffs(value)
    assert len(cutoffs) == 40
    assert np.isin(cutoffs, value).all()
    n_low = np.searchsorted(np.sort(value), cutoffs, side="right")
    assert (n_low[0], n_low[-1]) == (56, 508)
    assert np.ptp(np.diff(n_low)) <= 1
    assert plane_cutoffs([1, 1, 2, 2, 3, 3]).tolist() == [1, 2]
    assert plane_cutoffs([5, 5, 5]).tolist() == []


def test_a_wrong_call_says_what_is_expected() -> None:
    data = made()
    with pytest.raises(ValueError, match="one finite number for each of the 300 patients"):
        cutoff_plane(data["a"], data["b"].where(data["b"] > 0), data["time"], data["event"])
    with pytest.raises(ValueError, match="'extremes' or 'rest'"):
        plane_of(data, "both")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="same patients"):
        plane_permutation_p(data["b"], data["a"], data["time"], data["event"], plane_of(data, "rest"))
    with pytest.raises(ValueError, match="at least 1"):
        plane_permutation_p(data["a"], data["b"], data["time"], data["event"], plane_of(data, "rest"), permutations=0)
