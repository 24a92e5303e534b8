"""Made-up cohorts that are hard on a page, read as a file would be; no patient.

Each is a small CSV. Several difficulties share a cohort where none hides another.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import cycle, islice
from typing import Final

import numpy as np

from cartograph.cohort import Cohort, read_cohort

Cells = Sequence[object]

SCRIPT: Final = "<script>window.hit=1</script>"
PICTURE: Final = "<img src=x onerror='window.hit=1'>"
WORDY: Final = ("Number that somebody described at length in the heading of the table " * 4)[:200]
WORDY_FLAG: Final = ("Question that somebody asked at length in the heading of the table " * 4)[:200]
WORDY_PRODUCT: Final = ("cilta-cel given within an expanded access programme and described at length " * 3)[:200]
UNBROKEN: Final = "Unbroken" * 25
SITES: Final = tuple(f"Site {k:02d} of the network" for k in range(60))
PFS, OS = ("PFS (months)", "PFS event"), ("OS (months)", "OS event")
FERRITIN, CRP, LDH, ALBUMIN, ALC = (
    "Ferritin day 0 (ng/mL)", "CRP day 0 (mg/L)", "LDH pre-LD (U/L)", "Albumin pre-LD (g/L)", "ALC pre-LD (10^9/L)",
)  # fmt: skip


def as_csv(table: Mapping[str, Cells]) -> bytes:
    """A table of columns as the bytes of a file; "" is an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table)
    writer.writerows(zip(*table.values(), strict=True))
    return out.getvalue().encode()


def turns(n: int, *words: object) -> list[object]:
    """The words in turn, ``n`` in all."""
    return list(islice(cycle(words), n))


def mixed(n: int, seed: int, *words: object) -> list[object]:
    """The words, each as often as the others, in an order that goes with nothing else."""
    in_turn = turns(n, *words)
    return [in_turn[int(i)] for i in np.random.default_rng(seed).permutation(n)]


def ids(n: int) -> list[object]:
    return [f"P{i:03d}" for i in range(n)]


def times(n: int, seed: int) -> list[object]:
    """Different times from 1 month up."""
    return list(np.round(1 + np.random.default_rng(seed).permutation(n) * 22 / n, 2))


def spread(n: int, seed: int, middle: float = 300.0) -> list[object]:
    """A skewed marker with a value of its own for each patient."""
    return list(np.round(middle * np.exp(np.random.default_rng(seed).normal(0, 1, n)), 2))


def outcomes(n: int, pfs: Cells, os: Cells, seed: int = 5) -> dict[str, Cells]:
    """PFS and OS; nobody dies before they progress."""
    first = times(n, seed)
    return {PFS[0]: first, PFS[1]: pfs, OS[0]: [round(float(str(t)) + 0.5, 2) for t in first], OS[1]: os}


def crowded(n: int = 60) -> dict[str, Cells]:
    """Names of 200 characters, 60 centers, a level with one patient, markup in cells, 40 % without ferritin, a constant column."""
    ferritin = spread(n, 2)
    for i in np.random.default_rng(1).permutation(n)[: int(0.4 * n)]:
        ferritin[int(i)] = ""
    progressed = mixed(n, 21, 1, 1, 0)
    return {
        "Patient ID": [UNBROKEN, SCRIPT, *ids(n)[2:]],
        "Product": mixed(n, 22, "ide-cel", WORDY_PRODUCT, UNBROKEN),
        "Center": turns(n, *SITES),
        "Sex": mixed(n, 23, "male", "female"),
        "R-ISS": ["III", *turns(n - 1, "I", "II")],
        FERRITIN: ferritin,
        CRP: spread(n, 3, 8.0),
        WORDY: spread(n, 4, 1.0),
        WORDY_FLAG: mixed(n, 24, "yes", "no", "no"),
        f"Remark {PICTURE}": mixed(n, 25, SCRIPT, PICTURE, "**bold** [link](http://example.org)"),
        "Constant": [7.5] * n,
        "Infection grade": mixed(n, 26, 0, 1, 2, 3, 4),
        "CRS grade": mixed(n, 27, 0, 1, 1, 2, 5),
        "CRS onset (day)": mixed(n, 28, "", 3, 5, 1, 2),
        "ICANS grade": ["1", *turns(n - 1, 0)],
        "Tocilizumab": mixed(n, 29, "no", "no", "yes"),
        "Response month 1": mixed(n, 30, "PR", "VGPR", "SD", "PR"),
        "Response month 3": mixed(n, 31, "VGPR", "CR", "PD", "NE"),
        "Best response": mixed(n, 32, "VGPR", "CR", "SD", "PR"),
        "MRD month 3": mixed(n, 33, "negative", "positive", "not done"),
        **outcomes(n, progressed, mixed(n, 34, 0, 0, 1)),
    }


def alike(n: int = 30) -> dict[str, Cells]:
    """One product; everybody responds, everybody is MRD negative, nobody has toxicity; the first marker is the same in all."""
    return {
        "Patient ID": ids(n),
        "Product": ["cilta-cel"] * n,
        "Sex": ["male"] * n,
        "Age (years)": [61] * n,
        FERRITIN: [250] * n,
        CRP: spread(n, 6, 8.0),
        "CRS grade": [0] * n,
        "ICANS grade": [0] * n,
        "Tocilizumab": ["no"] * n,
        "Response month 1": ["CR"] * n,
        "Response month 3": ["CR"] * n,
        "Best response": ["CR"] * n,
        "MRD month 1": ["negative"] * n,
        "MRD month 3": ["negative"] * n,
        **outcomes(n, turns(n, 1, 0), turns(n, 0, 0, 1)),
    }


def eventless(n: int = 24) -> dict[str, Cells]:
    """No event of any endpoint; nobody responds or becomes MRD negative; one product has a single patient."""
    return {
        "Patient ID": ids(n),
        "Product": ["cilta-cel", *["ide-cel"] * (n - 1)],
        "Sex": turns(n, "male", "female"),
        FERRITIN: spread(n, 7),
        CRP: spread(n, 8, 8.0),
        "CRS grade": turns(n, 0, 1),
        "Response month 1": ["SD"] * n,
        "Response month 3": ["SD"] * n,
        "Best response": ["SD"] * n,
        "MRD month 1": ["positive"] * n,
        "MRD month 3": ["positive"] * n,
        **outcomes(n, [0] * n, [0] * n),
    }


def tied(n: int = 40) -> dict[str, Cells]:
    """Ferritin of two values, CRP below detection in 90 %, LDH all equal, albumin never measured, ALC of four values; tied times."""
    return {
        "Patient ID": ids(n),
        "Product": turns(n, "ide-cel", "cilta-cel"),
        FERRITIN: turns(n, 120, 120, 900),
        CRP: ["<3"] * (n * 9 // 10) + spread(n - n * 9 // 10, 9, 30.0),
        LDH: [200] * n,
        ALBUMIN: [""] * n,
        ALC: turns(n, 0.1, 0.2, 0.2, 0.4, 0.8),
        "CRS grade": turns(n, 0, 1, 2),
        "Best response": turns(n, "CR", "PR", "SD"),
        "Response month 1": turns(n, "PR", "PR", "SD"),
        "MRD month 1": turns(n, "negative", "positive"),
        PFS[0]: turns(n, 3, 6, 6, 12),
        PFS[1]: turns(n, 1, 1, 0),
        OS[0]: turns(n, 6, 12, 12, 24),
        OS[1]: turns(n, 0, 1, 0, 0, 0),
    }


def one_event(n: int = 24) -> dict[str, Cells]:
    """A single progression and no death."""
    return {
        "Patient ID": ids(n),
        "Product": turns(n, "ide-cel", "cilta-cel"),
        FERRITIN: spread(n, 10),
        CRP: spread(n, 11, 8.0),
        "CRS grade": ["2", *[0] * (n - 1)],
        "Best response": ["CR", *["PR"] * (n - 1)],
        "Response month 1": ["NE", *["PR"] * (n - 1)],
        **outcomes(n, [1, *[0] * (n - 1)], [0] * n),
    }


def one_sided(n: int = 40) -> dict[str, Cells]:
    """Only the four patients with the highest ferritin have events: the low group has none at any cutoff that is searched."""
    ferritin = [100 + 10 * i for i in range(n)]
    bad = [int(i >= n - 4) for i in range(n)]
    return {
        "Patient ID": ids(n),
        "Product": turns(n, "ide-cel", "cilta-cel", "cilta-cel"),
        FERRITIN: ferritin,
        "CRS grade": turns(n, 1, 2),
        "Best response": turns(n, "CR", "PR"),
        **outcomes(n, bad, bad),
    }


def alone() -> dict[str, Cells]:
    """One patient."""
    return {name: cells[:1] for name, cells in eventless().items()} | {PFS[1]: [1], "Best response": ["CR"]}


def bare(n: int = 12) -> dict[str, Cells]:
    """Nothing but a time and an event."""
    return {"Patient ID": ids(n), OS[0]: times(n, 12), OS[1]: turns(n, 0, 1)}


TABLES: Final[Mapping[str, Callable[[], dict[str, Cells]]]] = {
    "crowded": crowded,
    "alike": alike,
    "eventless": eventless,
    "tied": tied,
    "one event": one_event,
    "one-sided": one_sided,
    "alone": alone,
    "bare": bare,
}


@cache
def awkward(name: str) -> Cohort:
    """One of ``TABLES`` as a cohort, through the reading of files."""
    return read_cohort(as_csv(TABLES[name]()), name=f"{UNBROKEN} {SCRIPT}" if name == "crowded" else name)
