"""Duration of response, PFS and OS: of all patients, and by complete response from a landmark, never from infusion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph.cohort.model import Cohort
from cartograph.cohort.schema import RESPONDERS
from cartograph.stats.landmark import landmark
from cartograph.stats.results import Floats
from cartograph.stats.survival import kaplan_meier
from cartograph.views.board import axis_end
from cartograph.views.explore import Comparison, Group, Panel
from cartograph.views.landmark import YEARS, compared
from cartograph.views.panels import rates_at
from cartograph.views.status import AT_ONCE, Status, first_response, statuses

Mask = npt.NDArray[np.bool_]
AT = 3.0  # months: the visit at which CR is looked for
ENDPOINTS = ("dor", "pfs", "os")


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """One endpoint: ``everybody`` from its own start, ``by_cr`` from the landmark (None where CR is not dated).

    ``origin``: where the clock of ``everybody`` starts; ``landmark_words``: where that of ``by_cr`` does. ``rates``: group, n, events,
    median, ci_low, ci_high (months) and survival, low, high at 12, 24, 36 months as rate_12, rate_low_12 ...
    """

    endpoint: str
    label: str
    origin: str
    everybody: Panel
    by_cr: Panel | None
    landmark_words: str
    rates: pd.DataFrame
    x_max: float
    method: str = "Kaplan-Meier, log-log limits; by CR from a landmark"
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per group: n, events, median with limits, rates at 1, 2 and 3 years."""
        return self.rates


def outlooks(cohort: Cohort, *, member: Mask, key: str = "all", title: str = "All") -> tuple[Outlook, ...]:
    """Every endpoint of the three that the cohort has."""
    cr = next((s for s in statuses(cohort) if s.key == "cr"), None)
    return tuple(_outlook(cohort, e, member, cr, key, title) for e in ENDPOINTS if e in cohort.endpoints)


def _outlook(cohort: Cohort, endpoint: str, member: Mask, cr: Status | None, key: str, title: str) -> Outlook:
    spec = cohort.endpoints[endpoint]
    time, event = cohort.survival(endpoint)
    used = member & np.isfinite(time)
    curve = kaplan_meier(time[used], event[used])
    everybody = _panel_of_all(curve_group(time[used], event[used]), key, title, int(member.sum() - used.sum()))
    panels: list[Panel] = [everybody]
    by_cr, words = _by_cr(cohort, endpoint, member, cr, key, title) if cr is not None else (None, "")
    if by_cr is not None:
        panels.append(by_cr)
    return Outlook(
        endpoint=endpoint,
        label=spec.label,
        origin=spec.origin,
        everybody=everybody,
        by_cr=by_cr,
        landmark_words=words,
        rates=_rates(panels),
        x_max=axis_end(time[used]),
        notes=curve.notes,
    )


def curve_group(time: Floats, event: Floats) -> Group:
    """All patients as one curve."""
    curve = kaplan_meier(time, event)
    milestones = rates_at(curve, YEARS)
    follow_up = kaplan_meier(time, event == 0).quantile(0.5)
    return Group("all", "All patients", "all", curve.n, curve.n_events, curve, curve.quantile(0.5), milestones, follow_up)


def _panel_of_all(group: Group, key: str, title: str, missing: int) -> Panel:
    nothing = Comparison("log-rank", None, float("nan"), "log-rank", "one group")
    return Panel(key, title, group.n, missing, (group,) if group.n else (), nothing, ())


def _by_cr(cohort: Cohort, endpoint: str, member: Mask, cr: Status, key: str, title: str) -> tuple[Panel, str]:
    """By CR at the landmark: month 3 from infusion, or 3 months after the first response for an endpoint that starts there."""
    time, event = cohort.survival(endpoint)
    shift, words = np.zeros(cohort.n), f"month {AT:g} from infusion"
    if cohort.endpoints[endpoint].origin != "infusion":
        shift, words = first_response(cohort, RESPONDERS), f"{AT:g} months after the first response"
    dated = np.isfinite(shift)
    start = np.where(dated, shift, 0.0)
    reached, seen = cr.reached - start, cr.assessed - start
    used = member & np.isfinite(time) & dated & (seen <= AT + AT_ONCE)
    found = landmark(time[used], event[used], np.maximum(reached[used], 0.0), AT)
    missing = int(member.sum()) - int((member & np.isfinite(time) & dated & (seen <= AT + AT_ONCE)).sum())
    panel, _ = compared(found, cr, key=f"{key}-cr", title=title, missing=missing, when=f"at {words}")
    gone = found.events_before + found.censored_before
    return replace(panel, notes=(f"{gone} with an event or censored by {words} are left out",) if gone else ()), words


def _rates(panels: Sequence[Panel]) -> pd.DataFrame:
    """One row per group."""
    rows = []
    for group in (g for panel in panels for g in panel.groups):
        row = {"group": group.label, "n": group.n, "events": group.events, "median": group.median.value}
        row |= {"ci_low": group.median.ci_low, "ci_high": group.median.ci_high}
        for at in group.milestones.itertuples(index=False):
            row |= {f"rate_{at.time:g}": at.survival, f"rate_low_{at.time:g}": at.ci_low, f"rate_high_{at.time:g}": at.ci_high}
        rows.append(row)
    return pd.DataFrame(rows)
