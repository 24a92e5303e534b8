"""The E-value: how strong an unmeasured confounder would have to be to explain a difference away."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

NAN = float("nan")
COMMON = 0.15  # share of patients with the event by the end of follow-up from which the outcome is common (VanderWeele & Ding)
COMMON_METHOD = (
    "E-value; hazard ratio of a common outcome turned into a risk ratio by (1 \u2212 0.5^\u221aHR) / (1 \u2212 0.5^\u221a(1/HR))"
)
RARE_METHOD = "E-value; hazard ratio of a rare outcome read as a risk ratio"


@dataclass(frozen=True, slots=True, eq=False)
class EValue:
    """``value`` of the estimate, ``limit`` of the confidence limit nearer to 1 (1 = the limits hold 1). NaN = not estimable.

    ``risk_ratio``: what the hazard ratio was read as. The E-value is itself on the scale of risk ratios.
    """

    value: float
    limit: float
    risk_ratio: float
    common: bool
    method: str
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row: value, limit, risk_ratio, common, method."""
        names = ["value", "limit", "risk_ratio", "common", "method"]
        return pd.DataFrame([{name: getattr(self, name) for name in names}])


def e_value(hazard_ratio: float, ci_low: float, ci_high: float, *, common: bool) -> EValue:
    """E-value of a hazard ratio and of its limits (VanderWeele & Ding, Ann Intern Med 2017).

    ``common``: True = 15 % or more of the patients have the event by the end of follow-up, so that a hazard ratio is not a risk ratio.
    ValueError for a ratio that is not positive or limits that do not hold it; a missing ratio gives a missing E-value.
    """
    method = COMMON_METHOD if common else RARE_METHOD
    if not math.isfinite(hazard_ratio):
        return EValue(NAN, NAN, NAN, common, method, ("no hazard ratio",))
    if not hazard_ratio > 0 or ci_low > hazard_ratio or ci_high < hazard_ratio:
        raise ValueError(f"a positive hazard ratio between its limits is expected; got {hazard_ratio:g} ({ci_low:g} to {ci_high:g})")
    ratio = risk_ratio(hazard_ratio, common=common)
    near = ci_low if hazard_ratio > 1 else ci_high
    if math.isnan(near):
        return EValue(_of_risk_ratio(ratio), NAN, ratio, common, method, ("no limits",))
    holds_one = ci_low <= 1 <= ci_high
    return EValue(_of_risk_ratio(ratio), 1.0 if holds_one else _of_risk_ratio(risk_ratio(near, common=common)), ratio, common, method)


def risk_ratio(hazard_ratio: float, *, common: bool) -> float:
    """The risk ratio that a hazard ratio stands for: itself where the outcome is rare, else VanderWeele's approximation.

    VanderWeele, Biometrics 2020: (1 - 0.5^sqrt(HR)) / (1 - 0.5^sqrt(1/HR)).
    """
    if not common:
        return hazard_ratio
    root = math.sqrt(hazard_ratio)
    return math.expm1(-math.log(2) * root) / math.expm1(-math.log(2) / root)


def _of_risk_ratio(ratio: float) -> float:
    away = ratio if ratio >= 1 else 1 / ratio
    return away + math.sqrt(away * (away - 1))
