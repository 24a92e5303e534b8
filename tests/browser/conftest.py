"""Browser tests: one server and one Chromium for all of them, a fresh context for each page.

A test fails when its pages log an error, throw one, or ask another computer for anything. The pages of a failed test are
kept as pictures in tests/browser/screenshots.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from scripts.browser import launch
from scripts.server import ROOT, running
from tests.browser.watched import Watch, settled

SCREENSHOTS = Path(__file__).parent / "screenshots"
DESKTOP = (1440, 900)
PHONE = (390, 844)
_failed = pytest.StashKey[bool]()


class OpenApp(Protocol):
    """Opens the app in a browser of its own (nothing is shared with other pages) and waits until it stands."""

    def __call__(self, path: str = "/", *, size: tuple[int, int] = DESKTOP, dark: bool = False, touch: bool = False) -> Page: ...


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[_failed] = report.failed
    return report


@pytest.fixture(scope="session")
def app_url() -> Iterator[str]:
    """The address of the running app, opened on the first sample cohort."""
    with running(ROOT / "app.py", variables={"CARTOGRAPH_COHORT": ""}) as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One Chromium for the whole run."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def watch() -> Watch:
    """What the pages of this test do wrong; a test that provokes a console error adds its words to ``watch.allowed``."""
    return Watch()


@pytest.fixture
def new_context(chromium: Browser, watch: Watch, request: pytest.FixtureRequest) -> Iterator[Callable[..., BrowserContext]]:
    """Makes watched browser contexts; at the end they are judged, pictured when the test failed, and closed."""
    contexts: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        context = chromium.new_context(accept_downloads=True, reduced_motion="reduce", **options)
        watch.over(context)
        contexts.append(context)
        return context

    yield make
    problems = watch.verdict()
    if problems or request.node.stash.get(_failed, False):
        _picture(contexts, request.node.name)
    for context in contexts:
        context.close()
    assert not problems, "\n".join(problems)


@pytest.fixture
def open_app(app_url: str, new_context: Callable[..., BrowserContext]) -> OpenApp:
    """A function that opens the app: ``open_app("/data", size=PHONE, dark=True)``."""

    def open_it(path: str = "/", *, size: tuple[int, int] = DESKTOP, dark: bool = False, touch: bool = False) -> Page:
        width, height = size
        context = new_context(viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", has_touch=touch)
        page = context.new_page()
        page.goto(app_url + path)
        return settled(page)

    return open_it


@pytest.fixture
def page(open_app: OpenApp) -> Page:
    """The app at 1440 x 900, light, on the first sample cohort."""
    return open_app()


def _picture(contexts: list[BrowserContext], name: str) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    for number, page in enumerate(page for context in contexts for page in context.pages):
        page.screenshot(path=SCREENSHOTS / f"{re.sub(r'[^A-Za-z0-9]+', '-', name)}-{number}.png", full_page=True)
