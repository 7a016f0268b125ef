"""Programmes an account can ask to enter, and the earnings they pay out."""

from __future__ import annotations

from zelo.health.lean import LeanRules, LeanSchedule
from zelo.health.ledger import Entry, Ledger
from zelo.health.standing import Paid, Request
from zelo.policy.schedules.lengths import NEVER
from zelo.policy.schedules.values import Need


def requests_of(lean: LeanSchedule, ledger: Ledger) -> tuple[Request, ...]:
    """Answer each request by the rules of its date, with every condition that failed; what is not said fails."""
    found = []
    for entry in ledger.entries:
        if entry.kind == "request" and entry.id not in ledger.reversed_by:
            rules = lean.at(entry.at)
            needs = rules.rules.gates.get(entry.name)
            if needs is None:
                found.append(Request(entry.id, entry.name, False, ("unknown_name",)))
                continue
            failed = tuple(n.name for n in needs if rules.fits(n.when, entry) and not met(n, entry.values.get(n.about)))
            found.append(Request(entry.id, entry.name, not failed, failed))
    return tuple(found)


def met(need: Need, value: int | str | None) -> bool:
    """Say whether a value meets a condition; one that is not known does not, unless only some values are excluded."""
    if need.none_of is not None:
        return value is None or str(value) not in need.none_of
    if value is None:
        return False
    if need.among is not None:
        return str(value) in need.among
    if isinstance(value, str):
        return False
    return (
        (need.least is None or value >= need.least)
        and (need.most is None or value <= need.most)
        and (need.above is None or value > need.above)
    )


def payouts_of(rules: LeanRules, ledger: Ledger, as_of: int) -> tuple[Paid, ...]:
    """Return what was earned and paid: on each stated day everything, when it is enough, else it is carried over."""
    found = []
    zone = rules.schedule.time_zone
    for payout in rules.rules.payouts:
        earned = [
            (entry.at, value)
            for entry in ledger.entries
            if entry.id not in ledger.reversed_by and isinstance(value := _earned(entry, payout.of), int)
        ]
        paid, balance, due = 0, 0, NEVER
        for at, value in [*earned, (as_of + 1, 0)]:
            if due < at and balance >= payout.at_least:
                paid, balance = paid + balance, 0
            balance += value
            due = payout.on.at_or_after(at, zone)
        found.append(Paid(payout.name, paid, balance))
    return tuple(found)


def _earned(entry: Entry, name: str) -> int | str | None:
    return entry.values.get(name) if entry.kind == "measure" else None
