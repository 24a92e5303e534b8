"""A browser page under watch: what it asks for and complains about is kept, and judged at the end of the test."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Route

OWN_HOSTS = ("127.0.0.1", "localhost")
LOCAL_SCHEMES = ("data", "blob", "about", "chrome")

# Opened on /data, Streamlit first asks whether it lives under /data, is told "404", and goes on from /: that is how it finds its base path.
BASE_PATH_PROBES = ("/_stcore/health", "/_stcore/host-config")


def is_foreign(address: str) -> bool:
    """True when an address lies outside this computer."""
    parts = urlsplit(address)
    return parts.scheme not in LOCAL_SCHEMES and parts.hostname not in OWN_HOSTS


@dataclass
class Watch:
    """What went wrong in the pages of one test. ``allowed`` holds parts of console messages that a test expects."""

    problems: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        """Watch every page of a context; calls to other computers are stopped and noted."""
        context.route(is_foreign, self._stop)
        context.on("console", self._heard)
        context.on("weberror", lambda error: self.problems.append(f"error in the page: {error.error}"))
        context.on("page", lambda page: page.on("websocket", lambda socket: self._asked(socket.url)))

    def verdict(self) -> list[str]:
        """The problems that no test has allowed."""
        return [problem for problem in self.problems if not any(part in problem for part in self.allowed)]

    def _stop(self, route: Route, request: Request) -> None:
        self._asked(request.url)
        route.abort()

    def _asked(self, address: str) -> None:
        if is_foreign(address):
            self.problems.append(f"call to another computer: {address}")

    def _heard(self, message: ConsoleMessage) -> None:
        address = message.location.get("url", "")
        if message.type == "error" and not ("404" in message.text and address.endswith(BASE_PATH_PROBES)):
            self.problems.append(f"console: {message.text} ({address})")


def settled(page: Page) -> Page:
    """Wait until the app has run and nothing is on its way; returns the page."""
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']", state="attached", timeout=60_000)
    page.wait_for_function("() => !document.querySelector('[data-testid=stSkeleton], [data-stale=true]')", timeout=30_000)
    return page
