"""The strip of all endpoints: every number is that of the ordinary comparison, and what is withheld is said."""

import numpy as np
import pandas as pd
import pytest

from cartograph.cohort.filters import Filter
from cartograph.cohort.model import Cohort, Column
from cartograph.cohort.schema import RESPONDERS
from cartograph.stats.adjust import benjamini_hochberg
from cartograph.stats.hazard import hazard_ratio, interaction
from cartograph.stats.odds import odds_interaction, odds_ratio
from cartograph.stats.response import fisher_exact
from cartograph.views.all_endpoints import AllEndpoints, EndpointCell, EndpointRow, all_endpoints
from cartograph.views.explore import ExploreView, Marker
from tests.views.conftest import make_cohort

FERRITIN = ExploreView(markers=(Marker("ferritin_d0", 250),))


def with_toxicity(n: int = 150, seed: int = 1) -> Cohort:
    """The made-up cohort with MRD, CRS and ICANS."""
    cohort = make_cohort(n, seed)
    rng = np.random.default_rng(seed)
    high = cohort.patients["ferritin_d0"] > 250
    added = {
        "best_mrd": (rng.choice(["negative", "positive", "not done"], n, p=[0.5, 0.3, 0.2]), ("negative", "positive", "not done")),
        "crs_grade": (np.where(rng.random(n) < 0.3 + 0.3 * high, rng.choice(["1", "2", "3"], n), "0"), tuple("012345")),
        "icans_grade": (np.where(rng.random(n) < 0.15, "1", "0"), tuple("012345")),
    }
    patients = cohort.patients.assign(
        **{k: pd.Categorical(v, categories=levels, ordered=True).astype(object) for k, (v, levels) in added.items()}
    )
    patients.loc[:4, "crs_grade"] = None
    patients.loc[::17, "best_response"] = None
    columns = dict(cohort.columns) | {k: Column(k, k, "category", timing="post-infusion", levels=v) for k, (_, v) in added.items()}
    object.__setattr__(cohort, "patients", patients)
    object.__setattr__(cohort, "columns", columns)
    return cohort


def row_of(found: AllEndpoints, key: str) -> EndpointRow:
    return next(row for row in found.rows if row.key == key)


def known_p(found: AllEndpoints) -> list[tuple[float, float]]:
    pairs = [(c.p_value, c.q_value) for row in found.rows for c in row.cells]
    pairs += [(row.interaction.p_value, row.interaction_q) for row in found.rows if row.interaction]
    return [(p, q) for p, q in pairs if not np.isnan(p)]


def in_column(cohort: Cohort, cell: EndpointCell) -> np.ndarray:
    titles = {"all": "", "0": "ide-cel", "1": "cilta-cel"}
    return np.ones(cohort.n, dtype=bool) if cell.column == "all" else (cohort.patients["product"] == titles[cell.column]).to_numpy()


def test_every_endpoint_and_outcome_has_a_row_and_every_product_a_column() -> None:
    found = all_endpoints(with_toxicity(), FERRITIN)
    assert [(r.key, r.measure, r.section) for r in found.rows] == [
        ("pfs", "HR", "time to event"),
        ("os", "HR", "time to event"),
        ("orr", "OR", "response"),
        ("cr", "OR", "response"),
        ("mrd", "OR", "response"),
        ("crs", "OR", "toxicity"),
        ("crs2", "OR", "toxicity"),
        ("icans", "OR", "toxicity"),
    ]
    assert [(c.title, c.n) for c in found.columns] == [("All", 150), ("ide-cel", 50), ("cilta-cel", 100)]
    assert all([c.column for c in row.cells] == ["all", "0", "1"] for row in found.rows)
    assert (found.low, found.high) == ("Ferritin, day 0 \u2264 250 µg/L", "Ferritin, day 0 > 250 µg/L")


@pytest.mark.parametrize("endpoint", ["pfs", "os"])
def test_hazard_ratios_and_their_interaction_are_the_ordinary_ones(endpoint: str) -> None:
    cohort = with_toxicity()
    row = row_of(all_endpoints(cohort, FERRITIN), endpoint)
    time, event = cohort.survival(endpoint)
    high = (cohort.patients["ferritin_d0"] > 250).to_numpy()
    for cell in row.cells:
        inside = in_column(cohort, cell)
        expected = hazard_ratio(time[inside], event[inside], high[inside])
        ours = cell.estimate
        assert (ours.value, ours.ci_low, ours.ci_high, cell.p_value) == pytest.approx(
            (expected.value, expected.ci_low, expected.ci_high, expected.p_value)
        )
        assert cell.test == "Wald"
        assert (cell.n_high, cell.n_low) == ((high & inside).sum(), (~high & inside).sum())
        assert (cell.events_high, cell.events_low) == (event[high & inside].sum(), event[~high & inside].sum())
    assert row.interaction is not None
    assert row.interaction.p_value == pytest.approx(interaction(time, event, high, cohort.patients["product"].astype(str)).p_value)


@pytest.mark.parametrize("key", ["orr", "mrd", "crs2"])
def test_odds_ratios_and_their_interaction_are_those_of_the_table(key: str) -> None:
    cohort = with_toxicity()
    row = row_of(all_endpoints(cohort, FERRITIN), key)
    column, yes, no = {
        "orr": ("best_response", RESPONDERS, {"SD", "MR", "PD"}),
        "mrd": ("best_mrd", {"negative"}, {"positive"}),
        "crs2": ("crs_grade", {"2", "3"}, {"0", "1"}),
    }[key]
    outcome, high = cohort.patients[column].astype(object), (cohort.patients["ferritin_d0"] > 250).to_numpy()
    tables = []
    for cell in row.cells:
        inside = in_column(cohort, cell)
        table = [[int((outcome.isin(kind) & side & inside).sum()) for kind in (yes, no)] for side in (high, ~high)]
        expected = odds_ratio(table)
        ours = cell.estimate
        assert (ours.value, ours.ci_low, ours.ci_high) == (expected.value, expected.ci_low, expected.ci_high)
        assert cell.p_value == fisher_exact(table).p_value
        assert (cell.events_high, cell.n_high, cell.events_low, cell.n_low) == (table[0][0], sum(table[0]), table[1][0], sum(table[1]))
        assert cell.n_low + cell.n_high + cell.n_missing == inside.sum()
        tables.append(table)
    assert row.cells[0].n_missing > 0
    assert row.interaction is not None
    assert row.interaction.p_value == pytest.approx(odds_interaction(tables[1:]).p_value)


def test_q_values_are_over_everything_on_the_strip() -> None:
    found = all_endpoints(with_toxicity(), FERRITIN)
    p, q = np.array(known_p(found)).T
    assert len(p) == found.n_tests > 20
    assert q == pytest.approx(benjamini_hochberg(p))
    naive = [min(1, *(other * len(p) / (p <= other).sum() for other in p[p >= one])) for one in p]
    assert q == pytest.approx(naive)


def test_a_small_group_has_its_ratio_but_no_p() -> None:
    found = all_endpoints(with_toxicity(45), FERRITIN)
    assert any(cell.reason for row in found.rows for cell in row.cells)
    for row in found.rows:
        for cell in row.cells:
            if min(cell.n_low, cell.n_high) < 10:
                assert cell.reason == "fewer than 10 patients in a group"
                assert np.isnan([cell.p_value, cell.q_value]).all()
        small = any(min(c.n_low, c.n_high) < 10 for c in row.cells[1:])
        assert row.interaction is not None
        assert np.isnan(row.interaction.p_value) == small
        assert row.interaction.reason.startswith("fewer than 10 patients in a group (") == small


def test_two_markers_compare_the_views_high_with_its_low() -> None:
    cohort = with_toxicity()
    markers = (Marker("ferritin_d0", 250), Marker("crp_d0", 6))
    three = all_endpoints(cohort, ExploreView(markers=markers))
    cell = row_of(three, "pfs").cells[0]
    values = cohort.patients[["ferritin_d0", "crp_d0"]].dropna()
    high = (values["ferritin_d0"] > 250).astype(int) + (values["crp_d0"] > 6)
    assert (cell.n_low, cell.n_mixed, cell.n_high) == tuple((high == k).sum() for k in range(3))
    assert cell.n_missing == cohort.n - len(values)
    rest = row_of(all_endpoints(cohort, ExploreView(markers=markers, combine="both-low")), "pfs").cells[0]
    assert (rest.n_low, rest.n_mixed, rest.n_high) == ((high == 0).sum(), 0, (high > 0).sum())


def test_a_group_without_events_gets_firths_estimate_and_its_name() -> None:
    cohort = with_toxicity(120)
    cohort.patients.loc[cohort.patients["ferritin_d0"] <= 250, "os_event"] = 0.0
    cell = row_of(all_endpoints(cohort, FERRITIN), "os").cells[0]
    assert cell.events_low == 0
    assert cell.estimate.method.startswith("Firth")
    assert cell.test == "penalised likelihood ratio"
    assert cell.estimate.value > 1


def test_no_events_one_outcome_and_an_absent_column_are_said() -> None:
    cohort = with_toxicity(120)
    cohort.patients["os_event"] = 0.0
    cohort.patients["icans_grade"] = "0"
    cohort.patients["crs_grade"] = None
    found = all_endpoints(cohort, FERRITIN)
    assert row_of(found, "os").cells[0].reason == "no events"
    icans = row_of(found, "icans").cells[0]
    assert icans.reason == "every patient has the same outcome"
    assert np.isnan([icans.estimate.value, icans.p_value]).all()
    assert found.notes == ("Not in this cohort: CRS, CRS \u2265 2.",)
    assert all_endpoints(make_cohort(), FERRITIN).notes == ("Not in this cohort: MRD negativity, CRS, CRS \u2265 2, ICANS.",)


def test_a_cutoff_that_puts_everybody_on_one_side_gives_nothing_but_words() -> None:
    found = all_endpoints(with_toxicity(), ExploreView(markers=(Marker("ferritin_d0", 1e9),)))
    assert {cell.reason for row in found.rows for cell in row.cells} == {"a group is empty"}
    assert found.n_tests == 0
    assert not known_p(found)


def test_without_a_split_there_is_one_column_and_no_interaction() -> None:
    found = all_endpoints(with_toxicity(), ExploreView(markers=FERRITIN.markers, split=""))
    assert [c.key for c in found.columns] == ["all"]
    assert all(row.interaction is None for row in found.rows)


def test_filters_hold() -> None:
    only = Filter("product", levels=("cilta-cel",))
    found = all_endpoints(with_toxicity(), ExploreView(markers=FERRITIN.markers, filters=(only,)))
    assert [(c.title, c.n) for c in found.columns] == [("All", 100)]


def test_a_view_without_a_marker_is_refused() -> None:
    with pytest.raises(ValueError, match="need a marker"):
        all_endpoints(make_cohort(), ExploreView())
