"""Reads balances, penalties and the word for a standing off a finished fold."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from zelo.health.fold import Fold, live_at, position
from zelo.health.lean import LeanRules, LeanSchedule, LeanTrack
from zelo.health.slots import Fired, Slot
from zelo.health.standing import Balance, Cause, Item, Penalty, Warning
from zelo.policy.schedules.lengths import NEVER
from zelo.policy.schedules.values import Rung, StandingWord


def all_balances(fold: Fold, rules: LeanRules, at: int) -> tuple[Balance, ...]:
    """Return the balances on which something was counted, and one for each other track."""
    found = [_balance(slot, fold, rules, at) for slot in fold.slots.values()]
    if len(found) < len(rules.tracks) or len(rules.tracks) > 1:
        counted = {balance.track for balance in found}
        found += [balance_of(track) for track in rules.tracks if track.track.name not in counted]
    return tuple(found)


def _balance(slot: Slot, fold: Fold, rules: LeanRules, at: int) -> Balance:
    track = rules.by_number.get(slot.track.number, slot.track)
    value = track.value_of(slot.load)
    loads, rungs, _ = track.ladder(slot.key)
    reached = position(loads, slot.load)
    entries = fold.entries
    items = tuple(
        [Item(entries[number].id, amount, None if end == NEVER else end) for _, end, amount, number in slot.live(at)]
    )
    upcoming = loads[reached] if reached < len(loads) else None
    lead = track.track.warns_before
    return Balance(
        track.track.name,
        track.track.kind,
        slot.key,
        value,
        step_name(rungs, reached),
        reached,
        band_of(track, value),
        "",
        lead is not None and upcoming is not None and slot.load >= upcoming - lead,
        None if upcoming is None else track.value_of(upcoming),
        items,
        tuple([track.value_of(milestone) for _, milestone, _, _ in slot.reached]),
    )


def balance_of(track: LeanTrack) -> Balance:
    """Return the balance of a track on which nothing was counted."""
    value = track.value_of(0)
    loads, rungs, _ = track.ladder(())
    return Balance(
        track.track.name,
        track.track.kind,
        (),
        value,
        band=band_of(track, value),
        next_milestone=track.value_of(loads[0]) if loads else None,
    )


def step_name(rungs: Sequence[Rung], reached: int) -> str:
    """Return the name of the step that a balance stands on; its number when it has none."""
    return (rungs[reached - 1].step or str(reached)) if reached else ""


def band_of(track: LeanTrack, value: int) -> str | None:
    """Return the band of a rating."""
    for band in track.track.bands:
        if band.least is not None and value >= band.least:
            return band.name
    return None


def penalty_of(fired: Fired, fold: Fold, lean: LeanSchedule) -> Penalty:
    """Return a penalty with its reasons."""
    rules = lean.at(fired.at)
    kind = rules.rules.penalties.get(fired.use.name)
    if kind is None:
        kind = next(r.rules.penalties[fired.use.name] for r in lean.rules if fired.use.name in r.rules.penalties)
    return Penalty(
        fired.use.name,
        fired.start,
        None if fired.end == NEVER else fired.end,
        rules.scopes[fired.use.name] if fired.use.name in rules.scopes else tuple(kind.scopes.items()),
        reasoned(fired, fold),
        fold.toward(fired) if fired.use.toward else "",
        None,
        kind.reaches_linked,
    )


def reasoned(fired: Fired, fold: Fold) -> Cause:
    """Return the chain from a penalty to the entries that caused it."""
    entries, slot = fold.entries, fired.slot
    own = entries[fired.entry].id
    if slot is None:
        return Cause("", (), "at_once", None, None, own, (own,))
    track = slot.track
    numbers = live_at(slot, fired.at, fired.entry)
    load = next((load for at, milestone, number, load in slot.reached if (at, number) == (fired.at, fired.entry)), 0)
    loads, _, _ = track.ladder(slot.key)
    step = fired.rung.step if fired.rung and fired.rung.step else str(position(loads, fired.milestone) or 1)
    chain = tuple([entries[number].id for number in numbers]) or (own,)
    return Cause(track.track.name, slot.key, step, track.value_of(fired.milestone), track.value_of(load), own, chain)


def word_of(words: Iterable[StandingWord], penalties: Collection[str], warned: bool, bands: Collection[str]) -> str:
    """Return the word for a standing: the first that fits the penalties in force, a warning, or the bands."""
    for word in words:
        if word.penalties:
            if not word.penalties.isdisjoint(penalties):
                return word.name
        elif word.any_penalty:
            if penalties:
                return word.name
        elif word.warned:
            if warned:
                return word.name
        elif word.bands:
            if not word.bands.isdisjoint(bands):
                return word.name
        else:
            return word.name
    return ""


def word_for(
    words: Iterable[StandingWord], now: Sequence[Penalty], balances: Sequence[Balance], warnings: Sequence[Warning]
) -> str:
    """Return the word for a standing that was put together."""
    warned = any(b.is_near for b in balances) or any(w.name != "near" for w in warnings)
    return word_of(words, [p.name for p in now], warned, [b.band for b in balances if b.band is not None])


_STRICT = "none"


def restrictions_of(now: Sequence[Penalty]) -> dict[str, str]:
    """Return what the penalties in force take away; `none` is left where one of them leaves nothing."""
    found: dict[str, str] = {}
    for penalty in now:
        if not penalty.toward:
            for scope, left in penalty.scopes:
                if scope not in found or left == _STRICT:
                    found[scope] = left
    return found
