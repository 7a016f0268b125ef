"""Lets data go when its time is over: events of the log that are in the lake, and days of the lake by kind of event."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from zelo.adapters.lake_store import LakeStore
from zelo.base.errors import InvalidInput
from zelo.base.messages.message import N_
from zelo.decide.tables import LakeFile
from zelo.people.flows import SYSTEM, record
from zelo.people.tables import LegalHold


def kept_days() -> dict[str, int]:
    """Return how many days of each kind of event the lake keeps, as `ZELO_RETENTION` says: `order.placed=365,...`."""
    found: dict[str, int] = {}
    for part in filter(None, os.environ.get("ZELO_RETENTION", "").split(",")):
        kind, _, days = part.strip().partition("=")
        if not days.isdecimal():
            raise InvalidInput(N_("`{option}` is not of the form KIND=DAYS"), option=part)
        found[kind] = int(days)
    return found


def prune_log(*, now: datetime) -> int:
    """
    Remove old events of the log that are in the lake and that no kept snapshot needs; return how many.

    A kind whose days in the lake are fewer stays no longer here.
    """
    limit = now - timedelta(days=settings.EVENTS_KEPT_DAYS)
    gone = 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT g.partition, least(g.lake_next, (SELECT min(s.next) FROM zelo_snapshot s"
            " WHERE s.partition = g.partition)) FROM zelo_progress g"
        )
        for partition, upto in cursor.fetchall():
            if upto is None:
                continue
            cursor.execute(
                "DELETE FROM zelo_event WHERE id >= %s::bigint << 44 AND id < (%s::bigint << 44) + %s"
                " AND received_at < %s",
                [partition, partition, upto, limit],
            )
            gone += cursor.rowcount
            for kind, days in kept_days().items():
                cursor.execute(
                    "DELETE FROM zelo_event WHERE id >= %s::bigint << 44 AND id < (%s::bigint << 44) + %s"
                    " AND kind = %s AND received_at < %s",
                    [partition, partition, upto, kind, now - timedelta(days=days)],
                )
                gone += cursor.rowcount
    return gone


def expire(store: LakeStore, *, now: datetime) -> int:
    """
    Remove the days of the lake whose time is over, by kind; return how many files went.

    While any legal hold stands nothing goes: a held entity may be in any file.
    """
    days = kept_days()
    if not days or LegalHold.objects.filter(lifted_at=None).exists():
        return 0
    with transaction.atomic():
        gone = [
            file
            for kind, kept in days.items()
            for file in LakeFile.objects.filter(
                content="events", kind=kind, day__lt=(now - timedelta(days=kept)).date()
            )
        ]
        if gone:
            LakeFile.objects.filter(pk__in=[file.pk for file in gone]).delete()
            counts = {kind: sum(file.rows for file in gone if file.kind == kind) for kind in days}
            record(SYSTEM, "retention.expire", now=now, of=("lake", ""), details=counts)
    for file in gone:
        store.remove(file.path)
    return len(gone)
