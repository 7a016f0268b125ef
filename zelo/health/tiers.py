"""The tier of an account: conditions and perks, loss after a grace, and no rise for a while after a loss."""

from __future__ import annotations

from collections.abc import Callable

from zelo.health.lean import LeanSchedule
from zelo.health.ledger import Ledger
from zelo.health.programmes import met
from zelo.health.rates import Facts
from zelo.health.standing import Balance, Standing
from zelo.policy.schedules.lengths import DAY_US, NEVER
from zelo.policy.schedules.values import UNIT, Tier, Tiers

Look = Callable[[LeanSchedule, Ledger, int], Standing]


def tier_of(lean: LeanSchedule, ledger: Ledger, facts: Facts, look: Look) -> tuple[str, tuple[str, ...]]:
    """Return the account's tier and its perks; empty when it has none."""
    tiers = lean.at(facts.as_of).rules.tiers
    if not tiers.tiers:
        return "", ()
    held = -1
    failing_since: int | None = None
    lost_at: int | None = None
    for at in _instants(tiers, lean, ledger, facts, look):
        earned = _earned(tiers.tiers, lean, ledger, facts, at, look)
        if earned >= held:
            failing_since = None
            resting = lost_at is not None and tiers.regained_after is not None
            if earned > held and not (resting and at < _after(tiers, lost_at, lean)):
                held = earned
            continue
        failing_since = at if failing_since is None else failing_since
        if tiers.lost_after is None or at >= tiers.lost_after.after(failing_since, lean.zone):
            held, lost_at, failing_since = earned, at, None
    tier = tiers.tiers[held] if held >= 0 else None
    return (tier.name, tier.perks) if tier else ("", ())


def _after(tiers: Tiers, lost_at: int | None, lean: LeanSchedule) -> int:
    return NEVER if lost_at is None or tiers.regained_after is None else tiers.regained_after.after(lost_at, lean.zone)


def _instants(tiers: Tiers, lean: LeanSchedule, ledger: Ledger, facts: Facts, look: Look) -> list[int]:
    """Return the instants at which the tier can change: entries, ends, clean days, grace and rest; or its own days."""
    instants = {entry.at for entry in ledger.entries} | {r.at for r in ledger.reversed_by.values()}
    days = {n.least for t in tiers.tiers for n in t.needs if n.about == "clean_days" and n.least}
    for entry in ledger.entries:
        if entry.kind == "violation":
            instants |= {entry.at + count // UNIT * DAY_US for count in days}
    now = look(lean, ledger, facts.as_of)
    for penalty in now.penalties:
        instants |= {penalty.start} | ({penalty.until} if penalty.until is not None else set())
    instants |= {item.until for b in _every(lean, ledger, facts, look) for item in b.items if item.until is not None}
    for length in (tiers.lost_after, tiers.regained_after):
        if length is not None:
            instants |= {length.after(at, lean.zone) for at in tuple(instants)}
    if tiers.evaluated is not None:
        zone = lean.schedule.time_zone
        first = {tiers.evaluated.at_or_after(at, zone) for at in instants}
        instants = first | {tiers.evaluated.following(at, zone) for at in first}
    else:
        instants.add(facts.as_of)
    return sorted(at for at in instants if at <= facts.as_of)


def _every(lean: LeanSchedule, ledger: Ledger, facts: Facts, look: Look) -> list[Balance]:
    """Return the balances after each violation, whose items tell when they end."""
    found: list[Balance] = []
    for entry in ledger.entries:
        if entry.kind == "violation" and entry.at <= facts.as_of:
            found += look(lean, ledger, entry.at).balances
    return found


def _earned(tiers: tuple[Tier, ...], lean: LeanSchedule, ledger: Ledger, facts: Facts, at: int, look: Look) -> int:
    """Return the number of the highest tier whose conditions hold; -1 when none does."""
    known: dict[str, int | str] = dict(facts.at(at))
    state = look(lean, ledger, at)
    for balance in state.balances:
        if balance.value is not None and not balance.key:
            known[balance.track] = balance.value
        if balance.band is not None:
            known[f"{balance.track}.band"] = balance.band
    known["penalties"] = len(state.penalties) * UNIT
    known["clean_days"] = _clean_days(ledger, at)
    for number in range(len(tiers) - 1, -1, -1):
        if all(met(need, known.get(need.about)) for need in tiers[number].needs):
            return number
    return -1


def _clean_days(ledger: Ledger, at: int) -> int:
    """Return the days since the last violation that was not taken back by then, in millionths."""
    last = None
    for entry in ledger.entries:
        if entry.kind == "violation" and entry.at <= at:
            reversal = ledger.reversed_by.get(entry.id)
            if reversal is None or reversal.at > at:
                last = entry.at
    return NEVER if last is None else (at - last) * UNIT // DAY_US
