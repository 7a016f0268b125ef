"""Every code with which the API says that something is wrong; programs may rely on them, so none ever changes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from zelo.events.reasons import REASONS


class Code(NamedTuple):
    """What a code means to who calls."""

    status: int
    means: str
    then: str
    """What to do about it."""


_LATER = "Try again after `Retry-After` seconds."
_CORRECT = "Correct the call; the same one will fail again."
CODES: Mapping[str, Code] = MappingProxyType(
    {
        "bad_body": Code(400, "The body is not JSON of the form that is asked for.", _CORRECT),
        "too_many_events": Code(400, "A call may bring 5,000 events.", "Bring them in several calls."),
        "bad_cursor": Code(400, "`cursor` is not one that zelo gave out.", "Use the one of the last page, unchanged."),
        "bad_url": Code(400, "An endpoint is an address of the web, or `kafka:TOPIC`.", _CORRECT),
        "invalid": Code(400, "A value makes no sense; the message says which.", _CORRECT),
        "no_key": Code(401, "There is no key in the call, or one that does not hold.", "Send a key that holds."),
        "not_allowed": Code(403, "The key lacks the scope.", "Use a key with the scope that the message names."),
        "not_found": Code(404, "There is no such thing.", "Check the id."),
        "method_not_allowed": Code(405, "The address is there, and not with this method.", "See `Allow`."),
        "conflict": Code(409, "It was done before, or something else stands against it.", "Read the message."),
        "too_large": Code(413, "A body may have 8 MiB.", "Bring the events in several calls."),
        "encoding_not_supported": Code(415, "Bodies come without a content encoding.", _CORRECT),
        "type_not_supported": Code(415, "Send `application/json` or `application/x-ndjson`.", _CORRECT),
        "does_not_fit": Code(422, "The call does not fit its schema; `details.problems` says where.", _CORRECT),
        "pack_rejected": Code(422, "The pack has mistakes; `details.diagnostics` tells all of them.", _CORRECT),
        "too_many_calls": Code(429, "The key calls more often than it may.", _LATER),
        "too_many_events_per_s": Code(429, "The key brings events faster than it may.", _LATER),
        "too_many_waiting": Code(429, "Too many calls wait for a decision in this process.", _LATER),
        "internal": Code(500, "zelo failed.", "Tell who runs zelo the `X-Request-Id`; its log says how."),
        "backlog": Code(503, "Too many events wait to be decided.", _LATER),
        "database": Code(503, "The database does not answer: nothing was changed.", _LATER),
        "disk_full": Code(503, "The disk is full: nothing was changed.", "Tell who runs zelo; then try again."),
        "no_pack": Code(503, "No pack is at work.", "Have one activated."),
        "not_decided_yet": Code(503, "The event is accepted and not decided yet.", "Ask again with the same id."),
        "unavailable": Code(503, "Something zelo needs is away for now.", _LATER),
    }
)
"""Code to what it means."""
OF_EVENTS: Mapping[str, str] = REASONS
"""Codes of events that do not fit: in `dead_letters` of a receipt; of `/decide`, with status 400."""


def by_status(status: int) -> dict[str, Code]:
    """Return the codes of a status."""
    return {name: code for name, code in CODES.items() if code.status == status}


def as_markdown() -> str:
    """Return the table that the docs show."""
    lines = ["| status | code | what it means | what to do |", "|---|---|---|---|"]
    lines += [f"| {code.status} | `{name}` | {code.means} | {code.then} |" for name, code in CODES.items()]
    return "\n".join(lines)


def events_as_markdown() -> str:
    """Return the table of the codes of events."""
    lines = ["| code | what it says |", "|---|---|"]
    return "\n".join([*lines, *(f"| `{name}` | {text} |" for name, text in OF_EVENTS.items())])
