"""What columns are taken for: by name in four languages, by values, and what is said when a file leaves it open."""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cartograph.cohort.build import build_cohort
from cartograph.cohort.headers import find, read_header
from cartograph.cohort.mapping import DROP, EXTRA, ColumnChoice, event_summary
from cartograph.cohort.reading import Source, read_tables
from cartograph.cohort.recognise import suggest_mapping
from cartograph.cohort.schema import VARIABLES
from tests.cohort.making import table_of

SAMPLES = Path(__file__).parents[2] / "sample_data"
N = 12


def choices_of(columns: AbstractMapping[str, Sequence[Any]], **more: Any) -> dict[str, ColumnChoice]:
    return {c.header: c for c in suggest_mapping([table_of(columns, **more)]).columns}


def spread(low: float, high: float) -> list[str]:
    return [f"{low + (high - low) * i / (N - 1):.2f}" for i in range(N)]


NAMED = {
    "Ferritin_D0": ("ferritin", "d0"),
    "ferritin day 0 (ng/mL)": ("ferritin", "d0"),
    "CRP day -5": ("crp", "pre"),
    "CRP pre-LD": ("crp", "pre"),
    "Ferritin (baseline)": ("ferritin", "pre"),
    "Kreatinin vor LD (µmol/l)": ("creatinine", "pre"),
    "Alter": ("age", ""),
    "Geschlecht": ("sex", ""),
    "Thrombozyten": ("platelets", ""),
    "plaquettes": ("platelets", ""),
    "hemoglobina": ("hemoglobin", ""),
    "Lymphocytes (ALC), 10^9/L": ("alc", ""),
    "β2-Mikroglobulin": ("b2m", ""),
    "t(4;14)": ("t_4_14", ""),
    "BMPC": ("marrow_plasma_cells", ""),
    "CRS max grade": ("crs_grade", ""),
    "CRS Peak Severity": ("crs_grade", ""),
    "date_of_death": ("death_date", ""),
    "lastcontactdate": ("last_contact_date", ""),
    "AUC 0-28 d (copies/µg*day)": ("auc_0_28", ""),
}


@pytest.mark.parametrize("header", NAMED)
def test_names(header: str) -> None:
    found = find(read_header(header))
    assert found is not None
    assert (found.what, found.when) == NAMED[header]


@pytest.mark.parametrize(
    "header", ["Peak ferritin (µg/L)", "ferritin d7", "Diagnosis to infusion (months)", "Prior double ASCT", "AgeGroup"]
)
def test_names_of_something_else(header: str) -> None:
    assert find(read_header(header)) is None


@pytest.mark.parametrize(
    ("header", "what", "visit"),
    [
        ("Response month 3", "response", 3.0),
        ("response_m1", "response", 1.0),
        ("MRD d+28", "mrd", 0.9199),
        ("M6 response", "response", 6.0),
        ("Ansprechen Monat 12", "response", 12.0),
        ("car_transgene_d7", "transgene", 7.0),
        ("MRD 1 year", "mrd", 12.0),
    ],
)
def test_visits_in_names(header: str, what: str, visit: float) -> None:
    found = find(read_header(header))
    assert found is not None
    assert (found.what, found.visit) == (what, visit)


def test_the_headers_of_the_template_are_known() -> None:
    by_visit = {"response_visit": "response_m3", "mrd_visit": "mrd_m3", "car_transgene_day": "car_transgene_d7"}
    for key, variable in VARIABLES.items():
        if variable.kind not in {"time", "event"} and variable.section != "Visits":
            assert find(read_header(by_visit.get(key, key))) is not None, key


@pytest.mark.parametrize(
    ("header", "values", "unit", "confidence"),
    [
        ("CRP day 0 (mg/L)", spread(2, 90), "", "certain"),
        ("CRP day 0 (mg/dL)", spread(0.2, 9), "mg/dL", "certain"),
        ("CRP day 0", spread(0.1, 0.7), "mg/dL", "guess"),
        ("Hb_d0", spread(80, 130), "g/L", "guess"),
        ("ALC pre-LD (cells/µL)", spread(100, 2000), "cells/µL", "certain"),
        ("Creatinine pre-LD (mg/dL)", spread(60, 150), "", "guess"),
        ("Ferritin day 0 (bottles)", spread(60, 1500), "", "certain"),
    ],
)
def test_units(header: str, values: list[str], unit: str, confidence: str) -> None:
    choice = choices_of({header: values})[header]
    assert (choice.unit, choice.confidence) == (unit, confidence), choice.evidence


def test_a_laboratory_value_without_a_time_point_is_taken_as_before_lymphodepletion_and_said() -> None:
    choice = choices_of({"Ferritin": spread(50, 3000)})["Ferritin"]
    assert (choice.target, choice.confidence) == ("ferritin_pre", "likely")
    assert any("no time point" in words for words in choice.evidence)


TIMES = spread(1, 30)
HALF = ["1", "0"] * (N // 2)


@pytest.mark.parametrize(
    ("time", "event", "codes", "target", "confidence"),
    [
        ("PFS (months)", "PFS event", HALF, "pfs_event", "certain"),
        ("OS time days", "OS_status", ["dead", "alive"] * 6, "os_event", "certain"),
        ("OSmonths", "OSevent", HALF, "os_event", "certain"),
        ("OS TIME JUN2008", "OS CENSOR (1=death) JUN2008", HALF, "os_event", "certain"),
        ("OS time", "OS_censor", HALF, "os_event", "guess"),
        ("Überlebenszeit (Monate)", "Verstorben", ["ja", "nein"] * 6, "os_event", "certain"),
        ("time", "status", ["1", "2"] * 6, "os_event", "guess"),
        ("EFS (months)", "EFS event", HALF, "endpoint:efs:event", "certain"),
        ("Second surgery time (days)", "Second surgery event", HALF, "endpoint:second_surgery:event", "certain"),
        ("progression free survival (mo)", "progressed", ["yes", "no"] * 6, "pfs_event", "certain"),
        ("PFS (Monate)", "Progress oder Tod", ["ja", "nein"] * 6, "pfs_event", "certain"),
        ("SSP (mois)", "Progression ou décès", ["oui", "non"] * 6, "pfs_event", "certain"),
        ("PFS (mo)", "Progression/Death", HALF, "pfs_event", "certain"),
    ],
)
def test_pairs(time: str, event: str, codes: list[str], target: str, confidence: str) -> None:
    found = choices_of({time: TIMES, event: codes})
    assert (found[event].target, found[event].confidence) == (target, confidence), found[event].evidence
    assert found[time].target == target.replace("event", "time")
    assert {level for _, level in found[event].codes} == {"event", "censored"}


def test_the_name_says_which_code_is_the_event() -> None:
    table = table_of({"OS months": TIMES, "OS CENSOR (1=censored)": ["1"] * 9 + ["0"] * 3})
    choice = next(c for c in suggest_mapping([table]).columns if c.target == "os_event")
    assert event_summary(table, choice) == "0 = death: 3 of 12 events (25 %)"


def test_sas_censoring_is_turned_and_r_coding_is_known() -> None:
    assert dict(choices_of({"OS months": TIMES, "OS CNSR": HALF})["OS CNSR"].codes) == {"1": "censored", "0": "event"}
    assert dict(choices_of({"time": TIMES, "status": ["1", "2"] * 6})["status"].codes) == {"1": "censored", "2": "event"}


def test_an_open_censor_column_is_read_by_its_times_and_said() -> None:
    choice = choices_of({"OS months": [str(1 + i) for i in range(N)], "OS_censor": ["0"] * 6 + ["1"] * 6})["OS_censor"]
    assert dict(choice.codes) == {"0": "event", "1": "censored"}
    assert choice.confidence == "guess"
    assert any("does not tell" in words for words in choice.evidence)


def test_a_column_called_censored_says_who_is_censored() -> None:
    choice = choices_of({"PFS_mo": TIMES, "PFS_censored": HALF})["PFS_censored"]
    assert dict(choice.codes) == {"1": "censored", "0": "event"}
    assert choice.confidence == "guess"


def test_a_french_file() -> None:
    found = choices_of(
        {
            "ID patient": [f"A{i}" for i in range(N)],
            "Survie globale (mois)": TIMES,
            "Décès": ["oui", "non"] * 6,
            "Meilleure réponse": ["RC", "TBRP"] * 6,
        }
    )
    assert [c.target for c in found.values()] == ["patient_id", "os_time", "os_event", "best_response"]
    assert all("partner" not in words for c in found.values() for words in c.evidence)


def test_of_two_pairs_the_one_with_explained_codes_wins() -> None:
    found = choices_of({"OS (months)": TIMES, "OS-censor": HALF, "OS TIME JUN2008": TIMES, "OS CENSOR (1=death) JUN2008": HALF})
    assert [c.target for c in found.values()] == [EXTRA, EXTRA, "os_time", "os_event"]


@pytest.mark.parametrize(("high", "unit"), [(60.0, "months"), (2500.0, "days")])
def test_the_time_unit_of_the_file(high: float, unit: str) -> None:
    assert suggest_mapping([table_of({"OS": spread(1, high), "OS event": HALF})]).time_unit == unit


def test_identifying_columns_are_left_out_and_said() -> None:
    found = choices_of(
        {
            "Patient ID": [f"P{i}" for i in range(N)],
            "Last name": [f"Miller{i}" for i in range(N)],
            "MRN": [str(100000 + i) for i in range(N)],
            "DOB": ["1950-01-02"] * N,
            "contact": [f"a{i}@b.org" for i in range(N)],
            "who": [f"Mill{chr(97 + i)}r, Ann" for i in range(N)],
        }
    )
    assert found["Patient ID"].target == "patient_id"
    for header in ("Last name", "MRN", "DOB", "contact", "who"):
        assert found[header].target == DROP
        assert found[header].identifying


def test_a_record_number_that_is_the_only_id_stays_and_is_said() -> None:
    choice = choices_of({"MRN": [str(100000 + i) for i in range(N)], "Age": spread(40, 80)})["MRN"]
    assert choice.target == "patient_id"
    assert choice.identifying
    assert any("study number" in words for words in choice.evidence)


def test_a_name_with_other_values_is_kept_as_it_is() -> None:
    choice = choices_of({"TP53": spread(10, 2000)})["TP53"]
    assert (choice.target, choice.confidence) == (EXTRA, "guess")
    assert choices_of({"Age": ["<65", ">=65"] * 6})["Age"].target == EXTRA


def test_sex_as_numbers_is_a_guess() -> None:
    choice = choices_of({"Sex": ["1", "2"] * 6})["Sex"]
    assert (choice.confidence, choice.codes) == ("guess", (("1", "male"), ("2", "female")))


def test_two_columns_with_one_meaning() -> None:
    found = choices_of({"Ferritin": spread(50, 900), "Ferritin baseline": spread(50, 900)})
    assert found["Ferritin baseline"].target == "ferritin_pre"
    assert found["Ferritin"].target == EXTRA
    assert any("taken for this already" in words for words in found["Ferritin"].evidence)


@pytest.mark.parametrize(
    ("dates", "order", "confidence"),
    [
        (["03/04/2021", "25/04/2021"], "day-first", "certain"),
        (["03/04/2021", "04/25/2021"], "month-first", "certain"),
        (["03/04/2021", "05/04/2021"], "iso", "guess"),
        (["03.04.2021", "05.04.2021"], "day-first", "guess"),
        (["2021-04-03", "2021-04-25"], "iso", "certain"),
    ],
)
def test_the_order_of_dates_is_decided_on_the_whole_file(dates: list[str], order: str, confidence: str) -> None:
    mapping = suggest_mapping([table_of({"Infusion date": dates})])
    assert mapping.date_order == order
    assert mapping.columns[0].confidence == confidence


def test_tables_with_several_rows_per_patient() -> None:
    found = choices_of(
        {"Patient": ["a", "a", "b", "b"], "Day": ["0", "7", "0", "7"], "CRP (mg/L)": ["5", "9", "4", "8"], "Age": ["60", "60", "70", "70"]}
    )
    assert [c.target for c in found.values()] == ["patient_id", "sample_day", "series:crp", "age"]


def test_a_sheet_that_explains_another_is_left_out() -> None:
    patients = table_of({"Age": spread(40, 80), "OS (months)": TIMES, "OS event": HALF}, name="book · Patients")
    legend = table_of({"Column": ["Age", "OS (months)", "OS event"], "Meaning": ["years", "time", "1 = died"]}, name="book · Legend")
    mapping = suggest_mapping([patients, legend])
    assert {c.target for c in mapping.columns if c.table == legend.name} == {DROP}
    assert build_cohort([patients, legend], mapping).n == N


@pytest.mark.parametrize(
    ("pattern", "n", "events"),
    [
        ("synthetic_mayo_like.csv", 52, {"pfs": 18, "os": 7}),
        ("synthetic_eque_like*.csv", 56, {"pfs": 33, "os": 15}),
        ("synthetic_ratios.csv", 197, {"pfs": 127, "os": 68}),
    ],
)
def test_the_synthetic_cohorts_need_no_help(pattern: str, n: int, events: dict[str, int]) -> None:
    tables = read_tables([Source.from_path(path) for path in sorted(SAMPLES.glob(pattern))])
    mapping = suggest_mapping(tables)
    assert not [c for c in mapping.columns if c.confidence == "guess"]
    cohort = build_cohort(tables, mapping)
    assert cohort.n == n
    assert {key: int(cohort.patients[f"{key}_event"].sum()) for key in events} == events


def test_empty_and_strange_tables_do_no_harm() -> None:
    for columns in ({"a": []}, {"": ["1", "2"]}, {"OS": [None, None], "OS event": [None, None]}, {"Ferritin": [None]}, {"###": ["x"]}):
        assert len(suggest_mapping([table_of(columns)]).columns) == len(columns)
    assert suggest_mapping([]).columns == ()
