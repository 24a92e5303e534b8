"""From columns of patients to the numbers of a regression model: levels against a reference, doublings, splines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph.stats.continuous import KNOTS, natural_spline
from cartograph.stats.results import Floats

Coding = Literal["levels", "doubling", "sd", "unit", "spline"]
NAN = float("nan")
SPLINE_KNOTS = 4
SAME = "the same in all patients"
NO_LOGARITHM = "some values are 0 or less, so no logarithm is taken"
FEW_VALUES = "too few different values for a spline"


@dataclass(frozen=True, slots=True)
class Covariate:
    """A column of the model and how it enters.

    ``coding``: "levels" (each against ``reference``, "" = the first level), or for numbers "doubling" (log2), "sd", "unit" or "spline"
    (natural cubic spline with 4 knots, of log2 where every value is above 0 and ``log`` is True).
    """

    name: str
    coding: Coding = "unit"
    reference: str = ""
    log: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Contrast:
    """One row of a table of effects: ``weights`` of the term's columns, and what is compared.

    ``level`` against the reference for levels; ``low`` and ``high``: the two values that a spline compares (25th, 75th percentile);
    ``step``: what the ratio is per, in the column's own unit ("sd", "unit"). ``member``: the patients counted in this row.
    """

    weights: Floats
    level: str
    low: float
    high: float
    step: float
    member: npt.NDArray[np.bool_]
    is_reference: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """A covariate in the design: its columns there, and its rows in a table. ``coding`` as it was used."""

    covariate: Covariate
    coding: Coding
    columns: tuple[int, ...]
    contrasts: tuple[Contrast, ...]
    reference: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """``x``: patients x parameters; ``left_out``: (name, reason) of covariates that cannot enter."""

    x: Floats
    terms: tuple[Term, ...]
    left_out: tuple[tuple[str, str], ...]

    @property
    def parameters(self) -> int:
        """Number of coefficients."""
        return int(self.x.shape[1])


def design(frame: pd.DataFrame, covariates: Sequence[Covariate]) -> Design:
    """Code complete columns. A covariate that is the same in everybody is left out and named. ValueError for missing values."""
    blocks: list[Floats] = []
    terms: list[Term] = []
    left_out: list[tuple[str, str]] = []
    width = 0
    for covariate in covariates:
        series = frame[covariate.name]
        if series.isna().any():
            raise ValueError(f"{covariate.name} must not be missing: leave out incomplete patients first")
        block, term = _levels(series, covariate) if covariate.coding == "levels" else _number(series, covariate)
        if not block.shape[1]:
            left_out.append((covariate.name, SAME))
            continue
        columns = tuple(range(width, width + block.shape[1]))
        terms.append(Term(term.covariate, term.coding, columns, term.contrasts, term.reference, term.notes))
        blocks.append(block)
        width += block.shape[1]
    x = np.concatenate(blocks, axis=1) if blocks else np.empty((len(frame), 0))
    return Design(x, tuple(terms), tuple(left_out))


def present_levels(series: pd.Series) -> list[object]:
    """The levels that occur, in the order of the column, else sorted."""
    known = series.dropna()
    if isinstance(known.dtype, pd.CategoricalDtype):
        found = set(known.astype(object))
        return [level for level in known.cat.categories if level in found]
    return sorted(known.unique().tolist(), key=lambda v: (str(type(v)), v))


def _levels(series: pd.Series, covariate: Covariate) -> tuple[Floats, Term]:
    levels = present_levels(series)
    names = [_level_name(level) for level in levels]
    reference = covariate.reference if covariate.reference in names else (names[0] if names else "")
    values = series.astype(object).to_numpy()
    masks = {name: np.asarray(values == level, dtype=bool) for name, level in zip(names, levels, strict=True)}
    others = [name for name in names if name != reference]
    block = np.column_stack([masks[name] for name in others]).astype(np.float64) if others else np.empty((len(series), 0))
    rows = []
    for name in names:
        weights = np.array([float(other == name) for other in others])
        rows.append(Contrast(weights, name, NAN, NAN, NAN, masks[name], is_reference=name == reference))
    return block, Term(covariate, "levels", (), tuple(rows), reference)


def _level_name(level: object) -> str:
    return f"{level:g}" if isinstance(level, float) else str(level)


def _number(series: pd.Series, covariate: Covariate) -> tuple[Floats, Term]:
    values = series.to_numpy(dtype=np.float64)
    everybody = np.ones(len(values), dtype=bool)
    if not len(values) or values.min() == values.max():
        return np.empty((len(values), 0)), Term(covariate, covariate.coding, (), ())
    logged = bool(values.min() > 0) and (covariate.coding == "doubling" or (covariate.coding == "spline" and covariate.log))
    notes = (NO_LOGARITHM,) if covariate.coding == "doubling" and not logged else ()
    if covariate.coding == "spline":
        made = _spline(values, covariate, logged)
        if made is not None:
            return made
        notes = (FEW_VALUES,)
    if logged:
        row = Contrast(np.ones(1), "", NAN, NAN, NAN, everybody)
        return np.log2(values)[:, None], Term(covariate, "doubling", (), (row,), notes=notes)
    step = 1.0 if covariate.coding == "unit" else float(np.std(values, ddof=1))
    row = Contrast(np.ones(1), "", NAN, NAN, step, everybody)
    return (values / step)[:, None], Term(covariate, "unit" if covariate.coding == "unit" else "sd", (), (row,), notes=notes)


def _spline(values: Floats, covariate: Covariate, logged: bool) -> tuple[Floats, Term] | None:
    """The spline's columns and the hazard at the 75th against the 25th percentile; None with too few different values."""
    x = np.log2(values) if logged else values
    for count in range(SPLINE_KNOTS, 2, -1):
        knots = np.quantile(x, KNOTS[count])
        if (np.diff(knots) > 1e-8 * max(1.0, float(np.abs(knots).max()))).all():
            break
    else:
        return None
    low, high = (float(v) for v in np.quantile(values, (0.25, 0.75)))
    ends = natural_spline(np.log2([low, high]) if logged else [low, high], knots)
    row = Contrast(ends[1] - ends[0], "", low, high, NAN, np.ones(len(values), dtype=bool))
    return natural_spline(x, knots), Term(covariate, "spline", (), (row,))
