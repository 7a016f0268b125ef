"""Medians of CPU time, taken side by side in one run, and how figures are printed."""

from __future__ import annotations

import gc
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
"""Data that is not part of the repository; benchmarks that need it say so when it is absent."""


def side_by_side(jobs: Mapping[str, Callable[[], int]], rounds: int) -> dict[str, float]:
    """Run each job in turn, so that a slow moment hits all; return the median of units per CPU second."""
    rates: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            gc.collect()
            gc.disable()
            start = time.process_time()
            units = job()
            rates[name].append(units / (time.process_time() - start))
            gc.enable()
    return {name: statistics.median(found) for name, found in rates.items()}


def show(figures: Mapping[str, object], *, as_json: bool) -> None:
    """Print each figure on its line, and with `--json` all of them as one object on the last line."""
    for name, value in figures.items():
        text = f"{value:,.3f}" if isinstance(value, float) else str(value)
        print(f"{name:40} {text:>16}", file=sys.stderr if as_json else sys.stdout)
    if as_json:
        print(json.dumps(nested(figures)))


def nested(figures: Mapping[str, object]) -> dict[str, object]:
    """Turn `a.b.c` names into objects inside objects."""
    tree: dict[str, object] = {}
    for name, value in figures.items():
        *path, last = name.split(".")
        level = tree
        for part in path:
            level = level.setdefault(part, {})  # type: ignore[assignment]
        level[last] = value
    return tree
