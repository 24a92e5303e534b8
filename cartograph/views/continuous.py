"""The marker of a view kept continuous, beside the split at its cutoff: what cutting costs, and what cannot be said."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph import format as fmt
from cartograph.cohort.model import Column
from cartograph.stats.continuous import FEW_EVENTS, ContinuousEffect, SplitCost, continuous_effect, split_cost
from cartograph.stats.results import Floats
from cartograph.views.board import Board
from cartograph.views.explore import Distribution, ExploreView, Marker
from cartograph.views.panels import MIN_FOR_P

Mask = npt.NDArray[np.bool_]
CHOSEN_BY_SEEING = ("hand", "link", "searched")  # origins of a cutoff that somebody may have picked with the outcome before their eyes
FLAT = 0.005  # a difference of two C that rounds to 0.00


@dataclass(frozen=True, slots=True, eq=False)
class ContinuousView:
    """One marker and one endpoint in one panel.

    ``value``: the marker of each patient, ascending; ``had_event``: True = event; both of the ``n`` patients with marker and endpoint,
    ``n_missing`` more have not both. ``distribution``: of the marker in everybody, whose axis the figure shares. ``step_words``: what the
    hazard ratio is per: "per doubling", "per 12.5 µg/L (one standard deviation)". ``finding``, ``shape``, ``cost``: one sentence each:
    the hazard ratio, line or bend, what cutting costs. ``cautions``: what may not be concluded.
    """

    column: Column
    marker: Marker
    endpoint_label: str
    panel: str
    distribution: Distribution
    n: int
    n_missing: int
    value: Floats
    had_event: Mask
    effect: ContinuousEffect
    split: SplitCost
    step_words: str
    finding: str
    shape: str
    cost: str
    cautions: tuple[str, ...] = ()

    @property
    def method(self) -> str:
        """How the numbers were made."""
        return f"{self.effect.line.method}, Wald limits; {self.split.method}"

    @property
    def notes(self) -> tuple[str, ...]:
        """The cautions."""
        return self.cautions

    def to_frame(self) -> pd.DataFrame:
        """The curve: one row per marker value, see ``EffectCurve.to_frame``."""
        return self.effect.to_frame()


def continuous(
    board: Board,
    view: ExploreView,
    *,
    panel: str = "all",
    marker: int = 0,
    knots: int = 4,
    reference: Literal["median", "cutoff"] = "median",
) -> ContinuousView:
    """The effect of marker number ``marker`` of ``view`` on its endpoint in the panel with key ``panel``.

    Everybody of the panel with this marker and the endpoint counts, whether another marker was measured or not. ``reference``: the
    marker value with hazard ratio 1. Line and spline use the logarithm where the column is shown on a log axis and all values are
    above 0. ValueError for a panel or marker that the view does not have.
    """
    table = next((t for t in board.tables if t.key == panel), None)
    if table is None:
        raise ValueError(f"panel must be one of {', '.join(t.key for t in board.tables)}; got {panel!r}")
    if not 0 <= marker < len(view.markers):
        raise ValueError(f"marker must be a position in the {len(view.markers)} markers of the view; got {marker}")
    column, chosen, values = board.columns[marker], view.markers[marker], board.values[marker]
    known = np.flatnonzero(table.member & np.isfinite(board.time) & np.isfinite(values))
    known = known[np.argsort(values[known], kind="stable")]
    value, time, event = values[known], board.time[known], board.event[known]
    at = chosen.cutoff if reference == "cutoff" else None
    effect = continuous_effect(value, time, event, log2=column.log_scale, knots=knots, reference=at)
    split = split_cost(effect, value, time, event, chosen.cutoff)
    step, label = _step_words(effect, column), board.cohort.endpoints[board.endpoint].label
    return ContinuousView(
        column=column,
        marker=chosen,
        endpoint_label=label,
        panel=table.title,
        distribution=board.distributions[marker],
        n=len(known),
        n_missing=int(table.member.sum()) - len(known),
        value=value,
        had_event=event == 1,
        effect=effect,
        split=split,
        step_words=step,
        finding=_finding(effect, column, label, step),
        shape=_shape(effect, column),
        cost=_cost(split, chosen, column),
        cautions=_cautions(effect, split, chosen, column),
    )


def _unit(column: Column) -> str:
    return f" {column.unit}" if column.unit else ""


def _step_words(effect: ContinuousEffect, column: Column) -> str:
    if effect.scale == "doubling":
        return "per doubling"
    spread = " (one standard deviation)" if effect.scale == "sd" else ""
    return f"per {fmt.number(effect.step, 3)}{_unit(column)}{spread}"


def _finding(effect: ContinuousEffect, column: Column, endpoint: str, step: str) -> str:
    """Say it like 'Ferritin, day 0 without a cutoff: PFS, HR 1.2 (1.1–1.4) per doubling, Wald p = 0.003; 52 patients, 30 events.'."""
    start = f"{column.label} without a cutoff: {endpoint}, "
    counted = f"{fmt.patients(effect.n)}, {_events(effect.events)}"
    line = effect.line
    if math.isnan(line.value):
        return f"{start}no hazard ratio: {'; '.join(line.notes)} ({counted})."
    ratio = fmt.ratio_with_limits(line.value, line.ci_low, line.ci_high)
    p = f"p not given: fewer than {MIN_FOR_P} patients" if effect.n < MIN_FOR_P else f"Wald {fmt.p_equals(line.p_value)}"
    return f"{start}HR {ratio} {step}, {p}; {counted}."


def _events(n: int) -> str:
    return f"{n:,} event{'' if n == 1 else 's'}"


def _shape(effect: ContinuousEffect, column: Column) -> str:
    """Whether the effect is a straight line on its scale."""
    test = effect.nonlinearity
    if math.isnan(test.p_value):
        return f"Whether the effect bends cannot be said: {'; '.join(test.notes)}."
    knots = ", ".join(fmt.number(k, 3) for k in effect.knots)
    tested = f"likelihood ratio {fmt.p_equals(test.p_value)}, natural spline with knots at {knots}{_unit(column)}"
    if test.p_value < 0.05:
        return f"The effect bends ({tested}): the hazard ratio {_of_line(effect)} averages over the bend, so read the curve."
    return f"No sign of a bend ({tested}); with {_events(effect.events)} a slight one would be missed."


def _of_line(effect: ContinuousEffect) -> str:
    return "per doubling" if effect.scale == "doubling" else "of the straight line"


def _cost(split: SplitCost, marker: Marker, column: Column) -> str:
    """Concordance of the marker kept continuous against the split."""
    found = split.difference
    if math.isnan(found.value):
        return f"What cutting costs cannot be said: {'; '.join(split.notes or found.notes)}."
    at = f"{fmt.number(marker.cutoff)}{_unit(column)}"
    both = f"C-index {fmt.concordance(split.c_line.value)} continuous, {fmt.concordance(split.c_split.value)} split at {at}"
    difference = f"difference {fmt.concordance_with_limits(found.value, found.ci_low, found.ci_high)}"
    if split.notes:
        return f"{both}: {'; '.join(split.notes)}."
    if split.c_line.events < FEW_EVENTS:
        return f"Too few events to judge what dichotomising costs: {both}; {difference}."
    if found.value > FLAT:
        certain = "" if found.ci_low > 0 else ", which may be chance"
        return f"Dichotomising costs this much: {both}; {difference}{certain}."
    if found.value < -FLAT:
        why = "a step fits these patients better than a straight line" if found.ci_high < 0 else "which may be chance"
        return f"Dichotomising shows no cost here: {both}; {difference}, {why}."
    return f"Dichotomising changes little here: {both}; {difference}."


def _cautions(effect: ContinuousEffect, split: SplitCost, marker: Marker, column: Column) -> tuple[str, ...]:
    found = [f"{note[0].upper()}{note[1:]}." for note in effect.notes]
    if 0 < effect.events < FEW_EVENTS:
        found.append(f"With {_events(effect.events)} neither the shape of the effect nor the cost of a cutoff can be judged.")
    if marker.origin in CHOSEN_BY_SEEING and not split.notes:
        found.append(
            "The cutoff may have been chosen after seeing the outcome: that flatters the split, so cutting may cost more than is shown."
        )
    if not math.isnan(effect.c_spline.value) and effect.c_spline.value - effect.c_line.value > FLAT:
        found.append(
            f"The C-index of the curve, {fmt.concordance(effect.c_spline.value)}, is flattered: the curve was fitted to these patients."
        )
    if column.timing in ("post-infusion", "outcome"):
        found.append(f"{column.label} is known only after infusion: patients had to live to reach it, so time from infusion is biased.")
    return tuple(found)
