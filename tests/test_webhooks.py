"""Messages to web addresses: signed, tried again with growing pauses, dead in the end, and sent again on request."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from standardwebhooks.webhooks import Webhook

from tests.platform_fixtures import NOW, Platform
from tests.small_run import stream

SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()


class Receiver(HTTPServer):
    """Keeps what it is sent, and answers with the next status it was told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self.status = 200


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Keep a call."""
        assert isinstance(self.server, Receiver)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.server.status)
        self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Yield a receiver that listens."""
    monkeypatch.setenv("ZELO_WEBHOOKS_PRIVATE", "1")
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def endpoint(receiver: Receiver) -> None:
    """Have decisions sent to the receiver."""
    from zelo.deliver.tables import Endpoint
    from zelo.worker.relay import hidden

    url = f"http://127.0.0.1:{receiver.server_port}/in?a=1"
    Endpoint.objects.create(
        name="test", url=url, secret=hidden(SECRET), types=["decision.made"], created_at=NOW, created_by="test"
    )


def test_a_call_is_signed_and_made_once(platform: Platform, receiver: Receiver) -> None:
    """The receiver can verify each call with the library of the standard, and gets each message once."""
    from datetime import UTC, datetime

    from zelo.worker.relay import relay

    platform.activate()
    endpoint(receiver)
    platform.bring(stream(40))
    platform.work()
    while relay(lambda: datetime.now(UTC)):
        pass
    made = platform.value("SELECT count(*) FROM zelo_message WHERE type = 'decision.made'")
    assert made and len(receiver.calls) == made
    for headers, body in receiver.calls:
        Webhook(SECRET).verify(body, headers)
    assert len({headers["webhook-id"] for headers, _ in receiver.calls}) == made
    assert SECRET not in platform.value("SELECT secret FROM zelo_endpoint")
    assert {json.loads(body)["type"] for _, body in receiver.calls} == {"decision.made"}


@pytest.mark.parametrize("status", [500, 302])
def test_a_failed_call_is_made_again_later_and_ends_as_dead(
    platform: Platform, receiver: Receiver, status: int
) -> None:
    """Pauses grow, redirects are not followed, the tenth failure is the last, and a dead one can be sent again."""
    from zelo.deliver.flows import retry, send_again
    from zelo.worker.relay import relay

    platform.activate()
    endpoint(receiver)
    platform.bring(stream(40))
    platform.work()
    platform.rows("DELETE FROM zelo_delivery WHERE id > (SELECT min(id) FROM zelo_delivery)")
    receiver.status = status
    moment, pauses = NOW, []
    for _ in range(10):
        assert relay(lambda now=moment: now) == 1  # type: ignore[misc]
        due = platform.value("SELECT next_at FROM zelo_delivery")
        pauses.append(due - moment)
        moment = due
    assert pauses == sorted(pauses) and pauses[0] < timedelta(seconds=10) and pauses[-1] > timedelta(minutes=30)
    assert platform.rows("SELECT state, attempts FROM zelo_delivery") == [("dead", 10)]
    assert relay(lambda: moment + timedelta(days=9)) == 0
    receiver.status = 200
    assert retry([platform.value("SELECT id FROM zelo_delivery")], now=moment) == 1
    assert relay(lambda: moment) == 1
    assert platform.value("SELECT state FROM zelo_delivery") == "sent"
    made = platform.value("SELECT count(*) FROM zelo_message WHERE type = 'decision.made'")
    assert send_again(platform.value("SELECT id FROM zelo_endpoint"), since=NOW, now=moment) == made


def test_no_call_goes_into_a_private_network(platform: Platform) -> None:
    """Unless it is allowed, an endpoint cannot make zelo call what only zelo can reach."""
    from zelo.base.errors import InvalidInput
    from zelo.worker.relay import public_address

    for host in ("127.0.0.1", "localhost", "169.254.169.254", "10.0.0.1", "::1"):
        with pytest.raises(InvalidInput):
            public_address(host, 80)
