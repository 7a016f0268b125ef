"""
Events as rows of flat columns, the form they have in the lake: `seller.id`, `seller.created_at`, `price`.

Objects become dotted columns; lists and maps stay one column. An optional object is absent when all its
columns are. Timestamps are datetimes, durations whole microseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

import msgspec

from zelo.events.decode import Decoder, Event
from zelo.events.names import attribute
from zelo.events.types import DURATION, Field, Kind, ListOf, MapOf, ObjectOf, Type
from zelo.events.values import Length

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Column:
    """One flat column of a kind."""

    name: str
    """Field path with dots."""
    type: Type
    """Never an object; objects inside lists stay."""
    path: tuple[str, ...]
    required: bool
    """Whether every event has it: it and all objects around it are required."""


def columns(kind: Kind) -> tuple[Column, ...]:
    """Return the columns of a kind, in the order of its fields; the envelope's are not among them."""
    return tuple(_columns(kind.fields, (), required=True))


def _columns(fields: ObjectOf, path: tuple[str, ...], *, required: bool) -> list[Column]:
    found: list[Column] = []
    for name, field in fields.fields:
        place, always = (*path, name), required and field.required
        if isinstance(field.type, ObjectOf):
            found += _columns(field.type, place, required=always)
        else:
            found.append(Column(".".join(place), field.type, place, always))
    return found


Values = Sequence[Sequence[object]]
"""`id`, `occurred_at`, then the columns of the kind, each as long as there are rows."""


def reader(decoder: Decoder, kind: Kind) -> Callable[[Values], list[Event]]:
    """Return the function that makes events of columns whose values are known to fit the kind."""
    writer = _ReaderWriter(decoder)
    made = writer.build(decoder.structs[kind.name], kind.fields, envelope=("id=c0", "occurred_at=c1"))
    names = ", ".join(f"c{number}" for number in range(writer.count))
    text = f"def read(columns):\n    return [{made} for {names} in zip(*columns, strict=True)]\n"
    exec(compile(text, f"<zelo rows of {kind.name}>", "exec"), writer.bound)  # nosec B102 # our own text
    return cast(Callable[[Values], list[Event]], writer.bound["read"])


class _ReaderWriter:
    """Writes the expression that builds one event from `c0`, `c1`, ...; used once."""

    def __init__(self, decoder: Decoder) -> None:
        self.bound: dict[str, object] = {}
        self.count = 2
        self._objects = decoder.objects

    def build(self, made: type[msgspec.Struct], fields: ObjectOf, envelope: Sequence[str] = ()) -> str:
        """Return the code that builds an object of the next columns."""
        given = [*envelope, *(f"{attribute(name)}={self._field(field)}" for name, field in fields.fields)]
        return f"{self._bind(made)}({', '.join(given)})"

    def _field(self, field: Field) -> str:
        if isinstance(field.type, ObjectOf):
            first = self.count
            code = self.build(self._objects[field.type], field.type)
            if field.required or first == self.count:
                return code if field.required else "None"
            absent = " and ".join(f"c{number} is None" for number in range(first, self.count))
            return f"(None if {absent} else {code})"
        name = f"c{self.count}"
        self.count += 1
        convert = self._converter(field.type)
        return name if convert is None else f"(None if {name} is None else {self._bind(convert)}({name}))"

    def _converter(self, kind: Type) -> Callable[..., object] | None:
        """Return what makes a column's value the event's value; None when they are the same."""
        match kind:
            case ListOf():
                inner = self._converter(kind.item)
                return None if inner is None else _each(inner)
            case MapOf():
                inner = self._converter(kind.value)
                if inner is None:
                    return dict
                return lambda pairs: {key: inner(item) for key, item in dict(pairs).items()}
            case ObjectOf():
                made = self._objects[kind]
                parts = [(attribute(n), n, self._converter(f.type) or _same) for n, f in kind.fields]
                return lambda row: made(**{a: f(row[n]) for a, n, f in parts if row[n] is not None})
            case _:
                return _length if kind == DURATION else None

    def _bind(self, value: object) -> str:
        name = f"k{len(self.bound)}"
        self.bound[name] = value
        return name


def flattener(kind: Kind) -> Callable[[Event], tuple[object, ...]]:
    """Return the function that makes a row of an event: `id`, `occurred_at`, then the columns of the kind."""
    bound: dict[str, object] = {}
    cells = ["event.id", "event.occurred_at"]
    for number, column in enumerate(columns(kind)):
        code = _access(kind, column.path)
        convert = _plain(column.type)
        if convert is not None:
            bound[f"k{number}"] = convert
            code = f"(None if (v := {code}) is None else k{number}(v))"
        cells.append(code)
    exec(compile(f"def flatten(event):\n    return ({', '.join(cells)},)\n", "<zelo rows>", "exec"), bound)  # nosec B102 # our own text
    return cast(Callable[[Event], tuple[object, ...]], bound["flatten"])


def _access(kind: Kind, path: tuple[str, ...]) -> str:
    """Return the code that reads a path of `event`; None when an object on the way is absent."""
    code, level = "event", kind.fields
    guards: list[str] = []
    for part in path:
        code = f"{code}.{attribute(part)}"
        field = level.by_name[part]
        if isinstance(field.type, ObjectOf):
            level = field.type
            guards += [] if field.required else [f"{code} is None"]
    return f"(None if {' or '.join(guards)} else {code})" if guards else code


def _plain(kind: Type) -> Callable[..., object] | None:
    """Return what makes an event's value the column's value; None when they are the same."""
    match kind:
        case ListOf():
            inner = _plain(kind.item)
            return None if inner is None else _each(inner)
        case MapOf():
            inner = _plain(kind.value) or _same
            return lambda pairs: [(key, inner(item)) for key, item in pairs.items()]
        case ObjectOf():
            parts = [(attribute(name), name, _plain(field.type) or _same) for name, field in kind.fields]
            return lambda value: {
                name: None if (part := getattr(value, place)) is None else convert(part)
                for place, name, convert in parts
            }
        case _:
            return (lambda length: length // _MICROSECOND) if kind == DURATION else None


def _length(microseconds: int) -> Length:
    return Length(microseconds=microseconds)


def _each(convert: Callable[..., object]) -> Callable[..., object]:
    return lambda items: [convert(item) for item in items]


def _same(value: object) -> object:
    return value
