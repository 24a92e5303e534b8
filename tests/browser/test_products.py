"""Products compared, in a browser: numbers, choices, the bootstrap, files, a phone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from cartograph.views.defaults import default_view
from cartograph.views.products import compare_products, default_choice
from tests.browser.conftest import DESKTOP, PHONE, OpenApp
from tests.browser.explore_page import sample
from tests.browser.watched import settled


def words(page: Page, text: str) -> None:
    expect(page.locator(".carto-words").filter(has_text=text).first).to_be_visible()


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True)], ids=["desktop-light", "phone-dark"])
def test_the_page_says_what_the_library_says_and_fits_the_screen(open_app: OpenApp, size: tuple[int, int], dark: bool) -> None:
    cohort = sample("mayo-like")
    view = default_view(cohort)
    page = open_app("/products?cohort=mayo-like", size=size, dark=dark)
    words(page, compare_products(cohort, view, default_choice(cohort, view)).sentence)
    expect(page.get_by_text("Unadjusted, not randomised").first).to_be_visible()
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
    assert page.evaluate("(() => { const m = document.querySelector('[data-testid=stMain]'); return m.scrollWidth <= m.clientWidth })()")


def test_weights_bootstrap_and_file(open_app: OpenApp) -> None:
    cohort = sample("ratios")
    view = default_view(cohort)
    page = open_app("/products?cohort=ratios")
    page.get_by_role("radio", name="Matching").click()
    settled(page)
    words(page, compare_products(cohort, view, replace(default_choice(cohort, view), target="matching")).sentence)
    page.get_by_role("tab", name="Bootstrap").click()
    page.get_by_role("button", name="Resample 500 times").click()
    expect(page.get_by_role("table", name="Bootstrap limits")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Numbers (CSV)").click()
    assert "SYNTHETIC" in download.value.suggested_filename
    assert download.value.path().read_text(encoding="utf-8-sig").startswith("# SYNTHETIC")
