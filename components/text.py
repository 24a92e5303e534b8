"""Text from a file is data: made safe before it stands in a label, a sentence or a table on the page."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

import pandas as pd

LONGEST_LINE = 36  # letters of a cell that stays on one line
LONGEST_NUMBER = 12  # letters of a number that is not broken on a phone either: 45 % (19–68)
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~:$&])")


def plain(text: str) -> str:
    """Text as Streamlit's Markdown shows it literally: no links, pictures, emphasis, colours, icons or formulas."""
    return _MARKDOWN.sub(r"\\\1", " ".join(str(text).split()))


def html_table(frame: pd.DataFrame, *, numeric: Sequence[str] = (), name: str) -> str:
    """A frame of texts as an HTML table, every cell escaped; columns in ``numeric`` are set right in tabular figures."""
    head = "".join(f"<th scope='col'{_side(c, numeric, str(c))}>{html.escape(str(c))}</th>" for c in frame.columns)
    rows = []
    for values in frame.itertuples(index=False):
        cells = zip(frame.columns, values, strict=True)
        rows.append("<tr>" + "".join(f"<td{_side(c, numeric, str(v))}>{html.escape(str(v))}</td>" for c, v in cells) + "</tr>")
    table = f"<table aria-label='{html.escape(name)}'><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return f"<div class='carto-table'>{table}</div>"


def _side(column: str, numeric: Sequence[str], text: str) -> str:
    """Classes of a cell: numbers to the right, short ones unbroken; what is too long for a line wraps in a column of some width."""
    size = "long" if len(text) > LONGEST_LINE else "tight" if column in numeric and len(text) <= LONGEST_NUMBER else ""
    classes = [*(["num"] if column in numeric else []), *([size] if size else [])]
    return f" class='{' '.join(classes)}'" if classes else ""


def neutral_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with texts that a spreadsheet would run as a formula (= + - @ at the start) led by an apostrophe."""

    def neutral(value: object) -> object:
        return "'" + value if isinstance(value, str) and value[:1] in "=+-@\t\r" and value[:1] else value

    return frame.map(neutral)
