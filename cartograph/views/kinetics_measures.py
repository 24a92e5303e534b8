"""Kinetic measures of every patient (Cmax, Tmax, areas, half-life, persistence), compared between groups as they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from cartograph import format as fmt
from cartograph.cohort.model import Cohort
from cartograph.stats.adjust import benjamini_hochberg
from cartograph.stats.compare import log_rank
from cartograph.stats.group_tests import kruskal_wallis, rank_sum
from cartograph.stats.kinetics import BelowRule, kinetics_of
from cartograph.stats.results import Floats
from cartograph.stats.survival import kaplan_meier
from cartograph.views.kinetics import Groups, Mask, Quantity, Samples, group_notes
from cartograph.views.panels import MIN_FOR_P, TOO_FEW
from cartograph.views.toxicity import MarkerBox, MarkerByGrade, RankContrast

NAN = float("nan")
AS_THEY_ARE: Final = "Compared as they are, not adjusted."
PERSISTENCE: Final = "persistence"
WINDOW: Final = 28.0  # days: of the area, and the landmark of comparisons with survival
WHISKER: Final = 1.5  # box lengths (Tukey)
ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Measure:
    """A number that sums up a patient's course. ``unit``: "" = that of the quantity, "area" = that times days; ``words``: how it is got."""

    key: str
    label: str
    unit: str
    words: str


MEASURES: Final = (
    Measure("cmax", "Cmax", "", "highest value after infusion"),
    Measure("tmax", "Tmax", "days", "day of the highest value, the first where there are several"),
    Measure("auc_window", "AUC, day 0 to 28", "area", "area under the curve to day 28, linear up and logarithmic down"),
    Measure("auc_last", "AUC to the last sample", "area", "area under the curve to the last sample above the limit"),
    Measure("half_life", "Half-life", "days", "from the slope of the last samples after the peak"),
    Measure("persistence", "Persistence", "months", "from infusion to the first sample without the transgene after the last one with it"),
)
BY_WINDOW: Final = ("cmax", "tmax", "auc_window")  # known at the end of the sampling window


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """The measures of every patient. ``until``: last day whose samples were read.

    ``table``: one row per patient of the cohort, NaN = not estimable; columns patient_id and the keys of ``MEASURES``, ``lost`` (1 = the
    transgene was lost at ``persistence``, 0 = still there at the last sample), n_samples, n_below, n_before.
    """

    quantity: Quantity
    rule: BelowRule
    until: float
    table: pd.DataFrame
    method: str
    notes: tuple[str, ...] = ()

    def values(self, key: str) -> Floats:
        """One number per patient, NaN = not estimable."""
        return self.table[key].to_numpy(dtype=np.float64)

    def unit(self, measure: Measure) -> str:
        """'copies/µg*day'."""
        if measure.unit == "area":
            return f"{self.quantity.unit}\u00b7day" if self.quantity.unit else "days"
        return measure.unit or self.quantity.unit

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The measures that this quantity has: persistence belongs to what is not there before infusion."""
        return tuple(m for m in MEASURES if m.key != PERSISTENCE or self.quantity.engineered)

    def to_frame(self) -> pd.DataFrame:
        """One row per patient."""
        return self.table


@dataclass(frozen=True, slots=True, eq=False)
class MeasureResult:
    """One measure in the groups of one panel. ``boxes``: for the figure; ``summary``: one row per group.

    ``test``: in words, its p NaN where it is not given; ``q``: that p among all tests of the page (Benjamini-Hochberg), NaN without one.
    """

    measure: Measure
    panel: str
    boxes: MarkerByGrade
    test: RankContrast
    q: float
    summary: pd.DataFrame
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per group: measure, unit, panel, group, n, n_missing, median, q1, q3, lowest, highest, p_value, q_value, test."""
        return self.summary.assign(p_value=self.test.p_value, q_value=self.q, test=self.test.method)


def measured(cohort: Cohort, samples: Samples, *, rule: BelowRule, until: float = float("inf")) -> Measured:
    """The measures of every patient of ``cohort``, from the samples up to day ``until``."""
    read = samples.up_to(until)
    found = kinetics_of(read.patient, read.day, read.value, read.sign, rule=rule, engineered=read.quantity.engineered, window=WINDOW)
    table = found.table.set_index("patient").reindex(np.arange(cohort.n)).reset_index(drop=True)
    counts = ["n_samples", "n_below", "n_before"]
    table[counts] = table[counts].fillna(0).astype(np.int64)
    table.insert(0, "patient_id", cohort.patients["patient_id"].to_numpy())
    return Measured(samples.quantity, rule, until, table, found.method, found.notes)


# ---------------------------------------------------------------- groups compared
def measure_results(found: Measured, groups: Groups, panels: Sequence[tuple[str, str, Mask]]) -> tuple[MeasureResult, ...]:
    """Every measure in every panel, (key, title, patients) each; the q values are of all their tests together."""
    made = [_result(found, measure, groups, title, member) for measure in found.measures for _, title, member in panels]
    p = np.array([m.test.p_value for m in made])
    given = np.isfinite(p)
    q = np.full(len(p), NAN)
    q[given] = benjamini_hochberg(p[given]) if given.any() else q[given]
    return tuple(replace(m, q=float(value)) for m, value in zip(made, q, strict=True))


def _result(found: Measured, measure: Measure, groups: Groups, title: str, member: Mask) -> MeasureResult:
    values = found.values(measure.key)
    grouped = member & (groups.codes >= 0)
    sides = [grouped & (groups.codes == code) for code in range(len(groups.names))]
    there = [(code, side) for code, side in enumerate(sides) if side.any()]
    known = grouped & np.isfinite(values)
    shown = values[known]
    log_scale = bool(measure.unit in ("", "area") and found.quantity.log_scale and len(shown) and shown.min() > 0)
    names = {code: groups.names[code] for code, _ in there}
    boxes = MarkerByGrade(
        toxicity=groups.label,
        panel=title,
        label=measure.label,
        unit=found.unit(measure),
        log_scale=log_scale,
        cutoff=NAN,
        boxes=tuple(_box(groups.shorts[c], np.sort(values[s & known]), log_scale) for c, s in there if (s & known).any()),
        n=int(known.sum()),
        n_missing=int(member.sum() - known.sum()),
        tests=(),
        method=measure.words,
    )
    test = _log_rank(found, there, title) if measure.key == PERSISTENCE else _ranks(values, there, title, measure)
    notes = (*group_notes(groups, member), *_still_there(found, measure, known))
    return MeasureResult(measure, title, boxes, test, NAN, _summary(found, measure, names, there, title), test.method, notes)


def _box(name: str, values: Floats, log_scale: bool) -> MarkerBox:
    """Quartiles (R's type 7); whiskers reach on the scale on which the measure is drawn."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75]).tolist()
    shown, first, third = (np.log(values), math.log(low), math.log(high)) if log_scale else (values, low, high)
    reach = WHISKER * (third - first) + ROUNDING
    inside = values[(shown >= first - reach) & (shown <= third + reach)]
    return MarkerBox(name, values, (low, middle, high), (min(float(inside[0]), low), max(float(inside[-1]), high)))


def _still_there(found: Measured, measure: Measure, known: Mask) -> tuple[str, ...]:
    """Persistence of who still has the transgene is longer than what is drawn."""
    if measure.key != PERSISTENCE:
        return ()
    n = int((known & (found.table["lost"].to_numpy(dtype=np.float64) == 0)).sum())
    words = f"{fmt.patients(n)} still detectable at the last sample: drawn at that sample, they have it longer; medians are Kaplan-Meier's"
    return (words,) if n else ()


def _ranks(values: Floats, there: Sequence[tuple[int, Mask]], panel: str, measure: Measure) -> RankContrast:
    """Wilcoxon of two groups, Kruskal-Wallis of more."""
    parts = [values[side & np.isfinite(values)] for _, side in there]
    if len(parts) < 2:
        return RankContrast(panel, measure.label, "", "", ("", ""), NAN, "Wilcoxon rank sum test", "one group")
    if len(parts) == 2:
        test = rank_sum(parts[0], parts[1])
    else:
        test = kruskal_wallis(np.concatenate(parts), np.repeat(np.arange(len(parts)), [len(p) for p in parts]).astype(object))
    return _contrast(panel, measure.label, test.p_value, test.method, test.notes, min(len(p) for p in parts))


def _log_rank(found: Measured, there: Sequence[tuple[int, Mask]], panel: str) -> RankContrast:
    """Durations that end with follow-up are compared as such."""
    label = "Persistence"
    time, lost = found.values(PERSISTENCE), found.table["lost"].to_numpy(dtype=np.float64)
    known = np.isfinite(time) & np.isfinite(lost)
    sides = [side & known for _, side in there]
    fewest = min((int(side.sum()) for side in sides), default=0)
    if len(sides) < 2 or not fewest:
        return RankContrast(panel, label, "", "", ("", ""), NAN, "log-rank test", "one group" if len(sides) < 2 else "a group is empty")
    inside = np.logical_or.reduce(sides)
    codes = np.sum([k * side for k, side in enumerate(sides)], axis=0)[inside]
    test = log_rank(time[inside], lost[inside] == 1, codes)
    return _contrast(panel, label, test.p_value, "log-rank test of persistence", test.notes, fewest)


def _contrast(panel: str, what: str, p: float, method: str, notes: Sequence[str], fewest: int) -> RankContrast:
    few = fewest < MIN_FOR_P
    reason = "a group is empty" if not fewest else TOO_FEW if few else "; ".join(notes) if math.isnan(p) else ""
    return RankContrast(panel, what, "", "", ("", ""), NAN if few else p, method, reason)


def _summary(found: Measured, measure: Measure, names: dict[int, str], there: Sequence[tuple[int, Mask]], panel: str) -> pd.DataFrame:
    """One row per group: n, n_missing, median, quartiles, lowest, highest. Median and quartiles of persistence are Kaplan-Meier's."""
    values = found.values(measure.key)
    rows = []
    for code, side in there:
        known = values[side & np.isfinite(values)]
        low, middle, high = _quartiles(found, measure, side)
        ends = (float(known.min()), float(known.max())) if len(known) else (NAN, NAN)
        counts = (len(known), int(side.sum()) - len(known))
        rows.append((measure.label, found.unit(measure), panel, names[code], *counts, middle, low, high, *ends))
    columns = ["measure", "unit", "panel", "group", "n", "n_missing", "median", "q1", "q3", "lowest", "highest"]
    return pd.DataFrame(rows, columns=columns)


def _quartiles(found: Measured, measure: Measure, side: Mask) -> tuple[float, float, float]:
    values = found.values(measure.key)
    used = side & np.isfinite(values)
    if not used.any():
        return NAN, NAN, NAN
    if measure.key != PERSISTENCE:
        low, middle, high = np.quantile(values[used], [0.25, 0.5, 0.75]).tolist()
        return low, middle, high
    lost = found.table["lost"].to_numpy(dtype=np.float64)[used] == 1
    curve = kaplan_meier(values[used], lost)
    return curve.quantile(0.25).value, curve.quantile(0.5).value, curve.quantile(0.75).value


# ---------------------------------------------------------------- words and tables
def kinetics_sentence(found: Measured, samples: Samples) -> str:
    """The finding in one sentence: highest value, when, and how long."""
    quantity = found.quantity
    peak, when = found.values("cmax"), found.values("tmax")
    known = np.isfinite(peak)
    head = f"{quantity.label}: {int(samples.sampled.sum()):,} of {fmt.patients(samples.n)} with samples"
    if not known.any():
        return f"{head}, none after infusion above the limit of detection."
    unit = f" {quantity.unit}" if quantity.unit else ""
    said = f"{head}; median of the highest value {fmt.number(float(np.median(peak[known])))}{unit}"
    if np.isfinite(when).any():
        said += f" on day {fmt.number(float(np.nanmedian(when)))} (median)"
    if quantity.engineered:
        _, middle, _ = _quartiles(found, MEASURES[-1], known)
        said += f"; median persistence {fmt.months(middle)}{' months' if math.isfinite(middle) else ''} (Kaplan-Meier)"
    return f"{said}."


def patients_frame(found: Measured, groups: Groups) -> pd.DataFrame:
    """One row per patient: patient, group and the measures, with units in the headers."""
    names = np.array([*groups.names, ""], dtype=object)[groups.codes]
    units = {m.key: f"{m.label} ({found.unit(m)})" if found.unit(m) else m.label for m in found.measures}
    counts = {"n_samples": "Samples", "n_below": "Below the limit", "n_before": "Before infusion"}
    kept = found.table[["patient_id", *counts, *units, "lost"]]
    lost = kept["lost"].map({1.0: "yes", 0.0: "no"}).fillna("")
    table = kept.drop(columns="lost").rename(columns={"patient_id": "Patient", **counts, **units})
    table.insert(1, "Group", names)
    return table.assign(**{"Transgene lost": lost}) if found.quantity.engineered else table


def method_words(found: Measured) -> list[str]:
    """How the measures were got, as sentences."""
    return [found.method, *found.notes]
