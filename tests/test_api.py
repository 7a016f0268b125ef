"""The HTTP API: events in with receipts, decisions back, keys and limits, undo, feed; errors with stable codes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.platform_fixtures import NOW, Platform
from tests.small_run import stream


class Caller:
    """Calls the API in this process."""

    def __init__(self, key: str) -> None:
        from django.test import Client

        self.client = Client(raise_request_exception=False)
        self.key = key

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, Any]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        given = {"authorization": f"Bearer {self.key}", **headers}
        kind = given.pop("content_type", "application/json")
        response = self.client.generic(method, f"/api/v1{path}", data, content_type=kind, headers=given)
        told = json.loads(response.content) if response.content else None
        return response.status_code, told, response


@pytest.fixture
def api(platform: Platform) -> Iterator[Caller]:
    """Yield a caller that may do everything, at a platform with a pack at work."""
    from zelo.web.api.keys import forget_keys

    forget_keys()
    platform.activate()
    yield Caller(platform.key())


def test_events_come_in_once_with_a_receipt(platform: Platform, api: Caller) -> None:
    """A call is answered 202 with counts; the same ids again are duplicates, and bad events dead letters."""
    events: list[Any] = stream(20)
    bad = [{"id": "x", "kind": "nothing", "occurred_at": "2026-01-01T00:00:00Z"}, "text"]
    status, told, _ = api("POST", "/events", {"events": events + bad})
    assert (status, told["accepted"], told["duplicates"]) == (202, 20, 0)
    assert [(one["place"], one["code"]) for one in told["dead_letters"]] == [
        ("20", "kind_unknown"),
        ("21", "not_an_object"),
    ]
    assert api("GET", f"/receipts/{told['receipt']}")[1]["decided"] is False
    status, again, _ = api("POST", "/events", events)
    assert (status, again["accepted"], again["duplicates"]) == (202, 0, 20)
    lines = b"\n".join(json.dumps(event).encode() for event in stream(30)[20:])
    status, more, _ = api("POST", "/events", lines, content_type="application/x-ndjson")
    assert (status, more["accepted"]) == (202, 10)
    platform.work()
    assert api("GET", f"/receipts/{told['receipt']}")[1]["decided"] is True
    assert platform.value("SELECT count(*) FROM zelo_decision") == 30
    assert platform.value("SELECT count(*) FROM zelo_dead_letter WHERE state = 'open'") == 2


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        (b"{", {}, (400, "bad_body")),
        (b'{"events": 3}', {}, (400, "bad_body")),
        (b"[" * 100_000, {}, (400, "bad_body")),
        (b"[]", {"content_type": "text/xml"}, (415, "type_not_supported")),
        (b"[]", {"content-encoding": "gzip"}, (415, "encoding_not_supported")),
        (b"[" + b",".join([b"1"] * 5001) + b"]", {}, (400, "too_many_events")),
        (b" " * (8 * 1024 * 1024 + 1), {}, (413, "too_large")),
        (b"[]", {"authorization": "Bearer zelo_no_key"}, (401, "no_key")),
        (b"[]", {"authorization": ""}, (401, "no_key")),
    ],
)
def test_what_is_no_batch_of_events_is_refused_with_a_code(
    api: Caller, body: bytes, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    """Every refusal has its status and a stable code, and changes nothing."""
    status, told, _ = api("POST", "/events", body, **headers)
    assert (status, told["error"]["code"]) == expected


def test_keys_do_what_their_scopes_say_at_their_rate(platform: Platform, api: Caller) -> None:
    """A key without the scope is told 403, one that is too fast 429 with Retry-After, one that ended 401."""
    from zelo.people.flows import SYSTEM, revoke_key, rotate_key, valid_key
    from zelo.web.api.keys import forget_keys

    reader = Caller(platform.key("read"))
    assert reader("POST", "/events", [])[:1] == (403,)
    slow = Caller(platform.key("events", calls_per_s=1, events_per_s=10))
    answers = [slow("POST", "/events", []) for _ in range(4)]
    assert answers[0][0] == 202 and answers[-1][0] == 429
    assert int(answers[-1][2].headers["Retry-After"]) >= 1
    key_id = platform.value("SELECT id FROM zelo_api_key WHERE scopes = '{read}'")
    fresh = rotate_key(key_id, prefix="freshkey", secret="s" * 32, actor=SYSTEM, now=NOW)
    assert valid_key(fresh.key, NOW) is not None and valid_key(reader.key, NOW) is not None
    revoke_key(key_id, actor=SYSTEM, now=NOW)
    forget_keys()
    assert reader("GET", "/feed")[0] == 401
    assert Caller(fresh.key)("GET", "/feed")[0] == 200
    assert reader.key.rsplit("_", 1)[1] not in json.dumps(
        platform.rows("SELECT name, prefix, digest FROM zelo_api_key")
    )


def test_one_event_is_decided_while_the_caller_waits(platform: Platform, api: Caller) -> None:
    """The answer is the decision; the same id gives the same one; a bad event is 400 and a dead letter."""
    from zelo.worker.loop import Worker

    worker = Worker(platform.lake, sends=False)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        events = stream(40)
        told = [api("POST", "/decide", event) for event in events]
        assert {status for status, _, _ in told} == {200}
        assert [answer["event_id"] for _, answer, _ in told] == [event["id"] for event in events]
        again = api("POST", "/decide", events[7])[1]
        assert (again["id"], again["fired"]) == (told[7][1]["id"], told[7][1]["fired"])
        status, refused, _ = api("POST", "/decide", {"id": "x", "kind": "listing.created", "occurred_at": "soon"})
        assert (status, refused["error"]["code"]) == (400, "bad_timestamp")
    finally:
        worker.stop.set()
        thread.join()
    assert platform.value("SELECT count(*) FROM zelo_decision") == 40
    assert platform.value("SELECT count(*) FROM zelo_dead_letter") == 1
    fired = next(answer for _, answer, _ in told if answer["effects"])
    assert api("GET", f"/decisions/{fired['id']}")[1] == fired
    assert api("GET", f"/decisions?event_id={fired['event_id']}")[1] == fired


def test_a_call_that_waits_costs_six_statements(platform: Platform, api: Caller) -> None:
    """The door writes with two statements, and the worker decides, stores and answers with four."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from zelo.intake.flows import Incoming, append
    from zelo.worker.loop import Worker

    worker = Worker(platform.lake, sends=False)
    worker._beat()
    (held,) = worker.owned.values()
    while held.step(10):
        pass
    quiet = stream(1)[0]
    one = Incoming(str(quiet["id"]), str(quiet["kind"]), 0, json.dumps(quiet))
    with CaptureQueriesContext(connection) as door:
        append([one], source="test", now=NOW, reply_to="zelo_reply_test")
    with CaptureQueriesContext(connection) as work:
        assert held.step(10) == 1
    assert platform.value("SELECT count(*) FROM zelo_decision WHERE fired IS NULL") == 1
    told = [one["sql"] for one in work.captured_queries if one["sql"] not in ("BEGIN", "COMMIT")]
    assert (len(door.captured_queries), len(told)) == (1, 4), told


def test_effects_are_taken_back_once_after_a_preview(platform: Platform, api: Caller) -> None:
    """A preview changes nothing; an undo is on record, in the ledger and in the feed; a second one is a conflict."""
    api("POST", "/events", stream(200))
    platform.work()
    charges = platform.value("SELECT count(*) FROM zelo_effect WHERE kind = 'charge' AND born = 'applied'")
    assert charges and platform.value("SELECT count(*) FROM zelo_ledger_entry") == charges
    _, seen, _ = api("POST", "/undo", {"rule": "unloved", "dry_run": True})
    assert seen["kinds"] == {"charge": charges} and seen["undo"] is None
    assert platform.value("SELECT count(*) FROM zelo_effect_step") == 0
    assert api("POST", "/undo", {"rule": "unloved"})[1]["error"]["code"] == "invalid"
    status, done, _ = api("POST", "/undo", {"rule": "unloved", "reason": "the rule was wrong"})
    assert (status, done["effects"]) == (200, charges)
    assert platform.value("SELECT count(*) FROM zelo_ledger_entry WHERE kind = 'reversal'") == charges
    assert api("POST", "/undo", {"rule": "unloved", "reason": "again"})[0] == 409
    messages, cursor = [], ""
    while page := api("GET", f"/feed?cursor={cursor}&limit=7")[1]:
        cursor = page["cursor"]
        if not page["messages"]:
            break
        messages += page["messages"]
    assert sum(one["type"] == "effect.undone" for one in messages) == charges
    assert len({one["key"] for one in messages}) == len(messages)
    assert platform.value("SELECT count(*) FROM zelo_audit WHERE action = 'effect.undo'") == 1


def test_a_label_of_a_person_outranks_the_rules(platform: Platform, api: Caller) -> None:
    """What a person took off no rule puts back until it is released, and both are in the history."""
    label = {"entity_kind": "account", "label": "bulk", "change": "remove", "reason": "checked by hand"}
    events = stream(300)
    sellers = {event["seller"]["id"] for event in events if "seller" in event}  # type: ignore[index]
    for seller in sellers:
        assert api("POST", "/labels", {**label, "entity": seller})[0] == 202
    api("POST", "/events", events)
    platform.work()
    assert platform.value("SELECT count(*) FROM zelo_label WHERE present") == 0
    assert platform.value("SELECT count(*) FROM zelo_effect WHERE kind = 'add_label' AND held_for = 'person'") > 0
    assert platform.value("SELECT count(*) FROM zelo_effect WHERE kind = 'add_label' AND born = 'applied'") == 0
    one = sorted(sellers)[0]
    assert api("POST", "/labels", {**label, "entity": one, "change": "add"})[0] == 202
    platform.work()
    history = platform.rows("SELECT change, set_by FROM zelo_label_change WHERE entity = %s ORDER BY id", one)
    assert history == [("remove", "person"), ("add", "person")]
    assert platform.value("SELECT present FROM zelo_label WHERE entity = %s", one) is True


def test_a_full_backlog_is_told_with_503(platform: Platform, api: Caller, settings_of: Any) -> None:
    """Beyond the backlog allowed no more is accepted, and the caller is told when to come back."""
    from zelo.web.api.events import _Fill

    settings_of("BACKLOG_MAX", 10)
    api("POST", "/events", stream(20))
    _Fill.looked = -1e9
    status, told, response = api("POST", "/events", stream(30)[20:])
    assert (status, told["error"]["code"], response.headers["Retry-After"]) == (503, "backlog", "5")
    _Fill.looked = -1e9


@pytest.fixture
def settings_of() -> Iterator[Any]:
    """Yield a function that changes a setting for one test."""
    from django.conf import settings

    before: dict[str, Any] = {}

    def change(name: str, value: object) -> None:
        before.setdefault(name, getattr(settings, name))
        setattr(settings, name, value)

    yield change
    for name, value in before.items():
        setattr(settings, name, value)


def test_the_description_of_the_api_is_whole(platform: Platform) -> None:
    """OpenAPI 3.1 describes every operation with its failures, and the page that shows it needs no other site."""
    from django.test import Client

    described = Client().get("/api/v1/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    operations = [one for path in described["paths"].values() for one in path.values()]
    assert len(operations) >= 12
    assert [one["operationId"] for one in operations if not {"401", "429", "503"} <= one["responses"].keys()] == []
    page = Client().get("/api/v1/docs").content.decode()
    assert "https://" not in page and "//cdn" not in page


def test_a_pack_that_is_wrong_is_refused_with_every_diagnostic(api: Caller) -> None:
    """Storing a pack by API tells what `zelo check` tells."""
    status, told, _ = api("POST", "/packs", {"files": {"pack.yaml": "pack: 3"}})
    assert (status, told["error"]["code"]) == (422, "pack_rejected")
    assert told["error"]["details"]["diagnostics"]
