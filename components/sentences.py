"""Sentences on a page, below each other: what a result says, and its notes."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Final, Literal

import streamlit as st

Kind = Literal["", "lead", "quiet"]
NOBODY: Final = "No patient passes the filters. Remove one in the sidebar."
UNADJUSTED: Final = "Products side by side are unadjusted, not randomised."


def say(sentences: Sequence[str], *, kind: Kind = "") -> None:
    """Sentences; whatever comes from a file is shown as it stands. ``kind``: "lead" opens a page, "quiet" are notes, smaller.

    These two are led by a capital; other sentences may begin with a name from a file ("cilta-cel"), which stays as it is.
    """
    say_markup([html.escape(sentence(words) if kind else _ended(words)) for words in sentences], kind=kind)


def say_markup(lines: Sequence[str], *, kind: Kind = "") -> None:
    """Lines that are safe markup already; nothing where there are none."""
    if lines:
        st.html(f"<div class='carto-words {kind}'>{''.join(f'<p>{line}</p>' for line in lines)}</div>")


def sentence(words: str) -> str:
    """A note of a statistic as a sentence: led by a capital, ended by a full stop."""
    return words[:1].upper() + _ended(words[1:])


def _ended(words: str) -> str:
    return words + ("" if words.endswith((".", "?", "!", ":")) else ".")
