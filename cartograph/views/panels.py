"""One panel of Explore: curves, tests and hazard ratios of the marker groups of one product, and when a number is withheld."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph.stats.compare import log_rank_of
from cartograph.stats.counts import GroupCounts, group_counts
from cartograph.stats.event_table import EventTable
from cartograph.stats.hazard import HazardRatio, Method, hazard_ratio_of, interaction_of
from cartograph.stats.results import Estimate, Floats
from cartograph.stats.survival import SurvivalCurve
from cartograph.views.explore import Comparison, Group, Marker, Panel
from cartograph.views.grouping import Grouping, GroupRule, versus

Mask = npt.NDArray[np.bool_]
MIN_FOR_P = 10  # patients in the smallest group, as cBioPortal; below it a p value says more than the data do
MILESTONES = (6.0, 12.0, 24.0)  # months
TOO_FEW = f"fewer than {MIN_FOR_P} patients in a group"
NAN = float("nan")
COX, PRISM = "Cox (Efron)", "Mantel-Haenszel (Prism)"


@dataclass(frozen=True, slots=True, eq=False)
class PanelTable:
    """What is counted once for a panel. ``member``: its patients; ``known``: those with endpoint and every marker."""

    key: str
    title: str
    member: Mask
    known: Mask
    events: EventTable


def build_panel_table(key: str, title: str, member: Mask, time: Floats, event: Floats, values: Sequence[Floats]) -> PanelTable:
    """Count a panel's patients; with one marker for every cutoff at once."""
    known = member & np.isfinite(time) & np.logical_and.reduce([np.ones_like(member), *(np.isfinite(v) for v in values)])
    value = values[0][known] if len(values) == 1 else None
    return PanelTable(key, title, member, known, EventTable.build(value, time[known], event[known]))


def counts_of(table: PanelTable, made: Grouping, markers: Sequence[Marker]) -> GroupCounts:
    """Counts of the panel's groups: with one marker selected from the event table, else one GROUP BY of the codes."""
    if len(markers) == 1:
        return table.events.select(markers[0].cutoff)
    return table.events.split(made.codes[table.known], len(made.rules))


def panel_of(table: PanelTable, counts: GroupCounts, made: Grouping) -> Panel:
    """The panel under the current groups. A group without a patient keeps its place, so that nothing jumps, and is said."""
    groups = tuple(_group(counts, rule) for rule in made.rules) if table.known.any() else ()
    return Panel(
        key=table.key,
        title=table.title,
        n=int(table.known.sum()),
        n_missing=int(table.member.sum() - table.known.sum()),
        groups=groups,
        log_rank=log_rank_words(counts),
        hazard_ratios=hazard_ratio_words(counts, made.rules),
        notes=panel_notes(made.rules, counts.n.tolist(), int(counts.n_events.sum())),
    )


def panel_notes(rules: Sequence[GroupRule], sizes: Sequence[int], events: int) -> tuple[str, ...]:
    """What a reader must know of a panel: groups without a patient, no events."""
    if not any(sizes):
        return ()
    empty = [f"Nobody in the group {rule.label}." for rule in rules if not sizes[rule.code]]
    return (*empty, *(() if events else ("No events: curves stay at 100 % and nothing can be compared.",)))


def _group(counts: GroupCounts, rule: GroupRule) -> Group:
    curve = counts.curve(rule.code)
    return Group(
        role=rule.role,
        label=rule.label,
        short=rule.short,
        n=curve.n,
        events=curve.n_events,
        curve=curve,
        median=curve.quantile(0.5),
        milestones=rates_at(curve, MILESTONES),
        follow_up=counts.follow_up_curve(rule.code).quantile(0.5),
    )


def log_rank_words(counts: GroupCounts) -> Comparison:
    """The log-rank p of all groups, or why it is not given."""
    if len(counts.n) < 2:
        return Comparison("log-rank", None, NAN, "log-rank", "one group")
    reason = withheld(counts.n.tolist(), int(counts.n_events.sum()))
    if reason:
        return Comparison("log-rank", None, NAN, "log-rank", reason)
    test = log_rank_of([counts])
    return Comparison("log-rank", None, test.p_value, "log-rank", "; ".join(test.notes))


def rates_at(curve: SurvivalCurve, months: Sequence[float]) -> pd.DataFrame:
    """Survival at some months: time, at_risk, survival, ci_low, ci_high; NaN beyond follow-up, but 0 for good once the curve is at 0."""
    at = curve.values_at(months)
    found = pd.DataFrame({name: at[name] for name in ("time", "at_risk", "survival", "ci_low", "ci_high")})
    over = len(curve.survival) > 0 and curve.survival[-1] == 0
    return found.fillna({"survival": 0.0}) if over else found


def withheld(sizes: Sequence[int], events: int) -> str:
    """Why the p of a comparison is not given, or ""."""
    if not min(sizes):
        return "a group is empty"
    if not events:
        return "no events"
    return TOO_FEW if min(sizes) < MIN_FOR_P else ""


def low_and_high(rules: Sequence[GroupRule]) -> tuple[int, int]:
    """Codes of the two groups that a hazard ratio compares; ValueError where there is one group."""
    roles = [r.role for r in rules]
    return roles.index("low"), roles.index("high")


def hazard_ratio_words(counts: GroupCounts, rules: Sequence[GroupRule]) -> tuple[Comparison, ...]:
    """HR high against low: Cox and Mantel-Haenszel; Firth's as well where a group has no events. Each named."""
    if len(rules) < 2:
        return ()
    low, high = low_and_high(rules)
    if not counts.n[high] or not counts.n[low]:
        return ()
    pair = counts.only(low, high)
    methods: list[tuple[str, Method]] = [(COX, "cox"), (PRISM, "mantel-haenszel")]
    if not pair.n_events.min() and pair.n_events.max():
        methods.insert(1, ("Firth", "firth"))
    few = bool(pair.n.min() < MIN_FOR_P)
    return tuple(ratio_words(f"HR {versus(rules)}, {name}", hazard_ratio_of([pair], method=method), few=few) for name, method in methods)


def ratio_words(name: str, found: HazardRatio, *, few: bool) -> Comparison:
    """A hazard ratio of high against low with its whole ``name``; ``few``: its p is withheld."""
    estimate = Estimate(found.value, found.ci_low, found.ci_high, found.method, n=found.n, events=found.events, notes=found.notes)
    reason = TOO_FEW if few and math.isfinite(found.value) else "; ".join(found.notes)
    return Comparison(name, estimate, NAN if few else found.p_value, found.test, reason)


def interaction_words(tables: Sequence[PanelTable], made: Grouping, time: Floats, event: Floats) -> Comparison | None:
    """Does the HR differ between the products? None where there is one product or no marker; withheld where a group is small."""
    levels = [t for t in tables if t.key != "all"]
    if len(levels) < 2 or len(made.rules) < 2:
        return None
    low, high = low_and_high(made.rules)
    cells = np.full(len(time), -1, dtype=np.int64)
    for level, table in enumerate(levels):
        cells[table.known & (made.codes == low)] = 2 * level
        cells[table.known & (made.codes == high)] = 2 * level + 1
    counts = group_counts(time, event, cells, 2 * len(levels))
    label, test = "interaction of product and marker", "likelihood ratio, Cox (Efron)"
    small = [t.title for t, n in zip(levels, counts.n.reshape(-1, 2).min(axis=1), strict=True) if n < MIN_FOR_P]
    if small:
        return Comparison(label, None, NAN, test, f"{TOO_FEW} ({', '.join(small)})")
    found = interaction_of(counts)
    return Comparison(label, None, found.p_value, test, "; ".join(found.notes) if math.isnan(found.p_value) else "")
