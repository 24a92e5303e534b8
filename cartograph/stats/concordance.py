"""Harrell's concordance index: how often, of two patients, the one with the higher risk has the event first.

lifelines breaks ties of the score by rounding noise, so ours counts ranks: tied scores are tied.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr

from cartograph.stats.compare import by_stratum
from cartograph.stats.results import Floats
from cartograph.stats.survival import normal_quantile
from cartograph.stats.times import Indices, survival_input

NAN = float("nan")
METHOD = "Harrell's C, tied risks count half; infinitesimal jackknife, normal limits"


@dataclass(frozen=True, slots=True, eq=False)
class Concordance:
    """C = (concordant + tied_risk / 2) / pairs; 0.5 = no better than a coin. NaN and a note without a usable pair.

    ``concordant``, ``discordant``, ``tied_risk``: numbers of usable pairs (the earlier time is an event). ``influence``: one number per
    patient, how much C moves per unit of that patient's weight; the sum of their squares is the variance. Limits are cut to 0 and 1.
    """

    value: float
    std_error: float
    ci_low: float
    ci_high: float
    concordant: int
    discordant: int
    tied_risk: int
    n: int
    events: int
    level: float
    influence: Floats
    method: str = METHOD
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row: value, std_error, ci_low, ci_high, concordant, discordant, tied_risk, n, events, method."""
        names = ["value", "std_error", "ci_low", "ci_high", "concordant", "discordant", "tied_risk", "n", "events", "method"]
        return pd.DataFrame([{name: getattr(self, name) for name in names}])


@dataclass(frozen=True, slots=True, eq=False)
class ConcordanceDifference:
    """First C minus second C of two scores of the same patients; ``p_value`` of no difference (normal). NaN with a note otherwise."""

    value: float
    std_error: float
    ci_low: float
    ci_high: float
    p_value: float
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row: value, std_error, ci_low, ci_high, p_value, method."""
        names = ["value", "std_error", "ci_low", "ci_high", "p_value", "method"]
        return pd.DataFrame([{name: getattr(self, name) for name in names}])


def concordance_index(
    risk: npt.ArrayLike, time: npt.ArrayLike, event: npt.ArrayLike, *, strata: npt.ArrayLike | None = None, level: float = 0.95
) -> Concordance:
    """Harrell's C of a score, with the standard error of R's ``survival::concordance(..., reverse = TRUE)``.

    ``risk``: one number per patient, higher = earlier event expected (a marker, a linear predictor, 0/1 of a split); ``time``: months;
    ``event``: True = event. A pair is usable when the earlier time is an event; someone censored at that very time outlived it; two events
    at the same time say nothing. ``strata``: pairs within strata only. ValueError for missing values and unequal lengths.

    Harrell, Califf, Pryor, Lee & Rosati, JAMA 1982. The count takes n log(n)^2 steps.
    """
    data = survival_input(time, event)
    score = np.asarray(risk, dtype=np.float64)
    if score.shape != data.time.shape or not np.isfinite(score).all():
        raise ValueError(f"risk must be one finite number for each of the {len(data.time)} patients: leave out the others first")
    pairs = np.zeros((3, len(score)))
    for codes in by_stratum(np.zeros(len(score), dtype=np.int64), strata):
        inside = codes >= 0
        pairs[:, inside] = _pairs_of_each(score[inside], data.time[inside], data.event[inside])
    return _from_pairs(pairs, int(data.event.sum()), level)


def concordance_difference(first: Concordance, second: Concordance) -> ConcordanceDifference:
    """``first`` minus ``second``, two scores of the same patients in the same order, with limits at the level of ``first``.

    The influence of each patient is subtracted before it is squared, so the correlation of the two scores counts (R: vcov of
    ``concordance(fit1, fit2)``). ValueError when the patients cannot be the same.
    """
    if first.n != second.n or first.events != second.events:
        given = f"{first.n} with {first.events} events and {second.n} with {second.events}"
        raise ValueError(f"both scores must be of the same patients; got {given}")
    method = "difference of two C of the same patients; infinitesimal jackknife, normal limits"
    notes = first.notes or second.notes
    if notes:
        return ConcordanceDifference(NAN, NAN, NAN, NAN, NAN, method, notes)
    value = first.value - second.value
    moved = first.influence - second.influence
    error = math.sqrt(float(moved @ moved))
    if error == 0:
        return ConcordanceDifference(value, 0.0, value, value, NAN, method, ("both scores put the patients in the same order",))
    z = normal_quantile(first.level)
    p = 2 * float(ndtr(-abs(value) / error))
    return ConcordanceDifference(value, error, value - z * error, value + z * error, p, method)


def _from_pairs(pairs: Floats, events: int, level: float) -> Concordance:
    """``pairs``: 3 x n, the usable pairs of each patient by kind. Every pair was counted at both of its patients."""
    concordant, discordant, tied = (round(v / 2) for v in pairs.sum(axis=1).tolist())
    usable = concordant + discordant + tied
    n = pairs.shape[1]
    if not usable:
        note = "no events" if not events else "no two patients of whom it is known who had the event first"
        return Concordance(NAN, NAN, NAN, NAN, 0, 0, 0, n, events, level, np.full(n, np.nan), notes=(note,))
    value = (concordant + tied / 2) / usable
    influence = (pairs[0] + pairs[2] / 2 - value * pairs.sum(axis=0)) / usable
    error = math.sqrt(float(influence @ influence))
    half = normal_quantile(level) * error
    limits = max(value - half, 0.0), min(value + half, 1.0)
    return Concordance(value, error, *limits, concordant, discordant, tied, n, events, level, influence)


class _Counted(NamedTuple):
    """For each query: points below its rank, and points at its rank."""

    below: Indices
    equal: Indices


def _pairs_of_each(risk: Floats, time: Floats, event: Floats) -> Floats:
    """Concordant, discordant and tied pairs of every patient (3 x n).

    Patients are put on a line: events of a time before those censored at it, so a pair is usable when the patient further left had the
    event and the places differ. Two places differ at exactly one level of a binary tree over the line (one in the left half of a node, one
    in the right), so each level counts, in every node, ranks of one half against those of the other.
    """
    _, rank = np.unique(risk, return_inverse=True)
    _, place = np.unique(2 * np.unique(time, return_inverse=True)[1] + (event == 0), return_inverse=True)
    pairs = np.zeros((3, len(risk)), dtype=np.int64)
    width = int(rank.max(initial=0)) + 1
    for bit in range(int(place.max(initial=0)).bit_length()):
        right = (place >> bit) & 1 == 1
        early, late = np.flatnonzero(~right & (event == 1)), np.flatnonzero(right)
        key = (place >> (bit + 1)) * width + rank
        node = (place >> (bit + 1)) * width
        _add(pairs, early, _count(key[late], node[early], rank[early], width), sooner=True)
        _add(pairs, late, _count(key[early], node[late], rank[late], width), sooner=False)
    return pairs.astype(np.float64)


def _count(points: Indices, node: Indices, rank: Indices, width: int) -> tuple[_Counted, Indices]:
    """Of ``points`` (node + rank) those in the node of each query: below and at its rank, and all of them."""
    ordered = np.sort(points)
    start, low, high, stop = (np.searchsorted(ordered, at) for at in (node, node + rank, node + rank + 1, node + width))
    return _Counted(low - start, high - low), stop - start


def _add(pairs: Indices, at: Indices, counted: tuple[_Counted, Indices], *, sooner: bool) -> None:
    """Concordant = the one with the earlier event has the higher rank."""
    (below, equal), everybody = counted
    above = everybody - below - equal
    pairs[0, at] += below if sooner else above
    pairs[1, at] += above if sooner else below
    pairs[2, at] += equal
