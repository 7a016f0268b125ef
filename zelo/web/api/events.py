"""Events in: many at once with a receipt, or one with its decision."""

from __future__ import annotations

import threading
import time
import uuid
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from ninja import Router

from zelo.base.errors import InvalidInput, NotFound
from zelo.base.messages.message import N_
from zelo.events.decode import Decoder
from zelo.events.reasons import REASONS
from zelo.events.values import instant_us
from zelo.intake import flows as intake
from zelo.intake.flows import Accepted, Incoming
from zelo.intake.logic import partition_of, split
from zelo.intake.tables import Receipt as KeptReceipt
from zelo.policy.pack import Pack
from zelo.web.api.answers import FAILURES, DecisionView, Receipt
from zelo.web.api.keys import ApiError, Key, actor_of, take_events
from zelo.web.api.reading import decision_of
from zelo.web.api.waiting import ANSWERS
from zelo.web.metrics import ACCEPTED, DEAD, DUPLICATES, SHED
from zelo.worker.versions import ACTIVE

router = Router(tags=["events"])
_EVENT = {
    "type": "object",
    "required": ["id", "kind", "occurred_at"],
    "properties": {
        "id": {"type": "string", "minLength": 1, "examples": ["order-17-placed"]},
        "kind": {"type": "string", "examples": ["order.placed"]},
        "occurred_at": {"type": "string", "format": "date-time"},
    },
    "additionalProperties": True,
}
_ANY = {"description": "An event, as `/decide` takes it. One that does not fit its kind becomes a dead letter."}
_MANY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "anyOf": [
                        {
                            "type": "object",
                            "required": ["events"],
                            "properties": {"events": {"type": "array", "items": _ANY, "maxItems": 5000}},
                        },
                        {"type": "array", "items": _ANY, "maxItems": 5000},
                    ]
                }
            },
            "application/x-ndjson": {"schema": {"type": "string"}},
        },
    }
}
_ONE = {"requestBody": {"required": True, "content": {"application/json": {"schema": _EVENT}}}}


@router.post(
    "/events", auth=Key("events"), response={202: Receipt, **FAILURES}, openapi_extra=_MANY,
    operation_id="bring_events", summary="Bring events; each id counts once",
)  # fmt: skip
def bring_events(request: HttpRequest) -> HttpResponse:
    """Accept events into the log. Once this answers 202, each accepted event will be decided exactly once."""
    body, lines = _body(request)
    pack, decoder, partitions = _active()
    _not_too_full()
    raws = split(body, lines=lines, most=settings.EVENTS_PER_CALL_MAX)
    take_events(request, len(raws))
    now = datetime.now(UTC)
    good, bad = intake.sift(
        raws, decoder, partitions=partitions, now_us=instant_us(now), clock_skew_us=pack.clock_skew_us,
        bytes_max=settings.EVENT_BYTES_MAX,
    )  # fmt: skip
    done = intake.accept(good, bad, source=_source(request), receipt=uuid.uuid4(), now=now)
    ACCEPTED.inc(done.accepted)
    DUPLICATES.inc(done.duplicates)
    return HttpResponse(msgspec.json.encode(_receipt(done)), status=202, content_type="application/json")


def _receipt(done: Accepted) -> dict[str, Any]:
    letters = []
    for one in done.refused:
        DEAD.labels(one.code).inc()
        message = REASONS[one.code].format(**one.params)
        letters.append({"place": one.place, "code": one.code, "message": message})
    return {
        "receipt": done.receipt,
        "accepted": done.accepted,
        "duplicates": done.duplicates,
        "dead_letters": letters,
    }


@router.get(
    "/receipts/{uuid:receipt}", auth=Key("events", "read"), response={200: dict[str, Any], **FAILURES},
    operation_id="read_receipt", summary="Ask whether the events of a receipt are decided",
)  # fmt: skip
def read_receipt(request: HttpRequest, receipt: uuid.UUID) -> dict[str, Any]:
    """Return what a receipt says, and whether all its events are decided by now."""
    found = KeptReceipt.objects.filter(pk=receipt).first()
    if found is None:
        raise NotFound(N_("there is no such receipt"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT partition, next FROM zelo_progress")
        reached = dict(cursor.fetchall())
    return {
        "receipt": str(found.pk),
        "at": found.at.isoformat(),
        "accepted": found.accepted,
        "duplicates": found.duplicates,
        "dead_letters": found.dead,
        "decided": all(reached.get(int(partition), 0) > last for partition, last in found.upto.items()),
    }


@router.post(
    "/decide", auth=Key("decide"), response={200: DecisionView, **FAILURES}, openapi_extra=_ONE,
    operation_id="decide", summary="Bring one event and wait for its decision",
)  # fmt: skip
def decide(request: HttpRequest) -> HttpResponse:
    """
    Decide one event in its place in the order of all events, and return the decision.

    The same id again gives the decision that was made then. An event that does not fit its kind is answered with 400
    and becomes a dead letter.
    """
    body, _ = _body(request)
    pack, decoder, partitions = _active()
    now = datetime.now(UTC)
    try:
        event = intake.fitting(
            body, decoder, now_us=instant_us(now), clock_skew_us=pack.clock_skew_us, bytes_max=settings.EVENT_BYTES_MAX
        )
    except InvalidInput as error:
        code = str(error.params["code"])
        DEAD.labels(code).inc()
        params = {name: value for name, value in error.params.items() if name != "code"}
        raw = body[: settings.EVENT_BYTES_MAX]
        intake.bury([intake.Refused("0", code, params, raw)], source=_source(request), receipt=None, now=now)
        raise
    kind = decoder.kinds[event.kind]
    one = Incoming(event.id, kind.name, partition_of(kind, event, partitions), body.decode())
    return HttpResponse(_decided(one, _source(request), now), content_type="application/json")


def _decided(one: Incoming, source: str, now: datetime) -> bytes:
    """Put an event into the log, and wait until a worker has decided it; raise ApiError when that takes too long."""
    call = ANSWERS.expect(one.event_id, settings.DECIDE_WAITING_MAX)
    if call is None:
        SHED.labels("decide").inc()
        raise ApiError(429, "too_many_waiting", N_("too many calls wait for a decision"), retry_s=1)
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                # The worker's own commit, which comes later, makes this one last, too: the answer waits for that.
                sql = "SELECT set_config('synchronous_commit', 'off', true), pg_notify(%s, '')"
                cursor.execute(sql, [intake.WORK])
            _, added = intake.append([one], source=source, now=now, reply_to=ANSWERS.channel)
        connection.close()  # back to the pool while this thread waits
        if not added:
            return msgspec.json.encode(_known(one.event_id, time.monotonic() + settings.DECIDE_TIMEOUT_S))
        if call.done.wait(settings.DECIDE_TIMEOUT_S) and call.answer is not None and "see" not in call.answer:
            return msgspec.json.encode(call.answer)
        return msgspec.json.encode(_known(one.event_id, time.monotonic()))
    finally:
        ANSWERS.forget(one.event_id)


def _known(event_id: str, deadline: float) -> dict[str, Any]:
    """Return the decision on an event that is in the log, waiting for it until the deadline."""
    while True:
        found = decision_of(event_id=event_id)
        if found is not None:
            return found
        if time.monotonic() > deadline:
            text = N_("the event is accepted and not decided yet: ask again with the same id")
            raise ApiError(503, "not_decided_yet", text, retry_s=1)
        threading.Event().wait(0.02)


# ------------------------------------------------------------------------------------------ what all of it needs


def _body(request: HttpRequest) -> tuple[bytes, bool]:
    """Return the body and whether it is one event a line; raise ApiError for one that is too large."""
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise ApiError(415, "encoding_not_supported", N_("send the body without a content encoding"))
    kind = request.content_type or ""
    if kind not in ("application/json", "application/x-ndjson"):
        raise ApiError(415, "type_not_supported", N_("send application/json or application/x-ndjson"))
    most = settings.BODY_BYTES_MAX
    if int(request.headers.get("Content-Length") or 0) > most or len(request.body) > most:
        raise ApiError(413, "too_large", N_("a body may have {most} bytes at most"), most=most)
    return request.body, kind == "application/x-ndjson"


def _active() -> tuple[Pack, Decoder, int]:
    known = ACTIVE.get()
    if known is None:
        raise ApiError(503, "no_pack", N_("no pack is at work: store and activate one"), retry_s=10)
    return known[1], known[2], known[3]


def _source(request: HttpRequest) -> str:
    return f"key:{actor_of(request).name.split(':')[0]}"


class _Fill:
    """How many events wait to be decided, looked up twice a second."""

    looked = -1e9
    waiting = 0


def _not_too_full() -> None:
    """Raise ApiError when so many events wait that bringing more would only make them wait longer."""
    if time.monotonic() - _Fill.looked > 0.5:
        _Fill.looked = time.monotonic()
        _Fill.waiting = intake.backlog()
    if _Fill.waiting > settings.BACKLOG_MAX:
        SHED.labels("backlog").inc()
        raise ApiError(503, "backlog", N_("too many events wait to be decided"), retry_s=5)
