"""JSON or Python values made to fit a type, or the one reason why they do not; slow, clear, never on the hot path."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from zelo.base.errors import InvalidInput
from zelo.events.durations import DURATION_MAX_US, parse_duration
from zelo.events.names import attribute
from zelo.events.reasons import invalid
from zelo.events.types import BOOL, DOUBLE, DURATION, INT, STRING, TIMESTAMP, ListOf, MapOf, ObjectOf, Type

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
_FINER = re.compile(r"(:\d\d\.\d{6})\d+")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
_LATEST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


class Length(timedelta):
    """A duration inside a decoded event; written in JSON as in CEL (`1h30m`)."""


class TooLarge(float):
    """A number in a JSON text that no double can hold."""


class Fitter:
    """Makes values fit types; knows the struct class of each object type."""

    def __init__(self, classes: Mapping[ObjectOf, type[msgspec.Struct]]) -> None:
        self._classes = classes

    def fields(self, kind: ObjectOf, values: Mapping[str, object], path: str) -> dict[str, object]:
        """Return attribute name to value for every field that is present; raise InvalidInput at the first misfit."""
        found: dict[str, object] = {}
        for name, field in kind.fields:
            place = f"{path}.{name}" if path else name
            value = self.value(field.type, values.get(name), place)
            if isinstance(field.type, ObjectOf) and not field.required and value is not None and is_hollow(value):
                value = None
            if value is not None:
                found[attribute(name)] = value
            elif field.required:
                raise invalid("required_missing", path=place)
        return found

    def value(self, kind: Type, value: object, path: str) -> object:
        """Return the value as the type wants it; None when it is absent (None, NaN or an infinity)."""
        if value is None or (type(value) is float and not math.isfinite(value)):
            return None
        match kind:
            case ObjectOf():
                if isinstance(value, self._classes[kind]):
                    return value
                if not isinstance(value, Mapping):
                    raise _misfit(kind, value, path)
                return self._classes[kind](**self.fields(kind, value, path))
            case ListOf():
                if not isinstance(value, (list, tuple)):
                    raise _misfit(kind, value, path)
                items = (self.value(kind.item, item, f"{path}[{place}]") for place, item in enumerate(value))
                return [item for item in items if item is not None]
            case MapOf():
                return self._map(kind, value, path)
            case _:
                return _scalar(kind, value, path)

    def _map(self, kind: MapOf, value: object, path: str) -> dict[str, object]:
        if not isinstance(value, Mapping):
            raise _misfit(kind, value, path)
        pairs: dict[str, object] = {}
        for key, item in value.items():
            if not isinstance(key, str):
                raise _misfit(STRING, key, path)
            pairs[_text(key, path)] = self.value(kind.value, item, f"{path}[{key!r}]"[:200])
        return {key: item for key, item in pairs.items() if item is not None}


def is_hollow(value: object) -> bool:
    """Say whether an object holds nothing: an optional one is then the same as an absent one."""
    return all(getattr(value, name) is None for name in getattr(value, "__struct_fields__", ()))


def check_instant(moment: datetime, path: str) -> None:
    """Raise InvalidInput when an instant lies outside the years 1 to 9999 of UTC."""
    if not _EARLIEST <= moment <= _LATEST:
        raise invalid("out_of_range", path=path, expected="timestamp")


def instant_us(moment: datetime) -> int:
    """Return the microseconds since 1970 UTC of an instant."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _scalar(kind: Type, value: object, path: str) -> object:
    if kind == STRING and isinstance(value, str):
        return _text(value, path)
    if kind == BOOL and isinstance(value, bool):
        return value
    if kind == INT and isinstance(value, int) and not isinstance(value, bool):
        if not INT_MIN <= value <= INT_MAX:
            raise invalid("out_of_range", path=path, expected="int")
        return value
    if kind == DOUBLE and isinstance(value, (int, float)) and not isinstance(value, bool):
        return _double(value, path)
    if kind == TIMESTAMP and isinstance(value, (str, datetime)):
        return _instant(value, path)
    if kind == DURATION and isinstance(value, (str, timedelta)):
        return _length(value, path)
    raise _misfit(kind, value, path)


def _text(value: str, path: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise invalid("bad_text", path=path) from None
    return value


def _double(value: int | float, path: str) -> float:
    if isinstance(value, TooLarge):
        raise invalid("out_of_range", path=path, expected="double")
    try:
        return float(value)
    except OverflowError:
        raise invalid("out_of_range", path=path, expected="double") from None


def _instant(value: str | datetime, path: str) -> datetime:
    if isinstance(value, str):
        try:
            value = msgspec.convert(_FINER.sub(r"\1", value, count=1), datetime)
        except msgspec.ValidationError:
            raise invalid("bad_timestamp", path=path) from None
    if value.tzinfo is None:
        raise invalid("no_zone", path=path)
    check_instant(value, path)
    return value


def _length(value: str | timedelta, path: str) -> Length:
    if isinstance(value, str):
        microseconds = parse_duration(value)
        if microseconds is None:
            raise invalid("bad_duration", path=path)
    else:
        microseconds = value // timedelta(microseconds=1)
        if abs(microseconds) > DURATION_MAX_US:
            raise invalid("out_of_range", path=path, expected="duration")
    return Length(microseconds=microseconds)


def _misfit(kind: Type, value: object, path: str) -> InvalidInput:
    return invalid("wrong_type", path=path, expected=str(kind), found=found_name(value))


def found_name(value: object) -> str:
    """Return what a value is, in the words of JSON and of the policy language."""
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "double"
        case str():
            return "string"
        case datetime():
            return "timestamp"
        case timedelta():
            return "duration"
        case list() | tuple():
            return "list"
        case _:
            return "object" if isinstance(value, (Mapping, msgspec.Struct)) else "unknown"
