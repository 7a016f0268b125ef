"""Putting another version to work: workers have it compiled before the switch, so that deciding does not pause."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from tests.platform_fixtures import NOW, Platform
from tests.small_run import PACK_FILES, POLICY, stream
from zelo.decide.logic import Engine

OTHER = {**PACK_FILES, "policies/busy.yaml": POLICY.replace(b"event.quantity > 50", b"event.quantity > 10")}


@pytest.fixture
def waiting() -> Iterator[list[bool]]:
    """Yield a list for what waiting threads find, and close their connections."""
    yield []


def wait_for(version: int, found: list[bool]) -> threading.Thread:
    """Wait for a version to be ready as a door does, in a thread of its own."""

    def door() -> None:
        from django.db import connection

        from zelo.worker.versions import have_ready

        found.append(have_ready(version, seconds=30))
        connection.close()

    thread = threading.Thread(target=door)
    thread.start()
    return thread


def test_workers_compile_a_version_beside_deciding_before_it_is_put_to_work(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, waiting: list[bool]
) -> None:
    """A new version and the one before it alike; the switch then compiles nothing."""
    from zelo.people.flows import SYSTEM
    from zelo.worker.loop import Worker
    from zelo.worker.versions import have_ready, store

    first = platform.activate()
    platform.bring(stream(60)[:20])
    worker = Worker(platform.lake, sends=False, clock=lambda: NOW)
    while not worker.owned or worker.owned[0].version[0] != first:
        worker.cycle()
    second = store(OTHER, actor=SYSTEM, now=NOW).pk
    assert not have_ready(second, seconds=0.0), "no worker has heard of it yet"
    for version, number in ((second, 1), (first, 2)):
        door = wait_for(version, waiting)
        while door.is_alive():
            worker.cycle()
            time.sleep(0.02)
        assert waiting == [True] * number
        made: list[object] = []
        monkeypatch.setattr("zelo.worker.readiness.Engine", lambda pack, made=made: made.append(pack) or Engine(pack))
        assert platform.activate(OTHER if version == second else PACK_FILES) == version
        while worker.owned[0].version[0] != version:
            assert worker.owned[0].step(500)
        assert made == []
        monkeypatch.undo()
    worker._leave()


def test_a_worker_that_does_not_answer_holds_no_activation_up_for_ever(platform: Platform) -> None:
    """After the time is up the version is put to work all the same; a worker without partitions is not asked."""
    from zelo.worker.versions import have_ready

    version = platform.activate()
    platform.rows(
        "INSERT INTO zelo_worker (id, host, started_at, seen_at, prepared) VALUES ('w', 'h', now(), now(), '{}')"
        " RETURNING id"
    )
    assert have_ready(version, seconds=0.0)
    platform.rows("UPDATE zelo_progress SET owner = 'w' RETURNING partition")
    assert not have_ready(version, seconds=0.0)
