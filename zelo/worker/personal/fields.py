"""Which fields of an event belong to an entity: its ids, and personal data that stands beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from zelo.decide.tables import Activation
from zelo.events.types import BOOL, DOUBLE, DURATION, INT, TIMESTAMP, Field, Kind, ListOf, MapOf, ObjectOf, Type
from zelo.worker.versions import opened

Path = tuple[str, ...]
EMPTY: Mapping[Type, object] = {BOOL: False, INT: 0, DOUBLE: 0.0, TIMESTAMP: "1970-01-01T00:00:00Z", DURATION: "0s"}


@dataclass
class Marks:
    """What of one kind of event concerns entities of one kind; of every version of the pack that was at work."""

    ids: set[Path] = field(default_factory=set)
    """Where ids of such entities stand."""
    other_ids: set[Path] = field(default_factory=set)
    """Where ids of other entities stand."""
    personal: dict[Path, tuple[Path, ...]] = field(default_factory=dict)
    """Personal field to the ids of whom it may belong to: those beside it, else the actor."""
    kept_as: dict[Path, object] = field(default_factory=dict)
    """Required field to what takes the place of its value."""

    def concerns(self, values: Mapping[Path, Any], entity: str) -> bool:
        """Say whether an entity has a role in an event."""
        return any(values.get(path) == entity for path in self.ids)

    def belong(self, values: Mapping[Path, Any], entity: str) -> list[Path]:
        """Return the personal fields of an event that belong to an entity."""
        return [
            path
            for path, owners in self.personal.items()
            if path in values and any(owner in self.ids and values.get(owner) == entity for owner in owners)
        ]


@lru_cache(maxsize=64)
def _kinds_of(version: int, sha256: str) -> Mapping[str, Kind]:
    return opened(version).kinds


def _known() -> Iterator[Kind]:
    """Yield the kinds of event of every version that was at work, the newest first."""
    versions = Activation.objects.order_by("-pk").values_list("pack_version_id", "pack_version__version")
    for version, sha256 in dict.fromkeys(versions):
        yield from _kinds_of(version, sha256).values()


def marks_for(entity_kind: str) -> dict[str, Marks]:
    """Return, by kind of event, what concerns such entities: where some version gives them a role."""
    found: dict[str, Marks] = {}
    for kind in _known():
        _add(found.setdefault(kind.name, Marks()), kind, entity_kind)
    return {name: marks for name, marks in found.items() if marks.ids}


def entity_kinds() -> list[str]:
    """Return the kinds of entity that some version at work knows."""
    return sorted({name for kind in _known() for name in kind.entities.values()})


def _add(marks: Marks, kind: Kind, entity_kind: str) -> None:
    actors = {kind.entities["actor"], entity_kind}
    ids = {path: kind.entities[role] for role, path in kind.roles.items()}
    marks.ids |= {path for path, entity in ids.items() if entity == entity_kind}
    marks.other_ids |= {path for path, entity in ids.items() if entity != entity_kind}
    people = [path for path, entity in ids.items() if entity in actors]
    for path, declared in _leaves(kind.fields):
        if path in ids:
            continue
        marks.personal.setdefault(path, _owners(path, people, kind.roles["actor"]))
        if declared.required:
            marks.kept_as[path] = _empty(declared.type)


def _owners(path: Path, people: Iterable[Path], actor: Path) -> tuple[Path, ...]:
    """Return the ids in the innermost object around a field; the actor's where there is none."""
    for depth in range(len(path) - 1, 0, -1):
        beside = tuple(one for one in people if one[:-1] == path[:depth])
        if beside:
            return beside
    return (actor,)


def _leaves(fields: ObjectOf, path: Path = (), inside: bool = False) -> Iterator[tuple[Path, Field]]:
    """Yield the fields that hold personal data, an object's one by one."""
    for name, declared in fields.fields:
        marked = inside or declared.personal is not None
        if isinstance(declared.type, ObjectOf):
            yield from _leaves(declared.type, (*path, name), marked)
        elif marked:
            yield (*path, name), declared


def _empty(kind: Type) -> object:
    if isinstance(kind, ListOf):
        return []
    if isinstance(kind, MapOf):
        return {}
    return EMPTY.get(kind, "")


def flat(body: Mapping[str, Any], path: Path = ()) -> dict[Path, Any]:
    """Return the values of an event by path."""
    found: dict[Path, Any] = {}
    for name, value in body.items():
        if isinstance(value, dict):
            found |= flat(value, (*path, name))
        found[(*path, name)] = value
    return found


def put(body: dict[str, Any], path: Path, value: object) -> None:
    """Set a value of an event; None takes the field away."""
    holder: Any = body
    for part in path[:-1]:
        holder = holder.get(part) if isinstance(holder, dict) else None
    if isinstance(holder, dict) and path[-1] in holder:
        if value is None:
            del holder[path[-1]]
        else:
            holder[path[-1]] = value
