"""Which measurements go together, and how one measurement changes between two time points."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

from cartograph import format as fmt
from cartograph.cohort.filters import apply_filters
from cartograph.cohort.model import Cohort, Column
from cartograph.stats.correlation import (
    Correlation,
    CorrelationMatrix,
    Crossing,
    Method,
    PairedChange,
    correlations,
    crossing,
    paired_change,
)
from cartograph.stats.group_tests import GroupTest
from cartograph.stats.results import Floats
from cartograph.views.board import panel_members
from cartograph.views.defaults import FIRST_MARKERS, known_values, median_cutoff
from cartograph.views.distribution import distribution
from cartograph.views.explore import Distribution, ExploreView, Role
from cartograph.views.grouping import GroupRule, grouping
from cartograph.views.panels import MIN_FOR_P

Mask = npt.NDArray[np.bool_]
Move = Literal["low-low", "low-high", "high-low", "high-high"]
MOST: Final = 12  # measurements in a matrix: more cannot be read
AT_FIRST: Final = 10
LETTERS: Final = 60  # of a name in a sentence
EVERYBODY: Final = "all"
ALPHA: Final = 0.05
BEFORE, AFTER = "_pre", "_d0"
WITHHELD: Final = f"fewer than {MIN_FOR_P} pairs"
NOT_OFFERED: Final = "Times until an event are not offered: of censored patients they are only known to be longer."
TOGETHER: Final = "All products together: a difference between products can make or hide a correlation. Look within each product too."
MOVES: Final[Mapping[tuple[bool, bool], Move]] = MappingProxyType(
    {(False, False): "low-low", (False, True): "low-high", (True, False): "high-low", (True, True): "high-high"}
)
# What a measurement is counted from, where that is not itself alone: two that share a part go together by construction.
PARTS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "nlr": frozenset({"anc", "alc"}),
        "mlr": frozenset({"amc", "alc"}),
        "plr": frozenset({"platelets", "alc"}),
        "cmax": frozenset({"transgene"}),
        "auc_0_28": frozenset({"transgene"}),
        "auc_0_last": frozenset({"transgene"}),
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class MatrixResult:
    """Every pair of the chosen measurements. ``whom``: "All" or a product; ``n``: its patients on screen.

    ``names``: of the columns, each once; ``measured``: patients with a value of each; ``related``: places of pairs that go together by
    construction (a ratio and its part, one measurement at two time points). p and q values need 10 pairs.
    """

    columns: tuple[Column, ...]
    names: tuple[str, ...]
    measured: tuple[int, ...]
    whom: str
    n: int
    method: Method
    found: CorrelationMatrix
    related: frozenset[tuple[int, int]]
    sentence: str = ""
    cautions: tuple[str, ...] = ()

    @property
    def symbol(self) -> str:
        """The coefficient's letter."""
        return symbol_of(self.method)

    def pair(self, first: int, second: int) -> tuple[Correlation, float]:
        """The correlation of two of ``columns`` and its q value."""
        place = self.found.places.index((min(first, second), max(first, second)))
        return self.found.pairs[place], float(self.found.q_values[place])

    def to_frame(self) -> pd.DataFrame:
        """One row per pair: first, second (names), patients, n, coefficient with limits, p and q values, by_construction, notes."""
        table = self.found.to_frame()
        first, second = ([self.names[i] for i in table[side]] for side in ("first", "second"))
        table = table.assign(
            first=first,
            second=second,
            patients=self.whom,
            by_construction=["yes" if place in self.related else "no" for place in self.found.places],
            notes=["; ".join(p.notes) for p in self.found.pairs],
        )
        shown = ["first", "second", "patients", "n", "n_missing", "value", "ci_low", "ci_high", "p_value", "q_value", "ties", "method"]
        return table[[*shown, "by_construction", "notes"]]


@dataclass(frozen=True, slots=True, eq=False)
class PairResult:
    """Two measurements in the patients who have both.

    ``shapes``: both distributions, of everybody on screen, for the axes; ``ranks``: mid-ranks among the pairs. ``cutoffs``: of the view,
    None where it does not split by that measurement; ``rank_cutoffs``: where they lie among the ranks. ``roles``: marker group of each
    pair, "all" unless every marker of the view is one of the two; ``rules``: those groups.
    """

    names: tuple[str, str]
    shapes: tuple[Distribution, Distribution]
    values: tuple[Floats, Floats]
    ranks: tuple[Floats, Floats]
    cutoffs: tuple[float | None, float | None]
    rank_cutoffs: tuple[float | None, float | None]
    roles: tuple[Role, ...]
    rules: tuple[GroupRule, ...]
    found: Correlation
    q_value: float
    method: Method
    whom: str

    def to_frame(self) -> pd.DataFrame:
        """One row per pair: the two values, their ranks, the marker group."""
        (x, y), (x_rank, y_rank) = self.values, self.ranks
        return pd.DataFrame({self.names[0]: x, self.names[1]: y, "rank_of_first": x_rank, "rank_of_second": y_rank, "group": self.roles})


@dataclass(frozen=True, slots=True, eq=False)
class TimedResult:
    """One measurement before lymphodepletion and on day 0, in the patients who have both.

    ``change``: after - before; ``ratio``: after / before where the axis is logarithmic, else None; ``cutoffs``: before and after, and
    ``cutoff_words`` where they come from; ``of_view``: True where the view's own cutoff is used; ``moves``: of each pair.
    """

    name: str
    unit: str
    shapes: tuple[Distribution, Distribution]
    values: tuple[Floats, Floats]
    change: PairedChange
    ratio: PairedChange | None
    crossed: Crossing
    cutoffs: tuple[float, float]
    cutoff_words: str
    of_view: bool
    moves: tuple[Move, ...]
    whom: str
    sentence: str = ""

    @property
    def shown(self) -> PairedChange:
        """The change as it is told: the ratio where there is one."""
        return self.ratio or self.change

    @property
    def logarithmic(self) -> bool:
        """True where both time points are drawn on one logarithmic axis."""
        return all(shape.log_scale for shape in self.shapes)

    def to_frame(self) -> pd.DataFrame:
        """One row per pair: before, after, low and high before and after."""
        before, after = self.values
        return pd.DataFrame({"before": before, "after": after, "group": self.moves})


@dataclass(frozen=True, slots=True, eq=False)
class _Whom:
    """The filtered cohort and which of its patients are meant."""

    cohort: Cohort
    title: str
    member: Mask
    panels: int

    def values(self, column: str) -> Floats:
        return self.cohort.patients[column].to_numpy(dtype=np.float64)[self.member]


# ---------------------------------------------------------------- what can be chosen
def offered_columns(cohort: Cohort) -> tuple[Column, ...]:
    """Numeric columns in which patients differ: known before infusion first, then those known later; never times until an event."""
    ends = {e.time_column for e in cohort.endpoints.values()} | {e.event_column for e in cohort.endpoints.values()}
    found = [c for c in cohort.columns_of("number") if c.timing in ("baseline", "post-infusion") and c.key not in ends]
    found = [c for c in found if len(np.unique(known_values(cohort, c.key))) > 1]
    return tuple(sorted(found, key=lambda c: c.timing != "baseline"))


def default_columns(cohort: Cohort) -> tuple[str, ...]:
    """The usual markers first, then the cohort's other baseline numbers; those known later where there are no others."""
    offered = offered_columns(cohort)
    keys = [c.key for c in offered if c.timing == "baseline"] or [c.key for c in offered]
    usual = [k for k in FIRST_MARKERS if k in keys]
    return tuple((usual + [k for k in keys if k not in usual])[:AT_FIRST])


def time_pairs(cohort: Cohort) -> tuple[tuple[str, str], ...]:
    """(before, after) of every measurement that has both time points in the same unit."""
    found = []
    for column in cohort.columns_of("number"):
        before = column.key
        after = f"{before.removesuffix(BEFORE)}{AFTER}"
        if before.endswith(BEFORE) and after in cohort.columns and cohort.columns[after].unit == column.unit:
            found.append((before, after))
    return tuple(found)


def unique_names(labels: Sequence[str], letters: int = 0) -> tuple[str, ...]:
    """The labels, cut to ``letters`` (0 = as they are); those that read the same are numbered: 'Ferritin (2)'."""
    cut = [label if not letters or len(label) <= letters else label[: letters - 1].rstrip() + "\u2026" for label in labels]
    seen: dict[str, int] = {}
    found = []
    for name in cut:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(found)


def time_name(column: Column) -> str:
    """The measurement without its time point: 'Ferritin' of 'Ferritin, pre-LD'."""
    return column.label.rpartition(",")[0] or column.label


def panel_titles(cohort: Cohort, view: ExploreView) -> dict[str, str]:
    """Key -> title: all patients on screen, then each level of the split."""
    return {key: title for key, title, _ in panel_members(apply_filters(cohort, view.filters), view.split)}


def symbol_of(method: Method) -> str:
    """The coefficient's letter."""
    return "rho" if method == "spearman" else "tau-b"


def _whom(cohort: Cohort, view: ExploreView, of: str) -> _Whom:
    """Patients of a panel; of all where the panel is not on screen any more."""
    kept = apply_filters(cohort, view.filters)
    panels = {key: (title, member) for key, title, member in panel_members(kept, view.split)}
    title, member = panels.get(of, panels[EVERYBODY])
    return _Whom(kept, title, member, len(panels))


# ---------------------------------------------------------------- the matrix
def matrix(cohort: Cohort, view: ExploreView, columns: Sequence[str], method: Method, of: str = EVERYBODY) -> MatrixResult:
    """Correlations of ``columns`` (at most 12) in the patients on screen; ``of``: key of a panel. ValueError for more columns."""
    if len(columns) > MOST:
        raise ValueError(f"at most {MOST} measurements can be read in a matrix; got {len(columns)}")
    about = _whom(cohort, view, of)
    chosen = tuple(cohort.columns[c] for c in columns)
    values = [about.values(c.key) for c in chosen]
    found = correlations(values, method=method, fewest_for_p=MIN_FOR_P)
    related = frozenset((i, j) for i, j in found.places if _parts(chosen[i].key) & _parts(chosen[j].key))
    names = unique_names([c.label for c in chosen])
    measured = tuple(int(np.isfinite(v).sum()) for v in values)
    result = MatrixResult(chosen, names, measured, about.title, int(about.member.sum()), method, found, related)
    return replace(result, sentence=_sentence(result), cautions=_cautions(result, about))


def _parts(column: str) -> frozenset[str]:
    """What a measurement is counted from; its time point does not matter."""
    return PARTS.get(column) or frozenset({column.removesuffix(BEFORE).removesuffix(AFTER)})


def strongest(result: MatrixResult) -> tuple[int, int] | None:
    """Places of the pair with the largest coefficient, either sign; those that go together by construction only where nothing else is left.

    None where nothing could be estimated.
    """
    sized = [
        (place not in result.related, abs(found.value), place)
        for place, found in zip(result.found.places, result.found.pairs, strict=True)
        if math.isfinite(found.value)
    ]
    return max(sized, key=lambda s: s[:2])[2] if sized else None


def by_strength(result: MatrixResult) -> tuple[tuple[int, int], ...]:
    """The places of every pair: as ``strongest`` ranks them, those that could not be estimated last."""
    first = strongest(result)
    order = sorted(result.found.places, key=lambda place: -_size(result.pair(*place)[0]))
    return tuple(sorted(order, key=lambda place: place != first))


def _size(found: Correlation) -> float:
    return abs(found.value) if math.isfinite(found.value) else -1.0


def _sentence(result: MatrixResult) -> str:
    if len(result.columns) < 2:
        return "Choose two measurements or more."
    place = strongest(result)
    if place is None:
        return "No pair of measurements has enough patients with both."
    found, q = result.pair(*place)
    names = " and ".join(unique_names(result.names, LETTERS)[i] for i in place)
    known = result.found.q_values[np.isfinite(result.found.q_values)]
    below = f" {int((known < ALPHA).sum()):,} of {len(known):,} pairs have q < {ALPHA:g}." if len(known) > 1 else ""
    linked = "are linked most strongly" if len(result.columns) > 2 else "together"
    left_out = " (pairs linked by construction aside)" if result.related and place not in result.related else ""
    name = "Spearman's rho" if result.symbol == "rho" else "Kendall's tau-b"
    size = f"{name} {coefficient_words(found)} in {fmt.patients(found.n)} with both, {q_words(q)}"
    return f"{names} {linked}{left_out}: {size}.{below}"


def coefficient_words(found: Correlation) -> str:
    """'0.43 (0.18 to 0.63)'."""
    if not math.isfinite(found.ci_low):
        return fmt.coefficient(found.value)
    return f"{fmt.coefficient(found.value)} ({fmt.coefficient(found.ci_low)} to {fmt.coefficient(found.ci_high)})"


def q_words(q: float) -> str:
    """'q = 0.012', 'q < 0.001', 'q not given'."""
    return fmt.p_equals(q).replace("p", "q", 1) if math.isfinite(q) else "q not given"


def p_words(p: float, notes: Sequence[str] = ()) -> str:
    """'p = 0.012', or why it is not given."""
    return fmt.p_equals(p) if math.isfinite(p) else f"p not given: {'; '.join(notes).removeprefix('p not given: ') or fmt.NOT_ESTIMABLE}"


def _cautions(result: MatrixResult, about: _Whom) -> tuple[str, ...]:
    said, names = [], unique_names(result.names, LETTERS)
    late = [name for name, c in zip(names, result.columns, strict=True) if c.timing == "post-infusion"]
    if late:
        said.append(
            f"Known only after infusion: {', '.join(late)}. They may go together with what was measured before, but nobody can use them "
            "to choose a patient, and they never split curves from infusion on."
        )
    if result.related:
        pairs = "; ".join(f"{names[i]} and {names[j]}" for i, j in sorted(result.related))
        said.append(f"Linked by construction (a ratio and what it is made of, one measurement twice): {pairs}.")
    if about.panels > 1 and about.title == "All":
        said.append(TOGETHER)
    return tuple(said)


# ---------------------------------------------------------------- one pair
def pair(cohort: Cohort, view: ExploreView, columns: tuple[str, str], method: Method, q_value: float, of: str = EVERYBODY) -> PairResult:
    """The points behind a cell of the matrix; ``q_value`` is the cell's."""
    about = _whom(cohort, view, of)
    chosen = tuple(about.cohort.columns[c] for c in columns)
    x, y = (about.values(key) for key in columns)
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    cutoffs = {m.column: m.cutoff for m in view.markers}
    roles, rules = _groups(about.cohort, view, {columns[0]: x, columns[1]: y})
    names = unique_names([c.label for c in chosen])
    return PairResult(
        names=(names[0], names[1]),
        shapes=(distribution(about.cohort, columns[0]), distribution(about.cohort, columns[1])),
        values=(x, y),
        ranks=(rankdata(x), rankdata(y)),
        cutoffs=(cutoffs.get(columns[0]), cutoffs.get(columns[1])),
        rank_cutoffs=(_rank_of(cutoffs.get(columns[0]), x), _rank_of(cutoffs.get(columns[1]), y)),
        roles=roles,
        rules=rules,
        found=correlations([about.values(key) for key in columns], method=method, fewest_for_p=MIN_FOR_P).pairs[0],
        q_value=q_value,
        method=method,
        whom=about.title,
    )


def _rank_of(cutoff: float | None, values: Floats) -> float | None:
    """Between the last rank that is low and the first that is high."""
    return None if cutoff is None else float((values <= cutoff).sum()) + 0.5


def _groups(cohort: Cohort, view: ExploreView, values: Mapping[str, Floats]) -> tuple[tuple[Role, ...], tuple[GroupRule, ...]]:
    """Marker group of each pair, where the markers of the view are among the two measurements."""
    everybody: tuple[Role, ...] = tuple("all" for _ in next(iter(values.values())))
    if not view.markers or any(m.column not in values for m in view.markers):
        return everybody, ()
    columns = [cohort.columns[m.column] for m in view.markers]
    made = grouping([values[m.column] for m in view.markers], view.markers, columns, view.combine)
    return tuple(made.rules[code].role for code in made.codes.tolist()), made.rules


def pair_by_panel(cohort: Cohort, view: ExploreView, columns: tuple[str, str], method: Method) -> tuple[tuple[str, Correlation], ...]:
    """Title and correlation of all patients on screen and of each level of the split; p needs 10 pairs."""
    kept = apply_filters(cohort, view.filters)
    x, y = (kept.patients[c].to_numpy(dtype=np.float64) for c in columns)
    return tuple(
        (title, correlations([x[member], y[member]], method=method, fewest_for_p=MIN_FOR_P).pairs[0])
        for _, title, member in panel_members(kept, view.split)
    )


# ---------------------------------------------------------------- two time points
def timed(cohort: Cohort, view: ExploreView, before: str, after: str, of: str = EVERYBODY) -> TimedResult:
    """Change of one measurement and who crosses the cutoff: the view's, else a published one, else the median before."""
    about = _whom(cohort, view, of)
    x, y = about.values(before), about.values(after)
    cutoffs, words, of_view = _cutoffs(about.cohort, view, before, after)
    column = cohort.columns[before]
    known = np.isfinite(x) & np.isfinite(y)
    shapes = (distribution(about.cohort, before), distribution(about.cohort, after))
    logarithmic = shapes[0].log_scale and shapes[1].log_scale  # of everybody on screen, so that every product is told in one way
    crossed = crossing(x, y, *cutoffs)
    result = TimedResult(
        name=time_name(column),
        unit=column.unit,
        shapes=shapes,
        values=(x[known], y[known]),
        change=_careful(paired_change(x, y)),
        ratio=_careful(paired_change(x, y, ratio=True)) if logarithmic else None,
        crossed=replace(crossed, test=_enough(crossed.test, crossed.n)),
        cutoffs=cutoffs,
        cutoff_words=words,
        of_view=of_view,
        moves=tuple(MOVES[b, a] for b, a in zip((x[known] > cutoffs[0]).tolist(), (y[known] > cutoffs[1]).tolist(), strict=True)),
        whom=about.title,
    )
    return replace(result, sentence=_timed_sentence(result))


def timed_by_panel(cohort: Cohort, view: ExploreView, before: str, after: str) -> tuple[TimedResult, ...]:
    """``timed`` of all patients on screen and of each level of the split."""
    return tuple(timed(cohort, view, before, after, key) for key in panel_titles(cohort, view))


def timed_frame(found: Sequence[TimedResult]) -> pd.DataFrame:
    """One row per panel: change as a difference and, where there is one, as a ratio, and who crosses which cutoffs."""
    return pd.concat([_timed_row(result) for result in found], ignore_index=True)


def _timed_row(result: TimedResult) -> pd.DataFrame:
    change = result.change.to_frame().drop(columns="ratio").rename(columns={"p_value": "p_change", "method": "method_change"})
    if result.ratio is not None:
        ratio = result.ratio.to_frame()[["change", "ci_low", "ci_high", "p_value"]]
        change = pd.concat([change, ratio.set_axis(["ratio", "ratio_ci_low", "ratio_ci_high", "p_ratio"], axis=1)], axis=1)
    moves = result.crossed.to_frame()[["low_low", "low_high", "high_low", "high_high", "p_value"]]
    head = {"measurement": result.name, "unit": result.unit, "patients": result.whom, "cutoff_from": result.cutoff_words}
    cutoffs = {"cutoff_before": result.cutoffs[0], "cutoff_day_0": result.cutoffs[1]}
    return pd.concat([pd.DataFrame([head | cutoffs]), change, moves.rename(columns={"p_value": "p_mcnemar"})], axis=1)


def _careful(change: PairedChange) -> PairedChange:
    return replace(change, test=_enough(change.test, change.n))


def _enough(test: GroupTest, n: int) -> GroupTest:
    """The test without its p where few patients have both time points."""
    return test if n >= MIN_FOR_P or math.isnan(test.p_value) else replace(test, p_value=math.nan, notes=(WITHHELD,))


def _cutoffs(cohort: Cohort, view: ExploreView, before: str, after: str) -> tuple[tuple[float, float], str, bool]:
    """Cutoffs before and after, where they come from, and whether the view set one. One that is set for one time point serves both."""
    of_view = {m.column: m.cutoff for m in view.markers if m.column in (before, after)}
    if of_view:
        any_of = next(iter(of_view.values()))
        return (of_view.get(before, any_of), of_view.get(after, any_of)), "the cutoff on screen", True
    published = cohort.columns[after].cutoffs or cohort.columns[before].cutoffs
    if published:
        return (published[0].value, published[0].value), published[0].label, False
    middle = median_cutoff(cohort, before)
    return (middle, middle), "the median before lymphodepletion", False


def _timed_sentence(result: TimedResult) -> str:
    change, crossed = result.change, result.crossed
    if not change.n:
        return "Nobody has both time points."
    unit = f" {result.unit}" if result.unit else ""
    medians = f"{fmt.number(change.median_before)} before lymphodepletion, {fmt.number(change.median_after)}{unit} on day 0"
    p = result.shown.test.p_value
    tested = f" ({fmt.p_equals(p)}, signed rank)" if math.isfinite(p) else ""
    across = f"{crossed.low_high + crossed.high_low:,} of {crossed.n:,} change sides of {cutoff_number(result)}{unit}"
    moves = f"{crossed.low_high:,} upwards, {crossed.high_low:,} downwards"
    whose = f"{result.name} of {fmt.patients(change.n)} with both time points"
    return f"{whose}: median {medians}; {change_words(result)}{tested}. {across}: {moves}."


def cutoff_number(result: TimedResult) -> str:
    """'337', or '337 before and 400 on day 0'."""
    before, after = (fmt.number(c) for c in result.cutoffs)
    return before if before == after else f"{before} before and {after} on day 0"


def change_words(result: TimedResult) -> str:
    """'day 0 is 1.2 (1.0–1.4) times the value before' or 'change 1.2 (0.3 to 2.1) g/dL'."""
    found, said = result.shown.change, change_number(result)
    if not math.isfinite(found.value):
        return f"change {said} ({'; '.join(found.notes)})"
    if result.ratio is not None:
        return f"day 0 is {said} times the value before"
    return f"change {said}" + (f" {result.unit}" if result.unit else "")


def change_number(result: TimedResult) -> str:
    """'1.2 (1.0–1.4)' of a ratio, '1.2 (0.3 to 2.1)' of a difference."""
    found = result.shown.change
    if not math.isfinite(found.value):
        return fmt.NOT_ESTIMABLE
    if result.ratio is not None:
        return fmt.ratio_with_limits(found.value, found.ci_low, found.ci_high)
    return f"{fmt.number(found.value, 3)} ({fmt.number(found.ci_low, 3)} to {fmt.number(found.ci_high, 3)})"
