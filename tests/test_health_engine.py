"""Account health in the engine: charges become entries, conditions read the standing, strata put them in order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.amounts import examples
from tests.base_pack import FILES, PACK
from zelo.base.source import Report
from zelo.decide.logic import Engine
from zelo.health.lean import LeanSchedule
from zelo.health.ledger import Entry
from zelo.health.live import Asked, standing_after
from zelo.health.logic import standing
from zelo.policy.load_pack import load_pack
from zelo.policy.pack import Pack

SCHEDULE = """\
schedule: sellers
title: {en: Sellers, pt-BR: Vendedores}
severities: [low, medium, high]
violations: [counterfeit, spam]
penalties:
  frozen: {title: {en: Frozen, pt-BR: Congelada}, scopes: [sell], basis: A}
tiers:
  ladder:
    - {tier: clean, title: {en: Clean, pt-BR: Limpa}, needs: [{need: few, about: points, most: 3, basis: A}], basis: A}
tracks:
  points:
    title: {en: Points, pt-BR: Pontos}
    kind: points
    lives: 30d
    basis: A
    counts: [{by_severity: {low: 1, medium: 2, high: 4}, basis: A}]
    ladder: [{at: 6, penalty: frozen, for: 7d, basis: A}]
"""
POLICY = """\
policy: watch
title: {en: Watch, pt-BR: Vigiar}
text: {en: Text., pt-BR: Texto.}
violation: spam
grounds: {BR: [contract]}
rules:
  - rule: seen_before
    on: listing.created
    when: actor.points >= 4.0 && actor.violations(duration("720h")) >= 2
    then: [{add_label: repeats}]
  - rule: is_frozen
    on: listing.created
    when: '"frozen" in actor.penalties'
    then: [{hold_publication: 24h}]
  - rule: is_clean
    on: listing.created
    when: actor.tier == "clean"
    then: [{add_label: trusted}]
  - rule: spams
    on: listing.created
    when: event.price < 1.0
    then: [{charge: {violation: spam, severity: medium}}]
  - rule: spams_badly
    on: listing.created
    when: event.price < 0.5
    then: [{charge: {violation: spam, severity: high}}]
"""


def pack_of(policy: str = POLICY, schedule: str = SCHEDULE, head: str = "governs: {account: sellers}\n") -> Pack:
    """Return the base pack with a schedule and a policy of its own."""
    files: dict[str, bytes] = {
        **FILES,
        "pack.yaml": (PACK + head).encode(),
        "schedules/sellers.yaml": schedule.encode(),
        "policies/watch.yaml": policy.encode(),
    }
    report = Report()
    found = load_pack(files, report)
    assert found is not None, [(d.code, d.span.line, d.params) for d in report.diagnostics if d.is_error]
    return found


PACK_WITH_HEALTH = pack_of()


def listed(number: int, hours: int, price: float, seller: str = "s1") -> bytes:
    """Return a listing as an event."""
    day, hour = divmod(hours, 24)
    values: Mapping[str, Any] = {
        "id": f"e{number}",
        "kind": "listing.created",
        "occurred_at": f"2026-01-{day + 1:02}T{hour:02}:00:00Z",
        "seller": {"id": seller},
        "listing_id": f"l{number}",
        "price": price,
    }
    return json.dumps(values).encode()


def test_a_charge_is_seen_by_the_rules_above_on_the_same_event_and_on_later_ones() -> None:
    """Rules that charge come before those that read the standing; of two charges the graver counts."""
    engine = Engine(PACK_WITH_HEALTH)
    first = engine.decide_json(listed(1, 0, 0.7))
    assert first.fired == ("is_clean", "spams")
    second = engine.decide_json(listed(2, 1, 0.3))
    assert second.fired == ("seen_before", "is_frozen", "spams", "spams_badly")
    assert [e.parameters["severity"] for e in second.effects if e.kind == "charge"] == ["high"]
    assert engine.decide_json(listed(3, 2, 20.0)).fired == ("seen_before", "is_frozen")
    assert engine.decide_json(listed(4, 2, 20.0, "s2")).fired == ("is_clean",)


def test_a_snapshot_keeps_the_ledgers() -> None:
    """An engine that goes on from a snapshot decides as the one that never stopped."""
    engine = Engine(PACK_WITH_HEALTH)
    for number in range(3):
        engine.decide_json(listed(number, number, 0.3))
    twin = Engine.restore(PACK_WITH_HEALTH, engine.snapshot())
    event = listed(9, 30, 5.0)
    assert engine.decide_json(event) == twin.decide_json(event)
    assert twin.accounts.dump() == engine.accounts.dump()


def test_an_explanation_agrees_with_the_decision() -> None:
    """The interpreter sees the same standing as the generated code, strata included."""
    engine = Engine(PACK_WITH_HEALTH)
    engine.decide_json(listed(1, 0, 0.7))
    event = engine.decoder.decode_json(listed(2, 1, 0.3))
    key = engine.sequencer.next(1_767_229_200_000)
    explained = engine.explain(event, key)
    fired = tuple(rule.rule for rule in explained.rules if rule.outcome == "fired")
    assert fired == explained.decision.fired == engine.decide(event, key).fired


def test_a_reversal_entered_beside_the_stream_changes_the_standing() -> None:
    """What people take back no longer counts at the next event."""
    engine = Engine(PACK_WITH_HEALTH)
    engine.decide_json(listed(1, 0, 0.3))
    engine.decide_json(listed(2, 1, 0.3))
    (_, [(ident, rows)]) = next(iter(engine.accounts.dump().items()))
    at = 1_767_236_400_000_000
    engine.accounts.enter("account", ident, Entry("r1", "reversal", at, "s1", target=rows[-1]["id"]))
    assert engine.decide_json(listed(3, 5, 20.0)).fired == ()


def test_only_the_charge_that_was_entered_can_be_taken_back() -> None:
    """Of two charges for one violation on one event the graver counts: taking the milder one back changes nothing."""
    engine = Engine(PACK_WITH_HEALTH)
    engine.decide_json(listed(1, 0, 0.3))
    engine.decide_json(listed(2, 1, 0.3))
    engine.take_back("account", "s1", "charge", {"violation": "spam", "severity": "medium"}, "e2")
    assert engine.decide_json(listed(3, 2, 20.0)).fired == ("seen_before", "is_frozen")
    for _ in range(2):
        engine.take_back("account", "s1", "charge", {"violation": "spam", "severity": "high"}, "e2")
    assert engine.decide_json(listed(4, 3, 20.0)).fired == ()
    twin = Engine.restore(PACK_WITH_HEALTH, engine.snapshot())
    assert twin.decide_json(listed(5, 4, 20.0)).fired == ()


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.sampled_from([0.2, 0.7, 5.0]), st.sampled_from("ab")), max_size=12))
def test_the_engine_agrees_with_the_plain_fold(story: list[tuple[int, float, str]]) -> None:
    """At every event the rules see what a standing over all earlier charges, folded anew, says."""
    engine, lean = Engine(PACK_WITH_HEALTH), LeanSchedule(PACK_WITH_HEALTH.schedules["sellers"])
    charged: dict[str, list[tuple[int, str, Asked]]] = {"a": [], "b": []}
    for number, (hours, price, seller) in enumerate(sorted(story)):
        decision = engine.decide_json(listed(number, hours * 8, price, seller))
        now = standing_after(charged[seller], lean, decision.order_key)
        own = [Asked("charge", "spam", "medium")] * ("spams" in decision.fired)
        own += [Asked("charge", "spam", "high")] * ("spams_badly" in decision.fired)
        then = now.after(own)
        assert ("is_frozen" in decision.fired) == ("frozen" in then.penalties)
        assert ("is_clean" in decision.fired) == (then.tier == "clean")
        seen = (then.points or 0) >= 4 and then.violations(720 * 3_600_000_000) >= 2
        assert ("seen_before" in decision.fired) == seen
        assert then.whole == standing(then.entries, lean, then.as_of)
        charged[seller] += [(decision.order_key, decision.event_id, one) for one in own]


def test_rules_that_charge_what_they_read_are_a_circle() -> None:
    """Two rules that each charge and read the standing wait for each other."""
    policy = POLICY.replace("then: [{add_label: repeats}]", "then: [{charge: spam}]").replace(
        "when: event.price < 1.0", "when: actor.points < 100.0"
    )
    report = Report()
    files = {**FILES, "pack.yaml": (PACK + "governs: {account: sellers}\n").encode()}
    extra = {"schedules/sellers.yaml": SCHEDULE.encode(), "policies/watch.yaml": policy.encode()}
    assert load_pack({**files, **extra}, report) is None
    assert "Z401" in {d.code for d in report.diagnostics}


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("governs: {account: sellers}", "", "Z343"),
        ("governs: {account: sellers}", "governs: {acount: sellers}", "Z339"),
        ("governs: {account: sellers}", "governs: {account: seller}", "Z340"),
        ("violation: spam, severity: medium", "violation: scam, severity: medium", "Z341"),
        ("violation: spam, severity: high", "violation: spam, severity: severe", "Z342"),
        ('violations(duration("720h"))', "violations(event.ships_within)", "Z344"),
    ],
)
def test_what_does_not_fit_together_is_told(old: str, new: str, code: str) -> None:
    """A standing nobody keeps, a schedule or entity there is not, a charge the schedule does not know."""
    report = Report()
    texts = {
        "pack.yaml": PACK + "governs: {account: sellers}\n",
        "schedules/sellers.yaml": SCHEDULE,
        "policies/watch.yaml": POLICY,
    }
    files = {**FILES, **{path: text.replace(old, new).encode() for path, text in texts.items()}}
    assert load_pack(files, report) is None
    assert code in {d.code for d in report.diagnostics}
