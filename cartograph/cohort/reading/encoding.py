"""Bytes to text, whatever program on whatever system wrote them."""

from __future__ import annotations

import codecs

from charset_normalizer import from_bytes

from cartograph.cohort.problems import Problem
from cartograph.cohort.reading.source import finding, refusal

# the longer marks first: UTF-32 LE begins with the mark of UTF-16 LE
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NAMES = {"cp1252": "Windows (Western European)", "mac_roman": "Mac (Western European)"}
_EXPECTED = frozenset("äöüÄÖÜßéèêëàâáãåçñíìîïóòôõøúùûÉÈÀÇÑØÅæœ°µμ²³±≥≤–—’‘“”…·×®§½¿¡€")
_SAMPLE = 200_000


def decode(name: str, content: bytes) -> tuple[str, tuple[Problem, ...]]:
    """The text of a file, with a note when its encoding had to be guessed. Raises CohortError for bytes that are no text."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _strict(name, content[len(mark) :], encoding), ()
    if b"\0" in content:
        return _with_nulls(name, content), ()
    try:
        return content.decode("utf-8"), ()
    except UnicodeDecodeError:
        encoding = _guess(content)
    text = content.decode(encoding, errors="replace")
    _refuse_binary(name, text)
    found = f"letters in the encoding {_NAMES.get(encoding, encoding)}"
    done = "Read that way; check that names with accents look right."
    return text, (finding("note", "encoding", name, found, "UTF-8", done),)


def _strict(name: str, content: bytes, encoding: str) -> str:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        done = "Open it in your spreadsheet program and save it as CSV UTF-8."
        raise refusal("damaged", name, "text that breaks off or is damaged", f"complete {encoding.upper()} text", done) from error
    if "\0" in text:
        raise _null_bytes(name)
    return text


def _with_nulls(name: str, content: bytes) -> str:
    """UTF-16 without a mark has a zero in every other byte; any other zero byte means that this is no text."""
    sample = content[: _SAMPLE - _SAMPLE % 2]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = max(1, len(sample) // 2)
    if len(content) % 2 == 0 and max(even, odd) > 0.4 * half and min(even, odd) == 0:
        return _strict(name, content, "utf-16-le" if odd > even else "utf-16-be")
    raise _null_bytes(name)


def _null_bytes(name: str) -> Exception:
    done = "Open it in the program that wrote it and export it again as CSV or XLSX."
    return refusal("null-bytes", name, "zero bytes, which no text file has", "a text file or a workbook", done)


def _refuse_binary(name: str, text: str) -> None:
    sample = text[:_SAMPLE]
    control = sum(1 for c in sample if (c < " " and c not in "\t\r\n\f\v") or c == "\ufffd")
    if control > max(2, 0.01 * len(sample)):
        done = "Choose a CSV, XLSX, Parquet, SPSS, Stata or SAS file."
        raise refusal("unknown-format", name, "contents that are neither text nor a known kind of file", "a table", done)


def _guess(content: bytes) -> str:
    """cp1252, mac_roman, or what charset-normalizer makes of the bytes when neither gives western letters."""
    high = bytes(b for b in content[: 10 * _SAMPLE] if b >= 0x80)[:5000]
    scores = {e: sum(c in _EXPECTED for c in high.decode(e, errors="replace")) for e in ("cp1252", "mac_roman")}
    best = max(scores, key=lambda e: scores[e])
    if scores[best] >= 0.7 * len(high):
        return best
    match = from_bytes(content[:_SAMPLE]).best()
    return "cp1252" if match is None or match.encoding.startswith("utf") else match.encoding
