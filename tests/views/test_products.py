"""Two products compared: unadjusted numbers are those of the other pages, refusals give reasons, cautions speak."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cartograph.cohort.filters import Filter
from cartograph.cohort.model import Cohort, Column, Endpoint
from cartograph.stats.compare import log_rank
from cartograph.stats.hazard import hazard_ratio
from cartograph.stats.survival import kaplan_meier
from cartograph.views.explore import ExploreView, Marker
from cartograph.views.products import (
    UNADJUSTED,
    ProductsChoice,
    compare_products,
    default_choice,
    default_tau,
    levels,
    offered_covariates,
    refusal,
)
from cartograph.views.products_shown import (
    balance_words,
    caption,
    effects_frame,
    effects_table,
    love_views,
    score_histogram,
    weight_histogram,
)
from tests.views.conftest import make_cohort

VIEW = ExploreView(endpoint="pfs", markers=(Marker("ferritin_d0", 337.0),), split="product")


def with_columns(cohort: Cohort, **added: tuple[Column, object]) -> Cohort:
    patients = cohort.patients.assign(**{key: values for key, (_, values) in added.items()})
    return replace(cohort, patients=patients, columns={**cohort.columns, **{key: column for key, (column, _) in added.items()}})


def grown(n: int = 240, seed: int = 1) -> Cohort:
    """Patients whose product depends on age and stage."""
    rng = np.random.default_rng(seed)
    cohort = make_cohort(n, seed)
    age = np.round(rng.normal(62, 9, n), 0)
    stage = rng.choice(["I", "II", "III"], n)
    first = rng.random(n) < 1 / (1 + np.exp(-0.06 * (age - 62) - 0.8 * (stage == "III")))
    product = pd.Categorical(np.where(first, "cilta-cel", "ide-cel"), categories=["ide-cel", "cilta-cel"], ordered=True)
    cohort = replace(cohort, patients=cohort.patients.assign(product=product))
    return with_columns(
        cohort,
        age=(Column("age", "Age", "number", "years"), age),
        r_iss=(
            Column("r_iss", "R-ISS", "category", levels=("I", "II", "III")),
            pd.Categorical(stage, categories=["I", "II", "III"], ordered=True),
        ),
    )


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return grown()


@pytest.fixture(scope="module")
def result(cohort):
    return compare_products(cohort, VIEW, default_choice(cohort, VIEW))


def test_unadjusted_numbers_are_those_of_the_other_pages(cohort, result):
    time, event = cohort.survival("pfs")
    exposed = (cohort.patients["product"] == "cilta-cel").to_numpy()
    plain = hazard_ratio(time, event, exposed)
    assert result.unadjusted.hazard_ratio.value == pytest.approx(plain.value, rel=1e-12)
    assert result.unadjusted.hazard_p == pytest.approx(plain.p_value, rel=1e-12)
    assert result.unadjusted.log_rank_p == pytest.approx(log_rank(time, event, exposed).p_value, rel=1e-12)
    curve = kaplan_meier(time[exposed], event[exposed])
    np.testing.assert_allclose(result.unadjusted.curves[0].curve.ci_low, curve.ci_low, rtol=1e-8)
    mean = result.unadjusted.curves[0].restricted_mean(result.tau)
    assert mean.std_error == pytest.approx(curve.restricted_mean(result.tau).std_error, rel=1e-8)


def test_the_products_and_covariates_that_are_proposed(cohort):
    choice = default_choice(cohort, VIEW)
    assert (choice.first, choice.second) == ("cilta-cel", "ide-cel")
    assert choice.covariates[:2] == ("age", "r_iss")
    assert not {"cmax", "best_response", "product"} & {c.key for c in offered_covariates(cohort, VIEW)}


def test_what_many_lack_or_one_product_alone_has_is_not_proposed(cohort):
    patients = cohort.patients
    ide = patients["product"] == "ide-cel"
    gone = patients["age"].where(np.arange(len(patients)) % 3 > 0)
    center = np.where(ide & (np.arange(len(patients)) % 2 == 0), "north", "south")
    made = with_columns(
        cohort,
        age=(cohort.columns["age"], gone),
        center=(Column("center", "Center", "category"), pd.Categorical(center, ordered=True)),
    )
    assert not {"age", "center"} & set(default_choice(made, VIEW).covariates)
    found = compare_products(made, VIEW, replace(default_choice(made, VIEW), covariates=("r_iss", "center")))
    assert found.weighted is None
    assert "Center separates the products" in found.why_not
    assert caption(found) == f"{UNADJUSTED}."
    assert score_histogram(found) is None
    assert weight_histogram(found) is None
    assert list(effects_table(found).columns) == ["", "Unadjusted"]


def test_every_weighted_number_has_the_unadjusted_one_beside_it(result):
    frame = effects_frame(result)
    sizes = frame.groupby("analysis")["quantity"].agg(list)
    assert sizes["Unadjusted"] == sizes["Weighted"]
    table = effects_table(result)
    assert list(table.columns) == ["", "Unadjusted", "Weighted"]
    assert table.loc[3, ""] == "HR, cilta-cel vs ide-cel"


def test_weighting_balances_the_named_covariates(result):
    adjusted = [row for row in result.balance if row.adjusted]
    assert {row.label for row in adjusted} >= {"Age", "R-ISS"}
    assert max(abs(row.before) for row in adjusted) > 0.2
    assert max(abs(row.after) for row in adjusted) < 0.05
    assert "balanced" in balance_words(result)
    (inside,) = love_views(result)  # all four covariates are in the model
    assert [row.label for row in inside.rows] == [row.label for row in adjusted]
    assert inside.names == ("unadjusted", "weighted")


def test_what_was_not_adjusted_for_is_shown_apart(cohort):
    found = compare_products(cohort, VIEW, ProductsChoice("cilta-cel", "ide-cel", ("age",)))
    inside, outside = love_views(found)
    assert [row.label for row in inside.rows] == ["Age"]
    assert "R-ISS" in {row.label for row in outside.rows}
    assert "not adjusted for" in balance_words(found)
    assert "Age" in caption(found)


def test_the_marker_group_is_named_and_counts_who_is_missing(cohort):
    view = replace(VIEW, markers=(Marker("crp_d0", 6.0),))
    found = compare_products(cohort, view, default_choice(cohort, view, among="high"))
    crp = cohort.patients["crp_d0"].to_numpy()
    assert sum(found.n) == int((crp > 6).sum())
    assert found.n_missing == int(np.isnan(crp).sum())
    assert found.group_rule == "CRP, day 0 > 6 mg/L"


def test_small_products_have_no_p_and_say_so(cohort):
    view = replace(VIEW, filters=(Filter("age", low=62.0, high=62.0),))
    found = compare_products(cohort, view, default_choice(cohort, view))
    assert min(found.n) < 10
    assert np.isnan(found.unadjusted.hazard_p)
    assert np.isnan(found.unadjusted.log_rank_p)
    assert any("p values are withheld" in words for words in found.cautions)
    assert "withheld" in effects_table(found).loc[4, "Unadjusted"]


def test_few_patients_and_events_for_each_parameter_are_said():
    small = grown(40, 3)
    small.patients.loc[8:, "pfs_event"] = 0.0
    found = compare_products(small, VIEW, ProductsChoice("cilta-cel", "ide-cel", ("age", "r_iss", "ferritin_d0", "crp_d0")))
    assert any("scores and weights are unstable" in words for words in found.cautions)
    assert any("events for each parameter" in words for words in found.cautions)


def test_refusals(cohort):
    assert refusal(replace(cohort, endpoints={}), VIEW).startswith("A comparison needs an outcome")
    assert refusal(cohort, replace(VIEW, split="")).startswith("Nothing stands side by side")
    late = refusal(cohort, replace(VIEW, split="best_response"))
    assert "known only after infusion" in late
    one = replace(VIEW, filters=(Filter("product", levels=("ide-cel",)),))
    assert refusal(cohort, one).endswith("Everybody has ide-cel.")
    assert refusal(cohort, replace(VIEW, filters=(Filter("age", low=900.0),))).startswith("No patient passes")
    with pytest.raises(ValueError, match="known only after infusion"):
        compare_products(cohort, replace(VIEW, split="best_response"), ProductsChoice("CR", "SD", ()))
    with pytest.raises(ValueError, match="Cmax: not known before infusion"):
        compare_products(cohort, VIEW, ProductsChoice("cilta-cel", "ide-cel", ("cmax",)))
    with pytest.raises(ValueError, match="two different levels"):
        compare_products(cohort, VIEW, ProductsChoice("cilta-cel", "cilta-cel", ()))


def test_without_covariates_nothing_is_adjusted(cohort):
    found = compare_products(cohort, VIEW, ProductsChoice("cilta-cel", "ide-cel", ()))
    assert found.why_not == "No covariate is chosen, so nothing is adjusted for."
    assert [row.label for row in found.targets.rows] == ["Unadjusted"]
    assert "baseline variables differ" in balance_words(found)


def test_a_group_of_one_product_only_is_shown_and_not_compared(cohort):
    patients = cohort.patients
    low = np.where(patients["product"] == "ide-cel", 10.0, patients["ferritin_d0"])
    made = replace(cohort, patients=patients.assign(ferritin_d0=low))
    found = compare_products(made, VIEW, default_choice(made, VIEW, among="high"))
    assert found.n[1] == 0
    assert found.weighted is None
    assert np.isnan(found.unadjusted.hazard_ratio.value)
    assert "not estimable" in effects_table(found).to_string()


def test_those_apheresed_but_not_infused_are_counted(cohort, result):
    assert result.infusion.startswith("The comparison starts at infusion")
    n = cohort.n
    day = pd.Series(pd.Timestamp("2024-01-01"), index=range(n))
    ide = (cohort.patients["product"] == "ide-cel").to_numpy()
    infused = day.where(~(ide & (np.arange(n) % 10 == 0)))
    dated = with_columns(
        cohort,
        apheresis_date=(Column("apheresis_date", "Apheresis", "date", timing="identity"), day),
        infusion_date=(Column("infusion_date", "Infusion", "date", timing="identity"), infused),
    )
    lost = int((ide & (np.arange(n) % 10 == 0)).sum())
    said = compare_products(dated, VIEW, default_choice(dated, VIEW)).infusion
    assert f"0 of {int((~ide).sum())} with cilta-cel and {lost} of {int(ide.sum())} with ide-cel" in said
    flagged = with_columns(cohort, infused=(Column("infused", "Infused", "flag"), pd.Categorical(np.where(infused.isna(), "no", "yes"))))
    assert f"{lost} of {int(ide.sum())} with ide-cel" in compare_products(flagged, VIEW, default_choice(flagged, VIEW)).infusion


def test_an_endpoint_that_counts_from_response_is_warned_of(cohort):
    dor = Endpoint("dor", "DOR", "Duration of response", "pfs_time", "pfs_event", "progression", origin="response")
    made = replace(cohort, endpoints={**cohort.endpoints, "dor": dor})
    view = replace(VIEW, endpoint="dor")
    assert any("counts from response" in w for w in compare_products(made, view, default_choice(made, view)).cautions)


def test_the_horizon_is_one_that_both_products_reach():
    time = np.array([30.0, 5.0, 13.0, 2.0])
    assert default_tau(time, np.array([True, True, False, False])) == 12
    assert default_tau(np.array([0.4, 0.5]), np.array([True, False])) == 0.4
    assert default_tau(time, np.ones(4, dtype=bool)) == 0.1


@pytest.mark.parametrize("target", ["ate", "att", "overlap", "matching"])
@pytest.mark.parametrize("trim", ["none", "scores", "truncate"])
def test_every_kind_of_weights_can_be_shown(cohort, target, trim):
    found = compare_products(cohort, VIEW, replace(default_choice(cohort, VIEW), target=target, trim=trim))
    assert found.weighted is not None
    for shown in (score_histogram(found), weight_histogram(found)):
        np.testing.assert_allclose([shown.first.sum(), shown.second.sum()], 1)
    row = next(r for r in found.targets.rows if r.label.lower() == found.weighting.split(":")[0].lower())
    assert row.value == pytest.approx(found.weighted.hazard_ratio.value)


def test_levels_are_in_the_column_s_order(cohort):
    assert levels(cohort, VIEW) == ("ide-cel", "cilta-cel")


def test_a_category_of_sixty_levels_and_long_names_are_borne(cohort):
    rng = np.random.default_rng(4)
    many = pd.Categorical([f"site {k}" for k in rng.integers(0, 60, cohort.n)])
    long = with_columns(
        cohort, site=(Column("site", "S" * 200, "category"), many), constant=(Column("constant", "Constant", "number"), 1.0)
    )
    found = compare_products(long, VIEW, ProductsChoice("cilta-cel", "ide-cel", ("age", "site")))
    assert found.weighted is not None or "separates" in found.why_not
    assert "constant" not in {c.key for c in offered_covariates(long, VIEW)}
