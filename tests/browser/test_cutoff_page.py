"""The Cutoff page as a person uses it: the cutoff moves and everything follows; a searched cutoff never stands with its naive p alone."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from cartograph import format as fmt
from cartograph.views.board import compute, prepare
from cartograph.views.explore import Marker
from cartograph.views.landscape import landscape
from cartograph.views.looks import Looks
from cartograph.views.paragraph import Evidence, paragraph
from cartograph.views.worth import search
from tests.browser.conftest import PHONE, OpenApp
from tests.browser.explore_page import asked, calm, cutoff_shown, handle, number_box, sample
from tests.browser.watched import settled

TABS = ("A searched cutoff", "Kept continuous", "ROC", "Two biomarkers", "All endpoints", "Sensitivity")


def words(page: Page) -> Locator:
    return page.locator(".carto-paragraph")


def landscape_of(page: Page, key: str = "all") -> Locator:
    return page.locator(f".board [data-figure=landscape-{key}] .figure svg")


def open_tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()
    settled(page)


def shows(page: Page, marker: Marker) -> None:
    """Wait until paragraph and landscape speak of this cutoff as the library does."""
    cohort = sample()
    view = asked(cohort)
    view = type(view)(view.endpoint, (marker,), view.combine, view.split, view.filters)
    told = paragraph(cohort, compute(cohort, view), Evidence(Looks()))
    for sentence in told.about("cut", "origin", "effect", "limits"):
        expect(words(page)).to_contain_text(sentence.plain)
    for panel in landscape(prepare(cohort, view), view).panels:
        expect(landscape_of(page, panel.key)).to_have_attribute("aria-label", re.compile(re.escape(fmt.number(marker.cutoff))))
    settled(page)
    calm(page)


def test_keys_on_the_handle_move_paragraph_and_landscapes(open_app: OpenApp) -> None:
    page = open_app("/cutoff")
    first = asked(sample()).markers[0]
    shows(page, first)
    before = landscape_of(page).inner_html()
    handle(page).focus()
    page.keyboard.press("PageUp")
    expect(number_box(page)).not_to_have_value(f"{first.cutoff:.6g}")
    settled(page)
    moved = cutoff_shown(page)
    assert moved > first.cutoff
    shows(page, Marker(first.column, moved, "hand"))
    assert landscape_of(page).inner_html() != before
    expect(words(page)).to_contain_text("corrected for a search of")


def test_the_landscapes_follow_a_drag(open_app: OpenApp) -> None:
    """Before the handle is let go, line and words of every landscape are those of the cutoff under the hand."""
    page = open_app("/cutoff")
    cohort = sample()
    first = asked(cohort).markers[0]
    shows(page, first)
    expect(page.locator(".track .ratios").first).to_have_attribute("d", re.compile("^M"))
    line = landscape_of(page).evaluate("svg => [...svg.querySelectorAll('path')].map(p => p.getAttribute('d')).join()")
    box = page.locator(".track").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.35, box["y"] + 40, steps=5)
    cutoff = float(handle(page).get_attribute("aria-valuenow") or "nan")
    assert cutoff < first.cutoff
    view = asked(cohort, cutoff)
    for panel in landscape(prepare(cohort, view), view).panels:
        ratio = fmt.ratio_with_limits(*(float(v[0]) for v in (panel.here.hazard_ratio, panel.here.ci_low, panel.here.ci_high)))
        expect(landscape_of(page, panel.key)).to_contain_text(f"> {fmt.number(cutoff)} µg/L: HR {ratio}")
    assert landscape_of(page).evaluate("svg => [...svg.querySelectorAll('path')].map(p => p.getAttribute('d')).join()") != line
    page.mouse.up()
    shows(page, Marker(first.column, cutoff, "hand"))


def test_the_best_cutoff_stands_with_its_corrected_p(open_app: OpenApp) -> None:
    page = open_app("/cutoff")
    cohort = sample()
    found = search(prepare(cohort, asked(cohort)))
    page.get_by_role("button", name="Take the best-separating cutoff").click()
    shows(page, Marker(asked(cohort).markers[0].column, found.cutoff, "searched"))
    expect(words(page)).to_contain_text(f"Log-rank {fmt.p_equals(found.p_value)}, corrected for a search of {found.n_cutoffs} cutoffs")
    naive = words(page).locator("s")
    expect(naive).to_have_text(f"log-rank {fmt.p_equals(found.naive_p)}")
    expect(naive).to_have_css("text-decoration-line", "line-through")
    expect(naive).to_have_attribute("aria-label", re.compile("naive p, not valid"))
    open_tab(page, "A searched cutoff")
    row = page.get_by_role("row", name="Best of all")
    expect(row).to_contain_text(fmt.p_value(found.p_value))
    expect(row.locator("s")).to_have_count(1)
    assert "searched" in page.url


def test_resampling_shows_how_far_it_is_and_arrives(open_app: OpenApp) -> None:
    page = open_app("/cutoff?marker=ferritin_d0:250:hand")
    page.get_by_role("button", name="Resample 500 times").click()
    expect(words(page)).to_contain_text("500 resampled cohorts", timeout=60_000)
    expect(page.locator(".figure svg[aria-label*='resampled']").first).to_be_visible()
    calm(page)


def test_every_section_opens_on_a_phone_without_widening_it(open_app: OpenApp) -> None:
    page = open_app("/cutoff?cohort=registry", size=PHONE, dark=True, touch=True)
    for name in TABS:
        open_tab(page, name)
        calm(page)
        assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
        assert page.locator("[data-testid=stMain]").evaluate("main => main.scrollWidth <= main.clientWidth")


def test_a_second_biomarker_opens_the_plane(open_app: OpenApp) -> None:
    page = open_app("/cutoff?cohort=ratios")
    open_tab(page, "Two biomarkers")
    page.get_by_role("button", name="Add a second biomarker").click()
    expect(page.get_by_text("HR both high vs both low").first).to_be_visible()
    expect(page.get_by_role("slider", name="Cutoff of")).to_have_count(2)
    calm(page)


def test_the_cross_hair_of_the_plane_is_dragged(open_app: OpenApp) -> None:
    """Words follow under the hand; let go, both cutoffs of the page are those of the pair; arrow keys go on from there."""
    page = open_app("/cutoff?cohort=registry&marker=ferritin_d0:337:normal&marker=crp_pre:8:published")
    open_tab(page, "Two biomarkers")
    plane = page.locator(".st-key-plane .figure")
    plane.scroll_into_view_if_needed()
    before = text_of_now(plane)
    box = plane.locator("svg").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.6)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.5, steps=6)
    under_the_hand = text_of_now(plane)
    assert under_the_hand != before
    page.mouse.up()
    settled(page)
    expect(plane).to_contain_text(under_the_hand)
    first, second = re.findall(r"Now (\S+) and (\S+):", under_the_hand)[0]
    boxes = page.get_by_role("spinbutton", name="Cutoff")
    for k, old in enumerate(("337", "8")):
        expect(boxes.nth(k)).not_to_have_value(old)
    shown = [fmt.number(float(boxes.nth(k).input_value())) for k in range(2)]
    assert shown == [first, second]
    ring = plane.get_by_role("slider")
    ring.focus()
    page.keyboard.press("ArrowRight")
    expect(plane).not_to_contain_text(under_the_hand)
    after = text_of_now(plane)
    assert f" and {second}:" in after
    settled(page)
    expect(page.locator(".carto-finding")).to_contain_text(re.findall(r"Now (\S+) and", after)[0])
    calm(page)


def text_of_now(plane: Locator) -> str:
    found = re.findall(r"Now [^\u25cb\u00d7]*?smaller group [\d,]+|Now [^\u25cb\u00d7]*?no HR, [a-z0-9 ]+", plane.inner_text())
    return str(found[0])


def test_explore_and_cutoff_speak_of_the_same_cutoff(open_app: OpenApp) -> None:
    page = open_app("/?marker=ferritin_d0:250:hand")
    page.get_by_role("link", name="Cutoff").click()
    expect(words(page)).to_contain_text("was cut at 250")
    page.get_by_role("button", name="Take the best-separating cutoff").click()
    expect(number_box(page)).not_to_have_value("250")
    settled(page)
    taken = number_box(page).input_value()
    page.get_by_role("link", name="Explore").click()
    expect(page.locator(".carto-finding")).to_contain_text(f"> {taken}")
