"""What is shown of two compared products: caption, balance, histograms of scores and weights, tables."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cartograph import format as fmt
from cartograph.stats.balance import BALANCED
from cartograph.stats.evalue import EValue
from cartograph.stats.results import Estimate, Floats
from cartograph.stats.weighted_survival import WeightedCurve
from cartograph.views.baseline import CHANCE, Love, LoveRow
from cartograph.views.panels import MILESTONES
from cartograph.views.products import ADJUSTED, UNADJUSTED, Effects, ProductsResult, ratio_words

NAN = float("nan")
NAMED = 8  # covariates in the caption


def caption(result: ProductsResult) -> str:
    """The standing caption: not randomised, and what is adjusted for by name."""
    if result.weighted is None:
        return f"{UNADJUSTED}."
    named = list(result.labels.values())
    more = f"; and {len(named) - NAMED} more, listed below" if len(named) > NAMED else ""
    said = "; ".join(named[:NAMED]) + more
    return f"{UNADJUSTED}. After weighting: {ADJUSTED[:1].lower()}{ADJUSTED[1:]} ({said})."


def love_views(result: ProductsResult) -> tuple[Love, ...]:
    """What was adjusted for, and what was not: the differences of both before and after weighting."""
    names = ("unadjusted", "weighted" if result.weights is not None else "")
    rule = f", {result.group_rule}" if result.group_rule else ""
    below = f"{result.names[0]} and {result.names[1]}, n = {sum(result.n):,}{rule}"
    titles = {True: "Adjusted for", False: "Not adjusted for"}
    chance = CHANCE * math.sqrt(sum(1 / n for n in result.n)) if all(result.n) else NAN
    found = []
    for adjusted, title in titles.items():
        rows = tuple(LoveRow(r.label, r.before, r.after) for r in result.balance if r.adjusted == adjusted)
        if rows:
            found.append(Love(f"products-{'in' if adjusted else 'out'}", title, below, rows, names, chance=chance))
    return tuple(found)


def balance_words(result: ProductsResult) -> str:
    """How far apart the products are before and after weighting, in one sentence."""
    rows = result.balance
    adjusted = [r for r in rows if r.adjusted]
    if not adjusted or result.weights is None:
        far = sum(abs(r.before) > BALANCED for r in rows)
        return f"{far} of {len(rows)} baseline variables differ by more than {BALANCED:g} standard deviations."
    worst = max(adjusted, key=lambda r: abs(r.after))
    largest = f"at most {fmt.number(abs(worst.after), 2)}" if abs(worst.after) >= 0.01 else "less than 0.01"
    said = f"After weighting the covariates differ by {largest} standard deviations ({worst.label})"
    verdict = "balanced" if abs(worst.after) <= BALANCED else f"more than the usual limit of {BALANCED:g}: not balanced"
    others = [r for r in rows if not r.adjusted and abs(r.after) > BALANCED]
    count = f"{len(others)} variable{'' if len(others) == 1 else 's'}"
    verb = "was not adjusted for and differs" if len(others) == 1 else "were not adjusted for and differ"
    more = f" {count} {verb} by more than {BALANCED:g}." if others else ""
    return f"{said}, {verdict}.{more}"


# ---------------------------------------------------------------- overlap


@dataclass(frozen=True, slots=True, eq=False)
class Mirrored:
    """Two histograms over the same ``edges``: shares (0 to 1) of each product's patients. ``marks``: places worth a line."""

    key: str
    title: str
    subtitle: str
    axis: str
    names: tuple[str, str]
    n: tuple[int, int]
    edges: Floats
    first: Floats
    second: Floats
    marks: tuple[float, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row per bar: from, to, share of the first and of the second product."""
        columns = {"from": self.edges[:-1], "to": self.edges[1:], self.names[0]: self.first, self.names[1]: self.second}
        return pd.DataFrame(columns)


def score_histogram(result: ProductsResult) -> Mirrored | None:
    """Propensity scores of both products before trimming; lines at the ends of the common support. None without scores."""
    model = result.model
    if model is None or model.refused:
        return None
    support = model.support
    said = f"{_rule(result)}{fmt.percent(support.outside)} outside common support (lines)"
    edges = np.linspace(0, 1, 26)
    axis = f"probability of {result.names[0]} given the covariates"
    return _mirrored("propensity", "Propensity score", said, axis, (model.score, edges), result, (support.low, support.high))


def weight_histogram(result: ProductsResult) -> Mirrored | None:
    """Weights as they are used, each divided by the mean of its product, so that 1 = counts as one patient. None without weights."""
    made = result.weights
    if made is None:
        return None
    kept = made.weight > 0
    means = {part: float(made.weight[kept & (made.exposed == part)].mean()) for part in (True, False)}
    relative = np.where(made.exposed, made.weight / means[True], made.weight / means[False])
    top = max(2.0, math.ceil(float(relative.max()) * 2) / 2)
    one, two = (fmt.number(v, 3) for v in made.effective)
    said = f"{_rule(result)}effective {one} of {result.n[0]:,} and {two} of {result.n[1]:,}"
    values = np.where(kept, relative, NAN)
    return _mirrored("weights", "Weights", said, "weight, 1 = the mean of the product", (values, np.linspace(0, top, 25)), result, (1.0,))


def _rule(result: ProductsResult) -> str:
    return f"{result.group_rule}; " if result.group_rule else ""


def _mirrored(
    key: str, title: str, subtitle: str, axis: str, data: tuple[Floats, Floats], result: ProductsResult, marks: tuple[float, ...]
) -> Mirrored:
    values, edges = data
    parts = [values[part & np.isfinite(values)] for part in (result.exposed, ~result.exposed)]
    shares = [np.histogram(v, edges)[0] / max(len(v), 1) for v in parts]
    sizes = (len(parts[0]), len(parts[1]))
    return Mirrored(key, title, subtitle, axis, result.names, sizes, edges, shares[0], shares[1], marks)


# ---------------------------------------------------------------- tables


def effects_table(result: ProductsResult) -> pd.DataFrame:
    """Every comparison as text: what, unadjusted, weighted."""
    shown = [result.unadjusted, *([result.weighted] if result.weighted is not None else [])]
    rows: list[list[str]] = [["Patients", *(_patients(e, result) for e in shown)]]
    for place, name in enumerate(result.names):
        rows.append([f"Median {result.endpoint}, {name}", *(_median(e.curves[place]) for e in shown)])
    rows.append([f"HR, {result.names[0]} vs {result.names[1]}", *(ratio_words(e) for e in shown)])
    rows.append(["p of the HR (Wald)", *(_p(e.hazard_p, e.p_reason) for e in shown)])
    rows.append(["p of the log-rank test", *(_p(e.log_rank_p, e.p_reason) for e in shown)])
    mean = f"Mean time without event up to {fmt.number(result.tau)} months, difference"
    rows.append([mean, *(_or_why(fmt.months_difference, e.restricted_mean) for e in shown)])
    for place, month in enumerate(MILESTONES):
        rows.append(
            [f"{result.endpoint} at {month:g} months, difference", *(_or_why(fmt.points_with_limits, e.milestones[place]) for e in shown)]
        )
    rows.append(["E-value of the HR (of its nearer limit)", *(_e_words(e.e_value) for e in shown)])
    return pd.DataFrame(rows, columns=["", *(e.title for e in shown)])


def _or_why(words: Callable[[float, float, float], str], of: Estimate) -> str:
    """The number, or why there is none."""
    said = words(of.value, of.ci_low, of.ci_high)
    return said if math.isfinite(of.value) else f"{said}: {'; '.join(of.notes).replace('a group', 'a product')}"


def _patients(of: Effects, result: ProductsResult) -> str:
    counts = [c.curve.n for c in of.curves]
    if of is result.unadjusted:
        return " and ".join(f"{n:,}" for n in counts)
    effective = " and ".join(fmt.number(c.effective, 3) for c in of.curves)
    return f"{counts[0]:,} and {counts[1]:,}; effective {effective}"


def _median(of: WeightedCurve) -> str:
    found = of.curve.quantile(0.5)
    return fmt.median_with_limits(found.value, found.ci_low, found.ci_high)


def _p(p: float, reason: str) -> str:
    return f"withheld: {reason}" if reason else fmt.p_value(p)


def _e_words(of: EValue) -> str:
    if not math.isfinite(of.value):
        return fmt.NOT_ESTIMABLE
    return f"{fmt.ratio(of.value)} ({fmt.ratio(of.limit) if math.isfinite(of.limit) else fmt.NOT_ESTIMABLE})"


def effects_frame(result: ProductsResult) -> pd.DataFrame:
    """Every comparison as numbers: analysis, quantity, value, ci_low, ci_high, p_value, n, events; first against second product."""
    rows = []
    for of in (result.unadjusted, result.weighted):
        if of is None:
            continue
        named: list[tuple[str, Estimate, float]] = [("hazard ratio", of.hazard_ratio, of.hazard_p)]
        named.append((f"restricted mean difference to {result.tau:g} months", of.restricted_mean, NAN))
        named += [(f"survival difference at {m:g} months", e, NAN) for m, e in zip(MILESTONES, of.milestones, strict=True)]
        for quantity, e, p in named:
            rows.append([of.title, quantity, e.value, e.ci_low, e.ci_high, p, e.n, e.events, e.method])
        rows.append([of.title, "log-rank test", NAN, NAN, NAN, of.log_rank_p, of.hazard_ratio.n, of.hazard_ratio.events, "log-rank"])
        rows.append(
            [
                of.title,
                "E-value",
                of.e_value.value,
                of.e_value.limit,
                NAN,
                NAN,
                of.hazard_ratio.n,
                of.hazard_ratio.events,
                of.e_value.method,
            ]
        )
    return pd.DataFrame(rows, columns=["analysis", "quantity", "value", "ci_low", "ci_high", "p_value", "n", "events", "method"])
