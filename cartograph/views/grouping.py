"""From one or two markers and their cutoffs to groups: codes, roles and the words of the rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cartograph import format as fmt
from cartograph.cohort.model import Column
from cartograph.stats.results import Floats
from cartograph.views.explore import Combine, Marker, Role

Codes = npt.NDArray[np.int64]
NOT_MEASURED = -1
BOTH_LOW = "both low"


@dataclass(frozen=True, slots=True)
class GroupRule:
    """One marker group. ``label`` prints the rule; ``short`` is for the end of a curve."""

    code: int
    role: Role
    label: str
    short: str


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """``codes``: group of each patient, -1 = a marker is not measured."""

    codes: Codes
    rules: tuple[GroupRule, ...]


def grouping(values: Sequence[Floats], markers: Sequence[Marker], columns: Sequence[Column], combine: Combine) -> Grouping:
    """Groups of the patients: everybody without a marker, low/high with one, low/mixed/high or both low against the rest with two.

    High is ``value > cutoff``; a patient without a value of any chosen marker has code -1.
    """
    rules = group_rules(markers, columns, combine)
    if not markers:
        return Grouping(np.zeros(len(values[0]) if values else 0, dtype=np.int64), rules)
    measured = np.logical_and.reduce([np.isfinite(v) for v in values])
    with np.errstate(invalid="ignore"):
        high = np.add.reduce([(v > m.cutoff).astype(np.int64) for v, m in zip(values, markers, strict=True)])
    return Grouping(np.where(measured, np.minimum(high, len(rules) - 1), NOT_MEASURED), rules)


def group_rules(markers: Sequence[Marker], columns: Sequence[Column], combine: Combine) -> tuple[GroupRule, ...]:
    """The groups of the markers with their words. A patient with k high markers is in group k, or in the last there is."""
    if not markers:
        return (GroupRule(0, "all", "All patients", "all"),)
    if len(markers) == 1:
        return _one_marker(markers[0], columns[0])
    return _three_groups(markers, columns) if combine == "three" else _both_low(markers, columns)


def versus(rules: Sequence[GroupRule]) -> str:
    """Whom a hazard ratio compares with whom: "high vs low", or with two markers "both high vs both low", "rest vs both low"."""
    short = {rule.role: rule.short for rule in rules}
    return f"{short['high']} vs {BOTH_LOW}" if short.get("low") == BOTH_LOW else "high vs low"


def rule_words(marker: Marker, column: Column, sign: str) -> str:
    """'Ferritin, day 0 > 337 µg/L'."""
    unit = f" {column.unit}" if column.unit else ""
    return f"{column.label} {sign} {fmt.number(marker.cutoff)}{unit}"


def _one_marker(marker: Marker, column: Column) -> tuple[GroupRule, ...]:
    cutoff = fmt.number(marker.cutoff)
    return (
        GroupRule(0, "low", rule_words(marker, column, "\u2264"), f"\u2264 {cutoff}"),
        GroupRule(1, "high", rule_words(marker, column, ">"), f"> {cutoff}"),
    )


def _three_groups(markers: Sequence[Marker], columns: Sequence[Column]) -> tuple[GroupRule, ...]:
    low = " and ".join(rule_words(m, c, "\u2264") for m, c in zip(markers, columns, strict=True))
    high = " and ".join(rule_words(m, c, ">") for m, c in zip(markers, columns, strict=True))
    return (
        GroupRule(0, "low", f"Both low: {low}", BOTH_LOW),
        GroupRule(1, "mixed", "Mixed: one low, one high", "mixed"),
        GroupRule(2, "high", f"Both high: {high}", "both high"),
    )


def _both_low(markers: Sequence[Marker], columns: Sequence[Column]) -> tuple[GroupRule, ...]:
    low = " and ".join(rule_words(m, c, "\u2264") for m, c in zip(markers, columns, strict=True))
    return (GroupRule(0, "low", f"Both low: {low}", BOTH_LOW), GroupRule(1, "high", "One or both high", "rest"))
