"""Many accounts folded from columns: the same fold, without an object for each entry where none is needed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from typing import NamedTuple, overload

from zelo.health.fold import VIOLATION, Fold, Row
from zelo.health.glance import Glance, Glancer
from zelo.health.lean import Case, LeanSchedule
from zelo.health.ledger import Entry

PLAIN, REVERSAL, OTHER = range(3)
"""A violation of which nothing unusual is said; a reversal of which nothing is said but its target; the rest."""
Sort = tuple[str, str, tuple[tuple[str, str], ...]]
"""Violation, severity and attributes."""


class Columns(NamedTuple):
    """The entries of many accounts, those of one account together, each account's in the order of its ledger."""

    ats: Sequence[int]
    flags: bytes
    """`PLAIN`, `REVERSAL` or `OTHER` for each entry."""
    ids: Sequence[int]
    """A number for each id; equal ids have equal numbers."""
    targets: Sequence[int]
    """The same for the entry it is about."""
    sorts: Sequence[int]
    """Number of its sort."""
    points: Sequence[int | None] | None
    """None: no entry says what it costs."""
    known_sorts: Sequence[Sort]
    others: dict[int, Entry]
    """Entries that are not plain, reversals included, whole, by number."""
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
        return Entry(self.names[number], "violation", at, account, violation, severity, attributes, points)


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
        self._rules = lean.rules[0] if not lean.dates else None
        every = [one.rules for one in lean.rules]
        self._quick = not self.glancer.is_whole and all(r.conventions.appeal_granted == "recompute" for r in every)
        probes = [Entry("", "violation", 0, "", *sort) for sort in columns.known_sorts]
        self._cases = [[rules.case(probe) for probe in probes] for rules in lean.rules]

    def glance(self, first: int, last: int, account: str, *, keep_reversed: bool = False) -> Glance:
        """Return what the entries `first` to `last` (not included) come to, which are all of one account.

        `keep_reversed` lets violations count that were taken back: what had been without the reversals.
        """
        columns = self.columns
        flags = columns.flags[first:last]
        if self._quick and OTHER not in flags:
            ids = columns.ids[first:last]
            if len(set(ids)) == last - first:
                kept = self._kept(first, last, flags, ids) if REVERSAL in flags else range(first, last)
                if kept is not None:
                    if keep_reversed and REVERSAL in flags:
                        kept = [number for number in range(first, last) if flags[number - first] == PLAIN]
                    return self._fold(first, last, account, kept)
        entries: list[Entry] = [columns.entry(number, account) for number in range(first, last)]
        if keep_reversed:
            entries = [entry for entry in entries if entry.kind != "reversal"]
        return self.glancer.of_entries(entries)

    def _kept(self, first: int, last: int, flags: bytes, ids: Sequence[int]) -> Sequence[int] | None:
        """Return the violations that were not taken back; None when a reversal is not one of an earlier violation."""
        place = {ident: number for number, ident in enumerate(ids)}
        gone: set[int] = set()
        for number, flag in enumerate(flags):
            if flag == REVERSAL:
                target = place.get(self.columns.targets[first + number])
                if target is None or target > number or flags[target] != PLAIN or target in gone:
                    return None
                gone.add(target)
        return [first + n for n, flag in enumerate(flags) if flag == PLAIN and n not in gone]

    def _fold(self, first: int, last: int, account: str, kept: Sequence[int]) -> Glance:
        columns = self.columns
        fold = Fold(self.lean, _Slice(columns, first, last - first, account))
        rows: Sequence[Row]
        if self._rules is not None and isinstance(kept, range):
            cases = map(self._cases[0].__getitem__, columns.sorts[first:last])
            rows = list(
                zip(columns.ats[first:last], repeat(VIOLATION), repeat(self._rules), cases, range(last - first))
            )
        else:
            rows = [self._row(number, number - first) for number in kept]
        fold.run(rows, self.as_of)
        return self.glancer.of_fold(fold)

    def _row(self, number: int, place: int) -> Row:
        at = self.columns.ats[number]
        which = 0 if self._rules is not None else self.lean.number_at(at)
        case: Case = self._cases[which][self.columns.sorts[number]]
        return at, VIOLATION, self.lean.rules[which], case, place
