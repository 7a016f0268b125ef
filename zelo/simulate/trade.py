"""Orders from the click to the review: the course of each is drawn when it is placed, and told when its time comes."""

from __future__ import annotations

import numpy as np

from zelo.simulate.almanac import DAY_US, HOUR_US, moments, shopping
from zelo.simulate.chance import Array
from zelo.simulate.content import STATE_OF, STATES
from zelo.simulate.habits import PER_DAY, code
from zelo.simulate.rows import ABSENT, Batch, Column, Ids, Times, Words
from zelo.simulate.shop import listing, seller
from zelo.simulate.state import UNMADE, World, keys, repeated
from zelo.simulate.words import CALM

DISPATCH_DAYS, DELIVER_DAYS = 4, 12
"""Days of the promise, from the order (usual on Brazilian marketplaces; an assumption)."""
LATE = 0.05
"""Share of an honest shop's orders that leave late; 8 % in the Olist sample of 2016-2018."""
CANCELED, RETURNED, REVIEWED = 0.02, 0.04, 0.38
"""Share of orders of honest shops that are cancelled, sent back, reviewed (assumptions near Olist's)."""
LIFE_DAYS = 40
"""An order has ended so many days after it was placed."""
_PAYMENTS = ("pix", "pix", "pix", "credit_card", "credit_card", "boleto")
_REASONS = ("buyer_request", "out_of_stock", "unknown")
_RETURNS = ("defect", "not_as_described", "regret")
_POOLS = ("praise", "grumble", "missing", "fake", "invoice", "outside", "bought")
WORDS = tuple(text for pool in _POOLS for text in CALM[pool])
_FIRST = {pool: sum(len(CALM[each]) for each in _POOLS[:number]) for number, pool in enumerate(_POOLS)}


def place_orders(world: World) -> None:
    """Add the orders that would be placed today, with their whole course."""
    chance, traits, day = world.chance, world.traits, world.day
    everyone = np.arange(traits.size, dtype=np.int64)
    rate = np.array(PER_DAY["order"])[traits.role] / 1_000 * traits.activity * shopping(world.date)
    buyer, turns = repeated(chance.counts(rate, 5, "orders", day, everyone))
    key = keys(buyer, day, turns + 56)
    thing = _chosen(world, buyer, key)
    hired, hired_thing = _hired(world)
    buyer = np.concatenate([buyer[thing >= 0], hired])
    key = np.concatenate([key[thing >= 0], keys(hired, day, 63)])
    thing = np.concatenate([thing[thing >= 0], hired_thing])
    paid = np.arange(len(buyer)) >= len(buyer) - len(hired)
    who = world.things["author"][thing].astype(np.int64)
    at = moments(chance, world.begin_us, traits.zone[buyer], "order at", key)
    at = np.maximum(at, world.things["at"][thing] + HOUR_US // 6)
    items = 1 + chance.below(6, "items", key) // 4
    world.orders.add(
        len(key), at=at, key=key, buyer=buyer, seller=who, listing=thing, items=items, hired=paid,
        cents=world.things["cents"][thing] * items, **_course(world, key, who, thing, at, paid),
    )  # fmt: skip


def _chosen(world: World, buyer: Array, key: Array) -> Array:
    """Return the listing each buyer chooses, by demand; -1 where a market has none yet."""
    things = world.things
    shelf = np.flatnonzero((things["kind"] == 2) & (things["at"] < world.end_us))
    found = np.full(len(buyer), -1, np.int64)
    for market in (0, 1):
        pool = shelf[things["market"][shelf] == market]
        mine = np.flatnonzero(world.traits.market[buyer] == market)
        if len(pool) and len(mine):
            sums = np.cumsum(things["weight"][pool].astype(np.int64))
            draw = (world.chance.unit("choice", key[mine]) * int(sums[-1])).astype(np.int64)
            found[mine] = pool[np.minimum(np.searchsorted(sums, draw, side="right"), len(pool) - 1)]
    return found


def _hired(world: World) -> tuple[Array, Array]:
    """Return the hired reviewers who order today, and what: each group works for one shop, on its days."""
    traits, chance = world.traits, world.chance
    workers = np.flatnonzero(traits.habit == code("hired_reviewers"))
    shops = np.flatnonzero((traits.habit == code("bought_reviews")) & (traits.parent < 0))
    if not len(shops) or not len(workers):
        return workers[:0], workers[:0]
    group = traits.group[workers]
    client = shops[np.maximum(group, 0) % len(shops)]
    today = chance.happens(0.06, "hired day", world.day, np.maximum(group, 0))
    today &= world.state.offends(workers, traits.habit, np.full(len(workers), world.begin_us))
    today &= ~world.state.reformed[client]
    kind, author, made = world.things["kind"], world.things["author"], world.things["gone_at"]
    shelf = np.flatnonzero((kind == 2) & np.isin(author, shops) & (made != UNMADE))
    order = np.argsort(author[shelf], kind="stable")
    first = np.searchsorted(author[shelf][order], client)
    known = first < len(order)
    known[known] = author[shelf][order][first[known]] == client[known]
    kept = np.flatnonzero(today & known)
    return workers[kept], shelf[order][first[kept]]


def _course(world: World, key: Array, who: Array, thing: Array, at: Array, paid: Array) -> dict[str, Array]:
    """Return what will come of each order: the times of its steps, the stars and words at its end."""
    chance, habits, state = world.chance, world.traits.habit, world.state
    active = state.offends(who, habits, at)
    bad = active & chance.happens(world.traits.rate["order"][who], "order offends", key)
    habit = np.where(bad, habits[who], 0)
    missing = habit == code("no_delivery")
    late = (habit == code("late_dispatch")) | chance.happens(LATE, "late", key)
    approved = at + chance.below(480, "approved", key) * (HOUR_US // 60)
    canceled = (chance.happens(np.where(missing, 0.3, CANCELED), "canceled", key)) & ~paid
    usual = approved + (5 + chance.below(70, "dispatched", key)) * HOUR_US
    behind = at + DISPATCH_DAYS * DAY_US + (8 + chance.below(160, "behind", key)) * HOUR_US
    dispatched = np.where(late, behind, usual)
    travel = (40 + chance.below(110, "travel", key)) * HOUR_US
    slow = chance.happens(0.04, "slow carrier", key) * (9 * DAY_US)
    delivered = dispatched + travel + slow
    never = canceled | missing | paid
    dispatched = np.where(never, ABSENT, dispatched)
    delivered = np.where(never, ABSENT, delivered)
    wait = (12 + chance.below(110, "reviewed", key)) * HOUR_US
    reviewed = np.where(paid, at + 20 * HOUR_US, np.where(missing, at + (DELIVER_DAYS + 1) * DAY_US, delivered) + wait)
    writes = chance.happens(np.where(missing, 0.6, REVIEWED), "reviews", key) | paid
    reviewed = np.where(writes & ~canceled, reviewed, ABSENT)
    returned = chance.happens(np.where(world.things["habit"][thing] > 0, 0.2, RETURNED), "returned", key) & ~never
    behind_time = delivered > at + DELIVER_DAYS * DAY_US
    stars, words = _opinion(world, key, who, thing, habit, behind_time, paid)
    return {
        "approved_at": approved,
        "dispatch_by": np.where(chance.happens(0.005, "no promise", key), ABSENT, at + DISPATCH_DAYS * DAY_US),
        "deliver_by": at + DELIVER_DAYS * DAY_US,
        "dispatched_at": dispatched,
        "delivered_at": delivered,
        "canceled_at": np.where(canceled, approved + (20 + chance.below(70, "cancel", key)) * HOUR_US, ABSENT),
        "reason": np.where(missing, 1, chance.below(3, "cancel reason", key)),
        "returned_at": np.where(returned, delivered + (30 + chance.below(130, "return", key)) * HOUR_US, ABSENT),
        "reviewed_at": reviewed,
        "stars": stars,
        "words": words,
        "habit": habit,
    }


def _opinion(
    world: World, key: Array, who: Array, thing: Array, habit: Array, behind: Array, paid: Array
) -> tuple[Array, Array]:
    """Return the stars a buyer gives and the words, -1 for none."""
    chance = world.chance
    stars = 1 + chance.one_of((4, 3, 8, 22, 63), "stars", key)
    draw = chance.below(10_000, "review words", key)

    def one(pool: str) -> Array:
        return _FIRST[pool] + draw % len(CALM[pool])

    words = np.where(stars >= 3, one("praise"), one("grumble"))
    words = np.where(chance.happens(0.55, "silent", key), -1, words)
    asked = (world.traits.habit[who] == code("payment_elsewhere")) & chance.happens(0.1, "tells of it", key)
    listed = world.things["habit"][thing]
    fake = (listed == code("counterfeit_goods")) & chance.happens(0.4, "notices", key)
    for mask, pool, most in (
        (behind, "grumble", 3),
        (habit == code("no_delivery"), "missing", 1),
        ((habit == code("no_invoice")) & chance.happens(0.4, "wants invoice", key), "invoice", 3),
        (asked, "outside", 2),
        (fake, "fake", 2),
    ):
        stars = np.where(mask, np.minimum(stars, most), stars)
        words = np.where(mask, one(pool), words)
    bought = _FIRST["bought"] + who % len(CALM["bought"])
    return np.where(paid, 5, stars), np.where(paid, bought, words)


def steps(world: World) -> list[Batch]:
    """Return what happens to orders today."""
    orders = world.orders
    young = int(np.searchsorted(_days(world), world.day - LIFE_DAYS))
    rows = np.arange(young, orders.size, dtype=np.int64)
    found: list[Batch] = []
    for kind, column in _STEPS:
        at = orders[column][rows]
        places = rows[(at >= world.begin_us) & (at < world.end_us)]
        if len(places) or kind == "order.placed":
            found.append(_step(world, kind, column, places))
    return found


_STEPS = (
    ("order.placed", "at"),
    ("order.approved", "approved_at"),
    ("order.dispatched", "dispatched_at"),
    ("order.delivered", "delivered_at"),
    ("order.canceled", "canceled_at"),
    ("order.returned", "returned_at"),
    ("review.posted", "reviewed_at"),
)


def _days(world: World) -> Array:
    """Return the day on which each order was placed; orders lie in this order."""
    return (world.orders["key"] >> 6) & 4_095


def _step(world: World, kind: str, column: str, places: Array) -> Batch:
    """Return the events of one kind for some orders."""
    orders, traits = world.orders, world.traits
    buyer, who = orders["buyer"][places].astype(np.int64), orders["seller"][places].astype(np.int64)
    key, at, thing = orders["key"][places], orders[column][places], orders["listing"][places]
    base: dict[str, Column] = {
        "buyer.id": Ids("a", buyer),
        "buyer.state": Words(STATE_OF[traits.place[buyer]], STATES),
        **seller(world, who),
        "order.id": Ids("o", key),
    }
    if kind != "order.approved":
        base |= listing(world, thing)
    if kind == "order.placed":
        items = orders["items"][places].astype(np.int64)
        base |= {
            "order.dispatch_by": Times(orders["dispatch_by"][places]),
            "order.deliver_by": Times(orders["deliver_by"][places]),
            "items": items,
            "total": orders["cents"][places] / 100.0,
            "freight": np.where(world.chance.happens(0.3, "free freight", key), 0.0, 18.9),
        }
        return Batch(kind, key, at, buyer, base, needs=thing, order_makes=places, sellers=who)
    if kind == "review.posted":
        return _review(world, places, base, key, at, buyer)
    extra: dict[str, dict[str, Column]] = {
        "order.approved": {
            "payment.type": Words(world.chance.below(6, "payment", key), _PAYMENTS),
            "payment.installments": 1 + world.chance.below(4, "parts", key),
            "payment.value": orders["cents"][places] / 100.0,
        },
        "order.dispatched": {"order.dispatch_by": Times(orders["dispatch_by"][places])},
        "order.delivered": {"order.deliver_by": Times(orders["deliver_by"][places])},
        "order.canceled": {"reason": Words(orders["reason"][places].astype(np.int64), _REASONS)},
        "order.returned": {"reason": Words(world.chance.below(3, "return reason", key), _RETURNS)},
    }
    actor = who if kind in ("order.dispatched", "order.delivered") else buyer
    return Batch(kind, key, at, actor, base | extra[kind], scope="any", order_needs=places)


def _review(world: World, places: Array, base: dict[str, Column], key: Array, at: Array, buyer: Array) -> Batch:
    orders = world.orders
    hired = orders["hired"][places] > 0
    habit = np.where(hired, code("hired_reviewers"), 0)
    made = world.things.add(
        len(key), at=at, kind=7, key=key, author=buyer, habit=habit, market=world.traits.market[buyer]
    )
    columns = base | {
        "review.id": Ids("r", key),
        "review.score": orders["stars"][places].astype(np.int64),
        "review.message": Words(orders["words"][places].astype(np.int64), WORDS),
    }
    return Batch("review.posted", key, at, buyer, columns, scope="comment", order_needs=places, makes=made)
