"""The Explore view as the words of a link, and back. A bad word falls back to the default, with a sentence about it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from cartograph.cohort.filters import Filter
from cartograph.cohort.model import Cohort
from cartograph.views.defaults import MAX_SPLIT_LEVELS, default_view, marker_columns, split_columns
from cartograph.views.explore import Combine, ExploreView, Marker, Origin

Query = Mapping[str, Sequence[str]]
MAX_MARKERS = 2


@dataclass(frozen=True, slots=True)
class ReadLink:
    """The view a link asks for, and what of it could not be followed."""

    view: ExploreView
    words: tuple[str, ...] = ()


def to_query(view: ExploreView) -> dict[str, list[str]]:
    """The view as query parameters; nothing about patients is in it."""
    query = {"endpoint": [view.endpoint], "split": [view.split or "none"]}
    if view.markers:
        query["marker"] = [f"{m.column}:{m.cutoff!r}:{m.origin}" for m in view.markers]
    if len(view.markers) == MAX_MARKERS:
        query["combine"] = [view.combine]
    if view.filters:
        query["filter"] = [chosen.to_text() for chosen in view.filters]
    return query


def from_query(query: Query, cohort: Cohort) -> ReadLink:
    """The view that the query parameters ask for, as far as this cohort can show it."""
    default = default_view(cohort)
    words: list[str] = []
    endpoint = _endpoint(query, cohort, default.endpoint, words)
    split = _split(query, cohort, default.split, words)
    markers = _markers(query, cohort, words) if "marker" in query else default.markers
    filters = _filters(query, cohort, words)
    combine = _combine(query, words)
    return ReadLink(ExploreView(endpoint, markers, combine, split, filters), tuple(words))


def _first(query: Query, name: str) -> str | None:
    values = query.get(name, ())
    return values[-1] if values else None


def _endpoint(query: Query, cohort: Cohort, default: str, words: list[str]) -> str:
    asked = _first(query, "endpoint")
    if asked is None or asked in cohort.endpoints:
        return asked or default
    words.append(f"The link asks for the endpoint '{asked[:40]}', which this cohort does not have.")
    return default


def _split(query: Query, cohort: Cohort, default: str, words: list[str]) -> str:
    asked = _first(query, "split")
    if asked is None:
        return default
    if asked == "none":
        return ""
    if asked in {c.key for c in split_columns(cohort)}:
        return asked
    if after_infusion(cohort, asked):
        words.append(after_infusion_words(cohort, asked))
        return default
    if asked in cohort.columns:
        words.append(f"The link splits by '{asked[:40]}', which does not part these patients into 2 to {MAX_SPLIT_LEVELS} groups.")
    else:
        words.append(f"The link splits by '{asked[:40]}', which this cohort does not have.")
    return default


def after_infusion(cohort: Cohort, column: str) -> bool:
    """True when the column is known only after infusion, so that it must not split a curve from time zero."""
    return column in cohort.columns and cohort.columns[column].timing in ("post-infusion", "outcome")


def after_infusion_words(cohort: Cohort, column: str) -> str:
    """Why such a column is refused."""
    label = cohort.columns[column].label
    return f"{label} is known only after infusion: patients had to live to reach it, so it cannot split a curve from time zero."


def _combine(query: Query, words: list[str]) -> Combine:
    asked = _first(query, "combine")
    for known in get_args(Combine):
        if asked is None or asked == known:
            return known  # type: ignore[no-any-return]
    words.append(f"The link combines two markers as '{str(asked)[:40]}', which is not known.")
    return "three"


def _markers(query: Query, cohort: Cohort, words: list[str]) -> tuple[Marker, ...]:
    found: dict[str, Marker] = {}
    offered = {c.key for c in marker_columns(cohort)}
    for text in query["marker"]:
        marker = read_marker(text)
        if marker is not None and marker.column in offered:
            found.setdefault(marker.column, marker)
        elif marker is not None and after_infusion(cohort, marker.column):
            words.append(after_infusion_words(cohort, marker.column))
        else:
            words.append(f"The link names the biomarker '{text[:40]}', which this cohort cannot show.")
    return tuple(found.values())[:MAX_MARKERS]


def read_marker(text: str) -> Marker | None:
    """'ferritin_d0:337.0:published' as a marker, or None."""
    column, _, rest = text.partition(":")
    number, _, origin = rest.partition(":")
    try:
        cutoff = float(number)
    except ValueError:
        return None
    if not column or not math.isfinite(cutoff):
        return None
    for known in get_args(Origin):
        if origin == known:
            return Marker(column, cutoff, known)
    return Marker(column, cutoff, "link")


def _filters(query: Query, cohort: Cohort, words: list[str]) -> tuple[Filter, ...]:
    found: list[Filter] = []
    for text in query.get("filter", ()):
        try:
            chosen = Filter.from_text(text)
            chosen.mask(cohort)
            found.append(chosen)
        except ValueError:
            words.append(f"The link filters by '{text[:40]}', which this cohort cannot do.")
    return tuple(found)
