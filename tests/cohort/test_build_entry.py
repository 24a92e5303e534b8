"""From a file to a cohort in one call, and the public names."""

import pytest

import cartograph.cohort
from cartograph.cohort import CohortError, Mapping, read_cohort
from tests.cohort.making import choices

CSV = b"""# SYNTHETIC: made up
Patient ID,Product,Ferritin day 0 (ng/mL),PFS (months),PFS event,OS (months),OS event,Response month 1
A,cilta-cel,100,5.5,1,9,0,PR
B,ide-cel,<3,7,0,7,0,CR
C,ide-cel,900,2,1,2.5,1,SD
"""
VISITS = b"Patient ID;Month;Response\nA;3;VGPR\nA;6;PR\nB;3;sCR\nB;6;CR\nC;3;SD\nC;6;PD\n"


def test_bytes_of_a_file_become_a_cohort():
    cohort = read_cohort(CSV, name="made up")
    assert (cohort.name, cohort.n, cohort.synthetic) == ("made up", 3, True)
    assert cohort.survival("pfs")[0].tolist() == [5.5, 7.0, 2.0]
    assert cohort.survival("pfs")[1].tolist() == [1.0, 0.0, 1.0]
    assert cohort.survival("os")[1].tolist() == [0.0, 0.0, 1.0]
    assert cohort.patients["ferritin_d0"].tolist() == [100.0, 1.5, 900.0]
    assert cohort.responses["response"].tolist() == ["PR", "CR", "SD"]
    assert cohort.report.errors == ()


def test_several_files_join(tmp_path):
    (tmp_path / "patients.csv").write_bytes(CSV)
    (tmp_path / "visits.csv").write_bytes(VISITS)
    cohort = read_cohort([tmp_path / "patients.csv", str(tmp_path / "visits.csv")])
    assert cohort.n == 3
    assert cohort.responses.loc[cohort.responses["month"] == 3, "response"].tolist() == ["VGPR", "sCR", "SD"]
    assert cohort.patients["best_response"].astype(object).tolist() == ["VGPR", "sCR", "SD"]


def test_a_mapping_of_ones_own_is_followed(tmp_path):
    (tmp_path / "c.csv").write_bytes(CSV)
    mapping = Mapping(choices({"Patient ID": "patient_id", "Product": "product"}, "c.csv"), name="mine")
    cohort = read_cohort(tmp_path / "c.csv", mapping)
    assert list(cohort.columns) == ["product"]
    assert cohort.name == "mine"


def test_a_file_that_holds_nothing_is_an_error(tmp_path):
    with pytest.raises(CohortError):
        read_cohort(b"")
    with pytest.raises(CohortError):
        read_cohort(tmp_path / "not there.csv")


def test_every_public_name_is_there():
    assert [name for name in cartograph.cohort.__all__ if not hasattr(cartograph.cohort, name)] == []
    assert set(cartograph.cohort.__all__) <= set(dir(cartograph.cohort))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = cartograph.cohort.nothing
