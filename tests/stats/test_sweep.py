"""Every stop of a sweep equals what the statistics of one cutoff give, for one and for two markers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cartograph.stats import sweep as sweeping
from cartograph.stats.compare import log_rank_of
from cartograph.stats.event_table import EventTable
from cartograph.stats.hazard import hazard_ratio_of
from cartograph.stats.sweep import Arrangement, sweep


@st.composite
def patients(draw: st.DrawFn) -> dict[str, Any]:
    """A few patients with many ties; some without an event."""
    n = draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    steps = draw(st.sampled_from([3, 8, 60]))
    return {
        "time": rng.integers(0, steps, n).astype(float),
        "event": (rng.random(n) < draw(st.sampled_from([0.0, 0.2, 0.7, 1.0]))).astype(float),
        "value": rng.integers(0, draw(st.sampled_from([1, 4, 30])), n).astype(float),
        "other": rng.random(n) < 0.5,
    }


def codes_of(data: dict[str, Any], stop: float, arrangement: Arrangement) -> np.ndarray[Any, Any]:
    high = (data["value"] > stop).astype(np.int64)
    if arrangement == "low-high":
        return high
    both = high + data["other"]
    return both if arrangement == "three" else np.minimum(both, 1)


@settings(max_examples=60, deadline=None)
@given(data=patients(), arrangement=st.sampled_from(["low-high", "three", "both-low"]), cells=st.sampled_from([10, 600_000]))
def test_every_stop_equals_one_cutoff(data: dict[str, Any], arrangement: Arrangement, cells: int) -> None:
    table = EventTable.build(data["value"], data["time"], data["event"])
    stops = np.unique(np.r_[data["value"], -1.0, 2.5])
    groups = 3 if arrangement == "three" else 2
    seen = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweeping, "CELLS", cells)
        blocks = list(
            sweep(table, data["value"], stops, other_high=None if arrangement == "low-high" else data["other"], arrangement=arrangement)
        )
    for block in blocks:
        for row, stop in enumerate(stops[block.where]):
            wanted = table.split(codes_of(data, stop, arrangement), groups)
            np.testing.assert_array_equal(block.leaving[row], wanted.leaving)
            np.testing.assert_array_equal(block.events[row], wanted.events)
            np.testing.assert_array_equal(block.n[row], wanted.n)
            seen += 1
        same_curves(block)
        same_tests(block)
        same_ratios(block.pair(0, groups - 1))
    assert seen == len(stops)


def same_curves(block: sweeping.GroupSweep) -> None:
    made = sweeping.curves(block)
    medians = np.stack(made.median(), axis=-1)
    for row in range(len(block.leaving)):
        for group in range(block.leaving.shape[1]):
            curve = block.at(row).curve(group)
            if not curve.n:
                assert np.isnan(medians[row, group]).all()
                continue
            found = curve.quantile(0.5)
            np.testing.assert_allclose(medians[row, group], [found.value, found.ci_low, found.ci_high], rtol=1e-12)
            at = np.searchsorted(made.time, curve.time)
            for name in ("survival", "ci_low", "ci_high"):
                np.testing.assert_allclose(getattr(made, name)[row, group, at], getattr(curve, name), rtol=1e-10, atol=1e-14)


def same_tests(block: sweeping.GroupSweep) -> None:
    p = sweeping.log_rank_p(sweeping.log_rank_moments(block))
    for row in range(len(block.leaving)):
        test = log_rank_of([block.at(row)])
        if (test.expected > 0).all():
            np.testing.assert_allclose(p[row], test.p_value, rtol=1e-9)
        else:
            assert np.isnan(p[row])


def same_ratios(pair: sweeping.GroupSweep) -> None:
    cox, prism = sweeping.cox_ratios(pair), sweeping.mantel_haenszel_ratios(pair)
    for row in range(len(pair.leaving)):
        for found, method in ((cox, "cox"), (prism, "mantel-haenszel")):
            one = hazard_ratio_of([pair.at(row)], method=method)  # type: ignore[arg-type]
            wanted = [one.value, one.ci_low, one.ci_high, one.p_value]
            np.testing.assert_allclose([found.value[row], found.ci_low[row], found.ci_high[row], found.p_value[row]], wanted, rtol=1e-8)


def test_columns_keep_every_step_or_say_how_late_one_is_drawn() -> None:
    time = np.arange(1.0, 1001.0) / 10
    steps = np.arange(1000) % 2 == 0
    months, column = sweeping.thinned_times(time, steps, 60.0, 400)
    assert months.tolist() == time[steps & (time <= 60)].tolist()
    assert (time[column] == months).all()
    months, column = sweeping.thinned_times(time, steps, 60.0, 120)
    assert len(months) == 120
    assert months[-1] == 60.0
    assert (months - time[column] < 60 / 120).all()
    values = sweeping.at_columns(np.arange(3.0), np.array([-1, 0, 2]), 9.0)
    assert values.tolist() == [9.0, 0.0, 2.0]
    assert sweeping.at_columns(np.empty((2, 0)), np.array([-1]), 1.0).tolist() == [[1.0], [1.0]]


def test_one_marker_cannot_make_three_groups() -> None:
    table = EventTable.build([1.0, 2.0], [1.0, 2.0], [1, 0])
    with pytest.raises(ValueError, match="does not fit one marker"):
        next(sweep(table, np.array([1.0, 2.0]), np.array([1.0]), arrangement="three"))
