"""The operators that compute: exact on integers, finite on doubles, within the calendar on times."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

from zelo.events.types import DOUBLE, DURATION, INT, TIMESTAMP
from zelo.policy.functions.operators import operator
from zelo.policy.functions.ranges import INT_MAX, INT_MIN, SPAN_MAX, TIME_MAX, TIME_MIN
from zelo.policy.functions.registry import Function

FINITE: Mapping[str, str] = {
    "duckdb": "CASE WHEN isfinite({0}) THEN {0} END",
    "spark": "CASE WHEN abs({0}) <= 1.7976931348623157E308D THEN {0} END",
}
"""Dialect to the template that makes an infinite or NaN double missing; see `needs_finite`."""


def needs_finite(function: Function) -> bool:
    """
    Say whether the SQL template of a double operator leaves infinities and NaN to be removed later.

    Sums, differences, products and negations carry them to the end, so that one `FINITE` around the outermost is
    enough, and a template in a template does not grow; only a divisor must be finite before it is used.
    """
    return function.name in ("_+_", "_-_", "_*_", "_/_") and function.gives == DOUBLE


def _in_range(value: int) -> int | None:
    return value if INT_MIN <= value <= INT_MAX else None


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None


def add_int(left: int, right: int) -> int | None:
    """Return the sum, or None outside 64 bits."""
    return _in_range(left + right)


def subtract_int(left: int, right: int) -> int | None:
    """Return the difference, or None outside 64 bits."""
    return _in_range(left - right)


def multiply_int(left: int, right: int) -> int | None:
    """Return the product, or None outside 64 bits."""
    return _in_range(left * right)


def divide_int(left: int, right: int) -> int | None:
    """Return the quotient cut toward zero, or None for a zero divisor or outside 64 bits."""
    if right == 0:
        return None
    quotient = abs(left) // abs(right)
    return _in_range(quotient if (left < 0) == (right < 0) else -quotient)


def remainder_int(left: int, right: int) -> int | None:
    """Return the remainder with the sign of the dividend, or None for a zero divisor or the smallest int by -1."""
    if right == 0 or (left == INT_MIN and right == -1):
        return None
    remainder = abs(left) % abs(right)
    return -remainder if left < 0 else remainder


def negate_int(value: int) -> int | None:
    """Return the opposite, or None for the smallest int."""
    return _in_range(-value)


def add_double(left: float, right: float) -> float | None:
    """Return the sum, or None when it is not finite."""
    return _finite(left + right)


def subtract_double(left: float, right: float) -> float | None:
    """Return the difference, or None when it is not finite."""
    return _finite(left - right)


def multiply_double(left: float, right: float) -> float | None:
    """Return the product, or None when it is not finite."""
    return _finite(left * right)


def divide_double(left: float, right: float) -> float | None:
    """Return the quotient, or None for a zero divisor or a result that is not finite."""
    return _finite(left / right) if right != 0.0 else None


def time_in_range(value: int) -> int | None:
    """Return an instant in microseconds, or None outside years 1 to 9999."""
    return value if TIME_MIN <= value <= TIME_MAX else None


def span_in_range(value: int) -> int | None:
    """Return a length of time in microseconds, or None when it is longer than about 292 years."""
    return value if -SPAN_MAX <= value <= SPAN_MAX else None


def _moved(instant: int, by: int) -> int | None:
    return time_in_range(instant + by)


def _joined(left: int, right: int) -> int | None:
    return span_in_range(left + right)


def _parted(left: int, right: int) -> int | None:
    return span_in_range(left - right)


_TIME_RANGE = f"BETWEEN {TIME_MIN} AND {TIME_MAX}"
_SPAN_RANGE = f"BETWEEN -{SPAN_MAX} AND {SPAN_MAX}"


def _ranged(expression: str, limits: str) -> str:
    return f"CASE WHEN {expression} {limits} THEN {expression} END"


_INT_ARITHMETIC = (
    operator(
        "_+_",
        (INT, INT),
        INT,
        add_int,
        "the sum; missing outside 64 bits",
        (((2, 3), 5), ((INT_MAX, 1), None), ((None, 1), None)),
        {"duckdb": "TRY({0} + {1})", "spark": "try_add({0}, {1})"},
        total=False,
    ),
    operator(
        "_-_",
        (INT, INT),
        INT,
        subtract_int,
        "the difference; missing outside 64 bits",
        (((2, 3), -1), ((INT_MIN, 1), None), ((1, None), None)),
        {"duckdb": "TRY({0} - {1})", "spark": "try_subtract({0}, {1})"},
        total=False,
    ),
    operator(
        "_*_",
        (INT, INT),
        INT,
        multiply_int,
        "the product; missing outside 64 bits",
        (((2, 3), 6), ((5_000_000_000, 5_000_000_000), None), ((INT_MIN, -1), None), ((None, 1), None)),
        {"duckdb": "TRY({0} * {1})", "spark": "try_multiply({0}, {1})"},
        total=False,
    ),
    operator(
        "_/_",
        (INT, INT),
        INT,
        divide_int,
        "the quotient cut toward zero; missing for a zero divisor",
        (((7, 2), 3), ((-7, 2), -3), ((7, 0), None), ((INT_MIN, -1), None), ((None, 1), None)),
        {
            "duckdb": "TRY({0} // nullif({1}, 0))",
            "spark": "CASE WHEN {1} = -1 THEN try_subtract(CAST(0 AS BIGINT), {0}) ELSE {0} div nullif({1}, 0) END",
        },
        total=False,
        cost=2,
    ),
    operator(
        "_%_",
        (INT, INT),
        INT,
        remainder_int,
        "the remainder, with the sign of the left side; missing for a zero divisor",
        (((7, 3), 1), ((-7, 3), -1), ((7, -3), 1), ((7, 0), None), ((INT_MIN, -1), None), ((None, 1), None)),
        {
            "duckdb": "TRY({0} % nullif({1}, 0))",
            "spark": "CASE WHEN {1} = -1 AND {0} = CAST('-9223372036854775808' AS BIGINT) THEN NULL "
            "ELSE {0} % nullif({1}, 0) END",
        },
        total=False,
        cost=2,
    ),
    operator(
        "-_",
        (INT,),
        INT,
        negate_int,
        "the opposite; missing for the smallest int",
        (((3,), -3), ((INT_MIN,), None), ((None,), None)),
        {"duckdb": "TRY(CAST(0 AS BIGINT) - {0})", "spark": "try_subtract(CAST(0 AS BIGINT), {0})"},
        total=False,
    ),
)

_DOUBLE_ARITHMETIC = (
    operator(
        "_+_",
        (DOUBLE, DOUBLE),
        DOUBLE,
        add_double,
        "the sum; missing when it is not finite",
        (((0.1, 0.2), 0.1 + 0.2), ((1.7e308, 1.7e308), None), ((None, 1.0), None)),
        "{0} + {1}",
        total=False,
    ),
    operator(
        "_-_",
        (DOUBLE, DOUBLE),
        DOUBLE,
        subtract_double,
        "the difference; missing when it is not finite",
        (((0.3, 0.1), 0.3 - 0.1), ((-1.7e308, 1.7e308), None), ((None, 1.0), None)),
        "{0} - {1}",
        total=False,
    ),
    operator(
        "_*_",
        (DOUBLE, DOUBLE),
        DOUBLE,
        multiply_double,
        "the product; missing when it is not finite",
        (((2.5, 4.0), 10.0), ((1e200, 1e200), None), ((None, 1.0), None)),
        "{0} * {1}",
        total=False,
    ),
    operator(
        "_/_",
        (DOUBLE, DOUBLE),
        DOUBLE,
        divide_double,
        "the quotient; missing for a zero divisor or when it is not finite",
        (((7.0, 2.0), 3.5), ((1.0, 0.0), None), ((1e300, 1e-300), None), ((None, 1.0), None)),
        {"duckdb": "{0} / {1}", "spark": "try_divide({0}, {1})"},
        total=False,
    ),
    operator(
        "-_",
        (DOUBLE,),
        DOUBLE,
        lambda value: -value,
        "the opposite",
        (((2.5,), -2.5), ((0.0,), -0.0), ((None,), None)),
        "- {0}",
        "(-{0})",
    ),
)

_TIME_ARITHMETIC = (
    operator(
        "_+_",
        (TIMESTAMP, DURATION),
        TIMESTAMP,
        _moved,
        "the time that much later; missing outside years 1 to 9999",
        (((0, 60_000_000), 60_000_000), ((TIME_MAX, 1), None), ((None, 1), None)),
        _ranged("{0} + {1}", _TIME_RANGE),
        total=False,
    ),
    operator(
        "_+_",
        (DURATION, TIMESTAMP),
        TIMESTAMP,
        _moved,
        "the time that much later; missing outside years 1 to 9999",
        (((60_000_000, 0), 60_000_000), ((1, TIME_MAX), None), ((1, None), None)),
        _ranged("{0} + {1}", _TIME_RANGE),
        total=False,
    ),
    operator(
        "_+_",
        (DURATION, DURATION),
        DURATION,
        _joined,
        "both lengths together; missing over about 292 years",
        (((1, 2), 3), ((SPAN_MAX, 1), None), ((None, 1), None)),
        _ranged("{0} + {1}", _SPAN_RANGE),
        total=False,
    ),
    operator(
        "_-_",
        (TIMESTAMP, DURATION),
        TIMESTAMP,
        lambda instant, by: time_in_range(instant - by),
        "the time that much earlier; missing outside years 1 to 9999",
        (((60_000_000, 60_000_000), 0), ((TIME_MIN, 1), None), ((None, 1), None)),
        _ranged("{0} - {1}", _TIME_RANGE),
        total=False,
    ),
    operator(
        "_-_",
        (TIMESTAMP, TIMESTAMP),
        DURATION,
        _parted,
        "how much later the left time is; missing over about 292 years",
        (((5, 2), 3), ((TIME_MAX, TIME_MIN), None), ((None, 1), None)),
        _ranged("{0} - {1}", _SPAN_RANGE),
        total=False,
    ),
    operator(
        "_-_",
        (DURATION, DURATION),
        DURATION,
        _parted,
        "the left length without the right one; missing over about 292 years",
        (((5, 2), 3), ((-SPAN_MAX, 1), None), ((None, 1), None)),
        _ranged("{0} - {1}", _SPAN_RANGE),
        total=False,
    ),
    operator(
        "-_",
        (DURATION,),
        DURATION,
        lambda value: -value,
        "the length, backwards",
        (((5,), -5), ((0,), 0), ((None,), None)),
        "- {0}",
        "(-{0})",
    ),
)

FUNCTIONS_HERE: tuple[Function, ...] = (*_INT_ARITHMETIC, *_DOUBLE_ARITHMETIC, *_TIME_ARITHMETIC)
"""Every operator on numbers and times."""
