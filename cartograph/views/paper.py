"""The study's tables and figures on the active cohort, at its cutoffs, each number beside the one it printed.

Nothing is computed here that Explore does not compute: every piece is Explore's answer with endpoint, product and cutoffs held fixed.
Only the direction is turned round, because the study prints hazard ratios of low against high.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from cartograph import format as fmt
from cartograph.cohort.filters import Filter
from cartograph.cohort.model import Cohort
from cartograph.stats.results import Floats
from cartograph.views.board import compute_on, panel_members, prepare
from cartograph.views.explore import Comparison, ExploreResult, ExploreView, Group, Marker, Panel, ResponseGroup, Role
from cartograph.views.grouping import Grouping, GroupRule
from cartograph.views.panels import Mask, build_panel_table, counts_of, panel_of
from cartograph.views.published import (
    CONTRADICTIONS,
    FIGURE_ONLY,
    FOLLOW_UP,
    MEDIAN_CONTRADICTIONS,
    MEDIANS,
    OS_AT_24,
    PIECES,
    PRODUCT_MEDIANS,
    RATE_CONTRADICTIONS,
    RATES,
    RATIOS,
    Kind,
    PaperMarker,
    Piece,
    Printed,
    PrintedRatio,
)

PRODUCT = "product"
NOT_PRINTED = "not printed"
TWO_YEARS = 24.0  # months
ROLES: tuple[Role, ...] = ("low", "mixed", "high")  # of up to three curves in one figure: colour and dash only
VISITS = ("Month 1", "Month 3", "Month 6")
ENDPOINT_LABELS: dict[Kind, str] = {"pfs": "PFS", "os": "OS"}


@dataclass(frozen=True, slots=True, eq=False)
class LowVsHigh:
    """A hazard ratio of low against high. NaN = not estimable; ``reason``: why there is no p or no ratio."""

    method: str  # "Cox (Efron)"
    value: float
    ci_low: float
    ci_high: float
    p_value: float
    reason: str = ""

    @property
    def words(self) -> str:
        """'0.31 (0.11–0.86), p 0.021'; 'no p' where it is withheld (``why_no_p``)."""
        if not math.isfinite(self.value):
            return f"{fmt.NOT_ESTIMABLE} ({self.reason})" if self.reason else fmt.NOT_ESTIMABLE
        ratio = fmt.ratio_with_limits(self.value, self.ci_low, self.ci_high)
        return f"{ratio}, p {fmt.p_value(self.p_value)}" if math.isfinite(self.p_value) else f"{ratio}, no p"

    @property
    def why_no_p(self) -> str:
        """'No p: fewer than 10 patients in a group', "" where there is a p or no ratio."""
        return f"No p: {self.reason}" if math.isfinite(self.value) and math.isnan(self.p_value) and self.reason else ""


@dataclass(frozen=True, slots=True)
class Line:
    """One number: ours and the printed one. ``note``: a sentence where the printed one contradicts itself, else ""."""

    what: str  # "HR low against high, Cox (Efron)"
    whom: str  # "All", "ide-cel"
    yours: str
    published: str
    place: str
    note: str = ""
    caution: str = ""  # about ours: why a p is not given


@dataclass(frozen=True, slots=True, eq=False)
class PieceResult:
    """A split of the study on this cohort. ``result`` None: ``wanted`` says which column or endpoint is missing."""

    piece: Piece
    endpoint: Kind
    view: ExploreView
    result: ExploreResult | None
    wanted: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class GridCell:
    """One cell of Table 2: ours by Cox and by Mantel-Haenszel (Firth where a group has no events), and what was printed.

    ``n``, ``events``: of the groups that the ratio compares; ``n_missing``: patients without marker or endpoint.
    """

    piece: Piece
    endpoint: Kind
    n: int
    events: int
    n_missing: int
    ratios: tuple[LowVsHigh, ...]
    printed: tuple[PrintedRatio, ...]
    note: str
    wanted: str = ""


# ---------------------------------------------------------------- what the cohort must have
def missing_words(cohort: Cohort, markers: tuple[PaperMarker, ...], endpoint: str) -> str:
    """Why a piece cannot be made of this cohort, "" when it can: no endpoint, no column, another unit, known only after infusion."""
    said = [_marker_words(cohort, m) for m in markers]
    if endpoint not in cohort.endpoints:
        said.append(f"{endpoint.upper()} (a time and an event)")
    wanted = [w for w in said if w]
    return f"This cohort lacks: {'; '.join(wanted)}. Name it under Data." if wanted else ""


def _marker_words(cohort: Cohort, marker: PaperMarker) -> str:
    column = cohort.columns.get(marker.column)
    if column is None or column.kind != "number":
        return f"{marker.name} in {marker.unit} (column {marker.column})"
    if column.timing in ("post-infusion", "outcome"):
        return f"{marker.name} before infusion: {column.label} is known only after infusion and cannot split patients from infusion on"
    if column.unit != marker.unit:
        return f"{marker.name} in {marker.unit}: {column.label} is in {column.unit or 'an unknown unit'}"
    return ""


def split_of(cohort: Cohort, view: ExploreView) -> str:
    """The study stands by product; where the cohort has no product, what the view puts side by side."""
    return PRODUCT if PRODUCT in cohort.columns else view.split


# ---------------------------------------------------------------- a split of the study
def piece_result(cohort: Cohort, view: ExploreView, piece: Piece, endpoint: Kind) -> PieceResult:
    """Explore's answer at the study's cutoffs. Of ``view`` only filters (and the split, without a product) are read."""
    wanted = missing_words(cohort, piece.markers, endpoint)
    markers = tuple(Marker(m.column, m.cutoff, "published") for m in piece.markers)
    asked = ExploreView(endpoint, markers, "three", split_of(cohort, view), view.filters)
    if wanted:
        return PieceResult(piece, endpoint, asked, None, wanted)
    board = prepare(cohort, asked)
    if not board.cohort.n:
        return PieceResult(piece, endpoint, asked, None, "No patient passes the filters.")
    return PieceResult(piece, endpoint, asked, compute_on(board, asked))


def turned(comparison: Comparison) -> LowVsHigh:
    """A hazard ratio of high against low turned round: one over the ratio, one over the limits in the other order, the same p."""
    method = comparison.label.partition(", ")[2]
    found = comparison.estimate
    if found is None or not found.value > 0:
        return LowVsHigh(method, math.nan, math.nan, math.nan, math.nan, comparison.reason)
    low = 1 / found.ci_high if found.ci_high > 0 else math.nan  # one over infinity is 0
    high = 1 / found.ci_low if found.ci_low > 0 else math.inf
    return LowVsHigh(method, 1 / found.value, low, high, comparison.p_value, comparison.reason)


def grid_cell(found: PieceResult) -> GridCell:
    """The cell of Table 2 that a split belongs to, for all patients."""
    key = (found.piece.key, found.endpoint)
    printed, note = RATIOS[*key, "All"], CONTRADICTIONS.get(key, "")
    if found.result is None:
        return GridCell(found.piece, found.endpoint, 0, 0, 0, (), printed, note, found.wanted)
    panel = found.result.panels[0]
    ratios = tuple(turned(c) for c in panel.hazard_ratios)
    first = next((c.estimate for c in panel.hazard_ratios), None)
    n, events = (first.n, first.events) if first is not None else (panel.n, sum(g.events for g in panel.groups))
    return GridCell(found.piece, found.endpoint, n, events, panel.n_missing, ratios, printed, note, _no_ratio(panel))


def _no_ratio(panel: Panel) -> str:
    return "" if panel.hazard_ratios else "A group has no patient: there is nothing to compare."


def table_two(cohort: Cohort, view: ExploreView) -> tuple[GridCell, ...]:
    """Every cell of Table 2, row by row, PFS then OS."""
    endpoints: tuple[Kind, Kind] = ("pfs", "os")
    return tuple(grid_cell(piece_result(cohort, view, piece, endpoint)) for piece in PIECES for endpoint in endpoints)


def piece_lines(found: PieceResult) -> tuple[Line, ...]:
    """Ours and the printed numbers of a split: hazard ratios of each panel, medians of each group."""
    if found.result is None:
        return ()
    lines: list[Line] = []
    for panel in found.result.panels:
        lines += _ratio_lines(found, panel)
    return (*lines, *_median_lines(found))


def _ratio_lines(found: PieceResult, panel: Panel) -> list[Line]:
    printed = RATIOS.get((found.piece.key, found.endpoint, panel.title), ())
    note = CONTRADICTIONS.get((found.piece.key, found.endpoint), "") if panel.key == "all" else ""
    words, place = _printed_words(printed, found, panel)
    if not panel.hazard_ratios:
        return [Line("HR low against high", panel.title, _no_ratio(panel), words, place, note)]
    ours = [turned(c) for c in panel.hazard_ratios]
    return [Line(f"HR low against high, {r.method}", panel.title, r.words, words, place, note, r.why_no_p) for r in ours]


def _printed_words(printed: tuple[PrintedRatio, ...], found: PieceResult, panel: Panel) -> tuple[str, str]:
    if not printed:
        drawn = panel.title in ("ide-cel", "cilta-cel") and found.piece.key.startswith("ferritin")
        return (FIGURE_ONLY, found.piece.figures[found.endpoint]) if drawn else (NOT_PRINTED, "")
    words = dict.fromkeys(p.words for p in printed)
    return " | ".join(words), " | ".join(p.place for p in printed)


def _median_lines(found: PieceResult) -> list[Line]:
    if found.result is None:
        return []
    panel = found.result.panels[0]
    low_high = dict(zip(("low", "high"), MEDIANS[found.piece.key, found.endpoint], strict=True))
    note = MEDIAN_CONTRADICTIONS.get((found.piece.key, found.endpoint), "")
    lines = []
    for group in panel.groups:
        printed = low_high.get(group.role, Printed(NOT_PRINTED, ""))
        noted = note if group.role == "high" else ""
        lines.append(Line(f"Median, {group.short}", panel.title, median_words(group), _months(printed), printed.place, noted))
    return lines


def median_words(group: Group) -> str:
    """'13.5 mo (9.1–NR), n 23, 14 events'."""
    if not group.n:
        return "nobody"
    found, ending = group.median, "" if group.events == 1 else "s"
    return f"{fmt.median_with_limits(found.value, found.ci_low, found.ci_high)}, n {group.n:,}, {group.events:,} event{ending}"


def _months(printed: Printed) -> str:
    return f"{printed.words} mo" if printed.words[:1].isdigit() else printed.words


# ---------------------------------------------------------------- products, courses, response
@dataclass(frozen=True, slots=True, eq=False)
class ProductsResult:
    """Survival of the products in one figure (Figure 1C, S3), or in a figure each where there are more than three.

    ``panels``: what to draw; ``groups``: product and its curve's numbers; ``wanted``: why there is nothing, else "".
    """

    endpoint: Kind
    label: str
    panels: tuple[Panel, ...]
    groups: tuple[tuple[str, Group], ...]
    x_max: float
    n: int
    n_missing: int
    wanted: str = ""


def products_result(cohort: Cohort, view: ExploreView, endpoint: Kind) -> ProductsResult:
    """Curves of the products of the filtered cohort, unadjusted."""
    label = ENDPOINT_LABELS[endpoint]
    wanted = missing_words(cohort, (), endpoint)
    asked = ExploreView(endpoint, (), "three", split_of(cohort, view), view.filters)
    if wanted:
        return ProductsResult(endpoint, label, (), (), 0.0, 0, 0, wanted)
    board = prepare(cohort, asked)
    result = compute_on(board, asked)
    everybody = result.panels[0]
    groups = tuple((p.title, p.groups[0]) for p in (result.panels[1:] or result.panels) if p.groups)
    panels = result.panels[1:] or result.panels
    if 1 < len(panels) <= len(ROLES):
        panels = (_together(board.time, board.event, panel_members(board.cohort, asked.split)[1:]),)
    return ProductsResult(endpoint, label, panels, groups, result.x_max, everybody.n, everybody.n_missing)


def _together(time: Floats, event: Floats, members: Sequence[tuple[str, str, Mask]]) -> Panel:
    """One panel whose groups are the products; the roles give them colour and dash, no more."""
    roles = ROLES if len(members) == len(ROLES) else ROLES[::2]
    codes = np.full(len(time), -1, dtype=np.int64)
    for code, (_, _, member) in enumerate(members):
        codes[member] = code
    rules = tuple(GroupRule(i, role, title, title) for i, (role, (_, title, _)) in enumerate(zip(roles, members, strict=True)))
    table = build_panel_table("products", "By product", codes >= 0, time, event, ())
    made = Grouping(codes, rules)
    return replace(panel_of(table, counts_of(table, made, ()), made), hazard_ratios=())


def product_lines(found: ProductsResult) -> tuple[Line, ...]:
    """Median, follow-up and, for OS, survival at 24 months of each product."""
    lines: list[Line] = []
    for product, group in found.groups:
        printed = PRODUCT_MEDIANS.get((found.endpoint, product), Printed(NOT_PRINTED, ""))
        lines.append(Line(f"Median {found.label}", product, median_words(group), _months(printed), printed.place))
        if found.endpoint == "os":
            lines += [_at_two_years(product, group), _follow_up(product, group)]
    return tuple(lines)


def _at_two_years(product: str, group: Group) -> Line:
    printed = OS_AT_24.get(product, Printed(NOT_PRINTED, ""))
    at = group.milestones[group.milestones["time"] == TWO_YEARS].iloc[0]
    ours = fmt.percent_with_limits(float(at["survival"]), float(at["ci_low"]), float(at["ci_high"]))
    return Line("OS at 24 months", product, f"{ours}, {int(at['at_risk']):,} at risk", printed.words, printed.place)


def _follow_up(product: str, group: Group) -> Line:
    printed = FOLLOW_UP.get(product, Printed(NOT_PRINTED, ""))
    found = group.follow_up
    ours = fmt.median_with_limits(found.value, found.ci_low, found.ci_high)
    note = "The study does not say how it computed follow-up; here by reverse Kaplan-Meier." if printed.place else ""
    return Line("Median follow-up", product, ours, _months(printed), printed.place, note)


@dataclass(frozen=True, slots=True, eq=False)
class CoursesResult:
    """Swimmer plot and responses of the filtered cohort, by product (Figure 1 A, B). ``result`` None: ``wanted`` says why."""

    result: ExploreResult | None
    wanted: str = ""


def courses_result(cohort: Cohort, view: ExploreView) -> CoursesResult:
    """Explore's lanes and bars without a marker, under PFS (OS where there is no PFS)."""
    endpoint = next((k for k in ("pfs", "os") if k in cohort.endpoints), "")
    if not endpoint:
        return CoursesResult(None, missing_words(cohort, (), "pfs"))
    asked = ExploreView(endpoint, (), "three", split_of(cohort, view), view.filters)
    board = prepare(cohort, asked)
    return CoursesResult(compute_on(board, asked, lanes_by="split") if board.cohort.n else None, "No patient passes the filters.")


def response_lines(groups: tuple[ResponseGroup, ...]) -> tuple[Line, ...]:
    """ORR at 1, 3 and 6 months and CR rate at 6 of each panel, beside what was printed."""
    lines = []
    for found in groups:
        if found.visit not in VISITS:
            continue
        rates = (("ORR", found.orr), ("CR", found.cr_rate))
        for outcome, rate in rates if found.visit == VISITS[-1] else rates[:1]:
            printed = RATES.get((found.visit, outcome, found.panel)) or _rate_elsewhere(found, outcome)
            share = fmt.percent_with_limits(rate.value, rate.ci_low, rate.ci_high)
            ours = f"{share} of {found.evaluable:,} evaluable" if found.evaluable else "nobody evaluable"
            note = RATE_CONTRADICTIONS.get((outcome, found.panel), "") if printed.words[:1].isdigit() else ""
            lines.append(Line(f"{outcome}, {found.visit.lower()}", found.panel, ours, printed.words, printed.place, note))
    return tuple(lines)


def _rate_elsewhere(found: ResponseGroup, outcome: str) -> Printed:
    drawn = outcome == "ORR" and found.panel in ("ide-cel", "cilta-cel")
    return Printed(FIGURE_ONLY, "Figure 1B") if drawn else Printed(NOT_PRINTED, "")


# ---------------------------------------------------------------- tables
def lines_frame(lines: tuple[Line, ...]) -> pd.DataFrame:
    """One row per number: what, patients, yours, published, place, note."""
    names = {"What": "what", "Patients": "whom", "Yours": "yours", "Published": "published", "Place": "place", "Note": "note"}
    return pd.DataFrame([{head: getattr(line, name) for head, name in names.items()} for line in lines], columns=list(names))


def table_two_frame(cells: tuple[GridCell, ...]) -> pd.DataFrame:
    """One row per cell and method: numbers as numbers, for download."""
    rows = []
    for cell in cells:
        table, text = (cell.printed[0].words, cell.printed[1].words) if len(cell.printed) > 1 else (cell.printed[0].words, "")
        same = {"row": cell.piece.row, "parameter": cell.piece.label, "time": cell.piece.time, "endpoint": ENDPOINT_LABELS[cell.endpoint]}
        told = {"published_table_2": table, "published_results": text, "note": cell.note}
        ours = cell.ratios or (LowVsHigh("", math.nan, math.nan, math.nan, math.nan, cell.wanted),)
        for r in ours:
            numbers = {"hr_low_vs_high": r.value, "ci_low": r.ci_low, "ci_high": r.ci_high, "p_value": r.p_value, "reason": r.reason}
            rows.append({**same, "n": cell.n, "events": cell.events, "method": r.method, **numbers, **told})
    return pd.DataFrame(rows)


def filters_words(filters: tuple[Filter, ...]) -> str:
    """What of the view holds on this page."""
    held = "The filters chosen in the sidebar hold" if filters else "Filters chosen in the sidebar would hold"
    return f"{held}; endpoints, products and cutoffs are the study's own."
