"""What every section of the Cutoff page is about, and how it draws and speaks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cartograph.charts.spec import Chart
from cartograph.cohort import Cohort, Column
from cartograph.views.board import Board
from cartograph.views.explore import ExploreView, Marker
from cartograph.views.provenance import provenance
from components.figure import show_figure


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """One cutoff under scrutiny.

    ``cohort``: as it was opened; ``board``: prepared for ``view``, filters applied; ``marker``: position of the marker in the view;
    ``panel``: key of the patients that the sections speak of; ``dark``: colours of the figures.
    """

    cohort: Cohort
    board: Board
    view: ExploreView
    marker: int
    panel: str
    dark: bool

    def of(self, panel: str) -> Subject:
        """The same cutoff in other patients."""
        return replace(self, panel=panel)

    @property
    def chosen(self) -> Marker:
        """The marker with its cutoff."""
        return self.view.markers[self.marker]

    @property
    def alone(self) -> ExploreView:
        """The view with this marker only and without its cutoff: the question that a search over all cutoffs answers."""
        return replace(self.view, markers=(Marker(self.chosen.column, 0.0),), combine="three")

    @property
    def column(self) -> Column:
        """The marker's column."""
        return self.board.columns[self.marker]

    @property
    def title(self) -> str:
        """The panel's name."""
        return next(table.title for table in self.board.tables if table.key == self.panel)

    @property
    def endpoint(self) -> str:
        """Short name of the endpoint."""
        return self.board.cohort.endpoints[self.board.endpoint].label

    def why_not(self) -> str:
        """Why nothing can be said of the patients of the panel, in one sentence; "" when something can."""
        table = next(t for t in self.board.tables if t.key == self.panel)
        values = self.board.values[self.marker]
        known = table.member & np.isfinite(self.board.time) & np.isfinite(values)
        if not known.any():
            return f"Nobody in {self.title} has both {self.endpoint} and {self.column.label}."
        if len(np.unique(values[known])) < 2:
            return f"Everybody in {self.title} has the same {self.column.label}: there is nothing to cut."
        if not self.board.event[known].any():
            return f"No event in {self.title}: nothing can be compared."
        return ""

    def draw(self, chart: Chart, *, key: str) -> None:
        """A figure with the badges of this cohort and cutoff."""
        show_figure(chart, key=key, synthetic=self.cohort.synthetic, provenance=provenance(self.cohort, self.view))
