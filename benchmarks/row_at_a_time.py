"""
A replay as rule engines do it that know one row at a time: a baseline for the neutral workload with windows.

Each event is read from JSON into a dictionary, windows are queues in plain Python, and each condition of each rule is
interpreted on the values of the row. Rules are tried on their own kind of event only, as zelo does.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from datetime import datetime
from types import ModuleType

from benchmarks.neutral import TESTS, kind_name

MINUTE = 60_000
DAY = 24 * 60 * MINUTE
Window = deque[tuple[int, object]]
Fold = Callable[[Window], object]


def _different(window: Window) -> int:
    return len({value for _, value in window})


def _sum(window: Window) -> int:
    return sum(value for _, value in window)  # type: ignore[misc]


def _largest(window: Window) -> object:
    return max((value for _, value in window), default=None)  # type: ignore[type-var]


WINDOWS: dict[str, tuple[tuple[str, ...], str | None, int, Fold]] = {
    "posts_10m": (("user_id",), None, 10 * MINUTE, len),
    "posts_24h": (("user_id",), None, DAY, len),
    "posts_30d": (("user_id",), None, 30 * DAY, len),
    "links_24h": (("user_id",), "link_count", DAY, _sum),
    "toxic_7d": (("user_id",), "toxicity", 7 * DAY, _largest),
    "network_10m": (("ip",), None, 10 * MINUTE, len),
    "network_accounts_24h": (("ip",), "user_id", DAY, _different),
    "domain_24h": (("link_domain",), None, DAY, len),
    "domain_accounts_24h": (("link_domain",), "user_id", DAY, _different),
    "pair_1h": (("user_id", "platform"), None, 60 * MINUTE, len),
}
"""The features of `neutral.WINDOWS`: key, value, length in milliseconds, and what the events of a window come to."""


class RowAtATime:
    """The interpreter, with the state of its windows."""

    def __init__(self, work: ModuleType, rules: list[dict]) -> None:
        self.work = work
        self.reference = work.Reference(rules, [])
        self.windows: dict[str, dict[tuple[object, ...], Window]] = {name: defaultdict(deque) for name in WINDOWS}
        for number, rule in enumerate(rules):
            if number % len(TESTS) != 9:
                feature, op, constant = TESTS[number // 2 % len(TESTS)].split()
                rule["all"].append([feature, op, float(constant)])
        self.rules: dict[str, list[dict]] = defaultdict(list)
        for rule in rules:
            self.rules[kind_name(rule["scope"])].append(rule)

    def fired(self, line: bytes) -> int:
        """Return how many rules fire on an event, and count it in the windows."""
        row = json.loads(line)
        values = {name: self.work._get(row, path) for name, (path, _, _) in self.work.FIELDS.items()}
        values["text_lower"] = values["text"].lower()
        at_ms = int(datetime.fromisoformat(row["occurred_at"]).timestamp() * 1000)
        for name in WINDOWS:
            values[name] = self._window(name, values, at_ms)
        decides = self.reference._cond
        return sum(all(decides(one, values, frozenset()) for one in rule["all"]) for rule in self.rules[row["kind"]])

    def _window(self, name: str, values: dict[str, object], at_ms: int) -> object:
        key, value, length_ms, fold = WINDOWS[name]
        of = tuple(values[part] for part in key)
        if None in of:
            return None
        window = self.windows[name][of]
        while window and window[0][0] < at_ms - length_ms:
            window.popleft()
        found = fold(window)
        if name != "pair_1h" or values["link_count"] > 0:  # type: ignore[operator]
            window.append((at_ms, None if value is None else values[value]))
        return found


def replayed(work: ModuleType, rules: list[dict], lines: Iterable[bytes]) -> tuple[int, float]:
    """Return how many times rules fire on events, and the processor seconds that took."""
    replay, start = RowAtATime(work, rules), time.process_time()
    return sum(replay.fired(line) for line in lines), time.process_time() - start
