"""
The lake: events as Parquet files by kind and day, read back in the order of intake.

    LAKE/manifest.json                                            written last: a lake without it is unfinished
    LAKE/events/kind=listing.created/day=2026-01-31/part-0.parquet   sorted by order_key; days are of effective_at

A part begins with the first event of its day, and holds the days up to the next part of its kind.
"""

from __future__ import annotations

import shutil
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from operator import itemgetter
from pathlib import Path
from typing import Literal, TypeVar

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zelo.adapters.columns import lake_schema, python_values
from zelo.adapters.files import put_in_place, write_whole
from zelo.base.errors import Conflict, InvalidInput, NotFound
from zelo.base.messages.message import N_
from zelo.events.decode import Decoder, Event
from zelo.events.intake import COUNTER_BITS
from zelo.events.rows import columns as event_columns
from zelo.events.rows import reader
from zelo.events.types import Kind

SCHEMA_VERSION = 1
UNFINISHED = "unfinished.json"
BATCH_ROWS = 8_192
PART_ROWS = 5_000
"""A part goes on over the following days until it holds so many events: many small files are slow to read."""
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


class Unfinished(msgspec.Struct, frozen=True):
    """Says, as long as a lake is being written, that the folder is a lake, or a world."""

    format: Literal["zelo lake", "zelo world"]


class LakeWriter:
    """Writes one lake; `finish` makes it whole, and until then nothing of it counts."""

    def __init__(self, root: Path, kinds: Mapping[str, Kind]) -> None:
        self.root = root
        self._schemas = {name: lake_schema(kind) for name, kind in kinds.items()}
        self._partial = root / "events.partial"
        root.mkdir(parents=True, exist_ok=True)
        mark_unfinished(root, "zelo lake")
        shutil.rmtree(self._partial, ignore_errors=True)
        shutil.rmtree(root / "events", ignore_errors=True)
        (root / "manifest.json").unlink(missing_ok=True)
        self._partial.mkdir(parents=True)

    def write(self, kind: str, batches: Iterable[pa.RecordBatch]) -> int:
        """Write all events of a kind, given in order; return how many there were."""
        count, rows, last, writer = 0, 0, None, None
        try:
            for batch in batches:
                start = 0
                for day, place in _days(batch):
                    if writer is None or (day != last and rows + place - start >= PART_ROWS):
                        _close(writer, batch.slice(start, place - start))
                        start, rows, writer = place, 0, self._open(kind, day)
                    last = day
                if writer is not None:
                    writer.write_batch(batch.slice(start))
                rows, count = rows + batch.num_rows - start, count + batch.num_rows
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
        (self.root / UNFINISHED).unlink()

    def _open(self, kind: str, day: int) -> pq.ParquetWriter:
        folder = self._partial / f"kind={kind}" / f"day={_EPOCH + timedelta(days=day)}"
        folder.mkdir(parents=True)
        return pq.ParquetWriter(folder / "part-0.parquet", self._schemas[kind], compression="zstd")


def _close(writer: pq.ParquetWriter | None, rows: pa.RecordBatch) -> None:
    """End a part with these rows."""
    if writer is not None:
        if rows.num_rows:
            writer.write_batch(rows)
        writer.close()


def _days(batch: pa.RecordBatch) -> Iterator[tuple[int, int]]:
    """Yield the days of UTC in a batch, sorted by order key, as days since 1970, each with its first row."""
    keys = batch.column("order_key").to_pylist()
    start = 0
    while start < len(keys):
        day = keys[start] // _DAY_KEYS
        yield day, start
        start = bisect_left(keys, (day + 1) * _DAY_KEYS)


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
        """Yield lists of (order key, event) in order, all those after `after`; of each file holds a batch at most."""
        rows: list[tuple[int, Event]] = []
        for found in _merged([self._kind(kind, after, batch) for kind in self._kinds]):
            rows += found
            while len(rows) >= batch:
                yield rows[:batch]
                rows = rows[batch:]
        if rows:
            yield rows

    def _kind(self, kind: str, after: int | None, size: int) -> Iterator[list[tuple[int, Event]]]:
        """Yield the events of a kind: all files of a folder are before those of the next."""
        folders = sorted((self.root / "events" / f"kind={kind}").glob("day=*"))
        if after is not None:
            first = f"day={_EPOCH + timedelta(days=after // _DAY_KEYS)}"
            sooner = [number for number, folder in enumerate(folders) if folder.name < first]
            folders = folders[sooner[-1] if sooner else 0 :]
        for folder in folders:
            yield from _merged([self._file(kind, path, after, size) for path in sorted(folder.glob("*.parquet"))])

    def at(self, order_keys: Iterable[int]) -> Iterator[tuple[int, Event]]:
        """Yield the events with these order keys, in order; opens only the files that may hold them."""
        keys = sorted(order_keys)
        for rows in _merged([self._kind_at(kind, keys) for kind in self._kinds]):
            yield from rows

    def _kind_at(self, kind: str, keys: list[int]) -> Iterator[list[tuple[int, Event]]]:
        """Yield those of a kind; a part may go on over the days after its folder's."""
        folders = sorted((self.root / "events" / f"kind={kind}").glob("day=*"))
        days = [(date.fromisoformat(folder.name.removeprefix("day=")) - _EPOCH).days for folder in folders]
        for number, folder in enumerate(folders):
            end = days[number + 1] * _DAY_KEYS if number + 1 < len(days) else keys[-1] + 1 if keys else 0
            some = keys[bisect_left(keys, days[number] * _DAY_KEYS) : bisect_left(keys, end)]
            if some:
                only = pa.array(some, pa.int64())
                files = [self._file(kind, path, None, BATCH_ROWS, only) for path in sorted(folder.glob("*.parquet"))]
                yield from _merged(files)

    def read_kind(self, kind: str) -> Iterator[tuple[int, Event]]:
        """Yield the events of one kind in order."""
        for rows in self._kind(kind, None, BATCH_ROWS):
            yield from rows

    def files(self, kind: str) -> list[Path]:
        """Return the files of a kind, by day."""
        return sorted((self.root / "events" / f"kind={kind}").glob("day=*/part-*.parquet"))

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """Return the kinds that the lake holds events of."""
        return self._kinds

    def _file(
        self, kind: str, path: Path, after: int | None, size: int, only: pa.Array | None = None
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


def _merged(streams: Iterable[Iterator[list[tuple[int, Event]]]]) -> Iterator[list[tuple[int, Event]]]:
    """Merge streams of sorted lists into one; takes from each no more than up to where the first of them ends."""
    held = [(rows, stream) for stream in streams if (rows := next(stream, []))]
    while len(held) > 1:
        border = min(rows[-1][0] for rows, _ in held)
        taken: list[tuple[int, Event]] = []
        left = []
        for rows, stream in held:
            cut = bisect_right(rows, border, key=_order_key)
            taken += rows[:cut]
            if rest := rows[cut:] or next(stream, []):
                left.append((rest, stream))
        taken.sort(key=_order_key)
        yield taken
        held = left
    for rows, stream in held:
        yield rows
        yield from stream


_order_key = itemgetter(0)


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


def mark_unfinished(root: Path, what: Literal["zelo lake", "zelo world"]) -> None:
    """Say in a folder whose it is, until what is written to it is whole."""
    write_whole(root / UNFINISHED, msgspec.json.encode(Unfinished(format=what)))


def unfinished(root: Path) -> bool:
    """Say whether a folder is a lake or world whose making has not come to its end."""
    if not root.is_dir() or (root / "manifest.json").is_file():
        return False
    return _read_as(root / UNFINISHED, Unfinished) is not None or any(path.is_dir() for path in root.glob("*.partial"))


def claim_lake(root: Path, *, fresh: bool) -> None:
    """
    Raise Conflict unless a lake may be written here: to an empty folder, or with `fresh` over an earlier lake.

    What else lies with a lake, such as labels, stays.
    """
    if all(path.name == ".lock" for path in root.iterdir()):
        return
    if not fresh:
        raise Conflict(N_("{out} is not empty: name a new folder, or say --fresh to replace what is in it"), out=root)
    began, manifest = _read_as(root / UNFINISHED, Unfinished), _read_as(root / "manifest.json", Manifest)
    of_lake = began is not None and began.format == "zelo lake"
    if not of_lake and (manifest is None or manifest.source.startswith(WORLD)):
        raise Conflict(
            N_("{out} holds no lake of zelo, so nothing is thrown away: name a new folder, or remove it by hand"),
            out=root,
        )


def claim_world(root: Path, parts: Iterable[str], *, fresh: bool) -> None:
    """Raise Conflict unless a world of these folders may be written here: as with a lake, but over a world."""
    names = sorted(path.name for path in root.iterdir() if path.name != ".lock")
    ours = {*parts, "manifest.json", UNFINISHED, "dead_letters.jsonl"}
    for name in names:
        if name.removesuffix(".partial") not in ours:
            raise Conflict(N_("{out} holds files that are not from a world: name a new folder"), out=root)
    began = _read_as(root / UNFINISHED, Unfinished)
    if not names or (began is not None and began.format == "zelo world"):
        return
    manifest = _read_as(root / "manifest.json", Manifest)
    if manifest is None or not manifest.source.startswith(WORLD):
        raise Conflict(
            N_("{out} holds no world of zelo, so nothing is thrown away: name a new folder, or remove it by hand"),
            out=root,
        )
    if not fresh:
        raise Conflict(N_("{out} holds a world already: name a new folder, or say --fresh to replace it"), out=root)


WORLD = "world "
"""How the source of a world's manifest begins."""


_Mark = TypeVar("_Mark", Manifest, Unfinished)


def _read_as(path: Path, wanted: type[_Mark]) -> _Mark | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=wanted)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def is_lake(root: Path) -> bool:
    """Say whether a folder is a finished lake."""
    return (root / "manifest.json").is_file() and (root / "events").is_dir()


Progress = Callable[[str, int, int], None]
"""(what is being done, done so far, of how many; 0 when that is not known)."""
