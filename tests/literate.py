"""Reads the cases of a Markdown page: headings, fenced files or conditions, and what must be reported where."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.base_pack import CASE_INDENT, CASE_PATH, FILES, with_condition

Place = tuple[str, int, int, str]
"""Path, line, column and code of a diagnostic."""

HEADING = re.compile(r"^#{2,4} +(.+?)\s*$")
FENCE = re.compile(r"^```(\S*) *(.*?)\s*$")
ANNOUNCED = re.compile(r"(?:#|//) (error|warning): (\d+ Z\d{3}(?:, \d+ Z\d{3})*)\s*$")
EXPECTED = re.compile(r"^Expected: (\S+):(\d+):(\d+) (Z\d{3})$")
RELATED = re.compile(r"^Related: (\S+):(\d+):(\d+)$")
WITHOUT = re.compile(r"^Without: (\S+)$")


@dataclass(frozen=True)
class Case:
    """A pack with mistakes, and everything that must be said about it."""

    title: str
    line: int
    """Line of the page on which the case begins, for the reader of a failed test."""
    files: Mapping[str, bytes]
    expected: frozenset[Place]
    related: tuple[tuple[str, int, int], ...] = ()
    shown: tuple[tuple[str, str], ...] = ()
    """Language and exact rendered text."""
    backend: str | None = None
    """The SQL dialect in which the case's condition must be refused."""


@dataclass(frozen=True)
class Fence:
    """A fenced block: the word after the backticks, the rest of that line, and the lines inside."""

    word: str
    rest: str
    line: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """A heading, the lines below it, and the fences among them."""

    title: str
    line: int
    prose: tuple[str, ...]
    fences: tuple[Fence, ...]


def sections(page: Path) -> Iterator[Section]:
    """Yield the sections of a page in order; text before the first heading is none."""
    title, start = "", 0
    prose: list[str] = []
    fences: list[Fence] = []
    lines = iter(enumerate(page.read_text(encoding="utf-8").splitlines(), 1))
    for number, line in lines:
        if match := FENCE.match(line):
            inside = []
            for _, below in lines:
                if below.startswith("```"):
                    break
                inside.append(below)
            fences.append(Fence(match[1], match[2], number, tuple(inside)))
        elif match := HEADING.match(line):
            if title:
                yield Section(title, start, tuple(prose), tuple(fences))
            title, start, prose, fences = match[1], number, [], []
        else:
            prose.append(line)
    if title:
        yield Section(title, start, tuple(prose), tuple(fences))


def cases(page: Path) -> Iterator[Case]:
    """Yield every case of a page: one for each condition, one for all files of a section together."""
    for section in sections(page):
        for fence in section.fences:
            if fence.word == "cel":
                yield _condition_case(section, fence)
        if any("file=" in fence.rest for fence in section.fences):
            yield _files_case(section)


def announced(path: str, lines: tuple[str, ...]) -> Iterator[Place]:
    """Yield the places that the comments at the ends of lines announce."""
    for number, line in enumerate(lines, 1):
        if match := ANNOUNCED.search(line):
            for part in match[2].split(", "):
                column, code = part.split(" ")
                if (int(code[2]) >= 5) != (match[1] == "warning"):
                    raise ValueError(f"{path}:{number}: {code} is announced as the wrong one of error and warning")
                yield path, number, int(column), code


def _condition_case(section: Section, fence: Fence) -> Case:
    words = dict(part.split("=", 1) for part in fence.rest.split() if "=" in part)
    files, before = with_condition("\n".join(fence.lines), words.get("on", "listing.created"))
    places = announced(CASE_PATH, fence.lines)
    expected = frozenset((path, line + before, column + CASE_INDENT, code) for path, line, column, code in places)
    return Case(section.title, fence.line, files, expected, backend=words.get("backend"))


def _files_case(section: Section) -> Case:
    files: dict[str, bytes] = dict(FILES)
    expected: set[Place] = set()
    shown = []
    for fence in section.fences:
        words = fence.rest.split()
        text = "".join(line + "\n" for line in fence.lines)
        if fence.word == "shown":
            shown.append((words[0] if words else "en", text.rstrip("\n")))
        for word in words:
            if word.startswith("file="):
                path = word.removeprefix("file=")
                files[path] = _unescaped(text) if "escaped" in words else text.encode()
                expected |= set(announced(path, fence.lines))
    for line in section.prose:
        if match := EXPECTED.match(line):
            expected.add((match[1], int(match[2]), int(match[3]), match[4]))
        elif match := WITHOUT.match(line):
            del files[match[1]]
    related = tuple((m[1], int(m[2]), int(m[3])) for line in section.prose if (m := RELATED.match(line)))
    return Case(section.title, section.line, files, frozenset(expected), related, tuple(shown))


def _unescaped(text: str) -> bytes:
    decoded, _ = codecs.escape_decode(text.encode())  # type: ignore[attr-defined]  # undocumented, and exactly this
    return bytes(decoded)
