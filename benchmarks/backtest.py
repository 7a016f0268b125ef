"""
A pack tried on history: cold, warm after one rule changed, beside the online engine, and on the shipped packs' data.

    python3 dev.py bench backtest [--json] [--sizes 1e6,1e7] [--memory 4GB] [--folder DIR] [--spark 1e7]

10^8 events need some 40 GB of disk below the folder, which is emptied after each size.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.measure import SHARED, show
from benchmarks.neutral import event_lines, pack_files, workload
from benchmarks.row_at_a_time import replayed
from zelo.adapters.columns import lake_schema
from zelo.adapters.history import HistoryLimits, HistoryRun
from zelo.adapters.lake import Lake, LakeWriter, Manifest
from zelo.adapters.packs import open_pack
from zelo.adapters.stage import Limits
from zelo.base.source import Report
from zelo.cli.engines import cache_beside
from zelo.decide.flows import import_source
from zelo.decide.logic import Engine
from zelo.events.decode import Decoder
from zelo.events.intake import COUNTER_BITS, Sequencer, floor_ms
from zelo.events.rows import flattener
from zelo.history.flows import run_sql
from zelo.policy.load_pack import load_pack
from zelo.policy.pack import Pack

RULES = 100
DIFFERENT = 50_000
"""Events that are generated; a larger lake repeats them, later."""
STEP_S = 5.0
ONLINE_EVENTS = 50_000
SPARK = "--master local-cluster[2,1,2048] --driver-memory 2g pyspark-shell"
"""Two executors of one core, each a process of its own."""
ROOT = Path(__file__).resolve().parent.parent
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def pack_of(changed: int | None = None) -> Pack:
    """Return the neutral pack with ten windowed features over four keys; one rule changed, perhaps."""
    work = workload()
    files = pack_files(work, work.make_rules(RULES), by_kind=True, windows=True)
    if changed is not None:
        files = {
            name: _changed(text, changed) if name.startswith("policies/") else text for name, text in files.items()
        }
    report = Report()
    pack = load_pack(files, report)
    assert pack is not None and not report.has_errors, report.diagnostics[:3]
    return pack


def _changed(text: bytes, threshold: int) -> bytes:
    """Return a policy whose first rule on a window has another threshold."""
    return text.replace(b"posts_10m >= 3", f"posts_10m >= {threshold}".encode(), 1)


def write_lake(pack: Pack, root: Path, size: int) -> int:
    """Write a lake of so many events, rounded down to whole repetitions; return how many there are."""
    decoder, sequencer = Decoder(pack.kinds), Sequencer(clock_skew_us=0)
    flat = {name: flattener(kind) for name, kind in pack.kinds.items()}
    rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in pack.kinds}
    count = min(size, DIFFERENT)
    for line in event_lines(workload().make_events(count), step_s=STEP_S):
        event = decoder.decode_json(line)
        order_key = sequencer.next(floor_ms(event.occurred_at))
        ident, occurred_at, *fields = flat[event.kind](event)
        effective = EPOCH + timedelta(milliseconds=order_key >> COUNTER_BITS)
        rows[event.kind].append((ident, occurred_at, effective, order_key, *fields))
    writer, times, counts = LakeWriter(root, pack.kinds), size // count, {}
    span_ms = int(count * STEP_S * 1000)
    for name, found in rows.items():
        if found:
            schema = lake_schema(pack.kinds[name])
            cells = zip(zip(*found, strict=True), schema, strict=True)
            batch = pa.RecordBatch.from_arrays([pa.array(list(c), field.type) for c, field in cells], schema=schema)
            counts[name] = writer.write(name, (_later(batch, turn, span_ms) for turn in range(times)))
    last = sequencer.last_order_key + ((times - 1) * span_ms << COUNTER_BITS)
    events = sum(counts.values())
    manifest = Manifest(
        pack=pack.name,
        pack_version=pack.version,
        source="generated",
        rows=events,
        events=events,
        dead_letters={},
        kinds=counts,
        late=0,
        last_order_key=last,
    )
    writer.finish(manifest)
    return events


def _later(batch: pa.RecordBatch, turn: int, span_ms: int) -> pa.RecordBatch:
    """Return the same events some spans later, under other ids."""
    columns = {name: batch.column(name) for name in batch.schema.names}
    shift = pa.scalar(turn * span_ms * 1000, pa.duration("us"))
    columns["event_id"] = pc.binary_join_element_wise(columns["event_id"], str(turn), "-")
    columns["order_key"] = pc.add(columns["order_key"], pa.scalar(turn * span_ms << COUNTER_BITS, pa.int64()))
    for name in ("occurred_at", "effective_at"):
        columns[name] = pc.add(columns[name], shift)
    return pa.RecordBatch.from_arrays(list(columns.values()), schema=batch.schema)


@dataclass
class Timed:
    """A run, and what it took."""

    run: HistoryRun
    wall_s: float
    cpu_s: float
    peak_gib: float


def timed(pack: Pack, lake: Path, out: Path, cache: Path | None, limits: HistoryLimits) -> Timed:
    """Run a pack over a lake; the peak is of memory that is not given back, looked at ten times a second."""
    process, done = psutil.Process(), threading.Event()
    peak = 0

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.1):
            peak = max(peak, process.memory_info().rss)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    wall, cpu = time.perf_counter(), time.process_time()
    run = run_sql(pack, lake, out, cache=cache, limits=limits)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    done.set()
    watcher.join()
    return Timed(run, wall, cpu, peak / 2**30)


def online(pack: Pack, lake: Path) -> tuple[int, int, float]:
    """Decide the first events of a lake online; return how many, how often rules fired, and the processor seconds."""
    engine = Engine(pack)
    count = fired = 0
    start = time.process_time()
    events = (one for batch in Lake(lake, engine.decoder).read() for one in batch)
    for order_key, event in islice(events, ONLINE_EVENTS):
        fired += len(engine.decide(event, order_key).fired)
        count += 1
    return count, fired, time.process_time() - start


def row_at_a_time(count: int) -> tuple[int, float]:
    """Replay the same events by the baseline; return how often rules fired, and the processor seconds."""
    work = workload()
    lines = event_lines(work.make_events(count), step_s=STEP_S)
    return replayed(work, work.make_rules(RULES), lines)


def sized(size: int, folder: Path, limits: HistoryLimits) -> dict[str, object]:
    """Measure a lake of one size: cold, and warm after one rule changed."""
    pack, lake = pack_of(), folder / "lake"
    events = write_lake(pack, lake, size)
    cold = timed(pack, lake, folder / "cold", folder / "cache", limits)
    warm = timed(pack_of(changed=4), lake, folder / "warm", folder / "cache", limits)
    computed = warm.run.manifest.computed
    assert computed and all(step.startswith("states") for step in computed), computed
    rate = events / cold.cpu_s
    count, fired, online_s = online(pack, lake)
    fired_by_rows, rows_s = row_at_a_time(count)
    assert fired == fired_by_rows, (fired, fired_by_rows)
    exponent = f"{events:.0e}".replace("+0", "")
    for name, one in (("cold", cold), ("warm", warm)):
        print(f"{events} events {name}: {dict(one.run.manifest.seconds)}", file=sys.stderr)
    return {
        "cold_events_per_cpu_s": round(rate),
        "online_events_per_cpu_s": round(count / online_s),
        "ratio_to_online": round(rate * online_s / count, 2),
        "row_at_a_time_events_per_cpu_s": round(count / rows_s),
        "ratio_to_row_at_a_time": round(rate * rows_s / count, 2),
        "cold_s": round(cold.wall_s, 2),
        "cold_cpu_s": round(cold.cpu_s, 2),
        "warm_s": round(warm.wall_s, 2),
        "warm_cpu_s": round(warm.cpu_s, 2),
        "load": round(os.getloadavg()[0], 1),
        f"seconds_{exponent}": round(cold.wall_s, 2),
        f"peak_gib_{exponent}": round(cold.peak_gib, 2),
    }


def shipped(name: str, data: str, folder: Path, limits: HistoryLimits) -> float:
    """Return the seconds of a backtest of a shipped pack over all its real events, report included; middle of three."""
    lake, walls = folder / "lake", []
    import_source(
        open_pack(ROOT / "packs" / name),
        SHARED / "data" / data,
        lake,
        now_us=None,
        fresh=True,
        limits=Limits(memory=limits.memory),
        progress=lambda *told: None,
    )
    for turn in range(3):
        shutil.rmtree(cache_beside(lake), ignore_errors=True)
        command = ["backtest", str(ROOT / "packs" / name), "--source", str(lake), "--out", str(folder / f"out{turn}")]
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "zelo", *command], check=True, capture_output=True, cwd=ROOT)
        walls.append(time.perf_counter() - started)
    return statistics.median(walls)


def on_spark(size: int, folder: Path, limits: HistoryLimits) -> dict[str, object]:
    """Measure a lake on Spark in two executors of their own beside the driver; the answer is held against DuckDB's."""
    os.environ.setdefault("PYSPARK_SUBMIT_ARGS", SPARK)
    pack, lake = pack_of(), folder / "lake"
    events = write_lake(pack, lake, size)
    started = time.perf_counter()
    run = run_sql(pack, lake, folder / "spark", limits=limits, engine="spark")
    spark_s = time.perf_counter() - started
    other = run_sql(pack, lake, folder / "duckdb", limits=limits)
    assert run.manifest.rules == other.manifest.rules, "Spark and DuckDB differ"
    assert run.manifest.effects == other.manifest.effects, "Spark and DuckDB differ"
    print(f"{events} events on Spark: {dict(run.manifest.seconds)}", file=sys.stderr)
    return {"spark_events": events, "spark_s": round(spark_s, 1)}


def main() -> None:
    """Measure what the options name; say what was left out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--sizes", default="1e6", help="events, as 1e6,1e7; the figures without a size are of the last")
    parser.add_argument("--memory", default="4GB")
    parser.add_argument("--folder", type=Path, help="where lakes and results are made; a temporary folder otherwise")
    parser.add_argument("--spark", metavar="EVENTS", help="run so many events on Spark too, in separate executors")
    parser.add_argument("--no-packs", action="store_true", help="leave out the shipped packs")
    options = parser.parse_args()
    limits = HistoryLimits(memory=options.memory)
    figures: dict[str, object] = {}
    if not SHARED.exists():
        print("the shared data is absent: nothing can be measured", file=sys.stderr)
        show(figures, as_json=options.json)
        return
    for size in options.sizes.split(","):
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            figures |= sized(int(float(size)), Path(folder), limits)
    if options.spark:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            figures |= on_spark(int(float(options.spark)), Path(folder), limits)
    if not options.no_packs:
        for key, name, data in (
            ("wiki_s", "wiki_enforcement", "wiki_enforcement"),
            ("br_s", "br_social_commerce", "olist_marketplace"),
        ):
            with tempfile.TemporaryDirectory() as folder:
                figures[key] = round(shipped(name, data, Path(folder), limits), 2)
    show(figures, as_json=options.json)


if __name__ == "__main__":
    main()
