"""
Feature columns over a lake by arrays: several times faster than windows in SQL, and equal to them.

Rows are read in as many parts as memory wants, each with all rows of its keys. What arrays cannot do is left to SQL:
keys and values of other types, numbers that are no numbers, sums that might leave 64 bits, and a key that is too
large by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zelo.adapters.history_database import HistoryDatabase
from zelo.events.types import DOUBLE
from zelo.features.arrays import KEYS_MAX, ByKey, Counted, Numbers, Stretch, Values, largest, smallest, sums
from zelo.features.spec import COUNTER_BITS, FeatureSpec
from zelo.policy.to_sql.columns import feature_column
from zelo.policy.to_sql.dialect import written
from zelo.policy.to_sql.gather import MICRO, Family, Signal, gathered
from zelo.policy.to_sql.sources import Sources

ARRAYS = True
"""Whether arrays are used where they can be; tests compare with windows in SQL."""
BYTES_A_ROW = 300
"""What a row needs at most, in Arrow and in arrays."""
SHARE = 3
"""Where rows are staged in parts, one part of this many of the memory is for arrays."""
_UNEVEN = 2
"""A part may be so many times as large as parts are on average wanted to be."""
Paths = Mapping[str, Path]


class Unfit(Exception):
    """Arrays cannot do it."""


def compute_in_arrays(database: HistoryDatabase, sources: Sources, family: Family, paths: Paths, rows: int) -> bool:
    """Write the features of a family of about so many rows; False: SQL has to, nothing is left."""
    if not ARRAYS:
        return False
    at_once = rows * BYTES_A_ROW <= database.memory
    numbers = [sources.number(kind) for kind in family.readers]
    query = written(gathered(sources, family), "duckdb")
    try:
        if at_once:
            database.keep("windows", features_of_rows(family, numbers, database.table(query)))
        elif not _in_parts(database, family, numbers, query, rows):
            return False
        order = "" if at_once else " ORDER BY order_key"
        for kind, path in paths.items():
            where = f"kind = {sources.number(kind)}"
            database.write(f"SELECT * EXCLUDE (kind) FROM windows WHERE {where}{order}", path)
        return True
    except Unfit:
        return False
    finally:
        database.drop("windows")
        database.drop("gathered")


def _in_parts(database: HistoryDatabase, family: Family, numbers: list[int], query: str, rows: int) -> bool:
    """Leave the table `windows`, made from parts that hold some keys each; False when a part is too large."""
    most = max(database.memory // SHARE // BYTES_A_ROW, 1)
    parts = rows // most + 1
    keys = ", ".join(family.keys)
    database.run(f"CREATE OR REPLACE TABLE gathered AS SELECT *, hash({keys}) % {parts} AS part FROM ({query})")
    [[most_found]] = database.run("SELECT max(n) FROM (SELECT count(*) AS n FROM gathered GROUP BY part)")
    if not most_found or most_found > _UNEVEN * most:
        return False
    for part in range(parts):
        found = database.table(f"SELECT * EXCLUDE (part) FROM gathered WHERE part = {part}")
        if len(found):
            database.append("windows", features_of_rows(family, numbers, found))
    return True


def features_of_rows(family: Family, numbers: list[int], rows: pa.Table) -> pa.Table:
    """Return `kind`, `order_key` and the features, by order key, of the gathered rows of some kinds; raise Unfit."""
    if not len(rows):
        raise Unfit
    order_keys, kinds = _whole(rows["order_key"]), _whole(rows["kind"])
    keys = _numbered(rows, family.keys)
    order = None
    if len(order_keys) > 1 and (order_keys[1:] < order_keys[:-1]).any():
        order = np.argsort(order_keys, kind="stable")
        order_keys, kinds, keys = order_keys[order], kinds[order], keys[order]
    read = np.isin(kinds, numbers)
    writer = _Writer(family, rows, ByKey(order_keys, keys), order, read)
    columns = {"kind": pa.array(kinds[read]), "order_key": pa.array(order_keys[read])}
    columns |= {feature_column(spec.name): writer.feature(spec) for spec in family.specs}
    return pa.table(columns)


class _Writer:
    """Writes the features of rows."""

    def __init__(self, family: Family, rows: pa.Table, by_key: ByKey, order: Numbers | None, read: np.ndarray) -> None:
        self.family, self.rows, self.by_key, self.order, self.read = family, rows, by_key, order, read
        self.asked = read[by_key.places]
        """Which rows by key are of kinds whose rules read."""
        self.all_asked = bool(read.all())
        self._counted: dict[Signal, Counted] = {}

    def feature(self, spec: FeatureSpec) -> pa.Array:
        """Return a feature of the rows that are read, in their order."""
        counted = self._counts(self.family.signal(spec))
        whole = counted.stretch(spec.reach, including_current=spec.including_current)
        stretch = self._of_asked(whole)
        if spec.reach is not None or spec.aggregate == "distinct":
            stretch = stretch.latest(spec.at_most)
        some = stretch.count > 0
        match spec.aggregate:
            case "count":
                return self._array(stretch.count)
            case "exists":
                return self._array(some)
            case "seconds_since":
                return self._array(self._seconds_since(counted, stretch, some), some)
            case "sum" | "avg":
                return self._total(spec, counted, stretch, some)
            case "min":
                return self._array(smallest(stretch, self._values(spec, counted)), some)
            case "max":
                return self._array(largest(stretch, self._values(spec, counted)), some)
            case "distinct":
                return self._array(self._different(spec, counted, whole.latest(spec.at_most)))
            case "first":
                return self._taken(spec, counted, stretch.start, some)
            case "last":
                return self._taken(spec, counted, stretch.end - 1, some)
        raise AssertionError(spec.aggregate)

    def _counts(self, signal: Signal) -> Counted:
        if signal not in self._counted:
            column = self._column(signal)
            there = self._ordered(_plain(pc.is_valid(column))) if column.null_count else None
            self._counted[signal] = Counted(self.by_key, there)
        return self._counted[signal]

    def _column(self, signal: Signal) -> pa.ChunkedArray:
        return self.rows[f"s{self.family.signals.index(signal)}"]

    def _ordered(self, values: Values) -> Values:
        return values if self.order is None else values[self.order]

    def _of_asked(self, stretch: Stretch) -> Stretch:
        return stretch if self.all_asked else Stretch(stretch.start[self.asked], stretch.end[self.asked])

    def _values(self, spec: FeatureSpec, counted: Counted) -> Values:
        """Return the values of the counted rows."""
        column = self._column(self.family.signal(spec))
        if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
            raise Unfit
        values = _plain(pc.fill_null(column, pa.scalar(0, column.type)))
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise Unfit
        return self._ordered(values)[counted.places]

    def _total(self, spec: FeatureSpec, counted: Counted, stretch: Stretch, some: np.ndarray) -> pa.Array:
        total = sums(stretch, self._values(spec, counted))
        if total is None:
            raise Unfit
        whole: Values = total
        if self.family.signal(spec).form == MICRO or spec.value_type == DOUBLE:
            whole = total.astype(np.float64) / 1e6
        if spec.aggregate == "sum":
            return self._array(whole)
        return self._array(whole.astype(np.float64) / np.maximum(stretch.count, 1).astype(np.float64), some)

    def _seconds_since(self, counted: Counted, stretch: Stretch, some: np.ndarray) -> Numbers:
        ms = self.by_key.order_keys >> COUNTER_BITS
        own = ms[self.by_key.places if self.all_asked else self.by_key.places[self.asked]]
        latest = np.zeros(len(own), np.int64)
        latest[some] = ms[counted.places[stretch.end[some] - 1]]
        return (own - latest) // 1000

    def _different(self, spec: FeatureSpec, counted: Counted, whole: Stretch) -> Numbers:
        coded = self._ordered(_coded(self._column(self.family.signal(spec)))[0])[counted.places]
        found = counted.different(whole, coded, spec.reach, spec.at_most)
        return found if self.all_asked else found[self.asked]

    def _taken(self, spec: FeatureSpec, counted: Counted, at: Numbers, some: np.ndarray) -> pa.Array:
        """Return the values of counted rows."""
        rows = np.zeros(len(at), np.int64)
        rows[some] = counted.places[at[some]]
        if self.order is not None:
            rows = self.order[rows]
        column = self._column(self.family.signal(spec))
        places = self._array(rows, some)
        return column.take(places).combine_chunks() if len(column) else places.cast(column.type)

    def _array(self, values: Values, some: np.ndarray | None = None) -> pa.Array:
        """Return values of the asked rows by key as values of these rows in their order."""
        found = self._in_order(values)
        return pa.array(found) if some is None else pa.array(found, mask=~self._in_order(some))

    def _in_order(self, values: Values) -> Values:
        found = np.empty(len(self.read), values.dtype)
        found[self.by_key.places if self.all_asked else self.by_key.places[self.asked]] = values
        return found if self.all_asked else found[self.read]


def _numbered(rows: pa.Table, names: tuple[str, ...]) -> Numbers:
    """Return a number for the key of each row; raise Unfit for keys that are no texts or whole numbers."""
    found: Numbers = np.zeros(len(rows), np.int64)
    for name in names:
        codes, count = _coded(rows[name], nulls=False)
        if len(found) and (int(found.max()) + 1) * (count + 1) >= KEYS_MAX:
            found = np.unique(found, return_inverse=True)[1]
        if len(found) and (int(found.max()) + 1) * (count + 1) >= 2**62:
            raise Unfit
        found = found * (count + 1) + codes
    if len(found) and int(found.max()) >= KEYS_MAX:
        found = np.unique(found, return_inverse=True)[1]
    return found


def _coded(column: pa.ChunkedArray, *, nulls: bool = True) -> tuple[Numbers, int]:
    """Return a number for each value, the same for the same, and how many there are; 0 for what is missing."""
    kind = column.type
    if column.null_count and not nulls:
        raise Unfit
    if pa.types.is_floating(kind):
        if not _finite(column):
            raise Unfit
        column = pc.add(column, pa.scalar(0.0, kind))
    elif not (pa.types.is_string(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
        raise Unfit
    coded = column.dictionary_encode()
    if not coded.num_chunks:
        return np.zeros(0, np.int64), 0
    parts = [pc.fill_null(chunk.indices, 0).to_numpy().astype(np.int64) for chunk in coded.chunks]
    return np.concatenate(parts), len(coded.chunk(coded.num_chunks - 1).dictionary)


def _finite(column: pa.ChunkedArray) -> bool:
    return pc.all(pc.is_finite(column), skip_nulls=True).as_py() is not False


def _whole(column: pa.ChunkedArray) -> Numbers:
    if column.null_count:
        raise Unfit
    return _plain(column).astype(np.int64, copy=False)


def _plain(column: pa.ChunkedArray) -> Values:
    """Return a column without missing values as one array."""
    return column.to_numpy(zero_copy_only=False) if isinstance(column, pa.Array) else column.to_numpy()
