"""From tables and a mapping to a cohort: every value checked, every problem said, nothing guessed in silence."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any

import numpy as np
import pandas as pd

from cartograph.cohort import derived, parse
from cartograph.cohort.endpoints import Endpoints, build_endpoints, endpoint_keys
from cartograph.cohort.extra import read_extra
from cartograph.cohort.findings import Findings, Place, Rule, quoted
from cartograph.cohort.join import VISIT_TARGETS, Cells, Placed, Roster, merge, sheets_of
from cartograph.cohort.mapping import EXTRA
from cartograph.cohort.mapping import Mapping as ColumnMapping
from cartograph.cohort.model import Cohort, Column
from cartograph.cohort.problems import CohortError, DataReport
from cartograph.cohort.schema import VARIABLES, Variable, column_of
from cartograph.cohort.tables import RawTable
from cartograph.cohort.values import Read, read_known
from cartograph.cohort.visits import Visits, build_visits

Progress = Callable[[float, str], None]
SOURCE_HEADERS = frozenset({"data source", "datasource", "source", "data origin", "synthetic"})

_EMPTY_COLUMN = Rule("note", "empty-column", "at least one value", "The column is left out.")
_NO_TARGET = Rule("warning", "unknown-target", "a column this program knows", "It stays as an extra column.")
_NO_PATIENTS = Rule("error", "no-patients", "at least one row with a patient", "Check the file and the patient ID column.")
_NO_ENDPOINT = Rule(
    "warning",
    "no-endpoint",
    "a time and an event column, or dates",
    "Curves need an endpoint; choose its columns. Everything else can be used.",
)


def build_cohort(tables: Sequence[RawTable], mapping: ColumnMapping, *, name: str = "", progress: Progress | None = None) -> Cohort:
    """One cohort from the tables of one cohort.

    ``progress(fraction, words)`` is called while columns are read. What cannot be used is left out and said in ``Cohort.report``.

    Raises
    ------
    CohortError
        When no patient is left; it carries every problem.
    """
    build = _Build(mapping, progress or (lambda fraction, words: None))
    for table in tables:
        build.findings.add(table.problems)
    sheets = sheets_of(tables, mapping, build.findings)
    order = tuple(Place(t.name, str(h)) for t in tables for h in t.frame.columns)
    build.roster = roster = Roster.of(sheets, build.findings)
    if len(roster.ids) == 0:
        build.findings.say(_NO_PATIENTS, Place(tables[0].name if tables else "the file"), "no patients")
        raise CohortError(build.findings.problems(order))
    build.read([column for sheet in sheets for column in sheet.wide])
    build.progress(0.85, "Visits and time courses")
    visits = build_visits(sheets, build.findings)
    build.derive(visits)
    endpoints = build_endpoints(build.placed, roster, visits.responses, build.slugs, build.findings)
    if not endpoints.specs:
        build.findings.say(_NO_ENDPOINT, Place(tables[0].name), "no endpoint")
    columns, patients = build.frame(endpoints)
    report = DataReport(sum(len(t.frame) for t in tables), len(patients), build.findings.problems(order))
    cohort = Cohort(
        name or mapping.name or PurePath(tables[0].name.partition(" \u00b7 ")[0]).stem, patients, columns, endpoints.specs, report,
        visits.responses, visits.mrd, visits.series, build.limits(), is_synthetic(tables),
    )  # fmt: skip
    build.progress(1.0, "Done")
    return replace(cohort, fingerprint=fingerprint(cohort))


@dataclass(slots=True)
class _Build:
    """What has been read so far. Keys are those of ``Cohort.patients``."""

    mapping: ColumnMapping
    progress: Progress
    findings: Findings = field(default_factory=Findings)
    roster: Roster = field(default_factory=lambda: Roster.named([]))
    placed: dict[str, Placed] = field(default_factory=dict)
    levels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    extras: dict[str, Column] = field(default_factory=dict)  # in file order
    headers: dict[str, str] = field(default_factory=dict)  # header of an extra column -> key
    reserved: set[str] = field(default_factory=lambda: {*VARIABLES, "patient_id"})
    slugs: list[str] = field(default_factory=list)  # of the time-to-event pairs that were chosen
    beyond: list[pd.DataFrame] = field(default_factory=list)

    # ------------------------------------------------------------ reading
    def read(self, columns: Sequence[Cells]) -> None:
        """Every column with one value per patient; known ones first get their names, extra ones take what is left."""
        for column in columns:
            pair = endpoint_keys(column.choice.target)
            if pair:
                self.slugs.append(pair[0])
                self.reserved |= {f"{pair[0]}_time", f"{pair[0]}_event"}
        for i, column in enumerate(columns):
            self.progress(0.85 * i / len(columns), column.choice.header)
            if column.choice.target not in VISIT_TARGETS:
                self._read_one(column)

    def _read_one(self, column: Cells) -> None:
        target = column.choice.target
        variable = known_variable(target)
        if variable is None:
            if target != EXTRA:
                self.findings.say(_NO_TARGET, column.place, f"the choice {quoted(target)}")
            self._read_extra(column)
            return
        read = read_known(column, variable, self.findings, order=self.mapping.date_order, time_unit=self.mapping.time_unit)
        self._keep(variable.key, column, read)

    def _read_extra(self, column: Cells) -> None:
        header = column.choice.header
        again = self.headers.get(header)
        extra = read_extra(column, self.reserved | self.extras.keys(), self.findings, order=self.mapping.date_order)
        if again is not None and self.extras[again].kind == extra.column.kind:
            self._keep(again, column, extra.read)
            self.extras[again] = replace(self.extras[again], levels=self.levels.get(again, ()))
        elif self._keep(extra.column.key, column, extra.read):
            self.extras[extra.column.key] = extra.column
            self.headers.setdefault(header, extra.column.key)

    def _keep(self, key: str, column: Cells, read: Read) -> bool:
        """Places the values; False when there are none."""
        if bool(np.all(pd.isna(read.values))):
            self.findings.say(_EMPTY_COLUMN, column.place, "no values that can be used")
            return False
        here = self.roster.place(column, read.values)
        self.placed[key] = merge(self.placed[key], here, self.roster.ids, self.findings) if key in self.placed else here
        if read.levels:
            self.levels[key] = tuple(dict.fromkeys((*self.levels.get(key, ()), *read.levels)))
        if read.sign is not None and read.limit is not None:
            given = read.sign != ""
            frame = {"patient_id": column.patients[given], "column": key, "sign": read.sign[given], "limit": read.limit[given]}
            self.beyond.append(pd.DataFrame(frame))
        return True

    # ------------------------------------------------------------ what follows from other columns
    def derive(self, visits: Visits) -> None:
        """Adds derived columns; those that the file gives stay as they are."""
        for key, ratio in derived.ratios(self.placed).items():
            if key in VARIABLES:
                self.placed[key] = ratio
        risk = derived.high_risk(self.placed)
        best = derived.best_response(self.placed.get("best_response"), visits.responses, self.roster, self.findings)
        mrd = derived.best_mrd(self.placed.get("best_mrd"), visits.mrd, self.roster, self.findings)
        for key, found in (("high_risk_cytogenetics", risk), ("best_response", best), ("best_mrd", mrd)):
            if found is not None and key in VARIABLES:
                self.placed[key] = found
                self.levels.setdefault(key, VARIABLES[key].levels or ("no", "yes"))

    # ------------------------------------------------------------ the frame
    def frame(self, endpoints: Endpoints) -> tuple[dict[str, Column], pd.DataFrame]:
        """The columns in order (known ones as in the schema, then extra ones as in the file), and one row per patient."""
        columns = {key: self._known_column(key) for key in VARIABLES if key in self.placed and VARIABLES[key].kind not in ("time", "event")}
        columns |= self.extras
        data: dict[str, Any] = {"patient_id": self.roster.ids.astype(object)}
        for key, column in columns.items():
            values = self.placed[key].values
            data[key] = (
                pd.Categorical(values, categories=list(column.levels), ordered=True) if column.kind in ("category", "flag") else values
            )
        data |= endpoints.values
        return columns, pd.DataFrame(data)

    def _known_column(self, key: str) -> Column:
        at = self.placed[key]
        column = column_of(VARIABLES[key], source=at.place.column)
        words = {"high_risk_cytogenetics": derived.HIGH_RISK_WORDS, "best_response": derived.BEST_WORDS, "best_mrd": derived.BEST_MRD_WORDS}
        if key in words and VARIABLES[key].key not in self._given():
            column = replace(column, source="", description=words[key])
        elif key in derived.RATIOS and key not in self._given():
            column = replace(column, source="")
        if column.kind == "category" and not self.levels.get(key):
            return replace(column, kind="text", levels=())
        return replace(column, levels=self.levels.get(key, column.levels)) if column.kind in ("category", "flag") else column

    def _given(self) -> frozenset[str]:
        return frozenset(c.target for c in self.mapping.columns)

    def limits(self) -> pd.DataFrame:
        """Values that the file gives as "<3" or ">1500" (see ``Cohort.limits``)."""
        if not self.beyond:
            return pd.DataFrame({"patient_id": pd.Series(dtype="object"), "column": pd.Series(dtype="object"),
                                 "sign": pd.Series(dtype="object"), "limit": pd.Series(dtype="float64")})  # fmt: skip
        return pd.concat(self.beyond, ignore_index=True)


def known_variable(target: str) -> Variable | None:
    """The schema's variable, or one made up for a time-to-event pair; None for anything else."""
    pair = endpoint_keys(target)
    if pair is None:
        return VARIABLES.get(target)
    slug, part = pair
    key = f"{slug}_{part}"
    if key in VARIABLES:
        return VARIABLES[key]
    return Variable(key, key, "time" if part == "time" else "event", "Survival", timing="outcome", unit="months" if part == "time" else "")


def is_synthetic(tables: Sequence[RawTable]) -> bool:
    """True when a table says so: in its name, in a line above the header, or in a column such as data_source."""
    for table in tables:
        if any("synthetic" in text.casefold() for text in (table.name, *table.preamble)):
            return True
        for header in table.frame.columns:
            named = parse.folded(str(header).replace("_", " ")) in SOURCE_HEADERS
            if named and any("synthetic" in str(text).casefold() for text in table.frame[header].dropna().unique()):
                return True
    return False


def fingerprint(cohort: Cohort) -> str:
    """sha256 of the content and of what it was taken for: a renamed file has the same one, one other value another."""
    digest = hashlib.sha256(repr((sorted(cohort.columns.items()), sorted(cohort.endpoints.items()))).encode())
    for frame in (cohort.patients, cohort.responses, cohort.mrd, cohort.series, cohort.limits):
        digest.update(repr((frame.shape, list(frame.columns))).encode())
        for column in frame.columns:
            values = frame[column]
            if values.dtype.kind in "fM":
                digest.update(np.ascontiguousarray(values.to_numpy()).tobytes())
            else:
                digest.update("\x1f".join(values.astype(object).where(values.notna(), "\x1e").astype(str)).encode())
    return digest.hexdigest()
