"""What must hold for any patients: naive re-implementations, invariants, and lifelines on random data with ties."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.statistics import multivariate_logrank_test

from cartograph.stats.compare import log_rank, log_rank_of
from cartograph.stats.cutoff import cutoff_scan
from cartograph.stats.event_table import EventTable
from cartograph.stats.hazard import hazard_ratio, hazard_ratio_of, interaction, interaction_of
from cartograph.stats.response import fisher_exact, proportion
from cartograph.stats.survival import kaplan_meier
from tests.stats.reference import close

METHODS = ("cox", "firth", "mantel-haenszel", "log-rank")


@st.composite
def patients(draw: st.DrawFn) -> pd.DataFrame:
    """Few distinct times (ties), any censoring from none to all, a marker with ties, a second factor."""
    n = draw(st.integers(2, 40))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    return pd.DataFrame(
        {
            "time": rng.integers(0, draw(st.sampled_from([3, 12, 400])), n) / 4,
            "event": rng.random(n) < draw(st.sampled_from([0.05, 0.4, 0.9, 1.0])),
            "value": rng.integers(0, draw(st.sampled_from([2, 8, 100])), n).astype(float),
            "by": rng.integers(0, 3, n),
        }
    )


@given(patients())
def test_the_curve_is_the_product_written_out(data: pd.DataFrame) -> None:
    curve = kaplan_meier(data["time"], data["event"])
    alive = 1.0
    for row in curve.to_frame().itertuples():
        at_risk = int((data["time"] >= row.time).sum())
        events = int(data["event"][data["time"] == row.time].sum())
        alive *= 1 - events / at_risk
        assert (row.at_risk, row.events) == (at_risk, events)
        close(row.survival, alive)
    assert (curve.n, curve.n_events, curve.max_time) == (len(data), data["event"].sum(), data["time"].max())
    asked = np.array([0.0, 0.3, 1.0, 2.0, 1000.0])
    at = curve.at(asked)
    assert at["at_risk"].tolist() == [(data["time"] >= t).sum() for t in asked]
    assert at["cum_events"].tolist() == [(data["event"] & (data["time"] <= t)).sum() for t in asked]


@given(patients())
def test_the_curve_is_that_of_lifelines(data: pd.DataFrame) -> None:
    theirs = KaplanMeierFitter().fit(data["time"], data["event"]).survival_function_["KM_estimate"]
    curve = kaplan_meier(data["time"], data["event"])
    close(curve.survival, theirs.loc[curve.time], rtol=1e-8, atol=1e-10)


@given(patients(), st.floats(0.01, 100), st.integers(0, 99))
def test_time_units_and_the_order_of_patients_do_not_matter(data: pd.DataFrame, factor: float, seed: int) -> None:
    high = data["value"] > data["value"].median()
    shuffled = data.sample(frac=1, random_state=seed)
    for method in METHODS:
        one = hazard_ratio(data["time"], data["event"], high, method=method)
        other = hazard_ratio(shuffled["time"] * factor, shuffled["event"], high.loc[shuffled.index], method=method)
        close([one.value, one.ci_low, one.ci_high, one.p_value], [other.value, other.ci_low, other.ci_high, other.p_value], rtol=1e-6)
    curves = kaplan_meier(data["time"], data["event"]), kaplan_meier(shuffled["time"] * factor, shuffled["event"])
    close(curves[0].survival, curves[1].survival)
    close(curves[0].quantile().value * factor, curves[1].quantile().value)


@given(patients())
def test_swapping_the_groups_inverts_the_ratio(data: pd.DataFrame) -> None:
    high = data["value"] > data["value"].median()
    for method in METHODS:
        for strata in (None, data["by"]):
            one = hazard_ratio(data["time"], data["event"], high, method=method, strata=strata)
            other = hazard_ratio(data["time"], data["event"], ~high, method=method, strata=strata)
            close([one.value, one.ci_low, one.ci_high], [1 / other.value, 1 / other.ci_high, 1 / other.ci_low], rtol=1e-6)
            close(one.p_value, other.p_value, rtol=1e-6)
            assert np.isfinite(one.value) or one.notes


@given(patients(), st.floats(-1, 101))
def test_a_selected_cutoff_is_the_direct_computation(data: pd.DataFrame, cutoff: float) -> None:
    high = data["value"] > cutoff
    table = EventTable.build(data["value"], data["time"], data["event"])
    counts = table.select(cutoff)
    assert counts.n.tolist() == [(~high).sum(), high.sum()]
    for group, inside in enumerate([~high, high]):
        pd.testing.assert_frame_equal(
            counts.curve(group).to_frame(),
            kaplan_meier(data["time"][inside], data["event"][inside]).to_frame(),
            check_exact=False,
            rtol=1e-10,
        )
    split = table.split(high.to_numpy().astype(np.int64), 2)
    np.testing.assert_array_equal(counts.events, split.events)
    np.testing.assert_array_equal(counts.leaving, split.leaving)
    for method in METHODS:
        one, other = hazard_ratio_of([counts], method=method), hazard_ratio(data["time"], data["event"], high, method=method)
        close([one.value, one.ci_low, one.ci_high, one.p_value], [other.value, other.ci_low, other.ci_high, other.p_value])
    if 0 < high.sum() < len(high):
        close(log_rank_of([counts]).statistic, log_rank(data["time"], data["event"], high).statistic)


@given(patients(), st.booleans())
def test_a_scan_is_one_test_after_another(data: pd.DataFrame, stratified: bool) -> None:
    strata = data["by"] if stratified else None
    scan = cutoff_scan(data["value"], data["time"], data["event"], strata=strata, cutoffs=np.unique(data["value"])).to_frame()
    for row in scan.itertuples():
        high = data["value"] > row.cutoff
        ratio = hazard_ratio(data["time"], data["event"], high, strata=strata, method="firth" if row.firth else "cox")
        close([row.hazard_ratio, row.ci_low, row.ci_high], [ratio.value, ratio.ci_low, ratio.ci_high], rtol=1e-6 if row.firth else 1e-7)
        assert np.isfinite(hazard_ratio(data["time"], data["event"], high, strata=strata).value) == (
            not row.firth and np.isfinite(ratio.value)
        )
        close(row.chi2, log_rank(data["time"], data["event"], high, strata=strata).statistic, rtol=1e-7, atol=1e-9)
        for median, inside in [(row.median_low, ~high), (row.median_high, high)]:
            close(median, kaplan_meier(data["time"][inside], data["event"][inside]).quantile().value)


@given(patients())
def test_log_rank_of_three_groups_is_that_of_lifelines(data: pd.DataFrame) -> None:
    found = log_rank(data["time"], data["event"], data["by"])
    if np.isfinite(found.statistic) and (found.expected > 0).all() and data["time"].min() > 0:
        close(found.statistic, multivariate_logrank_test(data["time"], data["by"], data["event"]).test_statistic, rtol=1e-6, atol=1e-8)
    close(found.observed.sum(), found.expected.sum())


@given(patients())
def test_cox_is_that_of_lifelines(data: pd.DataFrame) -> None:
    high = data["value"] > data["value"].median()
    found = hazard_ratio(data["time"], data["event"], high)
    if np.isfinite(found.value) and high.sum() > 3 and abs(np.log(found.value)) < 4:
        frame = pd.DataFrame({"time": data["time"], "event": data["event"], "high": high.astype(float)})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = CoxPHFitter().fit(frame, "time", "event", fit_options={"precision": 1e-12})
        close(np.log(found.value), fit.params_["high"], rtol=1e-5, atol=1e-6)


@given(patients())
def test_interaction_needs_events_everywhere_and_ignores_the_order_of_levels(data: pd.DataFrame) -> None:
    high = data["value"] > data["value"].median()
    found = interaction(data["time"], data["event"], high, data["by"])
    other = interaction(data["time"], data["event"], ~high, 2 - data["by"])
    close([found.statistic, found.p_value], [other.statistic, other.p_value], rtol=1e-5, atol=1e-7)
    cells = data["event"].groupby([high, data["by"]]).sum()
    if len(cells) < 2 * data["by"].nunique() or (cells == 0).any():
        assert np.isnan(found.statistic)
        assert found.notes


def test_interaction_reads_counts_as_it_reads_patients() -> None:
    rng = np.random.default_rng(7)
    time, event, by = rng.exponential(10, 120).round(1), rng.random(120) < 0.7, rng.integers(0, 3, 120)
    high = rng.random(120) < 0.5
    counts = EventTable.build(None, time, event).split(2 * by + high, 6)
    close(interaction_of(counts).statistic, interaction(time, event, high, by).statistic)


@given(st.integers(0, 60), st.integers(0, 60))
def test_limits_of_a_proportion_hold_it(x: int, extra: int) -> None:
    for method in ("clopper-pearson", "wilson"):
        found = proportion(x, x + extra, method=method)  # type: ignore[arg-type]
        if x + extra:
            assert 0 <= found.ci_low <= found.value + 1e-12
            assert found.value - 1e-12 <= found.ci_high <= 1
        else:
            assert np.isnan(found.value)
            assert found.notes


@given(st.lists(st.lists(st.integers(0, 6), min_size=3, max_size=3), min_size=2, max_size=3))
def test_fisher_does_not_depend_on_which_way_the_table_lies(rows: list[list[int]]) -> None:
    table = np.array(rows)
    one, other = fisher_exact(table), fisher_exact(table.T[::-1])
    close(one.p_value, other.p_value)
    assert not one.p_value > 1


def test_a_large_table_is_simulated_and_says_so() -> None:
    found = fisher_exact(np.full((4, 4), 40))
    assert "simulated" in found.method
    assert found.p_value == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(
    ("time", "event", "words"),
    [
        ([1.0, np.nan], [1, 0], "missing"),
        ([1.0, -1.0], [1, 0], "negative"),
        ([1.0, 2.0], [1, 2], "True"),
        ([1.0, 2.0], [1], "equally long"),
    ],
)
def test_a_wrong_call_says_what_was_given(time: list[float], event: list[float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        kaplan_meier(time, event)


def test_a_group_that_is_not_known_is_a_wrong_call() -> None:
    with pytest.raises(ValueError, match="exposed"):
        hazard_ratio([1.0, 2.0], [1, 1], [1.0, np.nan])
    with pytest.raises(ValueError, match="group"):
        log_rank([1.0, 2.0], [1, 1], ["a", None])
    with pytest.raises(ValueError, match="measured"):
        EventTable.build([1.0, np.nan], [1.0, 2.0], [1, 1])


def test_nobody_and_no_events_are_answers() -> None:
    empty = kaplan_meier([], [])
    assert (empty.n, empty.n_events) == (0, 0)
    assert np.isnan(empty.quantile().value)
    nothing = log_rank([1.0, 2.0], [0, 0], ["a", "b"])
    assert np.isnan(nothing.p_value)
    assert nothing.notes
    assert len(cutoff_scan([1.0, 2.0], [1.0, 2.0], [0, 0]).to_frame()) == 1
