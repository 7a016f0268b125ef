"""A folder of tables (Parquet, CSV, JSON) made into events by a pack's `sources/*.sql`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb
import msgspec

from zelo.adapters.dead_letters import DeadLetters
from zelo.adapters.fitting import literal, quoted
from zelo.adapters.mapping_text import first_mistake, without_end
from zelo.adapters.mappings import Mapped
from zelo.adapters.stage import Clock, Progress, Stage, first_line
from zelo.adapters.text_tables import load_csv, load_json
from zelo.base.errors import InvalidInput
from zelo.base.messages.message import N_

_TEXT = (".csv", ".tsv", ".json", ".jsonl", ".ndjson")
SUFFIXES = (".parquet", *_TEXT, *(f"{suffix}.gz" for suffix in _TEXT))


def find_tables(source: Path) -> Mapping[str, Path]:
    """Return the tables of a folder by name (the file's stem, or a folder of Parquet files); or the one of a file."""
    found: dict[str, Path] = {}
    entries = sorted(source.iterdir()) if source.is_dir() else [source]
    for path in entries:
        name = _table_name(path)
        if name is None:
            continue
        if name in found:
            raise InvalidInput(
                N_("{first} and {second} would both be the table `{name}`: move one away"),
                first=found[name].name,
                second=path.name,
                name=name,
            )
        found[name] = path
    return found


def _table_name(path: Path) -> str | None:
    if path.is_dir():
        return path.name if any(path.glob("*.parquet")) else None
    ending = next((suffix for suffix in sorted(SUFFIXES, key=len, reverse=True) if path.name.endswith(suffix)), None)
    return None if ending is None else path.name[: -len(ending)]


def stage_tables(
    stage: Stage, source: Path, mappings: Mapping[str, str], clock: Clock, letters: DeadLetters, progress: Progress
) -> int:
    """Stage what the mappings make of the tables; return how many rows were read, dead letters among them."""
    tables = find_tables(source)
    wanted = {name: _statement(name, sql) for name, sql in mappings.items()}
    rows = 0
    readable: list[Path] = []
    for table in sorted({table for sql in wanted.values() for table in _tables_of(stage, sql, tables)}):
        progress(N_("reading tables"), 0, 0)
        rows += _load(stage, table, tables[table], letters, readable)
    stage.lock(readable)
    for number, (name, sql) in enumerate(wanted.items()):
        progress(N_("running the pack's SQL"), number, len(wanted))
        rows += Mapped(stage, f"sources/{name}.sql", clock).take(sql, tuple(tables), letters)
    return rows


def _statement(name: str, sql: str) -> str:
    """Return the one SELECT of a mapping without the sign that ends it; raise InvalidInput when it is anything else."""
    wrong = first_mistake(sql)
    if wrong is not None and not wrong.reason:
        raise InvalidInput(N_("{mapping} must be one SELECT and nothing else"), mapping=f"sources/{name}.sql")
    if wrong is not None:
        raise InvalidInput(
            N_("{mapping} cannot be run: {reason}"), mapping=f"sources/{name}.sql:{wrong.line}", reason=wrong.reason
        )
    return without_end(sql)


def _tables_of(stage: Stage, sql: str, tables: Mapping[str, Path]) -> set[str]:
    """Return the tables that a mapping may read: all that it names; SQL makes no difference between `X` and `x`."""
    [(text,)] = stage.db.execute("SELECT json_serialize_sql(?)", [sql]).fetchall()
    tree = msgspec.json.decode(text)
    if tree["error"]:
        return {name for name in tables if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", sql, re.IGNORECASE)}
    named = {name.lower() for name in _named(tree)}
    return {name for name in tables if name.lower() in named}


def _named(tree: object) -> Iterator[str]:
    """Yield the names of all tables in a statement that DuckDB wrote as JSON."""
    for inner in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from _named(inner)
    if isinstance(tree, dict) and tree.get("type") == "BASE_TABLE":
        yield tree["table_name"]


def _load(stage: Stage, name: str, path: Path, letters: DeadLetters, readable: list[Path]) -> int:
    """
    Make a table of the database out of a file; return how many of its rows could not be read.

    Parquet is read where it is, and added to `readable`.
    """
    table = quoted(name)
    kind = path.name.lower().removesuffix(".gz")
    try:
        if path.is_dir() or kind.endswith(".parquet"):
            files = [file.resolve() for file in (sorted(path.glob("*.parquet")) if path.is_dir() else [path])]
            readable += files
            places = ", ".join(literal(str(file)) for file in files)
            stage.run(f"CREATE VIEW {table} AS SELECT * FROM read_parquet([{places}])")
            return 0
        return (load_csv if kind.endswith((".csv", ".tsv")) else load_json)(stage, table, path, letters)
    except duckdb.Error as error:
        raise InvalidInput(N_("{file} cannot be read: {reason}"), file=path.name, reason=first_line(error)) from error
