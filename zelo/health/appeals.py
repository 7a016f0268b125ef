"""Which appeals are accepted, and what waits for them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from zelo.health.lean import LeanSchedule
from zelo.health.ledger import Entry, Ledger
from zelo.health.standing import Appeal, Penalty
from zelo.policy.schedules.values import AppealRule


def appeals_of(lean: LeanSchedule, ledger: Ledger, fold: object) -> tuple[Appeal, ...]:
    """Say of each appeal whether it came in time and was not one too many; the last instant of a term is in time."""
    by_id = {entry.id: entry for entry in ledger.entries}
    taken: dict[str, list[int]] = {}
    found = []
    for entry in ledger.entries:
        if entry.kind == "appeal":
            target = by_id[entry.target]
            rules = lean.at(target.at)
            rule = next((r for r in rules.rules.appeals if rules.fits(r.when, target)), None)
            reason = _refused(rule, entry, target, taken.get(target.id, ()), lean)
            if not reason:
                taken.setdefault(target.id, []).append(entry.at)
            found.append(Appeal(entry.id, target.id, not reason, reason))
    return tuple(found)


def _refused(rule: AppealRule | None, entry: Entry, target: Entry, taken: Sequence[int], lean: LeanSchedule) -> str:
    """Say why an appeal cannot be taken."""
    if rule is None:
        return ""
    if rule.within is not None and entry.at > rule.within.after(target.at, lean.zone):
        return "too_late"
    if rule.most is not None:
        recent = [at for at in taken if rule.per is None or entry.at < rule.per.after(at, lean.zone)]
        if len(recent) >= rule.most:
            return "too_many"
    return ""


def paused(penalty: Penalty, appeals: Sequence[Appeal], ledger: Ledger, as_of: int) -> Penalty:
    """Return a penalty as the appeals against its entry leave it: waiting, or over later by the time it waited."""
    filed = {a.entry for a in appeals if a.accepted and a.target == penalty.cause.entry}
    if not filed:
        return penalty
    starts = [e.at for e in ledger.entries if e.id in filed]
    ends = [e.at for e in ledger.entries if e.kind == "denial" and e.target == penalty.cause.entry]
    until, waited = penalty.until, 0
    waiting_from = None
    for at in sorted(starts):
        if waiting_from is None and (until is None or at < until + waited):
            end = next((end for end in sorted(ends) if end >= at), None)
            if end is None:
                waiting_from = at
            else:
                waited += end - max(at, penalty.start)
    if waiting_from is not None:
        return replace(penalty, paused_until=as_of)
    return penalty if until is None else replace(penalty, until=until + waited)
