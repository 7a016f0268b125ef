"""Enforcement when no pack is named: what is published meets two thresholds of its score, reports meet reviewers."""

from __future__ import annotations

import numpy as np

from zelo.simulate.chance import Array
from zelo.simulate.desk import REPORT, REVIEW, RULE, Desk
from zelo.simulate.people import NEVER
from zelo.simulate.rows import Batch, joined
from zelo.simulate.state import World

AT_ONCE, LOOKED_AT = 0.57, 0.48
"""Scores from which a thing is removed at once, and from which a reviewer looks at it."""


def passes(world: World, batch: Batch) -> Array:
    """Return which candidates of a batch can happen as the world now is."""
    free = np.ones(len(batch), bool)
    if batch.scope != "any":
        free &= world.state.here(batch.actors, batch.at, batch.scope)
    if batch.needs is not None:
        free &= world.visible(batch.needs, batch.at)
    if batch.order_needs is not None:
        free &= world.underway(batch.order_needs, batch.at)
    if batch.sellers is not None:
        free &= world.state.here(batch.sellers, batch.at, "sell")
    return free


def made(world: World, batch: Batch) -> None:
    """Let the things and orders of a batch begin."""
    if batch.makes is not None:
        world.things["gone_at"][batch.makes] = NEVER
    if batch.order_makes is not None:
        world.orders["ends_at"][batch.order_makes] = NEVER


def published(world: World, desk: Desk, batches: list[Batch]) -> list[Batch]:
    """Let publications happen that can, and decide on each as it comes."""
    kept = [batch.only(np.flatnonzero(passes(world, batch))) for batch in batches]
    for batch in kept:
        made(world, batch)
    places = joined([batch.makes for batch in kept if batch.makes is not None])
    score, at = world.things["score"][places], world.things["at"][places]
    author = world.things["author"][places].astype(np.int64)
    at_once = score >= AT_ONCE
    desk.take_down(world, places[at_once], at[at_once], RULE)
    desk.charge(world, author[at_once], places[at_once], at[at_once], RULE)
    _look(world, desk, places[(score >= LOOKED_AT) & ~at_once], REVIEW)
    return kept


def _look(world: World, desk: Desk, places: Array, source: int, at: Array | None = None) -> None:
    """Let reviewers look at things and remove what they take for offences."""
    things = world.things
    author = things["author"][places].astype(np.int64)
    begun = things["at"][places] if at is None else at
    verdict, decided = desk.review(world, places, author, begun, things["habit"][places] > 0, source)
    gone = np.flatnonzero(verdict)
    first = desk.take_down(world, places[gone], decided[gone], source)
    desk.charge(world, author[gone][first], places[gone][first], decided[gone][first], source)


def reported(world: World, desk: Desk, reports: Batch) -> None:
    """Let reviewers look at what was reported for the first time today."""
    assert reports.needs is not None
    order = np.argsort(reports.at, kind="stable")
    places, first = np.unique(reports.needs[order], return_index=True)
    at = reports.at[order][first]
    np.add.at(world.things["reports"], reports.needs, 1)
    new = world.things["found_by"][places] == 0
    world.things["found_by"][places] = REPORT
    still = new & world.visible(places, at)
    _look(world, desk, places[still], REPORT, at[still])
