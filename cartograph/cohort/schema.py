"""The canonical columns of a CAR-T cohort: names, units, code lists, published cutoffs, spellings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from cartograph.cohort.code_lists import (
    ECOG_CODES,
    GRADE_CODES,
    LESION_CODES,
    MRD_CODES,
    PRODUCT_CODES,
    PROGRESSION_CODES,
    RESPONSE_CODES,
    RISK_CODES,
    SEX_CODES,
    STAGE_CODES,
    SURVIVAL_CODES,
    YES_NO_CODES,
    Codes,
)
from cartograph.cohort.model import DAYS_PER_MONTH, Column, Cutoff, Kind, Timing

VariableKind = Literal["identity", "number", "category", "flag", "date", "text", "time", "event"]

RESPONSE_LEVELS: tuple[str, ...] = (
    "sCR",
    "CR",
    "nCR",
    "VGPR",
    "PR",
    "MR",
    "SD",
    "PD",
    "NE",
)  # best first; nCR counts as VGPR in every rate
RESPONDERS: frozenset[str] = frozenset({"sCR", "CR", "nCR", "VGPR", "PR"})
COMPLETE_RESPONDERS: frozenset[str] = frozenset({"sCR", "CR"})
MRD_LEVELS: tuple[str, ...] = ("negative", "positive", "not done")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit a file may use: canonical value = file value * factor."""

    name: str  # as shown: "mg/dL"
    factor: float
    spellings: tuple[str, ...] = ()  # other ways to write it, lower case, without blanks: "mg/100ml"


@dataclass(frozen=True, slots=True)
class Variable:
    """One canonical column. ``key`` is its name everywhere (frame, URL, export)."""

    key: str
    label: str
    kind: VariableKind
    section: str  # "Identity", "Baseline", "Laboratory", "Survival", "Response", "MRD", "Toxicity", "Kinetics", "Visits"
    timing: Timing = "baseline"
    unit: str = ""  # canonical
    units: tuple[Unit, ...] = ()  # the canonical one first
    levels: tuple[str, ...] = ()
    codes: tuple[tuple[str, str], ...] = ()  # spelling (lower case) -> level
    names: tuple[
        str, ...
    ] = ()  # header spellings in the form of ``header_words``, all languages; without time point, unit, "time" or "event"
    plausible: tuple[float, float] | None = None  # outside: warned about
    possible: tuple[float, float] | None = None  # outside: left out
    log_scale: bool = False
    cutoffs: tuple[Cutoff, ...] = ()
    description: str = ""


# ---------------------------------------------------------------- published cutoffs
MAYO_2025 = "Mayo Clinic Arizona, ferritin and CRP before BCMA CAR-T, 52 patients, 2025"
CHENG_SONG_2025 = "Cheng & Song, ferritin before CAR-T, meta-analysis of 8 studies, 2025, doi:10.17305/bb.2025.12129"
AN_2025 = "An et al., long-term outcomes of equecabtagene autoleucel, 56 patients, 2025"
XU_2026 = "Xu et al., cellular inflammatory prognostic index (CIPI), 197 patients, Front Immunol 2026, doi:10.3389/fimmu.2026.1752235"

_FERRITIN_CUTOFFS = (
    Cutoff(337, "upper limit of normal (Mayo Clinic Laboratories)", MAYO_2025, "normal"),
    Cutoff(400, "Cheng & Song (most used upper limit of normal)", CHENG_SONG_2025),
)
_CRP_CUTOFFS = (Cutoff(8, "Mayo Arizona", MAYO_2025),)
_MARROW_CUTOFFS = (Cutoff(10, "Mayo Arizona", MAYO_2025), Cutoff(50, "An et al.", AN_2025))

# ---------------------------------------------------------------- units
_PER_LITRE = Unit(
    "10^9/L",
    1.0,
    (
        "x10^9/l",
        "10e9/l",
        "10*9/l",
        "x10e9/l",
        "10**9/l",
        "10\u2079/l",
        "x10\u2079/l",
        "g/l",
        "gpt/l",
        "k/ul",
        "k/mcl",
        "k/mm3",
        "10^3/ul",
        "x10^3/ul",
        "10e3/ul",
        "10*3/ul",
        "10\u00b3/ul",
        "x10\u00b3/ul",
        "10^3/mm3",
        "thou/ul",
        "tsd/ul",
        "tsd./ul",
        "/nl",
        "1000/ul",
        "th/ul",
    ),
)
_PER_MICROLITRE = Unit(
    "cells/\u00b5L",
    0.001,
    (
        "cells/mcl",
        "cells/mm3",
        "cells/mm\u00b3",
        "/ul",
        "/mcl",
        "/mm3",
        "/mm\u00b3",
        "/cumm",
        "1/ul",
        "zellen/ul",
        "cellules/ul",
        "cellules/mm3",
        "celulas/ul",
        "10^6/l",
        "x10^6/l",
        "10e6/l",
    ),
)
_COUNTS = (_PER_LITRE, _PER_MICROLITRE)
_DAYS = (Unit("days", 1.0, ("d", "day", "tage", "tag", "jours", "jour", "dias", "d\u00edas")),)
_MONTHS = (
    Unit("months", 1.0, ("m", "mo", "mos", "mon", "month", "monate", "monat", "mois", "meses")),
    Unit("days", 1 / DAYS_PER_MONTH, ("d", "day", "tage", "tag", "jours", "jour", "dias", "d\u00edas")),
    Unit("weeks", 7 / DAYS_PER_MONTH, ("w", "wk", "wks", "week", "wochen", "woche", "semaines", "semanas")),
    Unit("years", 365.25 / DAYS_PER_MONTH, ("y", "yr", "yrs", "year", "jahre", "jahr", "ans", "ann\u00e9es", "a\u00f1os")),
)
_COPIES = (
    Unit("copies/\u00b5g", 1.0, ("copies/ug", "copies/ugdna", "copies/mcg", "copies/mcgdna", "copies/uggdna", "copies/uggenomicdna")),
)
_EXPOSURE = (
    Unit("copies/\u00b5g*day", 1.0, ("copies/ug*d", "copies/ugxday", "day*copies/ug", "days*copies/ug", "copies*day/ug", "copies/ug*days")),
)
_PERCENT = (Unit("%", 1.0, ("percent", "pct", "prozent")), Unit("fraction", 100.0, ("proportion", "ratio")))

# ---------------------------------------------------------------- how entries are written
YES_NO: tuple[str, ...] = ("no", "yes")
STAGES: tuple[str, ...] = ("I", "II", "III")
GRADES: tuple[str, ...] = ("0", "1", "2", "3", "4", "5")
PRODUCTS: tuple[str, ...] = ("ide-cel", "cilta-cel", "eque-cel", "zevor-cel", "other")


# "day -5", "D-5": a day before infusion. A dash before a longer number ("day-28") joins words.
_DAY_BEFORE = re.compile(r"(?<![^\W_])(day|d|tag|jour|j|d[ií]a)\s*[-\u2212\u2013]\s*([1-9])(?!\d)", re.IGNORECASE)


def header_words(text: str) -> str:
    """A header as ``Variable.names`` are written: lower case, no accents, letters and digits in words separated by one blank.

    "T(4;14)" is "t 4 14", "β2-Mikroglobulin_D0" is "b2 mikroglobulin d0", "CRP day -5" is "crp day minus 5" (day 5 is another sample).
    """
    text = _DAY_BEFORE.sub(r"\1 minus \2", text)
    folded = text.casefold().replace("\u03b2", "b").replace("\u00e6", "ae").replace("\u0153", "oe")
    letters = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
    return " ".join("".join(c if c.isalnum() else " " for c in letters).split())


def _names(texts: str) -> tuple[str, ...]:
    """Names from one line, separated by |; each in the form of ``header_words``, each once."""
    return tuple(dict.fromkeys(header_words(text) for text in texts.split("|")))


def _flag(
    key: str,
    label: str,
    names: str,
    *,
    section: str = "Baseline",
    timing: Timing = "baseline",
    codes: Codes = YES_NO_CODES,
    about: str = "",
) -> Variable:
    return Variable(key, label, "flag", section, timing, levels=YES_NO, codes=codes, names=_names(names), description=about)


def _date(key: str, label: str, names: str, *, timing: Timing = "outcome", about: str = "") -> Variable:
    section = "Identity" if timing == "identity" else "Survival"
    return Variable(key, label, "date", section, timing, names=_names(names), description=about)


def _lab(base: Variable) -> tuple[Variable, Variable]:
    """A laboratory value before lymphodepletion and at day 0. Both have the same ``names``: the time point is told by TIME_POINTS."""
    return (
        replace(base, key=f"{base.key}_pre", label=f"{base.label}, pre-LD", description=f"{base.description} {_PRE_WORDS}".strip()),
        replace(base, key=f"{base.key}_d0", label=f"{base.label}, day 0", description=f"{base.description} {_D0_WORDS}".strip()),
    )


_PRE_WORDS = "Last value before lymphodepletion starts (about day -5)."
_D0_WORDS = "On the day of infusion, before the cells."

# Words in a header that say when a sample was taken (``header_words`` form).
# A laboratory value without one is taken as pre-lymphodepletion.
TIME_POINTS: Mapping[str, tuple[str, ...]] = {
    "pre": (
        *_names(
            "pre | pre ld | preld | pre lymphodepletion | before lymphodepletion | at lymphodepletion | lymphodepletion | ld | baseline"
            " | bl | base | screening | pre infusion | preinfusion | pre car t | pre cart | prior to ld | vor lymphodepletion | vor ld"
            " | ausgangswert | basis | avant lymphodepletion | avant ld | initial | antes de linfodeplecion | pre linfodeplecion | basal"
        ),
        *(f"{day} minus {n}" for day in ("day", "d", "tag", "jour", "j", "dia") for n in range(2, 8)),
    ),
    "d0": _names(
        "d0 | day 0 | day0 | d 0 | day of infusion | infusion day | at infusion | infusion | tag 0 | t0 | am infusionstag | bei infusion"
        " | jour 0 | j0 | j 0 | a l'infusion | jour de l'infusion | dia 0 | en la infusion | dia de la infusion"
    ),
}


# ---------------------------------------------------------------- identity
_IDENTITY = (
    Variable(
        "patient_id",
        "Patient",
        "identity",
        "Identity",
        "identity",
        names=_names(
            "patient id | patientid | patient | patient no | patient number | pat id | patid | pat nr | pat no | pt id | pt | pid"
            " | subject | subject id"
            " | subjid | usubjid | id | case | case id | study id | studyid | participant | participant id | sample id | geo accession"
            " | patienten id | patientennummer | patienten nr | fallnummer | numero patient | no patient | identifiant"
            " | identifiant patient"
            " | id paciente | paciente | numero de paciente | identificador"
        ),
        description="A study number, the same in every table of the cohort. Not a name or a hospital record number.",
    ),
    Variable(
        "center",
        "Center",
        "category",
        "Identity",
        "baseline",
        names=_names(
            "center | centre | site | site id | siteid | hospital | institution | treatment center | zentrum | klinik | standort | hopital"
            " | etablissement | centro | institucion"
        ),
        description="Where the patient was treated; names stay as they are.",
    ),
    Variable(
        "product",
        "Product",
        "category",
        "Identity",
        "baseline",
        levels=PRODUCTS,
        codes=PRODUCT_CODES,
        names=_names(
            "product | car t product | cart product | car t | cart | car product | cell product | construct | drug | therapy product"
            " | treatment product"
            " | car t cell product | produkt | car t produkt | praparat | produit | produit car t | producto | producto car t"
        ),
        description="The infused CAR-T product. Other names are kept as the file has them.",
    ),
    _date(
        "infusion_date",
        "Infusion",
        "infusion date | date of infusion | infusiondate | car t infusion date | date of car t infusion | car t date"
        " | infusion dt | d0 date | day 0 date | date of car t | infusionsdatum | datum der infusion | infusion am | date d'infusion"
        " | date de l'infusion | date de perfusion | date de reinjection | fecha de infusion | fecha infusion",
        timing="identity",
        about="Day 0: the day of the CAR-T infusion.",
    ),
    _date(
        "apheresis_date",
        "Apheresis",
        "apheresis date | date of apheresis | leukapheresis date | date of leukapheresis | aphereis date"
        " | apheresedatum | datum der apherese | leukapheresedatum | date d'apherese | date de l'apherese | date de leucapherese"
        " | fecha de aferesis | fecha de leucoaferesis",
        timing="identity",
        about="Day of the leukapheresis.",
    ),
)

# ---------------------------------------------------------------- before infusion
_BASELINE = (
    Variable(
        "age",
        "Age",
        "number",
        "Baseline",
        unit="years",
        units=(Unit("years", 1.0, ("y", "yr", "yrs", "year", "jahre", "ans", "a\u00f1os")),),
        names=_names(
            "age | age at infusion | age at car t | age at diagnosis | age years | patient age | alter | alter bei infusion | lebensalter"
            " | age au moment de l'infusion | edad | edad en la infusion"
        ),
        plausible=(30, 85),
        possible=(0, 110),
        description="At infusion.",
    ),
    Variable(
        "sex",
        "Sex",
        "category",
        "Baseline",
        levels=("female", "male"),
        codes=SEX_CODES,
        names=_names("sex | gender | sexe | geschlecht | sexo | genero"),
    ),
    Variable(
        "ecog",
        "ECOG",
        "category",
        "Baseline",
        levels=("0", "1", "2", "3", "4"),
        codes=ECOG_CODES,
        names=_names(
            "ecog | ecog ps | ecog performance status | performance status | ps | ecog score | ecog status | who performance status"
            " | allgemeinzustand"
            " | etat general | score ecog | estado funcional"
        ),
        description="ECOG performance status.",
    ),
    Variable(
        "r_iss",
        "R-ISS",
        "category",
        "Baseline",
        levels=STAGES,
        codes=STAGE_CODES,
        names=_names(
            "r iss | riss | r iss stage | revised iss | revised international staging system | r iss stadium | stade r iss | estadio r iss"
        ),
        description="Revised International Staging System (Palumbo et al., J Clin Oncol 2015;33:2863).",
    ),
    Variable(
        "iss",
        "ISS",
        "category",
        "Baseline",
        levels=STAGES,
        codes=STAGE_CODES,
        names=_names("iss | iss stage | international staging system | iss stadium | stade iss | estadio iss"),
        description="International Staging System: I is beta-2 microglobulin < 3.5 mg/L and albumin >= 3.5 g/dL, III is >= 5.5 mg/L.",
    ),
    _flag(
        "del_17p",
        "del(17p)",
        "del 17p | del17p | 17p | del 17 | 17p deletion | deletion 17p | del 17p13 | delecion 17p",
        codes=LESION_CODES,
    ),
    _flag("t_4_14", "t(4;14)", "t 4 14 | t414 | t4 14 | translocation 4 14 | igh fgfr3", codes=LESION_CODES),
    _flag("t_14_16", "t(14;16)", "t 14 16 | t1416 | t14 16 | translocation 14 16 | igh maf", codes=LESION_CODES),
    _flag("t_14_20", "t(14;20)", "t 14 20 | t1420 | t14 20 | translocation 14 20 | igh mafb", codes=LESION_CODES),
    _flag(
        "gain_1q",
        "gain(1q)",
        "gain 1q | gain amp 1q | amp 1q | 1q gain | 1q21 | 1q | gain 1q21 | 1q21 gain | amp 1q21 | 1q21 gain amp | 1q amp"
        " | gain of 1q | zugewinn 1q | ganancia 1q",
        codes=LESION_CODES,
        about="Gain or amplification of 1q.",
    ),
    _flag("del_1p", "del(1p)", "del 1p | del1p | 1p deletion | deletion 1p | del 1p32 | 1p32 | 1p", codes=LESION_CODES),
    _flag(
        "tp53_mutation",
        "TP53 mutation",
        "tp53 mutation | tp53 | tp53 mut | mutation tp53 | tp53 mutated | tp53 mutiert | p53",
        codes=LESION_CODES,
    ),
    _flag(
        "high_risk_cytogenetics",
        "High-risk cytogenetics",
        "high risk cytogenetics | hr cytogenetics | hrca | high risk cyto | cytogenetic risk"
        " | cytogenetics | cytogenetics risk | high risk | high risk fish | fish risk | cyto risk | hochrisikozytogenetik"
        " | hochrisiko zytogenetik"
        " | zytogenetik | cytogenetique haut risque | cytogenetique | risque cytogenetique | citogenetica de alto riesgo | citogenetica"
        " | riesgo citogenetico",
        codes=RISK_CODES,
        about="As the center defines it; when only single lesions are given: del(17p), t(4;14) or t(14;16).",
    ),
    _flag(
        "extramedullary",
        "Extramedullary disease",
        "extramedullary disease | emd | extramedullary | extramedullary myeloma | extramedullary plasmacytoma"
        " | em disease | extramedullare erkrankung | extramedullar | extramedullarer befall | maladie extramedullaire | extramedullaire"
        " | enfermedad extramedular | extramedular",
        about="Any disease outside the marrow, as the center defines it.",
    ),
    _flag(
        "plasma_cell_leukemia",
        "Plasma cell leukemia",
        "plasma cell leukemia | plasma cell leukaemia | pcl | plasmazellleukamie"
        " | leucemie a plasmocytes | leucemia de celulas plasmaticas",
    ),
    _flag(
        "triple_class_exposed",
        "Triple-class exposed",
        "triple class exposed | triple exposed | tce | triple class exposure | triple exposure"
        " | dreifach exponiert | triple exposition | triple expuesto",
        about="A proteasome inhibitor, an IMiD and an anti-CD38 antibody were given.",
    ),
    _flag(
        "penta_exposed",
        "Penta-exposed",
        "penta exposed | penta class exposed | penta drug exposed | penta exposure | penta exponiert | penta exposition | penta expuesto",
        about="Two proteasome inhibitors, two IMiDs and an anti-CD38 antibody were given.",
    ),
    _flag(
        "triple_class_refractory",
        "Triple-class refractory",
        "triple class refractory | triple refractory | tcr | triple class ref"
        " | dreifach refraktar | triple refraktar | triple refractaire | triple refractario",
        about="Refractory (no response, or progression within 60 days of the last dose) to a proteasome inhibitor, an IMiD and an"
        " anti-CD38 antibody.",
    ),
    _flag(
        "penta_refractory",
        "Penta-refractory",
        "penta refractory | penta class refractory | penta drug refractory | penta ref | penta refraktar"
        " | penta refractaire | penta refractario",
        about="Refractory to two proteasome inhibitors, two IMiDs and an anti-CD38 antibody.",
    ),
    _flag(
        "lenalidomide_refractory",
        "Lenalidomide-refractory",
        "lenalidomide refractory | len refractory | lenalidomid refraktar | refractory to lenalidomide"
        " | refractaire au lenalidomide | refractario a lenalidomida",
    ),
    Variable(
        "prior_lines",
        "Prior lines of therapy",
        "number",
        "Baseline",
        names=_names(
            "prior lines | prior lines of therapy | number of prior lines | n prior lines | previous lines | lines of therapy | lot"
            " | prior lot"
            " | no of prior lines | num prior lines | number of prior therapies | prior therapies | vortherapien | therapielinien"
            " | anzahl vortherapien | lignes anterieures | nombre de lignes | lignes de traitement | lineas previas"
            " | numero de lineas previas"
            " | lineas de tratamiento"
        ),
        plausible=(1, 12),
        possible=(0, 40),
    ),
    _flag(
        "prior_asct",
        "Prior autologous transplant",
        "prior asct | asct | prior autologous transplant | prior auto | auto sct | autosct | prior transplant"
        " | previous asct | prior sct | autologous transplant | prior auto hsct | autologe transplantation | vorherige asct | autogreffe"
        " | autogreffe anterieure | tasp previo | trasplante autologo | trasplante autologo previo",
        codes=(*YES_NO_CODES, *((number, "yes") for number in ("2", "3", "double", "single", "tandem"))),
    ),
    _flag(
        "prior_bcma",
        "Prior BCMA therapy",
        "prior bcma | prior bcma therapy | prior bcma directed therapy | prior anti bcma | previous bcma"
        " | bcma exposed | prior bcma targeted therapy | bcma vortherapie | anti bcma anterieur | bcma previo | tratamiento bcma previo",
    ),
    _flag(
        "bridging",
        "Bridging therapy",
        "bridging | bridging therapy | bridge | received bridging | bridging yes no | bridgingtherapie"
        " | uberbruckungstherapie | traitement d'attente | traitement de bridging | terapia puente | tratamiento puente",
    ),
    Variable(
        "marrow_plasma_cells",
        "Marrow plasma cells",
        "number",
        "Baseline",
        unit="%",
        units=_PERCENT,
        names=_names(
            "marrow plasma cells | bone marrow plasma cells | bmpc | bm plasma cells | marrow pc | bmpcs | plasma cells"
            " | plasma cells bm | bm pc"
            " | bone marrow involvement | marrow burden | bone marrow plasma cell percentage | plasmazellen | knochenmark plasmazellen"
            " | plasmazellinfiltration | infiltration knochenmark | plasmocytes medullaires | plasmocytose medullaire"
            " | infiltration medullaire"
            " | celulas plasmaticas | celulas plasmaticas en medula osea | infiltracion medular"
        ),
        plausible=(1, 100),
        possible=(0, 100),
        cutoffs=_MARROW_CUTOFFS,
        description="Plasma cells in the marrow before lymphodepletion.",
    ),
)

# ---------------------------------------------------------------- laboratory
_LAB_BASES = (
    Variable(
        "ferritin",
        "Ferritin",
        "number",
        "Laboratory",
        unit="\u00b5g/L",
        units=(Unit("\u00b5g/L", 1.0, ("ug/l", "mcg/l")), Unit("ng/mL", 1.0, ("ng/ml",)), Unit("\u00b5g/dL", 10.0, ("ug/dl", "mcg/dl"))),
        names=_names("ferritin | serum ferritin | ferr | s ferritin | ferritine | ferritinemie | ferritina"),
        plausible=(30, 10000),
        possible=(0, 500000),
        log_scale=True,
        cutoffs=_FERRITIN_CUTOFFS,
    ),
    Variable(
        "crp",
        "CRP",
        "number",
        "Laboratory",
        unit="mg/L",
        units=(Unit("mg/L", 1.0, ("ug/ml", "mcg/ml")), Unit("mg/dL", 10.0, ("mg/100ml",))),
        names=_names("crp | c reactive protein | hs crp | hscrp | c reaktives protein | proteine c reactive | proteina c reactiva | pcr"),
        plausible=(1, 300),
        possible=(0, 1000),
        log_scale=True,
        cutoffs=_CRP_CUTOFFS,
        description="C-reactive protein.",
    ),
    Variable(
        "alc",
        "Lymphocytes (ALC)",
        "number",
        "Laboratory",
        unit="10^9/L",
        units=_COUNTS,
        names=_names(
            "alc | lymphocytes | absolute lymphocyte count | abs lymphocytes | lymphocyte count | lymphs | lymphozyten"
            " | lymphozyten absolut"
            " | lymphocytes absolus | linfocitos | linfocitos absolutos"
        ),
        plausible=(0, 10),
        possible=(0, 1000),
        description="Absolute lymphocyte count.",
    ),
    Variable(
        "anc",
        "Neutrophils (ANC)",
        "number",
        "Laboratory",
        unit="10^9/L",
        units=_COUNTS,
        names=_names(
            "anc | neutrophils | absolute neutrophil count | abs neutrophils | neutrophil count | neutros | neutrophile"
            " | neutrophile absolut | neutrophiles"
            " | polynucleaires neutrophiles | pnn | neutrofilos | neutrofilos absolutos"
        ),
        plausible=(0, 30),
        possible=(0, 1000),
        description="Absolute neutrophil count.",
    ),
    Variable(
        "amc",
        "Monocytes (AMC)",
        "number",
        "Laboratory",
        unit="10^9/L",
        units=_COUNTS,
        names=_names(
            "amc | monocytes | absolute monocyte count | abs monocytes | monocyte count | monozyten | monozyten absolut | monocitos"
            " | monocitos absolutos"
        ),
        plausible=(0, 5),
        possible=(0, 1000),
        description="Absolute monocyte count.",
    ),
    Variable(
        "platelets",
        "Platelets",
        "number",
        "Laboratory",
        unit="10^9/L",
        units=_COUNTS,
        names=_names("platelets | plt | platelet count | plts | thrombocytes | thrombozyten | thrombos | plaquettes | plaquetas"),
        plausible=(5, 800),
        possible=(0, 5000),
    ),
    Variable(
        "hemoglobin",
        "Hemoglobin",
        "number",
        "Laboratory",
        unit="g/dL",
        units=(Unit("g/dL", 1.0, ("g/100ml", "gm/dl", "g%")), Unit("g/L", 0.1), Unit("mmol/L", 1.611)),
        names=_names("hemoglobin | haemoglobin | hb | hgb | hamoglobin | hemoglobine | hemoglobina"),
        plausible=(5, 18),
        possible=(1, 25),
    ),
    Variable(
        "ldh",
        "LDH",
        "number",
        "Laboratory",
        unit="U/L",
        units=(Unit("U/L", 1.0, ("iu/l", "ui/l", "units/l", "e/l")), Unit("\u00b5kat/L", 60.0, ("ukat/l", "mckat/l"))),
        names=_names("ldh | lactate dehydrogenase | laktatdehydrogenase | lactate deshydrogenase | lactato deshidrogenasa"),
        plausible=(80, 1500),
        possible=(0, 50000),
        log_scale=True,
        description="Lactate dehydrogenase.",
    ),
    Variable(
        "creatinine",
        "Creatinine",
        "number",
        "Laboratory",
        unit="mg/dL",
        units=(Unit("mg/dL", 1.0), Unit("\u00b5mol/L", 1 / 88.42, ("umol/l", "mcmol/l")), Unit("mg/L", 0.1)),
        names=_names("creatinine | serum creatinine | creat | crea | scr creatinine | kreatinin | creatininemie | creatinina"),
        plausible=(0.3, 8),
        possible=(0.05, 30),
        log_scale=True,
    ),
    Variable(
        "albumin",
        "Albumin",
        "number",
        "Laboratory",
        unit="g/dL",
        units=(Unit("g/dL", 1.0, ("g/100ml",)), Unit("g/L", 0.1)),
        names=_names("albumin | alb | serum albumin | albumine | albuminemie | albumina"),
        plausible=(1.5, 6),
        possible=(0.3, 10),
    ),
    Variable(
        "b2m",
        "Beta-2 microglobulin",
        "number",
        "Laboratory",
        unit="mg/L",
        units=(Unit("mg/L", 1.0, ("ug/ml", "mcg/ml")), Unit("\u00b5g/L", 0.001, ("ug/l", "mcg/l", "ng/ml")), Unit("mg/dL", 10.0)),
        names=_names(
            "b2m | b2 microglobulin | beta 2 microglobulin | beta2 microglobulin | beta2microglobulin | b2 m | b 2 microglobulin"
            " | beta 2 m | b2mg"
            " | b2 mikroglobulin | beta 2 mikroglobulin | beta2 mikroglobulin | beta 2 microglobuline | b2 microglobuline"
            " | beta 2 microglobulina"
            " | b2 microglobulina"
        ),
        plausible=(1, 40),
        possible=(0.1, 200),
        log_scale=True,
    ),
    Variable(
        "sbcma",
        "Soluble BCMA",
        "number",
        "Laboratory",
        unit="ng/mL",
        units=(Unit("ng/mL", 1.0), Unit("\u00b5g/L", 1.0, ("ug/l", "mcg/l")), Unit("pg/mL", 0.001, ("ng/l",))),
        names=_names("sbcma | soluble bcma | s bcma | serum bcma | losliches bcma | bcma soluble"),
        plausible=(1, 3000),
        possible=(0, 100000),
        log_scale=True,
    ),
    Variable(
        "il6",
        "IL-6",
        "number",
        "Laboratory",
        unit="pg/mL",
        units=(Unit("pg/mL", 1.0), Unit("ng/L", 1.0), Unit("ng/mL", 1000.0)),
        names=_names("il6 | il 6 | interleukin 6 | interleukin6 | interleukine 6 | interleucina 6"),
        plausible=(0.5, 10000),
        possible=(0, 1000000),
        log_scale=True,
        description="Interleukin-6.",
    ),
)
LABS: tuple[str, ...] = tuple(v.key for v in _LAB_BASES)

_RATIOS = (
    Variable(
        "nlr",
        "NLR",
        "number",
        "Laboratory",
        names=_names("nlr | neutrophil lymphocyte ratio | neutrophil to lymphocyte ratio"),
        possible=(0, 10000),
        log_scale=True,
        cutoffs=(Cutoff(2.55, "Xu et al. (CIPI)", XU_2026),),
        description="Neutrophils / lymphocytes before lymphodepletion; counted from ANC and ALC when the file does not give it.",
    ),
    Variable(
        "mlr",
        "MLR",
        "number",
        "Laboratory",
        names=_names("mlr | monocyte lymphocyte ratio | monocyte to lymphocyte ratio"),
        possible=(0, 10000),
        log_scale=True,
        cutoffs=(Cutoff(0.35, "Xu et al. (CIPI)", XU_2026),),
        description="Monocytes / lymphocytes before lymphodepletion; counted from AMC and ALC when the file does not give it.",
    ),
    Variable(
        "plr",
        "PLR",
        "number",
        "Laboratory",
        names=_names("plr | platelet lymphocyte ratio | platelet to lymphocyte ratio"),
        possible=(0, 1000000),
        log_scale=True,
        cutoffs=(Cutoff(145, "Xu et al. (CIPI)", XU_2026),),
        description="Platelets / lymphocytes before lymphodepletion; counted from platelets and ALC when the file does not give it.",
    ),
)

# ---------------------------------------------------------------- survival


def _pair(slug: str, label: str, names: str, codes: Codes, about: str) -> tuple[Variable, Variable]:
    """Time and event of an endpoint. The names are those of the endpoint: "time", "months", "event", "status" ... stand beside them."""
    known = _names(names)
    return (
        Variable(
            f"{slug}_time",
            f"{label} time",
            "time",
            "Survival",
            "outcome",
            unit="months",
            units=_MONTHS,
            names=known,
            description=f"{about} In months; days, weeks and years are converted.",
        ),
        Variable(
            f"{slug}_event",
            f"{label} event",
            "event",
            "Survival",
            "outcome",
            levels=("censored", "event"),
            codes=codes,
            names=known,
            description=f"{about} 1 = event, 0 = censored.",
        ),
    )


_SURVIVAL = (
    *_pair(
        "pfs",
        "PFS",
        "pfs | progression free survival | progressionsfreies uberleben | survie sans progression | ssp"
        " | supervivencia libre de progresion | slp",
        PROGRESSION_CODES,
        "Progression-free survival: infusion to progression or death from any cause.",
    ),
    *_pair(
        "os",
        "OS",
        "os | overall survival | survival | gesamtuberleben | uberleben | uberlebenszeit | survie globale | survie | sg"
        " | supervivencia global | supervivencia",
        SURVIVAL_CODES,
        "Overall survival: infusion to death from any cause.",
    ),
    *_pair(
        "dor",
        "DOR",
        "dor | duration of response | response duration | remissionsdauer | ansprechdauer | dauer des ansprechens"
        " | duree de la reponse | duree de reponse | duracion de la respuesta",
        PROGRESSION_CODES,
        "Duration of response: first response (PR or better) to progression or death from any cause.",
    ),
    _date(
        "progression_date",
        "Progression",
        "progression date | date of progression | pd date | date of pd | date progression | relapse date"
        " | date of relapse | date of progression relapse | progressionsdatum | datum progress | datum der progression | rezidivdatum"
        " | date de progression | date de rechute | fecha de progresion | fecha de recaida",
        about="Empty when the disease has not progressed.",
    ),
    _date(
        "death_date",
        "Death",
        "death date | date of death | dod | date death | todesdatum | sterbedatum | datum des todes | date de deces"
        " | date du deces | fecha de muerte | fecha de fallecimiento | fecha de defuncion",
        about="Empty when the patient is alive.",
    ),
    _date(
        "last_contact_date",
        "Last contact",
        "last contact date | date of last contact | last follow up date | date of last follow up | last followup"
        " | last fu date | date last fu | last contact | last follow up | date last seen | last known alive | last visit date"
        " | follow up date"
        " | letzter kontakt | datum letzter kontakt | letztes follow up | date des dernieres nouvelles | date dernieres nouvelles"
        " | derniere visite | ultimo contacto | fecha de ultimo contacto | fecha ultimo seguimiento",
        about="Where times without an event end.",
    ),
    _date(
        "response_date",
        "First response",
        "response date | date of response | date of first response | first response date | date of pr or better"
        " | datum ansprechen | datum des ansprechens | date de reponse | date de la reponse | fecha de respuesta",
        about="First response of PR or better.",
    ),
)

# ---------------------------------------------------------------- response, MRD
_RESPONSE_NAMES = (
    "response | imwg response | response status | disease response | disease status | resp | ansprechen | remission | reponse | respuesta"
    " | response at visit | overall response"
)
_MRD_NAMES = "mrd | mrd status | mrd result | minimal residual disease | measurable residual disease | mrd negativity"
" | minimale resterkrankung | maladie residuelle | enfermedad minima residual | emr"
_RESPONSE = (
    Variable(
        "best_response",
        "Best response",
        "category",
        "Response",
        "post-infusion",
        levels=RESPONSE_LEVELS,
        codes=RESPONSE_CODES,
        names=_names(
            "best response | best overall response | bor | best resp | best imwg response | bestes ansprechen | beste remission"
            " | beste ansprechrate"
            " | meilleure reponse | mejor respuesta"
        ),
        description="IMWG criteria (Kumar et al., Lancet Oncol 2016;17:e328).",
    ),
    Variable(
        "response_visit",
        "Response at a visit",
        "category",
        "Response",
        "post-infusion",
        levels=RESPONSE_LEVELS,
        codes=RESPONSE_CODES,
        names=_names(_RESPONSE_NAMES),
        description="One column per visit, the month in its name: response_m1, response_m3, response_m6.",
    ),
    Variable(
        "best_mrd",
        "MRD status",
        "category",
        "MRD",
        "post-infusion",
        levels=MRD_LEVELS,
        codes=MRD_CODES,
        names=_names("best mrd | mrd best | mrd ever | ever mrd negative | mrd overall | beste mrd | mrd negative ever"),
        description="Negative at any time after infusion, else positive.",
    ),
    Variable(
        "mrd_visit",
        "MRD at a visit",
        "category",
        "MRD",
        "post-infusion",
        levels=MRD_LEVELS,
        codes=MRD_CODES,
        names=_names(_MRD_NAMES),
        description="One column per visit, the month in its name: mrd_m1, mrd_m3.",
    ),
)

# ---------------------------------------------------------------- toxicity


def _day_count(key: str, label: str, names: str, unit: str, about: str) -> Variable:
    units = (replace(_DAYS[0], name=unit, spellings=(*_DAYS[0].spellings, "days")),)
    return Variable(
        key,
        label,
        "number",
        "Toxicity",
        "post-infusion",
        unit,
        units,
        names=_names(names),
        plausible=(0, 60),
        possible=(0, 1000),
        description=about,
    )


def _grade(key: str, label: str, names: str) -> Variable:
    about = "Highest grade, ASTCT consensus (Lee et al. 2019); 0 = none."
    return Variable(
        key, label, "category", "Toxicity", "post-infusion", levels=GRADES, codes=GRADE_CODES, names=_names(names), description=about
    )


_TOXICITY = (
    _grade(
        "crs_grade",
        "CRS grade",
        "crs grade | crs | max crs grade | crs max grade | highest crs grade | maximum crs grade | crs grad | grade crs"
        " | cytokine release syndrome | cytokine release syndrome grade | zytokinsturm grad | zytokin freisetzungssyndrom"
        " | grade de crs | src | grado crs"
        " | grado de slc | slc",
    ),
    _day_count(
        "crs_onset_day",
        "CRS onset",
        "crs onset | crs onset day | day of crs onset | onset crs | time to crs | crs beginn | crs debut | inicio crs | crs start",
        "day",
        "Days after infusion.",
    ),
    _day_count(
        "crs_duration",
        "CRS duration",
        "crs duration | duration of crs | crs dauer | duree crs | duracion crs | crs duration days",
        "days",
        "",
    ),
    _grade(
        "icans_grade",
        "ICANS grade",
        "icans grade | icans | max icans grade | icans max grade | highest icans grade | maximum icans grade"
        " | icans grad | grade icans | neurotoxicity grade | neurotoxicity | neurotoxizitat | grade de icans | grado icans"
        " | neurotoxicidad",
    ),
    _day_count(
        "icans_onset_day",
        "ICANS onset",
        "icans onset | icans onset day | day of icans onset | onset icans | time to icans | icans beginn"
        " | icans debut | inicio icans | icans start",
        "day",
        "Days after infusion.",
    ),
    _day_count(
        "icans_duration", "ICANS duration", "icans duration | duration of icans | icans dauer | duree icans | duracion icans", "days", ""
    ),
    _flag(
        "tocilizumab",
        "Tocilizumab",
        "tocilizumab | toci | tocilizumab use | tocilizumab given | received tocilizumab | tocilizumab gegeben",
        section="Toxicity",
        timing="post-infusion",
    ),
    _flag(
        "steroids",
        "Steroids",
        "steroids | corticosteroids | dexamethasone | steroid use | steroids given | steroide | kortikosteroide"
        " | corticoides | corticosteroides | esteroides",
        section="Toxicity",
        timing="post-infusion",
    ),
    _flag(
        "ada",
        "Anti-drug antibodies",
        "ada | anti drug antibodies | anti drug antibody | antidrug antibodies | ada status | ada positive"
        " | anti car antibodies | anti produkt antikorper | anticorps anti medicament | anticuerpos anti farmaco",
        section="Toxicity",
        timing="post-infusion",
    ),
)

# ---------------------------------------------------------------- CAR-T cells in the blood
_KINETICS = (
    Variable(
        "car_transgene_day",
        "CAR transgene at a day",
        "number",
        "Kinetics",
        "post-infusion",
        "copies/\u00b5g",
        _COPIES,
        names=_names(
            "car transgene | transgene | car copies | transgene copies | vcn | car dna | car t copies | vector copies"
            " | car vector copies | car t expansion"
            " | car gen kopien | transgen | copies du transgene | copias del transgen"
        ),
        possible=(0, 1e9),
        log_scale=True,
        description="One column per day, the day in its name: car_transgene_d7, car_transgene_d14.",
    ),
    Variable(
        "cmax",
        "Cmax",
        "number",
        "Kinetics",
        "post-infusion",
        "copies/\u00b5g",
        _COPIES,
        names=_names("cmax | c max | peak expansion | peak car | peak transgene | car t peak | max expansion | peak copies"),
        possible=(0, 1e9),
        log_scale=True,
        description="Highest CAR transgene level.",
    ),
    Variable(
        "tmax",
        "Tmax",
        "number",
        "Kinetics",
        "post-infusion",
        "day",
        (Unit("day", 1.0, ("d", "days", "tag", "tage", "jour", "jours", "dia")),),
        names=_names("tmax | t max | time to peak | day of peak | time to cmax | peak day"),
        plausible=(3, 60),
        possible=(0, 1000),
        description="Day of the highest CAR transgene level.",
    ),
    Variable(
        "auc_0_28",
        "AUC, day 0 to 28",
        "number",
        "Kinetics",
        "post-infusion",
        "copies/\u00b5g*day",
        _EXPOSURE,
        names=_names("auc 0 28 | auc0 28 | auc 0 28d | auc 0 28 d | auc 28 | auc28 | auc d0 28 | auc"),
        possible=(0, 1e11),
        log_scale=True,
    ),
    Variable(
        "auc_0_last",
        "AUC, day 0 to last sample",
        "number",
        "Kinetics",
        "post-infusion",
        "copies/\u00b5g*day",
        _EXPOSURE,
        names=_names("auc 0 last | auc0 last | auc last | auclast | auc 0 t"),
        possible=(0, 1e11),
        log_scale=True,
    ),
    Variable(
        "persistence",
        "CAR-T persistence",
        "number",
        "Kinetics",
        "post-infusion",
        "months",
        _MONTHS,
        names=_names(
            "persistence | car t persistence | cart persistence | car persistence | transgene persistence | persistenz | persistance"
            " | persistencia"
        ),
        plausible=(0.5, 120),
        possible=(0, 400),
        description="How long the CAR transgene was found.",
    ),
)

# ---------------------------------------------------------------- tables with one row per visit or sample
_LONG = (
    Variable(
        "visit_month",
        "Month of the visit",
        "number",
        "Visits",
        "post-infusion",
        "months",
        _MONTHS,
        names=_names("month | months | visit month | month after infusion | monat | mois | mes"),
        description="Months after infusion.",
    ),
    Variable(
        "visit_day",
        "Day of the visit",
        "number",
        "Visits",
        "post-infusion",
        "day",
        (Unit("day", 1.0, ("d", "days")),),
        names=_names("visit day | day of visit | study day | day after infusion | ady | besuchstag | jour de visite | dia de visita"),
        description="Days after infusion.",
    ),
    Variable(
        "visit_name",
        "Visit",
        "text",
        "Visits",
        "post-infusion",
        names=_names("visit | visit name | timepoint | time point | avisit | visite | zeitpunkt | visita | punto temporal"),
        description="For example M3 or Day 28.",
    ),
    Variable(
        "response_at_visit",
        "Response",
        "category",
        "Visits",
        "post-infusion",
        levels=RESPONSE_LEVELS,
        codes=RESPONSE_CODES,
        names=_names(_RESPONSE_NAMES),
        description="In a table with one row per visit.",
    ),
    Variable(
        "mrd_at_visit",
        "MRD",
        "category",
        "Visits",
        "post-infusion",
        levels=MRD_LEVELS,
        codes=MRD_CODES,
        names=_names(_MRD_NAMES),
        description="In a table with one row per visit.",
    ),
    Variable(
        "sample_day",
        "Day of the sample",
        "number",
        "Visits",
        "post-infusion",
        "day",
        (Unit("day", 1.0, ("d", "days")),),
        names=_names("day | sample day | day of sample | days after infusion | days post infusion | tag | jour | dia | days"),
        description="Days after infusion, in a table with one row per sample.",
    ),
)

VARIABLES: Mapping[str, Variable] = MappingProxyType(
    {
        variable.key: variable
        for variable in (
            *_IDENTITY,
            *_BASELINE,
            *(v for base in _LAB_BASES for v in _lab(base)),
            *_RATIOS,
            *_SURVIVAL,
            *_RESPONSE,
            *_TOXICITY,
            *_KINETICS,
            *_LONG,
        )
    }
)

_KIND_OF: Mapping[VariableKind, Kind] = {
    "identity": "identity",
    "number": "number",
    "category": "category",
    "flag": "flag",
    "date": "date",
    "text": "text",
    "time": "number",
    "event": "flag",
}


def column_of(variable: Variable, *, source: str = "") -> Column:
    """The cohort column that a variable becomes. ``source``: the header in the file."""
    return Column(
        variable.key,
        variable.label,
        _KIND_OF[variable.kind],
        variable.unit,
        variable.timing,
        variable.levels,
        variable.log_scale,
        variable.cutoffs,
        source,
        variable.description,
    )


def plain_unit(text: str) -> str:
    """A unit as ``Unit.spellings`` are written: lower case, no blanks, u for micro."""
    return "".join(text.casefold().replace("\u00b5", "u").replace("\u03bc", "u").replace("\u00d7", "x").split())


def unit_named(variable: Variable, text: str) -> Unit | None:
    """The unit of ``variable`` that a file calls ``text`` ("" = the canonical one); None when it is not known."""
    if not text.strip():
        return next(iter(variable.units), Unit(variable.unit, 1.0))
    wanted = plain_unit(text)
    return next((u for u in variable.units if wanted in (plain_unit(u.name), *u.spellings)), None)


def convert(variable: Variable, unit: str) -> float:
    """What a value in ``unit`` is multiplied by to be in the variable's own unit ("mg/dL" for CRP: 10).

    Raises
    ------
    ValueError
        When the variable is not known in that unit.
    """
    found = unit_named(variable, unit)
    if found is None:
        known = ", ".join(u.name for u in variable.units) or "no unit"
        raise ValueError(f"{variable.label} is known in {known}, not in {unit}")
    return found.factor
