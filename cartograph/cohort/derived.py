"""Columns that follow from others: count ratios, high-risk cytogenetics, best response and MRD. What a file gives is never overwritten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph.cohort.findings import Findings, Place, Rule
from cartograph.cohort.join import Placed, Roster
from cartograph.cohort.schema import MRD_LEVELS, RESPONSE_LEVELS

Texts = npt.NDArray[np.object_]

# ratio: numerator, denominator (lymphocytes), before lymphodepletion: at day 0 lymphocytes are near zero and a ratio means nothing
RATIOS: Mapping[str, tuple[str, str]] = {
    "nlr": ("anc_pre", "alc_pre"),
    "mlr": ("amc_pre", "alc_pre"),
    "plr": ("platelets_pre", "alc_pre"),
}
HIGH_RISK_LESIONS = ("del_17p", "t_4_14", "t_14_16")
HIGH_RISK_WORDS = "Derived: del(17p), t(4;14) or t(14;16) present; 'no' only when all three are known to be absent."
BEST_WORDS = "Best of the responses by visit, for patients without a best response of their own."
BEST_MRD_WORDS = "MRD negative at any visit, else positive at any visit."

_BETTER = Rule("warning", "best-response-contradicted", "a best response at least as good as every visit", "Both are kept; check the two.")
_FILLED = Rule("note", "derived-column", "a value for every patient", "It was taken from the visits.")


def ratios(placed: Mapping[str, Placed]) -> dict[str, Placed]:
    """NLR, MLR and PLR where both counts are there and the file does not give the ratio; a lymphocyte count of 0 gives none."""
    made: dict[str, Placed] = {}
    for key, (above, below) in RATIOS.items():
        if key in placed or above not in placed or below not in placed:
            continue
        top, bottom = placed[above].values, placed[below].values
        usable = ~np.isnan(top) & (np.nan_to_num(bottom) > 0)
        values = np.full(len(top), np.nan)
        values[usable] = top[usable] / bottom[usable]
        if usable.any():
            made[key] = Placed(values, placed[below].rows, placed[below].place)
    return made


def high_risk(placed: Mapping[str, Placed]) -> Placed | None:
    """High-risk cytogenetics from the single lesions; None when the file gives it or has no lesion column."""
    there = [placed[key] for key in HIGH_RISK_LESIONS if key in placed]
    if "high_risk_cytogenetics" in placed or not there:
        return None
    any_yes = np.logical_or.reduce([at.values == "yes" for at in there])
    all_no = np.logical_and.reduce([at.values == "no" for at in there]) & (len(there) == len(HIGH_RISK_LESIONS))
    values = np.full(len(any_yes), None, dtype=object)
    values[all_no], values[any_yes] = "no", "yes"
    return Placed(values, there[0].rows, there[0].place) if any_yes.any() or all_no.any() else None


def best_response(given: Placed | None, visits: pd.DataFrame, roster: Roster, findings: Findings) -> Placed | None:
    """The best response of every patient: as given, else the best of the visits. A visit that is better than the given best is said."""
    best = _best_of_visits(visits, "response", RESPONSE_LEVELS, roster)
    if best is None:
        return given
    if given is not None:
        rank = {level: i for i, level in enumerate(RESPONSE_LEVELS)}
        wrong = np.array([rank.get(b, 99) < rank.get(g, -1) for g, b in zip(given.values, best, strict=True)], dtype=bool)
        words = [f"best response {g}, but {b} at a visit" for g, b in zip(given.values[wrong], best[wrong], strict=True)]
        findings.each(_BETTER, given.place, rows=given.rows[wrong], found=words, patients=roster.ids[wrong])
    return _filled(given, best, roster, findings, "best response")


def best_mrd(given: Placed | None, visits: pd.DataFrame, roster: Roster, findings: Findings) -> Placed | None:
    """MRD status over all visits: negative when ever negative."""
    best = _best_of_visits(visits, "status", MRD_LEVELS, roster)
    return given if best is None else _filled(given, best, roster, findings, "MRD status")


def _best_of_visits(visits: pd.DataFrame, column: str, levels: Sequence[str], roster: Roster) -> Texts | None:
    if len(visits) == 0:
        return None
    after = visits.loc[visits["month"] > 0]
    rank = after[column].map({level: i for i, level in enumerate(levels)}).dropna()
    lowest = rank.groupby(after["patient_id"].loc[rank.index], sort=False).min()
    best = np.full(len(roster.ids), None, dtype=object)
    for patient, i in lowest.items():
        best[roster.position[str(patient)]] = levels[int(i)]
    return best


def _filled(given: Placed | None, best: Texts, roster: Roster, findings: Findings, what: str) -> Placed | None:
    if given is None:
        none = all(b is None for b in best)
        return None if none else Placed(best, np.full(len(roster.ids), np.nan), Place("", ""))
    gaps = np.array([g is None and b is not None for g, b in zip(given.values, best, strict=True)], dtype=bool)
    if not gaps.any():
        return given
    n = int(gaps.sum())
    findings.say(_FILLED, given.place, f"no {what} for {n:,} patient{'' if n == 1 else 's'} with visits")
    return Placed(np.where(gaps, best, given.values), given.rows, given.place)
