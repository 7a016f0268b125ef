"""What is left to do on a decoded event: drop nulls in lists and maps, check far years, forget hollow objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import msgspec

from zelo.events.names import attribute
from zelo.events.types import TIMESTAMP, Kind, ListOf, MapOf, ObjectOf, Scalar, Type
from zelo.events.values import Fitter, check_instant


def tidier(fields: ObjectOf, fitter: Fitter) -> Callable[[msgspec.Struct], None] | None:
    """Return the function that tidies events with these fields in place, or None when there is nothing to tidy."""
    writer = _Writer()
    writer.write(fields, "event", "")
    if not writer.lines:
        return None
    text = "\n".join(["def tidy(event):", *(f"    {line}" for line in writer.lines)])
    names: dict[str, object] = {"check_instant": check_instant, "fit": fitter.value}
    names.update({f"k{number}": kind for number, kind in enumerate(writer.kinds)})
    exec(compile(text, "<zelo tidy>", "exec"), names)  # nosec B102 # our own text
    return cast(Callable[[msgspec.Struct], None], names["tidy"])


def id_check(kind: Kind) -> Callable[[msgspec.Struct], bool]:
    """Return the function that says whether some entity of an event of the kind has the empty text as its id."""
    tests = " or ".join(_is_empty(kind, path) for path in kind.roles.values()) or "False"
    return cast(Callable[[msgspec.Struct], bool], eval(f"lambda event: {tests}"))  # nosec B307 # our own text


def _is_empty(kind: Kind, path: tuple[str, ...]) -> str:
    """Return the test of one id; what may be absent on the way to it is tested first."""
    code, tests = "event", []
    for depth, part in enumerate(path, 1):
        code = f"{code}.{attribute(part)}"
        resolved = kind.resolve(path[:depth])
        if depth < len(path) and resolved is not None and resolved[1]:
            tests.append(f"{code} is not None")
    return "(" + " and ".join([*tests, f"{code} == ''"]) + ")"


class _Writer:
    """Writes the lines; used once."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.kinds: list[Type] = []
        self._count = 0

    def write(self, fields: ObjectOf, name: str, path: str, indent: str = "") -> None:
        """Write the lines for all fields of the object kept in the variable `name`."""
        for field_name, field in fields.fields:
            place = f"{path}.{field_name}" if path else field_name
            inner = self._field(field.type, f"{name}.{attribute(field_name)}", place, required=field.required)
            self.lines += [indent + line for line in inner]

    def _field(self, kind: Type, access: str, place: str, *, required: bool) -> list[str]:
        self._count += 1
        kept = f"t{self._count}"
        body: list[str] = []
        match kind:
            case ObjectOf():
                body = self._nested(kind, kept, place)
                if not required and not any(field.required for _, field in kind.fields):
                    hollow = " and ".join(f"{kept}.{attribute(name)} is None" for name, _ in kind.fields) or "True"
                    body += [f"if {hollow}:", f"    {access} = None"]
            case ListOf() if _is_plain(kind.item):
                body = [f"if None in {kept}:", f"    {access} = [x for x in {kept} if x is not None]"]
            case MapOf() if _is_plain(kind.value):
                keep = f"{{k: x for k, x in {kept}.items() if x is not None}}"
                body = [f"if None in {kept}.values():", f"    {access} = {keep}"]
            case ListOf() | MapOf():
                self.kinds.append(kind)
                body = [f"{access} = fit(k{len(self.kinds) - 1}, {kept}, {place!r})"]
            case _ if kind == TIMESTAMP:
                body = [f"if not 1 < {kept}.year < 9999:", f"    check_instant({kept}, {place!r})"]
        if not body:
            return []
        return [f"{kept} = {access}", f"if {kept} is not None:", *(f"    {line}" for line in body)]

    def _nested(self, kind: ObjectOf, kept: str, place: str) -> list[str]:
        outer, self.lines = self.lines, []
        self.write(kind, kept, place)
        inner, self.lines = self.lines, outer
        return inner


def _is_plain(kind: Type) -> bool:
    return isinstance(kind, Scalar) and kind != TIMESTAMP
