"""A chart as a value: Plotly's figure JSON, the words for those who cannot see it, and the numbers behind it.

Charts build plain dicts (validated against Plotly in the tests) because building ``plotly.graph_objects`` costs more than
all the statistics of a slider step; ``figure()`` gives the real Plotly figure for notebooks and exports.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

NOTHING: Final = "Nothing to draw"


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """What the figure panel shows and downloads.

    ``data`` and ``layout`` are Plotly's figure JSON; ``alt`` describes the figure in one sentence;
    ``table`` gives the numbers behind it (asked only on download); ``name`` is the file name without extension.
    """

    name: str
    data: list[dict[str, Any]]
    layout: dict[str, Any]
    alt: str
    table: Callable[[], pd.DataFrame]

    def figure(self) -> go.Figure:
        """The Plotly figure (validated)."""
        return go.Figure(data=self.data, layout=self.layout)
