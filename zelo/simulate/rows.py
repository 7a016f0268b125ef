"""Columns of events before they are written: numbers, ids and words, kept small and filtered quickly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zelo.adapters.columns import INSTANT
from zelo.simulate.chance import Array

ABSENT = -(2**62)
"""A whole number or a time that is not there."""


@dataclass(frozen=True)
class Ids:
    """Ids as text: a prefix and a number; a negative number is an absent id."""

    prefix: str
    numbers: Array


@dataclass(frozen=True)
class Words:
    """Texts by their place in a vocabulary; a negative place is an absent text."""

    codes: Array
    vocabulary: Sequence[str]


@dataclass(frozen=True)
class Times:
    """Instants in microseconds since 1970 UTC; ABSENT where there is none."""

    us: Array


Column: TypeAlias = "Ids | Words | Times | Array"
"""Beside these, arrays of float64 (NaN is absent), int64 (ABSENT is absent) and bool."""


def taken(column: Column, places: Array) -> Column:
    """Return the rows of a column that a mask or a list of places names."""
    match column:
        case Ids():
            return Ids(column.prefix, column.numbers[places])
        case Words():
            return Words(column.codes[places], column.vocabulary)
        case Times():
            return Times(column.us[places])
        case _:
            return column[places]


def arrow(column: Column) -> pa.Array:
    """Return a column as Arrow writes it."""
    match column:
        case Ids():
            text = pa.array(column.numbers).cast(pa.string())
            made = pc.binary_join_element_wise(pa.scalar(column.prefix), text, pa.scalar(""))
            return made if not (column.numbers < 0).any() else pc.if_else(pa.array(column.numbers >= 0), made, None)
        case Words():
            absent = column.codes < 0
            places = pa.array(column.codes.astype(np.int32), mask=absent if absent.any() else None)
            return pa.array(list(column.vocabulary), pa.string()).take(places)
        case Times():
            absent = column.us == ABSENT
            return pa.array(column.us, mask=absent if absent.any() else None).cast(INSTANT)
        case _:
            return _numbers(column)


def _numbers(column: Array) -> pa.Array:
    if column.dtype == np.float64:
        return pa.array(column, from_pandas=True)
    if column.dtype == np.int64:
        absent = column == ABSENT
        return pa.array(column, mask=absent if absent.any() else None)
    return pa.array(column)


@dataclass(frozen=True)
class Batch:
    """Candidate events of one kind: what would happen if nothing stood in the way."""

    kind: str
    numbers: Array
    """A number for each event, different within the kind and the same in every world of the seed."""
    at: Array
    """When it happens: microseconds since 1970 UTC."""
    actors: Array
    """Who does it: place in the population."""
    columns: Mapping[str, Column]
    scope: str = ""
    """What the actor must be allowed to do: `publish`, `comment`, `live`, `sell`; empty: only to be there; `any`: not
    even that."""
    needs: Array | None = None
    """The thing that must be visible then; negative: none."""
    makes: Array | None = None
    """The thing that comes to be by it; negative: none."""
    order_needs: Array | None = None
    """The order that must still be under way then; negative: none."""
    order_makes: Array | None = None
    """The order that comes to be by it."""
    sellers: Array | None = None
    """Who must be allowed to sell then."""

    def __len__(self) -> int:
        return len(self.at)

    def only(self, places: Array) -> Batch:
        """Return the batch of some of its rows."""

        def cut(values: Array | None) -> Array | None:
            return None if values is None else values[places]

        return replace(
            self,
            numbers=self.numbers[places],
            at=self.at[places],
            actors=self.actors[places],
            columns={name: taken(column, places) for name, column in self.columns.items()},
            needs=cut(self.needs),
            makes=cut(self.makes),
            order_needs=cut(self.order_needs),
            order_makes=cut(self.order_makes),
            sellers=cut(self.sellers),
        )


class Table:
    """Columns that grow together, by name; rows are known by their places."""

    def __init__(self, columns: Mapping[str, tuple[str, float | int | bool]]) -> None:
        """`columns`: name to NumPy type and the value where none is given."""
        self._defaults = {name: default for name, (_, default) in columns.items()}
        self._arrays = {name: np.zeros(0, dtype=kind) for name, (kind, _) in columns.items()}
        self.size = 0

    def __getitem__(self, name: str) -> Array:
        """Return a column; writing into it changes the table."""
        return self._arrays[name][: self.size]

    def add(self, count: int, **columns: Array | int | float) -> Array:
        """Add rows; return their places."""
        start, end = self.size, self.size + count
        if end > len(self._arrays["at"]):
            room = max(1_024, end * 3 // 2)
            self._arrays = {name: np.resize(values, room) for name, values in self._arrays.items()}
        for name, values in self._arrays.items():
            values[start:end] = columns.get(name, self._defaults[name])
        self.size = end
        return np.arange(start, end, dtype=np.int64)


def joined(batches: Sequence[Array]) -> Array:
    """Return arrays one after another; an empty list is an empty array of whole numbers."""
    return np.concatenate(batches) if batches else np.zeros(0, dtype=np.int64)
