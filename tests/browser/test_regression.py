"""The Regression and Subgroups pages in a browser: numbers, choices, work that can be stopped, files, phones."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from cartograph.views.defaults import default_view
from cartograph.views.regression import default_choice, regression
from cartograph.views.subgroups import default_subgroups, subgroups
from tests.browser.conftest import DESKTOP, PHONE, OpenApp
from tests.browser.explore_page import sample
from tests.browser.watched import settled


def words(page: Page, text: str) -> None:
    expect(page.locator(".carto-words").filter(has_text=text).first).to_be_visible()


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True)], ids=["desktop-light", "phone-dark"])
def test_both_pages_say_what_the_library_says_and_fit_the_screen(open_app: OpenApp, size: tuple[int, int], dark: bool) -> None:
    cohort = sample("mayo-like")
    view = default_view(cohort)
    said = {
        "/regression?cohort=mayo-like": regression(cohort, view, default_choice(cohort, view)).sentence,
        "/subgroups?cohort=mayo-like": subgroups(cohort, view, default_subgroups(cohort, view)).sentence,
    }
    for path, sentence in said.items():
        page = open_app(path, size=size, dark=dark)
        words(page, sentence)
        expect(page.locator("[data-testid=stException]")).to_have_count(0)
        assert page.evaluate("(m => m.scrollWidth <= m.clientWidth)(document.querySelector('[data-testid=stMain]'))")


def test_diagnostics_penalty_and_file(open_app: OpenApp) -> None:
    cohort = sample("ratios")
    view = default_view(cohort)
    first = default_choice(cohort, view)
    page = open_app("/regression?cohort=ratios")
    page.get_by_role("tab", name="Concordance").click()
    page.get_by_role("button", name="Resample 200 times").click()
    words(page, "is optimism")
    page.get_by_text("The table, and as a file").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Table (CSV)").click()
    assert "SYNTHETIC" in download.value.suggested_filename
    assert download.value.path().read_text(encoding="utf-8-sig").startswith("# SYNTHETIC")
    page.get_by_role("radio", name=re.compile("^p < 0.2")).click()
    settled(page)
    words(page, regression(cohort, view, replace(first, selection="screen", chosen=())).sentence)
    page.get_by_role("radio", name="Lasso").click()
    page.get_by_role("button", name="Choose the penalty").click()
    words(page, "Penalised Cox model of PFS")


def test_figures_that_stand_together_are_saved_each_by_itself(open_app: OpenApp) -> None:
    page = open_app("/regression?cohort=ratios")
    figures = page.locator(".st-key-regression-over-time .figure")
    expect(figures.nth(1)).to_be_visible()
    saved = []
    for place in range(2):
        figures.nth(place).hover()
        with page.expect_download() as waiting:
            figures.nth(place).get_by_role("button", name="CSV").click()
        assert "SYNTHETIC" in waiting.value.suggested_filename
        saved.append(waiting.value.path().read_text(encoding="utf-8-sig"))
        assert saved[-1].startswith("# SYNTHETIC")
        settled(page)
    assert saved[0] != saved[1]
