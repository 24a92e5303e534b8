"""Table 1 as a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import streamlit as st

from cartograph.report.table_one import table_one_csv, table_one_docx, table_one_html, table_one_latex
from cartograph.views.baseline import PrintedTable

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
FORMS: Mapping[str, tuple[Callable[..., bytes], str, str]] = {
    "Word": (table_one_docx, "docx", WORD),
    "HTML": (table_one_html, "html", "text/html"),
    "CSV": (table_one_csv, "csv", "text/csv"),
    "LaTeX": (table_one_latex, "tex", "application/x-tex"),
}


def downloads(table: PrintedTable, *, synthetic: bool) -> None:
    """Four files, each made when it is asked for; a synthetic cohort says so in name and content."""
    name = f"table_1{'_SYNTHETIC' if synthetic else ''}"
    with st.container(horizontal=True):
        for label, (make, ending, kind) in FORMS.items():
            st.download_button(
                label,
                partial(make, table, synthetic=synthetic),
                f"{name}.{ending}",
                kind,
                on_click="ignore",
                icon=":material/download:",
                key=f"baseline-{ending}",
            )
