"""What a session remembers, and what its link says. The only file that touches session state and the URL."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import streamlit as st

from cartograph.cohort import Cohort, CohortError, read_cohort
from cartograph.views.defaults import default_view
from cartograph.views.explore import ExploreView, Marker
from cartograph.views.link import from_query, to_query
from cartograph.views.looks import Looks
from sample_data import SAMPLES, sample_files

_COHORT: Final = "active cohort"
_COHORT_ID: Final = "cohort in the link"
_VIEW: Final = "explore view"
_VIEWS: Final = "explore views of the other cohorts"
_OPENED: Final = "cohorts opened from files"
_LINK: Final = "link as it was opened"
_WORDS: Final = "words about the link"
_LOOKS: Final = "cutoffs looked at, by cohort"
_LOCKED: Final = "cohorts with locked cutoffs"
FIRST_SAMPLE: Final = SAMPLES[0].key


@st.cache_resource(show_spinner="Opening the sample cohort …")
def sample_cohort(key: str) -> Cohort:
    """A synthetic cohort that ships with the app: no patient is in it, so sessions may share it."""
    title = next(sample.title for sample in SAMPLES if sample.key == key)
    return read_cohort(sample_files(key), name=title)


def get(name: str, default: Any = None) -> Any:
    """A value of this session."""
    return st.session_state.get(name, default)


def put(name: str, value: Any) -> None:
    """Remember a value in this session."""
    st.session_state[name] = value


def take(name: str) -> Any:
    """A value of this session, read once: it is forgotten."""
    return st.session_state.pop(name, None)


def forget(name: str) -> None:
    """Forget a value of this session."""
    st.session_state.pop(name, None)


def active_cohort() -> Cohort:
    """The cohort on screen; at first the one the link names, else the first sample."""
    if _COHORT not in st.session_state:
        _remember_link()
        _open_first()
    cohort: Cohort = st.session_state[_COHORT]
    return cohort


def cohort_id() -> str:
    """How links name the active cohort: a sample's key, else the beginning of its fingerprint."""
    active_cohort()
    return str(st.session_state[_COHORT_ID])


def _remember_link() -> None:
    st.session_state[_LINK] = {name: st.query_params.get_all(name) for name in st.query_params}


def _open_first() -> None:
    path = os.environ.get("CARTOGRAPH_COHORT", "")
    asked = (st.session_state[_LINK].get("cohort") or [""])[-1]
    known = {sample.key for sample in SAMPLES}
    if path and _open_file(Path(path)):
        return
    if asked in known or not asked:
        open_cohort(sample_cohort(asked or FIRST_SAMPLE), sample=asked or FIRST_SAMPLE)
    else:
        open_cohort(sample_cohort(FIRST_SAMPLE), sample=FIRST_SAMPLE)
        say("This link was made with another cohort. Open that cohort's file under Data: the view of the link is kept for it.")


def _open_file(path: Path) -> bool:
    """Open the cohort of a file; False, with a sentence about it, when it cannot be read."""
    try:
        open_cohort(read_cohort(path))
    except (CohortError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        say(f"{path.name} (named in CARTOGRAPH_COHORT) cannot be read, the first sample is open instead: {reason}")
        return False
    return True


def open_cohort(cohort: Cohort, *, sample: str = "") -> None:
    """Make a cohort the active one; the view of a link that waits for it is taken up, else the default view."""
    identity = sample or cohort.fingerprint[:10]
    _leave()
    if not sample:
        st.session_state[_OPENED] = {**opened(), identity: cohort}
    link: Mapping[str, list[str]] = st.session_state.get(_LINK) or {}
    asked = (link.get("cohort") or [""])[-1]
    st.session_state[_COHORT] = cohort
    st.session_state[_COHORT_ID] = identity
    if link and asked in ("", identity):
        read = from_query(link, cohort)
        # A link without a biomarker that this cohort has would leave nothing to move.
        st.session_state[_VIEW] = read.view if read.view.markers else replace(read.view, markers=default_view(cohort).markers)
        for words in read.words:
            say(words)
        st.session_state[_LINK] = {}
    else:
        st.session_state[_VIEW] = st.session_state.get(_VIEWS, {}).get(identity) or default_view(cohort)


def _leave() -> None:
    """Keep the view of the cohort that is left, for when it is opened again."""
    if _COHORT_ID in st.session_state:
        st.session_state[_VIEWS] = {**st.session_state.get(_VIEWS, {}), st.session_state[_COHORT_ID]: view()}


def opened() -> Mapping[str, Cohort]:
    """The cohorts that this session opened from files, by their name in links."""
    found: Mapping[str, Cohort] = st.session_state.get(_OPENED, {})
    return found


def switch_cohort(identity: str) -> None:
    """Go to another cohort of this session or to a sample; each keeps its own view."""
    if identity in opened():
        open_cohort(opened()[identity])
    else:
        open_cohort(sample_cohort(identity), sample=identity)


def look(seen: ExploreView, position: int = 0, stops: Sequence[float] = ()) -> None:
    """Count what the user has looked at: the cutoffs of the view, and every stop of one handle that was on screen in between."""
    looked = looks().of(seen)
    for stop in stops:
        markers = tuple(replace(m, cutoff=stop) if i == position else m for i, m in enumerate(seen.markers))
        looked = looked.of(replace(seen, markers=markers))
    st.session_state[_LOOKS] = {**st.session_state.get(_LOOKS, {}), cohort_id(): looked}


def looks() -> Looks:
    """What was looked at of the active cohort in this session."""
    found: Looks = st.session_state.get(_LOOKS, {}).get(cohort_id(), Looks())
    return found


def locked() -> bool:
    """True while the cutoffs of the active cohort are locked."""
    return bool(st.session_state.get(_LOCKED, {}).get(cohort_id(), False))


def lock(on: bool) -> None:
    """Lock or unlock the cutoffs; a locked cutoff counts as pre-specified, an unlocked one as moved by hand."""
    st.session_state[_LOCKED] = {**st.session_state.get(_LOCKED, {}), cohort_id(): on}
    if on:
        kept = [replace(m, origin="pre-specified") if m.origin == "hand" else m for m in view().markers]
    else:
        kept = [replace(m, origin="hand") if m.origin == "pre-specified" else m for m in view().markers]
    change_view(markers=tuple(kept))


def say(words: str) -> None:
    """A sentence to show once at the top of the next page."""
    st.session_state.setdefault(_WORDS, []).append(words)


def said() -> list[str]:
    """The sentences that wait, each shown once."""
    words: list[str] = st.session_state.pop(_WORDS, [])
    return words


def view() -> ExploreView:
    """The view on screen."""
    current: ExploreView = st.session_state[_VIEW]
    return current


def change_view(**changes: Any) -> ExploreView:
    """Change parts of the view; returns the new one."""
    st.session_state[_VIEW] = replace(view(), **changes)
    return view()


def change_marker(position: int, marker: Marker) -> ExploreView:
    """Put a marker in first or second place."""
    markers = list(view().markers)
    markers[position : position + 1] = [marker]
    return change_view(markers=tuple(markers))


def write_link() -> None:
    """Let the address bar say what is on screen: choices only, never a patient."""
    wanted = _query()
    if {name: st.query_params.get_all(name) for name in st.query_params} != wanted:
        st.query_params.from_dict(wanted)


def link() -> str:
    """The same as one text: a part of the page that follows a cutoff writes it without a step back for each step of the cutoff."""
    return urlencode(_query(), doseq=True)


def _query() -> dict[str, list[str]]:
    return {"cohort": [st.session_state[_COHORT_ID]], **to_query(view())}


def is_dark() -> bool:
    """True when this browser shows the dark theme."""
    return bool(st.context.theme.type == "dark")
