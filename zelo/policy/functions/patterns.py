"""Patterns of RE2 as patterns of Java with the same meaning, for engines that run on the Java virtual machine."""

from __future__ import annotations

import re

_DIGITS, _WORDS, _SPACES = "0-9", "0-9A-Za-z_", "\\t\\n\\f\\r "
_PERL = {"d": _DIGITS, "w": _WORDS, "s": _SPACES}
"""RE2's classes hold ASCII only, and its white space leaves out the vertical tab."""
_LONG_S, _KELVIN = "\\u017F", "\\u212A"
"""The two letters outside ASCII that equal one inside (s, k) when case is ignored."""
_CONTROLS = {"a": "\\a", "f": "\\f", "n": "\\n", "r": "\\r", "t": "\\t", "v": "\\x0B"}
_BOUNDARY = f"(?:(?<=[{_WORDS}])(?![{_WORDS}])|(?<![{_WORDS}])(?=[{_WORDS}]))"
_GROUP = re.compile(r"\(\?(?:P?<[A-Za-z_][A-Za-z0-9_]*>|(?P<on>[ims]*)(?:-(?P<off>[ims]+))?(?P<end>[:)]))")
_REPEAT = re.compile(r"\*|\+|\?|\{[0-9]+(?:,[0-9]*)?\}")
_HEX = re.compile(r"\\x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})")


class _NoJavaForm(Exception):  # noqa: N818 - it ends the reading and never leaves this module
    """A construct that the two read differently, or that is too rare to translate."""


def java_pattern(pattern: str) -> str | None:
    r"""
    Return a Java pattern that finds exactly what RE2 finds with `pattern`, or None when there is none we trust.

    Assumes that RE2 reads the pattern. Left out: classes with a name, `\p`, `\Q`, `\C`, `\B`, octal escapes, multi-line
    and ungreedy mode, and case ignored for letters outside ASCII.
    """
    try:
        return _Translator(pattern).run()
    except _NoJavaForm:
        return None


class _Translator:
    """Walks the pattern once and writes each construct so that Java reads what RE2 reads."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.out: list[str] = []
        self.modes = [frozenset[str]()]
        """Which of `i` and `s` are on, for each group around."""

    def run(self) -> str:
        """Translate all of it."""
        while self.at < len(self.pattern):
            self.step()
        return "".join(self.out)

    def put(self, text: str, length: int) -> None:
        """Write Java text for so many characters of the pattern."""
        self.out.append(text)
        self.at += length

    def is_on(self, mode: str) -> bool:
        """Say whether a mode is on here."""
        return mode in self.modes[-1]

    def step(self) -> None:
        """Translate one construct."""
        character = self.pattern[self.at]
        if character in "(|":
            self.group() if character == "(" else self.put("|", 1)
        elif character in "^$":
            self.put("\\A" if character == "^" else "\\z", 1)
            self.refuse_repeat()
        elif self.pattern.startswith(("\\b", "\\B", "\\A", "\\z"), self.at):
            self.assertion(self.pattern[self.at + 1])
        else:
            self.operand(character)
            self.repeat()

    def assertion(self, letter: str) -> None:
        """Translate an escape that stands between characters; RE2's `\\B` also holds inside one of several bytes."""
        if letter == "B":
            raise _NoJavaForm
        self.put(_BOUNDARY if letter == "b" else f"\\{letter}", 2)
        self.refuse_repeat()

    def operand(self, character: str) -> None:
        """Translate what stands for a character, or closes a group."""
        if character == ")":
            self.modes.pop()
            self.put(")", 1)
        elif character == ".":
            self.put("(?s:.)" if self.is_on("s") else "[^\\n]", 1)
        elif character == "[":
            self.character_class()
        elif character == "\\" and self.pattern[self.at + 1] in "dDwWsS":
            letter = self.pattern[self.at + 1]
            self.put(f"[{'^' if letter.isupper() else ''}{self.perl(letter.lower())}]", 2)
        else:
            code, length = self.literal()
            letters = self.cases(code, code)
            self.put(f"[{letters}]" if len(letters) > len(shown(code)) else shown(code), length)

    def refuse_repeat(self) -> None:
        """Give up on a repeated place between characters, which Java reads in its own way."""
        if _REPEAT.match(self.pattern, self.at):
            raise _NoJavaForm

    def repeat(self) -> None:
        """Copy a repetition and whether it is ungreedy."""
        if match := _REPEAT.match(self.pattern, self.at):
            self.put(match.group(), len(match.group()))
            if self.pattern.startswith("?", self.at):
                self.put("?", 1)
            self.refuse_repeat()

    def group(self) -> None:
        """Translate the start of a group; modes hold to its end, or to the end of the group around."""
        if not self.pattern.startswith("(?", self.at):
            self.modes.append(self.modes[-1])
            self.put("(?:", 1)
            return
        match = _GROUP.match(self.pattern, self.at)
        if match is None:
            raise _NoJavaForm
        on, off = frozenset(match.group("on") or ""), frozenset(match.group("off") or "")
        if "m" in on | off:
            raise _NoJavaForm
        modes = (self.modes[-1] | on) - off
        if match.group("end") == ")":
            self.modes[-1] = modes
            self.put("", len(match.group()))
            self.refuse_repeat()
        else:
            self.modes.append(modes)
            self.put("(?:", len(match.group()))

    def literal(self) -> tuple[int, int]:
        """Return the code point that stands here for itself, and how long it is written."""
        if self.pattern[self.at] != "\\":
            return ord(self.pattern[self.at]), 1
        if match := _HEX.match(self.pattern, self.at):
            return int(match.group(1) or match.group(2), 16), len(match.group())
        letter = self.pattern[self.at + 1]
        if letter in _CONTROLS:
            return ord({"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}[letter]), 2
        if letter.isalnum():
            raise _NoJavaForm
        return ord(letter), 2

    def cases(self, low: int, high: int) -> str:
        """Return a range of characters as the inside of a Java class, with the other case when it is ignored."""
        own = shown(low) if low == high else f"{shown(low)}-{shown(high)}"
        if not self.is_on("i"):
            return own
        if high > 127:
            if low == high and chr(low).lower() == chr(low).upper():
                return own
            raise _NoJavaForm
        others = []
        for first, last, shift in ((ord("a"), ord("z"), -32), (ord("A"), ord("Z"), 32)):
            start, end = max(low, first), min(high, last)
            if start <= end:
                others.append(f"{chr(start + shift)}-{chr(end + shift)}")
        letters = {chr(code).lower() for code in range(low, high + 1)}
        return own + "".join(others) + (_LONG_S if "s" in letters else "") + (_KELVIN if "k" in letters else "")

    def perl(self, letter: str) -> str:
        """Return the inside of a class of one letter."""
        return _PERL[letter] + (_LONG_S + _KELVIN if letter == "w" and self.is_on("i") else "")

    def character_class(self) -> None:
        """Translate `[...]`: Java reads `[`, `&&` and more inside one, RE2 does not."""
        self.put("[", 1)
        if self.pattern.startswith("^", self.at):
            self.put("^", 1)
        first = True
        while first or self.pattern[self.at] != "]":
            first = False
            if self.pattern.startswith("[:", self.at):
                raise _NoJavaForm
            if self.pattern[self.at] == "\\" and self.pattern[self.at + 1] in "dDwWsS":
                if self.pattern[self.at + 1].isupper():
                    raise _NoJavaForm
                self.put(self.perl(self.pattern[self.at + 1]), 2)
            else:
                self.range()
        self.put("]", 1)

    def range(self) -> None:
        """Translate a character of a class, or a range of them."""
        low, length = self.literal()
        high = low
        at = self.at + length
        if self.pattern.startswith("-", at) and not self.pattern.startswith("-]", at):
            before, self.at = self.at, at + 1
            high, more = self.literal()
            length, self.at = length + 1 + more, before
        self.put(self.cases(low, high), length)


def shown(code: int) -> str:
    """Return a character that stands for itself in Java, inside and outside a class."""
    character = chr(code)
    if character.isascii() and not character.isalnum():
        return f"\\x{code:02X}"
    return character
