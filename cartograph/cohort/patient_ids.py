"""Which column tells the patients apart."""

from __future__ import annotations

from collections.abc import Sequence

from cartograph.cohort.headers import find
from cartograph.cohort.identifying import identifying
from cartograph.cohort.looks import Look
from cartograph.cohort.mapping import ColumnChoice
from cartograph.cohort.tables import RawTable

_LOOSE_WORDS = frozenset(
    {"id", "ids", "sample", "subject", "patient", "case", "participant", "sid", "pseudonym", "patient nr", "code", "nr", "no"}
)
_FILLED = 0.9  # share of rows with an ID


def id_column(tables: Sequence[RawTable], looks: Sequence[Look]) -> dict[str, ColumnChoice]:
    """The patient ID of each table that has one, by name of the table. Without one the rows are the patients."""
    found: dict[str, ColumnChoice] = {}
    for table in tables:
        mine = [look for look in looks if look.table is table and look.n and look.dated < 0.5]
        choice = _by_name(mine) or _by_uniqueness(mine)
        if choice is not None:
            found[table.name] = choice
    headers = {c.header for c in found.values()}
    for table in tables:
        same = next((h for h in table.frame.columns if h in headers), None)
        if table.name not in found and same is not None:
            words = (f"name '{same}' as in another table",)
            found[table.name] = ColumnChoice(table.name, str(same), "patient_id", confidence="likely", evidence=words)
    return found


def _by_name(looks: Sequence[Look]) -> ColumnChoice | None:
    named = [look for look in looks if _named(look) and _whole(look)]
    if not named:
        return None
    best = max(named, key=lambda look: (not identifying(look), _share(look) >= _FILLED, len(look.counts), _share(look)))
    return _choice(best, "certain" if _share(best) >= _FILLED else "likely", f"name '{best.header}'")


def _named(look: Look) -> bool:
    found = find(look.name)
    return found is not None and found.what == "patient_id"


def _by_uniqueness(looks: Sequence[Look]) -> ColumnChoice | None:
    """A column called "sample", "SID" or "record number": no patient column by name, but its words speak of one."""
    loose = [look for look in looks if _like_ids(look) and _speaks_of_ids(look) and (look.unique or _share(look) >= _FILLED)]
    loose.sort(key=lambda look: (bool(identifying(look)), not look.unique))
    if not loose:
        return None
    unique = "a different value in every row" if loose[0].unique else "filled in every row"
    return _choice(loose[0], "likely", f"name '{loose[0].header}', {unique}")


def _speaks_of_ids(look: Look) -> bool:
    if "record number" in identifying(look):
        return True
    words = look.name.variants[0] if look.name.variants else ""
    return words in _LOOSE_WORDS or words.split()[-1:] == ["id"]


def _like_ids(look: Look) -> bool:
    """True for texts and whole numbers that are not a few groups."""
    return _whole(look) and (len(look.counts) > 2 or look.unique) and len(look.counts) >= 0.005 * look.n


def _whole(look: Look) -> bool:
    return len(look.numbers) == 0 or bool((look.numbers == look.numbers.round()).all())


def _share(look: Look) -> float:
    return float(look.table.frame[look.header].notna().mean())


def _choice(look: Look, confidence: str, why: str) -> ColumnChoice:
    about = identifying(look)
    evidence = (why, f"{about}: better use a study number in its place") if about else (why,)
    sure = "certain" if confidence == "certain" and not about else "likely"
    return ColumnChoice(
        look.table.name,
        look.header,
        "patient_id",
        confidence="certain" if sure == "certain" else "likely",
        evidence=evidence,
        identifying=about,
    )
