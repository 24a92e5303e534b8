"""The regression table as CSV and as a Word document."""

from __future__ import annotations

from cartograph.cohort.model import Cohort
from cartograph.report.word_table import word_table
from cartograph.views.explore import ExploreView
from cartograph.views.provenance import sources
from cartograph.views.regression import RegressionResult, printed_table, regression_table

SYNTHETIC_LINE = "SYNTHETIC data: no real patient"
RUN_BY_A_SPREADSHEET = "=+-@\t\r"


def notes_of(cohort: Cohort, view: ExploreView, result: RegressionResult) -> tuple[str, ...]:
    """What must travel with the table: how it was made, what it stands on, where cutoffs came from."""
    marked = (SYNTHETIC_LINE,) if cohort.synthetic else ()
    rule = (result.group_rule,) if result.group_rule else ()
    origin = (sources(cohort, view),) if view.markers and result.choice.cut else ()
    method = (
        (f"Model: {result.penalised.method if result.penalised is not None else result.model.method}.",) if result.model is not None else ()
    )
    ratio = f"{result.screen.ratio.capitalize()}s with 95 % limits"
    return (*marked, f"{cohort.name}. {ratio}.", result.sentence, *method, *rule, *origin, *result.cautions)


def regression_csv(cohort: Cohort, view: ExploreView, result: RegressionResult) -> bytes:
    """Numbers of both forests, led by lines that begin with #. Texts that a spreadsheet would run are led by an apostrophe."""
    head = "".join(f"# {' '.join(line.split())}\r\n" for line in notes_of(cohort, view, result))
    frame = regression_table(result).map(_neutral)
    return (head + frame.to_csv(index=False, lineterminator="\r\n")).encode("utf-8-sig")


def regression_docx(cohort: Cohort, view: ExploreView, result: RegressionResult) -> bytes:
    """Both forests as one table in words, with the same lines below it."""
    frame = printed_table(result)
    marked = f" ({SYNTHETIC_LINE})" if cohort.synthetic else ""
    return word_table(
        frame, title=f"Regression of {result.outcome.label}{marked}", notes=notes_of(cohort, view, result), numeric=list(frame.columns[2:])
    )


def _neutral(value: object) -> object:
    return "'" + value if isinstance(value, str) and value[:1] and value[:1] in RUN_BY_A_SPREADSHEET else value
