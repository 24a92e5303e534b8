"""The difference of two proportions with limits that hold near 0 and 100 %."""

from __future__ import annotations

import math

from cartograph.stats.response import proportion
from cartograph.stats.results import Estimate

METHOD = "difference of proportions, Newcombe's limits"


def difference_of_proportions(first: tuple[int, int], second: tuple[int, int], *, level: float = 0.95) -> Estimate:
    """First minus second proportion with hybrid score limits, each proportion's from Wilson (Newcombe, Stat Med 1998, method 10).

    ``first``, ``second``: (successes, n) of independent groups. ``value`` and limits lie between -1 and 1; ``n`` and ``events`` count both
    groups. NaN with a note when a group is empty; ValueError when successes lie outside 0 .. n or the level outside 0 .. 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1; got {level}")
    a, b = (proportion(x, n, method="wilson", level=level) for x, n in (first, second))
    n, events = first[1] + second[1], first[0] + second[0]
    if not first[1] or not second[1]:
        return Estimate(math.nan, math.nan, math.nan, METHOD, n=n, events=events, notes=("a group is empty",))
    value = a.value - b.value
    low = value - math.hypot(a.value - a.ci_low, b.ci_high - b.value)
    high = value + math.hypot(a.ci_high - a.value, b.value - b.ci_low)
    return Estimate(value, low, high, METHOD, n=n, events=events)
