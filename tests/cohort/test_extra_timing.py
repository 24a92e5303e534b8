"""What a header says about time: a column known only after infusion must not split curves from time zero."""

import pytest

from cartograph.cohort.extra import timing_of


@pytest.mark.parametrize(
    "header",
    [
        "Peak IL-6 (pg/mL)",
        "MRD course",
        "MRD negativity duration (months)",
        "Ferritin max",
        "CRS_grade_max",
        "Hospital stay (days)",
        "ANC day 30",
        "OS status",
        "Relapsed",
        "Best M-protein",
    ],
)
def test_known_only_after_infusion(header: str) -> None:
    assert timing_of(header) == "post-infusion"


@pytest.mark.parametrize(
    "header",
    [
        "Weight",
        "BMI",
        "Diagnosis to infusion (months)",
        "CPR1",
        "kappa",
        "Cyto Abn",
        "DEPDC1",
        "Ferritin day -5",
        "Myeloma type",
        "Stage",
        "ASPC",
        "MRI",
        "sIL2R",
        "Best prior response",
        "Ferritin day \u22125",
    ],
)
def test_known_before(header: str) -> None:
    assert timing_of(header) == "baseline"
