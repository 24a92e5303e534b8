"""Time courses without a canonical name, and values of one course that stand on two scales."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from cartograph import format as fmt
from cartograph.cohort.extra import label_and_unit
from cartograph.cohort.findings import Findings, Place, Rule
from cartograph.cohort.schema import Unit, Variable

Floats = npt.NDArray[np.float64]

TEMPERATURE = Variable(
    "temperature",
    "Body temperature",
    "number",
    "Laboratory",
    timing="post-infusion",
    unit="\u00b0C",
    units=(Unit("\u00b0C", 1.0, ("c", "\u00b0 c", "celsius")),),
)
FAHRENHEIT = (86.0, 113.0)  # 30 to 45 °C; nobody lives at as many degrees Celsius
FAR_ABOVE = 2.0  # times the highest plausible median
MANY = 0.05  # share of the values that a second scale holds at least
FEW_DIFFERENT = 20  # values; fewer different ones are scores, which have gaps
GAP = 2.0  # ratio of two neighbouring values between which nothing is measured

_TEMPERATURE = re.compile(r"\b(body )?(temp|temperature|temperatur|koerpertemperatur|temp[eé]rature|temperatura)\b")
_IN_FAHRENHEIT = Rule("note", "unit-changed", "\u00b0C", "They were turned into \u00b0C.")
_BOTH = Rule("warning", "mixed-units", "one unit in a column", "Values from 86 to 113 were read as \u00b0F and turned into \u00b0C.")


def series_quantity(header: str) -> str:
    """What a time course without a canonical name is called: "temperature", else its header without outer blanks and colons."""
    words = header.replace("_", " ").casefold()
    return TEMPERATURE.key if _TEMPERATURE.search(words) else " ".join(header.replace(":", " ").split())


def series_label(quantity: str) -> tuple[str, str]:
    """Label and unit of a time course that has no canonical name: "WBC (G/L)" is WBC in G/L."""
    return label_and_unit(quantity)


def in_celsius(values: Floats, place: Place, findings: Findings) -> Floats:
    """Body temperatures in °C; those in °F are turned and said, with a warning where a column holds both."""
    with np.errstate(invalid="ignore"):
        hot = (values >= FAHRENHEIT[0]) & (values <= FAHRENHEIT[1])
        rest = np.isfinite(values) & ~hot
    if not hot.any():
        return values
    n, other = int(hot.sum()), int(rest.sum())
    if other:
        findings.say(_BOTH, place, f"{_values(n)} in \u00b0F and {other:,} in \u00b0C")
    else:
        findings.say(_IN_FAHRENHEIT, place, f"{_values(n)} in \u00b0F")
    return np.where(hot, (values - 32.0) * 5.0 / 9.0, values)


def check_scales(values: Floats, patients: npt.NDArray[np.object_], variable: Variable, place: Place, findings: Findings) -> None:
    """Say once when part of a time course looks like another unit or another column. ``values``: in the canonical unit, NaN = none.

    Two signs: at least one value in twenty lies beyond twice the highest plausible median; or the values fall in two clumps, each with one
    value in twenty, between which nothing is measured.
    """
    there = np.isfinite(values) & (values > 0)
    if there.sum() < FEW_DIFFERENT:
        return
    unit = f" {variable.unit}" if variable.unit else ""
    if variable.plausible is not None:
        low, high = variable.plausible
        far = there & (values > FAR_ABOVE * high)
        if far.sum() >= MANY * there.sum():
            people = len(set(patients[far]))
            found = (
                f"{_values(int(far.sum()))} of {int(there.sum()):,} above {fmt.number(FAR_ABOVE * high)}{unit}, of {fmt.patients(people)}"
            )
            _say(f"mostly {fmt.number(low)} to {fmt.number(high)}{unit}", found, place, findings)
            return
    edges = _gap(np.unique(values[there]), values[there])
    if edges is not None:
        above = int((values[there] >= edges[1]).sum())
        words = f"{int(there.sum()) - above:,} values up to {fmt.number(edges[0])} and {above:,} from {fmt.number(edges[1])} on{unit}"
        _say("one unit in a column", f"{words}, none between", place, findings)


def _gap(different: Floats, values: Floats) -> tuple[float, float] | None:
    """The widest gap with enough values on both sides; None where there is none."""
    if len(different) <= FEW_DIFFERENT:
        return None
    ratios = different[1:] / different[:-1]
    below = np.searchsorted(np.sort(values), different[1:]) / len(values)
    wide = (ratios >= GAP) & (below >= MANY) & (below <= 1 - MANY)
    if not wide.any():
        return None
    at = int(np.argmax(np.where(wide, ratios, 0.0)))
    return float(different[at]), float(different[at + 1])


def _say(expected: str, found: str, place: Place, findings: Findings) -> None:
    done = "Values that are possible are kept as they are; part of the column may be in another unit or belong to another column: check it."
    findings.say(Rule("warning", "mixed-units", expected, done), place, found)


def _values(n: int) -> str:
    return f"{n:,} value{'' if n == 1 else 's'}"
