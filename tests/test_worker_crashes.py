"""Dying at every step: whatever was accepted is decided once, carried out once, and once in the lake."""

from __future__ import annotations

import os
from collections import Counter

import pyarrow.parquet as pq
import pytest

from tests.platform_fixtures import NOW, Platform
from tests.small_run import stream
from tests.test_worker import decided, expected

POINTS = (
    "after_read",
    "before_write",
    "before_commit",
    "after_commit",
    "after_snapshot",
    "after_lake_rename",
    "before_lake_commit",
)


def die_at(platform: Platform, name: str, time: int) -> int:
    """Have a worker in a process of its own work until it comes to a step for the given time, and die there."""
    from django.db import connections

    connections.close_all()
    child = os.fork()
    if child == 0:
        left = time

        def point(reached: str) -> None:
            nonlocal left
            left -= reached == name
            if left == 0:
                os._exit(137)

        try:
            platform.work(batch=20, point=point)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("name", POINTS)
def test_dying_at_a_step_loses_and_doubles_nothing(platform: Platform, name: str) -> None:
    """After three deaths at the same step everything is as if nobody had died."""
    from zelo.worker import lake

    events = stream(150)
    platform.activate()
    platform.bring(events)
    deaths = [die_at(platform, name, time) for time in (1, 1, 2)]
    assert deaths[0] == 137
    platform.work(batch=20)
    assert decided(platform) == expected(events)
    files = lake.files("decisions")
    in_lake = Counter(one for path in files for one in pq.read_table(platform.lake / path)["event_id"].to_pylist())
    assert in_lake == Counter(event["id"] for event in events)
    assert platform.value("SELECT count(*) FROM zelo_label_change") == platform.value(
        "SELECT count(*) FROM zelo_effect WHERE kind IN ('add_label', 'remove_label') AND born = 'applied'"
    )
    orphans = len(list(platform.lake.glob("*/**/*.parquet"))) - len(lake.files("decisions")) - len(lake.files("events"))
    assert lake.sweep(platform.lake, older_s=-1) == orphans


def test_a_damaged_snapshot_is_passed_over(platform: Platform) -> None:
    """The one before it is taken, or the beginning of the log."""
    events = stream(60)
    platform.activate()
    platform.bring(events[:50])
    platform.work()
    platform.rows("UPDATE zelo_snapshot SET data = 'x' RETURNING id")
    platform.bring(events[50:])
    platform.work()
    assert decided(platform) == expected(events)


def test_an_event_on_which_the_engine_crashes_becomes_a_dead_letter(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are decided, before it and after it, and a new worker passes it over as well."""
    from zelo.decide.logic import Engine

    events = stream(60)
    platform.activate()
    platform.bring(events)
    sound = Engine.decide

    def failing(engine: Engine, event: object, order_key: int) -> object:
        if event.id == "e30":  # type: ignore[attr-defined]
            raise ZeroDivisionError
        return sound(engine, event, order_key)  # type: ignore[arg-type]

    monkeypatch.setattr(Engine, "decide", failing)
    platform.work(batch=25)
    assert platform.rows("SELECT code, params->>'error' FROM zelo_dead_letter") == [("crashed", "ZeroDivisionError")]
    assert [row[0] for row in decided(platform)] == [event["id"] for event in events if event["id"] != "e30"]


def test_switching_packs_happens_between_two_events(platform: Platform) -> None:
    """Each decision names the version that made it; windows that both versions declare go on."""
    from tests.small_run import PACK_FILES, POLICY

    other = {**PACK_FILES, "policies/busy.yaml": POLICY.replace(b"event.quantity > 50", b"event.quantity > 10")}
    events = stream(200)
    first = platform.activate()
    platform.bring(events[:90])
    second = platform.activate(other)
    platform.bring(events[90:])
    platform.work(batch=40)
    found = platform.rows("SELECT event_id, pack_version_id FROM zelo_decision ORDER BY id")
    assert found == [(event["id"], first if place < 90 else second) for place, event in enumerate(events)]
    before = {row[0]: row[2] for row in expected(events)}
    many = [row for row in decided(platform)[90:] if "many" in row[2] and "many" not in before[row[0]]]
    assert many
    assert [[r for r in row[2] if r != "many"] for row in decided(platform)] == [
        [r for r in row[2] if r != "many"] for row in expected(events)
    ]


def test_the_audit_trail_shows_what_was_tampered_with(platform: Platform) -> None:
    """A changed, missing or cut off entry is found, and a decision that was changed after the fact."""
    from zelo.people.flows import SYSTEM, revoke_key, verify
    from zelo.worker.lake import check_digest

    platform.activate()
    platform.key("read")
    revoke_key(1, actor=SYSTEM, now=NOW)
    platform.bring(stream(30))
    platform.work()
    count, faults = verify()
    assert count >= 4 and faults == []
    entry = platform.rows("SELECT details->>'digest', (details->>'first')::int, (details->>'last')::int FROM zelo_audit"
                          " WHERE action = 'decided'")[0]  # fmt: skip
    assert check_digest(0, entry[1], entry[2], entry[0])
    with pytest.raises(Exception, match="never changed"):
        platform.rows("UPDATE zelo_decision SET fired = '{}' RETURNING id")
    with pytest.raises(Exception, match="never changed"):
        platform.rows("DELETE FROM zelo_audit RETURNING id")
    platform.rows("ALTER TABLE zelo_decision DISABLE TRIGGER USER")
    platform.rows("UPDATE zelo_decision SET kind = 'other' WHERE id = (SELECT min(id) FROM zelo_decision)")
    assert not check_digest(0, entry[1], entry[2], entry[0])
    platform.rows("ALTER TABLE zelo_audit DISABLE TRIGGER USER")
    platform.rows("UPDATE zelo_audit SET actor = 'nobody' WHERE chain = 'people' AND number = 2 RETURNING id")
    assert [(fault.chain, fault.number, fault.what) for fault in verify()[1]] == [("people", 2, "changed")]
