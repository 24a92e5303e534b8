"""What a column can be taken for, as words in a list: canonical columns by section, further endpoints, keep as it is, leave out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import pandas as pd

from cartograph.cohort import ColumnChoice, RawTable, parse
from cartograph.cohort import Mapping as ColumnMapping
from cartograph.cohort.build import known_variable
from cartograph.cohort.endpoint_names import endpoint_keys, endpoint_of
from cartograph.cohort.mapping import DROP, EXTRA
from cartograph.cohort.schema import LABS, VARIABLES, Variable
from cartograph.cohort.values import spellings
from cartograph.cohort.visits import series_variable

VISIT_WORDS: Final[Mapping[str, str]] = {
    "response_visit": "Month of this visit",
    "mrd_visit": "Month of this visit",
    "car_transgene_day": "Day of this sample",
}
TIME_UNITS: Final = ("days", "weeks", "months", "years")
LEFT_OUT: Final = "(left out)"
MANY_TIMES: Final = frozenset({EXTRA, DROP, *VISIT_WORDS})
_KEPT_WORDS: Final = "Keep as it is (biomarker or filter)"
_DROPPED_WORDS: Final = "Leave out"
_OTHER_ENDPOINTS: Final = ("efs", "ttnt", "ttp", "rfs")
_SERIES: Final = "series:"


def target_words(mapping: ColumnMapping) -> dict[str, str]:
    """Every target a column can have and how it is called in the list; the targets of ``mapping`` are always among them."""
    keys = [EXTRA, DROP, *VARIABLES]
    keys += [f"endpoint:{slug}:{part}" for slug in _OTHER_ENDPOINTS for part in ("time", "event")]
    keys += [f"{_SERIES}{lab}" for lab in ("car_transgene", *LABS)]
    return {key: words_of(key) for key in dict.fromkeys((*keys, *(choice.target for choice in mapping.columns)))}


def words_of(target: str) -> str:
    """A target in words: 'Laboratory · Ferritin, day 0'."""
    if target == EXTRA:
        return _KEPT_WORDS
    if target == DROP:
        return _DROPPED_WORDS
    pair = endpoint_keys(target)
    if pair is not None:
        return f"Survival · {endpoint_of(pair[0]).label} {pair[1]}"
    if target.startswith(_SERIES):
        return f"Time course · {series_variable(target.removeprefix(_SERIES)).label.partition(',')[0]}"
    variable = VARIABLES.get(target)
    return f"{variable.section} · {variable.label}" if variable is not None else target


def variable_of(target: str) -> Variable | None:
    """The canonical variable of a target; None for extra columns and those left out."""
    if target.startswith(_SERIES):
        return series_variable(target.removeprefix(_SERIES))
    return known_variable(target)


def units_of(variable: Variable | None) -> tuple[str, ...]:
    """Units a column of this variable can be in, the canonical one first; empty when there is no choice."""
    if variable is None:
        return ()
    if variable.kind == "time":
        return TIME_UNITS
    return tuple(unit.name for unit in variable.units) if len(variable.units) > 1 else ()


def unit_words(choice: ColumnChoice, mapping: ColumnMapping) -> str:
    """The unit a column is read in, as a word for the overview."""
    variable = variable_of(choice.target)
    if variable is None:
        return choice.unit
    return choice.unit or (mapping.time_unit if variable.kind == "time" else variable.unit)


def levels_of(variable: Variable | None) -> tuple[str, ...]:
    """Levels that the texts of a column can mean; empty when the column is no category, flag or event."""
    if variable is None or variable.kind not in ("category", "flag", "event"):
        return ()
    if variable.kind == "event":
        return ("event", "censored")
    return variable.levels or (("no", "yes") if variable.kind == "flag" else ())


def meaning_of_texts(choice: ColumnChoice, variable: Variable, texts: Iterable[str]) -> dict[str, str]:
    """What each text of the file is read as; '' where nobody has said it yet."""
    codes = variable.codes
    if variable.kind == "event" and not choice.codes and not codes:
        codes = (("1", "event"), ("0", "censored"), ("yes", "event"), ("no", "censored"))
    known = spellings(choice.codes, codes, levels_of(variable))
    return {text: known.get(parse.whole(parse.folded(str(text))), "") for text in texts}


def code_frame(choice: ColumnChoice, variable: Variable, counts: pd.Series) -> pd.DataFrame:
    """One row per different text of a column: 'In the file', 'Rows', 'Means'."""
    texts = [str(text) for text in counts.index]
    meaning = meaning_of_texts(choice, variable, texts)
    return pd.DataFrame({"In the file": texts, "Rows": counts.to_numpy(dtype="int64"), "Means": [meaning[t] or LEFT_OUT for t in texts]})


def doubles(mapping: ColumnMapping) -> dict[str, tuple[ColumnChoice, ...]]:
    """Targets that more than one column of one table has, although a patient can have only one value."""
    found: dict[tuple[str, str], list[ColumnChoice]] = {}
    for choice in mapping.columns:
        if choice.target not in MANY_TIMES:
            found.setdefault((choice.table, choice.target), []).append(choice)
    return {target: tuple(choices) for (_, target), choices in found.items() if len(choices) > 1}


def events_of(mapping: ColumnMapping) -> tuple[ColumnChoice, ...]:
    """The event columns of a mapping."""
    return tuple(choice for choice in mapping.columns if _kind(choice.target) == "event")


def has(mapping: ColumnMapping, *kinds: str) -> bool:
    """True when a column of one of these kinds is in the mapping."""
    return any(_kind(choice.target) in kinds for choice in mapping.columns)


def _kind(target: str) -> str:
    variable = variable_of(target) if target not in (EXTRA, DROP) else None
    return variable.kind if variable is not None else ""


def table_of(tables: Iterable[RawTable], choice: ColumnChoice) -> RawTable:
    """The table a choice speaks of."""
    return next(table for table in tables if table.name == choice.table)


def to_look_at(choice: ColumnChoice) -> bool:
    """True when a suggestion should be checked by eye: a guess, or an event coding that is not certain.

    Columns that may name patients are asked about apart.
    """
    if choice.identifying:
        return False
    if choice.target in (EXTRA, DROP):
        return choice.confidence == "guess"
    return choice.confidence in ("guess", "none") or (_kind(choice.target) == "event" and choice.confidence != "certain")
