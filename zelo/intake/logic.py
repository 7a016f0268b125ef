"""Which partition an event belongs to, and reading the many forms in which a call may bring events."""

from __future__ import annotations

from zlib import crc32

import msgspec

from zelo.base.errors import InvalidInput
from zelo.base.messages.message import N_
from zelo.events.decode import Event
from zelo.events.names import attribute
from zelo.events.types import Kind


class _Batch(msgspec.Struct):
    events: list[msgspec.Raw]


_batch = msgspec.json.Decoder(_Batch).decode
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


def split(body: bytes, *, lines: bool, most: int) -> list[bytes]:
    """
    Return the events of a call, each as its own JSON text.

    A body is `{"events": [...]}`, a list, or with `lines` one event on each line. Raises InvalidInput.
    """
    if lines:
        found = [line for line in body.split(b"\n") if line.strip()]
    else:
        try:
            start = body[:64].lstrip()[:1]
            raws = _list(body) if start == b"[" else _batch(body).events
            found = [bytes(raw) for raw in raws]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise InvalidInput(
                N_("the body is not JSON of the form {form}"), form='{"events": [...]}', code="bad_body"
            ) from None
    if len(found) > most:
        raise InvalidInput(
            N_("a call may bring {most} events at most, this one has {found}"),
            most=most,
            found=len(found),
            code="too_many_events",
        )
    return found


def partition_of(kind: Kind, event: Event, partitions: int) -> int:
    """Return the partition of an event: that of its actor, or of the first role that is there."""
    if partitions == 1:
        return 0
    for path in ([kind.roles["actor"]] if "actor" in kind.roles else []) + list(kind.roles.values()):
        value: object = event
        for part in path:
            value = getattr(value, attribute(part), None)
        if value is not None:
            return crc32(str(value).encode()) % partitions
    return crc32(event.id.encode()) % partitions
