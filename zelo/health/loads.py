"""One track over all accounts of a part: loads as differences of sums between two entries."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zelo.health.columns import Side
from zelo.health.layout import Bools, Ints, Layout
from zelo.health.lean import LeanTrack
from zelo.policy.schedules.lengths import NEVER
from zelo.policy.schedules.values import Gain


class Loads(NamedTuple):
    """One track over all accounts of a part."""

    passing: Ints
    """Entries that pass a milestone."""
    low: Ints
    """How many milestones were reached before each of them, and how many after."""
    high: Ints
    last: Ints
    """The load of each account in the end."""
    counted: Bools
    """Whether anything ever counted."""
    frozen: Bools
    """Accounts on which nothing may expire any more: they need the whole fold."""


class Given(NamedTuple):
    """What a track gives back by one name."""

    gain: Gain
    numbers: Ints
    counts: Ints


class _Removed(NamedTuple):
    """What was taken off the record before it expired."""

    items: Ints
    by: Ints
    amounts: Ints
    ends: Ints
    """When each would have expired."""


class Track:
    """One track, and what moves it."""

    def __init__(self, track: LeanTrack, side: Side, layout: Layout, counts: Bools) -> None:
        self.track, self.layout, self.as_of = track, layout, side.as_of
        amounts = np.zeros(len(side.cases[0]), np.int64)
        self.life = NEVER
        for number, case in enumerate(side.cases[0]):
            for key, _, amount, lasts, _ in case.steps:
                if key[0] == track.number and amount >= 0:
                    amounts[number], self.life = amount, lasts
        empty = np.zeros(len(counts), np.int64)
        self.amounts = np.where(counts, amounts[layout.sorts], 0) if len(amounts) else empty
        self.sums = _sums(self.amounts)

    def loads(self, gains: list[Given], drops: Ints, targets: Ints) -> Loads:
        """Add up the track: what counts at an entry is what came since its life ago, less what was given back.

        `drops` are trainings that take their targets off the record.
        """
        layout, sums = self.layout, self.sums
        moves = self.amounts > 0
        others = np.concatenate([drops, *(given.numbers for given in gains)])
        moves[others] = True
        events = np.nonzero(moves)[0]
        since = self._since(events, self.life)
        before, after = sums[events] - sums[since], sums[events + 1] - sums[since]
        every = np.arange(len(layout.ends))
        last = sums[layout.ends] - sums[self._begun(every, self.life)]
        counted = sums[layout.ends] > sums[layout.firsts]
        self._remove(self._removed(drops, targets), (events, before, after, last))
        for given in gains:
            self._give(given, (events, before, after, last))
            counted[layout.owner[given.numbers]] = True
        low = self._lows(events, before, after) if len(others) else before
        is_charge = self.amounts[events] > 0
        return self._passing(events[is_charge], low[is_charge], after[is_charge], (last, counted))

    def _passing(self, charges: Ints, low: Ints, after: Ints, end: tuple[Ints, Bools]) -> Loads:
        owners = self.layout.owner[charges]
        milestones = np.array(self.track.ladder(())[0], np.int64)
        reached = np.searchsorted(milestones, low, side="right")
        now = np.searchsorted(milestones, after, side="right")
        passed = now > reached
        frozen = np.zeros(len(self.layout.ends), np.bool_)
        frozen[owners[after >= self.track.stays_at]] = True
        return Loads(charges[passed], reached[passed], now[passed], *end, frozen)

    def _since(self, events: Ints, life: int) -> Ints:
        """Return the first entry that still counts at each event."""
        layout = self.layout
        owners = layout.owner[events]
        return layout.firsts[owners] if life >= NEVER else layout.since(owners, layout.ats[events] - life)

    def _begun(self, owners: Ints, life: int) -> Ints:
        """Return the first entry of each account that still counts in the end."""
        if life >= NEVER:
            return self.layout.firsts[owners]
        return self.layout.since(owners, np.full(len(owners), self.as_of - life, np.int64))

    def _removed(self, drops: Ints, targets: Ints) -> _Removed:
        """Return what was taken off the record while it counted, each once."""
        has = targets >= 0
        by, items = drops[has], targets[has]
        ats, amounts = self.layout.ats, self.amounts
        ends = ats[items] + self.life if self.life < NEVER else np.full(len(items), NEVER, np.int64)
        counts = (items < by) & (amounts[items] > 0) & (ends > ats[by])
        by, items, ends = by[counts], items[counts], ends[counts]
        items, first = np.unique(items, return_index=True)
        return _Removed(items, by[first], amounts[items], ends[first])

    def _remove(self, removed: _Removed, state: tuple[Ints, Ints, Ints, Ints]) -> None:
        """Take what was removed off the loads from then until it would have expired."""
        if not len(removed.items):
            return
        events, before, after, last = state
        layout = self.layout
        owners = layout.owner[removed.items]
        order = np.argsort(owners, kind="stable")
        until = np.empty(len(owners), np.int64)
        until[order] = layout.since(owners[order], removed.ends[order] - 1)
        stop = np.searchsorted(events, np.where(removed.ends >= NEVER, layout.ends[owners], until))
        start = np.searchsorted(events, removed.by)
        for loads, begin in ((before, start + 1), (after, start)):
            change = np.zeros(len(events) + 1, np.int64)
            np.add.at(change, begin, removed.amounts)
            np.subtract.at(change, np.maximum(stop, begin), removed.amounts)
            loads -= np.cumsum(change)[:-1]
        counts = removed.ends > self.as_of
        np.subtract.at(last, owners[counts], removed.amounts[counts])

    def _give(self, given: Given, state: tuple[Ints, Ints, Ints, Ints]) -> None:
        """Take off the loads what rewards of one name give back."""
        events, before, after, last = state
        gain, layout = given.gain, self.layout
        counts = np.zeros(len(layout.ats), np.int64)
        counts[given.numbers] = given.counts
        sums = _sums(counts)
        life = NEVER if gain.lives is None else gain.lives.us
        since = self._since(events, life)
        before -= (sums[events] - sums[since]) // gain.per * gain.gives
        after -= (sums[events + 1] - sums[since]) // gain.per * gain.gives
        begun = self._begun(np.arange(len(layout.ends)), life)
        last -= (sums[layout.ends] - sums[begun]) // gain.per * gain.gives

    def _lows(self, events: Ints, before: Ints, after: Ints) -> Ints:
        """Return for each event the least load seen since the charge before it."""
        if not len(events):
            return before
        owners, is_charge = self.layout.owner[events], self.amounts[events] > 0
        begins = np.ones(len(events), np.bool_)
        begins[1:] = owners[1:] != owners[:-1]
        starts = np.nonzero(begins | is_charge)[0]
        least = np.minimum.reduceat(after, starts)
        least[~is_charge[starts]] = np.minimum(least[~is_charge[starts]], 0)
        stretch = np.searchsorted(starts, np.arange(len(events)), side="right") - 1
        seen = np.where(begins, 0, least[np.where(is_charge, stretch - 1, stretch)])
        return np.minimum(seen, before)


def _sums(amounts: Ints) -> Ints:
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(amounts)))
