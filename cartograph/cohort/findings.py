"""Problems as they are collected while a file becomes a cohort, and the order in which people read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from cartograph.cohort.problems import Problem, Severity

SHOWN_PER_RULE = 50  # of one rule in one column; the rest is counted in one sentence
SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Place:
    """A column of a table ("" = the whole table)."""

    table: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a check says each time it finds something. ``done`` is a whole sentence."""

    severity: Severity
    kind: str
    expected: str
    done: str


@dataclass(slots=True)
class Findings:
    """Collects problems; ``problems()`` gives them in file order."""

    _found: list[Problem] = field(default_factory=list)

    def say(self, rule: Rule, place: Place, found: str, *, row: int | None = None, patient: str = "") -> None:
        """One problem of a column, a table (``row`` None) or a row."""
        self._found.append(
            Problem(rule.severity, rule.kind, place.table, place.column, row, found, rule.expected, rule.done, patient=patient)
        )

    def each(
        self,
        rule: Rule,
        place: Place,
        *,
        rows: Sequence[Any] | npt.NDArray[Any],
        found: Sequence[str],
        patients: Sequence[str] | npt.NDArray[Any],
    ) -> None:
        """One problem per row, at most ``SHOWN_PER_RULE`` of them, then one that counts the rest. All sequences have one entry per row."""
        for row, words, patient in list(zip(rows, found, patients, strict=True))[:SHOWN_PER_RULE]:
            self.say(rule, place, words, row=row_number(row), patient=str(patient))
        more = len(rows) - SHOWN_PER_RULE
        if more > 0:
            self.say(rule, place, f"the same in {more:,} more row{'' if more == 1 else 's'}")

    def add(self, problems: Sequence[Problem]) -> None:
        """Problems that somebody else found (the reader)."""
        self._found.extend(problems)

    def problems(self, order: Sequence[Place]) -> tuple[Problem, ...]:
        """Every problem by table and column as they stand in the file, whole tables first; within a column as they were found."""
        rank = {place: i for i, place in enumerate(order)}
        table_rank: dict[str, int] = {}
        for place in order:
            table_rank.setdefault(place.table, len(table_rank))

        def key(item: tuple[int, Problem]) -> tuple[int, int, int]:
            place = Place(item[1].table, item[1].column)
            return table_rank.get(place.table, -1), rank.get(place, -1) if place.column else -1, item[0]

        return tuple(problem for _, problem in sorted(enumerate(self._found), key=key))


def row_number(row: Any) -> int | None:
    """A row number as a spreadsheet shows it; None where there is none."""
    if row is None or isinstance(row, str):
        return None
    number = float(row)
    return int(number) if np.isfinite(number) else None


def quoted(cell: Any) -> str:
    """What a cell holds, in quotes and cut short."""
    text = str(cell)
    return f"'{text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + chr(0x2026)}'"
