"""
Erases an entity in two steps: first every engine forgets it, then tables, log and lake do, all in one transaction.

The first step puts a command into the log. Once every partition has obeyed it and dropped what it kept before, no
decision that names the entity is under way any more, so the second step leaves nothing behind. Events that bring the
entity again after the command are new data.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction

from zelo.adapters.lake_store import LakeStore
from zelo.base.errors import Conflict
from zelo.base.messages.message import N_
from zelo.intake import flows as intake
from zelo.people.flows import Actor, pseudonym, record
from zelo.people.tables import Erasure, LegalHold
from zelo.worker.lake import rewriting_lake
from zelo.worker.owned import ERASE
from zelo.worker.personal import files, rows
from zelo.worker.personal.fields import marks_for
from zelo.worker.personal.subject import Subject


def check_not_held(entity_kind: str, entity: str) -> None:
    """Raise Conflict while a legal hold lies on an entity."""
    found = LegalHold.objects.filter(entity_kind=entity_kind, entity=entity, lifted_at=None).first()
    if found is not None:
        raise Conflict(
            N_("a legal hold lies on it since {day}, and nothing of it may be erased: {reason}"),
            day=found.placed_at.date().isoformat(), reason=found.reason,
        )  # fmt: skip


def found(entity_kind: str, entity: str, *, store: LakeStore) -> Counter[str]:
    """Return how many rows and events name an entity, by place."""
    subject, marks = Subject(entity_kind, entity), marks_for(entity_kind)
    counts = rows.counted(subject)
    counts["zelo_event"] = sum(1 for _ in rows.logged(subject, marks))
    counts["lake"] = files.counted(store, subject, marks)
    return counts


def begin(
    entity_kind: str, entity: str, *, actor: Actor, now: datetime, store: LakeStore, ident: uuid.UUID
) -> dict[int, int]:
    """Tell every engine to forget an entity; return by partition where in the log. Raises Conflict under a hold."""
    subject, marks = Subject(entity_kind, entity), marks_for(entity_kind)
    rows.learn(subject, marks)
    files.learn(store, subject, marks)
    told = {"entity_kind": entity_kind, "entity": entity, "other": subject.other, "words": subject.everything()}
    with transaction.atomic():
        check_not_held(entity_kind, entity)
        return intake.command(ERASE, told, now=now, source=str(actor), ident=ident)


def forgotten(upto: dict[str, int]) -> bool:
    """Say whether every partition has obeyed, and nothing it kept from before is left."""
    with connection.cursor() as cursor:
        for partition, offset in upto.items():
            cursor.execute(
                "SELECT g.next > %(offset)s AND NOT EXISTS (SELECT 1 FROM zelo_snapshot s"
                " WHERE s.partition = g.partition AND s.next <= %(offset)s) AND NOT EXISTS (SELECT 1 FROM zelo_event e"
                " WHERE e.id = (%(partition)s::bigint << 44) + %(offset)s AND e.body <> '{}')"
                " FROM zelo_progress g WHERE g.partition = %(partition)s",
                {"partition": int(partition), "offset": offset},
            )
            row = cursor.fetchone()
            if row is None or not row[0]:
                return False
    return True


def finish(
    entity_kind: str, entity: str, *, actor: Actor, asked_at: datetime, now: datetime, store: LakeStore
) -> Erasure:
    """Take an entity out of tables, log and lake, and write the certificate; all of it happens, or nothing."""
    subject, marks = Subject(entity_kind, entity), marks_for(entity_kind)
    with transaction.atomic():
        rewriting_lake()
        check_not_held(entity_kind, entity)
        rows.learn(subject, marks)
        files.learn(store, subject, marks)
        counts, old = files.erase(store, subject, marks)
        counts += rows.erase(subject, marks, by=str(actor), now=now)
        left = found(entity_kind, entity, store=store)
        if left.total():
            raise AssertionError(f"an erasure left rows behind: {dict(+left)}")
        done = Erasure.objects.create(
            subject_digest=pseudonym(entity), asked_by=str(actor), asked_at=asked_at, finished_at=now,
            counts=dict(counts),
        )  # fmt: skip
        record(actor, "personal_data.erase", now=now, of=(entity_kind, pseudonym(entity)), details={
            "certificate": done.pk, "counts": dict(counts)})  # fmt: skip
        transaction.on_commit(lambda: _remove(store, old))
    return done


def _remove(store: LakeStore, paths: Iterable[str]) -> None:
    for path in paths:
        store.remove(path)
