"""Masks personal data on pages, and keeps on record who revealed what."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.http import HttpRequest

from zelo.events.types import Kind, ObjectOf
from zelo.people.flows import record
from zelo.web import language
from zelo.web.entrance import actor_of
from zelo.web.permissions import may


def personal_paths(kind: Kind) -> frozenset[str]:
    """Return the dotted paths of a kind's fields that hold personal data."""
    return frozenset(_personal(kind.fields, ()))


def _personal(fields: ObjectOf, path: tuple[str, ...]) -> Iterable[str]:
    for name, field in fields.fields:
        place = (*path, name)
        if field.personal is not None:
            yield ".".join(place)
        elif isinstance(field.type, ObjectOf):
            yield from _personal(field.type, place)


def masked_paths(kind: Kind, request: HttpRequest) -> frozenset[str]:
    """Return the paths that a person sees masked: personal ones, except references they may follow."""
    paths = personal_paths(kind)
    if may(request, "accounts.read"):
        paths -= {".".join(path) for path in kind.roles.values()}
    return paths


def revealed(request: HttpRequest, object_kind: str, object_id: object, fields: Iterable[str]) -> None:
    """Keep on record that a person saw personal data."""
    with transaction.atomic():
        record(
            actor_of(request), "personal_data.read", now=language.clock(), of=(object_kind, object_id),
            details={"fields": sorted(fields)},
        )  # fmt: skip
