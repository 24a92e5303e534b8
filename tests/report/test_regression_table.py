"""The regression table as a file."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from xml.etree import ElementTree

import pandas as pd

from cartograph.cohort.model import Column
from cartograph.report.regression_table import regression_csv, regression_docx
from cartograph.report.word_table import word_table
from cartograph.views.explore import ExploreView, Marker
from cartograph.views.regression import RegressionChoice, printed_table, regression
from tests.views.conftest import make_cohort

VIEW = ExploreView(markers=(Marker("ferritin_d0", 337.0, "normal"),))
CHOICE = RegressionChoice("pfs", ("ferritin_d0", "product"), chosen=("ferritin_d0", "product"))


def test_numbers_origin_and_synthetic_travel_with_the_table() -> None:
    cohort = make_cohort()
    result = regression(cohort, VIEW, CHOICE)
    text = regression_csv(cohort, VIEW, result).decode("utf-8-sig")
    head = [line for line in text.splitlines() if line.startswith("#")]
    assert head[0] == "# SYNTHETIC data: no real patient"
    assert any("upper limit of normal" in line for line in head)
    assert any(result.sentence in line for line in head)
    frame = pd.read_csv(io.StringIO(text), comment="#")
    assert frame["value"].tolist()[0] == result.screen.rows[0].value
    assert "SYNTHETIC" not in regression_csv(replace(cohort, synthetic=False), VIEW, result).decode("utf-8-sig")


def test_a_spreadsheet_runs_nothing() -> None:
    cohort = make_cohort()
    formula = Column("product", "=1+1", "category", levels=("ide-cel", "cilta-cel"))
    cohort = replace(cohort, columns={**cohort.columns, "product": formula})
    text = regression_csv(cohort, VIEW, regression(cohort, VIEW, CHOICE)).decode("utf-8-sig")
    assert "\n'=1+1," in text


W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def opened(content: bytes) -> ElementTree.Element:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == ["[Content_Types].xml", "_rels/.rels", "word/document.xml"]
        assert archive.testzip() is None
        return [ElementTree.fromstring(archive.read(name)) for name in archive.namelist()][-1]  # noqa: S314  (our own file)


def text_of(element: ElementTree.Element) -> str:
    return "".join(t.text or "" for t in element.iter(f"{W}t"))


def test_the_word_table_holds_what_the_page_shows() -> None:
    cohort = make_cohort()
    result = regression(cohort, VIEW, CHOICE)
    document = opened(regression_docx(cohort, VIEW, result))
    cells = [[text_of(cell) for cell in row.iter(f"{W}tc")] for row in document.iter(f"{W}tr")]
    frame = printed_table(result)
    assert cells[0] == list(frame.columns)
    assert cells[1:] == [[" ".join(str(v).split()) for v in row] for row in frame.itertuples(index=False)]
    said = text_of(document)
    assert "SYNTHETIC" in said
    assert result.sentence in said
    assert regression_docx(cohort, VIEW, result) == regression_docx(cohort, VIEW, result)


def test_text_from_a_file_is_data_in_word() -> None:
    odd = "<w:p/>&\x00\x0b\ud800 a\tb"
    document = opened(word_table(pd.DataFrame({odd: [odd]}), title=odd, notes=[odd]))
    assert text_of(document) == "<w:p/>& a b" * 4
