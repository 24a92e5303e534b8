"""What the tests of the pages share."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from cartograph.cohort import Cohort
from components import state
from tests.app.opened import Open, run

PAGES = Path(__file__).parents[2] / "pages"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Runs a page alone, on a cohort of the test or on a sample (``cohort=``), with one of its tabs open."""
    monkeypatch.delenv("CARTOGRAPH_COHORT", raising=False)

    def open_it(page: str, made: Cohort | None = None, tab: str = "", **query: str) -> AppTest:
        if made is not None:
            monkeypatch.setattr(state, "sample_cohort", lambda _: made)
        app = AppTest.from_file(str(PAGES / f"{page}.py"), default_timeout=60)
        for name, value in query.items():
            app.query_params[name] = value
        if tab:
            app.session_state[f"{page}-tabs"] = tab
        return run(app)

    return open_it
