"""Propensity scores of two treatments and the weights that make their patients alike in what was measured."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import linprog
from scipy.special import expit
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from cartograph.stats.design import Covariate, Design, Term, design
from cartograph.stats.results import Floats

Target = Literal["ate", "att", "overlap", "matching"]
Trim = Literal["none", "scores", "truncate"]
Mask = npt.NDArray[np.bool_]
NAN = float("nan")
FEW = 5  # patients of the smaller group per parameter: below it a propensity model is unstable; also the smallest level on its own
SCORE_LIMITS = (0.1, 0.9)  # Crump et al., Biometrika 2009
PERCENTILES = (1.0, 99.0)  # Cole & Hernan, Am J Epidemiol 2008
EXTREME = 1e-4  # a score this close to 0 or 1 lets us ask whether a covariate separates the groups
NEWTON_STEPS, LONGEST_STEP = 60, 3.0  # the longest step of a coefficient per standard deviation
NOT_RECORDED = "not recorded"
OTHER = "other"
INDICATOR = f", {NOT_RECORDED}"
ONE_GROUP = "one of the two groups has no patients"
NOTHING_LEFT = "no covariate differs between patients"
ADDS_NOTHING = "adds nothing to the others"
TARGET_WORDS: dict[Target, str] = {
    "ate": "stabilised inverse-probability weights (all patients)",
    "att": "inverse-probability weights (patients like those of the first group)",
    "overlap": "overlap weights (patients who could have had either)",
    "matching": "matching weights (as in a matched pair)",
}


class Support(NamedTuple):
    """Where scores of both groups lie (``low`` to ``high``), and the shares of patients (0 to 1) outside."""

    low: float
    high: float
    outside: float
    outside_exposed: float
    outside_reference: float


@dataclass(frozen=True, slots=True, eq=False)
class Propensity:
    """Probability of being in the first group (``exposed`` True) given the covariates; one entry per patient.

    ``x``: patients x parameters; ``terms``: which columns belong to which covariate. ``missing``: (covariate, patients in whom it was
    filled in). ``separated``: covariates that tell the groups apart completely. ``refused`` = why there is no score ("" = there is one).
    """

    score: Floats
    exposed: Mask
    x: Floats
    terms: tuple[Term, ...]
    intercept: float
    coefficients: Floats
    missing: tuple[tuple[str, int], ...]
    separated: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    method: str
    refused: str = ""
    notes: tuple[str, ...] = ()

    @property
    def parameters(self) -> int:
        """Number of coefficients without the intercept."""
        return int(self.x.shape[1])

    @property
    def patients_per_parameter(self) -> float:
        """Patients of the smaller group per parameter; NaN without parameters."""
        smaller = min(int(self.exposed.sum()), int((~self.exposed).sum()))
        return smaller / self.parameters if self.parameters else NAN

    @property
    def support(self) -> Support:
        """The common support of the two groups: between the larger of the smallest and the smaller of the largest scores."""
        if self.refused:
            return Support(NAN, NAN, NAN, NAN, NAN)
        first, second = self.score[self.exposed], self.score[~self.exposed]
        low, high = max(first.min(), second.min()), min(first.max(), second.max())
        outside = (self.score < low) | (self.score > high)
        shares = (float(part.mean()) for part in (outside, outside[self.exposed], outside[~self.exposed]))
        return Support(float(low), float(high), *shares)

    def to_frame(self) -> pd.DataFrame:
        """One row per patient: exposed, score."""
        return pd.DataFrame({"exposed": self.exposed, "score": self.score})


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """One weight per patient, 0 = left out by trimming. ``score``: the propensity that the weights were made of (NaN where left out).

    ``effective``: Kish's effective number of patients of the first and of the second group. ``n_changed``: weights that were cut.
    """

    weight: Floats
    score: Floats
    exposed: Mask
    target: Target
    trim: Trim
    effective: tuple[float, float]
    n_left_out: int
    n_changed: int
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per patient: exposed, score, weight."""
        return pd.DataFrame({"exposed": self.exposed, "score": self.score, "weight": self.weight})


# ---------------------------------------------------------------- propensity


def propensity(frame: pd.DataFrame, exposed: npt.ArrayLike, covariates: Sequence[Covariate]) -> Propensity:
    """Logistic regression of ``exposed`` (True = first group) on covariates, unpenalised (Rosenbaum & Rubin, Biometrika 1983).

    ``frame``: one row per patient. A missing number becomes the median, with an indicator where 5 patients or more lack it (and 5 have it);
    a missing category is a level of its own; levels with fewer than 5 patients are joined into one. A covariate that tells the groups apart
    completely has no finite estimate: it is named and there is no score. ValueError for unknown columns and for an ``exposed`` of other
    length.
    """
    inside = np.asarray(exposed, dtype=bool)
    if inside.shape != (len(frame),):
        raise ValueError(f"exposed must be True or False for each of the {len(frame)} patients; got shape {inside.shape}")
    unknown = [c.name for c in covariates if c.name not in frame]
    if unknown:
        raise ValueError(f"no column called {', '.join(unknown)}; there are {', '.join(map(str, frame.columns))}")
    made, missing, notes = _coded(frame.reset_index(drop=True), covariates)
    if not inside.any() or inside.all():
        return _refused(made, inside, missing, ONE_GROUP, notes)
    known = {c.name: frame[c.name].notna().to_numpy() for c in covariates}
    lopsided = tuple(name for name, k in known.items() if not (k & inside).any() or not (k & ~inside).any())
    if lopsided:
        return _refused(made, inside, missing, "", notes, separated=lopsided)
    made = _independent(made)
    if not made.parameters:
        return _refused(made, inside, missing, NOTHING_LEFT, notes)
    fit, made, separated = _fitted(made, inside)
    if separated:
        return _refused(made, inside, missing, "", notes, separated=separated)
    method = f"logistic regression, maximum likelihood, {made.parameters} parameters"
    return Propensity(fit.score, inside, made.x, made.terms, fit.intercept, fit.coefficients, missing, (), made.left_out, method, "", notes)


def _fitted(made: Design, inside: Mask) -> tuple[ScoreFit, Design, tuple[str, ...]]:
    """The fit, the design that it stands on, and the covariates that separate the groups.

    An indicator of missing values that separates (two blood counts lacking in the same patients, nearly) is taken out, not complained of.
    """
    while True:
        fit = fit_scores(made.x, inside)
        regular = fit.converged and fit.score.min() >= EXTREME and fit.score.max() <= 1 - EXTREME
        separated = () if regular else _separating(made, inside)
        indicators = [name for name in separated if name.endswith(INDICATOR)]
        if not indicators:
            return fit, made, separated
        made = _without(made, indicators[-1])


def _without(made: Design, name: str) -> Design:
    gone = next(t for t in made.terms if t.covariate.name == name)
    kept = [c for c in range(made.parameters) if c not in gone.columns]
    place = {old: new for new, old in enumerate(kept)}
    terms = tuple(replace(t, columns=tuple(place[c] for c in t.columns)) for t in made.terms if t is not gone)
    return Design(made.x[:, kept], terms, (*made.left_out, (name, "separates the groups")))


def _refused(
    made: Design, inside: Mask, missing: tuple[tuple[str, int], ...], why: str, notes: tuple[str, ...], *, separated: tuple[str, ...] = ()
) -> Propensity:
    reason = (
        why or f"{' and '.join(separated)} {'separates' if len(separated) == 1 else 'separate'} the groups: some values occur in one only"
    )
    nothing = np.full(made.parameters, NAN)
    score = np.full(len(inside), NAN)
    return Propensity(
        score, inside, made.x, made.terms, NAN, nothing, missing, separated, made.left_out, "logistic regression", reason, notes
    )


def _coded(frame: pd.DataFrame, covariates: Sequence[Covariate]) -> tuple[Design, tuple[tuple[str, int], ...], tuple[str, ...]]:
    """The design of the filled-in columns, who was filled in, and what was joined."""
    columns: dict[str, object] = {}
    entering: list[Covariate] = []
    missing: list[tuple[str, int]] = []
    notes: list[str] = []
    for covariate in covariates:
        series = frame[covariate.name]
        lacking = int(series.isna().sum())
        if lacking:
            missing.append((covariate.name, lacking))
        entering.append(covariate)
        if covariate.coding == "levels":
            columns[covariate.name], joined = _joined_levels(series)
            notes += [f"{covariate.name}: {', '.join(joined)} joined (fewer than {FEW} patients each)"] if joined else []
            continue
        values = series.to_numpy(dtype=np.float64)
        known = np.isfinite(values)
        columns[covariate.name] = np.where(known, values, np.median(values[known]) if known.any() else 0.0)
        if FEW <= int((~known).sum()) <= len(values) - FEW:
            name = _indicator(covariate.name)
            columns[name] = (~known).astype(np.float64)
            entering.append(Covariate(name))
    return design(pd.DataFrame(columns, index=frame.index), entering), tuple(missing), tuple(notes)


def _indicator(name: str) -> str:
    return name + INDICATOR


def _joined_levels(series: pd.Series) -> tuple[pd.Series, list[str]]:
    """Levels as text, the most frequent first; rare ones under one name, or with the most frequent one where they stay rare."""
    text = series.astype(object).where(series.notna(), NOT_RECORDED).astype(str)
    sizes = text.value_counts()
    rare = [str(level) for level in sizes.index[sizes < FEW]]
    if len(rare) == 1 or int(sizes[rare].sum()) < FEW:
        text = text.where(~text.isin(rare), sizes.index[0])
    else:
        text = text.where(~text.isin(rare), OTHER)
    order = [str(level) for level in text.value_counts().index]
    return pd.Series(pd.Categorical(text, categories=order, ordered=True), index=series.index), rare


def _independent(made: Design) -> Design:
    """The design without columns that the ones before them already say; a covariate that loses all of its columns is named."""
    x = made.x - made.x.mean(axis=0)
    kept: list[int] = []
    basis = np.empty((len(x), 0))
    for place in range(x.shape[1]):
        rest = x[:, place] - basis @ (basis.T @ x[:, place])
        size = float(np.linalg.norm(rest))
        if size > 1e-8 * max(float(np.linalg.norm(x[:, place])), 1e-300):
            kept.append(place)
            basis = np.column_stack([basis, rest / size])
    place_of = {old: new for new, old in enumerate(kept)}
    terms, left_out = [], list(made.left_out)
    for term in made.terms:
        columns = tuple(place_of[c] for c in term.columns if c in place_of)
        if columns:
            terms.append(replace(term, columns=columns))
        else:
            left_out.append((term.covariate.name, ADDS_NOTHING))
    return Design(made.x[:, kept], tuple(terms), tuple(left_out))


class ScoreFit(NamedTuple):
    """A fitted propensity: one score per row, the coefficients, and whether the maximum was reached."""

    score: Floats
    intercept: float
    coefficients: Floats
    converged: bool


def fit_scores(x: Floats, exposed: Mask) -> ScoreFit:
    """Unpenalised logistic regression of ``exposed`` on ``x`` (patients x parameters) by scikit-learn's Newton solver."""
    centre, spread = x.mean(axis=0), x.std(axis=0)
    moving = spread > 1e-12 * np.maximum(np.abs(x).max(axis=0), 1e-300)
    if not moving.any():
        share = float(exposed.mean())
        return ScoreFit(np.full(len(x), share), float(np.log(share / (1 - share))), np.zeros(x.shape[1]), True)
    scaled = (x[:, moving] - centre[moving]) / spread[moving]
    model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10, max_iter=60)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        model.fit(scaled, exposed)
    troubled = any(issubclass(w.category, ConvergenceWarning) or "linalg" in w.category.__name__.lower() for w in said)
    score = np.asarray(model.predict_proba(scaled)[:, 1], dtype=np.float64)
    own = np.zeros(x.shape[1])
    own[moving] = model.coef_[0] / spread[moving]
    return ScoreFit(score, float(model.intercept_[0] - own @ centre), own, not troubled)


def newton_scores(x: Floats, exposed: Mask) -> ScoreFit:
    """The same fit by Newton's method: for resampling in a thread, where scikit-learn's warnings cannot be caught safely.

    ``converged``: the scores stand still. Where a level of a resample lies in one group only its patients' scores go to 0 or 1, the others
    stand; where all do, the groups are parted and it is False.
    """
    centre, spread = x.mean(axis=0), x.std(axis=0)
    moving = spread > 1e-12 * np.maximum(np.abs(x).max(axis=0, initial=0.0), 1e-300)
    scaled = np.column_stack([np.ones(len(x)), (x[:, moving] - centre[moving]) / spread[moving]])
    beta, own, converged = np.zeros(scaled.shape[1]), np.zeros(x.shape[1]), False
    score = np.full(len(x), 0.5)
    for _ in range(NEWTON_STEPS):
        slope = scaled.T @ (exposed - score)
        curvature = (scaled * (score * (1 - score))[:, None]).T @ scaled
        try:
            step = np.linalg.solve(curvature, slope)
        except np.linalg.LinAlgError:
            break
        beta = beta + step * min(1.0, LONGEST_STEP / max(float(np.abs(step).max()), 1e-300))
        before, score = score, expit(scaled @ beta)
        if float(np.abs(score - before).max()) < 1e-9:
            converged = float((score * (1 - score)).max()) > 1e-6
            break
    own[moving] = beta[1:] / spread[moving]
    return ScoreFit(score, float(beta[0] - own @ centre), own, converged)


def _separating(made: Design, inside: Mask) -> tuple[str, ...]:
    """Names of the covariates that separate the groups: each alone where one does, else those of a combination; () = none."""
    alone = [term.covariate.name for term in made.terms if _separates(made.x[:, list(term.columns)], inside).any()]
    if alone:
        return tuple(alone)
    direction = _separates(made.x, inside)
    return tuple(t.covariate.name for t in made.terms if direction[list(t.columns)].any())


def _separates(x: Floats, inside: Mask) -> Mask:
    """Columns of a direction in which no patient of one group lies beyond one of the other (Albert & Anderson, Biometrika 1984).

    A linear program looks for the direction that parts the groups most; all False = there is none (Konis, thesis Oxford 2007).
    """
    if x.shape[1] == 1:
        one, two = x[inside, 0], x[~inside, 0]
        return np.array([bool(one.max() <= two.min() or two.max() <= one.min())])
    spread = x.std(axis=0)
    scaled = np.column_stack([np.ones(len(x)), (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0)])
    signed = np.where(inside, 1.0, -1.0)[:, None] * scaled
    found = linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(x)), bounds=(-1, 1), method="highs")
    if found.x is None or -found.fun < 1e-6:
        return np.zeros(x.shape[1], dtype=bool)
    direction: Floats = np.asarray(found.x[1:], dtype=np.float64)
    return np.abs(direction) > 1e-6


# ---------------------------------------------------------------- weights


def weights(model: Propensity, *, target: Target = "overlap", trim: Trim = "none") -> Weights:
    """Weights that make the two groups alike in the covariates of ``model``; e is the score.

    "ate": share of the group / probability of the own group (stabilised; Robins, Hernan & Brumback, Epidemiology 2000). "att": 1 in the
    first group, e / (1 - e) in the second. "overlap": 1 - e and e (Li, Morgan & Zaslavsky, J Am Stat Assoc 2018). "matching":
    min(e, 1 - e) / probability of the own group (Li & Greene, Int J Biostat 2013). ``trim`` "scores": patients with e outside 0.1 to 0.9
    are left out and the model is fitted once more; "truncate": weights below the 1st and above the 99th percentile become these.
    ValueError for a model without scores.
    """
    if model.refused:
        raise ValueError(f"there is no propensity score: {model.refused}")
    kept, score, notes = _trimmed(model) if trim == "scores" else (np.ones(len(model.score), dtype=bool), model.score, ())
    raw = np.zeros(len(score))
    raw[kept] = raw_weights(score[kept], model.exposed[kept], target)
    weight, changed = _truncated(raw, kept) if trim == "truncate" else (raw, 0)
    effective = (effective_size(weight[model.exposed]), effective_size(weight[~model.exposed]))
    return Weights(
        weight, score, model.exposed, target, trim, effective, int((~kept).sum()), changed, TARGET_WORDS[target], (*model.notes, *notes)
    )


def raw_weights(score: Floats, exposed: Mask, target: Target) -> Floats:
    """The weight of each patient from the score (0 to 1) and the group (True = first)."""
    own = np.where(exposed, score, 1 - score)
    if target == "ate":
        share = float(exposed.mean())
        return np.where(exposed, share, 1 - share) / own
    if target == "att":
        return np.where(exposed, 1.0, score / np.where(exposed, 1.0, own))
    if target == "overlap":
        return 1 - own
    if target == "matching":
        return np.minimum(score, 1 - score) / own
    raise ValueError(f"target must be 'ate', 'att', 'overlap' or 'matching'; got {target!r}")


def effective_size(weight: npt.ArrayLike) -> float:
    """Kish's effective number of patients: (sum of weights)^2 / sum of squared weights; 0 without weights."""
    values = np.asarray(weight, dtype=np.float64)
    squares = float((values**2).sum())
    return float(values.sum()) ** 2 / squares if squares else 0.0


def _trimmed(model: Propensity) -> tuple[Mask, Floats, tuple[str, ...]]:
    low, high = SCORE_LIMITS
    kept = (model.score >= low) & (model.score <= high)
    if not (kept & model.exposed).any() or not (kept & ~model.exposed).any():
        everybody = np.ones(len(kept), dtype=bool)
        return everybody, model.score, (f"not trimmed: nobody of one group would be left with a score of {low:g} to {high:g}",)
    if kept.all():
        return kept, model.score, ()
    fit = newton_scores(model.x[kept], model.exposed[kept])
    if not fit.converged or fit.score.min() < EXTREME or fit.score.max() > 1 - EXTREME:
        return kept, np.where(kept, model.score, NAN), ("the scores of the first model were kept: a second one has no maximum",)
    score = np.full(len(kept), NAN)
    score[kept] = fit.score
    return kept, score, ()


def _truncated(weight: Floats, kept: Mask) -> tuple[Floats, int]:
    low, high = np.percentile(weight[kept], PERCENTILES)
    found = np.clip(weight, low, high)
    return found, int((found != weight).sum())
