"""The files in the folder are what the generator makes, say SYNTHETIC, and have one line of text per column."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from openpyxl import load_workbook

from sample_data import FOLDER, SAMPLES, generate, sample_files
from sample_data.describe import TABLES, markdown, read

CSV_FILES = sorted(generate.tables())


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return {name: generate.as_csv(table) for name, table in generate.tables().items()}


@pytest.mark.parametrize("name", CSV_FILES)
def test_file_is_what_the_generator_makes(name: str, made: dict[str, str]) -> None:
    assert (FOLDER / name).read_bytes() == made[name].encode("utf-8")


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    first = {path.name: path.read_bytes() for path in generate.write(tmp_path)}
    second = {path.name: path.read_bytes() for path in generate.write(tmp_path)}
    assert first == second


@pytest.mark.parametrize("name", CSV_FILES)
def test_file_says_synthetic(name: str, made: dict[str, str]) -> None:
    assert name.startswith("synthetic_")
    assert made[name].splitlines()[0] == "# SYNTHETIC data made by sample_data/generate.py - no real patient"
    assert set(read(name)["data_source"]) == {"SYNTHETIC"}


@pytest.mark.parametrize("name", CSV_FILES)
def test_every_row_has_every_column_and_headers_differ(name: str, made: dict[str, str]) -> None:
    header, *rows = csv.reader(io.StringIO(made[name].split("\n", 1)[1]))
    assert len(set(header)) == len(header)
    assert {len(row) for row in rows} == {len(header)}
    assert not any(cell.lower() in {"nan", "none", "inf", "nat"} for row in rows for cell in row)


def test_samples_name_existing_files_and_every_csv_belongs_to_one() -> None:
    named = [name for sample in SAMPLES for name in sample.files]
    assert sorted(named) == CSV_FILES
    assert all(path.is_file() for sample in SAMPLES for path in sample_files(sample.key))
    assert all("Synthetic" in sample.title for sample in SAMPLES)


def test_unknown_sample_is_named_in_the_error() -> None:
    with pytest.raises(ValueError, match="no sample called 'mayo'"):
        sample_files("mayo")


def test_workbook_holds_the_same_cells_as_the_three_files() -> None:
    book = load_workbook(FOLDER / generate.WORKBOOK, read_only=True)
    assert book.sheetnames == ["Patients", "Visits", "Kinetics"]
    for sheet, name in zip(book.sheetnames, generate.WORKBOOK_SHEETS.values(), strict=True):
        banner, header, *rows = book[sheet].iter_rows(values_only=True)
        frame = read(name)
        assert banner[0] == generate.BANNER
        assert list(header) == list(frame.columns)
        assert [[generate.cell(x) for x in row] for row in frame.to_numpy().tolist()] == [list(row) for row in rows]
    book.close()


@pytest.mark.parametrize("key", sorted(TABLES))
def test_readme_prints_the_numbers_of_the_files(key: str) -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert f"<!-- numbers: {key} -->\n{markdown(TABLES[key]())}\n<!-- end -->" in text
