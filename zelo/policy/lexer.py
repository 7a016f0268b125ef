"""Text of a condition to tokens; every unreadable character is reported and stepped over."""

from __future__ import annotations

import re
from dataclasses import dataclass

from zelo.base.source import Report
from zelo.policy.scalar import Scalar

KEYWORDS = frozenset({"true", "false", "null", "in"})
"""Words with a meaning of their own."""
RESERVED = frozenset(
    "as break const continue else for function if import let loop package namespace return var void while".split()
)
"""Words CEL keeps for later: no names, but allowed after a dot."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word or sign."""

    kind: str
    """`name`, `quoted` (in backquotes), `int`, `double`, `string`, `uint`, `bytes`, `end`, or a sign or keyword."""
    start: int
    end: int
    value: bool | int | float | str = ""

    @property
    def is_end(self) -> bool:
        """Say whether the text ends here."""
        return self.kind == "end"


_SPACE = re.compile(r"(?:[ \t\n\f\r]+|//[^\n]*)+")
_NAME = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")
_QUOTED = re.compile(r"`([a-zA-Z0-9_.\-/ ]+)`")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|(?:[0-9]*\.[0-9]+|[0-9]+)(?:[eE][+-]?[0-9]+)?")
_TAIL = re.compile(r"[_a-zA-Z0-9]+")
_SIGN = re.compile(r"&&|\|\||==|!=|<>|<=|>=|[-+*/%<>!?:.,()\[\]{}&|=]")
_STRING = re.compile(r"([rRbB]{0,2})(\"\"\"|'''|\"|')")
_REPAIRS = {"=": "==", "&": "&&", "|": "||", "<>": "!="}
_CURLY = "\u201c\u201d\u2018\u2019\u00ab\u00bb"
_PLAIN_ESCAPES = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "?": "?", '"': '"', "'": "'", "`": "`",
}  # fmt: skip
_ESCAPE = re.compile(
    r"\\(?:(?P<plain>[abfnrtv\\?\"'`])|[xX](?P<x>[0-9a-fA-F]{2})|u(?P<u>[0-9a-fA-F]{4})|U(?P<U>[0-9a-fA-F]{8})"
    r"|(?P<octal>[0-3][0-7]{2})|(?P<bad>[^\n]?))"
)


def tokenize(text: Scalar, report: Report) -> tuple[Token, ...]:
    """Return the tokens of a condition, closed by one of kind `end`; mistakes go to the report."""
    return _Lexer(text, report).run()


class _Lexer:
    """Reads one text from left to right."""

    def __init__(self, text: Scalar, report: Report) -> None:
        self.scalar = text
        self.text = text.value
        self.report = report
        self.tokens: list[Token] = []

    def run(self) -> tuple[Token, ...]:
        """Read all; each step moves forward by at least one character."""
        at, end = 0, len(self.text)
        while at < end:
            if space := _SPACE.match(self.text, at):
                at = space.end()
            else:
                at = self.step(at)
        self.tokens.append(Token("end", end, end))
        return tuple(self.tokens)

    def step(self, at: int) -> int:
        """Read one token and return where the next may start."""
        if opening := _STRING.match(self.text, at):
            return self.string(at, opening)
        if word := _NAME.match(self.text, at):
            name = word.group()
            self.add(name if name in KEYWORDS else "name", at, word.end(), name)
            return word.end()
        if number := _NUMBER.match(self.text, at):
            return self.number(at, number)
        if sign := _SIGN.match(self.text, at):
            return self.sign(at, sign.group())
        if quoted := _QUOTED.match(self.text, at):
            self.add("quoted", at, quoted.end(), quoted.group(1))
            return quoted.end()
        return self.unreadable(at)

    def add(self, kind: str, start: int, end: int, value: bool | int | float | str = "") -> None:
        """Keep a token."""
        self.tokens.append(Token(kind, start, end, value))

    def sign(self, at: int, sign: str) -> int:
        """Read a sign; `=`, `&`, `|` and `<>` are reported and read as what was meant."""
        end = at + len(sign)
        if meant := _REPAIRS.get(sign):
            self.report.add("Z103", self.scalar.span(at, len(sign)), sign=sign, suggestion=meant)
            sign = meant
        self.add(sign, at, end, sign)
        return end

    def unreadable(self, at: int) -> int:
        """Report a stretch of characters that mean nothing here."""
        character = self.text[at]
        if character in _CURLY:
            self.report.add("Z104", self.scalar.span(at), text=character)
            close = next((i for i in range(at + 1, len(self.text)) if self.text[i] in _CURLY + "\n"), len(self.text))
            self.add("string", at, min(close + 1, len(self.text)), self.text[at + 1 : close])
            return min(close + 1, len(self.text))
        end = at + 1
        while end < len(self.text) and not self.text[end].isascii():
            end += 1
        word = self.text[at:end]
        self.report.add("Z102", self.scalar.span(at, end - at), text=word.encode("utf-8", "replace").decode())
        return end

    def number(self, at: int, match: re.Match[str]) -> int:
        """Read a number; letters stuck to its end are a mistake, but for the `u` of unsigned numbers."""
        digits, end = match.group(), match.end()
        tail = _TAIL.match(self.text, end)
        if tail and tail.group() in ("u", "U"):
            self.add("uint", at, tail.end())
            return tail.end()
        if tail:
            word = digits + tail.group()
            self.report.add("Z105", self.scalar.span(at, len(word)), number=word)
            end = tail.end()
        if digits[:2] in ("0x", "0X"):
            self.add("int", at, end, int(digits, 16))
        elif digits.isdigit():
            self.add("int", at, end, int(digits) if len(digits) < 30 else 10**30)
        else:
            self.add("double", at, end, float(digits))
        return end

    def string(self, at: int, opening: re.Match[str]) -> int:
        """Read a string of any of CEL's eight kinds, or bytes."""
        prefix, quote = opening.group(1).lower(), opening.group(2)
        if len(prefix) == 2 and prefix[0] == prefix[1]:
            prefix = prefix[0]
        start = opening.end()
        close = self.closing(start, quote, raw="r" in prefix)
        if close is None:
            stop = self.text.find("\n", start) if len(quote) == 1 else len(self.text)
            stop = len(self.text) if stop < 0 else stop
            self.report.add("Z106", self.scalar.span(at, max(stop - at, 1)), quote=quote)
            self.add("string", at, stop, "")
            return stop
        body, end = self.text[start:close], close + len(quote)
        if "b" in prefix:
            self.add("bytes", at, end)
            return end
        if any("\ud800" <= character <= "\udfff" for character in body):
            self.report.add("Z107", self.scalar.span(at, end - at), escape="\\ud800")
            body = ""
        self.add("string", at, end, body if "r" in prefix else self.unescape(body, start))
        return end

    def closing(self, start: int, quote: str, *, raw: bool) -> int | None:
        """Return where the closing quote stands; a string in single quotes ends on its line."""
        at, text = start, self.text
        while at < len(text):
            if text.startswith(quote, at):
                return at
            if text[at] == "\\" and not raw:
                at += 1
            elif len(quote) == 1 and text[at] in "\n\r":
                return None
            at += 1
        return None

    def unescape(self, body: str, start: int) -> str:
        """Replace the escapes of a string; a wrong one is reported at its place."""
        if "\\" not in body:
            return body

        def replace(match: re.Match[str]) -> str:
            if plain := match.group("plain"):
                return _PLAIN_ESCAPES[plain]
            octal = match.group("octal")
            digits = match.group("x") or match.group("u") or match.group("U")
            code = int(octal, 8) if octal else int(digits, 16) if digits else -1
            if 0 <= code < 0xD800 or 0xE000 <= code <= 0x10FFFF:
                return chr(code)
            place = self.scalar.span(start + match.start(), len(match.group()))
            self.report.add("Z107", place, escape=match.group())
            return match.group()

        return _ESCAPE.sub(replace, body)
