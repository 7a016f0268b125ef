"""Accepts events into the log, each id once; keeps receipts and dead letters, and replays those."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from django.db import connection, transaction

from zelo.adapters import traces
from zelo.base.errors import Conflict, InvalidInput, NotFound
from zelo.base.messages.message import N_
from zelo.events.decode import Decoder, Event
from zelo.events.intake import check_not_future
from zelo.events.reasons import invalid
from zelo.events.values import instant_us
from zelo.intake.logic import partition_of
from zelo.intake.tables import OFFSET_BITS, DeadLetter

OFFSET_MASK = (1 << OFFSET_BITS) - 1
WORK = "zelo_work"
"""Channel on which workers are woken."""
_APPEND = """
WITH input AS MATERIALIZED (
    SELECT DISTINCT ON (e) * FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(e text, k text, p smallint, b text, n int)
    ORDER BY e, n
), fresh AS MATERIALIZED (
    SELECT i.*, row_number() OVER (PARTITION BY p ORDER BY n) AS place FROM input i
    WHERE NOT EXISTS (SELECT 1 FROM zelo_event l WHERE l.event_id = i.e)
), moved AS (
    UPDATE zelo_partition t SET tail = t.tail + c.n FROM (SELECT p, count(*) AS n FROM fresh GROUP BY p) c
    WHERE t.id = c.p RETURNING t.id, t.tail - c.n AS base
), added AS (
    INSERT INTO zelo_event (id, event_id, kind, body, received_at, source, reply_to)
    SELECT (f.p::bigint << 44) | (m.base + f.place), f.e, f.k, f.b, %(now)s, %(source)s, %(reply_to)s
    FROM fresh f JOIN moved m ON m.id = f.p ORDER BY 1
    ON CONFLICT (event_id) DO NOTHING RETURNING id
)
SELECT id >> 44, count(*), max(id) & 17592186044415 FROM added GROUP BY 1
"""


@dataclass(frozen=True)
class Incoming:
    """An event that fits its kind, on its way into the log."""

    event_id: str
    kind: str
    partition: int
    body: str


@dataclass(frozen=True)
class Refused:
    """An event that cannot be taken in."""

    place: str
    code: str
    params: Mapping[str, object]
    raw: bytes


@dataclass(frozen=True)
class Accepted:
    """What came of a call."""

    receipt: str
    accepted: int
    duplicates: int
    refused: tuple[Refused, ...]
    upto: Mapping[int, int]
    """Partition to the offset of the last event that was added to it."""


def sift(
    raws: Sequence[bytes], decoder: Decoder, *, partitions: int, now_us: int, clock_skew_us: int, bytes_max: int
) -> tuple[list[Incoming], list[Refused]]:
    """Return the events that fit their kinds, and those that do not with the reason."""
    good: list[Incoming] = []
    bad: list[Refused] = []
    for place, raw in enumerate(raws):
        try:
            event = fitting(raw, decoder, now_us=now_us, clock_skew_us=clock_skew_us, bytes_max=bytes_max)
        except InvalidInput as error:
            params = {name: value for name, value in error.params.items() if name != "code"}
            bad.append(Refused(str(place), str(error.params["code"]), params, raw[:bytes_max]))
            continue
        kind = decoder.kinds[event.kind]
        good.append(Incoming(event.id, kind.name, partition_of(kind, event, partitions), raw.decode()))
    return good, bad


def fitting(raw: bytes, decoder: Decoder, *, now_us: int, clock_skew_us: int, bytes_max: int) -> Event:
    """Return the event of a JSON text; raise InvalidInput with a code of `zelo.events.reasons`."""
    if len(raw) > bytes_max:
        raise invalid("too_long", limit=bytes_max)
    if b"\\u0000" in raw:
        raise invalid("nul")
    event = decoder.decode_json(raw)
    if event.id.startswith("zelo:"):
        raise invalid("reserved_id", event_id=event.id[:100])
    check_not_future(instant_us(event.occurred_at), now_us, clock_skew_us)
    return event


def accept(
    good: Sequence[Incoming], bad: Sequence[Refused], *, source: str, receipt: uuid.UUID, now: datetime
) -> Accepted:
    """Add events to the log and keep the dead letters and a receipt: all in one transaction, or nothing."""
    with transaction.atomic():
        upto, added = append(good, source=source, now=now)
        bury(bad, source=source, receipt=receipt, now=now)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO zelo_receipt (id, at, source, accepted, duplicates, dead, upto)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s)",
                [receipt, now, source, added, len(good) - added, len(bad), msgspec.json.encode(upto).decode()],
            )
    return Accepted(str(receipt), added, len(good) - added, tuple(bad), upto)


def append(
    events: Sequence[Incoming], *, source: str, now: datetime, reply_to: str | None = None
) -> tuple[dict[int, int], int]:
    """Add events to the log in the caller's transaction; return the last offsets by partition, and how many were new.

    Whoever appends to a partition holds it until commit, so that offsets appear in order.
    """
    if not events:
        return {}, 0
    began_ns = traces.now_ns()
    rows = [
        {"e": one.event_id, "k": one.kind, "p": one.partition, "b": one.body, "n": n} for n, one in enumerate(events)
    ]
    touched = sorted({one.partition for one in events})
    with connection.cursor() as cursor:
        if len(touched) > 1:
            cursor.execute("SELECT id FROM zelo_partition WHERE id = ANY(%s) ORDER BY id FOR UPDATE", [touched])
        given = {"rows": msgspec.json.encode(rows).decode(), "now": now, "source": source, "reply_to": reply_to}
        cursor.execute(_APPEND, given)
        found = cursor.fetchall()
    traces.accepted(
        (one.event_id for one in events if not one.kind.startswith("zelo.")), began_ns=began_ns, source=source
    )
    return {partition: last for partition, _, last in found}, sum(count for _, count, _ in found)


def command(
    kind: str, body: Mapping[str, object], *, now: datetime, source: str, ident: uuid.UUID,
    partitions: Iterable[int] | None = None,
) -> dict[int, int]:  # fmt: skip
    """
    Put a command into the log, so that it takes effect between two events; in the caller's transaction.

    It goes to the named partitions, or to all; returns its offset in each.
    """
    where = sorted(partitions) if partitions is not None else partition_ids()
    text = msgspec.json.encode(body, enc_hook=str).decode()
    rows = [Incoming(f"zelo:{ident}:{partition}", kind, partition, text) for partition in where]
    upto, _ = append(rows, source=source, now=now)
    wake()
    return upto


def wake() -> None:
    """Wake the workers once the caller's transaction is committed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [WORK])


def partition_ids() -> list[int]:
    """Return the ids of the log's partitions."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM zelo_partition ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


def backlog() -> int:
    """Return how many accepted events are not decided."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(p.tail - g.next + 1), 0)::bigint"
            " FROM zelo_partition p JOIN zelo_progress g ON g.partition = p.id"
        )
        return int(cursor.fetchone()[0])


# ------------------------------------------------------------------------------------------------------- dead letters


def bury(letters: Sequence[Refused], *, source: str, receipt: uuid.UUID | None, now: datetime) -> None:
    """Keep dead letters, in the caller's transaction."""
    if not letters:
        return
    DeadLetter.objects.bulk_create(
        [
            DeadLetter(
                at=now, source=source, place=one.place, receipt=receipt, code=one.code,
                params=_plain(one.params), raw=one.raw,
            )
            for one in letters
        ]
    )  # fmt: skip


def _plain(params: Mapping[str, object]) -> object:
    text = msgspec.json.encode(dict(params), enc_hook=str).replace(b"\\u0000", b"")
    return msgspec.json.decode(text)


def replay(
    ids: Sequence[int], decoder: Decoder, *, partitions: int, clock_skew_us: int, bytes_max: int, now: datetime,
    by: str, receipt: uuid.UUID,
) -> Accepted:  # fmt: skip
    """
    Try dead letters again: those that fit now go into the log, the others stay with their new reason.

    Raises NotFound when one is not there, Conflict when one is closed.
    """
    with transaction.atomic():
        letters = list(DeadLetter.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
        if len(letters) != len(set(ids)):
            raise NotFound(N_("there is no such dead letter"))
        if any(letter.state != "open" for letter in letters):
            raise Conflict(N_("the dead letter was closed already"))
        raws = [bytes(letter.raw) for letter in letters]
        good, bad = sift(
            raws, decoder, partitions=partitions, now_us=instant_us(now), clock_skew_us=clock_skew_us,
            bytes_max=bytes_max,
        )  # fmt: skip
        again = {int(one.place): one for one in bad}
        done = accept(good, (), source="replay", receipt=receipt, now=now)
        for place, letter in enumerate(letters):
            if place in again:
                letter.code, letter.params = again[place].code, _plain(again[place].params)
            else:
                letter.state, letter.closed_at, letter.closed_by = "replayed", now, by
            letter.save(update_fields=["code", "params", "state", "closed_at", "closed_by"])
        wake()
    return Accepted(done.receipt, done.accepted, done.duplicates, tuple(bad), done.upto)


def drop(ids: Sequence[int], *, now: datetime, by: str) -> int:
    """Close dead letters without taking them in; return how many were open."""
    return DeadLetter.objects.filter(pk__in=ids, state="open").update(state="dropped", closed_at=now, closed_by=by)
