"""Tiny made-up tables and the cohorts that come of them; no patient stands behind any value."""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping
from collections.abc import Sequence
from typing import Any

import pandas as pd

from cartograph.cohort.build import build_cohort
from cartograph.cohort.mapping import ColumnChoice, Mapping
from cartograph.cohort.model import Cohort
from cartograph.cohort.problems import Problem
from cartograph.cohort.tables import RawTable

Targets = AbstractMapping[str, str | tuple[str, dict[str, Any]]]


def table_of(columns: AbstractMapping[str, Sequence[Any]], name: str = "made up.csv", **more: Any) -> RawTable:
    """A table whose first data row is spreadsheet row 2."""
    frame = pd.DataFrame({k: pd.Series(list(v), dtype=object) for k, v in columns.items()})
    frame.index = pd.RangeIndex(2, 2 + len(frame))
    return RawTable(name, frame.where(frame.notna(), None), **more)


def choices(targets: Targets, name: str = "made up.csv") -> tuple[ColumnChoice, ...]:
    """header -> target, or header -> (target, fields of ColumnChoice)."""
    pairs = {h: t if isinstance(t, tuple) else (t, {}) for h, t in targets.items()}
    return tuple(ColumnChoice(name, h, t, **more) for h, (t, more) in pairs.items())


def cohort_of(
    columns: AbstractMapping[str, Sequence[Any]], targets: Targets, *, table: AbstractMapping[str, Any] | None = None, **more: Any
) -> Cohort:
    """The cohort of one table; ``table``: fields of RawTable; ``more``: fields of Mapping."""
    return build_cohort([table_of(columns, **(table or {}))], Mapping(choices(targets), **more))


def of_kind(cohort: Cohort, kind: str) -> list[Problem]:
    """The cohort's problems of one rule."""
    return [p for p in cohort.report.problems if p.kind == kind]
