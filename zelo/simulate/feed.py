"""
The feed: which videos are offered to whom, with what probability, and what people then do.

Each slot draws a video from the day's pool: with probability 1 - EXPLORED by weight (quality, freshness, topic), else
evenly. The pool holds every video that would be there if nothing were taken down, and the slot of a video that is gone
stays empty. So the recorded propensity is exact, and it is the same under every policy.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from zelo.simulate.almanac import DAY_US, SECOND_US, attention, moments
from zelo.simulate.chance import Array
from zelo.simulate.content import account
from zelo.simulate.habits import HABITS, LOOKALIKE_COMMENT, code, removable
from zelo.simulate.people import BAD_FAITH, MISTAKEN
from zelo.simulate.rows import Batch, Column, Ids, Words
from zelo.simulate.state import World, keys, lookalikes, repeated
from zelo.simulate.words import CALM, place_of, vocabulary

SLOTS_PER_DAY = 5.0
"""Videos offered a day to an account of usual activity (a small world; real people see hundreds)."""
MOST_SLOTS = 40
POOL_DAYS = 6
"""Days for which an upload is offered."""
EXPLORED = 0.1
"""Share of slots that are drawn evenly."""
WATCHED = (46, 42, 38, 34, 30, 27, 24, 22)
"""Per cent of offers that are watched, by place in the session (an assumption)."""
SESSION = len(WATCHED)
LIKED, REJECTED, COMMENTED, FOLLOWED = 0.09, 0.012, 0.08, 0.02
"""Share of views with each answer (assumptions)."""
REPORTED = 0.003
"""Share of views of an offence that are reported: with MISTAKES it leaves 0.7 % of removals to reports (MT1)."""
MISTAKES, MISTAKES_OFTEN = 0.000004, 0.0004
"""Share of innocent views that are reported, by most and by those easily mistaken."""
_REMOVED = np.array(removable())


@dataclass(frozen=True)
class Offers:
    """What was offered in a day; arrays by slot."""

    key: Array
    viewer: Array
    at: Array
    thing: Array
    position: Array
    score: Array
    propensity: Array
    explored: Array
    watched: Array
    dwell_ms: Array
    liked: Array
    rejected: Array

    def only(self, places: Array) -> Offers:
        """Return some of the slots."""
        return replace(self, **{name: values[places] for name, values in vars(self).items()})


def offers(world: World) -> Offers:
    """Return the day's slots, each with its video, drawn from the pool of the viewer's market and topic."""
    chance, traits, day = world.chance, world.traits, world.day
    everyone = np.arange(traits.size, dtype=np.int64)
    rate = SLOTS_PER_DAY * traits.activity * attention(world.date)
    viewer, slot = repeated(chance.counts(rate, MOST_SLOTS, "slots", day, everyone))
    key = keys(viewer, day, slot)
    thing, weight, propensity = _drawn(world, viewer, key)
    kept = thing >= 0
    viewer, key, thing, slot = viewer[kept], key[kept], thing[kept], slot[kept]
    position = slot % SESSION
    start = moments(chance, world.begin_us, traits.zone[viewer], "session", day, viewer * 64 + slot // SESSION)
    at = start + position * (20 * SECOND_US) + chance.below(15_000, "slot at", key) * 1_000
    at = np.minimum(at, world.end_us - 1)
    interest = (
        np.array(WATCHED)[position] / 100 * np.where(world.things["topic"][thing] == traits.topic[viewer], 1.2, 0.85)
    )
    watched = chance.happens(interest, "watched", key)
    dwell = np.where(watched, 3_000 + chance.below(57_000, "dwell", key), chance.below(2_500, "skip", key))
    bad = _REMOVED[world.things["habit"][thing].astype(np.int64)]
    return Offers(
        key=key,
        viewer=viewer,
        at=at,
        thing=thing,
        position=position,
        score=weight[kept],
        propensity=propensity[kept],
        explored=chance.happens(EXPLORED, "explored", key),
        watched=watched,
        dwell_ms=dwell,
        liked=watched & chance.happens(np.where(bad, LIKED / 2, LIKED), "liked", key),
        rejected=watched & chance.happens(np.where(bad, REJECTED * 6, REJECTED), "rejected", key),
    )


def _drawn(world: World, viewer: Array, key: Array) -> tuple[Array, Array, Array]:
    """Return for each slot its thing (-1: none), the recommender's score from 0 to 1, and the propensity."""
    things, traits = world.things, world.traits
    recent = np.flatnonzero((things["kind"] == 0) & (things["at"] >= world.begin_us - POOL_DAYS * DAY_US))
    market, topic = things["market"][recent], things["topic"][recent]
    age = (world.end_us - things["at"][recent]) // DAY_US
    weight = things["weight"][recent].astype(np.int64) * (POOL_DAYS + 2 - age)
    explored = world.chance.happens(EXPLORED, "explored", key)
    pick = world.chance.unit("pick", key)
    thing = np.full(len(key), -1, np.int64)
    score, propensity = np.zeros(len(key)), np.zeros(len(key))
    tastes = traits.market[viewer] * 8 + traits.topic[viewer]
    order = np.argsort(tastes, kind="stable")
    ends = np.searchsorted(tastes[order], np.arange(17))
    for taste in range(16):
        mine = order[ends[taste] : ends[taste + 1]]
        pool = np.flatnonzero(market == taste // 8)
        if not len(mine) or not len(pool):
            continue
        weights = weight[pool] * np.where(topic[pool] == taste % 8, 4, 1)
        sums = np.cumsum(weights)
        total = int(sums[-1])
        by_weight = np.searchsorted(sums, (pick[mine] * total).astype(np.int64), side="right")
        evenly = (pick[mine] * len(pool)).astype(np.int64)
        place = np.minimum(np.where(explored[mine], evenly, by_weight), len(pool) - 1)
        thing[mine] = recent[pool[place]]
        score[mine] = weights[place] / (weights[place] + 600.0)
        propensity[mine] = (1.0 - EXPLORED) * weights[place] / total + EXPLORED / len(pool)
    return thing, score, propensity


def lowered(world: World, made: Offers) -> Offers:
    """Return the slots that demotions in force as the day begins leave; a demoted video is skipped now and then."""
    things = world.things
    factor = np.where(things["demoted_until"][made.thing] > world.begin_us, things["demoted"][made.thing], 1.0)
    kept = np.flatnonzero(world.chance.unit("demoted", made.key) < factor)
    return replace(made.only(kept), propensity=made.propensity[kept] * factor[kept])


def shown(world: World, made: Offers) -> Offers:
    """Return the slots that are really filled: the video is there, and so is its viewer."""
    there = world.visible(made.thing, made.at) & world.state.here(made.viewer, made.at, "")
    return made.only(np.flatnonzero(there & (world.things["at"][made.thing] < made.at)))


def reactions(world: World, made: Offers) -> list[Batch]:
    """Return what would come of the slots: views, likes, rejections, comments, follows, reports."""
    seen = made.only(np.flatnonzero(made.watched))
    view = _about(world, seen)
    watched: dict[str, Column] = {"view.dwell_ms": seen.dwell_ms, "view.position": seen.position + 1}
    found = [
        Batch("content.viewed", seen.key, seen.at, seen.viewer, {**view, **watched}, needs=seen.thing),
        _after(world, made, made.liked, "content.liked", 8),
        _after(world, made, made.rejected, "content.not_interested", 6),
    ]
    return [*found, _comments(world, seen), _follows(world, seen), _reports(world, seen)]


def _about(world: World, made: Offers) -> dict[str, Column]:
    author = world.things["author"][made.thing].astype(np.int64)
    return {
        "account.id": Ids("a", made.viewer),
        "content.id": Ids("v", world.things["key"][made.thing]),
        "content.author.id": Ids("a", author),
    }


def _after(world: World, made: Offers, who: Array, kind: str, seconds: int) -> Batch:
    """Return an answer that comes some seconds after the view began."""
    some = made.only(np.flatnonzero(who))
    return Batch(
        kind, some.key, some.at + seconds * SECOND_US, some.viewer, dict(_about(world, some)), needs=some.thing
    )


def _comments(world: World, seen: Offers) -> Batch:
    """Return the comments on what was watched; trolls and campaigns comment more than others."""
    chance, traits = world.chance, world.traits
    campaign = code("campaigns")
    keen = np.where(traits.rate["comment"][seen.viewer] > 0, 2.5, 1.0)
    some = seen.only(np.flatnonzero(chance.happens(COMMENTED * keen, "comments", seen.key)))
    actors, key = some.viewer, some.key
    habit = world.offends("comment", actors, "comment offends", key)
    manner = world.manner(habit, actors, "comment manner", key)
    looks = lookalikes(world, LOOKALIKE_COMMENT, ("abuse",), habit, key)
    abuse = world.signal("abuse", habit, world.state.caution[actors], manner, looks, key)
    at = some.at + 15 * SECOND_US
    made = world.things.add(
        len(key), at=at, kind=4, key=key, author=actors, habit=habit, manner=manner, lookalike=looks > 0, score=abuse,
        market=traits.market[actors],
    )  # fmt: skip
    turn = np.where(habit == campaign, traits.group[actors] % 2, chance.below(2, "comment turn", key))
    calm = chance.below(len(CALM["comment"]), "comment words", key)
    text = np.where(habit > 0, place_of("comment", habit, np.where(habit == campaign, 0, manner), turn), calm)
    columns = {
        **account(world, actors),
        "content.id": Ids("v", world.things["key"][some.thing]),
        "content.author.id": Ids("a", world.things["author"][some.thing].astype(np.int64)),
        "comment.id": Ids("c", key),
        "comment.text": Words(text, vocabulary("comment")),
        "signals.abuse": abuse,
    }
    return Batch("comment.posted", key, at, actors, columns, scope="comment", needs=some.thing, makes=made)


def _follows(world: World, seen: Offers) -> Batch:
    """Return follows: of those one has watched, and of each other within a ring."""
    chance, traits, day = world.chance, world.traits, world.day
    some = seen.only(np.flatnonzero(chance.happens(FOLLOWED, "follows", seen.key)))
    ring = np.flatnonzero(traits.habit == code("engagement_rings"))
    keen = world.state.offends(ring, traits.habit, np.full(len(ring), world.begin_us))
    busy = chance.happens(0.12, "ring day", day, np.maximum(traits.group[ring], 0))
    actors, turns = repeated(np.where(busy & keen, 6, 0))
    ring_key = keys(ring[actors], day, turns + 50)
    others = ring[(actors + 1 + turns) % max(len(ring), 1)]
    ring_at = moments(chance, world.begin_us, traits.zone[ring[actors]], "ring at", day, traits.group[ring[actors]])
    ring_at += chance.below(2_400, "ring second", ring_key) * SECOND_US
    key = np.concatenate([some.key, ring_key])
    who = np.concatenate([some.viewer, ring[actors]])
    author = world.things["author"][some.thing].astype(np.int64)
    whom = np.concatenate([author, others])
    at = np.concatenate([some.at + 9 * SECOND_US, np.minimum(ring_at, world.end_us - 1)])
    columns = {**account(world, who), "followed.id": Ids("a", whom)}
    needs = np.concatenate([some.thing, np.full(len(ring_key), -1, np.int64)])
    return Batch("account.followed", key, at, who, columns, needs=needs)


def _reports(world: World, seen: Offers) -> Batch:
    """Return reports: honest ones of offences, mistaken ones, and those in bad faith."""
    chance, traits, things = world.chance, world.traits, world.things
    habit = things["habit"][seen.thing].astype(np.int64)
    reporter = traits.reporter[seen.viewer]
    wrong = np.where(reporter == MISTAKEN, MISTAKES_OFTEN, np.where(reporter == BAD_FAITH, 0.01, MISTAKES))
    rate = np.where(_REMOVED[habit], REPORTED, wrong)
    some = seen.only(np.flatnonzero(chance.happens(rate, "reports", seen.key)))
    habit = things["habit"][some.thing].astype(np.int64)
    reasons = (*dict.fromkeys(each.violation for each in HABITS), "dislike")
    named = np.array([len(reasons) - 1, *(reasons.index(each.violation) for each in HABITS)])
    guess = chance.below(len(reasons), "reason", some.key)
    right = (habit > 0) & chance.happens(0.8, "right reason", some.key)
    columns: dict[str, Column] = {
        "account.id": Ids("a", some.viewer),
        "content.id": Ids("v", things["key"][some.thing]),
        "content.author.id": Ids("a", things["author"][some.thing].astype(np.int64)),
        "report.id": Ids("f", some.key),
        "report.reason": Words(np.where(right, named[habit], guess), reasons),
    }
    return Batch("report.filed", some.key, some.at + 40 * SECOND_US, some.viewer, columns, needs=some.thing)
