"""A folder of tables (Parquet, CSV, JSON) made into events by a pack's `sources/*.sql`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb

from zelo.adapters.dead_letters import DeadLetters
from zelo.adapters.fitting import literal, quoted
from zelo.adapters.mappings import Mapped
from zelo.adapters.stage import Clock, Progress, Stage, first_line, mapping_error
from zelo.base.errors import InvalidInput
from zelo.base.messages.message import N_

SUFFIXES = (".parquet", ".csv", ".csv.gz", ".tsv", ".tsv.gz", ".json", ".json.gz", ".jsonl", ".jsonl.gz", ".ndjson")


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
    for table in sorted({table for sql in wanted.values() for table in _tables_of(stage, sql, tables)}):
        progress(N_("reading tables"), 0, 0)
        rows += _load(stage, table, tables[table], letters)
    stage.lock(source.resolve() if source.is_dir() else source.resolve().parent)
    for number, (name, sql) in enumerate(wanted.items()):
        progress(N_("running the pack's SQL"), number, len(wanted))
        rows += Mapped(stage, f"sources/{name}.sql", clock).take(sql, tuple(tables), letters)
    return rows


def _statement(name: str, sql: str) -> str:
    """Return the one SELECT of a mapping; raise InvalidInput when it is anything else."""
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise mapping_error(f"sources/{name}.sql", error) from error
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise InvalidInput(N_("{mapping} must be one SELECT and nothing else"), mapping=f"sources/{name}.sql")
    return statements[0].query.strip().rstrip(";")


def _tables_of(stage: Stage, sql: str, tables: Mapping[str, Path]) -> set[str]:
    """Return the tables that a mapping reads; all, when that shows only once they are there, as with `USING`."""
    try:
        return set(stage.db.get_table_names(sql)) & tables.keys()
    except duckdb.Error:
        return set(tables)


def _load(stage: Stage, name: str, path: Path, letters: DeadLetters) -> int:
    """Make a table of the database out of a file; return how many of its rows could not be read."""
    place, table = literal(str(path.resolve())), quoted(name)
    kind = path.name.lower().removesuffix(".gz")
    try:
        if path.is_dir() or kind.endswith(".parquet"):
            files = f"{place[:-1]}/*.parquet'" if path.is_dir() else place
            stage.run(f"CREATE VIEW {table} AS SELECT * FROM read_parquet({files})")
            return 0
        if kind.endswith((".csv", ".tsv")):
            return _load_text(stage, table, path, letters)
        read = "read_ndjson" if kind.endswith((".jsonl", ".ndjson")) else "read_json"
        stage.run(f"CREATE TABLE {table} AS SELECT * FROM {read}({place}, sample_size = -1)")
        return 0
    except duckdb.Error as error:
        raise InvalidInput(N_("{file} cannot be read: {reason}"), file=path.name, reason=first_line(error)) from error


def _load_text(stage: Stage, table: str, path: Path, letters: DeadLetters) -> int:
    """Load a CSV file, all columns as text so that no value depends on its neighbors; bad lines are dead letters."""
    place = literal(str(path.resolve()))
    options = "all_varchar = true, header = true, store_rejects = true, rejects_limit = 0"
    rejects = "rejects_table = 'bad_lines', rejects_scan = 'bad_scans'"
    stage.run("DROP TABLE IF EXISTS bad_lines")
    stage.run("DROP TABLE IF EXISTS bad_scans")
    stage.run(f"CREATE TABLE {table} AS SELECT * FROM read_csv({place}, {options}, {rejects})")
    found = stage.run("""
        SELECT line, any_value(csv_line), any_value(CAST(error_type AS VARCHAR)) FROM bad_lines GROUP BY 1 ORDER BY 1
    """)
    for line, text, reason in found:
        params = {"found": str(reason).lower().replace(" ", "_")}
        letters.add("bad_row", params, file=path.name, row=line, raw=text or "")
    return len(found)
