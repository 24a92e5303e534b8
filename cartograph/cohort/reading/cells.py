"""Cells: which words mean "no value", how numbers held as text mark decimals, and types that every format shares."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import re
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

import pandas as pd

Cell: TypeAlias = str | float | int | bool | pd.Timestamp | None

# Only words that can mean nothing else. "unknown", "none", "not done" and "neg" are answers, so they stay.
MISSING_WORDS = frozenset(
    {"", "na", "n/a", "n.a.", "n.a", "n. a.", "nan", "null", "<na>", "#n/a", "#na", "nat", ".", "-", "--", "\u2013", "\u2014", "\u2212"}
)
_LONGEST_MISSING = max(map(len, MISSING_WORDS))
ERROR_WORDS = frozenset({"#DIV/0!", "#NUM!", "#VALUE!", "#REF!", "#NAME?", "#NULL!", "#SPILL!", "#CALC!", "#FIELD!", "#GETTING_DATA"})

_NUMBER = re.compile(r"[<>\u2264\u2265~=\s]*[+-]?(\d+([.,]\d+)*|[.,]\d+)(e[+-]?\d+)?\s*%?", re.IGNORECASE)
_COMMA_NUMBER = re.compile(r"[<>\u2264\u2265~=\s]*[+-]?\d[\d.]*,\d+(e[+-]?\d+)?\s*%?", re.IGNORECASE)
_DOT_NUMBER = re.compile(r"[<>\u2264\u2265~=\s]*[+-]?\d[\d,]*\.\d+(e[+-]?\d+)?\s*%?", re.IGNORECASE)
_THOUSANDS = re.compile(r"[<>\u2264\u2265~=\s]*[+-]?\d{1,3}(?P<mark>[.,])\d{3}((?P=mark)\d{3})*\s*%?")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ].*)?")


def clean_text(text: str) -> str | None:
    """The text without surrounding blanks and byte order marks; None when it is a word for "no value"."""
    text = text.strip()
    if "\u00a0" in text or "\ufeff" in text:
        text = text.replace("\u00a0", " ").strip("\ufeff ").strip()
    return None if len(text) <= _LONGEST_MISSING and text.lower() in MISSING_WORDS else text


def is_error(cell: Cell) -> bool:
    """True for the error words a spreadsheet shows instead of a number."""
    return isinstance(cell, str) and cell.startswith("#") and cell.upper() in ERROR_WORDS


def is_number(cell: Cell) -> bool:
    """True for a number, a date, or text that reads like one ("<3", "1.234,5", "12 %", "2024-01-31")."""
    if isinstance(cell, str):
        return _NUMBER.fullmatch(cell) is not None or _DATE.fullmatch(cell) is not None
    return cell is not None and not isinstance(cell, bool)


def clean_cell(value: object) -> Cell:
    """One value of any reader as a Cell: whole floats become int, dates Timestamp, text is stripped, missing becomes None."""
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float | decimal.Decimal):
        number = float(value)
        return None if math.isnan(number) else int(number) if number.is_integer() and abs(number) < 2**53 else number
    if isinstance(value, dt.date):  # datetime and Timestamp are dates as well
        return _timestamp(value)
    return clean_text(_other_text(value))


def _timestamp(value: dt.date) -> Cell:
    try:
        stamp = pd.Timestamp(value).as_unit("ns")
        return stamp.tz_localize(None) if stamp.tzinfo is not None else stamp
    except (ValueError, OverflowError):  # a year pandas cannot hold (1500, 9999): the checks say so later
        return value.isoformat()


def _other_text(value: object) -> str:
    item = getattr(value, "item", None)
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if callable(item) and getattr(value, "shape", None) == ():
        return str(item())
    if isinstance(value, dt.time):
        return value.isoformat()
    return str(value)


def clean_column(values: Sequence[str]) -> list[str | None]:
    """Every text of a column cleaned; each different text is looked at once, so long columns stay cheap."""
    cleaned = {text: clean_text(text) for text in set(values)}
    return [cleaned[text] for text in values]


def decimal_mark(cells: Iterable[str], likely_comma: bool = False) -> tuple[Literal[".", ","], int]:
    """The decimal mark of numbers held as text, and how many of them use the other mark.

    "1,234" alone can be read both ways: it counts as a thousands separator, unless nothing else speaks and ``likely_comma``
    (a file cut at semicolons, as spreadsheets write it where the comma is the decimal mark).
    """
    comma = dot = unclear = 0
    for cell in cells:
        if _THOUSANDS.fullmatch(cell):
            unclear += "," in cell
        elif _COMMA_NUMBER.fullmatch(cell):
            comma += 1
        elif _DOT_NUMBER.fullmatch(cell):
            dot += 1
    if comma > dot or (comma == dot == 0 and unclear > 0 and likely_comma):
        return ",", dot
    return ".", comma
