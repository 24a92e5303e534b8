"""Counts that the synthetic cohorts share with the papers they are shaped like."""

from __future__ import annotations

import pandas as pd
import pytest

from sample_data.describe import number, read


@pytest.fixture(scope="module")
def mayo() -> pd.DataFrame:
    return read("synthetic_mayo_like.csv")


@pytest.fixture(scope="module")
def eque() -> pd.DataFrame:
    return read("synthetic_eque_like.csv")


COUNTS = {  # Table 1 of the paper
    "Product": {"ide-cel": 17, "cilta-cel": 35},
    "Sex": {"male": 34, "female": 18},
    "Myeloma type": {"IgG kappa": 21, "IgG lambda": 7, "IgA kappa": 7, "IgA lambda": 7, "Lambda light chain": 5, "Other": 5},
    "R-ISS": {"I": 7, "II": 19, "III": 7, "NA": 19},
    "High-risk cytogenetics": {"yes": 33, "no": 19},
    "Prior ASCT": {"yes": 41, "no": 11},
    "Prior double ASCT": {"yes": 8, "no": 44},
    "Bridging therapy": {"yes": 28, "no": 24},
    "Tocilizumab": {"yes": 34, "no": 18},
    "Steroids": {"yes": 15, "no": 37},
    "CRS grade": {"0": 12, "1": 31, "2": 8, "3": 1},
    "ICANS grade": {"0": 45, "1": 4, "2": 2, "3": 1},
}


@pytest.mark.parametrize("column", sorted(COUNTS))
def test_mayo_counts(mayo: pd.DataFrame, column: str) -> None:
    assert mayo[column].value_counts().to_dict() == COUNTS[column]


def test_mayo_ecog(mayo: pd.DataFrame) -> None:
    assert mayo["ECOG"].isin(["0", "1"]).sum() == 34
    assert mayo["ECOG"].isin(["2", "3"]).sum() == 6
    assert (mayo["ECOG"] == "NA").sum() == 12


@pytest.mark.parametrize(
    ("column", "median", "low", "high"),
    [
        ("Ferritin day 0 (µg/L)", 238, 20, 5561),
        ("Age (years)", 56, 33, 76),
        ("Prior lines of therapy", 5, 3, 12),
        ("Diagnosis to infusion (months)", 74, 14, 213),
        ("Apheresis to infusion (days)", 54, 39, 239),
        ("Bone marrow plasma cells (%)", 15, 0, 87),
        ("CRS onset (day)", 6, 1, 10),
        ("ICANS onset (day)", 7, 1, 25),
    ],
)
def test_mayo_medians_and_ranges(mayo: pd.DataFrame, column: str, median: float, low: float, high: float) -> None:
    values = number(mayo[column])
    assert (values.median(), values.min(), values.max()) == (median, low, high)


def test_mayo_cutoffs_and_their_boundary(mayo: pd.DataFrame) -> None:
    ferritin, crp = number(mayo["Ferritin day 0 (µg/L)"]), number(mayo["CRP day 0 (mg/L)"])
    marrow = number(mayo["Bone marrow plasma cells (%)"])
    assert (ferritin > 337).sum() == 23
    assert (ferritin <= 337).sum() == 29
    assert (ferritin == 337).sum() == 1  # high is > 337: one patient shows whether the rule is kept
    assert (crp > 8).sum() == 21
    assert (crp == 8).sum() == 1
    assert (mayo["CRP day 0 (mg/L)"] == "<3").sum() == 12
    assert crp.max() == 90
    assert marrow.notna().sum() == 35
    assert (marrow > 10).sum() == 26
    assert (marrow == 10).sum() == 1
    assert (mayo["Ferritin pre-LD (µg/L)"] == "").sum() == 6


def test_mayo_responses_and_mrd(mayo: pd.DataFrame) -> None:
    complete = mayo[[f"Response month {m}" for m in (1, 3, 6)]].isin(["CR", "sCR"]).any(axis=1)
    tests = mayo[[c for c in mayo if c.startswith("MRD month")]]
    month_6 = mayo["Response month 6"]
    for product, cr, evaluable, responders, tested, negative in (("ide-cel", 7, 13, 6, 11, 10), ("cilta-cel", 28, 33, 32, 32, 32)):
        of = mayo["Product"] == product
        assert complete[of].sum() == cr
        assert (~month_6[of].isin(["", "NE"])).sum() == evaluable
        assert month_6[of].isin(["PR", "VGPR", "CR", "sCR"]).sum() == responders
        assert (tests[of] != "").any(axis=1).sum() == tested
        assert (tests[of] == "negative").any(axis=1).sum() == negative


def test_mayo_mrd_is_tested_only_in_responders(mayo: pd.DataFrame) -> None:
    tested = (mayo[[c for c in mayo if c.startswith("MRD month")]] != "").any(axis=1)
    assert mayo.loc[tested, "Best response"].isin(["PR", "VGPR", "CR", "sCR"]).all()


def test_eque_counts(eque: pd.DataFrame) -> None:
    lasting = number(eque["CAR-T persistence (months)"])
    assert [int((lasting >= m).sum()) for m in (6, 12, 24, 36)] == [43, 22, 14, 4]
    assert eque["Best response"].isin(["CR", "sCR"]).sum() == 45
    assert eque["Best response"].isin(["PR", "VGPR", "CR", "sCR"]).sum() == 54
    assert eque["MRD course"].value_counts().to_dict() == {"lost": 29, "sustained": 25, "never": 2}
    assert (eque["OS event"][eque["MRD course"] == "sustained"] == "1").sum() == 4
    assert (eque["Anti-drug antibodies"] == "positive").sum() == 9
    assert (eque["Triple-class exposed"] == "yes").sum() == 10
    assert eque["High-risk cytogenetics"].value_counts().to_dict() == {"no": 34, "yes": 21, "": 1}
    assert eque["CRS grade"].value_counts().to_dict() == {"0": 4, "1": 29, "2": 19, "3": 4}
    assert number(eque["Tmax (day)"]).agg(["min", "median", "max"]).tolist() == [7, 12, 22]
    assert (eque["PFS event"] == "1").sum() == 33
    assert number(eque["Bone marrow plasma cells (%)"]).median() == 60


def test_ratios_have_patients_on_both_sides_of_each_cutoff() -> None:
    f = read("synthetic_ratios.csv")
    alc = number(f["ALC pre-LD (10^9/L)"])
    for header, cutoff in (("ANC pre-LD (10^9/L)", 2.55), ("AMC pre-LD (10^9/L)", 0.35), ("Platelets pre-LD (10^9/L)", 145.0)):
        share = (number(f[header]) / alc > cutoff).mean()
        assert 0.3 < share < 0.5
