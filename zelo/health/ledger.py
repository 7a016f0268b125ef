"""The entries of a ledger: what happened to an account, never changed, corrected by further entries."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise
from operator import attrgetter

from msgspec import Struct, field

from zelo.base.messages.message import N_

KINDS = (
    "violation",
    "warning",
    "reversal",
    "training",
    "reward",
    "migration",
    "appeal",
    "denial",
    "step",
    "measure",
    "request",
)
"""A violation; a warning that does not count; the taking back of an entry; a finished training; points earned; old
entries brought under another date of the schedule; an appeal and its denial (its grant is a reversal); something the
account did about a violation; facts that were measured; a request to enter a programme."""


class Entry(Struct, frozen=True):
    """One row of the ledger."""

    id: str
    kind: str
    at: int
    """When it took effect: microseconds since 1970."""
    account: str = ""
    violation: str = ""
    severity: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    """Further words about it (feature, surface, market), by name."""
    points: int | None = None
    """What it costs, in millionths, when the schedule lets the entry say."""
    count: int = 1
    """Of a reward: how many."""
    name: str = ""
    """Of a training, reward, step or request: which."""
    target: str = ""
    """The entry it is about."""
    values: Mapping[str, int | str] = field(default_factory=dict)
    """What was measured or is claimed: numbers in millionths, or words."""
    content_at: int | None = None
    """When the content was posted."""
    order: int = 0
    """Which of several entries of one instant comes first; then the id says."""
    given_under: int | None = None
    """The date whose values hold for it, when not its own; of a migration: the date that holds from now on."""
    schedule: str = ""
    """The schedule it is for; empty: each that knows it."""
    version: str = ""
    """The version of the schedule it was given under, for the record."""
    decision: str = ""
    """The decision it came from, for the record."""
    ground: str = ""
    """Its legal or contractual ground, for the record."""


class Note(Struct, frozen=True, gc=False):
    """Something about an entry that a reader should know: why it had no effect, or not the one it asks for."""

    code: str
    """A key of `NOTES`."""
    entry: str


NOTES: Mapping[str, str] = {
    "duplicate_id": N_("another entry has the same id and came first; this one has no effect"),
    "no_target": N_("there is no entry it could be about; it has no effect"),
    "before_target": N_("it is earlier than the entry it is about; it has no effect"),
    "reversal_of_reversal": N_("a reversal is not reversed: a new violation is entered instead; it has no effect"),
    "already_reversed": N_("its target was reversed before; it has no effect"),
    "unknown_violation": N_("the schedule does not know the violation; it costs nothing"),
    "unknown_severity": N_("the schedule does not know the severity; it counts as one without"),
    "unknown_kind": N_("a ledger has no such entries; it has no effect"),
    "unknown_name": N_("the schedule does not know this training, reward or programme; it has no effect"),
    "points_missing": N_("the schedule lets the entry say what it costs, and it does not; it costs the least"),
    "points_out_of_range": N_("it says more or less than the schedule allows; it costs the nearest amount allowed"),
    "outside_calendar": N_("it lies before 1970 or after 2149; it has no effect"),
}
"""What each note means."""


class Ledger(Struct, frozen=True):
    """The entries of one account up to an instant, in order, sorted out once."""

    entries: tuple[Entry, ...]
    """Those that can have an effect."""
    reversed_by: Mapping[str, Entry]
    """By id of the entry taken back."""
    migrations: tuple[Entry, ...]
    notes: tuple[Note, ...]
    kinds: frozenset[str] = frozenset()
    """The kinds of its entries."""


_AT = attrgetter("at")
_ORDER = attrgetter("at", "order", "id")
_LAST = 5_680_281_600 * 1_000_000
"""The first instant of 2150."""
_PLAIN = frozenset({"violation", "warning", "training", "reward", "step", "measure", "request"})
"""Kinds that stand for themselves: none of them is about a decision on another entry."""


def _in_order(entries: Sequence[Entry], as_of: int) -> list[Entry]:
    """Return the entries up to an instant in order; most of them have an instant of their own."""
    instants = [entry.at for entry in entries]
    if instants and instants[-1] <= as_of and instants == sorted(instants):
        kept = list(entries)
    else:
        kept = sorted([entry for entry in entries if entry.at <= as_of], key=_AT)
        instants = [entry.at for entry in kept]
    if len(set(instants)) < len(instants):
        for at in {one for one, following in pairwise(instants) if one == following}:
            same = slice(bisect_left(instants, at), bisect_right(instants, at))
            kept[same] = sorted(kept[same], key=_ORDER)
    return kept


def _goes_out(kept: Sequence[Entry]) -> bool:
    """Say whether entries that are in order reach out of the years in which the calendar is known."""
    return kept[0].at < 0 or kept[-1].at >= _LAST


def _is_first(entry: Entry, first: Mapping[str, Entry], seen: set[str], notes: list[Note]) -> bool:
    """Say whether an entry is the first of its id and of a kind there is; note why not."""
    if entry.id in seen:
        if entry != first[entry.id]:
            notes.append(Note("duplicate_id", entry.id))
        return False
    seen.add(entry.id)
    if entry.kind not in KINDS:
        notes.append(Note("unknown_kind", entry.id))
        return False
    return True


def sorted_out(entries: Sequence[Entry], as_of: int) -> Ledger:
    """Put the entries up to an instant in order, whatever order they arrived in, and set aside those without effect."""
    kept = _in_order(entries, as_of)
    outside = [entry for entry in kept if not 0 <= entry.at < _LAST] if kept and _goes_out(kept) else []
    if outside:
        kept = [entry for entry in kept if 0 <= entry.at < _LAST]
    kinds = frozenset([entry.kind for entry in kept])
    if not outside and kinds <= _PLAIN and len({entry.id for entry in kept}) == len(kept):
        return Ledger(tuple(kept), {}, (), (), kinds)
    first = {entry.id: entry for entry in reversed(kept)}
    notes = [Note("outside_calendar", entry.id) for entry in outside]
    seen: set[str] = set()
    kept = [entry for entry in kept if _is_first(entry, first, seen, notes)]
    taken_back: dict[str, Entry] = {}
    migrations: list[Entry] = []
    others: list[Entry] = []
    for entry in kept:
        kind = entry.kind
        if kind == "migration":
            migrations.append(entry)
        elif kind == "reversal":
            if code := _unfit(entry, first, taken_back):
                notes.append(Note(code, entry.id))
            else:
                taken_back[entry.target] = entry
        elif kind in ("appeal", "denial") and (code := _unfit(entry, first, {})):
            notes.append(Note(code, entry.id))
        else:
            others.append(entry)
    return Ledger(tuple(others), taken_back, tuple(migrations), tuple(notes), frozenset([e.kind for e in others]))


def _unfit(entry: Entry, known: Mapping[str, Entry], taken_back: Mapping[str, Entry]) -> str | None:
    """Say why an entry cannot be about its target."""
    target = known.get(entry.target)
    if target is None:
        return "no_target"
    if target.kind in ("reversal", "migration", "denial"):
        return "reversal_of_reversal" if target.kind == "reversal" else "no_target"
    if _ORDER(target) > _ORDER(entry):
        return "before_target"
    return "already_reversed" if entry.target in taken_back else None
