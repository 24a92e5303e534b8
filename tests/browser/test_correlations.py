"""The Correlations page as a person uses it: another coefficient, two time points, a download; nothing leaves a phone's screen."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Page, expect

from cartograph.cohort import read_cohort
from cartograph.views.correlations import default_columns, matrix, timed
from cartograph.views.defaults import default_view
from cartograph.views.explore import Marker
from sample_data import sample_files
from tests.browser.conftest import PHONE, OpenApp
from tests.browser.explore_page import handle, number_box
from tests.browser.watched import settled

COHORT = read_cohort(sample_files("mayo-like"))
VIEW = default_view(COHORT)


def says(page: Page, sentence: str) -> None:
    expect(page.locator(".carto-words.lead:visible")).to_contain_text(sentence)


def test_coefficient_and_drawing_change_what_is_shown(open_app: OpenApp) -> None:
    page = open_app("/correlations")
    says(page, matrix(COHORT, VIEW, default_columns(COHORT), "spearman").sentence)
    page.get_by_role("radio", name="Kendall").click()
    says(page, matrix(COHORT, VIEW, default_columns(COHORT), "kendall").sentence)
    expect(page.locator("svg[aria-label*='Correlations (tau-b)']")).to_be_visible()
    page.get_by_role("radio", name="ranks").click()
    expect(page.locator("svg[aria-label^='Ranks of Ferritin, day 0']")).to_contain_text("rank of Ferritin")
    settled(page)


def test_the_cutoff_moves_who_crosses_it(open_app: OpenApp) -> None:
    page = open_app("/correlations")
    page.get_by_role("tab", name="Two time points").click()
    says(page, timed(COHORT, VIEW, "ferritin_pre", "ferritin_d0").sentence)
    handle(page).focus()
    page.keyboard.press("PageUp")
    expect(number_box(page)).not_to_have_value("337")
    settled(page)
    moved = replace(VIEW, markers=(Marker("ferritin_d0", float(number_box(page).input_value())),))
    says(page, timed(COHORT, moved, "ferritin_pre", "ferritin_d0").sentence)
    page.get_by_role("radio", name="day 0 against before").click()
    expect(page.locator("svg[aria-label^='Day 0 against the value before: Ferritin, All']")).to_be_visible()


def test_a_download_says_synthetic_in_name_and_content(open_app: OpenApp) -> None:
    page = open_app("/correlations")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="All pairs (CSV)").click()
    download = waiting.value
    assert download.suggested_filename == "correlations_SYNTHETIC.csv"
    lines = Path(download.path()).read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("# SYNTHETIC")
    rows = list(csv.DictReader(io.StringIO("\n".join(line for line in lines if not line.startswith("#")))))
    found = matrix(COHORT, VIEW, default_columns(COHORT), "spearman").found
    assert [float(r["value"]) for r in rows] == [p.value for p in found.pairs]
    assert [int(r["n"]) for r in rows] == [p.n for p in found.pairs]


def test_nothing_is_wider_than_a_phone(open_app: OpenApp) -> None:
    page = open_app("/correlations", size=PHONE, dark=True)
    expect(page.locator(".figure svg").first).to_have_attribute("aria-label", re.compile("SYNTHETIC"))
    assert page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth") <= PHONE[0]
    page.get_by_role("tab", name="Two time points").click()
    expect(page.locator("svg[aria-label^='A line per patient']").first).to_be_visible()
    assert page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth") <= PHONE[0]
