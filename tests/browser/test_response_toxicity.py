"""The Response and the Toxicity page as a person uses them: the cutoff moves and the numbers follow; nothing leaves a phone's screen."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cartograph.cohort import read_cohort
from cartograph.views.response_page import response_data, response_sentence
from cartograph.views.toxicity import toxicities, toxicity_sentence
from sample_data import sample_files
from tests.browser.conftest import PHONE, OpenApp
from tests.browser.explore_page import cutoff_shown, handle, number_box
from tests.browser.watched import settled
from tests.views.after_infusion import groups, sides

COHORT = read_cohort(sample_files("mayo-like"))


def says(page: Page, sentence: str) -> None:
    expect(page.locator(".carto-words.lead")).to_contain_text(sentence)


def test_keys_and_a_drag_on_the_handle_move_the_sentence_and_the_figures(open_app: OpenApp) -> None:
    page = open_app("/response")
    data = response_data(COHORT, sides(COHORT))
    says(page, response_sentence(data, groups(COHORT, 337.0)))
    handle(page).focus()
    page.keyboard.press("PageUp")
    expect(number_box(page)).not_to_have_value("337")
    settled(page)
    moved = cutoff_shown(page)
    says(page, response_sentence(data, groups(COHORT, moved)))
    box = page.locator(".track").first.bounding_box()
    assert box is not None
    page.mouse.move(*_at_handle(page))
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 40, steps=5)
    page.mouse.up()
    expect(number_box(page)).not_to_have_value(f"{moved:.6g}")
    settled(page)
    says(page, response_sentence(data, groups(COHORT, cutoff_shown(page))))
    expect(page.locator("svg[aria-label*='Response rates']")).to_be_visible()


def _at_handle(page: Page) -> tuple[float, float]:
    found = handle(page).bounding_box()
    assert found is not None
    return found["x"] + found["width"] / 2, found["y"] + found["height"] / 2


def test_every_tab_of_toxicity_draws_what_it_says(open_app: OpenApp) -> None:
    page = open_app("/toxicity")
    says(page, toxicity_sentence(toxicities(COHORT), groups(COHORT, 337.0)).replace("\u00a0", " "))
    expect(page.locator("svg[aria-label*='Toxicity by highest grade']")).to_be_visible()
    page.get_by_role("tab", name="Onset and duration").click()
    expect(page.locator("svg[aria-label*='Cumulative incidence of CRS by day, All']")).to_contain_text("Days from infusion")
    expect(page.get_by_text("Conditional on having had CRS")).to_be_visible()
    page.get_by_role("tab", name="Marker by grade").click()
    expect(page.locator("svg[aria-label*='by CRS, All']")).to_contain_text("grade 0")
    settled(page)


def test_a_download_says_synthetic_in_name_and_content(open_app: OpenApp) -> None:
    page = open_app("/toxicity")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="All rates (CSV)").click()
    download = waiting.value
    assert download.suggested_filename == "toxicity_rates_SYNTHETIC.csv"
    lines = Path(download.path()).read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("# SYNTHETIC")
    rows = list(csv.DictReader(io.StringIO("\n".join(line for line in lines if not line.startswith("#")))))
    first = next(r for r in rows if r["outcome"] == "CRS, any grade" and r["panel"] == "All" and "> 337" in r["group"])
    assert (first["yes"], first["evaluable"]) == ("20", "23")


@pytest.mark.parametrize("path", ["/response", "/toxicity"])
def test_nothing_is_wider_than_a_phone(open_app: OpenApp, path: str) -> None:
    page = open_app(path, size=PHONE, dark=True)
    expect(page.locator(".figure svg").first).to_have_attribute("aria-label", re.compile("SYNTHETIC"))
    assert page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth") <= PHONE[0]
