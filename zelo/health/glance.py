"""What a simulation needs to know of one account: its word, its penalties, its days of restriction; no reasons."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from zelo.health.fold import Fold
from zelo.health.ladder import Ladder
from zelo.health.lean import LeanSchedule, LeanTrack
from zelo.health.ledger import Entry, Ledger, sorted_out
from zelo.health.logic import entries_for, fold_of, standing
from zelo.health.readings import band_of, word_of
from zelo.policy.schedules.lengths import NEVER

Span = tuple[str, int, int]
"""Name of a penalty, start, end."""


class Glance(NamedTuple):
    """One account under one schedule."""

    band: str
    """The word for its standing, or its tier; empty when the schedule has neither."""
    in_force: tuple[str, ...]
    """Names of the penalties in force."""
    spans: tuple[Span, ...]
    """Every penalty that started, in order of its start."""


NOTHING = Glance("", (), ())


class Glancer:
    """Looks at accounts under one schedule at one instant; built once."""

    def __init__(self, lean: LeanSchedule, as_of: int) -> None:
        self.lean, self.as_of = lean, as_of
        rules = lean.at(as_of).rules
        every = [one.rules for one in lean.rules]
        self.is_whole = any(r.tiers.tiers or r.conventions.appeal_pending == "pauses" for r in every) or any(
            one.rates for one in lean.rules
        )
        """Whether only the whole standing tells band and penalties."""
        self._words = rules.words
        self._needs_balances = any(word.warned or word.bands for word in rules.words)
        self._tracks = lean.at(as_of).by_number
        first = {number: band_of(track, track.value_of(0)) for number, track in self._tracks.items()}
        self._starts = {number: band for number, band in first.items() if band is not None}
        """The bands of tracks on which nothing is counted."""
        self._bare: dict[tuple[str, ...], str] = {}

    def of_entries(self, entries: Sequence[Entry]) -> Glance:
        """Return what the entries of an account come to."""
        if self.is_whole:
            found = standing(entries, self.lean, self.as_of)
            gone = [p for p in found.past if p.start <= self.as_of]
            spans = [(p.name, p.start, NEVER if p.until is None else p.until) for p in (*found.penalties, *gone)]
            names = tuple(sorted(p.name for p in found.penalties))
            return Glance(found.word or found.tier, names, tuple(sorted(spans, key=lambda s: (s[1], s[0], s[2]))))
        return self.of_ledger(sorted_out(entries_for(entries, (), self.lean), self.as_of))

    def of_ledger(self, ledger: Ledger) -> Glance:
        """Return what a ledger comes to that was sorted out before; not for schedules of which `is_whole` holds."""
        return self.of_fold(fold_of(self.lean, ledger, self.as_of))

    def of_fold(self, fold: Fold) -> Glance:
        """Return what a finished fold comes to; not for schedules of which `is_whole` holds."""
        names, spans = self.spans_of(fold)
        if self._needs_balances:
            return Glance(self._word(fold, names), names, spans)
        band = self._bare.get(names)
        if band is None:
            band = self._bare[names] = self._word(fold, names)
        return Glance(band, names, spans)

    def spans_of(self, ladder: Ladder) -> tuple[tuple[str, ...], tuple[Span, ...]]:
        """Return the names of the penalties in force, and every penalty that started."""
        if not ladder.fired:
            return (), ()
        as_of = self.as_of
        found = [(f.use.name, f.start, f.end) for f in ladder.fired if f.start <= as_of]
        if len(found) > 1:
            found.sort(key=by_start)
        return tuple(sorted([name for name, _, end in found if as_of < end])), tuple(found)

    def _word(self, fold: Fold, names: tuple[str, ...]) -> str:
        """Return the word for the standing."""
        if not self._needs_balances:
            return word_of(self._words, names, False, ())
        as_of = self.as_of
        warned = any(w.end > as_of for w in fold.first) or any(w.end > as_of for w in fold.warnings)
        return self.word(names, warned, [(slot.track, slot.key, slot.load) for slot in fold.slots.values()])

    def word(
        self, names: tuple[str, ...], warned: bool, balances: Iterable[tuple[LeanTrack, tuple[str, ...], int]]
    ) -> str:
        """Return the word for penalties in force, a warning, and balances: track, key and load of those that count."""
        bands: list[str] = []
        counted = set()
        for kept, key, load in balances:
            track = self._tracks.get(kept.number, kept)
            counted.add(track.number)
            lead = track.track.warns_before
            if lead is not None and not warned:
                loads = track.ladder(key)[0]
                reached = bisect_right(loads, load)
                warned = reached < len(loads) and load >= loads[reached] - lead
            if track.track.bands and (band := band_of(track, track.value_of(load))) is not None:
                bands.append(band)
        bands += [band for number, band in self._starts.items() if number not in counted]
        return word_of(self._words, names, warned, bands)


def by_start(span: Span) -> tuple[int, str, int]:
    """Return what spans are ordered by."""
    return span[1], span[0], span[2]


def restricted_us(spans: Sequence[Span], until: int) -> int:
    """Return for how long at least one of the penalties held, up to an instant; spans are in order of their start."""
    total, reached = 0, -1
    for _, start, end in spans:
        if start < reached:
            start = reached
        if end > until:
            end = until
        if end > start:
            total += end - start
            reached = end
    return total
