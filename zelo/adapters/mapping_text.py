"""The text of a pack's `sources/*.sql`: exactly one SELECT in DuckDB's SQL, or where it is not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from zelo.base.source import Report, Source, Span
from zelo.policy.load_pack import is_pack_file


@dataclass(frozen=True)
class Mistake:
    """What is wrong with a mapping, and where: line and column from 1."""

    line: int
    column: int
    reason: str
    """As DuckDB says it; empty when it is SQL, but not one SELECT."""


def first_mistake(sql: str) -> Mistake | None:
    """Return why a text is not exactly one SELECT; None when it is."""
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        line, column = _place(str(error), sql)
        return Mistake(line, column, str(error).strip().split("\n")[0])
    for number, statement in enumerate(statements):
        if number or statement.type != duckdb.StatementType.SELECT:
            before = "".join(earlier.query for earlier in statements[:number])
            start = sql.find(statement.query, len(before))
            return _at(sql, max(start, 0))
    return None if statements else Mistake(1, 1, "")


def without_end(sql: str) -> str:
    """Return a statement without the `;` at its end, which comments may follow."""
    data = sql.encode()  # DuckDB counts bytes
    for start, kind in duckdb.tokenize(sql):
        if kind == duckdb.token_type.operator and data[start : start + 1] == b";":
            return data[:start].decode()
    return sql


def check_mappings(files: Mapping[str, bytes], report: Report) -> None:
    """Report each mapping of a pack that cannot be run, whatever the tables are."""
    for path, content in files.items():
        if path.startswith("sources/") and is_pack_file(path):
            try:
                sql = content.decode("utf-8-sig").replace("\r\n", "\n")
            except UnicodeDecodeError:  # told already where the pack is read
                continue
            wrong = first_mistake(sql)
            if wrong is not None:
                place = Span(Source(path, sql), wrong.line, wrong.column)
                report.add("Z445", place, reason=wrong.reason) if wrong.reason else report.add("Z446", place)


def _at(sql: str, offset: int) -> Mistake:
    before = sql[:offset]
    return Mistake(before.count("\n") + 1, offset - before.rfind("\n"), "")


def _place(told: str, sql: str) -> tuple[int, int]:
    """Return the line and column in what DuckDB says; it draws the line, cut when it is long, and a sign below."""
    found = re.search(r"^(LINE (\d+): )(.*)\n( *)\^", told, re.MULTILINE)
    if not found:
        return 1, 1
    number, column = int(found[2]), len(found[4]) - len(found[1])
    shown, line = found[3], [*sql.split("\n"), ""][number - 1]
    if shown.startswith("..."):
        column += line.find(shown.removeprefix("...").removesuffix("...")) - len("...")
    return number, max(column + 1, 1)
