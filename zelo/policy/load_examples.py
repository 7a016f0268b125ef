"""Reads the examples of a policy: an event, what came before it, and exactly the rules that fire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from zelo.base.source import Report
from zelo.events.types import ENVELOPE, Kind, Type
from zelo.policy import load_names as names
from zelo.policy.load_events import Events
from zelo.policy.load_example_values import engine_value, json_object, json_value
from zelo.policy.load_features import Keys
from zelo.policy.load_head import IN_BOTH
from zelo.policy.load_shapes import At, Entry, Fields, Record, Schema, Sequence, Table, known, suggestion
from zelo.policy.load_values import Length, Name, Whole
from zelo.policy.pack import EXAMPLE_TIME, Example, before
from zelo.policy.yaml_reader import MapNode, Node

HISTORY_MAX = 20_000
"""Most events before the event of an example."""
_LONGEST = "3650d"


@dataclass(frozen=True)
class _Event:
    """An event as an example writes it: its fields, its kind, and in a history when it happened."""

    in_history: bool

    def read(self, node: Node, report: Report) -> MapNode | None:
        """Return the node; its fields are read when its kind is known."""
        if isinstance(node, MapNode):
            if "kind" not in node.entries:
                report.add("Z023", node.heading, key="kind")
                return None
            return node
        report.add("Z029", node.span)
        return None

    def schema(self, definitions: Schema) -> Schema:
        """Return what is common to events of all kinds as a JSON Schema."""
        entries = (_KIND, _AGO, _TIMES, _EVERY) if self.in_history else (_KIND,)
        properties = {entry.name: {**entry.shape.schema(definitions), "description": entry.doc} for entry in entries}
        required = [entry.name for entry in entries if entry.required]
        return {"type": "object", "properties": properties, "required": required}


class _Any:
    """A scalar or list that is read when its type is known."""

    def read(self, node: Node, report: Report) -> Node | None:
        """Return the node."""
        return node

    def schema(self, definitions: Schema) -> Schema:
        """Return a schema that takes everything."""
        return {}


_KIND = Entry("kind", Name(names.KIND), "Kind of the event.")
_AGO = Entry("ago", Length("0s", _LONGEST), "How long before the event it happened.")
_TIMES = Entry("times", Whole(1, 10_000), "How often it happened; 1.", required=False)
_EVERY = Entry("every", Length("0s", _LONGEST), "How far apart, when it happened several times; `0s`.", required=False)
_IN_HISTORY = frozenset({"kind", "id", "ago", "times", "every"})
_AS_EVENT = frozenset({"kind", "id", "occurred_at"})
_NAME = Entry("name", IN_BOTH, "What the example shows.")
_HISTORY = Entry("history", Sequence(_Event(True), least=0, most=1_000), "Events before the event.", required=False)
_LABELS = Entry(
    "labels",
    Table(names.ID, Sequence(Name(names.TAG), least=0, or_one=True)),
    "Labels in force, by role of the event.",
    required=False,
)
_FEATURES = Entry("features", Table(names.ID, _Any()), "Values of features, whatever the history.", required=False)
_EVENT = Entry("event", _Event(False), "The event: `kind` and its fields; `id` and `occurred_at` if they matter.")
_GIVEN = Entry("given", Record((_HISTORY, _LABELS, _FEATURES, _EVENT)), "What happened.")
_FIRES = Entry("fires", Sequence(Name(names.ID), least=0, or_one=True), "Exactly the rules that fire.")
_UNDETERMINED = Entry(
    "undetermined",
    Sequence(Name(names.ID), least=0, or_one=True),
    "Exactly the rules that stay undetermined, when it matters.",
    required=False,
)
EXAMPLE = Record((_NAME, _GIVEN, _FIRES, _UNDETERMINED))
"""The shape of one example."""


@dataclass(frozen=True)
class Stage:
    """What examples may give values to."""

    events: Events | None
    features: Mapping[str, Type]
    keys: Mapping[str, Keys]
    broken: frozenset[str] | None
    """Features that could not be read; None when not even their names could."""


def read_example(fields: Fields, on: Mapping[str, tuple[str, ...]], stage: Stage, report: Report) -> Example | None:
    """Read one example; `on` maps the policy's rules to their kinds of event. None when something is wrong."""
    given = fields.get(_GIVEN)
    node = given.get(_EVENT) if given else None
    kind = _kind(node, stage, report) if node else None
    fires = fields.get(_FIRES) or ()
    undetermined = fields.get(_UNDETERMINED)
    for rule in (*fires, *(undetermined or ())):
        _check_rule(rule, on, kind, report)
    for rule in undetermined or ():
        if rule.value in {other.value for other in fires}:
            report.add("Z438", rule.span, name=rule.value)
    if given is None or node is None or kind is None:
        return None
    values = json_object(node, kind.fields, report, beside=_AS_EVENT) or {}
    identity = _envelope(node, "id", report) or "event"
    occurred_at = _envelope(node, "occurred_at", report) or EXAMPLE_TIME
    history = _history(given.get(_HISTORY) or (), occurred_at, stage, report)
    return Example(
        name=fields.get(_NAME) or {},
        history=history,
        event={"id": identity, "kind": kind.name, "occurred_at": occurred_at, **values},
        labels=_labels(given, kind, report),
        features=_overrides(given, kind, stage, report),
        fires=tuple(rule.value for rule in fires),
        undetermined=None if undetermined is None else tuple(rule.value for rule in undetermined),
        span=fields.node.span,
    )


def _check_rule(rule: At[str], on: Mapping[str, tuple[str, ...]], kind: Kind | None, report: Report) -> None:
    if known("Z430", rule.value, rule.span, on, report) and kind and on[rule.value] and kind.name not in on[rule.value]:
        report.add("Z431", rule.span, name=rule.value, kind=kind.name)


def _kind(node: MapNode, stage: Stage, report: Report) -> Kind | None:
    name = _KIND.shape.read(node.entries["kind"][1], report)
    if name is None or stage.events is None or not known("Z402", name.value, name.span, stage.events.titles, report):
        return None
    return stage.events.kinds.get(name.value)


def _envelope(node: MapNode, name: str, report: Report) -> str | None:
    """Return a text of the envelope, if it is given."""
    if name not in node.entries:
        return None
    value = json_value(node.entries[name][1], ENVELOPE[name], report)
    return value if isinstance(value, str) else None


def _labels(given: Fields, kind: Kind, report: Report) -> Mapping[str, tuple[str, ...]]:
    labels = {}
    for role, found in given.get(_LABELS) or ():
        if role.value not in kind.roles:
            params = suggestion(role.value, kind.roles)
            report.add("Z403", role.span, (), role=role.value, kind=kind.name, **params)
        labels[role.value] = tuple(label.value for label in found)
    return labels


def _overrides(given: Fields, kind: Kind, stage: Stage, report: Report) -> Mapping[str, object]:
    values: dict[str, object] = {}
    for name, node in given.get(_FEATURES) or ():
        if stage.broken is None or name.value in stage.broken:
            continue
        if not known("Z439", name.value, name.span, stage.features, report):
            continue
        if kind.name not in stage.keys[name.value]:
            report.add("Z418", name.span, name=name.value, kind=kind.name)
        values[name.value] = engine_value(node, stage.features[name.value], report)
    return values


def _history(
    nodes: tuple[MapNode, ...], occurred_at: str, stage: Stage, report: Report
) -> tuple[Mapping[str, object], ...]:
    """Return every event before the event, by time; those at the same time as written."""
    found: list[tuple[int, dict[str, object]]] = []
    for number, node in enumerate(nodes, 1):
        kind = _kind(node, stage, report)
        if kind is None:
            continue
        values = json_object(node, kind.fields, report, beside=_IN_HISTORY) or {}
        identity = _envelope(node, "id", report) or f"history-{number}"
        for place, ago in enumerate(_times(node, report), 1):
            name = identity if place == 1 else f"{identity}-{place}"
            try:
                found.append((-ago, {"id": name, "kind": kind.name, "occurred_at": before(occurred_at, ago), **values}))
            except OverflowError:
                report.add("Z433", node.heading, text=occurred_at)
                return ()
    if len(found) > HISTORY_MAX:
        report.add("Z034", nodes[0].span, most=HISTORY_MAX)
    return tuple(event for _, event in sorted(found, key=lambda pair: pair[0]))


def _times(node: MapNode, report: Report) -> list[int]:
    """Return how long before the event each occurrence lies, in microseconds."""
    if "ago" not in node.entries:
        report.add("Z023", node.heading, key="ago")
        return []
    ago = _AGO.shape.read(node.entries["ago"][1], report)
    times = _TIMES.shape.read(node.entries["times"][1], report) if "times" in node.entries else None
    every = _EVERY.shape.read(node.entries["every"][1], report) if "every" in node.entries else None
    if ago is None:
        return []
    count, apart = times.value if times else 1, every.value if every else 0
    if (count - 1) * apart > ago.value:
        report.add("Z437", ago.span)
        return []
    return [ago.value - step * apart for step in range(count)]
