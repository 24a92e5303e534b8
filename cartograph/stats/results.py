"""The frozen results that the statistics return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """A number with its confidence limits. NaN = not estimable or not reached; ``notes`` says why."""

    value: float
    ci_low: float
    ci_high: float
    method: str
    std_error: float = float("nan")
    n: int = 0
    events: int = 0
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row: value, std_error, ci_low, ci_high, n, events, method."""
        names = ["value", "std_error", "ci_low", "ci_high", "n", "events", "method"]
        return pd.DataFrame([{name: getattr(self, name) for name in names}])


def frame_of(result: Any, names: list[str]) -> pd.DataFrame:
    """One row per element of the equally long array attributes ``names`` of a result."""
    return pd.DataFrame({name: getattr(result, name) for name in names})
