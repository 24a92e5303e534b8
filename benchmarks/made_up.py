"""Made-up cohorts of any size for measurements: two products, ferritin and CRP, responses by visit, PFS and OS."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

RESPONSES = ("sCR", "CR", "VGPR", "PR", "SD", "PD")


def cohort(n: int, seed: int = 565) -> pd.DataFrame:
    """One row per patient with the headers of the app's template; ferritin is distinct for each patient and drives PFS."""
    rng = np.random.default_rng([seed, n])
    score = rng.standard_normal(n)
    digits = 1 if n < 50_000 else 4
    ferritin = np.unique(np.round(np.exp(5.6 + 1.1 * rng.standard_normal(3 * n)), digits))
    ferritin = rng.permutation(ferritin)[:n]
    ferritin = np.sort(ferritin)[np.argsort(np.argsort(score))]
    hazard = 0.045 * 1.5**score
    progression, death = rng.exponential(1 / hazard), 4 + rng.exponential(1 / (0.5 * hazard))
    follow_up = rng.uniform(3, 60, n)
    pfs, os = np.minimum(progression, death), death
    table = {
        "Patient ID": [f"MADE-UP-{i:05d}" for i in range(n)],
        "Product": np.where(rng.random(n) < 0.35, "ide-cel", "cilta-cel"),
        "Age (years)": rng.integers(40, 82, n),
        "Extramedullary disease": np.where(rng.random(n) < 0.2, "yes", "no"),
        "Ferritin day 0 (µg/L)": ferritin,
        "CRP day 0 (mg/L)": np.round(np.exp(1.5 + rng.standard_normal(n) + 0.5 * score), 1),
        **{f"Response month {month}": _responses(rng, score) for month in (1, 3, 6)},
        "Best response": _responses(rng, score - 0.5),
        "PFS (months)": np.round(np.maximum(np.minimum(pfs, follow_up), 0.1), 2),
        "PFS event": (pfs <= follow_up).astype(int),
        "OS (months)": np.round(np.maximum(np.minimum(os, follow_up), 0.1), 2),
        "OS event": (os <= follow_up).astype(int),
    }
    return pd.DataFrame(table)


def _responses(rng: np.random.Generator, score: np.ndarray) -> np.ndarray:
    place = np.clip(np.floor(2.2 + score + 1.2 * rng.standard_normal(len(score))), 0, len(RESPONSES) - 1)
    return np.asarray(np.array(RESPONSES)[place.astype(int)])


def write(folder: Path, n: int) -> Path:
    """Write the cohort of ``n`` patients to ``folder`` as CSV; returns its path."""
    path = folder / f"made_up_{n}.csv"
    cohort(n).to_csv(path, index=False)
    return path
