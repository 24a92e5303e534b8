"""One cutoff, all endpoints: high against low on survival, response and toxicity, for all patients and each product, in one strip."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from cartograph.cohort.filters import apply_filters
from cartograph.cohort.model import Cohort, Endpoint
from cartograph.cohort.schema import COMPLETE_RESPONDERS, RESPONDERS
from cartograph.stats.adjust import benjamini_hochberg
from cartograph.stats.counts import Codes, GroupCounts, group_counts
from cartograph.stats.hazard import HazardRatio, hazard_ratio_of, interaction_of
from cartograph.stats.odds import odds_interaction, odds_ratio
from cartograph.stats.response import fisher_exact
from cartograph.stats.results import Estimate, Floats
from cartograph.views.board import panel_members
from cartograph.views.explore import Comparison, ExploreView
from cartograph.views.grouping import Grouping, grouping
from cartograph.views.panels import MIN_FOR_P, TOO_FEW

Measure = Literal["HR", "OR"]
Section = Literal["time to event", "response", "toxicity"]
Mask = npt.NDArray[np.bool_]
NAN = float("nan")
LEFT_OUT = -1


@dataclass(frozen=True, slots=True, eq=False)
class EndpointColumn:
    """All patients, or one product: key, title and its patients."""

    key: str
    title: str
    n: int


@dataclass(frozen=True, slots=True, eq=False)
class EndpointCell:
    """High against low on one endpoint in one column.

    ``n_*``, ``events_*``: patients used and those with the event or outcome; ``n_mixed``: with one of two markers high, left out;
    ``n_missing``: without the endpoint or a marker. ``p_value`` NaN = not given, ``reason`` says why; ``q_value`` is p adjusted over
    everything on the strip (Benjamini-Hochberg).
    """

    column: str
    n_low: int
    n_high: int
    events_low: int
    events_high: int
    n_mixed: int
    n_missing: int
    estimate: Estimate
    p_value: float
    q_value: float
    test: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class EndpointRow:
    """One endpoint: ``words`` say what counts ("progression or death", "PR or better").

    ``interaction``: whether high against low differs between the products (None with one product), with its ``interaction_q``.
    """

    key: str
    label: str
    words: str
    section: Section
    measure: Measure
    cells: tuple[EndpointCell, ...]
    interaction: Comparison | None
    interaction_q: float


@dataclass(frozen=True, slots=True, eq=False)
class AllEndpoints:
    """Every endpoint of the cohort at one cutoff. ``n_tests``: p values that q is adjusted over. Cells are in the order of ``columns``."""

    view: ExploreView
    low: str  # rule of the low group in words
    high: str
    columns: tuple[EndpointColumn, ...]
    rows: tuple[EndpointRow, ...]
    n_tests: int
    notes: tuple[str, ...]


class _Outcome(NamedTuple):
    """A yes-or-no outcome: ``found`` 1, 0 or NaN per patient."""

    key: str
    label: str
    words: str
    section: Section
    found: Floats


class _Column(NamedTuple):
    key: str
    title: str
    member: Mask


def all_endpoints(cohort: Cohort, view: ExploreView) -> AllEndpoints:
    """High against low on every endpoint that the cohort holds.

    One marker: above its cutoff against at or below it. Two: the view's groups high against low, those between left out. Time to event:
    Cox hazard ratio (Firth where a group has no events); response, MRD, CRS and ICANS: odds ratio with exact limits and Fisher's p. A
    p value is withheld under 10 patients in a group. ValueError without a marker.
    """
    if not view.markers:
        raise ValueError("all endpoints need a marker with a cutoff; the view has none")
    kept = apply_filters(cohort, view.filters)
    columns = [kept.columns[m.column] for m in view.markers]
    values = [kept.patients[c.key].to_numpy(dtype=np.float64) for c in columns]
    made = grouping(values, view.markers, columns, view.combine)
    shown = [_Column(*member) for member in panel_members(kept, view.split)]
    outcomes, absent = _outcomes(kept)
    rows = [_time_row(kept, endpoint, shown, made) for endpoint in kept.endpoints.values()]
    rows += [_outcome_row(outcome, shown, made) for outcome in outcomes]
    rows, n_tests = _with_q(rows)
    rules = {rule.role: rule.label for rule in made.rules}
    notes = (f"Not in this cohort: {', '.join(absent)}.",) if absent else ()
    heads = tuple(EndpointColumn(c.key, c.title, int(c.member.sum())) for c in shown)
    return AllEndpoints(view, rules["low"], rules["high"], heads, tuple(rows), n_tests, notes)


def _outcomes(cohort: Cohort) -> tuple[list[_Outcome], list[str]]:
    """The outcomes that at least one patient has a value of, and the names of the others."""
    wanted: list[tuple[str, str, str, Section, str, Callable[[str], bool]]] = [
        ("orr", "ORR", "PR or better", "response", "best_response", lambda v: v in RESPONDERS),
        ("cr", "CR rate", "CR or sCR", "response", "best_response", lambda v: v in COMPLETE_RESPONDERS),
        ("mrd", "MRD negativity", "MRD negative at any time", "response", "best_mrd", lambda v: v == "negative"),
        ("crs", "CRS", "CRS of any grade", "toxicity", "crs_grade", lambda v: v >= "1"),
        ("crs2", "CRS \u2265 2", "CRS of grade 2 or more", "toxicity", "crs_grade", lambda v: v >= "2"),
        ("icans", "ICANS", "ICANS of any grade", "toxicity", "icans_grade", lambda v: v >= "1"),
    ]
    found = [_Outcome(key, label, words, section, _answers(cohort, column, yes)) for key, label, words, section, column, yes in wanted]
    known = [outcome for outcome in found if np.isfinite(outcome.found).any()]
    return known, [outcome.label for outcome in found if outcome not in known]


def _answers(cohort: Cohort, column: str, yes: Callable[[str], bool]) -> Floats:
    """1 = yes, 0 = no, NaN = not recorded, not evaluable or not done."""
    if column not in cohort.patients:
        return np.full(cohort.n, NAN)
    values = cohort.patients[column].astype(object).tolist()
    return np.array([NAN if not isinstance(v, str) or v in ("NE", "not done") else float(yes(v)) for v in values])


def _sides(made: Grouping) -> Codes:
    """0 = low, 1 = high, -1 = between or not measured."""
    by_role = {rule.role: rule.code for rule in made.rules}
    return np.select([made.codes == by_role["low"], made.codes == by_role["high"]], [0, 1], LEFT_OUT).astype(np.int64)


def _time_row(cohort: Cohort, endpoint: Endpoint, columns: Sequence[_Column], made: Grouping) -> EndpointRow:
    time, event = cohort.survival(endpoint.key)
    known, sides = np.isfinite(time), _sides(made)
    cells, pairs = [], []
    for column in columns:
        inside = column.member & known
        pair = group_counts(time, event, np.where(inside, sides, LEFT_OUT), 2)
        cells.append(_cell(column, known, made, _Found(*_hazard(pair)), pair.n, pair.n_events))
        pairs.append(pair)
    interaction = _interaction(columns[1:], [p.n for p in pairs[1:]], lambda: _time_interaction(time, event, known, sides, columns[1:]))
    words = endpoint.event_words
    return EndpointRow(endpoint.key, endpoint.label, words, "time to event", "HR", tuple(cells), interaction, NAN)


class _Found(NamedTuple):
    """Estimate, p, name of the test, and why p is not given."""

    estimate: Estimate
    p_value: float
    test: str
    reason: str


def _hazard(pair: GroupCounts) -> tuple[Estimate, float, str, str]:
    found = hazard_ratio_of([pair])
    if found.notes and pair.n.min() and pair.n_events.sum() and not pair.n_events.min():
        found = _firth(pair, found)
    estimate = Estimate(found.value, found.ci_low, found.ci_high, found.method, n=found.n, events=found.events, notes=found.notes)
    return estimate, found.p_value, found.test, "; ".join(found.notes)


def _firth(pair: GroupCounts, cox: HazardRatio) -> HazardRatio:
    """Firth's estimate where Cox has none because a group has no events."""
    found = hazard_ratio_of([pair], method="firth")
    return found if math.isfinite(found.value) else cox


def _outcome_row(outcome: _Outcome, columns: Sequence[_Column], made: Grouping) -> EndpointRow:
    known, sides = np.isfinite(outcome.found), _sides(made)
    cells, tables = [], []
    for column in columns:
        used = column.member & known & (sides != LEFT_OUT)
        cases = np.bincount(sides[used], weights=outcome.found[used], minlength=2).astype(np.int64)
        n = np.bincount(sides[used], minlength=2).astype(np.int64)
        table = np.column_stack([cases, n - cases])[::-1]  # high first: the odds of high against low
        cells.append(_cell(column, known, made, _Found(*_odds(table)), n, cases))
        tables.append(table)
    interaction = _interaction(columns[1:], [t.sum(axis=1) for t in tables[1:]], lambda: _odds_interaction(tables[1:]))
    return EndpointRow(outcome.key, outcome.label, outcome.words, outcome.section, "OR", tuple(cells), interaction, NAN)


def _odds(table: Codes) -> tuple[Estimate, float, str, str]:
    found, test = odds_ratio(table), fisher_exact(table)
    reason = "; ".join(found.notes) if math.isnan(found.value) else ""
    return found, NAN if reason else test.p_value, test.method, reason


def _cell(column: _Column, known: Mask, made: Grouping, found: _Found, n: Codes, events: Codes) -> EndpointCell:
    """A cell; its p is withheld where a group is small."""
    used = column.member & known & (made.codes != LEFT_OUT)
    few = int(n.min()) < MIN_FOR_P
    reason = ("a group is empty" if not n.min() else TOO_FEW) if few else found.reason
    return EndpointCell(
        column=column.key,
        n_low=int(n[0]),
        n_high=int(n[1]),
        events_low=int(events[0]),
        events_high=int(events[1]),
        n_mixed=int(used.sum() - n.sum()),
        n_missing=int(column.member.sum() - used.sum()),
        estimate=found.estimate,
        p_value=NAN if few else found.p_value,
        q_value=NAN,
        test=found.test,
        reason=reason,
    )


def _interaction(products: Sequence[_Column], sizes: Sequence[Codes], test: Callable[[], Comparison]) -> Comparison | None:
    """The test of product x marker; None with fewer than two products, withheld where a group of one of them is small."""
    if len(products) < 2:
        return None
    small = [p.title for p, n in zip(products, sizes, strict=True) if n.min() < MIN_FOR_P]
    if small:
        return Comparison("interaction of product and marker", None, NAN, "likelihood ratio", f"{TOO_FEW} ({', '.join(small)})")
    return test()


def _time_interaction(time: Floats, event: Floats, known: Mask, sides: Codes, products: Sequence[_Column]) -> Comparison:
    cells = np.full(len(time), LEFT_OUT, dtype=np.int64)
    for level, product in enumerate(products):
        inside = product.member & known & (sides != LEFT_OUT)
        cells[inside] = 2 * level + sides[inside]
    found = interaction_of(group_counts(time, event, cells, 2 * len(products)))
    return Comparison("interaction of product and marker", None, found.p_value, "likelihood ratio, Cox (Efron)", "; ".join(found.notes))


def _odds_interaction(tables: Sequence[Codes]) -> Comparison:
    found = odds_interaction(np.stack(tables))
    return Comparison("interaction of product and marker", None, found.p_value, "likelihood ratio, logistic", "; ".join(found.notes))


def _with_q(rows: Sequence[EndpointRow]) -> tuple[list[EndpointRow], int]:
    """The rows with q values over every p of the strip, interactions included, and how many these are."""
    p = [v for row in rows for v in (*(c.p_value for c in row.cells), row.interaction.p_value if row.interaction else NAN)]
    q = iter(benjamini_hochberg(p).tolist())
    found = []
    for row in rows:
        cells = tuple(replace(cell, q_value=next(q)) for cell in row.cells)
        found.append(replace(row, cells=cells, interaction_q=next(q)))
    return found, int(np.isfinite(p).sum())
