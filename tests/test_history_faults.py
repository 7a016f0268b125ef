"""A lake that is not as it should be, or too little to run with: one clear message, nothing half-written left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.history_runs import differences, lake_of
from tests.small_run import stream, write_pack
from zelo.adapters.files import CannotWrite
from zelo.adapters.history import HistoryLimits
from zelo.adapters.history_database import HistoryDatabase
from zelo.adapters.packs import open_pack
from zelo.base.errors import Conflict, InvalidInput, NotFound, ZeloError
from zelo.history.flows import read_run, run_sql
from zelo.policy.pack import Pack

ONE = HistoryLimits(memory="500MB", threads=1)


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    return open_pack(write_pack(tmp_path / "pack"))


@pytest.fixture
def lake(pack: Pack, tmp_path: Path) -> Path:
    return lake_of(pack, stream(200), tmp_path / "lake")


def first_file(lake: Path) -> Path:
    return sorted(lake.glob("events/kind=listing.created/day=*/*.parquet"))[0]


def without_price(lake: Path) -> None:
    path = first_file(lake)
    pq.write_table(pq.read_table(path).drop_columns(["price"]), path)


def with_text_for_price(lake: Path) -> None:
    path = first_file(lake)
    table = pq.read_table(path)
    place = table.schema.get_field_index("price")
    texts = pa.array([str(price) for price in table["price"].to_pylist()])
    pq.write_table(table.set_column(place, "price", texts), path)


def with_a_gap(lake: Path) -> None:
    path = first_file(lake)
    table = pq.read_table(path)
    place = table.schema.get_field_index("price")
    prices = pa.array([None, *table["price"].to_pylist()[1:]], pa.float64())
    pq.write_table(table.set_column(place, table.schema.field(place), prices), path)


def half_written(lake: Path) -> None:
    path = first_file(lake)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def one_file_less(lake: Path) -> None:
    first_file(lake).unlink()


def unfinished(lake: Path) -> None:
    (lake / "manifest.json").unlink()


FAULTS: dict[str, tuple[Callable[[Path], None], type[ZeloError], str]] = {
    "a column is missing": (without_price, InvalidInput, "price"),
    "a column is of another type": (with_text_for_price, InvalidInput, "price"),
    "a required column has gaps": (with_a_gap, InvalidInput, "price"),
    "a file is half-written": (half_written, InvalidInput, "part-0.parquet"),
    "a file is missing": (one_file_less, InvalidInput, "listing.created"),
    "it is unfinished": (unfinished, NotFound, "manifest.json"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_lake_that_does_not_fit_is_told_before_anything_runs(
    fault: str, pack: Pack, lake: Path, tmp_path: Path
) -> None:
    """A lake that does not fit is told before anything runs."""
    spoil, kind, word = FAULTS[fault]
    spoil(lake)
    with pytest.raises(kind) as told:
        run_sql(pack, lake, tmp_path / "out", limits=ONE)
    assert word in str(told.value) or word in str(told.value.params) or word in str(vars(told.value))
    assert not (tmp_path / "out").exists() or not [p for p in (tmp_path / "out").iterdir() if p.name != ".lock"]


def test_an_empty_lake_and_an_empty_day_are_no_fault(pack: Pack, tmp_path: Path) -> None:
    """An empty lake and an empty day are no fault."""
    lake = lake_of(pack, [], tmp_path / "lake")
    (lake / "events" / "kind=listing.created" / "day=2026-01-01").mkdir(parents=True)
    run = run_sql(pack, lake, tmp_path / "out", limits=ONE)
    assert run.manifest.events == 0 and differences(pack, lake, run) == []


def test_a_full_disk_leaves_nothing(pack: Pack, lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk leaves nothing."""
    whole = HistoryDatabase.write

    def full(self: HistoryDatabase, sql: str, path: Path) -> None:
        if "part-001" in path.name:
            raise OSError(28, "No space left on device", str(path))
        whole(self, sql, path)

    monkeypatch.setattr(HistoryDatabase, "write", full)
    with pytest.raises(CannotWrite):
        run_sql(pack, lake, tmp_path / "out", limits=ONE)
    assert not (tmp_path / "out").exists()


def test_too_little_memory_and_disk_is_said(pack: Pack, lake: Path, tmp_path: Path) -> None:
    """Too little memory and disk is said."""
    with pytest.raises(InvalidInput):
        run_sql(pack, lake, tmp_path / "out", limits=HistoryLimits(memory="lots"))


def test_a_run_is_read_again_and_replaced(pack: Pack, lake: Path, tmp_path: Path) -> None:
    """A run is read again and replaced."""
    with pytest.raises(InvalidInput):
        read_run(tmp_path / "out")
    first = run_sql(pack, lake, tmp_path / "out", limits=ONE)
    assert read_run(tmp_path / "out") == first
    again = run_sql(pack, lake, tmp_path / "out", limits=ONE)
    assert differences(pack, lake, again) == []
    assert not (tmp_path / "out" / "work").exists()


def test_a_result_inside_the_lake_is_refused(pack: Pack, lake: Path) -> None:
    """A result inside the lake is refused."""
    with pytest.raises(Conflict):
        run_sql(pack, lake, lake / "out", limits=ONE)
