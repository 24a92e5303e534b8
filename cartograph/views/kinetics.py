"""Time courses of a cohort: CAR transgene, ferritin, CRP, IL-6 and counts over days, and the groups that they are shown by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph import format as fmt
from cartograph.cohort.model import Cohort, Column
from cartograph.cohort.schema import LABS
from cartograph.cohort.series import series_label
from cartograph.cohort.visits import series_variable
from cartograph.stats.results import Floats
from cartograph.views.explore import Role
from cartograph.views.grouping import Grouping

Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]
TRANSGENE = "car_transgene"
NOBODY, MARKER = "all", "marker"  # keys of groupings that are no column
MOST_GROUPS = 8  # drawn; further levels are pooled
OVERLAID = 4  # groups in one figure; more stand side by side
SKEWED = 10.0  # third quartile over median from which a course without a canonical name is drawn on a log scale
FIRST = ("product", "best_response", "best_mrd", "crs_grade", "icans_grade", "ada", "prior_asct")
ROLES: dict[int, tuple[Role, ...]] = {1: ("all",), 2: ("low", "high"), 3: ("low", "mixed", "high"), 4: ("low", "mixed", "high", "all")}
NEEDED = (
    "This cohort has no time courses. They need a table with one row per sample: the patient ID, the day of the sample counted from "
    "infusion (sample_day), and a column per measurement, such as car_transgene (copies/\u00b5g), ferritin, crp or il6; or, in the table "
    "with one row per patient, a column per day, its day in the name: car_transgene_d7, car_transgene_d14, car_transgene_d28."
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """What is followed over days.

    ``key``: in ``Cohort.series``; ``log_scale``: usually drawn on a log scale; ``engineered``: True for what is not there before infusion
    (the transgene), so that the area under its curve starts from nothing at day 0; ``n_patients``, ``n_samples``: in the whole cohort.
    """

    key: str
    label: str
    unit: str
    log_scale: bool
    engineered: bool
    n_patients: int
    n_samples: int

    @property
    def label_with_unit(self) -> str:
        """'CAR transgene (copies/µg)'."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """The samples of one quantity; arrays of equal length, in order of patient and day.

    ``patient``: row of the cohort; ``day``: from infusion; ``value``: in the quantity's unit; ``sign``: "", "<" (below the limit of
    detection) or ">"; ``limit``: the limit where the sign is "<", NaN elsewhere.
    """

    quantity: Quantity
    patient: Codes
    day: Floats
    value: Floats
    sign: npt.NDArray[np.object_]
    limit: Floats
    n: int  # patients of the cohort
    method: str = "samples as the file gives them, days from infusion"
    notes: tuple[str, ...] = ()

    @property
    def below(self) -> Mask:
        """True = below the limit of detection."""
        return np.asarray(self.sign == "<", dtype=bool)

    @property
    def sampled(self) -> Mask:
        """One entry per patient of the cohort: True = has at least one sample."""
        found = np.zeros(self.n, dtype=bool)
        found[self.patient] = True
        return found

    def up_to(self, day: float) -> Samples:
        """The samples of ``day`` and before."""
        return self.kept(self.day <= day)

    def of(self, member: Mask) -> Samples:
        """The samples of some patients (one entry per patient of the cohort)."""
        return self.kept(np.asarray(member, dtype=bool)[self.patient])

    def kept(self, kept: Mask) -> Samples:
        """Some samples (one entry per sample)."""
        parts = (self.patient[kept], self.day[kept], self.value[kept], self.sign[kept], self.limit[kept])
        return Samples(self.quantity, *parts, self.n, self.method, self.notes)

    def to_frame(self) -> pd.DataFrame:
        """One row per sample: patient, day, value, sign, limit."""
        names = ["patient", "day", "value", "sign", "limit"]
        return pd.DataFrame({name: getattr(self, name) for name in names})


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Patients in groups. ``codes``: group of each patient, -1 = in none; ``words``: what the grouping is, for captions.

    ``pooled``: levels behind the last group when there were too many to show, else 0. ``late``: known only after infusion.
    """

    key: str
    label: str
    codes: Codes
    names: tuple[str, ...]
    shorts: tuple[str, ...]
    roles: tuple[Role, ...]
    words: str
    pooled: int = 0
    late: bool = False

    @property
    def overlaid(self) -> bool:
        """True when the groups share a figure."""
        return len(self.names) <= OVERLAID


# ---------------------------------------------------------------- what is followed
def quantities(cohort: Cohort) -> tuple[Quantity, ...]:
    """Every time course of the cohort: the transgene first, then the laboratory in the schema's order, then what only the file names."""
    series = cohort.series
    known = {key: i for i, key in enumerate((TRANSGENE, *LABS, "temperature"))}
    keys = sorted(series["quantity"].astype(str).unique(), key=lambda k: (known.get(k, len(known)), k.casefold()))
    return tuple(_quantity(key, series[series["quantity"] == key]) for key in keys)


def unit_warnings(cohort: Cohort) -> tuple[str, ...]:
    """What the reader of the file said of time courses on two scales: header, what was found, what was done."""
    return tuple(f"{p.column}: {p.found}. {p.done}" for p in cohort.report.problems if p.kind == "mixed-units")


def _quantity(key: str, rows: pd.DataFrame) -> Quantity:
    variable = series_variable(key)
    if key == TRANSGENE:
        label, unit, log_scale = "CAR transgene", variable.unit, True
    elif variable.key != key or key == "temperature":  # the variable of the laboratory value at day 0 lends name and unit
        label, unit, log_scale = variable.label.partition(",")[0], variable.unit, variable.log_scale
    else:
        label, unit = series_label(key)
        log_scale = _long_tailed(rows["value"].to_numpy(dtype=np.float64))
    return Quantity(key, label, unit, log_scale, key == TRANSGENE, int(rows["patient_id"].nunique()), len(rows))


def _long_tailed(values: Floats) -> bool:
    there = values[values > 0]
    return bool(len(there) > SKEWED and np.quantile(there, 0.99) > SKEWED * np.median(there))


def samples_of(cohort: Cohort, quantity: Quantity) -> Samples:
    """The samples of the patients of ``cohort``, sorted by patient and day whatever their order in the file.

    A value "<3" stands in the cohort as 1.5, half its limit; the limit is given back here.
    """
    rows = cohort.series[cohort.series["quantity"] == quantity.key]
    place = pd.Series(np.arange(cohort.n), index=cohort.patients["patient_id"])
    patient = rows["patient_id"].map(place)
    known = patient.notna().to_numpy() & np.isfinite(rows["day"].to_numpy(dtype=np.float64))
    codes, day = patient.to_numpy(dtype=np.float64)[known].astype(np.int64), rows["day"].to_numpy(dtype=np.float64)[known]
    order = np.lexsort((day, codes))
    value = rows["value"].to_numpy(dtype=np.float64)[known][order]
    sign = rows["sign"].to_numpy(dtype=object)[known][order]
    limit = np.where(sign == "<", 2 * value, np.nan)
    return Samples(quantity, codes[order], day[order], value, sign, limit, cohort.n)


# ---------------------------------------------------------------- groups
def grouping_choices(cohort: Cohort, made: Grouping) -> dict[str, str]:
    """What the courses can be shown by: key and words; everybody, the marker groups, then every category with two levels that occur."""
    found = {NOBODY: "all patients together"}
    if len(made.rules) > 1:
        found[MARKER] = "marker groups"
    several = [c for c in cohort.columns_of("category", "flag") if len(cohort.patients[c.key].dropna().unique()) > 1]
    place = {key: i for i, key in enumerate(FIRST)}
    for column in sorted(several, key=lambda c: place.get(c.key, len(place))):
        found[column.key] = column.label
    return found


def groups_of(cohort: Cohort, key: str, made: Grouping) -> Groups:
    """The groups of a choice of ``grouping_choices``. ValueError for another key."""
    if key == NOBODY:
        return Groups(NOBODY, "all patients", np.zeros(cohort.n, dtype=np.int64), ("All patients",), ("all",), ("all",), "")
    if key == MARKER:
        names, shorts = tuple(r.label for r in made.rules), tuple(r.short for r in made.rules)
        return Groups(MARKER, "marker group", made.codes, names, shorts, tuple(r.role for r in made.rules), " against ".join(names))
    column = cohort.columns.get(key)
    if column is None or column.kind not in ("category", "flag"):
        raise ValueError(f"groups come from a category of the cohort; got {key!r}")
    return _levels(cohort, column)


def _levels(cohort: Cohort, column: Column) -> Groups:
    """Levels that occur, in the column's order; beyond ``MOST_GROUPS`` the smallest ones are pooled."""
    given = cohort.patients[column.key].astype(object)
    counts = given.value_counts()
    present = [level for level in column.levels if level in counts.index] or [str(v) for v in counts.index]
    most = sorted(present, key=lambda level: (-int(counts[level]), present.index(level)))[: MOST_GROUPS - 1]
    shown = present if len(present) <= MOST_GROUPS else [level for level in present if level in most]
    place = {level: i for i, level in enumerate(shown)}
    codes = np.array([-1 if pd.isna(v) else place.get(v, len(shown)) for v in given], dtype=np.int64)
    pooled = len(present) - len(shown)
    rest = [f"{pooled} other levels"] if pooled else []
    names = [_level_name(column, str(level)) for level in shown] + rest
    shorts = [str(level) if str(level) in ("yes", "no") else _level_name(column, str(level)) for level in shown] + rest
    everywhere: tuple[Role, ...] = ("all",)
    roles = ROLES.get(len(names), everywhere * len(names))
    late = column.timing in ("post-infusion", "outcome")
    words = f"{column.label}{', known only after infusion' if late else ''}"
    return Groups(column.key, column.label, codes, tuple(names), tuple(shorts), roles, words, pooled, late)


def _level_name(column: Column, level: str) -> str:
    """A level that says what it is level of: "grade 2", "Prior transplant: yes"."""
    if level.isdigit():
        return f"grade {level}" if "grade" in column.label.casefold() else f"{column.label} {level}"
    return f"{column.label}: {level}" if level in ("yes", "no") else level


def group_notes(groups: Groups, member: Mask) -> tuple[str, ...]:
    """What must be said of the groups among ``member``: patients in none, pooled levels."""
    none = int((member & (groups.codes < 0)).sum())
    said = []
    if none:
        lacking = "a measured marker" if groups.key == MARKER else groups.label
        said.append(f"{fmt.patients(none)} without {lacking} in no group")
    if groups.pooled:
        said.append(f"{groups.label} has {len(groups.names) - 1 + groups.pooled} levels: the smallest {groups.pooled} are pooled")
    return tuple(said)
