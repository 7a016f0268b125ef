"""The pack for Brazil on both of its worlds: the generated one, whose truth is known, and real orders and reviews."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.places import shared
from tests.worlds import PACK, kept
from zelo.adapters.lake import Lake
from zelo.adapters.packs import open_pack
from zelo.adapters.sources import Import, import_events
from zelo.adapters.stage import Clock
from zelo.decide.flows import Outcome, Run, run_history
from zelo.decide.logic import Engine
from zelo.events.decode import Decoder
from zelo.simulate.figures import findings


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Outcome]:
    """Return a world whose truth is known, the folder of a run over it, and how that came out."""
    world, out = kept(accounts=2_000, days=60, seed=1), tmp_path_factory.mktemp("brazil") / "run"
    run = Run(pack=open_pack(PACK), source=world, out=out, now_us=None)
    return world, out, run_history(run, _silent, lambda: False)


@pytest.mark.slow
def test_every_policy_finds_what_it_is_made_for(decided: tuple[Path, Path, Outcome]) -> None:
    """On a world whose truth is known each policy flags guilty ones, and those about content hardly any innocent."""
    (world, out, _), pack = decided, open_pack(PACK)
    found = {score.policy: score for score in findings(world, out, pack)}
    assert set(found) == {policy.id for policy in pack.policies} - {"respect"}, "no insult of a seller in the world"
    missed = {name for name, score in found.items() if score.guilty >= 12 and not score.found}
    assert missed == set()
    for name in ("dangerous_acts", "sexual_content", "minors", "prohibited_goods", "product_safety"):
        assert (found[name].precision or 0) > 0.7 and (found[name].recall or 0) > 0.4, name


@pytest.mark.slow
def test_the_rules_stay_rare_in_a_world(decided: tuple[Path, Path, Outcome]) -> None:
    """Most of what happens is innocent: rules that fire on everything tell nothing."""
    summary, pack = decided[2].summary, open_pack(PACK)
    assert summary.events_fired < 0.02 * summary.decided
    assert sum(count.fired > 0 for count in summary.rules.values()) >= 0.65 * len(pack.rules)


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
