"""High is above the cutoff; who is not measured is in no group."""

import numpy as np
import pytest

from cartograph.cohort.model import Column
from cartograph.views.explore import Marker
from cartograph.views.grouping import grouping, versus

FERRITIN = Column("f", "Ferritin", "number", "µg/L")
CRP = Column("c", "CRP", "number", "mg/L")
F = np.array([100.0, 337.0, 338.0, np.nan, 500.0])
C = np.array([1.0, 9.0, 1.0, 1.0, 9.0])


def test_a_value_at_the_cutoff_is_low() -> None:
    made = grouping([F], [Marker("f", 337.0)], [FERRITIN], "three")
    assert made.codes.tolist() == [0, 0, 1, -1, 1]
    assert [r.label for r in made.rules] == ["Ferritin \u2264 337 µg/L", "Ferritin > 337 µg/L"]


@pytest.mark.parametrize(
    ("combine", "codes", "roles"), [("three", [0, 1, 1, -1, 2], ["low", "mixed", "high"]), ("both-low", [0, 1, 1, -1, 1], ["low", "high"])]
)
def test_two_markers(combine: str, codes: list[int], roles: list[str]) -> None:
    made = grouping([F, C], [Marker("f", 337.0), Marker("c", 8.0)], [FERRITIN, CRP], combine)  # type: ignore[arg-type]
    assert made.codes.tolist() == codes
    assert [r.role for r in made.rules] == roles


def test_without_a_marker_everybody_is_one_group() -> None:
    made = grouping([F], [], [], "three")
    assert made.codes.tolist() == [0] * 5
    assert made.rules[0].role == "all"


def test_a_ratio_says_whom_it_compares() -> None:
    two = [Marker("f", 337.0), Marker("c", 8.0)]
    assert versus(grouping([F], two[:1], [FERRITIN], "three").rules) == "high vs low"
    assert versus(grouping([F, C], two, [FERRITIN, CRP], "three").rules) == "both high vs both low"
    assert versus(grouping([F, C], two, [FERRITIN, CRP], "both-low").rules) == "rest vs both low"
