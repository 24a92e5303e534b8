"""Shares of patients with a yes-or-no outcome, by panel and marker group, and what compares them: for response and toxicity alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph.stats.odds import odds_ratio
from cartograph.stats.proportions import difference_of_proportions
from cartograph.stats.response import fisher_two_by_two, proportion
from cartograph.stats.results import Estimate, Floats
from cartograph.views.explore import Role
from cartograph.views.grouping import Grouping, GroupRule
from cartograph.views.panels import MIN_FOR_P

Mask = npt.NDArray[np.bool_]
MOST_PAIRS = 4  # levels of a split that are all compared with each other; beyond it each with the first
TOO_FEW = f"fewer than {MIN_FOR_P} evaluable patients in a group"


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A yes-or-no outcome. ``values``: 1 = yes, 0 = no, NaN = not evaluable; one entry per patient.

    ``words``: what counts as yes; ``of``: whom the denominator holds ("evaluable", "infused").
    """

    key: str
    label: str
    words: str
    values: Floats
    of: str = "evaluable"


@dataclass(frozen=True, slots=True, eq=False)
class Panelled:
    """Patients side by side: key, title and who belongs (True)."""

    key: str
    title: str
    member: Mask


@dataclass(frozen=True, slots=True, eq=False)
class Rate:
    """How many of a group had an outcome. ``n``: patients of the group, ``evaluable``: the denominator."""

    outcome: str
    label: str
    panel: str
    role: Role
    group: str
    short: str
    n: int
    evaluable: int
    yes: int
    exact: Estimate  # Clopper-Pearson
    wilson: Estimate


@dataclass(frozen=True, slots=True, eq=False)
class Contrast:
    """One outcome in two groups. ``first`` against ``second``: difference first - second, odds ratio of first.

    ``kind``: "marker" = high against low inside a panel, "panel" = two products, unadjusted and not randomised. ``p_value`` NaN: not
    given, ``reason`` says why.
    """

    outcome: str
    label: str
    kind: Literal["marker", "panel"]
    panel: str
    first: str
    second: str
    counts: tuple[int, int, int, int]  # yes and denominator of the first, of the second
    difference: Estimate
    odds: Estimate
    p_value: float
    test: str = "Fisher's exact test"
    reason: str = ""


def rate(outcome: Outcome, inside: Mask, rule: GroupRule, panel: str) -> Rate:
    """The share of the patients ``inside`` (True)."""
    values = outcome.values[inside]
    evaluable, yes = int(np.isfinite(values).sum()), int((values == 1).sum())
    return Rate(
        outcome=outcome.key,
        label=outcome.label,
        panel=panel,
        role=rule.role,
        group=rule.label,
        short=rule.short,
        n=int(inside.sum()),
        evaluable=evaluable,
        yes=yes,
        exact=proportion(yes, evaluable),
        wilson=proportion(yes, evaluable, method="wilson"),
    )


def rates_of(outcomes: Sequence[Outcome], panels: Sequence[Panelled], made: Grouping) -> tuple[Rate, ...]:
    """Every outcome in every group of every panel, in this order."""
    return tuple(
        rate(outcome, panel.member & (made.codes == rule.code), rule, panel.title)
        for outcome in outcomes
        for panel in panels
        for rule in made.rules
    )


def contrasts_of(outcomes: Sequence[Outcome], panels: Sequence[Panelled], made: Grouping) -> tuple[Contrast, ...]:
    """High against low inside each panel, then product against product (all patients of each), outcome by outcome."""
    roles = {rule.role: rule for rule in made.rules}
    found = []
    for outcome in outcomes:
        if "high" in roles and "low" in roles:
            high, low = roles["high"], roles["low"]
            for panel in panels:
                sides = (panel.member & (made.codes == high.code), panel.member & (made.codes == low.code))
                found.append(contrast(outcome, sides, (high.short, low.short), kind="marker", panel=panel.title))
        for one, other in pairs(panels):
            names = (one.title, other.title)
            found.append(contrast(outcome, (one.member, other.member), names, kind="panel", panel=f"{one.title} vs {other.title}"))
    return tuple(found)


def pairs(panels: Sequence[Panelled]) -> list[tuple[Panelled, Panelled]]:
    """Panels that are compared: the levels of the split, each with each when few, else each with the first."""
    levels = [p for p in panels if p.key != "all"]
    every = list(combinations(levels, 2))
    return every if len(levels) <= MOST_PAIRS else [pair for pair in every if pair[0] is levels[0]]


def contrast(
    outcome: Outcome, sides: tuple[Mask, Mask], names: tuple[str, str], *, kind: Literal["marker", "panel"], panel: str
) -> Contrast:
    """One outcome in two groups of patients (True = belongs)."""
    (a, n), (c, m) = (counted(outcome.values[side]) for side in sides)
    few = min(n, m) < MIN_FOR_P
    return Contrast(
        outcome=outcome.key,
        label=outcome.label,
        kind=kind,
        panel=panel,
        first=names[0],
        second=names[1],
        counts=(a, n, c, m),
        difference=difference_of_proportions((a, n), (c, m)),
        odds=odds_ratio([[a, n - a], [c, m - c]]),
        p_value=float("nan") if few else fisher_two_by_two(a, n - a, c, m - c),
        reason=("a group is empty" if not min(n, m) else TOO_FEW) if few else "",
    )


def nobody_words(made: Grouping) -> str:
    """That the high or the low group has nobody, so that nothing is compared; "" where both have patients or there is no marker."""
    empty = [rule.label for rule in made.rules if rule.role in ("high", "low") and not (made.codes == rule.code).any()]
    return f"Nobody in the group {' and in the group '.join(empty)}: nothing to compare." if empty else ""


def counted(values: Floats) -> tuple[int, int]:
    """How many have an outcome, and of how many evaluable patients."""
    return int((values == 1).sum()), int(np.isfinite(values).sum())


def rates_frame(rates: Sequence[Rate]) -> pd.DataFrame:
    """One row per rate: outcome, panel, group, patients, evaluable, yes, share, exact and Wilson limits."""
    columns = [
        "outcome", "panel", "group", "patients", "evaluable", "yes", "share", "exact_low", "exact_high", "wilson_low", "wilson_high",
    ]  # fmt: skip
    rows = [
        (
            r.label, r.panel, r.group, r.n, r.evaluable, r.yes, r.exact.value, r.exact.ci_low, r.exact.ci_high, r.wilson.ci_low,
            r.wilson.ci_high,
        )
        for r in rates
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def contrasts_frame(contrasts: Sequence[Contrast]) -> pd.DataFrame:
    """One row per contrast: outcome, panel, first, second, counts, difference and odds ratio with limits, p, test, reason."""
    rows = []
    for c in contrasts:
        yes, n, other_yes, m = c.counts
        counts = {"first_yes": yes, "first_n": n, "second_yes": other_yes, "second_n": m}
        difference = {"difference": c.difference.value, "difference_low": c.difference.ci_low, "difference_high": c.difference.ci_high}
        odds = {"odds_ratio": c.odds.value, "odds_low": c.odds.ci_low, "odds_high": c.odds.ci_high}
        test = {"p_value": c.p_value, "test": c.test, "reason": c.reason}
        rows.append({"outcome": c.label, "panel": c.panel, "first": c.first, "second": c.second, **counts, **difference, **odds, **test})
    return pd.DataFrame(rows)
