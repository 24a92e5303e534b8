"""Sensitivity and specificity of a marker for a yes-or-no outcome at every cutoff, the area under that curve, and what a chosen cutoff is worth."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr
from scipy.stats import rankdata

from cartograph.stats.results import Estimate, Floats, frame_of
from cartograph.stats.survival import normal_quantile

Direction = Literal["high", "low"]
AskedDirection = Literal["high", "low", "data"]
Indices = npt.NDArray[np.int64]
NAN = float("nan")
TIED = 1e-12  # two sums of sensitivity and specificity closer than this are equal
CELLS = 2_000_000  # replicates x distinct values drawn at once
CHOSEN = (
    "The direction was chosen from these patients: the area is never below 0.5, and it is too high where the marker says little.",
    "High values go with the outcome" + ", as the data say.",
)
DELONG = "DeLong limits, cut to 0 and 1"


@dataclass(frozen=True, slots=True, eq=False)
class OperatingPoint:
    """One point of a ROC curve.

    ``threshold`` is the middle between two neighbouring values (pROC's; -inf and inf do not split anybody), ``cutoff`` the measured value
    that splits the same patients by ``value > cutoff`` (NaN where nobody is below or nobody above). The four counts are patients; on a
    curve at a horizon each patient counts with its weight, so they need not be whole. ``called``, ``not_called``: patients (unweighted)
    on the side that is called positive and on the other.
    """

    threshold: float
    cutoff: float
    sensitivity: float
    specificity: float
    true_positive: float
    false_positive: float
    true_negative: float
    false_negative: float
    called: int
    not_called: int
    method: str
    notes: tuple[str, ...] = ()

    @property
    def youden(self) -> float:
        """Sensitivity + specificity - 1: 0 = no better than a coin, 1 = perfect (Youden, Cancer 1950)."""
        return self.sensitivity + self.specificity - 1

    def to_frame(self) -> pd.DataFrame:
        """One row: threshold, cutoff, sensitivity, specificity, the four counts, called, not_called, method."""
        names = ["threshold", "cutoff", "sensitivity", "specificity", "true_positive", "false_positive"]
        names += ["true_negative", "false_negative", "called", "not_called", "method"]
        return pd.DataFrame([{name: getattr(self, name) for name in names}])


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Curve:
    """A ROC curve: what both kinds share.

    ``value``: the k distinct marker values, ascending. ``threshold``, ``sensitivity``, ``specificity``: k + 1 entries, thresholds
    ascending from -inf over the middles between neighbours to inf. ``positive``, ``negative``: patients with and without the outcome
    at each distinct value (weighted on a curve at a horizon); ``patients``: all patients there. ``direction`` "high": positive is
    ``value > threshold``; "low": positive is ``value <= threshold``. ``direction_chosen`` True = the data chose it.
    ``auc``: area with its limits; ``p_value``: of area 0.5, two-sided, by ``test``. ``n_positive``, ``n_negative``: patients.
    """

    value: Floats
    threshold: Floats
    sensitivity: Floats
    specificity: Floats
    positive: Floats
    negative: Floats
    patients: Floats
    direction: Direction
    direction_chosen: bool
    auc: Estimate
    p_value: float
    test: str
    n_positive: int
    n_negative: int
    level: float
    method: str
    notes: tuple[str, ...] = ()

    def at(self, cutoff: float) -> OperatingPoint:
        """The point of ``value > cutoff``. ValueError when ``cutoff`` is missing."""
        if math.isnan(cutoff):
            raise ValueError("cutoff must be a number; got a missing value")
        return self._point(int(np.searchsorted(self.value, cutoff, side="right")))

    def youden(self) -> tuple[OperatingPoint, ...]:
        """Every point with the largest sensitivity + specificity, thresholds ascending (Youden, Cancer 1950); empty without both classes."""
        return self._best(self.sensitivity + self.specificity)

    def closest_to_corner(self) -> tuple[OperatingPoint, ...]:
        """Every point next to sensitivity 1, specificity 1 (smallest sum of squared distances); empty without both classes."""
        return self._best(-((1 - self.sensitivity) ** 2 + (1 - self.specificity) ** 2))

    def to_frame(self) -> pd.DataFrame:
        """One row per threshold: threshold, sensitivity, specificity."""
        return frame_of(self, ["threshold", "sensitivity", "specificity"])

    def _best(self, score: Floats) -> tuple[OperatingPoint, ...]:
        if not np.isfinite(score).any():
            return ()
        return tuple(self._point(int(row)) for row in np.flatnonzero(score >= score.max() - TIED))

    def _point(self, row: int) -> OperatingPoint:
        """The split of which the first ``row`` distinct values are low."""
        low = [float(v[:row].sum()) for v in (self.positive, self.negative, self.patients)]
        high = [float(v[row:].sum()) for v in (self.positive, self.negative, self.patients)]
        called, other = (high, low) if self.direction == "high" else (low, high)
        splits = 0 < row < len(self.value)
        sign = ">" if self.direction == "high" else "\u2264"
        return OperatingPoint(
            threshold=float(self.threshold[row]),
            cutoff=float(self.value[row - 1]) if splits else NAN,
            sensitivity=float(self.sensitivity[row]),
            specificity=float(self.specificity[row]),
            true_positive=called[0],
            false_positive=called[1],
            true_negative=other[1],
            false_negative=other[0],
            called=round(called[2]),
            not_called=round(other[2]),
            method=f"positive is value {sign} threshold",
            notes=() if splits else ("this threshold leaves everybody on one side",),
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RocCurve(Curve):
    """The ROC curve of a yes-or-no outcome; see ``Curve``. ``auc`` has DeLong limits, ``p_value`` is the rank-sum test's."""


@dataclass(frozen=True, slots=True, eq=False)
class AucComparison:
    """Two areas of the same patients. ``difference`` is first minus second, with normal limits; ``statistic`` is z, p is two-sided."""

    auc_1: Estimate
    auc_2: Estimate
    difference: Estimate
    covariance: float
    statistic: float
    p_value: float
    n_positive: int
    n_negative: int
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row: auc_1, auc_2, difference, ci_low, ci_high, covariance, statistic, p_value, method."""
        row = {"auc_1": self.auc_1.value, "auc_2": self.auc_2.value, "difference": self.difference.value}
        row |= {"ci_low": self.difference.ci_low, "ci_high": self.difference.ci_high, "covariance": self.covariance}
        return pd.DataFrame([{**row, "statistic": self.statistic, "p_value": self.p_value, "method": self.method}])


@dataclass(frozen=True, slots=True, eq=False)
class Corrected:
    """What a number looks like in these patients (``apparent``) and what is left of it in new ones (``corrected`` = apparent - optimism)."""

    apparent: float
    optimism: float
    corrected: float


@dataclass(frozen=True, slots=True, eq=False)
class BootstrapThresholds:
    """How far the best cutoffs wander, and what they are worth in new patients.

    ``youden``, ``corner``: the best cutoff (a measured value; high is ``value > cutoff``) with the range of the middle 95 % of the
    replicates. ``youden_cutoffs``, ``corner_cutoffs``, ``directions`` (True = "high"): one entry per replicate, cutoff NaN where no
    cutoff was better than calling everybody the same. ``auc``: area; ``youden_sum``: sensitivity + specificity at the chosen Youden
    cutoff, the number that looks best and shrinks most. ``same_direction``: share of replicates that chose the direction of the data.
    """

    youden: Estimate
    corner: Estimate
    youden_cutoffs: Floats
    corner_cutoffs: Floats
    directions: npt.NDArray[np.bool_]
    auc: Corrected
    youden_sum: Corrected
    same_direction: float
    replicates: int
    seed: int
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per replicate: youden_cutoff, corner_cutoff, direction."""
        words = np.where(self.directions, "high", "low")
        return pd.DataFrame({"youden_cutoff": self.youden_cutoffs, "corner_cutoff": self.corner_cutoffs, "direction": words})


def roc_curve(value: npt.ArrayLike, outcome: npt.ArrayLike, *, direction: AskedDirection = "high", level: float = 0.95) -> RocCurve:
    """The ROC curve of a marker for a yes-or-no outcome.

    ``value``: one number per patient, none missing. ``outcome``: True or 1 = has the outcome. ``direction`` "high": high values go with
    the outcome (positive is ``value > threshold``), "low": low values do (``value <= threshold``), "data": whichever gives the larger
    area, which the notes say. The area is the Mann-Whitney statistic, ties count half; limits by DeLong, DeLong & Clarke-Pearson
    (Biometrics 1988), cut to 0 and 1; p by the rank-sum test (normal approximation, ties corrected). With one class only the area is NaN
    and a note says why. ValueError for missing values, unequal lengths, another outcome code or another direction.
    """
    raise NotImplementedError


def compare_auc(
    value_1: npt.ArrayLike,
    value_2: npt.ArrayLike,
    outcome: npt.ArrayLike,
    *,
    direction_1: Direction = "high",
    direction_2: Direction = "high",
    level: float = 0.95,
) -> AucComparison:
    """Two markers of the same patients for the same outcome: difference of the areas, correlated (DeLong et al., Biometrics 1988).

    Arguments as ``roc_curve``; the directions are fixed beforehand. NaN and a note where the difference has no standard error.
    """
    raise NotImplementedError


def bootstrap_thresholds(
    value: npt.ArrayLike,
    outcome: npt.ArrayLike,
    *,
    direction: AskedDirection = "high",
    replicates: int = 500,
    seed: int = 1,
    progress: Callable[[float], None] | None = None,
) -> BootstrapThresholds:
    """Range of the best cutoffs and the optimism of area and of sensitivity + specificity (Harrell, Lee & Mark, Stat Med 1996).

    Patients with and without the outcome are drawn with replacement separately. In each replicate the Youden cutoff (and, with
    ``direction`` "data", the direction) is chosen anew; optimism is its mean result there minus its result in the original patients.
    An area of a marker whose direction was fixed beforehand has no optimism: nothing was chosen. Of tied best cutoffs the lowest counts.
    ``progress`` gets 0..1. ValueError for a wrong call, fewer than 2 replicates, or one class only.
    """
    raise NotImplementedError
