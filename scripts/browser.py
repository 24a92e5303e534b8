"""Find the Chromium that browser tests and benchmarks drive, and start it.

``python -m scripts.browser`` prints its path; with ``--check`` it is started once, and the exit code says whether that worked.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Error, Playwright, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

# Only the app may be asked for: no update, no sync, no first-run page. No sandbox and software rendering: works for root and in containers.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


def executable(playwright: Playwright) -> Path | None:
    """Path of the browser: the variable CHROME, one on the PATH, or Playwright's own; None when there is none."""
    named = os.environ.get("CHROME")
    if named:
        found = shutil.which(named)
        return Path(found) if found else None
    installed = next((path for path in map(shutil.which, NAMES) if path), None)
    own = Path(playwright.chromium.executable_path)
    return Path(installed) if installed else (own if own.exists() else None)


def launch(playwright: Playwright) -> Browser:
    """Start the browser, headless. RuntimeError with what to do when there is none."""
    path = executable(playwright)
    if path is None:
        raise RuntimeError("no Chromium or Chrome found: install chromium, or name one in the variable CHROME")
    return playwright.chromium.launch(executable_path=path, args=list(FLAGS))


def main(arguments: list[str]) -> int:
    """Print the path, or with ``--check`` start the browser once; 1 when there is none."""
    with sync_playwright() as playwright:
        path = executable(playwright)
        if path is None:
            print("no Chromium or Chrome found", file=sys.stderr)
            return 1
        if "--check" in arguments:
            try:
                launch(playwright).close()
            except Error as error:
                print(f"{path} does not start: {error}", file=sys.stderr)
                return 1
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
