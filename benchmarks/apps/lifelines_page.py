"""The peer: the Explore page as it is usually written, lifelines fitted at each step and ``st.plotly_chart`` for each figure.

It is kept fair: file read once, fragment instead of the whole page, at most 500 lanes, few traces for each figure, stable axes.
"""

import os

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.statistics import logrank_test
from scipy.stats import fisher_exact

COLOURS = {"low": "#0072B2", "high": "#D55E00"}
TIMES = np.arange(0, 61, 12)
RESPONSES = {"sCR": "#08306B", "CR": "#2171B5", "VGPR": "#6BAED6", "PR": "#C6DBEF", "SD": "#FDB863", "PD": "#B35806"}
VISITS = [*(f"Response month {month}" for month in (1, 3, 6)), "Best response"]
MARKER, TIME, EVENT = "Ferritin day 0 (µg/L)", "PFS (months)", "PFS event"
MAX_LANES = 500

st.set_page_config(layout="wide")


@st.cache_resource
def read(path: str) -> pd.DataFrame:
    return pd.read_csv(path)


def curves(part: pd.DataFrame, title: str) -> go.Figure:
    figure = go.Figure()
    for row, (group, rows) in enumerate(part.groupby("group")):
        name = str(group)
        fit = KaplanMeierFitter().fit(rows[TIME], rows[EVENT], label=name)
        survival, limits = fit.survival_function_[name], fit.confidence_interval_
        x = survival.index.to_numpy()
        band = np.r_[limits.iloc[:, 0].to_numpy(), limits.iloc[::-1, 1].to_numpy()]
        figure.add_scatter(x=np.r_[x, x[::-1]], y=band, fill="toself", fillcolor=COLOURS[name], opacity=0.2, line_width=0, hoverinfo="skip")
        figure.add_scatter(x=x, y=survival, line_shape="hv", line_color=COLOURS[name], name=f"{name}, n = {len(rows)}")
        censored = rows.loc[rows[EVENT] == 0, TIME]
        ticks = fit.predict(censored).to_numpy() if len(censored) else []
        figure.add_scatter(x=censored, y=ticks, mode="markers", marker_symbol="line-ns-open", marker_color=COLOURS[name], hoverinfo="skip")
        at_risk = [str(int((rows[TIME] >= time).sum())) for time in TIMES]
        figure.add_scatter(x=TIMES, y=np.full(len(TIMES), -0.1 * (row + 1)), text=at_risk, mode="text", hoverinfo="skip")
    return figure.update_layout(title=title, height=400, xaxis_range=[0, 60], yaxis_range=[-0.3, 1.02], showlegend=False, uirevision=1)


def comparison(part: pd.DataFrame) -> str:
    low, high = part[part["group"] == "low"], part[part["group"] == "high"]
    if min(len(low), len(high)) == 0 or min(low[EVENT].sum(), high[EVENT].sum()) == 0:
        return "not estimable"
    p = logrank_test(low[TIME], high[TIME], low[EVENT], high[EVENT]).p_value
    data = pd.DataFrame({"time": part[TIME], "event": part[EVENT], "high": (part["group"] == "high").astype(float)})
    row = CoxPHFitter().fit(data, "time", "event").summary.loc["high"]
    return f"HR {row['exp(coef)']:.2f} ({row['exp(coef) lower 95%']:.2f} to {row['exp(coef) upper 95%']:.2f}), log-rank p = {p:.3f}"


def bars(cohort: pd.DataFrame) -> tuple[go.Figure, str]:
    figure, words = go.Figure(), []
    for level, colour in RESPONSES.items():
        shares, names = [], []
        for visit in VISITS:
            share = (cohort[visit] == level).groupby(cohort["group"]).mean()
            shares += [100 * share.get("low", 0.0), 100 * share.get("high", 0.0)]
            names += [f"{visit} low", f"{visit} high"]
        figure.add_bar(x=names, y=shares, name=level, marker_color=colour)
    for visit in VISITS:
        responded = cohort[visit].isin(["sCR", "CR", "VGPR", "PR"])
        table = [[int((responded & (cohort["group"] == g)).sum()), int((~responded & (cohort["group"] == g)).sum())] for g in COLOURS]
        words.append(f"{visit}: Fisher p = {fisher_exact(table).pvalue:.3f}")
    return figure.update_layout(barmode="stack", height=400), "; ".join(words)


def lanes(cohort: pd.DataFrame) -> go.Figure:
    rows = cohort.sort_values(["group", "OS (months)"]).iloc[:: max(1, -(-len(cohort) // MAX_LANES))].reset_index(drop=True)
    figure = go.Figure()
    for level, colour in RESPONSES.items():
        x: list[float | None] = []
        y: list[int | None] = []
        for start, stop, visit in ((0, 1, VISITS[0]), (1, 3, VISITS[1]), (3, 99, VISITS[2])):
            drawn = rows[(rows[visit] == level) & (rows["OS (months)"] > start)]
            for lane, end in zip(drawn.index, drawn["OS (months)"], strict=True):
                x += [start, min(end, stop), None]
                y += [lane, lane, None]
        figure.add_scatter(x=x, y=y, mode="lines", line_width=2, line_color=colour, hoverinfo="skip")
    for event, symbol in ((EVENT, "diamond"), ("OS event", "x")):
        marked = rows[rows[event] == 1]
        time = TIME if event == EVENT else "OS (months)"
        figure.add_scatter(x=marked[time], y=marked.index, mode="markers", marker_symbol=symbol, text=marked["Patient ID"])
    return figure.update_layout(height=700, showlegend=False)


@st.fragment
def page(cohort: pd.DataFrame) -> None:
    values = np.unique(cohort[MARKER])
    place = st.slider("Cutoff", 0, len(values) - 1, len(values) // 2)
    cohort = cohort.assign(group=np.where(cohort[MARKER] > values[place], "high", "low"))
    st.write(f"Ferritin > {values[place]:g} µg/L: {(cohort['group'] == 'high').sum()} of {len(cohort)}")
    parts = {"All": cohort, **{str(name): part for name, part in cohort.groupby("Product")}}
    for column, (name, part) in zip(st.columns(len(parts)), parts.items(), strict=True):
        column.plotly_chart(curves(part, name), key=f"curves-{name}")
        column.write(comparison(part))
    left, right = st.columns(2)
    figure, words = bars(cohort)
    left.plotly_chart(figure, key="bars")
    left.write(words)
    right.plotly_chart(lanes(cohort), key="lanes")


page(read(os.environ["CARTOGRAPH_COHORT"]))
