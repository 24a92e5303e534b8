"""Which measurements go together: every pair as a cell with its coefficient, and the points behind one cell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from cartograph import format as fmt
from cartograph.charts import theme
from cartograph.charts.distribution import value_ticks
from cartograph.charts.labels import shorten
from cartograph.charts.spec import Chart
from cartograph.charts.thinning import numbers
from cartograph.stats.correlation import Correlation
from cartograph.views.correlations import ALPHA, MatrixResult, PairResult, coefficient_words, p_words, q_words, symbol_of
from cartograph.views.explore import Distribution, Role

# the matrix: each measurement has its name above and its cells below, so that it reads on a phone as on a wide screen
EDGE, MATRIX_TOP, MATRIX_BOTTOM = 8, 88, 22
PITCH, NAME_AT, CELL_AT, NUMBER_AT, COUNT_AT = 50.0, 9.0, 33.0, 27.5, 41.0  # pixels below the top of a row
CELL: Final = 31.0
FEWEST_ACROSS: Final = 5  # cells that share the width, so that two measurements do not fill the screen
LETTERS, LETTERS_HOVER = 36, 120
CONSTRUCTED: Final = "\u00b0"
LEVELS: Final = (-0.8, -0.6, -0.4, -0.2, 0.0, 0.2, 0.4, 0.6, 0.8)

# one pair
LEFT, RIGHT, TOP, BOTTOM = 50, 16, 98, 44
SYMBOLS: Final[dict[Role, str]] = {"all": "circle", "low": "circle", "mixed": "diamond", "high": "triangle-up"}
SIGNS: Final[dict[Role, str]] = {"all": "\u25cf", "low": "\u25cf", "mixed": "\u25c6", "high": "\u25b2"}
LATE: Final = 0.85  # of the axis: beyond it a cutoff's number stands left of its line
MARGIN: Final = 0.03  # of an axis, beyond the outermost points


# ---------------------------------------------------------------- every pair
def matrix_chart(result: MatrixResult, *, dark: bool) -> Chart:
    """A cell for each pair: coefficient (bold where q < 0.05) on the colour of its strength, the patients with both below it."""
    colours = theme.ink(dark=dark)
    layout = theme.base_layout(dark=dark, height=matrix_height(result), left=EDGE, right=EDGE, top=MATRIX_TOP, bottom=MATRIX_BOTTOM)
    layout["barmode"] = "overlay"
    bottom = float(matrix_height(result) - MATRIX_TOP - MATRIX_BOTTOM)
    across = max(len(result.columns), FEWEST_ACROSS)
    layout["xaxis"] = {"range": [0, across], "visible": False, "fixedrange": True, "anchor": "y"}
    layout["yaxis"] = {"range": [bottom, 0], "visible": False, "fixedrange": True, "anchor": "x"}
    layout["annotations"] = [*_matrix_heading(result, dark), *_row_names(result, dark)]
    data = [*_cells(result, dark), *_cell_words(result, dark), _column_numbers(result, bottom, colours.quiet)]
    return Chart(f"correlations-{result.method}", data, layout, _matrix_alt(result), result.to_frame)


def matrix_height(result: MatrixResult) -> int:
    """Pixels that let every row be read."""
    return math.ceil(MATRIX_TOP + MATRIX_BOTTOM + max(len(result.columns), 1) * PITCH)


def _matrix_heading(result: MatrixResult, dark: bool) -> list[dict[str, Any]]:
    """Title, the scale of colours, and what the signs in the cells mean."""
    colours = theme.ink(dark=dark)
    name = "Spearman's rho" if result.method == "spearman" else "Kendall's tau-b"
    whom = theme.escape(shorten(result.whom, 24))
    built = f"; {CONSTRUCTED} linked by construction" if result.related else ""
    found = [
        theme.words(f"<b>{name}</b>, {whom}, n = {result.n:,}", x=0, y=1, yshift=76, size=theme.SIZE_TITLE - 2, colour=colours.text),
        theme.words(f"{fmt.MINUS}1", x=0, y=1, yshift=55, colour=colours.quiet),
        theme.words("1", x=0, y=1, xshift=20 + 14 * len(LEVELS), yshift=55, colour=colours.quiet),
        theme.words(f"bold: q < {ALPHA:g}{built}", x=0, y=1, yshift=36, colour=colours.quiet),
        theme.words("below each coefficient: patients with both", x=0, y=1, yshift=19, colour=colours.quiet),
    ]
    for place, level in enumerate(LEVELS):
        colour = theme.strength_colour(level, dark=dark)
        found.append(theme.words("\u25a0", x=0, y=1, xshift=17 + 14 * place, yshift=55, size=18, colour=colour))
    return found


def _row_names(result: MatrixResult, dark: bool) -> list[dict[str, Any]]:
    """'3  CRP, day 0' on the left, how many have a value on the right."""
    colours = theme.ink(dark=dark)
    found = []
    for row, (name, measured) in enumerate(zip(result.names, result.measured, strict=True)):
        y = row * PITCH + NAME_AT
        words = f"<b>{row + 1}</b>  {theme.escape(shorten(name, LETTERS))}"
        found.append(theme.words(words, x=0, y=y, yref="y", size=theme.SIZE_TEXT, colour=colours.text))
        missing = result.n - measured
        if missing:
            found.append(theme.words(f"{missing:,} missing", x=1, y=y, yref="y", xanchor="right", colour=colours.quiet))
    return found


def _cells(result: MatrixResult, dark: bool) -> list[dict[str, Any]]:
    """One trace per colour; a pair that cannot be estimated keeps the colour of the ground."""
    ground = theme.ink(dark=dark).ground
    by_colour: dict[str, list[tuple[int, int]]] = {}
    for place in result.found.places:
        found, _ = result.pair(*place)
        colour = theme.strength_colour(found.value, dark=dark) if math.isfinite(found.value) else ground
        by_colour.setdefault(colour, []).append(place)
    return [
        {
            "type": "bar",
            "orientation": "h",
            "base": [first for first, _ in places],
            "x": [1] * len(places),
            "y": [second * PITCH + CELL_AT for _, second in places],
            "width": CELL,
            "marker": {"color": colour, "line": {"width": 1, "color": ground}},
            "hovertext": [_hover(result, *place) for place in places],
            "hoverinfo": "text",
        }
        for colour, places in by_colour.items()
    ]


def _cell_words(result: MatrixResult, dark: bool) -> list[dict[str, Any]]:
    """Coefficients and counts in black or white, whichever reads better on the cell."""
    quiet = theme.ink(dark=dark).quiet
    by_colour: dict[str, list[tuple[int, int]]] = {}
    for place in result.found.places:
        found, _ = result.pair(*place)
        colour = theme.text_on(theme.strength_colour(found.value, dark=dark)) if math.isfinite(found.value) else quiet
        by_colour.setdefault(colour, []).append(place)
    traces = []
    for colour, places in by_colour.items():
        said = [_number(result, *place) for place in places]
        counts = [f"{result.pair(*place)[0].n:,}" for place in places]
        traces.append(_texts(places, said, NUMBER_AT, colour, theme.SIZE_TEXT))
        traces.append(_texts(places, counts, COUNT_AT, colour, 9))
    return traces


def _number(result: MatrixResult, first: int, second: int) -> str:
    """'.43', bold where q is small, with a mark where the two are linked by construction; a dash where it cannot be estimated."""
    found, q = result.pair(first, second)
    if not math.isfinite(found.value):
        return fmt.EN_DASH
    words = fmt.coefficient(found.value, short=True) + (CONSTRUCTED if (first, second) in result.related else "")
    return f"<b>{words}</b>" if q < ALPHA else words


def _texts(places: Sequence[tuple[int, int]], words: list[str], at: float, colour: str, size: int) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "text",
        "x": [first + 0.5 for first, _ in places],
        "y": [second * PITCH + at for _, second in places],
        "text": words,
        "textfont": {"color": colour, "size": size},
        "textposition": "middle center",
        "hoverinfo": "skip",
        "cliponaxis": False,
    }


def _column_numbers(result: MatrixResult, bottom: float, colour: str) -> dict[str, Any]:
    """The number of each row where its column begins, and below the last row once more."""
    k = len(result.columns)
    diagonal = _texts([(row, row) for row in range(k)], [f"<b>{row + 1}</b>" for row in range(k)], CELL_AT, colour, theme.SIZE_TEXT)
    if k > 2:
        diagonal["x"] += [row + 0.5 for row in range(k - 1)]
        diagonal["y"] += [bottom + 9] * (k - 1)
        diagonal["text"] += [str(row + 1) for row in range(k - 1)]
    return diagonal


def _hover(result: MatrixResult, first: int, second: int) -> str:
    found, q = result.pair(first, second)
    names = "<br>".join(f"<b>{theme.escape(shorten(result.names[i], LETTERS_HOVER))}</b>" for i in (second, first))
    counted = f"{fmt.patients(found.n)} with both, {found.n_missing:,} without"
    if not math.isfinite(found.value):
        return f"{names}<br>{fmt.NOT_ESTIMABLE}: {'; '.join(found.notes)}<br>{counted}"
    tested = p_words(found.p_value, found.notes) + (f", {q_words(q)}" if math.isfinite(q) else "")
    built = "<br>linked by construction" if (first, second) in result.related else ""
    return f"{names}<br>{result.symbol} {coefficient_words(found)}<br>{tested}<br>{counted}{built}"


def _matrix_alt(result: MatrixResult) -> str:
    said = ", ".join(shorten(name, LETTERS) for name in result.names)
    head = f"Correlations ({result.symbol}) of {said}; {result.whom}, {fmt.patients(result.n)}"
    return f"{head}. {result.sentence}"


# ---------------------------------------------------------------- one pair
def pair_chart(result: PairResult, *, dark: bool, ranks: bool = False, height: int = 430) -> Chart:
    """Every patient who has both as a point, with the view's cutoffs; ``ranks``: places in order instead of values."""
    layout = theme.base_layout(dark=dark, height=height, left=LEFT, right=RIGHT, top=TOP, bottom=BOTTOM)
    for name, place in (("xaxis", 0), ("yaxis", 1)):
        layout[name] = _rank_axis(result.found.n, dark) if ranks else value_axis(result.shapes[place], dark)
        layout[name]["anchor"] = "y" if place == 0 else "x"
    cutoffs = result.rank_cutoffs if ranks else result.cutoffs
    layout["shapes"], marks = cutoff_lines(cutoffs, result.cutoffs, layout, dark)
    layout["annotations"] = [*_pair_heading(result, ranks, dark), *marks]
    points = result.ranks if ranks else result.values
    kind = "ranks" if ranks else "values"
    name = f"correlation-{result.shapes[0].column}-{result.shapes[1].column}-{kind}"
    data = [_points(result, points, role, ranks, dark) for role in SYMBOLS if role in result.roles]
    return Chart(name, data, layout, _pair_alt(result, ranks), result.to_frame)


def value_axis(shape: Distribution, dark: bool) -> dict[str, Any]:
    """An axis that holds every value on screen, logarithmic where the measurement is; range in log10 there."""
    low, high = float(shape.edges[0]), float(shape.edges[-1])
    ends = (math.log10(low), math.log10(high)) if shape.log_scale else (low, high)
    room = (ends[1] - ends[0]) * MARGIN
    ticks = value_ticks(shape)
    return {
        **theme.quiet_axis(dark=dark, grid=True),
        "type": "log" if shape.log_scale else "linear",
        "range": numbers([ends[0] - room, ends[1] + room], 5),
        "tickvals": ticks,
        "ticktext": [fmt.number(t) for t in ticks],
    }


def _rank_axis(n: int, dark: bool) -> dict[str, Any]:
    step = next(m * 10**e for e in range(9) for m in (1, 2, 5) if n / (m * 10**e) <= 6)
    ticks = [1, *range(max(step, 2), n + 1, step)]
    room = max(n * MARGIN, 0.5)
    return {
        **theme.quiet_axis(dark=dark, grid=True),
        "range": [1 - room, n + room],
        "tickvals": ticks,
        "ticktext": [f"{t:,}" for t in ticks],
    }


def cutoff_lines(
    at: tuple[float | None, float | None], said: tuple[float | None, float | None], layout: dict[str, Any], dark: bool
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Dashed lines at the cutoffs ``at`` (upright, level) that lie on their axis, and beside them the numbers ``said``."""
    colours = theme.ink(dark=dark)
    line = {"color": colours.text, "width": 1.2, "dash": "dash"}
    shapes, words = [], []
    for value, number, axis, other in zip(at, said, ("x", "y"), ("y", "x"), strict=True):
        scale = layout[f"{axis}axis"]
        if value is None or number is None or not on_axis(value, scale):
            continue
        shapes.append({"type": "line", f"{axis}ref": axis, f"{other}ref": "paper", f"{axis}0": value, f"{axis}1": value, "line": line})
        shapes[-1] |= {f"{other}0": 0, f"{other}1": 1}
        place = math.log10(value) if scale.get("type") == "log" else value  # Plotly's annotations stand at the logarithm
        where: theme.Place = {"x": place, "xref": "x", "y": 1, "yanchor": "top", "xshift": 3, "yshift": -2}
        low, high = scale["range"]
        if place > low + LATE * (high - low):  # no room to the right of the line
            where |= {"xanchor": "right", "xshift": -3}
        if axis == "y":
            where = {"x": 1, "xanchor": "right", "y": place, "yref": "y", "yshift": 7}
        words.append(theme.words(fmt.number(number), colour=colours.text, **where))
    return shapes, words


def on_axis(value: float, axis: dict[str, Any]) -> bool:
    """True where a value lies on an axis."""
    low, high = axis["range"]
    if axis.get("type") == "log":
        return value > 0 and low <= math.log10(value) <= high
    return bool(low <= value <= high)


def _points(result: PairResult, points: Any, role: Role, ranks: bool, dark: bool) -> dict[str, Any]:
    colour = theme.ink(dark=dark).of_role(role)
    mine = [r == role for r in result.roles]
    names = [theme.escape(shorten(name, LETTERS)) for name in result.names]
    of = "rank of " if ranks else ""
    return {
        "type": "scatter",
        "mode": "markers",
        "x": numbers(points[0][mine], 4),
        "y": numbers(points[1][mine], 4),
        "opacity": 0.75 if len(mine) <= 200 else 0.5,
        "marker": {"symbol": SYMBOLS[role], "size": 7 if len(mine) <= 200 else 5, "color": colour},
        "hovertemplate": f"{of}{names[0]} %{{x}}<br>{of}{names[1]} %{{y}}<extra></extra>",
    }


def _pair_heading(result: PairResult, ranks: bool, dark: bool) -> list[dict[str, Any]]:
    colours = theme.ink(dark=dark)
    x, y = (axis_name(name, "" if ranks else shape.unit, ranks) for name, shape in zip(result.names, result.shapes, strict=True))
    whom = theme.escape(shorten(result.whom, 22))
    size = _coefficient(result.found, result.q_value, symbol_of(result.method))
    counted = f"{fmt.patients(result.found.n)} with both, {result.found.n_missing:,} without"
    found = [
        theme.words(f"<b>{theme.escape(pair_title(result.names))}</b>", size=theme.SIZE_TEXT + 1, colour=colours.text, **above(84)),
        theme.words(f"{whom}: {size}", colour=colours.text, **above(65)),
        theme.words(counted, colour=colours.quiet, **above(48)),
        theme.words(f"\u2191 {y}", colour=colours.quiet, **above(14)),
        theme.words(f"{x} \u2192", x=1, y=0, xanchor="right", yshift=-31, colour=colours.quiet),
    ]
    across = EDGE - LEFT
    for rule in result.rules:
        words = f"{SIGNS[rule.role]} {rule.short} ({sum(r == rule.role for r in result.roles):,})"
        found.append(theme.words(theme.escape(words), x=0, y=1, xshift=across, yshift=31, colour=colours.of_role(rule.role)))
        across += 14 + round(6.4 * len(words))
    return found


def above(pixels: float) -> theme.Place:
    """A line of the heading, that many pixels above the plot, at the figure's edge."""
    return {"x": 0, "y": 1, "xshift": EDGE - LEFT, "yshift": pixels}


def pair_title(names: tuple[str, str]) -> str:
    """Both names in what a phone shows of a line."""
    return f"{shorten(names[0], 21)} and {shorten(names[1], 21)}"


def axis_name(name: str, unit: str, ranks: bool) -> str:
    """'Ferritin, day 0 (µg/L)', escaped."""
    words = f"rank of {shorten(name, 30)}" if ranks else shorten(name, 30) + (f" ({unit})" if unit else "")
    return theme.escape(words)


def _coefficient(found: Correlation, q: float, symbol: str) -> str:
    if not math.isfinite(found.value):
        return f"{symbol} {fmt.NOT_ESTIMABLE}: {'; '.join(found.notes)}"
    return f"{symbol} {coefficient_words(found)}, {q_words(q)}"


def _pair_alt(result: PairResult, ranks: bool) -> str:
    kind = "Ranks" if ranks else "Values"
    names = " and ".join(shorten(n, LETTERS_HOVER) for n in result.names)
    counted = f"{fmt.patients(result.found.n)} with both"
    said = _coefficient(result.found, result.q_value, symbol_of(result.method))
    rules = "; ".join(rule.label for rule in result.rules)
    return f"{kind} of {names}, {result.whom}: {said}, {counted}." + (f" Groups: {rules}." if rules else "")
