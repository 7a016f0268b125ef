"""
The lake: events as Parquet files by kind and day, read back in the order of intake.

    LAKE/manifest.json                                            written last: a lake without it is unfinished
    LAKE/events/kind=listing.created/day=2026-01-31/part-0.parquet   sorted by order_key; days are of effective_at
"""

from __future__ import annotations

import heapq
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zelo.adapters.columns import lake_schema, python_values
from zelo.adapters.files import put_in_place, write_whole
from zelo.base.errors import InvalidInput, NotFound
from zelo.base.messages.message import N_
from zelo.events.decode import Decoder, Event
from zelo.events.intake import COUNTER_BITS
from zelo.events.rows import columns as event_columns
from zelo.events.rows import reader
from zelo.events.types import Kind

SCHEMA_VERSION = 1
BATCH_ROWS = 8_192
_DAY_KEYS = 86_400_000 << COUNTER_BITS
_EPOCH = date(1970, 1, 1)


class Manifest(msgspec.Struct, kw_only=True, frozen=True):
    """What a finished lake holds, and where it comes from."""

    schema_version: int = SCHEMA_VERSION
    pack: str
    pack_version: str
    source: str
    rows: int
    """Rows or lines that were read: events + dead letters."""
    events: int
    dead_letters: Mapping[str, int]
    """Code of the reason to how many."""
    kinds: Mapping[str, int]
    """Kind to how many events."""
    late: int
    """Events dated before the one that came in before them; they count from when they were known."""
    last_order_key: int


class LakeWriter:
    """Writes one lake; `finish` makes it whole, and until then nothing of it counts."""

    def __init__(self, root: Path, kinds: Mapping[str, Kind]) -> None:
        self.root = root
        self._schemas = {name: lake_schema(kind) for name, kind in kinds.items()}
        self._partial = root / "events.partial"
        shutil.rmtree(self._partial, ignore_errors=True)
        shutil.rmtree(root / "events", ignore_errors=True)
        (root / "manifest.json").unlink(missing_ok=True)
        self._partial.mkdir(parents=True)

    def write(self, kind: str, batches: Iterable[pa.RecordBatch]) -> int:
        """Write all events of a kind, given in order; return how many there were."""
        count, day, writer = 0, None, None
        try:
            for batch in batches:
                for number, rows in _by_day(batch):
                    if number != day:
                        if writer is not None:
                            writer.close()
                        day, writer = number, self._open(kind, number)
                    assert writer is not None
                    writer.write_batch(rows)
                    count += rows.num_rows
        finally:
            if writer is not None:
                writer.close()
        return count

    def schema(self, kind: str) -> pa.Schema:
        """Return the columns that batches of a kind must have."""
        return self._schemas[kind]

    def finish(self, manifest: Manifest) -> None:
        """Put the files and the manifest in place."""
        put_in_place(self._partial, self.root / "events")
        write_whole(self.root / "manifest.json", msgspec.json.format(msgspec.json.encode(manifest), indent=2))

    def _open(self, kind: str, day: int) -> pq.ParquetWriter:
        folder = self._partial / f"kind={kind}" / f"day={_EPOCH + timedelta(days=day)}"
        folder.mkdir(parents=True)
        return pq.ParquetWriter(folder / "part-0.parquet", self._schemas[kind], compression="zstd")


def _by_day(batch: pa.RecordBatch) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Cut a batch, sorted by order key, at the midnights of UTC; yield days since 1970 with their rows."""
    keys = batch.column("order_key")
    start = 0
    while start < batch.num_rows:
        day = keys[start].as_py() // _DAY_KEYS
        rest = keys.slice(start)
        length = pc.sum(pc.less(rest, pa.scalar((day + 1) * _DAY_KEYS, pa.int64()))).as_py()
        yield day, batch.slice(start, length)
        start += length


class Lake:
    """Reads a finished lake with the kinds of a pack."""

    def __init__(self, root: Path, decoder: Decoder) -> None:
        """Raise NotFound when there is no finished lake, InvalidInput when it does not fit the pack's kinds."""
        self.root = root
        self.manifest = read_manifest(root)
        unknown = sorted(set(self.manifest.kinds) - set(decoder.kinds))
        if unknown:
            raise InvalidInput(
                N_("{root} holds events of the kind `{kind}`, which the pack does not have: import them again"),
                root=root,
                kind=unknown[0],
            )
        self._kinds = {name: decoder.kinds[name] for name in sorted(self.manifest.kinds)}
        self._readers = {name: reader(decoder, kind) for name, kind in self._kinds.items()}

    def read(self, after: int | None = None, batch: int = BATCH_ROWS) -> Iterator[list[tuple[int, Event]]]:
        """Yield lists of (order key, event) in order, all those after `after`; never holds more than parts of a day."""
        first = None if after is None else str(_EPOCH + timedelta(days=after // _DAY_KEYS))
        for day in self._days():
            if first is None or day >= first:
                yield from self._day(day, after, batch)

    def at(self, order_keys: Iterable[int]) -> Iterator[tuple[int, Event]]:
        """Yield the events with these order keys, in order; reads the files of their days only."""
        by_day: dict[str, list[int]] = {}
        for key in sorted(order_keys):
            by_day.setdefault(str(_EPOCH + timedelta(days=key // _DAY_KEYS)), []).append(key)
        for day, keys in by_day.items():
            for rows in self._day(day, None, BATCH_ROWS, pa.array(keys, pa.int64())):
                yield from rows

    def read_kind(self, kind: str) -> Iterator[tuple[int, Event]]:
        """Yield the events of one kind in order."""
        for path in self.files(kind):
            for rows in self._file(kind, path, None, BATCH_ROWS, None):
                yield from rows

    def files(self, kind: str) -> list[Path]:
        """Return the files of a kind, by day."""
        return sorted((self.root / "events" / f"kind={kind}").glob("day=*/part-*.parquet"))

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """Return the kinds that the lake holds events of."""
        return self._kinds

    def _days(self) -> list[str]:
        found = {
            folder.name.removeprefix("day=")
            for kind in self._kinds
            for folder in (self.root / "events" / f"kind={kind}").glob("day=*")
        }
        return sorted(found)

    def _day(
        self, day: str, after: int | None, size: int, only: pa.Array | None = None
    ) -> Iterator[list[tuple[int, Event]]]:
        streams = [
            self._file(kind, path, after, size, only)
            for kind in self._kinds
            for path in sorted((self.root / "events" / f"kind={kind}" / f"day={day}").glob("part-*.parquet"))
        ]
        if len(streams) == 1:
            yield from streams[0]
            return
        merged = heapq.merge(*(_each(stream) for stream in streams), key=_order_key)
        rows: list[tuple[int, Event]] = []
        for row in merged:
            rows.append(row)
            if len(rows) == size:
                yield rows
                rows = []
        if rows:
            yield rows

    def _file(
        self, kind: str, path: Path, after: int | None, size: int, only: pa.Array | None
    ) -> Iterator[list[tuple[int, Event]]]:
        wanted = lake_schema(self._kinds[kind])
        make = self._readers[kind]
        always = [column.name for column in event_columns(self._kinds[kind]) if column.required]
        with _opened(path) as file:
            check = check_fit(file.schema_arrow, wanted, path, self._kinds[kind])
            for batch in file.iter_batches(size, columns=check, use_threads=False):
                if after is not None:
                    batch = batch.filter(pc.greater(batch.column("order_key"), pa.scalar(after, pa.int64())))
                if only is not None:
                    batch = batch.filter(pc.is_in(batch.column("order_key"), only))
                if batch.num_rows:
                    _check_required(batch, path, always)
                    yield list(zip(batch.column("order_key").to_pylist(), make(_values(batch, wanted)), strict=True))


def _opened(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path, pre_buffer=False)  # files are small: threads cost more than they save
    except pa.ArrowInvalid as error:
        raise InvalidInput(N_("{path} is not a whole Parquet file: import the events again"), path=path) from error


def _each(stream: Iterator[list[tuple[int, Event]]]) -> Iterator[tuple[int, Event]]:
    for rows in stream:
        yield from rows


def _order_key(row: tuple[int, Event]) -> int:
    return row[0]


def _values(batch: pa.RecordBatch, wanted: pa.Schema) -> list[list[object]]:
    """Return the columns an event is made of; one that the file does not have is absent in every row."""
    have = set(batch.schema.names)
    names = ["event_id", "occurred_at", *wanted.names[4:]]
    absent: list[object] = [None] * batch.num_rows
    return [python_values(batch.column(name)) if name in have else absent for name in names]


def _check_required(batch: pa.RecordBatch, path: Path, names: Iterable[str]) -> None:
    for name in names:
        if batch.column(name).null_count:
            raise InvalidInput(
                N_("{path}: column `{column}` is empty in some rows but required by the pack: import the events again"),
                path=path,
                column=name,
            )


def check_fit(found: pa.Schema, wanted: pa.Schema, path: Path, kind: Kind) -> list[str]:
    """Return the names of the wanted columns that the file has; raise InvalidInput when they are of other types."""
    have = {name: found.field(name).type for name in found.names}
    required = {*wanted.names[:4]} | {column.name for column in event_columns(kind) if column.required}
    for field in wanted:
        if field.name not in have and field.name not in required:
            continue
        if have.get(field.name) != field.type:
            raise InvalidInput(
                N_("{path}: column `{column}` is `{found}` where the pack wants `{expected}`: import the events again"),
                path=path,
                column=field.name,
                found=have.get(field.name, "absent"),
                expected=field.type,
            )
    return [name for name in wanted.names if name in have]


def read_manifest(root: Path) -> Manifest:
    """Return the manifest of a finished lake; raise NotFound when there is none, InvalidInput when it is broken."""
    try:
        data = (root / "manifest.json").read_bytes()
    except FileNotFoundError:
        raise NotFound(N_("{root} is not a finished lake: it has no manifest.json"), root=root) from None
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidInput(N_("{root}/manifest.json cannot be read: import the events again"), root=root) from None
    if manifest.schema_version != SCHEMA_VERSION:
        raise InvalidInput(N_("{root} was written by another version of zelo: import the events again"), root=root)
    return manifest


def is_lake(root: Path) -> bool:
    """Say whether a folder is a finished lake."""
    return (root / "manifest.json").is_file() and (root / "events").is_dir()


Progress = Callable[[str, int, int], None]
"""(what is being done, done so far, of how many; 0 when that is not known)."""
