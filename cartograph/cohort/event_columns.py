"""Time-to-event pairs in a table: which columns are the time and the event of an endpoint, and which code is the event."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cartograph.cohort import parse
from cartograph.cohort.code_lists import PROGRESSION_CODES, SURVIVAL_CODES
from cartograph.cohort.endpoint_names import endpoint_slug, endpoint_target
from cartograph.cohort.looks import Look
from cartograph.cohort.mapping import ColumnChoice, Confidence, TimeUnit
from cartograph.cohort.schema import VARIABLES, header_words

_OTHER_ENDPOINTS: Mapping[str, str] = {
    "efs": "efs | event free survival | ereignisfreies uberleben | survie sans evenement | supervivencia libre de eventos",
    "ttp": "ttp | time to progression | zeit bis progression | temps jusqu a progression | tiempo hasta la progresion",
    "ttnt": "ttnt | time to next treatment | time to next therapy | zeit bis zur nachsten therapie",
    "dfs": "dfs | disease free survival",
    "rfs": "rfs | relapse free survival",
    "ttr": "ttr | time to response",
}


def _names() -> dict[str, str]:
    found = {name: slug for slug in ("pfs", "os", "dor") for name in VARIABLES[f"{slug}_time"].names}
    return found | {header_words(name): slug for slug, names in _OTHER_ENDPOINTS.items() for name in names.split("|")}


NAMES: Mapping[str, str] = _names()
_LONGEST_FIRST = sorted(NAMES, key=lambda name: (-len(name.split()), -len(name)))
_UNITS: Mapping[str, TimeUnit] = {
    **dict.fromkeys(("days", "day", "d", "tage", "tag", "tagen", "jours", "jour", "dias", "dia"), "days"),
    **dict.fromkeys(("weeks", "week", "wk", "wks", "w", "wochen", "semaines", "semanas"), "weeks"),
    **dict.fromkeys(("months", "month", "mo", "mos", "mon", "m", "monate", "monat", "monaten", "mois", "meses"), "months"),
    **dict.fromkeys(("years", "year", "yrs", "yr", "y", "jahre", "jahren", "ans", "annees", "anos"), "years"),
}  # fmt: skip


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_TIME_WORDS = _set("time duration dur zeit dauer temps duree delai tiempo duracion length fu followup futime aval t survtime lange")
_EVENT_WORDS = _set(
    "event events evt ev status stat indicator ind flag code occurred evnt ereignis evenement evento estado statut yn happened"
)
_CENSOR_WORDS = _set("censor censored cens censoring cnsr zensiert zensierung zensur censure censuree censura censurado censorship cen")
_CENSORED = _set("censored zensiert censure censuree censurado")  # "is censored", not "censoring variable"
_SILENT = _set("from since post after infusion car t cart to in by the of at first value probability bei nach seit ab depuis apres desde"
    " until last follow up or and dead 0 1 2 no yes y n")  # fmt: skip
_REJECT = _set("date datum fecha rate median landmark ci lower upper predicted risk score log rank")
_LOOSE_TIMES = (
    "futime", "fu time", "follow up time", "followup time", "follow up", "followup", "follow up months", "fu months", "fu days", "survtime",
    "time", "times", "surv time", "nachbeobachtung", "nachbeobachtungszeit", "suivi", "duree de suivi", "seguimiento",
    "tiempo de seguimiento", "time to death", "time to last follow up", "time months", "time days", "time to event", "months", "days",
)  # fmt: skip
_LOOSE_EVENTS = (
    "death", "dead", "died", "deceased", "exitus", "verstorben", "tod", "deces", "decede", "fallecido", "muerte", "death event",
    "vital status", "vitalstatus", "survival status", "alive", "lebt", "vivant", "vivo", "fustat", "status", "event", "censor", "censored",
    "cens", "cnsr", "patient status", "last status", "uberlebensstatus",
)  # fmt: skip
_LOOSE_PROGRESSIONS = (
    "progression", "progressed", "relapse", "relapsed", "pd", "progress", "rezidiv", "progression event", "relapse event", "pd event",
    "rechute", "recaida", "progresion", "progression status", "relapse status", "progression or death",
    "progression death", "death or progression", "progressed or died", "relapse or death", "progress oder tod", "progression oder tod",
    "tod oder progress", "tod oder progression", "rezidiv oder tod", "progression ou deces", "deces ou progression", "progresion o muerte",
    "muerte o progresion",
)  # fmt: skip
_ALIVE = frozenset({"alive", "lebt", "vivant", "vivo"})
_EVENT_SAID = re.compile(
    r"event|dead|death|died|deceas|progress|relapse|pd\b|tod|verstorben|ereignis|d[ée]c[eè]s|evento|muert|fallec", re.IGNORECASE
)
_CENSOR_SAID = re.compile(r"cens|zens|alive|no |none|lebt|vivant|vivo|event[- ]free|progression[- ]free", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Half:
    """A column that can be the time or the event of an endpoint. ``stamp``: words of its name that tell it from another pair."""

    look: Look
    slug: str
    part: str  # "time" | "event"
    stamp: str = ""
    censor: bool = False  # the name speaks of censoring
    unit: str = ""
    by_name: bool = True  # False = the values told which part it is


def is_coded(look: Look) -> bool:
    """True when a column can be an event: few different texts, all of them codes."""
    known = {text for text, _ in (*SURVIVAL_CODES, *PROGRESSION_CODES)} | {"2"}
    return 0 < len(look.counts) <= 6 and sum(n for text, n in look.counts.items() if text in known) >= 0.8 * look.n


def is_time(look: Look) -> bool:
    """True when a column can be a time: numbers that are no codes."""
    return look.numeric >= 0.8 and not (len(look.counts) <= 2 and is_coded(look) and look.n > 4)


def halves_of(look: Look) -> Half | None:
    """The endpoint that a column's name speaks of, when its values fit; None for other columns."""
    for words in look.name.variants:
        half = _named(look, words)
        if half is not None:
            return half
    return None


def _named(look: Look, words: str) -> Half | None:
    padded = f" {_apart(words)} "
    name = next((n for n in _LONGEST_FIRST if f" {n} " in padded), None)
    if name is None:
        return None
    rest = padded.replace(f" {name} ", " ", 1).split()
    if _REJECT & set(rest):
        return None
    unit = look.name.unit if header_words(look.name.unit) in _UNITS else next((w for w in rest if w in _UNITS), "")
    timed = bool(unit) or bool(_TIME_WORDS & set(rest))
    censor = bool(_CENSOR_WORDS & set(rest))
    marked = censor or bool(_EVENT_WORDS & set(rest)) or bool(look.name.said)
    stamp = " ".join(w for w in rest if w not in _UNITS and w not in _TIME_WORDS | _EVENT_WORDS | _CENSOR_WORDS | _SILENT)
    unit = _UNITS.get(header_words(unit), "")
    if marked and is_coded(look):
        return Half(look, NAMES[name], "event", stamp, censor)
    if marked and not timed:
        return None
    if is_time(look) and not marked:
        return Half(look, NAMES[name], "time", stamp, unit=unit, by_name=timed)
    return Half(look, NAMES[name], "event", stamp, by_name=False) if is_coded(look) and not timed else None


def _apart(words: str) -> str:
    """Short names and parts grown together, apart: osmonths is os months."""
    parts = set(_UNITS) | _TIME_WORDS | _EVENT_WORDS | _CENSOR_WORDS
    out = []
    for word in words.split():
        head = next((n for n in NAMES if " " not in n and word.startswith(n) and len(word) > len(n) and word[len(n) :] in parts), "")
        out.append(f"{head} {word[len(head) :]}" if head and word not in NAMES else word)
    return " ".join(out)


def pairs_of(looks: Sequence[Look]) -> tuple[list[tuple[Half, Half]], dict[str, str]]:
    """The pairs of a table, and for columns of pairs that lost against another the reason, by header."""
    halves = [h for look in looks if (h := halves_of(look)) is not None]
    pairs: list[tuple[Half, Half]] = []
    lost: dict[str, str] = {}
    for slug in dict.fromkeys(h.slug for h in halves):
        mine = [h for h in halves if h.slug == slug]
        best = _best_pair(mine)
        if best is None:
            continue
        pairs.append(best)
        for half in mine:
            if half not in best:
                lost[half.look.header] = f"'{best[0].look.header}' and '{best[1].look.header}' are taken for this endpoint"
    return pairs, lost


def _best_pair(halves: Sequence[Half]) -> tuple[Half, Half] | None:
    times, events = ([h for h in halves if h.part == part] for part in ("time", "event"))
    fits = [(t, e) for t in times for e in events if t.stamp == e.stamp or len(times) == len(events) == 1]
    if not fits:
        return None
    return max(fits, key=lambda p: (bool(p[1].look.name.said), not p[0].stamp, p[0].by_name, p[1].by_name, p[0].look.n))


def loose_pairs(looks: Sequence[Look], taken: Mapping[str, str]) -> list[tuple[Half | None, Half | None]]:
    """Pairs without the name of an endpoint ("futime" and "death"), and events such as "progressed" beside a PFS time.

    ``taken``: targets that the table has already, by header.
    """
    free = [look for look in looks if look.header not in taken]
    out: list[tuple[Half | None, Half | None]] = []
    has = set(taken.values())
    if "pfs_time" in has and "pfs_event" not in has:
        out.append((None, _loose(free, _LOOSE_PROGRESSIONS, "pfs", "event")))
    if "os_event" not in has or "os_time" not in has:
        time = _loose(free, _LOOSE_TIMES, "os", "time") if "os_time" not in has else None
        event = _loose(free, _LOOSE_EVENTS, "os", "event") if "os_event" not in has else None
        together = time is not None and event is not None
        if together or (time is not None and "os_event" in has) or (event is not None and "os_time" in has):
            out.append((time, event))
    return out


def _loose(looks: Sequence[Look], names: Sequence[str], slug: str, part: str) -> Half | None:
    for name in names:
        for look in looks:
            said = {_without_unit(w) for w in look.name.variants} | {w.replace(" ", "") for w in look.name.variants}
            if name in said and (is_time(look) if part == "time" else is_coded(look)):
                unit = _UNITS.get(header_words(look.name.unit), "") or next(
                    (_UNITS[w] for w in look.name.variants[0].split() if w in _UNITS), ""
                )
                censor = part == "event" and bool(_CENSOR_WORDS & set(name.split()))
                return Half(look, slug, part, censor=censor, unit=unit if part == "time" else "", by_name=False)
    return None


def _without_unit(words: str) -> str:
    head, _, tail = words.rpartition(" ")
    return head if tail in _UNITS and head else words


# ---------------------------------------------------------------- which code is the event
def event_choice(half: Half, time: Look | None, *, guess: str = "") -> ColumnChoice:
    """The choice for an event column, with every text of the file explained. ``time``: the time column of the pair."""
    look = half.look
    codes, confidence, why = _codes(half, time)
    explained = tuple((text, level) for text, level in codes.items() if level)
    left = [text for text in look.counts if not codes.get(text)]
    evidence = [f"name '{look.header}'", why] + ([f"no meaning known for {', '.join(repr(t) for t in left[:3])}"] if left else [])
    if guess:
        evidence.append(guess)
    sure: Confidence = "guess" if guess or left else confidence
    return ColumnChoice(
        look.table.name, look.header, endpoint_target(half.slug, "event"), codes=explained, confidence=sure, evidence=tuple(evidence)
    )


def _codes(half: Half, time: Look | None) -> tuple[dict[str, str], Confidence, str]:
    look = half.look
    said = _said(look, half)
    if said is not None:
        return said
    texts = list(look.counts)
    known = dict(SURVIVAL_CODES if half.slug == "os" else (*SURVIVAL_CODES, *PROGRESSION_CODES))
    words = [t for t in texts if t not in ("0", "1", "2", "yes", "no", "y", "n", "true", "false", "t", "f")]
    if words:
        return {t: known.get(t, "") for t in texts}, "certain", "the texts say which is the event"
    if set(texts) <= {"1", "2"} and "2" in texts:
        return {"1": "censored", "2": "event"}, "guess", "1 and 2, as in R: 2 was read as the event; check"
    yes = {t: known.get(t, "") for t in texts}
    if look.name.variants and look.name.variants[0] in _ALIVE:
        return _turned(yes), "likely", "yes or 1 means alive, so it was read as censored"
    if not half.censor:
        found: Confidence = "certain" if len(texts) == 2 else "likely"
        return yes, found, f"{_of(yes, 'event')} = event"
    if "cnsr" in header_words(look.header).split():
        return _turned(yes), "likely", "CNSR as in SAS and ADaM: 0 = event, 1 = censored"
    return _ambiguous(yes, half, time)


def _ambiguous(yes: dict[str, str], half: Half, time: Look | None) -> tuple[dict[str, str], Confidence, str]:
    """A 0/1 column whose name speaks of censoring: the name allows both readings."""
    head = f"the name does not tell whether {_of(yes, 'event')} means censored or event"
    earlier = _earlier(half.look, time, yes)
    if earlier is True:
        return yes, "guess", f"{head}; read as event, because its times are shorter; check"
    if earlier is False:
        return _turned(yes), "guess", f"{head}; read as censored, because its times are longer; check"
    if _CENSORED & set(header_words(half.look.header).split()):
        return _turned(yes), "guess", f"{head}; read as censored; check"
    return yes, "guess", f"{head}; read as event; check"


def _earlier(look: Look, time: Look | None, yes: Mapping[str, str]) -> bool | None:
    """True when the times of the texts read as event are clearly shorter, False when clearly longer, None when nobody can tell."""
    if time is None or time.table is not look.table:
        return None
    months = parse.numbers(time.table.frame[time.header], time.table.decimal).values
    levels = np.array([yes.get(parse.folded(parse.whole(t)), "") for t in parse.texts(look.table.frame[look.header])] + [""], dtype=object)[
        :-1
    ]
    event, censored = months[(levels == "event") & ~np.isnan(months)], months[(levels == "censored") & ~np.isnan(months)]
    if min(len(event), len(censored)) < 5:
        return None
    a, b = float(np.median(event)), float(np.median(censored))
    return True if a < 0.8 * b else (False if b < 0.8 * a else None)


def _said(look: Look, half: Half) -> tuple[dict[str, str], Confidence, str] | None:
    """Codes that the header or its label explains: '(1=event)', '0 = alive, 1 = dead'."""
    from_label = tuple((m[1].casefold(), m[2].strip()) for m in re.finditer(r"(\w{1,8})\s*[=:]\s*([^,;/|=()]+)", look.label))
    found: dict[str, str] = {}
    for code, words in (*from_label, *look.name.said):
        if code in look.counts and _CENSOR_SAID.search(words + " "):
            found[code] = "censored"
        elif code in look.counts and _EVENT_SAID.search(words):
            found[code] = "event"
    if not found:
        return None
    if len(found) == 1 and len(look.counts) == 2:
        ((code, level),) = found.items()
        found |= {t: "censored" if level == "event" else "event" for t in look.counts if t != code}
    return {t: found.get(t, "") for t in look.counts}, "certain", f"the name says {_of(found, 'event')} = event"


def _turned(codes: Mapping[str, str]) -> dict[str, str]:
    return {t: {"event": "censored", "censored": "event"}.get(level, level) for t, level in codes.items()}


def _of(codes: Mapping[str, str], level: str) -> str:
    return " or ".join(t for t, found in codes.items() if found == level) or "1"


# ---------------------------------------------------------------- the time of a pair
def time_choice(half: Half, *, guess: str = "") -> ColumnChoice:
    """The choice for a time column; its unit is "" when neither name nor label says it."""
    look = half.look
    unit = half.unit or next((_UNITS[w] for w in header_words(look.label).split() if w in _UNITS and len(w) > 1), "")
    evidence = [f"name '{look.header}'", f"values {look.span}" + (f" {unit}" if unit else "")] + ([guess] if guess else [])
    sure: Confidence = "guess" if guess else ("certain" if half.by_name else "likely")
    return ColumnChoice(
        look.table.name, look.header, endpoint_target(half.slug, "time"), unit=unit, confidence=sure, evidence=tuple(evidence)
    )


def other_pairs(looks: Sequence[Look], taken: Mapping[str, str]) -> list[tuple[Half, Half]]:
    """Any other pair: columns called "<x> time" and "<x> event" with the same x; x becomes the endpoint's slug."""
    stems: dict[str, dict[str, Half]] = {}
    for look in looks:
        if look.header in taken or not look.name.variants:
            continue
        words = look.name.variants[0].split()
        timed = (
            bool(_TIME_WORDS & set(words))
            or header_words(look.name.unit) in _UNITS
            or bool({w for w in words if w in _UNITS and len(w) > 1})
        )
        marked = bool((_EVENT_WORDS | _CENSOR_WORDS) & set(words))
        stem = " ".join(w for w in words if w not in _UNITS and w not in _TIME_WORDS | _EVENT_WORDS | _CENSOR_WORDS)
        part = "event" if marked and is_coded(look) else ("time" if timed and not marked and is_time(look) else "")
        if stem and part:
            unit = _UNITS.get(header_words(look.name.unit), "") or next((_UNITS[w] for w in words if w in _UNITS), "")
            censor = bool(_CENSOR_WORDS & set(words))
            stems.setdefault(stem, {}).setdefault(
                part, Half(look, endpoint_slug(stem), part, censor=censor, unit=unit if part == "time" else "")
            )
    return [(found["time"], found["event"]) for found in stems.values() if len(found) == 2]
