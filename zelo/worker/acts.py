"""What people do that conditions read: it takes its place in the log, between two events."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby

from django.db import connection, transaction

from zelo.base.errors import InvalidInput
from zelo.base.messages.message import N_
from zelo.decide.tables import Effect
from zelo.deliver.flows import Note, emit
from zelo.health.tables import LedgerEntry
from zelo.intake import flows as intake
from zelo.intake.tables import OFFSET_BITS
from zelo.people.flows import Actor, pseudonym, record
from zelo.people.tables import Note as WrittenNote
from zelo.worker.owned import LABEL, TAKE_BACK

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TEXT_MAX = 10_000
ENTRIES_MAX = 1_000
"""Entries that one command of the log takes back."""
_NAMING = ("violation", "severity", "reward")
_ENTRIES = uuid.UUID("0d1c52c7-7c7f-4b0e-9b43-6f2f3a1f8a55")


def set_label(
    *, entity_kind: str, entity: str, label: str, change: str, until: datetime | None, actor: Actor, now: datetime,
    reason: str, ident: uuid.UUID,
) -> None:  # fmt: skip
    """
    Put a label on or off an entity as a person says (`add`, `remove`), or let rules decide again (`release`).

    What a person says outranks every rule until it ends. Raises InvalidInput for what makes no sense.
    """
    if change not in ("add", "remove", "release"):
        raise InvalidInput(N_("a label is added, removed or released"))
    if not label or len(label) > 120 or not entity or "\0" in label + entity + entity_kind + reason:
        raise InvalidInput(N_("`{path}` is empty"), path="label")
    if until is not None and until <= now:
        raise InvalidInput(N_("a label must end later than now"))
    body = {
        "entity_kind": entity_kind, "entity": entity, "label": label, "change": change, "at_ms": _ms(now),
        "until_ms": None if until is None else _ms(until), "actor": str(actor), "reason": reason,
    }  # fmt: skip
    with transaction.atomic():
        intake.command(LABEL, body, now=now, source=str(actor), ident=ident)
        details = {"label": label, "change": change, "until": until}
        record(actor, "label.set", now=now, of=(entity_kind, pseudonym(entity)), details=details)
        told = {"entity_kind": entity_kind, "entity": entity, "label": label, "change": change}
        emit([Note(f"label:{ident}", "label.changed", told)], now=now)


def take_back_entries(rows: Sequence[Effect], *, actor: Actor, now: datetime) -> None:
    """Let charges and rewards no longer count for conditions, after what was decided and before what is to come."""
    entered = LedgerEntry.objects.filter(effect_id__in=[row.pk for row in rows])
    events = dict(entered.values_list("effect_id", "event_id"))
    for partition, found in groupby(sorted(rows, key=lambda row: row.pk), lambda row: row.decision_id >> OFFSET_BITS):
        mine = list(found)
        for first in range(0, len(mine), ENTRIES_MAX):
            some = mine[first : first + ENTRIES_MAX]
            entries = [
                {
                    "kind": row.kind, "entity_kind": row.entity_kind, "entity": row.entity, "event": events[row.pk],
                    "parameters": {name: row.parameters[name] for name in _NAMING if name in row.parameters},
                }
                for row in some
            ]  # fmt: skip
            ident = uuid.uuid5(_ENTRIES, str(some[0].pk))
            intake.command(
                TAKE_BACK, {"entries": entries}, now=now, source=str(actor), ident=ident, partitions=[partition]
            )


def _ms(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def write_note(*, object_kind: str, object_id: str, text: str, actor: Actor, now: datetime) -> WrittenNote:
    """Keep what a person wrote about an entity or a decision. Raises InvalidInput for an empty or huge text."""
    if not text.strip() or len(text) > TEXT_MAX or "\0" in text:
        raise InvalidInput(N_("a note has between 1 and {most} characters"), most=TEXT_MAX)
    with transaction.atomic():
        kept = WrittenNote.objects.create(
            object_kind=object_kind, object_id=object_id, text=text, written_by=str(actor), written_at=now
        )
        about = object_id if object_kind == "decision" else pseudonym(object_id)
        record(actor, "note.write", now=now, of=(object_kind, about), details={"note": kept.pk})
    return kept


def decided_upto(partition: int) -> int:
    """Return the first offset of a partition that is not decided."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT next FROM zelo_progress WHERE partition = %s", [partition])
        return int(cursor.fetchone()[0])
