"""Carries out labels and measures on content, and takes them back, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec
from django.db import connection

from zelo.enforce.tables import Measure


class Asked(Protocol):
    """An effect that a decision asks for, as receivers get it."""

    @property
    def id(self) -> int:
        """Id of the effect's row."""

    @property
    def kind(self) -> str:
        """Kind of effect."""

    @property
    def entity_kind(self) -> str:
        """What it is about: `account`, `listing` ..."""

    @property
    def entity(self) -> str:
        """Which one."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Values by name."""

    @property
    def at(self) -> datetime:
        """When it takes effect."""

    @property
    def event(self) -> int:
        """Id of the event in the log."""


@dataclass(frozen=True)
class LabelSet:
    """One change of a label on its way to the tables."""

    entity_kind: str
    entity: str
    label: str
    change: str
    """`add`, `remove` or `release`."""
    set_by: str
    """`rule` or `person`."""
    at: datetime
    until: datetime | None
    event: int
    effect_id: int | None = None
    actor: str = ""
    reason: str = ""


_HISTORY = """
INSERT INTO zelo_label_change (entity_kind, entity, label, change, set_by, at, until, event, effect_id, actor, reason)
SELECT k, e, l, c, s, a, u, v, f, w, r FROM jsonb_to_recordset(%s::jsonb) AS x(n int, k text, e text, l text, c text,
    s text, a timestamptz, u timestamptz, v bigint, f bigint, w text, r text) ORDER BY n
"""
_STATE = """
INSERT INTO zelo_label (entity_kind, entity, label, present, set_by, since, until, effect_id, actor)
SELECT k, e, l, c = 'add', s, a, u, f, w FROM jsonb_to_recordset(%s::jsonb) AS x(k text, e text, l text, c text,
    s text, a timestamptz, u timestamptz, f bigint, w text)
ON CONFLICT (entity_kind, entity, label) DO UPDATE SET present = excluded.present, set_by = excluded.set_by,
    since = excluded.since, effect_id = excluded.effect_id, actor = excluded.actor,
    until = CASE WHEN zelo_label.present AND excluded.present AND excluded.set_by = 'rule'
                      AND (zelo_label.until IS NULL OR zelo_label.until > excluded.since)
                 THEN CASE WHEN zelo_label.until IS NULL OR excluded.until IS NULL THEN NULL
                           ELSE greatest(zelo_label.until, excluded.until) END
                 ELSE excluded.until END
WHERE excluded.set_by = 'person' OR zelo_label.set_by = 'rule'
      OR (zelo_label.until IS NOT NULL AND zelo_label.until <= excluded.since)
"""
_RELEASE = """
DELETE FROM zelo_label WHERE (entity_kind, entity, label) IN
    (SELECT k, e, l FROM jsonb_to_recordset(%s::jsonb) AS x(k text, e text, l text))
"""


def change_labels(changes: Sequence[LabelSet]) -> None:
    """Write the history of labels and how they stand; a person's label gives way to no rule's until it ends."""
    rows = [
        {
            "n": number, "k": one.entity_kind, "e": one.entity, "l": one.label, "c": one.change, "s": one.set_by,
            "a": one.at, "u": one.until, "v": one.event,
            "f": one.effect_id, "w": one.actor, "r": one.reason,
        }
        for number, one in enumerate(changes)
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_HISTORY, [_json(rows)])
        for wave in _waves(rows):  # one statement may change a row only once
            gone = [row for row in wave if row["c"] == "release"]
            kept = [row for row in wave if row["c"] != "release"]
            if gone:
                cursor.execute(_RELEASE, [_json(gone)])
            if kept:
                cursor.execute(_STATE, [_json(kept)])


def _waves(rows: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Cut changes so that no wave holds two of the same label of the same entity; order is kept for each."""
    waves: list[list[dict[str, Any]]] = []
    seen: dict[tuple[str, str, str], int] = {}
    for row in rows:
        place = (row["k"], row["e"], row["l"])
        number = seen.get(place, -1) + 1
        seen[place] = number
        if number == len(waves):
            waves.append([])
        waves[number].append(row)
    return waves


def of_rules(effects: Sequence[Asked]) -> list[LabelSet]:
    """Return what label effects change."""
    found = []
    for one in effects:
        length = one.parameters.get("for")
        end = None if length is None else one.at + timedelta(microseconds=int(length))
        change = "add" if one.kind == "add_label" else "remove"
        label = str(one.parameters["label"])
        found.append(LabelSet(one.entity_kind, one.entity, label, change, "rule", one.at, end, one.event, one.id))
    return found


def put_labels(effects: Sequence[Asked]) -> None:
    """Carry out label effects: within one event additions come first, as in the engine."""
    ordered = sorted(effects, key=lambda one: (one.event, one.kind))
    change_labels(of_rules(ordered))


def take_measures(effects: Sequence[Asked]) -> None:
    """Put measures on content."""
    rows = []
    for one in effects:
        length = one.parameters.get("for")
        end = None if length is None else one.at + timedelta(microseconds=int(length))
        rest = {name: value for name, value in one.parameters.items() if name != "for"}
        rows.append(
            {
                "id": one.id, "k": one.entity_kind, "e": one.entity, "kind": one.kind, "p": rest,
                "s": one.at, "u": end,
            }
        )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO zelo_measure (id, entity_kind, entity, kind, parameters, since, until)"
            " SELECT id, k, e, kind, p, s, u FROM jsonb_to_recordset(%s::jsonb) AS x(id bigint, k text, e text,"
            " kind text, p jsonb, s timestamptz, u timestamptz)",
            [_json(rows)],
        )


def lift_measures(effect_ids: Sequence[int], *, by: str, reason: str, now: datetime) -> None:
    """End measures on content."""
    Measure.objects.filter(pk__in=effect_ids, ended_at=None).update(ended_at=now)


@dataclass(frozen=True)
class ContentState:
    """What holds for a piece of content at an instant."""

    published: bool
    held_until: datetime | None
    limited: tuple[str, ...]
    """Surfaces from which it is kept: recommendation, search, age_gate, region."""
    demotion: float
    """The factor its rank is multiplied by: 1 is none."""
    measures: tuple[int, ...]
    """The effects that hold."""


def content_state(entity_kind: str, entity: str, at: datetime) -> ContentState:
    """Return what holds for a piece of content: the strictest where several measures meet."""
    found = Measure.objects.filter(entity_kind=entity_kind, entity=entity, since__lte=at).order_by("id")
    live = [
        one for one in found if (one.ended_at is None or one.ended_at > at) and (one.until is None or one.until > at)
    ]
    held = [one.until for one in live if one.kind == "hold_publication"]
    factors = [float(one.parameters["factor"]) for one in live if one.kind == "demote"]
    surfaces = {name for one in live if one.kind == "limit_visibility" for name in one.parameters["surfaces"]}
    removed = any(one.kind == "remove_content" for one in live)
    return ContentState(
        published=not removed and not held,
        held_until=max((end for end in held if end is not None), default=None),
        limited=tuple(sorted(surfaces)),
        demotion=min(factors, default=1.0),
        measures=tuple(one.id for one in live),
    )


def _json(rows: object) -> str:
    return msgspec.json.encode(rows).decode()
