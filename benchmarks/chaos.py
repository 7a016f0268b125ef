"""
Kills server, worker or database at random moments under load, then compares everything with an undisturbed run.

Two callers bring events and try again until each is accepted; every kill is followed by a restart. Afterwards each
accepted event must have exactly one decision, and its effects exactly once, as one engine alone decides the same log.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.installation import ROOT, Installation, events, installation, pack_files
from benchmarks.measure import show
from benchmarks.nursery import Nursery, kill
from zelo.base.source import Report
from zelo.decide.logic import Engine
from zelo.events.intake import floor_ms
from zelo.policy.load_pack import load_pack

VICTIMS = ("serve", "worker", "database", "disk")


@dataclass
class Load:
    """Callers that bring events until each is accepted."""

    place: Installation
    batches: list[bytes]
    pause_s: float
    stop: threading.Event = field(default_factory=threading.Event)
    sent: int = 0
    tries: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """Bring one batch after another; a batch whose answer was lost is brought again."""
        while not self.stop.is_set():
            with self._lock:
                if self.sent == len(self.batches):
                    return
                body = self.batches[self.sent]
                self.sent += 1
            while not self.stop.is_set():
                with self._lock:
                    self.tries += 1
                try:
                    if self.place.call("POST", "/api/v1/events", body, timeout_s=10)[0] == 202:
                        break
                except OSError:
                    pass
                time.sleep(0.05)
            time.sleep(self.pause_s)


@dataclass
class Nest:
    """Server and worker as they live at the moment."""

    place: Installation
    nursery: Nursery
    serve: int = 0
    worker: int = 0

    def start(self) -> None:
        """Start both."""
        self.serve = self.nursery.fork(f"serve {self.place.port}")
        self.worker = self.nursery.fork("worker 40 0.5 0")

    def disturb(self, victim: str, rng: random.Random) -> None:
        """Kill one of them, and start it again; a full disk is one on which no file may have more than 512 bytes."""
        if victim == "database":
            self.place.kill("database")
            time.sleep(rng.random() * 0.1)
            self.place.database.start(tied=True)
        elif victim == "serve":
            kill(self.serve)
            self.serve = self.nursery.fork(f"serve {self.place.port}")
        else:
            kill(self.worker)
            if victim == "disk":
                self.worker = self.nursery.fork("worker 40 0.1 512")
                time.sleep(0.5 + rng.random())
                kill(self.worker)
            self.worker = self.nursery.fork("worker 40 0.5 0")


def chaos(folder: Path, *, runs: int, seed: int, tell: Callable[[str], None]) -> dict[str, object]:
    """Return what so many kills led to."""
    rng = random.Random(seed)
    lines = events(folder, 400 + runs * 60)
    batches = [b"[" + b",".join(lines[start : start + 20]) + b"]" for start in range(0, len(lines), 20)]
    killed: Counter[str] = Counter()
    with installation(folder / "place", partitions=2, durable=False) as place:
        nest = Nest(place, Nursery(place.environment, str(ROOT), str(folder / "nursery.log")))
        nest.start()
        place.wait_ready()
        load = Load(place, batches, pause_s=0.15)
        callers = [threading.Thread(target=load.run) for _ in range(2)]
        for caller in callers:
            caller.start()
        for number in range(runs):
            time.sleep(0.1 + rng.random())
            victim = rng.choices(VICTIMS, (3, 5, 3, 1))[0]
            nest.disturb(victim, rng)
            killed[victim] += 1
            if number % 10 == 9:
                tell(f"{number + 1} kills, {load.sent} of {len(batches)} batches")
        load.pause_s = 0.0
        for caller in callers:
            caller.join()
        deadline = time.monotonic() + 120
        while place.waiting() and time.monotonic() < deadline:
            time.sleep(0.2)
        left_waiting = place.waiting()
        for child in (nest.worker, nest.serve):
            kill(child)
        nest.nursery.close()
        place.zelo("worker", "--once")
        tell("comparing")
        figures = compare(place, [json.loads(line)["id"] for line in lines])
        figures["audit"] = place.zelo("audit", "verify").strip()
    return {"chaos_runs": runs, **{f"killed.{name}": count for name, count in sorted(killed.items())},
            "calls": load.tries, "left_waiting": left_waiting, **figures}  # fmt: skip


def compare(place: Installation, brought: list[str]) -> dict[str, object]:
    """Return how many events were lost or doubled, and how much differs from what one engine alone decides."""
    log = place.sql("SELECT id, event_id, body FROM zelo_event WHERE kind NOT LIKE 'zelo.%%' ORDER BY id")
    found = place.sql("SELECT id, event_id, order_key, coalesce(fired, '{}') FROM zelo_decision ORDER BY id")
    effects = place.sql("SELECT id, decision_id, kind, entity, held_for FROM zelo_effect ORDER BY id")
    expected_decisions, expected_effects = undisturbed(log)
    once = Counter(row[1] for row in found)
    lake = Counter(
        name
        for (path,) in place.sql("SELECT path FROM zelo_lake_file WHERE content = 'decisions'")
        for name in pq.read_table(place.folder / "lake" / path, columns=["event_id"]).column(0).to_pylist()
    )
    charged = Counter(row[0] for row in place.sql("SELECT effect_id FROM zelo_ledger_entry"))
    wanted = {row[0] for row in expected_effects if row[2] in ("charge", "reward") and not row[4]}
    return {
        "events": len(brought),
        "lost": len(set(brought) - set(once)) + len(wanted - set(charged)) + len(set(brought) - set(lake)),
        "doubled": sum(count - 1 for counted in (once, lake, charged) for count in counted.values()),
        "decisions_that_differ": len(set(map(_flat, found)) ^ set(map(_flat, expected_decisions))),
        "effects": len(effects),
        "effects_that_differ": len(set(effects) ^ set(expected_effects)),
    }


def _flat(row: tuple) -> tuple:
    return (*row[:3], tuple(row[3]))


def undisturbed(log: list[tuple]) -> tuple[list[tuple], list[tuple]]:
    """Return decisions and effects as one engine for each partition makes them, reading the same log."""
    pack = load_pack(pack_files(), Report())
    assert pack is not None
    engines: dict[int, Engine] = {}
    decisions, effects = [], []
    for ident, event_id, body in log:
        if ident >> 44 not in engines:
            engines[ident >> 44] = Engine(pack)
        engine = engines[ident >> 44]
        event = engine.decoder.decode_json(body.encode())
        decision = engine.decide(event, engine.sequencer.next(floor_ms(event.occurred_at)))
        decisions.append((ident, event_id, decision.order_key, list(decision.fired)))
        rows = [(effect, "") for effect in decision.effects] + [(held.effect, held.reason) for held in decision.held]
        for place, (effect, why) in enumerate(rows):
            effects.append(((ident << 10) | place, ident, effect.kind, effect.entity, why))
    return decisions, effects


def main() -> None:
    """Run so many kills and tell the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="zelo-chaos-") as folder:
        os.chmod(folder, 0o755)
        show(chaos(Path(folder), runs=options.runs, seed=options.seed, tell=lambda text: print(text, flush=True)),
             as_json=options.json)  # fmt: skip


if __name__ == "__main__":
    main()
