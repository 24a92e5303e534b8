"""Whether the model may be believed: one section per question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from cartograph import format as fmt
from cartograph.charts.regression import calibration_chart, influence_chart, over_time_chart
from cartograph.charts.spec import Chart
from cartograph.cohort import Cohort
from cartograph.cohort.filters import apply_filters
from cartograph.stats.regression import CoxModel
from cartograph.stats.validation import Optimism, calibration, optimism
from cartograph.views.diagnostics import (
    ProportionalView,
    collinearity_view,
    enough_for_calibration,
    influence_view,
    optimism_words,
    proportional_view,
)
from cartograph.views.explore import ExploreView
from cartograph.views.provenance import provenance
from cartograph.views.regression import SEED, RegressionChoice, RegressionResult, screens, screens_table
from components.figure import show_figure
from components.kept import kept
from components.live_cutoff.board import show_together
from components.long_work import Job, result_of
from components.sentences import say
from components.text import html_table

RESAMPLES = 200
HORIZONS = (6.0, 12.0, 24.0, 36.0)  # months
FIGURES = 6  # of single coefficients on one screen


@dataclass(frozen=True, slots=True, eq=False)
class About:
    """The model under scrutiny, the cohort as it was opened and the view that filters it."""

    cohort: Cohort
    view: ExploreView
    result: RegressionResult
    dark: bool

    @property
    def model(self) -> CoxModel:
        """The Cox model; ask ``Section.why_not`` first."""
        found = self.result.cox
        if found is None:
            raise ValueError("there is no Cox model")
        return found

    def draw(self, chart: Chart) -> None:
        """A figure with the badges of this cohort and cutoff."""
        show_figure(chart, key=chart.name, synthetic=self.cohort.synthetic, provenance=provenance(self.cohort, self.view))

    def draw_together(self, charts: Sequence[Chart], *, key: str) -> None:
        """Several figures in two columns, with the same badges."""
        show_together(charts, key=key, synthetic=self.cohort.synthetic, provenance=provenance(self.cohort, self.view))


@dataclass(frozen=True, slots=True)
class Section:
    """One tab. ``cox``: it needs an unpenalised Cox model."""

    show: Callable[[About], None]
    cox: bool = True

    def why_not(self, about: About) -> str:
        """Why there is nothing to show, or ""."""
        if not self.cox or about.result.cox is not None:
            return ""
        if about.result.outcome.measure == "OR":
            return "Made for models of an endpoint (hazard ratios) only."
        if about.result.penalised is not None:
            return "Not made for a penalised model: its coefficients are not those that the likelihood alone would give."
        return "There is no model of several variables to look at: choose variables, or see above why none was fitted."


@kept(12)
def resampling(cohort: Cohort, view: ExploreView, choice: RegressionChoice) -> Job[Optimism]:
    """The bootstrap of the optimism, run once for a question of this session."""
    return Job()


@kept(12)
def every_endpoint(cohort: Cohort, view: ExploreView, choice: RegressionChoice) -> pd.DataFrame:
    """The screen on every endpoint as a table of texts."""
    return screens_table(screens(cohort, view, choice))


@kept(12)
def proportional_of(cohort: Cohort, view: ExploreView, choice: RegressionChoice, _about: About) -> ProportionalView:
    """The test and its figures, computed once for a model of this session."""
    return proportional_view(_about.model, _about.result.labels)


def _proportional(about: About) -> None:
    found = proportional_of(about.cohort, about.view, about.result.choice, about)
    say([found.sentence])
    frame = found.tests.to_frame()
    if found.figures:
        shown = pd.DataFrame(
            {
                "Variable": [*found.labels, "All variables"],
                "Chi-squared": [fmt.number(v, 3) for v in frame["statistic"]],
                "Parameters": frame["df"].astype(str),
                "p": [fmt.p_value(v) for v in frame["p_value"]],
            }
        )
        st.html(html_table(shown, numeric=["Chi-squared", "Parameters", "p"], name="Test of proportional hazards"))
    more = len(found.figures) > FIGURES and st.toggle(f"Draw all {len(found.figures)}, not only the {FIGURES} with the smallest p")
    first = sorted(found.figures, key=lambda f: f.p_value)[: None if more else FIGURES]
    about.draw_together([over_time_chart(figure, dark=about.dark) for figure in first], key="regression-over-time")
    say(
        ["Score test of a coefficient that changes with 1 \u2212 Kaplan-Meier, as R's cox.zph. Dashed: the ratio of the model"],
        kind="quiet",
    )


def _influence(about: About) -> None:
    kept = apply_filters(about.cohort, about.view.filters)
    found = influence_view(about.model, kept.patients["patient_id"])
    say([found.sentence])
    about.draw(influence_chart(found.found, found.patients, dark=about.dark))


def _collinearity(about: About) -> None:
    found = collinearity_view(about.model, about.result.labels)
    say([found.sentence])
    if not found.found.notes:
        frame = found.found.to_frame()
        shown = pd.DataFrame(
            {
                "Variable": found.labels,
                "Generalised inflation": [fmt.number(v, 3) for v in frame["gvif"]],
                "Parameters": frame["df"].astype(str),
                "Per parameter": [fmt.number(v, 3) for v in frame["per_parameter"]],
            }
        )
        st.html(html_table(shown, numeric=["Generalised inflation", "Parameters", "Per parameter"], name="Collinearity"))


def _concordance(about: About) -> None:
    model, choice = about.model, about.result.choice
    c = model.concordance
    say([f"C {fmt.concordance_with_limits(c.value, c.ci_low, c.ci_high)} in the patients that the model was fitted to, which flatters it"])
    job = resampling(about.cohort, about.view, choice)
    label = f"Resample {RESAMPLES} times"

    def work(progress: Callable[[float], None]) -> Optimism:
        return optimism(model, resamples=RESAMPLES, seed=SEED, progress=progress)

    done = result_of(job, work, label=label, words="Resampling", key="regression-optimism")
    if done is not None:
        say([optimism_words(done, choice.selection)])
        say(done.notes, kind="quiet")


def _calibration(about: About) -> None:
    model = about.model
    longest = float(model.data.time.max())
    offered = [h for h in HORIZONS if h <= longest]
    if not offered or not enough_for_calibration(model):
        say(["Too few patients, or nobody followed for 6 months: predictions cannot be compared with what happened"])
        return
    horizon = st.segmented_control(
        "Months",
        offered,
        default=offered[min(1, len(offered) - 1)],
        format_func=fmt.number,
        key="regression-horizon",
        required=True,
    )
    found = calibration(model, horizon=horizon)
    left, right = st.columns([3, 2])
    with left:
        about.draw(calibration_chart(found, about.result.outcome.label, dark=about.dark))
    with right:
        say(["Patients in groups of predicted risk. A point below the line did worse than predicted."])
        say(["In the same patients that the model was fitted to: in others it will fit less well.", *found.notes], kind="quiet")


def _missing(about: About) -> None:
    found = [(name, n) for name, n in about.result.missing]
    model = about.result.model
    if model is None:
        say(["No model, so nobody is left out of one. Each variable alone stands on the patients who have it"])
        return
    counted = f"{fmt.patients(model.n)} with the outcome and every variable of the model"
    say([f"{counted}; {model.n_missing:,} with the outcome but not every variable"])
    shown = pd.DataFrame({"Variable": [name for name, _ in found], "Not known in": [f"{n:,}" for _, n in found]})
    st.html(html_table(shown, numeric=["Not known in"], name="Missing values"))
    say(["Complete cases: who is left out may differ from who is in"], kind="quiet")


def _endpoints(about: About) -> None:
    frame = every_endpoint(about.cohort, about.view, about.result.choice)
    st.html(html_table(frame, name="Each variable alone on every endpoint"))


SECTIONS: dict[str, Section] = {
    "Proportional hazards": Section(_proportional),
    "Influence": Section(_influence),
    "Collinearity": Section(_collinearity),
    "Concordance": Section(_concordance),
    "Calibration": Section(_calibration),
    "Missing values": Section(_missing, cox=False),
    "All endpoints": Section(_endpoints, cox=False),
}
