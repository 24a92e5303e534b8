"""Table 1 as files: the same lines in all of them, nothing that runs, nothing that is fetched."""

from __future__ import annotations

import csv
import html
import io
import re
import zipfile

import pytest

from cartograph.report.table_one import table_one_csv, table_one_docx, table_one_html, table_one_latex
from cartograph.views.baseline import BaselineChoice, PrintedRow, PrintedTable, baseline, printed_baseline, table_columns
from cartograph.views.explore import ExploreView
from tests.views.odd_cohort import odd_cohort

COHORT = odd_cohort()
COLUMNS = tuple(c.key for c in table_columns(COHORT))
TABLE = printed_baseline(baseline(COHORT, ExploreView(), BaselineChoice(COLUMNS, "product", tests="fisher")))
FORMS = (table_one_csv, table_one_docx, table_one_html, table_one_latex)
NASTY = PrintedTable(
    "<script>alert(1)</script>",
    ("Overall (n = 3)",),
    (PrintedRow("number", "=1+1 & <b> $x_1$ % \\input{x}", ("+2",)), PrintedRow("missing", "Not known", ("0",), 1)),
    ("a < b",),
)


def word_text(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return html.unescape(re.sub(r"<[^>]+>", " ", archive.read("word/document.xml").decode()))


def test_the_csv_holds_every_line_as_printed() -> None:
    text = table_one_csv(TABLE, synthetic=True).decode("utf-8-sig")
    said = [line for line in text.splitlines() if line.startswith("#")]
    assert said[0] == "# SYNTHETIC data: no real patient"
    rows = list(csv.reader(line for line in text.splitlines() if not line.startswith("#")))
    assert rows[0][1:] == list(TABLE.headings)
    assert [row[1:] for row in rows[1:]] == [list(row.cells) for row in TABLE.rows]


@pytest.mark.parametrize("make", FORMS)
def test_synthetic_is_said_only_where_it_is_true_and_the_file_is_the_same_each_time(make) -> None:
    text = make(TABLE, synthetic=True) if make is not table_one_docx else word_text(make(TABLE, synthetic=True)).encode()
    assert b"SYNTHETIC" in text
    assert b"SYNTHETIC" not in make(TABLE, synthetic=False)
    assert make(TABLE, synthetic=True) == make(TABLE, synthetic=True)


def test_word_html_and_latex_print_the_same_cells() -> None:
    page = html.unescape(table_one_html(TABLE, synthetic=False).decode())
    latex = table_one_latex(TABLE, synthetic=False).decode()
    document = word_text(table_one_docx(TABLE, synthetic=False))
    for row in TABLE.rows:
        for cell in filter(None, row.cells):
            assert cell in page
            assert " ".join(cell.split()) in document
            assert cell.replace("%", "\\%").replace("\u2009", "\\,").replace("\u2013", "--").replace("\u2212", "$-$") in latex
    assert "Known only after infusion" in page
    assert "Known only after infusion" in latex


def test_a_page_loads_nothing_and_runs_nothing() -> None:
    page = table_one_html(NASTY, synthetic=False).decode()
    assert "<script" not in page
    assert "http" not in page
    assert "<b>" not in page.split("</style>")[-1]
    assert "&lt;script&gt;" in page


def test_latex_and_spreadsheets_run_nothing() -> None:
    latex = table_one_latex(NASTY, synthetic=False).decode()
    assert "\\input" not in latex
    assert "\\textbackslash{}input" in latex
    assert "\\$x\\_1\\$ \\%" in latex
    assert latex.isascii()
    text = table_one_csv(NASTY, synthetic=False).decode("utf-8-sig")
    assert "\n'=1+1" in text
    assert ",'+2" in text
