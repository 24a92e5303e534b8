"""From a click on a page's own choice to the last change on the page, for every page, beside an empty fragment in the same run.

``python -m benchmarks.pages [--changes 10] [--only response regression]``. The cohort: the first 565 patients of the registry sample.
Printed are the median and the 90th percentile in milliseconds, and the median as a multiple of the floor. Aim of every page: 3 x.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.explore import PAGES, QUIET, QUIET_MS, WATCHER, Measured, measure
from benchmarks.made_up import write
from scripts.browser import launch
from scripts.server import running

PATIENTS = 565
SAMPLE = Path(__file__).parents[1] / "sample_data" / "synthetic_registry.csv"
WARM_UP = 2
AIM = 3.0
CLICKED = """
window.addEventListener('pointerdown', () => { window.bench.pressed = performance.now(); window.bench.changes = 0; }, {capture: true});
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A page and two options of one of its choices, clicked in turn; no options: arrow keys on the cutoff."""

    page: str
    options: tuple[str, ...] = ()
    first: str = ""  # a button that must be pressed before


CASES = (
    Case("cutoff"),
    Case("baseline", ("median (IQR)", "median (range)")),
    Case("response"),
    Case("toxicity"),
    Case("regression", ("p < 0.2 alone", "By hand")),
    Case("subgroups", ("Products", "High against low")),
    Case("products", ("Matching", "Overlap")),
    Case("landmark", first="show the curves"),
    Case("mrd", ("PFS", "DOR")),
    Case("competing", ("death without progression", "progression")),
    Case("correlations", ("Kendall", "Spearman")),
)


def settled(page: Page) -> float:
    """Milliseconds from the last key or click to the last change. RuntimeError when nothing changed."""
    page.wait_for_function("() => window.bench.changes > 0", timeout=60_000)
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", state="attached", timeout=60_000)
    page.wait_for_function(QUIET, arg=QUIET_MS, timeout=60_000)
    return float(page.evaluate("() => window.bench.changed - window.bench.pressed"))


def change(page: Page, case: Case, k: int) -> float:
    """One change of the page: the next option, or the next key on the first slider of the page."""
    if case.options:
        page.locator(".stMain").get_by_role("radio", name=case.options[k % 2], exact=True).first.click()
    else:
        page.locator(".stMain [role=slider], .stMain [data-testid=stSlider] input").first.focus()
        page.keyboard.press("ArrowRight" if k % 2 else "ArrowLeft")
    return settled(page)


def measured(browser: Browser, address: str, case: Case, changes: int) -> Measured:
    """The page on the cohort that the server opens."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_init_script(WATCHER + CLICKED)
    page = context.new_page()
    page.goto(f"{address}/{case.page}")
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", state="attached", timeout=60_000)
    page.wait_for_function(QUIET, arg=2500, timeout=120_000)
    if case.first:
        page.get_by_role("button", name=case.first).click()
        settled(page)
    found = [change(page, case, k) for k in range(WARM_UP + changes)][WARM_UP:]
    context.close()
    return Measured(case.page, "page", PATIENTS, found)


def first_patients(folder: Path) -> Path:
    """A file with the first patients of the sample, and its line that says SYNTHETIC."""
    file = folder / "registry_565_SYNTHETIC.csv"
    lines = SAMPLE.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    file.write_text("".join(lines[: PATIENTS + 2]), encoding="utf-8")
    return file


def run(changes: int, only: list[str]) -> None:
    """Measure and print."""
    print(f"Milliseconds from a change to the last repaint, {changes} changes each, {os.cpu_count()} cores, software rendering")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = launch(playwright)
        (floor,) = measure(browser, "floor", write(Path(folder), 52), 52, changes)
        print(f"{'floor':<12} {floor.median:>7.0f} {floor.slow:>7.0f}")
        cohort = first_patients(Path(folder))
        with running(PAGES["explore"], variables={"CARTOGRAPH_COHORT": str(cohort)}) as address:
            for case in (c for c in CASES if not only or c.page in only):
                found = measured(browser, address, case, changes)
                times = found.median / floor.median
                verdict = "met" if times <= AIM else f"over {AIM:g} x"
                print(
                    f"{case.page:<12} {statistics.median(found.milliseconds):>7.0f} {found.slow:>7.0f} {times:>6.1f} x  {verdict}",
                    flush=True,
                )
        browser.close()


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description="Measure every page beside an empty fragment.")
    parser.add_argument("--changes", type=int, default=10)
    parser.add_argument("--only", nargs="+", default=[])
    asked = parser.parse_args()
    run(asked.changes, asked.only)


if __name__ == "__main__":
    main()
