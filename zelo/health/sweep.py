"""Whole parts at once: where nothing but expiry, points back and milestones matters, loads are sums over arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from zelo.health.columns import Side
from zelo.health.glance import NOTHING, Glance, Span, by_start
from zelo.health.ladder import Ladder
from zelo.health.layout import Bools, Ints, Layout
from zelo.health.lean import LeanTrack, Step
from zelo.health.loads import Given, Loads, Track
from zelo.policy.schedules.lengths import NEVER
from zelo.policy.schedules.values import Training

Event = tuple[int, int, int, int]
"""An entry that passes milestones: its number, that of the track, milestones before and after."""


class _Plan(NamedTuple):
    """What passing some milestones brings."""

    steps: tuple[Step, ...]
    quick: tuple[tuple[str, int], ...] | None
    """Penalties that start at once beside whatever runs, with their microseconds (-1: for ever), if that is all."""


class Sweep:
    """One schedule over all accounts of a part."""

    def __init__(self, side: Side, layout: Layout) -> None:
        self.side, self.layout = side, layout
        self.rules = side.lean.rules[0]
        self._plans: dict[tuple[int, int, int], _Plan] = {}
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
        kept = np.ones(len(self.layout.ats), np.bool_) if keep_reversed else ~self.layout.gone
        fits = self.fitting(wanted)
        kept &= fits[self.layout.owner]
        tracks = self._loads(kept)
        for one in tracks:
            fits &= ~one.frozen
        warned = np.zeros(len(fits), np.bool_)
        warned[self.layout.owner[self.layout.warnings[kept[self.layout.warnings]]]] = True
        passing = self._passing(tracks, fits)
        numbers = np.nonzero(fits)[0].tolist()
        columns = [column for one in tracks for column in (one.last[fits].tolist(), one.counted[fits].tolist())]
        found: dict[int, Glance] = {}
        plain: dict[tuple[int, ...], Glance] = {}
        for number, state in zip(numbers, zip(warned[fits].tolist(), *columns, strict=True), strict=True):
            events = passing.get(number)
            if events is not None:
                found[number] = self._fired(number, events, state)
                continue
            glance = plain.get(state)
            if glance is None:
                glance = plain[state] = Glance(self._band((), False, state), (), ())
            found[number] = glance
        return found

    def fitting(self, wanted: Bools | None = None) -> Bools:
        """Return the accounts of which every entry does under the schedule what sums can tell."""
        layout, rules = self.layout, self.rules.rules
        fits = layout.fits.copy() if wanted is None else layout.fits & wanted
        cases = self.side.cases[0]
        swept = [not c.known or (c.is_plain and all(s[1] and s[2] >= 0 for s in c.steps)) for c in cases]
        if not all(swept):
            fits[layout.owner[layout.plain & ~np.array(swept)[layout.sorts]]] = False
        trainings = layout.trainings
        if rules.warning_first is not None:
            fits[layout.owner[layout.warnings]] = False
            fits[layout.owner[trainings.numbers]] = False
        asks = {name for name, training in rules.trainings.items() if _asks(training)}
        if asks:
            fits[layout.owner[trainings.numbers[[name in asks for name in trainings.names]]]] = False
        return fits

    def _loads(self, kept: Bools) -> list[Loads]:
        """Add up every track."""
        layout, trainings = self.layout, self.layout.trainings
        removes = {name for name, training in self.rules.rules.trainings.items() if training.removes}
        drops = np.array([name in removes for name in trainings.names], np.bool_) & kept[trainings.numbers]
        found = []
        for track in self.rules.tracks:
            gains = []
            for name, gain in track.gains.items():
                numbers, counts = zip(layout.rewards.of(name, kept), trainings.of(name, kept), strict=True)
                given = Given(gain, np.concatenate(numbers), np.concatenate(counts))
                gains += [given] if len(given.numbers) else []
            one = Track(track, self.side, layout, kept & layout.plain)
            found.append(one.loads(gains, trainings.numbers[drops], trainings.targets[drops]))
        return found

    def _passing(self, tracks: Sequence[Loads], fits: Bools) -> dict[int, list[Event]]:
        """Return by account the entries that pass milestones, in order."""
        owner = self.layout.owner
        found: dict[int, list[Event]] = {}
        for place, one in enumerate(tracks):
            kept = fits[owner[one.passing]]
            entries: Ints = one.passing[kept]
            cells = (entries.tolist(), one.low[kept].tolist(), one.high[kept].tolist())
            for account, entry, low, high in zip(owner[entries].tolist(), *cells, strict=True):
                event = entry, place, low, high
                events = found.get(account)
                if events is None:
                    found[account] = [event]
                else:
                    events.append(event)
        if len(tracks) > 1:
            for events in found.values():
                events.sort()
        return found

    def _fired(self, number: int, events: Sequence[Event], state: tuple[int, ...]) -> Glance:
        """Fire the milestones that one account passes."""
        ats, as_of = self.layout.columns.ats, self.side.as_of
        spans: list[Span] = []
        for entry, place, low, high in events:
            quick = (self._plans.get((place, low, high)) or self._plan(place, low, high)).quick
            if quick is None:
                return self._stacked(number, events, state)
            at = ats[entry]
            for name, lasts in quick:
                spans.append((name, at, NEVER if lasts < 0 else at + lasts))
        if len(spans) > 1:
            spans.sort(key=by_start)
        names = tuple(sorted([name for name, _, end in spans if as_of < end]))
        return Glance(self._band(names, False, state), names, tuple(spans))

    def _stacked(self, number: int, events: Sequence[Event], state: tuple[int, ...]) -> Glance:
        """Fire the milestones that one account passes, where penalties meet or more than penalties fires."""
        layout, rules, as_of = self.layout, self.rules, self.side.as_of
        first, ats = int(layout.firsts[number]), layout.columns.ats
        ladder = Ladder(self.side.lean, self.side.entries(first, int(layout.ends[number])))
        once: set[tuple[int, int]] = set()
        for entry, place, low, high in events:
            for milestone, rung, at_once in (self._plans.get((place, low, high)) or self._plan(place, low, high)).steps:
                if rules.once and (place, milestone) in once:
                    continue
                once.add((place, milestone))
                ladder.start(rung, at_once, rules, (ats[entry], entry - first), None)
        names, spans = self.side.glancer.spans_of(ladder)
        warned = any(one.end > as_of for one in ladder.warnings)
        return Glance(self._band(names, warned, state), names, spans)

    def _plan(self, place: int, low: int, high: int) -> _Plan:
        """Work out what passing some milestones brings."""
        rules = self.rules
        loads, rungs, _ = rules.tracks[place].ladder(())
        steps = rules.tracks[place].steps(loads[low:high], rungs[low:high])
        steps = steps if rules.all_fire else steps[-1:]
        quick: list[tuple[str, int]] | None = None if rules.once else []
        for _, _, starts in steps:
            for use, lasts in starts or ():
                kind = rules.rules.penalties[use.name]
                if quick is not None:
                    quick.append((use.name, lasts))
                if kind.stacking != "beside" or kind.ends:
                    quick = None
            quick = None if starts is None else quick
        plan = self._plans[place, low, high] = _Plan(steps, None if quick is None else tuple(quick))
        return plan

    def _band(self, names: tuple[str, ...], warned: bool, state: tuple[int, ...]) -> str:
        """Return the word for a standing."""
        key = (names, warned, state)
        band = self._bands.get(key)
        if band is None:
            pairs: Iterable[tuple[LeanTrack, int, int]]
            pairs = zip(self.rules.tracks, state[1::2], state[2::2], strict=True)
            loads = [(track, (), load) for track, load, counted in pairs if counted]
            band = self._bands[key] = self.side.glancer.word(names, warned or bool(state[0]), loads)
        return band


def _is_swept(track: LeanTrack) -> bool:
    """Say whether nothing but expiry, points back of exact length and milestones above the start matters."""
    exact = all(gain.lives is None or gain.lives.is_exact for gain in track.gains.values())
    above = all(load > 0 for load in track.ladder(())[0])
    return track.is_plain and exact and above and not track.track.per and not track.every


def _asks(training: Training) -> bool:
    """Say whether a training may be refused, or changes penalties that run."""
    limits = training.once_in, training.unless_at, training.not_for, training.shortens
    return any(limit is not None for limit in limits) or training.first_only or bool(training.needs)
