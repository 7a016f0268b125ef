"""Whole parts at once: where nothing but expiry and milestones matters, loads are sums between two entries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zelo.health.columns import PLAIN, REVERSAL, Columns, Side
from zelo.health.glance import NOTHING, Glance
from zelo.health.ladder import Ladder
from zelo.health.lean import LeanTrack, Step
from zelo.policy.schedules.lengths import NEVER

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
_KEYS = 1 << 62


class Layout:
    """What every schedule sees alike in the columns of a part, as arrays."""

    def __init__(self, columns: Columns, ends: Sequence[int]) -> None:
        self.columns = columns
        self.ends = np.asarray(ends, np.int64)
        self.firsts = np.concatenate((np.zeros(1, np.int64), self.ends))[:-1]
        self.owner = np.repeat(np.arange(len(self.ends)), self.ends - self.firsts)
        self.ats = np.asarray(columns.ats, np.int64)
        self.sorts = np.asarray(columns.sorts, np.int64)
        flags = np.frombuffer(columns.flags, np.uint8)
        self.plain: Bools = flags == PLAIN
        self.fits: Bools = np.ones(len(self.ends), np.bool_)
        """Accounts of violations and clear reversals of them, and nothing else."""
        self.fits[self.owner[~self.plain & (flags != REVERSAL)]] = False
        self.gone: Bools = np.zeros(len(self.ats), np.bool_)
        """Entries that were taken back."""
        self.corrected: Bools = np.zeros(len(self.ends), np.bool_)
        """Accounts with reversals."""
        self._take_back(np.nonzero(flags == REVERSAL)[0], np.asarray(columns.ids, np.int64))
        self._begin = int(self.ats.min()) - 1 if len(self.ats) else 0
        self._width = int(self.ats.max()) - self._begin + 2 if len(self.ats) else 2

    def _take_back(self, reversals: Ints, ids: Ints) -> None:
        """Work out which entries were taken back; accounts with unclear reversals do not fit."""
        owner = self.owner
        self.corrected[owner[reversals]] = True
        many = int(ids.max()) + 1 if len(ids) else 1
        keys = owner * many + ids
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        self.fits[owner[order[1:][ordered[1:] == ordered[:-1]]]] = False  # an id that an account has twice
        targets = np.array([self.columns.targets[number] for number in reversals.tolist()], np.int64)
        sought = owner[reversals] * many + targets
        near = np.minimum(np.searchsorted(ordered, sought), max(len(ordered) - 1, 0))
        found = np.where((targets >= 0) & (ordered[near] == sought), order[near], -1)
        clear = (found >= 0) & (found < reversals)
        clear[clear] = self.plain[found[clear]]
        _, first, times = np.unique(found, return_index=True, return_counts=True)
        again = np.ones(len(found), np.bool_)
        again[first[times == 1]] = False
        unclear = ~clear | again
        self.fits[owner[reversals[unclear]]] = False
        self.gone[found[~unclear]] = True

    def since(self, owners: Ints, instants: Ints) -> Ints:
        """Return for accounts, in order, and instants the number of the account's first entry that is later."""
        width, total = self._width, len(self.ends)
        wanted = np.clip(instants - self._begin, 0, width - 1)
        found = np.empty(len(owners), np.int64)
        many = max(_KEYS // width, 1)
        for low in range(0, total, many):
            some = slice(*np.searchsorted(owners, (low, low + many)).tolist())
            first, last = int(self.firsts[low]), int(self.ends[min(low + many, total) - 1])
            keys = (self.owner[first:last] - low) * width + (self.ats[first:last] - self._begin)
            found[some] = first + np.searchsorted(keys, (owners[some] - low) * width + wanted[some], side="right")
        return found


class _Loads(NamedTuple):
    """One track over all accounts of a part."""

    track: LeanTrack
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


class Sweep:
    """One schedule over all accounts of a part."""

    def __init__(self, side: Side, layout: Layout) -> None:
        self.side, self.layout = side, layout
        self.rules = side.lean.rules[0]
        self._plans: dict[tuple[int, int, int], tuple[Step, ...]] = {}
        self._bands: dict[tuple[object, ...], str] = {}
        self.works = side.is_quick and not side.lean.dates and all(_is_swept(track) for track in self.rules.tracks)
        """Whether the schedule can be swept at all."""

    def glances(
        self, accounts: Sequence[str], wanted: Bools | None = None, keep_reversed: bool = False
    ) -> list[Glance]:
        """Return what each account comes to, `NOTHING` for those that are not wanted; see `Side.glance`."""
        layout, side = self.layout, self.side
        swept = self._swept(keep_reversed, wanted) if self.works else {}
        found: list[Glance] = []
        firsts, ends = layout.firsts.tolist(), layout.ends.tolist()
        skipped = None if wanted is None else (~wanted).tolist()
        for number, account in enumerate(accounts):
            glance = swept.get(number)
            if glance is None:
                if skipped is not None and skipped[number]:
                    glance = NOTHING
                else:
                    glance = side.glance(firsts[number], ends[number], account, keep_reversed=keep_reversed)
            found.append(glance)
        return found

    def _swept(self, keep_reversed: bool, wanted: Bools | None) -> dict[int, Glance]:
        """Return the glances of the accounts that could be swept, by number."""
        layout = self.layout
        fits = layout.fits if wanted is None else layout.fits & wanted
        counts = layout.plain if keep_reversed else layout.plain & ~layout.gone
        known = [case.is_plain and all(s[1] and s[2] >= 0 for s in case.steps) for case in self.side.cases[0]]
        known = [fine or not case.known for fine, case in zip(known, self.side.cases[0], strict=True)]
        if not all(known):
            fits = fits.copy()
            fits[layout.owner[layout.plain & ~np.array(known)[layout.sorts]]] = False
        tracks = [self._loads(track, counts & fits[layout.owner]) for track in self.rules.tracks]
        for one in tracks:
            fits = fits & ~one.frozen
        passing = self._passing(tracks, fits)
        numbers = np.nonzero(fits)[0].tolist()
        states: Iterable[tuple[int, ...]] = [()] * len(numbers)
        if tracks:
            states = zip(*(column for one in tracks for column in _both(one, fits)), strict=True)
        found: dict[int, Glance] = {}
        plain: dict[tuple[int, ...], Glance] = {}
        for number, state in zip(numbers, states, strict=True):
            events = passing.get(number)
            if events is not None:
                found[number] = self._fired(number, events, state)
                continue
            glance = plain.get(state)
            if glance is None:
                glance = plain[state] = Glance(self._band((), False, state), (), ())
            found[number] = glance
        return found

    def _loads(self, track: LeanTrack, counts: Bools) -> _Loads:
        """Add up one track: what counts at an entry is what came since its life ago."""
        layout = self.layout
        amounts = np.zeros(len(self.side.cases[0]), np.int64)
        life = NEVER
        for number, case in enumerate(self.side.cases[0]):
            for key, _, amount, lasts, _ in case.steps:
                if key[0] == track.number and amount >= 0:
                    amounts[number], life = amount, lasts
        amount_of = np.where(counts, amounts[layout.sorts], 0) if len(amounts) else np.zeros(len(counts), np.int64)
        moving = np.nonzero(amount_of)[0]
        sums = np.concatenate((np.zeros(1, np.int64), np.cumsum(amount_of)))
        owners = layout.owner[moving]
        begun = layout.firsts
        if life < NEVER:
            since = layout.since(owners, layout.ats[moving] - life)
            every = np.arange(len(layout.ends))
            begun = layout.since(every, np.full(len(every), self.side.as_of - life, np.int64))
        else:
            since = layout.firsts[owners]
        after = sums[moving + 1] - sums[since]
        milestones = np.array(track.ladder(())[0], np.int64)
        low = np.searchsorted(milestones, after - amount_of[moving], side="right")
        high = np.searchsorted(milestones, after, side="right")
        passed = high > low
        frozen = np.zeros(len(layout.ends), np.bool_)
        frozen[owners[after >= track.stays_at]] = True
        counted = sums[layout.ends] > sums[layout.firsts]
        last = sums[layout.ends] - sums[begun]
        return _Loads(track, moving[passed], low[passed], high[passed], last, counted, frozen)

    def _passing(self, tracks: Sequence[_Loads], fits: Bools) -> dict[int, list[tuple[int, int, int, int]]]:
        """Return by account the entries that pass milestones: number, track, milestones before and after, in order."""
        owner = self.layout.owner
        found: dict[int, list[tuple[int, int, int, int]]] = {}
        for place, one in enumerate(tracks):
            kept = fits[owner[one.passing]]
            entries = one.passing[kept]
            cells = (entries.tolist(), one.low[kept].tolist(), one.high[kept].tolist())
            for account, entry, low, high in zip(owner[entries].tolist(), *cells, strict=True):
                found.setdefault(account, []).append((entry, place, low, high))
        if len(tracks) > 1:
            for events in found.values():
                events.sort()
        return found

    def _fired(self, number: int, events: Sequence[tuple[int, int, int, int]], state: tuple[int, ...]) -> Glance:
        """Fire the milestones that one account passes."""
        layout, rules, as_of = self.layout, self.rules, self.side.as_of
        first, ats = int(layout.firsts[number]), layout.columns.ats
        ladder = Ladder(self.side.lean, self.side.entries(first, int(layout.ends[number])))
        once: set[tuple[int, int]] = set()
        for entry, place, low, high in events:
            plan = self._plans.get((place, low, high))
            if plan is None:
                loads, rungs, _ = rules.tracks[place].ladder(())
                plan = rules.tracks[place].steps(loads[low:high], rungs[low:high])
                self._plans[place, low, high] = plan
            for milestone, rung, at_once in plan if rules.all_fire else plan[-1:]:
                if rules.once and (place, milestone) in once:
                    continue
                once.add((place, milestone))
                ladder.start(rung, at_once, rules, (ats[entry], entry - first), None)
        names, spans = self.side.glancer.spans_of(ladder)
        warned = any(one.end > as_of for one in ladder.warnings)
        return Glance(self._band(names, warned, state), names, spans)

    def _band(self, names: tuple[str, ...], warned: bool, state: tuple[int, ...]) -> str:
        """Return the word for a standing."""
        key = (names, warned, state)
        band = self._bands.get(key)
        if band is None:
            pairs = zip(self.rules.tracks, state[::2], state[1::2], strict=True)
            loads = [(track, (), load) for track, load, counted in pairs if counted]
            band = self._bands[key] = self.side.glancer.word(names, warned, loads)
        return band


def _both(one: _Loads, fits: Bools) -> tuple[list[int], list[int]]:
    return one.last[fits].tolist(), one.counted[fits].tolist()


def _is_swept(track: LeanTrack) -> bool:
    return track.is_plain and not track.track.per and not track.every
