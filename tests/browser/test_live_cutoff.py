"""A dragged cutoff: every panel follows before Python hears of it, and what it shows is what Python says for that cutoff."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from cartograph.cohort import Cohort
from cartograph.views.board import compute
from cartograph.views.defaults import default_marker
from cartograph.views.explore import ExploreResult, ExploreView, Marker
from components.explore_words import comparison_lines, finding
from tests.browser.conftest import OpenApp
from tests.browser.explore_page import FERRITIN, asked, bars, charts, curves, handle, measured, number_box, sample, shows, text_of, texts
from tests.browser.watched import settled

STOPS = 20


def live(page: Page) -> None:
    """Wait until the table is there: the strip under the histogram shows the hazard ratio of every stop."""
    expect(page.locator(".track .ratios").first).to_have_attribute("d", re.compile("^M"))


def grab(page: Page) -> tuple[float, float, float]:
    """Press the mouse on the track; left end, width and height of the middle of it."""
    box = page.locator(".track").first.bounding_box()
    assert box is not None
    y = box["y"] + 40
    page.mouse.move(box["x"] + box["width"] * 0.3, y)
    page.mouse.down()
    return box["x"] + 14, box["width"] - 28, y


def says(page: Page, result: ExploreResult) -> None:
    """Sentence, lines, direct labels, numbers under the curves and response bars of a result, digit by digit."""
    expect(page.locator(".carto-finding")).to_have_text(text_of(finding(result)))
    said = ["".join(text_of(line) for line in comparison_lines(panel)) for panel in result.panels]
    expect(page.locator(".board .panels .lines")).to_have_text(said)
    for key, chart in charts(result).items():
        if key == "swimmer":
            continue
        drawn = set(texts(page, key))
        wanted = {piece for part in words(chart.data, chart.layout) for piece in [part] if part}
        assert wanted <= drawn, (key, wanted - drawn)


def words(data: list[dict[str, object]], layout: dict[str, object]) -> list[str]:
    """Texts of the parts that a cutoff moves, as they stand in the page: without marks, lines joined."""
    found = [str(t) for trace in data if str(trace.get("meta", "")).startswith("cells") for t in trace["text"]]  # type: ignore[attr-defined]
    named = [a for a in layout["annotations"] if str(a.get("name", "")).split(":")[0] in ("label", "rule", "heading", "row")]  # type: ignore[attr-defined]
    return found + [text_of(a["text"]) for a in named]


def view_at(cohort: Cohort, value: float) -> ExploreView:
    return asked(cohort, value)


def test_at_twenty_cutoffs_of_a_drag_the_page_says_what_python_says(page: Page) -> None:
    cohort = sample()
    shows(page, cohort, asked(cohort))
    live(page)
    left, width, y = grab(page)
    found = set()
    for k in range(STOPS):
        page.mouse.move(left + width * (0.04 + 0.92 * k / (STOPS - 1)), y, steps=2)
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        value = float(handle(page).get_attribute("aria-valuenow") or "nan")
        assert value in measured(cohort)
        found.add(value)
        says(page, compute(cohort, view_at(cohort, value)))
        expect(number_box(page)).to_have_value("337")  # Python has not heard of it
    assert len(found) > STOPS / 2
    page.mouse.up()
    last = float(handle(page).get_attribute("aria-valuenow") or "nan")
    shows(page, cohort, asked(cohort, last))


def test_what_was_dragged_to_is_drawn_where_python_draws_it(page: Page) -> None:
    cohort = sample()
    shows(page, cohort, asked(cohort))
    live(page)
    left, width, y = grab(page)
    for share in (0.2, 0.45, 0.8):
        page.mouse.move(left + width * share, y, steps=3)
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    dragged = [points(path) for key in ("all", "1") for path in curves(page, key)] + [bars(page)]
    page.mouse.up()
    shows(page, cohort, asked(cohort, float(handle(page).get_attribute("aria-valuenow") or "nan")))
    at_rest = [points(path) for key in ("all", "1") for path in curves(page, key)] + [bars(page)]
    for moved, still in zip(dragged, at_rest, strict=True):
        assert len(moved) == len(still)
        for one, other in zip(moved, still, strict=True):
            assert one == other or abs(float(one) - float(other)) <= 0.5, (one, other)  # half a pixel


def points(path: str | None) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", path or "")]


def test_escape_and_a_key_during_the_drag(page: Page) -> None:
    cohort = sample()
    before = shows(page, cohort, asked(cohort))
    live(page)
    first = curves(page, "all")
    left, width, y = grab(page)
    page.mouse.move(left + width * 0.9, y, steps=4)
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert curves(page, "all") != first
    page.keyboard.press("Escape")
    expect(page.locator(".carto-finding")).to_have_text(text_of(finding(before)))
    assert curves(page, "all") == first
    page.mouse.up()
    settled(page)
    shows(page, cohort, asked(cohort))


def test_two_handles_each_with_the_other_cutoff_kept(page: Page) -> None:
    cohort = sample()
    one = asked(cohort)
    page.get_by_role("button", name="Second biomarker").click()
    both = (*one.markers, default_marker(cohort, cohort.columns["crp_d0"]))
    shows(page, cohort, asked(cohort, markers=both))
    page.locator(".track").nth(1).hover()
    live_second = page.locator(".track").nth(1).locator(".ratios")
    expect(live_second).to_have_attribute("d", re.compile("^M"))
    handle_of = page.get_by_role("slider", name="Cutoff of CRP")
    handle_of.focus()
    page.keyboard.press("PageUp")
    value = float(handle_of.get_attribute("aria-valuenow") or "nan")
    shows(page, cohort, asked(cohort, markers=(one.markers[0], Marker("crp_d0", value, "hand"))))


def test_a_locked_cutoff_stays_and_figures_say_that_it_was_specified_before(page: Page) -> None:
    cohort = sample()
    shows(page, cohort, asked(cohort))
    page.locator(".st-key-locked label").first.click()
    settled(page)
    expect(number_box(page)).to_be_disabled()
    handle(page).focus()
    page.keyboard.press("End")
    expect(handle(page)).to_have_attribute("aria-valuenow", "337")
    expect(handle(page)).to_have_attribute("aria-disabled", "true")


def test_every_stop_that_was_on_screen_is_counted_as_a_look(page: Page) -> None:
    cohort = sample()
    shows(page, cohort, asked(cohort))
    expect(page.get_by_text("First cutoff looked at.")).to_have_count(1)
    live(page)
    handle(page).focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    settled(page)
    expect(page.get_by_text("4 cutoffs looked at")).to_have_count(1)


@pytest.mark.parametrize("key", ["registry", "ratios"])
def test_a_dragged_cutoff_of_the_other_samples(open_app: OpenApp, key: str) -> None:
    cohort = sample(key)
    page = open_app(f"/?cohort={key}")
    first = asked(cohort)
    shows(page, cohort, first)
    live(page)
    left, width, y = grab(page)
    page.mouse.move(left + width * 0.6, y, steps=5)
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    value = float(handle(page).get_attribute("aria-valuenow") or "nan")
    says(page, compute(cohort, asked(cohort, value)))
    page.mouse.up()
    assert first.markers[0].column == FERRITIN or key == "ratios"
