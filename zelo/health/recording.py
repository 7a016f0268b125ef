"""Writes ledgers and restrictions as decisions ask and as undoing takes back, and reads standings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from django.db import connection

from zelo.health.ledger import Entry
from zelo.health.logic import standing
from zelo.health.standing import Standing
from zelo.health.tables import LedgerEntry
from zelo.policy.schedules.values import Schedule

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Asked:
    """An effect that a decision asks for, as receivers get it."""

    id: int
    """Of the effect's row."""
    kind: str
    entity_kind: str
    entity: str
    parameters: Mapping[str, Any]
    at: datetime
    """When it takes effect."""
    order_key: int
    event: int
    """Id of the event in the log."""
    event_id: str
    pack_version: str


def until(asked: Asked) -> datetime | None:
    """Return when an effect ends by itself; None: never."""
    length = asked.parameters.get("for")
    return None if length is None else asked.at + timedelta(microseconds=int(length))


def enter(effects: Sequence[Asked]) -> None:
    """Enter charges and rewards into ledgers, in the caller's transaction."""
    rows = [
        {
            "entry_id": f"effect:{one.id}",
            "account": one.entity,
            "kind": "violation" if one.kind == "charge" else "reward",
            "at": one.at,
            "order_key": one.order_key,
            "violation": one.parameters.get("violation", ""),
            "severity": one.parameters.get("severity", ""),
            "name": one.parameters.get("reward", ""),
            "points": _millionths(one.parameters.get("points")),
            "effect_id": one.id,
            "event_id": one.event_id,
            "pack_version": one.pack_version,
        }
        for one in effects
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO zelo_ledger_entry (entry_id, account, kind, at, order_key, violation, severity, name,"
            " points_millionths, count, target, attributes, effect_id, event_id, pack_version, ground, written_by,"
            " reason)"
            " SELECT entry_id, account, kind, at, order_key, violation, severity, name, points, 1, '', '{}',"
            " effect_id, event_id, pack_version, '', '', '' FROM jsonb_to_recordset(%s::jsonb) AS r(entry_id text,"
            " account text, kind text, at timestamptz, order_key bigint, violation text, severity text, name text,"
            " points bigint, effect_id bigint, event_id text, pack_version text) ORDER BY effect_id",
            [msgspec.json.encode(rows).decode()],
        )


def _millionths(points: object) -> int | None:
    return None if points is None else round(float(str(points)) * 1_000_000)


def restrict(effects: Sequence[Asked]) -> None:
    """Put restrictions on accounts, in the caller's transaction."""
    rows = [
        {
            "id": one.id,
            "account": one.entity,
            "scope": one.parameters["scope"],
            "since": one.at,
            "until": until(one),
        }
        for one in effects
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO zelo_restriction (id, account, scope, since, until)"
            " SELECT * FROM jsonb_to_recordset(%s::jsonb) AS r(id bigint, account text, scope text,"
            " since timestamptz, until timestamptz)",
            [msgspec.json.encode(rows).decode()],
        )


def reverse_entries(effect_ids: Sequence[int], *, by: str, reason: str, now: datetime) -> None:
    """Enter a reversal for the ledger entry of each effect, in the caller's transaction."""
    known = LedgerEntry.objects.filter(effect_id__in=effect_ids)
    LedgerEntry.objects.bulk_create(
        [
            LedgerEntry(
                entry_id=f"reversal:{entry.effect_id}", account=entry.account, kind="reversal",
                at=max(now, entry.at), order_key=1 << 61, target=entry.entry_id, written_by=by, reason=reason,
            )
            for entry in known
        ]
    )  # fmt: skip


def lift_restrictions(effect_ids: Sequence[int], *, by: str, reason: str, now: datetime) -> None:
    """End restrictions, in the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE zelo_restriction SET ended_at = %s WHERE id = ANY(%s) AND ended_at IS NULL",
            [now, list(effect_ids)],
        )


# ------------------------------------------------------------------------------------------------------- standings


def entries_of(account: str) -> list[Entry]:
    """Return the ledger of an account."""
    return [_entry(row) for row in LedgerEntry.objects.filter(account=account).order_by("at", "order_key", "id")]


def _entry(row: LedgerEntry) -> Entry:
    return Entry(
        id=row.entry_id,
        kind=row.kind,
        at=(row.at - _EPOCH) // timedelta(microseconds=1),
        account=row.account,
        violation=row.violation,
        severity=row.severity,
        attributes=tuple(sorted(row.attributes.items())),
        points=row.points_millionths,
        count=row.count,
        name=row.name,
        target=row.target,
        order=row.order_key,
        version=row.pack_version,
        ground=row.ground,
    )


def standings(account: str, schedules: Mapping[str, Schedule], as_of: datetime) -> dict[str, Standing]:
    """Return the standing of an account under each schedule."""
    entries = entries_of(account)
    at = (as_of - _EPOCH) // timedelta(microseconds=1)
    return {name: standing(entries, schedule, at) for name, schedule in schedules.items()}


def standings_without(
    account: str, effect_ids: Iterable[int], schedules: Mapping[str, Schedule], as_of: datetime
) -> dict[str, Standing]:
    """Return what the standings would be, had the effects been taken back."""
    entries = entries_of(account)
    at = (as_of - _EPOCH) // timedelta(microseconds=1)
    gone = {f"effect:{ident}" for ident in effect_ids}
    back = [
        Entry(id=f"reversal:{entry.id}", kind="reversal", at=at, account=account, target=entry.id, order=1 << 61)
        for entry in entries
        if entry.id in gone
    ]
    return {name: standing([*entries, *back], schedule, at) for name, schedule in schedules.items()}
