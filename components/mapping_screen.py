"""The mapping screen: what each column is taken for, shown with its evidence and changeable, before any curve is drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pandas as pd
import streamlit as st

from cartograph.cohort import CohortError, ColumnChoice, Mapping
from cartograph.cohort.mapping import DROP, EXTRA, change, event_summary, to_profile, turn_round
from components import mapping_choices as choices
from components import state, waiting
from components.text import plain
from components.upload import problem_list

_MARKS: Final = {"certain": "✔ certain", "likely": "◑ likely", "guess": "? guess", "none": "– not known"}
_ICONS: Final = {"certain": "check_circle", "likely": "contrast", "guess": "help", "none": "remove"}
_PROFILE_WORDS: Final = "words about the uploaded profile"
_PROFILE_PROBLEMS: Final = "problems of the uploaded profile"
_DATE_ORDERS: Final = {"iso": "year-month-day", "day-first": "day first (03.04. = 3 April)", "month-first": "month first (03/04 = March 4)"}
GRID_HEIGHT: Final = 440  # pixels
_SHOW_NAMES: Final = "show examples of identifying columns"


def mapping_screen(incoming: waiting.Waiting) -> None:
    """Everything that can be said about the files that wait, the urgent things first; changes are kept at once."""
    _head(incoming)
    _identifying(incoming)
    _times_and_dates(incoming)
    _endpoints(incoming)
    guesses = [c for c in incoming.mapping.columns if choices.to_look_at(c)]
    double = choices.doubles(incoming.mapping)
    calm = not guesses and not double
    words = "nothing needs a look" if calm else f"{len(guesses) + len(double)} to look at, they stand first"
    with st.expander(f"Columns: {len(incoming.mapping.columns):,} in the file, {words}", expanded=not calm, icon=":material/table:"):
        for target, columns in double.items():
            names = ", ".join(f"'{c.header}'" for c in columns)
            st.warning(plain(f"{names} are all taken for {choices.words_of(target)}. Choose one."), icon=":material/content_copy:")
        _overview(incoming)
        _details(incoming)
    _profile(incoming)


def _head(incoming: waiting.Waiting) -> None:
    tables = ", ".join(f"{table.name} ({len(table.frame):,} rows)" for table in incoming.tables)
    st.subheader("What the columns mean", anchor=False)
    st.caption(f"Read: {plain(tables)}. Nothing is built yet; the open cohort stays open until you build this one.")


# ---------------------------------------------------------------- columns that may name patients
def _identifying(incoming: waiting.Waiting) -> None:
    named = [c for c in incoming.mapping.columns if c.identifying]
    if not named:
        return
    with st.container(border=True, key="identifying"):
        st.markdown(f":material/visibility_off: **{len(named)} column{'s' * (len(named) > 1)} may tell who a patient is**")
        st.caption("The app does not need them: ticked columns are left out at once. Their content is not shown here.")
        for i, choice in enumerate(named):
            key = f"drop-{incoming.key}-{incoming.tables.index(choices.table_of(incoming.tables, choice))}-{choice.header}"
            state.put(key, choice.target == DROP)
            st.checkbox(
                f"leave out **{plain(choice.header)}** · {plain(choice.identifying)}{_names_of(incoming, choice)}",
                key=key, on_change=_leave_out, args=(i, key),
            )  # fmt: skip
        kept = [c for c in named if c.target != DROP]
        with st.container(horizontal=True):
            if kept:
                st.button("Leave all of them out", key="drop-all", icon=":material/delete:", on_click=_leave_all_out)
            st.toggle("show examples", key=_SHOW_NAMES)


def _names_of(incoming: waiting.Waiting, choice: ColumnChoice) -> str:
    if not state.get(_SHOW_NAMES, False):
        return ""
    return plain(f" · {', '.join(waiting.examples(choices.table_of(incoming.tables, choice), choice.header))}")


def _leave_out(position: int, key: str) -> None:
    incoming = waiting.current()
    if incoming is None:
        return
    choice = [c for c in incoming.mapping.columns if c.identifying][position]
    _change(choice, target=DROP if state.get(key) else _before(incoming, choice))


def _before(incoming: waiting.Waiting, choice: ColumnChoice) -> str:
    """What the column would be if it were kept: what was suggested, else an extra column."""
    suggested = next(c for c in incoming.suggested.columns if (c.table, c.header) == (choice.table, choice.header))
    return EXTRA if suggested.target == DROP else suggested.target


def _leave_all_out() -> None:
    incoming = waiting.current()
    if incoming is not None:
        columns = tuple(replace(c, target=DROP) if c.identifying else c for c in incoming.mapping.columns)
        waiting.choose(replace(incoming.mapping, columns=columns))


# ---------------------------------------------------------------- the whole file
def _times_and_dates(incoming: waiting.Waiting) -> None:
    timed, dated = choices.has(incoming.mapping, "time"), choices.has(incoming.mapping, "date")
    if not timed and not dated:
        return
    with st.container(horizontal=True, gap="large", key="whole-file"):
        if timed:
            key = f"time-unit-{incoming.key}"
            state.put(key, incoming.mapping.time_unit)
            st.segmented_control(
                "Times are in", choices.TIME_UNITS, key=key, required=True, on_change=_whole_file, args=("time_unit", key), width="content",
                help="For every time column that does not name its own unit.",
            )  # fmt: skip
        if dated:
            key = f"date-order-{incoming.key}"
            state.put(key, incoming.mapping.date_order)
            st.selectbox(
                "Dates are written", list(_DATE_ORDERS), format_func=_DATE_ORDERS.__getitem__, key=key, on_change=_whole_file,
                args=("date_order", key), width=280,
            )  # fmt: skip


def _whole_file(name: str, key: str) -> None:
    incoming = waiting.current()
    if incoming is not None:
        changes: dict[str, Any] = {name: state.get(key)}
        waiting.choose(replace(incoming.mapping, **changes))


# ---------------------------------------------------------------- endpoints
def _endpoints(incoming: waiting.Waiting) -> None:
    events = choices.events_of(incoming.mapping)
    if not events:
        dated = choices.has(incoming.mapping, "date")
        words = "No event column: endpoints are worked out from the dates." if dated else (
            "No endpoint found: curves need a time and an event column. Name them in the list of columns below."
        )  # fmt: skip
        (st.info if dated else st.warning)(words, icon=":material/timer:")
        return
    with st.container(border=True, key="endpoints"):
        st.markdown("**Endpoints:** check the coding before any curve is drawn")
        for i, choice in enumerate(events):
            sentence = _event_words(incoming.key, choice, choices.table_of(incoming.tables, choice))
            _endpoint_row(incoming.key, i, choice, sentence)


def _endpoint_row(key: str, i: int, choice: ColumnChoice, sentence: str) -> None:
    name = choices.words_of(choice.target).partition(" · ")[2].removesuffix(" event")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(
            f":material/{_ICONS[choice.confidence]}: **{plain(name)}** from '{plain(choice.header)}' · {plain(sentence)}", width="stretch"
        )
        st.button(
            "Turn round", key=f"turn-{key}-{i}", icon=":material/swap_vert:", on_click=_turn, args=(i,), help="Swap event and censored"
        )


@st.cache_data(scope="session", show_spinner=False, max_entries=100)
def _event_words(key: str, choice: ColumnChoice, _table: Any) -> str:
    return event_summary(_table, choice)


def _turn(position: int) -> None:
    incoming = waiting.current()
    if incoming is not None:
        choice = choices.events_of(incoming.mapping)[position]
        turned = turn_round(_with_codes(incoming, choice))
        _change(choice, codes=turned.codes, confidence=turned.confidence, evidence=turned.evidence)


def _with_codes(incoming: waiting.Waiting, choice: ColumnChoice) -> ColumnChoice:
    """The choice with the coding that would be used, written out: known spellings turn round as well as the file's own codes."""
    variable = choices.variable_of(choice.target)
    if variable is None:
        return choice
    table = choices.table_of(incoming.tables, choice)
    texts = [str(text) for text in waiting.counts(incoming.key, table.name, choice.header, table).index]
    meaning = choices.meaning_of_texts(choice, variable, texts)
    return replace(choice, codes=tuple((text, level) for text, level in meaning.items() if level))


# ---------------------------------------------------------------- all columns in one list
def _overview(incoming: waiting.Waiting) -> None:
    order = _order(incoming)
    options = choices.target_words(incoming.mapping)
    frame = _overview_frame(incoming, order, options)
    key = f"columns-{incoming.key}-{incoming.version}"
    several = len(incoming.tables) > 1
    st.data_editor(
        frame, key=key, hide_index=True, height=GRID_HEIGHT if len(frame) > 10 else "auto", on_change=_overview_changed, args=(key,),
        disabled=[c for c in frame.columns if c != "Taken for"], alt="Columns of the file and what they are taken for",
        column_order=[c for c in frame.columns if several or c != "File"],
        column_config={
            "Taken for": st.column_config.SelectboxColumn(options=list(options.values()), required=True, width="medium"),
            "Column": st.column_config.TextColumn(width="medium"),
            "Why": st.column_config.TextColumn(width="large"),
        },
    )  # fmt: skip
    st.caption("Double-click 'Taken for' to change it. Units, codes and visits of a column are set below.")


def _order(incoming: waiting.Waiting) -> list[int]:
    """Positions of the columns, those to look at first. It follows the suggestion only, so that no row jumps while it is edited."""
    suggested = {(c.table, c.header): c for c in incoming.suggested.columns}
    looks = [choices.to_look_at(suggested.get((c.table, c.header), c)) for c in incoming.mapping.columns]
    return sorted(range(len(looks)), key=lambda i: (not looks[i], i))


def _overview_frame(incoming: waiting.Waiting, order: list[int], options: dict[str, str]) -> pd.DataFrame:
    rows = []
    for i in order:
        choice = incoming.mapping.columns[i]
        shown = "not shown" if choice.identifying else " · ".join(
            waiting.examples(choices.table_of(incoming.tables, choice), choice.header)
        )  # fmt: skip
        rows.append(
            {
                "Look": "look" if choices.to_look_at(choice) else "",
                "File": choice.table,
                "Column": choice.header,
                "Taken for": options[choice.target],
                "Examples": shown,
                "Unit": choices.unit_words(choice, incoming.mapping),
                "Sure": _MARKS[choice.confidence],
                "Why": "; ".join(choice.evidence),
            }
        )
    return pd.DataFrame(rows)


def _overview_changed(key: str) -> None:
    incoming = waiting.current()
    if incoming is None:
        return
    back = {words: target for target, words in choices.target_words(incoming.mapping).items()}
    order = _order(incoming)
    mapping = incoming.mapping
    for position, edit in state.get(key)["edited_rows"].items():
        choice = mapping.columns[order[int(position)]]
        target = back.get(edit.get("Taken for", ""), choice.target)
        if target != choice.target:
            mapping = _changed(mapping, choice, **_as_chosen(target))
    waiting.choose(mapping, from_grid=True)


def _as_chosen(target: str) -> dict[str, Any]:
    """A target chosen by hand: units, codes and visit start from the beginning."""
    return {"target": target, "unit": "", "codes": (), "visit": None, "confidence": "certain", "evidence": ("chosen by you",)}


# ---------------------------------------------------------------- one column
def _details(incoming: waiting.Waiting) -> None:
    order = _order(incoming)
    place, target_place = st.columns(2)
    several = len(incoming.tables) > 1

    def name(i: int) -> str:
        choice = incoming.mapping.columns[i]
        return f"{choice.header} ({choice.table})" if several else choice.header

    i = place.selectbox("Details of one column", order, format_func=name, key=f"details-{incoming.key}")
    choice = incoming.mapping.columns[i]
    with target_place:
        _target(incoming, choice, i)
    evidence = "; ".join(choice.evidence) or "nothing in its name or values"
    st.markdown(f":material/{_ICONS[choice.confidence]}: {plain(_MARKS[choice.confidence][2:])}: {plain(evidence)}")
    variable = choices.variable_of(choice.target)
    if choice.identifying and not state.get(_SHOW_NAMES, False):
        return
    shown = ", ".join(waiting.examples(choices.table_of(incoming.tables, choice), choice.header))
    st.caption(f"In the file: {plain(shown)}")
    _unit(choice, choices.units_of(variable), i, incoming)
    _visit(choice, i, incoming)
    if choices.levels_of(variable):
        _codes(incoming, choice, i)


def _target(incoming: waiting.Waiting, choice: ColumnChoice, i: int) -> None:
    options = choices.target_words(incoming.mapping)
    key = f"target-{incoming.key}-{i}"
    state.put(key, choice.target)
    st.selectbox("Taken for", list(options), format_func=options.__getitem__, key=key, on_change=_target_changed, args=(i, key))


def _target_changed(i: int, key: str) -> None:
    _change_at(i, **_as_chosen(state.get(key)))


def _unit(choice: ColumnChoice, units: tuple[str, ...], i: int, incoming: waiting.Waiting) -> None:
    if not units:
        return
    key = f"unit-{incoming.key}-{i}"
    current = choices.unit_words(choice, incoming.mapping)
    offered = units if current in units else (*units, current)
    state.put(key, current)
    st.selectbox("Unit in the file", offered, key=key, on_change=lambda: _change_at(i, unit=state.get(key)), width=240)


def _visit(choice: ColumnChoice, i: int, incoming: waiting.Waiting) -> None:
    words = choices.VISIT_WORDS.get(choice.target)
    if words is None:
        return
    key = f"visit-{incoming.key}-{i}"
    state.put(key, choice.visit)
    st.number_input(
        words, value=None, key=key, step=1.0, on_change=lambda: _change_at(i, visit=state.get(key)), width=240, placeholder="not known"
    )


def _codes(incoming: waiting.Waiting, choice: ColumnChoice, i: int) -> None:
    variable = choices.variable_of(choice.target)
    if variable is None:
        return
    table = choices.table_of(incoming.tables, choice)
    counts = waiting.counts(incoming.key, table.name, choice.header, table)
    frame = choices.code_frame(choice, variable, counts)
    key = f"codes-{incoming.key}-{i}-{choice.target}-{incoming.version}"
    st.data_editor(
        frame, key=key, hide_index=True, disabled=["In the file", "Rows"], height="auto", width=520,
        on_change=_codes_changed, args=(i, key, tuple(frame["In the file"])), alt="Texts of this column and what they mean",
        column_config={"Means": st.column_config.SelectboxColumn(options=[*choices.levels_of(variable), choices.LEFT_OUT], required=True)},
    )  # fmt: skip


def _codes_changed(i: int, key: str, texts: tuple[str, ...]) -> None:
    incoming = waiting.current()
    if incoming is None:
        return
    choice = incoming.mapping.columns[i]
    variable = choices.variable_of(choice.target)
    if variable is None:
        return
    meaning = choices.meaning_of_texts(choice, variable, texts)
    for position, edit in state.get(key)["edited_rows"].items():
        meaning[texts[int(position)]] = edit.get("Means", "")
    codes = tuple((text, level) for text, level in meaning.items() if level and level != choices.LEFT_OUT)
    waiting.choose(_changed(incoming.mapping, choice, codes=codes), from_grid=True)


# ---------------------------------------------------------------- changing
def _changed(mapping: Mapping, choice: ColumnChoice, **changes: Any) -> Mapping:
    return change(mapping, choice.table, choice.header, **changes)


def _change(choice: ColumnChoice, **changes: Any) -> None:
    incoming = waiting.current()
    if incoming is not None:
        waiting.choose(_changed(incoming.mapping, choice, **changes))


def _change_at(i: int, **changes: Any) -> None:
    incoming = waiting.current()
    if incoming is not None:
        _change(incoming.mapping.columns[i], **changes)


# ---------------------------------------------------------------- profile
def _profile(incoming: waiting.Waiting) -> None:
    with st.popover("Mapping profile", icon=":material/tune:"):
        st.caption("A small file with these choices and no patient data. It is applied by itself to the next file with the same columns.")
        st.download_button(
            "Download this mapping (JSON)", lambda: to_profile(incoming.mapping), "cartograph_mapping.json", "application/json",
            on_click="ignore", icon=":material/download:", key="profile-download",
        )  # fmt: skip
        st.file_uploader("Use a mapping profile", type="json", key="profile-upload", on_change=_profile_chosen)
    if state.get(_PROFILE_WORDS):
        st.info(plain(state.get(_PROFILE_WORDS)), icon=":material/info:")
    if state.get(_PROFILE_PROBLEMS):
        problem_list(state.get(_PROFILE_PROBLEMS), head="This is no mapping profile that can be used.", key="profile")


def _profile_chosen() -> None:
    file = state.get("profile-upload")
    state.put(_PROFILE_WORDS, "")
    state.put(_PROFILE_PROBLEMS, ())
    if file is None:
        return
    try:
        state.put(_PROFILE_WORDS, waiting.take_profile(file.name, file.getvalue().decode("utf-8-sig", errors="replace")))
    except CohortError as error:
        state.put(_PROFILE_PROBLEMS, error.problems)


def summary(incoming: waiting.Waiting) -> str:
    """How many columns are used and left out, in one line."""
    targets = [choice.target for choice in incoming.mapping.columns]
    known = sum(target not in (EXTRA, DROP) for target in targets)
    kept, dropped = targets.count(EXTRA), targets.count(DROP)
    return f"{len(targets):,} columns: {known:,} recognised, {kept:,} kept as they are, {dropped:,} left out"
