"""The edges of account health: the very instant, the exact milestone, the item that is only partly given back."""

from __future__ import annotations

from msgspec.structs import replace

from tests.health_stories import HEAD, POINTS, at, entry, schedule_of, violation
from zelo.health.ledger import Entry
from zelo.health.logic import standing
from zelo.policy.schedules.values import UNIT, Schedule


def periods(entries: list[Entry], schedule: Schedule, as_of: str) -> list[tuple[str, int, int | None]]:
    """Return every penalty so far."""
    found = standing(entries, schedule, at(as_of))
    return sorted((p.name, p.start, p.until) for p in (*found.penalties, *found.past))


def values(entries: list[Entry], schedule: Schedule, *instants: str) -> list[int | float | None]:
    """Return the points at some instants."""
    return [standing(entries, schedule, at(instant)).value("points") for instant in instants]


def points_with(line: str) -> Schedule:
    """Return the usual schedule with one more line on its track."""
    return schedule_of(POINTS.replace("    basis: A\n    counts", f"    {line}\n    basis: A\n    counts"))


def test_an_entry_of_the_very_day_of_evaluation_is_seen() -> None:
    """What happens at midnight on Monday is looked at on that Monday."""
    schedule = points_with("evaluated: {weekday: monday}")
    entries = [violation("a", "2026-01-07", 5), violation("b", "2026-01-12", 5)]
    assert periods(entries, schedule, "2026-01-13") == [("freeze", at("2026-01-12"), at("2026-01-19"))]
    more = [violation("a", "2026-01-07", 12), violation("b", "2026-01-12", 10)]
    assert periods(more, schedule, "2026-01-13") == [("close", at("2026-01-12"), None)]


def test_clean_days_can_take_a_part_of_an_item() -> None:
    """What is given back is no more than there was, and the rest expires with its item."""
    schedule = points_with("clean: {every: 10d, gives: 3, basis: A}")
    entries = [violation("a", "2026-01-01", 2), violation("b", "2026-01-02", 5)]
    assert values(entries, schedule, "2026-01-11", "2026-01-12", "2026-01-22", "2026-02-01") == [7, 4, 1, 0]
    late = [*entries, violation("c", "2026-02-05", 4)]
    assert values(late, schedule, "2026-02-05") == [4]


def test_what_a_training_took_away_lets_a_milestone_fire_again() -> None:
    """After the balance went back by training, the same milestone is passed anew."""
    schedule = schedule_of(POINTS + "training:\n  lesson: {removes: true, basis: A}\n")
    entries = [
        violation("a", "2026-01-01", 10),
        entry("t", "training", "2026-01-02", name="lesson", target="a"),
        violation("b", "2026-01-03", 10),
    ]
    found = periods(entries, schedule, "2026-01-04")
    assert [start for _, start, _ in found] == [at("2026-01-01"), at("2026-01-03")]
    assert values(entries, schedule, "2026-01-02", "2026-01-03") == [0, 10]


def test_a_training_counts_once_in_its_period() -> None:
    """The second within the period is refused, the next one after it is not."""
    schedule = schedule_of(POINTS + "training:\n  lesson: {removes: true, once_in: 10d, basis: A}\n")
    entries = [violation(name, "2026-01-01", 1) for name in ("a", "b", "c")]
    lessons = [
        entry(f"t{target}", "training", when, name="lesson", target=target)
        for target, when in (("a", "2026-01-02"), ("b", "2026-01-11"), ("c", "2026-01-12"))
    ]
    found = standing([*entries, *lessons], schedule, at("2026-01-13"))
    assert (found.refused, found.live) == ((("tb", "too_soon"),), ("b",))


def test_a_warning_before_a_milestone_is_given_once() -> None:
    """Who is in reach already is not warned again by the next violation in reach."""
    entries = [violation("a", "2026-01-01", 7), violation("b", "2026-01-02", 1)]
    for line in ("warns_before: 3", "warns_before: 3\n    merge: 1s"):
        (warning,) = standing(entries, points_with(line), at("2026-01-03")).warnings
        assert (warning.name, warning.at, warning.milestone) == ("near", at("2026-01-01"), 10 * UNIT)


def test_a_penalty_that_ends_with_the_points_needs_less_than_its_milestone() -> None:
    """At exactly the milestone the penalty still has its ground."""
    schedule = schedule_of("conventions: {expiry: ends}\n" + POINTS)
    entries = [violation("a", "2026-01-01", 5), violation("b", "2026-01-29", 10)]
    assert periods(entries, schedule, "2026-02-04") == [("freeze", at("2026-01-29"), at("2026-02-05"))]


STEPS = """\
at_once:
  - {when: {feature: post}, penalty: freeze, for: 1d, from_step: fixed, basis: A}
"""


def test_a_step_counts_from_its_first_time_and_never_before_the_violation() -> None:
    """Doing it again starts nothing anew; a step dated before the violation is none."""
    schedule = schedule_of(STEPS + POINTS)
    made = violation("a", "2026-01-05", 0, attributes={"feature": "post"})
    first = entry("s1", "step", "2026-01-06", name="fixed", target="a")
    again = entry("s2", "step", "2026-01-09", name="fixed", target="a")
    assert periods([made, again, first], schedule, "2026-01-10") == [("freeze", at("2026-01-06"), at("2026-01-07"))]
    early = entry("s0", "step", "2026-01-04", name="fixed", target="a")
    assert periods([made, early], schedule, "2026-01-10") == []


def test_a_missing_attribute_is_not_counted_per_its_values() -> None:
    """Unknown is no value: violations without a feature never add up in one."""
    text = POINTS.replace("kind: points", "kind: strikes\n    per: feature").replace("given: [0, 100]", "points: 1")
    schedule = schedule_of(text.replace("at: 10", "at: 2"))
    unknown = [violation(name, "2026-01-01") for name in ("a", "b", "c")]
    assert periods(unknown, schedule, "2026-01-02") == []
    known = [violation(name, "2026-01-01", attributes={"feature": "live"}) for name in ("a", "b")]
    assert [name for name, _, _ in periods(known, schedule, "2026-01-02")] == ["freeze"]


def test_content_that_is_exactly_old_enough_still_counts() -> None:
    """The last instant of an age is within it."""
    text = POINTS.replace("{given: [0, 100]", "{when: {content_within: 90d}, given: [0, 100]")
    schedule = schedule_of(text)
    made = at("2026-06-01")
    day = 86_400_000_000
    young = violation("a", "2026-06-01", 4, content_at=made - 90 * day)
    old = violation("a", "2026-06-01", 4, content_at=made - 90 * day - 1)
    assert values([young], schedule, "2026-06-01") == [4]
    assert values([old], schedule, "2026-06-01") == [0]
    assert values([replace(old, id="b"), young], schedule, "2026-06-01") == [4]


def test_what_expired_is_no_longer_told() -> None:
    """The items and the record hold what counts, nothing else."""
    entries = [violation("a", "2026-01-01", 4), violation("b", "2026-01-20", 4)]
    found = standing(entries, schedule_of(POINTS), at("2026-01-31"))
    balance = found.balance("points")
    assert balance is not None and [(i.entry, i.until) for i in balance.items] == [("b", at("2026-02-19"))]
    assert (found.live, found.next_expiry) == (("b",), at("2026-02-19"))


def test_a_migration_takes_in_entries_of_its_own_instant() -> None:
    """What is entered at the instant of a migration falls under it."""
    text = POINTS.replace("lives: 30d", "lives: [{value: 30d, basis: A}, {value: 60d, from: 2026-03-01, basis: A}]")
    entries = [
        violation("a", "2026-02-20", 4),
        entry("m", "migration", "2026-02-20", given_under=at("2026-03-01"), order=1),
    ]
    assert values(entries, schedule_of(text), "2026-03-25") == [4]


def test_what_was_served_ends_with_the_penalty() -> None:
    """A penalty that was over before its reversal was served to its end, and no longer."""
    entries = [violation("a", "2026-01-01", 10), entry("r", "reversal", "2026-01-20", target="a")]
    (vacated,) = standing(entries, schedule_of(POINTS), at("2026-01-20")).vacated
    assert vacated.served_us == 7 * 86_400_000_000


def test_a_group_keeps_the_record_of_each_of_its_members() -> None:
    """A violation that counted with another stays on record as long as the group counts."""
    text = POINTS.replace("lives: 30d", "lives: {by_severity: {low: 10d, high: 40d}}\n    merge: 2d")
    entries = [
        violation("a", "2026-01-01", 4, severity="high"),
        violation("b", "2026-01-02", 4, severity="low"),
    ]
    found = standing(entries, schedule_of(text), at("2026-01-20"))
    assert (found.live, found.value("points")) == (("a", "b"), 4)
    milder_first = [replace(one, severity=word) for one, word in zip(entries, ("low", "high"), strict=True)]
    found = standing(milder_first, schedule_of(text), at("2026-01-20"))
    assert (found.live, found.value("points")) == (("a", "b"), 4)


PAID = """\
payouts:
  sales: {of: earned, on: {day: 15}, at_least: 50, basis: A}
"""


def test_what_is_earned_on_the_day_of_payment_is_paid_that_day() -> None:
    """The day of payment pays what is there at that instant."""
    schedule = schedule_of(PAID + POINTS)
    entries = [
        entry("a", "measure", "2026-01-20", values={"earned": 30 * UNIT}),
        entry("b", "measure", "2026-02-15", values={"earned": 20 * UNIT}),
        entry("c", "measure", "2026-02-16", values={"earned": 1 * UNIT}),
    ]
    paid = [standing(entries, schedule, at(day)).payouts[0] for day in ("2026-02-14", "2026-02-15", "2026-02-16")]
    assert [(p.paid // UNIT, p.balance // UNIT) for p in paid] == [(0, 30), (50, 0), (50, 1)]
    rich = [replace(entries[0], values={"earned": 60 * UNIT}), *entries[1:]]
    assert standing(rich, schedule, at("2026-02-16")).payouts[0].paid == 80 * UNIT


def test_where_penalties_meet_the_strictest_counts() -> None:
    """What one penalty leaves, another may take."""
    head = HEAD.replace("scopes: [account], stacking", "scopes: [sell], stacking").replace(
        "scopes: [sell], basis", "scopes: {sell: limited}, basis"
    )
    schedule = schedule_of("conventions: {several_milestones: all}\n" + POINTS, head)
    limited = standing([violation("a", "2026-01-01", 10)], schedule, at("2026-01-01"))
    both = standing([violation("a", "2026-01-01", 20)], schedule, at("2026-01-01"))
    assert limited.restrictions == {"sell": "limited"}
    assert (len(both.penalties), both.restrictions) == (2, {"sell": "none"})


def test_needs_are_inclusive_except_above() -> None:
    """At most and at least take the limit in, above does not."""
    text = POINTS + (
        "training:\n  lesson: {needs: {errors: {most: 2}, score: {least: 80}, tries: {above: 0}}, basis: A}\n"
    )
    schedule = schedule_of(text, HEAD)

    def refused(**said: int) -> bool:
        values = {name: number * UNIT for name, number in said.items()}
        lesson = entry("t", "training", "2026-01-01", name="lesson", values=values)
        return bool(standing([lesson], schedule, at("2026-01-02")).refused)

    assert not refused(errors=2, score=80, tries=1)
    assert refused(errors=3, score=80, tries=1)
    assert refused(errors=2, score=79, tries=1)
    assert refused(errors=2, score=80, tries=0)
    assert refused(errors=2, score=80)


def test_penalties_toward_different_accounts_do_not_stack() -> None:
    """What holds toward one account neither absorbs nor extends what holds toward another, or toward all."""
    head = HEAD.replace("attributes: [feature]", "attributes: [feature, from]").replace(
        "scopes: [sell], basis", "scopes: [sell], stacking: absorb, basis"
    )
    lines = "at_once:\n  - {when: {feature: dm}, penalty: freeze, for: 7d, toward: from, basis: A}\n"
    schedule = schedule_of(lines + "  - {when: {feature: all}, penalty: freeze, for: 5d, basis: A}\n" + POINTS, head)

    def made(name: str, day: str, **words: str) -> Entry:
        return violation(name, day, 0, attributes=words)

    entries = [
        made("a", "2026-01-01", feature="dm", **{"from": "x"}),
        made("b", "2026-01-01", feature="dm", **{"from": "y"}),
        made("c", "2026-01-01", feature="dm", **{"from": "x"}),
        made("d", "2026-01-01", feature="all"),
        made("e", "2026-01-01", feature="all"),
    ]
    found = standing(entries, schedule, at("2026-01-02"))
    assert sorted(p.toward for p in found.penalties) == ["", "x", "y"]


def test_every_strike_names_the_milestone_that_it_stands_on() -> None:
    """Where each violation takes a step, the reason is the step reached; a warning before the next is given once."""
    text = POINTS.replace("kind: points", "kind: strikes\n    warns_before: 2").replace("given: [0, 100]", "points: 1")
    schedule = schedule_of(text.replace("at: 10", "at: 3").replace("at: 20", "at: 6"))
    entries = [violation(str(n), f"2026-01-0{n}") for n in range(1, 5)]
    near = [w for w in standing(entries[:2], schedule, at("2026-01-02")).warnings if w.name == "near"]
    assert [(w.at, w.milestone) for w in near] == [(at("2026-01-01"), 3 * UNIT)]
    causes = [p.cause for p in standing(entries, schedule, at("2026-01-04")).penalties]
    assert [(c.milestone, c.value, c.step) for c in causes] == [(3 * UNIT, 3 * UNIT, "1"), (3 * UNIT, 4 * UNIT, "1")]


def test_the_severest_of_milestones_and_multiples_is_the_highest() -> None:
    """One entry that passes a milestone and multiples below it brings what the milestone brings."""
    ladder = "{at: 12, penalty: close, for: forever, basis: A}\n      - {every: 5, penalty: freeze, for: 7d, basis: A}"
    head, _, _ = POINTS.partition("      - {at: 10")
    schedule = schedule_of(f"{head}      - {ladder}\n")
    assert [name for name, _, _ in periods([violation("a", "2026-01-01", 13)], schedule, "2026-01-02")] == ["close"]
    twice = [violation("a", "2026-01-01", 13), violation("b", "2026-01-02", 2), violation("c", "2026-02-10", 5)]
    assert [name for name, _, _ in periods(twice, schedule, "2026-02-11")] == ["close", "freeze", "freeze"]


def test_a_step_at_the_very_instant_of_the_violation_counts() -> None:
    """What the account does at once starts its penalty at once."""
    schedule = schedule_of(STEPS + POINTS)
    made = violation("a", "2026-01-05", 0, attributes={"feature": "post"})
    step = entry("s1", "step", "2026-01-05", name="fixed", target="a", order=1)
    assert periods([made, step], schedule, "2026-01-10") == [("freeze", at("2026-01-05"), at("2026-01-06"))]


def test_a_penalty_ends_what_starts_at_the_same_instant() -> None:
    """Where one entry brings both, the one that ends the other leaves nothing of it."""
    head = HEAD.replace("stacking: absorb, reaches", "stacking: absorb, ends: freeze, reaches")
    schedule = schedule_of("conventions: {several_milestones: all}\n" + POINTS, head)
    found = standing([violation("a", "2026-01-01", 20)], schedule, at("2026-01-02"))
    assert [p.name for p in found.penalties] == ["close"]
