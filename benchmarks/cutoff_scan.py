"""Every cutoff of a marker: log-rank test, Cox hazard ratio with limits and both medians, beside a loop over lifelines in the same run.

``python -m benchmarks.cutoff_scan [--largest 1000000]``. lifelines fits a few of the cutoffs, evenly spread; its time for all of them is
extrapolated and printed with a ~. One selected cutoff (two curves with medians, log-rank test, Cox and Mantel-Haenszel ratio) is timed too.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.statistics import logrank_test

from cartograph.stats.compare import log_rank_of
from cartograph.stats.cutoff import cutoff_scan
from cartograph.stats.event_table import EventTable
from cartograph.stats.hazard import hazard_ratio_of

SIZES = [(200, 0), (1_000, 0), (5_000, 0), (100_000, 200), (1_000_000, 200)]  # patients, cutoffs (0 = every distinct value)
LIFELINES_FITS = 5
LARGEST_FOR_LIFELINES = 100_000
SELECTIONS = 20


def patients(n: int) -> pd.DataFrame:
    """Made-up patients: months to two decimals, about 60 % events, high values live shorter."""
    rng = np.random.default_rng(n)
    value = rng.lognormal(6, 1, n)
    fate, end = rng.exponential(20 / np.where(value > 400, 1.5, 1.0)), rng.uniform(1, 60, n)
    return pd.DataFrame({"value": value, "time": np.round(np.minimum(fate, end), 2), "event": fate <= end})


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def lifelines_at(data: pd.DataFrame, cutoff: float) -> None:
    """What a loop does at each cutoff."""
    high = data["value"] > cutoff
    for group in (data[high], data[~high]):
        assert KaplanMeierFitter().fit(group["time"], group["event"]).median_survival_time_ > 0  # noqa: S101
    logrank_test(data["time"][high], data["time"][~high], data["event"][high], data["event"][~high])
    CoxPHFitter().fit(data[["time", "event"]].assign(high=high.astype(float)), "time", "event")


def select_at(table: EventTable, cutoff: float) -> None:
    """What the page does at each step of the slider."""
    counts = table.select(cutoff)
    for group in (0, 1):
        counts.curve(group).quantile()
    log_rank_of([counts])
    for method in ("cox", "mantel-haenszel"):
        hazard_ratio_of([counts], method=method)  # type: ignore[arg-type]


def row(n: int, asked: int) -> str:
    """One line of the table."""
    data = patients(n)
    cutoffs = np.quantile(data["value"], np.linspace(0.1, 0.9, asked), method="inverted_cdf") if asked else None
    columns = (data["value"].to_numpy(), data["time"].to_numpy(), data["event"].to_numpy())
    found = cutoff_scan(*columns, cutoffs=cutoffs)
    scan = seconds(lambda: cutoff_scan(*columns, cutoffs=cutoffs))
    table = EventTable.build(*columns)
    chosen = np.quantile(data["value"], np.linspace(0.1, 0.9, SELECTIONS))
    selected = statistics.median(seconds(lambda c=c: select_at(table, c)) for c in chosen)  # type: ignore[misc]
    peer = "-"
    if n <= LARGEST_FOR_LIFELINES:
        each = [seconds(lambda c=c: lifelines_at(data, c)) for c in np.quantile(data["value"], np.linspace(0.2, 0.8, LIFELINES_FITS))]  # type: ignore[misc]
        total = statistics.median(each) * len(found.cutoff)
        peer = f"~{total:,.1f} s ({total / scan:,.0f} x)"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return f"{n:>9,} {len(found.cutoff):>8,} {scan:>9.3f} s {selected * 1000:>11.2f} ms   {peer:<22} {peak:>7,.0f} MB"


def main() -> None:
    """Print one line per size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--largest", type=int, default=1_000_000, help="leave out cohorts with more patients")
    largest = parser.parse_args().largest
    warnings.simplefilter("ignore")  # lifelines warns at nearly every fit
    print(f" patients  cutoffs     scan of all   one selected   lifelines, from {LIFELINES_FITS} cutoffs    peak memory so far")
    for n, asked in SIZES:
        if n <= largest:
            print(row(n, asked), flush=True)


if __name__ == "__main__":
    main()
