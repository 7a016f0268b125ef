"""Events from Kafka, and messages to it, against a real broker: each exactly once, whoever dies."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable

import pytest

from benchmarks.broker import broker
from tests.platform_fixtures import NOW, Platform, wait_until
from tests.small_run import stream

TOPIC = "zelo.events"


def in_child(job: Callable[[], None]) -> int:
    """Do a job in a process of its own."""
    from django.db import connections

    connections.close_all()
    child = os.fork()
    if child == 0:
        try:
            job()
        finally:
            os._exit(0)
    return child


@pytest.mark.slow
def test_two_copiers_share_a_topic_and_one_dies(platform: Platform) -> None:
    """After a rebalance in the middle every record is in the log once, and decided once; bad ones are dead letters."""
    from zelo.adapters.kafka import produce
    from zelo.worker.kafka_in import Copier

    platform.activate()
    events = stream(600)
    with broker({TOPIC: 4}) as address:

        def copy() -> None:
            copier = Copier(TOPIC, address, session_ms=2_000)
            copier.open()
            while True:
                copier.copy(most=20, timeout_s=0.1)

        children = [in_child(copy), in_child(copy)]
        try:
            wait_until(lambda: platform.value("SELECT count(DISTINCT owner) FROM zelo_source_offset") == 2)
            for start in range(0, len(events), 60):
                records = [
                    (str(event["listing_id"]).encode(), json.dumps(event).encode())
                    for event in events[start : start + 60]
                ]
                produce(TOPIC, [*records, (b"x", b"no event")], bootstrap=address)
                if start == 240:
                    os.kill(children[0], signal.SIGKILL)
                    os.waitpid(children[0], 0)
                time.sleep(0.1)
            copied = "SELECT coalesce(sum(next), 0) FROM zelo_source_offset WHERE next > 0"
            wait_until(lambda: platform.value(copied) == 610)
        finally:
            os.kill(children[1], signal.SIGKILL)
            os.waitpid(children[1], 0)
    platform.work()
    assert platform.value("SELECT count(*) FROM zelo_decision") == len(events)
    assert platform.value("SELECT count(*) FROM zelo_dead_letter WHERE code = 'not_json'") == 10
    assert platform.value("SELECT max(epoch) FROM zelo_source_offset") > 1


@pytest.mark.slow
def test_messages_go_to_a_topic(platform: Platform) -> None:
    """An endpoint that names a topic gets each message with its key."""
    from confluent_kafka import Consumer

    from zelo.deliver.tables import Endpoint
    from zelo.worker.relay import relay

    platform.activate()
    with broker({"zelo.out": 1}) as address:
        os.environ["KAFKA_BOOTSTRAP"] = address
        Endpoint.objects.create(
            name="out", url="kafka:zelo.out", created_at=NOW, created_by="test", types=["decision.made"]
        )
        platform.bring(stream(60))
        platform.work()
        made = platform.value("SELECT count(*) FROM zelo_message WHERE type = 'decision.made'")
        while relay(lambda: NOW):
            pass
        assert made and platform.value("SELECT count(*) FROM zelo_delivery WHERE state = 'sent'") == made
        reader = Consumer(
            {"bootstrap.servers": address, "group.id": "r", "auto.offset.reset": "earliest", "session.timeout.ms": 2000}
        )
        reader.subscribe(["zelo.out"])
        keys = set()
        deadline = time.monotonic() + 120
        while len(keys) < made and time.monotonic() < deadline:
            keys |= {message.key() for message in reader.consume(100, 0.5)}
        reader.close()
    assert len(keys) == made


def test_what_the_library_says_is_a_line_of_the_log(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """That a broker cannot be reached is told as JSON on a line of its own; a producer can be let go of."""
    from zelo.adapters import kafka
    from zelo.worker import logs

    monkeypatch.setattr(logs, "_QUIET", False)
    producer, told = kafka._producer("127.0.0.1:9"), ""

    def is_told() -> bool:
        nonlocal told
        producer.poll(0.1)
        told += capfd.readouterr().err
        return told.count("\n") > 0

    wait_until(is_told)
    kafka.close_producers()
    said = [json.loads(line) for line in told.splitlines()]
    assert {(one["event"], one["name"]) for one in said} == {("library", "zelo.kafka")}
    assert kafka._PRODUCERS == {}
