"""Chains of the events that can still be the smallest, largest or first of a finite window: `min`, `max`, `first`."""
# ruff: noqa: D102 - what the methods of a group mean stands once, in KeyedState.

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, MutableSequence, Sequence
from operator import invert, neg
from typing import TypeAlias, cast

from zelo.events.types import BOOL, DOUBLE, STRING
from zelo.features.group import KeyedState, columns_of
from zelo.features.logs import pack_arrays, unpack_arrays
from zelo.features.spec import FeatureSpec, Key, Value, no_negative_zero

Tape: TypeAlias = MutableSequence[int]
"""An array of 64-bit integers; a list with the same layout where values are doubles or text."""


class Chain(KeyedState[Tape]):
    """
    One of `min`, `max`, `first` over finite windows.

    An event leaves the chain when a later one makes it pointless: for `min` one as small or smaller, for `max` one as
    large or larger, for `first` one directly after it with the same value. What is left is in order of time, and the
    oldest of it inside a window is the answer. State: one tape per key: for each window the place of the oldest link
    inside it; then order key, running number and value of each link. At most `at_most` links and a sixteenth more.
    """

    __slots__ = ("_decode", "_encode", "_first", "_fresh", "_length", "_most", "_places", "_runs", "_windows")

    def __init__(self, specs: Sequence[FeatureSpec]) -> None:
        super().__init__(specs)
        self._runs = specs[0].aggregate == "first"
        self._first = len(specs)
        self._places = range(self._first)
        self._windows = tuple((place, spec.reach or 0, spec.at_most) for place, spec in enumerate(specs))
        _, self._length, self._most = self._windows[0]
        self._encode, self._decode = _codec(specs[0])
        start = (*(self._first,) * self._first, 0, 0, 0)
        self._fresh: Tape = list(start) if specs[0].value_type in (DOUBLE, STRING) else array("q", start)

    def read(self, key: Key, order_key: int) -> tuple[Value | None, ...]:
        tape = self._states.get(key)
        if tape is None:
            return (None,) * len(self._windows)
        return tuple([self._oldest(tape, place, order_key - reach, most) for place, reach, most in self._windows])

    def read1(self, key: Key, order_key: int) -> Value | None:
        tape = self._states.get(key)
        return None if tape is None else self._oldest(tape, 0, order_key - self._length, self._most)

    def _oldest(self, tape: Tape, place: int, oldest: int, most: int) -> Value | None:
        """Return the value of the oldest link inside a window."""
        head = self._leave(tape, place, oldest, most)
        if head == len(tape):
            return None
        return self._decode(tape[head + 2]) if self._decode else tape[head + 2]

    def _leave(self, tape: Tape, place: int, oldest: int, most: int) -> int:
        """Take the links before `oldest`, or not among the latest `most` events, out of a window; return its place."""
        head, end = tape[place], len(tape)
        first = tape[-2] - most
        if head < end and (tape[head] < oldest or tape[head + 1] <= first):
            head += 3
            while head < end and (tape[head] < oldest or tape[head + 1] <= first):
                head += 3
            tape[place] = head
        return head

    def observe(self, key: Key, order_key: int, value: Value | None = None) -> None:
        if value is None:
            return
        number = cast("int", self._encode(value) if self._encode else value)
        tape = self._states.get(key)
        if tape is None:
            tape = self._fresh[:]
            tape[-3], tape[-1] = order_key, number
            self._begin(key, tape)
            return
        if len(tape) > 24:
            for place, reach, most in self._windows:
                self._leave(tape, place, order_key - reach, most)
        self._link(tape, order_key, number)

    def _link(self, tape: Tape, order_key: int, number: int) -> None:
        """Put a new link at the end, in place of those it makes pointless, and cut off what has left all windows."""
        running = tape[-2] + 1
        end = cut = len(tape)
        if self._runs:
            if tape[-1] == number:
                cut -= 3
        else:
            while cut > self._first and tape[cut - 1] <= number:
                cut -= 3
        if cut < end:
            tape[cut], tape[cut + 1], tape[cut + 2] = order_key, running, number
            if cut + 3 < end:
                del tape[cut + 3 :]
            for place in self._places:
                if tape[place] > cut:
                    tape[place] = cut
            return
        tape.append(order_key)
        tape.append(running)
        tape.append(number)
        if tape[0] >= self._first + 12 + (end >> 3):
            self._trim(tape, end)

    def _trim(self, tape: Tape, end: int) -> None:
        """Cut off what has left all windows, when it is more than an eighth of the tape."""
        left = min(tape[: self._first]) - self._first
        if left >= 12 + (end >> 3):
            del tape[self._first : self._first + left]
            for place in self._places:
                tape[place] -= left

    def read_observe1(self, key: Key, order_key: int, value: Value | None = None) -> Value | None:
        if value is None or not self._plain:
            return KeyedState.read_observe1(self, key, order_key, value)
        tape = self._states.get(key)
        number: int = self._encode(value) if self._encode else value  # type: ignore[assignment]
        if tape is None:
            tape = self._states[key] = self._fresh[:]
            tape[1], tape[3] = order_key, number
            self._young.append(key)
            return None
        head, oldest = tape[0], order_key - self._length
        if head < len(tape) and (tape[head] < oldest or tape[-2] >= self._most):
            head = self._leave(tape, 0, oldest, self._most)
        before = tape[head + 2] if head < len(tape) else None
        self._link(tape, order_key, number)
        return self._decode(before) if self._decode and before is not None else before

    _latest_at = -3

    def _pack(self, states: Iterable[Tape]) -> object:
        if isinstance(self._fresh, list):
            return list(states)
        return pack_arrays(cast("Iterable[array[int]]", states))

    def _unpack(self, columns: object, count: int) -> Iterator[Tape]:
        if not isinstance(self._fresh, list):
            return cast("Iterator[Tape]", unpack_arrays(columns))
        return cast("Iterator[Tape]", iter(columns_of(columns, count)))


def _codec(spec: FeatureSpec) -> tuple[Callable[[Value], int] | None, Callable[[int], Value] | None]:
    """Return how a feature's values become numbers, of which it wants the largest, and back; None: they are that."""
    if spec.value_type == BOOL:
        return int, bool
    if spec.value_type == DOUBLE:
        return (_opposite, neg) if spec.aggregate == "min" else (no_negative_zero, None)  # type: ignore[return-value]
    return (invert, invert) if spec.aggregate == "min" else (None, None)  # type: ignore[return-value]


def _opposite(value: float) -> float:
    return -(value + 0.0)
