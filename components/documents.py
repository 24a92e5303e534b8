"""The project's own documents, shown in the app."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

DOCS = Path(__file__).parent.parent / "docs"


def show_document(name: str) -> None:
    """A Markdown file of docs/."""
    st.markdown((DOCS / name).read_text(encoding="utf-8"))
