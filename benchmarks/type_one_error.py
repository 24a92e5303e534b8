"""How often a marker without any effect looks significant when its best cutoff is searched, and what is left of its hazard ratio.

``python -m benchmarks.type_one_error [--cohorts 5000] [--permutations 1000]``. Exponential survival (median 8.3 months), censoring
exponential and independent (about 40 %), lognormal marker that has nothing to do with either. Cutoffs are searched between the 10th and the
90th percentile. Hazard ratios are turned so that the group that looks worse is compared with the other, as papers print them; the bootstrap
and the cross-validation are done in the first cohorts only.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from cartograph.stats.cutoff_bootstrap import bootstrap_cutoff, cross_validated_cutoff
from cartograph.stats.results import Floats
from cartograph.stats.selected import lausen92, lausen94, maximally_selected_log_rank

SIZES = (60, 200)
MEAN_MONTHS = 12.0
CENSORED = 0.4
LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class NullCohort:
    """Marker, months and events of patients for whom the marker says nothing."""

    value: Floats
    time: Floats
    event: np.ndarray[tuple[int], np.dtype[np.bool_]]

    @classmethod
    def draw(cls, n: int, rng: np.random.Generator) -> NullCohort:
        death = rng.exponential(MEAN_MONTHS, n)
        censored = rng.exponential(MEAN_MONTHS * (1 - CENSORED) / CENSORED, n)
        return cls(np.exp(rng.normal(5.5, 1.0, n)), np.minimum(death, censored), death <= censored)


def p_values(cohort: NullCohort, permutations: int, seed: int) -> list[float]:
    """Of one cohort: smallest plain log-rank p, p by permutation, by Lausen & Schumacher 1992 and by Lausen et al. 1994."""
    found = maximally_selected_log_rank(cohort.value, cohort.time, cohort.event, permutations=permutations, seed=seed)
    naive = float(chdtrc(1, found.largest_chi2))
    return [naive, found.p_value, lausen92(found.statistic, 0.1, 0.9), lausen94(found.statistic, found.n, found.n_low)]


def log_ratios(cohort: NullCohort, replicates: int, seed: int) -> list[float]:
    """Of one cohort, worse against better: log hazard ratio as it appears, corrected for optimism, cross-validated; C likewise."""
    found = bootstrap_cutoff(cohort.value, cohort.time, cohort.event, replicates=replicates, seed=seed)
    held = cross_validated_cutoff(cohort.value, cohort.time, cohort.event, repeats=5, seed=seed)
    turn = 1.0 if found.high_is_worse else -1.0
    ratios = [turn * float(np.log(v)) for v in (found.hazard_ratio, found.corrected_hazard_ratio, held.hazard_ratio)]
    return [*ratios, found.concordance, found.corrected_concordance, held.concordance]


def report(n: int, cohorts: int, permutations: int, boot_cohorts: int, replicates: int) -> None:
    """Simulate and print one size."""
    started = time.perf_counter()
    rng = np.random.default_rng(n)
    drawn = [NullCohort.draw(n, rng) for _ in range(cohorts)]
    p = np.array([p_values(cohort, permutations, seed) for seed, cohort in enumerate(drawn)])
    tested = time.perf_counter()
    ratios = np.array([log_ratios(cohort, replicates, seed) for seed, cohort in enumerate(drawn[:boot_cohorts])])
    middle = np.median(ratios, axis=0)
    censored = np.mean([1 - cohort.event.mean() for cohort in drawn])
    print(f"\nn = {n}, {cohorts:,} cohorts without effect, {100 * censored:.0f} % censored, {permutations:,} permutations each")
    for name, share in zip(("naive best log-rank", "permutation", "Lausen 1992", "Lausen 1994"), (p < LEVEL).mean(axis=0), strict=True):
        error = np.sqrt(share * (1 - share) / cohorts)
        print(f"  p < {LEVEL} by {name:<20} {100 * share:5.1f} %  (+- {100 * 1.96 * error:.1f})")
    apparent, corrected, held = np.exp(middle[:3])
    print(f"  median HR worse vs better in {len(ratios):,}: apparent {apparent:.2f}, corrected {corrected:.2f}, cross-validated {held:.2f}")
    print(f"  median C-index: apparent {middle[3]:.3f}, corrected {middle[4]:.3f}, cross-validated {middle[5]:.3f}")
    print(
        f"  {1e3 * (tested - started) / cohorts:.1f} ms a cohort for the p values, {replicates:,} bootstrap samples and 5 x 10 folds: ",
        end="",
    )
    print(f"{1e3 * (time.perf_counter() - tested) / max(len(ratios), 1):.0f} ms")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cohorts", type=int, default=5000)
    parser.add_argument("--permutations", type=int, default=1000)
    parser.add_argument("--bootstrapped", type=int, default=200, help="cohorts in which the bootstrap is done")
    parser.add_argument("--replicates", type=int, default=200)
    asked = parser.parse_args()
    for n in SIZES:
        report(n, asked.cohorts, asked.permutations, min(asked.bootstrapped, asked.cohorts), asked.replicates)


if __name__ == "__main__":
    main()
