"""R's values, read from tests/reference (see the README there)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

FOLDER = Path(__file__).parent.parent / "reference"
DATASETS = ("lung", "veteran", "myeloma", "mgus2", "ovarian", "aml")


def values(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def cohort(reference: Any, *columns: str) -> pd.DataFrame:
    """Patients with time, event and complete columns."""
    return pd.DataFrame(reference["data"])[["time", "event", *columns]].dropna()


def label(value: object) -> str:
    """A group as R prints it."""
    return str(int(value)) if isinstance(value, float) else str(value)


def numbers(found: Any) -> np.ndarray:
    """R's numbers; missing is NaN, infinities are written as words."""
    return np.array([np.nan if v is None else float(v) for v in found])


def close(found: Any, expected: Any, *, rtol: float = 1e-8, atol: float = 1e-10) -> None:
    np.testing.assert_allclose(np.asarray(found, dtype=float), np.asarray(expected, dtype=float), rtol=rtol, atol=atol)
