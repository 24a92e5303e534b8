"""The regression table as a file."""

from __future__ import annotations

import io
from dataclasses import replace

import pandas as pd

from cartograph.cohort.model import Column
from cartograph.report.regression_table import regression_csv
from cartograph.views.explore import ExploreView, Marker
from cartograph.views.regression import RegressionChoice, regression
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
