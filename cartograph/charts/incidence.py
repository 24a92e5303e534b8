"""Step curves with limits, direct labels and numbers at risk: cumulative incidence, and any curve that is not a plain Kaplan-Meier one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from cartograph import format as fmt
from cartograph.charts import theme
from cartograph.charts.axes import share_axis, time_axis
from cartograph.charts.labels import month_ticks, shorten, spread
from cartograph.charts.spec import NOTHING, Chart
from cartograph.charts.thinning import numbers, visible_steps
from cartograph.stats.competing import IncidenceCurve
from cartograph.stats.results import Floats
from cartograph.stats.survival import SurvivalCurve
from cartograph.views.competing import CausePanel

LEFT, RIGHT, TOP, BOTTOM = 66, 96, 48, 18
AXIS_GAP = 38  # pixels between the curves and the table
ROW = 14.5  # pixels of a table row
LINE = 13.5  # pixels of a line of a label
SEPARATOR = " \u00b7 "
LETTERS = 15  # of a label beside the figure
TITLE_LETTERS = 34
HOVER = "%{x:.1f} months<br>%{y:.1%} (%{customdata[0]:.1%}\u2013%{customdata[1]:.1%})<extra></extra>"

Dash = Literal["solid", "dash", "dot"]


@dataclass(frozen=True, slots=True, eq=False)
class StepLine:
    """One curve: arrays of equal length over ``time`` (months, ascending); ``start`` is its value before the first.

    ``label``: lines beside its end, the first in bold. ``at_risk``: numbers under the ticks, or None for a curve without them.
    ``faint``: drawn thin, as a warning beside the others.
    """

    label: tuple[str, ...]
    colour: str
    dash: Dash
    time: Floats
    value: Floats
    low: Floats
    high: Floats
    start: float
    at_risk: Callable[[list[float]], list[float]] | None = None
    faint: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the curves. ``below``: second line of the heading; ``start``: first month of the axis."""

    name: str
    title: str
    below: str
    x_title: str
    alt: str
    x_max: float
    start: float = 0.0
    empty: str = f"{NOTHING}: no patients, or no events"


def step_chart(lines: Sequence[StepLine], frame: Frame, table: Callable[[], pd.DataFrame], *, dark: bool, height: int = 400) -> Chart:
    """Curves over ``frame.start`` to ``frame.x_max`` months on a scale of 0 to 100 %; numbers at risk below, one row a curve."""
    rows = [line for line in lines if line.at_risk is not None]
    plot = max(height - TOP - BOTTOM - AXIS_GAP - ROW * len(rows), 60.0)
    layout = _layout(frame, len(rows), plot, dark, height)
    data: list[dict[str, Any]] = []
    for line in lines:
        data += _traces(line, frame, plot)
    ticks = layout["xaxis"]["tickvals"]
    for position, line in enumerate(rows):
        data.append(_numbers(line, position, ticks))
        place: theme.Place = {"x": 0, "y": position, "yref": "y2", "xanchor": "right", "xshift": -15}
        layout["annotations"].append(theme.words("At risk", colour=line.colour, **place))
    layout["annotations"] += _labels(lines, frame, plot)
    return Chart(frame.name, data, layout, frame.alt, table)


def _layout(frame: Frame, rows: int, plot: float, dark: bool, height: int) -> dict[str, Any]:
    colours = theme.ink(dark=dark)
    layout = theme.base_layout(dark=dark, height=height, left=LEFT, right=RIGHT, top=TOP, bottom=BOTTOM)
    inner = height - TOP - BOTTOM
    ticks = [t for t in month_ticks(frame.x_max, 6) if t >= frame.start]
    stop = round(frame.start + (frame.x_max - frame.start) * 1.005, 4)
    layout["xaxis"] = time_axis(ticks, frame.start, stop, title=frame.x_title, dark=dark)
    layout["yaxis"] = share_axis((inner - plot) / inner, dark=dark)
    last = max(rows, 1)
    layout["yaxis2"] = {"domain": [0, round(ROW * last / inner, 5)], "range": [last - 0.5, -0.5], "visible": False, "fixedrange": True}
    title = f"<b>{theme.escape(shorten(frame.title, TITLE_LETTERS))}</b>"
    layout["annotations"] = [
        theme.words(title, x=0, y=1, xshift=8 - LEFT, yshift=36, size=theme.SIZE_TITLE, colour=colours.text),
        theme.words(theme.escape(frame.below), x=0, y=1, xshift=8 - LEFT, yshift=17, colour=colours.quiet),
    ]
    return layout


def _steps(line: StepLine, frame: Frame) -> dict[str, Floats]:
    """The curve from the start of the axis to its end; where limits do not exist the curve itself stands for them."""
    inside = (line.time <= frame.x_max) & (line.time >= frame.start)
    if not len(line.time):
        return {name: np.empty(0) for name in ("time", "value", "low", "high")}
    end = min(float(line.time[-1]), frame.x_max)
    found = {"time": np.r_[frame.start, line.time[inside], max(end, frame.start)]}
    for name in ("value", "low", "high"):
        values = getattr(line, name)[inside]
        found[name] = np.r_[line.start, values, values[-1] if len(values) else line.start]
    for name in ("low", "high"):
        found[name] = np.where(np.isfinite(found[name]), found[name], found["value"])
    return found


def _traces(line: StepLine, frame: Frame, plot: float) -> list[dict[str, Any]]:
    """Band (two traces) and curve: always three, so that a drawn figure keeps its structure."""
    steps = _steps(line, frame)
    keep = visible_steps(steps["time"], steps["value"], steps["low"], steps["high"], x_max=frame.x_max, height=plot)
    x, y, low, high = (numbers(steps[name][keep], 4) for name in ("time", "value", "low", "high"))
    no_band: list[float | None] = []
    bare = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "line": {"shape": "hv", "width": 0, "color": line.colour}}
    band_x, band_low, band_high = (no_band, no_band, no_band) if line.faint else (x, low, high)
    opacity, width = (theme.FAINT, 1.4) if line.faint else (1.0, theme.LINE_WIDTH)
    return [
        {**bare, "x": band_x, "y": band_low},
        {**bare, "x": band_x, "y": band_high, "fill": "tonexty", "fillcolor": theme.with_opacity(line.colour, theme.BAND_OPACITY)},
        {
            "type": "scatter",
            "mode": "lines",
            "x": x,
            "y": y,
            "customdata": [list(pair) for pair in zip(low, high, strict=True)],
            "line": {"shape": "hv", "color": line.colour, "width": width, "dash": line.dash},
            "opacity": max(opacity, 0.7),
            "hovertemplate": f"<b>{theme.escape(line.label[0])}</b><br>{HOVER}",
        },
    ]


def _numbers(line: StepLine, position: int, ticks: list[float]) -> dict[str, Any]:
    shown = line.at_risk(ticks) if line.at_risk else []
    return {
        "type": "scatter",
        "mode": "text",
        "x": ticks,
        "y": [position] * len(ticks),
        "text": [f"{round(n):,}" for n in shown],
        "textfont": {"color": line.colour, "size": theme.SIZE_SMALL},
        "textposition": "middle center",
        "yaxis": "y2",
        "cliponaxis": False,
        "hoverinfo": "skip",
    }


def _labels(lines: Sequence[StepLine], frame: Frame, plot: float) -> list[dict[str, Any]]:
    """The labels beside the ends of the curves, kept apart."""
    drawn = [line for line in lines if len(line.time)]
    if not drawn:
        colour = lines[0].colour if lines else "#808080"
        return [theme.words(frame.empty, x=0.5, y=0.7, xanchor="center", size=theme.SIZE_TEXT, colour=colour)]
    size = LINE * max(len(line.label) for line in drawn) + 3
    ends = [float(_steps(line, frame)["value"][-1]) for line in drawn]
    places = spread([(1.015 - end) / 1.015 * plot for end in ends], size, -size / 4, plot + size / 4)
    found = []
    for line, centre in zip(drawn, places, strict=True):
        first, *rest = (theme.escape(shorten(text, LETTERS)) for text in line.label)
        text = "<br>".join([f"<b>{first}</b>", *rest])
        found.append(theme.words(text, x=1, y=1, xshift=6, yshift=-centre, colour=line.colour))
    return found


def incidence_chart(
    panel: CausePanel,
    *,
    dark: bool,
    x_max: float,
    x_title: str = "Months from infusion",
    name: str = "",
    height: int = 400,
    warn: bool = True,
) -> Chart:
    """Cumulative incidence: of every cause when all patients are one group, else of the compared cause in each group.

    ``warn``: with one group, 1 - Kaplan-Meier is drawn thin and dotted beside it, named as what it is.
    """
    one = len(panel.groups) == 1
    lines = _by_cause(panel, dark, warn) if one else _by_group(panel, dark)
    missing = f" \u00b7 {panel.n_missing:,} not used" if panel.n_missing else ""
    what = panel.endpoint if one else panel.names[panel.of]
    frame = Frame(
        name=name or f"incidence-{slug(panel.title)}",
        title=f"{panel.title}: {what}",
        below=f"{'' if one else panel.endpoint + SEPARATOR}cumulative incidence \u00b7 n = {panel.n:,}{missing}",
        x_title=x_title,
        alt=_incidence_alt(panel),
        x_max=x_max,
    )
    return step_chart(lines, frame, panel.to_frame, dark=dark, height=height)


def slug(text: str) -> str:
    """Text as a part of a file name."""
    return "-".join("".join(c if c.isalnum() else " " for c in text.casefold()).split()) or "figure"


def _wrapped(text: str) -> list[str]:
    """``text`` in at most two lines that fit beside the figure."""
    first, *rest = text.split(" ")
    while rest and len(first) + 1 + len(rest[0]) <= LETTERS:
        first = f"{first} {rest.pop(0)}"
    return [first, " ".join(rest)] if rest else [first]


def _incidence_line(curve: IncidenceCurve, label: tuple[str, ...], colour: str, dash: Dash, *, numbers_below: bool) -> StepLine:
    def at_risk(ticks: list[float]) -> list[float]:
        return [float(n) for n in curve.at(ticks)["at_risk"]]

    below = at_risk if numbers_below else None
    return StepLine(label, colour, dash, curve.time, curve.incidence, curve.ci_low, curve.ci_high, 0.0, below)


def _by_cause(panel: CausePanel, dark: bool, warn: bool) -> list[StepLine]:
    """A line for each cause, the numbers at risk once, and the warning."""
    colours = theme.ink(dark=dark)
    paints: list[tuple[str, Dash]] = [(colours.high, "solid"), (colours.all, "dash"), (colours.low, "dot"), (colours.mixed, "solid")]
    lines = []
    for place, curve in enumerate(panel.incidence.curves):
        colour, dash = paints[place % len(paints)]
        events = fmt.events(curve.n_events)
        lines.append(_incidence_line(curve, (*_wrapped(panel.names[curve.cause]), events), colour, dash, numbers_below=not place))
    naive = panel.misleading
    if warn and naive is not None and len(panel.incidence.causes) > 1:
        nothing = np.full(len(naive.time), np.nan)
        label = ("1 \u2212 KM", "overstates")
        lines.append(StepLine(label, colours.quiet, "dot", naive.time, naive.one_minus_kaplan_meier, nothing, nothing, 0.0, faint=True))
    return lines


def _by_group(panel: CausePanel, dark: bool) -> list[StepLine]:
    """The compared cause, a line for each group that has patients."""
    lines = []
    for curve in panel.incidence.curves:
        if curve.cause != panel.of:
            continue
        rule = panel.groups[curve.group]
        label = (rule.short, f"n = {curve.n:,}", fmt.events(curve.n_events))
        colour, dash = theme.ink(dark=dark).of_role(rule.role), theme.DASHES[rule.role]
        lines.append(_incidence_line(curve, label, colour, dash, numbers_below=True))
    return lines


def _incidence_alt(panel: CausePanel) -> str:
    """The figure in a sentence: the incidence of each curve at two years."""
    said = []
    for curve in panel.incidence.curves:
        row = curve.at([24.0]).iloc[0]
        group = "" if len(panel.groups) == 1 else f"{panel.groups[curve.group].label}, "
        at = fmt.percent_with_limits(row["incidence"], row["ci_low"], row["ci_high"])
        said.append(f"{group}{panel.names[curve.cause]}: {curve.n_events:,} of {curve.n:,}, by month 24 {at}")
    return f"Cumulative incidence, {panel.endpoint}, {panel.title}, {fmt.patients(panel.n)}. " + ("; ".join(said) or NOTHING) + "."


def free_chart(
    panel: CausePanel, *, dark: bool, x_max: float, x_title: str = "Months from infusion", name: str = "", height: int = 400
) -> Chart:
    """Kaplan-Meier curves free of any of the causes, one per group."""
    lines = []
    for rule, curve in zip(panel.groups, panel.curves, strict=True):
        if not curve.n:
            continue
        median = curve.quantile(0.5).value
        label = (rule.short, f"n = {curve.n:,}", f"median {fmt.months(median)}" + (" mo" if np.isfinite(median) else ""))
        colours = theme.ink(dark=dark)
        lines.append(_free_line(curve, label, colours.of_role(rule.role), theme.DASHES[rule.role]))
    missing = f" \u00b7 {panel.n_missing:,} not used" if panel.n_missing else ""
    causes = " or ".join(panel.names.values())
    frame = Frame(
        name=name or f"free-{slug(panel.title)}",
        title=f"{panel.title}: free of any event",
        below=f"event: {causes} \u00b7 n = {panel.n:,}{missing}",
        x_title=x_title,
        alt=f"Kaplan-Meier curves free of {causes}, {panel.title}, {fmt.patients(panel.n)}: "
        + ("; ".join(", ".join(x.label) for x in lines) or NOTHING)
        + ".",
        x_max=x_max,
    )
    return step_chart(lines, frame, lambda: free_table(panel), dark=dark, height=height)


def free_table(panel: CausePanel) -> pd.DataFrame:
    """Every row of the curves free of any event: group and the columns of the curve."""
    frames = [curve.to_frame().assign(group=rule.label) for rule, curve in zip(panel.groups, panel.curves, strict=True)]
    table = pd.concat(frames, ignore_index=True)
    return table[["group", *(c for c in table.columns if c != "group")]]


def _free_line(curve: SurvivalCurve, label: tuple[str, ...], colour: str, dash: Dash) -> StepLine:
    def at_risk(ticks: list[float]) -> list[float]:
        return [float(n) for n in curve.values_at(ticks)["at_risk"]]

    return StepLine(label, colour, dash, curve.time, curve.survival, curve.ci_low, curve.ci_high, 1.0, at_risk)
