"""The different values of a window: each value with its latest event."""
# ruff: noqa: D102 - what the methods of a group mean stands once, in KeyedState.

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias, cast

from zelo.features.group import KeyedState, columns_of, deep_size, integers
from zelo.features.spec import INT_MIN, FeatureSpec, Key, Value

_ENDLESS = 2**80
FEW = 8
"""Up to so many values of a key stand in a list that is searched; more in a dictionary."""
SPARE = 4 * FEW
"""So many events more than twice the values may wait in a queue before it is tidied."""

One: TypeAlias = tuple[int, Value]
"""Order key and value of a lone event."""
Few: TypeAlias = list[Value]
"""Value, order key and running number of the latest event of each value, the least recent first."""


class Many:
    """
    Value to the running number of its latest event; and a queue of events in order, from `head` on.

    An event in the queue whose value has a later one says nothing any more; such events are at most about as many as
    the values.
    """

    __slots__ = ("head", "latest", "numbers", "times", "values")

    def __init__(self, values: Sequence[Value], times: array[int], numbers: array[int]) -> None:
        """Take different values with their latest events, the least recent first."""
        self.values, self.times, self.numbers = list(values), times, numbers
        self.latest = dict(zip(values, numbers, strict=True))
        self.head = 0

    def put(self, value: Value, order_key: int) -> None:
        """Make a value the most recent one."""
        values, latest = self.values, self.latest
        latest[value] = number = self.numbers[-1] + 1
        values.append(value)
        self.times.append(order_key)
        self.numbers.append(number)
        if len(values) > 2 * len(latest) + SPARE:
            self.tidy()

    def forget(self, oldest: int, keep: int) -> int:
        """Drop values whose latest event is before `oldest` or not among the latest `keep`; return how many stay."""
        head, times, latest = self.head, self.times, self.latest
        numbers = self.numbers
        first, end = numbers[-1] - keep, len(times)
        if head < end and (times[head] < oldest or numbers[head] <= first):
            values = self.values
            while head < end and (times[head] < oldest or numbers[head] <= first):
                value = values[head]
                if latest[value] == numbers[head]:
                    del latest[value]
                head += 1
            self.head = head
        return len(latest)

    def tidy(self) -> None:
        """Leave only the latest event of each value in the queue."""
        events = zip(self.values, self.times, self.numbers, strict=True)
        kept = [event for event in events if self.latest.get(event[0]) == event[2]]
        self.values = [value for value, _, _ in kept]
        self.times = array("q", [time for _, time, _ in kept])
        self.numbers = array("q", [number for _, _, number in kept])
        self.head = 0

    def events(self) -> Few:
        """Return value, order key and running number of each value's latest event, the least recent first."""
        places = range(self.head, len(self.values))
        found: Few = []
        for value, time, number in [(self.values[at], self.times[at], self.numbers[at]) for at in places]:
            if self.latest[value] == number:
                found += (value, time, number)
        return found

    def __sizeof__(self) -> int:
        """Return the size with everything inside, as `deep_size` wants it of what is no plain container."""
        parts = (self.latest, self.values, self.times, self.numbers)
        return object.__sizeof__(self) + sum(map(deep_size, parts)) - sum(map(deep_size, self.latest))


class Distinct(KeyedState["One | Few | Many"]):
    """
    `distinct` over one window, finite or for ever, exact among the latest `at_most` events.

    State: per key the values with order key and running number of their latest event, in this order, so that both what
    is too old and what is no longer among the latest `at_most` events stand at the front.
    """

    __slots__ = ("_finite", "_keep", "_length", "_plus")

    def __init__(self, specs: Sequence[FeatureSpec]) -> None:
        super().__init__(specs)
        (spec,) = self.specs
        self._keep = spec.at_most
        self._finite = spec.reach is not None
        self._plus = int(spec.including_current)
        self._length = _ENDLESS if spec.reach is None else spec.reach

    def read1(self, key: Key, order_key: int) -> int:
        state = self._states.get(key)
        return 0 if state is None else self._count(state, order_key - self._length)

    def observe(self, key: Key, order_key: int, value: Value | None = None) -> None:
        state = self._states.get(key)
        if value is None:
            return
        if state is None:
            self._states[key] = order_key, value
            if self._finite:
                self._young.append(key)
        elif isinstance(state, Many) and state.numbers[-1] & 7:
            state.put(value, order_key)
        else:
            self.read_observe1(key, order_key, value)

    def read_observe1(self, key: Key, order_key: int, value: Value | None = None) -> int:
        state = self._states.get(key)
        if value is None:
            return 0 if state is None else self._count(state, order_key - self._length)
        if state is None:
            self._states[key] = order_key, value
            if self._finite:
                self._young.append(key)
            return self._plus
        oldest = order_key - self._length
        before = self._count(state, oldest)
        if isinstance(state, Many) and before > FEW >> 1:
            state.put(value, order_key)
        elif isinstance(state, tuple):
            if before and state[1] != value:
                self._states[key] = [state[1], state[0], 0, value, order_key, 1]
            else:
                self._states[key] = order_key, value
        else:
            self._put_few(key, state, order_key, value)
        return self._count(self._states[key], oldest) if self._including else before

    def _count(self, state: One | Few | Many, oldest: int) -> int:
        """Drop the values that have left the window; return how many stay."""
        if isinstance(state, tuple):
            return int(state[0] >= oldest)
        if isinstance(state, Many):
            return state.forget(oldest, self._keep)
        while state and (state[1] < oldest or state[2] <= state[-1] - self._keep):  # type: ignore[operator]
            del state[:3]
        return len(state) // 3

    def _put_few(self, key: Key, state: Few | Many, order_key: int, value: Value) -> None:
        """Make a value the most recent one of a few."""
        if isinstance(state, Many):
            state = self._states[key] = state.events()
        number = cast("int", state[-1]) + 1 if state else 0
        values = state[::3]
        if value in values:
            place = 3 * values.index(value)
            del state[place : place + 3]
        state += (value, order_key, number)
        if len(state) > 3 * FEW:
            self._states[key] = _many(state)

    def _silent(self, keys: list[Key], oldest: int) -> list[Key]:
        states, latest = self._states, self._latest
        return [key for key in keys if (s[0] if isinstance(s := states[key], tuple) else latest(s)) < oldest]

    def _latest(self, state: One | Few | Many) -> int:
        if isinstance(state, tuple):
            return state[0]
        if isinstance(state, Many):
            return state.times[-1]
        return cast("int", state[-2]) if state else INT_MIN

    def _pack(self, states: Iterable[One | Few | Many]) -> object:
        counts, times, numbers = array("q"), array("q"), array("q")
        values: list[Value] = []
        for state in states:
            events = state.events() if isinstance(state, Many) else state
            if isinstance(events, tuple):
                events = [events[1], events[0], 0]
            counts.append(len(events) // 3)
            values += events[::3]
            times.extend(cast("list[int]", events[1::3]))
            numbers.extend(cast("list[int]", events[2::3]))
        return [counts.tobytes(), times.tobytes(), numbers.tobytes(), values]

    def _unpack(self, columns: object, count: int) -> Iterator[One | Few | Many]:
        packed_counts, packed_times, packed_numbers, values = columns_of(columns, 4)
        times, numbers = integers(packed_times), integers(packed_numbers)
        if not isinstance(values, list) or not len(times) == len(numbers) == len(values):
            raise ValueError("values")
        start = 0
        for length in integers(packed_counts):
            end = start + length
            if length == 1:
                yield times[start], values[start]
            elif length > FEW:
                yield Many(values[start:end], times[start:end], numbers[start:end])
            else:
                yield [part for at in range(start, end) for part in (values[at], times[at], numbers[at])]
            start = end


def _many(state: Few) -> Many:
    return Many(state[::3], array("q", state[1::3]), array("q", state[2::3]))  # type: ignore[arg-type]
