"""Numbers as people read them: the one place where a number becomes text.

It lies below every room because curves' labels, filter words, captions and exports must print the same number the same way.
"""

from __future__ import annotations

import math

EN_DASH = "\u2013"
MINUS = "\u2212"
THIN_SPACE = "\u2009"
INFINITE = "\u221e"
NOT_REACHED = "NR"
NOT_ESTIMABLE = "not estimable"
NO_LIMITS = "no limits"
DAYS_PER_MONTH = 30.4375
LARGEST_RATIO = 10_000  # above, digits would only pretend to know


def number(value: float, digits: int = 4) -> str:
    """A measured value with at most ``digits`` significant digits and thousands separators: 5,561; 0.35; 12.5."""
    if not math.isfinite(value):
        return NOT_ESTIMABLE
    if value == 0:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace("-", MINUS)


def ratio(value: float) -> str:
    """A hazard or odds ratio as journals print it, two significant digits: 0.12, 1.4, 12; "> 10,000" and "< 0.001" beyond sense."""
    if not math.isfinite(value):
        return NOT_ESTIMABLE
    if value > LARGEST_RATIO:
        return f"> {LARGEST_RATIO:,}"
    if value >= 9.95:
        return f"{value:,.0f}"
    if value >= 0.995:
        return f"{value:.1f}"
    if value >= 0.0995:
        return f"{value:.2f}"
    return f"{value:.3f}" if value >= 0.0005 else "< 0.001"


def ratio_with_limits(value: float, low: float, high: float) -> str:
    """'3.1 (1.4–6.9)'; limits that do not exist read 'not estimable'."""
    if not math.isfinite(value):
        return NOT_ESTIMABLE
    limit_low = "0" if low == 0 else ratio(low)
    limit_high = "no limit" if math.isinf(high) else ratio(high)
    between = " to " if limit_high.startswith(">") else EN_DASH
    return f"{ratio(value)} ({limit_low}{between}{limit_high})"


def odds_with_limits(value: float, low: float, high: float) -> str:
    """An odds ratio with exact limits: as ``ratio_with_limits``, but an outcome that a group lacks gives '0 (0–0.42)' or '∞ (2.1–∞)'."""
    if value == 0:
        return f"0 (0{EN_DASH}{ratio(high)})"
    if math.isinf(value):
        return f"{INFINITE} ({ratio(low)}{EN_DASH}{INFINITE})"
    return ratio_with_limits(value, low, high)


def p_value(p: float) -> str:
    """'0.012', '< 0.001'; three decimals everywhere."""
    if math.isnan(p):
        return NOT_ESTIMABLE
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def p_equals(p: float) -> str:
    """'p = 0.012' or 'p < 0.001'."""
    text = p_value(p)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def months(value: float) -> str:
    """A time in months with one decimal, 'NR' when it is not reached; without the unit."""
    return NOT_REACHED if not math.isfinite(value) else f"{value:.1f}"


def time_point(months: float) -> str:
    """A point in time after infusion: 'month 6', 'month 4.5', but 'day 28' within the first month."""
    return f"day {round(months * DAYS_PER_MONTH)}" if 0 < months < 1 else f"month {number(months)}"


def median_with_limits(value: float, low: float, high: float) -> str:
    """'10.2 mo (6.1–NR)' or 'NR (8.3–NR)'."""
    unit = "" if not math.isfinite(value) else " mo"
    return f"{months(value)}{unit} ({months(low)}{EN_DASH}{months(high)})"


def percent(fraction: float, n: int = 0) -> str:
    """A fraction (0 to 1) in per cent, whole unless it stands on 1,000 or more patients: '46 %' with a thin space."""
    if not math.isfinite(fraction):
        return NOT_ESTIMABLE
    return f"{100 * fraction:.{1 if n >= 1000 else 0}f}{THIN_SPACE}%"


def percent_with_limits(value: float, low: float, high: float, n: int = 0) -> str:
    """'46 % (19–75)'; '0 % (no limits)' where a curve has come down to 0 and limits do not exist."""
    if not math.isfinite(value):
        return NOT_ESTIMABLE
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"{percent(value, n)} ({NO_LIMITS})"
    digits = 1 if n >= 1000 else 0
    return f"{percent(value, n)} ({100 * low:.{digits}f}{EN_DASH}{100 * high:.{digits}f})"


def patients(n: int) -> str:
    """'1 patient', '52 patients'."""
    return f"{n:,} patient{'' if n == 1 else 's'}"


def events(n: int) -> str:
    """'1 event', '52 events'."""
    return f"{n:,} event{'' if n == 1 else 's'}"


def concordance(value: float) -> str:
    """A concordance index or an area under a curve, two decimals: '0.62'."""
    return NOT_ESTIMABLE if not math.isfinite(value) else f"{round(value, 2) + 0.0:.2f}".replace("-", MINUS)  # + 0: no minus nought


def concordance_with_limits(value: float, low: float, high: float) -> str:
    """'0.62 (0.55 to 0.69)'; 'to' because differences have negative limits."""
    if not math.isfinite(value):
        return NOT_ESTIMABLE
    return f"{concordance(value)} ({concordance(low)} to {concordance(high)})"


def coefficient(value: float, *, short: bool = False) -> str:
    """A correlation, two decimals: '0.62', '−0.34'; ``short`` leaves the nought out, for small cells: '.62'."""
    text = concordance(value)
    return text.replace("0.", ".", 1) if short else text


def signed(value: float, decimals: int) -> str:
    """A difference with its sign: '+1.2', '−0.4', '0.0'."""
    if not math.isfinite(value):
        return NOT_ESTIMABLE
    text = f"{value:+.{decimals}f}"
    return text[1:] if float(text) == 0 else text.replace("-", MINUS)


def points_with_limits(value: float, low: float, high: float) -> str:
    """A difference of two shares (−1 to 1) in percentage points: '+7 points (−12 to +26)'."""
    if not math.isfinite(value):
        return NOT_ESTIMABLE
    tail = f" ({signed(100 * low, 0)} to {signed(100 * high, 0)})" if math.isfinite(low) and math.isfinite(high) else f" ({NO_LIMITS})"
    return f"{signed(100 * value, 0)} points{tail}"


def months_difference(value: float, low: float, high: float) -> str:
    """A difference of times: '+1.2 mo (−0.4 to +2.8)'."""
    if not math.isfinite(value):
        return NOT_ESTIMABLE
    tail = f" ({signed(low, 1)} to {signed(high, 1)})" if math.isfinite(low) and math.isfinite(high) else f" ({NO_LIMITS})"
    return f"{signed(value, 1)} mo{tail}"


def measured_range(low: float, high: float, digits: int = 4) -> str:
    """'41–80'; 'to' where a limit is negative: '−5 to 2'."""
    between = " to " if min(low, high) < 0 else EN_DASH
    return f"{number(low, digits)}{between}{number(high, digits)}"


def standardised(value: float) -> str:
    """The size of a standardised mean difference: '0.31', '∞' where groups share no value."""
    if math.isnan(value):
        return NOT_ESTIMABLE
    return INFINITE if math.isinf(value) else f"{abs(value):.2f}"


def count_of(count: int, total: int) -> str:
    """A count with its denominator and share: '24/48 (50 %)'."""
    return f"{count:,}/{total:,} ({percent(count / total, total)})" if total else f"{count:,}/0"
