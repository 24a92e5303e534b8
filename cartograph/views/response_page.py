"""Response after infusion: rates at every visit, how fast and how deep, who deepens and who loses, by product and marker group."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph import format as fmt
from cartograph.cohort.model import Cohort, Column
from cartograph.cohort.schema import COMPLETE_RESPONDERS, RESPONDERS, RESPONSE_LEVELS
from cartograph.stats.competing import IncidenceCurve, cumulative_incidence
from cartograph.stats.response import proportion
from cartograph.stats.results import Floats
from cartograph.views.explore import ResponseGroup, ResponseTest, Role
from cartograph.views.grouping import Grouping, GroupRule
from cartograph.views.rates import Outcome, Panelled, contrast, nobody_words
from cartograph.views.responses import MIN_SHARE, NOT_EVALUABLE, NOT_KNOWN, VisitResponses, response_groups, response_tests
from cartograph.views.status import VERY_GOOD, first_month, mrd_tests, visit_table

Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]
NAN, NEVER = float("nan"), np.inf
USUAL_MONTHS = (1.0, 3.0, 6.0, 12.0, 24.0)
USUAL_SHARE = 0.1  # of patients with a result, for a usual month to be shown
MOST_MONTHS = 5
BEST = "Best"
VISIT_WINDOW = 0.5  # months: a response dated this much after progression was found before it, as visits carry round months
LEVELS: tuple[tuple[str, str, str, frozenset[str]], ...] = (
    ("orr", "PR or better", "PR, VGPR, nCR, CR or sCR", RESPONDERS),
    ("vgpr", "VGPR or better", "VGPR, nCR, CR or sCR", VERY_GOOD),
    ("cr", "CR or better", "CR or sCR", COMPLETE_RESPONDERS),
)
STATES = ("CR or better", "VGPR", "PR", "MR or SD", "progressed or died", "no result")
STATE_CODES = (("sCR", "CR"), ("VGPR", "nCR"), ("PR",), ("MR", "SD"), ("PD",))
GONE, UNSEEN = 4, 5
_DEPTH = re.compile(
    r"depth of response|(m[- ]?(protein|spike|component|gradient)|paraprotein|monoclonal|flc|light chain|tumou?r|disease) ?\w*"
    r" ?(change|reduction|decrease|decline|response)|(change|reduction|decrease|decline) (in|of|from) ?\w* ?"
    r"(m[- ]?(protein|spike|component|gradient)|paraprotein|monoclonal|flc|light chain)",
)
_FALLING = re.compile(r"reduction|decrease|decline|depth of response")
DEPTH_WANTED = (
    "A waterfall needs one number per patient: the best change of the M-protein (or of the involved light chain) from baseline, "
    "in per cent. Name the column \u201cM-protein change (%)\u201d: \u2212100 is gone, 0 unchanged. "
    "\u201cM-protein reduction (%)\u201d is read the other way round."
)


@dataclass(frozen=True, slots=True, eq=False)
class Reached:
    """When a depth of response was first seen. ``month``: infinite = never; ``undated``: True = told by the best response alone."""

    key: str
    label: str
    month: Floats
    undated: Mask


@dataclass(frozen=True, slots=True, eq=False)
class ResponseData:
    """What does not move with a cutoff; arrays have one entry per patient.

    ``months``: visits on offer, ``visits``: their responses with the best last. ``outcomes``: of each visit by its name, of the evaluable
    and of the infused. ``reached``: a course for each depth; ``first_response``, ``best_at``: months, infinite = none dated.
    ``end``: time to progression or death (or censoring) in months, NaN = not known, ``ended``: True = it happened; ``end_words``: what
    ends.
    """

    cohort: Cohort
    panels: tuple[Panelled, ...]
    months: tuple[float, ...]
    visits: VisitResponses
    outcomes: Mapping[str, tuple[Outcome, ...]]
    reached: tuple[Reached, ...]
    best_at: Floats
    end: Floats
    ended: Mask
    end_words: str


def response_data(cohort: Cohort, panels: Sequence[Panelled]) -> ResponseData:
    """Read responses and MRD of the patients on screen."""
    visits = visit_table(cohort, cohort.responses, "response")
    tests = mrd_tests(cohort)
    months = _months(cohort, visits, tests)
    responses = _codes(cohort, visits, months)
    end, ended, words = _end(cohort)
    names = [*(f"Month {m:g}" for m in months), BEST]
    outcomes = {name: _outcomes(cohort, responses, tests, name, month) for name, month in zip(names, [*months, NAN], strict=True)}
    return ResponseData(
        cohort=cohort,
        panels=tuple(panels),
        months=months,
        visits=responses,
        outcomes={name: found for name, found in outcomes.items() if found},
        reached=tuple(_reached(cohort, visits, *level) for level in LEVELS),
        best_at=_best_at(cohort, visits),
        end=end,
        ended=ended,
        end_words=words,
    )


def _months(cohort: Cohort, visits: pd.DataFrame, tests: pd.DataFrame) -> tuple[float, ...]:
    """Usual months at which a tenth of the patients have a response or an MRD result; else the commonest."""
    both = pd.concat([visits[["patient", "month"]], tests[["patient", "month"]]]).drop_duplicates()
    both = both[both["month"] > 0]
    months, counts = np.unique(both["month"].to_numpy(dtype=np.float64), return_counts=True)
    usual = tuple(m for m in USUAL_MONTHS if counts[months == m].sum() >= max(USUAL_SHARE * cohort.n, 1))
    if usual:
        return usual
    enough = np.flatnonzero(counts >= max(MIN_SHARE * cohort.n, 1))
    commonest = enough[np.argsort(-counts[enough], kind="stable")[:MOST_MONTHS]]
    return tuple(sorted(months[commonest].tolist()))


def _codes(cohort: Cohort, visits: pd.DataFrame, months: Sequence[float]) -> VisitResponses:
    """Responses at the months on offer and the best response, as indices into RESPONSE_LEVELS."""
    index = {level: i for i, level in enumerate(RESPONSE_LEVELS)}
    level = visits["response"].map(index)
    columns, names = [], []
    for month in months:
        column = np.full(cohort.n, NOT_KNOWN, dtype=np.int64)
        chosen = ((visits["month"] == month) & level.notna()).to_numpy()
        column[visits["patient"].to_numpy(dtype=np.int64)[chosen]] = level.to_numpy(dtype=np.float64)[chosen].astype(np.int64)
        columns.append(column)
        names.append(f"Month {month:g}")
    columns.append(_best(cohort, index))
    return VisitResponses((*names, BEST), np.column_stack(columns))


def _best(cohort: Cohort, index: Mapping[str, int]) -> Codes:
    if "best_response" not in cohort.patients:
        return np.full(cohort.n, NOT_KNOWN, dtype=np.int64)
    given = cohort.patients["best_response"].astype(object).tolist()
    return np.array([index.get(v, NOT_KNOWN) if isinstance(v, str) else NOT_KNOWN for v in given], dtype=np.int64)


def _outcomes(cohort: Cohort, responses: VisitResponses, tests: pd.DataFrame, name: str, month: float) -> tuple[Outcome, ...]:
    """Outcomes of one visit: each of the evaluable patients, then of the infused; those that nobody was looked at for are left out."""
    codes = responses.codes[:, responses.visits.index(name)]
    evaluable = (codes != NOT_KNOWN) & (codes != NOT_EVALUABLE)
    found = []
    if evaluable.any():
        for key, label, words, levels in LEVELS:
            inside = np.array([level in levels for level in RESPONSE_LEVELS])[np.maximum(codes, 0)]
            found.append(Outcome(key, label, words, np.where(evaluable, (inside & evaluable).astype(np.float64), NAN)))
    mrd = _mrd(cohort, tests, month)
    if np.isfinite(mrd).any():
        found.append(Outcome("mrd", "MRD negative", "a negative test; positive and negative tests are evaluable", mrd))
    whole = [Outcome(o.key, o.label, o.words, np.nan_to_num(o.values), "infused") for o in found]
    return (*found, *whole)


def _mrd(cohort: Cohort, tests: pd.DataFrame, month: float) -> Floats:
    """1 = negative, 0 = positive, NaN = no result; without a month: ever negative after infusion."""
    found = np.full(cohort.n, NAN)
    if not math.isnan(month):
        at = tests[tests["month"] == month]
        found[at["patient"].to_numpy(dtype=np.int64)] = (at["status"] == "negative").to_numpy(dtype=np.float64)
        return found
    patient, negative = tests["patient"].to_numpy(dtype=np.int64), (tests["status"] == "negative").to_numpy()
    found[patient] = 0.0
    if "best_mrd" in cohort.patients:
        given = cohort.patients["best_mrd"].astype(object).to_numpy()
        found[given == "positive"] = 0.0
        found[given == "negative"] = 1.0
    found[patient[negative]] = 1.0
    return found


def _reached(cohort: Cohort, visits: pd.DataFrame, key: str, label: str, _words: str, levels: frozenset[str]) -> Reached:
    after = visits[visits["month"] > 0]
    month = first_month(after, cohort.n, after["response"].isin(levels))
    best = cohort.patients["best_response"].astype(object) if "best_response" in cohort.patients else pd.Series([None] * cohort.n)
    return Reached(key, label, month, np.asarray(best.isin(levels) & ~np.isfinite(month), dtype=bool))


def _best_at(cohort: Cohort, visits: pd.DataFrame) -> Floats:
    """Month at which the deepest dated response was first seen; infinite for who has none of PR or better."""
    after = visits[(visits["month"] > 0) & visits["response"].isin(RESPONDERS)]
    rank = after["response"].map({level: i for i, level in enumerate(RESPONSE_LEVELS)}).astype(np.float64)
    deepest = rank.groupby(after["patient"]).transform("min")
    return first_month(after, cohort.n, rank == deepest)


def _end(cohort: Cohort) -> tuple[Floats, Mask, str]:
    """What competes with reaching a response: progression or death where PFS is there, else death."""
    for key in ("pfs", "os"):
        if key in cohort.endpoints and cohort.endpoints[key].origin == "infusion":
            time, event = cohort.survival(key)
            return time, np.asarray(event == 1, dtype=bool), cohort.endpoints[key].event_words
    return np.full(cohort.n, NAN), np.zeros(cohort.n, dtype=bool), ""


# ---------------------------------------------------------------- rates
def bars_of(data: ResponseData, made: Grouping) -> tuple[tuple[ResponseGroup, ...], tuple[ResponseTest, ...]]:
    """Stacked bars of every visit, panel by panel, and Fisher's tests between the marker groups."""
    groups: list[ResponseGroup] = []
    tests: list[ResponseTest] = []
    kept = [i for i in range(len(data.visits.visits)) if (data.visits.codes[:, i] != NOT_KNOWN).any()]
    shown = VisitResponses(tuple(data.visits.visits[i] for i in kept), data.visits.codes[:, kept])
    for panel in data.panels:
        found = response_groups(shown, panel.member, made.codes, made.rules, panel.title)
        groups += found
        tests += response_tests(found)
    return tuple(groups), tuple(tests)


def response_sentence(data: ResponseData, made: Grouping) -> str:
    """The finding in one sentence: best response of all patients on screen, high against low where there is a marker."""
    outcomes = data.outcomes.get(BEST, ())
    response = next((o for o in outcomes if o.key == "orr"), None)
    if response is None:
        return "No patient on screen has a best response."
    roles = {rule.role: rule for rule in made.rules}
    if "high" not in roles or "low" not in roles:
        yes, n = int((response.values == 1).sum()), int(np.isfinite(response.values).sum())
        share = proportion(yes, n)
        words = fmt.percent_with_limits(share.value, share.ci_low, share.ci_high, n)
        return f"Best response PR or better in {yes:,} of {n:,} evaluable patients: {words}."
    high, low = roles["high"], roles["low"]
    if nobody := nobody_words(made):
        return nobody
    parts = []
    for outcome in (o for o in outcomes if o.of == "evaluable" and o.key in ("orr", "cr", "mrd")):
        found = contrast(outcome, (made.codes == high.code, made.codes == low.code), (high.short, low.short), kind="marker", panel="All")
        yes, n, other, m = found.counts
        difference = fmt.points_with_limits(found.difference.value, found.difference.ci_low, found.difference.ci_high)
        shares = f"{yes:,}/{n:,} against {other:,}/{m:,}"
        parts.append(f"{outcome.label}: {shares}" + (f", difference {difference}" if n and m else ""))
    return f"{high.label}, best response of evaluable patients, high against low: {'; '.join(parts)}; unadjusted."


# ---------------------------------------------------------------- over time
@dataclass(frozen=True, slots=True, eq=False)
class ShareCurve:
    """Share of the infused whose response so far is at least a level, by month.

    ``observed``: arrays of equal length over ``time`` with exact limits, patients lost from sight count as not reached. ``incidence``: with
    progression or death competing and censoring taken into account, None where nobody reached it or the end is not known.
    ``half``: month by which half of all have reached it (of the incidence), infinite = not reached by half, NaN = not known.
    """

    panel: str
    level: str
    label: str
    role: Role
    group: str
    short: str
    n: int
    n_reached: int
    n_undated: int
    n_unknown: int
    time: Floats
    share: Floats
    ci_low: Floats
    ci_high: Floats
    at_risk: Floats  # followed beyond each of ``time``
    incidence: IncidenceCurve | None
    half: float


def share_curve(data: ResponseData, reached: Reached, inside: Mask, rule: GroupRule, panel: str) -> ShareCurve:
    """The curve of one level in the patients ``inside`` (True)."""
    n = int(inside.sum())
    month = reached.month[inside]
    dated = np.isfinite(month)
    end = data.end[inside]
    last = float(np.nanmax(np.r_[end, month[dated], 0.0])) if n else 0.0
    time, count = np.unique(month[dated], return_counts=True)
    cumulated = np.cumsum(count)
    if n and last > (time[-1] if len(time) else 0.0):
        time, cumulated = np.r_[time, last], np.r_[cumulated, cumulated[-1] if len(cumulated) else 0]
    limits = [proportion(int(k), n) for k in cumulated]
    curve, unknown = _incidence(data, reached, inside)
    return ShareCurve(
        panel=panel,
        level=reached.key,
        label=reached.label,
        role=rule.role,
        group=rule.label,
        short=rule.short,
        n=n,
        n_reached=int(dated.sum()),
        n_undated=int(reached.undated[inside].sum()),
        n_unknown=unknown,
        time=time.astype(np.float64),
        share=np.array([e.value for e in limits]),
        ci_low=np.array([e.ci_low for e in limits]),
        ci_high=np.array([e.ci_high for e in limits]),
        at_risk=np.sort(np.maximum(np.nan_to_num(end), np.where(dated, month, 0.0))),
        incidence=curve,
        half=_half(curve) if curve is not None else (NAN if not data.end_words or not n else NEVER),
    )


def _incidence(data: ResponseData, reached: Reached, inside: Mask) -> tuple[IncidenceCurve | None, int]:
    """Cumulative incidence of reaching the level, and how many are left out because neither it nor the end of follow-up is known."""
    if not data.end_words:
        return None, 0
    month, end, ended = reached.month[inside], data.end[inside], data.ended[inside]
    first = np.isfinite(month) & (~ended | ~(month > end + VISIT_WINDOW))
    known = (first | np.isfinite(end)) & ~reached.undated[inside]
    time = np.where(first, month, end)[known]
    cause = np.where(first, 1, np.where(ended, 2, 0))[known]
    if not (cause == 1).any():
        return None, int((~known).sum())
    return cumulative_incidence(time, cause).curve(1), int((~known).sum())


def _half(curve: IncidenceCurve) -> float:
    over = np.flatnonzero(curve.incidence >= 0.5)
    return float(curve.time[over[0]]) if len(over) else NEVER


def share_curves(data: ResponseData, made: Grouping, level: str) -> tuple[tuple[ShareCurve, ...], ...]:
    """The curves of each panel: one per marker group for a level; with ``level`` "" one per level, all patients together."""
    found = []
    for panel in data.panels:
        if level:
            reached = next(r for r in data.reached if r.key == level)
            curves = [share_curve(data, reached, panel.member & (made.codes == rule.code), rule, panel.title) for rule in made.rules]
        else:
            rule = GroupRule(0, "all", "All patients", "all")
            curves = [share_curve(data, reached, panel.member, rule, panel.title) for reached in data.reached]
        found.append(tuple(curves))
    return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class ResponseTiming:
    """How fast a group responds. First and best: median, shortest and longest month among responders with a dated response.

    ``half``: month by which half of all infused have responded, not conditional on responding (infinite = less than half, NaN = not known).
    """

    panel: str
    group: str
    n: int
    responders: int
    undated: int
    first: tuple[float, float, float]
    best: tuple[float, float, float]
    half: float


def timings(data: ResponseData, made: Grouping) -> tuple[ResponseTiming, ...]:
    """One row per panel and group."""
    response = data.reached[0]
    found = []
    for panel in data.panels:
        for rule in made.rules:
            inside = panel.member & (made.codes == rule.code)
            curve = share_curve(data, response, inside, rule, panel.title)
            dated = inside & np.isfinite(response.month)
            found.append(
                ResponseTiming(
                    panel=panel.title,
                    group=rule.label,
                    n=curve.n,
                    responders=curve.n_reached,
                    undated=curve.n_undated,
                    first=_spread(response.month[dated]),
                    best=_spread(data.best_at[dated]),
                    half=curve.half,
                )
            )
    return tuple(found)


def _spread(months: Floats) -> tuple[float, float, float]:
    return (float(np.median(months)), float(months.min()), float(months.max())) if len(months) else (NAN, NAN, NAN)


# ---------------------------------------------------------------- flow between visits
@dataclass(frozen=True, slots=True, eq=False)
class ResponseFlow:
    """Who is in which state at each visit. ``states``: patients x visits, index into ``STATES``; ``moves``: one row per pair of visits."""

    panel: str
    group: str
    role: Role
    visits: tuple[str, ...]
    states: Codes
    moves: pd.DataFrame
    n: int
    n_missing: int
    method: str = "state at each visit; PFS decides whether a patient without a result had progressed or died by then"
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per pair of visits and states: from_visit, to_visit, from_state, to_state, patients."""
        rows = []
        for k in range(len(self.visits) - 1):
            counts = np.bincount(self.states[:, k] * len(STATES) + self.states[:, k + 1], minlength=len(STATES) ** 2)
            for cell in np.flatnonzero(counts):
                one, other = divmod(int(cell), len(STATES))
                rows.append((self.visits[k], self.visits[k + 1], STATES[one], STATES[other], int(counts[cell])))
        return pd.DataFrame(rows, columns=["from_visit", "to_visit", "from_state", "to_state", "patients"])


MOVES = ["from", "to", "both_known", "deepened", "same", "less", "progressed_or_died", "no_result"]


def flow(data: ResponseData, panel: Panelled, rule: GroupRule | None, made: Grouping) -> ResponseFlow:
    """The flow of one panel, within a marker group or (None) of everybody."""
    inside = panel.member if rule is None else panel.member & (made.codes == rule.code)
    states = np.column_stack([_states(data, k, m) for k, m in enumerate(data.months)]) if data.months else np.empty((data.cohort.n, 0), int)
    states = states[inside].astype(np.int64)
    names = data.visits.visits[: len(data.months)]
    moves = [_move(states, k, names) for k in range(len(names) - 1)]
    label, role = (rule.label, rule.role) if rule is not None else ("all patients", "all")
    missing = 0 if rule is None else int((panel.member & (made.codes < 0)).sum())
    return ResponseFlow(panel.title, label, role, names, states, pd.DataFrame(moves, columns=MOVES), len(states), missing)


def _states(data: ResponseData, visit: int, month: float) -> Codes:
    """State of every patient at a visit; without a result PFS tells who progressed or died by then."""
    codes = data.visits.codes[:, visit]
    table = np.full(len(RESPONSE_LEVELS), UNSEEN, dtype=np.int64)
    for state, levels in enumerate(STATE_CODES):
        table[[RESPONSE_LEVELS.index(level) for level in levels]] = state
    states = np.where(codes == NOT_KNOWN, UNSEEN, table[np.maximum(codes, 0)])
    with np.errstate(invalid="ignore"):
        gone = data.ended & (data.end <= month)
    return np.where((states == UNSEEN) & gone, GONE, states)


def _move(states: Codes, k: int, names: Sequence[str]) -> tuple[object, ...]:
    """What became, by the next visit, of those with a response recorded at this one."""
    before, after = states[:, k], states[:, k + 1]
    here = before < GONE
    known = here & (after < GONE)
    return (
        names[k],
        names[k + 1],
        int(known.sum()),
        int((known & (after < before)).sum()),
        int((known & (after == before)).sum()),
        int((known & (after > before)).sum()),
        int((here & (after == GONE)).sum()),
        int((here & (after == UNSEEN)).sum()),
    )


# ---------------------------------------------------------------- depth
@dataclass(frozen=True, slots=True, eq=False)
class Depth:
    """Change of the M-protein of each patient, largest increase first. ``change``: per cent of baseline, -100 = gone.

    ``patients``, ``best``, ``roles``: identifier, best response ("" = not known) and marker group of each bar.
    """

    panel: str
    label: str
    change: Floats
    patients: tuple[str, ...]
    best: tuple[str, ...]
    roles: tuple[str, ...]
    n_missing: int
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per patient: patient, change_percent, best_response, group."""
        columns = {"patient": self.patients, "change_percent": self.change, "best_response": self.best, "group": self.roles}
        return pd.DataFrame(columns)


def depth_column(cohort: Cohort) -> Column | None:
    """The column with the change of the M-protein, by its header."""
    for column in cohort.columns_of("number"):
        names = f"{column.label} {column.source}".replace("_", " ").casefold()
        if column.timing != "identity" and _DEPTH.search(names) and np.isfinite(_numbers(cohort, column)).any():
            return column
    return None


def _numbers(cohort: Cohort, column: Column) -> Floats:
    return cohort.patients[column.key].to_numpy(dtype=np.float64)


def depth(data: ResponseData, column: Column, panel: Panelled, made: Grouping) -> Depth:
    """The bars of one panel. A column that speaks of a reduction is turned round; shares of 1 are taken as per cent."""
    values, notes = _numbers(data.cohort, column), []
    known = np.isfinite(values)
    if column.unit != "%" and known.any() and np.abs(values[known]).max() <= 1:
        values = values * 100
        notes.append(f"\u201c{column.label}\u201d lies between \u22121 and 1: read as shares, shown in per cent")
    if _FALLING.search(f"{column.label} {column.source}".replace("_", " ").casefold()):
        if np.nanmedian(values) > 0:
            values = -values
            notes.append(f"\u201c{column.label}\u201d counts reductions as positive: turned round, so that a bar downwards is a reduction")
        else:
            notes.append(f"\u201c{column.label}\u201d is mostly negative: read as a change, a bar downwards is a reduction")
    chosen = np.flatnonzero(panel.member & known)
    chosen = chosen[np.argsort(-values[chosen], kind="stable")]
    best = data.visits.codes[chosen, -1].tolist()
    codes = made.codes[chosen].tolist()
    return Depth(
        panel=panel.title,
        label=column.label,
        change=values[chosen],
        patients=tuple(data.cohort.patients["patient_id"].astype(str).to_numpy()[chosen].tolist()),
        best=tuple("" if code == NOT_KNOWN else RESPONSE_LEVELS[code] for code in best),
        roles=tuple("" if code < 0 else made.rules[code].role for code in codes),
        n_missing=int(panel.member.sum()) - len(chosen),
        notes=tuple(notes),
    )
