"""One part of a ledger under two schedules: the tally, the moves, and the points of the curves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zlib import crc32

from zelo.health.columns import OTHER, PLAIN, REVERSAL, Columns, Side
from zelo.health.comparing import Move, Tally, count_repeats
from zelo.health.curves import Variation
from zelo.health.glance import Glance, restricted_us
from zelo.health.lean import LeanSchedule
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
    before, after = Side(comparison.before, as_of, columns), Side(comparison.after, as_of, columns)
    curves = [(one, Side(one.lean, as_of, columns)) for one in comparison.curves]
    tally, drawn, moves = Tally(as_of), Drawn(places={(one.curve, one.at) for one in comparison.curves}), list[Move]()
    tally.entries = len(columns.ats)
    limit = int(comparison.sampled * _HASHES) if curves else 0
    first = 0
    for account, last in zip(accounts, ends, strict=True):
        old, new = before.glance(first, last, account), after.glance(first, last, account)
        move = tally.add(account, old, new, facts.get(account, _NOBODY))
        if move is not None:
            moves.append(move)
        standing, is_corrected = _standing(columns, first, last)
        tally.counts[len(standing)] += 1
        if old.spans:
            count_repeats(tally.before.repeats, old.spans, standing, as_of)
        if new.spans:
            count_repeats(tally.after.repeats, new.spans, standing, as_of)
        if is_corrected:
            tally.add_mistake(account, _mistaken(after, columns, (first, last), account, new))
        if limit and crc32(account.encode()) < limit:
            drawn.accounts += 1
            for one, side in curves:
                if spans := side.glance(first, last, account).spans:
                    drawn.restricted[one.curve, one.at] += 1
                    drawn.days[one.curve, one.at] += restricted_us(spans, as_of)
        first = last
    return tally, drawn, moves


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


def _mistaken(side: Side, columns: Columns, place: tuple[int, int], account: str, found: Glance) -> float:
    """Return the days of restriction up to the last reversal that would not have been without what it took back."""
    others = (columns.others.get(number) for number in range(*place))
    until = max((entry.at for entry in others if entry is not None and entry.kind == "reversal"), default=0)
    served = restricted_us(side.glance(*place, account, keep_reversed=True).spans, until)
    return max(served - restricted_us(found.spans, until), 0) / DAY_US if served else 0.0
