"""Our JavaScript, brought to the browser once a page run.

Streamlit sends a component's code with every message of it. So the components carry only a few lines that call what this engine left in
the page: renderer of figures, cutoff track, board and the live tables.
"""

from __future__ import annotations

import re
from pathlib import Path

import streamlit as st

_COMPONENTS = Path(__file__).parent.parent
_FILES = ("figure/figure.js", "live_cutoff/live.js", "live_cutoff/track.js", "live_cutoff/board.js", "live_cutoff/plane.js")
_NAMES = {
    "figure": "figureComponent",
    "track": "trackComponent",
    "board": "boardComponent",
    "finding": "findingComponent",
    "table": "tableBringer",
    "plane": "planeComponent",
}


def _joined() -> str:
    """The files as one script: each in a block of its own that gives what its last line exports; imports name what stands before."""
    parts = []
    for file in _FILES:
        source = (_COMPONENTS / file).read_text(encoding="utf-8")
        body, _, exported = re.sub(r"^import .*?;\n", "", source, flags=re.MULTILINE).rpartition("\nexport ")
        names = exported.strip().rstrip(";")
        parts.append(f"const {names} = (() => {{\n{body}\nreturn {names};\n}})();")
    called = ", ".join(f"{name}: {function}" for name, function in _NAMES.items())
    return "\n".join([*parts, f"globalThis.cartograph = {{ {called} }};"])


_ENGINE = f"{_joined()}\ndocument.dispatchEvent(new Event('cartograph'));\nexport default () => {{}};\n"
_load = st.components.v2.component("cartograph.engine", js=_ENGINE)


def bring_engine() -> None:
    """Bring the code to the browser, outside of the parts that are drawn again with every cutoff."""
    with st.container(key="figure-engine"):
        _load(key="engine")


def call(name: str) -> str:
    """The code of a component: wait for the engine, then let it do the work."""
    return f"""export default function (component) {{
  let end;
  const draw = () => {{ end = globalThis.cartograph.{name}(component); }};
  if (globalThis.cartograph) draw();
  else document.addEventListener("cartograph", draw, {{ once: true }});
  return () => {{ document.removeEventListener("cartograph", draw); end?.(); }};
}}"""
