"""A marker's distribution: the histogram that carries the cutoff."""

from __future__ import annotations

import numpy as np

from cartograph.cohort.model import Cohort
from cartograph.stats.results import Floats
from cartograph.views.defaults import known_values
from cartograph.views.explore import Distribution

MAX_STOPS = 512  # a handle on a 500 px track cannot tell more values apart
FEWER_STOPS, MANY = 256, 2000  # of many patients, whose neighbours look alike
MAX_BINS = 40


def distribution(cohort: Cohort, column: str) -> Distribution:
    """Histogram and real values of a numeric column; log bins where the column is skewed and positive."""
    meta = cohort.columns[column]
    values = known_values(cohort, column)
    log_scale = bool(meta.log_scale and len(values) and values[0] > 0)
    edges = _edges(values, log_scale)
    counts, _ = np.histogram(values, edges)
    return Distribution(
        column=column,
        label=meta.label,
        unit=meta.unit,
        log_scale=log_scale,
        edges=edges,
        counts=counts.astype(np.int64),
        values=_stops(values),
        n=len(values),
        n_missing=cohort.n - len(values),
    )


def _edges(values: Floats, log_scale: bool) -> Floats:
    """Bin edges: Freedman-Diaconis on the axis that is shown, 8 to 40 bins."""
    if len(values) == 0:
        return np.array([0.0, 1.0])
    shown = np.log10(values) if log_scale else values
    low, high = float(shown[0]), float(shown[-1])
    if low == high:
        low, high = low - 0.5, high + 0.5
    spread = float(np.subtract(*np.percentile(shown, [75, 25])))
    width = 2 * spread / len(shown) ** (1 / 3)
    bins = int(np.clip(np.ceil((high - low) / width) if width > 0 else MAX_BINS, 8, MAX_BINS))
    edges = np.linspace(low, high, bins + 1)
    edges = 10**edges if log_scale else edges
    edges[0], edges[-1] = min(edges[0], values[0]), max(edges[-1], values[-1])  # rounding must not drop the extremes
    return np.asarray(edges, dtype=np.float64)


def _stops(values: Floats) -> Floats:
    """The distinct values, thinned evenly by rank above 512 (of more than 2,000 patients above 256); the smallest and the largest stay."""
    distinct, most = np.unique(values), FEWER_STOPS if len(values) > MANY else MAX_STOPS
    if len(distinct) <= most:
        return distinct
    stops = np.unique(np.linspace(0, len(distinct) - 1, most).round().astype(int))
    return np.asarray(distinct[stops], dtype=np.float64)
