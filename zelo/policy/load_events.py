"""Reads `events.yaml`: the entities of the platform, the kinds of event, their typed fields and roles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from zelo.base.source import Report, Span
from zelo.events.types import ENVELOPE, SCALARS, STRING, Field, Kind, ListOf, MapOf, ObjectOf, Scalar, Type
from zelo.policy import load_names as names
from zelo.policy.load_head import IN_BOTH
from zelo.policy.load_shapes import At, Either, Entry, Fields, Named, Record, Schema, Table, known, suggestion
from zelo.policy.load_values import Choice, Flag, Name
from zelo.policy.pack import Texts
from zelo.policy.yaml_reader import Faults, Node

PERSONAL = (
    "name",
    "email",
    "phone",
    "document",
    "address",
    "birth_date",
    "location",
    "ip",
    "device",
    "free_text",
    "other",
)
"""Kinds of personal data."""
RESERVED_ROLES = ("event", "features", "lists", "constants", "true", "false", "null", "in")
"""Names that mean something else in conditions."""
RESERVED_FIELDS = (*ENVELOPE, "ago", "times", "every")
"""What every event has, and what examples say about an event: no kind may declare a field of such a name."""
_COMPOUND = {"list": "items", "map": "values", "object": "fields"}
_TYPES = (*SCALARS, *_COMPOUND)


class _Bare:
    """`title: string`: an optional field of a scalar type."""

    _choice = Choice(tuple(SCALARS))

    def read(self, node: Node, report: Report) -> Field | None:
        """Return the field."""
        name = self._choice.read(node, report)
        return Field(SCALARS[name.value]) if name else None

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema."""
        return self._choice.schema(definitions)


@dataclass(frozen=True)
class _Full:
    """`{type: list, items: string, required: true, personal: email}`."""

    record: Callable[[], Record]

    def read(self, node: Node, report: Report) -> Field | None:
        """Return the field."""
        fields = self.record().read(node, report)
        kind = fields.get(_TYPE) if fields else None
        if not fields or not kind:
            return None
        inner = _inner(fields, kind, report)
        if inner is None:
            return None
        required, personal = fields.get(_REQUIRED), fields.get(_PERSONAL)
        return Field(inner, bool(required and required.value), personal.value if personal else None)

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema."""
        return self.record().schema(definitions)


def _inner(fields: Fields, kind: At[str], report: Report) -> Type | None:
    """Return the type a field's record states, with what it holds inside."""
    inside = _COMPOUND.get(kind.value)
    for entry in (_ITEMS, _VALUES, _FIELDS):
        if entry.name != inside and fields.has(entry):
            report.add("Z410", fields.place(entry), key=entry.name, type=kind.value)
    if inside is not None and inside not in fields.node.entries:
        report.add("Z409", kind.span, key=inside, type=kind.value)
    if kind.value in SCALARS:
        return SCALARS[kind.value]
    if kind.value == "object":
        return _object(fields.get(_FIELDS), report)
    item = fields.get(_ITEMS if kind.value == "list" else _VALUES)
    if item is None:
        return None
    return ListOf(item.type) if kind.value == "list" else MapOf(item.type)


def _object(entries: tuple[tuple[At[str], Field], ...] | None, report: Report) -> ObjectOf | None:
    if entries is None:
        return None
    return ObjectOf(tuple((name.value, entry) for name, entry in entries))


FIELD: Named[Field] = Named("field", lambda: Either(_Bare(), _Full(lambda: _FIELD_RECORD)))
"""A field of an event: a type, or a map."""
_ITEM: Named[Field] = Named("item", lambda: Either(_Bare(), _Full(lambda: _ITEM_RECORD)))
_TYPE = Entry("type", Choice(_TYPES), "Type of the field.")
_REQUIRED = Entry("required", Flag(), "Whether an event without it is refused; false.", required=False)
_PERSONAL = Entry("personal", Choice(PERSONAL), "Kind of personal data it holds.", required=False)
_ITEMS = Entry("items", _ITEM, "Type of the items of a `list`.", required=False)
_VALUES = Entry("values", _ITEM, "Type of the values of a `map`; its keys are strings.", required=False)
_FIELDS = Entry("fields", Table(names.FIELD, FIELD), "Fields of an `object`.", required=False)
_FIELD_RECORD: Record = Record((_TYPE, _REQUIRED, _PERSONAL, _ITEMS, _VALUES, _FIELDS))
_ITEM_RECORD: Record = Record((_TYPE, _ITEMS, _VALUES, _FIELDS))

_ENTITY = Entry("entity", Name(names.ID), "What it is: an entity of this file.")
_ID = Entry("id", Name(names.PATH), "Path of the field that holds its id: `seller.id`.")
_ROLE = Record((_ENTITY, _ID))
_TITLE = Entry("title", IN_BOTH, "What people call it.")
_ROLES = Entry("roles", Table(names.ID, _ROLE, least=1, most=20), "Who and what takes part: `actor` at least.")
_KIND_FIELDS = Entry("fields", Table(names.FIELD, FIELD), "The fields of the event.")
_KIND = Record((_TITLE, _ROLES, _KIND_FIELDS))
_ENTITIES = Entry(
    "entities", Table(names.ID, Record((_TITLE,)), least=1), "What events are about: accounts, listings, devices."
)
_KINDS = Entry("kinds", Table(names.KIND, _KIND, least=1, most=500), "Kinds of event, as `noun.participle`.")
_SPLITS = Entry(
    "splits",
    Table(names.ID, Name(names.PATH)),
    "What reports split by, by name: `market: account.market`. Where an event lacks the field, its actor's last value.",
    required=False,
)
EVENTS_FILE = Record((_ENTITIES, _KINDS, _SPLITS))
"""The shape of `events.yaml`."""


@dataclass(frozen=True)
class Events:
    """What `events.yaml` says."""

    entities: Mapping[str, Texts]
    kinds: Mapping[str, Kind]
    """Kinds without a mistake in their declaration."""
    titles: Mapping[str, Texts]
    """Every kind that is declared."""
    splits: Mapping[str, tuple[str, ...]]
    """What reports split by, by name: the path of a field."""


def read_events(node: Node, report: Report) -> Events | None:
    """Read `events.yaml`."""
    file = EVENTS_FILE.read(node, report)
    if file is None:
        return None
    entities = {name.value: fields.get(_TITLE) or {} for name, fields in file.get(_ENTITIES) or ()}
    kinds: dict[str, tuple[Kind, Node]] = {}
    titles = {}
    for name, fields in file.get(_KINDS) or ():
        titles[name.value] = fields.get(_TITLE) or {}
        read = _kind(name.value, fields, entities, report)
        if read is not None:
            kinds[name.value] = (read, fields.node)
    faults = Faults(node.page.source.path, report)
    sound = {name: kind for name, (kind, place) in kinds.items() if not faults.within(place)}
    splits = {name.value: _split(path, sound, report) for name, path in file.get(_SPLITS) or ()}
    return Events(entities, sound, titles, splits)


def _split(path: At[str], kinds: Mapping[str, Kind], report: Report) -> tuple[str, ...]:
    """Return the path of a split; some kind must have a single value there that is not personal data."""
    parts = tuple(path.value.split("."))
    fields = [chain for kind in kinds.values() if (chain := _chain(parts, kind))]
    if not any(isinstance(chain[-1].type, Scalar) for chain in fields) or any(
        field.personal for chain in fields for field in chain
    ):
        report.add("Z447", path.span, path=path.value)
    return parts


def _chain(parts: tuple[str, ...], kind: Kind) -> list[Field]:
    """Return the fields that a path leads through; none when it leads nowhere."""
    level: Type = kind.fields
    found = []
    for part in parts:
        field = level.by_name.get(part) if isinstance(level, ObjectOf) else None
        if field is None:
            return []
        found.append(field)
        level = field.type
    return found


def _kind(name: str, fields: Fields, entities: Mapping[str, Texts], report: Report) -> Kind | None:
    written, roles = fields.get(_KIND_FIELDS), fields.get(_ROLES)
    if written is None or roles is None:
        return None
    for key, _ in written:
        if key.value in RESERVED_FIELDS:
            report.add("Z407", key.span, name=key.value)
    kind = Kind(name, ObjectOf(tuple((key.value, entry) for key, entry in written)), {}, {})
    paths: dict[str, tuple[str, ...]] = {}
    stands_for: dict[str, str] = {}
    for role, record in roles:
        if role.value in RESERVED_ROLES:
            report.add("Z407", role.span, name=role.value)
        entity, path = record.get(_ENTITY), record.get(_ID)
        if entity and known("Z406", entity.value, entity.span, entities, report):
            stands_for[role.value] = entity.value
        if path and (parts := _role_path(path, kind, report)):
            paths[role.value] = parts
    if "actor" not in {role.value for role, _ in roles}:
        report.add("Z408", fields.place(_ROLES))
    return Kind(name, kind.fields, paths, stands_for)


def _role_path(path: At[str], kind: Kind, report: Report) -> tuple[str, ...] | None:
    """Return the path of a role's id; it must lead to a string."""
    parts = tuple(path.value.split("."))
    found = known_path(parts, path.span, kind, report)
    if found is not None and found[0] != STRING:
        report.add("Z405", path.span, path=path.value, type=str(found[0]))
        return None
    return parts if found else None


def known_path(parts: tuple[str, ...], span: Span, kind: Kind, report: Report) -> tuple[Type, bool] | None:
    """Return the type at a path of a kind and whether it may be missing; report a path that leads nowhere."""
    if len(parts) == 1 and parts[0] in ENVELOPE:
        return ENVELOPE[parts[0]], False
    found = kind.resolve(parts)
    if found is not None:
        return found
    level: Type = kind.fields
    for depth, part in enumerate(parts):
        options = level.by_name if isinstance(level, ObjectOf) else {}
        if part not in options:
            close = suggestion(part, options)
            params = {"suggestion": ".".join((*parts[:depth], close["suggestion"]))} if close else {}
            report.add("Z404", span, (), path=".".join(parts), kind=kind.name, **params)
            return None
        level = options[part].type
    return None
