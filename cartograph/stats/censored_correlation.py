"""How a measurement or a duration goes with a censored time, both allowed to be censored; beside it the naive correlation, and why it lies.

Two patients say something when it is known who has the longer duration and who has the later event. Only such pairs are counted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr

from cartograph.stats.concordance import Concordance
from cartograph.stats.continuous import Scale, continuous_effect
from cartograph.stats.correlation import Correlation, correlation
from cartograph.stats.hazard import HazardRatio
from cartograph.stats.results import Floats
from cartograph.stats.survival import normal_quantile
from cartograph.stats.times import survival_input

NAN = float("nan")
BLOCK: Final = 2_000_000  # pairs looked at at once
FEWEST: Final = 4  # patients
TAU: Final = (
    "Kendall's tau for censored data: concordant minus discordant over all pairs whose order is known in both (Brown, Hollander & Korwar "
    "1974; Oakes, Biometrics 1982 and Biometrika 2008); jackknife, limits on Fisher's z scale"
)
CONCORDANCE: Final = "Harrell's C of pairs whose order is known in both, tied values count half; infinitesimal jackknife, normal limits"
MISLEADING: Final = (
    "Spearman's r takes the time of a patient without an event as if the event had happened at the last visit, so short follow-up "
    "looks like short survival."
)
MISLEADING_BOTH: Final = (
    "Spearman's r takes a time that is still running as if it had ended at the last visit, so short follow-up looks like short "
    "survival and like short duration: both grow with follow-up, and r is high even when nothing connects them. A Cox ratio per duration "
    "seen so far is misled in the same way, because who has the event early cannot have a long duration."
)
COX_AS_MEASURED: Final = (
    "Cox takes the duration seen so far as if it had been known at the start; who has the event early cannot have a long one, so the ratio "
    "looks favourable even when nothing connects them"
)
NO_PAIRS: Final = "no two patients of whom the order is known in both"
TOO_FEW: Final = f"fewer than {FEWEST} patients"
ONE_CARRIES: Final = "one patient is in every pair: no limits"
NO_LIMITS: Final = "a coefficient of 1 or \u22121 has no limits"


@dataclass(frozen=True, slots=True, eq=False)
class CensoredTau:
    """Kendall's tau of pairs whose order is known in both variables; 1 = the one with more always has the later event, 0 = no association.

    ``value`` = (concordant - discordant) / (concordant + discordant). ``tied``: pairs with equal values in one of the two; ``unknown``:
    pairs that censoring leaves without an order. ``std_error``: jackknife, of the value; limits and two-sided ``p_value`` (of tau = 0)
    from the normal distribution on Fisher's z scale. ``n_censored``: patients whose first variable is censored, ``events``: of the second.
    """

    value: float
    std_error: float
    ci_low: float
    ci_high: float
    p_value: float
    concordant: int
    discordant: int
    tied: int
    unknown: int
    n: int
    n_censored: int
    events: int
    level: float
    method: str = TAU
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row: value, std_error, limits, p_value, pairs by kind, n, n_censored, events, method."""
        pairs = ["concordant", "discordant", "tied", "unknown"]
        names = ["value", "std_error", "ci_low", "ci_high", "p_value", *pairs, "n", "n_censored", "events", "method"]
        return pd.DataFrame([{name: getattr(self, name) for name in names}])


@dataclass(frozen=True, slots=True, eq=False)
class CensoredCorrelation:
    """Four measures of one association.

    ``tau``; ``concordance``: Harrell's C of the pairs that tau counts, above 0.5 = who has more has the later event; ``cox``: hazard ratio
    of the event per ``scale`` ("doubling", "sd", "unit") of the first variable, below 1 = who has more has it later; ``naive``: Spearman's
    r of the times as they stand. ``misleading`` says why ``naive`` is not to be used and, where the first variable is a duration
    (``of_durations`` True), ``cox`` neither: in cohorts where nothing connects the two, both see something in most.
    ``n``: patients, ``n_missing``: given without one of the values.
    """

    tau: CensoredTau
    concordance: Concordance
    cox: HazardRatio
    scale: Scale
    naive: Correlation
    misleading: str
    of_durations: bool
    n: int
    n_missing: int
    n_censored: int
    events: int
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per measure: measure, value, ci_low, ci_high, p_value, n, events, method, note."""
        words = {"doubling": "per doubling", "sd": "per standard deviation", "unit": "per unit"}[self.scale]
        tau, c, cox, naive = self.tau, self.concordance, self.cox, self.naive
        rows = [
            ("Kendall's tau, censored data", tau.value, tau.ci_low, tau.ci_high, tau.p_value, tau.method, tau.notes),
            ("Harrell's C", c.value, c.ci_low, c.ci_high, NAN, c.method, c.notes),
            (
                f"Cox hazard ratio {words}{', naive' if self.of_durations else ''}",
                cox.value,
                cox.ci_low,
                cox.ci_high,
                cox.p_value,
                cox.method,
                cox.notes,
            ),
            ("Spearman's r, naive", naive.value, naive.ci_low, naive.ci_high, naive.p_value, naive.method, (*naive.notes, self.misleading)),
        ]
        frame = pd.DataFrame(rows, columns=["measure", "value", "ci_low", "ci_high", "p_value", "method", "note"])
        frame["note"] = ["; ".join(notes) for notes in frame["note"]]
        frame.insert(5, "n", self.n)
        frame.insert(6, "events", self.events)
        return frame


# ---------------------------------------------------------------- all measures
def censored_correlation(
    value: npt.ArrayLike, value_known: npt.ArrayLike | None, time: npt.ArrayLike, event: npt.ArrayLike, *, level: float = 0.95
) -> CensoredCorrelation:
    """How ``value`` goes with a censored time.

    ``value``: a marker, or a duration in months; ``value_known``: True = it ended then (a loss), False = it was still running (censored),
    None = measured in all; ``time``: months, ``event``: True = event. Patients with a missing entry are left out and counted. ValueError
    for unequal lengths, negative times, and for a censored variable with negative values.

    Under independence tau is 0 on average also where a duration is followed only until the event or the end of follow-up (a pair is
    ordered by the earlier of two losses that both were followed for, which treats the two patients alike); the naive r and Cox are not.
    """
    x, t, d = (np.asarray(part, dtype=np.float64) for part in (value, time, event))
    known = np.ones(x.shape) if value_known is None else np.asarray(value_known, dtype=np.float64)
    if x.ndim != 1 or not x.shape == known.shape == t.shape == d.shape:
        shapes = ", ".join(str(part.shape) for part in (x, known, t, d))
        raise ValueError(f"value, value_known, time and event must be equally long lists; got shapes {shapes}")
    there = np.isfinite(x) & np.isfinite(known) & np.isfinite(t) & np.isfinite(d)
    data = survival_input(t[there], d[there])
    censored = bool((known[there] == 0).any())
    first = survival_input(x[there], known[there]) if censored else None
    x, known = (first.time, first.event) if first else (x[there], known[there])
    counts = _pairs(x, known == 1, data.time, data.event == 1)
    n, events, n_censored = len(x), int(data.event.sum()), int((known == 0).sum())
    effect = continuous_effect(x, data.time, data.event)
    durations = value_known is not None
    cox = replace(effect.line, notes=(*effect.line.notes, COX_AS_MEASURED)) if durations else effect.line
    return CensoredCorrelation(
        tau=_tau(counts, n, n_censored, events, level),
        concordance=_concordance(counts, n, events, level),
        cox=cox,
        scale=effect.scale,
        naive=correlation(x, data.time, level=level),
        misleading=MISLEADING_BOTH if durations else MISLEADING,
        of_durations=durations,
        n=n,
        n_missing=int((~there).sum()),
        n_censored=n_censored,
        events=events,
        method=f"{TAU}; {CONCORDANCE}; {cox.method}",
        notes=() if n >= FEWEST else (TOO_FEW,),
    )


def censored_tau(
    value: npt.ArrayLike, value_known: npt.ArrayLike | None, time: npt.ArrayLike, event: npt.ArrayLike, *, level: float = 0.95
) -> CensoredTau:
    """Kendall's tau alone, arguments as in ``censored_correlation`` but without missing entries (ValueError).

    Without censoring and ties it is Kendall's tau; tied pairs are left out of numerator and denominator. Where two patients stand at the
    same time, the one still running there lasted longer.
    """
    data = survival_input(time, event)
    x = np.asarray(value, dtype=np.float64)
    if x.shape != data.time.shape or not np.isfinite(x).all():
        raise ValueError(f"value must be one finite number for each of the {len(data.time)} patients: leave out the others first")
    known = np.ones(len(x)) if value_known is None else survival_input(np.zeros(len(x)), value_known).event
    x = survival_input(x, known).time if (known == 0).any() else x
    counts = _pairs(x, known == 1, data.time, data.event == 1)
    return _tau(counts, len(x), int((known == 0).sum()), int(data.event.sum()), level)


# ---------------------------------------------------------------- pairs
class _Pairs(NamedTuple):
    """Pairs of each patient by kind, every pair counted at both of its patients. ``half``: tied in the first, ordered in the second."""

    concordant: Floats
    discordant: Floats
    half: Floats
    tied: Floats


def _pairs(x: Floats, x_known: npt.NDArray[np.bool_], t: Floats, event: npt.NDArray[np.bool_]) -> _Pairs:
    """Each patient against all others, in blocks of patients."""
    n = len(x)
    counts = np.zeros((4, n))
    step = max(BLOCK // max(n, 1), 1)
    for start in range(0, n, step):
        rows = slice(start, min(start + step, n))
        first, first_tied = _order(x, x_known, rows)
        second, second_tied = _order(t, event, rows)
        product = first * second
        counts[0, rows] = (product > 0).sum(axis=1)
        counts[1, rows] = (product < 0).sum(axis=1)
        counts[2, rows] = (first_tied & (second != 0)).sum(axis=1)
        counts[3, rows] = ((first_tied & (second_tied | (second != 0))) | (second_tied & (first != 0))).sum(axis=1)
    return _Pairs(*counts)


def _order(value: Floats, known: npt.NDArray[np.bool_], rows: slice) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.bool_]]:
    """1 = the row has surely more than the column, -1 = less, 0 = not known or equal; and who is surely equal (not oneself)."""
    mine, others = value[rows, None], value
    same = mine == others
    more = known & ((mine > others) | (same & ~known[rows, None]))  # the other one ended, and this one lasted longer
    less = known[rows, None] & ((mine < others) | (same & ~known))
    equal = same & known & known[rows, None]
    equal[np.arange(equal.shape[0]), np.arange(rows.start, rows.stop)] = False
    return more.astype(np.int8) - less.astype(np.int8), equal


def _tau(counts: _Pairs, n: int, n_censored: int, events: int, level: float) -> CensoredTau:
    concordant, discordant, tied = (round(part.sum() / 2) for part in (counts.concordant, counts.discordant, counts.tied))
    usable = concordant + discordant
    unknown = n * (n - 1) // 2 - usable - tied
    sizes = (concordant, discordant, tied, unknown, n, n_censored, events, level)
    if not usable or n < FEWEST:
        return CensoredTau(NAN, NAN, NAN, NAN, NAN, *sizes, notes=(TOO_FEW if n < FEWEST else NO_PAIRS,))
    value = (concordant - discordant) / usable
    error = _jackknife(counts, concordant - discordant, usable)
    if abs(value) == 1 or not error > 0:
        note = NO_LIMITS if abs(value) == 1 else ONE_CARRIES
        return CensoredTau(value, NAN, NAN, NAN, NAN, *sizes, notes=(note,))
    z, spread = math.atanh(value), error / (1 - value * value)
    reach = normal_quantile(level) * spread
    p = 2 * float(ndtr(-abs(z) / spread))
    return CensoredTau(value, error, math.tanh(z - reach), math.tanh(z + reach), p, *sizes)


def _jackknife(counts: _Pairs, balance: int, usable: int) -> float:
    """Standard error from leaving out each patient with all of that patient's pairs; NaN when somebody is in every pair."""
    left = usable - counts.concordant - counts.discordant
    if (left <= 0).any():
        return NAN
    without = (balance - counts.concordant + counts.discordant) / left
    n = len(left)
    return math.sqrt((n - 1) / n * float(((without - without.mean()) ** 2).sum()))


def _concordance(counts: _Pairs, n: int, events: int, level: float) -> Concordance:
    """C as of ``concordance_index`` for a higher value = a later event; equal to it when the first variable is not censored."""
    concordant, discordant, tied = (round(part.sum() / 2) for part in counts[:3])
    usable = concordant + discordant + tied
    if not usable:
        sizes = (0, 0, 0, n, events, level, np.full(n, np.nan))
        return Concordance(NAN, NAN, NAN, NAN, *sizes, method=CONCORDANCE, notes=(NO_PAIRS,))
    value = (concordant + tied / 2) / usable
    influence = (counts.concordant + counts.half / 2 - value * (counts.concordant + counts.discordant + counts.half)) / usable
    error = math.sqrt(float(influence @ influence))
    half = normal_quantile(level) * error
    limits = max(value - half, 0.0), min(value + half, 1.0)
    return Concordance(value, error, *limits, concordant, discordant, tied, n, events, level, influence, CONCORDANCE)
