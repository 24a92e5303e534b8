"""The Regression page's question and answer: each variable alone, several together, and whether the model may be believed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from cartograph import format as fmt
from cartograph.cohort.filters import apply_filters
from cartograph.cohort.model import Cohort, Column
from cartograph.cohort.schema import COMPLETE_RESPONDERS, RESPONDERS
from cartograph.stats.design import Coding, Covariate, present_levels
from cartograph.stats.logistic import LogisticModel, logistic, univariable_logistic
from cartograph.stats.penalised import PenalisedCox, penalised_cox
from cartograph.stats.regression import FEW_EVENTS, TOO_FEW_EVENTS, CoxModel, Effect, cox, univariable
from cartograph.views.explore import ExploreView
from cartograph.views.forest import Forest, Measure, Row
from cartograph.views.grouping import group_rules
from cartograph.views.names import short_names
from cartograph.views.panels import MIN_FOR_P

Scale = Literal["doubling", "sd", "unit", "spline"]
Selection = Literal["hand", "screen", "lasso", "ridge"]
Model = CoxModel | LogisticModel
SCREEN_BELOW = 0.2
SCREEN_WORDS = (
    "p < 0.2 in the screen: the rule of the Mayo paper. "
    "Choosing variables by their p values inflates: the p values of the model are then too small."
)
NOT_RANDOMISED = "Products were not randomised: their ratio is adjusted for the other variables of the model and for nothing else."
NOTHING_CHOSEN = "no variable is in the model. Choose some, or read each variable alone."
NO_PENALTY_YET = "no penalty is chosen yet: let it be chosen by cross-validation, or read each variable alone."
PENALISED_WORDS = "Penalised: ratios are pulled towards 1 on purpose, so they have no limits and no p values."
USUAL = 14  # variables shown at first
WELL_KNOWN = 0.1  # share of patients without a variable, below which it is in the first model
FIRST_COLUMNS = (
    "product",
    "age",
    "sex",
    "ecog",
    "r_iss",
    "high_risk_cytogenetics",
    "extramedullary",
    "prior_lines",
    "penta_refractory",
    "triple_class_refractory",
    "bridging",
    "marrow_plasma_cells",
    "ferritin_d0",
    "crp_d0",
    "ferritin_pre",
    "crp_pre",
    "ldh_pre",
    "platelets_pre",
    "hemoglobin_pre",
    "b2m_pre",
)
RATIOS: dict[Measure, str] = {"HR": "hazard ratio", "OR": "odds ratio"}
NAN = float("nan")
SEED = 20250101


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a model is of: an endpoint ("HR") or a yes-or-no outcome ("OR"). ``words`` say what counts."""

    key: str
    label: str
    words: str
    measure: Measure


@dataclass(frozen=True, slots=True)
class RegressionChoice:
    """The page's own choices. ``columns``: in the univariable screen; ``chosen``: in the model when it is made by hand.

    ``scale``: how measured values enter; ``cut``: biomarkers of the view enter as high against low instead; ``references``: (column,
    level).
    """

    outcome: str
    columns: tuple[str, ...]
    selection: Selection = "hand"
    chosen: tuple[str, ...] = ()
    scale: Scale = "doubling"
    cut: bool = True
    references: tuple[tuple[str, str], ...] = ()
    strata: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class RegressionResult:
    """The page's answer. ``model`` None = nothing was chosen; ``penalised`` None = the model is not penalised or not possible.

    ``missing``: (variable, patients without it) for every variable of the model; ``cautions``: what must be known before believing it.
    """

    choice: RegressionChoice
    outcome: Outcome
    screen: Forest
    multivariable: Forest
    singles: tuple[Model, ...]
    model: Model | None
    penalised: PenalisedCox | None
    chosen: tuple[str, ...]
    labels: dict[str, str]
    missing: tuple[tuple[str, int], ...]
    n_cohort: int
    sentence: str
    cautions: tuple[str, ...]
    group_rule: str

    @property
    def cox(self) -> CoxModel | None:
        """The Cox model, for the diagnostics; None where there is none."""
        found = self.model if isinstance(self.model, CoxModel) else None
        return found if found is not None and not found.refused and self.penalised is None else None


class _Made(NamedTuple):
    """The frame that models read: one column per variable, the endpoint, and how each variable enters."""

    frame: pd.DataFrame
    covariates: dict[str, Covariate]
    labels: dict[str, str]
    units: dict[str, str]


# ---------------------------------------------------------------- what can be chosen


def outcomes(cohort: Cohort) -> tuple[Outcome, ...]:
    """Endpoints, then the yes-or-no outcomes that the cohort holds."""
    found = [Outcome(e.key, e.label, e.event_words, "HR") for e in cohort.endpoints.values()]
    known = [o for o, column, _ in _YES_NO if column in cohort.patients and np.isfinite(_answers(cohort, o.key)).any()]
    return (*found, *known)


_YES_NO: tuple[tuple[Outcome, str, Callable[[str], bool]], ...] = (
    (Outcome("orr", "ORR", "PR or better", "OR"), "best_response", lambda v: v in RESPONDERS),
    (Outcome("cr", "CR rate", "CR or sCR", "OR"), "best_response", lambda v: v in COMPLETE_RESPONDERS),
    (Outcome("mrd", "MRD negativity", "MRD negative at any time", "OR"), "best_mrd", lambda v: v == "negative"),
    (Outcome("crs2", "CRS \u2265 2", "CRS of grade 2 or more", "OR"), "crs_grade", lambda v: v >= "2"),
    (Outcome("icans", "ICANS", "ICANS of any grade", "OR"), "icans_grade", lambda v: v >= "1"),
)


def _answers(cohort: Cohort, key: str) -> np.ndarray:
    """1 = yes, 0 = no, NaN = not recorded, not evaluable or not done."""
    column, yes = next((column, yes) for o, column, yes in _YES_NO if o.key == key)
    values = cohort.patients[column].astype(object).tolist()
    return np.array([NAN if not isinstance(v, str) or v in ("NE", "not done") else float(yes(v)) for v in values])


def offered_columns(cohort: Cohort) -> tuple[Column, ...]:
    """Columns known before infusion that differ between patients: what may explain an outcome."""
    found = cohort.columns_of("number", "category", "flag")
    return tuple(c for c in found if c.timing in ("baseline", "identity") and len(present_levels(cohort.patients[c.key])) > 1)


def refused_columns(cohort: Cohort) -> tuple[Column, ...]:
    """Columns known only after infusion: they cannot explain what counts from infusion on."""
    return tuple(c for c in cohort.columns_of("number", "category", "flag") if c.timing in ("post-infusion", "outcome"))


def constant_columns(cohort: Cohort) -> tuple[Column, ...]:
    """Columns known before infusion with one value in all these patients, or with none: they cannot explain a difference between them."""
    found = cohort.columns_of("number", "category", "flag")
    return tuple(c for c in found if c.timing in ("baseline", "identity") and len(present_levels(cohort.patients[c.key])) < 2)


def default_choice(cohort: Cohort, view: ExploreView) -> RegressionChoice:
    """The usual variables; the model holds the biomarker, the product and as many others as 10 events per parameter allow."""
    kept = apply_filters(cohort, view.filters)
    offered = [c.key for c in offered_columns(kept)]
    first = [m.column for m in view.markers] + ([view.split] if view.split else [])
    usual = [key for key in dict.fromkeys([*first, *FIRST_COLUMNS]) if key in offered]
    columns = tuple((usual or offered)[:USUAL])
    return RegressionChoice(view.endpoint, columns, chosen=_affordable(kept, view, columns))


def _affordable(cohort: Cohort, view: ExploreView, columns: Sequence[str]) -> tuple[str, ...]:
    if view.endpoint not in cohort.endpoints:
        return ()
    events = float(np.nansum(cohort.survival(view.endpoint)[1]))
    spent = 0
    found: list[str] = []
    for place, key in enumerate(columns):
        if quantity_of(key) in {quantity_of(other) for other in found}:
            continue
        series = cohort.patients[key]
        cost = 1 if cohort.columns[key].kind == "number" else len(present_levels(series)) - 1
        asked = TOO_FEW_EVENTS if place < len(view.markers) + bool(view.split) else FEW_EVENTS
        if events >= asked * (spent + cost) and (series.isna().mean() < WELL_KNOWN or not found):
            found.append(key)
            spent += cost
    return tuple(found)


def quantity_of(column: str) -> str:
    """What is measured, whenever it was: ferritin on day 0 and before lymphodepletion tell nearly the same."""
    return column.removesuffix("_d0").removesuffix("_pre")


def level_names(cohort: Cohort, view: ExploreView, column: str) -> tuple[str, ...]:
    """Levels of a category that occur after the filters: what can be the reference."""
    return tuple(str(v) for v in present_levels(apply_filters(cohort, view.filters).patients[column]))


# ---------------------------------------------------------------- the answer


def regression(
    cohort: Cohort, view: ExploreView, choice: RegressionChoice, *, progress: Callable[[float], None] | None = None
) -> RegressionResult:
    """Each variable alone and the chosen ones together. ValueError for a variable known only after infusion and for an unknown outcome.

    ``progress``: of the cross-validation of a penalised model; it may raise to cancel.
    """
    late = [c.label for c in refused_columns(cohort) if c.key in (*choice.columns, *choice.chosen, *choice.strata)]
    if late:
        raise ValueError(f"{', '.join(late)}: known only after infusion, so it cannot explain what counts from infusion on")
    kept = apply_filters(cohort, view.filters)
    outcome = next((o for o in outcomes(cohort) if o.key == choice.outcome), None)
    if outcome is None:
        raise ValueError(f"no outcome called {choice.outcome!r} in this cohort")
    made = _made(kept, view, choice, outcome)
    singles = _singles(made, choice, outcome)
    chosen = _chosen(choice, singles)
    model = _model(made, choice, outcome, chosen) if chosen else None
    penalised = _penalised(model, choice, progress)
    cautions = _cautions(made, choice, model, penalised)
    return RegressionResult(
        choice=choice,
        outcome=outcome,
        screen=_screen_forest(made, outcome, singles, choice.columns),
        multivariable=_model_forest(made, outcome, model, penalised, (choice, singles)),
        singles=singles,
        model=model,
        penalised=penalised,
        chosen=chosen,
        labels=made.labels,
        missing=tuple((made.labels[name], n) for name, n in model.missing) if model is not None else (),
        n_cohort=kept.n,
        sentence=_sentence(made, outcome, model, penalised, kept.n),
        cautions=cautions,
        group_rule=_group_rule(kept, view, choice),
    )


def screens(cohort: Cohort, view: ExploreView, choice: RegressionChoice) -> tuple[Forest, ...]:
    """The univariable screen on every endpoint of the cohort."""
    kept = apply_filters(cohort, view.filters)
    found = []
    for outcome in (o for o in outcomes(cohort) if o.measure == "HR"):
        made = _made(kept, view, choice, outcome)
        found.append(_screen_forest(made, outcome, _singles(made, choice, outcome), choice.columns))
    return tuple(found)


def _made(cohort: Cohort, view: ExploreView, choice: RegressionChoice, outcome: Outcome) -> _Made:
    wanted = list(dict.fromkeys([*choice.columns, *choice.chosen, *choice.strata]))
    cutoffs = {m.column: m.cutoff for m in view.markers} if choice.cut else {}
    references = dict(choice.references)
    columns: dict[str, object] = {}
    covariates, labels, units = {}, {}, {}
    for key in wanted:
        column, series = cohort.columns[key], cohort.patients[key]
        labels[key], units[key] = column.label, column.unit
        if key in cutoffs:
            columns[key] = _split(series, cutoffs[key], column.unit)
            covariates[key] = Covariate(key, "levels")
        elif column.kind == "number":
            columns[key] = series
            covariates[key] = Covariate(key, _coding(column, choice.scale), log=column.log_scale)
        else:
            columns[key] = series
            covariates[key] = Covariate(key, "levels", references.get(key, ""))
    if outcome.measure == "HR":
        columns[TIME], columns[EVENT] = cohort.survival(outcome.key)
    else:
        columns[EVENT] = _answers(cohort, outcome.key)
    return _Made(pd.DataFrame(columns), covariates, labels, units)


TIME, EVENT = " time", " event"  # no column of a cohort begins with a blank


def _coding(column: Column, scale: Scale) -> Coding:
    """A doubling makes sense for what is read on a log axis; age and counts of lines go per standard deviation."""
    return "sd" if scale == "doubling" and not column.log_scale else scale


def _split(series: pd.Series, cutoff: float, unit: str) -> pd.Categorical:
    values = series.to_numpy(dtype=np.float64)
    tail = f" {unit}" if unit else ""
    low, high = f"\u2264 {fmt.number(cutoff)}", f"> {fmt.number(cutoff)}{tail}"
    with np.errstate(invalid="ignore"):
        codes = np.where(np.isnan(values), -1, (values > cutoff).astype(np.int64))
    return pd.Categorical.from_codes(codes.tolist(), categories=pd.Index([low, high]), ordered=True)


def _singles(made: _Made, choice: RegressionChoice, outcome: Outcome) -> tuple[Model, ...]:
    wanted = [made.covariates[key] for key in choice.columns]
    if outcome.measure == "OR":
        return univariable_logistic(made.frame, outcome=EVENT, covariates=wanted)
    return univariable(made.frame, time=TIME, event=EVENT, covariates=wanted, strata=choice.strata)


def _chosen(choice: RegressionChoice, singles: Sequence[Model]) -> tuple[str, ...]:
    if choice.selection == "hand":
        return choice.chosen
    if choice.selection == "screen":
        return tuple(test.covariate for model in singles for test in model.tests if test.p_value < SCREEN_BELOW)
    return choice.columns


def _model(made: _Made, choice: RegressionChoice, outcome: Outcome, chosen: Sequence[str]) -> Model:
    wanted = [made.covariates[key] for key in chosen if key not in choice.strata]
    if outcome.measure == "OR":
        return logistic(made.frame, outcome=EVENT, covariates=wanted)
    return cox(made.frame, time=TIME, event=EVENT, covariates=wanted, strata=choice.strata)


def _penalised(model: Model | None, choice: RegressionChoice, progress: Callable[[float], None] | None) -> PenalisedCox | None:
    """The penalised model; None where it was not asked for or where no data allow it."""
    if choice.selection not in ("lasso", "ridge") or not isinstance(model, CoxModel):
        return None
    try:
        return penalised_cox(model.data, l1_ratio=1.0 if choice.selection == "lasso" else 0.0, seed=SEED, progress=progress)
    except ValueError:
        return None


# ---------------------------------------------------------------- rows


def _screen_forest(made: _Made, outcome: Outcome, singles: Sequence[Model], columns: Sequence[str]) -> Forest:
    rows = [row for key, model in zip(columns, singles, strict=True) for row in _rows(made, key, model)]
    below = f"{outcome.label}, each in the patients who have it"
    return Forest("univariable", "Each variable alone", below, outcome.measure, RATIOS[outcome.measure], tuple(rows), test="Wald")


def _rows(made: _Made, key: str, model: Model) -> list[Row]:
    """Lines of one variable in one model; a single line with the reason where there is no estimate at all."""
    effects = [e for e in model.effects if e.covariate == key]
    if not effects or (model.refused and len(effects) > 3):
        reason = next((why for name, why in model.left_out if name == key), model.refused or "not in the model")
        return [Row(key, made.labels[key], "", model.n, model.events, NAN, NAN, NAN, NAN, reason)]
    smallest = next((e.n for e in effects if e.is_reference), MIN_FOR_P)
    firth = key in model.separated
    return [_row(made, e, smallest, model.refused, firth=firth) for e in effects if not e.is_reference]


def _row(made: _Made, effect: Effect, reference_n: int, refused: str, *, firth: bool) -> Row:
    few = min(effect.n, reference_n) < MIN_FOR_P
    reason = refused or (f"fewer than {MIN_FOR_P} patients" if few else "")
    counts = effect.n, effect.events
    p = NAN if few else effect.p_value
    label, compared = made.labels[effect.covariate], compared_words(effect, made.units[effect.covariate])
    limits = effect.ci_low, effect.ci_high
    return Row(effect.covariate, label, compared, *counts, effect.value, *limits, p, reason, firth=firth)


def compared_words(effect: Effect, unit: str) -> str:
    """What a ratio compares: 'III against I', 'per doubling', 'per 12.1 years (1 SD)', '450 against 102 µg/L (quartiles, spline)'."""
    tail = f" {unit}" if unit else ""
    if effect.coding == "levels":
        level, reference = short_names((effect.level, effect.reference))
        return f"{level} against {reference}"
    if effect.coding == "doubling":
        return "per doubling"
    if effect.coding == "spline":
        return f"{fmt.number(effect.high, 3)} against {fmt.number(effect.low, 3)}{tail} (quartiles, spline)"
    return f"per {fmt.number(effect.step, 3)}{tail}" + (" (1 SD)" if effect.coding == "sd" else "")


def _model_forest(
    made: _Made, outcome: Outcome, model: Model | None, penalised: PenalisedCox | None, beside: tuple[RegressionChoice, Sequence[Model]]
) -> Forest:
    """The model's lines in the places of the screen's, so that both forests read across; others of the model below."""
    choice, singles = beside
    title = {"hand": "Together, chosen by hand", "screen": "Together, p < 0.2 in the screen"}.get(choice.selection, "Together, penalised")
    rows: list[Row] = []
    inside = {e.covariate for e in model.effects} if model is not None else set()
    for key, single in zip(choice.columns, singles, strict=True):
        if key in inside and model is not None:
            rows += _aligned(_model_rows(made, key, model, penalised), len(_rows(made, key, single)))
        else:
            rows += [_blank(row) for row in _rows(made, key, single)]
    if model is not None:
        rows += [
            row
            for key in dict.fromkeys(choice.chosen)
            if key in inside - set(choice.columns)
            for row in _model_rows(made, key, model, penalised)
        ]
    n, events = (model.n, model.events) if model is not None else (0, 0)
    below = f"{outcome.label}, each adjusted for the others"
    ratio, plain = RATIOS[outcome.measure], penalised is None
    return Forest("multivariable", title, below, outcome.measure, ratio, tuple(rows), n, events, limits=plain, test="Wald" if plain else "")


def _aligned(rows: list[Row], places: int) -> list[Row]:
    """As many lines as the screen has for the variable; a level that the complete patients lack leaves a blank one."""
    return rows + [_blank(rows[-1]) for _ in range(places - len(rows))] if rows else rows


def _blank(row: Row) -> Row:
    return Row(row.column, row.label, "", 0, 0, NAN, NAN, NAN, NAN, "not in the model", inside=False)


def _model_rows(made: _Made, key: str, model: Model, penalised: PenalisedCox | None) -> list[Row]:
    if penalised is None or not isinstance(model, CoxModel):
        return _rows(made, key, model)
    term = next(t for t in model.data.design.terms if t.covariate.name == key)
    effects = [e for e in model.effects if e.covariate == key]
    found = []
    for effect, contrast in zip(effects, term.contrasts, strict=True):
        if not contrast.is_reference:
            b = float(contrast.weights @ penalised.coefficients[list(term.columns)])
            words = compared_words(effect, made.units[key])
            found.append(
                Row(key, made.labels[key], words, effect.n, effect.events, math.exp(b), NAN, NAN, NAN, "" if b else "left out by the lasso")
            )
    return found


# ---------------------------------------------------------------- words


def _sentence(made: _Made, outcome: Outcome, model: Model | None, penalised: PenalisedCox | None, n: int) -> str:
    if model is None:
        return f"{outcome.label} ({outcome.words}): {_why_none(made, n)}"
    names = sum(1 for key in {e.covariate for e in model.effects} if key in made.labels)
    kind = "Cox" if outcome.measure == "HR" else "Logistic"
    head = f"{outcome.label} ({outcome.words}), {fmt.patients(model.n)} of {n:,} with everything known, {fmt.events(model.events)}, "
    size = f"{names} variable{'' if names == 1 else 's'} with {model.parameters} parameter{'' if model.parameters == 1 else 's'}"
    if penalised is not None:
        kept = int(np.count_nonzero(penalised.coefficients))
        return f"Penalised Cox model of {head}{size}, {kept} with an effect; apparent C {fmt.concordance(penalised.concordance.value)}."
    if model.refused:
        return f"No model of {head}{size}: {model.refused}."
    c = f" C {fmt.concordance(model.concordance.value)} in the same patients;" if isinstance(model, CoxModel) else ""
    test = f"likelihood-ratio {fmt.p_equals(model.global_test.p_value)} for all variables together"
    return f"{kind} model of {head}{size} ({model.events_per_parameter:.1f} events per parameter);{c} {test}."


def _why_none(made: _Made, n: int) -> str:
    """Why no model of several variables stands on the page, and what can be done."""
    events = int(np.nansum(made.frame[EVENT].to_numpy(dtype=np.float64)))
    if not events:
        return f"no event among {fmt.patients(n)}, so no ratio can be estimated."
    if events < TOO_FEW_EVENTS:
        return f"{fmt.events(events)} among {fmt.patients(n)}, too few for a model (at least {TOO_FEW_EVENTS} for each parameter)."
    return NOTHING_CHOSEN


def _cautions(made: _Made, choice: RegressionChoice, model: Model | None, penalised: PenalisedCox | None) -> tuple[str, ...]:
    found: list[str] = []
    if choice.selection == "screen":
        found.append(SCREEN_WORDS)
    if choice.selection in ("lasso", "ridge"):
        found.append(PENALISED_WORDS if penalised is not None else _no_penalty(model))
    if model is None:
        return tuple(found)
    notes = () if model.refused or penalised is not None else model.notes
    found += [_labelled(note, made.labels) for note in notes]
    found += [f"{made.labels[name]} is left out: {why}." for name, why in model.left_out]
    if "product" in {e.covariate for e in model.effects}:
        found.append(NOT_RANDOMISED)
    if model.n_missing:
        most = [f"{made.labels[name]} {n}" for name, n in sorted(model.missing, key=lambda m: -m[1]) if n][:4]
        found.append(f"{fmt.patients(model.n_missing)} left out because a variable is not known ({', '.join(most)}).")
    return tuple(found)


def _no_penalty(model: Model | None) -> str:
    if isinstance(model, LogisticModel):
        return "Penalised models are made for endpoints only; below is the unpenalised model, if there is one."
    return "A penalised model needs at least 10 events and a variable that differs."


def _labelled(words: str, labels: dict[str, str]) -> str:
    """Names of columns replaced by what people read."""
    head, sign, tail = words.partition(": ")
    names = [labels.get(name, name) for name in head.split(", ")]
    return f"{', '.join(names)}{sign}{tail}"


def _group_rule(cohort: Cohort, view: ExploreView, choice: RegressionChoice) -> str:
    """How the biomarkers of the view enter."""
    if not view.markers:
        return ""
    columns = [cohort.columns[m.column] for m in view.markers]
    if not choice.cut:
        return f"{' and '.join(c.label for c in columns)} enter{'s' if len(columns) == 1 else ''} uncut."
    rules = [group_rules([m], [c], "three")[1].label for m, c in zip(view.markers, columns, strict=True)]
    return f"High: {'; high: '.join(rules)}."


# ---------------------------------------------------------------- the table


def regression_table(result: RegressionResult) -> pd.DataFrame:
    """Both forests as one table of numbers, one row per comparison: columns of the screen, then of the model with "adjusted" in front."""
    names = ["label", "compared", "n", "events", "value", "ci_low", "ci_high", "p_value", "reason"]
    rows = []
    together = iter(result.multivariable.rows)
    for alone in result.screen.rows:
        row: dict[str, object] = {name: getattr(alone, name) for name in names}
        rows.append(row | _adjusted(next(together)))
    rest = [{"label": row.label, "compared": row.compared, **_adjusted(row)} for row in together]
    return pd.DataFrame([*rows, *rest], columns=[*names, *(f"adjusted_{name}" for name in names[2:])])


def _adjusted(row: Row) -> dict[str, object]:
    if not row.inside:
        return {"adjusted_reason": row.reason}
    return {f"adjusted_{name}": getattr(row, name) for name in ("n", "events", "value", "ci_low", "ci_high", "p_value", "reason")}


def printed_table(result: RegressionResult) -> pd.DataFrame:
    """The same as people read it: variable, comparison, patients (events), ratio with limits and p, alone and together."""
    measure = result.outcome.measure
    rows = []
    together = [*result.multivariable.rows]
    alone = [*result.screen.rows, *[None] * (len(together) - len(result.screen.rows))]
    for one, other in zip(alone, together, strict=True):
        head = one or other
        rows.append(
            {
                "Variable": head.label,
                "Comparison": head.compared,
                "Patients (events)": _counts(one),
                f"{measure} alone (95 %)": _ratio(one, limits=True),
                "p": _p(one),
                "In the model (events)": _counts(other),
                f"{measure} adjusted (95 %)": _ratio(other, limits=result.multivariable.limits),
                "p adjusted": _p(other),
            }
        )
    return pd.DataFrame(rows)


def _counts(row: Row | None) -> str:
    return f"{row.n:,} ({row.events:,})" if row is not None and row.inside and row.n else ""


def _ratio(row: Row | None, *, limits: bool) -> str:
    if row is None or not row.inside:
        return ""
    if math.isnan(row.value):
        return row.reason.partition(":")[0] or fmt.NOT_ESTIMABLE
    found = fmt.ratio_with_limits(row.value, row.ci_low, row.ci_high) if limits else fmt.ratio(row.value)
    return found + (" F" if row.firth else "")


def _p(row: Row | None) -> str:
    if row is None or not row.inside or math.isnan(row.value):
        return ""
    return fmt.p_value(row.p_value) if math.isfinite(row.p_value) else row.reason


def screens_table(forests: Sequence[Forest]) -> pd.DataFrame:
    """The screens of several endpoints side by side, as people read them: variable, comparison, one column per endpoint."""
    found: dict[tuple[str, int], dict[str, str]] = {}
    for forest in forests:
        name = f"HR {forest.subtitle.partition(',')[0]}"
        seen: dict[str, int] = {}
        for row in forest.rows:
            place = (row.column, seen.get(row.column, 0))
            seen[row.column] = place[1] + 1
            compared = "per SD" if row.compared.endswith("(1 SD)") else row.compared  # the SD differs with who has the endpoint
            line = found.setdefault(place, {"Variable": row.label, "Comparison": compared})
            p = _p(row)
            line[name] = _ratio(row, limits=True) + (f", {p if not math.isfinite(row.p_value) else fmt.p_equals(row.p_value)}" if p else "")
    order = {key: i for i, key in enumerate(dict.fromkeys(column for column, _ in found))}
    lines = [found[place] for place in sorted(found, key=lambda place: (order[place[0]], place[1]))]
    return pd.DataFrame(lines).fillna("")
