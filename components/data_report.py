"""What happened between the file and the cohort: counts, every problem, filterable and downloadable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd
import streamlit as st

from cartograph import format as fmt
from cartograph.cohort import Cohort, Problem
from components.text import html_table, neutral_cells, plain

_SEVERITIES: Final = {"error": "✖ left out", "warning": "▲ kept, look at it", "note": "• for information"}
_COLUMNS: Final = {
    "severity": "What it means", "table": "File", "row": "Row", "column": "Column", "patient": "Patient", "found": "Found",
    "expected": "Expected", "done": "What was done",
}  # fmt: skip
ABBREVIATIONS = {"os": "OS", "pfs": "PFS", "dor": "DOR", "mrd": "MRD", "id": "ID"}


def data_report(cohort: Cohort) -> None:
    """The data report of a cohort."""
    report = cohort.report
    st.markdown(f"**{report.rows_read:,}** rows read · **{fmt.patients(report.patients_kept)}** kept")
    if cohort.endpoints:
        st.html(html_table(endpoint_frame(cohort), numeric=["Patients", "Events", "Censored", "Longest time (months)"], name="Endpoints"))
    else:
        st.warning(
            "This cohort has no endpoint: name a time and an event column, or dates, and build it again.", icon=":material/timer_off:"
        )
    if not report.problems:
        st.success("No problem was found.", icon=":material/check_circle:")
        return
    st.html(html_table(kind_frame(report.problems), numeric=["Findings"], name="Findings by kind"))
    _problems(cohort)


def endpoint_frame(cohort: Cohort) -> pd.DataFrame:
    """One row per endpoint, as texts: patients with a time and an event status, events, censored, longest time."""
    rows = []
    for key, endpoint in cohort.endpoints.items():
        time, event = cohort.survival(key)
        known = pd.notna(time)
        events = int(event[known].sum())
        rows.append(
            {
                "Endpoint": endpoint.name,
                "Event means": endpoint.event_words,
                "Patients": f"{int(known.sum()):,} of {cohort.n:,}",
                "Events": f"{events:,} ({fmt.percent(events / known.sum())})" if known.any() else "0",
                "Censored": f"{int(known.sum()) - events:,}",
                "Longest time (months)": fmt.months(float(time[known].max())) if known.any() else "",
            }
        )
    return pd.DataFrame(rows)


def kind_frame(problems: Sequence[Problem]) -> pd.DataFrame:
    """Findings by kind, what was left out first: 'What it means', 'Kind', 'Findings', 'Columns'."""
    frame = pd.DataFrame(
        {"severity": [p.severity for p in problems], "kind": [p.kind for p in problems], "column": [p.column for p in problems]}
    )
    counted = (
        frame.groupby(["severity", "kind"], sort=False).agg(n=("kind", "size"), columns=("column", lambda c: _names(list(c)))).reset_index()
    )
    counted["rank"] = counted["severity"].map(list(_SEVERITIES).index)
    counted = counted.sort_values(["rank", "n"], ascending=[True, False], kind="stable")
    return pd.DataFrame(
        {
            "What it means": counted["severity"].map(_SEVERITIES),
            "Kind": counted["kind"].map(kind_words),
            "Findings": counted["n"].map("{:,}".format),
            "Columns": counted["columns"],
        }
    )


def kind_words(kind: str) -> str:
    """The slug of a rule as words: 'negative-time' reads 'Negative time'."""
    words = " ".join(ABBREVIATIONS.get(word, word) for word in kind.split("-"))
    return words[:1].upper() + words[1:]


def _names(columns: Sequence[str]) -> str:
    different = [name for name in dict.fromkeys(columns) if name]
    shown = ", ".join(name if len(name) <= 30 else name[:29] + "…" for name in different[:4])
    return shown + (f" and {len(different) - 4:,} more" if len(different) > 4 else "")


def _problems(cohort: Cohort) -> None:
    frame = cohort.report.to_frame()
    kinds = list(dict.fromkeys(frame["kind"]))
    severities = [s for s in _SEVERITIES if (frame["severity"] == s).any()]
    with st.container(horizontal=True, vertical_alignment="bottom", key="report-filters"):
        wanted = st.pills(
            "Show",
            severities,
            selection_mode="multi",
            default=severities,
            format_func=_SEVERITIES.__getitem__,
            key=f"report-severity-{cohort.fingerprint}",
        )
        chosen = st.multiselect(
            "Kind", kinds, format_func=kind_words, key=f"report-kind-{cohort.fingerprint}", placeholder="every kind", width=320
        )
        st.download_button(
            "Report (CSV)",
            lambda: report_csv(cohort),
            f"{_file_name(cohort)}_data_report.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/download:",
        )
    shown = frame[frame["severity"].isin(wanted or severities) & (frame["kind"].isin(chosen) if chosen else True)]
    table = shown.assign(severity=shown["severity"].map(_SEVERITIES))[list(_COLUMNS)].rename(columns=_COLUMNS)
    st.dataframe(
        table,
        hide_index=True,
        height="auto",
        placeholder="",
        alt=f"{len(table):,} findings",
        key="report-table",
    )
    st.caption(plain(f"{len(table):,} of {len(frame):,} findings. Row = row number in the file as a spreadsheet shows it."))


def _file_name(cohort: Cohort) -> str:
    return "".join(c if c.isalnum() else "_" for c in cohort.name)[:60] or "cohort"


def report_csv(cohort: Cohort) -> str:
    """Every finding as CSV; texts that a spreadsheet would run as a formula are led by an apostrophe."""
    frame = cohort.report.to_frame()
    body = neutral_cells(frame.astype({"row": "object"}).where(frame.notna(), "")).to_csv(index=False)
    return ("# SYNTHETIC data: no real patient\n" if cohort.synthetic else "") + body
