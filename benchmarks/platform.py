"""The platform on one machine: events a second from HTTP and Kafka to stored decisions, how long `/decide` takes."""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import tempfile
import threading
import time
from pathlib import Path

import psycopg

from benchmarks.chaos import chaos
from benchmarks.installation import Installation, events, installation
from benchmarks.measure import show
from benchmarks.neutral import event_lines, pack_files, workload

BATCH = 500


def cpu_s(process: int) -> float:
    """Return the CPU seconds that a process and its children have used."""
    total = 0.0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[2]) == process:  # its process group
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def drain(place: Installation, timeout_s: float = 600) -> None:
    """Wait until everything is decided."""
    deadline = time.monotonic() + timeout_s
    while place.waiting():
        if time.monotonic() > deadline:
            raise RuntimeError("the events are not decided")
        time.sleep(0.02)


def ingest(place: Installation, lines: list[bytes]) -> dict[str, float]:
    """Bring events in batches over one connection while a worker decides; return the rates."""
    bodies = [b"[" + b",".join(lines[start : start + BATCH]) + b"]" for start in range(0, len(lines), BATCH)]
    before = {name: cpu_s(process.pid) for name, process in place.processes.items()}
    connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=60)
    headers = {"Authorization": f"Bearer {place.key}", "Content-Type": "application/json"}
    started = time.perf_counter()
    for body in bodies:
        while True:
            connection.request("POST", "/api/v1/events", body, headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status == 202:
                break
            time.sleep(float(answer.headers.get("Retry-After", 1)))
    accepted = time.perf_counter() - started
    drain(place)
    decided = time.perf_counter() - started
    used = {name: cpu_s(process.pid) - before[name] for name, process in place.processes.items()}
    return {
        "ingest_events_per_s": len(lines) / decided,
        "accepted_events_per_s": len(lines) / accepted,
        "serve_cpu_us_per_event": used["serve"] / len(lines) * 1e6,
        "worker_cpu_us_per_event": used["worker"] / len(lines) * 1e6,
    }


def decide(place: Installation, lines: list[bytes], callers: int) -> dict[str, float]:
    """Ask for decisions from so many callers at once; return percentiles of the answered, and how many were shed."""
    times: list[float] = []
    shed = 0
    lock = threading.Lock()
    rest = iter(lines)

    def call() -> None:
        nonlocal shed
        connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=60)
        headers = {"Authorization": f"Bearer {place.key}", "Content-Type": "application/json"}
        while True:
            with lock:
                body = next(rest, None)
            if body is None:
                return
            started = time.perf_counter()
            connection.request("POST", "/api/v1/decide", body, headers)
            answer = connection.getresponse()
            answer.read()
            with lock:
                if answer.status == 200:
                    times.append(time.perf_counter() - started)
                elif answer.status == 429:
                    shed += 1
                else:
                    raise RuntimeError(f"decide answered {answer.status}")

    threads = [threading.Thread(target=call) for _ in range(callers)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ranked = statistics.quantiles(times, n=100)
    return {
        "p50_ms": ranked[49] * 1e3,
        "p99_ms": ranked[98] * 1e3,
        "slowest_ms": max(times) * 1e3,
        "answered_per_s": len(times) / (time.perf_counter() - started),
        "shed": float(shed),
    }


def from_kafka(place: Installation, lines: list[bytes]) -> dict[str, float]:
    """Write events to a topic, and return how many a second are copied and decided."""
    from benchmarks.broker import broker
    from zelo.adapters.kafka import produce

    with broker({"bench.in": 2}) as address:
        produce("bench.in", [(line[:40], line) for line in lines], bootstrap=address, timeout_s=120)
        place.start(
            "kafka", "worker", "--kafka", KAFKA_BOOTSTRAP=address, KAFKA_TOPIC_IN="bench.in", KAFKA_SESSION_MS="2000"
        )
        while not place.sql("SELECT 1 FROM zelo_source_offset WHERE next > 0"):
            time.sleep(0.02)
        started = time.perf_counter()
        already = place.sql("SELECT coalesce(sum(next), 0) FROM zelo_source_offset WHERE next > 0")[0][0]
        while place.sql("SELECT coalesce(sum(next), 0) FROM zelo_source_offset WHERE next > 0")[0][0] < len(lines):
            time.sleep(0.05)
        drain(place)
        seconds = time.perf_counter() - started
        place.kill("kafka")
    return {"kafka_events_per_s": float(len(lines) - int(already)) / seconds}


def activation(place: Installation, seconds: float = 3.0) -> dict[str, float]:
    """
    Return how long a pack of 300 rules takes from its files to the first decision by it, and what service noticed.

    Another version of the same pack decides meanwhile; a caller brings ten events at a time, one call after the other.
    """
    work = workload()
    files = pack_files(work, work.make_rules(300), by_kind=False)
    lines = event_lines(work.make_events(20_000))
    put_to_work(place, files)
    stop = threading.Event()

    def bring() -> None:
        for start in range(0, len(lines), 10):
            place.call("POST", "/api/v1/events", b"[" + b",".join(lines[start : start + 10]) + b"]")
            if stop.wait(0.01):
                return

    caller = threading.Thread(target=bring)
    caller.start()
    time.sleep(seconds)
    began = place.sql("SELECT now()")[0][0]
    version = put_to_work(place, {**files, "pack.yaml": files["pack.yaml"] + b"# another version\n"})
    time.sleep(seconds)
    stop.set()
    caller.join()
    drain(place)
    first = place.sql("SELECT extract(epoch FROM min(decided_at) - %s)::float8 FROM zelo_decision"
                      " WHERE pack_version_id = %s", began, version)[0][0]  # fmt: skip
    return {
        "activate_300_s": first,
        "activate_300_pause_ms": longest_gap_ms(place, began, 0.0, first + 1),
        "activate_300_pause_before_ms": longest_gap_ms(place, began, -seconds / 2, 0.0),
    }


def put_to_work(place: Installation, files: dict[str, bytes]) -> int:
    """Store a pack by the API and activate it; return the version's id."""
    told = {"files": {path: text.decode() for path, text in files.items()}, "activate": True}
    status, body = place.call("POST", "/api/v1/packs", json.dumps(told).encode(), timeout_s=120)
    if status != 200:
        raise RuntimeError(f"the pack was not taken: {status} {body[:500]!r}")
    return int(json.loads(body)["id"])


def longest_gap_ms(place: Installation, began: object, since_s: float, until_s: float) -> float:
    """Return the longest time between two batches of decisions in a stretch around a moment."""
    rows = place.sql(
        "SELECT max(gap)::float8 FROM (SELECT extract(epoch FROM at - lag(at) OVER (ORDER BY at)) * 1000 AS gap"
        " FROM (SELECT DISTINCT decided_at AS at FROM zelo_decision WHERE decided_at BETWEEN"
        " %s + make_interval(secs => %s) AND %s + make_interval(secs => %s)) moments) gaps",
        began, since_s, began, until_s,
    )  # fmt: skip
    return float(rows[0][0] or 0.0)


def bytes_of_nothing(place: Installation) -> float:
    """Return how much the tables hold for an event whose decision does nothing, events and indexes included."""
    with psycopg.connect(place.url, autocommit=True) as connection:
        connection.execute("VACUUM zelo_event, zelo_decision")
        row = connection.execute(
            "SELECT (pg_total_relation_size('zelo_event') + pg_total_relation_size('zelo_decision'))"
            " / (SELECT count(*) FROM zelo_decision)::float8"
        ).fetchone()
    return float(row[0]) if row else 0.0


def run(folder: Path, *, count: int, kills: int) -> dict[str, object]:
    """Return all figures."""
    lines = events(folder, count * 2 + 6_000)
    figures: dict[str, object] = {}
    with installation(folder / "place") as place:
        place.serve()
        place.work()
        place.wait_ready()
        ingest(place, lines[-2_000:-1_000])  # warm
        figures |= ingest(place, lines[:count])
        figures["bytes_per_decision"] = bytes_of_nothing(place)
        decide(place, lines[-1_000:-900], 1)
        for name, value in decide(place, lines[count * 2 : count * 2 + 1_500], 1).items():
            figures[f"decide_{name}"] = value
        before = cpu_s(place.processes["serve"].pid) + cpu_s(place.processes["worker"].pid)
        for name, value in decide(place, lines[count * 2 + 1_500 : count * 2 + 4_000], 64).items():
            figures[f"decide_64_callers.{name}"] = value
        used = cpu_s(place.processes["serve"].pid) + cpu_s(place.processes["worker"].pid) - before
        figures["decide_cpu_ms"] = used / 2_500 * 1e3
        figures |= activation(place)
        place.kill("worker")
        figures |= from_kafka(place, lines[count : count * 2])
    if kills:
        figures |= chaos(folder / "chaos", runs=kills, seed=1, tell=lambda text: print(text, flush=True))
    return figures


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="zelo-bench-") as folder:
        os.chmod(folder, 0o755)
        figures = run(Path(folder), count=options.events, kills=options.kills)
    show(figures, as_json=options.json)


if __name__ == "__main__":
    main()
