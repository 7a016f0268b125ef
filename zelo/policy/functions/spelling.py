"""The last step of folding, on text that is Latin by now: letters apart, digits for letters, letters drawn out."""

from __future__ import annotations

import re
from string import ascii_lowercase as _ALPHABET
from string import digits as _DIGITS

from ahocorasick_rs import BytesAhoCorasick

_SEEN_AS = dict(zip("01345789@$!", "oieastbgasi", strict=True))
"""What a digit or sign among letters is read as; 2 and 6 have no one reading."""
_SEEN = str.maketrans(_SEEN_AS)
_SIGNS = "@$!"
_VOWELS = frozenset("aeiou")
_ONE_LETTER_WORDS = frozenset("aeio")
"""Of English and Portuguese; before a word spelled out they cannot be told from its first letter."""
_PASSES = 12
"""More than any text has been seen to need; every pass makes the text shorter or plainer."""

CONTROLS = bytes(code for code in range(0x80) if code < 9 or 13 < code < 28 or code == 0x7F)
"""Control characters that are drawn as nothing; the others are white space."""


def _bytes_table(kinds: dict[str, str]) -> bytes:
    """Return a translation of ASCII: characters to what stands for them, all others to a space."""
    table = bytearray(b" " * 256)
    for chars, kind in kinds.items():
        for char in chars:
            table[ord(char)] = ord(kind)
    return bytes(table)


_LOWER = bytes(range(256)).lower()
_WORDS = _bytes_table({char: char for char in _ALPHABET + _DIGITS})
_SHAPE = _bytes_table({_ALPHABET: "a", _DIGITS: "0", "@$": "$", "!": "!"})
_SINGLES = _bytes_table({_ALPHABET + _DIGITS: "a"})

_NO_SIGNS = str.maketrans(dict.fromkeys(_SIGNS, " "))
_SEPARATED = _bytes_table({char: char for char in _ALPHABET + _DIGITS + _SIGNS})

_IN_WORD = r"0-9a-z@$\x80-\U0010ffff"
# RE2 has no backreferences and no look-around. These are linear in the text.
_APART = re.compile(  # noqa: TID251
    rf"(?<![{_IN_WORD}])[0-9a-z@$]([^{_IN_WORD}]{{1,3}})[0-9a-z@$](?![{_IN_WORD}])(?:\1[0-9a-z@$](?![{_IN_WORD}]))+"
)
"""Three or more single characters with the same one to three separators between each two: `v.i.a.g.r.a`."""
_DRAWN_OUT = re.compile(r"([a-z])\1\1+")  # noqa: TID251
_TRIPLES = BytesAhoCorasick([3 * letter.encode() for letter in _ALPHABET])
"""Finds what `_DRAWN_OUT` would, three times as fast."""
_ADDRESS = re.compile(r"@(?=[0-9a-z-]+\.[a-z])")  # noqa: TID251
_PUNCTUATION = re.compile(r"[^0-9a-z@$!\x80-\U0010ffff]+")  # noqa: TID251
_RUNS = re.compile(r"[a-z]+|[^a-z]+")  # noqa: TID251


def fold_plain(text: str) -> str:
    """Return the words of an ASCII text, spelling tricks undone. Almost every text leaves by the short way."""
    raw = text.encode("ascii").translate(_LOWER, CONTROLS)
    words = b" ".join(raw.translate(_WORDS).split())
    return settle(raw.decode("ascii")) if _may_trick(raw, words) else words.decode("ascii")


def _may_trick(raw: bytes, words: bytes) -> bool:
    """Whether `settle` could change anything but punctuation: letters beside digits or signs, apart, or in threes."""
    shape = raw.translate(_SHAPE).decode("ascii")
    if "a0" in shape or "0a" in shape or "a$" in shape or "$a" in shape or "a!a" in shape:
        return True
    singles = f" {words.translate(_SINGLES).decode('ascii')} "
    return " a a a " in singles or bool(_TRIPLES.find_matches_as_indexes(words))


def settle(text: str) -> str:
    """Return the words of a lower-case text, each spelling trick undone, until nothing changes."""
    for _ in range(_PASSES):
        text, again = _one_pass(text)
        if not again or (text.isascii() and not _may_trick(raw := text.encode("ascii"), raw)):
            break
    return text


def _one_pass(text: str) -> tuple[str, bool]:
    """Return the words with tricks undone once, and whether that may have laid another trick bare."""
    text = _ADDRESS.sub(" ", text) if "@" in text else text
    joined = _APART.sub(_joined, text)
    words = _separated(joined).split()
    spelled = " ".join(filter(None, [word if word.isalpha() else _spelled(word) for word in words]))
    result = _DRAWN_OUT.sub(_shortened, _APART.sub(_joined, spelled))
    return result, joined != text or result != _without_signs(words)


def _without_signs(words: list[str]) -> str:
    text = " ".join(words)
    return " ".join(text.translate(_NO_SIGNS).split()) if "$" in text or "!" in text or "@" in text else text


def _separated(text: str) -> str:
    """Return the text with a space for each mark of punctuation but the signs."""
    if text.isascii():
        return text.encode("ascii").translate(_SEPARATED).decode("ascii")
    return _PUNCTUATION.sub(" ", text)


def _joined(match: re.Match[str]) -> str:
    """Return the characters of a run together if they can be a word, and again without a one-letter word before it."""
    chars = match[0].replace(match[1], "")
    if not _can_be_word(chars):
        return match[0]
    article_first = chars[0] in _ONE_LETTER_WORDS and match[1].isspace() and _can_be_word(chars[1:])
    return f"{chars} {chars[1:]}" if article_first else chars


def _can_be_word(chars: str) -> bool:
    """Whether single characters can spell a word: three letters, more letters than others, a consonant."""
    letters = [char for char in chars if char in _ALPHABET]
    return len(letters) >= 3 and 2 * len(letters) > len(chars) and not _VOWELS.issuperset(letters)


def _shortened(match: re.Match[str]) -> str:
    """Return a drawn-out letter once, unless the word is nothing else (`xxx`, `kkkk`, `www`)."""
    text, start, end = match.string, match.start(), match.end()
    alone = (start == 0 or text[start - 1] == " ") and (end == len(text) or text[end] == " ")
    return match[0] if alone else match[1]


def _spelled(word: str) -> str:
    """Return a word with the digits and signs among its letters read as letters, parted where a sign is none."""
    word = word.lstrip("@!").rstrip("!")
    if len(word) < 3:
        return " ".join(word.translate(_NO_SIGNS).split())  # too short to be anything else: 5g, r$
    if word.isalpha() or _is_count(word):
        return word
    runs: list[str] = _RUNS.findall(word)
    letters = sum(len(run) for run in runs if run[0] in _ALPHABET)
    if letters:
        inner = {place for place in range(1, len(runs) - 1) if runs[place][0] not in _ALPHABET}
        read = {place for place in inner if _inside(runs[place], runs[place - 1])}
        if runs[0][0] not in _ALPHABET and _at_start(runs[0], letters):
            read.add(0)
        if runs[-1][0] not in _ALPHABET and _at_end(runs[-1], runs[-2], letters, bool(read & inner)):
            read.add(len(runs) - 1)
        word = "".join(run.translate(_SEEN) if place in read else run for place, run in enumerate(runs))
    pieces = word.translate(_NO_SIGNS).split()
    return word if pieces == [word] else " ".join(filter(None, map(_spelled, pieces)))


def _is_count(word: str) -> bool:
    """Whether a word is a number, or one with two digits or more before or after letters: 2024, 256gb, iphone13."""
    after, before = word.lstrip(_DIGITS), word.rstrip(_DIGITS)
    return (
        not after
        or (len(word) - len(after) >= 2 and after.isalpha())
        or (len(word) - len(before) >= 2 and before.isalpha())
    )


def _readable(run: str) -> bool:
    return bool(run) and all(char in _SEEN_AS for char in run)


def _inside(run: str, before: str) -> bool:
    """Whether a run between letters stands for letters: not `a123b`, not `us$10mil`, not `oferta!compre`."""
    if not _readable(run) or ("$" in run and run[-1] in _DIGITS):
        return False
    if "!" in run:
        return run.count("!") == 1 and before[-1] not in _VOWELS
    return len(run) <= 2 or len(set(run)) == 1 or any(sign in run for sign in _SIGNS)


def _at_start(run: str, letters: int) -> bool:
    """Whether a run before letters stands for a letter: `$exo`, `4migo`, but not `50cm`, `3d`, `@name`."""
    return len(run) == 1 and _readable(run) and letters >= 3


def _at_end(run: str, before: str, letters: int, spelled: bool) -> bool:
    """Whether a run after letters stands for letters: `golp3`, `circui7`, `v1agr4`, `clas$`, not `mp3`, `s19`, `r$`."""
    if not _readable(run):
        return False
    if run == "@":
        return letters >= 2
    if set(run) == {"$"}:
        return letters >= 3 or len(run) >= 2
    if spelled:
        return len(run) == 1
    return letters >= 3 and run in ("7" if before[-1] in _VOWELS else "034")
