"""The standing of an account: a pure fold over its ledger, with what was vacated and what comes next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from zelo.health.appeals import appeals_of, paused
from zelo.health.fold import ACTS, TAKEN_BACK, VIOLATION, Fold, Row
from zelo.health.lean import LeanRules, LeanSchedule
from zelo.health.ledger import Entry, Ledger, sorted_out
from zelo.health.programmes import payouts_of, requests_of
from zelo.health.rates import Facts, rate_balances, rate_penalties
from zelo.health.readings import all_balances, penalty_of, restrictions_of, word_for
from zelo.health.slots import Fired
from zelo.health.standing import Duty, Next, Past, Penalty, Standing, Vacated, Warning
from zelo.health.tiers import tier_of
from zelo.policy.schedules.lengths import NEVER
from zelo.policy.schedules.values import Schedule

_VIOLATIONS = frozenset({"violation"})
LAST = 1 << 60
"""The order of an entry that is taken after all others of its instant."""


def standing(
    entries: Sequence[Entry],
    schedule: Schedule | LeanSchedule,
    as_of: int,
    linked: Sequence[Entry] = (),
) -> Standing:
    """Return the standing that the entries of one account come to at an instant; total: it raises nothing.

    Entries later than the instant play no part, and neither does the order in which the others arrived. `linked` are
    the entries of linked accounts; they count where the schedule says so.
    """
    lean = schedule if isinstance(schedule, LeanSchedule) else LeanSchedule(schedule)
    ledger = sorted_out(entries_for(entries, linked, lean), as_of)
    fold = fold_of(lean, ledger, as_of)
    found = _Standing(lean, ledger, fold, as_of).build()
    return replace(found, vacated=_vacated(lean, ledger, as_of)) if ledger.reversed_by or ledger.migrations else found


def entries_for(entries: Sequence[Entry], linked: Sequence[Entry], lean: LeanSchedule) -> list[Entry]:
    """Return the entries that the schedule reads."""
    name = lean.schedule.name
    mine = [entry for entry in entries if not entry.schedule or entry.schedule == name]
    if linked and any(rules.rules.linked_count for rules in lean.rules):
        mine += [e for e in linked if e.kind in ("violation", "reversal") and e.schedule in ("", name)]
    return mine


def fold_of(lean: LeanSchedule, ledger: Ledger, until: int) -> Fold:
    """Fold a ledger as it reads at an instant: without what was taken back by then."""
    entries = ledger.entries
    fold = Fold(lean, entries)
    taken = 0
    if not lean.dates and not ledger.reversed_by and ledger.kinds == _VIOLATIONS:
        rules = lean.rules[0]
        taken = fold.run_plain(rules, rules.one, until) if rules.one is not None else 0
    rows = rows_of(lean, ledger, until, fold, taken) if taken < len(entries) else ()
    fold.run(rows, until)
    return fold


def rows_of(lean: LeanSchedule, ledger: Ledger, until: int, fold: Fold, first: int = 0) -> list[Row]:
    """Return the rows that the fold takes: one for each entry that moves a balance, from the number `first` on."""
    gone = {target for target, reversal in ledger.reversed_by.items() if reversal.at <= until}
    points_only = bool(gone) and any(r.rules.conventions.appeal_granted == "points_only" for r in lean.rules)
    migrations = [m for m in ledger.migrations if m.at <= until]
    single = lean.rules[0] if not lean.dates else None
    if single is not None and not gone and ledger.kinds == _VIOLATIONS:
        case = single.case
        left = enumerate(ledger.entries[first:] if first else ledger.entries, first)
        return [(e.at, VIOLATION, single, case(e), n) for n, e in left if e.at <= until]
    rows: list[Row] = []
    for number, entry in enumerate(ledger.entries):
        act = ACTS.get(entry.kind, -1)
        at = entry.at
        if act < 0 or at > until or (gone and not points_only and entry.id in gone):
            continue
        rules = single if single is not None else lean.at(_date(entry, migrations))
        if act == VIOLATION:
            rows.append((at, act, rules, rules.case(entry), number))
        else:
            if act == ACTS["step"]:
                fold.done(entry)
            rows.append((at, act, rules, None, number))
        if points_only and entry.id in gone:
            rows.append((ledger.reversed_by[entry.id].at, TAKEN_BACK, rules, None, number))
    if points_only:
        rows.sort(key=lambda row: row[0])
    return rows


def _date(entry: Entry, migrations: Sequence[Entry]) -> int:
    """Return the date whose rules an entry falls under: its own, unless a later migration brought it under another."""
    date = entry.at if entry.given_under is None else entry.given_under
    for migration in migrations:
        if migration.at >= entry.at:
            date = migration.at if migration.given_under is None else migration.given_under
    return date


def _vacated(lean: LeanSchedule, ledger: Ledger, as_of: int) -> tuple[Vacated, ...]:
    """List the penalties that each decision took the ground from, with what of them was served by then."""
    decisions = sorted([*ledger.reversed_by.values(), *ledger.migrations], key=lambda e: (e.at, e.order, e.id))
    found: list[Vacated] = []
    for number, decision in enumerate(decisions):
        before = _upto(ledger, decisions[:number])
        after = _upto(ledger, decisions[: number + 1])
        old = fold_of(lean, before, decision.at)
        kept = {_identity(fired, old) for fired in fold_of(lean, after, decision.at).fired}
        for fired in old.fired:
            if _identity(fired, old) not in kept:
                served = max(min(fired.end, decision.at) - fired.start, 0)
                penalty = penalty_of(fired, old, lean)
                found.append(Vacated(penalty, decision.at, decision.id, served))
    return tuple(found)


def _upto(ledger: Ledger, decisions: Sequence[Entry]) -> Ledger:
    """Return a ledger as if only these decisions had been taken."""
    ids = {decision.id for decision in decisions}
    taken = {target: reversal for target, reversal in ledger.reversed_by.items() if reversal.id in ids}
    return Ledger(ledger.entries, taken, tuple(m for m in ledger.migrations if m.id in ids), (), ledger.kinds)


def _identity(fired: Fired, fold: Fold) -> tuple[str, str, int, int]:
    return fired.use.name, fold.entries[fired.entry].id, fired.start, fired.end


class _Standing:
    """Puts a standing together from a fold."""

    def __init__(self, lean: LeanSchedule, ledger: Ledger, fold: Fold, as_of: int) -> None:
        self.lean, self.ledger, self.fold, self.as_of = lean, ledger, fold, as_of
        self.rules: LeanRules = lean.at(as_of)

    def build(self) -> Standing:
        """Return the standing."""
        fold, as_of, rules = self.fold, self.as_of, self.rules
        balances = all_balances(fold, rules, as_of)
        appeals = appeals_of(self.lean, self.ledger, fold) if self._has("appeal") else ()
        self.waits = bool(appeals) and rules.rules.conventions.appeal_pending == "pauses"
        self.appeals = appeals
        now: list[Penalty] = [
            penalty
            for fired in fold.fired
            if fired.start <= as_of
            and (as_of < fired.end or self.waits)
            and self._in_force(penalty := self._penalty(fired))
        ]
        warnings = self._warnings()
        facts = Facts(self.ledger, self.lean, as_of) if self._has("measure") or rules.rules.tiers.tiers else None
        if facts is not None and rules.rates:
            found = rate_balances(facts, rules)
            balances += found
            now += rate_penalties(facts, rules, found)
        tier, perks = tier_of(self.lean, self.ledger, facts, _quick) if facts is not None else ("", ())
        live, ends = self._live()
        ends += [p.until for p in now if p.until is not None] + [w.until for w in warnings if w.until is not None]
        return Standing(
            account=next((e.account for e in self.ledger.entries), ""),
            as_of=as_of,
            schedule=self.lean.schedule.name,
            version=self.lean.schedule.version,
            word=word_for(rules.rules.words, now, balances, warnings),
            balances=balances,
            penalties=tuple(now),
            later=Past(self._past),
            warnings=warnings,
            duties=self._duties(),
            appeals=appeals,
            refused=tuple(fold.refused),
            tier=tier,
            perks=perks,
            requests=requests_of(self.lean, self.ledger) if self._has("request") else (),
            payouts=payouts_of(rules, self.ledger, as_of) if rules.rules.payouts else (),
            live=live,
            next_expiry=min((end for end in ends if as_of < end < NEVER), default=None),
            notes=(*self.ledger.notes, *fold.notes) if self.ledger.notes or fold.notes else (),
            restrictions=restrictions_of(now),
        )

    def _has(self, kind: str) -> bool:
        return kind in self.ledger.kinds

    def _penalty(self, fired: Fired) -> Penalty:
        """Return a penalty as the appeals leave it."""
        penalty = penalty_of(fired, self.fold, self.lean)
        return paused(penalty, self.appeals, self.ledger, self.as_of) if self.waits else penalty

    def _in_force(self, penalty: Penalty) -> bool:
        over = penalty.until is not None and self.as_of >= penalty.until
        return penalty.start <= self.as_of and not over and penalty.paused_until is None

    def _past(self) -> tuple[Penalty, ...]:
        """Return the penalties that are not in force."""
        penalties = (self._penalty(fired) for fired in self.fold.fired)
        return tuple(penalty for penalty in penalties if not self._in_force(penalty))

    def _warnings(self) -> tuple[Warning, ...]:
        """Return the warnings given; those that ended are left out."""
        entries, as_of = self.fold.entries, self.as_of
        found = []
        for warned in (*self.fold.first, *self.fold.warnings, *self.fold.near.values()):
            if warned.end > as_of:
                slot = warned.slot
                milestone = None if slot is None else slot.track.value_of(warned.milestone)
                track = "" if slot is None else slot.track.track.name
                until = None if warned.end == NEVER else warned.end
                found.append(Warning(warned.name, warned.at, until, entries[warned.entry].id, track, milestone))
        return tuple(found)

    def _duties(self) -> tuple[Duty, ...]:
        """Return what the account has to do; of one duty the latest date."""
        latest: dict[str, Duty] = {}
        for use, at, due, number in self.fold.duties:
            latest[use.name] = Duty(use.name, at, due, self.fold.entries[number].id)
        return tuple(latest.values())

    def _live(self) -> tuple[tuple[str, ...], list[int]]:
        """Return the violations on record, and when items end."""
        as_of, numbers, ends = self.as_of, set[int](), list[int]()
        for slot in self.fold.slots.values():
            items = slot.live(as_of)
            numbers.update([item[3] for item in items])
            ends += (slot.next_end,) if slot.plain else [item[1] for item in items]
        numbers.update(w.entry for w in self.fold.first if w.end > as_of)
        entries = self.fold.entries
        return tuple([entries[number].id for number in sorted(numbers)]), ends


def _quick(lean: LeanSchedule, ledger: Ledger, at: int) -> Standing:
    """Return the standing at an earlier instant, for the conditions of tiers."""
    before = Ledger(
        tuple(e for e in ledger.entries if e.at <= at), ledger.reversed_by, ledger.migrations, (), ledger.kinds
    )
    fold = fold_of(lean, before, at)
    rules = lean.at(at)
    balances = all_balances(fold, rules, at)
    facts = Facts(before, lean, at)
    balances += rate_balances(facts, rules) if rules.rates else ()
    penalties = [penalty_of(f, fold, lean) for f in fold.fired if f.start <= at < f.end]
    return Standing("", at, lean.schedule.name, "", "", balances, tuple(penalties))


def next_step(
    entries: Sequence[Entry], schedule: Schedule | LeanSchedule, as_of: int, *, violation: str = "", severity: str = ""
) -> Next:
    """Return what one more violation at this instant would bring; attributes are those of the latest violation."""
    lean = schedule if isinstance(schedule, LeanSchedule) else LeanSchedule(schedule)
    ledger = sorted_out(entries_for(entries, (), lean), as_of)
    last = next((e for e in reversed(ledger.entries) if e.kind == "violation"), None)
    known = lean.schedule.violations
    what = violation or (last.violation if last else "") or next(iter(known), "")
    attributes = last.attributes if last else ()
    new = Entry("next violation", "violation", as_of, "", what, severity, attributes, order=LAST)
    before = fold_of(lean, ledger, as_of)
    after = fold_of(lean, replace(ledger, entries=(*ledger.entries, new)), as_of)
    number = len(ledger.entries)
    penalties = tuple(penalty_of(fired, after, lean) for fired in after.fired if fired.entry == number)
    balances = all_balances(after, lean.at(as_of), as_of)
    warned = len(after.first) > len(before.first)
    is_open = any(note.code == "points_missing" and note.entry == new.id for note in after.notes)
    return Next(what, severity, penalties, warned, {b.track: b.value for b in balances}, is_open)


def next_steps(entries: Sequence[Entry], schedule: Schedule | LeanSchedule, as_of: int) -> Mapping[str, Next]:
    """Return what one more violation of each severity would bring, mildest first."""
    lean = schedule if isinstance(schedule, LeanSchedule) else LeanSchedule(schedule)
    return {word: next_step(entries, lean, as_of, severity=word) for word in lean.schedule.severities or ("",)}
