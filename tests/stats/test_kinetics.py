"""Courses over days: WinNonlin and NonCompart, closed-form curves, everything written out once more, and the edges."""

from __future__ import annotations

import math
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cartograph.cohort import model
from cartograph.stats import kinetics as k
from cartograph.stats.kinetics import BelowRule, Kinetics, area, common_days, day_profile, kinetics, kinetics_of, nominal_days
from tests.stats.reference import close, values

SUBJECTS = values("kinetics_theoph")["subjects"]
RULES: tuple[BelowRule, ...] = get_args(BelowRule)
NAN = math.nan


# ---------------------------------------------------------------- other programs
@pytest.mark.parametrize("subject", SUBJECTS)
def test_peak_half_life_and_area_are_those_of_winnonlin(subject: str) -> None:
    given_, theirs = SUBJECTS[subject], SUBJECTS[subject]["winnonlin"]
    found = kinetics(given_["time"], given_["value"], engineered=False, window=23)
    assert (found.cmax, found.tmax, found.last_detectable) == (theirs["cmax"], theirs["tmax"], given_["time"][-1])
    close([found.half_life, found.auc_last], [theirs["half_life"], theirs["auc_last"]], rtol=0, atol=5.5e-7)  # printed with 6 decimals
    assert found.notes == ()
    if "noncompart" in given_:
        other = given_["noncompart"]
        close([found.half_life, found.adjusted_r2], [other["half_life"], other["adjusted_r2"]], rtol=1e-12)
        assert found.half_life_points == other["points"]


def test_the_area_grows_sample_by_sample_as_in_noncompart() -> None:
    time, value = SUBJECTS["1"]["time"], SUBJECTS["1"]["value"]
    found = [area(time[:n], value[:n]) for n in range(1, len(time) + 1)]
    close(found, values("kinetics_theoph")["area_log_down_subject_1"], rtol=0, atol=5.5e-6)
    close([area(time, value, until=t) for t in time], found, rtol=1e-14)


# ---------------------------------------------------------------- curves with a formula
def test_an_exponential_has_its_area_and_half_life_exactly() -> None:
    rate, days = 0.07, np.array([0.0, 1, 4, 9, 20, 33, 50])
    found = kinetics(days, 900 * np.exp(-rate * days))
    close([found.auc_window, found.auc_last], [900 / rate * (1 - math.exp(-rate * end)) for end in (28, 50)], rtol=1e-12)
    close([found.half_life, found.adjusted_r2, found.half_life_points], [math.log(2) / rate, 1, 6], rtol=1e-12)
    assert (found.cmax, found.tmax, found.persistence * k.DAYS_PER_MONTH, found.lost) == (900, 0, 50, False)


def test_a_slow_fall_does_not_lose_digits() -> None:
    close(area([0, 10], [3.0, 3 - 3e-13]), 30 - 15e-13, rtol=1e-14)  # the difference of two logarithms would be off by 1e-3
    close(area([0, 10], [1e300, 1e-300]), 10 * 1e300 / (600 * math.log(10)), rtol=1e-12)


def test_a_rise_and_fall_of_two_exponentials() -> None:
    """Densely sampled, the trapezoids are the integral; sampled late, the fall is that of the slower rate."""
    up, slow, fast = 0.9, 0.03, 0.3
    days = np.linspace(0, 120, 4801)

    def course(day: np.ndarray) -> np.ndarray:
        return 700 * np.exp(-fast * day) + 300 * np.exp(-slow * day) - 1000 * np.exp(-up * day)

    def integral(end: float) -> float:
        return sum(c / r * (1 - math.exp(-r * end)) for c, r in ((700, fast), (300, slow), (-1000, up)))

    found = kinetics(days, course(days), window=28.0125)  # between two samples
    close([found.auc_window, found.auc_last], [integral(28.0125), integral(120)], rtol=1e-5)
    visits = np.array([0, 1, 2, 4, 50, 80, 120.0])
    close(kinetics(visits, course(visits)).half_life, math.log(2) / slow, rtol=1e-4)


# ---------------------------------------------------------------- by hand
DAYS, VALUES, SIGNS = [-5, 3, 7, 14, 21, 30, 60], [25, 25, 800, 400, 25, 100, 25], ["<", "<", "", "", "<", "", "<"]  # the limit is 50


def fall(width: float, first: float, last: float) -> float:
    return width * (first - last) / math.log(first / last)


@pytest.mark.parametrize(
    ("rule", "stands", "after"),
    [("half the limit", 25.0, "half"), ("zero", 0.0, "zero"), ("last above", 25.0, "left out")],
)
def test_the_rules_by_hand(rule: BelowRule, stands: float, after: str) -> None:
    found = kinetics(DAYS, VALUES, SIGNS, rule=rule)
    down = fall(7, 400, stands) if stands else 7 * 200
    rise_at_28 = stands + 7 / 9 * (100 - stands)
    to_21 = 3 * stands / 2 + 4 * (stands + 800) / 2 + fall(7, 800, 400) + down
    close(found.auc_window, to_21 + 7 * (stands + rise_at_28) / 2)
    close(found.auc_last, to_21 + 9 * (stands + 100) / 2)
    assert (found.cmax, found.tmax, found.last_detectable) == (800, 7, 30)
    assert (found.persistence, found.lost) == (60 / 30.4375, True)
    assert (found.n_samples, found.n_below, found.n_before, found.n_above) == (6, 3, 1, 0)
    assert found.n_used == (5 if after == "left out" else 6)
    assert found.notes == (k.TOO_FEW_POINTS, k.BEFORE)
    assert (found.rule, found.window) == (rule, 28)
    assert k.RULE_WORDS[rule] in found.method


def test_after_the_last_value_above_the_limit_the_rules_differ() -> None:
    days, level, signs = [0, 10, 20, 40], [100, 100, 25, 25], ["", "", "<", "<"]
    areas = {rule: kinetics(days, level, signs, rule=rule).auc_window for rule in RULES}
    close(areas["half the limit"], 1000 + fall(10, 100, 25) + 8 * 25)
    close(areas["zero"], 1000 + 10 * 50)
    close(areas["last above"], 1000)
    assert {kinetics(days, level, signs, rule=rule).auc_last for rule in RULES} == {1000.0}


def test_where_the_area_starts() -> None:
    """A transgene is not there before infusion, a laboratory value is."""
    close(kinetics([2, 30], [10, 10]).auc_last, 10 + 280)
    marker = kinetics([2, 30], [10, 10], engineered=False)
    close([marker.auc_last, marker.auc_window], [280, 260])
    assert marker.notes == (k.LATE_START, k.TOO_FEW_POINTS)
    assert math.isnan(marker.persistence)
    close(kinetics([0, 2, 30], [6, 10, 10]).auc_last, 16 + 280)


def test_a_half_life_takes_as_many_values_as_fit_best() -> None:
    """Three that lie on a line beat four that do not; the peak itself is not on the line."""
    days = [0, 1, 5, 10, 20, 30]
    found = kinetics(days, [1, 5000, 1000, 100, 50, 25])
    close([found.half_life, found.adjusted_r2, found.half_life_points], [10, 1, 3])
    straight = kinetics(days, [1, 5000, *(100 * 2 ** (-np.array(days[2:]) / 10))])
    close([straight.half_life, straight.half_life_points], [10, 4])
    below = kinetics(days, [1, 5000, 1000, 100, 25, 25], ["", "", "", "", "<", "<"])
    assert (below.half_life_points, below.notes) == (0, (k.TOO_FEW_POINTS,))
    rising = kinetics(days, [1, 5000, 10, 20, 30, 40])
    assert (math.isnan(rising.half_life), rising.notes) == (True, (k.NO_FALL,))
    assert kinetics(days, [1, 50, 10, 10, 10, 10]).notes == (k.NO_FALL,)


# ---------------------------------------------------------------- everything once more
def written_out(rows: list[tuple[float, float, str]], rule: str, limit: float, window: float) -> dict[str, float]:
    """A transgene's course from tuples (day, value, sign), in plain steps."""
    after = [row for row in rows if row[0] >= 0]
    points = []
    for day in sorted({row[0] for row in after}):
        there = [v for t, v, sign in after if t == day and sign != "<" and v > 0]
        some_limit = any(t == day and sign == "<" for t, _, sign in after)
        points.append((day, sum(there) / len(there) if there else (limit / 2 if some_limit and rule != "zero" else 0.0), bool(there)))
    seen = [i for i, p in enumerate(points) if p[2]]
    out = dict.fromkeys(("cmax", "tmax", "auc_window", "auc_last", "last_detectable", "persistence", "lost"), NAN)
    out |= {"n_samples": len(after), "n_below": sum(s == "<" or v <= 0 for _, v, s in after), "n_before": len(rows) - len(after)}
    if not points:
        return out
    if seen:
        out["cmax"] = max(points[i][1] for i in seen)
        out["tmax"] = next(points[i][0] for i in seen if math.isclose(points[i][1], out["cmax"], rel_tol=1e-12))
        out["last_detectable"] = points[seen[-1]][0]
        out["lost"] = float(seen[-1] + 1 < len(points))
        out["persistence"] = points[min(seen[-1] + 1, len(points) - 1)][0] / 30.4375
    else:
        out["cmax"] = max(p[1] for p in points)
        if points[-1][0] >= window:
            out["persistence"], out["lost"] = 0.0, 1.0
    curve = [(p[0], p[1]) for p in points]
    last = out["last_detectable"]
    curve = curve if curve[0][0] == 0 else [(0.0, 0.0), *curve]
    if len(curve) < 2:
        return out
    out["auc_last"] = integral([c for c in curve if c[0] <= last], last) if seen else 0.0
    if points[0][0] <= window <= points[-1][0]:
        out["auc_window"] = integral([c for c in curve if c[0] <= last] if rule == "last above" and seen else curve, window)
    return out


def integral(curve: list[tuple[float, float]], end: float) -> float:
    total = 0.0
    for i in range(1, len(curve)):
        (a, x), (b, y) = curve[i - 1], curve[i]
        if a >= end:
            break
        falling = 0 < y < x
        if b > end:
            y = x * (y / x) ** ((end - a) / (b - a)) if falling else x + (y - x) * (end - a) / (b - a)
            b = end
        total += (b - a) * (x - y) / math.log(x / y) if falling else (b - a) * (x + y) / 2
    return total


def best_line(points: list[tuple[float, float]]) -> tuple[float, int]:
    """Half-life and number of points by numpy's polynomial fit, all candidates compared."""
    found = []
    for m in range(3, len(points) + 1):
        t, y = (np.array(part) for part in zip(*points[-m:], strict=True))
        slope, height = np.polyfit(t, np.log(y), 1)
        rest, total = ((np.log(y) - height - slope * t) ** 2).sum(), ((np.log(y) - np.log(y).mean()) ** 2).sum()
        if slope < -1e-12 and total > 0:
            found.append((m, math.log(2) / -slope, 1 - rest / total * (m - 1) / (m - 2)))
    if not found:
        return NAN, 0
    good = [line for line in found if line[2] >= max(f[2] for f in found) - 1e-4]
    return good[-1][1], good[-1][0]


@st.composite
def courses(draw: st.DrawFn) -> list[tuple[float, float, str]]:
    """Few days (samples meet on one, also before infusion), values below and at the limit of 50, zeros, any order."""
    n = draw(st.integers(0, 9))
    day = st.sampled_from([-3.0, -0.5, 0.0, 1.0, 3.5, 7.0, 14.0, 20.0, 28.0, 28.5, 60.0])
    level = st.one_of(st.just((25.0, "<")), st.just((0.0, "")), st.tuples(st.floats(50, 5000), st.just("")))
    return [(draw(day), *draw(level)) for _ in range(n)]


@given(courses(), st.sampled_from(RULES), st.sampled_from([14.0, 28.0, 30.0]), st.booleans())
def test_a_course_written_out(rows: list[tuple[float, float, str]], rule: BelowRule, window: float, named: bool) -> None:
    days, level, signs = (list(part) for part in zip(*rows, strict=True)) if rows else ([], [], [])
    limit = [50.0 if s == "<" else NAN for s in signs] if named else None
    found = kinetics(days, level, signs, rule=rule, lower_limit=limit, window=window)
    frame = found.to_frame().iloc[0]
    for name, expected in written_out(rows, rule, 50.0, window).items():
        close(frame[name], expected, rtol=1e-9)
    by_day = {t: np.mean([v for d, v, s in rows if d == t and s != "<" and v > 0]) for t, v, s in rows if t >= 0 and s != "<" and v > 0}
    half_life, points = best_line(sorted((t, float(v)) for t, v in by_day.items() if t > found.tmax))
    assert found.half_life_points == points
    close(found.half_life, half_life, rtol=1e-6)


@settings(max_examples=40)
@given(st.lists(courses(), max_size=6), st.sampled_from(RULES), st.integers(0, 1000), st.booleans())
def test_all_patients_are_each_patient(many: list[list[tuple[float, float, str]]], rule: BelowRule, seed: int, engineered: bool) -> None:
    rows = pd.DataFrame([(f"P{i}", *row) for i, c in enumerate(many) for row in c], columns=["patient", "day", "value", "sign"])
    rows = rows.sample(frac=1, random_state=seed)
    all_of_them = kinetics_of(rows["patient"], rows["day"], rows["value"], rows["sign"], rule=rule, engineered=engineered)
    found = all_of_them.to_frame().set_index("patient")
    assert list(found.index) == [f"P{i}" for i, c in enumerate(many) if c]
    said: list[str] = []
    for i, c in enumerate(many):
        if c:
            day, level, sign = zip(*c, strict=True)
            alone = kinetics(day, level, sign, rule=rule, engineered=engineered)
            close(found.loc[f"P{i}"], alone.to_frame().iloc[0], rtol=1e-12)
            said += alone.notes
    assert sorted(all_of_them.notes) == sorted(
        f"{said.count(note)} patient{'' if said.count(note) == 1 else 's'}: {note}" for note in set(said)
    )


@given(courses(), st.sampled_from(RULES), st.floats(0.01, 100))
def test_a_change_of_unit_changes_values_and_areas_only(rows: list[tuple[float, float, str]], rule: BelowRule, factor: float) -> None:
    if not rows:
        return
    days, level, signs = zip(*rows, strict=True)
    plain, scaled = (kinetics(days, np.array(level) * f, signs, rule=rule) for f in (1.0, factor))
    close([scaled.cmax, scaled.auc_window, scaled.auc_last], np.array([plain.cmax, plain.auc_window, plain.auc_last]) * factor, rtol=1e-9)
    assert (scaled.n_below, scaled.notes, scaled.lost) == (plain.n_below, plain.notes, plain.lost)
    close([scaled.half_life, scaled.persistence], [plain.half_life, plain.persistence], rtol=1e-6)


# ---------------------------------------------------------------- edges
def unknown(found: Kinetics, *names: str) -> bool:
    return all(math.isnan(getattr(found, name)) for name in names)


def test_no_sample_after_infusion() -> None:
    for found in (kinetics([], []), kinetics([-7, -1], [3, 4])):
        assert unknown(found, "cmax", "tmax", "auc_window", "auc_last", "half_life", "last_detectable", "persistence")
        assert found.notes[0] == k.NO_SAMPLES
        assert math.isnan(found.to_frame()["lost"].iloc[0])
    assert (found.n_before, found.notes) == (2, (k.NO_SAMPLES, k.BEFORE))


def test_one_sample() -> None:
    later = kinetics([10], [300])
    assert (later.cmax, later.tmax, later.auc_last, later.lost) == (300, 10, 1500, False)
    assert later.notes == (k.OUTSIDE, k.TOO_FEW_POINTS)
    for found in (kinetics([0], [300]), kinetics([10], [300], engineered=False)):
        assert unknown(found, "auc_window", "auc_last")
        assert k.ONE_SAMPLE in found.notes


@pytest.mark.parametrize(("rule", "cmax"), [("half the limit", 25.0), ("zero", 0.0), ("last above", 25.0)])
def test_never_above_the_limit(rule: BelowRule, cmax: float) -> None:
    found = kinetics([3, 14, 28, 60], [25, 10, 25, 25], ["<"] * 4, rule=rule)
    assert (found.cmax, found.auc_last, found.persistence, found.lost, found.n_below) == (cmax, 0, 0, True, 4)
    assert unknown(found, "tmax", "half_life", "last_detectable")
    assert found.notes == (k.NEVER,)
    assert (found.auc_window > 0) == (rule != "zero")
    early = kinetics([3, 14], [25, 25], ["<", "<"], rule=rule)
    assert unknown(early, "persistence", "auc_window")
    assert early.notes == (k.NEVER, k.OUTSIDE, k.NEVER_SHORT)


def test_zero_is_not_detected_of_a_transgene_and_a_value_of_a_marker() -> None:
    cells = kinetics([0, 5, 30], [0, 8, 0])
    assert (cells.n_below, cells.last_detectable, cells.lost) == (2, 5, True)
    marker = kinetics([0, 5, 30], [0, 8, 0], engineered=False)
    assert (marker.n_below, marker.last_detectable, marker.auc_last) == (0, 30, 20 + 100)
    assert kinetics([0, 5], [0, 0]).cmax == 0


def test_a_value_above_the_assay_s_range() -> None:
    found = kinetics([1, 4, 8, 16, 32, 64], [10, 5001, 800, 400, 5001, 100], ["", ">", "", "", ">", ""])
    assert (found.cmax, found.tmax, found.n_above) == (5001, 4, 2)
    assert found.half_life_points == 3  # 800, 400, 100: what is only known to be more is not on the line
    assert k.AT_LEAST in found.notes
    assert kinetics([1, 4], [10, 30], ["", ">"], lower_limit=50).n_below == 1


def test_a_stated_limit_holds_for_all_values() -> None:
    found = kinetics([0, 5, 10], [49, 50, NAN], ["", "", "<"], lower_limit=50.0)
    assert (found.n_below, found.cmax, found.last_detectable, found.lost) == (2, 50, 5, True)
    assert found.n_samples == 3


def test_samples_of_one_day_missing_values_and_order() -> None:
    found = kinetics([30, 7, 7, 7, 3, NAN, 9], [10, 100, 300, 25, 50, 7, NAN], ["", "", "", "<", "", "", ""])
    assert (found.cmax, found.tmax, found.n_samples, found.n_used) == (200, 7, 5, 3)
    assert found.notes == (k.TOO_FEW_POINTS, k.SAME_DAY, k.MISSING)
    assert found.to_frame().equals(kinetics([3, 7, 30], [50, 200, 10]).to_frame().assign(n_samples=5, n_below=1))


def test_the_first_of_equal_peaks() -> None:
    assert kinetics([14, 7, 3], [90, 90, 1]).tmax == 7
    assert kinetics([0, 1, 1, 1], [0.2, 0.1, 0.2, 0.3]).tmax == 0  # the mean of day 1 is 0.2 and a rounding error more


def test_a_month_is_the_cohort_s() -> None:
    assert k.DAYS_PER_MONTH == model.DAYS_PER_MONTH


def test_wrong_calls_are_refused() -> None:
    wrong: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
        ("equally long", ([1, 2], [1]), {}),
        ("equally long", ([1, 2], [1, 2], [""]), {}),
        ("signs must be", ([1], [1], ["~"]), {}),
        ("rule must be one of", ([1], [1]), {"rule": "drop"}),
        ("window must be a day", ([1], [1]), {"window": 0}),
        ("lower_limit must be", ([1], [1]), {"lower_limit": [1, 2]}),
    ]
    for words, arguments, options in wrong:
        with pytest.raises(ValueError, match=words):
            kinetics(*arguments, **options)
    with pytest.raises(ValueError, match="patient must not be missing"):
        kinetics_of([None], [1], [1])
    with pytest.raises(ValueError, match="equally long"):
        kinetics_of(["a"], [1, 2], [1, 2])
    with pytest.raises(ValueError, match="nominal must be days"):
        day_profile([1], [1], nominal=[3, 3])


# ---------------------------------------------------------------- nominal days
def test_planned_visits_are_found_from_the_days_they_were_made() -> None:
    rng = np.random.default_rng(5)
    planned = np.array([0, 3, 7, 10, 14, 21, 28, 60, 90, 180])
    late = planned * 0.04
    days = planned + np.round(np.clip(rng.normal(0, 1, (60, 10)), -1.9, 1.9) / 1.9 * late)
    assert nominal_days(days.ravel())[:5].tolist() == [0, 3, 7, 10, 14]
    found = nominal_days(days.ravel())
    close(found[np.abs(found[:, None] - planned).argmin(axis=0)], planned, rtol=0.06)


def test_a_daily_course_stays_daily_and_rare_days_gather() -> None:
    assert nominal_days(np.tile(np.arange(-3, 31), 20)).tolist() == list(range(-3, 31))
    assert nominal_days([0] * 40 + [88, 90, 90, 92, 95]).tolist() == [0, 90]
    assert nominal_days([0.4, 0.2, 6.6, 7.4, NAN]).tolist() == [0, 7]
    assert nominal_days([]).tolist() == []


def test_a_sample_out_of_turn_makes_no_median() -> None:
    planned = np.array([0, 3, 7, 10, 14, 28, 90])
    days = np.r_[np.tile(planned, 20), [8, 8, 8], [12.2], [90] * 6]
    patient = np.r_[np.repeat(np.arange(20), 7), [0, 1, 2], [3], np.arange(20, 26)]
    assert 8 in nominal_days(days)
    assert common_days(days, patient).tolist() == planned.tolist()
    leaving = np.concatenate([np.arange(k) for k in range(1, 21)])  # one patient leaves every day: no day is taken away
    assert common_days(leaving, np.repeat(np.arange(20), np.arange(1, 21))).tolist() == nominal_days(leaving).tolist()
    assert common_days([], []).tolist() == []


@given(st.lists(st.integers(-10, 400), min_size=1, max_size=60))
def test_every_sample_is_near_a_nominal_day(days: list[int]) -> None:
    found = nominal_days(days)
    assert (np.diff(found) > 0).all()
    assert set(found) <= set(days)
    near = np.abs(np.array(days)[:, None] - found) <= np.minimum(np.abs(found) / 10, 15)
    assert near.any(axis=1).all()
    assert found.tolist() == nominal_days(days[::-1]).tolist()


# ---------------------------------------------------------------- medians per day
def test_medians_stay_right_below_the_limit_by_hand() -> None:
    found = day_profile([7] * 5, [25, 25, 60, 80, 100], ["<", "<", "", "", ""], nominal=[7, 14])
    assert (found.n.tolist(), found.n_below.tolist()) == ([5, 0], [2, 0])
    close(found.median, [60, NAN])
    close(found.q1, [50, NAN])  # "less than 50"
    close(found.q3, [80, NAN])
    assert (found.q1_below.tolist(), found.median_below.tolist(), found.q3_below.tolist()) == ([True, False], [False] * 2, [False] * 2)
    top = day_profile([7] * 3, [10, 20, 31], ["", "", ">"], nominal=[7])
    assert (top.median_above[0], top.q3_above[0], top.q1_above[0]) == (False, True, False)


@given(st.data())
def test_a_quantile_that_is_not_marked_does_not_depend_on_what_lies_below(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 12))
    limits = data.draw(st.lists(st.sampled_from([20.0, 50.0]), min_size=n, max_size=n))
    level = np.array(data.draw(st.lists(st.floats(1, 200), min_size=n, max_size=n)))
    below = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    share = np.array(data.draw(st.lists(st.floats(0, 1), min_size=n, max_size=n)))
    truth = np.where(below, share * limits, level)
    found = day_profile([3.0] * n, level, np.where(below, "<", ""), nominal=[3], lower_limit=np.where(below, limits, NAN))
    assert (found.n[0], found.n_below[0]) == (n, below.sum())
    for name, expected in zip(("q1", "median", "q3"), np.quantile(truth, [0.25, 0.5, 0.75]), strict=True):
        told = getattr(found, name)[0]
        if getattr(found, f"{name}_below")[0]:
            assert expected <= told * (1 + 1e-12)
        else:
            close(told, expected, rtol=1e-12)
        assert not getattr(found, f"{name}_above")[0]


@given(st.integers(0, 10_000), st.integers(1, 40))
def test_the_nearest_sample_of_each_patient_counts(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    days, level, owner = rng.integers(-2, 20, n) / 2, rng.random(n), rng.integers(0, 4, n)
    nominal = [0.0, 3.0, 7.0]
    found = day_profile(days, level, nominal=nominal, patient=[f"P{o}" for o in owner])
    for place, planned in enumerate(nominal):
        mine: list[float] = []
        for patient in range(4):
            own = [(abs(d - planned), d) for d, o in zip(days, owner, strict=True) if o == patient]
            own = [row for row in own if min(nominal, key=lambda p: (abs(p - row[1]), p)) == planned]
            if own:
                mine.append(float(np.mean(level[(days == min(own)[1]) & (owner == patient)])))
        assert found.n[place] == len(mine)
        close([found.q1[place], found.median[place], found.q3[place]], np.quantile(mine, [0.25, 0.5, 0.75]) if mine else [NAN] * 3)


def test_profiles_without_samples_or_days() -> None:
    assert day_profile([], [], nominal=[3, 7]).to_frame()["n"].tolist() == [0, 0]
    assert day_profile([1], [1], nominal=[]).to_frame().empty
    assert list(day_profile([1], [1], nominal=[1]).to_frame().columns[:6]) == ["day", "n", "n_below", "median", "q1", "q3"]
