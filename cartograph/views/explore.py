"""The Explore page's question, as a value, and its answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph.cohort.filters import Filter
from cartograph.stats.results import Estimate
from cartograph.stats.survival import SurvivalCurve

Origin = Literal["pre-specified", "published", "normal", "median", "quartile", "searched", "hand", "link"]
Combine = Literal["three", "both-low"]
Role = Literal["all", "low", "mixed", "high"]


@dataclass(frozen=True, slots=True)
class Marker:
    """One biomarker with its cutoff and where the cutoff came from. High is ``value > cutoff``."""

    column: str
    cutoff: float
    origin: Origin = "hand"


@dataclass(frozen=True, slots=True)
class ExploreView:
    """endpoint; up to two markers; ``split``: the column whose levels stand side by side ("" = none)."""

    endpoint: str = "pfs"
    markers: tuple[Marker, ...] = ()
    combine: Combine = "three"
    split: str = "product"
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """One curve of one panel."""

    role: Role
    label: str  # "High: Ferritin > 337 µg/L"
    short: str  # "> 337" for direct labels
    n: int
    events: int
    curve: SurvivalCurve
    median: Estimate
    milestones: pd.DataFrame  # survival at 6, 12, 24 months: time, at_risk, survival, ci_low, ci_high
    follow_up: Estimate  # reverse Kaplan-Meier


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """A number that compares groups of a panel, or the reason why it is not given."""

    label: str  # "HR high vs low, Cox (Efron)"
    estimate: Estimate | None
    p_value: float  # NaN = not given
    test: str  # "log-rank", "Wald" ...
    reason: str = ""  # "fewer than 10 patients in a group" ...


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Everything about one product (or all patients) under the current cutoffs."""

    key: str  # "all", or the level
    title: str  # "All", "cilta-cel"
    n: int  # patients with endpoint and markers
    n_missing: int  # patients of the panel without endpoint or marker
    groups: tuple[Group, ...]
    log_rank: Comparison
    hazard_ratios: tuple[Comparison, ...]  # Cox first
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class GroupAt:
    """A group at one stop of a cutoff that is dragged: what its words are made of."""

    role: Role
    label: str
    short: str
    n: int
    events: int
    median: Estimate


@dataclass(frozen=True, slots=True, eq=False)
class PanelAt:
    """A panel at one stop of a cutoff that is dragged: what its words are made of."""

    title: str
    n: int
    n_missing: int
    groups: tuple[GroupAt, ...]
    log_rank: Comparison
    hazard_ratios: tuple[Comparison, ...]
    notes: tuple[str, ...]


GroupHead = Group | GroupAt
PanelHead = Panel | PanelAt


@dataclass(frozen=True, slots=True, eq=False)
class ResponseGroup:
    """Best response or the response at one visit, of one product and marker group."""

    panel: str  # Panel.title
    role: Role
    group: str  # short label
    visit: str  # "Month 1", "Best"
    n: int  # patients of the group
    evaluable: int  # with a response other than NE recorded at this visit
    counts: tuple[tuple[str, int], ...]  # response code -> patients, best first, "NE" last
    orr: Estimate  # PR or better, of evaluable
    cr_rate: Estimate  # CR + sCR, of evaluable


@dataclass(frozen=True, slots=True, eq=False)
class ResponseTest:
    """Fisher's exact test of response between the marker groups of one panel at one visit."""

    panel: str
    visit: str
    outcome: Literal["ORR", "CR"]
    p_value: float
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class SwimmerLanes:
    """Lanes and marks, from two tables (lanes in drawing order, bottom to top is 0..n-1).

    lanes: lane (int), patient (str), label (str), group (str, "" = no grouping), start, stop (months), response (code or "")
    marks: lane, month, kind ("first response" | "best response" | "MRD negative" | "MRD positive" | "progression" | "death" | "ongoing")
    hover: lane, text (plain text, lines separated by newline)
    groups: label, first_lane, last_lane
    roles: marker group of each lane, "" = a marker is not measured; empty without a marker
    stops: for each marker the position, among the stops of its handle, of the first stop that takes the lane's patient into the low group
    """

    lanes: pd.DataFrame
    marks: pd.DataFrame
    hover: pd.DataFrame
    groups: pd.DataFrame
    n: int
    n_drawn: int
    notes: tuple[str, ...] = ()
    patients: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))  # row of the cohort, one per lane
    roles: tuple[str, ...] = ()
    stops: tuple[npt.NDArray[np.int64], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """A marker's distribution for the histogram that carries the cutoff."""

    column: str
    label: str  # "Ferritin, day 0"
    unit: str
    log_scale: bool
    edges: npt.NDArray[np.float64]  # bins + 1
    counts: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]  # the real values that the handle snaps to, ascending (thinned evenly by rank above 512)
    n: int
    n_missing: int


@dataclass(frozen=True, slots=True)
class FlowStep:
    """How many patients are left after a step: 'with PFS', 50."""

    label: str
    n: int


@dataclass(frozen=True, slots=True, eq=False)
class ExploreResult:
    """Everything that Explore shows for one view of one cohort.

    ``x_max``: end of the time axis in months, the same in every panel and at every cutoff. ``warnings``: what a reader must know
    before believing the page, in words.
    """

    view: ExploreView
    endpoint_label: str
    panels: tuple[Panel, ...]
    interaction: Comparison | None
    distributions: tuple[Distribution, ...]
    responses: tuple[ResponseGroup, ...]
    response_tests: tuple[ResponseTest, ...]
    lanes: SwimmerLanes
    flow: tuple[FlowStep, ...]
    x_max: float
    warnings: tuple[str, ...] = ()
