"""Days and hours: when people are awake, which days are quiet and on which everybody shops."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

import numpy as np

from zelo.simulate.chance import Array, Chance

SECOND_US = 1_000_000
HOUR_US = 3_600 * SECOND_US
DAY_US = 24 * HOUR_US
ZONE_HOURS = -3
"""The zone in which the world's days begin: Brasília, without daylight saving since 2019 (Decreto 9.772/2019)."""
_EPOCH = date(1970, 1, 1)
_HOURS = (30, 18, 10, 6, 5, 7, 14, 26, 36, 42, 46, 50, 60, 56, 50, 50, 53, 58, 66, 78, 92, 98, 84, 56)
"""Weight of each local hour: few at night, a rise at noon, most in the evening (an assumption)."""
_WEEK = (98, 96, 96, 98, 104, 106, 102)
"""Per cent of an average day, Monday first (an assumption)."""


def start_us(first: date) -> int:
    """Return the instant at which a day begins in Brasília."""
    return (first - _EPOCH).days * DAY_US - ZONE_HOURS * HOUR_US


@cache
def easter(year: int) -> date:
    """Return Easter Sunday of the Gregorian calendar (the anonymous algorithm of 1876)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = b // 4, b % 4
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = c // 4, c % 4
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


def black_friday(year: int) -> date:
    """Return the day after the fourth Thursday of November."""
    first = date(year, 11, 1)
    return first + timedelta(days=(3 - first.weekday()) % 7 + 22)


def holiday(day: date) -> str:
    """Return the name of a day that changes how people behave; empty for any other."""
    if -48 <= (day - easter(day.year)).days <= -46:
        return "carnival"
    if 0 <= (day - black_friday(day.year)).days <= 3:
        return "black_friday"
    if day.month == 12 and 8 <= day.day <= 20:
        return "natal_shopping"
    return "natal" if day.month == 12 and day.day in (24, 25) else ""


def attention(day: date) -> float:
    """Return how much people watch on a day, 1 being average (an assumption)."""
    return _WEEK[day.weekday()] / 100 * {"carnival": 0.8, "natal": 0.7, "black_friday": 1.2}.get(holiday(day), 1.0)


def shopping(day: date) -> float:
    """Return how much people buy on a day, 1 being average (an assumption)."""
    factor = {"carnival": 0.55, "natal": 0.4, "black_friday": 3.5, "natal_shopping": 1.7}.get(holiday(day), 1.0)
    return _WEEK[(day.weekday() + 3) % 7] / 100 * factor


_ENDS = np.cumsum(np.array(_HOURS, dtype=np.int64))


def moments(chance: Chance, begin_us: int, zones: Array, purpose: str, *ids: int | Array) -> Array:
    """Return an instant for each id in a day, by the rhythm of the hours where they live (`zones`: hours to UTC)."""
    hours = np.searchsorted(_ENDS, chance.below(int(_ENDS[-1]), purpose, *ids), side="right")
    inside = chance.below(3_600_000, f"{purpose} within", *ids) * 1_000
    shift = (ZONE_HOURS - zones) * HOUR_US
    return begin_us + (hours * HOUR_US + inside + shift) % DAY_US
