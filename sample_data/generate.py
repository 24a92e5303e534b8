"""Writes every synthetic cohort of this folder, byte for byte the same each time: ``python -m sample_data.generate``."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from openpyxl import Workbook

from sample_data import FOLDER, eque_like, mayo_like, ratios, registry
from sample_data.drawing import Table

BANNER = "SYNTHETIC data made by sample_data/generate.py - no real patient"
WORKBOOK = "synthetic_eque_like.xlsx"  # the three eque-like files as sheets, to try the sheet picker
WORKBOOK_SHEETS = {
    "Patients": "synthetic_eque_like.csv",
    "Visits": "synthetic_eque_like_visits.csv",
    "Kinetics": "synthetic_eque_like_kinetics.csv",
}
FIXED_TIME = datetime(2025, 1, 1, tzinfo=UTC)  # a workbook carries the time it was made; a fixed one keeps the bytes the same


def tables() -> dict[str, Table]:
    """Every CSV file: name -> columns of text."""
    return {
        "synthetic_mayo_like.csv": mayo_like.build(),
        **eque_like.build(),
        "synthetic_ratios.csv": ratios.build(),
        "synthetic_registry.csv": registry.build(),
    }


def as_csv(table: Table) -> str:
    """The banner as a comment, the header and one line per row."""
    text = io.StringIO()
    text.write(f"# {BANNER}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table)
    writer.writerows(zip(*table.values(), strict=True))
    return text.getvalue()


def cell(text: str) -> str | float | int | None:
    """What a spreadsheet cell holds: a number where the text is one, nothing where it is empty."""
    if text == "":
        return None
    try:
        value = float(text)
    except ValueError:
        return text
    return int(value) if value.is_integer() else value


def as_workbook(sheets: dict[str, Table]) -> bytes:
    """One sheet per table under a title row. Stored without compression and with a fixed time."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, table in sheets.items():
        sheet = book.create_sheet(title)
        sheet.append([BANNER])
        sheet.append(list(table))
        for row in zip(*table.values(), strict=True):
            sheet.append([cell(text) for text in row])
    raw = io.BytesIO()
    book.save(raw)
    out = io.BytesIO()
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", FIXED_TIME.strftime("%Y-%m-%dT%H:%M:%S").encode(), content)
            target.writestr(zipfile.ZipInfo(name, FIXED_TIME.timetuple()[:6]), content)
    return out.getvalue()


def write(folder: Path = FOLDER) -> tuple[Path, ...]:
    """Writes all files to ``folder`` and returns their paths."""
    made = tables()
    content = {name: as_csv(table).encode("utf-8") for name, table in made.items()}
    content[WORKBOOK] = as_workbook({title: made[name] for title, name in WORKBOOK_SHEETS.items()})
    for name, data in content.items():
        (folder / name).write_bytes(data)
    return tuple(folder / name for name in content)


if __name__ == "__main__":
    for path in write():
        print(path.name)
