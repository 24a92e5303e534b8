"""How files spell the levels of a category, a flag or an event, in English, German, French and Spanish.

Every list is made of (spelling, level) pairs; spellings are lower case with one blank between words (``parse.folded``),
accents as people type them.
"""

from __future__ import annotations

Codes = tuple[tuple[str, str], ...]


def spelled(**levels: str) -> Codes:
    """Codes from ``level="spelling | spelling"``."""
    return tuple((text.strip(), level) for level, texts in levels.items() for text in texts.split("|"))


def spelled_as(levels: dict[str, str]) -> Codes:
    """The same for levels that are no Python names: ``{"ide-cel": "abecma | bb2121"}``."""
    return tuple((text.strip(), level) for level, texts in levels.items() for text in texts.split("|"))


YES_NO_CODES: Codes = spelled(
    yes="yes | y | 1 | true | t | ja | j | wahr | oui | o | vrai | sí | si | s | verdadero | positive | pos | pos. | positiv"
    " | positif | positivo"
    " | + | present | detected | vorhanden | nachgewiesen | présent | présente | presente | détecté | detectado | checked | x",
    no="no | n | 0 | false | f | nein | falsch | non | faux | falso | negative | neg | neg. | negativ | négatif | negatif | negativo"
    " | absent | not detected | not present | nicht vorhanden | nicht nachgewiesen | absente | ausente | non détecté | no detectado"
    " | unchecked",
)

SEX_CODES: Codes = spelled(
    female="female | f | w | woman | weiblich | frau | femme | féminin | feminin | femenino | femenina | mujer",
    male="male | m | man | männlich | maennlich | mann | h | homme | masculin | masculino | hombre | varón | varon",
)

PRODUCT_CODES: Codes = spelled_as(
    {
        "ide-cel": "ide-cel | ide cel | idecel | ide_cel | idecabtagene vicleucel | idecabtagene | abecma | bb2121",
        "cilta-cel": "cilta-cel | cilta cel | ciltacel | cilta_cel | ciltacabtagene autoleucel | ciltacabtagene | carvykti | jnj-4528"
        " | jnj-68284528 | lcar-b38m",
        "eque-cel": "eque-cel | eque cel | equecel | eque_cel | equecabtagene autoleucel | equecabtagene | fucaso | ct103a",
        "zevor-cel": "zevor-cel | zevor cel | zevorcel | zevor_cel | zevorcabtagene autoleucel | zevorcabtagene | ct053",
        "other": "other | others | andere | anderes | autre | otro",
    }
)

STAGE_CODES: Codes = tuple(
    (f"{prefix}{number}", roman)
    for roman, numbers in (("I", ("i", "1")), ("II", ("ii", "2")), ("III", ("iii", "3")))
    for number in numbers
    for prefix in (
        "",
        "stage ",
        "stadium ",
        "stade ",
        "estadio ",
        "iss ",
        "r-iss ",
        "riss ",
        "r-iss stage ",
        "iss stage ",
        "iss-",
        "r-iss-",
    )
)

GRADE_CODES: Codes = (
    *(
        (f"{prefix}{number}", level)
        for level, numbers in (
            ("0", ("0",)),
            ("1", ("1", "i")),
            ("2", ("2", "ii")),
            ("3", ("3", "iii")),
            ("4", ("4", "iv")),
            ("5", ("5", "v")),
        )
        for number in numbers
        for prefix in ("", "grade ", "grad ", "grado ", "g", "gr ", "gr. ")
    ),
    *spelled_as({"0": "no | nein | non | no crs | no icans | kein | keine | keines | aucun | aucune | ninguno | ninguna | absent"}),
)

ECOG_CODES: Codes = tuple(
    (f"{prefix}{number}", str(number)) for number in range(5) for prefix in ("", "ecog ", "ps ", "ecog ps ", "grade ", "grad ")
)

RISK_CODES: Codes = (
    *YES_NO_CODES,
    *spelled(
        yes="high | high risk | high-risk | hochrisiko | hoch | haut risque | alto riesgo | hr | hrca",
        no="standard | standard risk | standard-risk | standardrisiko | low | risque standard | riesgo estándar"
        " | riesgo estandar | sr"
        " | not high risk | non-high risk",
    ),
)

LESION_CODES: Codes = (
    *YES_NO_CODES,
    *spelled(yes="abnormal | mutated | mutation | mut | deleted", no="normal | wild type | wild-type | wt"),
)

RESPONSE_CODES: Codes = spelled(
    sCR="scr | stringent cr | stringent complete response | stringent complete remission | stringente komplette remission | stringente cr"
    " | réponse complète stricte | rc stricte | rcs | respuesta completa estricta | rc estricta | rce",
    CR="cr | complete response | complete remission | complete | crm | komplette remission | komplettes ansprechen | vollremission"
    " | vollständige remission | réponse complète | reponse complete | rémission complète | rc | respuesta completa | remisión completa"
    " | remision completa | cr/scr | cr / scr | ≥cr | >=cr | cr or better",
    nCR="ncr | near complete response | near-complete response | near cr | near complete remission | fast komplette remission",
    VGPR="vgpr | very good partial response | very good partial remission | very good partial | very good pr"
    " | sehr gute partielle remission"
    " | sehr gutes partielles ansprechen | sgpr | très bonne réponse partielle | tres bonne reponse partielle | tbrp"
    " | muy buena respuesta parcial | mbrp",
    PR="pr | partial response | partial remission | partial | partielle remission | teilremission | partielles ansprechen"
    " | réponse partielle | reponse partielle | rp | respuesta parcial | remisión parcial",
    MR="mr | minimal response | minor response | minimal remission | minimale remission | minimales ansprechen | réponse minime"
    " | réponse minimale | reponse minimale | respuesta mínima | respuesta minima | rm",
    SD="sd | stable disease | stable | no change | nc | no response | stabile erkrankung | stabile krankheit | stabil"
    " | maladie stable | ms | enfermedad estable | estable | ee",
    PD="pd | progressive disease | progression | progressive | disease progression | relapse | progress | progredient"
    " | progrediente erkrankung | krankheitsprogress | krankheitsprogression | rezidiv | maladie progressive | maladie en progression"
    " | mp | rechute | enfermedad progresiva | progresión | progresion | ep | recaída",
    NE="ne | n.e. | n. e. | not evaluable | not evaluated | non evaluable | inevaluable | unevaluable | nicht beurteilbar"
    " | nicht auswertbar | nicht evaluierbar | non évaluable | no evaluable",
)

MRD_CODES: Codes = spelled_as(
    {
        "negative": "negative | neg | neg. | mrd negative | mrd-negative | mrd neg | mrd- | mrd− | undetectable | not detected | negativ"
        " | mrd-negativ | négatif | négative | negatif | indétectable | negativo | negativa | indetectable",
        "positive": "positive | pos | pos. | mrd positive | mrd-positive | mrd pos | mrd+ | detectable | detected | positiv | mrd-positiv"
        " | positif | détectable | positivo | positiva",
        "not done": "not done | not assessed | not evaluable | ne | nd | n.d. | not tested | nicht durchgeführt | nicht bestimmt | non fait"
        " | no realizado",
    }
)

_EVENT_WORDS = "event | yes | y | true | 1 | ja | oui | sí | si"
_CENSOR_WORDS = (
    "censored | censor | censoring | cens | no event | no | n | false | 0 | nein | non | zensiert | censuré | censure | censurado"
)
_DEATH_WORDS = (
    "dead | died | death | deceased | exitus | verstorben | tot | tod | gestorben | décédé | decede | décès | deces | fallecido | muerto"
)
_ALIVE_WORDS = "alive | living | am leben | lebt | lebend | lebendig | vivant | en vie | vivo | viva"
_PROGRESSION_WORDS = (
    "progression | progressed | progressive disease | pd | relapse | relapsed | progression or death | progress | progredient | rezidiv"
    " | rechute | progresión | progresion"
)

SURVIVAL_CODES: Codes = spelled(event=f"{_EVENT_WORDS} | {_DEATH_WORDS}", censored=f"{_CENSOR_WORDS} | {_ALIVE_WORDS}")
PROGRESSION_CODES: Codes = spelled(
    event=f"{_EVENT_WORDS} | {_PROGRESSION_WORDS} | {_DEATH_WORDS}",
    censored=f"{_CENSOR_WORDS} | no progression | progression-free | progression free | alive without progression | ongoing",
)
