"""Functions on lists and maps."""

from __future__ import annotations

from collections.abc import Mapping

from zelo.events.types import INT, STRING, ListOf, MapOf
from zelo.policy.functions.registry import AnyOf, Function

_ITEM = AnyOf("T")


def joined(texts: list[str] | tuple[str, ...]) -> str:
    """Return the texts one after the other."""
    return "".join(texts)


def joined_with(texts: list[str] | tuple[str, ...], separator: str) -> str:
    """Return the texts with a separator between them."""
    return separator.join(texts)


def sorted_keys(entries: Mapping[str, object]) -> tuple[str, ...]:
    """Return the keys of a map in the order of their code points."""
    return tuple(sorted(key for key, value in entries.items() if value is not None))


def _size(entries: Mapping[str, object]) -> int:
    return sum(value is not None for value in entries.values())


_SIZES = tuple(
    function
    for form in ("method", "function")
    for function in (
        Function(
            "size",
            form,
            (ListOf(_ITEM),),
            INT,
            len,
            {"duckdb": "len({0})", "spark": "CAST(array_size({0}) AS BIGINT)"},
            "the number of items",
            ((((1, 2),), 2), (((),), 0), ((None,), None)),
            inline="len({0})",
            cost=2,
        ),
        Function(
            "size",
            form,
            (MapOf(_ITEM),),
            INT,
            _size,
            {"duckdb": "CAST(cardinality({0}) AS BIGINT)", "spark": "CAST(array_size(map_keys({0})) AS BIGINT)"},
            "the number of keys",
            ((({"a": 1},), 1), (({},), 0), ((None,), None)),
            cost=3,
        ),
    )
)

FUNCTIONS_HERE: tuple[Function, ...] = (
    *_SIZES,
    Function(
        "join",
        "method",
        (ListOf(STRING),),
        STRING,
        joined,
        {"duckdb": "array_to_string({0}, '')", "spark": "array_join({0}, '')"},
        "the texts one after the other",
        (((("x", "y"),), "xy"), (((),), ""), ((None,), None)),
        cost=5,
    ),
    Function(
        "join",
        "method",
        (ListOf(STRING), STRING),
        STRING,
        joined_with,
        {
            "duckdb": "substring(array_to_string(list_transform({0}, lambda item: {1} || item), ''), length({1}) + 1)",
            "spark": "array_join({0}, {1})",
        },
        "the texts with a separator between them",
        (((("x", "y"), "-"), "x-y"), (((), "-"), ""), ((None, "-"), None)),
        cost=5,
    ),
    Function(
        "_keys_",
        "operator",
        (MapOf(_ITEM),),
        ListOf(STRING),
        sorted_keys,
        {"duckdb": "list_sort(map_keys({0}))", "spark": "array_sort(map_keys({0}))"},
        "the keys of a map in order; what a macro over a map goes through",
        ((({"b": 1, "a": 2},), ("a", "b")), (({},), ()), ((None,), None)),
        cost=10,
    ),
)
"""Every function on lists and maps."""
