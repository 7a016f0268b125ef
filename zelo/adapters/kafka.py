"""Kafka, where it is installed: records in by partition and offset, records out."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zelo.base.errors import Unavailable
from zelo.base.messages.message import N_

_SAID = logging.getLogger("zelo.kafka")
"""Where the library says what it says; unless told so, it writes on the error output, past the structured log."""
_PRODUCERS: dict[str, Any] = {}
"""The producer for each address; made at the first record, kept until `close_producers`."""


@dataclass(frozen=True)
class Record:
    """One record of a topic."""

    partition: int
    offset: int
    value: bytes


def _library() -> Any:
    try:
        import confluent_kafka
    except ImportError:
        raise Unavailable(N_("Kafka needs the package confluent-kafka: install zelo[kafka]")) from None
    return confluent_kafka


def _config(bootstrap: str) -> dict[str, object]:
    """Return what producers and consumers share; `KAFKA_` variables such as KAFKA_SASL_MECHANISM are passed on."""
    given = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in os.environ.items()
        if name.startswith(("KAFKA_SASL_", "KAFKA_SSL_", "KAFKA_SECURITY_"))
    }
    return {"bootstrap.servers": bootstrap, "client.id": "zelo", "logger": _SAID, **given}


@dataclass
class Consumer:
    """
    A member of a consumer group that keeps its offsets elsewhere.

    `start(partition)` says from where to read a partition that was assigned; `stop(partition)` is told when it is taken
    away. Offsets are told to the broker as a gauge only.
    """

    bootstrap: str
    topic: str
    group: str
    start: Callable[[int], int]
    stop: Callable[[int], None]
    session_ms: int = 10_000
    _consumer: Any = field(default=None, repr=False)

    def open(self) -> None:
        """Join the group."""
        library = _library()
        self._consumer = library.Consumer(
            {
                **_config(self.bootstrap),
                "group.id": self.group,
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",
                "session.timeout.ms": self.session_ms,
                "heartbeat.interval.ms": max(self.session_ms // 3, 300),
                "partition.assignment.strategy": "range",
            }
        )

        def assigned(consumer: Any, partitions: Sequence[Any]) -> None:
            for one in partitions:
                one.offset = self.start(one.partition)
            consumer.assign(partitions)

        def revoked(consumer: Any, partitions: Sequence[Any]) -> None:
            for one in partitions:
                self.stop(one.partition)
            consumer.unassign()

        self._consumer.subscribe([self.topic], on_assign=assigned, on_revoke=revoked, on_lost=revoked)

    def read(self, most: int, timeout_s: float) -> list[Record]:
        """Return the next records of all partitions; raise Unavailable when the broker says that it cannot go on."""
        found = []
        for message in self._consumer.consume(most, timeout_s):
            if message.error() is not None:
                if message.error().retriable():
                    continue
                raise Unavailable(N_("Kafka: {reason}"), reason=message.error().str())
            found.append(Record(message.partition(), message.offset(), message.value() or b""))
        return found

    def tell(self, offsets: Mapping[int, int]) -> None:
        """Tell the broker how far we are, for its lag gauges."""
        library = _library()
        places = [library.TopicPartition(self.topic, partition, offset) for partition, offset in offsets.items()]
        if places:
            self._consumer.commit(offsets=places, asynchronous=True)

    def close(self) -> None:
        """Leave the group."""
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None


def _producer(bootstrap: str) -> Any:
    if bootstrap not in _PRODUCERS:
        given = {**_config(bootstrap), "enable.idempotence": True, "linger.ms": 5, "acks": "all"}
        _PRODUCERS[bootstrap] = _library().Producer(given)
    return _PRODUCERS[bootstrap]


def close_producers(timeout_s: float = 5) -> None:
    """Let go of all producers; one that outlives its broker would try to reach it for ever."""
    while _PRODUCERS:
        _, producer = _PRODUCERS.popitem()
        producer.flush(timeout_s)


def produce(topic: str, records: Iterable[tuple[bytes, bytes]], *, bootstrap: str = "", timeout_s: float = 10) -> int:
    """Write records (key, value) to a topic and wait until the broker has them; raise OSError when it has not."""
    place = bootstrap or os.environ.get("KAFKA_BOOTSTRAP", "")
    producer = _producer(place)
    failures: list[str] = []
    count = 0

    def reported(error: Any, _: Any) -> None:
        if error is not None:
            failures.append(str(error))

    for key, value in records:
        while True:
            try:
                producer.produce(topic, key=key, value=value, on_delivery=reported)
                break
            except BufferError:
                producer.poll(0.1)
        count += 1
    left = producer.flush(timeout_s)
    if left or failures:
        raise OSError(failures[0] if failures else f"{left} records were not delivered in time")
    return count
