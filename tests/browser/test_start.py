"""The app starts, keeps to this computer, and shows no traceback."""

from __future__ import annotations

import http.client
import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect
from streamlit import config

from tests.browser.conftest import DESKTOP, PHONE, OpenApp
from tests.browser.watched import is_foreign

PAGES = ["/", "/data", "/methods"]
HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True)], ids=["desktop-light", "phone-dark"])
def test_every_page_opens_without_an_error(open_app: OpenApp, path: str, size: tuple[int, int], dark: bool) -> None:
    page = open_app(path, size=size, dark=dark)
    expect(page.locator("[data-testid=stMain]")).not_to_be_empty()
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


@pytest.mark.parametrize("path", PAGES)
def test_no_page_is_wider_than_a_phone(open_app: OpenApp, path: str) -> None:
    page = open_app(path, size=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate(
        "(() => { const main = document.querySelector('[data-testid=stMain]'); return main.scrollWidth <= main.clientWidth })()"
    )


def test_the_sample_cohort_is_on_screen_and_called_synthetic(page: Page) -> None:
    expect(page.get_by_text("52 patients").first).to_be_attached()
    expect(page.get_by_text(re.compile("synthetic", re.IGNORECASE)).first).to_be_attached()


def test_the_icon_of_the_tab_comes_from_this_computer(page: Page) -> None:
    addresses = page.eval_on_selector_all("link[rel~='icon']", "links => links.map(link => link.href)")
    assert addresses
    assert [address for address in addresses if is_foreign(address)] == []


def test_both_themes_are_ours(open_app: OpenApp) -> None:
    grounds = {}
    for dark in (False, True):
        page = open_app(dark=dark)
        grounds[dark] = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
    assert grounds == {False: "rgb(255, 255, 255)", True: "rgb(14, 17, 23)"}


def test_a_name_that_only_points_here_is_turned_away(app_url: str) -> None:
    """A website that lets its own name point to this computer (DNS rebinding) gets no connection."""
    port = urlsplit(app_url).port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/_stcore/stream", headers={"Host": f"evil.example:{port}", **HANDSHAKE})
    assert connection.getresponse().status == http.HTTPStatus.FORBIDDEN
    connection.close()


def test_the_app_answers_only_to_this_computer() -> None:
    assert config.get_option("server.address") == "127.0.0.1"
    assert config.get_option("browser.gatherUsageStats") is False
    assert config.get_option("client.showErrorDetails") == "none"
