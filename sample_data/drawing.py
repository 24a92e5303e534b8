"""Draws whose margins are exact: a cohort of 52 that must hold 23 high ferritins cannot leave that to chance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Table = dict[str, list[str]]  # header -> one text per row, as it stands in the file


def seeded(seed: int, *stream: int) -> np.random.Generator:
    """A generator of its own for each part, so that a change in one part leaves the others as they are."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *stream])))


def ranks(score: Floats) -> npt.NDArray[np.int64]:
    """0 for the lowest score, n - 1 for the highest; ties in order of appearance."""
    order = np.argsort(score, kind="stable")
    place = np.empty(len(score), dtype=np.int64)
    place[order] = np.arange(len(score))
    return place


def by_rank(score: Floats, anchors: Mapping[int, float], *, log: bool = False) -> Floats:
    """Values in the order of ``score`` that take the given value at the given ranks (0 = lowest).

    Between anchors the value (or its logarithm) is linear in the normal score of the rank, which gives a (log-)normal shape
    with exact minimum, median, maximum and exact counts on both sides of a cutoff. First and last rank must be anchors.
    """
    n = len(score)
    if min(anchors) != 0 or max(anchors) != n - 1:
        raise ValueError(f"anchors must hold ranks 0 and {n - 1}, got {sorted(anchors)}")
    normal = np.array([NormalDist().inv_cdf((i + 0.5) / n) for i in range(n)])
    at = sorted(anchors)
    values = np.array([anchors[i] for i in at])
    curve = np.interp(normal, normal[at], np.log(values) if log else values)
    curve = np.exp(curve) if log else curve
    curve[at] = values  # exactly, not through exp(log())
    return np.asarray(curve[ranks(score)], dtype=np.float64)


def levels_by_rank(score: Floats, counts: Mapping[str, int]) -> list[str]:
    """Levels with exact counts: the lowest scores get the first level. ValueError when the counts do not add up to n."""
    if sum(counts.values()) != len(score):
        raise ValueError(f"counts add up to {sum(counts.values())}, there are {len(score)} patients")
    in_order = [level for level, count in counts.items() for _ in range(count)]
    return [in_order[r] for r in ranks(score)]


def shuffled(rng: np.random.Generator, counts: Mapping[str, int]) -> list[str]:
    """Levels with exact counts in random order."""
    return levels_by_rank(rng.random(sum(counts.values())), counts)


def highest(score: Floats, count: int, among: Flags | None = None) -> Flags:
    """True for the ``count`` highest scores (of those in ``among``). ValueError when there are fewer."""
    eligible = np.ones(len(score), dtype=bool) if among is None else among
    if eligible.sum() < count:
        raise ValueError(f"{count} wanted, {int(eligible.sum())} eligible")
    return np.asarray(ranks(np.where(eligible, score, -np.inf)) >= len(score) - count, dtype=bool)


def related(rng: np.random.Generator, factor: Floats, correlation: float) -> Floats:
    """A standard normal score that correlates with the standard normal ``factor``."""
    return np.asarray(correlation * factor + np.sqrt(1 - correlation**2) * rng.standard_normal(len(factor)), dtype=np.float64)


def standardized(score: Floats) -> Floats:
    """Mean 0, standard deviation 1."""
    return np.asarray((score - score.mean()) / score.std(), dtype=np.float64)


def numbers(values: Iterable[float], digits: int = 0) -> list[str]:
    """Numbers as text with fixed decimals; a missing one is an empty cell."""
    return ["" if np.isnan(v) else f"{v:.{digits}f}" for v in values]


def below_limit(values: Iterable[float], limit: float, digits: int = 0) -> list[str]:
    """Numbers as text; what is below the detection limit reads "<limit"."""
    return ["" if np.isnan(v) else f"<{limit:g}" if v < limit else f"{v:.{digits}f}" for v in values]


def yes_no(flags: Iterable[bool]) -> list[str]:
    return ["yes" if f else "no" for f in flags]


def blanked(rng: np.random.Generator, cells: list[str], count: int, word: str = "") -> list[str]:
    """The cells with ``count`` of them, drawn at random, replaced by ``word``: not measured."""
    gone = set(rng.choice(len(cells), size=count, replace=False).tolist())
    return [word if i in gone else cell for i, cell in enumerate(cells)]
