"""One part of a ledger under two schedules: the tally, the moves, and the points of the curves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from zlib import crc32

import numpy as np

from zelo.health.columns import OTHER, PLAIN, REVERSAL, Columns, Side
from zelo.health.comparing import Move, Tally, count_repeats
from zelo.health.curves import Variation
from zelo.health.glance import Glance, restricted_us
from zelo.health.layout import Layout
from zelo.health.lean import LeanSchedule
from zelo.health.sweep import Sweep
from zelo.policy.schedules.lengths import DAY_US

_NOBODY = ("", "", "", "")
_HASHES = 1 << 32


@dataclass(frozen=True)
class Comparison:
    """What to compare; built once for all parts."""

    before: LeanSchedule
    after: LeanSchedule
    as_of: int
    curves: tuple[Variation, ...] = ()
    sampled: float = 0.0
    """The share of accounts that the curves are drawn from."""


@dataclass
class Drawn:
    """The points of the curves over some accounts."""

    accounts: int = 0
    restricted: Counter[tuple[str, float]] = field(default_factory=Counter)
    """Accounts that were ever restricted."""
    days: Counter[tuple[str, float]] = field(default_factory=Counter)
    places: set[tuple[str, float]] = field(default_factory=set)
    """Every point there is, also those at which nobody is restricted."""

    def join(self, other: Drawn) -> None:
        """Add what was drawn from other accounts."""
        self.accounts += other.accounts
        self.restricted.update(other.restricted)
        self.days.update(other.days)
        self.places |= other.places


def compare(
    comparison: Comparison,
    columns: Columns,
    accounts: Sequence[str],
    ends: Sequence[int],
    facts: Mapping[str, tuple[str, str, str, str]],
) -> tuple[Tally, Drawn, list[Move]]:
    """Fold every account of a part under both schedules, and the sampled ones under every variation."""
    as_of = comparison.as_of
    layout = Layout(columns, ends)
    side = Side(comparison.after, as_of, columns)
    before, after = Sweep(Side(comparison.before, as_of, columns), layout), Sweep(side, layout)
    tally, moves = Tally(as_of), list[Move]()
    tally.entries = len(columns.ats)
    after_all = after.glances(accounts)
    pairs = zip(before.glances(accounts), after_all, strict=True)
    stood = _Stood(columns, layout)
    mistaken = after.glances(accounts, stood.corrected, keep_reversed=True)
    quiet: Counter[tuple[str, tuple[str, str, str, str]]] = Counter()
    for number, (account, (old, new)) in enumerate(zip(accounts, pairs, strict=True)):
        nature = facts.get(account, _NOBODY)
        if old.spans or new.spans:
            instants = stood.instants(number)
            if old.spans:
                count_repeats(tally.before.repeats, old.spans, instants, as_of)
            if new.spans:
                count_repeats(tally.after.repeats, new.spans, instants, as_of)
        elif old.band == new.band:
            quiet[old.band, nature] += 1
            continue
        move = tally.add(account, old, new, nature)
        if move is not None:
            moves.append(move)
    for (band, nature), times in quiet.items():
        tally.add_quiet(band, nature, times)
    tally.counts.update(stood.counts)
    for number in np.nonzero(stood.corrected)[0].tolist():
        days = _mistaken(columns, stood.place(number), mistaken[number], after_all[number])
        tally.add_mistake(accounts[number], days)
    return tally, _drawn(comparison, columns, accounts, stood), moves


def _drawn(comparison: Comparison, columns: Columns, accounts: Sequence[str], stood: _Stood) -> Drawn:
    """Fold the sampled accounts under every variation."""
    drawn = Drawn(places={(one.curve, one.at) for one in comparison.curves})
    limit = int(comparison.sampled * _HASHES) if comparison.curves else 0
    numbers = [number for number, account in enumerate(accounts) if limit and crc32(account.encode()) < limit]
    if not numbers:
        return drawn
    drawn.accounts = len(numbers)
    names = [accounts[number] for number in numbers]
    some, ends = columns.some([stood.place(number) for number in numbers])
    layout = Layout(some, ends)
    for one in comparison.curves:
        for glance in Sweep(Side(one.lean, comparison.as_of, some), layout).glances(names):
            if glance.spans:
                drawn.restricted[one.curve, one.at] += 1
                drawn.days[one.curve, one.at] += restricted_us(glance.spans, comparison.as_of)
    return drawn


class _Stood:
    """The violations of each account of a part that were not taken back."""

    def __init__(self, columns: Columns, layout: Layout) -> None:
        self._columns = columns
        self._firsts, self._ends = layout.firsts.tolist(), layout.ends.tolist()
        stands = layout.plain & ~layout.gone
        self._stands = stands.tobytes()
        sums = np.concatenate((np.zeros(1, np.int64), np.cumsum(stands, dtype=np.int64)))
        self.counts: list[int] = (sums[layout.ends] - sums[layout.firsts]).tolist()
        """How many each account has."""
        self.corrected = layout.corrected & layout.fits
        """Accounts of which a reversal took something back."""
        self._odd: dict[int, Sequence[int]] = {}
        for number in np.nonzero(~layout.fits)[0].tolist():
            found, is_corrected = _standing(columns, *self.place(number))
            self._odd[number], self.counts[number], self.corrected[number] = found, len(found), is_corrected

    def place(self, number: int) -> tuple[int, int]:
        """Return where the entries of an account begin and end."""
        return self._firsts[number], self._ends[number]

    def instants(self, number: int) -> Sequence[int]:
        """Return the instants of an account's violations."""
        found = self._odd.get(number)
        if found is None:
            place = slice(*self.place(number))
            found = list(compress(self._columns.ats[place], self._stands[place]))
        return found


def _standing(columns: Columns, first: int, last: int) -> tuple[Sequence[int], bool]:
    """Return the instants of the violations that stand, and whether a reversal took one back."""
    flags = columns.flags[first:last]
    if flags.count(PLAIN) == last - first:
        return columns.ats[first:last], False
    if REVERSAL not in flags and OTHER not in flags:
        return [at for at, flag in zip(columns.ats[first:last], flags, strict=True) if flag == PLAIN], False
    gone: set[int] = set()
    instants: list[int] = []
    own = set(columns.ids[first:last])
    for number in range(first, last):
        entry = columns.others.get(number)
        if entry is not None and entry.kind == "reversal" and columns.targets[number] in own:
            gone.add(columns.targets[number])
    for number in range(first, last):
        entry = columns.others.get(number)
        if (entry is None or entry.kind == "violation") and columns.ids[number] not in gone:
            instants.append(columns.ats[number])
    return instants, bool(gone)


def _mistaken(columns: Columns, place: tuple[int, int], mistaken: Glance, found: Glance) -> float:
    """Return the days of restriction up to the last reversal that would not have been without what it took back."""
    if mistaken.spans == found.spans:
        return 0.0
    others = (columns.others.get(number) for number in range(*place))
    until = max((entry.at for entry in others if entry is not None and entry.kind == "reversal"), default=0)
    served = restricted_us(mistaken.spans, until)
    return max(served - restricted_us(found.spans, until), 0) / DAY_US if served else 0.0
