"""The pages of what happens after infusion, in a browser: nothing sticks out, nothing is too pale, the landmark comes before the curves."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, OpenApp
from tests.browser.test_explore import TOO_PALE, TOO_WIDE
from tests.browser.watched import settled

MAIN = "[data-testid=stMain]"
GROUND = "[data-testid=stApp]"


def legible(page: Page, *parts: str) -> None:
    """Everything fits the screen, and every text of ``parts`` stands off the page's ground."""
    assert page.evaluate(TOO_WIDE) == []
    for part in parts:
        expect(page.locator(part)).to_have_count(1)
        assert page.evaluate(TOO_PALE, [part, GROUND]) == [], part


def drawn(page: Page, name: str) -> None:
    expect(page.get_by_role("img", name=name).first).to_be_visible()


def test_the_curves_come_after_the_landmark_is_set(open_app: OpenApp) -> None:
    page = open_app("/landmark?cohort=eque-like", size=PHONE, dark=True)
    drawn(page, "Flow of patients")
    expect(page.get_by_role("img", name="Kaplan-Meier")).to_have_count(0)
    page.get_by_role("button", name="Set the landmark at month 3").click()
    drawn(page, "Landmark at month 3. Kaplan-Meier")
    drawn(page, "Hazard ratio of CR")
    drawn(page, "Simon-Makuch")
    expect(page.locator(".carto-naive s")).to_have_css("text-decoration-line", "line-through")
    settled(page)
    legible(page, MAIN)
    page.get_by_role("slider", name="Landmark, months from infusion").press("ArrowRight")
    expect(page.get_by_role("button", name="Set the landmark at month 4")).to_be_visible()
    expect(page.get_by_role("img", name="Kaplan-Meier")).to_have_count(0)


@pytest.mark.parametrize(
    ("path", "names", "parts", "size", "dark"),
    [
        ("mrd", ("MRD state", "MRD swimmer", "Duration of MRD"), (".st-key-mrd-courses", ".st-key-mrd-loss"), PHONE, False),
        ("competing", ("Cumulative incidence",), (MAIN,), DESKTOP, True),
    ],
)
def test_mrd_and_competing_risks_fit_every_screen(
    open_app: OpenApp, path: str, names: tuple[str, ...], parts: tuple[str, ...], size: tuple[int, int], dark: bool
) -> None:
    page = open_app(f"/{path}?cohort=mayo-like", size=size, dark=dark)
    for name in names:
        expect(page.locator(f"svg[aria-label*='{name}']").first).to_be_visible()
    settled(page)
    legible(page, *parts)
