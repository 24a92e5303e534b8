"""Diagnostics of a Cox model as figures: a coefficient over time, influence of single patients, predicted against observed survival."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from cartograph import format as fmt
from cartograph.charts import theme
from cartograph.charts.labels import month_ticks, shorten
from cartograph.charts.spec import Chart
from cartograph.charts.thinning import numbers
from cartograph.stats.diagnostics import Influence
from cartograph.stats.validation import Calibration
from cartograph.views.diagnostics import CoefficientOverTime

LEFT, RIGHT, TOP, BOTTOM = 54, 16, 52, 46
RATIO_TICKS = (0.001, 0.01, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0, 1000.0)
NAMED = 3  # patients named in the figure of influence
SHOWN_POINTS = 600


def over_time_chart(of: CoefficientOverTime, *, dark: bool, height: int = 320) -> Chart:
    """Scaled Schoenfeld residuals as hazard ratios over months, a smooth line with limits, and the model's constant ratio."""
    colours = theme.ink(dark=dark)
    frame = of.to_frame()
    layout = theme.base_layout(dark=dark, height=height, left=LEFT, right=RIGHT, top=TOP, bottom=BOTTOM)
    end = max(float(of.time.max()) if len(of.time) else 1.0, 1.0)
    _month_axis(layout, end, dark)
    low, high = _range_of(of)
    ticks = [t for t in RATIO_TICKS if low <= math.log10(t) <= high]
    layout["yaxis"] = {
        **theme.quiet_axis(dark=dark, grid=True),
        "type": "log",
        "range": [low, high],
        "tickvals": ticks,
        "ticktext": [fmt.number(t) for t in ticks],
        "anchor": "x",
    }
    title = f"<b>{theme.escape(shorten(of.label, 40))}</b>\u2003{fmt.p_equals(of.p_value)}"
    below = theme.escape(shorten(f"hazard ratio over time, {of.compared}", 56))
    layout["annotations"] = [
        theme.words(title, x=0, y=1, xshift=8 - LEFT, yshift=36, size=theme.SIZE_TITLE - 2, colour=colours.text),
        theme.words(below, x=0, y=1, xshift=8 - LEFT, yshift=16, colour=colours.quiet),
    ]
    constant = {
        "type": "line",
        "xref": "x",
        "yref": "y",
        "x0": 0,
        "x1": end,
        "y0": math.exp(of.coefficient),
        "y1": math.exp(of.coefficient),
    }
    layout["shapes"] = [{**constant, "line": {"color": colours.text, "width": 1.2, "dash": "dash"}}]
    alt = f"{of.label}: scaled Schoenfeld residuals of {fmt.events(len(of.time))} over time; {of.words}"
    data = [*_smooth_lines(of, (low, high), dark), _residual_points(of, (low, high), dark)]
    return Chart(f"over-time-{of.key}", data, layout, alt, lambda: frame)


def _month_axis(layout: dict[str, Any], end: float, dark: bool) -> None:
    ticks = month_ticks(end, 8)
    layout["xaxis"] = {
        **theme.quiet_axis(dark=dark, grid=False),
        "range": [0, end],
        "tickvals": ticks,
        "ticktext": [fmt.number(t) for t in ticks],
        "title": {"text": "months", "font": {"size": theme.SIZE_SMALL, "color": theme.ink(dark=dark).quiet}, "standoff": 2},
        "anchor": "y",
    }


def _range_of(of: CoefficientOverTime) -> tuple[float, float]:
    """Powers of ten that hold the middle 95 % of the residuals and the smooth line's limits, at most four each way."""
    parts = [np.quantile(of.residuals, (0.025, 0.975)) if len(of.residuals) else np.zeros(1), of.smooth.ci_low, of.smooth.ci_high]
    values = np.concatenate([*parts, [0.0, of.coefficient]]) / math.log(10)
    return max(float(values.min()) - 0.1, -4.0), min(float(values.max()) + 0.1, 4.0)


def _smooth_lines(of: CoefficientOverTime, ends: tuple[float, float], dark: bool) -> list[dict[str, Any]]:
    colour = theme.ink(dark=dark).high
    if not len(of.smooth.time):
        return []
    low, value, high = (np.power(10, np.clip(v / math.log(10), *ends)) for v in (of.smooth.ci_low, of.smooth.value, of.smooth.ci_high))
    x = numbers(of.smooth.time, 3)
    shared = {"type": "scatter", "mode": "lines", "x": x, "hoverinfo": "skip"}
    none = {"shape": "linear", "width": 0, "color": colour, "dash": "solid"}
    band = theme.with_opacity(colour, theme.BAND_OPACITY)
    return [
        {**shared, "y": numbers(low, 6), "line": none},
        {**shared, "y": numbers(high, 6), "line": none, "fill": "tonexty", "fillcolor": band},
        {**shared, "y": numbers(value, 6), "line": {**none, "width": theme.LINE_WIDTH}},
    ]


def _residual_points(of: CoefficientOverTime, ends: tuple[float, float], dark: bool) -> dict[str, Any]:
    step = max(1, math.ceil(len(of.time) / SHOWN_POINTS))
    y = np.power(10, np.clip(of.residuals[::step] / math.log(10), *ends))
    colour = theme.ink(dark=dark).quiet
    return {
        "type": "scatter",
        "mode": "markers",
        "x": numbers(of.time[::step], 3),
        "y": numbers(y, 6),
        "marker": {"symbol": "circle-open", "size": 5, "color": colour, "line": {"width": 1, "color": colour}},
        "hoverinfo": "skip",
    }


def influence_chart(found: Influence, patients: Sequence[str], *, dark: bool, height: int = 320) -> Chart:
    """Every patient as a line as tall as the largest move of a coefficient when the patient is left out, in standard errors."""
    colours = theme.ink(dark=dark)
    layout = theme.base_layout(dark=dark, height=height, left=LEFT, right=RIGHT, top=TOP, bottom=BOTTOM)
    n = len(found.largest)
    top = max(0.5, float(found.largest.max()) * 1.12) if n else 1.0
    ticks = [round(t, 1) for t in np.arange(0, top + 1e-9, 0.1 if top < 0.8 else 0.2 if top < 1.6 else 0.5).tolist()]
    layout["xaxis"] = {
        **theme.quiet_axis(dark=dark, grid=False),
        "range": [-1, max(n, 1)],
        "tickvals": [],
        "ticktext": [],
        "title": {"text": "patients, in the order of the file", "font": {"size": theme.SIZE_SMALL, "color": colours.quiet}, "standoff": 2},
        "anchor": "y",
    }
    layout["yaxis"] = {
        **theme.quiet_axis(dark=dark, grid=True),
        "range": [0, top],
        "tickvals": ticks,
        "ticktext": [fmt.number(t) for t in ticks],
        "anchor": "x",
    }
    title = "<b>Influence of single patients</b>"
    below = "largest move of a coefficient without the patient, in standard errors"
    layout["annotations"] = [
        theme.words(title, x=0, y=1, xshift=8 - LEFT, yshift=36, size=theme.SIZE_TITLE - 2, colour=colours.text),
        theme.words(below, x=0, y=1, xshift=8 - LEFT, yshift=16, colour=colours.quiet),
    ]
    table = pd.DataFrame({"patient": list(patients), "largest_move_in_standard_errors": found.largest})
    most = fmt.number(float(found.largest.max()) if n else 0.0, 2)
    alt = f"Influence of {n:,} patients: the largest move of a coefficient is {most} standard errors."
    return Chart("influence", [_needles(found, dark), _heads(found, patients, dark)], layout, alt, lambda: table)


def _needles(found: Influence, dark: bool) -> dict[str, Any]:
    x: list[float | None] = []
    y: list[float | None] = []
    for place, value in enumerate(numbers(found.largest, 4)):
        x += [place, place, None]
        y += [0, value, None]
    line = {"shape": "linear", "color": theme.ink(dark=dark).bar, "width": 1.5, "dash": "solid"}
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": line, "hoverinfo": "skip"}


def _heads(found: Influence, patients: Sequence[str], dark: bool) -> dict[str, Any]:
    colour = theme.ink(dark=dark).high
    said = [
        f"<b>{theme.escape(shorten(str(p), 40))}</b><br>{fmt.number(v, 2)} standard errors"
        for p, v in zip(patients, found.largest.tolist(), strict=True)
    ]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": list(range(len(found.largest))),
        "y": numbers(found.largest, 4),
        "marker": {"symbol": "circle", "size": 4, "color": colour, "line": {"width": 0, "color": colour}},
        "hovertext": said,
        "hoverinfo": "text",
    }


def calibration_chart(found: Calibration, endpoint: str, *, dark: bool, height: int = 360) -> Chart:
    """Predicted survival against Kaplan-Meier in groups of predicted risk; on the line both are equal."""
    colours = theme.ink(dark=dark)
    layout = theme.base_layout(dark=dark, height=height, left=LEFT, right=RIGHT, top=TOP, bottom=BOTTOM)
    ticks = [0.0, 0.25, 0.5, 0.75, 1.0]
    axis = {"range": [-0.02, 1.02], "tickvals": ticks, "ticktext": [fmt.percent(t) for t in ticks]}
    words = {"text": "predicted", "font": {"size": theme.SIZE_SMALL, "color": colours.quiet}, "standoff": 2}
    layout["xaxis"] = {**theme.quiet_axis(dark=dark, grid=False), **axis, "title": words, "anchor": "y"}
    layout["yaxis"] = {**theme.quiet_axis(dark=dark, grid=True), **axis, "anchor": "x"}
    layout["shapes"] = [
        {"type": "line", "xref": "x", "yref": "y", "x0": 0, "x1": 1, "y0": 0, "y1": 1, "line": {"color": colours.quiet, "width": 1}}
    ]
    title = f"<b>{theme.escape(shorten(endpoint, 20))} at {fmt.number(found.horizon)} months</b>"
    below = "observed (Kaplan-Meier, 95 % limits) against predicted"
    layout["annotations"] = [
        theme.words(title, x=0, y=1, xshift=8 - LEFT, yshift=36, size=theme.SIZE_TITLE - 2, colour=colours.text),
        theme.words(below, x=0, y=1, xshift=8 - LEFT, yshift=16, colour=colours.quiet),
    ]
    said = ", ".join(
        f"{fmt.percent(p)} predicted and {fmt.percent(o)} observed" for p, o in zip(found.predicted, found.observed, strict=True)
    )
    alt = f"Calibration of {endpoint} at {fmt.number(found.horizon)} months: {said or '; '.join(found.notes)}."
    return Chart("calibration", [_bars(found, dark), _points(found, dark)], layout, alt, found.to_frame)


def _bars(found: Calibration, dark: bool) -> dict[str, Any]:
    x: list[float | None] = []
    y: list[float | None] = []
    for p, low, high in zip(found.predicted, found.ci_low, found.ci_high, strict=True):
        if math.isfinite(low) and math.isfinite(high):
            x += [round(float(p), 4), round(float(p), 4), None]
            y += [round(float(low), 4), round(float(high), 4), None]
    line = {"shape": "linear", "color": theme.ink(dark=dark).all, "width": 1.5, "dash": "solid"}
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": line, "hoverinfo": "skip"}


def _points(found: Calibration, dark: bool) -> dict[str, Any]:
    colour = theme.ink(dark=dark).high
    said = [_group_words(found, k) for k in range(len(found.n))]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": numbers(found.predicted, 4),
        "y": numbers(found.observed, 4),
        "marker": {"symbol": "circle", "size": 8, "color": colour, "line": {"width": 0, "color": colour}},
        "hovertext": said,
        "hoverinfo": "text",
    }


def _group_words(found: Calibration, k: int) -> str:
    observed, low, high = (float(v[k]) for v in (found.observed, found.ci_low, found.ci_high))
    said = fmt.percent_with_limits(observed, low, high) if math.isfinite(low) else fmt.percent(observed)
    head = f"<b>{fmt.patients(int(found.n[k]))}</b>, {fmt.events(int(found.events[k]))}"
    return f"{head}<br>predicted {fmt.percent(float(found.predicted[k]))}<br>observed {said}"
