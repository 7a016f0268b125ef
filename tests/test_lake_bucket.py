"""A lake in S3-compatible storage: written, read, compacted, erased in and swept as one in a folder is."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from pyarrow.fs import S3FileSystem

from tests.platform_fixtures import NOW, Platform
from tests.small_run import stream
from tests.test_personal_data import asked
from tests.test_worker import decided, expected
from zelo.adapters.lake_store import BucketLake, lake_store
from zelo.base.errors import InvalidInput, Unavailable

BUCKET = "lakes"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of an S3 server with an empty bucket."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    log = (tmp_path_factory.mktemp("s3") / "log").open("wb")
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            for _try in range(600):
                with socket.socket() as caller:
                    if caller.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


@pytest.fixture
def place(storage: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the address of an empty lake; who may write there stands in the environment."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_ENDPOINT_URL": storage,
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    from zelo.adapters import lake_store as module

    module._bucket.cache_clear()
    S3FileSystem(
        access_key="key", secret_key="secret", endpoint_override=storage, allow_bucket_creation=True
    ).create_dir(BUCKET)
    return f"s3://{BUCKET}/{uuid.uuid4().hex}"


@pytest.fixture
def away(platform: Platform, place: str) -> Platform:
    """Return an installation whose lake is in the bucket."""
    from django.conf import settings

    settings.LAKE = place
    platform.lake = place  # type: ignore[assignment]
    return platform


def ids(place: str) -> Counter[str]:
    """Return how often each event's decision is in the lake."""
    from zelo.worker import lake

    store = lake_store(place)
    return Counter(one for path in lake.files("decisions") for one in store.read(path)["event_id"].to_pylist())


def test_everything_decided_is_in_the_bucket_once_and_found_again(
    away: Platform, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Flushed in pieces, compacted, searched: the same rows; what no row names is swept, and nothing else."""
    from zelo.worker import lake
    from zelo.worker.compaction import compact

    events = stream(200)
    away.activate()
    for start in range(0, 200, 20):
        away.bring(events[start : start + 20])
        away.work()
    assert decided(away) == expected(events)
    assert ids(place) == Counter(event["id"] for event in events)
    store = lake_store(place)
    named = set(lake.files("decisions")) | set(lake.files("events"))
    assert {path for path, _ in store.found()} == named
    monkeypatch.setattr("zelo.worker.compaction.FILES_MIN", 2)
    joined = compact(store, before=date(2100, 1, 1), now=NOW)
    assert joined >= 2 and ids(place) == Counter(event["id"] for event in events)
    left = {path for path, _ in store.found()} - set(lake.files("decisions")) - set(lake.files("events"))
    assert len(left) == joined
    assert lake.sweep(place) == 0, "a file of the last hour may still be named"
    assert lake.sweep(place, older_s=-60) == joined
    assert ids(place) == Counter(event["id"] for event in events)


def test_the_explorer_searches_the_bucket(away: Platform, place: str) -> None:
    """Decisions and events are found by the same search as in a folder."""
    from zelo.web.reads.explorer import search
    from zelo.web.reads.search import Search

    events = stream(120)
    away.activate()
    away.bring(events)
    away.work()
    first = datetime.fromisoformat(str(events[0]["occurred_at"])) - timedelta(days=1)
    last = datetime.fromisoformat(str(events[-1]["occurred_at"])) + timedelta(days=1)
    given: Any = {"days": 9_999, "since": first.astimezone(UTC), "until": last.astimezone(UTC)}
    found = search(Search(what="decisions", kind="", **given), None)
    assert found.total == 120 and found.files > 0
    fired = sum(1 for row in expected(events) if row[2])
    assert found.fired == fired


def test_a_broken_off_flush_leaves_nothing_that_counts(away: Platform, place: str) -> None:
    """A worker that dies between the upload and its row leaves objects that nobody reads, and the next writes anew."""
    from zelo.worker import lake

    class Dead(Exception):
        pass

    def point(name: str) -> None:
        if name == "after_lake_rename":
            raise Dead

    events = stream(40)
    away.activate()
    away.bring(events)
    with pytest.raises(Dead):
        away.work(point=point)
    assert lake.files("decisions") == [] and list(lake_store(place).found())
    away.work()
    assert ids(place) == Counter(event["id"] for event in events)


def test_an_entity_is_erased_in_the_bucket(away: Platform, place: str) -> None:
    """Objects with its id are replaced; afterwards none of the bucket's holds it."""
    events = stream(60)
    away.activate()
    away.bring(events)
    away.work()
    who = str(events[0]["seller"]["id"])  # type: ignore[index]
    exported, erased = (asked(what, away, who) for what in ("export", "erase"))
    assert (exported.state, erased.state) == ("done", "done"), (exported.said, erased.said)
    assert erased.counts.get("lake", 0) > 0, (erased.counts, exported.counts)
    store = lake_store(place)
    for path, _ in store.found():
        assert f'"{who}"' not in json.dumps(store.read(path).to_pylist(), default=str)


def test_files_with_other_columns_are_read_together(place: str) -> None:
    """A column that a file lacks is empty there."""
    store = lake_store(place)
    store.write("events/kind=a/day=2026-01-01/1.parquet", pa.table({"a": [1]}))
    store.write("events/kind=a/day=2026-01-01/2.parquet", pa.table({"a": [2], "b": ["x"]}))
    paths = sorted(path for path, _ in store.found())
    with duckdb.connect() as db:
        store.show(db, "joined", paths, alike=False)
        assert sorted(db.execute("SELECT a, b FROM joined").fetchall()) == [(1, None), (2, "x")]
    store.remove(paths[0])
    store.remove(paths[0])
    assert [store.has(path) for path in paths] == [False, True]


def test_who_may_write_stands_in_the_environment_only(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret in the address is refused without being repeated; none at all is told."""
    with pytest.raises(InvalidInput) as told:
        lake_store("s3://key:verysecret@lakes/x")
    assert "verysecret" not in str(told.value.params)
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(Unavailable):
        lake_store(f"{place}/other")


def test_a_store_that_is_away_is_told_and_tried_again(
    away: Platform, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deciding goes on; what could not be written is written later, once."""
    events = stream(30)
    away.activate()
    away.bring(events)
    monkeypatch.setattr(BucketLake, "write", _refuse)
    from zelo.worker.loop import Worker

    worker = Worker(place, sends=False, clock=lambda: NOW)
    while not worker.owned or away.value("SELECT count(*) FROM zelo_decision") < 30:
        worker.cycle()
    assert worker.flush() == 0
    monkeypatch.undo()
    assert worker.flush() == 30
    worker._leave()
    assert ids(place) == Counter(event["id"] for event in events)


def _refuse(self: BucketLake, path: str, table: pa.Table) -> int:
    raise OSError("When uploading: AWS Error NETWORK_CONNECTION")
