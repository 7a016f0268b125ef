"""The balances of an account: what a violation costs, what expires, what is given back or taken off the record."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush

from zelo.health.ladder import Ladder
from zelo.health.lean import LeanRules, LeanSchedule, Op
from zelo.health.ledger import Entry, Note
from zelo.health.slots import Gained, Slot
from zelo.policy.schedules.lengths import NEVER


class Balances(Ladder):
    """The balances of one account, and what has fired on them."""

    def __init__(self, lean: LeanSchedule, entries: Sequence[Entry]) -> None:
        super().__init__(lean, entries)
        self.slots: dict[tuple[int, tuple[str, ...]], Slot] = {}
        self.notes: list[Note] = []

    def pass_marks(self, slot: Slot, at: int, number: int) -> None:
        """Let happen what happens where a load passes marks."""
        if slot.load >= slot.track.stays_at and not slot.frozen:
            slot.leave_plain()
            self._freeze(slot, at)
        self.look(slot, at, number)

    def _expire(self, slot: Slot, at: int) -> None:
        """Take off a balance what expired by an instant."""
        heap = slot.heap
        while heap and heap[0][0] <= at:
            end, _, amount = heappop(heap)
            slot.load -= amount
            if self.shortens:
                self.end_unfounded(slot, end)

    def charge(self, slot: Slot, op: Op, at: int, number: int) -> None:
        """Let a violation count on a balance."""
        track = op.track
        slot.leave_plain()
        if slot.track is not track:
            slot.adopt(track)
        heap = slot.heap
        if (heap and heap[0][0] <= at) or slot.gains or track.clean is not None:
            self.settle(slot, at)
        amount = op.amount
        if amount < 0:
            amount = self._price(slot, op, at, number)
            if amount <= 0:
                return
        end = at + op.life if op.life >= 0 else op.end(at, self.lean.zone)
        if end > NEVER or slot.frozen:
            end = NEVER
        item = [at, end, amount, number]
        slot.items.append(item)
        if track.merge is not None:
            slot.group = (track.merge.after(at, self.lean.zone), item)
        if end != NEVER:
            heappush(heap, (end, number, amount))
        load = slot.load = slot.load + amount
        slot.last = number
        if track.clean is not None:
            slot.clean_at = at
        if load >= track.stays_at and not slot.frozen:
            self._freeze(slot, at)
        if track.evaluated is None:
            if track.each or load >= slot.mark:
                self.look(slot, at, number)
                slot.fall_to(load)
            else:
                slot.low = load
        elif slot.due == NEVER:
            slot.due = track.evaluated.at_or_after(at, self.lean.zone.key)

    def _freeze(self, slot: Slot, at: int) -> None:
        """Let nothing on a balance expire any more."""
        slot.frozen = True
        for kept in slot.items:
            kept[1] = NEVER if kept[1] > at else kept[1]
        slot.heap.clear()

    def _price(self, slot: Slot, op: Op, at: int, number: int) -> int:
        """Return what a violation costs when that depends on the entry, on its turn, on a cap, or on its group."""
        zone, amount = self.lean.zone, op.base
        if slot.group is not None and op.track.merge is not None and at < slot.group[0]:
            self._join(slot, op, at, number)
            return 0
        if op.given is not None:
            amount = self.given(op, number)
        if op.turn is not None:
            amount = self._turn(slot, op, at)
        if op.cap is not None:
            most, window = op.cap
            used = slot.caps.get(op.number)
            if used is None or at >= used[0]:
                used = slot.caps[op.number] = [window.after(at, zone), 0]
            amount = min(amount, most - used[1])
            used[1] += amount
        return amount

    def given(self, op: Op, number: int) -> int:
        """Return what an entry says that it costs, kept within what the schedule allows."""
        points = self.entries[number].points
        least, most = op.given or (0, 0)
        if points is not None and least <= points <= most:
            return points
        code = "points_missing" if points is None else "points_out_of_range"
        self.notes.append(Note(code, self.entries[number].id))
        return least if points is None or points < least else most

    def _turn(self, slot: Slot, op: Op, at: int) -> int:
        """Return the price of this turn: the first, second, third such violation."""
        price, key = op.price, (op.number, op.turn or ())
        seen = slot.turns.setdefault(key, [])
        if price.turn_window is None:
            end = at + op.life if op.life >= 0 else op.end(at, self.lean.zone)
            seen[:] = [other for other in seen if other > at]
            seen.append(end)
            turn = len(seen)
        else:
            if not seen or at >= seen[0]:
                seen[:] = [price.turn_window.after(at, self.lean.zone), 0]
            seen[1] += 1
            turn = seen[1]
        return next((cost for start, cost in reversed(price.turns) if turn >= start), 0)

    def _join(self, slot: Slot, op: Op, at: int, number: int) -> None:
        """Count a violation with the group before it; the group counts as long as its last member would."""
        assert slot.group is not None
        end = at + op.life if op.life >= 0 else op.end(at, self.lean.zone)
        end = NEVER if slot.frozen else min(end, NEVER)
        _, item = slot.group
        slot.items.append([at, max(end, item[1]), 0, number])
        if end <= item[1] or not any(found[1] == item[3] for found in slot.heap):
            return
        slot.heap = [found for found in slot.heap if found[1] != item[3]]
        slot.heap.sort()
        item[1] = end
        if end != NEVER:
            heappush(slot.heap, (end, item[3], item[2]))

    def settle(self, slot: Slot, at: int) -> None:
        """Bring a balance up to an instant: what expired goes, and what clean days gave back."""
        slot.leave_plain()
        heap = slot.heap
        if slot.clean_at != NEVER:
            self._credit_clean_days(slot, at)
        if heap and heap[0][0] <= at:
            self._expire(slot, at)
        for name, gained in slot.gains.items():
            while gained.heap and gained.heap[0][0] <= at:
                gained.total -= heappop(gained.heap)[1]
                gained.under = None
            if gained.under is not slot.track:
                self._regain(slot, name, gained)
                gained.under = slot.track
        load = slot.load
        if load < slot.low:
            if load < slot.floor:
                slot.fall_to(load)
            else:
                slot.low = load

    def _credit_clean_days(self, slot: Slot, at: int) -> None:
        """Give points back for each stretch without a violation, to what would expire next."""
        clean = slot.track.clean
        if clean is None:
            return
        due = clean.every.after(slot.clean_at, self.lean.zone)
        while due <= at:
            while slot.heap and slot.heap[0][0] <= due:
                slot.load -= heappop(slot.heap)[2]
            left = clean.gives
            while left and slot.heap and slot.load > 0:
                end, number, amount = heappop(slot.heap)
                taken = min(left, amount)
                left, slot.load = left - taken, slot.load - taken
                if amount > taken:
                    heappush(slot.heap, (end, number, amount - taken))
            if self.shortens:
                self.end_unfounded(slot, due)
            slot.clean_at = due
            if not slot.heap:
                break
            due = clean.every.after(due, self.lean.zone)

    def evaluate_before(self, at: int) -> None:
        """Look at the milestones of tracks whose day came before an instant."""
        while True:
            due = min((slot.due for slot in self.slots.values()), default=NEVER)
            if due >= at:
                return
            for slot in self.slots.values():
                if slot.due == due:
                    slot.due = NEVER
                    self.settle(slot, due)
                    self.look(slot, due, slot.last)
                    slot.fall_to(slot.load)

    def drop(self, slot: Slot, target: str, at: int) -> None:
        """Let an entry no longer count on a balance from an instant on."""
        self.settle(slot, at)
        for item in slot.items if target else ():
            if item[1] > at and self.entries[item[3]].id == target:
                kept = [found for found in slot.heap if found[1] != item[3]]
                gone = [found[2] for found in slot.heap if found[1] == item[3]]
                slot.load -= sum(gone) if gone else item[2] if item[1] == NEVER else 0
                slot.heap = sorted(kept)
                item[1] = at
        slot.fall_to(min(slot.low, slot.load))
        if self.shortens:
            self.end_unfounded(slot, at)

    def gain(self, rules: LeanRules, entry: Entry, at: int) -> bool:
        """Give points back on every track that rewards this; say whether there is one."""
        found = False
        for track in rules.tracks:
            gain = track.gains.get(entry.name)
            if gain is None:
                continue
            found = True
            slot = self.slots.get((track.number, ()))
            if slot is None:
                slot = self.slots[(track.number, ())] = Slot(track, ())
            gained = slot.gains.setdefault(entry.name, Gained())
            slot.leave_plain()
            end = NEVER if gain.lives is None else gain.lives.after(at, self.lean.zone)
            heappush(gained.heap, (end, entry.count))
            gained.total += entry.count
            gained.under = None
            self.settle(slot, at)
        return found

    def _regain(self, slot: Slot, name: str, gained: Gained) -> None:
        """Bring a balance to what its rewards now give; points only fall to zero, a rating may rise above its start."""
        gain = slot.track.gains.get(name)
        given = gained.total // gain.per * gain.gives if gain else 0
        slot.load += gained.given - given
        gained.given = given
