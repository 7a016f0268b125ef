"""Traces: an event's way from door to endpoint is one trace, with the ids that logs and audit trail have."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.places import REPOSITORY
from tests.platform_fixtures import Platform
from tests.small_run import stream
from tests.test_webhooks import Receiver, endpoint, receiver
from zelo.adapters import traces
from zelo.base.errors import InvalidInput

__all__ = ["receiver"]


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Yield what keeps the spans; every event is traced."""
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "1")
    exporter = InMemorySpanExporter()
    traces.begin("test", exporter)
    yield exporter
    traces.end()


def test_the_way_of_an_event_is_one_trace(platform: Platform, receiver: Receiver, spans: Any) -> None:
    """Request, intake, decision and delivery: linked, each with the event's and the request's id."""
    from django.test import Client

    from zelo.worker.relay import relay

    platform.activate()
    endpoint(receiver)
    client = Client(headers={"authorization": f"Bearer {platform.key()}"})
    caller = "0af7651916cd43dd8448eb211c80319c"
    given = {"X-Request-Id": "request-12345", "traceparent": f"00-{caller}-b7ad6b7169203331-01"}
    events = stream(40)
    answer = client.post("/api/v1/events", json.dumps(events), content_type="application/json", headers=given)
    assert answer.status_code == 202
    platform.work()
    while relay(lambda: datetime.now(UTC)):
        pass
    found = spans.get_finished_spans()
    request = next(one for one in found if one.name.startswith("POST"))
    assert request.name == "POST api/v1/events" and request.attributes["zelo.request_id"] == "request-12345"
    assert f"{request.context.trace_id:032x}" == caller
    sent = {json.loads(body)["data"]["event_id"] for _, body in receiver.calls}
    assert sent
    for event in events:
        mine = [one for one in found if one.attributes.get("zelo.event_id") == event["id"]]
        names = [one.name for one in mine]
        assert names == ["intake", "decide", *(["deliver"] if event["id"] in sent else [])]
        first = mine[0]
        assert first.parent is None and first.attributes["zelo.request_id"] == "request-12345"
        assert [link.context.span_id for link in first.links] == [request.context.span_id]
        assert {one.context.trace_id for one in mine} == {first.context.trace_id}
        assert {one.parent.span_id for one in mine[1:]} == {first.context.span_id}
        assert all(one.start_time <= one.end_time for one in mine)


def test_a_share_of_events_is_traced_and_every_process_agrees_on_which(monkeypatch: pytest.MonkeyPatch) -> None:
    """The share follows from the event's id alone; one that is no share is refused."""
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    spans = InMemorySpanExporter()
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.25")
    names = [f"e{number}" for number in range(4_000)]
    traces.begin("one", spans)
    first = traces.traced(names)
    traces.accepted(names, began_ns=1, source="test")
    assert sorted(one.attributes["zelo.event_id"] for one in spans.get_finished_spans()) == sorted(first)
    traces.end()
    traces.begin("other", InMemorySpanExporter())
    assert traces.traced(names) == first and 800 < len(first) < 1_200
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "much")
    with pytest.raises(InvalidInput):
        traces.begin("third", spans)
    traces.end()


def test_nothing_is_imported_while_tracing_is_off() -> None:
    """The server and the worker do without the extra."""
    script = (
        "import sys, zelo.adapters.traces as t, zelo.intake.logic; t.begin('serve'); assert t.traced(['a']) == [];"
        " assert not [name for name in sys.modules if name.startswith('opentelemetry')]"
    )
    environment = {"PYTHONPATH": str(REPOSITORY), "PATH": "/usr/bin:/bin"}
    assert subprocess.run([sys.executable, "-c", script], env=environment, check=False).returncode == 0
