"""The world at one moment: its people, what they have published, what is under way between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from zelo.simulate.almanac import DAY_US, start_us
from zelo.simulate.chance import Array, Chance
from zelo.simulate.habits import HABITS, INNOCENT, SPREAD
from zelo.simulate.people import NEVER, State, Traits, fresh, populate
from zelo.simulate.rows import ABSENT, Table

KINDS = ("video", "live", "listing", "price", "comment", "message", "answer", "review", "account")
PREFIXES = ("v", "x", "l", "p", "c", "m", "q", "r", "a")
"""First letter of the id of each kind of thing."""
EVADES = 0.1
"""How much lower an evading offence scores for each step of caution, up to two."""
UNMADE = -1


def things_table() -> Table:
    """Return the table of everything published; a row is a candidate until it is made."""
    return Table(
        {
            "at": ("int64", 0),
            "kind": ("int8", 0),
            "key": ("int64", 0),
            "author": ("int32", 0),
            "habit": ("int8", 0),
            "manner": ("int8", 0),
            "lookalike": ("bool", False),
            "score": ("float32", 0.0),
            "topic": ("int8", 0),
            "market": ("int8", 0),
            "weight": ("int32", 1),
            "good": ("int16", -1),
            "cents": ("int64", 0),
            "gone_at": ("int64", UNMADE),
            "back_at": ("int64", NEVER),
            "removed_at": ("int64", ABSENT),
            "restored_at": ("int64", ABSENT),
            "gone_by": ("int8", 0),
            "found_by": ("int8", 0),
            "demoted": ("float64", 1.0),
            "demoted_until": ("int64", 0),
            "views": ("int32", 0),
            "reports": ("int32", 0),
        }
    )


def orders_table() -> Table:
    """Return the table of orders, each with the course it will take if nothing comes between."""
    times = ("at", "approved_at", "dispatch_by", "dispatched_at", "deliver_by", "delivered_at", "canceled_at")
    columns: dict[str, tuple[str, float | int | bool]] = dict.fromkeys(times, ("int64", ABSENT))
    columns |= {"returned_at": ("int64", ABSENT), "reviewed_at": ("int64", ABSENT), "key": ("int64", 0)}
    columns |= {"buyer": ("int32", 0), "seller": ("int32", 0), "listing": ("int64", 0), "cents": ("int64", 0)}
    columns |= {"items": ("int16", 1), "habit": ("int8", 0), "words": ("int16", -1), "stars": ("int8", 0)}
    columns |= {"reason": ("int8", 0), "hired": ("int8", 0), "ends_at": ("int64", UNMADE)}
    return Table(columns)


@dataclass
class World:
    """One world while it is made."""

    chance: Chance
    traits: Traits
    state: State
    first: date
    start_us: int
    days: int
    day: int = 0
    things: Table = field(default_factory=things_table)
    orders: Table = field(default_factory=orders_table)

    @property
    def begin_us(self) -> int:
        """Return the instant at which the day begins."""
        return self.start_us + self.day * DAY_US

    @property
    def end_us(self) -> int:
        """Return the instant at which the day ends."""
        return self.begin_us + DAY_US

    @property
    def date(self) -> date:
        """Return the day in Brasília."""
        return self.first + timedelta(days=self.day)

    def offends(self, surface: str, actors: Array, purpose: str, *ids: int | Array) -> Array:
        """Return the code of the habit with which each publication offends, 0 for none."""
        rate = self.traits.rate[surface][actors]
        bad = self.chance.happens(rate, purpose, *ids)
        bad &= self.state.offends(actors, self.traits.habit, np.full(len(actors), self.begin_us, np.int64))
        return np.where(bad, self.traits.habit[actors], 0)

    def manner(self, habit: Array, actors: Array, purpose: str, *ids: int | Array) -> Array:
        """Return how each offence is told: 0 plainly, 1 in disguise, 2 so that no classifier sees it."""
        blind = self.chance.happens(_BLIND[habit], f"{purpose} blind", *ids)
        return np.where(blind, 2, np.minimum(self.state.caution[actors], 1))

    def signal(self, name: str, habit: Array, caution: Array, manner: Array, looks: Array, *ids: int | Array) -> Array:
        """Return a classifier's scores from 0 to 1, to the thousandth: of innocents, offences, and lookalikes."""
        number = SIGNAL_CODES[name]
        shown = np.where((_SIGNAL[habit] == number) & (manner < 2), _SEPARATION[habit], 0.0)
        shown = np.where(looks == number, 5.0, shown)
        evaded = np.where(shown > 0, np.minimum(caution, 2) * EVADES, 0.0) * (looks == 0)
        value = INNOCENT + SPREAD * (self.chance.bell(f"score {name}", *ids) + shown) - evaded
        return np.floor(np.clip(value, 0.001, 0.999) * 1_000.0 + 0.5) / 1_000.0

    def visible(self, places: Array, at: Array) -> Array:
        """Return which things are there then; a negative place is nothing and stands in nobody's way."""
        there = (self.things["gone_at"][places] > at) | (self.things["back_at"][places] <= at)
        return there | (places < 0)

    def underway(self, places: Array, at: Array) -> Array:
        """Return which orders are neither void nor ended then; a negative place stands in nobody's way."""
        return (self.orders["ends_at"][places] > at) | (places < 0)


_SIGNAL_NAMES = tuple(dict.fromkeys(habit.signal for habit in HABITS if habit.signal))
SIGNAL_CODES = {name: number for number, name in enumerate(_SIGNAL_NAMES, 1)}
_SIGNAL = np.array([0, *(SIGNAL_CODES.get(habit.signal, 0) for habit in HABITS)], np.int64)
_SEPARATION = np.array([0.0, *(habit.separation for habit in HABITS)])
_BLIND = np.array([0.0, *(habit.blind for habit in HABITS)])


def new_world(seed: int, accounts: int, days: int, first: date) -> World:
    """Return a world before its first day."""
    chance = Chance(seed)
    begin = start_us(first)
    traits = populate(chance, accounts, begin, days)
    return World(chance, traits, fresh(traits), first, begin, days)


def keys(actors: Array, day: int, turns: Array | int) -> Array:
    """Return a number for what an account does, the turn-th time on a day: the same in every world of a seed."""
    return ((actors << 12) | day) << 6 | turns


def repeated(counts: Array) -> tuple[Array, Array]:
    """Return who does it and the how-manieth time, from how often each does."""
    actors = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
    first = np.cumsum(counts) - counts
    return actors, np.arange(len(actors), dtype=np.int64) - np.repeat(first, counts)


def lookalikes(world: World, share: float, signals: Iterable[str], habit: Array, *ids: int | Array) -> Array:
    """Return the signal that takes an innocent thing for an offence, 0 for none."""
    numbers = np.array([SIGNAL_CODES[name] for name in signals], np.int64)
    which = numbers[world.chance.below(len(numbers), "lookalike of", *ids)]
    return np.where(world.chance.happens(share, "lookalike", *ids) & (habit == 0), which, 0)
