"""What a reader is given, how large it may be, and how a finding is worded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cartograph.cohort.problems import CohortError, Problem, Severity

MAX_BYTES = 200_000_000
MAX_COLUMNS = 2_000
MAX_CELLS = 20_000_000
MAX_UNPACKED_BYTES = 1_000_000_000

# fraction of the work done (0 to 1), and words for the person who waits
Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Source:
    """One file: its name, its bytes, and which sheets of a workbook are wanted (None = every visible sheet that holds a table)."""

    name: str
    content: bytes
    sheets: tuple[str, ...] | None = None

    @classmethod
    def from_path(cls, path: str | Path, sheets: tuple[str, ...] | None = None) -> Source:
        """Read a file from disk. Raises CohortError when it is missing, not readable or too large."""
        path = Path(path)
        try:
            if path.stat().st_size > MAX_BYTES:
                raise CohortError([too_large(path.name, path.stat().st_size)])
            return cls(path.name, path.read_bytes(), sheets)
        except OSError as error:
            done = "Check the name and whether you may open the file."
            raise refusal("not-readable", path.name, error.strerror or "no file", "a readable file", done) from error

    @property
    def extension(self) -> str:
        """The last part of the name, lower case, without the dot ("" when there is none)."""
        return Path(self.name).suffix.lower().lstrip(".")


def finding(
    severity: Severity, kind: str, table: str, found: str, expected: str, done: str, *, column: str = "", row: int | None = None
) -> Problem:
    """A Problem with the arguments in the order in which a sentence says them."""
    return Problem(severity, kind, table, column, row, found, expected, done)


def refusal(kind: str, table: str, found: str, expected: str, done: str, *, row: int | None = None) -> CohortError:
    """The error for a file that cannot be read at all, ready to raise."""
    return CohortError([finding("error", kind, table, found, expected, done, row=row)])


def too_large(name: str, size: int) -> Problem:
    """The finding for a file above MAX_BYTES; ``size`` in bytes."""
    return finding(
        "error",
        "too-large",
        name,
        f"a file of {size / 1e6:,.0f} MB",
        f"at most {MAX_BYTES / 1e6:,.0f} MB",
        "Keep only the columns you need, or split the file.",
    )


def check_shape(table: str, rows: int, columns: int) -> None:
    """Raise CohortError when a table has more columns or cells than can be shown and analysed."""
    if columns > MAX_COLUMNS:
        raise refusal(
            "too-many-columns",
            table,
            f"{columns:,} columns",
            f"at most {MAX_COLUMNS:,}",
            "Keep the clinical columns and the markers of interest (one row per patient; not a gene table).",
        )
    if rows * columns > MAX_CELLS:
        found, done = f"{rows:,} rows x {columns:,} columns", "Keep only the columns you need."
        raise refusal("too-many-cells", table, found, f"at most {MAX_CELLS:,} cells", done)
