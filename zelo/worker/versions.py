"""Stores versions of a pack, puts one to work between two events, and opens them again."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from django.db import connection, transaction

from zelo.base.errors import NotFound, PolicyRejected
from zelo.base.messages.message import N_
from zelo.base.source import Report
from zelo.decide.tables import Activation, PackVersion
from zelo.deliver.flows import Note, emit
from zelo.events.decode import Decoder
from zelo.intake import flows as intake
from zelo.people.flows import Actor, record
from zelo.policy.load_pack import is_pack_file, load_pack, version_of
from zelo.policy.pack import Pack

ACTIVATE = "zelo.activate"
READY_S = 15.0
"""How long an activation waits for workers; one that is slower compiles at the switch."""
_WANTED = 0x7A656C70
"""First half of the advisory locks of those who wait for a version to be ready."""
_UNREADY = """
SELECT count(*) FROM zelo_worker w WHERE w.seen_at > now() - interval '5 seconds' AND NOT %s = ANY(w.prepared)
AND EXISTS (SELECT 1 FROM zelo_progress g WHERE g.owner = w.id)
"""


def store(files: Mapping[str, bytes], *, actor: Actor, now: datetime) -> PackVersion:
    """Check a pack and keep its files; a version that is kept already is returned. Raises PolicyRejected."""
    report = Report()
    pack = load_pack(files, report)
    if pack is None:
        raise PolicyRejected(report.diagnostics)
    known = PackVersion.objects.filter(version=version_of(files)).first()
    if known is not None:
        return known
    texts = {path: content.decode() for path, content in sorted(files.items()) if is_pack_file(path)}
    with transaction.atomic():
        kept = PackVersion.objects.create(
            pack=pack.name, version=pack.version, language_version=pack.language_version, files=texts,
            stored_at=now, stored_by=str(actor),
        )  # fmt: skip
        details = {"pack": pack.name, "version": pack.version}
        record(actor, "pack.store", now=now, of=("pack_version", kept.pk), details=details)
    return kept


def activate(version_id: int, *, actor: Actor, now: datetime, ident: uuid.UUID, reason: str = "") -> Activation:
    """
    Put a version to work: every partition switches between two of its events. Raises NotFound.

    Workers compile it first, beside deciding, so that the switch is no pause.
    """
    if not connection.in_atomic_block:
        have_ready(version_id)
    with transaction.atomic():
        version = PackVersion.objects.filter(pk=version_id).first()
        if version is None:
            raise NotFound(N_("there is no such version of a pack"))
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('zelo_activation'))")
        starts = intake.command(ACTIVATE, {"pack_version": version.pk}, now=now, source=str(actor), ident=ident)
        done = Activation.objects.create(pack_version=version, at=now, by=str(actor), reason=reason, starts=starts)
        before = Activation.objects.filter(pk__lt=done.pk).order_by("-pk").first()
        details = {"version": version.version, "before": before.pack_version.version if before else ""}
        record(actor, "pack.activate", now=now, of=("pack_version", version.pk), details={**details, "reason": reason})
        emit([Note(f"activation:{done.pk}", "pack.activated", details)], now=now)
    return done


def have_ready(version_id: int, *, seconds: float = READY_S) -> bool:
    """
    Wait until every living worker that owns partitions has a version ready; say whether that came to be.

    Whoever waits holds a lock by the version's number, which workers see: gone with its holder, whatever happens.
    """
    deadline = time.monotonic() + seconds
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock_shared(%s, %s)", [_WANTED, version_id])
        try:
            while True:
                cursor.execute(_UNREADY, [version_id])
                if not cursor.fetchone()[0]:
                    return True
                if time.monotonic() > deadline:
                    return False
                time.sleep(0.05)
        finally:
            cursor.execute("SELECT pg_advisory_unlock_shared(%s, %s)", [_WANTED, version_id])


def wanted_version() -> tuple[int | None, bool]:
    """Return the version that a door waits for, else the one stored last, if any; and whether a door waits."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT max(objid::bigint) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND classid = %s AND database = (SELECT oid FROM pg_database WHERE datname = current_database())),"
            " (SELECT max(id) FROM zelo_pack_version)",
            [_WANTED],
        )
        waited_for, newest = cursor.fetchone()
    return (newest, False) if waited_for is None else (waited_for, True)


@lru_cache(maxsize=4)
def opened(version_id: int) -> Pack:
    """Return a stored version as a checked pack."""
    stored = PackVersion.objects.get(pk=version_id)
    pack = load_pack({path: text.encode() for path, text in stored.files.items()}, Report())
    if pack is None:
        raise NotFound(N_("the stored pack is of another version of the policy language: store it again"))
    return pack


class Active:
    """The version that is at work, for the doors; looked up again after a second."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looked = -1e9
        self._known: tuple[int, Pack, Decoder, int] | None = None

    def get(self) -> tuple[int, Pack, Decoder, int] | None:
        """Return id, pack, decoder of events and number of partitions; None when no version was ever activated."""
        with self._lock:
            if time.monotonic() - self._looked < 1.0:
                return self._known
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT (SELECT pack_version_id FROM zelo_activation ORDER BY id DESC LIMIT 1),"
                    " (SELECT count(*) FROM zelo_partition)"
                )
                found, partitions = cursor.fetchone()
            if found is None:
                self._known = None
            elif self._known is None or self._known[0] != found or self._known[3] != partitions:
                pack = opened(found)
                self._known = (found, pack, Decoder(pack.kinds), partitions)
            self._looked = time.monotonic()
            return self._known

    def forget(self) -> None:
        """Look again at the next call."""
        with self._lock:
            self._looked, self._known = -1e9, None


ACTIVE = Active()
