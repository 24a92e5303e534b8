"""What a dragged cutoff shows at each stop is what the page shows when the cutoff is let go there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cartograph.charts.km import km_chart, table_months
from cartograph.cohort import Cohort
from cartograph.stats.results import Estimate
from cartograph.views.board import compute_on, prepare
from cartograph.views.explore import ExploreResult, ExploreView, Group, Marker, PanelAt
from cartograph.views.live import LiveBoard, LivePanel, live_board
from cartograph.views.live_responses import live_responses
from cartograph.views.provenance import provenance, provenance_at
from components.explore_words import comparison_lines, finding_of
from tests.views.conftest import make_cohort

VIEWS = {
    "one": (ExploreView("pfs", (Marker("ferritin_d0", 337.0),)), 0),
    "os, not split": (ExploreView("os", (Marker("ferritin_d0", 337.0),), split=""), 0),
    "three, first handle": (ExploreView("pfs", (Marker("ferritin_d0", 337.0), Marker("crp_d0", 6.0))), 0),
    "three, second handle": (ExploreView("pfs", (Marker("ferritin_d0", 337.0), Marker("crp_d0", 6.0))), 1),
    "both low": (ExploreView("pfs", (Marker("ferritin_d0", 337.0), Marker("crp_d0", 6.0)), combine="both-low"), 1),
}


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return make_cohort()


def at_every_stop(cohort: Cohort, view: ExploreView, handle: int) -> tuple[LiveBoard, list[ExploreResult]]:
    board = prepare(cohort, view)
    ticks = {t.key: table_months(int(t.known.sum()), board.x_max) for t in board.tables}
    live = live_board(board, view, handle, ticks)
    results = []
    for stop in live.stops.tolist():
        markers = tuple(replace(m, cutoff=stop) if i == handle else m for i, m in enumerate(view.markers))
        results.append(compute_on(board, replace(view, markers=markers)))
    return live, results


@pytest.mark.parametrize("name", VIEWS)
def test_words_and_numbers_of_every_stop(cohort: Cohort, name: str) -> None:
    live, results = at_every_stop(cohort, *VIEWS[name])
    assert len(live.stops) > 20
    for k, result in enumerate(results):
        for panel, wanted in zip(live.panels, result.panels, strict=True):
            head = panel.heads[k]
            assert comparison_lines(head) == comparison_lines(wanted)
            assert finding_of(head, "PFS") == finding_of(wanted, "PFS")
            same_groups(head, wanted.groups)
            same_ratios(head, wanted.hazard_ratios)


@pytest.mark.parametrize("name", VIEWS)
def test_the_line_about_the_cutoff_is_the_one_of_a_cutoff_let_go(cohort: Cohort, name: str) -> None:
    view, handle = VIEWS[name]
    said = provenance_at(cohort, view, handle, [250.0, 1200.5])
    for words, stop in zip(said, (250.0, 1200.5), strict=True):
        markers = tuple(replace(m, cutoff=stop, origin="hand") if i == handle else m for i, m in enumerate(view.markers))
        assert words == provenance(cohort, replace(view, markers=markers))
        assert "moved by hand" in words
    assert said[0] != said[1]


def same_groups(head: PanelAt, wanted: tuple[Group, ...]) -> None:
    for group, other in zip(head.groups, wanted, strict=True):
        assert (group.role, group.label, group.short, group.n, group.events) == (
            other.role,
            other.label,
            other.short,
            other.n,
            other.events,
        )
        same(group.median, other.median)


def same_ratios(head: PanelAt, wanted: tuple[object, ...]) -> None:
    assert len(head.hazard_ratios) == len(wanted)
    for found, other in zip(head.hazard_ratios, wanted, strict=True):
        assert found.label == other.label  # type: ignore[attr-defined]
        same(found.estimate, other.estimate)  # type: ignore[attr-defined]
        np.testing.assert_allclose(found.p_value, other.p_value, rtol=1e-8)  # type: ignore[attr-defined]


def same(found: Estimate | None, wanted: Estimate | None) -> None:
    assert found is not None
    assert wanted is not None
    np.testing.assert_allclose([found.value, found.ci_low, found.ci_high], [wanted.value, wanted.ci_low, wanted.ci_high], rtol=1e-8)


@pytest.mark.parametrize("name", VIEWS)
def test_curves_marks_and_table_of_every_stop(cohort: Cohort, name: str) -> None:
    live, results = at_every_stop(cohort, *VIEWS[name])
    for k, result in enumerate(results):
        for panel, wanted in zip(live.panels, result.panels, strict=True):
            assert panel.exact
            chart = km_chart(wanted, x_max=result.x_max, dark=False)
            for g, group in enumerate(wanted.groups):
                same_curve(panel, k, g, group, result.x_max)
                cells = next(t for t in chart.data if t.get("meta") == f"cells:{g}")
                assert [f"{v:,}" for v in panel.cells[k, g].ravel().tolist()] == cells["text"]


def same_curve(panel: LivePanel, k: int, g: int, group: Group, x_max: float) -> None:
    """Levels at every month, end, and months with a censoring mark."""
    curve = group.curve
    if not group.n:
        assert panel.end[k, g] == 0
        assert not panel.censored[k, g].any()
        return
    end = min(curve.max_time, x_max)
    assert panel.end[k, g] == end
    inside = panel.months <= end
    at = curve.values_at(panel.months[inside])
    for name in ("survival", "ci_low", "ci_high"):
        np.testing.assert_allclose(getattr(panel, name)[k, g, inside], at[name], rtol=1e-9, atol=1e-12)
    marked = panel.censor_months[panel.censored[k, g]]
    assert marked.tolist() == curve.time[(curve.censored > 0) & (curve.time <= x_max)].tolist()


@pytest.mark.parametrize("name", ["one", "three, first handle", "both low"])
def test_bars_of_every_stop(cohort: Cohort, name: str) -> None:
    view, handle = VIEWS[name]
    live, results = at_every_stop(cohort, view, handle)
    responses = live_responses(prepare(cohort, view), view, handle, live.rules)
    assert responses is not None
    for k, result in enumerate(results):
        groups = responses.groups(k)
        for found, wanted in zip(groups, result.responses, strict=True):
            names = ("panel", "role", "group", "visit", "n", "evaluable", "counts")
            assert [getattr(found, n) for n in names] == [getattr(wanted, n) for n in names]
            np.testing.assert_allclose([found.orr.value, found.cr_rate.value], [wanted.orr.value, wanted.cr_rate.value])
        if len(live.rules[0]) == 2:
            assert [(t.panel, t.visit, t.outcome, t.reason) for t in responses.tests(k)] == [
                (t.panel, t.visit, t.outcome, t.reason) for t in result.response_tests
            ]
            np.testing.assert_allclose([t.p_value for t in responses.tests(k)], [t.p_value for t in result.response_tests])


def test_a_stripe_knows_from_which_stop_its_patient_is_low(cohort: Cohort) -> None:
    view, handle = VIEWS["three, first handle"]
    board = prepare(cohort, view)
    lanes = compute_on(board, view).lanes
    stops = board.distributions[handle].values
    values = board.values[handle][lanes.patients]
    for lane, (stop, value) in enumerate(zip(lanes.stops[handle].tolist(), values.tolist(), strict=True)):
        assert [value <= s for s in stops.tolist()] == [k >= stop for k in range(len(stops))], lane
