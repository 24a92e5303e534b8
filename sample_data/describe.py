"""What the files hold, in numbers: ``python -m sample_data.describe`` prints the tables that stand in README.md.

Read from the files and fitted with lifelines, so that README says what is there and not what was intended.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from lifelines import CoxPHFitter, KaplanMeierFitter
from scipy.stats import spearmanr

from sample_data import FOLDER
from sample_data.course import DAYS_PER_MONTH

Mask = npt.NDArray[np.bool_] | pd.Series
RESPONSE = {"PR", "VGPR", "CR", "sCR"}
COMPLETE = {"CR", "sCR"}


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a table: the number in the paper and the number in the file, both as text."""

    what: str
    published: str
    found: str


def read(name: str) -> pd.DataFrame:
    """A file of this folder as text, missing cells empty."""
    return pd.read_csv(FOLDER / name, comment="#", dtype=str, keep_default_na=False)


def number(cells: pd.Series) -> pd.Series:
    """Numbers; "<3" counts as half of 3, ">5000" as 5000, an empty cell as missing."""
    text = cells.str.lstrip("<>")
    return pd.to_numeric(text, errors="coerce") * np.where(cells.str.startswith("<"), 0.5, 1.0)


def times(frame: pd.DataFrame) -> pd.DataFrame:
    """PFS and OS in months with events (1 = event), from time columns or from dates."""
    if "PFS (months)" in frame:
        return pd.DataFrame(
            {
                k: number(frame[v])
                for k, v in (("pfs", "PFS (months)"), ("pfs_event", "PFS event"), ("os", "OS (months)"), ("os_event", "OS event"))
            }
        )
    day = {k: pd.to_datetime(frame[f"{k} date"].replace("", None)) for k in ("Infusion", "Progression", "Death", "Last contact")}
    first = day["Progression"].fillna(day["Death"])
    months = {
        k: (v - day["Infusion"]).dt.days / DAYS_PER_MONTH
        for k, v in (("pfs", first.fillna(day["Last contact"])), ("os", day["Last contact"]))
    }
    return pd.DataFrame({**months, "pfs_event": first.notna().astype(float), "os_event": day["Death"].notna().astype(float)})


def curve(t: pd.DataFrame, endpoint: str, of: Mask) -> KaplanMeierFitter:
    return KaplanMeierFitter().fit(t.loc[of, endpoint], t.loc[of, f"{endpoint}_event"])


def median(t: pd.DataFrame, endpoint: str, of: Mask) -> str:
    value = float(curve(t, endpoint, of).median_survival_time_)
    return "NR" if np.isinf(value) else f"{value:.1f}"


def at(t: pd.DataFrame, endpoint: str, of: Mask, month: float) -> str:
    return f"{100 * float(curve(t, endpoint, of).predict(month)):.0f} %"


def follow_up(t: pd.DataFrame, of: Mask) -> str:
    """Median by reverse Kaplan-Meier."""
    value = KaplanMeierFitter().fit(t.loc[of, "os"], 1 - t.loc[of, "os_event"]).median_survival_time_
    return f"{value:.1f}"


def hazard_ratio(t: pd.DataFrame, endpoint: str, exposed: Mask, among: Mask | None = None) -> str:
    """Univariable Cox (Efron), exposed against the rest."""
    frame = pd.DataFrame({"t": t[endpoint], "e": t[f"{endpoint}_event"], "x": np.asarray(exposed, dtype=float)})
    fit = CoxPHFitter().fit(frame if among is None else frame[among], "t", "e").summary.loc["x"]
    p = "p < 0.001" if fit["p"] < 0.001 else f"p = {fit['p']:.3f}"
    return f"{fit['exp(coef)']:.2f} ({fit['exp(coef) lower 95%']:.2f}-{fit['exp(coef) upper 95%']:.2f}), {p}"


def rate(cells: pd.Series, levels: set[str]) -> str:
    """Count and share among the evaluable: neither empty nor NE."""
    known = cells[~cells.isin(["", "NE"])]
    hits = int(known.isin(levels).sum())
    return f"{hits}/{len(known)} ({100 * hits / len(known):.0f} %)"


def mayo_like() -> list[Fact]:
    f = read("synthetic_mayo_like.csv")
    t = times(f)
    ide, cilta = f["Product"] == "ide-cel", f["Product"] == "cilta-cel"
    high = number(f["Ferritin day 0 (µg/L)"]) > 337
    before = number(f["Ferritin pre-LD (µg/L)"])
    complete = f[[f"Response month {m}" for m in (1, 3, 6)]].isin(COMPLETE).any(axis=1)
    return [
        Fact("PFS events / deaths", "not given", f"{t['pfs_event'].sum():.0f} / {t['os_event'].sum():.0f} of 52"),
        Fact("median PFS, ide-cel / cilta-cel (months)", "13.5 / NR", f"{median(t, 'pfs', ide)} / {median(t, 'pfs', cilta)}"),
        Fact("OS at 24 months, ide-cel / cilta-cel", "67 % / 74 %", f"{at(t, 'os', ide, 24)} / {at(t, 'os', cilta, 24)}"),
        Fact("median follow-up, ide-cel / cilta-cel (months)", "11.9 / 14.7", f"{follow_up(t, ide)} / {follow_up(t, cilta)}"),
        Fact("median PFS, ferritin day 0 > 337 / <= 337", "13.5 / NR", f"{median(t, 'pfs', high)} / {median(t, 'pfs', ~high)}"),
        Fact("PFS HR ferritin day 0 > 337 vs <= 337", "7.7 (printed inverse: 0.13)", hazard_ratio(t, "pfs", high)),
        Fact("OS HR ferritin day 0 > 337 vs <= 337", "8.3 (printed inverse: 0.12)", hazard_ratio(t, "os", high)),
        Fact("PFS HR ferritin pre-LD > 337 vs <= 337", "33 (printed inverse: 0.03)", hazard_ratio(t, "pfs", before > 337, before.notna())),
        Fact("PFS HR CRP day 0 > 8 vs <= 8", "2.2 (printed inverse: 0.45)", hazard_ratio(t, "pfs", number(f["CRP day 0 (mg/L)"]) > 8)),
        Fact("PFS HR cilta-cel vs ide-cel", "in a figure", hazard_ratio(t, "pfs", cilta)),
        Fact("CR or better by month 6, ide-cel / cilta-cel", "7/17 / 28/35", f"{complete[ide].sum()}/17 / {complete[cilta].sum()}/35"),
        Fact("PR or better at month 6, of evaluable, ide-cel", "46 %", rate(f.loc[ide, "Response month 6"], RESPONSE)),
        Fact("PR or better at month 6, of evaluable, cilta-cel", "97 %", rate(f.loc[cilta, "Response month 6"], RESPONSE)),
    ]


def eque_like() -> list[Fact]:
    f = read("synthetic_eque_like.csv")
    t = times(f)
    everyone = np.ones(len(f), dtype=bool)
    triple, high_risk = f["Triple-class exposed"] == "yes", f["High-risk cytogenetics"] == "yes"
    known = f["High-risk cytogenetics"] != ""
    return [
        Fact("progressions or deaths / deaths", "29 progressions", f"{t['pfs_event'].sum():.0f} / {t['os_event'].sum():.0f} of 56"),
        Fact("median follow-up (months)", "39.6", follow_up(t, everyone)),
        Fact("median PFS / OS (months)", "30.1 / NR", f"{median(t, 'pfs', everyone)} / {median(t, 'os', everyone)}"),
        Fact("ORR / CR or better", "54/56 / 45/56", f"{rate(f['Best response'], RESPONSE)} / {rate(f['Best response'], COMPLETE)}"),
        Fact("PFS HR triple-class exposed (n = 10)", "2.75 (1.15-6.49)", hazard_ratio(t, "pfs", triple)),
        Fact("OS HR triple-class exposed", "4.35 (1.64-11.5)", hazard_ratio(t, "os", triple)),
        Fact("PFS HR high-risk cytogenetics (21 of 55)", "2.06 (1.03-4.42)", hazard_ratio(t, "pfs", high_risk, known)),
        *eque_like_depth(f, t),
    ]


def eque_like_depth(f: pd.DataFrame, t: pd.DataFrame) -> list[Fact]:
    """MRD, persistence and kinetics."""
    visits = read("synthetic_eque_like_visits.csv")
    lasting, mrd = number(f["CAR-T persistence (months)"]), number(f["MRD negativity duration (months)"])
    ada = f["Anti-drug antibodies"] == "positive"
    negative = visits.loc[visits["MRD"] == "negative", "Patient ID"].nunique()
    course = f["MRD course"].value_counts()
    peak_day = number(f["Tmax (day)"])
    return [
        Fact("MRD negative at least once", "54", str(negative)),
        Fact("MRD sustained / lost / never negative", "21 + 4 / 29 / 2", f"{course['sustained']} / {course['lost']} / {course['never']}"),
        Fact(
            "persistence >= 6 / 12 / 24 / 36 months",
            "43 / 22 / 14 / 4",
            " / ".join(str(int((lasting >= m).sum())) for m in (6, 12, 24, 36)),
        ),
        Fact("median persistence (months)", "9.0", f"{lasting.median():.1f}"),
        Fact(
            "median persistence, ADA positive / negative",
            "shorter if positive",
            f"{lasting[ada].median():.1f} / {lasting[~ada].median():.1f}",
        ),
        Fact(
            "Spearman persistence with PFS / MRD duration",
            "0.63 / 0.71",
            f"{spearmanr(lasting, t['pfs'])[0]:.2f} / {spearmanr(lasting, mrd)[0]:.2f}",
        ),
        Fact("median Tmax (days, range)", "12 (7-22)", f"{peak_day.median():.0f} ({peak_day.min():.0f}-{peak_day.max():.0f})"),
    ]


def ratios() -> list[Fact]:
    f = read("synthetic_ratios.csv")
    t = times(f)
    alc = number(f["ALC pre-LD (10^9/L)"])
    high = {
        "NLR": number(f["ANC pre-LD (10^9/L)"]) / alc > 2.55,
        "MLR": number(f["AMC pre-LD (10^9/L)"]) / alc > 0.35,
        "PLR": number(f["Platelets pre-LD (10^9/L)"]) / alc > 145,
    }
    points = pd.DataFrame(high).sum(axis=1)
    groups = (points == 0, (points == 1) | (points == 2), points == 3)
    best, severe = f["Best response"], number(f["CRS grade"]) >= 3
    return [
        Fact("patients with 0 / 1-2 / 3 high ratios", "not given", " / ".join(str(int(g.sum())) for g in groups)),
        Fact("NLR > 2.55 / MLR > 0.35 / PLR > 145", "not given", " / ".join(str(int(x.sum())) for x in high.values())),
        Fact("median PFS with 0 / 1-2 / 3 high ratios", "18.9 / 13.8 / 5.1", " / ".join(median(t, "pfs", g) for g in groups)),
        Fact("median PFS, NLR low / high", "18.6 / 10.9", f"{median(t, 'pfs', ~high['NLR'])} / {median(t, 'pfs', high['NLR'])}"),
        Fact("ORR, NLR low", "93.8 %", rate(best[~high["NLR"]], RESPONSE)),
        Fact("ORR, NLR high", "81.2 %", rate(best[high["NLR"]], RESPONSE)),
        Fact("CRS grade >= 3 with 0 / 1-2 / 3 high ratios", "more if high", " / ".join(f"{int(severe[g].sum())}" for g in groups)),
        Fact("median follow-up (months)", "not given", follow_up(t, points >= 0)),
    ]


def registry() -> list[Fact]:
    f = read("synthetic_registry.csv")
    t = times(f)
    everyone = np.ones(len(f), dtype=bool)
    facts = []
    published = {"ide-cel": "8.8-13.8", "cilta-cel": "35 (12 months: 68 %)", "eque-cel": "30.1"}
    for product, anchor in published.items():
        of = f["Product"] == product
        facts.append(Fact(f"median PFS, {product} (n = {of.sum()})", anchor, f"{median(t, 'pfs', of)} (12 months: {at(t, 'pfs', of, 12)})"))
        facts.append(
            Fact(
                f"ORR / CR or better, {product}",
                "",
                f"{rate(f.loc[of, 'Best response'], RESPONSE)} / {rate(f.loc[of, 'Best response'], COMPLETE)}",
            )
        )
    ferritin = number(f["Ferritin pre-LD (ng/mL)"])
    two = f["Product"] != "eque-cel"
    center = ferritin.groupby(f["Center"]).median()
    return [
        Fact("progressions or deaths / deaths", "", f"{t['pfs_event'].sum():.0f} / {t['os_event'].sum():.0f} of {len(f):,}"),
        Fact("median follow-up (months)", "7-32", follow_up(t, everyone)),
        *facts,
        Fact("PFS HR cilta-cel vs ide-cel", "0.48 (0.36-0.63)", hazard_ratio(t, "pfs", f["Product"] == "cilta-cel", two)),
        Fact(
            "PFS HR ferritin pre-LD > 400 vs <= 400", "2.15 (1.74-2.66), pooled", hazard_ratio(t, "pfs", ferritin > 400, ferritin.notna())
        ),
        Fact("OS HR ferritin pre-LD > 400 vs <= 400", "2.86 (2.20-3.72), pooled", hazard_ratio(t, "os", ferritin > 400, ferritin.notna())),
        Fact("PFS HR extramedullary disease", "1.5-2.6", hazard_ratio(t, "pfs", f["Extramedullary disease"] == "yes")),
        Fact(
            "PFS HR high-risk cytogenetics",
            "1.3-2.8",
            hazard_ratio(t, "pfs", f["High-risk cytogenetics"] == "yes", f["High-risk cytogenetics"] != ""),
        ),
        Fact("PFS HR penta-class refractory", "", hazard_ratio(t, "pfs", f["Penta-class refractory"] == "yes")),
        Fact("ferritin pre-LD not measured", "", f"{ferritin.isna().sum()} of {len(f):,}"),
        Fact("median ferritin pre-LD, center 1 / center 8 (µg/L)", "", f"{center['Center 1']:.0f} / {center['Center 8']:.0f}"),
    ]


def markdown(facts: list[Fact]) -> str:
    lines = ["| | in the paper | in this file |", "|---|---|---|"]
    return "\n".join(lines + [f"| {x.what} | {x.published} | {x.found} |" for x in facts])


TABLES = {"mayo-like": mayo_like, "eque-like": eque_like, "ratios": ratios, "registry": registry}


if __name__ == "__main__":
    for key, facts in TABLES.items():
        print(f"<!-- numbers: {key} -->\n{markdown(facts())}\n<!-- end -->\n")
