"""Lanes land on the right patient, in the right order, and nobody is lost silently."""

from dataclasses import replace

import numpy as np
import pandas as pd

from cartograph.cohort.model import Cohort
from cartograph.views.swimmer import arrange, courses
from tests.views.conftest import make_cohort


def test_segments_fill_the_follow_up_without_gap_or_overlap(cohort: Cohort) -> None:
    made = courses(cohort, "pfs")
    for patient, lane in made.segments.groupby("patient"):
        assert lane["start"].iloc[0] == 0
        assert np.allclose(lane["start"].to_numpy()[1:], lane["stop"].to_numpy()[:-1])
        assert np.isclose(lane["stop"].iloc[-1], made.length[patient])


def test_marks_are_the_events_of_the_cohort(cohort: Cohort) -> None:
    made = courses(cohort, "pfs")
    deaths = made.marks[made.marks["kind"] == "death"]
    assert len(deaths) == int(cohort.patients["os_event"].sum())
    assert np.allclose(deaths["month"], cohort.patients["os_time"].to_numpy()[deaths["patient"]])
    ongoing = made.marks[made.marks["kind"] == "ongoing"]
    assert len(ongoing) == cohort.n - len(deaths)
    relapses = made.marks[made.marks["kind"] == "progression"]
    with_relapse = (cohort.patients["pfs_event"] == 1) & ~(
        (cohort.patients["os_event"] == 1) & np.isclose(cohort.patients["pfs_time"], cohort.patients["os_time"])
    )
    assert sorted(relapses["patient"]) == np.flatnonzero(with_relapse).tolist()


def test_after_progression_the_lane_shows_progression(cohort: Cohort) -> None:
    made = courses(cohort, "pfs")
    relapses = made.marks[made.marks["kind"] == "progression"].set_index("patient")["month"]
    later = made.segments[made.segments["start"] >= made.segments["patient"].map(relapses)]
    assert set(later["response"]) == {"PD"}


def test_lanes_are_grouped_and_sorted(cohort: Cohort) -> None:
    made = courses(cohort, "pfs")
    group = (cohort.patients["ferritin_d0"] > 337).astype(int).to_numpy()
    placed = arrange(made, group, ["low", "high"])
    ends = placed.lanes.groupby("lane")["stop"].max()
    for row in placed.groups.itertuples():
        inside = ends.loc[row.first_lane : row.last_lane]
        assert inside.is_monotonic_increasing
        assert set(placed.lanes.loc[placed.lanes["lane"].between(row.first_lane, row.last_lane), "group"]) == {row.label}
    assert placed.n == placed.n_drawn == cohort.n


def test_more_lanes_than_a_screen_shows_are_thinned_and_said() -> None:
    cohort = make_cohort(700)
    placed = arrange(courses(cohort, "pfs"), np.zeros(700, dtype=np.int64), ["all"])
    assert placed.n_drawn == 500
    assert "500 of 700" in placed.notes[0]


def test_a_patient_that_is_not_measured_has_no_lane(cohort: Cohort) -> None:
    group = np.where(np.isfinite(cohort.patients["crp_d0"]), 0, -1)
    placed = arrange(courses(cohort, "pfs"), group, ["all"])
    assert placed.n == int(cohort.patients["crp_d0"].notna().sum())
    assert set(placed.lanes["patient"]) == set(cohort.patients.loc[cohort.patients["crp_d0"].notna(), "patient_id"])


def test_hover_names_the_patient_and_its_values(cohort: Cohort) -> None:
    made = courses(cohort, "pfs", ["ferritin_d0"])
    assert made.hover[0].startswith("P000\nFerritin, day 0: ")
    assert "PFS: " in made.hover[0]


def test_a_cohort_without_visits_or_survival_still_has_lanes() -> None:
    cohort = make_cohort(10)
    empty = cohort.responses.iloc[:0]
    bare = Cohort("x", cohort.patients, cohort.columns, cohort.endpoints, cohort.report, responses=empty, mrd=cohort.mrd.iloc[:0])
    assert set(courses(bare, "os").segments["response"]) <= {"CR", "VGPR", "SD", "PD", ""}
    without = Cohort("x", cohort.patients, cohort.columns, {}, cohort.report, responses=pd.DataFrame(empty), mrd=cohort.mrd.iloc[:5])
    assert arrange(courses(without, ""), np.zeros(10, dtype=np.int64), ["all"]).n == 0


def test_without_os_an_event_of_pfs_may_be_a_death(cohort: Cohort) -> None:
    without = replace(cohort, endpoints={key: spec for key, spec in cohort.endpoints.items() if key != "os"})
    kinds = set(courses(without, "pfs").marks["kind"])
    assert "progression or death" in kinds
    assert not kinds & {"progression", "death", "ongoing"}
