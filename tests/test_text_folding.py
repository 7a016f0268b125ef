"""The table of what folding catches and what it must not, and the laws of `fold` and `Words`."""

from __future__ import annotations

import gzip
import re
from time import thread_time

import pytest
import unicodedata2
from hypothesis import given
from hypothesis import strategies as st

from tests import lookalike_table
from tests.places import shared
from tests.text_tables import rows
from zelo.policy.functions import folding, words
from zelo.policy.functions.folding import fold
from zelo.policy.functions.words import Words

CAUGHT = tuple(rows("What it catches"))
INNOCENT = tuple(rows("What it must not catch"))
MISSED = tuple(rows("What it does not catch"))

TRICKS = "".join(
    (
        "aeioubcdlrsvxz",
        "AGKZ01345678926@$!",
        " .,-_|*'\n\t\x00",
        "\u00e7\u00e3\u00ba\u00df\u0130\u0149",
        "\u0300\u0336\u05b0\u064b\u0903\u20e3\ufe0f\u200b\u200d\u202e\u202c\u00ad",
        "\u0441\u043f\u0438\u0410\u03bd\u039d\u03b2\u05d5\u0627\u0661\u0967\u4e28\u65e5\u3042\uac00\u1100\u1161",
        "\U0001d41a\U0001f150\U0001f170\U0001f18e\U0001f1e7\U0001f1f7\U0001f1e6\U0001f602\U0001f3ff\U000e0061",
        "\u2122\u20ac\u00a1\u2b55\u2160\u00bd\ufb01\ud800\udc00\uffff\U0010ffff\u0378\ua7ce\U00010d50",
    )
)
tricky = st.text(st.sampled_from(TRICKS), max_size=24)
anything = tricky | st.text(st.characters(exclude_categories=()), max_size=40)
plain_words = st.lists(st.text(st.sampled_from("abcdeorst"), min_size=1, max_size=6), min_size=1, max_size=6).map(
    " ".join
)


def found(entry: str, text: str) -> bool:
    return Words([entry]).has_any_word(fold(text))


def test_the_page_has_its_tables() -> None:
    """The page is read as it is written: its tables are not empty."""
    assert len(CAUGHT) >= 40 and len(INNOCENT) >= 30 and len(MISSED) >= 10


@pytest.mark.parametrize(("entry", "text", "trick"), CAUGHT)
def test_a_disguise_is_seen_through(entry: str, text: str, trick: str) -> None:
    """Each row of the page's first table is found by its entry, and only after folding or folding of the entry."""
    assert found(entry, text), (trick, fold(text))


@pytest.mark.parametrize(("entry", "text", "why"), INNOCENT)
def test_an_innocent_text_stays_innocent(entry: str, text: str, why: str) -> None:
    """No row of the page's second table is found by its entry."""
    assert not found(entry, text), (why, fold(text))


@pytest.mark.parametrize(("entry", "text", "why"), MISSED)
def test_the_known_gaps_are_as_stated(entry: str, text: str, why: str) -> None:
    """What the page says is not caught is not caught: when this fails, the page is too modest."""
    assert not found(entry, text), (why, fold(text))


@pytest.mark.parametrize("function", folding.FUNCTIONS_HERE + words.FUNCTIONS_HERE)
def test_the_declared_examples_hold(function: folding.Function) -> None:
    """Every example of the declarations gives its result."""
    for arguments, result in function.examples:
        assert function.python(*arguments) == result


@given(anything)
def test_folding_twice_is_folding_once(text: str) -> None:
    """A folded text is its own folding, whatever the text, lone surrogates included."""
    once = fold(text)
    assert fold(once) == once


@given(anything)
def test_a_folded_text_is_words_with_one_space_between(text: str) -> None:
    """No capital, punctuation, control, format character or double space is left."""
    result = fold(text)
    assert result == " ".join(result.split())
    assert not re.search(r"[^a-z0-9 \x80-\U0010ffff]", result)
    for char in result.replace(" ", ""):
        assert unicodedata2.category(char)[0] in "LMN", hex(ord(char))


@given(st.text(st.characters(max_codepoint=0x7F)))
def test_case_does_not_matter(text: str) -> None:
    """Upper case folds like lower case."""
    assert fold(text.upper()) == fold(text.lower()) == fold(text)


@given(plain_words, st.data())
def test_what_is_invisible_changes_nothing(text: str, data: st.DataObject) -> None:
    """Zero-width characters, marks and variation selectors may stand anywhere after a letter."""
    hidden = st.text(
        st.sampled_from("\u200b\u200c\u200d\u2060\ufeff\u00ad\u0301\u0336\u034f\ufe0f\U000e0041"), max_size=3
    )
    assert fold("".join(char + data.draw(hidden) for char in text)) == fold(text)


@given(plain_words, st.sampled_from((0x1D41A, 0x1D4EA, 0x1D586, 0xFF41, 0x24D0, 0x1F170, 0x1F150)))
def test_a_lettering_changes_nothing(text: str, first: int) -> None:
    """Mathematical, full-width, circled and squared letters are their letters."""
    lettered = "".join(char if char == " " else chr(first + ord(char) - ord("a")) for char in text)
    assert fold(lettered) == fold(text)


@given(
    st.text(st.sampled_from("abcdeorst"), min_size=3, max_size=9),
    st.sampled_from((" ", ".", "-", " - ", "*", "\u2022")),
)
def test_a_word_spaced_out_is_the_word(word: str, gap: str) -> None:
    """Letters apart are joined, if one is a consonant; a second reading is only ever the word without an article."""
    if set(word) <= set("aeiou"):
        assert fold(gap.join(word)) == " ".join(word)
    else:
        first, *second = fold(gap.join(word)).split()
        assert first == fold(word)
        assert second == [] or (word[0] in "aeio" and second == [fold(word[1:])])


@given(st.lists(tricky, max_size=5), anything)
def test_words_are_found_as_a_naive_search_finds_them(entries: list[str], text: str) -> None:
    """The automaton says what comparing every entry with every place says."""
    padded = f" {fold(text)} "
    expected = [entry for entry in entries if fold(entry) and f" {fold(entry)} " in padded]
    lists = Words(entries)
    assert lists.has_any_word(fold(text)) == bool(expected)
    first = lists.first_word(fold(text))
    assert (first in expected) if expected else (first is None)
    if first is not None:
        starts = {padded.index(f" {fold(entry)} ") for entry in expected}
        assert padded.index(f" {fold(first)} ") == min(starts)


@given(st.lists(anything, max_size=6), anything)
def test_in_is_exact(entries: list[str], text: str) -> None:
    """`in` compares character for character and folds nothing."""
    lists = Words(entries)
    assert lists.contains_exact(text) == (text in entries)
    assert len(lists) == len(entries) and lists.values == tuple(entries)


def test_an_unfolded_text_is_taken_as_given() -> None:
    """Without `folded()` a capital hides the word, punctuation does not."""
    lists = Words(["Golpe do Pix", "viagra"])
    assert lists.has_any_word("\u201cviagra\u201d!") and lists.has_any_word("(golpe do\u00a0pix)")
    assert (
        not lists.has_any_word("Viagra")
        and not lists.has_any_word("viagra1")
        and not lists.has_any_word("\u00e9viagra")
    )


def test_the_first_word_is_named_as_the_list_spells_it() -> None:
    """Explanations show the entry of the list, the leftmost one, the longest where two begin together."""
    lists = Words(["golpe", "GOLPE do Pix", "R\u00e9plica"])
    assert lists.first_word(fold("uma r3plica, golpe do pix")) == "R\u00e9plica"
    assert lists.first_word(fold("golpe do pix")) == "GOLPE do Pix"
    assert lists.first_word(fold("golpe do")) == "golpe"


def test_entries_without_words_are_on_record() -> None:
    """An entry of punctuation can be found by `in` only, and is named."""
    lists = Words(["???", "golpe"])
    assert lists.unmatchable == ("???",) and lists.contains_exact("???") and not lists.has_any_word("???")
    assert not Words([]).has_any_word("golpe") and Words([]).first_word("golpe") is None


def test_no_text_makes_folding_slow() -> None:
    """Time grows with the text: tricks a hundred thousand times over stay within what a text of that size takes."""
    for trick in (
        "a",
        "a ",
        "\u00e9",
        "a1",
        "@a",
        "v.i.",
        "a!",
        "\u202e",
        "\u044f",
        "\U0001f1e7",
        "$a$ ",
        "a\u0301",
        "a1b ",
    ):
        small, large = _passes(trick * 1_000), _passes(trick * 10_000)
        assert large < 40 * small + 0.05, trick


def _passes(text: str) -> float:
    best = float("inf")
    for _ in range(3):
        begun = thread_time()
        fold(text)
        best = min(best, thread_time() - begun)
    return best


def test_the_shipped_table_is_what_unicode_17_says() -> None:
    """`lookalikes.py` is exactly what its generator makes of the originals."""
    shared("data/golden_unicode")
    assert lookalike_table.TABLE.read_text(encoding="utf-8") == lookalike_table.render()


def test_confusables_of_one_latin_letter_are_read_as_it() -> None:
    """Inside a Latin word, nearly every letter Unicode calls confusable with one Latin letter reads as that letter."""
    shared("data/golden_unicode")
    wrong, total = [], 0
    for char, prototype in lookalike_table.prototypes().items():
        letter = prototype.casefold()
        if char.isascii() or len(letter) != 1 or not "a" <= letter <= "z" or unicodedata2.category(char)[0] != "L":
            continue
        total += 1
        read = fold(f"x{char}x")
        if read not in ({f"x{letter}x", "xix"} if letter == "l" else {f"x{letter}x"}):
            wrong.append((char, letter, read))
    assert total > 1_000
    assert len(wrong) <= 0.03 * total, wrong


def test_emoji_never_hide_the_word_they_stand_by() -> None:
    """Every emoji of Unicode 17, with skin tones and joiners, leaves the word before it standing."""
    for line in gzip.open(shared("data/golden_unicode") / "emoji-test-17.0.txt.gz", "rt", encoding="utf-8"):
        if line.strip() and not line.startswith("#"):
            emoji = "".join(chr(int(code, 16)) for code in line.split(";")[0].split())
            assert fold(f"golpe {emoji}").split()[0] == "golpe", emoji
            assert fold(fold(f"x{emoji}x")) == fold(f"x{emoji}x")
