"""What the engine does with a stream of events, told as stories; then what its snapshots promise."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.amounts import examples
from tests.base_pack import EVENTS, PACK
from zelo.base.errors import InvalidInput
from zelo.base.source import Report
from zelo.decide.decision import Decision
from zelo.decide.logic import Engine
from zelo.policy.load_pack import load_pack
from zelo.policy.pack import Pack

FEATURES = """\
features:
  listings_24h:
    {title: {en: Listings, pt-BR: Anúncios}, aggregate: count, of: listing.created, by: actor, window: 24h}
"""
POLICY = """\
policy: story
title: {en: Story, pt-BR: História}
text: {en: A story., pt-BR: Uma história.}
violation: spam
grounds: {BR: [contract]}
rules:
"""


def pack_of(rules: str, limits: str = "") -> Pack:
    """Return the base pack's events with these rules only; warnings do not matter here."""
    report = Report()
    indented = "\n".join("  " + line for line in rules.strip("\n").splitlines())
    files: Mapping[str, bytes] = {
        "pack.yaml": (PACK + limits).encode(),
        "events.yaml": EVENTS.encode(),
        "features.yaml": FEATURES.encode(),
        "policies/story.yaml": (POLICY + indented + "\n").encode(),
    }
    pack = load_pack(files, report)
    assert pack is not None and not report.has_errors, report.diagnostics
    return pack


def listing(number: int, at: str = "2026-01-01T12:00:00Z", seller: str = "s1", **fields: object) -> bytes:
    """Return a listing by a seller as JSON."""
    values = {"id": f"e{number}", "kind": "listing.created", "occurred_at": at, "listing_id": f"l{number}"}
    values["price"] = 9.0
    return json.dumps({**values, "seller": {"id": seller}, **fields}).encode()


def asked(decision: Decision) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return the effects in short: kind, entity, rules."""
    return [(effect.kind, effect.entity, effect.rules) for effect in decision.effects]


LABELS = """
- {rule: reader, on: listing.created, when: '"new" in actor.labels', then: [{open_case: {queue: labels}}]}
- {rule: marker, on: listing.created, when: event.price < 10.0, then: [{add_label: {label: new, for: 2h}}]}
- {rule: cleaner, on: listing.created, when: event.sponsored, then: [{remove_label: new}]}
"""


def test_a_rule_sees_the_labels_that_rules_below_it_set_on_the_same_event() -> None:
    """`reader` stands first in the pack and is still tried after `marker`; what fired is told in pack order."""
    assert Engine(pack_of(LABELS)).decide_json(listing(1)).fired == ("reader", "marker")


def test_a_removal_outweighs_an_addition_of_the_same_event() -> None:
    """Both fire; the label is neither seen by the reader nor kept."""
    engine = Engine(pack_of(LABELS))
    assert engine.decide_json(listing(1, sponsored=True)).fired == ("marker", "cleaner")
    assert engine.decide_json(listing(2, price=20.0)).fired == ()


def test_a_label_ends_at_its_expiry_and_not_before() -> None:
    """Set at noon for two hours: in force a millisecond before two, over at two."""
    engine = Engine(pack_of(LABELS))
    engine.decide_json(listing(1))
    assert engine.decide_json(listing(2, "2026-01-01T13:59:59.999Z", price=20.0)).fired == ("reader",)
    assert engine.decide_json(listing(3, "2026-01-01T14:00:00Z", price=20.0)).fired == ()


def test_a_missing_field_leaves_a_rule_undetermined_unless_it_is_false_anyway() -> None:
    """`cleaner` asks for a field that is absent; nothing fires on it and it is on record."""
    rules = """
- {rule: open, on: listing.created, when: event.quantity > 3, then: [{open_case: {queue: q}}]}
- {rule: settled, on: listing.created, when: event.quantity > 3 && event.price > 100.0, then: [{open_case: {queue: q}}]}
- {rule: either, on: listing.created, when: event.quantity > 3 || event.price < 100.0, then: [{open_case: {queue: q}}]}
"""
    decision = Engine(pack_of(rules)).decide_json(listing(1))
    assert (decision.fired, decision.undetermined) == (("either",), ("open",))


TWICE = """
- {rule: one, on: listing.created, when: event.price < 10.0,
   then: [{open_case: {queue: q, priority: "3"}}, {demote: 0.5}]}
- {rule: two, on: listing.created, when: event.price < 20.0,
   then: [{open_case: {queue: q, priority: event.quantity * 2}}, {charge: {violation: spam, severity: high}}]}
- {rule: three, on: listing.created, when: event.sponsored, then: [{remove_content: fake}, {charge: spam}]}
"""


def test_the_same_request_of_two_rules_is_one_effect_with_the_stronger_values() -> None:
    """Two rules open a case in one queue: one case, both named, with the higher priority."""
    decision = Engine(pack_of(TWICE)).decide_json(listing(1, quantity=4))
    assert asked(decision) == [
        ("open_case", "l1", ("one", "two")),
        ("demote", "l1", ("one",)),
        ("charge", "s1", ("two",)),
    ]
    assert decision.effects[0].parameters == {"queue": "q", "priority": 8}


def test_a_computed_value_that_is_missing_leaves_the_default() -> None:
    """The priority of `two` needs a quantity; without one its request carries priority 0."""
    decision = Engine(pack_of(TWICE)).decide_json(listing(1, price=15.0))
    assert decision.effects[0].parameters == {"queue": "q", "priority": 0}


def test_a_removal_makes_a_demotion_superfluous_and_says_so() -> None:
    """The demotion is held back as superseded; the charge of two rules is one, at the higher severity."""
    decision = Engine(pack_of(TWICE)).decide_json(listing(1, sponsored=True))
    assert [(held.effect.kind, held.reason) for held in decision.held] == [("demote", "superseded")]
    charge = next(effect for effect in decision.effects if effect.kind == "charge")
    assert (charge.rules, charge.parameters["severity"]) == (("two", "three"), "high")


BROKEN = """
- {rule: strong, on: listing.created, when: event.price > 1.0, then: [{remove_content: {}}]}
- {rule: weak, on: listing.created, when: event.price > 0.0, then: [{demote: {factor: 0.5}}]}
"""


def test_a_tripped_circuit_breaker_leaves_the_milder_effect_in_force() -> None:
    """The second removal of a day is past the limit of one: held, and the demotion that it would outweigh stands."""
    engine = Engine(pack_of(BROKEN, limits="daily_limits: {remove_content: 1}\n"))
    first, second = (engine.decide_json(listing(number)) for number in (1, 2))
    assert [effect.kind for effect in first.effects] == ["remove_content"]
    assert [effect.kind for effect in second.effects] == ["demote"]
    assert [(held.effect.kind, held.reason) for held in second.held] == [("remove_content", "daily_limit")]


LIMITED = """
- {rule: first, on: listing.created, when: event.price < 10.0, then: [{open_case: {queue: a}}], daily_limit: 1}
- {rule: second, on: listing.created, when: event.price < 20.0, then: [{open_case: {queue: b}}]}
"""


def test_limits_hold_back_what_is_past_them_and_keep_it_on_record() -> None:
    """A rule's limit of one and the pack's limit of three cases a day."""
    engine = Engine(pack_of(LIMITED, "daily_limits: {open_case: 3}\n"))
    first, second, third = (engine.decide_json(listing(number)) for number in (1, 2, 3))
    assert [effect.parameters["queue"] for effect in first.effects] == ["a", "b"]
    assert ([e.parameters["queue"] for e in second.effects], second.held[0].reason) == (["b"], "rule_limit")
    assert (third.effects, [held.reason for held in third.held]) == ((), ["rule_limit", "daily_limit"])


def test_a_day_of_limits_is_a_day_of_the_packs_time_zone() -> None:
    """In São Paulo the day of 1 January ends at 03:00 UTC on the 2nd."""
    engine = Engine(pack_of(LIMITED, "daily_limits: {open_case: 1}\n"))
    times = ("2026-01-01T03:00:00Z", "2026-01-02T02:59:59.999Z", "2026-01-02T03:00:00Z")
    effects = [len(engine.decide_json(listing(n, at, price=15.0)).effects) for n, at in enumerate(times)]
    assert effects == [1, 0, 1]


def test_an_effect_about_an_entity_that_is_missing_is_held_not_lost() -> None:
    """The event names no device, and the rule asks for a label on it."""
    rules = "- {rule: r, on: listing.created, when: 'true', then: [{add_label: {label: seen, on: device}}]}"
    decision = Engine(pack_of(rules)).decide_json(listing(1))
    assert (decision.effects, [held.reason for held in decision.held]) == ((), ["no_entity"])


WINDOWED = """
- {rule: third_listing, on: listing.created, when: features.listings_24h >= 2, then: [{open_case: {queue: q}}]}
"""


def test_late_and_simultaneous_events_count_from_when_they_came() -> None:
    """A late event is not before its time's neighbours but after what came before it; ties keep their order."""
    engine = Engine(pack_of(WINDOWED))
    times = ("2026-01-01T12:00:00Z", "2026-01-01T12:00:00Z", "2026-01-01T09:00:00Z", "2026-01-02T12:00:00Z")
    decisions = [engine.decide_json(listing(number, at)) for number, at in enumerate(times)]
    assert [decision.features["listings_24h"] for decision in decisions] == [0, 1, 2, 3]
    assert [decision.fired for decision in decisions] == [(), (), ("third_listing",), ("third_listing",)]


def test_an_event_that_is_refused_changes_nothing() -> None:
    """Not its window, not the order."""
    engine = Engine(pack_of(WINDOWED))
    engine.decide_json(listing(1))
    before = engine.snapshot()
    for bad in (b"{", listing(2, price="nine"), listing(3, "2027-01-01T00:00:00Z")):
        with pytest.raises(InvalidInput):
            engine.decide_json(bad, now_us=1_767_268_800_000_000)
    assert engine.snapshot() == before


STREAM = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from("st"), st.sampled_from([5.0, 15.0]), st.none() | st.booleans()),
    max_size=30,
)
EVERYTHING = LABELS + LIMITED + WINDOWED
_Event = tuple[int, str, float, bool | None]
"""Hour, seller, price and whether it is sponsored."""


def _lines(stream: list[_Event]) -> list[bytes]:
    """Return listings as JSON."""
    return [
        listing(number, f"2026-01-0{1 + hour // 20}T{hour % 20:02}:00:00Z", seller, price=price, sponsored=sponsored)
        for number, (hour, seller, price, sponsored) in enumerate(stream)
    ]


@settings(max_examples=examples(25))
@given(STREAM, st.integers(0, 30))
def test_an_engine_restored_in_the_middle_goes_on_as_if_nothing_had_happened(stream: list[_Event], middle: int) -> None:
    """Windows, labels, limits and order all survive a snapshot."""
    pack = pack_of(EVERYTHING, "daily_limits: {open_case: 4}\n")
    lines = _lines(stream)
    straight, halting = Engine(pack), Engine(pack)
    expected = [straight.decide_json(line) for line in lines]
    found = [halting.decide_json(line) for line in lines[:middle]]
    halting = Engine.restore(pack, halting.snapshot())
    found += [halting.decide_json(line) for line in lines[middle:]]
    assert found == expected
    later = [listing(100 + hour, f"2026-01-03T{hour:02}:00:00Z", "st"[hour % 2], price=5.0) for hour in range(8)]
    assert [halting.decide_json(line) for line in later] == [straight.decide_json(line) for line in later]


@settings(max_examples=examples(25))
@given(STREAM, STREAM)
def test_an_engine_that_forgets_is_as_new(before: list[_Event], after: list[_Event]) -> None:
    """Whatever it has decided, it then decides like one that has just been made, fixed features included."""
    pack = pack_of(EVERYTHING, "daily_limits: {open_case: 4}\n")
    fixed: dict[str, object] = {"listings_24h": 1}
    used = Engine(pack, fixed=fixed)
    for line in _lines(before):
        used.decide_json(line)
    used.forget()
    fixed.clear()
    fresh = Engine(pack)
    assert used.snapshot() == fresh.snapshot()
    assert [used.decide_json(line) for line in _lines(after)] == [fresh.decide_json(line) for line in _lines(after)]
    assert used.snapshot() == fresh.snapshot()


def test_a_snapshot_of_another_pack_or_of_nothing_is_refused() -> None:
    """With words that say which, and what to do."""
    saved = Engine(pack_of(WINDOWED)).snapshot()
    with pytest.raises(InvalidInput, match="pack version"):
        Engine.restore(pack_of(LIMITED), saved)
    with pytest.raises(InvalidInput, match="cannot be read"):
        Engine.restore(pack_of(WINDOWED), b"\xc1 nonsense")


def test_explaining_an_event_decides_nothing_and_agrees_with_the_decision() -> None:
    """Each rule's outcome in the trace is the one in the decision that follows."""
    engine = Engine(pack_of(EVERYTHING))
    engine.decide_json(listing(1))
    event = engine.decoder.decode_json(listing(2))
    key = engine.sequencer.last_order_key + 1
    before = engine.snapshot()
    explained = engine.explain(event, key)
    assert engine.snapshot() == before
    decision = engine.decide(event, key)
    assert explained.decision == decision
    assert tuple(rule.rule for rule in explained.rules if rule.outcome == "fired") == decision.fired
    assert tuple(rule.rule for rule in explained.rules if rule.outcome == "undetermined") == decision.undetermined
    assert explained.labels["actor"] == frozenset({"new"})
