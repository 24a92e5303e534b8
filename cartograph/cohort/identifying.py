"""Columns that could tell who a patient is: names, record numbers, birth dates, addresses."""

from __future__ import annotations

import re

from cartograph.cohort.looks import Look

_WORDS: dict[str, tuple[str, ...]] = {
    "a patient's name": (
        "name", "patient name", "pat name", "full name", "first name", "last name", "surname", "family name", "given name", "forename",
        "firstname", "lastname", "patientname", "nachname", "vorname", "familienname", "patientenname", "nom", "prenom", "nom patient",
        "nom du patient", "apellido", "apellidos", "nombre", "nombre paciente", "nombre del paciente", "initials", "patient initials",
        "initialen", "initiales", "iniciales",
    ),
    "a record number": (
        "mrn", "medical record number", "medical record no", "record number", "record no", "record id", "hospital number", "hospital no",
        "hospital id", "patid", "pat id", "clinic number", "chart number", "ssn", "social security number", "nhs number", "nhs no", "uhid",
        "krankenaktennummer", "krankenversicherungsnummer", "versichertennummer", "numero dossier", "numero de dossier", "ipp", "nir",
        "historia clinica", "numero historia clinica", "numero de historia", "nhc", "insurance number", "accession number", "ehr id",
        "epic id", "passport", "passport number",
    ),
    "a birth date": (
        "dob", "birth date", "date of birth", "birthdate", "birthday", "dateofbirth", "birth dt", "brthdtc", "brthdt", "geburtsdatum",
        "geburtstag", "geb datum", "gebdat", "date de naissance", "naissance", "fecha de nacimiento", "fecha nacimiento", "ddn", "fdn",
    ),
    "a phone number": ("phone", "phone number", "telephone", "tel", "mobile", "cell phone", "telefon", "telefono", "telephone number"),
    "an e-mail address": ("email", "e mail", "mail", "email address", "correo", "correo electronico"),
    "an address": (
        "address", "street", "zip", "zip code", "zipcode", "postal code", "postcode", "adresse", "strasse", "plz", "code postal",
        "direccion", "codigo postal", "home address", "postleitzahl",
    ),
}  # fmt: skip
_BY_WORD = {word.replace(" ", ""): kind for kind, words in _WORDS.items() for word in words}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", re.IGNORECASE)
_PERSON = re.compile(r"[^\W\d_][^\W\d_'\-]+,\s*[^\W\d_][^\W\d_.'\-]*(\s+[^\W\d_]\.?)?")
_SAMPLE = 200


def identifying(look: Look) -> str:
    """Why a column may tell who a patient is ("the name says a birth date"); "" when nothing speaks for it."""
    for words in look.name.variants:
        kind = _BY_WORD.get(words.replace(" ", ""))
        if kind:
            return f"the name '{look.header}' says {kind}"
    texts = [cell for cell in look.cells.iloc[:_SAMPLE] if isinstance(cell, str)]
    if len(texts) < 3:
        return ""
    if sum(_EMAIL.fullmatch(t.strip()) is not None for t in texts) > len(texts) / 2:
        return "the values look like e-mail addresses"
    different = len({t.strip() for t in texts}) > 0.7 * len(texts)
    if different and sum(_PERSON.fullmatch(t.strip()) is not None for t in texts) > 0.7 * len(texts):
        return "the values look like names of people"
    return ""
