"""The cutoff, dragged on the marker's own histogram."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from cartograph import format as fmt
from cartograph.charts import theme
from cartograph.charts.distribution import value_ticks
from cartograph.cohort.model import Cutoff
from cartograph.views.explore import Distribution
from components import state
from components.live_cutoff import engine

_HERE = Path(__file__).parent
_HTML = '<div class="track"><svg aria-hidden="true"></svg><div class="handle" role="slider" tabindex="0"></div></div>'
HEIGHT = 132
NAME_LENGTH = 12

_slider = st.components.v2.component(
    "cartograph.cutoff_track",
    html=_HTML,
    css=(_HERE / "track.css").read_text(encoding="utf-8"),
    js=engine.call("track"),
)


@dataclass(frozen=True, slots=True)
class Live:
    """How the page follows a handle.

    ``table``: name of the live table whose stops the handle shows. ``lazy``: it is asked for when a hand comes near (``wanted_table``).
    ``locked``: the handle stays where it is.
    """

    table: str = ""
    lazy: bool = False
    locked: bool = False


NOT_LIVE = Live()


def cutoff_slider(
    distribution: Distribution,
    cutoff: float,
    *,
    key: str,
    live: Live = NOT_LIVE,
    ticks: Sequence[Cutoff] = (),
    on_change: Callable[..., None] | None = None,
    args: tuple[Any, ...] = (),
) -> float | None:
    """Histogram with a handle at ``cutoff``; the part at or below it in the colour of low, above it in the colour of high.

    Mouse, touch, arrows (one measured value), Page Up/Down (a tenth of them), Home, End; Esc goes back. ``ticks``: cutoffs that
    are marked on the track, the most important first. ``live``: how the page follows while it moves. ``on_change(*args, value, seen)``
    runs before the page is drawn again, on every key press and when the handle is released; ``seen``: every stop that was on screen
    since the last time. ``cutoff`` moves the handle unless it is being dragged.
    Returns the value that the user chose last with this handle, None before.
    """

    def moved() -> None:
        chosen = _chosen(key)
        if on_change is not None and chosen is not None:
            on_change(*args, chosen[0], _seen(key, distribution))

    chosen = _chosen(key)
    sent = slider_data(distribution, cutoff, ticks, dark=state.is_dark(), acknowledged=chosen[1] if chosen else 0)
    sent |= {"table": live.table, "locked": live.locked, "lazy": live.lazy}
    _slider(
        key=key,
        data=json.dumps(sent, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode(),
        height=HEIGHT,
        on_cutoff_change=moved,
        on_wanted_change=lambda: None,
    )
    return chosen[0] if chosen else None


def wanted_table(key: str) -> str:
    """The name of the table that this handle asked for last."""
    return str(getattr(state.get(key), "wanted", None) or "")


def _chosen(key: str) -> tuple[float, int] | None:
    """Value and running number of the user's last move."""
    sent = getattr(state.get(key), "cutoff", None)
    return (float(sent["value"]), int(sent["count"])) if sent else None


def _seen(key: str, distribution: Distribution) -> tuple[float, ...]:
    """The stops that the handle passed since the last message."""
    sent = getattr(state.get(key), "cutoff", None) or {}
    values = distribution.values
    return tuple(float(values[i]) for i in sent.get("seen", ()) if 0 <= int(i) < len(values))


def slider_data(distribution: Distribution, cutoff: float, ticks: Sequence[Cutoff], *, dark: bool, acknowledged: int = 0) -> dict[str, Any]:
    """What the browser gets. ``acknowledged``: running number of the move that this answer belongs to."""
    colours = theme.ink(dark=dark)
    low, high = float(distribution.edges[0]), float(distribution.edges[-1])
    return {
        "column": distribution.column,
        "label": f"Cutoff of {distribution.label}",
        "unit": distribution.unit,
        "log": distribution.log_scale,
        "low": low,
        "high": high,
        "edges": distribution.edges.tolist(),
        "counts": distribution.counts.tolist(),
        "values": distribution.values.tolist(),
        "axis": value_ticks(distribution),
        "marks": [{"value": t.value, "name": mark_name(t), "title": f"{t.label}: {t.source}"} for t in ticks if low <= t.value <= high],
        "colours": {"low": colours.low, "high": colours.high},
        "cutoff": cutoff,
        "acknowledged": acknowledged,
    }


def mark_name(tick: Cutoff) -> str:
    """'337 ULN', '400 Cheng', '212 median': the value and a word."""
    word = "ULN" if tick.kind == "normal" else next(iter(tick.label.replace(",", " ").split()), "")
    return f"{fmt.number(tick.value)} {word if len(word) <= NAME_LENGTH else ''}".strip()
