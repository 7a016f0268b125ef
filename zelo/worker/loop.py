"""The worker's life: claims its share of partitions, decides, flushes to the lake, sends what is to be sent."""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from django.db import Error, connection, connections

from zelo.adapters.files import CannotWrite
from zelo.adapters.lake_store import LakeStore, lake_store
from zelo.base.errors import Unavailable
from zelo.intake.flows import WORK
from zelo.worker import lake
from zelo.worker.anchors import keep_anchors
from zelo.worker.batch import Fenced
from zelo.worker.compaction import compact
from zelo.worker.logs import log
from zelo.worker.owned import Owned, Point, nowhere
from zelo.worker.personal.requests import advance
from zelo.worker.readiness import Readiness
from zelo.worker.relay import relay_forever
from zelo.worker.retention import expire, prune_log
from zelo.worker.versions import wanted_version

_LOCKS = 0x7A656C6F
"""First half of the advisory locks that workers hold on partitions: `zelo` in ASCII."""
_SWEEPING = -1
"""Second half of the lock of the worker that does the house's work."""
SWEEP_S = 600
STALE_S = 20
"""A worker that has not said for so long that it lives loses its partitions, though its connection is open."""


def _signature(worker: str) -> str:
    """Return the name of a worker's connections; the database keeps 63 bytes of it."""
    return worker.encode()[-60:].decode(errors="ignore")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Worker:
    """One process; `run` returns when it was asked to stop."""

    root: str | Path
    """The lake: a folder, or an address of a bucket."""
    batch: int = 500
    flush_s: float = 30.0
    once: bool = False
    """Return when there is nothing left to decide and everything is in the lake."""
    point: Point = nowhere
    clock: Callable[[], datetime] = _now
    stop: threading.Event = field(default_factory=threading.Event)
    name: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}")
    owned: dict[int, Owned] = field(default_factory=dict)
    ready: Readiness = field(default_factory=Readiness)
    sends: bool = True
    _beaten: float = -1e9
    _swept: float = field(default_factory=time.monotonic)
    _flushing: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """Work until `stop`; survives the database going away and coming back."""
        self._sign()
        log("worker_started", worker=self.name)
        if self.sends:
            threading.Thread(target=relay_forever, args=(self.stop, self.clock), daemon=True, name="relay").start()
        if not self.once:
            threading.Thread(target=self._flush_forever, daemon=True, name="lake").start()
            threading.Thread(target=self._serve_people, daemon=True, name="personal").start()
        wait_s = 0.1
        while not self.stop.is_set():
            try:
                if self.cycle() == 0:
                    if self.once and self._finish():
                        break
                    self._wait()
                wait_s = 0.1
            except (Error, psycopg.Error) as error:  # what waits for notifications speaks to the driver itself
                log("database_lost", worker=self.name, error=type(error).__name__, detail=str(error)[:200])
                self.owned.clear()
                self._beaten = -1e9
                connection.close()
                self.stop.wait(wait_s)
                wait_s = min(wait_s * 2, 5.0)
        self._leave()
        log("worker_stopped", worker=self.name)

    def cycle(self) -> int:
        """Do one round: a batch of each partition, and what is due beside; return how many events were decided."""
        if time.monotonic() - self._beaten > 1.0:
            self._beat()
        done = 0
        for partition, held in list(self.owned.items()):
            try:
                done += held.step(self.batch)
            except Fenced:
                log("fenced", worker=self.name, partition=partition)
                self._drop(partition)
        return done

    def _flush_forever(self) -> None:
        """Write to the lake every so often, beside deciding; a database that is away is waited for."""
        while not self.stop.wait(self.flush_s):
            try:
                self.flush()
            except Exception as error:  # whatever it is, this thread must live: nobody else writes the lake
                log("lake_waits", worker=self.name, error=type(error).__name__, detail=str(error)[:200])
                connection.close()
        connection.close()

    def _serve_people(self) -> None:
        """Export and erase what people asked for, beside deciding; a database that is away is waited for."""
        while not self.stop.wait(2.0):
            try:
                advance(self.root, now=self.clock())
            except (Error, OSError, Unavailable) as error:
                log("personal_waits", worker=self.name, error=type(error).__name__)
                connection.close()
        connection.close()

    def flush(self) -> int:
        """Write everything decided to the lake; a full disk is told and tried again later."""
        with self._flushing:
            return self._flush()

    def _flush(self) -> int:
        total, store = 0, lake_store(self.root)
        for partition, held in list(self.owned.items()):
            try:
                while count := lake.flush(
                    store, partition, epoch=held.epoch, now=self.clock(), worker=self.name, point=self.point
                ):
                    total += count
                    if count < lake.ROWS_MAX:
                        break
            except Fenced:
                log("fenced", worker=self.name, partition=partition)
            except (CannotWrite, Unavailable, OSError) as error:
                log("lake_not_written", worker=self.name, partition=partition, detail=str(error)[:200])
        if total:
            keep_anchors()
        if time.monotonic() - self._swept > SWEEP_S:
            self._swept = time.monotonic()
            self._sweep(store)
        return total

    def _sweep(self, store: LakeStore) -> None:
        """Do the house's work, unless another worker is at it; what fails is told, and done again the next time."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCKS, _SWEEPING])
            if not cursor.fetchone()[0]:
                return
            try:
                compact(store, before=self.clock().date() - timedelta(days=1), now=self.clock())
                lake.sweep(self.root)
                expire(store, now=self.clock())
                prune_log(now=self.clock())
            except Error:
                raise
            except Exception as error:  # a full disk, a damaged file, a setting: deciding and the lake go on
                log("not_swept", worker=self.name, error=type(error).__name__, detail=str(error)[:200])
            finally:
                if connection.connection is not None and not connection.connection.closed:
                    cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCKS, _SWEEPING])

    # --- whose partitions

    def _beat(self) -> None:
        """Say that this worker lives, take its share of partitions, make ready what is stored."""
        self._beaten = time.monotonic()
        at_work = {held.version[0] for held in self.owned.values()}
        version, waited_for = wanted_version()
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {WORK}")
            cursor.execute(
                "INSERT INTO zelo_worker (id, host, started_at, seen_at, prepared) VALUES (%s, %s, now(), now(), %s)"
                " ON CONFLICT (id) DO UPDATE SET seen_at = now(), prepared = excluded.prepared",
                [self.name, socket.gethostname(), self.ready.prepared()],
            )
            cursor.execute("DELETE FROM zelo_worker WHERE seen_at < now() - interval '60 seconds'")
            cursor.execute("UPDATE zelo_progress SET seen_at = now() WHERE owner = %s", [self.name])
            cursor.execute(
                "SELECT count(*) FROM zelo_worker WHERE seen_at > now() - make_interval(secs => %s)", [STALE_S // 4]
            )
            (workers,) = cursor.fetchone()
            cursor.execute("SELECT partition, owner, seen_at < now() - make_interval(secs => %s) FROM zelo_progress"
                           " ORDER BY partition", [STALE_S])  # fmt: skip
            partitions = cursor.fetchall()
        share = -(-len(partitions) // max(int(workers), 1))
        for partition in sorted(self.owned, reverse=True)[: max(len(self.owned) - share, 0)]:
            self._give_back(partition)
        for partition, owner, stale in partitions:
            if len(self.owned) >= share:
                break
            if partition not in self.owned:
                self._take(partition, frozen=owner if stale else "")
        if version is None or self.once or not self.owned or (at_work == {version} and not waited_for):
            return
        if self.ready.begin(version):
            count = len(self.owned)
            threading.Thread(target=self._prepare, args=(version, count), daemon=True, name="prepare").start()

    def _prepare(self, version: int, count: int) -> None:
        try:
            self.ready.prepare(version, count)
        except Exception as error:  # a version that cannot be opened is told at the switch
            log("not_prepared", worker=self.name, version=version, error=type(error).__name__)
        finally:
            connection.close()
            self._beaten = -1e9  # doors may be waiting to hear of it

    def _sign(self) -> None:
        """Have the database know all connections of this process by the worker's name."""
        connections.settings["default"]["OPTIONS"]["application_name"] = _signature(self.name)
        connection.close()

    def _take(self, partition: int, *, frozen: str = "") -> None:
        """Claim a partition if its lock is free: that of a dead process is; that of a frozen owner is made so."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCKS, partition])
            if not cursor.fetchone()[0]:
                if frozen:  # it may hold rows in the middle of a transaction, on another connection than the lock's
                    cursor.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                        " AND pid <> pg_backend_pid() AND (application_name = %s OR pid IN (SELECT pid FROM pg_locks"
                        " WHERE locktype = 'advisory' AND classid = %s AND objid = %s AND granted))",
                        [_signature(frozen), _LOCKS, partition],
                    )
                return
        self.owned[partition] = Owned.claim(
            partition, owner=self.name, clock=self.clock, ready=self.ready, point=self.point
        )
        log("claimed", worker=self.name, partition=partition, epoch=self.owned[partition].epoch)

    def _drop(self, partition: int) -> None:
        self.owned.pop(partition, None)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCKS, partition])

    def _give_back(self, partition: int) -> None:
        held = self.owned[partition]
        try:
            held.snapshot()
            held.release()
        except Fenced:
            log("fenced", worker=self.name, partition=partition)
        self._drop(partition)

    # --- resting and leaving

    def _wait(self) -> None:
        """Rest until events are announced, or for a moment."""
        connection.ensure_connection()
        assert connection.connection is not None
        for _ in connection.connection.notifies(timeout=0.05, stop_after=1):
            break

    def _finish(self) -> bool:
        """Say whether everything is decided and in the lake; what others hold, or held as they died, is waited for."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM zelo_progress g JOIN zelo_partition p ON p.id = g.partition"
                " WHERE next <= tail OR (lake_next < next AND NOT partition = ANY(%s))",
                [list(self.owned)],
            )
            if cursor.fetchone()[0]:
                return False
        self.flush()
        return not advance(self.root, now=self.clock())

    def _leave(self) -> None:
        """Give everything back, so that whoever comes next need not wait."""
        try:
            self.flush()
            for partition in list(self.owned):
                self._give_back(partition)
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM zelo_worker WHERE id = %s", [self.name])
        except Error as error:
            log("left_in_haste", worker=self.name, error=type(error).__name__)
        connection.close()
