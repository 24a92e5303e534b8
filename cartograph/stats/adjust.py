"""P values adjusted for how many were looked at: Bonferroni, Holm, Benjamini-Hochberg."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from cartograph.stats.results import Floats


def bonferroni(p: npt.ArrayLike) -> Floats:
    """Each p times their number, at most 1: holds the chance of any false positive (Dunn, J Am Stat Assoc 1961).

    ``p``: any list of p values; missing ones are not counted and stay missing. Same order and length as ``p``. Equals R's p.adjust.
    """
    return _adjusted(p, lambda ascending: ascending * len(ascending))


def holm(p: npt.ArrayLike) -> Floats:
    """Bonferroni step by step, from the smallest: never larger than Bonferroni's, with the same promise (Holm, Scand J Stat 1979).

    ``p`` and the answer: see ``bonferroni``.
    """

    def stepped(ascending: Floats) -> Floats:
        found: Floats = np.maximum.accumulate(ascending * np.arange(len(ascending), 0, -1))
        return found

    return _adjusted(p, stepped)


def benjamini_hochberg(p: npt.ArrayLike) -> Floats:
    """Q values: of all results with q below a limit at most that share is expected to be false (Benjamini & Hochberg, J R Stat Soc B 1995).

    ``p`` and the answer: see ``bonferroni``. The promise holds for independent or positively dependent tests.
    """

    def stepped(ascending: Floats) -> Floats:
        share = ascending * (len(ascending) / np.arange(1, len(ascending) + 1))
        found: Floats = np.minimum.accumulate(share[::-1])[::-1]
        return found

    return _adjusted(p, stepped)


def _adjusted(p: npt.ArrayLike, rule: Callable[[Floats], Floats]) -> Floats:
    """``rule`` applied to the known p values in ascending order; the others stay NaN."""
    values = np.asarray(p, dtype=np.float64)
    known = np.flatnonzero(~np.isnan(values))
    if values.ndim != 1 or ((values[known] < 0) | (values[known] > 1)).any():
        raise ValueError(f"p must be one list of numbers between 0 and 1; got {values}")
    order = known[np.argsort(values[known], kind="stable")]
    found = np.full(len(values), np.nan)
    found[order] = np.minimum(rule(values[order]), 1.0)
    return found
