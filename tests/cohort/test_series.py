"""Time courses: those that only the file names, and values of one course on two scales. No patient stands behind any value."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pytest

from cartograph.cohort.build import build_cohort
from cartograph.cohort.findings import Findings, Place
from cartograph.cohort.model import Cohort
from cartograph.cohort.recognise import suggest_mapping
from cartograph.cohort.series import check_scales, in_celsius, series_label, series_quantity
from cartograph.cohort.visits import series_variable
from tests.cohort.making import of_kind, table_of

DAYS = range(-3, 17)
PEOPLE = [f"{i}" for i in range(1, 11)]


def daily(**columns: Sequence[str | None]) -> Cohort:
    """A table with one row per patient and day, as hospitals keep them, read as the Data page reads it."""
    rows = [(p, d) for p in PEOPLE for d in DAYS]
    frame: dict[str, Sequence[str | None]] = {"SID": [p for p, _ in rows], "HospitalDay": [str(d) for _, d in rows], **columns}
    table = table_of(frame)
    return build_cohort([table], suggest_mapping([table]))


def each(value: Callable[[int, int], object]) -> list[str]:
    """``value(patient number, day)`` of every row."""
    return [str(value(int(p), d)) for p in PEOPLE for d in DAYS]


def test_counts_without_a_canonical_name_become_a_course() -> None:
    cohort = daily(**{"WBC (G/L)": each(lambda p, d: round(0.5 + p + abs(d - 7) / 3, 2)), "Age": each(lambda p, d: 50 + p)})
    assert set(cohort.series["quantity"]) == {"WBC (G/L)"}
    assert len(cohort.series) == 200
    assert series_label("WBC (G/L)") == ("WBC", "G/L")
    assert "age" in cohort.columns


def test_a_value_of_the_patient_typed_twice_is_no_course() -> None:
    once: list[str | None] = [text or None for text in each(lambda p, d: 1 if d == 0 else "")]
    once[1], once[3] = "1", "2"  # the first patient has it three times, in two ways
    typed = each(lambda p, d: 100 + p)
    typed[4] = "999"
    cohort = daily(**{"Dose": once, "Weight at admission": typed, "CRP": each(lambda p, d: 5 + p + max(d, 0))})
    assert set(cohort.series["quantity"]) == {"crp"}


def test_a_course_needs_no_endpoint() -> None:
    cohort = daily(Ferritin=each(lambda p, d: 400 + 10 * p + 5 * d))
    assert not cohort.endpoints
    assert cohort.n == 10
    assert cohort.series["day"].min() == -3


def test_temperatures_in_two_units_become_one_and_are_said() -> None:
    celsius = each(lambda p, d: 36.5 + (p + d) % 5 / 2 if p <= 4 else round(98.0 + (p + d) % 5, 1))
    cohort = daily(Temp=celsius)
    assert set(cohort.series["quantity"]) == {"temperature"}
    assert cohort.series["value"].between(36, 39.5).all()
    found = of_kind(cohort, "mixed-units")
    assert [p.found for p in found] == ["120 values in \u00b0F and 80 in \u00b0C"]
    assert series_variable("temperature").unit == "\u00b0C"


def test_a_column_in_fahrenheit_is_turned_with_a_note() -> None:
    findings = Findings()
    turned = in_celsius(np.array([98.6, 104.0, np.nan]), Place("t", "Temp"), findings)
    np.testing.assert_allclose(turned, [37.0, 40.0, np.nan])
    assert [(p.severity, p.kind) for p in findings.problems([])] == [("note", "unit-changed")]


def test_temperatures_in_celsius_stay() -> None:
    findings = Findings()
    assert in_celsius(np.array([36.6, 39.0]), Place("t"), findings).tolist() == [36.6, 39.0]
    assert not findings.problems([])


@pytest.mark.parametrize("header", ["Temp", "Body temperature", "temp_max", "Temperatur"])
def test_temperature_is_known_by_its_name(header: str) -> None:
    assert series_quantity(header) == "temperature"


def test_a_name_without_meaning_stays() -> None:
    assert series_quantity(" template:  score ") == "template score"


def test_crp_far_above_what_is_plausible_is_said_with_its_patients() -> None:
    cohort = daily(CRP=each(lambda p, d: 700 + 90 * (d % 5) if p <= 2 else 5 + d + 10 * p))
    (found,) = of_kind(cohort, "mixed-units")
    assert "above 600 mg/L, of 2 patients" in found.found
    assert found.severity == "warning"


def test_two_clumps_are_said() -> None:
    findings = Findings()
    values = np.r_[np.linspace(0.2, 3, 60), np.linspace(200, 900, 40)]
    check_scales(values, np.array(["a"] * 100, dtype=object), series_variable("WBC"), Place("t", "WBC"), findings)
    assert [p.found for p in findings.problems([])] == ["60 values up to 3 and 40 from 200 on, none between"]


@pytest.mark.parametrize(
    "values",
    [
        np.linspace(1, 100, 80),  # one clump
        np.tile([1.0, 2.0, 4.0], 40),  # a score
        np.r_[np.linspace(0.2, 3, 99), 500.0],  # one outlier
        np.full(50, np.nan),
        np.array([]),
    ],
)
def test_one_scale_is_not_remarked_upon(values: npt.NDArray[np.float64]) -> None:
    findings = Findings()
    check_scales(values, np.array(["a"] * len(values), dtype=object), series_variable("WBC"), Place("t"), findings)
    assert not findings.problems([])
