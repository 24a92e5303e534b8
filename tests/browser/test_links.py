"""A link carries the view and nothing about patients; a bad one is answered in words."""

from __future__ import annotations

from urllib.parse import parse_qs, quote, urlsplit

from playwright.sync_api import expect

from cartograph.cohort import read_cohort
from cartograph.cohort.filters import Filter
from cartograph.views.explore import Marker
from tests.browser.conftest import OpenApp
from tests.browser.explore_page import asked, calm, cutoff_shown, handle, measured, number_box, sample, shows
from tests.browser.made_up import bring_in, made_up_file
from tests.browser.watched import settled

NONSENSE = "/?endpoint=<script>window.hit=1</script>&marker=%00&filter=|||&split=../../etc&combine=%F0%9F%98%80&page=1"


def test_a_link_made_by_hand_opens_its_view_and_outlives_a_reload(open_app: OpenApp) -> None:
    cohort = sample("ratios")
    kept = (Filter("sex", levels=("female",)), Filter("age", low=50.0, high=70.0, missing=True))
    markers = (Marker("ferritin_pre", 400.0, "published"), Marker("nlr", 2.5, "hand"))
    view = asked(cohort, endpoint="os", split="sex", markers=markers, filters=kept, combine="both-low")
    words = "&".join(f"filter={quote(chosen.to_text())}" for chosen in kept)
    address = f"/?cohort=ratios&endpoint=os&split=sex&marker=ferritin_pre:400.0:published&marker=nlr:2.5:hand&combine=both-low&{words}"
    page = open_app(address)
    shows(page, cohort, view)
    expect(page.locator("[data-testid=stAlert]")).to_have_count(0)
    page.reload()
    settled(page)
    shows(page, cohort, view)


def test_what_was_chosen_is_in_the_address_and_opens_in_another_browser(open_app: OpenApp) -> None:
    cohort = sample()
    page = open_app()
    page.locator("[data-testid=stSidebar]").get_by_role("radio", name="OS", exact=True).click()
    shows(page, cohort, asked(cohort, endpoint="os"))
    handle(page).focus()
    page.keyboard.press("PageDown")
    expect(number_box(page)).not_to_have_value("337")
    view = asked(cohort, cutoff_shown(page), endpoint="os")
    shows(page, cohort, view)
    steps = page.evaluate("history.length")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
        settled(page)
    view = asked(cohort, cutoff_shown(page), endpoint="os")
    shows(page, cohort, view)
    assert page.evaluate("history.length") == steps  # the way back does not lead through every cutoff
    address = urlsplit(page.url)
    assert parse_qs(address.query) == {
        "cohort": ["mayo-like"],
        "endpoint": ["os"],
        "split": ["product"],
        "marker": [f"ferritin_d0:{view.markers[0].cutoff!r}:hand"],
    }
    shows(open_app(f"/?{address.query}"), cohort, view)
    page.get_by_role("link", name="Methods").click()
    settled(page)
    page.get_by_role("link", name="Explore").click()
    shows(page, cohort, view)


def test_nonsense_in_a_link_is_answered_in_sentences_and_the_page_works(open_app: OpenApp) -> None:
    cohort = sample()
    page = open_app(NONSENSE)
    shows(page, cohort, asked(cohort))
    said = page.locator("[data-testid=stAlert]").all_inner_texts()
    assert len(said) == 5
    parts = ("the endpoint '<script>window.hit=1</script>'", "the biomarker", "filters by '|||'", "splits by '../../etc'", "combines two")
    assert [part for part in parts if not any(part in words for words in said)] == []
    assert page.evaluate("window.hit") is None
    handle(page).focus()
    page.keyboard.press("End")
    shows(page, cohort, asked(cohort, measured(cohort)[-1]))
    assert "script" not in page.url


def test_a_link_waits_for_its_own_cohort(open_app: OpenApp) -> None:
    """The file of a cohort is in no link: until it is opened again, the sample is shown with a word about it, then the link's view."""
    content = made_up_file()
    cohort = read_cohort(content)
    page = open_app("/data")
    bring_in(page, "mine.csv", content)
    page.get_by_role("button", name="Explore this cohort").click()
    number_box(page).fill("412")
    number_box(page).press("Enter")
    shows(page, cohort, asked(cohort, 412.0))
    query = urlsplit(page.url).query

    other = open_app(f"/?{query}")
    expect(other.get_by_text("This link was made with another cohort.")).to_be_visible()
    shows(other, sample(), asked(sample()))
    other.get_by_role("link", name="Data").click()
    settled(other)
    bring_in(other, "mine.csv", content)
    other.get_by_role("button", name="Explore this cohort").click()
    shows(other, cohort, asked(cohort, 412.0))
    calm(other)
