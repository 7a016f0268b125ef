"""The laws of account health, over random schedules with every mechanism and random ledgers."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from msgspec.structs import replace

from tests.amounts import examples
from tests.health_worlds import DAY_US, INSTANTS, ledgers, schedules, violations
from zelo.health.ledger import Entry
from zelo.health.logic import next_steps, standing
from zelo.health.standing import Standing
from zelo.policy.schedules.values import Schedule

FEW = settings(max_examples=examples(60), deadline=None)


def shape(found: Standing) -> tuple[object, ...]:
    """Return all of a standing that a reader sees, past penalties included."""
    return (found, found.past)


def without_record(found: Standing) -> tuple[object, ...]:
    """Return a standing without what tells of reversals: served penalties, and notes and appeals about entries gone."""
    bare = replace(found, vacated=(), notes=(), appeals=(), account="")
    return (bare, found.past)


@FEW
@given(schedules(), ledgers(), INSTANTS, st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(
    schedule: Schedule, entries: list[Entry], as_of: int, shuffler: object
) -> None:
    """Two folds of the same entries agree, whatever order they arrived in, and repeated delivery is no news."""
    expected = shape(standing(entries, schedule, as_of))
    arrived = [*entries, *entries[:2]]
    shuffler.shuffle(arrived)  # type: ignore[attr-defined]
    assert shape(standing(arrived, schedule, as_of)) == expected


@FEW
@given(schedules(), ledgers(), INSTANTS)
def test_the_future_never_changes_the_past(schedule: Schedule, entries: list[Entry], as_of: int) -> None:
    """The standing at an instant depends on the entries up to it alone."""
    known = [entry for entry in entries if entry.at <= as_of]
    assert shape(standing(entries, schedule, as_of)) == shape(standing(known, schedule, as_of))


@FEW
@given(schedules(), ledgers(), INSTANTS, violations(50), st.integers(0, 30))
def test_a_reversed_violation_leaves_the_standing_of_one_who_never_had_it(
    schedule: Schedule, entries: list[Entry], as_of: int, extra: Entry, days: int
) -> None:
    """Apart from the record of what was served, a reversal takes a violation away as if it had never been."""
    others = [entry for entry in entries if entry.target != extra.id]
    reversal = Entry("r", "reversal", extra.at + days * DAY_US, "a", target=extra.id, order=900)
    if reversal.at > as_of:
        as_of = reversal.at
    with_it = standing([*others, extra, reversal], schedule, as_of)
    never = standing(others, schedule, as_of)
    assert without_record(with_it) == without_record(never)


@FEW
@given(schedules(), ledgers(), violations(50), st.integers(0, 30))
def test_what_was_served_stays_on_record(schedule: Schedule, entries: list[Entry], extra: Entry, days: int) -> None:
    """Each penalty in force when its violation is taken back is in force afterwards or listed as vacated."""
    reversal = Entry("r", "reversal", extra.at + days * DAY_US, "a", target=extra.id, order=900)
    known = [entry for entry in entries if entry.at <= reversal.at]
    before = standing([*known, extra], schedule, reversal.at)
    after = standing([*known, extra, reversal], schedule, reversal.at)
    kept = {(p.name, p.start, p.until, p.cause.entry) for p in (*after.penalties, *after.past)}
    vacated = {(v.penalty.name, v.penalty.start) for v in after.vacated if v.by == "r"}
    for penalty in before.penalties:
        own = (penalty.name, penalty.start, penalty.until, penalty.cause.entry)
        assert (
            own in kept
            or (penalty.name, penalty.start) in vacated
            or penalty.paused_until is not None
            or (schedule.rules[-1].conventions.appeal_pending == "pauses")
        )
    assert all(0 <= v.served_us <= max(v.at - v.penalty.start, 0) for v in after.vacated)


def loads(found: Standing) -> dict[tuple[str, tuple[str, ...]], int]:
    """Return how bad each balance is: higher is worse."""
    signs = {"rating": -1}
    return {(b.track, b.key): signs.get(b.kind, 1) * (b.value or 0) for b in found.balances}


@FEW
@given(schedules(plain=True), ledgers(only_violations=True), INSTANTS, violations(50))
def test_one_more_violation_never_improves_a_balance(
    schedule: Schedule, entries: list[Entry], as_of: int, extra: Entry
) -> None:
    """Wherever in history it is put, a further violation leaves every balance as bad or worse."""
    before, after = loads(standing(entries, schedule, as_of)), loads(standing([*entries, extra], schedule, as_of))
    for key, load in before.items():
        assert after.get(key, 0) >= load or key not in after


@FEW
@given(schedules(), ledgers(), violations(50))
def test_a_new_violation_never_improves_a_standing(schedule: Schedule, entries: list[Entry], extra: Entry) -> None:
    """At its own instant a violation ends no penalty, except where a stronger one takes its place."""
    known = [entry for entry in entries if entry.at <= extra.at]
    last = structs.replace(extra, order=1_000)
    before, after = standing(known, schedule, extra.at), standing([*known, last], schedule, extra.at)
    names = {(p.name, p.start) for p in after.penalties}
    for penalty in before.penalties:
        ended = any("small" in schedule.rules[-1].penalties[p.name].ends for p in after.penalties)
        assert (penalty.name, penalty.start) in names or (ended and penalty.name == "small")
    was, now = loads(before), loads(after)
    assert all(now.get(key, load) >= load for key, load in was.items())


@FEW
@given(schedules(plain=True), ledgers(only_violations=True), INSTANTS, st.integers(1, 400))
def test_expiry_never_worsens_a_standing(schedule: Schedule, entries: list[Entry], as_of: int, eighths: int) -> None:
    """While nothing happens, balances only get better and penalties only end."""
    later = as_of + eighths * (DAY_US // 8)
    quiet = [entry for entry in entries if entry.at <= as_of]
    before, after = standing(quiet, schedule, as_of), standing(quiet, schedule, later)
    assert all(load <= loads(before)[key] for key, load in loads(after).items())
    assert {(p.name, p.start) for p in after.penalties} <= {
        (p.name, p.start) for p in (*before.penalties, *before.past) if p.until is None or p.until > as_of
    }


@FEW
@given(schedules(), ledgers(), INSTANTS)
def test_every_penalty_has_its_reasons(schedule: Schedule, entries: list[Entry], as_of: int) -> None:
    """Each penalty names the entries that caused it, all in the ledger, none later than itself or taken back."""
    found = standing(entries, schedule, as_of)
    by_id = {entry.id: entry for entry in entries}
    gone = {
        e.target
        for e in entries
        if e.kind == "reversal" and e.at <= as_of and e.id not in {n.entry for n in found.notes}
    }
    for penalty in (*found.penalties, *found.past):
        assert penalty.cause.entry in penalty.cause.entries
        assert all(
            by_id[name].at <= max(penalty.start, by_id[penalty.cause.entry].at + 7 * DAY_US)
            for name in penalty.cause.entries
        )
        assert not gone & set(penalty.cause.entries)
    assert found.next_expiry is None or found.next_expiry > as_of


@FEW
@given(schedules(), ledgers(), INSTANTS)
def test_the_next_step_is_what_then_happens(schedule: Schedule, entries: list[Entry], as_of: int) -> None:
    """What is said of the next violation is what a violation at that instant brings."""
    known = [entry for entry in entries if entry.at <= as_of]
    said = next_steps(known, schedule, as_of)
    assert list(said) == list(schedule.severities)
    last = next((e for e in sorted(known, key=lambda e: (e.at, e.order), reverse=True) if e.kind == "violation"), None)
    for severity, step in said.items():
        attributes = last.attributes if last else ()
        entry = Entry("n", "violation", as_of, "a", step.violation, severity, attributes, order=1 << 60)
        found = standing([*known, entry], schedule, as_of)
        told = {(p.name, p.start, p.until) for p in step.penalties}
        brought = [p for p in (*found.penalties, *found.past) if p.cause.entry == "n"]
        assert told == {(p.name, p.start, p.until) for p in brought}
