"""The worker: what is accepted is decided once, as the engine alone would, whatever dies on the way."""

from __future__ import annotations

import pytest

from tests.platform_fixtures import NOW, Platform
from tests.small_run import PACK_FILES, stream
from zelo.base.source import Report
from zelo.decide.logic import Engine
from zelo.events.intake import floor_ms
from zelo.policy.load_pack import load_pack


def expected(events: list[dict[str, object]]) -> list[tuple[object, ...]]:
    """Return what the engine alone decides: event, order key, rules fired, effects."""
    import json

    pack = load_pack(PACK_FILES, Report())
    assert pack is not None
    engine = Engine(pack)
    found: list[tuple[object, ...]] = []
    for event in events:
        decoded = engine.decoder.decode_json(json.dumps(event).encode())
        decision = engine.decide(decoded, engine.sequencer.next(floor_ms(decoded.occurred_at)))
        effects = [effect.kind for effect in decision.effects] + [held.effect.kind for held in decision.held]
        found.append((decision.event_id, decision.order_key, list(decision.fired), effects))
    return found


def decided(platform: Platform) -> list[tuple[object, ...]]:
    """Return what the tables hold, in the same form."""
    rows = platform.rows(
        "SELECT d.event_id, d.order_key, coalesce(d.fired, '{}'), coalesce(array_agg(e.kind ORDER BY e.id)"
        " FILTER (WHERE e.id IS NOT NULL), '{}') FROM zelo_decision d LEFT JOIN zelo_effect e ON e.decision_id = d.id"
        " GROUP BY d.id ORDER BY d.id"
    )
    return [tuple(row) for row in rows]


def test_the_worker_decides_what_the_engine_alone_decides(platform: Platform) -> None:
    """Decisions, order and effects in the tables are those of one engine that reads the same stream."""
    events = stream(300)
    platform.activate()
    done = platform.bring(events[:100])
    assert (done.accepted, done.duplicates, len(done.refused)) == (100, 0, 0)
    platform.work(batch=7)
    again = platform.bring(events[50:])
    assert (again.accepted, again.duplicates) == (200, 50)
    platform.work(batch=64)
    assert decided(platform) == expected(events)


def test_a_new_worker_goes_on_from_a_snapshot_exactly(platform: Platform) -> None:
    """State restored from a snapshot and the events since then is the state that was lost."""
    from zelo.worker.loop import Worker

    events = stream(200)
    platform.activate()
    platform.bring(events)
    first = Worker(platform.lake, batch=30, sends=False, clock=lambda: NOW)
    first.cycle()
    first.owned[0].snapshot()
    first.cycle()
    first.owned.clear()  # as if it had died: no snapshot of what it did last
    from django.db import connection

    connection.close()
    platform.work(batch=50)
    assert decided(platform) == expected(events)


def test_a_worker_that_lost_its_partition_writes_nothing(platform: Platform) -> None:
    """Under an older epoch a batch is refused as a whole."""
    from zelo.worker.batch import Fenced
    from zelo.worker.loop import Worker

    platform.activate()
    platform.bring(stream(20))
    zombie = Worker(platform.lake, sends=False, clock=lambda: NOW)
    zombie._beat()
    platform.rows("UPDATE zelo_progress SET epoch = epoch + 1 RETURNING epoch")
    with pytest.raises(Fenced):
        zombie.owned[0].step(10)
    assert platform.value("SELECT count(*) FROM zelo_decision") == 0


def test_house_work_that_fails_stops_neither_deciding_nor_the_lake(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong setting or a damaged file is told and tried again; one worker at a time does this work."""
    from zelo.worker import lake, loop

    monkeypatch.setattr(loop, "SWEEP_S", -1)
    calls: list[str] = []

    def failing(store: object, **_: object) -> int:
        calls.append("compact")
        raise ValueError("damaged")

    monkeypatch.setattr(loop, "compact", failing)
    platform.activate()
    platform.bring(stream(20))
    platform.work()
    assert calls and len(lake.files("decisions")) > 0
    monkeypatch.setattr(loop, "compact", lambda store, **_: calls.append("again"))
    platform.work()
    assert "again" in calls
    held = platform.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s", loop._LOCKS)
    assert held == 0
