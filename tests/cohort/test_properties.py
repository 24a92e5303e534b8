"""Whatever a table holds and whatever it is taken for: a cohort or a CohortError comes of it, nothing else."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from cartograph.cohort.build import build_cohort
from cartograph.cohort.mapping import DROP, EXTRA, ColumnChoice, Mapping
from cartograph.cohort.model import Cohort
from cartograph.cohort.problems import CohortError
from cartograph.cohort.recognise import suggest_mapping
from cartograph.cohort.schema import VARIABLES
from cartograph.cohort.tables import RawTable

LONG = [
    "visit_month",
    "visit_day",
    "visit_name",
    "response_at_visit",
    "mrd_at_visit",
    "sample_day",
    "series:crp",
    "series:car_transgene",
    "series:",
]
PAIRS = ["endpoint:efs:time", "endpoint:efs:event", "endpoint:a b:time", "endpoint::event", "endpoint:pfs:time", "nonsense"]
TARGETS = st.one_of(st.just("patient_id"), st.sampled_from([*VARIABLES, *LONG, *PAIRS, EXTRA, DROP]))

ids = st.sampled_from(["1", "2", "3", 1, 2.0, "A", " A", None])
stamps = st.integers(-80 * 365, 80 * 365).map(lambda days: pd.Timestamp("1990-01-01") + pd.Timedelta(days=days))
NUMBER_LIKE = [
    "<3",
    "> 1500",
    "1,234.5",
    "1.234,5",
    "12 %",
    "3*",
    "0",
    "1",
    "-5",
    "1e9",
    "2021-03-04",
    "03.04.2021",
    "3/14/2021",
    "M3",
    "Day 28",
]
WORDS = ["yes", "no", "unknown", "CR", "PD", "II", "ide-cel", "=cmd()", "<script>", "\x00", "\u00e9"]
spelled = st.sampled_from([*NUMBER_LIKE, *WORDS])
numbers = st.one_of(st.integers(-100, 60000), st.floats(allow_nan=False, allow_infinity=False), st.floats(0, 100).map(lambda x: f"{x:.1f}"))
CELLS = st.one_of(st.none(), ids, stamps, spelled, numbers, st.booleans(), st.text(max_size=8))
headers = st.one_of(
    st.sampled_from(["Patient ID", "PFS (months)", "PFS event", "Ferritin d0", "CRP", "age", "patient_id"]), st.text(max_size=10)
)


@st.composite
def raw_tables(draw, name):
    """A table of up to 6 columns and 7 rows, each column of one kind of cell or of all kinds."""
    columns = draw(st.lists(headers, min_size=1, max_size=6, unique=True))
    n = draw(st.integers(0, 7))
    kinds = [draw(st.sampled_from([ids, stamps, spelled, numbers, CELLS])) for _ in columns]
    cells = {h: pd.Series([draw(kind) for _ in range(n)], dtype=object) for h, kind in zip(columns, kinds, strict=True)}
    frame = pd.DataFrame(cells)
    frame.index = pd.RangeIndex(2, 2 + len(frame))
    return RawTable(name, frame, decimal=draw(st.sampled_from([".", ","])))


@st.composite
def choices_of(draw, table):
    """Any choice for any column."""
    made = []
    for header in table.frame.columns:
        codes = draw(
            st.lists(
                st.tuples(st.sampled_from(["0", "1", "yes", "CR"]), st.sampled_from(["event", "censored", "yes", "no", "CR", "x"])),
                max_size=2,
            )
        )
        visit = draw(st.one_of(st.none(), st.floats(allow_nan=True), st.sampled_from([0.0, 1.0, 3.0, 28.0])))
        unit = draw(st.sampled_from(["", "mg/dL", "days", "%", "cells/\u00b5L", "what"]))
        made.append(ColumnChoice(table.name, str(header), draw(TARGETS), unit, tuple(codes), visit))
    return tuple(made)


def check(cohort: Cohort) -> None:
    """What holds for every cohort."""
    patients = cohort.patients
    assert cohort.report.patients_kept == len(patients) == patients["patient_id"].nunique() > 0
    assert all(isinstance(p, str) and p for p in patients["patient_id"])
    assert list(patients.index) == list(range(len(patients)))
    for key, column in cohort.columns.items():
        assert key == column.key
        check_column(patients[key], column)
    for key, endpoint in cohort.endpoints.items():
        assert key == endpoint.key
        time, event = cohort.survival(key)
        assert (np.isnan(time) == np.isnan(event)).all()
        assert ((time[~np.isnan(time)] >= 0) & np.isfinite(time[~np.isnan(time)])).all()
        assert set(event[~np.isnan(event)]) <= {0.0, 1.0}
    known = set(patients["patient_id"])
    for frame in (cohort.responses, cohort.mrd, cohort.series, cohort.limits):
        assert set(frame["patient_id"]) <= known
    assert not cohort.responses.duplicated(["patient_id", "month"]).any()
    assert len(cohort.fingerprint) == 64
    assert len(cohort.report.to_frame()) == len(cohort.report.problems)


def check_column(values, column) -> None:
    assert values.notna().any()
    if column.kind in ("category", "flag"):
        assert values.cat.ordered
        assert tuple(values.cat.categories) == column.levels
    elif column.kind == "number":
        assert values.dtype == np.float64
        assert not np.isinf(values).any()
    elif column.kind == "date":
        assert values.dtype == "datetime64[ns]"


@settings(max_examples=150)
@given(st.data())
def test_any_table_taken_for_anything(data):
    tables = [data.draw(raw_tables(f"{name}.csv")) for name in data.draw(st.sampled_from(["a", "ab", "abc"]))]
    chosen = tuple(c for t in tables for c in data.draw(choices_of(t)))
    mapping = Mapping(
        chosen,
        data.draw(st.sampled_from(["days", "weeks", "months", "years"])),
        data.draw(st.sampled_from(["iso", "day-first", "month-first"])),
    )
    before = [t.frame.copy() for t in tables]
    try:
        cohort = build_cohort(tables, mapping)
    except CohortError as error:
        assert error.problems
    else:
        check(cohort)
        assert cohort.fingerprint == build_cohort(tables, mapping).fingerprint
    for table, frame in zip(tables, before, strict=True):
        pd.testing.assert_frame_equal(table.frame, frame)


@settings(max_examples=120)
@given(st.data())
def test_any_table_as_the_recogniser_takes_it(data):
    tables = [data.draw(raw_tables(f"{name}.csv")) for name in data.draw(st.sampled_from(["a", "ab"]))]
    try:
        check(build_cohort(tables, suggest_mapping(tables)))
    except CohortError as error:
        assert error.problems
