"""Whom the Response and the Toxicity page speak of: filtered patients, panels side by side, marker groups; no endpoint is needed."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
import streamlit as st

from cartograph import format as fmt
from cartograph.charts.spec import Chart
from cartograph.cohort import Cohort
from cartograph.cohort.filters import apply_filters
from cartograph.views.board import panel_members
from cartograph.views.distribution import distribution
from cartograph.views.explore import Distribution, ExploreView
from cartograph.views.grouping import Grouping, grouping
from cartograph.views.provenance import provenance
from cartograph.views.rates import Contrast, Panelled, Rate
from components import state
from components.figure import SYNTHETIC_LINE, show_figure
from components.kept import kept
from components.marker_panel import marker_panel
from components.sentences import NOBODY, UNADJUSTED, say, say_markup
from components.text import html_table, neutral_cells, plain

PER_ROW = 3
LONGEST = 60


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What does not move with a cutoff. ``cohort``: filters applied; ``panels``: all patients first."""

    cohort: Cohort
    panels: tuple[Panelled, ...]
    distributions: tuple[Distribution, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """The patients of a page in their panels and marker groups."""

    uploaded: Cohort
    ground: Ground
    view: ExploreView
    made: Grouping
    dark: bool

    @property
    def cohort(self) -> Cohort:
        """The patients on screen."""
        return self.ground.cohort

    @property
    def panels(self) -> tuple[Panelled, ...]:
        """All patients, then each level of the split."""
        return self.ground.panels

    @property
    def unmeasured(self) -> int:
        """Patients in no marker group."""
        return int((self.made.codes < 0).sum())

    def draw(self, chart: Chart, *, key: str, grouped: bool = True) -> None:
        """A figure with a free line at its foot for the badges. ``grouped``: marker groups are on it, so the cutoff's origin is."""
        said = provenance(self.cohort, self.view) if grouped else ""
        show_figure(chart, key=key, synthetic=self.cohort.synthetic, provenance=said)

    def flow_words(self) -> str:
        """'52 infused → 50 after filters → 47 with Ferritin, day 0'."""
        steps = [f"{self.uploaded.n:,} infused"]
        if self.view.filters:
            steps.append(f"{self.cohort.n:,} after filters")
        if self.view.markers:
            names = " and ".join(self.cohort.columns[m.column].label for m in self.view.markers)
            steps.append(f"{self.cohort.n - self.unmeasured:,} with {names}")
        return " \u2192 ".join(steps)


@kept(12)
def _ground(cohort: Cohort, question: ExploreView) -> Ground:
    kept = apply_filters(cohort, question.filters)
    panels = tuple(Panelled(*member) for member in panel_members(kept, question.split))
    shapes = tuple(distribution(kept, m.column) for m in question.markers) if kept.n else ()
    return Ground(kept, panels, shapes)


def question_of(view: ExploreView) -> ExploreView:
    """The part of the view that these pages build their data from: no endpoint, no cutoff."""
    markers = tuple(replace(m, cutoff=0.0, origin="hand") for m in view.markers)
    return replace(view, endpoint="", markers=markers, combine="three")


def subject(cohort: Cohort) -> Subject | None:
    """The patients of the view; None, with a word about it, when nobody is left."""
    view = state.view()
    state.write_link()
    state.look(view)
    ground = _ground(cohort, question_of(view))
    _late_words(cohort, view)
    if not ground.cohort.n:
        st.info(NOBODY, icon=":material/filter_alt_off:")
        return None
    kept = ground.cohort
    columns = tuple(kept.columns[m.column] for m in view.markers)
    values = [kept.patients[c.key].to_numpy(dtype=np.float64) for c in columns]
    made = grouping(values or [np.zeros(kept.n)], view.markers, columns, view.combine)
    return Subject(cohort, ground, view, made, state.is_dark())


def _late_words(cohort: Cohort, view: ExploreView) -> None:
    """A filter by something that is known only after infusion chooses those who lived to have it."""
    late = [cohort.columns[f.column].label for f in view.filters if cohort.columns[f.column].timing in ("post-infusion", "outcome")]
    if late:
        names = plain(", ".join(late))
        st.warning(f"Filtered by {names}, known only after infusion: those on screen were chosen by what happened to them.")


def head(about: Subject, finding: str) -> None:
    """The sentence that opens the page, who is on screen, and the cutoffs."""
    say([finding], kind="lead")
    say_markup([html.escape(about.flow_words())], kind="quiet")
    marker_panel(about.cohort, about.view, about.ground.distributions, beside=lambda: None)


def each_panel(about: Subject, draw: Callable[[int, Panelled], None], *, per_row: int = PER_ROW) -> None:
    """Draw every panel, ``per_row`` side by side; says that products side by side are not adjusted."""
    for start in range(0, len(about.panels), per_row):
        row = about.panels[start : start + per_row]
        width = max(min(len(about.panels), per_row), 2)
        for offset, place in enumerate(st.columns(width)[: len(row)]):
            with place:
                draw(start + offset, row[offset])
    if len(about.panels) > 1:
        say([UNADJUSTED], kind="quiet")


def choice(label: str, options: dict[str, str], key: str, *, default: str | None = None, hidden: bool = False) -> str:
    """One of some options; kept while the page is left, and put right when the cohort no longer has it."""
    if state.get(key) not in options:
        state.put(key, default if default in options else next(iter(options)))
    shown = {k: plain(words) for k, words in options.items()}
    visible: Literal["collapsed", "visible"] = "collapsed" if hidden else "visible"
    if len(options) > 6:
        return str(
            st.selectbox(label, list(options), format_func=options.__getitem__, key=key, label_visibility=visible, persist_state="session")
        )
    return str(
        st.segmented_control(
            label, list(options), format_func=shown.__getitem__, key=key, required=True, label_visibility=visible, persist_state="session"
        )
    )


def short(words: str) -> str:
    """Words that fit a table's cell."""
    return words if len(words) <= LONGEST else words[: LONGEST - 1].rstrip() + "\u2026"


def share_words(rate: Rate) -> str:
    """'12/23, 52 % (31–73)'."""
    if not rate.evaluable:
        return "nobody"
    share = fmt.percent_with_limits(rate.exact.value, rate.exact.ci_low, rate.exact.ci_high, rate.evaluable)
    return f"{rate.yes:,}/{rate.evaluable:,}, {share}"


def contrast_table(contrasts: Sequence[Contrast], *, name: str) -> None:
    """Differences, odds ratios and p values of one kind of contrast as a table, and how many tests were made."""
    if not contrasts:
        return
    by_marker = contrasts[0].kind == "marker"
    first, second = ("high", "low") if by_marker else ("first", "second")
    difference, odds = f"Difference, {first} \u2212 {second}", f"Odds ratio, {first} vs {second}"
    rows = [
        {
            "Outcome": c.label,
            **({"Patients": short(c.panel)} if by_marker else {}),
            first.capitalize(): _share_of(c.first, c.counts[:2]),
            second.capitalize(): _share_of(c.second, c.counts[2:]),
            difference: fmt.points_with_limits(c.difference.value, c.difference.ci_low, c.difference.ci_high),
            odds: fmt.odds_with_limits(c.odds.value, c.odds.ci_low, c.odds.ci_high),
            "Fisher's p": fmt.p_value(c.p_value) if not np.isnan(c.p_value) else f"not given: {c.reason}",
        }
        for c in contrasts
    ]
    st.html(html_table(pd.DataFrame(rows), numeric=[difference, odds, "Fisher's p"], name=name))
    tests = sum(not np.isnan(c.p_value) for c in contrasts)
    notes = ["Difference: Newcombe's limits; odds ratio: conditional estimate with exact limits; p: Fisher's exact test, two-sided"]
    if tests > 1:
        notes.append(f"{tests} tests in this table, none corrected for the others")
    say([f"{'. '.join(notes)}."], kind="quiet")


def _share_of(name: str, counts: Sequence[int]) -> str:
    """'> 337: 14/18'; a short one is not broken over lines."""
    words = f"{short(name)}: {counts[0]:,}/{counts[1]:,}"
    return words.replace(" ", "\u00a0") if len(words) <= LONGEST // 2 else words


def download_table(about: Subject, make: Callable[[], pd.DataFrame], *, label: str, name: str, key: str) -> None:
    """A table as CSV, made when it is asked for; a synthetic cohort says so in name and content."""

    def text() -> str:
        origin = provenance(about.cohort, about.view)
        lines = [*([SYNTHETIC_LINE] if about.cohort.synthetic else []), *([f"# {origin}"] if origin else [])]
        return "\ufeff" + "".join(f"{line}\r\n" for line in lines) + neutral_cells(make()).to_csv(index=False, lineterminator="\r\n")

    mark = "_SYNTHETIC" if about.cohort.synthetic else ""
    st.download_button(label, text, f"{name}{mark}.csv", "text/csv", on_click="ignore", icon=":material/download:", key=key)
