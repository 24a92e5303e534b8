"""What a dragged cutoff moves in each figure, at every stop, for the browser to select.

A channel names a part of a figure (``meta`` of a trace, ``name`` of an annotation) and holds its content for every stop. Words are made
here by the functions that make them for the figure at rest, so that both say the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cartograph.charts import theme
from cartograph.charts.km import group_label, label_places, plot_height, rule_label
from cartograph.charts.landscape import CUTOFF, HERE, words_of
from cartograph.charts.pack import Pack
from cartograph.charts.response import bar_lines, row_texts
from cartograph.stats.cutoff import CutoffScan
from cartograph.views.explore import Distribution
from cartograph.views.live import LiveBoard, LivePanel
from cartograph.views.live_responses import LiveResponses

NOT_EVALUABLE = "NE"
LEAST_SHARE = 0.1  # of the patients in the smallest group, for the landscape: maxstat's window
Channels = list[dict[str, Any]]


def km_channels(panel: LivePanel, pack: Pack, *, height: int) -> Channels:
    """Curves, bands, censoring ticks, numbers under the axis and direct labels of one panel."""
    groups = panel.survival.shape[1]
    months, censor_months = pack.numbers(panel.months), pack.numbers(panel.censor_months)
    places = np.array([label_places(ends, plot_height(groups, height)) for ends in panel.last.tolist()])
    found: Channels = []
    for g in range(groups):
        found.append(
            {
                "kind": "curve",
                "group": g,
                "months": months,
                "survival": pack.levels(panel.survival[:, g]),
                "low": pack.levels(panel.ci_low[:, g]),
                "high": pack.levels(panel.ci_high[:, g]),
                "end": pack.numbers(panel.end[:, g]),
                "faint": pack.numbers(panel.faint_from[:, g]),
                "censorMonths": censor_months,
                "censored": pack.flags(panel.censored[:, g]),
            }
        )
        cells = panel.cells[:, g]
        found.append({"kind": "cells", "part": f"cells:{g}", "values": pack.counts(cells.reshape(len(cells), -1))})
        labels = [group_label(head.groups[g]) if head.groups else "" for head in panel.heads]
        found.append({"kind": "words", "part": f"label:{g}", "text": pack.texts(labels), "shift": pack.numbers(-places[:, g])})
        rules = [rule_label(head.groups[g].short) if head.groups else "" for head in panel.heads]
        found.append({"kind": "words", "part": f"rule:{g}", "text": pack.texts(rules)})
    return found


def response_channels(responses: LiveResponses, pack: Pack) -> Channels:
    """Bars, their rates and the headings with Fisher's p."""
    made = [bar_lines(responses.groups(k), responses.tests(k)) for k in range(len(responses.counts))]
    bars, headings = [m[0] for m in made], [m[1] for m in made]
    found: Channels = []
    for i in range(len(headings[0])):
        found.append({"kind": "words", "part": f"heading:{i}", "text": pack.texts([h[i] for h in headings])})
    texts = [[row_texts(bar) for bar in of_stop] for of_stop in bars]
    for i in range(len(bars[0])):
        for cell in range(len(texts[0][0])):
            found.append({"kind": "words", "part": f"row:{i}:{cell}", "text": pack.texts([t[i][cell] for t in texts])})
    counts = np.array([[[c for _, c in bar.counts] for bar in of_stop] for of_stop in bars], dtype=np.int64)
    codes = [code for code, _ in bars[0][0].counts]
    present = [code for code in theme.RESPONSE_COLOURS if code != NOT_EVALUABLE and counts[..., codes.index(code)].any()]
    evaluable = np.array([[bar.evaluable for bar in of_stop] for of_stop in bars], dtype=np.int64)
    found.append(
        {
            "kind": "bars",
            "parts": [f"bar:{code}" for code in present],
            "counts": pack.counts(np.stack([counts[..., codes.index(code)] for code in present], axis=1)),
            "evaluable": pack.counts(evaluable),
        }
    )
    return found


def stripe_channels(live: LiveBoard) -> Channels:
    """The stripes beside the swimmer lanes; which lane is low from which stop on stands in the figure."""
    return [{"kind": "stripes", "roles": [rule.role for rule in live.rules[0]]}]


def landscape_channels(panel: LivePanel, pack: Pack) -> dict[str, Any]:
    """The hazard ratio of one panel over all stops with its limits; 0 where it is not estimable or a group holds less than a tenth."""
    rows = []
    for head in panel.heads:
        found = head.hazard_ratios[0].estimate if head.hazard_ratios else None
        shown = found is not None and min(head.groups[0].n, head.groups[-1].n) >= LEAST_SHARE * head.n
        rows.append((found.value, found.ci_low, found.ci_high) if found is not None and shown else (0.0, 0.0, 0.0))
    columns = np.nan_to_num(np.array(rows), nan=0.0, posinf=0.0).T
    return {name: pack.numbers(column) for name, column in zip(("value", "ci_low", "ci_high"), columns, strict=True)}


def landscape_line_channels(scan: CutoffScan, shape: Distribution, pack: Pack) -> Channels:
    """The line of the current cutoff in a landscape, and its hazard ratio in words. ``scan``: a row for each stop."""
    words = [f"<b>{words}</b>" for words in words_of(scan, shape.unit)]
    low, high = (float(shape.edges[i]) for i in (0, -1))
    return [{"kind": "upright", "part": CUTOFF, "low": low, "high": high}, {"kind": "words", "part": HERE, "text": pack.texts(words)}]
