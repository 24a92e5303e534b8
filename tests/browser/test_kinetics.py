"""The Kinetics page as a person uses it: a course, a grouping, a tab, a file; nothing leaves a phone's screen."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from playwright.sync_api import Page, expect

from cartograph.cohort import read_cohort
from cartograph.views.kinetics import quantities, samples_of
from cartograph.views.kinetics_measures import kinetics_sentence, measured
from sample_data import sample_files
from tests.browser.conftest import PHONE, OpenApp
from tests.browser.watched import settled

PATH = "/kinetics?cohort=eque-like"
COHORT = read_cohort(sample_files("eque-like"))
COURSES = {q.key: q for q in quantities(COHORT)}


def says(page: Page, quantity: str) -> None:
    samples = samples_of(COHORT, COURSES[quantity])
    sentence = kinetics_sentence(measured(COHORT, samples, rule="half the limit"), samples)
    expect(page.locator(".carto-words.lead")).to_contain_text(sentence)


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_label(label).first.click()
    page.get_by_role("option", name=option).first.click()
    settled(page)


def test_another_course_and_another_grouping_draw_anew(open_app: OpenApp) -> None:
    page = open_app(PATH)
    says(page, "car_transgene")
    figure = page.locator("svg[aria-label*='CAR transgene']").first
    expect(figure).to_contain_text("Days from infusion")
    expect(figure).to_contain_text("below the limit")
    choose(page, "Time course", "CRP")
    says(page, "crp")
    choose(page, "Shown by", "Anti-drug antibodies")
    expect(page.locator("svg[aria-label*='CRP (mg/L) over days']").first).to_contain_text("Anti-drug antibodies: yes")
    page.get_by_role("tab", name="Measures by group").click()
    expect(page.get_by_role("table", name="Kinetics by group")).to_contain_text("Anti-drug antibodies: no")
    expect(page.get_by_text("Compared as they are, not adjusted.")).to_be_visible()
    settled(page)


def test_survival_starts_at_day_28_and_the_naive_correlation_has_its_warning(open_app: OpenApp) -> None:
    page = open_app(PATH)
    page.get_by_role("tab", name="With survival").click()
    expect(page.get_by_text("Nothing here counts from infusion")).to_be_visible()
    expect(page.locator("svg[aria-label^='Landmark at day 28']").first).to_be_visible()
    table = page.get_by_role("table", name="Persistence and survival")
    expect(table).to_contain_text("Kendall's tau")
    expect(table).not_to_contain_text("Spearman")
    page.get_by_text("Show the naive measures as well").click()
    expect(table).to_contain_text("Spearman's r, naive")
    expect(page.get_by_text("takes a time that is still running")).to_be_visible()
    settled(page)


def test_the_file_of_every_patient_says_synthetic_and_holds_all(open_app: OpenApp) -> None:
    page = open_app(PATH)
    page.get_by_role("tab", name="Every patient").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Every patient (CSV)").click()
    download = waiting.value
    assert download.suggested_filename == "kinetics_patients_SYNTHETIC.csv"
    lines = Path(download.path()).read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("# SYNTHETIC")
    rows = list(csv.DictReader(io.StringIO("\n".join(line for line in lines if not line.startswith("#")))))
    assert len(rows) == COHORT.n
    assert float(rows[0]["Cmax (copies/\u00b5g)"]) > 0


def test_nothing_is_wider_than_a_phone(open_app: OpenApp) -> None:
    page = open_app(PATH, size=PHONE, dark=True)
    expect(page.locator(".figure svg").first).to_have_attribute("aria-label", re.compile("SYNTHETIC"))
    for tab in ("Measures by group", "With survival", "Every patient"):
        page.get_by_role("tab", name=tab).click()
        settled(page)
        assert page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth") <= PHONE[0]
