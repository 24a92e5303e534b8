"""What the browser tests look for on the Explore page, and what the library says must stand there."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import pandas as pd
from playwright.sync_api import Locator, Page, expect

from cartograph.charts.km import km_chart
from cartograph.charts.response import response_chart
from cartograph.charts.spec import Chart
from cartograph.charts.swimmer import swimmer_chart
from cartograph.cohort import Cohort, read_cohort
from cartograph.views.board import compute
from cartograph.views.defaults import default_view
from cartograph.views.explore import ExploreResult, ExploreView, Marker
from components.explore_words import comparison_lines, finding, flow_line
from components.figure import SYNTHETIC_LINE
from components.text import neutral_cells
from sample_data import sample_files
from tests.browser.watched import settled

FERRITIN = "ferritin_d0"
KINDS = ("SVG", "PNG", "CSV")


@cache
def sample(key: str = "mayo-like") -> Cohort:
    return read_cohort(sample_files(key))


def asked(cohort: Cohort, cutoff: float | None = None, **changes: object) -> ExploreView:
    """The first view of a cohort, with the cutoff of its first biomarker moved by hand when one is given."""
    view = default_view(cohort)
    markers = view.markers if cutoff is None else (Marker(view.markers[0].column, cutoff, "hand"),)
    return replace(view, **{"markers": markers, **changes})


def text_of(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", markup))


def handle(page: Page) -> Locator:
    return page.get_by_role("slider", name="Cutoff of").first


def number_box(page: Page) -> Locator:
    return page.locator(".st-key-cutoff-box-0 input")


def cutoff_shown(page: Page) -> float:
    """The cutoff under the handle, once the box says the same."""
    cutoff = float(handle(page).get_attribute("aria-valuenow") or "nan")
    expect(number_box(page)).to_have_value(f"{cutoff:.6g}")
    return cutoff


def figure(page: Page, key: str) -> Locator:
    return page.locator(f".board [data-figure={key}] .figure")


def curves(page: Page, key: str) -> list[str]:
    """Paths of the curves of a panel."""
    return (
        figure(page, f"km-{key}")
        .locator("svg path[fill=none][stroke-linejoin=round]")
        .evaluate_all("paths => paths.map(path => path.getAttribute('d'))")
    )


def bars(page: Page) -> list[str]:
    return figure(page, "responses").locator("svg path").evaluate_all("paths => paths.map(path => path.getAttribute('d'))")


def texts(page: Page, key: str) -> list[str]:
    return figure(page, key).locator("svg text").all_text_contents()


def charts(result: ExploreResult) -> dict[str, Chart]:
    """The charts of a result by the key of their place on the page."""
    found = {f"km-{p.key}": km_chart(p, x_max=result.x_max, dark=False, endpoint=result.endpoint_label) for p in result.panels}
    found["responses"] = response_chart(result.responses, result.response_tests, dark=False, height=520)
    found["swimmer"] = swimmer_chart(result.lanes, dark=False, height=520)
    return found


def shows(page: Page, cohort: Cohort, view: ExploreView) -> ExploreResult:
    """Wait until the page says what the library computes for this view; then words, handle, box and all figures must agree."""
    result = compute(cohort, view)
    expect(page.locator(".carto-finding")).to_have_text(text_of(finding(result)))
    settled(page)
    expect(page.locator(".carto-flow")).to_have_text(text_of(flow_line(result)))
    said = ["".join(text_of(line) for line in comparison_lines(panel)) for panel in result.panels]
    expect(page.locator(".board .panels .lines")).to_have_text(said)
    if view.markers:
        expect(handle(page)).to_have_attribute("aria-valuenow", re.compile(f"^{view.markers[0].cutoff:g}$"))
        expect(number_box(page)).to_have_value(f"{view.markers[0].cutoff:.6g}")
    drawn = charts(result)
    expect(page.locator(".figure")).to_have_count(len(drawn))
    for key, chart in drawn.items():
        expect(figure(page, key).locator("svg")).to_have_attribute("aria-label", re.compile("^" + re.escape(chart.alt)))
    for panel in result.panels:
        under = [cell for trace in drawn[f"km-{panel.key}"].data if trace.get("mode") == "text" for cell in trace["text"]]
        assert texts(page, f"km-{panel.key}")[: len(under)] == under
    calm(page)
    return result


def calm(page: Page) -> None:
    """No traceback and no error box anywhere."""
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
    expect(page.get_by_text("Traceback")).to_have_count(0)


def download(page: Page, key: str, kind: str) -> tuple[str, bytes]:
    """Name and content of what a button of a figure saves."""
    figure(page, key).hover()
    with page.expect_download() as waiting:
        figure(page, key).get_by_role("button", name=kind).click()
    return waiting.value.suggested_filename, waiting.value.path().read_bytes()


def assert_same_numbers(content: bytes, chart: Chart, *, synthetic: bool = True) -> pd.DataFrame:
    """A downloaded CSV must be the table of the chart; returns it."""
    text = content.decode("utf-8-sig")
    if synthetic:
        first, text = text.split("\r\n", 1)
        assert first == SYNTHETIC_LINE
    origin, text = text.split("\r\n", 1)
    assert origin.startswith("# Cutoff")
    found = pd.read_csv(io.StringIO(text))
    wanted = pd.read_csv(io.StringIO(neutral_cells(chart.table()).to_csv(index=False)))
    pd.testing.assert_frame_equal(found, wanted, check_exact=True)
    return found


def measured(cohort: Cohort, column: str = FERRITIN) -> Sequence[float]:
    return sorted(set(cohort.patients[column].dropna()))
