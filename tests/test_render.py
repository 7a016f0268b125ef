"""What an author sees of a diagnostic, as text reviewed here."""

from __future__ import annotations

from textwrap import dedent

import pytest

from zelo.adapters.translation import LANGUAGES, translator
from zelo.base import render as render_module
from zelo.base.errors import NotFound
from zelo.base.messages.message import Message
from zelo.base.render import hint, message, render
from zelo.base.source import Diagnostic, Source, Span

WORDS = {
    "Z101": Message("unknown name `{name}`", "did you mean `{suggestion}`?"),
    "Z401": Message("these rules wait for each other"),
}


@pytest.fixture(autouse=True)
def messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use two messages that no change of wording elsewhere can alter."""
    monkeypatch.setattr(render_module, "MESSAGES", WORDS)


def at(text: str, line: int, column: int, length: int, path: str = "policies/x.yaml") -> Span:
    return Span(Source(path, text), line, column, length)


def shown(diagnostic: Diagnostic) -> str:
    return "\n" + render(diagnostic, translator("en")) + "\n"


def expected(text: str) -> str:
    return dedent(text).replace("\n|", "\n").rstrip(" ")


def test_the_whole_word_is_underlined_and_the_hint_follows() -> None:
    """An author sees where, what, the line, the word, and what to do."""
    span = at("when: |\n  event.titel == 1\n", 2, 3, 11)
    assert shown(Diagnostic("Z101", span, {"name": "event.titel", "suggestion": "event.title"})) == expected("""
        policies/x.yaml:2:3: Z101 unknown name `event.titel`
          |
        2 |   event.titel == 1
          |   ^^^^^^^^^^^
          = did you mean `event.title`?
        """)


def test_a_hint_that_lacks_a_value_is_left_out() -> None:
    """A suggestion that was not found leaves no hole behind."""
    diagnostic = Diagnostic("Z101", at("x", 1, 1, 1), {"name": "x"})
    assert hint(diagnostic, translator("en")) is None


def test_a_cycle_is_drawn_hop_by_hop() -> None:
    """Related places follow in reading order, each with its own line."""
    text = "\n" * 8 + "a\nb\n"
    diagnostic = Diagnostic("Z401", at(text, 9, 1, 1), {}, (at(text, 10, 1, 1, "policies/y.yaml"), at(text, 9, 1, 1)))
    assert shown(diagnostic) == expected("""
        policies/x.yaml:9:1: Z401 these rules wait for each other
           |
         9 | a
           | ^
          -> policies/y.yaml:10:1
           |
        10 | b
           | ^
          -> policies/x.yaml:9:1
           |
         9 | a
           | ^
        """)


def test_carets_stand_under_wide_and_combined_characters() -> None:
    """A place counts characters, a terminal counts columns."""
    lines = render(Diagnostic("Z101", at("日本 e\u0301 titel", 1, 7, 5), {"name": "t"}), str).split("\n")
    assert lines[3].index("^") - lines[2].index("日") == len("日本") * 2 + len(" e ")


def test_a_long_line_is_cut_around_the_place() -> None:
    """A line of ten thousand characters shows its place and stays readable."""
    lines = render(Diagnostic("Z101", at("x" * 5_000 + "titel" + "y" * 5_000, 1, 5_001, 5), {"name": "t"}), str).split(
        "\n"
    )
    assert len(lines[2]) < 130
    start = lines[3].index("^")
    assert lines[2][start : start + 5] == "titel"
    assert lines[3].count("^") == 5


def test_nothing_in_a_pack_can_drive_the_terminal() -> None:
    """Control and bidirectional characters of a pack are shown as what they are not."""
    diagnostic = Diagnostic("Z101", at("\x1b[2J\u202e\ttitel", 1, 7, 5), {"name": "a\x1b\nb"})
    assert not set(render(diagnostic, str)) & {"\x1b", "\u202e", "\t"}
    assert "\n" not in message(diagnostic, str)


def test_a_place_past_the_end_still_has_a_caret() -> None:
    """Text that ends too early is reported where the next word should be."""
    assert render(Diagnostic("Z101", at("a ==", 1, 6, 3), {"name": "t"}), str).split("\n")[3].endswith("^")


def test_zelo_speaks_its_languages_and_says_so_of_others() -> None:
    """A language zelo does not speak is refused by name; its own are not."""
    assert [translator(language)("never a message") for language in LANGUAGES] == ["never a message"] * 2
    with pytest.raises(NotFound, match="fr"):
        translator("fr")
