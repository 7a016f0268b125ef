"""The wiki pack's features give the published figures of the real history: from disallowed edits to blocks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
import yaml

from tests.places import REPOSITORY, shared
from zelo.adapters.lake import Lake
from zelo.adapters.packs import read_pack_files
from zelo.adapters.sources import Import, import_events
from zelo.adapters.stage import Clock
from zelo.base.source import Report
from zelo.decide.logic import Engine
from zelo.events.decode import Decoder
from zelo.policy.load_pack import load_pack
from zelo.policy.pack import Pack

PACK = REPOSITORY / "packs" / "wiki_enforcement"
MEASURED = ("hits_7d", "hits_ever", "disallowed_7d", "disallowed_ever")
"""Features of the pack: matches and disallowed matches of the account, in the 7 days before and in all."""
POLICY = f"""
policy: measure
title: {{en: Measure, pt-BR: Medir}}
text: {{en: Reads features and asks for nothing that acts., pt-BR: Lê variáveis e não pede nada.}}
violation: none
grounds: {{global: [enwiki-vandalism]}}
rules:
  - rule: measure
    on: [edit.filtered, account.creation_filtered, account.blocked, account.block_changed]
    when: {" + ".join(f"features.{name}" for name in MEASURED)} < 0
    then: [{{open_case: {{queue: none, on: actor}}}}]
"""
"""A policy whose only rule reads the features on every kind, so that each decision carries their values."""


@dataclass
class Measured:
    """What the decisions of the whole history say."""

    events: int = 0
    dead_letters: int = 0
    accounts: int = 0
    disallowed: Counter[int] = field(default_factory=Counter)
    """n to how many accounts had an n-th disallowed match."""
    blocked: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    """n to the accounts that were blocked within 7 days of it."""
    blocked_after_first_hit: set[str] = field(default_factory=set)

    def share(self, n: int) -> float:
        """Return the percentage of accounts blocked within 7 days after their n-th disallowed match."""
        return round(100 * len(self.blocked[n]) / self.disallowed[n], 1)


def _pack() -> Pack:
    """Return the shipped pack with the measuring policy in place of its own, and only the features it reads."""
    files = {name: data for name, data in read_pack_files(PACK).items() if not name.startswith("policies/")}
    declared = yaml.safe_load(files["features.yaml"])["features"]
    features = yaml.safe_dump({"features": {name: declared[name] for name in MEASURED}}, allow_unicode=True)
    report = Report()
    pack = load_pack({**files, "features.yaml": features.encode(), "policies/measure.yaml": POLICY.encode()}, report)
    assert pack is not None, [diagnostic.code for diagnostic in report.diagnostics if diagnostic.is_error]
    return pack


def _measure(lake: Lake, engine: Engine, found: Measured) -> None:
    """Run the engine over the history; read everything from the features its decisions carry."""
    for rows in lake.read():
        for order_key, event in rows:
            decision = engine.decide(event, order_key)
            found.events += 1
            if decision.kind == "account.unblocked":
                continue
            seen = decision.features
            hits, disallowed = seen["hits_ever"], seen["disallowed_ever"]
            assert isinstance(hits, int) and isinstance(disallowed, int)
            if decision.kind in ("account.blocked", "account.block_changed"):
                _blocked(event.account.id, seen, found)  # type: ignore[attr-defined]
                continue
            found.accounts += hits == 0
            if decision.kind == "edit.filtered" and "disallow" in event.results:  # type: ignore[attr-defined]
                found.disallowed[disallowed + 1] += 1


def _blocked(account: str, seen: Mapping[str, object], found: Measured) -> None:
    """Note for which n the block falls into the 7 days after the n-th match: those in all but not before the week."""
    hits, hits_7d, disallowed, disallowed_7d = (
        seen[name] for name in ("hits_ever", "hits_7d", "disallowed_ever", "disallowed_7d")
    )
    assert isinstance(disallowed, int) and isinstance(disallowed_7d, int)
    for n in range(disallowed - disallowed_7d + 1, disallowed + 1):
        found.blocked[n].add(account)
    if hits != 0 and hits == hits_7d:
        found.blocked_after_first_hit.add(account)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """Import the real history with the pack's SQL and decide every event of it."""
    source, place = shared("data/wiki_enforcement"), tmp_path_factory.mktemp("wiki")
    pack = _pack()
    engine = Engine(pack)
    job = Import(pack.name, pack.version, source, pack.sources, Decoder(pack.kinds), Clock(None, 0))
    manifest = import_events(job, place / "lake", place / "dead_letters.jsonl", _silent)
    found = Measured(dead_letters=sum(manifest.dead_letters.values()))
    _measure(Lake(place / "lake", engine.decoder), engine, found)
    return found


def _silent(what: str, done: int, total: int) -> None:
    """Tell nobody."""


@pytest.mark.slow
def test_every_row_of_the_history_becomes_an_event(measured: Measured) -> None:
    """463,512 filter matches and 334,074 blocks come in, no dead letter, and filters met 176,725 accounts."""
    assert (measured.events, measured.dead_letters) == (463_512 + 334_074, 0)
    assert measured.accounts == 176_725


@pytest.mark.slow
@pytest.mark.parametrize(("n", "published"), [(1, 12.8), (2, 18.1), (3, 23.0), (5, 28.9)])
def test_the_nth_disallowed_match_leads_to_a_block_as_often_as_published(
    measured: Measured, n: int, published: float
) -> None:
    """The share of accounts blocked within 7 days after their n-th disallowed match is the published one."""
    assert measured.share(n) == published


@pytest.mark.slow
def test_the_first_match_leads_to_a_block_as_often_as_published(measured: Measured) -> None:
    """The base rate is the share of accounts blocked within 7 days after their first match of any filter."""
    assert round(100 * len(measured.blocked_after_first_hit) / measured.accounts, 1) == 9.4
