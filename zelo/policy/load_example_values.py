"""Reads the values that examples give to fields and features, by their declared types."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from zelo.base.source import Report, Span
from zelo.events.durations import format_duration, parse_duration
from zelo.events.types import BOOL, DOUBLE, DURATION, INT, STRING, TIMESTAMP, ListOf, MapOf, ObjectOf, Type
from zelo.policy.load_names import duration_us
from zelo.policy.load_shapes import shown, suggestion
from zelo.policy.load_values import expected_text
from zelo.policy.pack import instant, written
from zelo.policy.yaml_reader import INT_MAX, INT_MIN, ListNode, MapNode, Node, ScalarNode

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def json_value(node: Node, type_: Type, report: Report, path: str = "") -> object:
    """Return a field's value as events carry it in JSON; None when it is absent or wrong (which is reported)."""
    if isinstance(node, ScalarNode) and node.resolved() is None:
        return None
    match type_:
        case ListOf():
            if not isinstance(node, ListNode):
                report.add("Z028", node.span)
                return None
            items = [json_value(item, type_.item, report, path) for item in node.items]
            return [item for item in items if item is not None]
        case MapOf():
            if not isinstance(node, MapNode):
                report.add("Z029", node.span)
                return None
            pairs = {key: json_value(inner, type_.value, report, path) for key, (_, inner) in node.entries.items()}
            return {key: value for key, value in pairs.items() if value is not None}
        case ObjectOf():
            return json_object(node, type_, report, path)
        case _:
            return _scalar(node, type_, report)


def json_object(
    node: Node, type_: ObjectOf, report: Report, path: str = "", beside: frozenset[str] = frozenset()
) -> dict[str, object] | None:
    """Return the fields of an event or object; names in `beside` are not fields and are left to the caller."""
    if not isinstance(node, MapNode):
        report.add("Z029", node.span)
        return None
    values: dict[str, object] = {}
    fields = type_.by_name
    for name, (key, inner) in node.entries.items():
        if name in beside:
            continue
        if name not in fields:
            options = (fields.keys() | beside) - node.entries.keys()
            report.add("Z432", key.span, (), field=shown(path + name), **suggestion(name, options))
            continue
        value = json_value(inner, fields[name].type, report, f"{path}{name}.")
        if value is not None:
            values[name] = value
    for name, field in type_.fields:
        written_node = node.entries.get(name)
        if field.required and (written_node is None or _is_null(written_node[1])):
            report.add("Z434", written_node[0].span if written_node else node.heading, field=path + name)
    return values


def engine_value(node: Node, type_: Type, report: Report) -> object:
    """Return a feature's value as engines hold it: times and durations in microseconds; None for missing."""
    value = json_value(node, type_, report)
    if isinstance(value, str) and type_ == TIMESTAMP:
        return (instant(value) - _EPOCH) // timedelta(microseconds=1)
    if isinstance(value, str) and type_ == DURATION:
        return parse_duration(value)
    return value


def _is_null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.resolved() is None


def _scalar(node: Node, type_: Type, report: Report) -> object:
    value = node.resolved() if isinstance(node, ScalarNode) else None
    text = node.value if isinstance(node, ScalarNode) else ""
    span = node.span
    if type_ == STRING:
        if isinstance(value, str):
            return value
        expected_text(node, report)
    elif type_ == BOOL:
        if isinstance(value, bool):
            return value
        report.add("Z027", span)
    elif type_ == INT:
        return _whole(value, span, report)
    elif type_ == DOUBLE:
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and abs(value) != float("inf")
            and value == value
        ):
            return float(value)
        report.add("Z026", span)
    elif type_ == TIMESTAMP:
        return _time(text, span, report)
    elif type_ == DURATION:
        microseconds = duration_us(text)
        microseconds = parse_duration(text) if microseconds is None else microseconds
        if microseconds is not None:
            return format_duration(microseconds)
        report.add("Z037", span)
    else:
        raise AssertionError(type_)
    return None


def _whole(value: object, span: Span, report: Report) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if value == float("inf"):
        report.add("Z032", span, least=str(INT_MIN), most=str(INT_MAX))
    else:
        report.add("Z025", span)
    return None


def _time(text: str, span: Span, report: Report) -> str | None:
    try:
        return written(instant(text))
    except (ValueError, OverflowError):
        report.add("Z433", span, text=shown(text))
        return None
