"""Two schedules over many accounts: who moves, what is added and vacated, counted so that parts can be joined."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappush, heappushpop
from typing import Any, NamedTuple
from zlib import crc32

from zelo.health.glance import Glance, Span, restricted_us
from zelo.policy.schedules.lengths import DAY_US, NEVER

EXAMPLES = 10
"""Accounts shown each way, and of those hit hardest by mistake."""
REPEAT_US = 90 * DAY_US
"""Within which time after a penalty another violation counts as a repeat."""
COUNTS_MAX = 50
"""Numbers of violations are told one by one up to here."""
UNKNOWN = ""
"""What is not known about an account."""
DIMENSIONS = ("market", "size", "age", "kind")
HARDER, MILDER, SAME = "harder", "milder", "same"


class Move(NamedTuple):
    """An account that the schedules do not treat alike."""

    account: str
    direction: str
    """`harder`, `milder`, or `same`: another band or other penalties, yet as many days of restriction."""
    before: Glance
    after: Glance
    days_before: float
    days_after: float


@dataclass
class Repeats:
    """How often accounts went on after their first penalty."""

    penalised: int = 0
    """Accounts whose first penalty started long enough ago."""
    repeated: int = 0
    too_recent: int = 0
    """Accounts of which it can not be known yet."""


@dataclass
class Total:
    """What one schedule comes to over all accounts."""

    bands: Counter[str] = field(default_factory=Counter)
    in_force: Counter[str] = field(default_factory=Counter)
    started: Counter[str] = field(default_factory=Counter)
    restricted_now: int = 0
    restricted_ever: int = 0
    days: float = 0.0
    penalty_days: Counter[str] = field(default_factory=Counter)
    repeats: Repeats = field(default_factory=Repeats)

    def add(self, glance: Glance, days: float, as_of: int) -> None:
        """Count one account."""
        self.bands[glance.band] += 1
        if not glance.spans:
            return
        self.days += days
        self.restricted_ever += 1
        for name, start, end in glance.spans:
            self.started[name] += 1
            self.penalty_days[name] += max(min(end, as_of) - start, 0)
        if glance.in_force:
            self.restricted_now += 1
            for name in glance.in_force:
                self.in_force[name] += 1

    def join(self, other: Total) -> None:
        """Add what was counted elsewhere."""
        for name in ("bands", "in_force", "started", "penalty_days"):
            getattr(self, name).update(getattr(other, name))
        self.restricted_now += other.restricted_now
        self.restricted_ever += other.restricted_ever
        self.days += other.days
        self.repeats.penalised += other.repeats.penalised
        self.repeats.repeated += other.repeats.repeated
        self.repeats.too_recent += other.repeats.too_recent


@dataclass
class Tally:
    """Both schedules over some accounts."""

    as_of: int
    accounts: int = 0
    entries: int = 0
    reversed_accounts: int = 0
    before: Total = field(default_factory=Total)
    after: Total = field(default_factory=Total)
    flows: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Band before and after to accounts."""
    directions: Counter[str] = field(default_factory=Counter)
    moved: int = 0
    vacated: Counter[str] = field(default_factory=Counter)
    added: Counter[str] = field(default_factory=Counter)
    groups: dict[tuple[str, ...], list[int]] = field(default_factory=dict)
    """Market, size, age and kind to: accounts, harder, milder, restricted ever before, and after."""
    counts: Counter[int] = field(default_factory=Counter)
    """Violations that stood, to accounts."""
    examples: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: {HARDER: [], MILDER: []})
    """By direction: those with the greatest mark drawn from their id."""
    mistaken: list[tuple[float, str]] = field(default_factory=list)
    """Days of restriction under the new schedule before a reversal showed them to be a mistake; the most."""
    mistaken_days: float = 0.0
    mistaken_accounts: int = 0

    def add(self, account: str, before: Glance, after: Glance, kind: tuple[str, ...]) -> Move | None:
        """Count one account; return its move, if the schedules do not treat it alike."""
        as_of = self.as_of
        days_before = restricted_us(before.spans, as_of) / DAY_US if before.spans else 0.0
        days_after = restricted_us(after.spans, as_of) / DAY_US if after.spans else 0.0
        self.accounts += 1
        self.before.add(before, days_before, as_of)
        self.after.add(after, days_after, as_of)
        self.flows[before.band, after.band] += 1
        group = self.groups.get(kind)
        if group is None:
            group = self.groups[kind] = [0, 0, 0, 0, 0]
        group[0] += 1
        group[3] += bool(before.spans)
        group[4] += bool(after.spans)
        if before == after:
            return None
        direction = _direction(before, after, days_before, days_after, as_of)
        self.moved += 1
        self.directions[direction] += 1
        if before.spans != after.spans:
            _differences(before.spans, after.spans, self.vacated, self.added)
        if direction != SAME:
            group[1 if direction == HARDER else 2] += 1
            keep(self.examples[direction], (crc32(account.encode()), account))
        return Move(account, direction, before, after, days_before, days_after)

    def add_mistake(self, account: str, days: float) -> None:
        """Count what a reversal showed to be a mistake."""
        self.reversed_accounts += 1
        if days > 0:
            self.mistaken_days += days
            self.mistaken_accounts += 1
            keep(self.mistaken, (days, account))

    def join(self, other: Tally) -> None:
        """Add what was counted elsewhere."""
        for name in ("accounts", "entries", "reversed_accounts", "moved", "mistaken_days", "mistaken_accounts"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("flows", "directions", "vacated", "added", "counts"):
            getattr(self, name).update(getattr(other, name))
        self.before.join(other.before)
        self.after.join(other.after)
        for kind, counted in other.groups.items():
            mine = self.groups.setdefault(kind, [0, 0, 0, 0, 0])
            mine[:] = [a + b for a, b in zip(mine, counted, strict=True)]
        for direction, found in other.examples.items():
            for one in found:
                keep(self.examples[direction], one)
        for mistake in other.mistaken:
            keep(self.mistaken, mistake)


def keep(heap: list[Any], item: tuple[Any, ...]) -> None:
    """Keep the greatest items."""
    if len(heap) < EXAMPLES:
        heappush(heap, item)
    else:
        heappushpop(heap, item)


def _direction(before: Glance, after: Glance, days_before: float, days_after: float, as_of: int) -> str:
    """Say which way an account moves: by its days of restriction, then by what is in force, then by what is to come."""
    for old, new in (
        (days_before, days_after),
        (len(before.in_force), len(after.in_force)),
        (_left(before.spans, as_of), _left(after.spans, as_of)),
    ):
        if new != old:
            return HARDER if new > old else MILDER
    return SAME


def _left(spans: Sequence[Span], as_of: int) -> int:
    """Return how long what is in force still lasts; what is over tells nothing of it."""
    return max((end - as_of for _, _, end in spans if end > as_of), default=0)


def _differences(before: Sequence[Span], after: Sequence[Span], vacated: Counter[str], added: Counter[str]) -> None:
    """Count the penalties that only one of the schedules starts: the same name at the same instant is the same."""
    old = [(name, start) for name, start, _ in before]
    for name, start, _ in after:
        if (name, start) in old:
            old.remove((name, start))
        else:
            added[name] += 1
    for name, _ in old:
        vacated[name] += 1


def count_repeats(repeats: Repeats, spans: Sequence[Span], violations: Sequence[int], as_of: int) -> None:
    """
    Count whether an account had another violation soon after its first penalty started.

    One whose time is not over yet counts in neither way: to keep those who already did would flatter the share.
    """
    first = spans[0][1]
    if first + REPEAT_US > as_of:
        repeats.too_recent += 1
        return
    repeats.penalised += 1
    place = bisect_right(violations, first)
    if place < len(violations) and violations[place] <= first + REPEAT_US:
        repeats.repeated += 1


def next_shares(counts: Counter[int]) -> list[tuple[int, int, int]]:
    """Return for each n how many accounts had n violations, and how many of them one more."""
    reached: dict[int, int] = {}
    total = 0
    for number in range(max(counts, default=0), 0, -1):
        total += counts[number]
        reached[number] = total
    return [(n, reached[n], reached.get(n + 1, 0)) for n in range(1, max(counts, default=0) + 1)]


def open_end(end: int) -> int | None:
    """Return an end; None for one that never comes."""
    return None if end >= NEVER else end
