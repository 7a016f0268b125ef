"""Shows a diagnostic to its author: place, message, the line, carets under the whole word, hint, related places."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from string import Formatter

from zelo.base.messages import MESSAGES
from zelo.base.source import Diagnostic, Span

Translate = Callable[[str], str]
"""Gives the words of the reader's language for an English text."""

LINE_WIDTH_MAX = 120
"""Characters of a source line that are shown; a longer line is cut around the place."""
PARAMETER_LENGTH_MAX = 80
"""Characters of a parameter that are shown; a longer one is cut."""


def render(diagnostic: Diagnostic, translate: Translate) -> str:
    """Return a diagnostic as text of several lines, without a line break at the end."""
    lines = [f"{_place(diagnostic.span)}: {diagnostic.code} {message(diagnostic, translate)}"]
    gutter = max(len(str(span.line)) for span in (diagnostic.span, *diagnostic.related))
    lines += _excerpt(diagnostic.span, gutter)
    if words := hint(diagnostic, translate):
        lines.append(f"{' ' * gutter} = {words}")
    for span in diagnostic.related:
        lines.append(f"{' ' * gutter}-> {_place(span)}")
        lines += _excerpt(span, gutter)
    return "\n".join(lines)


def message(diagnostic: Diagnostic, translate: Translate) -> str:
    """Return what is wrong, on one line, in the reader's language."""
    return _fill(translate(MESSAGES[diagnostic.code].text), diagnostic.params)


def hint(diagnostic: Diagnostic, translate: Translate) -> str | None:
    """Return what to do about it; None when there is no hint or a value it names is not known."""
    words = MESSAGES[diagnostic.code].hint
    if words is None or not placeholders(words) <= diagnostic.params.keys():
        return None
    return _fill(translate(words), diagnostic.params)


def placeholders(text: str) -> frozenset[str]:
    """Return the names between braces in a message."""
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name)


def _fill(text: str, params: Mapping[str, str | int]) -> str:
    return text.format(**{name: _shown(value) for name, value in params.items()})


def _shown(value: str | int) -> str:
    text = "".join(_visible(character) for character in str(value))
    return text if len(text) <= PARAMETER_LENGTH_MAX else text[: PARAMETER_LENGTH_MAX - 1] + "…"


def _place(span: Span) -> str:
    return f"{span.source.path}:{span.line}:{span.column}"


def _excerpt(span: Span, gutter: int) -> list[str]:
    """Return the span's line with a caret under each character of the span."""
    line = span.source.line(span.line)
    start = min(span.column - 1, len(line))
    end = min(start + max(span.length, 1), max(len(line), start + 1))
    first = max(0, min(start - LINE_WIDTH_MAX // 2, len(line) - LINE_WIDTH_MAX))
    last = first + LINE_WIDTH_MAX
    before = "…" if first else ""
    after = "…" if len(line) > last else ""
    end = min(end, max(last, start + 1))
    text = before + "".join(map(_visible, line[first:last])) + after
    pad = " " * (len(before) + _width(line[first:start]))
    carets = "^" * max(1, _width(line[start:end]))
    return [
        f"{' ' * gutter} |",
        f"{span.line:>{gutter}} | {text}".rstrip(),
        f"{' ' * gutter} | {pad}{carets}",
    ]


def _visible(character: str) -> str:
    """Return the character, or what stands for it when a terminal would act on it or hide it."""
    if character == "\t":
        return " "
    return (
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") else character
    )


def _width(text: str) -> int:
    """Return the terminal columns a text takes: none for combining marks, two for wide East Asian characters."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in ("W", "F") else 1 for c in text
    )
