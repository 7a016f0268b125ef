"""
Which events settle by themselves: what their rules ask for hangs on nothing that other events have done.

What couples events is labels that rules read, and limits that a day may reach. Where neither can matter, all events on
which the same rules fire have the same effects, but for the entities; the online engine's own code settles one of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from zelo.base.effects import EFFECTS, Effect, Held
from zelo.decide.limits import DailyLimits, day_end_ms
from zelo.decide.planning import CompiledKind
from zelo.decide.settle import Request, settle
from zelo.policy.to_sql.rules import BITS, OPEN, PER_COLUMN, TRUE, RuleOnKind

States = tuple[int, ...]
LimitKey = tuple[str, str]
"""Rule, or `""` for the pack, and kind of effect."""
MOMENT_BITS = 20
"""A stretch of time is 2^20 ms, about 17 minutes: short enough to lie on one day, or nearly always."""


@dataclass(frozen=True)
class Pattern:
    """Events of one kind on which the same rules with effects are true or open, and the same roles have no id."""

    states: States
    """Of rules with effects; no bit of them says undetermined."""
    missing: frozenset[str]
    events: int


@dataclass(frozen=True)
class Settlement:
    """What comes of the events of a pattern, where it hangs on nothing else; entities are those in the roles."""

    effects: tuple[Effect, ...]
    held: tuple[Held, ...]


@dataclass(frozen=True)
class Settler:
    """Settles the patterns of one kind."""

    rules: Sequence[RuleOnKind]
    """In pack order, as in the states."""
    compiled: CompiledKind
    reads_labels: bool
    """Whether any rule of the pack hangs on labels that rules add."""

    def settlement(self, pattern: Pattern) -> Settlement | None:
        """Return what comes of a pattern, None when that must be found event by event."""
        fired = self._requests(pattern.states, TRUE)
        if self.reads_labels and any(one.kind in ("add_label", "remove_label") for one in fired):
            return None
        about = {one.role for one in fired if EFFECTS[one.kind].family is not None}
        if len(about) > 1 or any(one.computed for one in fired):
            return None
        ids = tuple(None if role in pattern.missing else role for role in self.compiled.kind.roles)
        return Settlement(*settle([(one, None) for one in fired], ids, lambda rule, kind, now_ms: True, 0))

    def most(self, pattern: Pattern) -> Mapping[LimitKey, int]:
        """Return the most that an event of a pattern counts against each limit."""
        may_fire = self._requests(pattern.states, TRUE | OPEN)
        found = Counter((one.rule, one.kind) for one in may_fire if one.limited)
        found.update(("", kind) for kind, _ in {(one.kind, one.slot) for one in may_fire})
        return found

    def _requests(self, states: States, bits: int) -> list[Request]:
        """Return the requests of the rules of which a bit is set, in pack order."""
        found: list[Request] = []
        numbers = {name: number for number, name in enumerate(self.compiled.names)}
        for place, rule in enumerate(self.rules):
            column, at = divmod(place, PER_COLUMN)
            if states[column] >> (BITS * at) & bits:
                found += self.compiled.requests[numbers[rule.rule.name]]
        return found


def bits_of_effects(rules: Sequence[RuleOnKind]) -> list[int]:
    """Return for each column of states the bits that say that a rule with effects is true or open."""
    found = [0] * -(-len(rules) // PER_COLUMN)
    for place, rule in enumerate(rules):
        if rule.rule.effects:
            found[place // PER_COLUMN] |= (TRUE | OPEN) << (BITS * (place % PER_COLUMN))
    return found


def in_danger(limits: Mapping[LimitKey, int], counts: Iterable[tuple[Mapping[LimitKey, int], int]]) -> list[LimitKey]:
    """Return the limits that all events together would pass, from what an event counts and how many such there are."""
    total: Counter[LimitKey] = Counter()
    for most, events in counts:
        for key, count in most.items():
            total[key] += count * events
    return sorted(key for key, limit in limits.items() if total[key] > limit)


def stretches_of_full_days(
    limits: DailyLimits, keys: Sequence[LimitKey], counts: Iterable[tuple[int, Sequence[int]]]
) -> list[int]:
    """
    Return the stretches of time on days on which a limit may be passed.

    `counts` are the most that each stretch counts against the limits of `keys`. A stretch that lies on two days counts
    for both; so no day is taken for quieter than it was.
    """
    days: dict[int, list[int]] = {}
    on: dict[int, set[int]] = {}
    for stretch, found in counts:
        first_ms = stretch << MOMENT_BITS
        on[stretch] = {day_end_ms(at, limits.zone) for at in (first_ms, first_ms + (1 << MOMENT_BITS) - 1)}
        for day in on[stretch]:
            known = days.setdefault(day, [0] * len(keys))
            days[day] = [a + b for a, b in zip(known, found, strict=True)]
    most = [limits.by_key[key] for key in keys]
    full = {day for day, found in days.items() if any(count > limit for count, limit in zip(found, most, strict=True))}
    return sorted(stretch for stretch, touched in on.items() if touched & full)
