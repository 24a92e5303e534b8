"""The page of products compared, run by Streamlit's own harness: what the library says, every choice, cohorts made to break it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from cartograph.cohort import read_cohort
from cartograph.views.defaults import default_view
from cartograph.views.products import compare_products, default_choice
from cartograph.views.products_shown import effects_table
from components.products_page.download import products_csv
from sample_data import sample_files
from tests.app.opened import Open, run, words_of
from tests.views.odd_cohort import odd_cohort
from tests.views.test_products import VIEW, grown

TAB = "products-sections"


def leaves(block: Any) -> Iterator[Any]:
    for child in block.children.values() if hasattr(block, "children") else ():
        yield child
        yield from leaves(child)


def test_the_page_says_what_the_library_says(opened: Open) -> None:
    cohort = read_cohort(sample_files("mayo-like"))
    view = default_view(cohort)
    found = compare_products(cohort, view, default_choice(cohort, view))
    app = opened("products", cohort="mayo-like")
    said = words_of(app)
    assert found.sentence in said
    for cell in effects_table(found).to_numpy().ravel():
        assert cell in said
    assert any(c.value.startswith("Unadjusted, not randomised") for c in app.caption)


@pytest.mark.parametrize("section", ["Effects", "Balance", "Overlap", "Bootstrap", "How the weights were made"])
def test_every_section_opens(opened: Open, section: str) -> None:
    app = opened("products", grown())
    app.session_state[TAB] = section
    run(app)


def test_choices_change_the_answer(opened: Open) -> None:
    cohort = grown()
    app = opened("products", cohort)
    choice = default_choice(cohort, default_view(cohort))
    app.session_state["products-target"] = "att"
    app.session_state["products-trim"] = "truncate"
    run(app)
    found = compare_products(cohort, default_view(cohort), replace(choice, target="att", trim="truncate"))
    assert found.sentence in words_of(app)
    app.session_state[f"products-first-product-{app.session_state['cohort in the link']}"] = "ide-cel"
    run(app)
    assert "ide-cel vs cilta-cel" in words_of(app)


def test_a_marker_group_is_named_on_the_page_and_on_every_figure(opened: Open) -> None:
    app = opened("products", grown())
    app.session_state[f"products-among-{app.session_state['cohort in the link']}"] = "high"
    for section in ("Effects", "Balance", "Overlap"):
        app.session_state[TAB] = section
        run(app)
        assert "among Ferritin, day 0 > 337" in words_of(app)
        figures = [e.proto.bytes.decode() for e in leaves(app.main) if e.type == "bidi_component" and e.proto.bytes.startswith(b"{")]
        assert len(figures) >= 3
        for figure in figures:
            assert "Ferritin, day 0 &gt; 337" in figure
            assert "SYNTHETIC" in figure


def test_one_product_says_what_to_do(opened: Open) -> None:
    assert "one level" in opened("products", cohort="eque-like").info[0].value


def test_without_endpoints_the_page_says_what_to_do(opened: Open) -> None:
    assert "under Data" in opened("products", replace(odd_cohort(), endpoints={})).info[0].value


@pytest.mark.parametrize("n", [1, 2, 12, 120])
def test_odd_cohorts_do_not_break_the_page(opened: Open, n: int) -> None:
    app = opened("products", odd_cohort(n))
    for section in ("Balance", "Overlap", "How the weights were made"):
        app.session_state[TAB] = section
        run(app)


def test_the_file_says_synthetic_and_cannot_be_run_by_a_spreadsheet() -> None:
    cohort = replace(grown(), name="=cmd()")
    found = compare_products(cohort, VIEW, default_choice(cohort, VIEW))
    text = products_csv(cohort, VIEW, found).decode("utf-8-sig")
    assert text.startswith("# SYNTHETIC")
    assert "Unadjusted, not randomised." in text
    assert all(line[:1] not in "=+-@" for line in text.splitlines())
    assert not products_csv(replace(cohort, synthetic=False), VIEW, found).decode("utf-8-sig").startswith("# SYNTHETIC")
