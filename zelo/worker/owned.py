"""A partition of the log in the hands of this worker: claimed, restored, decided batch after batch, kept."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from django.db import connection, transaction

from zelo.base.errors import InvalidInput, Unavailable
from zelo.base.messages.message import N_
from zelo.decide.decision import Decision
from zelo.decide.labels import NEVER_MS
from zelo.decide.logic import Engine
from zelo.enforce.flows import LabelSet
from zelo.events.decode import Event
from zelo.events.intake import floor_ms
from zelo.events.names import attribute
from zelo.events.types import Kind
from zelo.intake.flows import Refused
from zelo.intake.tables import OFFSET_BITS
from zelo.worker.batch import Batch, Fenced
from zelo.worker.readiness import Readiness
from zelo.worker.versions import ACTIVATE

SNAPSHOT_EVENTS = 50_000
SNAPSHOTS_KEPT = 3
LABEL = "zelo.label"
TAKE_BACK = "zelo.take_back"
ERASE = "zelo.erase"
_CHUNK = 2_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_FORGET = """
WITH older AS (DELETE FROM zelo_snapshot WHERE next < %s AND partition = %s)
UPDATE zelo_event SET body = '{}' WHERE id >= %s::bigint << 44 AND id < (%s::bigint << 44) + %s AND kind = %s
"""
"""Removes older snapshots, and the erased ids from the commands that asked for it."""

Clock = Callable[[], datetime]
Point = Callable[[str], None]
"""Called with the name of each step; tests die here."""


def nowhere(name: str) -> None:
    """Do nothing at a step."""


@dataclass
class Owned:
    """One partition; every write of it says under which epoch it was claimed."""

    partition: int
    owner: str
    epoch: int
    next: int
    clock: Clock
    ready: Readiness
    point: Point = nowhere
    engine: Engine | None = None
    version: tuple[int, str] = (0, "")
    """Id and SHA-256 of the pack version at work."""
    since_snapshot: int = 0
    wants_snapshot: bool = False
    drops_older: bool = False
    """Whether older snapshots hold what was erased since."""
    one_by_one: bool = False
    """Deciding has failed before: the event that does it is to be found."""
    _counts: dict[tuple[str, str], int] = field(default_factory=dict)
    _skipped: frozenset[int] = frozenset()
    _roles: dict[str, tuple[Kind, list[tuple[str, str, tuple[str, ...]]]]] = field(default_factory=dict)
    """Of each kind that was met: its roles, their entities, and where in the event they stand."""

    # --- taking it

    @classmethod
    def claim(cls, partition: int, *, owner: str, clock: Clock, ready: Readiness, point: Point = nowhere) -> Owned:
        """Take a partition under a new epoch, and bring the engine to where the last owner's commits end."""
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE zelo_progress SET epoch = epoch + 1, owner = %s, seen_at = now(), attempts = attempts + 1"
                " WHERE partition = %s RETURNING epoch, next, attempts",
                [owner, partition],
            )
            epoch, next_, attempts = cursor.fetchone()
        taken = cls(partition, owner, epoch, next_, clock, ready, point, one_by_one=attempts > 3)
        taken._restore()
        return taken

    def _restore(self) -> None:
        """Load the newest sound snapshot, then let the events since then pass without carrying anything out."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT (params->>'offset')::bigint FROM zelo_dead_letter WHERE source = %s AND code = 'crashed'",
                [f"worker:{self.partition}"],
            )
            self._skipped = frozenset(row[0] for row in cursor.fetchall())
        position = self._load_snapshot()
        while position < self.next:
            rows = self._read(position, min(_CHUNK, self.next - position))
            if not rows or self._offset(rows[0]) >= self.next:
                break
            if position == 1 and self._offset(rows[0]) != 1:
                raise Unavailable(
                    N_("the log of partition {partition} has lost its beginning"), partition=self.partition
                )
            for row in rows:
                if self._offset(row) < self.next:
                    self._pass(row)
            position = self._offset(rows[-1]) + 1

    def _load_snapshot(self) -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT next, pack_version_id, data, digest FROM zelo_snapshot WHERE partition = %s AND next <= %s"
                " ORDER BY next DESC",
                [self.partition, self.next],
            )
            for next_, version, data, digest in cursor.fetchall():
                if hashlib.sha256(data).hexdigest() != digest:
                    continue
                pack = self.ready.pack(version)
                try:
                    self.engine = Engine.restore(pack, zlib.decompress(data))
                except (InvalidInput, zlib.error):
                    continue
                self.version = (version, pack.version)
                return int(next_)
        self.engine, self.version = None, (0, "")
        return 1

    def _pass(self, row: tuple[Any, ...]) -> None:
        """Let an event that is decided already change the engine as it did then."""
        if row[2].startswith("zelo."):
            self._obey(row)
        elif self.engine is not None and self._offset(row) not in self._skipped:
            try:
                event = self.engine.decoder.decode_json(row[3].encode())
                self.engine.decide(event, self.engine.sequencer.next(floor_ms(event.occurred_at)))
            except InvalidInput:
                return

    # --- deciding

    def step(self, most: int) -> int:
        """Decide the next events and write what came of them; return how many there were. Raises Fenced."""
        rows = self._read(self.next, 1 if self.one_by_one else most)
        if not rows:
            return 0
        self.point("after_read")
        batch = Batch(self.partition, self.clock())
        done = 0
        crashed: Exception | None = None
        for row in rows:
            try:
                self._take(row, batch)
            except Exception as error:  # whatever a rule's code may do: the event is set aside, the others go on
                crashed = error
                break
            done += 1
        if done:
            self._write(batch, self._offset(rows[done - 1]) + 1)
        self.one_by_one = False
        if crashed is not None:
            self._set_aside(rows[done], crashed)
            return done + 1
        self.since_snapshot += done
        if self.wants_snapshot or self.since_snapshot >= SNAPSHOT_EVENTS:
            self.snapshot()
        return done

    def _take(self, row: tuple[Any, ...], batch: Batch) -> None:
        ident, _, kind, body, reply_to = row
        if kind.startswith("zelo."):
            found = self._obey(row)
            if found is not None and self.partition == 0:  # every partition obeys, one writes it down
                batch.asked.append(found)
            return
        engine = self.engine
        if engine is None:
            raise AssertionError("an event before the first activation")
        raw = body.encode()
        try:
            event = engine.decoder.decode_json(raw)
            order_key = engine.sequencer.next(floor_ms(event.occurred_at))
        except InvalidInput as error:
            batch.letters.append(_refused(self._offset(row), str(error.params["code"]), error.params, raw))
            return
        decision = engine.decide(event, order_key)
        entities = self._entities(event, decision) if decision.fired or decision.undetermined else {}
        batch.add(ident, decision, self.version, entities, reply_to)

    def _entities(self, event: Event, decision: Decision) -> Mapping[str, tuple[str, object]]:
        assert self.engine is not None
        kind: Kind = self.engine.decoder.kinds[decision.kind]
        known = self._roles.get(kind.name)
        if known is None or known[0] is not kind:
            paths = [(role, kind.entities[role], tuple(map(attribute, path))) for role, path in kind.roles.items()]
            known = self._roles[kind.name] = kind, paths
        found: dict[str, tuple[str, object]] = {}
        for role, entity, path in known[1]:
            value: object = event
            for part in path:
                value = getattr(value, part, None)
            found[role] = entity, value
        return found

    def _write(self, batch: Batch, after: int) -> None:
        last = self.engine.sequencer.last_order_key if self.engine else -(2**63)
        counts = self._changed_counts() if batch.effects else []
        self.point("before_write")
        batch.write(
            epoch=self.epoch, first=self.next, after=after, last_order_key=last, counts=counts,
            before_commit=lambda: self.point("before_commit"),
        )  # fmt: skip
        self.point("after_commit")
        self.next = after

    def _changed_counts(self) -> list[dict[str, object]]:
        """Return the day's counts of limited effects that have changed since they were last written."""
        assert self.engine is not None
        ends_ms, counts = self.engine.limits.dump()
        ends_at = (_EPOCH + timedelta(milliseconds=ends_ms)).isoformat()
        rows: list[dict[str, object]] = []
        for rule, kind, count in counts:
            if self._counts.get((rule, kind)) != count:
                most = self.engine.limits.limit(rule, kind)
                rows.append({"e": ends_at, "r": rule, "k": kind, "c": count, "m": most})
                self._counts[rule, kind] = count
        return rows

    def _set_aside(self, row: tuple[Any, ...], error: Exception) -> None:
        """Make an event on which the engine failed a dead letter, and begin again without it."""
        offset = self._offset(row)
        params = {"error": type(error).__name__}
        batch = Batch(self.partition, self.clock())
        batch.letters.append(_refused(offset, "crashed", params, row[3].encode()))
        self.engine = None
        batch.write(epoch=self.epoch, first=self.next, after=offset + 1, last_order_key=-(2**63), counts=[])
        self.next = offset + 1
        self._restore()

    # --- commands

    def _obey(self, row: tuple[Any, ...]) -> LabelSet | None:
        """Carry out a command of the log on the engine; return what it changes in the tables of labels."""
        body = msgspec.json.decode(row[3])
        if row[2] == ACTIVATE:
            self._switch(int(body["pack_version"]), self._offset(row))
            return None
        if row[2] == LABEL and self.engine is not None:
            return self._label(row[0], body)
        if row[2] == TAKE_BACK and self.engine is not None:
            for one in body["entries"]:
                self.engine.take_back(one["entity_kind"], one["entity"], one["kind"], one["parameters"], one["event"])
        if row[2] == ERASE and self.engine is not None and "entity" in body:
            self.engine.rename(str(body["entity_kind"]), str(body["entity"]), str(body["other"]), body.get("words", {}))
            self.wants_snapshot = self.drops_older = True
        return None

    def _switch(self, version: int, offset: int) -> None:
        """Go over to another version of the pack; features it declares anew are filled from the log."""
        fresh = self.ready.engine(version)
        empty: tuple[str, ...] = ()
        if self.engine is not None:
            empty = fresh.take_over(self.engine)
        if empty:
            self._fill(fresh, version, frozenset(empty), offset)
        self.engine, self.version = fresh, (version, fresh.pack.version)
        self.wants_snapshot = True

    def _fill(self, fresh: Engine, version: int, empty: frozenset[str], before: int) -> None:
        """Let the events that the log still holds pass through features that begin empty."""
        twin = Engine(self.ready.pack(version))
        position = 1
        while position < before:
            rows = self._read(position, _CHUNK)
            for row in rows:
                if self._offset(row) < before and not row[2].startswith("zelo."):
                    try:
                        event = twin.decoder.decode_json(row[3].encode())
                        twin.decide(event, twin.sequencer.next(floor_ms(event.occurred_at)))
                    except InvalidInput:
                        continue
            if not rows:
                break
            position = self._offset(rows[-1]) + 1
        for group, filled in zip(fresh.windows.groups, twin.windows.groups, strict=True):
            if empty & set(group.names):
                group.adopt(filled)

    def _label(self, event: int, body: Mapping[str, Any]) -> LabelSet:
        """Put a label on or off as a person said; it takes effect at the place in the order that the stream is at."""
        assert self.engine is not None
        now_ms = max(self.engine.sequencer.last_order_key >> 20, int(body["at_ms"]))
        until_ms = body.get("until_ms")
        place = (str(body["entity_kind"]), str(body["entity"]), str(body["label"]))
        if body["change"] == "release":
            self.engine.labels.release(*place, now_ms=now_ms)
        else:
            end = NEVER_MS if until_ms is None else int(until_ms)
            self.engine.labels.pin(*place, present=body["change"] == "add", now_ms=now_ms, until_ms=end)
        until = None if until_ms is None else _EPOCH + timedelta(milliseconds=int(until_ms))
        at = _EPOCH + timedelta(milliseconds=int(body["at_ms"]))
        return LabelSet(
            *place, str(body["change"]), "person", at, until, event, None, str(body["actor"]), str(body["reason"])
        )

    # --- keeping

    def snapshot(self) -> None:
        """Keep the engine's whole state, so that the next owner need not begin at the beginning. Raises Fenced."""
        if self.engine is None:
            return
        data = zlib.compress(self.engine.snapshot(), 1)
        self.point("after_snapshot")
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "UPDATE zelo_progress SET seen_at = now() WHERE partition = %s AND epoch = %s AND next = %s",
                [self.partition, self.epoch, self.next],
            )
            if cursor.rowcount != 1:
                raise Fenced(self.partition)
            cursor.execute(
                "INSERT INTO zelo_snapshot (partition, next, pack_version_id, data, digest, made_at)"
                " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (partition, next) DO NOTHING",
                [self.partition, self.next, self.version[0], data, hashlib.sha256(data).hexdigest(), self.clock()],
            )
            cursor.execute(
                "DELETE FROM zelo_snapshot WHERE partition = %s AND next < (SELECT min(next) FROM (SELECT next"
                " FROM zelo_snapshot WHERE partition = %s ORDER BY next DESC LIMIT %s) kept)",
                [self.partition, self.partition, SNAPSHOTS_KEPT],
            )
            if self.drops_older:
                cursor.execute(_FORGET, [self.next, self.partition, self.partition, self.partition, self.next, ERASE])
        self.since_snapshot, self.wants_snapshot, self.drops_older = 0, False, False

    def release(self) -> None:
        """Give the partition back, so that another worker may take it at once."""
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE zelo_progress SET owner = '', attempts = 0 WHERE partition = %s AND epoch = %s",
                [self.partition, self.epoch],
            )

    # --- reading

    def _read(self, offset: int, most: int) -> list[tuple[Any, ...]]:
        base = self.partition << OFFSET_BITS
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, event_id, kind, body, reply_to FROM zelo_event WHERE id >= %s AND id < %s"
                " ORDER BY id LIMIT %s",
                [base | offset, base + (1 << OFFSET_BITS), most],
            )
            return list(cursor.fetchall())

    def _offset(self, row: tuple[Any, ...]) -> int:
        return int(row[0]) & ((1 << OFFSET_BITS) - 1)


def _refused(offset: int, code: str, params: Mapping[str, object], raw: bytes) -> Refused:
    told = {name: value for name, value in params.items() if name != "code"}
    return Refused(str(offset), code, {**told, "offset": offset}, raw)
