"""Prepared columns: what SQL cannot say of an event, computed in Python and kept as a column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from zelo.adapters.fitting import literal
from zelo.adapters.history_database import HistoryDatabase
from zelo.events.types import BOOL, DOUBLE, STRING, TIMESTAMP, Kind, ListOf, MapOf, ObjectOf, Type
from zelo.policy import terms as t
from zelo.policy.to_python.batch import BatchTerms, compile_batch
from zelo.policy.to_python.plain import timestamp_us
from zelo.policy.to_sql.columns import EVENTS, Columns
from zelo.policy.to_sql.dialect import Expression, exactly, written
from zelo.policy.to_sql.queries import ORDER_KEY, named, selected, table
from zelo.policy.to_sql.sources import Sources

Tell = Callable[[int], None]


def arrow_of(kind: Type) -> pa.DataType:
    """Return how values of the language are kept; instants and lengths of time as microseconds."""
    if isinstance(kind, ListOf):
        return pa.list_(arrow_of(kind.item))
    if isinstance(kind, MapOf):
        return pa.map_(pa.string(), arrow_of(kind.value))
    scalars: dict[Type, pa.DataType] = {BOOL: pa.bool_(), DOUBLE: pa.float64(), STRING: pa.string()}
    return scalars.get(kind, pa.int64())


def prepare(
    database: HistoryDatabase,
    sources: Sources,
    kind: str,
    terms: Mapping[str, t.Term],
    lists: Mapping[str, object],
    paths: Mapping[str, Path],
    tell: Tell,
) -> None:
    """Write a file of order keys and values for each term, by the name of its column; events in the lake's order."""
    names = list(terms)
    made = compile_batch([terms[name] for name in names], lists)
    schemas = [pa.schema([("order_key", pa.int64()), (name, arrow_of(terms[name].type))]) for name in names]
    writers = [
        pq.ParquetWriter(paths[name], schema, compression="zstd") for name, schema in zip(names, schemas, strict=True)
    ]
    done = 0
    try:
        for batch in database.batches(written(fields_query(sources, kind, made.paths), sources.dialect)):
            found = _values(made, batch, sources.pack.kinds[kind])
            for place, (writer, schema) in enumerate(zip(writers, schemas, strict=True)):
                values = _array([row[place] for row in found.rows], schema.field(1).type)
                if found.places is not None:
                    values = values.take(found.places)
                writer.write_batch(pa.RecordBatch.from_arrays([batch.column(0), values], schema=schema))
            done += batch.num_rows
            tell(done)
    finally:
        for writer in writers:
            writer.close()


def fields_query(sources: Sources, kind: str, paths: Sequence[tuple[str, ...]]) -> Expression:
    """Return the query of some fields of a kind in the form of the language: `order_key`, `c0`, `c1` ..."""
    look = Columns(sources.pack.kinds[kind], sources.dialect)
    columns = [named(look.of(path), f"c{place}") for place, path in enumerate(paths)]
    return selected([exactly(ORDER_KEY, EVENTS), *columns], table(sources.events(kind), EVENTS))


def side_by_side(paths: Sequence[Path]) -> str:
    """Return SQL of files of the same events, each with a column, as one relation."""
    first, *rest = [f"read_parquet({literal(str(path))}) AS file_{number}" for number, path in enumerate(paths)]
    return f"SELECT * FROM {first}" + "".join(f" JOIN {other} USING (order_key)" for other in rest)


class _Found:
    """Values of terms by row, or by different value of the only field with the place of each row."""

    def __init__(self, rows: list[tuple[object, ...]], places: pa.Array | None) -> None:
        self.rows = rows
        self.places = places


def _values(made: BatchTerms, batch: pa.RecordBatch, kind: Kind) -> _Found:
    columns = [batch.column(place + 1) for place in range(len(made.paths))]
    if len(columns) == 1 and pa.types.is_string(columns[0].type):
        coded = columns[0].dictionary_encode("encode")
        return _Found(made.run([coded.dictionary.to_pylist()]), coded.indices)
    values = [column_values(column, kind, path) for column, path in zip(columns, made.paths, strict=True)]
    return _Found(made.run(values), None)


def column_values(column: pa.Array, kind: Kind, path: tuple[str, ...]) -> list[object]:
    """Return the values of a field as generated code wants them."""
    resolved = kind.resolve(path)
    convert = None if resolved is None else _converter(resolved[0])
    values: list[object] = column.to_pylist()
    return values if convert is None else [None if value is None else convert(value) for value in values]


def _converter(kind: Type) -> Callable[..., object] | None:
    """Return what makes a value of the language of what Arrow gives; None when it is one."""
    match kind:
        case ListOf():
            inner = _converter(kind.item)
            return None if inner is None else partial(_each, inner)
        case MapOf():
            inner = _converter(kind.value) or _same
            return lambda pairs: {key: inner(value) for key, value in pairs if value is not None}
        case ObjectOf():
            parts = [(name, _converter(entry.type) or _same) for name, entry in kind.fields]
            return lambda row: (
                row if not isinstance(row, dict) else {n: c(row[n]) for n, c in parts if row[n] is not None}
            )
        case _:
            return _instant if kind == TIMESTAMP else None


def _each(convert: Callable[..., object], items: Sequence[object]) -> list[object]:
    return [convert(item) for item in items]


def _instant(value: object) -> object:
    return timestamp_us(value) if isinstance(value, datetime) else value


def _same(value: object) -> object:
    return value


def _array(values: list[object], kind: pa.DataType) -> pa.Array:
    return pa.array(
        [list(v) if isinstance(v, tuple) else v for v in values] if pa.types.is_list(kind) else values, kind
    )
