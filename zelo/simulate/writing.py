"""Writes a world as it is made: the lake and the feed day by day, at the end what they are measured by."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zelo.adapters.columns import INSTANT
from zelo.adapters.dead_letters import DeadLetters
from zelo.adapters.files import put_in_place, write_whole
from zelo.adapters.lake import UNFINISHED, Manifest, mark_unfinished
from zelo.events.intake import COUNTER_BITS
from zelo.simulate.almanac import DAY_US
from zelo.simulate.chance import Array
from zelo.simulate.intake import Arrived
from zelo.simulate.rows import Ids, arrow

_EPOCH = date(1970, 1, 1)
_DAY_KEYS = (DAY_US // 1_000) << COUNTER_BITS
SETTINGS: Mapping[str, object] = {
    "compression": "zstd",
    "compression_level": 1,
    "version": "2.6",
    "data_page_version": "1.0",
    "use_dictionary": True,
    "write_statistics": True,
}
"""All that a Parquet file's bytes hang on beside the rows and the library: pinned, so that no default moves them."""
PARTS = ("events", "impressions", "truth", "ledger", "cases")
"""Folders of a world beside its manifest."""


class WorldWriter:
    """Writes below a folder of its own; `finish` puts everything in its place, and until then nothing of it counts."""

    def __init__(self, root: Path, letters: DeadLetters) -> None:
        self.root = root
        self.letters = letters
        self.kinds: Counter[str] = Counter()
        self.impressions = 0
        self._days: dict[str, tuple[int, list[pa.Table]]] = {}
        """By kind: the day of UTC that is being filled, and its rows so far."""
        mark_unfinished(root, "zelo world")
        (root / "manifest.json").unlink(missing_ok=True)
        for name in PARTS:
            shutil.rmtree(root / name, ignore_errors=True)
            shutil.rmtree(root / f"{name}.partial", ignore_errors=True)
            (root / f"{name}.partial").mkdir(parents=True)

    def events(self, kind: str, parts: Sequence[tuple[Arrived, Array]]) -> None:
        """Write a day's events of one kind, given with their order keys."""
        tables = [_table(arrived, keys) for arrived, keys in parts if len(keys)]
        if not tables:
            return
        keys = np.concatenate([keys for _, keys in parts])
        order = np.argsort(keys, kind="stable")
        table, keys = pa.concat_tables(tables).take(pa.array(order)).combine_chunks(), keys[order]
        days = keys // _DAY_KEYS
        for day in np.unique(days).tolist():
            first, last = np.searchsorted(days, [day, day + 1]).tolist()
            self._put(kind, day, table.slice(first, last - first))
        self.kinds[kind] += len(keys)

    def refuse(self, arrived: Arrived, places: Array, code: str) -> None:
        """Write dead letters for events that are not taken in."""
        batch = arrived.batch
        names = arrow(Ids(f"{batch.kind}/", batch.numbers[places])).to_pylist()
        params = {"future": {"path": "occurred_at", "ahead": 2 * 86_400, "skew": 300}}
        for row, name in zip(places.tolist(), names, strict=True):
            raw = msgspec.json.encode(
                {"kind": batch.kind, "id": name, "occurred_us": int(arrived.said_us[row])}
            ).decode()
            told = params.get(code, {"event_id": name})
            self.letters.add(code, told, file="world", row=sum(self.letters.counts.values()) + 1, raw=raw)

    def offers(self, day: date, table: pa.Table) -> None:
        """Write a day's offers of the feed."""
        folder = self.root / "impressions.partial" / f"day={day}"
        folder.mkdir(parents=True)
        pq.write_table(table, folder / "part-0.parquet", **SETTINGS)
        self.impressions += table.num_rows

    def table(self, part: str, name: str, table: pa.Table) -> None:
        """Write a table of `truth`, `ledger` or `cases`."""
        folder = self.root / f"{part}.partial" / name
        folder.mkdir(parents=True)
        pq.write_table(table, folder / "part-0.parquet", **SETTINGS)

    def finish(self, manifest: Manifest) -> None:
        """Put the folders in their places, then the manifest."""
        for kind, (day, tables) in self._days.items():
            self._write(kind, day, tables)
        for name in PARTS:
            put_in_place(self.root / f"{name}.partial", self.root / name)
        write_whole(self.root / "manifest.json", msgspec.json.format(msgspec.json.encode(manifest), indent=2))
        (self.root / UNFINISHED).unlink()

    def _put(self, kind: str, day: int, rows: pa.Table) -> None:
        """Add rows to a day; a day is written when the next one begins."""
        filling, tables = self._days.get(kind, (day, []))
        if filling != day:
            self._write(kind, filling, tables)
            tables = []
        self._days[kind] = day, [*tables, rows]

    def _write(self, kind: str, day: int, tables: list[pa.Table]) -> None:
        folder = self.root / "events.partial" / f"kind={kind}" / f"day={_EPOCH + timedelta(days=day)}"
        folder.mkdir(parents=True)
        pq.write_table(pa.concat_tables(tables).combine_chunks(), folder / "part-0.parquet", **SETTINGS)


_ENVELOPE = ("event_id", "occurred_at", "effective_at", "order_key")


def _table(arrived: Arrived, keys: Array) -> pa.Table:
    """Return events as the lake holds them."""
    batch = arrived.batch
    columns = {
        "event_id": arrow(Ids(f"{batch.kind}/", batch.numbers)),
        "occurred_at": pa.array(arrived.said_us).cast(INSTANT),
        "effective_at": pa.array((keys >> COUNTER_BITS) * 1_000).cast(INSTANT),
        "order_key": pa.array(keys),
        **{name: arrow(column) for name, column in batch.columns.items()},
    }
    fields = [pa.field(name, value.type, nullable=name not in _ENVELOPE) for name, value in columns.items()]
    return pa.Table.from_arrays(list(columns.values()), schema=pa.schema(fields))
