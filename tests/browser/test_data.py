"""The Data page in a browser: a file comes in, is understood, corrected and opened; broken files are answered in words."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.conftest import PHONE, OpenApp
from tests.browser.watched import settled

SCRIPT = "<script>window.hit=1</script>"
PICTURE = "<img src=x onerror='window.hit=1'>"


def german_file(n: int = 40) -> bytes:
    """German headers, decimal comma, 0 = event; a name, a formula and HTML among the cells."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    header = ["Patienten-ID", "Nachname", "Produkt", "Geschlecht", "Ferritin Tag 0 (µg/L)", "CRP Tag 0 (mg/dL)", "Bemerkung",
              "PFS (Monate)", "PFS Ereignis", "OS (Monate)", "OS Ereignis"]  # fmt: skip
    writer.writerow(header)
    remarks = [SCRIPT, PICTURE, "=cmd()", "**fett** [x](http://example.org)"]
    for i in range(n):
        pfs = 1.5 + (7 * i % 23)
        product = ("ide-cel", "cilta-cel")[i % 2]
        ferritin, crp = 50 + 37 * i, f"{0.2 + i / 10:.1f}".replace(".", ",")
        row = [f"P{i:03d}", f"Name{i}", product, "mw"[i % 2], ferritin, crp, remarks[i % 4], f"{pfs:.1f}".replace(".", ","),
               int(i % 3 != 0), f"{pfs + 4:.1f}".replace(".", ","), int(i % 5 == 0)]  # fmt: skip
        writer.writerow(row)
    return out.getvalue().encode("cp1252")


def choose(page: Page, name: str, content: bytes) -> None:
    """Choose a file in the drop area and wait until it is read."""
    page.locator("[data-testid=stFileUploaderDropzoneInput]").first.set_input_files(
        FilePayload(name=name, mimeType="application/octet-stream", buffer=content)
    )
    page.wait_for_timeout(300)
    settled(page)


def test_a_german_file_with_turned_events_becomes_the_open_cohort(open_app: OpenApp) -> None:
    page = open_app("/data")
    choose(page, "Kohorte.csv", german_file())
    endpoints = page.locator(".st-key-endpoints")
    expect(endpoints).to_contain_text("26 of 40 events")
    expect(page.locator(".st-key-identifying")).to_contain_text("Nachname")
    expect(page.get_by_text("Name12")).to_have_count(0)

    endpoints.get_by_role("button", name="Turn round").first.click()
    settled(page)
    expect(endpoints).to_contain_text("14 of 40 events")

    page.get_by_role("button", name="Build cohort").click()
    expect(page.get_by_text("The cohort is built and open.")).to_be_visible()
    settled(page)
    expect(page.locator("table[aria-label=Endpoints]")).to_contain_text("14 (35")
    assert page.evaluate("window.hit") is None

    page.get_by_role("button", name="Explore this cohort").click()
    settled(page)
    expect(page.locator("[data-testid=stSidebar]")).to_contain_text("40 patients")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b"", "empty"),
        ("header.csv", b"Patient ID;PFS (months);PFS event\n", "row"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(200), "PNG"),
        ("nul.csv", b"a,b\n1,\x00\x00\x00\n", "NUL"),
    ],
)
def test_a_broken_file_is_answered_in_words_and_the_app_stays(open_app: OpenApp, name: str, content: bytes, words: str) -> None:
    page = open_app("/data")
    choose(page, name, content)
    expect(page.locator(".st-key-problems-reading")).to_contain_text(re.compile(words, re.IGNORECASE))
    expect(page.locator(".st-key-problems-reading")).to_contain_text(name)
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
    expect(page.get_by_text("Open now:")).to_contain_text("52 patients")


def test_the_template_downloads_and_comes_back_in(open_app: OpenApp, tmp_path: Path) -> None:
    page = open_app("/data")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Empty template (CSV)").click()
    saved = tmp_path / "template.csv"
    waiting.value.save_as(saved)
    assert "patient" in saved.read_text(encoding="utf-8-sig").splitlines()[0].casefold()


def test_a_sample_opens_with_one_click(open_app: OpenApp) -> None:
    page = open_app("/data")
    page.locator(".st-key-sample-ratios button").click()
    settled(page)
    expect(page.get_by_text("Open now:")).to_contain_text("197 patients")


def test_a_column_is_left_out_by_choosing_what_it_is_taken_for(open_app: OpenApp) -> None:
    page = open_app("/data")
    choose(page, "Kohorte.csv", german_file())
    details = page.get_by_role("combobox", name="Details of one column")
    if not details.is_visible():
        page.get_by_text("Columns: 11 in the file").click()
    expect(page.get_by_text("1 left out")).to_be_visible()
    for box, words in (("Details of one column", "Bemerkung"), ("Taken for", "Leave out")):
        field = page.get_by_role("combobox", name=box, exact=True)
        field.click()
        field.press_sequentially(words, delay=20)
        field.press("Enter")
        settled(page)
    expect(page.get_by_text("2 left out")).to_be_visible(timeout=15_000)


def test_the_mapping_fits_on_a_phone(open_app: OpenApp) -> None:
    page = open_app("/data", size=PHONE, dark=True)
    choose(page, "Kohorte.csv", german_file())
    expect(page.locator(".st-key-endpoints")).to_contain_text("26 of 40 events")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_two_browsers_never_see_each_others_cohort(open_app: OpenApp) -> None:
    first, second = open_app("/data"), open_app("/data")
    choose(first, "Kohorte.csv", german_file())
    first.get_by_role("button", name="Build cohort").click()
    expect(first.get_by_text("Open now:")).to_contain_text("40 patients")
    second.reload()
    settled(second)
    expect(second.get_by_text("Open now:")).to_contain_text("52 patients")
    expect(second.get_by_text("Kohorte")).to_have_count(0)
