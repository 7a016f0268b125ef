"""The latest event of a key: its time answers `exists` and `seconds_since`, its value answers `last`."""
# ruff: noqa: D102 - what the methods of a group mean stands once, in KeyedState.

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence

from zelo.events.types import DOUBLE
from zelo.features.group import KeyedState, columns_of, integers
from zelo.features.spec import FeatureSpec, Key, Value, no_negative_zero, seconds_between

_BEFORE_ALL = -(2**62)


class LatestTime(KeyedState[int]):
    """`exists` and `seconds_since`, finite and for ever; state: the order key of the latest event."""

    __slots__ = ("_windows",)

    def __init__(self, specs: Sequence[FeatureSpec]) -> None:
        super().__init__(specs)
        self._windows = tuple(
            (s.aggregate == "exists", 2**63 if s.reach is None else s.reach, s.including_current) for s in specs
        )

    def read(self, key: Key, order_key: int) -> tuple[Value | None, ...]:
        latest = self._states.get(key, _BEFORE_ALL)
        return tuple([_since(latest, order_key, exists, reach) for exists, reach, _ in self._windows])

    def read1(self, key: Key, order_key: int) -> Value | None:
        latest = self._states.get(key, _BEFORE_ALL)
        exists, reach, _ = self._windows[0]
        return _since(latest, order_key, exists, reach)

    def observe(self, key: Key, order_key: int, value: Value | None = None) -> None:
        if key in self._states:
            self._states[key] = order_key
        else:
            self._begin(key, order_key)

    def read_observe1(self, key: Key, order_key: int, value: Value | None = None) -> Value | None:
        latest = self._states.get(key)
        if latest is None:
            self._begin(key, order_key)
            latest = _BEFORE_ALL
        else:
            self._states[key] = order_key
        exists, reach, including = self._windows[0]
        return _since(order_key if including else latest, order_key, exists, reach)

    def _latest(self, state: int) -> int:
        return state

    def _pack(self, states: Iterable[int]) -> object:
        return array("q", states).tobytes()

    def _unpack(self, columns: object, count: int) -> Iterator[int]:
        return iter(integers(columns))


def _since(latest: int, order_key: int, exists: bool, reach: int) -> Value | None:
    inside = latest > _BEFORE_ALL and latest >= order_key - reach
    if exists:
        return inside
    return seconds_between(latest, order_key) if inside else None


class LatestValue(KeyedState[tuple[int, Value]]):
    """`last`, finite and for ever; state: order key and value of the latest event that has a value."""

    __slots__ = ("_double", "_windows")

    def __init__(self, specs: Sequence[FeatureSpec]) -> None:
        super().__init__(specs)
        self._windows = tuple((2**63 if s.reach is None else s.reach, s.including_current) for s in specs)
        self._double = specs[0].value_type == DOUBLE

    def read(self, key: Key, order_key: int) -> tuple[Value | None, ...]:
        state = self._states.get(key)
        if state is None:
            return (None,) * len(self._windows)
        latest, value = state
        return tuple([value if latest >= order_key - reach else None for reach, _ in self._windows])

    def read1(self, key: Key, order_key: int) -> Value | None:
        state = self._states.get(key)
        if state is None or state[0] < order_key - self._windows[0][0]:
            return None
        return state[1]

    def observe(self, key: Key, order_key: int, value: Value | None = None) -> None:
        if value is None:
            return
        if self._double:
            value = no_negative_zero(value)
        if key in self._states:
            self._states[key] = (order_key, value)
        else:
            self._begin(key, (order_key, value))

    def read_observe1(self, key: Key, order_key: int, value: Value | None = None) -> Value | None:
        before = self.read1(key, order_key)
        if value is None:
            return before
        self.observe(key, order_key, value)
        return self._states[key][1] if self._including else before

    _latest_at = 0

    def _pack(self, states: Iterable[tuple[int, Value]]) -> object:
        pairs = list(states)
        return [array("q", [latest for latest, _ in pairs]).tobytes(), [value for _, value in pairs]]

    def _unpack(self, columns: object, count: int) -> Iterator[tuple[int, Value]]:
        times, values = columns_of(columns, 2)
        if not isinstance(values, list):
            raise ValueError("values")
        return zip(integers(times), values, strict=True)
