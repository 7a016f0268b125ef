"""A simulated world moved so that its last day but one is now: what has happened by now, and what is still to come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from zelo.adapters.lake import Lake
from zelo.adapters.packs import open_pack
from zelo.cli.demo import shipped_pack
from zelo.events.decode import Decoder, Event
from zelo.events.intake import COUNTER_BITS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BEFORE_THE_END = timedelta(days=1)
"""So much of the world at least comes only after `now`."""


@dataclass(frozen=True)
class MovedWorld:
    """A world at another time; whole days are moved, so that a night stays a night."""

    lake: Lake
    now: datetime
    shift: timedelta

    @classmethod
    def read(cls, folder: Path, now: datetime) -> MovedWorld:
        """Open a finished world."""
        lake = Lake(folder, Decoder(open_pack(shipped_pack()).kinds))
        end = _EPOCH + timedelta(milliseconds=lake.manifest.last_order_key >> COUNTER_BITS)
        return cls(lake, now, timedelta(days=-((end - _BEFORE_THE_END - now) // timedelta(days=1))))

    def past(self, days: int) -> Iterator[dict[str, Any]]:
        """Yield the events of so many days up to now, in the order in which they came in."""
        for moment, event in self._from(self.now - timedelta(days=days)):
            if moment >= self.now:
                return
            yield told(event, self.shift)

    def to_come(self) -> Iterator[Event]:
        """Yield the events after now as they are in the world, in order."""
        for _, event in self._from(self.now):
            yield event

    def _from(self, since: datetime) -> Iterator[tuple[datetime, Event]]:
        """Yield events from a moment on, each with the moment at which it came in."""
        after = ((since - self.shift - _EPOCH) // timedelta(milliseconds=1)) << COUNTER_BITS
        for rows in self.lake.read(after - 1):
            for order_key, event in rows:
                yield _EPOCH + timedelta(milliseconds=order_key >> COUNTER_BITS) + self.shift, event


def told(event: Event, shift: timedelta, name: str = "") -> dict[str, Any]:
    """Return an event as JSON holds it, all its times moved, its id begun with `name`; what is absent is left out."""
    made: dict[str, Any] = _plain(msgspec.to_builtins(event, builtin_types=(datetime,), enc_hook=str), shift)
    return {**made, "id": name + made["id"]}


def _plain(value: Any, shift: timedelta) -> Any:
    match value:
        case dict():
            return {key: _plain(part, shift) for key, part in value.items() if part is not None}
        case list():
            return [_plain(part, shift) for part in value]
        case datetime():
            return (value + shift).isoformat().replace("+00:00", "Z")
        case _:
            return value
