"""Cells: every spelling of numbers, dates and codes that files of three countries hold."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartograph.cohort import parse


def cells(*values):
    return pd.Series(list(values), dtype=object)


@pytest.mark.parametrize(
    ("cell", "decimal", "value"),
    [
        ("12", ".", 12.0),
        ("1,234.5", ".", 1234.5),
        ("1.234,5", ".", 1234.5),
        ("1.234,5", ",", 1234.5),
        ("1,234", ".", 1234.0),
        ("1,234", ",", 1.234),
        ("1.234", ".", 1.234),
        ("1.234", ",", 1234.0),
        ("1,5", ".", 1.5),
        ("1.5", ",", 1.5),
        ("0,123", ".", 0.123),
        ("1 234", ".", 1234.0),
        ("1\u202f234,5", ",", 1234.5),
        ("1'234.5", ".", 1234.5),
        ("1,234,567", ".", 1234567.0),
        ("3*", ".", 3.0),
        ("12 %", ".", 12.0),
        ("-3", ".", -3.0),
        ("\u22123", ".", -3.0),
        ("1e3", ".", 1000.0),
        (".5", ".", 0.5),
        (True, ".", 1.0),
        (7, ".", 7.0),
        (2.5, ".", 2.5),
    ],
)
def test_numbers_in_every_spelling(cell, decimal, value):
    read = parse.numbers(cells(cell), decimal)
    assert read.values[0] == pytest.approx(value, rel=1e-15)
    assert not read.bad[0]
    assert read.sign[0] == ""


@pytest.mark.parametrize(
    ("cell", "value", "sign", "limit"),
    [
        ("<3", 1.5, "<", 3.0),
        ("< 0.3", 0.15, "<", 0.3),
        ("\u2264 5", 2.5, "<", 5.0),
        ("<=5", 2.5, "<", 5.0),
        ("> 1500", 1501.0, ">", 1500.0),
        (">1,500", 1501.0, ">", 1500.0),
        (">2.5", 2.6, ">", 2.5),
        (">=0.30", 0.31, ">", 0.30),
    ],
)
def test_detection_limits_enter_by_the_stated_rule(cell, value, sign, limit):
    read = parse.numbers(cells(cell))
    assert (read.values[0], read.sign[0], read.limit[0]) == (pytest.approx(value), sign, pytest.approx(limit))


@pytest.mark.parametrize(
    "cell",
    [
        "abc",
        "1,2,3",
        "12 34",
        "1.2.3",
        "--3",
        "3 to 5",
        "inf",
        "1e31",
        1e300,
        10**400,
        "<",
        "<LLOQ",
        "1,23,456",
        pd.Timestamp("2020-01-01"),
    ],
)
def test_what_is_no_number_is_marked(cell):
    read = parse.numbers(cells(cell))
    assert read.bad[0]
    assert math.isnan(read.values[0])


def test_not_known_is_no_fault():
    read = parse.numbers(cells("unknown", "Not done", None, "", float("nan"), "k.A."))
    assert not read.bad.any()
    assert read.unknown.tolist() == [True, True, False, False, False, True]


@pytest.mark.parametrize(
    ("cell", "order", "date"),
    [
        ("2021-03-04", "iso", "2021-03-04"),
        ("2021/3/4", "iso", "2021-03-04"),
        ("2021-03-04T10:15:00Z", "iso", "2021-03-04"),
        ("04.03.2021", "day-first", "2021-03-04"),
        ("3/4/2021", "month-first", "2021-03-04"),
        ("3/4/21", "day-first", "2021-04-03"),
        ("1/2/75", "day-first", "1975-02-01"),
        ("13/4/2021", "iso", "2021-04-13"),
        ("5/5/2021", "iso", "2021-05-05"),
        ("03-Mar-21", "iso", "2021-03-03"),
        ("3. M\u00e4rz 2021", "iso", "2021-03-03"),
        ("3 ao\u00fbt 2021", "iso", "2021-08-03"),
        ("3 de enero de 2021", "iso", "2021-01-03"),
        ("March 3, 2021", "iso", "2021-03-03"),
        (44256, "iso", "2021-03-01"),
        ("44256", "iso", "2021-03-01"),
        (20210303, "iso", "2021-03-03"),
        (pd.Timestamp("2021-03-03 14:00"), "iso", "2021-03-03"),
    ],
)
def test_dates_in_every_spelling(cell, order, date):
    assert parse.dates(cells(cell), order).values[0] == np.datetime64(date, "ns")


@pytest.mark.parametrize(
    ("cell", "order", "fault"),
    [
        ("3/4/2021", "iso", "ambiguous-date"),
        ("3/14/2021", "day-first", "date-order"),
        ("14/3/2021", "month-first", "date-order"),
        ("31.02.2021", "day-first", "impossible-date"),
        ("2021-13-01", "iso", "impossible-date"),
        ("1021-01-01", "iso", "impossible-date"),
        ("soon", "iso", "not-a-date"),
        (12, "iso", "not-a-date"),
        (True, "iso", "not-a-date"),
    ],
)
def test_dates_that_nobody_can_read(cell, order, fault):
    read = parse.dates(cells(cell), order)
    assert np.isnat(read.values[0])
    assert read.fault[0] == fault


def test_the_rarer_spelling_of_dates_is_told():
    read = parse.dates(cells("2021-01-01", "2021-01-02", "03.01.2021", None), "day-first")
    assert read.minority().tolist() == [False, False, True, False]


def test_codes_ignore_case_blanks_and_added_decimals():
    read = parse.codes(
        cells("  CR ", "complete  Response", "1.0", 1, True, "?", "strange", None),
        {"cr": "CR", "complete response": "CR", "1": "I", "yes": "yes"},
    )
    assert read.levels.tolist() == ["CR", "CR", "I", "I", "yes", None, None, None]
    assert read.bad.tolist() == [False] * 6 + [True, False]
    assert read.unknown.tolist() == [False] * 5 + [True, False, False]


@pytest.mark.parametrize(
    ("text", "whole"), [("7.0", "7"), ("7.00", "7"), ("70", "70"), ("7.5", "7.5"), ("007", "007"), ("a.0", "a.0"), ("0", "0"), ("", "")]
)
def test_whole_numbers_lose_added_decimals(text, whole):
    assert parse.whole(text) == whole


STAMP = st.integers(-250 * 365, 200 * 365).map(lambda days: pd.Timestamp("1970-01-01") + pd.Timedelta(days=days))
NEARLY = st.text("0123456789.,<>-/ %eE'", max_size=12)
CELL = st.one_of(st.none(), st.booleans(), st.integers(-(10**9), 10**9), st.floats(), st.text(max_size=14), NEARLY, STAMP)


@given(st.lists(CELL, max_size=8), st.sampled_from([".", ","]), st.sampled_from(["iso", "day-first", "month-first"]))
def test_any_cell_is_read_or_marked(values, decimal, order):
    column = pd.Series(values, dtype=object)
    number, date, code = parse.numbers(column, decimal), parse.dates(column, order), parse.codes(column, {"1": "yes"})
    assert len(number.values) == len(date.values) == len(code.levels) == len(values)
    assert not (np.abs(number.values) > parse.LARGEST).any()
    assert np.isnan(number.values[number.bad]).all()
    assert ((number.sign == "") == np.isnan(number.limit)).all()
    assert np.isnat(date.values[date.fault != ""]).all()


@given(st.floats(-1e30, 1e30, allow_nan=False))
def test_numbers_come_back_from_their_text(value):
    assert parse.numbers(cells(repr(value))).values[0] == value


DAY_ONE, LAST_DAY = pd.Timestamp("1900-01-01"), pd.Timestamp("2100-12-31")


@given(st.dates(DAY_ONE.date(), LAST_DAY.date()))
def test_dates_come_back_from_their_text(date):
    assert parse.dates(cells(date.isoformat())).values[0] == np.datetime64(date)
    assert parse.dates(cells(f"{date:%d.%m.%Y}"), "day-first").values[0] == np.datetime64(date)
    assert parse.dates(cells(f"{date:%m/%d/%Y}"), "month-first").values[0] == np.datetime64(date)
