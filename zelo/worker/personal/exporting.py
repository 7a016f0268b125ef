"""Exports what is kept about an entity, without what belongs to others."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from zelo.adapters.lake_store import LakeStore
from zelo.people.flows import pseudonym
from zelo.worker.personal import files, rows
from zelo.worker.personal.fields import Marks, flat, marks_for
from zelo.worker.personal.subject import Subject


def export(entity_kind: str, entity: str, *, now: datetime, store: LakeStore) -> dict[str, Any]:
    """
    Return everything that is kept about an entity: its rows by table, and its events, oldest first.

    Of its events, personal fields of others are left out, and ids of others that play the same part are pseudonyms.
    """
    subject, marks = Subject(entity_kind, entity), marks_for(entity_kind)
    events: dict[str, dict[str, Any]] = {}
    for mark, row in files.events(store, subject, marks):
        events[str(row["event_id"])] = _own(row, mark, entity)
    for _, event_id, mark, body in rows.logged(subject, marks):
        if event_id not in events:
            values = {".".join(path): value for path, value in flat(body).items() if not isinstance(value, dict)}
            events[event_id] = _own({**values, "event_id": values.pop("id")}, mark, entity)
    tables: dict[str, Any] = rows.told(subject)
    ordered = sorted(events.values(), key=lambda row: (str(row["occurred_at"]), row["event_id"]))
    return {"entity_kind": entity_kind, "entity": entity, "at": now.isoformat(), "event": ordered, **tables}


def _own(row: dict[str, Any], marks: Marks, entity: str) -> dict[str, Any]:
    """Return an event as the entity may see it."""
    values = {tuple(name.split(".")): value for name, value in row.items()}
    mine = set(marks.belong(values, entity))
    told = {}
    for path, value in values.items():
        if value is None or (path in marks.personal and path not in mine):
            continue
        told[".".join(path)] = pseudonym(str(value)) if path in marks.ids and value != entity else value
    return told
