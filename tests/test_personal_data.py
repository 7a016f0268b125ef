"""Personal data: exported whole, erased everywhere, kept under a legal hold, gone when its time is over."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path

import pytest

from tests.platform_fixtures import NOW, Platform
from tests.small_run import stream
from zelo.adapters.lake_store import lake_store

WHO = "s3"


def traces(platform: Platform, text: str) -> list[str]:
    """Return where a text still stands: tables and files."""
    found = []
    for (table,) in platform.rows(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 'zelo_%%'"
    ):
        if platform.value(f"SELECT count(*) FROM {table} x WHERE x::text LIKE %s", f"%{text}%"):
            found.append(table)
    files = [path for path in Path(platform.lake).rglob("*.parquet") if text.encode() in _plain(path)]
    return found + [str(path) for path in files]


def _plain(path: Path) -> bytes:
    import pyarrow.parquet as pq

    return str(pq.read_table(path, columns=None).to_pylist()).encode()


@pytest.mark.slow
def test_an_erased_person_is_nowhere_and_everything_still_adds_up(platform: Platform) -> None:
    """Tables, log, lake, snapshots and the engine's state know a pseudonym only, and decisions go on as before."""
    from zelo.people.flows import SYSTEM, verify
    from zelo.worker.personal import erase, export, pseudonym

    who = "seller-maria-57"
    events = stream(200)
    for event in events:
        if event.get("seller") == {"id": WHO}:
            event["seller"] = {"id": who}
    platform.activate()
    platform.bring(events[:150])
    platform.work()
    told = export("account", who, actor=SYSTEM, now=NOW, root=platform.lake)
    mine = sum(event.get("seller") == {"id": who} for event in events[:150])
    assert mine and len(told["event"]) == len(told["lake"]) == mine
    before = platform.value("SELECT count(*) FROM zelo_effect WHERE entity = %s", who)
    done = erase("account", who, actor=SYSTEM, now=NOW, root=platform.lake, ident=uuid.uuid4())
    platform.work()
    assert done.counts["lake"] == done.counts["zelo_event"] == mine
    assert [place for place in traces(platform, who) if place != "zelo_audit"] == []
    assert platform.value("SELECT count(*) FROM zelo_effect WHERE entity = %s", pseudonym("account", who)) == before
    for _, body in platform.rows("SELECT next, data FROM zelo_snapshot"):
        import zlib

        assert who.encode() not in zlib.decompress(body)
    platform.bring(events[150:])
    platform.work()
    assert platform.value("SELECT count(*) FROM zelo_decision") == 200
    assert verify()[1] == []


def test_under_a_legal_hold_nothing_is_erased(platform: Platform) -> None:
    """A hold stands above the wish to be forgotten, and above retention."""
    from zelo.base.errors import Conflict
    from zelo.people.flows import SYSTEM
    from zelo.people.tables import LegalHold
    from zelo.worker.personal import erase

    platform.activate()
    LegalHold.objects.create(entity_kind="account", entity=WHO, reason="court", placed_by="test", placed_at=NOW)
    with pytest.raises(Conflict):
        erase("account", WHO, actor=SYSTEM, now=NOW, root=platform.lake, ident=uuid.uuid4())


def test_what_is_old_goes_when_its_time_is_over(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log keeps what a snapshot still needs; the lake keeps each kind for as long as is said."""
    from zelo.worker.retention import expire, prune_log

    platform.activate()
    platform.bring(stream(80))
    platform.work()
    assert prune_log(now=NOW) == 0
    assert prune_log(now=NOW + timedelta(days=60)) > 0
    platform.bring(stream(100)[80:])
    platform.work()
    assert platform.value("SELECT count(*) FROM zelo_decision") == 100
    files = platform.value("SELECT count(*) FROM zelo_lake_file WHERE kind = 'review.posted'")
    monkeypatch.setenv("ZELO_RETENTION", "review.posted=10")
    assert expire(lake_store(platform.lake), now=NOW) == files > 0
    assert platform.value("SELECT count(*) FROM zelo_lake_file WHERE kind = 'listing.created'") > 0
