"""Pin every package: pyproject.toml -> requirements.txt (the app) and requirements-dev.txt (test and lint tools on top of it).

Run by ``make requirements``; needs a network. Versions already pinned stay unless ``--upgrade`` is given. The pins are universal:
one file for Linux, macOS and Windows, Python 3.11 and later.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from uv import find_uv_bin

ROOT = Path(__file__).parent.parent
APP = ROOT / "requirements.txt"
DEV = ROOT / "requirements-dev.txt"
HEADER = "# Made by `make requirements` from pyproject.toml; do not edit by hand.\n"
EXTRAS = ("test", "lint")


def resolve(output: Path, *options: str) -> list[str]:
    """The pins that uv finds, one line for each package, sorted; ``output`` holds the pins to keep."""
    command = [find_uv_bin(), "pip", "compile", "pyproject.toml", "--universal", "--python-version", "3.11", "--fork-strategy", "fewest"]
    plain = ["--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links", "--quiet"]
    subprocess.run([*command, *plain, "--output-file", str(output), *options], cwd=ROOT, check=True)
    return [line for line in output.read_text(encoding="utf-8").splitlines() if line and not line.startswith(("#", "-"))]


def main(options: list[str]) -> None:
    """Write both files; the second holds only what the first does not."""
    app = resolve(APP, *options)
    everything = resolve(DEV, *options, "--constraint", str(APP), *(word for extra in EXTRAS for word in ("--extra", extra)))
    APP.write_text(HEADER + "\n".join(app) + "\n", encoding="utf-8")
    more = [line for line in everything if line not in set(app)]
    DEV.write_text(HEADER + "-r requirements.txt\n" + "\n".join(more) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
