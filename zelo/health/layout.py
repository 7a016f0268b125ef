"""What every schedule sees alike in the columns of a part, as arrays: owners, instants, what was taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zelo.health.columns import PLAIN, REVERSAL, Columns
from zelo.health.fold import REWARD, STEP, TRAINING, WARNING

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
_KEYS = 1 << 62


class Named(NamedTuple):
    """The entries of one kind that name something: a reward, or a training."""

    numbers: Ints
    names: Sequence[str]
    counts: Ints
    targets: Ints
    """Number of the entry it is about; -1 without one."""

    def of(self, name: str, kept: Bools) -> tuple[Ints, Ints]:
        """Return the numbers and counts of those of one name, where their entries are kept."""
        mine = np.array([own == name for own in self.names], np.bool_)
        mine &= kept[self.numbers]
        return self.numbers[mine], self.counts[mine]


class Layout:
    """The entries of many accounts as arrays."""

    def __init__(self, columns: Columns, ends: Sequence[int]) -> None:
        self.columns = columns
        self.ends = np.asarray(ends, np.int64)
        self.firsts = np.concatenate((np.zeros(1, np.int64), self.ends))[:-1]
        self.owner = np.repeat(np.arange(len(self.ends)), self.ends - self.firsts)
        self.ats = np.asarray(columns.ats, np.int64)
        self.sorts = np.asarray(columns.sorts, np.int64)
        self.flags = np.frombuffer(columns.flags, np.uint8)
        self.plain: Bools = self.flags == PLAIN
        self.fits: Bools = np.ones(len(self.ends), np.bool_)
        """Accounts of violations, warnings, rewards, trainings and clear reversals of them, and nothing else."""
        self.fits[self.owner[(self.flags >= STEP) & (self.flags != REVERSAL)]] = False
        self.gone: Bools = np.zeros(len(self.ats), np.bool_)
        """Entries that were taken back."""
        self.corrected: Bools = np.zeros(len(self.ends), np.bool_)
        """Accounts with reversals."""
        many = max(int(self.ats.max() - self.ats.min()) + 3, 2) if len(self.ats) else 2
        self._begin, self._width = int(self.ats.min()) - 1 if len(self.ats) else 0, many
        self._many = max(_KEYS // many, 1)
        self._keys: dict[int, Ints] = {}
        ids = np.asarray(columns.ids, np.int64)
        self._width_ids = int(ids.max()) + 1 if len(ids) else 1
        keys = self.owner * self._width_ids + ids
        self._order = np.argsort(keys, kind="stable")
        self._ordered = keys[self._order]
        self.fits[self.owner[self._order[1:][self._ordered[1:] == self._ordered[:-1]]]] = False  # an id twice
        self._take_back(np.nonzero(self.flags == REVERSAL)[0])
        self.warnings = np.nonzero(self.flags == WARNING)[0]
        self.rewards, self.trainings = self._named(REWARD), self._named(TRAINING)

    def _targets(self, numbers: Ints) -> Ints:
        """Return the entries of the same account that some entries are about; -1 where there is none."""
        targets = np.array([self.columns.targets[number] for number in numbers.tolist()], np.int64)
        sought = self.owner[numbers] * self._width_ids + targets
        near = np.minimum(np.searchsorted(self._ordered, sought), max(len(self._ordered) - 1, 0))
        return np.where((targets >= 0) & (self._ordered[near] == sought), self._order[near], -1)

    def _take_back(self, reversals: Ints) -> None:
        """Work out which entries were taken back; accounts with unclear reversals do not fit."""
        if not len(reversals):
            return
        self.corrected[self.owner[reversals]] = True
        found = self._targets(reversals)
        clear = (found >= 0) & (found < reversals)
        clear[clear] = self.flags[found[clear]] != REVERSAL
        _, first, times = np.unique(found, return_index=True, return_counts=True)
        again = np.ones(len(found), np.bool_)
        again[first[times == 1]] = False
        unclear = ~clear | again
        self.fits[self.owner[reversals[unclear]]] = False
        self.gone[found[~unclear]] = True

    def _named(self, act: int) -> Named:
        numbers = np.nonzero(self.flags == act)[0]
        entries = [self.columns.others[number] for number in numbers.tolist()]
        counts = np.array([entry.count for entry in entries], np.int64)
        targets = self._targets(numbers) if len(numbers) else np.zeros(0, np.int64)
        return Named(numbers, [entry.name for entry in entries], counts, targets)

    def since(self, owners: Ints, instants: Ints) -> Ints:
        """Return for accounts, in order, and instants the number of the account's first entry that is later."""
        total = len(self.ends)
        wanted = np.clip(instants - self._begin, 0, self._width - 1)
        found = np.empty(len(owners), np.int64)
        for low in range(0, total, self._many):
            some = slice(*np.searchsorted(owners, (low, low + self._many)).tolist())
            keys = (owners[some] - low) * self._width + wanted[some]
            found[some] = int(self.firsts[low]) + np.searchsorted(self._keys_from(low), keys, side="right")
        return found

    def _keys_from(self, low: int) -> Ints:
        """Return owner and instant as one number for the entries of accounts from a number on, as many as fit."""
        keys = self._keys.get(low)
        if keys is None:
            first, last = int(self.firsts[low]), int(self.ends[min(low + self._many, len(self.ends)) - 1])
            keys = (self.owner[first:last] - low) * self._width + (self.ats[first:last] - self._begin)
            self._keys[low] = keys
        return keys
