"""Table 1: who the patients are, overall and by group, with what is not known and how far apart the groups stand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph import format as fmt
from cartograph.cohort.filters import apply_filters
from cartograph.cohort.model import Cohort, Column
from cartograph.stats.balance import BALANCED, StandardisedDifference, difference_of_categories, difference_of_numbers
from cartograph.stats.design import present_levels
from cartograph.stats.group_tests import CountTest, GroupTest, independence, kruskal_wallis, rank_sum
from cartograph.stats.results import Floats
from cartograph.views.defaults import split_columns
from cartograph.views.explore import ExploreView
from cartograph.views.grouping import grouping
from cartograph.views.names import short_names
from cartograph.views.panels import MIN_FOR_P, TOO_FEW
from cartograph.views.provenance import sources

Statistic = Literal["median (range)", "median (IQR)", "mean (SD)"]
Tests = CountTest | Literal["none"]
RowKind = Literal["number", "heading", "level", "missing"]
Labels = npt.NDArray[np.object_]
STATISTICS: tuple[Statistic, ...] = ("median (range)", "median (IQR)", "mean (SD)")
TESTS: tuple[Tests, ...] = ("none", "fisher", "chi-squared", "chi-squared, Yates")
BY_MARKER = ":marker"  # no column has this key: headers become words
MOST_LEVELS = 12  # of a category that are shown one by one
QUICK_GROUPS = 3  # beyond them, or beyond two groups of so many patients together, Fisher's tests of a table take seconds
QUICK_PATIENTS = 300
CHANCE = 1.959963984540054  # two standard errors hold 95 % of the differences that chance makes
NAN = float("nan")
NOT_KNOWN = "Not known"
UNADJUSTED = "Products: unadjusted, not randomised."
DISCOURAGED = (
    "Tests in a Table 1 are discouraged: with many patients trifles fall below p = 0.05, with few patients large differences do not. "
    "The standardised difference says how far apart the groups are; adjust for what matters, whatever its p."
)
OUTCOMES = "Known only after infusion: outcomes, not baseline. No difference and no test is given for them here."
FIRST_COLUMNS = (
    "age",
    "sex",
    "ecog",
    "iss",
    "r_iss",
    "high_risk_cytogenetics",
    "extramedullary",
    "prior_lines",
    "prior_asct",
    "triple_class_refractory",
    "penta_exposed",
    "penta_refractory",
    "prior_bcma",
    "bridging",
    "marrow_plasma_cells",
    "ferritin_pre",
    "ferritin_d0",
    "crp_pre",
    "crp_d0",
    "ldh_pre",
    "b2m_pre",
    "platelets_pre",
    "hemoglobin_pre",
)
USUAL = 24


@dataclass(frozen=True, slots=True)
class BaselineChoice:
    """The page's own choices. ``columns`` in the order of the table; ``by``: a column's key, BY_MARKER or "" for all patients only."""

    columns: tuple[str, ...]
    by: str = ""
    statistic: Statistic = "median (range)"
    tests: Tests = "none"


@dataclass(frozen=True, slots=True)
class TableGroup:
    """One column of numbers. ``n``: its patients, with or without values."""

    label: str
    n: int


@dataclass(frozen=True, slots=True)
class Cell:
    """``count`` of ``total`` patients.

    In the line of a level: those of the level, of those with a value; of a number: those with a value, of all; of "not known": those
    without, of all. ``value``, ``low``, ``high``: the statistic, NaN where there is none (an SD stands in ``low`` and has no ``high``).
    """

    count: int
    total: int
    value: float = NAN
    low: float = NAN
    high: float = NAN


@dataclass(frozen=True, slots=True)
class TableRow:
    """One line. ``cells``: one for each group, the overall first; a heading has none."""

    kind: RowKind
    label: str
    cells: tuple[Cell, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class TableVariable:
    """A column of the cohort in the table. ``difference``, ``test`` None = not given; ``reason``: why the p is not."""

    column: str
    label: str
    outcome: bool
    rows: tuple[TableRow, ...]
    difference: StandardisedDifference | None
    test: GroupTest | None
    reason: str
    note: str


@dataclass(frozen=True, slots=True)
class LoveRow:
    """One variable of a Love plot. ``before``, ``after``: standardised differences, NaN = none; ``pair``: which of more than two groups.

    ``n``: patients with a value in a group; ``n_missing``: those of a group without; 0 and 0 = not said.
    """

    label: str
    before: float
    after: float = NAN
    pair: str = ""
    n: int = 0
    n_missing: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Love:
    """A Love plot. ``chance``: what 95 % of the differences of alike groups of this size stay below, NaN = not said.

    ``names``: what ``before`` and ``after`` are called; without the second there are no filled dots.
    """

    key: str
    title: str
    subtitle: str
    rows: tuple[LoveRow, ...]
    names: tuple[str, str] = ("as they are", "")
    limit: float = BALANCED
    chance: float = NAN

    def to_frame(self) -> pd.DataFrame:
        """One row per variable: variable, standardised_difference (and weighted_difference), groups, n, n_missing."""
        data = {"variable": [r.label for r in self.rows], "standardised_difference": [r.before for r in self.rows]}
        if self.names[1]:
            data["weighted_difference"] = [r.after for r in self.rows]
        counts = {"n": [r.n for r in self.rows], "n_missing": [r.n_missing for r in self.rows]}
        return pd.DataFrame({**data, "groups": [r.pair for r in self.rows], **counts})


@dataclass(frozen=True, slots=True, eq=False)
class BaselineResult:
    """The page's answer. ``groups``: all patients first; ``without_group``: patients in the first only."""

    choice: BaselineChoice
    title: str
    by: str
    groups: tuple[TableGroup, ...]
    variables: tuple[TableVariable, ...]
    love: Love | None
    without_group: int
    sentence: str
    cautions: tuple[str, ...]
    notes: tuple[str, ...]
    method: str

    def to_frame(self) -> pd.DataFrame:
        """One row per variable, line and group: the counts and the statistic of its cell, the variable's difference and p value."""
        rows = [
            [v.label, r.label, r.kind, g.label, g.n, c.count, c.total, c.value, c.low, c.high, _value(v.difference), _p(v)]
            for v in self.variables
            for r in v.rows
            for g, c in zip(self.groups, r.cells, strict=False)
        ]
        names = ["variable", "line", "kind", "group", "n_group", "count", "total", "value", "low", "high", "difference", "p_value"]
        return pd.DataFrame(rows, columns=names)


def _value(of: StandardisedDifference | None) -> float:
    return NAN if of is None else of.value


def _p(of: TableVariable) -> float:
    return of.test.p_value if of.test is not None and not of.reason else NAN


# ---------------------------------------------------------------- what can be chosen


def table_columns(cohort: Cohort) -> tuple[Column, ...]:
    """Columns that a table can show: numbers, categories and flags, those before infusion first."""
    found = [c for c in cohort.columns_of("number", "category", "flag") if c.key in cohort.patients]
    return tuple(sorted(found, key=is_outcome))


def is_outcome(column: Column) -> bool:
    """True for what is known only after infusion."""
    return column.timing in ("post-infusion", "outcome")


def group_choices(cohort: Cohort, view: ExploreView) -> dict[str, str]:
    """What the table can be split by, with its name: nothing, the biomarker's groups, any category known before infusion."""
    markers = {BY_MARKER: " and ".join(cohort.columns[m.column].label for m in view.markers)} if view.markers else {}
    return {"": "All patients together", **{c.key: c.label for c in split_columns(cohort)}, **markers}


def default_baseline(cohort: Cohort, view: ExploreView) -> BaselineChoice:
    """The columns that a paper shows, by what stands side by side in the sidebar."""
    offered = {c.key: c for c in table_columns(cohort) if not is_outcome(c) and cohort.patients[c.key].notna().any()}
    usual = [key for key in (*FIRST_COLUMNS, *(m.column for m in view.markers)) if key in offered and key != view.split]
    others = [key for key in offered if key != view.split]
    by = view.split if view.split in group_choices(cohort, view) else ""
    return BaselineChoice(tuple(dict.fromkeys(usual or others))[:USUAL], by)


# ---------------------------------------------------------------- the table


class _Groups(NamedTuple):
    """``labels``: group of each patient, None = in none; ``names`` in order; ``defining``: keys of the columns that make them."""

    labels: Labels
    names: tuple[str, ...]
    title: str
    defining: tuple[str, ...]


def takes_seconds(cohort: Cohort, view: ExploreView, choice: BaselineChoice) -> bool:
    """True where Fisher's tests of many groups must list or simulate so many tables that one has to wait for them."""
    if choice.tests != "fisher":
        return False
    kept = apply_filters(cohort, view.filters)
    groups = len(_groups(kept, view, choice.by).names)
    return groups > QUICK_GROUPS or (groups > 2 and kept.n > QUICK_PATIENTS)


def baseline(
    cohort: Cohort, view: ExploreView, choice: BaselineChoice, *, progress: Callable[[float], None] | None = None
) -> BaselineResult:
    """Table 1 of the patients that pass the view's filters.

    Numbers: the chosen statistic of those with a value (quantiles as R's type 7, SD with n - 1); categories: every level, beyond 12 the
    most frequent 11 and the rest together. Differences and tests stand on what the table shows, and leave out those without a value. A p
    is withheld below 10 patients with a value in a group. ``progress`` is called with 0 to 1 after each column; what it raises is not
    caught. ValueError for a group known only after infusion and for an unknown column.
    """
    unknown = [key for key in choice.columns if key not in cohort.columns]
    if unknown:
        raise ValueError(f"this cohort has no column '{unknown[0]}'")
    if choice.statistic not in STATISTICS or choice.tests not in TESTS:
        raise ValueError(f"statistic must be one of {STATISTICS} and tests one of {TESTS}; got {choice.statistic!r}, {choice.tests!r}")
    kept = apply_filters(cohort, view.filters)
    groups = _groups(kept, view, choice.by)
    columns = tuple(dict.fromkeys(choice.columns))
    found = []
    for place, key in enumerate(columns, start=1):
        found.append(_variable(kept, key, groups, choice))
        if progress is not None:
            progress(place / len(columns))
    return _result(kept, view, choice, groups, tuple(sorted(found, key=lambda v: v.outcome)))


def _groups(cohort: Cohort, view: ExploreView, by: str) -> _Groups:
    if not by:
        return _Groups(np.full(cohort.n, None, dtype=object), (), "", ())
    if by == BY_MARKER:
        if not view.markers:
            raise ValueError("no biomarker is chosen, so there are no groups of one")
        columns = [cohort.columns[m.column] for m in view.markers]
        values = [cohort.patients[c.key].to_numpy(dtype=np.float64) for c in columns]
        made = grouping(values, view.markers, columns, view.combine)
        labels = np.array([made.rules[code].label if code >= 0 else None for code in made.codes.tolist()], dtype=object)
        return _Groups(labels, tuple(r.label for r in made.rules), " and ".join(c.label for c in columns), tuple(c.key for c in columns))
    if by not in cohort.columns:
        raise ValueError(f"this cohort has no column '{by}'")
    column = cohort.columns[by]
    if is_outcome(column):
        raise ValueError(f"{column.label} is known only after infusion, so it makes no groups of a baseline table")
    series = cohort.patients[by].astype(object)
    levels = [str(v) for v in present_levels(cohort.patients[by])]
    names = short_names(levels)
    short = dict(zip(levels, names, strict=True))
    labels = np.array([None if absent else short[str(v)] for v, absent in zip(series, series.isna(), strict=True)], dtype=object)
    if len(names) == 1 and not series.isna().any():
        return _Groups(labels, (), column.label, (by,))  # a second column would repeat the first
    return _Groups(labels, names, column.label, (by,))


def _members(groups: _Groups, n: int) -> list[npt.NDArray[np.bool_]]:
    return [np.ones(n, dtype=bool), *(np.asarray(groups.labels == name, dtype=bool) for name in groups.names)]


def _variable(cohort: Cohort, key: str, groups: _Groups, choice: BaselineChoice) -> TableVariable:
    column = cohort.columns[key]
    series = cohort.patients[key]
    members = _members(groups, cohort.n)
    missing = TableRow("missing", NOT_KNOWN, tuple(Cell(int((series.isna() & m).sum()), int(m.sum())) for m in members))
    if column.kind == "number":
        values = series.to_numpy(dtype=np.float64)
        rows, note = _number_rows(values, column, members, choice.statistic), ""
        difference = difference_of_numbers(values, groups.labels, groups=groups.names)
    else:
        folded, levels, note = _folded(series)
        rows = _level_rows(folded, levels, column, members)
        difference = difference_of_categories(folded, groups.labels, groups=groups.names)
    outcome, defines = is_outcome(column), key in groups.defining
    bare = outcome or defines or len(groups.names) < 2
    test, reason = (None, "") if bare or choice.tests == "none" else _test(cohort, key, groups, choice.tests)
    note = "; ".join(part for part in (note, "defines the groups" if defines and groups.names else "") if part)
    return TableVariable(key, column.label, outcome, (*rows, missing), None if bare else difference, test, reason, note)


def _number_rows(values: Floats, column: Column, members: Sequence[npt.NDArray[np.bool_]], statistic: Statistic) -> tuple[TableRow, ...]:
    label = f"{column.label_with_unit}, {statistic}"
    return (TableRow("number", label, tuple(_summary(values[m], statistic) for m in members)),)


def _summary(values: Floats, statistic: Statistic) -> Cell:
    known = values[np.isfinite(values)]
    size = len(known), len(values)
    if not len(known):
        return Cell(*size)
    if statistic == "mean (SD)":
        return Cell(*size, float(known.mean()), float(known.std(ddof=1)) if len(known) > 1 else NAN)
    ends = (0.0, 1.0) if statistic == "median (range)" else (0.25, 0.75)
    low, middle, high = (float(q) for q in np.quantile(known, [ends[0], 0.5, ends[1]]))
    return Cell(*size, middle, low, high)


def _folded(series: pd.Series) -> tuple[Labels, list[str], str]:
    """Each patient's level as text (None = not known), the levels in order; beyond 12 the rare ones together, and a word about it."""
    levels = [str(v) for v in present_levels(series)]
    texts = np.array([None if absent else str(v) for v, absent in zip(series.astype(object), series.isna(), strict=True)], dtype=object)
    if len(levels) <= MOST_LEVELS:
        return texts, levels, ""
    counts = pd.Series(texts).value_counts()
    frequent = set(sorted(levels, key=lambda level: (-int(counts[level]), levels.index(level)))[: MOST_LEVELS - 1])
    rest = len(levels) - len(frequent)
    other = f"other ({rest} levels)"
    shown = [level for level in levels if level in frequent]
    folded = np.array([t if t is None or t in frequent else other for t in texts.tolist()], dtype=object)
    return folded, [*shown, other], f"{len(levels)} levels, the {len(shown)} most frequent shown and {rest} together"


def _level_rows(folded: Labels, levels: Sequence[str], column: Column, members: Sequence[npt.NDArray[np.bool_]]) -> tuple[TableRow, ...]:
    known = np.array([v is not None for v in folded.tolist()], dtype=bool)

    def cells(level: str) -> tuple[Cell, ...]:
        inside = np.asarray(folded == level, dtype=bool)
        return tuple(Cell(int((inside & m).sum()), int((known & m).sum())) for m in members)

    if column.kind == "flag":
        return (TableRow("level", f"{column.label}, yes", cells("yes")),)
    return (TableRow("heading", column.label), *(TableRow("level", level, cells(level)) for level in levels))


def _test(cohort: Cohort, key: str, groups: _Groups, tests: Tests) -> tuple[GroupTest, str]:
    series, number = cohort.patients[key], cohort.columns[key].kind == "number"
    known = series.notna().to_numpy()
    sizes = [int((known & (groups.labels == name)).sum()) for name in groups.names]
    if number:
        values = series.to_numpy(dtype=np.float64)
        parts = [values[groups.labels == name] for name in groups.names]
        test = rank_sum(*parts) if len(parts) == 2 else kruskal_wallis(values, groups.labels)
    else:
        test = independence(_folded(series)[0], groups.labels, test="fisher" if tests == "none" else tests)
    if min(sizes) < MIN_FOR_P:
        return test, TOO_FEW if min(sizes) else "a group has nobody with a value"
    return test, "" if math.isfinite(test.p_value) else "; ".join(test.notes)


# ---------------------------------------------------------------- words


def _result(
    cohort: Cohort, view: ExploreView, choice: BaselineChoice, groups: _Groups, variables: tuple[TableVariable, ...]
) -> BaselineResult:
    members = _members(groups, cohort.n)
    sizes = tuple(TableGroup(name, int(m.sum())) for name, m in zip(("Overall", *groups.names), members, strict=True))
    without = sum(label is None for label in groups.labels.tolist()) if groups.names else 0
    love = _love(variables, sizes[1:], groups.title)
    by = f" by {groups.title}" if groups.names else ""
    return BaselineResult(
        choice=choice,
        title=f"Baseline characteristics{by}",
        by=groups.title if groups.names else "",
        groups=sizes,
        variables=variables,
        love=love,
        without_group=without,
        sentence=_sentence(cohort, love, sizes, groups),
        cautions=_cautions(cohort, view, choice, groups, variables),
        notes=_notes(cohort, view, choice, variables, without, groups),
        method=choice.statistic,
    )


def _love(variables: Sequence[TableVariable], sizes: Sequence[TableGroup], by: str) -> Love | None:
    measured = [v for v in variables if v.difference is not None and not math.isnan(v.difference.value)]
    if not measured:
        return None
    rows = [
        LoveRow(v.label, d.value, pair=f"{d.first} and {d.second}" if len(sizes) > 2 else "", n=d.n, n_missing=d.n_missing)
        for v in measured
        if (d := v.difference) is not None
    ]
    rows.sort(key=lambda r: -abs(r.before))
    said = " against ".join(f"{g.label} (n = {g.n:,})" for g in sizes) if len(sizes) == 2 else "largest difference of any two groups"
    chance = CHANCE * math.sqrt(sum(1 / g.n for g in sizes)) if len(sizes) == 2 and min(g.n for g in sizes) else NAN
    return Love("baseline", f"How far apart: {by}", said, tuple(rows), chance=chance)


def _sentence(cohort: Cohort, love: Love | None, sizes: Sequence[TableGroup], groups: _Groups) -> str:
    who = fmt.patients(cohort.n)
    if not groups.names:
        same = f", all of {groups.title} {groups.labels[0]}" if groups.title and cohort.n else ""
        return f"{who}{same}."
    parts = ", ".join(f"{g.label} {g.n:,}" for g in sizes[1:])
    if love is None:
        return f"{who}: {parts}."
    apart = [r for r in love.rows if abs(r.before) > love.limit]
    most = f"; the most in {love.rows[0].label} ({fmt.standardised(love.rows[0].before)})" if apart else ""
    counted = f"{len(apart)} of {len(love.rows)} variables differ by more than {love.limit:g} standard deviations"
    return f"{who}: {parts}. {counted}{most}.{_chance_words(love)}"


def _chance_words(love: Love) -> str:
    if math.isnan(love.chance):
        return ""
    above = sum(abs(r.before) > love.chance for r in love.rows)
    size = fmt.standardised(love.chance)
    return f" Were groups of this size alike, chance would keep about 95{fmt.THIN_SPACE}% of differences below {size}: {above} above it."


def _cautions(
    cohort: Cohort, view: ExploreView, choice: BaselineChoice, groups: _Groups, variables: Sequence[TableVariable]
) -> tuple[str, ...]:
    found = [UNADJUSTED] if choice.by == "product" and groups.names else []
    late = [cohort.columns[f.column].label for f in view.filters if is_outcome(cohort.columns[f.column])]
    if late:
        found.append(f"Filtered by {', '.join(late)}, known only after infusion: these are not the patients as they came to infusion.")
    tested = [v for v in variables if math.isfinite(_p(v))]
    if choice.tests != "none" and groups.names:
        found.append(DISCOURAGED)
        if tested:
            low = sum(_p(v) < 0.05 for v in tested)
            found.append(f"{len(tested)} tests: {fmt.number(0.05 * len(tested), 2)} expected below 0.05 by chance alone, {low} found.")
    bad = [v.label for v in variables if v.rows[-1].cells[0].total and v.rows[-1].cells[0].count > 0.2 * v.rows[-1].cells[0].total]
    if bad:
        found.append(f"Not known in more than 20{fmt.THIN_SPACE}% of patients: {', '.join(bad)}. Those known may not be like the others.")
    return tuple(found)


def _notes(
    cohort: Cohort, view: ExploreView, choice: BaselineChoice, variables: Sequence[TableVariable], without: int, groups: _Groups
) -> tuple[str, ...]:
    found = ["Counts: n/N (%) of the patients with a known value; \u201cnot known\u201d: of all patients of the column."]
    if any(r.kind == "number" for v in variables for r in v.rows):
        found.append(f"Numbers: {choice.statistic} of the n patients with a value.")
    if without:
        found.append(f"{fmt.patients(without)} in no group of {groups.title} (not known): in the overall column only.")
    if choice.by == BY_MARKER:
        found.append(f"{sources(cohort, view)}.")
    if any(v.difference is not None for v in variables):
        pairs = ", largest of any two groups" if len(groups.names) > 2 else ""
        found.append(f"SMD: standardised mean difference{pairs}, of those with a known value; categories by Yang and Dalton's distance.")
    found += [f"{v.label}: {v.note}." for v in variables if v.note]
    found += [f"{v.label}: SMD {'; '.join(v.difference.notes)}." for v in variables if _odd(v) and v.difference is not None]
    return tuple(found)


def _odd(of: TableVariable) -> bool:
    return of.difference is not None and not math.isfinite(of.difference.value)


# ---------------------------------------------------------------- as people read it


@dataclass(frozen=True, slots=True)
class PrintedRow:
    """One line as text. ``kind`` "block" is the title of a part of the table; ``level`` 1 = below a heading."""

    kind: RowKind | Literal["block"]
    label: str
    cells: tuple[str, ...]
    level: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class PrintedTable:
    """Table 1 as text: what the page, the files and the tests read. ``headings``: of the cells, without the first column."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[PrintedRow, ...]
    notes: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row per line: Characteristic and the headings; levels led by a dash."""
        lines = [[("\u2013 " if r.level else "") + r.label, *r.cells] for r in self.rows]
        names = ["Characteristic", *self.headings]
        twice = {name for name in names if names.count(name) > 1}
        return pd.DataFrame(lines, columns=[f"{name} ({i})" if name in twice else name for i, name in enumerate(names)])


def printed_baseline(result: BaselineResult) -> PrintedTable:
    """The table in words and numbers as journals print them."""
    tested = result.choice.tests != "none" and any(v.test is not None for v in result.variables)
    apart = any(v.difference is not None for v in result.variables)
    headings = [f"{g.label} (n = {g.n:,})" for g in result.groups]
    several = apart and len(result.groups) > 3
    headings += [*(["SMD"] if apart else []), *(["SMD is between"] if several else []), *(["p", "Test"] if tested else [])]
    rows: list[PrintedRow] = []
    for place, variable in enumerate(result.variables):
        if variable.outcome and (place == 0 or not result.variables[place - 1].outcome):
            rows.append(PrintedRow("block", OUTCOMES, ("",) * len(headings)))
        rows += _printed_rows(variable, len(result.groups), (apart, several, tested))
    return PrintedTable(result.title, tuple(headings), tuple(rows), (*result.cautions, *result.notes))


def _printed_rows(variable: TableVariable, groups: int, shown: tuple[bool, bool, bool]) -> list[PrintedRow]:
    """``shown``: which of the differences, their groups and the tests have a column."""
    words = (_difference_words(variable), _pair_words(variable), *_test_words(variable))
    more = [word for word, there in zip(words, (*shown, shown[2]), strict=True) if there]
    found = []
    for place, row in enumerate(variable.rows):
        cells = [_cell_words(row.kind, c) for c in row.cells] or [""] * groups
        first = place == 0
        cells += more if first else [""] * len(more)
        found.append(PrintedRow(row.kind, row.label, tuple(cells), 0 if first else 1))
    return found


def _cell_words(kind: RowKind, cell: Cell) -> str:
    if kind != "number":
        return fmt.count_of(cell.count, cell.total) if cell.count or kind == "level" else "0"
    if not cell.count:
        return "not known"
    if math.isnan(cell.high):
        spread = fmt.number(cell.low, 3) if math.isfinite(cell.low) else "no SD"
        return f"{fmt.number(cell.value, 3)} ({spread}), n = {cell.count:,}"
    return f"{fmt.number(cell.value)} ({fmt.measured_range(cell.low, cell.high)}), n = {cell.count:,}"


def _difference_words(of: TableVariable) -> str:
    return "" if of.difference is None else fmt.standardised(of.difference.value)


def _pair_words(of: TableVariable) -> str:
    return f"{of.difference.first} and {of.difference.second}" if of.difference is not None and of.difference.first else ""


def _test_words(of: TableVariable) -> tuple[str, str]:
    if of.test is None:
        return "", ""
    return ("withheld" if of.reason == TOO_FEW else "not given", of.reason) if of.reason else (fmt.p_value(of.test.p_value), of.test.method)
