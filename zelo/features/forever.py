"""State of constant size for features without a window: counts, sums, extremes and the first value ever."""
# ruff: noqa: D102 - what the methods of a group mean stands once, in KeyedState.

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from zelo.events.types import DOUBLE
from zelo.features.group import KeyedState
from zelo.features.logs import countable, folded
from zelo.features.spec import FeatureSpec, Key, Value, no_negative_zero


class Tally(KeyedState[int]):
    """`count` for ever; state: the count."""

    __slots__ = ()

    def read(self, key: Key, order_key: int) -> tuple[Value | None, ...]:
        return (self._states.get(key, 0),) * len(self.specs)

    def read1(self, key: Key, order_key: int) -> int:
        return self._states.get(key, 0)

    def observe(self, key: Key, order_key: int, value: Value | None = None) -> None:
        self._states[key] = self._states.get(key, 0) + 1

    def read_observe1(self, key: Key, order_key: int, value: Value | None = None) -> int:
        count = self._states.get(key, 0)
        self._states[key] = count + 1
        return count + 1 if self.specs[0].including_current else count

    def _pack(self, states: Iterable[int]) -> object:
        return list(states)

    def _unpack(self, columns: object, count: int) -> Iterator[int]:
        return map(int, listed(columns))


class Total(KeyedState[tuple[int, int]]):
    """`sum` and `avg` for ever; state: how many values and their exact total (see SumLog for doubles)."""

    __slots__ = ("_average", "_double")

    def __init__(self, specs: Sequence[FeatureSpec]) -> None:
        super().__init__(specs)
        self._double = specs[0].value_type == DOUBLE
        self._average = specs[0].aggregate == "avg"

    def read(self, key: Key, order_key: int) -> tuple[Value | None, ...]:
        count, total = self._states.get(key, (0, 0))
        return tuple([folded(total, count, spec.aggregate == "avg", self._double) for spec in self.specs])

    def read1(self, key: Key, order_key: int) -> Value | None:
        count, total = self._states.get(key, (0, 0))
        return folded(total, count, self._average, self._double)

    def observe(self, key: Key, order_key: int, value: Value | None = None) -> None:
        number = countable(value, self._double)
        if number is not None:
            count, total = self._states.get(key, (0, 0))
            self._states[key] = (count + 1, total + number)

    def _pack(self, states: Iterable[tuple[int, int]]) -> object:
        return [str(part) for state in states for part in state]

    def _unpack(self, columns: object, count: int) -> Iterator[tuple[int, int]]:
        numbers = map(int, listed(columns))
        return zip(numbers, numbers, strict=True)


_STAYS: Mapping[str, Callable[[Value, Value], bool]] = MappingProxyType(
    {
        "first": lambda kept, new: True,
        "min": lambda kept, new: kept <= new,  # type: ignore[operator]
        "max": lambda kept, new: kept >= new,  # type: ignore[operator]
    }
)
"""Aggregate to whether the value kept so far stays when a new one comes."""


class Kept(KeyedState[Value]):
    """`min`, `max` or `first` for ever (one of them); state: the value."""

    __slots__ = ("_double", "_stays")

    def __init__(self, specs: Sequence[FeatureSpec]) -> None:
        super().__init__(specs)
        self._stays = _STAYS[specs[0].aggregate]
        self._double = specs[0].value_type == DOUBLE

    def read(self, key: Key, order_key: int) -> tuple[Value | None, ...]:
        return (self._states.get(key),) * len(self.specs)

    def read1(self, key: Key, order_key: int) -> Value | None:
        return self._states.get(key)

    def observe(self, key: Key, order_key: int, value: Value | None = None) -> None:
        if value is None:
            return
        kept = self._states.get(key)
        if kept is None or not self._stays(kept, value):
            self._states[key] = no_negative_zero(value) if self._double else value

    def _pack(self, states: Iterable[Value]) -> object:
        return list(states)

    def _unpack(self, columns: object, count: int) -> Iterator[Value]:
        return iter(listed(columns))


def listed(column: object) -> list[Value]:
    """Return a packed column as a list; raise ValueError when it is none."""
    if not isinstance(column, list):
        raise ValueError(type(column))
    return column
