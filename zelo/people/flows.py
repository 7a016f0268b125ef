"""Writes and checks the audit trail; issues, finds, rotates and revokes API keys."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.conf import settings
from django.db import connection, transaction

from zelo.base.errors import Conflict, InvalidInput, NotFound
from zelo.base.messages.message import N_
from zelo.people.logic import GENESIS, SCOPES, chained, digest_of, pseudonym_of, written_key
from zelo.people.tables import ApiKey, AuditEntry, AuditHead


@dataclass(frozen=True)
class Actor:
    """Who does something, as the audit trail names them."""

    kind: str
    """`person`, `key`, `worker` or `system`."""
    name: str
    request_id: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


SYSTEM = Actor("system", "zelo")

# ------------------------------------------------------------------------------------------------------- audit trail


def pseudonym(ident: str) -> str:
    """Return what stands for an id where it must not stand itself: in the audit trail, and once it is erased."""
    return pseudonym_of(settings.AUDIT_KEY.encode(), ident)


def record(
    actor: Actor,
    action: str,
    *,
    now: datetime,
    of: tuple[str, object] = ("", ""),
    details: Mapping[str, object] | None = None,
    chain: str = "people",
) -> None:
    """
    Add an entry to the audit trail, in the caller's transaction: it stands if and only if the change stands.

    `of` and `details` say what changed by name; they must hold no value of personal data: entries outlive every
    erasure, so an entity is named by its pseudonym.
    """
    if not connection.in_atomic_block:
        raise AssertionError("an entry of the audit trail belongs into the transaction of the change")
    plain = msgspec.json.decode(msgspec.json.encode(dict(details or {}), enc_hook=str))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO zelo_audit_head (chain, number, hash) VALUES (%s, 0, %s) ON CONFLICT DO NOTHING",
            [chain, GENESIS],
        )
        cursor.execute("SELECT number, hash FROM zelo_audit_head WHERE chain = %s FOR UPDATE", [chain])
        number, before = cursor.fetchone()
        fields = _fields(chain, number + 1, now, actor, action, of[0], str(of[1]), plain)
        made = chained(settings.AUDIT_KEY.encode(), bytes(before), fields)
        cursor.execute(
            "WITH head AS (UPDATE zelo_audit_head SET number = %(number)s, hash = %(hash)s WHERE chain = %(chain)s)"
            " INSERT INTO zelo_audit (chain, number, at, actor_kind, actor, action, object_kind, object_id, details,"
            " request_id, hash) VALUES (%(chain)s, %(number)s, %(at)s, %(actor_kind)s, %(actor)s, %(action)s,"
            " %(object_kind)s, %(object_id)s, %(json)s, %(request_id)s, %(hash)s)",
            {
                **fields,
                "at": now,
                "json": msgspec.json.encode(plain).decode(),
                "request_id": actor.request_id,
                "hash": made,
            },
        )


def _fields(
    chain: str, number: int, at: datetime, actor: Actor, action: str, kind: str, ident: str, details: object
) -> dict[str, Any]:
    return {
        "chain": chain,
        "number": number,
        "at": int(at.timestamp() * 1_000_000),
        "actor_kind": actor.kind,
        "actor": actor.name,
        "action": action,
        "object_kind": kind,
        "object_id": ident,
        "details": details,
    }


@dataclass(frozen=True)
class Fault:
    """A place where the audit trail does not hold."""

    chain: str
    number: int
    what: str
    """`changed`, `missing` or `cut_off`."""


@dataclass(frozen=True)
class Anchor:
    """How a chain ended when someone looked; kept outside the database, it shows a chain that was cut off since."""

    chain: str
    number: int
    hash: str
    """In hex."""


def anchors() -> list[Anchor]:
    """Return how each chain ends now."""
    found = AuditHead.objects.order_by("chain").values_list("chain", "number", "hash")
    return [Anchor(chain, number, bytes(made).hex()) for chain, number, made in found]


def verify(kept: Iterable[Anchor] = ()) -> tuple[int, list[Fault]]:
    """
    Return how many entries there are, and the first place in each chain where it was tampered with.

    Who can write to the database can cut a chain off and set its end back; that shows against anchors only.
    """
    faults: list[Fault] = []
    count = 0
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SELECT chain, number, hash FROM zelo_audit_head ORDER BY chain")
            heads = {chain: (number, bytes(made)) for chain, number, made in cursor.fetchall()}
        chains = set(AuditEntry.objects.order_by().values_list("chain", flat=True).distinct()) | heads.keys()
        for chain in sorted(chains):
            last, made = 0, GENESIS
            for entry in AuditEntry.objects.filter(chain=chain).order_by("number").iterator():
                count += 1
                if entry.number != last + 1:
                    faults.append(Fault(chain, last + 1, "missing"))
                    break
                actor = Actor(entry.actor_kind, entry.actor)
                fields = _fields(
                    chain, entry.number, entry.at, actor, entry.action, entry.object_kind, entry.object_id,
                    entry.details,
                )  # fmt: skip
                made = chained(settings.AUDIT_KEY.encode(), made, fields)
                if not hmac.compare_digest(made, bytes(entry.hash)):
                    faults.append(Fault(chain, entry.number, "changed"))
                    break
                last = entry.number
            else:
                if heads.get(chain) != (last, made):
                    faults.append(Fault(chain, last + 1, "cut_off"))
        faulty = {fault.chain for fault in faults}
        for anchor in kept:
            entry = AuditEntry.objects.filter(chain=anchor.chain, number=anchor.number).first()
            if anchor.chain not in faulty and (entry is None or bytes(entry.hash).hex() != anchor.hash):
                faults.append(Fault(anchor.chain, anchor.number, "changed" if entry else "cut_off"))
    return count, faults


# ------------------------------------------------------------------------------------------------------- API keys


@dataclass(frozen=True)
class Issued:
    """A key as it is shown once, to whoever asked for it."""

    id: int
    key: str


def issue_key(
    name: str, *, scopes: tuple[str, ...], prefix: str, secret: str, actor: Actor, now: datetime,
    expires_at: datetime | None = None, events_per_s: int = 20_000, calls_per_s: int = 500, replaces: int | None = None,
) -> Issued:  # fmt: skip
    """Make a key of the prefix and secret that the door drew; raises InvalidInput for a scope there is not."""
    unknown = sorted(set(scopes) - SCOPES.keys())
    if unknown or not scopes:
        raise InvalidInput(
            N_("there is no scope `{found}`; there are {known}"),
            found=unknown[0] if unknown else "",
            known=", ".join(SCOPES),
        )
    text = written_key(prefix, secret)
    with transaction.atomic():
        kept = ApiKey.objects.create(
            name=name, prefix=prefix, digest=digest_of(text), scopes=sorted(set(scopes)), created_at=now,
            created_by=str(actor), expires_at=expires_at, events_per_s=events_per_s, calls_per_s=calls_per_s,
            replaces_id=replaces,
        )  # fmt: skip
        details = {"name": name, "scopes": list(kept.scopes), "prefix": prefix, "replaces": replaces}
        record(actor, "key.issue", now=now, of=("key", kept.id), details=details)
    return Issued(kept.id, text)


def rotate_key(
    key_id: int, *, prefix: str, secret: str, actor: Actor, now: datetime, overlap: timedelta = timedelta(days=1)
) -> Issued:
    """Issue a key in place of another, which ends after the overlap; raises NotFound and Conflict."""
    with transaction.atomic():
        old = _key(key_id)
        if old.revoked_at is not None or (old.expires_at is not None and old.expires_at <= now):
            raise Conflict(N_("the key has ended already"))
        fresh = issue_key(
            old.name, scopes=tuple(old.scopes), prefix=prefix, secret=secret, actor=actor, now=now,
            events_per_s=old.events_per_s, calls_per_s=old.calls_per_s, replaces=old.id,
        )  # fmt: skip
        old.expires_at = min(filter(None, (old.expires_at, now + overlap)))
        old.save(update_fields=["expires_at"])
        record(actor, "key.rotate", now=now, of=("key", old.id), details={"ends_at": old.expires_at.isoformat()})
    return fresh


def revoke_key(key_id: int, *, actor: Actor, now: datetime) -> None:
    """End a key at once; doing so again changes nothing. Raises NotFound."""
    with transaction.atomic():
        key = _key(key_id)
        if key.revoked_at is None:
            key.revoked_at = now
            key.save(update_fields=["revoked_at"])
            record(actor, "key.revoke", now=now, of=("key", key.id))


def _key(key_id: int) -> ApiKey:
    found = ApiKey.objects.select_for_update().filter(pk=key_id).first()
    if found is None:
        raise NotFound(N_("there is no such key"))
    return found


def valid_key(text: str, now: datetime) -> ApiKey | None:
    """Return the key that a text is, while it holds."""
    found = ApiKey.objects.filter(digest=digest_of(text)).first()
    if found is None or found.revoked_at is not None or (found.expires_at is not None and found.expires_at <= now):
        return None
    return found


def entries(**given: object) -> Iterator[AuditEntry]:
    """Yield entries of the audit trail, oldest first, that fit what Django's `filter` is given."""
    yield from AuditEntry.objects.filter(**given).order_by("id").iterator()
