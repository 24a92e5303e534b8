"""The figures of what happens after infusion: they say who is in them, and a browser and Plotly accept them."""

import json

import numpy as np
import pytest

from cartograph.charts.incidence import free_chart, incidence_chart
from cartograph.charts.landmark import flow_chart, landmark_curves, simon_makuch_chart, strip_chart
from cartograph.charts.mrd import STATE_COLOURS, mrd_swimmer, occupancy_chart, swimmer_height
from cartograph.views.competing import CauseGroup, Groups, cause_panel, causes_of
from cartograph.views.landmark import beside, landmark_panel
from cartograph.views.mrd import STATES, duration, mrd_course, mrd_lanes, occupancy, predictors
from cartograph.views.status import statuses
from tests.charts.conftest import texts
from tests.views.over_time import AFTER, Patient, cohort_of, random_people

TWO = (CauseGroup("low", "low", "\u2264 5"), CauseGroup("high", "high <b>", "> 5"))


def people(n):
    return random_people(n, 31) if n else [Patient((2.0, 1), (2.0, 1), responses=[(1.0, "PR")], mrd=[(1.0, "positive")])]


def charts_of(n, dark):
    cohort = cohort_of(people(n), AFTER)
    everybody = np.ones(cohort.n, dtype=bool)
    status = next(s for s in statuses(cohort) if s.key == "cr")
    panel, around = landmark_panel(cohort, "pfs", status, 6.0), beside(cohort, "pfs", status, 6.0)
    causes = causes_of(cohort, "pfs")
    groups = Groups((np.arange(cohort.n) % 2).astype(np.int64), TWO)
    whole, split = cause_panel(causes, everybody, endpoint="PFS"), cause_panel(causes, everybody, groups, endpoint="PFS")
    made = mrd_course(cohort)
    lanes = mrd_lanes(made, member=everybody)
    lasting = duration(made, member=everybody, title="All", predictor=next(iter(predictors(cohort)), None))
    return {
        "curves": landmark_curves(panel, dark=dark),
        "flow": flow_chart(panel, dark=dark),
        "simon": simon_makuch_chart(around, dark=dark),
        "strip": strip_chart(around.strip, dark=dark),
        "causes": incidence_chart(whole, dark=dark, x_max=36.0),
        "groups": incidence_chart(split, dark=dark, x_max=36.0),
        "free": free_chart(split, dark=dark, x_max=36.0),
        "lasting": incidence_chart(lasting, dark=dark, x_max=36.0),
        "states": occupancy_chart(occupancy(made), dark=dark),
        "swimmer": mrd_swimmer(lanes, dark=dark, height=swimmer_height(lanes)),
    }


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("n", [0, 70, 500])
def test_plotly_accepts_every_figure_and_json_carries_it(n, dark):
    for name, chart in charts_of(n, dark).items():
        chart.figure()
        json.dumps({"data": chart.data, "layout": chart.layout}, allow_nan=False)
        assert chart.alt.endswith("."), name
        assert len(chart.table().columns) >= 2, name
        for axis in ("xaxis", "yaxis"):
            assert len(chart.layout[axis]["range"]) == 2, name


def test_a_figure_keeps_its_structure_when_nobody_is_left():
    full, empty = charts_of(70, False), charts_of(0, False)
    for name in ("strip", "simon", "flow"):
        assert len(full[name].data) == len(empty[name].data), name
    assert "No landmark with events in both groups" in texts(empty["strip"].layout)


def test_the_curves_start_at_the_landmark_and_say_so():
    chart = charts_of(70, False)["curves"]
    assert chart.layout["xaxis"]["title"]["text"] == "Months from the landmark (month 6)"
    assert chart.alt.startswith("Landmark at month 6.")
    assert "not measured" not in " ".join(texts(chart.layout))


def test_the_flow_names_every_step_with_its_number():
    cohort = cohort_of(people(70), AFTER)
    panel = landmark_panel(cohort, "pfs", next(s for s in statuses(cohort) if s.key == "cr"), 6.0)
    said = " ".join(texts(flow_chart(panel, dark=False).layout))
    for step in panel.flow:
        assert f"<b>{step.n:,}</b>" in said


def test_the_strip_marks_the_chosen_landmark_and_leaves_small_groups_hollow():
    cohort = cohort_of(people(70), AFTER)
    strip = beside(cohort, "pfs", next(s for s in statuses(cohort) if s.key == "cr"), 6.0).strip
    chart = strip_chart(strip, dark=False)
    table = strip.table[np.isfinite(strip.table["hazard_ratio"])]
    drawn = {trace["marker"]["symbol"] + str(trace["marker"]["size"] > 6): trace["x"] for trace in chart.data[1:]}
    assert drawn["circle-openFalse"] == table.loc[table["small"] & (table["landmark"] != 6), "landmark"].tolist()
    assert drawn["circleTrue"] + drawn["circle-openTrue"] == [6.0]
    assert sum(len(trace["x"]) for trace in chart.data[1:]) == len(table)


def test_incidence_is_drawn_as_computed_and_the_naive_curve_is_named_and_faint():
    cohort = cohort_of(people(70), AFTER)
    panel = cause_panel(causes_of(cohort, "pfs"), np.ones(70, dtype=bool), endpoint="PFS")
    chart = incidence_chart(panel, dark=False, x_max=36.0)
    curve = panel.incidence.curves[0]
    inside = curve.time <= 36.0
    assert chart.data[2]["y"][1:-1] == pytest.approx(curve.incidence[inside].tolist(), abs=1e-4)
    assert chart.data[2]["y"][0] == 0.0
    warning = chart.data[8]
    assert (warning["line"]["dash"], chart.data[6]["x"]) == ("dot", [])
    assert any("1 \u2212 KM" in text and "overstates" in text for text in texts(chart.layout))
    without = incidence_chart(panel, dark=False, x_max=36.0, warn=False)
    assert not any("1 \u2212 KM" in text for text in texts(without.layout))


def test_words_of_a_file_are_escaped():
    chart = charts_of(70, False)["groups"]
    assert "high <b>" not in " ".join(texts(chart.layout)).replace("<b>&gt; 5</b>", "")


def test_every_patient_is_in_every_bar_and_each_state_has_its_colour():
    cohort = cohort_of(people(70))
    chart = occupancy_chart(occupancy(mrd_course(cohort)), dark=False)
    assert [sum(column) for column in zip(*(trace["y"] for trace in chart.data), strict=True)] == [70] * len(chart.data[0]["x"])
    assert tuple(STATE_COLOURS) == STATES
    assert len({trace["marker"]["color"] for trace in chart.data}) == len(STATES)


def test_the_swimmer_has_a_box_for_every_track_of_every_lane():
    cohort = cohort_of(people(70))
    lanes = mrd_lanes(mrd_course(cohort), member=np.ones(70, dtype=bool))
    chart = mrd_swimmer(lanes, dark=False)
    boxes = [s for s in chart.layout["shapes"] if s["type"] == "rect"]
    assert len(boxes) == len(lanes.tracks) == lanes.n_drawn  # disposition alone: this cohort has no cytogenetics and no best response
    tests = sum(len(t["x"]) for t in chart.data if str(t.get("name", "")).startswith("test "))
    assert tests == int(lanes.marks["kind"].str.startswith("test ").sum())
