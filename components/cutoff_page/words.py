"""The paragraph in plain words, as the calm box below the cutoff."""

from __future__ import annotations

import html

import streamlit as st

from cartograph.views.paragraph import Paragraph, Sentence, Topic

BLOCKS: tuple[tuple[str, tuple[Topic, ...]], ...] = (
    ("What was cut", ("cut", "origin")),
    ("What came out", ("effect", "p", "products")),
    ("How firm it is", ("stability", "looks", "continuous")),
    ("What may not be concluded", ("limits",)),
)


def struck(naive: str) -> str:
    """A naive p that is not valid, struck through, and said to be so to those who cannot see the line."""
    return f"<s aria-label='naive p, not valid: {html.escape(naive, quote=True)}'>{html.escape(naive)}</s>"


def markup(said: Paragraph) -> str:
    """The paragraph as HTML; the only marks in it are ours, words from a file are escaped."""
    blocks = []
    for title, topics in BLOCKS:
        sentences = said.about(*topics)
        if sentences:
            blocks.append(f"<p><strong>{title}.</strong> {' '.join(_sentence(s) for s in sentences)}</p>")
    return f"<section class='carto-paragraph' aria-label='What this cutoff is worth'>{''.join(blocks)}</section>"


def show_paragraph(said: Paragraph) -> None:
    """The box."""
    st.html(markup(said))


def _sentence(sentence: Sentence) -> str:
    naive = struck(sentence.struck) if sentence.struck else ""
    return html.escape(sentence.text) + naive + html.escape(sentence.after)
