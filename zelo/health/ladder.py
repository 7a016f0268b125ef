"""The ladder: which milestones a balance passes, and which penalties they bring about."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from zelo.health.lean import LeanRules, LeanSchedule, Starts, Step
from zelo.health.ledger import Entry
from zelo.health.slots import Fired, Place, Slot, Warned
from zelo.policy.schedules.lengths import NEVER
from zelo.policy.schedules.values import Rung, Use


class Ladder:
    """What has fired on an account."""

    def __init__(self, lean: LeanSchedule, entries: Sequence[Entry]) -> None:
        self.lean, self.entries = lean, entries
        self.fired: list[Fired] = []
        self.running: dict[str, list[Fired]] = {}
        """Those that may not be over yet, by name."""
        self.warnings: list[Warned] = []
        self.near: dict[tuple[int, tuple[str, ...], int], Warned] = {}
        """The latest warning before each milestone."""
        self.duties: list[tuple[Use, int, int, int]] = []
        """Line, instant, due, and number of the entry."""
        self.steps: dict[tuple[str, str], int] = {}
        """When the account first did something about an entry, by its id and the name of the step."""
        self.shortens = lean.shortens

    def done(self, step: Entry) -> None:
        """Take note of what the account did about an entry."""
        self.steps.setdefault((step.target, step.name), step.at)

    def look(self, slot: Slot, at: int, number: int) -> None:
        """Fire the milestones that a balance passed since it was last looked at."""
        track = slot.track
        loads, rungs, every = track.ladder(slot.key)
        load = slot.load
        passed: list[tuple[int, Rung]] = []
        if track.each:
            reached = bisect_right(loads, load)
            if reached:
                passed.append((loads[reached - 1], rungs[reached - 1]))
        else:
            low = slot.low
            if loads and load >= loads[0]:
                start, reached = bisect_right(loads, low), bisect_right(loads, load)
                passed = list(zip(loads[start:reached], rungs[start:reached], strict=True))
            for rung in every:
                step = rung.every or 1
                before, after = low // step, load // step
                passed += [(step * count, rung) for count in range(max(before, 0) + 1, after + 1)]
        if passed:
            rules = self._rules_of(number)
            passed.sort(key=lambda pair: pair[0])
            for milestone, rung in passed if rules.all_fire else passed[-1:]:
                if rules.once and milestone in slot.once:
                    continue
                slot.once.add(milestone)
                slot.reached.append((at, milestone, number, load))
                for use in rung.uses:
                    self.fire(use, rules, at, number, (slot, rung, milestone))
        if track.track.warns_before is not None:
            self._warn_before(slot, at, number, loads)

    def go_on(self, slot: Slot, passed: tuple[Step, ...], at: int, number: int) -> None:
        """Fire milestones that were worked out before: what `look` does on a plain balance without multiples."""
        rules = self._rules_of(number)
        load = slot.load
        for milestone, rung, at_once in passed if rules.all_fire else passed[-1:]:
            slot.reached.append((at, milestone, number, load))
            self.start(rung, at_once, rules, (at, number), (slot, rung, milestone))

    def start(
        self, rung: Rung, at_once: Starts | None, rules: LeanRules, by: tuple[int, int], place: Place | None
    ) -> None:
        """Bring about what a rung says, by the entry of this instant and number."""
        at, number = by
        if at_once is None:
            for use in rung.uses:
                self.fire(use, rules, at, number, place)
            return
        for use, lasts in at_once:
            fired = Fired(use, at, NEVER if lasts < 0 else at + lasts, at, number, place)
            if use.name in rules.beside:
                self.fired.append(fired)
            else:
                self._stack(fired, rules)

    def _rules_of(self, number: int) -> LeanRules:
        """Return the rules of an entry's date."""
        if len(self.lean.rules) == 1:
            return self.lean.rules[0]
        entry = self.entries[number]
        return self.lean.at(entry.at if entry.given_under is None else entry.given_under)

    def _warn_before(self, slot: Slot, at: int, number: int, loads: tuple[int, ...]) -> None:
        """Warn when a balance comes within reach of its next milestone."""
        reached = bisect_right(loads, slot.load)
        if reached == len(loads) or slot.track.track.warns_before is None:
            return
        line = loads[reached] - slot.track.track.warns_before
        if slot.low < line <= slot.load:
            self.come_near(slot, loads[reached], at, number)

    def come_near(self, slot: Slot, milestone: int, at: int, number: int) -> None:
        """Warn of a milestone that is near; of several such warnings the latest is kept."""
        warned = Warned(at, NEVER, number, None, "near")
        warned.slot, warned.milestone = slot, milestone
        self.near[slot.track.number, slot.key, milestone] = warned

    def fire(self, use: Use, rules: LeanRules, at: int, number: int, place: Place | None) -> None:
        """Bring about what a line of the schedule says."""
        entry = self.entries[number]
        if use.when is not None and not rules.fits(use.when, entry):
            return
        zone = self.lean.zone
        start = at if use.delay is None else use.delay.after(at, zone)
        if use.kind == "warning":
            warned = Warned(at, NEVER, number, None, use.name)
            if place:
                warned.slot, warned.milestone = place[0], place[2]
            self.warnings.append(warned)
        elif use.kind == "duty":
            self.duties.append((use, at, start, number))
        elif use.kind == "penalty":
            if use.from_step is not None:
                done = self.steps.get((entry.id, use.from_step))
                if done is None or done < at:
                    return
                start = done if use.delay is None else use.delay.after(done, zone)
            end = NEVER if use.lasts is None else use.lasts.after(start, zone)
            if use.until_step is not None:
                end = min(end, max(start, self.steps.get((entry.id, use.until_step), NEVER)))
            self._stack(Fired(use, start, end, at, number, place), rules)

    def _stack(self, fired: Fired, rules: LeanRules) -> None:
        """Add a penalty to those running, by its rule of stacking."""
        name = fired.use.name
        kind = rules.rules.penalties[name]
        if name in rules.beside:
            self.fired.append(fired)
            return
        start, running = fired.start, self._running(name, fired.at)
        if kind.stacking != "beside":
            same = [f for f in running if f.start <= start < f.end and self._toward(f, fired)]
            if kind.stacking == "absorb" and any(f.end >= fired.end for f in same):
                return
            if kind.stacking == "extend":
                last = max((f.end for f in running if f.end > start), default=start)
                if last == NEVER:
                    return
                lasts = fired.use.lasts
                fired.start = last
                fired.end = NEVER if lasts is None else lasts.after(last, self.lean.zone)
            if kind.stacking == "replace":
                for other in same:
                    other.end = start
        for ended in kind.ends:
            for other in self._running(ended, fired.at):
                if other.start <= start < other.end:
                    other.end = start
        running.append(fired)
        self.fired.append(fired)

    def _running(self, name: str, at: int) -> list[Fired]:
        """Return the penalties of one name that are not over yet."""
        running = self.running.get(name)
        if running is None:
            running = self.running[name] = []
        elif running and running[0].end <= at:
            running[:] = [fired for fired in running if fired.end > at]
        return running

    def _toward(self, first: Fired, second: Fired) -> bool:
        """Say whether two penalties of one name hold toward the same account, or both toward all."""
        if first.use.toward is None and second.use.toward is None:
            return True
        return self.toward(first) == self.toward(second)

    def toward(self, fired: Fired) -> str:
        """Return the account toward which a penalty holds; empty: toward all."""
        name = fired.use.toward
        return dict(self.entries[fired.entry].attributes).get(name, "") if name else ""

    def end_unfounded(self, slot: Slot, at: int) -> None:
        """End the penalties whose milestone a balance is back below, when the schedule says that they end then."""
        for fired in self.fired:
            if fired.slot is slot and fired.milestone > slot.load and fired.start <= at < fired.end != NEVER:
                fired.end = at
