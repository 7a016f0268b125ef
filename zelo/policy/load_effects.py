"""Reads what a rule asks for under `then`: effects of the closed set, in their long and short forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from zelo.base.effects import EFFECTS, EffectKind, Parameter
from zelo.base.source import Report, Span
from zelo.events.types import DOUBLE, INT, Kind
from zelo.policy import load_names as names
from zelo.policy.check_scope import EVERYTHING
from zelo.policy.load_shapes import At, Entry, Fields, Record, Schema, Sequence, Shape, known, suggestion
from zelo.policy.load_terms import Checker, Constants
from zelo.policy.load_values import Choice, Expression, Length, Name, Number, Text
from zelo.policy.pack import EffectRequest, Texts
from zelo.policy.scalar import Scalar
from zelo.policy.yaml_reader import ListNode, MapNode, Node, ScalarNode

_ON = Entry("on", Name(names.ID), "The role it is about, when not the usual one.", required=False)


def _shape(parameter: Parameter) -> Shape[object]:
    """Return how a parameter is written."""
    match parameter.kind:
        case "name":
            return Name(names.TAG)
        case "text":
            return Text()
        case "choice":
            return Choice(parameter.choices)
        case "duration":
            return Length("1s", "3650d")
        case "number":
            return Number(0, 1_000_000_000)
        case "expression":
            return Expression()
        case "role":
            return Name(names.ID)
        case "names":
            item: Shape[At[str]] = Choice(parameter.choices) if parameter.choices else Name(names.TAG)
            return Sequence(item, most=300, or_one=True)
    raise AssertionError(parameter.kind)


_ENTRIES: Mapping[str, Mapping[str, Entry[object]]] = {
    effect.name: {
        name: Entry(name, _shape(parameter), f"Parameter of `{effect.name}`.", parameter.required)
        for name, parameter in effect.parameters.items()
    }
    for effect in EFFECTS.values()
}
_RECORDS: Mapping[str, Record] = {name: Record((*entries.values(), _ON)) for name, entries in _ENTRIES.items()}


@dataclass(frozen=True)
class Asked:
    """One effect as a rule writes it."""

    effect: EffectKind
    fields: Fields
    span: Span


class AskedEffect:
    """`- add_label: {label: suspected, for: 30d}`, `- add_label: suspected`, or `- remove_content`."""

    def read(self, node: Node, report: Report) -> Asked | None:
        """Return the effect with those of its parameters that could be read."""
        inner: Node
        if isinstance(node, ScalarNode):
            name, inner = node, MapNode(node.page, node.start, node.end, key=node)
        elif isinstance(node, MapNode) and len(node.entries) == 1:
            ((name, given),) = node.entries.values()
            inner = _long_form(name, given)
        else:
            report.add("Z420", node.span)
            return None
        if not known("Z419", name.value, name.span, EFFECTS, report):
            return None
        fields = _RECORDS[name.value].read(inner, report)
        return Asked(EFFECTS[name.value], fields, name.span) if fields else None

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema."""
        alone = [name for name, effect in EFFECTS.items() if not any(p.required for p in effect.parameters.values())]
        options: Schema = {}
        for name, effect in EFFECTS.items():
            forms: list[Schema] = [_RECORDS[name].schema(definitions)]
            if effect.short and all(key == effect.short for key, p in effect.parameters.items() if p.required):
                forms.append(_shape(effect.parameters[effect.short]).schema(definitions))
            options[name] = {"anyOf": [*forms, *([{"type": "null"}] if name in alone else [])]}
        one: Schema = {"type": "object", "properties": options, "additionalProperties": False}
        return {"anyOf": [{"enum": alone}, {**one, "minProperties": 1, "maxProperties": 1}]}


def _long_form(name: ScalarNode, given: Node) -> Node:
    """Return the parameters as a map, whichever way they were written."""
    empty = MapNode(given.page, given.start, given.end, key=name)
    if isinstance(given, MapNode):
        return given
    if isinstance(given, ScalarNode) and given.resolved() is None:
        return empty
    effect = EFFECTS.get(name.value)
    if effect is not None and effect.short is not None and isinstance(given, ScalarNode | ListNode):
        label = ScalarNode(name.page, name.start, name.end, effect.short, "")
        empty.entries[effect.short] = (label, given)
        return empty
    return given


@dataclass(frozen=True)
class Request:
    """What the effects of a policy's rules are resolved against."""

    checker: Checker
    constants: Constants
    notices: Mapping[str, Texts] | None
    """None: the notices could not be read."""
    severity: str | None


def effect_request(asked: Asked, kinds: tuple[str, ...], by: Request, report: Report) -> EffectRequest | None:
    """Resolve an effect on the kinds of event of its rule; None when something is wrong, which is reported."""
    role, right = _role(asked, [by.checker.kinds[kind] for kind in kinds], report)
    parameters: dict[str, object] = {}
    for name, parameter in asked.effect.parameters.items():
        entry = _ENTRIES[asked.effect.name][name]
        value = asked.fields.get(entry)
        if isinstance(value, Scalar):
            term = by.checker.check(value, kinds, (INT, DOUBLE), EVERYTHING, report, by.constants)
            right = right and term is not None
            parameters[name] = term
        elif value is not None:
            parameters[name] = _plain(value)
        elif asked.fields.has(entry):
            right = False
        elif name == "severity" and by.severity is not None:
            parameters[name] = by.severity
        elif parameter.default is not None:
            parameters[name] = parameter.default
    right = right and len(asked.fields.node.entries) == len(asked.fields.values)
    if asked.effect.name == "notify" and isinstance(notice := parameters.get("notice"), str) and by.notices is not None:
        entry = _ENTRIES["notify"]["notice"]
        place = asked.fields.get(entry)
        span = place.span if isinstance(place, At) else asked.span
        right = known("Z421", notice, span, by.notices, report) and right
    return EffectRequest(asked.effect.name, role, parameters, asked.span) if right else None


def _role(asked: Asked, kinds: list[Kind], report: Report) -> tuple[str, bool]:
    """Return the role an effect is about, and whether each kind of event has it."""
    on = asked.fields.get(_ON)
    role, span = (on.value, on.span) if on else (asked.effect.about, asked.span)
    right = True
    for kind in kinds:
        if role not in kind.roles:
            report.add("Z403", span, (), role=role, kind=kind.name, **suggestion(role, kind.roles))
            right = False
    return role, right


def _plain(value: object) -> object:
    """Strip the places from a literal."""
    if isinstance(value, tuple):
        return tuple(_plain(item) for item in value)
    return value.value if isinstance(value, At) else value
