"""What rules asked for becomes what the decision asks for: rule limits, de-duplication, precedence, daily limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zelo.base.effects import EFFECTS, Effect, EffectKind, Held, Parameter

Allow = Callable[[str, str, int], bool]
"""(rule or "", effect kind, now in ms) -> whether the day's limit lets it pass; counts it."""
Values = Mapping[str, object]
Merged = tuple["Request", Values, tuple[str, ...]]
"""A request, its parameters, and all rules that ask for it."""


@dataclass(frozen=True, slots=True)
class Request:
    """An effect as a rule asks for it, prepared for one kind of event."""

    kind: str
    role: str
    role_index: int
    """Where the role's entity stands among the ids of the event."""
    parameters: Values
    """Literal values and defaults."""
    computed: tuple[str, ...]
    """Names of the parameters that are computed at each event."""
    rule: str
    limited: bool
    """Whether the rule has a daily limit of its own."""
    slot: int
    """Equal for requests that ask for the same thing about the same role: they become one effect."""


def slots(requests: Iterable[tuple[str, str, Values]]) -> list[int]:
    """Return a number for each (kind, role, parameters), equal when all values that must agree do."""
    known: dict[object, int] = {}
    return [
        known.setdefault((kind, role, _identity(EFFECTS[kind], parameters)), len(known))
        for kind, role, parameters in requests
    ]


def _identity(kind: EffectKind, parameters: Values) -> tuple[object, ...]:
    return tuple(parameters.get(name) for name, entry in kind.parameters.items() if entry.merge == "same")


def settle(
    asked: Iterable[tuple[Request, Values | None]], ids: tuple[object, ...], allow: Allow, now_ms: int
) -> tuple[tuple[Effect, ...], tuple[Held, ...]]:
    """
    Return the effects to hand to their receivers, and those held back.

    In this order: a rule past its own daily limit is held; the same request of several rules becomes one effect that
    names them all, with the stronger parameters; then, strongest first, what is past the pack's daily limit of its kind
    is held, and a weaker effect of a family gives way to a stronger one that passed on the same entity. So a tripped
    circuit breaker leaves the milder effects in force.
    """
    merged, held = merge(asked, ids, allow, now_ms)
    return let_pass(merged, held, ids, allow, now_ms)


def merge(
    asked: Iterable[tuple[Request, Values | None]], ids: tuple[object, ...], allow: Allow, now_ms: int
) -> tuple[Sequence[Merged], list[Held]]:
    """Return what the rules ask for together, strongest first, and what is held back from single rules."""
    merged: dict[int, Merged] = {}
    held: list[Held] = []
    for request, values in asked:
        parameters = {**request.parameters, **values} if values else request.parameters
        reason = ""
        if ids[request.role_index] is None:
            reason = "no_entity"
        elif request.limited and not allow(request.rule, request.kind, now_ms):
            reason = "rule_limit"
        if reason:
            held.append(Held(_effect(request, parameters, (request.rule,), ids), reason))
            continue
        known = merged.get(request.slot)
        if known is None:
            merged[request.slot] = request, parameters, (request.rule,)
            continue
        first, joined, rules = known
        if parameters != joined:
            joined = _joined(EFFECTS[request.kind], joined, parameters)
        merged[request.slot] = first, joined, rules if request.rule in rules else (*rules, request.rule)
    return sorted(merged.values(), key=_weakness), held


def let_pass(
    merged: Sequence[Merged], held: Sequence[Held], ids: tuple[object, ...], allow: Allow, now_ms: int
) -> tuple[tuple[Effect, ...], tuple[Held, ...]]:
    """Return the effects that pass, in order, and with those held already the ones that give way or exceed a limit."""
    passed: list[Effect] = []
    stopped: list[Held] = []
    for request, parameters, rules in merged:
        effect = _effect(request, parameters, rules, ids)
        if passed and _gives_way(effect, passed):
            stopped.append(Held(effect, "superseded"))
        elif allow("", effect.kind, now_ms):
            passed.append(effect)
        else:
            stopped.append(Held(effect, "daily_limit"))
    return tuple(passed), (*held, *stopped)


def _weakness(asked: Merged) -> int:
    return -EFFECTS[asked[0].kind].strength


def _effect(request: Request, parameters: Values, rules: tuple[str, ...], ids: tuple[object, ...]) -> Effect:
    entity = ids[request.role_index]
    return Effect(request.kind, request.role, "" if entity is None else str(entity), parameters, rules)


def _joined(kind: EffectKind, a: Values, b: Values) -> dict[str, object]:
    values = {name: _stronger(parameter, a.get(name), b.get(name)) for name, parameter in kind.parameters.items()}
    return {name: value for name, value in values.items() if value is not None}


def _stronger(parameter: Parameter, a: object, b: object) -> object:
    """Return the stronger of two values; a length that is not given means without end, so it is the longest."""
    if parameter.merge == "union":
        return tuple(sorted({str(item) for item in (*_items(a), *_items(b))}))
    if parameter.merge == "same" or a == b:
        return a
    if a is None or b is None:
        return None if parameter.kind == "duration" else b if a is None else a
    rank: Callable[[Any], float] = parameter.choices.index if parameter.choices else float
    return max(a, b, key=rank) if parameter.merge == "max" else min(a, b, key=rank)


def _items(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else ()


def _gives_way(effect: Effect, passed: Iterable[Effect]) -> bool:
    """Say whether a stronger effect of the same family passed on the same entity."""
    kind = EFFECTS[effect.kind]
    if kind.family is None:
        return False
    return any(
        EFFECTS[other.kind].family == kind.family
        and EFFECTS[other.kind].strength > kind.strength
        and other.entity == effect.entity
        for other in passed
    )
