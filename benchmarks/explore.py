"""From the press of an arrow key on the cutoff to the last panel repainted, in one run for three pages:

1. the floor: a Streamlit fragment that only says the slider's value,
2. the Explore page,
3. the peer: the same page with lifelines fitted at each step and ``st.plotly_chart`` (benchmarks/apps/lifelines_page.py).

``python -m benchmarks.explore [--patients 52 565 10000] [--presses 20] [--only floor explore lifelines]``. Printed are the median and
the 90th percentile in milliseconds, and the median as a multiple of the floor:

- *panels*: every curve, number and word of the Kaplan-Meier panels and the response bars is what it is in the end (drawn from the live
  table, then drawn again by Python: a text that stays the same or a line that moves less than 1.5 pixels does not count),
- *page*: the very last change of anything below the main block, when Python has answered: order of the lanes, tables, texts.

Aims for the panels: 2.5 x at 565 patients, 4 x at 10,000.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.made_up import write
from scripts.browser import launch
from scripts.server import ROOT, running

APPS = Path(__file__).parent / "apps"
PAGES = {"floor": APPS / "floor.py", "explore": ROOT / "app.py", "lifelines": APPS / "lifelines_page.py"}
SLIDER = {"floor": "[data-testid=stSlider] input", "explore": ".stMain [role=slider]", "lifelines": "[data-testid=stSlider] input"}
AIMS = {565: 2.5, 10_000: 4.0}
WARM_UP = 3
QUIET_MS = 700  # a page that has not changed for so long has answered

# Every change below the main block counts, also in the shadow trees that components draw in.
WATCHER = """
(() => {
  window.bench = {pressed: 0, changed: 0, changes: 0};
  const watch = new MutationObserver(() => {
    const now = performance.now();
    window.bench.changed = now; window.bench.changes += 1;
    if (!window.bench.look) return;
    const shown = window.bench.look();
    if (!window.bench.same(window.bench.shown, shown)) { window.bench.shown = shown; window.bench.repainted = now; }
  });
  const what = {subtree: true, childList: true, attributes: true, characterData: true};
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (options) { const root = attach.call(this, options); watch.observe(root, what); return root; };
  window.addEventListener('keydown', () => { window.bench.pressed = performance.now(); window.bench.changes = 0; }, {capture: true});
  const start = setInterval(() => {
    const main = document.querySelector('.stMain');
    if (main) { watch.observe(main, what); clearInterval(start); }
  }, 20);
})()
"""
# What can be read from the panels that follow the cutoff: every text, and the height of every step curve at every tenth pixel. Curves of
# more than 300 steps are drawn up to a pixel apart while the cutoff moves: a curve counts as another one from 1.5 pixels on.
PANELS = """
() => {
  const figures = [];
  const walk = (root) => root.querySelectorAll('*').forEach((e) => {
    if (e.matches('.board [data-figure^=km-] svg, .board [data-figure=responses] svg')) figures.push(e);
    if (e.shadowRoot) walk(e.shadowRoot);
  });
  walk(document.querySelector('.stMain'));
  const heights = (d) => {
    const found = [];
    let x = 0, y = 0;
    for (const [, letter, first, second] of d.matchAll(/([MHV])([-.0-9]+)(?: ([-.0-9]+))?/g)) {
      const to = letter === 'V' ? x : Number(first);
      if (letter === 'H') for (let at = Math.ceil(x / 10) * 10; at < to; at += 10) found.push(y);
      if (letter === 'V') y = Number(first);
      if (letter === 'M') y = Number(second);
      x = to;
    }
    return found;
  };
  const curve = (e) => /^M[-.0-9 ]+(H[-.0-9]+(V[-.0-9]+)*)+$/.test(e.getAttribute('d') || '');
  window.bench.look = () => ({
    texts: figures.flatMap((s) => [...s.querySelectorAll('text')].map((e) => e.textContent)).join('|'),
    curves: figures.map((s) => [...s.querySelectorAll('path')].filter(curve).map((e) => heights(e.getAttribute('d')))),
  });
  window.bench.same = (a, b) => a.texts === b.texts && a.curves.every((curves, f) => curves.length === b.curves[f].length
    && curves.every((ys, i) => ys.every((y, k) => Math.abs(y - (b.curves[f][i][k] ?? y)) < 1.5)));
  window.bench.shown = window.bench.look();
}
"""
QUIET = "(ms) => performance.now() - Math.max(window.bench.pressed, window.bench.changed) > ms"


@dataclass(frozen=True, slots=True)
class Measured:
    """One page with one cohort: milliseconds from key press to last change of ``what`` (panels or page), one entry for each press."""

    page: str
    what: str
    patients: int
    milliseconds: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.milliseconds)

    @property
    def slow(self) -> float:
        return statistics.quantiles(self.milliseconds, n=10)[-1]


@contextmanager
def opened(browser: Browser, address: str, slider: str) -> Iterator[Page]:
    """The page at ``address``, watched, at rest, with the focus on its cutoff."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_init_script(WATCHER)
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector(slider, state="attached", timeout=120_000)
    page.wait_for_function(QUIET, arg=2500, timeout=120_000)
    page.locator(slider).first.focus()
    yield page
    context.close()


def press(page: Page, key: str) -> float:
    """Milliseconds from the press of ``key`` to the last change. RuntimeError when nothing changed."""
    page.keyboard.press(key)
    page.wait_for_function("() => window.bench.changes > 0", timeout=60_000)
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", state="attached", timeout=60_000)
    page.wait_for_function(QUIET, arg=QUIET_MS, timeout=60_000)
    return float(page.evaluate("() => window.bench.changed - window.bench.pressed"))


def repaint(page: Page, key: str) -> float:
    """Milliseconds from the press of ``key`` to the last change that can be seen in a panel."""
    page.evaluate(PANELS)
    press(page, key)
    return float(page.evaluate("() => window.bench.repainted - window.bench.pressed"))


def measure(browser: Browser, name: str, cohort: Path, patients: int, presses: int) -> list[Measured]:
    """Start the page on the cohort and press the arrow key: a few times to warm up, then in the other direction."""
    with running(PAGES[name], variables={"CARTOGRAPH_COHORT": str(cohort)}) as address, opened(browser, address, SLIDER[name]) as page:
        for _ in range(WARM_UP):
            press(page, "ArrowRight")
        whole = Measured(name, "page", patients, [press(page, "ArrowLeft") for _ in range(presses)])
        if name != "explore":
            return [whole]
        return [Measured(name, "panels", patients, [repaint(page, "ArrowRight") for _ in range(presses)]), whole]


def row(measured: Measured, floor: Measured | None) -> str:
    """One line of the table."""
    times = measured.median / floor.median if floor else float("nan")
    aim = AIMS.get(measured.patients) if measured.what == "panels" else None
    verdict = "" if aim is None or floor is None else f"aim {aim:g} x: {'met' if times <= aim else 'MISSED'}"
    who = f"{measured.patients:>8,}  {measured.page:<10} {measured.what:<7}"
    return f"{who} {measured.median:>9.0f} {measured.slow:>9.0f} {times:>8.1f} x  {verdict}"


def run(patients: list[int], presses: int, pages: list[str]) -> None:
    """Measure and print, the floor anew beside each size of cohort."""
    print(f"Key press to last change of the panels and of the whole page: {presses} presses each, {os.cpu_count()} cores,")
    print("1440 x 900, software rendering")
    print(f"{'patients':>8}  {'page':<10} {'what':<7} {'median ms':>9} {'90 % ms':>9} {'floor':>10}")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = launch(playwright)
        for n in patients:
            cohort, floor = write(Path(folder), n), None
            for name in pages:
                for measured in measure(browser, name, cohort, n, presses):
                    floor = measured if name == "floor" else floor
                    print(row(measured, floor), flush=True)
        browser.close()


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description="Measure the Explore page beside its floor and its peer.")
    parser.add_argument("--patients", type=int, nargs="+", default=[52, 565, 10_000])
    parser.add_argument("--presses", type=int, default=20)
    parser.add_argument("--only", nargs="+", choices=list(PAGES), default=list(PAGES))
    asked = parser.parse_args()
    run(asked.patients, asked.presses, asked.only)


if __name__ == "__main__":
    main()
