"""The data dictionary and the empty template: what every column is called, in which units and codes it can be given."""

from __future__ import annotations

import sys

import pandas as pd

from cartograph import format as fmt
from cartograph.cohort.model import Timing
from cartograph.cohort.schema import VARIABLES, Variable

DICTIONARY_COLUMNS: tuple[str, ...] = (
    "column", "label", "section", "unit", "other units", "entries", "known", "published cutoffs", "description",
)  # fmt: skip
# Visits and sample days that the template shows; other months and days are read as well.
TEMPLATE_VISITS: dict[str, tuple[str, ...]] = {
    "response_visit": ("response_m1", "response_m3", "response_m6", "response_m12"),
    "mrd_visit": ("mrd_m1", "mrd_m3", "mrd_m6"),
    "car_transgene_day": ("car_transgene_d7", "car_transgene_d14", "car_transgene_d28"),
}
_DERIVED = frozenset({"nlr", "mlr", "plr", "best_mrd"})  # counted from other columns, so that the template does not ask for them
_KNOWN: dict[Timing, str] = {
    "identity": "identity",
    "baseline": "before infusion",
    "post-infusion": "only after infusion: not for a split from time zero",
    "outcome": "outcome",
}
_ENTRIES = {
    "date": "a date, best as 2024-03-31",
    "number": "a number; <3 and >1500 are read as limits",
    "identity": "text",
    "text": "text",
    "time": "a number, 0 or more",
    "event": "1 = event, 0 = censored",
}
_INTRO = """\
# Data dictionary

The columns that CARTograph knows. None of them is required: curves need a time and an event (or the dates), everything else is shown
when it is there. Other names are recognised in English, German, French and Spanish, and any other column stays usable as a
biomarker or a filter.
One row per patient; visits and time courses may also come as a table with one row per visit or sample, joined by `patient_id`.

Where a cutoff is printed, values above it are "high". This page is made from the program itself
(`python -m cartograph.cohort.dictionary > docs/data-dictionary.md`).
"""


def dictionary_frame() -> pd.DataFrame:
    """One row per known column, all cells text: DICTIONARY_COLUMNS. For download and for the screen."""
    rows = [_row(variable) for variable in VARIABLES.values()]
    return pd.DataFrame(rows, columns=list(DICTIONARY_COLUMNS))


def _row(variable: Variable) -> tuple[str, ...]:
    return (
        variable.key, variable.label, variable.section, variable.unit, ", ".join(other_units(variable)), entries(variable),
        _KNOWN[variable.timing], "; ".join(cutoff_words(variable)), variable.description,
    )  # fmt: skip


def other_units(variable: Variable) -> tuple[str, ...]:
    """Units besides the canonical one and how they are converted: "mg/dL (x 10)"; the same unit by another name has no factor."""
    others = [u for u in variable.units if u.name != variable.unit]
    return tuple(u.name if u.factor == 1 else f"{u.name} (\u00d7 {fmt.number(u.factor)})" for u in others)


def entries(variable: Variable) -> str:
    """What a cell may hold, in words."""
    if variable.kind not in ("category", "flag"):
        return _ENTRIES[variable.kind]
    names = ", ".join(variable.levels) or "any name"
    return f"{names}; any other name stays as it is" if variable.key == "product" else names


def cutoff_words(variable: Variable) -> tuple[str, ...]:
    """Each published cutoff with its source: "337 (upper limit of normal ..., source)"."""
    return tuple(f"{fmt.number(c.value)} ({c.label}; {c.source})" for c in variable.cutoffs)


def template_columns() -> tuple[str, ...]:
    """Headers of the empty template: one row per patient, canonical names, a few visits and sample days as examples."""
    headers: list[str] = []
    for variable in VARIABLES.values():
        if variable.section != "Visits" and variable.key not in _DERIVED:
            headers.extend(TEMPLATE_VISITS.get(variable.key, (variable.key,)))
    return tuple(headers)


def template_frame() -> pd.DataFrame:
    """A table without rows whose headers are ``template_columns``: to be filled in and uploaded."""
    return pd.DataFrame({header: pd.Series(dtype="object") for header in template_columns()})


def dictionary_markdown() -> str:
    """The dictionary as a page, one table per section."""
    frame = dictionary_frame()
    parts = [_INTRO]
    shown = [c for c in DICTIONARY_COLUMNS if c != "section"]
    for section in dict.fromkeys(frame["section"]):
        rows = frame.loc[frame["section"] == section, shown]
        parts.append(f"## {_HEADINGS.get(section, section)}\n")
        parts.append(
            "\n".join([_line(shown), _line(["---"] * len(shown)), *(_line(_cells(row)) for row in rows.itertuples(index=False))]) + "\n"
        )
    return "\n".join(parts)


_HEADINGS = {"Visits": "Tables with one row per visit or sample", "Kinetics": "CAR-T cells in the blood", "Survival": "Survival and dates"}


def _cells(row: tuple[str, ...]) -> list[str]:
    first, *rest = (str(cell).replace("|", "\\|").replace("<", "&lt;") for cell in row)
    return [f"`{first}`", *rest]


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    sys.stdout.write(dictionary_markdown())
