"""Numbers as text: what every label, caption and export prints."""

import pytest

from cartograph import format as fmt

NAN = float("nan")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1234, "0.12"),
        (1.449, "1.4"),
        (12.4, "12"),
        (0.9951, "1.0"),
        (0.034, "0.034"),
        (0.00001, "< 0.001"),
        (1234.0, "1,234"),
        (10_000.0, "10,000"),
        (460_772.0, "> 10,000"),
        (NAN, "not estimable"),
    ],
)
def test_ratio_has_two_significant_digits(value: float, text: str) -> None:
    assert fmt.ratio(value) == text


@pytest.mark.parametrize(("p", "text"), [(0.0123, "p = 0.012"), (0.0009, "p < 0.001"), (1.0, "p = 1.000"), (NAN, "p = not estimable")])
def test_p_is_printed_to_three_decimals(p: float, text: str) -> None:
    assert fmt.p_equals(p) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(5561, "5,561"), (0.35, "0.35"), (12.50, "12.5"), (-3.0, "\u22123"), (0, "0"), (337.0, "337"), (1000000.0, "1,000,000")],
)
def test_numbers_keep_their_digits(value: float, text: str) -> None:
    assert fmt.number(value) == text


def test_a_median_that_is_not_reached_reads_nr() -> None:
    assert fmt.median_with_limits(NAN, 8.3, NAN) == "NR (8.3\u2013NR)"
    assert fmt.median_with_limits(10.24, 6.1, float("inf")) == "10.2 mo (6.1\u2013NR)"


def test_percent_is_whole_below_a_thousand_patients() -> None:
    assert fmt.percent(0.456, 52) == "46\u2009%"
    assert fmt.percent(0.456, 1000) == "45.6\u2009%"
    assert fmt.percent_with_limits(0.456, 0.19, 0.75, 52) == "46\u2009% (19\u201375)"


def test_unbounded_limits_are_said() -> None:
    assert fmt.ratio_with_limits(3.1, 0.0, float("inf")) == "3.1 (0\u2013no limit)"


def test_a_concordance_index_has_two_decimals_and_differences_a_sign() -> None:
    assert fmt.concordance(0.6189) == "0.62"
    assert fmt.concordance(-0.001) == "0.00"
    assert fmt.concordance_with_limits(0.021, -0.034, 0.07) == "0.02 (\u22120.03 to 0.07)"
    assert fmt.concordance_with_limits(NAN, NAN, NAN) == fmt.concordance(NAN) == "not estimable"


def test_limits_that_pretend_to_know_are_cut_and_missing_ones_are_said() -> None:
    assert fmt.ratio_with_limits(0.0041, 1e-9, 1e12) == "0.004 (< 0.001 to > 10,000)"
    assert fmt.ratio_with_limits(18.2, 1.9, 2418.0) == "18 (1.9\u20132,418)"
    assert fmt.percent_with_limits(0.0, NAN, NAN) == f"0{fmt.THIN_SPACE}% (no limits)"


def test_one_event_is_not_events() -> None:
    assert [fmt.events(n) for n in (0, 1, 2, 1200)] == ["0 events", "1 event", "2 events", "1,200 events"]


def test_a_point_in_time_is_a_month_or_a_day_of_the_first() -> None:
    assert [fmt.time_point(m) for m in (6.0, 4.5, 0.92)] == ["month 6", "month 4.5", "day 28"]
