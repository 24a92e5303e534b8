"""Draws with exact margins."""

from __future__ import annotations

import numpy as np
import pytest

from sample_data import drawing as d


def test_by_rank_hits_the_anchors_in_the_order_of_the_score() -> None:
    score = np.array([0.3, -1.0, 2.0, 0.9, 0.5])
    values = d.by_rank(score, {0: 20.0, 2: 238.0, 4: 5561.0}, log=True)
    assert values[[1, 4, 2]].tolist() == [20.0, 238.0, 5561.0]
    assert np.array_equal(np.argsort(values), np.argsort(score))


def test_by_rank_needs_both_ends() -> None:
    with pytest.raises(ValueError, match="ranks 0 and 4"):
        d.by_rank(np.arange(5.0), {0: 1.0, 3: 2.0})


def test_levels_have_exact_counts_and_follow_the_score() -> None:
    levels = d.levels_by_rank(np.array([3.0, 1.0, 2.0]), {"low": 1, "high": 2})
    assert levels == ["high", "low", "high"]
    with pytest.raises(ValueError, match="add up to 2, there are 3"):
        d.levels_by_rank(np.arange(3.0), {"low": 2})


def test_highest_respects_who_is_eligible() -> None:
    score = np.array([9.0, 1.0, 5.0, 7.0])
    assert d.highest(score, 2, np.array([False, True, True, True])).tolist() == [False, False, True, True]
    with pytest.raises(ValueError, match="2 wanted, 1 eligible"):
        d.highest(score, 2, np.array([False, True, False, False]))


def test_text_of_numbers() -> None:
    assert d.numbers([1.25, float("nan")], 1) == ["1.2", ""]
    assert d.below_limit([2.9, 3.0, float("nan")], 3, 1) == ["<3", "3.0", ""]
    assert d.yes_no([True, False]) == ["yes", "no"]


def test_streams_are_independent_of_each_other() -> None:
    assert d.seeded(52, 1).random() == d.seeded(52, 1).random()
    assert d.seeded(52, 1).random() != d.seeded(52, 2).random()
