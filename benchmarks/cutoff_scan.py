"""Every cutoff of a marker at once, beside loops over lifelines, scikit-survival and R in the same run.

``python -m benchmarks.cutoff_scan [--largest 1000000]``. The peers do a few of the cutoffs, evenly spread; their time for all of them is
extrapolated and printed with a ~. lifelines: logrank_test and CoxPHFitter; scikit-survival (only where it is installed): compare_survival;
R (only where Rscript is on the path): survdiff and coxph at each cutoff, then medians by survfit too, and one maxstat.test. Ours gives
log-rank test, Cox ratio with limits, both medians, both restricted means and all counts. Each size runs in a process of its own, so that
its peak memory is its own.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter
from lifelines.statistics import logrank_test

from cartograph.stats.compare import log_rank_of
from cartograph.stats.cutoff import cutoff_scan
from cartograph.stats.event_table import EventTable
from cartograph.stats.hazard import hazard_ratio_of
from cartograph.stats.sensitivity import sensitivity

FITS = 5  # cutoffs that a peer does
LARGEST_FOR_PEERS = 100_000
LARGEST_FOR_A_TABLE = 100_000
REPEATS = 3
SELECTIONS = 20
ASKED = 200  # cutoffs of the large cohorts
DAYS_PER_MONTH = 30.4375

R_LOOP = """
options(warn = -1)
suppressPackageStartupMessages(library(survival))
args <- commandArgs(TRUE)
d <- read.csv(args[1]); cutoffs <- scan(args[2], quiet = TRUE)
for (c in cutoffs) { survdiff(Surv(time, event) ~ (value > c), data = d); coxph(Surv(time, event) ~ (value > c), data = d) }  # warm
t0 <- proc.time()[[3]]; for (c in cutoffs) survdiff(Surv(time, event) ~ (value > c), data = d)
t1 <- proc.time()[[3]]; for (c in cutoffs) coxph(Surv(time, event) ~ (value > c), data = d)
t2 <- proc.time()[[3]]; for (c in cutoffs) quantile(survfit(Surv(time, event) ~ (value > c), data = d, conf.type = "log-log"), 0.5)
t3 <- proc.time()[[3]]
m <- NA
if (requireNamespace("maxstat", quietly = TRUE)) {
  s <- proc.time()[[3]]
  maxstat::maxstat.test(Surv(time, event) ~ value, data = d, smethod = "LogRank", pmethod = "none")
  m <- proc.time()[[3]] - s
}
cat((t2 - t0) / length(cutoffs), (t3 - t0) / length(cutoffs), m)
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A cohort: patients, asked cutoffs (0 = every distinct value in the window), strata, and how times are written down."""

    n: int
    asked: int
    strata: int
    times: str

    @property
    def columns(self) -> str:
        """Patients, strata and times as printed."""
        return f"{self.n:>9,} {self.strata:>6} {self.times:<13}"


CASES = (
    Case(200, 0, 1, "0.01 months"),
    Case(1_000, 0, 1, "0.01 months"),
    Case(5_000, 0, 1, "0.01 months"),
    Case(100_000, ASKED, 3, "0.01 months"),
    Case(1_000_000, ASKED, 3, "0.01 months"),
    Case(1_000_000, ASKED, 3, "whole days"),
    Case(1_000_000, ASKED, 3, "whole months"),
    Case(100_000, ASKED, 3, "continuous"),
    Case(1_000_000, ASKED, 3, "continuous"),
)


def patients(n: int, times: str = "0.01 months") -> pd.DataFrame:
    """Made-up patients: about 60 % events, high values live shorter, three strata."""
    rng = np.random.default_rng(n)
    value = rng.lognormal(6, 1, n)
    fate, end = rng.exponential(20 / np.where(value > 400, 1.5, 1.0)), rng.uniform(1, 60, n)
    month = np.minimum(fate, end)
    written = {
        "0.01 months": np.round(month, 2),
        "whole days": np.round(month * DAYS_PER_MONTH) / DAYS_PER_MONTH,
        "whole months": np.round(month),
        "continuous": month,
    }
    return pd.DataFrame({"value": value, "time": written[times], "event": fate <= end, "by": rng.integers(0, 3, n)})


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def lifelines_at(data: pd.DataFrame, cutoff: float) -> None:
    """What a loop over lifelines does at each cutoff: only test and fit, no medians."""
    high = data["value"] > cutoff
    logrank_test(data["time"][high], data["time"][~high], data["event"][high], data["event"][~high])
    CoxPHFitter().fit(data[["time", "event"]].assign(high=high.astype(float)), "time", "event")


def scikit_survival_at(data: pd.DataFrame, cutoff: float) -> None:
    """What a loop over scikit-survival does at each cutoff: the log-rank test alone."""
    from sksurv.compare import compare_survival  # noqa: PLC0415  (GPL: only here, only where installed)
    from sksurv.util import Surv  # noqa: PLC0415

    compare_survival(Surv.from_arrays(data["event"], data["time"]), (data["value"] > cutoff).to_numpy())


def select_at(table: EventTable, cutoff: float) -> None:
    """What a page does at each step of the slider: two curves with medians, log-rank test, Cox and Mantel-Haenszel ratio."""
    counts = table.select(cutoff)
    for group in (0, 1):
        counts.curve(group).quantile()
    log_rank_of([counts])
    for method in ("cox", "mantel-haenszel"):
        hazard_ratio_of([counts], method=method)  # type: ignore[arg-type]


def r_seconds(data: pd.DataFrame, cutoffs: np.ndarray) -> tuple[float, float, float] | None:
    """Seconds of survdiff and coxph at one cutoff, the same with medians by survfit, and one maxstat.test; None without Rscript."""
    program = shutil.which("Rscript")
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in ("loop.R", "patients.csv", "cutoffs.txt")]
        files[0].write_text(R_LOOP, encoding="utf-8")
        data.astype({"event": int}).to_csv(files[1], index=False)
        np.savetxt(files[2], cutoffs)
        done = subprocess.run([program, *map(str, files)], capture_output=True, text=True, check=True)
    tested, described, largest = (float(v) if v != "NA" else math.nan for v in done.stdout.split())
    return tested, described, largest


def extrapolated(one: Callable[[pd.DataFrame, float], None], data: pd.DataFrame, cutoffs: np.ndarray, n: int) -> float:
    """Seconds for ``n`` cutoffs, from the median of a few."""
    return statistics.median(seconds(lambda c=c: one(data, c)) for c in cutoffs) * n  # type: ignore[misc]


def measured(case: Case) -> dict[str, float | str]:
    """All numbers of one line."""
    warnings.simplefilter("ignore")  # lifelines warns at nearly every fit
    data = patients(case.n, case.times)
    columns = [data[name].to_numpy() for name in ("value", "time", "event")]
    cutoffs = np.quantile(data["value"], np.linspace(0.1, 0.9, case.asked), method="inverted_cdf") if case.asked else None
    strata = data["by"].to_numpy() if case.strata > 1 else None
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = cutoff_scan(*columns, cutoffs=cutoffs, strata=strata)
    line: dict[str, float | str] = {
        "cutoffs": len(found.cutoff),
        "before": before / 1024,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "scan": statistics.median(seconds(lambda: cutoff_scan(*columns, cutoffs=cutoffs, strata=strata)) for _ in range(REPEATS)),
        "profile": math.nan,
    }
    if case.n <= LARGEST_FOR_PEERS and case.strata == 1:
        line["profile"] = seconds(lambda: cutoff_scan(*columns, limits="profile"))
        line["sensitivity"] = seconds(lambda: sensitivity(columns[0], columns[1], columns[2], 400.0))
    if case.n <= LARGEST_FOR_A_TABLE:
        table = EventTable.build(*columns)
        chosen = np.quantile(data["value"], np.linspace(0.1, 0.9, SELECTIONS))
        line["selected"] = statistics.median(seconds(lambda c=c: select_at(table, c)) for c in chosen)  # type: ignore[misc]
    return line | (peers(data, len(found.cutoff)) if case.n <= LARGEST_FOR_PEERS else {})


def peers(data: pd.DataFrame, n: int) -> dict[str, float | str]:
    """Seconds of each peer for all cutoffs, without strata, or why there are none."""
    few = np.quantile(data["value"], np.linspace(0.2, 0.8, FITS))
    found: dict[str, float | str] = {"lifelines": extrapolated(lifelines_at, data, few, n)}
    found["scikit-survival"] = extrapolated(scikit_survival_at, data, few, n) if find_spec("sksurv") else "not installed"
    r = r_seconds(data, few)
    if r is None:
        return found | {"R": "Rscript not found", "R medians": "Rscript not found"}
    return found | {"R": r[0] * n, "R medians": r[1] * n, "maxstat": r[2]}


def peer_words(line: dict[str, float | str], name: str) -> str:
    """'~123.4 s (1,234 x)', or why there is no number."""
    given = line.get(name, "-")
    return given if isinstance(given, str) else f"~{given:,.1f} s ({given / float(line['scan']):,.0f} x)"


def row(case: Case, line: dict[str, float | str]) -> str:
    """One line of the table."""
    selected = f"{1000 * float(line['selected']):.2f} ms" if "selected" in line else "-"
    profile = f"{float(line['profile']):.3f} s" if not math.isnan(float(line["profile"])) else "-"
    own = f"{float(line['memory']):,.0f} MB ({float(line['memory']) - float(line['before']):+,.0f})"
    words = [f"{peer_words(line, name):<22}" for name in ("lifelines", "scikit-survival", "R", "R medians")]
    maxstat = f" maxstat {line['maxstat']:.2f} s" if "maxstat" in line else ""
    strip = f" sensitivity {1000 * float(line['sensitivity']):,.0f} ms" if "sensitivity" in line else ""
    numbers = f"{line['cutoffs']:>7,} {float(line['scan']):>8.3f} s {profile:>9} {selected:>9} {own:>17}"
    return f"{case.columns} {numbers}  {' '.join(words)}{maxstat}{strip}"


def main() -> None:
    """Print one line per cohort."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--largest", type=int, default=1_000_000, help="leave out cohorts with more patients")
    parser.add_argument("--case", type=int, default=-1, help="one line alone, as JSON: how this program calls itself")
    asked = parser.parse_args()
    if asked.case >= 0:
        print(json.dumps(measured(CASES[asked.case])))
        return
    print(f"{'patients':>9} strata {'times':<13} cutoffs       scan   profile  selected  peak memory (of it)  ", end="")
    print(f"{'lifelines':<22} {'scikit-survival':<22} {'R survdiff + coxph':<22} with survfit medians ", end="")
    print(f"   (peers: ~ from {FITS} cutoffs, no strata)")
    for i, case in enumerate(CASES):
        if case.n <= asked.largest:
            call = [sys.executable, "-m", "benchmarks.cutoff_scan", "--case", str(i)]
            print(row(case, json.loads(subprocess.run(call, capture_output=True, text=True, check=True).stdout)), flush=True)


if __name__ == "__main__":
    main()
