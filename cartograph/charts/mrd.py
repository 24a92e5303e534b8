"""The MRD page's figures: which state the patients are in over time, and the MRD swimmer with its tracks."""

from __future__ import annotations

from typing import Any

import numpy as np

from cartograph import format as fmt
from cartograph.charts import theme
from cartograph.charts.axes import lane_axis, time_axis
from cartograph.charts.incidence import slug
from cartograph.charts.labels import month_ticks, shorten
from cartograph.charts.legend import Entry, legend, legend_rows
from cartograph.charts.spec import Chart
from cartograph.charts.thinning import numbers
from cartograph.views.mrd import STATE_WORDS, STATES, TRACKS, Lanes, Occupancy

LEFT, RIGHT, BOTTOM, TITLE = 44, 14, 42, 46
FEWEST_PIXELS, LANE, THICKEST, TALLEST = 320, 11, 32.0, 1500
TRACK = 11.0  # pixels of a track beside the lanes
TRACK_GAP = 3.0
GROUP_SPACE = 30  # pixels left of the tracks for the groups' names
LETTER = 5.8

# State, light, dark: deep to pale as in the responses, so that good is blue; what is not known is grey.
STATE_COLOURS: dict[str, tuple[str, str]] = {
    "sustained": ("#08306B", "#2171B5"),
    "negative": ("#4594C7", "#6BAED6"),
    "positive": ("#FDB863", "#FDB863"),
    "lost": ("#B35806", "#E08214"),
    "not done": ("#C3C7CF", "#5A6070"),
    "died": ("#3A3A3A", "#D8D8D8"),
    "follow-up ended": ("#ECEEF1", "#272C36"),
}
UNKNOWN = "not known"
TRACK_COLOURS: dict[str, str] = {
    "high risk": "#B35806",
    "standard risk": "#9ECAE1",
    "died": "#555555",
    "alive, progressed": "#FDB863",
    "alive, no progression": "#9ECAE1",
    UNKNOWN: "#D9D9D9",
    **theme.RESPONSE_COLOURS,
}
MARKS = (  # kind, symbol, glyph, attribute of theme.Ink, scale
    ("test negative", "circle", "\u25cb", "ground", 0.45),
    ("test positive", "circle", "\u25cf", "death", 0.5),
    ("progression", "diamond", "\u25c6", "progression", 1.0),
    ("death", "x-thin-open", "\u2715", "death", 0.9),
    ("ongoing", "triangle-right", "\u25b6", "quiet", 0.8),
)


def state_colour(state: str, *, dark: bool) -> str:
    """The colour of a state of MRD."""
    return STATE_COLOURS[state][dark]


def occupancy_chart(found: Occupancy, *, dark: bool, height: int = 400) -> Chart:
    """Stacked bars: how many patients are in which state at each visit; every patient is in every bar."""
    months = sorted(found.table["month"].unique().tolist())
    entries = [Entry("\u25a0", state_colour(s, dark=dark), s) for s in STATES if found.table.loc[found.table["state"] == s, "n"].any()]
    layout = _bars_layout(found, months, entries, dark, height)
    data = []
    for state in STATES:
        rows = found.table[found.table["state"] == state]
        counts = rows["n"].tolist()
        colour = state_colour(state, dark=dark)
        texts = [f"month {m:g}: {fmt.patients(n)}<br>{STATE_WORDS[state]}" for m, n in zip(rows["month"], counts, strict=True)]
        data.append(
            {
                "type": "bar",
                "x": list(range(len(months))),
                "y": counts,
                "width": 0.82,
                "marker": {"color": colour, "line": {"width": 0.6, "color": theme.response_edge(dark=dark)}},
                "text": [str(n) if n else "" for n in counts],
                "textfont": {"size": theme.SIZE_SMALL, "color": theme.text_on(colour)},
                "textposition": "inside",
                "textangle": 0,
                "hovertext": texts,
                "hoverinfo": "text",
            }
        )
    return Chart(f"mrd-states-{slug(found.title)}", data, layout, _occupancy_alt(found, months), found.to_frame)


def _bars_layout(found: Occupancy, months: list[float], entries: list[Entry], dark: bool, height: int) -> dict[str, Any]:
    colours = theme.ink(dark=dark)
    top = int(TITLE + 15 * legend_rows(entries))
    layout = theme.base_layout(dark=dark, height=height, left=LEFT, right=RIGHT, top=top, bottom=BOTTOM)
    ticks = [t for t in _count_ticks(found.n) if t <= found.n]
    title = {"text": "Months from infusion", "font": {"size": theme.SIZE_SMALL, "color": colours.quiet}, "standoff": 2}
    layout["barmode"] = "stack"
    layout["xaxis"] = {
        **theme.quiet_axis(dark=dark, grid=False),
        "range": [-0.6, len(months) - 0.4],
        "tickvals": list(range(len(months))),
        "ticktext": [f"{m:g}" for m in months],
        "title": title,
        "anchor": "y",
    }
    layout["yaxis"] = {
        **theme.quiet_axis(dark=dark, grid=True),
        "range": [0, max(found.n, 1) * 1.01],
        "tickvals": ticks,
        "ticktext": [f"{t:,}" for t in ticks],
    }
    heading = f"<b>{theme.escape(shorten(found.title, 26))}</b>\u2003n = {found.n:,}"
    layout["annotations"] = [
        theme.words(heading, x=0, y=1, xshift=8 - LEFT, yshift=top - 13, size=theme.SIZE_TITLE, colour=colours.text),
        *legend(entries, left=8 - LEFT, above=top - 36, dark=dark),
    ]
    return layout


def _count_ticks(n: int) -> list[int]:
    step = next(s for s in (1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000, 5000, 10**9) if n / s <= 6)
    return list(range(0, n + 1, step))


def _occupancy_alt(found: Occupancy, months: list[float]) -> str:
    last = found.table[found.table["month"] == months[-1]]
    said = ", ".join(f"{n:,} {state}" for state, n in zip(last["state"], last["n"], strict=True) if n)
    return f"MRD state over time, {found.title}, {fmt.patients(found.n)}. At month {months[-1]:g}: {said}."


def swimmer_height(lanes: Lanes) -> int:
    """Pixels for the lanes: 11 each when few."""
    return int(min(max(FEWEST_PIXELS, 150 + LANE * lanes.n_drawn), TALLEST))


def mrd_swimmer(lanes: Lanes, *, dark: bool, height: int = 520) -> Chart:
    """One lane a patient in the colours of MRD, its tests as dots; cytogenetics, best response and disposition as tracks before it."""
    entries = _key(lanes, dark)
    tracks = drawn_tracks(lanes)
    layout = _lane_layout(lanes, entries, tracks, dark, height)
    pitch = (height - layout["margin"]["t"] - layout["margin"]["b"]) / max(lanes.n_drawn, 1)
    end = float(layout["xaxis"]["range"][1])
    data = [*_stretches(lanes, pitch, dark), *_marks(lanes, pitch, end, dark), _hover(lanes)]
    layout["shapes"] = [*_track_boxes(lanes, tracks), *_brackets(lanes, tracks, dark)]
    layout["annotations"] += [*_track_names(tracks, dark), *_group_names(lanes, pitch, layout, dark)]
    return Chart("mrd-courses", data, layout, _lanes_alt(lanes), lanes.to_frame)


def _key(lanes: Lanes, dark: bool) -> list[Entry]:
    states, kinds = set(lanes.segments["state"]), set(lanes.marks["kind"])
    found = [Entry("\u25a0", state_colour(s, dark=dark), s) for s in STATES if s in states]
    colours = theme.ink(dark=dark)
    paints = {"test negative": colours.quiet}
    found += [Entry(glyph, paints.get(kind, getattr(colours, paint)), kind) for kind, _, glyph, paint, _ in MARKS if kind in kinds]
    return [*found, *_track_key(lanes)]


def _track_key(lanes: Lanes) -> list[Entry]:
    """What the boxes of each track mean, led by the track's number; what is not known once for all."""
    tracks = drawn_tracks(lanes)
    found, unknown = [], False
    for number, track in enumerate(tracks, start=1):
        values = set(lanes.tracks.loc[lanes.tracks["track"] == track, "value"])
        found += [Entry("\u25a0", colour, f"{number} {value}") for value, colour in TRACK_COLOURS.items() if value in values - {UNKNOWN}]
        unknown = unknown or UNKNOWN in values
    return [*found, *([Entry("\u25a0", TRACK_COLOURS[UNKNOWN], UNKNOWN)] if unknown else [])]


def drawn_tracks(lanes: Lanes) -> list[str]:
    """The tracks that the cohort has, in order."""
    return [t for t in TRACKS if (lanes.tracks["track"] == t).any()]


def _lane_layout(lanes: Lanes, entries: list[Entry], tracks: list[str], dark: bool, height: int) -> dict[str, Any]:
    colours = theme.ink(dark=dark)
    left = round(GROUP_SPACE + (TRACK + TRACK_GAP) * len(tracks) + 4)
    top = int(34 + 15 * legend_rows(entries) + 4)
    layout = theme.base_layout(dark=dark, height=height, left=left, right=20, top=top, bottom=40 + 14)
    last = float(lanes.segments["stop"].max()) if len(lanes.segments) else 12.0
    layout["xaxis"] = time_axis(month_ticks(last, 8), 0, round(max(last, 1.0) * 1.02, 3), dark=dark)
    layout["yaxis"] = lane_axis(lanes.n_drawn, dark=dark)
    count = f"n = {lanes.n:,}" if lanes.n_drawn == lanes.n else f"{lanes.n_drawn:,} of {fmt.patients(lanes.n)} drawn"
    place: theme.Place = {"x": 0, "y": 1, "xshift": 8 - left, "yshift": top - 13}
    layout["annotations"] = [
        theme.words(f"<b>MRD by patient</b>\u2003{count}", size=theme.SIZE_TITLE, colour=colours.text, **place),
        *legend(entries, left=8 - left, above=top - 36, dark=dark),
    ]
    return layout


def _stretches(lanes: Lanes, pitch: float, dark: bool) -> list[dict[str, Any]]:
    """One trace a state."""
    found = []
    for state in STATES[:5]:
        rows = lanes.segments[lanes.segments["state"] == state]
        lane, start, stop = (rows[c].to_numpy(dtype=np.float64) for c in ("lane", "start", "stop"))
        gap = np.full(len(rows), np.nan)
        x, y = numbers(np.column_stack([start, stop, gap]).ravel(), 2), numbers(np.column_stack([lane, lane, gap]).ravel(), 0)
        line = {"color": state_colour(state, dark=dark), "width": round(max(0.78 * min(pitch, THICKEST), 1.0), 2)}
        found.append({"type": "scatter", "mode": "lines", "x": x, "y": y, "line": line, "hoverinfo": "skip"})
    return found


def _marks(lanes: Lanes, pitch: float, end: float, dark: bool) -> list[dict[str, Any]]:
    colours, size = theme.ink(dark=dark), float(np.clip(0.85 * pitch, 4.0, 10.0))
    found = []
    for kind, symbol, _, paint, scale in MARKS:
        rows = lanes.marks[lanes.marks["kind"] == kind]
        beside = 0.008 * end if kind == "ongoing" else 0.0
        colour = "#FFFFFF" if kind == "test negative" else "#111111" if kind == "test positive" else getattr(colours, paint)
        edge = {"width": 1.4 if symbol.endswith("-open") else 0.0, "color": colour}
        marker = {"symbol": symbol, "size": round(size * scale, 1), "color": colour, "line": edge}
        x, y = numbers(rows["month"] + beside, 2), numbers(rows["lane"], 0)
        found.append(
            {"type": "scatter", "mode": "markers", "name": kind, "x": x, "y": y, "marker": marker, "hoverinfo": "skip", "cliponaxis": False}
        )
    return found


def _hover(lanes: Lanes) -> dict[str, Any]:
    stop = lanes.segments.groupby("lane")["stop"].max().reindex(range(lanes.n_drawn)).fillna(0.0)
    texts = [theme.escape(t).replace("\n", "<br>") for t in lanes.hover]
    point = {"type": "scatter", "mode": "markers", "meta": "lane", "x": numbers(stop.to_numpy(), 2), "y": list(range(lanes.n_drawn))}
    return {**point, "marker": {"opacity": 0, "size": 8}, "hovertext": texts, "hoverinfo": "text"}


def _track_place(position: int, tracks: list[str]) -> tuple[float, float]:
    """Left and right end of a track, pixels from the start of the lanes."""
    left = -4 - (TRACK + TRACK_GAP) * (len(tracks) - position)
    return left, left + TRACK


def _track_boxes(lanes: Lanes, tracks: list[str]) -> list[dict[str, Any]]:
    found = []
    place = {
        "type": "rect",
        "xref": "paper",
        "yref": "y",
        "xsizemode": "pixel",
        "xanchor": 0,
        "line": {"width": 0, "color": "rgba(0,0,0,0)"},
    }
    for lane, track, value in lanes.tracks[["lane", "track", "value"]].itertuples(index=False):
        left, right = _track_place(tracks.index(track), tracks)
        box = {"x0": left, "x1": right, "y0": lane - 0.39, "y1": lane + 0.39}
        found.append({**place, **box, "fillcolor": TRACK_COLOURS.get(value, TRACK_COLOURS[UNKNOWN])})
    return found


def _track_names(tracks: list[str], dark: bool) -> list[dict[str, Any]]:
    """The first letters under the tracks, spelled out below the axis."""
    colour, found = theme.ink(dark=dark).quiet, []
    for position in range(len(tracks)):
        left, right = _track_place(position, tracks)
        place: theme.Place = {"x": 0, "y": 0, "xanchor": "center", "xshift": (left + right) / 2, "yshift": -9}
        found.append(theme.words(str(position + 1), colour=colour, **place))
    words = " \u00b7 ".join(f"{k + 1} {track}" for k, track in enumerate(tracks))
    margin = round(GROUP_SPACE + (TRACK + TRACK_GAP) * len(tracks) + 4)
    return [*found, theme.words(f"Tracks: {words}", x=0, y=0, xshift=8 - margin, yshift=-46, colour=colour)]


def _group_names(lanes: Lanes, pitch: float, layout: dict[str, Any], dark: bool) -> list[dict[str, Any]]:
    found = []
    for label, first, last in lanes.groups[["label", "first_lane", "last_lane"]].itertuples(index=False):
        letters = int((last - first + 1) * pitch / LETTER)
        if letters < 3:
            continue
        place: theme.Place = {
            "x": 0,
            "y": (int(first) + int(last)) / 2,
            "yref": "y",
            "xanchor": "center",
            "xshift": 12 - layout["margin"]["l"],
            "textangle": -90,
        }
        found.append(theme.words(shorten(str(label), letters), colour=theme.ink(dark=dark).text, **place))
    return found


def _brackets(lanes: Lanes, tracks: list[str], dark: bool) -> list[dict[str, Any]]:
    at = _track_place(0, tracks)[0] - 6
    line = {"color": theme.ink(dark=dark).quiet, "width": 1.5}
    place = {"type": "line", "xref": "paper", "yref": "y", "xsizemode": "pixel", "xanchor": 0, "x0": at, "x1": at, "line": line}
    bounds = lanes.groups[["first_lane", "last_lane"]].itertuples(index=False)
    return [{**place, "y0": int(first) - 0.4, "y1": int(last) + 0.4} for first, last in bounds]


def _lanes_alt(lanes: Lanes) -> str:
    bounds = lanes.groups[["label", "first_lane", "last_lane"]].itertuples(index=False)
    groups = "; ".join(f"{label}: {int(last) - int(first) + 1}" for label, first, last in bounds)
    return f"MRD swimmer plot, one lane for each of {fmt.patients(lanes.n_drawn)}. {groups}."
