"""What OpenAPI cannot derive from the code: examples of calls and answers, and which failures an answer may be."""

from __future__ import annotations

from typing import Any

from zelo.web.api.codes import CODES, by_status

_EVENT = {
    "id": "listing-17-created", "kind": "listing.created", "occurred_at": "2026-03-01T12:00:00Z",
    "seller": {"id": "seller-5"}, "listing": {"id": "listing-17", "title": "Running shoes", "price": 199.9},
}  # fmt: skip
_DECISION = {
    "id": "17592186044417", "event_id": "listing-17-created", "kind": "listing.created",
    "effective_at": "2026-03-01T12:00:00Z", "pack_version": "5f0c0d3e", "fired": ["replica_words_new_seller"],
    "undetermined": [],
    "effects": [
        {
            "id": "18014398509483009", "kind": "open_case", "entity_kind": "listing", "entity": "listing-17",
            "parameters": {"queue": "intellectual_property", "priority": 3}, "rules": ["replica_words_new_seller"],
            "state": "pending", "held_for": "",
        }
    ],
}  # fmt: skip
_ENDPOINT = {"id": 3, "name": "Shop", "url": "https://shop.example/zelo", "types": ["decision.made"], "active": True}
_UNDONE = {
    "undo": "0c2b7f3e-9a51-4d0e-8a53-6f1f5a2f9d11", "effects": 2, "kinds": {"charge": 2}, "entities": 1,
    "already_undone": 0, "held": 0, "pending": 0, "over": 0, "accounts_changed": {"seller-5": ["warning"]},
}  # fmt: skip
_RECEIPT = "7b0d6f1e-3c1f-4f43-a1b7-6f9b61f6f0c2"
ASKED: dict[str, Any] = {
    "bring_events": {"events": [_EVENT]},
    "decide": _EVENT,
    "undo": {"rule": "replica_words_new_seller", "since": "2026-03-01T00:00:00Z", "reason": "the rule was wrong"},
    "set_label": {
        "entity_kind": "account", "entity": "seller-5", "label": "trusted", "change": "add",
        "until": "2027-03-01T00:00:00Z", "reason": "checked by hand",
    },
    "store_pack": {"files": {"pack.yaml": "pack: shop\n..."}, "activate": False, "reason": ""},
    "make_endpoint": {"name": "Shop", "url": "https://shop.example/zelo", "types": ["decision.made"]},
    "replay_endpoint": {"since": "2026-03-01T00:00:00Z"},
}  # fmt: skip
"""Operation to an example of its body."""
ANSWERED: dict[str, Any] = {
    "bring_events": {"receipt": _RECEIPT, "accepted": 1, "duplicates": 0, "dead_letters": []},
    "read_receipt": {
        "receipt": _RECEIPT, "at": "2026-03-01T12:00:01Z", "accepted": 1, "duplicates": 0, "dead_letters": 0,
        "decided": True,
    },
    "decide": _DECISION,
    "read_decision": _DECISION,
    "find_decision": _DECISION,
    "read_feed": {
        "messages": [
            {"id": "9", "key": "decision:17592186044417", "type": "decision.made", "at": "2026-03-01T12:00:01Z",
             "data": _DECISION}
        ],
        "cursor": "812.9",
    },
    "undo": _UNDONE,
    "set_label": {"id": _RECEIPT},
    "store_pack": {"id": 4, "pack": "shop", "version": "5f0c0d3e", "active": False},
    "make_endpoint": {**_ENDPOINT, "secret": "whsec_bm90IGEgc2VjcmV0"},  # nosec B105 # an example
    "list_endpoints": [{**_ENDPOINT, "secret": ""}],  # nosec B105 # an example
    "stop_endpoint": {**_ENDPOINT, "active": False, "secret": ""},  # nosec B105 # an example
    "replay_endpoint": {"deliveries": 12},
}  # fmt: skip
"""Operation to an example of its answer."""
_AFTER = {"schema": {"type": "integer", "minimum": 1}, "description": "Seconds after which to try again."}
_HEADERS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "`Bearer`."}},
    405: {"Allow": {"schema": {"type": "string"}, "description": "The methods that there are."}},
    429: {"Retry-After": _AFTER},
    503: {"Retry-After": _AFTER},
}


def describe(schema: dict[str, Any]) -> None:
    """Add to a description of the API what the code does not say."""
    for path in schema["paths"].values():
        for operation in path.values():
            name = operation["operationId"]
            if name in ASKED:
                operation["requestBody"]["content"]["application/json"]["example"] = ASKED[name]
            for status, response in operation["responses"].items():
                if int(status) < 300:
                    response["content"]["application/json"]["example"] = ANSWERED[name]
                else:
                    _describe_failure(int(status), response)
    schema["components"]["schemas"]["Problem"]["properties"]["code"]["examples"] = sorted(CODES)


def _describe_failure(status: int, response: dict[str, Any]) -> None:
    codes = by_status(status)
    response["description"] = " ".join(f"`{name}`: {code.means}" for name, code in codes.items())
    response["content"]["application/json"]["examples"] = {
        name: {"value": {"error": {"code": name, "message": code.means, "details": {}}}} for name, code in codes.items()
    }
    if status in _HEADERS:
        response["headers"] = _HEADERS[status]
