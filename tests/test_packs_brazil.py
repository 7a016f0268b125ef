"""The pack for Brazil on both of its worlds: the small generated one, and real orders and reviews."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.places import REPOSITORY, shared
from zelo.adapters.lake import Lake
from zelo.adapters.packs import open_pack
from zelo.adapters.sources import Import, import_events
from zelo.adapters.stage import Clock
from zelo.decide.logic import Engine
from zelo.events.decode import Decoder
from zelo.simulate.small import small_world, write_small

PACK = REPOSITORY / "packs" / "br_social_commerce"
OFFENDERS = {
    "late_dispatch_habit": "S01",
    "copied_review": "S02",
    "replica_words_new_seller": "S03",
    "keeps_asking_to_pay_elsewhere": "S04",
    "nothing_arrived": "S05",
    "seller_insults": "S06",
}
"""Rule to the shop of the small world whose habit it is made for."""


def _run_small(path: Path) -> tuple[Counter[str], dict[str, set[str]]]:
    """Return how often each rule fires in the small world, and the accounts and things its effects are about."""
    engine = Engine(open_pack(PACK))
    fired: Counter[str] = Counter()
    about: dict[str, set[str]] = {}
    for line in path.read_bytes().splitlines():
        decision = engine.decide_json(line)
        fired.update(decision.fired)
        for effect in decision.effects:
            for rule in effect.rules:
                about.setdefault(rule.rpartition("/")[2], set()).add(effect.entity)
    return fired, about


def test_a_seed_gives_the_same_world_each_time() -> None:
    """The world is a function of its seed: equal for the same, different for another."""
    assert small_world(7) == small_world(7)
    assert small_world(7) != small_world(8)


def test_the_small_world_is_in_order_and_every_id_is_new() -> None:
    """The file can be taken in as it stands: by time, no id twice, about 5,000 events of every kind."""
    events = small_world(1)
    times = [str(event["occurred_at"]) for event in events]
    assert times == sorted(times)
    assert len({event["id"] for event in events}) == len(events)
    assert 4_500 <= len(events) <= 6_500
    assert {event["kind"] for event in events} == set(open_pack(PACK).kinds)


@pytest.mark.parametrize("seed", [1, 2])
def test_every_habit_of_the_small_world_is_found(tmp_path: Path, seed: int) -> None:
    """Each offender is met by the rule that is made for its habit, whichever the seed."""
    path = tmp_path / "events.jsonl"
    assert write_small(path, seed) == len(path.read_bytes().splitlines())
    fired, about = _run_small(path)
    missed = {rule: shop for rule, shop in OFFENDERS.items() if shop not in about.get(rule, set())}
    assert missed == {}
    rules = open_pack(PACK).rules
    assert sum(fired[rule.name] > 0 for rule in rules) >= len(rules) - 5
    assert sum(fired.values()) < 0.2 * len(small_world(seed)), "rules that fire on everything tell nothing"


@pytest.mark.slow
def test_real_orders_come_in_whole_and_the_rules_stay_rare(tmp_path: Path) -> None:
    """Every order, payment and review of the real shops is an event; no rule fires on more than a tenth of its kind."""
    source, pack = shared("data/olist_marketplace"), open_pack(PACK)
    engine = Engine(pack)
    job = Import(pack.name, pack.version, source, pack.sources, Decoder(pack.kinds), Clock(None, 0))
    manifest = import_events(job, tmp_path / "lake", tmp_path / "dead_letters.jsonl", _silent)
    assert (manifest.events, dict(manifest.dead_letters)) == (66_318, {})
    fired: Counter[str] = Counter()
    for rows in Lake(tmp_path / "lake", engine.decoder).read():
        for order_key, event in rows:
            fired.update(engine.decide(event, order_key).fired)
    assert fired["late_dispatch_share"] > 100
    for rule in pack.rules:
        assert fired[rule.name] <= 0.1 * sum(manifest.kinds.get(kind, 0) for kind in rule.kinds), rule.name


def _silent(what: str, done: int, total: int) -> None:
    """Tell nobody."""
