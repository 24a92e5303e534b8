"""The comparison as a file."""

from __future__ import annotations

import streamlit as st

from cartograph.cohort import Cohort
from cartograph.views.explore import ExploreView
from cartograph.views.products import ADJUSTED, EVERYBODY, UNADJUSTED, ProductsResult
from cartograph.views.products_shown import effects_frame
from cartograph.views.provenance import sources
from components.figure import SYNTHETIC_LINE
from components.text import neutral_cells


def downloads(cohort: Cohort, view: ExploreView, result: ProductsResult) -> None:
    """Made when asked for; a synthetic cohort says so in name and content."""
    mark = "_SYNTHETIC" if cohort.synthetic else ""
    st.download_button(
        "Numbers (CSV)",
        lambda: products_csv(cohort, view, result),
        f"products{mark}.csv",
        "text/csv",
        on_click="ignore",
        icon=":material/download:",
        key="products-csv",
    )


def products_csv(cohort: Cohort, view: ExploreView, result: ProductsResult) -> bytes:
    """Every comparison as numbers, led by lines that begin with #. Texts that a spreadsheet would run are led by an apostrophe."""
    origin = [sources(cohort, view)] if result.choice.among != EVERYBODY else []
    weighting = [f"{ADJUSTED}. Weighted with {result.weighting}."] if result.weighted is not None else [result.why_not]
    said = [f"{cohort.name}. {result.sentence}", f"{UNADJUSTED}.", *weighting, *result.notes, *result.cautions, result.infusion]
    rule = [f"Among {result.group_rule}; {result.n_missing:,} without endpoint or biomarker"] if result.group_rule else []
    lines = [*([SYNTHETIC_LINE] if cohort.synthetic else []), *(f"# {' '.join(line.split())}" for line in (*said, *rule, *origin))]
    body = neutral_cells(effects_frame(result)).to_csv(index=False, lineterminator="\r\n")
    return ("".join(f"{line}\r\n" for line in lines) + body).encode("utf-8-sig")
