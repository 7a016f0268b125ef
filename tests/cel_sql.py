"""A function's SQL template on DuckDB, over a table of arguments."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from zelo.events.types import BOOL, DOUBLE, DURATION, INT, STRING, TIMESTAMP, ListOf, MapOf, Type
from zelo.policy.functions.arithmetic import FINITE, needs_finite
from zelo.policy.functions.registry import Function

_COLUMNS = {
    BOOL: pa.bool_(),
    INT: pa.int64(),
    DOUBLE: pa.float64(),
    STRING: pa.string(),
    TIMESTAMP: pa.int64(),
    DURATION: pa.int64(),
}


def column(type_: Type) -> pa.DataType:
    """Return how values of a type are kept; times and lengths of time as microseconds."""
    if isinstance(type_, ListOf):
        return pa.list_(column(type_.item))
    if isinstance(type_, MapOf):
        return pa.map_(pa.string(), column(type_.value))
    return _COLUMNS[type_]


def filled(function: Function, dialect: str, arguments: Sequence[str]) -> str:
    """Return the template with its arguments in parentheses; doubles are made finite at the end."""
    expression = function.sql[dialect].format(*(f"({argument})" for argument in arguments))
    return FINITE[dialect].format(f"({expression})") if needs_finite(function) else f"({expression})"


def on_duckdb(
    connection: duckdb.DuckDBPyConnection, function: Function, takes: Sequence[Type], rows: Sequence[Sequence[object]]
) -> list[object]:
    """Return what DuckDB makes of a function on many rows of arguments."""
    names = [f"a{place}" for place in range(len(takes))]
    columns = [pa.array([_stored(row[place]) for row in rows], column(type_)) for place, type_ in enumerate(takes)]
    table = pa.table([pa.array(range(len(rows)), pa.int64()), *columns], names=["row", *names])
    connection.register("arguments", table)
    found = connection.execute(f"SELECT {filled(function, 'duckdb', names)} FROM arguments ORDER BY row").fetchall()
    connection.unregister("arguments")
    return [_loaded(value) for (value,) in found]


def _stored(value: object) -> object:
    if isinstance(value, dict):
        return list(value.items())
    return list(value) if isinstance(value, tuple) else value


def _loaded(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
