"""The search repeated: against the same repeated patients one sample at a time, and what must not change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cartograph.stats import cutoff_bootstrap as module
from cartograph.stats.concordance import concordance_index
from cartograph.stats.cutoff_bootstrap import CutoffBootstrap, bootstrap_cutoff, cross_validated_cutoff
from cartograph.stats.hazard import hazard_ratio
from cartograph.stats.selected import SelectedCutoff, maximally_selected_log_rank
from tests.stats.reference import close, cohort, values


def made(n: int, seed: int = 1, *, effect: float = 0.0, distinct: int = 1000, digits: int = 2, share: float = 0.6) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    value = rng.permutation(n).astype(float) if distinct > n else rng.integers(0, distinct, n).astype(float)
    time = np.round(rng.exponential(12 / np.where(value > np.median(value), 1 + effect, 1.0)), digits)
    return pd.DataFrame({"value": value, "time": time, "event": rng.random(n) < share})


def boot_of(data: pd.DataFrame, **options: Any) -> CutoffBootstrap:
    return bootstrap_cutoff(data["value"], data["time"], data["event"], **options)


def selected(data: pd.DataFrame, fraction: float = 0.1) -> SelectedCutoff:
    ends: Any = {"min_fraction": fraction, "max_fraction": 1 - fraction}
    return maximally_selected_log_rank(data["value"], data["time"], data["event"], method="lausen94", **ends)


def compared(data: pd.DataFrame, high: Any) -> tuple[float, float]:
    """Log hazard ratio and C - 0.5 of one split, from the patients themselves."""
    found = hazard_ratio(data["time"], data["event"], high)
    if not np.isfinite(found.value):
        found = hazard_ratio(data["time"], data["event"], high, method="firth")
    c = concordance_index(np.asarray(high, dtype=float), data["time"], data["event"]).value
    return float(np.log(found.value)), c - 0.5


# ---------------------------------------------------------------- one sample at a time


@settings(max_examples=40)
@given(st.integers(3, 40), st.integers(0, 10_000), st.sampled_from([3, 8, 1000]), st.sampled_from([0, 2]), st.sampled_from([0.2, 0.8]))
def test_weights_are_repeated_patients(n: int, seed: int, distinct: int, digits: int, share: float) -> None:
    data = made(n, seed, distinct=distinct, digits=digits, share=share)
    weight = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=3).astype(float)
    weight[2, : n // 2] = 0  # as a training fold: another number of patients
    if not weight[2].any():
        weight[2] = 1
    patients = module._Patients.build(data["value"], data["time"], data["event"])
    chosen = patients.choose(weight, 0.1)
    high = patients.value > np.nan_to_num(chosen.cutoff)[:, None]
    fitted = patients.fit(weight, high)
    for row in range(3):
        sample = data.loc[np.repeat(np.arange(n), weight[row].astype(int))]
        theirs = selected(sample)
        close([chosen.cutoff[row], chosen.statistic[row]], [theirs.cutoff, theirs.statistic])
        if np.isfinite(theirs.cutoff):
            assert chosen.direction[row] == (1.0 if theirs.score >= 0 else -1.0)
        ours = np.array([fitted.log_ratio[row], fitted.lead[row]])
        close(ours, compared(sample, sample["value"] > np.nan_to_num(chosen.cutoff[row])), rtol=1e-6, atol=1e-7)


def test_the_bootstrap_is_a_loop_over_samples() -> None:
    data = made(40, 3, effect=1.0)
    found = boot_of(data, replicates=40, seed=9)
    rng = np.random.default_rng(9)
    rows = [row for _ in range(20) for row in rng.integers(0, 40, (2, 40))]  # twenty blocks of two samples
    draws, log_ratio, lead = [], [], []
    for row in rows:
        sample = data.iloc[row]
        best = selected(sample)
        side = 1 if best.score >= 0 else -1
        inside = compared(sample, sample["value"] > best.cutoff)
        outside = compared(data, data["value"] > best.cutoff)
        draws.append(best.cutoff)
        log_ratio.append(side * (inside[0] - outside[0]))
        lead.append(side * (inside[1] - outside[1]))
    close(found.draws, draws)
    close([found.optimism_log_ratio, found.optimism_concordance], [np.mean(log_ratio), np.mean(lead)], rtol=1e-6)
    best = selected(data)
    apparent = compared(data, data["value"] > best.cutoff)
    assert found.cutoff == best.cutoff
    assert found.high_is_worse
    close([np.log(found.hazard_ratio), found.concordance - 0.5], apparent, rtol=1e-6)
    close(np.log(found.corrected_hazard_ratio), apparent[0] - np.mean(log_ratio), rtol=1e-6)
    close(found.corrected_concordance, 0.5 + apparent[1] - np.mean(lead), rtol=1e-6)
    ordered = np.sort(draws)
    assert (found.range_low, found.range_high) == (ordered[0], ordered[38])  # the first to reach 2.5 % and 97.5 % of 40


def test_cross_validation_is_a_loop_over_folds() -> None:
    data = made(45, 4, effect=1.0)
    found = cross_validated_cutoff(data["value"], data["time"], data["event"], folds=5, repeats=2, seed=3)
    rng = np.random.default_rng(3)
    ratios, leads = [], []
    for repeat in range(2):
        fold = module._folds(data["event"].to_numpy(dtype=float), 5, rng)
        assert np.ptp(np.bincount(fold[data["event"]], minlength=5)) <= 1  # events are spread evenly
        worse = np.zeros(45, dtype=bool)
        for k in range(5):
            best = selected(data[fold != k])
            assert found.draws[repeat, k] == best.cutoff
            worse[fold == k] = (data["value"][fold == k] > best.cutoff) == (best.score >= 0)
        log_ratio, lead = compared(data, worse)
        ratios.append(log_ratio)
        leads.append(lead)
    close(np.log([found.hazard_ratio, found.ratio_low, found.ratio_high]), [np.mean(ratios), min(ratios), max(ratios)], rtol=1e-6)
    close(found.concordance, 0.5 + np.mean(leads), rtol=1e-6)
    close(found.apparent_hazard_ratio, boot_of(data, replicates=1).hazard_ratio)
    assert found.to_frame().loc[0, "folds"] == 5


def test_the_cutoff_of_all_patients_is_surv_cutpoints() -> None:
    for name, theirs in values("best_cutoff")["best"].items():
        dataset, marker = name.split("_")
        data = cohort(values(f"survival_{dataset}"), marker)
        found = bootstrap_cutoff(data[marker], data["time"], data["event"], replicates=3)
        assert found.cutoff == theirs["cutoff"]
        close(found.hazard_ratio, hazard_ratio(data["time"], data["event"], data[marker] > found.cutoff).value, rtol=1e-6)


# ---------------------------------------------------------------- what must not change


def test_turning_the_marker_round_turns_the_ratio_round() -> None:
    data = made(60, 5, effect=1.5, digits=6)
    one, other = boot_of(data, replicates=60), boot_of(data.assign(value=-data["value"]), replicates=60)
    assert one.high_is_worse
    assert not other.high_is_worse
    close([1 / other.hazard_ratio, other.concordance], [one.hazard_ratio, one.concordance], rtol=1e-6)
    # a patient who is not in a sample may lie between its two values next to the cutoff, and changes sides there
    close(1 / other.corrected_hazard_ratio, one.corrected_hazard_ratio, rtol=0.03)
    close(other.corrected_concordance, one.corrected_concordance, rtol=0.01)
    both = [
        cross_validated_cutoff(d["value"], d["time"], d["event"], folds=3, repeats=2) for d in (data, data.assign(value=-data["value"]))
    ]
    assert (both[0].hazard_ratio > 1) == (both[1].hazard_ratio < 1)


def test_only_the_order_of_the_marker_counts() -> None:
    data = made(70, 6)
    one, other = boot_of(data, replicates=50), boot_of(data.assign(value=np.exp(data["value"] / 30)), replicates=50)
    close(np.log(other.draws) * 30, one.draws)
    close([one.corrected_hazard_ratio, one.corrected_concordance], [other.corrected_hazard_ratio, other.corrected_concordance])
    assert np.array_equal(one.tenth_share, other.tenth_share)


def test_without_effect_little_is_left_and_a_strong_effect_stays() -> None:
    found = [boot_of(made(60, seed), replicates=60, seed=seed) for seed in range(40)]
    apparent, corrected = (
        np.median([abs(np.log(v)) for v in vs]) for vs in zip(*((f.hazard_ratio, _turned(f)) for f in found), strict=True)
    )
    assert apparent > 0.5
    assert corrected < 0.6 * apparent
    held = [cross_validated_cutoff(*(made(60, s)[c] for c in ("value", "time", "event")), repeats=2, seed=s) for s in range(40)]
    turned = [np.log(h.hazard_ratio) * np.sign(np.log(h.apparent_hazard_ratio)) for h in held]
    assert np.median(turned) < 0.3 * apparent
    strong = boot_of(made(300, 1, effect=4.0), replicates=60)
    assert strong.corrected_hazard_ratio > 0.75 * strong.hazard_ratio > 2.5
    assert strong.range_high - strong.range_low < 100  # of 300 ranks


def _turned(found: CutoffBootstrap) -> float:
    """The corrected ratio where something is left of it, else 1."""
    side = 1 if found.high_is_worse else -1
    return float(np.exp(max(side * np.log(found.corrected_hazard_ratio), 0.0)))


def test_tenths_hold_all_samples_and_every_cutoff_has_its_place() -> None:
    found = boot_of(made(150, 7), replicates=200)
    assert found.tenth_share.sum() == pytest.approx(1)
    assert len(found.tenth_from) == 10
    assert found.tenth_from[0] == found.searched[0]
    assert found.tenth_to[-1] == found.searched[-1]
    assert (found.tenth_from[1:] > found.tenth_to[:-1]).all()
    places = [found.place(c) for c in found.searched.tolist()]
    assert places == sorted(places)
    assert 0 < places[0] < places[-1] < 10
    for i, row in enumerate(found.tenths_frame().itertuples(index=False)):
        inside = (found.draws >= row[0]) & (found.draws <= row[1])
        inside |= (found.draws < row[0]) & (i == 0) | (found.draws > row[1]) & (i == 9)
        assert row[2] == pytest.approx(inside.mean())
        assert i < found.place(row[0]) < found.place(row[1]) < i + 1
    assert (found.place(-1e9), found.place(1e9)) == (places[0], places[-1])
    assert np.isnan(found.place(np.nan))


def test_few_values_have_fewer_parts() -> None:
    found = boot_of(made(80, 8, distinct=5), replicates=50)
    assert found.tenth_from.tolist() == found.tenth_to.tolist() == found.searched.tolist()
    assert len(found.tenth_share) < 6
    two = boot_of(made(80, 8, distinct=2), replicates=50)
    assert (two.range_low, two.range_high, two.tenth_share.tolist()) == (0.0, 0.0, [1.0])
    assert two.place(0.0) == 0.5


# ---------------------------------------------------------------- seeds, progress, edges


def test_a_seed_gives_the_same_again_and_progress_is_told() -> None:
    data = made(50, 9)
    told: list[float] = []
    one, same, other = boot_of(data, seed=2), boot_of(data, seed=2, progress=told.append), boot_of(data, seed=3)
    assert np.array_equal(one.draws, same.draws)
    assert one.corrected_hazard_ratio == same.corrected_hazard_ratio != other.corrected_hazard_ratio
    assert (one.replicates, one.failed) == (500, 0)
    assert told == sorted(told)
    assert (len(told), told[-1]) == (20, 1.0)
    held: list[float] = []
    cross_validated_cutoff(data["value"], data["time"], data["event"], repeats=7, progress=held.append)
    assert held[-1] == 1.0
    assert len(held) == 7


def test_what_progress_raises_ends_the_work() -> None:
    def stop(_: float) -> None:
        raise KeyboardInterrupt

    data = made(50, 9)
    with pytest.raises(KeyboardInterrupt):
        boot_of(data, progress=stop)
    with pytest.raises(KeyboardInterrupt):
        cross_validated_cutoff(data["value"], data["time"], data["event"], progress=stop)


@pytest.mark.parametrize(
    ("value", "event", "reason"),
    [([], [], "no cutoff leaves"), ([5.0] * 12, [1] * 12, "no cutoff leaves"), (np.arange(12.0), [0] * 12, "no events")],
)
def test_nothing_to_search_says_why(value: Any, event: Any, reason: str) -> None:
    time = np.arange(1.0, len(event) + 1)
    found = bootstrap_cutoff(value, time, event)
    assert reason in found.notes[0]
    assert np.isnan([found.cutoff, found.corrected_hazard_ratio, found.range_low]).all()
    assert np.isnan(found.tenth_share).all()
    assert found.to_frame().loc[0, "replicates"] == 0
    held = cross_validated_cutoff(value, time, event, folds=2)
    assert reason in held.notes[0]
    assert np.isnan(held.hazard_ratio)
    assert np.isnan(boot_of(pd.DataFrame({"value": [], "time": [], "event": []})).place(3.0))


def test_samples_without_an_event_are_counted_and_said() -> None:
    event = np.arange(40) == 7
    found = bootstrap_cutoff(np.random.default_rng(2).permutation(40), np.arange(1.0, 41.0), event, replicates=200)
    assert 20 < found.failed < 120  # (1 - 1/40)^40: a good third of the samples
    assert found.replicates + found.failed == 200
    assert f"{found.failed} of 200 samples had no cutoff" in found.notes[0]
    assert np.isfinite([found.hazard_ratio, found.corrected_hazard_ratio]).all()  # Firth: a group has no events


def test_no_events_in_one_group_at_any_cutoff_is_firths() -> None:
    value, time = np.arange(40.0), np.random.default_rng(1).permutation(np.linspace(1, 20, 40))
    event = value >= 34
    found = bootstrap_cutoff(value, time, event, replicates=30)
    assert np.isfinite([found.hazard_ratio, found.corrected_hazard_ratio, found.corrected_concordance]).all()
    high = value > found.cutoff
    close(found.hazard_ratio, hazard_ratio(time, event, high, method="firth").value, rtol=1e-6)


def test_wrong_calls_say_what_is_expected() -> None:
    data = made(20)
    with pytest.raises(ValueError, match="replicates must be"):
        boot_of(data, replicates=0)
    wrong: list[dict[str, Any]] = [{"folds": 1}, {"folds": 21}, {"repeats": 0}]
    for options in wrong:
        with pytest.raises(ValueError, match="folds must be 2 to the number of patients"):
            cross_validated_cutoff(data["value"], data["time"], data["event"], **options)
    with pytest.raises(ValueError, match="one finite number per patient"):
        bootstrap_cutoff([1.0, np.nan], [1.0, 2.0], [1, 1])
