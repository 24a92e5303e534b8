"""Explore's sentences and the texts of its tables. The only mark in them is <strong>; every word that may come from a file is escaped."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

import pandas as pd

from cartograph import format as fmt
from cartograph.stats.results import Estimate
from cartograph.views.explore import Comparison, ExploreResult, Group, GroupHead, PanelHead

LONGEST_LABEL = 44
CAUTION = "Side by side is not adjusted and not randomised."


def finding(result: ExploreResult) -> str:
    """One sentence: the high group, its size, medians, HR; 'unadjusted' is said where products stand side by side."""
    return finding_of(result.panels[0], result.endpoint_label)


def finding_of(panel: PanelHead, endpoint: str) -> str:
    """The sentence of one panel, also at a stop of a cutoff that is dragged."""
    if not panel.groups:
        return html.escape(f"No patient is left to show {endpoint} of.")
    if len(panel.groups) == 1:
        only = panel.groups[0]
        return html.escape(f"{endpoint} of {fmt.patients(only.n)}, {fmt.events(only.events)}: median {_median(only)}.")
    high = next((g for g in panel.groups if g.role == "high"), panel.groups[-1])
    low = next((g for g in panel.groups if g.role == "low"), panel.groups[0])
    words = f"{high.label} ({high.n} of {panel.n}): median {endpoint} {_median(high)} against {_median(low)}"
    ratio = _first_estimable(panel.hazard_ratios)
    effect = f"; {_named(ratio)} {_estimate(ratio)}" if ratio is not None else ""
    return f"<strong>{html.escape(words)}</strong>{html.escape(effect)}, unadjusted."


def _first_estimable(ratios: Sequence[Comparison]) -> Comparison | None:
    """Cox's ratio, or the first of the others where Cox has none; Cox's, with its reason, where nobody has one."""
    known = (r for r in ratios if r.estimate is not None and not math.isnan(r.estimate.value))
    return next(known, ratios[0] if ratios else None)


def _named(ratio: Comparison) -> str:
    """'HR high vs low', with the method where it is not Cox's."""
    whom, _, method = ratio.label.partition(", ")
    return whom if method.startswith("Cox") else f"{whom} ({method})"


def _median(group: GroupHead) -> str:
    value = group.median.value
    if not group.n:
        return "not estimable (nobody)"
    return fmt.NOT_REACHED if math.isnan(value) or math.isinf(value) else f"{value:.1f} months"


def _median_with_limits(group: Group) -> str:
    if not group.n:
        return fmt.NOT_ESTIMABLE
    return fmt.median_with_limits(group.median.value, group.median.ci_low, group.median.ci_high)


def _estimate(comparison: Comparison) -> str:
    if comparison.estimate is None:
        return f"not given ({comparison.reason})"
    e = comparison.estimate
    if math.isnan(e.value):
        return f"{fmt.NOT_ESTIMABLE} ({'; '.join(e.notes) or comparison.reason})"
    return fmt.ratio_with_limits(e.value, e.ci_low, e.ci_high)


def flow_line(result: ExploreResult) -> str:
    """'52 uploaded → 50 with PFS → 47 with ferritin'."""
    return " \u2192 ".join(f"{step.n:,} {html.escape(step.label)}" for step in result.flow)


def interaction_line(result: ExploreResult) -> str:
    """Whether the effect differs between products, and the standing caution."""
    found = result.interaction
    if found is None:
        return CAUTION
    name = html.escape(found.label[:1].upper() + found.label[1:])
    if math.isnan(found.p_value):
        return f"{name}: p not given: {html.escape(found.reason)}. {CAUTION}"
    p = html.escape(fmt.p_equals(found.p_value))
    return f"{name}: <strong>{p}</strong> ({html.escape(found.test)}). {CAUTION}"


def comparison_lines(panel: PanelHead) -> list[str]:
    """Log-rank p and the hazard ratios of a panel, each named, line by line."""
    lines = []
    if len(panel.groups) > 1:
        lines.append(_p_line(panel.log_rank, len(panel.groups)))
        lines += [_ratio_line(c, first=not position) for position, c in enumerate(panel.hazard_ratios)]
    if panel.n_missing:
        lines.append(html.escape(f"{fmt.patients(panel.n_missing)} not shown: endpoint or biomarker not known"))
    lines += [html.escape(note) for note in panel.notes]
    return lines


def _ratio_line(found: Comparison, *, first: bool) -> str:
    """One hazard ratio; its p only where the test is not the log-rank test of the line above."""
    direction, _, method = found.label.partition(", ")
    name = f"{direction}, {method}" if first else method
    p = "" if math.isnan(found.p_value) or found.test == "log-rank" else html.escape(f", {found.test} {fmt.p_equals(found.p_value)}")
    return f"{html.escape(name)}: <strong>{html.escape(_estimate(found))}</strong>{p}"


def _p_line(comparison: Comparison, groups: int) -> str:
    """The p of a test of all groups; it says how many where the hazard ratio below it compares only two of them."""
    name = comparison.test[:1].upper() + comparison.test[1:] + (f" of all {groups} groups" if groups > 2 else "")
    if math.isnan(comparison.p_value):
        return html.escape(f"{name} p not given: {comparison.reason}")
    return f"{html.escape(name)} <strong>{html.escape(fmt.p_equals(comparison.p_value))}</strong>"


def summary_frame(result: ExploreResult) -> pd.DataFrame:
    """One row per panel and group, as texts: n, events, median, survival at 6, 12, 24 months, follow-up, best response."""
    best = {(r.panel, r.group): r for r in result.responses if r.visit == "Best"}
    rows = []
    for panel in result.panels:
        for group in panel.groups:
            response = best.get((panel.title, group.short))
            rows.append(
                {
                    "Panel": panel.title,
                    "Group": group.label if len(group.label) <= LONGEST_LABEL else group.short,
                    "n": f"{group.n:,}",
                    "Events": f"{group.events:,}",
                    f"Median {result.endpoint_label} (95 % CI)": _median_with_limits(group),
                    **_milestones(group, result.endpoint_label),
                    "Follow-up, median": _follow_up(group),
                    "ORR, best": _rate(response.orr, response.evaluable) if response else "",
                    "CR rate, best": _rate(response.cr_rate, response.evaluable) if response else "",
                }
            )
    return pd.DataFrame(rows).drop(columns=[] if result.responses else ["ORR, best", "CR rate, best"], errors="ignore")


def _follow_up(group: Group) -> str:
    if not group.n:
        return fmt.NOT_ESTIMABLE
    return fmt.months(group.follow_up.value) + (" mo" if math.isfinite(group.follow_up.value) else "")


def _rate(rate: Estimate, evaluable: int) -> str:
    if not evaluable:
        return fmt.NOT_ESTIMABLE
    return f"{fmt.percent_with_limits(rate.value, rate.ci_low, rate.ci_high, evaluable)} of {evaluable:,}"


def _milestones(group: Group, endpoint: str) -> dict[str, str]:
    columns = (group.milestones[name].tolist() for name in ("time", "survival", "ci_low", "ci_high"))
    texts = {}
    for month, survival, low, high in zip(*columns, strict=True):
        absent = "beyond follow-up" if group.n else fmt.NOT_ESTIMABLE
        words = fmt.percent_with_limits(survival, low, high, group.n) if math.isfinite(survival) else absent
        texts[f"{endpoint} at {month:g} mo"] = words
    return texts
