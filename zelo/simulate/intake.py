"""How events arrive: late, twice, from clocks that are wrong - and the place in the order that each one gets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from zelo.events.intake import COUNTER_BITS
from zelo.simulate.almanac import DAY_US, SECOND_US
from zelo.simulate.chance import Array
from zelo.simulate.rows import Batch
from zelo.simulate.state import World

LATE = 0.004
"""Share of events that arrive a minute to twenty hours late: phones without a network (an assumption)."""
TWICE = 0.0002
"""Share of events that are sent again; they are dead letters (an assumption)."""
SLOW_CLOCKS, BROKEN_CLOCK = 0.01, 0.000_02
"""Share of accounts whose clock is up to two minutes slow; share of events dated days ahead, which are dead letters."""


@dataclass(frozen=True)
class Arrived:
    """Candidates of one kind with when they come in and when they say they happened."""

    batch: Batch
    came_us: Array
    said_us: Array
    refused: Array
    """Whether the date lies too far ahead to be taken in."""
    again: Array
    """Whether it is sent a second time."""

    def only(self, places: Array) -> Arrived:
        """Return some of them."""
        parts = (self.came_us[places], self.said_us[places], self.refused[places], self.again[places])
        return Arrived(self.batch.only(places), *parts)


@dataclass
class Intake:
    """The order of the world's stream, as `zelo.events.intake.Sequencer` gives it; and what waits for its day."""

    last_key: int = -(2**62)
    late: int = 0
    waiting: list[Arrived] = field(default_factory=list)

    def today(self, world: World, batches: Iterable[Batch]) -> list[Arrived]:
        """Return what comes in today: what happens today but for what is late, and the late ones of days before."""
        here: list[Arrived] = []
        waiting: list[Arrived] = []
        for arrived in [*self.waiting, *(_arrived(world, batch) for batch in batches)]:
            now = arrived.came_us < world.end_us
            if now.all():
                here.append(arrived)
                continue
            waiting.append(arrived.only(np.flatnonzero(~now)))
            if now.any():
                here.append(arrived.only(np.flatnonzero(now)))
        self.waiting = waiting
        return here

    def keys(self, said_us: Array) -> Array:
        """Return the order keys of events, given in the order in which they come in."""
        if not len(said_us):
            return said_us
        turn = np.arange(len(said_us), dtype=np.int64)
        own = ((said_us // 1_000) << COUNTER_BITS) - turn
        own[0] = max(int(own[0]), self.last_key + 1)
        found = np.maximum.accumulate(own) + turn
        before = np.concatenate([np.array([self.last_key]), found[:-1]])
        self.late += int((said_us // 1_000 < before >> COUNTER_BITS).sum())
        self.last_key = int(found[-1])
        return found


def _arrived(world: World, batch: Batch) -> Arrived:
    chance, kind = world.chance, batch.kind
    number = batch.numbers
    delay = chance.below(2_000, f"{kind} delay", number) * 1_000
    if batch.makes is None and batch.order_makes is None:  # what others see must have arrived
        late = chance.happens(LATE, f"{kind} late", number)
        delay += np.where(late, (60 + chance.below(72_000, f"{kind} late by", number)) * SECOND_US, 0)
    slow = chance.happens(SLOW_CLOCKS, "slow clock", batch.actors)
    behind = np.where(slow, (1 + chance.below(120, "slow by", batch.actors)) * SECOND_US, 0)
    broken = chance.happens(BROKEN_CLOCK, f"{kind} broken clock", number)
    said = np.where(broken, batch.at + 2 * DAY_US, batch.at - behind)
    return Arrived(batch, batch.at + delay, said, broken, chance.happens(TWICE, f"{kind} twice", number))


def in_order(arrived: list[Arrived]) -> tuple[Array, Array]:
    """Return, in the order of coming in, the place of each event's batch in the list and its row there."""
    sizes = [len(each.came_us) for each in arrived]
    which = np.repeat(np.arange(len(arrived)), sizes)
    row = np.concatenate([np.arange(size) for size in sizes]) if sizes else which
    came = np.concatenate([each.came_us for each in arrived]) if sizes else which
    number = np.concatenate([each.batch.numbers for each in arrived]) if sizes else which
    names = sorted({each.batch.kind for each in arrived})
    kind = np.repeat(np.array([names.index(each.batch.kind) for each in arrived], np.int64), sizes)
    order = np.lexsort((number, kind, came))
    return which[order], row[order]
