"""Time courses: what is followed, by which groups, the curves, the measures, and what goes with survival."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from cartograph.cohort import read_cohort
from cartograph.cohort.build import build_cohort
from cartograph.cohort.filters import Filter, apply_filters
from cartograph.cohort.model import DAYS_PER_MONTH, Column
from cartograph.cohort.recognise import suggest_mapping
from cartograph.stats.adjust import benjamini_hochberg
from cartograph.stats.continuous import continuous_effect
from cartograph.views.kinetics import MARKER, MOST_GROUPS, NOBODY, grouping_choices, groups_of, quantities, samples_of, unit_warnings
from cartograph.views.kinetics_curves import BEFORE, MOST_LINES, curve_panels, windows
from cartograph.views.kinetics_measures import BY_WINDOW, MEASURES, WINDOW, kinetics_sentence, measure_results, measured, patients_frame
from cartograph.views.kinetics_outlook import landmark_month, outlook, outlook_refusal
from cartograph.views.kinetics_persistence import persistence_with
from sample_data import sample_files
from tests.cohort.making import table_of
from tests.views.after_infusion import groups as marker_groups
from tests.views.sampled import LIMIT, sampled, with_series, without_endpoints

COHORT = sampled()
TRANSGENE, CRP, WBC = quantities(COHORT)
NO_MARKER = marker_groups(COHORT, None)


def everybody(cohort):
    return [("all", "All", np.ones(cohort.n, dtype=bool))]


def panels_of(cohort, by=NOBODY, quantity=TRANSGENE, **more):
    made = marker_groups(cohort) if by == MARKER else marker_groups(cohort, None)
    options = {"log_scale": True, **more}
    return curve_panels(samples_of(cohort, quantity), groups_of(cohort, by, made), everybody(cohort), **options)


# ---------------------------------------------------------------- what is followed
def test_the_transgene_comes_first_then_the_laboratory_then_what_only_the_file_names():
    assert [q.label_with_unit for q in (TRANSGENE, CRP, WBC)] == ["CAR transgene (copies/\u00b5g)", "CRP (mg/L)", "WBC (G/L)"]
    assert [q.engineered for q in (TRANSGENE, CRP, WBC)] == [True, False, False]
    assert [q.log_scale for q in (TRANSGENE, CRP, WBC)] == [True, True, False]
    assert TRANSGENE.n_patients == COHORT.n


def test_samples_stand_in_order_whatever_the_order_in_the_file():
    found, same = samples_of(COHORT, TRANSGENE), samples_of(sampled(shuffled=False), TRANSGENE)
    pd.testing.assert_frame_equal(found.to_frame(), same.to_frame())
    assert (np.diff(found.patient) >= 0).all()
    assert set(found.limit[found.below]) == {LIMIT}
    assert np.isnan(found.limit[~found.below]).all()


def test_samples_of_filtered_patients_only():
    kept = apply_filters(COHORT, (Filter("ada", levels=("yes",)),))
    found = samples_of(kept, TRANSGENE)
    assert found.sampled.all()
    assert len(found.sampled) == kept.n < COHORT.n


def test_windows_are_offered_where_something_lies_beyond():
    assert list(windows(samples_of(COHORT, TRANSGENE))) == ["28", "90", ""]
    assert list(windows(samples_of(COHORT, CRP))) == [""]


def test_two_scales_in_one_column_are_said_beside_the_curves():
    rows = [(str(p), str(d), f"{36.5 + d / 10:.1f}" if p < 4 else f"{98 + d / 5:.1f}") for p in range(8) for d in range(10)]
    ids, days, values = zip(*rows, strict=True)
    table = table_of({"SID": ids, "HospitalDay": days, "Temp": values})
    cohort = build_cohort([table], suggest_mapping([table]))
    assert [q.label_with_unit for q in quantities(cohort)] == ["Body temperature (\u00b0C)"]
    (said,) = unit_warnings(cohort)
    assert said == "Temp: 40 values in \u00b0F and 40 in \u00b0C. Values from 86 to 113 were read as \u00b0F and turned into \u00b0C."
    assert unit_warnings(COHORT) == ()


# ---------------------------------------------------------------- groups
def test_every_category_that_occurs_twice_can_group_the_courses():
    assert list(grouping_choices(COHORT, marker_groups(COHORT))) == [NOBODY, MARKER, "product", "best_response", "ada"]
    assert MARKER not in grouping_choices(COHORT, NO_MARKER)


def test_levels_that_say_nothing_alone_are_led_by_their_column():
    assert groups_of(COHORT, "ada", NO_MARKER).names == ("Anti-drug antibodies: no", "Anti-drug antibodies: yes")
    assert groups_of(COHORT, "product", NO_MARKER).names == ("ide-cel", "cilta-cel")
    assert groups_of(COHORT, "ada", NO_MARKER).late


def test_a_category_of_sixty_levels_is_pooled_and_nobody_is_lost():
    levels = tuple(f"center {i}" for i in range(60))
    patients = COHORT.patients.assign(center=pd.Categorical([levels[i % 60] for i in range(COHORT.n)], categories=levels))
    cohort = replace(COHORT, patients=patients, columns={**COHORT.columns, "center": Column("center", "Center", "category", levels=levels)})
    found = groups_of(cohort, "center", NO_MARKER)
    assert len(found.names) == MOST_GROUPS
    assert found.names[-1] == f"{60 - MOST_GROUPS + 1} other levels"
    assert (found.codes >= 0).all()
    shown = panels_of(cohort, "center")
    assert len(shown) == MOST_GROUPS  # too many for one figure: each has its own
    assert sum(p.n for p in shown) == COHORT.n
    assert any("pooled" in note for note in shown[0].notes)


def test_groups_come_from_categories():
    with pytest.raises(ValueError, match="category"):
        groups_of(COHORT, "ferritin_d0", NO_MARKER)


# ---------------------------------------------------------------- curves
def test_a_value_below_the_limit_is_drawn_open_at_its_limit():
    (panel,) = panels_of(COHORT)
    (group,) = panel.groups
    assert set(group.shown[group.open]) == {LIMIT}
    assert (group.shown[~group.open] >= LIMIT).all()
    assert (group.n, group.n_without, group.n_drawn, panel.n_missing) == (COHORT.n, 0, COHORT.n, 0)


def test_medians_and_quartiles_are_those_of_the_samples_of_the_day():
    (panel,) = panels_of(COHORT, "ada")
    rows = COHORT.series[(COHORT.series["quantity"] == "car_transgene") & (COHORT.series["day"] == 14)]
    value = COHORT.patients[["patient_id", "ada"]].merge(rows, on="patient_id").groupby("ada", observed=True)["value"]
    for group, level in zip(panel.groups, ("no", "yes"), strict=True):
        row = group.profile[group.profile["day"] == 14].iloc[0]
        expected = value.get_group(level).quantile([0.25, 0.5, 0.75]).tolist()
        np.testing.assert_allclose(row[["q1", "median", "q3"]].tolist(), expected, rtol=1e-12)
        assert row["n"] == len(value.get_group(level))


def test_a_median_below_the_limit_is_said_to_be_less():
    (panel,) = panels_of(COHORT)
    first = panel.groups[0].profile.iloc[0]
    assert first["day"] == 0
    assert first["median_text"] == "< 50"


def test_the_window_cuts_the_axis_and_the_samples():
    short, whole = panels_of(COHORT, until=28.0)[0], panels_of(COHORT)[0]
    assert short.days == (0.0, 28.0)
    assert whole.days == (0.0, 180.0)
    assert short.groups[0].samples.day.max() == 28


def test_samples_before_infusion_are_drawn_two_weeks_back_and_the_others_said():
    assert panels_of(COHORT, quantity=CRP)[0].days[0] == -5
    ids = COHORT.patients["patient_id"]
    cohort = with_series(COHORT, [(ids[0], -40.0, 5.0, ""), (ids[0], -3.0, 6.0, ""), (ids[0], 2.0, 7.0, "")], "crp")
    (panel,) = panels_of(cohort, quantity=quantities(cohort)[0])
    assert panel.days == (-3.0, 2.0)
    assert any(f"1 sample more than {BEFORE:g} days before infusion not drawn" in note for note in panel.notes)


def test_zero_stands_at_the_foot_of_a_log_scale_and_where_it_is_on_a_linear_one():
    log, linear = (panels_of(COHORT, quantity=WBC, log_scale=scale)[0] for scale in (True, False))
    assert (samples_of(COHORT, WBC).value == 0).any()
    assert log.groups[0].shown.min() == log.values[0] > 0
    assert linear.groups[0].shown.min() == 0
    assert any("of zero" in note for note in log.notes)
    assert not linear.groups[0].open.any()


def test_marker_groups_keep_their_roles_and_say_who_is_not_measured():
    (panel,) = panels_of(COHORT, MARKER)
    assert [g.role for g in panel.groups] == ["low", "high"]
    made = marker_groups(COHORT, 7.0, "crp_d0")
    found = groups_of(COHORT, MARKER, made)
    (panel,) = curve_panels(samples_of(COHORT, TRANSGENE), found, everybody(COHORT), log_scale=True)
    unmeasured = int((made.codes < 0).sum())
    assert panel.n_missing == unmeasured > 0
    assert any(note.startswith(f"{unmeasured} patients without a measured marker") for note in panel.notes)


def test_of_a_thousand_patients_an_even_choice_is_drawn_and_medians_use_all():
    cohort = sampled(1000)
    (panel,) = panels_of(cohort, "ada")
    assert sum(g.n_drawn for g in panel.groups) == MOST_LINES
    assert panel.groups[0].profile["n"].max() == panel.groups[0].n > 500
    assert any(f"{MOST_LINES} of 1,000 patients" in note for note in panel.notes)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("P000", 5.0, 100.0, ""), ("P001", 7.0, 300.0, "")], "2 patients with a single sample"),
        ([("P000", 5.0, 25.0, "<"), ("P000", 7.0, 25.0, "<")], "2 of 2 samples below the limit"),
        ([("P000", -5.0, 100.0, ""), ("P000", -4.0, 90.0, "")], ""),
        ([("P000", 9.0, 0.0, "")], "of zero"),
    ],
)
@pytest.mark.parametrize("log_scale", [True, False])
def test_odd_courses_stand(rows, said, log_scale):
    cohort = with_series(COHORT, rows)
    (panel,) = panels_of(cohort, log_scale=log_scale)
    assert panel.n == len({r[0] for r in rows})
    assert panel.n + panel.n_missing == cohort.n
    assert panel.values[0] < panel.values[1]
    if log_scale:
        assert any(said in note for note in panel.notes) or not said
    found = measured(cohort, samples_of(cohort, TRANSGENE), rule="half the limit")
    assert kinetics_sentence(found, samples_of(cohort, TRANSGENE)).endswith(".")
    assert len(measure_results(found, groups_of(cohort, "ada", NO_MARKER), everybody(cohort))) == len(MEASURES)


# ---------------------------------------------------------------- measures
FOUND = measured(COHORT, samples_of(COHORT, TRANSGENE), rule="half the limit")


def test_measures_stand_with_their_patients():
    value = COHORT.series[COHORT.series["quantity"] == "car_transgene"].groupby("patient_id")["value"].max()
    np.testing.assert_allclose(FOUND.values("cmax"), value.reindex(COHORT.patients["patient_id"]).to_numpy())
    assert FOUND.table["patient_id"].tolist() == COHORT.patients["patient_id"].tolist()


def test_a_patient_without_samples_has_no_measures_and_is_counted():
    cohort = with_series(COHORT, [("P003", 5.0, 100.0, ""), ("P003", 9.0, 300.0, "")])
    found = measured(cohort, samples_of(cohort, TRANSGENE), rule="zero")
    assert np.isfinite(found.values("cmax")).sum() == 1
    assert found.table["n_samples"].sum() == 2
    first = measure_results(found, groups_of(cohort, NOBODY, NO_MARKER), everybody(cohort))[0]
    assert (first.boxes.n, first.boxes.n_missing) == (1, cohort.n - 1)
    assert first.summary.iloc[0][["n", "n_missing"]].tolist() == [1, cohort.n - 1]


def test_tests_are_those_of_the_groups_and_q_is_over_all_of_them():
    results = measure_results(FOUND, groups_of(COHORT, "ada", NO_MARKER), everybody(COHORT))
    half = next(r for r in results if r.measure.key == "half_life")
    yes = (COHORT.patients["ada"] == "yes").to_numpy()
    value = FOUND.values("half_life")
    expected = mannwhitneyu(value[~yes], value[yes], method="exact").pvalue
    assert half.test.p_value == pytest.approx(expected, rel=1e-9)
    p = np.array([r.test.p_value for r in results])
    np.testing.assert_allclose([r.q for r in results], benjamini_hochberg(p), rtol=1e-12)
    assert next(r for r in results if r.measure.key == "persistence").test.method.startswith("log-rank")


def test_three_groups_are_compared_by_kruskal_wallis_and_small_ones_give_no_p():
    results = measure_results(FOUND, groups_of(COHORT, "best_response", NO_MARKER), everybody(COHORT))
    assert "Kruskal-Wallis" in results[0].test.method
    few = sampled(12)
    found = measured(few, samples_of(few, TRANSGENE), rule="half the limit")
    for result in measure_results(found, groups_of(few, "ada", marker_groups(few, None)), everybody(few)):
        assert math.isnan(result.test.p_value)
        assert math.isnan(result.q)
        assert "fewer than 10" in result.test.reason


def test_one_group_is_described_and_not_tested():
    for result in measure_results(FOUND, groups_of(COHORT, NOBODY, NO_MARKER), everybody(COHORT)):
        assert result.test.reason == "one group"
        assert result.summary["group"].tolist() == ["All patients"]


def test_the_table_of_persistence_gives_kaplan_meiers_median():
    results = measure_results(FOUND, groups_of(COHORT, NOBODY, NO_MARKER), everybody(COHORT))
    row = results[-1].summary.iloc[0]
    time, lost = FOUND.values("persistence"), FOUND.values("lost") == 1
    surviving = 1.0
    for at in np.unique(time[lost]):
        surviving *= 1 - (lost & (time == at)).sum() / (time >= at).sum()
        if surviving <= 0.5:
            break
    assert row["median"] == pytest.approx(at)
    assert (~lost).sum() > 0
    assert any("still detectable" in note for note in results[-1].notes)


def test_a_laboratory_value_has_no_persistence():
    found = measured(COHORT, samples_of(COHORT, CRP), rule="half the limit")
    assert [m.key for m in found.measures] == ["cmax", "tmax", "auc_window", "auc_last", "half_life"]
    table = patients_frame(found, groups_of(COHORT, "ada", NO_MARKER))
    assert not any("ersistence" in name or "lost" in name for name in table.columns)
    assert (table["Before infusion"] == 1).all()


def test_every_patient_has_a_row_with_group_and_units():
    table = patients_frame(FOUND, groups_of(COHORT, "ada", NO_MARKER))
    assert len(table) == COHORT.n
    assert list(table.columns[:3]) == ["Patient", "Group", "Samples"]
    assert "AUC, day 0 to 28 (copies/\u00b5g\u00b7day)" in table.columns
    assert set(table["Transgene lost"]) == {"yes", "no"}


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 40))
def test_groups_share_out_every_patient_once(seed, n):
    rng = np.random.default_rng(seed)
    cohort = sampled(n, seed % 7)
    ids = rng.choice(cohort.patients["patient_id"], 3 * n)
    samples = zip(ids, rng.integers(-5, 40, 3 * n).tolist(), rng.random(3 * n).tolist(), strict=True)
    cohort = with_series(cohort, [(p, float(d), v, "") for p, d, v in samples])
    for by in ("ada", "product", NOBODY):
        for panel in panels_of(cohort, by, log_scale=bool(seed % 2)):
            assert sum(g.n + g.n_without for g in panel.groups) == panel.n + panel.n_missing == cohort.n
            assert all(len(g.samples.day) == len(g.shown) == len(g.open) for g in panel.groups)
            assert all(np.isfinite(g.shown).all() for g in panel.groups)


# ---------------------------------------------------------------- survival
TO_28 = measured(COHORT, samples_of(COHORT, TRANSGENE), rule="half the limit", until=WINDOW)


def test_the_landmark_is_the_end_of_the_window():
    assert landmark_month() * DAYS_PER_MONTH >= WINDOW
    assert landmark_month() == 0.92


def test_only_patients_followed_beyond_day_28_are_compared():
    found = outlook(COHORT, "pfs", TO_28, MEASURES[0])
    time, event = COHORT.survival("pfs")
    used = time > landmark_month()
    assert found.split.analysis.n_analysed == used.sum() < COHORT.n
    cutoff = np.median(TO_28.values("cmax")[used])
    assert found.cutoff == cutoff
    assert found.split.analysis.n_exposed == (TO_28.values("cmax")[used] > cutoff).sum()
    effect = continuous_effect(TO_28.values("cmax")[used], time[used] - landmark_month(), event[used] == 1)
    assert found.effect.estimate is not None
    assert found.effect.estimate.value == effect.line.value
    assert found.effect.label == "HR per doubling of Cmax"
    assert [s.label for s in found.split.flow][:1] == ["infused"]


@pytest.mark.parametrize("key", ["auc_last", "half_life", "persistence"])
def test_what_is_known_only_later_is_refused(key):
    late = next(m for m in MEASURES if m.key == key)
    assert key not in BY_WINDOW
    with pytest.raises(ValueError, match="day 28"):
        outlook(COHORT, "pfs", TO_28, late)
    with pytest.raises(ValueError, match="day 28"):
        outlook(COHORT, "pfs", FOUND, MEASURES[0])


def test_a_cohort_without_an_endpoint_is_told_so_and_still_has_courses():
    alone = without_endpoints(COHORT)
    assert "no time and event" in outlook_refusal(alone, "")
    assert outlook_refusal(COHORT, "pfs") == ""
    assert panels_of(alone)[0].n == alone.n


def test_an_endpoint_that_starts_later_is_refused():
    dor = replace(COHORT.endpoints["pfs"], key="dor", label="DOR", origin="first response")
    assert "first response" in outlook_refusal(replace(COHORT, endpoints={"dor": dor}), "dor")


def test_nobody_followed_beyond_day_28():
    patients = COHORT.patients.assign(pfs_time=0.5)
    found = outlook(replace(COHORT, patients=patients), "pfs", TO_28, MEASURES[0])
    assert found.split.analysis.n_analysed == 0
    assert math.isnan(found.cutoff)
    assert math.isnan(found.effect.p_value)


def test_persistence_with_survival_counts_loss_as_it_happens():
    found = persistence_with(COHORT, "os", FOUND)
    time, _ = COHORT.survival("os")
    lost = FOUND.values("lost") == 1
    assert found.n_lost == (lost & (FOUND.values("persistence") < time)).sum()
    assert found.to_frame()["measure"].tolist()[0] == "HR transgene lost vs still detectable"
    assert {"panel", "endpoint", "measure", "value", "p_value"} <= set(found.to_frame().columns)
    nobody = persistence_with(COHORT, "os", FOUND, member=np.zeros(COHORT.n, dtype=bool))
    assert nobody.n == 0
    assert nobody.few
    assert nobody.to_frame()["p_value"].isna().all()


# ---------------------------------------------------------------- the sample
def test_the_sample_shows_what_it_was_made_to_show():
    cohort = read_cohort(sample_files("eque-like"))
    quantity = quantities(cohort)[0]
    found = measured(cohort, samples_of(cohort, quantity), rule="half the limit")
    given = cohort.patients["cmax"].to_numpy(dtype=np.float64)
    assert np.isfinite(given).sum() > 40
    ranks = pd.Series(found.values("cmax")).corr(pd.Series(given), method="spearman")
    assert ranks > 0.95
    together = persistence_with(cohort, "pfs", found).together
    assert together.tau.value > 0.3
