"""Makes a world day by day and writes it as it is made."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa

from zelo.adapters.dead_letters import dead_letters
from zelo.adapters.files import locked, writing
from zelo.adapters.lake import UNFINISHED, WORLD, Manifest, claim_world
from zelo.base.errors import InvalidInput
from zelo.base.messages.message import N_
from zelo.simulate.chance import Array
from zelo.simulate.content import arrivals, lives, uploads
from zelo.simulate.desk import Desk, staff_of
from zelo.simulate.feed import Offers, lowered, offers, reactions, shown
from zelo.simulate.house import made, passes, published, reported
from zelo.simulate.intake import Arrived, Intake, in_order
from zelo.simulate.rows import Batch, Column, Ids, Times, arrow
from zelo.simulate.shop import listings, talk
from zelo.simulate.state import World, new_world
from zelo.simulate.trade import place_orders, steps
from zelo.simulate.truth import write_truth
from zelo.simulate.writing import PARTS, WorldWriter

NAME = "br_social_commerce"
FIRST = date(2025, 1, 1)
EARLIEST, LATEST = date(2000, 1, 1), date(2099, 12, 31)
MOST_DAYS = 730
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Order:
    """What world to make, and where."""

    accounts: int
    days: int
    seed: int
    out: Path
    first: date = FIRST
    fresh: bool = False


@dataclass(frozen=True)
class Made:
    """What a world came to."""

    events: int
    impressions: int
    kinds: dict[str, int]
    dead_letters: dict[str, int]
    accounts: int
    decided: int
    """Events that the pack decided; 0 without a pack."""


class Governor(Protocol):
    """Decides what comes in during a day, and lets happen what can happen."""

    decided: int

    def day(self, world: World, desk: Desk, arrived: list[Arrived], intake: Intake) -> list[tuple[Arrived, Array]]:
        """Return what really happened, with its order keys."""


def make_world(order: Order, progress: Progress, governor: Governor | None = None) -> Made:
    """Make a world and write it; raise Conflict when `out` holds something else than a world."""
    with locked(order.out), writing(order.out):
        claim_world(order.out, PARTS, fresh=order.fresh)
        with _nothing_left(order.out):
            with dead_letters(order.out / "dead_letters.jsonl") as letters:
                writer = WorldWriter(order.out, letters)
                world, intake = _make(order, progress, governor, writer)
            events, refused = sum(writer.kinds.values()), dict(sorted(letters.counts.items()))
            writer.finish(_manifest(order, writer, intake, events, refused))
        decided = governor.decided if governor else 0
        return Made(events, writer.impressions, dict(sorted(writer.kinds.items())), refused, world.traits.size, decided)


def _make(order: Order, progress: Progress, governor: Governor | None, writer: WorldWriter) -> tuple[World, Intake]:
    """Make the days of a world, then what it is measured by."""
    world = new_world(order.seed, order.accounts, order.days, order.first)
    desk = Desk(staff_of(world.chance, order.accounts), closes=governor is None)
    intake = Intake()
    for day in range(order.days):
        world.day = day
        progress(N_("making days"), day, order.days)
        _day(world, desk, intake, writer, governor)
        if governor is not None and not governor.decided and writer.kinds:
            raise InvalidInput(N_("the pack declares none of this world's kinds of event: it would govern nothing"))
    progress(N_("making days"), order.days, order.days)
    write_truth(writer, world, desk)
    return world, intake


@contextmanager
def _nothing_left(out: Path) -> Iterator[None]:
    """Take away what a world that does not come to its end has written."""
    try:
        yield
    except BaseException:
        for path in out.glob("*.partial"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        (out / UNFINISHED).unlink(missing_ok=True)
        raise


def _day(world: World, desk: Desk, intake: Intake, writer: WorldWriter, governor: Governor | None) -> None:
    """Make one day."""
    place_orders(world)
    making = [*uploads(world), *lives(world), *arrivals(world), *listings(world), *talk(world)]
    orders, filed = steps(world), desk.events(world)
    slots = lowered(world, offers(world))
    if governor is None:
        kept, slots = _unguided(world, desk, [*making, *filed], orders, slots)
        placed = _sequenced(writer, intake, intake.today(world, kept))
    else:
        candidates = intake.today(world, [*making, *filed, *orders, *reactions(world, slots)])
        placed = governor.day(world, desk, _taken_in(writer, candidates), intake)
        _refuse_again(writer, placed)
        slots = shown(world, slots)
    for kind in sorted({arrived.batch.kind for arrived, _ in placed}):
        writer.events(kind, [part for part in placed if part[0].batch.kind == kind])
    np.add.at(world.things["views"], slots.thing[slots.watched], 1)
    writer.offers(world.date, _impressions(world, slots))
    desk.close_day(world)


def _unguided(
    world: World, desk: Desk, making: list[Batch], orders: list[Batch], slots: Offers
) -> tuple[list[Batch], Offers]:
    """Let a day happen under the house's own enforcement."""
    kept = published(world, desk, [batch for batch in making if batch.makes is not None])
    rest = [batch for batch in making if batch.makes is None]
    kept += [batch.only(np.flatnonzero(passes(world, batch))) for batch in rest]
    for batch in orders:
        happened = batch.only(np.flatnonzero(passes(world, batch)))
        made(world, happened)
        kept.append(happened)
    filled = shown(world, slots)
    for batch in reactions(world, filled):
        if batch.kind == "comment.posted":
            kept += published(world, desk, [batch])
            continue
        happened = batch.only(np.flatnonzero(passes(world, batch)))
        if batch.kind == "report.filed":
            reported(world, desk, happened)
        kept.append(happened)
    still = np.flatnonzero(world.visible(filled.thing, filled.at))
    kept = [batch.only(np.flatnonzero(passes(world, batch))) if batch.kind in _WATCHING else batch for batch in kept]
    return kept, filled.only(still)


_WATCHING = ("content.viewed", "content.liked", "content.not_interested", "account.followed", "report.filed")
"""Kinds that end when a report has led to the removal of the video on the same day."""


def _taken_in(writer: WorldWriter, arrived: list[Arrived]) -> list[Arrived]:
    """Return what is not refused at the door; what is becomes dead letters."""
    kept: list[Arrived] = []
    for each in arrived:
        writer.refuse(each, np.flatnonzero(each.refused), "future")
        kept.append(each.only(np.flatnonzero(~each.refused)) if each.refused.any() else each)
    return kept


def _sequenced(writer: WorldWriter, intake: Intake, arrived: list[Arrived]) -> list[tuple[Arrived, Array]]:
    """Give the day's events their places in the order."""
    arrived = _taken_in(writer, arrived)
    which, row = in_order(arrived)
    said = np.concatenate([each.said_us for each in arrived])
    starts = np.cumsum([0, *(len(each.said_us) for each in arrived)])
    flat = starts[which] + row
    keys = np.empty(len(flat), np.int64)
    keys[flat] = intake.keys(said[flat])
    found = [(each, keys[starts[n] : starts[n + 1]]) for n, each in enumerate(arrived)]
    _refuse_again(writer, found)
    return found


def _refuse_again(writer: WorldWriter, placed: list[tuple[Arrived, Array]]) -> None:
    """Refuse what is sent a second time."""
    for each, _ in placed:
        writer.refuse(each, np.flatnonzero(each.again), "duplicate")


def _impressions(world: World, slots: Offers) -> pa.Table:
    """Return a day's filled slots as the recommendation log holds them, in order of time."""
    order = np.lexsort((slots.key, slots.at))
    made_by = world.things["author"][slots.thing].astype(np.int64)
    columns: dict[str, Column] = {
        "impression_id": Ids("i", slots.key),
        "at": Times(slots.at),
        "viewer": Ids("a", slots.viewer),
        "content": Ids("v", world.things["key"][slots.thing]),
        "author": Ids("a", made_by),
        "position": slots.position + 1,
        "score": slots.score,
        "propensity": slots.propensity,
        "explored": slots.explored,
        "watched": slots.watched,
        "dwell_ms": slots.dwell_ms,
        "liked": slots.liked,
        "not_interested": slots.rejected,
    }
    return pa.table({name: arrow(column) for name, column in columns.items()}).take(pa.array(order))


def _manifest(order: Order, writer: WorldWriter, intake: Intake, events: int, refused: dict[str, int]) -> Manifest:
    told = f"{WORLD}{NAME}: {order.accounts} accounts, {order.days} days from {order.first}, seed {order.seed}"
    return Manifest(
        pack=NAME,
        pack_version="",
        source=told,
        rows=events + sum(refused.values()),
        events=events,
        dead_letters=refused,
        kinds=dict(sorted(writer.kinds.items())),
        late=intake.late,
        last_order_key=intake.last_key,
    )
