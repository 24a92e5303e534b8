"""Whether the model of the Regression page may be believed: each diagnostic with a sentence that says what it found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cartograph import format as fmt
from cartograph.stats.design import Term
from cartograph.stats.diagnostics import (
    HIGH_VIF,
    Collinearity,
    Influence,
    Proportionality,
    Smooth,
    collinearity_of,
    influence,
    proportionality,
    smooth,
)
from cartograph.stats.regression import CoxModel
from cartograph.stats.results import Floats
from cartograph.stats.validation import Optimism
from cartograph.views.panels import MIN_FOR_P

NOT_PROPORTIONAL = 0.05
MOVES = 1.0  # standard errors: a patient who moves a coefficient that far decides it
LARGE = 3.0  # times the typical move


@dataclass(frozen=True, slots=True, eq=False)
class CoefficientOverTime:
    """One coefficient's scaled Schoenfeld residuals (log hazard ratios) with a smooth line. ``p_value``: of its variable's test."""

    key: str
    label: str
    compared: str
    coefficient: float
    p_value: float
    time: Floats
    residuals: Floats
    smooth: Smooth
    words: str

    def to_frame(self) -> pd.DataFrame:
        """One row per event: months, log_hazard_ratio."""
        return pd.DataFrame({"months": self.time, "log_hazard_ratio": self.residuals})


@dataclass(frozen=True, slots=True, eq=False)
class ProportionalView:
    """The tests and one figure per coefficient; ``sentence`` says what they found."""

    tests: Proportionality
    figures: tuple[CoefficientOverTime, ...]
    labels: tuple[str, ...]
    sentence: str


def proportional_view(model: CoxModel, labels: Mapping[str, str]) -> ProportionalView:
    """Test and residuals of every coefficient of ``model``; ``labels``: of its variables. Time enters as 1 - Kaplan-Meier, as in R."""
    tests = proportionality(model)
    names = tuple(labels.get(name, name) for name in tests.covariates)
    if tests.notes:
        return ProportionalView(tests, (), names, f"Not tested: {'; '.join(tests.notes)}.")
    figures = [
        _over_time(model, tests, (term, k, column), names[k])
        for k, term in enumerate(model.data.design.terms)
        for column in range(len(term.columns))
    ]
    suspect = [f"{name} ({fmt.p_equals(t.p_value)})" for name, t in zip(names, tests.tests, strict=True) if t.p_value < NOT_PROPORTIONAL]
    together = fmt.p_equals(tests.global_test.p_value)
    if suspect:
        sentence = f"The hazard ratio seems to change with time for {', '.join(suspect)}; all variables together: {together}."
    else:
        sentence = f"No variable shows a hazard ratio that changes with time (all together: {together}); few events show little."
    return ProportionalView(tests, tuple(figures), names, sentence)


def _over_time(model: CoxModel, tests: Proportionality, which: tuple[Term, int, int], label: str) -> CoefficientOverTime:
    term, place, within = which
    column = term.columns[within]
    p = tests.tests[place].p_value
    words = "no sign that the ratio changes with time" if not p < NOT_PROPORTIONAL else "the ratio seems to change with time"
    return CoefficientOverTime(
        key=f"{term.covariate.name}-{within}",
        label=label,
        compared=_compared(term, within),
        coefficient=float(model.coefficients[column]),
        p_value=p,
        time=tests.time,
        residuals=tests.residuals[:, column],
        smooth=smooth(tests, model, column),
        words=words,
    )


def _compared(term: Term, within: int) -> str:
    if term.coding == "levels":
        others = [row.level for row in term.contrasts if not row.is_reference]
        return f"{others[within]} against {term.reference}"
    words = {"doubling": "per doubling", "sd": "per standard deviation", "unit": "per unit"}
    return words.get(term.coding, f"part {within + 1} of the spline")


@dataclass(frozen=True, slots=True, eq=False)
class InfluenceView:
    """Influence with the patients' names, and what it found."""

    found: Influence
    patients: tuple[str, ...]
    sentence: str


def influence_view(model: CoxModel, patients: pd.Series) -> InfluenceView:
    """``patients``: name of each patient of the frame that the model was made of."""
    found = influence(model)
    names = tuple(str(patients.iloc[row]) for row in found.rows)
    worst = int(np.argmax(found.largest))
    move, typical = float(found.largest[worst]), float(np.median(found.largest))
    head = f"Leaving out {names[worst]} moves a coefficient by {fmt.number(move, 2)} standard errors"
    if move >= MOVES:
        tail = ": the model hangs on this patient."
    else:
        tail = f", {fmt.number(move / typical, 2)} times the typical move." if typical > 0 and move > LARGE * typical else "."
    return InfluenceView(found, names, head + tail)


@dataclass(frozen=True, slots=True, eq=False)
class CollinearityView:
    """Variance inflation per variable, and what it found."""

    found: Collinearity
    labels: tuple[str, ...]
    sentence: str


def collinearity_view(model: CoxModel, labels: Mapping[str, str]) -> CollinearityView:
    """How much variables share: above 5 their limits are more than twice as wide as they would be."""
    found = collinearity_of(model.data.design, model.covariance, model.refused)
    names = tuple(labels.get(name, name) for name in found.covariates)
    if found.notes:
        return CollinearityView(found, names, f"Not computed: {'; '.join(found.notes)}.")
    high = [f"{name} ({fmt.number(v, 2)})" for name, v in zip(names, found.per_parameter.tolist(), strict=True) if v > HIGH_VIF]
    if high:
        sentence = f"{', '.join(high)}: told by the other variables, so the model cannot separate them (inflation above {HIGH_VIF:g})."
    else:
        sentence = f"No variable is told by the others (largest inflation {fmt.number(float(found.per_parameter.max()), 2)})."
    return CollinearityView(found, names, sentence)


def optimism_words(found: Optimism, selection: str) -> str:
    """What the C of the model would be in other patients."""
    if not math.isfinite(found.corrected):
        return f"C {fmt.concordance(found.apparent.value)} in the same patients; not corrected: {'; '.join(found.notes)}."
    chosen = "" if selection == "hand" else " The choice of the variables by p is not repeated, so what is left is still too good."
    return (
        f"C {fmt.concordance(found.apparent.value)} in the same patients, of which {fmt.concordance(found.optimism)} is optimism: "
        f"{fmt.concordance(found.corrected)} is expected in others ({found.resamples:,} resamples).{chosen}"
    )


def enough_for_calibration(model: CoxModel) -> bool:
    """At least two groups of 10 patients."""
    return model.n >= 2 * MIN_FOR_P
