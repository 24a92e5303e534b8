"""How fast a depth of response is reached: the share of the infused so far, and its cumulative incidence."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from cartograph import format as fmt
from cartograph.charts import theme
from cartograph.charts.incidence import Frame, StepLine, slug, step_chart
from cartograph.charts.spec import Chart
from cartograph.views.response_page import ShareCurve

HEIGHT = 380


def share_chart(curves: Sequence[ShareCurve], *, dark: bool, x_max: float) -> Chart:
    """Best response so far: share of all infused patients of the panel, with exact limits. ``curves``: those of one panel."""
    lines = [_observed(c, k, dark, len(curves)) for k, c in enumerate(curves) if c.n]
    first = curves[0]
    frame = Frame(
        name=f"best-response-so-far-{slug(first.panel)}",
        title=first.panel,
        below=f"{_what(curves)} so far \u00b7 % of {_infused(curves)} infused",
        x_title="Months from infusion",
        alt=_alt("Best response so far", curves),
        x_max=x_max,
    )
    return step_chart(lines, frame, lambda: share_table(curves), dark=dark, height=HEIGHT)


def reach_chart(curves: Sequence[ShareCurve], *, dark: bool, x_max: float, ends: str) -> Chart:
    """Cumulative incidence of reaching the level with ``ends`` (progression or death) competing. ``curves``: those of one panel."""
    lines = [_estimated(c, k, dark, len(curves)) for k, c in enumerate(curves) if c.n]
    first = curves[0]
    frame = Frame(
        name=f"time-to-response-{slug(first.panel)}",
        title=first.panel,
        below=f"time to {_what(curves)} \u00b7 {ends} competing",
        x_title="Months from infusion",
        alt=_alt("Cumulative incidence of response", curves),
        x_max=x_max,
    )
    return step_chart(lines, frame, lambda: reach_table(curves), dark=dark, height=HEIGHT)


def _what(curves: Sequence[ShareCurve]) -> str:
    levels = list(dict.fromkeys(c.label for c in curves))
    return levels[0] if len(levels) == 1 else "three depths"


def _infused(curves: Sequence[ShareCurve]) -> str:
    return f"{curves[0].n:,}" if len({c.level for c in curves}) > 1 else f"{sum(c.n for c in curves):,}"


def _style(curve: ShareCurve, place: int, dark: bool, of_levels: bool) -> tuple[str, theme.Dash, tuple[str, ...]]:
    """Colour, dash and label: of the marker group, or of the depth where all patients are together."""
    reached = f"{curve.n_reached:,} of {curve.n:,}"
    if not of_levels:
        return theme.ink(dark=dark).of_role(curve.role), theme.DASHES[curve.role], (curve.short, reached)
    colours = theme.ink(dark=dark)
    paints: tuple[tuple[str, theme.Dash], ...] = ((colours.mixed, "dot"), (colours.low, "dash"), (colours.all, "solid"))
    colour, dash = paints[place % len(paints)]
    return colour, dash, (curve.label.replace("or better", "+"), reached)


def _observed(curve: ShareCurve, place: int, dark: bool, n_curves: int) -> StepLine:
    colour, dash, label = _style(curve, place, dark, n_curves > 1 and not place_is_group(curve))

    def at_risk(ticks: list[float]) -> list[float]:
        return [float((curve.at_risk >= t).sum()) for t in ticks]

    below = at_risk if place_is_group(curve) or not place else None
    return StepLine(label, colour, dash, curve.time, curve.share, curve.ci_low, curve.ci_high, 0.0, below)


def place_is_group(curve: ShareCurve) -> bool:
    """True where the curve is that of a marker group, False where it is a depth of all patients."""
    return curve.role != "all"


def _estimated(curve: ShareCurve, place: int, dark: bool, n_curves: int) -> StepLine:
    colour, dash, label = _style(curve, place, dark, n_curves > 1 and not place_is_group(curve))
    half = f"half by {fmt.months(curve.half)} mo" if math.isfinite(curve.half) else "under half"
    label = (label[0], half)
    found = curve.incidence
    if found is None:
        end = float(curve.at_risk[-1]) if len(curve.at_risk) else 0.0
        flat, nothing = np.zeros(1), np.full(1, np.nan)
        return StepLine((label[0], "nobody"), colour, dash, np.array([end]), flat, nothing, nothing, 0.0)

    def at_risk(ticks: list[float]) -> list[float]:
        return [float(n) for n in found.at(ticks)["at_risk"]]

    below = at_risk if place_is_group(curve) or not place else None
    return StepLine(label, colour, dash, found.time, found.incidence, found.ci_low, found.ci_high, 0.0, below)


def share_table(curves: Sequence[ShareCurve]) -> pd.DataFrame:
    """One row per curve and step: level, group, month, patients, share, limits."""
    frames = [
        pd.DataFrame(
            {
                "level": c.label, "group": c.group, "month": c.time, "infused": c.n, "share": c.share, "ci_low": c.ci_low,
                "ci_high": c.ci_high,
            }
        )
        for c in curves
    ]  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def reach_table(curves: Sequence[ShareCurve]) -> pd.DataFrame:
    """One row per curve and step of the cumulative incidence: level, group and the columns of the incidence."""
    frames = [c.incidence.to_frame().assign(level=c.label, group=c.group) for c in curves if c.incidence is not None]
    if not frames:
        return pd.DataFrame(columns=["level", "group", "time", "incidence"])
    table = pd.concat(frames, ignore_index=True)
    return table[["level", "group", *(c for c in table.columns if c not in ("level", "group"))]]


def _alt(what: str, curves: Sequence[ShareCurve]) -> str:
    said = [f"{c.group}, {c.label}: {c.n_reached:,} of {c.n:,}" for c in curves]
    return f"{what}, {curves[0].panel}. " + "; ".join(said) + "."
