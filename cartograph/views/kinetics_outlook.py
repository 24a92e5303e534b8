"""Does a kinetic measure go with survival? Only from the end of the sampling window on, or with the status of the moment."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from cartograph import format as fmt
from cartograph.cohort.model import DAYS_PER_MONTH, Cohort
from cartograph.stats.continuous import continuous_effect
from cartograph.stats.hazard import HazardRatio
from cartograph.stats.results import Estimate, Floats
from cartograph.views.explore import Comparison
from cartograph.views.kinetics import Mask
from cartograph.views.kinetics_measures import BY_WINDOW, WINDOW, Measure, Measured
from cartograph.views.landmark import LandmarkPanel, landmark_panel, refusal
from cartograph.views.panels import MIN_FOR_P
from cartograph.views.status import NEVER, Status

NAN = float("nan")
NOT_FROM_INFUSION: Final = (
    "Nothing here counts from infusion: patients had to live and be sampled until a measure was known, so groups made from it would look "
    "better than they are. Measures of the first 28 days are compared from day 28 on, among patients event-free and followed beyond it."
)
LATE: Final = (
    "Area to the last sample and half-life are not compared here: they are known only long after day 28, and a patient who is followed "
    "longer has more of them"
)
LOST_LATER: Final = "Persistence is not a group from day 28 on either; below, the loss of the transgene counts from when it is seen"


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """One measure of the first 28 days and one endpoint from day 28 on.

    ``split``: the landmark analysis of above against at or below ``cutoff`` (the median of those analysed). ``effect``: hazard ratio per
    doubling (per standard deviation where a value is 0) in words; ``scale``: which of the two.
    """

    measure: Measure
    unit: str
    cutoff: float
    split: LandmarkPanel
    effect: Comparison
    scale: str
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """The flow of patients: step, n."""
        return self.split.to_frame()


def landmark_month(day: float = WINDOW) -> float:
    """The landmark in months, with two decimals, not before the end of ``day``: 0.92 for day 28."""
    return math.ceil(100 * day / DAYS_PER_MONTH) / 100


def outlook_refusal(cohort: Cohort, endpoint: str) -> str:
    """Why no survival can be compared, or ""."""
    if endpoint not in cohort.endpoints:
        return "This cohort has no time and event: the courses stand alone. Name an endpoint under Data to see what goes with survival."
    words = refusal(cohort, endpoint, None)
    return words if cohort.endpoints[endpoint].origin != "infusion" else ""


def outlook(
    cohort: Cohort, endpoint: str, found: Measured, measure: Measure, *, key: str = "all", title: str = "All", member: Mask | None = None
) -> Outlook:
    """The landmark analysis of a measure of the first 28 days. ``found``: measured on samples up to that day.

    ValueError for a measure that is known only later, and for measures of later samples.
    """
    if measure.key not in BY_WINDOW or found.until > WINDOW:
        raise ValueError(f"from day 28 only {', '.join(BY_WINDOW)} of samples up to that day are compared; got {measure.key!r}")
    inside = np.ones(cohort.n, dtype=bool) if member is None else member
    value = found.values(measure.key)
    time, event = cohort.survival(endpoint)
    at = landmark_month()
    used = inside & np.isfinite(value) & np.isfinite(time) & (time > at)
    cutoff = float(np.median(value[used])) if used.any() else NAN
    split = landmark_panel(cohort, endpoint, _status(measure, found, value, cutoff), at, key=key, title=title, member=inside)
    effect = continuous_effect(value[used], time[used] - at, event[used] == 1)
    scale = "per doubling" if effect.scale == "doubling" else "per standard deviation"
    return Outlook(
        measure=measure,
        unit=found.unit(measure),
        cutoff=cutoff,
        split=split,
        effect=_words(effect.line, f"HR {scale} of {measure.label}", int(used.sum())),
        scale=scale,
        method=f"{effect.line.method}, Wald limits; event-free and followed beyond day 28 (Anderson, Cain & Gelber, J Clin Oncol 1983)",
        notes=(*effect.notes, "the median was taken from the same patients: the curves describe, they do not validate a cutoff"),
    )


def _status(measure: Measure, found: Measured, value: Floats, cutoff: float) -> Status:
    """Above the median as a status that is known at the landmark."""
    unit = f" {found.unit(measure)}" if found.unit(measure) else ""
    cut = fmt.number(cutoff)
    high = np.isfinite(value) & (value > cutoff)
    return Status(
        key=measure.key,
        label=f"{measure.label} above its median",
        yes=f"{measure.label} > {cut}{unit}",
        no=f"{measure.label} \u2264 {cut}{unit}",
        short_yes=f"> {cut}",
        short_no=f"\u2264 {cut}",
        words=f"{measure.label} of the samples to day 28, split at the median of those analysed",
        unseen=f"{measure.label} not known",
        by_visit=False,
        usual=landmark_month(),
        reached=np.where(high, 0.0, NEVER),
        assessed=np.where(np.isfinite(value), 0.0, np.inf),
    )


def _words(found: HazardRatio, label: str, n: int) -> Comparison:
    few = n < 2 * MIN_FOR_P
    estimate = Estimate(found.value, found.ci_low, found.ci_high, found.method, n=found.n, events=found.events, notes=found.notes)
    reason = f"fewer than {2 * MIN_FOR_P} patients" if few else "; ".join(found.notes)
    return Comparison(label, estimate, NAN if few else found.p_value, found.test, reason)
