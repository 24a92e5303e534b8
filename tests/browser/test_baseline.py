"""The Baseline page in a browser: the table, choices, files, phones."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from cartograph.views.baseline import BaselineResult, baseline, default_baseline, printed_baseline
from cartograph.views.defaults import default_view
from tests.browser.conftest import DESKTOP, PHONE, OpenApp
from tests.browser.explore_page import sample
from tests.browser.watched import settled


def of_the_library(key: str) -> BaselineResult:
    cohort = sample(key)
    view = default_view(cohort)
    return baseline(cohort, view, default_baseline(cohort, view))


def cells(page: Page) -> list[str]:
    return page.locator(".carto-baseline tbody td").all_inner_texts()


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True)], ids=["desktop-light", "phone-dark"])
def test_the_table_is_that_of_the_library_and_fits_the_screen(open_app: OpenApp, size: tuple[int, int], dark: bool) -> None:
    result = of_the_library("mayo-like")
    page = open_app("/baseline?cohort=mayo-like", size=size, dark=dark)
    expect(page.locator(".carto-words").filter(has_text=result.sentence).first).to_be_visible()
    expect(page.get_by_role("table", name=result.title)).to_be_visible()
    printed = [" ".join(cell.split()) for row in printed_baseline(result).rows for cell in row.cells]
    assert [" ".join(cell.split()) for cell in cells(page)] == printed
    expect(page.get_by_role("rowheader", name="Age (years), median (range)")).to_be_visible()
    assert page.evaluate("(() => { const m = document.querySelector('[data-testid=stMain]'); return m.scrollWidth <= m.clientWidth })()")
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def test_groups_of_the_biomarker_tests_and_files(open_app: OpenApp) -> None:
    page = open_app("/baseline?cohort=mayo-like")
    page.get_by_role("combobox", name="Grouped by").click()
    page.get_by_role("option", name="Groups of Ferritin, day 0").click()
    expect(page.get_by_role("columnheader", name="Ferritin, day 0 > 337 µg/L")).to_be_visible()
    page.get_by_role("combobox", name="Tests").click()
    page.get_by_role("option", name="Fisher; Wilcoxon").click()
    expect(page.locator(".carto-words").filter(has_text="Tests in a Table 1 are discouraged").first).to_be_visible()
    settled(page)
    for label, ending in (("Word", "docx"), ("HTML", "html"), ("CSV", "csv"), ("LaTeX", "tex")):
        with page.expect_download() as download:
            page.get_by_role("button", name=label, exact=False).filter(has_text=label).first.click()
        assert download.value.suggested_filename == f"table_1_SYNTHETIC.{ending}"
        if ending != "docx":
            text = download.value.path().read_text(encoding="utf-8-sig")
            assert "SYNTHETIC" in text
            assert "337" in text
