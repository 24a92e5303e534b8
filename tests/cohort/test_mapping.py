"""Changing, saving and reusing a mapping; what an event column says."""

from __future__ import annotations

import json

import pytest

from cartograph.cohort.endpoint_names import endpoint_part, endpoint_target
from cartograph.cohort.mapping import (
    EXTRA,
    ColumnChoice,
    Mapping,
    apply_profile,
    change,
    event_summary,
    fits,
    from_profile,
    to_profile,
    turn_round,
)
from cartograph.cohort.problems import CohortError
from tests.cohort.making import table_of

TABLE = table_of({"id": ["a", "b", "c", "d"], "PFS": ["1", "2", "3", "4"], "event": ["1", "0", "1", None]})
EVENT = ColumnChoice("made up.csv", "event", "pfs_event", codes=(("1", "event"), ("0", "censored")), confidence="certain")
MAPPING = Mapping(
    (
        ColumnChoice("made up.csv", "id", "patient_id", confidence="certain"),
        ColumnChoice("made up.csv", "PFS", "pfs_time", unit="days", confidence="certain", evidence=("values 1 to 4",)),
        EVENT,
    ),
    "days",
    "day-first",
    "Ours",
)


def test_a_profile_comes_back_as_it_was() -> None:
    back = from_profile(to_profile(MAPPING))
    assert [(c.header, c.target, c.unit, c.codes, c.visit) for c in back.columns] == [
        (c.header, c.target, c.unit, c.codes, c.visit) for c in MAPPING.columns
    ]
    assert (back.time_unit, back.date_order, back.name) == ("days", "day-first", "Ours")
    assert {c.confidence for c in back.columns} == {"certain"}


def test_a_profile_holds_no_values_of_patients() -> None:
    named = change(MAPPING, "made up.csv", "id", identifying="names", codes=(("Miller, Ann", "x"),))
    assert "Miller" not in to_profile(named)
    assert "1 to 4" not in to_profile(MAPPING)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1]",
        "{",
        "[" * 100_000,
        '{"kind": "something else"}',
        to_profile(MAPPING).replace('"version": 1', '"version": 99'),
        to_profile(MAPPING).replace("pfs_time", "no such thing"),
        to_profile(MAPPING).replace('"day-first"', '"backwards"'),
        to_profile(MAPPING).replace('"unit": "days"', '"unit": 7'),
        json.dumps({**json.loads(to_profile(MAPPING)), "columns": [3]}),
        json.dumps({**json.loads(to_profile(MAPPING)), "columns": [{"table": "t", "header": "h", "target": EXTRA, "visit": "x"}]}),
        json.dumps({**json.loads(to_profile(MAPPING)), "columns": [{"table": "t", "header": "h", "target": EXTRA, "codes": [["a"]]}]}),
    ],
)
def test_what_is_no_profile_is_said(text: str) -> None:
    with pytest.raises(CohortError, match="mapping profile"):
        from_profile(text)


def test_a_profile_fits_the_same_columns_in_any_order_and_file() -> None:
    same = table_of({"event": ["1"], "id": ["x"], "PFS": ["9"]}, name="next.csv")
    assert fits(MAPPING, [same])
    applied = apply_profile(MAPPING, [same])
    assert [(c.table, c.header) for c in applied.columns] == [("next.csv", "event"), ("next.csv", "id"), ("next.csv", "PFS")]
    other = table_of({"event": ["1"], "id": ["x"], "OS": ["9"]})
    assert not fits(MAPPING, [other])
    assert not fits(MAPPING, [same, other])
    with pytest.raises(ValueError, match="other columns"):
        apply_profile(MAPPING, [other])


def test_change_and_its_error() -> None:
    changed = change(MAPPING, "made up.csv", "PFS", target=EXTRA)
    assert [c.target for c in changed.columns] == ["patient_id", EXTRA, "pfs_event"]
    with pytest.raises(ValueError, match="no column"):
        change(MAPPING, "made up.csv", "nothing", target=EXTRA)


def test_events_are_counted_in_words_and_turned_round() -> None:
    assert event_summary(TABLE, EVENT) == "1 = progression or death: 2 of 3 events (67 %)"
    turned = turn_round(EVENT)
    assert event_summary(TABLE, turned) == "0 = progression or death: 1 of 3 events (33 %)"
    assert turn_round(turned).codes == EVENT.codes
    strange = table_of({"event": [1.0, 0.0, "lost"]})
    assert event_summary(strange, EVENT) == "1 = progression or death: 1 of 2 events (50 %); 1 value without a meaning"
    nobody = table_of({"event": ["0", "0", "0"]})
    assert event_summary(nobody, EVENT) == "no value in the file = progression or death: 0 of 3 events (0 %)"


def test_targets_of_endpoints() -> None:
    assert endpoint_target("os", "event") == "os_event"
    assert endpoint_target("efs", "time") == "endpoint:efs:time"
    assert endpoint_part("endpoint:efs:time") == ("efs", "time")
    assert endpoint_part("dor_event") == ("dor", "event")
    assert endpoint_part("crs_grade") is None
