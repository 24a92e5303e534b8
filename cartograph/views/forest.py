"""A forest as a value: lines with a ratio each, for regression and subgroups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

Measure = Literal["HR", "OR"]
Kind = Literal["row", "heading", "overall"]


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One line: ``label`` is the variable, ``compared`` what the ratio compares. ``reason``: why there is no p or no ratio, in words.

    ``n``, ``events``: patients counted in the line. ``inside`` False = the variable is not in this model, the line keeps its place.
    ``firth``: by Firth's method. ``kind`` "heading" has words only (``note`` on the right), "overall" is drawn as a diamond.
    """

    column: str
    label: str
    compared: str
    n: int
    events: int
    value: float
    ci_low: float
    ci_high: float
    p_value: float
    reason: str = ""
    inside: bool = True
    firth: bool = False
    kind: Kind = "row"
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """Lines from top to bottom. ``n``, ``events`` of the whole model (0 where every line has its own); ``limits`` False = none exist.

    ``ratio``: what the ratio is, for the axis ("hazard ratio"). ``test``: what gives the p of a line ("Wald"; "" = no line has a p); lines
    by Firth's method have the likelihood-ratio p of their profile.
    """

    key: str
    title: str
    subtitle: str
    measure: Measure
    ratio: str
    rows: tuple[Row, ...]
    n: int = 0
    events: int = 0
    limits: bool = True
    test: str = ""

    def to_frame(self) -> pd.DataFrame:
        """One row per line that has numbers."""
        names = ["label", "compared", "n", "events", "value", "ci_low", "ci_high", "p_value", "reason", "firth"]
        rows = [r for r in self.rows if r.kind != "heading" and r.inside]
        return pd.DataFrame([{name: getattr(r, name) for name in names} for r in rows], columns=names)
