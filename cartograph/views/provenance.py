"""Where a cutoff came from, in words that travel with every figure and export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cartograph import format as fmt
from cartograph.cohort.model import Cohort
from cartograph.views.explore import ExploreView, Marker, Origin

ORIGIN_WORDS: dict[Origin, str] = {
    "pre-specified": "pre-specified",
    "published": "published",
    "normal": "upper limit of normal",
    "median": "median of this cohort",
    "quartile": "quartile of this cohort",
    "searched": "searched in this cohort",
    "hand": "moved by hand",
    "link": "from a link",
}


def source_of(cohort: Cohort, marker: Marker) -> str:
    """The citation of a published cutoff or limit of normal; "" for any other."""
    if marker.origin not in ("published", "normal"):
        return ""
    return next((c.source for c in cohort.columns[marker.column].cutoffs if c.value == marker.cutoff), "")


def origin_words(cohort: Cohort, marker: Marker) -> str:
    """'published (Mayo 2025)', 'moved by hand'."""
    source = source_of(cohort, marker)
    return ORIGIN_WORDS[marker.origin] + (f" ({source})" if source else "")


def provenance(cohort: Cohort, view: ExploreView) -> str:
    """One line for figures and files: 'Cutoff 337: upper limit of normal'; "" without a marker."""
    if not view.markers:
        return ""
    if len(view.markers) == 1:
        return f"Cutoff {fmt.number(view.markers[0].cutoff)}: {ORIGIN_WORDS[view.markers[0].origin]}"
    said = "; ".join(f"{fmt.number(m.cutoff)} {ORIGIN_WORDS[m.origin]}" for m in view.markers)
    return f"Cutoffs: {said}"


def provenance_at(cohort: Cohort, view: ExploreView, handle: int, stops: Sequence[float]) -> list[str]:
    """The line at each place of a handle that is dragged, as ``provenance`` says it once the handle is let go."""

    def moved(stop: float) -> ExploreView:
        markers = [replace(m, cutoff=stop, origin="hand") if i == handle else m for i, m in enumerate(view.markers)]
        return replace(view, markers=tuple(markers))

    return [provenance(cohort, moved(float(stop))) for stop in stops]


def sources(cohort: Cohort, view: ExploreView) -> str:
    """The origin of each cutoff with its citation, for the line below the markers."""
    return "; ".join(f"{cohort.columns[m.column].label} cutoff: {origin_words(cohort, m)}" for m in view.markers)
