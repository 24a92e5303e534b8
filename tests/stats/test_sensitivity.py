"""Small changes of the question: each variant is the hazard ratio of the patients that are left."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cartograph.stats import sensitivity as module
from cartograph.stats.hazard import hazard_ratio
from cartograph.stats.sensitivity import sensitivity
from tests.stats.reference import close, cohort, values


def patients(n: int, seed: int, *, digits: int = 1, share: float = 0.6) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    value = np.round(rng.lognormal(5.5, 1, n), 0)
    time = np.round(rng.exponential(12 / np.where(value > 250, 1.6, 1.0)), digits)
    return pd.DataFrame({"value": value, "time": time, "event": rng.random(n) < share, "center": rng.choice(["x", "y", "z"], n)})


def direct(data: pd.DataFrame, cutoff: float, *, firth: bool = False, ties: Any = "efron") -> list[float]:
    found = hazard_ratio(data["time"], data["event"], data["value"] > cutoff, method="firth" if firth else "cox", ties=ties)
    return [found.value, found.ci_low, found.ci_high]


@settings(max_examples=40)
@given(
    st.integers(3, 40),
    st.integers(0, 10_000),
    st.sampled_from([0, 1]),
    st.sampled_from([0.1, 0.6, 1.0]),
    st.sampled_from(["efron", "breslow"]),
)
def test_every_patient_left_out_is_the_fit_of_the_others(n: int, seed: int, digits: int, share: float, ties: Any) -> None:
    data = patients(n, seed, digits=digits, share=share)
    found = sensitivity(data["value"], data["time"], data["event"], 250.0, ties=ties)
    for i, ratio in enumerate(found.jackknife):
        others = data.drop(index=i)
        cox, penalised = (direct(others, 250.0, firth=firth, ties=ties)[0] for firth in (False, True))
        # nothing changes without a patient who left before the first event: not listed
        if np.isfinite(ratio) or (data["time"][i] >= data["time"][data["event"]].min() if data["event"].any() else False):
            close(ratio, cox if np.isfinite(cox) else penalised, rtol=1e-6)


@pytest.mark.parametrize(("name", "marker", "cutoff"), [("myeloma", "DEPDC1", 279.8), ("veteran", "karno", 60.0), ("mgus2", "hgb", 12.0)])
def test_variants_are_the_ratios_of_their_patients(name: str, marker: str, cutoff: float) -> None:
    data = cohort(values(f"survival_{name}"), marker).rename(columns={marker: "value"}).reset_index(drop=True).head(400)
    center = np.where(np.arange(len(data)) % 3 == 0, "one", "two")
    found = sensitivity(data["value"], data["time"], data["event"], cutoff, leave_out=center)
    assert [v.change for v in found.variants] == [
        "none",
        "moved",
        "moved",
        "neighbour",
        "neighbour",
        "patient",
        "patient",
        "level",
        "level",
    ]
    for v in found.variants:
        left = data.drop(index=v.patient) if v.patient >= 0 else data[center != v.level]
        close([v.hazard_ratio, v.ci_low, v.ci_high], direct(left, v.cutoff), rtol=1e-7)
        assert (v.n, v.events) == (len(left), left["event"].sum())
    lowest, highest = (v for v in found.variants if v.change == "patient")
    close([lowest.hazard_ratio, highest.hazard_ratio], [np.nanmin(found.jackknife), np.nanmax(found.jackknife)])
    assert lowest.hazard_ratio < found.variants[0].hazard_ratio < highest.hazard_ratio
    distinct = np.unique(data["value"])
    current = distinct[distinct <= cutoff].max()
    down, up = (v.cutoff for v in found.variants if v.change == "neighbour")
    assert (down, up) == (distinct[distinct < current].max(), distinct[distinct > current].min())


def test_a_large_cohort_leaves_out_the_patients_that_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    data = patients(300, 2)
    whole = sensitivity(data["value"], data["time"], data["event"], 250.0)
    monkeypatch.setattr(module, "MOST_CELLS", 1)
    some = sensitivity(data["value"], data["time"], data["event"], 250.0)
    assert any("courses that move the ratio most" in note for note in some.notes)
    assert 0 < np.isfinite(some.jackknife).sum() < 60
    pairs = [[v.hazard_ratio for v in found.variants if v.change == "patient"] for found in (whole, some)]
    close(pairs[0], pairs[1])
    known = np.isfinite(some.jackknife)
    close(some.jackknife[known], whole.jackknife[known])
    nobody = sensitivity(data["value"], data["time"], data["event"], 1e9)  # nobody is high: nothing is divided by nothing
    assert np.isnan(nobody.jackknife).all() or not np.isfinite(nobody.jackknife).any()


def test_the_order_of_patients_does_not_matter() -> None:
    data = patients(80, 3)
    mixed = data.sample(frac=1, random_state=1)
    one, other = (sensitivity(d["value"], d["time"], d["event"], 250.0, leave_out=d["center"]) for d in (data, mixed))
    pd.testing.assert_frame_equal(one.to_frame().drop(columns="patient"), other.to_frame().drop(columns="patient"))
    close(one.jackknife[mixed.index], other.jackknife)


def test_a_group_without_events_is_firths_and_says_so() -> None:
    value, time = np.arange(30.0), np.random.default_rng(1).permutation(np.linspace(1, 20, 30))
    found = sensitivity(value, time, value > 20, 20.0)
    base = found.variants[0]
    assert base.firth
    assert "Firth" in found.method
    close([base.hazard_ratio], [hazard_ratio(time, value > 20, value > 20, method="firth").value], rtol=1e-6)
    assert np.isfinite(found.jackknife).sum() > 20


def test_what_cannot_be_estimated_is_missing() -> None:
    no_events = sensitivity([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [0, 0, 0], 2.0)
    assert np.isnan(no_events.jackknife).all()
    assert np.isnan([v.hazard_ratio for v in no_events.variants]).all()
    assert no_events.notes
    beyond = sensitivity([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [1, 1, 1], 9.0)
    assert np.isnan(beyond.variants[0].hazard_ratio)
    assert [v.change for v in beyond.variants if v.change == "neighbour"] == ["neighbour"]


def test_a_wrong_call_says_what_was_given() -> None:
    with pytest.raises(ValueError, match="cutoff"):
        sensitivity([1.0], [1.0], [1], np.nan)
    with pytest.raises(ValueError, match="leave_out"):
        sensitivity([1.0, 2.0], [1.0, 2.0], [1, 1], 1.0, leave_out=["a"])
    with pytest.raises(ValueError, match="measured"):
        sensitivity([1.0, np.nan], [1.0, 2.0], [1, 1], 1.0)
