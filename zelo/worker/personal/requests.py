"""Requests about personal data, asked for at a door and carried out by a worker; and legal holds."""

from __future__ import annotations

import uuid
import zlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from django.db import connection, transaction

from zelo.adapters.lake_store import LakeStore, lake_store
from zelo.base.errors import Conflict, InvalidInput, NotFound
from zelo.base.messages.message import N_
from zelo.people.flows import Actor, pseudonym, record
from zelo.people.tables import LegalHold, PersonalRequest
from zelo.worker.logs import log
from zelo.worker.personal.erasing import begin, check_not_held, finish, forgotten
from zelo.worker.personal.exporting import export
from zelo.worker.personal.fields import entity_kinds

EXPORT_DAYS = 7
"""How long an export can be fetched."""
TEXT_MAX = 2_000
_SPACE = uuid.UUID("2d9a3c1e-6f57-4a8e-9f0b-7d6c5b4a3921")


def ask(what: str, entity_kind: str, entity: str, *, reason: str, actor: Actor, now: datetime) -> PersonalRequest:
    """
    Have an entity's data exported (`export`) or erased (`erase`) by a worker.

    Raises InvalidInput without a reason, Conflict when it lies under a legal hold or the same is being done already.
    """
    entity = _checked(entity_kind, entity, reason)
    if what not in ("export", "erase"):
        raise InvalidInput(N_("personal data is exported or erased"))
    with transaction.atomic():
        _one_at_a_time()
        if what == "erase":
            check_not_held(entity_kind, entity)
        if PersonalRequest.objects.filter(
            what=what, entity_kind=entity_kind, entity=entity, state__in=("waiting", "forgetting")
        ).exists():
            raise Conflict(N_("the same was asked for and is being done"))
        made = PersonalRequest.objects.create(
            what=what, entity_kind=entity_kind, entity=entity, reason=reason.strip(), asked_by=str(actor), asked_at=now
        )
        _record(actor, f"personal_data.ask_{what}", entity_kind, entity, now, request=made.pk)
    return made


def hold(entity_kind: str, entity: str, *, reason: str, actor: Actor, now: datetime) -> LegalHold:
    """Let nothing of an entity be erased or expire until the hold is lifted. Raises Conflict when one lies on it."""
    entity = _checked(entity_kind, entity, reason)
    with transaction.atomic():
        _one_at_a_time()
        if LegalHold.objects.filter(entity_kind=entity_kind, entity=entity, lifted_at=None).exists():
            raise Conflict(N_("a legal hold lies on it already"))
        if PersonalRequest.objects.filter(entity_kind=entity_kind, entity=entity, state="forgetting").exists():
            raise Conflict(N_("it is being erased: a hold comes too late"))
        made = LegalHold.objects.create(
            entity_kind=entity_kind, entity=entity, reason=reason.strip(), placed_by=str(actor), placed_at=now
        )
        _record(actor, "legal_hold.place", entity_kind, entity, now, hold=made.pk)
    return made


def release(hold_id: int, *, reason: str, actor: Actor, now: datetime) -> None:
    """Lift a legal hold. Raises NotFound, and Conflict when it was lifted before."""
    if not reason.strip() or len(reason) > TEXT_MAX:
        raise InvalidInput(N_("say why"))
    with transaction.atomic():
        found = LegalHold.objects.select_for_update().filter(pk=hold_id).first()
        if found is None:
            raise NotFound(N_("there is no such legal hold"))
        if found.lifted_at is not None:
            raise Conflict(N_("the legal hold was lifted before"))
        found.lifted_at, found.lifted_by, found.lifted_because = now, str(actor), reason.strip()
        found.save(update_fields=["lifted_at", "lifted_by", "lifted_because"])
        _record(actor, "legal_hold.lift", found.entity_kind, found.entity, now, hold=found.pk)


def fetch(request_id: int, *, actor: Actor, now: datetime) -> bytes:
    """Return an export as JSON; that it was read is on record. Raises NotFound."""
    with transaction.atomic():
        found = PersonalRequest.objects.filter(pk=request_id, what="export", state="done").first()
        if found is None or found.data is None or found.data_until is None or found.data_until <= now:
            raise NotFound(N_("there is no such export any more: ask for it again"))
        _record(actor, "personal_data.export", found.entity_kind, found.entity, now, request=found.pk)
        return zlib.decompress(found.data)


def _checked(entity_kind: str, entity: str, reason: str) -> str:
    entity = entity.strip()
    if not entity or len(entity) > 500 or "\0" in entity + reason + entity_kind:
        raise InvalidInput(N_("an id has between 1 and 500 characters"))
    known = entity_kinds()
    if entity_kind not in known:
        raise InvalidInput(
            N_("there is no kind of entity `{found}`; there are {known}"), found=entity_kind, known=", ".join(known)
        )
    if not reason.strip() or len(reason) > TEXT_MAX:
        raise InvalidInput(N_("say why"))
    return entity


def _record(actor: Actor, action: str, entity_kind: str, entity: str, now: datetime, **details: object) -> None:
    record(actor, action, now=now, of=(entity_kind, pseudonym(entity)), details=details)


def _one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('zelo_personal'))")


# ------------------------------------------------------------------------------------------------------- the worker


def advance(place: str | Path, *, now: datetime) -> int:
    """Do the next step of each request that is due; return how many steps were done."""
    PersonalRequest.objects.filter(data__isnull=False, data_until__lte=now).update(data=None)
    steps, store = 0, lake_store(place)
    for ident in PersonalRequest.objects.filter(state__in=("waiting", "forgetting")).values_list("pk", flat=True):
        with transaction.atomic():
            found = PersonalRequest.objects.select_for_update(skip_locked=True).filter(pk=ident).first()
            if found is not None and found.state in ("waiting", "forgetting"):
                steps += _step(found, store, now)
    return steps


def _step(one: PersonalRequest, store: LakeStore, now: datetime) -> bool:
    try:
        with transaction.atomic():
            return _work(one, store, now)
    except (Conflict, InvalidInput, NotFound) as error:
        one.state, one.said, one.finished_at = "refused", error.message, now
        one.params = msgspec.json.decode(msgspec.json.encode(dict(error.params), enc_hook=str))
        one.save(update_fields=["state", "said", "params", "finished_at"])
        log("personal_refused", request=one.pk)
        return True


def _work(one: PersonalRequest, store: LakeStore, now: datetime) -> bool:
    kind, _, name = one.asked_by.partition(":")
    actor = Actor(kind, name)
    if one.what == "export":
        told = export(one.entity_kind, one.entity, now=now, store=store)
        one.data = zlib.compress(msgspec.json.encode(told, enc_hook=_plain))
        one.data_until = now + timedelta(days=EXPORT_DAYS)
        one.counts = {name: len(rows) for name, rows in told.items() if isinstance(rows, list)}
    elif one.state == "waiting":
        ident = uuid.uuid5(_SPACE, str(one.pk))
        one.upto = begin(one.entity_kind, one.entity, actor=actor, now=now, store=store, ident=ident)
        one.state = "forgetting"
        one.save(update_fields=["state", "upto"])
        return True
    elif not forgotten(one.upto):
        return False
    else:
        done = finish(one.entity_kind, one.entity, actor=actor, asked_at=one.asked_at, now=now, store=store)
        one.certificate, one.counts = done.pk, done.counts
        _forget(one)
    one.state, one.finished_at = "done", now
    one.save()
    return True


def _forget(one: PersonalRequest) -> None:
    """Name an erased entity by its pseudonym in every request about it, and drop what was exported."""
    other = pseudonym(one.entity)
    PersonalRequest.objects.filter(entity_kind=one.entity_kind, entity=one.entity).exclude(pk=one.pk).update(
        entity=other, data=None
    )
    one.entity, one.reason = other, one.reason.replace(one.entity, other)


def _plain(value: object) -> Any:
    return value.hex() if isinstance(value, bytes | memoryview) else str(value)
