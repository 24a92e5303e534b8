"""The ROC curve of a marker, for a yes-or-no outcome or within a horizon: square panel, diagonal, current and best cutoff."""

from __future__ import annotations

import pandas as pd

from cartograph.charts.spec import Chart
from cartograph.views.discrimination import Discrimination


def roc_chart(result: Discrimination, *, dark: bool, height: int = 430, name: str = "") -> Chart:
    """Sensitivity over 1 - specificity with the diagonal of a coin, the current cutoff's point and the Youden point (ring).

    The area with its limits, both points in words and, within a horizon, what the weights stand for are written around the curve. A
    refusal gives an empty panel with its reason.
    """
    raise NotImplementedError


def roc_table(result: Discrimination) -> pd.DataFrame:
    """One row per threshold: panel, marker, unit, outcome, threshold, sensitivity, specificity."""
    raise NotImplementedError
