"""What a ledger comes to on a given day: balances, penalties in force and why, tier, and what would happen next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

from msgspec import Struct, field

from zelo.health.lean import whole
from zelo.health.ledger import Note


class Cause(Struct, frozen=True, gc=False):
    """Why something fired: the line of the schedule, and the entries that counted."""

    track: str
    """Empty: a line that acts at once."""
    key: tuple[str, ...]
    step: str
    """The step of the ladder: its name, or its number from 1."""
    milestone: int | None
    """In millionths of the track's unit."""
    value: int | None
    """The balance it was at."""
    entry: str
    """The entry that set it off."""
    entries: tuple[str, ...]
    """All that counted then, this one included, oldest first."""


class Penalty(Struct, frozen=True, gc=False):
    """A penalty: from when to when, and why."""

    name: str
    start: int
    until: int | None
    """The first instant at which it no longer holds; None: without end."""
    scopes: tuple[tuple[str, str], ...]
    cause: Cause
    toward: str = ""
    """The one account toward which it holds; empty: toward all."""
    paused_until: int | None = None
    """While an appeal waits: when it goes on at the earliest; then it is not in force."""
    reaches_linked: bool = False


class Vacated(Struct, frozen=True, gc=False):
    """A penalty that lost its ground, with what of it was served."""

    penalty: Penalty
    at: int
    """When the decision was taken."""
    by: str
    """The reversal or migration."""
    served_us: int
    """How long it had been in force by then."""


class Warning(Struct, frozen=True, gc=False):
    """A warning that does not count."""

    name: str
    """`first`, `given`, `near` (a milestone is close), or the name that the schedule gives it."""
    at: int
    until: int | None
    entry: str
    track: str = ""
    milestone: int | None = None


class Duty(Struct, frozen=True, gc=False):
    """Something the account has to do by an instant."""

    name: str
    at: int
    due: int
    entry: str


class Item(Struct, frozen=True, gc=False):
    """One thing that counts on a balance."""

    entry: str
    amount: int
    until: int | None


class Balance(Struct, frozen=True, gc=False):
    """One balance of the account."""

    track: str
    kind: str
    key: tuple[str, ...]
    value: int | None
    """In millionths; None for rates and where nothing is known."""
    step: str = ""
    """The step of the ladder that the balance stands on; empty: none."""
    step_number: int = 0
    band: str | None = None
    window: str = ""
    """Of rates: the window that counts."""
    is_near: bool = False
    """Whether the next milestone is close."""
    next_milestone: int | None = None
    items: tuple[Item, ...] = ()
    reached: tuple[int, ...] = ()
    """The milestones that fired, in the order in which they did."""

    @property
    def amount(self) -> int | float | None:
        """Return the value as a number."""
        return None if self.value is None else whole(self.value)


class Appeal(Struct, frozen=True, gc=False):
    """An appeal, and whether it could be taken."""

    entry: str
    target: str
    accepted: bool
    reason: str = ""
    """Why not: `too_late` or `too_many`."""


class Request(Struct, frozen=True, gc=False):
    """A request to enter a programme, and every condition that failed."""

    entry: str
    gate: str
    granted: bool
    failed: tuple[str, ...] = ()


class Paid(Struct, frozen=True, gc=False):
    """What one account of earnings came to."""

    name: str
    paid: int
    """All that was paid out so far, in millionths."""
    balance: int


class Next(Struct, frozen=True, gc=False):
    """What would happen at the next violation."""

    violation: str
    severity: str
    penalties: tuple[Penalty, ...]
    warning: bool
    """Whether it would bring a warning that does not count."""
    values: Mapping[str, int | None]
    """The balances afterwards, by track."""
    is_open: bool = False
    """Whether the schedule lets the entry say what it costs: what is told here is then the least."""


class Past:
    """Reads the penalties that are not in force when they are asked for; all are alike."""

    __slots__ = ("read",)

    def __init__(self, read: Callable[[], tuple[Penalty, ...]] = tuple) -> None:
        self.read = read

    def __eq__(self, other: object) -> bool:
        """Say that what is read later plays no part when standings are compared."""
        return isinstance(other, Past)

    def __hash__(self) -> int:
        """Return the same number for all."""
        return 0

    def __repr__(self) -> str:
        """Return a word for it."""
        return "Past()"


class Standing(Struct, frozen=True, dict=True):
    """The standing of one account at one instant under one schedule."""

    account: str
    as_of: int
    schedule: str
    version: str
    word: str
    balances: tuple[Balance, ...]
    penalties: tuple[Penalty, ...]
    """Those in force."""
    vacated: tuple[Vacated, ...] = ()
    warnings: tuple[Warning, ...] = ()
    duties: tuple[Duty, ...] = ()
    appeals: tuple[Appeal, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    """Trainings that did not count, and why."""
    tier: str = ""
    perks: tuple[str, ...] = ()
    requests: tuple[Request, ...] = ()
    payouts: tuple[Paid, ...] = ()
    live: tuple[str, ...] = ()
    """The violations still on record."""
    next_expiry: int | None = None
    """The next instant at which an item, a warning or a penalty ends."""
    notes: tuple[Note, ...] = ()
    restrictions: Mapping[str, str] = field(default_factory=dict)
    """What is taken away, and what is left of it; the strictest where several penalties meet."""

    later: Past = field(default_factory=Past)

    @cached_property
    def past(self) -> tuple[Penalty, ...]:
        """Return the penalties whose time is over, those still to start, and those that wait for an appeal."""
        return self.later.read()

    def balance(self, track: str, *key: str) -> Balance | None:
        """Return one balance; None when nothing was counted on it."""
        return next((b for b in self.balances if b.track == track and (not key or b.key == key)), None)

    def value(self, track: str, *key: str) -> int | float | None:
        """Return the number a balance stands at; None when it is not known."""
        found = self.balance(track, *key)
        return found.amount if found else None
