"""Where events from anywhere are brought together, freed of duplicates and put into the order of intake."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from zelo.adapters.columns import fitted
from zelo.adapters.dead_letters import DeadLetters
from zelo.adapters.files import CannotWrite, is_disk_full
from zelo.adapters.fitting import literal, quoted
from zelo.adapters.lake import LakeWriter
from zelo.base.errors import InvalidInput, Unavailable
from zelo.base.messages.message import N_
from zelo.events.intake import COUNTER_BITS
from zelo.events.rows import columns
from zelo.events.types import Kind

Progress = Callable[[str, int, int], None]
"""(what is being done, how much is done, of how much; 0 when that is not known)."""
BATCH_ROWS = 50_000
_COUNTER = 1 << COUNTER_BITS


@dataclass(frozen=True)
class Limits:
    """What reading a source may use; a pack's SQL is text from outside, and gets no more."""

    memory: str = "1GB"
    seconds: float = 3_600.0
    """For each mapping."""


@dataclass(frozen=True)
class Clock:
    """What the door's clock said when reading began, so that an event from the future is known as one."""

    now_us: int | None
    """None: nothing is too far in the future, as for generated history."""
    skew_us: int

    @property
    def latest_us(self) -> int | None:
        """Return the last instant that is not too far in the future."""
        return None if self.now_us is None else self.now_us + self.skew_us


@dataclass(frozen=True)
class Part:
    """Rows of one kind from one mapping or set of files; they fit the kind."""

    kind: str
    relation: str
    """Table with `_src`, `_row`, `event_id`, `occurred_us` and the columns of the kind."""


@dataclass(frozen=True)
class Origin:
    """Where rows come from, and how to get one again as it came: as lines of a file, or from a table."""

    name: str
    lines: Callable[[], Iterator[tuple[int, bytes]]] | None = None
    relation: str = ""
    """Table with `_row`."""
    raw: str = ""
    """SQL of a row as text."""


@dataclass(frozen=True)
class Sequenced:
    """How many events there are once duplicates are out, and how they stand in time."""

    events: int
    late: int
    last_order_key: int


class Stage:
    """A DuckDB database of its own in a folder of its own; both go away at the end."""

    def __init__(self, folder: Path, kinds: Mapping[str, Kind], limits: Limits, *, in_memory: bool = False) -> None:
        """`in_memory`: what is staged is on disk only where memory does not suffice."""
        self.folder = folder
        self.kinds = kinds
        self.limits = limits
        self.parts: list[Part] = []
        self.sources: list[Origin] = []
        """By the number `_src`."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            self.db = duckdb.connect(
                ":memory:" if in_memory else str(folder / "stage.duckdb"), config={"memory_limit": limits.memory}
            )
        except duckdb.ParserException:
            raise InvalidInput(N_("`{text}` is no amount of memory as in `1GB`"), text=limits.memory) from None
        self.run(f"SET temp_directory = {literal(str(folder / 'spill'))}")
        self.run("SET TimeZone = 'UTC'")
        self.run("SET autoinstall_known_extensions = false")
        self.run("SET autoload_known_extensions = false")
        self.run("SET python_enable_replacements = false")

    def close(self) -> None:
        """Remove all that was staged."""
        self.db.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def lock(self, readable: Sequence[Path]) -> None:
        """From here on SQL reads these files only, and changes no setting."""
        self.run(f"SET allowed_paths = [{', '.join(literal(str(path)) for path in readable)}]")
        self.run("SET enable_external_access = false")
        self.run("SET lock_configuration = true")

    def run(self, sql: str) -> list[Any]:
        """Run our own SQL and return all rows; a full disk raises CannotWrite."""
        with self.told():
            return self.db.execute(sql).fetchall()

    def stream(self, sql: str) -> Iterator[Any]:
        """Yield the rows of our own SQL a batch at a time; nothing else may run until the last one."""
        with self.told():
            found = self.db.execute(sql)
            while rows := found.fetchmany(BATCH_ROWS):
                yield from rows

    @contextmanager
    def told(self) -> Iterator[None]:
        """Turn what DuckDB raises inside into zelo's errors, where they are foreseen."""
        try:
            yield
        except (duckdb.Error, RuntimeError) as error:
            if isinstance(error, duckdb.InterruptException) or str(error) == "Query interrupted":
                raise KeyboardInterrupt from None
            if not isinstance(error, duckdb.Error):
                raise
            foreseen = self._foreseen(error)
            if foreseen is None:
                raise
            raise foreseen from error

    def _foreseen(self, error: duckdb.Error) -> Unavailable | None:
        if is_disk_full(error):
            return CannotWrite(
                N_("the disk is full, nothing more can be written to {place}: free some space and run this again"),
                place=self.folder.parent,
            )
        if isinstance(error, duckdb.OutOfMemoryException):
            return Unavailable(
                N_("the source needs more than {memory} of memory: raise the limit with --memory"),
                memory=self.limits.memory,
            )
        return None

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Stop what runs inside when it takes longer than the limit; raise Unavailable then."""
        late = threading.Event()

        def stop() -> None:
            late.set()
            self.db.interrupt()

        timer = threading.Timer(self.limits.seconds, stop)
        timer.daemon = True
        timer.start()
        try:
            yield
        except KeyboardInterrupt:
            if not late.is_set():
                raise
            raise Unavailable(
                N_("{what} did not finish within {seconds} s: make it simpler, or raise --time-limit"),
                what=what,
                seconds=int(self.limits.seconds),
            ) from None
        finally:
            timer.cancel()

    # --- from parts to the lake

    def sequence(self, order: str, letters: DeadLetters) -> Sequenced:
        """
        Give every event its order key, first come first; an id that comes again is a dead letter.

        `order` is SQL over `occurred_us`, `event_id`, `_src` and `_row`. The keys are those of
        `zelo.events.intake.Sequencer`: each is max(own millisecond * 2^20, key before + 1), in closed form.
        """
        rows = " UNION ALL ".join(
            f"SELECT {number} AS part, _src, _row, event_id, occurred_us FROM {part.relation}"
            for number, part in enumerate(self.parts)
        )
        rows = rows or "SELECT 0 AS part, 0 AS _src, 0 AS _row, '' AS event_id, 0::BIGINT AS occurred_us LIMIT 0"
        self.run(f"""
            CREATE TABLE arrived AS
            SELECT *, row_number() OVER (PARTITION BY event_id ORDER BY {order}) AS time FROM ({rows})
        """)
        self._duplicates(letters)
        self.run(f"""
            CREATE TABLE placed AS
            WITH numbered AS (
                SELECT part, _src, _row, {_floored("occurred_us", 1_000)} AS ms,
                       row_number() OVER (ORDER BY {order}) - 1 AS i
                FROM arrived WHERE time = 1
            ), keyed AS (
                SELECT *, i + max(ms * {_COUNTER} - i) OVER (ORDER BY i ROWS UNBOUNDED PRECEDING) AS order_key
                FROM numbered
            )
            SELECT part, _src, _row, order_key,
                   ms < {_floored("lag(order_key) OVER (ORDER BY i)", _COUNTER)} AS late
            FROM keyed
        """)
        [found] = self.run("SELECT count(*), coalesce(count_if(late), 0), max(order_key) FROM placed")
        return Sequenced(events=found[0], late=found[1], last_order_key=found[2] if found[0] else 0)

    def _duplicates(self, letters: DeadLetters) -> None:
        for number, origin in enumerate(self.sources):
            for row, event_id, raw in self._again(number, origin):
                letters.add("duplicate", {"event_id": event_id}, file=origin.name, row=row, raw=raw)

    def _again(self, number: int, origin: Origin) -> Iterator[tuple[int, str, str]]:
        """Yield number, id and text of the rows of a source whose id was there before."""
        chosen = f"a._src = {number} AND a.time > 1"
        if origin.lines is None:
            yield from self.stream(f"""
                SELECT a._row, a.event_id, {origin.raw} FROM arrived a JOIN {origin.relation} m ON m._row = a._row
                WHERE {chosen} ORDER BY a._row
            """)
            return
        found = self.stream(f"SELECT a._row, a.event_id FROM arrived a WHERE {chosen} ORDER BY a._row")
        lines: Iterator[tuple[int, bytes]] | None = None
        for row, event_id in found:
            lines = lines or origin.lines()
            line = next(line for number, line in lines if number == row)
            yield row, event_id, line.decode("utf-8", "backslashreplace").rstrip("\r\n")

    def write(self, lake: LakeWriter, progress: Progress, total: int) -> dict[str, int]:
        """Write all sequenced events to the lake; return how many there are of each kind."""
        counts: dict[str, int] = {}
        for kind in sorted({part.kind for part in self.parts}):
            done = sum(counts.values())
            progress(N_("writing events"), done, total)
            written = lake.write(kind, self._ordered(kind, lake.schema(kind)))
            if written:
                counts[kind] = written
        progress(N_("writing events"), sum(counts.values()), total)
        return counts

    def _ordered(self, kind: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        fields = "".join(f", p.{quoted(column.name)}" for column in columns(self.kinds[kind]))
        effective = f"{_floored('s.order_key', _COUNTER)} * 1000"
        selects = [
            f"""SELECT p.event_id, p.occurred_us AS occurred_at, {effective} AS effective_at, s.order_key{fields}
                FROM {part.relation} p JOIN placed s ON s.part = {number} AND s._src = p._src AND s._row = p._row"""
            for number, part in enumerate(self.parts)
            if part.kind == kind
        ]
        with self.told():
            reader = self.db.sql(f"{' UNION ALL '.join(selects)} ORDER BY order_key").to_arrow_reader(BATCH_ROWS)
            for batch in reader:
                yield fitted(batch, schema)


def _floored(sql: str, by: int) -> str:
    """Return SQL that divides a whole number and rounds down, which DuckDB's `//` does not below zero."""
    return f"((({sql}) - (((({sql}) % {by}) + {by}) % {by})) // {by})"


def first_line(error: duckdb.Error) -> str:
    """Return what DuckDB says, without its drawing of the place."""
    return str(error).strip().split("\n")[0]


def mapping_error(name: str, error: duckdb.Error, lines_before: int = 0) -> InvalidInput:
    """Return the error of a pack's SQL that cannot be run, at its line when DuckDB says one."""
    found = re.search(r"^LINE (\d+):", str(error), re.MULTILINE)
    place = f"{name}:{int(found[1]) - lines_before}" if found else name
    return InvalidInput(N_("{mapping} cannot be run: {reason}"), mapping=place, reason=first_line(error))
