"""
Where in SQL the values that a condition reads stand: lake columns, features, prepared columns.

    e."seller.id"        a field, by its path with dots; `event_id`, `occurred_at` and `order_key` are the envelope
    t0."f_listings_24h"  a feature
    p."p_0a1b2c3d4e5f"   a prepared column, see `prepared`

Features and prepared columns hold values in the form of the language: instants and lengths of time are whole
microseconds, nothing is NaN. Fields stand as the lake keeps them, so that instants are converted here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from zelo.events.types import TIMESTAMP, Kind, ListOf, MapOf, ObjectOf, Type
from zelo.policy import terms as t
from zelo.policy.signature import signature
from zelo.policy.to_sql.dialect import (
    Expression,
    anonymous,
    call,
    cast,
    either,
    exactly,
    is_there,
    number,
    when,
)

COUNTER_BITS = 20
"""An order key is effective milliseconds shifted left by this many bits, plus a counter."""


def field_column(path: tuple[str, ...]) -> str:
    """Return the name of a field's column in the lake."""
    return "event_id" if path == ("id",) else ".".join(path)


def feature_column(name: str) -> str:
    """Return the name of a feature's column."""
    return f"f_{name}"


EVENTS = "e"
"""What the relation with the events of a kind is called."""


@dataclass(frozen=True)
class Columns:
    """The columns of one kind of event, as a `Look` of `terms`."""

    kind: Kind
    dialect: str
    prepared: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Signature of a prepared term to its relation and column."""
    features: Mapping[str, str] = field(default_factory=dict)
    """Feature to the relation that its column is in."""
    labels: Callable[[t.Term], Expression | None] = lambda term: None
    """What terms about labels come to."""
    unknown: frozenset[str] = frozenset()
    """Signatures of the terms that SQL cannot say: they are NULL, and what hangs on them stays open."""

    def __call__(self, term: t.Term) -> Expression | None:
        """Return the value of a field, feature, labels or prepared term, None for other terms."""
        match term:
            case t.FieldRef():
                return self.of(term.path)
            case t.FeatureRef():
                return exactly(feature_column(term.name), self.features[term.name])
        if self.prepared or self.unknown:
            mark = signature(term)
            if mark in self.unknown:
                return cast(exp.null(), term.type)
            if mark in self.prepared:
                relation, name = self.prepared[mark]
                return exactly(name, relation)
        return self.labels(term)

    def of(self, path: tuple[str, ...]) -> Expression:
        """Return a field of the event or its envelope in the form of the language."""
        if path == ("kind",):
            return exp.Literal.string(self.kind.name)
        if path == ("effective_at",):
            moved = exp.BitwiseRightShift(this=self.order_key, expression=number(COUNTER_BITS))
            return exp.Mul(this=exp.Paren(this=moved), expression=number(1000))
        column = exactly(field_column(path), EVENTS)
        if path == ("occurred_at",):
            return language_form(column, TIMESTAMP, self.dialect)
        resolved = self.kind.resolve(path)
        if isinstance(resolved and resolved[0], ObjectOf):
            return self._object(path)
        return column if resolved is None else language_form(column, resolved[0], self.dialect)

    @property
    def order_key(self) -> Expression:
        """Return the order key of the event."""
        return exactly("order_key", EVENTS)

    def _object(self, path: tuple[str, ...]) -> Expression:
        """Return TRUE where any field of an object is there: that is how the lake keeps that the object is."""
        found = [
            exactly(field_column(leaf), EVENTS) for leaf in _leaves(self.kind.fields, ()) if leaf[: len(path)] == path
        ]
        return when(either([is_there(column) for column in found]), exp.true()) if found else exp.null()


def _leaves(fields: ObjectOf, path: tuple[str, ...]) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, entry in fields.fields:
        place = (*path, name)
        found += _leaves(entry.type, place) if isinstance(entry.type, ObjectOf) else [place]
    return found


def language_form(value: Expression, kind: Type, dialect: str) -> Expression:
    """Return a stored value in the form of the language; objects in lists stay as stored, their fields come later."""
    if not _has_instants(kind):
        return value
    if kind == TIMESTAMP:
        return call("epoch_us" if dialect == "duckdb" else "unix_micros", value)
    if isinstance(kind, ListOf):
        inner = language_form(exp.column("_item"), kind.item, dialect)
        return call("list_transform" if dialect == "duckdb" else "transform", value, anonymous("_item", inner))
    assert isinstance(kind, MapOf)
    if dialect == "spark":
        inner = language_form(exp.column("_value"), kind.value, dialect)
        names = [exp.to_identifier("_key"), exp.to_identifier("_value")]
        return call("transform_values", value, exp.Lambda(this=inner, expressions=names))
    entry = exp.column("_entry")
    key = call("struct_extract", entry, exp.Literal.string("key"))
    inner = language_form(call("struct_extract", entry.copy(), exp.Literal.string("value")), kind.value, dialect)
    pairs = call("list_transform", call("map_entries", value), anonymous("_entry", call("row", key, inner)))
    return call("map_from_entries", pairs)


def _has_instants(kind: Type) -> bool:
    if isinstance(kind, ListOf):
        return _has_instants(kind.item)
    return _has_instants(kind.value) if isinstance(kind, MapOf) else kind == TIMESTAMP
