"""Values of decoded events in the form the language has them: times and lengths in microseconds, objects as maps."""

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
