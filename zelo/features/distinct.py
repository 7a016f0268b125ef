"""The different values of a window: each value with its latest event, the least recent first."""
# ruff: noqa: D102 - what the methods of a group mean stands once, in KeyedState.

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeAlias, cast

from zelo.features.group import KeyedState, columns_of, integers
from zelo.features.spec import FeatureSpec, Key, Value

RUNNING_BITS = 20
"""A stamp is an order key shifted left by this many bits, plus the running number of the event modulo 2**20."""
_RUNNING = 2**RUNNING_BITS - 1
_BEFORE_ALL = -(2**100)
FEW = 12
"""Up to so many values of a key stand in a list that is searched; more in a dictionary."""

Few: TypeAlias = list[Value]
"""Values, then their stamps in the same order."""


class Many(OrderedDict[Value, int]):
    """Value to stamp, in order of stamps."""

    __slots__ = ("oldest", "running")

    running: int
    """Number of the latest event."""
    oldest: int
    """No stamp is less than this; the first one may be greater."""

    @classmethod
    def of(cls, values: Iterable[Value], stamps: Sequence[int]) -> Many:
        """Return values and their stamps, least recent first, as a dictionary."""
        many = cls(zip(values, stamps, strict=True))
        many.oldest, many.running = stamps[0], stamps[-1] & _RUNNING
        return many

    def forget(self, oldest: int, keep: int) -> None:
        """Drop the values whose latest event is before a stamp or not among the latest `keep` events."""
        while self:
            stamp = self.oldest = next(iter(self.values()))
            if stamp >= oldest and (self.running - stamp) & _RUNNING < keep:
                return
            self.popitem(last=False)


class Distinct(KeyedState["Few | Many"]):
    """
    `distinct` over one window, finite or for ever, exact among the latest `at_most` events.

    State: per key the values with the stamp of their latest event, in order of stamps, so that both what is too old and
    what is no longer among the latest `at_most` events stand at the front.
    """

    __slots__ = ("_keep", "_length")

    def __init__(self, specs: Sequence[FeatureSpec]) -> None:
        super().__init__(specs)
        (spec,) = self.specs
        self._keep = spec.at_most
        self._length = None if spec.reach is None else spec.reach << RUNNING_BITS

    def read1(self, key: Key, order_key: int) -> int:
        state = self._states.get(key)
        return 0 if state is None else self._forget(state, order_key)

    def observe(self, key: Key, order_key: int, value: Value | None = None) -> None:
        self.read_observe1(key, order_key, value)

    def read_observe1(self, key: Key, order_key: int, value: Value | None = None) -> int:
        state = self._states.get(key)
        if value is None:
            return 0 if state is None else self._forget(state, order_key)
        if state is None:
            self._begin(key, [value, order_key << RUNNING_BITS])
            return int(self._including)
        before = self._forget(state, order_key)
        if isinstance(state, list):
            after = self._put_few(key, state, before, order_key, value)
        else:
            after = self._put_many(key, state, order_key, value)
        return after if self._including else before

    def _forget(self, state: Few | Many, order_key: int) -> int:
        """Drop the values that have left the window; return how many stay."""
        count = len(state)
        if isinstance(state, list):
            count >>= 1
            if count and self._length is not None:
                oldest = (order_key << RUNNING_BITS) - self._length
                if state[count] < oldest:  # type: ignore[operator]
                    left = bisect_left(state, oldest, count + 1) - count
                    del state[count : count + left], state[:left]
                    count -= left
            return count
        if self._length is not None and state.oldest < (order_key << RUNNING_BITS) - self._length:
            state.forget((order_key << RUNNING_BITS) - self._length, self._keep)
            return len(state)
        return count

    def _put_few(self, key: Key, state: Few, count: int, order_key: int, value: Value) -> int:
        """Make a value the most recent one of so many; return how many there are then."""
        if not count:
            state += (value, order_key << RUNNING_BITS)
            return 1
        running = (state[-1] + 1) & _RUNNING  # type: ignore[operator]
        stamp = order_key << RUNNING_BITS | running
        if state[count - 1] == value:
            state[-1] = stamp
        else:
            if count > 1 and value in state[:count]:
                place = state.index(value)
                del state[count + place], state[place]
                count -= 1
            state.insert(count, value)
            state.append(stamp)
            count += 1
        if (running - state[count]) & _RUNNING >= self._keep:
            del state[count], state[0]
            count -= 1
        if count > FEW:
            self._states[key] = Many.of(state[:count], cast("list[int]", state[count:]))
        return count

    def _put_many(self, key: Key, state: Many, order_key: int, value: Value) -> int:
        """Make a value the most recent one; return how many there are."""
        running = state.running = (state.running + 1) & _RUNNING
        state[value] = order_key << RUNNING_BITS | running
        state.move_to_end(value)
        if (running - state.oldest) & _RUNNING >= self._keep:
            state.forget(_BEFORE_ALL, self._keep)
        if len(state) <= FEW >> 1:
            self._states[key] = [*state, *state.values()]
        return len(state)

    def _latest(self, state: Few | Many) -> int:
        if not state:
            return _BEFORE_ALL
        stamp = cast("int", state[-1]) if isinstance(state, list) else next(reversed(state.values()))
        return stamp >> RUNNING_BITS

    def _pack(self, states: Iterable[Few | Many]) -> object:
        counts, times, runnings = array("q"), array("q"), array("q")
        values: list[Value] = []
        for state in states:
            count = len(state) >> 1 if isinstance(state, list) else len(state)
            stamps = cast("Iterable[int]", state[count:] if isinstance(state, list) else state.values())
            counts.append(count)
            values.extend(islice(state, count))
            for stamp in stamps:
                times.append(stamp >> RUNNING_BITS)
                runnings.append(stamp & _RUNNING)
        return [counts.tobytes(), times.tobytes(), runnings.tobytes(), values]

    def _unpack(self, columns: object, count: int) -> Iterator[Few | Many]:
        counts, times, runnings, values = columns_of(columns, 4)
        if not isinstance(values, list):
            raise ValueError("values")
        pairs = zip(integers(times), integers(runnings), strict=True)
        stamps = [time << RUNNING_BITS | running for time, running in pairs]
        if len(stamps) != len(values):
            raise ValueError("values")
        start = 0
        for length in integers(counts):
            end = start + length
            held, held_stamps = values[start:end], stamps[start:end]
            yield [*held, *held_stamps] if length <= FEW else Many.of(held, held_stamps)
            start = end
