"""The rules of the project that no linter knows: pins, rooms, sizes, names."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LIBRARY = ("cartograph", "components", "pages", "sample_data")
MAX_CODE_LINES = 40
MAX_LINES = {"app.py": 40, "pages": 80}
FORBIDDEN_NAMES = {"utils.py", "helpers.py", "common.py", "misc.py"}
TEXT = {".py", ".md", ".toml", ".txt", ".sh", ".yaml", ".yml", ".js", ".mjs", ".css", ".json", ".cfg", ""}
NOT_OURS = {
    ".git",
    ".venv",
    "node_modules",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".import_linter_cache",
    ".hypothesis",
    "__pycache__",
}
PLACES = re.compile(r"/work/|/root/|/home/[a-z]|\.\./shared|pypi\.org|--index-url|--find-links")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(file: str) -> set[str]:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    assert all(re.match(r"[A-Za-z0-9._-]+==[^ ]+( ; .+)?$", line) for line in lines if line and not line.startswith(("#", "-r")))
    return {normal(line.split("==")[0]) for line in lines if "==" in line}


def wanted(requirements: list[str]) -> set[str]:
    return {normal(re.split(r"[<>=!~ \[;]", requirement)[0]) for requirement in requirements}


def sources(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [ROOT / "app.py", *found]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_every_package_that_pyproject_asks_for_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    app, tools = pins("requirements.txt"), pins("requirements-dev.txt")
    assert wanted(project["dependencies"]) <= app
    for group in project["optional-dependencies"].values():
        assert wanted(group) <= app | tools
    assert not app & tools
    assert not {"pytest", "mypy", "ruff", "playwright"} & app


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and number of code lines (docstring, comments and blank lines do not count) of each function."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[1].lineno if ast.get_docstring(node) and len(node.body) > 1 else node.body[0].lineno
            body = lines[first - 1 : node.end_lineno]
            yield node.name, sum(1 for line in body if line.strip() and not line.strip().startswith("#"))


@pytest.mark.parametrize("path", sources("cartograph", "components", "pages"), ids=name_of)
def test_a_function_fits_on_one_screen(path: Path) -> None:
    assert [(name, size) for name, size in functions(path) if size > MAX_CODE_LINES] == []


def test_the_frame_and_the_pages_are_thin() -> None:
    sizes = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in sources("pages")}
    assert {name: size for name, size in sizes.items() if size > MAX_LINES[name.split("/")[0]]} == {}


def test_only_one_file_touches_the_session_and_the_link() -> None:
    touching = {
        name_of(path)
        for path in sources(*LIBRARY)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("session_state", "query_params")
    }
    assert touching <= {"components/state.py"}


def test_no_file_is_a_drawer_for_everything() -> None:
    assert [name_of(path) for path in sources(*LIBRARY, "scripts", "benchmarks") if path.name in FORBIDDEN_NAMES] == []


def test_no_file_names_a_place_of_one_computer() -> None:
    """Paths of one machine and package hosts do not belong in a project that others install."""
    own = [path for path in ROOT.rglob("*") if not NOT_OURS & set(path.relative_to(ROOT).parts)]
    texts = [path for path in own if path.is_file() and path.suffix in TEXT and path != Path(__file__)]
    found = {name_of(path) for path in texts if PLACES.search(path.read_text(encoding="utf-8", errors="replace"))}
    assert found == set()
