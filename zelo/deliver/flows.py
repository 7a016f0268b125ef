"""Writes messages in the transaction in which something happened, and keeps what becomes of their deliveries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db import connection, transaction

from zelo.base.errors import Conflict, InvalidInput
from zelo.base.messages.message import N_
from zelo.deliver.logic import ATTEMPTS_MAX, wait_s
from zelo.deliver.tables import Delivery


@dataclass(frozen=True)
class Note:
    """A message to be written."""

    key: str
    type: str
    body: Mapping[str, object]


def emit(notes: Sequence[Note], *, now: datetime) -> None:
    """Write messages, and a delivery to each endpoint that wants them; in the caller's transaction."""
    if not notes:
        return
    rows = [{"n": n, "k": one.key, "t": one.type, "b": one.body} for n, one in enumerate(notes)]
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH written AS (INSERT INTO zelo_message (key, type, at, body)"
            " SELECT k, t, %(now)s, b FROM jsonb_to_recordset(%(rows)s::jsonb) AS x(n int, k text, t text, b jsonb)"
            " ORDER BY n RETURNING id, type)"
            " INSERT INTO zelo_delivery (endpoint_id, message_id, state, attempts, next_at, error)"
            " SELECT e.id, w.id, 'waiting', 0, %(now)s, '' FROM written w JOIN zelo_endpoint e"
            " ON e.active AND (e.types = '{}' OR w.type = ANY(e.types)) ORDER BY w.id, e.id",
            {"rows": msgspec.json.encode(rows, enc_hook=str).decode(), "now": now},
        )


# ------------------------------------------------------------------------------------------------------- feed


@dataclass(frozen=True)
class Page:
    """Some messages, in an order in which none appears later behind a reader's back."""

    messages: list[dict[str, Any]]
    cursor: str
    """Where to go on."""


def feed(cursor: str, *, types: Sequence[str] = (), limit: int = 100) -> Page:
    """Return the messages after a cursor; raise InvalidInput for a text that is no cursor."""
    try:
        xid, ident = (int(part) for part in (cursor or "0.0").split("."))
    except ValueError:
        raise InvalidInput(N_("`cursor` is not one that zelo gave out"), code="bad_cursor") from None
    with connection.cursor() as sql:
        sql.execute(
            "SELECT xid, id, key, type, at, body FROM zelo_message WHERE (xid, id) > (%s, %s)"
            " AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
            " AND (%s OR type = ANY(%s)) ORDER BY xid, id LIMIT %s",
            [xid, ident, not types, list(types), limit],
        )
        rows = sql.fetchall()
    messages = [
        {"id": str(row[1]), "key": row[2], "type": row[3], "at": row[4], "data": _loaded(row[5])} for row in rows
    ]
    return Page(messages, f"{rows[-1][0]}.{rows[-1][1]}" if rows else cursor or "0.0")


def _loaded(value: Any) -> Any:
    return msgspec.json.decode(value) if isinstance(value, str) else value


# ------------------------------------------------------------------------------------------------------- deliveries


def due(now: datetime, *, limit: int = 50, lease_s: int = 60) -> list[Delivery]:
    """Take deliveries that are due; nobody else takes them until the lease is over."""
    with transaction.atomic():
        found = list(
            Delivery.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(state="waiting", next_at__lte=now, endpoint__active=True)
            .select_related("endpoint", "message")
            .order_by("next_at", "id")[:limit]
        )
        Delivery.objects.filter(pk__in=[one.pk for one in found]).update(next_at=now + timedelta(seconds=lease_s))
    return found


def sent(delivery: Delivery, *, status: int | None, now: datetime) -> None:
    """Keep that a delivery arrived."""
    Delivery.objects.filter(pk=delivery.pk).update(
        state="sent", attempts=delivery.attempts + 1, status=status, sent_at=now, error=""
    )


def failed(delivery: Delivery, *, status: int | None, error: str, now: datetime) -> None:
    """Keep that an attempt failed: the next one comes later, and after the last one the delivery is dead."""
    attempts = delivery.attempts + 1
    Delivery.objects.filter(pk=delivery.pk).update(
        state="dead" if attempts >= ATTEMPTS_MAX else "waiting",
        attempts=attempts, status=status, error=error[:500],
        next_at=now + timedelta(seconds=wait_s(attempts, delivery.pk)),
    )  # fmt: skip


def retry(ids: Sequence[int], *, now: datetime) -> int:
    """Send dead deliveries again; return how many there were. Raises Conflict when none is dead."""
    count = Delivery.objects.filter(pk__in=ids, state="dead").update(state="waiting", attempts=0, next_at=now)
    if not count:
        raise Conflict(N_("no such delivery is dead"))
    return count


def send_again(endpoint_id: int, *, since: datetime, now: datetime) -> int:
    """Send an endpoint everything again that happened since an instant; return how many deliveries that makes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO zelo_delivery (endpoint_id, message_id, state, attempts, next_at, error)"
            " SELECT e.id, m.id, 'waiting', 0, %(now)s, '' FROM zelo_message m JOIN zelo_endpoint e"
            " ON e.id = %(endpoint)s AND (e.types = '{}' OR m.type = ANY(e.types)) WHERE m.at >= %(since)s"
            " ON CONFLICT (endpoint_id, message_id) DO UPDATE SET state = 'waiting', attempts = 0, next_at = %(now)s",
            {"endpoint": endpoint_id, "since": since, "now": now},
        )
        return int(cursor.rowcount)
