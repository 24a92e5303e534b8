"""The pages of what happens after infusion, run by Streamlit's own test harness."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cartograph import format as fmt
from cartograph.cohort import Cohort, read_cohort
from cartograph.views.defaults import default_view
from cartograph.views.landmark import beside, landmark_panel
from cartograph.views.mrd import finding, mrd_course
from cartograph.views.status import statuses
from components import state
from sample_data import SAMPLES, sample_files
from tests.views.over_time import Patient, cohort_of

PAGES = Path(__file__).parents[2] / "pages"
STARTS = ("all patients", "Triple-class exposed", "CR or better by month 3")
NAMES = ("landmark", "mrd", "competing")
Open = Callable[..., AppTest]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens a page alone, on a sample or on a cohort of the test."""
    monkeypatch.delenv("CARTOGRAPH_COHORT", raising=False)

    def open_it(name: str, cohort: str | Cohort) -> AppTest:
        if isinstance(cohort, Cohort):
            monkeypatch.setattr(state, "sample_cohort", lambda _: cohort)
        page = AppTest.from_file(str(PAGES / f"{name}.py"), default_timeout=60)
        page.query_params["cohort"] = cohort if isinstance(cohort, str) else SAMPLES[0].key
        return sound(page.run())

    return open_it


def sound(page: AppTest) -> AppTest:
    """The page, which must stand without an exception."""
    assert [e.message for e in page.exception] == []
    return page


def leaves(block: Any) -> Iterator[Any]:
    for child in block.children.values() if hasattr(block, "children") else ():
        yield child
        yield from leaves(child)


def figures(page: AppTest) -> dict[str, dict[str, Any]]:
    """What the page draws, by file name."""
    raw = [json.loads(e.proto.bytes) for e in leaves(page.main) if e.type == "bidi_component" and e.proto.bytes.startswith(b"{")]
    return {sent["name"]: sent for sent in raw if "figure" in sent}


def said(page: AppTest) -> str:
    """Everything that can be read."""
    groups = (page.info, page.warning, page.caption, page.markdown)
    boxes = [e.value.replace("\\", "") for group in groups for e in group]
    return "\n".join([*(e.proto.body for e in page.main.get("html")), *boxes])


def pressed(page: AppTest) -> AppTest:
    return sound(page.button(key="landmark-show").click().run())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("key", [sample.key for sample in SAMPLES])
def test_every_sample_opens_on_every_page_and_says_that_it_is_synthetic(opened: Open, name: str, key: str) -> None:
    page = opened(name, key)
    drawn = figures(page)
    assert drawn or page.info
    assert all(figure.endswith("-SYNTHETIC") for figure in drawn)


def test_no_outcome_of_the_groups_is_seen_before_the_landmark_is_set(opened: Open) -> None:
    page = opened("landmark", "eque-like")
    assert set(figures(page)) == {"flow-all-SYNTHETIC"}
    assert "HR " not in said(page)
    assert "Set the landmark before you see a curve" in said(page)
    page = pressed(page)
    assert {"landmark-all-SYNTHETIC", "flow-all-SYNTHETIC", "landmark-strip-SYNTHETIC", "simon-makuch-SYNTHETIC"} == set(figures(page))


def test_the_numbers_are_those_of_the_library_and_the_naive_one_is_struck(opened: Open) -> None:
    page = pressed(opened("landmark", "eque-like"))
    cohort = read_cohort(sample_files("eque-like"))
    status = next(s for s in statuses(cohort) if s.key == "cr")
    found, around = landmark_panel(cohort, "pfs", status, 3.0), beside(cohort, "pfs", status, 3.0)
    ratio = found.panel.hazard_ratios[0].estimate
    assert ratio is not None
    assert fmt.ratio_with_limits(ratio.value, ratio.ci_low, ratio.ci_high) in said(page)
    assert f"<s aria-label='naive hazard ratio, biased: {around.naive_ratio}'>{around.naive_ratio}</s>" in said(page)
    assert around.bias in said(page)
    assert "CR or better, landmark month 3" in figures(page)["landmark-all-SYNTHETIC"]["alt"]


def test_another_landmark_folds_the_curves_and_looking_again_is_counted(opened: Open) -> None:
    page = pressed(opened("landmark", "eque-like"))
    page = sound(page.slider(key="landmark-at-cr").set_value(6).run())
    assert "landmark-all-SYNTHETIC" not in figures(page)
    page = pressed(page)
    assert "2 landmarks of this question were looked at (months 3, 6)" in said(page)
    assert "landmark 2 that was looked at" in figures(page)["landmark-all-SYNTHETIC"]["alt"]


def test_each_status_proposes_its_own_landmark(opened: Open) -> None:
    page = opened("landmark", "eque-like")
    page = sound(page.selectbox(key="landmark-status").select("persistence-6").run())
    assert page.slider(key="landmark-at-persistence-6").value == 6
    assert "dated at month 6" in said(page)


def test_a_marker_group_narrows_the_patients_and_is_named_with_who_is_missing(opened: Open) -> None:
    page = opened("landmark", "mayo-like")
    rules = page.selectbox(key="landmark-within").options
    page = sound(page.selectbox(key="landmark-within").select(rules[-1]).run())
    assert rules[-1] in figures(page)["flow-all-SYNTHETIC"]["alt"]
    view = page.session_state["explore view"]
    cohort = read_cohort(sample_files("mayo-like"))
    value = cohort.patients[view.markers[0].column].to_numpy(dtype=np.float64)
    assert f"{int((value > view.markers[0].cutoff).sum()):,} infused" in figures(page)["flow-all-SYNTHETIC"]["alt"]
    missing = int(np.isnan(value).sum())
    assert (f"{fmt.patients(missing)} without the biomarker" in said(page)) == bool(missing)


def test_products_side_by_side_are_said_to_be_unadjusted(opened: Open) -> None:
    for name in ("landmark", "competing"):
        page = opened(name, "mayo-like")
        page = pressed(page) if name == "landmark" else page
        assert "Products side by side are unadjusted, not randomised." in said(page)


def test_an_endpoint_that_starts_later_is_refused_with_the_reason(opened: Open) -> None:
    page = opened("landmark", "eque-like")
    page.session_state["explore view"] = replace(page.session_state["explore view"], endpoint="dor")
    page = sound(page.run())
    assert "DOR starts at first response" in said(page)
    assert figures(page) == {}


def test_mrd_says_its_finding_and_its_definitions_and_draws_every_state(opened: Open) -> None:
    page = opened("mrd", "eque-like")
    cohort = read_cohort(sample_files("eque-like"))
    made = mrd_course(cohort)
    assert finding(made, np.ones(cohort.n, dtype=bool)) in said(page)
    assert "Sustained: negative tests 12 months or more apart" in said(page)
    names = {"mrd-states-all", "mrd-courses", "mrd-first-negative", "mrd-loss", "mrd-kept", "dor-all", "dor-by-cr"}
    assert {f"{n}-SYNTHETIC" for n in names} == set(figures(page))


def test_rates_of_mrd_carry_their_patients_and_do_not_take_an_end_of_events_for_an_end_of_follow_up(opened: Open) -> None:
    page = opened("mrd", "mayo-like")
    cohort = read_cohort(sample_files("mayo-like"))
    first = next(h.proto.body for h in page.get("html") if "Cumulative incidence, months from infusion" in h.proto.body)
    assert f">{cohort.n}<" in first
    assert "all had an event" in first
    assert "beyond follow-up" not in first
    never = cohort.n - cohort.mrd.loc[cohort.mrd["status"].isin(["negative", "positive"]), "patient_id"].nunique()
    assert f"{never} patients never tested count as without a negative result" in said(page)


def test_a_predictor_known_late_starts_the_clock_late(opened: Open) -> None:
    page = opened("mrd", "eque-like")
    offered = page.selectbox(key="mrd-predictor").options
    assert [o for o in offered if o in STARTS] == ["all patients", "Triple-class exposed", "CR or better by month 3"]
    page = sound(page.selectbox(key="mrd-predictor").select("cr").run())
    axis = figures(page)["mrd-loss-SYNTHETIC"]["figure"]["layout"]["xaxis"]["title"]["text"]
    assert axis == "Months from first negative, not before month 3"
    assert "Gray's test" in said(page).replace("&#x27;", "'")
    assert "Fine-Gray" in said(page)
    assert "only those still negative then are compared" in said(page)


def test_competing_risks_refuse_an_endpoint_with_one_cause_and_warn_of_one_minus_kaplan_meier(opened: Open) -> None:
    page = opened("competing", "registry")
    assert "would claim" in said(page)
    assert "It is drawn to warn, not to be reported." in said(page)
    page.session_state["explore view"] = replace(page.session_state["explore view"], endpoint="os")
    page = sound(page.run())
    assert "OS ends with death alone" in said(page)


@pytest.mark.parametrize("name", NAMES)
def test_small_and_bare_cohorts_stand(opened: Open, name: str) -> None:
    alone = cohort_of([Patient((5.0, 1), (5.0, 1), responses=[(1.0, "PR")], mrd=[(1.0, "positive")])])
    page = opened(name, alone)
    assert default_view(alone).markers == ()
    if name == "landmark":
        pressed(page)
    bare = cohort_of([Patient((5.0, 0), (5.0, 0))] * 3)
    opened(name, replace(bare, fingerprint="bare"))
