"""The cache of a run over history: a warm run computes what changed and nothing else, and no answer in it is stale."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.base_pack import EVENTS, FEATURES
from tests.history_runs import differences, lake_of
from tests.small_run import POLICY, stream, write_pack
from zelo.adapters.cache import Cache
from zelo.adapters.history import HistoryLimits, HistoryRun
from zelo.adapters.packs import open_pack
from zelo.backtest.thresholds import loosest, threshold
from zelo.history import flows
from zelo.history.flows import run_sql
from zelo.policy.pack import Pack

pytestmark = pytest.mark.slow

ONE = HistoryLimits(memory="500MB", threads=1)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, HistoryRun]:
    """Return a folder with a lake and a cache, and the first run over it, which filled the cache."""
    folder = tmp_path_factory.mktemp("first")
    pack = open_pack(write_pack(folder / "pack"))
    return folder, run(pack, lake_of(pack, stream(300), folder / "lake"), folder)


@pytest.fixture
def lake(first: tuple[Path, HistoryRun], tmp_path: Path) -> Path:
    """Return a lake that all tests read, and put the cache of a run over it into the test's folder."""
    shutil.copytree(first[0] / "cache", tmp_path / "cache")
    return first[0] / "lake"


def run(pack: Pack, lake: Path, tmp_path: Path, until_us: int | None = None) -> HistoryRun:
    """Run with the one cache of the test; see that the answer is the right one."""
    found = run_sql(pack, lake, tmp_path / "out", cache=tmp_path / "cache", until_us=until_us, limits=ONE)
    until = None if until_us is None else until_us // 1000 << 20
    assert differences(pack, lake, found, until) == []
    return found


def test_the_same_again_computes_nothing(first: tuple[Path, HistoryRun], lake: Path, tmp_path: Path) -> None:
    """The same again computes nothing."""
    again = run(open_pack(write_pack(tmp_path / "pack")), lake, tmp_path)
    assert first[1].manifest.computed and not again.manifest.computed
    assert first[1].manifest.rules == again.manifest.rules


def test_after_one_rule_changed_only_that_rule_is_tried(lake: Path, tmp_path: Path) -> None:
    """After one rule changed only that rule is tried."""
    changed = open_pack(write_pack(tmp_path / "two", policies__busy=POLICY.replace(b"quantity > 50", b"quantity > 10")))
    assert run(changed, lake, tmp_path).manifest.computed == ("states listing.created many",)


def test_a_pack_that_reads_fewer_features_of_a_key_finds_them(lake: Path, tmp_path: Path) -> None:
    """The file of all features of a key serves those who want some of them, as the sweep of a constant does."""
    pack = open_pack(write_pack(tmp_path / "pack"))
    run(pack, lake, tmp_path)
    fewer = loosest(pack, threshold(pack, "many_replicas", "most"), "fewer")
    fewer = replace(fewer, features={name: fewer.features[name] for name in ("listings_24h", "average_price_30d")})
    assert not [step for step in run(fewer, lake, tmp_path).manifest.computed if step.startswith("features")]
    bulk = next(rule for rule in pack.rules if rule.name == "bulk")
    alone = replace(
        pack,
        rules=(bulk,),
        strata=(("bulk",),),
        features={"listings_24h": pack.features["listings_24h"]},
        version="one",
    )
    assert not [step for step in run(alone, lake, tmp_path).manifest.computed if step.startswith("features")]


CHANGES: dict[str, tuple[dict[str, bytes], str]] = {
    "a feature's window": ({"features": FEATURES.replace("window: 24h", "window: 12h").encode()}, "features "),
    "a feature's value": ({"features": FEATURES.replace("event.price", "event.price * 2.0").encode()}, "features "),
    "a feature's bound": (
        {"features": FEATURES.replace("window: 24h", "window: 24h\n    at_most: 2").encode()},
        "features ",
    ),
    "an entry of a list": ({"lists__replica_words": b""}, "prepared "),
    "a role": (
        {
            "events": EVENTS.replace(
                "target: {entity: listing, id: listing_id}", "target: {entity: account, id: listing_id}", 1
            ).encode()
        },
        "",
    ),
    "a label that is added": ({"policies__busy": POLICY.replace(b"{label: bulk, for", b"{label: odd, for")}, "states "),
    "the end of a label": ({"policies__busy": POLICY.replace(b"for: 12h", b"for: 1h")}, ""),
    "a daily limit": ({"policies__busy": POLICY.replace(b"daily_limit: 40", b"daily_limit: 4")}, ""),
    "a parameter that is computed": ({"policies__busy": POLICY.replace(b"24h * 2", b"24h * 3")}, "states "),
    "the order of rules": ({"policies__base": b""}, ""),
}


@pytest.mark.parametrize("change", CHANGES)
def test_no_change_of_the_pack_leaves_a_stale_answer(change: str, lake: Path, tmp_path: Path) -> None:
    """No change of the pack leaves a stale answer."""
    files, computed = CHANGES[change]
    folder = write_pack(tmp_path / "two", **{name: content for name, content in files.items() if content})
    if change == "an entry of a list":
        (folder / "lists" / "replica_words.csv").write_bytes("value\nréplica\nother\n".encode())
    if change == "the order of rules":
        (folder / "policies" / "base.yaml").rename(folder / "policies" / "zzz.yaml")
        text = (folder / "policies" / "zzz.yaml").read_text(encoding="utf-8")
        (folder / "policies" / "zzz.yaml").write_text(text.replace("policy: base", "policy: zzz"), encoding="utf-8")
    found = run(open_pack(folder), lake, tmp_path)
    assert any(step.startswith(computed) for step in found.manifest.computed) or not computed


def _another_price(lake: Path, pack: Pack, tmp_path: Path) -> None:
    path = sorted(lake.glob("events/kind=listing.created/day=*/*.parquet"))[0]
    table = pq.read_table(path)
    prices = [0.25] * table.num_rows
    place = table.schema.get_field_index("price")
    pq.write_table(table.set_column(place, table.schema.field(place), [prices]), path)


def _more_events(lake: Path, pack: Pack, tmp_path: Path) -> None:
    lake_of(pack, stream(320), lake)


@pytest.mark.parametrize("change", [_another_price, _more_events])
def test_no_change_of_the_events_leaves_a_stale_answer(
    change: Callable[[Path, Pack, Path], None], tmp_path: Path
) -> None:
    """No change of the events leaves a stale answer."""
    pack = open_pack(write_pack(tmp_path / "pack"))
    lake = lake_of(pack, stream(300), tmp_path / "lake")
    run(pack, lake, tmp_path)
    change(lake, pack, tmp_path)
    assert run(pack, lake, tmp_path).manifest.computed


def test_another_end_of_reading_leaves_no_stale_answer(lake: Path, tmp_path: Path) -> None:
    """Another end of reading leaves no stale answer."""
    pack = open_pack(write_pack(tmp_path / "pack"))
    assert run(pack, lake, tmp_path, until_us=1_767_484_800_000_000).manifest.computed


@pytest.mark.parametrize("name", ["zelo.base.versions.ZELO", "zelo.base.versions.LANGUAGE"])
def test_another_version_leaves_no_stale_answer(
    name: str, lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version leaves no stale answer."""
    pack = open_pack(write_pack(tmp_path / "pack"))
    monkeypatch.setattr(name, "other")
    assert run(pack, lake, tmp_path).manifest.computed


def test_other_code_leaves_no_stale_answer(lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other code leaves no stale answer."""
    pack = open_pack(write_pack(tmp_path / "pack"))
    monkeypatch.setattr(flows, "code_key", lambda: "other")
    assert run(pack, lake, tmp_path).manifest.computed


def test_what_was_used_least_recently_goes_first(tmp_path: Path) -> None:
    """An entry of the run at hand stays, however little fits."""
    for number in range(3):
        Cache(tmp_path).put("states", str(number), lambda path: path.write_bytes(b"x" * 1000) and None, {"rules": []})
    cache = Cache(tmp_path, most_bytes=1500)
    assert cache.has("states", "0")
    assert cache.trim() == 2
    assert [path.name for path in sorted(tmp_path.glob("*"))] == ["states-0.json", "states-0.parquet"]
    assert cache.clear() == 1 and cache.size() == 0


def test_an_entry_is_whole_or_absent(tmp_path: Path) -> None:
    """An entry is whole or absent."""

    def broken(path: Path) -> None:
        path.write_bytes(b"half")
        raise RuntimeError("torn")

    with pytest.raises(RuntimeError):
        Cache(tmp_path).put("states", "0", broken)
    assert list(tmp_path.iterdir()) == []
