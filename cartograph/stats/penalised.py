"""Cox models with penalised coefficients: ridge, lasso and between, the penalty chosen by cross-validated partial likelihood.

Estimates are pulled towards no effect on purpose. They have no p values and no confidence limits here, because none of the usual ones hold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph.stats.concordance import Concordance, concordance_index
from cartograph.stats.partial import RiskOrder, log_likelihood, risk_orders, score_and_information
from cartograph.stats.regression import ModelData
from cartograph.stats.results import Floats
from cartograph.stats.times import survival_input

FOLDS = 5
GRID = 12  # penalties tried
SMALLEST = 0.01  # of the largest penalty
TOLERANCE = 1e-9
MAX_STEPS = 200
SWEEPS = 500
LEAST_RIDGE = 0.05  # ridge share at which the largest penalty of the grid is taken


@dataclass(frozen=True, slots=True, eq=False)
class PenalisedCox:
    """Penalised Cox model at the penalty with the best cross-validated partial likelihood.

    ``coefficients``: log hazard ratios per unit of the design's columns, 0 = left out by the lasso. ``penalties``: tried, largest first;
    ``deviance``: mean over patients of -2 x cross-validated log-likelihood at each; ``chosen``: its place. ``concordance`` is apparent.
    """

    coefficients: Floats
    penalty: float
    l1_ratio: float
    penalties: Floats
    deviance: Floats
    chosen: int
    concordance: Concordance
    n: int
    events: int
    folds: int
    seed: int
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per penalty: penalty, deviance, chosen."""
        chosen = np.arange(len(self.penalties)) == self.chosen
        return pd.DataFrame({"penalty": self.penalties, "deviance": self.deviance, "chosen": chosen})


def penalised_cox(
    data: ModelData, *, l1_ratio: float = 1.0, folds: int = FOLDS, seed: int, progress: Callable[[float], None] | None = None
) -> PenalisedCox:
    """Minimise -log-likelihood / n + penalty x (l1_ratio |b|_1 + (1 - l1_ratio) |b|^2 / 2), coefficients per standard deviation.

    ``data``: of a model (``cox(...).data``), refused or not. ``l1_ratio``: 1 lasso, 0 ridge. Folds hold like shares of events. The
    penalty with the best cross-validated partial likelihood of Verweij & van Houwelingen (Stat Med 1993) is taken. ValueError without two
    events per fold, without a variable, and for an ``l1_ratio`` outside 0 to 1.

    Simon, Friedman, Hastie & Tibshirani, J Stat Softw 2011 (the objective).
    """
    events = int(data.event.sum())
    if not 0 <= l1_ratio <= 1:
        raise ValueError(f"l1_ratio must lie between 0 and 1; got {l1_ratio}")
    if events < 2 * folds or not data.design.parameters:
        raise ValueError(f"a penalised model needs a variable that differs and {2 * folds} events; got {events} events")
    spread = data.design.x.std(axis=0)
    x = (data.design.x - data.design.x.mean(axis=0)) / spread
    whole = _part(x, data, np.ones(len(x), dtype=bool))
    penalties = _grid(whole, l1_ratio)
    held_out = np.zeros(len(penalties))
    fold = _folds(data.event, folds, seed)
    for f in range(folds):
        held_out += _cross_validated(x, data, fold != f, whole, penalties, l1_ratio)
        if progress is not None:
            progress((f + 1) / (folds + 1))
    chosen = int(np.argmax(held_out))
    path = _path(whole, penalties[: chosen + 1], l1_ratio)
    score = np.round(x @ path[-1], 10)
    name = {1.0: "lasso", 0.0: "ridge"}.get(l1_ratio, f"elastic net, l1 ratio {l1_ratio:g}")
    edge = ("the weakest penalty tried was the best: more events than the penalty is needed for",) if chosen == len(penalties) - 1 else ()
    return PenalisedCox(
        coefficients=path[-1] / spread,
        penalty=float(penalties[chosen]),
        l1_ratio=l1_ratio,
        penalties=penalties,
        deviance=-2 * held_out / len(x),
        chosen=chosen,
        concordance=concordance_index(score, data.time, data.event, strata=data.strata),
        n=len(x),
        events=events,
        folds=folds,
        seed=seed,
        method=f"Cox, Efron ties, penalised ({name}), penalty by {folds}-fold cross-validated partial likelihood",
        notes=edge,
    )


class _Part(NamedTuple):
    orders: list[RiskOrder]
    n: int
    k: int


def _part(x: Floats, data: ModelData, inside: npt.NDArray[np.bool_]) -> _Part:
    strata = None if data.strata is None else data.strata[inside]
    orders = risk_orders(x[inside], survival_input(data.time[inside], data.event[inside]), strata)
    return _Part(orders, int(inside.sum()), x.shape[1])


def _grid(whole: _Part, l1_ratio: float) -> Floats:
    """Penalties from the one that lets the lasso choose nothing down to a hundredth of it."""
    score, _ = score_and_information(whole.orders, np.zeros(whole.k))
    top = float(np.abs(score).max()) / whole.n / max(l1_ratio, LEAST_RIDGE)
    return top * np.geomspace(1.0, SMALLEST, GRID)


def _folds(event: Floats, folds: int, seed: int) -> npt.NDArray[np.int64]:
    """A fold for every patient; events and censored are dealt out separately."""
    rng = np.random.default_rng(seed)
    found = np.zeros(len(event), dtype=np.int64)
    for kind in (0.0, 1.0):
        members = rng.permutation(np.flatnonzero(event == kind))
        found[members] = np.arange(len(members)) % folds
    return found


def _cross_validated(x: Floats, data: ModelData, kept: npt.NDArray[np.bool_], whole: _Part, penalties: Floats, l1_ratio: float) -> Floats:
    """Log-likelihood of everybody minus that of the kept, at the coefficients of the kept: what the others add."""
    part = _part(x, data, kept)
    return np.array([log_likelihood(whole.orders, b) - log_likelihood(part.orders, b) for b in _path(part, penalties, l1_ratio)])


def _path(part: _Part, penalties: Floats, l1_ratio: float) -> list[Floats]:
    """Coefficients at each penalty, each search starting where the one before ended."""
    beta, found = np.zeros(part.k), []
    for penalty in penalties:
        beta = _minimum(part, beta, float(penalty), l1_ratio)
        found.append(beta)
    return found


def _objective(part: _Part, beta: Floats, penalty: float, l1_ratio: float) -> float:
    size = l1_ratio * float(np.abs(beta).sum()) + (1 - l1_ratio) * float(beta @ beta) / 2
    return -log_likelihood(part.orders, beta) / part.n + penalty * size


def _minimum(part: _Part, start: Floats, penalty: float, l1_ratio: float) -> Floats:
    """Newton's method in which every quadratic step is solved with the penalty, by coordinate descent; steps are halved where needed."""
    beta, here = start, _objective(part, start, penalty, l1_ratio)
    for _ in range(MAX_STEPS):
        score, information = score_and_information(part.orders, beta)
        step = _quadratic(beta, score / part.n, information / part.n, penalty, l1_ratio) - beta
        there = _objective(part, beta + step, penalty, l1_ratio)
        while there > here + 1e-14 and np.abs(step).max() > TOLERANCE:
            step = step / 2
            there = _objective(part, beta + step, penalty, l1_ratio)
        beta, here = beta + step, there
        if np.abs(step).max() <= TOLERANCE:
            break
    return beta


def _quadratic(beta: Floats, score: Floats, information: Floats, penalty: float, l1_ratio: float) -> Floats:
    """The minimum of the second-order approximation plus penalty, one coefficient after the other."""
    b = beta.copy()
    target = score + information @ beta
    lasso, ridge = penalty * l1_ratio, penalty * (1 - l1_ratio)
    diagonal = np.diag(information)
    for _ in range(SWEEPS):
        moved = 0.0
        for j in range(len(b)):
            pull = target[j] - information[j] @ b + diagonal[j] * b[j]
            value = np.sign(pull) * max(abs(pull) - lasso, 0.0) / max(diagonal[j] + ridge, 1e-300)
            moved = max(moved, abs(value - b[j]))
            b[j] = value
        if moved <= TOLERANCE / 10:
            break
    return b
