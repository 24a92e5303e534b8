"""What the columns of a file mean: a suggestion with reasons, from names in four languages and from the values themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cartograph.cohort import parse
from cartograph.cohort.date_order import date_order
from cartograph.cohort.event_columns import Half, event_choice, halves_of, loose_pairs, other_pairs, pairs_of, time_choice
from cartograph.cohort.headers import Found, find, long_time
from cartograph.cohort.identifying import identifying
from cartograph.cohort.looks import Look
from cartograph.cohort.mapping import DROP, EXTRA, ColumnChoice, Confidence, Mapping, TimeUnit
from cartograph.cohort.patient_ids import id_column
from cartograph.cohort.schema import LABS, VARIABLES, Variable
from cartograph.cohort.series import series_quantity
from cartograph.cohort.tables import RawTable
from cartograph.cohort.units import unit_of

CODED_ENOUGH = 0.5  # share of cells in the code list; below it the name misleads ("TP53" with expression values)
NUMBERS_ENOUGH = 0.7
DATES_ENOUGH = 0.6
CHANGES_ENOUGH = 0.2  # share of patients in whom a time course changes; below it a value of the patient was typed in two ways
LEGEND_COLUMNS = 6
GENERATION = 25  # years
SOURCE_NAMES = frozenset({"data source", "datasource", "data origin", "synthetic"})
ROW_NUMBERS = frozenset(
    {"rownames", "row names", "rowname", "unnamed 0", "index", "original order", "row", "row number", "row no", "lfd nr"}
)
_RANK: dict[str, int] = {"certain": 3, "likely": 2, "guess": 1, "none": 0}
_ALONE = "its partner column was not found"
_MANY = frozenset({EXTRA, DROP})


def suggest_mapping(tables: Sequence[RawTable]) -> Mapping:
    """A target, unit, codes and visit for every column of every table, each with how sure it is and why.

    Nothing is certain that the values speak against; what a file leaves open is a "guess" that the user is asked to check.
    """
    looks = [Look(table, str(header)) for table in tables for header in table.frame.columns]
    ids = id_column(tables, looks)
    choices: list[ColumnChoice] = []
    for table in tables:
        choices += _table(table, [look for look in looks if look.table is table], ids.get(table.name), legend=_is_legend(table, tables))
    choices = _dates(choices, looks)
    time_unit, choices = _time_unit(choices, looks)
    order, why, sure = date_order([look for look in looks if look.dated >= DATES_ENOUGH])
    choices = [_with_order(choice, why, sure) for choice in choices]
    return Mapping(tuple(choices), time_unit, order)


def _table(table: RawTable, looks: Sequence[Look], patient: ColumnChoice | None, *, legend: bool) -> list[ColumnChoice]:
    """Choices for one table, in the order of its columns."""
    if legend:
        explains = ("explains the columns of another table",)
        return [ColumnChoice(table.name, look.header, DROP, confidence="likely", evidence=explains) for look in looks]
    found: dict[str, ColumnChoice] = {patient.header: patient} if patient else {}
    for look in looks:
        why = identifying(look)
        if why and look.header not in found:
            left_out = (why, "left out: patients are told apart by their ID")
            found[look.header] = ColumnChoice(table.name, look.header, DROP, confidence="likely", evidence=left_out, identifying=why)
    found |= _endpoints([look for look in looks if look.header not in found])
    long = _long_times(looks, found, patient)
    found |= long
    for look in looks:
        if look.header not in found:
            found[look.header] = _column(look, patient if long else None)
    found |= _loose(looks, found)
    found = {header: _with_partner(choice, found) for header, choice in found.items()}
    return _each_once([found[look.header] for look in looks], {look.header: look for look in looks})


def _is_legend(table: RawTable, tables: Sequence[RawTable]) -> bool:
    """True for a sheet that explains the columns of another one: its first column lists their names."""
    others = {parse.folded(str(h)) for other in tables if other is not table for h in other.frame.columns}
    if not others or not 2 <= table.frame.shape[1] <= LEGEND_COLUMNS or len(table.frame) == 0:
        return False
    listed = [parse.folded(text) for text in parse.texts(table.frame.iloc[:, 0])]
    return sum(text in others for text in listed) > 0.5 * len(listed)


# ---------------------------------------------------------------- endpoints
def _endpoints(looks: Sequence[Look]) -> dict[str, ColumnChoice]:
    pairs, lost = pairs_of(looks)
    found: dict[str, ColumnChoice] = {}
    for time, event in pairs:
        found[time.look.header] = time_choice(time)
        found[event.look.header] = event_choice(event, time.look)
    for look in looks:
        if look.header in lost:
            evidence = (f"name '{look.header}'", f"kept as it is: {lost[look.header]}")
            found[look.header] = ColumnChoice(look.table.name, look.header, EXTRA, evidence=evidence)
    for time, event in other_pairs(looks, {**dict.fromkeys(found, ""), **{h.header: "" for h in looks if find(h.name)}}):
        found[time.look.header] = time_choice(time)
        found[event.look.header] = event_choice(event, time.look)
    return found | _single_halves(looks, found)


def _single_halves(looks: Sequence[Look], found: dict[str, ColumnChoice]) -> dict[str, ColumnChoice]:
    """A time or an event whose partner is not named alike: dates or a column such as "progressed" may complete it."""
    from_names: dict[str, ColumnChoice] = {}
    targets = {c.target for c in found.values()}
    for look in looks:
        half = halves_of(look) if look.header not in found else None
        if half is None or half.stamp or half.slug not in ("pfs", "os", "dor"):
            continue
        choice = time_choice(half) if half.part == "time" else event_choice(half, None)
        if choice.target not in targets:
            targets.add(choice.target)
            from_names[look.header] = replace(choice, evidence=(*choice.evidence, _ALONE))
    return from_names


def _loose(looks: Sequence[Look], found: dict[str, ColumnChoice]) -> dict[str, ColumnChoice]:
    """Endpoints that only "time", "status", "death" or "progressed" tell of."""
    known = {h: c.target for h, c in found.items() if c.target != EXTRA}
    out: dict[str, ColumnChoice] = {}
    for time, event in loose_pairs(looks, known):
        both = [h for h in (time, event) if h is not None]
        vague = any(_is_vague(h) for h in both)
        guess = "no endpoint is named: taken for overall survival, check" if vague else ""
        if time is not None:
            out[time.look.header] = time_choice(time, guess=guess)
        if event is not None:
            out[event.look.header] = event_choice(event, time.look if time else None, guess=guess)
    return out


def _with_partner(choice: ColumnChoice, found: dict[str, ColumnChoice]) -> ColumnChoice:
    """Nothing is said of a missing partner that another name gave."""
    slug, _, part = choice.target.rpartition("_")
    partner = f"{slug}_{'event' if part == 'time' else 'time'}"
    if _ALONE not in choice.evidence or all(c.target != partner for c in found.values()):
        return choice
    return replace(choice, evidence=tuple(words for words in choice.evidence if words != _ALONE))


def _is_vague(half: Half) -> bool:
    return half.part == "event" and half.look.name.variants[0] in ("event", "status", "censor", "censored", "cens", "cnsr")


# ---------------------------------------------------------------- tables with several rows per patient
def _long_times(looks: Sequence[Look], found: dict[str, ColumnChoice], patient: ColumnChoice | None) -> dict[str, ColumnChoice]:
    """Time columns when patients have several rows; empty for a table with one row per patient."""
    if patient is None or not looks:
        return {}
    ids = looks[0].table.frame[patient.header].dropna()
    if len(ids) < 1.2 * ids.nunique():
        return {}
    out: dict[str, ColumnChoice] = {}
    for look in looks:
        key = long_time(look.name) or ("sample_day" if look.name.variants and look.name.variants[-1].endswith((" day", " days")) else "")
        number = VARIABLES[key].kind == "number" if key else False
        if not key or look.header in found or (number and look.numeric < NUMBERS_ENOUGH) or not _varies(look, patient):
            continue
        if not number and look.numeric > 0.9:
            continue
        exact = bool(long_time(look.name))
        taken = any(c.target == key for c in out.values())
        if not taken and (exact or not out):
            why = (f"name '{look.header}'", "several rows per patient")
            out[look.header] = ColumnChoice(look.table.name, look.header, key, confidence="certain" if exact else "likely", evidence=why)
    return out


def _varies(look: Look, patient: ColumnChoice) -> bool:
    frame = look.table.frame[[patient.header, look.header]].dropna()
    return bool((frame.groupby(patient.header, sort=False)[look.header].nunique() > 1).any()) if patient.header != look.header else False


# ---------------------------------------------------------------- one column
def _column(look: Look, patient: ColumnChoice | None) -> ColumnChoice:
    """The choice for a column that is no ID, no endpoint and no time of a visit. ``patient``: given when the table is long."""
    name = look.table.name
    words = look.name.variants[0] if look.name.variants else ""
    if words in SOURCE_NAMES:
        return ColumnChoice(name, look.header, DROP, confidence="certain", evidence=("says where the data come from",))
    if words in ROW_NUMBERS and look.unique:
        return ColumnChoice(name, look.header, DROP, confidence="certain", evidence=("numbers the rows",))
    found = find(look.name)
    if found is None:
        return _course(look) if patient is not None and _is_course(look, patient) else _extra(look, ())
    if found.what == "patient_id":
        return _extra(look, (f"name '{look.header}'", "another column is taken for the patient ID"))
    target, said = _target(look, found, patient)
    variable = _variable(target)
    fault = _misfit(look, variable)
    if fault:
        return _extra(look, (f"name '{look.header}'", fault), "guess" if look.n else "none")
    sure: Confidence = "certain" if found.exact and not said else "likely"
    choice = ColumnChoice(name, look.header, target, visit=found.visit, confidence=sure, evidence=(f"name '{look.header}'", *said))
    return _with_values(choice, look, variable, found)


def _extra(look: Look, evidence: tuple[str, ...], confidence: Confidence = "none") -> ColumnChoice:
    return ColumnChoice(look.table.name, look.header, EXTRA, unit=look.name.unit, confidence=confidence, evidence=evidence)


def _is_course(look: Look, patient: ColumnChoice) -> bool:
    """True for numbers that most patients have several of, and that change within at least one in five of those."""
    if look.n == 0 or look.only_limits or look.numeric < NUMBERS_ENOUGH:
        return False
    frame = look.table.frame[[patient.header, look.header]].dropna().astype(str)
    several = frame.groupby(patient.header, sort=False)[look.header].agg(["size", "nunique"])
    repeated = several[several["size"] > 1]
    return len(repeated) > 0.5 * len(several) and float((repeated["nunique"] > 1).mean()) >= CHANGES_ENOUGH


def _course(look: Look) -> ColumnChoice:
    """A time course without a canonical name, under the name that the file gives it."""
    why = (f"name '{look.header}'", "numbers that change from row to row of a patient")
    quantity = series_quantity(look.header)
    return ColumnChoice(look.table.name, look.header, f"series:{quantity}", confidence="likely", evidence=why)


def _target(look: Look, found: Found, patient: ColumnChoice | None) -> tuple[str, tuple[str, ...]]:
    """The key of the schema, and words where the name alone does not say it."""
    varies = patient is not None and _varies(look, patient)
    if found.what in LABS:
        if varies and not found.when:
            return f"series:{found.what}", ()
        said = () if found.when else ("no time point in the name: taken as before lymphodepletion",)
        return f"{found.what}_{found.when or 'pre'}", said
    if found.what == "transgene":
        if found.visit is not None:
            return "car_transgene_day", ()
        return ("series:car_transgene", ()) if varies else ("car_transgene_day", ("the name does not say the day of the sample",))
    if found.what in ("response", "mrd"):
        if found.visit is not None:
            return f"{found.what}_visit", ()
        return (f"{found.what}_at_visit", ()) if varies else (f"best_{found.what}", ("no visit in the name: taken as the best one",))
    return found.what, ()


def _variable(target: str) -> Variable:
    if target.startswith("series:"):
        what = target.partition(":")[2]
        return VARIABLES["car_transgene_day" if what == "car_transgene" else f"{what}_d0"]
    return VARIABLES[target]


def _misfit(look: Look, variable: Variable) -> str:
    """Why the values cannot be what the name says; "" when they can."""
    if look.n == 0:
        return "" if variable.kind == "date" else "the column is empty"
    if variable.kind == "number":
        if look.only_limits:
            return "the name fits, but the values are groups, not numbers: kept as it is"
        return "" if look.numeric >= NUMBERS_ENOUGH else "the name fits, but the values are not numbers: kept as it is"
    if variable.kind == "date":
        serial = look.dated < DATES_ENOUGH and look.numeric > 0.9 and 15000 < float(np.median(look.numbers)) < 80000
        return "" if look.dated >= DATES_ENOUGH or serial else "the name fits, but the values are not dates: kept as it is"
    if variable.key in ("center", "product"):
        return ""
    if (
        variable.kind in ("category", "flag")
        and variable.levels
        and look.coded(variable) < CODED_ENOUGH
        and not _sex_numbers(look, variable)
    ):
        return f"the name fits, but the values are no known codes of {variable.label}: kept as it is"
    return ""


def _sex_numbers(look: Look, variable: Variable) -> bool:
    return variable.key == "sex" and set(look.counts) <= {"0", "1", "2"}


def _with_values(choice: ColumnChoice, look: Look, variable: Variable, found: Found) -> ColumnChoice:
    """The choice with the unit or codes that the values ask for."""
    if _sex_numbers(look, variable) and look.n:
        codes = (("1", "male"), ("2", "female")) if "2" in look.counts else (("1", "male"), ("0", "female"))
        words = f"1 was read as male and {codes[1][0]} as female: check"
        return replace(choice, codes=codes, confidence="guess", evidence=(*choice.evidence, words))
    if variable.kind == "number":
        unit = unit_of(look, variable, found.unit)
        sure: Confidence = choice.confidence if unit.sure else "guess"
        if choice.target == "car_transgene_day" and choice.visit is None:
            sure = "guess"
        return replace(choice, unit=unit.unit, confidence=sure, evidence=(*choice.evidence, *unit.evidence))
    if variable.kind in ("category", "flag") and variable.levels and variable.key not in ("center", "product"):
        left = [t for t in look.counts if t not in dict(variable.codes) and t not in {parse.folded(x) for x in variable.levels}]
        if left:
            shown = ", ".join(repr(t) for t in left[:3]) + (" and others" if len(left) > 3 else "")
            return replace(choice, confidence="guess", evidence=(*choice.evidence, f"no meaning known for {shown}: choose it"))
    return choice


# ---------------------------------------------------------------- the whole file
def _each_once(choices: Sequence[ColumnChoice], looks: dict[str, Look]) -> list[ColumnChoice]:
    """Of two columns with one meaning the surer and fuller one keeps it."""
    best: dict[tuple[str, float | None], ColumnChoice] = {}
    for choice in choices:
        if choice.target not in _MANY:
            slot = (choice.target, choice.visit)
            rival = best.get(slot)
            if rival is None or _worth(choice, looks) > _worth(rival, looks):
                best[slot] = choice
    out = []
    for choice in choices:
        winner = best.get((choice.target, choice.visit), choice)
        if winner is choice or choice.target in _MANY:
            out.append(choice)
            continue
        why = f"'{winner.header}' is taken for this already: kept as it is"
        unit = choice.unit or looks[choice.header].name.unit
        out.append(replace(choice, target=EXTRA, unit=unit, codes=(), visit=None, confidence="none", evidence=(*choice.evidence, why)))
    return out


def _worth(choice: ColumnChoice, looks: dict[str, Look]) -> tuple[int, bool, int]:
    """Surer names first; plasma cells of the aspirate before those of the biopsy; then the fuller column."""
    return _RANK[choice.confidence], choice.header.casefold().startswith("asp"), looks[choice.header].n


def _time_unit(choices: list[ColumnChoice], looks: Sequence[Look]) -> tuple[TimeUnit, list[ColumnChoice]]:
    """The unit of times whose name has none: that of the other times, else what the values suggest."""
    timed = [c for c in choices if c.target.endswith("_time") or c.target.endswith(":time")]
    named = [c.unit for c in timed if c.unit]
    by_place = {(look.table.name, look.header): look for look in looks}
    medians = [
        float(np.median(by_place[c.table, c.header].numbers)) for c in timed if not c.unit and len(by_place[c.table, c.header].numbers)
    ]
    if not medians:
        return "months", choices
    unit: TimeUnit = "days" if max(medians) > 120 else "months"
    same = [u for u in ("days", "weeks", "months", "years") if named and all(n == u for n in named)]
    if same and not (same[0] != "days" and unit == "days"):
        unit = same[0]  # type: ignore[assignment]
        return unit, [
            _said(c, f"no unit in the name: read as {unit}, like the other times") if c in timed and not c.unit else c for c in choices
        ]
    why = f"no unit in the name: the values look like {unit}, check"
    return unit, [_said(replace(c, confidence=_at_most(c.confidence, "likely")), why) if c in timed and not c.unit else c for c in choices]


def _at_most(confidence: Confidence, most: Confidence) -> Confidence:
    return confidence if _RANK[confidence] <= _RANK[most] else most


def _said(choice: ColumnChoice, words: str) -> ColumnChoice:
    return replace(choice, evidence=(*choice.evidence, words))


def _dates(choices: list[ColumnChoice], looks: Sequence[Look]) -> list[ColumnChoice]:
    """A date column that lies a generation before all others is taken for birth dates."""
    years: dict[tuple[str, str], int] = {}
    for look in looks:
        if look.dated >= DATES_ENOUGH:
            values = parse.dates(look.cells, "day-first").values
            there = values[~np.isnat(values)]
            if len(there):
                years[look.table.name, look.header] = int(np.sort(there)[len(there) // 2].astype("datetime64[Y]").astype(int)) + 1970
    return [_birth(choice, years) for choice in choices]


def _birth(choice: ColumnChoice, years: dict[tuple[str, str], int]) -> ColumnChoice:
    mine = years.get((choice.table, choice.header))
    others = [y for place, y in years.items() if place != (choice.table, choice.header)]
    if choice.target != EXTRA or mine is None or not others or min(others) - mine <= GENERATION:
        return choice
    why = "dates a generation before the others: they look like birth dates"
    return replace(choice, target=DROP, confidence="likely", evidence=(*choice.evidence, why), identifying=why)


def _with_order(choice: ColumnChoice, why: tuple[str, ...], sure: bool) -> ColumnChoice:
    variable = VARIABLES.get(choice.target)
    if not why or variable is None or variable.kind != "date":
        return choice
    return replace(choice, confidence=choice.confidence if sure else "guess", evidence=(*choice.evidence, *why))
