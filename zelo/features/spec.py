"""What a windowed feature is: its declaration, its bounds, the type of its result, its value over an empty window.

A window of length W at an event holds the matching events of the same key whose order key lies in
`[own - W, own)`; `including: current` adds the event itself. `at_most: N` keeps only the latest N of them. Order keys
are `effective_at` in milliseconds times 2**20 plus a counter, unique and increasing, so no two events tie and a late
event counts from when it was known. An event whose value is missing is not counted. A key with a missing part has no
window: the caller does not ask, and the feature is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from zelo.events.types import BOOL, DOUBLE, DURATION, INT, STRING, TIMESTAMP, Type

Key: TypeAlias = str | int | tuple[object, ...]
"""What a window is kept for: the id in a role, a field's value, or a tuple of up to four of them."""
Value: TypeAlias = bool | int | float | str
"""A value an event brings, or a feature gives; timestamps and durations are ints in microseconds."""

COUNTER_BITS = 20
"""An order key is effective milliseconds shifted left by this many bits, plus a counter."""
WINDOW_MS_MIN = 10 * 60 * 1000
WINDOW_MS_MAX = 365 * 24 * 60 * 60 * 1000
AT_MOST_DEFAULT = 10_000
AT_MOST_MAX = 100_000
KEY_PARTS_MAX = 4

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
MILLIONTHS_LIMIT = float(2**53)
"""A double whose millionths reach this is too large to be summed exactly: its event is not counted."""


@dataclass(frozen=True)
class Aggregate:
    """One way of folding the events of a window."""

    name: str
    takes: tuple[Type, ...]
    """Types its value may have; empty: it takes no value, only `where`."""
    gives: Type | None
    """Type of its result; None: the type of its value."""
    empty: Value | None
    """Its result over an empty window; None: missing."""

    @property
    def needs_value(self) -> bool:
        """Say whether a feature with this aggregate must state a value."""
        return bool(self.takes)


_ORDERED: tuple[Type, ...] = (INT, DOUBLE, TIMESTAMP, DURATION)
_SCALAR: tuple[Type, ...] = (BOOL, INT, DOUBLE, STRING, TIMESTAMP, DURATION)

AGGREGATES: Mapping[str, Aggregate] = MappingProxyType(
    {
        aggregate.name: aggregate
        for aggregate in (
            Aggregate("count", (), INT, 0),
            Aggregate("exists", (), BOOL, False),
            Aggregate("seconds_since", (), INT, None),
            Aggregate("sum", (INT, DOUBLE), None, 0),
            Aggregate("avg", (INT, DOUBLE), DOUBLE, None),
            Aggregate("min", _ORDERED, None, None),
            Aggregate("max", _ORDERED, None, None),
            Aggregate("distinct", _SCALAR, INT, 0),
            Aggregate("last", _SCALAR, None, None),
            Aggregate("first", _SCALAR, None, None),
        )
    }
)
"""Aggregate name to what it takes and gives."""


@dataclass(frozen=True)
class FeatureSpec:
    """One windowed feature as a pack declares it. `where` and `value` are opaque here: policy sits above features."""

    name: str
    aggregate: str
    kinds: tuple[str, ...]
    """Kinds of event it folds."""
    where: object | None = field(default=None, compare=False)
    value: object | None = field(default=None, compare=False)
    by: tuple[str, ...] = ("actor",)
    """Roles or `event.path`s that make the key, in order."""
    window_ms: int | None = None
    """Length of the window in milliseconds; None: for ever."""
    including_current: bool = False
    at_most: int = AT_MOST_DEFAULT
    """The window holds at most the latest this many matching events; without meaning for state that is O(1)."""
    value_type: Type | None = None
    signature: str = ""
    """Canonical text of `where` and `value`: equal signatures select the same events and read the same value."""

    @property
    def result_type(self) -> Type:
        """Return the type of the feature in conditions."""
        gives = AGGREGATES[self.aggregate].gives or self.value_type
        if gives is None:
            raise AssertionError(f"{self.name}: {self.aggregate} without a value type")
        return gives

    @property
    def can_be_missing(self) -> bool:
        """Say whether the feature may be missing although its key is present (empty window, sum out of range)."""
        return self.aggregate == "sum" or self.empty is None

    @property
    def empty(self) -> Value | None:
        """Return the feature's value over an empty window, None when that is missing."""
        empty = AGGREGATES[self.aggregate].empty
        return 0.0 if self.aggregate == "sum" and self.value_type == DOUBLE else empty

    @property
    def reach(self) -> int | None:
        """Return the window's length in units of the order key; None: for ever."""
        return None if self.window_ms is None else self.window_ms << COUNTER_BITS


def no_negative_zero(value: Value) -> Value:
    """Return a double as a feature gives it: so no engine's choice between two equal zeros can show."""
    return value + 0.0  # type: ignore[operator]


def seconds_between(earlier: int, later: int) -> int:
    """Return the whole seconds, rounded down, between the effective times of two order keys."""
    return ((later >> COUNTER_BITS) - (earlier >> COUNTER_BITS)) // 1000
