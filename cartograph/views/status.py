"""Statuses that patients reach after infusion: when each was reached, when it was first looked at, and how it is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph import format as fmt
from cartograph.cohort.model import DAYS_PER_MONTH, Cohort
from cartograph.cohort.schema import COMPLETE_RESPONDERS
from cartograph.stats.results import Floats

VERY_GOOD = frozenset({*COMPLETE_RESPONDERS, "nCR", "VGPR"})
DAY_30 = 30 / DAYS_PER_MONTH
SUSTAINED = 12.0  # months between the first and a later negative test (IMWG: MRD negativity confirmed at least one year apart)
PERSISTENCE = (6.0, 12.0, 24.0)  # months
NEVER = np.inf
AT_ONCE = 1e-6  # months


@dataclass(frozen=True, slots=True, eq=False)
class Status:
    """A status and when each patient of a cohort reached it; arrays have one entry per patient.

    ``yes``, ``no``: the two groups in words, ``short_yes``, ``short_no``: beside a curve; ``words``: how the status is defined and dated;
    ``unseen``: what is said of patients of whom it is not known; ``by_visit``: True = found out at visits, False = given with the patient,
    so that a missing one says nothing about when. ``usual``: the landmark (months) that is proposed. ``reached``: month from
    infusion of the first time, infinite = not reached. ``assessed``: month from which it is known whether it is reached, infinite = never.
    ``changes``: for a status that can be lost, patient (row), month and held (True = has it from here on), in order; else None.
    """

    key: str
    label: str
    yes: str
    no: str
    short_yes: str
    short_no: str
    words: str
    unseen: str
    by_visit: bool
    usual: float
    reached: Floats
    assessed: Floats
    changes: pd.DataFrame | None = None

    def as_of(self, at: float) -> Floats:
        """Month of the status as it was known at month ``at``, infinite for who does not have it then (any more)."""
        if self.changes is None:
            return self.reached
        seen = self.changes[self.changes["month"] <= at + AT_ONCE]
        last = seen.groupby("patient", sort=False).tail(1)
        held = last[last["held"].to_numpy(dtype=bool)]
        found = np.full(len(self.reached), NEVER)
        found[held["patient"].to_numpy(dtype=np.int64)] = held["month"].to_numpy(dtype=np.float64)
        return found


def statuses(cohort: Cohort) -> tuple[Status, ...]:
    """Every status that this cohort can date, in the order in which they are offered."""
    makers: list[Callable[[Cohort], list[Status]]] = [_responses, _mrd, _persistence, _toxicity]
    return tuple(status for maker in makers for status in maker(cohort))


def visit_table(cohort: Cohort, frame: pd.DataFrame, value: str) -> pd.DataFrame:
    """Visits in order of patient and month, whatever their order in the file: patient (row of the cohort), month, ``value``."""
    row = pd.Series(np.arange(cohort.n), index=cohort.patients["patient_id"])
    patient = frame["patient_id"].map(row)
    table = pd.DataFrame({"patient": patient, "month": frame["month"].astype(np.float64), value: frame[value].astype(object)}).dropna()
    return table.astype({"patient": np.int64}).sort_values(["patient", "month"], kind="stable", ignore_index=True)


def mrd_tests(cohort: Cohort) -> pd.DataFrame:
    """MRD tests after infusion with a result, in order: patient, month, status ("negative" or "positive")."""
    table = visit_table(cohort, cohort.mrd, "status")
    kept = table[table["status"].isin(["negative", "positive"]) & (table["month"] > 0)]
    return kept.reset_index(drop=True)


def first_month(table: pd.DataFrame, n: int, chosen: npt.ArrayLike | None = None) -> Floats:
    """Month of each patient's first row of ``table`` (of those ``chosen``), infinite without one."""
    rows = table if chosen is None else table[np.asarray(chosen, dtype=bool)]
    found = np.full(n, NEVER)
    np.minimum.at(found, rows["patient"].to_numpy(dtype=np.int64), rows["month"].to_numpy(dtype=np.float64))
    return found


def first_response(cohort: Cohort, levels: frozenset[str]) -> Floats:
    """Month of the first visit with a response among ``levels``, infinite without one."""
    visits = visit_table(cohort, cohort.responses, "response")
    return first_month(visits, cohort.n, visits["response"].isin(levels))


def _responses(cohort: Cohort) -> list[Status]:
    visits = visit_table(cohort, cohort.responses, "response")
    visits = visits[(visits["response"] != "NE") & (visits["month"] > 0)]
    if not len(visits):
        return []
    assessed = first_month(visits, cohort.n)
    kinds = [
        ("cr", "CR or better", COMPLETE_RESPONDERS, "CR", "no CR", "a visit with CR or sCR"),
        ("vgpr", "VGPR or better", VERY_GOOD, "VGPR", "no VGPR", "a visit with VGPR, CR or sCR"),
    ]
    return [
        Status(
            key=key,
            label=label,
            yes=label,
            no=f"no {label}",
            short_yes=yes,
            short_no=no,
            words=f"{label}: dated at the first {dated[2:]}, kept once reached",
            unseen="response not assessed",
            by_visit=True,
            usual=3.0,
            reached=first_month(visits, cohort.n, visits["response"].isin(levels)),
            assessed=assessed,
        )
        for key, label, levels, yes, no, dated in kinds
    ]


def _mrd(cohort: Cohort) -> list[Status]:
    tests = mrd_tests(cohort)
    if not len(tests):
        return []
    negative = (tests["status"] == "negative").to_numpy()
    assessed, first = first_month(tests, cohort.n), first_month(tests, cohort.n, negative)
    ever = Status(
        key="mrd",
        label="MRD negative, ever",
        yes="MRD negative reached",
        no="MRD negative not reached",
        short_yes="MRD neg.",
        short_no="not neg.",
        words="MRD negative, ever: dated at the first negative test, kept once reached even if lost later",
        unseen="MRD not tested",
        by_visit=True,
        usual=6.0,
        reached=first,
        assessed=assessed,
    )
    held = Status(
        key="mrd-held",
        label="MRD negative at the last test",
        yes="MRD negative at the last test",
        no="MRD positive at the last test",
        short_yes="MRD neg.",
        short_no="MRD pos.",
        words="MRD negative at the last test up to the landmark; time-dependent analyses count it as kept from the first negative test",
        unseen="MRD not tested",
        by_visit=True,
        usual=12.0,
        reached=first,
        assessed=assessed,
        changes=pd.DataFrame({"patient": tests["patient"], "month": tests["month"], "held": negative}),
    )
    return [ever, held, _sustained(cohort, tests, assessed)]


def _sustained(cohort: Cohort, tests: pd.DataFrame, assessed: Floats) -> Status:
    months = fmt.number(SUSTAINED)
    return Status(
        key="mrd-sustained",
        label=f"MRD negative for {months} months",
        yes=f"MRD negative for {months} months or more",
        no=f"not MRD negative for {months} months",
        short_yes=f"neg. \u2265 {months} mo",
        short_no=f"not {months} mo",
        words=f"MRD negative for {months} months: dated at the first test that shows {months} months or more of unbroken negativity",
        unseen="MRD not tested",
        by_visit=True,
        usual=SUSTAINED + 6.0,
        reached=sustained_from(tests, cohort.n),
        assessed=assessed,
    )


def sustained_from(tests: pd.DataFrame, n: int, months: float = SUSTAINED) -> Floats:
    """Month of the test that confirms ``months`` of unbroken MRD negativity, infinite without one. ``tests``: as ``mrd_tests`` gives."""
    found = np.full(n, NEVER)
    since: dict[int, float] = {}
    for patient, month, status in tests[["patient", "month", "status"]].itertuples(index=False):
        if status == "positive":
            since.pop(patient, None)
        elif month - since.setdefault(patient, month) >= months - AT_ONCE:
            found[patient] = min(found[patient], month)
    return found


def _persistence(cohort: Cohort) -> list[Status]:
    column = cohort.columns.get("persistence")
    if column is None or column.kind != "number":
        return []
    scale = 1 / DAYS_PER_MONTH if column.unit.startswith("day") else 1.0
    lasted = cohort.patients["persistence"].to_numpy(dtype=np.float64) * scale
    known = np.isfinite(lasted)
    found = []
    for months in PERSISTENCE:
        there = known & (lasted >= months - AT_ONCE)
        if not there.any():
            continue
        words = fmt.number(months)
        found.append(
            Status(
                key=f"persistence-{words}",
                label=f"CAR-T persistence \u2265 {words} months",
                yes=f"CAR-T detectable for {words} months or more",
                no=f"CAR-T not detectable for {words} months",
                short_yes=f"CAR-T \u2265 {words} mo",
                short_no=f"CAR-T < {words} mo",
                words=f"CAR-T persistence \u2265 {words} months: dated at month {words}, the earliest at which it can be known",
                unseen="CAR-T persistence not known",
                by_visit=False,
                usual=months,
                reached=np.where(there, months, NEVER),
                assessed=np.where(known, 0.0, NEVER),
            )
        )
    return found


def _toxicity(cohort: Cohort) -> list[Status]:
    found = []
    for key, name, lowest in (("crs_grade", "CRS", 2), ("icans_grade", "ICANS", 1)):
        if key not in cohort.columns:
            continue
        grade = pd.to_numeric(cohort.patients[key].astype(object), errors="coerce").to_numpy(dtype=np.float64)
        known = np.isfinite(grade)
        if not (grade[known] >= lowest).any():
            continue
        below = "0\u20131" if lowest == 2 else "0"
        found.append(
            Status(
                key=key.replace("_", "-"),
                label=f"{name} grade \u2265 {lowest} by day 30",
                yes=f"{name} grade {lowest} or higher",
                no=f"{name} grade {below}",
                short_yes=f"{name} \u2265 {lowest}",
                short_no=f"{name} {below}",
                words=f"{name} grade \u2265 {lowest}: the highest grade, taken as known from day 30 on",
                unseen=f"{name} grade not known",
                by_visit=False,
                usual=1.0,
                reached=np.where(known & (grade >= lowest), DAY_30, NEVER),
                assessed=np.where(known, 0.0, NEVER),
            )
        )
    return found
