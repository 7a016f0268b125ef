"""What a ledger with mistakes means: nothing is guessed in silence, and nothing breaks."""

from __future__ import annotations

import pytest

from tests.health_stories import POINTS, at, entry, schedule_of, violation
from zelo.health.ledger import NOTES, Entry
from zelo.health.logic import standing

SCHEDULE = schedule_of(POINTS)
NOW = at("2026-01-20")


def notes(*entries: Entry) -> list[tuple[str, str]]:
    """Return what is noted about the entries."""
    return [(note.code, note.entry) for note in standing(entries, SCHEDULE, NOW).notes]


def value(*entries: Entry) -> int | float | None:
    """Return the points of the entries."""
    return standing(entries, SCHEDULE, NOW).value("points")


def test_an_entry_twice_counts_once() -> None:
    """The same row delivered twice is no news; another row with its id is set aside and noted, whichever came first."""
    first = violation("v", "2026-01-01", 4)
    other = violation("v", "2026-01-02", 9)
    assert value(first, first) == 4 and notes(first, first) == []
    assert value(first, other) == value(other, first) == 4
    assert notes(other, first) == [("duplicate_id", "v")]


def test_a_reversal_of_nothing_is_noted() -> None:
    """A reversal whose target is not there has no effect."""
    assert notes(entry("r", "reversal", "2026-01-02", target="v")) == [("no_target", "r")]


def test_a_reversal_before_its_violation_has_no_effect() -> None:
    """It may arrive first, but not be dated first."""
    made, undone = violation("v", "2026-01-05", 4), entry("r", "reversal", "2026-01-04", target="v")
    assert value(undone, made) == 4
    assert notes(undone, made) == [("before_target", "r")]
    assert value(entry("r", "reversal", "2026-01-06", target="v"), made) == 0


def test_a_reversal_is_not_reversed() -> None:
    """What was taken back is entered anew; a reversal of a reversal is noted and changes nothing."""
    entries = (
        violation("v", "2026-01-01", 4),
        entry("r", "reversal", "2026-01-02", target="v"),
        entry("rr", "reversal", "2026-01-03", target="r"),
    )
    assert value(*entries) == 0
    assert notes(*entries) == [("reversal_of_reversal", "rr")]


def test_a_second_reversal_is_noted() -> None:
    """An entry is taken back once."""
    entries = (
        violation("v", "2026-01-01", 4),
        entry("r1", "reversal", "2026-01-02", target="v"),
        entry("r2", "reversal", "2026-01-03", target="v"),
    )
    assert notes(*entries) == [("already_reversed", "r2")]


def test_points_missing_or_out_of_range_cost_the_nearest() -> None:
    """Where the schedule lets the entry say, an entry that says nothing costs the least, and it is noted."""
    assert value(violation("v", "2026-01-01")) == 0
    assert notes(violation("v", "2026-01-01")) == [("points_missing", "v")]
    assert value(violation("v", "2026-01-01", 400)) == 100
    assert notes(violation("v", "2026-01-01", 400)) == [("points_out_of_range", "v")]


def test_an_unknown_violation_costs_nothing_and_is_noted() -> None:
    """A schedule that lists its violations does not guess the price of another."""
    listed = schedule_of("violations: [spam]\n" + POINTS)
    found = standing([violation("v", "2026-01-01", 4, violation="spma")], listed, NOW)
    assert found.value("points") == 0
    assert [note.code for note in found.notes] == ["unknown_violation"]


def test_an_unknown_severity_counts_as_none_and_is_noted() -> None:
    """A severity that the schedule does not list is told; the violation counts where no severity is asked for."""
    assert value(violation("v", "2026-01-01", 4, severity="enormous")) == 4
    assert notes(violation("v", "2026-01-01", 4, severity="enormous")) == [("unknown_severity", "v")]
    assert notes(violation("v", "2026-01-01", 4, severity="low"), violation("w", "2026-01-02", 4)) == []


def test_unknown_kinds_and_names_are_noted() -> None:
    """Entries that mean nothing to the ledger or the schedule change nothing."""
    assert notes(entry("k", "praise", "2026-01-01")) == [("unknown_kind", "k")]
    assert notes(entry("t", "training", "2026-01-01", name="yoga")) == [("unknown_name", "t")]
    assert notes(entry("w", "reward", "2026-01-01", name="orders")) == [("unknown_name", "w")]
    request = standing([entry("q", "request", "2026-01-01", name="club")], SCHEDULE, NOW).requests
    assert [(r.granted, r.failed) for r in request] == [(False, ("unknown_name",))]


def test_an_empty_ledger_has_a_standing() -> None:
    """Who has done nothing has nothing."""
    found = standing([], SCHEDULE, NOW)
    assert (found.value("points"), found.penalties, found.notes, found.next_expiry) == (0, (), (), None)


@pytest.mark.parametrize("code", NOTES)
def test_every_note_says_what_it_means(code: str) -> None:
    """A note is a code with a sentence."""
    assert len(NOTES[code]) > 20
