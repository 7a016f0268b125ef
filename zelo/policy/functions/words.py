"""Lists of the pack: `in`, by exact entry, and `hasAnyWord()`, by whole words, all entries at once."""

from __future__ import annotations

from collections.abc import Iterable

import unicodedata2
from ahocorasick_rs import BytesAhoCorasick, MatchKind

from zelo.events.types import BOOL, STRING
from zelo.policy.functions.folding import fold
from zelo.policy.functions.registry import Function, WordList

_TABLE_LIMIT = 20_000
_ASCII = bytes(code if code < 0x80 and chr(code).isalnum() else 0x20 for code in range(256))
"""ASCII bytes: letters and digits stay, with their case; all else separates words."""


class _Separated(dict[int, str]):
    """Code point to itself if it can stand in a word (a letter, mark or digit of any script), else to a space."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        kept = char if unicodedata2.category(char)[0] in "LMN" else " "
        if len(self) < _TABLE_LIMIT:
            self[code] = kept
        return kept


_SEPARATED = _Separated()


class Words:
    """A list of the pack, prepared once: immutable, safe to share between threads."""

    __slots__ = ("_entries", "_exact", "_matcher", "unmatchable", "values")

    values: tuple[str, ...]
    """The entries as written."""
    unmatchable: tuple[str, ...]
    """Entries with nothing left to match once folded (`???`); `in` still finds them."""

    def __init__(self, entries: Iterable[str]) -> None:
        """Prepare the entries; they may be words or phrases, in any spelling."""
        self.values = tuple(entries)
        self._exact = frozenset(self.values)
        folded = {entry: fold(entry) for entry in self.values}
        self.unmatchable = tuple(entry for entry, words in folded.items() if not words)
        by_words: dict[str, str] = {}
        for entry, words in folded.items():
            if words:
                by_words.setdefault(words, entry)
        self._entries = tuple(by_words.values())
        patterns = [f" {words} ".encode() for words in by_words]
        self._matcher = BytesAhoCorasick(patterns, MatchKind.LeftmostLongest) if patterns else None

    def __len__(self) -> int:
        """Return the number of entries as written."""
        return len(self.values)

    def contains_exact(self, text: str) -> bool:
        """Whether the text is an entry, character for character; constant time."""
        return text in self._exact

    def has_any_word(self, text: str) -> bool:
        """Whether a folded entry stands in the text as whole words; time grows with the text, not with the list.

        The text is taken as given: fold it first, or a disguise and a capital letter hide the word.
        """
        return self._matcher is not None and bool(self._matcher.find_matches_as_indexes(_padded(text)))

    def first_word(self, text: str) -> str | None:
        """Return the entry, as written, that stands first in the text (the longest one there), or None."""
        if self._matcher is None:
            return None
        found = self._matcher.find_matches_as_indexes(_padded(text))
        return self._entries[found[0][0]] if found else None


def _padded(text: str) -> bytes:
    """Return the words of the text in UTF-8, a space before, between and after them."""
    if text.isascii():
        return b" " + b" ".join(text.encode("ascii").translate(_ASCII).split()) + b" "
    return f" {' '.join(text.translate(_SEPARATED).split())} ".encode()


def has_any_word(text: str, words: object) -> bool:
    """Return whether any word or phrase of the list stands in the text."""
    assert isinstance(words, Words)
    return words.has_any_word(text)


def word_found(text: str, words: object) -> str | None:
    """Return the entry of the list that stands first in the text."""
    assert isinstance(words, Words)
    return words.first_word(text)


FUNCTIONS_HERE: tuple[Function, ...] = (
    Function(
        name="hasAnyWord",
        form="method",
        takes=(STRING, WordList()),
        gives=BOOL,
        python=has_any_word,
        sql={},
        doc="true when a word or phrase of the list stands in the text as whole words; entries are folded, "
        "so write `text.folded().hasAnyWord(list)`",
        examples=(),
        no_sql="its result is prepared as a column when events are read",
        cost=15,
        witness=word_found,
    ),
)
