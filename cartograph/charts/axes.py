"""Axes that several figures share, and the arrows where something lies beyond one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cartograph import format as fmt
from cartograph.charts import theme


def time_axis(ticks: Sequence[float], start: float, stop: float, *, title: str = "Months from infusion", dark: bool) -> dict[str, Any]:
    """Months from ``start`` to ``stop`` with a line, the title close below it."""
    quiet = theme.ink(dark=dark).quiet
    return {
        **theme.quiet_axis(dark=dark, grid=False),
        "range": [start, stop],
        "tickvals": list(ticks),
        "ticktext": [f"{t:g}" for t in ticks],
        "title": {"text": title, "font": {"size": theme.SIZE_SMALL, "color": quiet}, "standoff": 2},
        "anchor": "y",
        "showline": True,
        "linecolor": quiet,
        "linewidth": 1,
    }


def share_axis(foot: float, *, dark: bool) -> dict[str, Any]:
    """0 to 100 %, from ``foot`` (a share of the plot's height, where a table may stand below) to the top."""
    return {
        **theme.quiet_axis(dark=dark, grid=True),
        "range": [0, 1.015],
        "tickvals": [0, 0.25, 0.5, 0.75, 1],
        "ticktext": [f"{p}{fmt.THIN_SPACE}%" for p in (0, 25, 50, 75, 100)],
        "domain": [round(foot, 5), 1],
    }


def lane_axis(lanes: int, *, dark: bool) -> dict[str, Any]:
    """One lane above the other, the first at 0, without names."""
    return {**theme.quiet_axis(dark=dark, grid=False), "range": [-0.7, max(lanes, 1) - 0.3], "tickvals": [], "ticktext": []}


def arrows(left: Sequence[tuple[float, float]], right: Sequence[tuple[float, float]], *, dark: bool) -> dict[str, Any]:
    """Arrows at places (x, y) where a limit lies beyond the left or the right end of the axis."""
    found = [*((x, y, "\u25c2") for x, y in left), *((x, y, "\u25b8") for x, y in right)]
    return {
        "type": "scatter",
        "mode": "text",
        "x": [x for x, _, _ in found],
        "y": [y for _, y, _ in found],
        "text": [glyph for _, _, glyph in found],
        "textfont": {"color": theme.ink(dark=dark).all, "size": theme.SIZE_TEXT},
        "textposition": "middle center",
        "cliponaxis": False,
        "hoverinfo": "skip",
    }
