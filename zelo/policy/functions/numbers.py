"""Functions on numbers: the larger, the smaller, size without sign, rounding."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from zelo.events.types import DOUBLE, INT, Scalar
from zelo.policy.functions.ranges import INT_MIN
from zelo.policy.functions.registry import AnyOf, Function

_NUMBER = AnyOf("T", (INT, DOUBLE))
_Number = int | float


def greatest(left: _Number, right: _Number) -> _Number:
    """Return the larger of two; the left one when they are equal."""
    return left if left >= right else right


def least(left: _Number, right: _Number) -> _Number:
    """Return the smaller of two; the left one when they are equal."""
    return left if left <= right else right


def absolute_int(value: int) -> int | None:
    """Return the number without its sign, or None for the smallest int."""
    return None if value == INT_MIN else abs(value)


def rounded(value: float) -> float:
    """Return the nearest whole number, halves away from zero."""
    whole = math.floor(abs(value))
    size = float(whole + 1 if abs(value) - whole >= 0.5 else whole)
    return math.copysign(size, value)


def _whole(
    name: str, python: Callable[[float], float], spark: str, doc: str, examples: tuple[tuple[float, float], ...]
) -> Function:
    given = (*(((value,), result) for value, result in examples), ((None,), None))
    sql = {"duckdb": f"{name.partition('.')[2]}({{0}})", "spark": spark}
    return Function(name, "function", (DOUBLE,), DOUBLE, python, sql, doc, given)


def _whole_on_spark(expression: str) -> str:
    """Return a template that leaves alone what is whole already; the rest fits an integer."""
    return f"CASE WHEN abs({{0}}) < 4503599627370496D THEN {expression} ELSE {{0}} END"


def _sign(value: _Number) -> _Number:
    return type(value)((value > 0) - (value < 0))


def _signs(type_: Scalar, cast: Mapping[str, str]) -> Function:
    one = 1 if type_ == INT else 1.0
    sql = {
        dialect: f"CASE WHEN {{0}} > 0 THEN CAST(1 AS {name}) WHEN {{0}} < 0 THEN CAST(-1 AS {name}) "
        f"WHEN {{0}} = 0 THEN CAST(0 AS {name}) END"
        for dialect, name in cast.items()
    }
    examples = (((-7 * one,), -one), ((0 * one,), 0 * one), ((None,), None))
    return Function("math.sign", "function", (type_,), type_, _sign, sql, "-1, 0 or 1", examples)


_LARGER = "CASE WHEN {0} >= {1} THEN {0} WHEN {0} < {1} THEN {1} END"
_SMALLER = "CASE WHEN {0} <= {1} THEN {0} WHEN {0} > {1} THEN {1} END"

FUNCTIONS_HERE: tuple[Function, ...] = (
    *(
        Function(
            name,
            "function",
            takes,
            _NUMBER,
            (lambda value: value) if len(takes) == 1 else body,
            {dialect: "{0}" if len(takes) == 1 else sql for dialect in ("duckdb", "spark")},
            f"the {word} of numbers of one type, two or more of them" if len(takes) == 2 else "the number itself",
            (((3, 5), most), ((2.5, 2.5), 2.5), ((None, 1), None)) if len(takes) == 2 else (((3,), 3), ((None,), None)),
        )
        for name, body, word, sql, most in (
            ("math.greatest", greatest, "largest", _LARGER, 5),
            ("math.least", least, "smallest", _SMALLER, 3),
        )
        for takes in ((_NUMBER, _NUMBER), (_NUMBER,))
    ),
    Function(
        "math.abs",
        "function",
        (INT,),
        INT,
        absolute_int,
        {
            "duckdb": "TRY(abs({0}))",
            "spark": "CASE WHEN {0} >= 0 THEN {0} ELSE try_subtract(CAST(0 AS BIGINT), {0}) END",
        },
        "the number without its sign; missing for the smallest int",
        (((-3,), 3), ((INT_MIN,), None), ((None,), None)),
        total=False,
    ),
    Function(
        "math.abs",
        "function",
        (DOUBLE,),
        DOUBLE,
        abs,
        {"duckdb": "abs({0})", "spark": "abs({0})"},
        "the number without its sign",
        (((-2.5,), 2.5), ((-0.0,), 0.0), ((None,), None)),
        inline="abs({0})",
    ),
    _signs(INT, {"duckdb": "BIGINT", "spark": "BIGINT"}),
    _signs(DOUBLE, {"duckdb": "DOUBLE", "spark": "DOUBLE"}),
    _whole(
        "math.ceil",
        lambda value: math.copysign(float(math.ceil(value)), value),
        _whole_on_spark("CAST(ceil({0}) AS DOUBLE)"),
        "the next whole number above",
        ((1.2, 2.0), (-1.2, -1.0)),
    ),
    _whole(
        "math.floor",
        lambda value: math.copysign(float(math.floor(value)), value),
        _whole_on_spark("CAST(floor({0}) AS DOUBLE)"),
        "the next whole number below",
        ((1.2, 1.0), (-1.2, -2.0)),
    ),
    _whole(
        "math.trunc",
        lambda value: math.copysign(float(math.trunc(value)), value),
        _whole_on_spark("CAST(CAST({0} AS BIGINT) AS DOUBLE)"),
        "the number without what is after the point",
        ((1.8, 1.0), (-1.8, -1.0)),
    ),
    _whole(
        "math.round",
        rounded,
        _whole_on_spark(
            "CAST(CAST({0} AS BIGINT) AS DOUBLE) + CASE WHEN {0} - CAST({0} AS BIGINT) >= 0.5D THEN 1D "
            "WHEN {0} - CAST({0} AS BIGINT) <= -0.5D THEN -1D ELSE 0D END"
        ),
        "the nearest whole number, halves away from zero",
        ((2.5, 3.0), (-0.5, -1.0), (0.49999999999999994, 0.0)),
    ),
)
"""Every function on numbers."""
