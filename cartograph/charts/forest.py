"""A forest of ratios: each line has its words above and its dot with limits below, so that it reads on a phone as on a wide screen."""

from __future__ import annotations

import math
from typing import Any, Final

from cartograph import format as fmt
from cartograph.charts import theme
from cartograph.charts.axes import arrows
from cartograph.charts.labels import shorten
from cartograph.charts.spec import NOTHING, Chart
from cartograph.charts.thinning import numbers
from cartograph.views.forest import Forest, Measure, Row

LEFT, RIGHT, TOP, BOTTOM = 10, 10, 56, 56
PITCH: Final = 36.0  # pixels of a line
HEADING: Final = 22.0
UPPER, LOWER = 11.0, 26.0  # centres of words and of the dot, pixels below the top of a line
ONE: Final = (18.0, 34.0)  # where the line of no difference begins and ends, pixels below the top of a line
DOTS: Final = 0.46  # share of the width for dots and limits
WORDS: Final = 0.49  # where the numbers begin
ENDS: Final[dict[Measure, tuple[float, float]]] = {"HR": (0.1, 10.0), "OR": (0.03, 30.0)}
TICKS: Final[dict[Measure, tuple[float, ...]]] = {"HR": (0.1, 0.3, 1.0, 3.0, 10.0), "OR": (0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)}
LONGEST: Final = 44  # letters of a line's words
LONGEST_NAME: Final = 30
LONGEST_REASON: Final = 30  # letters beside a ratio
LONGEST_ALONE: Final = 38  # letters instead of a ratio
SHORT_REASONS: Final = {
    "fewer than 10 patients": "under 10 patients",
    "fewer than 10 patients in a group": "under 10 in a group",
    "no events in the low group while the high group is at risk": "no events in low while high is at risk",
    "no events in the high group while the low group is at risk": "no events in high while low is at risk",
    "the marker does not differ between patients who are at risk at the same time": "never at risk together",
}
DIAMOND: Final = 7.0  # pixels, half of its height


def forest_chart(of: Forest, *, dark: bool, height: int = 0) -> Chart:
    """Dots with 95 % limits on a log axis; "overall" as a diamond as wide as its limits. Limits beyond the axis end in an arrow.

    ``height``: pixels, 0 = as many as the lines need.
    """
    tops = _tops(of)
    height = height or forest_height(of)
    layout = _layout(of, tops, dark, height)
    drawn = [(row, top + LOWER) for row, top in zip(of.rows, tops, strict=True) if row.inside and row.kind != "heading"]
    known = [(row, y) for row, y in drawn if math.isfinite(row.value)]
    data = [_limits(of, known, dark), _dots(of, known, dark), _arrows(of, known, dark)]
    data += [_diamond(of, row, y, dark) for row, y in known if row.kind == "overall"]
    layout["annotations"] = [
        *_headings(of, dark),
        *(a for row, top in zip(of.rows, tops, strict=True) for a in _words_of(of, row, top, dark)),
    ]
    return Chart(f"forest-{of.key}", data, layout, _alt(of), of.to_frame)


def forest_height(of: Forest) -> int:
    """Pixels that let every line be read."""
    return math.ceil(TOP + BOTTOM + max(sum(_size(row) for row in of.rows), PITCH))


def _size(row: Row) -> float:
    return HEADING if row.kind == "heading" else PITCH


def _tops(of: Forest) -> list[float]:
    """Upper end of each line, in pixels from the top of the plot."""
    found, y = [], 0.0
    for row in of.rows:
        found.append(y)
        y += _size(row)
    return found


def _layout(of: Forest, tops: list[float], dark: bool, height: int) -> dict[str, Any]:
    colours = theme.ink(dark=dark)
    layout = theme.base_layout(dark=dark, height=height, left=LEFT, right=RIGHT, top=TOP, bottom=BOTTOM)
    low, high = ENDS[of.measure]
    said = f"{of.ratio}, log scale"
    layout["xaxis"] = {
        **theme.quiet_axis(dark=dark, grid=False),
        "type": "log",
        "domain": [0, DOTS],
        "range": [math.log10(low), math.log10(high)],
        "tickvals": list(TICKS[of.measure]),
        "ticktext": [fmt.number(t) for t in TICKS[of.measure]],
        "title": {"text": said, "font": {"size": theme.SIZE_SMALL, "color": colours.quiet}, "standoff": 2},
        "anchor": "y",
    }
    inner = float(height - TOP - BOTTOM)
    layout["yaxis"] = {"range": [inner, 0], "visible": False, "fixedrange": True, "anchor": "x"}
    upright = {"type": "line", "xref": "x", "yref": "y", "x0": 1, "x1": 1, "line": {"color": colours.quiet, "width": 1}}
    one = [{**upright, "y0": y + ONE[0], "y1": y + ONE[1]} for row, y in zip(of.rows, tops, strict=True) if row.kind != "heading"]
    between = [
        {"type": "line", "xref": "paper", "yref": "y", "x0": 0, "x1": 1, "y0": y, "y1": y, "line": {"color": colours.grid, "width": 1}}
        for y in tops[1:]
    ]
    layout["shapes"] = [*between, *_overall_lines(of, tops, dark), *one]
    return layout


def _overall_lines(of: Forest, tops: list[float], dark: bool) -> list[dict[str, Any]]:
    """The ratio of all patients, dotted beside the dot of each line, so that every subgroup is read against it."""
    value = next((row.value for row in of.rows if row.kind == "overall"), math.nan)
    if not math.isfinite(value):
        return []
    colour = theme.ink(dark=dark).high
    upright = {"type": "line", "xref": "x", "yref": "y", "x0": _clamped(of, value), "x1": _clamped(of, value)}
    drawn = [y for row, y in zip(of.rows, tops, strict=True) if row.kind == "row" and math.isfinite(row.value)]
    return [{**upright, "y0": y + ONE[0], "y1": y + ONE[1], "line": {"color": colour, "width": 1, "dash": "dot"}} for y in drawn]


def _headings(of: Forest, dark: bool) -> list[dict[str, Any]]:
    colours = theme.ink(dark=dark)
    size = f"\u2003n = {of.n:,}, {fmt.events(of.events)}" if of.n else ""
    found = [
        theme.words(f"<b>{theme.escape(of.title)}</b>{size}", x=0, y=1, yshift=40, size=theme.SIZE_TITLE - 2, colour=colours.text),
        theme.words(theme.escape(shorten(of.subtitle, 58)), x=0, y=1, yshift=20, colour=colours.quiet),
    ]
    below = zip((-16, -30), _legend(of), strict=False)
    return found + [theme.words(theme.escape(said), x=WORDS, y=0, yshift=down, colour=colours.quiet) for down, said in below]


def _legend(of: Forest) -> list[str]:
    """What the signs and the p of the lines mean, a line each; nothing that no line shows."""
    firth = any(row.firth for row in of.rows)
    signs = ["\u25c2 \u25b8: beyond the axis"] if _is_cut(of) else []
    signs += ["F: Firth's method"] if firth else []
    tested = {row.firth for row in of.rows if row.inside and math.isfinite(row.p_value)} if of.limits else set()
    tests = [of.test] if of.test and False in tested else []
    tests += ["F likelihood ratio" if tests else "likelihood ratio"] if of.test and True in tested else []
    return [line for line in ("; ".join(signs), f"p: {', '.join(tests)}" if tests else "") if line]


def _words_of(of: Forest, row: Row, top: float, dark: bool) -> list[dict[str, Any]]:
    """Variable and comparison, patients and events, ratio and p of one line."""
    colours = theme.ink(dark=dark)
    colour = colours.text if row.inside else colours.quiet
    if row.kind == "heading":
        name = theme.words(f"<b>{theme.escape(shorten(row.label, LONGEST_NAME))}</b>", x=0, y=top + 12, yref="y", colour=colours.text)
        return [name, theme.words(theme.escape(row.note), x=1, y=top + 12, yref="y", xanchor="right", colour=colours.quiet)]
    found = [theme.words(_name(row), y=top + UPPER, colour=colour, x=0, yref="y")]
    if row.inside:
        counts = f"n {row.n:,}, {row.events:,} ev." if row.n else ""
        found.append(theme.words(counts, x=1, y=top + UPPER, yref="y", xanchor="right", colour=colours.quiet))
        found.append(theme.words(theme.escape(_numbers(of, row)), x=WORDS, y=top + LOWER, yref="y", colour=colour))
    else:
        found.append(theme.words("not in the model", x=WORDS, y=top + LOWER, yref="y", colour=colours.quiet))
    return found


def _name(row: Row) -> str:
    """'<b>R-ISS</b> III against I', shortened to what fits a phone."""
    if not row.label:
        return theme.escape(shorten(row.compared, LONGEST))
    name = shorten(row.label, max(LONGEST_NAME, LONGEST - len(row.compared) - 1) if len(row.compared) < 14 else 24)
    return f"<b>{theme.escape(name)}</b> {theme.escape(shorten(row.compared, max(LONGEST - len(name) - 1, 8)))}"


def _numbers(of: Forest, row: Row) -> str:
    longest = LONGEST_REASON if math.isfinite(row.value) else LONGEST_ALONE
    reason = shorten(SHORT_REASONS.get(row.reason, row.reason.partition(":")[0]), longest)
    if not math.isfinite(row.value):
        return reason or fmt.NOT_ESTIMABLE
    if not of.limits:
        return f"{fmt.ratio(row.value)}" + (f", {reason}" if reason else "")
    ratio = fmt.ratio_with_limits(row.value, row.ci_low, row.ci_high) + (" F" if row.firth else "")
    if math.isfinite(row.p_value):
        return f"{ratio}, {fmt.p_equals(row.p_value)}"
    return f"{ratio}, {reason}" if reason else ratio


def _is_cut(of: Forest) -> bool:
    low, high = ENDS[of.measure]
    return any(row.inside and (row.value < low or row.value > high or row.ci_low < low or row.ci_high > high) for row in of.rows)


def _clamped(of: Forest, value: float) -> float:
    low, high = ENDS[of.measure]
    return min(max(value, low), high)


def _limits(of: Forest, known: list[tuple[Row, float]], dark: bool) -> dict[str, Any]:
    """All limits as one line with gaps."""
    x: list[float | None] = []
    y: list[float | None] = []
    for row, place in known:
        if row.kind == "row" and not math.isnan(row.ci_low) and not math.isnan(row.ci_high):
            x += [round(_clamped(of, row.ci_low), 4), round(_clamped(of, row.ci_high), 4), None]
            y += [place, place, None]
    line = {"shape": "linear", "color": theme.ink(dark=dark).all, "width": 1.5, "dash": "solid"}
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": line, "hoverinfo": "skip"}


def _dots(of: Forest, known: list[tuple[Row, float]], dark: bool) -> dict[str, Any]:
    low, high = ENDS[of.measure]
    shown = [(row, y) for row, y in known if low <= row.value <= high and row.kind == "row"]
    colour = theme.ink(dark=dark).high
    return {
        "type": "scatter",
        "mode": "markers",
        "x": numbers([row.value for row, _ in shown], 4),
        "y": [y for _, y in shown],
        "marker": {
            "symbol": "circle" if of.measure == "HR" else "diamond",
            "size": 8,
            "color": colour,
            "line": {"width": 0, "color": colour},
        },
        "hovertext": [_hover(of, row) for row, _ in shown],
        "hoverinfo": "text",
    }


def _hover(of: Forest, row: Row) -> str:
    head = f"<b>{theme.escape(shorten(row.label, 120))}</b> {theme.escape(shorten(row.compared, 120))}".strip()
    more = f"<br>{theme.escape(row.reason)}" if row.reason else ""
    return f"{head}<br>{of.measure} {theme.escape(_numbers(of, row))}<br>{fmt.events(row.events)} of {fmt.patients(row.n)}{more}"


def _arrows(of: Forest, known: list[tuple[Row, float]], dark: bool) -> dict[str, Any]:
    """Arrows where a ratio or a limit lies beyond the axis."""
    low, high = ENDS[of.measure]
    left = [(low, y) for row, y in known if min(row.value, row.ci_low) < low]
    right = [(high, y) for row, y in known if max(row.value, row.ci_high) > high]
    return arrows(left, right, dark=dark)


def _diamond(of: Forest, row: Row, y: float, dark: bool) -> dict[str, Any]:
    """As wide as the limits."""
    ends = [row.ci_low if math.isfinite(row.ci_low) else row.value, row.ci_high if math.isfinite(row.ci_high) else row.value]
    low, high = (_clamped(of, end) for end in ends)
    middle, colour = _clamped(of, row.value), theme.ink(dark=dark).high
    return {
        "type": "scatter",
        "mode": "lines",
        "x": numbers([low, middle, high, middle, low], 4),
        "y": [y, y - DIAMOND, y, y + DIAMOND, y],
        "fill": "toself",
        "fillcolor": colour,
        "line": {"shape": "linear", "color": colour, "width": 1},
        "hoverinfo": "skip",
    }


def _alt(of: Forest) -> str:
    said = [f"{row.label} {row.compared}".strip() + f" {_numbers(of, row)}" for row in of.rows if row.inside and row.kind != "heading"]
    more = f"; and {len(said) - 12} more" if len(said) > 12 else ""
    return f"{of.title}, {of.subtitle}: {of.ratio} with limits. {('; '.join(said[:12]) or NOTHING) + more}."
