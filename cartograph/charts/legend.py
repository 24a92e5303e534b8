"""A compact key above a figure, made of annotations, so that it is part of the figure in every download."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cartograph.charts import theme

ROW = 15.0  # pixels
WIDTH = 342  # pixels: fits a phone
GLYPH, GAP = 13.0, 11.0  # pixels of the symbol and between two entries
PER_LETTER = 5.9


@dataclass(frozen=True, slots=True)
class Entry:
    """One symbol with its meaning."""

    glyph: str
    colour: str
    words: str


def legend_rows(entries: Sequence[Entry]) -> int:
    """Rows that the key needs."""
    return _positions(entries)[-1][1] + 1 if entries else 0


def legend(entries: Sequence[Entry], *, left: float, above: float, dark: bool) -> list[dict[str, Any]]:
    """Annotations of the key: first row ``above`` pixels over the plot, starting ``left`` pixels beside it (negative = in the margin)."""
    found: list[dict[str, Any]] = []
    for entry, (x, row) in zip(entries, _positions(entries), strict=True):
        up, at = above - row * ROW, left + x
        found.append(theme.words(entry.glyph, x=0, y=1, xshift=at, yshift=up, size=13, colour=entry.colour))
        found.append(theme.words(entry.words, x=0, y=1, xshift=at + GLYPH, yshift=up, colour=theme.ink(dark=dark).quiet))
    return found


def _positions(entries: Sequence[Entry]) -> list[tuple[float, int]]:
    """(pixels from the left, row) of each entry."""
    found: list[tuple[float, int]] = []
    x, row = 0.0, 0
    for entry in entries:
        width = GLYPH + PER_LETTER * len(entry.words)
        if x and x + width > WIDTH:
            x, row = 0.0, row + 1
        found.append((x, row))
        x += width + GAP
    return found
