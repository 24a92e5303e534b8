"""Sentences and tables of competing risks: the same for every endpoint."""

from __future__ import annotations

import html
import math

import numpy as np
import pandas as pd

from cartograph import format as fmt
from cartograph.views.competing import CausePanel
from cartograph.views.explore import Comparison
from components.text import html_table


def comparison_markup(panel: CausePanel) -> list[str]:
    """Gray's p, the log-rank p of any cause and every hazard ratio, line by line, as safe markup."""
    lines = [_p_line(found) for found in (panel.gray, panel.log_rank) if found is not None]
    if panel.ratios:
        lines.append(f"{html.escape(panel.names[panel.of][:1].upper() + panel.names[panel.of][1:])}:")
    return [*lines, *(_ratio_line(found) for found in panel.ratios)]


def _p_line(found: Comparison) -> str:
    name = html.escape(found.label[:1].upper() + found.label[1:])
    if math.isnan(found.p_value):
        return f"{name}: p not given ({html.escape(found.reason)})"
    return f"{name}: <strong>{html.escape(fmt.p_equals(found.p_value))}</strong>"


def _ratio_line(found: Comparison) -> str:
    e = found.estimate
    if e is None or math.isnan(e.value):
        reason = "; ".join(e.notes) if e is not None and e.notes else found.reason
        return f"{html.escape(found.label)}: {fmt.NOT_ESTIMABLE} ({html.escape(reason)})"
    p = f", {found.test} {fmt.p_equals(found.p_value)}" if math.isfinite(found.p_value) else f"; p not given ({found.reason})"
    return (
        f"{html.escape(found.label)}: <strong>{html.escape(fmt.ratio_with_limits(e.value, e.ci_low, e.ci_high))}</strong>{html.escape(p)}"
    )


def rates_table(panels: list[CausePanel], *, origin: str = "infusion") -> str:
    """Cumulative incidence of each cause in each group at some months from ``origin``; which panel is said where there are several."""
    rows = []
    several = len({panel.title for panel in panels}) > 1
    for panel in panels:
        sizes = {rule.label: n for rule, n in zip(panel.groups, panel.sizes, strict=True)}
        ended = {rule.label for rule, curve in zip(panel.groups, panel.curves, strict=True) if np.any(curve.survival == 0)}
        for (group, cause), found in panel.rates.groupby(["group", "cause"], sort=False):
            first = {"Panel": panel.title} if several else {}
            row = {**first, "Group": str(group), "n": f"{sizes[str(group)]:,}", "Cause": str(cause)}
            numbers = found[["months", "incidence", "ci_low", "ci_high"]].to_numpy(dtype=np.float64).tolist()
            row |= {f"{month:g} mo": _rate(*limits, over=str(group) in ended) for month, *limits in numbers}
            rows.append(row)
    return html_table(pd.DataFrame(rows), numeric=["n"], name=f"Cumulative incidence, months from {origin}") if rows else ""


def _rate(value: float, low: float, high: float, *, over: bool) -> str:
    """``over``: True = nobody was left in the end, as all had an event: follow-up was long enough."""
    if math.isnan(value):
        return "all had an event" if over else "beyond follow-up"
    return fmt.percent(value) if math.isnan(low) or math.isnan(high) else fmt.percent_with_limits(value, low, high)
