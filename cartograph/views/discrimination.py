"""How well a marker known before infusion tells apart who will have an outcome: response, MRD, toxicity, or an endpoint within a horizon."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph.cohort.model import Cohort, Column
from cartograph.stats.results import Floats
from cartograph.stats.roc import AskedDirection, BootstrapThresholds, Corrected, OperatingPoint, RocCurve
from cartograph.stats.time_roc import TimeRoc

Mask = npt.NDArray[np.bool_]
NAN = float("nan")
HORIZONS = (6.0, 12.0, 24.0)  # months
Section = Literal["response", "toxicity", "time to event"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is predicted. ``key`` "orr", "cr", "mrd", "mrd-1" (month 1), "crs2", "icans", "pfs@12"; ``label`` "ORR"; ``words`` "PR or better".

    ``horizon``: months, NaN for an outcome without one. ``endpoint``: key of the endpoint, "" for an outcome without a horizon.
    """

    key: str
    label: str
    words: str
    section: Section
    endpoint: str = ""
    horizon: float = NAN


@dataclass(frozen=True, slots=True, eq=False)
class Discrimination:
    """One marker against one outcome.

    ``roc`` None = refused, ``reason`` says why. ``n``: patients with marker and outcome (for an endpoint: with marker and follow-up),
    ``n_no_marker``: without the marker, ``n_no_outcome``: with the marker but without the outcome (not recorded, not evaluable, not
    done). ``value``, ``had``: marker and outcome (1 = yes; for an endpoint NaN = censored before the horizon) of the ``n`` patients.
    ``current``: the point of the current cutoff, None without one. ``youden``, ``corner``: best cutoffs, every tied one.
    ``p_value`` NaN = not given, ``p_reason`` says why. ``finding``: the area with limits, in one sentence. ``cautions``: what may not
    be concluded. ``positive_words``: the side that is called positive: "low" or "high".
    """

    column: Column
    outcome: Outcome
    panel: str
    n: int
    n_no_marker: int
    n_no_outcome: int
    value: Floats
    had: Floats
    roc: RocCurve | TimeRoc | None
    cutoff: float
    current: OperatingPoint | None
    youden: tuple[OperatingPoint, ...]
    corner: tuple[OperatingPoint, ...]
    p_value: float
    p_reason: str
    finding: str
    cautions: tuple[str, ...]
    reason: str = ""

    @property
    def method(self) -> str:
        """How the numbers were made; empty where they were refused."""
        return self.roc.method if self.roc else ""

    @property
    def notes(self) -> tuple[str, ...]:
        """The reason of a refusal, or the cautions."""
        return (self.reason,) if self.reason else self.cautions

    def to_frame(self) -> pd.DataFrame:
        """The curve: threshold, sensitivity, specificity; no rows where it was refused."""
        return self.roc.to_frame() if self.roc else pd.DataFrame(columns=["threshold", "sensitivity", "specificity"])


@dataclass(frozen=True, slots=True, eq=False)
class ChosenCutoffs:
    """The bootstrap of the best cutoffs (``found``) with its two sentences: ``range_words`` and ``worth_words``."""

    found: BootstrapThresholds
    range_words: str
    worth_words: str

    @property
    def method(self) -> str:
        """How the numbers were made."""
        return self.found.method

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes of the bootstrap."""
        return self.found.notes

    def to_frame(self) -> pd.DataFrame:
        """One row per replicate, see ``BootstrapThresholds.to_frame``."""
        return self.found.to_frame()


def binary_outcomes(cohort: Cohort) -> tuple[Outcome, ...]:
    """The yes-or-no outcomes that at least one patient has a value of: response, MRD (ever, then each common visit), CRS, ICANS."""
    raise NotImplementedError


def horizon_outcomes(cohort: Cohort) -> tuple[Outcome, ...]:
    """Each endpoint at 6, 12 and 24 months, where somebody is followed longer."""
    raise NotImplementedError


def refusal(column: Column) -> str:
    """Why a column may not predict an outcome; "" when it may: a number that is known before infusion."""
    raise NotImplementedError


def discrimination(
    cohort: Cohort,
    column: str,
    outcome: str,
    *,
    cutoff: float = NAN,
    direction: AskedDirection = "data",
    member: Mask | None = None,
    panel: str = "All",
) -> Discrimination:
    """The ROC curve of ``column`` for the outcome with key ``outcome`` (see ``Outcome.key``), of the patients in ``member`` (None = all).

    ``cutoff``: the current one, NaN = none. Refused, with the reason, for a marker that is not known before infusion, and for an outcome
    that the cohort lacks. ValueError for an unknown column or outcome key.
    """
    raise NotImplementedError


def chosen_cutoffs(
    result: Discrimination, *, replicates: int = 500, seed: int = 1, progress: Callable[[float], None] | None = None
) -> ChosenCutoffs | None:
    """Bootstrap of the best cutoffs of a yes-or-no outcome; None for an endpoint at a horizon, a refusal or one class only."""
    raise NotImplementedError


def point_words(result: Discrimination, point: OperatingPoint) -> str:
    """'> 337 µg/L: sensitivity 63 % (26 of 41), specificity 81 % (58 of 72)'."""
    raise NotImplementedError
