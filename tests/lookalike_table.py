"""Derives `zelo/policy/functions/lookalikes.py` from the Unicode 17 originals: `python -m tests.lookalike_table`."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import unicodedata2

from tests.places import REPOSITORY, SHARED

TABLE = REPOSITORY / "zelo" / "policy" / "functions" / "lookalikes.py"
ORIGINALS = SHARED / "data" / "golden_unicode"
CONFUSABLES = ORIGINALS / "confusables-17.0.0.txt.gz"
EMOJI = ORIGINALS / "emoji-test-17.0.txt.gz"

_FORM = "TURNED|REVERSED|OPEN|SCRIPT|DOTLESS|INSULAR|BLACKLETTER|BARRED|TAILLESS|LONG|SIDEWAYS|STIRRUP|BROKEN"
_LATIN = re.compile(
    r"LATIN (?:CAPITAL LETTER|SMALL LETTER|LETTER SMALL CAPITAL|EPIGRAPHIC LETTER)"
    rf" (?:(?:{_FORM}) )*([A-Z]|AA|AE|AO|AU|AV|AY|OE|OO|VY)(?: WITH .*)?"
)
_EMOJI_LETTER = re.compile(
    r"(?:NEGATIVE CIRCLED LATIN CAPITAL|(?:CROSSED )?NEGATIVE SQUARED LATIN CAPITAL|REGIONAL INDICATOR SYMBOL)"
    r" LETTER ([A-Z])"
)
_LATIN_BY_HAND = {
    "d": "\u00d0\u00f0",
    "e": "\u018f\u0259",
    "n": "\u014a\u014b",
    "p": "\u00de\u00fe",
    "i": "\u0196\u0269",
    "u": "\u01b1\u028a\u01b2\u028b",
    "a": "\u2c6d\u0251",
    "s": "\u01a7\u01a8",
    "z": "\u01b7\u0292",
    "c": "\u03f2\u03f9",
}
"""Latin letters whose names do not say what they are written for: eth, schwa, eng, thorn, iota, upsilon, alpha ...
And the Greek lunate sigma, which normalisation would make an s-like sigma."""
_ALPHABETS_BY_HAND = {"b": "\u03b2", "e": "\u03b5\u03f5\u0404\u0454", "m": "\u043c\u04ce", "w": "\u03c9"}
"""Greek beta, epsilon, omega, Ukrainian ie, Cyrillic em, as people use them; the prototypes say ss, c, w, nothing."""
_SIGNS_BY_HAND = {"e": "\u20ac", "o": "\u2b55", "x": "\u274c\u2716", "$": "\U0001f4b2", "!": "\u2757\u2755\u00a1"}
"""The euro sign, and emoji drawn as a letter or sign."""
_ALPHABETS = re.compile(r"GREEK|CYRILLIC|ARMENIAN|COPTIC|CHEROKEE|LISU|DESERET|OSAGE|GOTHIC|OLD ITALIC|LATIN")
"""Alphabets that look like Latin from end to end: a whole word of look-alikes is a disguise."""
_CASES = ((" CAPITAL ", " SMALL "), (" SMALL ", " CAPITAL "), (" SMALL ", " "), (" LETTER ", " SMALL LETTER "))
_READ = re.compile(r"[a-z0-9]{1,3}|[@$!]")


def prototypes() -> dict[str, str]:
    """Return every confusable character with its prototype."""
    found = {}
    for line in gzip.open(CONFUSABLES, "rt", encoding="utf-8-sig"):
        parts = line.split("#")[0].split(";")
        if len(parts) > 1:
            found[chr(int(parts[0], 16))] = "".join(chr(int(code, 16)) for code in parts[1].split())
    return found


def flags() -> tuple[str, ...]:
    """Return the regions that have a flag emoji, as two letters each."""
    found = set()
    for line in gzip.open(EMOJI, "rt", encoding="utf-8"):
        codes = line.split(";")[0].split()
        if len(codes) == 2 and all(code.startswith("1F1") for code in codes):
            letters = (chr(int(code, 16) - 0x1F1E6 + ord("a")) for code in codes)
            found.add("".join(letters))
    return tuple(sorted(found))


def by_hand(table: Mapping[str, str]) -> dict[str, str]:
    """Return character to text, from text to characters."""
    return {char: text for text, chars in table.items() for char in chars}


def other_case(char: str) -> str:
    """Return the capital or small form of a letter by its name, or the letter: the same on every Python."""
    name = unicodedata2.name(char, "")
    for ours, theirs in _CASES:
        try:
            found = unicodedata2.lookup(name.replace(ours, theirs, 1))
        except KeyError:
            continue
        if found != char:
            return found
    return char


def settled(char: str) -> bool:
    """Whether normalisation alone changes the character: the table is asked after it."""
    return bool(char.isascii() or unicodedata2.normalize("NFKC", char) != char or plain(char).isascii())


def plain(text: str) -> str:
    """Return the text decomposed, without marks, in lower case."""
    pieces = unicodedata2.normalize("NFKD", text)
    return "".join(c for c in pieces if not unicodedata2.category(c).startswith("M")).casefold()


def latin_letters() -> dict[str, str]:
    """Return Latin letters, small capitals and letter emoji that normalisation leaves alone, by what they are named."""
    found = {}
    for code in range(0x80, 0x20000):
        char = chr(code)
        name = unicodedata2.name(char, "")
        match = _LATIN.fullmatch(name) or _EMOJI_LETTER.fullmatch(name)
        if match and not settled(char):
            found[char] = match[1].lower()
    return found | by_hand(_LATIN_BY_HAND)


def read(prototype: str, latin: Mapping[str, str]) -> str | None:
    """Return the basic Latin text a prototype stands for, or None."""
    text = "".join("b" if char == "\u00df" else latin.get(char) or plain(char) for char in prototype).replace("rn", "m")
    return text if _READ.fullmatch(text) else None


def lookalikes(latin: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the look-alikes in alphabets, and the others, with what they look like."""
    table = prototypes()
    alphabets: dict[str, str] = {}
    others: dict[str, str] = {}
    for char in sorted({form for source in table for form in (source, other_case(source))}):
        category = unicodedata2.category(char)
        if settled(char) or char in latin or category[0] in "MZC" or category == "Nd":
            continue
        readings = (read(table[form], latin) for form in (char, other_case(char)) if form in table)
        target = next((reading for reading in readings if reading), None)
        if target is None:
            continue
        name = unicodedata2.name(char, "")
        if target == "l" and re.search(r"\bI$|IOTA|PALOCHKA", name):
            target = "i"
        (alphabets if _ALPHABETS.match(name) and category[0] == "L" else others)[char] = target
    return alphabets | by_hand(_ALPHABETS_BY_HAND), others | by_hand(_SIGNS_BY_HAND)


def derive() -> tuple[dict[str, str], dict[str, str], dict[str, str], tuple[str, ...]]:
    """Return the four parts of the table, from the originals."""
    latin = latin_letters()
    table = prototypes()
    for char in sorted(table):  # Latin letters that only the confusables know: African letters, clicks, old letters
        if settled(char) or char in latin:
            continue
        if unicodedata2.name(char, "").startswith("LATIN") and (reading := read(table[char], latin)):
            latin[char] = reading
    alphabets, others = lookalikes(latin)
    return latin, alphabets, others, flags()


def _ranges(chars: Iterable[str]) -> str:
    """Return code points in hexadecimal, runs as first-last."""
    codes = sorted(map(ord, chars))
    runs: list[list[int]] = []
    for code in codes:
        if runs and code == runs[-1][1] + 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return " ".join(f"{first:x}" if first == last else f"{first:x}-{last:x}" for first, last in runs)


def _wrapped(name: str, doc: str, table: Mapping[str, str]) -> list[str]:
    lines = [f"{name}: Mapping[str, str] = MappingProxyType(", "    {"]
    for target in sorted(set(table.values())):
        text = _ranges(char for char, reading in table.items() if reading == target)
        if len(text) <= 105 - len(target):
            lines.append(f'        "{target}": "{text}",')
            continue
        pieces = [text] if len(text) <= 106 else re.findall(r".{1,100}(?: |$)", text)
        lines += [f'        "{target}": (', *(f'            "{piece}"' for piece in pieces), "        ),"]
    return [*lines, "    }", ")", f'"""{doc}"""', ""]


def render() -> str:
    """Return the module's source."""
    latin, alphabets, others, regions = derive()
    packed = " ".join(regions)
    head = TABLE.read_text(encoding="utf-8").split("# --- generated below")[0]
    lines = ["# --- generated below by `python -m tests.lookalike_table`; do not edit", ""]
    lines += _wrapped("LATIN", "Latin letters and letter emoji: always read as this text.", latin)
    lines += _wrapped("ALPHABETS", "Letters of alphabets that can imitate a whole Latin word.", alphabets)
    lines += _wrapped("OTHERS", "Signs read as letters only beside Latin ones.", others)
    lines += ["FLAGS = frozenset(", "    ("]
    lines += [f'        "{piece}"' for piece in re.findall(r".{1,100}(?: |$)", packed)]
    lines += ["    ).split()", ")", '"""Regions that have a flag."""', ""]
    return head + "\n".join(lines)


def write(place: Path = TABLE) -> None:
    """Rewrite the shipped table."""
    place.write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    write()
