"""The explorer over a generated lake: how long each sort of search takes, manifest, files and pages included."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import duckdb

from benchmarks.installation import Installation, installation
from benchmarks.measure import show

DAYS = 60
_DECISIONS = """
COPY (
    SELECT 'e-' || i AS event_id, k AS kind,
        (epoch_ms(moment) << 20) + i % 1048576 AS order_key, moment AS effective_at, '{version}' AS pack_version,
        '1' AS language_version,
        CASE WHEN i % 20 = 0 THEN ['rule_' || (i // 20 % 85)] ELSE []::VARCHAR[] END AS fired,
        CASE WHEN i % 50 = 0 THEN ['rule_' || (i // 50 % 85)] ELSE []::VARCHAR[] END AS undetermined,
        CASE WHEN i % 20 = 0 THEN [{{'kind': 'charge', 'role': 'actor', 'entity': 'A' || (i // 20 % 99991),
            'parameters': '{{}}', 'rules': ['rule_' || (i // 20 % 85)]}}] ELSE [] END AS effects,
        []::STRUCT(kind VARCHAR, "role" VARCHAR, entity VARCHAR, parameters VARCHAR, rules VARCHAR[],
            reason VARCHAR)[] AS held,
        '{{"orders_60d":' || i % 40 || '}}' AS features
    FROM (SELECT i, ['order.placed', 'order.delivered', 'review.posted', 'listing.created'][1 + i % 4] AS k,
        TIMESTAMPTZ '{start}' + to_microseconds((i - {low}) * 86400000000 // {each}) AS moment
        FROM range({low}, {high}) t(i))
) TO '{path}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 65536)
"""
_EVENTS = """
COPY (
    SELECT 'e-' || i AS event_id, moment AS occurred_at, moment AS effective_at,
        (epoch_ms(moment) << 20) + i % 1048576 AS order_key,
        'B' || (i * 7919 % 200003) AS "buyer.id", 'S' || (i % 5003) AS "seller.id", 'L' || (i % 70001) AS "listing.id",
        'o-' || i AS "order.id", 'R' || i AS "review.id", 1 + i % 5 AS "review.score",
        CASE WHEN i % 3 = 0 THEN 'produto bom ' || i % 1000 END AS "review.message"
    FROM (SELECT i, TIMESTAMPTZ '{start}' + to_microseconds((i - {low}) * 86400000000 // {each}) AS moment
        FROM range({low}, {high}) t(i))
) TO '{path}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 65536)
"""


def fill(place: Installation, rows: int, version: str) -> None:
    """Write a lake of so many decisions and so many reviews over the last days, as compaction leaves it."""
    from zelo.decide.tables import LakeFile

    root = Path(place.environment["LAKE"])
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    each = rows // DAYS
    made = []
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        for number in range(DAYS):
            start = today - timedelta(days=DAYS - number)
            given = {"start": start.isoformat(), "low": number * each, "high": (number + 1) * each, "each": each}
            for content, kind, sql in (("decisions", "", _DECISIONS), ("events", "review.posted", _EVENTS)):
                folder = f"{content}/kind={kind}/day={start.date()}" if kind else f"{content}/day={start.date()}"
                (root / folder).mkdir(parents=True, exist_ok=True)
                path = f"{folder}/part-all.parquet"
                db.execute(sql.format(**given, path=root / path, version=version))
                made.append(
                    LakeFile(
                        path=path, content=content, kind=kind, day=start.date(), partition=-1, first=1, last=each,
                        rows=each, bytes=(root / path).stat().st_size, made_at=today,
                    )
                )  # fmt: skip
    LakeFile.objects.bulk_create(made)


SEARCHES = {
    "first_page_30_days": {"days": "30"},
    "all_90_days": {"days": "90"},
    "rule": {"days": "90", "rule": "rule_17"},
    "by_rule": {"days": "90", "outcome": "fired", "group": "rule"},
    "by_kind": {"days": "90", "group": "kind"},
    "by_effect": {"days": "90", "group": "effect"},
    "entity": {"days": "90", "entity": "account:A4711"},
    "field_is": {
        "days": "90", "what": "events", "kind": "review.posted", "field1": "seller.id", "op1": "is", "value1": "S42",
    },
    "field_contains": {
        "days": "90", "what": "events", "kind": "review.posted", "field1": "review.message", "op1": "holds",
        "value1": "bom 777",
    },
    "events_by_field": {"days": "90", "what": "events", "kind": "review.posted", "group": "field:review.score"},
}  # fmt: skip
"""What people look for, as the address says it."""


def measured(rounds: int) -> dict[str, float]:
    """Return the milliseconds of each search, on the wall (the best of the rounds) and of the processor."""
    from zelo.web.reads import explorer
    from zelo.web.reads.search import read_search
    from zelo.worker.versions import ACTIVE

    known = ACTIVE.get()
    assert known is not None
    pack, now = known[1], datetime.now(UTC)
    jobs: dict[str, Callable[[], object]] = {}
    for name, given in SEARCHES.items():
        jobs[name] = partial(explorer.search, read_search(given, pack, now, "UTC"), None)
    deep = explorer.search(read_search({"days": "90"}, pack, now - timedelta(days=30), "UTC"), None)
    before = {"days": "90", "before": str(deep.rows[-1]["order_key"])}
    jobs["deep_page"] = lambda: explorer.search(read_search(before, pack, now, "UTC"), None)
    jobs["export_100000"] = lambda: list(explorer.export(read_search({"days": "90"}, pack, now, "UTC"), None)[1])
    figures: dict[str, float] = {}
    for name, job in jobs.items():
        walls, used = [], []
        for _ in range(rounds):
            wall, cpu = time.perf_counter(), time.process_time()
            job()
            walls.append(time.perf_counter() - wall)
            used.append(time.process_time() - cpu)
        figures[f"explorer_1e7_ms.{name}"] = min(walls) * 1e3
        figures[f"explorer_1e7_cpu_ms.{name}"] = min(used) * 1e3
    return figures


def run(folder: Path, *, rows: int, rounds: int = 2) -> dict[str, float]:
    """Return all figures."""
    with installation(folder / "place", durable=False) as place:
        for name in ("DATABASE_URL", "ZELO_HOME", "LAKE", "ZELO_LOG"):
            os.environ[name] = place.environment[name]
        os.environ["DJANGO_SETTINGS_MODULE"] = "zelo.settings"
        import django
        from django.db import connections

        django.setup()
        version = place.sql("SELECT version FROM zelo_pack_version")[0][0]
        fill(place, rows, version)
        figures = measured(rounds)
        connections.close_all()
    return figures


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=lambda text: int(float(text)), default=10_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="zelo-bench-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        figures = run(Path(folder), rows=options.rows, rounds=options.rounds)
    show(figures, as_json=options.json)


if __name__ == "__main__":
    main()
