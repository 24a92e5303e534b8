"""Competing risks: which causes an endpoint has, their cumulative incidence by group, and 1 - Kaplan-Meier only as a warning."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph import format as fmt
from cartograph.cohort.model import Cohort, Column
from cartograph.stats.compare import log_rank
from cartograph.stats.competing import (
    CumulativeIncidence,
    MisleadingOneMinusKaplanMeier,
    cumulative_incidence,
    gray_test,
    misleading_one_minus_kaplan_meier,
)
from cartograph.stats.fine_gray import fine_gray
from cartograph.stats.hazard import HazardRatio, hazard_ratio
from cartograph.stats.results import Estimate, Floats
from cartograph.stats.survival import SurvivalCurve, kaplan_meier
from cartograph.views.explore import Comparison, Role
from cartograph.views.panels import MIN_FOR_P, TOO_FEW, withheld

Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]
NAN = float("nan")
YEARS = (12.0, 24.0, 36.0)
SAME_TIME = 0.01  # months: progression and death recorded on the same day
FIRST_EVENTS = {"pfs": "progression", "dor": "progression", "efs": "event", "dfs": "relapse", "rfs": "relapse"}
NO_CAUSE = "cause not given"
RATES = ["group", "cause", "months", "at_risk", "events", "incidence", "ci_low", "ci_high"]


@dataclass(frozen=True, slots=True)
class CauseGroup:
    """A group that is compared: its colour's role, its rule, and what stands beside its curve."""

    role: Role
    label: str
    short: str


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Groups of patients; ``codes``: index into ``rules``, -1 = not known."""

    codes: Codes
    rules: tuple[CauseGroup, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Causes:
    """What ended the time of each patient: ``cause`` 0 = censored, 1, 2 ... = ``names``; NaN times = not known.

    ``told``: how the causes were told apart, in words.
    """

    time: Floats
    cause: Codes
    names: Mapping[int, str]
    told: str


@dataclass(frozen=True, slots=True, eq=False)
class CausePanel:
    """The causes of an endpoint in one panel, by group if there are groups.

    ``of``: the cause that is compared. ``incidence``: of every cause in every group (group = code). ``curves``: survival free of any cause,
    one per group. ``gray``: Gray's test; ``log_rank``: of any cause; ``ratios``: Fine-Gray, cause-specific and any-cause hazard ratios of
    high against low. ``misleading``: 1 - Kaplan-Meier of ``of``, all groups together. ``rates``: columns ``RATES``.
    """

    title: str
    endpoint: str
    n: int
    n_missing: int
    of: int
    names: Mapping[int, str]
    groups: tuple[CauseGroup, ...]
    sizes: tuple[int, ...]
    time: Floats
    incidence: CumulativeIncidence
    curves: tuple[SurvivalCurve, ...]
    gray: Comparison | None
    log_rank: Comparison | None
    ratios: tuple[Comparison, ...]
    misleading: MisleadingOneMinusKaplanMeier | None
    rates: pd.DataFrame
    method: str = "Aalen-Johansen, Gray's test, Fine-Gray and Cox models"
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Every curve: group, cause (words) and the columns of the cumulative incidence."""
        table = self.incidence.to_frame()
        names = [g.label for g in self.groups]
        return table.assign(group=[names[g] for g in table["group"]], cause=[self.names[c] for c in table["cause"]])


def causes_of(cohort: Cohort, endpoint: str) -> Causes | str:
    """The causes of an endpoint, or why it has none that can be told apart.

    Endpoints that end with a first event or death: an event on the day of death is the death. Endpoints that death does not end: who is
    censored on the day of death died first. Overall survival: a column that gives the cause of death.
    """
    spec = cohort.endpoints[endpoint]
    time, event = cohort.survival(endpoint)
    if endpoint == "os":
        return _causes_of_death(cohort, time, event)
    died = _died_at(cohort, endpoint)
    if died is None:
        return f"{spec.label} needs overall survival beside it to tell {spec.event_words} apart. Name time and event of OS under Data."
    happened = np.nan_to_num(event) == 1
    if "death" in spec.event_words or endpoint in FIRST_EVENTS:
        first = FIRST_EVENTS.get(endpoint, spec.event_words.replace(" or death", ""))
        cause = np.where(happened, np.where(died, 2, 1), 0).astype(np.int64)
        told = f"{spec.label}: an event on the day of death counts as death without {first}, any other as {first}"
        return Causes(time, cause, {1: first, 2: f"death without {first}"}, told)
    cause = np.where(happened, 1, np.where(died, 2, 0)).astype(np.int64)
    told = f"{spec.label}: who was censored on the day of death died before {spec.event_words}"
    return Causes(time, cause, {1: spec.event_words, 2: f"death before {spec.event_words}"}, told)


def _died_at(cohort: Cohort, endpoint: str) -> Mask | None:
    """True where the time of the endpoint is that of death; for an endpoint that starts later, PFS tells. None when it cannot be told."""
    via = endpoint if cohort.endpoints[endpoint].origin == "infusion" else "pfs"
    if via not in cohort.endpoints or "os" not in cohort.endpoints:
        return None
    time, death = cohort.survival(via)[0], cohort.survival("os")
    with np.errstate(invalid="ignore"):
        return np.asarray((death[1] == 1) & (np.abs(time - death[0]) < SAME_TIME), dtype=bool)


def _cause_column(cohort: Cohort) -> Column | None:
    """The column with the cause of death."""
    named = [c for c in cohort.columns.values() if "cause" in f"{c.key} {c.label}".casefold() and c.kind in ("category", "text")]
    return named[0] if named else None


def _causes_of_death(cohort: Cohort, time: Floats, event: Floats) -> Causes | str:
    column = _cause_column(cohort)
    if column is None:
        return "OS ends with death alone, one cause. A column with the cause of death (\u201cCause of death\u201d) would tell them apart."
    given = cohort.patients[column.key].astype(object)
    dead = np.nan_to_num(event) == 1
    texts = np.array([NO_CAUSE if pd.isna(v) or not str(v).strip() else str(v).strip() for v in given], dtype=object)
    found = sorted(set(texts[dead].tolist()), key=lambda name: (name == NO_CAUSE, -int((texts[dead] == name).sum()), name))
    codes = {name: k + 1 for k, name in enumerate(found)}
    cause = np.array([codes[t] if d else 0 for t, d in zip(texts, dead, strict=True)], dtype=np.int64)
    if len(found) < 2:
        return f"All deaths have the same cause ({', '.join(found) or 'none occurred'}): nothing competes."
    return Causes(time, cause, {k: name for name, k in codes.items()}, f"OS: causes as given in \u201c{column.label}\u201d")


def everybody(n: int) -> Groups:
    """One group of all patients."""
    return Groups(np.zeros(n, dtype=np.int64), (CauseGroup("all", "all patients", "all"),))


def cause_panel(
    found: Causes,
    member: Mask,
    groups: Groups | None = None,
    *,
    of: int = 1,
    title: str = "All",
    endpoint: str = "",
    n_asked: int | None = None,
    months: Sequence[float] = YEARS,
) -> CausePanel:
    """Everything about the causes in the patients of ``member`` (True).

    ``of``: the cause that is compared. Patients without a time or group are left out and counted; ``n_asked``: of how many, when some of
    them are outside ``member`` already (default: the members). ``months``: when the rates are read.
    """
    made = groups if groups is not None else everybody(len(found.time))
    used = member & np.isfinite(found.time) & (made.codes >= 0)
    time, cause, code = found.time[used], found.cause[used], made.codes[used]
    sizes = tuple(int((code == g).sum()) for g in range(len(made.rules)))
    present = [g for g, n in enumerate(sizes) if n]
    incidence = cumulative_incidence(time, cause, code)
    happened = cause > 0
    asked = int(member.sum()) if n_asked is None else n_asked
    return CausePanel(
        title=title,
        endpoint=endpoint,
        n=int(used.sum()),
        n_missing=asked - int(used.sum()),
        of=of,
        names=found.names,
        groups=made.rules,
        sizes=sizes,
        time=time,
        incidence=incidence,
        curves=tuple(kaplan_meier(time[code == g], happened[code == g]) for g in range(len(made.rules))),
        gray=_gray(time, cause, code, sizes, of) if len(sizes) > 1 else None,
        log_rank=_log_rank(time, happened, code, sizes) if len(sizes) > 1 else None,
        ratios=_ratios(time, cause, code, made.rules, sizes, of),
        misleading=misleading_one_minus_kaplan_meier(time, cause, of=of) if (cause == of).any() else None,
        rates=_rates(incidence, made.rules, found.names, months),
        notes=_notes(cause, of, found, [made.rules[g] for g in range(len(sizes)) if g not in present]),
    )


def _notes(cause: Codes, of: int, found: Causes, empty: Sequence[CauseGroup]) -> tuple[str, ...]:
    said = [found.told] if found.told else []
    said += [f"nobody in the group \u201c{rule.label}\u201d" for rule in empty]
    if not (cause == of).any():
        said.append(f"nobody had \u201c{found.names[of]}\u201d")
    return tuple(said)


def _gray(time: Floats, cause: Codes, code: Codes, sizes: Sequence[int], of: int) -> Comparison:
    """Gray's p, or why it is not given."""
    reason = withheld(sizes, int((cause == of).sum()))
    if reason:
        return Comparison("Gray's test", None, NAN, "Gray's test", reason)
    test = gray_test(time, cause, code, of=of)
    return Comparison("Gray's test", None, test.p_value, "Gray's test", "; ".join(test.notes))


def _log_rank(time: Floats, happened: Mask, code: Codes, sizes: Sequence[int]) -> Comparison:
    reason = withheld(sizes, int(happened.sum()))
    if reason:
        return Comparison("log-rank, any cause", None, NAN, "log-rank", reason)
    test = log_rank(time, happened, code)
    return Comparison("log-rank, any cause", None, test.p_value, "log-rank", "; ".join(test.notes))


def _ratios(time: Floats, cause: Codes, code: Codes, rules: Sequence[CauseGroup], sizes: Sequence[int], of: int) -> tuple[Comparison, ...]:
    """Fine-Gray, cause-specific and any-cause Cox, of the high against the low group."""
    roles = [r.role for r in rules]
    if "low" not in roles or "high" not in roles:
        return ()
    low, high = roles.index("low"), roles.index("high")
    if not sizes[low] or not sizes[high]:
        return ()
    pair = (code == low) | (code == high)
    exposed = code[pair] == high
    model = fine_gray(time[pair], cause[pair], exposed.astype(np.float64), of=of)
    any_cause = hazard_ratio(time[pair], cause[pair] > 0, exposed)
    few = min(sizes[low], sizes[high]) < MIN_FOR_P
    against = f"{rules[high].short} vs {rules[low].short}"
    return (
        _ratio(f"Subdistribution HR {against}, Fine-Gray", model.subdistribution[0], few),
        _ratio(f"Cause-specific HR {against}, Cox (Efron)", model.cause_specific[0], few),
        _ratio(f"HR of any cause {against}, Cox (Efron)", any_cause, few),
    )


def _ratio(label: str, found: HazardRatio, few: bool) -> Comparison:
    estimate = Estimate(found.value, found.ci_low, found.ci_high, found.method, n=found.n, events=found.events, notes=found.notes)
    return Comparison(label, estimate, NAN if few else found.p_value, found.test, TOO_FEW if few else "; ".join(found.notes))


def _rates(found: CumulativeIncidence, rules: Sequence[CauseGroup], names: Mapping[int, str], months: Sequence[float]) -> pd.DataFrame:
    """Cumulative incidence of every cause in every group at some months."""
    table = found.at(list(months))
    if not len(table):
        return pd.DataFrame(columns=RATES)
    words = {"group": [rules[g].label for g in table["group"]], "cause": [names[c] for c in table["cause"]]}
    return table.assign(**words).rename(columns={"time": "months", "cum_events": "events"})[RATES]


def warning_words(panel: CausePanel, months: float = 24.0) -> str:
    """What 1 - Kaplan-Meier would claim at a time, beside the cumulative incidence; "" where nobody is followed that long."""
    found = panel.misleading
    if found is None or not len(found.time):
        return ""
    at = min(months, float(found.time[-1]))
    row = int(np.searchsorted(found.time, at, side="right")) - 1
    if row < 0:
        return ""
    claim, truth = float(found.one_minus_kaplan_meier[row]), float(found.incidence[row])
    first = (
        f"1 \u2212 Kaplan-Meier would claim {fmt.percent(claim, 1000)} with {panel.names[panel.of]} by month {fmt.number(at)}, "
        f"against {fmt.percent(truth, 1000)}"
    )
    if math.isclose(claim, truth, abs_tol=5e-4):
        return f"{first}: no difference here, as hardly anybody had another event before."
    return f"{first}: it takes those who had another event as if they could still have this one. It is drawn to warn, not to be reported."
