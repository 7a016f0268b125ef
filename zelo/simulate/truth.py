"""What everything and everybody really is, what was charged, what reviewers said: for measuring only."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from zelo.simulate.chance import Array
from zelo.simulate.desk import SEVERITIES, VIOLATIONS, Desk, Hits, thing_names
from zelo.simulate.habits import HABITS, ROLES
from zelo.simulate.people import NEVER
from zelo.simulate.places import MARKETS
from zelo.simulate.rows import ABSENT, Column, Ids, Times, Words, arrow, joined
from zelo.simulate.state import KINDS, UNMADE, World
from zelo.simulate.writing import WorldWriter

HABIT_NAMES = ("", *(habit.name for habit in HABITS))
HABIT_VIOLATIONS = ("", *(habit.violation for habit in HABITS))
MANNERS = ("plain", "disguised", "blind")
FOUND_BY = ("", "rule", "review", "report")
BY = ("", "rule", "reviewer", "report")
SIZES = ("small", "middle", "large")
BUSY = (1.0, 3.0)
"""From how much activity on, 1 being usual, an account is of middle size, and large."""


def write_truth(writer: WorldWriter, world: World, desk: Desk) -> None:
    """Write items, accounts, orders, the ledger and the cases."""
    writer.table("truth", "items", items(world))
    writer.table("truth", "accounts", accounts(world))
    writer.table("truth", "orders", _orders(world))
    writer.table("ledger", "entries", ledger(world, desk))
    writer.table("ledger", "accounts", known_accounts(world))
    writer.table("cases", "verdicts", _cases(world, desk))


def items(world: World) -> pa.Table:
    """Return a row for everything that was published: what it is, and what became of it."""
    things = world.things
    made = np.flatnonzero((things["gone_at"] != UNMADE) & (things["kind"] != 8))
    kind, habit = things["kind"][made].astype(np.int64), things["habit"][made].astype(np.int64)
    guilty = habit > 0
    return _table(
        id=_ids(world, made),
        kind=Words(kind, KINDS),
        author=Ids("a", things["author"][made].astype(np.int64)),
        created_at=Times(things["at"][made]),
        habit=Words(np.where(guilty, habit, -1), HABIT_NAMES),
        violation=Words(np.where(guilty, habit, -1), HABIT_VIOLATIONS),
        manner=Words(np.where(guilty, things["manner"][made].astype(np.int64), -1), MANNERS),
        looks_guilty=things["lookalike"][made],
        score=things["score"][made].astype(np.float64),
        removed_at=Times(things["removed_at"][made]),
        removed_by=Words(np.where(things["gone_by"][made] > 0, things["gone_by"][made].astype(np.int64), -1), BY),
        restored_at=Times(things["restored_at"][made]),
        views=things["views"][made].astype(np.int64),
        reports=things["reports"][made].astype(np.int64),
    )


def accounts(world: World) -> pa.Table:
    """Return a row for every account that came to be: what it is, and what became of it."""
    state, traits = world.state, world.traits
    born = np.flatnonzero(state.born_us < world.start_us + world.days * 86_400_000_000)
    habit = traits.habit[born]
    guilty = habit > 0
    ends = {
        name: Times(np.where(values[born] >= NEVER, ABSENT, values[born]))
        for name, values in (("closed_at", state.closed_us), ("left_at", state.left_us))
    }
    return _table(
        id=Ids("a", born),
        role=Words(traits.role[born], ROLES),
        market=Words(traits.market[born], MARKETS),
        created_at=Times(state.born_us[born]),
        habit=Words(np.where(guilty, habit, -1), HABIT_NAMES),
        violation=Words(np.where(guilty, habit, -1), HABIT_VIOLATIONS),
        network=Ids("n", traits.group[born]),
        linked_to=Ids("a", traits.parent[born]),
        reporter=Words(traits.reporter[born], ("honest", "mistaken", "bad_faith")),
        hits=state.hits[born],
        reformed=state.reformed[born],
        wrongly_hit=state.wronged[born],
        **ends,
    )


def _orders(world: World) -> pa.Table:
    """Return a row for every order that was placed in which the seller did wrong, or a hired reviewer bought."""
    orders = world.orders
    bad = np.flatnonzero((orders["ends_at"] != UNMADE) & ((orders["habit"] > 0) | (orders["hired"] > 0)))
    habit = orders["habit"][bad].astype(np.int64)
    return _table(
        id=Ids("o", orders["key"][bad]),
        seller=Ids("a", orders["seller"][bad].astype(np.int64)),
        buyer=Ids("a", orders["buyer"][bad].astype(np.int64)),
        habit=Words(np.where(habit > 0, habit, -1), HABIT_NAMES),
        violation=Words(np.where(habit > 0, habit, -1), HABIT_VIOLATIONS),
        hired_reviewer=orders["hired"][bad] > 0,
    )


def ledger(world: World, desk: Desk) -> pa.Table:
    """Return the ledger: violations as they were charged, appeals with their answers, finished courses."""
    end = world.start_us + world.days * 86_400_000_000
    hits = Hits(*(joined([getattr(each, name) for each in desk.told]) for name in Hits.__dataclass_fields__))
    count = len(hits.at)
    filed = desk.filed
    number, author = joined([each.number for each in filed]), joined([each.author for each in filed])
    filed_at, answered = joined([each.at for each in filed]), joined([each.answered_at for each in filed])
    granted = joined([each.granted for each in filed]).astype(bool)
    there, done = filed_at < end, answered < end
    who, when, score = (joined([each[part] for each in desk.trained]) for part in range(3))
    trained = when < end
    subjects = np.concatenate([hits.place, np.full(int(there.sum() + done.sum() + trained.sum()), -1, np.int64)])
    kinds = np.repeat([0, 1, 4, 3], [count, there.sum(), done.sum(), trained.sum()])
    kinds[count + int(there.sum()) : count + int(there.sum() + done.sum())] = np.where(granted[done], 2, 4)
    at = np.concatenate([hits.at, filed_at[there], answered[done], when[trained]])
    account = np.concatenate([hits.author, author[there], author[done], who[trained]])
    violation, severity, by = (_padded(values, len(at)) for values in (hits.violation, hits.severity, hits.by))
    target = np.concatenate(
        [np.full(count, -1, np.int64), number[there], number[done], np.full(int(trained.sum()), -1)]
    )
    order = np.lexsort((np.arange(len(at)), at))
    ids = np.concatenate([np.arange(count), count + np.arange(len(at) - count)])
    scores = np.concatenate([np.full(len(at) - int(trained.sum()), ABSENT, np.int64), score[trained]])
    further: dict[str, Column] = {"attributes.decided_by": Words(by[order], BY), "values.score": scores[order]}
    return _table(
        id=Ids("e", ids[order]),
        kind=Words(kinds[order], ("violation", "appeal", "reversal", "training", "denial")),
        at=Times(at[order]),
        account=Ids("a", account[order]),
        violation=Words(violation[order], VIOLATIONS),
        severity=Words(severity[order], SEVERITIES),
        name=Words(np.where(kinds[order] == 3, 0, -1), ("policy",)),
        target=Ids("e", target[order]),
        decision=Words(np.arange(len(at)), thing_names(world, subjects[order])),
        **further,
    )


def known_accounts(world: World) -> pa.Table:
    """Return what a platform knows of its accounts, as `zelo health simulate --accounts` reads it; no truth in it."""
    state, traits = world.state, world.traits
    born = np.flatnonzero(state.born_us < world.start_us + world.days * 86_400_000_000)
    return _table(
        account=Ids("a", born),
        market=Words(traits.market[born], MARKETS),
        kind=Words(traits.role[born], ROLES),
        size=Words(np.searchsorted(BUSY, traits.activity[born], side="right"), SIZES),
        created_at=Times(state.born_us[born]),
    )


def _cases(world: World, desk: Desk) -> pa.Table:
    columns = (joined([case[part] for case in desk.cases]) for part in range(7))
    place, account, opened, reviewer, decided, verdict, source = columns
    return _table(
        subject=Words(np.arange(len(place)), thing_names(world, place)),
        account=Ids("a", account),
        opened_at=Times(opened),
        reviewer=Ids("rev", reviewer),
        decided_at=Times(decided),
        verdict=Words(verdict.astype(np.int64), ("kept", "violates")),
        source=Words(source, FOUND_BY),
    )


def _padded(values: Array, size: int) -> Array:
    return np.concatenate([values, np.full(size - len(values), -1, np.int64)])


def _ids(world: World, places: Array) -> Column:
    """Return the ids of things, each with the letter of its kind."""
    return Words(np.arange(len(places)), thing_names(world, places))


def _table(**columns: Column) -> pa.Table:
    return pa.table({name: arrow(column) for name, column in columns.items()})
