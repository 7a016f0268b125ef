"""DuckDB over a lake: its settings, the events as relations, and its failures in zelo's words."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from zelo.adapters.columns import lake_schema
from zelo.adapters.files import CannotWrite, is_disk_full
from zelo.adapters.fitting import literal, quoted
from zelo.adapters.history import HistoryLimits
from zelo.adapters.history_lake import KindFiles
from zelo.adapters.stage import first_line
from zelo.base.errors import InvalidInput, Unavailable
from zelo.base.messages.message import N_
from zelo.events.types import Kind

BATCH_ROWS = 65_536
PARQUET = "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
_UNITS = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


class HistoryDatabase:
    """One database; what is more than memory holds is in a folder of its own. Both go away at the end."""

    def __init__(self, folder: Path, limits: HistoryLimits) -> None:
        self.folder = folder
        self.limits = limits
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            self.db = duckdb.connect(":memory:", config={"memory_limit": limits.memory})
        except duckdb.ParserException:
            raise InvalidInput(N_("`{text}` is no amount of memory as in `1GB`"), text=limits.memory) from None
        self.run(f"SET temp_directory = {literal(str(folder / 'spill'))}")
        self.run("SET TimeZone = 'UTC'")
        self.run("SET autoinstall_known_extensions = false")
        self.run(f"SET threads = {limits.threads or os.cpu_count() or 1}")

    def close(self) -> None:
        """Remove all that was computed on the way."""
        self.db.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, sql: str) -> list[Any]:
        """Run SQL and return all rows."""
        with self.told():
            return self.db.execute(sql).fetchall()

    @property
    def memory(self) -> int:
        """Return the bytes that it may use."""
        [[told]] = self.run("SELECT current_setting('memory_limit')")
        amount, unit = str(told).split()
        return int(float(amount) * _UNITS[unit])

    def table(self, sql: str) -> pa.Table:
        """Return what SQL gives."""
        with self.told():
            return self.db.sql(sql).to_arrow_table()

    def keep(self, name: str, rows: pa.Table) -> None:
        """Give rows in memory a name."""
        self.db.register(name, rows)

    def append(self, name: str, rows: pa.Table) -> None:
        """Add rows to a table, which is made with the first."""
        self.db.register("_rows", rows)
        self.run(f"CREATE TABLE IF NOT EXISTS {quoted(name)} AS SELECT * FROM _rows WHERE false")
        self.run(f"INSERT INTO {quoted(name)} SELECT * FROM _rows")
        self.db.unregister("_rows")

    def drop(self, name: str) -> None:
        """Remove a table, or a name of rows in memory, if there is one."""
        self.db.unregister(name)
        self.run(f"DROP TABLE IF EXISTS {quoted(name)}")

    def batches(self, sql: str, rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """Yield what SQL gives, a batch at a time."""
        with self.told():
            cursor = self.db.cursor()
            cursor.execute("SET TimeZone = 'UTC'")
            yield from cursor.sql(sql).to_arrow_reader(rows)

    def write(self, sql: str, path: Path) -> None:
        """Write what SQL gives to a Parquet file."""
        self.run(f"COPY ({sql}) TO {literal(str(path))} {PARQUET}")

    def relation(self, name: str, files: Sequence[Path]) -> None:
        """Give Parquet files of the same columns a name."""
        listed = ", ".join(literal(str(path)) for path in files)
        self.run(f"CREATE OR REPLACE VIEW {quoted(name)} AS SELECT * FROM read_parquet([{listed}])")

    def events(self, name: str, kind: Kind, found: KindFiles, until_key: int | None) -> None:
        """Give the events of a kind a name; columns that no file has are NULL."""
        schema = lake_schema(kind)
        self.db.register("_schema", schema.empty_table())
        types = {row[0]: row[1] for row in self.run("DESCRIBE SELECT * FROM _schema")}
        self.db.unregister("_schema")
        columns = [
            quoted(field.name)
            if field.name in found.columns
            else f"CAST(NULL AS {types[field.name]}) AS {quoted(field.name)}"
            for field in schema
        ]
        if not found.files:
            columns = [f"CAST(NULL AS {types[field.name]}) AS {quoted(field.name)}" for field in schema]
            self.run(f"CREATE VIEW {quoted(name)} AS SELECT {', '.join(columns)} WHERE false")
            return
        listed = ", ".join(literal(str(path)) for path in found.files)
        where = "" if until_key is None else f" WHERE order_key < {until_key}"
        by_name = str(not found.alike).lower()  # to look into every file takes long where there are thousands
        self.run(
            f"CREATE VIEW {quoted(name)} AS SELECT {', '.join(columns)} "
            f"FROM read_parquet([{listed}], union_by_name = {by_name}, hive_partitioning = false){where}"
        )

    @contextmanager
    def told(self) -> Iterator[None]:
        """Turn what DuckDB raises inside into zelo's errors, where they are foreseen."""
        try:
            yield
        except (duckdb.Error, RuntimeError) as error:
            if isinstance(error, duckdb.InterruptException) or str(error) == "Query interrupted":
                raise KeyboardInterrupt from None
            foreseen = self._foreseen(error)
            if foreseen is None:
                raise
            raise foreseen from error

    def _foreseen(self, error: Exception) -> Exception | None:
        if is_disk_full(error) or "max_temp_directory_size" in str(error):
            return CannotWrite(
                N_("the disk is full, nothing more can be written to {place}: free some space and run this again"),
                place=self.folder.parent,
            )
        if isinstance(error, duckdb.OutOfMemoryException):
            return Unavailable(
                N_("history needs more than {memory} of memory: raise the limit with --memory"),
                memory=self.limits.memory,
            )
        if isinstance(error, duckdb.IOException | duckdb.InvalidInputException) and "parquet" in str(error).lower():
            return InvalidInput(N_("the lake cannot be read: {reason}"), reason=first_line(error))
        return None
