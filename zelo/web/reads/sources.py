"""Reads where events come from, how far deciding is behind, and what could not be taken in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Max, QuerySet, Sum

from zelo.models import DayCount, DeadLetter, Decision, LoggedEvent, Receipt, SourceOffset, WorkerBeat

PAGE = 50


@dataclass(frozen=True)
class PartitionNow:
    """How far a partition of the log is."""

    partition: int
    behind: int
    """Events that are not decided."""
    not_in_lake: int
    oldest: datetime | None
    """When the oldest undecided event was received."""
    owner: str
    seen_at: datetime | None


_PARTITIONS = """
SELECT p.id, p.tail - g.next + 1, g.next - g.lake_next, e.received_at, g.owner, g.seen_at
FROM zelo_partition p JOIN zelo_progress g ON g.partition = p.id
LEFT JOIN zelo_event e ON e.id = (p.id::bigint << 44) | g.next ORDER BY p.id
"""


def partitions() -> list[PartitionNow]:
    """Return how far each partition is."""
    with connection.cursor() as cursor:
        cursor.execute(_PARTITIONS)
        return [PartitionNow(*row) for row in cursor.fetchall()]


def workers(now: datetime) -> list[WorkerBeat]:
    """Return the workers that said within a minute that they live."""
    return list(WorkerBeat.objects.filter(seen_at__gte=now - timedelta(minutes=1)).order_by("started_at"))


def sources(now: datetime) -> list[dict[str, Any]]:
    """Return the sources of the last day, by how much they brought."""
    day = now - timedelta(days=1)
    sums = {"accepted": Sum("accepted"), "duplicates": Sum("duplicates"), "dead": Sum("dead")}
    rows = Receipt.objects.filter(at__gte=day).values("source").annotate(calls=Count("id"), last=Max("at"), **sums)
    return list(rows.order_by("-accepted"))


def outside() -> list[SourceOffset]:
    """Return how far outside sources have been copied."""
    return list(SourceOffset.objects.order_by("source", "partition"))


def letters(state: str, code: str = "", before: int | None = None) -> list[DeadLetter]:
    """Return dead letters, newest first; one more than a page when there are more."""
    found: QuerySet[DeadLetter] = DeadLetter.objects.filter(state=state).order_by("-pk")
    if code:
        found = found.filter(code=code)
    if before is not None:
        found = found.filter(pk__lt=before)
    return list(found[: PAGE + 1])


def letter_counts() -> list[tuple[str, int]]:
    """Return the reasons of open dead letters, with how many have each."""
    rows = DeadLetter.objects.filter(state="open").values("code").annotate(n=Count("id")).order_by("-n")
    return [(row["code"], row["n"]) for row in rows]


@dataclass(frozen=True)
class Pulse:
    """What goes through, now."""

    events_minute: int
    decisions_minute: int
    behind: int
    open_letters: int
    last_event: datetime | None
    workers: int
    limits: Sequence[DayCount]
    """Daily limits that are used to at least half."""


def pulse(now: datetime) -> Pulse:
    """Return what went through in the last minute."""
    minute = now - timedelta(minutes=1)
    recent = LoggedEvent.objects.order_by("-id")[:5_000].values_list("received_at", flat=True)
    times = list(recent)
    decided = Decision.objects.order_by("-id")[:5_000].values_list("decided_at", flat=True)
    counts = DayCount.objects.filter(ends_at__gt=now, most__gt=0).order_by("rule", "kind")
    return Pulse(
        sum(at >= minute for at in times), sum(at >= minute for at in decided), sum(p.behind for p in partitions()),
        DeadLetter.objects.filter(state="open").count(), max(times, default=None), len(workers(now)),
        [one for one in counts if one.count * 2 >= one.most],
    )  # fmt: skip
