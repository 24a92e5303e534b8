"""A cohort: reading files, what their columns mean, checks, filters. Names are loaded when they are first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cartograph.cohort.build import build_cohort
    from cartograph.cohort.entry import read_cohort
    from cartograph.cohort.mapping import ColumnChoice, Mapping
    from cartograph.cohort.model import Cohort, Column, Cutoff, Endpoint
    from cartograph.cohort.problems import CohortError, DataReport, Problem
    from cartograph.cohort.reading import Source, read_tables
    from cartograph.cohort.recognise import suggest_mapping
    from cartograph.cohort.tables import RawTable

__all__ = [
    "Cohort",
    "CohortError",
    "Column",
    "ColumnChoice",
    "Cutoff",
    "DataReport",
    "Endpoint",
    "Mapping",
    "Problem",
    "RawTable",
    "Source",
    "build_cohort",
    "read_cohort",
    "read_tables",
    "suggest_mapping",
]

_HOMES = {
    "model": ("Cohort", "Column", "Cutoff", "Endpoint"),
    "problems": ("CohortError", "DataReport", "Problem"),
    "mapping": ("ColumnChoice", "Mapping"),
    "tables": ("RawTable",),
    "reading": ("Source", "read_tables"),
    "recognise": ("suggest_mapping",),
    "build": ("build_cohort",),
    "entry": ("read_cohort",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load a public name on first use, so that reading one room does not load every file format."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
