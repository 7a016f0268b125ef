"""Literals and what can be computed before any event comes: ranges, times, patterns, constant parts."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from math import isfinite

import re2

from zelo.events.durations import parse_duration
from zelo.events.types import BOOL, DOUBLE, DURATION, INT, STRING, TIMESTAMP, Type
from zelo.policy.check_scope import Context
from zelo.policy.functions.conversion import parse_timestamp
from zelo.policy.functions.ranges import INT_MAX, INT_MIN
from zelo.policy.functions.registry import Function
from zelo.policy.syntax import Literal, Node
from zelo.policy.terms import And, Call, Const, If, Not, Or, Term

_NANOSECONDS = {
    "h": 3_600_000_000_000,
    "m": 60_000_000_000,
    "s": 10**9,
    "ms": 10**6,
    "us": 1000,
    "\u00b5s": 1000,
    "ns": 1,
}
_PIECE = re.compile(r"([0-9.]+)(h|ms|m|s|us|\u00b5s|ns)")
_DAYS = re.compile(r"([0-9]{1,6})d")
_FINE = re.compile(r"\.[0-9]{7,9}")
_OFFSET = re.compile(r"([+-])([0-9]{2}):([0-9]{2})")
_QUIET = re2.Options()
_QUIET.log_errors = False


def check_literal(context: Context, node: Literal) -> Term | None:
    """Check a literal: ints have 64 bits, doubles are finite."""
    value = node.value
    span = context.span(node)
    if isinstance(value, bool):
        return Const(span, BOOL, value)
    if isinstance(value, str):
        return Const(span, STRING, value)
    if isinstance(value, int):
        if not INT_MIN <= value <= INT_MAX:
            context.add("Z134", node, number=context.source(node))
            return None
        return Const(span, INT, value)
    if not isfinite(value):
        context.add("Z135", node, number=context.source(node))
        return None
    return Const(span, DOUBLE, value)


def time_literal(context: Context, node: Literal, whole: Node) -> Term | None:
    """Fold `timestamp("...")` of a literal into a constant."""
    text = str(node.value)
    value = parse_timestamp(text)
    if value is None or _FINE.search(text):
        context.add("Z132", node, text=text)
        return None
    return Const(context.span(whole), TIMESTAMP, value)


def span_literal(context: Context, node: Literal, whole: Node) -> Term | None:
    """Fold `duration("...")` of a literal into a constant."""
    text = str(node.value)
    value = parse_duration(text)
    if value is None or not is_whole(text):
        days = _DAYS.fullmatch(text)
        hours = f"{int(days.group(1)) * 24}h" if days else "1h30m"
        context.add("Z133", node, text=text, suggestion=f'duration("{hours}")')
        return None
    return Const(context.span(whole), DURATION, value)


def is_whole(text: str) -> bool:
    """Say whether a length of time is a whole number of microseconds."""
    return all((Fraction(number) * _NANOSECONDS[unit] / 1000).denominator == 1 for number, unit in _PIECE.findall(text))


def offset_literal(context: Context, node: Node) -> Term | None:
    """Read the time zone of an accessor: `UTC` or a fixed offset, as a duration."""
    text = node.value if isinstance(node, Literal) and isinstance(node.value, str) else None
    if text in ("UTC", "Z", ""):
        return Const(context.span(node), DURATION, 0)
    match = _OFFSET.fullmatch(text if text is not None and text[:1] in "+-" else f"+{text}")
    if text is None or match is None or int(match.group(2)) > 14 or int(match.group(3)) > 59:
        context.add("Z146", node, text=context.source(node))
        return None
    minutes = int(match.group(2)) * 60 + int(match.group(3))
    return Const(context.span(node), DURATION, (minutes if match.group(1) == "+" else -minutes) * 60_000_000)


@lru_cache(maxsize=4096)
def pattern_problem(pattern: str) -> str | None:
    """Return the part of a pattern that RE2 can not read, or None when it can."""
    try:
        re2.compile(pattern, _QUIET)
    except re2.error as problem:
        text = problem.args[0]
        text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        return text.partition(": ")[2] or pattern
    return None


def folded_call(context: Context, node: Node, function: Function, arguments: tuple[Term, ...], type_: Type) -> Term:
    """Return the call, or its value when every argument is a constant; a call that can have none is a warning."""
    span = context.span(node)
    call = Call(span, type_, function, arguments)
    if not all(isinstance(argument, Const) for argument in arguments):
        return call
    value = function.python(*(argument.value for argument in arguments if isinstance(argument, Const)))
    if value is None:
        context.add("Z151", node, text=context.source(node))
        return call
    assert isinstance(value, bool | int | float | str | tuple | list), value
    return Const(span, type_, tuple(value) if isinstance(value, list) else value)


def folded_and(call: And) -> Term:
    """Drop the parts that are always true; one that is always false decides."""
    parts = [part for part in call.parts if not (isinstance(part, Const) and part.value is True)]
    for part in parts:
        if isinstance(part, Const):
            return Const(part.span, BOOL, False, part.constant)
    if not parts:
        return Const(call.span, BOOL, True)
    return parts[0] if len(parts) == 1 else And(call.span, BOOL, tuple(parts))


def folded_or(call: Or) -> Term:
    """Drop the parts that are always false; one that is always true decides."""
    parts = [part for part in call.parts if not (isinstance(part, Const) and part.value is False)]
    for part in parts:
        if isinstance(part, Const):
            return Const(part.span, BOOL, True, part.constant)
    if not parts:
        return Const(call.span, BOOL, False)
    return parts[0] if len(parts) == 1 else Or(call.span, BOOL, tuple(parts))


def folded_not(call: Not) -> Term:
    """Turn a constant round and take away a double negation."""
    if isinstance(call.operand, Const):
        return Const(call.span, BOOL, not call.operand.value)
    if isinstance(call.operand, Not):
        return call.operand.operand
    return call


def folded_if(choice: If) -> Term:
    """Take the branch that a constant condition chooses."""
    if isinstance(choice.condition, Const):
        return choice.yes if choice.condition.value else choice.no
    return choice
