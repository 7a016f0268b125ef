"""Shapes: what a piece of a pack file may look like, declared once for the reader and for the JSON Schemas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Generic, Protocol, TypeVar, cast

from zelo.base.source import Report, Span
from zelo.policy.load_names import Form
from zelo.policy.yaml_reader import ListNode, MapNode, Node, ScalarNode

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Schema = dict[str, object]
"""A JSON Schema, draft 2020-12."""
_NAME_CHARACTERS_MAX = 200
_GUESSED_MAX = 20
"""In a record with more unknown keys than this nothing is suggested: it is another file's."""


@dataclass(frozen=True)
class At(Generic[T_co]):
    """A value and the node it was read from."""

    value: T_co
    node: Node = field(repr=False)

    @property
    def span(self) -> Span:
        """Return the place where it was written."""
        return self.node.span


class Shape(Protocol[T_co]):
    """What a node may look like."""

    def read(self, node: Node, report: Report) -> T_co | None:
        """Return the node's value; None when it has another shape, which is reported."""

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema; shapes with a name go into the definitions."""


def suggestion(name: str, options: Iterable[str]) -> dict[str, str]:
    """Return `{"suggestion": option}` for the option most like a name, or nothing: the parameter of a hint."""
    close = get_close_matches(name, list(options), n=1) if len(name) <= _NAME_CHARACTERS_MAX else []
    return {"suggestion": close[0]} if close else {}


def known(code: str, name: str, span: Span, options: Mapping[str, object], report: Report) -> bool:
    """Say whether a name is one of the options; report one that is not, with the option most like it."""
    if name in options:
        return True
    report.add(code, span, (), name=shown(name), **suggestion(name, options))
    return False


def shown(text: str) -> str:
    """Return an author's text on one line and short enough to stand in a message."""
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:57] + "..."


@dataclass(frozen=True)
class Sequence(Generic[T]):
    """A list of one shape."""

    item: Shape[T]
    least: int = 1
    most: int = 10_000
    or_one: bool = False
    """Whether a single item may stand without a list around it."""

    def read(self, node: Node, report: Report) -> tuple[T, ...] | None:
        """Return the items that could be read."""
        if self.or_one and not isinstance(node, ListNode):
            one = self.item.read(node, report)
            return None if one is None else (one,)
        if not isinstance(node, ListNode):
            report.add("Z028", node.span)
            return None
        if len(node.items) < self.least:
            report.add("Z033", node.heading, least=self.least)
        if len(node.items) > self.most:
            report.add("Z034", node.heading, most=self.most)
            return None
        return tuple(value for item in node.items if (value := self.item.read(item, report)) is not None)

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema."""
        item = self.item.schema(definitions)
        several: Schema = {"type": "array", "items": item, "minItems": self.least, "maxItems": self.most}
        return {"anyOf": [item, several]} if self.or_one else several


@dataclass(frozen=True)
class Table(Generic[T]):
    """A map from names the author chooses to one shape."""

    key: Form
    value: Shape[T]
    least: int = 0
    most: int = 2_000

    def read(self, node: Node, report: Report) -> tuple[tuple[At[str], T], ...] | None:
        """Return the names and values that could be read."""
        if not isinstance(node, MapNode):
            report.add("Z029", node.span)
            return None
        if len(node.entries) < self.least:
            report.add("Z033", node.heading, least=self.least)
        if len(node.entries) > self.most:
            report.add("Z034", node.heading, most=self.most)
            return None
        found: list[tuple[At[str], T]] = []
        for name, (key, inner) in node.entries.items():
            if not self.key.fits(name):
                report.add(self.key.code, key.span, name=shown(name))
            value = self.value.read(inner, report)
            if value is not None and self.key.fits(name):
                found.append((At(name, key), value))
        return tuple(found)

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema."""
        names: Schema = {"pattern": f"^(?:{self.key.pattern})$", "maxLength": self.key.most}
        return {
            "type": "object",
            "propertyNames": names,
            "additionalProperties": self.value.schema(definitions),
            "minProperties": self.least,
            "maxProperties": self.most,
        }


@dataclass(frozen=True)
class Entry(Generic[T_co]):
    """One key of a record."""

    name: str
    shape: Shape[T_co]
    doc: str
    """What it says, for the schema."""
    required: bool = True


@dataclass(frozen=True)
class Fields:
    """A record that was read: the values that were there and right."""

    node: MapNode
    values: Mapping[str, object] = field(repr=False)

    def get(self, entry: Entry[T]) -> T | None:
        """Return the value of a key; None when it is absent or could not be read."""
        return cast("T | None", self.values.get(entry.name))

    def has(self, entry: Entry[T]) -> bool:
        """Say whether the key is written, right or wrong."""
        return entry.name in self.node.entries

    def place(self, entry: Entry[T]) -> Span:
        """Return the place of a key; of the record when it is absent."""
        found = self.node.entries.get(entry.name)
        return found[0].span if found else self.node.heading


@dataclass(frozen=True)
class Record:
    """A map with known keys."""

    entries: tuple[Entry[object], ...]
    missing: str = "Z023"
    """Code reported for a missing key."""

    def read(self, node: Node, report: Report) -> Fields | None:
        """Return the keys that could be read; unknown and missing ones are reported."""
        if not isinstance(node, MapNode):
            report.add("Z029", node.span)
            return None
        self._report_unknown(node, report)
        values: dict[str, object] = {}
        for entry in self.entries:
            if entry.name in node.entries:
                value = entry.shape.read(node.entries[entry.name][1], report)
                if value is not None:
                    values[entry.name] = value
            elif entry.required:
                report.add(self.missing, node.heading, key=entry.name)
        return Fields(node, values)

    def _report_unknown(self, node: MapNode, report: Report) -> None:
        names = {entry.name for entry in self.entries}
        unknown = node.entries.keys() - names
        options = names - node.entries.keys() if len(unknown) <= _GUESSED_MAX else set()
        for name in unknown:
            report.add("Z022", node.entries[name][0].span, (), key=shown(name), **suggestion(name, options))

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema."""
        return {
            "type": "object",
            "properties": {
                entry.name: {**entry.shape.schema(definitions), "description": entry.doc} for entry in self.entries
            },
            "required": [entry.name for entry in self.entries if entry.required],
            "additionalProperties": False,
        }


@dataclass(frozen=True)
class Either(Generic[T]):
    """One shape for scalars, another for maps (`title: string`, `title: {type: string}`)."""

    scalar: Shape[T]
    map: Shape[T]

    def read(self, node: Node, report: Report) -> T | None:
        """Return what the fitting shape gives."""
        return (self.scalar if isinstance(node, ScalarNode) else self.map).read(node, report)

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema."""
        return {"anyOf": [self.scalar.schema(definitions), self.map.schema(definitions)]}


@dataclass(frozen=True)
class Named(Generic[T]):
    """A shape with a name of its own in the schema: one used in many places, or inside itself."""

    name: str
    shape: Callable[[], Shape[T]]

    def read(self, node: Node, report: Report) -> T | None:
        """Return what the shape gives."""
        return self.shape().read(node, report)

    def schema(self, definitions: Schema) -> Schema:
        """Return a reference to the definition."""
        if self.name not in definitions:
            definitions[self.name] = {}
            definitions[self.name] = self.shape().schema(definitions)
        return {"$ref": f"#/$defs/{self.name}"}
