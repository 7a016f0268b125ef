"""Why each rule fired or not: the trace of every condition, recomputed by the plain interpreter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from zelo.decide.decision import Decision
from zelo.decide.planning import CompiledKind
from zelo.events.decode import Event
from zelo.policy import terms as t
from zelo.policy.evaluate import Look, Trace, trace
from zelo.policy.to_python.kinds import relabelled
from zelo.policy.to_python.plain import plain_object, timestamp_us

OUTCOMES: Mapping[object, str] = MappingProxyType({True: "fired", False: "false", None: "undetermined"})


@dataclass(frozen=True)
class RuleTrace:
    """One rule on one event."""

    rule: str
    policy: str
    outcome: str
    """`fired`, `false` or `undetermined`."""
    trace: Trace


@dataclass(frozen=True)
class Explanation:
    """A decision with the trace of every rule of the event's kind, and what the rules could see."""

    decision: Decision
    rules: tuple[RuleTrace, ...]
    """In pack order."""
    labels: Mapping[str, frozenset[str] | None]
    """Role to the labels in force before the event; None when the role's id is missing."""


def explain_rules(
    compiled: CompiledKind,
    event: Event,
    decision: Decision,
    *,
    labels: Mapping[str, frozenset[str] | None],
    ids: Mapping[str, tuple[str, object]],
    lists: Mapping[str, object],
) -> tuple[RuleTrace, ...]:
    """Return the trace of each rule of the kind, each with the labels that rules of lower strata left it."""
    values = plain_object(compiled.kind.fields)(event)
    values |= {"id": event.id, "kind": compiled.kind.name, "occurred_at": timestamp_us(event.occurred_at)}
    values["effective_at"] = decision.effective_ms * 1000
    fired: list[int] = []
    found: list[RuleTrace] = []
    for number, rule in enumerate(compiled.rules):
        below = [n for n in fired if compiled.rules[n].stratum < rule.stratum]
        in_force = {role: relabelled(held, role, below, compiled.written, ids) for role, held in labels.items()}
        result = trace(rule.terms[compiled.kind.name], _look(values, decision.features, in_force), lists)
        if result.value is True:
            fired.append(number)
        found.append(RuleTrace(rule.name, rule.policy, OUTCOMES[result.value], result))
    return tuple(entry for _, entry in sorted(zip(compiled.order, found, strict=True), key=lambda pair: pair[0]))


def _look(
    values: Mapping[str, object], features: Mapping[str, object], labels: Mapping[str, frozenset[str] | None]
) -> Look:
    def look(term: t.Term) -> object:
        match term:
            case t.FieldRef():
                return field_value(values, term.path)
            case t.FeatureRef():
                return features[term.name]
            case t.LabelsRef():
                held = labels[term.role]
                return None if held is None else tuple(sorted(held))
        raise AssertionError(term)

    return look


def field_value(values: object, path: tuple[str, ...]) -> object:
    """Return the value at a path of nested mappings; None when it is not there."""
    for part in path:
        if not isinstance(values, Mapping):
            return None
        values = values.get(part)
    return values
