"""A group of features that share one state per key: what every such state can do, its eviction and its snapshot."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar
from zlib import crc32

import msgspec

from zelo.base.errors import InvalidInput
from zelo.events.types import STRING
from zelo.features.spec import INT_MAX, INT_MIN, FeatureSpec, Key, Value

State = TypeVar("State")

BATCH = 64
"""Keys that wait together for the sweep to look at them."""
FORMAT = 2
"""Version of a group's snapshot."""
_BYTE_ORDER = "little" if array("H", (1,)).tobytes()[0] else "big"
_GC_HEADER = 16
"""What the collector of CPython adds to each container, as `sys.getsizeof` counts it."""
DAMAGED = "the snapshot of features is damaged"
MISFIT = "the snapshot of features does not fit this pack: {field} of `{feature}` is {found} there and {expected} here"


class KeyedState(Generic[State]):
    """
    Features over the same events (kinds, filter, value) by the same key, folded in one state per key.

    Events come in order: each `order_key` is larger than every one seen before (law 3; checked nowhere, since intake
    gives them). A value of None is a missing value: the event is not counted. `read` must come before the event's own
    `observe`; `read_observe` does both, and gives features that include the current event their value after it.
    """

    __slots__ = ("_batches", "_including", "_plain", "_reach", "_single", "_states", "_young", "names", "specs")

    def __init__(self, specs: Sequence[FeatureSpec]) -> None:
        self.specs = tuple(specs)
        self.names = tuple(spec.name for spec in specs)
        """Feature names, in the order of the tuples that `read` and `read_observe` return."""
        reaches = [spec.reach for spec in specs if spec.reach is not None]
        self._single = len(specs) == 1
        self._including = specs[0].including_current
        self._plain = self._single and not self._including
        self._reach = max(reaches) if len(reaches) == len(self.specs) else None
        self._states: dict[Key, State] = {}
        self._young: list[Key] = []
        self._batches: deque[tuple[int, list[Key]]] = deque()

    # -- meaning ----------------------------------------------------------------------------------------------------

    def read(self, key: Key, order_key: int) -> tuple[Value | None, ...]:
        """Return the features' values at an event that is not itself folded."""
        return (self.read1(key, order_key),)

    def observe(self, key: Key, order_key: int, value: Value | None = None) -> None:
        """Fold one matching event; one without a value is not counted."""
        raise NotImplementedError

    def read_observe(self, key: Key, order_key: int, value: Value | None = None) -> tuple[Value | None, ...]:
        """Return the features' values at a matching event and fold it."""
        if self._single:
            return (self.read_observe1(key, order_key, value),)
        before = self.read(key, order_key)
        self.observe(key, order_key, value)
        if not any(spec.including_current for spec in self.specs):
            return before
        after = self.read(key, order_key)
        pairs = zip(self.specs, before, after, strict=True)
        return tuple(late if spec.including_current else early for spec, early, late in pairs)

    def read1(self, key: Key, order_key: int) -> Value | None:
        """Return the value of the only feature (or of the first of several); `read` without the tuple."""
        raise NotImplementedError

    def read_observe1(self, key: Key, order_key: int, value: Value | None = None) -> Value | None:
        """Return the value of the only feature and fold the event; `read_observe` without the tuple."""
        if self._including:
            self.observe(key, order_key, value)
            return self.read1(key, order_key)
        before = self.read1(key, order_key)
        self.observe(key, order_key, value)
        return before

    def _begin(self, key: Key, state: State) -> None:
        self._states[key] = state
        if self._reach is not None:
            self._young.append(key)

    # -- eviction ---------------------------------------------------------------------------------------------------

    def sweep(self, order_key: int, budget: int) -> int:
        """
        Look at up to `budget` of the keys that were new, or seen alive, a whole window ago; drop those whose window is
        empty at `order_key` and so at every later one; return how many were looked at. No value ever depends on it.
        Keys wait in batches, so a few (less than one batch) may stay longer.
        """
        if self._reach is None:
            return 0
        if len(self._young) >= BATCH:
            self._batches.append((order_key + self._reach, self._young))
            self._young = []
        looked, batches = 0, self._batches
        while batches and batches[0][0] < order_key and looked < budget:
            keys = batches[0][1]
            some = keys[looked - budget :]
            del keys[looked - budget :]
            looked += len(some)
            self._drop_silent(some, order_key - self._reach)
            if not keys:
                batches.popleft()
        return looked

    def _drop_silent(self, keys: list[Key], oldest: int) -> None:
        """Drop those keys whose latest event is before `oldest`; the others wait again."""
        states, silent = self._states, self._silent(keys, oldest)
        for key in silent:
            del states[key]
        if len(silent) < len(keys):
            self._young += [key for key in keys if key in states] if silent else keys

    def _silent(self, keys: list[Key], oldest: int) -> list[Key]:
        """Return those of some keys whose latest event is before `oldest`."""
        states, place = self._states, self._latest_at
        if place is None:
            return [key for key in keys if self._latest(states[key]) < oldest]
        return [key for key in keys if states[key][place] < oldest]  # type: ignore[index]

    @property
    def due(self) -> int:
        """Return the order key after which the first batch is to be looked at."""
        return self._batches[0][0] if self._batches else INT_MAX

    @property
    def lasts(self) -> bool:
        """Say whether its keys stay for ever, because some window has no end."""
        return self._reach is None

    _latest_at: ClassVar[int | None] = None
    """Where in a state the order key of the latest event stands; None: `_latest` knows."""

    def _latest(self, state: State) -> int:
        """Return the order key of the latest event in a state, or less than any when it holds none."""
        raise NotImplementedError

    # -- size -------------------------------------------------------------------------------------------------------

    def keys_live(self) -> int:
        """Return how many keys have state."""
        return len(self._states)

    def state_bytes(self) -> int:
        """
        Return the deep size of all state: the dictionary, the queue of the sweep, and for each key the key object and
        its state with everything in it, as `sys.getsizeof` counts; a key object shared by groups counts in each.
        """
        queues = [self._young, *(keys for _, keys in self._batches)]
        return deep_size(self._states) + sum(keys.__sizeof__() + _GC_HEADER for keys in queues)

    # -- snapshot ---------------------------------------------------------------------------------------------------

    def dump(self) -> bytes:
        """Return the whole state as bytes; `load` gives exactly the same values for all later events."""
        head = (FORMAT, _BYTE_ORDER, [_description(spec) for spec in self.specs])
        body = msgspec.msgpack.encode((*head, list(self._states), self._pack(self._states.values())))
        return crc32(body).to_bytes(4, "little") + body

    def load(self, data: bytes) -> None:
        """Replace the state by a snapshot; raise InvalidInput when it is of other features or damaged."""
        check, body = data[:4], data[4:]
        if crc32(body).to_bytes(4, "little") != check:
            raise InvalidInput(DAMAGED)
        try:
            snapshot = msgspec.msgpack.decode(body, type=tuple[int, str, list[dict[str, object]], list[object], object])
            version, byte_order, descriptions, keys, columns = snapshot
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InvalidInput(DAMAGED) from error
        if (version, byte_order) != (FORMAT, _BYTE_ORDER):
            found, expected = f"{version} {byte_order}", f"{FORMAT} {_BYTE_ORDER}"
            raise InvalidInput(MISFIT, field="format", feature=self.names[0], found=found, expected=expected)
        self._check_same(descriptions)
        try:
            states = list(self._unpack(columns, len(keys)))
            self._states = dict(zip(map(_as_key, keys), states, strict=True))
        except (TypeError, ValueError, LookupError) as error:
            raise InvalidInput(DAMAGED) from error
        self._young = []
        self._batches = deque() if self.lasts else deque([(INT_MIN, list(self._states))])

    def adopt(self, other: KeyedState[State]) -> None:
        """Take over the state of a group of the same features, which is not to be used any more."""
        self._states, self._young, self._batches = other._states, other._young, other._batches

    def reword(self, words: Mapping[str, str]) -> None:
        """Put other texts in the place of some, in keys and in values; no two texts may become the same."""
        found = [key for key in self._states if _names(key, words)]
        for key in found:
            self._begin(_reworded(key, words), self._states.pop(key))
        if found:
            self._young = [key for key in self._young if key in self._states]
            self._batches = deque((due, [key for key in keys if key in self._states]) for due, keys in self._batches)
        if self._states and any(spec.value_type == STRING for spec in self.specs):
            columns = _in_columns(self._pack(self._states.values()), words)
            self._states.update(zip(list(self._states), self._unpack(columns, len(self._states)), strict=True))

    def _check_same(self, descriptions: list[dict[str, object]]) -> None:
        """Raise InvalidInput, naming the first difference, when a snapshot is of other features."""
        if len(descriptions) != len(self.specs):
            counts = {"found": len(descriptions), "expected": len(self.specs)}
            raise InvalidInput(MISFIT, field="number of features", feature=self.names[0], **counts)
        for spec, found in zip(self.specs, descriptions, strict=True):
            for name, expected in _description(spec).items():
                if name != "name" and found.get(name) != expected:
                    differs = {"found": found.get(name), "expected": expected}
                    raise InvalidInput(MISFIT, field=name, feature=spec.name, **differs)

    def _pack(self, states: Iterable[State]) -> object:
        """Return all states as columns that msgpack can hold."""
        raise NotImplementedError

    def _unpack(self, columns: object, count: int) -> Iterator[State]:
        """Yield the states that `_pack` packed, in order; raise ValueError or TypeError when they do not fit."""
        raise NotImplementedError


Group: TypeAlias = KeyedState[Any]
"""A group, whatever its state is."""


def deep_size(thing: object) -> int:
    """Return the size in bytes of a value and of what it holds; CPython keeps one copy of each small number."""
    size = thing.__sizeof__()
    if isinstance(thing, int) and -5 <= thing <= 256:
        return 0
    if isinstance(thing, dict):
        return _GC_HEADER + size + sum(deep_size(key) + deep_size(value) for key, value in thing.items())
    if isinstance(thing, tuple | list):
        return _GC_HEADER + size + sum(map(deep_size, thing))
    return size


def integers(data: object) -> array[int]:
    """Return a packed column as an array; raise ValueError when it is none."""
    if not isinstance(data, bytes):
        raise ValueError(type(data))
    column = array("q")
    column.frombytes(data)
    return column


def columns_of(columns: object, count: int) -> list[object]:
    """Return a packed state as its `count` columns; raise ValueError when it is another number."""
    if not isinstance(columns, list) or len(columns) != count:
        raise ValueError(count)
    return columns


def _as_key(packed: object) -> Key:
    if isinstance(packed, list):
        return tuple(packed)
    if isinstance(packed, str | int):
        return packed
    raise ValueError(packed)


def _names(key: Key, words: Mapping[str, str]) -> bool:
    return any(part in words for part in key) if isinstance(key, tuple) else key in words


def _reworded(key: Key, words: Mapping[str, str]) -> Key:
    if isinstance(key, tuple):
        return tuple(words.get(part, part) if isinstance(part, str) else part for part in key)
    return words[key] if isinstance(key, str) else key


def _in_columns(packed: object, words: Mapping[str, str]) -> object:
    """Return a packed state with other texts in the place of some."""
    if isinstance(packed, list):
        return [_in_columns(part, words) for part in packed]
    return words.get(packed, packed) if isinstance(packed, str) else packed


def _description(spec: FeatureSpec) -> dict[str, object]:
    """Return what a state depends on, in terms a snapshot can hold and a message can show."""
    return {
        "name": spec.name,
        "aggregate": spec.aggregate,
        "kinds": sorted(spec.kinds),
        "by": list(spec.by),
        "signature": spec.signature,
        "window": spec.window_ms,
        "including": spec.including_current,
        "at_most": spec.at_most,
        "type": str(spec.value_type),
    }
