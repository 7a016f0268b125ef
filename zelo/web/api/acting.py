"""What machines may change: undo effects, set labels, store and activate packs, manage endpoints."""

from __future__ import annotations

import base64
import secrets
import uuid
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from django.db import transaction
from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from zelo.base.errors import InvalidInput, NotFound
from zelo.base.messages.message import N_
from zelo.deliver.flows import send_again
from zelo.deliver.tables import Endpoint
from zelo.people.flows import record
from zelo.web.api.answers import FAILURES
from zelo.web.api.keys import Key, actor_of
from zelo.worker.acts import set_label
from zelo.worker.relay import hidden
from zelo.worker.undoing import Preview, Selection, preview, undo
from zelo.worker.versions import activate, store

router = Router(tags=["acting"])


class UndoIn(Schema):
    """Which effects to take back, and why."""

    effects: list[str] = Field(default_factory=list, max_length=1000)
    rule: str = Field("", max_length=200)
    kind: str = Field("", max_length=32)
    since: datetime | None = None
    until: datetime | None = None
    market: str = Field("", max_length=16)
    reason: str = Field("", max_length=2000)
    dry_run: bool = Field(False, description="Only say what would follow.")


class UndoOut(Schema):
    """What was or would be taken back."""

    undo: str | None
    effects: int
    kinds: dict[str, int]
    entities: int
    already_undone: int
    held: int
    pending: int
    over: int
    accounts_changed: dict[str, list[str]]


@router.post(
    "/undo", auth=Key("act"), response={200: UndoOut, **FAILURES}, operation_id="undo", summary="Take effects back"
)
def undo_effects(request: HttpRequest, given: UndoIn) -> dict[str, Any]:
    """Take effects back: those named, or all that fit; or say what would follow."""
    chosen = Selection(
        tuple(_number(text) for text in given.effects), None, _plain(given.rule), _plain(given.kind),
        _zoned(given.since), _zoned(given.until), _plain(given.market),
    )  # fmt: skip
    now = datetime.now(UTC)
    if given.dry_run:
        return _told(preview(chosen, now=now), None)
    ident = uuid.uuid4()
    return _told(undo(chosen, actor=actor_of(request), now=now, ident=ident, reason=_plain(given.reason)), ident)


def _told(found: Preview, ident: uuid.UUID | None) -> dict[str, Any]:
    return {
        "undo": None if ident is None else str(ident),
        "effects": found.effects,
        "kinds": dict(found.kinds),
        "entities": found.entities,
        "already_undone": found.already_undone,
        "held": found.held,
        "pending": found.pending,
        "over": found.over,
        "accounts_changed": {account: list(names) for account, names in found.accounts_changed.items()},
    }


class LabelIn(Schema):
    """A label as a person or system sets it."""

    entity_kind: str = Field(..., min_length=1, max_length=80)
    entity: str = Field(..., min_length=1, max_length=500)
    label: str = Field(..., min_length=1, max_length=120)
    change: Literal["add", "remove", "release"]
    until: datetime | None = None
    reason: str = Field("", max_length=2000)


@router.post(
    "/labels", auth=Key("act"), response={202: dict[str, str], **FAILURES}, operation_id="set_label",
    summary="Put a label on or off",
)  # fmt: skip
def put_label(request: HttpRequest, given: LabelIn) -> Status:
    """Put a label on or off, above every rule; it holds for the events that come after."""
    ident = uuid.uuid4()
    set_label(
        entity_kind=given.entity_kind, entity=given.entity, label=given.label, change=given.change,
        until=_zoned(given.until), actor=actor_of(request), now=datetime.now(UTC), reason=given.reason, ident=ident,
    )  # fmt: skip
    return Status(202, {"id": str(ident)})


# ----------------------------------------------------------------------------------------------------------- packs


class PackIn(Schema):
    """The files of a pack."""

    files: dict[str, str] = Field(..., description="Path inside the pack to its text.")
    activate: bool = False
    reason: str = Field("", max_length=2000)


class PackOut(Schema):
    """A stored version."""

    id: int
    pack: str
    version: str
    active: bool


@router.post(
    "/packs", auth=Key("admin"), response={200: PackOut, **FAILURES}, operation_id="store_pack",
    summary="Check and store a pack",
)  # fmt: skip
def store_pack(request: HttpRequest, given: PackIn) -> dict[str, Any]:
    """Check a pack, keep it as a version, and put it to work if so asked; 422 tells everything that is wrong."""
    now, actor = datetime.now(UTC), actor_of(request)
    kept = store({path: text.encode() for path, text in given.files.items()}, actor=actor, now=now)
    if given.activate:
        activate(kept.pk, actor=actor, now=now, ident=uuid.uuid4(), reason=_plain(given.reason))
    return {"id": kept.pk, "pack": kept.pack, "version": kept.version, "active": given.activate}


# ---------------------------------------------------------------------------------------------------- endpoints


class EndpointIn(Schema):
    """Where messages are to be sent."""

    name: str = Field(..., min_length=1, max_length=120)
    url: str = Field(..., min_length=1, max_length=2000, examples=["https://example.com/zelo"])
    types: list[str] = Field(default_factory=list, max_length=20)


class EndpointOut(Schema):
    """An endpoint; its secret is shown when it is made, and never again."""

    id: int
    name: str
    url: str
    types: list[str]
    active: bool
    secret: str = ""


@router.post(
    "/endpoints", auth=Key("admin"), response={200: EndpointOut, **FAILURES}, operation_id="make_endpoint",
    summary="Have messages sent to an address",
)  # fmt: skip
def make_endpoint(request: HttpRequest, given: EndpointIn) -> dict[str, Any]:
    """Make an endpoint; calls to it are signed as Standard Webhooks with the secret that this returns."""
    parts = urlsplit(given.url)
    if not (parts.scheme in ("http", "https") and parts.hostname) and not given.url.startswith("kafka:"):
        raise InvalidInput(N_("an endpoint is an address of the web, or `kafka:TOPIC`"), code="bad_url")
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    now, actor = datetime.now(UTC), actor_of(request)
    with transaction.atomic():
        made = Endpoint.objects.create(
            name=_plain(given.name), url=_plain(given.url), secret=hidden(secret),
            types=[_plain(name) for name in given.types], created_at=now, created_by=str(actor),
        )  # fmt: skip
        record(actor, "endpoint.make", now=now, of=("endpoint", made.pk), details={"url": given.url})
    return {**_endpoint(made), "secret": secret}


@router.get(
    "/endpoints", auth=Key("admin"), response={200: list[EndpointOut], **FAILURES}, operation_id="list_endpoints",
    summary="List endpoints",
)  # fmt: skip
def list_endpoints(request: HttpRequest) -> list[dict[str, Any]]:
    """Return all endpoints, without their secrets."""
    return [_endpoint(one) for one in Endpoint.objects.order_by("pk")]


@router.delete(
    "/endpoints/{int:ident}", auth=Key("admin"), response={200: EndpointOut, **FAILURES},
    operation_id="stop_endpoint", summary="Send nothing more to an address",
)  # fmt: skip
def stop_endpoint(request: HttpRequest, ident: int) -> dict[str, Any]:
    """Stop an endpoint; what was not sent stays."""
    with transaction.atomic():
        found = _found(ident)
        found.active = False
        found.save(update_fields=["active"])
        record(actor_of(request), "endpoint.stop", now=datetime.now(UTC), of=("endpoint", found.pk))
    return _endpoint(found)


class AgainIn(Schema):
    """From when on to send again."""

    since: datetime


@router.post(
    "/endpoints/{int:ident}/replay", auth=Key("admin"), response={200: dict[str, int], **FAILURES},
    operation_id="replay_endpoint", summary="Send everything again since an instant",
)  # fmt: skip
def replay_endpoint(request: HttpRequest, ident: int, given: AgainIn) -> dict[str, int]:
    """Send an endpoint all its messages again, each with the id that it had."""
    with transaction.atomic():
        found = _found(ident)
        now = datetime.now(UTC)
        count = send_again(found.pk, since=_zoned(given.since) or now, now=now)
        record(actor_of(request), "endpoint.replay", now=now, of=("endpoint", found.pk), details={"count": count})
    return {"deliveries": count}


def _found(ident: int) -> Endpoint:
    found = Endpoint.objects.select_for_update().filter(pk=ident).first() if ident < 2**31 else None
    if found is None:
        raise NotFound(N_("there is no such endpoint"))
    return found


def _endpoint(one: Endpoint) -> dict[str, Any]:
    return {"id": one.pk, "name": one.name, "url": one.url, "types": one.types, "active": one.active}


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and int(text) < 2**63):
        raise NotFound(N_("there is no such effect to take back"))
    return int(text)


def _plain(text: str) -> str:
    if "\0" in text:
        raise InvalidInput(N_("the event holds the character U+0000, which is kept nowhere"), code="nul")
    return text


def _zoned(moment: datetime | None) -> datetime | None:
    if moment is None or moment.tzinfo is not None:
        return moment
    raise InvalidInput(N_("a time needs a zone: write `Z` or an offset such as `-03:00` at its end"), code="no_zone")
