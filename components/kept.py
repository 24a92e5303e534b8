"""Results that are computed once for a cohort, a view and a choice, and kept for one session: no other session sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import streamlit as st

from cartograph.cohort import Cohort
from cartograph.views.board import Board

Asked = ParamSpec("Asked")
Found = TypeVar("Found")
_KNOWN_BY: dict[str | type[Any], Callable[[Any], Any]] = {Cohort: lambda cohort: cohort.fingerprint, Board: lambda _: 0}


def kept(entries: int) -> Callable[[Callable[Asked, Found]], Callable[Asked, Found]]:
    """Keep the last ``entries`` results of a function. A cohort is known by its content, a board by the cohort and view beside it."""
    return st.cache_resource(scope="session", max_entries=entries, show_spinner=False, hash_funcs=_KNOWN_BY)
