"""The Landmark page's figures: the flow of patients, curves from the landmark, Simon and Makuch's curves, the strip of landmarks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from cartograph import format as fmt
from cartograph.charts import theme
from cartograph.charts.incidence import Frame, StepLine, step_chart
from cartograph.charts.km import km_chart
from cartograph.charts.labels import month_ticks, shorten
from cartograph.charts.spec import Chart
from cartograph.charts.thinning import numbers
from cartograph.stats.time_dependent import SimonMakuchCurve
from cartograph.views.explore import FlowStep
from cartograph.views.landmark import Beside, LandmarkPanel, Strip

BOX, GAP, EXIT = 40.0, 12.0, 30.0  # pixels: a box, between boxes, a step that loses patients
SIDE = 8  # pixels beside the flow
HALF = 0.485  # of the width: a box of the last row
STEM = 0.12  # of the width: the line down from the first box
LETTERS = 25  # of a line in a box of the last row, on a phone
STRIP_LEFT, STRIP_RIGHT, STRIP_TOP, STRIP_BOTTOM = 52, 20, 62, 42
RATIOS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)


def landmark_curves(result: LandmarkPanel, *, dark: bool, height: int = 430) -> Chart:
    """Kaplan-Meier curves that restart at the landmark: month 0 of the axis is the landmark."""
    when = fmt.time_point(result.at)
    words = f"{result.endpoint} from {when}"
    chart = km_chart(result.panel, x_max=result.x_max, dark=dark, endpoint=words, height=height, name=f"landmark-{result.panel.key}")
    axis = chart.layout["xaxis"]
    title = {**axis["title"], "text": f"Months from the landmark ({when})"}
    gone = "unknown at the landmark"
    said = [{**a, "text": str(a["text"]).replace("not measured", gone)} for a in chart.layout["annotations"]]
    layout = {**chart.layout, "xaxis": {**axis, "title": title}, "annotations": said}
    return replace(chart, layout=layout, alt=f"Landmark at {when}. {chart.alt}")


def flow_height(flow: Sequence[FlowStep]) -> int:
    """Pixels that a flow needs."""
    return round(2 * BOX + EXIT * len(flow[1:-3]) + BOX + 3 * GAP + 8)


def flow_chart(result: LandmarkPanel, *, dark: bool) -> Chart:
    """From the panel's patients to the two groups that are compared: who leaves on the way stands to the right."""
    flow, colours = result.flow, theme.ink(dark=dark)
    height = flow_height(flow)
    layout = theme.base_layout(dark=dark, height=height, left=SIDE, right=SIDE, top=2, bottom=2)
    layout["xaxis"] = {"range": [0, 1], "visible": False, "fixedrange": True}
    layout["yaxis"] = {"range": [height - 4, 0], "visible": False, "fixedrange": True}
    first, *lost, analysed, yes, no = flow
    y = _box(layout, first, (0.0, HALF), 2.0, colours.text, dark)
    stem = (y, y + EXIT * len(lost) + GAP)
    for step in lost:
        _leave(layout, step, y + EXIT / 2, dark)
        y += EXIT
    _line(layout, (STEM, STEM), stem, dark)
    y = _box(layout, analysed, (0.0, HALF), y + GAP, colours.text, dark)
    for step, at, colour in ((no, (0.0, HALF), colours.low), (yes, (1 - HALF, 1.0), colours.high)):
        _line(layout, (STEM, STEM) if at[0] == 0 else (0.75, 0.75), (y if at[0] == 0 else y - BOX / 2, y + GAP), dark)
        _box(layout, step, at, y + GAP, colour, dark)
    _line(layout, (HALF, 0.75), (y - BOX / 2, y - BOX / 2), dark)
    nothing = {"type": "scatter", "mode": "lines", "x": [], "y": [], "hoverinfo": "skip", "line": {"width": 0, "color": colours.text}}
    alt = "; ".join(f"{step.n:,} {step.label}" for step in flow)
    return Chart(f"flow-{result.panel.key}", [nothing], layout, f"Flow of patients, {result.panel.title}: {alt}.", result.to_frame)


def _box(layout: dict[str, Any], step: FlowStep, across: tuple[float, float], top: float, colour: str, dark: bool) -> float:
    """A framed step; returns where it ends, in pixels from the top."""
    ground = theme.with_opacity(colour, 0.07)
    place = {"type": "rect", "xref": "paper", "yref": "y", "x0": across[0], "x1": across[1], "y0": top, "y1": top + BOX}
    layout["shapes"].append({**place, "fillcolor": ground, "line": {"color": colour, "width": 1.2}})
    text = f"<b>{step.n:,}</b><br>{theme.escape(shorten(step.label, LETTERS))}"
    where: theme.Place = {"x": across[0], "y": top + BOX / 2, "yref": "y", "xshift": 7}
    layout["annotations"].append(theme.words(text, colour=theme.ink(dark=dark).text, **where))
    return top + BOX


def _leave(layout: dict[str, Any], step: FlowStep, at: float, dark: bool) -> None:
    """A branch to the right: who leaves here."""
    _line(layout, (STEM, 0.2), (at, at), dark)
    where: theme.Place = {"x": 0.2, "y": at, "yref": "y", "xshift": 6}
    text = f"<b>{step.n:,}</b> {theme.escape(shorten(step.label, 40))}"
    layout["annotations"].append(theme.words(text, colour=theme.ink(dark=dark).quiet, **where))


def _line(layout: dict[str, Any], across: tuple[float, float], down: tuple[float, float], dark: bool) -> None:
    line = {"color": theme.ink(dark=dark).quiet, "width": 1.2}
    place = {"xref": "paper", "yref": "y", "x0": across[0], "x1": across[1], "y0": down[0], "y1": down[1]}
    layout["shapes"].append({"type": "line", **place, "line": line})


def simon_makuch_chart(result: Beside, *, dark: bool, height: int = 400) -> Chart:
    """Survival with and without the status from the landmark on; who reaches it later moves to the other curve."""
    found, colours = result.curves, theme.ink(dark=dark)
    start, status = found.unexposed.start, result.status
    sides = ((found.unexposed, status.short_no, colours.low, "solid"), (found.exposed, status.short_yes, colours.high, "dash"))
    lines = [_state_line(curve, short, colour, dash) for curve, short, colour, dash in sides]
    missing = f" \u00b7 {result.n_missing:,} missing" if result.n_missing else ""
    frame = Frame(
        name="simon-makuch",
        title="Status as it changes",
        below=f"{result.title} \u00b7 {result.endpoint} \u00b7 n = {result.n:,}{missing}",
        x_title="Months from infusion",
        alt=f"Simon-Makuch curves of {result.endpoint} from month {fmt.number(start)}, {result.title}, {fmt.patients(result.n)}: "
        f"with and without {status.label}; patients move to the other curve when they reach it.",
        x_max=result.x_max,
        start=start,
        empty="Nobody is followed beyond the landmark",
    )
    return step_chart(lines, frame, found.to_frame, dark=dark, height=height)


def _state_line(curve: SimonMakuchCurve, short: str, colour: str, dash: Any) -> StepLine:
    events = int(curve.events.sum())

    def at_risk(ticks: list[float]) -> list[float]:
        after = np.nextafter(np.asarray(ticks, dtype=np.float64), np.inf)  # at the start itself nobody counts yet: start < t
        return [float(n) for n in curve.at(after)["at_risk"]]

    label = (short, f"{events:,} event{'' if events == 1 else 's'}")
    return StepLine(label, colour, dash, curve.time, curve.survival, curve.ci_low, curve.ci_high, 1.0, at_risk)


def strip_chart(strip: Strip, *, dark: bool, height: int = 400) -> Chart:
    """The hazard ratio with its limits at every landmark, the chosen one marked; hollow where a group has fewer than 10 patients."""
    table = strip.table[np.isfinite(strip.table["hazard_ratio"])]
    layout = _strip_layout(strip, table, dark, height)
    chosen = table["landmark"].to_numpy() == strip.chosen
    small = table["small"].to_numpy(dtype=bool)
    parts = [(~chosen & ~small, "circle", 6.0, 0.85), (~chosen & small, "circle-open", 6.0, 0.85)]
    parts += [(chosen & ~small, "circle", 10.0, 1.0), (chosen & small, "circle-open", 10.0, 1.0)]
    colours = theme.ink(dark=dark)
    data = [_limits(table, layout, colours.quiet)]
    for rows, symbol, size, opacity in parts:
        paint = colours.high if size > 6 else colours.text
        data.append(_points(table[rows], {"symbol": symbol, "size": size, "color": paint, "line": {"width": 1.5, "color": paint}}, opacity))
    return Chart("landmark-strip", data, layout, _strip_alt(strip, table), strip.to_frame)


def _ends(table: pd.DataFrame) -> tuple[float, float]:
    """Lowest and highest ratio of the axis: every estimate and 1, the limits up to a factor of 4 beyond them."""
    low, high = min(1.0, float(table["hazard_ratio"].min())), max(1.0, float(table["hazard_ratio"].max()))
    return max(low / 4, 0.004), min(high * 4, 250.0)


def _strip_layout(strip: Strip, table: pd.DataFrame, dark: bool, height: int) -> dict[str, Any]:
    colours = theme.ink(dark=dark)
    layout = theme.base_layout(dark=dark, height=height, left=STRIP_LEFT, right=STRIP_RIGHT, top=STRIP_TOP, bottom=STRIP_BOTTOM)
    last = float(strip.table["landmark"].max())
    low, high = _ends(table) if len(table) else (0.25, 4.0)
    ticks, ratios = month_ticks(last, 8), [r for r in RATIOS if low <= r <= high]
    font = {"size": theme.SIZE_SMALL, "color": colours.quiet}
    layout["xaxis"] = {
        **theme.quiet_axis(dark=dark, grid=False),
        "range": [0, round(last * 1.03 + 0.3, 3)],
        "tickvals": ticks,
        "ticktext": [f"{t:g}" for t in ticks],
        "title": {"text": "Landmark, months from infusion", "font": font, "standoff": 2},
        "anchor": "y",
        "showline": True,
        "linecolor": colours.quiet,
    }
    layout["yaxis"] = {
        **theme.quiet_axis(dark=dark, grid=True),
        "type": "log",
        "range": [round(math.log10(low), 4), round(math.log10(high), 4)],
        "tickvals": ratios,
        "ticktext": [fmt.number(r) for r in ratios],
        "anchor": "x",
    }
    one = {"type": "line", "xref": "paper", "yref": "y", "x0": 0, "x1": 1, "y0": 1, "y1": 1}
    here = {"type": "line", "xref": "x", "yref": "paper", "x0": strip.chosen, "x1": strip.chosen, "y0": 0, "y1": 1}
    layout["shapes"] = [
        {**one, "line": {"color": colours.quiet, "width": 1, "dash": "dot"}},
        {**here, "line": {"color": colours.high, "width": 1, "dash": "dash"}},
    ]
    layout["annotations"] = _strip_words(strip, table, dark)
    return layout


def _strip_words(strip: Strip, table: pd.DataFrame, dark: bool) -> list[dict[str, Any]]:
    colours, left = theme.ink(dark=dark), 8 - STRIP_LEFT
    against = f"HR {strip.status.short_yes} vs {strip.status.short_no}"
    title = f"<b>{theme.escape(shorten(against, 38))}</b>"
    rest = f"{strip.title} \u00b7 95{fmt.THIN_SPACE}% limits \u00b7 hollow: < 10 in a group"
    late = strip.chosen > 0.7 * float(strip.table["landmark"].max())
    side: theme.Place = {"xanchor": "right", "xshift": -5} if late else {"xanchor": "left", "xshift": 5}
    chosen: theme.Place = {"x": strip.chosen, "xref": "x", "y": 1, "yref": "paper", "yshift": -8, **side}
    found = [
        theme.words(title, x=0, y=1, xshift=left, yshift=48, size=theme.SIZE_TITLE, colour=colours.text),
        theme.words(theme.escape(rest), x=0, y=1, xshift=left, yshift=29, colour=colours.quiet),
        theme.words("Below 1: the event is rarer with the status", x=0, y=1, xshift=left, yshift=13, colour=colours.quiet),
        theme.words(f"chosen: {fmt.number(strip.chosen)}", colour=colours.high, **chosen),
    ]
    if not len(table):
        none = "No landmark with events in both groups"
        found.append(theme.words(none, x=0.5, y=0.35, xanchor="center", size=theme.SIZE_TEXT, colour=colours.quiet))
    return found


def _limits(table: pd.DataFrame, layout: dict[str, Any], colour: str) -> dict[str, Any]:
    """The limits as upright lines, cut at the ends of the axis."""
    low, high = (10 ** float(end) for end in layout["yaxis"]["range"])
    gap = np.full(len(table), np.nan)
    bottom = np.clip(table["ci_low"].to_numpy(dtype=np.float64), low, high)
    top = np.clip(table["ci_high"].to_numpy(dtype=np.float64), low, high)
    month = table["landmark"].to_numpy(dtype=np.float64)
    x = numbers(np.column_stack([month, month, gap]).ravel(), 3)
    y = numbers(np.column_stack([bottom, top, gap]).ravel(), 5)
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": {"color": colour, "width": 1.2}, "hoverinfo": "skip"}


def _points(table: pd.DataFrame, marker: dict[str, Any], opacity: float) -> dict[str, Any]:
    ratios = [fmt.ratio_with_limits(*limits) for limits in table[["hazard_ratio", "ci_low", "ci_high"]].to_numpy(dtype=np.float64).tolist()]
    columns = ["landmark", "n", "n_reached", "events_reached", "events_not_reached"]
    counts = table[columns].to_numpy(dtype=np.int64).tolist()
    texts = [
        f"month {month}: HR {ratio}<br>{n:,} analysed, {reached:,} with the status<br>events {with_it:,} with, {without:,} without"
        for ratio, (month, n, reached, with_it, without) in zip(ratios, counts, strict=True)
    ]
    x, y = numbers(table["landmark"], 3), numbers(table["hazard_ratio"], 5)
    point = {"type": "scatter", "mode": "markers", "x": x, "y": y, "marker": marker, "opacity": opacity}
    return {**point, "hovertext": texts, "hoverinfo": "text", "cliponaxis": False}


def _strip_alt(strip: Strip, table: pd.DataFrame) -> str:
    words = f"Hazard ratio of {strip.status.short_yes} against {strip.status.short_no} by landmark, {strip.title}. "
    if not len(table):
        return words + "No landmark has events in both groups."
    ends = [(float(row.landmark), float(row.hazard_ratio)) for row in (table.iloc[0], table.iloc[-1])]
    said = [f"month {month:g}: {fmt.ratio(value)}" for month, value in ends]
    return words + f"From {said[0]} to {said[1]}; chosen: month {fmt.number(strip.chosen)}."
