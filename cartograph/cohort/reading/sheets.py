"""Tables in Excel workbooks (.xlsx, .xlsm, .xls)."""

from __future__ import annotations

import html
import io
import re
import zipfile
import zlib
from dataclasses import dataclass, field

import python_calamine as calamine

from cartograph.cohort.problems import CohortError, Problem
from cartograph.cohort.reading.cells import Cell, clean_cell
from cartograph.cohort.reading.grid import Grid, Merge, to_table
from cartograph.cohort.reading.source import MAX_CELLS, MAX_COLUMNS, MAX_UNPACKED_BYTES, Progress, Source, finding, refusal
from cartograph.cohort.tables import RawTable

_MAX_RATIO = 300  # real sheets shrink 5 to 30 times
_RATIO_FROM = 50_000_000  # small files may shrink as they like
_ROW = re.compile(rb'<(?:\w+:)?row\b[^>]*?\sr="(\d+)"')
_WIDE_CELL = re.compile(rb'<(?:\w+:)?c\b[^>]*?\sr="([A-Z]{2,3})\d')
_ERROR = re.compile(rb'<(?:\w+:)?c\b(?=[^>]*\st="e")[^>]*?\sr="([A-Z]+)(\d+)"[^>]*>.*?<(?:\w+:)?v>([^<]*)<', re.DOTALL)
_UNSAVED = re.compile(rb"</(?:\w+:)?f>\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>")
_ATTRIBUTE = re.compile(r"""([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
# what zipfile raises for damaged or encrypted content (NotImplementedError is a RuntimeError)
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, KeyError, OSError, RuntimeError, ValueError, EOFError)


@dataclass(slots=True)
class _SheetFacts:
    """What the raw sheet says that calamine does not hand on."""

    errors: list[tuple[int, int, str]] = field(default_factory=list)  # 0-based row and column, and the word
    unsaved: int = 0  # formulas without a saved result


def sheet_names_of(source: Source) -> tuple[str, ...]:
    """Visible worksheets of a workbook, in its order; hidden ones when none is visible."""
    if source.content.startswith(b"PK"):
        _guard(source)
    book = _open(source)
    visible, hidden = _worksheets(book)
    return tuple(visible or hidden)


def read_workbook(source: Source, progress: Progress) -> tuple[RawTable, ...]:
    """Every wanted sheet as a table. Raises CohortError when the workbook cannot be opened or no sheet holds a table."""
    facts = _guard(source) if source.content.startswith(b"PK") else {}
    progress(0.3, "workbook opened")
    book = _open(source)
    visible, hidden = _worksheets(book)
    wanted = tuple(source.sheets) if source.sheets is not None else tuple(visible or hidden)
    tables: list[RawTable] = []
    failed: list[Problem] = []
    for position, sheet in enumerate(wanted, start=1):
        name = f"{source.name} \u00b7 {sheet}"
        try:
            if sheet not in visible and sheet not in hidden:
                raise refusal("no-sheet", source.name, f"no sheet '{sheet}'", "one of its sheets", "Choose a sheet from the list.")
            tables.append(_read_sheet(book, sheet, name, facts.get(sheet, _SheetFacts())))
        except CohortError as error:
            failed.extend(error.problems)
        progress(0.3 + 0.7 * position / len(wanted), f"sheet '{sheet}' read")
    unfit = [p for p in failed if p.kind not in {"empty", "no-rows", "one-column"}]
    if not tables or unfit or (failed and source.sheets is not None):
        raise CohortError(failed or [_no_sheets(source.name)])
    return _with_notes(source, tables, failed, hidden if visible and source.sheets is None else [])


def _no_sheets(name: str) -> Problem:
    return finding("error", "empty", name, "no sheet with cells", "a sheet with a table", "Check that you chose the right file.")


def _with_notes(source: Source, tables: list[RawTable], failed: list[Problem], hidden: list[str]) -> tuple[RawTable, ...]:
    """Sheets that were left out are noted on the first table."""
    notes = [finding("note", "sheet-left-out", p.table, p.found, "a table", "The sheet is left out.") for p in failed]
    if hidden:
        found = "hidden sheets: " + ", ".join(f"'{h}'" for h in hidden)
        notes.append(finding("note", "hidden-sheets", source.name, found, "visible sheets", "Not read. Unhide them in Excel if needed."))
    first = tables[0]
    noted = RawTable(first.name, first.frame, first.labels, first.preamble, first.decimal, (*first.problems, *notes))
    return (noted, *tables[1:])


def _open(source: Source) -> calamine.CalamineWorkbook:
    try:
        return calamine.CalamineWorkbook.from_filelike(io.BytesIO(source.content))
    except calamine.PasswordError as error:
        raise protected(source.name) from error
    except BaseException as error:  # a damaged workbook can end in a panic of the Rust reader, which is no Exception
        raise _damaged(source.name, error) from error


def protected(name: str) -> CohortError:
    """The error for a workbook with a password."""
    done = "Open it in Excel, remove the password (File, Info, Protect Workbook), save, and upload again."
    return refusal("password", name, "a password-protected workbook", "a workbook without a password", done)


def _damaged(name: str, error: BaseException) -> CohortError:
    if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
        raise error
    done = "Open it in Excel and save it again as .xlsx."
    return refusal("damaged", name, "a workbook that cannot be opened", "a complete Excel file", done)


def _worksheets(book: calamine.CalamineWorkbook) -> tuple[list[str], list[str]]:
    sheets = [m for m in book.sheets_metadata if m.typ == calamine.SheetTypeEnum.WorkSheet]
    visible = [m.name for m in sheets if m.visible == calamine.SheetVisibleEnum.Visible]
    return visible, [m.name for m in sheets if m.name not in visible]


def _read_sheet(book: calamine.CalamineWorkbook, sheet: str, name: str, facts: _SheetFacts) -> RawTable:
    try:
        page = book.get_sheet_by_name(sheet)
        raw = page.to_python(skip_empty_area=False)
        merges = tuple(Merge(a[0], a[1], b[0], b[1]) for a, b in page.merged_cell_ranges or ())
    except BaseException as error:
        raise _damaged(name, error) from error
    width = max(map(len, raw), default=0)
    rows: list[list[Cell]] = [[clean_cell(v) for v in row] + [None] * (width - len(row)) for row in raw]
    grid = Grid(name, rows, list(range(1, len(rows) + 1)), merges=tuple(m for m in merges if m.bottom < len(rows) and m.left < width))
    _put_errors(grid, facts)
    if facts.unsaved:
        found = f"{facts.unsaved:,} formulas whose result is not saved in the file"
        done = "They are taken as missing. Open the file in Excel, save it, and upload it again."
        grid.problems.append(finding("warning", "formula-without-value", name, found, "values", done))
    return to_table(grid)


def _put_errors(grid: Grid, facts: _SheetFacts) -> None:
    """Put the error words back where calamine left empty cells, so that they are counted and warned about like typed ones."""
    for row, column, word in facts.errors:
        if row < len(grid.rows) and column < len(grid.rows[row]) and grid.rows[row][column] is None:
            grid.rows[row][column] = clean_cell(word)


def _guard(source: Source) -> dict[str, _SheetFacts]:
    """Look into the zip before anything unpacks it whole. Returns facts per sheet name. Raises CohortError for bombs and damage."""
    name = source.name
    try:
        with zipfile.ZipFile(io.BytesIO(source.content)) as archive:
            _refuse_bomb(name, archive.infolist())
            parts = _sheet_parts(archive)
            return {sheet: _scan(name, sheet, archive.read(part)) for sheet, part in parts.items()}
    except CohortError:
        raise
    except _ZIP_ERRORS as error:
        raise _damaged(name, error) from error


def _refuse_bomb(name: str, members: list[zipfile.ZipInfo]) -> None:
    unpacked = sum(m.file_size for m in members)
    packed = max(1, sum(m.compress_size for m in members))
    if unpacked > MAX_UNPACKED_BYTES or (unpacked > _RATIO_FROM and unpacked / packed > _MAX_RATIO):
        found = f"a workbook that unpacks from {packed / 1e6:,.1f} MB to {unpacked / 1e6:,.0f} MB"
        raise refusal("zip-bomb", name, found, "a workbook of ordinary size", "Copy the table into a new workbook, or save it as CSV.")


def _attributes(xml: bytes, tag: str) -> list[dict[str, str]]:
    """Attributes of every element of this name. Patterns and no XML parser, so that entities are never expanded."""
    elements = re.findall(rf"<(?:\w+:)?{tag}\s([^>]*)>", xml.decode("utf-8", errors="replace"))
    return [{key.rsplit(":")[-1]: html.unescape(a or b) for key, a, b in _ATTRIBUTE.findall(e)} for e in elements]


def _sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name to its part in the zip; sheets that no name leads to stand under their path, so that they are checked too."""
    targets = {e.get("Id"): e.get("Target", "") for e in _attributes(archive.read("xl/_rels/workbook.xml.rels"), "Relationship")}
    members = set(archive.namelist())
    parts: dict[str, str] = {}
    for sheet in _attributes(archive.read("xl/workbook.xml"), "sheet"):
        target = targets.get(sheet.get("id"), "")
        part = target.lstrip("/") if target.startswith("/") else "xl/" + target
        if part in members:
            parts[sheet.get("name", part)] = part
    rest = {m for m in members if m.startswith("xl/worksheets/") and m.endswith(".xml")} - set(parts.values())
    return parts | {m: m for m in sorted(rest)}


def _scan(name: str, sheet: str, xml: bytes) -> _SheetFacts:
    """Errors and unsaved formulas of a sheet, after a check that its cells do not span an absurd area."""
    table = f"{name} \u00b7 {sheet}"
    height = max((int(m) for m in _ROW.findall(xml)), default=0)
    width = max((_number(letters) for letters in set(_WIDE_CELL.findall(xml))), default=26)
    if width > MAX_COLUMNS or height * width > 3 * MAX_CELLS:
        found = f"cells as far as row {height:,} and column {width:,}"
        done = "Keep the clinical columns; delete stray cells far below or to the right of the table."
        kind = "too-many-columns" if width > MAX_COLUMNS else "too-many-cells"
        raise refusal(kind, table, found, f"at most {MAX_COLUMNS:,} columns", done)
    found_errors = _ERROR.findall(xml) if b't="e"' in xml else []
    errors = [(int(row) - 1, _number(letters) - 1, word.decode("ascii", "replace")) for letters, row, word in found_errors]
    return _SheetFacts(errors, len(_UNSAVED.findall(xml)) if b"<f" in xml or b":f" in xml else 0)


def _number(letters: bytes) -> int:
    """Column letters to a number: A = 1, AA = 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
