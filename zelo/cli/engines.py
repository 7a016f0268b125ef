"""The engines that decide history for backtests, and where each leaves what it decided."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from zelo.adapters.fitting import literal, quoted
from zelo.adapters.history import HistoryLimits, HistoryRun
from zelo.adapters.stage import Progress
from zelo.backtest.flows import Engine
from zelo.backtest.relations import Decided
from zelo.decide.flows import Run, run_history
from zelo.decide.logic import Engine as OnlineEngine
from zelo.events.decode import Event
from zelo.history.flows import run_sql
from zelo.policy.pack import Pack

ENGINES = ("duckdb", "online", "spark")
_EFFECT = "kind VARCHAR, role VARCHAR, entity VARCHAR, parameters VARCHAR, rules VARCHAR[]"
_KEY = "order_key BIGINT"


def engine_named(name: str, memory: str) -> Engine:
    """Return the engine that `--engine` names; SQL keeps what it computed in a cache beside the lake."""

    def decide_by_sql(pack: Pack, lake: Path, out: Path, until_us: int | None, progress: Progress) -> Decided:
        limits, cache = HistoryLimits(memory=memory), cache_beside(lake)
        kept = cache if os.access(cache.parent, os.W_OK) else None
        engine: Literal["duckdb", "spark"] = "spark" if name == "spark" else "duckdb"
        run = run_sql(
            pack, lake, out, cache=kept, until_us=until_us, limits=limits, progress=progress, engine=engine
        )  # fmt: skip
        return of_history(run, pack)

    return Engine(name, decide_online if name == "online" else decide_by_sql, replay_online)


def cache_beside(lake: Path) -> Path:
    """Return the folder in which what was computed over a lake is kept for the next time."""
    lake = lake.resolve()
    return lake.with_name(f"{lake.name}.cache")


def decide_online(pack: Pack, lake: Path, out: Path, until_us: int | None, progress: Progress) -> Decided:
    """Decide a lake event by event, as live events are."""
    run_history(Run(pack=pack, source=lake, out=out, now_us=None, until_us=until_us), progress, lambda: False)
    nested = f"effects STRUCT({_EFFECT})[], held STRUCT({_EFFECT}, reason VARCHAR)[], features VARCHAR"
    decisions = _files(out / "decisions", f"{_KEY}, fired VARCHAR[], undetermined VARCHAR[], {nested}")
    cells = ", ".join(f"x.{name} AS {name}" for name in ("kind", "role", "entity", "parameters", "rules"))
    each = f"SELECT order_key, unnest({{}}) AS x FROM {decisions}"
    return Decided(
        decisions=decisions,
        effects=f"(SELECT order_key, {cells} FROM ({each.format('effects')}))",
        held=f"(SELECT order_key, {cells}, x.reason AS reason FROM ({each.format('held')}))",
        features=dict.fromkeys(pack.kinds, f"(SELECT order_key, features FROM {decisions})"),
    )


def of_history(run: HistoryRun, pack: Pack) -> Decided:
    """Return what a run in SQL decided."""
    return Decided(
        decisions=_files(run.out / "decisions", f"{_KEY}, fired VARCHAR[], undetermined VARCHAR[]"),
        effects=_files(run.out / "effects", f"{_KEY}, {_EFFECT}"),
        held=_files(run.out / "held", f"{_KEY}, {_EFFECT}, reason VARCHAR"),
        features={kind: _features(run, kind) for kind in pack.kinds},
    )


def _files(folder: Path, columns: str) -> str:
    """Return SQL that reads the Parquet files of a folder; a relation without rows when there are none."""
    files = sorted(folder.glob("*.parquet")) if folder.is_dir() else []
    if files:
        return f"read_parquet([{', '.join(literal(str(path.resolve())) for path in files)}])"
    return f"(SELECT unnest([]::STRUCT({columns})[], recursive := true) LIMIT 0)"


def _features(run: HistoryRun, kind: str) -> str:
    """Return SQL of the features of a kind as JSON, out of the tables that hold them."""
    tables = [(literal(str(path.resolve())), names) for path, names in run.features(kind).items()]
    if not tables:
        return f"(SELECT order_key, '{{}}' AS features FROM {_files(run.out / 'decisions', _KEY)})"
    fields = [
        f"{quoted(name)} := t{number}.{quoted(f'f_{name}')}"
        for number, (_, names) in enumerate(tables)
        for name in names
    ]
    joined = " ".join(
        f"{'FROM' if number == 0 else 'JOIN'} {place} t{number}" + ("" if number == 0 else " USING (order_key)")
        for number, (place, _) in enumerate(tables)
    )
    return f"(SELECT order_key, CAST(to_json(struct_pack({', '.join(fields)})) AS VARCHAR) AS features {joined})"


def replay_online(
    pack: Pack, events: Iterable[tuple[int, Event]], wanted: set[int]
) -> Mapping[int, Mapping[str, object]]:
    """Decide a few events in order; return the features seen at the wanted ones."""
    engine = OnlineEngine(pack)
    found: dict[int, Mapping[str, object]] = {}
    for order_key, event in events:
        decision = engine.decide(event, order_key)
        if order_key in wanted:
            found[order_key] = decision.features
    return found
