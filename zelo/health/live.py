"""Account health beside a stream of events: each account's ledger as it grows, and its standing as of an instant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from msgspec import structs

from zelo.health.lean import LeanSchedule
from zelo.health.ledger import Entry
from zelo.health.logic import LAST, standing
from zelo.health.standing import Standing
from zelo.policy.schedules.values import UNIT, Schedule

_COUNTER = 1 << 20
_PER_EVENT = 1 << 10
_SEVERITIES = ("low", "medium", "high", "severe")


class Asked(NamedTuple):
    """What an effect asks of an account's ledger."""

    kind: str
    """`charge` or `reward`."""
    name: str
    """The violation, or the reward."""
    severity: str = ""


class Now:
    """The standing of one account as of an instant, worked out when something of it is read."""

    def __init__(self, entries: Sequence[Entry], lean: LeanSchedule, order_key: int) -> None:
        self.entries, self.lean, self._order_key = entries, lean, order_key
        self.as_of = (order_key >> 20) * 1_000

    @cached_property
    def whole(self) -> Standing:
        """Return the standing itself."""
        return standing(self.entries, self.lean, self.as_of)

    @cached_property
    def points(self) -> float | None:
        """Return the balance of the schedule's first track that is kept for the whole account."""
        for track in self.lean.at(self.as_of).tracks:
            if not track.track.per:
                balance = self.whole.balance(track.track.name)
                return None if balance is None or balance.value is None else balance.value / UNIT
        return None

    @cached_property
    def penalties(self) -> tuple[str, ...]:
        """Return the names of the penalties in force, each once."""
        return tuple(sorted({penalty.name for penalty in self.whole.penalties}))

    @cached_property
    def tier(self) -> str:
        """Return the tier; empty when the account has none."""
        return self.whole.tier

    def violations(self, within_us: int) -> int:
        """Return how many violations of the last so many microseconds stand, those of this instant included."""
        gone = {entry.target for entry in self.entries if entry.kind == "reversal" and entry.at <= self.as_of}
        since = self.as_of - within_us
        return sum(e.kind == "violation" and since <= e.at <= self.as_of and e.id not in gone for e in self.entries)

    def after(self, asked: Iterable[Asked]) -> Now:
        """Return the standing after what lower strata ask for on the same event."""
        new = entries_of(asked, "", "asked", self._order_key)
        return Now([*self.entries, *new], self.lean, self._order_key) if new else self


def entries_of(asked: Iterable[Asked], account: str, event: str, order_key: int) -> list[Entry]:
    """Return the entries that the effects of one event become: of several charges for one violation the gravest."""
    gravest: dict[tuple[str, str], Asked] = {}
    for one in asked:
        key = one.kind, one.name
        if key not in gravest or _rank(one) > _rank(gravest[key]):
            gravest[key] = one
    at, first = (order_key >> 20) * 1_000, order_key % _COUNTER * _PER_EVENT
    found = []
    for number, one in enumerate(gravest.values()):
        kind, charged = ("violation", one.name) if one.kind == "charge" else ("reward", "")
        name = "" if charged else one.name
        ident = f"{event}:{one.name}"
        found.append(
            Entry(ident, kind, at, account, charged, one.severity, name=name, order=first + number, decision=event)
        )
    return found


def _rank(asked: Asked) -> int:
    return _SEVERITIES.index(asked.severity) if asked.severity in _SEVERITIES else -1


def standing_after(charges: Iterable[tuple[int, str, Asked]], lean: LeanSchedule, order_key: int) -> Now:
    """Return the standing that one account's effects, as (order key, event id, what it asks), come to before an event.

    Pure, and what any engine may use that knows which effects came before: effects of the event itself and later ones
    play no part.
    """
    entries: list[Entry] = []
    by_event: dict[tuple[int, str], list[Asked]] = {}
    for key, event, asked in charges:
        if key < order_key:
            by_event.setdefault((key, event), []).append(asked)
    for (key, event), together in sorted(by_event.items(), key=lambda pair: pair[0]):
        entries += entries_of(together, "", event, key)
    return Now(entries, lean, order_key)


class Accounts:
    """The ledgers that the events have led to, by kind of entity and id."""

    def __init__(self, schedules: Mapping[str, Schedule]) -> None:
        self._leans = {entity: LeanSchedule(schedule) for entity, schedule in schedules.items()}
        self._ledgers: dict[str, dict[object, list[Entry]]] = {entity: {} for entity in schedules}

    def view(self, entity: str) -> Callable[[object, int], Now]:
        """Return a function of (id, order key) that gives the standing as of an event."""
        ledgers, lean = self._ledgers[entity], self._leans[entity]

        def now(ident: object, order_key: int) -> Now:
            return Now(ledgers.get(str(ident), ()), lean, order_key)

        return now

    def governs(self, entity: str) -> bool:
        """Say whether a schedule governs entities of a kind."""
        return entity in self._leans

    def add(self, entity: str, ident: object, asked: Sequence[Asked], event: str, order_key: int) -> None:
        """Enter what the effects of one event ask of one account."""
        self._ledgers[entity].setdefault(str(ident), []).extend(entries_of(asked, str(ident), event, order_key))

    def enter(self, entity: str, ident: object, entry: Entry) -> None:
        """Enter a row that did not come from an event: a reversal, a finished training."""
        self._ledgers[entity].setdefault(str(ident), []).append(entry)

    def take_back(self, entity: str, ident: object, asked: Asked, event: str, at: int) -> None:
        """
        Let what an effect of an event asked for no longer count from an instant on, once.

        Of several charges for one violation only the gravest was entered: a milder one has nothing to take back.
        """
        entry = f"{event}:{asked.name}"
        ledger = self._ledgers[entity].setdefault(str(ident), [])
        if not any(e.id == entry and e.severity != asked.severity or e.target == entry for e in ledger):
            back = Entry(f"{entry}:back", "reversal", at, str(ident), target=entry, order=LAST, decision=event)
            ledger.append(back)

    def rename(self, entity: str, ident: str, other: str) -> None:
        """Keep the ledger of an account under another id."""
        ledgers = self._ledgers.get(entity, {})
        if ident in ledgers:
            moved = [structs.replace(entry, account=other) for entry in ledgers.pop(ident)]
            ledgers[other] = [*ledgers.get(other, ()), *moved]

    def reword(self, events: Mapping[str, str]) -> None:
        """Name events by other ids, in every entry that came from one."""
        for ledgers in self._ledgers.values():
            for ident, entries in ledgers.items():
                if any(entry.decision in events for entry in entries):
                    ledgers[ident] = [_reworded(entry, events) for entry in entries]

    def dump(self) -> dict[str, list[tuple[object, list[dict[str, Any]]]]]:
        """Return everything as plain values."""
        return {
            entity: [(ident, [structs.asdict(entry) for entry in entries]) for ident, entries in ledgers.items()]
            for entity, ledgers in self._ledgers.items()
        }

    def load(self, saved: Mapping[str, Iterable[tuple[object, Iterable[Mapping[str, Any]]]]]) -> None:
        """Take over what `dump` gave; views made before stay valid."""
        for entity, ledgers in self._ledgers.items():
            ledgers.clear()
            for ident, rows in saved.get(entity, ()):
                ledgers[ident] = [Entry(**{**row, "attributes": _pairs(row["attributes"])}) for row in rows]


def _reworded(entry: Entry, events: Mapping[str, str]) -> Entry:
    if entry.decision not in events:
        return entry
    other, length = events[entry.decision], len(entry.decision)
    target = other + entry.target[length:] if entry.target else ""
    return structs.replace(entry, decision=other, id=other + entry.id[length:], target=target)


def _pairs(rows: Iterable[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in rows)
