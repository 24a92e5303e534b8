"""The unit of a column: as the file says, else as its values suggest; and whether the values fit it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cartograph.cohort.headers import is_unit
from cartograph.cohort.looks import Look
from cartograph.cohort.schema import Unit, Variable, unit_named
from cartograph.cohort.values import looks_like_fraction


@dataclass(frozen=True, slots=True)
class UnitFound:
    """``unit`` as in ``ColumnChoice.unit``; ``sure`` False = the values ask for a look."""

    unit: str
    sure: bool
    evidence: tuple[str, ...]


def unit_of(look: Look, variable: Variable, named: str) -> UnitFound:
    """The unit of a number column. ``named``: what the header says, "" when it says nothing."""
    if len(variable.units) == 0:
        return UnitFound("", True, ())
    named = named or _unit_in(look.label)
    known = unit_named(variable, named)
    if named and known is None:
        return UnitFound("", False, (f"the unit '{named}' is not known for {variable.label}: read as {variable.unit}, check",))
    if len(look.numbers) == 0:
        return UnitFound(known.name if named and known else "", True, ())
    if named and known is not None:
        return _check_named(look, variable, known)
    return _by_values(look, variable)


def _unit_in(label: str) -> str:
    words = label.replace("(", " ").replace(")", " ").replace("[", " ").replace("]", " ").replace(",", " ").split()
    return next((word for word in reversed(words) if is_unit(word)), "")


def _check_named(look: Look, variable: Variable, unit: Unit) -> UnitFound:
    name = "" if unit is variable.units[0] else unit.name
    if _fits(look, variable, unit):
        return UnitFound(name, True, (f"values {look.span} fit {unit.name}",) if variable.plausible else (f"unit {unit.name}",))
    return UnitFound(name, False, (f"values {look.span} are unusual for {variable.label} in {unit.name}: check the unit",))


def _by_values(look: Look, variable: Variable) -> UnitFound:
    own = variable.units[0]
    if variable.unit == "%" and looks_like_fraction(look.numbers):
        return UnitFound("fraction", False, (f"values {look.span} look like fractions, not per cent",))
    if variable.plausible is None:
        return UnitFound("", True, (f"no unit given: read as {own.name}",))
    if _fits(look, variable, own):
        return UnitFound("", True, (f"no unit given: values {look.span} fit {own.name}",))
    others = [u for u in variable.units[1:] if u.factor != own.factor and _fits(look, variable, u)]
    if others:
        words = f"no unit given: values {look.span} look like {others[0].name}, not {own.name}: check"
        return UnitFound(others[0].name, False, (words,))
    return UnitFound("", False, (f"no unit given: values {look.span} are unusual for {variable.label} in {own.name}: check",))


def _fits(look: Look, variable: Variable, unit: Unit) -> bool:
    """True when the median, in the variable's own unit, is a plausible value."""
    if variable.plausible is None:
        return True
    low, high = variable.plausible
    return low <= float(np.median(look.numbers)) * unit.factor <= high
