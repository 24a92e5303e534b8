"""The Subgroups page's answer: the hazard ratio of the biomarker split, or of two products, within each level of chosen variables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from cartograph import format as fmt
from cartograph.cohort.filters import apply_filters
from cartograph.cohort.model import Cohort, Column
from cartograph.stats.counts import group_counts
from cartograph.stats.design import present_levels
from cartograph.stats.hazard import HazardRatio, InteractionTest, hazard_ratio_of, interaction_of
from cartograph.stats.results import Floats
from cartograph.stats.times import survival_input
from cartograph.views.explore import ExploreView
from cartograph.views.forest import Forest, Row
from cartograph.views.grouping import grouping
from cartograph.views.panels import MIN_FOR_P
from cartograph.views.regression import FIRST_COLUMNS, offered_columns, quantity_of

Compared = Literal["marker", "product"]
Codes = npt.NDArray[np.int64]
USUAL = 10  # variables shown at first
MOST_LEVELS = 12  # of a variable: more are not subgroups but names
LEFT_OUT = -1
SIGNIFICANT = 0.05
SMALL = f"fewer than {MIN_FOR_P} patients"
SMALL_SIDE = f"fewer than {MIN_FOR_P} patients in a group"
EXPLORATORY = "Exploratory: subgroups differ by chance too; a difference found here needs another cohort."
UNADJUSTED = "Products: unadjusted, not randomised."
NAN = float("nan")


@dataclass(frozen=True, slots=True)
class SubgroupChoice:
    """``columns``: the variables whose levels are the subgroups. ``compared``: the biomarker's groups, or ``first`` against ``second``."""

    columns: tuple[str, ...]
    compared: Compared = "marker"
    first: str = ""
    second: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class SubgroupTest:
    """Interaction of the comparison with one variable. NaN and ``reason`` when it is not given."""

    column: str
    label: str
    p_value: float
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class SubgroupResult:
    """``forest``: all patients as a diamond, then each variable with its levels. ``expected``: tests that fall below 0.05 by chance."""

    choice: SubgroupChoice
    forest: Forest
    tests: tuple[SubgroupTest, ...]
    n: int
    n_missing: int
    n_tests: int
    expected: float
    below: int
    sentence: str
    cautions: tuple[str, ...]


class _Sides(NamedTuple):
    """0 = the group that is compared with, 1 = the group compared, -1 = neither; and both in words."""

    codes: Codes
    words: str
    column: str


def subgroup_columns(cohort: Cohort) -> tuple[Column, ...]:
    """Variables known before infusion that make subgroups: categories of at most 12 levels, and numbers cut at their median."""
    found = offered_columns(cohort)
    return tuple(c for c in found if c.kind == "number" or len(present_levels(cohort.patients[c.key])) <= MOST_LEVELS)


def default_subgroups(cohort: Cohort, view: ExploreView) -> SubgroupChoice:
    """The usual variables without those that are compared; the biomarker's groups, or the products without a biomarker."""
    kept = apply_filters(cohort, view.filters)
    offered = [c.key for c in subgroup_columns(kept)]
    first = [view.split] if view.split else []
    skipped = {quantity_of(m.column) for m in view.markers}
    usual = [key for key in dict.fromkeys([*first, *FIRST_COLUMNS]) if key in offered and quantity_of(key) not in skipped]
    return SubgroupChoice(tuple((usual or offered)[:USUAL]), "marker" if view.markers else "product", *_two_products(kept))


def _two_products(cohort: Cohort) -> tuple[str, str]:
    """The two products with most patients."""
    names = products(cohort)
    if len(names) < 2:
        return "", ""
    counts = cohort.patients["product"].astype(object).value_counts()
    most = sorted(names, key=lambda name: -int(counts[name]))[:2]
    ordered = [name for name in names if name in most]
    return ordered[1], ordered[0]


def products(cohort: Cohort) -> tuple[str, ...]:
    """Products that occur, in the column's order."""
    return tuple(str(v) for v in present_levels(cohort.patients["product"])) if "product" in cohort.patients else ()


def subgroups(cohort: Cohort, view: ExploreView, choice: SubgroupChoice) -> SubgroupResult:
    """Hazard ratios (Cox; Firth where a group has no events) in all patients and in each level, and the interaction test of each variable.

    Numbers are cut at the median of the patients on screen. A level with fewer than 10 patients shows how many they are and no p; the
    interaction needs 10 patients in each group of every level that it compares. ValueError for a variable known only after infusion and
    for a comparison that the cohort does not have.
    """
    late = [c for c in choice.columns if cohort.columns[c].timing in ("post-infusion", "outcome")]
    if late:
        raise ValueError(f"{cohort.columns[late[0]].label}: known only after infusion, so it makes no subgroups from infusion on")
    kept = apply_filters(cohort, view.filters)
    sides = _sides(kept, view, choice)
    time, event = kept.survival(view.endpoint)
    known = np.isfinite(time) & (sides.codes != LEFT_OUT)
    data = survival_input(time[known], event[known])
    codes = sides.codes[known]
    overall = _row("", "All patients", "", _ratio(data.time, data.event, codes), codes)
    rows = [replace(overall, kind="overall") if math.isfinite(overall.value) else overall]
    tests: list[SubgroupTest] = []
    for key in choice.columns:
        if key == sides.column:
            continue
        levels, names = _levels(kept, key, known)
        test = _interaction(data.time, data.event, codes, levels, len(names))
        label = kept.columns[key].label
        tests.append(SubgroupTest(key, label, *test))
        rows.append(_heading(key, label, tests[-1]))
        for k, name in enumerate(names):
            inside = levels == k
            rows.append(_row(key, "", name, _ratio(data.time[inside], data.event[inside], codes[inside]), codes[inside]))
        rows += _not_known(key, data.event[levels == LEFT_OUT])
    return _result(kept, view, choice, (sides, tuple(rows), tuple(tests), int(known.sum())))


def _sides(cohort: Cohort, view: ExploreView, choice: SubgroupChoice) -> _Sides:
    """Who is compared with whom."""
    if choice.compared == "product":
        names = products(cohort)
        if choice.first not in names or choice.second not in names or choice.first == choice.second:
            raise ValueError(f"two different products are needed; the cohort has {', '.join(names) or 'none'}")
        values = cohort.patients["product"].astype(object).to_numpy()
        codes = np.select([values == choice.second, values == choice.first], [0, 1], LEFT_OUT).astype(np.int64)
        return _Sides(codes, f"{choice.first} against {choice.second}", "product")
    if not view.markers:
        raise ValueError("no biomarker is chosen whose groups could be compared")
    columns = [cohort.columns[m.column] for m in view.markers]
    made = grouping([cohort.patients[c.key].to_numpy(dtype=np.float64) for c in columns], view.markers, columns, view.combine)
    by_role = {rule.role: rule for rule in made.rules}
    low, high = by_role["low"], by_role["high"]
    codes = np.select([made.codes == low.code, made.codes == high.code], [0, 1], LEFT_OUT).astype(np.int64)
    words = f"{high.label} against {low.short if len(columns) == 1 else low.label}"
    return _Sides(codes, words, "" if len(columns) > 1 else columns[0].key)


def _levels(cohort: Cohort, column: str, known: npt.NDArray[np.bool_]) -> tuple[Codes, list[str]]:
    """Level of each known patient (-1 = not known) and the levels' names; numbers at or below their median and above it."""
    about, series = cohort.columns[column], cohort.patients[column]
    if about.kind != "number":
        levels = present_levels(series[known])
        values = series.astype(object).to_numpy()[known]
        codes = np.full(len(values), LEFT_OUT, dtype=np.int64)
        for k, level in enumerate(levels):
            codes[np.asarray(values == level, dtype=bool)] = k
        return codes, [str(level) for level in levels]
    numbers = series.to_numpy(dtype=np.float64)[known]
    measured = numbers[np.isfinite(numbers)]
    if not len(measured):
        return np.full(len(numbers), LEFT_OUT, dtype=np.int64), []
    cutoff = float(np.quantile(measured, 0.5, method="lower"))
    with np.errstate(invalid="ignore"):
        codes = np.where(np.isfinite(numbers), (numbers > cutoff).astype(np.int64), LEFT_OUT)
    unit = f" {about.unit}" if about.unit else ""
    return codes, [f"\u2264 {fmt.number(cutoff)}{unit} (median)", f"> {fmt.number(cutoff)}{unit}"]


def _ratio(time: Floats, event: Floats, codes: Codes) -> HazardRatio:
    """Cox; Firth's method where one group has no events."""
    counts = group_counts(time, event, codes, 2)
    found = hazard_ratio_of([counts])
    if found.notes and counts.n.min() and counts.n_events.max() and not counts.n_events.min():
        firth = hazard_ratio_of([counts], method="firth")
        return firth if math.isfinite(firth.value) else found
    return found


def _row(column: str, label: str, level: str, found: HazardRatio, codes: Codes) -> Row:
    """A line; without a ratio under 10 patients, without p under 10 patients in a group."""
    sizes = np.bincount(codes, minlength=2)
    counts = len(codes), found.events
    if len(codes) < MIN_FOR_P:
        return Row(column, label, level, *counts, NAN, NAN, NAN, NAN, SMALL)
    if not math.isfinite(found.value):
        return Row(column, label, level, *counts, NAN, NAN, NAN, NAN, "; ".join(found.notes))
    few = bool(sizes.min() < MIN_FOR_P)
    limits = found.ci_low, found.ci_high
    p = NAN if few else found.p_value
    return Row(column, label, level, *counts, found.value, *limits, p, SMALL_SIDE if few else "", firth=found.method.startswith("Firth"))


def _interaction(time: Floats, event: Floats, codes: Codes, levels: Codes, count: int) -> tuple[float, str]:
    """The p of the interaction, and why it is not given or how many small levels are not in it (fewer than 10 patients in a group)."""
    sizes = np.array([np.bincount(codes[levels == k], minlength=2).min() for k in range(count)])
    large = np.flatnonzero(sizes >= MIN_FOR_P)
    if len(large) < 2:
        return NAN, "too few patients" if count > 1 else "one level"
    cells = np.full(len(codes), LEFT_OUT, dtype=np.int64)
    for place, level in enumerate(large):
        inside = levels == level
        cells[inside] = 2 * place + codes[inside]
    found: InteractionTest = interaction_of(group_counts(time, event, cells, 2 * len(large)))
    left_out = count - len(large)
    words = "; ".join(found.notes) or (f"without {left_out} small level{'' if left_out == 1 else 's'}" if left_out else "")
    return found.p_value, words


def _heading(column: str, label: str, test: SubgroupTest) -> Row:
    said = f"interaction {fmt.p_equals(test.p_value)}" if math.isfinite(test.p_value) else "interaction not tested"
    note = said + (f", {test.reason}" if test.reason else "")
    return Row(column, label, "", 0, 0, NAN, NAN, NAN, NAN, kind="heading", note=note)


def _not_known(column: str, event: Floats) -> list[Row]:
    counts = len(event), int(event.sum())
    return [Row(column, "", "not known", *counts, NAN, NAN, NAN, NAN, "left out")] if len(event) else []


class _Parts(NamedTuple):
    sides: _Sides
    rows: tuple[Row, ...]
    tests: tuple[SubgroupTest, ...]
    n: int


def _result(
    cohort: Cohort, view: ExploreView, choice: SubgroupChoice, parts: tuple[_Sides, tuple[Row, ...], tuple[SubgroupTest, ...], int]
) -> SubgroupResult:
    found = _Parts(*parts)
    label = cohort.endpoints[view.endpoint].label
    ratio = "hazard ratio " + ("high vs low" if choice.compared == "marker" else f"of {choice.first}")
    forest = Forest("subgroups", f"{label} in subgroups, exploratory", found.sides.words, "HR", ratio, found.rows, test="Wald")
    tested = [t for t in found.tests if math.isfinite(t.p_value)]
    below = [t for t in tested if t.p_value < SIGNIFICANT]
    expected = SIGNIFICANT * len(tested)
    return SubgroupResult(
        choice=choice,
        forest=forest,
        tests=found.tests,
        n=found.n,
        n_missing=cohort.n - found.n,
        n_tests=len(tested),
        expected=expected,
        below=len(below),
        sentence=_sentence(found, label),
        cautions=_cautions(choice, tested, below, cohort.n - found.n),
    )


def _sentence(found: _Parts, endpoint: str) -> str:
    head = found.rows[0]
    words = f"{endpoint}, {found.sides.words}: {fmt.patients(found.n)}, {fmt.events(head.events)}"
    if not math.isfinite(head.value):
        return f"{words}; no hazard ratio ({head.reason})."
    test = "likelihood-ratio" if head.firth else "Wald"
    p = f"; {test} {fmt.p_equals(head.p_value)}" if math.isfinite(head.p_value) else f"; p not given, {head.reason}" if head.reason else ""
    return f"{words}; HR {fmt.ratio_with_limits(head.value, head.ci_low, head.ci_high)}{p}."


def _cautions(choice: SubgroupChoice, tested: Sequence[SubgroupTest], below: Sequence[SubgroupTest], missing: int) -> tuple[str, ...]:
    found = [EXPLORATORY]
    if choice.compared == "product":
        found.append(UNADJUSTED)
    if tested:
        tests = f"{len(tested)} interaction{'' if len(tested) == 1 else 's'} tested by likelihood ratio"
        many = f"{tests}: {fmt.number(SIGNIFICANT * len(tested), 2)} expected below 0.05 by chance alone"
        names = ", ".join(f"{t.label} ({fmt.p_equals(t.p_value)})" for t in below)
        found.append(f"{many}, {len(below)} found" + (f": {names}." if below else "."))
    else:
        found.append("No interaction could be tested: it needs two levels with 10 patients in each group.")
    if missing:
        found.append(f"{fmt.patients(missing)} without endpoint or in neither group left out.")
    return tuple(found)
