"""Which marker may predict which outcome, who is counted, and what is said about it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cartograph.cohort.model import Cohort, Column
from cartograph.stats.roc import roc_curve
from cartograph.stats.time_roc import TimeRoc, time_roc
from cartograph.views.discrimination import (
    FEW,
    SEARCHED,
    binary_outcomes,
    chosen_cutoffs,
    discrimination,
    horizon_outcomes,
    point_words,
    refusal,
)
from tests.views.conftest import make_cohort


def with_columns(cohort: Cohort, **columns: list[object]) -> Cohort:
    return replace(cohort, patients=cohort.patients.assign(**{k: pd.Series(v, dtype="object") for k, v in columns.items()}))


def toxic(n: int = 60) -> Cohort:
    """CRS grades 0 to 3 and ICANS grades 0 and 1, a tenth not recorded."""
    crs = [None if i % 10 == 0 else str(i % 4) for i in range(n)]
    return with_columns(
        make_cohort(n), crs_grade=crs, icans_grade=[str(i % 2) for i in range(n)], best_mrd=["not done", "negative"] * (n // 2)
    )


def test_the_outcomes_that_a_cohort_can_be_asked_for(cohort: Cohort) -> None:
    assert [o.key for o in binary_outcomes(cohort)] == ["orr", "cr", "mrd", "mrd-1"]
    assert [o.key for o in binary_outcomes(toxic())] == ["orr", "cr", "mrd", "mrd-1", "crs2", "icans"]
    assert [o.key for o in horizon_outcomes(cohort)] == ["pfs@6", "pfs@12", "os@6", "os@12", "os@24"]
    bare = replace(cohort, patients=cohort.patients.drop(columns="best_response"), mrd=cohort.mrd.head(0))
    assert binary_outcomes(bare) == ()


@pytest.mark.parametrize(
    ("outcome", "yes", "known"),
    [
        ("crs2", lambda c: c.patients["crs_grade"].isin(["2", "3"]), lambda c: c.patients["crs_grade"].notna()),
        ("icans", lambda c: c.patients["icans_grade"] == "1", lambda c: c.patients["icans_grade"].notna()),
        ("cr", lambda c: c.patients["best_response"] == "CR", lambda c: c.patients["best_response"].notna()),
        ("orr", lambda c: c.patients["best_response"].isin(["CR", "VGPR"]), lambda c: c.patients["best_response"].notna()),
        ("mrd", lambda c: c.patients["best_mrd"] == "negative", lambda c: c.patients["best_mrd"] == "negative"),
    ],
)
def test_everybody_is_counted_once(outcome, yes, known) -> None:
    cohort = toxic()
    found = discrimination(cohort, "crp_d0", outcome, cutoff=8.0, direction="high")
    value = cohort.patients["crp_d0"].to_numpy()
    used = np.isfinite(value) & known(cohort).to_numpy(dtype=bool)
    plain = roc_curve(value[used], yes(cohort).to_numpy(dtype=bool)[used])
    assert (found.roc.n_positive, found.roc.n_negative) == (plain.n_positive, plain.n_negative)
    assert found.roc.auc.value == pytest.approx(plain.auc.value, nan_ok=True)
    assert found.n + found.n_no_marker + found.n_no_outcome == cohort.n
    assert found.n_no_marker == np.isnan(value).sum()
    assert found.current.called == (value[used] > 8.0).sum()
    assert any("No result for" in c for c in found.cautions) == (found.n_no_outcome > 0)


def test_a_panel_is_its_patients(cohort: Cohort) -> None:
    member = (cohort.patients["product"] == "cilta-cel").to_numpy()
    found = discrimination(cohort, "crp_d0", "cr", member=member, panel="cilta-cel")
    assert found.n + found.n_no_marker + found.n_no_outcome == member.sum()
    assert found.current is None
    assert found.panel == "cilta-cel"


def test_mrd_at_a_visit_and_ever_come_from_the_visits(cohort: Cohort) -> None:
    first = pd.DataFrame(
        {"patient_id": ["P000", "P001", "P002"], "month": 3.0, "visit": "Month 3", "status": ["not done", "negative", "positive"]}
    )
    cohort = replace(cohort, mrd=pd.concat([cohort.mrd, first], ignore_index=True))
    assert discrimination(cohort, "ferritin_d0", "mrd-3").n == 2
    ever = discrimination(cohort, "ferritin_d0", "mrd")
    assert (ever.roc.n_positive, ever.roc.n_negative, ever.n_no_outcome) == (11, 9, 40)  # P001 became negative
    assert "mrd-3" not in [o.key for o in binary_outcomes(cohort)]  # too few were tested


def test_within_a_horizon(cohort: Cohort) -> None:
    found = discrimination(cohort, "ferritin_d0", "pfs@12", cutoff=337.0)
    time, event = cohort.survival("pfs")
    value = cohort.patients["ferritin_d0"].to_numpy()
    theirs = time_roc(value, time, event, 12.0, direction="data")
    assert isinstance(found.roc, TimeRoc)
    assert found.roc.auc.value == theirs.auc.value
    assert f"{theirs.n_censored} censored before the horizon" in " ".join(found.cautions)
    assert "censored for reasons" in found.cautions[-1]
    assert "progression or death within 12 months of infusion" in found.finding
    assert " of " not in point_words(found, found.current)  # weighted patients are not whole
    assert chosen_cutoffs(found) is None
    assert discrimination(cohort, "ferritin_d0", "pfs@7.5").outcome.horizon == 7.5


def test_beyond_follow_up_the_reason_is_said(cohort: Cohort) -> None:
    found = discrimination(cohort, "ferritin_d0", "pfs@99", cutoff=337.0)
    assert "nobody is followed beyond the horizon" in found.finding
    assert found.youden == ()
    assert SEARCHED not in found.cautions


def test_a_marker_that_is_known_later_is_refused(cohort: Cohort) -> None:
    found = discrimination(cohort, "cmax", "cr", cutoff=1e4)
    assert found.roc is None
    assert "known only after infusion" in found.reason
    assert found.notes == (found.reason,) == (found.finding,)
    assert found.method == ""
    assert found.to_frame().empty
    assert chosen_cutoffs(found) is None
    assert "not a number" in refusal(cohort.columns["product"])
    assert refusal(Column("x", "X", "number", timing="identity"))
    assert refusal(cohort.columns["crp_d0"]) == ""


def test_an_outcome_that_the_cohort_lacks_is_refused(cohort: Cohort) -> None:
    found = discrimination(cohort, "ferritin_d0", "crs2")
    assert found.roc is None
    assert (found.n, found.n_no_outcome) == (0, 60)


@pytest.mark.parametrize("outcome", ["nothing", "mrd-", "mrd-x", "pfs@0", "pfs@inf", "x@12", "pfs"])
def test_an_unknown_outcome_is_a_wrong_call(cohort: Cohort, outcome: str) -> None:
    with pytest.raises(ValueError, match="outcome must be one of orr, cr"):
        discrimination(cohort, "ferritin_d0", outcome)


def test_an_unknown_column_is_a_wrong_call(cohort: Cohort) -> None:
    with pytest.raises(ValueError, match="column"):
        discrimination(cohort, "nothing", "cr")


def test_p_is_withheld_where_a_class_is_small_but_the_area_keeps_its_limits(cohort: Cohort) -> None:
    found = discrimination(cohort, "ferritin_d0", "orr")
    assert min(found.roc.n_positive, found.roc.n_negative) < 10
    assert np.isnan(found.p_value)
    assert found.p_reason == FEW
    assert np.isfinite(found.roc.auc.ci_low)
    assert "limits" in found.finding
    assert FEW in found.finding
    large = discrimination(cohort, "ferritin_d0", "cr")
    assert large.p_value == large.roc.p_value
    assert "rank-sum test p = " in large.finding


def test_one_class_and_equal_values_are_said_in_words(cohort: Cohort) -> None:
    everybody = with_columns(cohort, best_response=["CR"] * cohort.n)
    assert "everybody has the outcome" in discrimination(everybody, "ferritin_d0", "cr").finding
    cohort.patients["ferritin_d0"] = 300.0
    same = discrimination(cohort, "ferritin_d0", "cr", cutoff=337.0)
    assert "0.50 (no limits)" in same.finding
    assert "The marker has the same value in all patients." in same.cautions
    assert point_words(same, same.youden[0]).startswith(("everybody", "nobody"))


def test_a_direction_that_the_data_chose_is_said(cohort: Cohort) -> None:
    found = discrimination(cohort, "ferritin_d0", "cr", cutoff=337.0)
    assert found.roc.direction == "low"
    assert "The direction was chosen from these patients" in found.cautions[0]
    assert point_words(found, found.current).startswith("\u2264 337 \u00b5g/L: sensitivity ")
    fixed = discrimination(cohort, "ferritin_d0", "cr", direction="high")
    assert not any("direction was chosen" in c for c in fixed.cautions)
    assert fixed.roc.auc.value == pytest.approx(1 - found.roc.auc.value)


def test_what_the_best_cutoff_is_worth_is_said(cohort: Cohort) -> None:
    said: list[float] = []
    chosen = chosen_cutoffs(discrimination(cohort, "ferritin_d0", "cr"), replicates=200, seed=2, progress=said.append)
    assert said[-1] == 1.0
    assert chosen.range_words.startswith("Drawn again 200 times: Youden cutoff ")
    assert "to be expected in new patients" in chosen.worth_words
    assert "samples chose the same direction" in chosen.worth_words
    assert chosen.found.youden_sum.corrected < chosen.found.youden_sum.apparent
    assert len(chosen.to_frame()) == 200
    assert chosen.method.startswith("bootstrap, 200 replicates")
    assert chosen.notes
    fixed = chosen_cutoffs(discrimination(cohort, "ferritin_d0", "cr", direction="low"), replicates=50)
    assert "its direction was fixed beforehand" in fixed.worth_words
