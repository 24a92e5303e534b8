"""The Data page run by Streamlit's own test harness; files come in through ``upload.hand_over``'s door."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from cartograph.cohort import ColumnChoice, Mapping, Problem, RawTable, Source
from cartograph.cohort.mapping import DROP, EXTRA, to_profile
from components import mapping_choices as choices
from components.data_report import kind_frame, kind_words
from components.upload import problems_html
from components.waiting import examples
from sample_data import sample_files

PAGE = Path(__file__).parents[2] / "pages" / "data.py"
TO_READ = "files to read"
WAITING = "files on their way in"
CLEAN = b"""Patient ID,Product,Ferritin day 0 (ng/mL),PFS (months),PFS event
A1,ide-cel,100,3.5,1
A2,cilta-cel,900,8.1,0
A3,ide-cel,337,5.0,1
A4,cilta-cel,50,12.4,0
"""


def page_with(*sources: Source) -> AppTest:
    """The page after files came in."""
    page = AppTest.from_file(str(PAGE), default_timeout=30)
    if sources:
        page.session_state[TO_READ] = sources
    return page.run()


def press(page: AppTest, key: str) -> AppTest:
    return page.button(key=key).click().run()


def texts(page: AppTest) -> str:
    groups = (page.markdown, page.caption, page.info, page.warning, page.error, page.success)
    return "\n".join(element.value for group in groups for element in group)


def report_of(page: AppTest) -> str:
    return " ".join(e.proto.body for e in page.get("html"))


def test_the_page_opens_on_the_first_sample() -> None:
    page = page_with()
    assert not page.exception
    assert "52 patients" in texts(page)
    assert "SYNTHETIC" in texts(page)
    assert "never written, sent or logged" in texts(page)


def test_a_clean_file_is_built_with_one_click() -> None:
    page = page_with(Source("clean.csv", CLEAN))
    assert "2 of 4 events" in texts(page)
    assert "nothing needs a look" in page.expander[1].label
    press(page, "build-cohort")
    assert not page.exception
    assert "4 patients" in texts(page)
    assert "clean" in texts(page)
    assert WAITING not in page.session_state


def test_the_open_cohort_stays_until_the_new_one_is_built() -> None:
    page = page_with(Source("clean.csv", CLEAN))
    assert "52 patients" in texts(page)
    press(page, "cancel")
    assert WAITING not in page.session_state
    assert "52 patients" in texts(page)


def test_events_turn_round_with_one_click_and_back() -> None:
    page = page_with(Source("clean.csv", CLEAN.replace(b"A1,ide-cel,100,3.5,1", b"A1,ide-cel,100,3.5,0")))
    turn = f"turn-{page.session_state[WAITING].key}-0"
    assert "1 of 4 events" in texts(page)
    press(page, turn)
    assert "3 of 4 events" in texts(page)
    press(page, turn)
    assert "1 of 4 events" in texts(page)


@pytest.mark.parametrize("content", [b"", b"Patient ID,PFS\n", b"%PDF-1.7 abc", bytes(2000), b"\x89PNG\r\n\x1a\n" + bytes(99)])
def test_a_broken_file_is_answered_in_words(content: bytes) -> None:
    page = page_with(Source("broken.csv", content))
    assert not page.exception
    assert "cannot be read" in texts(page)
    assert "broken.csv" in report_of(page)
    assert "52 patients" in texts(page)


def test_every_problem_of_every_file_is_shown_at_once() -> None:
    page = page_with(Source("one.csv", b""), Source("two.csv", b"%PDF-1.7 abc"))
    assert "one.csv" in report_of(page)
    assert "two.csv" in report_of(page)


def test_text_from_a_file_never_becomes_markup() -> None:
    evil = CLEAN.replace(b"Product", b"**Pro** <script>x</script> [a](http://b)").replace(b"A1,", b"<img src=x>,")
    page = page_with(Source("<b>evil</b>.csv", evil))
    press(page, "build-cohort")
    assert not page.exception
    assert "<script>" not in texts(page).replace(r"\<script", "")
    assert "<b>" not in report_of(page)


def test_a_name_column_is_left_out_and_not_shown() -> None:
    names = [",Last name", ",Smith", ",Jones", ",Brown", ",Green"]
    content = "\n".join(line + extra for line, extra in zip(CLEAN.decode().splitlines(), names, strict=True)).encode()
    page = page_with(Source("named.csv", content))
    choice = next(c for c in page.session_state[WAITING].mapping.columns if c.header == "Last name")
    assert choice.target == DROP
    assert choice.identifying
    assert "Smith" not in texts(page)
    assert all("Smith" not in frame.value.to_string() for frame in page.dataframe)


def test_a_mapping_of_this_session_is_applied_to_the_next_file_that_fits() -> None:
    page = page_with(Source("clean.csv", CLEAN))
    press(page, f"turn-{page.session_state[WAITING].key}-0")
    press(page, "build-cohort")
    page.session_state[TO_READ] = (Source("next.csv", CLEAN + b"A5,ide-cel,40,2.0,0\n"),)
    page.run()
    assert "mapped before" in texts(page)
    assert "3 of 5 events" in texts(page)


def test_a_profile_comes_in_with_the_files() -> None:
    page = page_with(Source("clean.csv", CLEAN))
    press(page, f"turn-{page.session_state[WAITING].key}-0")
    profile = to_profile(page.session_state[WAITING].mapping)
    again = page_with(Source("profile.json", profile.encode()), Source("three.csv", CLEAN.replace(b"A4,cilta-cel,50,12.4,0\n", b"")))
    assert not again.exception
    assert "1 of 3 events" in texts(again)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"columns": 3}', "nonsense"])
def test_a_broken_profile_is_answered_in_words(text: str) -> None:
    page = page_with(Source("profile.json", text.encode()), Source("clean.csv", CLEAN))
    assert not page.exception
    assert "profile.json" in report_of(page)
    assert WAITING in page.session_state


def test_every_sample_goes_through_the_page() -> None:
    files = tuple(Source.from_path(path) for path in sample_files("eque-like"))
    page = page_with(*files)
    assert not page.exception
    press(page, "build-cohort")
    assert not page.exception
    assert "56 patients" in texts(page)
    assert "SYNTHETIC" in texts(page)


def test_adding_a_file_keeps_what_the_user_chose() -> None:
    page = page_with(Source("clean.csv", CLEAN))
    press(page, f"turn-{page.session_state[WAITING].key}-0")
    before = next(c for c in page.session_state[WAITING].mapping.columns if c.target == "pfs_event")
    page.session_state[TO_READ] = (Source("clean.csv", CLEAN), Source("more.csv", b"Patient ID,Center\nA1,X\nA2,Y\n"))
    page.run()
    assert next(c for c in page.session_state[WAITING].mapping.columns if c.target == "pfs_event") == before


def test_a_column_is_changed_in_its_details_and_keeps_its_unit() -> None:
    page = page_with(Source("clean.csv", CLEAN.replace(b"Ferritin day 0 (ng/mL)", b"Marker")))
    key = page.session_state[WAITING].key
    page.selectbox(key=f"details-{key}").set_value(2).run()
    page.selectbox(key=f"target-{key}-2").set_value("ferritin_d0").run()
    page.selectbox(key=f"unit-{key}-2").set_value("µg/dL").run()
    choice = page.session_state[WAITING].mapping.columns[2]
    assert (choice.target, choice.unit, choice.confidence) == ("ferritin_d0", "µg/dL", "certain")
    press(page, "build-cohort")
    assert page.session_state["active cohort"].patients["ferritin_d0"].tolist() == [1000, 9000, 3370, 500]


def test_a_visit_column_asks_for_its_month() -> None:
    page = page_with(Source("clean.csv", CLEAN.replace(b"Product", b"M3").replace(b"ide-cel", b"CR").replace(b"cilta-cel", b"PR")))
    key = page.session_state[WAITING].key
    page.selectbox(key=f"details-{key}").set_value(1).run()
    page.selectbox(key=f"target-{key}-1").set_value("response_visit").run()
    page.number_input(key=f"visit-{key}-1").set_value(3.0).run()
    press(page, "build-cohort")
    assert page.session_state["active cohort"].responses["month"].unique().tolist() == [3.0]


def test_the_time_unit_of_the_file_is_chosen() -> None:
    page = page_with(Source("clean.csv", CLEAN.replace(b"PFS (months)", b"PFS time")))
    key = page.session_state[WAITING].key
    page.segmented_control(key=f"time-unit-{key}").set_value("years").run()
    assert page.session_state[WAITING].mapping.time_unit == "years"
    press(page, "build-cohort")
    assert page.session_state["active cohort"].patients["pfs_time"].max() == pytest.approx(12.4 * 12, rel=1e-3)


def test_the_sheets_of_a_workbook_are_chosen() -> None:
    book = io.BytesIO()
    with pd.ExcelWriter(book, engine="openpyxl") as writer:
        pd.read_csv(io.BytesIO(CLEAN)).to_excel(writer, sheet_name="Patients", index=False)
        pd.DataFrame({"Patient ID": ["A1", "A2"], "Center": ["X", "Y"]}).to_excel(writer, sheet_name="Centers", index=False)
    page = page_with(Source("book.xlsx", book.getvalue()))
    assert [table.name for table in page.session_state[WAITING].tables] == ["book.xlsx · Patients", "book.xlsx · Centers"]
    page.multiselect[0].set_value(["Patients"]).run()
    assert [table.name for table in page.session_state[WAITING].tables] == ["book.xlsx · Patients"]
    assert page.multiselect[0].value == ["Patients"]


def test_a_sheet_with_a_legend_is_left_aside_until_it_is_asked_for() -> None:
    book = io.BytesIO()
    with pd.ExcelWriter(book, engine="openpyxl") as writer:
        pd.read_csv(io.BytesIO(CLEAN)).drop(columns="Patient ID").to_excel(writer, sheet_name="Data", index=False)
        pd.DataFrame({"Abbreviation": ["X1", "X2"], "In full": ["first", "second"]}).to_excel(writer, sheet_name="Legend", index=False)
    page = page_with(Source("book.xlsx", book.getvalue()))
    assert page.multiselect[0].value == ["Data"]
    assert "Left aside" in texts(page)
    press(page, "build-cohort")
    assert "4 patients" in texts(page)


def test_a_file_without_patients_is_answered_in_words_and_stays_to_be_mended() -> None:
    page = page_with(Source("clean.csv", b"Patient ID,PFS (months),PFS event\nA1,3,1\nA2,4,0\n"))
    incoming = page.session_state[WAITING]
    page.session_state[WAITING] = replace(incoming, tables=tuple(replace(t, frame=t.frame.iloc[:0]) for t in incoming.tables))
    press(page, "build-cohort")
    assert not page.exception
    assert "No cohort can be built" in texts(page)
    assert "52 patients" in texts(page)
    assert WAITING in page.session_state


def test_the_report_of_a_new_cohort_starts_with_every_finding() -> None:
    page = page_with(Source("negative.csv", CLEAN.replace(b"3.5,1", b"-3.5,1")))
    press(page, "build-cohort")
    shown = page.dataframe[-1].value
    assert "✖ left out" in shown["What it means"].tolist()
    assert f"{len(shown)} of {len(shown)} findings" in texts(page)


# ---------------------------------------------------------------- words and lists
def test_every_target_has_its_own_words() -> None:
    odd = Mapping((ColumnChoice("t", "a", "endpoint:my_own:time"), ColumnChoice("t", "b", "series:ferritin")))
    found = choices.target_words(odd)
    assert len(set(found.values())) == len(found)
    assert {EXTRA, DROP, "ferritin_d0", "endpoint:my_own:time", "series:ferritin"} <= found.keys()


def test_two_columns_for_one_value_are_pointed_out_but_visits_are_not() -> None:
    columns = [ColumnChoice("t", "a", "age"), ColumnChoice("t", "b", "age"), ColumnChoice("u", "c", "age")]
    columns += [ColumnChoice("t", f"m{i}", "response_visit", visit=i) for i in (1, 3)]
    assert {target: len(found) for target, found in choices.doubles(Mapping(tuple(columns))).items()} == {"age": 2}


def test_code_lists_show_what_each_text_means() -> None:
    choice = ColumnChoice("t", "sex", "sex", codes=(("1", "male"),))
    variable = choices.variable_of("sex")
    assert variable is not None
    frame = choices.code_frame(choice, variable, pd.Series({"1": 7, "w": 3, "?": 1}))
    assert frame["Means"].tolist() == ["male", "female", choices.LEFT_OUT]
    assert frame["Rows"].tolist() == [7, 3, 1]


def test_problem_lists_escape_and_count() -> None:
    problems = [Problem("error", "x", "<b>f</b>", "<i>", 3, "<script>", "y", "Mend it.")] * 50
    made = problems_html(problems)
    assert "<script>" not in made
    assert "<i>" not in made
    assert "and 10 more" in made


def test_findings_are_counted_by_kind_what_was_left_out_first() -> None:
    problems = [Problem("note", "n", "t", "c", None, "", "", "")] * 3 + [Problem("error", "negative-time", "t", "c", 2, "", "", "")]
    frame = kind_frame(problems)
    assert frame["Kind"].tolist() == ["Negative time", "N"]
    assert frame["Findings"].tolist() == ["1", "3"]
    assert kind_words("unknown-code") == "Unknown code"


def test_examples_are_the_first_different_values() -> None:
    table = RawTable("t", pd.DataFrame({"a": [None, "x", "x", 7.0, "y" * 60, "z"]}))
    assert examples(table, "a") == ("x", "7", "y" * 39 + "…")
