"""The types of event fields and of the policy language: one closed set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Type:
    """A type; the closed set is Scalar, ListOf, MapOf, ObjectOf."""


@dataclass(frozen=True)
class Scalar(Type):
    """One of bool, int, double, string, timestamp, duration."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class ListOf(Type):
    """A list; its items are never missing (null items are dropped at intake)."""

    item: Type

    def __str__(self) -> str:
        return f"list<{self.item}>"


@dataclass(frozen=True)
class MapOf(Type):
    """A map from string to one type; null values are absent keys."""

    value: Type

    def __str__(self) -> str:
        return f"map<string, {self.value}>"


@dataclass(frozen=True)
class ObjectOf(Type):
    """Named fields, nested."""

    fields: tuple[tuple[str, Field], ...]

    def __str__(self) -> str:
        return "object"

    @property
    def by_name(self) -> Mapping[str, Field]:
        """Return the fields by name."""
        return MappingProxyType(dict(self.fields))


BOOL = Scalar("bool")
"""Python bool."""
INT = Scalar("int")
"""64-bit signed integer; Python int. A result outside the range is missing."""
DOUBLE = Scalar("double")
"""Finite IEEE double; Python float. NaN and infinities are missing."""
STRING = Scalar("string")
"""Unicode text, counted in code points; Python str."""
TIMESTAMP = Scalar("timestamp")
"""An instant; Python int, microseconds since 1970 UTC; years 1 to 9999."""
DURATION = Scalar("duration")
"""A length of time; Python int, microseconds."""
SCALARS: Mapping[str, Scalar] = MappingProxyType({t.name: t for t in (BOOL, INT, DOUBLE, STRING, TIMESTAMP, DURATION)})


@dataclass(frozen=True)
class Field:
    """A field of an event or object."""

    type: Type
    required: bool = False
    """An event without a required field is a dead letter; an optional one may be missing."""
    personal: str | None = None
    """Kind of personal data (`email`, `name`, `document`, `free_text` ...), or None."""


@dataclass(frozen=True)
class Kind:
    """One kind of event."""

    name: str
    """`listing.created`: noun, dot, past participle."""
    fields: ObjectOf
    roles: Mapping[str, tuple[str, ...]]
    """Role to the path of its id: {"actor": ("seller", "id"), "target": ("listing_id",)}."""
    entities: Mapping[str, str]
    """Role to the entity it stands for: {"actor": "account"}."""

    def resolve(self, path: tuple[str, ...]) -> tuple[Type, bool] | None:
        """Return the type at a field path and whether it may be missing; None when there is no such field."""
        level: Type = self.fields
        optional = False
        for part in path:
            if not isinstance(level, ObjectOf) or part not in level.by_name:
                return None
            entry = level.by_name[part]
            optional = optional or not entry.required
            level = entry.type
        return level, optional


ENVELOPE: Mapping[str, Scalar] = MappingProxyType(
    {"id": STRING, "kind": STRING, "occurred_at": TIMESTAMP, "effective_at": TIMESTAMP}
)
"""What every event has beside its own fields; a kind may not redeclare these names."""
