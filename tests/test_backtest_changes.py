"""What a change does where it meets the same events, what reports are split by, and whom an outcome can judge."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import duckdb
import pytest

from tests.backtest_worlds import FILES, TONGUES, Seen, against, backtest, decided, lake, loaded
from tests.places import REPOSITORY
from zelo.adapters.packs import open_pack
from zelo.backtest.figures import Figures, RuleFigures
from zelo.backtest.judging import standing
from zelo.backtest.report.sentences import lede


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lake(tmp_path_factory.mktemp("history"), count=500)


@pytest.fixture(scope="module")
def events(history: Path) -> list[Seen]:
    return decided(history, loaded(FILES))


def rule(figures: Figures, name: str) -> RuleFigures:
    return next(rule for rule in figures.rules if rule.rule == name)


@pytest.mark.parametrize("engine", ["online", "duckdb"])
def test_a_longer_penalty_is_a_change_though_it_meets_the_same_events(
    history: Path, tmp_path: Path, engine: str
) -> None:
    """`for: 6h` to `for: 60h`: the same hits, altered effects; the sentence, the rows and the diff say so."""
    longer = {**FILES, "policies/busy.yaml": FILES["policies/busy.yaml"].replace(b"for: 6h", b"for: 60h")}
    found = backtest(history, tmp_path / "out", engine=engine, sample=0, **against(longer))
    many = rule(found, "many")
    assert (found.totals.gained, found.totals.lost, many.gained, many.lost) == (0, 0, 0, 0)
    [effect] = [effect for effect in found.effects if effect.kind == "restrict_account"]
    assert effect.altered == effect.asked == effect.other == found.totals.effects_altered == many.altered
    assert effect.altered and (effect.gained, effect.lost, effect.kept) == (0, 0, 0)
    assert "not in the same way" in lede(found, TONGUES["en"]) and "no effect" not in lede(found, TONGUES["en"])
    assert "mais longos" in lede(found, TONGUES["pt-BR"])
    rows = duckdb.sql(f"""
        SELECT DISTINCT rule, change, effect, parameters_before = replace(parameters, '21600', '216000')
        FROM '{tmp_path}/out/flips.parquet'
    """).fetchall()
    assert rows == [("many", "altered", "restrict_account", True)]
    [diff] = found.diffs
    assert "many" in diff.rules and f"{many.altered} are altered" in (tmp_path / "out" / "report.html").read_text()


def test_effects_of_other_rules_are_the_same_effects(history: Path, tmp_path: Path) -> None:
    """A rule by another name changes nothing but the names: the sentence says just that."""
    renamed = FILES["policies/busy.yaml"].replace(b"rule: many", b"rule: plenty")
    found = backtest(history, tmp_path / "out", sample=0, **against({**FILES, "policies/busy.yaml": renamed}))
    assert "by other rules" in lede(found, TONGUES["en"]) and found.totals.effects_altered == 0


def test_a_named_split_gives_each_event_its_actors_last_value(
    history: Path, tmp_path: Path, events: list[Seen]
) -> None:
    """An event that has the field counts by it; one that has not, by what its actor had last, never by what comes."""
    files = {**FILES, "events.yaml": FILES["events.yaml"] + b"splits: {pieces: quantity}\n"}
    found = backtest(history, tmp_path / "out", pack=loaded(files), sample=0, by=("pieces",))
    last: dict[str, str] = {}
    all_events, hits = Counter[str](), Counter[str]()
    for seen in events:
        account = getattr(seen.event, "seller", None) or seen.event.reviewer  # type: ignore[attr-defined]
        own = getattr(seen.event, "quantity", None)
        if own is not None:
            last[account.id] = str(own)
        all_events[last.get(account.id, "")] += 1
        hits[last.get(account.id, "")] += bool(seen.decision.fired)
    [split] = found.splits
    assert len(split.values) + split.rest == len(all_events) > len(split.values)
    assert {value.name: (value.events, value.hits) for value in split.values} == {
        value.name: (all_events[value.name], hits[value.name]) for value in split.values
    }
    assert sum(value.hits for value in split.values) > 0


def test_a_rule_is_judged_only_by_what_befalls_its_own_sort_of_entity() -> None:
    """A target that is an account is no listing, though the role has the same name."""
    shipped = open_pack(REPOSITORY / "packs" / "br_social_commerce")
    found = standing(shipped.outcomes["reported_within_7_days"], shipped.rules, shipped.kinds)
    kinds = {kind for name, kinds in found.kinds.items() for kind in kinds}
    assert "content.uploaded" in kinds and not any(kind.startswith(("listing.", "order.")) for kind in kinds)
    judged = {
        rule for outcome in shipped.outcomes.values()
        for rule in standing(outcome, shipped.rules, shipped.kinds).kinds if rule != "+"
    }  # fmt: skip
    assert judged == {rule.name for rule in shipped.rules}, "every rule can be judged by some outcome"
