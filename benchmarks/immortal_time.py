"""How often a status without any effect comes out "significant" (p < 0.05): naive, landmark and time-dependent analyses.

``python -m benchmarks.immortal_time [--cohorts 1000]``. In every simulated cohort the time to the status and the time to the event are
drawn independently, so the true hazard ratio is 1. The naive analysis counts a status reached at any time from infusion.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from cartograph.stats.hazard import HazardRatio, hazard_ratio
from cartograph.stats.landmark import landmark
from cartograph.stats.response import proportion
from cartograph.stats.time_dependent import naive_hazard_ratio

SIZES = (60, 200)
LANDMARK = 6.0
ALPHA = 0.05
ANALYSES = ("naive, from infusion", f"landmark, month {LANDMARK:g}", "time-dependent")


class Cohort(NamedTuple):
    """Months to event or censoring, event, months to the status (NaN = not reached)."""

    time: np.ndarray
    event: np.ndarray
    status_time: np.ndarray


def cohort(rng: np.random.Generator, n: int) -> Cohort:
    """Median event-free time 14 months, median time to the status 9 months, followed 12-48 months; one in five never reaches it."""
    fate, status, end = rng.exponential(14 / math.log(2), n), rng.exponential(9 / math.log(2), n), rng.uniform(12, 48, n)
    status = np.where(rng.random(n) < 0.2, np.inf, status)
    months = np.minimum(fate, end)
    return Cohort(months, fate <= end, np.where(status <= months, status, np.nan))


def analyses(data: Cohort) -> Iterator[HazardRatio]:
    """The three hazard ratios, in the order of ``ANALYSES``."""
    both = naive_hazard_ratio(*data)
    found = landmark(*data, LANDMARK)
    yield both.biased
    yield hazard_ratio(found.time, found.event, found.exposed)
    yield both.time_dependent


def row(n: int, cohorts: int) -> str:
    """The lines of one cohort size."""
    start = time.perf_counter()
    found = [list(analyses(cohort(np.random.default_rng([n, i]), n))) for i in range(cohorts)]
    seconds = time.perf_counter() - start
    lines = []
    for i, name in enumerate(ANALYSES):
        p, value = (np.array([getattr(f[i], field) for f in found]) for field in ("p_value", "value"))
        known = np.isfinite(p)
        false = proportion(int((p[known] < ALPHA).sum()), int(known.sum()))
        limits = f"({false.ci_low:.1%} - {false.ci_high:.1%})"
        missing = f", {(~known).sum()} not estimable" if (~known).any() else ""
        lines.append(f"{n:>9} {name:<22} {false.value:>9.1%} {limits:<17} {np.median(value[known]):>11.2f}{missing}")
    return "\n".join([*lines, f"{'':>9} {cohorts} cohorts in {seconds:.1f} s"])


def main() -> None:
    """Print three lines per size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohorts", type=int, default=1_000, help="simulated cohorts of each size")
    cohorts = parser.parse_args().cohorts
    print(" patients analysis                p < 0.05 (95 % limits)     median HR (true: 1)")
    for n in SIZES:
        print(row(n, cohorts), flush=True)


if __name__ == "__main__":
    main()
