"""The lake: sparse history in few files, dense history by day, and one order over all kinds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from tests.test_sources import DECODER, event, job, lines, taken_in
from zelo.adapters import lake
from zelo.adapters.lake import Lake

START = datetime(1969, 12, 20, tzinfo=UTC)


def history(tmp_path: Path, hours: int, count: int) -> Path:
    """Write events of two kinds, one of them thrice as often; `hours` between two."""
    rows = [
        {
            **event(str(n), (START + timedelta(hours=hours * n)).isoformat()),
            "kind": "page.seen" if n % 4 else "listing.created",
            "user": "u",
        }
        for n in range(count)
    ]
    return lines(tmp_path / "a.jsonl", *rows)


def folders(root: Path, kind: str) -> list[str]:
    return sorted(path.name for path in (root / "events" / f"kind={kind}").iterdir())


@pytest.mark.parametrize(("hours", "part_rows"), [(1, 1), (1, 30), (30, 7), (7, 10_000), (0, 3)])
@pytest.mark.parametrize("batch", [1, 7, 1_000])
def test_events_come_back_in_order_and_behind_any_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int, part_rows: int, batch: int
) -> None:
    """However many days a part holds, reading goes on behind any event with the next one."""
    monkeypatch.setattr(lake, "PART_ROWS", part_rows)
    root = tmp_path / "lake"
    manifest, events, _ = taken_in(job(history(tmp_path, hours, 90)), root)
    assert [e.id for _, e in events] == [str(n) for n in range(90)] and manifest.events == 90  # type: ignore[attr-defined]
    for place in range(0, 90, 11):
        found = list(Lake(root, DECODER).read(after=events[place][0], batch=batch))
        assert [row for rows in found for row in rows] == events[place + 1 :]
        assert all(len(rows) <= batch for rows in found)


def test_a_part_goes_on_over_days_until_it_is_worth_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder is named after its first day; the glob that readers use finds each event once."""
    monkeypatch.setattr(lake, "PART_ROWS", 10)
    root = tmp_path / "lake"
    _, events, _ = taken_in(job(history(tmp_path, 12, 60)), root)
    assert folders(root, "listing.created") == ["day=1969-12-20", "day=1970-01-09"]
    files = f"{root}/events/*/*/*.parquet"
    sql = f"""SELECT count(*), count(DISTINCT event_id), bool_and(CAST(effective_at AS DATE) >= day),
                     count(DISTINCT filename)
              FROM read_parquet('{files}', hive_partitioning = true, filename = true)"""
    [(rows, ids, later, parts)] = duckdb.sql(sql).fetchall()
    assert (rows, ids, later) == (60, 60, True) and parts < 10


def test_dense_history_has_a_folder_for_each_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many events a day as a part holds: nothing goes on into the next day."""
    monkeypatch.setattr(lake, "PART_ROWS", 6)
    root = tmp_path / "lake"
    taken_in(job(history(tmp_path, 1, 96)), root)
    assert folders(root, "listing.created") == [f"day=1969-12-{day}" for day in (20, 21, 22, 23)]


def test_a_part_never_splits_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only midnight ends a part, also where the writer gets its rows in small batches."""
    monkeypatch.setattr(lake, "PART_ROWS", 2)
    monkeypatch.setattr("zelo.adapters.stage.BATCH_ROWS", 5)
    root = tmp_path / "lake"
    taken_in(job(history(tmp_path, 1, 96)), root)
    for kind in ("listing.created", "page.seen"):
        assert folders(root, kind) == [f"day=1969-12-{day}" for day in (20, 21, 22, 23)]
