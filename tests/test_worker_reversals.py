"""What a person takes back no longer counts for conditions: in the worker's engine, once, whatever dies on the way."""

from __future__ import annotations

import json
import uuid

import pytest

from tests.base_pack import FILES, PACK
from tests.platform_fixtures import NOW, Platform
from tests.test_health_engine import POLICY, SCHEDULE, listed
from tests.test_personal_data import asked
from tests.test_worker_crashes import die_at

PACK_FILES = {
    **FILES,
    "pack.yaml": (PACK + "governs: {account: sellers}\n").encode(),
    "schedules/sellers.yaml": SCHEDULE.encode(),
    "policies/watch.yaml": POLICY.encode(),
}


def bring(platform: Platform, *events: bytes) -> None:
    """Accept events."""
    platform.bring([json.loads(event) for event in events])


def fired(platform: Platform, event: str) -> list[str]:
    """Return the rules that fired on an event."""
    return list(platform.value("SELECT coalesce(fired, '{}') FROM zelo_decision WHERE event_id = %s", event))


def take_back(effect: int) -> None:
    """Take one effect back as a person does."""
    from zelo.people.flows import SYSTEM
    from zelo.worker.undoing import Selection, undo

    undo(Selection(effect_ids=(effect,)), actor=SYSTEM, now=NOW, ident=uuid.uuid4(), reason="it was a mistake")


def charged(platform: Platform) -> list[int]:
    """Return the ids of the charges, oldest first."""
    return [row[0] for row in platform.rows("SELECT id FROM zelo_effect WHERE kind = 'charge' ORDER BY id")]


@pytest.mark.parametrize("dies", ["", "before_commit", "after_commit"])
def test_a_charge_that_is_taken_back_no_longer_counts(platform: Platform, dies: str) -> None:
    """The rules above see it until then, and not after; also when a worker dies over it or begins from a snapshot."""
    platform.activate(PACK_FILES)
    bring(platform, listed(1, 0, 0.3), listed(2, 1, 0.3), listed(3, 2, 20.0))
    platform.work()
    assert fired(platform, "e3") == ["seen_before", "is_frozen"]
    take_back(charged(platform)[1])
    bring(platform, listed(4, 3, 20.0))
    if dies:
        assert die_at(platform, dies, 1) == 137
    platform.work()
    assert fired(platform, "e4") == []
    bring(platform, listed(5, 4, 20.0))
    platform.work()  # a new worker, which begins from the log or a snapshot
    assert fired(platform, "e5") == []
    bring(platform, listed(6, 5, 0.3))
    platform.work()
    assert fired(platform, "e6") == ["seen_before", "is_frozen", "spams", "spams_badly"]


def test_a_reversal_goes_with_the_account_when_its_data_are_erased(platform: Platform) -> None:
    """The log names the pseudonym, and an engine that reads it anew sees no charge that was taken back."""
    from zelo.people.flows import pseudonym

    platform.activate(PACK_FILES)
    bring(platform, listed(1, 0, 0.3), listed(2, 1, 0.3))
    platform.work()
    take_back(charged(platform)[1])
    platform.work()
    assert asked("erase", platform, "s1").state == "done"
    assert (
        platform.value("SELECT count(*) FROM zelo_event WHERE kind = 'zelo.take_back' AND body LIKE %s", '%"s1"%') == 0
    )
    platform.rows("DELETE FROM zelo_snapshot")
    bring(platform, listed(3, 2, 20.0, pseudonym("s1")))
    platform.work()
    assert fired(platform, "e3") == []
