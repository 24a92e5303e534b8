"""Cells become values: numbers with detection limits, dates in every common spelling, codes. Nothing from a file is ever evaluated.

Each function takes a column of cells as a file holds them (str, float, int, bool, pandas Timestamp, None) and returns one frozen result
with an entry per cell. What cannot be read is marked, never guessed; the words about it are the caller's.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

DateOrder = Literal["iso", "day-first", "month-first"]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# Said wherever limits count.
LIMIT_RULE = "<3, for instance, enters as half the limit (1.5), and >1500 as just above it, by one unit in its last printed place (1501)"

LARGEST = 1e30  # no measurement is larger; sums and powers of smaller ones stay finite

# Answers that say "not known" in a column of numbers, dates or codes. A blank cell needs no word about it; these are counted in a note.
UNKNOWN_WORDS = frozenset(
    {
        "unknown", "unk", "not known", "not available", "not done", "not reported", "not measured", "not assessed", "not tested", "missing",
        "pending", "n.d.", "n.d", "nd", "nk", "n/k", "?", "??", "none recorded", "no data", "not applicable", "unbekannt", "nicht bekannt",
        "fehlt", "fehlend", "ausstehend", "k.a.", "k. a.", "keine angabe", "nicht bestimmt", "inconnu", "inconnue", "manquant", "non fait",
        "non disponible", "desconocido", "desconocida", "no disponible", "sin dato", "sin datos", "no realizado",
    }
)  # fmt: skip
MISSING_TEXTS = frozenset({"", "na", "n/a", "nan", "nat", "none", "null", "<na>", "-", "."})


# ---------------------------------------------------------------- text
def as_text(cell: Any) -> str:
    """A cell as people would type it: 7.0 is "7", True is "yes", a date is ISO; missing is ""."""
    if cell is None or cell is pd.NaT or cell is pd.NA:
        return ""
    if isinstance(cell, bool | np.bool_):
        return "yes" if cell else "no"
    if isinstance(cell, float | np.floating):
        value = float(cell)
        if math.isnan(value):
            return ""
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat(sep=" ")
    return str(cell).strip()


def folded(text: str) -> str:
    """Lower case, one blank between words: how spellings are compared."""
    return " ".join(text.casefold().split())


def texts(cells: pd.Series) -> npt.NDArray[np.object_]:
    """Every cell as text (``as_text``); missing cells are ""."""
    return _each_different(cells, as_text, "")


def _each_different(cells: pd.Series, read: Callable[[Any], Any], missing: Any) -> npt.NDArray[np.object_]:
    """``read`` of every cell, called once for each different cell (by type and value: True and 1 are two cells)."""
    values = cells.to_numpy(dtype=object)
    if pd.api.types.infer_dtype(values, skipna=True) == "string":  # most files, and faster
        codes, different = pd.factorize(values)
        answers = np.empty(len(different) + 1, dtype=object)
        for i, cell in enumerate(different):
            answers[i] = read(cell)
        answers[-1] = missing  # code -1
        return np.asarray(answers[codes], dtype=object)
    known: dict[tuple[type, Any], Any] = {}
    out = np.empty(len(values), dtype=object)
    for i, cell in enumerate(values):
        if cell is None:
            out[i] = missing
            continue
        kind = (type(cell), cell)
        if kind not in known:
            known[kind] = read(cell)
        out[i] = known[kind]
    return out


def whole(text: str) -> str:
    """A whole number without the decimals that programs add: "7.0" is "7"; other text as it is."""
    plain = text.rstrip("0")
    return plain[:-1] if plain.endswith(".") and text != plain and plain[:-1].lstrip("-").isdigit() else text


# ---------------------------------------------------------------- numbers
@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """A column of numbers; one entry per cell.

    values   float; NaN where missing or not a number. "<3" stands as 1.5 and ">1500" as 1501 (LIMIT_RULE).
    sign     "<" or ">" where the cell gave a limit, else "".
    limit    the limit as printed, NaN where there is none.
    bad      True where the cell holds something that is not a number.
    unknown  True where the cell says that the value is not known ("not done").
    """

    values: Floats
    sign: npt.NDArray[np.object_]
    limit: Floats
    bad: Bools
    unknown: Bools


_NUMBER = re.compile(
    r"(?P<sign><=|>=|=<|=>|[<>\u2264\u2265])?\s*(?P<minus>[+\-\u2212])?\s*"
    r"(?P<body>\d[\d.,'\u2019 \u00a0\u2009\u202f]*|[.,]\d+)(?P<power>[eE][+-]?\d{1,3})?\s*%?\s*[*\u2020\u2021\u00a7#]*"
)
_BLANKS = re.compile(r"['\u2019 \u00a0\u2009\u202f]")
_GROUPED_BLANKS = re.compile(r"\d{1,3}(['\u2019 \u00a0\u2009\u202f]\d{3})+([.,]\d*)?")
_PLAIN = re.compile(r"[\s+\-\d.eE]+")


def numbers(cells: pd.Series, decimal: Literal[".", ","] = ".") -> Numbers:
    """Read numbers: decimal comma, thousands separators, "<3", "> 1500", "\u2264 5", "3*", "12 %".

    ``decimal`` is the decimal mark of the file; where a cell can be read in one way only ("1,5" in a file with points), that way is taken.
    """
    n = len(cells)
    sign = np.full(n, "", dtype=object)
    limit = np.full(n, np.nan)
    bad = np.zeros(n, dtype=bool)
    unknown = np.zeros(n, dtype=bool)
    values, rest = _plain_numbers(cells, decimal)
    known: dict[Any, tuple[float, str, float, str]] = {}
    array = cells.to_numpy(dtype=object)
    for i in np.flatnonzero(rest):
        cell = array[i]
        if cell not in known:
            known[cell] = _one_number(cell, decimal)
        values[i], sign[i], limit[i], state = known[cell]
        bad[i] = state == "bad"
        unknown[i] = state == "unknown"
    return Numbers(values, sign, limit, bad, unknown)


def _plain_numbers(cells: pd.Series, decimal: Literal[".", ","]) -> tuple[Floats, Bools]:
    """Values that need no thought, and True where a cell is left over.

    Python's own reading, because ``pandas.to_numeric`` is off in the last digit of some numbers, and a cutoff may lie just there.
    In a file with decimal commas a point may separate thousands ("1.234"), so such text is left to the careful reading.
    """
    if cells.dtype.kind in "fiub":
        values = cells.to_numpy(dtype=np.float64, copy=True)
        values[~np.isfinite(values)] = np.nan
        return values, np.zeros(len(values), dtype=bool)
    strange, mark = ("_", ".") if decimal == "." else (".", ",")
    array = cells.to_numpy(dtype=object)
    values = np.array([_plain_number(cell, strange, mark) for cell in array] + [0.0], dtype=np.float64)[:-1]
    values[~(np.abs(values) <= LARGEST)] = np.nan
    return values, ~pd.isna(array) & np.isnan(values)


def _plain_number(cell: Any, strange: str, mark: str) -> float:
    try:
        if isinstance(cell, str):
            return math.nan if strange in cell or "_" in cell else float(cell if mark == "." else cell.replace(",", ".", 1))
        return float(cell)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _one_number(cell: Any, decimal: str) -> tuple[float, str, float, str]:
    """Value, sign, limit and state ("" | "bad" | "unknown") of one cell."""
    if not isinstance(cell, str):
        return math.nan, "", math.nan, "bad"
    text = cell.strip()
    if folded(text) in UNKNOWN_WORDS:
        return math.nan, "", math.nan, "unknown"
    if folded(text) in MISSING_TEXTS:
        return math.nan, "", math.nan, ""
    found = _NUMBER.fullmatch(text)
    body = _plain_body(found["body"].strip(), decimal) if found else None
    if found is None or body is None:
        return math.nan, "", math.nan, "bad"
    value = float(body + (found["power"] or ""))
    if found["minus"] in ("-", "\u2212"):
        value = -value
    if not abs(value) <= LARGEST:
        return math.nan, "", math.nan, "bad"
    if not found["sign"]:
        return value, "", math.nan, ""
    sign = "<" if found["sign"] in ("<", "<=", "=<", "\u2264") else ">"
    return _entered(value, sign, body), sign, value, ""


def _entered(limit: float, sign: str, printed: str) -> float:
    """What a limit enters as (LIMIT_RULE). ``printed``: its digits with a decimal point."""
    if sign == "<":
        return limit / 2
    places = len(printed.partition(".")[2])
    return round(limit + 10.0**-places, places + 2)


def _plain_body(body: str, decimal: str) -> str | None:
    """The digits of a number with a point as decimal mark and no separators; None when it is not one number."""
    if _BLANKS.search(body):
        if not _GROUPED_BLANKS.fullmatch(body):
            return None
        body = _BLANKS.sub("", body)
    points, commas = body.count("."), body.count(",")
    if points and commas:
        return _two_marks(body)
    mark = "." if points else ","
    count = points or commas
    if count == 0:
        return body
    grouped = re.fullmatch(rf"[1-9]\d{{0,2}}(\{mark}\d{{3}})+", body) is not None
    if count > 1:
        return body.replace(mark, "") if grouped else None
    return body.replace(mark, "") if grouped and mark != decimal else body.replace(mark, ".")


def _two_marks(body: str) -> str | None:
    """Read "1,234.5" or "1.234,5": the last mark is the decimal one, and the other has to stand before groups of three digits."""
    last = max(body.rfind("."), body.rfind(","))
    mark = body[last]
    other = "," if mark == "." else "."
    if not re.fullmatch(rf"\d{{1,3}}(\{other}\d{{3}})+\{mark}\d*", body):
        return None
    return body.replace(other, "").replace(mark, ".")


# ---------------------------------------------------------------- dates
@dataclass(frozen=True, slots=True, eq=False)
class Dates:
    """A column of dates; one entry per cell.

    values   datetime64[ns] at midnight, NaT where missing or not readable.
    spelling "date" (a real date cell), "serial" (spreadsheet number), "iso", "numbers" (03.04.2021), "words" (3 Mar 2021), "" where none.
    fault    "" or why the cell was not read: "not-a-date", "impossible-date", "ambiguous-date", "date-order".
    unknown  True where the cell says that the date is not known.
    """

    values: npt.NDArray[np.datetime64]
    spelling: npt.NDArray[np.object_]
    fault: npt.NDArray[np.object_]
    unknown: Bools

    def minority(self) -> Bools:
        """True for cells that spell their date in another way than most cells of the column."""
        there = self.spelling[self.spelling != ""]
        if len(there) == 0:
            return np.zeros(len(self.spelling), dtype=bool)
        kinds, counts = np.unique(there.astype(str), return_counts=True)
        usual = kinds[int(np.argmax(counts))]
        return np.asarray((self.spelling != "") & (self.spelling != usual), dtype=bool)


_MONTH_NAMES = {
    1: "january janvier januar jaenner jan janv jän enero ene gennaio",
    2: "february fevrier februar feb fev febrero fevr",
    3: "march mars marz maerz mar mär marzo mrz",
    4: "april avril apr avr abril abr",
    5: "may mai mayo",
    6: "june juin juni jun junio",
    7: "july juillet juli jul juil julio",
    8: "august aout aug agosto ago aou",
    9: "september septembre sep sept septiembre set setiembre",
    10: "october octobre oktober oct okt octubre",
    11: "november novembre nov noviembre",
    12: "december decembre dezember dec dez diciembre dic",
}


def _plain_letters(text: str) -> str:
    """Lower case without accents: "août" is "aout"."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


_MONTHS: dict[str, int] = {_plain_letters(name): number for number, names in _MONTH_NAMES.items() for name in names.split()}
_TIME = r"(?:[T ]\s*\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:[ap]m|z|[+-]\d{2}:?\d{2})?)?"
_ISO = re.compile(rf"(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){_TIME}", re.IGNORECASE)
_COMPACT = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})")
_NUMERIC = re.compile(rf"(\d{{1,2}})\s*([-/.])\s*(\d{{1,2}})\s*\2\s*(\d{{4}}|\d{{2}}){_TIME}", re.IGNORECASE)
_DAY_WORD = re.compile(
    rf"(\d{{1,2}})(?:st|nd|rd|th|er)?[\s\-./]*(?:de\s+)?([a-z]+)[\s\-.,/]*(?:de\s+|del\s+)?(\d{{4}}|\d{{2}}){_TIME}", re.IGNORECASE
)
_WORD_DAY = re.compile(rf"([a-z]+)[\s\-.]*(\d{{1,2}})(?:st|nd|rd|th)?[\s,\-]+(\d{{4}}){_TIME}", re.IGNORECASE)
_SERIAL = (15000.0, 80000.0)  # 1941 to 2119: numbers outside are no spreadsheet dates of a cohort
_EXCEL_ZERO = dt.date(1899, 12, 30)
_YEARS = (1900, 2100)
_ReadDate = tuple[dt.date | None, str, str]  # date, spelling, fault


def dates(cells: pd.Series, order: DateOrder = "iso") -> Dates:
    """Read dates; ``order`` decides 03/04/2021 (day-first: 3 April). With "iso" such a text is ambiguous and left out.

    Two-digit years are 1970 to 2069. Times of day are dropped.
    """
    n = len(cells)
    values = np.full(n, np.datetime64("NaT", "ns"), dtype="datetime64[ns]")
    spelling = np.full(n, "", dtype=object)
    fault = np.full(n, "", dtype=object)
    unknown = np.zeros(n, dtype=bool)
    read = _each_different(cells.astype(object), lambda cell: _one_date(cell, order), (None, "", ""))
    for i, (date, kind, wrong) in enumerate(read):
        if date is not None:
            values[i] = np.datetime64(date, "ns")
        spelling[i] = kind if date is not None else ""
        fault[i] = "" if wrong == "unknown" else wrong
        unknown[i] = wrong == "unknown"
    return Dates(values, spelling, fault, unknown)


def _one_date(cell: Any, order: DateOrder) -> _ReadDate:
    if cell is pd.NaT or cell is pd.NA or (isinstance(cell, float) and math.isnan(cell)):
        return None, "", ""
    if isinstance(cell, dt.date):  # Timestamp and datetime are dates as well
        return _checked(cell.year, cell.month, cell.day, "date")
    if isinstance(cell, bool | np.bool_):
        return None, "", "not-a-date"
    if isinstance(cell, int | float | np.integer | np.floating):
        return _date_of_number(float(cell))
    return _date_of_text(str(cell).strip(), order)


def _date_of_number(value: float) -> _ReadDate:
    if value.is_integer():
        compact = _COMPACT.fullmatch(str(int(value)))
        if compact:
            return _checked(int(compact[1]), int(compact[2]), int(compact[3]), "iso")
    if _SERIAL[0] <= value <= _SERIAL[1]:
        day = _EXCEL_ZERO + dt.timedelta(days=int(value))
        return _checked(day.year, day.month, day.day, "serial")
    return None, "", "not-a-date"


def _date_of_text(text: str, order: DateOrder) -> _ReadDate:
    if folded(text) in UNKNOWN_WORDS:
        return None, "", "unknown"
    if folded(text) in MISSING_TEXTS:
        return None, "", ""
    iso = _ISO.fullmatch(text)
    if iso:
        return _checked(int(iso[1]), int(iso[3]), int(iso[4]), "iso")
    if re.fullmatch(r"\d{5}(\.\d+)?|\d{8}", text, re.ASCII):
        return _date_of_number(float(text))
    numeric = _NUMERIC.fullmatch(text)
    if numeric:
        return _ordered(int(numeric[1]), int(numeric[3]), _full_year(numeric[4]), order)
    return _date_of_words(_plain_letters(text))


def _ordered(first: int, second: int, year: int, order: DateOrder) -> _ReadDate:
    if order == "iso":
        if first <= 12 and second <= 12 and first != second:
            return None, "", "ambiguous-date"
        order = "month-first" if second > 12 else "day-first"
    day, month = (first, second) if order == "day-first" else (second, first)
    if month > 12 >= day:
        return None, "", "date-order"
    return _checked(year, month, day, "numbers")


def _date_of_words(text: str) -> _ReadDate:
    day_word, word_day = _DAY_WORD.fullmatch(text), _WORD_DAY.fullmatch(text)
    if day_word and day_word[2] in _MONTHS:
        return _checked(_full_year(day_word[3]), _MONTHS[day_word[2]], int(day_word[1]), "words")
    if word_day and word_day[1] in _MONTHS:
        return _checked(_full_year(word_day[3]), _MONTHS[word_day[1]], int(word_day[2]), "words")
    return None, "", "not-a-date"


def _full_year(text: str) -> int:
    year = int(text)
    if len(text) == 4:
        return year
    return year + (2000 if year < 70 else 1900)


def _checked(year: int, month: int, day: int, spelling: str) -> _ReadDate:
    if not _YEARS[0] <= year <= _YEARS[1]:
        return None, "", "impossible-date"
    try:
        return dt.date(year, month, day), spelling, ""
    except ValueError:
        return None, "", "impossible-date"


# ---------------------------------------------------------------- codes
@dataclass(frozen=True, slots=True, eq=False)
class Codes:
    """A column of codes; one entry per cell.

    levels   the level (str), None where missing or not known.
    bad      True where the cell holds a code that nobody explained.
    unknown  True where the cell says that the answer is not known.
    """

    levels: npt.NDArray[np.object_]
    bad: Bools
    unknown: Bools


def codes(cells: pd.Series, spellings: Mapping[str, str]) -> Codes:
    """Read codes; ``spellings`` maps folded text (see ``folded``) to the level."""
    found = _each_different(cells.astype(object), lambda cell: _one_code(cell, spellings), (None, ""))
    levels = np.array([level for level, _ in found] + [None], dtype=object)[:-1]
    state = np.array([word for _, word in found] + [""], dtype=object)[:-1]
    return Codes(levels, np.asarray(state == "bad", dtype=bool), np.asarray(state == "unknown", dtype=bool))


def _one_code(cell: Any, spellings: Mapping[str, str]) -> tuple[str | None, str]:
    text = folded(whole(as_text(cell)))
    if text in spellings:
        return spellings[text], ""
    if text in UNKNOWN_WORDS:
        return None, "unknown"
    return None, "" if text in MISSING_TEXTS else "bad"
