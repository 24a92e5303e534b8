"""The open cohort, the synthetic cohorts that ship with the app, and what can be downloaded before any file is at hand."""

from __future__ import annotations

import io

import pandas as pd
import streamlit as st

from cartograph import format as fmt
from cartograph.cohort import Cohort, Mapping, suggest_mapping
from cartograph.cohort.dictionary import dictionary_frame, template_frame
from cartograph.cohort.mapping import to_profile
from cartograph.cohort.reading import Source, read_tables
from components import state, waiting
from components.text import neutral_cells, plain
from sample_data import SAMPLES, Sample, sample_files


def open_cohort_line(cohort: Cohort) -> None:
    """Which cohort is open, in one line."""
    endpoints = ", ".join(endpoint.label for endpoint in cohort.endpoints.values()) or "none"
    badge = " :orange-badge[:material/science: SYNTHETIC]" if cohort.synthetic else ""
    st.markdown(f"Open now: **{plain(cohort.name)}**{badge} · {fmt.patients(cohort.n)} · endpoints: {plain(endpoints)}")


def sample_cards() -> None:
    """One card per synthetic cohort, each with a button that opens it."""
    st.caption("Cohorts to try the app on. They are invented: no real patient is in them.")
    places = st.columns(len(SAMPLES))
    for place, sample in zip(places, SAMPLES, strict=True):
        with place.container(border=True, height="stretch"):
            _card(sample)


def _card(sample: Sample) -> None:
    st.markdown(f"**{plain(_title(sample))}**")
    st.caption(plain(_first_sentence(sample.description)))
    label = "Open"
    st.button(label, key=f"sample-{sample.key}", on_click=waiting.open_sample, args=(sample.key,), icon=":material/folder_open:")


def _title(sample: Sample) -> str:
    words = sample.title.removeprefix("Synthetic: ")
    return words[:1].upper() + words[1:]


def _first_sentence(text: str) -> str:
    head, dot, _ = text.partition(". ")
    return head + ("." if dot else "")


# ---------------------------------------------------------------- downloads
def downloads() -> None:
    """Empty template, data dictionary and the mapping profile of the open cohort."""
    with st.container(horizontal=True, gap="small", key="downloads"):
        st.download_button(
            "Empty template (CSV)", template_csv, "cartograph_template.csv", "text/csv", on_click="ignore", icon=":material/download:"
        )
        st.download_button(
            "Empty template (XLSX)", template_xlsx, "cartograph_template.xlsx", on_click="ignore", icon=":material/download:",
            mime="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        )  # fmt: skip
        st.download_button(
            "Data dictionary (CSV)",
            dictionary_csv,
            "cartograph_data_dictionary.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/download:",
        )
        profile_download(state.cohort_id(), waiting.open_mapping())


def profile_download(sample: str, mapping: Mapping | None) -> None:
    """The mapping profile of the open cohort, when it came from a sample or through this page."""
    if mapping is None and sample not in {s.key for s in SAMPLES}:
        return

    def text() -> str:
        return to_profile(mapping if mapping is not None else sample_mapping(sample))

    st.download_button(
        "Mapping of the open cohort (JSON)",
        text,
        "cartograph_mapping.json",
        "application/json",
        on_click="ignore",
        icon=":material/download:",
    )


@st.cache_resource(show_spinner=False)
def sample_mapping(key: str) -> Mapping:
    """How a synthetic cohort is read; sessions may share it, no patient is in it."""
    return suggest_mapping(read_tables([Source.from_path(path) for path in sample_files(key)]))


def template_csv() -> str:
    """The empty template; opens in every spreadsheet program because it starts with a byte order mark."""
    return "\ufeff" + template_frame().to_csv(index=False)


def template_xlsx() -> bytes:
    """The empty template as a workbook with the data dictionary on its second sheet."""
    book = io.BytesIO()
    with pd.ExcelWriter(book, engine="openpyxl") as writer:
        template_frame().to_excel(writer, sheet_name="Patients", index=False)
        neutral_cells(dictionary_frame()).to_excel(writer, sheet_name="Data dictionary", index=False)
    return book.getvalue()


def dictionary_csv() -> str:
    """The data dictionary."""
    return "\ufeff" + neutral_cells(dictionary_frame()).to_csv(index=False)
