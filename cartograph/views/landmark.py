"""Landmark analysis of a status reached after infusion: who is compared, by what, and how far off the naive analysis is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph import format as fmt
from cartograph.cohort.model import Cohort
from cartograph.stats.counts import group_counts
from cartograph.stats.hazard import HazardRatio, hazard_ratio
from cartograph.stats.landmark import Landmark, landmark
from cartograph.stats.results import Estimate, Floats
from cartograph.stats.survival import kaplan_meier
from cartograph.stats.time_dependent import NaiveHazardRatio, SimonMakuch, naive_hazard_ratio, simon_makuch
from cartograph.views.board import axis_end
from cartograph.views.explore import Comparison, FlowStep, Group, Panel, Role
from cartograph.views.panels import MIN_FOR_P, TOO_FEW, log_rank_words, rates_at
from cartograph.views.status import Status

Mask = npt.NDArray[np.bool_]
NAN = float("nan")
YEARS = (12.0, 24.0, 36.0)  # months after the landmark
LATEST = 60  # months: the last landmark that is offered
SLACK = 1e-6  # months: a visit on the day of the landmark counts
FEW_EVENTS = 5  # in a group, below which a hazard ratio moves with a single patient
STRIP = ["landmark", "n", "n_reached", "events_not_reached", "events_reached", "hazard_ratio", "ci_low", "ci_high", "small"]


@dataclass(frozen=True, slots=True, eq=False)
class LandmarkPanel:
    """The comparison from the landmark on, in one panel (all patients, or one product).

    ``flow``: every step from the panel's patients to those analysed; ``lost`` of a step is how many leave there. ``panel`` is drawn as
    Kaplan-Meier curves, months from the landmark. ``analysis``: the patients with endpoint and status. ``rates``: one row per group and
    year: group, months (after the landmark), at_risk, survival, ci_low, ci_high.
    """

    at: float
    status: Status
    endpoint: str
    panel: Panel
    flow: tuple[FlowStep, ...]
    analysis: Landmark
    rates: pd.DataFrame
    x_max: float
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """The flow: step, n."""
        return pd.DataFrame([(s.label, s.n) for s in self.flow], columns=["step", "n"])


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """The landmark hazard ratio at every landmark on offer; ``table``: columns ``STRIP``, ``small`` True = fewer than 10 in a group."""

    table: pd.DataFrame
    chosen: float
    status: Status
    title: str
    method: str = "landmark analyses, Cox (Efron); no p values, as looking at many landmarks is searching"
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per landmark."""
        return self.table


@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """What stands beside the landmark analysis: the status counted from when it is reached, and the naive analysis as a warning.

    ``time_dependent``: the hazard ratio in words; ``curves``: Simon and Makuch's from the landmark on; ``naive``: both ratios;
    ``naive_ratio``: the biased one as text, to be struck through; ``bias``: its size in a sentence.
    """

    title: str
    status: Status
    endpoint: str
    n: int
    n_missing: int
    time_dependent: Comparison
    curves: SimonMakuch
    naive: NaiveHazardRatio
    naive_ratio: str
    bias: str
    strip: Strip
    x_max: float
    method: str = "Cox with a time-dependent status, Simon-Makuch curves"
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """The biased and the time-dependent hazard ratio."""
        return self.naive.to_frame()


def refusal(cohort: Cohort, endpoint: str, status: Status | None) -> str:
    """Why no landmark analysis can be made, or ""."""
    spec = cohort.endpoints[endpoint]
    if spec.origin != "infusion":
        return f"{spec.label} starts at {spec.origin}; a landmark counts from infusion. Choose an endpoint from infusion in the sidebar."
    if status is None:
        return (
            "This cohort dates no status after infusion: a landmark needs responses or MRD by visit, CAR-T persistence in months, "
            "or CRS or ICANS grade."
        )
    return ""


def last_landmark(time: Floats) -> int:
    """The latest month that is offered as a landmark: where one patient in ten is still followed, at most 5 years."""
    known = time[np.isfinite(time)]
    return int(min(LATEST, max(2.0, math.floor(np.percentile(known, 90))))) if len(known) else 2


def first_choice(status: Status, time: Floats) -> int:
    """The landmark that the page starts with: the status' own, inside what is offered."""
    return int(min(max(1, round(status.usual)), last_landmark(time)))


def landmark_panel(
    cohort: Cohort, endpoint: str, status: Status, at: float, *, key: str = "all", title: str = "All", member: Mask | None = None
) -> LandmarkPanel:
    """Compare those who had the status at month ``at`` with those who had not, from there on.

    ``member``: True = patient of the panel. Left out and counted: no endpoint, event or censored up to the landmark (time <= at), status
    never looked at by the landmark. Anderson, Cain & Gelber, J Clin Oncol 1983.
    """
    inside = np.ones(cohort.n, dtype=bool) if member is None else member
    time, event = cohort.survival(endpoint)
    known = inside & np.isfinite(time)
    beyond = landmark(time[known], event[known], np.full(int(known.sum()), np.nan), at)
    assessed = known & (status.assessed <= at + SLACK)
    found = landmark(time[assessed], event[assessed], status.as_of(at)[assessed], at)
    unseen = beyond.n_analysed - found.n_analysed
    label = cohort.endpoints[endpoint].label
    missing = int(inside.sum() - known.sum()) + unseen
    flow = _flow(inside, known, beyond, found, status, label)
    panel, rates = compared(found, status, key=key, title=title, missing=missing)
    return LandmarkPanel(
        at=float(at),
        status=status,
        endpoint=label,
        panel=panel,
        flow=flow,
        analysis=found,
        rates=rates,
        x_max=axis_end(found.time),
        method=f"{found.method}; {status.words}",
        notes=(*_words(found.notes, status, at), *_late(found, status, at)),
    )


def _flow(inside: Mask, known: Mask, beyond: Landmark, found: Landmark, status: Status, label: str) -> tuple[FlowStep, ...]:
    """The steps in order; those that lose nobody are left out, except events and censored before the landmark."""
    month = fmt.time_point(beyond.at)
    steps = [FlowStep("infused", int(inside.sum()))]
    without = int(inside.sum() - known.sum())
    if without:
        steps.append(FlowStep(f"without {label}", without))
    steps += [FlowStep(f"with an event by {month}", beyond.events_before), FlowStep(f"censored by {month}", beyond.censored_before)]
    unseen = beyond.n_analysed - found.n_analysed
    if unseen:
        steps.append(FlowStep(f"{status.unseen} by {month}", unseen))
    reached = found.n_exposed
    return (
        *steps,
        FlowStep("analysed", found.n_analysed),
        FlowStep(status.yes, reached),
        FlowStep(status.no, found.n_analysed - reached),
    )


def compared(
    found: Landmark, status: Status, *, key: str = "all", title: str = "All", missing: int = 0, when: str = ""
) -> tuple[Panel, pd.DataFrame]:
    """The two groups as a panel of curves, and their rates at 1, 2 and 3 years after the landmark. ``when``: the landmark in words."""
    at = when or f"at {fmt.time_point(found.at)}"
    sides: list[tuple[Role, str, str, Mask]] = [
        ("low", f"{status.no} {at}", status.short_no, ~found.exposed),
        ("high", f"{status.yes} {at}", status.short_yes, found.exposed),
    ]
    groups = tuple(_group(found, *side) for side in sides) if found.n_analysed else ()
    counts = group_counts(found.time, found.event.astype(np.float64), found.exposed.astype(np.int64), 2)
    ratio = ratio_against(hazard_ratio(found.time, found.event, found.exposed), status, "Cox (Efron)", smallest(found))
    panel = Panel(
        key=key,
        title=title,
        n=found.n_analysed,
        n_missing=missing,
        groups=groups,
        log_rank=log_rank_words(counts),
        hazard_ratios=(ratio,) if found.n_analysed else (),
    )
    rates = [g.milestones.assign(group=g.label) for g in groups]
    columns = ["group", "time", "at_risk", "survival", "ci_low", "ci_high"]
    table = pd.concat(rates, ignore_index=True)[columns] if rates else pd.DataFrame(columns=columns)
    return panel, table.rename(columns={"time": "months"})


def smallest(found: Landmark) -> int:
    """Patients in the smaller group."""
    return min(found.n_exposed, found.n_analysed - found.n_exposed)


def _group(found: Landmark, role: Role, label: str, short: str, member: Mask) -> Group:
    curve = kaplan_meier(found.time[member], found.event[member])
    return Group(
        role=role,
        label=label,
        short=short,
        n=curve.n,
        events=curve.n_events,
        curve=curve,
        median=curve.quantile(0.5),
        milestones=rates_at(curve, YEARS),
        follow_up=kaplan_meier(found.time[member], ~found.event[member]).quantile(0.5),
    )


def ratio_against(found: HazardRatio, status: Status, name: str, fewest: int) -> Comparison:
    """A hazard ratio of those with the status against those without, its p withheld where a group is small."""
    notes = _words(found.notes, status, NAN)
    estimate = Estimate(found.value, found.ci_low, found.ci_high, found.method, n=found.n, events=found.events, notes=notes)
    few = fewest < MIN_FOR_P
    reason = "a group is empty" if not fewest else TOO_FEW if few else "; ".join(notes)
    return Comparison(f"HR {status.short_yes} vs {status.short_no}, {name}", estimate, NAN if few else found.p_value, found.test, reason)


def _words(notes: Sequence[str], status: Status, at: float) -> tuple[str, ...]:
    """Notes of a statistic about two groups or a status, in the words of this status."""
    swaps = {
        "those with the status": f"\u201c{status.short_yes}\u201d",
        "those without the status": f"\u201c{status.short_no}\u201d",
        "the high group": f"\u201c{status.short_yes}\u201d",
        "the low group": f"\u201c{status.short_no}\u201d",
        "the status by the landmark": f"\u201c{status.short_yes}\u201d by {fmt.time_point(at)}",
    }
    found = "\n".join(notes)
    for plain, clear in swaps.items():
        found = found.replace(plain, clear)
    return tuple(found.split("\n")) if found else ()


def _late(found: Landmark, status: Status, at: float) -> tuple[str, ...]:
    """What a landmark costs: status reached later counts as not reached; groups with few events."""
    said = []
    if found.reached_later:
        said.append(
            f"{fmt.patients(found.reached_later)} reached it only after {fmt.time_point(at)} and count as \u201c{status.short_no}\u201d"
        )
    if found.reached_and_left_out:
        were = "was" if found.reached_and_left_out == 1 else "were"
        said.append(f"{fmt.patients(found.reached_and_left_out)} had reached it but had the event or {were} censored by then")
    if found.n_analysed and 0 < min(found.events_exposed, found.events_unexposed) < FEW_EVENTS:
        said.append(f"fewer than {FEW_EVENTS} events in a group: one patient more or less moves the hazard ratio")
    return tuple(said)


def landmark_strip(cohort: Cohort, endpoint: str, status: Status, at: float, *, title: str = "All", member: Mask | None = None) -> Strip:
    """The same analysis at every month on offer, so that one sees whether the result hangs on the chosen landmark."""
    inside = np.ones(cohort.n, dtype=bool) if member is None else member
    time, event = cohort.survival(endpoint)
    months = sorted({*range(1, last_landmark(time[inside]) + 1), at})
    rows = []
    for month in months:
        used = inside & np.isfinite(time) & (status.assessed <= month + SLACK)
        found = landmark(time[used], event[used], status.as_of(month)[used], month)
        ratio = hazard_ratio(found.time, found.event, found.exposed)
        counts = (found.n_analysed, found.n_exposed, found.events_unexposed, found.events_exposed)
        rows.append((float(month), *counts, ratio.value, ratio.ci_low, ratio.ci_high, smallest(found) < MIN_FOR_P))
    table = pd.DataFrame(rows, columns=STRIP)
    empty = not np.isfinite(table["hazard_ratio"]).any()
    notes = ("no landmark has events in both groups: there is no hazard ratio to draw",) if empty else ()
    return Strip(table, float(at), status, title, notes=notes)


def beside(cohort: Cohort, endpoint: str, status: Status, at: float, *, title: str = "All", member: Mask | None = None) -> Beside:
    """The time-dependent analyses of the same patients, and the naive one with the size of its bias.

    Here a status counts as kept once it is reached. Of a status dated by visits, patients never looked at count as without it: to leave
    out who died before the first visit would be the same bias again. Of other statuses those not known are left out.
    """
    inside = np.ones(cohort.n, dtype=bool) if member is None else member
    time, event = cohort.survival(endpoint)
    used = inside & np.isfinite(time) & (np.isfinite(status.assessed) | status.by_visit)
    unseen = int((used & ~np.isfinite(status.assessed)).sum())
    t, e, reached = time[used], event[used], status.reached[used]
    naive = naive_hazard_ratio(t, e, reached)
    fewest = min(naive.n_reached, int(used.sum()) - naive.n_reached)
    return Beside(
        title=title,
        status=status,
        endpoint=cohort.endpoints[endpoint].label,
        n=int(used.sum()),
        n_missing=int(inside.sum() - used.sum()),
        time_dependent=ratio_against(naive.time_dependent, status, "Cox, time-dependent", fewest),
        curves=simon_makuch(t, e, reached, start=at),
        naive=naive,
        naive_ratio=fmt.ratio_with_limits(naive.biased.value, naive.biased.ci_low, naive.biased.ci_high),
        bias=bias_words(naive, status),
        strip=landmark_strip(cohort, endpoint, status, at, title=title, member=inside),
        x_max=max(axis_end(t), at + 6.0),
        notes=tuple(dict.fromkeys((*_words(naive.notes, status, at), *_never_seen(unseen, status)))),
    )


def _never_seen(n: int, status: Status) -> tuple[str, ...]:
    words = f"{fmt.patients(n)} of whom the status was never looked at ({status.unseen}) count as \u201c{status.short_no}\u201d"
    return (words,) if n else ()


def bias_words(naive: NaiveHazardRatio, status: Status) -> str:
    """The size of the naive analysis' bias in one sentence."""
    if not naive.n_reached:
        return "Nobody reached the status while followed, so nothing is compared."
    credited = (
        f"it credits {fmt.number(naive.immortal_months, 3)} patient-months lived before the status "
        f"({fmt.percent(naive.immortal_share)} of all follow-up) to \u201c{status.short_yes}\u201d, in which those "
        f"{fmt.patients(naive.n_reached)} could not have had the event"
    )
    if math.isnan(naive.factor):
        return f"How far it is off cannot be told, as one of the two ratios is not estimable; {credited}."
    times = naive.factor if naive.factor > 1 else 1 / naive.factor
    right = fmt.ratio(naive.time_dependent.value)
    if round(times, 2) == 1.0:
        return f"Here it comes out as the time-dependent ratio does ({right}), although {credited}."
    side = "too favourable" if naive.factor < 1 else "too unfavourable"
    return f"It is {fmt.number(times, 3)} times {side} against the time-dependent ratio {right}: {credited}."
