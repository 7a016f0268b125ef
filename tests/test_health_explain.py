"""What a creator is told: where they stand, why, until when, what comes next, what they can do; in both languages."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings

from tests.health_stories import HEAD, at, entry, schedule_of, violation
from tests.health_worlds import INSTANTS, ledgers, schedules
from zelo.adapters.translation import LANGUAGES, translator
from zelo.health.explain import explain
from zelo.health.ledger import Entry
from zelo.health.logic import standing
from zelo.health.telling import tell
from zelo.policy.schedules.values import Schedule

STORY = """\
time_zone: America/Sao_Paulo
violations: {fake: {en: Counterfeit goods, pt-BR: Produtos falsificados}}
standings:
  - {standing: limited, title: {en: Limited, pt-BR: Limitada}, any_penalty: true}
  - {standing: good, title: {en: In good standing, pt-BR: Em situação regular}}
tracks:
  points:
    title: {en: Points, pt-BR: Pontos}
    kind: points
    lives: 30d
    basis: A
    counts:
      - {by_severity: {low: 4.5, high: 12}, basis: A}
    ladder:
      - {at: 9, penalty: freeze, for: 7d, basis: A}
      - {at: 20, penalty: close, for: forever, basis: A}
appeals:
  - {within: 30d, most: 1, basis: A}
"""
ENTRIES = [
    violation("a", "2026-03-01T15:00:00Z", violation="fake", severity="low"),
    violation("b", "2026-03-05T15:00:00Z", violation="fake", severity="low"),
]
ENGLISH = """\
The standing of your account: Limited.

From 5 March 2026, 12:00 to 12 March 2026, 12:00: Freeze.
Why: Counterfeit goods, on 5 March 2026, 12:00. Points came to 9, and this step is at 9.
What counted together: Counterfeit goods.

Points: 9. The next step is at 20.
Counterfeit goods: counts until 31 March 2026, 12:00.
Counterfeit goods: counts until 4 April 2026, 12:00.

The next change for the better: 12 March 2026, 12:00.
One more violation (low) would bring no new limit.
One more violation (high) would bring: Closed.

If you think that “Counterfeit goods” is not right, you can appeal until 4 April 2026, 12:00."""


def told(entries: list[Entry], schedule: Schedule, when: int, language: str) -> str:
    """Return what the creator reads."""
    sentences = explain(entries, schedule, standing(entries, schedule, when))
    return tell(sentences, translator(language), language, schedule.time_zone)


def test_a_creator_is_told_where_they_stand_and_why() -> None:
    """The whole message, as it is read in English."""
    assert told(ENTRIES, schedule_of(STORY), at("2026-03-05T15:00:00Z"), "en") == ENGLISH


def test_the_same_is_told_in_portuguese() -> None:
    """Dates, numbers and titles are those of the language; nothing stays English."""
    text = told(ENTRIES, schedule_of(STORY), at("2026-03-05T15:00:00Z"), "pt-BR")
    assert "De 5 de março de 2026, 12:00 a 12 de março de 2026, 12:00: Congelamento." in text
    assert "Mais uma infração (grave) traria: Encerrada." in text
    assert not re.search(r"\b(the|of|your|would|until)\b", text)
    assert len(text.splitlines()) == len(ENGLISH.splitlines())


def test_who_has_nothing_is_told_so() -> None:
    """A clean account is told that nothing is limited, and never about appeals."""
    text = told([], schedule_of(STORY), at("2026-03-05"), "en")
    assert text.startswith("The standing of your account: In good standing.\nNothing is limited")
    assert "appeal" not in text


def test_what_was_taken_back_is_told() -> None:
    """A penalty that lost its ground is named, with the day of the decision."""
    entries = [*ENTRIES, entry("r", "reversal", "2026-03-06T15:00:00Z", target="a")]
    text = told(entries, schedule_of(STORY), at("2026-03-07"), "en")
    assert "Taken back on 6 March 2026, 12:00: Freeze. It no longer counts." in text


def test_an_open_price_is_not_foretold() -> None:
    """Where the entry says what it costs, nobody is told that nothing would happen."""
    text = STORY.replace("by_severity: {low: 4.5, high: 12}", "given: [0, 50]")
    assert "depends on how serious it is" in told([], schedule_of(text, HEAD), at("2026-03-05"), "en")


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=25, deadline=None)
@given(schedule=schedules(), entries=ledgers(), as_of=INSTANTS)
def test_every_standing_can_be_told(language: str, schedule: Schedule, entries: list[Entry], as_of: int) -> None:
    """Whatever happened, each sentence is whole: no placeholder is left, none is empty."""
    text = told(entries, schedule, as_of, language)
    assert text and not re.search(r"[{}]", text)
    assert all(line == "" or line[-1] == "." for line in text.split("\n"))
