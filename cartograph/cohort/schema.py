"""The canonical columns of a CAR-T cohort: names, units, code lists, published cutoffs, spellings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cartograph.cohort.model import Column, Cutoff, Timing

VariableKind = Literal["identity", "number", "category", "flag", "date", "text", "time", "event"]

RESPONSE_LEVELS: tuple[str, ...] = ("sCR", "CR", "nCR", "VGPR", "PR", "MR", "SD", "PD", "NE")  # best first; nCR counts as VGPR in every rate
RESPONDERS: frozenset[str] = frozenset({"sCR", "CR", "nCR", "VGPR", "PR"})
COMPLETE_RESPONDERS: frozenset[str] = frozenset({"sCR", "CR"})
MRD_LEVELS: tuple[str, ...] = ("negative", "positive", "not done")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit a file may use: canonical value = file value * factor."""

    name: str  # as shown: "mg/dL"
    factor: float
    spellings: tuple[str, ...] = ()  # other ways to write it, lower case, without blanks: "mg/100ml"


@dataclass(frozen=True, slots=True)
class Variable:
    """One canonical column. ``key`` is its name everywhere (frame, URL, export)."""

    key: str
    label: str
    kind: VariableKind
    section: str  # "Identity", "Baseline", "Laboratory", "Survival", "Response", "MRD", "Toxicity", "Kinetics"
    timing: Timing = "baseline"
    unit: str = ""  # canonical
    units: tuple[Unit, ...] = ()  # the canonical one first
    levels: tuple[str, ...] = ()
    codes: tuple[tuple[str, str], ...] = ()  # spelling (lower case) -> level
    names: tuple[str, ...] = ()  # header spellings (lower case, words separated by one blank), all languages
    plausible: tuple[float, float] | None = None  # outside: warned about
    possible: tuple[float, float] | None = None  # outside: left out
    log_scale: bool = False
    cutoffs: tuple[Cutoff, ...] = ()
    description: str = ""


VARIABLES: Mapping[str, Variable] = {}


def column_of(variable: Variable, *, source: str = "") -> Column:
    """The cohort column that a variable becomes."""
    raise NotImplementedError
