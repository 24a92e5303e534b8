"""Ids, duplicates, and several tables of one cohort."""

import pandas as pd

from cartograph.cohort.build import build_cohort
from cartograph.cohort.mapping import Mapping
from tests.cohort.making import choices, cohort_of, of_kind, table_of


def joined(*parts):
    """The cohort of tables, each given as (name, columns, targets)."""
    tables = [table_of(columns, name) for name, columns, _ in parts]
    return build_cohort(tables, Mapping(tuple(c for name, _, targets in parts for c in choices(targets, name))))


def test_ids_are_compared_as_stripped_text():
    cohort = joined(
        ("a.csv", {"ID": [7, 8.0, " x "], "Age": ["50", "60", "70"]}, {"ID": "patient_id", "Age": "age"}),
        ("b.csv", {"Pat": ["7.0", "8", "x"], "CRP": ["1", "2", "3"]}, {"Pat": "patient_id", "CRP": "crp_d0"}),
    )
    assert cohort.patients["patient_id"].tolist() == ["7", "8", "x"]
    assert cohort.patients["crp_d0"].tolist() == [1.0, 2.0, 3.0]
    assert cohort.report.errors == ()


def test_no_id_column_numbers_the_rows_and_says_so():
    cohort = cohort_of({"Age": ["50", "60"]}, {"Age": "age"})
    assert cohort.patients["patient_id"].tolist() == ["P001", "P002"]
    assert of_kind(cohort, "no-id-column")[0].severity == "note"


def test_rows_without_an_id_are_left_out():
    cohort = cohort_of({"ID": ["A", None, ""], "Age": ["50", "60", "70"]}, {"ID": "patient_id", "Age": "age"})
    assert cohort.patients["patient_id"].tolist() == ["A"]
    assert [p.row for p in of_kind(cohort, "no-patient-id")] == [3, 4]


def test_identical_rows_count_once_and_conflicting_rows_name_the_columns():
    cohort = cohort_of(
        {"ID": ["A", "A", "B", "B"], "Age": ["50", "50", "60", "61"], "CRP": ["1", "1", "2", "3"]},
        {"ID": "patient_id", "Age": "age", "CRP": "crp_d0"},
    )
    assert cohort.patients["age"].tolist() == [50.0, 60.0]
    (same,) = of_kind(cohort, "duplicate-row")
    (other,) = of_kind(cohort, "duplicate-patient")
    assert (same.severity, same.row) == ("warning", 3)
    assert (other.severity, other.row, other.patient) == ("error", 5, "B")
    assert "'Age', 'CRP'" in other.found


def test_patients_of_one_table_only_stay_and_are_counted():
    cohort = joined(
        ("a.csv", {"ID": ["A", "B"], "Age": ["50", "60"]}, {"ID": "patient_id", "Age": "age"}),
        ("b.csv", {"ID": ["B", "C", "D"], "CRP": ["2", "3", "4"]}, {"ID": "patient_id", "CRP": "crp_d0"}),
    )
    assert cohort.patients["patient_id"].tolist() == ["A", "B", "C", "D"]
    assert cohort.patients["crp_d0"].isna().tolist() == [True, False, False, False]
    assert [p.found[:2] for p in of_kind(cohort, "patients-in-some-tables")] == ["2 ", "1 "]


def test_tables_that_disagree_keep_the_first_value_and_say_so():
    cohort = joined(
        ("a.csv", {"ID": ["A", "B"], "Age": ["50", None]}, {"ID": "patient_id", "Age": "age"}),
        ("b.csv", {"ID": ["A", "B"], "Age": ["51", "60"]}, {"ID": "patient_id", "Age": "age"}),
    )
    assert cohort.patients["age"].tolist() == [50.0, 60.0]
    (problem,) = of_kind(cohort, "tables-disagree")
    assert (problem.table, problem.row, problem.patient) == ("b.csv", 2, "A")


def test_an_extra_column_in_two_tables_is_one_column():
    part = {"ID": ["A", "B"], "Arm": ["x", "y"]}
    targets = {"ID": "patient_id", "Arm": "extra"}
    cohort = joined(("a.csv", part, targets), ("b.csv", {"ID": ["C"], "Arm": ["z"]}, targets))
    assert cohort.columns["arm"].levels == ("x", "y", "z")
    assert cohort.patients["arm"].tolist() == ["x", "y", "z"]


def test_a_table_that_cannot_be_joined_is_left_out():
    cohort = joined(
        ("a.csv", {"ID": ["A"], "Age": ["50"]}, {"ID": "patient_id", "Age": "age"}), ("b.csv", {"CRP": ["2"]}, {"CRP": "crp_d0"})
    )
    assert "crp_d0" not in cohort.patients
    assert of_kind(cohort, "no-id-column")[0].severity == "error"


def test_without_any_id_the_largest_table_is_the_cohort():
    cohort = joined(
        ("legend.csv", {"Column": ["Age"], "Meaning": ["years"]}, {"Column": "extra", "Meaning": "extra"}),
        ("data.csv", {"Age": ["50", "60"]}, {"Age": "age"}),
    )
    assert cohort.patients["age"].tolist() == [50.0, 60.0]
    assert [(p.table, p.severity) for p in of_kind(cohort, "no-id-column")] == [("legend.csv", "error"), ("data.csv", "note")]


def test_a_table_whose_columns_are_all_dropped_is_passed_over():
    cohort = joined(("legend.csv", {"Column": ["Age"]}, {"Column": "drop"}), ("data.csv", {"ID": ["A"]}, {"ID": "patient_id"}))
    assert cohort.n == 1
    assert of_kind(cohort, "no-id-column") == []


def test_a_second_column_for_one_meaning_stays_as_an_extra_one():
    cohort = cohort_of({"ID": ["A"], "Age": ["50"], "Age 2": ["51"]}, {"ID": "patient_id", "Age": "age", "Age 2": "age"})
    assert cohort.patients["age"].tolist() == [50.0]
    assert "age_3" in cohort.columns or "age_2" in cohort.columns
    assert len(of_kind(cohort, "chosen-twice")) == 1


def test_choices_for_what_is_not_there_are_said():
    table = table_of({"ID": ["A"]})
    mapping = Mapping((*choices({"ID": "patient_id", "Gone": "age"}), *choices({"X": "age"}, "other.csv")))
    assert sorted(p.column for p in of_kind(build_cohort([table], mapping), "missing-column")) == ["Gone", "X"]


def test_a_table_by_visit_gives_patients_their_constant_columns():
    columns = {
        "ID": ["A", "A", "B", "B"],
        "Month": ["1", "3", "1", "3"],
        "Resp": ["PR", "CR", "SD", "PD"],
        "Sex": ["male", "male", "female", None],
        "Temp": ["37", "38", "36", "39"],
        "Age": ["50", "51", "60", "60"],
    }
    targets = {"ID": "patient_id", "Month": "visit_month", "Resp": "response_at_visit", "Sex": "sex", "Temp": "extra", "Age": "age"}
    cohort = cohort_of(columns, targets)
    assert cohort.n == 2
    assert cohort.patients["sex"].tolist() == ["male", "female"]
    assert "temp" not in cohort.patients
    assert {(p.column, p.severity) for p in of_kind(cohort, "varies-within-patient")} == {("Age", "error"), ("Temp", "warning")}
    assert cohort.patients["age"].tolist() == [50.0, 60.0]
    assert pd.api.types.is_float_dtype(cohort.responses["month"])
