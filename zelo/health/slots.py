"""The state of the fold: one balance of an account, and what has fired."""

from __future__ import annotations

from bisect import bisect_right

from zelo.health.lean import LeanTrack
from zelo.policy.schedules.lengths import NEVER
from zelo.policy.schedules.values import Rung, Use

Item = list[int]
"""Start, end, amount and number of the entry of one thing that counts."""


class Slot:
    """One balance: a track of an account, or one of its keys."""

    __slots__ = (
        "caps",
        "clean_at",
        "due",
        "floor",
        "frozen",
        "gains",
        "group",
        "head",
        "heap",
        "items",
        "key",
        "last",
        "load",
        "low",
        "mark",
        "marks",
        "next_end",
        "once",
        "plain",
        "plans",
        "reached",
        "track",
        "turns",
    )

    def __init__(self, track: LeanTrack, key: tuple[str, ...]) -> None:
        self.track, self.key = track, key
        self.head = 0
        """Of a plain balance: the number of items that have expired."""
        self.next_end = NEVER
        """Of a plain balance: when the next item expires."""
        self.plain: LeanTrack | bool = track
        """Its track as long as nothing but expiry and marks can matter, else false."""
        self.load = 0
        """How far the balance is from its start, on the bad side."""
        self.low = 0
        """The least load since the milestones were last looked at."""
        self.marks, self.mark, self.plans = track.marks(key)
        """The next load above `low` at which something happens."""
        self.floor = -NEVER
        """As long as `low` is not below it, `mark` stays."""
        self.heap: list[tuple[int, int, int]] = []
        """End, entry and amount of what counts, the next to expire first."""
        self.items: list[Item] = []
        self.frozen = False
        self.last = -1
        """Number of the entry that counted last."""
        self.due = NEVER
        """When the milestones are next looked at, on tracks that wait for a day of the calendar."""
        self.clean_at = NEVER
        self.group: tuple[int, Item] | None = None
        self.caps: dict[int, list[int]] = {}
        self.turns: dict[tuple[int, tuple[str, ...]], list[int]] = {}
        self.gains: dict[str, Gained] = {}
        self.once: set[int] = set()
        self.reached: list[tuple[int, int, int, int]] = []
        """Instant, load of the milestone, entry, and the balance's load of each milestone that fired."""

    def fall_to(self, load: int) -> None:
        """Take note of the least load."""
        self.low = load
        marks = self.marks
        place = bisect_right(marks, load)
        self.mark, self.floor = marks[place], marks[place - 1] if place else -NEVER
        for step in self.track.every:
            count = max(load, 0) // step
            self.mark, self.floor = min(self.mark, (count + 1) * step), max(self.floor, count * step)

    def adopt(self, track: LeanTrack) -> None:
        """Go on under the rules of another date."""
        self.track = track
        self.marks, _, self.plans = track.marks(self.key)
        self.fall_to(self.low)

    def live(self, at: int) -> list[Item]:
        """Return what counts at an instant up to which the balance was brought."""
        return self.items[self.head :] if self.plain else [item for item in self.items if item[1] > at]

    def expire(self, at: int) -> None:
        """Take off what expired by an instant, on a plain balance: the items end in the order in which they came."""
        items, head, load = self.items, self.head, self.load
        count = len(items)
        while head < count and items[head][1] <= at:
            load -= items[head][2]
            head += 1
        self.head, self.load = head, load
        self.next_end = items[head][1] if head < count else NEVER
        if load < self.low:
            if load < self.floor:
                self.fall_to(load)
            else:
                self.low = load

    def leave_plain(self) -> None:
        """Go on with a heap: from now on more than expiry and marks can matter."""
        if self.plain:
            self.plain = False
            self.heap = [(end, number, amount) for _, end, amount, number in self.items[self.head :] if end < NEVER]


class Gained:
    """What one sort of reward has given back to a balance."""

    __slots__ = ("given", "heap", "total", "under")

    def __init__(self) -> None:
        self.heap: list[tuple[int, int]] = []
        self.total, self.given = 0, 0
        self.under: LeanTrack | None = None
        """The track under whose rules `given` was worked out; None when it has to be worked out again."""


class Fired:
    """A penalty that a line of the schedule brought about."""

    __slots__ = ("at", "end", "entry", "milestone", "rung", "slot", "start", "use")

    def __init__(self, use: Use, start: int, end: int, at: int, entry: int, place: Place | None) -> None:
        self.use, self.start, self.end, self.at, self.entry = use, start, end, at, entry
        self.slot: Slot | None
        self.rung: Rung | None
        self.slot, self.rung, self.milestone = place or _NO_PLACE


Place = tuple[Slot, Rung | None, int]
"""The balance, the rung of its ladder, and the load of the milestone."""


_NO_PLACE = (None, None, 0)


class Warned:
    """A warning that does not count."""

    __slots__ = ("at", "end", "entry", "key", "milestone", "name", "slot", "trained")

    def __init__(self, at: int, end: int, entry: int, key: tuple[str, ...] | None, name: str = "") -> None:
        self.at, self.end, self.entry, self.key, self.name = at, end, entry, key, name
        self.trained = False
        self.slot: Slot | None = None
        self.milestone = 0
