"""Synthetic cohorts to try the app on. Every file is made by ``sample_data/generate.py``: no real patient is in any of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Sample:
    """One synthetic cohort: ``key`` names it in the app, ``files`` are read together as one cohort (joined on the patient id)."""

    key: str
    title: str
    files: tuple[str, ...]  # file names in this folder, the one with one row per patient first
    description: str


SAMPLES: tuple[Sample, ...] = (
    Sample(
        key="mayo-like",
        title="Synthetic: ferritin and CRP, ide-cel and cilta-cel, 52 patients",
        files=("synthetic_mayo_like.csv",),
        description="Ferritin and CRP before lymphodepletion and on day 0, marrow plasma cells, responses at 1, 3, 6 and 12 months, "
        "MRD, CRS, ICANS, PFS, OS and DOR. Counts follow the published table of a single-center cohort; the patients are invented.",
    ),
    Sample(
        key="eque-like",
        title="Synthetic: long-term eque-cel with MRD and CAR transgene time courses, 56 patients",
        files=("synthetic_eque_like.csv", "synthetic_eque_like_visits.csv", "synthetic_eque_like_kinetics.csv"),
        description="Three files: one row per patient, one row per visit (response and MRD), one row per blood sample "
        "(CAR transgene, ferritin, CRP, IL-6). Long follow-up, persistence, anti-drug antibodies.",
    ),
    Sample(
        key="ratios",
        title="Synthetic: blood count ratios before lymphodepletion, 197 patients",
        files=("synthetic_ratios.csv",),
        description="Neutrophils, monocytes, lymphocytes and platelets for NLR, MLR and PLR; CRS, peak IL-6 and ferritin, "
        "response, PFS and OS.",
    ),
    Sample(
        key="registry",
        title="Synthetic: registry of 8 centers with dates, 1,000 patients",
        files=("synthetic_registry.csv",),
        description="Ide-cel, cilta-cel and eque-cel with dates of infusion, progression, death and last contact instead of times; "
        "missing values, a center effect on ferritin, extramedullary disease, triple- and penta-class exposure and refractoriness.",
    ),
)


def sample_files(key: str) -> tuple[Path, ...]:
    """Paths of the files of one sample, the one with one row per patient first. ValueError for an unknown key."""
    for sample in SAMPLES:
        if sample.key == key:
            return tuple(FOLDER / name for name in sample.files)
    raise ValueError(f"no sample called {key!r}; there are {', '.join(s.key for s in SAMPLES)}")
