"""Log-rank tests, hazard ratios, interaction, cutoff scans and proportions, against R."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from cartograph.stats.compare import log_rank
from cartograph.stats.cutoff import cutoff_scan
from cartograph.stats.event_table import EventTable
from cartograph.stats.hazard import hazard_ratio, hazard_ratio_of, interaction
from cartograph.stats.response import fisher_exact, proportion
from tests.stats.reference import DATASETS, FOLDER, close, cohort, label, numbers, values

COX = [
    ("lung", "uni_sex", "sex", 2),
    ("veteran", "uni_trt", "trt", 2),
    ("myeloma", "uni_DEPDC1_high", "DEPDC1_high", "high"),
    ("mgus2", "uni_sex", "sex", "M"),
    ("ovarian", "uni_rx", "rx", 2),
    ("aml", "uni_x", "x", "Nonmaintained"),
]
INTERACTIONS = [
    ("lung", "sex * age_grp", "sex", 2, "age_grp"),
    ("veteran", "trt * celltype", "trt", 2, "celltype"),
    ("myeloma", "DEPDC1_high * chr1q21_gain", "DEPDC1_high", "high", "chr1q21_gain"),
]
SCANS = sorted(path.stem.removeprefix("cutscan_") for path in FOLDER.glob("cutscan_*.csv"))


def log_ranks() -> list[tuple[str, int]]:
    return [(name, i) for name in DATASETS for i in range(len(values(f"survival_{name}")["log_rank"]))]


@pytest.mark.parametrize(("name", "index"), log_ranks())
def test_log_rank_is_survdiff(name: str, index: int) -> None:
    reference = values(f"survival_{name}")
    expected = reference["log_rank"][index]
    group, strata = expected["group"], expected["strata"]
    data = cohort(reference, group, *([strata] if strata else []))
    for rho, key in [(0.0, "logrank_rho0"), (1.0, "peto_rho1")]:
        found, theirs = log_rank(data["time"], data["event"], data[group], strata=data[strata] if strata else None, rho=rho), expected[key]
        close([found.statistic, found.df, found.p_value], [theirs["chisq"], theirs["df"], theirs["p"]])
        frame = found.to_frame()
        names = [label(g) for g in frame["group"]]
        for column in ("n", "observed", "expected"):
            close(frame[column], [theirs[column][g] for g in names])


@pytest.mark.parametrize(("name", "index"), log_ranks())
def test_ratios_from_the_log_rank_test_are_rs(name: str, index: int) -> None:
    reference = values(f"survival_{name}")
    expected = reference["log_rank"][index]
    ratio = expected["two_group_hr"]
    if not ratio:
        assert len(expected["logrank_rho0"]["levels"]) > 2
        return
    strata = expected["strata"]
    data = cohort(reference, expected["group"], *([strata] if strata else []))
    exposed = np.array([label(v) == ratio["numerator"] for v in data[expected["group"]]])
    for method, key in [("mantel-haenszel", "mh_hr"), ("log-rank", "logrank_hr")]:
        found = hazard_ratio(data["time"], data["event"], exposed, method=method, strata=data[strata] if strata else None)  # type: ignore[arg-type]
        limits = ratio["ci_z_qnorm975"]
        close([found.value, found.ci_low, found.ci_high], [ratio[key], limits[f"{key}_lower"], limits[f"{key}_upper"]])
        close(found.p_value, expected["logrank_rho0"]["p"])


@pytest.mark.parametrize(("name", "model", "column", "exposed"), COX)
@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_cox_is_coxph(name: str, model: str, column: str, exposed: object, ties: Any) -> None:
    reference = values(f"survival_{name}")
    data = cohort(reference, column)
    theirs = reference["cox"][model][ties]
    found = hazard_ratio(data["time"], data["event"], data[column] == exposed, ties=ties)
    expected = [theirs[key][0] for key in ("hr", "lower", "upper", "wald_p")]
    close([found.value, found.ci_low, found.ci_high, found.p_value], expected, rtol=1e-8)


@pytest.mark.parametrize("name", ["two_groups_heavy_ties", "identical_groups", "two_groups_one_empty_of_events"])
def test_tiny_samples_are_survdiff_and_coxph(name: str) -> None:
    case = values("edge_cases")["cases"][name]
    time, exposed = [float(t) for t in case["time"]], np.array(case["x"])
    close(log_rank(time, case["event"], exposed).statistic, case["logrank"]["logrank_rho0"]["chisq"])
    for ties in ("efron", "breslow"):
        found = hazard_ratio(time, case["event"], exposed, ties=ties)  # type: ignore[arg-type]
        theirs = case["cox"][ties]["coefficients"]
        close(found.value, theirs["hr"][0] if theirs["se"][0] < 100 else np.nan)


@pytest.mark.parametrize("name", values("firth")["cases"])
@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_firth_is_the_penalised_likelihood_of_r(name: str, ties: Any) -> None:
    case = values("firth")["cases"][name]
    data, theirs = case["data"], case["firth"][ties]
    found = hazard_ratio(data["time"], data["event"], data["x"], method="firth", ties=ties)
    expected = [theirs[key] for key in ("hr", "pl_lower_hr", "pl_upper_hr", "penalised_lrt_p")]
    close([found.value, found.ci_low, found.ci_high, found.p_value], expected, rtol=1e-6)
    plain = hazard_ratio(data["time"], data["event"], data["x"], ties=ties)
    assert np.isnan(plain.value) == case["monotone"]
    assert bool(plain.notes) == case["monotone"]


@pytest.mark.parametrize(("name", "model", "column", "exposed", "by"), INTERACTIONS)
@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_interaction_is_the_likelihood_ratio_test_of_coxph(name: str, model: str, column: str, exposed: object, by: str, ties: Any) -> None:
    reference = values(f"survival_{name}")
    data = cohort(reference, column, by)
    theirs = reference["interaction"][model][ties]
    found = interaction(data["time"], data["event"], data[column] == exposed, data[by], ties=ties)
    close([found.statistic, found.df, found.p_value], [theirs["lrt_chisq"], theirs["df"], theirs["lrt_p"]], rtol=1e-6)


@pytest.mark.parametrize("scan", SCANS)
def test_every_cutoff_of_a_scan_is_survdiff_and_coxph(scan: str) -> None:
    name, marker = scan.split("_")
    theirs = pd.read_csv(FOLDER / f"cutscan_{scan}.csv")
    data = cohort(values(f"survival_{name}"), marker)
    for ties, suffix in [("efron", ""), ("breslow", "_breslow")]:
        found = cutoff_scan(data[marker], data["time"], data["event"], cutoffs=theirs["cutoff"], ties=ties).to_frame()  # type: ignore[arg-type]
        assert found[["n_low", "n_high", "events_low", "events_high"]].equals(theirs[["n_low", "n_high", "events_low", "events_high"]])
        close(found["chi2"], theirs["logrank_chisq"])
        close(found["p_value"], theirs["logrank_p"])
        known = ~found["firth"]  # where Cox has no estimate
        # R's scan ran with coxph's default, which stops once the likelihood changes by less than 1e-9 of itself
        close(np.log(found["hazard_ratio"][known]), theirs[f"cox_coef{suffix}"][known], rtol=1e-6, atol=2e-6)
        assert not (theirs["monotone_zero_event_group"].eq(1) & known).any()
        assert (theirs["cox_se"][~known] > 100).all()  # only where coxph runs away
    window = cutoff_scan(data[marker], data["time"], data["event"]).to_frame()
    np.testing.assert_array_equal(window["cutoff"], theirs["cutoff"][theirs["in_minprop_window"] == 1])


@pytest.mark.parametrize("scan", ["myeloma_DEPDC1", "mgus2_hgb", "ovarian_age"])
def test_a_selected_cutoff_gives_the_row_of_the_scan(scan: str) -> None:
    name, marker = scan.split("_")
    data = cohort(values(f"survival_{name}"), marker)
    table = EventTable.build(data[marker], data["time"], data["event"])
    for row in cutoff_scan(data[marker], data["time"], data["event"]).to_frame().iloc[::7].itertuples():
        counts = table.select(row.cutoff)  # type: ignore[arg-type]
        ratio = hazard_ratio_of([counts], method="firth" if row.firth else "cox")
        close([ratio.value, ratio.ci_low, ratio.ci_high], [row.hazard_ratio, row.ci_low, row.ci_high], rtol=1e-6 if row.firth else 1e-8)
        close([counts.curve(g).quantile().value for g in (0, 1)], [row.median_low, row.median_high])


@pytest.mark.parametrize("index", range(len(values("proportions")["fisher"])))
def test_fisher_is_fisher_test(index: int) -> None:
    case = values("proportions")["fisher"][index]
    close(fisher_exact(case["table"]).p_value, case["p"])


@pytest.mark.parametrize(("method", "key"), [("clopper-pearson", "cp"), ("wilson", "wilson")])
def test_limits_of_proportions_are_rs(method: Any, key: str) -> None:
    theirs = {name: numbers(column) for name, column in values("proportions")["proportions"].items()}
    found = [proportion(int(x), int(n), method=method) for x, n in zip(theirs["x"], theirs["n"], strict=True)]
    close([e.value for e in found], theirs["estimate"])
    close([e.ci_low for e in found], theirs[f"{key}_lower"])
    close([e.ci_high for e in found], theirs[f"{key}_upper"])
