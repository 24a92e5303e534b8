import pytest

from cartograph.charts.swimmer import MARKS, swimmer_chart
from tests.charts.conftest import make_lanes, texts


@pytest.mark.parametrize("n", [0, 1, 20, 52, 500])
@pytest.mark.parametrize("dark", [False, True])
def test_plotly_accepts_the_figure(n, dark):
    swimmer_chart(make_lanes(n), dark=dark, height=700).figure()


def test_lanes_are_one_path_per_response_whatever_their_number():
    few, many = (swimmer_chart(make_lanes(n), dark=False, height=1400) for n in (20, 500))
    assert len(few.data) == len(many.data)


def test_every_segment_is_drawn_where_it_was():
    lanes = make_lanes(20)
    chart = swimmer_chart(lanes, dark=False, height=600)
    traces = [t for t in chart.data if t["mode"] == "lines"][1:]  # the first is the rim
    drawn = {(t["y"][i], t["x"][i], t["x"][i + 1]) for t in traces for i in range(0, len(t["x"]), 3)}
    assert drawn == set(lanes.lanes[["lane", "start", "stop"]].itertuples(index=False, name=None))


def test_every_mark_lands_on_its_patient_and_month():
    lanes = make_lanes(30)
    chart = swimmer_chart(lanes, dark=False, height=600)
    for mark in MARKS:
        rows = lanes.marks[lanes.marks["kind"] == mark.kind]
        trace = next(t for t in chart.data if t.get("name") == mark.kind)
        assert trace["y"] == rows["lane"].tolist()
        beside = 0.0 if mark.kind != "ongoing" else 0.008 * chart.layout["xaxis"]["range"][1]
        assert trace["x"] == pytest.approx((rows["month"] + beside).tolist(), abs=0.006)


def test_patients_are_named_only_where_there_is_room():
    assert swimmer_chart(make_lanes(20), dark=False, height=520).layout["yaxis"]["ticktext"][:2] == ["P0", "P1"]
    assert swimmer_chart(make_lanes(500), dark=False, height=1400).layout["yaxis"]["ticktext"] == []


def test_groups_have_a_bracket_and_a_name():
    layout = swimmer_chart(make_lanes(20), dark=False, height=520).layout
    assert [(s["y0"], s["y1"]) for s in layout["shapes"]] == [(-0.4, 9.4), (9.6, 19.4)]
    assert "&gt; 337" in texts(layout)


def test_a_selection_says_how_many_are_drawn():
    lanes = make_lanes(20)
    some = type(lanes)(lanes.lanes, lanes.marks, lanes.hover, lanes.groups, n=10_000, n_drawn=20)
    assert any("20 of 10,000 patients drawn" in t for t in texts(swimmer_chart(some, dark=False).layout))


def test_hover_text_of_a_file_is_text():
    trace = swimmer_chart(make_lanes(3), dark=False).data[-1]
    assert trace["hovertext"][2] == "P2<br>Ferritin &lt;b&gt;2"


def test_the_key_holds_what_is_drawn_and_nothing_else():
    words = texts(swimmer_chart(make_lanes(20), dark=False).layout)
    assert {"PR", "CR", "not assessed", "death", "ongoing", "first response"} <= set(words)
    assert "MRD negative" not in words


def test_the_table_lists_segments_and_marks():
    table = swimmer_chart(make_lanes(4), dark=False).table()
    assert len(table) == 4 * 3 + 4 + 4
    assert set(table.columns) == {"patient", "group", "what", "from_month", "to_month"}
    assert table["group"].notna().all()
