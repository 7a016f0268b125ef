"""The fold: the entries of one account in order, and what they come to."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from operator import itemgetter

from zelo.health.balances import Balances
from zelo.health.lean import Case, LeanRules, LeanSchedule, LeanTrack
from zelo.health.ledger import Entry, Note
from zelo.health.rates import limit_holds
from zelo.health.slots import Slot, Warned
from zelo.policy.schedules.lengths import NEVER

VIOLATION, WARNING, TRAINING, REWARD, STEP, TAKEN_BACK = range(6)
ACTS: Mapping[str, int] = {
    "violation": VIOLATION,
    "warning": WARNING,
    "training": TRAINING,
    "reward": REWARD,
    "step": STEP,
}
"""The kinds of entry that move balances."""
Row = tuple[int, int, LeanRules, Case | None, int]
"""Instant, act, rules it falls under, what it does (of a violation), and its number in the ledger."""


class Fold(Balances):
    """The state of one account while its entries are taken in order."""

    def __init__(self, lean: LeanSchedule, entries: Sequence[Entry]) -> None:
        super().__init__(lean, entries)
        self.first: list[Warned] = []
        self.refused: list[tuple[str, str]] = []
        self._evaluated = lean.waits
        self._trained: dict[str, int] = {}

    def run_plain(self, rules: LeanRules, track: LeanTrack, until: int) -> int:
        """Take entries, all violations, while each counts on the one plain balance; return how many were taken.

        The load before an entry is then also the least since the one before it: nothing but expiry moves it between.
        """
        slot, marks = Slot(track, ()), track.marks(())[0]
        ats, amounts, ends = self._plain_columns(rules, until)
        load, head, place, next_end = 0, 0, bisect_right(marks, 0), ends[0] if ends else NEVER
        floor, mark = marks[place - 1] if place else -NEVER, marks[place]
        count, near = len(ats), dict[int, tuple[int, int]]()
        for number, (at, amount) in enumerate(zip(ats, amounts, strict=True)):
            if next_end <= at:
                while next_end <= at:  # an entry ends after it began, so this stops at its own end at the latest
                    load -= amounts[head]
                    head += 1
                    next_end = ends[head]
                if load < floor:
                    place = bisect_right(marks, load)
                    floor, mark = marks[place - 1] if place else -NEVER, marks[place]
            before, load = load, load + amount
            if load >= mark:
                if load >= track.stays_at:
                    count, load = number, before
                    break
                reached = bisect_right(marks, load, place)
                slot.load = load
                plan = slot.plans.get((place, reached))
                if plan is None:
                    plan = slot.plans[place, reached] = track.plan((), before, load)
                passed, close = plan
                if passed:
                    self.go_on(slot, passed, at, number)
                if close != NEVER:
                    near[close] = at, number
                place, floor, mark = reached, marks[reached - 1], marks[reached]
        for milestone, (at, number) in near.items():
            self.come_near(slot, milestone, at, number)
        if count:
            slot.items = list(map(list, zip(ats, ends, amounts, range(count), strict=False)))
            slot.head, slot.last, slot.next_end = head, count - 1, ends[head] if head < count else NEVER
            slot.load = load
            slot.fall_to(load)
            self.slots[track.slot(())] = slot
        return count

    def _plain_columns(self, rules: LeanRules, until: int) -> tuple[list[int], list[int], list[int]]:
        """Return instants, prices and ends of the entries up to the first that does more than to count."""
        entries = self.entries
        ats = [entry.at for entry in entries]
        known = rules.cases.get
        cases = [known((entry.violation, entry.severity, entry.attributes)) for entry in entries]
        if None in cases:
            cases = list(map(rules.case, entries))
        only = [case.only for case in cases]  # type: ignore[union-attr]
        count = only.index(None) if None in only else len(only)
        count = min(count, bisect_right(ats, until))
        if count < len(ats):
            del ats[count:], only[count:]
        life = only[0][3] if only else NEVER  # type: ignore[index]
        last = NEVER - life
        ends = [NEVER if at >= last else at + life for at in ats] if life < NEVER else [NEVER] * count
        return ats, [one[2] for one in only], ends  # type: ignore[index]

    def run(self, rows: Sequence[Row], until: int) -> None:
        """Take every row, then bring all balances up to an instant.

        The inner loop is the usual case of `charge` written out: nothing but expiry and marks can matter there.
        """
        slots, evaluated = self.slots, self._evaluated
        last: object = None
        slot: Slot | None = None
        for at, act, rules, case, number in rows:
            if evaluated:
                self.evaluate_before(at)
            if act or case is None:
                self._other(at, act, rules, number)
                continue
            if not case.is_plain and not self._goes_on(case, rules, at, number):
                continue
            for key, track, amount, life, op in case.steps:
                if key is not last or slot is None:
                    last, slot = key, slots.get(key)
                    if slot is None:
                        slot = slots[key] = Slot(op.track, op.key)
                if slot.plain is not track:
                    self.charge(slot, op, at, number)
                    continue
                if slot.next_end <= at:
                    slot.expire(at)
                if amount < 0:
                    amount = self.given(op, number)
                    if not amount:
                        continue
                end = at + life
                if end > NEVER:
                    end = NEVER
                if slot.next_end == NEVER:
                    slot.next_end = end
                slot.items.append([at, end, amount, number])
                load = slot.load = slot.load + amount
                slot.last = number
                if load >= slot.mark:
                    self.pass_marks(slot, at, number)
                    slot.fall_to(load)
                else:
                    slot.low = load
        if self._evaluated:
            self.evaluate_before(until + 1)
        for slot in slots.values():
            if not slot.plain:
                self.settle(slot, until)
            elif slot.next_end <= until:
                slot.expire(until)

    def _goes_on(self, case: Case, rules: LeanRules, at: int, number: int) -> bool:
        """Let a violation act at once or be warned of; say whether it goes on to count."""
        if case.note:
            self.notes.append(Note(case.note, self.entries[number].id))
            if not case.known:
                return False
        for line in case.at_once:
            self.fire(line.use, rules, at, number, None)
        if not case.counts:
            return False
        return case.warns is None or not self._warns(rules, case.warns, at, number)

    def _warns(self, rules: LeanRules, key: tuple[str, ...], at: int, number: int) -> bool:
        """Give a warning instead of counting, as long as the account has one left."""
        first = rules.rules.warning_first
        assert first is not None
        entry = self.entries[number]
        blocking = 0
        for warned in self.first:
            if warned.key != key or warned.end <= at:
                continue
            before = self.entries[warned.entry]
            if warned.trained and any(_word(before, name) != _word(entry, name) for name in first.same):
                continue
            blocking += 1
        if blocking >= first.many:
            return False
        end = NEVER if first.lasts is None else first.lasts.after(at, self.lean.zone)
        self.first.append(Warned(at, end, number, key, "first"))
        return True

    def _other(self, at: int, act: int, rules: LeanRules, number: int) -> None:
        """Take an entry that is no violation."""
        entry = self.entries[number]
        if act == WARNING:
            case = rules.case(entry)
            first = rules.rules.warning_first
            lasts = first.lasts if first else None
            end = NEVER if lasts is None else lasts.after(at, self.lean.zone)
            self.first.append(Warned(at, end, number, case.warns, "given"))
        elif act == REWARD:
            if not self.gain(rules, entry, at):
                self.notes.append(Note("unknown_name", entry.id))
        elif act == TRAINING:
            self._train(rules, entry, at)
        elif act == TAKEN_BACK:
            for slot in self.slots.values():
                self.drop(slot, entry.id, at)
        elif act == STEP:
            for slot in self.slots.values():
                if slot.track.track.cured_by == entry.name:
                    self.drop(slot, entry.target, at)

    def _train(self, rules: LeanRules, entry: Entry, at: int) -> None:
        """Let a finished training have its effects, or refuse it."""
        training, first = rules.rules.trainings.get(entry.name), rules.rules.warning_first
        warns = first is not None and first.training == entry.name
        if training is None and not warns and not any(entry.name in track.gains for track in rules.tracks):
            self.notes.append(Note("unknown_name", entry.id))
            return
        if training is not None and (why := self._refusal(rules, entry, at)):
            self.refused.append((entry.id, why))
            return
        self._trained[entry.name] = at
        self.gain(rules, entry, at)
        if first is not None and warns:
            for warned in self.first:
                if warned.end > at and entry.target in ("", self.entries[warned.entry].id):
                    warned.trained = True
                    if first.after_training is not None:
                        warned.end = min(warned.end, first.after_training.after(at, self.lean.zone))
        if training is None:
            return
        if training.removes:
            for slot in self.slots.values():
                self.drop(slot, entry.target, at)
            for warned in self.first:
                if self.entries[warned.entry].id == entry.target:
                    warned.end = min(warned.end, at)
        if training.shortens is not None:
            for fired in self.fired:
                mine = entry.target in ("", self.entries[fired.entry].id)
                if mine and fired.start <= at < fired.end != NEVER:
                    fired.end = min(fired.end, max(at, training.shortens.after(fired.start, self.lean.zone)))

    def _refusal(self, rules: LeanRules, entry: Entry, at: int) -> str | None:
        """Say why a training does not count."""
        training = rules.rules.trainings[entry.name]
        last = self._trained.get(entry.name)
        if training.once_in is not None and last is not None and at < training.once_in.after(last, self.lean.zone):
            return "too_soon"
        if not all(limit_holds(entry.values.get(name), relation, limit) for name, relation, limit in training.needs):
            return "not_passed"
        if training.not_for is not None:
            target = next((e for e in self.entries if e.id == entry.target), None)
            if target is not None and rules.fits(training.not_for, target):
                return "not_for_this"
        for slot in self.slots.values():
            self.settle(slot, at)
            track = slot.track
            if training.unless_at is not None and track.track.name == training.unless_at[0]:
                if slot.load >= track.load_of(training.unless_at[1]):
                    return "standing_too_low"
            if training.first_only:
                live = {self.entries[item[3]].id for item in slot.items if item[1] > at}
                if live - {entry.target}:
                    return "not_the_first"
        return None


def _word(entry: Entry, name: str) -> str:
    """Return an attribute of an entry."""
    if name == "violation":
        return entry.violation
    return entry.severity if name == "severity" else dict(entry.attributes).get(name, "")


_END, _NUMBER = itemgetter(1), itemgetter(3)


def live_at(slot: Slot, at: int, upto: int) -> list[int]:
    """Return the numbers of the entries that counted on a balance at an instant, up to one of them."""
    if slot.plain:  # they begin, end and are numbered in one order
        items = slot.items
        first = bisect_right(items, at, key=_END)
        return [item[3] for item in items[first : bisect_right(items, upto, first, key=_NUMBER)]]
    return [number for start, end, _, number in slot.items if number == upto or (start <= at < end and number <= upto)]


def position(loads: tuple[int, ...], load: int) -> int:
    """Return how many milestones a load has reached."""
    return bisect_right(loads, load)
