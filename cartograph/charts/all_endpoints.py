"""One cutoff on all endpoints: a strip with a row per endpoint and a column per product; hazard ratios above, odds ratios below."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from cartograph import format as fmt
from cartograph.charts import theme
from cartograph.charts.labels import shorten
from cartograph.charts.spec import Chart
from cartograph.charts.thinning import numbers
from cartograph.views.all_endpoints import AllEndpoints, EndpointCell, EndpointColumn, EndpointRow, Measure

LEFT, RIGHT, TOP, BOTTOM = 12, 8, 98, 110
HEAD = 84  # pixels of the title above the first block
AXIS = 62  # pixels between the blocks: tick labels and title of one axis, heading of the next block
ROW = 58.0  # pixels of a row
NAME, RATIO, P, COUNTS = 0.16, 0.40, 0.63, 0.85  # centres of the lines of a row, as a share of it
CENTRE, ONE = 0.51, (0.29, 0.74)  # of the dot; where the line of no difference begins and ends
DOTS = 0.47  # share of a column's width for dots and limits; words take the rest
RANGES: Final[dict[Measure, tuple[float, float]]] = {"HR": (0.1, 10.0), "OR": (0.03, 30.0)}
TICKS: Final[dict[Measure, tuple[float, ...]]] = {"HR": (0.1, 0.3, 1.0, 3.0, 10.0), "OR": (0.1, 1.0, 10.0)}
SYMBOLS: Final[dict[Measure, str]] = {"HR": "circle", "OR": "diamond"}
AXIS_TITLES: Final[dict[Measure, str]] = {"HR": "hazard ratio, log scale", "OR": "odds ratio, log scale"}
BLOCK_WORDS: Final[dict[Measure, str]] = {
    "HR": "Hazard ratio (HR): above 1, events come earlier with high",
    "OR": "Odds ratio (OR): above 1, more often with high",
}
UNADJUSTED, SIDE_BY_SIDE = "Unadjusted.", "Products side by side: unadjusted, not randomised."
SHORT_REASONS = {"fewer than 10 patients in a group": "under 10 in a group", "every patient has the same outcome": "same outcome in all"}


@dataclass(frozen=True, slots=True)
class Block:
    """The rows of one measure and the place of its axes: ``number`` 0 is the upper one."""

    measure: Measure
    rows: tuple[EndpointRow, ...]
    number: int

    @property
    def y(self) -> str:
        """Reference of the vertical axis."""
        return "y" if self.number == 0 else "y2"

    def x(self, column: int) -> str:
        """Reference of the horizontal axis of a column."""
        position = 2 * column + self.number + 1
        return "x" if position == 1 else f"x{position}"


def all_endpoints_chart(
    result: AllEndpoints, *, dark: bool, columns: Sequence[str] | None = None, height: int | None = None, name: str = "all-endpoints"
) -> Chart:
    """Dots with 95 % limits, circles for hazard ratios and diamonds for odds ratios, each block with its own log axis.

    ``columns``: keys of the columns to draw (a phone shows one), all of them by default. Limits that go on beyond the axis run to its edge
    without an end mark; hover and ``Chart.table()`` hold them. ``height``: pixels, by default ``all_endpoints_height``. ValueError for an
    unknown column.
    """
    shown = _shown(result, columns)
    blocks = _blocks(result)
    layout = _layout(result, blocks, len(shown), dark, height or all_endpoints_height(result))
    layout["annotations"] = _headings(result, shown, dark)
    data: list[dict[str, Any]] = []
    for block in blocks:
        layout["shapes"] += _lines(block, len(shown), dark)
        layout["annotations"] += _block_words(block, dark)
        for place, column in enumerate(shown):
            cells = [_cell(row, column) for row in block.rows]
            data += _traces(block, cells, place, result, dark)
            layout["annotations"] += _cell_words(block, cells, place, len(shown), dark)
    return Chart(name, data, layout, _alt(result, shown), lambda: all_endpoints_table(result))


def all_endpoints_height(result: AllEndpoints) -> int:
    """Pixels that let every line be read."""
    blocks = _blocks(result)
    return math.ceil(TOP + BOTTOM + ROW * len(result.rows) + AXIS * max(len(blocks) - 1, 0))


def all_endpoints_table(result: AllEndpoints) -> pd.DataFrame:
    """One row per endpoint and column: counts, ratio with limits, p, q, test, why p is not given; interaction p and q of the endpoint."""
    titles = {column.key: column.title for column in result.columns}
    return pd.DataFrame([_table_row(row, cell, titles[cell.column]) for row in result.rows for cell in row.cells])


def _table_row(row: EndpointRow, cell: EndpointCell, title: str) -> dict[str, Any]:
    names = ("n_high", "events_high", "n_low", "events_low", "n_mixed", "n_missing")
    found: dict[str, Any] = {"endpoint": row.label, "counts": row.words, "column": title, "measure": f"{row.measure} high vs low"}
    found |= {name: getattr(cell, name) for name in names}
    found |= {"value": cell.estimate.value, "ci_low": cell.estimate.ci_low, "ci_high": cell.estimate.ci_high}
    found |= {"method": cell.estimate.method, "p_value": cell.p_value, "q_value": cell.q_value, "test": cell.test, "reason": cell.reason}
    interaction = row.interaction
    found |= {"interaction_p": interaction.p_value if interaction else math.nan, "interaction_q": row.interaction_q}
    return found | {"interaction_reason": interaction.reason if interaction else ""}


def _shown(result: AllEndpoints, columns: Sequence[str] | None) -> list[EndpointColumn]:
    known = {column.key: column for column in result.columns}
    if columns is None:
        return list(result.columns)
    unknown = [key for key in columns if key not in known]
    if unknown or not columns:
        raise ValueError(f"columns must be some of {', '.join(map(repr, known))}; got {list(columns)}")
    return [known[key] for key in columns]


def _blocks(result: AllEndpoints) -> list[Block]:
    """Hazard ratios first; a measure without rows has no block."""
    measures: tuple[Measure, ...] = ("HR", "OR")
    rows = [(measure, tuple(row for row in result.rows if row.measure == measure)) for measure in measures]
    return [Block(measure, found, k) for k, (measure, found) in enumerate((m, f) for m, f in rows if f)]


def _cell(row: EndpointRow, column: EndpointColumn) -> EndpointCell:
    return next(cell for cell in row.cells if cell.column == column.key)


def _layout(result: AllEndpoints, blocks: Sequence[Block], columns: int, dark: bool, height: int) -> dict[str, Any]:
    layout = theme.base_layout(dark=dark, height=height, left=LEFT, right=RIGHT, top=TOP, bottom=BOTTOM)
    inner = height - TOP - BOTTOM
    per_row = (inner - AXIS * max(len(blocks) - 1, 0)) / max(len(result.rows), 1)
    top = 1.0
    for block in blocks:
        bottom = top - per_row * len(block.rows) / inner
        layout[_axis(block.y)] = {
            "domain": [round(max(bottom, 0.0), 5), round(top, 5)],
            "range": [len(block.rows), 0],
            "visible": False,
            "fixedrange": True,
            "anchor": block.x(0),
        }
        for k in range(columns):
            layout[_axis(block.x(k))] = _ratio_axis(block, k, columns, dark)
        top = bottom - AXIS / inner
    if not blocks:
        layout["xaxis"], layout["yaxis"] = {"visible": False, "range": [0, 1]}, {"visible": False, "range": [0, 1]}
    return layout


def _axis(ref: str) -> str:
    return f"{ref[0]}axis{ref[1:]}"


def _ratio_axis(block: Block, column: int, columns: int, dark: bool) -> dict[str, Any]:
    colours = theme.ink(dark=dark)
    ticks = TICKS[block.measure]
    return {
        **theme.quiet_axis(dark=dark, grid=False),
        "type": "log",
        "range": numbers(np.log10(RANGES[block.measure]), 5),
        "domain": [round(column / columns, 5), round((column + DOTS) / columns, 5)],
        "anchor": block.y,
        "tickvals": list(ticks),
        "ticktext": [f"{t:g}" for t in ticks],
        "title": {"text": AXIS_TITLES[block.measure], "font": {"size": theme.SIZE_SMALL, "color": colours.quiet}, "standoff": 2},
        "showline": True,
        "linecolor": colours.quiet,
        "linewidth": 1,
    }


def _lines(block: Block, columns: int, dark: bool) -> list[dict[str, Any]]:
    """No difference (1) in every column, and a thin line above every row."""
    colours = theme.ink(dark=dark)
    one = {"type": "line", "yref": block.y, "x0": 1, "x1": 1, "layer": "below", "line": {"color": colours.quiet, "width": 1}}
    across = {
        "type": "line",
        "xref": "paper",
        "yref": block.y,
        "x0": 0,
        "x1": 1,
        "layer": "below",
        "line": {"color": colours.grid, "width": 1},
    }
    found = [{**across, "y0": k, "y1": k} for k in range(len(block.rows))]
    found += [{**one, "xref": block.x(c), "y0": k + ONE[0], "y1": k + ONE[1]} for c in range(columns) for k in range(len(block.rows))]
    return found


def _headings(result: AllEndpoints, shown: Sequence[EndpointColumn], dark: bool) -> list[dict[str, Any]]:
    colours = theme.ink(dark=dark)
    lines = [("<b>One cutoff, all endpoints</b>", HEAD, theme.SIZE_TITLE, colours.text)]
    lines.append((f"High: {theme.escape(shorten(result.high.removeprefix('High: '), 50))}", HEAD - 19, theme.SIZE_SMALL, colours.quiet))
    found = [theme.words(words, x=0, y=1, xshift=8 - LEFT, yshift=up, size=size, colour=colour) for words, up, size, colour in lines]
    for k, column in enumerate(shown):
        title = f"<b>{theme.escape(shorten(column.title, 20))}</b>\u2003n = {column.n:,}"
        found.append(theme.words(title, x=round(k / len(shown), 5), y=1, yshift=HEAD - 42, size=theme.SIZE_TEXT, colour=colours.text))
    below = [
        "Counts: events of patients, high vs low.",
        "No end mark: the limits go on beyond the axis.",
        "p: Wald or, for Firth, likelihood ratio with HR; Fisher with OR.",
        f"q: p adjusted over all {result.n_tests:,} tests here (Benjamini-Hochberg).",
        SIDE_BY_SIDE if len(shown) > 1 else UNADJUSTED,
    ]
    for k, words in enumerate(below):
        found.append(theme.words(words, x=0, y=0, xshift=8 - LEFT, yshift=-44 - 14 * k, colour=colours.quiet))
    if not result.rows:
        found.append(theme.words("No endpoint in this cohort", x=0.5, y=0.5, xanchor="center", colour=colours.quiet))
    return found


def _block_words(block: Block, dark: bool) -> list[dict[str, Any]]:
    """The heading of a block, and the names of its rows with the interaction of product and marker."""
    colours = theme.ink(dark=dark)
    found = [theme.words(BLOCK_WORDS[block.measure], x=0, y=0, yref=block.y, xshift=8 - LEFT, yshift=11, colour=colours.quiet)]
    for k, row in enumerate(block.rows):
        words = f"<b>{theme.escape(shorten(row.label, 22))}</b>{_interaction_words(row)}"
        found.append(theme.words(words, x=0, y=k + NAME, yref=block.y, xshift=8 - LEFT, colour=colours.text))
    return found


def _interaction_words(row: EndpointRow) -> str:
    """' interaction p = 0.024, q = 0.043', or why it is not given."""
    if row.interaction is None:
        return ""
    if math.isnan(row.interaction.p_value):
        return f"\u2003interaction: no p, {_short(row.interaction.reason.partition(' (')[0])}"
    return f"\u2003interaction {_p_and_q(row.interaction.p_value, row.interaction_q)}"


def _p_and_q(p: float, q: float) -> str:
    """'p = 0.012, q = 0.031'."""
    return f"{fmt.p_equals(p)}, {fmt.p_equals(q).replace('p', 'q', 1)}"


def _short(reason: str) -> str:
    return theme.escape(shorten(SHORT_REASONS.get(reason, reason), 24))


def _p_words(cell: EndpointCell) -> str:
    if math.isnan(cell.p_value):
        return f"no p: {_short(cell.reason)}"
    return _p_and_q(cell.p_value, cell.q_value)


def _ratio_words(cell: EndpointCell) -> str:
    estimate = cell.estimate
    return fmt.odds_with_limits(estimate.value, estimate.ci_low, estimate.ci_high)


def _counts_words(cell: EndpointCell) -> str:
    """'12/23 vs 9/29, 3 missing'."""
    missing = f", {cell.n_missing:,} missing" if cell.n_missing else ""
    return f"{cell.events_high:,}/{cell.n_high:,} vs {cell.events_low:,}/{cell.n_low:,}{missing}"


def _cell_words(block: Block, cells: Sequence[EndpointCell], column: int, columns: int, dark: bool) -> list[dict[str, Any]]:
    """Ratio with limits and p with q beside the dot, counts under them."""
    colours = theme.ink(dark=dark)
    left, right = round(column / columns, 5), round((column + DOTS) / columns, 5)
    found = []
    for k, cell in enumerate(cells):
        ratio = f"{block.measure} {_ratio_words(cell)}" + (" Firth" if cell.estimate.method.startswith("Firth") else "")
        found.append(theme.words(ratio, x=right, y=k + RATIO, yref=block.y, xshift=8, colour=colours.text))
        found.append(theme.words(_p_words(cell), x=right, y=k + P, yref=block.y, xshift=8, colour=colours.quiet))
        found.append(theme.words(_counts_words(cell), x=left, y=k + COUNTS, yref=block.y, colour=colours.quiet))
    return found


def _traces(block: Block, cells: Sequence[EndpointCell], column: int, result: AllEndpoints, dark: bool) -> list[dict[str, Any]]:
    """Limits, their end marks, dots, and invisible points that carry the words of each row."""
    low, high = RANGES[block.measure]
    colour = theme.ink(dark=dark).text
    axes = {"xaxis": block.x(column), "yaxis": block.y, "type": "scatter"}
    y = np.arange(len(cells)) + CENTRE
    value, below, above = (np.array([getattr(cell.estimate, name) for cell in cells]) for name in ("value", "ci_low", "ci_high"))
    gap = np.full(len(cells), np.nan)
    known = np.isfinite(below) & ~np.isnan(above) & ~np.isnan(value)
    ends = np.column_stack([np.where(known, np.clip(below, low, high), np.nan), np.where(known, np.clip(above, low, high), np.nan), gap])
    dots = np.where((value >= low) & (value <= high), value, np.nan)
    marks = np.r_[np.where(known & (below >= low), below, np.nan), np.where(known & (above <= high), above, np.nan)]
    hover = {"hovertext": _hover_texts(block, cells, result), "hoverinfo": "text"}
    near = np.clip(np.nan_to_num(value, nan=1.0, posinf=high), low, high)
    quiet = {"hoverinfo": "skip"}
    return [
        {**axes, **quiet, "mode": "lines", "x": numbers(ends.ravel(), 5), "y": numbers(np.column_stack([y, y, gap]).ravel(), 3)}
        | {"line": {"color": colour, "width": 1.6}},
        {**axes, **quiet, "mode": "markers", "x": numbers(marks, 5), "y": numbers(np.r_[y, y], 3), "marker": _marker("line-ns", 7, colour)},
        {
            **axes,
            **quiet,
            "mode": "markers",
            "x": numbers(dots, 5),
            "y": numbers(y, 3),
            "marker": _marker(SYMBOLS[block.measure], 9, colour),
        },
        {
            **axes,
            **hover,
            "mode": "markers",
            "x": numbers(near, 5),
            "y": numbers(y, 3),
            "marker": {"opacity": 0, "size": 9, "color": colour},
        },
    ]


def _marker(symbol: str, size: int, colour: str) -> dict[str, Any]:
    return {"symbol": symbol, "size": size, "color": colour, "line": {"width": 1.6 if symbol == "line-ns" else 0, "color": colour}}


def _hover_texts(block: Block, cells: Sequence[EndpointCell], result: AllEndpoints) -> list[str]:
    titles = {column.key: column.title for column in result.columns}
    return [_hover(row, cell, titles[cell.column]) for row, cell in zip(block.rows, cells, strict=True)]


def _hover(row: EndpointRow, cell: EndpointCell, title: str) -> str:
    lines = [
        f"<b>{theme.escape(row.label)}, {theme.escape(title)}</b>",
        theme.escape(row.words),
        f"high: {cell.events_high:,} of {fmt.patients(cell.n_high)}",
        f"low: {cell.events_low:,} of {fmt.patients(cell.n_low)}",
        f"{row.measure} high vs low {_ratio_words(cell)}",
        theme.escape(f"no p: {cell.reason}" if math.isnan(cell.p_value) else f"{_p_and_q(cell.p_value, cell.q_value)} ({cell.test})"),
    ]
    if cell.n_mixed:
        lines.append(f"{fmt.patients(cell.n_mixed)} with one marker high left out")
    return "<br>".join([*lines, f"{fmt.patients(cell.n_missing)} without the endpoint or a marker"])


def _alt(result: AllEndpoints, shown: Sequence[EndpointColumn]) -> str:
    said = [
        f"{row.label}, {column.title}: {row.measure} {_ratio_words(cell)}, {_p_words(cell)}"
        for row in result.rows
        for column in shown
        for cell in [_cell(row, column)]
    ]
    return f"High against low on every endpoint; high: {result.high}. {'; '.join(said)}."
