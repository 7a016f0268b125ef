"""Reads the tables of `docs/text.md`: the rows under a heading, escapes like `\\u200b` undone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.places import REPOSITORY

PAGE = REPOSITORY / "docs" / "text.md"
_ESCAPE = re.compile(r"\\(u[0-9a-f]{4}|U[0-9a-f]{8}|x[0-9a-f]{2}|n|t|\|)")


def shown(cell: str) -> str:
    """Return the text a cell stands for: without its backticks, escapes undone."""
    bare = cell[1:-1] if cell.startswith("`") else cell
    return _ESCAPE.sub(lambda match: _character(match[1]), bare)


def _character(escape: str) -> str:
    plain = {"n": "\n", "t": "\t", "|": "|"}
    return plain[escape] if escape in plain else chr(int(escape[1:], 16))


def rows(heading: str) -> Iterator[tuple[str, ...]]:
    """Yield the cells of each row of the first table under a heading."""
    inside = False
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            inside = line.lstrip("# ") == heading
        elif inside and line.startswith("| "):
            cells = re.split(r"(?<!\\) *\| *", line)[1:-1]
            if cells[0] not in ("entry", "text") and not cells[0].startswith("--"):
                yield tuple(map(shown, cells))
