"""Toxicity after infusion: grades, onset and duration, what was given for it, by product and marker group, and the marker by grade."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph import format as fmt
from cartograph.cohort.model import DAYS_PER_MONTH, Cohort, Column
from cartograph.stats.competing import IncidenceCurve, cumulative_incidence
from cartograph.stats.group_tests import GroupTest, kruskal_wallis, rank_sum, trend
from cartograph.stats.results import Floats
from cartograph.views.explore import Role
from cartograph.views.grouping import Grouping, GroupRule
from cartograph.views.panels import MIN_FOR_P
from cartograph.views.rates import Outcome, Panelled, contrast, counted, nobody_words, pairs

Mask = npt.NDArray[np.bool_]
NAN = float("nan")
HIGHEST = 5
ROUNDING = 1e-9
SEVERE = (2, 3)  # grades at or above which a toxicity is counted beside "any"
TOO_FEW = f"fewer than {MIN_FOR_P} patients in a group"
Kind = Literal["toxicity", "treatment"]
When = Literal["onset", "duration", "peak"]
WHEN_WORDS: dict[When, str] = {"onset": "onset, day after infusion", "duration": "duration, days", "peak": "day of the maximum"}

_BEFORE = re.compile(r"\b(prior|previous|pre|before|baseline|at diagnosis|history|historical|screening)\b")
_LATE = re.compile(r"\b(icaht|cytopeni\w*|hlh|iec-?hs|mas|infection\w*|neurotox\w*|movement disorder|parkinson\w*|nerve pals\w*)\b")
_TOXIC = re.compile(
    r"\b(icaht|cytopeni\w*|hlh|iec-?hs|mas|infection\w*|sepsis|neurotox\w*|movement disorder|parkinson\w*|nerve pals\w*|neutropeni\w*"
    r"|thrombocytopeni\w*|an(a)?emia|colitis|hypogammaglobulin\w*|tumou?r lysis|tls|second(ary)? (primary )?malignan\w*|toxicit\w*)\b"
)
_TREATMENT = re.compile(r"\b(siltuximab|anakinra|vasopressor\w*|ventilat\w*|icu|intensive care|g-?csf|ivig|thrombopoietin\w*)\b")
_MOMENT: dict[When, re.Pattern[str]] = {
    "peak": re.compile(r"\b(day|time|tag)\b.*\b(max\w*|peak)\b|\b(max\w*|peak)\b.*\b(day|time|tag)\b"),
    "duration": re.compile(r"\b(duration|dauer|length|lasting)\b"),
    "onset": re.compile(r"\b(onset|start|begin\w*|first day|day of|time to)\b"),
}
_GRADE = re.compile(r"^(?:grade|grad|g)?\s*([0-5])$")
_NONE = frozenset({"none", "no", "absent", "0", "never"})


@dataclass(frozen=True, slots=True, eq=False)
class Toxicity:
    """One toxicity, or a treatment of one. Arrays have one entry per patient.

    ``happened``: 1 = any grade, 0 = none, NaN = not known. ``grade``: 0 to 5, NaN = not known, None = not graded. ``onset``: day after
    infusion, ``duration``: days, ``peak``: day of the maximum; NaN = not known, None = no such column.
    """

    key: str
    label: str
    kind: Kind
    words: str
    happened: Floats
    grade: Floats | None = None
    onset: Floats | None = None
    duration: Floats | None = None
    peak: Floats | None = None

    def moment(self, when: When) -> Floats | None:
        """Days of those who had it; NaN for everybody else."""
        found = {"onset": self.onset, "duration": self.duration, "peak": self.peak}[when]
        return None if found is None else np.where(self.happened == 1, found, np.nan)


def toxicities(cohort: Cohort) -> tuple[Toxicity, ...]:
    """CRS and ICANS, then every other toxicity that a header names, then what was given for them."""
    found = [t for t in (_astct(cohort, "crs", "CRS"), _astct(cohort, "icans", "ICANS")) if t is not None]
    taken = {"crs_grade", "icans_grade"}
    for column in cohort.columns_of("category", "flag", "number"):
        if column.key not in taken and _is_toxicity(column):
            other = _other(cohort, column)
            found += [other] if other is not None else []
    for column in cohort.columns_of("flag"):
        if column.key in ("tocilizumab", "steroids") or (column.timing == "post-infusion" and _TREATMENT.search(_named(column))):
            found.append(Toxicity(column.key, column.label, "treatment", f"{column.label} given", _yes(cohort, column)))
    return _named_apart([t for t in found if np.isfinite(t.happened).any()], cohort)


def _named_apart(found: Sequence[Toxicity], cohort: Cohort) -> tuple[Toxicity, ...]:
    """Two columns of one toxicity ("Infection", "Infection grade") keep the whole of their headers."""
    labels = [t.label for t in found]
    return tuple(
        replace(t, label=cohort.columns[t.key].label) if labels.count(t.label) > 1 and t.key in cohort.columns else t for t in found
    )


def _named(column: Column) -> str:
    return f"{column.label} {column.source}".replace("_", " ").casefold()


def _numbers(cohort: Cohort, key: str) -> Floats:
    return np.asarray(pd.to_numeric(cohort.patients[key].astype(object), errors="coerce"), dtype=np.float64)


def _yes(cohort: Cohort, column: Column) -> Floats:
    given = cohort.patients[column.key].astype(object)
    return np.where(given.isna(), np.nan, (given == "yes").astype(np.float64))


def _astct(cohort: Cohort, name: str, label: str) -> Toxicity | None:
    """CRS or ICANS by its canonical columns."""
    if f"{name}_grade" not in cohort.columns:
        return None
    grade = _numbers(cohort, f"{name}_grade")
    onset, duration = (_days(cohort, f"{name}_{what}") for what in ("onset_day", "duration"))
    return Toxicity(
        key=name,
        label=label,
        kind="toxicity",
        words=f"{label}, highest grade (ASTCT)",
        happened=np.where(np.isnan(grade), np.nan, (grade >= 1).astype(np.float64)),
        grade=grade,
        onset=onset,
        duration=duration,
        peak=_moment_of(cohort, label, "peak"),
    )


def _days(cohort: Cohort, key: str) -> Floats | None:
    """Days of a column, those before infusion taken as not known; None without the column or a value."""
    if key not in cohort.columns:
        return None
    days = _numbers(cohort, key)
    days = np.where(days >= 0, days, np.nan)
    return days if np.isfinite(days).any() else None


def _moment_of(cohort: Cohort, label: str, when: When) -> Floats | None:
    """The number column that names a toxicity and a moment of it."""
    name = re.compile(rf"\b{re.escape(label.casefold())}\b")
    for column in cohort.columns_of("number"):
        if name.search(_named(column)) and _when(column) == when and not _BEFORE.search(_named(column)):
            return _days(cohort, column.key)
    return None


def _when(column: Column) -> When | None:
    return next((when for when, pattern in _MOMENT.items() if pattern.search(_named(column))), None)


def _is_toxicity(column: Column) -> bool:
    """A column whose header names a toxicity after infusion and not a moment or a history of one."""
    named = _named(column)
    if _BEFORE.search(named) or column.timing in ("identity", "outcome") or _when(column) is not None:
        return False
    return bool(_TOXIC.search(named)) if column.timing == "post-infusion" else bool(_LATE.search(named))


def _other(cohort: Cohort, column: Column) -> Toxicity | None:
    """A further toxicity: graded where the values are grades, else yes or no; None where they are neither."""
    label = re.sub(r"\b(max(imum)?|highest|worst|grade)\b", "", column.label, flags=re.IGNORECASE)
    label = " ".join(label.split()) or column.label
    word = next(iter(_TOXIC.findall(_named(column))), ("",))
    name = word[0] if isinstance(word, tuple) else word
    onset, duration, peak = (_moment_of(cohort, name, when) if name else None for when in ("onset", "duration", "peak"))
    grade = _grades(cohort, column)
    if grade is not None:
        happened = np.where(np.isnan(grade), np.nan, (grade >= 1).astype(np.float64))
        return Toxicity(column.key, label, "toxicity", f"{column.label}, highest grade", happened, grade, onset, duration, peak)
    if column.kind == "number":
        return None
    given = cohort.patients[column.key].astype(object)
    texts = given.map(lambda v: str(v).strip().casefold(), na_action="ignore")
    if column.kind == "category" and not texts.isin(_NONE).any():
        return None
    happened = np.where(given.isna(), np.nan, (~texts.isin(_NONE)).astype(np.float64))
    return Toxicity(column.key, label, "toxicity", f"{column.label}: any", happened, None, onset, duration, peak)


def _grades(cohort: Cohort, column: Column) -> Floats | None:
    """Grades 0 to 5 of a column, None where it holds anything else."""
    if column.kind == "flag":
        return None
    given = cohort.patients[column.key]
    if column.kind == "number":
        values = _numbers(cohort, column.key)
        known = values[np.isfinite(values)]
        return values if len(known) and np.isin(known, np.arange(HIGHEST + 1)).all() else None
    texts = ["" if pd.isna(v) else str(v).strip().casefold() for v in given.astype(object)]
    matched = [_GRADE.match(text) for text in texts]
    if not any(texts) or any(text and match is None for text, match in zip(texts, matched, strict=True)):
        return None
    return np.array([NAN if match is None else float(match[1]) for match in matched], dtype=np.float64)


# ---------------------------------------------------------------- rates
def outcomes_of(found: Toxicity) -> tuple[Outcome, ...]:
    """Any grade, grade 2 or more, grade 3 or more; for what is not graded: any."""
    if found.kind == "treatment":
        return (Outcome(found.key, found.label, found.words, found.happened, "recorded"),)
    first = Outcome(f"{found.key}-any", f"{found.label}, any grade" if found.grade is not None else found.label, "grade 1 or more"
                    if found.grade is not None else found.words, found.happened, "recorded")  # fmt: skip
    if found.grade is None:
        return (first,)
    grade = found.grade
    rest = [
        Outcome(
            f"{found.key}-{least}",
            f"{found.label}, grade \u2265\u00a0{least}",
            f"grade {least} or more",
            np.where(np.isnan(grade), np.nan, (grade >= least).astype(np.float64)),
            "recorded",
        )
        for least in SEVERE
    ]
    return (first, *rest)


@dataclass(frozen=True, slots=True, eq=False)
class GradeBar:
    """Grades of one toxicity in one group. ``counts``: patients with grade 0 to 5; ``n``: patients of the group."""

    toxicity: str
    panel: str
    role: Role
    group: str
    short: str
    n: int
    known: int
    counts: tuple[int, ...]


def grade_bars(found: Sequence[Toxicity], panels: Sequence[Panelled], made: Grouping) -> tuple[GradeBar, ...]:
    """A bar for every graded toxicity, panel and marker group, in this order."""
    bars = []
    for toxicity in found:
        if toxicity.grade is None:
            continue
        for panel in panels:
            for rule in made.rules:
                inside = panel.member & (made.codes == rule.code)
                grades = toxicity.grade[inside]
                known = grades[np.isfinite(grades)].astype(np.int64)
                counts = tuple(np.bincount(known, minlength=HIGHEST + 1).tolist())
                bars.append(GradeBar(toxicity.label, panel.title, rule.role, rule.label, rule.short, int(inside.sum()), len(known), counts))
    return tuple(bars)


def toxicity_sentence(found: Sequence[Toxicity], made: Grouping) -> str:
    """The finding in one sentence: any grade and grade 2 or more of CRS and ICANS, high against low where there is a marker."""
    if nobody := nobody_words(made):
        return nobody
    roles = {rule.role: rule for rule in made.rules}
    graded = [t for t in found if t.grade is not None][:2] or list(found[:1])
    parts = []
    for toxicity in graded:
        for outcome in outcomes_of(toxicity)[:2]:
            if "high" in roles and "low" in roles:
                sides = (made.codes == roles["high"].code, made.codes == roles["low"].code)
                shown = contrast(outcome, sides, ("high", "low"), kind="marker", panel="All")
                a, n, c, m = shown.counts
                odds = fmt.odds_with_limits(shown.odds.value, shown.odds.ci_low, shown.odds.ci_high)
                parts.append(f"{outcome.label}: {a:,}/{n:,} against {c:,}/{m:,}, odds ratio {odds}")
            else:
                yes, n = counted(outcome.values)
                parts.append(f"{outcome.label}: {yes:,} of {n:,}")
    head = f"{roles['high'].label}, high against low: " if "high" in roles and "low" in roles else ""
    return f"{head}{'; '.join(parts)}{'; unadjusted' if head else ''}."


# ---------------------------------------------------------------- ranks and trends
@dataclass(frozen=True, slots=True, eq=False)
class RankContrast:
    """A test of two groups, ``first`` against ``second``. ``summary``: of each group in words; p is NaN where it is not given."""

    panel: str
    what: str
    first: str
    second: str
    summary: tuple[str, str]
    p_value: float
    method: str
    reason: str = ""

    def to_frame(self) -> pd.DataFrame:
        """One row: panel, what, first, second, p_value, method, reason."""
        names = ["panel", "what", "first", "second", "p_value", "method", "reason"]
        return pd.DataFrame([{name: getattr(self, name) for name in names}])


def grade_contrasts(found: Toxicity, panels: Sequence[Panelled], made: Grouping) -> tuple[RankContrast, ...]:
    """Grades high against low and product against product: Wilcoxon, and the trend of being high over the grades (Cochran-Armitage)."""
    if found.grade is None:
        return ()
    rows: list[RankContrast] = []
    for panel, names, sides in _sides(panels, made):
        first, second = (found.grade[side] for side in sides)
        first, second = first[np.isfinite(first)], second[np.isfinite(second)]
        said = (_mean_grade(first), _mean_grade(second))
        few = min(len(first), len(second)) < MIN_FOR_P
        tests = (rank_sum(first, second), grade_trend(first, second))
        rows.extend(_row(panel, "grade", names, said, test, few) for test in tests)
    return tuple(rows)


def grade_trend(first: Floats, second: Floats) -> GroupTest:
    """Cochran-Armitage: does the share of ``first`` among both groups rise or fall with the grade? Grades are the scores."""
    grades = np.arange(HIGHEST + 1)
    yes = np.array([(first == g).sum() for g in grades])
    total = yes + np.array([(second == g).sum() for g in grades])
    seen = total > 0
    found = trend(yes[seen], total[seen], scores=grades[seen])
    return replace(found, notes=("every patient has the same grade",)) if seen.sum() == 1 else found


def _mean_grade(grades: Floats) -> str:
    return f"median {fmt.number(float(np.median(grades)))}, n = {len(grades):,}" if len(grades) else "nobody"


def _sides(panels: Sequence[Panelled], made: Grouping) -> list[tuple[str, tuple[str, str], tuple[Mask, Mask]]]:
    """High and low of each panel, then the pairs of products."""
    roles = {rule.role: rule for rule in made.rules}
    found: list[tuple[str, tuple[str, str], tuple[Mask, Mask]]] = []
    if "high" in roles and "low" in roles:
        high, low = roles["high"], roles["low"]
        for panel in panels:
            sides = (panel.member & (made.codes == high.code), panel.member & (made.codes == low.code))
            found.append((panel.title, (high.short, low.short), sides))
    for one, other in pairs(panels):
        found.append((f"{one.title} vs {other.title}", (one.title, other.title), (one.member, other.member)))
    return found


def _row(panel: str, what: str, names: tuple[str, str], said: tuple[str, str], test: GroupTest, few: bool) -> RankContrast:
    p = NAN if few else test.p_value
    reason = TOO_FEW if few else "; ".join(test.notes) if math.isnan(p) else ""
    return RankContrast(panel, what, *names, said, p, test.method, reason)


# ---------------------------------------------------------------- onset, duration, maximum
@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Days among those who had the toxicity. ``quartiles``: first, median, third; ``range``: least and most; NaN = nobody."""

    toxicity: str
    when: When
    panel: str
    role: Role
    group: str
    n_happened: int
    n_known: int
    quartiles: tuple[float, float, float]
    range: tuple[float, float]


def moments(found: Toxicity, panels: Sequence[Panelled], made: Grouping) -> tuple[Moments, ...]:
    """Onset, duration and day of the maximum where the file has them, conditional on having had the toxicity."""
    rows = []
    for when in WHEN_WORDS:
        days = found.moment(when)
        if days is None:
            continue
        for panel in panels:
            for rule in made.rules:
                inside = panel.member & (made.codes == rule.code)
                known = days[inside & np.isfinite(days)]
                quartiles = tuple(np.quantile(known, [0.25, 0.5, 0.75]).tolist()) if len(known) else (NAN, NAN, NAN)
                limits = (float(known.min()), float(known.max())) if len(known) else (NAN, NAN)
                had = int((found.happened[inside] == 1).sum())
                rows.append(
                    Moments(
                        toxicity=found.label,
                        when=when,
                        panel=panel.title,
                        role=rule.role,
                        group=rule.label,
                        n_happened=had,
                        n_known=len(known),
                        quartiles=(quartiles[0], quartiles[1], quartiles[2]),
                        range=limits,
                    )
                )
    return tuple(rows)


def moment_contrasts(found: Toxicity, panels: Sequence[Panelled], made: Grouping) -> tuple[RankContrast, ...]:
    """Wilcoxon's test of days among those who had the toxicity, high against low and product against product."""
    rows = []
    for when, words in WHEN_WORDS.items():
        days = found.moment(when)
        if days is None:
            continue
        for panel, names, sides in _sides(panels, made):
            first, second = (days[side & np.isfinite(days)] for side in sides)
            said = (_median_days(first), _median_days(second))
            rows.append(_row(panel, words, names, said, rank_sum(first, second), min(len(first), len(second)) < MIN_FOR_P))
    return tuple(rows)


def _median_days(days: Floats) -> str:
    return f"median {fmt.number(float(np.median(days)))}, n = {len(days):,}" if len(days) else "nobody"


# ---------------------------------------------------------------- cumulative incidence by day
@dataclass(frozen=True, slots=True, eq=False)
class DayCurve:
    """Cumulative incidence of a toxicity by day, death competing. ``curve`` None = nobody had it.

    ``n_missing``: had it on a day not known, or not known whether. ``last``: the last day that somebody is followed.
    """

    panel: str
    role: Role
    group: str
    short: str
    n: int
    n_happened: int
    n_missing: int
    last: float
    curve: IncidenceCurve | None


def day_curves(cohort: Cohort, found: Toxicity, panels: Sequence[Panelled], made: Grouping) -> tuple[tuple[DayCurve, ...], ...]:
    """The curves of each panel, one per marker group; empty where no day of onset is known."""
    onset = found.moment("onset")
    if onset is None:
        return ()
    end, died = _end(cohort, onset)
    time = np.where(found.happened == 1, onset, np.where(found.happened == 0, end, np.nan))
    cause = np.where(found.happened == 1, 1, np.where(died, 2, 0))
    return tuple(
        tuple(_day_curve(time, cause, panel.member & (made.codes == rule.code), rule, panel.title) for rule in made.rules)
        for panel in panels
    )


def _end(cohort: Cohort, onset: Floats) -> tuple[Floats, Mask]:
    """Day of death or of the end of follow-up; where OS is not known, followed as long as the latest onset."""
    latest = float(np.nanmax(onset))
    if "os" not in cohort.endpoints or cohort.endpoints["os"].origin != "infusion":
        return np.full(cohort.n, latest), np.zeros(cohort.n, dtype=bool)
    time, event = cohort.survival("os")
    return np.where(np.isfinite(time), time * DAYS_PER_MONTH, latest), np.asarray(event == 1, dtype=bool)


def _day_curve(time: Floats, cause: npt.NDArray[np.int64], inside: Mask, rule: GroupRule, panel: str) -> DayCurve:
    used = inside & np.isfinite(time)
    happened = cause[used] == 1
    curve = cumulative_incidence(time[used], cause[used]).curve(1) if happened.any() else None
    return DayCurve(
        panel=panel,
        role=rule.role,
        group=rule.label,
        short=rule.short,
        n=int(used.sum()),
        n_happened=int(happened.sum()),
        n_missing=int(inside.sum() - used.sum()),
        last=float(time[used].max()) if used.any() else 0.0,
        curve=curve,
    )


# ---------------------------------------------------------------- marker by grade
@dataclass(frozen=True, slots=True, eq=False)
class MarkerBox:
    """A marker in the patients of one grade. ``quartiles``: first, median, third; ``whiskers``: last values within 1.5 box lengths."""

    grade: str
    values: Floats
    quartiles: tuple[float, float, float]
    whiskers: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class MarkerByGrade:
    """A marker by the grade of a toxicity in one panel. ``tests``: each in words with its p. ``n_missing``: marker or grade not known."""

    toxicity: str
    panel: str
    label: str
    unit: str
    log_scale: bool
    cutoff: float
    boxes: tuple[MarkerBox, ...]
    n: int
    n_missing: int
    tests: tuple[RankContrast, ...]
    method: str = "quartiles; Wilcoxon rank sum, Kruskal-Wallis"

    def to_frame(self) -> pd.DataFrame:
        """One row per patient: grade, value."""
        rows = [(box.grade, value) for box in self.boxes for value in box.values.tolist()]
        return pd.DataFrame(rows, columns=["grade", self.label])


def marker_by_grade(cohort: Cohort, found: Toxicity, column: Column, cutoff: float, panel: Panelled) -> MarkerByGrade:
    """The marker's level in each grade (or without and with what is not graded)."""
    values = cohort.patients[column.key].to_numpy(dtype=np.float64)
    level = found.grade if found.grade is not None else found.happened
    used = panel.member & np.isfinite(values) & np.isfinite(level)
    grades, marker = level[used], values[used]
    names = {g: f"{g:g}" if found.grade is not None else ("no", "yes")[int(g)] for g in np.unique(grades).tolist()}
    log_scale = bool(column.log_scale and len(marker) and marker.min() > 0)
    return MarkerByGrade(
        toxicity=found.label,
        panel=panel.title,
        label=column.label,
        unit=column.unit,
        log_scale=log_scale,
        cutoff=cutoff,
        boxes=tuple(_box(name, np.sort(marker[grades == g]), log_scale) for g, name in names.items()),
        n=int(used.sum()),
        n_missing=int(panel.member.sum() - used.sum()),
        tests=_marker_tests(found, panel.title, grades, marker),
    )


def _box(grade: str, values: Floats, log_scale: bool) -> MarkerBox:
    """Quartiles (R's type 7); whiskers (Tukey) reach on the scale on which the marker is drawn."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75]).tolist()
    shown, first, third = (np.log(values), math.log(low), math.log(high)) if log_scale else (values, low, high)
    reach = 1.5 * (third - first) + ROUNDING
    inside = values[(shown >= first - reach) & (shown <= third + reach)]
    return MarkerBox(grade, values, (low, middle, high), (min(float(inside[0]), low), max(float(inside[-1]), high)))


def _marker_tests(found: Toxicity, panel: str, grades: Floats, marker: Floats) -> tuple[RankContrast, ...]:
    """Wilcoxon with against without, grade 2 or more against less; Kruskal-Wallis over the grades where there are three."""
    cuts = (1, 2) if found.grade is not None else (1,)
    rows = []
    for least in cuts:
        name = f"grade \u2265\u00a0{least}" if found.grade is not None else "yes"
        other = f"grade < {least}" if least > 1 else ("none" if found.grade is not None else "no")
        first, second = marker[grades >= least], marker[grades < least]
        few = min(len(first), len(second)) < MIN_FOR_P
        rows.append(_row(panel, "marker", (name, other), (_level(first), _level(second)), rank_sum(first, second), few))
    present = np.unique(grades)
    if len(present) > 2:
        test = kruskal_wallis(marker, grades.astype(object))
        few = min((grades == g).sum() for g in present) < MIN_FOR_P
        rows.append(_row(panel, "marker", ("all grades", ""), ("", ""), test, bool(few)))
    return tuple(rows)


def _level(values: Floats) -> str:
    return f"median {fmt.number(float(np.median(values)))}, n = {len(values):,}" if len(values) else "nobody"
