"""Every page on cohorts that are hard on it: it stands, shows no number that is none, and says what cannot be estimated and why."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from streamlit.testing.v1 import AppTest

from cartograph import format as fmt
from cartograph.views.names import LONGEST, short_names
from components import state
from tests.app.awkward import PICTURE, SCRIPT, SITES, TABLES, UNBROKEN, WORDY, WORDY_PRODUCT, awkward

ROOT = Path(__file__).parents[2]
PAGES = tuple(dict.fromkeys(re.findall(r"pages/(\w+)\.py", (ROOT / "app.py").read_text(encoding="utf-8"))))
READS_NO_COHORT = "methods"
NO_NUMBER = re.compile(r"(?<![\w<])(nan|NaN|None|inf|Infinity|null|NaT|undefined|<NA>)(?![\w>])")
TABS = {
    "cutoff": "cutoff-sections",
    "response": "response-tabs",
    "toxicity": "toxicity-tabs",
    "regression": "regression-sections",
    "paper": "paper-tabs",
}
WORDY_KEY = "number_that_somebody_described_at_length_in_the_heading_of_t"
Open = Callable[..., AppTest]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Runs a page alone on an awkward cohort, with one of its tabs open; it must stand without an error."""
    monkeypatch.delenv("CARTOGRAPH_COHORT", raising=False)

    def open_it(page: str, cohort: str, tab: str = "", **query: str) -> AppTest:
        monkeypatch.setattr(state, "sample_cohort", lambda _: awkward(cohort))
        app = AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=60)
        for name, value in query.items():
            app.query_params[name] = value
        if tab:
            app.session_state[TABS[page]] = tab
        return sound(app.run())

    return open_it


def sound(app: AppTest) -> AppTest:
    assert [e.message for e in app.exception] == []
    assert [e.value for e in app.error] == []
    return app


def leaves(block: Any) -> Iterator[Any]:
    for child in block.children.values() if hasattr(block, "children") else ():
        yield child
        yield from leaves(child)


def texts(value: Any) -> Iterator[str]:
    """Every text in what is sent to the browser."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts(part)


def drawn(app: AppTest) -> str:
    """Every text of figures and of what moves with a cutoff."""
    sent = [e.proto.bytes for e in leaves(app.main) if e.type == "bidi_component" and e.proto.bytes.startswith(b"{")]
    return "\n".join(text for raw in sent for text in texts(json.loads(raw)))


def markups(app: AppTest) -> list[str]:
    return [e.proto.body for e in app.get("html")]


def read(app: AppTest) -> str:
    """Everything that can be read, as text."""
    boxes = (app.info, app.warning, app.caption, app.markdown, app.subheader)
    shown = [*markups(app), drawn(app)]
    plain = [re.sub(r"<[^<>]+>", " ", re.sub(r"<style.*?</style>", " ", text, flags=re.DOTALL)) for text in shown]
    words = [html.unescape(text) for text in plain] + [e.value.replace("\\", "") for box in boxes for e in box]
    return re.sub(" +", " ", "\n".join(words).replace(fmt.THIN_SPACE, " "))


@pytest.mark.parametrize("page", [page for page in PAGES if page != READS_NO_COHORT])
def test_every_page_stands_on_every_cohort_and_shows_no_number_that_is_none(opened: Open, page: str) -> None:
    for name in TABLES:
        app = opened(page, name)
        said = read(app)
        assert said.strip(), name
        assert [said[max(0, m.start() - 60) : m.end() + 20] for m in NO_NUMBER.finditer(said)] == [], name
        assert [e for e in app.dataframe if NO_NUMBER.search(" ".join(e.value.columns))] == []


class Said(NamedTuple):
    """On ``page`` (with ``tab`` open) this cohort makes these words stand, and ``never`` these."""

    page: str
    cohort: str
    words: tuple[str, ...]
    tab: str = ""
    never: tuple[str, ...] = ()


def exact_lower(n: int) -> int:
    """Lower exact limit of n of n, in per cent, written out: the share whose nth power is 0.025."""
    return round(100 * 0.025 ** (1 / n))


NO_EVENT = (
    Said("explore", "eventless", ("HR high vs low not estimable (no events)", "No event among the patients on screen", "100 % (100–100)")),
    Said("cutoff", "eventless", ("Without an event nothing can be said about an effect", "No event in All: nothing can be compared")),
    Said("regression", "eventless", ("no event among 24 patients, so no ratio can be estimated",), never=("Choose some",)),
    Said("subgroups", "eventless", ("24 patients, 0 events; no hazard ratio (no events)",)),
    Said("products", "eventless", ("HR not estimable unadjusted", "Only 1 patient of cilta-cel: p values are withheld below 10")),
    Said("competing", "eventless", ("0 with progression, 0 with death without progression, 24 censored", "p not given (no events)")),
    Said("paper", "eventless", ("not estimable (no events)",), never=("not estimable (fewer than 10",)),
    Said("landmark", "eventless", ("Nobody has reached “CR” by month 3: there is nothing to compare", "No events after the landmark")),
    Said(
        "mrd", "eventless", ("0 of 24 patients tested became MRD negative", "Nobody had “negativity lost”", "0 patients: Nothing to draw.")
    ),
    Said("response", "eventless", ("PR or better 0 of 24 evaluable, 0 of 24 infused", "0 % (0–19)")),
)
ALL_ALIKE = (
    Said("response", "alike", (f"100 % ({exact_lower(11)}–100)", f"100 % ({exact_lower(19)}–100)", "0 points (−17 to +26)")),
    Said("explore", "alike", (f"100 % ({exact_lower(19)}–100) of 19",)),
    Said("regression", "alike", ("Not offered, because the same in all patients: Product, Age, Sex, Ferritin, day 0.",)),
    Said("baseline", "alike", ("30 patients, all of Product cilta-cel", "61 (61–61), n = 30", "30/30 (100 %)"), never=("SMD",)),
    Said("products", "alike", ("Product has one level in these patients, so there is nothing to compare it with",)),
    Said("landmark", "alike", ("Everybody has reached “CR” by month 3: there is nothing to compare",)),
    Said("mrd", "alike", ("30 of 30 patients tested became MRD negative",)),
    Said("toxicity", "alike", ("CRS, any grade: 0/19 against 0/11, odds ratio not estimable", "every patient has the same grade")),
    Said("subgroups", "alike", ("No interaction could be tested",), never=("p of interaction",)),
    Said("cutoff", "alike", ("no curve, everybody has the outcome",), tab="ROC"),
    Said("cutoff", "alike", ("This cohort has only one biomarker that is known before infusion",), tab="Two biomarkers"),
)
TIES = (
    Said("explore", "tied", ("not estimable (no events in the high group)", "0 % (no limits)", "Firth: 0.023")),
    Said("cutoff", "tied", ("HR 0.023 (Firth's method: Cox has no estimate)", "1 cutoff, 120"), never=("outside the searched window",)),
    Said("cutoff", "tied", ("too few different values of the marker for a spline",), tab="Kept continuous"),
    Said("competing", "tied", ("the marker puts the events in order without exception, so the hazard ratio has no finite value",)),
    Said("explore", "one event", ("not estimable (the groups are never at risk together)", "16 patients, 1 event, median NR")),
    Said("regression", "one event", ("1 event among 24 patients, too few for a model (at least 5 for each parameter)",)),
    Said("cutoff", "one event", ("it has no p of its own here",), never=("its own p holds",)),
    Said("cutoff", "one event", ("HR 0.004 (< 0.001 to > 10,000)", "With 1 event neither the shape"), tab="Kept continuous"),
    Said("explore", "one-sided", ("not estimable (no events in the low group)", "median NR (NR–NR)")),
    Said("cutoff", "one-sided", ("4 events in 16 high, 0 in 24 low", "HR 18 (Firth's method: Cox has no estimate)")),
    Said("regression", "one-sided", ("18 (1.9–2,418) F",)),
)
FEW = (
    Said("explore", "alone", ("PFS of 1 patient, 1 event: median 17.5 months",)),
    Said("cutoff", "alone", ("nothing to cut",)),
    Said("regression", "alone", ("No variable that is known before infusion differs between these patients",), never=("Choose at least",)),
    Said("response", "alone", ("100 % (3–100)",)),
    Said("mrd", "alone", ("0 of 1 patient tested became MRD negative",)),
    Said("subgroups", "alone", ("Neither a biomarker nor two products",)),
    Said("toxicity", "alone", ("CRS, any grade: 0 of 1",), never=("the whole range of grades",)),
    Said("baseline", "bare", ("This cohort has no column that describes patients",), never=("Choose at least",)),
    Said("competing", "bare", ("OS ends with death alone, one cause",)),
    Said("landmark", "bare", ("This cohort dates no status after infusion",)),
    Said("response", "bare", ("under Data",)),
)
CROWD = (
    Said("regression", "crowded", ("24 patients left out because a variable is not known (Ferritin, day 0 24)", "under 10 patients")),
    Said("regression", "crowded", ("Not offered, because the same in all patients: Constant.",)),
    Said("baseline", "crowded", ("24/60 (40 %)", "1/60 (2 %)", "Not known in more than 20 % of patients: Ferritin, day 0")),
    Said(
        "explore",
        "crowded",
        ("60 uploaded → 60 with PFS → 36 with Ferritin, day 0", "24 patients not shown: endpoint or biomarker not known"),
    ),
)


@pytest.mark.parametrize("wanted", [*NO_EVENT, *ALL_ALIKE, *TIES, *FEW, *CROWD], ids=lambda w: "-".join((*w[:2], w.tab)).rstrip("-"))
def test_what_cannot_be_estimated_is_said_with_the_reason(opened: Open, wanted: Said) -> None:
    said = read(opened(wanted.page, wanted.cohort, wanted.tab))
    assert [words for words in wanted.words if words not in said] == []
    assert [words for words in wanted.never if words in said] == []


@pytest.mark.parametrize("page", ["explore", "cutoff", "baseline", "response", "toxicity", "competing", "landmark", "products", "data"])
def test_markup_from_a_file_is_text_and_long_names_are_cut_but_differ(opened: Open, page: str) -> None:
    app = opened(page, "crowded")
    assert [body for body in markups(app) if SCRIPT in body or PICTURE in body] == []
    assert not [
        e.value for box in (app.markdown, app.caption, app.info, app.warning) for e in box if SCRIPT in e.value or PICTURE in e.value
    ]
    said = read(app).replace(awkward("crowded").name, "")
    assert UNBROKEN not in said
    assert WORDY_PRODUCT not in said
    assert WORDY not in said


def test_a_marker_with_a_long_name_heads_a_page_that_can_be_read(opened: Open) -> None:
    said = read(opened("explore", "crowded", marker=f"{WORDY_KEY}:1.0:hand"))
    label = awkward("crowded").columns[WORDY_KEY].label
    assert awkward("crowded").columns[WORDY_KEY].source == WORDY
    assert len(label) <= 72 < len(WORDY)
    assert label.startswith(WORDY[:40])
    assert label.endswith(WORDY[-10:])
    assert f"{label} > 1 (26 of 60)" in said


def test_a_link_to_what_does_not_part_the_patients_says_so(opened: Open) -> None:
    assert "which this cohort cannot show" in read(opened("explore", "alike", marker="ferritin_d0:250:hand"))
    assert "does not part these patients into 2 to 12 groups" in read(opened("explore", "crowded", split="center"))


def test_a_category_of_sixty_levels_makes_no_model_and_a_short_table(opened: Open) -> None:
    app = opened("regression", "crowded")
    sound(app.multiselect(key="regression-chosen-mayo-like-ferritin_d0").set_value(["center", "sex"]).run())
    assert "40 events for 60 parameters: fewer than 5 per parameter" in read(app)
    app = opened("baseline", "crowded")
    sound(app.multiselect(key="baseline-columns-mayo-like").set_value(["center", "constant"]).run())
    said = read(app)
    assert "Center: 60 levels, the 11 most frequent shown and 49 together." in said
    assert sum(site in said for site in SITES) == 11


def test_names_are_cut_to_one_length_and_stay_different() -> None:
    alike = [WORDY_PRODUCT, WORDY_PRODUCT[:-1] + "2", "ide-cel", WORDY_PRODUCT[:-1] + "3"]
    found = short_names(alike)
    assert len(set(found)) == len(alike)
    assert found[2] == "ide-cel"
    assert all(len(name) <= LONGEST for name in found)
    assert found[1].endswith("… (2)")
    assert short_names([]) == ()
