"""
Windows over many events of many keys at once: values of features as arrays, equal to what state gives event by event.

Rows are sorted once by key, then by order. A window is then a stretch of the rows that a feature counts, from `start`
to before `end`, and both only grow along the rows of a key. Sums are differences of two sums from the beginning;
the largest value is looked up in a table of the largest of 1, 2, 4 ... neighbours; different values are those that
have come less those that have gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[np.int64]
Truths: TypeAlias = NDArray[np.bool_]
Values: TypeAlias = NDArray[Any]

KEYS_MAX = 2**31
PLACE_BITS = 32
_PLACE = (1 << PLACE_BITS) - 1
SUM_SAFE = 2.0**62
"""A sum of magnitudes below this cannot leave 64 bits on the way."""


class ByKey:
    """Rows by key, then by order; `order_keys` grow, and `keys` number the key of each."""

    def __init__(self, order_keys: Numbers, keys: Numbers) -> None:
        self.order_keys = order_keys
        packed = keys << PLACE_BITS
        packed |= np.arange(len(keys))
        packed.sort()
        self.packed: Numbers = packed
        """Key and place of each row."""
        self.places: Numbers = packed & _PLACE
        """Place of each row among all in their order."""
        self._oldest: dict[int, Numbers] = {}

    def oldest(self, reach: int | None) -> Numbers:
        """Return what the first row that may be in the window of each row is packed as."""
        keys = self.packed & ~_PLACE
        if reach is not None:
            if reach not in self._oldest:
                self._oldest[reach] = np.searchsorted(self.order_keys, self.order_keys - reach)
            keys |= self._oldest[reach][self.places]
        return keys


@dataclass(frozen=True)
class Stretch:
    """For each row: where its window starts and ends among the counted rows."""

    start: Numbers
    end: Numbers

    @property
    def count(self) -> Numbers:
        """Return how many rows the window holds."""
        return self.end - self.start

    def latest(self, at_most: int) -> Stretch:
        """Return the windows cut to their latest rows."""
        return Stretch(np.maximum(self.start, self.end - at_most), self.end)


class Counted:
    """The rows that a feature counts."""

    def __init__(self, by_key: ByKey, there: Truths | None) -> None:
        """`there` says of each row, in the order of all, whether it counts; None: each does."""
        self.by_key = by_key
        self.there = None if there is None else there[by_key.places]
        self.packed = by_key.packed if self.there is None else by_key.packed[self.there]
        self._started: dict[int | None, Numbers] = {}

    @property
    def places(self) -> Numbers:
        """Return the places of the counted rows among all in their order."""
        return self.packed & _PLACE

    @cached_property
    def before(self) -> Numbers:
        """Return how many counted rows stand before each row, those of other keys included."""
        if self.there is None:
            return np.arange(len(self.packed))
        found = np.cumsum(self.there)
        return found - self.there

    def started(self, reach: int | None) -> Numbers:
        """Return where the window of each row starts."""
        if reach not in self._started:
            self._started[reach] = np.searchsorted(self.packed, self.by_key.oldest(reach))
        return self._started[reach]

    def stretch(self, reach: int | None, *, including_current: bool) -> Stretch:
        """Return the window of each row."""
        end = self.before
        if including_current:
            end = end + (1 if self.there is None else self.there)
        return Stretch(self.started(reach), end)

    def different(self, stretch: Stretch, values: Numbers, reach: int | None, at_most: int) -> Numbers:
        """
        Return how many different values the windows hold; `values` number the value of each counted row.

        A value comes with a row that finds no equal one in its window, and goes with a row that the window leaves
        before an equal one comes. Windows end and start later along a key, so that to count both suffices.
        """
        before = self._equal_before(values)
        started = self.started(reach)
        started = started if self.there is None else started[self.there]
        first = np.maximum(started, np.arange(1 - at_most, len(values) + 1 - at_most))
        comes = before < first
        goes = np.ones(len(values), np.bool_)
        goes[before[~comes]] = False
        came, gone = _so_far(comes), _so_far(goes)
        of_key = self.started(None)
        return (came[stretch.end] - came[of_key]) - (gone[stretch.start] - gone[of_key])

    def _equal_before(self, values: Numbers) -> Numbers:
        """Return the place among the counted rows of the one before with the same key and value; -1: there is none."""
        packed = values << PLACE_BITS
        packed |= np.arange(len(values))
        packed.sort()
        rows = packed & _PLACE
        keys = self.packed >> PLACE_BITS
        same = ((packed[1:] ^ packed[:-1]) >> PLACE_BITS == 0) & (keys[rows[1:]] == keys[rows[:-1]])
        found = np.full(len(values), -1)
        found[rows[1:][same]] = rows[:-1][same]
        return found


def sums(stretch: Stretch, values: Numbers) -> Numbers | None:
    """Return the sum of each window, None where sums might leave 64 bits."""
    if len(values) and float(np.abs(values.astype(np.float64)).sum()) >= SUM_SAFE:
        return None
    total = _so_far(values)
    return total[stretch.end] - total[stretch.start]


def largest(stretch: Stretch, values: Values) -> Values:
    """Return the largest value of each window; that of an empty one has no meaning."""
    return _extreme(stretch, values, np.maximum)


def smallest(stretch: Stretch, values: Values) -> Values:
    """Return the smallest value of each window; that of an empty one has no meaning."""
    return _extreme(stretch, values, np.minimum)


def _extreme(stretch: Stretch, values: Values, of_two: np.ufunc) -> Values:
    """Cover each window by two stretches of the same length, a power of two."""
    found = np.zeros(len(stretch.start), values.dtype)
    level = np.frexp(stretch.count)[1] - 1
    for power in range(int(level.max(initial=-1)) + 1):
        rows = np.flatnonzero(level == power)
        found[rows] = of_two(values[stretch.start[rows]], values[stretch.end[rows] - (1 << power)])
        values = of_two(values[: -(1 << power)], values[1 << power :])
    return found


def _so_far(values: Values) -> Numbers:
    """Return the sums of the values before each, and of all."""
    found = np.zeros(len(values) + 1, np.int64)
    np.cumsum(values, out=found[1:])
    return found
