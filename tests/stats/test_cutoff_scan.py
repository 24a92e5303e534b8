"""Every cutoff at once: against the same statistics one cutoff at a time, written out, and what must not change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from cartograph.stats import cutoff as module
from cartograph.stats.counts import group_counts, risk_sets
from cartograph.stats.cutoff import ARRAYS, CutoffScan, cutoff_scan, search_window
from cartograph.stats.event_table import distinct_times
from cartograph.stats.hazard import hazard_ratio
from cartograph.stats.splits import Splits, moments, splits_of, tied_terms
from cartograph.stats.survival import kaplan_meier
from cartograph.stats.times import at_risk_of, survival_input
from tests.stats.reference import FOLDER, close, cohort, values


def patients(n: int, seed: int, *, digits: int = 1, share: float = 0.6, distinct: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    value = rng.integers(0, distinct, n).astype(float)
    time = np.round(rng.exponential(12 / np.where(value > distinct / 2, 1.7, 1.0)), digits)
    return pd.DataFrame({"value": value, "time": time, "event": rng.random(n) < share, "by": rng.choice(["a", "b", "c"], n)})


def scan_of(data: pd.DataFrame, **options: Any) -> CutoffScan:
    return cutoff_scan(data["value"], data["time"], data["event"], **options)


def same(one: CutoffScan, other: CutoffScan, rtol: float = 1e-9) -> None:
    for name in ARRAYS:
        close(getattr(one, name), getattr(other, name), rtol=rtol)


# ---------------------------------------------------------------- each number, one cutoff at a time


def profile(data: pd.DataFrame, high: pd.Series, ties: str) -> list[float]:
    """Profile-likelihood limits as Brent's root of the likelihood written out over single events."""
    counts = group_counts(data["time"].to_numpy(), data["event"].to_numpy(dtype=float), high.to_numpy().astype(np.int64), 2)
    sets = risk_sets(counts, ties=ties)
    low, up = sets.at_risk

    def likelihood(b: float) -> float:
        return float(b * sets.of_event[1] - np.log(low + up * np.exp(b)).sum())

    best = np.log(hazard_ratio(data["time"], data["event"], high, ties=ties).value)  # type: ignore[arg-type]
    drop = likelihood(best) - 1.9599639845400545**2 / 2
    return [float(np.exp(brentq(lambda b: likelihood(b) - drop, best, best + side * 30, xtol=1e-13))) for side in (-1, 1)]


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_profile_limits_are_where_the_likelihood_has_fallen_by_half_the_chi_squared(ties: Any) -> None:
    data = patients(90, 3, digits=0)
    scan = scan_of(data, ties=ties, limits="profile")
    assert "profile-likelihood limits" in scan.method
    for row in scan.to_frame().iloc[::6].itertuples():
        close([row.ci_low, row.ci_high], profile(data, data["value"] > row.cutoff, ties), rtol=1e-7)
    same(scan_of(data, ties=ties).rows(np.array([0])), scan_of(data, ties=ties, cutoffs=scan.cutoff[:1], tau=scan.tau))


@settings(max_examples=40)
@given(st.integers(4, 60), st.integers(0, 10_000), st.sampled_from([0, 1, 3]), st.sampled_from([0.05, 0.5, 1.0]))
def test_restricted_means_are_areas_under_the_curves(n: int, seed: int, digits: int, share: float) -> None:
    data = patients(n, seed, digits=digits, share=share, distinct=7)
    scan = scan_of(data, cutoffs=np.unique(data["value"]), tau=9.5)
    for row in scan.to_frame().itertuples():
        for found, inside in [(row.rmst_low, data["value"] <= row.cutoff), (row.rmst_high, data["value"] > row.cutoff)]:
            group = data[inside]
            expected = kaplan_meier(group["time"], group["event"]).restricted_mean(9.5).value if len(group) else np.nan
            close(found, expected)


def test_means_end_where_every_group_of_every_cutoff_was_still_followed() -> None:
    data = patients(80, 5)
    scan = scan_of(data)
    longest = [data["time"][side].max() for c in scan.cutoff for side in (data["value"] <= c, data["value"] > c)]
    assert scan.tau == pytest.approx(min(longest))
    assert any(f"up to {scan.tau:.4g} months, the shortest" in note for note in scan.notes)
    assert "the shortest" not in " ".join(scan_of(data, tau=6.0).notes)


@settings(max_examples=30)
@given(st.integers(6, 60), st.integers(0, 10_000), st.sampled_from([0, 1, 3]), st.sampled_from([0.1, 0.6]))
def test_a_stratum_alone_is_the_scan_of_its_patients(n: int, seed: int, digits: int, share: float) -> None:
    data = patients(n, seed, digits=digits, share=share, distinct=6)
    asked = np.unique(data["value"])
    scan = scan_of(data, strata=data["by"], cutoffs=asked, tau=5.0)
    assert "stratified" in scan.method
    assert [label for label, _ in scan.by_stratum] == sorted(set(data["by"]))
    for label, alone in scan.by_stratum:
        same(alone, scan_of(data[data["by"] == label], cutoffs=asked, tau=5.0), rtol=1e-7)
    pooled = scan_of(data, cutoffs=asked, tau=5.0)
    for name in ("n_low", "events_high", "median_low", "median_high", "rmst_low", "rmst_high"):
        close(getattr(scan, name), getattr(pooled, name))


def test_one_stratum_is_no_stratum() -> None:
    data = patients(70, 2)
    same(scan_of(data, strata=np.ones(70)), scan_of(data))


# ---------------------------------------------------------------- ties: quadrature instead of thousands of terms


@settings(max_examples=60)
@given(st.integers(1, 3000), st.floats(0.0005, 1.0), st.floats(-2.5, 2.5), st.integers(0, 1000))
def test_few_nodes_give_the_sum_over_all_tied_events(tied: int, share: float, beta: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    at_risk = max(tied, round(tied / share))
    high_risk = int(rng.integers(1, at_risk)) if at_risk > 1 else 1
    high_events = int(rng.hypergeometric(tied, at_risk - tied, high_risk))
    d, r = np.array([float(tied)]), np.array([float(at_risk)])
    sets = splits_of(tied_terms(d, r, "efron"), r, d, np.array([[float(high_risk)]]), np.array([[float(high_events)]]))
    out = np.arange(tied) / tied
    whole = Splits(r - out * d, (high_risk - out * high_events)[None, :], np.ones(tied))
    close(moments([sets], np.array([beta])), moments([whole], np.array([beta])), rtol=1e-10)
    assert len(sets.weight) <= tied
    close(sets.weight.sum(), tied)


def test_a_thousand_ties_need_three_nodes_where_many_are_at_risk() -> None:
    terms = tied_terms(np.array([1000.0, 1.0, 2.0]), np.array([10_000_000.0, 5.0, 4.0]), "efron")
    assert np.bincount(terms.column).tolist() == [3, 1, 2]
    np.testing.assert_array_equal(terms.column[:3], [0, 1, 2])


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_months_rounded_to_whole_numbers_are_fitted_as_one_by_one(ties: Any) -> None:
    data = patients(3000, 8, digits=0)
    for row in scan_of(data, ties=ties, cutoffs=[5, 30, 55]).to_frame().itertuples():
        found = hazard_ratio(data["time"], data["event"], data["value"] > row.cutoff, ties=ties)
        close([row.hazard_ratio, row.ci_low, row.ci_high], [found.value, found.ci_low, found.ci_high], rtol=1e-9)


# ---------------------------------------------------------------- groups without events


def test_firth_stands_where_a_group_has_no_events_and_is_marked() -> None:
    theirs = pd.read_csv(FOLDER / "cutscan_myeloma_DEPDC1.csv")
    data = cohort(values("survival_myeloma"), "DEPDC1")
    scan = cutoff_scan(data["DEPDC1"], data["time"], data["event"], cutoffs=theirs["cutoff"])
    empty = (scan.events_low == 0) | (scan.events_high == 0)
    assert empty.any()
    assert np.array_equal(scan.firth, empty & (scan.n_high > 0))
    assert "Firth" in scan.method
    assert any("Firth's estimate at" in note for note in scan.notes)
    for row in scan.to_frame()[scan.firth].iloc[::5].itertuples():
        found = hazard_ratio(data["time"], data["event"], data["DEPDC1"] > row.cutoff, method="firth")
        close([row.hazard_ratio, row.ci_low, row.ci_high], [found.value, found.ci_low, found.ci_high], rtol=1e-6)


@pytest.mark.parametrize("name", values("firth")["cases"])
@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_firth_of_a_scan_is_the_penalised_likelihood_of_r(name: str, ties: Any) -> None:
    case = values("firth")["cases"][name]
    if not case["monotone"]:
        return
    data, theirs = case["data"], case["firth"][ties]
    scan = cutoff_scan(data["x"], data["time"], data["event"], cutoffs=[0.5], ties=ties)
    assert scan.firth.all()
    close([scan.hazard_ratio[0], scan.ci_low[0], scan.ci_high[0]], [theirs[k] for k in ("hr", "pl_lower_hr", "pl_upper_hr")], rtol=1e-6)


def test_no_events_in_one_group_at_any_cutoff() -> None:
    value, time = np.arange(40.0), np.random.default_rng(1).permutation(np.linspace(1, 20, 40))
    scan = cutoff_scan(value, time, value >= 38)  # the two highest alone have events
    assert scan.firth.all()
    assert np.isfinite(scan.hazard_ratio).all()
    assert scan.hazard_ratio[-1] > 1
    assert (scan.ci_low <= scan.hazard_ratio).all()


# ---------------------------------------------------------------- edges


def test_one_event_no_events_one_value_nobody() -> None:
    one = cutoff_scan([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0], [0, 1, 0, 0], cutoffs=[1, 2, 3])
    assert np.isfinite(one.hazard_ratio).all() == one.firth.all()
    none = cutoff_scan([1.0, 2.0], [1.0, 2.0], [0, 0], cutoffs=[1.0], strata=["a", "b"])
    assert np.isnan([none.chi2[0], none.hazard_ratio[0], none.median_low[0]]).all()
    assert not none.firth.any()
    assert (none.rmst_low[0], none.rmst_high[0]) == (none.tau, none.tau) == (1.0, 1.0)
    for value in ([5.0, 5.0, 5.0], []):
        empty = cutoff_scan(value, value, [1] * len(value))
        assert empty.to_frame().empty
        assert np.isnan(empty.tau)


def test_two_values_have_one_cutoff_and_most_below_the_detection_limit_few() -> None:
    rng = np.random.default_rng(0)
    assert search_window(np.repeat([0.0, 1.0], [30, 20])).tolist() == [0.0]
    limit = np.r_[np.full(90, 3.0), np.arange(4.0, 14.0)]
    assert search_window(limit).tolist() == [3.0]
    scan = cutoff_scan(limit, rng.exponential(5, 100), np.ones(100))
    assert scan.n_low.tolist() == [90]


def test_cutoffs_outside_the_values_leave_a_group_empty() -> None:
    data = patients(30, 1)
    scan = scan_of(data, cutoffs=[-1.0, 30.0, 1e6])
    assert scan.n_low.tolist()[::2] == [0, 30]
    assert np.isnan(scan.chi2[[0, 2]]).all()
    assert np.isnan(scan.hazard_ratio[[0, 2]]).all()
    assert np.isfinite(scan.hazard_ratio[1])
    assert np.isnan([scan.rmst_low[0], scan.rmst_high[2]]).all()


@pytest.mark.parametrize("cells", [1, 500, 10**7])
def test_the_size_of_a_block_changes_nothing(cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = patients(120, 4)
    expected = scan_of(data, strata=data["by"], limits="profile")
    monkeypatch.setattr(module, "CELLS_PER_BLOCK", cells)
    found = scan_of(data, strata=data["by"], limits="profile")
    same(found, expected)
    for (_, one), (_, other) in zip(found.by_stratum, expected.by_stratum, strict=True):
        same(one, other)


def test_the_order_of_patients_and_the_unit_of_the_marker_do_not_matter() -> None:
    data = patients(100, 6)
    expected = scan_of(data, strata=data["by"])
    mixed = data.sample(frac=1, random_state=1)
    same(scan_of(mixed, strata=mixed["by"]), expected)
    scaled = scan_of(data.assign(value=data["value"] * 1000), strata=data["by"])
    close(scaled.hazard_ratio, expected.hazard_ratio)


@settings(max_examples=50)
@given(st.lists(st.sampled_from([0.0, 0.1, 0.1 + 1e-10, 0.3, 0.1 + 0.2, 7.0, 1e5]), max_size=30), st.integers(0, 99))
def test_distinct_times_are_those_of_the_checked_input(times: list[float], seed: int) -> None:
    event = np.random.default_rng(seed).random(len(times)) < 0.5
    distinct, place, events = distinct_times(times, event)
    data = survival_input(times, event)
    np.testing.assert_array_equal(distinct[place], data.time)
    np.testing.assert_array_equal(distinct, np.unique(data.time))
    np.testing.assert_array_equal(events, data.event)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"value": [1.0, np.nan]}, "measured"),
        ({"value": [1.0]}, "measured"),
        ({"time": [1.0, -1.0]}, "negative"),
        ({"time": [1.0, np.nan]}, "missing"),
        ({"event": [1, 2]}, "True"),
        ({"cutoffs": [np.nan]}, "missing"),
        ({"limits": "score"}, "wald"),
        ({"ties": "exact"}, "efron"),
        ({"tau": 0.0}, "positive"),
        ({"strata": ["a", None]}, "strata"),
    ],
)
def test_a_wrong_call_says_what_was_given(change: dict[str, Any], words: str) -> None:
    call: dict[str, Any] = {"value": [1.0, 2.0], "time": [1.0, 2.0], "event": [1, 1], "cutoffs": [1.0], **change}
    with pytest.raises(ValueError, match=words):
        cutoff_scan(**call)


def test_counts_of_a_scan_add_up() -> None:
    data = patients(150, 9)
    scan = scan_of(data)
    assert (scan.n_low + scan.n_high == 150).all()
    assert (scan.events_low + scan.events_high == data["event"].sum()).all()
    np.testing.assert_array_equal(scan.n_low, [(data["value"] <= c).sum() for c in scan.cutoff])
    assert list(scan.to_frame().columns[:12]) == [
        *("cutoff", "n_low", "n_high", "events_low", "events_high", "chi2", "p_value"),
        *("hazard_ratio", "ci_low", "ci_high", "median_low", "median_high"),
    ]
    assert at_risk_of(np.array([1.0, 2.0])).tolist() == [3.0, 2.0]
