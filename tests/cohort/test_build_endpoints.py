"""Time-to-event pairs from columns and from dates, and what does not fit together in them."""

import numpy as np
import pytest

from cartograph.cohort.endpoints import endpoint_keys, endpoint_of
from tests.cohort.making import cohort_of, of_kind

PAIR = {"ID": "patient_id", "T": "pfs_time", "E": "pfs_event"}
DATES = {
    "ID": "patient_id", "Inf": "infusion_date", "PD": "progression_date", "Death": "death_date", "Last": "last_contact_date",
}  # fmt: skip


def pfs(times, events, *, unit="", time_unit="months", codes=()):
    ids = [f"P{i}" for i in range(len(times))]
    targets = {"ID": "patient_id", "T": ("pfs_time", {"unit": unit}), "E": ("pfs_event", {"codes": codes})}
    return cohort_of({"ID": ids, "T": times, "E": events}, targets, time_unit=time_unit)


@pytest.mark.parametrize(
    ("unit", "time_unit", "months"),
    [
        ("", "months", 12.0),
        ("", "days", 12 / 30.4375),
        ("weeks", "months", 84 / 30.4375),
        ("years", "days", 144.0),
        ("months", "days", 12.0),
        ("mo", "days", 12.0),
        ("Tage", "months", 12 / 30.4375),
    ],
)
def test_times_become_months(unit, time_unit, months):
    assert pfs(["12"], ["1"], unit=unit, time_unit=time_unit).patients["pfs_time"][0] == pytest.approx(months, rel=1e-12)


def test_events_follow_their_codes():
    codes = (("1", "censored"), ("2", "event"))
    assert pfs(["1", "2", "3"], ["1", 2.0, "2.0"], codes=codes).patients["pfs_event"].tolist() == [0.0, 1.0, 1.0]
    cohort = pfs(["1", "2"], ["1", "7"])
    assert cohort.patients["pfs_event"].isna().tolist() == [False, True]
    assert of_kind(cohort, "unknown-code")[0].row == 3


def test_a_negative_time_is_left_out_and_a_zero_time_is_kept():
    cohort = pfs(["-1", "0", "5"], ["1", "1", "0"])
    time, event = cohort.survival("pfs")
    assert np.isnan(time).tolist() == np.isnan(event).tolist() == [True, False, False]
    assert [(p.severity, p.row) for p in of_kind(cohort, "negative-time")] == [("error", 2)]
    assert [(p.severity, p.row) for p in of_kind(cohort, "zero-time")] == [("warning", 3)]


def test_half_known_pairs_are_said():
    cohort = pfs(["1", None, "3"], [None, "1", "0"])
    assert [p.row for p in of_kind(cohort, "event-missing")] == [2]
    assert [p.row for p in of_kind(cohort, "time-missing")] == [3]


def test_codings_that_look_wrong_are_warned_of():
    assert [p.severity for p in of_kind(pfs(["1", "2"], ["0", "0"]), "no-events")] == ["warning"]
    assert [p.severity for p in of_kind(pfs(["1", "2"], ["1", "1"]), "no-censoring")] == ["warning"]


def test_days_taken_for_months_are_noticed():
    assert len(of_kind(pfs(["300", "400", "500"], ["1", "0", "1"]), "implausible-scale")) == 1


def test_os_shorter_than_pfs_and_deaths_without_pfs_event():
    columns = {"ID": list("ABC"), "T": ["5", "6", "7"], "E": ["0", "0", "1"], "OT": ["4", "6", "7"], "OE": ["0", "1", "1"]}
    cohort = cohort_of(columns, {**PAIR, "OT": "os_time", "OE": "os_event"})
    assert [p.row for p in of_kind(cohort, "os-shorter-than-pfs")] == [2]
    assert [p.row for p in of_kind(cohort, "death-without-pfs-event")] == [3]


def test_rounding_to_a_tenth_of_a_month_is_no_contradiction():
    columns = {"ID": ["A"], "T": ["5.04"], "E": ["1"], "OT": ["5.0"], "OE": ["1"]}
    assert of_kind(cohort_of(columns, {**PAIR, "OT": "os_time", "OE": "os_event"}), "os-shorter-than-pfs") == []


def test_endpoints_from_dates():
    columns = {
        "ID": list("ABCD"),
        "Inf": ["2021-01-01"] * 4,
        "PD": ["2021-03-02", None, None, None],
        "Death": ["2021-07-01", "2021-05-01", None, None],
        "Last": ["2021-06-01", "2021-04-01", "2022-01-01", None],
    }
    cohort = cohort_of(columns, DATES)
    days = {key: (cohort.patients[f"{key}_time"] * 30.4375).round(6).tolist() for key in ("pfs", "os")}
    assert days["pfs"][:3] == [60.0, 120.0, 365.0]
    assert days["os"][:3] == [181.0, 120.0, 365.0]
    assert cohort.patients["pfs_event"].tolist()[:3] == [1.0, 1.0, 0.0]
    assert cohort.patients["os_event"].tolist()[:3] == [1.0, 1.0, 0.0]
    assert np.isnan(cohort.survival("pfs")[0]).tolist() == [False, False, False, True]
    assert [p.severity for p in of_kind(cohort, "derived-endpoint")] == ["note", "note"]


def test_without_a_progression_date_there_is_no_pfs():
    columns = {"ID": ["A"], "Inf": ["2021-01-01"], "Death": ["2021-05-01"], "Last": ["2021-04-01"]}
    assert set(cohort_of(columns, {k: v for k, v in DATES.items() if k != "PD"}).endpoints) == {"os"}


def test_a_dated_progression_and_os_columns_make_pfs():
    columns = {
        "ID": ["A", "B"],
        "Inf": ["2021-01-01"] * 2,
        "PD": [None, "2021-02-01"],
        "Last": ["2021-05-01"] * 2,
        "OT": ["4", "9"],
        "OE": ["1", "0"],
    }
    targets = {
        "ID": "patient_id",
        "Inf": "infusion_date",
        "PD": "progression_date",
        "Last": "last_contact_date",
        "OT": "os_time",
        "OE": "os_event",
    }
    cohort = cohort_of(columns, targets)
    assert cohort.patients["pfs_time"].tolist() == pytest.approx([4.0, 31 / 30.4375])
    assert cohort.patients["pfs_event"].tolist() == [1.0, 1.0]


def test_event_columns_take_their_times_from_the_dates():
    columns = {"ID": list("AB"), "Inf": ["2021-01-01"] * 2, "Death": ["2021-05-01", None], "Last": [None, "2021-04-01"], "OE": ["1", "0"]}
    cohort = cohort_of(
        columns, {"ID": "patient_id", "Inf": "infusion_date", "Death": "death_date", "Last": "last_contact_date", "OE": "os_event"}
    )
    assert (cohort.patients["os_time"] * 30.4375).tolist() == pytest.approx([120.0, 90.0])


def test_time_and_event_columns_win_over_dates_and_differences_are_said():
    columns = {
        "ID": list("ABC"), "Inf": ["2021-01-01"] * 3, "PD": ["2021-03-01", "2021-03-01", None], "Death": [None] * 3,
        "Last": ["2021-06-01"] * 3, "T": ["1.9", "7", "5"], "E": ["1", "1", "1"],
    }  # fmt: skip
    cohort = cohort_of(columns, {**DATES, **PAIR})
    assert cohort.patients["pfs_time"].tolist() == [1.9, 7.0, 5.0]
    assert [p.row for p in of_kind(cohort, "dates-disagree")] == [3, 4]


def test_dates_in_the_wrong_order():
    columns = {
        "ID": list("ABCD"),
        "Inf": ["2021-01-01", "2021-01-01", "2021-01-01", None],
        "PD": ["2020-12-01", "2021-08-01", None, "2021-03-01"],
        "Death": [None, "2021-07-01", "2021-02-01", None],
        "Last": ["2021-06-01", "2021-06-01", "2021-04-01", "2021-06-01"],
    }
    cohort = cohort_of(columns, DATES)
    (early,) = of_kind(cohort, "date-before-infusion")
    assert (early.severity, early.row, early.found) == ("error", 2, "31 days before the infusion")
    assert [(p.row, p.found) for p in of_kind(cohort, "dates-in-wrong-order")] == [
        (3, "progression after death"),
        (4, "last contact after death"),
    ]
    assert [p.row for p in of_kind(cohort, "no-infusion-date")] == [5]


def test_deaths_and_their_dates_fit_together():
    columns = {"ID": list("ABC"), "OT": ["5", "6", "7"], "OE": ["1", "0", "1"], "Death": [None, "2021-01-01", "2021-02-01"]}
    cohort = cohort_of(columns, {"ID": "patient_id", "OT": "os_time", "OE": "os_event", "Death": "death_date"})
    assert [p.row for p in of_kind(cohort, "death-without-date")] == [2]
    assert [p.row for p in of_kind(cohort, "death-date-without-death")] == [3]


def test_dor_counts_from_the_first_response():
    columns = {"ID": list("ABC"), "T": ["10", "9", "1"], "E": ["1", "0", "1"], "R1": ["SD", "PR", "PD"], "R3": ["PR", "CR", None]}
    cohort = cohort_of(columns, {**PAIR, "R1": ("response_visit", {"visit": 1.0}), "R3": ("response_visit", {"visit": 3.0})})
    assert cohort.endpoints["dor"].origin == "first response"
    assert cohort.patients["dor_time"].tolist()[:2] == [7.0, 8.0]
    assert cohort.patients["dor_event"].tolist()[:2] == [1.0, 0.0]
    assert cohort.patients["dor_time"].isna().tolist() == [False, False, True]


def test_a_dor_without_response_is_said():
    columns = {"ID": list("AB"), "DT": ["3", "4"], "DE": ["1", "0"], "Best": ["SD", "CR"]}
    cohort = cohort_of(columns, {"ID": "patient_id", "DT": "dor_time", "DE": "dor_event", "Best": "best_response"})
    assert [p.row for p in of_kind(cohort, "dor-without-response")] == [2]


def test_any_other_pair_is_an_endpoint():
    columns = {"ID": ["A", "B"], "T": ["3", "60"], "E": ["yes", "no"]}
    targets = {
        "ID": "patient_id",
        "T": ("endpoint:relapse:time", {"unit": "days"}),
        "E": ("endpoint:relapse:event", {"codes": (("yes", "event"), ("no", "censored"))}),
    }
    cohort = cohort_of(columns, targets)
    assert cohort.endpoints["relapse"].label == "Relapse"
    assert cohort.survival("relapse")[0].tolist() == pytest.approx([3 / 30.4375, 60 / 30.4375])
    assert cohort.survival("relapse")[1].tolist() == [1.0, 0.0]
    assert "relapse_time" not in cohort.columns


def test_a_time_without_event_column_is_no_endpoint():
    cohort = cohort_of({"ID": ["A"], "T": ["3"]}, {"ID": "patient_id", "T": "pfs_time"})
    assert cohort.endpoints == {}
    assert {p.kind for p in cohort.report.problems} == {"endpoint-incomplete", "no-endpoint"}


def test_an_extra_column_with_such_a_name_is_no_endpoint():
    cohort = cohort_of(
        {"ID": ["A"], "CRS event": ["event"], "CRS time": ["3"]}, {"ID": "patient_id", "CRS event": "extra", "CRS time": "extra"}
    )
    assert cohort.endpoints == {}
    assert list(cohort.columns) == ["crs_event", "crs_time"]


def test_targets_and_names_of_endpoints():
    assert endpoint_keys("endpoint:efs:time") == ("efs", "time")
    assert endpoint_keys("endpoint:Time to X!:event") == ("time_to_x", "event")
    assert endpoint_keys("pfs_time") is None
    assert endpoint_keys("endpoint:efs:date") is None
    assert endpoint_of("efs").name == "Event-free survival"
    assert endpoint_of("crsd").label == "CRSD"
