"""Whether the comparison may be believed: one section per question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from cartograph import format as fmt
from cartograph.charts.forest import forest_chart
from cartograph.charts.love import love_chart
from cartograph.charts.products import differences_chart, mirrored_chart
from cartograph.charts.spec import Chart
from cartograph.cohort import Cohort
from cartograph.stats.weighted_bootstrap import BootstrapEffects, Plan, bootstrap_effects
from cartograph.views.explore import ExploreView
from cartograph.views.panels import MILESTONES
from cartograph.views.products import EVERYBODY, ProductsChoice, ProductsResult
from cartograph.views.products_shown import love_views, score_histogram, weight_histogram
from cartograph.views.provenance import provenance
from components.figure import show_figure
from components.kept import kept
from components.long_work import Job, result_of
from components.sentences import say
from components.text import html_table, plain

RESAMPLES = 500
SEED = 20250101


@dataclass(frozen=True, slots=True, eq=False)
class About:
    """The comparison, the cohort as it was opened and the view that filters it."""

    cohort: Cohort
    view: ExploreView
    result: ProductsResult
    dark: bool

    def draw(self, chart: Chart) -> None:
        """A figure with the badges of this cohort; the cutoff's origin stands on it where a marker group is compared."""
        said = provenance(self.cohort, self.view) if self.result.choice.among != EVERYBODY else ""
        show_figure(chart, key=chart.name, synthetic=self.cohort.synthetic, provenance=said)


@kept(12)
def resampling(cohort: Cohort, view: ExploreView, choice: ProductsChoice) -> Job[BootstrapEffects]:
    """The bootstrap, run once for a question of this session."""
    return Job()


def _balance(about: About) -> None:
    """What was adjusted for on the left, what was not on the right; one below the other on a phone."""
    for place, love in zip(st.columns(2), love_views(about.result), strict=False):
        with place:
            about.draw(love_chart(love, dark=about.dark))
    say(["Differences in standard deviations, in the patients who have the value; what is read on a log axis as logarithms"], kind="quiet")


def _overlap(about: About) -> None:
    scores, shown = score_histogram(about.result), weight_histogram(about.result)
    if scores is None:
        _no_weights(about)
        return
    left, right = st.columns(2)
    with left:
        about.draw(mirrored_chart(scores, dark=about.dark))
    with right:
        if shown is not None:
            about.draw(mirrored_chart(shown, dark=about.dark))
    support = about.result.model.support if about.result.model is not None else None
    if support is not None:
        first, second = about.result.names
        say(
            [
                f"Outside the common support ({fmt.number(support.low, 2)} to {fmt.number(support.high, 2)}): "
                f"{fmt.percent(support.outside)} of the patients, {fmt.percent(support.outside_exposed)} of {first}, "
                f"{fmt.percent(support.outside_reference)} of {second}."
            ]
        )


def _effects(about: About) -> None:
    """Ratios with every kind of weights, and differences at each milestone."""
    left, right = st.columns(2)
    with left:
        about.draw(forest_chart(about.result.targets, dark=about.dark))
    with right:
        about.draw(differences_chart(about.result, dark=about.dark))
    say(
        ["Each kind of weights answers for other patients; ratios that lie far apart say that the answer hangs on whom one asks for"],
        kind="quiet",
    )


def _bootstrap(about: About) -> None:
    result = about.result
    model, made = result.model, result.weights
    if model is None or made is None or result.weighted is None:
        _no_weights(about)
        return
    plan = Plan(result.choice.target, result.tau, MILESTONES, result.choice.trim)

    def work(progress: Callable[[float], None]) -> BootstrapEffects:
        return bootstrap_effects(result.time, result.event, model, plan, resamples=RESAMPLES, seed=SEED, progress=progress)

    say(["The robust limits take the weights as known. Here patients are drawn anew and weights made anew each time."], kind="quiet")
    job = resampling(about.cohort, about.view, result.choice)
    done = result_of(job, work, label=f"Resample {RESAMPLES} times", words="Resampling", key="products-bootstrap")
    if done is not None:
        st.html(html_table(bootstrap_table(result, done), numeric=["Robust limits", "Bootstrap limits"], name="Bootstrap limits"))
        say([done.method, *done.notes], kind="quiet")


def bootstrap_table(result: ProductsResult, done: BootstrapEffects) -> pd.DataFrame:
    """Each weighted number with robust and with bootstrap limits."""
    of = result.weighted
    if of is None:
        raise ValueError("there are no weights")
    ratio, mean = of.hazard_ratio, of.restricted_mean
    rows = [
        ("Hazard ratio", *(fmt.ratio_with_limits(ratio.value, e.ci_low, e.ci_high) for e in (ratio, done.hazard_ratio))),
        (
            f"Mean time without event up to {fmt.number(result.tau)} months",
            *(fmt.months_difference(mean.value, e.ci_low, e.ci_high) for e in (mean, done.restricted_mean)),
        ),
    ]
    for month, robust, drawn in zip(done.months, of.milestones, done.survival, strict=True):
        words = (fmt.points_with_limits(robust.value, e.ci_low, e.ci_high) for e in (robust, drawn))
        rows.append((f"{result.endpoint} at {month:g} months", *words))
    return pd.DataFrame(rows, columns=["", "Robust limits", "Bootstrap limits"])


def _making(about: About) -> None:
    if about.result.notes:
        say(about.result.notes, kind="quiet")
    else:
        _no_weights(about)


def _no_weights(about: About) -> None:
    st.info(plain(about.result.why_not or "There are no weights."), icon=":material/info:")


SECTIONS: dict[str, Callable[[About], None]] = {
    "Effects": _effects,
    "Balance": _balance,
    "Overlap": _overlap,
    "Bootstrap": _bootstrap,
    "How the weights were made": _making,
}
