"""How alike groups are before any outcome: standardised mean differences, with and without weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph.stats.results import Floats

NAN = float("nan")
BALANCED = 0.1  # a usual limit for "alike" (Austin, Stat Med 2009)
NUMBER = "difference of means in standard deviations"
CATEGORY = "difference of shares in standard deviations (Mahalanobis)"
TOO_FEW_KNOWN = "fewer than two patients with a value in a group"


@dataclass(frozen=True, slots=True, eq=False)
class PairDifference:
    """``value``: first minus second group (of a category with three or more levels: the distance, never negative)."""

    first: str
    second: str
    value: float
    n_first: int
    n_second: int
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class StandardisedDifference:
    """A variable's standardised mean difference between groups.

    ``value``: of the pair with the largest absolute one (with two groups: that pair), NaN = not estimable, infinite = the groups share
    no value; ``first``, ``second``: that pair; ``pairs``: all pairs; ``n``: patients with value, group and weight above 0;
    ``n_missing``: those of a group without value.
    """

    value: float
    first: str
    second: str
    pairs: tuple[PairDifference, ...]
    n: int
    n_missing: int
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per pair of groups: first, second, n_first, n_second, value, note."""
        names = ["first", "second", "n_first", "n_second", "value", "note"]
        return pd.DataFrame([[getattr(p, name) for name in names] for p in self.pairs], columns=names)


def difference_of_numbers(
    value: npt.ArrayLike, group: npt.ArrayLike, *, weights: npt.ArrayLike | None = None, groups: Sequence[Any] | None = None
) -> StandardisedDifference:
    """(mean 1 - mean 2) / sqrt((variance 1 + variance 2) / 2), largest pair of groups (Austin, Stat Med 2009).

    ``value``: measurements, NaN is missing; ``group``: labels, None and NaN are in no group; ``groups``: the labels to compare in their
    order, by default all, sorted. ``weights``: one per patient, not negative; means and variances are then weighted, the variance with
    sum(w) / (sum(w)^2 - sum(w^2)) before the sum of squares, which is n - 1 for equal weights (Austin & Stuart, Stat Med 2015).
    """
    values = np.asarray(value, dtype=np.float64)
    return _largest(~np.isnan(values), group, weights, groups, lambda a, b: _of_numbers(values, a, b), NUMBER)


def difference_of_categories(
    value: npt.ArrayLike, group: npt.ArrayLike, *, weights: npt.ArrayLike | None = None, groups: Sequence[Any] | None = None
) -> StandardisedDifference:
    """sqrt((t - c)' S^-1 (t - c)): t, c the shares of all levels but one, S the mean of both multinomial covariances.

    For two levels (p1 - p2) / sqrt((p1 q1 + p2 q2) / 2) with its sign, p the share of the later level in sorted order ("yes", True, 1).
    ``value``: labels, None and NaN are missing; the rest as in ``difference_of_numbers``. Source: Yang & Dalton, SAS Global Forum 2012.
    """
    labels = pd.Series(np.asarray(value, dtype=object))
    known = labels.notna().to_numpy()
    names = sorted(labels[known].unique().tolist(), key=str)
    place = {name: i for i, name in enumerate(names)}
    codes = np.array([place[v] if k else -1 for v, k in zip(labels.tolist(), known.tolist(), strict=True)], dtype=np.int64)
    return _largest(known, group, weights, groups, lambda a, b: _of_categories(codes, a, b, len(names)), CATEGORY)


class _Part(NamedTuple):
    """Patients of one group with a value: their places and weights."""

    rows: npt.NDArray[np.int64]
    weight: Floats


Compare = Callable[[_Part, _Part], tuple[float, str]]


def _largest(
    known: npt.NDArray[np.bool_],
    group: npt.ArrayLike,
    weights: npt.ArrayLike | None,
    groups: Sequence[Any] | None,
    compare: Compare,
    method: str,
) -> StandardisedDifference:
    labels = pd.Series(np.asarray(group, dtype=object))
    weight = np.ones(len(labels)) if weights is None else np.asarray(weights, dtype=np.float64)
    if len(labels) != len(known) or weight.shape != known.shape:
        raise ValueError(f"value, group and weights must be equally long; got {len(known)}, {len(labels)}, {len(weight)}")
    if not np.isfinite(weight).all() or (weight < 0).any():
        raise ValueError("weights must be finite and not negative")
    names = list(groups) if groups is not None else sorted(labels.dropna().unique().tolist(), key=str)
    used = labels.isin(names).to_numpy() & (weight > 0)
    parts = [_part((labels == name).to_numpy() & used & known, weight) for name in names]
    pairs = [_pair(str(names[i]), str(names[j]), parts[i], parts[j], compare) for i, j in combinations(range(len(names)), 2)]
    n, missing = int((used & known).sum()), int((used & ~known).sum())
    measured = [p for p in pairs if not math.isnan(p.value)]
    if not measured:
        why = pairs[0].note if pairs else "one group"
        return StandardisedDifference(NAN, "", "", tuple(pairs), n, missing, method, (why,))
    top = max(measured, key=lambda p: abs(p.value))
    notes = [*([top.note] if top.note else []), *([f"largest of {len(pairs)} pairs"] if len(pairs) > 1 else [])]
    return StandardisedDifference(top.value, top.first, top.second, tuple(pairs), n, missing, method, tuple(notes))


def _part(member: npt.NDArray[np.bool_], weight: Floats) -> _Part:
    rows = np.flatnonzero(member)
    return _Part(rows, weight[rows])


def _pair(first: str, second: str, a: _Part, b: _Part, compare: Compare) -> PairDifference:
    value, note = compare(a, b)
    return PairDifference(first, second, value, len(a.rows), len(b.rows), note)


def _of_numbers(values: Floats, a: _Part, b: _Part) -> tuple[float, str]:
    if min(len(a.rows), len(b.rows)) < 2:
        return NAN, TOO_FEW_KNOWN
    (mean_a, var_a), (mean_b, var_b) = (_moments(values[part.rows], part.weight) for part in (a, b))
    apart = mean_a - mean_b
    spread = math.sqrt((var_a + var_b) / 2)
    if spread > 0:
        return apart / spread, ""
    return (
        (0.0, "the same value in both groups") if not apart else (math.copysign(math.inf, apart), "one value in each group, not the same")
    )


def _moments(values: Floats, weight: Floats) -> tuple[float, float]:
    """Weighted mean and variance; a constant has variance 0 exactly."""
    if np.all(values == values[0]):
        return float(values[0]), 0.0
    total = float(weight.sum())
    mean = float((weight * values).sum()) / total
    factor = total / (total**2 - float((weight**2).sum()))
    return mean, factor * float((weight * (values - mean) ** 2).sum())


def _of_categories(codes: npt.NDArray[np.int64], a: _Part, b: _Part, levels: int) -> tuple[float, str]:
    if not len(a.rows) or not len(b.rows):
        return NAN, "nobody with a value in a group"
    one, two = (np.bincount(codes[p.rows], weights=p.weight, minlength=levels) / p.weight.sum() for p in (a, b))
    present = (one > 0) | (two > 0)
    one, two = one[present], two[present]
    if len(one) < 2:
        return 0.0, "the same value in both groups"
    if not ((one > 0) & (two > 0)).any():
        return (math.copysign(math.inf, one[1] - two[1]) if levels == 2 else math.inf), "the groups share no level"
    t, c = one[1:], two[1:]
    spread = (np.diag(t) - np.outer(t, t) + np.diag(c) - np.outer(c, c)) / 2
    distance = math.sqrt(max(float((t - c) @ np.linalg.solve(spread, t - c)), 0.0))
    return (math.copysign(distance, t[0] - c[0]) if levels == 2 else distance), ""
