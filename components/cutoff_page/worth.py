"""What a searched cutoff is worth: its p corrected for the search, where else it could have been, what is left in other patients."""

from __future__ import annotations

import html
import math

import streamlit as st

from cartograph import format as fmt
from cartograph.charts.worth import null_chart, tenths_chart
from cartograph.stats.selected import SelectedCutoff, lausen92, lausen94
from cartograph.views.panels import MIN_FOR_P, TOO_FEW
from cartograph.views.worth import MIN_FRACTION, CorrectedWorth, Worth, corrected_worth, held_out, stability
from components.cutoff_page.searching import judged, repeat_job, repeating, search_of, searching
from components.cutoff_page.subject import Subject
from components.cutoff_page.words import struck
from components.long_work import result_of
from components.sentences import say

HEAD = ("", "Cutoff", "Statistic", "Permutation p", "Naive log-rank p", "Lausen 1992 p", "Lausen 1994 p")
NONE = "\u2013"
ROUGH = "The p values after Lausen are approximations, rough where the statistic or a group is small: report the permutation p."


@st.fragment
def worth_section(about: Subject) -> None:
    """The corrections, open where the cutoff may have been picked by its result, folded where it was fixed beforehand."""
    of = judged(about.cohort, about.board, about.view, about.marker, about.panel)
    if of.reason:
        say([f"Nothing can be searched in {of.title}: {of.reason}."])
        return
    say([of.why])
    if of.applies:
        _corrections(about, of)
        return
    folded = st.expander("What the best cutoff would be worth had somebody searched", on_change="rerun", key="worth-folded")
    if folded.open:
        with folded:
            _corrections(about, of)


def _corrections(about: Subject, of: Worth) -> None:
    """What chance alone gives on the left, what resampling gives on the right; below each other on a phone."""
    found = result_of(
        search_of(about),
        lambda progress: searching(about, progress),
        label="Correct for the search (1,000 permutations)",
        words="Dealing out the outcomes anew",
        key="worth-search",
    )
    told = corrected_worth(of, found) if found is not None else None
    if told is not None:
        _corrected(told)
    chance, again = st.columns(2)
    with chance:
        if told is not None and not _few(of, of.n_low):
            about.draw(null_chart(told, dark=about.dark), key="worth-null")
    with again:
        _repeated(about, of)


def _corrected(told: CorrectedWorth) -> None:
    """Every p in a table with its words; p values are absent where a group is small."""
    of = told.worth
    if of.applies and not _few(of, of.n_low):
        say([told.finding])
    st.html(p_table(told))
    say([*_withheld(of, told.found), *told.notes, ROUGH], kind="quiet")


def _few(of: Worth, n_low: int) -> bool:
    """True where a p value is withheld."""
    return min(n_low, of.n - n_low) < MIN_FOR_P


def p_table(told: CorrectedWorth) -> str:
    """The best cutoff and the one on screen with every p; a p that takes no account of a search is struck through."""
    of, found = told.worth, told.found
    best = int(found.n_low[found.cutoffs == found.cutoff][0])
    rows = [_row("Best of all", of, found, best, found.statistic, found.p_value, found.naive_p, invalid=True)]
    if best != of.n_low:
        rows.append(_row("On screen", of, found, of.n_low, told.statistic, told.here.p_value, of.naive_p, invalid=of.applies))
    else:
        rows = [row.replace("Best of all", "Best of all, on screen", 1) for row in rows]
    head = "".join(f"<th scope='col'{'' if k < 2 else ' class=num'}>{name}</th>" for k, name in enumerate(HEAD))
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    name = "What the cutoff is worth"
    return f"<div class='carto-table'><table aria-label='{name}'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _row(name: str, of: Worth, found: SelectedCutoff, n_low: int, statistic: float, p: float, naive: float, *, invalid: bool) -> str:
    """One cutoff: every p is withheld where a group is small, and absent outside the searched window."""
    cutoff = of.cutoff if n_low == of.n_low else found.cutoff
    ends = {"min_fraction": MIN_FRACTION, "max_fraction": 1 - MIN_FRACTION}
    few = _few(of, n_low)
    outside = math.isnan(statistic)
    approximate = (math.nan, math.nan) if outside else (lausen92(statistic, **ends), lausen94(statistic, found.n, found.n_low))
    corrected, first, second, bare = (NONE if few or math.isnan(v) else fmt.p_value(v) for v in (p, *approximate, naive))
    naive_cell = struck(bare) if invalid and bare != NONE else html.escape(bare)
    others = [html.escape(text) for text in (NONE if outside else fmt.number(statistic), corrected, first, second)]
    texts = "".join(f"<td class='num'>{cell}</td>" for cell in (*others[:2], naive_cell, *others[2:]))
    return f"<th scope='row'>{name}</th><td>{html.escape(of.at(cutoff))}</td>{texts}"


def _withheld(of: Worth, found: SelectedCutoff) -> list[str]:
    """Why cells of the table are empty."""
    best = int(found.n_low[found.cutoffs == found.cutoff][0])
    small = _few(of, best) or _few(of, of.n_low)
    outside = not (found.n_low == of.n_low).any()
    words = [f"p is not given where it is {NONE}: {TOO_FEW}."] if small else []
    beyond = f"The cutoff on screen lies outside the searched window: a group holds less than {fmt.percent(MIN_FRACTION)}."
    return [*words, beyond] if outside else words


def _repeated(about: Subject, of: Worth) -> None:
    """The search done again in resampled and in held-out patients, when somebody asks for it."""
    done = result_of(
        repeat_job(about.cohort, about.alone, about.panel),
        lambda progress: repeating(about, progress),
        label="Resample 500 times",
        words="Searching again in resampled and in held-out patients",
        key="worth-resample",
    )
    if done is None:
        return
    bootstrap, folds = stability(of, done[0]), held_out(of, done[1])
    about.draw(tenths_chart(bootstrap, dark=about.dark), key="worth-tenths")
    say([words for words in (bootstrap.moved, bootstrap.left, folds.finding) if words])
    say(list(dict.fromkeys((*bootstrap.notes, *folds.notes))), kind="quiet")
