"""The landscape and the sensitivity of a marker: each panel is the scan of its own patients."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from cartograph import format as fmt
from cartograph.cohort.model import Cohort
from cartograph.stats.cutoff import cutoff_scan
from cartograph.views import landscape as module
from cartograph.views.board import compute_on, prepare
from cartograph.views.explore import ExploreView, Marker
from cartograph.views.landscape import Landscape, landscape, moved_to, scanned, scans_at, two_bests
from cartograph.views.sensitivity import compute_sensitivity
from cartograph.views.worth import search
from tests.views.conftest import make_cohort

ONE = ExploreView("pfs", (Marker("ferritin_d0", 337.0),))
TWO = ExploreView("pfs", (Marker("ferritin_d0", 337.0), Marker("crp_d0", 6.0)))


def of(cohort: Cohort, view: ExploreView = ONE, **options: object) -> Landscape:
    return landscape(prepare(cohort, view), view, **options)  # type: ignore[arg-type]


def frames(cohort: Cohort) -> list:
    p = cohort.patients
    return [p, *(p[p["product"] == level] for level in ("ide-cel", "cilta-cel"))]


def test_every_panel_is_the_scan_of_its_patients() -> None:
    cohort = make_cohort(120)
    found = of(cohort)
    assert [p.title for p in found.panels] == ["All", "ide-cel", "cilta-cel"]
    for panel, frame in zip(found.panels, frames(cohort), strict=True):
        scan = cutoff_scan(frame["ferritin_d0"], frame["pfs_time"], frame["pfs_event"])
        np.testing.assert_array_equal(panel.scan.cutoff, scan.cutoff)
        np.testing.assert_allclose(panel.scan.hazard_ratio, scan.hazard_ratio)
        assert panel.window == (scan.cutoff[0], scan.cutoff[-1])
        assert panel.best == np.nanargmax(scan.chi2)
        assert abs(scan.cutoff[panel.nearest] - 337) == np.abs(scan.cutoff - 337).min()
        assert (panel.n, panel.n_missing) == (len(frame), 0)
    assert len(found.to_frame()) == sum(len(p.scan.cutoff) for p in found.panels)


def test_the_current_cutoff_has_the_numbers_of_explore() -> None:
    cohort = make_cohort(120)
    board = prepare(cohort, ONE)
    for panel, shown in zip(landscape(board, ONE).panels, compute_on(board, ONE).panels, strict=True):
        estimate = shown.hazard_ratios[0].estimate
        assert estimate is not None
        assert panel.here.hazard_ratio[0] == pytest.approx(estimate.value, rel=1e-9)
        assert (panel.here.ci_low[0], panel.here.ci_high[0]) == pytest.approx((estimate.ci_low, estimate.ci_high), rel=1e-8)


def test_a_kept_scan_takes_any_cutoff() -> None:
    cohort = make_cohort(120)
    board = prepare(cohort, ONE)
    still = scanned(board, ONE)
    assert not any(len(panel.here.cutoff) for panel in still.panels)
    for cutoff in (5.0, 120.0, 337.0, 99_999.0):
        view = dataclasses.replace(ONE, markers=(Marker("ferritin_d0", cutoff),))
        kept, fresh = moved_to(still, board, view), landscape(board, view)
        for mine, theirs, at in zip(kept.panels, fresh.panels, scans_at(board, [cutoff]), strict=True):
            assert (mine.nearest, mine.best, mine.notes) == (theirs.nearest, theirs.best, theirs.notes)
            pd.testing.assert_frame_equal(mine.here.to_frame(), theirs.here.to_frame())
            pd.testing.assert_frame_equal(mine.here.to_frame(), at.to_frame())


def test_the_other_marker_is_ignored_and_that_is_said() -> None:
    cohort = make_cohort(120)
    alone, beside = of(cohort), of(cohort, TWO)
    np.testing.assert_array_equal(alone.panels[0].scan.chi2, beside.panels[0].scan.chi2)
    assert alone.notes == ()
    assert "CRP, day 0 is not used" in beside.notes[0]
    crp = of(cohort, TWO, marker=1)
    assert (crp.distribution.column, crp.cutoff) == ("crp_d0", 6.0)
    assert crp.panels[0].n_missing == np.isnan(cohort.patients["crp_d0"]).sum()


def test_published_cutoffs_are_named_ticks() -> None:
    assert [(t.value, t.name, t.source) for t in of(make_cohort(120)).ticks] == [(337, "337 ULN", "Mayo"), (400, "400 ULN", "Cheng")]


def test_a_cutoff_outside_the_window_is_said() -> None:
    view = ExploreView("pfs", (Marker("ferritin_d0", 1e5),))
    for panel in of(make_cohort(80), view).panels:
        assert any("outside the searched window" in note for note in panel.notes)
        assert np.isnan(panel.here.hazard_ratio[0])


def test_two_best_cutoffs_are_explained_where_they_differ() -> None:
    cohort = make_cohort(120)
    found, searched = of(cohort), search(prepare(cohort, ONE), permutations=1)
    largest = float(found.panels[0].scan.cutoff[found.panels[0].best])
    assert two_bests(found, dataclasses.replace(searched, cutoff=largest)) == ""
    assert two_bests(found, dataclasses.replace(searched, cutoff=np.nan)) == ""
    words = two_bests(found, dataclasses.replace(searched, cutoff=largest + 100))
    assert f"largest at {fmt.number(largest)} (diamond)" in words
    assert words.endswith(f"of the search at {fmt.number(largest + 100)}.")


def test_a_large_cohort_is_thinned_by_rank_and_keeps_its_best(monkeypatch: pytest.MonkeyPatch) -> None:
    cohort = make_cohort(200)
    whole = of(cohort).panels[0]
    monkeypatch.setattr(module, "MOST_DRAWN", 20)
    drawn = of(cohort).panels[0]
    assert len(drawn.scan.cutoff) <= 20
    assert drawn.scan.cutoff[drawn.best] == whole.scan.cutoff[whole.best]
    assert drawn.window == whole.window
    assert "all were compared" in drawn.notes[0]
    monkeypatch.setattr(module, "MOST_SCANNED", 20)
    some = of(cohort).panels[0]
    assert "may lie between" in some.notes[0]
    assert set(some.scan.cutoff) <= set(whole.scan.cutoff)


@pytest.mark.parametrize("change", ["no events", "all equal", "nobody"])
def test_nothing_to_compare_is_an_answer(change: str) -> None:
    cohort = make_cohort(40)
    patients = cohort.patients.copy()
    if change == "no events":
        patients["pfs_event"] = 0.0
    elif change == "all equal":
        patients["ferritin_d0"] = 5.0
    else:
        patients["ferritin_d0"] = np.nan
    changed = dataclasses.replace(cohort, patients=patients)
    found = of(changed)
    assert all(p.best == -1 for p in found.panels)
    if change != "no events":
        assert all(np.isnan(p.window[0]) and "No cutoff" in p.notes[0] for p in found.panels)
    assert "not estimable" in compute_sensitivity(prepare(changed, ONE), ONE).panels[0].sentence


@pytest.mark.parametrize("marker", [-1, 1])
def test_a_marker_that_is_not_there_is_a_wrong_call(marker: int) -> None:
    board = prepare(make_cohort(), ONE)
    for function in (landscape, compute_sensitivity):
        with pytest.raises(ValueError, match="marker"):
            function(board, ONE, marker=marker)  # type: ignore[operator]
    with pytest.raises(ValueError, match="leave_out"):
        compute_sensitivity(board, ONE, leave_out="nowhere")


# ---------------------------------------------------------------- sensitivity


def test_levels_are_left_out_and_named() -> None:
    cohort = make_cohort(120)
    board = prepare(cohort, ONE)
    plain, by = compute_sensitivity(board, ONE), compute_sensitivity(board, ONE, leave_out="product")
    assert (plain.left_out, by.left_out) == ("", "Product")
    rows = by.panels[0].rows
    assert rows[0] == "As shown, > 337"
    assert rows[1].startswith("> 303.3 (\u221210")
    assert rows[-2:] == ("Without cilta-cel", "Without ide-cel")
    only_cilta = by.panels[0].result.variants[-1]
    assert only_cilta.hazard_ratio == pytest.approx(by.panels[2].result.variants[0].hazard_ratio)
    assert not any(v.change == "level" for v in by.panels[1].result.variants)  # one product: nobody would be left
    assert "without any one patient" in by.panels[0].sentence
    assert len(by.to_frame()) == sum(len(p.rows) for p in by.panels)


def test_the_center_is_left_out_where_there_is_one() -> None:
    cohort = make_cohort(120)
    center = np.where(np.arange(120) % 4 == 0, None, np.where(np.arange(120) % 2 == 0, "Bern", "Ulm"))
    column = dataclasses.replace(cohort.columns["product"], key="center", label="Center", levels=("Bern", "Ulm"))
    changed = dataclasses.replace(cohort, patients=cohort.patients.assign(center=center), columns={**cohort.columns, "center": column})
    found = compute_sensitivity(prepare(changed, TWO), TWO)
    assert found.left_out == "Center"
    assert found.notes
    assert [v.level for v in found.panels[0].result.variants if v.change == "level"] == ["Bern", "Ulm", "not recorded"]
