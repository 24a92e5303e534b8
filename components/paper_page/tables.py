"""Tables of ours beside the printed numbers, with lettered footnotes where a printed number contradicts itself."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from typing import Final

import pandas as pd
import streamlit as st

from cartograph import format as fmt
from cartograph.cohort import Cohort
from cartograph.views.paper import ENDPOINT_LABELS, GridCell, Line
from components.figure import SYNTHETIC_LINE
from components.sentences import say
from components.text import html_table, neutral_cells

LONGEST: Final = 60
COHORT, STUDY = "Your cohort", "Published"


class Footnotes:
    """Sentences with the letters that mark them, each once, in the order in which they are met."""

    def __init__(self) -> None:
        self._letters: dict[str, str] = {}

    def marked(self, words: str, note: str) -> str:
        """The words with the letter of their note: '0.13 (0.03–0.4) [a]'."""
        if not note:
            return words
        letter = self._letters.setdefault(note, string.ascii_lowercase[len(self._letters) % 26])
        return f"{words} [{letter}]"

    def sentences(self) -> list[str]:
        """'[a] The Results print ...'."""
        return [f"[{letter}] {note}" for note, letter in self._letters.items()]


def short(words: str) -> str:
    """Words from a file that fit a table's cell."""
    return words if len(words) <= LONGEST else words[: LONGEST - 1].rstrip() + "\u2026"


def lines_table(lines: Sequence[Line], *, name: str) -> None:
    """What, patients, ours, printed, where; footnotes below."""
    if not lines:
        return
    notes = Footnotes()
    rows = [
        {
            "": short(line.what),
            "Patients": short(line.whom),
            COHORT: line.yours,
            STUDY: notes.marked(line.published, line.note),
            "Printed in": line.place,
        }
        for line in lines
    ]
    st.html(html_table(pd.DataFrame(rows), numeric=[COHORT, STUDY], name=name))
    say([*notes.sentences(), *dict.fromkeys(line.caution for line in lines if line.caution)], kind="quiet")


def grid_table(cells: Sequence[GridCell]) -> None:
    """Table 2: a line for each of its cells, ours by each method, theirs from the table and from the text."""
    notes = Footnotes()
    st.html(html_table(pd.DataFrame([_grid_row(c, notes) for c in cells]), numeric=["n, events"], name="Table 2"))
    say([*notes.sentences(), *dict.fromkeys(r.why_no_p for c in cells for r in c.ratios if r.why_no_p)], kind="quiet")


def _grid_row(cell: GridCell, notes: Footnotes) -> dict[str, str]:
    by_name = {r.method.partition(" ")[0]: r.words for r in cell.ratios}
    cox = by_name.get("Cox", cell.wanted)
    if "Firth" in by_name:
        cox = f"{cox}; Firth {by_name['Firth']}"
    table, *text = cell.printed
    elsewhere = text[0].words if text and text[0].words != table.words else ("the same" if text else "")
    return {
        "": f"{cell.piece.label}, {cell.piece.time[:1].lower()}{cell.piece.time[1:]}",
        "Endpoint": ENDPOINT_LABELS[cell.endpoint],
        "Yours, Cox (Efron)": cox,
        "Published, Table 2": notes.marked(table.words, cell.note),
        "Published, Results": elsewhere,
        "Yours, Mantel-Haenszel": by_name.get("Mantel-Haenszel", ""),
        "n, events": _sizes(cell),
    }


def _sizes(cell: GridCell) -> str:
    if not cell.ratios:
        return ""
    missing = f", {cell.n_missing:,} missing" if cell.n_missing else ""
    return f"{cell.n:,}, {cell.events:,}{missing}"


def download(cohort: Cohort, make: Callable[[], pd.DataFrame], *, label: str, name: str, key: str) -> None:
    """A table as CSV, made when it is asked for; a synthetic cohort says so in name and content."""

    def text() -> str:
        head = f"{SYNTHETIC_LINE}\r\n" if cohort.synthetic else ""
        return "\ufeff" + head + neutral_cells(make()).to_csv(index=False, lineterminator="\r\n")

    mark = "_SYNTHETIC" if cohort.synthetic else ""
    st.download_button(label, text, f"{name}{mark}.csv", "text/csv", on_click="ignore", icon=":material/download:", key=key)


def who(n: int, n_missing: int, of: str) -> str:
    """'47 patients, 5 without Ferritin, day 0 or PFS left out'."""
    return f"{fmt.patients(n)} counted" + (f", {n_missing:,} without {of} left out" if n_missing else "")
