"""Swimmer plot: one lane a patient, coloured by response, with marks for what happened; readable from 1 to 500 lanes and more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cartograph import format as fmt
from cartograph.charts import theme
from cartograph.charts.axes import lane_axis, time_axis
from cartograph.charts.labels import month_ticks, shorten
from cartograph.charts.legend import Entry, legend, legend_rows
from cartograph.charts.spec import Chart
from cartograph.charts.thinning import numbers
from cartograph.stats.results import Floats
from cartograph.views.explore import SwimmerLanes

RIGHT, BOTTOM = 20, 40
TITLE = 30
GROUP_SPACE, LABEL_SPACE = 34, 66  # pixels left of the lanes
LABEL_PITCH = 9.0  # pixels a lane needs to carry its patient's name
THICKEST = 32.0  # pixels of a lane: the only patient of a cohort does not fill the figure
LETTER = 5.8
OPEN_RING = "MRD positive"
STRIPE = (-0.013, -0.004)  # of the axis, before its start
FILL = 0.78  # share of the pitch that a lane fills


@dataclass(frozen=True, slots=True)
class Mark:
    """How one kind of event is drawn and named."""

    kind: str
    symbol: str  # Plotly's name
    glyph: str  # for the key
    ink: str  # attribute of theme.Ink
    scale: float = 1.0


MARKS = (
    Mark("MRD negative", "circle", "\u25cf", "mrd", 0.95),
    Mark("MRD positive", "circle", "\u25cb", "mrd", 0.95),
    Mark("first response", "triangle-up", "\u25b2", "best", 0.62),  # small: it often falls on the same visit as an MRD ring
    Mark("best response", "square", "\u25a0", "best", 0.55),
    Mark("progression", "diamond", "\u25c6", "progression", 1.1),
    Mark("progression or death", "diamond", "\u25c6", "progression", 1.1),
    Mark("death", "x-thin-open", "\u2715", "death"),
    Mark("ongoing", "triangle-right", "\u25b6", "quiet", 0.9),
)


def swimmer_chart(lanes: SwimmerLanes, *, dark: bool, height: int = 520, name: str = "courses") -> Chart:
    """Lanes and marks over months from infusion. Patients are named at their lane only where each lane has room for letters."""
    entries = _key(lanes, dark)
    labelled = lanes.n_drawn > 0 and (height - _top(entries) - BOTTOM) / lanes.n_drawn >= LABEL_PITCH
    layout = _layout(lanes, entries, labelled, dark, height)
    pitch = (height - layout["margin"]["t"] - BOTTOM) / max(lanes.n_drawn, 1)
    thick = min(pitch, THICKEST)
    end = layout["xaxis"]["range"][1]
    data = [
        _outline(lanes, thick, dark),
        *_segments(lanes, thick, dark),
        *_stripes(lanes, thick, end, dark),
        *_marks(lanes, thick, end, dark),
    ]
    data.append(_hover(lanes))
    layout["meta"] = {"stripe": [round(edge * end, 4) for edge in STRIPE]}
    layout["annotations"] += _title(lanes, layout, dark) + legend(
        entries, left=8 - layout["margin"]["l"], above=layout["margin"]["t"] - TITLE - 8, dark=dark
    )
    layout["annotations"] += _group_names(lanes, pitch, layout, dark)
    layout["shapes"] = _brackets(lanes, labelled, dark)
    return Chart(name, data, layout, _alt(lanes), lambda: swimmer_table(lanes))


def swimmer_table(lanes: SwimmerLanes) -> pd.DataFrame:
    """Segments and marks in one table: patient, group, what (response or event), from_month, to_month."""
    who = lanes.lanes.drop_duplicates("lane").set_index("lane")
    segments = lanes.lanes.assign(
        what=lanes.lanes["response"].replace("", "not assessed"), from_month=lanes.lanes["start"], to_month=lanes.lanes["stop"]
    )
    marks = lanes.marks.assign(what=lanes.marks["kind"], from_month=lanes.marks["month"], to_month=lanes.marks["month"])
    marks = marks.assign(patient=marks["lane"].map(who["patient"]), group=marks["lane"].map(who["group"]))
    columns = ["lane", "patient", "group", "what", "from_month", "to_month"]
    return (
        pd.concat([segments[columns], marks[columns]])
        .sort_values(["lane", "from_month"], kind="stable")
        .drop(columns="lane")
        .reset_index(drop=True)
    )


def _key(lanes: SwimmerLanes, dark: bool) -> list[Entry]:
    """Entries for what is drawn."""
    codes, kinds = set(lanes.lanes["response"]), set(lanes.marks["kind"])
    found = [Entry("\u25a0", colour, code) for code, colour in theme.RESPONSE_COLOURS.items() if code in codes]
    if codes - set(theme.RESPONSE_COLOURS):
        found.append(Entry("\u25a0", theme.NO_RESPONSE[dark], "not assessed"))
    colours = theme.ink(dark=dark)
    return [*found, *(Entry(m.glyph, getattr(colours, m.ink), m.kind) for m in MARKS if m.kind in kinds)]


def _top(entries: list[Entry]) -> int:
    return int(TITLE + 15 * legend_rows(entries) + 6)


def _layout(lanes: SwimmerLanes, entries: list[Entry], labelled: bool, dark: bool, height: int) -> dict[str, Any]:
    colours = theme.ink(dark=dark)
    left = GROUP_SPACE + (LABEL_SPACE if labelled else 0)
    layout = theme.base_layout(dark=dark, height=height, left=left, right=RIGHT, top=_top(entries), bottom=BOTTOM)
    last = float(lanes.lanes["stop"].max()) if len(lanes.lanes) else 12.0
    layout["xaxis"] = time_axis(month_ticks(last, 8), 0, round(max(last, 1.0) * 1.02, 3), dark=dark)
    layout["yaxis"] = lane_axis(lanes.n_drawn, dark=dark)
    if labelled:
        first = lanes.lanes.drop_duplicates("lane")
        layout["yaxis"]["tickvals"] = first["lane"].tolist()
        layout["yaxis"]["ticktext"] = [theme.escape(shorten(str(v), 10)) for v in first["label"]]
        layout["yaxis"]["tickfont"] = {"size": 10, "color": colours.quiet}
    return layout


def _pieces(lane: Floats, start: Floats, stop: Floats) -> tuple[list[float | None], list[float | None]]:
    """Coordinates (x, y) of separate horizontal lines."""
    gap = np.full(len(lane), np.nan)
    return numbers(np.column_stack([start, stop, gap]).ravel(), 2), numbers(np.column_stack([lane, lane, gap]).ravel(), 0)


def _lane_trace(x: list[float | None], y: list[float | None], colour: str, width: float) -> dict[str, Any]:
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": {"color": colour, "width": round(width, 2)}, "hoverinfo": "skip"}


def _outline(lanes: SwimmerLanes, pitch: float, dark: bool) -> dict[str, Any]:
    """A rim around each lane, so that the palest and the deepest response stand off the ground; none where lanes are thin."""
    table = lanes.lanes if pitch >= 4 else lanes.lanes.iloc[:0]
    x, y = _pieces(*(table[c].to_numpy(dtype=np.float64) for c in ("lane", "start", "stop")))
    return _lane_trace(x, y, theme.response_edge(dark=dark), FILL * pitch + 1.2)


def _segments(lanes: SwimmerLanes, pitch: float, dark: bool) -> list[dict[str, Any]]:
    """One line trace per response: hundreds of lanes are ten paths."""
    table = lanes.lanes
    codes = table["response"].to_numpy(dtype=object)
    known = np.isin(codes.astype(str), list(theme.RESPONSE_COLOURS))
    lane, start, stop = (table[c].to_numpy(dtype=np.float64) for c in ("lane", "start", "stop"))
    found = []
    for code in ("", *theme.RESPONSE_COLOURS):
        rows = codes == code if code else ~known
        x, y = _pieces(lane[rows], start[rows], stop[rows])
        found.append(_lane_trace(x, y, theme.response_colour(code, dark=dark), max(FILL * pitch, 1.0)))
    return found


def _stripes(lanes: SwimmerLanes, pitch: float, end: float, dark: bool) -> list[dict[str, Any]]:
    """A short line before each lane in the colour of its marker group; none without a marker.

    ``customdata`` of the first: lane and, for each marker, the stop from which on its patient is low (-1 = not measured).
    """
    lane = np.flatnonzero(np.array(lanes.roles) != "") if lanes.roles else np.empty(0, dtype=np.int64)
    found = []
    for role in ("low", "mixed", "high") if lanes.roles else ():
        rows = np.array([i for i in lane if lanes.roles[i] == role], dtype=np.float64)
        x, y = _pieces(rows, np.full(len(rows), STRIPE[0] * end), np.full(len(rows), STRIPE[1] * end))
        trace = _lane_trace(x, y, theme.ink(dark=dark).of_role(role), max(0.95 * pitch, 1.0))
        found.append({**trace, "meta": f"stripe:{role}", "cliponaxis": False})
    if found:
        found[0]["customdata"] = [[int(i), *(int(s[i]) for s in lanes.stops)] for i in lane]
    return found


def _marks(lanes: SwimmerLanes, pitch: float, end: float, dark: bool) -> list[dict[str, Any]]:
    colours = theme.ink(dark=dark)
    size = float(np.clip(0.85 * pitch, 4.0, 10.0))
    kinds = lanes.marks["kind"].to_numpy(dtype=object)
    month, lane = (lanes.marks[c].to_numpy(dtype=np.float64) for c in ("month", "lane"))
    found = []
    for mark in MARKS:
        rows = kinds == mark.kind
        beside = 0.008 * end if mark.kind == "ongoing" else 0.0  # the arrow starts where the lane ends
        marker = {"symbol": mark.symbol, "size": round(size * mark.scale, 1), **_paint(mark, size, colours)}
        x, y = numbers(month[rows] + beside, 2), numbers(lane[rows], 0)
        trace = {"type": "scatter", "mode": "markers", "name": mark.kind, "x": x, "y": y, "marker": marker}
        found.append({**trace, "hoverinfo": "skip", "cliponaxis": False})
    return found


def _paint(mark: Mark, size: float, colours: theme.Ink) -> dict[str, Any]:
    """Fill and edge: an edge in the colour of the ground sets a mark off from any lane; an open ring is filled with the ground."""
    colour = getattr(colours, mark.ink)
    strong, thin = float(np.clip(0.18 * size, 1.0, 2.0)), 1.0 if size > 5 else 0.0
    if mark.kind == OPEN_RING:
        return {"color": colours.ground, "line": {"width": strong, "color": colour}}
    if mark.symbol.endswith("-open"):
        return {"color": colour, "line": {"width": strong, "color": colour}}
    return {"color": colour, "line": {"width": thin, "color": colours.ground}}


def _hover(lanes: SwimmerLanes) -> dict[str, Any]:
    """Unseen points, one a lane, that carry the patient's lines."""
    stop = lanes.lanes.groupby("lane", sort=False)["stop"].max()
    lane = lanes.hover["lane"].to_numpy()
    return {
        "type": "scatter",
        "mode": "markers",
        "meta": "lane",
        "x": numbers(stop.reindex(lane).fillna(0.0).to_numpy(), 2),
        "y": lane.tolist(),
        "marker": {"opacity": 0, "size": 8},
        "hovertext": [theme.escape(t).replace("\n", "<br>") for t in lanes.hover["text"].tolist()],
        "hoverinfo": "text",
    }


def _title(lanes: SwimmerLanes, layout: dict[str, Any], dark: bool) -> list[dict[str, Any]]:
    colours = theme.ink(dark=dark)
    count = f"n = {lanes.n:,}" if lanes.n_drawn == lanes.n else f"{lanes.n_drawn:,} of {fmt.patients(lanes.n)} drawn"
    place: theme.Place = {"x": 0, "y": 1, "xshift": 8 - layout["margin"]["l"], "yshift": layout["margin"]["t"] - 13}
    found = [theme.words(f"<b>Courses</b>\u2003{count}", size=theme.SIZE_TITLE, colour=colours.text, **place)]
    if not lanes.n_drawn:
        found.append(
            theme.words("No patients with a known follow-up", x=0.5, y=0.6, xanchor="center", size=theme.SIZE_TEXT, colour=colours.quiet)
        )
    return found


def _group_names(lanes: SwimmerLanes, pitch: float, layout: dict[str, Any], dark: bool) -> list[dict[str, Any]]:
    """Names beside the brackets, read from bottom to top, cut to the length of their bracket."""
    found = []
    for label, first, last in lanes.groups[["label", "first_lane", "last_lane"]].itertuples(index=False):
        letters = int((last - first + 1) * pitch / LETTER)
        if label and letters >= 3:
            shift = 14 - layout["margin"]["l"]
            words = theme.escape(shorten(str(label), letters))
            found.append(
                theme.words(
                    words,
                    x=0,
                    y=(int(first) + int(last)) / 2,
                    yref="y",
                    xanchor="center",
                    xshift=shift,
                    textangle=-90,
                    colour=theme.ink(dark=dark).text,
                )
            )
    return found


def _brackets(lanes: SwimmerLanes, labelled: bool, dark: bool) -> list[dict[str, Any]]:
    at = -8 - (LABEL_SPACE if labelled else 0)
    line = {"color": theme.ink(dark=dark).quiet, "width": 1.5}
    place = {"type": "line", "xref": "paper", "yref": "y", "xsizemode": "pixel", "xanchor": 0, "x0": at, "x1": at, "line": line}
    bounds = lanes.groups[["label", "first_lane", "last_lane"]].itertuples(index=False)
    return [{**place, "y0": int(first) - 0.4, "y1": int(last) + 0.4} for label, first, last in bounds if label]


def _alt(lanes: SwimmerLanes) -> str:
    bounds = lanes.groups[["label", "first_lane", "last_lane"]].itertuples(index=False)
    groups = [f"{label}: {fmt.patients(int(last) - int(first) + 1)}" for label, first, last in bounds if label]
    marks = [f"{count:,} with {kind}" for kind, count in lanes.marks.groupby("kind", sort=False)["lane"].nunique().items()]
    return f"Swimmer plot, one lane for each of {fmt.patients(lanes.n_drawn)}. " + "; ".join([*groups, *marks]) + "."
