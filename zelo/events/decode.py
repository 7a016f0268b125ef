"""
Events as typed structs, generated from a pack's kinds, and the decoder that reads them from JSON.

What a reader of events must know:
- an explicit `null` is an absent field; null items of lists and null values of maps are dropped; an optional
  object in which nothing is present is absent;
- `int` takes whole numbers from -2^63 to 2^63-1 written without a point; `double` takes any finite number;
- `timestamp` takes RFC 3339 text with a zone, years 1 to 9999 of UTC, as a datetime; digits behind the microsecond
  are cut off, never rounded;
- the id of an entity (`roles` of the kind) is not empty;
- `duration` takes text as CEL writes it (`1h30m`, `3600s`), kept to the microsecond as a timedelta;
- fields that the pack does not declare are ignored; of a field that comes twice the last one counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, NoReturn, Union, cast

import msgspec

from zelo.events.durations import parse_duration
from zelo.events.intake import floor_ms
from zelo.events.names import attribute
from zelo.events.reasons import invalid
from zelo.events.tidy import id_check, tidier
from zelo.events.types import BOOL, DOUBLE, DURATION, INT, STRING, TIMESTAMP, Kind, ListOf, MapOf, ObjectOf, Type
from zelo.events.values import INT_MAX, INT_MIN, Fitter, Length, TooLarge, check_instant, found_name

_PLAIN: Mapping[Type, object] = MappingProxyType(
    {
        BOOL: bool,
        INT: Annotated[int, msgspec.Meta(ge=INT_MIN, le=INT_MAX)],
        DOUBLE: float,
        STRING: str,
        TIMESTAMP: Annotated[datetime, msgspec.Meta(tz=True)],
        DURATION: Length,
    }
)


class Event(msgspec.Struct, kw_only=True, gc=False):
    """What every event has; the struct of each kind adds the kind's own fields, absent ones being None."""

    kind: ClassVar[str] = ""
    id: Annotated[str, msgspec.Meta(min_length=1)]
    occurred_at: Annotated[datetime, msgspec.Meta(tz=True)]


class _Never:
    """A type that no value has."""


class _NoKind(msgspec.Struct, tag_field="kind", tag="", kw_only=True):
    """Stands beside a lone kind, so that an event without a kind is never taken for it."""

    never: _Never


class Decoder:
    """
    Reads events of a pack's kinds; holds the struct class of each. Decoders of equal kinds share their classes.

    `decode_json(line)` returns the event of one JSON object, or raises InvalidInput whose `params` carry a
    `code` of `zelo.events.reasons`, and the field's `path`, what was `expected` and what was `found`.
    """

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        classes: dict[ObjectOf, type[msgspec.Struct]] = {}
        self.kinds = kinds
        self.structs: Mapping[str, type[Event]] = MappingProxyType(
            {name: _event_class(kind.name, kind.fields) for name, kind in kinds.items()}
        )
        for kind in kinds.values():
            _gather(kind.fields, classes)
        self.objects: Mapping[ObjectOf, type[msgspec.Struct]] = MappingProxyType(classes)
        """The struct class of each type of nested object."""
        self.attributes: Mapping[str, str] = MappingProxyType(
            {name: attr for kind in kinds.values() for name, attr in _renamed(kind.fields).items()}
        )
        """Field name to attribute name, where they differ."""
        self._fit = Fitter(classes)
        self._tidiers = {
            self.structs[name]: tidy for name, kind in kinds.items() if (tidy := tidier(kind.fields, self._fit))
        }
        self.decode_json: Callable[[bytes], Event] = self._reader()

    def from_values(self, kind: str, values: Mapping[str, object]) -> Event:
        """
        Return the event of values by field name, `id` and `occurred_at` among them, as strictly checked as JSON.

        Datetimes with a zone and timedeltas may stand for their texts; NaN and infinities are absent.
        Raise InvalidInput when the values do not fit the kind.
        """
        if kind not in self.kinds:
            raise invalid("kind_unknown", path="kind", found=kind[:100])
        ident = self._envelope(STRING, "id", values)
        if not ident:
            raise invalid("empty_id", path="id")
        moment = self._envelope(TIMESTAMP, "occurred_at", values)
        fields = self._fit.fields(self.kinds[kind].fields, values, "")
        event = self.structs[kind](id=cast(str, ident), occurred_at=cast(datetime, moment), **fields)
        self._check_ids(event)
        return event

    @staticmethod
    def occurred_ms(event: Event) -> int:
        """Return when an event occurred, in milliseconds since 1970 UTC, rounded down."""
        return floor_ms(event.occurred_at)

    def _check_ids(self, event: Event) -> None:
        """Raise InvalidInput when an entity has the empty text as its id: all such would be one."""
        for path in self.kinds[event.kind].roles.values():
            value: object = event
            for part in path:
                value = getattr(value, attribute(part), None)
            if value == "":
                raise invalid("empty_id", path=".".join(path))

    def _envelope(self, kind: Type, name: str, values: Mapping[str, object]) -> object:
        value = self._fit.value(kind, values.get(name), name)
        if value is None:
            raise invalid("required_missing", path=name)
        return value

    def _reader(self) -> Callable[[bytes], Event]:
        """
        Return the reader as a closure: on its plain path there is one call to msgspec and a few comparisons.

        msgspec rounds digits behind the microsecond. When it rounded up, the line holds the digits of the microsecond
        before; then it is read again, slowly and exactly.
        """
        union = Union[(*self.structs.values(), _NoKind)]  # type: ignore[valid-type]
        decode = msgspec.json.Decoder(union, dec_hook=_hook).decode
        tidiers, explain, check_ids = self._tidiers, self._explain, self._check_ids
        has_empty_id = {self.structs[name]: id_check(kind) for name, kind in self.kinds.items()}
        timed = frozenset(self.structs[name] for name, kind in self.kinds.items() if _has_time(kind.fields))

        def decode_json(line: bytes) -> Event:
            try:
                event: Event = decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                explain(line)
            moment = event.occurred_at
            second, microsecond = moment.second, moment.microsecond
            rounded = b":%02d.%06d" % (second, microsecond - 1) if microsecond else _LAST_OF_SECOND[second]
            if (rounded in line or type(event) in timed) and _TOO_FINE(line):
                return self._exact(line)
            if moment.year in _EDGE_YEARS:
                check_instant(moment, "occurred_at")
            if tidiers:
                tidy = tidiers.get(type(event))
                if tidy is not None:
                    tidy(event)
            if has_empty_id[type(event)](event):
                check_ids(event)
            return event

        return decode_json

    def _exact(self, line: bytes) -> Event:
        values = cast(Mapping[str, object], _parsed(line))
        return self.from_values(cast(str, values["kind"]), values)

    def _explain(self, line: bytes) -> NoReturn:
        """Raise the InvalidInput that says what is wrong with a line which msgspec refused."""
        values = _parsed(line)
        if not isinstance(values, dict):
            raise invalid("not_an_object", found=found_name(values))
        kind = values.get("kind")
        if kind is None:
            raise invalid("kind_missing", path="kind")
        if not isinstance(kind, str):
            raise invalid("wrong_type", path="kind", expected="string", found=found_name(kind))
        self.from_values(kind, values)
        raise invalid("does_not_fit")


_TOO_FINE = re.compile(rb"\.\d\d\d\d\d\d[5-9]\d*[Zz+-]").search
_LAST_OF_SECOND = tuple(b":%02d.999999" % ((second - 1) % 60) for second in range(60))
"""By second: how a time ends that is less than a microsecond before it."""
_EDGE_YEARS = frozenset({1, 9999})


@lru_cache(maxsize=4_096)
def _event_class(kind: str, fields: ObjectOf) -> type[Event]:
    made = msgspec.defstruct(
        "".join(part.title() for part in kind.replace(".", "_").split("_")),
        _members(fields),
        bases=(Event,),
        namespace={"kind": kind, "__doc__": f"An event of the kind `{kind}`."},
        tag_field="kind",
        tag=kind,
        kw_only=True,
        gc=False,
    )
    return cast(type[Event], made)


@lru_cache(maxsize=4_096)
def _object_class(fields: ObjectOf) -> type[msgspec.Struct]:
    return msgspec.defstruct("Object", _members(fields), kw_only=True, gc=False)


def _members(fields: ObjectOf) -> list[Any]:
    members: list[Any] = []
    for name, field in fields.fields:
        annotation = _annotation(field.type)
        if field.required:
            members.append((attribute(name), annotation, msgspec.field(name=name)))
        else:
            members.append((attribute(name), annotation | None, msgspec.field(name=name, default=None)))
    return members


def _annotation(kind: Type) -> Any:
    match kind:
        case ObjectOf():
            return _object_class(kind)
        case ListOf():
            return list[_annotation(kind.item) | None]  # type: ignore[misc]
        case MapOf():
            return dict[str, _annotation(kind.value) | None]  # type: ignore[misc]
        case _:
            return _PLAIN[kind]


def _inside(kind: Type) -> tuple[Type, ...]:
    """Return the types right inside a type."""
    match kind:
        case ObjectOf():
            return tuple(field.type for _, field in kind.fields)
        case ListOf():
            return (kind.item,)
        case MapOf():
            return (kind.value,)
        case _:
            return ()


def _has_time(kind: Type) -> bool:
    return kind == TIMESTAMP or any(_has_time(inner) for inner in _inside(kind))


def _gather(kind: Type, classes: dict[ObjectOf, type[msgspec.Struct]]) -> None:
    """Collect the classes of all objects inside a type."""
    for inner in _inside(kind):
        if isinstance(inner, ObjectOf):
            classes[inner] = _object_class(inner)
        _gather(inner, classes)


def _renamed(kind: Type) -> dict[str, str]:
    """Return the names of fields inside a type that are kept under another attribute."""
    names = [name for name, _ in kind.fields] if isinstance(kind, ObjectOf) else []
    found = {name: attribute(name) for name in names if attribute(name) != name}
    for inner in _inside(kind):
        found.update(_renamed(inner))
    return found


def _hook(kind: type, value: object) -> object:
    microseconds = parse_duration(value) if kind is Length and isinstance(value, str) else None
    if microseconds is None:
        raise ValueError("not a duration")
    return Length(microseconds=microseconds)


def _parsed(line: bytes) -> object:
    """Return what a line says as plain values; raise InvalidInput when it is not JSON."""
    try:
        text = bytes(line).decode()
    except UnicodeDecodeError as error:
        raise invalid("not_utf8", offset=error.start) from None
    try:
        return json.loads(text, parse_float=_finite, parse_constant=_refuse)
    except RecursionError:
        raise invalid("too_deep") from None
    except json.JSONDecodeError as error:
        raise invalid("not_json", offset=error.pos) from None
    except _NotJson as error:
        raise invalid("not_finite", found=str(error)) from None
    except ValueError:
        raise invalid("too_many_digits") from None


def _finite(text: str) -> float:
    value = float(text)
    return value if abs(value) < float("inf") else TooLarge(value)


class _NotJson(ValueError):
    """A word that Python would read as a number and JSON does not know."""


def _refuse(text: str) -> NoReturn:
    raise _NotJson(text)
