"""One table, one rule at a time: what a column becomes, and what is said about cells that do not fit."""

import numpy as np
import pandas as pd
import pytest

from cartograph.cohort.build import build_cohort
from cartograph.cohort.mapping import Mapping
from cartograph.cohort.problems import CohortError
from cartograph.cohort.tables import RawTable
from tests.cohort.making import choices, cohort_of, of_kind, table_of

IDS = ["A", "B", "C", "D", "E", "F"]


def one(values, target, *, ids=IDS, table=None, order="iso", **choice):
    """The cohort of an id column and one other column "X"."""
    return cohort_of({"ID": ids[: len(values)], "X": values}, {"ID": "patient_id", "X": (target, choice)}, table=table, date_order=order)


# ---------------------------------------------------------------- numbers
def test_numbers_with_text_among_them_lose_the_text_and_say_where():
    cohort = one(["12", "abc", "1,200", None], "ferritin_d0")
    assert cohort.patients["ferritin_d0"].tolist()[0::2] == [12.0, 1200.0]
    assert cohort.patients["ferritin_d0"].isna().tolist() == [False, True, False, True]
    (problem,) = of_kind(cohort, "not-a-number")
    assert (problem.severity, problem.row, problem.column, problem.found, problem.patient) == ("error", 3, "X", "'abc'", "B")


def test_detection_limits_are_kept_in_the_canonical_unit():
    cohort = one(["<0.3", "2", ">40"], "crp_d0", unit="mg/dL")
    assert cohort.patients["crp_d0"].tolist() == pytest.approx([1.5, 20.0, 410.0])
    assert cohort.limits["limit"].tolist() == pytest.approx([3.0, 400.0])
    assert cohort.limits[["patient_id", "column", "sign"]].to_numpy().tolist() == [["A", "crp_d0", "<"], ["C", "crp_d0", ">"]]
    assert "half the limit" in of_kind(cohort, "detection-limit")[0].done


def test_decimal_commas_follow_the_table():
    assert one(["1,5", "1.234"], "ferritin_d0", table={"decimal": ","}).patients["ferritin_d0"].tolist() == [1.5, 1234.0]


def test_many_problems_of_one_rule_are_counted_after_fifty():
    ids = [f"P{i}" for i in range(1300)]
    cohort = one(["x"] * 1299 + ["5"], "ferritin_d0", ids=ids)
    problems = of_kind(cohort, "not-a-number")
    assert len(problems) == 51
    assert problems[-1].row is None
    assert "1,249 more rows" in problems[-1].found


def test_a_unit_that_nobody_knows_changes_nothing_and_is_said():
    cohort = one(["5", "6"], "crp_d0", unit="drops")
    assert cohort.patients["crp_d0"].tolist() == [5.0, 6.0]
    assert len(of_kind(cohort, "unknown-unit")) == 1


def test_an_implausible_scale_is_said_once_for_the_column():
    (problem,) = of_kind(one(["0.2", "0.3", "0.4", "0.2", "0.5", "0.3"], "crp_d0"), "implausible-scale")
    assert problem.row is None
    assert "mg/dL" in problem.done


def test_impossible_values_are_left_out():
    cohort = one(["55", "-3", "300"], "age")
    assert cohort.patients["age"].tolist()[0] == 55.0
    assert cohort.patients["age"].isna().tolist() == [False, True, True]
    assert [p.row for p in of_kind(cohort, "impossible-value")] == [3, 4]


def test_a_percentage_given_as_a_fraction_is_noticed():
    assert len(of_kind(one(["0.1", "0.5", "0.8", "1", "0", "0.05"], "marrow_plasma_cells"), "percent-as-fraction")) == 1
    assert of_kind(one(["10", "50", "80", "1", "0", "5"], "marrow_plasma_cells"), "percent-as-fraction") == []


def test_words_for_not_known_are_counted_and_are_no_fault():
    cohort = one(["12", "not done", "unknown"], "ferritin_d0")
    assert cohort.report.errors == ()
    assert of_kind(cohort, "not-known")[0].found == "'not done', 'unknown' in 2 rows"


# ---------------------------------------------------------------- codes
def test_flags_become_no_and_yes():
    cohort = one(["1", 0.0, "Yes", "n", True, None], "high_risk_cytogenetics")
    column = cohort.patients["high_risk_cytogenetics"]
    assert column.cat.categories.tolist() == ["no", "yes"]
    assert column.cat.ordered
    assert column.astype(object).tolist()[:5] == ["yes", "no", "yes", "no", "yes"]
    assert column.isna().tolist()[5]


def test_the_codes_of_the_choice_come_before_the_known_ones():
    cohort = one(["1", "0"], "high_risk_cytogenetics", codes=(("1", "no"), ("0", "yes")))
    assert cohort.patients["high_risk_cytogenetics"].tolist() == ["no", "yes"]


def test_unknown_codes_are_left_out_with_their_row():
    cohort = one(["II", "9", "III"], "r_iss")
    assert cohort.patients["r_iss"].isna().tolist() == [False, True, False]
    (problem,) = of_kind(cohort, "unknown-code")
    assert (problem.severity, problem.row, problem.found) == ("warning", 3, "'9'")


def test_products_that_nobody_knew_stay_as_their_own_levels():
    cohort = one(["Zeta-1", "ide-cel", "cilta-cel", "Alpha-2"], "product")
    assert cohort.columns["product"].levels == ("ide-cel", "cilta-cel", "Alpha-2", "Zeta-1")
    assert cohort.patients["product"].cat.categories.tolist() == list(cohort.columns["product"].levels)


# ---------------------------------------------------------------- dates
def test_mixed_and_impossible_dates_are_said_one_by_one():
    cohort = one(["01.02.2021", "02.02.2021", "2021-02-03", "31.02.2021", "x"], "infusion_date", order="day-first")
    assert cohort.patients["infusion_date"].dtype == "datetime64[ns]"
    assert cohort.patients["infusion_date"].tolist()[:3] == [
        pd.Timestamp("2021-02-01"),
        pd.Timestamp("2021-02-02"),
        pd.Timestamp("2021-02-03"),
    ]
    assert [p.row for p in of_kind(cohort, "mixed-date-formats")] == [4]
    assert [p.row for p in of_kind(cohort, "impossible-date")] == [5]
    assert [p.row for p in of_kind(cohort, "not-a-date")] == [6]


def test_a_date_with_two_readings_is_left_out_until_somebody_decides():
    assert len(of_kind(one(["03/04/2021", "2021-04-03"], "infusion_date"), "ambiguous-date")) == 1
    assert of_kind(one(["03/04/2021", "05/04/2021"], "infusion_date", order="month-first"), "ambiguous-date") == []


# ---------------------------------------------------------------- extra columns
@pytest.mark.parametrize(
    ("values", "kind", "levels"),
    [
        (["1", "2.5", "<3", "4", "5", "6", "7", "8", "9", "10"], "number", ()),
        (["2", "10", "1", "2", "10", "1"], "category", ("1", "2", "10")),
        (["yes", "No", "yes", None], "flag", ("no", "yes")),
        ([0, 1, 1, 0], "flag", ("no", "yes")),
        (["positive", "negative"], "flag", ("no", "yes")),
        (["High", "low", "Medium", "low"], "category", ("low", "Medium", "High")),
        (["Arm 10", "Arm 2", "Arm 2"], "category", ("Arm 2", "Arm 10")),
        (["2021-01-01", "2021-02-01", None], "date", ()),
        ([f"free text {i}" for i in range(70)], "text", ()),
        ([f"group {i % 30}" for i in range(200)], "category", tuple(f"group {i}" for i in range(30))),
    ],
)
def test_extra_columns_are_what_they_hold(values, kind, levels):
    cohort = one(values, "extra", ids=[f"P{i}" for i in range(len(values))])
    column = cohort.columns["x"]
    assert (column.kind, column.levels) == (kind, levels)
    if kind in ("category", "flag"):
        assert cohort.patients["x"].cat.categories.tolist() == list(levels)


def test_extra_columns_keep_label_unit_and_source():
    values = ["1", "2", "3", "4", "5", "6", "7", "900"]
    cohort = cohort_of({"ID": list("ABCDEFGH"), "sIL2R_peak (U/mL)": values}, {"ID": "patient_id", "sIL2R_peak (U/mL)": "extra"})
    (column,) = cohort.columns.values()
    assert (column.key, column.label, column.unit, column.source, column.log_scale) == (
        "sil2r_peak_u_ml",
        "sIL2R peak",
        "U/mL",
        "sIL2R_peak (U/mL)",
        True,
    )


def test_extra_keys_never_take_a_known_name():
    headers = ["age", "Age", "pfs_time", "patient_id", "\u00e9\u00e9", "!!", "??", "123"]
    columns = {"ID": ["A", "B"], **{h: ["a", "b"] for h in headers}}
    cohort = cohort_of(columns, {"ID": "patient_id", **dict.fromkeys(headers, "extra")})
    assert list(cohort.columns) == ["age_2", "age_3", "pfs_time_2", "patient_id_2", "ee", "column", "column_2", "c_123"]


def test_columns_without_any_value_are_left_out_with_a_note():
    cohort = one([None, None], "ferritin_d0")
    assert "ferritin_d0" not in cohort.patients
    assert len(of_kind(cohort, "empty-column")) == 1


def test_a_column_that_nobody_chose_is_not_used():
    cohort = cohort_of({"ID": ["A"], "Name": ["Jane Doe"]}, {"ID": "patient_id"})
    assert list(cohort.patients.columns) == ["patient_id"]
    assert len(of_kind(cohort, "unmapped-column")) == 1


def test_dropped_columns_leave_no_trace():
    cohort = one(["Jane Doe"], "drop")
    assert "Jane" not in repr(cohort.patients.to_dict()) + repr(cohort.report.problems)


# ---------------------------------------------------------------- derived columns
def counts(**more):
    columns = {
        "ID": ["A", "B", "C"],
        "ANC": ["2", "3", "4"],
        "AMC": ["0.5", "1", None],
        "ALC": ["0.5", "0", "2"],
        "PLT": ["100", "50", "80"],
        **more,
    }
    targets = {"ID": "patient_id", "ANC": "anc_pre", "AMC": "amc_pre", "ALC": "alc_pre", "PLT": "platelets_pre"}
    return columns, targets


def test_ratios_follow_from_the_counts_and_no_lymphocytes_give_none():
    cohort = cohort_of(*counts())
    assert cohort.patients["nlr"].tolist()[0::2] == [4.0, 2.0]
    assert cohort.patients["nlr"].isna().tolist() == [False, True, False]
    assert cohort.patients["mlr"].isna().tolist() == [False, True, True]
    assert cohort.patients["plr"].tolist()[0] == 200.0


def test_a_ratio_that_the_file_gives_stays():
    columns, targets = counts(NLR=["9", "9", "9"])
    assert cohort_of(columns, {**targets, "NLR": "nlr"}).patients["nlr"].tolist() == [9.0, 9.0, 9.0]


def test_high_risk_needs_one_lesion_or_all_three_absent():
    columns = {"ID": list("ABCD"), "17p": ["yes", "no", "no", None], "414": ["no", "no", None, "no"], "1416": ["no", "no", "no", "yes"]}
    targets = {"ID": "patient_id", "17p": "del_17p", "414": "t_4_14", "1416": "t_14_16"}
    cohort = cohort_of(columns, targets)
    assert cohort.patients["high_risk_cytogenetics"].astype(object).tolist()[:2] == ["yes", "no"]
    assert cohort.patients["high_risk_cytogenetics"].isna().tolist() == [False, False, True, False]
    assert "del(17p)" in cohort.columns["high_risk_cytogenetics"].description


def test_high_risk_from_the_file_is_not_touched():
    columns = {"ID": ["A"], "17p": ["yes"], "HR": ["no"]}
    cohort = cohort_of(columns, {"ID": "patient_id", "17p": "del_17p", "HR": "high_risk_cytogenetics"})
    assert cohort.patients["high_risk_cytogenetics"].tolist() == ["no"]


# ---------------------------------------------------------------- the whole
@pytest.mark.parametrize(
    ("table", "columns", "synthetic"),
    [
        ({"preamble": ("# SYNTHETIC data",)}, {}, True),
        ({"name": "synthetic_mayo_like.csv"}, {}, True),
        ({}, {"data_source": ["SYNTHETIC"]}, True),
        ({}, {"remark": ["synthetic opioid"]}, False),
        ({}, {}, False),
    ],
)
def test_made_up_data_is_known_as_such(table, columns, synthetic):
    made = table_of({"ID": ["A"], **columns}, **table)
    assert build_cohort([made], Mapping(choices({"ID": "patient_id"}, made.name))).synthetic is synthetic


def test_the_fingerprint_follows_content_and_mapping():
    same, again = one(["1", "2"], "ferritin_d0"), one(["1", "2"], "ferritin_d0")
    assert same.fingerprint == again.fingerprint
    others = {
        one(["1", "3"], "ferritin_d0").fingerprint,
        one(["1", "2"], "ferritin_pre").fingerprint,
        one([None, "2"], "ferritin_d0").fingerprint,
    }
    assert len({same.fingerprint, *others}) == 4


def test_formulas_and_markup_stay_text():
    cohort = one(["=cmd()", "<script>alert(1)</script>", "=cmd()"], "extra")
    assert cohort.patients["x"].astype(object).tolist() == ["=cmd()", "<script>alert(1)</script>", "=cmd()"]


def test_no_patient_is_an_error_with_every_problem():
    with pytest.raises(CohortError) as caught:
        one([None], "extra", ids=[None])
    assert {p.kind for p in caught.value.problems} >= {"no-patient-id", "no-patients"}
    with pytest.raises(CohortError):
        build_cohort([], Mapping(()))
    with pytest.raises(CohortError):
        build_cohort(
            [RawTable("empty.csv", pd.DataFrame({"ID": pd.Series(dtype=object)}))], Mapping(choices({"ID": "patient_id"}, "empty.csv"))
        )


def test_the_report_counts_rows_and_speaks_in_file_order():
    cohort = cohort_of(
        {"ID": ["A", "B", "B"], "Age": ["x", "500", "500"], "CRP": ["y", "1", "1"]}, {"ID": "patient_id", "Age": "age", "CRP": "crp_d0"}
    )
    assert (cohort.report.rows_read, cohort.report.patients_kept) == (3, 2)
    assert [p.column for p in cohort.report.errors] == ["Age", "Age", "CRP"]
    assert cohort.report.problems[0].kind == "duplicate-row"


def test_progress_is_told_from_start_to_end():
    heard: list[float] = []
    build_cohort(
        [table_of({"ID": ["A"], "Age": ["50"]})],
        Mapping(choices({"ID": "patient_id", "Age": "age"})),
        progress=lambda f, words: heard.append(f),
    )
    assert heard == sorted(heard)
    assert heard[-1] == 1.0


def test_known_columns_come_in_the_order_of_the_schema_then_extra_ones():
    cohort = cohort_of(
        {"zz": ["a"], "CRP": ["1"], "Age": ["50"], "ID": ["A"]}, {"zz": "extra", "CRP": "crp_d0", "Age": "age", "ID": "patient_id"}
    )
    assert list(cohort.columns) == ["age", "crp_d0", "zz"]
    assert cohort.columns["age"].source == "Age"
    assert cohort.patients["age"].dtype == np.float64
