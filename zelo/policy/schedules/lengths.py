"""Lengths of time in schedules: exact ones, and those of the calendar of a time zone."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

US = 1_000_000
"""Microseconds in a second."""
DAY_US = 86_400 * US
NEVER = 1 << 62
"""The instant that never comes: the end of what has no end."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = date(1970, 1, 1)
_UNITS = {"w": 7 * DAY_US, "d": DAY_US, "h": 3_600 * US, "m": 60 * US, "s": US}
_LENGTH = re.compile(r"(?:(\d{1,3})y)?(?:(\d{1,4})mo)?(?:(\d{1,5})cd)?((?:\d{1,6}[wdhms])*)", re.ASCII)


@dataclass(frozen=True)
class Length:
    """A length of time: calendar months and calendar days first, then exact microseconds."""

    months: int = 0
    days: int = 0
    """Days of the calendar, each of 23, 24 or 25 hours where clocks change; a plain `d` is 24 hours."""
    us: int = 0

    @property
    def is_exact(self) -> bool:
        """Say whether it is as long wherever it starts."""
        return not self.months and not self.days

    @property
    def is_zero(self) -> bool:
        """Say whether it ends where it starts."""
        return not (self.months or self.days or self.us)

    @property
    def usual_us(self) -> int:
        """Return about how long it is, to compare lengths: a month has 30.44 days."""
        return self.us + self.days * DAY_US + self.months * 2_629_746 * US

    def after(self, at: int, zone: ZoneInfo) -> int:
        """Return the instant this much later: months keep the day of the month, or take the month's last day."""
        if not self.months and not self.days:
            return at + self.us
        if zone.key == "UTC":  # whole days, which are remembered
            day, rest = divmod(at, DAY_US)
            return _utc_day_later(day, self.months, self.days) * DAY_US + rest + self.us
        local = local_time(at, zone)
        there = datetime.combine(_date_later(local.date(), self.months, self.days), local.time())
        return instant(there, zone, local.fold) + self.us


def _date_later(start: date, months: int, days: int) -> date:
    """Return the date so many months later, on the same day or the month's last, and so many days after that."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return start.replace(year, month + 1, min(start.day, monthrange(year, month + 1)[1])) + timedelta(days=days)


@lru_cache(maxsize=100_000)
def _utc_day_later(day: int, months: int, days: int) -> int:
    """Return the number of the day since 1970 that is so many months and days after another."""
    return _date_later(_FIRST + timedelta(days=day), months, days).toordinal() - _FIRST.toordinal()


def parse_length(text: str) -> Length | None:
    """Read `90d`, `12h`, `1h30m`, `2w`, `6mo`, `1y`, or `30cd` (days of the calendar); None for other text."""
    match = _LENGTH.fullmatch(text)
    if match is None or not text:
        return None
    years, months, days, rest = match.groups()
    us = sum(int(count) * _UNITS[unit] for count, unit in re.findall(r"(\d+)([wdhms])", rest))
    return Length(int(years or 0) * 12 + int(months or 0), int(days or 0), us)


def instant(local: datetime, zone: ZoneInfo, fold: int = 0) -> int:
    """Return the instant of a clock's reading.

    When clocks go back and show it twice, the first; when they go forward over it, as much later as they jump, as
    RFC 5545 has it.
    """
    return micros(local.replace(tzinfo=zone, fold=fold))


def micros(when: datetime) -> int:
    """Return a time with a zone in microseconds since 1970."""
    return (when.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)


def local_time(at: int, zone: ZoneInfo) -> datetime:
    """Return what a clock in the zone shows at an instant."""
    return (_EPOCH + timedelta(microseconds=at)).astimezone(zone)


@lru_cache(maxsize=64)
def zone_named(name: str) -> ZoneInfo:
    """Return a time zone that is known to exist."""
    return ZoneInfo(name)
