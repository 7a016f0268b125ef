"""A term back to text: one line, in the words of the language."""

from __future__ import annotations

import json
from collections.abc import Sequence

from zelo.events.types import DURATION, TIMESTAMP, ListOf, Type
from zelo.policy.functions.conversion import text_of_duration, text_of_timestamp
from zelo.policy.terms import (
    And,
    Call,
    Const,
    FeatureRef,
    FieldRef,
    Has,
    If,
    Index,
    LabelsRef,
    ListLiteral,
    ListRef,
    Macro,
    Not,
    Or,
    StandingRef,
    Term,
    Var,
)

_TIGHT = {"==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, "in": 3, "+": 4, "-": 4, "*": 5, "/": 5, "%": 5}
_COMPARISON, _MEMBER = 3, 7


def wording(term: Term) -> str:
    """Return a term as text that reads back as the same term, but that roles become fields of the event."""
    return _text(term)[0]


def _text(term: Term) -> tuple[str, int]:
    """Return the text of a term and how tightly it binds."""
    match term:
        case Const():
            if term.constant is not None:
                return f"constants.{term.constant}", _MEMBER
            return literal(term.value, term.type), _MEMBER
        case FieldRef():
            return ".".join(("event", *term.path)), _MEMBER
        case FeatureRef():
            return f"features.{term.name}", _MEMBER
        case LabelsRef():
            return f"{term.role}.labels", _MEMBER
        case StandingRef():
            if term.within_us is None:
                return f"{term.role}.{term.what}", _MEMBER
            return f"{term.role}.{term.what}({literal(term.within_us, DURATION)})", _MEMBER
        case ListRef():
            return f"lists.{term.name}", _MEMBER
        case Var():
            return term.name, _MEMBER
        case And():
            return " && ".join(_within(part, 3) for part in term.parts), 2
        case Or():
            return " || ".join(_within(part, 2) for part in term.parts), 1
        case Not():
            return f"!{_within(term.operand, 6)}", 6
        case If():
            return f"{_within(term.condition, 1)} ? {_within(term.yes, 1)} : {_within(term.no, 0)}", 0
        case Has():
            return f"has({wording(term.operand)})", _MEMBER
        case Index():
            return _index(term), _MEMBER
        case ListLiteral():
            return f"[{_listed(term.items)}]", _MEMBER
        case Macro():
            conditions = [] if term.condition is None else [wording(term.condition)]
            inside = ", ".join([term.variable, *conditions, wording(term.body)])
            return f"{_within(_source(term.source), _MEMBER)}.{term.name}({inside})", _MEMBER
        case Call():
            return _call(term)
    raise AssertionError(term)


def _within(term: Term, least: int) -> str:
    """Return the text of a term, in parentheses when it binds less tightly than its place asks."""
    text, tight = _text(term)
    return text if tight >= least else f"({text})"


def _listed(terms: Sequence[Term]) -> str:
    return ", ".join(wording(term) for term in terms)


def _source(term: Term) -> Term:
    """Return what a macro goes through as the author wrote it: a map, not its keys."""
    return term.arguments[0] if isinstance(term, Call) and term.function.name == "_keys_" else term


def _index(term: Index) -> str:
    operand = _within(term.operand, _MEMBER)
    if isinstance(term.key, Const) and isinstance(term.key.value, str) and term.key.value.isidentifier():
        return f"{operand}.{term.key.value}"
    return f"{operand}[{wording(term.key)}]"


def _call(term: Call) -> tuple[str, int]:
    name = term.function.name
    arguments = term.arguments
    if term.function.form == "operator":
        sign = name.strip("_")
        if len(arguments) == 1:
            return f"-{_within(arguments[0], 6)}", 6
        tight = _TIGHT[sign]
        before = _within(arguments[0], tight + 1 if tight == _COMPARISON else tight)
        return f"{before} {sign} {_within(arguments[1], tight + 1)}", tight
    if term.function.form == "method":
        return f"{_within(arguments[0], _MEMBER)}.{name}({_offset(arguments[1:])})", _MEMBER
    return f"{name}({_listed(arguments)})", _MEMBER


def _offset(arguments: Sequence[Term]) -> str:
    """Return the arguments of a method; the distance from UTC of an accessor as it was written."""
    if len(arguments) == 1 and isinstance(arguments[0], Const) and arguments[0].type == DURATION:
        return offset_literal(int(str(arguments[0].value)))
    return _listed(arguments)


def offset_literal(micros: int) -> str:
    """Return a distance from UTC as authors write it."""
    minutes = micros // 60_000_000
    return f'"{"-" if minutes < 0 else "+"}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"'


def _visible(character: str) -> str:
    """Return a character of a literal, as an escape when nobody could see it."""
    if character.isprintable():
        return character
    return f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}"


def literal(value: object, type_: Type) -> str:
    """Return a value as a literal of its type."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if type_ == TIMESTAMP and isinstance(value, int):
        return f'timestamp("{text_of_timestamp(value)}")'
    if type_ == DURATION and isinstance(value, int):
        return f'duration("{text_of_duration(value)}")'
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return "".join(map(_visible, json.dumps(value, ensure_ascii=False)))
    assert isinstance(value, tuple | list) and isinstance(type_, ListOf), value
    return f"[{', '.join(literal(item, type_.item) for item in value)}]"
