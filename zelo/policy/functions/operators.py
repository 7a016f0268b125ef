"""The operators that compare, search and join: `==`, `<`, `in`, and `+` on lists and texts."""

from __future__ import annotations

import operator as op
from collections.abc import Callable, Mapping

from zelo.events.types import BOOL, DOUBLE, DURATION, INT, STRING, TIMESTAMP, ListOf, MapOf, Type
from zelo.policy.functions.registry import AnyOf, Function, WordList

ORDERED = (INT, DOUBLE, STRING, TIMESTAMP, DURATION, BOOL)
_ANY = AnyOf("T", ORDERED)
_ITEM = AnyOf("T")
_COMPARISONS = {
    "==": "equal to",
    "!=": "different from",
    "<": "less than",
    "<=": "at most",
    ">": "more than",
    ">=": "at least",
}


def operator(
    name: str,
    takes: tuple[Type, ...],
    gives: Type,
    python: Callable[..., object],
    doc: str,
    examples: tuple[tuple[tuple[object, ...], object], ...],
    sql: Mapping[str, str] | str = "",
    inline: str | None = None,
    *,
    total: bool = True,
    cost: int = 1,
) -> Function:
    """Declare an operator; one SQL text stands for both dialects."""
    forms = {"duckdb": sql, "spark": sql} if isinstance(sql, str) else dict(sql)
    return Function(name, "operator", takes, gives, python, forms, doc, examples, total=total, inline=inline, cost=cost)


def same(left: object, right: object) -> bool:
    """Say whether two values are equal; lists item by item, whatever Python keeps them in."""
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right


def _differ(left: object, right: object) -> bool:
    return not same(left, right)


def _member(item: object, items: list[object] | tuple[object, ...]) -> bool:
    if isinstance(item, list | tuple):
        return any(same(item, other) for other in items)
    return item in items


def _key(key: str, entries: Mapping[str, object]) -> bool:
    return entries.get(key) is not None


def _listed(text: str, words: object) -> object:
    return words.contains_exact(text)  # type: ignore[attr-defined]


_BODIES: Mapping[str, Callable[..., bool]] = {
    "==": op.eq,
    "!=": op.ne,
    "<": op.lt,
    "<=": op.le,
    ">": op.gt,
    ">=": op.ge,
}


def _comparison(sign: str) -> Function:
    body = _BODIES[sign]
    sql = {"==": "=", "!=": "<>"}.get(sign, sign)
    examples = (((1, 2), body(1, 2)), (("a", "B"), body("a", "B")), ((0.0, -0.0), body(0.0, -0.0)), ((None, 1), None))
    doc = f"true when the left side is {_COMPARISONS[sign]} the right side"
    return operator(f"_{sign}_", (_ANY, _ANY), BOOL, body, doc, examples, f"{{0}} {sql} {{1}}", f"({{0}} {sign} {{1}})")


_COMPARE = tuple(_comparison(sign) for sign in _COMPARISONS)

_LISTS = (
    operator(
        "_==_",
        (ListOf(_ITEM), ListOf(_ITEM)),
        BOOL,
        same,
        "true when both lists have the same items in the same order",
        ((((1, 2), [1, 2]), True), (((), ()), True), ((None, ()), None)),
        "{0} = {1}",
        cost=20,
    ),
    operator(
        "_!=_",
        (ListOf(_ITEM), ListOf(_ITEM)),
        BOOL,
        _differ,
        "true when the lists differ in an item, in order or in length",
        ((((1, 2), [2, 1]), True), (((), ()), False), ((None, ()), None)),
        "{0} <> {1}",
        cost=20,
    ),
    operator(
        "_+_",
        (ListOf(_ITEM), ListOf(_ITEM)),
        ListOf(_ITEM),
        lambda left, right: (*left, *right),
        "the items of the left list, then those of the right list",
        ((((1,), [2, 3]), (1, 2, 3)), (((), ()), ()), ((None, ()), None)),
        {
            "duckdb": "CASE WHEN {0} IS NOT NULL AND {1} IS NOT NULL THEN list_concat({0}, {1}) END",
            "spark": "concat({0}, {1})",
        },
        cost=20,
    ),
)

_MEMBERSHIP = (
    operator(
        "_in_",
        (_ITEM, ListOf(_ITEM)),
        BOOL,
        _member,
        "true when the list holds the value",
        (((2, (1, 2)), True), (("a", ()), False), ((None, (1,)), None)),
        {"duckdb": "list_contains({1}, {0})", "spark": "array_contains({1}, {0})"},
        cost=4,
    ),
    operator(
        "_in_",
        (STRING, MapOf(_ITEM)),
        BOOL,
        _key,
        "true when the map has the key",
        ((("a", {"a": 1}), True), (("b", {"a": 1}), False), ((None, {"a": 1}), None)),
        {"duckdb": "map_contains({1}, {0})", "spark": "map_contains_key({1}, {0})"},
        cost=4,
    ),
    operator(
        "_in_",
        (STRING, WordList()),
        BOOL,
        _listed,
        "true when the pack's list holds exactly this text; looked up in constant time",
        (),
        {"duckdb": "list_contains({1}, {0})", "spark": "array_contains({1}, {0})"},
        cost=4,
    ),
)

_TEXT = (
    operator(
        "_+_",
        (STRING, STRING),
        STRING,
        lambda left, right: left + right,
        "both texts, one after the other",
        ((("a", "b"), "ab"), (("", "é"), "é"), ((None, "b"), None)),
        "{0} || {1}",
        "({0} + {1})",
        cost=3,
    ),
)

FUNCTIONS_HERE: tuple[Function, ...] = (
    *_COMPARE,
    *_LISTS,
    *_MEMBERSHIP,
    *_TEXT,
)
"""Every operator here; `&&`, `||`, `!`, `?:` and subscripts are terms of their own."""
