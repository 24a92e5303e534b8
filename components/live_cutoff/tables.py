"""The table that a dragged cutoff reads: built once per cohort, filters, endpoint, markers and the other marker's cutoff."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from cartograph.charts.km import table_months
from cartograph.charts.live import km_channels, landscape_channels, landscape_line_channels, response_channels, stripe_channels
from cartograph.charts.pack import Pack
from cartograph.cohort import Cohort
from cartograph.views.board import Board
from cartograph.views.explore import ExploreView
from cartograph.views.landscape import scans_at
from cartograph.views.live import live_board
from cartograph.views.live_responses import live_responses
from cartograph.views.provenance import provenance_at
from components.explore_words import CAUTION, comparison_lines, finding_of
from components.kept import kept
from components.live_cutoff import engine

_bring = st.components.v2.component("cartograph.live_table", js=engine.call("table"))
QUICK = 20_000  # patients x stops of a table that takes less than a tenth of a second
NAME = "HR high vs low, all patients"


def table_names(cohort: Cohort, view: ExploreView) -> tuple[str, ...]:
    """The name of each handle's table: the same for every place of the handle."""
    return tuple(_name(cohort, view, handle) for handle in range(len(view.markers)))


def _name(cohort: Cohort, view: ExploreView, handle: int) -> str:
    question = _without(view, handle)
    return f"{hashlib.sha256(f'{cohort.fingerprint} {question!r}'.encode()).hexdigest()[:16]}-{handle}"


def _without(view: ExploreView, handle: int) -> ExploreView:
    """The view without what the handle moves."""
    markers = [replace(m, origin="hand", cutoff=0.0) if i == handle else m for i, m in enumerate(view.markers)]
    return replace(view, markers=tuple(markers))


def bring_tables(cohort: Cohort, board: Board, view: ExploreView, *, height: int, wanted: Sequence[str]) -> None:
    """Send the table of each handle; one that is already in the browser is only named again.

    With two markers and many patients a table is made when its handle asks for it: ``wanted`` names those.
    """
    for handle in range(len(view.markers)):
        stops = len(board.distributions[handle].values)
        quick = len(view.markers) == 1 or board.cohort.n * stops <= QUICK
        if stops and (quick or _name(cohort, view, handle) in wanted):
            _bring(key=f"live-table-{handle}", data=_table(cohort, board, _without(view, handle), handle, height))


@kept(6)
def _table(cohort: Cohort, board: Board, question: ExploreView, handle: int, height: int) -> bytes:
    return table_bytes(board, question, handle, name=_name(cohort, question, handle), height=height)


def table_bytes(board: Board, view: ExploreView, handle: int, *, name: str, height: int) -> bytes:
    """What the board shows at every stop of the handle, packed. ``height``: pixels of a Kaplan-Meier figure."""
    ticks = {t.key: table_months(int(t.known.sum()), board.x_max) for t in board.tables}
    live = live_board(board, view, handle, ticks)
    responses = live_responses(board, view, handle, live.rules)
    pack = Pack()
    said = provenance_at(board.cohort, view, handle, live.stops.tolist())
    origin = [{"kind": "words", "part": "provenance", "text": pack.texts(said)}]
    figures: dict[str, Any] = {f"km-{p.key}": [*km_channels(p, pack, height=height), *origin] for p in live.panels}
    for panel, scan in zip(live.panels, scans_at(board, live.stops.tolist(), marker=handle), strict=True):
        figures[f"landscape-{panel.key}"] = [*landscape_line_channels(scan, board.distributions[handle], pack), *origin]
    figures["swimmer"] = [*stripe_channels(live), *origin]
    if responses is not None:
        figures["responses"] = [*response_channels(responses, pack), *origin]
    endpoint = board.cohort.endpoints[board.endpoint].label
    header: dict[str, Any] = {
        "id": name,
        "handle": handle,
        "other": _other_stop(board, view, handle),
        "stops": live.stops.tolist(),
        "figures": figures,
        "lines": {f"km-{p.key}": pack.texts(["\n".join(comparison_lines(head)) for head in p.heads]) for p in live.panels},
        "finding": pack.texts([finding_of(head, endpoint) for head in live.panels[0].heads]),
        "landscape": landscape_channels(live.panels[0], pack),
        "landscapeName": NAME,
    }
    if len(board.tables) > 1:
        header["note"] = pack.texts([f"Interaction of product and marker: when the cutoff is let go. {CAUTION}"] * len(live.stops))
    return pack.to_bytes(header)


def _other_stop(board: Board, view: ExploreView, handle: int) -> int:
    """Position of the other marker's cutoff among its stops: those above it are high."""
    if len(view.markers) < 2:
        return -1
    other = 1 - handle
    return int(np.searchsorted(board.distributions[other].values, view.markers[other].cutoff, side="right")) - 1
