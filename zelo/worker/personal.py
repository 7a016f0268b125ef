"""
Personal data of one entity: exported, or erased from tables, log, lake and engine state, with a certificate.

Erasing puts a pseudonym in the place of the entity's id everywhere, so that counts and ledgers still add up, and
empties the fields that the pack marks as personal in each event in which the entity has a role.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.db import connection, transaction

from zelo.adapters.lake_store import LakeStore, lake_store
from zelo.base.errors import Conflict, NotFound
from zelo.base.messages.message import N_
from zelo.decide.tables import LakeFile
from zelo.events.rows import columns
from zelo.events.types import Kind, ObjectOf
from zelo.intake import flows as intake
from zelo.people.flows import Actor, record
from zelo.people.tables import Erasure, LegalHold
from zelo.policy.pack import Pack
from zelo.worker.owned import ERASE
from zelo.worker.versions import ACTIVE

_TABLES = {
    "zelo_effect": "entity_kind = %s AND entity = %s",
    "zelo_label": "entity_kind = %s AND entity = %s",
    "zelo_label_change": "entity_kind = %s AND entity = %s",
    "zelo_measure": "entity_kind = %s AND entity = %s",
    "zelo_note": "object_kind = %s AND object_id = %s",
}
_ACCOUNTS = {"zelo_ledger_entry": "account = %s", "zelo_restriction": "account = %s"}


def pseudonym(entity_kind: str, entity: str) -> str:
    """Return what stands in the place of an erased id: the same for the same id, and no way back."""
    text = f"{entity_kind}:{entity}".encode()
    return "erased-" + hmac.new(settings.AUDIT_KEY.encode(), text, hashlib.sha256).hexdigest()[:24]


def export(entity_kind: str, entity: str, *, actor: Actor, now: datetime, root: str | Path) -> dict[str, Any]:
    """Return everything that is kept about an entity; the reading is on record."""
    store = lake_store(root)
    found: dict[str, Any] = {"entity_kind": entity_kind, "entity": entity, "at": now.isoformat()}
    with transaction.atomic(), connection.cursor() as cursor:
        for table, where in _TABLES.items():
            found[table.removeprefix("zelo_")] = _dicts(
                cursor, f"SELECT * FROM {table} WHERE {where}", entity_kind, entity
            )
        if entity_kind == "account":
            for table, where in _ACCOUNTS.items():
                found[table.removeprefix("zelo_")] = _dicts(cursor, f"SELECT * FROM {table} WHERE {where}", entity)
        named = f"{entity_kind}:{entity}"
        found["decision"] = _dicts(cursor, "SELECT * FROM zelo_decision WHERE entities @> ARRAY[%s]", named)
        found["event"] = [body for _, _, body in _logged(entity_kind, entity)]
        found["lake"] = [
            row for file, kind in _lake_files(entity_kind) for row in _rows_of(store, file, kind, entity_kind, entity)
        ]
        record(
            actor, "personal_data.export", now=now, of=(entity_kind, entity), details={"events": len(found["event"])}
        )
    return found


def _dicts(cursor: Any, sql: str, *given: object) -> list[dict[str, Any]]:
    cursor.execute(sql, given)
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def erase(entity_kind: str, entity: str, *, actor: Actor, now: datetime, root: str | Path, ident: uuid.UUID) -> Erasure:
    """
    Take an entity's personal data away everywhere and return the certificate. Raises Conflict under a legal hold.

    Files of the lake are replaced first; tables, log and certificate change in one transaction. A crash in between is
    mended by asking again.
    """
    if LegalHold.objects.filter(entity_kind=entity_kind, entity=entity, lifted_at=None).exists():
        raise Conflict(N_("a legal hold lies on it: nothing of it may be erased until the hold is lifted"))
    other = pseudonym(entity_kind, entity)
    counts: Counter[str] = Counter()
    store = lake_store(root)
    for file, kind in _lake_files(entity_kind):
        counts["lake"] += _rewrite(store, file, kind, entity_kind, entity, other)
    for file in LakeFile.objects.filter(content="decisions").order_by("id"):
        counts["lake_decisions"] += _rewrite_decisions(store, file, entity, other)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('zelo.erasing', 'on', true)")
        for table, where in _TABLES.items():
            column = "object_id" if table == "zelo_note" else "entity"
            more = ", text = ''" if table == "zelo_note" else ""
            change = f"UPDATE {table} SET {column} = %s{more} WHERE {where}"
            cursor.execute(change, [other, entity_kind, entity])
            counts[table] += cursor.rowcount
        if entity_kind == "account":
            for table, where in _ACCOUNTS.items():
                cursor.execute(f"UPDATE {table} SET account = %s WHERE {where}", [other, entity])  # nosec B608 # constants
                counts[table] += cursor.rowcount
        cursor.execute(
            "UPDATE zelo_decision SET entities = array_replace(entities, %s, %s) WHERE entities @> ARRAY[%s]",
            [f"{entity_kind}:{entity}", f"{entity_kind}:{other}", f"{entity_kind}:{entity}"],
        )
        counts["zelo_decision"] += cursor.rowcount
        for event, kind, body in list(_logged(entity_kind, entity)):
            cleaned = msgspec.json.encode(_cleaned(kind, body, entity_kind, entity, other)).decode()
            cursor.execute("UPDATE zelo_event SET body = %s WHERE id = %s", [cleaned, event])
            counts["zelo_event"] += 1
        cursor.execute(
            "UPDATE zelo_message SET body = replace(body::text, %s, %s)::jsonb WHERE body::text LIKE %s",
            [_quoted(entity), _quoted(other), f"%{_like(_quoted(entity))}%"],
        )
        counts["zelo_message"] += cursor.rowcount
        intake.command(
            ERASE,
            {"entity_kind": entity_kind, "entity": entity, "other": other},
            now=now,
            source=str(actor),
            ident=ident,
        )
        cursor.execute("SELECT set_config('zelo.erasing', '', true)")
        done = Erasure.objects.create(
            subject_digest=other.removeprefix("erased-"), asked_by=str(actor), asked_at=now, finished_at=now,
            counts=dict(counts),
        )  # fmt: skip
        record(actor, "personal_data.erase", now=now, of=("erasure", done.pk), details=dict(counts))
    return done


def _pack() -> Pack:
    known = ACTIVE.get()
    if known is None:
        raise NotFound(N_("no pack is at work: store and activate one"))
    return known[1]


def _kinds(entity_kind: str) -> dict[str, Kind]:
    """Return the kinds of event in which such an entity may have a role."""
    return {name: kind for name, kind in _pack().kinds.items() if entity_kind in kind.entities.values()}


def _paths(kind: Kind, entity_kind: str) -> list[tuple[str, ...]]:
    return sorted({path for role, path in kind.roles.items() if kind.entities[role] == entity_kind})


def _personal(fields: ObjectOf, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield the paths of fields that are marked as personal data, and whether they are required."""
    for name, field in fields.fields:
        if field.personal is not None:
            yield (*path, name), field.required
        if isinstance(field.type, ObjectOf):
            yield from _personal(field.type, (*path, name))


def _at(body: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = body
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _logged(entity_kind: str, entity: str) -> Iterator[tuple[int, Kind, dict[str, Any]]]:
    """Yield the events of the log in which an entity has a role."""
    kinds = _kinds(entity_kind)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, kind, body FROM zelo_event WHERE kind = ANY(%s) AND body LIKE %s",
            [list(kinds), f"%{_like(entity)}%"],
        )
        rows = cursor.fetchall()
    for event, kind, text in rows:
        body = msgspec.json.decode(text)
        if any(str(_at(body, path)) == entity for path in _paths(kinds[kind], entity_kind)):
            yield event, kinds[kind], body


def _cleaned(kind: Kind, body: dict[str, Any], entity_kind: str, entity: str, other: str) -> dict[str, Any]:
    """Return an event without personal data: ids of others stay, the entity's become its pseudonym."""
    ids = set(kind.roles.values())
    for path, required in _personal(kind.fields):
        if path in ids:
            continue
        holder = _at(body, path[:-1])
        if isinstance(holder, dict) and path[-1] in holder:
            if required and isinstance(holder[path[-1]], str):
                holder[path[-1]] = ""
            elif not required:
                del holder[path[-1]]
    for path in _paths(kind, entity_kind):
        holder = _at(body, path[:-1])
        if isinstance(holder, dict) and str(holder.get(path[-1])) == entity:
            holder[path[-1]] = other
    return body


# ------------------------------------------------------------------------------------------------------------- the lake


def _lake_files(entity_kind: str) -> Iterator[tuple[LakeFile, Kind]]:
    kinds = _kinds(entity_kind)
    for file in LakeFile.objects.filter(content="events", kind__in=list(kinds)).order_by("id"):
        yield file, kinds[file.kind]


def _mask(table: pa.Table, kind: Kind, entity_kind: str, entity: str) -> Any:
    mask = pa.array([False] * table.num_rows)
    for path in _paths(kind, entity_kind):
        name = ".".join(path)
        if name in table.column_names:
            same = pc.equal(table.column(name).cast(pa.string()), entity)
            mask = pc.or_(mask, pc.fill_null(same, False))
    return mask


def _rows_of(store: LakeStore, file: LakeFile, kind: Kind, entity_kind: str, entity: str) -> list[dict[str, Any]]:
    table = store.read(file.path)
    return [dict(row) for row in table.filter(_mask(table, kind, entity_kind, entity)).to_pylist()]


def _rewrite(store: LakeStore, file: LakeFile, kind: Kind, entity_kind: str, entity: str, other: str) -> int:
    """Replace a file of the lake by one without the entity's personal data; return how many rows were changed."""
    table = store.read(file.path)
    mask = _mask(table, kind, entity_kind, entity)
    changed = int(pc.sum(mask).as_py() or 0)
    if not changed:
        return 0
    ids = {".".join(path) for path in kind.roles.values()}
    mine = {".".join(path) for path in _paths(kind, entity_kind)}
    personal = {".".join(path): required for path, required in _personal(kind.fields)}
    for column in columns(kind):
        if column.name not in table.column_names:
            continue
        values = table.column(column.name)
        if column.name in mine:
            same = pc.fill_null(pc.equal(values.cast(pa.string()), entity), False)
            values = pc.if_else(same, pa.scalar(other).cast(values.type), values)
        elif column.name in personal and column.name not in ids:
            empty = (
                pa.scalar("", values.type)
                if column.required and pa.types.is_string(values.type)
                else pa.scalar(None, values.type)
            )
            values = pc.if_else(mask, empty, values)
        table = table.set_column(table.schema.get_field_index(column.name), table.schema.field(column.name), values)
    _replace(store, file, table)
    return changed


def _rewrite_decisions(store: LakeStore, file: LakeFile, entity: str, other: str) -> int:
    """Put the pseudonym into the effects of a file of decisions; return how many rows were changed."""
    table = store.read(file.path)
    changed: set[int] = set()
    for name in ("effects", "held"):
        rows = table.column(name).to_pylist()
        for place, told in enumerate(rows):
            for effect in told or ():
                if effect["entity"] == entity:
                    effect["entity"] = other
                    changed.add(place)
        field = table.schema.field(name)
        table = table.set_column(table.schema.get_field_index(name), field, pa.array(rows, field.type))
    if changed:
        _replace(store, file, table)
    return len(changed)


def _replace(store: LakeStore, file: LakeFile, table: pa.Table) -> None:
    """Write a file of the lake anew, have its row name the new one, and remove the old one."""
    folder = file.path.rpartition("/")[0]
    path = f"{folder}/part-{file.partition}-{file.first}-{file.last}-{uuid.uuid4().hex[:8]}.parquet"
    size = store.write(path, table)
    LakeFile.objects.filter(pk=file.pk).update(path=path, bytes=size)
    store.remove(file.path)


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
