"""Columns without a canonical name: what they hold decides what they are, and they stay usable as biomarker or filter."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph.cohort import parse
from cartograph.cohort.findings import Findings
from cartograph.cohort.join import Cells
from cartograph.cohort.model import Column, Kind, Timing
from cartograph.cohort.values import YES_NO, Read, plain_numbers, read_date, say_unknown

NUMERIC_SHARE = 0.9  # of the cells that hold something
FEW_VALUES = 6  # numbers with no more different values are groups
MOST_LEVELS = 60
SKEWED = 2.0
LONG_TAIL = 10.0
LONGEST_LABEL = 72  # letters; the whole header stays in ``Column.source``
KEPT_END = 20

_YES_NO_WORDS = {
    "yes": "yes", "y": "yes", "ja": "yes", "oui": "yes", "si": "yes", "s\u00ed": "yes", "true": "yes", "positive": "yes", "1": "yes",
    "no": "no", "n": "no", "nein": "no", "non": "no", "false": "no", "negative": "no", "0": "no",
}  # fmt: skip
_ORDERED_WORDS: tuple[tuple[str, ...], ...] = (
    ("very low", "low", "intermediate", "medium", "moderate", "high", "very high"),
    ("none", "absent", "minimal", "mild", "moderate", "severe", "life-threatening"),
    ("never", "former", "current"),
    ("i", "ii", "iii", "iv", "v"),
)
_UNIT_IN_HEADER = re.compile(r"\s*[(\[]\s*([^()\[\]]{1,24})\s*[)\]]\s*$")
_UNIT_LIKE = re.compile(
    r"%|/|\u00b5|\^|^(d|days?|mo|months?|weeks?|years?|yrs?|g|mg|kg|cm|mm|ml|l|h|hours?|u|iu|fold|copies|ng|pg)$", re.IGNORECASE
)


_SAID_BEFORE = re.compile(r"\b(prior|previous|pre|before|baseline|at diagnosis|vor|avant|antes|historical|history)\b")
_KNOWN_LATER = re.compile(
    r"\b(mrd|peak|c ?max|t ?max|maxim\w*|max|nadir|auc\w*|crs|icans|iec-?hs|mas|hlh|toci\w*|siltuximab|anakinra|persisten\w*"
    r"|expansion|respon[sd]\w*|r[eé]ponse|respuesta|ansprechen|remission|relaps\w*|rezidiv|rechute|recaída|progress\w*"
    r"|surviv\w*|überleben\w*|survie|death|died|dead|alive|deceased|tod|verstorben|d[eé]c[eè]s|muerte|follow[- ]?up|last contact"
    r"|discharge\w*|length of stay|hospital stay|icu|post|after|outcome|toxicity|adverse|infection\w*|recovery|best|duration of"
    r"|subsequent|next (line|treatment|therapy)|day ?\+? ?[1-9]\d*|(month|mo|m|week|wk|w) ?\+? ?[1-9]\d*"
    r"|os|pfs|efs|dor|ttnt|event|censor\w*)\b"
)


@dataclass(frozen=True, slots=True, eq=False)
class Extra:
    """An extra column and its values (one entry per cell)."""

    column: Column
    read: Read


def read_extra(column: Cells, taken: Collection[str], findings: Findings, *, order: parse.DateOrder = "iso") -> Extra:
    """The column under a new key that is not in ``taken``, with a kind found from its content."""
    header = column.choice.header
    label, unit = label_and_unit(header, column.choice.unit)
    key = new_key(header, taken)
    kind, read = _by_content(column, findings, order)
    values = read.values
    source = f"{header} \u2013 {column.label}" if column.label and column.label != header else header
    return Extra(
        Column(
            key, label, kind, unit=unit if kind == "number" else "", levels=read.levels, log_scale=kind == "number" and is_skewed(values),
            source=source, timing=timing_of(header, column.label),
            description="0 was read as no, 1 as yes." if kind == "flag" and _coded_01(column) else "",
        ),
        read,
    )  # fmt: skip


def timing_of(*words: str) -> Timing:
    """Whether a header speaks of something known only after infusion (peak values, MRD, response, toxicity, outcome).

    In doubt a column counts as known before: it stays usable, and its name says what it is. A wrong "after" would hide a biomarker.
    """
    texts = [text.replace("_", " ").casefold() for text in words]
    late = any(_KNOWN_LATER.search(text) for text in texts) and not any(_SAID_BEFORE.search(text) for text in texts)
    return "post-infusion" if late else "baseline"


def label_and_unit(header: str, unit: str = "") -> tuple[str, str]:
    """A header as a label, and the unit that stands in its parentheses: 'sIL2R_peak (U/mL)' is 'sIL2R peak' in U/mL.

    A very long header is cut in its middle.
    """
    found = _UNIT_IN_HEADER.search(header)
    if found and (unit or _UNIT_LIKE.search(found[1].strip())):
        unit = unit or found[1].strip()
        header = header[: found.start()]
    label = " ".join(header.replace("_", " ").split())
    label = label[:1].upper() + label[1:] if label.islower() and " " in label else label
    return _readable(label) or "Column", unit


def _readable(label: str) -> str:
    """A label that fits a sentence: a longer one loses its middle, because long names often differ at their end only."""
    if len(label) <= LONGEST_LABEL:
        return label
    return f"{label[: LONGEST_LABEL - KEPT_END - 3].rstrip()} \u2026 {label[-KEPT_END:].lstrip()}"


def new_key(header: str, taken: Collection[str]) -> str:
    """A short name of ASCII letters, digits and underscores that nobody has yet."""
    plain = unicodedata.normalize("NFKD", header.replace("\u00df", "ss").replace("\u00b5", "u")).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "_", plain.casefold()).strip("_")[:60] or "column"
    slug = slug if slug[0].isalpha() else f"c_{slug}"
    key, i = slug, 2
    while key in taken:
        key, i = f"{slug}_{i}", i + 1
    return key


def _by_content(column: Cells, findings: Findings, order: parse.DateOrder) -> tuple[Kind, Read]:
    shown = parse.texts(column.cells)
    folded = pd.Series(shown, dtype=object).str.casefold()
    there = np.asarray((folded != "") & ~folded.isin(parse.UNKNOWN_WORDS), dtype=bool)
    if not there.any():
        return "text", Read(np.full(len(shown), None, dtype=object))
    if _mostly_dates(column.cells[there], order):
        return "date", read_date(column, findings, order)
    found = _numbers_of(column, there)
    if found is not None:
        plain_numbers(column, findings, read=found)
        return "number", Read(found.values, sign=found.sign, limit=found.limit)
    say_unknown(column, ~there & (shown != ""), findings)
    return _groups(shown, there)


def _numbers_of(column: Cells, there: npt.NDArray[np.bool_]) -> parse.Numbers | None:
    """The column's numbers when nearly all cells are numbers and they are more than a few; a thin sample settles columns of words."""
    cells = column.cells[there]
    sample = parse.numbers(cells.iloc[:: max(1, len(cells) // 1000)], column.table.decimal)
    if np.isnan(sample.values).mean() > 0.5:
        return None
    found = parse.numbers(column.cells, column.table.decimal)
    good = found.values[there & ~np.isnan(found.values)]
    return found if len(good) >= NUMERIC_SHARE * len(cells) and len(np.unique(good)) > FEW_VALUES else None


def _mostly_dates(cells: pd.Series, order: parse.DateOrder) -> bool:
    """True when nearly all cells are dates and not just numbers."""
    sample = cells.iloc[:: max(1, len(cells) // 2000)]
    spelled = parse.dates(sample, order)
    looks = np.isin(spelled.spelling.astype(str), ["date", "iso", "words", "numbers"]) | (spelled.fault == "ambiguous-date")
    compact = np.array([isinstance(c, int | float) or (isinstance(c, str) and c.isdigit()) for c in sample], dtype=bool)
    return bool((looks & ~compact).sum() >= NUMERIC_SHARE * len(sample))


def _groups(shown: npt.NDArray[np.object_], there: npt.NDArray[np.bool_]) -> tuple[Kind, Read]:
    values = shown.copy()
    values[~there] = None
    different = list(dict.fromkeys(shown[there]))
    words = {d.casefold() for d in different}
    answers = {_YES_NO_WORDS[w] for w in words if w in _YES_NO_WORDS}
    if words <= _YES_NO_WORDS.keys() and len(words) <= 2 and len(answers) == len(words):
        yes_no = np.array([None if v is None else _YES_NO_WORDS[v.casefold()] for v in values] + [None], dtype=object)[:-1]
        return "flag", Read(yes_no, YES_NO)
    if len(different) > MOST_LEVELS or (len(different) > 12 and len(different) > there.sum() / 2):
        return "text", Read(values)
    return "category", Read(values, ordered_levels(different))


def ordered_levels(levels: Sequence[str]) -> tuple[str, ...]:
    """Levels in the order people expect: numbers by size, known scales (low, medium, high) by rank, the rest by alphabet."""
    for scale in _ORDERED_WORDS:
        if all(level.casefold() in scale for level in levels):
            return tuple(sorted(levels, key=lambda level: (scale.index(level.casefold()), level)))
    return tuple(sorted(levels, key=_natural))


def _natural(level: str) -> tuple[Any, ...]:
    """Digits compare as numbers: "Arm 2" before "Arm 10"."""
    parts = re.split(r"(\d+(?:\.\d+)?)", level.casefold(), flags=re.ASCII)
    return (*((0, float(p), "") if i % 2 else (1, 0.0, p) for i, p in enumerate(parts) if p), (2, 0.0, level))


def is_skewed(values: npt.NDArray[np.float64]) -> bool:
    """True when a logarithmic axis shows the values better: all above 0, skewness over 2 and a largest value over 10 medians."""
    there = values[~np.isnan(values)]
    if len(there) < 8 or there.min() <= 0:
        return False
    spread = float(there.std())
    if not np.isfinite(spread) or spread == 0:
        return False
    skewness = float(np.mean(((there - there.mean()) / spread) ** 3))
    return bool(skewness > SKEWED and there.max() > LONG_TAIL * np.median(there))


def _coded_01(column: Cells) -> bool:
    return bool(set(parse.texts(column.cells)) - {""} <= {"0", "1"})
