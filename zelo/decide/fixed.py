"""Windows with stated values: what an example says a feature is, whatever its history."""

from __future__ import annotations

from collections.abc import Mapping

from zelo.policy.to_python.kinds import WindowGroup


class Fixed:
    """A group of windows of which some have the same value at every event."""

    def __init__(self, group: WindowGroup, values: Mapping[str, object]) -> None:
        self.names = group.names
        self._group = group
        self._values = values

    def _stated(self, found: tuple[object, ...]) -> tuple[object, ...]:
        return tuple(self._values.get(name, value) for name, value in zip(self.names, found, strict=True))

    def read(self, key: object, order_key: int) -> tuple[object, ...]:
        """Return the values, stated ones as stated."""
        return self._stated(self._group.read(key, order_key))

    def observe(self, key: object, order_key: int, value: object) -> None:
        """Tell the group of an event."""
        self._group.observe(key, order_key, value)

    def read_observe(self, key: object, order_key: int, value: object) -> tuple[object, ...]:
        """Return the values, stated ones as stated, and tell the group of the event."""
        return self._stated(self._group.read_observe(key, order_key, value))

    def read1(self, key: object, order_key: int) -> object:
        """Return the only value."""
        return self.read(key, order_key)[0]

    def read_observe1(self, key: object, order_key: int, value: object) -> object:
        """Return the only value, and tell the group of the event."""
        return self.read_observe(key, order_key, value)[0]
