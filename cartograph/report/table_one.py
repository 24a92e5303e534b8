"""Table 1 as a file: CSV, Word, a web page, LaTeX. All four print the same lines."""

from __future__ import annotations

import html
import re
from importlib import import_module
from typing import TYPE_CHECKING, Any

from cartograph.report.word_table import word_table
from cartograph.views.baseline import PrintedTable

if TYPE_CHECKING:
    from great_tables import GT

SYNTHETIC_LINE = "SYNTHETIC data: no real patient"
RUN_BY_A_SPREADSHEET = "=+-@\t\r"
INDENT = "\u2003"
BEFORE = "Before infusion"
STUB, PART = "Characteristic", "part"
LATEX = {  # what pdfLaTeX does not know by itself
    "\u2003": r"\quad{}",
    "\u2009": r"\,",
    "\u2013": "--",
    "\u2212": "$-$",
    "\u2264": r"$\leq$",
    "\u2265": r"$\geq$",
    "\u221e": r"$\infty$",
    "\u00b5": r"$\mu$",
    "\u03bc": r"$\mu$",
    "\u03b2": r"$\beta$",
    "\u2192": r"$\rightarrow$",
    "\u201c": "``",
    "\u201d": "''",
}
_WRAPPED = r">{\raggedright\arraybackslash}"
PREAMBLE = "% In the preamble: \\usepackage[utf8]{inputenc} \\usepackage{booktabs,longtable,caption,array}\n"
STYLE = (
    "body{font:15px/1.45 system-ui,'Segoe UI',Arial,sans-serif;color:#262730;margin:2rem;font-variant-numeric:tabular-nums}"
    "td,th{vertical-align:top}.gt_stub{max-width:26rem;overflow-wrap:anywhere;white-space:pre-line}"
)


def table_one_csv(table: PrintedTable, *, synthetic: bool) -> bytes:
    """The printed lines, led by the notes, which begin with #. Texts that a spreadsheet would run are led by an apostrophe."""
    head = "".join(f"# {' '.join(line.split())}\r\n" for line in _notes(table, synthetic))
    frame = table.to_frame().map(_neutral)
    return (head + frame.to_csv(index=False, lineterminator="\r\n", header=[str(_neutral(c)) for c in frame.columns])).encode("utf-8-sig")


def table_one_docx(table: PrintedTable, *, synthetic: bool) -> bytes:
    """A Word document with the table and its notes."""
    frame = table.to_frame()
    return word_table(frame, title=_title(table, synthetic), notes=_notes(table, synthetic), numeric=_numeric(table))


def table_one_html(table: PrintedTable, *, synthetic: bool) -> bytes:
    """A web page of its own that loads nothing; every text from the cohort is escaped."""
    title = html.escape(_title(table, synthetic))
    body = _great(table, synthetic).as_raw_html()
    head = f"<meta charset='utf-8'><meta name='viewport' content='width=device-width'><title>{title}</title><style>{STYLE}</style>"
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{body}</body></html>\n".encode()


def table_one_latex(table: PrintedTable, *, synthetic: bool) -> bytes:
    """A longtable for a manuscript; the first line says which packages it needs."""
    made = str(_great(table, synthetic).tab_options(table_font_size="9pt").as_latex(use_longtable=True))
    made = made.replace(r"\begin{longtable}{l", rf"\begin{{longtable}}{{{_WRAPPED}p{{0.28\linewidth}}", 1)
    made = re.sub(r"(\\multicolumn\{\d+\})\{l\}", lambda found: rf"{found[1]}{{{_WRAPPED}p{{0.95\linewidth}}}}", made)
    for letter, command in LATEX.items():
        made = made.replace(letter, command)
    return (PREAMBLE + made).encode()


def _title(table: PrintedTable, synthetic: bool) -> str:
    return table.title + (f" ({SYNTHETIC_LINE})" if synthetic else "")


def _notes(table: PrintedTable, synthetic: bool) -> tuple[str, ...]:
    return (*((SYNTHETIC_LINE,) if synthetic else ()), *table.notes)


def _numeric(table: PrintedTable) -> list[str]:
    """Names of the columns that are set right: all but the first and those of words."""
    names = list(table.to_frame().columns)[1:]
    return [name for name, heading in zip(names, table.headings, strict=True) if heading not in ("Test", "SMD is between")]


def _great(table: PrintedTable, synthetic: bool) -> GT:
    """The table of great_tables. It is loaded here because it takes longer than everything else on the page together."""
    maker: Any = import_module("great_tables")
    frame = table.to_frame().astype(str)
    frame[STUB] = [" ".join(row.label.split()) if not row.level else INDENT + " ".join(row.label.split()) for row in table.rows]
    frame[PART] = _parts(table)
    frame = frame.loc[[row.kind != "block" for row in table.rows]].reset_index(drop=True)
    parts = {"groupname_col": PART} if frame[PART].nunique() > 1 else {}
    made: GT = maker.GT(frame if parts else frame.drop(columns=PART), rowname_col=STUB, id="baseline", **parts)
    made = made.tab_header(title=_title(table, synthetic)).tab_stubhead(label=STUB)
    made = made.cols_align(align="right", columns=_numeric(table))
    for note in _notes(table, synthetic):
        made = made.tab_source_note(" ".join(note.split()))
    return made


def _parts(table: PrintedTable) -> list[str]:
    """The part of the table that each line belongs to."""
    found, current = [], BEFORE
    for row in table.rows:
        current = row.label if row.kind == "block" else current
        found.append(current)
    return found


def _neutral(value: object) -> object:
    return "'" + value if isinstance(value, str) and value[:1] and value[:1] in RUN_BY_A_SPREADSHEET else value
