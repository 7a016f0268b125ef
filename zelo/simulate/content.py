"""What creators do in a day: uploads, edits of captions, LIVEs, and accounts that begin."""

from __future__ import annotations

import numpy as np

from zelo.simulate.almanac import HOUR_US, attention, moments
from zelo.simulate.chance import Array
from zelo.simulate.habits import (
    AFFILIATE,
    LOOKALIKE,
    LOOKALIKE_LIVE,
    ONE_OFF,
    PER_DAY,
    SELLER,
    code,
)
from zelo.simulate.people import NEVER
from zelo.simulate.places import CPF_BASE, LANGUAGES, MARKETS, PLACES, cnpj, cpf, mobile
from zelo.simulate.rows import Batch, Column, Ids, Times, Words
from zelo.simulate.state import World, keys, lookalikes, repeated
from zelo.simulate.words import CALM, place_of, vocabulary

VIDEO_SIGNALS = ("danger", "sexual", "prohibited", "minor", "hate", "claims", "copy", "ad")
LIVE_SIGNALS = ("sexual", "minor", "danger")
EDITS = 0.04
"""Share of uploads whose caption is changed within a day (an assumption)."""
PIX, PIX_FIRST = "00000000-0000-4000-8000-", 100_000_000_000
"""Random Pix keys (UUIDs of version 4) that no bank gives out: all but their last twelve digits are the same."""
MISSING = 0.003
"""Share of values that do not arrive: signals, captions (an assumption)."""
_STATES = tuple(dict.fromkeys(place.state for place in PLACES))
STATE_OF = np.array([_STATES.index(place.state) for place in PLACES], np.int64)
STATES = _STATES
CITIES = tuple(place.city for place in PLACES)


def account(world: World, actors: Array) -> dict[str, Column]:
    """Return the columns by which events mention an account that acts."""
    created = world.state.born_us[actors]
    return {
        "account.id": Ids("a", actors),
        "account.created_at": Times(np.where(created >= NEVER, world.begin_us, created)),
        "account.market": Words(world.traits.market[actors], MARKETS),
    }


def uploads(world: World) -> list[Batch]:
    """Return the day's uploads and edits of captions."""
    traits, chance, day = world.traits, world.chance, world.day
    rate = np.array(PER_DAY["video"])[traits.role] / 1_000 * traits.activity * attention(world.date)
    everyone = np.arange(traits.size, dtype=np.int64)
    burst = np.where(chance.happens(0.02, "burst", day, everyone), 4.0, 0.94)
    actors, turns = repeated(chance.counts(rate * burst, 30, "uploads", day, everyone))
    key = keys(actors, day, turns)
    habit = world.offends("video", actors, "offends", key)
    once = chance.happens(ONE_OFF, "one-off", key) & (traits.habit[actors] == 0) & (habit == 0)
    wide = np.array([code("dangerous_acts"), code("sexual_content"), code("prohibited_videos")])
    habit = np.where(once, wide[chance.below(3, "one-off kind", key)], habit)
    manner = world.manner(habit, actors, "manner", key)
    caution = _caution(world, actors, key)
    looks = lookalikes(world, LOOKALIKE, VIDEO_SIGNALS[:6], habit, key)
    at = moments(chance, world.begin_us, traits.zone[actors], "upload at", key)
    signals, top = _scores(world, VIDEO_SIGNALS, habit, caution, manner, looks, key)
    quality = np.minimum(60.0 / np.sqrt(1.0 - chance.unit("quality", key)), 6_000.0).astype(np.int64)
    topic = np.where(chance.happens(0.8, "on topic", key), traits.topic[actors], chance.below(8, "off topic", key))
    made = world.things.add(
        len(key), at=at, kind=0, key=key, author=actors, habit=habit, manner=manner, lookalike=looks > 0, score=top,
        topic=topic, market=traits.market[actors], weight=quality,
    )  # fmt: skip
    ad = (habit == code("undisclosed_ads")) | chance.happens(
        np.where(traits.role[actors] == AFFILIATE, 0.5, 0.01), "ad", key
    )
    language = np.where(chance.happens(MISSING, "no language", key), -1, traits.market[actors])
    columns = {
        **account(world, actors),
        "content.id": Ids("v", key),
        "content.caption": _captions(world, "video", habit, manner, actors, key),
        "content.language": Words(language, LANGUAGES),
        "content.duration_s": 8 + chance.below(170, "length", key),
        "content.product_id": Ids("g", np.where(ad, chance.below(1_000, "product", key), -1)),
        "content.disclosed": ad & (habit != code("undisclosed_ads")),
        "device.id": Ids("d", traits.device[actors]),
        **signals,
    }
    found = Batch("content.uploaded", key, at, actors, columns, scope="publish", makes=made)
    return [found, _edits(world, found, habit)]


def _edits(world: World, uploaded: Batch, habit: Array) -> Batch:
    """Return changes of captions: most put a word right, an offender's brings the word in afterwards."""
    key = uploaded.numbers
    changed = np.flatnonzero(world.chance.happens(np.where(habit > 0, 0.12, EDITS), "edit", key))
    picked = uploaded.only(changed)
    at = picked.at + ((1 + world.chance.below(900, "edit after", picked.numbers)) * HOUR_US) // 60
    columns = {
        name: picked.columns[name]
        for name in ("account.id", "account.created_at", "account.market", "content.id", "content.caption")
    }
    assert picked.makes is not None
    return Batch("content.edited", picked.numbers, at, picked.actors, columns, scope="publish", needs=picked.makes)


def lives(world: World) -> list[Batch]:
    """Return the day's LIVEs with their ends; a stopped one has an end, too."""
    traits, chance, day = world.traits, world.chance, world.day
    rate = np.array(PER_DAY["live"])[traits.role] / 1_000 * traits.activity * attention(world.date)
    everyone = np.arange(traits.size, dtype=np.int64)
    actors, turns = repeated(chance.counts(rate, 2, "lives", day, everyone))
    key = keys(actors, day, turns + 32)
    habit = world.offends("live", actors, "live offends", key)
    manner = world.manner(habit, actors, "live manner", key)
    looks = lookalikes(world, LOOKALIKE_LIVE, LIVE_SIGNALS, habit, key)
    at = moments(chance, world.begin_us, traits.zone[actors], "live at", key)
    signals, top = _scores(world, LIVE_SIGNALS, habit, _caution(world, actors, key), manner, looks, key)
    made = world.things.add(
        len(key), at=at, kind=1, key=key, author=actors, habit=habit, manner=manner, lookalike=looks > 0, score=top,
        topic=traits.topic[actors], market=traits.market[actors],
    )  # fmt: skip
    minutes = 4 + chance.below(180, "live length", key)
    live = {**account(world, actors), "live.id": Ids("x", key)}
    title = {"live.title": _captions(world, "live", habit, manner, actors, key)}
    viewers = chance.below(80, "live viewers", key) * (1 + chance.below(6, "live crowd", key))
    end = {"live.duration_s": minutes * 60, "live.viewers": viewers}
    return [
        Batch("live.started", key, at, actors, {**live, **title, **signals}, scope="live", makes=made),
        Batch("live.ended", key, at + minutes * (HOUR_US // 60), actors, {**live, **end}, needs=made),
    ]


def arrivals(world: World) -> list[Batch]:
    """Return the accounts that begin today, with the check of who they are."""
    born = world.state.born_us
    actors = np.flatnonzero((born >= world.begin_us) & (born < world.end_us))
    traits, chance = world.traits, world.chance
    at = born[actors]
    parent = traits.parent[actors]
    sells = (traits.role[actors] == SELLER) & (traits.market[actors] == 0)
    phones = tuple(mobile(int(n), int(m)) for n, m in zip(actors, traits.market[actors], strict=True))
    young = traits.habit[actors] == code("lives_by_minors")
    base = {
        **account(world, actors),
        "account.role": Words(traits.role[actors], ("viewer", "buyer", "creator", "seller", "affiliate")),
        "account.state": Words(STATE_OF[traits.place[actors]], STATES),
        "account.city": Words(traits.place[actors], CITIES),
        "device.id": Ids("d", traits.device[actors]),
        "account.phone": Words(np.arange(len(actors)), phones),
        "payout.pix": Ids(PIX, np.where(sells, PIX_FIRST + traits.pix[actors], -1)),
        "signals.under_age": np.where(young, 0.55, 0.05) + chance.below(300, "age guess", actors) / 1_000.0,
        "account.referrer": Ids("a", np.where(chance.happens(0.1, "referred", actors), parent, -1)),
    }
    known = np.flatnonzero(traits.role[actors] >= 2)
    who = actors[known]
    impostor = (traits.habit[who] == code("impersonation")).astype(np.int64) * code("impersonation")
    company = traits.role[who] == SELLER
    papers = tuple(
        cnpj(CPF_BASE + int(n)) if firm else cpf(CPF_BASE + int(n)) for n, firm in zip(who, company, strict=True)
    )
    looks = lookalikes(world, 0.004, ("likeness",), impostor, who)
    manner = world.manner(impostor, who, "likeness manner", who)
    no_paper = (traits.habit[who] == code("no_invoice")) & chance.happens(0.5, "no paper", who)
    likeness = world.signal("likeness", impostor, np.zeros(len(who), np.int64), manner, looks, who)
    made = world.things.add(
        len(who), at=at[known] + HOUR_US, kind=8, key=who, author=who, habit=impostor, manner=manner,
        lookalike=looks > 0, score=likeness, market=traits.market[who],
    )  # fmt: skip
    verified = {
        **account(world, who),
        "document.type": Words(np.where(no_paper, -1, np.where(company, 1, 0)), ("cpf", "cnpj")),
        "document.number": Words(np.where(no_paper, -1, np.arange(len(who))), papers),
        "signals.likeness": likeness,
    }
    return [
        Batch("account.created", actors, at, actors, base),
        Batch("account.verified", who, at[known] + HOUR_US, who, verified, makes=made),
    ]


def _caution(world: World, actors: Array, key: Array) -> Array:
    """Return how carefully offences are made: those who probe go back and forth around the threshold."""
    caution = world.state.caution[actors]
    back = world.traits.prober[actors] & world.chance.happens(0.5, "probes", key)
    return np.where(back, np.maximum(caution - 1, 0), caution)


def _scores(
    world: World, names: tuple[str, ...], habit: Array, caution: Array, manner: Array, looks: Array, key: Array
) -> tuple[dict[str, Column], Array]:
    """Return the columns of the signals, some values missing, and the highest score of each row."""
    found: dict[str, Column] = {}
    top = np.zeros(len(key))
    for name in names:
        score = world.signal(name, habit, caution, manner, looks, key)
        top = np.maximum(top, score) if name not in ("copy", "ad") else top
        lost = world.chance.happens(MISSING, f"no {name}", key)
        found[f"signals.{name}"] = np.where(lost, np.nan, score)
    return found, top


def _captions(world: World, surface: str, habit: Array, manner: Array, actors: Array, key: Array) -> Words:
    """Return what is written: something calm in the language of the market, or what the offence says."""
    turn = world.chance.below(2, "turn", key)
    english = sum(text.isascii() and text.split()[0] in ENGLISH for text in CALM[surface])
    calm = len(CALM[surface])
    portuguese = world.chance.below(calm - english, "words", key)
    place = np.where(world.traits.market[actors] == 0, portuguese, calm - 1 - portuguese % max(english, 1))
    told = place_of(surface, habit, manner, turn)
    return Words(np.where(habit > 0, told, place), vocabulary(surface))


ENGLISH = frozenset({"Tidying", "A", "Leg", "Evening", "Deals", "Love", "Where", "Not", "Hi,", "Thanks", "Hello!"})
"""First words of the calm texts in English; they stand last in their lists."""
