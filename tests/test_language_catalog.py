"""The Portuguese catalog says everything the code says: no text is missing, unconfirmed, or short of a placeholder."""

from __future__ import annotations

from functools import cache

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from dev import MESSAGE_KEYWORDS
from tests.places import REPOSITORY
from zelo.adapters.translation import translator
from zelo.base.messages import MESSAGES
from zelo.base.render import placeholders

CATALOG = REPOSITORY / "zelo" / "locale" / "pt_BR" / "LC_MESSAGES" / "zelo.po"


@cache
def marked() -> frozenset[str]:
    """Return every text marked in the code."""
    keywords = dict.fromkeys(MESSAGE_KEYWORDS)
    methods = [("**.py", "python"), ("web/templates/**.html", "zelo.web.template_texts:texts")]
    found = extract_from_dir(REPOSITORY / "zelo", method_map=methods, keywords=keywords)
    return frozenset(str(text) for _, _, text, _, _ in found if text)


@cache
def translated() -> dict[str, Message]:
    """Return the catalog's entries by English text."""
    with CATALOG.open("rb") as file:
        return {str(entry.id): entry for entry in read_po(file, locale="pt_BR", abort_invalid=True) if entry.id}


def test_the_words_of_every_code_are_marked() -> None:
    """A message that was declared without its mark would silently stay English."""
    declared = {text for m in MESSAGES.values() for text in (m.text, m.hint) if text}
    assert declared
    assert sorted(declared - marked()) == []


def test_every_text_has_a_confirmed_translation() -> None:
    """Both languages or neither: no marked text lacks a Portuguese one, and none is only a guess."""
    done = {text for text, entry in translated().items() if entry.string and not entry.fuzzy}
    assert sorted(marked() - done) == []


def test_nothing_is_translated_that_nobody_says() -> None:
    """The catalog holds no leftovers."""
    assert sorted(translated().keys() - marked()) == []


def test_a_translation_has_the_placeholders_of_its_text() -> None:
    """A value named in one language is named in the other."""
    wrong = {
        text: entry.string
        for text, entry in translated().items()
        if placeholders(text) != placeholders(str(entry.string)) or text.count("`") != str(entry.string).count("`")
    }
    assert wrong == {}


def test_a_translation_keeps_the_shape_of_its_text() -> None:
    """Lower case start, no full stop, no line break: both languages alike."""
    wrong = [
        entry.string
        for text, entry in translated().items()
        if text[-1:].isalnum() and str(entry.string)[-1:] == "." or text.count("\n") != str(entry.string).count("\n")
    ]
    assert wrong == []


@pytest.mark.parametrize("code", MESSAGES)
def test_a_message_reads_as_the_house_writes(code: str) -> None:
    """A message starts in lower case, ends without a full stop, stays on one line and speaks no Python."""
    for text in filter(None, (MESSAGES[code].text, MESSAGES[code].hint)):
        first = text.lstrip("`{")[:1]
        assert first == first.lower() or text[0] in "`{" or text.split()[0].isupper(), text
        assert not text.endswith(".") and "\n" not in text
        assert not {"None", "str", "dict", "NoneType", "Exception"} & set(text.replace("`", " ").split())


def test_the_translator_reads_the_catalog() -> None:
    """What the catalog holds is what a Portuguese reader gets."""
    speak = translator("pt-BR")
    assert all(speak(text) == entry.string for text, entry in translated().items())
