"""What a searched cutoff is worth: its p corrected for the search, where else it could have been, and what is left in other patients.

``worth`` is at hand at once. ``search``, ``resample`` and ``cross_validate`` take longer, tell their progress and do not depend on the
cutoff on screen, so a page can keep them; ``corrected_worth``, ``stability`` and ``held_out`` put them into words for the cutoff on screen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph import format as fmt
from cartograph.stats.compare import log_rank
from cartograph.stats.cutoff_bootstrap import CrossValidatedCutoff, CutoffBootstrap, bootstrap_cutoff, cross_validated_cutoff
from cartograph.stats.results import Floats
from cartograph.stats.selected import Progress, SelectedCutoff, maximally_selected_log_rank
from cartograph.views.board import Board
from cartograph.views.explore import ExploreView
from cartograph.views.landscape import known_patients
from cartograph.views.panels import MIN_FOR_P, PanelTable
from cartograph.views.paragraph import Corrected, chosen_by_seeing, corrected
from cartograph.views.provenance import origin_words

MIN_FRACTION = 0.1  # of the patients that a searched cutoff leaves low and high
FEW_EVENTS = 20
BIN = 0.1  # of the largest statistic
REST = "The bootstrap does not take all of it away: with no effect at all, 60 to 200 patients still show a corrected HR of 1.1 to 1.2."


@dataclass(frozen=True, slots=True, eq=False)
class Worth:
    """What is known of a cutoff before anything is repeated.

    ``n``: patients of the panel with endpoint and marker, ``n_missing`` those without; ``n_low``: low at ``cutoff``. ``naive_p``: log-rank
    test at ``cutoff`` as if it had been the only one. ``applies``: True when the cutoff may have been picked by its result, so that the
    naive p does not hold; ``why`` says so in a sentence, or that no correction applies. ``best``: the search among all cutoffs with an
    approximate p (Lausen 1994). ``reason``: why nothing can be said, "" = something can.
    """

    panel: str
    title: str
    endpoint: str
    label: str
    unit: str
    cutoff: float
    n: int
    n_low: int
    n_missing: int
    events: int
    naive_p: float
    applies: bool
    why: str
    best: SelectedCutoff
    notes: tuple[str, ...]
    reason: str = ""

    @property
    def method(self) -> str:
        """How the best cutoff was found."""
        return self.best.method

    def at(self, cutoff: float) -> str:
        """'337 µg/L'."""
        return fmt.number(cutoff) + (f" {self.unit}" if self.unit else "")

    def to_frame(self) -> pd.DataFrame:
        """One row: panel, cutoff, n, events, naive_p, whether a correction applies, and the columns of ``SelectedCutoff`` as best_..."""
        names = ["title", "cutoff", "n", "events", "naive_p", "applies"]
        own = pd.DataFrame([{name: getattr(self, name) for name in names}]).rename(columns={"title": "panel"})
        return pd.concat([own, self.best.to_frame().add_prefix("best_")], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class CorrectedWorth:
    """The permutation test in words. ``here``: p of the cutoff on screen; ``found``: the search with its null distribution.

    ``finding``: one sentence with the corrected p; where a correction applies the naive p follows as ``naive`` ("naive p = 0.012"), to be
    struck through. ``statistic``: of the cutoff on screen, NaN outside the searched window.
    """

    worth: Worth
    found: SelectedCutoff
    here: Corrected
    statistic: float
    edges: Floats
    counts: npt.NDArray[np.int64]
    finding: str
    naive: str
    notes: tuple[str, ...]

    @property
    def method(self) -> str:
        """The test."""
        return self.found.method

    def to_frame(self) -> pd.DataFrame:
        """One row: p of the cutoff on screen, and the columns of ``SelectedCutoff`` for the best."""
        return self.found.to_frame().assign(cutoff_on_screen=self.worth.cutoff, p_on_screen=self.here.p_value)


@dataclass(frozen=True, slots=True, eq=False)
class Stability:
    """The bootstrap in words. ``moved``: where the best cutoff fell; ``left``: hazard ratio and C-index after correction for optimism."""

    worth: Worth
    found: CutoffBootstrap
    moved: str
    left: str
    notes: tuple[str, ...]

    @property
    def method(self) -> str:
        """How it was repeated."""
        return self.found.method

    def to_frame(self) -> pd.DataFrame:
        """The columns of ``CutoffBootstrap``, one row."""
        return self.found.to_frame()


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """The cross-validated cutoff in words."""

    worth: Worth
    found: CrossValidatedCutoff
    finding: str
    notes: tuple[str, ...]

    @property
    def method(self) -> str:
        """How it was repeated."""
        return self.found.method

    def to_frame(self) -> pd.DataFrame:
        """The columns of ``CrossValidatedCutoff``, one row."""
        return self.found.to_frame()


def worth(board: Board, view: ExploreView, *, panel: str = "all", marker: int = 0) -> Worth:
    """The cutoff of the marker at position ``marker`` in the patients of one panel; another marker of the view is ignored.

    ``board``: prepared for the same question. ValueError for a marker or a panel that is not there.
    """
    if not 0 <= marker < len(view.markers):
        raise ValueError(f"marker must be a position among the {len(view.markers)} markers of the view; got {marker}")
    table, value, time, event = _patients(board, panel, marker)
    chosen, column = view.markers[marker], board.columns[marker]
    best = maximally_selected_log_rank(value, time, event, min_fraction=MIN_FRACTION, max_fraction=1 - MIN_FRACTION, method="lausen94")
    high = value > chosen.cutoff
    applies, enough = chosen_by_seeing([chosen]), min(high.sum(), (~high).sum()) >= MIN_FOR_P
    others = ", ".join(c.label for i, c in enumerate(board.columns) if i != marker)
    return Worth(
        panel=panel,
        title=table.title,
        endpoint=board.cohort.endpoints[board.endpoint].label,
        label=column.label,
        unit=column.unit,
        cutoff=chosen.cutoff,
        n=len(value),
        n_low=int((~high).sum()),
        n_missing=int(table.member.sum()) - len(value),
        events=int(event.sum()),
        naive_p=log_rank(time, event, high).p_value if len(value) else math.nan,
        applies=applies,
        why=_why(origin_words(board.cohort, chosen), applies=applies, given=bool(enough and event.any())),
        best=best,
        notes=(f"{column.label} alone: {others} is not used here.",) if others else (),
        reason="; ".join(best.notes) if math.isnan(best.statistic) else "",
    )


def _why(origin: str, *, applies: bool, given: bool) -> str:
    """``given``: a p of its own is shown on the page (enough patients in both groups, and events)."""
    if applies:
        return f"The cutoff was {origin}: it may have been picked by its result, so its own p does not hold."
    own = "its own p holds, and" if given else "it has no p of its own here (too few patients in a group, or no events), and"
    return f"Where the cutoff comes from: {origin}. It was not searched here: {own} no correction for searching applies."


def search(
    board: Board, *, panel: str = "all", marker: int = 0, permutations: int = 1000, seed: int = 1, progress: Progress | None = None
) -> SelectedCutoff:
    """The best of all cutoffs with its permutation p, whatever cutoff is on screen. ``progress`` is told 0 to 1; what it raises ends it."""
    _, value, time, event = _patients(board, panel, marker)
    low, high = MIN_FRACTION, 1 - MIN_FRACTION
    return maximally_selected_log_rank(
        value, time, event, min_fraction=low, max_fraction=high, permutations=permutations, seed=seed, progress=progress
    )


def resample(
    board: Board, *, panel: str = "all", marker: int = 0, replicates: int = 500, seed: int = 1, progress: Progress | None = None
) -> CutoffBootstrap:
    """The search repeated in bootstrap samples, whatever cutoff is on screen. ``progress`` as in ``search``."""
    _, value, time, event = _patients(board, panel, marker)
    return bootstrap_cutoff(value, time, event, replicates=replicates, seed=seed, min_fraction=MIN_FRACTION, progress=progress)


def cross_validate(
    board: Board,
    *,
    panel: str = "all",
    marker: int = 0,
    folds: int = 10,
    repeats: int = 20,
    seed: int = 1,
    progress: Progress | None = None,
) -> CrossValidatedCutoff:
    """The search repeated without each tenth of the patients. ``progress`` as in ``search``; fewer folds where there are fewer patients."""
    _, value, time, event = _patients(board, panel, marker)
    folds = max(2, min(folds, len(value)))
    return cross_validated_cutoff(value, time, event, folds=folds, repeats=repeats, seed=seed, min_fraction=MIN_FRACTION, progress=progress)


def _patients(board: Board, panel: str, marker: int) -> tuple[PanelTable, Floats, Floats, Floats]:
    """The panel with marker, months and events of its patients who have them."""
    tables = {table.key: table for table in board.tables}
    if panel not in tables:
        raise ValueError(f"panel must be one of {', '.join(map(repr, tables))}; got {panel!r}")
    if not 0 <= marker < len(board.values):
        raise ValueError(f"marker must be a position among the {len(board.values)} markers of the board; got {marker}")
    table = tables[panel]
    known = known_patients(board, table, marker)
    return table, board.values[marker][known], board.time[known], board.event[known]


def corrected_worth(of: Worth, found: SelectedCutoff) -> CorrectedWorth:
    """What the permutation test says of the cutoff on screen. ``found``: of the same patients, by permutation."""
    here = corrected(found, of.n_low)
    rows = np.flatnonzero(found.n_low == of.n_low)
    statistic = float(found.statistics[rows[0]]) if len(rows) else math.nan
    p = fmt.p_equals(of.naive_p)
    naive = f"naive {p}" if of.applies and math.isfinite(of.naive_p) else ""
    if math.isnan(found.p_value):
        finding = f"No p value: {here.reason}."
    elif not of.applies:
        finding = f"Log-rank {p} at {of.at(of.cutoff)}. {of.why}"
    else:
        finding = _corrected_words(of, found, here)
    notes = [note for note in found.notes if not math.isnan(found.p_value)]
    if not math.isnan(found.p_value) and not _same(found.cutoff, of, found):
        notes.append(f"The best cutoff by this statistic is {of.at(found.cutoff)}: corrected {fmt.p_equals(found.p_value)}.")
    edges, counts = _bins(found.null_maxima)
    return CorrectedWorth(of, found, here, statistic, edges, counts, finding, naive, (*notes, *of.notes))


def _bins(maxima: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Counts of the null distribution in bins that begin and end at tenths."""
    if not len(maxima):
        return np.empty(0), np.empty(0, dtype=np.int64)
    first, last = math.floor(float(maxima.min()) / BIN), math.floor(float(maxima.max()) / BIN) + 1
    edges = np.asarray(np.arange(first, last + 1) * BIN, dtype=np.float64)
    return edges, np.histogram(maxima, edges)[0].astype(np.int64)


def _corrected_words(of: Worth, found: SelectedCutoff, here: Corrected) -> str:
    low, high = (fmt.number(end) for end in found.window)
    search = f"{_count(found.n_cutoffs, 'cutoff')} from {low} to {high}"
    if math.isnan(here.p_value):
        return f"No corrected p for {of.at(of.cutoff)}: {here.reason}."
    times = f"{len(found.null_maxima):,}"
    return f"Corrected {fmt.p_equals(here.p_value)} at {of.at(of.cutoff)}, allowing for the search of {search} ({times} permutations)."


def _count(n: int, word: str) -> str:
    return f"{n:,} {word}{'' if n == 1 else 's'}"


def _same(cutoff: float, of: Worth, found: SelectedCutoff) -> bool:
    """Whether a searched cutoff splits the patients as the one on screen does."""
    rows = np.flatnonzero(found.cutoffs == cutoff)
    return bool(len(rows)) and int(found.n_low[rows[0]]) == of.n_low


def stability(of: Worth, found: CutoffBootstrap) -> Stability:
    """What the bootstrap says: how far the best cutoff moved and what is left of its hazard ratio and C-index."""
    if not found.replicates:
        reason = "; ".join(found.notes) or fmt.NOT_ESTIMABLE
        return Stability(of, found, f"Nothing to resample: {reason}.", "", of.notes)
    low, high = found.range_low, found.range_high
    of_all = f"{fmt.percent(0.95)} of {_count(found.replicates, 'resampled cohort')}"
    if low == high:
        moved = f"The best cutoff stayed at {of.at(low)} in {of_all}."
    else:
        moved = (
            f"The best cutoff moved between {fmt.number(low)} and {of.at(high)} in {of_all}; in these patients it is {of.at(found.cutoff)}."
        )
    notes = [*found.notes, REST]
    if found.events < FEW_EVENTS:
        notes.append(f"Only {_count(found.events, 'event')}: resampling cannot make up for what was not seen.")
    same = int(np.searchsorted(of.best.cutoffs, found.cutoff)) if len(of.best.cutoffs) else 0
    if not len(of.best.cutoffs) or int(of.best.n_low[same]) != of.n_low:
        words = f"HR and C-index after correction are those of the best cutoff, {of.at(found.cutoff)}, not of {of.at(of.cutoff)} on screen"
        notes.append(words + ("." if of.applies else ", which was not searched and needs no correction."))
    return Stability(of, found, moved, _left(of, found), (*notes, *of.notes))


def _left(of: Worth, found: CutoffBootstrap) -> str:
    """'At 303: HR high vs low 2.0 as it appears, 1.8 corrected for optimism; C-index 0.57, corrected 0.56.' and so on."""
    ratio, after = found.hazard_ratio, found.corrected_hazard_ratio
    if not math.isfinite(after):
        return f"HR high vs low {fmt.ratio(ratio)} as it appears; optimism {fmt.NOT_ESTIMABLE}."
    words = f"At {of.at(found.cutoff)}: HR high vs low {fmt.ratio(ratio)} as it appears, {fmt.ratio(after)} corrected for optimism; "
    words += f"C-index {fmt.concordance(found.concordance)}, corrected {fmt.concordance(found.corrected_concordance)}."
    turned = (after - 1) * (ratio - 1) <= 0
    return words + (" Nothing is left of it after correction." if turned else "")


def held_out(of: Worth, found: CrossValidatedCutoff) -> HeldOut:
    """What cross-validation says: the hazard ratio of groups that were formed by cutoffs chosen in other patients."""
    if not math.isfinite(found.hazard_ratio):
        return HeldOut(of, found, f"Not cross-validated: {'; '.join(found.notes) or fmt.NOT_ESTIMABLE}.", of.notes)
    spread = f"{fmt.ratio(found.ratio_low)} to {fmt.ratio(found.ratio_high)} over {_count(found.repeats, 'repeat')}"
    ratio, apparent = fmt.ratio(found.hazard_ratio), fmt.ratio(found.apparent_hazard_ratio)
    finding = (
        f"Each patient grouped by a cutoff that was chosen without that patient: HR high vs low {ratio} ({spread}), "
        f"C-index {fmt.concordance(found.concordance)}; chosen and judged in the same patients {apparent} "
        f"and {fmt.concordance(found.apparent_concordance)}."
    )
    return HeldOut(of, found, finding, (*found.notes, *of.notes))
