"""Arrays and texts in one compact piece of bytes, for the browser to select from.

Layout: four bytes with the length of a JSON header (little endian), the header, then the arrays one after another, each at a multiple of
eight bytes; all of it deflated. In the header an array stands as {at, type, shape, step}; ``step`` true: along the first axis only the
differences are kept (modulo the type's range), because neighbouring stops of a cutoff differ by a patient or two.
Texts stand as {texts, index}: every text once, and which one each stop has.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from cartograph.stats.results import Floats

LEVELS = 1000  # steps of a survival curve between 0 and 1: a quarter of a pixel
NONE = 65535  # stands for "no level"
ALIGN = 8
EFFORT = 3  # of the compression


class Pack:
    """Collects arrays and gives each a reference for the header."""

    def __init__(self) -> None:
        """Start empty."""
        self._chunks: list[bytes] = []
        self._at = 0

    def levels(self, values: Floats) -> dict[str, Any]:
        """Fractions 0 to 1 as whole thousandths, along the stops as differences; missing ones as ``NONE``."""
        known = np.isfinite(values)
        return self._array(np.where(known, np.rint(np.where(known, values, 0) * LEVELS), NONE).astype(np.uint16), step=True)

    def counts(self, values: npt.NDArray[np.int64]) -> dict[str, Any]:
        """Whole numbers from 0, along the stops as differences."""
        small = values.max(initial=0) < NONE
        return self._array(values.astype(np.uint16 if small else np.uint32), step=True)

    def numbers(self, values: npt.ArrayLike) -> dict[str, Any]:
        """Numbers as they are, in single precision."""
        return self._array(np.asarray(values, dtype=np.float32), step=False)

    def flags(self, values: npt.NDArray[np.bool_]) -> dict[str, Any]:
        """True and False, eight to a byte along the last axis."""
        return {**self._array(np.packbits(values, axis=-1, bitorder="little"), step=False), "flags": values.shape[-1]}

    def texts(self, values: Sequence[str]) -> dict[str, Any]:
        """One text for each stop."""
        order: dict[str, int] = {}
        index = np.array([order.setdefault(v, len(order)) for v in values], dtype=np.uint16)
        return {"texts": list(order), "index": self._array(index, step=False)}

    def _array(self, values: npt.NDArray[Any], *, step: bool) -> dict[str, Any]:
        kept = np.concatenate([values[:1], values[1:] - values[:-1]]) if step and len(values) else values
        chunk = kept.tobytes()
        reference = {"at": self._at, "type": values.dtype.name, "shape": list(values.shape), "step": step}
        padding = -len(chunk) % ALIGN
        self._chunks.append(chunk + bytes(padding))
        self._at += len(chunk) + padding
        return reference

    def to_bytes(self, header: Mapping[str, Any]) -> bytes:
        """Everything, deflated."""
        words = json.dumps(header, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
        words += b" " * (-(len(words) + 4) % ALIGN)
        return zlib.compress(b"".join([len(words).to_bytes(4, "little"), words, *self._chunks]), EFFORT)
