"""Event columns as Arrow knows them: the type of each, and the way between Arrow values and Python's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa

from zelo.events.rows import columns
from zelo.events.types import BOOL, DOUBLE, DURATION, INT, STRING, TIMESTAMP, Kind, ListOf, MapOf, ObjectOf, Type

INSTANT = pa.timestamp("us", tz="UTC")
_SCALARS: dict[Type, pa.DataType] = {
    BOOL: pa.bool_(),
    INT: pa.int64(),
    DOUBLE: pa.float64(),
    STRING: pa.string(),
    TIMESTAMP: INSTANT,
    DURATION: pa.int64(),  # microseconds: Parquet has no type for durations
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def arrow_type(kind: Type) -> pa.DataType:
    """Return the Arrow type of a field's column."""
    match kind:
        case ListOf():
            return pa.list_(arrow_type(kind.item))
        case MapOf():
            return pa.map_(pa.string(), arrow_type(kind.value))
        case ObjectOf():
            return pa.struct([(name, arrow_type(field.type)) for name, field in kind.fields])
        case _:
            return _SCALARS[kind]


def lake_schema(kind: Kind) -> pa.Schema:
    """Return the columns of a kind in the lake: the envelope and the order key, then the fields."""
    envelope = [
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("occurred_at", INSTANT, nullable=False),
        pa.field("effective_at", INSTANT, nullable=False),
        pa.field("order_key", pa.int64(), nullable=False),
    ]
    return pa.schema([*envelope, *(pa.field(column.name, arrow_type(column.type)) for column in columns(kind))])


def python_values(values: pa.Array) -> list[object]:
    """Return a column's values; datetimes in UTC for instants."""
    if pa.types.is_timestamp(values.type):  # Arrow's own conversion takes five times as long
        return [
            None if us is None else _EPOCH + timedelta(0, 0, us)
            for us in values.cast(INSTANT).cast(pa.int64()).to_pylist()
        ]
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    return values.to_pylist()


def fitted(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return the batch with exactly the schema's columns and types; whole numbers of microseconds become instants."""
    return pa.RecordBatch.from_arrays([_cast(batch.column(field.name), field.type) for field in schema], schema=schema)


def _cast(values: pa.Array, wanted: pa.DataType) -> pa.Array:
    return values if values.type == wanted else values.cast(wanted)
