"""Table 1 as an accessible table of the page: every line has its heading, every part its own."""

from __future__ import annotations

import html

from cartograph.charts import theme
from cartograph.views.baseline import PrintedRow, PrintedTable

WORDS = ("Test", "SMD is between")  # headings of columns that hold words, set left


def baseline_table(table: PrintedTable, *, dark: bool) -> str:
    """The printed table as HTML, every text escaped. ``dark``: the ground on which the names stay in sight when it is scrolled."""
    sides = [" class='words'" if heading in WORDS else " class='num'" for heading in table.headings]
    head = "".join(f"<th scope='col'{side}>{_kept(text)}</th>" for text, side in zip(table.headings, sides, strict=True))
    rows = "".join(_row(row, sides) for row in table.rows)
    ground = theme.ink(dark=dark).ground
    made = (
        f"<table aria-label='{html.escape(table.title, quote=True)}'><thead><tr><th scope='col'>Characteristic</th>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )
    return f"<div class='carto-table carto-baseline' tabindex='0' style='--ground:{ground}'>{made}</div>"


def _kept(heading: str) -> str:
    """A heading whose "(n = 52)" is not broken over lines."""
    name, mark, size = heading.rpartition(" (n = ")
    return html.escape(f"{name} (n\u00a0=\u00a0{size}" if mark else heading)


def _row(row: PrintedRow, sides: list[str]) -> str:
    label = html.escape(row.label)
    if row.kind == "block":
        return f"<tr><th class='part' scope='rowgroup' colspan='{len(row.cells) + 1}'>{label}</th></tr>"
    kind = "missing below" if row.kind == "missing" else "below" if row.level else "first"
    cells = "".join(f"<td{side}>{html.escape(text)}</td>" for text, side in zip(row.cells, sides, strict=True))
    return f"<tr class='{kind}'><th scope='row'>{label}</th>{cells}</tr>"
