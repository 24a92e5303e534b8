"""Response at each visit and best response, by product and marker group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from cartograph.cohort.model import Cohort
from cartograph.cohort.schema import COMPLETE_RESPONDERS, RESPONDERS, RESPONSE_LEVELS
from cartograph.stats.response import fisher_exact, fisher_two_by_two, proportion
from cartograph.views.explore import ResponseGroup, ResponseTest
from cartograph.views.grouping import GroupRule
from cartograph.views.panels import MIN_FOR_P

Codes = npt.NDArray[np.int64]

USUAL_MONTHS = (1.0, 3.0, 6.0)
MAX_VISITS = 4
MIN_SHARE = 0.2  # of patients with a result, for a visit to be shown
NOT_KNOWN = -1
NOT_EVALUABLE = RESPONSE_LEVELS.index("NE")
IS_RESPONDER = np.array([level in RESPONDERS for level in RESPONSE_LEVELS])
IS_COMPLETE = np.array([level in COMPLETE_RESPONDERS for level in RESPONSE_LEVELS])


@dataclass(frozen=True, slots=True, eq=False)
class VisitResponses:
    """``codes``: patients x visits, index into RESPONSE_LEVELS, -1 = not recorded. ``visits``: their names."""

    visits: tuple[str, ...]
    codes: Codes


def visit_responses(cohort: Cohort) -> VisitResponses:
    """Responses of every patient at the usual visits (1, 3, 6 months; else the commonest) and the best response."""
    position = {patient: i for i, patient in enumerate(cohort.patients["patient_id"])}
    frame = cohort.responses
    row = frame["patient_id"].map(position).to_numpy(dtype=np.float64, na_value=np.nan)
    level = _level_codes(frame["response"].astype(object).tolist())
    months = frame["month"].to_numpy(dtype=np.float64)
    columns: list[Codes] = []
    names: list[str] = []
    for month in _visit_months(months, row, cohort.n):
        chosen = (months == month) & np.isfinite(row) & (level != NOT_KNOWN)
        column = np.full(cohort.n, NOT_KNOWN, dtype=np.int64)
        column[row[chosen].astype(np.int64)] = level[chosen]
        columns.append(column)
        names.append(f"Month {month:g}")
    if "best_response" in cohort.patients:
        best = _level_codes(cohort.patients["best_response"].astype(object).tolist())
        if (best != NOT_KNOWN).any():
            columns.append(best)
            names.append("Best")
    return VisitResponses(tuple(names), np.column_stack(columns) if columns else np.empty((cohort.n, 0), dtype=np.int64))


def _level_codes(values: list[object]) -> Codes:
    index: dict[object, int] = {level: i for i, level in enumerate(RESPONSE_LEVELS)}
    return np.array([index.get(value, NOT_KNOWN) for value in values], dtype=np.int64)


def _visit_months(months: npt.NDArray[np.float64], row: npt.NDArray[np.float64], n: int) -> list[float]:
    present, counts = np.unique(months[np.isfinite(row) & np.isfinite(months)], return_counts=True)
    usual = [m for m in USUAL_MONTHS if m in present]
    if usual:
        return usual
    common = present[counts >= MIN_SHARE * n]
    return [float(m) for m in common[: MAX_VISITS - 1]]


def response_groups(
    responses: VisitResponses, member: npt.NDArray[np.bool_], group: Codes, groups: Sequence[GroupRule], panel: str
) -> tuple[ResponseGroup, ...]:
    """Counts and rates of one panel. ``member``: patients of the panel; ``group``: code of each patient, -1 = not measured."""
    found = []
    for column, visit in enumerate(responses.visits):
        codes = responses.codes[:, column]
        for chosen in groups:
            inside = codes[member & (group == chosen.code)]
            found.append(_response_group(inside, visit, chosen, panel))
    return tuple(found)


def _response_group(codes: Codes, visit: str, chosen: GroupRule, panel: str) -> ResponseGroup:
    known = codes[codes != NOT_KNOWN]
    counts = np.bincount(known, minlength=len(RESPONSE_LEVELS))
    evaluable = int(counts.sum() - counts[NOT_EVALUABLE])
    return ResponseGroup(
        panel=panel,
        role=chosen.role,
        group=chosen.short,
        visit=visit,
        n=len(codes),
        evaluable=evaluable,
        counts=tuple(zip(RESPONSE_LEVELS, counts.tolist(), strict=True)),
        orr=proportion(int(counts[IS_RESPONDER].sum()), evaluable),
        cr_rate=proportion(int(counts[IS_COMPLETE].sum()), evaluable),
    )


def response_tests(groups: Sequence[ResponseGroup]) -> tuple[ResponseTest, ...]:
    """Fisher's exact p of ORR and CR rate between the marker groups of a panel, visit by visit."""
    tests = []
    for visit in dict.fromkeys(g.visit for g in groups):
        at_visit = [g for g in groups if g.visit == visit]
        if len(at_visit) > 1:
            tests.append(_test(at_visit, "ORR", IS_RESPONDER))
            tests.append(_test(at_visit, "CR", IS_COMPLETE))
    return tuple(tests)


def _test(groups: Sequence[ResponseGroup], outcome: Literal["ORR", "CR"], inside: npt.NDArray[np.bool_]) -> ResponseTest:
    successes = [sum(count for (_, count), counted in zip(g.counts, inside.tolist(), strict=True) if counted) for g in groups]
    return response_test(groups[0].panel, groups[0].visit, outcome, successes, [g.evaluable for g in groups])


def response_test(
    panel: str, visit: str, outcome: Literal["ORR", "CR"], successes: Sequence[int], evaluable: Sequence[int]
) -> ResponseTest:
    """Fisher's p of one outcome between groups, or why it is not given."""
    if min(evaluable) < MIN_FOR_P:
        reason = f"fewer than {MIN_FOR_P} evaluable patients in a group"
        return ResponseTest(panel, visit, outcome, float("nan"), reason)
    if len(successes) == 2:
        (a, c), (first, second) = successes, evaluable
        return ResponseTest(panel, visit, outcome, fisher_two_by_two(a, first - a, c, second - c))
    table = np.array([[s, n - s] for s, n in zip(successes, evaluable, strict=True)])
    return ResponseTest(panel, visit, outcome, fisher_exact(table).p_value)
