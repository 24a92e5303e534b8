"""Choosing files: the drop area, the sheets of workbooks, progress while they are read, and every reading problem at once."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import streamlit as st

from cartograph.cohort import CohortError, Problem, Source
from cartograph.cohort.reading import sheet_names
from components import state, waiting
from components.text import plain

_ROUND: Final = "round of the upload area"
_TO_READ: Final = "files to read"
_SHEETS: Final = "sheets of the files"
SHOWN_PROBLEMS: Final = 40
PRIVACY: Final = "Files stay on this computer: they are read into the memory of the app that runs here and never written, sent or logged."
FORMATS: Final = (
    "CSV, TSV, Excel (XLSX, XLS), Parquet, SPSS (SAV), Stata (DTA), SAS (SAS7BDAT, XPT), ADaM sets. "
    "Several files of one cohort go in together and are joined on the patient ID; a mapping profile (JSON) may come with them."
)


def hand_over(sources: Sequence[Source]) -> None:
    """Files to read when the page is drawn next."""
    state.put(_TO_READ, tuple(sources))


def upload_area() -> None:
    """The drop area; new files are read at once, with progress."""
    key = f"upload-{state.get(_ROUND, 0)}"
    st.subheader("Your own files", anchor=False)
    st.file_uploader(FORMATS, accept_multiple_files=True, key=key, on_change=_chosen, args=(key,))
    st.caption(f":material/lock: {PRIVACY}")
    _read_what_waits()
    _sheet_picker()
    for words in waiting.words():
        st.info(plain(words), icon=":material/info:")
    if waiting.problems():
        problem_list(waiting.problems(), head=_head(), key="reading")


def start_anew() -> None:
    """Empty the drop area; files that wait are forgotten."""
    state.put(_ROUND, state.get(_ROUND, 0) + 1)
    state.forget(_SHEETS)
    waiting.let_go()


def _head() -> str:
    if waiting.current() is not None:
        return "No cohort can be built like this. The open cohort stays open."
    return "These files cannot be read. Mend them and choose them again; the open cohort stays open."


def _chosen(key: str) -> None:
    files = state.get(key) or []
    if not files:
        state.forget(_SHEETS)
        waiting.let_go()
        return
    hand_over([Source(file.name, file.getvalue()) for file in files])


def _read_what_waits() -> None:
    sources: tuple[Source, ...] = state.get(_TO_READ, ())
    if not sources:
        return
    state.forget(_TO_READ)
    place = st.empty()

    def show(fraction: float, words: str) -> None:
        place.progress(min(1.0, max(0.0, fraction)), text=plain(words))

    show(0.0, "Reading")
    _note_sheets(sources)
    waiting.take_in(sources, show)
    place.empty()
    st.rerun()


# ---------------------------------------------------------------- sheets
def _note_sheets(sources: Sequence[Source]) -> None:
    """Remember the sheets of every workbook that has several; a file that cannot be opened is reported when it is read."""
    found: dict[str, tuple[str, ...]] = {}
    for source in sources:
        try:
            names = sheet_names(source) if source.extension != "json" else ()
        except CohortError:
            continue
        if len(names) > 1:
            found[source.name] = names
    state.put(_SHEETS, found)


def _sheet_picker() -> None:
    found: dict[str, tuple[str, ...]] = state.get(_SHEETS, {})
    incoming = waiting.current()
    if not found or incoming is None:
        return
    for source in incoming.sources:
        if source.name not in found:
            continue
        key = f"sheets-{state.get(_ROUND, 0)}-{source.name}"
        state.put(key, list(source.sheets or _sheets_read(incoming, source.name, found[source.name])))
        st.multiselect(
            f"Sheets of {plain(source.name)} that belong to the cohort",
            found[source.name],
            key=key,
            on_change=_sheets_chosen,
            args=(source.name, key),
        )


def _sheets_read(incoming: waiting.Waiting, name: str, sheets: Sequence[str]) -> tuple[str, ...]:
    if incoming.adam:
        return tuple(sheets)
    read = {table.name for table in incoming.tables}
    return tuple(sheet for sheet in sheets if f"{name} · {sheet}" in read) or tuple(sheets)


def _sheets_chosen(name: str, key: str) -> None:
    incoming = waiting.current()
    chosen: Any = state.get(key)
    if incoming is not None and chosen:
        hand_over([replace(s, sheets=tuple(chosen)) if s.name == name else s for s in incoming.sources])


# ---------------------------------------------------------------- problems
def problem_list(problems: Sequence[Problem], *, head: str, key: str) -> None:
    """Every problem as a readable list: where, what was found, what is expected, how to mend it."""
    with st.container(border=True, key=f"problems-{key}"):
        st.error(plain(head), icon=":material/error:")
        st.html(problems_html(problems))


def problems_html(problems: Sequence[Problem]) -> str:
    """The list as HTML, every word escaped; what has to be mended first, notes only when there is nothing else."""
    items = []
    rank = {"error": 0, "warning": 1, "note": 2}
    problems = sorted(problems, key=lambda problem: rank[problem.severity])
    problems = [p for p in problems if p.severity != "note"] or problems
    for problem in problems[:SHOWN_PROBLEMS]:
        where = [
            problem.table,
            f"row {problem.row:,}" if problem.row is not None else "",
            f"column '{problem.column}'" if problem.column else "",
        ]
        found = f"Found {problem.found}; expected {problem.expected}."
        items.append(
            f"<li><strong>{html.escape(', '.join(w for w in where if w))}</strong><br>{html.escape(found)}<br>"
            f"<em>{html.escape(problem.done)}</em></li>"
        )
    more = len(problems) - SHOWN_PROBLEMS
    rest = f"<p>and {more:,} more like these</p>" if more > 0 else ""
    style = "margin:0;padding-left:1.2rem;line-height:1.5;overflow-wrap:anywhere"
    return f"<ul style='{style}'>{''.join(items)}</ul>{rest}"
