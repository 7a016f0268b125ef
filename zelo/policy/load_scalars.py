"""Finds the place in the file of each character of a YAML scalar's value."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import pairwise

from zelo.base.source import Source, Span
from zelo.policy.scalar import Run, Scalar

_SIMPLE_ESCAPES = {
    "0": "\0",
    "a": "\x07",
    "b": "\x08",
    "t": "\t",
    "\t": "\t",
    "n": "\n",
    "v": "\x0b",
    "f": "\x0c",
    "r": "\r",
    "e": "\x1b",
    " ": " ",
    '"': '"',
    "/": "/",
    "\\": "\\",
    "N": "\x85",
    "_": "\xa0",
    "L": "\u2028",
    "P": "\u2029",
}
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}
_LINE = r"([^\n]*?)(\r?\n|\Z)"


@dataclass(frozen=True)
class Page:
    """A source whose lines are found once, so that offsets in it become places quickly."""

    source: Source
    starts: tuple[int, ...] = field(repr=False)
    """Offset of the start of each line."""

    @staticmethod
    def of(source: Source) -> Page:
        """Find the lines of a source."""
        return Page(source, (0, *(match.end() for match in re.finditer("\n", source.text))))

    def place(self, offset: int) -> tuple[int, int]:
        """Return line and column, from 1, of an offset in the text."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def span(self, start: int, end: int) -> Span:
        """Return the place of a stretch of the text; one over several lines is cut at the end of its first."""
        line, column = self.place(start)
        newline = self.source.text.find("\n", start, end)
        stop = len(self.source.text[start : end if newline < 0 else newline].rstrip())
        return Span(self.source, line, column, max(stop, 1))


def scalar(page: Page, start: int, end: int, style: str, value: str) -> Scalar:
    """Build the scalar between two offsets of a page; its style is `'`, `"`, `|`, `>` or empty for plain."""
    quotes = 1 if style in ("'", '"') else 0
    if (
        style not in ("|", ">")
        and end - start - 2 * quotes == len(value)
        and page.source.text.find("\n", start, end) < 0
    ):
        return Scalar(page.source, value, (Run(0, *page.place(start + quotes)),))
    if style == "|" and (lines := _literal_lines(page, start, value)):
        return Scalar.from_lines(page.source, value, lines)
    text, found = decode(page.source.text, start, end, style, value)
    if text != value:  # a tag or an anchor before it, which is refused anyway, or a block of nothing but white space
        return Scalar(page.source, value, (Run(0, *page.place(start)),))
    runs = [Run(0, *page.place(found[0] if found else start))]
    for at, (previous, offset) in enumerate(pairwise(found), 1):
        if offset != previous + 1 or page.source.text[previous] in "\r\n":
            runs.append(Run(at, *page.place(offset)))
    return Scalar(page.source, value, tuple(runs))


def _literal_lines(page: Page, start: int, value: str) -> list[tuple[int, int]]:
    """Return the place of the start of each line of a literal block: its lines are those of the file, set in."""
    text, first = page.source.text, page.place(start)[0]
    lines = value.split("\n")
    in_file = [text[at:until] for at, until in pairwise((*page.starts[first : first + len(lines)], len(text)))]
    indent = max(_indent(in_file) - _indent(lines), 0)
    if any(line and not found.startswith(line, indent) for line, found in zip(lines, in_file, strict=False)):
        return []
    return [(first + 1 + at, min(indent, len(found.rstrip("\r\n"))) + 1) for at, found in enumerate(in_file)]


def decode(text: str, start: int, end: int, style: str, value: str) -> tuple[str, list[int]]:
    """Decode a scalar again, with the offset in the text of each character; value tells the indentation of a block."""
    if style in ("|", ">"):
        return _Block(text, start, end, style, value).decoded()
    inside = (start + 1, end - 1) if style else (start, end)
    return _Flow(text, *inside, style).decoded()


class _Flow:
    """A plain or quoted scalar: escapes, and line breaks that fold to spaces."""

    def __init__(self, text: str, start: int, end: int, style: str) -> None:
        self._text, self._at, self._end, self._style = text, start, end, style
        self._out: list[str] = []
        self._found: list[int] = []

    def decoded(self) -> tuple[str, list[int]]:
        """Return the value and the offset of each of its characters."""
        while self._at < self._end:
            escaped_break = self._words()
            self._gap(escaped_break)
        return "".join(self._out), self._found

    def _put(self, character: str, at: int) -> None:
        self._out.append(character)
        self._found.append(at)

    def _words(self) -> bool:
        """Take characters up to white space; say whether an escaped line break ended them."""
        text = self._text
        while self._at < self._end and text[self._at] not in " \t\r\n":
            character = text[self._at]
            if self._style == '"' and character == "\\":
                if text[self._at + 1] in "\r\n":
                    self._at = text.index("\n", self._at) + 1
                    return True
                self._escape()
            else:
                self._put(character, self._at)
                self._at += 2 if self._style == "'" and character == "'" else 1
        return False

    def _escape(self) -> None:
        code = self._text[self._at + 1]
        digits = _HEX_DIGITS.get(code, 0)
        if digits:
            self._put(chr(int(self._text[self._at + 2 : self._at + 2 + digits], 16)), self._at)
        else:
            self._put(_SIMPLE_ESCAPES[code], self._at)
        self._at += 2 + digits

    def _gap(self, escaped_break: bool) -> None:
        """Take white space: kept inside a line, folded where it holds line breaks."""
        blanks: list[int] = []
        breaks: list[int] = []
        while self._at < self._end and self._text[self._at] in " \t\r\n":
            if self._text[self._at] == "\n":
                breaks.append(self._at - (self._text[self._at - 1] == "\r"))
            elif self._text[self._at] != "\r":
                blanks.append(self._at)
            self._at += 1
        if escaped_break:
            kept = [("\n", at) for at in breaks]
        elif not breaks:
            kept = [(self._text[at], at) for at in blanks]
        elif len(breaks) == 1:
            kept = [(" ", breaks[0])]
        else:
            kept = [("\n", at) for at in breaks[1:]]
        for character, at in kept:
            self._put(character, at)


class _Block:
    """A literal or folded block scalar: indentation, folding, chomping."""

    def __init__(self, text: str, start: int, end: int, style: str, value: str) -> None:
        header, _, _ = text[start:end].partition("\n")
        self._chomp = "-" if "-" in header.split("#")[0] else "+" if "+" in header.split("#")[0] else ""
        self._folded = style == ">"
        first = start + len(header) + 1
        self._lines = [
            (match.start() + first, match.group(1), bool(match.group(2)))
            for match in re.finditer(_LINE, text[first:end])
        ]
        self._indent = max(_indent([line for _, line, _ in self._lines]) - _indent(value.split("\n")), 0)
        self._out: list[str] = []
        self._found: list[int] = []

    def decoded(self) -> tuple[str, list[int]]:
        """Return the value and the offset of each of its characters."""
        last_break: int | None = None
        breaks: list[int] = []
        after_blank = False
        for start, line, ended in self._lines:
            content = line[self._indent :]
            if not content:
                breaks += [start + len(line)] if ended else []
                continue
            starts_blank = content[0] in " \t"
            if self._folded and last_break is not None and not after_blank and not starts_blank:
                self._put(" " if not breaks else "", last_break)
            else:
                self._put("\n" if last_break is not None else "", last_break or 0)
            for at in breaks:
                self._put("\n", at)
            for at, character in enumerate(content, start + self._indent):
                self._put(character, at)
            last_break = start + len(line) if ended else None
            breaks, after_blank = [], starts_blank
        if self._chomp != "-" and last_break is not None:
            self._put("\n", last_break)
        for at in breaks if self._chomp == "+" else []:
            self._put("\n", at)
        return "".join(self._out), self._found

    def _put(self, character: str, at: int) -> None:
        if character:
            self._out.append(character)
            self._found.append(at)


def _indent(lines: list[str]) -> int:
    """Return by how many spaces the first line that holds something else is set in."""
    for line in lines:
        if line.strip(" \r\n"):
            return len(line) - len(line.lstrip(" "))
    return 0
