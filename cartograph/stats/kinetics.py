"""What one patient's course over days amounts to: highest value, when, area under the curve, half-life, persistence; medians per day.

Non-compartmental analysis as pharmacokinetics does it (Gabrielsson & Weiner, Methods Mol Biol 2012), for CAR transgene and for laboratory
values. Days count from infusion.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph.stats.results import Floats, frame_of
from cartograph.stats.times import Indices

BelowRule = Literal["half the limit", "zero", "last above"]
Flags = npt.NDArray[np.bool_]

NAN = float("nan")
DAYS_PER_MONTH: Final = 30.4375
FEWEST_POINTS: Final = 3  # of a half-life
AS_GOOD: Final = 1e-4  # adjusted r2 by which more points are preferred, the usual tolerance of non-compartmental analysis
SAME: Final = 1e-12  # relative: means of one day that differ by rounding noise only are equal peaks
FREQUENT: Final = 0.25  # share of the busiest day's samples from which a day is nominal
FEWEST_ON_A_DAY: Final = 3
COMMON: Final = 0.5  # share of the patients of a later day below which a day is none that was planned
NEAR, NEAR_AT_MOST = 0.1, 15.0  # of the day, days: samples that far from a nominal day may belong to it
RULE_WORDS: Final[dict[BelowRule, str]] = {
    "half the limit": "values below the limit stand at half the limit (M5 of Beal, J Pharmacokinet Pharmacodyn 2001)",
    "zero": "values below the limit stand at zero (M7 of Beal, J Pharmacokinet Pharmacodyn 2001)",
    "last above": "values below the limit after the last value above it are left out, earlier ones stand at half the limit",
}
NO_SAMPLES: Final = "no sample from infusion on"
NEVER: Final = "never above the limit: Cmax stands where the rule puts values below it, there is no Tmax"
NEVER_SHORT: Final = "never above the limit and not sampled to the end of the window: persistence not known"
ONE_SAMPLE: Final = "one sample: no area under a curve"
OUTSIDE: Final = "no samples on both sides of the end of the window: no area to it"
LATE_START: Final = "first sample after day 0: the areas start there"
TOO_FEW_POINTS: Final = "fewer than 3 values above the limit after the peak: no half-life"
NO_FALL: Final = "values do not fall after the peak: no half-life"
AT_LEAST: Final = "a value above the assay's range: Cmax and areas are at least this"
SAME_DAY: Final = "several samples on one day: their mean"
BEFORE: Final = "samples before infusion: not used"
MISSING: Final = "samples without a day or a value: not used"
QUARTERS: Final = (0.25, 0.5, 0.75)
PROFILE: Final = "median and quartiles of the samples nearest to each nominal day, values below the limit counted as lowest"


@dataclass(frozen=True, slots=True, eq=False)
class Kinetics:
    """One patient's course. NaN = not estimable, ``notes`` say why.

    ``cmax``: highest value, in the unit of the values; ``tmax``: its day, the first of equal ones. ``auc_window``: area to day ``window``,
    ``auc_last``: area to the last value above the limit, in unit x days. ``half_life``: days, with the ``adjusted_r2`` and the number of
    values of its line. ``last_detectable``: last day with a value above the limit. ``persistence``: months; ``lost`` True = the first
    sample without transgene after the last one with it, False = still detectable at the last sample (censored there), or not known.

    ``n_samples``: from infusion on; of them ``n_below`` below the limit and ``n_above`` above the assay's range; ``n_used``: days that
    count in the areas; ``n_before``: samples before infusion, not used.
    """

    cmax: float
    tmax: float
    auc_window: float
    auc_last: float
    half_life: float
    adjusted_r2: float
    half_life_points: int
    last_detectable: float
    persistence: float
    lost: bool
    n_samples: int
    n_used: int
    n_below: int
    n_above: int
    n_before: int
    window: float
    rule: BelowRule
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row: the columns of ``MEASURED``; lost is 1, 0, or NaN where persistence is not known."""
        return pd.DataFrame([_row(self)], columns=list(MEASURED))


MEASURED: Final = (
    "cmax",
    "tmax",
    "auc_window",
    "auc_last",
    "half_life",
    "adjusted_r2",
    "half_life_points",
    "last_detectable",
    "persistence",
    "lost",
    "n_samples",
    "n_used",
    "n_below",
    "n_above",
    "n_before",
)


@dataclass(frozen=True, slots=True, eq=False)
class CohortKinetics:
    """The courses of all patients. ``table``: one row per patient that has a sample, in order of patient: patient and ``MEASURED``."""

    table: pd.DataFrame
    window: float
    rule: BelowRule
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per patient."""
        return self.table


@dataclass(frozen=True, slots=True, eq=False)
class DayProfile:
    """Median and quartiles of a group at nominal days; arrays of one entry per nominal day, NaN = nobody was sampled.

    ``n``: patients sampled, of them ``n_below`` below the limit. ``q1``, ``median``, ``q3``: quantiles (R's type 7). Where ``q1_below``
    (``median_below``, ``q3_below``) is True the quantile rests on a value below the limit and is less than the number given; where
    ``..._above`` is True it rests on a value above the assay's range and is more.
    """

    day: Floats
    n: Indices
    n_below: Indices
    median: Floats
    q1: Floats
    q3: Floats
    median_below: Flags
    q1_below: Flags
    q3_below: Flags
    median_above: Flags
    q1_above: Flags
    q3_above: Flags
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per nominal day: day, n, n_below, median, q1, q3, and for each quantile whether it is less or more than given."""
        bounds = [f"{quantile}_{side}" for side in ("below", "above") for quantile in ("median", "q1", "q3")]
        return frame_of(self, ["day", "n", "n_below", "median", "q1", "q3", *bounds])


# ---------------------------------------------------------------- one patient, all patients
def kinetics(
    days: npt.ArrayLike,
    values: npt.ArrayLike,
    signs: npt.ArrayLike | None = None,
    *,
    rule: BelowRule = "half the limit",
    lower_limit: npt.ArrayLike | None = None,
    engineered: bool = True,
    window: float = 28.0,
) -> Kinetics:
    """The course of one patient; the samples may come in any order.

    ``days``: from infusion, day 0 is not before it; ``values``: one per sample; ``signs``: "" measured, "<" below the limit, ">" above
    the assay's range (its value counts as it stands, a note says so), None = all measured. ``lower_limit``: the limit, for all samples or
    one for each (NaN = none); a value below it is below the limit too. Without one, a value with the sign "<" is half its limit, as a
    cohort reads "<50" as 25. ``engineered``: True = not there before infusion (CAR transgene): the area starts from 0 at day 0 where day 0
    was not sampled, and a value of 0 is not detected; False = a laboratory value: the area starts at the first sample, 0 is a value, and
    there is no persistence. ``window``: last day of ``auc_window``.

    ``rule`` for values below the limit: "half the limit"; "zero"; "last above": left out after the last value above the limit (nothing
    is added to the areas there), half the limit before it, and half the limit everywhere when no value is above. Cmax is the highest value
    above the limit. Someone who was never above it has a Cmax as the rule puts it, no Tmax, an area to the last value of 0, and a
    persistence of 0 months when sampled to the end of the window.

    Areas: trapezoids, linear where values rise or reach 0, logarithmic where they fall; at the end of the window the value between two
    samples lies on the same line. Half-life: log 2 over the slope of log values on days, of the last 3 or more values above the limit after
    the peak, as many as give the best adjusted r2 (more when it is within 0.0001 of the best). Several samples of one day count as the
    mean of those above the limit, where there are any. ValueError for lists of different lengths, unknown signs or rules, a window that is
    not after day 0.
    """
    asked = _asked(rule, window, engineered)
    samples = _samples(np.zeros(np.size(days), dtype=np.int64), days, values, signs, lower_limit, engineered)
    return _of_patient(_courses(samples, 1), 0, asked)


def kinetics_of(
    patient: npt.ArrayLike,
    days: npt.ArrayLike,
    values: npt.ArrayLike,
    signs: npt.ArrayLike | None = None,
    *,
    rule: BelowRule = "half the limit",
    lower_limit: npt.ArrayLike | None = None,
    engineered: bool = True,
    window: float = 28.0,
) -> CohortKinetics:
    """The courses of all patients, see ``kinetics``. ``patient``: whose sample it is, a label without missing values.

    Patients without any sample are not in the table. The notes count the patients that each note of a course is said of.
    """
    asked = _asked(rule, window, engineered)
    owners = pd.Series(np.asarray(patient))
    if owners.isna().any():
        raise ValueError("patient must not be missing: every sample is somebody's")
    codes, names = pd.factorize(owners, sort=True)
    courses = _courses(_samples(codes.astype(np.int64), days, values, signs, lower_limit, engineered), len(names))
    found = [_of_patient(courses, k, asked) for k in range(len(names))]
    table = pd.DataFrame([_row(k) for k in found], columns=list(MEASURED))
    table.insert(0, "patient", np.asarray(names))
    said = Counter(note for k in found for note in k.notes)
    notes = tuple(f"{n:,} patient{'' if n == 1 else 's'}: {note}" for note, n in said.most_common())
    return CohortKinetics(table, asked.window, rule, asked.method, notes)


def _row(found: Kinetics) -> tuple[float, ...]:
    lost = float(found.lost) if math.isfinite(found.persistence) else NAN
    return tuple(lost if name == "lost" else getattr(found, name) for name in MEASURED)


# ---------------------------------------------------------------- input
class _Asked(NamedTuple):
    rule: BelowRule
    window: float
    engineered: bool
    method: str


class _Samples(NamedTuple):
    """One entry per sample with a day and a value. ``limit``: 0 where there is none."""

    patient: Indices
    day: Floats
    value: Floats
    below: Flags
    above: Flags
    limit: Floats
    missing: Indices  # patients of samples without a day or a value, one entry per sample

    def some(self, which: Indices) -> _Samples:
        """Some of the samples, in the order asked for."""
        parts = (self.day[which], self.value[which], self.below[which], self.above[which], self.limit[which])
        return _Samples(self.patient[which], *parts, missing=self.missing)


class _Courses(NamedTuple):
    """One entry per patient and day from infusion on, in order. ``start``: where each patient begins, and the end."""

    start: list[int]
    day: list[float]
    value: list[float]  # mean of those above the limit
    limit: list[float]  # the largest
    there: list[bool]  # True = above the limit
    above: list[bool]
    samples: list[int]  # these and the following: per patient
    below: list[int]
    beyond: list[int]
    before: list[int]
    missing: list[int]


def _asked(rule: BelowRule, window: float, engineered: bool) -> _Asked:
    if rule not in get_args(BelowRule):
        raise ValueError(f"rule must be one of {', '.join(repr(r) for r in get_args(BelowRule))}; got {rule!r}")
    if not (math.isfinite(window) and window > 0):
        raise ValueError(f"window must be a day after infusion; got {window}")
    start = "from 0 at day 0 where it was not sampled" if engineered else "from the first sample"
    how = f"non-compartmental: {RULE_WORDS[rule]}; areas linear up and logarithmic down, {start}; several samples of a day: their mean"
    return _Asked(rule, float(window), engineered, how)


def _samples(
    patient: Indices,
    days: npt.ArrayLike,
    values: npt.ArrayLike,
    signs: npt.ArrayLike | None,
    limits: npt.ArrayLike | None,
    zero_is_below: bool,
) -> _Samples:
    day, value = np.asarray(days, dtype=np.float64), np.asarray(values, dtype=np.float64)
    sign = np.full(day.shape, "", dtype=object) if signs is None else np.asarray(signs, dtype=object)
    if day.ndim != 1 or not day.shape == value.shape == sign.shape == patient.shape:
        raise ValueError(f"days, values and signs must be equally long lists; got shapes {day.shape}, {value.shape} and {sign.shape}")
    if not np.isin(sign, ("", "<", ">")).all():
        raise ValueError(f"signs must be '', '<' or '>'; got {sorted(set(map(str, sign)) - {'', '<', '>'})}")
    given = np.asarray(NAN if limits is None else limits, dtype=np.float64)
    if given.shape not in ((), day.shape):
        raise ValueError(f"lower_limit must be one number or one for each of the {len(day)} samples; got shape {given.shape}")
    given = np.broadcast_to(given, day.shape)
    less = np.asarray(sign == "<", dtype=bool)
    limit = np.where(np.isfinite(given), given, np.where(less, 2 * value, 0.0))
    below = less | (np.isfinite(given) & (value < given) & (sign != ">")) | (zero_is_below & (value <= 0))
    known = np.isfinite(day) & (np.isfinite(value) | (less & np.isfinite(given)))
    kept = (patient[known], day[known], value[known], below[known], np.asarray(sign == ">", dtype=bool)[known], limit[known])
    return _Samples(*kept, missing=patient[~known])


def _courses(given: _Samples, n: int) -> _Courses:
    """Samples of one patient and day together; those before infusion are counted only."""
    after = np.flatnonzero(given.day >= 0)
    order = after[np.lexsort((given.day[after], given.patient[after]))]
    new = np.ones(len(order), dtype=bool)
    new[1:] = (np.diff(given.patient[order]) != 0) | (np.diff(given.day[order]) != 0)
    found = _together(given.some(order), np.cumsum(new) - 1, int(new.sum()))
    owner = given.patient[order][new]

    def per_patient(which: Indices) -> list[int]:
        return [int(count) for count in np.bincount(which, minlength=n)]

    return _Courses(
        start=np.searchsorted(owner, np.arange(n + 1)).tolist(),
        day=given.day[order][new].tolist(),
        value=found.value.tolist(),
        limit=found.limit.tolist(),
        there=found.there.tolist(),
        above=found.above.tolist(),
        samples=per_patient(given.patient[after]),
        below=per_patient(given.patient[after][given.below[after]]),
        beyond=per_patient(given.patient[after][given.above[after]]),
        before=per_patient(given.patient[given.day < 0]),
        missing=per_patient(given.missing),
    )


class _Together(NamedTuple):
    """Samples put together.

    ``value``: mean of those above the limit (0 = none); ``limit``: the largest; ``there``: True = one is above the limit; ``above``: True =
    one is above the assay's range.
    """

    value: Floats
    limit: Floats
    there: Flags
    above: Flags


def _together(given: _Samples, group: Indices, n: int) -> _Together:
    """``group``: of each sample, 0 to n - 1."""
    measured = np.bincount(group, weights=~given.below, minlength=n)
    total = np.bincount(group, weights=np.where(given.below, 0.0, given.value), minlength=n)
    limit = np.zeros(n)
    np.maximum.at(limit, group, given.limit)
    beyond = np.bincount(group, weights=given.above, minlength=n) > 0
    return _Together(total / np.maximum(measured, 1), limit, measured > 0, beyond)


# ---------------------------------------------------------------- the course of one patient
class _Course(NamedTuple):
    """Days ascending, where each value stands under the rule, and whether it is above the limit."""

    day: list[float]
    value: list[float]
    there: list[bool]

    @property
    def last(self) -> int:
        """Place of the last value above the limit, -1 = none."""
        return max((i for i, there in enumerate(self.there) if there), default=-1)


class _Line(NamedTuple):
    half_life: float
    adjusted_r2: float
    points: int
    note: str


def _of_patient(all_of_them: _Courses, k: int, asked: _Asked) -> Kinetics:
    inside = slice(all_of_them.start[k], all_of_them.start[k + 1])
    course = _standing(all_of_them, inside, asked.rule)
    cmax, tmax = _peak(course)
    to_window, to_last, area_notes = _areas(course, asked)
    quantified = [(t, v) for t, v, there, above in zip(*course, all_of_them.above[inside], strict=True) if there and not above and v > 0]
    line = _terminal([p for p in quantified if p[0] > tmax])
    lasting, lost, unknown = _persistence(course, asked)
    last = course.last
    n = all_of_them.samples[k]
    left_out = len(course.day) - 1 - last if asked.rule == "last above" and last >= 0 else 0
    return Kinetics(
        cmax=cmax,
        tmax=tmax,
        auc_window=to_window,
        auc_last=to_last,
        half_life=line.half_life,
        adjusted_r2=line.adjusted_r2,
        half_life_points=line.points,
        last_detectable=course.day[last] if last >= 0 else NAN,
        persistence=lasting,
        lost=lost,
        n_samples=n,
        n_used=len(course.day) - left_out,
        n_below=all_of_them.below[k],
        n_above=all_of_them.beyond[k],
        n_before=all_of_them.before[k],
        window=asked.window,
        rule=asked.rule,
        method=asked.method,
        notes=_said(all_of_them, k, course, (*area_notes, line.note if last >= 0 else "", unknown)),
    )


def _said(all_of_them: _Courses, k: int, course: _Course, found: Sequence[str]) -> tuple[str, ...]:
    """The notes of one patient. ``found``: those of the areas, of the half-life and of persistence, "" = nothing to say."""
    n = all_of_them.samples[k]
    said = {
        NO_SAMPLES: not n,
        NEVER: bool(n) and course.last < 0,
        **dict.fromkeys(found, bool(n)),
        AT_LEAST: all_of_them.beyond[k] > 0,
        SAME_DAY: n > len(course.day),
        BEFORE: all_of_them.before[k] > 0,
        MISSING: all_of_them.missing[k] > 0,
    }
    return tuple(note for note, true in said.items() if note and true)


def _standing(courses: _Courses, inside: slice, rule: BelowRule) -> _Course:
    there, share = courses.there[inside], 0.0 if rule == "zero" else 0.5
    parts = zip(courses.value[inside], courses.limit[inside], there, strict=True)
    return _Course(courses.day[inside], [v if above else share * limit for v, limit, above in parts], there)


def _peak(course: _Course) -> tuple[float, float]:
    """Highest value above the limit and its first day; of somebody never above it the highest that stands, without a day."""
    found = [(v, t) for t, v, there in zip(*course, strict=True) if there]
    if not found:
        return max(course.value, default=NAN), NAN
    cmax = max(v for v, _ in found)
    return cmax, next(t for v, t in found if math.isclose(v, cmax, rel_tol=SAME))


def _areas(course: _Course, asked: _Asked) -> tuple[float, float, list[str]]:
    """Area to the end of the window, area to the last value above the limit, and what must be said of them."""
    if not course.day:
        return NAN, NAN, []
    days, values, last = list(course.day), list(course.value), course.last
    ended = asked.rule == "last above" and last >= 0  # nothing is added after the last value above the limit
    if asked.engineered and days[0] > 0:
        days, values, last = [0.0, *days], [0.0, *values], last + 1 if last >= 0 else last
    if len(days) < 2:
        return NAN, NAN, [ONE_SAMPLE]
    notes = [] if days[0] == 0 else [LATE_START]
    known = course.day[0] <= asked.window <= course.day[-1] and days[0] < asked.window
    stop = last + 1 if ended else len(days)
    to_window = area(days[:stop], values[:stop], until=asked.window) if known else NAN
    to_last = area(days[: last + 1], values[: last + 1]) if last >= 0 else 0.0
    return to_window, to_last, notes if known else [*notes, OUTSIDE]


def _persistence(course: _Course, asked: _Asked) -> tuple[float, bool, str]:
    """Months, True = lost, and why it is not known."""
    if not asked.engineered or not course.day:
        return NAN, False, ""
    last, end = course.last, len(course.day) - 1
    if last < 0:
        return (0.0, True, "") if course.day[end] >= asked.window else (NAN, False, NEVER_SHORT)
    return course.day[min(last + 1, end)] / DAYS_PER_MONTH, last < end, ""


def _terminal(points: list[tuple[float, float]]) -> _Line:
    """``points``: days and values after the peak, ascending. The line with the best adjusted r2 that falls."""
    if len(points) < FEWEST_POINTS:
        return _Line(NAN, NAN, 0, TOO_FEW_POINTS)
    falling = [line for line in _lines(points) if line[1] < 0]
    if not falling:
        return _Line(NAN, NAN, 0, NO_FALL)
    best = max(fit for _, _, fit in falling)
    m, slope, fit = max(line for line in falling if line[2] >= best - AS_GOOD)
    return _Line(-math.log(2) / slope, fit, m, "")


def _lines(points: list[tuple[float, float]]) -> list[tuple[int, float, float]]:
    """Least-squares lines of log values through the last 3, 4 ... points: number of points, slope, adjusted r2.

    Points are added one by one to means and sums of squares around them (Welford, Technometrics 1962): a long course costs one pass.
    """
    found: list[tuple[int, float, float]] = []
    middle = height = spread = rise = total = 0.0
    for n, (t, value) in enumerate(reversed(points), start=1):
        y = math.log(value)
        across, up = t - middle, y - height
        middle, height = middle + across / n, height + up / n
        spread, rise, total = spread + across * (t - middle), rise + across * (y - height), total + up * (y - height)
        if n >= FEWEST_POINTS and total > 0:
            r2 = min(rise * rise / (spread * total), 1.0)
            found.append((n, rise / spread, 1 - (1 - r2) * (n - 1) / (n - 2)))
    return found


# ---------------------------------------------------------------- area under a curve
def area(days: Sequence[float], values: Sequence[float], *, until: float = math.inf) -> float:
    """Area under a course, linear where values rise or reach 0, logarithmic where they fall, to the last day or to day ``until``.

    ``days`` ascending, no two equal. Between two samples the value at ``until`` lies on the line (rising) or on the exponential (falling).
    ValueError for different lengths.
    """
    total = 0.0
    for (start, first), (end, last) in pairwise(zip(days, values, strict=True)):
        if end <= until:
            total += _piece(end - start, first, last)
        elif start < until:
            share = (until - start) / (end - start)
            if _logarithmic(first, last):
                total += _piece(until - start, first, math.exp(math.log(first) + share * (math.log(last) - math.log(first))))
            else:
                total += (until - start) * (first + share * (last - first) / 2)
    return total


def _logarithmic(first: float, last: float) -> bool:
    return 0 < last < first


def _piece(width: float, first: float, last: float) -> float:
    if not _logarithmic(first, last):
        return width * (first + last) / 2
    excess = (first - last) / last
    fall = math.log1p(excess) if excess < 1 else math.log(first) - math.log(last)
    return width * (first - last) / fall


# ---------------------------------------------------------------- groups over days
def nominal_days(days: npt.ArrayLike) -> Floats:
    """The days on which samples were probably planned, ascending, from the days on which they were taken.

    First every whole day with at least a quarter of the busiest day's samples, and at least 3, so daily courses stay daily. Samples that
    are near one of those belong to it: within a tenth of the day, 15 days at most. Of the others, again and again, the day that has most
    of them near it (the one with most samples of its own, then the earlier one, where several have).
    """
    given = np.asarray(days, dtype=np.float64)
    whole, count = np.unique(np.floor(given[np.isfinite(given)] + 0.5), return_counts=True)
    if not len(whole):
        return np.empty(0)
    frequent = count >= max(FREQUENT * float(count.max()), FEWEST_ON_A_DAY)
    near = np.abs(whole[:, None] - whole) <= np.minimum(NEAR * np.abs(whole), NEAR_AT_MOST)[:, None]  # row: nominal, column: sampled
    found = whole[frequent].tolist()
    left = ~near[frequent].any(axis=0)
    while left.any():
        around = (near[:, left] * count[left]).sum(axis=1) * left
        chosen = int(np.lexsort((whole, -count, -around))[0])
        found.append(float(whole[chosen]))
        left &= ~near[chosen]
    return np.array(sorted(found))


def common_days(days: npt.ArrayLike, patient: npt.ArrayLike) -> Floats:
    """The nominal days that most were sampled on: without those with fewer than half of the patients of some later day.

    Extra samples are taken of whom something happens to (a peak, a fever): a median of them alone would show a spike that nobody had.
    """
    given, owner = np.asarray(days, dtype=np.float64), np.asarray(patient)
    found = nominal_days(given)
    if not len(found):
        return found
    known = np.isfinite(given)
    place = np.searchsorted((found[1:] + found[:-1]) / 2, given[known])
    people = pd.Series(owner[known]).groupby(place).nunique().reindex(range(len(found)), fill_value=0).to_numpy()
    later = np.maximum.accumulate(people[::-1])[::-1]
    common: Floats = found[people >= COMMON * later]
    return common


def day_profile(
    days: npt.ArrayLike,
    values: npt.ArrayLike,
    signs: npt.ArrayLike | None = None,
    *,
    nominal: npt.ArrayLike,
    patient: npt.ArrayLike | None = None,
    lower_limit: npt.ArrayLike | None = None,
) -> DayProfile:
    """Median and quartiles at nominal days, ``nominal`` ascending (planned, or from ``nominal_days``).

    Every sample belongs to the nearest nominal day (the earlier of two equally near). ``patient``: whose sample it is; of several of a
    patient at one nominal day the nearest counts (the earlier of two, the mean of several of one day); None = every sample is somebody
    else's. ``days``, ``values``, ``signs``, ``lower_limit`` as in ``kinetics``.

    A value below the limit counts as lower than all measured above its limit: a quantile is given as it is when it does not depend on how
    far below the limit such values lie, otherwise it is marked as less than the number it would be with them at the limit.
    """
    planned = np.asarray(nominal, dtype=np.float64)
    if planned.ndim != 1 or not np.isfinite(planned).all() or (np.diff(planned) <= 0).any():
        raise ValueError("nominal must be days, ascending, each once")
    count = np.size(days)
    owner = np.arange(count, dtype=np.int64) if patient is None else pd.factorize(pd.Series(np.asarray(patient)))[0].astype(np.int64)
    samples = _samples(owner, days, values, signs, lower_limit, zero_is_below=False)
    table = pd.DataFrame([_quantiles(part) for part in _at_each(samples, planned)], columns=list(_Quantiles._fields))
    height = {name: table[name].to_numpy(dtype=np.float64) for name in ("median", "q1", "q3")}
    bound = {name: table[name].to_numpy(dtype=bool) for name in _Quantiles._fields[5:]}
    return DayProfile(
        day=planned,
        n=table["n"].to_numpy(dtype=np.int64),
        n_below=table["n_below"].to_numpy(dtype=np.int64),
        median=height["median"],
        q1=height["q1"],
        q3=height["q3"],
        median_below=bound["median_below"],
        q1_below=bound["q1_below"],
        q3_below=bound["q3_below"],
        median_above=bound["median_above"],
        q1_above=bound["q1_above"],
        q3_above=bound["q3_above"],
        method=PROFILE,
    )


class _Quantiles(NamedTuple):
    n: int
    n_below: int
    q1: float
    median: float
    q3: float
    q1_below: bool
    median_below: bool
    q3_below: bool
    q1_above: bool
    median_above: bool
    q3_above: bool


def _at_each(given: _Samples, nominal: Floats) -> list[_Together]:
    """The sample of each patient at each nominal day: the nearest, the earlier of two, the mean of several of that one day."""
    place = np.searchsorted((nominal[1:] + nominal[:-1]) / 2, given.day)  # a day in the middle goes to the earlier one
    if not len(nominal) or not len(place):
        return [_together(given, np.empty(0, dtype=np.int64), 0) for _ in nominal]
    apart = np.abs(given.day - nominal[place])
    order = np.lexsort((given.day, apart, given.patient, place))
    new = np.ones(len(order), dtype=bool)
    new[1:] = (np.diff(place[order]) != 0) | (np.diff(given.patient[order]) != 0)
    group = np.cumsum(new) - 1
    chosen = given.day[order] == given.day[order][new][group]
    kept, group = order[chosen], group[chosen]
    found = _together(given.some(kept), group, int(new.sum()))
    owner = place[order][new]
    return [_Together(*(part[owner == k] for part in found)) for k in range(len(nominal))]


def _quantiles(found: _Together) -> _Quantiles:
    """Quantiles with values below the limit at it; lowered as far as can be they show which quantiles rest on them, so those above."""
    n, below = len(found.value), ~found.there
    if not n:
        return _Quantiles(0, 0, NAN, NAN, NAN, *[False] * 6)
    at_limit = np.where(below, found.limit, found.value)
    far = 1.0 + 2.0 * float(np.abs(at_limit).max())
    given, lowered, raised = (
        np.quantile(v, QUARTERS) for v in (at_limit, np.where(below, -far, at_limit), np.where(found.above, far, at_limit))
    )
    return _Quantiles(n, int(below.sum()), *given.tolist(), *(lowered < given).tolist(), *(raised > given).tolist())
