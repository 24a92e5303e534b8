"""How well a marker known before infusion tells who will have an outcome: response, MRD, toxicity, an endpoint within a horizon."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph import format as fmt
from cartograph.cohort.model import Cohort, Column, Endpoint
from cartograph.cohort.schema import COMPLETE_RESPONDERS, RESPONDERS
from cartograph.stats.results import Floats
from cartograph.stats.roc import AskedDirection, BootstrapThresholds, OperatingPoint, RocCurve, bootstrap_thresholds, roc_curve
from cartograph.stats.time_roc import TimeRoc, time_roc
from cartograph.views.panels import MIN_FOR_P

Mask = npt.NDArray[np.bool_]
NAN = float("nan")
NOTHING: Floats = np.empty(0)
HORIZONS = (6.0, 12.0, 24.0)  # months
MOST_VISITS = 4  # visits whose MRD is offered
MIN_SHARE = 0.2  # of the patients, tested at a visit that is offered
Section = Literal["response", "toxicity", "time to event"]
FEW = f"fewer than {MIN_FOR_P} patients with or without the outcome"
UNKNOWN = ("NE", "not done")  # answers that are none
SEARCHED = (
    "The Youden cutoff and the one closest to the corner were searched in these patients: both look better here than in new patients."
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is predicted. ``key`` "orr", "cr", "mrd", "mrd-1" (month 1), "crs2", "icans", "pfs@12"; ``label`` "ORR"; ``words`` what counts.

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
    done). ``value``, ``had``: marker and outcome (1 = yes) of the ``n`` patients; ``had`` is empty for an endpoint.
    ``current``: the point of the current cutoff, None without one. ``youden``, ``corner``: best cutoffs, every tied one.
    ``p_value`` NaN = not given, ``p_reason`` says why. ``finding``: the area with limits, in one sentence. ``cautions``: what may not
    be concluded.
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


class _Source(NamedTuple):
    """Where a yes-or-no outcome stands: its column in the patients, and which values count."""

    outcome: Outcome
    column: str
    counts: Callable[[str], bool]


SOURCES = (
    _Source(Outcome("orr", "ORR", "PR or better as best response", "response"), "best_response", lambda v: v in RESPONDERS),
    _Source(Outcome("cr", "CR", "CR or sCR as best response", "response"), "best_response", lambda v: v in COMPLETE_RESPONDERS),
    _Source(Outcome("mrd", "MRD negativity", "MRD negative at any visit", "response"), "best_mrd", lambda v: v == "negative"),
    _Source(Outcome("crs2", "CRS \u2265 2", "CRS of grade 2 or more", "toxicity"), "crs_grade", lambda v: v >= "2"),
    _Source(Outcome("icans", "ICANS \u2265 1", "ICANS of any grade", "toxicity"), "icans_grade", lambda v: v >= "1"),
)


def binary_outcomes(cohort: Cohort) -> tuple[Outcome, ...]:
    """The yes-or-no outcomes that at least one patient has a value of: response, MRD (ever, then each common visit), CRS, ICANS."""
    found = [s.outcome for s in SOURCES if np.isfinite(_recorded(cohort, s)).any()]
    return tuple(o for o in found if o.section == "response") + _mrd_visits(cohort) + tuple(o for o in found if o.section == "toxicity")


def horizon_outcomes(cohort: Cohort) -> tuple[Outcome, ...]:
    """Each endpoint at 6, 12 and 24 months, where somebody is followed longer."""
    found = []
    for endpoint in cohort.endpoints.values():
        time, _ = cohort.survival(endpoint.key)
        found += [_at_horizon(endpoint, h) for h in HORIZONS if (time[np.isfinite(time)] > h).any()]
    return tuple(found)


def refusal(column: Column) -> str:
    """Why a column may not predict an outcome; "" when it may: a number that is known before infusion."""
    if column.kind != "number":
        return f"{column.label} is not a number: a ROC curve needs a number to cut."
    if column.timing != "baseline":
        return (
            f"{column.label} is known only after infusion: it cannot predict from infusion, because patients had to live to have it and it"
            " may be part of the outcome. Choose a marker that is measured before infusion."
        )
    return ""


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
    if column not in cohort.columns:
        raise ValueError(f"column must be one of the cohort's columns; got {column!r}")
    spec, wanted = cohort.columns[column], _outcome(cohort, outcome)
    reason = refusal(spec)
    if reason:
        nobody = np.zeros(cohort.n, dtype=bool)
        return _result(spec, wanted, panel, _Used(nobody, nobody, nobody), None, cutoff, reason)
    inside = np.ones(cohort.n, dtype=bool) if member is None else np.asarray(member, dtype=bool)
    value = cohort.patients[column].to_numpy(dtype=np.float64)
    found, event = cohort.survival(wanted.endpoint) if wanted.endpoint else (_had(cohort, wanted), np.empty(0))
    used = _Used(inside, inside & np.isfinite(value), inside & np.isfinite(value) & np.isfinite(found))
    rows = used.used
    if not rows.any():
        return _result(spec, wanted, panel, used, None, cutoff, f"No patient here has both {spec.label} and {wanted.label}.")
    if wanted.endpoint:
        curve = time_roc(value[rows], found[rows], event[rows], wanted.horizon, direction=direction)
        return _result(spec, wanted, panel, used._replace(value=value[rows]), curve, cutoff)
    plain = roc_curve(value[rows], found[rows], direction=direction)
    return _result(spec, wanted, panel, used._replace(value=value[rows], had=found[rows]), plain, cutoff)


def chosen_cutoffs(
    result: Discrimination, *, replicates: int = 500, seed: int = 1, progress: Callable[[float], None] | None = None
) -> ChosenCutoffs | None:
    """Bootstrap of the best cutoffs of a yes-or-no outcome; None for an endpoint at a horizon, a refusal or one class only."""
    roc = result.roc
    if not isinstance(roc, RocCurve) or not roc.n_positive or not roc.n_negative:
        return None
    direction: AskedDirection = "data" if roc.direction_chosen else roc.direction
    found = bootstrap_thresholds(result.value, result.had, direction=direction, replicates=replicates, seed=seed, progress=progress)
    return ChosenCutoffs(found, _range_words(result, found), _worth_words(found))


def point_words(result: Discrimination, point: OperatingPoint) -> str:
    """'> 337 µg/L: sensitivity 63 % (26 of 41), specificity 81 % (58 of 72)'."""
    return f"{side_words(result, point)}: {share_words(result, point)}"


def share_words(result: Discrimination, point: OperatingPoint) -> str:
    """'sensitivity 63 % (26 of 41), specificity 81 % (58 of 72)'; within a horizon without counts, which are weighted."""
    shares = [("sensitivity", point.sensitivity, point.true_positive, point.false_negative)]
    shares.append(("specificity", point.specificity, point.true_negative, point.false_positive))
    weighted = isinstance(result.roc, TimeRoc)
    return ", ".join(
        f"{name} {fmt.percent(share)}" + ("" if weighted or math.isnan(share) else f" ({hit:,.0f} of {hit + miss:,.0f})")
        for name, share, hit, miss in shares
    )


def side_words(result: Discrimination, point: OperatingPoint) -> str:
    """The side that is called positive: '> 337 µg/L', '\u2264 337 µg/L', or that it is everybody or nobody."""
    if math.isnan(point.cutoff):
        return "everybody called positive" if point.called else "nobody called positive"
    unit = f" {result.column.unit}" if result.column.unit else ""
    sign = ">" if result.roc is None or result.roc.direction == "high" else "\u2264"
    return f"{sign} {fmt.number(point.cutoff)}{unit}"


class _Used(NamedTuple):
    """Patients of the panel, those of them with the marker, those with marker and outcome; marker and outcome of these."""

    inside: Mask
    measured: Mask
    used: Mask
    value: Floats = NOTHING
    had: Floats = NOTHING


def _source(key: str) -> _Source | None:
    return next((s for s in SOURCES if s.outcome.key == key), None)


def _recorded(cohort: Cohort, source: _Source) -> Floats:
    """1 = yes, 0 = no, NaN = not recorded, not evaluable or not done."""
    if source.column not in cohort.patients:
        return _any_mrd(cohort) if source.column == "best_mrd" else np.full(cohort.n, NAN)
    values = cohort.patients[source.column].astype(object).tolist()
    return np.array([NAN if not isinstance(v, str) or v in UNKNOWN else float(source.counts(v)) for v in values], dtype=np.float64)


def _any_mrd(cohort: Cohort) -> Floats:
    """MRD negative at any visit; NaN without a test."""
    return _mrd_of(cohort, cohort.mrd)


def _mrd_of(cohort: Cohort, visits: pd.DataFrame) -> Floats:
    """Of each patient: 1 = negative at one of ``visits``, 0 = tested and never negative, NaN = not tested."""
    tested = visits[visits["status"].isin(["negative", "positive"])]
    best = (tested["status"] == "negative").astype(np.float64).groupby(tested["patient_id"]).max()
    return np.asarray(cohort.patients["patient_id"].map(best).to_numpy(dtype=np.float64, na_value=NAN), dtype=np.float64)


def _mrd_visits(cohort: Cohort) -> tuple[Outcome, ...]:
    """MRD at each visit at which a fifth of the patients was tested, the earliest four."""
    tested = cohort.mrd[cohort.mrd["status"].isin(["negative", "positive"])]
    patients = tested.groupby("month")["patient_id"].nunique()
    common = patients.to_numpy(dtype=np.float64) >= MIN_SHARE * cohort.n
    months = patients.index.to_numpy(dtype=np.float64)[common].tolist()
    return tuple(_at_visit(m) for m in sorted(months)[:MOST_VISITS])


def _at_visit(month: float) -> Outcome:
    words = f"MRD negative at month {month:g}"
    return Outcome(f"mrd-{month:g}", words, words, "response")


def _at_horizon(endpoint: Endpoint, horizon: float) -> Outcome:
    words = f"{endpoint.event_words} within {horizon:g} months of {endpoint.origin}"
    return Outcome(f"{endpoint.key}@{horizon:g}", f"{endpoint.label} at {horizon:g} months", words, "time to event", endpoint.key, horizon)


def _outcome(cohort: Cohort, key: str) -> Outcome:
    """The outcome with this key, whether the cohort holds it or not. ValueError for a key that means nothing here."""
    source = _source(key)
    if source is not None:
        return source.outcome
    name, _, number = key.replace("mrd-", "mrd@", 1).partition("@")
    try:
        at = float(number)
    except ValueError:
        at = NAN
    if name == "mrd" and at >= 0:
        return _at_visit(at)
    if name in cohort.endpoints and 0 < at < math.inf:
        return _at_horizon(cohort.endpoints[name], at)
    known = ", ".join(o.key for o in (*binary_outcomes(cohort), *horizon_outcomes(cohort)))
    raise ValueError(f"outcome must be one of {known}, or an endpoint at another month such as pfs@9; got {key!r}")


def _had(cohort: Cohort, outcome: Outcome) -> Floats:
    source = _source(outcome.key)
    if source is not None:
        return _recorded(cohort, source)
    return _mrd_of(cohort, cohort.mrd[cohort.mrd["month"].astype(np.float64) == float(outcome.key.removeprefix("mrd-"))])


def _result(
    column: Column,
    outcome: Outcome,
    panel: str,
    used: _Used,
    roc: RocCurve | TimeRoc | None,
    cutoff: float,
    reason: str = "",
) -> Discrimination:
    few = roc is not None and min(roc.n_positive, roc.n_negative) < MIN_FOR_P
    n_no_outcome = int(used.measured.sum() - used.used.sum())
    return Discrimination(
        column=column,
        outcome=outcome,
        panel=panel,
        n=int(used.used.sum()),
        n_no_marker=int(used.inside.sum() - used.measured.sum()),
        n_no_outcome=n_no_outcome,
        value=used.value,
        had=used.had,
        roc=roc,
        cutoff=cutoff,
        current=None if roc is None or math.isnan(cutoff) else roc.at(cutoff),
        youden=() if roc is None else roc.youden(),
        corner=() if roc is None else roc.closest_to_corner(),
        p_value=NAN if roc is None or few else roc.p_value,
        p_reason=FEW if few else "",
        finding=reason if roc is None else _finding(column, outcome, roc, few),
        cautions=() if roc is None else _cautions(outcome, roc, n_no_outcome),
        reason=reason,
    )


def _finding(column: Column, outcome: Outcome, roc: RocCurve | TimeRoc, few: bool) -> str:
    words = "" if outcome.words == outcome.label else f" ({outcome.words})"
    start = f"{column.label} and {outcome.label}{words}"
    if math.isnan(roc.auc.value):
        return f"{start}: no curve, {roc.notes[0]}."
    test = f"p {fmt.NOT_ESTIMABLE}" if math.isnan(roc.p_value) else f"{roc.test.split(',')[0]} {fmt.p_equals(roc.p_value)}"
    p = f"p is not given: {FEW}" if few else test
    return f"{start}: {area_words(roc)}; {roc.direction} values go with the outcome; {p}."


def area_words(roc: RocCurve | TimeRoc) -> str:
    """'area under the curve 0.62 (95 % limits 0.55 to 0.69)', or that it has no limits."""
    area = roc.auc
    if math.isnan(area.value):
        return f"area under the curve {fmt.NOT_ESTIMABLE}"
    start = f"area under the curve {fmt.concordance(area.value)}"
    if math.isnan(area.ci_low):
        return f"{start} (no limits)"
    return f"{start} ({fmt.percent(roc.level)} limits {fmt.concordance(area.ci_low)} to {fmt.concordance(area.ci_high)})"


def _sentence(note: str) -> str:
    return f"{note[0].upper()}{note[1:]}."


def _cautions(outcome: Outcome, roc: RocCurve | TimeRoc, n_no_outcome: int) -> tuple[str, ...]:
    found = [_sentence(note) for note in (*roc.auc.notes, *(n for n in roc.notes if n not in roc.auc.notes))]
    if math.isfinite(roc.auc.value):
        found.append(SEARCHED)
    if isinstance(roc, TimeRoc) and roc.n_censored:
        found.append("The weights are right only if patients are censored for reasons that have nothing to do with the marker.")
    if n_no_outcome:
        found.append(f"No result for {outcome.label} in {fmt.patients(n_no_outcome)} with the marker: the curve says nothing about them.")
    return tuple(found)


def _range_words(result: Discrimination, found: BootstrapThresholds) -> str:
    unit = f" {result.column.unit}" if result.column.unit else ""
    ranges = [
        f"{name} {fmt.number(e.value)}{unit}, in {fmt.percent(0.95)} of the samples {fmt.number(e.ci_low)} to {fmt.number(e.ci_high)}"
        for name, e in (("Youden cutoff", found.youden), ("closest to the corner", found.corner))
        if math.isfinite(e.value)
    ]
    if not ranges:
        return "No cutoff is better than calling everybody the same."
    return f"Drawn again {found.replicates:,} times: {'; '.join(ranges)}."


def _worth_words(found: BootstrapThresholds) -> str:
    both, area = found.youden_sum, found.auc
    words = (
        f"Sensitivity + specificity at the Youden cutoff: {fmt.concordance(both.apparent)} here,"
        f" at most about {fmt.concordance(both.corrected)} to be expected in new patients (1 = a coin)."
    )
    if not area.optimism:
        return f"{words} The area has no such optimism: its direction was fixed beforehand."
    return (
        f"{words} Area {fmt.concordance(area.apparent)} here, {fmt.concordance(area.corrected)} to be expected:"
        f" {fmt.percent(found.same_direction)} of the samples chose the same direction."
    )
