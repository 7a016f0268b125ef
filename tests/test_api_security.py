"""Nothing that comes in by the API is ever run, believed beyond its key, or able to stop the service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.platform_fixtures import Platform
from tests.test_api import Caller

NASTY = (
    "'; DROP TABLE zelo_decision; --",
    "\"}]}' OR 1=1 --",
    "%s %(x)s {0} {{7*7}} {% debug %}",
    "<script>alert(1)</script>",
    "\u202e\ufeff\U0001f4a9",
    "$$; COPY zelo_event TO PROGRAM 'x' $$",
)


@pytest.fixture
def api(platform: Platform) -> Iterator[Caller]:
    """Yield a caller that may do everything, at a platform with a pack at work."""
    from zelo.web.api.keys import forget_keys

    forget_keys()
    platform.activate()
    yield Caller(platform.key())


def listing(ident: str, text: str) -> dict[str, Any]:
    """Return an event whose every field holds the text."""
    return {
        "id": ident + text, "kind": "listing.created", "occurred_at": "2026-01-01T00:00:00Z", "listing_id": text,
        "seller": {"id": text}, "price": 1.0, "title": text, "quantity": 60,
    }  # fmt: skip


def test_texts_in_events_stay_texts_all_the_way(platform: Platform, api: Caller) -> None:
    """What looks like SQL, a template or markup is kept as it came: in tables, in the lake, in answers."""
    from zelo.worker import lake

    events = [listing(f"n{number}", text) for number, text in enumerate(NASTY)]
    assert api("POST", "/events", events)[1]["accepted"] == len(NASTY)
    platform.work()
    for event in events:
        told = platform.rows("SELECT event_id FROM zelo_decision WHERE event_id = %s", event["id"])
        assert told == [(event["id"],)]
    entities = {row[0] for row in platform.rows("SELECT entity FROM zelo_effect")}
    assert entities and entities <= set(NASTY)
    assert len(lake.files("events")) == 1
    feed = json.dumps(api("GET", "/feed")[1], ensure_ascii=False)
    assert "<script>" in feed and "{{7*7}}" in feed


@pytest.mark.parametrize(
    "body", [b"[" * 50_000 + b"]" * 50_000, b'{"a":' * 50_000, b'[{"id":"' + b"x" * 300_000 + b'"}]']
)
def test_bombs_are_refused_at_once(api: Caller, body: bytes) -> None:
    """Deep nesting and huge events cost nothing and stop nothing."""
    status, told, _ = api("POST", "/events", body)
    assert status in (202, 400)
    assert status == 400 or told["accepted"] == 0
    assert api("POST", "/decide", body)[0] == 400
    assert api("GET", "/feed")[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/feed?cursor=1%27", None),
        ("GET", "/feed?cursor=1.2.3", None),
        ("GET", "/decisions/1%27", None),
        ("GET", "/decisions/99999999999999999999", None),
        ("GET", "/decisions?event_id=%00", None),
        ("POST", "/undo", {"effects": ["1; DROP"], "reason": "x"}),
        ("POST", "/undo", {"effects": ["9" * 30], "reason": "x"}),
        ("POST", "/undo", {"rule": "\u0000", "reason": "x"}),
        ("POST", "/labels", {"entity_kind": "account", "entity": "\u0000", "label": "x", "change": "add"}),
        ("DELETE", "/endpoints/4294967296", None),
        ("POST", "/endpoints", {"name": "x", "url": "file:///etc/passwd"}),
        ("GET", "/receipts/00000000-0000-0000-0000-000000000000", None),
    ],
)
def test_forged_parameters_are_refused_in_order(api: Caller, method: str, path: str, body: Any) -> None:
    """Every forged value is answered with a code, none with a crash."""
    status, told, _ = api(method, path, body)
    assert 400 <= status < 500
    assert told["error"]["code"]


def test_no_other_door_opens_with_a_key(platform: Platform, api: Caller) -> None:
    """A key of a machine opens no page of the console, and each scope opens its operations only."""
    from django.test import Client

    for path in ("/", "/policies/", "/admin/people/"):
        assert Client(headers={"authorization": f"Bearer {api.key}"}).get(path).status_code in (302, 404)
    writer = Caller(platform.key("events"))
    for method, path, body in (
        ("GET", "/feed", None), ("POST", "/undo", {"reason": "x"}), ("POST", "/packs", {"files": {}}),
        ("GET", "/endpoints", None), ("POST", "/decide", {}), ("POST", "/labels", {}),
    ):  # fmt: skip
        assert writer(method, path, body)[0] == 403
