"""ADaM sets: censoring turned round, one row per patient, responses by visit, and a note for each change."""

from __future__ import annotations

import pandas as pd
import pytest

from cartograph.cohort.adam import reshape
from cartograph.cohort.reading import Source, read_tables
from cartograph.cohort.tables import RawTable

ADSL = "STUDYID,USUBJID,AGE,ARM\nS,P1,61,A\nS,P2,70,B\nS,P3,55,B\n"
ADTTE = """USUBJID,AGE,PARAMCD,PARAM,AVAL,AVALU,CNSR
P1,61,PFS,Progression-free survival,100,DAYS,0
P2,70,PFS,Progression-free survival,200.5,DAYS,1
P3,55,PFS,Progression-free survival,300,DAYS,2
P1,61,OS,Overall survival,12,MONTHS,0
P2,70,OS,Overall survival,24,MONTHS,1
P1,61,TNE,Number of events,3,COUNT,0
"""
ADRS = """USUBJID,PARAMCD,PARAM,AVALC,AVISIT,ADY
P1,OVRLRESP,Overall response by visit,SD,BASELINE,-3
P1,OVRLRESP,Overall response by visit,PR,MONTH 1,31
P1,OVRLRESP,Overall response by visit,CR,MONTH 3,92
P2,OVRLRESP,Overall response by visit,PD,MONTH 1,30
P1,CBOR,Confirmed best overall response,CR,,
P2,CBOR,Confirmed best overall response,PD,,
P1,LASTRESP,Last assessment,CR,,
"""


def read(**texts: str) -> tuple[RawTable, ...]:
    return read_tables([Source(f"{name}.csv", text.encode()) for name, text in texts.items()])


def reshaped(**texts: str) -> dict[str, RawTable]:
    tables = reshape(read(**texts))
    assert tables is not None
    return {t.name: t for t in tables}


def kinds(table: RawTable) -> list[str]:
    return [p.kind for p in table.problems]


def test_a_whole_set() -> None:
    tables = reshaped(adtte=ADTTE, adrs=ADRS, adsl=ADSL)
    assert list(tables) == ["adsl.csv", "ADTTE (endpoints)", "ADRS (responses)", "ADRS (best response)"]


def test_endpoints_are_one_row_per_patient_with_censoring_turned_round() -> None:
    table = reshaped(adtte=ADTTE, adsl=ADSL)["ADTTE (endpoints)"]
    assert list(table.frame.columns) == ["USUBJID", "PFS time (days)", "PFS event", "OS time (months)", "OS event"]
    assert table.frame.to_numpy().tolist() == [
        ["P1", 100.0, "event", 12.0, "event"],
        ["P2", 200.5, "censored", 24.0, "censored"],
        ["P3", 300.0, "censored", None, None],
    ]
    assert table.labels["PFS time (days)"] == "Progression-free survival: time"
    assert table.frame.index.tolist() == [2, 3, 4]
    assert kinds(table) == ["not-a-time", "censoring-turned"]
    assert all(p.severity == "note" for p in table.problems)


def test_responses_by_visit_leave_out_what_came_before_treatment() -> None:
    tables = reshaped(adrs=ADRS, adsl=ADSL)
    table = tables["ADRS (responses)"]
    assert table.frame.to_numpy().tolist() == [["P1", 0.99, "MONTH 1", "PR"], ["P1", 2.99, "MONTH 3", "CR"], ["P2", 0.95, "MONTH 1", "PD"]]
    assert list(table.frame.columns) == ["USUBJID", "visit month", "visit", "response"]
    assert kinds(table) == ["parameters-left-out", "before-treatment", "visit-month"]
    assert tables["ADRS (best response)"].frame.to_numpy().tolist() == [["P1", "CR"], ["P2", "PD"]]


def test_visit_months_come_from_dates_when_there_is_no_study_day() -> None:
    text = "USUBJID,PARAMCD,AVALC,ADT,TRTSDT\nP1,OVR,PR,2024-01-31,2024-01-01\nP2,OVR,CR,,2024-01-01\n"
    frame = reshaped(adrs=text)["ADRS (responses)"].frame
    assert frame["visit month"].tolist() == [pytest.approx(0.99), None]


def test_without_adsl_the_patient_columns_of_adtte_are_kept() -> None:
    frame = reshaped(adtte=ADTTE)["ADTTE (endpoints)"].frame
    assert frame["AGE"].tolist() == ["61", "70", "55"]


@pytest.mark.parametrize(("unit", "word"), [("Weeks", "weeks"), ("month", "months"), ("YEARS", "years"), ("d", "days")])
def test_units(unit: str, word: str) -> None:
    frame = reshaped(adtte=ADTTE.replace("DAYS", unit))["ADTTE (endpoints)"].frame
    assert f"PFS time ({word})" in frame


def test_a_unit_that_is_not_stated_is_taken_from_the_parameter_or_asked_for() -> None:
    text = "USUBJID,PARAMCD,PARAM,AVAL,CNSR\nP1,OS,Overall Survival (Months),3,0\nP1,PFS,PFS,3,0\n"
    table = reshaped(adtte=text)["ADTTE (endpoints)"]
    assert list(table.frame.columns) == ["USUBJID", "OS time (months)", "OS event", "PFS time", "PFS event"]
    assert [p.severity for p in table.problems if p.kind == "no-unit"] == ["warning"]


def test_values_in_another_unit_are_converted() -> None:
    text = ADTTE.replace("200.5,DAYS", "2,WEEKS")
    assert reshaped(adtte=text)["ADTTE (endpoints)"].frame["PFS time (days)"].tolist() == [100.0, 14.0, 300.0]


def test_flagged_rows_win_and_contradictions_are_missing() -> None:
    text = """USUBJID,PARAMCD,PARAM,AVAL,AVALU,CNSR,ANL01FL
P1,PFS,PFS,100,DAYS,0,
P1,PFS,PFS,150,DAYS,1,Y
P2,PFS,PFS,100,DAYS,0,Y
P2,PFS,PFS,120,DAYS,0,Y
P3,PFS,PFS,100,DAYS,,Y
P4,PFS,PFS,9,DAYS,1,Y
P4,PFS,PFS,9,DAYS,1,Y
"""
    table = reshaped(adtte=text)["ADTTE (endpoints)"]
    assert table.frame.iloc[:, 1:].to_numpy().tolist() == [[150.0, "censored"], [None, None], [None, None], [9.0, "censored"]]
    assert [(p.kind, p.severity, p.patient) for p in table.problems[:2]] == [
        ("no-censoring", "warning", "P3"),
        ("conflicting-rows", "error", "P2"),
    ]


def test_conflicting_best_responses_are_missing() -> None:
    table = reshaped(adrs="USUBJID,PARAMCD,AVALC,ADY\nP1,BOR,CR,5\nP1,BOR,PR,6\nP2,BOR,PR,6\n")["ADRS (best response)"]
    assert table.frame.to_numpy().tolist() == [["P1", None], ["P2", "PR"]]
    assert kinds(table) == ["conflicting-rows"]


def test_ordinary_tables_are_left_alone() -> None:
    assert reshape(read(cohort="id,pfs,event\nP1,3,1\nP2,4,0\n")) is None
    assert reshape(read(adsl=ADSL)) is None
    assert reshape(read(adlb="USUBJID,PARAMCD,PARAM,AVALC,AVISIT\nP1,FERR,Ferritin,3,V1\n")) is None


def test_tables_of_no_known_domain_come_back_unchanged() -> None:
    tables = read(adtte=ADTTE, labs="USUBJID,ferritin\nP1,300\nP2,500\n")
    result = reshape(tables)
    assert result is not None
    assert result[-1] is tables[1]


def test_the_input_is_not_changed() -> None:
    tables = read(adtte=ADTTE, adrs=ADRS)
    before = [t.frame.copy() for t in tables]
    reshape(tables)
    for old, table in zip(before, tables, strict=True):
        pd.testing.assert_frame_equal(old, table.frame)
