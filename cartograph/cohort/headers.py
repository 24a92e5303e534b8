"""Headers taken apart: the words of a name, its unit, its time point or visit, and what it says about codes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from cartograph.cohort.model import DAYS_PER_MONTH
from cartograph.cohort.schema import LABS, TIME_POINTS, VARIABLES, header_words, plain_unit

LONG_KEYS = ("visit_month", "visit_day", "visit_name", "sample_day")
_BY_VISIT = {"response_visit": "response", "mrd_visit": "mrd", "car_transgene_day": "transgene"}
_OTHER_NAMES = {"aspc": "marrow_plasma_cells", "aspirate plasma cells": "marrow_plasma_cells", "creat": "creatinine"}

_GROUP = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
_CODE_SAID = re.compile(r"([\w+-]{1,12})\s*[=:]\s*([^\W\d_][^,;/|=:()\[\]]*)")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})")
_TAIL_UNIT = re.compile(r"[\s,;_\-]+(\S*[/%^]\S*)\s*$")
_FILLER_WORDS = (
    "at on the of in status value values result results level levels patient patients pts measured yn yes no y n number num"
    " bei am im der die das wert au le la du de a al en el valor valeur"
)
_FILLERS = frozenset(_FILLER_WORDS.split())
_SAME_WORDS = {"severity": "grade", "peak": "max", "highest": "max", "worst": "max", "maximum": "max", "maximal": "max", "ldc": "pre"}

_VISIT_UNITS: Mapping[str, float] = {
    **dict.fromkeys(("months", "month", "monate", "monat", "mois", "meses", "mes", "mos", "mo", "mon", "m"), 1.0),
    **dict.fromkeys(("days", "day", "tage", "tag", "jours", "jour", "dias", "dia", "día", "d", "j"), 1 / DAYS_PER_MONTH),
    **dict.fromkeys(("weeks", "week", "wochen", "woche", "semaines", "semaine", "semanas", "semana", "wk", "wks", "w"), 7 / DAYS_PER_MONTH),
    **dict.fromkeys(("years", "year", "jahre", "jahr", "yr", "yrs", "y"), 12.0),
}
_UNIT_WORDS = "|".join(sorted(_VISIT_UNITS, key=len, reverse=True))
_VISIT = re.compile(
    rf"(?<![^\W_])(?:(?P<unit>{_UNIT_WORDS})[\s_.]*[+]?[\s_]*(?P<n>\d+(?:[.,]\d+)?)|[+]?(?P<n2>\d+(?:[.,]\d+)?)[\s_\-]*(?P<unit2>{_UNIT_WORDS}))(?![^\W_])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Header:
    """A header taken apart. ``variants``: its words (``header_words``) in several readings, the fullest first."""

    text: str
    variants: tuple[str, ...]
    unit: str = ""  # as written
    said: tuple[tuple[str, str], ...] = ()  # "(1=event)" is ("1", "event")


@dataclass(frozen=True, slots=True)
class Found:
    """What a name means: a key of the schema without its time point ("ferritin", "age"), or "response", "mrd", "transgene".

    ``when`` is "pre", "d0" or ""; ``visit`` a month (for "transgene": a day); ``exact`` False = words had to be left out.
    """

    what: str
    when: str = ""
    visit: float | None = None
    unit: str = ""
    exact: bool = True


def _known_units() -> frozenset[str]:
    spelled = {u for v in VARIABLES.values() for unit in v.units for u in (plain_unit(unit.name), *unit.spellings)}
    return frozenset(spelled | {"u/ml", "iu/ml", "ug", "mg", "g", "kg", "cm", "kg/m2", "cells/kg", "10^6/kg", "score", "fold"})


KNOWN_UNITS = _known_units()


def is_unit(text: str) -> bool:
    """True for text that is written like a unit: 'mg/dL', '%', 'months', 'x10^9/L'."""
    plain = plain_unit(text)
    if plain in ("yes/no", "y/n", "ja/nein", "oui/non", "si/no", "sí/no", "n/a", "m/f", "f/m"):
        return False
    return plain in KNOWN_UNITS or (bool(re.fullmatch(r"[^\s;=]*[/%^*][^\s;=]*", plain)) and bool(re.search(r"[a-z%]", plain)))


def read_header(text: str) -> Header:
    """Take a header apart."""
    unit, groups = "", []
    said = tuple((m[1].casefold(), m[2].strip().casefold()) for m in _CODE_SAID.finditer(text))
    for group in _GROUP.findall(text):
        parts = [p.strip() for p in re.split(r"[,;](?!\d)", group)]
        units = [p for p in parts if is_unit(p)]
        unit = unit or next(iter(units), "")
        if not _CODE_SAID.search(group):
            groups.append(" ".join(p for p in parts if p not in units))
    bare = _CODE_SAID.sub(" ", _GROUP.sub(" ", text))
    tail = _TAIL_UNIT.search(bare)
    if tail and not unit and is_unit(tail[1]):
        unit, bare = tail[1], bare[: tail.start()]
    full = text if _in_place(text) else " ".join([bare, *groups])
    spelled = [full, bare, _CAMEL.sub(" ", full), _CAMEL.sub(" ", bare)]
    return Header(text, tuple(dict.fromkeys(w for t in spelled if (w := header_words(t)))), unit, said)


def _in_place(text: str) -> bool:
    """True where brackets belong to the name: t(4;14), del(17p)."""
    return bool(re.search(r"\w\([\dpqPQ;.]+\)", text))


def _index() -> dict[str, str]:
    found: dict[str, str] = {}
    for key, variable in VARIABLES.items():
        if variable.kind in ("time", "event") or variable.section == "Visits":
            continue
        base, _, when = key.rpartition("_")
        what = base if base in LABS and when in ("pre", "d0") else _BY_VISIT.get(key, key)
        label = (header_words(variable.label),) if what == key else ()
        for name in (header_words(what), *label, *variable.names):
            found.setdefault(name, what)
    return found | _OTHER_NAMES


NAMES: Mapping[str, str] = _index()
_JOINED: Mapping[str, str] = {name.replace(" ", ""): what for name, what in reversed(tuple(NAMES.items()))}
_LONG_NAMES: Mapping[str, str] = {name: key for key in reversed(LONG_KEYS) for name in (header_words(key), *VARIABLES[key].names)}
_MOMENTS = sorted(((phrase, when) for when, phrases in TIME_POINTS.items() for phrase in phrases), key=lambda p: -len(p[0]))
_UNIT_TAILS = {header_words(u.replace("/", " ").replace("µ", "u")): u for u in sorted(KNOWN_UNITS, key=len) if len(u) > 1 and u != "score"}


def lookup(words: str) -> str:
    """What exactly these words mean; "" when nothing is called so."""
    return NAMES.get(words) or _JOINED.get(words.replace(" ", ""), "")


def long_time(header: Header) -> str:
    """The key of a time column in a table with several rows per patient ("visit_month", "sample_day" ...); "" for others."""
    return next((_LONG_NAMES[w] for w in header.variants if w in _LONG_NAMES), "")


def find(header: Header) -> Found | None:
    """What a header means; None when no name is known."""
    return _at_visit(header) or _first(header)


def _first(header: Header) -> Found | None:
    return next((hit for words in header.variants if (hit := _search(words, Found("", unit=header.unit))) is not None), None)


def _at_visit(header: Header) -> Found | None:
    for match in _VISIT.finditer(header.text):
        rest = f"{header.text[: match.start()]} {header.text[match.end() :]}"
        plain = read_header(rest.strip(" _-."))
        hit = _first(plain)
        if hit is not None and hit.what in _BY_VISIT.values() and not hit.when:
            unit, n = match["unit"] or match["unit2"], match["n"] or match["n2"]
            months = float(n.replace(",", ".")) * _VISIT_UNITS[unit.casefold()]
            return replace(hit, visit=round(months * DAYS_PER_MONTH, 2) if hit.what == "transgene" else round(months, 4))
    return None


def _search(words: str, found: Found) -> Found | None:
    """The first reading of the words with a meaning, those with the fewest words left out first."""
    queue, seen = [(words, found)], {words}
    while queue:
        text, so_far = queue.pop(0)
        what = lookup(text)
        if what and _makes_sense(what, so_far):
            return replace(so_far, what=what)
        for shorter, state in _shorter(text, so_far):
            if shorter and shorter not in seen:
                seen.add(shorter)
                queue.append((shorter, state))
    return None


def _makes_sense(what: str, found: Found) -> bool:
    variable = VARIABLES.get(what)
    return not found.when or what in LABS or (variable is not None and variable.timing == "baseline")


def _shorter(text: str, found: Found) -> Iterator[tuple[str, Found]]:
    """The words without a time point, without a unit at the end, with common words for others, without words that say little."""
    padded = f" {text} "
    if not found.when:
        for phrase, when in _MOMENTS:
            if f" {phrase} " in padded:
                rest = " ".join(padded.replace(f" {phrase} ", " ", 1).split())
                yield rest, replace(found, when=when)
                yield rest.removesuffix(" at").removesuffix(" on").removesuffix(" vor").removesuffix(" bei"), replace(found, when=when)
    if not found.unit:
        for tail, unit in _UNIT_TAILS.items():
            if tail and text.endswith(f" {tail}"):
                yield text.removesuffix(f" {tail}"), replace(found, unit=unit)
    same = " ".join(_SAME_WORDS.get(w, w) for w in text.split())
    if same != text:
        yield same, replace(found, exact=False)
    yield " ".join(w for w in text.split() if w not in _FILLERS), replace(found, exact=False)
