"""A small cohort with everything that Explore reads; made up, no patient."""

import numpy as np
import pandas as pd
import pytest

from cartograph.cohort.model import Cohort, Column, Cutoff, Endpoint
from cartograph.cohort.problems import DataReport


def make_cohort(n: int = 60, seed: int = 1) -> Cohort:
    """``n`` made-up patients of two products with ferritin, CRP, responses, MRD, PFS and OS."""
    rng = np.random.default_rng(seed)
    ferritin = np.round(np.exp(rng.normal(5.5, 1.1, n)), 0)
    crp = np.round(np.exp(rng.normal(1.8, 0.9, n)), 1)
    crp[::9] = np.nan
    death = rng.exponential(30 / (1 + (ferritin > 337)), n)
    relapse = rng.exponential(16 / (1 + (ferritin > 337)), n)
    follow = rng.uniform(6, 30, n)
    pfs, os = np.minimum.reduce([relapse, death, follow]), np.minimum(death, follow)
    product = np.where(np.arange(n) % 3 == 0, "ide-cel", "cilta-cel")
    best = np.where(rng.random(n) < 0.6, "CR", np.where(rng.random(n) < 0.7, "VGPR", "SD"))
    patients = pd.DataFrame(
        {
            "patient_id": [f"P{i:03d}" for i in range(n)],
            "product": pd.Categorical(product, categories=["ide-cel", "cilta-cel"], ordered=True),
            "ferritin_d0": ferritin,
            "crp_d0": crp,
            "cmax": rng.exponential(1e4, n),
            "best_response": pd.Categorical(best, categories=["CR", "VGPR", "SD"], ordered=True),
            "pfs_time": pfs,
            "pfs_event": (np.minimum(relapse, death) <= follow).astype(float),
            "os_time": os,
            "os_event": (death <= follow).astype(float),
        }
    )
    columns = {
        "product": Column("product", "Product", "category", timing="identity", levels=("ide-cel", "cilta-cel")),
        "ferritin_d0": Column(
            "ferritin_d0",
            "Ferritin, day 0",
            "number",
            "µg/L",
            log_scale=True,
            cutoffs=(Cutoff(337, "ULN", "Mayo", "normal"), Cutoff(400, "ULN", "Cheng")),
        ),
        "crp_d0": Column("crp_d0", "CRP, day 0", "number", "mg/L", log_scale=True),
        "cmax": Column("cmax", "Cmax", "number", "copies/µg", timing="post-infusion"),
        "best_response": Column("best_response", "Best response", "category", timing="post-infusion", levels=("CR", "VGPR", "SD")),
    }
    endpoints = {
        "pfs": Endpoint("pfs", "PFS", "Progression-free survival", "pfs_time", "pfs_event", "progression or death"),
        "os": Endpoint("os", "OS", "Overall survival", "os_time", "os_event", "death"),
    }
    visits = [
        (p, m, f"Month {m:g}", "PR" if m < 3 else b) for p, b in zip(patients["patient_id"], best, strict=True) for m in (1.0, 3.0, 6.0)
    ]
    responses = pd.DataFrame(visits, columns=["patient_id", "month", "visit", "response"])
    status = np.where(np.arange(n) % 2 == 0, "negative", "positive")
    mrd = pd.DataFrame({"patient_id": patients["patient_id"], "month": 1.0, "visit": "Month 1", "status": status}).head(20)
    return Cohort(
        "made up", patients, columns, endpoints, DataReport(n, n), responses=responses, mrd=mrd, synthetic=True, fingerprint=f"{n}-{seed}"
    )


@pytest.fixture
def cohort() -> Cohort:
    return make_cohort()
