"""Reads the constants of a policy: literals whose type follows from how they are written."""

from __future__ import annotations

import math

from zelo.base.source import Report
from zelo.events.types import BOOL, DOUBLE, DURATION, INT, STRING, ListOf, Type
from zelo.policy.load_names import duration_us
from zelo.policy.load_shapes import Schema
from zelo.policy.yaml_reader import ListNode, Node, ScalarNode

Constant = tuple[Type, object]
"""Type and value; durations in microseconds, lists as tuples."""


class ConstantValue:
    """`5`, `2.5`, `true`, `text`, `30d` (a duration when it is not in quotes), or a list of these of one type."""

    def read(self, node: Node, report: Report) -> Constant | None:
        """Return the type and value."""
        if isinstance(node, ScalarNode):
            return _literal(node, report)
        if not isinstance(node, ListNode) or not node.items:
            report.add("Z424", node.span)
            return None
        items: list[Constant] = []
        for item in node.items:
            found = _literal(item, report) if isinstance(item, ScalarNode) else None
            if found is None:
                if not isinstance(item, ScalarNode):
                    report.add("Z424", item.span)
                return None
            if items and found[0] != items[0][0]:
                report.add("Z425", item.span, type=str(found[0]), expected=str(items[0][0]))
                return None
            items.append(found)
        return ListOf(items[0][0]), tuple(value for _, value in items)

    def schema(self, definitions: Schema) -> Schema:
        """Return the same as a JSON Schema."""
        literal: Schema = {"type": ["boolean", "number", "string"]}
        return {"anyOf": [literal, {"type": "array", "items": literal, "minItems": 1}]}


def _literal(node: ScalarNode, report: Report) -> Constant | None:
    value = node.resolved()
    match value:
        case bool():
            return BOOL, value
        case int():
            return INT, value
        case float() if math.isfinite(value):
            return DOUBLE, value
        case str():
            duration = None if node.style else duration_us(value)
            return (STRING, value) if duration is None else (DURATION, duration)
        case _:
            report.add("Z426", node.span)
            return None
