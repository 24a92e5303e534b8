"""Two people at one server: neither ever gets a word of the other's cohort."""

from __future__ import annotations

from playwright.sync_api import Page, Response, WebSocket, expect

from cartograph.cohort import read_cohort
from tests.browser.conftest import OpenApp
from tests.browser.explore_page import asked, calm, figure, number_box, sample, shows
from tests.browser.made_up import bring_in, made_up_file
from tests.browser.watched import settled

# Each stands in the first person's file only: patient ids, a center, the file's name.
SECRETS = ("QXSECRET", "Zauberberg", "sanatorium")


class Heard:
    """Everything a page is sent after this: answers of the server, messages over its socket."""

    def __init__(self, page: Page) -> None:
        self.messages: list[bytes] = []
        self.answers: list[Response] = []
        self.bodies: list[bytes] = []
        page.on("websocket", self._socket)
        page.on("response", self._answer)

    def _answer(self, answer: Response) -> None:
        self.answers.append(answer)

    def _socket(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda payload: self.messages.append(payload.encode() if isinstance(payload, str) else payload))

    def keep(self) -> None:
        """Read the answers that came so far; to be called before the page goes elsewhere, when they are lost."""
        self.bodies += [answer.body() for answer in self.answers if answer.ok]
        self.answers.clear()

    def secrets(self) -> list[str]:
        """Which secrets were in what was sent."""
        self.keep()
        everything = b"\n".join([*self.messages, *self.bodies])
        return [secret for secret in SECRETS if secret.encode() in everything]


def whole_text(page: Page) -> str:
    return str(page.evaluate("document.documentElement.outerHTML"))


def lane_text(page: Page) -> str:
    """What the middle lane of the swimmer plot tells."""
    drawing = figure(page, "swimmer")
    drawing.scroll_into_view_if_needed()
    area = drawing.bounding_box()
    assert area is not None
    page.mouse.move(area["x"] + area["width"] / 2, area["y"] + area["height"] / 2)
    expect(drawing.locator(".tip")).to_be_visible()
    return drawing.locator(".tip").inner_text()


def test_one_never_sees_what_the_other_brought(open_app: OpenApp) -> None:
    content = made_up_file(first_id=SECRETS[0], centers=(SECRETS[1], "South"))
    first, second = open_app("/data"), open_app("/")
    heard_first, heard_second = Heard(first), Heard(second)
    for page in (first, second):
        page.reload()
        settled(page)
    works_with(first, content)
    assert heard_first.secrets() == list(SECRETS)  # the ear works
    goes_on_with_the_sample(second, heard_second)

    # Not even with the first one's link, which itself names no patient, center or file.
    address = first.url
    assert not any(secret.casefold() in address.casefold() for secret in SECRETS)
    third = open_app("/methods")
    heard_third = Heard(third)
    third.goto(address)
    settled(third)
    expect(third.get_by_text("This link was made with another cohort.")).to_be_visible()

    for page, heard in ((second, heard_second), (third, heard_third)):
        assert heard.messages
        assert heard.secrets() == []
        assert [secret for secret in SECRETS if secret in whole_text(page)] == []
        expect(page.locator(".carto-flow")).to_contain_text("52 uploaded")
        calm(page)

    # A reload starts a new session: what the first one brought is in no answer any more.
    heard_again = Heard(first)
    first.reload()
    settled(first)
    expect(first.locator(".carto-flow")).to_contain_text("52 uploaded")
    assert heard_again.messages
    assert heard_again.secrets() == []


def works_with(page: Page, content: bytes) -> None:
    """Bring a cohort in and look at it from several sides, patients' ids among them."""
    cohort = read_cohort(content)
    bring_in(page, f"{SECRETS[2]}.csv", content)
    page.get_by_role("button", name="Explore this cohort").click()
    shows(page, cohort, asked(cohort))
    page.locator(".st-key-split").get_by_role("combobox").click()
    page.get_by_role("option", name="Center", exact=True).click()
    shows(page, cohort, asked(cohort, split="center"))
    assert SECRETS[0] in lane_text(page)


def goes_on_with_the_sample(page: Page, heard: Heard) -> None:
    """Move the cutoff, reload, look at the other page and come back."""
    number_box(page).fill("500")
    number_box(page).press("Enter")
    shows(page, sample(), asked(sample(), 500.0))
    heard.keep()
    page.reload()
    settled(page)
    page.get_by_role("link", name="Data").click()
    settled(page)
    expect(page.get_by_text("Open now:")).to_contain_text("52 patients")
    page.get_by_role("link", name="Explore").click()
    shows(page, sample(), asked(sample(), 500.0))
