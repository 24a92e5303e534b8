"""Measures by group: a box for each, its test, and a table; and the measures of every patient."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from cartograph import format as fmt
from cartograph.charts.marker_by_grade import marker_by_grade_chart
from cartograph.views.kinetics import NOBODY
from cartograph.views.kinetics_measures import AS_THEY_ARE, MeasureResult, measure_results, method_words, patients_frame
from components.kinetics_page.choices import Asked, measures_of
from components.response_page.subject import choice, download_table, short
from components.sentences import UNADJUSTED, say
from components.text import html_table

PANEL = "kinetics-panel"
PER_ROW = 3
ROWS_SHOWN = 200


def by_group(asked: Asked) -> None:
    """Boxes of every measure in one panel, and the table of all panels."""
    found = measures_of(asked)
    results = measure_results(found, asked.groups, asked.panels)
    title = asked.panels[0][1]
    if len(asked.panels) > 1:
        titles = {t: t for _, t, _ in asked.panels}
        title = choice("Patients", titles, PANEL)
    shown = [r for r in results if r.panel == title]
    if asked.groups.key == NOBODY:
        say(["Choose by what the courses are shown to compare groups; the table describes all patients."])
    else:
        _boxes(asked, shown)
    _table(results, asked)
    say(list(dict.fromkeys(note for r in shown for note in r.notes)), kind="quiet")
    say(method_words(found), kind="quiet")
    with st.container(horizontal=True):
        download_table(
            asked.about,
            lambda: pd.concat([r.to_frame() for r in results]),
            label="Measures by group (CSV)",
            name="kinetics_by_group",
            key="kinetics-groups-csv",
        )


def _boxes(asked: Asked, shown: Sequence[MeasureResult]) -> None:
    drawn = [r for r in shown if r.boxes.boxes]
    for start in range(0, len(drawn), PER_ROW):
        for place, result in zip(st.columns(PER_ROW), drawn[start : start + PER_ROW], strict=False):
            with place:
                asked.draw(
                    marker_by_grade_chart(result.boxes, dark=asked.about.dark),
                    key=f"kinetics-{result.measure.key}",
                    said=result.measure.label,
                )
                say([_test_words(result)], kind="quiet")
    say([AS_THEY_ARE, *([UNADJUSTED] if asked.groups.key == "product" else [])], kind="quiet")


def _test_words(result: MeasureResult) -> str:
    """'Wilcoxon rank sum test, exact: p = 0.012, q = 0.045', or why there is no p."""
    test = result.test
    if math.isfinite(test.p_value):
        return f"{test.method}: {fmt.p_equals(test.p_value)}, q = {fmt.p_value(result.q)}"
    return f"{test.method}: p not given, {test.reason}"


def _table(results: Sequence[MeasureResult], asked: Asked) -> None:
    rows = [_table_row(row, asked) for result in results for row in result.summary.itertuples(index=False)]
    if rows:
        numeric = ["n", "Not known", "Median (quartiles)", "Range"]
        st.html(html_table(pd.DataFrame(rows), numeric=numeric, name="Kinetics by group"))
    given = sum(math.isfinite(r.test.p_value) for r in results)
    if given > 1:
        say([f"{given} tests on this page; q is the p value after Benjamini and Hochberg's correction for all of them."], kind="quiet")


def _table_row(row: Any, asked: Asked) -> dict[str, str]:
    return {
        "Measure": f"{row.measure} ({row.unit})" if row.unit else row.measure,
        **({"Patients": short(row.panel)} if len(asked.panels) > 1 else {}),
        "Group": short(row.group),
        "n": f"{row.n:,}",
        "Not known": f"{row.n_missing:,}",
        "Median (quartiles)": _quartiles(row.q1, row.median, row.q3) if row.n else "nobody",
        "Range": fmt.measured_range(row.lowest, row.highest) if row.n else "",
    }


def _quartiles(low: float, middle: float, high: float) -> str:
    """Persistence may not reach its median."""
    first, median, third = (fmt.number(v) if math.isfinite(v) else fmt.NOT_REACHED for v in (low, middle, high))
    return f"{median} ({first}{fmt.EN_DASH}{third})"


def every_patient(asked: Asked) -> None:
    """One row per patient, and all of them as a file."""
    found = measures_of(asked)
    table = patients_frame(found, asked.groups)
    text = table.copy()
    for name in text.columns:
        if pd.api.types.is_float_dtype(text[name]):
            text[name] = [fmt.number(v) if math.isfinite(v) else "" for v in text[name]]
    st.html(html_table(text.head(ROWS_SHOWN), numeric=list(text.columns[2:]), name="Kinetics of every patient"))
    if len(table) > ROWS_SHOWN:
        say([f"The first {ROWS_SHOWN} of {fmt.patients(len(table))}; the file holds all."], kind="quiet")
    say(method_words(found), kind="quiet")
    with st.container(horizontal=True):
        download_table(asked.about, lambda: table, label="Every patient (CSV)", name="kinetics_patients", key="kinetics-patients-csv")
