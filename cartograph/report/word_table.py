"""A Word document with a title, one table and notes below it: the parts of the Office Open XML format that this needs, and no more.

Text from a file is data: it is escaped, and characters that XML forbids are left out. The file has no date in it, so the same table gives
the same bytes.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

import pandas as pd

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NEVER = (1980, 1, 1, 0, 0, 0)
_MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TYPES = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/word/document.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONS = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1"'
    ' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"'
    ' Target="word/document.xml"/></Relationships>'
)
_PAGE = (  # A4, landscape, 2 cm
    '<w:sectPr><w:pgSz w:w="16838" w:h="11906" w:orient="landscape"/>'
    '<w:pgMar w:top="1134" w:right="1134" w:bottom="1134" w:left="1134" w:header="567" w:footer="567" w:gutter="0"/></w:sectPr>'
)
_RULES = (  # lines above and below the table only, as journals print them
    '<w:tblPr><w:tblW w:w="5000" w:type="pct"/><w:tblBorders><w:top w:val="single" w:sz="8" w:space="0" w:color="auto"/>'
    '<w:bottom w:val="single" w:sz="8" w:space="0" w:color="auto"/></w:tblBorders><w:tblLayout w:type="autofit"/></w:tblPr>'
)
_UNDER_HEAD = '<w:tcBorders><w:bottom w:val="single" w:sz="4" w:space="0" w:color="auto"/></w:tcBorders>'
TITLE, TEXT, SMALL = 24, 18, 16  # half points


def word_table(frame: pd.DataFrame, *, title: str, notes: Sequence[str] = (), numeric: Sequence[str] = ()) -> bytes:
    """``frame`` of texts as a .docx, headings repeated on every page; columns in ``numeric`` are set right."""
    head = _row([str(c) for c in frame.columns], [c in numeric for c in frame.columns], head=True)
    sides = [c in numeric for c in frame.columns]
    rows = "".join(_row([str(v) for v in values], sides) for values in frame.itertuples(index=False))
    grid = "".join('<w:gridCol w:w="1500"/>' for _ in frame.columns)
    table = f"<w:tbl>{_RULES}<w:tblGrid>{grid}</w:tblGrid>{head}{rows}</w:tbl>"
    below = "".join(_paragraph(note, size=SMALL) for note in notes)
    body = f"{_paragraph(title, size=TITLE, bold=True)}{table}{_paragraph('', size=SMALL)}{below}{_PAGE}"
    document = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:document xmlns:w="{_MAIN}"><w:body>{body}</w:body></w:document>'
    return _zipped({"[Content_Types].xml": _TYPES, "_rels/.rels": _RELATIONS, "word/document.xml": document})


def _row(cells: Sequence[str], right: Sequence[bool], *, head: bool = False) -> str:
    """One row; the first one is repeated on every page."""
    mark = "<w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>" if head else "<w:trPr><w:cantSplit/></w:trPr>"
    made = []
    for text, side in zip(cells, right, strict=True):
        frame = f"<w:tcPr>{_UNDER_HEAD}</w:tcPr>" if head else "<w:tcPr/>"
        made.append(f"<w:tc>{frame}{_paragraph(text, size=TEXT, bold=head, right=side)}</w:tc>")
    return f"<w:tr>{mark}{''.join(made)}</w:tr>"


def _paragraph(text: str, *, size: int, bold: bool = False, right: bool = False) -> str:
    side = '<w:jc w:val="right"/>' if right else ""
    weight = "<w:b/>" if bold else ""
    fonts = '<w:rFonts w:ascii="Calibri" w:hAnsi="Calibri" w:cs="Calibri"/>'
    run = f'<w:r><w:rPr>{fonts}{weight}<w:sz w:val="{size}"/></w:rPr><w:t xml:space="preserve">{_safe(text)}</w:t></w:r>' if text else ""
    return f'<w:p><w:pPr><w:spacing w:before="20" w:after="20"/>{side}</w:pPr>{run}</w:p>'


def _safe(text: str) -> str:
    return escape(" ".join(_FORBIDDEN.sub("", text).split()))


def _zipped(parts: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _NEVER), text.encode("utf-8"), zipfile.ZIP_DEFLATED)
    return out.getvalue()
