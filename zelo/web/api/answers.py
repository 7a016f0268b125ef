"""What the API answers, and how it says that something is wrong: one form, with codes that never change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Field, Schema

from zelo.adapters.files import CannotWrite
from zelo.base.errors import Conflict, InvalidInput, NotAllowed, NotFound, PolicyRejected, Unavailable, ZeloError
from zelo.base.render import render
from zelo.web.api.keys import ApiError

OF_ERRORS: dict[type[ZeloError], tuple[int, str]] = {
    PolicyRejected: (422, "pack_rejected"),
    InvalidInput: (400, "invalid"),
    NotFound: (404, "not_found"),
    NotAllowed: (403, "not_allowed"),
    Conflict: (409, "conflict"),
    CannotWrite: (503, "disk_full"),
    Unavailable: (503, "unavailable"),
}
"""Kind of error to its status and its code, where the error has none of its own."""


class Problem(Schema):
    """What is wrong."""

    code: str = Field(..., examples=["bad_body"], description="Stable; meant for programs.")
    message: str = Field(..., examples=["the body is not JSON"], description="In English; meant for people.")
    details: dict[str, Any] = Field(default_factory=dict)


class Failure(Schema):
    """An answer to a call that did not succeed."""

    error: Problem


FAILURES = {400: Failure, 401: Failure, 403: Failure, 404: Failure, 405: Failure, 409: Failure, 413: Failure,
            415: Failure, 422: Failure, 429: Failure, 500: Failure, 503: Failure}  # fmt: skip
"""Declared for every operation."""


class Refusal(Schema):
    """An event that was not taken in."""

    place: str = Field(..., description="Index in the call, from 0.")
    code: str
    message: str


class Receipt(Schema):
    """What came of a call that brought events."""

    receipt: str
    accepted: int
    duplicates: int = Field(..., description="Events whose id was known: nothing more happens for them.")
    dead_letters: list[Refusal]


class EffectView(Schema):
    """One thing a decision asks for."""

    id: str
    kind: str
    entity_kind: str
    entity: str
    parameters: dict[str, Any] = Field(..., description="Durations in microseconds.")
    rules: list[str]
    state: str = Field(..., description="applied, pending, held or undone.")
    held_for: str = ""


class DecisionView(Schema):
    """What came of one event."""

    id: str
    event_id: str
    kind: str
    effective_at: datetime
    pack_version: str
    fired: list[str]
    undetermined: list[str]
    effects: list[EffectView]


class MessageView(Schema):
    """One message of the feed."""

    id: str
    key: str
    type: str
    at: datetime
    data: dict[str, Any]


class FeedPage(Schema):
    """Some messages and where to go on."""

    messages: list[MessageView]
    cursor: str


def answer(request: HttpRequest, status: int, code: str, message: str, **details: object) -> HttpResponse:
    """Return an answer that says what is wrong."""
    from msgspec.json import encode

    body = encode({"error": {"code": code, "message": message, "details": details}}, enc_hook=str)
    return HttpResponse(body, status=status, content_type="application/json")


def foreseen(request: HttpRequest, error: Exception) -> HttpResponse:
    """Answer with what zelo foresaw."""
    assert isinstance(error, ZeloError)
    if isinstance(error, ApiError):
        response = answer(request, error.status, error.code, str(error), **error.params)
        if error.retry_s is not None:
            response.headers["Retry-After"] = str(error.retry_s)
        return response
    if isinstance(error, PolicyRejected):
        told = [render(one, str) for one in error.diagnostics]
        return answer(request, 422, "pack_rejected", str(error), diagnostics=told)
    status, code = next(found for kind, found in OF_ERRORS.items() if isinstance(error, kind))
    params = {name: value for name, value in error.params.items() if name != "code"}
    response = answer(request, status, str(error.params.get("code", code)), str(error), **params)
    if status == 503:
        response.headers["Retry-After"] = "2"
    return response
