"""
The desk: removals, cases before reviewers, charges, appeals - and what people make of being hit.

Every answer is a function of the seed and of whom it concerns: who reforms after a first penalty under one pack reforms
after a first penalty under another.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from zelo.simulate.almanac import DAY_US, HOUR_US
from zelo.simulate.chance import Array, Chance
from zelo.simulate.habits import HABITS, codes_of
from zelo.simulate.people import NEVER
from zelo.simulate.rows import Batch, Column, Ids, Words, joined
from zelo.simulate.state import KINDS, PREFIXES, World

RULE, REVIEW, REPORT = 1, 2, 3
SEVERITIES = ("low", "medium", "high", "severe")
VIOLATIONS = tuple(dict.fromkeys(habit.violation for habit in HABITS))
SEVERITY_OF = np.array([1, *(SEVERITIES.index(habit.severity) for habit in HABITS)], np.int64)
VIOLATION_OF = np.array([0, *(VIOLATIONS.index(habit.violation) for habit in HABITS)], np.int64)
DELAYS = ((30, 0, 120), (25, 120, 480), (20, 480, 1_440), (25, 1_440, 4_300))
"""Cases from scores: per cent that wait from so many to so many minutes; about 5 % of removals come after a
day (MT1: 5.6 %)."""
REPORT_DELAYS = ((962, 5, 120), (20, 120, 480), (16, 480, 1_440), (2, 1_440, 4_300))
"""Cases from reports, per mille: turnaround of 2026 Q1 (MT1)."""
APPEALS = {True: 0.07, False: 0.85}
"""Share of removals that are contested, of the guilty and of the innocent."""
GRANTED = {True: 0.35, False: 0.95}
"""Share of appeals granted to each. With a precision near 0.97, 51 % of appeals are granted and 4.8 % of removals
restored, as published (MT1, MT2)."""
LEAVES = 0.06
"""Share of innocent accounts that leave after being hit (an assumption)."""
TRAINS = 0.25
"""Share of accounts that take the course after a hit; it halves what is left of the wish to offend (assumptions)."""


@dataclass(frozen=True)
class Staff:
    """Reviewers; arrays by reviewer."""

    sensitivity: Array
    specificity: Array
    fatigue: Array
    """What an hour of the shift takes from both."""
    language: Array
    """0 Portuguese, 1 English."""


def staff_of(chance: Chance, accounts: int) -> Staff:
    """Return one reviewer for 1,500 accounts, at least six; every sixth reads English."""
    ids = np.arange(max(6, accounts // 1_500), dtype=np.int64)
    return Staff(
        sensitivity=0.90 + 0.08 * chance.unit("sensitivity", ids),
        specificity=0.97 + 0.027 * chance.unit("specificity", ids),
        fatigue=0.004 * chance.unit("fatigue", ids),
        language=(ids % 6 == 5).astype(np.int64),
    )


@dataclass(frozen=True)
class Hits:
    """Penalties of one moment or many; arrays."""

    author: Array
    place: Array
    """The thing it is about; -1 for the account as such."""
    at: Array
    violation: Array
    severity: Array
    by: Array


@dataclass(frozen=True)
class Filed:
    """Appeals with their answers; arrays."""

    author: Array
    place: Array
    number: Array
    """Of the ledger entry it is about."""
    subject: Array
    """A number of what it is about: the same in every world of the seed."""
    at: Array
    answered_at: Array
    granted: Array

    def between(self, begin: int, end: int) -> Filed:
        """Return those filed in a stretch of time."""
        return Filed(*(values[(self.at >= begin) & (self.at < end)] for values in vars(self).values()))


@dataclass
class Desk:
    """What has been decided, and what is waiting for its time."""

    staff: Staff
    hits: list[Hits] = field(default_factory=list)
    told: list[Hits] = field(default_factory=list)
    """Hits that have had their effect; the ledger is written from them, numbered in this order."""
    numbered: int = 0
    filed: list[Filed] = field(default_factory=list)
    trained: list[tuple[Array, Array, Array]] = field(default_factory=list)
    """(account, time, score from 0 to 100) of finished courses."""
    cases: list[tuple[Array, ...]] = field(default_factory=list)
    """(thing, account, opened, reviewer, decided, guilty verdict, source)."""
    closes: bool = True
    """Whether accounts are closed by the number of their hits; a pack closes them itself."""

    # --- deciding

    def take_down(self, world: World, places: Array, at: Array, by: int) -> Array:
        """Remove things from a time on; return a mask of those that were still there."""
        things = world.things
        first = (things["gone_by"][places] == 0) | (things["removed_at"][places] > at)
        some, when = places[first], at[first]
        things["gone_at"][some] = np.where(things["gone_at"][some] < 0, -1, np.minimum(things["gone_at"][some], when))
        things["back_at"][some] = NEVER
        things["removed_at"][some], things["gone_by"][some] = when, by
        return first

    def charge(self, world: World, author: Array, place: Array, at: Array, by: int) -> None:
        """Charge accounts with what the thing is, or with what it was taken for."""
        habit = world.things["habit"][place].astype(np.int64)
        kind = world.things["kind"][place].astype(np.int64)
        taken_for = np.array([codes_of(name)[0] if codes_of(name) else 1 for name in KINDS])[kind]
        code = np.where(habit > 0, habit, taken_for)
        self.hits.append(Hits(author, place, at, VIOLATION_OF[code], SEVERITY_OF[code], np.full(len(at), by, np.int64)))

    def review(
        self, world: World, places: Array, account: Array, at: Array, guilty: Array, source: int
    ) -> tuple[Array, Array]:
        """Return the reviewers' verdicts on cases and when they fall."""
        chance, staff = world.chance, self.staff
        subject = np.where(
            places >= 0, world.things["key"][places] * 16 + world.things["kind"][places], account * 16 + 15
        )
        english = world.traits.market[account] == 1
        readers = np.flatnonzero(staff.language == 1)
        others = np.flatnonzero(staff.language == 0)
        draw = chance.below(1 << 20, "reviewer", subject)
        reviewer = np.where(english, readers[draw % len(readers)], others[draw % len(others)])
        tired = staff.fatigue[reviewer] * chance.below(8, "hour of shift", subject)
        right = np.where(guilty, staff.sensitivity[reviewer], staff.specificity[reviewer]) - tired
        verdict = np.where(chance.happens(right, "verdict", subject), guilty, ~guilty)
        decided = at + _delay(chance, REPORT_DELAYS if source == REPORT else DELAYS, subject)
        self.cases.append((places, account, at, reviewer, decided, verdict, np.full(len(at), source)))
        return verdict, decided

    # --- the end of a day

    def close_day(self, world: World) -> None:
        """Let the hits up to the end of the day have their effect on people."""
        due: list[Hits] = []
        rest: list[Hits] = []
        for hits in self.hits:
            now = hits.at < world.end_us
            (due if now.all() else rest).append(hits)
            if now.any() and not now.all():
                rest[-1] = _some(hits, ~now)
                due.append(_some(hits, now))
        self.hits = rest
        if not due:
            return
        merged = Hits(*(joined([getattr(each, name) for each in due]) for name in vars(due[0])))
        order = np.lexsort((merged.place, merged.author, merged.at))
        hits = _some(merged, order)
        self._answer(world, hits)
        self.told.append(hits)
        self.numbered += len(order)

    def _answer(self, world: World, hits: Hits) -> None:
        """Let people appeal, take the course, reform, evade, lie low, leave or come back."""
        chance, state, traits = world.chance, world.state, world.traits
        number = self.numbered + np.arange(len(hits.at))
        subject = np.where(
            hits.place >= 0,
            world.things["key"][hits.place] * 16 + world.things["kind"][hits.place],
            hits.author * 16 + 15,
        )
        thing_bad = (hits.place >= 0) & (world.things["habit"][hits.place] > 0)
        guilty = np.where(hits.place >= 0, thing_bad, traits.habit[hits.author] > 0)
        wants = chance.happens(np.where(guilty, APPEALS[True], APPEALS[False]), "appeal", subject)
        granted = chance.happens(np.where(guilty, GRANTED[True], GRANTED[False]), "granted", subject)
        at = hits.at + (4 + chance.below(92, "appeal after", subject)) * HOUR_US
        at = np.maximum(at, world.end_us + chance.below(1_200, "appeal minute", subject) * (HOUR_US // 60))
        answered = at + (6 + chance.below(110, "answer after", subject)) * HOUR_US
        once = np.zeros(len(subject), bool)
        once[np.unique(subject, return_index=True)[1]] = True
        wants &= once
        every = Filed(hits.author, hits.place, number, subject * 4_096 + world.day, at, answered, granted)
        self.filed.append(Filed(*(values[wants] for values in vars(every).values())))
        self._restore(world, self.filed[-1])
        author, first = np.unique(hits.author, return_index=True)
        bad = guilty[first]
        state.hits[author] += 1
        turn = state.hits[author]
        trains = chance.happens(TRAINS, "training", author, turn)
        when = hits.at[first] + (24 + chance.below(72, "training after", author, turn)) * HOUR_US
        score = 60 + chance.below(41, "training score", author, turn)
        self.trained.append((author[trains], when[trains], score[trains]))
        reforms = np.array([0.0, *(each.reforms for each in HABITS)])[traits.habit[author]]
        reforms = np.where(trains, 0.5 + reforms / 2, reforms)
        mood = chance.unit("mood", author, turn)
        state.reformed[author] |= (mood < reforms) & (traits.habit[author] > 0)
        quiet = mood > 0.75
        length = (1 + chance.below(6, "quiet", author, turn)) * DAY_US
        state.quiet_until_us[author] = np.where(quiet, world.end_us + length, state.quiet_until_us[author])
        state.caution[author] += ~quiet & (traits.habit[author] > 0)
        leaves = ~bad & chance.happens(LEAVES, "leaves", author, turn)
        state.left_us[author] = np.where(leaves, np.minimum(state.left_us[author], world.end_us), state.left_us[author])
        state.wronged[author] += ~bad
        if self.closes:
            most = np.where(hits.severity[first] >= 2, 3, 5)
            self.close(world, author[turn >= most], hits.at[first][turn >= most])

    def close(self, world: World, accounts: Array, at: Array) -> None:
        """Close accounts; some come back as the linked account that waits for it."""
        state, traits = world.state, world.traits
        new = state.closed_us[accounts] > at
        accounts, at = accounts[new], at[new]
        state.closed_us[accounts] = at
        linked = np.flatnonzero(np.isin(traits.parent, accounts) & (state.born_us >= NEVER))
        closed = state.closed_us[traits.parent[linked]]
        wait = (12 + world.chance.below(190, "back after", linked)) * HOUR_US
        state.born_us[linked] = np.maximum(closed + wait, world.end_us + 1)
        state.caution[linked] = 1

    def _restore(self, world: World, filed: Filed) -> None:
        """Put back what a granted appeal is about, from the answer on."""
        mine = filed.granted & (filed.place >= 0)
        places, at = filed.place[mine], filed.answered_at[mine]
        removed = world.things["removed_at"][places] > 0
        world.things["back_at"][places[removed]] = at[removed]
        world.things["restored_at"][places[removed]] = at[removed]

    # --- what others see of it

    def events(self, world: World) -> list[Batch]:
        """Return today's appeals and finished courses."""
        found: list[Batch] = []
        filed = [
            Filed(*(v[(f.at >= world.begin_us) & (f.at < world.end_us)] for v in vars(f).values()))
            for f in self.filed[-9:]
        ]
        author, number = joined([each.author for each in filed]), joined([each.subject for each in filed])
        place, at = joined([each.place for each in filed]), joined([each.at for each in filed])
        found.append(Batch("appeal.filed", number, at, author, _appealed(world, author, place, number)))
        who, when, score = (joined([each[part] for each in self.trained[-9:]]) for part in range(3))
        today = np.flatnonzero((when >= world.begin_us) & (when < world.end_us))
        who, when, score = who[today], when[today], score[today]
        name = Words(np.zeros(len(who), np.int64), ("policy",))
        course: dict[str, Column] = {"account.id": Ids("a", who), "training.name": name, "training.score": score}
        found.append(Batch("training.finished", who * 4_096 + world.day, when, who, course))
        return found


def _appealed(world: World, author: Array, place: Array, number: Array) -> dict[str, Column]:
    """Return the columns of appeals: by whom, about what."""
    return {
        "account.id": Ids("a", author),
        "appeal.id": Ids("w", number),
        "appeal.about": Words(np.arange(len(place)), thing_names(world, place)),
    }


def thing_names(world: World, places: Array) -> tuple[str, ...]:
    """Return the ids of things as events write them; empty for none."""
    kinds, numbers = world.things["kind"][places].tolist(), world.things["key"][places].tolist()
    rows = zip(places.tolist(), kinds, numbers, strict=True)
    return tuple(f"{PREFIXES[kind]}{key}" if place >= 0 else "" for place, kind, key in rows)


def _subject(world: World, places: Array, accounts: Array) -> Array:
    """Return a number of the thing, or of the account where there is none; the same in every world of a seed."""
    things = world.things
    return np.where(places >= 0, things["key"][places] * 16 + things["kind"][places], accounts * 16 + 15)


def _some(hits: Hits, places: Array) -> Hits:
    return Hits(*(values[places] for values in vars(hits).values()))


def _delay(chance: Chance, table: tuple[tuple[int, int, int], ...], subject: Array) -> Array:
    """Return waiting times by a table, to the minute."""
    row = chance.one_of([weight for weight, _, _ in table], "delay", subject)
    low, high = np.array([low for _, low, _ in table]), np.array([high for _, _, high in table])
    return (low[row] + chance.below(high[row] - low[row], "delay within", subject)) * (HOUR_US // 60)
