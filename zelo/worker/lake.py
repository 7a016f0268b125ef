"""
Writes what is decided to the lake: events by kind and day, decisions by day, as files that a manifest row makes count.

    LAKE/events/kind=KIND/day=DAY/part-PARTITION-FIRST-LAST-RANDOM.parquet
    LAKE/decisions/day=DAY/part-PARTITION-FIRST-LAST-RANDOM.parquet

A file is published whole under a name of its own, and only then named in the transaction that moves the partition's
place in the lake. A file that no row names counts for nothing, and is swept away after an hour.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
from django.db import connection, transaction

import zelo
from zelo.adapters.columns import lake_schema
from zelo.adapters.decisions import SCHEMA
from zelo.adapters.lake_store import LakeStore, lake_store
from zelo.base.errors import InvalidInput
from zelo.decide.tables import LakeFile
from zelo.events.decode import Decoder
from zelo.events.intake import effective_ms
from zelo.events.rows import flattener
from zelo.intake.tables import OFFSET_BITS
from zelo.people.flows import SYSTEM, Actor, record
from zelo.worker.batch import Fenced
from zelo.worker.versions import opened

ROWS_MAX = 50_000
"""Most events that one flush writes."""
ORPHAN_S = 3600
LAKE_LOCK = 0x7A656C6F6C616B65
"""Advisory lock of who writes files of the lake: `zelolake` in ASCII."""
_EPOCH = date(1970, 1, 1)
_EPOCH_AT = datetime(1970, 1, 1, tzinfo=UTC)
_encode = msgspec.json.Encoder(enc_hook=str, order="deterministic").encode


@dataclass(frozen=True)
class _Written:
    path: str
    content: str
    kind: str
    day: date
    rows: int
    bytes: int


def flush(
    store: LakeStore,
    partition: int,
    *,
    epoch: int,
    now: datetime,
    worker: str,
    point: Callable[[str], None] = lambda _: None,
) -> int:
    """Write the next decided events of a partition to the lake; return how many. Raises Fenced and CannotWrite."""
    with writing_lake():
        return _flush(store, partition, epoch=epoch, now=now, worker=worker, point=point)


def _flush(
    store: LakeStore, partition: int, *, epoch: int, now: datetime, worker: str, point: Callable[[str], None]
) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT lake_next, next FROM zelo_progress WHERE partition = %s", [partition])
        first, decided = cursor.fetchone()
        after = min(decided, first + ROWS_MAX)
        if after <= first:
            return 0
        rows = _rows(cursor, partition, first, after)
    written: list[_Written] = []
    tail = f"part-{partition}-{first}-{after - 1}-{uuid.uuid4().hex[:8]}.parquet"
    for (kind, day), (schema, columns) in _events(rows).items():
        path = f"events/kind={kind}/day={day}/{tail}"
        written.append(_write(store, path, _table(schema, columns), "events", kind, day))
    for day, columns in _decisions(rows, _effects(partition, first, after)).items():
        path = f"decisions/day={day}/{tail}"
        written.append(_write(store, path, _table(SCHEMA, columns), "decisions", "", day))
    point("after_lake_rename")
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE zelo_progress SET lake_next = %s WHERE partition = %s AND epoch = %s AND lake_next = %s",
                [after, partition, epoch, first],
            )
            if cursor.rowcount != 1:
                raise Fenced(partition)
        LakeFile.objects.bulk_create(
            [
                LakeFile(
                    path=one.path, content=one.content, kind=one.kind, day=one.day, partition=partition, first=first,
                    last=after - 1, rows=one.rows, bytes=one.bytes, made_at=now,
                )
                for one in written
            ]
        )  # fmt: skip
        details = {"first": first, "last": after - 1, "decisions": len(rows), "digest": digest_of(rows)}
        chain = f"partition-{partition}"
        record(Actor("worker", worker), "decided", now=now, of=("partition", partition), details=details, chain=chain)
        point("before_lake_commit")
    return len(rows)


_ROWS = """
SELECT d.id, d.event_id, d.kind, d.order_key, d.pack_version_id, d.fired, d.undetermined, d.features::text, e.body
FROM zelo_decision d LEFT JOIN zelo_event e ON e.id = d.id WHERE d.id >= %s AND d.id < %s ORDER BY d.id
"""


def _rows(cursor: Any, partition: int, first: int, after: int) -> list[tuple[Any, ...]]:
    base = partition << OFFSET_BITS
    cursor.execute(_ROWS, [base | first, base | after])
    return list(cursor.fetchall())


def digest_of(rows: Iterable[Sequence[object]]) -> str:
    """Return the SHA-256 of decisions as they are in the table: what the audit trail vouches for."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(_encode(row[:8]))
    return digest.hexdigest()


def record_digest(partition: int, first: int, last: int, *, now: datetime) -> None:
    """Vouch anew for a stretch in which an erasure has changed decisions; in the caller's transaction."""
    with connection.cursor() as cursor:
        rows = _rows(cursor, partition, first, last + 1)
    details = {"first": first, "last": last, "decisions": len(rows), "digest": digest_of(rows), "after": "erasure"}
    record(SYSTEM, "decided", now=now, of=("partition", partition), details=details, chain=f"partition-{partition}")


def stretches() -> dict[tuple[int, int, int], str]:
    """Return what the audit trail vouches for: partition, first and last offset, to the digest it last had."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT object_id::int, (details->>'first')::bigint, (details->>'last')::bigint, details->>'digest'"
            " FROM zelo_audit WHERE action = 'decided' ORDER BY chain, number"
        )
        return {(row[0], row[1], row[2]): row[3] for row in cursor.fetchall()}


@contextmanager
def writing_lake() -> Iterator[None]:
    """Write files of the lake beside others who do, but not beside who rewrites what is there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock_shared(%s)", [LAKE_LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock_shared(%s)", [LAKE_LOCK])


def rewriting_lake() -> None:
    """Be the only one who writes files of the lake until the caller's transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '300s'; SET LOCAL statement_timeout = '1h'")
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LAKE_LOCK])


def check_digest(partition: int, first: int, last: int, expected: str) -> bool:
    """Say whether the decisions of a stretch of the log are those that the audit trail vouches for."""
    with connection.cursor() as cursor:
        return digest_of(_rows(cursor, partition, first, last + 1)) == expected


def _effects(partition: int, first: int, after: int) -> dict[int, list[tuple[Any, ...]]]:
    base = partition << OFFSET_BITS
    found: dict[int, list[tuple[Any, ...]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT decision_id, kind, role, entity, parameters::text, rules, held_for FROM zelo_effect"
            " WHERE decision_id >= %s AND decision_id < %s ORDER BY id",
            [base | first, base | after],
        )
        for row in cursor.fetchall():
            found.setdefault(row[0], []).append(row[1:])
    return found


def _day(order_key: int) -> date:
    return _EPOCH + timedelta(days=effective_ms(order_key) // 86_400_000)


def _events(rows: Sequence[tuple[Any, ...]]) -> dict[tuple[str, date], tuple[pa.Schema, list[list[object]]]]:
    """Return the columns of events by kind and day; each with the fields of the pack version that decided it last."""
    gathered: dict[tuple[str, date], list[tuple[object, ...]]] = {}
    last_version: dict[str, int] = {}
    for row in rows:
        last_version[row[2]] = row[4]
    decoders = {version: Decoder(opened(version).kinds) for version in set(last_version.values())}
    flat = {kind: flattener(decoders[version].kinds[kind]) for kind, version in last_version.items()}
    for row in rows:
        kind, order_key = row[2], row[3]
        if row[8] is None:
            continue
        try:
            event = decoders[last_version[kind]].decode_json(row[8].encode())
        except InvalidInput:  # it fitted the version before, and a stretch of the lake has one schema
            continue
        cells = flat[kind](event)
        at = _EPOCH_AT + timedelta(milliseconds=effective_ms(order_key))
        gathered.setdefault((kind, _day(order_key)), []).append((cells[0], cells[1], at, order_key, *cells[2:]))
    return {
        (kind, day): (
            lake_schema(decoders[last_version[kind]].kinds[kind]),
            [list(c) for c in zip(*cells, strict=True)],
        )
        for (kind, day), cells in gathered.items()
    }


def _decisions(
    rows: Sequence[tuple[Any, ...]], effects: dict[int, list[tuple[Any, ...]]]
) -> dict[date, list[list[object]]]:
    gathered: dict[date, list[tuple[object, ...]]] = {}
    for ident, event_id, kind, order_key, version, fired, undetermined, features, _ in rows:
        pack = opened(version)
        asked, held = [], []
        for effect, role, entity, parameters, rules, held_for in effects.get(ident, ()):
            told = {"kind": effect, "role": role, "entity": entity, "parameters": parameters, "rules": rules}
            if held_for:
                held.append({**told, "reason": held_for})
            else:
                asked.append(told)
        at = _EPOCH_AT + timedelta(milliseconds=effective_ms(order_key))
        gathered.setdefault(_day(order_key), []).append(
            (
                event_id, kind, order_key, at, pack.version, zelo.LANGUAGE_VERSION, fired or [], undetermined or [],
                asked, held, features or "[]",
            )
        )  # fmt: skip
    return {day: [list(column) for column in zip(*cells, strict=True)] for day, cells in gathered.items()}


def _write(store: LakeStore, path: str, table: pa.Table, content: str, kind: str, day: date) -> _Written:
    return _Written(path, content, kind, day, table.num_rows, store.write(path, table))


def sweep(place: str | Path, *, now_s: float | None = None, older_s: float = ORPHAN_S) -> int:
    """Remove files of the lake that no row names and that are older than any flush takes; return how many."""
    store = lake_store(place)
    listed = list(store.found())  # before the rows: what is published and named in between is known
    known = set(LakeFile.objects.values_list("path", flat=True))
    limit = (time.time() if now_s is None else now_s) - older_s
    gone = [path for path, written_s in listed if path not in known and written_s < limit]
    for path in gone:
        store.remove(path)
    return len(gone)


def files(content: str, *, kind: str = "", since: date | None = None, until: date | None = None) -> list[str]:
    """Return the paths, inside the lake, of the files that count: of `events` of a kind or of `decisions`, by day."""
    found = LakeFile.objects.filter(content=content)
    if kind:
        found = found.filter(kind=kind)
    if since is not None:
        found = found.filter(day__gte=since)
    if until is not None:
        found = found.filter(day__lte=until)
    return list(found.order_by("day", "id").values_list("path", flat=True))


def to_come(most: int, kind: str) -> pa.Table | None:
    """Return what is decided and not yet in the lake as a table of its form: events of a kind, else decisions."""
    rows: list[tuple[Any, ...]] = []
    effects: dict[int, list[tuple[Any, ...]]] = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT partition, lake_next, next FROM zelo_progress ORDER BY partition")
        for partition, first, after in cursor.fetchall():
            first = max(first, after - most)
            rows += _rows(cursor, partition, first, after)
            if not kind:
                effects |= _effects(partition, first, after)
    if kind:
        events = _events([row for row in rows if row[2] == kind]).values()
        return pa.concat_tables([_table(schema, columns) for schema, columns in events]) if events else None
    decisions = [_table(SCHEMA, columns) for columns in _decisions(rows, effects).values()]
    return pa.concat_tables(decisions) if decisions else SCHEMA.empty_table()


def _table(schema: pa.Schema, columns: list[list[object]]) -> pa.Table:
    arrays = [pa.array(cells, field.type) for cells, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)
