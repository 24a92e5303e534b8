"""Association with a censored time: pair by pair, known cases, and what happens where nothing connects the two."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau, spearmanr

from cartograph.stats import censored_correlation as c
from cartograph.stats.censored_correlation import censored_correlation, censored_tau
from cartograph.stats.concordance import concordance_index
from cartograph.stats.continuous import continuous_effect
from tests.stats.reference import close, numbers, values

NAN = math.nan


@st.composite
def patients(draw: st.DrawFn) -> pd.DataFrame:
    """Few distinct times, so that many are tied, also an end with a running time."""
    n = draw(st.integers(0, 25))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    few = draw(st.sampled_from([3, 8, 10_000]))
    return pd.DataFrame(
        {
            "x": rng.integers(0, few, n) / 4,
            "lost": rng.random(n) < draw(st.sampled_from([0.2, 0.6, 1.0])),
            "time": rng.integers(0, few, n) / 2,
            "event": rng.random(n) < draw(st.sampled_from([0.0, 0.5, 1.0])),
        }
    )


def outlasts(a: Any, b: Any, value: str, known: str) -> bool:
    """a's is surely longer than b's."""
    if not getattr(b, known):
        return False
    longer, same = getattr(a, value) > getattr(b, value), getattr(a, value) == getattr(b, value)
    return longer or (same and not getattr(a, known))


def order(a: Any, b: Any, value: str, known: str) -> int | None:
    """1, -1; 0 = surely equal; None = not known."""
    if outlasts(a, b, value, known):
        return 1
    if outlasts(b, a, value, known):
        return -1
    equal = getattr(a, value) == getattr(b, value) and getattr(a, known) and getattr(b, known)
    return 0 if equal else None


def counted(data: pd.DataFrame) -> dict[str, int]:
    """Every pair, one after another."""
    found = {"concordant": 0, "discordant": 0, "tied": 0, "unknown": 0}
    rows = list(data.itertuples())
    for i, a in enumerate(rows):
        for b in rows[:i]:
            first, second = order(a, b, "x", "lost"), order(a, b, "time", "event")
            if first is None or second is None:
                found["unknown"] += 1
            elif not first * second:
                found["tied"] += 1
            else:
                found["concordant" if first == second else "discordant"] += 1
    return found


def plain_tau(data: pd.DataFrame) -> float:
    pairs = counted(data)
    usable = pairs["concordant"] + pairs["discordant"]
    return (pairs["concordant"] - pairs["discordant"]) / usable if usable else NAN


@given(patients())
def test_pair_by_pair(data: pd.DataFrame) -> None:
    found = censored_tau(data["x"], data["lost"], data["time"], data["event"])
    pairs = counted(data)
    assert {name: getattr(found, name) for name in pairs} == pairs
    if len(data) < c.FEWEST:
        assert (math.isnan(found.value), found.notes) == (True, (c.TOO_FEW,))
        return
    close(found.value, plain_tau(data))
    if math.isnan(found.value):
        assert found.notes == (c.NO_PAIRS,)
    elif not found.notes:
        without = np.array([plain_tau(data.drop(i)) for i in data.index])
        close(found.std_error**2, (len(data) - 1) / len(data) * ((without - without.mean()) ** 2).sum())
        reach = 1.959963984540054 * found.std_error / (1 - found.value**2)
        close([found.ci_low, found.ci_high], np.tanh(np.arctanh(found.value) + np.array([-reach, reach])))
        assert -1 <= found.ci_low < found.value < found.ci_high <= 1
        assert (found.p_value < 0.05) == (found.ci_low > 0 or found.ci_high < 0)


@given(patients(), st.integers(0, 1000))
def test_order_and_units_do_not_matter_and_signs_turn(data: pd.DataFrame, seed: int) -> None:
    found = censored_tau(data["x"], data["lost"], data["time"], data["event"])
    mixed = data.sample(frac=1, random_state=seed)
    again = censored_tau(mixed["x"] * 30.4375, mixed["lost"], mixed["time"] / 12, mixed["event"])
    close(again.to_frame().drop(columns="method"), found.to_frame().drop(columns="method"))
    swapped = censored_tau(data["time"], data["event"], data["x"], data["lost"])
    close([swapped.value, swapped.std_error, swapped.p_value], [found.value, found.std_error, found.p_value])
    turned = censored_tau(-data["x"], None, data["time"], data["event"])
    straight = censored_tau(data["x"], None, data["time"], data["event"])
    close([turned.value, turned.ci_low, turned.p_value], [-straight.value, -straight.ci_high, straight.p_value])


@given(st.integers(4, 60), st.integers(0, 10_000))
def test_without_censoring_and_ties_it_is_kendall_s_tau(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, t = rng.permutation(n) + 0.5, rng.permutation(n) + 1.0
    for known in (None, np.ones(n)):
        close(censored_tau(x, known, t, np.ones(n)).value, kendalltau(x, t).statistic)


@pytest.mark.parametrize("theirs", values("continuous")["concordance"], ids=lambda c: f"{c['data']}-{c['risk']}")
def test_c_of_a_measured_marker_is_rs_concordance(theirs: dict[str, Any]) -> None:
    """Their sign 1: a higher marker, an earlier event; a higher value here goes with a later one, so the sign turns."""
    name, marker = theirs["data"], theirs["risk"]
    columns = {**values(f"survival_{name}")["data"], **values("continuous")["more_columns"].get(name, {})}
    data = pd.DataFrame({key: numbers(columns[key]) for key in ("time", "event", marker)}).dropna()
    found = censored_correlation(-theirs["sign"] * data[marker], None, data["time"], data["event"]).concordance
    assert (found.concordant, found.discordant, found.tied_risk) == (theirs["concordant"], theirs["discordant"], theirs["tied_x"])
    close([found.value, found.std_error], [theirs["c"], theirs["se"]])


@given(patients())
def test_c_is_harrell_s_where_everything_is_measured(data: pd.DataFrame) -> None:
    found = censored_correlation(data["x"], None, data["time"], data["event"]).concordance
    theirs = concordance_index(-data["x"], data["time"], data["event"])
    close([found.value, found.std_error, found.ci_low, found.ci_high], [theirs.value, theirs.std_error, theirs.ci_low, theirs.ci_high])
    both = censored_correlation(data["x"], data["lost"], data["time"], data["event"])
    if both.concordance.tied_risk == 0 and math.isfinite(both.tau.value):
        close(both.concordance.value, (1 + both.tau.value) / 2)


def test_by_hand() -> None:
    """Lost at 2, 5, still there at 6, lost at 9; events at 4, none by 7, at 8, none by 3."""
    found = censored_tau([2, 5, 6, 9], [1, 1, 0, 1], [4, 7, 8, 3], [1, 0, 1, 0])
    # (2, 5): 4 before 7+, concordant; (2, 6+): concordant; (2, 9): 4 and 3+ not known; (5, 6+): 7+ and 8 not known; (5, 9): not known;
    # (6+, 9): not known
    assert (found.concordant, found.discordant, found.tied, found.unknown) == (2, 0, 0, 4)
    assert (found.value, found.notes, found.n_censored, found.events) == (1, (c.NO_LIMITS,), 1, 2)


def unconnected(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A duration and a survival time drawn without regard to each other; both are followed until the event or the last visit."""
    rng = np.random.default_rng([n, seed])
    lasts, lives, visits = rng.exponential(13, n), rng.exponential(20, n), rng.uniform(12, 48, n)
    end = np.minimum(lives, visits)
    return np.minimum(lasts, end), lasts <= end, end, lives <= visits


def test_where_nothing_connects_the_two_only_the_naive_measures_see_something() -> None:
    """250 cohorts; expected 5 % below 0.05, three standard errors are 4 %."""
    found = [censored_tau(*unconnected(56, seed)) for seed in range(250)]
    assert np.mean([f.p_value < 0.05 for f in found]) < 0.09
    assert abs(np.mean([f.value for f in found])) < 0.03
    few = [censored_correlation(*unconnected(56, seed)) for seed in range(20)]
    assert np.mean([f.naive.p_value < 0.05 for f in few]) > 0.8
    assert np.median([f.naive.value for f in few]) > 0.4
    assert np.mean([f.cox.p_value < 0.05 for f in few]) > 0.5
    assert np.median([f.cox.value for f in few]) < 0.9


def test_all_measures_and_their_words() -> None:
    value, known, time, event = unconnected(60, 1)
    found = censored_correlation([*value, NAN, 3], [*known, 1, 1], [*time, 4, NAN], [*event, 1, 1])
    assert (found.n, found.n_missing, found.n_censored, found.events) == (60, 2, int((~known).sum()), int(event.sum()))
    line = continuous_effect(value, time, event).line
    close([found.cox.value, found.cox.p_value], [line.value, line.p_value])
    close(found.naive.value, spearmanr(value, time).statistic)
    frame = found.to_frame()
    assert frame["measure"].tolist() == [
        "Kendall's tau, censored data",
        "Harrell's C",
        "Cox hazard ratio per doubling, naive",
        "Spearman's r, naive",
    ]
    close(frame["value"], [found.tau.value, found.concordance.value, found.cox.value, found.naive.value])
    assert c.COX_AS_MEASURED in frame["note"][2]
    assert c.MISLEADING_BOTH in frame["note"][3]
    assert found.notes == ()
    marker = censored_correlation(value, None, time, event)
    assert (marker.misleading, marker.of_durations) == (c.MISLEADING, False)
    assert marker.to_frame()["measure"][2] == "Cox hazard ratio per doubling"
    assert c.COX_AS_MEASURED not in marker.cox.notes
    assert marker.n_censored == 0


def test_rounding_noise_is_a_tie() -> None:
    found = censored_tau([0.1 + 0.2, 0.3, 1, 2], [1, 0, 1, 1], [1, 2, 3, 4], [1, 1, 1, 1])
    assert (found.concordant, found.discordant, found.tied, found.unknown) == (4, 0, 0, 2)


def test_nobody_alone_no_events_and_one_value() -> None:
    for n in range(c.FEWEST):
        few = censored_correlation(np.arange(n), None, np.arange(n), np.ones(n))
        assert few.notes == few.tau.notes == (c.TOO_FEW,)
        assert few.to_frame()["value"][0] != few.tau.value  # NaN
    still = censored_correlation(np.arange(1, 7), None, np.arange(6), np.zeros(6))
    assert (still.tau.notes, still.concordance.notes, still.tau.unknown) == ((c.NO_PAIRS,), (c.NO_PAIRS,), 15)
    assert "no events" in still.cox.notes
    same = censored_tau(np.ones(6), None, np.arange(6), np.ones(6))
    assert (same.tied, same.notes) == (15, (c.NO_PAIRS,))
    assert math.isnan(censored_correlation(np.ones(6), None, np.arange(6), np.ones(6)).naive.value)
    one = censored_tau([1, 2, 3, 4], [1, 0, 0, 0], [1, 2, 3, 4], [1, 0, 0, 0])
    assert (one.value, one.notes) == (1, (c.NO_LIMITS,))
    carried = censored_tau([2, 1, 3, 4], [1, 0, 0, 0], [1, 1.5, 0.5, 4], [1, 1, 1, 1])
    assert (carried.value, math.isnan(carried.p_value)) == (0, True)
    assert carried.notes == (c.ONE_CARRIES,)


def test_many_patients_are_counted_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = censored_tau(*unconnected(50, 3))
    monkeypatch.setattr(c, "BLOCK", 170)
    close(censored_tau(*unconnected(50, 3)).to_frame().drop(columns="method"), whole.to_frame().drop(columns="method"))


def test_wrong_calls_are_refused() -> None:
    with pytest.raises(ValueError, match="equally long lists; got shapes"):
        censored_correlation([1, 2], None, [1], [1])
    with pytest.raises(ValueError, match="one finite number"):
        censored_tau([1, NAN], None, [1, 2], [1, 1])
    with pytest.raises(ValueError, match="event must be"):
        censored_tau([1, 2], [1, 3], [1, 2], [1, 1])
    with pytest.raises(ValueError, match="not be negative"):
        censored_correlation([-1, 2], [0, 1], [1, 2], [1, 1])
