"""Responses and MRD by visit, and time courses."""

import math

import pytest

from cartograph.cohort.build import build_cohort
from cartograph.cohort.mapping import Mapping
from cartograph.cohort.visits import month_of_name, visit_name
from tests.cohort.making import choices, cohort_of, of_kind, table_of


@pytest.mark.parametrize(
    ("month", "name"),
    [
        (1, "Month 1"),
        (3.0, "Month 3"),
        (28 / 30.4375, "Day 28"),
        (30 / 30.4375, "Month 1"),
        (90 / 30.4375, "Month 3"),
        (0.5, "Day 15"),
        (0, "Baseline"),
        (1.5, "Day 46"),
    ],
)
def test_visits_have_names(month, name):
    assert visit_name(month) == name


@pytest.mark.parametrize(
    ("name", "month"),
    [
        ("Month 3", 3),
        ("M6", 6),
        ("3 months", 3),
        ("D28", 28 / 30.4375),
        ("Day 90", 90 / 30.4375),
        ("Week 4", 28 / 30.4375),
        ("Monat 12", 12),
        ("1 year", 12),
        ("Jahr 1", 12),
        ("Baseline", 0),
        ("6-month", 6),
        ("12 mois", 12),
    ],
)
def test_names_of_visits_say_when(name, month):
    assert month_of_name(name) == pytest.approx(month)


@pytest.mark.parametrize("name", ["best", "Cycle 2 Day 1", "", "end of treatment", "12"])
def test_a_name_that_says_nothing_has_no_month(name):
    assert math.isnan(month_of_name(name))


def test_planned_names_stay_beside_their_months():
    cohort = cohort_of(
        {"ID": ["A", "A"], "Month": ["2.9", "14.62"], "Visit": ["M3", "Cycle 4 Day 1"], "Resp": ["PR", "CR"]},
        {"ID": "patient_id", "Month": "visit_month", "Visit": "visit_name", "Resp": "response_at_visit"},
    )
    assert cohort.responses[["month", "visit"]].to_numpy().tolist() == [[2.9, "Month 3"], [14.62, "Cycle 4 Day 1"]]


def test_response_columns_become_visits_and_the_best_response():
    cohort = cohort_of(
        {"ID": ["A", "B", "C"], "R1": ["PR", "SD", None], "R3": ["CR", "PD", "complete response"], "M1": ["positive", "neg", "not done"]},
        {
            "ID": "patient_id",
            "R1": ("response_visit", {"visit": 1.0}),
            "R3": ("response_visit", {"visit": 3.0}),
            "M1": ("mrd_visit", {"visit": 1.0}),
        },
    )
    assert cohort.responses.to_numpy().tolist() == [
        ["A", 1.0, "Month 1", "PR"],
        ["A", 3.0, "Month 3", "CR"],
        ["B", 1.0, "Month 1", "SD"],
        ["B", 3.0, "Month 3", "PD"],
        ["C", 3.0, "Month 3", "CR"],
    ]
    assert cohort.mrd["status"].tolist() == ["positive", "negative", "not done"]
    assert cohort.patients["best_response"].tolist() == ["CR", "SD", "CR"]
    assert cohort.patients["best_mrd"].tolist() == ["positive", "negative", "not done"]


def test_a_best_response_that_a_visit_beats_is_said_and_kept():
    columns = {"ID": ["A", "B"], "Best": ["PR", None], "R1": ["CR", "VGPR"]}
    cohort = cohort_of(columns, {"ID": "patient_id", "Best": "best_response", "R1": ("response_visit", {"visit": 1.0})})
    assert cohort.patients["best_response"].tolist() == ["PR", "VGPR"]
    (problem,) = of_kind(cohort, "best-response-contradicted")
    assert (problem.row, problem.patient) == (2, "A")
    assert len(of_kind(cohort, "derived-column")) == 1


def test_a_table_by_visit():
    cohort = cohort_of(
        {"ID": ["B", "A", "A", "A", "A"], "Visit": ["D28", "M3", "M1", "M1", "later"], "Resp": ["PR", "CR", "PR", "SD", "CR"]},
        {"ID": "patient_id", "Visit": "visit_name", "Resp": "response_at_visit"},
    )
    assert cohort.responses[["patient_id", "visit", "response"]].to_numpy().tolist() == [
        ["B", "Day 28", "PR"],
        ["A", "Month 1", "PR"],
        ["A", "Month 3", "CR"],
    ]
    assert [p.row for p in of_kind(cohort, "duplicate-visit")] == [5]
    assert [p.row for p in of_kind(cohort, "visit-without-time")] == [6]


def test_time_courses_keep_signs_and_units():
    patients = table_of({"ID": ["A"], "Age": ["50"]}, "patients.csv")
    samples = table_of({"ID": ["A", "A", "A"], "Day": ["0", "7", None], "CAR": ["<50", "1200", "5"], "CRP": ["1", "2", "3"]}, "samples.csv")
    targets = {"ID": "patient_id", "Day": "sample_day", "CAR": "series:car_transgene", "CRP": ("series:crp", {"unit": "mg/dL"})}
    mapping = Mapping((*choices({"ID": "patient_id", "Age": "age"}, "patients.csv"), *choices(targets, "samples.csv")))
    cohort = build_cohort([patients, samples], mapping)
    assert cohort.series.to_numpy().tolist() == [
        ["A", 0.0, "car_transgene", 25.0, "<"],
        ["A", 7.0, "car_transgene", 1200.0, ""],
        ["A", 0.0, "crp", 10.0, ""],
        ["A", 7.0, "crp", 20.0, ""],
    ]
    assert len(of_kind(cohort, "visit-without-time")) == 2


def test_transgene_columns_by_day_become_a_time_course():
    targets = {"ID": "patient_id", "D7": ("car_transgene_day", {"visit": 7.0}), "D14": ("car_transgene_day", {"visit": 14.0})}
    cohort = cohort_of({"ID": ["A"], "D7": ["100"], "D14": ["900"]}, targets)
    assert cohort.series[["day", "value"]].to_numpy().tolist() == [[7.0, 100.0], [14.0, 900.0]]


def test_a_visit_column_without_its_visit_is_said():
    cohort = cohort_of({"ID": ["A"], "R": ["CR"]}, {"ID": "patient_id", "R": "response_visit"})
    assert len(cohort.responses) == 0
    assert len(of_kind(cohort, "visit-without-time")) == 1
