"""What a screen can show of a long step curve, and numbers short enough to travel."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cartograph.stats.results import Floats

Indices = npt.NDArray[np.intp]
SCREEN_WIDTH = 600  # pixels: the widest panel beside two others on a large screen
HALF = 0.5  # pixel


def visible_steps(time: Floats, *values: Floats, x_max: float, height: float) -> Indices:
    """Rows of a step curve that a screen can tell apart, ascending; the first and the last row stay.

    ``time`` ascending (months); ``values`` (0 to 1) are drawn over ``height`` pixels, ``x_max`` months over ``SCREEN_WIDTH``
    pixels. At most one vertex per half pixel of width, and only where one of ``values`` reaches another half pixel of height.
    A step is therefore drawn at most half a pixel late and a level at most half a pixel off; curves of up to 200 rows stay as they are.
    """
    if len(time) <= 200:
        return np.arange(len(time))
    level = np.column_stack([np.floor(np.nan_to_num(v) * height / HALF) for v in values])
    moved = np.flatnonzero(np.r_[True, (np.diff(level, axis=0) != 0).any(axis=1)])
    column = np.floor(time[moved] / x_max * SCREEN_WIDTH / HALF)
    last_of_column = np.r_[column[1:] != column[:-1], True]
    return np.unique(np.r_[0, moved[last_of_column], len(time) - 1])


def visible_points(time: Floats, *, x_max: float) -> Indices:
    """Rows of ``time`` (ascending) that fall into different pixels: of marks on top of each other one is enough."""
    column = np.floor(time / x_max * SCREEN_WIDTH)
    return np.flatnonzero(np.r_[True, column[1:] != column[:-1]]) if len(time) else np.arange(0)


def numbers(values: npt.ArrayLike, digits: int) -> list[float | None]:
    """Rounded numbers for figure JSON; what is not a number becomes a gap."""
    array = np.round(np.asarray(values, dtype=np.float64), digits)
    known = np.isfinite(array)
    if known.all():
        return array.tolist()  # type: ignore[no-any-return]
    return [v if k else None for v, k in zip(array.tolist(), known.tolist(), strict=True)]
