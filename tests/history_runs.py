"""A pack over a lake twice: by the online engine, event after event, and by the run over history in SQL."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from zelo.adapters.history import HistoryRun
from zelo.adapters.lake import Lake, LakeWriter, Manifest
from zelo.base.errors import InvalidInput
from zelo.decide.kept import effect_cells
from zelo.decide.logic import Engine
from zelo.events.decode import Decoder
from zelo.events.intake import Sequencer, floor_ms
from zelo.events.rows import flattener
from zelo.policy.pack import Pack
from zelo.policy.to_python.plain import EPOCH

Told = dict[str, Any]


def lake_of(pack: Pack, events: Iterable[Mapping[str, object]], root: Path) -> Path:
    """Put events, given as JSON objects in the order of intake, into a lake; events that do not fit are left out."""
    decoder, sequencer = Decoder(pack.kinds), Sequencer(clock_skew_us=0)
    flat = {name: flattener(kind) for name, kind in pack.kinds.items()}
    rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in pack.kinds}
    for values in events:
        try:
            event = decoder.from_values(str(values["kind"]), values)
        except InvalidInput:
            continue
        order_key = sequencer.next(floor_ms(event.occurred_at))
        ident, occurred_at, *fields = flat[str(values["kind"])](event)
        rows[str(values["kind"])].append((ident, occurred_at, order_key, *fields))
    writer = LakeWriter(root, pack.kinds)
    for name, found in rows.items():
        if found:
            writer.write(name, [_batch(found, writer.schema(name))])
    counts = {name: len(found) for name, found in rows.items() if found}
    writer.finish(
        Manifest(
            pack=pack.name,
            pack_version=pack.version,
            source="tests",
            rows=sum(counts.values()),
            events=sum(counts.values()),
            dead_letters={},
            kinds=counts,
            late=sequencer.late,
            last_order_key=sequencer.last_order_key,
        )
    )
    return root


def _batch(rows: list[tuple[object, ...]], schema: pa.Schema) -> pa.RecordBatch:
    whole = [(row[0], row[1], EPOCH + timedelta(milliseconds=int(str(row[2])) >> 20), *row[2:]) for row in rows]
    columns = zip(*whole, strict=True)
    return pa.RecordBatch.from_arrays(
        [pa.array(list(cells), field.type) for cells, field in zip(columns, schema, strict=True)], schema=schema
    )


def online(pack: Pack, lake: Path, until_key: int | None = None) -> dict[int, Told]:
    """Return what the online engine says of every event, by order key."""
    engine = Engine(pack)
    found: dict[int, Told] = {}
    for batch in Lake(lake, engine.decoder).read():
        for order_key, event in batch:
            if until_key is not None and order_key >= until_key:
                return found
            decision = engine.decide(event, order_key)
            found[order_key] = {
                "event_id": decision.event_id,
                "kind": decision.kind,
                "fired": list(decision.fired),
                "undetermined": list(decision.undetermined),
                "effects": [_plain(effect_cells(effect)) for effect in decision.effects],
                "held": [{**_plain(effect_cells(one.effect)), "reason": one.reason} for one in decision.held],
                "features": dict(zip(decision.feature_names, decision.feature_values, strict=True)),
            }
    return found


def _plain(cells: Mapping[str, object]) -> Told:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in cells.items()}


def in_sql(run: HistoryRun) -> dict[int, Told]:
    """Return what a run over history left of each event of which it left something, by order key."""
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'")
    found: dict[int, Told] = {}
    columns = "order_key, event_id, kind, fired, undetermined"
    for order_key, event_id, kind, fired, undetermined in db.execute(
        f"SELECT {columns} FROM read_parquet('{run.decisions}')"
    ).fetchall():
        found[order_key] = {"event_id": event_id, "kind": kind, "fired": fired, "undetermined": undetermined}
        found[order_key] |= {"effects": [], "held": []}
    for name, source in (("effects", run.effects), ("held", run.held)):
        rows = db.execute(f"SELECT * FROM read_parquet('{source}')")
        names = [column[0] for column in rows.description or ()]
        for row in rows.fetchall():
            cells = dict(zip(names, row, strict=True))
            order_key = cells.pop("order_key")
            assert (cells.pop("event_id"), cells.pop("event_kind")) == (
                found[order_key]["event_id"],
                found[order_key]["kind"],
            )
            found[order_key][name].append(cells)
    return found


def features_in_sql(run: HistoryRun) -> dict[int, Told]:
    """Return the features that a run over history left, by order key."""
    db = duckdb.connect()
    found: dict[int, Told] = {}
    for kind in run.manifest.feature_tables:
        for path, names in run.features(kind).items():
            columns = ", ".join(f'"f_{name}"' for name in names)
            rows = db.execute(f"SELECT order_key, {columns} FROM read_parquet('{path}')").fetchall()
            for order_key, *values in rows:
                found.setdefault(order_key, {}).update(zip(names, values, strict=True))
    return found


def differences(pack: Pack, lake: Path, run: HistoryRun, until_key: int | None = None) -> list[str]:
    """Return every difference between the online engine and a run, as text."""
    wanted, got, features = online(pack, lake, until_key), in_sql(run), features_in_sql(run)
    found: list[str] = []
    for order_key, told in wanted.items():
        mine = got.pop(order_key, {"event_id": told["event_id"], "kind": told["kind"], "fired": [], "undetermined": []})
        for name in ("event_id", "kind", "fired", "undetermined", "effects", "held"):
            if mine.get(name, []) != told[name]:
                found.append(f"{told['event_id']} {name}: {mine.get(name, [])} in SQL, {told[name]} online")
        for name, value in told["features"].items():
            other = features.get(order_key, {}).get(name)
            if not _same(value, other):
                found.append(f"{told['event_id']} features.{name}: {other!r} in SQL, {value!r} online")
    found += [f"{told['event_id']}: only in SQL" for told in got.values()]
    return found


def _same(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return one == other and math.copysign(1.0, one) == math.copysign(1.0, other)
    return type(one) is type(other) and one == other
