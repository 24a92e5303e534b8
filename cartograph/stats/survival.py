"""Kaplan-Meier curves, their limits, quantiles and restricted means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

from cartograph.stats.results import Estimate, Floats, frame_of
from cartograph.stats.times import Counts, count_table, survival_input

Limits = Literal["log-log", "log", "plain"]
LEVEL_TOLERANCE = float(np.sqrt(np.finfo(np.float64).eps))  # R's tolerance for "the curve is at this level"
COLUMNS = ["time", "at_risk", "events", "censored", "survival", "std_error", "ci_low", "ci_high"]


@dataclass(frozen=True, slots=True, eq=False)
class SurvivalCurve:
    """A Kaplan-Meier curve: arrays of equal length, one entry per distinct time (months), ascending.

    ``at_risk`` counts T >= t; ``survival`` is S(t) just after t; ``std_error`` Greenwood's of S. Limits are missing (NaN) where S = 0.
    """

    time: Floats
    at_risk: Counts
    events: Counts
    censored: Counts
    survival: Floats
    std_error: Floats
    ci_low: Floats
    ci_high: Floats
    n: int
    level: float
    ci: Limits
    method: str
    notes: tuple[str, ...] = ()

    @property
    def n_events(self) -> int:
        """Number of events."""
        return int(self.events.sum())

    @property
    def max_time(self) -> float:
        """The longest time, NaN without patients."""
        return float(self.time[-1]) if len(self.time) else float("nan")

    def to_frame(self) -> pd.DataFrame:
        """One row per time: time, at_risk, events, censored, survival, std_error, ci_low, ci_high."""
        return frame_of(self, COLUMNS)

    def quantile(self, p: float = 0.5) -> Estimate:
        """The time by which a fraction ``p`` had the event, with limits where the bands cross; NaN = not reached.

        R's rule: where S(t) equals 1 - p on a step, the midpoint of that step.
        """
        if not 0 < p < 1:
            raise ValueError(f"p must lie between 0 and 1; got {p}")
        value, low, high = (_crossing(self.time, band, p) for band in (self.survival, self.ci_low, self.ci_high))
        notes = () if np.isfinite(value) else ("not reached",)
        return Estimate(value, low, high, f"Kaplan-Meier, {self.ci} limits", n=self.n, events=self.n_events, notes=notes)

    def at(self, times: npt.ArrayLike) -> pd.DataFrame:
        """Survival at given times (months): time, at_risk, cum_events, cum_censored, survival, ci_low, ci_high.

        Beyond the longest time the estimate is NaN with nobody at risk.
        """
        return pd.DataFrame(self.values_at(times))

    def values_at(self, times: npt.ArrayLike) -> dict[str, Floats]:
        """The columns of ``at`` as arrays, without the cost of a table: what a slider step reads."""
        asked = np.atleast_1d(np.asarray(times, dtype=np.float64))
        last = np.searchsorted(self.time, asked, side="right")  # entries with time <= asked
        before = np.searchsorted(self.time, asked, side="left")  # entries with time < asked
        beyond = asked > self.max_time if len(self.time) else np.ones(len(asked), dtype=bool)

        def stepped(values: Floats, start: float) -> Floats:
            return np.where(beyond, np.nan, np.r_[start, values][last])

        gone = np.r_[0.0, np.cumsum(self.events + self.censored)]
        return {
            "time": asked,
            "at_risk": self.n - gone[before],
            "cum_events": np.r_[0.0, np.cumsum(self.events)][last],
            "cum_censored": np.r_[0.0, np.cumsum(self.censored)][last],
            "survival": stepped(self.survival, 1.0),
            "ci_low": stepped(self.ci_low, 1.0),
            "ci_high": stepped(self.ci_high, 1.0),
        }

    def restricted_mean(self, tau: float) -> Estimate:
        """Mean time lived up to ``tau`` (months): the area under the curve, carried flat beyond the last time.

        Standard error as R's survfit (rmean); normal limits.
        """
        if not tau > 0:
            raise ValueError(f"tau must be positive; got {tau}")
        inside = self.time < tau
        edges = np.r_[0.0, self.time[inside], tau]
        pieces = np.diff(edges) * np.r_[1.0, self.survival[inside]]
        area_after = np.cumsum(pieces[::-1])[::-1][1:]  # from each time to tau
        d, r = self.events[inside], self.at_risk[inside]
        with np.errstate(divide="ignore", invalid="ignore"):
            term = np.where((d > 0) & (r > d), area_after**2 * d / (r * (r - d)), 0.0)
        error = float(np.sqrt(term.sum()))
        mean = float(pieces.sum())
        z = normal_quantile(self.level)
        return Estimate(mean, mean - z * error, mean + z * error, "area under Kaplan-Meier", error, self.n, self.n_events)


def _crossing(time: Floats, band: Floats, p: float) -> float:
    """Where a horizontal line at 1 - p crosses a step curve; the middle of a step that lies on the line.

    A confidence band need not fall all the way; like R, the steps are then looked through by height.
    """
    known = np.isfinite(band)
    times, fall = time[known], 1.0 - band[known]
    if not len(times) or fall.max() < p - LEVEL_TOLERANCE:
        return float("nan")
    end = times[-1]
    fall, first = np.unique(fall, return_index=True)
    times = times[first]
    touches = int(np.searchsorted(fall, p - LEVEL_TOLERANCE))  # lowest step at or beyond the level
    passes = int(np.searchsorted(fall, p + LEVEL_TOLERANCE, side="right"))  # lowest step clearly beyond it
    right = times[passes] if passes < len(times) else end
    return float((times[touches] + right) / 2 if passes > touches else times[touches])


def normal_quantile(level: float) -> float:
    """Two-sided normal quantile of a confidence level: 1.959964 for 0.95."""
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1; got {level}")
    return float(ndtri(0.5 + level / 2))


def kaplan_meier(time: npt.ArrayLike, event: npt.ArrayLike, *, level: float = 0.95, ci: Limits = "log-log") -> SurvivalCurve:
    """Kaplan-Meier estimate (Kaplan & Meier, J Am Stat Assoc 1958) with Greenwood's variance.

    ``time``: months, not negative; ``event``: True = event, False = censored; equally long, nothing missing (ValueError).
    ``ci``: limits on the log-log (default), log or plain scale.
    """
    data = survival_input(time, event)
    table = count_table(data.time, data.event)
    return curve_from_counts(table.time, table.at_risk, table.events, table.censored, level=level, ci=ci)


def curve_from_counts(
    time: Floats, at_risk: Counts, events: Counts, censored: Counts, *, level: float = 0.95, ci: Limits = "log-log"
) -> SurvivalCurve:
    """The curve that belongs to counts at distinct times; times at which nobody leaves are left out."""
    used = (events + censored) > 0
    time, at_risk, events, censored = time[used], at_risk[used], events[used], censored[used]
    with np.errstate(divide="ignore", invalid="ignore"):
        survival = np.cumprod(1.0 - events / at_risk).astype(np.float64, copy=False)
        log_variance: Floats = np.cumsum(np.where(events > 0, events / (at_risk * (at_risk - events)), 0.0))
    log_error: Floats = np.sqrt(log_variance).astype(np.float64)
    low, high = _limits(survival, log_error, normal_quantile(level), ci)
    with np.errstate(invalid="ignore"):
        error: Floats = np.where(survival > 0, survival * log_error, np.nan).astype(np.float64)
    n = int(at_risk[0]) if len(at_risk) else 0
    notes = () if n else ("no patients",)
    return SurvivalCurve(
        time, at_risk, events, censored, survival, error, low, high, n, level, ci, f"Kaplan-Meier, Greenwood variance, {ci} limits", notes
    )


def _limits(survival: Floats, log_error: Floats, z: float, ci: Limits) -> tuple[Floats, Floats]:
    """Limits of S from the standard error of log S; NaN where S = 0, S itself where it is still 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if ci == "log-log":
            log_s = np.log(survival)
            width = z * log_error / log_s
            low, high = survival ** np.exp(-width), survival ** np.exp(width)
        elif ci == "log":
            low, high = survival * np.exp(-z * log_error), np.minimum(survival * np.exp(z * log_error), 1.0)
        elif ci == "plain":
            low, high = np.maximum(survival * (1 - z * log_error), 0.0), np.minimum(survival * (1 + z * log_error), 1.0)
        else:
            raise ValueError(f"ci must be 'log-log', 'log' or 'plain'; got {ci!r}")
    whole, none = survival >= 1.0, survival <= 0.0
    low, high = np.where(whole, 1.0, low), np.where(whole, 1.0, high)
    return np.where(none, np.nan, low), np.where(none, np.nan, high)


def median_follow_up(time: npt.ArrayLike, event: npt.ArrayLike, *, level: float = 0.95) -> Estimate:
    """Median follow-up by reverse Kaplan-Meier (Schemper & Smith, Control Clin Trials 1996): censoring is the event.

    As R's survfit on the flipped indicator: at a tie those with an event are still at risk of being censored.
    """
    data = survival_input(time, event)
    found = kaplan_meier(data.time, 1.0 - data.event, level=level).quantile(0.5)
    events = int(data.event.sum())
    return Estimate(found.value, found.ci_low, found.ci_high, "reverse Kaplan-Meier", n=found.n, events=events, notes=found.notes)
