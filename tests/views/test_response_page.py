"""What the Response page shows, against slow counting."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cartograph.cohort import read_cohort
from cartograph.cohort.model import Cohort, Column
from cartograph.cohort.schema import RESPONSE_LEVELS
from cartograph.views.rates import rates_of
from cartograph.views.response_page import (
    STATES,
    bars_of,
    depth,
    depth_column,
    flow,
    response_data,
    response_sentence,
    share_curves,
    timings,
)
from sample_data import sample_files
from tests.views.after_infusion import groups, sides, treated

MAYO = read_cohort(sample_files("mayo-like"))
CODES = ["sCR", "CR", "VGPR", "PR", "SD", "PD", "NE", None]


def small(responses: list[tuple[int, float, str]], pfs: list[tuple[float, float]]) -> Cohort:
    """A cohort of a few patients with given visits and PFS."""
    n = len(pfs)
    cohort = treated(n)
    patients = cohort.patients.assign(pfs_time=[t for t, _ in pfs], pfs_event=[e for _, e in pfs])
    rank = {level: k for k, level in enumerate(RESPONSE_LEVELS)}
    best = [min((r for p, _, r in responses if p == k and r != "NE"), key=rank.__getitem__, default=None) for k in range(n)]
    patients["best_response"] = pd.Categorical(best, categories=list(RESPONSE_LEVELS), ordered=True)
    ids = patients["patient_id"]
    rows = [(ids[p], month, f"Month {month:g}", response) for p, month, response in responses]
    frame = pd.DataFrame(rows, columns=["patient_id", "month", "visit", "response"])
    return replace(cohort, patients=patients, responses=frame, mrd=cohort.mrd.iloc[:0], fingerprint=repr((responses, pfs)))


def visit_lists() -> st.SearchStrategy:
    one = st.lists(st.sampled_from(CODES), min_size=3, max_size=3)
    follow = st.tuples(st.floats(0.5, 20).map(lambda t: round(t, 1)), st.sampled_from([0.0, 1.0]))
    return st.lists(st.tuples(one, follow), min_size=3, max_size=12)


def made_of(drawn) -> Cohort:
    visits = [(k, m, r) for k, (codes, _) in enumerate(drawn) for m, r in zip((1.0, 3.0, 6.0), codes, strict=True) if r]
    return small(visits, [follow for _, follow in drawn])


def test_rates_of_the_sample_are_counts_of_its_rows() -> None:
    data = response_data(MAYO, sides(MAYO))
    assert data.months == (1.0, 3.0, 6.0, 12.0)
    assert list(data.outcomes) == ["Month 1", "Month 3", "Month 6", "Month 12", "Best"]
    made = groups(MAYO, None)
    at_three = MAYO.responses[MAYO.responses["month"] == 3]
    evaluable = at_three[at_three["response"] != "NE"]
    for rate in rates_of(data.outcomes["Month 3"], sides(MAYO)[:1], made)[:3]:
        levels = {"orr": ["sCR", "CR", "nCR", "VGPR", "PR"], "vgpr": ["sCR", "CR", "nCR", "VGPR"], "cr": ["sCR", "CR"]}[rate.outcome]
        assert (rate.yes, rate.evaluable) == (evaluable["response"].isin(levels).sum(), len(evaluable))


def test_both_denominators_have_the_same_numerator() -> None:
    data = response_data(MAYO, sides(MAYO))
    for outcomes in data.outcomes.values():
        rates = rates_of(outcomes, sides(MAYO)[:1], groups(MAYO, None))
        half = len(rates) // 2
        for one, other in zip(rates[:half], rates[half:], strict=True):
            assert one.yes == other.yes
            assert one.evaluable <= other.evaluable == MAYO.n
    mrd = next(o for o in data.outcomes["Month 1"] if o.key == "mrd")
    tests = MAYO.mrd[(MAYO.mrd["month"] == 1) & MAYO.mrd["status"].isin(["negative", "positive"])]
    assert (np.isfinite(mrd.values).sum(), np.nansum(mrd.values)) == (len(tests), (tests["status"] == "negative").sum())


def test_the_sentence_says_counts_and_difference() -> None:
    words = response_sentence(response_data(MAYO, sides(MAYO)), groups(MAYO))
    assert "high against low: PR or better: 19/23 against 26/29, difference \u22127 points" in words
    assert "unadjusted" in words
    assert "of 52 evaluable" in response_sentence(response_data(MAYO, sides(MAYO)), groups(MAYO, None))


def test_the_sentence_compares_nothing_where_a_group_has_nobody() -> None:
    data = response_data(MAYO, sides(MAYO))
    assert response_sentence(data, groups(MAYO, 1e6)) == "Nobody in the group Ferritin, day 0 > 1,000,000 \u00b5g/L: nothing to compare."
    assert response_sentence(data, groups(MAYO, 0.5)).startswith("Nobody in the group Ferritin, day 0 \u2264 0.5 ")


def test_bars_leave_out_visits_without_a_response() -> None:
    bars, tests = bars_of(response_data(MAYO, sides(MAYO)), groups(MAYO))
    assert {b.visit for b in bars} == {"Month 1", "Month 3", "Month 6", "Month 12", "Best"}
    assert tests


@settings(max_examples=40, deadline=None)
@given(visit_lists())
def test_the_share_so_far_is_a_count_of_patients(drawn) -> None:
    cohort = made_of(drawn)
    data = response_data(cohort, sides(cohort))
    responders = ("sCR", "CR", "nCR", "VGPR", "PR")
    for curve in share_curves(data, groups(cohort, None), "orr")[0]:
        for time, share in zip(curve.time, curve.share, strict=True):
            seen = [any(r in responders and m <= time for m, r in zip((1, 3, 6), codes, strict=True)) for codes, _ in drawn]
            assert share == pytest.approx(np.mean(seen))
        assert curve.n == cohort.n
        assert np.all(np.diff(curve.share) >= 0)


@settings(max_examples=40, deadline=None)
@given(visit_lists())
def test_without_censoring_or_end_before_it_incidence_and_share_agree(drawn) -> None:
    """Everybody progresses at month 20: nothing is censored, and incidence is a plain share."""
    cohort = made_of([(codes, (20.0, 1.0)) for codes, _ in drawn])
    data = response_data(cohort, sides(cohort))
    for curve in share_curves(data, groups(cohort, None), "")[0]:
        if curve.incidence is None:
            assert curve.n_reached == 0
            continue
        times = [t for t in (1.0, 3.0, 6.0, 19.0) if t <= curve.incidence.max_time]  # it ends when all have responded
        at = curve.incidence.at(times)["incidence"].to_numpy()
        share = [float((data.reached[("orr", "vgpr", "cr").index(curve.level)].month <= t).mean()) for t in times]
        np.testing.assert_allclose(at, share, atol=1e-12)


def test_progression_competes_and_censoring_counts() -> None:
    """Of four patients one responds at month 1, one progresses at 2, one is censored at 2, one responds at 3: 1/4 + 1/2 = 3/4 x ..."""
    cohort = small([(0, 1.0, "PR"), (3, 3.0, "CR")], [(9.0, 0.0), (2.0, 1.0), (2.0, 0.0), (9.0, 0.0)])
    curve = share_curves(response_data(cohort, sides(cohort)), groups(cohort, None), "orr")[0][0]
    at = curve.incidence.at([1.0, 2.0, 3.0])["incidence"].to_numpy()
    np.testing.assert_allclose(at, [1 / 4, 1 / 4, 1 / 4 + (3 / 4) * (2 / 3)])
    assert curve.half == 3.0
    assert (curve.n_reached, curve.n_unknown) == (2, 0)


def test_a_response_after_progression_does_not_count_in_the_incidence_but_within_the_visit_window_does() -> None:
    late = small([(0, 6.0, "PR")], [(2.0, 1.0), (9.0, 0.0), (9.0, 0.0)])
    assert share_curves(response_data(late, sides(late)), groups(late, None), "orr")[0][0].incidence is None
    near = small([(0, 6.0, "PR")], [(5.8, 1.0), (9.0, 0.0), (9.0, 0.0)])
    assert share_curves(response_data(near, sides(near)), groups(near, None), "orr")[0][0].incidence is not None


def test_best_response_without_a_visit_is_counted_as_undated() -> None:
    cohort = small([(0, 1.0, "PR")], [(9.0, 0.0)] * 4)
    best = pd.Categorical(["PR", "CR", None, "SD"], categories=list(RESPONSE_LEVELS), ordered=True)
    cohort = replace(cohort, patients=cohort.patients.assign(best_response=best), fingerprint="undated")
    found = timings(response_data(cohort, sides(cohort)), groups(cohort, None))[0]
    assert (found.responders, found.undated, found.n) == (1, 1, 4)
    assert found.first == (1.0, 1.0, 1.0)


def test_times_to_first_and_best_response() -> None:
    visits = [(0, 1.0, "PR"), (0, 3.0, "CR"), (0, 6.0, "CR"), (1, 3.0, "PR"), (1, 6.0, "PD"), (2, 1.0, "SD")]
    cohort = small(visits, [(9.0, 0.0), (6.0, 1.0), (9.0, 0.0)])
    found = timings(response_data(cohort, sides(cohort)), groups(cohort, None))[0]
    assert found.first == (2.0, 1.0, 3.0)
    assert found.best == (3.0, 3.0, 3.0)


def test_without_an_end_no_incidence_is_made_up() -> None:
    cohort = replace(treated(30), endpoints={}, fingerprint="endless")
    curve = share_curves(response_data(cohort, sides(cohort)), groups(cohort, None), "cr")[0][0]
    assert curve.incidence is None
    assert math.isnan(curve.half)


@settings(max_examples=40, deadline=None)
@given(visit_lists())
def test_the_flow_counts_every_patient_once_at_every_visit(drawn) -> None:
    cohort = made_of(drawn)
    data = response_data(cohort, sides(cohort))
    if len(data.months) < 2:
        return
    found = flow(data, sides(cohort)[0], None, groups(cohort, None))
    counted = found.to_frame().groupby(["from_visit", "to_visit"])["patients"].sum()
    assert set(counted) == {cohort.n}
    for k, month in enumerate(data.months):
        for patient, (codes, (end, event)) in enumerate(drawn):
            code = dict(zip((1.0, 3.0, 6.0), codes, strict=True))[month]
            if code in ("sCR", "CR"):
                expected = "CR or better"
            elif code in {"VGPR", "PR"}:
                expected = code
            elif code == "SD":
                expected = "MR or SD"
            else:
                expected = "progressed or died" if code == "PD" or (event and end <= month) else "no result"
            assert STATES[found.states[patient, k]] == expected
    moves = found.moves
    assert (moves["both_known"] == moves["deepened"] + moves["same"] + moves["less"]).all()


def test_the_flow_of_a_marker_group_counts_who_is_left_out() -> None:
    cohort = treated()
    made = groups(cohort, 6.0, "crp_d0")
    found = flow(response_data(cohort, sides(cohort)), sides(cohort)[0], made.rules[1], made)
    assert found.n_missing == int(cohort.patients["crp_d0"].isna().sum())
    assert found.n == int((cohort.patients["crp_d0"] > 6).sum())


def named(label: str, values: list[float], unit: str = "", timing: str = "post-infusion") -> Cohort:
    cohort = treated(len(values))
    columns = {k: c for k, c in cohort.columns.items() if k != "m_protein"}
    column = Column("depth", label, "number", unit, timing=timing)
    return replace(cohort, patients=cohort.patients.assign(depth=values), columns={**columns, "depth": column}, fingerprint=label)


@pytest.mark.parametrize(
    ("label", "unit", "values", "expected", "said"),
    [
        ("M-protein change", "%", [-100.0, 20.0, -50.0], [20.0, -50.0, -100.0], ""),
        ("Paraprotein reduction", "%", [100.0, -20.0, 50.0], [20.0, -50.0, -100.0], "turned round"),
        ("Depth of response", "", [-1.0, 0.2, -0.5], [20.0, -50.0, -100.0], "shares"),
        ("Change in M-spike", "", [-100.0, 20.0, np.nan], [20.0, -100.0], ""),
    ],
)
def test_the_depth_is_read_in_either_direction(label, unit, values, expected, said) -> None:
    cohort = named(label, values, unit)
    column = depth_column(cohort)
    assert column is not None
    found = depth(response_data(cohort, sides(cohort)), column, sides(cohort)[0], groups(cohort))
    np.testing.assert_allclose(found.change, expected)
    assert any(said in note for note in found.notes) or not said
    assert found.n_missing == 3 - len(expected)
    assert list(found.to_frame()["change_percent"]) == pytest.approx(expected)


@pytest.mark.parametrize("label", ["M-protein", "Light chain ratio", "Weight change", "Ferritin change"])
def test_other_columns_make_no_waterfall(label: str) -> None:
    assert depth_column(named(label, [1.0, 2.0, 3.0])) is None
