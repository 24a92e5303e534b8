"""Text from a file is data: never a link, a picture, a formula or a tag."""

import pandas as pd
import pytest

from components.text import html_table, neutral_cells, plain


@pytest.mark.parametrize(
    "text", ["![x](http://example.org/a.png)", "<script>alert(1)</script>", "**bold** $x$ :red[hot] :material/home:", "a`b`|c~d~#e"]
)
def test_every_markdown_character_is_escaped(text: str) -> None:
    shown = plain(text)
    for i, character in enumerate(shown):
        if character in "*[]()<>`$:#|~!":
            assert shown[i - 1] == "\\"
    assert shown.replace("\\", "") == text


def test_tables_escape_cells_and_headers() -> None:
    made = html_table(pd.DataFrame({"<b>h": ["<img src=x onerror=alert(1)>"], "n": ["3"]}), numeric=["n"], name="a'b")
    assert "<img" not in made
    assert "<b>" not in made
    assert "&lt;img" in made
    assert "class='num tight'" in made


def test_long_words_wrap_in_a_table_and_short_numbers_stay_whole() -> None:
    reason = "not estimable: nobody of a product is followed that long"
    made = html_table(pd.DataFrame({"a": ["Unbroken" * 25], "b": [reason], "c": ["14.9 mo (6.9\u201318.2)"]}), numeric=["b", "c"], name="t")
    assert "<td class='long'>UnbrokenUnbroken" in made
    assert "<td class='num long'>not estimable" in made
    assert "<td class='num'>14.9 mo" in made


def test_cells_that_a_spreadsheet_would_run_are_neutral() -> None:
    frame = neutral_cells(pd.DataFrame({"a": ["=cmd()", "+1", "@x", "-2", "ok", None], "b": [1, -2, 3, 4, 5, 6]}))
    assert frame["a"].tolist()[:5] == ["'=cmd()", "'+1", "'@x", "'-2", "ok"]
    assert frame["b"].tolist() == [1, -2, 3, 4, 5, 6]
