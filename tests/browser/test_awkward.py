"""Names of 200 letters, a category of 60 levels and markup in the cells, in a browser: on a phone no page can be scrolled sideways."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from scripts.server import ROOT, running
from tests.app.awkward import UNBROKEN, as_csv, crowded
from tests.browser.conftest import PHONE, OpenApp
from tests.browser.made_up import bring_in
from tests.browser.test_explore import TOO_WIDE
from tests.browser.watched import settled

SIDEWAYS = "() => { const main = document.querySelector('[data-testid=stMain]'); return main.scrollWidth - main.clientWidth; }"
PAGES = ("", "baseline", "response", "products", "competing")


@pytest.fixture(scope="module")
def crowded_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app that opens the crowded cohort, whose file has a long name too."""
    path: Path = tmp_path_factory.mktemp("crowded") / f"{UNBROKEN}.csv"
    path.write_bytes(as_csv(crowded()))
    with running(ROOT / "app.py", variables={"CARTOGRAPH_COHORT": str(path)}) as address:
        yield address


def fits(page: Page) -> None:
    assert page.evaluate(TOO_WIDE) == []
    assert page.evaluate(SIDEWAYS) <= 1
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate("window.hit") is None
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def test_long_names_and_many_levels_fit_a_phone(crowded_url: str, new_context: Callable[..., BrowserContext]) -> None:
    page = new_context(viewport={"width": PHONE[0], "height": PHONE[1]}, color_scheme="dark").new_page()
    for path in PAGES:
        page.goto(f"{crowded_url}/{path}")
        settled(page)
        expect(page.locator(".figure svg").first).to_be_visible()
        fits(page)


def test_a_crowded_file_is_brought_in_on_a_phone(open_app: OpenApp) -> None:
    page = open_app("/data", size=PHONE)
    bring_in(page, f"{UNBROKEN}.csv", as_csv(crowded()))
    expect(page.get_by_text("Open now:")).to_contain_text("60 patients")
    fits(page)
