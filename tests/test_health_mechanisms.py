"""Each mechanism of the schedule language, in a story of its own."""

from __future__ import annotations

from tests.health_stories import HEAD, POINTS, at, entry, schedule_of, violation
from zelo.health.lean import LeanSchedule
from zelo.health.links import groups, standings
from zelo.health.logic import next_step, standing
from zelo.policy.schedules.values import Schedule


def periods(entries: list[object], schedule: Schedule, as_of: str) -> list[tuple[str, int, int | None]]:
    """Return every penalty so far."""
    found = standing(entries, schedule, at(as_of))  # type: ignore[arg-type]
    return sorted((p.name, p.start, p.until) for p in (*found.penalties, *found.past))


def with_conventions(text: str) -> Schedule:
    """Return the usual schedule with a convention switched."""
    return schedule_of(f"conventions: {{{text}}}\n" + POINTS)


TWO = [violation("a", "2026-01-01", 10), violation("b", "2026-02-10", 10)]


def test_a1_several_milestones() -> None:
    """One entry that passes two milestones brings the severest, or all."""
    jump = [violation("a", "2026-01-01", 25)]
    assert [name for name, _, _ in periods(jump, schedule_of(POINTS), "2026-01-02")] == ["close"]
    every = with_conventions("several_milestones: all")
    assert [name for name, _, _ in periods(jump, every, "2026-01-02")] == ["close", "freeze"]


def test_a2_a_milestone_again() -> None:
    """A milestone passed again after expiry fires again, or only once."""
    assert len(periods(TWO, schedule_of(POINTS), "2026-02-11")) == 2
    assert len(periods(TWO, with_conventions("milestone_again: once"), "2026-02-11")) == 1


def test_a3_expiry_during_a_penalty() -> None:
    """Points that expire leave a running penalty alone, or end it."""
    entries = [violation("a", "2026-01-01", 5), violation("b", "2026-01-29", 5)]
    assert periods(entries, schedule_of(POINTS), "2026-02-10") == [("freeze", at("2026-01-29"), at("2026-02-05"))]
    ends = with_conventions("expiry: ends")
    assert periods(entries, ends, "2026-02-10") == [("freeze", at("2026-01-29"), at("2026-01-31"))]


def test_a4_an_appeal_that_was_won() -> None:
    """History is recomputed and served time stays on record, or only the points go."""
    entries = [
        violation("a", "2026-01-01", 6),
        violation("b", "2026-01-02", 6),
        entry("r", "reversal", "2026-01-04", target="a"),
    ]
    found = standing(entries, schedule_of(POINTS), at("2026-01-04"))
    assert (found.penalties, found.past) == ((), ())
    assert [(v.penalty.name, v.by, v.served_us) for v in found.vacated] == [("freeze", "r", 2 * 86_400_000_000)]
    assert found.vacated[0].penalty.cause.entries == ("a", "b")
    only = standing(entries, with_conventions("appeal_granted: points_only"), at("2026-01-04"))
    assert [p.name for p in only.penalties] == ["freeze"]
    assert (only.value("points"), only.vacated) == (6, ())


def test_a5_an_appeal_that_waits() -> None:
    """Its penalty goes on, or waits and then runs for what is left of it."""
    entries = [
        violation("a", "2026-01-01", 10),
        entry("p", "appeal", "2026-01-03", target="a"),
        entry("d", "denial", "2026-01-08", target="a"),
    ]
    runs, pauses = schedule_of(POINTS), with_conventions("appeal_pending: pauses")
    assert len(standing(entries, runs, at("2026-01-05")).penalties) == 1
    assert standing(entries, pauses, at("2026-01-05")).penalties == ()
    assert [p.until for p in standing(entries, pauses, at("2026-01-09")).penalties] == [at("2026-01-13")]


def test_a_reversal_can_turn_a_second_offence_into_a_first() -> None:
    """Penalties that only now come about are in force as if it had always been so."""
    entries = [
        violation("a", "2026-01-01", 10),
        violation("b", "2026-01-05", 10),
        entry("r", "reversal", "2026-01-06", target="a"),
    ]
    found = standing(entries, schedule_of(POINTS), at("2026-01-06"))
    assert [(p.name, p.start) for p in found.penalties] == [("freeze", at("2026-01-05"))]
    assert [v.penalty.name for v in found.vacated] == ["freeze", "close"]


DATED = POINTS.replace("lives: 30d", "lives: [{value: 30d, basis: A}, {value: 60d, from: 2026-03-01, basis: A}]")


def test_an_entry_keeps_the_values_it_was_given_under() -> None:
    """A successor holds for entries from its date on; older ones keep what held for them."""
    schedule = schedule_of(DATED)
    entries = [violation("a", "2026-02-20", 4), violation("b", "2026-03-01", 4)]
    assert standing(entries, schedule, at("2026-03-22")).value("points") == 4
    assert standing(entries, schedule, at("2026-04-29")).value("points") == 4
    assert standing(entries, schedule, at("2026-04-30")).value("points") == 0


def test_a_migration_brings_old_entries_under_new_values() -> None:
    """Only an explicit migration does so, from its own instant on."""
    schedule = schedule_of(DATED)
    entries = [
        violation("a", "2026-02-20", 4),
        entry("m", "migration", "2026-03-10", given_under=at("2026-03-01")),
    ]
    assert standing(entries[:1], schedule, at("2026-03-25")).value("points") == 0
    assert standing(entries, schedule, at("2026-03-25")).value("points") == 4


CLEAN = POINTS.replace(
    "    basis: A\n    counts", "    clean: {every: 10d, gives: 3, basis: A}\n    basis: A\n    counts"
)


def test_clean_days_give_points_back() -> None:
    """Each stretch without a violation takes points off what would expire next, never below nothing."""
    schedule = schedule_of(CLEAN)
    entries = [violation("a", "2026-01-01", 5)]
    values = [standing(entries, schedule, at(f"2026-01-{day}")).value("points") for day in ("10", "11", "20", "21")]
    assert values == [5, 2, 2, 0]
    again = [*entries, violation("b", "2026-01-09", 1)]
    assert standing(again, schedule, at("2026-01-18")).value("points") == 6
    assert standing(again, schedule, at("2026-01-19")).value("points") == 3


TIERS = (
    POINTS
    + """\
tiers:
  lost_after: 5d
  regained_after: 20d
  ladder:
    - {tier: base, title: {en: Base, pt-BR: Base}, needs: [{need: followers, least: 0, basis: A}], basis: A}
    - tier: gold
      title: {en: Gold, pt-BR: Ouro}
      needs:
        - {need: followers, least: 1000, basis: A}
        - {need: points, most: 5, basis: A}
        - {need: clean_days, least: 3, basis: A}
      perks: [early_access]
      basis: A
"""
)


def facts(name: str, when: str, followers: int) -> object:
    """Return a count of followers."""
    return entry(name, "measure", when, values={"followers": followers * 1_000_000})


def test_tiers_are_won_lost_after_a_grace_and_regained_after_a_rest() -> None:
    """A short dip loses nothing; after a loss the tier does not flap back."""
    schedule = schedule_of(TIERS)

    def tier(when: str, *entries: object) -> str:
        return standing(list(entries), schedule, at(when)).tier  # type: ignore[arg-type]

    rich = facts("f1", "2026-01-01", 2000)
    assert tier("2026-01-02", rich) == "gold"
    assert standing([rich], schedule, at("2026-01-02")).perks == ("early_access",)  # type: ignore[list-item]
    dip = facts("f2", "2026-01-10", 900)
    assert tier("2026-01-14", rich, dip) == "gold"
    assert tier("2026-01-15", rich, dip) == "base"
    assert tier("2026-01-14", rich, dip, facts("f3", "2026-01-12", 1100)) == "gold"
    back = facts("f3", "2026-01-20", 5000)
    assert tier("2026-02-03", rich, dip, back) == "base"
    assert tier("2026-02-04", rich, dip, back) == "gold"


def test_a_violation_costs_the_tier_until_enough_clean_days() -> None:
    """Clean days and points are conditions like any other; a violation taken back never counted."""
    schedule = schedule_of(TIERS.replace("  lost_after: 5d\n  regained_after: 20d\n", ""))
    entries = [facts("f", "2026-01-01", 2000), violation("v", "2026-01-10", 2)]
    tiers = [standing(entries, schedule, at(f"2026-01-{day}")).tier for day in ("09", "10", "12", "13")]  # type: ignore[arg-type]
    assert tiers == ["gold", "base", "base", "gold"]
    reversal = entry("r", "reversal", "2026-01-11", target="v")
    assert standing([*entries, reversal], schedule, at("2026-01-11")).tier == "gold"  # type: ignore[list-item]


STACKED = HEAD.replace("scopes: [sell], basis: A}", "scopes: [sell], stacking: {}, basis: A}}")


def test_stacking() -> None:
    """A penalty beside itself runs twice, is absorbed, extends, or replaces."""
    text = POINTS.replace("at: 10, penalty: freeze", "every: 10, penalty: freeze").replace("at: 20", "at: 90")
    entries = [violation("a", "2026-01-01", 10), violation("b", "2026-01-03", 10)]
    day = {n: at(f"2026-01-{n:02}") for n in (1, 3, 8, 10, 15)}
    expected = {
        "beside": [(day[1], day[8]), (day[3], day[10])],
        "absorb": [(day[1], day[8]), (day[3], day[10])],
        "extend": [(day[1], day[8]), (day[8], day[15])],
        "replace": [(day[1], day[3]), (day[3], day[10])],
    }
    for stacking, wanted in expected.items():
        head = HEAD.replace("scopes: [sell], basis", f"scopes: [sell], stacking: {stacking}, basis")
        found = periods(list(entries), schedule_of(text, head), "2026-01-20")
        assert [(start, end) for _, start, end in found] == wanted


def test_an_absorbed_penalty_would_have_ended_no_later() -> None:
    """A penalty without end takes up every later one of its name."""
    schedule = schedule_of(POINTS.replace("at: 20", "every: 20"))
    entries = [violation(name, "2026-01-01", 20) for name in ("a", "b")]
    assert len([p for p in periods(list(entries), schedule, "2026-01-02") if p[0] == "close"]) == 1


def test_linked_accounts_are_groups_and_circles_are_no_loops() -> None:
    """A link holds both ways and through others; a circle, or a link to itself, is one group."""
    circle = groups([("a", "b"), ("b", "c"), ("c", "a"), ("d", "d"), ("e", "f")])
    assert circle["a"] == circle["c"] == {"a", "b", "c"}
    assert circle["d"] == {"d"} and circle["f"] == {"e", "f"}


def test_a_penalty_reaches_linked_accounts_and_their_violations_may_count() -> None:
    """What reaches linked accounts holds for each of them; violations count together only where it is said."""
    ledgers = {"a": [violation("x", "2026-01-01", 12)], "b": [violation("y", "2026-01-02", 9)], "c": []}
    apart, counts = schedule_of(POINTS), schedule_of("linked: counts\n" + POINTS)
    links = [("a", "b"), ("b", "a")]
    alone = standings(ledgers, links, LeanSchedule(apart), at("2026-01-03"))
    assert alone["b"].value("points") == 9 and alone["b"].penalties == ()
    together = standings(ledgers, links, LeanSchedule(counts), at("2026-01-03"))
    assert together["b"].value("points") == 21
    assert "close" in {p.name for p in together["b"].penalties}
    reaching = {**ledgers, "a": [violation("x", "2026-01-01", 25)]}
    found = standings(reaching, links, LeanSchedule(apart), at("2026-01-03"))
    assert [p.name for p in found["b"].penalties] == ["close"]
    assert found["b"].restrictions == {"account": "none"}
    assert found["c"].penalties == ()


def test_the_chain_of_reasons_names_what_counted() -> None:
    """A penalty leads to its step, its balance and every entry that counted."""
    entries = [violation("a", "2026-01-01", 4), violation("b", "2026-01-05", 4), violation("c", "2026-02-01", 7)]
    (penalty,) = standing(entries, schedule_of(POINTS), at("2026-02-01")).penalties
    cause = penalty.cause
    assert (cause.track, cause.step, cause.milestone, cause.value) == ("points", "1", 10_000_000, 11_000_000)
    assert cause.entries == ("b", "c")


def test_the_next_violation_is_foretold() -> None:
    """What would happen next is what the ladder says of one more."""
    text = POINTS.replace("given: [0, 100]", "by_severity: {low: 2, high: 12}")
    entries = [violation("a", "2026-01-01", severity="high")]
    schedule = schedule_of(text)
    assert next_step(entries, schedule, at("2026-01-02"), severity="low").penalties == ()
    step = next_step(entries, schedule, at("2026-01-02"), severity="high")
    assert [p.name for p in step.penalties] == ["close"]
    assert step.values == {"points": 24_000_000}


def test_one_more_violation_can_bring_a_milestone_forward_and_so_past() -> None:
    """Where milestones fire when they are passed, an earlier violation can move a penalty to an earlier time."""
    late = [violation("b", "2026-01-05", 6), violation("c", "2026-01-20", 6)]
    earlier = [violation("a", "2026-01-04", 6), *late]
    schedule = schedule_of(POINTS)
    assert [p.name for p in standing(late, schedule, at("2026-01-21")).penalties] == ["freeze"]
    assert standing(earlier, schedule, at("2026-01-21")).penalties == ()
    assert [p.name for p in standing(earlier, schedule, at("2026-01-06")).penalties] == ["freeze"]
