"""The data dictionary and the template follow the schema."""

from __future__ import annotations

from pathlib import Path

from cartograph.cohort.dictionary import DICTIONARY_COLUMNS, dictionary_frame, dictionary_markdown, template_columns, template_frame
from cartograph.cohort.schema import VARIABLES

PAGE = Path(__file__).parents[2] / "docs" / "data-dictionary.md"


def test_the_page_in_docs_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == dictionary_markdown(), (
        "run: python -m cartograph.cohort.dictionary > docs/data-dictionary.md"
    )


def test_every_variable_has_a_row_of_text() -> None:
    frame = dictionary_frame()
    assert tuple(frame.columns) == DICTIONARY_COLUMNS
    assert list(frame["column"]) == list(VARIABLES)
    assert frame.map(lambda cell: isinstance(cell, str)).all(axis=None)


def test_units_and_cutoffs_are_said_with_factor_and_source() -> None:
    row = dictionary_frame().set_index("column").loc["crp_pre"]
    assert row["other units"] == "mg/dL (\u00d7 10)"
    assert row["published cutoffs"].startswith("8 (Mayo Arizona; ")


def test_the_template_is_empty_and_asks_for_nothing_that_is_counted() -> None:
    frame = template_frame()
    assert len(frame) == 0
    assert tuple(frame.columns) == template_columns()
    assert {"patient_id", "ferritin_d0", "pfs_time", "pfs_event", "response_m1", "mrd_m3", "car_transgene_d14"} <= set(frame.columns)
    assert not {"nlr", "visit_month", "response_visit", "sample_day"} & set(frame.columns)


def test_cells_of_the_page_do_not_break_its_tables() -> None:
    lines = [line for line in dictionary_markdown().splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in lines} == {len(DICTIONARY_COLUMNS)}
