"""What Explore shows first: the endpoint, split and biomarker that nine of ten want."""

from __future__ import annotations

import numpy as np

from cartograph.cohort.model import Cohort, Column, Cutoff
from cartograph.stats.results import Floats
from cartograph.views.explore import ExploreView, Marker, Origin

FIRST_ENDPOINTS = ("pfs", "os", "dor")
FIRST_MARKERS = ("ferritin_d0", "ferritin_pre", "crp_d0", "crp_pre", "nlr", "marrow_plasma_cells", "b2m_pre", "ldh_pre")
MAX_SPLIT_LEVELS = 12


def default_view(cohort: Cohort) -> ExploreView:
    """PFS, split by product, ferritin at its published cutoff; the next best where the cohort lacks them."""
    endpoint = next((e for e in FIRST_ENDPOINTS if e in cohort.endpoints), next(iter(cohort.endpoints), ""))
    candidates = split_columns(cohort)
    split = "product" if any(c.key == "product" for c in candidates) else ""
    markers = marker_columns(cohort)
    ranked = sorted(markers, key=lambda c: FIRST_MARKERS.index(c.key) if c.key in FIRST_MARKERS else len(FIRST_MARKERS))
    return ExploreView(endpoint=endpoint, markers=tuple(default_marker(cohort, c) for c in ranked[:1]), split=split)


def default_marker(cohort: Cohort, column: Column) -> Marker:
    """The column at its first published cutoff that splits the cohort, else at its median."""
    values = known_values(cohort, column.key)
    for cutoff in column.cutoffs:
        if len(values) and values.min() <= cutoff.value < values.max():
            return Marker(column.key, cutoff.value, origin_of(cutoff))
    return Marker(column.key, median_cutoff(cohort, column.key), "median")


def origin_of(cutoff: Cutoff) -> Origin:
    """Where a cutoff of the schema comes from, as the badge says it."""
    return "normal" if cutoff.kind == "normal" else "published"


def known_values(cohort: Cohort, column: str) -> Floats:
    """The finite values of a numeric column, ascending."""
    values = cohort.patients[column].to_numpy(dtype=np.float64)
    return np.sort(values[np.isfinite(values)])


def median_cutoff(cohort: Cohort, column: str) -> float:
    """The largest real value that leaves at most half of the patients low or equal; NaN-free, 0 when nobody has a value."""
    return quantile_cutoff(cohort, column, 0.5)


def quantile_cutoff(cohort: Cohort, column: str, fraction: float) -> float:
    """The real value at a quantile (lower of two neighbours), so that the split falls on a value that was measured."""
    values = known_values(cohort, column)
    return float(np.quantile(values, fraction, method="lower")) if len(values) else 0.0


def marker_columns(cohort: Cohort) -> tuple[Column, ...]:
    """Numeric columns known before infusion that at least two patients differ in: what may split a curve from time zero."""
    return tuple(c for c in cohort.columns_of("number") if c.timing == "baseline" and len(np.unique(known_values(cohort, c.key))) > 1)


def split_columns(cohort: Cohort) -> tuple[Column, ...]:
    """Categories and flags known before infusion with 2 to 12 levels present: what may take the product's place."""
    found = []
    for column in cohort.columns_of("category", "flag"):
        present = cohort.patients[column.key].dropna().nunique()
        if column.timing in ("baseline", "identity") and 1 <= present <= MAX_SPLIT_LEVELS and (present > 1 or column.key == "product"):
            found.append(column)
    return tuple(found)
