"""Labels that stand at the end of their curve without touching each other."""

from __future__ import annotations

from collections.abc import Sequence


def spread(wanted: Sequence[float], size: float, low: float, high: float) -> list[float]:
    """Centres closest to ``wanted`` (pixels) such that blocks of height ``size`` neither overlap nor leave ``low``..``high``.

    Neighbours that collide move apart evenly around their common middle; the order of ``wanted`` stays. Where the blocks do not
    fit at all they are laid out from ``low`` on, still without overlap.
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    clusters: list[list[float]] = []  # [first centre, number of blocks]
    for i in order:
        clusters.append([_inside(wanted[i], 1, size, low, high), 1])
        while len(clusters) > 1 and clusters[-2][0] + clusters[-2][1] * size > clusters[-1][0]:
            first, second = clusters[-2], clusters.pop()
            count = first[1] + second[1]
            middle = (_middle(first, size) * first[1] + _middle(second, size) * second[1]) / count
            clusters[-1] = [_inside(middle - (count - 1) * size / 2, count, size, low, high), count]
    placed = [start + k * size for start, count in clusters for k in range(int(count))]
    found = [0.0] * len(wanted)
    for i, centre in zip(order, placed, strict=True):
        found[i] = centre
    return found


def _middle(cluster: Sequence[float], size: float) -> float:
    return cluster[0] + (cluster[1] - 1) * size / 2


def _inside(first: float, count: float, size: float, low: float, high: float) -> float:
    return max(low + size / 2, min(first, high - count * size + size / 2))


def shorten(text: str, length: int) -> str:
    """``text``, cut with an ellipsis where it is longer than ``length`` characters."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "\u2026"


def month_ticks(x_max: float, most: int) -> list[float]:
    """Round tick positions from 0 to ``x_max`` months, at most ``most`` intervals."""
    for step in (1, 2, 3, 6, 12, 24, 36, 60, 120, 240):
        if x_max / step <= most:
            break
    return [float(k * step) for k in range(int(x_max / step + 1e-9) + 1)]
