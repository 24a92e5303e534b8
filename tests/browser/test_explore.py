"""Explore in a browser: every way to move the cutoff moves curves, words, numbers, bars and courses to what the library computes."""

from __future__ import annotations

import struct
from xml.etree import ElementTree as ET

import pytest
from playwright.sync_api import Page, expect

from cartograph.charts import theme
from cartograph.cohort.filters import Filter
from cartograph.views.defaults import default_marker
from tests.browser.conftest import PHONE, OpenApp
from tests.browser.explore_page import (
    FERRITIN,
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
)
from tests.browser.watched import settled

SVG = "{http://www.w3.org/2000/svg}"

# Every text of a figure or slider against the ground it stands on: WCAG contrast below 4.5 is returned.
TOO_PALE = """([root, ground]) => {
  const light = rgb => rgb.map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const rgb = colour => colour.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const box = rgb(getComputedStyle(document.querySelector(ground)).backgroundColor);
  const found = [];
  const look = node => {
    if (node.dataset?.figure === 'responses') return;  // words on coloured bars: tests/charts/test_theme.py
    if (node.shadowRoot) [...node.shadowRoot.children].forEach(look);
    const own = [...node.childNodes].some(child => child.nodeType === 3 && child.data.replace(/[■\\s]/g, ''));
    if (own && node.tagName !== 'STYLE' && getComputedStyle(node).visibility !== 'hidden' && node.getBoundingClientRect().width) {
      const style = getComputedStyle(node), mine = node instanceof SVGElement ? style.fill : style.color;
      const [a, b] = [light(rgb(mine)), light(box)].sort((p, q) => q - p);
      const ratio = (a + 0.05) / (b + 0.05);
      if (ratio < 4.5) found.push([node.textContent.slice(0, 30), mine, ratio]);
    }
    [...node.children].forEach(look);
  };
  document.querySelectorAll(root).forEach(look);
  return found;
}"""

# Elements that stick out of the screen although no ancestor scrolls sideways.
TOO_WIDE = """() => {
  const found = [];
  const scrolls = node => { for (let n = node; n; n = n.parentElement || n.getRootNode().host)
    if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(n).overflowX) && n.clientWidth <= innerWidth) return true; return false; };
  const look = node => {
    const box = node.getBoundingClientRect();
    if (box.width && box.right > innerWidth + 1 && !scrolls(node)) found.push([node.tagName, node.className.toString(), box.right]);
    if (node.shadowRoot) [...node.shadowRoot.children].forEach(look);
    [...node.children].forEach(look);
  };
  look(document.querySelector('[data-testid=stMain]'));
  return found;
}"""


def test_keys_on_the_handle_move_everything(page: Page) -> None:
    cohort = sample()
    values = measured(cohort)
    before = [shows(page, cohort, asked(cohort)), curves(page, "all"), curves(page, "1"), bars(page)]
    up = next(v for v in values if v > 337)
    handle(page).focus()
    stops = {"ArrowRight": up, "End": values[-1], "Home": values[0], "ArrowUp": values[1]}
    for key, cutoff in stops.items():
        page.keyboard.press(key)
        after = [shows(page, cohort, asked(cohort, cutoff)), curves(page, "all"), curves(page, "1"), bars(page)]
        assert after[1] != before[1], key
        before = after
    page.keyboard.press("Escape")
    shows(page, cohort, asked(cohort, 337.0))
    assert page.url.endswith("marker=ferritin_d0%3A337.0%3Ahand")


def test_keys_that_repeat_faster_than_the_page_answers_end_at_the_last_one(page: Page) -> None:
    cohort = sample()
    handle(page).focus()
    page.keyboard.press("Home")
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    shows(page, cohort, asked(cohort, measured(cohort)[12]))


def test_a_dragged_handle_stays_on_measured_values(page: Page) -> None:
    cohort = sample()
    before = shows(page, cohort, asked(cohort))
    track = page.locator(".st-key-slider-0-ferritin_d0 .track").bounding_box()
    assert track is not None
    page.mouse.move(track["x"] + track["width"] * 0.55, track["y"] + 40)
    page.mouse.down()
    page.mouse.move(track["x"] + track["width"] * 0.8, track["y"] + 40, steps=4)
    page.mouse.up()
    expect(number_box(page)).not_to_have_value("337")
    cutoff = cutoff_shown(page)
    assert cutoff in measured(cohort)
    assert shows(page, cohort, asked(cohort, cutoff)).panels[0].groups[-1].n < before.panels[0].groups[-1].n


def test_the_number_box_and_the_buttons_move_the_handle(page: Page) -> None:
    cohort = sample()
    place = handle(page).bounding_box()
    number_box(page).fill("901.5")
    number_box(page).press("Enter")
    shows(page, cohort, asked(cohort, 901.5))
    assert handle(page).bounding_box() != place
    number_box(page).fill("")
    number_box(page).press("Enter")
    shows(page, cohort, asked(cohort, 901.5))
    page.get_by_role("radio", name="337 upper limit of normal").click()
    shows(page, cohort, asked(cohort))
    assert handle(page).bounding_box() == place


def test_a_second_biomarker_comes_and_goes(page: Page) -> None:
    cohort = sample()
    one = asked(cohort)
    page.get_by_role("button", name="Second biomarker").click()
    both = (*one.markers, default_marker(cohort, cohort.columns["crp_d0"]))
    result = shows(page, cohort, asked(cohort, markers=both))
    assert [group.role for group in result.panels[0].groups] == ["low", "mixed", "high"]
    page.get_by_role("button", name="Remove second biomarker").click()
    shows(page, cohort, one)


def test_filters_and_endpoint_in_the_sidebar_change_the_flow_line(page: Page) -> None:
    cohort = sample()
    side = page.locator("[data-testid=stSidebar]")
    side.get_by_role("radio", name="OS", exact=True).click()
    shows(page, cohort, asked(cohort, endpoint="os"))
    side.get_by_role("button", name="Filter patients").click()
    box = page.get_by_role("combobox", name="Filter by")
    box.fill("Product")
    page.get_by_role("option", name="Product", exact=True).click()
    expect(page.locator(".st-key-chip-0")).to_contain_text("Product")
    box.press("Tab")  # closes the list of columns, not the panel
    settled(page)
    page.get_by_role("button", name="ide-cel (17)").click()
    expect(page.locator(".carto-flow")).to_contain_text("52 uploaded \u2192 35 after filters \u2192 35 with OS")
    page.keyboard.press("Escape")
    kept = Filter("product", levels=("cilta-cel",), missing=True)
    shows(page, cohort, asked(cohort, endpoint="os", filters=(kept,)))
    page.get_by_role("button", name="Product cilta-cel").click()
    shows(page, cohort, asked(cohort, endpoint="os"))


def test_a_lane_tells_its_patient(page: Page) -> None:
    result = shows(page, sample(), asked(sample()))
    drawing = figure(page, "swimmer")
    drawing.scroll_into_view_if_needed()
    area = drawing.bounding_box()
    assert area is not None
    told = set()
    for share in (0.35, 0.5, 0.65):
        page.mouse.move(area["x"] + area["width"] / 2, area["y"] + area["height"] * share)
        tip = drawing.locator(".tip")
        expect(tip).to_be_visible()
        told.add("\n".join(tip.locator("div").all_text_contents()))
    assert told <= set(result.lanes.hover["text"])
    assert len(told) == 3
    page.mouse.move(5, 5)
    expect(drawing.locator(".tip")).to_be_hidden()


def test_every_figure_downloads_as_picture_and_as_numbers(page: Page) -> None:
    cohort = sample()
    number_box(page).fill("250")
    number_box(page).press("Enter")
    result = shows(page, cohort, asked(cohort, 250.0))
    for key, chart in charts(result).items():
        name, content = download(page, key, "CSV")
        assert name == f"{chart.name}-SYNTHETIC.csv"
        assert_same_numbers(content, chart)

        name, content = download(page, key, "SVG")
        assert name == f"{chart.name}-SYNTHETIC.svg"
        root = ET.fromstring(content)  # noqa: S314 - our own file
        assert root.find(f"{SVG}title").text.startswith(chart.alt)  # type: ignore[union-attr]
        assert "SYNTHETIC data" in "".join(root.itertext())
        assert len(root.findall(f".//{SVG}path")) > 5

        name, content = download(page, key, "PNG")
        assert name == f"{chart.name}-SYNTHETIC.png"
        assert content.startswith(b"\x89PNG\r\n")
        assert struct.unpack(">II", content[16:24]) == (2 * float(root.get("width", 0)), 2 * float(root.get("height", 0)))
    calm(page)


def test_the_numbers_behind_each_figure_open_below(page: Page) -> None:
    page.get_by_text("The numbers behind each figure").click()
    expect(page.get_by_role("tab")).to_have_count(5)
    expect(page.locator("[data-testid=stDataFrame]").first).to_be_visible()
    calm(page)


def test_explore_fits_a_phone_and_follows_a_finger(open_app: OpenApp) -> None:
    cohort = sample()
    page = open_app(size=PHONE, touch=True)
    shows(page, cohort, asked(cohort))
    assert page.evaluate(TOO_WIDE) == []
    page.locator(".st-key-slider-0-ferritin_d0 .track").tap(position={"x": 60, "y": 40})
    expect(number_box(page)).not_to_have_value("337")
    shows(page, cohort, asked(cohort, cutoff_shown(page)))
    page.get_by_role("button", name="Second biomarker").tap()
    expect(page.get_by_role("slider", name="Cutoff of CRP")).to_be_visible()
    assert page.evaluate(TOO_WIDE) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    for drawing in page.locator(".figure").all():
        box = drawing.bounding_box()
        assert box is not None
        assert 250 < box["width"] <= PHONE[0]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_of_the_figures_can_be_read(open_app: OpenApp, dark: bool) -> None:
    page = open_app(dark=dark)
    shows(page, sample(), asked(sample()))
    ground = theme.ink(dark=dark).ground
    for drawing in page.locator(".figure svg").all():
        assert (drawing.locator("> rect").get_attribute("fill") or "").upper() == ground
    for part in (".st-key-board", ".st-key-marker-0", ".st-key-finding", ".carto-table"):
        assert page.evaluate(TOO_PALE, [part, "[data-testid=stApp]"]) == [], part


def test_the_largest_sample_follows_its_cutoff_too(open_app: OpenApp) -> None:
    cohort = sample("registry")
    page = open_app("/?cohort=registry")
    shows(page, cohort, asked(cohort))
    handle(page).focus()
    page.keyboard.press("PageUp")
    expect(number_box(page)).not_to_have_value("337")
    cutoff = cutoff_shown(page)
    assert cutoff in measured(cohort, FERRITIN)
    shows(page, cohort, asked(cohort, cutoff))
