"""Maximally selected log-rank statistic: the best of all cutoffs, and a p value that knows it was searched.

Each cutoff's statistic is the sum of the log-rank scores of the low group over its standard deviation under permutation, as in R's maxstat
(survminer's ``surv_cutpoint``). A permutation only changes the order of the scores, so one running sum gives it for every cutoff.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm

from cartograph.stats.compare import log_rank
from cartograph.stats.cutoff import cutoff_scan
from cartograph.stats.plane import log_rank_scores
from cartograph.stats.results import Floats
from cartograph.stats.times import SurvivalInput, label_codes, survival_input

Correction = Literal["permutation", "lausen92", "lausen94"]
Progress = Callable[[float], None]
Whole = npt.NDArray[np.int64]

NAN = float("nan")
SAME_STATISTIC = 1e-10  # relative: permuted sums differ from the observed one by rounding
SCORES_PER_BATCH = 400_000  # permutations x patients held at once
MOST_CELLS = 20_000_000  # cutoffs x patients whose chi-squared is computed; the maximally selected statistic always is, at all of them
FEWEST_SCANNED = 200
NAMES: dict[Correction, str] = {
    "permutation": "permutation p",
    "lausen92": "p after Lausen & Schumacher 1992",
    "lausen94": "p after Lausen & Schumacher 1994",
}


@dataclass(frozen=True, slots=True, eq=False)
class SelectedCutoff:
    """The cutoff with the largest standardised log-rank statistic (the lowest of tied ones), and what it is worth.

    ``statistic``: that largest value; ``p_value``: corrected for the search; ``naive_p``: of the plain log-rank test at ``cutoff``, as if
    nobody had searched. ``score``: observed minus expected events of the high group there, positive = high is worse. ``cutoffs``,
    ``n_low`` and ``statistics``: everything that was searched, ascending; ``window``: its lowest and highest cutoff.
    ``largest_chi2_cutoff``: where the log-rank chi-squared with hypergeometric variance (``largest_chi2``) is largest, which can be another
    cutoff. ``null_maxima``: largest statistic of each permutation, empty for other methods. NaN and a note when not estimable.
    """

    cutoff: float
    statistic: float
    p_value: float
    naive_p: float
    score: float
    n: int
    events: int
    n_cutoffs: int
    window: tuple[float, float]
    cutoffs: Floats
    n_low: Whole
    statistics: Floats
    largest_chi2_cutoff: float
    largest_chi2: float
    null_maxima: Floats
    seed: int
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row: cutoff, statistic, p_value, naive_p, n, events, n_cutoffs, window, largest chi-squared, permutations, seed, method."""
        names = ["cutoff", "statistic", "p_value", "naive_p", "n", "events", "n_cutoffs", "largest_chi2_cutoff", "largest_chi2", "seed"]
        row = {name: getattr(self, name) for name in names}
        ends = {"window_low": self.window[0], "window_high": self.window[1]}
        return pd.DataFrame([row | ends | {"permutations": len(self.null_maxima), "method": self.method}])


class _Search(NamedTuple):
    """Patients in the order of the marker. ``scores``: of each; ``last``: position of the last low patient of each searched cutoff.

    ``scale``: one over the standard deviation of the sum of the low scores, 0 = it cannot vary; ``members``: positions of each stratum.
    """

    scores: Floats
    cutoffs: Floats
    last: Whole
    scale: Floats
    members: list[Whole]

    def statistics(self, scores: Floats) -> Floats:
        """``scores``: permutations x patients. Returns permutations x cutoffs."""
        return np.asarray(np.abs(np.cumsum(scores, axis=1)[:, self.last]) * self.scale, dtype=np.float64)

    def shuffled(self, count: int, rng: np.random.Generator) -> Floats:
        """Scores dealt out anew, within each stratum: count x patients."""
        found = np.empty((count, len(self.scores)))
        for where in self.members:
            found[:, where] = rng.permuted(np.broadcast_to(self.scores[where], (count, len(where))), axis=1)
        return found


def maximally_selected_log_rank(  # noqa: PLR0913  (three arrays and what may be asked of them, each by name)
    value: npt.ArrayLike,
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    *,
    min_fraction: float = 0.1,
    max_fraction: float = 0.9,
    method: Correction = "permutation",
    permutations: int = 1000,
    seed: int = 1,
    strata: npt.ArrayLike | None = None,
    progress: Progress | None = None,
) -> SelectedCutoff:
    """The best cutoff of a marker and its p value corrected for the search.

    ``value``: biomarker of each patient (nothing missing); ``time`` (months), ``event`` as in ``kaplan_meier``. Searched: values
    with max(1, floor(N min_fraction)) <= patients low <= floor(N max_fraction). Log-rank scores with ties as the maximum rank,
    standardised with their permutation variance: cutoff and statistic are those of R's ``maxstat.test(smethod = "LogRank")``.
    ``method``: "permutation": the scores are dealt out anew ``permutations`` times, p = (1 + those whose best cutoff is at least as
    good) / (1 + permutations) (Phipson & Smyth, Stat Appl Genet Mol Biol 2010); "lausen92" (Lausen & Schumacher, Biometrics 1992) and
    "lausen94" (Lausen, Sauerbrei & Schumacher 1994): approximations, clipped to 0 and 1.
    ``strata``: scores within strata, dealt out within strata; only with "permutation". ``progress`` is told 0 to 1; what it raises ends
    the work. ValueError for missing values, unequal lengths, an unknown method or fractions that leave no window.
    """
    _check(method, strata is not None, permutations, (min_fraction, max_fraction))
    data = survival_input(time, event)
    values = np.asarray(value, dtype=np.float64)
    if values.shape != data.time.shape or not np.isfinite(values).all():
        raise ValueError("value must be one finite number per patient: leave out patients that were not measured first")
    codes = np.zeros(len(values), dtype=np.int64) if strata is None else label_codes(strata, len(values), "strata")[0]
    search = _search(values, data, codes, (min_fraction, max_fraction))
    words = f"maximally selected log-rank{', stratified' if strata is not None else ''}, {NAMES[method]}"
    if not len(search.cutoffs) or not search.scale.any():
        return _nothing(search, data, words, seed)
    found = search.statistics(search.scores[None, :])[0]
    top = float(found.max())
    best = int(np.argmax(found >= top * (1 - SAME_STATISTIC)))
    maxima = _null_maxima(search, permutations, seed, progress) if method == "permutation" else np.empty(0)
    if method == "permutation":
        p = (1 + int((maxima >= top * (1 - SAME_STATISTIC)).sum())) / (1 + permutations)
    else:
        p = lausen92(top, min_fraction, max_fraction) if method == "lausen92" else lausen94(top, len(values), search.last + 1)
    return _result(search, (values, data, strata), found, best, p, maxima, words, seed)


def _check(method: str, stratified: bool, permutations: int, fractions: tuple[float, float]) -> None:
    if method not in NAMES:
        raise ValueError(f"method must be 'permutation', 'lausen92' or 'lausen94'; got {method!r}")
    if stratified and method != "permutation":
        raise ValueError(f"strata need method 'permutation': {NAMES[method]} holds for one stratum only")
    if permutations < 1:
        raise ValueError(f"permutations must be at least 1; got {permutations}")
    if not 0 <= fractions[0] < fractions[1] <= 1:
        raise ValueError(f"min_fraction must lie below max_fraction, both from 0 to 1; got {fractions[0]} and {fractions[1]}")


def window_rows(n_low: Whole, n: int, fractions: tuple[float, float]) -> npt.NDArray[np.bool_]:
    """Which cutoffs are searched, by their number of low patients: max(1, floor(N low)) to floor(N high), and somebody is high."""
    return (n_low >= max(1, int(np.floor(n * fractions[0])))) & (n_low <= int(np.floor(n * fractions[1]))) & (n_low < n)


def _search(values: Floats, data: SurvivalInput, codes: Whole, fractions: tuple[float, float]) -> _Search:
    order = np.argsort(values, kind="stable")
    distinct, counts = np.unique(values, return_counts=True)
    n_low = np.cumsum(counts)
    rows = window_rows(n_low, len(values), fractions)
    last = n_low[rows] - 1
    scores = np.zeros(len(values))
    variance = np.zeros(len(last))
    members = [np.flatnonzero(codes[order] == s) for s in range(int(codes.max(initial=-1)) + 1)]
    for where in members:
        inside, n = order[where], len(where)
        scores[where] = log_rank_scores(SurvivalInput(data.time[inside], data.event[inside]))
        low = np.searchsorted(where, last, side="right")
        variance += low * (n - low) * float(scores[where] @ scores[where]) / max(n * (n - 1), 1)
    varies = variance > 1e-12 * variance.max(initial=0)
    scale = np.divide(1, np.sqrt(variance), out=np.zeros(len(last)), where=varies)
    return _Search(scores, distinct[rows], last, scale, members)


def _null_maxima(search: _Search, permutations: int, seed: int, progress: Progress | None) -> Floats:
    """The largest statistic of each permutation."""
    rng = np.random.default_rng(seed)
    found = np.empty(permutations)
    size = max(1, SCORES_PER_BATCH // len(search.scores))
    for start in range(0, permutations, size):
        stop = min(start + size, permutations)
        found[start:stop] = search.statistics(search.shuffled(stop - start, rng)).max(axis=1)
        if progress:
            progress(stop / permutations)
    return found


def lausen92(statistic: float, min_fraction: float, max_fraction: float) -> float:
    """P of the largest statistic after Lausen & Schumacher (Biometrics 1992; Miller & Siegmund 1982), clipped to 0 and 1."""
    if statistic < 1 or min_fraction == 0 or max_fraction == 1:
        return 1.0  # the formula has no other value at the ends
    odds = max_fraction * (1 - min_fraction) / ((1 - max_fraction) * min_fraction)
    density = float(norm.pdf(statistic))
    p = 4 * density / statistic + density * (statistic - 1 / statistic) * float(np.log(odds))
    return float(np.clip(p, 0.0, 1.0))


def lausen94(statistic: float, n: int, n_low: Whole) -> float:
    """P of the largest statistic after Lausen, Sauerbrei & Schumacher (1994), from the numbers low at each cutoff, clipped to 0 and 1."""
    m = np.asarray(n_low, dtype=np.float64)
    first, second = m[:-1], m[1:]
    t = np.sqrt(1 - first * (n - second) / ((n - first) * second))
    between = float(np.sum(np.exp(-(statistic**2) / 2) / np.pi * (t - (statistic**2 / 4 - 1) * t**3 / 6)))
    return float(np.clip(2 * norm.sf(statistic) + between, 0.0, 1.0))


def _nothing(search: _Search, data: SurvivalInput, method: str, seed: int) -> SelectedCutoff:
    """Where there is nothing to search, with the reason."""
    if not len(data.time):
        reason = "no patients"
    elif not len(search.cutoffs):
        reason = "no cutoff leaves enough patients low and high"
    else:
        reason = "no events" if not data.event.any() else "the outcome does not differ between patients"
    cutoffs = search.cutoffs
    window = (float(cutoffs[0]), float(cutoffs[-1])) if len(cutoffs) else (NAN, NAN)
    counts = len(data.time), int(data.event.sum()), len(cutoffs)
    arrays = cutoffs, search.last + 1, np.full(len(cutoffs), NAN)
    return SelectedCutoff(NAN, NAN, NAN, NAN, NAN, *counts, window, *arrays, NAN, NAN, np.empty(0), seed, method, (reason,))


def _result(
    search: _Search,
    given: tuple[Floats, SurvivalInput, npt.ArrayLike | None],
    found: Floats,
    best: int,
    p: float,
    maxima: Floats,
    method: str,
    seed: int,
) -> SelectedCutoff:
    (values, data, strata), cutoffs = given, search.cutoffs
    cutoff = float(cutoffs[best])
    plain = log_rank(data.time, data.event, values > cutoff, strata=strata)
    largest, chi2, notes = _largest_chi2(values, data, strata, cutoffs)
    if largest != cutoff and np.isfinite(largest):
        words = f"The plain log-rank chi-squared is largest at {largest:.6g}, the maximally selected statistic at {cutoff:.6g}"
        notes = (*notes, f"{words}: the latter is shown. They divide by different variances.")
    return SelectedCutoff(
        cutoff=cutoff,
        statistic=float(found[best]),
        p_value=float(p),
        naive_p=plain.p_value,
        score=float(-np.cumsum(search.scores)[search.last[best]]),
        n=len(values),
        events=int(data.event.sum()),
        n_cutoffs=len(cutoffs),
        window=(float(cutoffs[0]), float(cutoffs[-1])),
        cutoffs=cutoffs,
        n_low=search.last + 1,
        statistics=found,
        largest_chi2_cutoff=largest,
        largest_chi2=chi2,
        null_maxima=maxima,
        seed=seed,
        method=method,
        notes=notes,
    )


def _largest_chi2(
    values: Floats, data: SurvivalInput, strata: npt.ArrayLike | None, cutoffs: Floats
) -> tuple[float, float, tuple[str, ...]]:
    """Cutoff and value of the largest log-rank chi-squared, of some cutoffs where there are very many, and what to say of it."""
    notes: tuple[str, ...] = ()
    most = max(FEWEST_SCANNED, MOST_CELLS // len(values))
    if len(cutoffs) > most:
        notes = (f"The largest chi-squared is that of {most:,} of the {len(cutoffs):,} cutoffs, evenly by rank.",)
        cutoffs = cutoffs[np.unique(np.linspace(0, len(cutoffs) - 1, most).round().astype(np.int64))]
    scan = cutoff_scan(values, data.time, data.event, strata=strata, cutoffs=cutoffs)
    if not np.isfinite(scan.chi2).any():
        return NAN, NAN, notes
    best = int(np.argmax(scan.chi2 >= np.nanmax(scan.chi2) * (1 - SAME_STATISTIC)))
    return float(scan.cutoff[best]), float(scan.chi2[best]), notes
