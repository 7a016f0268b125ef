"""
The online engine against a naive interpreter, with and without windows, and over real history.

    python3 dev.py bench engine [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.measure import SHARED, show, side_by_side
from benchmarks.neutral import event_lines, pack_files, workload
from zelo.base.source import Report
from zelo.decide.flows import few_collections
from zelo.decide.logic import Engine
from zelo.policy.load_pack import load_pack
from zelo.policy.to_python.terms import matcher

NEUTRAL_EVENTS = 4_000
EXPECTED_EVENTS = 2_000
WINDOW_EVENTS = 60_000
STEP_S = 5.0
"""Seconds between two events of the windows benchmark: 60,000 events span three and a half days."""
ROOT = Path(__file__).resolve().parent.parent


def engine_of(files: dict[str, bytes]) -> Engine:
    """Load, check and compile a pack, which must be sound."""
    report = Report()
    pack = load_pack(files, report)
    assert pack is not None and not report.has_errors, report.diagnostics[:3]
    return Engine(pack)


def decide_all(engine: Engine, lines: list[bytes]) -> int:
    """Decide every line; return how many there were."""
    for line in lines:
        engine.decide_json(line)
    return len(lines)


def match_all(naive: Any, events: list[dict]) -> int:
    """Match every event by the naive interpreter; return how many there were."""
    for event in events:
        naive.matches(event)
    return len(events)


def labelled(engine: Engine, users: list[dict]) -> Engine:
    """Give the engine the workload's labels; those that have expired are left out, as its reference does."""
    for user in users:
        for label, days in user["labels"].items():
            if days is None or days > 0:
                engine.labels.add("account", user["id"], label, now_ms=0)
    return engine


def neutral(rounds: int) -> dict[str, object]:
    """Decode, every rule on every event, decision: events a second beside the naive interpreter, and the matches."""
    work = workload()
    events, users = work.make_events(NEUTRAL_EVENTS), work.make_users()
    lines = event_lines(events)
    figures: dict[str, object] = {}
    for count in (10, 100, 300):
        rules = work.make_rules(count)
        naive = work.Reference(rules, users)
        engine = labelled(engine_of(pack_files(work, rules, by_kind=False)), users)
        apart = labelled(engine_of(pack_files(work, rules, by_kind=True)), users)
        matches = sum(len(engine.decide_json(line).fired) for line in lines[:EXPECTED_EVENTS])
        some = events[: NEUTRAL_EVENTS // max(1, count // 25)]
        jobs = {
            "zelo": partial(decide_all, engine, lines),
            "by_kind": partial(decide_all, apart, lines),
            "naive": partial(match_all, naive, some),
        }
        rates = side_by_side(jobs, rounds)
        figures |= {
            f"neutral.{count}.events_per_s": round(rates["zelo"]),
            f"neutral.{count}.naive_ratio": round(rates["zelo"] / rates["naive"], 2),
            f"neutral.{count}.naive_events_per_s": round(rates["naive"]),
            f"neutral.{count}.by_kind_events_per_s": round(rates["by_kind"]),
            f"neutral.{count}.matches": matches,
        }
    return figures


def windows(rounds: int) -> dict[str, object]:
    """Ten windowed features over four keys, rules dispatched by kind of event."""
    work = workload()
    users = work.make_users()
    lines = event_lines(work.make_events(WINDOW_EVENTS), step_s=STEP_S)
    figures: dict[str, object] = {}
    for count in (100, 300):
        files = pack_files(work, work.make_rules(count), by_kind=True, windows=True)
        rates, engine = [], None
        for _ in range(rounds):
            engine = labelled(engine_of(files), users)
            rates.append(side_by_side({"run": partial(decide_all, engine, lines)}, 1)["run"])
        assert engine is not None
        figures |= {
            f"windows.{count}.events_per_s": round(statistics.median(rates)),
            f"windows.{count}.p99_us": round(p99_us(labelled(engine_of(files), users), lines), 1),
        }
        figures["windows.bytes_per_key"] = round(
            engine.windows.state_bytes() / sum(group.keys_live() * len(group.names) for group in engine.windows.groups),
            1,
        )
    return figures


def p99_us(engine: Engine, lines: list[bytes]) -> float:
    """Return the 99th percentile of the CPU time of one decision, in microseconds, collecting as `zelo run` does."""
    taken = []
    with few_collections():
        for line in lines:
            start = time.thread_time_ns()
            engine.decide_json(line)
            taken.append(time.thread_time_ns() - start)
    return statistics.quantiles(taken, n=100)[98] / 1000


def wiki() -> dict[str, object]:
    """`zelo run` over all events of the wiki data, end to end, on one core."""
    source = SHARED / "data" / "wiki_enforcement"
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "zelo", "run", str(ROOT / "packs" / "wiki_enforcement")]
        command += ["--source", str(source), "--out", out]
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, preexec_fn=_one_core, cwd=ROOT)
        seconds = time.perf_counter() - start
        summary = json.loads((Path(out) / "summary.json").read_bytes())
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {"wiki.events": summary["decided"], "wiki.seconds": round(seconds, 1), "wiki.peak_mib": round(peak)}


def _one_core() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def compiling() -> dict[str, object]:
    """Seconds from the text of a 300-rule pack to an engine that is ready; median of three."""
    files = pack_files(workload(), workload().make_rules(300), by_kind=False)
    taken = []
    for _ in range(3):
        start = time.process_time()
        engine_of(files)
        taken.append(time.process_time() - start)
    return {"compile_300_s": round(statistics.median(taken), 3)}


def regex() -> dict[str, object]:
    """Milliseconds that a pattern which stalls backtracking engines takes on 10,000 characters."""
    search, text = matcher("(a+)+$"), "a" * 9_999 + "!"
    taken = []
    for _ in range(25):
        start = time.process_time_ns()
        assert not search(text)
        taken.append(time.process_time_ns() - start)
    return {"regex_ms": round(statistics.median(taken) / 1e6, 4)}


def main() -> None:
    """Run all parts that the data at hand allows; say what was left out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    figures: dict[str, object] = {}
    if SHARED.exists():
        figures |= neutral(options.rounds) | windows(max(1, options.rounds // 2)) | wiki() | compiling()
    else:
        print("the shared data is absent: neutral, windows, wiki and compile figures are left out", file=sys.stderr)
    show(figures | regex(), as_json=options.json)


if __name__ == "__main__":
    main()
