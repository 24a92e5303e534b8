"""What a searched cutoff is worth: its p corrected for the search, where else it could have been, what is left in other patients."""

from __future__ import annotations

import html
import math

import streamlit as st

from cartograph import format as fmt
from cartograph.stats.selected import SelectedCutoff, lausen92, lausen94
from cartograph.views.panels import MIN_FOR_P, TOO_FEW
from cartograph.views.worth import MIN_FRACTION, CorrectedWorth, Worth, corrected_worth, held_out, stability
from components.cutoff_page.long_work import result_of
from components.cutoff_page.searching import judged, repeat_job, repeating, search_of, searching
from components.cutoff_page.subject import Subject, say
from components.cutoff_page.words import struck

HEAD = ("", "Cutoff", "Statistic", "Permutation p", "Lausen 1992 p", "Lausen 1994 p", "Naive log-rank p")
NONE = "\u2013"


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
    found = result_of(
        search_of(about),
        lambda progress: searching(about, progress),
        label="Correct for the search (1,000 permutations)",
        words="Dealing out the outcomes anew",
        key="worth-search",
    )
    if found is not None:
        told = corrected_worth(of, found)
        if of.applies and min(of.n_low, of.n - of.n_low) >= MIN_FOR_P:
            say([told.finding])
        st.html(p_table(told))
        say([*_withheld(of, found), *told.notes], quiet=True)
    _repeated(about, of)


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
    few = min(n_low, of.n - n_low) < MIN_FOR_P
    outside = math.isnan(statistic)
    approximate = (math.nan, math.nan) if outside else (lausen92(statistic, **ends), lausen94(statistic, found.n, found.n_low))
    cells = [NONE if few or math.isnan(value) else fmt.p_value(value) for value in (p, *approximate, naive)]
    last = struck(cells[-1]) if invalid and cells[-1] != NONE else html.escape(cells[-1])
    numbers = [fmt.number(statistic) if not outside else NONE, *cells[:-1]]
    texts = "".join(f"<td class='num'>{html.escape(text)}</td>" for text in numbers)
    return f"<th scope='row'>{name}</th><td>{html.escape(of.at(cutoff))}</td>{texts}<td class='num'>{last}</td>"


def _withheld(of: Worth, found: SelectedCutoff) -> list[str]:
    """Why cells of the table are empty."""
    best = int(found.n_low[found.cutoffs == found.cutoff][0])
    small = [n for n in {best, of.n_low} if min(n, of.n - n) < MIN_FOR_P]
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
    say([words for words in (bootstrap.moved, bootstrap.left, folds.finding) if words])
    say(list(dict.fromkeys((*bootstrap.notes, *folds.notes))), quiet=True)
