"""The whole job, as a hematologist does it: from the first look to numbers about their own cohort, saved."""

from __future__ import annotations

from playwright.sync_api import FilePayload, Page, expect

from cartograph.cohort import Cohort, read_cohort
from cartograph.views.defaults import default_marker, marker_columns
from tests.browser.conftest import OpenApp
from tests.browser.explore_page import (
    asked,
    assert_same_numbers,
    bars,
    calm,
    charts,
    curves,
    cutoff_shown,
    download,
    figure,
    handle,
    measured,
    number_box,
    sample,
    shows,
    texts,
)
from tests.browser.made_up import HEADER, bring_in, made_up_file
from tests.browser.watched import settled


def test_from_a_file_to_saved_numbers(open_app: OpenApp) -> None:
    content = made_up_file()
    cohort = read_cohort(content)
    page = open_app()
    shows(page, sample(), asked(sample()))  # a sample is on screen at once

    check_what_columns_mean(page, content, cohort)
    page.get_by_role("button", name="Build cohort").click()
    page.get_by_role("button", name="Explore this cohort").click()
    first = shows(page, cohort, asked(cohort))
    expect(page.locator(".carto-flow")).to_have_text("48 uploaded \u2192 48 with PFS \u2192 46 with Ferritin, day 0")
    expect(page.get_by_role("combobox", name="Cohort")).to_have_value("my cohort")
    assert [panel.title for panel in first.panels] == ["All", "ide-cel", "cilta-cel"]

    # Move the cutoff: everything on screen follows.
    before = on_screen(page)
    handle(page).focus()
    page.keyboard.press("PageUp")
    expect(number_box(page)).not_to_have_value("337")
    cutoff = cutoff_shown(page)
    assert cutoff in measured(cohort)
    moved = shows(page, cohort, asked(cohort, cutoff))
    assert all(old != new for old, new in zip(before, on_screen(page), strict=True))
    assert moved.panels[0].groups[-1].n < first.panels[0].groups[-1].n

    # Split by product off and on.
    for words, split, panels in (("not split", "", 1), ("Product", "product", 3)):
        page.locator(".st-key-split").get_by_role("combobox").click()
        page.get_by_role("option", name=words, exact=True).click()
        expect(page.locator(".board .panels .figure")).to_have_count(panels)
        shows(page, cohort, asked(cohort, cutoff, split=split))

    # Take the numbers along: of this cohort, so not called synthetic.
    for key, chart in charts(moved).items():
        name, saved = download(page, key, "CSV")
        assert name == f"{chart.name}.csv"
        assert len(assert_same_numbers(saved, chart, synthetic=False))
    expect(figure(page, "km-all")).not_to_contain_text("SYNTHETIC")
    calm(page)


def check_what_columns_mean(page: Page, content: bytes, cohort: Cohort) -> None:
    """Upload; before any curve the page says which columns it knows and how events are coded, and turns a coding round and back."""
    page.get_by_role("link", name="Data").click()
    settled(page)
    page.locator("[data-testid=stFileUploaderDropzoneInput]").first.set_input_files(
        FilePayload(name="my cohort.csv", mimeType="text/csv", buffer=content)
    )
    pfs, os = (int(cohort.survival(key)[1].sum()) for key in ("pfs", "os"))
    endpoints = page.locator(".st-key-endpoints")
    expect(endpoints).to_contain_text(f"{pfs} of 48 events")
    expect(endpoints).to_contain_text(f"{os} of 48 events")
    expect(page.get_by_text(f"Columns: {len(HEADER)} in the file")).to_be_visible()
    for events in (48 - pfs, pfs):
        endpoints.get_by_role("button", name="Turn round").first.click()
        expect(endpoints).to_contain_text(f"{events} of 48 events")
    settled(page)


def on_screen(page: Page) -> list[object]:
    """Curves, the numbers under them, bars, and what is said of the comparison."""
    return [curves(page, "all"), texts(page, "km-all"), bars(page), page.locator(".board .lines").first.inner_text()]


def test_a_hostile_file_is_only_ever_text(open_app: OpenApp) -> None:
    """Markdown pictures and HTML as ids, levels and headers: nothing is loaded (the watch would fail), run or hidden."""
    picture, script = "![x](http://a.example/x.png)", "<img src=x onerror='window.hit=1'>"
    content = made_up_file(first_id=script, centers=(picture, script)).replace(b"CRP day 0 (mg/L)", f"{picture}{script} marker".encode())
    cohort = read_cohort(content)
    page = open_app("/data")
    bring_in(page, f"{picture.replace('/', '')}.csv", content)
    page.get_by_role("button", name="Explore this cohort").click()
    shows(page, cohort, asked(cohort))
    page.get_by_role("button", name="Second biomarker").click()
    extra = next(column for column in marker_columns(cohort) if column.key != "ferritin_d0")
    markers = (asked(cohort).markers[0], default_marker(cohort, extra))
    page.locator(".st-key-split").get_by_role("combobox").click()
    page.get_by_role("option", name="Center", exact=True).click()
    shows(page, cohort, asked(cohort, split="center", markers=markers))
    page.get_by_role("button", name="Filter patients").click()
    box = page.get_by_role("combobox", name="Filter by")
    for words in ("Center", "marker"):
        box.fill(words)
        expect(page.get_by_role("option").filter(has_text=words).last).to_be_visible()
        box.press("ArrowDown")
        box.press("Enter")
        settled(page)
    box.press("Tab")
    expect(page.locator(".st-key-chip-1")).to_contain_text(picture)
    settled(page)
    page.get_by_text("The numbers behind each figure").click()
    expect(page.get_by_role("tab")).to_have_count(5)
    assert page.evaluate("window.hit") is None
    assert page.locator("[data-testid=stMain] img, [data-testid=stSidebar] img, [data-testid=stPopoverBody] img").count() == 0
    calm(page)
