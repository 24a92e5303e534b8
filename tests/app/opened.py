"""A page run alone by Streamlit's own harness: how it is opened, and what stands on it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from streamlit.testing.v1 import AppTest

Open = Callable[..., AppTest]


def run(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception, app.exception
    return app


def words_of(app: AppTest) -> str:
    """Everything in our own HTML blocks, as text."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", block.proto.body)) for block in app.get("html"))
