"""
Copies records of a Kafka topic into the log, each exactly once.

The offset that comes next is kept beside the log, and moves in the transaction that appends: under an epoch that each
new owner of a partition raises, so that a copier that lost it writes nothing.
"""

from __future__ import annotations

import os
import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.conf import settings
from django.db import Error, connection, transaction

from zelo.adapters.kafka import Consumer, Record
from zelo.base.errors import Unavailable
from zelo.events.values import instant_us
from zelo.intake.flows import append, bury, sift, wake
from zelo.worker.batch import Fenced
from zelo.worker.logs import log
from zelo.worker.versions import ACTIVE

GROUP = "zelo"


@dataclass
class Copier:
    """One member of the group; used by one thread."""

    topic: str
    bootstrap: str
    session_ms: int = 10_000
    owner: str = field(default_factory=lambda: f"{os.getpid()}:{uuid.uuid4().hex[:6]}")
    held: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Partition to epoch and next offset."""
    consumer: Consumer | None = None

    @property
    def source(self) -> str:
        """Return the topic's name among the sources."""
        return f"kafka:{self.topic}"

    def open(self) -> None:
        """Join the group."""
        self.consumer = Consumer(self.bootstrap, self.topic, GROUP, self._start, self._stop, session_ms=self.session_ms)
        self.consumer.open()

    def close(self) -> None:
        """Leave the group."""
        if self.consumer is not None:
            self.consumer.close()

    def _start(self, partition: int) -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO zelo_source_offset (source, partition, next, epoch, owner, moved_at)"
                " VALUES (%s, %s, -2, 1, %s, now()) ON CONFLICT (source, partition)"
                " DO UPDATE SET epoch = zelo_source_offset.epoch + 1, owner = excluded.owner RETURNING epoch, next",
                [self.source, partition, self.owner],
            )
            epoch, next_ = cursor.fetchone()
        self.held[partition] = (epoch, next_)
        log("kafka_assigned", partition=partition, epoch=epoch, next=next_)
        return int(next_)

    def _stop(self, partition: int) -> None:
        self.held.pop(partition, None)

    def copy(self, most: int = 2_000, timeout_s: float = 0.5) -> int:
        """Copy the next records; return how many. A partition that another copier took is let go."""
        assert self.consumer is not None
        records = self.consumer.read(most, timeout_s)
        by_partition: dict[int, list[Record]] = {}
        for record in records:
            by_partition.setdefault(record.partition, []).append(record)
        for partition, found in by_partition.items():
            try:
                self._copy(partition, found)
            except Fenced:
                log("kafka_fenced", partition=partition)
                self.held.pop(partition, None)
        self.consumer.tell({partition: self.held[partition][1] for partition in by_partition if partition in self.held})
        return len(records)

    def _copy(self, partition: int, records: list[Record]) -> None:
        if partition not in self.held:
            return
        epoch, next_ = self.held[partition]
        records = [record for record in records if record.offset >= next_]
        known = ACTIVE.get()
        if not records:
            return
        if known is None:
            raise Unavailable("no pack is at work")
        now = datetime.now(UTC)
        good, bad = sift(
            [record.value for record in records], known[2], partitions=known[3], now_us=instant_us(now),
            clock_skew_us=known[1].clock_skew_us, bytes_max=settings.EVENT_BYTES_MAX,
        )  # fmt: skip
        bad = [type(one)(f"{partition}:{records[int(one.place)].offset}", one.code, one.params, one.raw) for one in bad]
        after = records[-1].offset + 1
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE zelo_source_offset SET next = %s, moved_at = now()"
                    " WHERE source = %s AND partition = %s AND epoch = %s AND next = %s",
                    [after, self.source, partition, epoch, next_],
                )
                if cursor.rowcount != 1:
                    raise Fenced(partition)
            append(good, source=self.source, now=now)
            bury(bad, source=self.source, receipt=None, now=now)
            wake()
        self.held[partition] = (epoch, after)


def copy_forever(stop: threading.Event) -> None:
    """Copy until `stop`; whatever fails, begin again: the offsets beside the log say where."""
    wait_s = 0.5
    while not stop.is_set():
        copier = Copier(
            settings.KAFKA_TOPIC_IN, settings.KAFKA_BOOTSTRAP, int(os.environ.get("KAFKA_SESSION_MS", "10000"))
        )
        try:
            copier.open()
            while not stop.is_set():
                copier.copy()
                wait_s = 0.5
        except (Error, Unavailable) as error:
            log("kafka_failed", error=type(error).__name__, detail=str(error)[:200])
            connection.close()
        finally:
            copier.close()
        stop.wait(wait_s)
        wait_s = min(wait_s * 2, 10.0)
    connection.close()
