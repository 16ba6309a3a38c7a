"""One word for one thing: no catalog says it the other way."""

from __future__ import annotations

import re
from pathlib import Path

import polib
import pytest

import kanton

ROOMS = Path(kanton.__file__).parent

#: What a language does not say, and what it says instead.
DISCARDED = {
    "de": {
        r"Prepaid-Konto": "Guthabenkonto",
        r"Abrechnungsperiode": "Abrechnungszeitraum",
        r"Wiederherstellungs-?(E-Mail|adresse)": "Ersatzadresse",
        r"Eigentümer": "Inhaber",
        r"Verlängerung": "Erneuerung",
        r"Login-(Passwort|Adresse|E-Mail)|Anmelde-E-Mail": "Anmeldepasswort, Anmeldeadresse",
        r"Mail-?[Dd]ienst": "Mailservice",
        r"Registrierungsstelle": "Registry",
        r"\bZustand\b": "Status",
        r"^freiwillig$": "optional",
        r"(?<!E-)\bMail-?[Aa]dresse": "E-Mail-Adresse",
        r"„": "«…»",
        r"ß": "ss",
    },
    "fr": {r"[Rr]églages": "paramètres", r"^Statut$": "État", r"compte prépaiement": "compte prépayé"},
    "it": {r"[Ss]ervizi?o? di posta": "servizio mail", r"conto credito": "conto prepagato"},
    "es": {
        r"[Ff]ichero": "archivo",
        r"[Cc]uenta de prepago": "cuenta prepago",
        r"\b[Pp]eriodo": "período",
        r"[Nn]ota de crédito": "nota de abono",
        r"contraseña de inicio": "contraseña de acceso",
    },
}


def said(language: str) -> list[tuple[str, str]]:
    """Every text of a language, with its catalog."""
    return [
        (str(path.relative_to(ROOMS)), text)
        for path in sorted(ROOMS.glob(f"**/locale/{language}/LC_MESSAGES/*.po"))
        for entry in polib.pofile(str(path))
        if not entry.obsolete
        for text in (entry.msgstr, *entry.msgstr_plural.values())
    ]


@pytest.mark.parametrize("language", DISCARDED)
def test_no_catalog_uses_a_discarded_synonym(language: str) -> None:
    wrong = [
        f"{catalog}: {text!r}, better: {better}"
        for catalog, text in said(language)
        for word, better in DISCARDED[language].items()
        if re.search(word, text)
    ]
    assert wrong == []
