"""Two products compared: as they are, and after weighting their patients alike in what was measured before infusion."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph import format as fmt
from cartograph.cohort.filters import apply_filters
from cartograph.cohort.model import Cohort, Column
from cartograph.stats.balance import difference_of_categories, difference_of_numbers
from cartograph.stats.compare import log_rank
from cartograph.stats.design import Covariate, present_levels
from cartograph.stats.evalue import COMMON, EValue, e_value
from cartograph.stats.hazard import hazard_ratio
from cartograph.stats.results import Estimate, Floats
from cartograph.stats.weighted_survival import (
    WeightedCurve,
    restricted_mean_difference,
    survival_difference,
    weighted_hazard_ratio,
    weighted_kaplan_meier,
    weighted_log_rank,
)
from cartograph.stats.weights import FEW, Propensity, Target, Trim, Weights, propensity, weights
from cartograph.views.board import axis_end
from cartograph.views.explore import Comparison, ExploreView, Group, Panel, Role
from cartograph.views.forest import Forest, Row
from cartograph.views.grouping import GroupRule, grouping
from cartograph.views.names import short_names
from cartograph.views.panels import MILESTONES, MIN_FOR_P, TOO_FEW, withheld
from cartograph.views.regression import FIRST_COLUMNS

NAN = float("nan")
Mask = npt.NDArray[np.bool_]
UNADJUSTED = "Unadjusted, not randomised"
ADJUSTED = "Adjusted for the named covariates only, not randomised"
MOST_MISSING = 0.2  # share of patients without a covariate, from which it is not proposed
TAUS = (60.0, 48.0, 36.0, 30.0, 24.0, 18.0, 12.0, 6.0, 3.0, 1.0)  # months
ROLES: tuple[Role, Role] = ("high", "low")  # colours of the first and the second product
TARGETS: tuple[Target, ...] = ("ate", "att", "overlap", "matching")
EVERYBODY = "everybody"
IN_TITLE = 18  # letters of each of two names in the heading of a narrow figure
INFUSED_COLUMNS = ("infused", "car_t_infused", "infusion_given", "infusion_done")


@dataclass(frozen=True, slots=True)
class ProductsChoice:
    """The page's own choices. Ratios and differences are ``first`` against ``second`` (levels of the view's split column).

    ``among``: role of the marker group that is compared, "everybody" = all. ``tau``: end of the restricted mean in months, 0 = the longest
    of the usual ones that both products are followed to.
    """

    first: str
    second: str
    covariates: tuple[str, ...]
    target: Target = "overlap"
    trim: Trim = "none"
    tau: float = 0.0
    among: str = EVERYBODY


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """All that compares the two products once: with or without weights. ``curves``: first, second product.

    ``p_reason``: why p values are withheld, "" = they are given.
    """

    title: str
    caption: str
    curves: tuple[WeightedCurve, WeightedCurve]
    hazard_ratio: Estimate
    hazard_p: float
    log_rank_p: float
    p_reason: str
    restricted_mean: Estimate
    milestones: tuple[Estimate, ...]
    e_value: EValue
    panel: Panel


@dataclass(frozen=True, slots=True, eq=False)
class ProductsResult:
    """The page's answer. ``weighted``, ``weights`` None = no weights, ``why_not`` says why.

    ``n``: patients of first and second product in the comparison; ``n_missing``: without the endpoint or the marker. ``row``: places of the
    compared patients in the filtered cohort. ``cautions``: what must be known before believing it.
    """

    choice: ProductsChoice
    endpoint: str
    names: tuple[str, str]
    n: tuple[int, int]
    events: tuple[int, int]
    n_missing: int
    group_rule: str
    tau: float
    x_max: float
    rows: npt.NDArray[np.int64]
    time: Floats
    event: Floats
    exposed: Mask
    unadjusted: Effects
    weighted: Effects | None
    model: Propensity | None
    weights: Weights | None
    balance: tuple[BalanceRow, ...]
    targets: Forest
    labels: dict[str, str]
    why_not: str
    sentence: str
    cautions: tuple[str, ...]
    notes: tuple[str, ...]
    infusion: str

    @property
    def weighting(self) -> str:
        """The weights in words, "" without."""
        return target_words(self.choice.target, self.names) if self.weights is not None else ""


# ---------------------------------------------------------------- what can be chosen


def refusal(cohort: Cohort, view: ExploreView) -> str:
    """Why nothing can be compared, or ""."""
    if not cohort.endpoints:
        return "A comparison needs an outcome. Name a time and an event for this cohort under Data."
    if not view.split:
        return "Nothing stands side by side. Choose the product, or what else is to be compared, in the sidebar."
    column = cohort.columns[view.split]
    if column.timing in ("post-infusion", "outcome"):
        return f"{column.label} is known only after infusion, so patients had to live to be counted in it: no comparison from infusion on."
    kept = apply_filters(cohort, view.filters)
    if not kept.n:
        return "No patient passes the filters. Remove one in the sidebar."
    found = levels(kept, view)
    if len(found) < 2:
        only = f" Everybody has {found[0]}." if found else ""
        return f"{column.label} has one level in these patients, so there is nothing to compare it with.{only}"
    return ""


def levels(cohort: Cohort, view: ExploreView) -> tuple[str, ...]:
    """Levels of the split column that occur after the filters, in the column's order."""
    return tuple(str(v) for v in present_levels(apply_filters(cohort, view.filters).patients[view.split]))


def offered_covariates(cohort: Cohort, view: ExploreView) -> tuple[Column, ...]:
    """Columns known before infusion that differ between patients, without the column that is compared."""
    found = cohort.columns_of("number", "category", "flag")
    return tuple(
        c
        for c in found
        if c.timing == "baseline" and c.key not in (view.split, "product") and len(present_levels(cohort.patients[c.key])) > 1
    )


def default_choice(cohort: Cohort, view: ExploreView, *, first: str = "", second: str = "", among: str = EVERYBODY) -> ProductsChoice:
    """The two largest products (the earlier one is the reference) and the usual covariates that their patients can bear.

    A covariate is proposed where fewer than 20 % of the patients lack it, no value of it occurs in one product only, and 5 patients of the
    smaller product stand behind each parameter.
    """
    kept = apply_filters(cohort, view.filters)
    if not (first and second):
        sizes = kept.patients[view.split].astype(str).value_counts()
        present = levels(cohort, view)
        second, first = (level for level in present if level in sorted(present, key=lambda v: -sizes.get(v, 0))[:2])
    used = _used(kept, view, ProductsChoice(first, second, (), among=among))
    return ProductsChoice(first, second, _affordable(kept, view, used), among=among)


def _affordable(cohort: Cohort, view: ExploreView, used: _Used) -> tuple[str, ...]:
    offered = {c.key: c for c in offered_covariates(cohort, view)}
    patients = cohort.patients.iloc[used.rows].reset_index(drop=True)
    markers = [m.column for m in view.markers]
    usual = [key for key in dict.fromkeys([*FIRST_COLUMNS, *markers, *offered]) if key in offered]
    room = min(int(used.exposed.sum()), int((~used.exposed).sum())) / FEW
    spent, found = 0, []
    for key in usual:
        if patients[key].isna().mean() >= MOST_MISSING or len(present_levels(patients[key])) < 2:
            continue
        covariate = _covariate(offered[key], patients[key])
        alone = propensity(patients, used.exposed, [covariate])
        if alone.refused or spent + alone.parameters > room:
            continue
        found.append(key)
        spent += alone.parameters
    while found:
        model = propensity(patients, used.exposed, [_covariate(offered[key], patients[key]) for key in found])
        if not model.separated:
            break
        found = [key for key in found if key != model.separated[-1]]
    return tuple(found)


def _covariate(column: Column, series: pd.Series) -> Covariate:
    """Measured values on a log scale enter per doubling where all are above 0, other numbers as they are, the rest as levels."""
    if column.kind != "number":
        return Covariate(column.key, "levels")
    values = series.to_numpy(dtype=np.float64)
    positive = bool((values[np.isfinite(values)] > 0).all())
    return Covariate(column.key, "doubling" if column.log_scale and positive else "unit")


def target_words(target: Target, names: tuple[str, str]) -> str:
    """What the weights make of the patients: 'overlap weights: patients who could have had either'."""
    return {
        "ate": "inverse-probability weights: all patients",
        "att": f"ATT weights: patients like those of {names[0]}",
        "overlap": "overlap weights: patients who could have had either",
        "matching": "matching weights: patients as in matched pairs",
    }[target]


# ---------------------------------------------------------------- who is compared


class _Used(NamedTuple):
    """Patients of both products with endpoint and marker group: places in the cohort, endpoint, True = first product."""

    rows: npt.NDArray[np.int64]
    time: Floats
    event: Floats
    exposed: Mask
    n_missing: int
    rule: str


def group_rules_of(cohort: Cohort, view: ExploreView) -> tuple[GroupRule, ...]:
    """The marker groups of the view; () without a marker."""
    return _grouped(cohort, view)[1] if view.markers else ()


def _grouped(cohort: Cohort, view: ExploreView) -> tuple[npt.NDArray[np.int64], tuple[GroupRule, ...]]:
    columns = [cohort.columns[m.column] for m in view.markers]
    values = [cohort.patients[c.key].to_numpy(dtype=np.float64) for c in columns]
    made = grouping(values, view.markers, columns, view.combine)
    return made.codes, made.rules


def _used(cohort: Cohort, view: ExploreView, choice: ProductsChoice) -> _Used:
    split = cohort.patients[view.split].astype(object)
    product = split.where(split.notna(), "").astype(str).to_numpy()
    time, event = cohort.survival(view.endpoint)
    inside = (product == choice.first) | (product == choice.second)
    known, rule = np.isfinite(time), ""
    if choice.among != EVERYBODY and view.markers:
        codes, rules = _grouped(cohort, view)
        wanted = next((r for r in rules if r.role == choice.among), rules[0])
        known, rule = known & (codes >= 0), wanted.label
        inside &= (codes < 0) | (codes == wanted.code)
    rows = np.flatnonzero(inside & known)
    return _Used(rows, time[rows], event[rows], product[rows] == choice.first, int((inside & ~known).sum()), rule)


# ---------------------------------------------------------------- the answer


def compare_products(cohort: Cohort, view: ExploreView, choice: ProductsChoice) -> ProductsResult:
    """Both products, unadjusted and weighted.

    ValueError where ``refusal`` has a reason, for a level that nobody has and for covariates that are known only after infusion.
    """
    reason = refusal(cohort, view)
    if reason:
        raise ValueError(reason)
    kept = apply_filters(cohort, view.filters)
    late = [k for k in choice.covariates if cohort.columns[k].timing != "baseline"]
    if late:
        said = ", ".join(cohort.columns[k].label for k in late)
        raise ValueError(f"{said}: not known before infusion, so it cannot be made alike between the products")
    absent = [v for v in (choice.first, choice.second) if v not in levels(cohort, view)]
    if absent or choice.first == choice.second:
        raise ValueError(f"two different levels of {view.split} are expected; got {choice.first!r} and {choice.second!r}")
    used = _used(kept, view, choice)
    return _answer(kept, view, choice, used)


def _answer(kept: Cohort, view: ExploreView, choice: ProductsChoice, used: _Used) -> ProductsResult:
    patients = kept.patients.iloc[used.rows].reset_index(drop=True)
    labels = dict(zip(choice.covariates, short_names([kept.columns[key].label for key in choice.covariates]), strict=True))
    covariates = [_covariate(kept.columns[key], patients[key]) for key in choice.covariates]
    first, second = short_names([choice.first, choice.second])
    names = (first, second)
    tau = choice.tau or default_tau(used.time, used.exposed)
    model = propensity(patients, used.exposed, covariates) if covariates and used.exposed.any() and not used.exposed.all() else None
    made = weights(model, target=choice.target, trim=choice.trim) if model is not None and not model.refused else None
    one = np.ones(len(used.rows))
    plain = _effects(used, one, names, tau, "Unadjusted", UNADJUSTED)
    weighted = _effects(used, made.weight, names, tau, "Weighted", ADJUSTED) if made is not None else None
    why_not = _why_not(model, choice, labels)
    n = (int(used.exposed.sum()), int((~used.exposed).sum()))
    return ProductsResult(
        choice=choice,
        endpoint=kept.endpoints[view.endpoint].label,
        names=names,
        n=n,
        events=(int(used.event[used.exposed].sum()), int(used.event[~used.exposed].sum())),
        n_missing=used.n_missing,
        group_rule=used.rule,
        tau=tau,
        x_max=axis_end(used.time),
        rows=used.rows,
        time=used.time,
        event=used.event,
        exposed=used.exposed,
        unadjusted=plain,
        weighted=weighted,
        model=model,
        weights=made,
        balance=_balance(kept, view, used, choice, made),
        targets=_targets(used, model, choice, plain, names),
        labels=labels,
        why_not=why_not,
        sentence=_sentence(kept.endpoints[view.endpoint].label, names, plain, weighted, choice),
        cautions=_cautions(kept, view, used, model, made, names),
        notes=_notes(model, made, labels),
        infusion=infusion_words(kept, view, (choice.first, choice.second)),
    )


def default_tau(time: Floats, exposed: Mask) -> float:
    """The longest usual horizon (months) that both products are followed to; their shorter follow-up where that is under a month."""
    longest = [float(time[part].max()) if part.any() else 0.0 for part in (exposed, ~exposed)]
    return next((tau for tau in TAUS if tau <= min(longest)), max(min(longest), 0.1))


def _effects(used: _Used, weight: Floats, names: tuple[str, str], tau: float, title: str, caption: str) -> Effects:
    """Every comparison once; without weights (all 1) hazard ratio and log-rank are the ordinary ones, as on the other pages."""
    time, event, x = used.time, used.event, used.exposed
    curves = tuple(weighted_kaplan_meier(time[part], event[part], weight[part]) for part in (x, ~x))
    first, second = curves
    kept = weight > 0
    sizes = [int((kept & x).sum()), int((kept & ~x).sum())]
    reason = withheld(sizes, int(event[kept].sum()))
    ratio, ratio_p = _ratio(used, weight, title)
    common = bool(event[kept].mean() >= COMMON) if kept.any() else True
    return Effects(
        title=title,
        caption=caption,
        curves=(first, second),
        hazard_ratio=ratio,
        hazard_p=NAN if reason else ratio_p,
        log_rank_p=NAN if reason else _log_rank_p(used, weight, title),
        p_reason=reason.replace("in a group", "in a product") if reason == TOO_FEW else reason,
        restricted_mean=restricted_mean_difference(first, second, tau),
        milestones=tuple(survival_difference(first, second, m) for m in MILESTONES),
        e_value=e_value(ratio.value, ratio.ci_low, ratio.ci_high, common=common),
        panel=_panel(title, names, (first, second), used.n_missing),
    )


def _ratio(used: _Used, weight: Floats, title: str) -> tuple[Estimate, float]:
    if title == "Unadjusted":
        plain = hazard_ratio(used.time, used.event, used.exposed)
        return Estimate(
            plain.value, plain.ci_low, plain.ci_high, plain.method, n=plain.n, events=plain.events, notes=plain.notes
        ), plain.p_value
    found = weighted_hazard_ratio(used.time, used.event, used.exposed, weight)
    error = found.std_error
    return Estimate(found.value, found.ci_low, found.ci_high, found.method, error, found.n, found.events, found.notes), found.p_value


def _log_rank_p(used: _Used, weight: Floats, title: str) -> float:
    if title == "Unadjusted":
        return log_rank(used.time, used.event, used.exposed).p_value
    return weighted_log_rank(used.time, used.event, used.exposed, weight).p_value


def _panel(title: str, names: tuple[str, str], curves: tuple[WeightedCurve, WeightedCurve], n_missing: int) -> Panel:
    """Both curves as the survival figure reads them; the numbers below the curves count patients."""
    groups = []
    for role, name, of in zip(ROLES, names, curves, strict=True):
        curve = of.curve
        at = curve.values_at(MILESTONES)
        milestones = pd.DataFrame({c: at[c] for c in ("time", "at_risk", "survival", "ci_low", "ci_high")})
        nothing = Estimate(NAN, NAN, NAN, "not made")
        groups.append(Group(role, name, name, curve.n, curve.n_events, curve, curve.quantile(0.5), milestones, nothing))
    n = sum(g.n for g in groups)
    return Panel(title.lower(), title, n, n_missing, tuple(groups[::-1]), Comparison("", None, NAN, "log-rank"), ())


# ---------------------------------------------------------------- every weight at once


def _targets(used: _Used, model: Propensity | None, choice: ProductsChoice, plain: Effects, names: tuple[str, str]) -> Forest:
    """The hazard ratio without weights and with each kind of weights: whether the answer hangs on the choice."""
    reason = plain.p_reason
    rows = [_ratio_row("Unadjusted", "", plain.hazard_ratio, plain.hazard_p, reason)]
    if model is not None and not model.refused:
        for target in TARGETS:
            made = weights(model, target=target, trim=choice.trim)
            ratio, p = _ratio(used, made.weight, "Weighted")
            name, _, whom = target_words(target, names).partition(": ")
            whom = whom.removeprefix("patients ")  # short enough for a phone
            rows.append(_ratio_row(name[:1].upper() + name[1:], whom, ratio, NAN if reason else p, reason))
    first, second = short_names(names, IN_TITLE)
    title = f"{first} against {second}"
    below = f"{used.rule}, not randomised" if used.rule else "95 % limits, with weights robust ones; not randomised"
    return Forest("products", title, below, "HR", "hazard ratio", tuple(rows), test="Wald")


def _ratio_row(label: str, whom: str, ratio: Estimate, p: float, reason: str) -> Row:
    why = reason or "; ".join(ratio.notes)
    return Row("products", label, whom, ratio.n, ratio.events, ratio.value, ratio.ci_low, ratio.ci_high, p, why)


# ---------------------------------------------------------------- words


def _why_not(model: Propensity | None, choice: ProductsChoice, labels: dict[str, str]) -> str:
    """Why there are no weights, or ""."""
    if not choice.covariates:
        return "No covariate is chosen, so nothing is adjusted for."
    if model is None:
        return "One of the products has no patient with the endpoint."
    if model.separated:
        said = " and ".join(_label(name, labels) for name in model.separated)
        verb = "separates" if len(model.separated) == 1 else "together separate"
        return (
            f"No weights: {said} {verb} the products. Some patients of one product have values that nobody of the other has, so there is "
            "nobody to stand for them. Take it out of the covariates, or filter these patients out."
        )
    return f"No weights: {model.refused}." if model.refused else ""


def _label(name: str, labels: dict[str, str]) -> str:
    """The label of a covariate, of its indicator 'not recorded' as well."""
    key, mark, rest = name.partition(", not recorded")
    return labels.get(key, key) + (f" ({mark[2:]})" if mark and not rest else "")


def _sentence(endpoint: str, names: tuple[str, str], plain: Effects, weighted: Effects | None, choice: ProductsChoice) -> str:
    """The finding: both hazard ratios, and what they are adjusted for."""
    head = f"{endpoint}, {names[0]} vs {names[1]}: HR {ratio_words(plain)} unadjusted"
    if weighted is None:
        return f"{head}. The products were not randomised."
    count = len(choice.covariates)
    said = f"HR {ratio_words(weighted)} after weighting for {count} covariate{'' if count == 1 else 's'}"
    return f"{head}, {said}. The products were not randomised: what was not measured is not adjusted for."


def ratio_words(of: Effects) -> str:
    """The hazard ratio with its limits: '0.51 (0.42–0.62)'."""
    return fmt.ratio_with_limits(of.hazard_ratio.value, of.hazard_ratio.ci_low, of.hazard_ratio.ci_high)


def _cautions(
    kept: Cohort, view: ExploreView, used: _Used, model: Propensity | None, made: Weights | None, names: tuple[str, str]
) -> tuple[str, ...]:
    found = _selection_cautions(kept, view, used, names)
    if model is not None and made is not None:
        found += _model_cautions(model, used, names)
        found += _weight_cautions(made, names)
    return tuple(found)


def _selection_cautions(kept: Cohort, view: ExploreView, used: _Used, names: tuple[str, str]) -> list[str]:
    """Small products, patients chosen after infusion, endpoints that do not count from infusion."""
    found = []
    endpoint = kept.endpoints[view.endpoint]
    if endpoint.origin != "infusion":
        found.append(
            f"{endpoint.label} counts from {endpoint.origin}, among those who got there: who did was decided after infusion, "
            "so the products' patients are not comparable from the start."
        )
    late = [kept.columns[f.column].label for f in view.filters if kept.columns[f.column].timing in ("post-infusion", "outcome")]
    if late:
        found.append(f"Filtered by {', '.join(late)}, known only after infusion: each product selects its own patients by it.")
    small = [f"{fmt.patients(n)} of {name}" for n, name in zip(_sizes(used), names, strict=True) if n < MIN_FOR_P]
    if small:
        found.append(f"Only {' and '.join(small)}: p values are withheld below {MIN_FOR_P}, and weights cannot mend what is not there.")
    return found


def _sizes(used: _Used) -> tuple[int, int]:
    return int(used.exposed.sum()), int((~used.exposed).sum())


def _model_cautions(model: Propensity, used: _Used, names: tuple[str, str]) -> list[str]:
    found = []
    per, events = model.patients_per_parameter, float(used.event.sum()) / model.parameters
    if per < FEW:
        found.append(
            f"The propensity model has {model.parameters} parameters and {fmt.number(per, 2)} patients of the smaller product for each "
            f"(under {FEW}): scores and weights are unstable. Choose fewer covariates."
        )
    if events < FEW:
        found.append(f"{fmt.number(events, 2)} events for each parameter of the adjustment (under {FEW}): limits are too narrow to trust.")
    support = model.support
    if support.outside > 0.1:
        first, second = fmt.percent(support.outside_exposed), fmt.percent(support.outside_reference)
        found.append(
            f"{fmt.percent(support.outside)} of the patients lie outside the common support ({first} of {names[0]}, {second} of "
            f"{names[1]}): nobody of the other product resembles them."
        )
    return found


def _weight_cautions(made: Weights, names: tuple[str, str]) -> list[str]:
    """Weights that leave few patients speaking."""
    found = []
    for part, name, effective in zip((made.exposed, ~made.exposed), names, made.effective, strict=True):
        own = made.weight[part & (made.weight > 0)]
        if len(own) and effective < len(own) / 2:
            found.append(f"Weighting leaves {name} with the precision of {fmt.number(effective, 3)} of its {fmt.patients(len(own))}.")
        if len(own) and own.max() > 0.1 * own.sum():
            found.append(f"One patient carries {fmt.percent(own.max() / own.sum())} of the weight of {name}.")
    return found


def _notes(model: Propensity | None, made: Weights | None, labels: dict[str, str]) -> tuple[str, ...]:
    """How the weights were made: covariates, filled-in values, joined levels, trimming."""
    if model is None:
        return ()
    found = [f"Adjusted for {'; '.join(labels.values())}"]
    if model.missing:
        said = "; ".join(f"{_label(name, labels)} ({k:,})" for name, k in model.missing)
        found.append(
            f"Not recorded and filled in, in the propensity only: {said}. Numbers take the median, with an indicator where {FEW} or more "
            "lack the value; categories have a level of their own"
        )
    found += [f"{_label(name, labels)}: {why}" for name, why in model.left_out]
    for note in made.notes if made is not None else model.notes:
        key, mark, rest = note.partition(": ")
        found.append(f"{labels[key]}: {rest}" if mark and key in labels else note)
    if made is not None:
        found.append(_trim_words(made))
    return tuple(found)


def _trim_words(made: Weights) -> str:
    if made.trim == "none":
        return "No weight is trimmed"
    if made.trim == "scores":
        return f"{fmt.patients(made.n_left_out)} with a score below 0.1 or above 0.9 left out, and the model fitted once more"
    return f"{made.n_changed:,} weights below the 1st or above the 99th percentile cut to it"


def infusion_words(cohort: Cohort, view: ExploreView, names: tuple[str, str]) -> str:
    """How many of each product were apheresed and not infused, or that the file cannot tell."""
    lost = _not_infused(cohort)
    if lost is None:
        return (
            "The comparison starts at infusion: the file does not tell who was apheresed and never infused, "
            "and products differ in how many wait in vain."
        )
    product = cohort.patients[view.split].astype(object).astype(str).to_numpy()
    said = [
        f"{int((lost & (product == name)).sum()):,} of {int((product == name).sum()):,} with {short}"
        for name, short in zip(names, short_names(names), strict=True)
    ]
    return f"Apheresed but not infused: {' and '.join(said)}. They are not in the curves, which start at infusion."


def _not_infused(cohort: Cohort) -> Mask | None:
    """True for patients who were apheresed and not infused; None where the file holds no such patient's trace."""
    patients = cohort.patients
    for key in INFUSED_COLUMNS:
        if key in cohort.columns and cohort.columns[key].kind in ("flag", "category"):
            return np.asarray(patients[key].astype(object).astype(str).str.lower().isin(["no", "0", "false"]), dtype=bool)
    if "apheresis_date" in patients and "infusion_date" in patients:
        return np.asarray(patients["apheresis_date"].notna() & patients["infusion_date"].isna(), dtype=bool)
    return None


# ---------------------------------------------------------------- balance


@dataclass(frozen=True, slots=True, eq=False)
class BalanceRow:
    """Standardised mean difference of one column, first minus second product, before and after weighting (NaN = without weights).

    ``adjusted``: the column is in the propensity model. ``n_missing``: compared patients without the value.
    """

    label: str
    before: float
    after: float
    adjusted: bool
    n_missing: int


def _balance(cohort: Cohort, view: ExploreView, used: _Used, choice: ProductsChoice, made: Weights | None) -> tuple[BalanceRow, ...]:
    """How alike the products are in each covariate of the model, then in what was not adjusted for; the largest difference first.

    Numbers on a log scale are compared as logarithms, as they enter the model; patients without a value are left out of its difference.
    """
    patients = cohort.patients.iloc[used.rows].reset_index(drop=True)
    found = []
    for column in offered_covariates(cohort, view):
        series = patients[column.key]
        before = _difference(series, column, used.exposed, None)
        if math.isnan(before):
            continue
        after = _difference(series, column, used.exposed, made.weight) if made is not None else NAN
        found.append(BalanceRow(column.label, before, after, column.key in choice.covariates, int(series.isna().sum())))
    return tuple(sorted(found, key=lambda r: (not r.adjusted, -abs(r.before))))


def _difference(series: pd.Series, column: Column, exposed: Mask, weight: Floats | None) -> float:
    if column.kind != "number":
        return difference_of_categories(series.astype(object), exposed, weights=weight, groups=(True, False)).value
    numbers = series.to_numpy(dtype=np.float64)
    if _covariate(column, series).coding == "doubling":
        numbers = np.log2(numbers)
    return difference_of_numbers(numbers, exposed, weights=weight, groups=(True, False)).value
