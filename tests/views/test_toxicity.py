"""What the Toxicity page shows, against slow counting."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cartograph.cohort import read_cohort
from cartograph.cohort.model import Column
from cartograph.stats.group_tests import rank_sum
from cartograph.views.toxicity import (
    day_curves,
    grade_bars,
    grade_contrasts,
    grade_trend,
    marker_by_grade,
    moment_contrasts,
    moments,
    outcomes_of,
    toxicities,
    toxicity_sentence,
)
from sample_data import sample_files
from tests.views.after_infusion import groups, sides, treated

COHORT = treated()
FOUND = {t.key: t for t in toxicities(COHORT)}
GRADES = COHORT.patients["crs_grade"].astype(object)


def test_every_toxicity_is_found_by_its_column_or_header() -> None:
    assert list(FOUND) == ["crs", "icans", "infection", "icaht", "tocilizumab"]
    assert FOUND["icaht"].label == "ICAHT"
    assert FOUND["icaht"].grade is not None
    assert FOUND["infection"].grade is None
    assert FOUND["tocilizumab"].kind == "treatment"
    crs = FOUND["crs"]
    assert crs.onset is not None
    assert crs.duration is not None
    assert crs.peak is not None
    np.testing.assert_array_equal(np.isnan(crs.happened), GRADES.isna())


@pytest.mark.parametrize("label", ["Anemia at baseline", "Thrombocytopenia", "Infection before infusion", "CRS grade at day 3", "Cmax"])
def test_what_was_there_before_is_no_toxicity(label: str) -> None:
    column = Column("x", label, "flag", levels=("no", "yes"))
    flags = pd.Categorical(np.where(np.arange(COHORT.n) % 2, "yes", "no"), categories=["no", "yes"], ordered=True)
    cohort = replace(COHORT, patients=COHORT.patients.assign(x=flags), columns={**COHORT.columns, "x": column})
    assert "x" not in [t.key for t in toxicities(cohort)]


def test_kinds_of_infection_count_as_yes() -> None:
    levels = ("none", "bacterial", "viral")
    given_ = pd.Categorical([levels[k % 3] for k in range(COHORT.n)], categories=list(levels), ordered=True)
    column = Column("x", "Infection type", "category", timing="post-infusion", levels=levels)
    cohort = replace(COHORT, patients=COHORT.patients.assign(x=given_), columns={**COHORT.columns, "x": column})
    found = next(t for t in toxicities(cohort) if t.key == "x")
    assert np.nansum(found.happened) == 60


def test_two_columns_of_one_toxicity_keep_different_names() -> None:
    grades = pd.Categorical([str(k % 4) for k in range(COHORT.n)], categories=list("0123"), ordered=True)
    column = Column("x", "Infection grade (worst)", "category", timing="post-infusion", levels=tuple("0123"))
    cohort = replace(COHORT, patients=COHORT.patients.assign(x=grades), columns={**COHORT.columns, "x": column})
    labels = [t.label for t in toxicities(cohort)]
    assert len(set(labels)) == len(labels)


def test_outcomes_are_counts_of_grades() -> None:
    grades = pd.to_numeric(GRADES, errors="coerce")
    found = outcomes_of(FOUND["crs"])
    assert [np.nansum(o.values) for o in found] == [(grades >= least).sum() for least in (1, 2, 3)]
    assert {int(np.isfinite(o.values).sum()) for o in found} == {int(grades.notna().sum())}
    assert len(outcomes_of(FOUND["infection"])) == len(outcomes_of(FOUND["tocilizumab"])) == 1


def test_bars_add_up() -> None:
    bars = grade_bars(tuple(FOUND.values()), sides(COHORT), groups(COHORT))
    assert {b.toxicity for b in bars} == {"CRS", "ICANS", "ICAHT"}
    assert all(sum(b.counts) == b.known <= b.n for b in bars)
    crs = [b for b in bars if b.toxicity == "CRS" and b.panel == "All"]
    assert sum(b.n for b in crs) == COHORT.n
    assert sum(b.known for b in crs) == int(GRADES.notna().sum())


def test_the_sentence_of_a_sample() -> None:
    cohort = read_cohort(sample_files("mayo-like"))
    words = toxicity_sentence(toxicities(cohort), groups(cohort))
    assert "CRS, any grade: 20/23 against 20/29, odds ratio 2.9 (0.61\u201319)" in words
    assert "CRS, any grade: 40 of 52" in toxicity_sentence(toxicities(cohort), groups(cohort, None))
    assert toxicity_sentence(toxicities(cohort), groups(cohort, 1e6)).startswith("Nobody in the group Ferritin, day 0 > ")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=2, max_size=30), st.lists(st.integers(0, 5), min_size=2, max_size=30))
def test_the_trend_is_the_correlation_of_group_and_grade(first, second) -> None:
    """Cochran-Armitage's chi-squared is n r^2 of the grades and the group."""
    found = grade_trend(np.array(first, dtype=float), np.array(second, dtype=float))
    grades, group = np.r_[first, second], np.r_[np.ones(len(first)), np.zeros(len(second))]
    if len(set(grades.tolist())) < 2:
        assert math.isnan(found.p_value)
        return
    assert found.statistic == pytest.approx(len(grades) * np.corrcoef(grades, group)[0, 1] ** 2, rel=1e-8, abs=1e-10)


def test_grades_are_compared_by_rank_and_by_trend() -> None:
    made = groups(COHORT)
    rows = grade_contrasts(FOUND["crs"], sides(COHORT), made)
    grades = pd.to_numeric(GRADES, errors="coerce").to_numpy(dtype=float)
    first = [r for r in rows if r.panel == "All"]
    high, low = grades[(made.codes == 1) & np.isfinite(grades)], grades[(made.codes == 0) & np.isfinite(grades)]
    assert first[0].p_value == pytest.approx(rank_sum(high, low).p_value)
    assert "Cochran-Armitage" in first[1].method
    assert [r.panel for r in rows][-1] == "ide-cel vs cilta-cel"
    assert not grade_contrasts(FOUND["infection"], sides(COHORT), made)


def test_days_are_those_of_who_had_it() -> None:
    made = groups(COHORT)
    rows = moments(FOUND["crs"], sides(COHORT), made)
    assert {r.when for r in rows} == {"onset", "duration", "peak"}
    patients = COHORT.patients.assign(grade=pd.to_numeric(GRADES, errors="coerce"))
    for r in (r for r in rows if r.when == "onset" and r.panel == "All"):
        side = patients[(patients["ferritin_d0"] > 337) == (r.role == "high")]
        had = side[side["grade"] >= 1]
        assert (r.n_happened, r.n_known) == (len(had), had["crs_onset_day"].notna().sum())
        assert r.quartiles[1] == had["crs_onset_day"].median()
    tests = moment_contrasts(FOUND["crs"], sides(COHORT), made)
    assert {t.what for t in tests} == {"onset, day after infusion", "duration, days", "day of the maximum"}
    assert not moments(FOUND["icans"], sides(COHORT), made)


def test_incidence_by_day_is_a_share_where_nobody_leaves_early() -> None:
    made = groups(COHORT)
    panels = day_curves(COHORT, FOUND["crs"], sides(COHORT), made)
    long = COHORT.patients["os_time"].to_numpy() * 30.4375 > 15
    grades = pd.to_numeric(GRADES, errors="coerce").to_numpy(dtype=float)
    for curve in panels[0]:
        inside = (made.codes == (1 if curve.role == "high" else 0)) & np.isfinite(grades)
        if not long[inside & (grades == 0)].all():
            continue
        onset = COHORT.patients["crs_onset_day"].to_numpy()
        shares = [float((onset[inside] <= day).mean()) for day in (0, 3, 12)]
        np.testing.assert_allclose(curve.curve.at([0.0, 3.0, 12.0])["incidence"], shares, atol=1e-12)
        assert curve.n_missing == int((made.codes == (1 if curve.role == "high" else 0)).sum() - inside.sum())
    assert not day_curves(COHORT, FOUND["icans"], sides(COHORT), made)


def test_death_without_the_toxicity_competes() -> None:
    cohort = treated(3)
    patients = cohort.patients.assign(
        crs_grade=pd.Categorical(["1", "0", "0"], categories=list("012345"), ordered=True),
        crs_onset_day=[5.0, np.nan, np.nan],
        os_time=[10.0, 2 / 30.4375, 10.0],
        os_event=[0.0, 1.0, 0.0],
    )
    cohort = replace(cohort, patients=patients, fingerprint="three")
    curve = day_curves(cohort, toxicities(cohort)[0], sides(cohort)[:1], groups(cohort, None))[0][0]
    assert curve.curve.at([4.0, 5.0])["incidence"].tolist() == pytest.approx([0.0, 1 / 3])


def test_the_marker_in_each_grade() -> None:
    found = marker_by_grade(COHORT, FOUND["crs"], COHORT.columns["crp_d0"], 6.0, sides(COHORT)[0])
    values = COHORT.patients.assign(grade=pd.to_numeric(GRADES, errors="coerce"))
    known = values.dropna(subset=["grade", "crp_d0"])
    assert (found.n, found.n_missing) == (len(known), COHORT.n - len(known))
    for box in found.boxes:
        inside = known.loc[known["grade"] == float(box.grade), "crp_d0"]
        assert box.quartiles == pytest.approx(inside.quantile([0.25, 0.5, 0.75]).tolist())
        assert inside.min() <= box.whiskers[0] <= box.quartiles[0] <= box.quartiles[2] <= box.whiskers[1] <= inside.max()
    assert found.tests[0].p_value == pytest.approx(
        rank_sum(known.loc[known["grade"] >= 1, "crp_d0"], known.loc[known["grade"] < 1, "crp_d0"]).p_value
    )
    assert len(found.to_frame()) == found.n


def test_nobody_with_a_value_breaks_nothing() -> None:
    nobody = replace(sides(COHORT)[0], member=np.zeros(COHORT.n, dtype=bool))
    found = marker_by_grade(COHORT, FOUND["crs"], COHORT.columns["crp_d0"], 6.0, nobody)
    assert found.boxes == ()
    assert all(math.isnan(t.p_value) for t in found.tests)
    made = groups(COHORT, 1e9)
    assert all(r.reason for r in grade_contrasts(FOUND["crs"], sides(COHORT)[:1], made))
    assert day_curves(COHORT, FOUND["crs"], (nobody,), made)[0][0].curve is None
