"""`folded()`: text brought to the plain words a reader sees, so that a disguise and the word it hides are equal.

`docs/text.md` states what is caught and what is not, and is a test. The order, which is part of the meaning:

1. flags become separators; text in a right-to-left override is turned round; then, character by character:
   invisible characters, format characters, marks, variation selectors, skin tones and keycaps vanish; compatibility
   forms (NFKC), case, digits of any script, Latin letters with strokes and hooks, and letter emoji become basic Latin;
2. in a word of another alphabet, look-alikes (Unicode 17) become Latin if that makes the whole word Latin or if the
   word has a Latin letter already;
3. letters written apart are joined; digits and signs among letters become letters; punctuation becomes one space;
   a letter three times or more in a row is written once. Repeated until nothing changes.

All tables are Unicode's as pinned (`unicodedata2`) or shipped (`lookalikes`), not the interpreter's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

import unicodedata2

from zelo.events.types import STRING
from zelo.policy.functions.lookalikes import ALPHABETS, FLAGS, LATIN, OTHERS
from zelo.policy.functions.registry import Function
from zelo.policy.functions.spelling import CONTROLS, fold_plain, settle


def _unpacked(table: Mapping[str, str]) -> dict[int, str]:
    """Return code point to text, from text to hexadecimal runs."""
    found: dict[int, str] = {}
    for text, runs in table.items():
        for run in runs.split():
            first, _, last = run.partition("-")
            found |= dict.fromkeys(range(int(first, 16), int(last or first, 16) + 1), text)
    return found


def lower(char: str) -> str:
    """Return the letter's case folding, also where the interpreter is older than the letter."""
    folded = char.casefold()
    if folded == char and unicodedata2.category(char) == "Lu":
        try:
            return str(unicodedata2.lookup(unicodedata2.name(char).replace(" CAPITAL ", " SMALL ", 1)))
        except (KeyError, ValueError):
            return char
    return folded


_LATIN = _unpacked(LATIN)
_ALPHABETS = _unpacked(ALPHABETS)
_OTHERS = _unpacked(OTHERS)
_SIGNS = {code: text for code, text in _OTHERS.items() if unicodedata2.category(chr(code))[0] != "L"}
_BESIDE_LATIN = _ALPHABETS | {code: text for code, text in _OTHERS.items() if code not in _SIGNS}
_KEPT_LOWER = {code: lower(chr(code)) for code in _BESIDE_LATIN.keys() | _SIGNS.keys()}
"""What step 1 leaves for step 2, which looks at whole words; in lower case, for words that are no disguise."""
_SIGN_CHARS = frozenset(map(chr, _SIGNS))
_IMITATING = frozenset(map(chr, (*range(0x80), *_ALPHABETS)))

_WORD_EMOJI = MappingProxyType(
    {
        0x1F18E: " ab ",
        0x1F191: " cl ",
        0x1F192: " cool ",
        0x1F193: " free ",
        0x1F195: " new ",
        0x1F196: " ng ",
        0x1F197: " ok ",
        0x1F198: " sos ",
        0x1F199: " up ",
        0x1F19A: " vs ",
        0x1F51F: " 10 ",
        0x2120: " ",  # service mark and trade mark: NFKC would glue "sm" and "tm" to the name before them
        0x2122: " ",
    }
)
_INVISIBLE = frozenset((0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0))
"""Letters and marks that are drawn as nothing, beside the format characters."""
_VANISHING = ((0x0300, 0x036F), (0x0483, 0x0489), (0x180B, 0x180F), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF),
              (0x20D0, 0x20FF), (0xFE00, 0xFE0F), (0xFE20, 0xFE2F), (0x1F3FB, 0x1F3FF), (0xE0000, 0xE0FFF))  # fmt: skip
"""Combining marks of Latin, Greek and Cyrillic, variation selectors, skin tones, tags."""
_TABLE_LIMIT = 20_000
"""Distinct characters whose reading is kept; a text of more than all of these costs time, not memory."""

_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2,}")  # noqa: TID251 - constant, linear
_OVERRIDE = re.compile("\u202e([^\u202c\u2069\n]*)")  # noqa: TID251 - constant, linear
_WORD = re.compile("[0-9a-z\x80-\U0010ffff]+")  # noqa: TID251 - constant, linear
_LATIN_LETTER = re.compile("[a-z]")  # noqa: TID251 - constant, linear
_WIDE = "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]"
_SEAM = re.compile(f"(?<=[0-9a-z])(?={_WIDE})|(?<={_WIDE})(?=[0-9a-z])")  # noqa: TID251 - constant, linear
"""Where a script written without spaces meets Latin."""


def fold(text: str) -> str:
    """Return the words of the text in basic lower-case Latin as far as they can be read so, one space between.

    Letters of other scripts stay. Never fails; `fold(fold(text)) == fold(text)`.
    """
    return fold_plain(text) if text.isascii() else _fold_unicode(text)


def _fold_unicode(text: str) -> str:
    if _FLAG.search(text):
        text = _FLAG.sub(_flags, text)
    if "\u202e" in text:
        text = _OVERRIDE.sub(lambda match: match[1][::-1], text)
    text = text.translate(_TABLE)
    if text.isascii():
        return fold_plain(text)
    text = _settled(_undisguised(text))
    while not text.isascii() and (plainer := _undisguised(text)) != text:
        text = _settled(plainer)  # each round leaves fewer letters that are not Latin, or parts them from Latin ones
    return text


def _settled(text: str) -> str:
    return fold_plain(text) if text.isascii() else settle(text)


def _undisguised(text: str) -> str:
    """Return the text with step 2 done to each word."""
    return _WORD.sub(_plainer_word, unicodedata2.normalize("NFKC", text))


def _flags(match: re.Match[str]) -> str:
    """Return a separator for a run of flags; letters stay if any two next to each other are no flag."""
    letters = "".join(chr(ord(char) - 0x1F1E6 + ord("a")) for char in match[0])
    pairs = {letters[start : start + 2] for start in range(0, len(letters), 2)}
    return " " if pairs <= FLAGS else letters


def _plainer_word(match: re.Match[str]) -> str:
    """Return a word with its look-alikes read as Latin where that is what a reader would do."""
    word = match[0]
    if word.isascii():
        return word
    latin = _LATIN_LETTER.search(word) is not None
    if latin:
        word = word.translate(_BESIDE_LATIN)
    elif _IMITATING.issuperset(word):
        word = word.translate(_ALPHABETS)
    if word.isascii():
        return word
    if latin or not _SIGN_CHARS.isdisjoint(word):
        word = _without_signs_and_marks(word)
    return _SEAM.sub(" ", word.translate(_KEPT_LOWER))


def _without_signs_and_marks(word: str) -> str:
    """Return a word with signs between Latin characters read as letters, others as spaces, and no marks on Latin."""
    pieces: list[str] = []
    for place, char in enumerate(word):
        if ord(char) in _SIGNS:
            between = 0 < place < len(word) - 1 and word[place - 1].isascii() and word[place + 1].isascii()
            pieces.append(_SIGNS[ord(char)] if between else " ")
        elif char.isascii() or not (pieces and pieces[-1].isascii() and unicodedata2.category(char)[0] == "M"):
            pieces.append(char)
    return "".join(pieces)


def _reading(code: int) -> str:
    """Return what step 1 makes of one character."""
    char = chr(code)
    category = unicodedata2.category(char)
    if code in _WORD_EMOJI:
        return _WORD_EMOJI[code]
    if code in _LATIN:
        return _LATIN[code]
    if code < 0x80:
        return "" if code in CONTROLS else char.lower()
    if category == "Cf" or code in _INVISIBLE or any(first <= code <= last for first, last in _VANISHING):
        return ""
    if category == "Cc":
        return " " if code == 0x85 else ""
    if (digit := unicodedata2.digit(char, None)) is not None:
        return str(digit)
    if code in _KEPT_LOWER:
        return char
    parts = unicodedata2.normalize("NFKD", char)
    if parts != char:
        return "".join(_reading(ord(part)) for part in parts)
    if category[0] not in "LMN":
        return " "
    folded = lower(char)
    return folded if folded == char else "".join(_reading(ord(part)) for part in folded)


class _Table(dict[int, str]):
    """Code point to reading, worked out at first sight."""

    def __missing__(self, code: int) -> str:
        reading = _reading(code)
        if len(self) < _TABLE_LIMIT:
            self[code] = reading
        return reading


_TABLE = _Table()


FUNCTIONS_HERE: tuple[Function, ...] = (
    Function(
        name="folded",
        form="method",
        takes=(STRING,),
        gives=STRING,
        python=fold,
        sql={},
        doc="the words of the text in plain lower-case letters, with disguises undone (see docs/text.md)",
        examples=(
            (("Promoção IMPERDÍVEL!!",), "promocao imperdivel"),
            (("V1@gr4, v.i.a.g.r.a",), "viagra viagra"),
            (("\u0441asin\u043e \U0001d420\U0001d428\U0001d425\U0001d429\U0001d41e",), "casino golpe"),
            (("Scunthorpe",), "scunthorpe"),
            (("",), ""),
            (("\u200b!?",), ""),
        ),
        no_sql="its result is prepared as a column when events are read",
        cost=12,
    ),
)
