"""Decisions, effects and messages as the API shows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.http import HttpRequest
from ninja import Query, Router

from zelo.base.errors import NotFound
from zelo.base.messages.message import N_
from zelo.deliver.flows import feed
from zelo.policy.pack import written
from zelo.web.api.answers import FAILURES, DecisionView, FeedPage
from zelo.web.api.keys import Key

router = Router(tags=["decisions"])
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SQL = """
SELECT d.id, d.event_id, d.kind, d.order_key, v.version, d.fired, d.undetermined,
    (SELECT json_agg(json_build_object('id', e.id::text, 'kind', e.kind, 'entity_kind', e.entity_kind,
        'entity', e.entity, 'parameters', e.parameters, 'rules', e.rules, 'held_for', e.held_for,
        'state', coalesce((SELECT s.state FROM zelo_effect_step s WHERE s.effect_id = e.id ORDER BY s.id DESC LIMIT 1),
            e.born)) ORDER BY e.id) FROM zelo_effect e WHERE e.decision_id = d.id)
FROM zelo_decision d JOIN zelo_pack_version v ON v.id = d.pack_version_id WHERE
"""


def decision_of(*, event_id: str | None = None, ident: int | None = None) -> dict[str, Any] | None:
    """Return a decision with its effects as they stand, by its event's id or its own."""
    where, given = ("d.event_id = %s", event_id) if event_id is not None else ("d.id = %s", ident)
    with connection.cursor() as cursor:
        cursor.execute(f"{_SQL} {where}", [given])
        row = cursor.fetchone()
    if row is None:
        return None
    return {
        "id": str(row[0]),
        "event_id": row[1],
        "kind": row[2],
        "effective_at": written(_EPOCH + timedelta(milliseconds=row[3] >> 20)),
        "pack_version": row[4],
        "fired": row[5] or [],
        "undetermined": row[6] or [],
        "effects": row[7] or [],
    }


@router.get(
    "/decisions/{ident}", auth=Key("read"), response={200: DecisionView, **FAILURES}, operation_id="read_decision",
    summary="Read a decision",
)  # fmt: skip
def read_decision(request: HttpRequest, ident: str) -> dict[str, Any]:
    """Return a decision with its effects as they stand now."""
    found = decision_of(ident=int(ident)) if ident.isascii() and ident.isdecimal() and len(ident) < 19 else None
    if found is None:
        raise NotFound(N_("there is no such decision"))
    return found


@router.get(
    "/decisions", auth=Key("read"), response={200: DecisionView, **FAILURES}, operation_id="find_decision",
    summary="Read the decision on an event",
)  # fmt: skip
def find_decision(request: HttpRequest, event_id: str = Query(..., min_length=1, max_length=1000)) -> dict[str, Any]:
    """Return the decision on the event with this id."""
    found = decision_of(event_id=event_id) if "\0" not in event_id else None
    if found is None:
        raise NotFound(N_("there is no such decision"))
    return found


@router.get(
    "/feed", auth=Key("read"), response={200: FeedPage, **FAILURES}, operation_id="read_feed",
    summary="Read what happened, from any point on",
)  # fmt: skip
def read_feed(
    request: HttpRequest,
    cursor: str = Query("", max_length=60, description="Where the last page ended; empty: the beginning."),
    type: list[str] = Query([], description="Types of message; empty: all."),
    limit: int = Query(100, ge=1, le=1000),
) -> dict[str, Any]:
    """
    Return messages in an order in which none appears later behind a reader's back.

    Keep the cursor of the last page that was worked off, and go on from there.
    """
    page = feed(cursor, types=[name for name in type if "\0" not in name], limit=limit)
    return {"messages": page.messages, "cursor": page.cursor}
