"""Files on their way in: read, recognised, waiting for the user's word. The open cohort stays open until the new one is built."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import pandas as pd
import streamlit as st

from cartograph.cohort import Cohort, CohortError, Mapping, Problem, RawTable, Source, build_cohort, parse, read_tables, suggest_mapping
from cartograph.cohort import mapping as profiles
from cartograph.cohort.adam import reshape
from cartograph.cohort.reading import Progress
from components import state

_WAITING: Final = "files on their way in"
_PROBLEMS: Final = "problems of the files on their way in"
_WORDS: Final = "words about the files on their way in"
_PROFILES: Final = "mapping profiles of this session"
_BEFORE: Final = "files that waited before"
_OPEN_MAPPING: Final = "mapping of the open cohort"
EXAMPLE_ROWS: Final = 200
EXAMPLES: Final = 3
PROFILES_KEPT: Final = 20


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """What was read from the chosen files, and what each column is taken for so far.

    ``key`` is a hash of the content (the key of every widget and cache); ``version`` counts changes made outside the overview grid, which
    then starts anew; ``adam`` is True when the files were an ADaM set that was turned into ordinary tables.
    """

    key: str
    sources: tuple[Source, ...]
    tables: tuple[RawTable, ...]
    suggested: Mapping
    mapping: Mapping
    adam: bool = False
    version: int = 0

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(len(table.frame) for table in self.tables)

    def table(self, name: str) -> RawTable:
        """A table by its name."""
        return next(table for table in self.tables if table.name == name)


def current() -> Waiting | None:
    """The files that wait, if any."""
    found: Waiting | None = state.get(_WAITING)
    return found


def problems() -> tuple[Problem, ...]:
    """Why the last files could not be read or built; empty when they could."""
    found: tuple[Problem, ...] = state.get(_PROBLEMS, ())
    return found


def words() -> tuple[str, ...]:
    """What happened to the files that wait: an ADaM set recognised, a profile applied."""
    found: tuple[str, ...] = state.get(_WORDS, ())
    return found


def open_mapping() -> Mapping | None:
    """How the open cohort was read from its files; None when it did not come in through this page."""
    found: Mapping | None = state.get(f"{_OPEN_MAPPING}: {state.cohort_id()}")
    return found


def let_go() -> None:
    """Forget the files that wait; the open cohort stays."""
    for name in (_WAITING, _PROBLEMS, _WORDS, _BEFORE):
        state.forget(name)


def take_in(sources: Sequence[Source], progress: Progress | None = None) -> Waiting | None:
    """Read files of one cohort and suggest what their columns mean; None when they cannot be read (``problems`` says why).

    Files named .json are mapping profiles: they are kept and applied when they fit. Nothing here touches the open cohort.
    """
    before: Waiting | None = current() or state.get(_BEFORE)
    let_go()
    state.put(_BEFORE, before)
    said, wrong = _take_profiles([s for s in sources if s.extension == "json"])
    files = tuple(s for s in sources if s.extension != "json")
    state.put(_WORDS, tuple(said))
    state.put(_PROBLEMS, tuple(wrong))
    if not files:
        return None
    try:
        tables = read_tables(files, progress=progress)
    except CohortError as error:
        state.put(_PROBLEMS, (*wrong, *error.problems))
        return None
    analysis_set = reshape(tables)
    tables = analysis_set or tables
    if analysis_set:
        said.append(
            "This is an ADaM set: censoring flags were turned round (CNSR 0 = event), parameters became endpoints, visits responses."
        )
    suggested = suggest_mapping(tables)
    strange = _without_patients(files, suggested)
    if strange:
        tables = tuple(table for table in tables if table.name not in strange)
        suggested = suggest_mapping(tables)
        said.append(f"Left aside, because nothing in it looks like patients: {', '.join(strange)}. Choose the sheet above to take it in.")
    incoming = Waiting(_key(files), files, tables, suggested, suggested, adam=analysis_set is not None)
    incoming, fitted = _with_profile(incoming)
    if before is not None:
        incoming = replace(incoming, mapping=_carried_over(before, incoming.mapping))
    state.put(_WAITING, incoming)
    state.put(_WORDS, (*said, *fitted))
    return incoming


def _without_patients(sources: Sequence[Source], suggested: Mapping) -> tuple[str, ...]:
    """Sheets that nobody asked for by name and in which no column was recognised, when other tables have such columns: legends, notes."""
    known: dict[str, bool] = {}
    for choice in suggested.columns:
        known[choice.table] = known.get(choice.table, False) or choice.target not in (profiles.EXTRA, profiles.DROP)
    unasked = tuple(f"{source.name} · " for source in sources if source.sheets is None)
    strange = tuple(name for name, is_known in known.items() if not is_known and name.startswith(unasked))
    return strange if any(known.values()) else ()


def _key(sources: Sequence[Source]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for source in sources:
        digest.update(repr((source.name, source.sheets, len(source.content))).encode())
        digest.update(source.content)
    return digest.hexdigest()


def _carried_over(before: Waiting, mapping: Mapping) -> Mapping:
    """Choices the user made for the same columns a moment ago stay when a file is added, taken away or mended."""
    suggested = set(before.suggested.columns)
    chosen = {(c.table, c.header): c for c in before.mapping.columns if c not in suggested}
    return replace(mapping, columns=tuple(chosen.get((c.table, c.header), c) for c in mapping.columns))


# ---------------------------------------------------------------- profiles
def take_profile(name: str, text: str) -> str:
    """Keep an uploaded profile and apply it to the files that wait when it fits. Returns what happened, as a sentence.

    Raises CohortError when the text is no mapping profile.
    """
    profile = profiles.from_profile(text)
    _keep(profile)
    incoming = current()
    if incoming is None:
        return f"The mapping profile {name} is kept and used for the next file that has its columns."
    if not profiles.fits(profile, incoming.tables):
        return f"The mapping profile {name} does not fit these files (their columns differ). It is kept for a file that has its columns."
    choose(profiles.apply_profile(profile, incoming.tables))
    return f"The mapping profile {name} was applied."


def _take_profiles(sources: Sequence[Source]) -> tuple[list[str], list[Problem]]:
    said: list[str] = []
    wrong: list[Problem] = []
    for source in sources:
        try:
            said.append(take_profile(source.name, source.content.decode("utf-8-sig", errors="replace")))
        except CohortError as error:
            wrong.extend(replace(problem, table=source.name) for problem in error.problems)
    return said, wrong


def _keep(profile: Mapping) -> None:
    kept: tuple[Mapping, ...] = state.get(_PROFILES, ())
    state.put(_PROFILES, (profile, *(p for p in kept if p != profile))[:PROFILES_KEPT])


def _with_profile(incoming: Waiting) -> tuple[Waiting, list[str]]:
    for profile in state.get(_PROFILES, ()):
        if profiles.fits(profile, incoming.tables):
            applied = profiles.apply_profile(profile, incoming.tables)
            sentence = "These columns were mapped before: the same mapping was applied. Check the endpoints below."
            return replace(incoming, mapping=applied), [sentence]
    return incoming, []


# ---------------------------------------------------------------- choices
def choose(mapping: Mapping, *, from_grid: bool = False) -> None:
    """Replace the mapping of the files that wait."""
    incoming = current()
    if incoming is not None:
        state.put(_WAITING, replace(incoming, mapping=mapping, version=incoming.version + (0 if from_grid else 1)))
        state.put(_PROBLEMS, ())


def build(name: str = "", progress: Progress | None = None) -> Cohort | None:
    """Build the cohort from the files that wait and open it; None when that is impossible (``problems`` says why)."""
    incoming = current()
    if incoming is None:
        return None
    try:
        cohort = build_cohort(incoming.tables, incoming.mapping, name=name, progress=progress)
    except CohortError as error:
        state.put(_PROBLEMS, error.problems)
        return None
    _keep(incoming.mapping)
    state.open_cohort(cohort)
    state.put(f"{_OPEN_MAPPING}: {state.cohort_id()}", incoming.mapping)
    let_go()
    return cohort


def open_sample(key: str) -> None:
    """Open a synthetic cohort; its mapping is the suggested one."""
    state.open_cohort(state.sample_cohort(key), sample=key)


# ---------------------------------------------------------------- what a column holds
def examples(table: RawTable, header: str) -> tuple[str, ...]:
    """The first different values of a column, as texts; only the first rows are looked at."""
    found: dict[str, None] = {}
    for cell in table.frame[header].iloc[:EXAMPLE_ROWS]:
        text = parse.as_text(cell)
        if text:
            found[text if len(text) <= 40 else text[:39] + "…"] = None
        if len(found) == EXAMPLES:
            break
    return tuple(found)


@st.cache_data(scope="session", show_spinner=False, max_entries=200)
def counts(key: str, table_name: str, header: str, _table: RawTable) -> pd.Series:
    """How often each text stands in a column, most frequent first (index: text). ``key`` is the content hash of the files."""
    texts = pd.Series(parse.texts(_table.frame[header]), dtype="object")
    return texts[texts != ""].value_counts()
