"""Persistence of the transgene and survival: two times that both end with follow-up."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cartograph.cohort.model import Cohort
from cartograph.stats.censored_correlation import CensoredCorrelation, censored_correlation
from cartograph.stats.results import Estimate
from cartograph.stats.time_dependent import time_dependent_hazard_ratio
from cartograph.views.explore import Comparison
from cartograph.views.kinetics import Mask
from cartograph.views.kinetics_measures import PERSISTENCE, Measured
from cartograph.views.panels import MIN_FOR_P, TOO_FEW

NAN = float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Persistence:
    """How persistence goes with an endpoint, in one panel.

    ``lost``: hazard after the transgene is lost against while it is detectable, each patient counted in the state of the moment.
    ``together``: measures of association of two censored times, and the naive one that takes them as known. ``n_lost``: patients who lost
    it while followed; ``n_missing``: without persistence or endpoint.
    """

    title: str
    endpoint: str
    lost: Comparison
    together: CensoredCorrelation
    n: int
    n_lost: int
    n_missing: int
    method: str = "Cox with the loss of the transgene as a time-dependent status, dated at the first sample without it"
    notes: tuple[str, ...] = ()

    @property
    def few(self) -> bool:
        """True where no p is given: fewer patients than two groups of the smallest size."""
        return self.n < 2 * MIN_FOR_P

    def to_frame(self) -> pd.DataFrame:
        """One row per measure of association: panel, endpoint, measure, value, ci_low, ci_high, p_value, n, events, method, note."""
        ratio = self.lost.estimate
        limits = (NAN, NAN, NAN) if ratio is None else (ratio.value, ratio.ci_low, ratio.ci_high)
        events = 0 if ratio is None else ratio.events
        first = (self.lost.label, *limits, self.lost.p_value, self.n, events, self.method, self.lost.reason)
        table = self.together.to_frame()
        table = pd.concat([pd.DataFrame([first], columns=table.columns), table], ignore_index=True)
        if self.few:
            table["p_value"] = NAN
        # the duration seen so far was not known at the start: its hazard ratio is described, not tested
        table.loc[table["measure"].str.startswith("Cox"), "p_value"] = NAN
        table.insert(0, "panel", self.title)
        table.insert(1, "endpoint", self.endpoint)
        return table


def persistence_with(cohort: Cohort, endpoint: str, found: Measured, *, title: str = "All", member: Mask | None = None) -> Persistence:
    """Loss of the transgene as a status of the moment (Cox, J R Stat Soc B 1972), in the patients whose persistence is known."""
    inside = np.ones(cohort.n, dtype=bool) if member is None else member
    time, event = cohort.survival(endpoint)
    lasting, lost = found.values(PERSISTENCE), found.values("lost")
    used = inside & np.isfinite(time) & np.isfinite(lasting) & np.isfinite(lost)
    t, e, d, gone = time[used], event[used] == 1, lasting[used], lost[used] == 1
    ratio = time_dependent_hazard_ratio(t, e, np.where(gone, d, np.inf))
    n_lost = int((gone & (d < t)).sum())
    few = min(n_lost, int(used.sum()) - n_lost) < MIN_FOR_P
    notes = tuple(_plain(note) for note in ratio.notes)
    estimate = Estimate(ratio.value, ratio.ci_low, ratio.ci_high, ratio.method, n=ratio.n, events=ratio.events, notes=notes)
    reason = TOO_FEW if few and math.isfinite(ratio.value) else "; ".join(notes)
    return Persistence(
        title=title,
        endpoint=cohort.endpoints[endpoint].label,
        lost=Comparison("HR transgene lost vs still detectable", estimate, NAN if few else ratio.p_value, ratio.test, reason),
        together=censored_correlation(d, gone, t, e),
        n=int(used.sum()),
        n_lost=n_lost,
        n_missing=int(inside.sum() - used.sum()),
        notes=("everybody starts with the transgene; a patient who never had it above the limit counts as without it from the start",),
    )


def _plain(note: str) -> str:
    return note.replace("those with the status", "those who lost it").replace("those without the status", "those who still have it")
