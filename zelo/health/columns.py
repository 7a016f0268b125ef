"""Many accounts folded from columns: the same fold, without an object for each entry where none is needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import NamedTuple, overload

from zelo.health.fold import STEP, VIOLATION, Fold, Row
from zelo.health.glance import Glance, Glancer
from zelo.health.lean import Case, LeanRules, LeanSchedule
from zelo.health.ledger import Entry

PLAIN, REVERSAL, OTHER = VIOLATION, 8, 9
"""A violation of which nothing unusual is said; a reversal; what needs the whole ledger sorted out. Between them are
the other acts of the fold: warning, training, reward and step of the account."""
Sort = tuple[str, str, tuple[tuple[str, str], ...]]
"""Violation, severity and attributes."""


class Columns(NamedTuple):
    """The entries of many accounts, those of one account together, each account's in the order of its ledger."""

    ats: Sequence[int]
    orders: Sequence[int]
    """Which of several entries of one instant comes first."""
    flags: bytes
    """The act of each entry, `REVERSAL` or `OTHER`."""
    ids: Sequence[int]
    """A number for each id; equal ids have equal numbers."""
    targets: Mapping[int, int]
    """By number of an entry that is no plain violation: the number of the id it is about; -1 when there is none."""
    sorts: Sequence[int]
    """Number of its sort."""
    points: Sequence[int | None] | None
    """None: no entry says what it costs."""
    known_sorts: Sequence[Sort]
    others: dict[int, Entry]
    """Entries that are no plain violations, whole, by number."""
    names: Sequence[str]
    """Ids as text; asked for only where an entry is needed whole."""

    def entry(self, number: int, account: str) -> Entry:
        """Return one entry as an object."""
        found = self.others.get(number)
        if found is not None:
            return found
        violation, severity, attributes = self.known_sorts[self.sorts[number]]
        points = self.points[number] if self.points is not None else None
        at = self.ats[number]
        order = self.orders[number]
        return Entry(self.names[number], "violation", at, account, violation, severity, attributes, points, order=order)

    def some(self, places: Iterable[tuple[int, int]]) -> tuple[Columns, list[int]]:
        """Return the entries between such numbers as columns of their own, and where those of each place end."""
        numbers: list[int] = []
        ends: list[int] = []
        for first, last in places:
            numbers += range(first, last)
            ends.append(len(numbers))
        new = {number: place for place, number in enumerate(numbers) if self.flags[number] != PLAIN}
        found = Columns(
            [self.ats[number] for number in numbers],
            [self.orders[number] for number in numbers],
            bytes([self.flags[number] for number in numbers]),
            [self.ids[number] for number in numbers],
            {place: self.targets[number] for number, place in new.items()},
            [self.sorts[number] for number in numbers],
            None if self.points is None else [self.points[number] for number in numbers],
            self.known_sorts,
            {place: self.others[number] for number, place in new.items()},
            [self.names[number] for number in numbers],
        )
        return found, ends


class _Slice(Sequence[Entry]):
    """The entries of one account, made when they are looked at."""

    __slots__ = ("account", "columns", "first", "size")

    def __init__(self, columns: Columns, first: int, size: int, account: str) -> None:
        self.columns, self.first, self.size, self.account = columns, first, size, account

    def __len__(self) -> int:
        return self.size

    @overload
    def __getitem__(self, number: int) -> Entry: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Entry]: ...
    def __getitem__(self, number: int | slice) -> Entry | Sequence[Entry]:
        """Return an entry of the account by its number."""
        if isinstance(number, slice):
            return [self[place] for place in range(*number.indices(self.size))]
        if not 0 <= number < self.size:
            raise IndexError(number)
        return self.columns.entry(self.first + number, self.account)


class Side:
    """One schedule over the columns of one part."""

    def __init__(self, lean: LeanSchedule, as_of: int, columns: Columns) -> None:
        self.glancer = Glancer(lean, as_of)
        self.lean, self.as_of, self.columns = lean, as_of, columns
        every = [one.rules for one in lean.rules]
        self.is_quick = not self.glancer.is_whole and all(r.conventions.appeal_granted == "recompute" for r in every)
        probes = [Entry("", "violation", 0, "", *sort) for sort in columns.known_sorts]
        self.cases = [[rules.case(probe) for probe in probes] for rules in lean.rules]

    def glance(self, first: int, last: int, account: str, *, keep_reversed: bool = False) -> Glance:
        """Return what the entries `first` to `last` (not included) come to, which are all of one account.

        `keep_reversed` lets violations count that were taken back: what had been without the reversals.
        """
        columns = self.columns
        flags = columns.flags[first:last]
        if self.is_quick and OTHER not in flags:
            ids = columns.ids[first:last]
            if len(set(ids)) == last - first:
                kept = _kept(columns, first, flags, ids, keep_reversed) if REVERSAL in flags else flags
                if kept is not None:
                    return self._fold(first, last, account, kept)
        entries: list[Entry] = [columns.entry(number, account) for number in range(first, last)]
        if keep_reversed:
            entries = [entry for entry in entries if entry.kind != "reversal"]
        return self.glancer.of_entries(entries)

    def entries(self, first: int, last: int, account: str = "") -> Sequence[Entry]:
        """Return the entries of one account, made when they are looked at."""
        return _Slice(self.columns, first, last - first, account)

    def _fold(self, first: int, last: int, account: str, flags: bytes) -> Glance:
        columns = self.columns
        fold = Fold(self.lean, self.entries(first, last, account))
        rules: Iterable[LeanRules] = repeat(self.lean.rules[0])
        cases: Iterable[Case] = map(self.cases[0].__getitem__, columns.sorts[first:last])
        if self.lean.dates:
            numbers = [self.lean.number_at(at) for at in columns.ats[first:last]]
            rules = [self.lean.rules[number] for number in numbers]
            cases = [self.cases[n][sort] for n, sort in zip(numbers, columns.sorts[first:last], strict=True)]
        rows: list[Row] = list(zip(columns.ats[first:last], flags, rules, cases, range(last - first), strict=False))
        if REVERSAL in flags:
            rows = [row for row in rows if row[1] != REVERSAL]
        if STEP in flags:
            for row in rows:
                if row[1] == STEP:
                    fold.done(fold.entries[row[4]])
        fold.run(rows, self.as_of)
        return self.glancer.of_fold(fold)


def _kept(columns: Columns, first: int, flags: bytes, ids: Sequence[int], keep_reversed: bool) -> bytes | None:
    """Return the acts without what was taken back; None when a reversal is not one of an earlier entry, once."""
    kept = bytearray(flags)
    number = flags.find(REVERSAL)
    while number >= 0:
        try:
            target = ids.index(columns.targets[first + number], 0, number)
        except ValueError:
            return None
        if kept[target] == REVERSAL:
            return None
        if not keep_reversed:
            kept[target] = REVERSAL
        number = flags.find(REVERSAL, number + 1)
    return bytes(kept)
