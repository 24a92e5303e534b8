"""Files that cannot be read: a plain answer each, and nothing but tables or a CohortError for whatever comes."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import msoffcrypto
import openpyxl
import pandas as pd
import pyreadstat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msoffcrypto.format.ooxml import OOXMLFile

from cartograph.cohort import reading
from cartograph.cohort.problems import CohortError
from cartograph.cohort.reading import Source, read_tables
from cartograph.cohort.tables import RawTable


def workbook(rows: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


GOOD = workbook([["id", "x"], ["P1", 1], ["P2", 2]])


def refused(name: str, content: bytes) -> list[str]:
    with pytest.raises(CohortError) as caught:
        read_tables([Source(name, content)])
    assert all(p.severity == "error" and p.found and p.expected and p.done for p in caught.value.problems)
    return [p.kind for p in caught.value.problems]


def replaced(part: str, data: bytes) -> bytes:
    """The good workbook with one part of the zip exchanged."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(GOOD)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, data if name == part else old.read(name))
    return stream.getvalue()


def zipped(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return stream.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
FAR_CELL = b'<worksheet><sheetData><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
BAD = {
    "nothing": ("a.csv", b"", "empty"),
    "only blanks": ("a.csv", b" \n\n \t\n", "empty"),
    "only delimiters": ("a.csv", b",,\n,,\n", "empty"),
    "only a header": ("a.csv", b"id,age,sex\n", "no-rows"),
    "one column": ("a.csv", b"id\nP1\nP2\n", "one-column"),
    "zero bytes": ("a.csv", b"id,x\nP1,\0\0\0\nP2,2\n", "null-bytes"),
    "broken UTF-16": ("a.csv", b"\xff\xfei\0d", "damaged"),
    "10,000 columns": (
        "a.csv",
        (",".join(f"g{i}" for i in range(10_000)) + "\n" + ",".join("1" * 10_000) + "\n").encode(),
        "too-many-columns",
    ),
    "open quotation mark": ("a.csv", b'id,x\nP1,"a\n' + b"P2,3\n" * 200, "open-quote"),
    "a cell without end": ("a.csv", b"id,x\nP1," + b"a" * 1_500_000 + b"\n", "open-quote"),
    "PDF": ("a.csv", b"%PDF-1.7\n...", "wrong-format"),
    "PNG named xlsx": ("a.xlsx", b"\x89PNG\r\n\x1a\n....", "wrong-format"),
    "JSON": ("a.csv", b'[{"id": 1}]', "wrong-format"),
    "web page named xls": ("a.xls", b"<html><table></table></html>", "wrong-format"),
    "Word": ("a.docx", zipped("word/document.xml"), "wrong-format"),
    "zip": ("a.zip", zipped("a.csv"), "wrong-format"),
    "OpenDocument": ("a.ods", zipped("mimetype", "content.xml"), "wrong-format"),
    "R data": ("a.rda", b"\x1f\x8b\x08\0\0\0\0\0", "wrong-format"),
    "packed": ("a.csv.gz", b"\x1f\x8b\x08\0\0\0\0\0", "wrong-format"),
    "not an SPSS file": ("a.sav", b"id,x\nP1,1\n", "damaged"),
    "broken off SPSS": ("a.sav", b"$FL2@(#) SPSS DATA FILE", "damaged"),
    "broken off Stata": ("a.dta", b"<stata_dta><header>", "damaged"),
    "broken off SAS transport": ("a.xpt", b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!0000", "damaged"),
    "broken off Parquet": ("a.parquet", b"PAR1\x15\x04", "damaged"),
    "broken off workbook": ("a.xlsx", GOOD[:300], "damaged"),
    "workbook without sheets": ("a.xlsx", replaced("xl/workbook.xml", b"<workbook/>"), "empty"),
    "broken sheet": ("a.xlsx", replaced(SHEET, b"<worksheet><sheetData><row"), "damaged"),
    "stray cell far away": ("a.xlsx", replaced(SHEET, FAR_CELL), "too-many-columns"),
    "stray row far away": ("a.xlsx", replaced(SHEET, FAR_CELL.replace(b"XFD", b"ZZ")), "too-many-cells"),
    "zip bomb": ("a.xlsx", replaced(SHEET, b" " * 60_000_000), "zip-bomb"),
    "workbook with only a header": ("a.xlsx", workbook([["id", "x"]]), "no-rows"),
    "workbook of 3,000 columns": ("a.xlsx", workbook([[f"g{i}" for i in range(3000)], list(range(3000))]), "too-many-columns"),
    "old Word": ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500 + "WordDocument".encode("utf-16-le"), "wrong-format"),
    "neither text nor known": ("a.dat", bytes(range(1, 256)) * 20, "unknown-format"),
}


@pytest.mark.parametrize(("name", "content", "kind"), BAD.values(), ids=BAD.keys())
def test_bad_files_get_a_plain_answer(name: str, content: bytes, kind: str) -> None:
    assert refused(name, content) == [kind]


def test_a_protected_workbook_is_recognised() -> None:
    stream = io.BytesIO()
    OOXMLFile(io.BytesIO(GOOD)).encrypt("secret", stream)
    assert msoffcrypto.OfficeFile(stream).is_encrypted()
    assert refused("a.xlsx", stream.getvalue()) == ["password"]


def test_large_files_are_refused_before_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_BYTES", 100)
    assert refused("a.csv", b"id,x\n" + b"P,1\n" * 50) == ["too-large"]


def test_a_large_file_on_disk_is_not_even_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,x\nP,1\n")
    monkeypatch.setattr("cartograph.cohort.reading.source.MAX_BYTES", 5)
    with pytest.raises(CohortError, match="MB"):
        Source.from_path(path)


def test_a_wide_spss_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "wide.sav"
    pyreadstat.write_sav(pd.DataFrame({f"g{i}": [1.0] for i in range(2100)}), path)
    assert refused("wide.sav", path.read_bytes()) == ["too-many-columns"]


def test_every_problem_of_every_file_at_once() -> None:
    with pytest.raises(CohortError) as caught:
        read_tables([Source("a.csv", b""), Source("b.csv", b"id,x\nP1,1\n"), Source("c.pdf", b"%PDF-")])
    assert [(p.table, p.kind) for p in caught.value.problems] == [("a.csv", "empty"), ("c.pdf", "wrong-format")]


def test_no_file_is_a_wrong_call() -> None:
    with pytest.raises(ValueError, match="at least one"):
        read_tables([])


# ---------------------------------------------------------------- whatever comes


def check(source: Source) -> tuple[RawTable, ...]:
    """Read, and hold the promises of RawTable; () for a file that was refused in words."""
    try:
        tables = read_tables([source])
    except CohortError as error:
        refusal = error.problems
        tables = ()
    else:
        refusal = ()
    assert bool(tables) != bool(refusal)
    assert all(p.severity == "error" and p.sentence() for p in refusal)
    for table in tables:
        assert table.frame.columns.is_unique
        assert table.frame.index.is_unique
        assert len(table.frame) > 0
        assert table.frame.shape[1] > 1
        for cell in table.frame.to_numpy().ravel():
            assert cell is None or isinstance(cell, str | int | float | bool | pd.Timestamp)
            assert cell != ""
    return tables


NAMES = st.sampled_from(["a.csv", "a.tsv", "a.xlsx", "a.xls", "a.sav", "a.dta", "a.xpt", "a.sas7bdat", "a.parquet", "a", "a.rda"])
STARTS = st.sampled_from(
    [b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PAR1", b"\xff\xfe", b"\xef\xbb\xbf", b"id,x\n", b"$FL2@(#)"]
)
LINES = st.lists(st.text(alphabet=st.sampled_from('ab1290.,;|\t "#/=-<\nµé'), max_size=25), max_size=12).map("\n".join)
FEW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@FEW
@given(NAMES, STARTS, st.binary(max_size=400))
def test_random_bytes(name: str, start: bytes, content: bytes) -> None:
    check(Source(name, start + content))


@FEW
@given(NAMES, st.one_of(LINES, st.text(max_size=200)), st.sampled_from(["utf-8", "utf-16", "cp1252", "mac_roman"]))
def test_random_text(name: str, text: str, encoding: str) -> None:
    check(Source(name, text.encode(encoding, errors="ignore")))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255), st.integers(0, len(GOOD)))
def test_damaged_workbooks(place: int, value: int, length: int) -> None:
    check(Source("a.xlsx", (GOOD[:place] + bytes([value]) + GOOD[place + 1 :])[: max(length, place)]))
    check(Source("a.xlsx", GOOD[:place] + struct.pack("B", value) + GOOD[place + 1 :]))


WORDS = st.text(
    alphabet=st.characters(codec="utf-8", exclude_characters="\0\r\n\ufeff", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), max_size=8
)
TABLES = st.integers(2, 5).flatmap(lambda n: st.lists(st.lists(WORDS, min_size=n, max_size=n), min_size=1, max_size=8))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TABLES)
def test_random_tables_as_csv_and_workbook(rows: list[list[str]]) -> None:
    frame = pd.DataFrame([["P", *row] for row in rows], columns=["id", *(f"c{i}" for i in range(len(rows[0])))])
    from_csv = check(Source("a.csv", frame.to_csv(index=False).encode()))
    assert len(from_csv) == 1
    assert len(from_csv[0].frame) == len(rows)
    check(Source("a.xlsx", workbook([list(frame.columns), *frame.to_numpy().tolist()])))
