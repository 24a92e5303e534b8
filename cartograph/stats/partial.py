"""Risk sets of the Cox partial likelihood with several covariates: what residuals, tests and penalised fits read from them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cartograph.stats.compare import by_stratum
from cartograph.stats.results import Floats
from cartograph.stats.times import Indices, SurvivalInput


class RiskOrder(NamedTuple):
    """One stratum, latest time first. One entry per single event: its row, the last row of its risk set, its tie, the share taken out.

    ``x``: covariates x patients; ``patients``: their places in the data; ``time``: of each entry, months, descending. Efron takes
    ``out`` = l/d of d tied events out of the risk set of the l-th.
    """

    x: Floats
    patients: Indices
    rows: Indices
    last: Indices
    tie: Indices
    first_of_tie: Indices
    out: Floats
    time: Floats


class EventMoments(NamedTuple):
    """What a patient at risk looks like at each single event: weight of the risk set, mean and mean products of the covariates.

    ``total``: entries; ``mean``: k x entries; ``products``: k x k x entries. Weights are exp(linear predictor) / ``scale``.
    """

    weight: Floats
    total: Floats
    mean: Floats
    products: Floats
    log_scale: float

    @property
    def covariance(self) -> Floats:
        """Of the covariates: k x k x entries."""
        return self.products - self.mean[:, None, :] * self.mean[None, :, :]


def risk_orders(x: Floats, data: SurvivalInput, strata: npt.ArrayLike | None = None) -> list[RiskOrder]:
    """One order per stratum that has events. ``x``: patients x covariates."""
    codes = by_stratum(np.zeros(len(x), dtype=np.int64), strata)
    found = [_order(x, data, np.flatnonzero(c >= 0)) for c in codes]
    return [order for order in found if len(order.rows)]


def _order(x: Floats, data: SurvivalInput, inside: Indices) -> RiskOrder:
    order = inside[np.argsort(-data.time[inside], kind="stable")]
    descending = -data.time[order]
    rows = np.flatnonzero(data.event[order] == 1)
    _, first, tie, tied = np.unique(descending[rows], return_index=True, return_inverse=True, return_counts=True)
    last = np.searchsorted(descending, descending[rows], side="right") - 1
    out = (np.arange(len(rows)) - first[tie]) / tied[tie]
    return RiskOrder(np.ascontiguousarray(x[order].T), order, rows, last, tie, first, out, -descending[rows])


def totals(order: RiskOrder, values: Floats) -> Floats:
    """Sum over each entry's risk set of ``values`` (any x patients), the share of tied events taken out: any x entries."""
    tied = np.add.reduceat(values[:, order.rows], order.first_of_tie, axis=1)
    found: Floats = np.cumsum(values, axis=1)[:, order.last] - order.out * tied[:, order.tie]
    return found


def event_moments(order: RiskOrder, beta: Floats) -> EventMoments:
    """Moments of the covariates in each risk set when patients weigh exp(beta x)."""
    k, n = order.x.shape
    upper = np.triu_indices(k)
    linear = beta @ order.x
    log_scale = float(linear.max()) if n else 0.0
    weight = np.exp(linear - log_scale)
    stacked = np.concatenate([np.ones((1, n)), order.x, order.x[upper[0]] * order.x[upper[1]]]) * weight
    found = totals(order, stacked)
    total = np.maximum(found[0], np.finfo(np.float64).tiny)
    products = np.empty((k, k, len(order.rows)))
    products[upper] = found[k + 1 :] / total
    products[upper[1], upper[0]] = products[upper]
    return EventMoments(weight, total, found[1 : k + 1] / total, products, log_scale)


def log_likelihood(orders: list[RiskOrder], beta: Floats) -> float:
    """Partial log-likelihood with Efron's ties."""
    value = 0.0
    for order in orders:
        linear = beta @ order.x
        top = float(linear.max())
        total = totals(order, np.exp(linear - top)[None, :])[0]
        if not (total > 0).all():
            return -np.inf
        value += float((linear[order.rows] - top).sum() - np.log(total).sum())
    return value


def score_and_information(orders: list[RiskOrder], beta: Floats) -> tuple[Floats, Floats]:
    """Slope (k) and negative curvature (k x k) of the partial log-likelihood."""
    k = len(beta)
    score, information = np.zeros(k), np.zeros((k, k))
    for order in orders:
        at = event_moments(order, beta)
        score += order.x[:, order.rows].sum(axis=1) - at.mean.sum(axis=1)
        information += at.covariance.sum(axis=2)
    return score, information
