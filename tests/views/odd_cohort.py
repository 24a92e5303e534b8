"""A made-up cohort with everything that makes a regression difficult; no patient."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from cartograph.cohort.model import Cohort, Column
from tests.views.conftest import make_cohort

LONG = "A name of two hundred letters " * 7


def odd_cohort(n: int = 120, seed: int = 1) -> Cohort:
    """``make_cohort`` with a category of 60 levels, a long name, a constant, 40 % missing, a level with one patient, a separating flag."""
    cohort = make_cohort(n, seed)
    rng = np.random.default_rng(seed + 5)
    patients = cohort.patients.copy()
    stage = np.where(np.arange(n) % 2 == 0, "I", "II").astype(object)
    stage[0] = "III"
    patients["stage"] = pd.Categorical(stage, categories=["I", "II", "III"], ordered=True)
    sites = [f"site {k:02d}" for k in range(60)]
    patients["site"] = pd.Categorical([sites[k % 60] for k in range(n)], categories=sites, ordered=True)
    patients["same"] = 7.0
    age = np.round(rng.normal(62, 8, n))
    age[rng.permutation(n)[: int(0.4 * n)]] = np.nan
    patients["age"] = age
    spared = np.where(patients["pfs_event"] == 0, rng.random(n) < 0.5, False)
    patients["spared"] = pd.Categorical(np.where(spared, "yes", "no"), categories=["no", "yes"], ordered=True)
    patients["wordy"] = rng.normal(size=n)
    columns = {
        **cohort.columns,
        "stage": Column("stage", "R-ISS", "category", levels=("I", "II", "III")),
        "site": Column("site", "Site", "category", levels=tuple(sites)),
        "same": Column("same", "Constant", "number"),
        "age": Column("age", "Age", "number", "years"),
        "spared": Column("spared", "Spared", "flag", levels=("no", "yes")),
        "wordy": Column("wordy", LONG, "number"),
    }
    return replace(cohort, patients=patients, columns=columns, fingerprint=f"odd-{n}-{seed}")
