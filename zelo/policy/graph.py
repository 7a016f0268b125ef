"""Who reads what in a pack: the order of rules by the labels they set and read, and what nothing uses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from zelo.base.source import Report, Span
from zelo.events.types import Kind
from zelo.policy.pack import EffectRequest, Rule
from zelo.policy.terms import Call, Const, LabelsRef, StandingRef, Term

LABEL_EFFECTS = ("add_label", "remove_label")
STANDING_EFFECTS = ("charge", "reward")
STANDING = "account health"
"""In place of a label: what rules that charge or reward set, and rules that read a standing read."""


@dataclass(frozen=True)
class LabelUse:
    """A rule sets or reads a label on the entity in a role of a kind of event."""

    entity: str
    label: str | None
    """None: any label, the name is not a constant."""
    kind: str
    span: Span


@dataclass(frozen=True)
class RuleLabels:
    """The labels one rule sets and reads."""

    sets: tuple[LabelUse, ...]
    reads: tuple[LabelUse, ...]


def labels_of(rule: Rule, kinds: Mapping[str, Kind]) -> RuleLabels:
    """Find the labels that a rule sets (adds or removes) and reads, in its condition and its formulas."""
    sets, reads = [], []
    for effect in rule.effects:
        if effect.kind in LABEL_EFFECTS:
            label = str(effect.parameters["label"])
            sets += [LabelUse(kinds[kind].entities[effect.role], label, kind, effect.span) for kind in rule.kinds]
        elif effect.kind in STANDING_EFFECTS:
            sets += [_standing(kinds[kind].entities[effect.role], kind, effect.span) for kind in rule.kinds]
    for kind, term in terms_of(rule):
        parts = (part for part in term.walk() if isinstance(part, StandingRef))
        reads += [_standing(kinds[kind].entities[part.role], kind, part.span) for part in parts]
        reads += [LabelUse(kinds[kind].entities[role], label, kind, span) for role, label, span in _reads(term)]
    return RuleLabels(tuple(sets), tuple(reads))


def _standing(entity: str, kind: str, span: Span) -> LabelUse:
    """Return the use of an entity's account health; it is kept apart from the entity's labels."""
    return LabelUse(f"{STANDING} of {entity}", STANDING, kind, span)


def terms_of(rule: Rule) -> Iterator[tuple[str, Term]]:
    """Yield every checked term of a rule with its kind of event: the condition, then formulas of effects."""
    yield from rule.terms.items()
    for effect in rule.effects:
        yield from formulas_of(effect)


def formulas_of(effect: EffectRequest) -> Iterator[tuple[str, Term]]:
    """Yield the checked formulas among the parameters of an effect, with their kinds of event."""
    for value in effect.parameters.values():
        if isinstance(value, Mapping):
            yield from value.items()


def _reads(term: Term) -> Iterator[tuple[str, str | None, Span]]:
    """Yield role, label and place of each reading of labels; a label that is not a constant is None."""
    if isinstance(term, Call) and term.function.name == "_in_":
        label, labels = term.arguments
        if isinstance(labels, LabelsRef) and isinstance(label, Const) and isinstance(label.value, str):
            yield labels.role, label.value, term.span
            return
    if isinstance(term, LabelsRef):
        yield term.role, None, term.span
    for child in term.children():
        yield from _reads(child)


@dataclass(frozen=True)
class _Hop:
    """One rule must come before another: it sets what the other reads."""

    before: int
    after: int
    label: str
    set_at: Span
    read_at: Span


def order(rules: Sequence[Rule], labels: Sequence[RuleLabels], report: Report) -> list[int] | None:
    """
    Return the stratum of each rule, given its labels: above the rules that set a label it reads on the same kind.

    A rule never sees what it sets itself. None after a cycle, which is reported with its hops.
    """
    hops = _hops(labels)
    cycles = _cycles(len(rules), hops)
    for cycle in cycles:
        names = " -> ".join(rules[hop.before].name for hop in (*cycle, cycle[0]))
        related = [place for hop in cycle for place in (hop.set_at, hop.read_at)]
        report.add("Z401", rules[cycle[0].before].span, related=related, cycle=names, label=cycle[0].label)
    return None if cycles else _strata(len(rules), hops)


def _hops(labels: Sequence[RuleLabels]) -> dict[int, dict[int, _Hop]]:
    """Return for each rule the rules that must come after it."""
    setters: dict[tuple[str, str], dict[str | None, list[tuple[int, LabelUse]]]] = {}
    for number, one in enumerate(labels):
        for use in one.sets:
            by_label = setters.setdefault((use.kind, use.entity), {})
            by_label.setdefault(use.label, []).append((number, use))
            by_label.setdefault(None, []).append((number, use))
    hops: dict[int, dict[int, _Hop]] = {number: {} for number in range(len(labels))}
    for number, one in enumerate(labels):
        for read in one.reads:
            for setter, use in setters.get((read.kind, read.entity), {}).get(read.label, ()):
                if setter != number and number not in hops[setter]:
                    hops[setter][number] = _Hop(setter, number, use.label or "", use.span, read.span)
    return hops


def _cycles(count: int, hops: Mapping[int, Mapping[int, _Hop]]) -> list[list[_Hop]]:
    """Return one shortest cycle through the first rule of each knot of rules that wait for each other."""
    left = _knotted(count, hops)
    cycles = []
    while left:
        start = min(left)
        cycle = _shortest(start, hops, left)
        if cycle:
            cycles.append(cycle)
            left -= _knot(start, hops, left)
        else:
            left.discard(start)
    return cycles


def _knotted(count: int, hops: Mapping[int, Mapping[int, _Hop]]) -> set[int]:
    """Return the rules that are left when all that wait for no other are taken away, again and again."""
    waiting = [0] * count
    for after in hops.values():
        for number in after:
            waiting[number] += 1
    free = [number for number in range(count) if not waiting[number]]
    left = set(range(count))
    while free:
        number = free.pop()
        left.discard(number)
        for later in hops[number]:
            waiting[later] -= 1
            if not waiting[later]:
                free.append(later)
    return left


def _shortest(start: int, hops: Mapping[int, Mapping[int, _Hop]], among: set[int]) -> list[_Hop] | None:
    """Return the hops of a shortest way from a rule back to itself."""
    came: dict[int, _Hop] = {}
    queue = [start]
    for number in queue:
        for after, hop in hops[number].items():
            if after in among and after not in came:
                came[after] = hop
                queue.append(after)
    if start not in came:
        return None
    way = [came[start]]
    while way[0].before != start:
        way.insert(0, came[way[0].before])
    return way


def _knot(start: int, hops: Mapping[int, Mapping[int, _Hop]], among: set[int]) -> set[int]:
    """Return the rules that can be reached from a rule and reach it back."""
    back: dict[int, dict[int, _Hop]] = {}
    for before, after in hops.items():
        for number, hop in after.items():
            back.setdefault(number, {})[before] = hop
    return _reached(start, hops, among) & _reached(start, back, among)


def _reached(start: int, hops: Mapping[int, Mapping[int, _Hop]], among: set[int]) -> set[int]:
    seen = {start}
    queue = [start]
    for number in queue:
        for after in hops.get(number, {}):
            if after in among and after not in seen:
                seen.add(after)
                queue.append(after)
    return seen


def _strata(count: int, hops: Mapping[int, Mapping[int, _Hop]]) -> list[int]:
    """Return the longest chain of rules before each."""
    waiting = [0] * count
    for after in hops.values():
        for number in after:
            waiting[number] += 1
    strata = [0] * count
    queue = [number for number in range(count) if not waiting[number]]
    for number in queue:
        for later in hops[number]:
            strata[later] = max(strata[later], strata[number] + 1)
            waiting[later] -= 1
            if not waiting[later]:
                queue.append(later)
    return strata


_SILENT = r"""//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'"""
_MENTION = r"\b(features|lists|constants)\s*\.\s*(\w+)"


def mentioned(cel: str) -> frozenset[tuple[str, str]]:
    """Return `("features", name)` and the like for what CEL text names; texts and comments in it name nothing."""
    return frozenset(re.findall(_MENTION, re.sub(_SILENT, " ", cel)))


def warn_unset(labels: Sequence[RuleLabels], declared: Iterable[str], report: Report) -> None:
    """Warn of labels that conditions read though no rule sets them and the pack does not declare them."""
    known = {use.label for one in labels for use in one.sets}.union(declared)
    for one in labels:
        for read in one.reads:
            if read.label not in (None, STANDING) and read.label not in known:
                report.add("Z454", read.span, label=read.label)
