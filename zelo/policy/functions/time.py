"""Functions on times and lengths of time; the calendar is that of UTC, or of a fixed distance from it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from zelo.events.types import DURATION, INT, TIMESTAMP
from zelo.policy.functions.ranges import TIME_MAX, TIME_MIN
from zelo.policy.functions.registry import Function

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_START = -TIME_MIN
"""Microseconds from year 1 to 1970: added, they make every time positive, so that SQL divides downward."""
_DAY, _HOUR, _MINUTE, _SECOND, _MILLI = 86_400_000_000, 3_600_000_000, 60_000_000, 1_000_000, 1_000


def calendar(instant: int) -> datetime:
    """Return an instant as a date and time of UTC."""
    return _EPOCH + timedelta(microseconds=instant)


def _year(instant: int) -> int:
    return calendar(instant).year


def _month(instant: int) -> int:
    return calendar(instant).month - 1


def _date(instant: int) -> int:
    return calendar(instant).day


def _day_of_month(instant: int) -> int:
    return calendar(instant).day - 1


def _day_of_week(instant: int) -> int:
    return (instant // _DAY + 4) % 7


def _day_of_year(instant: int) -> int:
    return calendar(instant).timetuple().tm_yday - 1


def _clock(unit: int, size: int) -> Callable[[int], int]:
    return lambda instant: instant // unit % size


_DUCK_DATE = "make_timestamp({0})"
_SPARK_DATE = f"date_add(DATE '0001-01-01', CAST(({{0}} + {_START}) div {_DAY} AS INT))"
_CLOCKS = {"duckdb": f"(({{0}} + {_START}) // %d) %% %d", "spark": f"(({{0}} + {_START}) div %d) %% %d"}


def _calendar_sql(duck: str, spark: str, less: int = 0) -> dict[str, str]:
    minus = f" - {less}" if less else ""
    return {
        "duckdb": f"{duck}({_DUCK_DATE}){minus}",
        "spark": f"CAST({spark}({_SPARK_DATE}){minus} AS BIGINT)",
    }


def _clock_sql(unit: int, size: int) -> dict[str, str]:
    return {dialect: form % (unit, size) for dialect, form in _CLOCKS.items()}


_WEEK = {
    "duckdb": f"((({{0}} + {_START}) // {_DAY}) + 1) % 7",
    "spark": f"((({{0}} + {_START}) div {_DAY}) + 1) % 7",
}
_NEW_YEAR_2009 = 1_234_567_890_123_456
"""2009-02-13T23:31:30.123456Z, a Friday."""

_PARTS: tuple[tuple[str, Callable[[int], int], dict[str, str], str, int], ...] = (
    ("getFullYear", _year, _calendar_sql("year", "year"), "the year", 2009),
    ("getMonth", _month, _calendar_sql("month", "month", 1), "the month, 0 for January to 11 for December", 1),
    ("getDate", _date, _calendar_sql("day", "day"), "the day of the month, from 1", 13),
    ("getDayOfMonth", _day_of_month, _calendar_sql("day", "day", 1), "the day of the month, from 0", 12),
    ("getDayOfWeek", _day_of_week, _WEEK, "the day of the week, 0 for Sunday to 6 for Saturday", 5),
    ("getDayOfYear", _day_of_year, _calendar_sql("dayofyear", "dayofyear", 1), "the day of the year, from 0", 43),
    ("getHours", _clock(_HOUR, 24), _clock_sql(_HOUR, 24), "the hour, 0 to 23", 23),
    ("getMinutes", _clock(_MINUTE, 60), _clock_sql(_MINUTE, 60), "the minute, 0 to 59", 31),
    ("getSeconds", _clock(_SECOND, 60), _clock_sql(_SECOND, 60), "the second, 0 to 59", 30),
    ("getMilliseconds", _clock(_MILLI, 1000), _clock_sql(_MILLI, 1000), "the milliseconds after the second", 123),
)


def _accessor(name: str, body: Callable[[int], int], sql: dict[str, str], doc: str, example: int) -> Function:
    examples = (
        ((_NEW_YEAR_2009,), example),
        ((TIME_MIN,), body(TIME_MIN)),
        ((TIME_MAX,), body(TIME_MAX)),
        ((None,), None),
    )
    return Function(name, "method", (TIMESTAMP,), INT, body, sql, f"{doc}, in UTC", examples, cost=4)


def _accessor_at(name: str, body: Callable[[int], int], sql: dict[str, str], doc: str) -> Function:
    def shifted(instant: int, offset: int) -> int | None:
        local = instant + offset
        return body(local) if TIME_MIN <= local <= TIME_MAX else None

    local = "{0} + {1}"
    forms = {
        dialect: f"CASE WHEN {local} BETWEEN {TIME_MIN} AND {TIME_MAX} THEN {form.replace('{0}', f'({local})')} END"
        for dialect, form in sql.items()
    }
    examples = (
        ((_NEW_YEAR_2009, -3 * _HOUR), shifted(_NEW_YEAR_2009, -3 * _HOUR)),
        ((TIME_MAX, _HOUR), None),
        ((None, 0), None),
    )
    doc = f'{doc}, at a distance from UTC written as `"-03:00"`'
    return Function(name, "method", (TIMESTAMP, DURATION), INT, shifted, forms, doc, examples, total=False, cost=5)


def toward_zero(value: int, unit: int) -> int:
    """Return how many whole units fit, cut toward zero."""
    return value // unit if value >= 0 else -(-value // unit)


def _length(name: str, unit: int, doc: str, example: int) -> Function:
    examples = (((_HOUR + 90_500_000,), example), ((-_HOUR - 90_500_000,), -example), ((0,), 0), ((None,), None))
    sql = {"duckdb": f"{{0}} // {unit}", "spark": f"{{0}} div {unit}"}
    return Function(name, "method", (DURATION,), INT, lambda length: toward_zero(length, unit), sql, doc, examples)


def _milliseconds(length: int) -> int:
    return toward_zero(length, _MILLI) - toward_zero(length, _SECOND) * 1000


FUNCTIONS_HERE: tuple[Function, ...] = (
    *(_accessor(*part) for part in _PARTS),
    *(_accessor_at(*part[:4]) for part in _PARTS),
    _length("getHours", _HOUR, "the whole hours in a length of time", 1),
    _length("getMinutes", _MINUTE, "the whole minutes in a length of time", 61),
    _length("getSeconds", _SECOND, "the whole seconds in a length of time", 3690),
    Function(
        "getMilliseconds",
        "method",
        (DURATION,),
        INT,
        _milliseconds,
        {"duckdb": "({0} // 1000) % 1000", "spark": "({0} div 1000) % 1000"},
        "the milliseconds of a length of time after its whole seconds",
        (((90_500_000,), 500), ((-90_500_000,), -500), ((0,), 0), ((None,), None)),
    ),
)
"""Every function on times."""
