"""Conversions between types: `int`, `double`, `string`, `bool`, `timestamp`, `duration`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from math import isfinite, trunc

from zelo.events.durations import parse_duration
from zelo.events.types import BOOL, DOUBLE, DURATION, INT, STRING, TIMESTAMP, Type
from zelo.policy.functions.ranges import INT_MAX, INT_MIN, TIME_MAX, TIME_MIN
from zelo.policy.functions.registry import Function

_SPARK_DATE = f"date_add(DATE '0001-01-01', CAST(({{0}} + {-TIME_MIN}) div 86400000000 AS INT))"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:Z|([+-])([0-9]{2}):([0-9]{2}))"
)


def parse_timestamp(text: str) -> int | None:
    """Return the microseconds of an RFC 3339 text (`2026-01-31T12:00:00Z`), or None; finer digits are cut off."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    if (year, month) == (0, 0) or second > 59 or hour > 23:
        return None
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC) - _EPOCH
    except ValueError:
        return None
    micros = (moment.days * 86_400 + moment.seconds) * 1_000_000 + int((match.group(7) or "0").ljust(6, "0")[:6])
    if match.group(8):
        hours, minutes = int(match.group(9)), int(match.group(10))
        if hours > 14 or minutes > 59:
            return None
        shift = (hours * 60 + minutes) * 60_000_000
        micros += -shift if match.group(8) == "+" else shift
    return micros if TIME_MIN <= micros <= TIME_MAX else None


def int_of_double(value: float) -> int | None:
    """Return the number cut toward zero, or None outside 64 bits."""
    return trunc(value) if -(2.0**63) < value < 2.0**63 else None


def int_of_text(text: str) -> int | None:
    """Return the whole number a text spells, or None."""
    match = _WHOLE.fullmatch(text)
    if match is None or text[-1:] in ("", "+", "-") or len(match.group(1)) > 19:
        return None
    value = int(text[0] + match.group(1)) if text[0] in "+-" and match.group(1) else int(match.group(1) or "0")
    return value if INT_MIN <= value <= INT_MAX else None


def double_of_text(text: str) -> float | None:
    """Return the number a text spells, or None; what is too large for a double is None."""
    if not _DECIMAL.fullmatch(text):
        return None
    value = float(text)
    return value if isfinite(value) else None


def bool_of_text(text: str) -> bool | None:
    """Return what one of CEL's twelve spellings says, or None."""
    return _TRUTH.get(text)


def timestamp_of_seconds(seconds: int) -> int | None:
    """Return the instant that many seconds after 1970, or None outside years 1 to 9999."""
    micros = seconds * 1_000_000
    return micros if TIME_MIN <= micros <= TIME_MAX else None


def text_of_bool(value: bool) -> str:  # noqa: FBT001 - it converts a bool
    """Return `true` or `false`."""
    return "true" if value else "false"


def fraction(micros: int) -> str:
    """Return the digits after the second, with their point: none, three or six of them."""
    if micros == 0:
        return ""
    return f".{micros // 1000:03d}" if micros % 1000 == 0 else f".{micros:06d}"


def text_of_timestamp(instant: int) -> str:
    """Return the instant in RFC 3339, in UTC."""
    moment = _EPOCH + timedelta(microseconds=instant)
    return (
        f"{moment.year:04d}-{moment.month:02d}-{moment.day:02d}T"
        f"{moment.hour:02d}:{moment.minute:02d}:{moment.second:02d}{fraction(moment.microsecond)}Z"
    )


def text_of_duration(length: int) -> str:
    """Return the length of time in seconds, as `90s` or `-1.500s`."""
    seconds, micros = divmod(abs(length), 1_000_000)
    return f"{'-' if length < 0 else ''}{seconds}{fraction(micros)}s"


_WHOLE = re.compile(r"[+-]?0*([0-9]*)")
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_TRUTH = {
    **dict.fromkeys(("1", "t", "T", "true", "TRUE", "True"), True),
    **dict.fromkeys(("0", "f", "F", "false", "FALSE", "False"), False),
}
_D = "[0-9]"
_RFC3339 = (  # no braces: they mark the arguments of a template
    rf"{_D * 4}-{_D * 2}-{_D * 2}T([01]{_D}|2[0-3]):[0-5]{_D}:[0-5]{_D}(\.{_D}{f'{_D}?' * 8})?"
    rf"(Z|[+-](0{_D}|1[0-4]):[0-5]{_D})"
)
_TIME_RANGE = f"BETWEEN {TIME_MIN} AND {TIME_MAX}"


def _two_digits(unit: int, size: int) -> str:
    return f"lpad(CAST({_SINCE_ONE} div {unit} % {size} AS STRING), 2, '0')"


def _guarded(pattern: str, duckdb: str, spark: str) -> dict[str, str]:
    """Return templates that read a text only when it has the stated form, whatever else the engine would take."""
    doubled = pattern.replace("\\", "\\\\")
    return {
        "duckdb": f"CASE WHEN regexp_full_match({{0}}, '{pattern}') THEN {duckdb} END",
        "spark": f"CASE WHEN regexp_like({{0}}, '^(?:{doubled})\\\\z') THEN {spark} END",
    }


def _when_in_range(micros: str) -> str:
    return f"CASE WHEN {micros} {_TIME_RANGE} THEN {micros} END"


def _fraction_sql(micros: str, text: str) -> str:
    return (
        f"CASE WHEN {micros} = 0 THEN '' WHEN {micros} % 1000 = 0 "
        f"THEN concat('.', lpad(CAST({micros} // 1000 AS {text}), 3, '0'))"
        f" ELSE concat('.', lpad(CAST({micros} AS {text}), 6, '0')) END"
    )


_SINCE_ONE = f"({{0}} + {-TIME_MIN})"
_TIME_MICROS = f"({_SINCE_ONE} % 1000000)"
_SPAN_MICROS = "(abs({0}) % 1000000)"
_TRUE_TEXTS = "'1', 't', 'T', 'true', 'TRUE', 'True'"
_FALSE_TEXTS = "'0', 'f', 'F', 'false', 'FALSE', 'False'"
_BOOL_SQL = f"CASE WHEN {{0}} IN ({_TRUE_TEXTS}) THEN TRUE WHEN {{0}} IN ({_FALSE_TEXTS}) THEN FALSE END"
_SECONDS_RANGE = f"BETWEEN {TIME_MIN // 1_000_000} AND {TIME_MAX // 1_000_000}"


def _of(
    name: str,
    takes: Type,
    gives: Type,
    python: Callable[..., object],
    doc: str,
    examples: tuple[tuple[object, object], ...],
    sql: Mapping[str, str],
    *,
    total: bool = False,
    inline: str | None = None,
    no_sql: str | None = None,
    cost: int = 4,
) -> Function:
    """Declare a conversion of one argument; missing gives missing."""
    given = (*(((value,), result) for value, result in examples), ((None,), None))
    return Function(name, "function", (takes,), gives, python, sql, doc, given, total, inline, no_sql, cost)


def _both(template: str) -> dict[str, str]:
    return {"duckdb": template, "spark": template}


_SAME = tuple(
    _of(
        type_.name,
        type_,
        type_,
        lambda value: value,
        "the value itself",
        (),
        _both("{0}"),
        total=True,
        inline="{0}",
        cost=0,
    )
    for type_ in (BOOL, INT, DOUBLE, STRING, TIMESTAMP, DURATION)
)

_TO_NUMBERS = (
    _of(
        "int",
        DOUBLE,
        INT,
        int_of_double,
        "the number cut toward zero; missing outside 64 bits",
        ((2.7, 2), (-2.7, -2), (9.3e18, None), (-9223372036854775808.0, None)),
        {
            "duckdb": f"nullif(TRY_CAST(trunc({{0}}) AS BIGINT), {INT_MIN})",
            "spark": f"nullif(try_cast({{0}} AS BIGINT), CAST('{INT_MIN}' AS BIGINT))",
        },
    ),
    _of(
        "int",
        STRING,
        INT,
        int_of_text,
        "the whole number a text spells in decimal digits, with or without a sign; otherwise missing",
        (("42", 42), ("-007", -7), ("4.0", None), (" 4", None), ("9223372036854775808", None)),
        _guarded("[+-]?[0-9]+", "TRY_CAST({0} AS BIGINT)", "try_cast({0} AS BIGINT)"),
    ),
    _of(
        "int",
        TIMESTAMP,
        INT,
        lambda instant: instant // 1_000_000,
        "the whole seconds since 1970 in UTC, downward",
        ((1_500_000, 1), (-1, -1), (0, 0)),
        {
            "duckdb": f"{_SINCE_ONE} // 1000000 - {-TIME_MIN // 1_000_000}",
            "spark": f"{_SINCE_ONE} div 1000000 - {-TIME_MIN // 1_000_000}",
        },
        total=True,
        inline="({0} // 1000000)",
        cost=2,
    ),
    _of(
        "double",
        INT,
        DOUBLE,
        float,
        "the number as a double, rounded to the nearest one",
        ((3, 3.0), (2**53 + 1, 2.0**53), (INT_MIN, -(2.0**63))),
        _both("CAST({0} AS DOUBLE)"),
        total=True,
        inline="float({0})",
        cost=1,
    ),
    _of(
        "double",
        STRING,
        DOUBLE,
        double_of_text,
        "the number a text spells in decimal digits, a point and an exponent allowed; otherwise missing",
        (("1.5", 1.5), ("-.5e3", -500.0), ("1e999", None), ("NaN", None), ("1,5", None)),
        _guarded(
            r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?",
            "CASE WHEN isfinite(TRY_CAST({0} AS DOUBLE)) THEN TRY_CAST({0} AS DOUBLE) END",
            "CASE WHEN abs(try_cast({0} AS DOUBLE)) <= 1.7976931348623157E308D THEN try_cast({0} AS DOUBLE) END",
        ),
    ),
    _of(
        "bool",
        STRING,
        BOOL,
        bool_of_text,
        "true for `1 t T true TRUE True`, false for `0 f F false FALSE False`; otherwise missing",
        (("true", True), ("F", False), ("yes", None), ("tRUE", None)),
        _both(_BOOL_SQL),
    ),
)

_TO_TEXT = (
    _of(
        "string",
        INT,
        STRING,
        str,
        "the number in decimal digits",
        ((-42, "-42"), (0, "0")),
        {"duckdb": "CAST({0} AS VARCHAR)", "spark": "CAST({0} AS STRING)"},
        total=True,
        inline="str({0})",
    ),
    _of(
        "string",
        BOOL,
        STRING,
        text_of_bool,
        "`true` or `false`",
        ((True, "true"), (False, "false")),
        _both("CASE WHEN {0} THEN 'true' WHEN NOT {0} THEN 'false' END"),
        total=True,
    ),
    _of(
        "string",
        TIMESTAMP,
        STRING,
        text_of_timestamp,
        "the time in RFC 3339, in UTC, with no, three or six digits after the second",
        ((1_234_567_890_500_000, "2009-02-13T23:31:30.500Z"), (TIME_MIN, "0001-01-01T00:00:00Z")),
        {
            "duckdb": "strftime(make_timestamp({0}), '%Y-%m-%dT%H:%M:%S') || "
            + _fraction_sql(_TIME_MICROS, "VARCHAR")
            + " || 'Z'",
            "spark": "concat(lpad(CAST(year({d}) AS STRING), 4, '0'), date_format({d}, '-MM-dd'), 'T', ".replace(
                "{d}", _SPARK_DATE
            )
            + ", ':', ".join(
                _two_digits(unit, size) for unit, size in ((3_600_000_000, 24), (60_000_000, 60), (1_000_000, 60))
            )
            + f", {_fraction_sql(_TIME_MICROS, 'STRING')}, 'Z')".replace("//", "div"),
        },
        total=True,
        cost=20,
    ),
    _of(
        "string",
        DURATION,
        STRING,
        text_of_duration,
        "the length of time in seconds, with no, three or six digits after the point",
        ((5_400_000_000, "5400s"), (-1_500_000, "-1.500s"), (1, "0.000001s")),
        {
            "duckdb": "CASE WHEN {0} < 0 THEN '-' ELSE '' END || CAST(abs({0}) // 1000000 AS VARCHAR) || "
            + _fraction_sql(_SPAN_MICROS, "VARCHAR")
            + " || 's'",
            "spark": "concat(CASE WHEN {0} < 0 THEN '-' ELSE '' END, CAST(abs({0}) div 1000000 AS STRING), "
            + _fraction_sql(_SPAN_MICROS, "STRING").replace("//", "div")
            + ", 's')",
        },
        total=True,
        cost=20,
    ),
)

_TO_TIMES = (
    _of(
        "timestamp",
        STRING,
        TIMESTAMP,
        parse_timestamp,
        "the time a text spells in RFC 3339 (`2026-01-31T12:00:00Z`); otherwise missing",
        (
            ("2009-02-13T23:31:30Z", 1_234_567_890_000_000),
            ("2009-02-13T20:31:30.5-03:00", 1_234_567_890_500_000),
            ("2009-02-30T00:00:00Z", None),
            ("2009-02-13", None),
        ),
        _guarded(
            _RFC3339,
            _when_in_range("epoch_us(TRY_CAST({0} AS TIMESTAMPTZ))"),
            _when_in_range("unix_micros(try_cast({0} AS TIMESTAMP))"),
        ),
        cost=20,
    ),
    _of(
        "timestamp",
        INT,
        TIMESTAMP,
        timestamp_of_seconds,
        "the time that many seconds after 1970 in UTC; missing outside years 1 to 9999",
        ((1_234_567_890, 1_234_567_890_000_000), (-1, -1_000_000), (INT_MAX, None)),
        _both(f"CASE WHEN {{0}} {_SECONDS_RANGE} THEN {{0}} * 1000000 END"),
    ),
    _of(
        "duration",
        STRING,
        DURATION,
        parse_duration,
        "the length of time a text spells (`1h30m`, `-1.5s`; units h m s ms us ns); otherwise missing",
        (("1h30m", 5_400_000_000), ("-1.5s", -1_500_000), ("1d", None), ("", None)),
        {},
        no_sql="a text of several numbers and units is more than SQL can read; declare the field as a duration",
        cost=20,
    ),
)

FUNCTIONS_HERE: tuple[Function, ...] = (*_SAME, *_TO_NUMBERS, *_TO_TEXT, *_TO_TIMES)
"""Every conversion."""
