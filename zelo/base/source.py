"""Pack text, places in it, and what is wrong there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True)
class Source:
    """One file of a pack: its path inside the pack (`policies/spam.yaml`) and its text."""

    path: str
    text: str = field(repr=False)

    @cached_property
    def _lines(self) -> list[str]:
        return self.text.split("\n")

    def line(self, number: int) -> str:
        """Return the text of a line, counted from 1; empty past the end."""
        return self._lines[number - 1].rstrip("\r") if 0 < number <= len(self._lines) else ""


@dataclass(frozen=True, order=True)
class Span:
    """A place in a source: line and column from 1, length in characters on that line."""

    source: Source = field(compare=False)
    line: int
    column: int
    length: int = 1


@dataclass(frozen=True)
class Diagnostic:
    """One thing wrong with a pack, as data: doors turn it into words in the reader's language."""

    code: str
    """Stable code, `Z101`; its text and hint stand in `zelo.base.messages`."""
    span: Span
    params: Mapping[str, str | int] = field(default_factory=dict)
    """Names, codes and numbers for the message; never words of a language."""
    related: tuple[Span, ...] = ()
    """Further places, in reading order (the hops of a cycle, the first definition)."""

    @property
    def is_error(self) -> bool:
        """Say whether the pack cannot be used; codes Zn5x to Zn9x are warnings."""
        return int(self.code[2]) < 5


class Report:
    """Collects diagnostics while a pack is read, so that every mistake is told at once."""

    def __init__(self) -> None:
        self._found: dict[tuple[object, ...], Diagnostic] = {}

    def add(self, code: str, span: Span, related: Iterable[Span] = (), **params: str | int) -> None:
        """Record one mistake; the same code at the same place is told once."""
        key = (code, span.source.path, span.line, span.column)
        self._found.setdefault(key, Diagnostic(code, span, params, tuple(related)))

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Return all that was found, by file and place."""
        order = sorted(self._found.values(), key=lambda d: (d.span.source.path, d.span.line, d.span.column, d.code))
        return tuple(order)

    @property
    def has_errors(self) -> bool:
        """Say whether anything found is more than a warning."""
        return any(d.is_error for d in self._found.values())
