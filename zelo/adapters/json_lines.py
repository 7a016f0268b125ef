"""JSON Lines files (`.jsonl`, `.ndjson`, also gzipped) made into events, taken in line after line."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, cast

import pyarrow as pa
import pyarrow.parquet as pq

from zelo.adapters.columns import arrow_type
from zelo.adapters.dead_letters import DeadLetters
from zelo.adapters.files import writing
from zelo.adapters.fitting import literal
from zelo.adapters.stage import Clock, Origin, Part, Progress, Stage
from zelo.base.errors import InvalidInput
from zelo.base.messages.message import N_
from zelo.events.decode import Decoder
from zelo.events.intake import ORDER_MS_MAX, ORDER_MS_MIN, check_not_future, floor_ms
from zelo.events.reasons import invalid
from zelo.events.rows import columns, flattener
from zelo.events.types import Kind

SUFFIXES = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
LINE_BYTES_MAX = 1 << 20
_ROWS = 20_000
_TELL_EVERY = 10_000


def find_json_lines(source: Path) -> list[Path]:
    """Return the JSON Lines files of a folder by name, or the one file."""
    entries = sorted(source.iterdir()) if source.is_dir() else [source]
    return [path for path in entries if path.is_file() and path.name.endswith(SUFFIXES)]


class BrokenOff(InvalidInput):
    """A compressed file breaks off or is damaged."""

    def __init__(self, path: Path, line: int) -> None:
        """Keep after which line."""
        super().__init__(
            N_("{file}: the compressed file breaks off or is damaged after line {line}"), file=path.name, line=line
        )
        self.line = line

    def bury(self, path: Path, letters: DeadLetters) -> None:
        """Tell what is lost behind the last line as one dead letter; raise this when not one line could be read."""
        if not self.line:
            raise self
        letters.add("broken_off", {}, file=path.name, row=self.line + 1, raw="")


def stage_json_lines(
    stage: Stage, files: list[Path], decoder: Decoder, clock: Clock, letters: DeadLetters, progress: Progress
) -> int:
    """Decode and stage every line; return how many there were, dead letters among them, blank lines not."""
    writers = {
        name: _KindWriter(stage.folder / f"kind_{n}.parquet", kind)
        for n, (name, kind) in enumerate(decoder.kinds.items())
    }
    reader = _Reader(decoder, clock, letters, progress, writers)
    try:
        for path in files:
            stage.sources.append(Origin(path.name, lines=partial(read_lines, path)))
            reader.read(path, len(stage.sources) - 1)
    finally:
        for writer in writers.values():
            writer.close()
    for name, writer in writers.items():
        if writer.count:
            fields = "* EXCLUDE (occurred_at), epoch_us(occurred_at) AS occurred_us"
            relation = f"lines_{len(stage.parts)}"
            stage.run(f"CREATE VIEW {relation} AS SELECT {fields} FROM read_parquet({literal(str(writer.path))})")
            stage.parts.append(Part(name, relation))
    return reader.rows


@dataclass
class _Reader:
    """Reads files line by line and gives each event to the writer of its kind."""

    decoder: Decoder
    clock: Clock
    letters: DeadLetters
    progress: Progress
    writers: Mapping[str, _KindWriter]
    rows: int = 0

    def read(self, path: Path, source: int) -> None:
        """Read one file; what cannot be taken in is a dead letter."""
        try:
            for number, line in read_lines(path):
                self.rows += 1
                if self.rows % _TELL_EVERY == 0:
                    self.progress(N_("reading lines"), self.rows, 0)
                try:
                    if len(line) > LINE_BYTES_MAX:
                        raise invalid("too_long", limit=LINE_BYTES_MAX)
                    event = self.decoder.decode_json(line)
                    _check_time(floor_ms(event.occurred_at), self.clock)
                except InvalidInput as error:
                    code = str(error.params["code"])
                    self.letters.add(code, error.params, file=path.name, row=number, raw=text_of(line))
                    continue
                self.writers[event.kind].add(source, number, event)
        except BrokenOff as broken:
            broken.bury(path, self.letters)
            self.rows += 1


def _check_time(occurred_ms: int, clock: Clock) -> None:
    if clock.now_us is not None:
        check_not_future(occurred_ms * 1_000, clock.now_us, clock.skew_us)
    if not ORDER_MS_MIN <= occurred_ms <= ORDER_MS_MAX:
        raise invalid("unorderable", path="occurred_at")


def read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield number and bytes of every line that is not blank; of one that is too long, its start. Raise BrokenOff."""
    opened = gzip.open(path, "rb") if path.name.endswith(".gz") else path.open("rb")
    with cast(IO[bytes], opened) as file:
        number = 0
        try:
            while line := file.readline(LINE_BYTES_MAX + 1):
                number += 1
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")
                if len(line) > LINE_BYTES_MAX and not line.endswith(b"\n"):
                    _skip_line(file)
                if line.strip():
                    yield number, line
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise BrokenOff(path, number) from error


def text_of(line: bytes) -> str:
    """Return a line as it is kept in a dead letter."""
    return line.decode("utf-8", "backslashreplace").rstrip("\r\n")


def _skip_line(file: IO[bytes]) -> None:
    while (more := file.readline(LINE_BYTES_MAX)) and not more.endswith(b"\n"):
        pass


class _KindWriter:
    """Collects the events of one kind in a Parquet file of the stage."""

    def __init__(self, path: Path, kind: Kind) -> None:
        self.path = path
        self.count = 0
        fields = [(column.name, arrow_type(column.type)) for column in columns(kind)]
        envelope = [("event_id", pa.string()), ("occurred_at", pa.timestamp("us", tz="UTC"))]
        self._schema = pa.schema([("_src", pa.int32()), ("_row", pa.int64()), *envelope, *fields])
        self._flatten = flattener(kind)
        self._rows: list[tuple[object, ...]] = []
        self._writer: pq.ParquetWriter | None = None

    def add(self, source: int, row: int, event: object) -> None:
        """Take one event."""
        self._rows.append((source, row, *self._flatten(event)))  # type: ignore[arg-type]
        self.count += 1
        if len(self._rows) >= _ROWS:
            self._flush()

    def close(self) -> None:
        """Write what is left."""
        if self._rows:
            self._flush()
        if self._writer is not None:
            self._writer.close()

    def _flush(self) -> None:
        with writing(self.path.parent):
            if self._writer is None:
                self._writer = pq.ParquetWriter(self.path, self._schema, compression="zstd")
            cells = zip(*self._rows, strict=True)
            arrays = [pa.array(values, field.type) for values, field in zip(cells, self._schema, strict=True)]
            self._writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
        self._rows.clear()
