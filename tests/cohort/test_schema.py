"""What the schema promises to the mapping, the builder and the reader of an export."""

from __future__ import annotations

import pytest

from cartograph.cohort.parse import folded
from cartograph.cohort.schema import (
    COMPLETE_RESPONDERS,
    LABS,
    MRD_LEVELS,
    RESPONDERS,
    RESPONSE_LEVELS,
    TIME_POINTS,
    VARIABLES,
    Variable,
    column_of,
    convert,
    header_words,
    plain_unit,
    unit_named,
)

EVERY = list(VARIABLES.values())


def level_of(key: str, text: str) -> str:
    return dict(VARIABLES[key].codes)[folded(text)]


@pytest.mark.parametrize("variable", EVERY, ids=lambda v: v.key)
def test_every_variable_is_complete_and_consistent(variable: Variable) -> None:
    assert variable.label
    assert variable.section
    assert variable.names
    assert all(name == header_words(name) for name in variable.names)
    assert (variable.kind in ("flag", "event")) <= bool(variable.codes)
    assert {level for _, level in variable.codes} <= set(variable.levels)
    if variable.units:
        assert variable.units[0].name == variable.unit
        assert variable.units[0].factor == 1
    if variable.plausible and variable.possible:
        assert variable.possible[0] <= variable.plausible[0] < variable.plausible[1] <= variable.possible[1]
    if variable.possible:
        assert all(variable.possible[0] <= cutoff.value <= variable.possible[1] for cutoff in variable.cutoffs)


@pytest.mark.parametrize("variable", EVERY, ids=lambda v: v.key)
def test_spellings_are_written_as_they_are_compared_and_mean_one_thing(variable: Variable) -> None:
    meanings: dict[str, str] = {}
    for text, level in variable.codes:
        assert text == folded(text)
        assert meanings.setdefault(text, level) == level
    units = [s for unit in variable.units for s in {plain_unit(unit.name), *unit.spellings}]
    assert all(s == plain_unit(s) for s in units)
    assert len(units) == len(set(units)), "one spelling for two units"


def test_a_name_belongs_to_one_meaning_only() -> None:
    shared: dict[str, set[str]] = {}
    for variable in EVERY:
        meaning = variable.key.removesuffix("_pre").removesuffix("_d0").removesuffix("_time").removesuffix("_event")
        meaning = meaning.replace("_at_visit", "_visit")
        for name in variable.names:
            shared.setdefault(name, set()).add(meaning)
    assert {name: keys for name, keys in shared.items() if len(keys) > 1} == {}


def test_every_laboratory_value_has_two_time_points() -> None:
    assert {f"{lab}_{point}" for lab in LABS for point in TIME_POINTS} <= VARIABLES.keys()
    assert len(LABS) == 13


@pytest.mark.parametrize(
    ("key", "unit", "value", "canonical"),
    [
        ("crp_d0", "mg/dL", 1.2, 12.0),
        ("ferritin_pre", "ng/mL", 337, 337),
        ("ferritin_pre", "\u03bcg / l", 337, 337),
        ("alc_pre", "cells/\u00b5L", 650, 0.65),
        ("platelets_pre", "/mm3", 150_000, 150),
        ("anc_pre", "K/\u00b5L", 1.8, 1.8),
        ("hemoglobin_pre", "g/L", 105, 10.5),
        ("hemoglobin_pre", "mmol/L", 6.2, 9.9882),
        ("creatinine_pre", "\u00b5mol/L", 88.42, 1.0),
        ("albumin_pre", "g/L", 38, 3.8),
        ("ldh_pre", "\u00b5kat/L", 4, 240),
        ("il6_d0", "ng/L", 7, 7),
        ("sbcma_pre", "\u00b5g/L", 250, 250),
        ("marrow_plasma_cells", "fraction", 0.35, 35),
        ("persistence", "days", 304.375, 10),
        ("crp_pre", "", 8, 8),
    ],
)
def test_units_are_converted(key: str, unit: str, value: float, canonical: float) -> None:
    assert value * convert(VARIABLES[key], unit) == pytest.approx(canonical)


def test_an_unknown_unit_is_an_error_that_names_the_known_ones() -> None:
    assert unit_named(VARIABLES["crp_d0"], "bananas") is None
    with pytest.raises(ValueError, match="mg/L, mg/dL, not in bananas"):
        convert(VARIABLES["crp_d0"], "bananas")


@pytest.mark.parametrize(
    ("key", "text", "level"),
    [
        ("best_response", "Stringent CR", "sCR"),
        ("best_response", "komplette Remission", "CR"),
        ("best_response", "R\u00e9ponse compl\u00e8te", "CR"),
        ("best_response", "respuesta completa", "CR"),
        ("best_response", "CR/sCR", "CR"),
        ("response_visit", "very good partial", "VGPR"),
        ("response_visit", "n.e.", "NE"),
        ("response_visit", "Stable", "SD"),
        ("response_visit", "progression", "PD"),
        ("mrd_visit", "MRD-negative", "negative"),
        ("r_iss", "Stage 2", "II"),
        ("crs_grade", "Grade 3", "3"),
        ("crs_grade", "none yet", ""),
        ("sex", "weiblich", "female"),
        ("product", "Carvykti", "cilta-cel"),
        ("bridging", "s\u00ed", "yes"),
        ("t_4_14", "nicht nachgewiesen", "no"),
        ("high_risk_cytogenetics", "Standard risk", "no"),
        ("os_event", "verstorben", "event"),
        ("pfs_event", "progression-free", "censored"),
    ],
)
def test_spellings_in_four_languages(key: str, text: str, level: str) -> None:
    assert dict(VARIABLES[key].codes).get(folded(text), "") == level


def test_a_bare_1_or_2_says_nothing_about_sex() -> None:
    assert not {"1", "2"} & dict(VARIABLES["sex"].codes).keys()


def test_alive_is_no_pfs_code_because_it_does_not_exclude_progression() -> None:
    assert "alive" not in dict(VARIABLES["pfs_event"].codes)
    assert level_of("os_event", "alive") == "censored"


def test_what_is_known_only_after_infusion_is_marked() -> None:
    after = {v.key for v in EVERY if v.timing == "post-infusion"}
    assert {"best_response", "mrd_visit", "crs_grade", "icans_grade", "tocilizumab", "steroids", "ada", "cmax", "persistence"} <= after
    assert not {"ferritin_d0", "crp_pre", "nlr", "product", "age"} & after


def test_published_cutoffs_and_their_sources() -> None:
    assert [(c.value, c.kind) for c in VARIABLES["ferritin_d0"].cutoffs] == [(337, "normal"), (400, "published")]
    assert [c.value for c in VARIABLES["marrow_plasma_cells"].cutoffs] == [10, 50]
    assert [VARIABLES[k].cutoffs[0].value for k in ("crp_pre", "nlr", "mlr", "plr")] == [8, 2.55, 0.35, 145]
    assert all(c.source and c.label for v in EVERY for c in v.cutoffs)


def test_column_of_keeps_what_the_screen_needs() -> None:
    column = column_of(VARIABLES["ferritin_d0"], source="Ferritin_D0")
    assert (column.key, column.kind, column.unit, column.log_scale, column.source) == (
        "ferritin_d0",
        "number",
        "\u00b5g/L",
        True,
        "Ferritin_D0",
    )
    assert column.label_with_unit == "Ferritin, day 0 (\u00b5g/L)"
    assert column_of(VARIABLES["bridging"]).levels == ("no", "yes")
    assert column_of(VARIABLES["pfs_time"]).kind == "number"
    assert column_of(VARIABLES["pfs_event"]).kind == "flag"


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("T(4;14)", "t 4 14"),
        ("\u03b22-Mikroglobulin_D0", "b2 mikroglobulin d0"),
        ("\u00dcberlebenszeit", "uberlebenszeit"),
        ("R\u00e9ponse", "reponse"),
        ("CRP day -5", "crp day minus 5"),
        ("Ferritin_D-5", "ferritin d minus 5"),
        ("ferritin day 5", "ferritin day 5"),
        ("response day-28", "response day 28"),
        ("", ""),
    ],
)
def test_header_words(header: str, words: str) -> None:
    assert header_words(header) == words


def test_responders_are_responses() -> None:
    assert set(RESPONSE_LEVELS) >= RESPONDERS >= COMPLETE_RESPONDERS
    assert set(VARIABLES["best_mrd"].levels) == set(MRD_LEVELS)


def test_a_bare_yes_or_1_says_nothing_about_mrd() -> None:
    """In a column "MRD negative" yes means negative, in a column "MRD" positive: the mapping has to say which."""
    assert not {"1", "0", "yes", "no"} & dict(VARIABLES["mrd_visit"].codes).keys()


def test_an_abnormal_karyotype_is_not_called_high_risk() -> None:
    assert "abnormal" not in dict(VARIABLES["high_risk_cytogenetics"].codes)
