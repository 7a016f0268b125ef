"""Account health: one standing, and whole simulations of a drawn ledger under two schedules; vectors that hold."""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import sys
import tempfile
import time
from array import array
from pathlib import Path
from statistics import median

import duckdb
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.measure import SHARED, show
from tests.health_vectors import failures
from zelo.base.source import Report, Source
from zelo.health.curves import with_expiry
from zelo.health.flows import Simulation, simulate
from zelo.health.lean import LeanSchedule
from zelo.health.ledger import Entry
from zelo.health.logic import standing
from zelo.policy.schedules.lengths import DAY_US
from zelo.policy.schedules.read import read_schedule
from zelo.policy.schedules.values import Schedule

PACK = Path(__file__).resolve().parent.parent / "packs" / "public_systems"
SCHEDULE = """
schedule: sellers
title: {en: Sellers, pt-BR: Vendedores}
severities: [low, medium, high]
violations: [late, spam, wrong_category, counterfeit, fraud]
penalties:
  limited: {title: {en: Limited, pt-BR: Limitada}, scopes: [promote], basis: A}
  no_listing: {title: {en: No new listings, pt-BR: Sem novos anúncios}, scopes: [list_goods], basis: A}
  closed: {title: {en: Closed, pt-BR: Encerrada}, scopes: [account], stacking: absorb, ends: no_listing, basis: A}
standings:
  - {standing: closed, title: {en: Closed, pt-BR: Encerrada}, penalty: closed}
  - {standing: limited, title: {en: Limited, pt-BR: Limitada}, any_penalty: true}
  - {standing: warned, title: {en: Warned, pt-BR: Advertida}, warned: true}
  - {standing: good, title: {en: Good, pt-BR: Regular}}
training: {lesson: {removes: true, basis: A}}
tracks:
  points:
    title: {en: Points, pt-BR: Pontos}
    kind: points
    lives: 180d
    warns_before: 3
    basis: A
    counts: [{by_severity: {low: 1, medium: 2, high: 4}, basis: A}]
    gains: {orders: {per: 1, gives: 1, lives: 90d, basis: A}}
    ladder:
      - {at: 12, penalty: limited, for: 7d, basis: A}
      - {at: 24, penalty: no_listing, for: 14d, basis: A}
      - {at: 36, penalty: no_listing, for: 28d, basis: A}
      - {at: 48, penalty: closed, for: forever, basis: A}
"""
START = 1_735_689_600 * 1_000_000
"""2025-01-01T00:00:00Z."""
DAYS = 540
PER_ACCOUNT = 20
SIZES = (10_000, 100_000, 1_000_000)
KINDS = ("violation", "reversal", "training", "warning", "reward")
SEVERITIES, SEVERITY = ("low", "medium", "high"), (0, 0, 0, 0, 0, 0, 0, 1, 1, 2)
MARKETS, ACCOUNT_SIZES, ACCOUNT_KINDS = ("BR", "MX", "ID", "US"), ("small", "middle", "large"), ("seller", "creator")


def schedules() -> tuple[Schedule, Schedule]:
    """Return a schedule of points with four milestones, and the same with half the expiry."""
    report = Report()
    schedule = read_schedule(Source("sellers.yaml", SCHEDULE), report)
    assert schedule is not None, report.diagnostics
    return schedule, with_expiry(schedule, 90)


def draw_ledger(accounts: int, folder: Path) -> tuple[Path, Path]:
    """Write a ledger of 20 entries for each account on average, in order of time, and what is known of the accounts.

    Nine entries in ten are violations, two in a hundred reversals of one; a quarter of the accounts also has other
    kinds of entry. Counts are skewed: most accounts have few entries, some have a hundred. More than 10,000 accounts
    are copies of the first 10,000 under other names.
    """
    ledger, facts = folder / "ledger.parquet", folder / "accounts.parquet"
    chance = random.Random(20260101)
    violations = list(schedules()[0].violations)
    text = pa.dictionary(pa.int32(), pa.string())
    schema = pa.schema(
        [
            ("id", pa.string()),
            ("account", pa.string()),
            ("kind", text),
            ("at", pa.timestamp("us", tz="UTC")),
            ("violation", text),
            ("severity", text),
            ("name", text),
            ("target", pa.string()),
        ]
    )
    drawn = min(accounts, SIZES[0])
    entries = _entries(range(drawn), chance, violations, schema)
    names = [f"account_{number:06d}" for number in range(drawn)]
    known = {
        "account": names,
        "market": [chance.choice(MARKETS) for _ in names],
        "size": [chance.choice((*ACCOUNT_SIZES, None)) for _ in names],
        "kind": [chance.choice(ACCOUNT_KINDS) for _ in names],
        "created_at": pa.array(
            [START - chance.randrange(1, 2_000) * DAY_US for _ in names], pa.timestamp("us", tz="UTC")
        ),
    }
    _repeat("entries", entries, accounts // drawn, ledger)
    _repeat("accounts", pa.table(known), accounts // drawn, facts)
    return ledger, facts


def _repeat(name: str, table: pa.Table, times: int, path: Path) -> None:
    """Write a table so many times over, each time for accounts of other names."""
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        db.execute("SET enable_progress_bar = false")
        db.register(name, table)
        sql = f"SELECT * REPLACE (account || '_' || copy AS account) FROM {name}, range({times}) AS copies(copy)"
        db.execute(f"COPY (SELECT * EXCLUDE (copy) FROM ({sql})) TO '{path}' (FORMAT parquet)")


def _entries(accounts: range, chance: random.Random, violations: list[str], schema: pa.Schema) -> pa.Table:
    """Return the entries of some accounts, in order of time."""
    owners, kinds, ats, what, targets = array("q"), array("b"), array("q"), array("b"), array("q")
    draw, some = chance.random, chance.randrange
    for account in accounts:
        count = min(2 + int(chance.expovariate(1 / (PER_ACCOUNT - 2.4))), 400)
        mixed = draw() < 0.25
        begun = len(owners)
        instants = sorted([some(DAYS * 86_400) for _ in range(count)])
        for at in instants:
            number = len(owners)
            kind, target = 0, -1
            luck = draw()
            if luck < 0.02 and number > begun:
                target = some(begun, number)
                kind = 1 if kinds[target] == 0 else 0
                target = target if kind else -1
            elif mixed and luck < 0.2:
                kind = 2 + some(3)
            owners.append(account)
            kinds.append(kind)
            ats.append(START + at * 1_000_000)
            what.append(some(len(violations)))
            targets.append(target)
    order = sorted(range(len(owners)), key=ats.__getitem__)
    base = accounts.start * 1_000
    names = ("", "", "lesson", "", "orders")
    arrays = {
        "id": [f"e{base + n}" for n in order],
        "account": [f"account_{owners[n]:06d}" for n in order],
        "kind": pa.DictionaryArray.from_arrays(pa.array([kinds[n] for n in order], pa.int32()), list(KINDS)),
        "at": pa.array([ats[n] for n in order], pa.timestamp("us", tz="UTC")),
        "violation": pa.DictionaryArray.from_arrays(
            pa.array([what[n] if kinds[n] == 0 else None for n in order], pa.int32()), violations
        ),
        "severity": pa.DictionaryArray.from_arrays(
            pa.array([SEVERITY[n % 10] if kinds[n] == 0 else None for n in order], pa.int32()), list(SEVERITIES)
        ),
        "name": pa.DictionaryArray.from_arrays(
            pa.array([kinds[n] if names[kinds[n]] else None for n in order], pa.int32()), list(names)
        ),
        "target": [f"e{base + targets[n]}" if targets[n] >= 0 else None for n in order],
    }
    return pa.table(arrays, schema=schema)


def standing_us(rounds: int = 7) -> float:
    """Return the microseconds of one standing from 50 entries: a year and a half of a busy seller."""
    schedule, _ = schedules()
    lean, chance = LeanSchedule(schedule), random.Random(1)
    names = list(schedule.violations)
    ledgers = []
    for account in range(200):
        instants = sorted(chance.randrange(DAYS) * DAY_US for _ in range(50))
        ledgers.append(
            [
                Entry(f"{account}-{n}", "violation", START + at, "a", chance.choice(names), chance.choice(SEVERITIES))
                for n, at in enumerate(instants)
            ]
        )
    times = []
    for _ in range(rounds):
        began = time.process_time()
        for entries in ledgers:
            standing(entries, lean, START + DAYS * DAY_US)
        times.append((time.process_time() - began) / len(ledgers) * 1e6)
    return min(times)


def simulate_s(accounts: int, folder: Path, rounds: int) -> tuple[float, float, int]:
    """Return the seconds of a whole simulation of a drawn ledger, its peak of memory in GiB, and its entries."""
    before, after = schedules()
    ledger, facts = draw_ledger(accounts, folder)
    entries = pq.ParquetFile(ledger).metadata.num_rows
    times, watch = [], _Memory()
    for number in range(rounds):
        began = time.perf_counter()
        simulate(Simulation(before, after, ledger, folder / f"out{number}", accounts=facts), watch)
        times.append(time.perf_counter() - began)
    return median(times), watch.peak / 2**30, entries


class _Memory:
    """The greatest sum of what this process and its children hold, as seen whenever it is asked."""

    def __init__(self) -> None:
        self.peak = 0

    def __call__(self, what: str, done: int, total: int) -> None:
        me = psutil.Process()
        held = me.memory_info().rss
        for child in me.children(recursive=True):
            try:
                held += child.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        self.peak = max(self.peak, held, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


def vectors() -> tuple[int, int]:
    """Return how many vectors of the public systems hold, of how many; (0, 0) where they are not beside the clone."""
    path = SHARED / "facts" / "test_vectors.json"
    if not path.exists():
        return 0, 0
    known = {file.stem for file in (PACK / "schedules").glob("*.yaml")}
    found = [v for v in json.loads(path.read_text(encoding="utf-8"))["vectors"] if v["system"] in known]
    return sum(not failures(vector) for vector in found), len(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--largest", type=int, default=SIZES[-1], help="leave larger simulations out")
    options = parser.parse_args()
    figures: dict[str, object] = {"standing_us": standing_us()}
    peak = 0.0
    for accounts in (size for size in SIZES if size <= options.largest):
        folder = Path(tempfile.mkdtemp(prefix="zelo-bench-"))
        try:
            seconds, held, entries = simulate_s(accounts, folder, 3 if accounts < SIZES[-1] else 1)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        name = f"1e{len(str(accounts)) - 1}"
        peak = max(peak, held)
        figures |= {f"simulate_{name}_s": seconds, f"entries_{name}": entries}
        print(f"{name}: {seconds:.1f} s, {entries:,} entries, {held:.2f} GiB", file=sys.stderr)
    passed, total = vectors()
    figures |= {"peak_gib": peak, "vectors_passed": passed, "vectors_total": total}
    show(figures, as_json=options.json)


if __name__ == "__main__":
    main()
