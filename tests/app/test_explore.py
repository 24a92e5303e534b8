"""The Explore page run by Streamlit's own test harness: what is on it equals what the library computes for the same question."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from google.protobuf import text_format
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.statistics import logrank_test
from scipy.stats import binomtest
from streamlit.testing.v1 import AppTest

from cartograph import format as fmt
from cartograph.cohort import Cohort, read_cohort
from cartograph.cohort.filters import Filter, apply_filters
from cartograph.stats.survival import SurvivalCurve
from cartograph.views.board import compute
from cartograph.views.defaults import default_view, quantile_cutoff
from cartograph.views.explore import ExploreResult, ExploreView, Marker
from components import state
from components.explore_words import finding, flow_line, summary_frame
from components.text import html_table
from sample_data import SAMPLES, sample_files
from tests.views.conftest import make_cohort

APP = Path(__file__).parents[2] / "app.py"
VIEW = "explore view"
PICTURE = "![x](http://a)"
SCRIPT = "<script>window.hit=1</script>"
FERRITIN, CRP = "ferritin_d0", "crp_d0"
Open = Callable[..., AppTest]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens the app on a cohort of the test (else on the samples), as the address ``query`` asks for it."""
    monkeypatch.delenv("CARTOGRAPH_COHORT", raising=False)

    def open_it(made: Cohort | None = None, /, **query: str | list[str]) -> AppTest:
        if made is not None:
            monkeypatch.setattr(state, "sample_cohort", lambda _: made)
        page = AppTest.from_file(str(APP), default_timeout=60)
        for name, value in query.items():
            page.query_params[name] = value
        return sound(page.run())

    return open_it


def sound(page: AppTest) -> AppTest:
    """The page, which must stand without an exception."""
    assert [e.message for e in page.exception] == []
    return page


def htmls(page: AppTest) -> str:
    """All markup: of tables, and what the board and the sentence above it say."""
    said = [s for s in sent(page) if "flow" in s or "panels" in s]
    lines = [s.get("finding", "") + s.get("flow", "") + s.get("note", "") for s in said]
    lines += [line for s in said for placed in (*s.get("panels", ()), *s.get("pair", ())) for line in placed["lines"]]
    return "\n".join([*(e.proto.body for e in page.main.get("html")), *lines])


def words(page: AppTest) -> str:
    """What waits to be read in boxes and captions, without Markdown's backslashes."""
    groups = (page.info, page.warning, page.error, page.caption, page.markdown)
    return "\n".join(e.value for group in groups for e in group).replace("\\", "")


def leaves(block: Any) -> Iterator[Any]:
    for child in block.children.values() if hasattr(block, "children") else ():
        yield child
        yield from leaves(child)


def sent(page: AppTest) -> list[dict[str, Any]]:
    """What the page's own components get: sentence, board and cutoff sliders; not the packed tables of the handles."""
    raw = [e.proto.bytes for e in leaves(page.main) if e.type == "bidi_component" and e.proto.bytes]
    return [json.loads(data) for data in raw if data.startswith(b"{")]


def figures(page: AppTest) -> dict[str, dict[str, Any]]:
    placed = [f["sent"] for s in sent(page) if "panels" in s for f in (*s["panels"], *s["pair"])]
    return {f["name"].removesuffix("-SYNTHETIC"): f["figure"] for f in placed}


def handles(page: AppTest) -> list[tuple[str, float]]:
    """Column and cutoff of every slider."""
    return [(s["column"], s["cutoff"]) for s in sent(page) if "values" in s]


def shows(page: AppTest, cohort: Cohort, view: ExploreView) -> ExploreResult:
    """The page must say exactly what the library computes for this view: in words, table, sliders and curves."""
    sound(page)
    assert page.session_state[VIEW] == view
    result = compute(cohort, view)
    text = htmls(page)
    assert finding(result) in text
    assert flow_line(result) in text
    frame = summary_frame(result)
    assert html_table(frame, numeric=[c for c in frame.columns if c not in ("Panel", "Group")], name="Summary of the groups") in text
    assert handles(page) == [(m.column, m.cutoff) for m in view.markers]
    assert [box.value for box in page.number_input] == [m.cutoff for m in view.markers]
    drawn = figures(page)
    assert [name for name in drawn if name.startswith("survival-")] == [f"survival-{panel.key}" for panel in result.panels]
    for panel in result.panels:
        lines = [t for t in drawn[f"survival-{panel.key}"]["data"] if t.get("line", {}).get("shape") == "hv" and "hovertemplate" in t]
        assert len(lines) == 2 * len(panel.groups)  # the strong part of a curve and its faint end
        for group, strong, faint in zip(panel.groups, lines[::2], lines[1::2], strict=True):
            assert_on_curve([*strong["x"], *faint["x"]], [*strong["y"], *faint["y"]], group.curve)
    return result


def assert_on_curve(months: list[float], survival: list[float], curve: SurvivalCurve) -> None:
    """Every drawn corner lies on the curve, as far as the decimals that travel to the browser."""
    row = np.searchsorted(curve.time, np.array(months) + 6e-4, side="right") - 1
    np.testing.assert_allclose(survival, np.where(row < 0, 1.0, curve.survival[np.maximum(row, 0)]), rtol=0, atol=6e-5)


def start(cohort: Cohort, **changes: Any) -> ExploreView:
    return replace(default_view(cohort), **changes)


def press(page: AppTest, key: str) -> AppTest:
    return sound(page.button(key=key).click().run())


# ---------------------------------------------------------------- opening
@pytest.mark.parametrize("key", [sample.key for sample in SAMPLES])
def test_every_sample_opens_with_the_numbers_of_the_library(opened: Open, key: str) -> None:
    cohort = read_cohort(sample_files(key))
    page = opened(cohort=key)
    shows(page, cohort, default_view(cohort))
    assert "SYNTHETIC" in words(page)
    assert page.query_params["cohort"] == key


def test_a_cohort_named_in_the_environment_is_opened(opened: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rows = [f"A{i},{('ide-cel', 'cilta-cel')[i % 2]},{50 + 40 * i},{2 + i % 13},{i % 3 > 0:d}" for i in range(30)]
    file = tmp_path / "mine.csv"
    file.write_text("\n".join(["Patient ID,Product,Ferritin day 0 (ng/mL),PFS (months),PFS event", *rows]), encoding="utf-8")
    page = opened_on(file, monkeypatch)
    assert "30 uploaded \u2192 30 with PFS" in htmls(page)
    assert page.query_params["cohort"] == read_cohort(file).fingerprint[:10]


@pytest.mark.parametrize("content", [None, b"", b"%PDF-1.7"])
def test_a_cohort_in_the_environment_that_cannot_be_read_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "mine.csv"
    if content is not None:
        file.write_bytes(content)
    page = opened_on(file, monkeypatch)
    assert "mine.csv" in words(page)
    assert "52 uploaded" in htmls(page)


def opened_on(file: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("CARTOGRAPH_COHORT", str(file))
    return sound(AppTest.from_file(str(APP), default_timeout=60).run())


# ---------------------------------------------------------------- cutoffs and biomarkers
def test_a_typed_cutoff_changes_words_table_and_curves(opened: Open) -> None:
    cohort = make_cohort()
    page = opened(cohort)
    before = shows(page, cohort, start(cohort))
    page.number_input(key="cutoff-box-0").set_value(180.5).run()
    after = shows(page, cohort, start(cohort, markers=(Marker(FERRITIN, 180.5, "hand"),)))
    high = int((cohort.patients[FERRITIN] > 180.5).sum())
    assert f"({high} of 60)" in htmls(page)
    assert finding(before) != finding(after)
    assert "moved by hand" in words(page)
    assert page.query_params["marker"] == "ferritin_d0:180.5:hand"


@pytest.mark.parametrize("cutoff", [-5.0, 0.0, 1e9, 337.00000001])
def test_any_number_is_a_cutoff(opened: Open, cutoff: float) -> None:
    cohort = make_cohort()
    page = opened(cohort)
    page.number_input(key="cutoff-box-0").set_value(cutoff).run()
    shows(page, cohort, start(cohort, markers=(Marker(FERRITIN, cutoff, "hand"),)))


def test_an_emptied_number_box_leaves_the_cutoff(opened: Open) -> None:
    cohort = make_cohort()
    page = opened(cohort)
    page.number_input(key="cutoff-box-0").set_value(None).run()
    shows(page, cohort, start(cohort))


def test_published_cutoffs_and_quantiles_are_one_click_away(opened: Open) -> None:
    cohort = make_cohort()
    page = opened(cohort)
    wanted = {
        "400 ULN": Marker(FERRITIN, 400, "published"),
        "median": Marker(FERRITIN, quantile_cutoff(cohort, FERRITIN, 0.5), "median"),
        "Q3": Marker(FERRITIN, quantile_cutoff(cohort, FERRITIN, 0.75), "quartile"),
        "337 ULN": Marker(FERRITIN, 337, "normal"),
    }
    for label, marker in wanted.items():
        pills = page.pills(key="cutoff-choice-0")
        position = next(i for i, option in enumerate(pills.options) if option.startswith(label))
        pills.set_value(position).run()
        shows(page, cohort, start(cohort, markers=(marker,)))
        assert page.pills(key="cutoff-choice-0").value == position


def test_the_source_of_a_published_cutoff_is_on_screen(opened: Open) -> None:
    assert "Mayo" in words(opened(make_cohort()))


def test_another_biomarker_comes_with_its_own_cutoff(opened: Open) -> None:
    cohort = make_cohort()
    page = opened(cohort)
    page.selectbox(key="marker-choice-0").set_value(CRP).run()
    shows(page, cohort, start(cohort, markers=(Marker(CRP, quantile_cutoff(cohort, CRP, 0.5), "median"),)))
    assert page.selectbox(key="marker-choice-0").options == ["Ferritin, day 0 (µg/L)", "CRP, day 0 (mg/L)"]  # Cmax is known too late


def test_a_second_biomarker_makes_three_groups_or_two(opened: Open) -> None:
    cohort = make_cohort()
    page = press(opened(cohort), "add-marker")
    both = (Marker(FERRITIN, 337, "normal"), Marker(CRP, quantile_cutoff(cohort, CRP, 0.5), "median"))
    three = shows(page, cohort, start(cohort, markers=both))
    assert [g.role for g in three.panels[0].groups] == ["low", "mixed", "high"]
    page.segmented_control(key="combine").set_value("both-low").run()
    two = shows(page, cohort, start(cohort, markers=both, combine="both-low"))
    assert len(two.panels[0].groups) == 2
    page.number_input(key="cutoff-box-1").set_value(3.0).run()
    shows(page, cohort, start(cohort, markers=(both[0], Marker(CRP, 3.0, "hand")), combine="both-low"))
    press(page, "remove-marker")
    shows(page, cohort, replace(start(cohort), combine="both-low"))


# ---------------------------------------------------------------- endpoint, split
def test_the_endpoint_is_chosen_in_the_sidebar(opened: Open) -> None:
    cohort = make_cohort()
    page = opened(cohort)
    page.segmented_control(key="endpoint").set_value("os").run()
    shows(page, cohort, start(cohort, endpoint="os"))
    assert "Overall survival: time from infusion to death" in words(page)


def test_products_stand_side_by_side_or_not(opened: Open) -> None:
    cohort = make_cohort()
    page = opened(cohort)
    page.selectbox(key="split").set_value("").run()
    alone = shows(page, cohort, start(cohort, split=""))
    assert [p.title for p in alone.panels] == ["All"]
    page.selectbox(key="split").set_value("product").run()
    split = shows(page, cohort, start(cohort))
    assert [p.title for p in split.panels] == ["All", "ide-cel", "cilta-cel"]
    assert "best_response" not in page.selectbox(key="split").options


def test_another_column_takes_the_place_of_product(opened: Open) -> None:
    cohort = read_cohort(sample_files("mayo-like"))
    page = opened(cohort="mayo-like")
    page.selectbox(key="split").set_value("sex").run()
    shows(page, cohort, start(cohort, split="sex"))


# ---------------------------------------------------------------- filters
def test_filters_narrow_the_cohort_and_go_with_their_chip(opened: Open) -> None:
    cohort = make_cohort()
    page = opened(cohort)
    page.multiselect(key="filter-columns").set_value([FERRITIN, "product"]).run()
    open_ones = page.session_state[VIEW].filters
    assert compute(cohort, start(cohort, filters=open_ones)).flow[1].n == cohort.n  # an open filter takes nobody away
    shows(page, cohort, start(cohort, filters=open_ones))

    low, high = page.slider(key=f"filter-range-0-{FERRITIN}").value
    page.slider(key=f"filter-range-0-{FERRITIN}").set_range(low, 400.0).run()
    page.pills(key="filter-levels-1-product").set_value(["cilta-cel"]).run()
    narrow = page.session_state[VIEW].filters
    assert narrow[0].high == pytest.approx(400, abs=(high - low) / 100)
    assert narrow[1] == Filter("product", levels=("cilta-cel",), missing=True)
    kept = cohort.patients[(cohort.patients[FERRITIN] <= narrow[0].high) & (cohort.patients["product"] == "cilta-cel")]
    result = shows(page, cohort, start(cohort, filters=narrow))
    assert [(s.label, s.n) for s in result.flow[:2]] == [("uploaded", 60), ("after filters", len(kept))]
    assert len(page.query_params["filter"]) == 2

    press(page, "chip-0")
    shows(page, cohort, start(cohort, filters=narrow[1:]))
    press(page, "chip-0")
    shows(page, cohort, start(cohort))


def test_patients_without_a_value_stay_until_they_are_sent_away(opened: Open) -> None:
    cohort = make_cohort()
    page = opened(cohort)
    page.multiselect(key="filter-columns").set_value([CRP]).run()
    box = page.checkbox(key=f"filter-missing-0-{CRP}")
    assert box.label == f"keep {cohort.patients[CRP].isna().sum()} without a value"
    box.uncheck().run()
    result = shows(page, cohort, start(cohort, filters=page.session_state[VIEW].filters))
    assert result.flow[1].n == cohort.patients[CRP].notna().sum()


def test_a_filter_by_what_came_after_infusion_is_warned_about(opened: Open) -> None:
    cohort = make_cohort()
    page = opened(cohort)
    page.multiselect(key="filter-columns").set_value(["best_response"]).run()
    assert "Filtered by Best response, known only after infusion" in words(page)
    shows(page, cohort, start(cohort, filters=page.session_state[VIEW].filters))


def test_filters_that_leave_nobody_leave_a_page(opened: Open) -> None:
    cohort = make_cohort()
    page = opened(cohort, filter=["ferritin_d0|>1.0|<2.0"])
    assert apply_filters(cohort, page.session_state[VIEW].filters).n == 0
    assert "No patient passes the filters" in words(page)
    shows_again = press(page, "chip-0")
    shows(shows_again, cohort, start(cohort))


# ---------------------------------------------------------------- odd cohorts
def test_a_cohort_without_an_endpoint_is_told_what_is_missing(opened: Open) -> None:
    page = opened(replace(make_cohort(), endpoints={}))
    assert "Curves need a time and an event" in words(page)
    assert "no endpoint" in "\n".join(e.value for e in page.sidebar.warning)


def test_one_patient_gets_a_page(opened: Open) -> None:
    cohort = make_cohort(1)
    shows(opened(cohort), cohort, start(cohort, markers=()))


@pytest.mark.parametrize("n", [2, 3, 5])
def test_a_handful_of_patients_get_a_page_without_p(opened: Open, n: int) -> None:
    cohort = make_cohort(n)
    page = opened(cohort)
    shows(page, cohort, default_view(cohort))
    assert "p not given: fewer than 10 patients in a group" in htmls(page)


@pytest.mark.parametrize(("event", "said"), [(0.0, "No event among the patients"), (1.0, "Every patient on screen had the event")])
def test_one_kind_of_event_only_is_said(opened: Open, event: float, said: str) -> None:
    whole = make_cohort()
    cohort = replace(whole, patients=whole.patients.assign(pfs_event=event), fingerprint=f"all {event}")
    page = opened(cohort)
    assert said in words(page)
    shows(page, cohort, start(cohort))


def test_a_cohort_without_visits_and_responses_gets_its_curves(opened: Open) -> None:
    whole = make_cohort()
    columns = {key: column for key, column in whole.columns.items() if key != "best_response"}
    bare = replace(
        whole,
        patients=whole.patients.drop(columns="best_response"),
        columns=columns,
        responses=whole.responses.iloc[:0],
        mrd=whole.mrd.iloc[:0],
        fingerprint="bare",
    )
    page = opened(bare)
    shows(page, bare, start(bare))
    assert "This cohort has no response columns" in words(page)
    assert "lanes show follow-up only" in "".join(htmls(page))
    assert "ORR, best" not in "".join(htmls(page))


def hostile_cohort() -> Cohort:
    """Names, labels, units and levels that would be pictures, links, scripts or formulas if they were taken for markup."""
    whole = make_cohort()
    bad = (f"{PICTURE} {SCRIPT}", "**b** $x^2$ :red[x] [l](http://b) =cmd()")
    product = pd.Categorical.from_codes(whole.patients["product"].cat.codes, categories=list(bad), ordered=True)
    columns = {
        key: replace(c, label=f"{PICTURE} {SCRIPT} {key}", unit=f"{PICTURE}<b>" if c.kind == "number" else "")
        for key, c in whole.columns.items()
    }
    columns["product"] = replace(columns["product"], levels=bad)
    endpoint = replace(whole.endpoints["pfs"], label=f"{PICTURE}{SCRIPT}", name=PICTURE, event_words=SCRIPT, origin=PICTURE)
    patients = whole.patients.assign(product=product, patient_id=[f"{PICTURE}{SCRIPT}{i}" for i in range(whole.n)])
    renamed = dict(zip(whole.patients["patient_id"], patients["patient_id"], strict=True))
    visits = whole.responses.assign(patient_id=whole.responses["patient_id"].map(renamed))
    return replace(
        whole, name=f"{PICTURE} {SCRIPT}", patients=patients, columns=columns, endpoints={"pfs": endpoint, "os": whole.endpoints["os"]},
        responses=visits, mrd=whole.mrd.iloc[:0], fingerprint="hostile",
    )  # fmt: skip


def test_text_from_a_file_never_becomes_markup(opened: Open) -> None:
    cohort = hostile_cohort()
    page = press(opened(cohort), "add-marker")
    page.multiselect(key="filter-columns").set_value(["product", CRP, "best_response"]).run()
    shows(page, cohort, page.session_state[VIEW])
    page.selectbox(key="split").set_value("").run()
    shows(page, cohort, page.session_state[VIEW])
    page.selectbox(key="split").set_value("product").run()
    assert "<script" not in htmls(page)
    assert "<img" not in htmls(page)
    assert "<b>" not in htmls(page)
    for element in (*leaves(page.main), *leaves(page.sidebar)):
        if element.type not in ("selectbox", "multiselect", "html", "bidi_component"):  # those do not read Markdown
            assert PICTURE not in text_format.MessageToString(element.proto, as_utf8=True), element


# ---------------------------------------------------------------- links and pages
def test_a_link_opens_the_view_it_was_made_of(opened: Open) -> None:
    cohort = make_cohort()
    page = opened(cohort)
    page.segmented_control(key="endpoint").set_value("os").run()
    press(page, "add-marker")
    page.number_input(key="cutoff-box-0").set_value(211.25).run()
    page.multiselect(key="filter-columns").set_value(["product"]).run()
    page.pills(key="filter-levels-0-product").set_value(["ide-cel"]).run()
    page.selectbox(key="split").set_value("").run()
    again = opened(cohort, **dict(page.query_params.items()))
    shows(again, cohort, page.session_state[VIEW])
    assert not again.info


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("endpoint", SCRIPT, f"the endpoint '{SCRIPT}'"),
        ("endpoint", "", "the endpoint ''"),
        ("marker", "%00", "the biomarker '%00'"),
        ("marker", "\x00", "the biomarker"),
        ("marker", "ferritin_d0:inf", "the biomarker 'ferritin_d0:inf'"),
        ("marker", "cmax:3", "Cmax is known only after infusion"),
        ("split", "../../etc", "splits by '../../etc'"),
        ("split", "best_response", "Best response is known only after infusion"),
        ("combine", "four", "combines two markers as 'four'"),
        ("filter", "|||", "filters by '|||'"),
        ("filter", "ferritin_d0|>nan", "filters by 'ferritin_d0|>nan'"),
        ("filter", "patient_id|=P001", "filters by 'patient_id|=P001'"),
        ("filter", "ferritin_d0|>" + "9" * 5000, "filters by"),
        ("cohort", "0123456789", "made with another cohort"),
    ],
)
def test_nonsense_in_a_link_is_said_and_passed_over(opened: Open, name: str, value: str, said: str) -> None:
    cohort = make_cohort()
    page = opened(cohort, **{name: value})
    assert said in "\n".join(e.value for e in page.info).replace("\\", "")
    shows(page, cohort, start(cohort))
    sound(page.run())
    assert not page.info  # said once


def test_the_view_outlives_a_look_at_another_page(opened: Open) -> None:
    cohort = make_cohort()
    page = opened(cohort)
    page.segmented_control(key="endpoint").set_value("os").run()
    page.number_input(key="cutoff-box-0").set_value(150.0).run()
    page.multiselect(key="filter-columns").set_value([CRP]).run()
    view = page.session_state[VIEW]
    sound(page.switch_page("pages/data.py").run())
    assert "Open now" in words(page)
    sound(page.switch_page("pages/explore.py").run())
    shows(page, cohort, view)


def test_another_cohort_starts_with_its_own_view(opened: Open) -> None:
    page = opened()
    page.number_input(key="cutoff-box-0").set_value(150.0).run()
    page.multiselect(key="filter-columns").set_value(["myeloma_type"]).run()
    sound(page.switch_page("pages/data.py").run())
    press(page, "sample-ratios")
    sound(page.switch_page("pages/explore.py").run())
    cohort = read_cohort(sample_files("ratios"))
    shows(page, cohort, default_view(cohort))
    assert page.query_params["cohort"] == "ratios"


def test_how_figures_are_drawn_changes_no_number(opened: Open) -> None:
    cohort = make_cohort()
    page = opened(cohort)
    page.session_state["display"] = True  # opened
    page.run()
    page.toggle(key="show limits").set_value(False).run()
    page.selectbox(key="order of lanes").set_value("response").run()
    page.selectbox(key="lanes by").set_value("none").run()
    shows(page, cohort, start(cohort))
    bands = [t for t in figures(page)["survival-all"]["data"] if t.get("fill") == "tonexty"]
    assert bands
    assert all(t["x"] == [] for t in bands)


def test_each_cohort_of_a_session_keeps_its_view(opened: Open) -> None:
    page = opened()
    page.number_input(key="cutoff-box-0").set_value(150.0).run()
    mayo = page.session_state[VIEW]
    page.selectbox(key="cohort-choice").set_value("ratios").run()
    shows(page, read_cohort(sample_files("ratios")), default_view(read_cohort(sample_files("ratios"))))
    page.selectbox(key="cohort-choice").set_value("mayo-like").run()
    shows(page, read_cohort(sample_files("mayo-like")), mayo)


# ---------------------------------------------------------------- against another program
@pytest.mark.parametrize("cutoff", [231.0, 337.0, 640.0])  # no curve has a step exactly at 50 %, where programs differ
@pytest.mark.parametrize("endpoint", ["pfs", "os"])
def test_the_words_on_the_page_are_lifelines_numbers(opened: Open, cutoff: float, endpoint: str) -> None:
    """The finding, the lines under the first panel and response rates, worked out from the file itself with lifelines and SciPy."""
    rows = pd.read_csv(sample_files("mayo-like")[0], comment="#")
    time, event = rows[f"{endpoint.upper()} (months)"], rows[f"{endpoint.upper()} event"]
    high = rows["Ferritin day 0 (µg/L)"] > cutoff
    medians = [KaplanMeierFitter().fit(time[group], event[group]).median_survival_time_ for group in (high, ~high)]
    told = ["NR" if np.isinf(m) else f"{m:.1f} months" for m in medians]
    cox = CoxPHFitter().fit(pd.DataFrame({"t": time, "e": event, "high": high.astype(float)}), "t", "e").summary.loc["high"]
    hr = fmt.ratio_with_limits(*(float(cox[name]) for name in ("exp(coef)", "exp(coef) lower 95%", "exp(coef) upper 95%")))
    p = logrank_test(time[high], time[~high], event[high], event[~high]).p_value

    page = opened(endpoint=endpoint, marker=f"ferritin_d0:{cutoff}")
    text = html.unescape(re.sub(r"<[^>]+>", "", htmls(page)))
    label = endpoint.upper()
    assert f"({high.sum()} of 52): median {label} {told[0]} against {told[1]}; HR high vs low {hr}, unadjusted" in text
    assert ("Log-rank p < 0.001" if p < 0.001 else f"Log-rank p = {p:.3f}") in text
    assert f"Cox (Efron): {hr}" in text

    best = rows["Best response"].where(rows["Best response"] != "NE")
    for group in (high, ~high):
        evaluable = int(best[group].notna().sum())
        responders = int(best[group].isin(["sCR", "CR", "VGPR", "PR"]).sum())
        limits = binomtest(responders, evaluable).proportion_ci(method="exact")
        assert f"{fmt.percent_with_limits(responders / evaluable, limits.low, limits.high)} of {evaluable}" in text
