"""ROC curve for an event within a horizon: cumulative cases, dynamic controls, inverse-probability-of-censoring weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy.typing as npt

from cartograph.stats.roc import AskedDirection, Curve


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TimeRoc(Curve):
    """The ROC curve of an event within ``horizon`` (months); see ``Curve``.

    ``n_positive``: cases, event at or before the horizon. ``n_negative``: controls, followed beyond it. ``n_censored``: censored at or
    before the horizon: neither; they stay at risk until then and their weight goes to those followed longer. ``n`` = all three.
    ``largest_weight``: of a case or control, 1 = counts for itself alone. ``positive`` and ``negative`` sum to ``n``.
    """

    horizon: float
    n: int
    n_censored: int
    largest_weight: float


def time_roc(
    value: npt.ArrayLike,
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    horizon: float,
    *,
    direction: AskedDirection = "high",
    level: float = 0.95,
) -> TimeRoc:
    """Sensitivity and specificity of a marker for an event within ``horizon`` (unit of ``time``).

    Arguments as ``roc_curve`` and ``kaplan_meier``, no patient missing. A case counts 1 / G(T-), a control 1 / G(horizon), G the
    Kaplan-Meier curve of censoring of all patients (Uno, Cai, Tian & Wei, J Am Stat Assoc 2007; Blanche, Dartigues & Jacqmin-Gadda,
    Stat Med 2013). Censoring must not depend on the marker. AUC with limits from its influence function, the estimated G included.
    NaN and a note without cases or without controls (horizon beyond follow-up). ValueError for a wrong call.
    """
    raise NotImplementedError
