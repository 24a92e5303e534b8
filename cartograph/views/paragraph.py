"""What the cutoff on screen is worth, in sentences that a statistician would sign."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from cartograph import format as fmt
from cartograph.cohort.model import Cohort, Column
from cartograph.stats.plane import PlaneTest
from cartograph.stats.selected import SAME_STATISTIC, SelectedCutoff
from cartograph.views.continuous import CHOSEN_BY_SEEING, ContinuousView
from cartograph.views.explore import ExploreResult, Marker, Panel
from cartograph.views.looks import Looks, looks_words
from cartograph.views.provenance import source_of
from cartograph.views.sensitivity import SensitivityPanel

Topic = Literal["cut", "origin", "effect", "p", "products", "stability", "looks", "continuous", "limits"]
FEW_EVENTS = 20  # below: the limits span so much that the estimate itself says little
MANY_LOOKS = 2


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: ``text``, then a naive p that is not valid (``struck``, "" = none) and what follows it (``after``)."""

    topic: Topic
    text: str
    struck: str = ""
    after: str = ""

    @property
    def plain(self) -> str:
        """The sentence where nothing can be struck through: the naive p is said to be not valid."""
        return f"{self.text}{self.struck} (not valid){self.after}" if self.struck else self.text


@dataclass(frozen=True, slots=True)
class Corrected:
    """A p value that allows for the search. ``p_value`` NaN = not given, ``reason`` says why.

    ``searched``: cutoffs between ``low`` and ``high`` that were compared; ``best``: the one that separates best; ``method``: how p was
    corrected, in words.
    """

    p_value: float
    searched: int
    low: float
    high: float
    best: float
    method: str
    reason: str = ""


def corrected(searched: SelectedCutoff, n_low: int) -> Corrected:
    """The p of the cutoff that leaves ``n_low`` patients low, allowing for the search among all of ``searched`` (made by permutation).

    It is the share of permutations whose best cutoff is at least as good as this one (single-step max-T: Westfall & Young, Resampling-Based
    Multiple Testing, Wiley 1993): at the best cutoff it is the p of the maximally selected statistic, at any other it is larger. NaN and
    the reason where the cutoff was not among those searched.
    """
    low, high = searched.window
    bare = Corrected(math.nan, searched.n_cutoffs, low, high, searched.cutoff, f"permutation, {len(searched.null_maxima):,} times")
    if math.isnan(searched.p_value):
        return replace(bare, reason="; ".join(searched.notes) or fmt.NOT_ESTIMABLE)
    rows = np.flatnonzero(searched.n_low == n_low)
    if not len(rows):
        return replace(bare, reason=f"it lies outside the searched window, {fmt.number(low)} to {fmt.number(high)}")
    as_good = int((searched.null_maxima >= searched.statistics[rows[0]] * (1 - SAME_STATISTIC)).sum())
    return replace(bare, p_value=(1 + as_good) / (1 + len(searched.null_maxima)))


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Sentences in reading order; each is plain text in which words from a file stand as they were."""

    sentences: tuple[Sentence, ...]

    @property
    def text(self) -> str:
        """All sentences, one after another."""
        return " ".join(s.plain for s in self.sentences)

    def about(self, *topics: Topic) -> tuple[Sentence, ...]:
        """The sentences about some topics, in reading order."""
        return tuple(s for s in self.sentences if s.topic in topics)


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What is known beyond the groups themselves; None where it was not computed.

    ``corrected``: the p of one marker's cutoff that allows for the search; ``pairs``: the same for the best pair of two markers;
    ``resampled``: the bootstrap in one sentence, "" = not run.
    """

    looks: Looks
    corrected: Corrected | None = None
    pairs: PlaneTest | None = None
    resampled: str = ""
    sensitivity: SensitivityPanel | None = None
    continuous: ContinuousView | None = None


def paragraph(cohort: Cohort, result: ExploreResult, evidence: Evidence) -> Paragraph:
    """What was cut, where, who chose it, what came out, what it is worth and what may not be concluded, for all patients on screen.

    ``cohort``: the one of ``result``. ValueError for a result without a marker.
    """
    markers = result.view.markers
    if not markers:
        raise ValueError("the paragraph speaks of a cutoff; the view has no marker")
    columns = [cohort.columns[m.column] for m in markers]
    panel = result.panels[0]
    if not panel.groups:
        return Paragraph((Sentence("cut", f"No patient has both {result.endpoint_label} and {_names(columns)}: nothing was cut."),))
    found = [Sentence("cut", _cut(panel, markers, columns, result.endpoint_label))]
    found += [Sentence("origin", _origin(cohort, m, c, several=len(markers) > 1)) for m, c in zip(markers, columns, strict=True)]
    found.append(Sentence("effect", _effect(panel, result.endpoint_label, seen=chosen_by_seeing(markers))))
    found.append(_p(panel, markers, columns[0], evidence))
    found += [Sentence("products", words) for words in _products(cohort, result)]
    found += [Sentence("stability", words) for words in _stability(evidence)]
    found.append(Sentence("looks", _looked(evidence.looks, markers)))
    if evidence.continuous is not None:
        found.append(Sentence("continuous", evidence.continuous.finding))
    found += [Sentence("limits", words) for words in _limits(cohort, result, columns)]
    return Paragraph(tuple(found))


def chosen_by_seeing(markers: Sequence[Marker]) -> bool:
    """True when a cutoff may have been picked with the outcome in sight: its naive p is not valid."""
    return any(m.origin in CHOSEN_BY_SEEING for m in markers)


def _names(columns: Sequence[Column]) -> str:
    return " and ".join(c.label for c in columns)


def _at(marker: Marker, column: Column) -> str:
    return fmt.number(marker.cutoff) + (f" {column.unit}" if column.unit else "")


def _count(n: int, word: str) -> str:
    return f"{n:,} {word}{'' if n == 1 else 's'}"


def _cut(panel: Panel, markers: Sequence[Marker], columns: Sequence[Column], endpoint: str) -> str:
    """What was cut, where, and how many fell on each side."""
    first, *more = (_at(m, c) for m, c in zip(markers, columns, strict=True))
    where = " and ".join(
        [f"{columns[0].label} was cut at {first}", *(f"{c.label} at {at}" for c, at in zip(columns[1:], more, strict=True))]
    )
    of = f"of {fmt.patients(panel.n)} with {endpoint} and {'both biomarkers' if len(markers) > 1 else 'this biomarker'}"
    if len(markers) == 1:
        low, high = panel.groups
        sides = f"{high.n:,} lie above it (high), {low.n:,} at or below it (low)"
    else:
        sides = ", ".join(f"{g.n:,} {g.label.partition(':')[0].lower()}" for g in panel.groups)
    missing = f"; {panel.n_missing:,} more could not be used" if panel.n_missing else ""
    return f"{where}: {of}, {sides}{missing}."


def _origin(cohort: Cohort, marker: Marker, column: Column, *, several: bool) -> str:
    """Who chose the cutoff, and what follows from that."""
    which = f"The cutoff of {column.label}" if several else "The cutoff"
    source = source_of(cohort, marker)
    by = f" ({source})" if source else ""
    return {
        "pre-specified": f"{which} was locked as pre-specified; that holds only if it was fixed before anybody saw the outcome.",
        "published": f"{which} was published{by}; it counts as fixed beforehand unless it was found in these very patients.",
        "normal": f"{which} is the upper limit of normal{by}, chosen without looking at the outcome.",
        "median": f"{which} is the median of these patients, taken without looking at the outcome; elsewhere the median is another.",
        "quartile": f"{which} is a quartile of these patients, taken without looking at the outcome; elsewhere the quartile is another.",
        "searched": f"{which} was searched in these patients for the best separation, so HR and p look better than they are.",
        "hand": f"{which} was moved by hand with the outcome in sight, which is a search by eye: HR and p look better than they are.",
        "link": f"{which} came with a link and who chose it is not known, so it is judged as if it had been searched.",
    }[marker.origin]


def _effect(panel: Panel, endpoint: str, *, seen: bool) -> str:
    """Events of both sides and the hazard ratio, with what its limits leave out."""
    low, high = (next((g for g in panel.groups if g.role == role), panel.groups[0]) for role in ("low", "high"))
    events = f"{endpoint}: {_count(high.events, 'event')} in {high.n:,} high, {low.events:,} in {low.n:,} low"
    cox = panel.hazard_ratios[0] if panel.hazard_ratios else None
    if cox is None or cox.estimate is None:
        return f"{events}; a hazard ratio is not given: a group is empty."
    e = cox.estimate
    if math.isnan(e.value):
        return f"{events}; a hazard ratio is {fmt.NOT_ESTIMABLE}: {'; '.join(e.notes) or cox.reason}."
    ratio = fmt.ratio_with_limits(e.value, e.ci_low, e.ci_high)
    bare = "; the limits do not allow for the search" if seen else ""
    return f"{events}; HR of high against low {ratio}, Cox with 95{fmt.THIN_SPACE}% limits, unadjusted{bare}."


def _p(panel: Panel, markers: Sequence[Marker], column: Column, evidence: Evidence) -> Sentence:
    """The log-rank p where the cutoff was fixed; else the corrected p, with the naive one struck through behind it."""
    naive = panel.log_rank
    if math.isnan(naive.p_value):
        return Sentence("p", f"No p value is given: {naive.reason or fmt.NOT_ESTIMABLE}.")
    if not chosen_by_seeing(markers):
        return Sentence("p", f"Log-rank {fmt.p_equals(naive.p_value)}, valid for this one cutoff, fixed beforehand, and for one look.")
    words = _pair_words(evidence.pairs) if len(markers) > 1 else _corrected_words(evidence.corrected, column)
    return Sentence("p", f"{words}; the naive ", f"log-rank {fmt.p_equals(naive.p_value)}", " takes no account of the search.")


def _corrected_words(found: Corrected | None, column: Column) -> str:
    if found is None:
        return "A p value that allows for the search is not computed yet"
    if math.isnan(found.p_value):
        return f"A p value that allows for the search is not given: {found.reason}"
    unit = f" {column.unit}" if column.unit else ""
    window = f"{fmt.number(found.low)} and {fmt.number(found.high)}{unit}"
    return f"Log-rank {fmt.p_equals(found.p_value)}, corrected for a search of {found.searched:,} cutoffs between {window} ({found.method})"


def _pair_words(found: PlaneTest | None) -> str:
    if found is None or math.isnan(found.p_value):
        return "A p value that allows for the search of two cutoffs is not given"
    tried = f"The best of {found.pairs:,} pairs of cutoffs has {fmt.p_equals(found.p_value)}"
    return f"{tried} corrected for the search (permutation, {found.permutations:,} times), and a pair chosen by looking has no p of its own"


def _products(cohort: Cohort, result: ExploreResult) -> list[str]:
    """The hazard ratio in each product, and whether they differ."""
    parts = []
    for panel in result.panels[1:]:
        cox = panel.hazard_ratios[0].estimate if panel.hazard_ratios else None
        if cox is None or math.isnan(cox.value):
            parts.append(f"{panel.title} {fmt.NOT_ESTIMABLE}")
        else:
            parts.append(f"{panel.title} {fmt.ratio_with_limits(cox.value, cox.ci_low, cox.ci_high)}")
    if not parts:
        return []
    test = result.interaction
    if test is None:
        differ = ""
    elif math.isnan(test.p_value):
        differ = f"; whether they differ cannot be tested: {test.reason}"
    else:
        differ = f"; interaction {fmt.p_equals(test.p_value)}, which compares the biomarker's effects, not the groups themselves"
    return [f"HR by {_inside(cohort.columns[result.view.split].label)}: {', '.join(parts)}{differ}."]


def _inside(label: str) -> str:
    """A label within a sentence: 'product', but 'R-ISS stage'."""
    return label[:1].lower() + label[1:] if label[1:2].islower() else label


def _stability(evidence: Evidence) -> list[str]:
    """How far the result hangs on the exact cutoff and on single patients; the bootstrap where it was run."""
    found = [evidence.resampled] if evidence.resampled else []
    strip = evidence.sensitivity
    if strip is not None and math.isfinite(strip.result.variants[0].hazard_ratio):
        found.insert(0, strip.sentence)
    return found


def _looked(looks: Looks, markers: Sequence[Marker]) -> str:
    """How often somebody looked, and what that does to a cutoff that was fixed."""
    words = looks_words(looks)
    if looks.cutoffs < MANY_LOOKS or chosen_by_seeing(markers):
        return words
    return f"{words} If this one was kept because of what was seen, it was searched, whatever it is called."


def _limits(cohort: Cohort, result: ExploreResult, columns: Sequence[Column]) -> list[str]:
    """What may not be concluded."""
    panel = result.panels[0]
    events = sum(g.events for g in panel.groups)
    found = []
    if not events:
        found.append("Without an event nothing can be said about an effect, neither that there is one nor that there is none.")
    elif events < FEW_EVENTS:
        found.append(
            f"With {_count(events, 'event')} only a very large effect can be told from none, and the HR may be far off either way."
        )
    found.append(f"Nothing is adjusted for: whatever goes with {_names(columns)} may be the cause, so this is no proof of an effect.")
    found.append("It is one cohort: a cutoff is worth something when it holds in other patients.")
    if len(result.panels) > 1:
        found.append("Patients were not randomised between the groups side by side, so these must not be compared with each other.")
    if cohort.synthetic:
        found.append("The patients are synthetic, so nothing here is true of real ones.")
    return found
