"""Made-up results for the charts; no patient."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cartograph.stats.results import Estimate
from cartograph.stats.survival import kaplan_meier
from cartograph.views.explore import Comparison, Distribution, Group, Panel, ResponseGroup, ResponseTest, Role, SwimmerLanes

NAN = float("nan")
CODES = ("sCR", "CR", "nCR", "VGPR", "PR", "MR", "SD", "PD", "NE")
NOTHING = Estimate(NAN, NAN, NAN, "none")


def make_group(role: Role, short: str, n: int, *, seed: int = 1, scale: float = 15.0, label: str = "") -> Group:
    rng = np.random.default_rng(seed)
    event_time, censor_time = rng.exponential(scale, n), rng.uniform(2, 30, n)
    curve = kaplan_meier(np.minimum(event_time, censor_time), event_time <= censor_time)
    median = curve.quantile(0.5) if n else NOTHING
    return Group(role, label or f"Ferritin {short}", short, n, int(curve.events.sum()), curve, median, pd.DataFrame(), NOTHING)


def make_panel(*groups: Group, title: str = "cilta-cel", missing: int = 0) -> Panel:
    return Panel("1", title, sum(g.n for g in groups), missing, groups, Comparison("", None, NAN, "log-rank"), ())


@pytest.fixture
def panel() -> Panel:
    return make_panel(
        make_group("low", "\u2264 337", 30, seed=1, scale=30.0), make_group("high", "> 337", 22, seed=2, scale=8.0), missing=3
    )


def make_response(panel: str, role: Role, group: str, visit: str, counts: dict[str, int]) -> ResponseGroup:
    full = tuple((c, counts.get(c, 0)) for c in CODES)
    evaluable = sum(k for c, k in full if c != "NE")
    orr = sum(counts.get(c, 0) for c in CODES[:5]) / evaluable if evaluable else NAN
    cr = sum(counts.get(c, 0) for c in CODES[:2]) / evaluable if evaluable else NAN
    n = sum(counts.values()) + 1  # one was not assessed
    return ResponseGroup(panel, role, group, visit, n, evaluable, full, Estimate(orr, 0.5, 0.9, "x"), Estimate(cr, 0.1, 0.4, "x"))


@pytest.fixture
def responses() -> tuple[list[ResponseGroup], list[ResponseTest]]:
    groups, tests = [], []
    for panel in ("All", "ide-cel"):
        for visit in ("Month 1", "Best"):
            groups.append(make_response(panel, "low", "\u2264 337", visit, {"sCR": 4, "VGPR": 3, "PD": 1, "NE": 2}))
            groups.append(make_response(panel, "high", "> 337", visit, {"CR": 2, "PR": 2, "SD": 4}))
            if panel == "All":
                tests += [ResponseTest(panel, visit, "ORR", 0.0321), ResponseTest(panel, visit, "CR", 0.4)]
            else:
                tests += [ResponseTest(panel, visit, o, NAN, "fewer than 10 evaluable patients in a group") for o in ("ORR", "CR")]
    return groups, tests


def make_lanes(n: int) -> SwimmerLanes:
    half = n // 2
    group = ["> 337" if i < half else "\u2264 337" for i in range(n)]
    rows = [
        (i, f"P{i}", f"P{i}", group[i], a, b, c) for i in range(n) for a, b, c in ((0.0, 1.0, ""), (1.0, 3.0, "PR"), (3.0, 4.0 + i, "CR"))
    ]
    marks = [(i, 1.0, "first response") for i in range(n)] + [(i, 4.0 + i, "ongoing" if i % 2 else "death") for i in range(n)]
    return SwimmerLanes(
        lanes=pd.DataFrame(rows, columns=["lane", "patient", "label", "group", "start", "stop", "response"]),
        marks=pd.DataFrame(marks, columns=["lane", "month", "kind"]),
        hover=pd.DataFrame([(i, f"P{i}\nFerritin <b>{i}") for i in range(n)], columns=["lane", "text"]),
        groups=pd.DataFrame(
            [("> 337", 0, half - 1), ("\u2264 337", half, n - 1)] if n else [], columns=["label", "first_lane", "last_lane"]
        ),
        n=n,
        n_drawn=n,
    )


def make_distribution(*, log: bool = True) -> Distribution:
    values = np.unique(np.round(np.exp(np.random.default_rng(3).normal(5.7, 1.0, 80)), 0))
    edges = np.geomspace(values[0], values[-1], 13) if log else np.linspace(values[0], values[-1], 13)
    edges[0], edges[-1] = values[0], values[-1]
    return Distribution("ferritin_d0", "Ferritin, day 0", "\u00b5g/L", log, edges, np.histogram(values, edges)[0], values, len(values), 4)


def texts(layout: dict) -> list[str]:
    return [a["text"] for a in layout["annotations"]]
