"""A piece of text inside a pack file, with the place of each of its characters."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from zelo.base.source import Source, Span


@dataclass(frozen=True)
class Run:
    """A stretch of characters that stand side by side on one line of the file."""

    offset: int
    """Where the stretch starts in the decoded value, from 0."""
    line: int
    column: int
    """Place of its first character in the file, both from 1."""


@dataclass(frozen=True)
class Scalar:
    """The decoded text of a YAML scalar; maps offsets in it back to lines and columns of its file."""

    source: Source
    value: str
    runs: tuple[Run, ...] = field(repr=False)
    """Sorted by offset; the first starts at 0."""

    @staticmethod
    def plain(source: Source, value: str, line: int, column: int) -> Scalar:
        """Build a scalar that stands in the file as it is; lines after the first start at column 1."""
        count = value.count("\n") + 1
        return Scalar.from_lines(source, value, [(line, column), *((line + step, 1) for step in range(1, count))])

    @staticmethod
    def from_lines(source: Source, value: str, starts: Sequence[tuple[int, int]]) -> Scalar:
        """Build a block scalar from the (line, column) in the file of the start of each line of the value."""
        runs: list[Run] = []
        offset = 0
        for text, (line, column) in zip(value.split("\n"), starts, strict=False):
            runs.append(Run(offset, line, column))
            offset += len(text) + 1
        return Scalar(source, value, tuple(runs) or (Run(0, 1, 1),))

    def place(self, offset: int) -> tuple[int, int]:
        """Return the line and column in the file of a character of the value."""
        run = self.runs[max(bisect_right(self.runs, offset, key=lambda run: run.offset) - 1, 0)]
        return run.line, run.column + offset - run.offset

    def span(self, start: int, length: int = 1) -> Span:
        """Return the place of a stretch of the value; one over several lines is cut at the end of the first."""
        line, column = self.place(start)
        newline = self.value.find("\n", start, start + length)
        end = start + length if newline < 0 else newline
        last_line, last_column = self.place(max(end - 1, start))
        if last_line != line:  # a folded scalar: its line breaks are spaces in the value
            last_column = len(self.source.line(line).rstrip())
        return Span(self.source, line, column, max(last_column - column + 1, 1))
