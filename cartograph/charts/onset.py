"""Cumulative incidence of a toxicity by day after infusion."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from cartograph import format as fmt
from cartograph.charts import theme
from cartograph.charts.incidence import Frame, StepLine, slug, step_chart
from cartograph.charts.spec import Chart
from cartograph.views.toxicity import DayCurve

HEIGHT = 380
SHORTEST = 14.0  # days


def last_day(panels: Sequence[Sequence[DayCurve]]) -> float:
    """End of the axis: the first full week after the latest onset, the same in every panel."""
    latest = [float(c.curve.time[c.curve.events > 0].max()) for curves in panels for c in curves if c.curve is not None]
    return max(SHORTEST, 7.0 * math.ceil((max(latest, default=0.0) + 1) / 7))


def onset_chart(toxicity: str, curves: Sequence[DayCurve], *, dark: bool, x_max: float) -> Chart:
    """``curves``: the groups of one panel. Death without the toxicity competes."""
    panel = curves[0].panel
    missing = sum(c.n_missing for c in curves)
    frame = Frame(
        name=f"onset-{slug(toxicity)}-{slug(panel)}",
        title=f"{panel}: {toxicity} by day",
        below=f"cumulative incidence \u00b7 n = {sum(c.n for c in curves):,}" + (f" \u00b7 {missing:,} not used" if missing else ""),
        x_title="Days from infusion",
        alt=_alt(toxicity, curves),
        x_max=x_max,
    )
    chart = step_chart([_line(c, dark) for c in curves if c.n], frame, lambda: onset_table(curves), dark=dark, height=HEIGHT)
    ticks = np.arange(0.0, x_max + 1, 7.0 * max(1, math.ceil(x_max / 42)))
    _weeks(chart, ticks.tolist(), curves)
    return chart


def _weeks(chart: Chart, ticks: list[float], curves: Sequence[DayCurve]) -> None:
    """Ticks and numbers at risk at weeks, and days in the words under the pointer."""
    chart.layout["xaxis"] |= {"tickvals": ticks, "ticktext": [f"{t:g}" for t in ticks]}
    shown = iter([c for c in curves if c.n])
    for trace in chart.data:
        if "hovertemplate" in trace:
            trace["hovertemplate"] = trace["hovertemplate"].replace("%{x:.1f} months", "day %{x:.0f}")
        if trace.get("yaxis") == "y2":
            at_risk = _at_risk(next(shown))(ticks)
            trace |= {"x": ticks, "y": [trace["y"][0]] * len(ticks), "text": [f"{round(n):,}" for n in at_risk]}


def _at_risk(curve: DayCurve) -> Callable[[list[float]], list[float]]:
    def numbers_at(ticks: list[float]) -> list[float]:
        if curve.curve is None:
            return [float(curve.n)] * len(ticks)
        return [float(n) for n in curve.curve.at(ticks)["at_risk"]]

    return numbers_at


def _line(curve: DayCurve, dark: bool) -> StepLine:
    colour, dash = theme.ink(dark=dark).of_role(curve.role), theme.DASHES[curve.role]
    label = (curve.short, f"{curve.n_happened:,} of {curve.n:,}")
    found = curve.curve
    if found is None:
        flat, nothing = np.zeros(1), np.full(1, np.nan)
        return StepLine(label, colour, dash, np.array([curve.last]), flat, nothing, nothing, 0.0, _at_risk(curve))
    return StepLine(label, colour, dash, found.time, found.incidence, found.ci_low, found.ci_high, 0.0, _at_risk(curve))


def onset_table(curves: Sequence[DayCurve]) -> pd.DataFrame:
    """One row per group and day: group and the columns of the incidence, time in days."""
    frames = [c.curve.to_frame().assign(group=c.group) for c in curves if c.curve is not None]
    if not frames:
        return pd.DataFrame(columns=["group", "day", "incidence"])
    table = pd.concat(frames, ignore_index=True).rename(columns={"time": "day"})
    return table[["group", *(c for c in table.columns if c != "group")]]


def _alt(toxicity: str, curves: Sequence[DayCurve]) -> str:
    said = []
    for c in curves:
        share = fmt.percent(float(c.curve.incidence[-1])) if c.curve is not None else "nobody"
        said.append(f"{c.group}: {c.n_happened:,} of {c.n:,}, {share} in the end")
    return f"Cumulative incidence of {toxicity} by day, {curves[0].panel}. " + "; ".join(said) + "."
