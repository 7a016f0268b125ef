"""Windowed features alone: microseconds to read and fold an event, bytes of state a key, snapshots, by aggregate."""

from __future__ import annotations

import argparse
import gc
import random
from collections.abc import Sequence
from statistics import median
from time import process_time

from benchmarks.measure import show
from zelo.events.types import DOUBLE, INT, STRING, Type
from zelo.features.group import deep_size
from zelo.features.plan import plan
from zelo.features.spec import FeatureSpec, Value
from zelo.features.state import Windows

HOUR, DAY = 3_600_000, 86_400_000
SHAPES: tuple[tuple[str, str, Type | None, int | None], ...] = (
    ("count_1h", "count", None, HOUR),
    ("count_24h", "count", None, DAY),
    ("count_30d", "count", None, 30 * DAY),
    ("count_forever", "count", None, None),
    ("exists_24h", "exists", None, DAY),
    ("seconds_since_24h", "seconds_since", None, DAY),
    ("sum_int_24h", "sum", INT, DAY),
    ("sum_double_24h", "sum", DOUBLE, DAY),
    ("avg_double_24h", "avg", DOUBLE, DAY),
    ("sum_double_forever", "sum", DOUBLE, None),
    ("min_int_24h", "min", INT, DAY),
    ("max_double_24h", "max", DOUBLE, DAY),
    ("max_double_forever", "max", DOUBLE, None),
    ("first_int_24h", "first", INT, DAY),
    ("first_string_24h", "first", STRING, DAY),
    ("last_string_24h", "last", STRING, DAY),
    ("distinct_string_1h", "distinct", STRING, HOUR),
    ("distinct_string_24h", "distinct", STRING, DAY),
    ("distinct_string_forever", "distinct", STRING, None),
)

CHUNK = 1000
Event = tuple[str, int, int, float, str]
"""Key, order key, and a value of each type."""
Call = tuple[str, int, Value | None]
Shape = tuple[str, str, Type | None, int | None]
"""Name, aggregate, type of the value, window in milliseconds."""


def events(count: int, keys: int, days: int) -> list[Event]:
    """Return events over some days whose keys are skewed: a few hold most events, most hold a few."""
    chance = random.Random(20260101)
    start, step = 1_767_225_600_000, days * DAY / count
    made = []
    for number in range(count):
        key = f"account_{min(int(keys * chance.random() ** 3), keys - 1):07d}"
        order_key = (start + int(number * step)) * 2**20 + number % 7
        price = chance.lognormvariate(3, 1)
        made.append((key, order_key, int(price * 100), round(price, 2), f"device_{chance.randrange(keys // 2):07d}"))
    return made


def spec(name: str, aggregate: str, value_type: Type | None, window_ms: int | None) -> FeatureSpec:
    """Return a feature that no other shares a group with."""
    return FeatureSpec(name, aggregate, ("event",), window_ms=window_ms, value_type=value_type, signature=name)


def feed(windows: Windows, calls: Sequence[Call]) -> tuple[list[float], list[float]]:
    """Return CPU seconds of reading and folding, and of sweeping as the engine sweeps, for each chunk of calls."""
    read_observe = windows.groups[0].read_observe1
    folded, swept = [], []
    for start in range(0, len(calls), CHUNK):
        chunk = calls[start : start + CHUNK]
        began = process_time()
        for key, order_key, value in chunk:
            read_observe(key, order_key, value)
        ended = process_time()
        for _ in chunk:
            pass
        loop = process_time() - ended
        folded.append(ended - began - loop)
        began = process_time()
        windows.sweep(chunk[-1][1])
        swept.append(process_time() - began)
    return folded, swept


def least(rounds: Sequence[Sequence[float]]) -> float:
    """Return the sum over chunks of the least of the rounds: the machine's other work mostly left out."""
    return sum(map(min, zip(*rounds, strict=True)))


def measure(shape: Shape, stream: Sequence[Event], rounds: int) -> dict[str, float]:
    """Return the figures of one feature over the stream."""
    place = {None: None, INT: 2, DOUBLE: 3, STRING: 4}[shape[2]]  # type: ignore[index]
    calls = [(event[0], event[1], None if place is None else event[place]) for event in stream]
    folded, swept = [], []
    for _ in range(rounds):
        windows = Windows(plan([spec(*shape)]))
        one, other = feed(windows, calls)
        folded.append(one)
        swept.append(other)
    group = windows.groups[0]
    sizes = [deep_size(key) + deep_size(state) for key, state in group._states.items()]
    live = len(sizes)
    shared = (group.state_bytes() - sum(sizes)) / live
    dumps, loads = [], []
    for _ in range(rounds):
        began = process_time()
        data = windows.dump()
        dumped = process_time()
        Windows(plan([spec(*shape)])).load(data)
        dumps.append(dumped - began)
        loads.append(process_time() - dumped)
    return {
        "us": least(folded) / len(calls) * 1e6,
        "sweep_us": least(swept) / len(calls) * 1e6,
        "keys": live,
        "bytes_median": median(sizes) + shared,
        "bytes_mean": group.state_bytes() / live,
        "dump_us_per_key": min(dumps) / live * 1e6,
        "load_us_per_key": min(loads) / live * 1e6,
        "snapshot_bytes_per_key": len(data) / live,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--keys", type=int, default=30_000)
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="measure features whose name has this in it")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    stream = events(options.events, options.keys, options.days)
    gc.freeze()
    gc.disable()
    figures: dict[str, object] = {}
    medians = []
    for shape in SHAPES:
        if options.only in shape[0]:
            found = measure(shape, stream, options.rounds)
            medians.append(found["bytes_median"])
            figures |= {f"{shape[0]}.{name}": float(value) for name, value in found.items()}
    figures["bytes_per_key"] = sum(medians) / len(medians)
    show(figures, as_json=options.json)


if __name__ == "__main__":
    main()
