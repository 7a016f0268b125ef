"""Logs of the events inside finite windows: counts on bare order keys, sums on order keys and running totals."""
# ruff: noqa: D102 - what the methods of a group mean stands once, in KeyedState.

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, MutableSequence, Sequence
from math import floor
from typing import Final, TypeAlias, cast

from zelo.events.types import DOUBLE
from zelo.features.group import KeyedState, columns_of, integers
from zelo.features.spec import INT_MAX, INT_MIN, MILLIONTHS_LIMIT, FeatureSpec, Key, Value, seconds_between

Tape: TypeAlias = MutableSequence[int]
"""An array of 64-bit integers, or a list with the same layout where a number has outgrown 64 bits."""


_TWO: Final = array("q", (0, 0))
FOUR: Final = array("q", (2, 0, 0, 0))
"""New states are copies of these: half the price of building them."""


class CountLog(KeyedState["int | array[int]"]):
    """
    `count` over finite windows, with any `exists` and `seconds_since` that fit into the same log.

    State: the order keys of the events that a window may still hold, a lone one bare and several in one array; at most
    `at_most` of them and an eighth more, since what has left the longest window is cut off in pieces.
    """

    __slots__ = ("_fresh", "_keep", "_longest", "_plus", "_windows")

    def __init__(self, specs: Sequence[FeatureSpec]) -> None:
        super().__init__(specs)
        self._windows = tuple((s.aggregate, s.reach or 0, s.at_most, int(s.including_current)) for s in specs)
        self._plus = int(specs[0].including_current)
        self._fresh = tuple(_look(_TWO[:0], 0, what, reach, most, plus) for what, reach, most, plus in self._windows)
        self._longest = max(spec.reach or 0 for spec in specs)
        self._keep = max(spec.at_most for spec in specs if spec.aggregate == "count")

    def read(self, key: Key, order_key: int) -> tuple[Value | None, ...]:
        log = self._states.get(key)
        if log is None:
            return tuple(spec.empty for spec in self.specs)
        events = array("q", (log,)) if isinstance(log, int) else log
        return tuple([_look(events, order_key, what, reach, most, 0) for what, reach, most, _ in self._windows])

    def read1(self, key: Key, order_key: int) -> int:
        log = self._states.get(key)
        if log is None:
            return 0
        if isinstance(log, int):
            return int(log >= order_key - self._longest)
        count = len(log) - bisect_left(log, order_key - self._longest)
        return count if count < self._keep else self._keep

    def observe(self, key: Key, order_key: int, value: Value | None = None) -> None:
        log = self._states.get(key)
        if log is None:
            self._states[key] = order_key
            self._young.append(key)
        elif isinstance(log, int):
            self._pair(key, log, order_key)
        else:
            log.append(order_key)
            if not len(log) & 7:
                self._cut(log, order_key - self._longest)

    def read_observe(self, key: Key, order_key: int, value: Value | None = None) -> tuple[Value | None, ...]:
        if self._single:
            return (self.read_observe1(key, order_key),)
        log = self._states.get(key)
        if log is None:
            self._states[key] = order_key
            self._young.append(key)
            return self._fresh
        if isinstance(log, int):
            log = self._pair(key, log, order_key)
        else:
            log.append(order_key)
        held = len(log) - 1
        first, last = log[0], log[-2]
        values: list[Value | None] = []
        for what, reach, most, plus in self._windows:
            oldest = order_key - reach
            if what != "count":
                values.append(_since(last, order_key, oldest, what, plus))
                continue
            if last < oldest:
                count = plus
            else:
                count = held - (bisect_left(log, oldest, 1) if first < oldest else 0) + plus
            values.append(count if count < most else most)
        if not held & 7:
            self._cut(log, order_key - self._longest)
        return tuple(values)

    def _pair(self, key: Key, earlier: int, order_key: int) -> array[int]:
        """Give a key with one event an array of two."""
        log = self._states[key] = _TWO[:]
        log[0], log[1] = earlier, order_key
        return log

    def _cut(self, log: array[int], oldest: int) -> None:
        """Cut off what no window holds any more, when it is more than an eighth of the log."""
        held = len(log)
        spare = 4 + (held >> 3)
        if held > spare and log[spare] < oldest:
            del log[: bisect_left(log, oldest, spare, held - 1)]
        elif held > self._keep + spare:
            del log[: held - self._keep]

    def read_observe1(self, key: Key, order_key: int, value: Value | None = None) -> int:
        log = self._states.get(key)
        if log is None:
            self._states[key] = order_key
            self._young.append(key)
            return self._plus
        oldest = order_key - self._longest
        if isinstance(log, int):
            if log < oldest:
                self._states[key] = order_key
                return self._plus
            self._pair(key, log, order_key)
            return min(1 + self._plus, self._keep)
        held = len(log)
        start = bisect_left(log, oldest, 1) if log[0] < oldest else 0
        log.append(order_key)
        count = held - start + self._plus
        if count >= self._keep:
            start = held - self._keep if held > self._keep else 0
            count = self._keep
        if start > 4 + (held >> 3):
            del log[:start]
        return count

    def _silent(self, keys: list[Key], oldest: int) -> list[Key]:
        states = self._states
        return [key for key in keys if (log if isinstance(log := states[key], int) else log[-1]) < oldest]

    def _pack(self, states: Iterable[int | array[int]]) -> object:
        return pack_arrays(array("q", (log,)) if isinstance(log, int) else log for log in states)

    def _unpack(self, columns: object, count: int) -> Iterator[int | array[int]]:
        return (log if len(log) > 1 else log[0] for log in unpack_arrays(columns))


def _look(log: array[int], order_key: int, what: str, reach: int, most: int, plus: int) -> Value | None:
    """Return one feature's value from a log; `plus` is 1 when the current event is to be in it."""
    if what == "count":
        return min(len(log) - bisect_left(log, order_key - reach) + plus, most)
    return _since(log[-1] if log else INT_MIN, order_key, order_key - reach, what, plus)


def _since(last: int, order_key: int, oldest: int, what: str, plus: int) -> Value | None:
    """Return whether, or how many seconds ago, the last event was, when it is not before the oldest of its window."""
    if plus:
        return True if what == "exists" else 0
    if what == "exists":
        return last >= oldest
    return seconds_between(last, order_key) if last >= oldest else None


def pack_arrays(arrays: Iterable[array[int]]) -> object:
    """Return arrays as two columns, their lengths and all their numbers."""
    lengths, numbers = array("q"), array("q")
    for one in arrays:
        lengths.append(len(one))
        numbers.extend(one)
    return [lengths.tobytes(), numbers.tobytes()]


def unpack_arrays(columns: object) -> Iterator[array[int]]:
    """Yield the arrays that `pack_arrays` packed."""
    lengths, numbers = map(integers, columns_of(columns, 2))
    if min(lengths, default=1) < 1 or sum(lengths) != len(numbers):
        raise ValueError("lengths")
    start = 0
    for length in lengths:
        yield numbers[start : start + length]
        start += length


class SumLog(KeyedState[Tape]):
    """
    `sum` and `avg` over finite windows: exact, whatever the order of events.

    State: one tape per key. It starts with two numbers per window, the place of the oldest event inside it and the
    total of those inside; then come order key and value of each event. What has left all windows is cut off in pieces,
    as in CountLog. Doubles count in millionths, floor(v * 1e6 + 0.5), as integers; a total outside 64 bits is missing.
    """

    __slots__ = ("_average", "_double", "_empty", "_first", "_length", "_most", "_windows")

    def __init__(self, specs: Sequence[FeatureSpec]) -> None:
        super().__init__(specs)
        self._double = specs[0].value_type == DOUBLE
        self._empty = specs[0].empty
        self._first = 2 * len(specs)
        self._windows = tuple(
            (2 * number, spec.aggregate == "avg", spec.reach or 0, spec.at_most) for number, spec in enumerate(specs)
        )
        _, self._average, self._length, self._most = self._windows[0]

    def read(self, key: Key, order_key: int) -> tuple[Value | None, ...]:
        tape = self._states.get(key)
        if tape is None:
            return tuple(spec.empty for spec in self.specs)
        values = []
        for place, average, reach, most in self._windows:
            tape = self._leave(key, tape, place, order_key - reach, most)
            values.append(folded(tape[place + 1], (len(tape) - tape[place]) >> 1, average, self._double))
        return tuple(values)

    def read1(self, key: Key, order_key: int) -> Value | None:
        tape = self._states.get(key)
        if tape is None:
            return self._empty
        tape = self._leave(key, tape, 0, order_key - self._length, self._most)
        return folded(tape[1], (len(tape) - tape[0]) >> 1, self._average, self._double)

    def observe(self, key: Key, order_key: int, value: Value | None = None) -> None:
        number = countable(value, True) if self._double else cast("int | None", value)
        if number is None:
            return
        tape = self._states.get(key)
        if tape is None:
            self._begin(key, array("q", (*(self._first, number) * len(self.specs), order_key, number)))
            return
        if self._single and (len(tape) + 2) & 14:
            tape.append(order_key)
            tape.append(number)
            try:
                tape[1] += number
            except OverflowError:
                tape = self._widen(key, tape)
                tape[1] += number
            return
        tape.append(order_key)
        tape.append(number)
        for place, _, reach, most in self._windows:
            total = tape[place + 1] + number
            try:
                tape[place + 1] = total
            except OverflowError:
                tape = self._widen(key, tape)
                tape[place + 1] = total
            if not len(tape) & 14:
                tape = self._leave(key, tape, place, order_key - reach, most)
        if not len(tape) & 14:
            self._cut(tape)

    def _cut(self, tape: Tape) -> None:
        """Cut off what has left all windows, when that is worth it."""
        left = min(tape[: self._first : 2]) - self._first
        if left > 6 + (len(tape) >> 3):
            del tape[self._first : self._first + left]
            for place in range(0, self._first, 2):
                tape[place] -= left

    def _leave(self, key: Key, tape: Tape, place: int, oldest: int, most: int) -> Tape:
        """Take the events before `oldest`, and all but the latest `most`, out of one window; return the tape."""
        head, end = tape[place], len(tape)
        latest = end - 2 * most
        if head >= latest and (head == end or tape[head] >= oldest):
            return tape
        total = tape[place + 1]
        while head < latest or (head < end and tape[head] < oldest):
            total -= tape[head + 1]
            head += 2
        try:
            tape[place + 1] = total
        except OverflowError:
            tape = self._widen(key, tape)
            tape[place + 1] = total
        tape[place] = head
        return tape

    def _widen(self, key: Key, tape: Tape) -> Tape:
        """Give a key's tape room for numbers of more than 64 bits."""
        wide = self._states[key] = list(tape)
        return wide

    def read_observe1(self, key: Key, order_key: int, value: Value | None = None) -> Value | None:
        if not self._plain:
            return KeyedState.read_observe1(self, key, order_key, value)
        number = cast("int | None", value)
        if self._double and value is not None:
            scaled = value * 1e6  # type: ignore[operator]
            number = floor(scaled + 0.5) if -MILLIONTHS_LIMIT < scaled < MILLIONTHS_LIMIT else None
        if number is None:
            return self.read1(key, order_key)
        tape = self._states.get(key)
        if tape is None:
            tape = self._states[key] = FOUR[:]
            tape[1] = tape[3] = number
            tape[2] = order_key
            self._young.append(key)
            return self._empty
        head, total, end = tape[0], tape[1], len(tape)
        oldest = order_key - self._length
        if head < end and tape[head] < oldest:
            total -= tape[head + 1]
            head += 2
            while head < end and tape[head] < oldest:
                total -= tape[head + 1]
                head += 2
            if head > 8 + (end >> 3):
                del tape[2:head]
                end -= head - 2
                head = 2
            tape[0] = head
        tape.append(order_key)
        tape.append(number)
        try:
            tape[1] = total + number
        except OverflowError:
            tape = self._widen(key, tape)
            tape[1] = total + number
        count = (end - head) >> 1
        if count >= self._most:
            self._cut(self._leave(key, tape, 0, oldest, self._most))
        if not INT_MIN <= total <= INT_MAX:
            return None
        if self._average:
            return folded(total, count, True, self._double)
        return total / 1e6 if self._double else total

    _latest_at = -2

    def _pack(self, states: Iterable[Tape]) -> object:
        wide: dict[int, list[str]] = {}
        arrays: list[array[int]] = []
        for place, tape in enumerate(states):
            if isinstance(tape, array):
                arrays.append(tape)
            else:
                wide[place] = list(map(str, tape))
                arrays.append(array("q", (0,)))
        return [pack_arrays(arrays), wide]

    def _unpack(self, columns: object, count: int) -> Iterator[Tape]:
        arrays, wide = columns_of(columns, 2)
        if not isinstance(wide, dict):
            raise ValueError("wide")
        for place, tape in enumerate(unpack_arrays(arrays)):
            yield list(map(int, wide[place])) if place in wide else tape


def countable(value: Value | None, double: bool) -> int | None:
    """Return a value as the integer it counts as in a sum; None when it is missing or too large."""
    if not double:
        return value if isinstance(value, int) else None
    if value is None or isinstance(value, str):
        return None
    scaled = value * 1e6
    return floor(scaled + 0.5) if -MILLIONTHS_LIMIT < scaled < MILLIONTHS_LIMIT else None


def folded(total: int, count: int, average: bool, double: bool) -> Value | None:
    """Return a sum or average from its exact total; None when the total is outside 64 bits or nothing is averaged."""
    if not INT_MIN <= total <= INT_MAX:
        return None
    if not average:
        return total / 1e6 if double else total
    if not count:
        return None
    return total / 1e6 / count if double else float(total) / count
