"""A worker that hangs loses its partitions to another, and writes nothing when it wakes up."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter

import pyarrow.parquet as pq
import pytest

from tests.platform_fixtures import Platform, wait_until
from tests.small_run import stream
from tests.test_worker import decided, expected

IDLE_MS = 600_000
"""How long a frozen worker's transaction would stay if nobody ended it."""


def frozen_at(platform: Platform, name: str) -> int:
    """Have a worker in a process of its own work until it first comes to a step, and stop there; return its id."""
    from django.db import connections

    connections.close_all()
    child = os.fork()
    if child == 0:
        left = 1
        connections.settings["default"]["OPTIONS"]["options"] += f" -c idle_in_transaction_session_timeout={IDLE_MS}"

        def point(reached: str) -> None:
            nonlocal left
            if reached == name and left:
                left -= 1
                os.kill(os.getpid(), signal.SIGSTOP)

        try:
            from zelo.worker.loop import Worker

            Worker(platform.lake, batch=20, flush_s=0.2, sends=False, point=point).run()
        finally:
            os._exit(0)
    assert os.WIFSTOPPED(os.waitpid(child, os.WUNTRACED)[1])
    return child


@pytest.mark.slow
@pytest.mark.parametrize("name", ["before_write", "before_commit", "after_lake_rename", "before_lake_commit"])
def test_a_frozen_worker_is_replaced_and_writes_nothing_later(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Frozen in the middle of a transaction, too: all is decided once, and in the lake once, by the other worker."""
    from zelo.worker import lake, loop

    monkeypatch.setattr(loop, "STALE_S", 4)
    events = stream(200)
    platform.activate()
    platform.bring(events[:80])
    frozen = frozen_at(platform, name)
    try:
        platform.bring(events[80:140])
        began = time.monotonic()
        platform.work(batch=20)
        assert time.monotonic() - began < IDLE_MS / 2000, "nobody waits for a transaction of the frozen one to time out"
        assert decided(platform) == expected(events[:140])
        epoch = platform.value("SELECT epoch FROM zelo_progress")
        os.kill(frozen, signal.SIGCONT)
        wait_until(lambda: platform.value("SELECT epoch FROM zelo_progress") > epoch)
        platform.bring(events[140:])
        wait_until(lambda: platform.value("SELECT count(*) FROM zelo_decision") == 200)
        wait_until(lambda: platform.value("SELECT lake_next FROM zelo_progress") > 200)
    finally:
        os.kill(frozen, signal.SIGKILL)
        os.waitpid(frozen, 0)
    assert decided(platform) == expected(events)
    files = lake.files("decisions")
    in_lake = Counter(one for path in files for one in pq.read_table(platform.lake / path)["event_id"].to_pylist())
    assert in_lake == Counter(event["id"] for event in events)
    assert platform.value("SELECT count(*) FROM zelo_label_change") == platform.value(
        "SELECT count(*) FROM zelo_effect WHERE kind IN ('add_label', 'remove_label') AND born = 'applied'"
    )
