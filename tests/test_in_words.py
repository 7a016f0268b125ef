"""Conditions in words never misstate: same structure, every name and value, no two meanings in the same words."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.amounts import examples
from tests.base_pack import FILES
from tests.random_conditions import CONDITIONS
from tests.test_generated_code import checked
from zelo.adapters.packs import open_pack
from zelo.adapters.translation import LANGUAGES, translator
from zelo.base.source import Report
from zelo.policy import terms as t
from zelo.policy.effects_in_words import feature_in_words, request_in_words
from zelo.policy.functions import FUNCTIONS
from zelo.policy.functions.registry import AnyOf
from zelo.policy.in_words import Said, Words
from zelo.policy.load_pack import load_pack
from zelo.policy.pack import Pack
from zelo.policy.phrases import phrase
from zelo.policy.signature import signature

PACKS = ("packs/br_social_commerce", "packs/wiki_enforcement")


def base() -> Pack:
    pack = load_pack(FILES, Report())
    assert pack is not None
    return pack


BASE = base()
WORDS = {language: Words(BASE, translator(language), language) for language in LANGUAGES}


def shape(term: t.Term) -> object:
    """Return the logical skeleton of a condition."""
    match term:
        case t.And() | t.Or():
            return ("all" if isinstance(term, t.And) else "any", *map(shape, term.parts))
        case t.Not():
            return ("not", shape(term.operand))
        case t.If():
            return ("if", shape(term.condition), shape(term.yes), shape(term.no))
        case t.Macro() if term.name in ("all", "exists", "exists_one"):
            return ("each", shape(term.body))
    return ""


def said_shape(said: Said) -> object:
    return (said.joint, *map(said_shape, said.parts)) if said.joint else ""


def mentions(term: t.Term, words: Words) -> Iterator[str]:
    """Yield what the words of a condition must contain."""
    for part in term.walk():
        if isinstance(part, t.FeatureRef):
            yield words.features.get(part.name, part.name)
        elif isinstance(part, t.ListRef | t.Var):
            yield f"`{part.name}`"
        elif isinstance(part, t.LabelsRef):
            yield f"`{part.role}`"
        elif isinstance(part, t.FieldRef) and len(part.path) > 1:
            yield ".".join(part.path)
        elif isinstance(part, t.Const) and isinstance(part.value, str):
            yield f"“{part.value}”"
        elif isinstance(part, t.Const) and part.constant:
            yield f"(`{part.constant}`)"


@pytest.mark.parametrize("language", LANGUAGES)
@given(CONDITIONS)
def test_words_have_the_structure_of_the_condition(language: str, text: str) -> None:
    """Words have the structure of the condition."""
    term = checked(text)
    if term is None:
        return
    said = WORDS[language].condition(term)
    assert said_shape(said) == shape(term)
    spoken = "\n".join(part.text for part in said.walk())
    assert [wanted for wanted in mentions(term, WORDS[language]) if wanted not in spoken] == []


@pytest.mark.parametrize("language", LANGUAGES)
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=examples(20), deadline=None)
@given(st.lists(CONDITIONS, min_size=20, max_size=40))
def test_no_two_meanings_in_the_same_words(language: str, texts: list[str]) -> None:
    """No two meanings in the same words."""
    meant: dict[Said, str] = {}
    for term in filter(None, map(checked, texts)):
        for part in term.walk():
            if str(part.type) == "bool":
                said = WORDS[language].condition(part)
                assert meant.setdefault(said, signature(part)) == signature(part), said


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_function_can_be_said(language: str) -> None:
    """Every function can be said."""
    said = set()
    for overloads in FUNCTIONS.values():
        for function in overloads:
            kinds = [BASE.feature_types["listings_24h"] if isinstance(k, AnyOf) else k for k in function.takes]
            template = translator(language)(phrase(function, tuple(kinds)))
            fields = dict(zip("abc", ("AA", "BB", "CC"), strict=False))
            text = template.format(**fields, all="AA BB")
            assert all(f"{letter}{letter}" in text for letter, _ in zip("ABC", function.takes, strict=False)), text
            said.add((function.name, text))
    assert len(said) > 70


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("folder", PACKS)
def test_the_shipped_packs_can_be_said_in_full(folder: str, language: str) -> None:
    """The shipped packs can be said in full."""
    pack = open_pack(folder)
    words = Words(pack, translator(language), language)
    sentences = [words.condition(term).text for rule in pack.rules for term in rule.terms.values()]
    sentences += [
        request_in_words(words, request, kind)
        for rule in pack.rules
        for kind in rule.kinds
        for request in rule.effects
        if rule.effects
    ]
    sentences += [feature_in_words(words, spec).text for spec in pack.features.values()]
    assert len(sentences) > 60
    assert [one for one in sentences if not one or re.search(r"{[a-z]+}|None", one)] == []


@pytest.mark.parametrize(
    ("micros", "english", "portuguese"),
    [
        (0, "0 seconds", "0 segundos"),
        (1, "0.000001 seconds", "0,000001 segundos"),
        (86_400_000_000, "1 day", "1 dia"),
        (5_400_000_000, "1 hour 30 minutes", "1 hora 30 minutos"),
        (-90_500_000, "minus 1 minute 30.5 seconds", "menos 1 minuto 30,5 segundos"),
    ],
)
def test_lengths_of_time_lose_nothing(micros: int, english: str, portuguese: str) -> None:
    """Lengths of time lose nothing."""
    assert WORDS["en"].length(micros) == english
    assert WORDS["pt-BR"].length(micros) == portuguese


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_numbers_keep_their_digits(value: float) -> None:
    """Numbers keep their digits."""
    spoken = WORDS["pt-BR"].number(value)
    read = spoken if "e" in spoken else spoken.replace(".", "").replace(",", ".")
    assert type(value)(read) == value or repr(value) == spoken
