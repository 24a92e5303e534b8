"""Filters: the mask, its words and its text in a link say the same."""

import numpy as np
import pandas as pd
import pytest

from cartograph.cohort.filters import Filter, apply_filters, combined_mask, keep
from cartograph.cohort.model import Cohort, Column
from cartograph.cohort.problems import DataReport


@pytest.fixture
def cohort() -> Cohort:
    patients = pd.DataFrame(
        {
            "patient_id": ["a", "b", "c", "d"],
            "age": [50.0, 61.0, np.nan, 70.0],
            "r_iss": pd.Categorical(["I", "II", "III", None], categories=["I", "II", "III"], ordered=True),
            "infusion_date": pd.to_datetime(["2021-01-01", "2022-01-01", "2023-01-01", None]),
        }
    )
    columns = {
        "age": Column("age", "Age", "number", unit="years"),
        "r_iss": Column("r_iss", "R-ISS", "category", levels=("I", "II", "III")),
        "infusion_date": Column("infusion_date", "Infusion", "date"),
    }
    responses = pd.DataFrame({"patient_id": ["a", "b"], "month": [1.0, 1.0], "visit": ["Month 1"] * 2, "response": ["CR", "PR"]})
    return Cohort("test", patients, columns, {}, DataReport(4, 4), responses=responses, fingerprint="x")


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (Filter("age", low=50.0, high=61.0), [1, 1, 0, 0]),
        (Filter("age", low=60.0), [0, 1, 0, 1]),
        (Filter("age", high=60.0, missing=True), [1, 0, 1, 0]),
        (Filter("r_iss", levels=("I", "III")), [1, 0, 1, 0]),
        (Filter("r_iss", levels=("II",), missing=True), [0, 1, 0, 1]),
        (Filter("infusion_date", low=18993.0), [0, 1, 1, 0]),
    ],
)
def test_mask(cohort: Cohort, chosen: Filter, expected: list[int]) -> None:
    assert chosen.mask(cohort).astype(int).tolist() == expected
    assert Filter.from_text(chosen.to_text()) == chosen


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        (Filter("age", low=50.0, high=61.0), "Age 50\u201361 years"),
        (Filter("age", low=50.5), "Age \u2265 50.5 years"),
        (Filter("r_iss", levels=("I", "II"), missing=True), "R-ISS I, II or not known"),
        (Filter("infusion_date", high=18993.0), "Infusion \u2264 2022-01-01"),
    ],
)
def test_words(cohort: Cohort, chosen: Filter, words: str) -> None:
    assert chosen.words(cohort.columns[chosen.column]) == words


def test_levels_with_awkward_characters_survive_a_link() -> None:
    chosen = Filter("product", levels=("a|b", "=c", "<script>", "x&y/ü"))
    assert Filter.from_text(chosen.to_text()) == chosen


@pytest.mark.parametrize("text", ["", "age", "age|>x", "age|>nan", "|=a", "age|!", "age|?"])
def test_nonsense_in_a_link_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"not|could"):
        Filter.from_text(text)


def test_filters_combine_and_visits_follow(cohort: Cohort) -> None:
    kept = apply_filters(cohort, [Filter("age", low=55.0), Filter("r_iss", levels=("II",))])
    assert kept.patients["patient_id"].tolist() == ["b"]
    assert kept.responses["patient_id"].tolist() == ["b"]
    assert kept.fingerprint != cohort.fingerprint
    assert cohort.n == 4
    assert combined_mask(cohort, []).all()


def test_an_unknown_column_is_a_wrong_call(cohort: Cohort) -> None:
    with pytest.raises(ValueError, match="no column 'weight'"):
        Filter("weight", low=1.0).mask(cohort)
    with pytest.raises(ValueError, match="4 patients"):
        keep(cohort, np.ones(2, dtype=bool))
