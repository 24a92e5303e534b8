"""How many different cutoffs, markers, endpoints and filters were looked at: every look is a chance to be fooled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cartograph.views.explore import ExploreView

LEVEL = 0.05
Cutoffs = frozenset[tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Looks:
    """``seen``: for each question (endpoint, markers, split, filters) the cutoffs that were on screen."""

    seen: Mapping[str, Cutoffs] = field(default_factory=dict)

    def of(self, view: ExploreView) -> Looks:
        """With what this view shows; a view without a marker compares nothing and is no look."""
        if not view.markers:
            return self
        question = repr(replace(view, markers=tuple(replace(m, cutoff=0.0, origin="hand") for m in view.markers)))
        known, cutoffs = self.seen.get(question, frozenset()), tuple(m.cutoff for m in view.markers)
        return self if cutoffs in known else Looks({**self.seen, question: known | {cutoffs}})

    @property
    def cutoffs(self) -> int:
        """Different cutoffs over all questions."""
        return sum(len(c) for c in self.seen.values())

    @property
    def questions(self) -> int:
        """Different combinations of endpoint, markers, split and filters."""
        return len(self.seen)

    @property
    def false_positives(self) -> float:
        """How many of the looks give p < 0.05 on average when no marker has any effect."""
        return LEVEL * self.cutoffs


def looks_words(looks: Looks) -> str:
    """'12 cutoffs looked at so far: with no effect at all, 0.6 of them have p < 0.05.' in words."""
    if looks.cutoffs < 2:
        return "First cutoff looked at."
    asked = f" in {looks.questions} questions" if looks.questions > 1 else ""
    expected = f"{looks.false_positives:.1f}" if looks.false_positives < 10 else f"{looks.false_positives:.0f}"
    return f"{looks.cutoffs:,} cutoffs looked at{asked}: with no effect at all, {expected} of them would have p < 0.05."
