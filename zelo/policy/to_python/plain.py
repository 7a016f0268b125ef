"""What generated code calls: decoded values in the language's form, and what lower strata change on an event."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from zelo.events.names import attribute
from zelo.events.types import DURATION, TIMESTAMP, ListOf, MapOf, ObjectOf, Scalar, Type

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def plain_value(kind: Type) -> Callable[[Any], object] | None:
    """Return the function that turns a decoded value into the language's form, or None when it is the same."""
    match kind:
        case Scalar():
            return timestamp_us if kind == TIMESTAMP else duration_us if kind == DURATION else None
        case ListOf() if (convert := plain_value(kind.item)) is not None:
            return partial(_each, convert)
        case MapOf() if (convert := plain_value(kind.value)) is not None:
            return partial(_each_value, convert)
        case ObjectOf():
            return plain_object(kind)
    return None


def _each(convert: Callable[[Any], object], items: Sequence[object]) -> list[object]:
    return [convert(item) for item in items]


def _each_value(convert: Callable[[Any], object], items: Mapping[str, object]) -> dict[str, object]:
    return {key: convert(value) for key, value in items.items()}


def plain_object(kind: ObjectOf) -> Callable[[object], dict[str, object]]:
    """Return the function that turns a decoded object into a mapping of the fields it has."""
    converters = [(name, attribute(name), plain_value(entry.type)) for name, entry in kind.fields]

    def convert(decoded: object) -> dict[str, object]:
        found = ((name, getattr(decoded, slot), turn) for name, slot, turn in converters)
        return {name: turn(value) if turn else value for name, value, turn in found if value is not None}

    return convert


def timestamp_us(moment: datetime) -> int:
    """Return microseconds since 1970 UTC."""
    return (moment - EPOCH) // MICROSECOND


def duration_us(length: timedelta) -> int:
    """Return microseconds."""
    return length // MICROSECOND


def relabelled(
    labels: frozenset[str] | None,
    role: str,
    fired: Sequence[int],
    written: Mapping[int, Sequence[tuple[str, str, bool]]],
    ids: Mapping[str, tuple[str, object]],
) -> frozenset[str] | None:
    """Return the labels of a role's entity after the fired rules' label effects; a removal outweighs an addition."""
    if labels is None:
        return None
    changes = [
        (label, added)
        for number in fired
        for writer, label, added in written.get(number, ())
        if ids[writer] == ids[role]
    ]
    if not changes:
        return labels
    gained = {label for label, added in changes if added}
    return (labels | gained) - {label for label, added in changes if not added}


def restood(
    now: Any,
    role: str,
    fired: Sequence[int],
    asked: Mapping[int, Sequence[tuple[str, object]]],
    ids: Mapping[str, tuple[str, object]],
) -> Any:
    """Return the account health of a role's entity after what the fired rules of lower strata ask of it."""
    if now is None:
        return None
    return now.after([what for n in fired for writer, what in asked.get(n, ()) if ids[writer] == ids[role]])
