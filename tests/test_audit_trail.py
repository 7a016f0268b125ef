"""The audit trail shows every way of tampering with it, whoever did it and wherever."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.platform_fixtures import NOW, Platform

ROWS = 6


@pytest.fixture
def trail(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    """Yield a trail with some entries, its ends kept outside, and its guards taken off."""
    from django.conf import settings
    from django.db import transaction

    from zelo.people.flows import SYSTEM, record
    from zelo.worker.anchors import keep_anchors

    monkeypatch.setattr(settings, "HOME", str(platform.home))
    for number in range(ROWS):
        with transaction.atomic():
            record(SYSTEM, "test", now=NOW, of=("thing", number), details={"number": number})
    keep_anchors()
    assert (Path(platform.home) / "audit_heads.json").exists()
    platform.rows("ALTER TABLE zelo_audit DISABLE TRIGGER USER")
    yield platform


def faults() -> list[tuple[int, str]]:
    """Return what is found."""
    from zelo.people.flows import verify
    from zelo.worker.anchors import kept_anchors

    return [(fault.number, fault.what) for fault in verify(kept_anchors())[1]]


TAMPERING: dict[str, tuple[Callable[[Platform], object], list[tuple[int, str]]]] = {
    "a row is changed": (
        lambda p: p.rows("UPDATE zelo_audit SET details = '{}' WHERE number = 3"), [(3, "changed")],
    ),
    "a row is given to somebody else": (
        lambda p: p.rows("UPDATE zelo_audit SET actor = 'nobody' WHERE number = 6"), [(6, "changed")],
    ),
    "a row is moved in time": (
        lambda p: p.rows("UPDATE zelo_audit SET at = at - interval '1 day' WHERE number = 1"), [(1, "changed")],
    ),
    "a row is deleted": (lambda p: p.rows("DELETE FROM zelo_audit WHERE number = 4"), [(4, "missing")]),
    "two rows change places": (
        lambda p: p.rows("UPDATE zelo_audit SET number = CASE number WHEN 2 THEN -3 ELSE -2 END WHERE number IN (2, 3)")
        or p.rows("UPDATE zelo_audit SET number = -number WHERE number < 0"), [(2, "changed")],
    ),
    "the tail is cut off": (lambda p: p.rows("DELETE FROM zelo_audit WHERE number > 4"), [(5, "cut_off")]),
    "all of it is deleted": (lambda p: p.rows("DELETE FROM zelo_audit"), [(1, "cut_off")]),
    "the tail is cut off and the end set back": (
        lambda p: p.rows("DELETE FROM zelo_audit WHERE number > 4")
        or p.rows("UPDATE zelo_audit_head SET number = 4, hash = (SELECT hash FROM zelo_audit WHERE number = 4)"),
        [(6, "cut_off")],
    ),
    "all of it and its end are deleted": (
        lambda p: p.rows("DELETE FROM zelo_audit") or p.rows("DELETE FROM zelo_audit_head"), [(6, "cut_off")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", TAMPERING)
def test_tampering_is_found_where_it_was_done(trail: Platform, how: str) -> None:
    """The place and the manner are told; before, nothing was."""
    assert faults() == []
    tamper, expected = TAMPERING[how]
    tamper(trail)
    assert faults() == expected


def test_entries_put_on_a_trail_that_was_cut_do_not_heal_it(trail: Platform) -> None:
    """Who cuts the tail and lets zelo go on is still found, and the file is not overwritten by the shorter chain."""
    from django.db import transaction

    from zelo.people.flows import SYSTEM, record
    from zelo.worker.anchors import keep_anchors, kept_anchors

    trail.rows("DELETE FROM zelo_audit WHERE number > 2")
    trail.rows("UPDATE zelo_audit_head SET number = 2, hash = (SELECT hash FROM zelo_audit WHERE number = 2)")
    keep_anchors()
    assert [one.number for one in kept_anchors()] == [ROWS]
    for number in range(ROWS):
        with transaction.atomic():
            record(SYSTEM, "test", now=NOW, of=("thing", -number))
    assert faults() == [(ROWS, "changed")]


def test_a_forged_entry_needs_the_key(trail: Platform) -> None:
    """An entry that was added by hand, chained with another key, is found."""
    from zelo.people.logic import chained

    head = trail.value("SELECT hash FROM zelo_audit_head")
    forged = chained(b"another key", bytes(head), {"number": ROWS + 1})
    trail.rows(
        "INSERT INTO zelo_audit (chain, number, at, actor_kind, actor, action, object_kind, object_id, details,"
        " request_id, hash) SELECT chain, %s, at, actor_kind, actor, action, object_kind, object_id, details, '', %s"
        " FROM zelo_audit WHERE number = %s", ROWS + 1, forged, ROWS,
    )  # fmt: skip
    trail.rows("UPDATE zelo_audit_head SET number = %s, hash = %s", ROWS + 1, forged)
    assert faults() == [(ROWS + 1, "changed")]
