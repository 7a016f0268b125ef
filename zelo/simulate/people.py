"""The people of a world: what they are from the seed, and the state that decisions and time bring them into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from zelo.simulate.almanac import DAY_US
from zelo.simulate.chance import Array, Chance
from zelo.simulate.habits import HABITS, PER_DAY, ROLE_SHARES
from zelo.simulate.places import BRAZILIAN, MARKET_SHARES, PLACES, TOPICS, ZONES

NEVER = 1 << 62
"""An instant that does not come."""
SCOPES = ("publish", "comment", "live", "sell")
"""What an account can be barred from, beside everything."""
JOINING = 0.12
"""Share of the accounts that join during the run; the others were there before (an assumption)."""
OLDEST_DAYS = 1_500
HONEST, MISTAKEN, BAD_FAITH = range(3)
REPORTER_SHARES = (970, 24, 6)
"""Per mille of accounts by how they report: honest, easily mistaken, in bad faith (an assumption)."""


@dataclass(frozen=True)
class Traits:
    """What never changes; arrays by account."""

    role: Array
    market: Array
    place: Array
    zone: Array
    topic: Array
    activity: Array
    """How busy, 1 being usual."""
    habit: Array
    """Code of the habit; 0 for honest accounts."""
    group: Array
    """Number of the network; -1 for none."""
    parent: Array
    """The account that a linked account belongs to; -1 for others. Linked accounts come last."""
    reporter: Array
    created_us: Array
    """When it is made if nothing changes; NEVER for linked accounts."""
    prober: Array
    """Whether it tries out how far it can go after a penalty."""
    device: Array
    """Number of the device; a linked account often keeps its parent's."""
    pix: Array
    """Number of the Pix key it is paid to."""
    rate: Mapping[str, Array]
    """By surface: the probability that something the account publishes offends while it is active."""

    @property
    def size(self) -> int:
        """Return how many accounts there may be, linked ones included."""
        return len(self.role)


@dataclass
class State:
    """What changes; arrays by account, times in microseconds since 1970 UTC."""

    born_us: Array
    closed_us: Array
    left_us: Array
    hits: Array
    caution: Array
    """0 as it began, 1 and more: writes in disguise, keeps below thresholds."""
    quiet_until_us: Array
    reformed: Array
    barred_until_us: Array
    """One row for each of SCOPES."""
    wronged: Array
    """How often an innocent account was hit."""

    def here(self, actors: Array, at: Array, scope: str) -> Array:
        """Return who may act then."""
        may = (self.born_us[actors] <= at) & (at < self.closed_us[actors]) & (at < self.left_us[actors])
        return may & (self.barred_until_us[SCOPES.index(scope)][actors] <= at) if scope else may

    def offends(self, actors: Array, habit: Array, at: Array) -> Array:
        """Return who of them is at it."""
        return (habit[actors] > 0) & ~self.reformed[actors] & (self.quiet_until_us[actors] <= at)


def populate(chance: Chance, count: int, start_us: int, days: int) -> Traits:
    """Return the people of a world, the linked accounts of offenders after all others."""
    ids = np.arange(count, dtype=np.int64)
    role = chance.one_of(ROLE_SHARES, "role", ids).astype(np.int64)
    habit, group = _habits(chance, role)
    parents = np.flatnonzero((habit > 0) & chance.happens(_of(habit, "returns"), "returns", ids))
    parent = np.concatenate([np.full(count, -1, np.int64), parents])
    base = np.concatenate([ids, parents])
    every = np.arange(len(base), dtype=np.int64)
    market = chance.one_of(MARKET_SHARES, "market", ids)
    places = [place.weight for place in PLACES]
    home = chance.one_of(places[:BRAZILIAN], "home", ids)
    abroad = chance.one_of(places[BRAZILIAN:], "abroad", ids) + BRAZILIAN
    place = np.where(market == 0, home, abroad)
    linked = every >= count
    device = np.where(linked & chance.happens(0.6, "same device", every), base, every)
    pix = np.where(linked & chance.happens(0.5, "same pix", every), base, every)
    activity = np.minimum(0.5 / np.sqrt(1.0 - chance.unit("activity", base)), 6.0)  # mean 0.96, a few are very busy
    return Traits(
        role=role[base],
        market=market[base],
        place=place[base],
        zone=ZONES[place[base]],
        topic=chance.below(len(TOPICS), "topic", base),
        activity=activity,
        habit=habit[base],
        group=group[base],
        parent=parent,
        reporter=chance.one_of(REPORTER_SHARES, "reporter", base),
        created_us=np.where(linked, NEVER, _created(chance, base, start_us, days)),
        prober=chance.happens(0.4, "prober", base),
        device=device,
        pix=pix,
        rate=_rates(role, habit, activity[:count], base),
    )


def fresh(traits: Traits) -> State:
    """Return the state at the beginning."""
    size = traits.size
    return State(
        born_us=traits.created_us.copy(),
        closed_us=np.full(size, NEVER, np.int64),
        left_us=np.full(size, NEVER, np.int64),
        hits=np.zeros(size, np.int64),
        caution=np.zeros(size, np.int64),
        quiet_until_us=np.zeros(size, np.int64),
        reformed=np.zeros(size, bool),
        barred_until_us=np.zeros((len(SCOPES), size), np.int64),
        wronged=np.zeros(size, np.int64),
    )


def _habits(chance: Chance, role: Array) -> tuple[Array, Array]:
    """Return the habit and the network of each account: of each role, as many as the table says."""
    habit, group = np.zeros(len(role), np.int64), np.full(len(role), -1, np.int64)
    groups = 0
    for number in dict.fromkeys(each.role for each in HABITS):
        members = np.flatnonzero(role == number)
        order = members[np.argsort(chance.bits("offenders", members), kind="stable")]
        next_one = 0
        for code, each in enumerate(HABITS, 1):
            if each.role != number:
                continue
            wanted = max(2, round(each.people * len(members)), min(each.network, len(members) // 8))
            chosen = order[next_one : next_one + wanted]
            next_one += wanted
            habit[chosen] = code
            if each.network:
                group[chosen] = groups + np.arange(len(chosen)) // each.network
                groups += len(chosen) // each.network + 1
    return habit, group


def _created(chance: Chance, base: Array, start_us: int, days: int) -> Array:
    """Return when accounts are made: most long before, some on a day of the run, more of them toward its end."""
    unit = chance.unit("created", base)
    before = start_us - ((unit * unit * OLDEST_DAYS + 1.0) * DAY_US).astype(np.int64)
    during = start_us + (np.sqrt(unit) * days * DAY_US).astype(np.int64)
    joins = chance.happens(JOINING, "joins", base)
    return np.where(joins, during, before)


def _rates(role: Array, habit: Array, activity: Array, base: Array) -> dict[str, Array]:
    """Return how often each account's own publications offend, so that all together have the share of the table."""
    rates: dict[str, Array] = {}
    for code, each in enumerate(HABITS, 1):
        rate = rates.setdefault(each.surface, np.zeros(len(role), np.float64))
        mine = habit == code
        if each.surface in ("order", "follow", "account"):
            rate[mine] = each.share
            continue
        busy = np.array(PER_DAY.get(each.surface, (1, 1, 1, 1, 1)), np.int64)[role] * (activity * 1_000).astype(
            np.int64
        )
        weight, all_weight = int(busy[mine].sum()), int(busy.sum())  # of whole numbers, so that no order matters
        rate[mine] = min(0.9, each.share * ATTRITION * all_weight / weight) if weight else 0.0
    return {surface: rate[base] for surface, rate in rates.items()}


ATTRITION = 2.1
"""Offenders reform, lie low and are closed; this makes up for it, so that shares hold over two to three months."""


def _of(habit: Array, name: str) -> Array:
    """Return a number of the habit of each account; 0 without a habit."""
    return np.array([0.0, *(float(getattr(each, name)) for each in HABITS)])[habit]
