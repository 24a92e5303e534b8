"""Names from a file that are too long for a heading or a sentence, cut so that they still differ from each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

LONGEST: Final = 48  # letters: a heading over a narrow figure, twice in a sentence
ELLIPSIS: Final = "\u2026"


def short_names(names: Sequence[str], longest: int = LONGEST) -> tuple[str, ...]:
    """The names, in order, none longer than ``longest`` letters. Two that would be cut to the same words carry a number.

    A name that fits is returned as it is.
    """
    found: list[str] = []
    taken = {name for name in names if len(name) <= longest}
    for name in names:
        if len(name) <= longest:
            found.append(name)
            continue
        short, number = name[: longest - 1].rstrip() + ELLIPSIS, 1
        while short in taken:
            number += 1
            tail = f"{ELLIPSIS} ({number})"
            short = name[: longest - len(tail)].rstrip() + tail
        taken.add(short)
        found.append(short)
    return tuple(found)
