"""Courses over days, and measures by group, as figures."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from cartograph.charts import theme
from cartograph.charts.kinetics import CELLS, course_chart, linear_ticks, log_ticks
from cartograph.charts.marker_by_grade import marker_by_grade_chart
from cartograph.views.kinetics import MARKER, NOBODY, groups_of, quantities, samples_of
from cartograph.views.kinetics_curves import FEW, curve_panels
from cartograph.views.kinetics_measures import measure_results, measured
from tests.charts.conftest import texts
from tests.views.after_infusion import groups as marker_groups
from tests.views.sampled import LIMIT, sampled, with_series

COHORT = sampled()
TRANSGENE, CRP, WBC = quantities(COHORT)


def panel_of(by=NOBODY, quantity=TRANSGENE, cohort=COHORT, **more):
    made = marker_groups(cohort) if by == MARKER else marker_groups(cohort, None)
    panels = [("all", "All", np.ones(cohort.n, dtype=bool))]
    return curve_panels(samples_of(cohort, quantity), groups_of(cohort, by, made), panels, **{"log_scale": True, **more})[0]


def lines(chart, mode="lines"):
    return [t for t in chart.data if t["mode"] == mode]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("by", [NOBODY, MARKER, "ada", "best_response"])
@pytest.mark.parametrize("quantity", [TRANSGENE, CRP, WBC])
def test_a_figure_is_valid_and_says_what_it_shows(dark, by, quantity):
    chart = course_chart(panel_of(by, quantity), dark=dark)
    chart.figure()
    json.dumps([chart.data, chart.layout], allow_nan=False)
    said = " ".join(texts(chart.layout))
    assert f"n = {COHORT.n}" in said
    assert quantity.label in said
    assert chart.layout["xaxis"]["title"]["text"] == "Days from infusion"
    assert quantity.label in chart.alt


def test_one_line_per_patient_with_gaps_between_them():
    chart = course_chart(panel_of(), dark=False)
    single = chart.data[0]
    assert single["y"].count(None) == COHORT.n - 1
    assert len(single["y"]) == len(samples_of(COHORT, TRANSGENE).day) + COHORT.n - 1
    hollow = chart.data[2]
    assert hollow["marker"]["symbol"] == "circle-open"
    assert set(hollow["y"]) == {LIMIT}
    assert "below the limit" in texts(chart.layout)


def test_without_single_patients_only_medians_are_left():
    shown = panel_of("ada")
    with_them, without = course_chart(shown, dark=False), course_chart(shown, dark=False, singles=False)
    assert len(with_them.data) - len(without.data) == 3 * 2
    assert len(lines(without, "lines+markers")) == 2
    assert "below the limit" not in texts(without.layout)


def test_the_median_is_that_of_the_profile_and_its_words_stand_beside_it():
    shown = panel_of()
    (median,) = lines(course_chart(shown, dark=False), "lines+markers")
    profile = shown.groups[0].profile
    at = median["x"].index(14.0)
    row = profile[profile["day"] == 14].iloc[0]
    assert median["y"][at] == pytest.approx(row["median"])
    assert row["median_text"] in median["hovertext"][at]


def test_days_with_too_few_patients_have_no_median_but_their_number():
    shown = panel_of(cohort=with_series(COHORT, [("P000", 1.0, 9.0, ""), ("P000", 5.0, 8.0, ""), ("P001", 5.0, 7.0, "")]))
    chart = course_chart(shown, dark=False)
    assert lines(chart, "lines+markers")[0]["x"] == []
    numbers = lines(chart, "text")[0]
    assert sum(map(int, numbers["text"])) < 2 * FEW


def test_numbers_under_the_axis_are_those_of_the_profile_and_keep_apart():
    shown = panel_of("ada")
    chart = course_chart(shown, dark=False)
    for trace, group in zip(lines(chart, "text"), shown.groups, strict=True):
        n = dict(zip(group.profile["day"].round(3), group.profile["n"], strict=True))
        assert trace["text"] == [f"{n[day]:,}" for day in trace["x"]]
        assert np.diff(trace["x"]).min() >= (shown.days[1] - shown.days[0]) / CELLS - 1e-6


def test_groups_differ_in_line_and_colour():
    medians = lines(course_chart(panel_of("ada"), dark=False), "lines+markers")
    assert len({(t["line"]["dash"], t["line"]["color"]) for t in medians}) == 2
    assert {t["line"]["dash"] for t in medians} == {theme.DASHES["low"], theme.DASHES["high"]}


def test_infusion_is_marked_where_samples_lie_before_it():
    assert len(course_chart(panel_of(quantity=CRP), dark=False).layout["shapes"]) == 1
    assert course_chart(panel_of(), dark=False).layout["shapes"] == []


def test_nobody_in_the_window_is_said():
    shown = panel_of(cohort=with_series(COHORT, [("P000", 50.0, 9.0, "")]), until=28.0)
    assert "No samples in this window" in texts(course_chart(shown, dark=False).layout)


def test_names_from_a_file_are_shortened_and_escaped():
    shown = panel_of("ada")
    long = "<b>" + "x" * 200
    shown = replace(shown, title=long, groups=tuple(replace(g, name=long, short=long) for g in shown.groups))
    chart = course_chart(shown, dark=False)
    chart.figure()
    assert "&lt;b&gt;xxx" in " ".join(texts(chart.layout))
    assert max(len(a["text"]) for a in chart.layout["annotations"]) < 80


def test_the_table_holds_every_group_and_day():
    shown = panel_of("ada")
    table = course_chart(shown, dark=False).table()
    assert len(table) == sum(len(g.profile) for g in shown.groups)
    assert list(table.columns[:3]) == ["panel", "group", "day"]


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.1), (-3, 9), (2, 2.3), (-30, 29), (1, 1)])
def test_ticks_lie_inside_the_axis_and_are_few(low, high):
    ticks = log_ticks(low, high)
    assert len(ticks) <= 10
    assert all(low - 1e-9 <= math.log10(t) <= high + 1e-9 for t in ticks)
    ticks = linear_ticks(low, high)
    assert len(ticks) <= 8
    assert all(low - 1e-9 <= t <= high + 1e-9 for t in ticks)


@pytest.mark.parametrize("dark", [False, True])
def test_boxes_of_measures_have_no_cutoff(dark):
    made = marker_groups(COHORT, None)
    found = measured(COHORT, samples_of(COHORT, TRANSGENE), rule="zero")
    for result in measure_results(found, groups_of(COHORT, "ada", made), [("all", "All", np.ones(COHORT.n, dtype=bool))]):
        chart = marker_by_grade_chart(result.boxes, dark=dark)
        chart.figure()
        json.dumps([chart.data, chart.layout], allow_nan=False)
        assert all(shape["line"].get("dash") != "dash" for shape in chart.layout["shapes"])
        assert chart.layout["xaxis"]["ticktext"] == ["no", "yes"]
        assert {t["marker"]["color"] for t in chart.data} == {theme.ink(dark=dark).all}
        assert sum(len(t["x"]) for t in chart.data) == result.boxes.n
