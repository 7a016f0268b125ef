"""Feature columns over a lake: by windows in SQL, and by the state of the online engine where windows must be cut."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from zelo.adapters.history_database import HistoryDatabase
from zelo.adapters.history_prepared import arrow_of
from zelo.features.plan import plan
from zelo.features.spec import FeatureSpec
from zelo.policy.to_sql.columns import feature_column
from zelo.policy.to_sql.dialect import written
from zelo.policy.to_sql.gather import Family, gathered
from zelo.policy.to_sql.sources import Sources
from zelo.policy.to_sql.windows import WindowWriter, may_be_cut, most_in_windows

DIALECT = "duckdb"
Paths = Mapping[str, Path]
"""Kind of event to the file with its rows."""


def compute_family(database: HistoryDatabase, sources: Sources, family: Family, paths: Paths) -> None:
    """Write the features of a family: a file for each kind whose rules read them."""
    database.run(f"CREATE OR REPLACE TABLE gathered AS {written(gathered(sources, family), DIALECT)}")
    cut = too_many(database, family)
    kept = replace(family, specs=tuple(spec for spec in family.specs if spec not in cut))
    select = None
    if kept.specs:
        columns = _columns(sources, family, kept)
        select = written(columns.query(), DIALECT)
        database.run(f"CREATE OR REPLACE TABLE windows AS {select}")
    database.run("DROP TABLE gathered")
    for spec in cut:
        _by_state(database, sources, replace(family, specs=(spec,), raw=True), spec)
    for kind, path in paths.items():
        _write(database, sources.number(kind), cut, windows=select is not None, path=path)
    for name in ["windows", *(f"cut_{spec.name}" for spec in cut)]:
        database.run(f'DROP TABLE IF EXISTS "{name}"')


def _columns(sources: Sources, family: Family, kept: Family) -> WindowWriter:
    """Return the writer of some features of a family over rows that were gathered for all of it."""
    every = frozenset(signal for signal in family.signals if family.every_row(sources.pack, signal))
    numbers = [sources.number(kind) for kind in family.readers]
    return WindowWriter(DIALECT, family, numbers, every, wanted=kept.specs)


def _write(database: HistoryDatabase, number: int, cut: Sequence[FeatureSpec], *, windows: bool, path: Path) -> None:
    """Put the features of a kind, from wherever they were computed, into one file by order key."""
    tables = [*(["windows"] if windows else []), *(f"cut_{spec.name}" for spec in cut)]
    first, rest = tables[0], tables[1:]
    joins = "".join(f' JOIN "{name}" USING (kind, order_key)' for name in rest)
    database.write(f'SELECT * EXCLUDE (kind) FROM "{first}"{joins} WHERE kind = {number} ORDER BY order_key', path)


def too_many(database: HistoryDatabase, family: Family) -> tuple[FeatureSpec, ...]:
    """Return the features that have more than `at_most` events in a window, perhaps, of the rows just gathered."""
    specs = may_be_cut(family)
    if not specs:
        return ()
    for exactly in (False, True):
        [counts] = database.run(written(most_in_windows(family, DIALECT, exactly_=exactly), DIALECT))
        if all((count or 0) <= spec.at_most for count, spec in zip(counts, specs, strict=True)):
            return ()
    return tuple(spec for count, spec in zip(counts, specs, strict=True) if (count or 0) > spec.at_most)


def _by_state(database: HistoryDatabase, sources: Sources, family: Family, spec: FeatureSpec) -> None:
    """Fold the events one after another, as the online engine does; leave the table `cut_NAME`."""
    database.run(f"CREATE OR REPLACE TABLE gathered AS {written(gathered(sources, family), DIALECT)}")
    (group,) = plan([spec])
    kind_type, value_type = pa.int64(), arrow_of(spec.result_type)
    schema = pa.schema([("kind", kind_type), ("order_key", pa.int64()), (feature_column(spec.name), value_type)])
    path = database.folder / f"cut_{spec.name}.parquet"
    numbers = frozenset(sources.number(kind) for kind in family.readers)
    with pq.ParquetWriter(path, schema) as writer:
        for batch in database.batches("SELECT * FROM gathered ORDER BY order_key"):
            rows = _fold(batch, group.read1, group.read_observe1, numbers)
            if rows:
                arrays = [
                    pa.array(cells, field.type) for cells, field in zip(zip(*rows, strict=True), schema, strict=True)
                ]
                writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
                group.sweep(rows[-1][1], len(rows))
    database.run(f"CREATE OR REPLACE TABLE \"cut_{spec.name}\" AS SELECT * FROM read_parquet('{path}')")
    path.unlink()


def _fold(
    batch: pa.RecordBatch,
    read: Callable[..., object],
    both: Callable[..., object],
    numbers: frozenset[int],
) -> list[tuple[int, int, object]]:
    columns = [column.to_pylist() for column in batch.columns]
    kinds, order_keys, signals = columns[0], columns[1], columns[-1]
    parts = columns[2:-1]
    keys = parts[0] if len(parts) == 1 else list(zip(*parts, strict=True))
    found: list[tuple[int, int, object]] = []
    for kind, order_key, key, signal in zip(kinds, order_keys, keys, signals, strict=True):
        value = read(key, order_key) if signal is None else both(key, order_key, signal)
        if kind in numbers:
            found.append((kind, order_key, value))
    return found
