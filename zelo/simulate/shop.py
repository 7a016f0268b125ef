"""What sellers and buyers do in a day: listings, prices, orders with their whole course, reviews, answers, messages."""

from __future__ import annotations

import numpy as np

from zelo.simulate.almanac import HOUR_US, moments, shopping
from zelo.simulate.chance import Array
from zelo.simulate.content import MISSING, STATE_OF, STATES, account
from zelo.simulate.habits import LOOKALIKE_COMMENT, LOOKALIKE_LISTING, PER_DAY, SELLER, code
from zelo.simulate.people import NEVER
from zelo.simulate.places import GOODS
from zelo.simulate.rows import ABSENT, Batch, Column, Ids, Words
from zelo.simulate.state import World, keys, lookalikes, repeated
from zelo.simulate.words import CALM, place_of, vocabulary

LISTING_SIGNALS = ("counterfeit", "prohibited", "claims")
CATALOGUE = 4
"""Listings with which a seller begins (an assumption)."""
CATEGORIES = tuple(dict.fromkeys(good.category for good in GOODS))
_CATEGORY = np.array([CATEGORIES.index(good.category) for good in GOODS], np.int64)
_CENTS = np.array([good.cents for good in GOODS], np.int64)
_PHONES = np.array([good.category == "celulares" for good in GOODS])
BRANDS = ("Andaluz", "Vergalume", "Tupiná", "Norwick", "Solarte")
"""Invented brands."""


def seller(world: World, actors: Array) -> dict[str, Column]:
    """Return the columns by which events mention a seller."""
    return {"seller.id": Ids("a", actors), "seller.state": Words(STATE_OF[world.traits.place[actors]], STATES)}


def listings(world: World) -> list[Batch]:
    """Return the day's new listings: a catalogue for a shop that begins (all on the first day), then some."""
    chance, traits, day = world.chance, world.traits, world.day
    sellers = np.flatnonzero(traits.role == SELLER)
    born = world.state.born_us[sellers]
    begins = (born >= world.begin_us) & (born < world.end_us)
    if day == 0:
        begins |= born < world.begin_us
    linked = traits.parent[sellers] >= 0
    begins &= ~linked  # a linked shop would fill its shelf at once; it may any day, so that no pool hangs on a policy
    rate = PER_DAY["listing"][SELLER] / 1_000 * traits.activity[sellers] * np.where(linked, 4.0, 1.0)
    count = np.where(begins, CATALOGUE, chance.counts(rate, 3, "listings", day, sellers))
    places, turns = repeated(count)
    actors = sellers[places]
    key = keys(actors, day, turns + 36)
    habit = world.offends("listing", actors, "listing offends", key)
    manner = world.manner(habit, actors, "listing manner", key)
    looks = lookalikes(world, LOOKALIKE_LISTING, LISTING_SIGNALS, habit, key)
    at = moments(chance, world.begin_us, traits.zone[actors], "listing at", key)
    at = np.minimum(np.maximum(at, world.state.born_us[actors] % NEVER + HOUR_US // 2), world.end_us - 1)
    good = np.where(habit == code("unsafe_products"), 12, chance.below(len(GOODS), "good", key))
    cents = _price(world, good, habit, actors, key)
    caution = world.state.caution[actors]
    scores = {name: world.signal(name, habit, caution, manner, looks, key) for name in LISTING_SIGNALS}
    made = world.things.add(
        len(key), at=at, kind=2, key=key, author=actors, habit=habit, manner=manner, lookalike=looks > 0,
        score=np.maximum(np.maximum(scores["counterfeit"], scores["prohibited"]), scores["claims"]),
        market=traits.market[actors], good=good, cents=cents, topic=_CATEGORY[good],
        weight=np.minimum(40.0 / np.sqrt(1.0 - chance.unit("demand", key)), 2_000.0).astype(np.int64),
    )  # fmt: skip
    guilty = np.where(habit > 0, place_of("title", habit, manner, chance.below(2, "title turn", key)), -1)
    sealed = np.where(
        _PHONES[good] & (habit != code("unsafe_products")), chance.below(90_000, "seal", key) + 10_000, -1
    )
    columns = {
        **seller(world, actors),
        "seller.created_at": account(world, actors)["account.created_at"],
        **listing(world, made),
        "listing.title": _titles(world, good, guilty, actors),
        "listing.description": Words(chance.below(4, "description", key), CALM["title"]),
        "listing.price": cents / 100.0,
        "listing.brand": Words(
            np.where(chance.happens(0.6, "branded", key), chance.below(5, "brand", key), -1), BRANDS
        ),
        "listing.homologation": Ids("", sealed),
        **{f"signals.{n}": np.where(chance.happens(MISSING, f"no {n}", key), np.nan, s) for n, s in scores.items()},
    }
    return [Batch("listing.created", key, at, actors, columns, scope="sell", makes=made), *_prices(world)]


def listing(world: World, places: Array) -> dict[str, Column]:
    """Return the columns by which events mention a listing."""
    good = world.things["good"][places].astype(np.int64)
    return {"listing.id": Ids("l", world.things["key"][places]), "listing.category": Words(_CATEGORY[good], CATEGORIES)}


def _price(world: World, good: Array, habit: Array, actors: Array, key: Array) -> Array:
    """Return prices in centavos (or pence): near the usual one, imitations at a third of it."""
    factor = 80 + world.chance.below(45, "price", key)
    factor = np.where((habit == code("counterfeit_goods")), factor // 3, factor)
    return np.maximum(_CENTS[good] * factor // np.where(world.traits.market[actors] == 0, 100, 600), 100)


def _titles(world: World, good: Array, guilty: Array, actors: Array) -> Words:
    """Return titles: the name of the good, with what an offence adds."""
    told = vocabulary("title")
    base = good * 2 + world.traits.market[actors]
    pairs = base * (len(told) + 1) + guilty + 1
    used, codes = np.unique(pairs, return_inverse=True)
    goods = [divmod(int(n) // (len(told) + 1), 2) for n in used]
    names = [GOODS[good].en if english else GOODS[good].pt for good, english in goods]
    extra = [int(n) % (len(told) + 1) - 1 for n in used]
    return Words(codes, [f"{a} {told[b]}".strip() if b >= 0 else a for a, b in zip(names, extra, strict=True)])


def _prices(world: World) -> list[Batch]:
    """Return changes of prices; a fake discount names a price that the thing never had."""
    chance, things = world.chance, world.things
    shelf = np.flatnonzero((things["kind"] == 2) & (things["at"] < world.begin_us))
    author = things["author"][shelf].astype(np.int64)
    rate = PER_DAY["price"][SELLER] / 4_000 * np.where(world.traits.habit[author] == code("fake_discounts"), 2.0, 1.0)
    sale = 4.0 if shopping(world.date) > 2 else 1.0
    changed = shelf[chance.happens(rate * sale, "price change", world.day, things["key"][shelf])]
    actors, key = things["author"][changed].astype(np.int64), keys(things["key"][changed], world.day, 40)
    habit = world.offends("price", actors, "price offends", key)
    before = things["cents"][changed]
    after = np.maximum(before * (82 + chance.below(28, "new price", key)) // 100, 100)
    after = np.where(habit > 0, before, after)
    was = np.where(
        habit > 0, before * (160 + chance.below(60, "claimed", key)) // 100, np.where(after < before, before, ABSENT)
    )
    at = moments(chance, world.begin_us, world.traits.zone[actors], "price at", key)
    made = world.things.add(len(key), at=at, kind=3, key=key, author=actors, habit=habit, good=things["good"][changed])
    columns = {
        **seller(world, actors),
        **listing(world, changed),
        "listing.price": after / 100.0,
        "listing.old_price": before / 100.0,
        "listing.was": np.where(was == ABSENT, np.nan, was / 100.0),
    }
    things["cents"][changed] = after
    return [Batch("listing.price_changed", key, at, actors, columns, scope="sell", needs=changed, makes=made)]


def talk(world: World) -> list[Batch]:
    """Return sellers' answers and people's messages."""
    chance, traits, day = world.chance, world.traits, world.day
    everyone = np.arange(traits.size, dtype=np.int64)
    rate = np.array(PER_DAY["answer"])[traits.role] / 1_000 * traits.activity
    actors, turns = repeated(chance.counts(rate, 4, "answers", day, everyone))
    key = keys(actors, day, turns + 44)
    habit = world.offends("answer", actors, "answer offends", key)
    manner = np.where(chance.happens(0.15, "answer blind", key), 2, np.minimum(world.state.caution[actors], 1))
    at = moments(chance, world.begin_us, traits.zone[actors], "answer at", key)
    calm = chance.below(len(CALM["answer"]), "answer words", key)
    told = place_of("answer", habit, manner, chance.below(2, "answer turn", key))
    about = _own_listing(world, actors, key)
    made = world.things.add(len(key), at=at, kind=6, key=key, author=actors, habit=habit, manner=manner)
    answered = {
        **seller(world, actors),
        **listing(world, np.maximum(about, 0)),
        "answer.id": Ids("q", key),
        "answer.text": Words(np.where(habit > 0, told, calm), vocabulary("answer")),
    }
    answers = Batch("answer.posted", key, at, actors, answered, scope="sell", needs=about, makes=made)
    known = np.flatnonzero(about >= 0)
    return [answers.only(known), _messages(world)]


def _own_listing(world: World, actors: Array, key: Array) -> Array:
    """Return a listing of each seller, -1 where there is none."""
    shelf = np.flatnonzero((world.things["kind"] == 2) & (world.things["at"] < world.begin_us))
    owner = world.things["author"][shelf].astype(np.int64)
    order = np.argsort(owner, kind="stable")
    first = np.searchsorted(owner[order], actors, side="left")
    many = np.searchsorted(owner[order], actors, side="right") - first
    place = first + world.chance.below(np.maximum(many, 1), "own listing", key)
    found = shelf[order][np.minimum(place, len(order) - 1)] if len(order) else np.full(len(actors), -1)
    return np.where(many > 0, found, -1)


def _messages(world: World) -> Batch:
    """Return private messages; a scam goes to one stranger after the other."""
    chance, traits, day = world.chance, world.traits, world.day
    everyone = np.arange(traits.size, dtype=np.int64)
    rate = np.array(PER_DAY["message"])[traits.role] / 1_000 * traits.activity
    rate = np.where(traits.habit == code("scam_messages"), rate * 12.0, rate)
    actors, turns = repeated(chance.counts(rate, 8, "messages", day, everyone))
    key = keys(actors, day, turns + 48)
    habit = world.offends("message", actors, "message offends", key)
    manner = world.manner(habit, actors, "message manner", key)
    looks = lookalikes(world, LOOKALIKE_COMMENT, ("scam",), habit, key)
    at = moments(chance, world.begin_us, traits.zone[actors], "message at", key)
    scam = world.signal("scam", habit, world.state.caution[actors], manner, looks, key)
    made = world.things.add(
        len(key), at=at, kind=5, key=key, author=actors, habit=habit, manner=manner, lookalike=looks > 0, score=scam
    )
    near = (actors + 1 + chance.below(12, "friend", key)) % traits.size
    stranger = chance.below(traits.size, "stranger", key)
    calm = chance.below(len(CALM["message"]), "message words", key)
    told = place_of("message", habit, manner, chance.below(2, "message turn", key))
    columns = {
        **account(world, actors),
        "to.id": Ids("a", np.where(habit > 0, stranger, near)),
        "message.id": Ids("m", key),
        "message.text": Words(np.where(habit > 0, told, calm), vocabulary("message")),
        "signals.scam": scam,
    }
    return Batch("message.sent", key, at, actors, columns, scope="comment", makes=made)
