"""The Cutoff page run by Streamlit's own test harness: it says what the library computes, and never shows a naive p as if it held."""

from __future__ import annotations

import html
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from cartograph import format as fmt
from cartograph.cohort import Cohort
from cartograph.views.board import compute, prepare
from cartograph.views.defaults import default_view
from cartograph.views.explore import Marker
from cartograph.views.landscape import landscape
from cartograph.views.looks import Looks
from cartograph.views.paragraph import Evidence, paragraph
from cartograph.views.worth import corrected_worth, search, worth
from components import state
from components.cutoff_page import searching
from components.cutoff_page.words import markup, struck
from components.cutoff_page.worth import p_table
from components.long_work import Job, Progress
from sample_data import SAMPLES
from tests.views.conftest import make_cohort

APP = Path(__file__).parents[2] / "app.py"
VIEW, TAB = "explore view", "cutoff-sections"
SECTIONS = ("A searched cutoff", "Kept continuous", "ROC", "Two biomarkers", "All endpoints", "Sensitivity")
FERRITIN = "ferritin_d0"
PICTURE = "<img src=x onerror=alert(1)>"
Open = Callable[..., AppTest]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens the Cutoff page on a cohort of the test (else on the samples), as the address ``query`` asks for it."""
    monkeypatch.delenv("CARTOGRAPH_COHORT", raising=False)

    def open_it(made: Cohort | None = None, /, **query: str) -> AppTest:
        if made is not None:
            monkeypatch.setattr(state, "sample_cohort", lambda _: made)
        page = AppTest.from_file(str(APP), default_timeout=60)
        for name, value in query.items():
            page.query_params[name] = value
        sound(page.run())
        return sound(page.switch_page("pages/cutoff.py").run())

    return open_it


def sound(page: AppTest) -> AppTest:
    assert [e.message for e in page.exception] == []
    return page


def markups(page: AppTest) -> str:
    return "\n".join(e.proto.body for e in page.main.get("html"))


def said(page: AppTest) -> str:
    """The paragraph as its reader sees it."""
    found = re.search(r"<section class='carto-paragraph'.*?</section>", markups(page), re.DOTALL)
    assert found
    return html.unescape(re.sub(r"<[^>]+>", "", found[0]))


def leaves(block: Any) -> Iterator[Any]:
    for child in block.children.values() if hasattr(block, "children") else ():
        yield child
        yield from leaves(child)


def figures(page: AppTest) -> dict[str, dict[str, Any]]:
    """Every figure on the page by its name."""
    raw = [e.proto.bytes for e in leaves(page.main) if e.type == "bidi_component" and e.proto.bytes]
    sent = [json.loads(data) for data in raw if data.startswith(b"{")]
    alone = [s.get("sent", s) for s in sent if "alt" in s.get("sent", s)]
    placed = [p["sent"] for s in sent if "panels" in s for p in s["panels"]]
    return {s["name"].removesuffix("-SYNTHETIC"): s for s in (*alone, *placed)}


def section(page: AppTest, name: str) -> AppTest:
    page.session_state[TAB] = name
    return sound(page.run())


def press(page: AppTest, key: str) -> AppTest:
    return sound(page.button(key=key).click().run())


# ---------------------------------------------------------------- the page
@pytest.mark.parametrize("key", [sample.key for sample in SAMPLES])
def test_every_sample_gets_its_paragraph_and_landscapes(opened: Open, key: str) -> None:
    page = opened(cohort=key)
    cohort = state.sample_cohort(key)
    view = default_view(cohort)
    result = compute(cohort, view)
    told = paragraph(cohort, result, Evidence(Looks().of(view)))
    for sentence in told.about("cut", "origin", "effect", "p", "products", "looks", "limits"):
        assert " ".join(sentence.plain.split()) in " ".join(said(page).split())
    assert page.session_state[VIEW] == view
    drawn = figures(page)
    shown = landscape(prepare(cohort, view), view)
    assert [name for name in drawn if name.startswith("landscape-")] == [f"landscape-{p.key}" for p in shown.panels]
    assert all("SYNTHETIC" in drawn[name]["alt"] for name in drawn)


def test_every_section_opens_and_only_the_open_one_is_computed(opened: Open) -> None:
    page = opened(make_cohort())
    names = ("landscape-", "continuous", "roc", "all-endpoints", "sensitivity")
    for name, figure in zip(SECTIONS, ((), ("continuous",), ("roc",), (), ("all-endpoints",), ("sensitivity",)), strict=True):
        drawn = [n for n in figures(section(page, name)) if not n.startswith("landscape-")]
        assert all(any(n.startswith(f) for n in drawn) for f in figure), (name, drawn)
        others = [o for o in names[1:] if o not in figure]
        assert not any(n.startswith(o) for n in drawn for o in others), (name, drawn)


def test_another_panel_is_judged_by_itself(opened: Open) -> None:
    page = section(opened(make_cohort(90)), "Sensitivity")
    assert "All: HR" in markups(page)
    page.segmented_control(key="cutoff-panel").set_value("1").run()
    assert "cilta-cel: HR" in markups(sound(page))


def test_the_paragraph_follows_the_cutoff_and_says_who_moved_it(opened: Open) -> None:
    page = opened(make_cohort())
    assert "cut at 337" in said(page)
    sound(page.number_input(key="cutoff-box-0").set_value(210.0).run())
    assert "cut at 210" in said(page)
    assert "moved by hand" in said(page)
    assert "2 cutoffs looked at" in said(page)


# ---------------------------------------------------------------- what a searched cutoff is worth
def test_a_fixed_cutoff_keeps_its_p_and_the_correction_is_folded(opened: Open) -> None:
    page = section(opened(make_cohort()), "A searched cutoff")
    assert "<s " not in markups(page)
    assert "no correction for searching applies" in markups(page)
    page.session_state["worth-folded"] = True
    assert "naive p, not valid" in markups(sound(page.run()))  # of the best cutoff, which nobody fixed beforehand


def test_taking_the_best_cutoff_corrects_its_p(opened: Open) -> None:
    cohort = make_cohort()
    board = prepare(cohort, default_view(cohort))
    found = search(board)
    page = press(section(opened(cohort), "A searched cutoff"), "take-best")
    view = page.session_state[VIEW]
    assert view.markers == (Marker(FERRITIN, found.cutoff, "searched"),)
    told = corrected_worth(worth(board, view), found)
    assert p_table(told) in markups(page)
    assert f"Log-rank {fmt.p_equals(found.p_value)}, corrected for a search of {found.n_cutoffs} cutoffs" in said(page)
    naive = struck(f"log-rank {fmt.p_equals(found.naive_p)}")
    assert naive in markups(page)
    assert f"log-rank {fmt.p_equals(found.naive_p)}" not in markups(page).replace(naive, "")
    assert page.session_state["cutoffs looked at, by cohort"]["mayo-like"].cutoffs >= found.n_cutoffs
    assert page.button(key="take-best").disabled


def test_a_locked_cutoff_is_not_replaced_by_the_best(opened: Open) -> None:
    page = opened(make_cohort())
    page.toggle(key="locked").set_value(True).run()
    assert sound(page).button(key="take-best").disabled


def test_small_groups_get_no_p_anywhere(opened: Open) -> None:
    page = section(opened(make_cohort(15), marker=f"{FERRITIN}:300:searched"), "A searched cutoff")
    assert "No p value is given: fewer than 10 patients" in said(page)
    assert "p =" not in re.sub(r"Wald p = \S+", "", said(page)).replace("p < 0.05", "")
    table = re.search(r"<table aria-label='What the cutoff is worth'>.*?</table>", markups(page), re.DOTALL)
    assert table
    assert "<s " not in table[0]
    assert "permutations-all" not in figures(page)


def test_resampling_runs_beside_the_page_and_its_words_arrive(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = kept_threads(monkeypatch)
    page = section(opened(make_cohort(seed=2), marker=f"{FERRITIN}:300:hand"), "A searched cutoff")
    press(page, "worth-resample-start")
    for thread in threads:
        thread.join()
    text = markups(sound(page.run()))
    assert "500 resampled cohorts" in text
    assert "chosen without that patient" in text
    assert "500 resampled cohorts" in said(page)
    assert "stability-all" in figures(page)


def test_resampling_can_be_stopped_and_begun_again(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    threads, may_go_on = kept_threads(monkeypatch), threading.Event()

    def slow(about: Any, progress: Progress) -> Any:
        progress(0.25)
        may_go_on.wait()
        progress(0.5)

    monkeypatch.setattr("components.cutoff_page.worth.repeating", slow)
    page = section(opened(make_cohort(seed=3), marker=f"{FERRITIN}:300:hand"), "A searched cutoff")
    press(page, "worth-resample-start")
    press(page, "worth-resample-stop")
    may_go_on.set()
    for thread in threads:
        thread.join()
    sound(page.run())
    assert not page.button(key="worth-resample-start").disabled
    assert "resampled cohorts" not in markups(page)


# A session of the harness keeps its caches from test to test: cohorts of these tests are their own.
def kept_threads(monkeypatch: pytest.MonkeyPatch) -> list[threading.Thread]:
    """Every thread that a job starts from now on."""
    found: list[threading.Thread] = []
    start = threading.Thread.start

    def keep(thread: threading.Thread) -> None:
        if thread.name.endswith("(_run)"):
            found.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", keep)
    return found


def test_a_large_cohort_is_searched_when_somebody_asks(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "QUICK", 10)
    threads = kept_threads(monkeypatch)
    page = section(opened(make_cohort(seed=4), marker=f"{FERRITIN}:300:hand"), "A searched cutoff")
    assert "is not computed yet" in said(page)
    press(page, "worth-search-start")
    for thread in threads:
        thread.join()
    assert "corrected for a search of" in said(sound(page.run()))


# ---------------------------------------------------------------- two markers, no marker, odd cohorts
def test_a_second_marker_opens_the_plane(opened: Open) -> None:
    page = press(section(opened(make_cohort()), "Two biomarkers"), "plane-add-marker")
    assert [m.column for m in page.session_state[VIEW].markers] == [FERRITIN, "crp_d0"]
    assert "plane-all" in figures(section(page, "Two biomarkers"))
    assert "pairs" in markups(page)
    page.segmented_control(key="cutoff-biomarker").set_value("crp_d0").run()
    for name in SECTIONS:
        section(page, name)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_handful_of_patients_get_every_section_or_a_reason(opened: Open, n: int) -> None:
    page = opened(make_cohort(n))
    for name in SECTIONS:
        section(page, name)


@pytest.mark.parametrize("event", [0.0, 1.0])
def test_one_kind_of_event_only_leaves_a_page(opened: Open, event: float) -> None:
    whole = make_cohort()
    cohort = replace(whole, patients=whole.patients.assign(pfs_event=event), fingerprint=f"all {event}")
    page = opened(cohort)
    for name in SECTIONS:
        section(page, name)


def test_a_cohort_without_endpoint_or_biomarker_is_told_what_is_missing(opened: Open) -> None:
    whole = make_cohort()
    page = opened(replace(whole, endpoints={}, fingerprint="no endpoint"))
    assert "A cutoff is judged by an outcome" in page.info[0].value
    bare = replace(whole, columns={k: c for k, c in whole.columns.items() if c.kind != "number"}, fingerprint="no biomarker")
    page = opened(bare)
    assert "no biomarker" in page.info[0].value


def test_filters_that_leave_nobody_leave_a_page(opened: Open) -> None:
    page = opened(make_cohort(), filter="ferritin_d0|>1.0|<2.0")
    assert "No patient passes the filters" in page.info[0].value


def test_text_from_a_file_never_becomes_markup(opened: Open) -> None:
    whole = make_cohort()
    columns = {key: replace(c, label=f"{PICTURE}{key}", unit=PICTURE if c.kind == "number" else "") for key, c in whole.columns.items()}
    endpoints = {"pfs": replace(whole.endpoints["pfs"], label=PICTURE, name=PICTURE)}
    page = opened(replace(whole, columns=columns, endpoints=endpoints, fingerprint="hostile"), marker=f"{FERRITIN}:300:hand")
    for name in SECTIONS:
        assert "<img" not in markups(section(page, name))


def test_a_naive_p_is_said_to_be_not_valid_to_those_who_cannot_see_the_line() -> None:
    assert struck("p = 0.01") == "<s aria-label='naive p, not valid: p = 0.01'>p = 0.01</s>"
    cohort = make_cohort()
    view = replace(default_view(cohort), markers=(Marker(FERRITIN, 300, "hand"),))
    text = markup(paragraph(cohort, compute(cohort, view), Evidence(Looks())))
    assert text.count("<s aria-label='naive p, not valid") == 1


# ---------------------------------------------------------------- long work
def test_a_job_is_done_once_tells_its_progress_and_keeps_its_result() -> None:
    job: Job[int] = Job()
    calls = []
    assert job.finish(lambda progress: calls.append(progress(0.5)) or 7) == 7
    assert job.finish(lambda _: 8) == 7
    assert (job.stage, job.fraction, len(calls)) == ("done", 0.5, 1)


def test_a_job_that_cannot_be_done_says_why() -> None:
    job: Job[int] = Job()

    def impossible(_: Progress) -> int:
        raise ValueError("too few patients")

    assert job.finish(impossible) is None
    assert (job.stage, job.problem) == ("failed", "too few patients")
