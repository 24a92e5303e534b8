"""Cox fits of continuous covariates, concordance and adjusted p values, against R."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from cartograph.stats.adjust import benjamini_hochberg, bonferroni, holm
from cartograph.stats.concordance import concordance_index
from cartograph.stats.continuous import continuous_effect, cox_fit
from tests.stats.reference import close, values

REFERENCE = values("continuous")
MODELS = [(name, model) for name, models in REFERENCE["cox"].items() for model in models]
UNIVARIATE = [
    ("lung", "age", False),
    ("lung", "wt.loss", False),
    ("veteran", "karno", False),
    ("mgus2", "age", False),
    ("myeloma", "DEPDC1", True),
    ("myeloma", "CRIM1", True),
    ("myeloma", "WHSC1", True),
]


def patients(name: str, *columns: str) -> pd.DataFrame:
    """Patients with time, event and complete columns."""
    data = pd.DataFrame({**values(f"survival_{name}")["data"], **REFERENCE["more_columns"][name]})
    return data[["time", "event", *columns]].dropna()


@pytest.mark.parametrize(("name", "model"), MODELS)
def test_the_newton_fit_is_coxph(name: str, model: str) -> None:
    theirs = REFERENCE["cox"][name][model]
    terms, strata = theirs["coefficients"]["term"], theirs["strata"]
    data = patients(name, *dict.fromkeys([*terms, *([strata] if strata else [])]))
    assert len(data) == theirs["n_used"]
    found = cox_fit(data[terms], data["time"], data["event"], strata=data[strata] if strata else None)
    close(found.coefficients, theirs["coefficients"]["coef"], rtol=1e-8)
    close(np.sqrt(np.diag(found.covariance)), theirs["coefficients"]["se"], rtol=1e-8)
    close([found.log_likelihood_null, found.log_likelihood], [theirs["loglik_null"], theirs["loglik"]])
    assert found.to_frame()["hazard_ratio"].tolist() == pytest.approx(theirs["coefficients"]["hr"], rel=1e-8)


@pytest.mark.parametrize(("name", "model"), MODELS)
def test_concordance_of_a_model_is_that_of_coxph(name: str, model: str) -> None:
    theirs = REFERENCE["cox"][name][model]
    terms, strata = theirs["coefficients"]["term"], theirs["strata"]
    data = patients(name, *dict.fromkeys([*terms, *([strata] if strata else [])]))
    score = np.round(data[terms].to_numpy(dtype=float) @ np.array(theirs["coefficients"]["coef"]), 9)  # rounding noise would split ties
    found = concordance_index(score, data["time"], data["event"], strata=data[strata] if strata else None)
    counts = theirs["concordance"]
    assert (found.concordant, found.discordant, found.tied_risk) == (counts["concordant"], counts["discordant"], counts["tied_x"])
    close([found.value, found.std_error], [counts["c"], counts["se"]])


@pytest.mark.parametrize("case", REFERENCE["concordance"], ids=lambda case: f"{case['data']}-{case['risk']}")
def test_concordance_of_a_marker_is_that_of_survival(case: Any) -> None:
    data = patients(case["data"], case["risk"])
    found = concordance_index(case["sign"] * data[case["risk"]], data["time"], data["event"])
    assert (found.concordant, found.discordant, found.tied_risk) == (case["concordant"], case["discordant"], case["tied_x"])
    close([found.value, found.std_error], [case["c"], case["se"]])


@pytest.mark.parametrize(("name", "column", "log2"), UNIVARIATE)
def test_the_line_is_the_univariate_model(name: str, column: str, log2: bool) -> None:
    theirs = REFERENCE["cox"][name][f"uni_{'log2_' if log2 else ''}{column}"]
    data = patients(name, column)
    found = continuous_effect(data[column], data["time"], data["event"], log2=log2, per="unit")
    expected = [theirs["coefficients"][key][0] for key in ("hr", "lower", "upper", "wald_p")]
    close([found.line.value, found.line.ci_low, found.line.ci_high, found.line.p_value], expected, rtol=1e-8)
    close([found.line_test.statistic, found.line_test.df, found.line_test.p_value], [theirs["lrt"][key] for key in ("chisq", "df", "p")])
    close([found.c_line.value, found.c_line.std_error], [theirs["concordance"][key] for key in ("c", "se")])


@pytest.mark.parametrize(("rule", "key"), [(bonferroni, "bonferroni"), (holm, "holm"), (benjamini_hochberg, "BH")])
def test_adjusted_p_values_are_those_of_p_adjust(rule: Any, key: str) -> None:
    theirs = REFERENCE["p_adjust"]
    close(rule(theirs["p"]), theirs[key])
    shuffled = np.random.default_rng(1).permutation(len(theirs["p"]))
    close(rule(np.array(theirs["p"])[shuffled]), np.array(theirs[key])[shuffled])
