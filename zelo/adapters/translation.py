"""Reads the message catalogs, so that the doors can speak the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

from babel.messages.pofile import read_po

from zelo.base.errors import NotFound

LANGUAGES = ("en", "pt-BR")
"""The languages zelo speaks, as BCP 47 tags; English is what the code is written in."""
_LOCALE = Path(__file__).resolve().parent.parent / "locale"


def translator(language: str) -> Callable[[str], str]:
    """Return a function from an English text to the language's; a text that is not in the catalog stays English.

    Raises NotFound for a language zelo does not speak.
    """
    if language not in LANGUAGES:
        raise NotFound("no language `{language}`; there are {languages}", language=language, languages=_listed())
    if language == "en":
        return str
    words = catalog(language)
    return lambda text: words.get(text, text)


@lru_cache
def catalog(language: str) -> Mapping[str, str]:
    """Return English text to translation, without the entries a person has not confirmed."""
    path = _LOCALE / language.replace("-", "_") / "LC_MESSAGES" / "zelo.po"
    with path.open("rb") as file:
        entries = read_po(file, locale=language.replace("-", "_"))
    return {str(e.id): str(e.string) for e in entries if e.id and e.string and not e.fuzzy}


def _listed() -> str:
    return ", ".join(f"`{language}`" for language in LANGUAGES)
