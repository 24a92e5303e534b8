"""What kind of file this is: by its content first, by its name second."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from typing import Literal

from cartograph.cohort.problems import Problem
from cartograph.cohort.reading.sheets import protected
from cartograph.cohort.reading.source import Source, finding, refusal

Format = Literal["text", "workbook", "parquet", "sav", "dta", "sas7bdat", "xpt"]

_SAS = bytes.fromhex("000000000000000000000000c2ea8160b31411cfbd92080009c7318c181f1011")
_SAVE_AS = "Open it in Excel and save it as .xlsx or CSV."
_CHOOSE = "Choose a CSV, XLSX, Parquet, SPSS, Stata or SAS file."
_EXTRACT = "Unpack it and upload the table in it."
_FROM_R = "In R, save the table with write.csv(table, 'table.csv', row.names = FALSE) and upload that file."

_KNOWN: tuple[tuple[bytes, Format], ...] = (
    (b"PAR1", "parquet"),
    (b"$FL2", "sav"),
    (b"$FL3", "sav"),
    (b"<stata_dta>", "dta"),
    (_SAS, "sas7bdat"),
    (b"HEADER RECORD*******LIB", "xpt"),
)
_FOREIGN: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "a PDF document", "Ask for the table as CSV or XLSX: numbers in a PDF cannot be read safely."),
    (b"\x89PNG", "a picture (PNG)", _CHOOSE),
    (b"\xff\xd8\xff", "a picture (JPEG)", _CHOOSE),
    (b"GIF8", "a picture (GIF)", _CHOOSE),
    (b"II*\0", "a picture (TIFF)", _CHOOSE),
    (b"MM\0*", "a picture (TIFF)", _CHOOSE),
    (b"{\\rtf", "a text document (RTF)", "Copy the table into Excel and save it as .xlsx."),
    (b"RDX2", "an R data file", _FROM_R),
    (b"RDX3", "an R data file", _FROM_R),
    (b"X\n\0\0\0", "an R data file", _FROM_R),
    (b"SQLite format 3", "a database (SQLite)", "Export the table as CSV."),
    (b"ARROW1", "an Arrow (Feather) file", "Save the table as Parquet or CSV."),
    (b"ORC", "an ORC file", "Save the table as Parquet or CSV."),
    (b"ASCII SPSS PORT FILE", "an SPSS portable file", "Save it in SPSS as .sav."),
    (b"7z\xbc\xaf\x27\x1c", "a packed file (7z)", _EXTRACT),
    (b"Rar!", "a packed file (RAR)", _EXTRACT),
)
_PACKED: tuple[tuple[bytes, str], ...] = ((b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"), (b"\xfd7zXZ", "xz"), (b"\x28\xb5\x2f\xfd", "zstd"))
_R_EXTENSIONS = {"rda", "rdata", "rds"}
_EXTENSIONS: Mapping[str, tuple[str, frozenset[Format]]] = {
    "xlsx": ("an Excel workbook", frozenset({"workbook"})),
    "xlsm": ("an Excel workbook", frozenset({"workbook"})),
    "xls": ("an Excel workbook", frozenset({"workbook"})),
    "csv": ("a text table", frozenset({"text"})),
    "tsv": ("a text table", frozenset({"text"})),
    "txt": ("a text table", frozenset({"text"})),
    "parquet": ("a Parquet file", frozenset({"parquet"})),
    "sav": ("an SPSS file", frozenset({"sav"})),
    "zsav": ("an SPSS file", frozenset({"sav"})),
    "dta": ("a Stata file", frozenset({"dta"})),
    "sas7bdat": ("a SAS file", frozenset({"sas7bdat"})),
    "xpt": ("a SAS transport file", frozenset({"xpt"})),
}
_WORDS: Mapping[Format, str] = {
    "text": "plain text",
    "workbook": "an Excel workbook",
    "parquet": "a Parquet file",
    "sav": "an SPSS file",
    "dta": "a Stata file",
    "sas7bdat": "a SAS file",
    "xpt": "a SAS transport file",
}


def find_format(source: Source) -> tuple[Format, tuple[Problem, ...]]:
    """The format, with a warning when the name says another. Raises CohortError for a kind of file that holds no readable table."""
    found = _by_content(source)
    expected = _EXTENSIONS.get(source.extension)
    if expected is None or found in expected[1]:
        return found, ()
    if found == "text" and source.extension not in {"xls", "xlsx", "xlsm"}:
        done = "Export it again, or save it as CSV."
        raise refusal("damaged", source.name, f"a file that is not {expected[0]} inside", expected[0], done)
    done = "Read by its content. Look at the columns before you go on."
    return found, (finding("warning", "wrong-extension", source.name, _WORDS[found], f"{expected[0]}, as the name says", done),)


def _by_content(source: Source) -> Format:
    content = source.content
    for magic, kind in _KNOWN:
        if content.startswith(magic):
            return kind
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _in_zip(source)
    if content.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _in_ole(source)
    if source.extension == "dta" and content[:1] and 0x66 <= content[0] <= 0x73 and content[1:2] in {b"\x01", b"\x02"}:
        return "dta"
    if source.extension == "xls" and content[:2] in {b"\x09\x00", b"\x09\x02", b"\x09\x04", b"\x09\x08"} and content[3:4] == b"\0":
        return "workbook"
    _refuse_foreign(source)
    return "text"


def _refuse_foreign(source: Source) -> None:
    content = source.content
    for magic, words, done in _FOREIGN:
        if content.startswith(magic):
            raise refusal("wrong-format", source.name, words, "a table", done)
    for magic, packer in _PACKED:
        if content.startswith(magic):
            is_r = source.extension in _R_EXTENSIONS
            words, done = ("an R data file", _FROM_R) if is_r else (f"a packed file ({packer})", _EXTRACT)
            raise refusal("wrong-format", source.name, words, "a table", done)
    start = content[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if re.match(rb"<(!doctype html|html|head|body|table|meta)\b", start):
        raise refusal("wrong-format", source.name, "a web page (HTML)", "a table", _SAVE_AS)
    if start.startswith(b"<?xml"):
        raise refusal("wrong-format", source.name, "an XML file", "a table", _SAVE_AS)
    if re.match(rb'(\{\s*"|\[\s*[\[{])', start):
        raise refusal("wrong-format", source.name, "a JSON file", "a table", "Export the table as CSV.")


def _in_zip(source: Source) -> Format:
    try:
        with zipfile.ZipFile(io.BytesIO(source.content)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
        done = "Open it in Excel and save it again."
        raise refusal("damaged", source.name, "a damaged workbook or zip file", "a complete file", done) from error
    if "xl/workbook.xml" in names:
        return "workbook"
    words, done = "a zip file", _EXTRACT
    if any(n.startswith("word/") for n in names):
        words, done = "a Word document", "Copy the table into Excel and save it as .xlsx."
    elif any(n.startswith("ppt/") for n in names):
        words, done = "a PowerPoint file", "Copy the table into Excel and save it as .xlsx."
    elif "xl/workbook.bin" in names:
        words, done = "a binary Excel workbook (.xlsb)", _SAVE_AS
    elif "content.xml" in names:
        words, done = "an OpenDocument file", "Open it and save it as .xlsx or CSV."
    raise refusal("wrong-format", source.name, words, "a table", done)


def _in_ole(source: Source) -> Format:
    def holds(stream: str) -> bool:
        return stream.encode("utf-16-le") in source.content

    if holds("EncryptedPackage"):
        raise protected(source.name)
    if holds("Workbook") or holds("Book"):
        return "workbook"
    words = "a Word document" if holds("WordDocument") else "a PowerPoint file" if holds("PowerPoint Document") else "an Office file"
    raise refusal("wrong-format", source.name, f"{words} of the old kind", "a table", "Copy the table into Excel and save it as .xlsx.")
