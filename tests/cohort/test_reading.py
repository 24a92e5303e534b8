"""Every format and every quirk: what a file says is what the table holds, and what was mended is told."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyreadstat
import pytest

from cartograph.cohort.problems import CohortError
from cartograph.cohort.reading import Source, read_tables, sheet_names
from cartograph.cohort.tables import RawTable

PLAIN = b"id,age,product\nP1,61,ide-cel\nP2,70,cilta-cel\n"


def read(content: bytes, name: str = "cohort.csv", sheets: tuple[str, ...] | None = None) -> RawTable:
    (table,) = read_tables([Source(name, content, sheets)])
    return table


def cells(table: RawTable) -> list[list[Any]]:
    return [list(table.frame.columns), *table.frame.to_numpy().tolist()]


def kinds(table: RawTable) -> list[str]:
    return [p.kind for p in table.problems]


def book(*sheets: tuple[str, list[list[Any]]], change: Callable[[openpyxl.Workbook], None] | None = None) -> bytes:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.worksheets[0])
    for name, rows in sheets:
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    if change is not None:
        change(workbook)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


HEADER = ["id", "age", "product"]
TWO_ROWS = [HEADER, ["P1", "61", "ide-cel"], ["P2", "70", "cilta-cel"]]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(PLAIN, id="comma"),
        pytest.param(PLAIN.replace(b",", b";"), id="semicolon"),
        pytest.param(PLAIN.replace(b",", b"\t"), id="tab"),
        pytest.param(PLAIN.replace(b",", b"|"), id="bar"),
        pytest.param(PLAIN.replace(b",", b"   "), id="blanks"),
        pytest.param(PLAIN.replace(b",", b" , "), id="blanks around"),
        pytest.param(PLAIN.replace(b"\n", b"\r\n"), id="Windows line ends"),
        pytest.param(PLAIN.replace(b"\n", b"\r"), id="old Mac line ends"),
        pytest.param(PLAIN.rstrip(), id="no last line end"),
        pytest.param(b"\xef\xbb\xbf" + PLAIN, id="UTF-8 mark"),
        pytest.param(PLAIN.decode().encode("utf-16"), id="UTF-16"),
        pytest.param(PLAIN.decode().encode("utf-16-le"), id="UTF-16 without mark"),
        pytest.param(PLAIN.decode().encode("utf-16-be"), id="UTF-16 BE without mark"),
        pytest.param(b"sep=;\n" + PLAIN.replace(b",", b";"), id="sep line"),
        pytest.param(b"# export\n// second\n\n" + PLAIN, id="comments above"),
        pytest.param(b"#id,age,product\nP1,61,ide-cel\nP2,70,cilta-cel\n".replace(b"#id", b'"id"'), id="quoted header"),
        pytest.param(PLAIN.replace(b"61,ide-cel", b"61,ide-cel\n# a remark"), id="comment between"),
        pytest.param(b"Cohort 2024\nOnly treated patients\n\n" + PLAIN, id="title lines"),
        pytest.param(b"Cohort 2024,,\n" + PLAIN, id="padded title"),
        pytest.param(PLAIN.replace(b"\n", b",\n"), id="trailing delimiter"),
        pytest.param(PLAIN.replace(b"P1", b"\n,,\nP1"), id="empty rows"),
        pytest.param(PLAIN + b"\nFrozen on 2024-01-31\n", id="footnote"),
        pytest.param(PLAIN.replace(b"id,", b"id,,").replace(b"P1,", b"P1,,").replace(b"P2,", b"P2,,"), id="empty column"),
    ],
)
def test_the_same_table_from_any_text_file(content: bytes) -> None:
    assert cells(read(content)) == TWO_ROWS


def test_rows_carry_the_numbers_a_spreadsheet_shows() -> None:
    table = read(b"# comment\nTitle\n\n" + PLAIN.replace(b"P2", b"\nP2"))
    assert table.frame.index.tolist() == [5, 7]
    assert table.preamble == ("comment", "Title")


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "mac_roman", "utf-8", "utf-16"])
def test_accents_survive_every_western_encoding(encoding: str) -> None:
    table = read("id;Geschlecht;Größe\nP1;männlich;groß\nP2;weiblich;Müßig für Ärzte\n".encode(encoding))
    assert cells(table)[0] == ["id", "Geschlecht", "Größe"]
    assert table.frame["Größe"].tolist() == ["groß", "Müßig für Ärzte"]


@pytest.mark.parametrize("word", ["", "NA", "n/a", "N.A.", "NaN", "null", ".", "-", "#N/A", "  "])
def test_words_for_no_value_become_none(word: str) -> None:
    assert read(f"id,x,y\nP1,{word},1\nP2,3,2\n".encode()).frame["x"].tolist() == [None, "3"]


@pytest.mark.parametrize("word", ["unknown", "none", "not done", "0", "neg"])
def test_answers_stay(word: str) -> None:
    assert read(f"id,x,y\nP1,{word},1\nP2,3,2\n".encode()).frame["x"].tolist() == [word, "3"]


@pytest.mark.parametrize(
    ("content", "mark"),
    [
        (b"id;x\nP1;1,5\nP2;2,25\n", ","),
        (b"id;x;y\nP1;1,5;2,5\nP2;2,2;3,5\n", ","),
        (b"id;x\nP1;1.234,5\nP2;2\n", ","),
        (b"id;x\nP1;1,234\nP2;<0,5\n", ","),
        (b"id;x\nP1;1,234\nP2;2\n", ","),
        (b'id,x\nP1,"1,234"\nP2,2\n', "."),
        (b'id,x\nP1,"1,234.5"\nP2,2\n', "."),
        (b"id,x\nP1,1.5\nP2,2\n", "."),
    ],
)
def test_decimal_mark(content: bytes, mark: str) -> None:
    table = read(content)
    assert table.decimal == mark
    assert table.frame.shape[0] == 2


def test_mixed_decimal_marks_are_warned_about() -> None:
    assert "mixed-decimals" in kinds(read(b"id;x\nP1;1,5\nP2;2,5\nP3;3.5\n"))


def test_quotes_delimiters_and_line_breaks_inside_cells() -> None:
    table = read(b'id,note,x\nP1,"a, ""b""\nc",1\nP2,d,2\n')
    assert table.frame["note"].tolist() == ['a, "b"\nc', "d"]


def test_rows_that_do_not_fit_are_left_out_with_their_number() -> None:
    table = read(b"id,age,x\nP1,61,1\nP2,62\nP3,63,3\nP4,64,4,9\nP5,65,5\n")
    assert table.frame["id"].tolist() == ["P1", "P3", "P5"]
    assert [(p.severity, p.row) for p in table.problems if p.kind == "ragged-row"] == [("error", 3), ("error", 5)]


def test_a_short_row_is_kept_where_the_last_columns_are_usually_empty() -> None:
    table = read(b"id,age,remark\nP1,61,\nP2,62\nP3,63,\nP4,64,x\n")
    assert table.frame["remark"].tolist() == [None, None, None, "x"]
    assert "ragged-row" not in kinds(table)


def test_many_misfits_are_summed_up() -> None:
    table = read(b"id,age,x\n" + b"P,1,2\n" * 500 + b"P,1,2,3\n" * 100)
    found = [p for p in table.problems if p.kind == "ragged-row"]
    assert len(found) == 21
    assert found[-1].found.startswith("80 more")


def test_duplicate_and_empty_headers_get_names() -> None:
    table = read(b"id,x,x,,x (2)\nP1,1,2,3,4\nP2,1,2,3,4\n")
    assert cells(table)[0] == ["id", "x", "x (3)", "Column 4", "x (2)"]
    assert sorted(kinds(table)) == ["duplicate-header", "empty-header"]


def test_a_missing_header_is_noticed() -> None:
    table = read(b"1,61,337.5\n2,70,12\n3,55,8\n")
    assert cells(table)[0] == ["Column 1", "Column 2", "Column 3"]
    assert table.frame.index.tolist() == [1, 2, 3]
    assert kinds(table) == ["no-header"]


def test_headers_that_are_numbers_above_words_are_headers() -> None:
    assert cells(read(b"id,1,3,6\nP1,PR,CR,CR\nP2,SD,PD,NE\n"))[0] == ["id", "1", "3", "6"]


def test_row_names_of_r_get_a_header() -> None:
    table = read(b'"age" "sex"\n"1" 61 "m"\n"2" 70 "f"\n')
    assert cells(table) == [["row name", "age", "sex"], ["1", "61", "m"], ["2", "70", "f"]]


def test_spelled_groups_of_a_text_file_are_joined() -> None:
    table = read(b",Ferritin,,CRP,\nid,day 0,pre,day 0,pre\nP1,1,2,3,4\nP2,1,2,3,4\n")
    assert cells(table)[0] == ["id", "Ferritin · day 0", "Ferritin · pre", "CRP · day 0", "CRP · pre"]


def test_formulas_and_scripts_are_only_text() -> None:
    table = read(b"id,x\n=cmd()|' /C calc'!A0,<script>alert(1)</script>\nP2,<b>2</b>\n")
    assert cells(table)[1] == ["=cmd()|' /C calc'!A0", "<script>alert(1)</script>"]


def test_progress_rises_to_one_and_speaks() -> None:
    heard: list[tuple[float, str]] = []
    content = b"id,x\n" + b"P,1\n" * 50_000
    tables = read_tables([Source("a.csv", content), Source("b.csv", PLAIN)], progress=lambda f, w: heard.append((f, w)))
    fractions = [f for f, _ in heard]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)
    assert any("rows read" in w for _, w in heard)
    assert [len(t.frame) for t in tables] == [50_000, 2]


def test_two_files_of_one_name_are_told_apart() -> None:
    tables = read_tables([Source("a.csv", PLAIN), Source("a.csv", PLAIN)])
    assert [t.name for t in tables] == ["a.csv", "a.csv (2)"]


def test_a_csv_named_xlsx_is_read_with_a_warning() -> None:
    table = read(PLAIN, "cohort.xlsx")
    assert cells(table) == TWO_ROWS
    assert kinds(table) == ["wrong-extension"]


def test_a_path_becomes_a_source(tmp_path: Path) -> None:
    path = tmp_path / "cohort.csv"
    path.write_bytes(PLAIN)
    assert cells(read_tables([Source.from_path(path)])[0]) == TWO_ROWS
    with pytest.raises(CohortError, match="No such file"):
        Source.from_path(tmp_path / "missing.csv")


# ---------------------------------------------------------------- workbooks


def test_workbook_types() -> None:
    day = datetime(2024, 1, 31, tzinfo=UTC).replace(tzinfo=None)
    content = book(
        (
            "Patients",
            [["id", "n", "x", "day", "yes", "t"], ["P1", 3, 1.5, day, True, " NA "], ["P2", 4, None, date(2024, 2, 1), False, "b "]],
        )
    )
    table = read(content, "book.xlsx")
    assert table.name == "book.xlsx · Patients"
    assert cells(table)[1:] == [["P1", 3, 1.5, pd.Timestamp(day), True, None], ["P2", 4, None, pd.Timestamp(2024, 2, 1), False, "b"]]
    assert isinstance(table.frame["n"].iloc[0], int)
    assert table.frame.index.tolist() == [2, 3]


def test_titles_merged_groups_and_footnotes_of_a_workbook() -> None:
    def merge(workbook: openpyxl.Workbook) -> None:
        sheet = workbook.worksheets[0]
        for area in ("A1:E1", "A3:A4", "B3:C3", "D3:E3"):
            sheet.merge_cells(area)

    rows = [
        ["Cohort of 2024"],
        [],
        ["Patient", "Ferritin", None, "CRP", None],
        [None, "pre", "day 0", "pre", "day 0"],
        ["P1", 1, 2, 3, 4],
        ["P2", 5, 6, 7, 8],
        [],
        ["* measured locally"],
    ]
    table = read(book(("A", rows), change=merge), "book.xlsx")
    assert cells(table)[0] == ["Patient", "Ferritin · pre", "Ferritin · day 0", "CRP · pre", "CRP · day 0"]
    assert table.labels["CRP · day 0"] == "CRP · day 0"
    assert table.frame.index.tolist() == [5, 6]
    assert table.preamble == ("Cohort of 2024",)
    assert "footnote" in kinds(table)


def test_groups_above_a_full_header_row() -> None:
    def merge(workbook: openpyxl.Workbook) -> None:
        workbook.worksheets[0].merge_cells("B1:C1")

    rows = [[None, "Ferritin", None], ["Patient", "pre", "day 0"], ["P1", 1, 2], ["P2", 3, 4]]
    assert cells(read(book(("A", rows), change=merge), "b.xlsx"))[0] == ["Patient", "Ferritin · pre", "Ferritin · day 0"]


def test_sheets_can_be_listed_and_chosen_and_hidden_ones_are_noted() -> None:
    def hide(workbook: openpyxl.Workbook) -> None:
        workbook["Secret"].sheet_state = "hidden"

    content = book(("Patients", TWO_ROWS), ("Empty", []), ("Visits", TWO_ROWS), ("Secret", TWO_ROWS), change=hide)
    assert sheet_names(Source("b.xlsx", content)) == ("Patients", "Empty", "Visits")
    tables = read_tables([Source("b.xlsx", content)])
    assert [t.name for t in tables] == ["b.xlsx · Patients", "b.xlsx · Visits"]
    assert kinds(tables[0]) == ["sheet-left-out", "hidden-sheets"]
    assert read(content, "b.xlsx", ("Secret",)).name == "b.xlsx · Secret"
    with pytest.raises(CohortError, match="no sheet 'X'"):
        read_tables([Source("b.xlsx", content, ("X",))])
    assert sheet_names(Source("a.csv", PLAIN)) == ()


def test_error_cells_and_unsaved_formulas_are_missing_with_a_warning() -> None:
    def spoil(workbook: openpyxl.Workbook) -> None:
        cell = workbook.worksheets[0]["B2"]
        cell.value, cell.data_type = "#DIV/0!", "e"

    table = read(book(("A", [["id", "x", "y"], ["P1", 1, "=1+1"], ["P2", 2, 5]]), change=spoil), "b.xlsx")
    assert cells(table)[1:] == [["P1", None, None], ["P2", 2, 5]]
    assert sorted(kinds(table)) == ["formula-error", "formula-without-value"]
    assert next(p for p in table.problems if p.kind == "formula-error").row == 2


# ---------------------------------------------------------------- statistics programs

FRAME = pd.DataFrame({"id": ["P1", "P2"], "sex": [1.0, 2.0], "crp": [1.5, None]})
OPTIONS: dict[str, Any] = {"column_labels": {"crp": "C-reactive protein"}, "variable_value_labels": {"sex": {1: "male", 2: "female"}}}


def written(tmp_path: Path, kind: str) -> bytes:
    path = tmp_path / f"x.{kind}"
    if kind == "parquet":
        FRAME.assign(sex=["male", "female"]).to_parquet(path)
    elif kind == "sav":
        pyreadstat.write_sav(FRAME, path, **OPTIONS)
    elif kind == "dta":
        pyreadstat.write_dta(FRAME, path, **OPTIONS)
    else:
        pyreadstat.write_xport(FRAME.assign(sex=["male", "female"]), path, column_labels=OPTIONS["column_labels"])
    return path.read_bytes()


@pytest.mark.parametrize("kind", ["parquet", "sav", "dta", "xpt"])
def test_files_of_statistics_programs(tmp_path: Path, kind: str) -> None:
    table = read(written(tmp_path, kind), f"x.{kind}")
    assert cells(table) == [["id", "sex", "crp"], ["P1", "male", 1.5], ["P2", "female", None]]
    assert table.frame.index.tolist() == [1, 2]
    if kind != "parquet":
        assert table.labels["crp"] == "C-reactive protein"


@pytest.mark.parametrize("kind", ["parquet", "sav", "dta", "xpt"])
def test_the_name_does_not_decide(tmp_path: Path, kind: str) -> None:
    content = written(tmp_path, kind)
    table = read(content, "x.csv")
    assert cells(table)[0] == ["id", "sex", "crp"]
    assert kinds(table)[0] == "wrong-extension"


def test_dates_of_statistics_programs_are_timestamps(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pd.DataFrame({"id": ["a", "b"], "day": pd.to_datetime(["2024-01-31", None]), "d": [date(2024, 1, 31), None]}).to_parquet(path)
    table = read(path.read_bytes(), "x.parquet")
    stamp = pd.Timestamp(2024, 1, 31)
    assert cells(table)[1:] == [["a", stamp, stamp], ["b", None, None]]
