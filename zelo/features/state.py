"""All window state of one engine: its groups, their sweeping in turn, and one snapshot of everything."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from zelo.base.errors import InvalidInput
from zelo.features.group import DAMAGED, MISFIT, Group
from zelo.features.spec import INT_MAX, INT_MIN

SWEEP_LEAST = 10
"""Keys that a small sweep looks at; an eighth more each time that the one before left some over."""
SWEEP_MOST = 1 << 16
SWEEPS_A_ROUND = 16
"""Every so many small sweeps, all groups are asked for keys that have come to wait."""


class Windows:
    """The state of a pack's features, as `plan` has grouped them."""

    __slots__ = ("_budget", "_due", "_finite", "_sweeps", "_turn", "groups")

    def __init__(self, groups: Iterable[Group]) -> None:
        self.groups = tuple(groups)
        self._finite = tuple(group for group in self.groups if not group.lasts)
        self._turn = 0
        self._budget = SWEEP_LEAST
        self._due = INT_MIN
        """The order key before which no key that waits in a batch is to be looked at."""
        self._sweeps = 0

    def sweep(self, order_key: int, budget: int | None = None) -> None:
        """
        Look at some keys that may have run empty, and drop those that have.

        Values never depend on it; memory does. Call it every few events without a budget: it then keeps pace with what
        is due, and a key stays at most about one window's length after it has run empty. With a budget, up to so many
        keys are looked at, group after group.
        """
        if budget is not None:
            self._sweep(order_key, budget)
            return
        self._sweeps += 1
        if order_key <= self._due and self._sweeps % SWEEPS_A_ROUND:
            return
        if self._sweep(order_key, self._budget):
            self._budget = SWEEP_LEAST
        elif self._budget < SWEEP_MOST:
            self._budget += 1 + (self._budget >> 3)
        self._due = min([group.due for group in self._finite], default=INT_MAX)

    def _sweep(self, order_key: int, budget: int) -> bool:
        """Look at up to so many keys; say whether that was enough."""
        for _ in self._finite:
            budget -= self._finite[self._turn].sweep(order_key, budget)
            if budget <= 0:
                return False
            self._turn = (self._turn + 1) % len(self._finite)
        return True

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
        self.sweep_anew()

    def sweep_anew(self) -> None:
        """Forget what is due, after groups took over others' keys."""
        self._due = INT_MIN

    def clear(self) -> None:
        """Drop all state."""
        for group in self.groups:
            group.adopt(type(group)(group.specs))
        self._turn = 0
        self._due = INT_MIN

    def keys_live(self) -> int:
        """Return how many keys have state, over all groups."""
        return sum(group.keys_live() for group in self.groups)

    def state_bytes(self) -> int:
        """Return the deep size of all state, see `KeyedState.state_bytes`."""
        return sum(group.state_bytes() for group in self.groups)
