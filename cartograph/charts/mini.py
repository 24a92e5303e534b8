"""The little histograms of the filter panel: before in grey, after in colour, as a small picture made of numbers only."""

from __future__ import annotations

import base64

import numpy as np

from cartograph.charts import theme
from cartograph.stats.results import Floats

BINS = 24
WIDTH, HEIGHT = 240, 34
SKEWED = 10.0  # largest over median: then a log axis shows more


def mini_histogram(before: Floats, after: Floats, *, dark: bool) -> str:
    """Two overlaid histograms on the same bins, as an HTML image that holds its own SVG.

    ``before``, ``after``: finite values; no text from a file enters.
    """
    if len(before) == 0:
        return ""
    low, middle, high = float(before.min()), float(np.median(before)), float(before.max())
    log = low > 0 and high / middle > SKEWED
    edges = np.geomspace(low, high, BINS + 1) if log else np.linspace(low, high, BINS + 1)
    if low == high:
        edges = np.linspace(low - 0.5, high + 0.5, BINS + 1)
    edges[0], edges[-1] = min(edges[0], low), max(edges[-1], high)
    grey, colour = theme.mini_colours(dark=dark)
    tallest = max(int(np.histogram(before, edges)[0].max()), 1)
    bars = "".join(_bars(np.histogram(v, edges)[0], tallest, c) for v, c in ((before, grey), (after, colour)))
    label = f"Histogram: {len(after)} of {len(before)} patients stay"
    size = f"viewBox='0 0 {WIDTH} {HEIGHT}' width='{WIDTH}' height='{HEIGHT}' preserveAspectRatio='none'"
    picture = base64.b64encode(f"<svg xmlns='http://www.w3.org/2000/svg' {size}>{bars}</svg>".encode()).decode()
    return f"<img alt='{label}' src='data:image/svg+xml;base64,{picture}' style='width:100%;height:{HEIGHT}px;display:block'>"


def _bars(counts: np.ndarray[tuple[int], np.dtype[np.int64]], tallest: int, colour: str) -> str:
    width = WIDTH / BINS
    tops = HEIGHT * counts / tallest
    path = "".join(f"M{i * width + 0.5:.1f} {HEIGHT}v{-t:.1f}h{width - 1:.1f}v{t:.1f}z" for i, t in enumerate(tops) if t > 0)
    return f"<path d='{path}' fill='{colour}'/>"
