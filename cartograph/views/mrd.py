"""MRD over time: state of every patient at every month, groups, time to negativity, how long it lasts and what predicts that."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph import format as fmt
from cartograph.cohort.model import Cohort
from cartograph.stats.results import Floats
from cartograph.views.competing import CauseGroup, CausePanel, Causes, Groups, cause_panel
from cartograph.views.status import AT_ONCE, NEVER, SUSTAINED, mrd_tests, statuses, sustained_from

Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]
EARLY = (1.0, 3.0, 6.0, 12.0)  # months at which the share that became negative is read
GAP = 12.0  # months without a test after which progression or death no longer belongs to the state last seen
SAME_TIME = 0.01  # months: progression and death recorded on the same day
CENSORED, FIRST, OTHER = 0, 1, 2
STATES = ("sustained", "negative", "positive", "lost", "not done", "died", "follow-up ended")
GROUPS = ("sustained", "negative", "lost", "never", "not done")
MONTHS = (1.0, 3.0, 6.0, 9.0, 12.0, 18.0, 24.0, 30.0, 36.0, 42.0, 48.0, 54.0, 60.0)
FLAGS = ("triple_class_exposed", "triple_class_refractory", "high_risk_cytogenetics", "extramedullary")
MARROW_HIGH = 50.0  # per cent, An et al. 2025
STATE_WORDS = {
    "sustained": f"negative for {SUSTAINED:g} months or more",
    "negative": "negative, shorter so far",
    "positive": "positive, never negative so far",
    "lost": "lost: positive again, or progressed",
    "not done": "not tested yet",
    "died": "died",
    "follow-up ended": "follow-up ended",
}
DEFINITIONS = (
    f"Sustained: negative tests {SUSTAINED:g} months or more apart with no positive test between them, and no loss afterwards",
    "Lost: a positive test, or progression, after a negative test; dated at whichever comes first",
    f"Negative, shorter: negative without loss, but not (yet) shown over {SUSTAINED:g} months",
    "Never negative: tested after infusion, no negative result",
    "Not done: no MRD result after infusion",
)
GROUP_WORDS = {
    "sustained": f"sustained \u2265 {SUSTAINED:g} months",
    "negative": f"negative, < {SUSTAINED:g} months so far",
    "lost": "lost",
    "never": "never negative",
    "not done": "not done",
}


@dataclass(frozen=True, slots=True, eq=False)
class MrdCourse:
    """MRD of every patient of a cohort; arrays have one entry per patient, months from infusion, infinite = never.

    ``tests``: patient (row), month, status, in order. ``first``: first negative test; ``lost``: first positive test or progression after
    it; ``known_to``: how long a loss or death would have been seen and counted: to the end of progression-free follow-up, at most
    ``GAP`` months after the last test; ``sustained``: the test that confirms 12 months; ``last``: last test. ``progression``,
    ``death``: infinite = not seen;
    ``end``: end of follow-up (NaN = not known). ``group``: index into ``GROUPS``.
    """

    cohort: Cohort
    tests: pd.DataFrame
    tested: Floats
    first: Floats
    lost: Floats
    known_to: Floats
    sustained: Floats
    last: Floats
    progression: Floats
    death: Floats
    end: Floats
    group: Codes

    def to_frame(self) -> pd.DataFrame:
        """One row per patient: patient, group, first_negative, lost, sustained_from, last_test, end (months, empty = never)."""
        columns = {
            "first_negative": self.first,
            "lost": self.lost,
            "sustained_from": self.sustained,
            "last_test": self.last,
            "end": self.end,
        }
        months = {name: np.where(np.isfinite(v), v, np.nan) for name, v in columns.items()}
        group = [GROUPS[g] for g in self.group.tolist()]
        return pd.DataFrame({"patient": self.cohort.patients["patient_id"].astype(str), "group": group, **months})


def mrd_course(cohort: Cohort) -> MrdCourse:
    """Read the course of MRD from the tests, in whatever order the file gives them, and from PFS and OS."""
    tests, n = mrd_tests(cohort), cohort.n
    negative = tests["status"].to_numpy() == "negative"
    patient, month = tests["patient"].to_numpy(dtype=np.int64), tests["month"].to_numpy(dtype=np.float64)
    tested, first, last = np.full(n, NEVER), np.full(n, NEVER), np.full(n, -NEVER)
    np.minimum.at(tested, patient, month)
    np.minimum.at(first, patient[negative], month[negative])
    np.maximum.at(last, patient, month)
    progression, death, end = _ends(cohort)
    known_to = _known_to(cohort, last, end)
    again = ~negative & (month > first[patient])
    relapse = np.full(n, NEVER)
    np.minimum.at(relapse, patient[again], month[again])
    relapse = np.minimum(relapse, np.where(progression > first, progression, NEVER))
    lost = np.where(np.isfinite(first), relapse, NEVER)
    sustained = sustained_from(tests, n)
    sustained = np.where(sustained < lost, sustained, NEVER)
    end = np.fmax(end, np.where(np.isfinite(last), last, np.nan))
    return MrdCourse(
        cohort, tests, tested, first, lost, known_to, sustained, last, progression, death, end, _group_of(tested, first, lost, sustained)
    )


def _known_to(cohort: Cohort, last: Floats, end: Floats) -> Floats:
    """How long a loss would have been seen: progression-free follow-up (that of OS without PFS), at most ``GAP`` months after a test."""
    followed = cohort.survival("pfs")[0] if "pfs" in cohort.endpoints else end
    return np.minimum(np.fmax(followed, last), last + GAP)


def _group_of(tested: Floats, first: Floats, lost: Floats, sustained: Floats) -> Codes:
    names = np.select(
        [~np.isfinite(tested), ~np.isfinite(first), np.isfinite(lost), np.isfinite(sustained)],
        ["not done", "never", "lost", "sustained"],
        "negative",
    )
    return np.array([GROUPS.index(name) for name in names.tolist()], dtype=np.int64)


def _ends(cohort: Cohort) -> tuple[Floats, Floats, Floats]:
    """Months of progression (not of a death recorded as a PFS event), of death, and of the last that is known."""
    n = cohort.n
    times, found = [], {}
    for key in ("pfs", "os"):
        found[key] = np.full(n, NEVER)
        if key in cohort.endpoints:
            time, event = cohort.survival(key)
            found[key] = np.where(event == 1, time, NEVER)
            times.append(time)
    progression, death = found["pfs"], found["os"]
    with np.errstate(invalid="ignore"):
        progression = np.where(np.isfinite(death) & (np.abs(progression - death) < SAME_TIME), NEVER, progression)
    return progression, death, np.fmax.reduce(times) if times else np.full(n, np.nan)


def states_at(made: MrdCourse, month: float) -> list[str]:
    """State of every patient at a month, as known by the last test up to it."""
    at = month + AT_ONCE
    ended = ~(made.end >= month - AT_ONCE)
    choices = [made.death <= at, ended, made.lost <= at, made.sustained <= at, made.first <= at, made.tested <= at]
    return [str(s) for s in np.select(choices, ["died", "follow-up ended", "lost", "sustained", "negative", "positive"], "not done")]


@dataclass(frozen=True, slots=True, eq=False)
class Occupancy:
    """How many patients are in which state: ``table`` has month, state, n; every patient is counted at every month."""

    title: str
    n: int
    table: pd.DataFrame
    method: str = "counted, not estimated; state as known by the last test"
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per month and state: month, state, n."""
        return self.table


def occupancy(made: MrdCourse, *, member: Mask | None = None, title: str = "All") -> Occupancy:
    """Patients by state at the usual visits, up to where one patient in twenty is still followed."""
    inside = np.ones(made.cohort.n, dtype=bool) if member is None else member
    ends = made.end[inside & np.isfinite(made.end)]
    last = float(np.percentile(ends, 95)) if len(ends) else 0.0
    rows = []
    for month in [m for m in MONTHS if m <= max(last, MONTHS[0])]:
        states = np.array(states_at(made, month), dtype=object)[inside]
        rows += [(month, state, int((states == state).sum())) for state in STATES]
    return Occupancy(title, int(inside.sum()), pd.DataFrame(rows, columns=["month", "state", "n"]))


@dataclass(frozen=True, slots=True, eq=False)
class MrdGroups:
    """How many patients are in each group; ``table``: group (words), n, share of those tested."""

    title: str
    n: int
    table: pd.DataFrame
    method: str = "groups by MRD tests and progression"
    notes: tuple[str, ...] = DEFINITIONS

    def to_frame(self) -> pd.DataFrame:
        """One row per group: group, n, share."""
        return self.table


def mrd_groups(made: MrdCourse, *, member: Mask | None = None, title: str = "All") -> MrdGroups:
    """Count the groups. The share is of patients with a test."""
    inside = np.ones(made.cohort.n, dtype=bool) if member is None else member
    counts = [int((made.group[inside] == g).sum()) for g in range(len(GROUPS))]
    tested = sum(counts[:-1])
    share = [n / tested if tested and name != "not done" else math.nan for name, n in zip(GROUPS, counts, strict=True)]
    return MrdGroups(title, int(inside.sum()), pd.DataFrame({"group": [GROUP_WORDS[g] for g in GROUPS], "n": counts, "share": share}))


@dataclass(frozen=True, slots=True, eq=False)
class Predictor:
    """Two groups of patients. ``code``: 0, 1, -1 = not known; ``known_at``: month from which the groups are known, 0 = before infusion."""

    key: str
    label: str
    words: tuple[str, str]
    short: tuple[str, str]
    code: Codes
    known_at: float = 0.0


def predictors(cohort: Cohort, marker: Predictor | None = None) -> tuple[Predictor, ...]:
    """What may predict how long negativity lasts: the marker group on screen, and what the cohort holds of the published ones."""
    found = [marker] if marker is not None else []
    if "marrow_plasma_cells" in cohort.columns:
        value = cohort.patients["marrow_plasma_cells"].to_numpy(dtype=np.float64)
        code = np.where(np.isfinite(value), value >= MARROW_HIGH, -1).astype(np.int64)
        words = (f"marrow plasma cells < {MARROW_HIGH:g} %", f"marrow plasma cells \u2265 {MARROW_HIGH:g} %")
        found.append(Predictor("marrow", words[1], words, (f"< {MARROW_HIGH:g} %", f"\u2265 {MARROW_HIGH:g} %"), code))
    found += [_flag(cohort, key) for key in FLAGS if key in cohort.columns and cohort.columns[key].kind == "flag"]
    for status in statuses(cohort):
        if status.key in ("cr", "persistence-6"):
            reached = status.as_of(status.usual)
            seen = status.assessed <= status.usual + AT_ONCE
            code = np.where(seen, reached <= status.usual + AT_ONCE, -1).astype(np.int64)
            label = f"{status.label} by month {status.usual:g}" if status.by_visit else status.label
            found.append(Predictor(status.key, label, (status.no, status.yes), (status.short_no, status.short_yes), code, status.usual))
    return tuple(p for p in found if (p.code == 0).any() and (p.code == 1).any())


def _flag(cohort: Cohort, key: str) -> Predictor:
    label = cohort.columns[key].label
    values = cohort.patients[key].astype(object)
    code = np.array([{"no": 0, "yes": 1}.get(str(v), -1) for v in values], dtype=np.int64)
    return Predictor(key, label, (f"{label}: no", f"{label}: yes"), ("no", "yes"), code)


def time_to_negative(made: MrdCourse, *, member: Mask, title: str, predictor: Predictor | None = None) -> CausePanel:
    """Cumulative incidence of the first negative test; progression or death before it competes. Censored at the last contact.

    Patients never tested count as without a negative result: to leave out who died before a test would flatter the others.
    """
    before = np.minimum(made.progression, made.death)
    stop = np.fmin(np.minimum(made.first, before), made.end)
    cause = np.where(made.first <= stop, FIRST, np.where(before <= stop, OTHER, CENSORED)).astype(np.int64)
    names = {FIRST: "MRD negative", OTHER: "progression or death first"}
    never = int((member & ~np.isfinite(made.tested)).sum())
    told = f"{fmt.patients(never)} never tested count as without a negative result" if never else ""
    causes = Causes(np.where(np.isfinite(stop), stop, np.nan), cause, names, told)
    return cause_panel(causes, member, _as_groups(predictor), of=FIRST, title=title, endpoint="First negative MRD test", months=EARLY)


def negativity(made: MrdCourse, known_at: float = 0.0) -> Causes:
    """Months of negativity and how it ended: lost, or died without loss; else censored. NaN = not asked of this patient.

    Censored is who has neither by ``known_to``, a time that does not depend on what happened: to censor at the last test, but count what
    came after it, would let only those with an event stay.

    The clock starts at the first negative test, but not before ``known_at`` (months from infusion), when a predictor is known: from there
    on only those still negative and followed count.
    """
    lost = np.where(made.lost <= made.known_to, made.lost, NEVER)
    death = np.where((made.death <= made.known_to) & ~np.isfinite(lost), made.death, NEVER)
    ended = np.minimum(lost, death)
    stop = np.where(np.isfinite(ended), ended, made.known_to)
    start = np.maximum(made.first, known_at)
    inside = np.isfinite(made.first) & (stop > start + AT_ONCE if known_at else stop >= start)
    cause = np.where(np.isfinite(lost), FIRST, np.where(np.isfinite(death), OTHER, CENSORED)).astype(np.int64)
    time = np.full(len(stop), np.nan)
    time[inside] = stop[inside] - start[inside]
    return Causes(time, cause, {FIRST: "negativity lost", OTHER: "death without loss"}, "")


def duration(made: MrdCourse, *, member: Mask, title: str, predictor: Predictor | None = None) -> CausePanel:
    """How long negativity lasts: loss, with death without loss competing; by a predictor if one is given."""
    causes = negativity(made, predictor.known_at if predictor is not None else 0.0)
    asked = int((member & np.isfinite(made.first)).sum())
    who = member & np.isfinite(causes.time)
    return cause_panel(causes, who, _as_groups(predictor), of=FIRST, title=title, endpoint="Duration of MRD negativity", n_asked=asked)


def duration_origin(predictor: Predictor | None) -> str:
    """Where the clock starts, in words."""
    if predictor is None or not predictor.known_at:
        return "Months from the first negative test"
    return f"Months from first negative, not before month {predictor.known_at:g}"


def _as_groups(predictor: Predictor | None) -> Groups | None:
    if predictor is None:
        return None
    low, high = zip(predictor.words, predictor.short, strict=True)
    return Groups(predictor.code, (CauseGroup("low", *low), CauseGroup("high", *high)))


@dataclass(frozen=True, slots=True, eq=False)
class Lanes:
    """The MRD swimmer: one lane a patient, grouped and sorted by follow-up, with tracks beside the lanes.

    ``segments``: lane, patient, start, stop, state; ``marks``: lane, month, kind; ``tracks``: lane, track, value; ``groups``: label,
    first_lane, last_lane; ``hover``: one text per lane.
    """

    segments: pd.DataFrame
    marks: pd.DataFrame
    tracks: pd.DataFrame
    groups: pd.DataFrame
    hover: tuple[str, ...]
    n: int
    n_drawn: int
    method: str = "state from test to test; lanes end with follow-up"
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per stretch of a patient: patient, group, state, from_month, to_month."""
        names = {"start": "from_month", "stop": "to_month"}
        return self.segments.rename(columns=names)[["patient", "group", "state", "from_month", "to_month"]]


MAX_LANES = 160
TRACKS = ("Cytogenetics", "Best response", "Disposition")


def mrd_lanes(made: MrdCourse, *, member: Mask) -> Lanes:
    """Lanes of the members with a test and a known follow-up; group by group, the longest follow-up on top."""
    drawable = np.flatnonzero(member & np.isfinite(made.end) & np.isfinite(made.tested))
    order = drawable[np.lexsort((made.end[drawable], -made.group[drawable]))]
    drawn = order if len(order) <= MAX_LANES else order[np.unique(np.linspace(0, len(order) - 1, MAX_LANES).round().astype(int))]
    segments = [row for lane, i in enumerate(drawn.tolist()) for row in _stretches(made, lane, i)]
    marks = [row for lane, i in enumerate(drawn.tolist()) for row in _lane_marks(made, lane, i)]
    columns = ["lane", "patient", "group", "start", "stop", "state"]
    notes = [f"{len(drawn):,} of {len(order):,} lanes are drawn, evenly over the order"] if len(drawn) < len(order) else []
    left = int(member.sum()) - len(order)
    if left:
        notes.append(f"{fmt.patients(left)} without an MRD result or a known follow-up not drawn")
    return Lanes(
        segments=pd.DataFrame(segments, columns=columns),
        marks=pd.DataFrame(marks, columns=["lane", "month", "kind"]),
        tracks=_tracks(made, drawn),
        groups=_brackets(made.group[drawn]),
        hover=tuple(_hover(made, i) for i in drawn.tolist()),
        n=len(order),
        n_drawn=len(drawn),
        notes=tuple(notes),
    )


def _stretches(made: MrdCourse, lane: int, i: int) -> list[tuple[int, str, str, float, float, str]]:
    """Stretches of one state each, from infusion to the end of follow-up."""
    end = float(made.end[i])
    steps = [
        (0.0, "not done"),
        (made.tested[i], "positive"),
        (made.first[i], "negative"),
        (made.sustained[i], "sustained"),
        (made.lost[i], "lost"),
    ]
    known = [(float(at), state) for at, state in steps if at < end]
    stops = [at for at, _ in known[1:]] + [end]
    name, group = str(made.cohort.patients["patient_id"].iloc[i]), GROUPS[int(made.group[i])]
    return [(lane, name, group, at, stop, state) for (at, state), stop in zip(known, stops, strict=True) if stop > at]


def _lane_marks(made: MrdCourse, lane: int, i: int) -> list[tuple[int, float, str]]:
    own = made.tests[made.tests["patient"] == i]
    found = [(lane, float(m), f"test {s}") for m, s in zip(own["month"], own["status"], strict=True) if m <= made.end[i] + AT_ONCE]
    found += [(lane, float(at), kind) for at, kind in ((made.progression[i], "progression"), (made.death[i], "death")) if np.isfinite(at)]
    return found if np.isfinite(made.death[i]) else [*found, (lane, float(made.end[i]), "ongoing")]


def _tracks(made: MrdCourse, drawn: npt.NDArray[np.intp]) -> pd.DataFrame:
    """Cytogenetics, best response and disposition of each lane; a track that the cohort does not have is left out."""
    frame, rows = made.cohort.patients, []
    if "high_risk_cytogenetics" in frame:
        risk = {"yes": "high risk", "no": "standard risk"}
        values = frame["high_risk_cytogenetics"].astype(object).tolist()
        rows += [(lane, TRACKS[0], risk.get(str(values[i]), "not known")) for lane, i in enumerate(drawn.tolist())]
    if "best_response" in frame:
        values = frame["best_response"].astype(object).tolist()
        rows += [(lane, TRACKS[1], "not known" if pd.isna(values[i]) else str(values[i])) for lane, i in enumerate(drawn.tolist())]
    rows += [(lane, TRACKS[2], _disposition(made, i)) for lane, i in enumerate(drawn.tolist())]
    return pd.DataFrame(rows, columns=["lane", "track", "value"])


def _disposition(made: MrdCourse, i: int) -> str:
    if np.isfinite(made.death[i]):
        return "died"
    return "alive, progressed" if np.isfinite(made.progression[i]) else "alive, no progression"


def _brackets(group: Codes) -> pd.DataFrame:
    rows = [(GROUP_WORDS[GROUPS[g]], int(np.flatnonzero(group == g)[0]), int(np.flatnonzero(group == g)[-1])) for g in np.unique(group)]
    return pd.DataFrame(rows, columns=["label", "first_lane", "last_lane"])


def _hover(made: MrdCourse, i: int) -> str:
    def when(at: float, words: str) -> list[str]:
        return [f"{words}: month {at:.1f}"] if np.isfinite(at) else []

    lines = [str(made.cohort.patients["patient_id"].iloc[i]), f"MRD {GROUP_WORDS[GROUPS[int(made.group[i])]]}"]
    lines += [*when(made.first[i], "first negative"), *when(made.lost[i], "lost"), *when(made.last[i], "last test")]
    return "\n".join([*lines, _disposition(made, i)])


def mrd_refusal(cohort: Cohort) -> str:
    """Why the page ends here, or ""."""
    if not len(cohort.mrd):
        return (
            "This cohort has no MRD results by visit. Under Data, add a table with patient, month and MRD, or columns such as MRD month 3."
        )
    if not len(mrd_tests(cohort)):
        return "No MRD test after infusion has a result (negative or positive)."
    return ""


def finding(made: MrdCourse, member: Mask) -> str:
    """The page in one sentence."""
    tested = int((member & np.isfinite(made.tested)).sum())
    negative = int((member & np.isfinite(made.first)).sum())
    lost, kept = (int((member & (made.group == GROUPS.index(g))).sum()) for g in ("lost", "sustained"))
    return (
        f"{negative} of {fmt.patients(tested)} tested became MRD negative: tests show {SUSTAINED:g} months or more without loss in {kept}, "
        f"{lost} lost it"
    )
