"""Kaplan-Meier curves and what is read from them, against R's survfit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cartograph.stats.survival import kaplan_meier, median_follow_up
from tests.stats.reference import DATASETS, close, cohort, label, numbers, values

LIMITS = {"log-log": "loglog", "log": "log", "plain": "plain"}


def curves() -> list[tuple[str, str]]:
    return [(name, level) for name in DATASETS for level in values(f"survival_{name}")["km"]]


def patients(name: str, level: str) -> tuple[Any, Any, Any]:
    reference = values(f"survival_{name}")
    group = reference["km_group"]
    data = cohort(reference) if level == "all" else cohort(reference, group)
    if level != "all":
        data = data[[label(v) == level for v in data[group]]]
    return reference["km"][level], data["time"], data["event"]


@pytest.mark.parametrize(("name", "level"), curves())
@pytest.mark.parametrize("ci", LIMITS)
def test_the_curve_is_that_of_survfit(name: str, level: str, ci: Any) -> None:
    expected, time, event = patients(name, level)
    frame = kaplan_meier(time, event, ci=ci).to_frame()
    table = expected["table"]
    for ours, theirs in [("time", "time"), ("at_risk", "n_risk"), ("events", "n_event"), ("censored", "n_censor"), ("survival", "surv")]:
        close(frame[ours], numbers(table[theirs]))
    whole = frame["survival"] < 1  # where nothing has happened R's limits are 1 or missing, by type
    for ours, theirs in [("std_error", "std_err"), ("ci_low", f"lower_{LIMITS[ci]}"), ("ci_high", f"upper_{LIMITS[ci]}")]:
        alive = whole & (frame["survival"] > 0)
        close(frame[ours][alive], numbers(table[theirs])[alive])


@pytest.mark.parametrize(("name", "level"), curves())
@pytest.mark.parametrize("ci", LIMITS)
def test_quantiles_are_those_of_survfit(name: str, level: str, ci: Any) -> None:
    expected, time, event = patients(name, level)
    curve = kaplan_meier(time, event, ci=ci)
    theirs = expected["quantiles"][LIMITS[ci]]
    found = [curve.quantile(p) for p in theirs["prob"]]
    close([q.value for q in found], numbers(theirs["estimate"]))
    close([q.ci_low for q in found], numbers(theirs["lower"]))
    close([q.ci_high for q in found], numbers(theirs["upper"]))


@pytest.mark.parametrize(("name", "level"), curves())
def test_fixed_times_restricted_mean_and_follow_up_are_those_of_survfit(name: str, level: str) -> None:
    expected, time, event = patients(name, level)
    curve = kaplan_meier(time, event)
    theirs = {key: numbers(column) for key, column in expected["fixed_times"].items()}
    inside = theirs["time"] <= curve.max_time
    found = curve.at(theirs["time"][inside])
    for ours, name_r in [("at_risk", "n_risk"), ("survival", "surv"), ("ci_low", "lower_loglog"), ("ci_high", "upper_loglog")]:
        known = np.isfinite(theirs[name_r][inside])
        close(found[ours][known], theirs[name_r][inside][known])
    for mean in expected["rmst"].values():
        ours_mean = curve.restricted_mean(mean["tau"])
        close([ours_mean.value, ours_mean.std_error], [mean["rmst"], mean["se"]])
    follow_up, reverse = median_follow_up(time, event), expected["reverse"]
    middle = reverse["prob"].index(0.5)
    close(
        [follow_up.value, follow_up.ci_low, follow_up.ci_high],
        numbers([reverse[key][middle] for key in ("estimate", "lower", "upper")]),
    )


@pytest.mark.parametrize("name", values("edge_cases")["cases"])
def test_edge_cases_are_those_of_survfit(name: str) -> None:
    case = values("edge_cases")["cases"][name]
    time, table = [float(t) for t in case["time"]], case["table"]
    frame = kaplan_meier(time, case["event"]).to_frame()
    close(frame["time"], numbers(table["time"]), rtol=1e-7)
    for ours, theirs in [("at_risk", "n_risk"), ("events", "n_event"), ("censored", "n_censor"), ("survival", "surv")]:
        close(frame[ours], numbers(table[theirs]))
    for ci, theirs in LIMITS.items():
        curve = kaplan_meier(time, case["event"], ci=ci)  # type: ignore[arg-type]
        quantiles = case["quantiles"][theirs]
        close([curve.quantile(p).value for p in quantiles["prob"]], numbers(quantiles["estimate"]))
        close([curve.quantile(p).ci_low for p in quantiles["prob"]], numbers(quantiles["lower"]))
        close([curve.quantile(p).ci_high for p in quantiles["prob"]], numbers(quantiles["upper"]))
    mean = kaplan_meier(time, case["event"]).restricted_mean(max(time))
    close([mean.value, mean.std_error], numbers([case["rmst"]["rmean"], case["rmst"]["se"]]))
