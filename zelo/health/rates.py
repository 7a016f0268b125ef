"""Facts that were measured, and the bands of rates they fall in."""

from __future__ import annotations

from zelo.health.lean import LeanRules, LeanSchedule
from zelo.health.ledger import Entry, Ledger
from zelo.health.standing import Balance, Cause, Penalty
from zelo.policy.schedules.values import Band, Track


class Facts:
    """What was measured about an account, by name and instant."""

    def __init__(self, ledger: Ledger, lean: LeanSchedule, as_of: int) -> None:
        self.lean, self.as_of = lean, as_of
        gone = ledger.reversed_by
        self.entries = [e for e in ledger.entries if e.kind == "measure" and e.id not in gone]

    def at(self, instant: int) -> dict[str, int | str]:
        """Return what is known at an instant: of each name the latest."""
        found: dict[str, int | str] = {}
        for entry in self.entries:
            if entry.at <= instant:
                found.update(entry.values)
        return found

    def looked_at(self, track: Track) -> list[int]:
        """Return the instants up to now at which a track is looked at: its days, or whenever something is measured."""
        instants = [entry.at for entry in self.entries]
        if track.evaluated is not None:
            zone = self.lean.schedule.time_zone
            instants = [track.evaluated.at_or_after(at, zone) for at in instants]
        return sorted({at for at in instants if at <= self.as_of})


def rate_balances(facts: Facts, rules: LeanRules) -> tuple[Balance, ...]:
    """Return the band of each track of rates."""
    found = []
    for track in rules.rates:
        instants = facts.looked_at(track)
        window, band = _band(track, facts.at(instants[-1])) if instants else ("", None)
        found.append(Balance(track.name, "rates", (), None, band=band.name if band else None, window=window))
    return tuple(found)


def rate_penalties(facts: Facts, rules: LeanRules, balances: tuple[Balance, ...]) -> list[Penalty]:
    """Return the penalties of the bands that an account is in: while it is there, from when each starts."""
    found: list[Penalty] = []
    for track in rules.rates:
        current, since, entry = None, 0, ""
        for at in facts.looked_at(track):
            _, band = _band(track, facts.at(at))
            if band is None or current is None or band.name != current.name:
                current, since = band, at
                entry = _latest(facts.entries, at)
        for use in current.uses if current else ():
            start = since if use.delay is None else use.delay.after(since, rules.zone)
            if use.kind == "penalty" and start <= facts.as_of and current is not None:
                kind = rules.rules.penalties[use.name]
                cause = Cause(track.name, (), current.name, None, None, entry, (entry,))
                found.append(Penalty(use.name, start, None, tuple(kind.scopes.items()), cause))
    return found


def _latest(entries: list[Entry], at: int) -> str:
    return next((entry.id for entry in reversed(entries) if entry.at <= at), "")


def _band(track: Track, facts: dict[str, int | str]) -> tuple[str, Band | None]:
    """Return the window that counts and the band in it; no band while something that it asks about is not known."""
    window = ""
    for candidate in track.windows:
        window = candidate.name
        if all(_holds(facts, window, *need) for need in candidate.needs):
            break
    if not all(_holds(facts, window, *need) for need in track.needs):
        return window, None
    names = {name for band in track.bands for name in band.most}
    known = {name: _number(facts, name, window) for name in names}
    if any(value is None for value in known.values()):
        return window, None
    for band in track.bands:
        if all((known[name] or 0) <= most for name, most in band.most.items()):
            return window, band
    return window, None


def _number(facts: dict[str, int | str], name: str, window: str) -> int | None:
    """Return a measure in a window: `sales_60d` of `sales` and `60d`."""
    value = facts.get(f"{name}_{window}" if window else name)
    return value if isinstance(value, int) else None


def _holds(facts: dict[str, int | str], window: str, name: str, relation: str, limit: int) -> bool:
    """Say whether a measure holds a limit; one that is not known does not."""
    return limit_holds(_number(facts, name, window), relation, limit)


def limit_holds(value: int | str | None, relation: str, limit: int) -> bool:
    """Say whether a number is at `least`, at `most` or `above` a limit; one that is not known is not."""
    if not isinstance(value, int):
        return False
    return value >= limit if relation == "least" else value <= limit if relation == "most" else value > limit
