"""Every form a window has in SQL gives what the online engine's state gives."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, assume, given, settings

from tests.history_runs import differences, lake_of
from tests.places import REPOSITORY, shared
from tests.random_packs import packs, streams
from zelo.adapters import history_features
from zelo.adapters.history import HistoryLimits
from zelo.adapters.history_database import HistoryDatabase
from zelo.adapters.history_lake import lake_files
from zelo.adapters.history_prepared import prepare, side_by_side
from zelo.adapters.packs import open_pack
from zelo.adapters.stage import Limits
from zelo.base.source import Report
from zelo.decide.flows import import_source
from zelo.events.intake import COUNTER_BITS
from zelo.history.flows import run_sql
from zelo.history.logic import plan_history
from zelo.policy.functions.words import Words
from zelo.policy.load_pack import load_pack
from zelo.policy.pack import Pack
from zelo.policy.to_sql.dialect import written
from zelo.policy.to_sql.gather import Family, gathered
from zelo.policy.to_sql.sources import Sources
from zelo.policy.to_sql.windows import WindowWriter, may_be_cut

ONE = HistoryLimits(memory="500MB", threads=1)
FIRST = 60_000
"""Events of real history that are compared, and those of the rest of that day."""
WHOLE = "ZELO_WHOLE_HISTORY"
"""With this in the environment, all are; it takes some minutes."""
DAY_MS = 86_400_000


def in_both_forms(pack: Pack, lake: Path, folder: Path) -> int:
    """Compare lists that are cut with the online engine's state, feature by feature; return how many were compared."""
    database, sources = HistoryDatabase(folder / "work", ONE), Sources(pack, "duckdb")
    files, plan = lake_files(lake, pack.kinds), plan_history(pack, "duckdb")
    compared = 0
    try:
        for kind in pack.kinds:
            database.events(sources.events(kind), pack.kinds[kind], files.kinds[kind], None)
            _prepare(database, sources, kind, plan.prepared[kind], folder)
        for family in plan.families:
            for spec in may_be_cut(family):
                one = Family(family.by, (spec,), family.readers)
                database.run(f"CREATE OR REPLACE TABLE gathered AS {written(gathered(sources, one), 'duckdb')}")
                writer = WindowWriter("duckdb", one, [sources.number(kind) for kind in one.readers], capped=True)
                lists = dict(
                    database.run(f"SELECT order_key, f_{spec.name} FROM ({written(writer.query(), 'duckdb')})")
                )
                history_features._by_state(database, sources, Family(one.by, one.specs, one.readers, raw=True), spec)
                state = dict(database.run(f"SELECT order_key, f_{spec.name} FROM cut_{spec.name}"))
                assert lists == state, spec
                compared += 1
    finally:
        database.close()
    return compared


def _prepare(database: HistoryDatabase, sources: Sources, kind: str, terms: Mapping[str, object], folder: Path) -> None:
    if not terms:
        return
    lists = {name: Words(data.values) for name, data in sources.pack.lists.items()}
    paths = {name: folder / f"{name}.parquet" for name in terms}
    prepare(database, sources, kind, terms, lists, paths, lambda rows: None)  # type: ignore[arg-type]
    database.run(f"CREATE TABLE {sources.prepared(kind)} AS {side_by_side(list(paths.values()))}")


@pytest.mark.slow
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(packs(), streams())
def test_lists_that_are_cut_are_what_the_state_keeps(
    tmp_path_factory: pytest.TempPathFactory, files: Mapping[str, bytes], events: list[dict[str, object]]
) -> None:
    """At most so many events: the form for every engine and the online engine's own state agree."""
    pack = load_pack(files, Report())
    assume(pack is not None)
    assert pack is not None
    folder = tmp_path_factory.mktemp("windows")
    in_both_forms(pack, lake_of(pack, events, folder / "lake"), folder)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "data"), [("wiki_enforcement", "wiki_enforcement"), ("br_social_commerce", "olist_marketplace")]
)
def test_the_shipped_packs_on_real_events(name: str, data: str, tmp_path: Path) -> None:
    """Each rule, feature and effect on each real event of the first days is the online engine's; or of all days."""
    pack, source = open_pack(REPOSITORY / "packs" / name), shared(f"data/{data}")
    lake = tmp_path / "lake"
    import_source(
        pack,
        source,
        lake,
        now_us=None,
        fresh=True,
        limits=Limits(memory="4GB"),
        progress=lambda what, done, total: None,
    )
    until_us = None if os.environ.get(WHOLE) else end_of_first(lake, FIRST)
    run = run_sql(pack, lake, tmp_path / "out", until_us=until_us)
    assert run.manifest.events_fired > 100
    until_key = None if until_us is None else until_us // 1000 << COUNTER_BITS
    assert differences(pack, lake, run, until_key)[:5] == []


def end_of_first(lake: Path, count: int) -> int | None:
    """Return the end of the day, in microseconds, before which so many events of a lake are; None when it has fewer."""
    found = (
        f"SELECT order_key FROM read_parquet('{lake}/events/*/*/*.parquet') ORDER BY order_key LIMIT 1 OFFSET {count}"
    )
    row = duckdb.connect().execute(found).fetchone()
    if row is None:
        return None
    last_ms = int(row[0]) >> COUNTER_BITS
    return (last_ms // DAY_MS + 1) * DAY_MS * 1000
