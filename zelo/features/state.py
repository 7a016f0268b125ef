"""All window state of one engine: its groups, their sweeping in turn, and one snapshot of everything."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from zelo.base.errors import InvalidInput
from zelo.features.group import DAMAGED, MISFIT, Group

SWEEP_LEAST = 32
SWEEP_FOR_EACH_NEW = 2


class Windows:
    """The state of a pack's features, as `plan` has grouped them."""

    __slots__ = ("_finite", "_swept", "_turn", "groups")

    def __init__(self, groups: Iterable[Group]) -> None:
        self.groups = tuple(groups)
        self._finite = tuple(group for group in self.groups if not group.lasts)
        self._turn = 0
        self._swept = 0
        """How many keys the finite groups had after they were last swept."""

    def sweep(self, order_key: int, budget: int | None = None) -> None:
        """
        Look at some keys that may have run empty, and drop those that have.

        Values never depend on it; memory does. Call it every few events without a budget: it then keeps pace with the
        new keys, two looks for each, and a key stays at most about one window's length after it has run empty. With a
        budget, up to so many keys are looked at, group after group.
        """
        finite = self._finite
        if budget is None:
            new = sum([len(group._states) for group in finite]) - self._swept
            budget = SWEEP_LEAST + SWEEP_FOR_EACH_NEW * new
        for _ in finite:
            budget -= finite[self._turn].sweep(order_key, budget)
            if budget <= 0:
                break
            self._turn = (self._turn + 1) % len(finite)
        self._swept = sum([len(group._states) for group in finite])

    def dump(self) -> bytes:
        """Return the state of all groups as bytes."""
        return msgspec.msgpack.encode([group.dump() for group in self.groups])

    def load(self, data: bytes) -> None:
        """Replace all state by a snapshot; raise InvalidInput, and change nothing, when it is of other features."""
        try:
            parts = msgspec.msgpack.decode(data, type=list[bytes])
        except msgspec.DecodeError as error:
            raise InvalidInput(DAMAGED) from error
        if len(parts) != len(self.groups):
            counts = {"found": len(parts), "expected": len(self.groups)}
            raise InvalidInput(MISFIT, field="number of groups", feature="", **counts)
        fresh = [type(group)(group.specs) for group in self.groups]
        for group, part in zip(fresh, parts, strict=True):
            group.load(part)
        for group, loaded in zip(self.groups, fresh, strict=True):
            group.adopt(loaded)
        self._swept = sum([group.keys_live() for group in self._finite])

    def clear(self) -> None:
        """Drop all state."""
        for group in self.groups:
            group.adopt(type(group)(group.specs))
        self._turn = 0
        self._swept = 0

    def keys_live(self) -> int:
        """Return how many keys have state, over all groups."""
        return sum(group.keys_live() for group in self.groups)

    def state_bytes(self) -> int:
        """Return the deep size of all state, see `KeyedState.state_bytes`."""
        return sum(group.state_bytes() for group in self.groups)
