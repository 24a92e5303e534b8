"""Rules that every patient keeps, in every cohort: a synthetic file must not fail the app's own data report."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sample_data.describe import number, read, times

WIDE = {
    "mayo": "synthetic_mayo_like.csv",
    "eque": "synthetic_eque_like.csv",
    "ratios": "synthetic_ratios.csv",
    "registry": "synthetic_registry.csv",
}
SIZES = {"mayo": 52, "eque": 56, "ratios": 197, "registry": 1000}
ORDER = ["PD", "SD", "MR", "PR", "VGPR", "CR", "sCR"]
ANY = sorted(WIDE)
TIMED = ["eque", "mayo", "ratios"]


def long_responses(key: str) -> pd.DataFrame:
    """Patient ID, month, response (neither empty nor NE)."""
    if key == "eque":
        visits = read("synthetic_eque_like_visits.csv")
        out = pd.DataFrame({"Patient ID": visits["Patient ID"], "month": number(visits["Month"]), "response": visits["Response"]})
    else:
        wide = read(WIDE[key])
        columns = {c: float(c.removeprefix("Response month ")) for c in wide if c.startswith("Response month ")}
        out = wide.melt("Patient ID", list(columns), "month", "response")
        out["month"] = out["month"].map(columns).astype(float)
    return out[~out["response"].isin(["", "NE"])]


def with_times(key: str) -> pd.DataFrame:
    wide = read(WIDE[key])
    return long_responses(key).merge(
        times(wide).assign(**{"Patient ID": wide["Patient ID"], "best": wide["Best response"]}), on="Patient ID"
    )


@pytest.mark.parametrize("key", ANY)
def test_one_row_per_patient(key: str) -> None:
    ids = read(WIDE[key])["Patient ID"]
    assert len(ids) == SIZES[key]
    assert ids.is_unique
    assert ids.str.startswith("SYN-").all()


@pytest.mark.parametrize("key", ANY)
def test_times_are_positive_and_os_is_not_shorter_than_pfs(key: str) -> None:
    t = times(read(WIDE[key]))
    assert t.notna().all().all()
    assert (t["pfs"] > 0).all()
    assert (t["os"] >= t["pfs"]).all()


@pytest.mark.parametrize("key", ANY)
def test_a_death_is_a_pfs_event_and_who_is_censored_for_pfs_is_followed_no_longer(key: str) -> None:
    t = times(read(WIDE[key]))
    assert (t.loc[t["os_event"] == 1, "pfs_event"] == 1).all()
    assert (t.loc[t["pfs_event"] == 0, "pfs"] == t.loc[t["pfs_event"] == 0, "os"]).all()


@pytest.mark.parametrize("key", TIMED)
def test_duration_of_response_fits_pfs(key: str) -> None:
    f = read(WIDE[key])
    responded = f["DOR (months)"] != ""
    assert (number(f.loc[responded, "DOR (months)"]) > 0).all()
    assert (number(f.loc[responded, "DOR (months)"]) < number(f.loc[responded, "PFS (months)"])).all()
    assert (f.loc[responded, "DOR event"] == f.loc[responded, "PFS event"]).all()
    assert (f["Best response"].isin(["PR", "VGPR", "CR", "sCR"]) == responded).all()


@pytest.mark.parametrize("key", ANY)
def test_no_visit_before_progression_is_pd_and_every_visit_after_is(key: str) -> None:
    v = with_times(key)
    slack = 0.02 if key == "registry" else 0.0  # dates are whole days
    before = v["month"] < v["pfs"] - slack
    after = (v["month"] > v["pfs"] + slack) & (v["pfs_event"] == 1)
    assert (v.loc[before, "response"] != "PD").all()
    assert (v.loc[after, "response"] == "PD").all()
    assert after.any()


@pytest.mark.parametrize("key", ANY)
def test_visits_end_with_follow_up(key: str) -> None:
    v = with_times(key)
    assert (v["month"] <= v["os"] + 0.02).all()


@pytest.mark.parametrize("key", ANY)
def test_best_response_is_the_best_visit(key: str) -> None:
    v = with_times(key)
    best = v.assign(rank=v["response"].map(ORDER.index)).groupby("Patient ID").agg(rank=("rank", "max"), best=("best", "first"))
    assert (best["rank"] == best["best"].map(ORDER.index)).all()
    f = read(WIDE[key]).set_index("Patient ID")
    assert (f.loc[f.index.difference(best.index), "Best response"] == "NE").all()


@pytest.mark.parametrize("key", ANY)
def test_response_never_falls_before_progression(key: str) -> None:
    v = with_times(key)
    v = v[v["response"] != "PD"].sort_values(["Patient ID", "month"])
    steps = v["response"].map(ORDER.index).groupby(v["Patient ID"]).diff().dropna()
    assert (steps >= 0).all()


@pytest.mark.parametrize("key", ANY)
def test_onset_and_treatment_only_with_toxicity(key: str) -> None:
    f = read(WIDE[key])
    crs = number(f["CRS grade"])
    assert ((f["CRS onset (day)"] != "") == (crs > 0)).all()
    assert (crs[f["Tocilizumab"] == "yes"] > 0).all()
    assert ((crs > 0) | (number(f["ICANS grade"]) > 0))[f["Steroids"] == "yes"].all()


@pytest.mark.parametrize("key", ["mayo", "eque", "registry"])
def test_high_risk_flag_follows_from_the_lesions(key: str) -> None:
    f = read(WIDE[key])
    names = [c for c in ("del(17p)", "t(4;14)", "t(14;16)") if c in f] + (["Gain/amp 1q", "del(1p)"] if key == "mayo" else [])
    known = f["High-risk cytogenetics"] != ""
    assert ((f[names] == "yes").any(axis=1) == (f["High-risk cytogenetics"] == "yes"))[known].all()


def test_refractory_is_within_exposed_and_penta_within_triple() -> None:
    f = read(WIDE["registry"])
    yes = {c: f[c] == "yes" for c in f if c.startswith(("Triple", "Penta"))}
    for narrow, wide in (
        ("Triple-class refractory", "Triple-class exposed"),
        ("Penta-class refractory", "Penta-class exposed"),
        ("Penta-class refractory", "Triple-class refractory"),
        ("Penta-class exposed", "Triple-class exposed"),
    ):
        assert yes[wide][yes[narrow]].all()
        assert yes[wide].sum() > yes[narrow].sum()


def test_registry_dates_are_in_order() -> None:
    f = read(WIDE["registry"])
    day = {c: pd.to_datetime(f[c].replace("", None)) for c in f if c.endswith("date")}
    last = day["Last contact date"]
    assert (day["Infusion date"] < last).all()
    assert last.max() <= pd.Timestamp("2025-06-30")
    for event in ("Progression date", "Death date"):
        known = day[event].notna()
        assert ((day["Infusion date"] < day[event]) & (day[event] <= last))[known].all()
    dead = day["Death date"].notna()
    assert (day["Death date"] == last)[dead].all()
    assert (f[["Ferritin day 0 (ng/mL)", "Bone marrow plasma cells (%)", "ECOG"]] == "").any().all()
    assert f["Center"].nunique() == 8
    assert f["Product"].nunique() == 3


def test_eque_files_hold_the_same_patients() -> None:
    ids = set(read(WIDE["eque"])["Patient ID"])
    assert set(read("synthetic_eque_like_visits.csv")["Patient ID"]) == ids
    assert set(read("synthetic_eque_like_kinetics.csv")["Patient ID"]) == ids


def test_eque_kinetics_agree_with_cmax_tmax_and_persistence() -> None:
    f = read(WIDE["eque"]).set_index("Patient ID")
    k = read("synthetic_eque_like_kinetics.csv")
    assert not k.duplicated(["Patient ID", "Day"]).any()
    header = "CAR transgene (copies/µg)"
    k = k.assign(day=number(k["Day"]), level=number(k[header]), below=k[header] == "<50")
    assert k["below"].any()
    assert (k.loc[~k["below"], "level"] >= 50).all()
    for patient, samples in k.groupby("Patient ID"):
        peak = samples.loc[samples["level"].idxmax()]
        assert peak["level"] == float(f.loc[patient, "Cmax (copies/µg)"])
        assert peak["day"] == float(f.loc[patient, "Tmax (day)"])
        last = samples.loc[~samples["below"], "day"].max()
        assert last == np.floor(float(f.loc[patient, "CAR-T persistence (months)"]) * 30.4375)
        assert last <= float(f.loc[patient, "OS (months)"]) * 30.4375


def test_eque_mrd_visits_agree_with_the_mrd_course() -> None:
    f = read(WIDE["eque"]).set_index("Patient ID")
    v = read("synthetic_eque_like_visits.csv")
    v = v.assign(month=number(v["Month"])).sort_values(["Patient ID", "month"])
    for patient, visits in v.groupby("Patient ID"):
        tests = visits.loc[visits["MRD"] != "not done", "MRD"].tolist()
        after = tests[tests.index("negative") :] if "negative" in tests else []
        course = "never" if not after else "lost" if "positive" in after else "sustained"
        assert course == f.loc[patient, "MRD course"], patient
