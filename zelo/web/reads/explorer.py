"""Searches decisions and events: DuckDB over the lake, and what is not in the lake yet from PostgreSQL beside it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
from django.conf import settings
from django.db import models

from zelo.adapters.columns import python_values
from zelo.adapters.lake_store import lake_store
from zelo.base.errors import Unavailable
from zelo.base.messages.message import N_
from zelo.models import Decision, LakeFile
from zelo.web.reads.search import Search, filters
from zelo.worker.lake import to_come

PAGE = 50
EXPORT_MAX = 100_000
GROUPS_MAX = 12
RECENT_MAX = 20_000
"""Most decisions that are taken from PostgreSQL because they are not in the lake yet."""
TIMEOUT_S = 15.0
_DAY_US = 86_400_000_000
_BUCKETS = {"hour": (_DAY_US // 24, 0), "day": (_DAY_US, 0), "week": (_DAY_US * 7, _DAY_US * 4)}
"""Length of a bucket, and where the first after 1970 begins; weeks begin on Monday."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Found:
    """What a search found."""

    rows: list[dict[str, Any]]
    more: bool
    """Whether there are further pages."""
    total: int
    fired: int
    series: list[tuple[datetime, int, int]]
    """Start of a bucket, how many, and of those how many with a rule that fired."""
    groups: list[tuple[str, int]] = field(default_factory=list)
    seconds: float = 0.0
    files: int = 0


@contextmanager
def _connected() -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a database in memory that is interrupted when it takes too long."""
    db = duckdb.connect(":memory:", config={"threads": 2, "memory_limit": "1GB"})
    db.execute("SET TimeZone = 'UTC'")
    watch = threading.Timer(TIMEOUT_S, db.interrupt)
    watch.start()
    try:
        yield db
    except duckdb.InterruptException:
        raise Unavailable(N_("the search took too long: choose a shorter time")) from None
    finally:
        watch.cancel()
        db.close()


def _relation(db: duckdb.DuckDBPyConnection, search: Search) -> int:
    """Make the view `found_in` of everything the search may look at; return how many files that is."""
    first, last = search.since.date() - timedelta(days=1), search.until.date() + timedelta(days=1)
    files = LakeFile.objects.filter(content=search.what, day__gte=first, day__lte=last)
    if search.what == "events":
        files = files.filter(kind=search.kind)
    # the latest first: once a page is full, what is older is passed over by the bounds of its row groups
    paths = list(files.order_by("-day", "-id").values_list("path", flat=True))
    recent: pa.Table | None = to_come(RECENT_MAX, search.kind if search.what == "events" else "")
    parts = []
    if paths:
        # decisions have one schema for ever; events have that of their pack version, and every footer is read for it
        lake_store(settings.LAKE).show(db, "in_lake", paths, alike=search.what == "decisions")
        parts.append("SELECT * FROM in_lake")
    if recent is not None and (recent.num_rows or not paths):
        db.register("recent", recent)
        parts.append("SELECT * FROM recent")
    if not parts:
        db.execute("CREATE VIEW found_in AS SELECT NULL::TIMESTAMPTZ effective_at, 0::BIGINT order_key WHERE false")
        return 0
    db.execute(f"CREATE TEMP VIEW found_in AS {' UNION ALL BY NAME '.join(parts)}")
    return len(paths)


def search(asked: Search, versions: list[str] | None) -> Found:
    """Carry out a search; `versions` are the pack versions a person may see, None for all."""
    started = time.perf_counter()
    with _connected() as db:
        files = _relation(db, asked)
        if _is_empty(db, asked):
            return Found([], False, 0, 0, [], [], time.perf_counter() - started, files)
        if asked.what == "events" and versions is not None:
            _keep_visible(db, asked, versions)
        where, given = filters(asked, versions)
        whole, whole_given = (where, given)
        if asked.before is not None:
            whole = where.replace(" AND order_key < ?", "", 1)
            whole_given = [*given[:2], *given[3:]]
        fired = "count(*) FILTER (len(fired) > 0)" if asked.what == "decisions" else "0"
        sql = f"SELECT {_bucket(asked.bucket)}, count(*), {fired} FROM found_in WHERE {whole} GROUP BY 1 ORDER BY 1"
        series = db.execute(sql, whole_given).fetchall()
        series = [(_EPOCH + timedelta(microseconds=at), count, part) for at, count, part in series]
        rows = _latest(db, where, given, PAGE + 1)
        groups = _groups(db, asked, whole, whole_given)
    return Found(
        rows[:PAGE], len(rows) > PAGE, sum(one[1] for one in series), sum(one[2] for one in series), series, groups,
        time.perf_counter() - started, files,
    )  # fmt: skip


def _is_empty(db: duckdb.DuckDBPyConnection, asked: Search) -> bool:
    columns = {row[0] for row in db.execute("DESCRIBE found_in").fetchall()}
    return "event_id" not in columns or any(one.column.name not in columns for one in asked.conditions)


def _keep_visible(db: duckdb.DuckDBPyConnection, asked: Search, versions: list[str]) -> None:
    """Leave only events that a visible version decided."""
    rows = db.execute("SELECT event_id FROM found_in").fetchall()
    ids = [row[0] for row in rows]
    kept = Decision.objects.filter(event_id__in=ids, pack_version__version__in=versions)
    db.execute(
        "CREATE TEMP TABLE visible AS SELECT unnest(?) AS event_id", [list(kept.values_list("event_id", flat=True))]
    )
    db.execute("ALTER VIEW found_in RENAME TO found_all")
    db.execute("CREATE TEMP VIEW found_in AS SELECT * FROM found_all SEMI JOIN visible USING (event_id)")


def _bucket(unit: str) -> str:
    """Return the SQL of the start of a bucket in microseconds; whole numbers, as calendars are slow."""
    length, shift = _BUCKETS[unit]
    return f"(epoch_us(effective_at) - {shift}) // {length} * {length} + {shift}"


def _latest(db: duckdb.DuckDBPyConnection, where: str, given: list[object], most: int) -> list[dict[str, Any]]:
    """Return the latest rows: first the order key at which they end, so that only their own stretch is read whole."""
    keys = f"SELECT order_key FROM found_in WHERE {where} ORDER BY order_key DESC LIMIT {most}"
    first = f"SELECT min(order_key) FROM ({keys})"
    ((last,),) = db.execute(first, given).fetchall()
    if last is None:
        return []
    sql = f"SELECT * FROM found_in WHERE order_key >= {int(last)} AND {where} ORDER BY order_key DESC LIMIT {most}"
    return _rows(db, sql, given)


def _rows(db: duckdb.DuckDBPyConnection, sql: str, given: Sequence[object]) -> list[dict[str, Any]]:
    table = db.sql(sql, params=list(given)).to_arrow_table()
    cells = [python_values(table.column(name).combine_chunks()) for name in table.column_names]
    return [dict(zip(table.column_names, row, strict=True)) for row in zip(*cells, strict=True)]


def _groups(db: duckdb.DuckDBPyConnection, asked: Search, where: str, given: list[object]) -> list[tuple[str, int]]:
    columns = {
        "kind": f"'{asked.kind.replace(chr(39), '')}'" if asked.what == "events" else "kind",
        "pack_version": "pack_version",
        "rule": "unnest(fired)",
        "effect": "unnest(list_transform(effects, lambda e: e.kind))",
    }
    if asked.group_column is not None:
        column = '"' + asked.group_column.name.replace('"', '""') + '"'
    elif asked.group in columns and (asked.what == "decisions" or asked.group == "kind"):
        column = columns[asked.group]
    else:
        return []
    sql = (
        f"SELECT coalesce(CAST(g AS VARCHAR), ''), count(*) FROM (SELECT {column} AS g FROM found_in WHERE {where})"
        f" GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {GROUPS_MAX}"
    )
    return [(str(name), int(count)) for name, count in db.execute(sql, given).fetchall()]


def export(asked: Search, versions: list[str] | None) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    """Return the columns and the rows of a search, newest first, up to a limit."""
    with _connected() as db:
        _relation(db, asked)
        if _is_empty(db, asked):
            return ["event_id"], iter(())
        if asked.what == "events" and versions is not None:
            _keep_visible(db, asked, versions)
        where, given = filters(asked, versions)
        rows = _latest(db, where, given, EXPORT_MAX)
        names = list(rows[0]) if rows else ["event_id"]
        return names, (tuple(row.values()) for row in rows)


def decision_ids(event_ids: Sequence[str]) -> dict[str, int]:
    """Return the decisions of events by the events' ids."""
    found: models.QuerySet[Decision] = Decision.objects.filter(event_id__in=list(event_ids))
    return dict(found.values_list("event_id", "id"))
