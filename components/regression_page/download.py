"""The regression table as a file."""

from __future__ import annotations

import streamlit as st

from cartograph.cohort import Cohort
from cartograph.report.regression_table import regression_csv, regression_docx
from cartograph.views.explore import ExploreView
from cartograph.views.regression import RegressionResult

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def downloads(cohort: Cohort, view: ExploreView, result: RegressionResult) -> None:
    """Made when asked for; a synthetic cohort says so in name and content."""
    mark = "_SYNTHETIC" if cohort.synthetic else ""
    name = f"regression_{result.outcome.key}{mark}"
    with st.container(horizontal=True):
        st.download_button(
            "Table (CSV)",
            lambda: regression_csv(cohort, view, result),
            f"{name}.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/download:",
            key="regression-csv",
        )
        st.download_button(
            "Table (Word)",
            lambda: regression_docx(cohort, view, result),
            f"{name}.docx",
            WORD,
            on_click="ignore",
            icon=":material/download:",
            key="regression-docx",
        )
