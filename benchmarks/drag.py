"""Milliseconds a frame while a cutoff is dragged across its whole range, in one run with the floor and the peers:

1. the floor: eight SVG paths of 200 steps set anew in each frame, nothing else on the page,
2. the Explore page at n = 52, 565, 10,000 and 100,000: three Kaplan-Meier panels with limits, ticks and numbers, bars, courses, words,
3. Plotly.restyle and Plotly.animate of the same eight curves (plotly.js from the wheel),
4. Streamlit's own slider, which says nothing to the page before the button is released.

``python -m benchmarks.drag [--patients 52 565 10000 100000]``. Printed are median and 95th percentile of the time between frames in which
the handle moved, the median of our script within a frame, and the size of the live table. Aims: median <= 17 ms and 95 % <= 33 ms at
565; at 100,000 at most 1.5 x that.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

import plotly
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.explore import APPS, PAGES, QUIET, WATCHER
from benchmarks.made_up import write
from cartograph.cohort import read_cohort
from cartograph.views.board import prepare
from cartograph.views.defaults import default_view
from components.explore_board import KM_HEIGHT
from components.live_cutoff.tables import table_bytes
from scripts.browser import launch
from scripts.server import running

MOVES = 240
AIMS = {565: (17.0, 33.0), 100_000: (25.5, 49.5)}

# Time between frames, and time in the callbacks of a frame, while window.frames.on.
FRAMES = """
(() => {
  const ask = window.requestAnimationFrame.bind(window);
  const frames = window.frames_ = {on: false, gaps: [], script: [], spent: 0, last: 0, moved: false};
  window.requestAnimationFrame = (work) => ask((now) => {
    const start = performance.now();
    work(now);
    frames.spent += performance.now() - start;
    frames.moved = true;
  });
  const tick = (now) => {
    if (frames.on && frames.moved) { frames.gaps.push(now - frames.last); frames.script.push(frames.spent); }
    Object.assign(frames, {last: now, spent: 0, moved: false});
    ask(tick);
  };
  ask(tick);
})()
"""

CURVES = """
const steps = 200, curves = 8;
const level = (k, share, i) => Math.exp(-(i / steps) * (0.5 + k / 4 + share * 2));
const at = event => Math.min(1, Math.max(0, event.clientX / innerWidth));
let waiting = false, share = 0;
addEventListener('pointermove', event => {
  share = at(event);
  if (!waiting) { waiting = true; requestAnimationFrame(() => { waiting = false; paint(share); }); }
});
"""
FLOOR = f"""<!doctype html><svg width="1400" height="400"></svg><script>{CURVES}
const paths = Array.from({{length: curves}}, (_, k) => {{
  const made = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  made.setAttribute('fill', 'none'); made.setAttribute('stroke', 'black');
  document.querySelector('svg').append(made); return made; }});
const paint = share => paths.forEach((path, k) => {{
  let d = 'M0 10';
  for (let i = 1; i < steps; i++) d += `H${{i * 7}}V${{(390 - 380 * level(k, share, i)).toFixed(1)}}`;
  path.setAttribute('d', d); }});
</script>"""
PLOTLY = (
    """<!doctype html><div id="figure" style="width:1400px;height:400px"></div><script src="plotly.min.js"></script><script>""" + CURVES
)


@dataclass(frozen=True, slots=True)
class Dragged:
    """Milliseconds between frames and within our script, one entry per frame in which something moved."""

    gaps: list[float]
    script: list[float]

    def row(self, name: str, patients: str, size: str = "", aim: tuple[float, float] | None = None) -> str:
        """One line of the table."""
        median, slow = statistics.median(self.gaps), statistics.quantiles(self.gaps, n=20)[-1]
        verdict = "" if aim is None else f"aim {aim[0]:g} / {aim[1]:g}: {'met' if median <= aim[0] and slow <= aim[1] else 'MISSED'}"
        times = f"{median:>8.1f}{slow:>8.1f}{statistics.median(self.script):>9.1f}"
        return f"{patients:>8}  {name:<16}{times}{len(self.gaps):>8}  {size:>8}  {verdict}"


def plotly_page(folder: Path, how: str) -> Path:
    """A page that draws the eight curves with Plotly and moves them with restyle or animate."""
    script = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    (folder / "plotly.min.js").write_bytes(script.read_bytes())
    moved = {
        "restyle": "Plotly.restyle('figure', {y: ys(share)})",
        "animate": "Plotly.animate('figure', {data: ys(share).map(y => ({y}))}, "
        "{transition: {duration: 0}, frame: {duration: 0, redraw: false}})",
    }[how]
    body = (
        "const ys = share => Array.from({length: curves}, (_, k) => Array.from({length: steps}, (_, i) => level(k, share, i)));"
        "const x = Array.from({length: steps}, (_, i) => i);"
        "Plotly.newPlot('figure', ys(0).map(y => ({x, y, mode: 'lines', line: {shape: 'hv'}})), {width: 1400, height: 400});"
        f"const paint = share => {{ {moved}; }};</script>"
    )
    path = folder / f"{how}.html"
    path.write_text(PLOTLY + body, encoding="utf-8")
    return path


def drag(page: Page, left: float, right: float, y: float) -> Dragged:
    """Press, go from ``left`` to ``right`` and back in ``MOVES`` moves, and let go."""
    page.mouse.move(left, y)
    page.mouse.down()
    page.wait_for_timeout(150)
    page.evaluate("() => { Object.assign(window.frames_, {on: true, gaps: [], script: []}); }")
    for k in range(MOVES):
        share = k / (MOVES / 2) if k < MOVES / 2 else 2 - k / (MOVES / 2)
        page.mouse.move(left + share * (right - left), y)
    found = page.evaluate("() => { window.frames_.on = false; return [window.frames_.gaps, window.frames_.script]; }")
    page.mouse.up()
    return Dragged(found[0][2:], found[1][2:])


def of_file(browser: Browser, path: Path) -> Dragged:
    """A page of our own, without a server."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.add_init_script(FRAMES)
    page.goto(path.as_uri())
    page.wait_for_timeout(500)
    found = drag(page, 10, 1400, 200)
    page.close()
    return found


def of_explore(browser: Browser, cohort: Path) -> Dragged:
    """Explore on a cohort, once its live table has come."""
    with running(PAGES["explore"], variables={"CARTOGRAPH_COHORT": str(cohort)}) as address:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.add_init_script(FRAMES)
        page.goto(address)
        page.wait_for_selector(".track .ratios", state="attached", timeout=300_000)
        page.wait_for_timeout(1500)
        box = page.locator(".track").first.bounding_box()
        if box is None:
            raise RuntimeError("the cutoff's track is not on the page")
        found = drag(page, box["x"] + 14, box["x"] + box["width"] - 14, box["y"] + 40)
        page.close()
    return found


def of_slider(browser: Browser) -> str:
    """How often a page with Streamlit's slider changes while the button is down, and how long after it is let go."""
    with running(APPS / "floor.py") as address:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.add_init_script(WATCHER)
        page.goto(address)
        page.wait_for_selector("[data-testid=stSlider]", timeout=60_000)
        page.wait_for_function(QUIET, arg=1500, timeout=60_000)
        box = page.locator("[data-testid=stSlider]").bounding_box()
        words = page.locator("[data-testid=stMarkdown], [data-testid=stText]").last
        before = words.inner_text()
        page.mouse.move(box["x"] + 20, box["y"] + box["height"] - 20) if box else None
        page.mouse.down()
        page.mouse.move(box["x"] + 500, box["y"] + box["height"] - 20, steps=40) if box else None
        during = words.inner_text()
        page.mouse.up()
        page.close()
    return "nothing until the button is released" if during == before else "the page follows"


def table_size(path: Path) -> str:
    """Kilobytes of the live table that the browser gets."""
    cohort = read_cohort(path)
    view = default_view(cohort)
    return f"{len(table_bytes(prepare(cohort, view), view, 0, name='size', height=KM_HEIGHT)) / 1024:,.0f} kB"


def run(patients: list[int]) -> None:
    """Measure and print."""
    print(f"Dragging across the whole range in {MOVES} moves, {os.cpu_count()} cores, 1440 x 900, software rendering")
    print(f"{'patients':>8}  {'page':<16}{'median':>8}{'95 %':>8}{'script':>9}{'frames':>8}  {'table':>8}")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder, browser = Path(name), launch(playwright)
        (folder / "floor.html").write_text(FLOOR, encoding="utf-8")
        print(of_file(browser, folder / "floor.html").row("SVG paths", ""), flush=True)
        for n in patients:
            cohort = write(folder, n)
            print(of_explore(browser, cohort).row("Explore", f"{n:,}", table_size(cohort), AIMS.get(n)), flush=True)
        for how in ("restyle", "animate"):
            print(of_file(browser, plotly_page(folder, how)).row(f"Plotly.{how}", ""), flush=True)
        print(f"{'':>8}  {'st.slider':<16}{of_slider(browser)}", flush=True)
        browser.close()


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description="Measure the dragged cutoff beside its floor and its peers.")
    parser.add_argument("--patients", type=int, nargs="+", default=[52, 565, 10_000, 100_000])
    run(parser.parse_args().patients)


if __name__ == "__main__":
    main()
