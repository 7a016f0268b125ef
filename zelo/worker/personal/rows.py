"""An entity in the tables: what is kept about it, and the pseudonym put in its place."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from django.db import connection

from zelo.intake.flows import OFFSET_MASK
from zelo.intake.tables import OFFSET_BITS
from zelo.worker.lake import check_digest, record_digest, stretches
from zelo.worker.owned import LABEL, TAKE_BACK
from zelo.worker.personal.fields import Marks, flat, put
from zelo.worker.personal.subject import Subject, json_text, like


class Place(NamedTuple):
    """A table that names entities."""

    table: str
    where: str
    change: str
    export: bool = True


_ENTITY = "entity_kind = %(kind)s AND entity = %(ident)s"
_OF_EFFECT = (
    "account = %(ident)s AND ({0} IS NULL OR EXISTS"
    " (SELECT 1 FROM zelo_effect e WHERE e.id = {0} AND e.entity_kind = %(kind)s))"
)
PLACES = (
    Place("zelo_ledger_entry", _OF_EFFECT.format("effect_id"), "account = %(other)s"),
    Place("zelo_restriction", _OF_EFFECT.format("zelo_restriction.id"), "account = %(other)s"),
    Place("zelo_effect", _ENTITY, "entity = %(other)s"),
    Place("zelo_label", _ENTITY, "entity = %(other)s"),
    Place("zelo_label_change", _ENTITY, "entity = %(other)s, reason = ''"),
    Place("zelo_measure", _ENTITY, "entity = %(other)s"),
    Place("zelo_note", "object_kind = %(kind)s AND object_id = %(ident)s", "object_id = %(other)s, text = ''"),
    Place("zelo_legal_hold", _ENTITY, "entity = %(other)s, reason = ''", export=False),
    Place(
        "zelo_decision", "entities @> ARRAY[%(named)s]",
        "entities = array_replace(entities, %(named)s, %(renamed)s)",
    ),
)  # fmt: skip
FREE_TEXTS = (
    ("zelo_note", "text"), ("zelo_effect_step", "reason"), ("zelo_ledger_entry", "reason"),
    ("zelo_label_change", "reason"), ("zelo_legal_hold", "reason"), ("zelo_personal_request", "reason"),
)  # fmt: skip
"""What people write, in which an id may stand."""


_ESCAPES = ("\\u", "\\/")
"""An event with one of these may write an id in other letters than its own: it is read to know."""


_OF_OTHERS = ("features", "entities")
"""Columns of decisions that say something of others, too."""


def given(subject: Subject) -> dict[str, str]:
    """Return the parameters of the statements above."""
    renamed = f"{subject.kind}:{subject.other}"
    return {
        "kind": subject.kind, "ident": subject.ident, "other": subject.other, "named": subject.named,
        "renamed": renamed,
    }  # fmt: skip


def counted(subject: Subject) -> Counter[str]:
    """Return how many rows of each table name an entity."""
    found: Counter[str] = Counter()
    with connection.cursor() as cursor:
        for place in PLACES:
            cursor.execute(f"SELECT count(*) FROM {place.table} WHERE {place.where}", given(subject))  # nosec B608 # our own tables and columns
            found[place.table] = cursor.fetchone()[0]
        cursor.execute("SELECT count(*) FROM zelo_dead_letter WHERE " + _LETTERS, _letters(subject))  # nosec B608 # our own tables and columns
        found["zelo_dead_letter"] = cursor.fetchone()[0]
        found["zelo_message"] = sum(1 for _ in _messages(cursor, subject))
    return found


def told(subject: Subject) -> dict[str, list[dict[str, Any]]]:
    """Return the rows that name an entity, by table."""
    found = {}
    with connection.cursor() as cursor:
        for place in PLACES:
            if place.export:
                cursor.execute(f"SELECT * FROM {place.table} WHERE {place.where} ORDER BY id", given(subject))  # nosec B608 # our own tables and columns
                names = [column.name for column in cursor.description]
                rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
                for row in rows:
                    for name in _OF_OTHERS:
                        row.pop(name, None)
                found[place.table.removeprefix("zelo_")] = rows
    return found


def logged(subject: Subject, marks: dict[str, Marks]) -> Iterator[tuple[int, str, Marks, dict[str, Any]]]:
    """Yield the events of the log in which an entity has a role: row, id, what concerns it, body."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, kind, body FROM zelo_event WHERE kind = ANY(%s) AND body LIKE ANY(%s)",
            [list(marks), [like(text) for text in (subject.ident, json_text(subject.ident), *_ESCAPES)]],
        )
        rows = cursor.fetchall()
    for row, kind, text in rows:
        body = msgspec.json.decode(text)
        if marks[kind].concerns(flat(body), subject.ident):
            yield row, str(body["id"]), marks[kind], body


def _in_json(text: str) -> str:
    return like(f'"{json_text(text)}"')


def cleaned(body: dict[str, Any], marks: Marks, subject: Subject) -> dict[str, Any]:
    """Return an event without what belongs to an entity: ids of others stay, its own become its pseudonym."""
    values = flat(body)
    for path in marks.belong(values, subject.ident):
        put(body, path, marks.kept_as.get(path))
    for path in marks.ids:
        if values.get(path) == subject.ident:
            put(body, path, subject.other)
    body["id"] = subject.event_ids.get(str(body["id"]), body["id"])
    return body


def learn(subject: Subject, marks: dict[str, Marks]) -> None:
    """Gather the texts that belong to an entity from its events in the log."""
    for _, event_id, mark, body in logged(subject, marks):
        values = flat(body)
        subject.learn_event(event_id)
        for path in mark.belong(values, subject.ident):
            subject.learn(values[path])


def erase(subject: Subject, marks: dict[str, Marks], *, by: str, now: datetime) -> Counter[str]:
    """Put the pseudonym in the place of the entity in all tables, in the caller's transaction; return the counts."""
    counts: Counter[str] = Counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('zelo.erasing', 'on', true)")
        sound = _stretches(cursor, _touched(cursor, subject))
        cursor.execute(
            f"DELETE FROM zelo_label l WHERE {_ENTITY} AND EXISTS (SELECT 1 FROM zelo_label o WHERE"  # nosec B608 # our own tables and columns
            " o.entity_kind = l.entity_kind AND o.entity = %(other)s AND o.label = l.label)",
            given(subject),
        )
        for place in PLACES:
            cursor.execute(f"UPDATE {place.table} SET {place.change} WHERE {place.where}", given(subject))  # nosec B608 # our own tables and columns
            counts[place.table] += cursor.rowcount
        counts["zelo_event"] = _events(cursor, subject, marks) + _commands(cursor, subject)
        for row, text in list(_messages(cursor, subject)):
            cursor.execute("UPDATE zelo_message SET body = %s WHERE id = %s", [text, row])
            counts["zelo_message"] += 1
        counts["zelo_dead_letter"] = _dead_letters(cursor, subject, by, now)
        _event_ids(cursor, subject)
        _features(cursor, subject)
        if subject.is_plain:
            for table, column in FREE_TEXTS:
                cursor.execute(
                    f"UPDATE {table} SET {column} = replace({column}, %s, %s) WHERE {column} LIKE %s",  # nosec B608 # our own tables and columns
                    [subject.ident, subject.other, like(subject.ident)],
                )
        for partition, first, last in sound:
            record_digest(partition, first, last, now=now)
        cursor.execute("SELECT set_config('zelo.erasing', '', true)")
    return counts


def _events(cursor: Any, subject: Subject, marks: dict[str, Marks]) -> int:
    count = 0
    for row, event_id, mark, body in list(logged(subject, marks)):
        text = msgspec.json.encode(cleaned(body, mark, subject)).decode()
        ident = subject.event_ids.get(event_id, event_id)
        cursor.execute("UPDATE zelo_event SET body = %s, event_id = %s WHERE id = %s", [text, ident, row])
        count += 1
    return count


def _commands(cursor: Any, subject: Subject) -> int:
    """Clean what people asked of the entity's labels, and took back of what it was charged."""
    cursor.execute(
        "SELECT id, kind, body FROM zelo_event WHERE kind = ANY(%s) AND body LIKE ANY(%s)",
        [[LABEL, TAKE_BACK], [_in_json(subject.ident), like(subject.ident)]],
    )
    count = 0
    for row, kind, text in cursor.fetchall():
        body = msgspec.json.decode(text)
        fresh = _label(body, subject) if kind == LABEL else _taken_back(body, subject)
        if fresh != body:
            cursor.execute("UPDATE zelo_event SET body = %s WHERE id = %s", [msgspec.json.encode(fresh).decode(), row])
            count += 1
    return count


def _label(body: dict[str, Any], subject: Subject) -> dict[str, Any]:
    if (body["entity_kind"], body["entity"]) != (subject.kind, subject.ident):
        return body
    return body | {"entity": subject.other, "reason": ""}


def _taken_back(body: dict[str, Any], subject: Subject) -> dict[str, Any]:
    entries = []
    for one in body["entries"]:
        event = subject.event_ids.get(one["event"], one["event"])
        own = (one["entity_kind"], one["entity"]) == (subject.kind, subject.ident)
        entries.append(one | {"event": event, "entity": subject.other if own else one["entity"]})
    return body | {"entries": entries}


def _messages(cursor: Any, subject: Subject) -> Iterator[tuple[int, str]]:
    """Yield the messages that name the entity, as they are without it."""
    texts = [_in_json(text) for text in (subject.ident, *subject.event_ids)]
    cursor.execute("SELECT id, body::text FROM zelo_message WHERE body::text LIKE ANY(%s)", [texts])
    for row, text in cursor.fetchall():
        before = msgspec.json.decode(text)
        after = subject.in_message(before)
        if after != before:
            yield row, msgspec.json.encode(after).decode()


_LETTERS = "(EXISTS (SELECT 1 FROM unnest(%s::bytea[]) t WHERE position(t in raw) > 0) OR params::text LIKE ANY(%s))"


def _letters(subject: Subject) -> list[object]:
    texts = [_in_json(text) for text in (subject.ident, *subject.everything())]
    return [subject.as_bytes(), texts]


def _dead_letters(cursor: Any, subject: Subject, by: str, now: datetime) -> int:
    """Empty dead letters that hold a text of the entity; whom they are about cannot be read, so they go whole."""
    cursor.execute(
        "UPDATE zelo_dead_letter SET raw = '', params = '{}', state = CASE WHEN state = 'open' THEN 'dropped'"  # nosec B608 # our own tables and columns
        f" ELSE state END, closed_at = coalesce(closed_at, %s), closed_by = %s WHERE {_LETTERS}",
        [now, by, *_letters(subject)],
    )
    return int(cursor.rowcount)


def _event_ids(cursor: Any, subject: Subject) -> None:
    for before, after in subject.event_ids.items():
        for table in ("zelo_decision", "zelo_ledger_entry"):
            cursor.execute(f"UPDATE {table} SET event_id = %s WHERE event_id = %s", [after, before])  # nosec B608 # our own tables and columns


def _features(cursor: Any, subject: Subject) -> None:
    """Put others in the place of texts that features had when decisions were made."""
    words = {**subject.everything(), subject.ident: subject.other}
    cursor.execute("SELECT id, features::text FROM zelo_decision WHERE features ?| %s", [list(words)])
    for row, text in cursor.fetchall():
        values = [words.get(value, value) if isinstance(value, str) else value for value in msgspec.json.decode(text)]
        cursor.execute(
            "UPDATE zelo_decision SET features = %s WHERE id = %s", [msgspec.json.encode(values).decode(), row]
        )


def _touched(cursor: Any, subject: Subject) -> list[int]:
    """Return the decisions whose digest an erasure changes."""
    words = [*subject.everything(), subject.ident]
    cursor.execute(
        "SELECT id FROM zelo_decision WHERE event_id = ANY(%s) UNION SELECT id FROM zelo_decision WHERE features ?| %s",
        [list(subject.event_ids), words],
    )
    return [row for (row,) in cursor.fetchall()]


def _stretches(cursor: Any, decisions: list[int]) -> list[tuple[int, int, int]]:
    """Return the stretches that the audit trail vouches for, and rightly so, in which some decisions lie."""
    offsets: dict[int, list[int]] = {}
    for ident in sorted(decisions):
        offsets.setdefault(ident >> OFFSET_BITS, []).append(ident & OFFSET_MASK)
    found = []
    for place, digest in stretches().items():
        partition, first, last = place
        near = offsets.get(partition, [])
        if bisect_left(near, first) < bisect_right(near, last) and check_digest(*place, digest):
            found.append(place)
    return found
